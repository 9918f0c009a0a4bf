// Package pipeline turns one site's snapshots into published records: own the site, load what was published, then
// fetch, admit, diff and publish, turn after turn.
//
// Guarantees. What was published and what is remembered are one thing: the roster in memory advances only when a
// transaction is acknowledged, and when the end of one is unknown the cycle starts over from what the topics say.
// A failed poll publishes nothing; when sight returns, one gap record says from when to when nothing was seen.
// Unusually many disconnects at once are held back until they are confirmed, for a bounded time.
//
// Not promised: what happened and was undone between two polls is not seen, except for what the event log tells.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rollcall/differ"
	"rollcall/internal/roster"
)

const (
	standingEvery = 30 * time.Second       // a gap after a crash claims at most this much too much
	stopWithin    = 5 * time.Second        // for writing the standing at a clean stop
	retryFirst    = 250 * time.Millisecond // the first wait after Kafka refused, doubled up to retryMax
	retryMax      = 15 * time.Second
	lateAfter     = time.Second // a poll is late by a whole interval, or by this where the interval is shorter
	onceTries     = 3
)

// Config is all that a cycle needs. Observe and Log may not be nil.
type Config struct {
	Site       string
	Scope      string        // digest of what is asked for and how it is published; another one is another epoch
	Types      []string      // the client types asked for
	Interval   time.Duration // planned, from poll start to poll start
	Ignore     map[string]bool
	Hold       HoldPolicy
	Checkpoint time.Duration // between checkpoint records

	Source    Source
	Publisher Publisher
	Memory    Memory
	Observe   func(Report) // called at the end of each turn, from the goroutine that runs the cycle
	Log       *zap.Logger
}

// Cycle is the cycle of one site. One goroutine at a time runs it; it may be run again, as often as the site is ours.
type Cycle struct {
	Config

	loaded   bool
	baseline string          // why the next accepted poll builds a baseline; empty: it does not
	standing roster.Standing // as last published
	roster   *roster.Roster  // as last published
	accepted roster.Poll     // the last accepted poll; newer than standing.Poll where there was nothing to say
	since    roster.Since    // what happened since the last checkpoint
	blind    blindness
	holding  *roster.Holding                // the hold under way; nil: none
	missed   map[roster.Key]differ.Interval // the clients whose disconnects are held back
	attempt  *turn                          // what was being published when the end became unknown
	oversize map[roster.Key]bool            // clients already complained about
	unknown  map[string]bool                // root elements already mentioned
	everSaw  bool                           // a poll was accepted since the program started
}

// New makes a cycle that has done nothing yet.
func New(c Config) *Cycle {
	return &Cycle{Config: c, oversize: map[roster.Key]bool{}, unknown: map[string]bool{}}
}

// Run turns the cycle until ctx ends, which is no error, or until it must not go on: another instance has taken the
// site over (roster.ErrFenced), or the site refuses our credentials before any poll was accepted (a fatal
// *roster.Failure).
func (c *Cycle) Run(ctx context.Context) error {
	return c.run(ctx, func() bool { return false })
}

// Once turns the cycle until one poll has been accepted and published. It gives up after onceTries turns.
func (c *Cycle) Once(ctx context.Context) error {
	tries := 0
	done := func() bool { tries++; return c.everSaw || tries >= onceTries }
	if err := c.run(ctx, done); err != nil {
		return err
	}
	if !c.everSaw {
		return fmt.Errorf("no poll accepted: %w", cmp.Or(context.Cause(ctx), c.blind.last))
	}
	return nil
}

func (c *Cycle) run(ctx context.Context, done func() bool) error {
	defer c.Observe(Report{Site: c.Site, Phase: Stopped})
	c.loaded = false
	wait := retryFirst
	for {
		err := c.Step(ctx)
		if ctx.Err() != nil || done() {
			c.leave(ctx)
			return nil
		}
		if err == nil {
			wait = retryFirst
			continue
		}
		if c.mustStop(err) {
			return err
		}
		c.sleep(ctx, time.Now().Add(wait))
		wait = min(2*wait, retryMax)
	}
}

// Forget says that what is in memory is no longer what the topics hold.
func (c *Cycle) Forget() { c.roster, c.attempt = nil, nil }

// Blinded says why nobody polls while the cycle does not run. Without it, that time is told as "down".
func (c *Cycle) Blinded(reason string, err error) {
	if !c.blind.due.IsZero() {
		c.blind.fail(reason, err)
	}
}

func (c *Cycle) mustStop(err error) bool {
	var f *roster.Failure
	return errors.Is(err, roster.ErrFenced) || errors.As(err, &f)
}

// Step is one turn: load if need be, wait until the site may be asked, poll, and publish what the answer shows. A poll
// that failed is no error, but for credentials that never were right; an error of Kafka is one, and the next step starts
// over by loading.
func (c *Cycle) Step(ctx context.Context) error {
	if !c.loaded {
		if err := c.load(ctx); err != nil {
			return c.kafkaFailed(ctx, "load", err)
		}
	}
	if !c.sleep(ctx, c.Source.Next()) {
		return ctx.Err()
	}
	started := time.Now()
	snap, err := c.Source.Snapshot(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	took := time.Since(started)
	c.since.PollsTried++
	if err != nil {
		return c.pollFailed(err, took)
	}
	return c.pollAccepted(ctx, snap, took)
}

// sleep waits until t; it says false when ctx ended first.
func (c *Cycle) sleep(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// leave writes down the last accepted poll, so that the gap after a clean stop claims no more than it was.
// If we die here, the next start claims a longer gap, and nothing else.
func (c *Cycle) leave(ctx context.Context) {
	if !c.loaded || !c.accepted.RequestedAt.After(c.standing.Poll.RequestedAt) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := c.Publisher.Publish(ctx, roster.Batch{Site: c.Site, Standing: c.standingNow()}); err != nil {
		c.Log.Warn("last poll not written down at the stop", zap.Error(err))
	}
}

// standingNow is the standing with nothing new to say but which poll was the last.
func (c *Cycle) standingNow() roster.Standing {
	s := c.standing
	s.Poll, s.Checkpoint, s.Hold = c.accepted, c.since, c.holding
	return s
}
