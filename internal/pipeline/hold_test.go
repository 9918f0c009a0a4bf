package pipeline

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

func TestJudge(t *testing.T) {
	p := HoldPolicy{Percent: 50, Min: 10, Polls: 3, Max: 5 * time.Minute}
	t0 := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	at := func(polls int) *roster.Holding {
		return &roster.Holding{LastSeen: t0.Add(-10 * time.Second), FirstMissed: t0, Polls: polls}
	}
	for _, row := range []struct {
		name, reason           string
		h                      *roster.Holding
		missing, arrived, size int
		after                  time.Duration
		refuted                bool
		want                   verdict
	}{
		{"few", "fewer than the least number is every day's business", nil, 9, 0, 9, 0, false, verdict{}},
		{"small share", "less than the share is every day's business", nil, 49, 0, 100, 0, false, verdict{}},
		{"many", "exactly the share is held", nil, 50, 0, 100, 0, false,
			verdict{reason: "held", holding: &roster.Holding{LastSeen: t0.Add(-10 * time.Second), FirstMissed: t0}}},
		{"restart", "who is replaced has really gone", nil, 100, 50, 100, 0, false, verdict{reason: "confirmed", by: "replaced"}},
		{"goes on", "one more poll confirms", at(0), 50, 0, 100, 10 * time.Second, false, verdict{holding: at(1)}},
		{"refuted", "a poll that the second opinion contradicts does not confirm", at(1), 50, 0, 100, 10 * time.Second, true, verdict{holding: at(1)}},
		{"enough", "the last of the confirming polls releases", at(2), 50, 0, 100, 30 * time.Second, false, verdict{reason: "confirmed", by: "polls"}},
		{"deadline", "no list is kept for ever, whatever the second opinion says", at(0), 50, 0, 100, 5 * time.Minute, true,
			verdict{reason: "confirmed", by: "deadline"}},
		{"back", "those who came back were never away", at(2), 3, 0, 100, 30 * time.Second, false, verdict{reason: "returned"}},
		{"replaced later", "the site fills again with new clients", at(1), 100, 60, 100, 20 * time.Second, false,
			verdict{reason: "confirmed", by: "replaced"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := p.judge(row.h, row.missing, row.arrived, row.size, t0.Add(-10*time.Second), t0.Add(row.after), row.refuted)
			if diff := gocmp.Diff(row.want, got, gocmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// An empty list that is a lie: held, returned, and not one disconnect.
func TestHoldAndReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(20), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		everybody := s.clients
		s.clients = map[string]string{"500": "goes out although the others are held"}
		steps(t, c, l, 2)
		everybody["500"] = s.clients["500"]
		s.clients = everybody
		steps(t, c, l, 2)
		wantSaid(t, l, 21, "hold held 20 of 20", "connect 500", "hold returned 0 of 21")
		l.truth(t, s)
	})
}

// A list that stays empty is believed after three further polls, and the disconnects say when it really was.
func TestHoldConfirmed(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		opinion      func() (int, error)
		polls        int
		by           string
	}{
		{"by polls", "three further polls confirm", func() (int, error) { return 0, nil }, 3, "polls"},
		{"without an opinion", "no answer is no opinion", nil, 3, "polls"},
		{"by deadline", "the second opinion contradicts for ever", func() (int, error) { return 20, nil }, 30, "deadline"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(20), newLedger()
				c := newCycle(s, l)
				steps(t, c, l, 1)
				s.clients, s.opinion = nil, row.opinion
				steps(t, c, l, row.polls)
				wantSaid(t, l, 21, "hold held 20 of 20")
				steps(t, c, l, 1)
				if got := l.said(22)[0]; got != "hold confirmed 20 of 20 by "+row.by {
					t.Errorf("got %q", got)
				}
				held := l.events[21]
				for _, e := range l.events[23:] {
					if e.Type != roster.DisconnectEvent || !e.NotBefore.Equal(held.NotBefore) || !e.NotAfter.Equal(held.NotAfter) {
						t.Errorf("%s between %v and %v, want a disconnect when it was first missed", e.Type, e.NotBefore, e.NotAfter)
					}
				}
				l.truth(t, s)
			})
		})
	}
}

func TestRestartOfTheApplianceIsNoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(20), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		s.failures = []roster.Failure{{Reason: roster.ReasonHTTP, Err: errors.New("502")}}
		s.restart()
		steps(t, c, l, 4)
		counts := map[roster.EventType]int{}
		for _, e := range l.events[21:] {
			counts[e.Type]++
		}
		want := map[roster.EventType]int{roster.GapEvent: 1, roster.HoldEvent: 1, roster.DisconnectEvent: 20, roster.ConnectEvent: 20}
		if diff := gocmp.Diff(want, counts); diff != "" {
			t.Errorf("records of a restart (-want +got):\n%s", diff)
		}
		l.truth(t, s)
	})
}

// A hold survives a restart of ours: it is not begun again, and the bounds still hold the truth.
func TestRestartDuringAHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(20), newLedger()
		steps(t, newCycle(s, l), l, 1)
		c := newCycle(s, l)
		s.clients = nil
		steps(t, c, l, 2)
		c = newCycle(s, l)
		steps(t, c, l, 3)
		if got := l.said(21)[:2]; got[0] != "hold held 20 of 20" || got[1] != "hold confirmed 20 of 20 by polls" {
			t.Errorf("got %q", got)
		}
		l.truth(t, s)
	})
}
