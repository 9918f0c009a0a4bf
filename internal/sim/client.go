package sim

import (
	"slices"
	"strings"
)

// The types of clients, as the vendor's parameter "type" names them.
const (
	Representative       = "representative"
	SupportCustomer      = "support_customer"
	PresentationAttendee = "presentation_attendee"
	PushAgent            = "push_agent" // a Jumpoint
)

// kinds are all types, in the order in which answers list them.
var kinds = []string{Representative, SupportCustomer, PresentationAttendee, PushAgent}

// Client is one connected client as the site knows it. A Client never changes once it is handed out: a change to the
// client makes another one.
type Client struct {
	Type, ID       string
	ConnectedSince int64    // UNIX seconds
	Fields         []Field  // in the order of the document
	Sessions       []string // support_session_lsids of a representative
	Connections    []Connection
	Log            []Event // complete and oldest first; answers show the last 20
	Host           string  // id of the representative who serves the customer or gives the presentation; empty: none yet
}

// Field is an element of a client, or, where Name reads "element@attribute", an attribute of the element before it.
type Field struct{ Name, Value string }

// Connection is one client_connection.
type Connection struct {
	ApplianceID        string
	Purpose            string // primary or traffic
	ReceiveTrafficNode bool
	ConnectedSince     int64 // UNIX seconds
	PrivateIP          string
}

// Event is one entry of the event log.
type Event struct {
	TS      int64 // UNIX seconds
	Message string
}

// Window is how many entries of the event log an answer shows at most.
const Window = 20

// Field is the value of the element (or "element@attribute") and whether the client has it.
func (c *Client) Field(name string) (string, bool) {
	if i := c.position(name); i >= 0 {
		return c.Fields[i].Value, true
	}
	return "", false
}

func (c *Client) position(name string) int {
	return slices.IndexFunc(c.Fields, func(f Field) bool { return f.Name == name })
}

// copy is a client of its own but for the log, of which the older copy keeps its shorter view.
func (c *Client) copy() *Client {
	d := *c
	d.Fields = slices.Clone(c.Fields)
	d.Sessions = slices.Clone(c.Sessions)
	d.Connections = slices.Clone(c.Connections)
	return &d
}

// set gives the field that value; a new attribute takes its place behind its element, which is made where there is none.
func (c *Client) set(name, value string) {
	if i := c.position(name); i >= 0 {
		c.Fields[i].Value = value
		return
	}
	element, _, isAttribute := strings.Cut(name, "@")
	if !isAttribute {
		c.Fields = append(c.Fields, Field{name, value})
		return
	}
	if c.position(element) < 0 {
		c.Fields = append(c.Fields, Field{element, ""})
	}
	c.Fields = slices.Insert(c.Fields, c.position(element)+1, Field{name, value})
}

// remove takes the field away; an element goes with its attributes.
func (c *Client) remove(name string) {
	c.Fields = slices.DeleteFunc(c.Fields, func(f Field) bool {
		return f.Name == name || strings.HasPrefix(f.Name, name+"@")
	})
}

func (c *Client) is(name string) bool {
	v, _ := c.Field(name)
	return v == "1"
}

func (c *Client) log(ts int64, message string) {
	c.Log = append(c.Log, Event{ts, message})
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
