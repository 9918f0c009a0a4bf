package admin_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/admin"
	"rollcall/internal/pipeline"
	"rollcall/internal/roster"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scrape is what Prometheus gets, without the metrics of the process and the runtime.
func scrape(t *testing.T, b *admin.Board) string {
	t.Helper()
	var ours []string
	for line := range strings.Lines(body(t, ask(b, "GET", "/metrics"))) {
		if strings.Contains(line, "rollcall_") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

// TestMetrics lets a site have an eventful minute; the whole exposition stands in the golden file.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		b.Owned([]string{emea})
		b.Token(emea, "ok")
		b.Token(emea, "refused")
		b.Token(emea, "whatever the site made up")
		b.Token("no such site", "ok")
		b.RateLimit(emea, 14999)
		b.RateLimit("no such site", 1)
		b.Observe(acceptedNow(emea))
		b.Observe(blind(emea, roster.ReasonTimeout))
		b.Observe(blind(emea, "whatever"))
		b.Observe(kafkaError(emea, errors.New("no")))
		time.Sleep(12500 * time.Millisecond)
		last := acceptedNow(emea)
		last.Blind, last.Held, last.Oversize, last.Headroom = 12500*time.Millisecond, 3, 1, 0.25
		last.Publish = 0 // nothing to say
		last.Events = nil
		b.Observe(last)
		b.Observe(acceptedNow("no such site"))

		const file = "testdata/metrics.golden"
		got := scrape(t, b)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("metrics (-want +got):\n%s", d)
		}
	})
}

// TestMetricsOfTheProcess: the runtime and the process are told about too.
func TestMetricsOfTheProcess(t *testing.T) {
	text := body(t, ask(newBoard(), "GET", "/metrics"))
	for _, want := range []string{"go_goroutines ", "process_start_time_seconds "} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestForgotten: a site that is given away takes its gauges along, or alerts would go on about a moment long past; the
// counters stay.
func TestForgotten(t *testing.T) {
	b := newBoard()
	b.Owned([]string{emea, apac})
	b.Observe(acceptedNow(emea))
	b.RateLimit(emea, 5)
	b.Owned([]string{apac})
	b.Observe(acceptedNow(emea)) // the last turn, seen late
	b.RateLimit(emea, 4)
	b.Observe(pipeline.Report{Site: emea, Phase: pipeline.Stopped})
	text := scrape(t, b)
	for _, gone := range []string{"rollcall_clients{", "rollcall_last_accepted_snapshot_timestamp_seconds{", "rollcall_rate_limit_remaining{",
		"rollcall_snapshot_bytes{", "rollcall_event_log_headroom_ratio{", "rollcall_held_disconnects{", "rollcall_oversize_clients{"} {
		if strings.Contains(text, gone) {
			t.Errorf("still there: %s", gone)
		}
	}
	for _, stays := range []string{`rollcall_polls_total{result="accepted",site="emea"} 2`, "rollcall_owned_sites 1"} {
		if !strings.Contains(text, stays) {
			t.Errorf("missing: %s\n%s", stays, text)
		}
	}
}
