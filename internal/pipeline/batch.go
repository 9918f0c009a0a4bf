package pipeline

import (
	"time"

	"rollcall/internal/roster"
)

// partClients bounds one transaction: this many clients, each with its events, so that a poll in which everything
// changed neither fills the memory nor outlasts the transaction time-out.
const partClients = 5000

// batches turns the records of a turn into transactions. A client's events and its roster record stand in the
// same one; records about the site stand in the first, the checkpoint at the end of the last.
func (c *Cycle) batches(t *turn) []roster.Batch {
	p := &parts{cycle: c, turn: t, standing: c.standing, now: t.snap.ReceivedAt}
	p.standing.Site, p.standing.Scope, p.standing.Hold = c.Site, c.Scope, t.holding
	p.standing.Clients = len(c.roster.Clients)
	if c.baseline != "" {
		p.standing.Epoch++
		p.standing.Building = c.baseline
	}
	for _, e := range t.site {
		p.event(e)
	}
	for i, e := range t.result.Events {
		p.event(e)
		if i+1 == len(t.result.Events) || *t.result.Events[i+1].Client != *e.Client {
			p.client(*e.Client, t.result.Next.Find(*e.Client))
		}
	}
	for _, k := range t.result.Gone {
		p.client(k, nil)
	}
	t.sinceAfter = c.checkpoint(t, p)
	if !p.worthSaying() {
		return nil
	}
	p.standing.Building = ""
	p.standing.Poll, p.standing.Checkpoint = t.poll, t.sinceAfter
	p.cut()
	return p.done
}

// parts collects records into batches.
type parts struct {
	cycle    *Cycle
	turn     *turn
	now      time.Time
	standing roster.Standing // after what was collected so far
	open     roster.Batch
	done     []roster.Batch
}

// event numbers a record and adds it.
func (p *parts) event(e roster.Event) {
	p.standing.Seq++
	e.Site, e.Epoch, e.Seq, e.Poll = p.standing.Site, p.standing.Epoch, p.standing.Seq, p.turn.poll
	p.open.Events = append(p.open.Events, e)
}

// client adds the roster record that goes with the events just added; nil says that the client left.
func (p *parts) client(k roster.Key, now *roster.Client) {
	known := p.cycle.roster.Find(k) != nil
	switch {
	case now != nil && !known:
		p.standing.Clients++
	case now == nil && known:
		p.standing.Clients--
	}
	p.open.Clients = append(p.open.Clients, roster.ClientRecord{Key: k, Client: now, Seq: p.standing.Seq, ObservedAt: p.now})
	if len(p.open.Clients) >= partClients {
		p.standing.Poll.ID = p.turn.poll.ID
		p.cut()
	}
}

// cut ends the open batch.
func (p *parts) cut() {
	p.open.Site, p.open.Standing = p.standing.Site, p.standing
	p.done = append(p.done, p.open)
	p.open = roster.Batch{}
}

// worthSaying is false where there is nothing to publish but which poll was the last, and that was said lately.
func (p *parts) worthSaying() bool {
	s := p.cycle.standing
	return len(p.done) > 0 || len(p.open.Events) > 0 || len(p.open.Clients) > 0 ||
		p.turn.poll.RequestedAt.Sub(s.Poll.RequestedAt) >= standingEvery
}

// checkpoint says what was seen since the last one, when it is time for another, and gives the counts after this turn.
// The first accepted poll only starts the count.
func (c *Cycle) checkpoint(t *turn, p *parts) roster.Since {
	since := t.since
	if since.At.IsZero() {
		since.At = t.snap.ReceivedAt
	}
	if t.snap.ReceivedAt.Sub(since.At) < c.Checkpoint {
		return since
	}
	p.event(roster.Event{
		Type: roster.CheckpointEvent, TimeSource: roster.Bounded, NotBefore: t.snap.RequestedAt, NotAfter: t.snap.ReceivedAt,
		Detail: roster.Checkpoint{
			PollsTried: since.PollsTried, PollsAccepted: since.PollsAccepted,
			LongestBlindSeconds: since.LongestBlind.Seconds(),
			Clients:             len(t.result.Next.Clients), Digest: t.result.Next.Digest(c.Site),
		},
	})
	return roster.Since{At: t.snap.ReceivedAt}
}
