package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/admin"
	"rollcall/internal/pipeline"
	"rollcall/internal/roster"
)

const emea, apac = "emea", "apac"

func newBoard() *admin.Board {
	return admin.New(admin.Config{Version: "v1.2.3", Sites: []admin.Site{
		{Name: emea, Interval: 5 * time.Second}, {Name: apac, Interval: time.Minute}}})
}

// acceptedNow is the report of a turn that went well and ends now.
func acceptedNow(site string) pipeline.Report {
	now := time.Now()
	poll := roster.Poll{ID: 7, RequestedAt: now.Add(-300 * time.Millisecond), ReceivedAt: now}
	return pipeline.Report{
		Site: site, Phase: pipeline.Polling, Snapshot: &roster.Snapshot{RequestedAt: poll.RequestedAt, ReceivedAt: now, Bytes: 4096},
		PollTook: 300 * time.Millisecond, Publish: 20 * time.Millisecond, Accepted: poll, Headroom: 0.75,
		Standing: roster.Standing{Epoch: 1, Seq: 42, Poll: poll},
		Clients:  map[roster.Type]int{roster.Representative: 2, roster.PushAgent: 1, "toaster": 3, "kettle": 4},
		Events:   []roster.Event{{Type: roster.ConnectEvent}, {Type: roster.ConnectEvent}, {Type: roster.LogEvent}},
	}
}

func blind(site, reason string) pipeline.Report {
	return pipeline.Report{Site: site, Phase: pipeline.Blind, PollTook: time.Second,
		Failure: &roster.Failure{Reason: reason, Err: errors.New("text that nobody should see")}}
}

func kafkaError(site string, err error) pipeline.Report {
	return pipeline.Report{Site: site, Phase: pipeline.Loading, Err: fmt.Errorf("publish: %w", err)}
}

func ask(b *admin.Board, method, path string) *http.Response {
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReady(t *testing.T) {
	own := func(sites ...string) func(*admin.Board) { return func(b *admin.Board) { b.Owned(sites) } }
	member := func(is bool) func(*admin.Board) { return func(b *admin.Board) { b.Member(is) } }
	see := func(report func(string) pipeline.Report, site string) func(*admin.Board) {
		return func(b *admin.Board) { b.Observe(report(site)) }
	}
	wait := func(d time.Duration) func(*admin.Board) { return func(*admin.Board) { time.Sleep(d) } } // in the bubble
	timeouts := func(site string) pipeline.Report { return blind(site, roster.ReasonTimeout) }
	refused := func(site string) pipeline.Report { return kafkaError(site, errors.New("no")) }
	for _, row := range []struct {
		name, reason string
		steps        []func(*admin.Board)
		code         int
		says         []string
	}{
		{"before the group", "without Kafka it cannot take over", nil, 503,
			[]string{"not ready: not a member of the group that shares the sites; Kafka was not reached"}},
		{"standing by", "a standby must not be taken out", []func(*admin.Board){member(true)}, 200, []string{"ready: standing by, no site is owned"}},
		{"just owned", "nothing was seen yet", []func(*admin.Board){own(emea)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date", "emea: no snapshot accepted yet; stopped"}},
		{"fresh", "as it should be", []func(*admin.Board){own(emea), see(acceptedNow, emea)}, 200,
			[]string{"ready: every owned site is up to date", "emea: up to date"}},
		{"short interval, half a minute", "three intervals are less than 30 s, which hold",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), wait(30*time.Second - 1)}, 200,
			[]string{"ready: every owned site is up to date", "emea: up to date"}},
		{"short interval, too old", "younger than is not as old as",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), wait(30 * time.Second)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date", "emea: last accepted snapshot is 30s old, 30s is the limit; polling"}},
		{"long interval", "three intervals are three minutes",
			[]func(*admin.Board){own(apac), see(acceptedNow, apac), wait(3*time.Minute - 1)}, 200,
			[]string{"ready: every owned site is up to date", "apac: up to date"}},
		{"long interval, too old", "three intervals are over",
			[]func(*admin.Board){own(apac), see(acceptedNow, apac), wait(3 * time.Minute)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date", "apac: last accepted snapshot is 3m0s old, 3m0s is the limit; polling"}},
		{"one of two", "one is enough to be not ready",
			[]func(*admin.Board){own(emea, apac), see(acceptedNow, apac)}, 503,
			[]string{"not ready: 1 of 2 owned sites are not up to date", "apac: up to date", "emea: no snapshot accepted yet; stopped"}},
		{"not committed", "accepted alone is not enough",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), see(refused, emea)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date", "emea: not committed: Kafka refused since 2000-01-01T00:00:00Z"}},
		{"committed again", "what is over does not count",
			[]func(*admin.Board){own(emea), see(refused, emea), see(acceptedNow, emea)}, 200,
			[]string{"ready: every owned site is up to date", "emea: up to date"}},
		{"one poll failed", "still fresh",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), see(timeouts, emea)}, 200,
			[]string{"ready: every owned site is up to date", "emea: up to date still; polls fail: timeout since 2000-01-01T00:00:00Z"}},
		{"polls fail for long", "since the first of the run",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), see(timeouts, emea), wait(time.Minute), see(timeouts, emea)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date",
				"emea: last accepted snapshot is 1m0s old, 30s is the limit; polls fail: timeout since 2000-01-01T00:00:00Z"}},
		{"polls fail again", "what is over does not count",
			[]func(*admin.Board){own(emea), see(timeouts, emea), see(acceptedNow, emea), wait(time.Second), see(timeouts, emea)}, 200,
			[]string{"ready: every owned site is up to date", "emea: up to date still; polls fail: timeout since 2000-01-01T00:00:01Z"}},
		{"given away", "somebody else answers for it",
			[]func(*admin.Board){member(true), own(emea), see(timeouts, emea), own()}, 200, []string{"ready: standing by, no site is owned"}},
		{"given away and back", "what was known is no longer true",
			[]func(*admin.Board){own(emea), see(acceptedNow, emea), own(), own(emea)}, 503,
			[]string{"not ready: 1 of 1 owned sites are not up to date", "emea: no snapshot accepted yet; stopped"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBoard()
				for _, step := range row.steps {
					step(b)
				}
				r := ask(b, "GET", "/readyz")
				got := strings.Split(strings.TrimSuffix(body(t, r), "\n"), "\n")
				if d := cmp.Diff(row.says, got); d != "" || r.StatusCode != row.code {
					t.Errorf("%s: code %d, want %d (-want +got):\n%s", row.reason, r.StatusCode, row.code, d)
				}
			})
		})
	}
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		b.Owned([]string{emea})
		b.Observe(blind(emea, roster.ReasonAuth))
		time.Sleep(time.Second)
		b.Observe(kafkaError(emea, context.DeadlineExceeded))
		time.Sleep(time.Second)
		r := acceptedNow(emea)
		r.Held, r.Oversize = 5, 1
		b.Observe(r)
		time.Sleep(1500 * time.Millisecond)
		start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
		at := func(d time.Duration) time.Time { return start.Add(d) }
		want := admin.Status{
			Ready: true, Says: "ready: every owned site is up to date", Version: "v1.2.3",
			StartedAt: start, Now: at(3500 * time.Millisecond), Owned: 1,
			Sites: []admin.SiteStatus{
				{Site: apac, Says: "not owned by this instance", Phase: "stopped", Interval: "1m0s"},
				{Site: emea, Owned: true, Ready: true, Says: "up to date", Phase: "polling", Interval: "5s",
					Accepted: &admin.PollStatus{ID: 7, RequestedAt: at(1700 * time.Millisecond), ReceivedAt: at(2 * time.Second), AgeSeconds: 1.5},
					Epoch:    1, Seq: 42, Total: 10, Held: 5, Oversize: 1,
					Clients: map[string]int{"representative": 2, "support_customer": 0, "presentation_attendee": 0, "push_agent": 1, "other": 7},
					Failure: &admin.TroubleStatus{Class: "auth", Since: start, Last: start, Over: true},
					Kafka:   &admin.TroubleStatus{Class: "timeout", Since: at(time.Second), Last: at(time.Second), Over: true}},
			},
		}
		var got admin.Status
		text := body(t, ask(b, "GET", "/status"))
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
		if strings.Contains(text, "nobody should see") {
			t.Error("the text of an error is shown")
		}
	})
}

func TestKafkaErrorClass(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		err          error
		class        string
	}{
		{"fenced", "another instance is at work", roster.ErrFenced, "fenced"},
		{"unreadable", "the state makes no sense", roster.ErrUnreadable, "unreadable"},
		{"too large", "it names a client, which is not shown", &roster.TooLargeError{}, "too_large"},
		{"deadline", "ours", context.DeadlineExceeded, "timeout"},
		{"network", "nobody listens", &net.OpError{Op: "dial", Err: errors.New("connection refused")}, "unreachable"},
		{"lookup that took too long", "a time-out, and of the network", &net.DNSError{IsTimeout: true}, "timeout"},
		{"anything else", "the broker said no", errors.New("TOPIC_AUTHORIZATION_FAILED"), "refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBoard()
			b.Owned([]string{emea})
			b.Observe(kafkaError(emea, row.err))
			if got := b.Status().Sites[1].Kafka.Class; got != row.class {
				t.Errorf("%s: class %q, want %q", row.reason, got, row.class)
			}
		})
	}
}
