package poller

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestPace: when the next poll starts, counted from the start of the last one.
func TestPace(t *testing.T) {
	t.Parallel()
	const s = time.Second
	left := func(remaining int) RateLimit { return RateLimit{Limit: 1000, Remaining: remaining, Known: true} }
	for _, row := range []struct {
		name     string
		interval time.Duration
		duty     float64
		failures int // before
		took     time.Duration
		poll     poll
		luck     float64
		want     time.Duration
	}{
		{"from start to start, not from end", 10 * s, 0.25, 0, 2 * s, poll{busy: 2 * s}, 0, 10 * s},
		{"luck adds a little", 10 * s, 0.25, 0, 0, poll{}, 1, 10*s + 500*time.Millisecond},
		{"a little of a short interval is less", 1 * s, 0.25, 0, 0, poll{}, 1, s + 50*time.Millisecond},
		{"a slow answer stretches it to the duty", 10 * s, 0.25, 0, 5 * s, poll{busy: 5 * s}, 0, 20 * s},
		{"a duty of one is back to back", 1 * s, 1, 0, 5 * s, poll{busy: 5 * s}, 0, 5 * s},
		{"the first failure waits for the interval", 10 * s, 0.25, 0, s, poll{failed: true}, 0, 11 * s},
		{"the second for twice as long", 10 * s, 0.25, 1, s, poll{failed: true}, 0, 21 * s},
		{"the third for four times as long", 10 * s, 0.25, 2, 0, poll{failed: true}, 0, 40 * s},
		{"no wait is longer than a minute", 10 * s, 0.25, 30, 0, poll{failed: true}, 0, 60 * s},
		{"but for an interval that is", 120 * s, 0.25, 30, 0, poll{failed: true}, 0, 120 * s},
		{"luck takes up to a quarter", 10 * s, 0.25, 2, 0, poll{failed: true}, 1, 30 * s},
		{"luck never goes below the interval", 10 * s, 0.25, 0, 0, poll{failed: true}, 1, 10 * s},
		{"a failure that kept the site busy counts", 10 * s, 0.25, 0, 60 * s, poll{failed: true, busy: 60 * s}, 0, 240 * s},
		{"the shortest interval backs off too", s / 4, 0.25, 4, 0, poll{failed: true}, 0, 4 * s},
		{"the site asks for longer", 10 * s, 0.25, 0, 2 * s, poll{failed: true, retryAfter: 90 * s}, 0, 92 * s},
		{"the site asks for less", 10 * s, 0.25, 0, 0, poll{failed: true, retryAfter: s}, 0, 10 * s},
		{"enough is left of the limit", 10 * s, 0.25, 0, 0, poll{left: left(100)}, 0, 10 * s},
		{"half of a tenth is left", 10 * s, 0.25, 0, 0, poll{left: left(50)}, 0, 20 * s},
		{"nothing is left", 5 * s, 0.25, 0, 0, poll{left: left(0)}, 0, 40 * s},
		{"nothing is left, and a minute is the most", 10 * s, 0.25, 0, 0, poll{left: left(0)}, 0, 60 * s},
		{"a limit of none means nothing", 10 * s, 0.25, 0, 0, poll{left: RateLimit{Known: true}}, 0, 10 * s},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := pace{interval: row.interval, maxDuty: row.duty, failures: row.failures}
			start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			row.poll.start, row.poll.end = start, start.Add(row.took)
			p.polled(row.poll, row.luck)
			if got := p.next.Sub(start); got != row.want {
				t.Errorf("next poll after %s, want %s", got, row.want)
			}
		})
	}
}

// TestPaceRecovers: one poll that did not fail ends the back-off.
func TestPaceRecovers(t *testing.T) {
	t.Parallel()
	p := pace{interval: time.Second, maxDuty: 1}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for range 10 {
		p.polled(poll{start: now, end: now, failed: true}, 0)
	}
	p.polled(poll{start: now, end: now}, 0)
	p.polled(poll{start: now, end: now, failed: true}, 0)
	if got := p.next.Sub(now); got != time.Second {
		t.Errorf("next poll after %s, want 1s", got)
	}
}

// TestPaceOfAsides: other questions count for the duty, and only for it.
func TestPaceOfAsides(t *testing.T) {
	t.Parallel()
	p := pace{interval: 10 * time.Second, maxDuty: 0.25}
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	p.polled(poll{start: start, end: start.Add(2 * time.Second), busy: 2 * time.Second}, 0)
	p.aside(poll{start: start.Add(2 * time.Second), end: start.Add(2 * time.Second), busy: 250 * time.Millisecond})
	if got := p.next.Sub(start); got != 10*time.Second {
		t.Errorf("next poll after %s, want 10s: 2.25s of 10s are within the duty", got)
	}
	p.aside(poll{start: start.Add(3 * time.Second), end: start.Add(4 * time.Second), busy: time.Second})
	if got := p.next.Sub(start); got != 13*time.Second {
		t.Errorf("next poll after %s, want 13s: the site was busy for 3.25s", got)
	}
}

// TestDuty: a site that takes its time is never busy for more than its share, and polls do not overlap.
func TestDuty(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var busy time.Duration
		f := &fakeSite{answer: func(w http.ResponseWriter, _ *http.Request, nth int) {
			work := time.Duration(nth%7) * time.Second
			time.Sleep(work)
			busy += work
			if nth%3 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
			}
			fmt.Fprint(w, clients(""))
		}}
		s := f.servePipes(t, func(c *Config) { c.Interval = time.Second })
		if !s.Next().IsZero() {
			t.Errorf("first poll at %v, want at once", s.Next())
		}
		began := time.Now()
		for range 50 {
			_, _ = s.Snapshot(t.Context())
			time.Sleep(time.Until(s.Next()))
		}
		if share := float64(busy) / float64(time.Since(began)); share > defaultMaxDuty {
			t.Errorf("busy for %.3f of the time, want at most %v", share, defaultMaxDuty)
		}
	})
}
