package replay

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Harmless makes text that anybody may have typed safe to print on a terminal and impossible to mistake for anything
// but text: control characters, escape sequences, line breaks, invisible marks and those that turn the direction of
// writing are spelled out (\n, \x1b, \u202e), and so are bytes that are no UTF-8. Everything that can be seen stays.
func Harmless(s string) string {
	if strings.IndexFunc(s, unsafe) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, width := 0, 0; i < len(s); i += width {
		var r rune
		r, width = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unsafe(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// unsafe says whether a character cannot be seen, or does something else than to be seen.
func unsafe(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }

// clip cuts what is too long for a line, at a character.
func clip(s string, most int) string {
	seen := 0
	for i := range s {
		if seen++; seen > most {
			return s[:i] + "…"
		}
	}
	return s
}
