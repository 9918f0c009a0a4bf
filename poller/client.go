package poller

import (
	"errors"
	"fmt"

	"rollcall/internal/roster"
)

// clientFields are the elements of a client on the vendor's page, of all four kinds: another product of the vendor
// answers the same elements, and a new kind of client is likely to.
var clientFields = map[string]field{
	"hostname":              {"hostname", asText},
	"platform":              {"platform", asPlatform},
	"timezone_offset":       {"timezone_offset", asNumber},
	"user_id":               {"user_id", asText},
	"type":                  {"account_type", asText}, // a record says type of the client itself
	"username":              {"username", asText},
	"public_display_name":   {"public_display_name", asText},
	"private_display_name":  {"private_display_name", asText},
	"start_session_url":     {"start_session_url", asText},
	"presentation_count":    {"presentation_count", asNumber},
	"support_session_count": {"support_session_count", asNumber},
	"showing_on_rep_list":   {"showing_on_rep_list", asFlag},
	"routing_idle":          {"routing_idle", asFlag},
	"routing_busy":          {"routing_busy", asFlag},
	"routing_enabled":       {"routing_enabled", asFlag},
	"routing_available":     {"routing_available", asFlag},
	"support_license":       {"support_license", asText},
	"support_session_lsids": {"support_session_lsids", asList},
	"name":                  {"name", asText},
	"non_interactive":       {"non_interactive", asText},
	"lsid":                  {"lsid", asText},
}

// connectionFields are the elements of a client_connection.
var connectionFields = map[string]field{
	"appliance_id":         {"appliance_id", asText},
	"purpose":              {"purpose", asText},
	"receive_traffic_node": {"receive_traffic_node", asFlag},
	"connected_since":      {"connected_since", asMoment},
	"private_ip":           {"private_ip", asText},
}

// clientReader turns elements into clients.
type clientReader struct {
	redact Redaction
	asides map[string]bool // things that a client has no place for
}

// client builds the client of an element that has an id.
func (r *clientReader) client(n *node, t roster.Type) (*roster.Client, error) {
	b := &clientBuilder{clientReader: r, state: newObject(r.redact)}
	r.redact.mark(n, keep)
	if err := b.read(n); err != nil {
		return nil, err
	}
	key := roster.Key{Type: t, ID: n.attr("id"), Since: b.since}
	if len(key.ID) > maxIdentity || len(key.Since.Text) > maxIdentity {
		return nil, fmt.Errorf("a client whose id or connected_since has more than %d bytes", maxIdentity)
	}
	return &roster.Client{Key: key, State: roster.State(b.state.json()), Log: b.sortedLog()}, nil
}

// clientBuilder is one client under construction.
type clientBuilder struct {
	*clientReader
	state       *object
	since       roster.Moment
	dated       bool // connected_since was seen
	listed      bool // client_connections was seen and is published
	connections []*object
	logs        [][]roster.Entry
}

func (b *clientBuilder) read(n *node) error {
	b.state.attributes(n, "", "id")
	b.state.strayText(n, "")
	for _, k := range n.elements() {
		if err := b.child(k); err != nil {
			return err
		}
	}
	if b.listed {
		b.state.fields["client_connections"] = sortedConnections(b.connections)
	}
	return nil
}

func (b *clientBuilder) child(n *node) error {
	switch n.name {
	case "connected_since":
		return b.connectedSince(n)
	case "client_connections":
		b.listed = b.listed || n.redact != drop
		return b.wrapper(n, b.state)
	case "event_log":
		b.eventLog(n)
		return nil
	}
	return b.state.element(n, clientFields)
}

func (b *clientBuilder) connectedSince(n *node) error {
	if b.dated || !n.isLeaf() {
		return errors.New("a connected_since that is not one time")
	}
	b.dated = true
	b.since = roster.ReadMoment(n.attr("ts"), n.own())
	b.state.attributes(n, n.name, "ts")
	return nil
}
