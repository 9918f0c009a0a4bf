package differ_test

import (
	"cmp"
	"slices"
	"time"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// slowly is Diff written for the eye: maps, counting by looking at everything again, and one sort at the end.
func slowly(c differ.Change) differ.Result {
	s := slow{Change: c, window: max(20, c.Before.Window, c.After.Roster.Window), old: byKey(c.Before), now: byKey(c.After.Roster)}
	s.Headroom = 1
	s.from = c.LastSeen
	if c.Baseline || c.LastSeen.IsZero() || c.LastSeen.After(c.After.RequestedAt) {
		s.from = c.After.RequestedAt
	}
	s.Next = &roster.Roster{Window: s.window}
	for k := range union(s.old, s.now) {
		s.client(k)
	}
	slices.SortStableFunc(s.Events, func(a, b roster.Event) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Client.Compare(*b.Client))
	})
	slices.SortFunc(s.Gone, roster.Key.Compare)
	roster.Sort(s.Next.Clients)
	return s.Result
}

type slow struct {
	differ.Change
	differ.Result
	window   int
	from     time.Time
	old, now map[roster.Key]*roster.Client
}

func byKey(r *roster.Roster) map[roster.Key]*roster.Client {
	m := map[roster.Key]*roster.Client{}
	for _, c := range r.Clients {
		m[c.Key] = c
	}
	return m
}

func union(a, b map[roster.Key]*roster.Client) map[roster.Key]bool {
	all := map[roster.Key]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}

// rank puts disconnects first; all that is said of one client stays together, as it was said.
func rank(e roster.Event) int {
	if e.Type == roster.DisconnectEvent {
		return 0
	}
	return 1
}

func (s *slow) client(k roster.Key) {
	old, now := s.old[k], s.now[k]
	switch {
	case s.SetAside[k] && old != nil:
		s.Next.Clients = append(s.Next.Clients, old)
	case s.SetAside[k]:
	case now == nil && s.Baseline:
		s.Gone = append(s.Gone, k)
	case now == nil:
		s.disconnect(old)
	default:
		s.there(old, now)
	}
}

func (s *slow) say(e roster.Event, k roster.Key, source roster.Moment) {
	e.Client, e.NotBefore, e.NotAfter, e.TimeSource = &k, s.from, s.After.ReceivedAt, roster.Bounded
	if source.Unix != 0 {
		e.NotBefore, e.NotAfter, e.TimeSource = source.Time(), source.Time(), roster.FromSource
	}
	s.Events = append(s.Events, e)
}

func (s *slow) disconnect(old *roster.Client) {
	e := roster.Event{Type: roster.DisconnectEvent, Op: roster.Delete, Before: old.State, Reason: roster.ReasonAbsent}
	for k := range s.now {
		if k.Type == old.Key.Type && k.ID == old.Key.ID {
			e.Reason = roster.ReasonSuperseded
		}
	}
	s.say(e, old.Key, roster.Moment{})
	if m, ok := s.Missed[old.Key]; ok {
		last := &s.Events[len(s.Events)-1]
		last.NotBefore, last.NotAfter = m.LastSeen, m.FirstMissed
	}
}

func (s *slow) there(old, now *roster.Client) {
	next := &roster.Client{Key: now.Key, State: now.State}
	var known []roster.Entry
	if old != nil {
		known = old.Log
	}
	switch {
	case s.Baseline:
		s.say(roster.Event{Type: roster.SnapshotEvent, Op: roster.Read, After: now.State}, now.Key, roster.Moment{})
	case old == nil:
		s.say(roster.Event{Type: roster.ConnectEvent, Op: roster.Create, After: now.State}, now.Key, now.Key.Since)
	case old.State != now.State:
		changed := roster.Changed(old.State, now.State)
		if len(changed) > 0 && allOf(changed, s.Ignore) {
			next.State = old.State
			break
		}
		s.say(roster.Event{Type: roster.StateChangeEvent, Op: roster.Update, Before: old.State, After: now.State,
			Changed: changed}, now.Key, roster.Moment{})
	}
	fresh := s.log(old, now)
	next.Log = slowlyRemembered(known, slowlyOrdered(now.Log), fresh, s.window)
	s.Next.Clients = append(s.Next.Clients, next)
}

func allOf(names []string, set map[string]bool) bool {
	for _, n := range names {
		if !set[n] {
			return false
		}
	}
	return true
}

func (s *slow) log(old, now *roster.Client) (fresh []roster.Entry) {
	var known []roster.Entry
	if old != nil {
		known = old.Log
	}
	shown := slowlyOrdered(now.Log)
	for i, e := range shown {
		if copies(shown[:i+1], e) > copies(known, e) {
			fresh = append(fresh, e)
		}
	}
	if old != nil {
		s.Headroom = min(s.Headroom, 1-float64(len(fresh))/float64(s.window))
	}
	if len(fresh) >= s.window && len(fresh) == len(shown) && !(s.Baseline && len(known) == 0) {
		s.gap(now.Key, known, shown)
	}
	op := roster.Create
	if s.Baseline {
		op = roster.Read
	}
	for _, e := range fresh {
		s.say(roster.Event{Type: roster.LogEvent, Op: op, Entry: &e}, now.Key, e.TS)
	}
	return fresh
}

func (s *slow) gap(k roster.Key, known, shown []roster.Entry) {
	gap := roster.LogGap{Window: s.window, LostBefore: shown[0].TS}
	for _, e := range known {
		gap.LostAfter = e.TS
	}
	for _, e := range slices.Backward(shown) {
		if e.TS.Unix != 0 {
			gap.LostBefore = e.TS
		}
	}
	s.say(roster.Event{Type: roster.LogGapEvent, Op: roster.Create, Detail: gap}, k, roster.Moment{})
	last := &s.Events[len(s.Events)-1]
	if a, b := gap.LostAfter.Unix, gap.LostBefore.Unix; a != 0 && b != 0 && a <= b {
		last.NotBefore, last.NotAfter = gap.LostAfter.Time(), gap.LostBefore.Time()
	}
}

func copies(log []roster.Entry, e roster.Entry) int {
	n := 0
	for _, l := range log {
		if l == e {
			n++
		}
	}
	return n
}

// slowlyOrdered is a window with the oldest first.
func slowlyOrdered(window []roster.Entry) []roster.Entry {
	rises, falls := false, false
	var last int64
	for _, e := range window {
		if e.TS.Unix == 0 {
			continue
		}
		rises = rises || last != 0 && e.TS.Unix > last
		falls = falls || last != 0 && e.TS.Unix < last
		last = e.TS.Unix
	}
	var ordered []roster.Entry
	for _, e := range window {
		if falls && !rises {
			ordered = append([]roster.Entry{e}, ordered...)
		} else {
			ordered = append(ordered, e)
		}
	}
	slices.SortStableFunc(ordered, roster.CompareEntries)
	return ordered
}

// slowlyRemembered drops, one by one, the oldest entry of which more copies are remembered than shown.
func slowlyRemembered(known, shown, fresh []roster.Entry, window int) []roster.Entry {
	if len(fresh) == 0 {
		return known
	}
	all := slices.Concat(known, fresh)
	for len(all) > window {
		i := slices.IndexFunc(all, func(e roster.Entry) bool { return copies(all, e) > copies(shown, e) })
		all = slices.Delete(all, i, i+1)
	}
	slices.SortStableFunc(all, roster.CompareEntries)
	return all
}
