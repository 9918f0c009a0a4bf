// Package roster is the vocabulary of Rollcall: who is connected to a site, what is known of them, and what is said
// about it. It holds values and the rules that belong to a value alone; it reads nothing, sends nothing, knows no
// clock, and imports only the standard library.
//
// A *Client is immutable once made and is shared freely: two rosters that hold the same pointer agree about that
// client without looking any further.
package roster

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
)

// LogWindow is the number of event_log entries the vendor documents as returned at most.
const LogWindow = 20

// Client is one connection of one client, as it was last seen.
type Client struct {
	Key   Key
	State State
	Log   []Entry // oldest first
}

// Entry is one event of a client's connection log.
type Entry struct {
	TS      Moment
	Message string
}

// Roster is who was connected at one moment, in the order of their keys, each key once.
type Roster struct {
	Clients []*Client
	Window  int // the longest event_log seen on this site; 0 stands for LogWindow
}

// LogWindow is how many entries a full event_log of this site holds: never less than the vendor documents.
func (r *Roster) LogWindow() int { return max(r.Window, LogWindow) }

// Find gives the client with key k, or nil.
func (r *Roster) Find(k Key) *Client {
	i, ok := slices.BinarySearchFunc(r.Clients, k, func(c *Client, k Key) int { return c.Key.Compare(k) })
	if !ok {
		return nil
	}
	return r.Clients[i]
}

// Digest is the SHA-256, in hexadecimal, of one line per client in the byte order of their client keys:
// client key, tab, state without its event log, line feed. Anyone who has the roster can work it out again.
func (r *Roster) Digest(site string) string {
	keys := make(map[string]State, len(r.Clients))
	for _, c := range r.Clients {
		keys[c.Key.In(site)] = c.State
	}
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		for _, part := range []string{k, "\t", string(keys[k]), "\n"} {
			io.WriteString(h, part) //nolint:errcheck // a hash never fails to write
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Sort puts clients in the order of their keys.
func Sort(clients []*Client) {
	slices.SortFunc(clients, func(a, b *Client) int { return a.Key.Compare(b.Key) })
}

// CompareEntries orders log entries by time, unreadable times first and among themselves by their text.
func CompareEntries(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.TS.Unix, b.TS.Unix), cmp.Compare(a.TS.Text, b.TS.Text))
}
