package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollcall/internal/admin"
	"rollcall/internal/sim"
)

// The metrics of the contract.
var contractMetrics = []string{
	"rollcall_polls_total{", "rollcall_poll_duration_seconds_bucket{", "rollcall_snapshot_bytes{", "rollcall_clients{",
	"rollcall_events_total{", "rollcall_transactions_total{", "rollcall_publish_duration_seconds_bucket{",
	"rollcall_last_accepted_snapshot_timestamp_seconds{", "rollcall_event_log_headroom_ratio{", "rollcall_held_disconnects{",
	"rollcall_owned_sites 1", "rollcall_token_requests_total{", "rollcall_rate_limit_remaining{", "rollcall_blind_seconds_total{",
}

// What runs is seen from outside: by whoever watches the process, the sites, or the numbers.
func TestAdminAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Config{Seed: 19, Clients: 7}, func(c *Config) {
		c.SessionTimeout, c.Partitions, c.Sites[0].Interval = 2*time.Second, 1, 50*time.Millisecond
	})
	limited := sim.New(sim.Config{Seed: 19, Clients: 7, RatePerSecond: 1000, RatePerHour: 1_000_000}) // which says what is left
	w.site = limited
	w.config.Sites[0].URL = siteEnvironment(t, limited, false)["ROLLCALL_URL"]

	owner := w.serving(t)
	if code, body := ask(t, owner+"/healthz"); code != http.StatusOK || body != "alive\n" {
		t.Errorf("/healthz: %d %q", code, body)
	}
	owner.becomes(t, "every owned site is up to date")
	_, metrics := ask(t, owner+"/metrics")
	for _, name := range contractMetrics {
		if !strings.Contains(metrics, "\n"+name) {
			t.Errorf("/metrics has no %s", name)
		}
	}
	_, text := ask(t, owner+"/status")
	var status admin.Status
	if err := json.Unmarshal([]byte(text), &status); err != nil || len(status.Sites) != 1 || status.Sites[0].Total != 7 || status.Sites[0].Seq == 0 {
		t.Errorf("/status: %v\n%s", err, text)
	}
	if code, page := ask(t, owner+"/"); code != http.StatusOK || !strings.Contains(page, worldSite) {
		t.Errorf("the page: %d\n%s", code, page)
	}

	standby := w.serving(t)
	standby.becomes(t, "standing by, no site is owned")
}

// address is the admin address of a daemon, as the start of URLs.
type address string

// serving is the address of a daemon that runs as long as the test.
func (w *world) serving(t *testing.T) address {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := w.daemon()
	u := beginWith(t, func(ctx context.Context, _, _ io.Writer) error { return d.run(ctx, listener) })
	t.Cleanup(func() {
		if got := u.end(); got.code != exitDone {
			t.Errorf("the daemon ended with exit code %d: %s", got.code, got.errors)
		}
	})
	return address("http://" + listener.Addr().String())
}

// becomes waits until the daemon is ready, for that reason.
func (a address) becomes(t *testing.T, ready string) {
	t.Helper()
	var body string
	until(t, "/readyz is 200: "+ready, func() bool {
		var code int
		code, body = ask(t, a+"/readyz")
		return code == http.StatusOK && strings.HasPrefix(body, "ready: "+ready)
	})
}

func ask[URL ~string](t *testing.T, url URL) (code int, body string) {
	t.Helper()
	answer, err := http.Get(string(url))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
