package roster_test

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

// quotes are strings and their one canonical form (RFC 8785, section 3.2.2.2).
var quotes = []struct{ name, text, want string }{
	{"empty", "", `""`},
	{"plain", "ws-7", `"ws-7"`},
	{"quote and backslash", `a"b\c`, `"a\"b\\c"`},
	{"short escapes", "\b\t\n\f\r", `"\b\t\n\f\r"`},
	{"other controls", "\x00\x0b\x1f", `"\u0000\u000b\u001f"`},
	{"not escaped", "<a href='/'>&\x7f\u2028\u2029", "\"<a href='/'>&\x7f\u2028\u2029\""},
	{"characters beyond ASCII", "Łódź 東京 😀", `"Łódź 東京 😀"`},
	{"not UTF-8", "a\xff\xfeb", `"a` + "\uFFFD\uFFFD" + `b"`},
	{"surrogates are not UTF-8", "\xed\xa0\x80", `"` + "\uFFFD\uFFFD\uFFFD" + `"`},
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for _, row := range quotes {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, roster.Quote(row.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("x"+row.want, string(roster.AppendQuoted([]byte("x"), row.text))); diff != "" {
				t.Errorf("appended (-want +got):\n%s", diff)
			}
		})
	}
}

// What encoding/json reads in our form is what it reads in its own.
func FuzzQuote(f *testing.F) {
	for _, row := range quotes {
		f.Add(row.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		theirs, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		ours := roster.Quote(text)
		var want, got string
		if err := json.Unmarshal(theirs, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(ours), &got); err != nil {
			t.Fatalf("Quote(%q) = %s: %v", text, ours, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Quote(%q) (-want +got):\n%s", text, diff)
		}
		if len(ours) > len(theirs) {
			t.Errorf("Quote(%q) = %s is not the shortest form", text, ours)
		}
	})
}

func TestStateAndFields(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		fields roster.Fields
		want   roster.State
	}{
		{"none", roster.Fields{}, `{}`},
		{"sorted by name", roster.Fields{"b": `1`, "a": `"x"`, "ab": `true`, "B": `[]`}, `{"B":[],"a":"x","ab":true,"b":1}`},
		{"values as they are", roster.Fields{"extra": `{"@x":"","y":["1","2"]}`, "n": `null`},
			`{"extra":{"@x":"","y":["1","2"]},"n":null}`},
		{"names are quoted", roster.Fields{`q"`: `1`, "<": `2`}, `{"<":2,"q\"":1}`},
		{"by UTF-16 code units", roster.Fields{"\uFB33": `1`, "😀": `2`, "\u20ac": `3`, "\uD7FE": `4`},
			"{\"\u20ac\":3,\"\uD7FE\":4,\"😀\":2,\"\uFB33\":1}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := row.fields.State()
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("State (-want +got):\n%s", diff)
			}
			back, err := got.Fields()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.fields, back); diff != "" {
				t.Errorf("Fields again (-want +got):\n%s", diff)
			}
		})
	}
	if f, err := roster.State("").Fields(); err != nil || len(f) > 0 {
		t.Errorf("the state of nobody has the fields %v, %v", f, err)
	}
	for _, s := range []roster.State{`{`, `[]`, `{} {}`, `"x"`} {
		if f, err := s.Fields(); err == nil {
			t.Errorf("%s is no state, but has the fields %v", s, f)
		}
	}
}

func FuzzFieldOrder(f *testing.F) {
	f.Add("a", "b", "ab")
	f.Add("\uFB33", "😀", "\u20ac")
	f.Add("\U00010000", "\uE000x", "\uE000")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		names := []string{string([]rune(a)), string([]rune(b)), string([]rune(c))}
		fields := roster.Fields{}
		for _, n := range names {
			fields[n] = "1"
		}
		slices.SortFunc(names, func(x, y string) int {
			return slices.Compare(utf16.Encode([]rune(x)), utf16.Encode([]rune(y)))
		})
		want := "{"
		for i, n := range slices.Compact(names) {
			if i > 0 {
				want += ","
			}
			want += roster.Quote(n) + ":1"
		}
		if diff := cmp.Diff(roster.State(want+"}"), fields.State()); diff != "" {
			t.Errorf("order by UTF-16 code units (-want +got):\n%s", diff)
		}
	})
}

func TestChanged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, reason string
		a, b         roster.State
		want         []string
	}{
		{"nothing", "the same bytes are the same state", `{"a":1}`, `{"a":1}`, nil},
		{"a value", "", `{"a":1,"b":2}`, `{"a":1,"b":3}`, []string{"b"}},
		{"a kind", "a number is not its text", `{"a":1}`, `{"a":"1"}`, []string{"a"}},
		{"appeared", "absent and empty are two", `{"a":1}`, `{"a":1,"b":""}`, []string{"b"}},
		{"vanished", "", `{"a":1,"b":""}`, `{"a":1}`, []string{"b"}},
		{"several", "sorted", `{"a":1,"c":1}`, `{"b":1,"c":2}`, []string{"a", "b", "c"}},
		{"nested", "only the top level is named", `{"a":{"x":1,"y":2}}`, `{"a":{"x":1,"y":3}}`, []string{"a"}},
		{"from nobody", "all fields are new", ``, `{"a":1,"b":2}`, []string{"a", "b"}},
		{"unreadable", "what is no state of ours has no fields", `{`, `{"a":1}`, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, roster.Changed(row.a, row.b)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}
