package sink_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"

	"rollcall/internal/broker/brokertest"
	"rollcall/internal/roster"
	"rollcall/schemas/schematest"
	"rollcall/sink"
)

func number(t *testing.T, value []byte, field string) int64 {
	t.Helper()
	var record map[string]json.RawMessage
	if err := json.Unmarshal(value, &record); err != nil {
		t.Fatalf("%v in %q", err, value)
	}
	var n int64
	if err := json.Unmarshal(record[field], &n); err != nil {
		t.Fatalf("field %s: %v in %q", field, err, value)
	}
	return n
}

// record is what a message must be once it is read back.
func record(m kafka.Message, partition int) brokertest.Record {
	r := brokertest.Record{Partition: int32(partition), Timestamp: m.Time.UTC(), Key: string(m.Key), Value: m.Value}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, brokertest.Header{Key: h.Key, Value: string(h.Value)})
	}
	return r
}

func TestACommittedBatchIsInTheThreeTopics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := batch(0, 2)
	b.Events = append(b.Events, with(about(jumper, roster.DisconnectEvent, roster.Delete), func(e *roster.Event) {
		e.Seq, e.Before, e.Reason = 3, jumperThere, roster.ReasonAbsent
	}))
	b.Clients = append(b.Clients, roster.ClientRecord{Key: jumper, Seq: 3, ObservedAt: poll.ReceivedAt})
	publish(t, w.writer(t), b)

	partition := sink.PartitionFor(site, 3)
	var events, clients []brokertest.Record
	for i := range b.Events {
		events = append(events, record(sink.Event(&b.Events[i]), partition))
	}
	for _, c := range b.Clients {
		clients = append(clients, record(sink.Client(site, c), partition))
	}
	state, err := sink.Standing(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]brokertest.Record{w.topics.Events: events, w.topics.Clients: clients, w.topics.State: {record(state, partition)}}
	got := map[string][]brokertest.Record{}
	for topic, records := range want {
		w.expectCount(t, topic, len(records))
		got[topic] = brokertest.Read(t, w.kafka, topic)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(brokertest.Record{}, "Offset")); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	for _, r := range got[w.topics.Events] {
		schematest.Event(t, r.Value)
	}
	for _, r := range got[w.topics.Clients] {
		schematest.Clients(t, r.Value)
	}
	var standing roster.Standing
	if err := json.Unmarshal(state.Value, &standing); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.Standing, standing); diff != "" {
		t.Errorf("standing after its way through JSON (-want +got):\n%s", diff)
	}
}

// TestTheSitesPartitionIsThatOfJavasProducer: the hashes are from the tests of Kafka itself (UtilsTest.testMurmur2).
func TestTheSitesPartitionIsThatOfJavasProducer(t *testing.T) {
	t.Parallel()
	hashes := map[string]int32{"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971}
	for name, hash := range hashes {
		for _, partitions := range []int{1, 3, 12} {
			want := int(hash&0x7fffffff) % partitions
			if got := sink.PartitionFor(name, partitions); got != want {
				t.Errorf("site %s over %d partitions: %d, want %d", name, partitions, got, want)
			}
		}
	}
}

func TestAStandingAloneIsABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	writer := w.writer(t)
	for range 2 {
		publish(t, writer, roster.Batch{Site: site, Standing: roster.Standing{Site: site, Epoch: 1, Poll: poll}})
	}
	w.expectCount(t, w.topics.State, 2)
	w.expectCount(t, w.topics.Events, 0)
	w.expectCount(t, w.topics.Clients, 0)
}

func TestCodecs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	last := int64(0)
	for _, codec := range []string{"", "none", "gzip", "snappy", "lz4", "zstd"} {
		writer := w.writer(t, func(c *sink.Config) { c.Compression = codec })
		publish(t, writer, batch(last, 50))
		last += 50
		w.expectSeqs(t, through(1, last))
	}
}

func TestAWriterMustBeToldEverything(t *testing.T) {
	t.Parallel()
	full := sink.Config{TransactionalID: "id", Site: site}
	full.Kafka.Brokers = []string{"127.0.0.1:1"}
	rows := []struct {
		name   string
		change func(*sink.Config)
		want   string
	}{
		{"complete", func(*sink.Config) {}, ""},
		{"no site", func(c *sink.Config) { c.Site = "" }, "a writer needs a transactional id and a site"},
		{"no transactional id", func(c *sink.Config) { c.TransactionalID = "" }, "a writer needs a transactional id and a site"},
		{"no brokers", func(c *sink.Config) { c.Kafka.Brokers = nil }, "no brokers"},
		{"a codec nobody knows", func(c *sink.Config) { c.Compression = "rar" }, `unknown compression "rar"`},
		{"a codec by its number", func(c *sink.Config) { c.Compression = "4" }, `unknown compression "4"`},
		{"a mechanism nobody knows", func(c *sink.Config) { c.Kafka.SASL.Mechanism = "gssapi" }, `unknown SASL mechanism "gssapi"`},
	}
	for _, row := range rows {
		c := full
		row.change(&c)
		_, err := sink.NewWriter(c)
		if got := text(err); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPublishRefusesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	if err := w.unclaimed(t).Publish(t.Context(), batch(0, 1)); err == nil || !strings.Contains(err.Error(), "not claimed") {
		t.Errorf("unclaimed: %v", err)
	}
	other := batch(0, 1)
	other.Site = "other.example.com"
	if err := w.writer(t).Publish(t.Context(), other); err == nil {
		t.Error("a batch of another site was taken")
	}
	if got := w.seqs(t); len(got) > 0 {
		t.Errorf("published %v", got)
	}
}

// TestTryAsksForEveryRight that Publish needs, and leaves nothing.
func TestTryAsksForEveryRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	writer := w.unclaimed(t)
	var steps []step
	tap(func(request kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error) {
		switch r := request.(type) {
		case *addpartitionstotxn.Request:
			if len(r.Topics) != 3 {
				t.Errorf("tried %v", r.Topics)
			}
		case *endtxn.Request:
			if r.Committed {
				t.Error("the trial is committed")
			}
		}
		if s := w.step(request); s != stepOther {
			steps = append(steps, s)
		}
		return send()
	}).on(writer)
	if err := writer.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]step{stepInit, stepAdd, stepEnd}, slices.Compact(steps)); diff != "" {
		t.Errorf("steps of a trial (-want +got):\n%s", diff)
	}
	publish(t, w.writer(t), batch(0, 1))
	w.expectSeqs(t, through(1, 1))
}
