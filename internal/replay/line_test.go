package replay_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

func TestLines(t *testing.T) {
	t.Parallel()
	when := time.Date(2026, 11, 23, 10, 0, 5, 31e7, time.UTC)
	about := &replay.About{Type: roster.Representative, ID: "101"}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	fields := func(pairs ...string) map[string]json.RawMessage {
		m := map[string]json.RawMessage{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = raw(pairs[i+1])
		}
		return m
	}
	for _, row := range []struct {
		name string
		r    replay.Record
		want string
	}{
		{"a name and a host", replay.Record{Type: roster.ConnectEvent, Client: about, Before: raw("null"),
			After: raw(`{"hostname":"ws-7","public_display_name":"Anna","username":"anna"}`)},
			"connect       representative 101 Anna (ws-7)"},
		{"a host alone, from what was", replay.Record{Type: roster.DisconnectEvent, Client: about, Reason: "absent",
			Before: raw(`{"hostname":"ws-7"}`), After: raw("null")},
			"disconnect    representative 101 ws-7"},
		{"an id that came back", replay.Record{Type: roster.DisconnectEvent, Client: about, Reason: "superseded",
			Before: raw(`{}`), After: raw("null")},
			"disconnect    representative 101  superseded"},
		{"what changed, absent and empty apart", replay.Record{Type: roster.StateChangeEvent, Client: about,
			Before: raw(`{"hostname":"ws-7","routing_busy":false,"name":""}`), After: raw(`{"hostname":"ws-7","routing_busy":true}`),
			Changed: []string{"name", "routing_busy"}},
			`state_change  representative 101 ws-7  name "" → –; routing_busy false → true`},
		{"a log entry", replay.Record{Type: roster.LogEvent, Client: about,
			Entry: &roster.Entry{TS: roster.Moment{Unix: 1795427100}, Message: "Session started"}},
			"event_log     representative 101  2026-11-23T09:45:00Z Session started"},
		{"a log entry without a time", replay.Record{Type: roster.LogEvent, Client: about,
			Entry: &roster.Entry{Message: "Session started"}},
			"event_log     representative 101  Session started"},
		{"lost entries", replay.Record{Type: roster.LogGapEvent, Client: about,
			Detail: fields("lost_after", `"2026-11-23T09:45:00Z"`, "lost_before", `"2026-11-23T09:46:00Z"`)},
			"event_log_gap  representative 101  log entries were lost between 2026-11-23T09:45:00Z and 2026-11-23T09:46:00Z"},
		{"a gap", replay.Record{Type: roster.GapEvent, Reason: "timeout",
			Detail: fields("from", `"a"`, "to", `"b"`, "polls_failed", "3")},
			"gap           nothing was seen from a to b: timeout, 3 polls failed"},
		{"a hold", replay.Record{Type: roster.HoldEvent, Reason: "held", Detail: fields("held", "17", "clients", "40")},
			"hold          held: 17 of 40 clients are missing"},
		{"a baseline", replay.Record{Type: roster.EpochEvent, Reason: "first_run", Epoch: 1, Detail: fields("clients", "40")},
			"epoch         first_run: epoch 1 begins with 40 clients"},
		{"a checkpoint", replay.Record{Type: roster.CheckpointEvent, Detail: fields("clients", "40", "polls_tried", "30",
			"polls_accepted", "29", "longest_blind_seconds", "10.1")},
			"checkpoint    40 clients; 29 of 30 polls accepted; blind for 10.1 s at most"},
		{"a type of a newer program", replay.Record{Type: "renamed", Reason: "why"}, "renamed       why"},
		{"a hostile name", replay.Record{Type: roster.ConnectEvent, Client: about,
			After: raw("{\"name\":\"\\u001b]0;pwned\\u0007\u202egnp\\nline two\"}")},
			`connect       representative 101 \x1b]0;pwned\x07\u202egnp\nline two`},
		{"a hostile value", replay.Record{Type: roster.StateChangeEvent, Client: about, Changed: []string{"x\x1b[2J"},
			Before: raw(`{}`), After: raw("{\"x\\u001b[2J\":{\"y\":\"\u009b2J\"}}")},
			`state_change  representative 101  x\x1b[2J – → {"y":"\u009b2J"}`},
		{"a long name is cut", replay.Record{Type: roster.ConnectEvent, Client: about,
			After: raw(`{"name":"` + strings.Repeat("ä", 1000) + `"}`)},
			"connect       representative 101 " + strings.Repeat("ä", 60) + "…"},
	} {
		row.r.Site, row.r.NotAfter = "emea", when
		want := "2026-11-23T10:00:05Z  emea  " + row.want
		if diff := cmp.Diff(want, replay.Line(row.r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	broken := replay.Line(replay.Record{Unreadable: errors.New("invalid character '\x1b'")})
	if diff := cmp.Diff(`this is no event: invalid character '\x1b'`, broken); diff != "" {
		t.Errorf("no event (-want +got):\n%s", diff)
	}
}

func TestHarmless(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"plain text", "Anna O'Neil, 3rd floor", "Anna O'Neil, 3rd floor"},
		{"other scripts", "Ærø 東京 العربية עברית 👍", "Ærø 東京 العربية עברית 👍"},
		{"accents of their own", "e\u0301", "e\u0301"},
		{"a backslash", `DOMAIN\anna`, `DOMAIN\anna`},
		{"a no-break space", "a\u00a0b", "a\u00a0b"},
		{"line breaks", "a\nb\r\nc\u2028d\u2029e\u0085f", `a\nb\r\nc\u2028d\u2029e\u0085f`},
		{"a tab", "a\tb", `a\tb`},
		{"an escape sequence", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"the same, as one character", "\u009b31mred", `\u009b31mred`},
		{"the title of the window", "\x1b]0;x\x07", `\x1b]0;x\x07`},
		{"a rubout", "admin\x7f\x08", `admin\x7f\x08`},
		{"nothing", "\x00", `\x00`},
		{"turned writing", "a\u202eb\u202c\u2066c\u2069\u200fd\u061c", `a\u202eb\u202c\u2066c\u2069\u200fd\u061c`},
		{"what cannot be seen", "a\u200bb\ufeffc\u00add\U000e0041", `a\u200bb\ufeffc\u00add\U000e0041`},
		{"of private meaning", "\ue000", `\ue000`},
		{"no UTF-8", "a\xff\xc3b", `a\xff\xc3b`},
		{"a real replacement character", "\ufffd", "\ufffd"},
	} {
		if diff := cmp.Diff(row.want, replay.Harmless(row.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("a\u202e\x1b[0m\xff")
	f.Fuzz(func(t *testing.T, s string) {
		out := replay.Harmless(s)
		if !utf8.ValidString(out) {
			t.Errorf("%q becomes %q, no UTF-8", s, out)
		}
		for _, r := range out {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
				t.Errorf("%q becomes %q, with %U in it", s, out, r)
			}
		}
		if again := replay.Harmless(out); again != out {
			t.Errorf("%q becomes %q and then %q", s, out, again)
		}
	})
}
