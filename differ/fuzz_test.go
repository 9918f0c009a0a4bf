package differ_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// choices makes a change of bytes: each byte is one decision, and there is no end of zeros.
type choices struct{ data []byte }

func (c *choices) below(n int) int {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return int(b) % n
}

func pick[T any](c *choices, from ...T) T { return from[c.below(len(from))] }

func (c *choices) key() roster.Key {
	return roster.Key{
		Type:  pick(c, roster.Representative, roster.PushAgent),
		ID:    pick(c, "1", "2", "10", "07", "7", "x"),
		Since: pick(c, roster.Moment{Unix: since}, roster.Moment{Unix: since + 1}, roster.Moment{Text: "soon"}, roster.Moment{}),
	}
}

func (c *choices) moment() roster.Moment {
	if b := c.below(16); b < 14 {
		return roster.Moment{Unix: since + int64(b/3)}
	}
	return pick(c, roster.Moment{Text: "soon"}, roster.Moment{Text: "later"}, roster.Moment{})
}

// log is a long row of entries that differ, or of entries of one second, around some of any kind.
func (c *choices) log() []roster.Entry {
	log := entries(c.below(30), pick(c, 0, 0, 1, 3, 17, 19, 20, 21))
	if c.below(4) == 0 {
		for i := range log {
			log[i].TS = roster.Moment{Unix: since + 3}
		}
	}
	for range c.below(6) {
		e := roster.Entry{TS: c.moment(), Message: pick(c, "x", "y", "entry 3")}
		log = slices.Insert(log, c.below(len(log)+1), e)
	}
	if c.below(3) == 0 {
		slices.Reverse(log)
	}
	return log[:min(len(log), pick(c, 20, 25))]
}

func (c *choices) client() *roster.Client {
	state := pick[roster.State](c, `{}`, `{"a":1}`, `{"a":2}`, `{"a":1,"b":1}`, `{"a":2,"b":1}`, `{"b":"<"}`, `{`)
	return &roster.Client{Key: c.key(), State: state, Log: c.log()}
}

// roster takes some clients, some of them from another roster, as they are or with another state or log.
func (c *choices) roster(from []*roster.Client) *roster.Roster {
	var list []*roster.Client
	for range c.below(6) {
		made := c.client()
		if len(from) > 0 && c.below(3) > 0 {
			was := from[c.below(len(from))]
			switch c.below(4) {
			case 0:
				made = was
			case 1:
				made.Key, made.State = was.Key, was.State
			case 2:
				made.Key, made.Log = was.Key, was.Log
			case 3:
				made.Key = was.Key
			}
		}
		list = append(list, made)
	}
	slices.SortStableFunc(list, func(a, b *roster.Client) int { return a.Key.Compare(b.Key) })
	return rosterOf(slices.CompactFunc(list, func(a, b *roster.Client) bool { return a.Key == b.Key })...)
}

func (c *choices) change() differ.Change {
	before := c.roster(nil)
	for _, b := range before.Clients {
		slices.SortStableFunc(b.Log, roster.CompareEntries) // as it is published
	}
	d := differ.Change{
		Before:   before,
		LastSeen: pick(c, lastSeen, time.Time{}, received.Add(time.Hour)),
		After:    snapshotOf(c.roster(before.Clients)),
		Ignore:   pick(c, nil, map[string]bool{"a": true}, map[string]bool{"a": true, "b": true}),
		Baseline: c.below(4) == 1,
		SetAside: map[roster.Key]bool{},
		Missed:   map[roster.Key]differ.Interval{},
	}
	for _, k := range append(keysOf(before), keysOf(d.After.Roster)...) {
		switch c.below(5) {
		case 1:
			d.SetAside[k] = true
		case 2:
			d.Missed[k] = differ.Interval{LastSeen: lastSeen.Add(-time.Hour), FirstMissed: lastSeen.Add(-time.Minute)}
		}
	}
	return d
}

// randomBytes are as many as a change can use.
func randomBytes(rng *rand.Rand) []byte {
	data := make([]byte, rng.IntN(400))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

func FuzzDiff(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 1))
	f.Add([]byte{})
	for range 50 {
		f.Add(randomBytes(rng))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkLaws(t, (&choices{data}).change()) })
}

// The laws hold of changes no site would make: unreadable times, logs in no order, ids that are no numbers.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	first := firstSeed(t)
	for i := range uint64(lives()) {
		rng := rand.New(rand.NewPCG(first+i, 2))
		if checkLaws(t, (&choices{randomBytes(rng)}).change()); t.Failed() {
			t.Fatalf("a change of -seed %d", first+i)
		}
	}
}
