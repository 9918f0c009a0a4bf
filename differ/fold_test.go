package differ_test

import (
	"fmt"
	"slices"

	"rollcall/internal/roster"
)

// fold is what a consumer of the events knows: it applies them one by one and knows nothing else.
type fold map[roster.Key]folded

type folded struct {
	State roster.State // as the last event about the client said
	Log   []roster.Entry
}

// apply applies the events of one poll. It refuses an event that does not fit what was said before.
func (f fold) apply(events []roster.Event, window int) error {
	for i, e := range events {
		if err := f.one(e, window); err != nil {
			return fmt.Errorf("event %d, %s of %v: %w", i, e.Type, *e.Client, err)
		}
		if e.NotBefore.IsZero() || e.NotAfter.Before(e.NotBefore) {
			return fmt.Errorf("event %d, %s of %v: happened between %v and %v", i, e.Type, *e.Client, e.NotBefore, e.NotAfter)
		}
	}
	return nil
}

func (f fold) one(e roster.Event, window int) error {
	c, there := f[*e.Client]
	if mustBeThere := e.Type != roster.ConnectEvent; there != mustBeThere && e.Type != roster.SnapshotEvent {
		return fmt.Errorf("known is %v", there)
	}
	hadBefore := e.Type == roster.StateChangeEvent || e.Type == roster.DisconnectEvent
	if hadBefore && e.Before != c.State || !hadBefore && e.Before != "" {
		return fmt.Errorf("before is %s, but the last after was %s", e.Before, c.State)
	}
	switch e.Type {
	case roster.DisconnectEvent:
		delete(f, *e.Client)
		return nil
	case roster.ConnectEvent, roster.SnapshotEvent, roster.StateChangeEvent:
		c.State = e.After
	case roster.LogEvent:
		c.Log = append(slices.Clone(c.Log), *e.Entry)
		c.Log = c.Log[max(0, len(c.Log)-window):]
	case roster.LogGapEvent: // says that something is missing, and changes nothing
	default:
		return fmt.Errorf("no event about a client")
	}
	f[*e.Client] = c
	return nil
}

// foldOf is what a consumer must know when the roster is r.
func foldOf(r *roster.Roster) fold {
	f := fold{}
	for _, c := range r.Clients {
		f[c.Key] = folded{c.State, c.Log}
	}
	return f
}
