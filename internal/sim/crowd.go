package sim

import (
	"math/rand/v2"
	"slices"
)

// crowd holds who is connected. The clients in it are never changed, only replaced, so that a list taken once stays
// as it was.
type crowd struct {
	of    map[string][]*Client // by type, in no promised order
	index map[string]place     // by id
}

type place struct {
	kind string
	at   int
}

func (c *crowd) add(one *Client) {
	if c.of == nil {
		c.of = make(map[string][]*Client)
	}
	c.index[one.ID] = place{one.Type, len(c.of[one.Type])}
	c.of[one.Type] = append(c.of[one.Type], one)
}

func (c *crowd) find(id string) *Client {
	p, ok := c.index[id]
	if !ok {
		return nil
	}
	return c.of[p.kind][p.at]
}

// edit replaces the client by a copy that was changed; it says whether there was one.
func (c *crowd) edit(id string, change func(*Client)) bool {
	p, ok := c.index[id]
	if !ok {
		return false
	}
	fresh := c.of[p.kind][p.at].copy()
	change(fresh)
	c.of[p.kind][p.at] = fresh
	return true
}

// remove takes the client out; the last of its type takes its place, so the order of answers changes.
func (c *crowd) remove(id string) {
	p, ok := c.index[id]
	if !ok {
		return
	}
	row := c.of[p.kind]
	last := len(row) - 1
	row[p.at] = row[last]
	c.index[row[p.at].ID] = p
	row[last] = nil
	c.of[p.kind] = row[:last]
	delete(c.index, id)
}

func (c *crowd) clear() {
	clear(c.of)
	clear(c.index)
}

// list is everybody of the types as they are now.
func (c *crowd) list(types []string) []*Client {
	var all []*Client
	for _, t := range types {
		all = append(all, c.of[t]...)
	}
	return all
}

// any picks one of the type, or nil.
func (c *crowd) any(r *rand.Rand, kind string) *Client {
	row := c.of[kind]
	if len(row) == 0 {
		return nil
	}
	return row[r.IntN(len(row))]
}

// anyWho looks for one of the type that fits, in a few tries from a random place on; nil where none was found.
func (c *crowd) anyWho(r *rand.Rand, kind string, fits func(*Client) bool) *Client {
	const tries = 64 // a site of 100,000 is not searched for a change
	row := c.of[kind]
	if len(row) == 0 {
		return nil
	}
	from := r.IntN(len(row))
	for i := range min(tries, len(row)) {
		if one := row[(from+i)%len(row)]; fits(one) {
			return one
		}
	}
	return nil
}

// guests are the ids of those of the type whom the representative serves.
func (c *crowd) guests(kind, host string) []string {
	var ids []string
	for _, one := range c.of[kind] {
		if one.Host == host {
			ids = append(ids, one.ID)
		}
	}
	slices.Sort(ids)
	return ids
}
