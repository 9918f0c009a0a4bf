package poller

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

// TestRequest: what goes out.
func TestRequest(t *testing.T) {
	t.Parallel()
	f := &fakeSite{answer: answers(clients(agent("")))}
	s := f.serve(t, func(c *Config) { c.Types = []string{"push_agent", " support_customer", "push_agent"} })
	before := time.Now()
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := f.requests()[0]
	if want := "GET /api/command action=get_connected_clients&include_connections=1&type=push_agent,support_customer"; query(r) != want {
		t.Errorf("asked %q, want %q", query(r), want)
	}
	got := http.Header{}
	for _, name := range []string{"Authorization", "Accept-Encoding", "User-Agent", "Connection"} {
		got[name] = r.Header[name]
	}
	want := http.Header{"Authorization": {"Bearer token-1"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"rollcall"}, "Connection": {"close"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if len(snap.Roster.Clients) != 1 || snap.Bytes == 0 {
		t.Errorf("snapshot %+v, want one client", snap)
	}
	if snap.RequestedAt.Before(before.Truncate(time.Millisecond)) || snap.ReceivedAt.Before(snap.RequestedAt) ||
		snap.RequestedAt.Location() != time.UTC || snap.ReceivedAt.Location() != time.UTC {
		t.Errorf("from %v to %v, want UTC after %v", snap.RequestedAt, snap.ReceivedAt, before)
	}
}

// TestConnectionEnds: each request has a connection of its own, closed when it is answered.
func TestConnectionEnds(t *testing.T) {
	t.Parallel()
	var opened, idle atomic.Int32
	f := &fakeSite{answer: answers(clients(""))}
	server := httptest.NewUnstartedServer(f)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateIdle:
			idle.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := newSite(t, server.URL, nil)
	snapshot(t, s)
	snapshot(t, s)
	if opened.Load() != 3 || idle.Load() != 0 {
		t.Errorf("%d connections, %d of them kept open; want 3 (a token, two polls) and none", opened.Load(), idle.Load())
	}
}

// TestOneInFlight: requests wait for each other, whoever makes them.
func TestOneInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		f := &fakeSite{answer: func(w http.ResponseWriter, r *http.Request, nth int) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			answers("<error>later</error>")(w, r, nth)
		}}
		s := f.servePipes(t, nil)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() { _, _ = s.Snapshot(t.Context()) })
			all.Go(func() { _, _ = s.Count(t.Context()) })
		}
		all.Wait()
		if most.Load() != 1 || len(f.requests()) != 6 {
			t.Errorf("%d of %d requests in flight at once, want 1 of 6", most.Load(), len(f.requests()))
		}
	})
}

func TestCompressedAnswer(t *testing.T) {
	t.Parallel()
	f := &fakeSite{answer: compressed(bigAnswer(), func(z *gzip.Writer) { z.Close() })}
	snap, err := f.serve(t, nil).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Roster.Clients) != 20_000 || snap.Bytes != int64(len(bigAnswer())) {
		t.Errorf("%d clients in %d bytes, want 20000 in %d", len(snap.Roster.Clients), snap.Bytes, len(bigAnswer()))
	}
}

// TestTimeout: the time-out bounds each request up to its last byte.
func TestTimeout(t *testing.T) {
	t.Parallel()
	never := func(r *http.Request) { <-r.Context().Done() }
	for _, row := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, int)
	}{
		{"no answer", func(_ http.ResponseWriter, r *http.Request, _ int) { never(r) }},
		{"half an answer", func(w http.ResponseWriter, r *http.Request, _ int) {
			fmt.Fprint(w, "<connected_clients>")
			_ = http.NewResponseController(w).Flush()
			never(r)
		}},
		{"a byte now and then", func(w http.ResponseWriter, r *http.Request, _ int) {
			fmt.Fprint(w, "<connected_clients>")
			for http.NewResponseController(w).Flush() == nil {
				fmt.Fprint(w, " ")
				select {
				case <-r.Context().Done():
					return
				case <-time.After(time.Second):
				}
			}
		}},
		{"an error that does not end", func(w http.ResponseWriter, r *http.Request, _ int) {
			w.WriteHeader(http.StatusInternalServerError)
			_ = http.NewResponseController(w).Flush()
			never(r)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeSite{answer: row.answer}
				s := f.servePipes(t, func(c *Config) { c.Timeout = 30 * time.Second })
				began := time.Now()
				_, err := s.Snapshot(t.Context())
				got, _, _ := strings.Cut(saysOf(err), ": context")
				want := "timeout: get_connected_clients: no complete answer in time (at most 30s)"
				if strings.HasPrefix(row.name, "an error") {
					want = "http: get_connected_clients: 500 Internal Server Error"
				}
				if got != want {
					t.Errorf("error %q, want %q", saysOf(err), want)
				}
				if took := time.Since(began); took != 30*time.Second {
					t.Errorf("took %s, want 30s", took)
				}
				if wait := s.Next().Sub(began); wait < 120*time.Second {
					t.Errorf("next poll %s after the last began, want 120s: it kept the site busy for 30s", wait)
				}
			})
		})
	}
}

// TestSlowSignIn: the time-out bounds the request for a token too.
func TestSlowSignIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSite{sign: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}}
		_, err := f.servePipes(t, nil).Snapshot(t.Context())
		want := "timeout: get_connected_clients: no complete answer in time (at most 1m0s): sign in: context deadline exceeded"
		if diff := cmp.Diff(want, saysOf(err)); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
	})
}

// TestCancelled: the end of the caller's context is no failure of the site.
func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &fakeSite{answer: func(_ http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		<-r.Context().Done()
	}}
	if _, err := f.serve(t, nil).Snapshot(ctx); !errors.Is(err, context.Canceled) || errors.As(err, new(*roster.Failure)) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// TestNobodyThere: a site that is not there was not kept busy.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s := newSite(t, server.URL, nil)
	_, err := s.Snapshot(t.Context())
	if got := saysOf(err); !strings.HasPrefix(got, "http: get_connected_clients: dial tcp 127.0.0.1:") {
		t.Errorf("error %q, want that nobody is there", got)
	}
}

// TestUnreachable: waiting for a connection is no work of the site's, and the duty does not count it.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, "http://127.0.0.1:1", nil)
		s.client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(dialTimeout)
			return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
		}
		began := time.Now()
		_, err := s.Snapshot(t.Context())
		want := "timeout: get_connected_clients: no complete answer in time (at most 1m0s): dial: i/o timeout"
		if diff := cmp.Diff(want, saysOf(err)); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
		if wait := s.Next().Sub(began); wait != dialTimeout+defaultInterval {
			t.Errorf("next poll %s after the last began, want %s", wait, dialTimeout+defaultInterval)
		}
	})
}

// TestTimesOfSnapshot: whole milliseconds, rounded so that the answer lies between them.
func TestTimesOfSnapshot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSite{answer: func(w http.ResponseWriter, r *http.Request, nth int) {
			time.Sleep(1500 * time.Microsecond)
			answers(clients(""))(w, r, nth)
		}}
		s := f.servePipes(t, nil)
		time.Sleep(300 * time.Microsecond)
		zero := time.Now().Truncate(time.Millisecond)
		snap, err := s.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if from, to := snap.RequestedAt.Sub(zero), snap.ReceivedAt.Sub(zero); from != 0 || to != 2*time.Millisecond {
			t.Errorf("from %s to %s, want from 0s to 2ms around 300µs to 1.8ms", from, to)
		}
	})
}

// TestTLS: certificates are checked against the roots that were given, and old protocols are refused.
func TestTLS(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		trusted bool
		newest  uint16 // protocol of the server
		want    string
	}{
		{"trusted", true, tls.VersionTLS13, "accepted"},
		{"TLS 1.2", true, tls.VersionTLS12, "accepted"},
		{"unknown authority", false, tls.VersionTLS13, "http: get_connected_clients: tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"TLS 1.1", true, tls.VersionTLS11, "http: get_connected_clients: remote error: tls: protocol version not supported"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{answer: answers(clients(""))}
			server := httptest.NewUnstartedServer(f)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: row.newest}
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			if row.trusted {
				roots.AddCert(server.Certificate())
			}
			_, err := newSite(t, server.URL, func(c *Config) { c.RootCAs = roots }).Snapshot(t.Context())
			if diff := cmp.Diff(row.want, saysOf(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRateLimitHeaders: what the site says of its limit is remembered, and silence is no error.
func TestRateLimitHeaders(t *testing.T) {
	t.Parallel()
	f := &fakeSite{}
	f.answer = func(w http.ResponseWriter, r *http.Request, nth int) {
		if nth == 2 {
			w.Header().Set("X-RateLimit-Limit", "15000")
			w.Header().Set("X-RateLimit-Remaining", "750")
		}
		answers(clients(""))(w, r, nth)
	}
	s := f.serve(t, nil)
	snapshot(t, s)
	if got := s.RateLimit(); got.Known {
		t.Errorf("rate limit %+v although the site did not say", got)
	}
	began := time.Now()
	snapshot(t, s)
	if diff := cmp.Diff(RateLimit{Limit: 15000, Remaining: 750, Known: true}, s.RateLimit()); diff != "" {
		t.Errorf("rate limit (-want +got):\n%s", diff)
	}
	if wait := s.Next().Sub(began); wait < 20*time.Second || wait > 40*time.Second {
		t.Errorf("next poll in %s, want 20s: a twentieth is left", wait)
	}
}
