package differ_test

import (
	"fmt"
	"testing"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// crowd is a site with n clients of an ordinary size, the ids from first on.
func crowd(first, n int) *roster.Roster {
	list := make([]*roster.Client, n)
	for i := range list {
		list[i] = member(first+i, `0`)
	}
	return rosterOf(list...)
}

func member(id int, busy string) *roster.Client {
	f := roster.Fields{"routing_busy": busy}
	for i := range 20 {
		f[fmt.Sprint("field_", i)] = roster.Quote(fmt.Sprintf("value %d of client %d, as long as values are", i, id))
	}
	return client(key(fmt.Sprint(id)), f.State(), entries(0, 20)...)
}

// Unchanged clients cost next to nothing where the reader gives their pointers again, and little where it does not.
func BenchmarkDiff(b *testing.B) {
	const n = 10_000
	before := crowd(1, n)
	onePercent := &roster.Roster{Clients: append([]*roster.Client(nil), before.Clients...), Window: 20}
	everyone := &roster.Roster{Window: 20}
	for i, c := range before.Clients {
		changed := client(c.Key, member(i+1, `1`).State, entries(1, 20)...)
		if i%100 == 0 {
			onePercent.Clients[i] = changed
		}
		everyone.Clients = append(everyone.Clients, changed)
	}
	for _, row := range []struct {
		name   string
		after  *roster.Roster
		events int
	}{
		{"churn=0%", before, 0},
		{"churn=0%,pointers=new", crowd(1, n), 0},
		{"churn=1%", onePercent, 2 * n / 100}, // a state_change and an entry each
		{"churn=100%", everyone, 2 * n},
		{"everybody=new", crowd(n+1, n), n + n + n + 20*n}, // disconnect, connect, event_log_gap, a full log
	} {
		c := differ.Change{Before: before, LastSeen: lastSeen, After: snapshotOf(row.after)}
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(c.Diff().Events); got != row.events {
					b.Fatalf("%d events, want %d", got, row.events)
				}
			}
		})
	}
}
