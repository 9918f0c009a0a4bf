package roster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// State is what is known of a client, in the very form in which it is published: one canonical JSON object (RFC 8785:
// names sorted at every level, no white space, one way to write each value), without the client's identity and
// without its event log. Two states are equal when their bytes are. The empty State stands for none (JSON null).
type State string

// Fields are the top-level fields of a state: their names, and their values as canonical JSON.
type Fields map[string]string

// State puts the fields together.
func (f Fields) State() State {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.SortedFunc(maps.Keys(f), compareNames) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(Quote(name))
		b.WriteByte(':')
		b.WriteString(f[name])
	}
	b.WriteByte('}')
	return State(b.String())
}

// compareNames orders names by their UTF-16 code units (RFC 8785, section 3.2.3). That is the order of their bytes, but
// that characters beyond U+FFFF (first byte from 0xF0), being surrogate pairs, come before U+E000 to U+FFFF (0xEE, 0xEF).
func compareNames(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if min(a[i], b[i]) >= 0xEE && (a[i] >= 0xF0) != (b[i] >= 0xF0) {
			return cmp.Compare(b[i], a[i])
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}

// Fields takes a state apart. It is the inverse of Fields.State for every state that is canonical.
func (s State) Fields() (Fields, error) {
	if s == "" {
		return Fields{}, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &raw); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	f := make(Fields, len(raw))
	for name, value := range raw {
		f[name] = string(value)
	}
	return f, nil
}

// Changed gives the sorted names of the top-level fields in which a and b differ, absent ones included.
func Changed(a, b State) []string {
	if a == b {
		return nil
	}
	fa, errA := a.Fields()
	fb, errB := b.Fields()
	if errA != nil || errB != nil {
		return nil // not canonical: no program of ours made it, and its fields cannot be told apart
	}
	differs := map[string]bool{}
	for name, v := range fa {
		if w, ok := fb[name]; !ok || v != w {
			differs[name] = true
		}
	}
	for name := range fb {
		if _, ok := fa[name]; !ok {
			differs[name] = true
		}
	}
	return slices.SortedFunc(maps.Keys(differs), compareNames)
}

// Quote is the canonical JSON form of a string (RFC 8785, section 3.2.2.2). Bytes that are not UTF-8 become U+FFFD.
func Quote(s string) string { return string(AppendQuoted(nil, s)) }

// AppendQuoted appends the canonical JSON form of s.
func AppendQuoted(dst []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // one for each byte, as encoding/json does
	}
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, c)
		from = i + 1
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const short = "\bb\tt\nn\ff\rr\"\"\\\\" // pairs: the character, and the letter after its backslash
	if i := strings.IndexByte(short, c); i >= 0 && i%2 == 0 {
		return append(dst, '\\', short[i+1])
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
