// Package differ works out what happened to the clients of a site between two sights of it: who left, who came, what
// changed, and which entries of the connection logs are new.
//
// Guarantees. It is pure: no clock, no I/O, the same change gives the same result, and nothing it is given is altered.
// Applying the events to the old roster gives the new one. The before of an event is, byte for byte, the after that
// was published last. A client about which there is nothing to say keeps its pointer, and costs one comparison of
// pointers if the reader gave the same pointer too. The same snapshot again has nothing to say.
//
// The event log of a client is a window that slides: the newest entries only, without ids, with a resolution of a
// second, in an order nobody promises. Old and new are therefore compared as multisets. Every entry the window shows
// is published, once for each copy; where entries were lost an event_log_gap stands. It also stands where nothing may
// have been lost, because exactly a full window came: the two look the same.
//
// Not promised:
//   - An entry that equals an older one in time and text, and comes into the window as that one leaves it, is taken
//     for it. A window full of entries all equal in time and text never says anything new; and where more than a window
//     was lost within one second, an entry equal to one known before can hide it.
//   - The order of entries within a second, where all the window shows is of that second: the direction of the window
//     cannot be told then.
//   - A loss in a window that is shorter than one seen on the site before: it does not count as full.
//   - Entries of a client that was reported as gone and comes back under the same key: they are new again.
//   - That entries are recognised after their text has been redacted in another way.
package differ

import (
	"time"

	"rollcall/internal/roster"
)

// Change is what happened between two sights of a site.
type Change struct {
	Before   *roster.Roster          // as last published; empty, not nil, where nothing was
	LastSeen time.Time               // requested_at of the last accepted poll; zero: none
	After    *roster.Snapshot        // in the order of the keys, and no log longer than its Window, as Before too
	Ignore   map[string]bool         // fields whose change alone is no state_change
	Baseline bool                    // build the baseline anew: snapshot records instead of connect, no disconnects
	SetAside map[roster.Key]bool     // clients about whom nothing is said now: they stay in the roster as they were, or out of it
	Missed   map[roster.Key]Interval // since when a missing client has been missed, where that was before this poll
}

// Interval is when a client went missing.
type Interval struct {
	LastSeen    time.Time // requested_at of the last poll that showed it
	FirstMissed time.Time // received_at of the first that did not
}

// Result is what there is to say about a change.
type Result struct {
	// Events are about clients only, in the order of the contract, complete but for Site, Epoch, Seq and Poll.
	Events []roster.Event
	// Next is Before with the events applied.
	Next *roster.Roster
	// Gone are the clients that leave the roster without an event, which only happens while a baseline is built.
	Gone []roster.Key
	// Headroom is how much of the tightest event log of a client known before was not new: 1 nothing new anywhere,
	// 0 a whole window.
	Headroom float64
}

// diff is a change being worked out.
type diff struct {
	Change
	Result
	sight  span           // in which whatever is seen for the first time happened
	window int            // entries in a full event log
	rest   []roster.Event // of the clients that are there; they follow the disconnects
}

// Diff says what happened.
func (c Change) Diff() Result {
	before, after := c.Before, c.After.Roster
	d := diff{Change: c, sight: c.sight(), window: max(before.LogWindow(), after.LogWindow())}
	d.Headroom = 1
	d.Next = &roster.Roster{
		Clients: make([]*roster.Client, 0, max(len(before.Clients), len(after.Clients))),
		Window:  d.window,
	}
	for p := range pairs(before, after) {
		d.pair(p)
	}
	d.Events = append(d.Events, d.rest...)
	return d.Result
}

func (d *diff) pair(p pair) {
	switch {
	case p.before == p.after && !d.Baseline:
		d.keep(p.before)
	case d.SetAside[p.key()]:
		if p.before != nil {
			d.keep(p.before)
		}
	case p.after != nil:
		d.present(p.before, p.after)
	case d.Baseline:
		d.Gone = append(d.Gone, p.key())
	default:
		d.absent(p.before, p.idBack)
	}
}

func (d *diff) keep(c *roster.Client) { d.Next.Clients = append(d.Next.Clients, c) }
