package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"rollcall/internal/roster"
)

// load fences whoever wrote before and takes up what was published. It is the same after a start, a takeover and a
// transaction with an unknown end. If we die here, nothing is changed but that older writers are fenced.
func (c *Cycle) load(ctx context.Context) error {
	c.Observe(Report{Site: c.Site, Phase: Loading, Standing: c.standing, Accepted: c.accepted})
	if err := c.Publisher.Claim(ctx); err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	standing, err := c.Memory.Standing(ctx, c.Site)
	if err != nil && !errors.Is(err, roster.ErrUnreadable) {
		return fmt.Errorf("read standing: %w", err)
	}
	if err == nil && c.settle(standing) {
		c.loaded = true
		return nil
	}
	if err := c.loadAll(ctx, standing, err); err != nil {
		return err
	}
	c.loaded, c.attempt = true, nil
	c.Log.Info("site loaded", zap.Int64("epoch", c.standing.Epoch), zap.Int64("seq", c.standing.Seq),
		zap.Int("clients", len(c.roster.Clients)), zap.String("baseline", c.baseline))
	return nil
}

// settle decides by the standing alone, where it can: it is the one that we know, or the one that the transaction with
// the unknown end was to leave behind. Then nobody else has written, and what is in memory holds. In any other case
// everything is read again.
func (c *Cycle) settle(published *roster.Standing) bool {
	if c.roster == nil || published == nil {
		return false
	}
	switch {
	case same(*published, c.standing):
	case c.attempt != nil && same(*published, c.attempt.last().Standing):
		c.landed(c.attempt)
	default:
		return false
	}
	c.attempt = nil
	return true
}

// same compares standings in the form in which they are published.
func same(a, b roster.Standing) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// loadAll reads the roster and decides whether it can be built upon. unreadable is what was wrong with the standing.
func (c *Cycle) loadAll(ctx context.Context, standing *roster.Standing, unreadable error) error {
	before, err := c.Memory.Roster(ctx, c.Site)
	if err != nil && !errors.Is(err, roster.ErrUnreadable) {
		return fmt.Errorf("read roster: %w", err)
	}
	unreadable = errors.Join(unreadable, err)
	epoch, seq, err := c.Memory.LastEvent(ctx, c.Site)
	if err != nil && !errors.Is(err, roster.ErrUnreadable) {
		return fmt.Errorf("read last event: %w", err)
	}
	if before == nil {
		before = &roster.Roster{}
	}
	if standing == nil {
		standing = &roster.Standing{Site: c.Site}
	}
	c.baseline = c.whyBaseline(standing, len(before.Clients), seq, unreadable)
	if poll := standing.Poll; poll.RequestedAt.After(c.accepted.RequestedAt) { // others polled: what blinded us is over
		c.blind = blindness{due: poll.RequestedAt.Add(c.Interval)}
	}
	c.standing, c.roster = *standing, before
	c.standing.Epoch, c.standing.Seq = max(standing.Epoch, epoch), max(standing.Seq, seq)
	c.accepted, c.since = standing.Poll, standing.Checkpoint
	c.holding, c.missed = standing.Hold, nil
	return nil
}

// whyBaseline says why the roster that was read cannot be built upon; empty where it can.
func (c *Cycle) whyBaseline(s *roster.Standing, clients int, lastSeq int64, unreadable error) string {
	lost := ""
	switch {
	case unreadable != nil:
		lost = unreadable.Error()
	case s.Epoch == 0 && clients == 0 && lastSeq == 0:
		return roster.ReasonFirstRun
	case s.Epoch == 0:
		lost = "the state topic says nothing of this site"
	case lastSeq > s.Seq:
		lost = fmt.Sprintf("the state topic ends at record %d, the events topic at %d", s.Seq, lastSeq)
	case s.Building != "":
		return s.Building
	case s.Clients != clients:
		lost = fmt.Sprintf("the clients topic holds %d clients, the state topic says %d", clients, s.Clients)
	case s.Scope != c.Scope:
		return roster.ReasonScopeChanged
	default:
		return ""
	}
	c.Log.Error("what was published cannot be built upon, a new baseline follows", zap.String("cause", lost))
	return roster.ReasonStateLost
}
