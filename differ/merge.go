package differ

import (
	"iter"

	"rollcall/internal/roster"
)

// pair is a client as it was and as it is; one of the two may be nil.
type pair struct {
	before, after *roster.Client
	idBack        bool // after is nil, but its id is there for another connection
}

func (p pair) key() roster.Key {
	if p.before != nil {
		return p.before.Key
	}
	return p.after.Key
}

// pairs goes through two rosters at once, in the order of their keys.
func pairs(before, after *roster.Roster) iter.Seq[pair] {
	old, now := before.Clients, after.Clients
	return func(yield func(pair) bool) {
		for i, j := 0, 0; i < len(old) || j < len(now); {
			var p pair
			order := compareFirst(old[i:], now[j:])
			if order <= 0 {
				p.before = old[i]
				i++
			}
			if order < 0 {
				p.idBack = idBeside(p.before.Key, now, j)
			} else {
				p.after = now[j]
				j++
			}
			if !yield(p) {
				return
			}
		}
	}
}

// compareFirst says which of two lists has the client that comes first; not both are empty.
func compareFirst(old, now []*roster.Client) int {
	switch {
	case len(now) == 0:
		return -1
	case len(old) == 0:
		return 1
	case old[0] == now[0]:
		return 0
	}
	return old[0].Key.Compare(now[0].Key)
}

// idBeside says whether the id of k, which would stand at clients[at], is there for another connection. All
// connections of an id stand together.
func idBeside(k roster.Key, clients []*roster.Client, at int) bool {
	sameID := func(c *roster.Client) bool { return c.Key.Type == k.Type && c.Key.ID == k.ID }
	return at > 0 && sameID(clients[at-1]) || at < len(clients) && sameID(clients[at])
}

// Missing lists the clients of before that after does not hold, in order, without those whose id came back for
// another connection, and counts the clients that are new.
func Missing(before, after *roster.Roster) (missing []roster.Key, arrived int) {
	for p := range pairs(before, after) {
		switch {
		case p.before == nil:
			arrived++
		case p.after == nil && !p.idBack:
			missing = append(missing, p.before.Key)
		}
	}
	return missing, arrived
}
