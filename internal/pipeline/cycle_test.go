package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/internal/roster"
)

func TestFirstRunBuildsABaseline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(2), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 3)
		wantSaid(t, l, 0, "epoch first_run", "snapshot 100", "snapshot 101")
		l.truth(t, s)
	})
}

func TestChangesAreSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(2), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		delete(s.clients, "100")
		s.clients["101"], s.clients["102"] = "other", "new"
		steps(t, c, l, 3)
		wantSaid(t, l, 3, "disconnect 100 absent", "state_change 101", "connect 102")
		l.truth(t, s)
	})
}

func TestGaps(t *testing.T) {
	fail := func(reasons ...string) (f []roster.Failure) {
		for _, r := range reasons {
			f = append(f, roster.Failure{Reason: r, Err: errors.New("as told")})
		}
		return f
	}
	for _, row := range []struct {
		name, reason string
		failures     []roster.Failure
		sleep        time.Duration // the process is frozen so long
		want         []string
	}{
		{name: "none", reason: "polls that follow one another on time are no gap"},
		{name: "one failure", reason: "a failed poll is told when sight returns",
			failures: fail("timeout"), want: []string{"gap timeout 1 failed in 20.3s"}},
		{name: "first cause", reason: "the first cause explains the others",
			failures: fail("malformed", "http", "http"), want: []string{"gap malformed 3 failed in 40.3s"}},
		{name: "frozen", reason: "a poll that was due and did not happen is a gap although none failed",
			sleep: time.Minute, want: []string{"gap down 0 failed in 1m0.6s"}},
		{name: "late", reason: "less than an interval late is no poll missed", sleep: 15 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(1), newLedger()
				c := newCycle(s, l)
				steps(t, c, l, 1)
				s.failures = row.failures
				time.Sleep(row.sleep)
				steps(t, c, l, len(row.failures)+2)
				wantSaid(t, l, 2, row.want...)
			})
		})
	}
}

func TestStartAfterAStop(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		stop         time.Duration
		want         []string
	}{
		{"at once", "a restart within the plan misses no poll", time.Second, nil},
		{"later", "downtime is told, and what changed meanwhile is found", time.Minute, []string{"gap down 0 failed in 1m5.3s"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(1), newLedger()
				runFor(t, newCycle(s, l), 25*time.Second)
				time.Sleep(row.stop)
				s.clients["200"] = "new"
				steps(t, newCycle(s, l), l, 1)
				wantSaid(t, l, 2, append(row.want, "connect 200")...)
				l.truth(t, s)
			})
		})
	}
}

// runFor runs the cycle as the program does, and stops it cleanly.
func runFor(t *testing.T, c *Cycle, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := c.Run(ctx); err != nil {
		t.Fatalf("run: %v", err)
	}
}

// Each effect of a turn is tried as "failed, not applied" and "failed, but applied"; the end of a transaction is the
// only effect there is.
func TestUnknownEndOfATransaction(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		outcome      outcome
		want         []string
	}{
		{"not applied", "the poll is gone, and its blind time is told", lost,
			[]string{"gap kafka 1 failed in 20.3s", "connect 200"}},
		{"applied", "the standing says that it landed: nothing is said twice", landedUnheard, []string{"connect 200"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(3), newLedger()
				c := newCycle(s, l)
				steps(t, c, l, 1)
				s.clients["200"] = "new"
				l.outcomes = []outcome{row.outcome}
				loads := l.loads
				steps(t, c, l, 3)
				wantSaid(t, l, 4, row.want...)
				l.truth(t, s)
				if l.loads != loads {
					t.Errorf("the whole roster was read back although the standing decides")
				}
			})
		})
	}
}

func TestKafkaGoneForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(3), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		l.broken = true
		s.clients["200"], s.clients["201"] = "stays", "leaves"
		steps(t, c, l, 1)
		runFor(t, c, 3*time.Hour)
		delete(s.clients, "201")
		l.broken = false
		steps(t, c, l, 2)
		if got := l.said(4); got[0] != "gap kafka 1 failed in 3h0m10.6s" {
			t.Errorf("after the outage: %q, want one gap of Kafka", got)
		}
		wantSaid(t, l, 5, "connect 200", "checkpoint")
		l.truth(t, s)
	})
}

// The site goes to another instance and comes back, in one process: what blinded us is told, unless the other one saw
// what we did not.
func TestOwnedAgain(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		blinded      string
		other        bool // another instance polls meanwhile
		want         []string
	}{
		{"nobody else", "nobody polled", "", false, []string{"gap down 0 failed in 1m5.3s", "connect 200"}},
		{"Kafka", "nobody could poll for want of Kafka", roster.ReasonKafka, false,
			[]string{"gap kafka 0 failed in 1m5.3s", "connect 200"}},
		{"another", "the other one saw and said it", roster.ReasonKafka, true,
			[]string{"gap down 0 failed in 35.3s", "connect 200", "gap down 0 failed in 31.3s"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(1), newLedger()
				c := newCycle(s, l)
				runFor(t, c, 25*time.Second)
				if row.blinded != "" {
					c.Blinded(row.blinded, errBroker)
				}
				time.Sleep(30 * time.Second)
				s.clients["200"] = "new"
				if row.other {
					runFor(t, newCycle(s, l), time.Second)
				}
				time.Sleep(30 * time.Second)
				runFor(t, c, time.Second)
				wantSaid(t, l, 2, row.want...)
				l.verify(t)
				l.truth(t, s)
			})
		})
	}
}

func TestForgottenRosterIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(3), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		clear(l.clients) // the topic was deleted and made anew while we ran
		c.Forget()
		runFor(t, c, 15*time.Second)
		if got := l.said(4); len(got) != 4 || got[0] != "epoch state_lost" {
			t.Errorf("got %q, want a new baseline", got)
		}
		l.truth(t, s)
	})
}

func TestWhatWasRememberedIsLost(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		harm         func(*ledger)
		want         string
	}{
		{"state deleted", "the events say where the numbering goes on", func(l *ledger) { l.standing = nil }, "state_lost"},
		{"roster deleted", "clients that are not remembered have not connected just now", func(l *ledger) { clear(l.clients) }, "state_lost"},
		{"state behind", "an older state would number records twice", func(l *ledger) { l.standing.Seq -= 2 }, "state_lost"},
		{"other scope", "what is asked for or published has changed", func(l *ledger) { l.standing.Scope = "less" }, "scope_changed"},
		{"half a baseline", "a baseline that was not completed is begun again", func(l *ledger) { l.standing.Building = "first_run" }, "first_run"},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(20), newLedger()
				steps(t, newCycle(s, l), l, 1)
				delete(s.clients, "100")
				row.harm(l)
				steps(t, newCycle(s, l), l, 2)
				if e := l.events[21]; e.Type != roster.EpochEvent || e.Reason != row.want || e.Epoch != 2 {
					t.Errorf("got %s %q of epoch %d, want an epoch %q of epoch 2", e.Type, e.Reason, e.Epoch, row.want)
				}
				for _, e := range l.events[22:] {
					if e.Type != roster.SnapshotEvent {
						t.Errorf("a new baseline says %s of %s", e.Type, e.Client.ID)
					}
				}
				l.truth(t, s)
			})
		})
	}
}

func TestFencedStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(1), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		s.clients["200"], l.fenced = "new", true
		if err := c.Run(t.Context()); !errors.Is(err, roster.ErrFenced) {
			t.Errorf("run: %v, want %v", err, roster.ErrFenced)
		}
	})
}

func TestWrongCredentialsEndTheFirstPollOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(1), newLedger()
		wrong := roster.Failure{Reason: roster.ReasonAuth, Fatal: true, Err: errors.New("invalid_client")}
		s.failures = []roster.Failure{wrong}
		var f *roster.Failure
		if err := newCycle(s, l).Run(t.Context()); !errors.As(err, &f) || f.Reason != roster.ReasonAuth {
			t.Errorf("run with wrong credentials: %v", err)
		}
		c := newCycle(s, l)
		steps(t, c, l, 1)
		s.failures = []roster.Failure{wrong, wrong} // rotated while we run: somebody will mend it
		runFor(t, c, time.Minute)
		if got := l.said(2); len(got) != 1 {
			t.Errorf("after a rotation: %q, want one gap", got)
		}
	})
}

func TestOnceGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(1), newLedger()
		if err := newCycle(s, l).Once(t.Context()); err != nil || len(l.events) != 2 {
			t.Fatalf("once: %v, %q", err, l.said(0))
		}
		for range 10 {
			s.failures = append(s.failures, roster.Failure{Reason: roster.ReasonHTTP, Err: errors.New("500")})
		}
		if err := newCycle(s, l).Once(t.Context()); err == nil {
			t.Error("once with a site that never answers: no error")
		}
	})
}

func TestClientTooLargeForTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(3), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		huge := roster.Key{Type: roster.Representative, ID: "200", Since: roster.Moment{Unix: s.since}}
		l.largest = map[roster.Key]bool{huge: true}
		s.clients["200"], s.clients["201"] = "huge", "small"
		steps(t, c, l, 2)
		wantSaid(t, l, 4, "connect 201")
		l.largest = nil
		steps(t, c, l, 1)
		wantSaid(t, l, 5, "connect 200")
	})
}

// A large poll goes out in several transactions. Whichever of them fails, what was published is a roster, and the next
// poll says the rest.
func TestLargePollInParts(t *testing.T) {
	for _, row := range []struct {
		name     string
		outcomes []outcome
	}{
		{"all land", nil},
		{"first lost", []outcome{lost}},
		{"second lost", []outcome{landed, lost}},
		{"second unheard", []outcome{landed, landedUnheard}},
		{"last lost", []outcome{landed, landed, lost}},
		{"last unheard", []outcome{landed, landed, landedUnheard}},
	} {
		for _, baseline := range []bool{true, false} {
			t.Run(row.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, l := newSite(2*partClients+1), newLedger()
					c := newCycle(s, l)
					if !baseline {
						everybody := s.clients
						s.clients = nil
						steps(t, c, l, 1)
						s.clients = everybody
					}
					l.outcomes = row.outcomes
					steps(t, c, l, 1)
					steps(t, c, l, 2)
					l.truth(t, s)
					if l.standing.Building != "" {
						t.Errorf("the baseline is still being built")
					}
				})
			})
		}
	}
}

func TestCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(2), newLedger()
		c := newCycle(s, l, func(c *Config) { c.Checkpoint = time.Minute })
		steps(t, c, l, 1)
		s.failures = []roster.Failure{{Reason: roster.ReasonHTTP, Err: errors.New("500")}}
		steps(t, c, l, 6)
		wantSaid(t, l, 3, "gap http 1 failed in 20.3s", "checkpoint")
		got := l.events[4].Detail.(roster.Checkpoint)
		want := roster.Checkpoint{PollsTried: 7, PollsAccepted: 6, LongestBlindSeconds: 20, Clients: 2, Digest: c.roster.Digest(testSite)}
		if got != want {
			t.Errorf("checkpoint %+v, want %+v", got, want)
		}
	})
}

func TestStandingIsWrittenNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newSite(2), newLedger()
		c := newCycle(s, l)
		steps(t, c, l, 1)
		first := l.standing.Poll
		steps(t, c, l, 2)
		if l.standing.Poll != first {
			t.Errorf("the standing was written %v after the last", l.standing.Poll.RequestedAt.Sub(first.RequestedAt))
		}
		steps(t, c, l, 1)
		if got := l.standing.Poll.RequestedAt.Sub(first.RequestedAt); got != 30*time.Second {
			t.Errorf("the standing is %v newer than the first, want 30 s", got)
		}
	})
}
