package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/broker/brokertest"
	"rollcall/internal/sim"
)

// beRollcall in the environment makes the test binary the program itself, so that it can be killed.
const beRollcall = "TEST_BE_ROLLCALL"

func TestMain(m *testing.M) {
	if os.Getenv(beRollcall) != "" {
		main()
	}
	os.Exit(m.Run())
}

const kills = 20

// The daemon is killed at random instants while the site lives on and the broker with it. Then a read-committed consumer
// sees every change once, and the roster is the site's.
func TestKillNineInALoop(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t, sim.Config{Seed: seed, Clients: 40, Cluster: true})
	server := httptest.NewServer(w.site)
	defer server.Close()
	if _, err := ensureTopics(t.Context(), w.config, w.log); err != nil {
		t.Fatal(err)
	}
	stop := live(t.Context(), w.site, 30)
	published := 0
	for range kills {
		var child *child
		child, published = w.startAndWait(t, server.URL, published)
		time.Sleep(time.Duration(random.Int64N(int64(400 * time.Millisecond)))) // the instant of the kill is the test's input
		child.kill(t)
	}
	stop()
	last, _ := w.startAndWait(t, server.URL, published)
	w.waitUntilTrue(t, last)
	last.kill(t)

	events := w.consistent()
	w.truth()
	w.wholeLogs(t, events)
	gaps := 0
	for _, e := range events {
		if e.Type == "gap" {
			gaps++
		}
	}
	t.Logf("%d kills, %d records, %d gaps", kills, len(events), gaps)
}

// child is the program in a process of its own.
type child struct {
	cmd    *exec.Cmd
	output bytes.Buffer
}

func (w *world) start(t *testing.T, url string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0], "run")}
	c.cmd.Env = append(os.Environ(), beRollcall+"=1",
		"ROLLCALL_URL="+url, "ROLLCALL_SITE="+worldSite, "ROLLCALL_CLIENT_ID="+sim.DefaultClientID,
		"ROLLCALL_CLIENT_SECRET="+sim.DefaultClientSecret, "ROLLCALL_INTERVAL=250ms", "ROLLCALL_MAX_DUTY=1",
		"ROLLCALL_KAFKA_BROKERS="+strings.Join(w.config.Kafka.Brokers, ","), "ROLLCALL_KAFKA_SESSION_TIMEOUT=1s",
		"ROLLCALL_TOPIC_PREFIX="+w.config.Prefix, "ROLLCALL_TOPIC_PARTITIONS=3", "ROLLCALL_ADMIN_ADDR=127.0.0.1:0")
	c.cmd.Stdout, c.cmd.Stderr = &c.output, &c.output
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// kill is kill -9.
func (c *child) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill: %v\n%s", err, c.output.String())
	}
	c.cmd.Wait() //nolint:errcheck // it was killed
}

// startAndWait starts the program and waits until it has published more than so many records. kfake keeps a member
// for ever that dies while it waits in a rebalance, with its partitions; there, whoever comes after it is started again,
// for another rebalance ends that.
func (w *world) startAndWait(t *testing.T, url string, published int) (*child, int) {
	t.Helper()
	for tries := 0; ; tries++ {
		c := w.start(t, url)
		if n := w.waitFor(t, published); n > published {
			return c, n
		}
		c.kill(t)
		if tries == 3 || brokertest.Real() {
			t.Fatalf("nothing was published after %d records:\n%s", published, c.output.String())
		}
	}
}

// waitFor waits until more than so many records are committed, though not for ever, and says how many there are.
func (w *world) waitFor(t *testing.T, published int) int {
	t.Helper()
	patience := 10 * time.Second
	if brokertest.Real() {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		n := len(brokertest.Read(t, w.config.Kafka, w.topics().Events))
		if n > published || ctx.Err() != nil {
			return n
		}
		<-time.After(20 * time.Millisecond)
	}
}

// waitUntilTrue waits until the roster topic is as large as the site and no longer changes.
func (w *world) waitUntilTrue(t *testing.T, c *child) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		events := w.events()
		if cmp.Equal(w.siteKeys(), w.rosterKeys()) && cmp.Equal(w.siteLogs(), w.publishedLogs(events)) {
			return
		}
		<-time.After(100 * time.Millisecond)
	}
	t.Logf("the roster did not become the site's in a minute:\n%s", c.output.String())
}

// wholeLogs says that the log of everybody who is connected was published complete, each entry once, unless a record
// says that entries were lost.
func (w *world) wholeLogs(t *testing.T, events []event) {
	t.Helper()
	if diff := cmp.Diff(w.siteLogs(), w.publishedLogs(events)); diff != "" {
		t.Errorf("logs (-site +published):\n%s", diff)
	}
}

// siteLogs are the complete logs of the clients by key, without those longer than a window: what of them is published
// depends on when they were first seen.
func (w *world) siteLogs() map[string]int {
	logs := map[string]int{}
	for _, c := range w.site.Clients() {
		if len(c.Log) <= sim.Window {
			logs[fmt.Sprintf("%s/%s/%s@%d", worldSite, c.Type, c.ID, c.ConnectedSince)] = len(c.Log)
		}
	}
	return logs
}

// publishedLogs counts the entries published of those clients.
func (w *world) publishedLogs(events []event) map[string]int {
	logs := map[string]int{}
	for k := range w.siteLogs() {
		logs[k] = 0
	}
	for _, e := range events {
		if _, counts := logs[e.Client.Key]; counts && e.Type == "event_log" {
			logs[e.Client.Key]++
		}
	}
	return logs
}
