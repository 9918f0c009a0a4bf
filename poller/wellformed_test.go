package poller

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

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
