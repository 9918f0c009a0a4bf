package pipeline

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// turn is one accepted poll on its way from snapshot to published records.
type turn struct {
	snap    *roster.Snapshot
	poll    roster.Poll
	took    time.Duration                  // by the poll
	began   time.Time                      // when publishing did
	aside   map[roster.Key]bool            // clients about whom nothing is said now
	missed  map[roster.Key]differ.Interval // since when missing clients are missed
	holding *roster.Holding                // the hold after this turn
	site    []roster.Event                 // records about the site, in order
	result  differ.Result
	since   roster.Since // the counts with this poll, before any checkpoint
	blind   time.Duration
	// sinceAfter is the counts once the turn is published: begun anew where it carries a checkpoint.
	sinceAfter roster.Since
	parts      []roster.Batch // what to publish, each part complete in itself; empty: nothing to say
}

func (t *turn) last() roster.Batch { return t.parts[len(t.parts)-1] }

// say adds a record about the site.
func (t *turn) say(e roster.Event) {
	e.TimeSource = roster.Bounded
	t.site = append(t.site, e)
}

// pollAccepted takes a snapshot that may be believed, works out what it means, and publishes it. Until publish nothing
// has an effect: if we die before, the poll did not happen.
func (c *Cycle) pollAccepted(ctx context.Context, snap *roster.Snapshot, took time.Duration) error {
	t := c.newTurn(snap)
	if c.baseline == "" {
		c.hold(ctx, t)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.took, t.began = took, time.Now()
	if err := c.publish(ctx, t); err != nil {
		c.attempt = t
		c.blind.failed++
		return c.kafkaFailed(ctx, "publish", err)
	}
	c.landed(t)
	return nil
}

// landed takes a turn whose records are committed.
func (c *Cycle) landed(t *turn) {
	report := c.report(t)
	c.commit(t)
	report.Standing, report.Accepted = c.standing, c.accepted
	c.Observe(report)
}

// newTurn begins a turn with what is known before the comparison: the poll, the epoch and the gap it ends.
func (c *Cycle) newTurn(snap *roster.Snapshot) *turn {
	s := *snap
	s.RequestedAt, s.ReceivedAt = millis(snap.RequestedAt), millis(snap.ReceivedAt)
	t := &turn{snap: &s, aside: map[roster.Key]bool{}}
	previous := c.accepted.RequestedAt
	if previous.After(s.RequestedAt) {
		previous = s.RequestedAt // the clock was set back: an interval never ends before it begins
	}
	t.poll = roster.Poll{ID: c.accepted.ID + 1, RequestedAt: s.RequestedAt, ReceivedAt: s.ReceivedAt, PreviousRequestedAt: previous}
	t.since = c.since
	t.since.PollsAccepted++
	if !previous.IsZero() {
		t.since.LongestBlind = max(t.since.LongestBlind, s.RequestedAt.Sub(previous))
	}
	if c.baseline != "" {
		t.say(roster.Event{Type: roster.EpochEvent, Reason: c.baseline, NotBefore: s.RequestedAt, NotAfter: s.ReceivedAt,
			Detail: roster.Epoch{Types: c.Types, Clients: len(s.Roster.Clients)}})
	}
	if reason, lost := c.blind.gap(s.RequestedAt, max(c.Interval, lateAfter)); lost && !previous.IsZero() {
		t.blind = s.ReceivedAt.Sub(previous)
		t.say(roster.Event{Type: roster.GapEvent, Reason: reason, NotBefore: previous, NotAfter: s.ReceivedAt,
			Detail: roster.Gap{From: previous, To: s.ReceivedAt, PollsFailed: c.blind.failed}})
	}
	c.mention(s.Unknown)
	return t
}

func millis(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// mention says once that the site answers with elements that are no clients.
func (c *Cycle) mention(unknown []string) {
	for _, name := range unknown {
		if !c.unknown[name] {
			c.unknown[name] = true
			c.Log.Warn("the site answers with an element that is no client and is passed over", zap.String("element", name))
		}
	}
}

// publish compares and writes. Clients whose records are larger than the broker takes are set aside, and the rest goes
// out; they are tried again with every poll.
func (c *Cycle) publish(ctx context.Context, t *turn) error {
	for {
		c.compare(t)
		err := c.write(ctx, t)
		var large *roster.TooLargeError
		if !errors.As(err, &large) || t.aside[large.Key] {
			return err
		}
		t.aside[large.Key] = true
		if !c.oversize[large.Key] {
			c.oversize[large.Key] = true
			c.Log.Error("client not published", zap.Error(large), zap.String("client", large.Key.In(c.Site)))
		}
	}
}

// write publishes the parts in order. If we die between two of them, the roster read back is that of the parts
// that landed, and the next poll shows what is missing.
func (c *Cycle) write(ctx context.Context, t *turn) error {
	for _, part := range t.parts {
		if err := c.Publisher.Publish(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// compare works out the turn's records.
func (c *Cycle) compare(t *turn) {
	t.result = differ.Change{
		Before: c.roster, LastSeen: t.poll.PreviousRequestedAt, After: t.snap, Ignore: c.Ignore,
		Baseline: c.baseline != "", SetAside: t.aside, Missed: t.missed,
	}.Diff()
	t.parts = c.batches(t)
}

// commit makes the turn the past. It comes after the acknowledgement, and never before.
func (c *Cycle) commit(t *turn) {
	c.accepted, c.since, c.roster = t.poll, t.sinceAfter, t.result.Next
	c.holding, c.missed = t.holding, t.missed
	if len(t.parts) > 0 {
		c.standing = t.last().Standing
	}
	if c.blind.reason != "" {
		c.Log.Info("site in sight again", zap.String("reason", c.blind.reason), zap.Int64("polls_failed", c.blind.failed),
			zap.Duration("blind", t.blind))
	}
	c.blind = blindness{due: c.Source.Next()}
	c.baseline, c.everSaw = "", true
	for k := range c.oversize {
		if !t.aside[k] {
			delete(c.oversize, k)
		}
	}
}

// report is what the turn looks like from outside.
func (c *Cycle) report(t *turn) Report {
	r := Report{Site: c.Site, Phase: Polling, Snapshot: t.snap, PollTook: t.took, Headroom: t.result.Headroom,
		Oversize: len(c.oversize), Blind: t.blind, Clients: map[roster.Type]int{}}
	if len(t.parts) > 0 {
		r.Publish = time.Since(t.began)
	}
	for _, part := range t.parts {
		r.Events = append(r.Events, part.Events...)
	}
	for _, client := range t.result.Next.Clients {
		r.Clients[client.Key.Type]++
	}
	if t.holding != nil {
		r.Held = len(t.missed)
	}
	return r
}
