package sim

import (
	"strconv"
	"strings"
	"time"
)

// declaration is how every document begins on the wire, a blank line included.
const declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n"

// drawing says how clients are written.
type drawing struct {
	connections bool // include_connections
	newestFirst bool
	nesting     Nesting
}

// client appends one client as an element of the root.
func (d drawing) client(b []byte, c *Client) []byte {
	name := "connected_" + c.Type
	b = append(b, "\t<"...)
	b = append(b, name...)
	b = attribute(b, "id", c.ID)
	b = append(b, ">\n"...)
	b = d.since(b, "\t\t", c.ConnectedSince)
	for i := 0; i < len(c.Fields); {
		i, b = field(b, c.Fields, i)
	}
	if c.Type == Representative {
		b = sessions(b, c.Sessions)
	}
	if d.connections {
		b = append(b, '\n')
		b = d.links(b, c)
	}
	b = append(b, "\t</"...)
	b = append(b, name...)
	return append(b, ">\n"...)
}

// field appends the element at i with the attributes that follow it, and gives the position of the next element.
func field(b []byte, fields []Field, i int) (int, []byte) {
	f := fields[i]
	b = append(append(b, "\t\t<"...), f.Name...)
	for i++; i < len(fields); i++ {
		name, ok := strings.CutPrefix(fields[i].Name, f.Name)
		if !ok || !strings.HasPrefix(name, "@") {
			break
		}
		b = attribute(b, name[1:], fields[i].Value)
	}
	if f.Value == "" {
		return i, append(b, "/>\n"...)
	}
	return i, closing(escape(append(b, '>'), f.Value), f.Name)
}

// since appends connected_since, which the appliance leaves out along with the connections.
func (d drawing) since(b []byte, indent string, ts int64) []byte {
	if !d.connections {
		return b
	}
	b = append(append(b, indent...), "<connected_since ts=\""...)
	b = append(strconv.AppendInt(b, ts, 10), "\">"...)
	b = time.Unix(ts, 0).UTC().AppendFormat(b, "2006-01-02T15:04:05-07:00")
	return closing(b, "connected_since")
}

func sessions(b []byte, lsids []string) []byte {
	if len(lsids) == 0 {
		return append(b, "\t\t<support_session_lsids/>\n"...)
	}
	b = append(b, "\t\t<support_session_lsids>\n"...)
	for _, l := range lsids {
		b = element(b, "\t\t\t", "lsid", l)
	}
	return append(b, "\t\t</support_session_lsids>\n"...)
}

// links appends the connections and the log, nested as the site is set up.
func (d drawing) links(b []byte, c *Client) []byte {
	b = append(b, "\t\t<client_connections>\n"...)
	if d.nesting == Nested || d.nesting == LogInside {
		b = append(b, "\t\t<client_connections>\n"...)
	}
	for _, l := range c.Connections {
		b = d.connection(b, l)
	}
	if d.nesting == Nested {
		b = append(b, "\t\t</client_connections>\n"...)
	}
	if d.nesting != LogBeside {
		b = d.events(b, c.Log)
	}
	if d.nesting == LogInside {
		b = append(b, "\t\t</client_connections>\n"...)
	}
	b = append(b, "\t\t</client_connections>\n"...)
	if d.nesting == LogBeside {
		b = d.events(b, c.Log)
	}
	return b
}

func (d drawing) connection(b []byte, l Connection) []byte {
	b = append(b, "\t\t\t<client_connection>\n"...)
	b = element(b, "\t\t\t\t", "appliance_id", l.ApplianceID)
	b = element(b, "\t\t\t\t", "purpose", l.Purpose)
	b = element(b, "\t\t\t\t", "receive_traffic_node", flag(l.ReceiveTrafficNode))
	b = d.since(b, "\t\t\t\t", l.ConnectedSince)
	b = element(b, "\t\t\t\t", "private_ip", l.PrivateIP)
	return append(b, "\t\t\t</client_connection>\n"...)
}

// events appends the last entries of the log, as many as the window holds.
func (d drawing) events(b []byte, log []Event) []byte {
	log = log[max(0, len(log)-Window):]
	b = append(b, "\t\t\t<event_log>\n"...)
	for i := range log {
		e := log[i]
		if d.newestFirst {
			e = log[len(log)-1-i]
		}
		b = append(b, "\t\t\t\t<event ts=\""...)
		b = append(strconv.AppendInt(b, e.TS, 10), "\">"...)
		b = closing(escape(b, e.Message), "event")
	}
	return append(b, "\t\t\t</event_log>\n"...)
}

func element(b []byte, indent, name, value string) []byte {
	b = append(append(append(append(b, indent...), '<'), name...), '>')
	return closing(escape(b, value), name)
}

func closing(b []byte, name string) []byte {
	return append(append(append(b, "</"...), name...), ">\n"...)
}

func attribute(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	return append(escape(b, value), '"')
}

// escape appends text so that a reader gets the same text back, if XML allows its characters at all.
func escape(b []byte, text string) []byte {
	from := 0
	for i := range len(text) {
		var reference string
		switch text[i] {
		case '&':
			reference = "&amp;"
		case '<':
			reference = "&lt;"
		case '>':
			reference = "&gt;"
		case '"':
			reference = "&quot;"
		case '\r', '\n', '\t': // would be normalised: a return everywhere, the others in attributes
			reference = "&#" + strconv.Itoa(int(text[i])) + ";"
		default:
			continue
		}
		b = append(append(b, text[from:i]...), reference...)
		from = i + 1
	}
	return append(b, text[from:]...)
}
