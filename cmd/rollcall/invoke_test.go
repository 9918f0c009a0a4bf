package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/sim"
)

// outcome is what a command left behind.
type outcome struct {
	code        int
	out, errors string // standard output and standard error
}

// rollcall runs the program to its end, as a shell would.
func rollcall(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs output
	code := run(ctx, args, &out, &errs)
	if ctx.Err() != nil {
		t.Fatalf("rollcall %s did not end within a minute:\n%s%s", strings.Join(args, " "), out.String(), errs.String())
	}
	return outcome{code, out.String(), errs.String()}
}

// underWay is a command that runs until it is told to end.
type underWay struct {
	t           *testing.T
	out, errors output
	stop        context.CancelFunc
	code        chan int
}

// begin starts the program with a context of its own, as main does; end stops it.
func begin(t *testing.T, args ...string) *underWay {
	t.Helper()
	return beginWith(t, func(ctx context.Context, out, errs io.Writer) error {
		if code := run(ctx, args, out, errs); code != exitDone {
			return &exitError{code: code}
		}
		return nil
	})
}

// beginWith starts a part of the program.
func beginWith(t *testing.T, f func(ctx context.Context, out, errs io.Writer) error) *underWay {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	u := &underWay{t: t, stop: stop, code: make(chan int, 1)}
	go func() { u.code <- exitCode(f(ctx, &u.out, &u.errors), &u.errors) }() // ended and awaited by end
	return u
}

// end does what Ctrl-C does, and gives what the command left behind.
func (u *underWay) end() outcome {
	u.t.Helper()
	u.stop()
	select {
	case code := <-u.code:
		return outcome{code, u.out.String(), u.errors.String()}
	case <-time.After(20 * time.Second):
		u.t.Fatalf("it does not end:\n%s%s", u.out.String(), u.errors.String())
	}
	return outcome{}
}

// shows waits until the command has printed the text.
func (u *underWay) shows(text string) {
	u.t.Helper()
	eventually(u.t, func() bool { return strings.Contains(u.out.String(), text) }, func() string {
		return "it never printed " + text + ":\n" + u.out.String() + u.errors.String()
	})
}

// complains waits until the text stands on standard error.
func (u *underWay) complains(text string) {
	u.t.Helper()
	eventually(u.t, func() bool { return strings.Contains(u.errors.String(), text) }, func() string {
		return "it never said " + text + ":\n" + u.errors.String()
	})
}

// eventually waits for a condition, and fails the test when it does not come true.
func eventually(t *testing.T, condition func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise())
		}
	}
}

// output is a buffer that may be read while it is written to.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// siteEnvironment puts a site on a port, over HTTPS where asked, and says how to reach it.
func siteEnvironment(t *testing.T, site *sim.Site, secure bool) environment {
	t.Helper()
	server, err := site.Start("127.0.0.1:0", secure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	e := environment{
		"ROLLCALL_URL": server.URL, "ROLLCALL_SITE": worldSite,
		"ROLLCALL_CLIENT_ID": sim.DefaultClientID, "ROLLCALL_CLIENT_SECRET": sim.DefaultClientSecret,
	}
	if secure {
		e["ROLLCALL_CA_FILE"] = inFile(t, server.CA)
	}
	return e
}

// brokerEnvironment starts a broker for the test alone and says how to reach it.
func brokerEnvironment(t *testing.T, c broker.Config) (environment, access.Kafka) {
	t.Helper()
	k := brokertest.Start(t, c).Kafka()
	e := environment{"ROLLCALL_KAFKA_BROKERS": strings.Join(k.Brokers, ",")}
	if c.TLS != nil {
		e["ROLLCALL_KAFKA_TLS"] = "true"
		e["ROLLCALL_KAFKA_CA_FILE"] = inFile(t, pem.EncodeToMemory(&pem.Block{
			Type: "CERTIFICATE", Bytes: c.TLS.Certificates[0].Certificate[0]}))
	}
	if len(c.Users) > 0 {
		e["ROLLCALL_KAFKA_SASL"] = c.Users[0].Mechanism
		e["ROLLCALL_KAFKA_USERNAME"] = c.Users[0].Name
		e["ROLLCALL_KAFKA_PASSWORD"] = c.Users[0].Password
	}
	return e, k
}

// sharedEnvironment is Kafka as the whole suite has it, a real one if there is one.
func sharedEnvironment(t *testing.T) (environment, access.Kafka, access.Topics) {
	t.Helper()
	k, prefix := brokertest.New(t)
	return environment{"ROLLCALL_KAFKA_BROKERS": strings.Join(k.Brokers, ","), "ROLLCALL_TOPIC_PREFIX": prefix}, k, access.TopicsOf(prefix)
}

func inFile(t *testing.T, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
