package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

// shifts sees who is at work on which site, and fails the test when two are.
type shifts struct {
	t  *testing.T
	mu sync.Mutex
	at map[string]string // site -> member
}

func newShifts(t *testing.T) *shifts { return &shifts{t: t, at: map[string]string{}} }

func (s *shifts) start(member, site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.at[site]; other != "" {
		s.t.Errorf("%s starts on %s while %s is at work there", member, site, other)
	}
	s.at[site] = member
}

func (s *shifts) stop(site string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.at, site)
}

// of gives the sites a member is at work on.
func (s *shifts) of(member string) (sites []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for site, m := range s.at {
		if m == member {
			sites = append(sites, site)
		}
	}
	slices.Sort(sites)
	return sites
}

// work is a run that ends when it has to.
func (s *shifts) work(member string) func(context.Context, string) error {
	return func(ctx context.Context, site string) error {
		s.start(member, site)
		defer s.stop(site)
		<-ctx.Done()
		return ctx.Err()
	}
}

// member is one Own under way.
type member struct {
	leave context.CancelFunc
	ended chan error
}

func own(t *testing.T, c replay.Config, sites []string, run func(context.Context, string) error) *member {
	t.Helper()
	ctx, leave := context.WithCancel(context.Background())
	m := &member{leave, make(chan error, 1)}
	go func() { m.ended <- replay.Own(ctx, c, sites, run) }()
	t.Cleanup(leave)
	return m
}

// end waits for Own to return.
func (m *member) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-m.ended:
		m.ended <- err
		return err
	case <-time.After(inTime):
		t.Fatal("Own does not return")
		return nil
	}
}

// sitesOn gives a site for each partition.
func sitesOn(partitions int) []string {
	sites := make([]string, partitions)
	for i, found := 0, 0; found < partitions; i++ {
		site := fmt.Sprintf("site%d", i)
		if p := replay.PartitionOf(site, partitions); sites[p] == "" {
			sites[p] = site
			found++
		}
	}
	return sites
}

func TestTwoMembersShareTheSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	sites, s := sitesOn(4), newShifts(t)
	first := own(t, w.config(), sites, s.work("first"))
	eventually(t, "the first has all", func() bool { return len(s.of("first")) == 4 })
	second := own(t, w.config(), sites, s.work("second"))
	eventually(t, "they share", func() bool { return len(s.of("first")) == 2 && len(s.of("second")) == 2 })

	first.leave()
	if err := first.end(t); err != nil {
		t.Errorf("the first: %v", err)
	}
	eventually(t, "the second has all", func() bool { return len(s.of("second")) == 4 })
	second.leave()
	if err := second.end(t); err != nil {
		t.Errorf("the second: %v", err)
	}
	if left := len(s.of("second")); left != 0 {
		t.Errorf("%d runs outlive Own", left)
	}
}

func TestSitesThatStayAreNotDisturbed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	sites, s := sitesOn(2), newShifts(t)
	var mu sync.Mutex
	begun := 0
	own(t, w.config(), sites, func(ctx context.Context, site string) error {
		mu.Lock()
		begun++
		mu.Unlock()
		return s.work("first")(ctx, site)
	})
	eventually(t, "the first has all", func() bool { return len(s.of("first")) == 2 })
	second := own(t, w.config(), sites, s.work("second"))
	eventually(t, "they share", func() bool { return len(s.of("second")) == 1 })
	second.leave()
	eventually(t, "the first has all again", func() bool { return len(s.of("first")) == 2 })
	mu.Lock()
	defer mu.Unlock()
	if begun != 3 {
		t.Errorf("the first began %d runs, want 3: two, and the one that came back", begun)
	}
}

func TestHandoverDoesNotWaitForTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	s := newShifts(t)
	c := w.config()
	c.SessionTimeout = 20 * time.Second
	first := own(t, c, []string{"emea"}, s.work("first"))
	eventually(t, "the first works", func() bool { return len(s.of("first")) == 1 })
	own(t, c, []string{"emea"}, s.work("second"))
	first.leave()
	left := time.Now()
	eventually(t, "the second works", func() bool { return len(s.of("second")) == 1 })
	if took := time.Since(left); took > c.SessionTimeout/2 {
		t.Errorf("the handover took %v with sessions of %v", took, c.SessionTimeout)
	}
}

func TestRevocationWaitsForTheRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	c := w.config()
	c.SessionTimeout = time.Second // heartbeats every 100 ms
	sites, s := sitesOn(2), newShifts(t)
	told, finish := make(chan error, 2), make(chan struct{})
	own(t, c, sites, func(ctx context.Context, site string) error {
		s.start("first", site)
		defer s.stop(site)
		<-ctx.Done()
		told <- context.Cause(ctx)
		<-finish
		return nil
	})
	eventually(t, "the first has all", func() bool { return len(s.of("first")) == 2 })
	own(t, c, sites, s.work("second"))
	if why := <-told; !errors.Is(why, replay.ErrRevoked) {
		t.Errorf("the run is ended because of %v, want %v", why, replay.ErrRevoked)
	}
	never(t, "the second is at work before the first has finished", func() bool { return len(s.of("second")) > 0 })
	close(finish)
	eventually(t, "they share", func() bool { return len(s.of("first")) == 1 && len(s.of("second")) == 1 })
}

func TestFencedSiteStandsBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	c := w.config()
	c.SessionTimeout = time.Second
	var mu sync.Mutex
	var owned [][]string
	var at []time.Time
	c.Owned = func(sites []string) {
		mu.Lock()
		defer mu.Unlock()
		owned = append(owned, sites)
	}
	m := own(t, c, []string{"emea"}, func(context.Context, string) error {
		mu.Lock()
		defer mu.Unlock()
		if at = append(at, time.Now()); len(at) == 1 {
			return fmt.Errorf("publish: %w", roster.ErrFenced)
		}
		return nil
	})
	if err := m.end(t); err != nil {
		t.Errorf("all sites are done: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(at) != 2 || at[1].Sub(at[0]) < c.SessionTimeout {
		t.Errorf("run at %v, want twice and not within %v", at, c.SessionTimeout)
	}
	if len(owned) != 4 || len(owned[1]) != 0 || len(owned[2]) != 1 {
		t.Errorf("owned: %v, want one site, none, one, none", owned)
	}
}

func TestAnErrorOfARunEndsAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	sites, s := sitesOn(2), newShifts(t)
	broken := errors.New("the disk is full")
	m := own(t, w.config(), sites, func(ctx context.Context, site string) error {
		if site == sites[1] {
			return broken
		}
		return s.work("other")(ctx, site)
	})
	err := m.end(t)
	if !errors.Is(err, broken) {
		t.Errorf("Own: %v, want %v", err, broken)
	}
	mentions(t, err, sites[1])
	if left := s.of("other"); len(left) != 0 {
		t.Errorf("still running: %v", left)
	}
}

func TestBrokerGone(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, broker.Config{})
	topics := brokertest.CreateTopics(t, b.Kafka(), "p", 1)
	why := make(chan error, 1)
	started := make(chan struct{})
	m := own(t, replay.Config{Kafka: b.Kafka(), Topics: topics, Group: "p", SessionTimeout: time.Second}, []string{"emea"},
		func(ctx context.Context, _ string) error {
			close(started)
			<-ctx.Done()
			why <- context.Cause(ctx)
			return nil
		})
	<-started
	b.Close()
	select {
	case err := <-why:
		if !errors.Is(err, replay.ErrLost) {
			t.Errorf("the run is ended because of %v, want %v", err, replay.ErrLost)
		}
	case <-time.After(inTime):
		t.Fatal("the run goes on")
	}
	m.leave()
	asked := time.Now()
	if err := m.end(t); err != nil {
		t.Errorf("Own: %v", err)
	}
	if took := time.Since(asked); took > 10*time.Second {
		t.Errorf("leaving a group that cannot be reached took %v", took)
	}
}

// A member that consumed would hold what the library fetches ahead, for as long as it runs.
func TestMembersNeitherReadNorCommit(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	kafka := access.Kafka{Brokers: cluster.ListenAddrs()}
	w := world{kafka, "p", brokertest.CreateTopics(t, kafka, "p", 1)}
	w.writer(t, "emea").commit(w.standing(t, roster.Standing{Site: "emea"}))
	var asked atomic.Int64
	for _, key := range []kmsg.Key{kmsg.Fetch, kmsg.OffsetCommit} {
		cluster.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
			asked.Add(1)
			return nil, nil, false
		})
	}
	s := newShifts(t)
	m := own(t, w.config(), []string{"emea"}, s.work("it"))
	eventually(t, "it works", func() bool { return len(s.of("it")) == 1 })
	never(t, "the member reads or commits", func() bool { return asked.Load() > 0 })
	m.leave()
	if err := m.end(t); err != nil || asked.Load() > 0 {
		t.Errorf("Own: %v, %d reads and commits", err, asked.Load())
	}
}

func TestWrongPasswordIsTriedPatiently(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, broker.Config{Users: []broker.User{{Mechanism: access.Plain, Name: "u", Password: "right"}}})
	topics := brokertest.CreateTopics(t, b.Kafka(), "p", 1)
	core, logs := observer.New(zap.WarnLevel)
	var mu sync.Mutex
	password, asked := "wrong", 0
	kafka := b.Kafka()
	kafka.SASL.Password = func() (string, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return password, nil
	}
	s := newShifts(t)
	c := replay.Config{Kafka: kafka, Topics: topics, Group: "p", Logger: zap.New(core)}
	own(t, c, []string{"emea"}, s.work("it"))
	began := time.Now()
	eventually(t, "it says what is wrong", func() bool { return logs.Len() > 0 })
	mentions(t, errors.New(fmt.Sprint(logs.All()[0].ContextMap())), "SASL_AUTHENTICATION_FAILED")
	eventually(t, "it tries again", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return asked >= 5
	})
	mu.Lock()
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("%d attempts within %v", asked, took)
	}
	password = "right"
	mu.Unlock()
	eventually(t, "it takes up the right password", func() bool { return len(s.of("it")) == 1 })
	if logs.Len() > 3 {
		t.Errorf("it said %d times that something is wrong: %v", logs.Len(), logs.All())
	}
}
