package differ_test

import (
	"slices"
	"testing"
	"time"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// watch is somebody who watches a random life through the differ, and somebody who knows the truth and compares.
type watch struct {
	*life
	clock    time.Time      // of the polls; the log has another
	roster   *roster.Roster // as last published
	lastSeen time.Time
	fold     fold                    // of all events there ever were
	told     map[roster.Key]*toldLog // by connection in the roster
	tally    map[string]int          // of what was met, so that nothing is left untried
}

// toldLog is which entries of a log, by their places in it, a perfect memory would hold.
type toldLog struct {
	known []int
	// unsure: an entry came into the window that equals one known before that has left it. From then on nobody who
	// sees the windows alone can say which is which, and only the weaker laws are asked for.
	unsure bool
	// shuffled: all the window once showed was of one second, newest first. Nobody can tell its direction, and so which
	// of its entries are the oldest: the differ goes by what the window shows later, a consumer cannot.
	shuffled bool
}

// Applying the events of each poll to the old roster gives the new one; the log of everybody is published complete, or
// a gap stands where the window lost entries, or may have.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	first := firstSeed(t)
	tally := map[string]int{}
	for i := range uint64(lives()) {
		w := watch{life: newLife(first + i), clock: lastSeen, roster: &roster.Roster{}, fold: fold{},
			told: map[roster.Key]*toldLog{}, tally: tally}
		for poll := range 6 {
			if w.poll(t); t.Failed() {
				t.Fatalf("poll %d of the life of -seed %d", poll, first+i)
			}
		}
	}
	t.Log(tally)
	for _, kind := range []string{"connect", "disconnect", "snapshot", "state_change", "event_log", "event_log_gap", "superseded",
		"held", "gone", "unsure", "sure", "entries lost", "perhaps lost", "returned", "long window"} {
		if tally[kind] == 0 {
			t.Errorf("%s was never met", kind)
		}
	}
	if tally["unsure"]*3 > tally["sure"] {
		t.Errorf("of most logs nothing could be said for sure: %v", tally)
	}
}

func (w *watch) poll(t *testing.T) {
	w.pass()
	c := w.change()
	got := checkLaws(t, c)
	for _, k := range got.Gone {
		delete(w.fold, k)
		w.tally["gone"]++
	}
	if err := w.fold.apply(got.Events, got.Next.Window); err != nil {
		t.Error(err)
	}
	w.checkLogs(t, c, got)
	for k := range w.told {
		if got.Next.Find(k) == nil {
			delete(w.told, k)
		} else if f := w.fold[k]; w.told[k].unsure || w.told[k].shuffled {
			f.Log = got.Next.Find(k).Log // which entries are remembered, the slow differ says
			w.fold[k] = f
		}
	}
	if diff := difference(foldOf(got.Next), w.fold); diff != "" {
		t.Errorf("the fold of all events is not the roster (-roster +fold):\n%s", diff)
	}
	w.count(c, got)
	w.roster, w.lastSeen = got.Next, c.After.RequestedAt
}

// change is the next poll, now and then with a new baseline, and with some clients held or set aside.
func (w *watch) change() differ.Change {
	c := differ.Change{Before: w.roster, LastSeen: w.lastSeen, Baseline: w.chance(0.05), SetAside: map[roster.Key]bool{},
		Ignore: map[string]bool{"volatile": true}, Missed: map[roster.Key]differ.Interval{}}
	w.clock = w.clock.Add(250 * time.Millisecond)
	c.After = &roster.Snapshot{RequestedAt: w.clock, ReceivedAt: w.clock.Add(100 * time.Millisecond), Roster: w.show()}
	missing, _ := differ.Missing(c.Before, c.After.Roster)
	for _, k := range missing {
		if w.chance(0.5) {
			c.SetAside[k] = true
			w.tally["held"]++
		} else if w.chance(0.3) {
			c.Missed[k] = differ.Interval{LastSeen: w.lastSeen.Add(-2 * time.Second), FirstMissed: w.lastSeen.Add(-time.Second)}
		}
	}
	for _, k := range keysOf(c.After.Roster) {
		if w.chance(0.05) {
			c.SetAside[k] = true
		}
	}
	return c
}

func (w *watch) checkLogs(t *testing.T, c differ.Change, got differ.Result) {
	for _, conn := range w.connections {
		if conn.hidden || c.SetAside[conn.key] {
			continue
		}
		told := w.told[conn.key]
		if told == nil {
			told = &toldLog{}
			w.told[conn.key] = told
		}
		w.checkLog(t, c, got, conn, told)
	}
}

// checkLog compares what was said of one log with the log.
func (w *watch) checkLog(t *testing.T, c differ.Change, got differ.Result, conn *connection, told *toldLog) {
	from := w.windowFrom(conn)
	fresh := from // the first entry that is new in the window
	if n := len(told.known); n > 0 {
		fresh = max(from, told.known[n-1]+1)
	}
	told.unsure = told.unsure || ambiguous(conn.log, told.known, from, fresh)
	said, gap := saidOf(got.Events, conn.key)
	if told.unsure {
		w.tally["unsure"]++
		checkGenuine(t, conn, said)
		return
	}
	w.tally["sure"]++
	want := slices.Clone(conn.log[fresh:])
	if w.newestFirst && len(want) > 0 && conn.log[from].TS == want[len(want)-1].TS {
		told.shuffled = true
		sortEntries(want)
		sortEntries(said)
	}
	if diff := difference(want, said); diff != "" {
		t.Errorf("the entries of %v (-want +got):\n%s", conn.key, diff)
	}
	w.checkGap(t, conn, gap, gapWanted{
		lost:     lostBetween(told.known, from) > 0,
		mayBe:    fresh == from && len(conn.log)-from >= got.Next.Window,
		excepted: c.Baseline && len(told.known) == 0,
	})
	told.remember(fresh, len(conn.log), got.Next.Window)
}

type gapWanted struct {
	lost     bool // entries were lost, as the truth has it
	mayBe    bool // nothing in common with what is known, and full as far as anybody knows
	excepted bool // the first sight of a client in a baseline
}

func (w *watch) checkGap(t *testing.T, conn *connection, gap bool, want gapWanted) {
	if want.lost && !want.excepted {
		w.tally["entries lost"]++
	}
	if !want.lost && gap {
		w.tally["perhaps lost"]++
	}
	if want.lost && !want.excepted && !gap {
		t.Errorf("entries of %v were lost, and no gap says so", conn.key)
	}
	if gap != (want.mayBe && !want.excepted) {
		t.Errorf("a gap in the log of %v is said: %v, but nothing in common and a full window: %v", conn.key, gap, want.mayBe)
	}
}

// ambiguous says whether one of the entries from fresh on equals one that was known and has left the window.
func ambiguous(log []roster.Entry, known []int, from, fresh int) bool {
	for _, i := range known {
		if i < from && slices.Contains(log[fresh:], log[i]) {
			return true
		}
	}
	return false
}

// lostBetween counts the entries between those known and the window.
func lostBetween(known []int, from int) int {
	if len(known) == 0 {
		return from
	}
	return max(0, from-known[len(known)-1]-1)
}

func (l *toldLog) remember(fresh, end, window int) {
	for i := fresh; i < end; i++ {
		l.known = append(l.known, i)
	}
	l.known = l.known[max(0, len(l.known)-window):]
}

// saidOf are the log entries published for a client, and whether a gap was.
func saidOf(events []roster.Event, k roster.Key) (said []roster.Entry, gap bool) {
	for _, e := range events {
		switch {
		case *e.Client != k:
		case e.Type == roster.LogGapEvent:
			gap = true
		case e.Type == roster.LogEvent:
			said = append(said, *e.Entry)
		}
	}
	return said, gap
}

// checkGenuine wants nothing published that the log does not hold, nor more copies of it than it holds.
func checkGenuine(t *testing.T, conn *connection, said []roster.Entry) {
	for _, e := range said {
		if copies(said, e) > copies(conn.log, e) {
			t.Errorf("%v was published more often than %v wrote it", e, conn.key)
		}
	}
}

func sortEntries(log []roster.Entry) {
	slices.SortFunc(log, func(a, b roster.Entry) int {
		if a.TS != b.TS {
			return roster.CompareEntries(a, b)
		}
		return slices.Compare([]byte(a.Message), []byte(b.Message))
	})
}

func (w *watch) count(c differ.Change, got differ.Result) {
	for _, e := range got.Events {
		w.tally[string(e.Type)]++
		w.tally[e.Reason]++
	}
	for _, conn := range w.connections {
		if conn.was && !conn.hidden && c.Before.Find(conn.key) != nil {
			w.tally["returned"]++
		}
	}
	if got.Next.Window > roster.LogWindow {
		w.tally["long window"]++
	}
}
