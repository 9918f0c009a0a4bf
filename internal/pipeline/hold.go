package pipeline

import (
	"context"
	"time"

	"go.uber.org/zap"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// HoldPolicy says when disconnects are held back and when they are released.
type HoldPolicy struct {
	Percent int           // hold when at least this share of the roster,
	Min     int           // and at least this many, vanish at once
	Polls   int           // release after this many further polls that confirm,
	Max     time.Duration // or this long after they were first missed, whichever comes first
}

// What confirmed a hold.
const (
	byPolls    = "polls"
	byDeadline = "deadline"
	byReplaced = "replaced"
)

// unusual says whether so many clients missing from a roster of that size are to be held back.
func (p HoldPolicy) unusual(missing, size int) bool {
	return missing >= p.Min && missing > 0 && missing*100 >= p.Percent*size
}

// replaced says whether the missing are made up for by new clients: a site that answers with new clients has restarted
// or failed over, and is no outage.
func (p HoldPolicy) replaced(missing, arrived int) bool { return arrived*100 >= p.Percent*missing }

// verdict is what one accepted poll means for the hold.
type verdict struct {
	reason  string          // of the hold record; empty: there is none
	by      string          // what confirmed it
	holding *roster.Holding // the hold after this poll; nil: there is none
}

// judge decides purely: h is the hold before this poll, if any; refuted says that a second opinion counts the missing
// as present.
func (p HoldPolicy) judge(h *roster.Holding, missing, arrived, size int, lastSeen, now time.Time, refuted bool) verdict {
	switch {
	case !p.unusual(missing, size) && h == nil:
		return verdict{}
	case !p.unusual(missing, size):
		return verdict{reason: roster.ReasonReturned}
	case p.replaced(missing, arrived):
		return verdict{reason: roster.ReasonConfirmed, by: byReplaced}
	case h == nil:
		return verdict{reason: roster.ReasonHeld, holding: &roster.Holding{LastSeen: lastSeen, FirstMissed: now}}
	}
	next := *h
	if !refuted {
		next.Polls++
	}
	switch {
	case next.Polls >= p.Polls:
		return verdict{reason: roster.ReasonConfirmed, by: byPolls}
	case now.Sub(h.FirstMissed) >= p.Max:
		return verdict{reason: roster.ReasonConfirmed, by: byDeadline}
	}
	return verdict{holding: &next}
}

// hold applies the policy to a turn: what is held back is set aside, and a hold record says when that begins and ends.
func (c *Cycle) hold(ctx context.Context, t *turn) {
	missing, arrived := differ.Missing(c.roster, t.snap.Roster)
	h, size := c.holding, len(c.roster.Clients)
	refuted := false
	if h != nil && c.Hold.unusual(len(missing), size) && !c.Hold.replaced(len(missing), arrived) {
		refuted = c.refuted(ctx, len(missing), len(t.snap.Roster.Clients))
	}
	t.missed = c.missedSince(missing, t)
	v := c.Hold.judge(h, len(missing), arrived, size, t.poll.PreviousRequestedAt, t.snap.ReceivedAt, refuted)
	t.holding = v.holding
	if v.holding != nil {
		for _, k := range missing {
			t.aside[k] = true
		}
	}
	if v.reason == "" {
		return
	}
	c.Log.Warn("unusually many clients vanished at once", zap.String("hold", v.reason), zap.String("by", v.by),
		zap.Int("missing", len(missing)), zap.Int("roster", size))
	detail := roster.Hold{Held: len(missing), Clients: size, By: v.by}
	from := t.poll.PreviousRequestedAt
	if h != nil {
		detail.Polls, from = h.Polls, h.LastSeen
	}
	if v.by == byPolls {
		detail.Polls++
	}
	t.say(roster.Event{Type: roster.HoldEvent, Reason: v.reason, NotBefore: from, NotAfter: t.snap.ReceivedAt, Detail: detail})
}

// refuted asks the second opinion: the site's own count is nearer to everybody than to those who are left.
// No answer is no opinion.
func (c *Cycle) refuted(ctx context.Context, missing, present int) bool {
	count, err := c.Source.Count(ctx)
	if err != nil {
		c.Log.Debug("no second opinion", zap.Error(err))
		return false
	}
	return 2*(count-present) > missing
}

// missedSince says since when each missing client has been missed: as noted before, else since this poll. After a
// restart during a hold the notes are gone; then it is somewhere between the last sight before the hold and now.
func (c *Cycle) missedSince(missing []roster.Key, t *turn) map[roster.Key]differ.Interval {
	missed := make(map[roster.Key]differ.Interval, len(missing))
	now := differ.Interval{LastSeen: t.poll.PreviousRequestedAt, FirstMissed: t.snap.ReceivedAt}
	if c.holding != nil && c.missed == nil {
		now.LastSeen = c.holding.LastSeen
	}
	for _, k := range missing {
		since, noted := c.missed[k]
		if !noted {
			since = now
		}
		missed[k] = since
	}
	return missed
}
