package differ_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"rollcall/internal/roster"
)

var seed = flag.Uint64("seed", 0, "of the first random life; 0 takes another each time")

// firstSeed is the seed of the first of the random tests; the others count up from it.
func firstSeed(t *testing.T) uint64 {
	s := *seed
	if s == 0 {
		s = rand.Uint64N(1 << 40)
	}
	t.Logf("-seed %d", s)
	return s
}

func lives() int {
	if testing.Short() {
		return 200
	}
	return 2000
}

// life is a random site. It knows the whole log of everybody; what it shows of it is a window.
type life struct {
	*rand.Rand
	now         int64
	window      int     // entries that are shown at most
	newestFirst bool    // shown the other way round
	plain       bool    // all log messages differ
	crowded     float64 // how often an entry, or a poll, is of the same second as the one before
	connections []*connection
	ids         int
}

// connection is one connection of one client.
type connection struct {
	key    roster.Key
	fields roster.Fields
	log    []roster.Entry // all of it, oldest first
	hidden bool           // not shown, though it is there
	was    bool           // hidden the last time
	shown  *roster.Client // when last shown
}

func newLife(seed uint64) *life {
	rng := rand.New(rand.NewPCG(seed, 1))
	return &life{Rand: rng, now: since, window: 20 + 10*rng.IntN(2), newestFirst: rng.IntN(2) == 0,
		plain: rng.IntN(2) == 0, crowded: rng.Float64()}
}

func (l *life) chance(p float64) bool { return l.Float64() < p }

// pass lets some time pass: people come, go and do something.
func (l *life) pass() {
	if !l.chance(l.crowded) {
		l.now += 1 + l.Int64N(10)
	}
	l.connections = slices.DeleteFunc(l.connections, func(*connection) bool { return l.chance(0.05) })
	for i, c := range l.connections {
		l.do(c)
		if l.chance(0.05) { // the id comes back for another connection
			l.connections[i] = l.connect(c.key.Type, c.key.ID)
		}
	}
	for len(l.connections) < 4 && l.chance(0.6) {
		l.ids++
		l.connections = append(l.connections, l.connect(roster.Types[l.IntN(4)], fmt.Sprint(l.ids)))
	}
}

func (l *life) connect(t roster.Type, id string) *connection {
	c := &connection{
		key:    roster.Key{Type: t, ID: id, Since: roster.Moment{Unix: l.now}},
		fields: roster.Fields{"name": roster.Quote(id)},
	}
	if l.chance(0.1) {
		c.key.Since = roster.Moment{Text: fmt.Sprint("at ", l.now)}
	}
	l.now++
	l.burst(c)
	return c
}

func (l *life) do(c *connection) {
	c.was, c.hidden = c.hidden, l.chance(0.1)
	for _, field := range []string{"busy", "volatile"} {
		switch l.IntN(6) {
		case 0:
			c.fields[field] = fmt.Sprint(l.IntN(3))
		case 1:
			delete(c.fields, field)
		}
	}
	if l.chance(0.4) {
		l.burst(c)
	}
}

// burst writes 0 to 45 entries into the log of a client.
func (l *life) burst(c *connection) {
	for range l.IntN(46) >> l.IntN(4) { // small bursts are more frequent
		if !l.chance(l.crowded) {
			l.now++
		}
		message := string(rune('a' + l.IntN(3)))
		if l.plain {
			message = fmt.Sprint("entry ", len(c.log))
		}
		c.log = append(c.log, entry(l.now, message))
	}
}

// windowFrom is where the part of the log begins that is shown.
func (l *life) windowFrom(c *connection) int { return max(0, len(c.log)-l.window) }

// show is the roster the site shows. As a reader would, it often gives the pointer again where nothing has changed.
func (l *life) show() *roster.Roster {
	var list []*roster.Client
	for _, c := range l.connections {
		if c.hidden {
			continue
		}
		now := client(c.key, c.fields.State(), slices.Clone(c.log[l.windowFrom(c):])...)
		if l.newestFirst {
			slices.Reverse(now.Log)
		}
		was := c.shown
		if was == nil || was.State != now.State || !slices.Equal(was.Log, now.Log) || l.chance(0.2) {
			c.shown = now
		}
		list = append(list, c.shown)
	}
	return rosterOf(list...)
}
