package differ_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/differ"
	"rollcall/internal/roster"
)

func TestMissing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, reason  string
		before, after []roster.Key
		missing       []roster.Key
		arrived       int
	}{
		{"nobody", "an empty site misses nobody", nil, nil, nil, 0},
		{"all there", "", []roster.Key{key("1"), key("2")}, []roster.Key{key("1"), key("2")}, nil, 0},
		{"some missing", "in the order of the roster", []roster.Key{key("10"), key("2"), key("3")}, []roster.Key{key("3")},
			[]roster.Key{key("2"), key("10")}, 0},
		{"all missing", "", []roster.Key{key("1"), key("2")}, nil, []roster.Key{key("1"), key("2")}, 0},
		{"arrived", "whoever was not there", []roster.Key{key("2")}, []roster.Key{key("1"), key("2"), key("3")}, nil, 2},
		{"superseded", "an id that came back proves that the old connection ended; the new one is new",
			[]roster.Key{key("1"), key("2")}, []roster.Key{keySince("1", since+1), keySince("2", since-1)}, nil, 2},
		{"neighbours", "another id or type proves nothing",
			[]roster.Key{key("2")}, []roster.Key{key("1"), key("02"), key("3"), {Type: roster.PushAgent, ID: "2"}},
			[]roster.Key{key("2")}, 4},
	} {
		var before, after clients
		for _, k := range row.before {
			before = append(before, client(k, `{}`))
		}
		for _, k := range row.after {
			after = append(after, client(k, `{}`))
		}
		missing, arrived := differ.Missing(rosterOf(before...), rosterOf(after...))
		if diff := cmp.Diff(row.missing, missing, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s: missing (-want +got):\n%s", row.name, row.reason, diff)
		}
		if arrived != row.arrived {
			t.Errorf("%s: %s: %d arrived, want %d", row.name, row.reason, arrived, row.arrived)
		}
	}
}
