package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

var errEnough = errors.New("enough")

// tailed follows the events until it has seen as many, and gives their numbers.
func tailed(t *testing.T, w world, from replay.From, many int) (seqs []int64) {
	t.Helper()
	err := w.reader(t).Tail(bounded(t), from, func(r replay.Record) error {
		if seqs = append(seqs, r.Seq); len(seqs) == many {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Errorf("tail: %v after %v, want %v", err, seqs, errEnough)
	}
	return seqs
}

func TestTailFollowsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	write := w.writer(t, "emea")
	write.commit(w.event("emea", 1, 1), w.event("emea", 1, 2))
	write.abort(w.event("emea", 1, 3))
	late := w.event("emea", 1, 4)
	late.Timestamp = time.Now().Add(time.Hour)
	write.commit(late)
	if diff := cmp.Diff([]int64{1, 2, 4}, tailed(t, w, replay.From{}, 3)); diff != "" {
		t.Errorf("from the start (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{4}, tailed(t, w, replay.From{Time: late.Timestamp.Add(-time.Minute)}, 1)); diff != "" {
		t.Errorf("from a time (-want +got):\n%s", diff)
	}

	seen := make(chan int64, 100)
	ctx, stop := context.WithCancel(bounded(t))
	ended := make(chan error, 1)
	r := w.reader(t)
	go func() {
		ended <- r.Tail(ctx, replay.From{End: true}, func(r replay.Record) error {
			seen <- r.Seq
			return nil
		})
	}()
	seq := 5
	eventually(t, "it follows", func() bool { // when it has found the end is not told
		write.commit(w.event("emea", 1, seq))
		seq++
		return len(seen) > 0
	})
	stop()
	if err := <-ended; err != nil {
		t.Errorf("tail, when it was told to stop: %v", err)
	}
	if first := <-seen; first < 5 {
		t.Errorf("from the end it began with %d", first)
	}
}

func TestRecordsAreTakenApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	const value = `{"id":"i","type":"gap","op":"u","site":"emea","epoch":3,"seq":4,` +
		`"poll":{"id":8,"requested_at":"2026-11-23T10:00:05.002Z","received_at":"2026-11-23T10:00:05.310Z"},` +
		`"not_before":"2026-11-23T10:00:00.001Z","not_after":"2026-11-23T10:00:05.310Z","time_source":"bounded",` +
		`"client":{"key":"k","type":"representative","id":"101","connected_since":"2026-11-23T09:45:00Z"},` +
		`"before":{"a":1},"after":null,"changed":["a"],"reason":"timeout",` +
		`"entry":{"ts":"2026-11-23T09:45:00Z","message":"m"},"polls_failed":3,"from":"x"}`
	sent := record(w.topics.Events, "emea", value)
	sent.Headers = []kgo.RecordHeader{{Key: "ce_type", Value: []byte("rollcall.gap.v1")}}
	sent.Timestamp = time.UnixMilli(1795427105310)
	write := w.writer(t, "emea")
	write.commit(sent, record(w.topics.Events, "emea", `{"site":`), record(w.topics.Events, "x", `{"site":"emea"}`),
		record(w.topics.Events, "emea"))

	var got []replay.Record
	if err := w.reader(t).Tail(bounded(t), replay.From{}, func(r replay.Record) error {
		if got = append(got, r); len(got) == 4 {
			return errEnough
		}
		return nil
	}); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	ms := func(n int64) time.Time { return time.UnixMilli(n).UTC() }
	want := replay.Record{
		Timestamp: sent.Timestamp, Key: "emea", Raw: []byte(value),
		Headers: []replay.Header{{Key: "ce_type", Value: "rollcall.gap.v1"}},
		ID:      "i", Type: roster.GapEvent, Op: roster.Update, Site: "emea", Epoch: 3, Seq: 4,
		Poll:      roster.Poll{ID: 8, RequestedAt: ms(1795428005002), ReceivedAt: ms(1795428005310)},
		NotBefore: ms(1795428000001), NotAfter: ms(1795428005310), TimeSource: roster.Bounded,
		Client: &replay.About{Key: "k", Type: roster.Representative, ID: "101", ConnectedSince: "2026-11-23T09:45:00Z"},
		Before: json.RawMessage(`{"a":1}`), After: json.RawMessage(`null`), Changed: []string{"a"}, Reason: "timeout",
		Entry:  &roster.Entry{TS: roster.Moment{Unix: 1795427100}, Message: "m"},
		Detail: map[string]json.RawMessage{"polls_failed": json.RawMessage(`3`), "from": json.RawMessage(`"x"`)},
	}
	if diff := cmp.Diff(want, got[0], cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	for i, says := range map[int]string{1: "unexpected end", 2: "no type", 3: "unexpected end"} {
		mentions(t, got[i].Unreadable, says, w.topics.Events)
		if got[i].Offset != int64(i) || got[i].Type != "" {
			t.Errorf("unreadable record %d: %+v", i, got[i])
		}
	}
}
