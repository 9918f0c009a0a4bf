package differ_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/differ"
	"rollcall/internal/roster"
)

type clients = []*roster.Client

// changeRow is a change and what is to be said about it.
type changeRow struct {
	name, reason  string
	before, after clients
	set           func(*differ.Change) // what else is to be known; may be nil
	want          []roster.Event
	next          []roster.Key // who is in the roster then; nil: whoever is in after
	gone          []roster.Key
}

func (row changeRow) run(t *testing.T) {
	t.Parallel()
	c := change(row.before, row.after)
	if row.set != nil {
		row.set(&c)
	}
	got := c.Diff()
	if diff := cmp.Diff(row.want, got.Events, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: events (-want +got):\n%s", row.reason, diff)
	}
	if row.next == nil {
		row.next = keysOf(c.After.Roster)
	}
	if diff := cmp.Diff(row.next, keysOf(got.Next), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: next roster (-want +got):\n%s", row.reason, diff)
	}
	if diff := cmp.Diff(row.gone, got.Gone, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: gone (-want +got):\n%s", row.reason, diff)
	}
}

func keysOf(r *roster.Roster) []roster.Key {
	keys := make([]roster.Key, len(r.Clients))
	for i, c := range r.Clients {
		keys[i] = c.Key
	}
	return keys
}

func TestDiffClients(t *testing.T) {
	t.Parallel()
	undated := roster.Key{Type: roster.Representative, ID: "1", Since: roster.Moment{Text: "soon"}}
	for _, row := range []changeRow{
		{name: "nobody", reason: "an empty site has nothing to say"},
		{name: "unchanged", reason: "what is as it was is not worth a word",
			before: clients{client(key("1"), `{"a":1}`)}, after: clients{client(key("1"), `{"a":1}`)}},
		{name: "connect", reason: "it happened at connected_since",
			after: clients{client(key("1"), `{"a":1}`)},
			want:  []roster.Event{toldAt(since, states("", `{"a":1}`, event(roster.ConnectEvent, roster.Create, key("1"))))}},
		{name: "connect at an unreadable time", reason: "then only the polls bound it",
			after: clients{client(undated, `{}`)},
			want:  []roster.Event{states("", `{}`, event(roster.ConnectEvent, roster.Create, undated))}},
		{name: "first poll", reason: "no poll before it: bounded by its own request", after: clients{client(undated, `{}`)},
			set: func(c *differ.Change) { c.LastSeen = time.Time{} },
			want: []roster.Event{bounded(requested, received,
				states("", `{}`, event(roster.ConnectEvent, roster.Create, undated)))}},
		{name: "clock set back", reason: "an interval never ends before it begins", after: clients{client(undated, `{}`)},
			set: func(c *differ.Change) { c.LastSeen = received.Add(time.Hour) },
			want: []roster.Event{bounded(requested, received,
				states("", `{}`, event(roster.ConnectEvent, roster.Create, undated)))}},
		{name: "state change", reason: "every field that differs is named, sorted",
			before: clients{client(key("1"), `{"a":1,"b":2,"c":3}`)}, after: clients{client(key("1"), `{"a":2,"c":3,"d":4}`)},
			want: []roster.Event{changing(states(`{"a":1,"b":2,"c":3}`, `{"a":2,"c":3,"d":4}`,
				event(roster.StateChangeEvent, roster.Update, key("1"))), "a", "b", "d")}},
		{name: "disconnect", reason: "between the last poll that saw it and the end of this one",
			before: clients{client(key("1"), `{"a":1}`)},
			want: []roster.Event{because(roster.ReasonAbsent,
				states(`{"a":1}`, "", event(roster.DisconnectEvent, roster.Delete, key("1"))))}},
		{name: "superseded", reason: "an id alone is no identity: its old connection is gone",
			before: clients{client(key("1"), `{"a":1}`)}, after: clients{client(keySince("1", since+9), `{"a":1}`)},
			want: []roster.Event{
				because(roster.ReasonSuperseded, states(`{"a":1}`, "", event(roster.DisconnectEvent, roster.Delete, key("1")))),
				toldAt(since+9, states("", `{"a":1}`, event(roster.ConnectEvent, roster.Create, keySince("1", since+9)))),
			}},
		{name: "superseded by an earlier connection", reason: "whatever the times say; a clock may have been set back",
			before: clients{client(key("1"), `{}`)}, after: clients{client(keySince("1", since-9), `{}`)},
			want: []roster.Event{
				because(roster.ReasonSuperseded, states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("1")))),
				toldAt(since-9, states("", `{}`, event(roster.ConnectEvent, roster.Create, keySince("1", since-9)))),
			}},
		{name: "same id of another type", reason: "ids are per type",
			before: clients{client(key("1"), `{}`)},
			after:  clients{client(roster.Key{Type: roster.PushAgent, ID: "1", Since: roster.Moment{Unix: since + 1}}, `{}`)},
			want: []roster.Event{
				because(roster.ReasonAbsent, states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("1")))),
				toldAt(since+1, states("", `{}`, event(roster.ConnectEvent, roster.Create,
					roster.Key{Type: roster.PushAgent, ID: "1", Since: roster.Moment{Unix: since + 1}}))),
			}},
		{name: "order", reason: "disconnects first, then client by client, ids as numbers, log entries with their client",
			before: clients{client(key("2"), `{"a":1}`), client(key("9"), `{}`), client(key("11"), `{}`)},
			after: clients{client(key("10"), `{}`, entry(since+2, "x"), entry(since+3, "y")), client(key("2"), `{"a":2}`),
				client(key("1"), `{}`)},
			want: slices.Concat([]roster.Event{
				because(roster.ReasonAbsent, states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("9")))),
				because(roster.ReasonAbsent, states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("11")))),
				toldAt(since, states("", `{}`, event(roster.ConnectEvent, roster.Create, key("1")))),
				changing(states(`{"a":1}`, `{"a":2}`, event(roster.StateChangeEvent, roster.Update, key("2"))), "a"),
				toldAt(since, states("", `{}`, event(roster.ConnectEvent, roster.Create, key("10")))),
			}, logged(roster.Create, key("10"), entry(since+2, "x"), entry(since+3, "y")))},
	} {
		t.Run(row.name, row.run)
	}
}

func TestDiffIgnore(t *testing.T) {
	t.Parallel()
	ignore := func(c *differ.Change) { c.Ignore = map[string]bool{"a": true, "b": true} }
	before := clients{client(key("1"), `{"a":1,"b":1,"c":1}`)}
	for _, row := range []changeRow{
		{name: "only ignored fields", reason: "no state_change", set: ignore,
			before: before, after: clients{client(key("1"), `{"a":2,"c":1}`)}},
		{name: "another field too", reason: "then after and changed have all", set: ignore,
			before: before, after: clients{client(key("1"), `{"a":2,"b":1,"c":2}`)},
			want: []roster.Event{changing(states(`{"a":1,"b":1,"c":1}`, `{"a":2,"b":1,"c":2}`,
				event(roster.StateChangeEvent, roster.Update, key("1"))), "a", "c")}},
		{name: "log entries", reason: "are no field", set: ignore,
			before: before, after: clients{client(key("1"), `{"a":2,"b":1,"c":1}`, entry(since, "x"))},
			want: logged(roster.Create, key("1"), entry(since, "x"))},
		{name: "unreadable state", reason: "where the fields cannot be told nothing is ignored", set: ignore,
			before: clients{client(key("1"), `{`)}, after: clients{client(key("1"), `{"a":2}`)},
			want: []roster.Event{states(`{`, `{"a":2}`, event(roster.StateChangeEvent, roster.Update, key("1")))}},
	} {
		t.Run(row.name, row.run)
	}
	for _, log := range [][]roster.Entry{nil, {entry(since, "x")}} {
		c := change(before, clients{client(key("1"), `{"a":2,"b":1,"c":1}`, log...)})
		ignore(&c)
		if diff := cmp.Diff(before[0].State, c.Diff().Next.Clients[0].State); diff != "" {
			t.Errorf("what was not published is not remembered, %d entries (-want +got):\n%s", len(log), diff)
		}
	}
}

func TestDiffBaseline(t *testing.T) {
	t.Parallel()
	baseline := func(c *differ.Change) { c.Baseline = true }
	snapshotOf := func(k roster.Key, s roster.State) roster.Event {
		return bounded(requested, received, states("", s, event(roster.SnapshotEvent, roster.Read, k)))
	}
	for _, row := range []changeRow{
		{name: "first run", reason: "everybody is a snapshot, with the log as it stands", set: baseline,
			after: clients{client(key("1"), `{"a":1}`, entry(since, "x")), client(key("2"), `{}`)},
			want: slices.Concat([]roster.Event{snapshotOf(key("1"), `{"a":1}`)},
				logged(roster.Read, key("1"), entry(since, "x")), []roster.Event{snapshotOf(key("2"), `{}`)})},
		{name: "unchanged", reason: "a baseline is complete", set: baseline,
			before: clients{client(key("1"), `{"a":1}`)}, after: clients{client(key("1"), `{"a":1}`)},
			want: []roster.Event{snapshotOf(key("1"), `{"a":1}`)}},
		{name: "changed", reason: "even what is ignored", before: clients{client(key("1"), `{"a":1}`)},
			after: clients{client(key("1"), `{"a":2}`)},
			set:   func(c *differ.Change) { c.Baseline, c.Ignore = true, map[string]bool{"a": true} },
			want:  []roster.Event{snapshotOf(key("1"), `{"a":2}`)}},
		{name: "absent", reason: "another scope proves no disconnect, superseded or not", set: baseline,
			before: clients{client(key("1"), `{}`), client(key("2"), `{}`)}, after: clients{client(keySince("2", since+1), `{}`)},
			want: []roster.Event{snapshotOf(keySince("2", since+1), `{}`)}, gone: []roster.Key{key("1"), key("2")}},
		{name: "entries known", reason: "log entries already published are not repeated", set: baseline,
			before: clients{client(key("1"), `{}`, entries(0, 3)...)}, after: clients{client(key("1"), `{}`, entries(1, 3)...)},
			want: slices.Concat([]roster.Event{snapshotOf(key("1"), `{}`)}, logged(roster.Read, key("1"), entries(3, 1)...))},
		{name: "full log of an unknown client", reason: "what was before the first sight was not lost", set: baseline,
			after: clients{client(key("1"), `{}`, entries(0, 20)...)},
			want:  slices.Concat([]roster.Event{snapshotOf(key("1"), `{}`)}, logged(roster.Read, key("1"), entries(0, 20)...))},
		{name: "full log of a known client", reason: "what was after the last sight may be lost", set: baseline,
			before: one(entries(0, 3)...), after: one(entries(3, 20)...),
			want: slices.Concat([]roster.Event{snapshotOf(key("1"), `{}`)}, gapThen(roster.Read, 2, 3, 20))},
		{name: "unreadable time", reason: "bounded by this poll alone", set: baseline,
			after: clients{client(key("1"), `{}`, badEntry("soon", "x"))},
			want: []roster.Event{snapshotOf(key("1"), `{}`), bounded(requested, received,
				withEntry(badEntry("soon", "x"), event(roster.LogEvent, roster.Read, key("1"))))}},
		{name: "set aside", reason: "nothing is said, nobody leaves",
			before: clients{client(key("1"), `{}`), client(key("2"), `{}`)},
			after:  clients{client(key("2"), `{"a":1}`), client(key("3"), `{}`)},
			set: func(c *differ.Change) {
				c.Baseline, c.SetAside = true, map[roster.Key]bool{key("1"): true, key("2"): true, key("3"): true}
			}, next: []roster.Key{key("1"), key("2")}},
	} {
		t.Run(row.name, row.run)
	}
}

func TestDiffSetAsideAndMissed(t *testing.T) {
	t.Parallel()
	aside := func(c *differ.Change) { c.SetAside = map[roster.Key]bool{key("1"): true} }
	missed := differ.Interval{LastSeen: lastSeen.Add(-time.Minute), FirstMissed: lastSeen.Add(-time.Second)}
	inInterval := func(reason string) roster.Event {
		return bounded(missed.LastSeen, missed.FirstMissed, because(reason,
			states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("1")))))
	}
	isMissed := func(c *differ.Change) { c.Missed = map[roster.Key]differ.Interval{key("1"): missed} }
	for _, row := range []changeRow{
		{name: "held", reason: "a held client stays as it was", set: aside,
			before: clients{client(key("1"), `{}`)}, next: []roster.Key{key("1")}},
		{name: "changed and set aside", reason: "stays as it was", set: aside, before: clients{client(key("1"), `{}`)},
			after: clients{client(key("1"), `{"a":1}`, entry(since, "x"))}},
		{name: "new and set aside", reason: "stays out", set: aside, after: clients{client(key("1"), `{}`)}, next: []roster.Key{}},
		{name: "others", reason: "go out as ever", set: aside, before: clients{client(key("1"), `{}`), client(key("2"), `{}`)},
			want: []roster.Event{because(roster.ReasonAbsent,
				states(`{}`, "", event(roster.DisconnectEvent, roster.Delete, key("2"))))}, next: []roster.Key{key("1")}},
		{name: "confirmed", reason: "it left when it was first missed, not when that was believed", set: isMissed,
			before: clients{client(key("1"), `{}`)}, want: []roster.Event{inInterval(roster.ReasonAbsent)}},
		{name: "missed, then superseded", reason: "it left before its id came back", set: isMissed,
			before: clients{client(key("1"), `{}`)}, after: clients{client(keySince("1", since+1), `{}`)},
			want: []roster.Event{inInterval(roster.ReasonSuperseded),
				toldAt(since+1, states("", `{}`, event(roster.ConnectEvent, roster.Create, keySince("1", since+1))))}},
		{name: "returned", reason: "a client that is there again was never gone", set: isMissed,
			before: clients{client(key("1"), `{}`)}, after: clients{client(key("1"), `{}`)}},
	} {
		t.Run(row.name, row.run)
	}
}

func withEntry(l roster.Entry, e roster.Event) roster.Event {
	e.Entry = &l
	return e
}

// Whoever is as last published keeps the pointer, so that the next comparison is one of pointers.
func TestDiffKeepsPointers(t *testing.T) {
	t.Parallel()
	old := client(key("1"), `{"a":1}`, entries(0, 3)...)
	window := client(key("1"), `{"a":1}`, entries(1, 20)...)
	changed := client(key("1"), `{"a":2}`, entries(0, 3)...)
	fallen := client(key("1"), `{"a":1}`, entries(0, 3)...)
	slices.Reverse(fallen.Log)
	for _, row := range []struct {
		name, reason  string
		before, after clients
		set           func(*differ.Change)
		want          *roster.Client
	}{
		{"same pointer", "nothing is looked at", clients{old}, clients{old}, nil, old},
		{"equal", "what was published is what is remembered", clients{old}, clients{client(old.Key, old.State, old.Log...)}, nil, old},
		{"log the other way round", "says the same", clients{old}, clients{fallen}, nil, old},
		{"shorter log", "says nothing new", clients{old}, clients{client(old.Key, old.State, entries(1, 1)...)}, nil, old},
		{"only ignored fields", "were not published", clients{old}, clients{changed},
			func(c *differ.Change) { c.Ignore = map[string]bool{"a": true} }, old},
		{"set aside", "stays as it was", clients{old}, clients{changed},
			func(c *differ.Change) { c.SetAside = map[roster.Key]bool{old.Key: true} }, old},
		{"baseline", "is new in the topics, not in the roster", clients{old}, clients{client(old.Key, old.State, old.Log...)},
			func(c *differ.Change) { c.Baseline = true }, old},
		{"connected", "the reader's client is taken as it is", nil, clients{old}, nil, old},
		{"changed", "the reader's client is taken as it is", clients{old}, clients{changed}, nil, changed},
		{"full window", "of which nothing older need be remembered", clients{old}, clients{window}, nil, window},
	} {
		c := change(row.before, row.after)
		if row.set != nil {
			row.set(&c)
		}
		if got := c.Diff().Next.Clients; len(got) != 1 || got[0] != row.want {
			t.Errorf("%s: %s, but got another client %v", row.name, row.reason, got)
		}
	}
}

func TestDiffAltersNothing(t *testing.T) {
	t.Parallel()
	build := func() differ.Change {
		fallen := entries(0, 20)
		slices.Reverse(fallen)
		return change(clients{client(key("1"), `{"a":1}`, entries(0, 19)...), client(key("2"), `{}`)},
			clients{client(key("1"), `{"a":2}`, fallen...), client(key("3"), `{}`, fallen...)})
	}
	c := build()
	first := c.Diff()
	if diff := cmp.Diff(build(), c); diff != "" {
		t.Errorf("the change was altered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, c.Diff()); diff != "" {
		t.Errorf("the same change gives another result (-first +second):\n%s", diff)
	}
}
