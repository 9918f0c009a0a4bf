package differ_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// one is a client whose log alone matters.
func one(log ...roster.Entry) clients { return clients{client(key("1"), `{}`, log...)} }

func reversed(log []roster.Entry) []roster.Entry {
	log = slices.Clone(log)
	slices.Reverse(log)
	return log
}

// gapThen are the events of a client whose window moved too far, from entry after on to the entries that are new.
func gapThen(op roster.Op, after, from, window int) []roster.Event {
	gap := roster.LogGap{LostAfter: entries(after, 1)[0].TS, LostBefore: entries(from, 1)[0].TS, Window: window}
	e := lost(event(roster.LogGapEvent, roster.Create, key("1")), gap)
	return append([]roster.Event{bounded(gap.LostAfter.Time(), gap.LostBefore.Time(), e)},
		logged(op, key("1"), entries(from, window)...)...)
}

func TestDiffLog(t *testing.T) {
	t.Parallel()
	told := func(log ...roster.Entry) []roster.Event { return logged(roster.Create, key("1"), log...) }
	x, y, z := entry(since+5, "x"), entry(since+5, "y"), entry(since+6, "z")
	for _, row := range []changeRow{
		{name: "first entries", reason: "all are new", before: one(), after: one(entries(0, 3)...), want: told(entries(0, 3)...)},
		{name: "appended", reason: "only what was not there", before: one(entries(0, 3)...), after: one(entries(0, 5)...),
			want: told(entries(3, 2)...)},
		{name: "newest first", reason: "a log that falls throughout is turned round",
			before: one(entries(0, 3)...), after: one(reversed(entries(0, 5))...), want: told(entries(3, 2)...)},
		{name: "same second, newest first", reason: "the direction holds for entries of the same second too",
			before: one(), after: one(z, y, x), want: told(x, y, z)},
		{name: "same second, oldest first", reason: "the order of the window is kept", before: one(), after: one(y, x, z),
			want: told(y, x, z)},
		{name: "same second throughout", reason: "no direction can be told, though an unreadable time is out of its place",
			before: one(), after: one(y, x, badEntry("soon", "b")),
			want: append([]roster.Event{withEntry(badEntry("soon", "b"), event(roster.LogEvent, roster.Create, key("1")))},
				told(y, x)...)},
		{name: "no order", reason: "sorted by time", before: one(), after: one(z, entry(since, "a"), y),
			want: told(entry(since, "a"), y, z)},
		{name: "slid by 19", reason: "one entry in common is enough", before: one(entries(0, 20)...),
			after: one(entries(19, 20)...), want: told(entries(20, 19)...)},
		{name: "slid by a window", reason: "nothing in common: perhaps nothing was lost, but nobody can know",
			before: one(entries(0, 20)...), after: one(entries(20, 20)...), want: gapThen(roster.Create, 19, 20, 20)},
		{name: "slid further", reason: "the loss stands between the entries known and those new",
			before: one(entries(0, 20)...), after: one(entries(45, 20)...), want: gapThen(roster.Create, 19, 45, 20)},
		{name: "nothing in common, not full", reason: "a window that is not full has lost nothing",
			before: one(entries(0, 20)...), after: one(entries(20, 19)...), want: told(entries(20, 19)...)},
		{name: "nothing known, full", reason: "what came before the window is lost, from the last poll on", before: one(),
			after: one(entries(0, 20)...), want: append([]roster.Event{lost(event(roster.LogGapEvent, roster.Create, key("1")),
				roster.LogGap{LostBefore: entries(0, 1)[0].TS, Window: 20})}, told(entries(0, 20)...)...)},
		{name: "equal entries", reason: "as many are new as there are more", before: one(x, x), after: one(x, x, x, x), want: told(x, x)},
		{name: "equal entries, some gone", reason: "what slides out is not new", before: one(entries(0, 20)...),
			after: one(append(entries(2, 18), entry(since+30, "r"), entry(since+30, "r"))...),
			want:  told(entry(since+30, "r"), entry(since+30, "r"))},
		{name: "entry that comes late", reason: "new is what was not there, however old it says it is",
			before: one(entries(5, 3)...), after: one(append(entries(2, 1), entries(5, 3)...)...), want: told(entries(2, 1)...)},
		{name: "another order", reason: "order means nothing", before: one(x, y, z), after: one(y, x, z)},
		{name: "shorter", reason: "what the window forgot is not undone", before: one(entries(0, 5)...), after: one(entries(3, 1)...)},
		{name: "unreadable time", reason: "bounded by the polls, before those that are told", before: one(),
			after: one(entry(since, "a"), badEntry("soon", "b")),
			want: append([]roster.Event{withEntry(badEntry("soon", "b"), event(roster.LogEvent, roster.Create, key("1")))},
				told(entry(since, "a"))...)},
	} {
		t.Run(row.name, row.run)
	}
}

func TestDiffLogGapBounds(t *testing.T) {
	t.Parallel()
	shown := entries(100, 20)
	at := func(i int) roster.Moment { return shown[i].TS }
	soon := roster.Moment{Text: "soon"}
	var unreadable []roster.Entry
	for range 20 {
		unreadable = append(unreadable, badEntry("soon", "x"))
	}
	polls := event(roster.LogGapEvent, roster.Create, key("1"))
	for _, row := range []struct {
		name, reason  string
		before, after []roster.Entry
		want          roster.Event
	}{
		{"told", "the appliance tells both ends", entries(0, 3), shown,
			lost(bounded(entries(2, 1)[0].TS.Time(), at(0).Time(), polls),
				roster.LogGap{LostAfter: entries(2, 1)[0].TS, LostBefore: at(0), Window: 20})},
		{"one unreadable", "the oldest time that can be read", entries(0, 3), append(shown[1:20:20], badEntry("soon", "x")),
			lost(bounded(entries(2, 1)[0].TS.Time(), at(1).Time(), polls),
				roster.LogGap{LostAfter: entries(2, 1)[0].TS, LostBefore: at(1), Window: 20})},
		{"all unreadable", "then only the polls bound it", entries(0, 3), unreadable,
			lost(polls, roster.LogGap{LostAfter: entries(2, 1)[0].TS, LostBefore: soon, Window: 20})},
		{"clock set back", "an interval never ends before it begins", entries(200, 3), shown,
			lost(polls, roster.LogGap{LostAfter: entries(202, 1)[0].TS, LostBefore: at(0), Window: 20})},
	} {
		got := change(one(row.before...), one(row.after...)).Diff().Events[0]
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.name, row.reason, diff)
		}
	}
}

func TestDiffLearnsTheWindow(t *testing.T) {
	t.Parallel()
	for _, row := range []changeRow{
		{name: "longer window", reason: "20 of 30 are not a full window",
			before: clients{client(key("1"), `{}`, entries(0, 20)...), client(key("2"), `{}`)},
			after:  clients{client(key("1"), `{}`, entries(50, 20)...), client(key("2"), `{}`, entries(0, 30)...)},
			want: slices.Concat(logged(roster.Create, key("1"), entries(50, 20)...),
				[]roster.Event{lost(event(roster.LogGapEvent, roster.Create, key("2")),
					roster.LogGap{LostBefore: entries(0, 1)[0].TS, Window: 30})},
				logged(roster.Create, key("2"), entries(0, 30)...))},
		{name: "known window", reason: "what was learned once is not forgotten", set: func(c *differ.Change) { c.Before.Window = 30 },
			before: one(entries(0, 20)...), after: one(entries(50, 29)...), want: logged(roster.Create, key("1"), entries(50, 29)...)},
		{name: "full long window", reason: "may have lost entries", set: func(c *differ.Change) { c.Before.Window = 30 },
			before: one(entries(0, 20)...), after: one(entries(50, 30)...), want: gapThen(roster.Create, 19, 50, 30)},
	} {
		t.Run(row.name, row.run)
	}
	c := change(one(), one())
	if got := c.Diff().Next.Window; got != roster.LogWindow {
		t.Errorf("nothing learned: the window is %d, want %d", got, roster.LogWindow)
	}
	c.Before.Window = 30
	if got := c.Diff().Next.Window; got != 30 {
		t.Errorf("a window of 30 learned: it is %d", got)
	}
}

func TestDiffRemembers(t *testing.T) {
	t.Parallel()
	bad := badEntry("soon", "b")
	a, f := entry(since, "a"), entry(since, "f")
	sameSecond := func(from, n int) []roster.Entry {
		log := entries(from, n)
		for i := range log {
			log[i].TS.Unix = since
		}
		return log
	}
	for _, row := range []struct {
		name, reason        string
		before, after, want []roster.Entry
	}{
		{name: "a window of all", reason: "the last of known and new together", before: entries(0, 20),
			after: entries(5, 20), want: entries(5, 20)},
		{name: "more than is shown", reason: "what fits in a window is remembered", before: entries(0, 15),
			after: entries(13, 4), want: entries(0, 17)},
		{name: "unreadable time", reason: "though it stands first, it is not forgotten while it is shown",
			before: append([]roster.Entry{bad}, entries(0, 19)...), after: append([]roster.Entry{bad}, entries(1, 19)...),
			want: append([]roster.Entry{bad}, entries(1, 19)...)},
		{name: "an old entry within a second", reason: "one that is taken for a new one is not forgotten either",
			before: append([]roster.Entry{a}, sameSecond(0, 19)...), after: append(sameSecond(1, 18), a, f),
			want: append(append([]roster.Entry{a}, sameSecond(1, 18)...), f)},
		{name: "late", reason: "the log is kept in order", before: entries(5, 3), after: append(entries(2, 1), entries(5, 3)...),
			want: append(entries(2, 1), entries(5, 3)...)},
	} {
		c := change(one(row.before...), one(row.after...))
		next := c.Diff().Next
		if diff := cmp.Diff(row.want, next.Clients[0].Log); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.name, row.reason, diff)
		}
		c.Before = next
		if events := c.Diff().Events; len(events) > 0 {
			t.Errorf("%s: the same snapshot again says %v", row.name, events)
		}
	}
}

func TestDiffHeadroom(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, reason  string
		before, after clients
		want          float64
	}{
		{"nobody", "nothing is tight", nil, nil, 1},
		{"nothing new", "", one(entries(0, 20)...), one(entries(0, 20)...), 1},
		{"five of twenty", "", one(entries(0, 20)...), one(entries(5, 20)...), 0.75},
		{"a window", "nothing is left", one(entries(0, 20)...), one(entries(20, 20)...), 0},
		{"new client", "its log was never watched", nil, one(entries(0, 15)...), 1},
		{"tightest", "of all clients", clients{client(key("1"), `{}`), client(key("2"), `{}`)},
			clients{client(key("1"), `{}`, entries(0, 10)...), client(key("2"), `{}`, entries(0, 5)...)}, 0.5},
	} {
		if got := change(row.before, row.after).Diff().Headroom; got != row.want {
			t.Errorf("%s: headroom %v, want %v %s", row.name, got, row.want, row.reason)
		}
	}
}
