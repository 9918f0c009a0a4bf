package differ

import (
	"slices"

	"rollcall/internal/roster"
)

// tellLog tells the entries of the event log that are new, and gives the log that is remembered now.
func (d *diff) tellLog(before, after *roster.Client) []roster.Entry {
	var known []roster.Entry
	if before != nil {
		known = before.Log
	}
	if slices.Equal(known, after.Log) {
		return known
	}
	shown := oldestFirst(after.Log)
	fresh := minus(shown, known)
	if len(fresh) == 0 {
		return known
	}
	if before != nil {
		d.Headroom = min(d.Headroom, 1-float64(len(fresh))/float64(d.window))
	}
	if d.mayHaveLost(known, shown, fresh) {
		d.tellLogGap(after, known, shown)
	}
	d.tellEntries(after, fresh)
	return remember(known, shown, fresh, d.window)
}

// mayHaveLost says whether the window may have moved further than it overlaps. While a baseline is built, a client of
// which no entry is known has lost none.
func (d *diff) mayHaveLost(known, shown, fresh []roster.Entry) bool {
	overlap := len(shown) - len(fresh)
	return overlap == 0 && len(shown) >= d.window && (len(known) > 0 || !d.Baseline)
}

func (d *diff) tellLogGap(c *roster.Client, known, shown []roster.Entry) {
	gap := roster.LogGap{LostBefore: oldest(shown), Window: d.window}
	if len(known) > 0 {
		gap.LostAfter = known[len(known)-1].TS
	}
	e := about(c, roster.LogGapEvent, roster.Create, d.sight.orBetween(gap.LostAfter, gap.LostBefore))
	e.Detail = gap
	d.rest = append(d.rest, e)
}

func (d *diff) tellEntries(c *roster.Client, fresh []roster.Entry) {
	op := roster.Create
	if d.Baseline {
		op = roster.Read
	}
	for i := range fresh {
		e := about(c, roster.LogEvent, op, d.sight.orAt(fresh[i].TS))
		e.Entry = &fresh[i]
		d.rest = append(d.rest, e)
	}
}

// oldest is the time of the oldest entry that has one; unreadable times come first in a log.
func oldest(log []roster.Entry) roster.Moment {
	for _, e := range log {
		if e.TS.IsTime() {
			return e.TS
		}
	}
	return log[0].TS
}

// oldestFirst puts a window in order. One that falls throughout is newest first: it is turned round before it is
// sorted, so that entries of the same second come into their order too.
func oldestFirst(window []roster.Entry) []roster.Entry {
	if slices.IsSortedFunc(window, roster.CompareEntries) {
		return window
	}
	ordered := slices.Clone(window)
	if falls(window) {
		slices.Reverse(ordered)
	}
	slices.SortStableFunc(ordered, roster.CompareEntries)
	return ordered
}

// falls says whether the readable times in the window fall, and nowhere rise.
func falls(window []roster.Entry) bool {
	last, fell := int64(0), false
	for _, e := range window {
		if !e.TS.IsTime() {
			continue
		}
		if last != 0 && e.TS.Unix > last {
			return false
		}
		fell = fell || e.TS.Unix < last
		last = e.TS.Unix
	}
	return fell
}

// minus takes from a, as a multiset, what is in b. Of equal entries the last ones stay.
func minus(a, b []roster.Entry) []roster.Entry {
	if len(b) == 0 {
		return a
	}
	in := count(b)
	var rest []roster.Entry
	for _, e := range a {
		if in[e] > 0 {
			in[e]--
			continue
		}
		rest = append(rest, e)
	}
	return rest
}

// remember gives the last entries known, a window of them. What the window still shows is never forgotten in favour of
// what it shows no longer, whatever their times say: it would seem new again.
func remember(known, shown, fresh []roster.Entry, window int) []roster.Entry {
	if surplus := len(known) + len(fresh) - window; surplus > 0 {
		known = forget(known, shown, surplus)
	}
	all := slices.Concat(known, fresh)
	slices.SortStableFunc(all, roster.CompareEntries)
	return all
}

// forget drops the n oldest entries of known that are not shown any more. Of equal entries the first ones go.
func forget(known, shown []roster.Entry, n int) []roster.Entry {
	in := count(shown)
	gone := make([]bool, len(known))
	for i := len(known) - 1; i >= 0; i-- {
		gone[i] = in[known[i]] == 0
		if !gone[i] {
			in[known[i]]--
		}
	}
	kept := make([]roster.Entry, 0, len(known))
	for i, e := range known {
		if gone[i] && n > 0 {
			n--
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

func count(log []roster.Entry) map[roster.Entry]int {
	n := make(map[roster.Entry]int, len(log))
	for _, e := range log {
		n[e]++
	}
	return n
}
