package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// faultTimes is how often a fault must show so that a poll fails of it: a refused token is replaced once.
var faultTimes = map[sim.Fault]int{sim.AccessDenied: 2}

// Each faulty answer gives no record but one later gap, and no disconnect; the daemon goes on. The golden file says what
// each of them is taken for.
func TestFaultyAnswersAreGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Config{Seed: 3, Clients: 8}, func(c *Config) {
		c.Sites[0].Timeout = 2 * time.Second
		c.Sites[0].MaxBytes = 256 << 10
	})
	var printed strings.Builder
	w.cycle(func(c *pipeline.Cycle) {
		w.step(c)
		said := len(w.consistent())
		for _, f := range sim.Faults() {
			if !f.Fails() {
				continue
			}
			if f.At() == sim.AtToken {
				w.site.RevokeTokens()
			}
			w.site.Fail(f, max(faultTimes[f], 1))
			for w.site.Failing() > 0 {
				w.step(c)
			}
			if now := len(w.events()); now != said {
				t.Fatalf("%v: %d records while the site fails", f, now-said)
			}
			w.step(c)
			events := w.consistent()
			fmt.Fprintf(&printed, "%s: %s\n", f, strings.Join(types(events, said), ", "))
			if len(events) != said+1 || events[said].Type != "gap" {
				t.Errorf("%v: records %q, want one gap", f, types(events, said))
			}
			said = len(events)
		}
		w.truth()
	})
	checkGolden(t, "testdata/faults.golden", printed.String())
}
