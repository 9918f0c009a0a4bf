package differ_test

import (
	"fmt"
	"time"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// The two polls of the tests that need no more: the last accepted one, and the one that is compared with it.
var (
	lastSeen  = time.Date(2026, 11, 23, 10, 0, 0, 1e6, time.UTC)
	requested = lastSeen.Add(5 * time.Second)
	received  = requested.Add(300 * time.Millisecond)
)

const since = 1795427100 // when the clients of the tests connected, unless a test says otherwise

func key(id string) roster.Key { return keySince(id, since) }

func keySince(id string, unix int64) roster.Key {
	return roster.Key{Type: roster.Representative, ID: id, Since: roster.Moment{Unix: unix}}
}

func client(k roster.Key, s roster.State, log ...roster.Entry) *roster.Client {
	return &roster.Client{Key: k, State: s, Log: log}
}

func entry(unix int64, message string) roster.Entry {
	return roster.Entry{TS: roster.Moment{Unix: unix}, Message: message}
}

func badEntry(ts, message string) roster.Entry {
	return roster.Entry{TS: roster.Moment{Text: ts}, Message: message}
}

// entries are n entries, a second apart, the first at since plus from; all differ.
func entries(from, n int) []roster.Entry {
	log := make([]roster.Entry, n)
	for i := range log {
		log[i] = entry(since+int64(from+i), fmt.Sprint("entry ", from+i))
	}
	return log
}

// rosterOf puts clients in order and notes the longest log, as whoever makes a roster does.
func rosterOf(clients ...*roster.Client) *roster.Roster {
	r := &roster.Roster{Clients: clients}
	roster.Sort(r.Clients)
	for _, c := range clients {
		r.Window = max(r.Window, len(c.Log))
	}
	return r
}

func snapshotOf(r *roster.Roster) *roster.Snapshot {
	return &roster.Snapshot{RequestedAt: requested, ReceivedAt: received, Roster: r}
}

// change is the change between two lists of clients in the two polls.
func change(before, after []*roster.Client) differ.Change {
	return differ.Change{Before: rosterOf(before...), LastSeen: lastSeen, After: snapshotOf(rosterOf(after...))}
}

// event is an event about k, bounded by the two polls.
func event(t roster.EventType, op roster.Op, k roster.Key) roster.Event {
	return roster.Event{Type: t, Op: op, Client: &k, NotBefore: lastSeen, NotAfter: received, TimeSource: roster.Bounded}
}

// toldAt says that the appliance told when e happened.
func toldAt(unix int64, e roster.Event) roster.Event {
	e.NotBefore, e.NotAfter, e.TimeSource = time.Unix(unix, 0), time.Unix(unix, 0), roster.FromSource
	return e
}

func bounded(from, to time.Time, e roster.Event) roster.Event {
	e.NotBefore, e.NotAfter, e.TimeSource = from, to, roster.Bounded
	return e
}

func states(before, after roster.State, e roster.Event) roster.Event {
	e.Before, e.After = before, after
	return e
}

func because(reason string, e roster.Event) roster.Event {
	e.Reason = reason
	return e
}

func changing(e roster.Event, fields ...string) roster.Event {
	e.Changed = fields
	return e
}

// logged are the events of entries whose times the appliance told.
func logged(op roster.Op, k roster.Key, log ...roster.Entry) []roster.Event {
	var events []roster.Event
	for _, l := range log {
		e := toldAt(l.TS.Unix, event(roster.LogEvent, op, k))
		e.Entry = &l
		events = append(events, e)
	}
	return events
}

func lost(e roster.Event, gap roster.LogGap) roster.Event {
	e.Detail = gap
	return e
}
