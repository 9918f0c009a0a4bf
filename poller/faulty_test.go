package poller

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

// clients is a document with these children of its root.
func clients(children string) string {
	return "<connected_clients>" + children + "</connected_clients>"
}

// agent is a client with these children.
func agent(children string) string {
	return `<connected_push_agent id="9">` + children + `</connected_push_agent>`
}

// saysOf is an error as people and records see it.
func saysOf(err error) string {
	var f *roster.Failure
	if err == nil {
		return "accepted"
	}
	if !errors.As(err, &f) {
		return "no failure: " + err.Error()
	}
	return f.Error()
}

// TestFaultyAnswers: each of these is a failed poll, with its class and a text that says what came instead.
func TestFaultyAnswers(t *testing.T) {
	t.Parallel()
	good := clients(agent("<hostname>jump-1</hostname>"))
	for _, row := range []struct{ name, doc, want string }{
		{"empty", "", "malformed: the answer is empty"},
		{"white space only", " \r\n\t ", "malformed: the answer is empty"},
		{"byte order mark only", utf8BOM, "malformed: the answer is empty"},
		{"declaration only", `<?xml version="1.0"?>`, "malformed: the answer ends early, after 21 bytes"},
		{"error as the root", `<error xmlns="http://www.bomgar.com/namespaces/API/command">Permission denied.</error>`,
			"rejected: the site answers with an error: Permission denied."},
		{"error as a child", clients(agent("") + "<error>Could not\n read</error>"),
			"rejected: the site answers with an error: Could not read"},
		{"error without a text", "<error/>", "rejected: the site answers with an error: (no text)"},
		{"error in elements", "<error><code>7</code><text>No</text></error>", "rejected: the site answers with an error: 7 No"},
		{"error that ends early", "<error>Permiss", "malformed: the answer ends early, after 14 bytes, inside <error>"},
		{"JSON error", `{"error":"access_denied","message":"The token is bad"}`,
			"rejected: the site answers with the error access_denied: The token is bad"},
		{"JSON", `  [{"id":1}]`, `malformed: the answer is JSON, it begins with "[{\"id\":1}]"`},
		{"HTML", "<!DOCTYPE html>\n<html><head><title>Down for\nmaintenance</title>",
			`malformed: the answer is an HTML page with the title "Down for maintenance"`},
		{"HTML without a doctype", "<HTML><body>login</body></HTML>", "malformed: the answer is an HTML page"},
		{"plain text", "Internal error\x1b[2J", `malformed: the answer is no XML, it begins with "Internal error�[2J"`},
		{"UTF-16", "\xFF\xFE<\x00a\x00", "malformed: the answer is in UTF-16 or no text at all, only XML in UTF-8 is read"},
		{"other root", "<connected_client_list/>", "malformed: the root element is <connected_client_list>, not <connected_clients>"},
		{"cut in a tag", good[:30], "malformed: the answer ends early, after 30 bytes, inside <connected_clients>"},
		{"cut in a text", good[:70], "malformed: the answer ends early, after 70 bytes, inside <hostname>"},
		{"cut between clients", clients(agent(""))[:len("<connected_clients>")+len(agent(""))],
			"malformed: the answer ends early, after 71 bytes, inside <connected_clients>"},
		{"cut in the last tag", good[:len(good)-1], "malformed: the answer ends early, after 117 bytes, inside <connected_clients>"},
		{"text after the root", good + "x", "malformed: byte 118: text outside of the root element"},
		{"second root", good + good, "malformed: byte 118: a second root element"},
		{"end after the root", good + "</connected_clients>", "malformed: byte 118: </connected_clients> ends nothing"},
		{"wrong end", "<connected_clients></connected>", "malformed: byte 19: <connected_clients> is ended by </connected>"},
		{"text among the clients", clients("You may not do that."),
			`malformed: text where clients are expected: "You may not do that."`},
		{"client without id", clients(agent("") + "<connected_push_agent/>"),
			"malformed: byte 71: a client <connected_push_agent> without an id"},
		{"client with a blank id", clients(`<connected_thing id=" "/>`),
			"malformed: byte 19: a client <connected_thing> without an id"},
		{"client twice", clients(agent("") + agent("")), "malformed: the client push_agent 9 is there twice"},
		{"client twice, in two notations", clients(agent(`<connected_since ts="7">x</connected_since>`) +
			agent(`<connected_since>1970-01-01T00:00:07Z</connected_since>`)), "malformed: the client push_agent 9 is there twice"},
		{"element twice", clients(agent("<name>a</name><name>b</name>")),
			"malformed: byte 19: <connected_push_agent>: two elements <name> in one"},
		{"element twice in a connection", clients(agent("<client_connections><client_connection><purpose>primary</purpose>" +
			"<purpose>traffic</purpose></client_connection></client_connections>")),
			"malformed: byte 19: <connected_push_agent>: two elements <purpose> in one"},
		{"connected_since twice", clients(agent(`<connected_since ts="1"/><connected_since ts="2"/>`)),
			"malformed: byte 19: <connected_push_agent>: a connected_since that is not one time"},
		{"connected_since with elements", clients(agent(`<connected_since><at>1</at></connected_since>`)),
			"malformed: byte 19: <connected_push_agent>: a connected_since that is not one time"},
		{"endless id", clients(`<connected_x id="` + strings.Repeat("9", maxIdentity+1) + `"/>`),
			"malformed: byte 19: <connected_x>: a client whose id or connected_since has more than 1024 bytes"},
		{"DTD", `<!DOCTYPE connected_clients SYSTEM "http://example.com/x.dtd">` + good,
			"malformed: byte 0: a document type definition (<!…>), which is refused unread"},
		{"entity bomb", `<!DOCTYPE connected_clients [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + clients("&b;"),
			"malformed: byte 0: a document type definition (<!…>), which is refused unread"},
		{"entity that nobody declared", clients(agent("<name>&nbsp;</name>")), "malformed: byte 54: invalid character entity &nbsp;"},
		{"character that XML does not allow", clients(agent("<name>\x0b</name>")), "malformed: byte 54: illegal character code U+000B"},
		{"reference to such a character", clients(agent("<name>&#0;</name>")), "malformed: byte 54: illegal character code U+0000"},
		{"broken UTF-8", clients(agent("<name>\xe9</name>")), "malformed: byte 54: invalid UTF-8"},
		{"Latin 1, declared", `<?xml version="1.0" encoding="ISO-8859-1"?>` + good,
			"malformed: byte 0: the answer is declared to be in ISO-8859-1, only UTF-8 is read"},
		{"XML 1.1", `<?xml version="1.1"?>` + good, `malformed: byte 0: xml: unsupported version "1.1"; only version 1.0 is supported`},
		{"unescaped ampersand", clients(agent("<name>A & B</name>")), "malformed: byte 54: invalid character entity & (no semicolon)"},
		{"attribute without quotes", clients("<connected_x id=9/>"),
			"malformed: byte 19: unquoted or missing attribute value in element"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			snap, err := Read(strings.NewReader(row.doc), Terms{})
			if diff := cmp.Diff(row.want, saysOf(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if err != nil && snap != nil {
				t.Error("a snapshot came with the error")
			}
		})
	}
}

// TestEveryCutIsRefused: whatever a document is cut to, it is no shorter roster.
func TestEveryCutIsRefused(t *testing.T) {
	t.Parallel()
	doc := strings.TrimSpace(file(t, "vendor.xml"))
	for i := range doc {
		if _, err := Read(strings.NewReader(doc[:i]), Terms{}); err == nil {
			t.Fatalf("accepted when cut after %d bytes", i)
		}
	}
}

// TestReaderErrors: an error of the connection is no fault of the document, wherever it strikes.
func TestReaderErrors(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	doc := strings.TrimSpace(file(t, "vendor.xml"))
	for i := 0; i <= len(doc); i += 7 {
		_, err := Read(io.MultiReader(strings.NewReader(doc[:i]), iotest.ErrReader(reset)), Terms{})
		if !errors.Is(err, reset) {
			t.Fatalf("after %d bytes: error %v, want that of the connection", i, err)
		}
	}
}
