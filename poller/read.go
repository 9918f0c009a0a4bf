package poller

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/roster"
)

// Terms say how an answer is read.
type Terms struct {
	MaxBytes int64         // of the document; 0 stands for DefaultMaxBytes
	Types    []roster.Type // asked for; none stands for all. Clients of others are left out of the roster and told as Unknown
	Redact   Redaction
}

// Read reads one answer to get_connected_clients to its end. It gives the roster, Bytes and Unknown of a snapshot;
// the times are for whoever asked. Every error is a *roster.Failure (malformed or rejected), but for those of r, which
// come as they are. The document is read as it streams in; only its clients are held.
func Read(r io.Reader, terms Terms) (*roster.Snapshot, error) {
	in := newInput(r, cmp.Or(terms.MaxBytes, DefaultMaxBytes))
	d := &document{
		scanner: newScanner(in),
		clients: clientReader{redact: terms.Redact, asides: map[string]bool{}},
		types:   terms.Types,
		roster:  &roster.Roster{},
	}
	if err := d.read(); err != nil {
		return nil, err
	}
	return &roster.Snapshot{Roster: d.roster, Bytes: in.bytes, Unknown: slices.Sorted(maps.Keys(d.clients.asides))}, nil
}

// document is a connected_clients document being read.
type document struct {
	*scanner
	clients clientReader
	types   []roster.Type
	roster  *roster.Roster
}

func (d *document) read() error {
	root, err := d.root("connected_clients")
	if err != nil {
		return err
	}
	for _, a := range root.attrs {
		d.clients.aside("@" + a.name)
	}
	for more := true; more; {
		if more, err = d.child(); err != nil {
			return err
		}
	}
	if err := d.end(); err != nil {
		return err
	}
	return d.finish()
}

// child reads one child of the root; it says false at the end of the root.
func (d *document) child() (more bool, err error) {
	t, err := d.next()
	if err != nil || t.kind == endTag {
		return false, err
	}
	if t.kind == charData {
		if text := strings.Trim(string(t.text), blank); text != "" {
			return false, malformed("text where clients are expected: %q", printable(text, maxErrorText))
		}
		return true, nil
	}
	start, count := d.start, maxElements
	d.in.fence = d.in.bytes + maxClient
	n, err := d.element(t, &count)
	d.in.fence = 0
	if err != nil {
		return false, err
	}
	if n.name == "error" {
		return false, siteError(n)
	}
	if err := d.take(n); err != nil {
		return false, malformed("byte %d: %w", start, err)
	}
	return true, nil
}

// take adds a client to the roster. What is named like one must be one; anything else is one if it has an id.
func (d *document) take(n *node) error {
	kind, named := strings.CutPrefix(n.name, "connected_")
	if kind == "" {
		kind, named = n.name, false
	}
	if n.attr("id") == "" {
		if named {
			return fmt.Errorf("a client <%s> without an id", printable(n.name, maxQuote))
		}
		d.clients.aside(n.name)
		return nil
	}
	c, err := d.clients.client(n, roster.Type(kind))
	if err != nil {
		return fmt.Errorf("<%s>: %w", printable(n.name, maxQuote), err)
	}
	if len(d.types) > 0 && !slices.Contains(d.types, c.Key.Type) {
		d.clients.aside(n.name)
		return nil
	}
	d.roster.Window = max(d.roster.Window, len(c.Log))
	d.roster.Clients = append(d.roster.Clients, c)
	if len(d.roster.Clients) > maxClients {
		return fmt.Errorf("more than %d clients", maxClients)
	}
	return nil
}

// finish sorts the roster. Whoever stands in it twice makes it worthless: one of the two is not true.
func (d *document) finish() error {
	clients := d.roster.Clients
	roster.Sort(clients)
	for i := 1; i < len(clients); i++ {
		if k := clients[i].Key; k == clients[i-1].Key {
			return malformed("the client %s %s is there twice", printable(string(k.Type), maxQuote), printable(k.ID, maxQuote))
		}
	}
	return nil
}

// aside notes the name of something that is no client and has no place in one.
func (r *clientReader) aside(name string) {
	if len(r.asides) < maxUnknown {
		r.asides[name] = true
	}
}
