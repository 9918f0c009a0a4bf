package roster_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

func TestReadMoment(t *testing.T) {
	t.Parallel()
	at := roster.Moment{Unix: 1795427100}
	for _, row := range []struct {
		name, reason string
		ts, text     string
		want         roster.Moment
	}{
		{"attribute", "UNIX seconds are preferred", "1795427100", "2001-01-01T00:00:00Z", at},
		{"text", "the text serves where the attribute is absent", "", "2026-11-23T09:45:00Z", at},
		{"bad attribute", "or where it is no time", "soon", "2026-11-23T09:45:00Z", at},
		{"zone", "any zone is read, all are UTC", "", "2026-11-23T04:45:00-05:00", at},
		{"zone without colon", "ISO 8601 has it too", "", "2026-11-23T10:45:00+0100", at},
		{"blank instead of T", "RFC 3339 has it too", "", "2026-11-23 09:45:00Z", at},
		{"seconds as text", "the text may be what the attribute is elsewhere", "", "1795427100", at},
		{"fraction", "moments are whole seconds", "", "2026-11-23T09:45:00.9Z", at},
		{"white space", "indentation means nothing", " 1795427100\n", "", at},
		{"no zone", "a time of an unknown zone is no time", "", "2026-11-23T09:45:00", roster.Moment{Text: "2026-11-23T09:45:00"}},
		{"neither", "the text is kept", "soon", "later", roster.Moment{Text: "later"}},
		{"attribute only", "or the attribute", "soon", "", roster.Moment{Text: "soon"}},
		{"nothing", "the zero moment is a time not told", "", "", roster.Moment{}},
		{"zero", "nobody connected in 1970: a clock that was not set", "0", "", roster.Moment{Text: "0"}},
		{"negative", "nor before", "-5", "", roster.Moment{Text: "-5"}},
		{"first", "the first second that can be told", "1", "", roster.Moment{Unix: 1}},
		{"last", "the last second RFC 3339 can write", "253402300799", "", roster.Moment{Unix: 253402300799}},
		{"too late", "the year 10000 cannot be written", "253402300800", "", roster.Moment{Text: "253402300800"}},
		{"overflow", "no integer of ours", "99999999999999999999", "", roster.Moment{Text: "99999999999999999999"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := roster.ReadMoment(row.ts, row.text)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
			if diff := cmp.Diff(got, roster.ReadMoment("", got.String())); diff != "" {
				t.Errorf("its text gives it again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMomentString(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, want string
		moment     roster.Moment
	}{
		{"time", "2026-11-23T09:45:00Z", roster.Moment{Unix: 1795427100}},
		{"text", "soon", roster.Moment{Text: "soon"}},
		{"none", "", roster.Moment{}},
	} {
		if diff := cmp.Diff(row.want, row.moment.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

func FuzzReadMoment(f *testing.F) {
	f.Add("1795427100", "2026-11-23T09:45:00Z")
	f.Add("x", " 5 ")
	f.Add("", "9999-12-31T23:59:59-23:59")
	f.Fuzz(func(t *testing.T, ts, text string) {
		m := roster.ReadMoment(ts, text)
		if diff := cmp.Diff(m, roster.ReadMoment("", m.String())); diff != "" {
			t.Errorf("ReadMoment(%q, %q): its text gives it again (-want +got):\n%s", ts, text, diff)
		}
		if m.IsTime() && m.Text != "" {
			t.Errorf("ReadMoment(%q, %q) = %#v is a time and a text", ts, text, m)
		}
	})
}

func TestKeyIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, want string
		key        roster.Key
	}{
		{"time", "s/representative/101@1795427100",
			roster.Key{Type: roster.Representative, ID: "101", Since: roster.Moment{Unix: 1795427100}}},
		{"text that is no time", "s/push_agent/7@soon",
			roster.Key{Type: roster.PushAgent, ID: "7", Since: roster.Moment{Text: "soon"}}},
		{"no time told", "s/kiosk/7@", roster.Key{Type: "kiosk", ID: "7"}},
	} {
		if diff := cmp.Diff(row.want, row.key.In("s")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// keysInOrder are keys in the order they must have.
var keysInOrder = []roster.Key{
	{Type: "a", ID: "0"},
	{Type: "a", ID: "07"}, // as a number like 7, but another id
	{Type: "a", ID: "7"},
	{Type: "a", ID: "7", Since: roster.Moment{Text: "later"}},
	{Type: "a", ID: "7", Since: roster.Moment{Text: "soon"}},
	{Type: "a", ID: "7", Since: roster.Moment{Unix: 9}},
	{Type: "a", ID: "7", Since: roster.Moment{Unix: 10}},
	{Type: "a", ID: "10"},
	{Type: "a", ID: "18446744073709551615"},
	{Type: "a", ID: "-1"}, // ids that are no numbers come after those that are
	{Type: "a", ID: "18446744073709551616"},
	{Type: "a", ID: "x"},
	{Type: "b", ID: "1"},
}

func TestKeyCompareIsATotalOrder(t *testing.T) {
	t.Parallel()
	for i, a := range keysInOrder {
		for j, b := range keysInOrder {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("Compare(%v, %v) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestSortAndFind(t *testing.T) {
	t.Parallel()
	var r roster.Roster
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(keysInOrder)) {
		r.Clients = append(r.Clients, &roster.Client{Key: keysInOrder[i]})
	}
	roster.Sort(r.Clients)
	var got []roster.Key
	for _, c := range r.Clients {
		got = append(got, c.Key)
	}
	if diff := cmp.Diff(keysInOrder, got); diff != "" {
		t.Errorf("order of the keys (-want +got):\n%s", diff)
	}
	for _, c := range r.Clients {
		if r.Find(c.Key) != c {
			t.Errorf("Find(%v) does not give that client", c.Key)
		}
	}
	if c := r.Find(roster.Key{Type: "a", ID: "8"}); c != nil {
		t.Errorf("Find of a key that is not there gives %v", c.Key)
	}
}

func TestCompareEntries(t *testing.T) {
	t.Parallel()
	want := []roster.Entry{
		{TS: roster.Moment{}},
		{TS: roster.Moment{Text: "later"}},
		{TS: roster.Moment{Text: "soon"}},
		{TS: roster.Moment{Unix: 5}, Message: "z"}, // entries of the same time stay in the order they came in
		{TS: roster.Moment{Unix: 5}, Message: "a"},
		{TS: roster.Moment{Unix: 6}},
	}
	got := []roster.Entry{want[5], want[2], want[3], want[1], want[4], want[0]}
	slices.SortStableFunc(got, roster.CompareEntries)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of entries (-want +got):\n%s", diff)
	}
}
