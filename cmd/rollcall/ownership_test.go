package main

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"rollcall/internal/broker/brokertest"
	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// instance is a daemon that runs until stop.
type instance struct {
	*daemon
	cancel context.CancelFunc
	done   chan error
}

func (w *world) instance() *instance {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	i := &instance{w.daemon(), cancel, make(chan error, 1)}
	go func() { i.done <- i.run(ctx, listener) }() // ended and awaited by stop
	w.t.Cleanup(func() { i.cancel() })
	return i
}

func (i *instance) stop(t *testing.T) {
	t.Helper()
	i.cancel()
	if err := <-i.done; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	eventually(t, holds, func() string { return "waited in vain until " + what })
}

// Two instances share the work: a standby neither polls nor asks for a token, and takes over when the owner stops,
// without losing or doubling anything.
func TestStandbyTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sim.Config{Seed: 11, Clients: 10}, func(c *Config) {
		c.SessionTimeout, c.Sites[0].Interval = 2*time.Second, 50*time.Millisecond
		c.Partitions = 1 // which stays with whoever has it
	})
	first := w.instance()
	until(t, "the first instance has published", func() bool { return w.published() > 0 })
	second := w.instance()
	until(t, "the second has joined", func() bool { return brokertest.Members(t, w.config.Kafka, w.config.Prefix) == 2 })
	until(t, "the second says that it stands by", func() bool {
		return second.board.Status().Says == "ready: standing by, no site is owned"
	})
	for range 20 {
		w.site.Step(1)
		<-time.After(20 * time.Millisecond)
	}
	if tokens := w.site.Traffic().Tokens; tokens != 1 {
		t.Errorf("%d tokens with one owner and one standby, want 1", tokens)
	}
	first.stop(t)
	w.site.Step(10)
	until(t, "the roster is the site's again", func() bool { return slices.Equal(w.siteKeys(), w.rosterKeys()) })
	second.stop(t)
	w.consistent()
	w.truth()
	if tokens := w.site.Traffic().Tokens; tokens != 2 {
		t.Errorf("%d tokens after one takeover, want 2", tokens)
	}
}

func (w *world) published() int {
	w.t.Helper()
	if !brokertest.Exists(w.t, w.config.Kafka, w.topics().Events) {
		return 0
	}
	return len(brokertest.Read(w.t, w.config.Kafka, w.topics().Events))
}

// Topics that are deleted while the program runs come back with a new baseline, and nobody is said to have left.
func TestTopicsDeletedWhileRunning(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"clients", "state"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Config{Seed: 13, Clients: 20})
			w.cycle(func(c *pipeline.Cycle) {
				w.step(c)
				said := len(w.events())
				brokertest.DeleteTopic(t, w.config.Kafka, w.config.Prefix+"."+name)
				w.site.Step(3)
				until(t, "it is published again", func() bool {
					_ = c.Step(t.Context()) // fails until the topic is there again
					return len(w.events()) > said
				})
				for _, e := range w.events()[said:] {
					if e.Type == "disconnect" || e.Type == "connect" {
						t.Errorf("a new baseline says %s of %s", e.Type, e.Client.Key)
					}
				}
				if got := types(w.events(), said); got[0] != "epoch state_lost" {
					t.Errorf("got %q", got)
				}
			})
			if name == "state" { // the roster remembers the logs; without it they are told again
				w.consistent()
			}
			w.truth()
		})
	}
}
