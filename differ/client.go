package differ

import (
	"slices"

	"rollcall/internal/roster"
)

// absent tells that a client is gone.
func (d *diff) absent(c *roster.Client, idBack bool) {
	e := about(c, roster.DisconnectEvent, roster.Delete, d.whenMissed(c.Key))
	e.Before, e.Reason = c.State, roster.ReasonAbsent
	if idBack {
		e.Reason = roster.ReasonSuperseded
	}
	d.Events = append(d.Events, e)
}

// present tells what there is to tell of a client that is there. before is nil where it was not.
func (d *diff) present(before, after *roster.Client) {
	state := d.tellState(before, after)
	log := d.tellLog(before, after)
	d.keep(remembered(before, after, state, log))
}

// tellState gives the state that is published now.
func (d *diff) tellState(before, after *roster.Client) roster.State {
	var e roster.Event
	switch {
	case d.Baseline:
		e = about(after, roster.SnapshotEvent, roster.Read, d.sight)
	case before == nil:
		e = about(after, roster.ConnectEvent, roster.Create, d.sight.orAt(after.Key.Since))
	case before.State == after.State:
		return before.State
	default:
		e = about(after, roster.StateChangeEvent, roster.Update, d.sight)
		e.Before, e.Changed = before.State, roster.Changed(before.State, after.State)
		if d.ignores(e.Changed) {
			return before.State
		}
	}
	e.After = after.State
	d.rest = append(d.rest, e)
	return after.State
}

// ignores says whether a change of these fields is none. Where the fields that changed cannot be told, it is one.
func (d *diff) ignores(changed []string) bool {
	told := func(field string) bool { return !d.Ignore[field] }
	return len(changed) > 0 && !slices.ContainsFunc(changed, told)
}

// remembered gives the client with this state and log: the one of before if it still holds, else that of the snapshot
// if it does, so that the next comparison can be one of pointers.
func remembered(before, after *roster.Client, state roster.State, log []roster.Entry) *roster.Client {
	for _, c := range []*roster.Client{before, after} {
		if c != nil && c.State == state && slices.Equal(c.Log, log) {
			return c
		}
	}
	return &roster.Client{Key: after.Key, State: state, Log: log}
}

// about starts an event about a client.
func about(c *roster.Client, t roster.EventType, op roster.Op, s span) roster.Event {
	return roster.Event{Type: t, Op: op, Client: &c.Key, NotBefore: s.from, NotAfter: s.to, TimeSource: s.source}
}
