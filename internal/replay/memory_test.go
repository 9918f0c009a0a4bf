package replay_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

func TestStandingIsTheLastOneCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	r, write := w.reader(t), w.writer(t, "emea")
	expect := func(why string, want *roster.Standing) {
		t.Helper()
		got, err := r.Standing(bounded(t), "emea")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", why, err, diff)
		}
	}
	expect("an empty topic", nil)
	write.abort(w.standing(t, roster.Standing{Site: "emea", Seq: 99}))
	expect("nothing but an aborted transaction", nil)

	at := time.Date(2026, 11, 23, 10, 0, 5, 2e6, time.UTC)
	first := roster.Standing{Site: "emea", Epoch: 1, Seq: 4, Clients: 3, Scope: "s",
		Poll: roster.Poll{ID: 8, RequestedAt: at, ReceivedAt: at.Add(time.Second)},
		Hold: &roster.Holding{LastSeen: at, FirstMissed: at, Polls: 2}}
	write.commit(w.standing(t, first), w.standing(t, roster.Standing{Site: "apac", Seq: 77}))
	expect("one, and one of another site", &first)
	second := first
	second.Seq, second.Hold = 5, nil
	write.commit(w.standing(t, second))
	write.abort(w.standing(t, roster.Standing{Site: "emea", Seq: 99}))
	expect("two, and an aborted one behind them", &second)
	write.commit(record(w.topics.State, "emea"))
	expect("a tombstone", nil)
}

func TestUnreadableStanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	write := w.writer(t, "emea")
	for _, row := range []struct{ name, value, says string }{
		{"no JSON", `{"site":`, "unexpected EOF"},
		{"empty", ``, "EOF"},
		{"a number where a text belongs", `{"site":5}`, "site"},
		{"a field of a newer program", `{"site":"emea","seq":4,"sharded":true}`, "sharded"},
		{"of another site", `{"site":"apac","seq":4}`, "apac"},
		{"more than one", `{"site":"emea","seq":4}{}`, "follows"},
	} {
		write.commit(record(w.topics.State, "emea", row.value))
		got, err := w.reader(t).Standing(bounded(t), "emea")
		if !errors.Is(err, roster.ErrUnreadable) {
			t.Errorf("%s: %+v, %v, want %v", row.name, got, err, roster.ErrUnreadable)
		}
		mentions(t, err, "emea", row.says)
	}
}

func TestLastEventIsFoundFarBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	r, write := w.reader(t), w.writer(t, "emea")
	expect := func(why string, epoch, seq int64, readable bool) {
		t.Helper()
		gotEpoch, gotSeq, err := r.LastEvent(bounded(t), "emea")
		if gotEpoch != epoch || gotSeq != seq || (err == nil) != readable {
			t.Errorf("%s: epoch %d, seq %d, %v, want %d, %d, readable %v", why, gotEpoch, gotSeq, err, epoch, seq, readable)
		}
		if !readable && !errors.Is(err, roster.ErrUnreadable) {
			t.Errorf("%s: %v, want %v", why, err, roster.ErrUnreadable)
		}
	}
	expect("an empty topic", 0, 0, true)
	write.commit(w.event("emea", 2, 6), w.event("emea", 3, 7), w.event("emea/2", 1, 1000))
	expect("the last of three", 3, 7, true)
	write.abort(w.event("emea", 9, 99))
	expect("an aborted one behind it", 3, 7, true)
	var many []*kgo.Record
	for i := range 7000 { // three windows
		many = append(many, w.event("apac", 1, i))
	}
	write.commit(many...)
	expect("another site's behind it", 3, 7, true)
	write.commit(record(w.topics.Events, "emea", `{"site":"emea","seq":"eight"}`))
	expect("one that cannot be read behind it", 3, 7, false)
	write.commit(many...)
	expect("the same, further back", 3, 7, false)
	write.commit(record(w.topics.Events, "emea", `{"site":"emea","type":"gap","epoch":4,"seq":9}`))
	expect("one that can, about the site itself", 4, 9, true)
	write.commit(record(w.topics.Events, "emea", `{`), w.event("emea", 4, 10))
	expect("one that can, right behind one that cannot", 4, 10, true)
}

func TestLastEventAtTheEdgeOfTheFirstWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	write := w.writer(t, "emea")
	write.commit(w.event("emea", 1, 1)) // offset 0, its marker 1
	var others []*kgo.Record
	for i := range 998 { // offsets 2 to 999, their marker 1000: what is looked at first begins with offset 1
		others = append(others, w.event("apac", 1, i))
	}
	write.commit(others...)
	if epoch, seq, err := w.reader(t).LastEvent(bounded(t), "emea"); epoch != 1 || seq != 1 || err != nil {
		t.Errorf("epoch %d, seq %d, %v, want 1, 1", epoch, seq, err)
	}
}

// A log may end with offsets that no batch has any more. A broker that is asked for them answers with nothing, and
// would for ever.
func TestEndThatWasCompactedAway(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	kafka := access.Kafka{Brokers: cluster.ListenAddrs()}
	w := world{kafka, "p", brokertest.CreateTopics(t, kafka, "p", 1)}
	w.writer(t, "emea").commit(w.standing(t, roster.Standing{Site: "emea", Seq: 4}))
	cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked := request.(*kmsg.FetchRequest)
		answer := asked.ResponseKind().(*kmsg.FetchResponse)
		topic, p := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
		p.HighWatermark, p.LastStableOffset = 2, 2
		topic.Topic, topic.TopicID = asked.Topics[0].Topic, asked.Topics[0].TopicID
		topic.Partitions = append(topic.Partitions, p)
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
	if got, err := w.reader(t).Standing(bounded(t), "emea"); got != nil || err != nil {
		t.Errorf("standing: %+v, %v, want none", got, err)
	}
}

// What is committed behind another site's open transaction is not visible yet, but it is committed: to overlook it
// would be to forget what was published.
func TestOpenTransactionsOfOthersAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	other, write := w.writer(t, "apac"), w.writer(t, "emea")
	write.commit(w.standing(t, roster.Standing{Site: "emea", Seq: 1}))
	other.begin(w.standing(t, roster.Standing{Site: "apac", Seq: 1}))
	write.commit(w.standing(t, roster.Standing{Site: "emea", Seq: 2}))

	core, logs := observer.New(zap.InfoLevel)
	c := w.config()
	c.Logger = zap.New(core)
	r := open(t, c)
	type result struct {
		standing *roster.Standing
		err      error
	}
	read := make(chan result, 1)
	go func() {
		s, err := r.Standing(bounded(t), "emea")
		read <- result{s, err}
	}()
	eventually(t, "it says that it waits", func() bool { return logs.Len() > 0 })
	select {
	case got := <-read:
		t.Fatalf("it did not wait: %+v", got)
	default:
	}
	other.end(kgo.TryAbort)
	if got := <-read; got.err != nil || got.standing == nil || got.standing.Seq != 2 {
		t.Errorf("standing: %+v, %v, want the second", got.standing, got.err)
	}
}

func TestSitesAreReadFromTheirPartition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	write := w.writer(t, "all")
	for i := range 10 {
		site := fmt.Sprintf("site%d", i)
		p := replay.PartitionOf(site, 5)
		records := []*kgo.Record{w.standing(t, roster.Standing{Site: site, Seq: int64(i)}), w.event(site, 1, i),
			w.present(site, client("1", site))}
		for _, r := range records {
			r.Partition = p
		}
		write.commit(records...)
	}
	write.commit(record(w.topics.State, "forgotten"))
	r := w.reader(t)
	all, err := r.Sites(bounded(t))
	want := []string{"site0", "site1", "site2", "site3", "site4", "site5", "site6", "site7", "site8", "site9"}
	if diff := cmp.Diff(want, all); err != nil || diff != "" {
		t.Errorf("sites, %v (-want +got):\n%s", err, diff)
	}
	for i := range 10 {
		site := fmt.Sprintf("site%d", i)
		standing, err := r.Standing(bounded(t), site)
		if err != nil || standing == nil || standing.Seq != int64(i) {
			t.Errorf("%s: standing %+v, %v", site, standing, err)
		}
		if _, seq, err := r.LastEvent(bounded(t), site); err != nil || seq != int64(i) {
			t.Errorf("%s: last event %d, %v", site, seq, err)
		}
		if all, err := r.Roster(bounded(t), site); err != nil || len(all.Clients) != 1 {
			t.Errorf("%s: roster %+v, %v", site, all, err)
		}
	}
}

func TestMissingTopicIsNoEmptyTopic(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	r := open(t, replay.Config{Kafka: kafka, Topics: access.TopicsOf(prefix)})
	_, standing := r.Standing(bounded(t), "emea")
	_, clients := r.Roster(bounded(t), "emea")
	_, _, last := r.LastEvent(bounded(t), "emea")
	tail := r.Tail(bounded(t), replay.From{}, func(replay.Record) error { return nil })
	for what, err := range map[string]error{"standing": standing, "roster": clients, "last event": last, "tail": tail} {
		if !errors.Is(err, replay.ErrNoTopic) {
			t.Errorf("%s: %v, want %v", what, err, replay.ErrNoTopic)
		}
		mentions(t, err, prefix)
	}
}

// The values are those of Kafka's own test of murmur2 (UtilsTest), their sign bit cleared as Kafka's partitioner does.
func TestPartitionsAreThoseOfAJavaProducer(t *testing.T) {
	t.Parallel()
	for site, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		for _, partitions := range []int{1, 2, 3, 12, 1000003} {
			want := (hash & 0x7fffffff) % int32(partitions)
			if got := replay.PartitionOf(site, partitions); got != want {
				t.Errorf("site %s of %d partitions: %d, want %d", site, partitions, got, want)
			}
		}
	}
}
