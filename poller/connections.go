package poller

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/internal/roster"
)

// The vendor's page contradicts itself on how connections nest. All shapes that it can be read to mean are taken:
// client_connection at any depth under client_connections, a client_connections in another that is itself a
// connection, and event_log beside the connections, beside client_connections, or in a connection.

// inConnections takes an element somewhere under client_connections. What nobody knows is kept with its owner: the
// client, or the connection that it stands in.
func (b *clientBuilder) inConnections(n *node, owner *object) error {
	switch {
	case n.name == "client_connection", n.name == "client_connections" && isConnection(n):
		return b.connection(n)
	case n.name == "event_log":
		b.eventLog(n)
		return nil
	case n.name == "client_connections", n.holds("client_connection", "event_log"):
		return b.wrapper(n, owner)
	}
	owner.unknown(n)
	return nil
}

// isConnection says whether fields of a connection stand directly in the element.
func isConnection(n *node) bool {
	return slices.ContainsFunc(n.kids, func(k *node) bool {
		_, known := connectionFields[k.name]
		return known
	})
}

// wrapper takes an element that means nothing but what is in it.
func (b *clientBuilder) wrapper(n *node, owner *object) error {
	owner.attributes(n, n.name, "")
	owner.strayText(n, n.name)
	for _, k := range n.elements() {
		if err := b.inConnections(k, owner); err != nil {
			return err
		}
	}
	return nil
}

func (b *clientBuilder) connection(n *node) error {
	c := newObject(b.redact)
	c.attributes(n, "", "")
	c.strayText(n, "")
	for _, k := range n.elements() {
		err := error(nil)
		if _, known := connectionFields[k.name]; known {
			err = c.element(k, connectionFields)
		} else {
			err = b.inConnections(k, c)
		}
		if err != nil {
			return err
		}
	}
	if n.redact != drop {
		b.connections = append(b.connections, c)
	}
	return nil
}

// sortedConnections is the list in the order of appliance_id, purpose, and all the rest.
func sortedConnections(connections []*object) string {
	type sortable struct{ appliance, purpose, all string }
	sorted := make([]sortable, len(connections))
	for i, c := range connections {
		sorted[i] = sortable{strings.Trim(c.fields["appliance_id"], `"`), strings.Trim(c.fields["purpose"], `"`), c.json()}
	}
	slices.SortFunc(sorted, func(a, b sortable) int {
		return cmp.Or(cmp.Compare(a.appliance, b.appliance), cmp.Compare(a.purpose, b.purpose), cmp.Compare(a.all, b.all))
	})
	all := make([]string, len(sorted))
	for i, c := range sorted {
		all[i] = c.all
	}
	return "[" + strings.Join(all, ",") + "]"
}

// eventLog takes a log. An entry is a time and a text; other attributes of an event have no place in it, and they are
// no state of the client either, since they would change with every entry: only that they exist is told.
func (b *clientBuilder) eventLog(n *node) {
	b.state.attributes(n, n.name, "")
	b.state.strayText(n, n.name)
	var log []roster.Entry
	for _, k := range n.elements() {
		if k.name != "event" {
			b.state.unknown(k)
			continue
		}
		for _, a := range k.attrs {
			if a.name != "ts" {
				b.aside("event@" + a.name)
			}
		}
		e := roster.Entry{TS: roster.ReadMoment(k.attr("ts"), "")}
		if do := k.severest(); do != drop {
			e.Message = b.redact.apply(do, k.inner())
		}
		log = append(log, e)
	}
	if n.redact != drop {
		b.logs = append(b.logs, oldestFirst(log))
	}
}

// oldestFirst turns a log around whose times fall throughout, and puts it in the order of its times.
func oldestFirst(log []roster.Entry) []roster.Entry {
	newestFirst := slices.IsSortedFunc(log, func(a, b roster.Entry) int { return roster.CompareEntries(b, a) })
	if newestFirst && len(log) > 0 && roster.CompareEntries(log[0], log[len(log)-1]) > 0 {
		slices.Reverse(log)
	}
	slices.SortStableFunc(log, roster.CompareEntries)
	return log
}

// sortedLog is the log of the client; several are one.
func (b *clientBuilder) sortedLog() []roster.Entry {
	log := slices.Concat(b.logs...)
	slices.SortStableFunc(log, roster.CompareEntries)
	return log
}
