package poller

import (
	"errors"
	"fmt"
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

// TestNotQuiteXML: what encoding/xml lets pass and XML 1.0 or Namespaces in XML 1.0 do not.
func TestNotQuiteXML(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, doc, want string }{
		{"declaration twice", `<?xml version="1.0"?><?xml version="1.0"?>` + clients(""), "an XML declaration that is not the beginning"},
		{"declaration after white space", "\n" + `<?xml version="1.0"?>` + clients(""), "an XML declaration that is not the beginning"},
		{"declaration inside", clients(`<?xml version="1.0"?>`), "an XML declaration that is not the beginning"},
		{"instruction named XML", `<?XML version="1.0"?>` + clients(""), "an XML declaration that is not the beginning"},
		{"declaration without version", `<?xml encoding="UTF-8"?>` + clients(""), "an XML declaration that is none of XML 1.0"},
		{"declaration with more", `<?xml version="1.0" lang="de"?>` + clients(""), "an XML declaration that is none of XML 1.0"},
		{"declaration without blanks", `<?xml version="1.0"encoding="UTF-8"?>` + clients(""), "an XML declaration that is none of XML 1.0"},
		{"encoding behind blanks", `<?xml version="1.0" encoding = "latin1"?>` + clients(""),
			"the answer is declared to be in latin1, only UTF-8 is read"},
		{"instruction without a blank", clients("<?a+b?>"), "no white space after <?a"},
		{"instruction with a colon", clients("<?a:b?>"), "an instruction whose name is none"},
		{"attributes without a blank", clients(`<connected_x id="1"a="2"/>`), "attributes without white space between them"},
		{"attribute twice", clients(`<connected_x id="1" id="2"/>`), "two attributes id of <connected_x>"},
		{"attribute twice by its namespace", `<connected_clients xmlns:a="u" xmlns:b="u"><connected_x id="1" a:c="1" b:c="2"/></connected_clients>`,
			"two attributes b:c of <connected_x>"},
		{"declaration of a prefix twice", clients(`<connected_x id="1" xmlns:a="u" xmlns:a="v"/>`), "xmlns:a is declared twice"},
		{"unbound prefix of an element", clients(`<p:connected_x id="1"/>`), "the prefix of <p:connected_x> is not bound"},
		{"unbound prefix of an attribute", clients(`<connected_x p:id="1"/>`), "the prefix of attribute p:id is not bound"},
		{"prefix out of scope", clients(`<connected_x id="1" xmlns:p="u"/><p:connected_x id="2"/>`), "the prefix of <p:connected_x> is not bound"},
		{"element with prefix xmlns", clients(`<xmlns:x/>`), "the prefix of <xmlns:x> is not bound"},
		{"prefix undone", clients(`<x xmlns:p=""/>`), "the prefix p is bound to nothing"},
		{"prefix xmlns bound", clients(`<x xmlns:xmlns="u"/>`), `the reserved prefix or namespace of "xmlns:xmlns" is bound anew`},
		{"prefix xml bound elsewhere", clients(`<x xmlns:xml="u"/>`), `the reserved prefix or namespace of "xmlns:xml" is bound anew`},
		{"namespace of xml as default", clients(`<x xmlns="http://www.w3.org/XML/1998/namespace"/>`),
			`the reserved prefix or namespace of "xmlns:" is bound anew`},
		{"name that begins with a colon", clients("<:x/>"), ":x is no name"},
		{"name that ends with a colon", clients("<x:/>"), "x: is no name"},
		{"two colons", clients("<a:b:c/>"), "expected element name after <"},
		{"local name that begins with a digit", clients(`<a:1 xmlns:a="u"/>`), "a:1 is no name"},
		{"reference to a surrogate", clients(agent("<name>&#xD800;</name>")), "a reference to a character that XML does not allow"},
		{"such a reference in an attribute", clients(`<connected_x id="&#55296;"/>`), "a reference to a character that XML does not allow"},
		{"broken UTF-8 in a comment", clients("<!-- \xff -->"), "a character that XML does not allow, in a comment or instruction"},
		{"such a character in a comment", clients("<!-- \x01 -->"), "a character that XML does not allow, in a comment or instruction"},
		{"such a character in an instruction", clients("<?a \x01?>"), "a character that XML does not allow, in a comment or instruction"},
		{"reference outside of the root", clients("") + "&#32;", "text outside of the root element"},
		{"CDATA outside of the root", "<![CDATA[ ]]>" + clients(""), "text outside of the root element"},
		{"text before the root", "<?a?>x" + clients(""), "text outside of the root element"},
		{"two byte order marks", utf8BOM + utf8BOM + clients(""), `the answer is no XML, it begins with "�<connected_clients></connected_clients>"`},
		{"two hyphens in a comment", clients("<!-- a -- b -->"), `invalid sequence "--" not allowed in comments`},
		{"end of CDATA in a text", clients(agent("<name>]]></name>")), "unescaped ]]> not in CDATA section"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read(strings.NewReader(row.doc), Terms{})
			if got := saysOf(err); !strings.HasPrefix(got, "malformed: ") || !strings.HasSuffix(got, row.want) {
				t.Errorf("got %q, want malformed and %q", got, row.want)
			}
		})
	}
}

// TestLegalOddities: what is odd and yet XML is read.
func TestLegalOddities(t *testing.T) {
	t.Parallel()
	for i, doc := range []string{
		utf8BOM + `<?xml version='1.0' encoding = 'utf-8' standalone="yes" ?>` + "\n<!-- - -->\n<?style a=b?>" + clients(agent("")) + "\n<!---->\n<?x?> ",
		`<a:connected_clients xmlns:a="u"><b:connected_push_agent xmlns:b="v" b:id="9"></b:connected_push_agent ></a:connected_clients>`,
		"<connected_clients\n><connected_push_agent\tid\n=\r\n'&#57;' /></connected_clients\n>",
		`<connected_clients xml:lang="en"><connected_push_agent id="9"><?xml-x?></connected_push_agent></connected_clients>`,
		`<connected_clients xmlns="u"><connected_push_agent id=" 9 " xmlns=""/></connected_clients>`,
	} {
		snap := read(t, doc, Terms{})
		want := []*roster.Client{{Key: roster.Key{Type: roster.PushAgent, ID: "9"}, State: "{}"}}
		if diff := cmp.Diff(want, snap.Roster.Clients); diff != "" {
			t.Errorf("document %d (-want +got):\n%s", i, diff)
		}
	}
}

// endless repeats a piece for ever, and counts.
type endless struct {
	head, piece string
	given       int64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) == 0 {
		e.head = strings.Repeat(e.piece, 1+(1<<12)/len(e.piece))
	}
	n := copy(p, e.head)
	e.head, e.given = e.head[n:], e.given+int64(n)
	return n, nil
}

// TestHostileDocuments: documents without an end are refused soon, whatever they repeat.
func TestHostileDocuments(t *testing.T) {
	const root = "<connected_clients>"
	const client = root + `<connected_x id="1">`
	for _, row := range []struct {
		name, head, piece, want string
		soon                    int64 // bytes after which it must be refused
	}{
		{"attribute", root + `<connected_x id="`, "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"attributes", root + `<connected_x `, `a="" `, "a tag, text or comment of more than 262144 bytes", maxToken},
		{"name", root + "<", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"text", client + "<name>", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"CDATA", client + "<name><![CDATA[", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"comment", root + "<!--", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"instruction", root + "<?a ", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"DTD", "<!DOCTYPE a [", `<!ENTITY b "&a;&a;">`, "a tag, text or comment of more than 262144 bytes", maxToken},
		{"depth", client, "<a>", "elements nested more than 32 deep", 1 << 10},
		{"elements", client, "<a/>", "a client of more than 50000 elements", 4*maxElements + 1<<10},
		{"texts", client + "<name>", strings.Repeat("a", 1000) + "<!---->", "a client of more than 8388608 bytes", maxClient + 1<<10},
		{"white space among clients", root, strings.Repeat(" ", 1000) + "<!---->", "the answer has more than 9437184 bytes", 9 << 20},
		{"unknown elements", root, "<a/>", "the answer has more than 9437184 bytes", 9 << 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := &endless{head: row.head, piece: row.piece}
			var err error
			peak := peakOf(func() { _, err = Read(e, Terms{MaxBytes: 9 << 20}) })
			if got := saysOf(err); !strings.HasPrefix(got, "malformed: ") || !strings.HasSuffix(got, row.want) {
				t.Errorf("got %q, want malformed and %q", got, row.want)
			}
			const buffered = 128 << 10
			if e.given > row.soon+buffered {
				t.Errorf("took %d bytes, want at most %d", e.given, row.soon+buffered)
			}
			if limit := uint64(64 << 20); peak > limit {
				t.Errorf("took %d bytes of memory, want at most %d", peak, limit)
			}
		})
	}
}

// TestLimits: one step below a limit is read, one above is not.
func TestLimits(t *testing.T) {
	t.Parallel()
	attrs := func(n int) string {
		var b strings.Builder
		for i := range n - 1 {
			fmt.Fprintf(&b, ` a%d=""`, i)
		}
		return clients(`<connected_x id="1"` + b.String() + "/>")
	}
	value := func(n int) string { return clients(`<connected_x id="1" a="` + strings.Repeat("a", n) + `"/>`) }
	name := func(n int) string {
		return clients(`<connected_x id="1"><` + strings.Repeat("a", n) + "/></connected_x>")
	}
	depth := func(n int) string {
		return clients(`<connected_x id="1">` + strings.Repeat("<a>", n-2) + strings.Repeat("</a>", n-2) + "</connected_x>")
	}
	bytes := func(n int) string { return clients(agent("<name>" + strings.Repeat("a", n) + "</name>")) }
	for _, row := range []struct {
		what  string
		doc   func(int) string
		limit int
	}{
		{"attributes", attrs, maxAttributes},
		{"bytes of an attribute", value, maxAttribute},
		{"bytes of a name", name, maxName},
		{"depth", depth, maxDepth},
		{"bytes of a text", bytes, maxToken - 1}, // and the "<" behind it
	} {
		if _, err := Read(strings.NewReader(row.doc(row.limit)), Terms{}); err != nil {
			t.Errorf("%s at the limit: %v", row.what, err)
		}
		if _, err := Read(strings.NewReader(row.doc(row.limit+1)), Terms{}); err == nil {
			t.Errorf("%s above the limit: accepted", row.what)
		}
	}
	doc := clients(agent(""))
	read(t, doc, Terms{MaxBytes: int64(len(doc))})
	if _, err := Read(strings.NewReader(doc), Terms{MaxBytes: int64(len(doc) - 1)}); err == nil {
		t.Error("a document above MaxBytes: accepted")
	}
}
