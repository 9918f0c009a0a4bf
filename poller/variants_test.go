package poller

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// style is one way to write a document. The zero style is the shortest way.
type style struct {
	head, tail string
	namespaces []string // declared in turn by the root, and by each client where there are several
	prefix     string   // of all elements
	indent     bool
	newline    string
	pad        string // around texts
	quote      string
	gap        string // between attributes
	open       bool   // empty elements as two tags
	aside      string // before each tag: a comment or an instruction
	text       func(string) string
	shape      []func(*tree) // what is done to the tree first
}

// variants are ways to write one roster. Their files are in testdata/variants, for others to serve.
func variants() map[string]style {
	const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n\n"
	const now = "https://www.beyondtrust.com/namespaces/API/command"
	plain := func(change func(*style)) style {
		s := style{head: declaration, namespaces: []string{now}, indent: true, newline: "\n"}
		change(&s)
		return s
	}
	shaped := func(shape ...func(*tree)) style { return plain(func(s *style) { s.shape = shape }) }
	return map[string]style{
		"01-as-the-vendor-does":        plain(func(s *style) {}),
		"02-no-namespace":              plain(func(s *style) { s.namespaces = nil }),
		"03-old-namespace":             plain(func(s *style) { s.namespaces = []string{"http://www.bomgar.com/namespaces/API/command"} }),
		"04-other-namespace":           plain(func(s *style) { s.namespaces = []string{"http://www.beyondtrust.com/sra/namespaces/API/command"} }),
		"05-prefix":                    plain(func(s *style) { s.prefix = "bt:" }),
		"06-prefix-bound-anew":         plain(func(s *style) { s.prefix, s.namespaces = "a:", []string{now, "urn:x", "urn:y"} }),
		"07-default-namespace-undone":  plain(func(s *style) { s.namespaces = []string{now, "", "urn:x"} }),
		"08-no-white-space":            {},
		"09-carriage-returns":          plain(func(s *style) { s.newline = "\r\n" }),
		"10-white-space-around-texts":  plain(func(s *style) { s.pad = "\n\t " }),
		"11-byte-order-mark":           plain(func(s *style) { s.head = utf8BOM + declaration }),
		"12-no-declaration":            plain(func(s *style) { s.head = "" }),
		"13-standalone-and-blanks":     plain(func(s *style) { s.head = "<?xml version = '1.0'  encoding='utf-8' standalone='yes' ?>" }),
		"14-single-quotes":             plain(func(s *style) { s.quote = "'" }),
		"15-white-space-in-tags":       plain(func(s *style) { s.gap = "\n\t" }),
		"16-empty-elements-as-two":     plain(func(s *style) { s.open = true }),
		"17-CDATA":                     plain(func(s *style) { s.text = cdata }),
		"18-CDATA-in-pieces":           plain(func(s *style) { s.text = pieces }),
		"19-decimal-references":        plain(func(s *style) { s.text = references("&#%d;") }),
		"20-hexadecimal-references":    plain(func(s *style) { s.text = references("&#x%X;") }),
		"21-comments":                  plain(func(s *style) { s.aside = "<!-- <hostname>no</hostname> & -->" }),
		"22-comments-in-texts":         plain(func(s *style) { s.text = commented }),
		"23-instructions":              plain(func(s *style) { s.aside = "<?php echo '</connected_clients>' ?>" }),
		"24-more-after-the-end":        plain(func(s *style) { s.tail = "\n<!-- generated -->\n<?end?>\n\n" }),
		"25-clients-reversed":          shaped(reverse("connected_clients")),
		"26-all-elements-reversed":     shaped(reverse()),
		"27-connections-reversed":      shaped(reverse("client_connections", "support_session_lsids")),
		"28-logs-newest-first":         shaped(logsNewestFirst),
		"29-list-in-the-list":          shaped(nested("client_connections")),
		"30-list-in-something-unknown": shaped(nested("connections")),
		"31-log-beside-the-list":       shaped(logBeside),
		"32-log-in-a-connection":       shaped(logInside),
		"33-times-as-numbers-only":     shaped(timesAsNumbers),
		"34-times-in-another-notation": shaped(timesElsewhere),
		"35-all-at-once": {head: utf8BOM + "<?xml version='1.0'?><!---->", tail: "\n<?end?>", prefix: "p:", namespaces: []string{"urn:a", "urn:b"},
			indent: true, newline: "\r\n", pad: " \t", quote: "'", gap: "\n", open: true, aside: "<!-- & -->", text: pieces,
			shape: []func(*tree){nested("client_connections"), logBeside, timesElsewhere, reverse()}},
	}
}

// write writes a tree in the style.
func (s style) write(root *tree) string {
	for _, shape := range s.shape {
		shape(root)
	}
	if s.quote == "" {
		s.quote = `"`
	}
	if s.gap == "" {
		s.gap = " "
	}
	if s.text == nil {
		s.text = escaped
	}
	var b strings.Builder
	b.WriteString(s.head)
	s.element(&b, root, 0, "")
	b.WriteString(s.tail)
	return b.String()
}

func (s style) element(b *strings.Builder, e *tree, depth int, namespace string) {
	b.WriteString("<" + s.prefix + e.name + namespace)
	for _, name := range s.ordered(e.attrs) {
		value := strings.ReplaceAll(escaped(e.attrs[name]), "'", "&apos;")
		fmt.Fprintf(b, "%s%s=%s%s%s", s.gap, name, s.quote, value, s.quote)
	}
	if depth == 0 && len(s.namespaces) > 0 {
		b.WriteString(s.declare(0))
	}
	kids := e.elements()
	if len(kids) == 0 && e.words() == "" && !s.open {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	if len(kids) == 0 {
		b.WriteString(s.pad + s.text(e.words()) + s.pad)
	}
	for i, k := range kids {
		namespace = ""
		if depth == 0 && len(s.namespaces) > 1 {
			namespace = s.declare(1 + i%(len(s.namespaces)-1))
		}
		b.WriteString(s.aside)
		s.line(b, depth+1)
		s.element(b, k, depth+1, namespace)
	}
	if len(kids) > 0 {
		s.line(b, depth)
	}
	b.WriteString("</" + s.prefix + e.name + strings.TrimSpace(s.gap) + ">")
}

func (s style) line(b *strings.Builder, depth int) {
	if s.indent {
		b.WriteString(s.newline + strings.Repeat("\t", depth))
	}
}

func (s style) declare(i int) string {
	name := "xmlns"
	if s.prefix != "" {
		name += ":" + strings.TrimSuffix(s.prefix, ":")
	}
	return fmt.Sprintf("%s%s=%s%s%s", s.gap, name, s.quote, s.namespaces[i], s.quote)
}

// ordered are the names of attributes, backwards where the style has its own white space.
func (s style) ordered(attrs map[string]string) []string {
	var names []string
	for name := range attrs {
		names = append(names, name)
	}
	sort.Strings(names)
	if s.gap != " " {
		slices.Reverse(names)
	}
	return names
}

func cdata(s string) string { return "<![CDATA[" + s + "]]>" }

func pieces(s string) string {
	runes := []rune(s)
	half := len(runes) / 2
	return escaped(string(runes[:half])) + "<![CDATA[]]>" + cdata(string(runes[half:])) + "<!-- -->"
}

func commented(s string) string {
	runes := []rune(s)
	return escaped(string(runes[:len(runes)/2])) + "<!-- & <x> -->" + escaped(string(runes[len(runes)/2:]))
}

func references(format string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, format, r)
		}
		return b.String()
	}
}

// each does something to all elements, or to those with one of the names.
func each(root *tree, do func(*tree), names ...string) {
	for _, k := range root.elements() {
		each(k, do, names...)
	}
	if len(names) == 0 || slices.Contains(names, root.name) {
		do(root)
	}
}

// reverse turns around the elements in those of the names, or in all but logs, where order has a meaning.
func reverse(names ...string) func(*tree) {
	return func(root *tree) {
		each(root, func(e *tree) {
			if e.name != "event_log" && len(e.elements()) > 0 {
				e.kids = e.elements()
				slices.Reverse(e.kids)
			}
		}, names...)
	}
}

func logsNewestFirst(root *tree) {
	each(root, func(e *tree) { e.kids = e.elements(); slices.Reverse(e.kids) }, "event_log")
}

// nested puts the connections into one element more.
func nested(name string) func(*tree) {
	return func(root *tree) {
		each(root, func(e *tree) {
			list := &tree{name: name}
			var rest []*tree
			for _, k := range e.elements() {
				if k.name == "client_connection" {
					list.kids = append(list.kids, k)
				} else {
					rest = append(rest, k)
				}
			}
			if e.kids = rest; len(list.kids) > 0 {
				e.kids = append(rest, list)
			}
		}, "client_connections")
	}
}

// moveLog takes the log out of the connections of each client, and puts it elsewhere.
func moveLog(root *tree, put func(client, list, log *tree)) {
	for _, client := range root.elements() {
		for _, list := range client.elements() {
			for i, log := range list.elements() {
				if list.name == "client_connections" && log.name == "event_log" {
					list.kids = slices.Delete(list.elements(), i, i+1)
					put(client, list, log)
				}
			}
		}
	}
}

func logBeside(root *tree) {
	moveLog(root, func(client, _, log *tree) { client.kids = append(client.kids, log) })
}

func logInside(root *tree) {
	moveLog(root, func(client, list, log *tree) {
		if all := list.elements(); len(all) > 0 {
			all[0].kids = append(all[0].kids, log)
		} else {
			client.kids = append(client.kids, log)
		}
	})
}

func timesAsNumbers(root *tree) {
	each(root, func(e *tree) { e.kids = nil }, "connected_since")
}

func timesElsewhere(root *tree) {
	each(root, func(e *tree) {
		if s := e.words(); strings.HasSuffix(s, "+00:00") {
			e.kids, e.attrs = []*tree{{text: strings.TrimSuffix(s, "+00:00") + "Z"}}, nil
		}
	}, "connected_since")
}

// TestVariants: the same roster, however it is written, is the same to the last byte.
func TestVariants(t *testing.T) {
	t.Parallel()
	const source = "roster.xml"
	want := read(t, file(t, source), Terms{})
	all := variants()
	if len(all) < 30 {
		t.Fatalf("%d variants, want at least 30", len(all))
	}
	written := map[string]string{}
	for name, style := range all {
		root, err := parse([]byte(file(t, source)))
		if err != nil {
			t.Fatal(err)
		}
		doc := style.write(root)
		if other, twice := written[doc]; twice {
			t.Errorf("%s and %s are the same document", name, other)
		}
		written[doc] = name
		if *update {
			writeFile(t, filepath.Join("testdata", "variants", name+".xml"), doc)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if file(t, "variants", name+".xml") != doc {
				t.Error("the file is out of date: go test -update")
			}
			got := read(t, doc, Terms{})
			if diff := cmp.Diff(want.Roster, got.Roster); diff != "" {
				t.Errorf("roster (-want +got):\n%s", diff)
			}
			if len(got.Unknown) > 0 {
				t.Errorf("Unknown = %q", got.Unknown)
			}
			checkAgainstOracle(t, []byte(doc))
		})
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
