package admin

import (
	"maps"
	"slices"
	"sync"
	"time"

	"rollcall/internal/pipeline"
	"rollcall/internal/roster"
)

// Config is what a board knows from the start.
type Config struct {
	Version string // of the program, as people should read it
	Sites   []Site // all that are configured, owned or not
}

// Site is a configured site.
type Site struct {
	Name     string
	Interval time.Duration // planned, from poll start to poll start
}

// Board shows how each site stands. It is safe for concurrent use.
type Board struct {
	version string
	started time.Time
	metrics *metrics

	mu     sync.Mutex
	sites  map[string]*standing
	member bool
}

// standing is how one site stands.
type standing struct {
	Site
	owned    bool
	phase    pipeline.Phase
	accepted roster.Poll
	epoch    int64
	seq      int64
	clients  map[string]int // nil until a poll was accepted
	held     int
	oversize int
	headroom float64
	bytes    int64   // of the last accepted answer
	failure  trouble // of the site
	kafka    trouble // of Kafka
}

// trouble is a run of failures: the class of the latest, and since when there is no success between them.
type trouble struct {
	class       string // empty: there was none yet
	since, last time.Time
	over        bool
}

func (t *trouble) again(class string, now time.Time) {
	if t.class == "" || t.over {
		t.since = now
	}
	t.class, t.last, t.over = class, now, false
}

func (t *trouble) end() { t.over = true }

func (t *trouble) goesOn() bool { return t.class != "" && !t.over }

// New makes a board on which nothing has happened and no site is owned.
func New(c Config) *Board {
	b := &Board{version: c.Version, started: time.Now(), metrics: newMetrics(), sites: map[string]*standing{}}
	for _, s := range c.Sites {
		b.sites[s.Name] = &standing{Site: s, phase: pipeline.Stopped}
		b.metrics.begin(s.Name)
	}
	return b
}

// Member says whether this instance takes part in sharing the sites out. One that neither takes part nor owns a site is
// no standby: nobody would notice if it were needed.
func (b *Board) Member(member bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.member = member
}

// Owned says which sites this instance owns from now on. What was shown of a site that it owns no longer is taken back:
// somebody else knows better.
func (b *Board) Owned(sites []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, s := range b.sites {
		owned := slices.Contains(sites, name)
		if s.owned && !owned {
			*s = standing{Site: s.Site, phase: pipeline.Stopped}
			b.metrics.forget(name)
		}
		s.owned = owned
	}
	b.metrics.owned.Set(float64(b.owned()))
}

func (b *Board) owned() int {
	n := 0
	for _, s := range b.sites {
		if s.owned {
			n++
		}
	}
	return n
}

// Observe takes in what happened in one turn of a site's cycle. Reports about sites that are not configured are passed
// over, those about sites that are not owned are only counted.
func (b *Board) Observe(r pipeline.Report) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.sites[r.Site]
	if !ok {
		return
	}
	b.metrics.count(r)
	if !s.owned {
		return
	}
	s.take(r, time.Now())
	if s.clients != nil {
		b.metrics.show(s)
	}
}

func (s *standing) take(r pipeline.Report, now time.Time) {
	s.phase = r.Phase
	if r.Phase == pipeline.Stopped {
		return
	}
	if !r.Accepted.ReceivedAt.IsZero() {
		s.accepted = r.Accepted
	}
	if r.Standing.Epoch > 0 {
		s.epoch, s.seq = r.Standing.Epoch, r.Standing.Seq
	}
	switch {
	case r.Err != nil:
		s.kafka.again(classOf(r.Err), now)
	case r.Failure != nil:
		s.failure.again(resultOf(r.Failure.Reason), now)
		s.kafka.end() // nobody polls before the roster has been read back
	case r.Snapshot != nil:
		s.failure.end()
		s.kafka.end()
		s.clients = byType(r.Clients)
		s.held, s.oversize, s.headroom, s.bytes = r.Held, r.Oversize, r.Headroom, r.Snapshot.Bytes
	}
}

// otherType stands for every client type that is not documented: the site decides what they are called, and how many.
const otherType = "other"

func byType(clients map[roster.Type]int) map[string]int {
	counts := map[string]int{otherType: 0}
	for _, t := range roster.Types {
		counts[string(t)] = 0
	}
	for t, n := range clients {
		if slices.Contains(roster.Types, t) {
			counts[string(t)] += n
		} else {
			counts[otherType] += n
		}
	}
	return counts
}

// sorted are the sites by name.
func (b *Board) sorted() []*standing {
	list := make([]*standing, 0, len(b.sites))
	for _, name := range slices.Sorted(maps.Keys(b.sites)) {
		list = append(list, b.sites[name])
	}
	return list
}
