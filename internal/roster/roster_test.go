package roster_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	key := func(id string, since roster.Moment) roster.Key {
		return roster.Key{Type: roster.PushAgent, ID: id, Since: since}
	}
	nine := &roster.Client{Key: key("9", roster.Moment{Unix: 5}), State: `{"a":1}`}
	ten := &roster.Client{Key: key("10", roster.Moment{Unix: 5}), State: `{"a":2}`}
	text := &roster.Client{Key: key("10", roster.Moment{Text: "x"}), State: `{}`}
	tabbed := &roster.Client{Key: key("10", roster.Moment{Text: "x\ty"}), State: `{}`}
	logged := &roster.Client{Key: nine.Key, State: nine.State, Log: []roster.Entry{{Message: "m"}}}
	for _, row := range []struct {
		name, reason string
		clients      []*roster.Client
		lines        string
	}{
		{"nobody", "the digest of nothing", nil, ""},
		{"byte order", "anybody can sort bytes; the order of our roster is another", []*roster.Client{nine, ten},
			"s/push_agent/10@5\t{\"a\":2}\ns/push_agent/9@5\t{\"a\":1}\n"},
		{"without logs", "the event log is no part of the state", []*roster.Client{logged}, "s/push_agent/9@5\t{\"a\":1}\n"},
		{"byte order of keys", "not of lines", []*roster.Client{text, tabbed},
			"s/push_agent/10@x\t{}\ns/push_agent/10@x\ty\t{}\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			roster.Sort(row.clients)
			want := fmt.Sprintf("%x", sha256.Sum256([]byte(row.lines)))
			got := (&roster.Roster{Clients: row.clients}).Digest("s")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestLogWindow(t *testing.T) {
	t.Parallel()
	for window, want := range map[int]int{0: 20, 5: 20, 20: 20, 31: 31} {
		if got := (&roster.Roster{Window: window}).LogWindow(); got != want {
			t.Errorf("the longest log seen has %d entries: a full window holds %d, want %d", window, got, want)
		}
	}
}

func TestHasStates(t *testing.T) {
	t.Parallel()
	want := map[roster.EventType]bool{roster.SnapshotEvent: true, roster.ConnectEvent: true,
		roster.StateChangeEvent: true, roster.DisconnectEvent: true}
	for _, typ := range roster.EventTypes {
		if got := typ.HasStates(); got != want[typ] {
			t.Errorf("records of type %s carry before and after: %v, want %v", typ, got, want[typ])
		}
	}
}
