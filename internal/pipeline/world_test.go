package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"rollcall/internal/roster"
)

const testSite = "support.example.com"

// site is a source that answers from memory, in the time of the test's bubble.
type site struct {
	clients  map[string]string // id of a representative -> user name
	since    int64             // connected_since of everybody
	failures []roster.Failure  // of the next polls
	opinion  func() (int, error)
	interval time.Duration
	asked    time.Time
}

func newSite(n int) *site {
	s := &site{clients: map[string]string{}, since: 1795427100, interval: 10 * time.Second}
	for i := range n {
		s.clients[strconv.Itoa(100+i)] = "user"
	}
	return s
}

func (s *site) Next() time.Time {
	if s.asked.IsZero() {
		return time.Now()
	}
	return s.asked.Add(s.interval)
}

func (s *site) Count(context.Context) (int, error) {
	if s.opinion == nil {
		return 0, errors.New("no second opinion")
	}
	return s.opinion()
}

func (s *site) Snapshot(context.Context) (*roster.Snapshot, error) {
	s.asked = time.Now()
	if len(s.failures) > 0 {
		f := s.failures[0]
		s.failures = s.failures[1:]
		return nil, &f
	}
	r := &roster.Roster{}
	for id, user := range s.clients {
		r.Clients = append(r.Clients, &roster.Client{
			Key:   roster.Key{Type: roster.Representative, ID: id, Since: roster.Moment{Unix: s.since}},
			State: roster.Fields{"username": roster.Quote(user)}.State(),
		})
	}
	roster.Sort(r.Clients)
	time.Sleep(300 * time.Millisecond) // of the bubble's time: the answer takes a while
	return &roster.Snapshot{RequestedAt: s.asked, ReceivedAt: time.Now(), Roster: r}, nil
}

// restart gives everybody a new id, as a restarted appliance does.
func (s *site) restart() {
	was := s.clients
	s.clients = map[string]string{}
	for id, user := range was {
		s.clients["9"+id] = user
	}
	s.since++
}

// outcome is what becomes of one call of Publish.
type outcome int

const (
	landed        outcome = iota
	lost                  // an error, and nothing applied
	landedUnheard         // an error, and everything applied
)

var errBroker = errors.New("broker gone")

// ledger is both ends of Kafka: what Publish wrote, the memory reads. Its claims fence one another.
type ledger struct {
	events   []roster.Event
	clients  map[roster.Key]roster.ClientRecord
	standing *roster.Standing
	outcomes []outcome // of the next calls of Publish; landed when used up
	largest  map[roster.Key]bool
	fenced   bool
	broken   bool // every call fails
	loads    int  // how often the whole roster was read
}

func newLedger() *ledger { return &ledger{clients: map[roster.Key]roster.ClientRecord{}} }

func (l *ledger) Claim(context.Context) error {
	if l.broken {
		return errBroker
	}
	return nil
}

func (l *ledger) Publish(_ context.Context, b roster.Batch) error {
	if l.fenced {
		return roster.ErrFenced
	}
	for _, e := range b.Events {
		if e.Client != nil && l.largest[*e.Client] {
			return &roster.TooLargeError{Key: *e.Client, Bytes: 2, Limit: 1}
		}
	}
	result := landed
	if len(l.outcomes) > 0 {
		result, l.outcomes = l.outcomes[0], l.outcomes[1:]
	}
	if l.broken || result == lost {
		return errBroker
	}
	l.events = append(l.events, b.Events...)
	for _, r := range b.Clients {
		l.clients[r.Key] = r
		if r.Client == nil {
			delete(l.clients, r.Key)
		}
	}
	standing := b.Standing
	l.standing = &standing
	if result == landedUnheard {
		return errBroker
	}
	return nil
}

func (l *ledger) Standing(context.Context, string) (*roster.Standing, error) { return l.standing, nil }

func (l *ledger) Roster(context.Context, string) (*roster.Roster, error) {
	l.loads++
	r := &roster.Roster{}
	for _, record := range l.clients {
		r.Clients = append(r.Clients, record.Client)
	}
	roster.Sort(r.Clients)
	return r, nil
}

func (l *ledger) LastEvent(context.Context, string) (epoch, seq int64, err error) {
	if len(l.events) == 0 {
		return 0, 0, nil
	}
	last := l.events[len(l.events)-1]
	return last.Epoch, last.Seq, nil
}

// verify holds what must be true after every transaction: seq without a hole, the roster topic the fold of the events.
func (l *ledger) verify(t *testing.T) {
	t.Helper()
	fold := map[roster.Key]roster.State{}
	for i, e := range l.events {
		if want := int64(i + 1); e.Seq != want {
			t.Fatalf("record %d has seq %d: %v", want, e.Seq, e.Type)
		}
		if e.NotAfter.Before(e.NotBefore) {
			t.Errorf("seq %d: %s ends at %v, before it begins at %v", e.Seq, e.Type, e.NotAfter, e.NotBefore)
		}
		switch e.Type {
		case roster.EpochEvent:
			clear(fold)
		case roster.DisconnectEvent:
			if fold[*e.Client] != e.Before {
				t.Errorf("seq %d: before is %s, last after was %s", e.Seq, e.Before, fold[*e.Client])
			}
			delete(fold, *e.Client)
		case roster.ConnectEvent, roster.SnapshotEvent, roster.StateChangeEvent:
			if e.Before != fold[*e.Client] {
				t.Errorf("seq %d: before is %s, last after was %s", e.Seq, e.Before, fold[*e.Client])
			}
			fold[*e.Client] = e.After
		}
	}
	states := map[roster.Key]roster.State{}
	for k, r := range l.clients {
		states[k] = r.Client.State
	}
	if diff := gocmp.Diff(fold, states); diff != "" {
		t.Errorf("the roster topic is not the fold of the events (-fold +topic):\n%s", diff)
	}
	if l.standing.Clients != len(l.clients) {
		t.Errorf("the standing says %d clients, the roster topic holds %d", l.standing.Clients, len(l.clients))
	}
}

// said lists the records from seq on, in short.
func (l *ledger) said(from int) []string {
	var out []string
	for _, e := range l.events[min(from, len(l.events)):] {
		s := string(e.Type)
		if e.Client != nil {
			s += " " + e.Client.ID
		}
		if e.Reason != "" {
			s += " " + e.Reason
		}
		switch d := e.Detail.(type) {
		case roster.Gap:
			s += fmt.Sprintf(" %d failed in %v", d.PollsFailed, d.To.Sub(d.From))
		case roster.Hold:
			s += fmt.Sprintf(" %d of %d", d.Held, d.Clients)
			if d.By != "" {
				s += " by " + d.By
			}
		}
		out = append(out, s)
	}
	return out
}

// truth says that the roster topic holds exactly who is connected to the site.
func (l *ledger) truth(t *testing.T, s *site) {
	t.Helper()
	var got []string
	for k := range l.clients {
		got = append(got, k.ID)
	}
	slices.Sort(got)
	if diff := gocmp.Diff(slices.Sorted(maps.Keys(s.clients)), got); diff != "" {
		t.Errorf("the roster topic is not the site's (-site +topic):\n%s", diff)
	}
}

func newCycle(s *site, l *ledger, change ...func(*Config)) *Cycle {
	c := Config{
		Site: testSite, Scope: "everything", Types: []string{"all"}, Interval: s.interval,
		Hold: HoldPolicy{Percent: 50, Min: 10, Polls: 3, Max: 5 * time.Minute}, Checkpoint: time.Hour,
		Source: s, Publisher: l, Memory: l, Observe: func(Report) {}, Log: zap.NewNop(),
	}
	for _, f := range change {
		f(&c)
	}
	return New(c)
}

// steps turns the cycle n times and verifies what was published after each.
func steps(t *testing.T, c *Cycle, l *ledger, n int) {
	t.Helper()
	for range n {
		if err := c.Step(t.Context()); err != nil && !errors.Is(err, errBroker) {
			t.Fatalf("step: %v", err)
		}
		if l.standing != nil {
			l.verify(t)
		}
	}
}

func wantSaid(t *testing.T, l *ledger, from int, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, l.said(from), gocmp.Transformer("nil", func(s []string) string {
		return cmp.Or(fmt.Sprintf("%q", s), "[]")
	})); diff != "" {
		t.Errorf("records from %d on (-want +got):\n%s", from, diff)
	}
}
