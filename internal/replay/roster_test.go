package replay_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/roster"
)

// life writes a site's life among other sites and transactions that came to nothing, and gives the roster it leaves.
func (w world) life(t *testing.T) *roster.Roster {
	t.Helper()
	ws, other := w.writer(t, "emea"), w.writer(t, "other")
	ws.commit(w.present("emea", client("9", "nine")), w.present("emea", client("10", "ten")),
		w.present("emea", client("11", "eleven")))
	other.commit(w.present("emea/2", client("9", "of a site with a similar name")), w.present("apac", client("9", "of apac")))
	ws.abort(w.gone("emea", client("9", "")), w.present("emea", client("12", "never was")))
	ws.commit(w.present("emea", client("9", "nine again", logged(5, "a"), logged(6, "b"))), w.gone("emea", client("10", "")))
	other.abort(w.gone("emea", client("11", "")))
	ws.commit(w.present("emea", client("13", "thirteen")), w.gone("emea", client("13", "")))
	return &roster.Roster{Window: 2, Clients: []*roster.Client{
		client("9", "nine again", logged(5, "a"), logged(6, "b")), client("11", "eleven"),
	}}
}

func TestRosterIsWhatTheClientsTopicComesTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	want := w.life(t)
	got, err := w.reader(t).Roster(bounded(t), "emea")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("roster, %v (-want +got):\n%s", err, diff)
	}
	nobody, err := w.reader(t).Roster(bounded(t), "nowhere")
	if diff := cmp.Diff(&roster.Roster{Clients: []*roster.Client{}}, nobody); err != nil || diff != "" {
		t.Errorf("roster of a site without records, %v (-want +got):\n%s", err, diff)
	}
}

func TestRosterSurvivesCompaction(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, broker.Config{})
	w := world{b.Kafka(), "p", access.TopicsOf("p")}
	// Tombstones go at once, so that the log has holes wherever it can have them.
	brokertest.CreateTopic(t, w.kafka, w.topics.Clients, 1, "cleanup.policy", "compact", "delete.retention.ms", "0")
	want := w.life(t)
	before := len(brokertest.Read(t, w.kafka, w.topics.Clients))
	b.Compact()
	if after := len(brokertest.Read(t, w.kafka, w.topics.Clients)); after >= before {
		t.Fatalf("compaction left %d of %d records", after, before)
	}
	got, err := w.reader(t).Roster(bounded(t), "emea")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("roster, %v (-want +got):\n%s", err, diff)
	}
}

// A real broker leaves empty batches, and batches with holes, where kfake leaves none.
func TestRosterSurvivesRealCompaction(t *testing.T) {
	t.Parallel()
	if !brokertest.Real() {
		t.Skip("ROLLCALL_TEST_KAFKA names no broker")
	}
	kafka, prefix := brokertest.New(t)
	w := world{kafka, prefix, access.TopicsOf(prefix)}
	brokertest.CreateTopic(t, kafka, w.topics.Clients, 1, "cleanup.policy", "compact", "delete.retention.ms", "0",
		"segment.ms", "50", "min.cleanable.dirty.ratio", "0.0001")
	want := w.life(t)
	before := len(brokertest.Read(t, kafka, w.topics.Clients))
	filler := w.writer(t, "filler")
	eventually(t, "the log is compacted", func() bool {
		filler.commit(w.gone("filler", client("1", ""))) // the segment written to is never compacted: close it
		return len(brokertest.Read(t, kafka, w.topics.Clients)) < before
	})
	got, err := w.reader(t).Roster(bounded(t), "emea")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("roster, %v (-want +got):\n%s", err, diff)
	}
}

func TestUnreadableClientsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	const key = "emea/representative/9@1795427100"
	for name, value := range map[string]string{
		"no JSON":            `{"site":"emea"`,
		"empty":              ``,
		"about another":      `{"site":"emea","client":{"type":"representative","id":"8","connected_since":"2026-11-23T09:45:00Z"},"state":{}}`,
		"of another site":    `{"site":"apac","client":{"type":"representative","id":"9","connected_since":"2026-11-23T09:45:00Z"},"state":{}}`,
		"without state":      `{"site":"emea","client":{"type":"representative","id":"9","connected_since":"2026-11-23T09:45:00Z"}}`,
		"with a null state":  `{"site":"emea","client":{"type":"representative","id":"9","connected_since":"2026-11-23T09:45:00Z"},"state":null}`,
		"with a strange log": `{"site":"emea","client":{"type":"representative","id":"9","connected_since":"2026-11-23T09:45:00Z"},"state":{"event_log":5}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			write := w.writer(t, "emea")
			write.commit(w.present("emea", client("1", "one")), w.present("emea", client("9", "nine")))
			write.commit(record(w.topics.Clients, key, value))
			got, err := w.reader(t).Roster(bounded(t), "emea")
			if !errors.Is(err, roster.ErrUnreadable) {
				t.Fatalf("roster: %v, want %v", err, roster.ErrUnreadable)
			}
			mentions(t, err, key)
			want := &roster.Roster{Clients: []*roster.Client{client("1", "one"), {Key: client("9", "").Key}}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("roster (-want +got):\n%s", diff)
			}
			if again := got.Clients[1].Key.In("emea"); again != key {
				t.Errorf("its tombstone would go to %s, the record is %s", again, key)
			}
			write.commit(record(w.topics.Clients, key))
			if got, err = w.reader(t).Roster(bounded(t), "emea"); err != nil || len(got.Clients) != 1 {
				t.Errorf("after a tombstone: %v, %v", got, err)
			}
		})
	}
}

func TestRosterOfManyClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	plain := brokertest.Client(t, w.kafka, kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()))
	const clients = 5000 // more than one answer of the broker holds
	for round, hostname := range []string{"old", "new"} {
		var records []*kgo.Record
		for i := range clients {
			records = append(records, w.present("emea", client(strconv.Itoa(i), hostname+strings.Repeat("x", 500))))
		}
		if err := plain.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(round, err)
		}
	}
	got, err := w.reader(t).Roster(bounded(t), "emea")
	if err != nil || len(got.Clients) != clients {
		t.Fatalf("roster: %d clients, %v", len(got.Clients), err)
	}
	for _, c := range got.Clients {
		if !strings.HasPrefix(string(c.State), `{"hostname":"newxxx`) {
			t.Fatalf("%v has state %s", c.Key, c.State)
		}
	}
}
