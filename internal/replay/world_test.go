package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

// inTime bounds everything a test waits for.
const inTime = 30 * time.Second

// world is a broker with the three topics.
type world struct {
	kafka  access.Kafka
	prefix string
	topics access.Topics
}

func newWorld(t *testing.T, partitions int) world {
	t.Helper()
	kafka, prefix := brokertest.New(t)
	return world{kafka, prefix, brokertest.CreateTopics(t, kafka, prefix, partitions)}
}

func (w world) config() replay.Config {
	return replay.Config{Kafka: w.kafka, Topics: w.topics, Group: w.prefix}
}

func (w world) reader(t *testing.T) *replay.Reader {
	t.Helper()
	return open(t, w.config())
}

func open(t *testing.T, c replay.Config) *replay.Reader {
	t.Helper()
	r, err := replay.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// writer is a transactional producer, by a library other than the one the program writes with.
type writer struct {
	t      *testing.T
	client *kgo.Client
}

func (w world) writer(t *testing.T, name string) writer {
	t.Helper()
	return writer{t, brokertest.Client(t, w.kafka, kgo.TransactionalID(w.prefix+"-"+name),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.Lz4Compression()))}
}

func (w writer) begin(records ...*kgo.Record) {
	w.t.Helper()
	if err := w.client.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.ProduceSync(w.t.Context(), records...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

func (w writer) end(how kgo.TransactionEndTry) {
	w.t.Helper()
	if err := w.client.EndTransaction(w.t.Context(), how); err != nil {
		w.t.Fatal(err)
	}
}

func (w writer) commit(records ...*kgo.Record) {
	w.t.Helper()
	w.begin(records...)
	w.end(kgo.TryCommit)
}

func (w writer) abort(records ...*kgo.Record) {
	w.t.Helper()
	w.begin(records...)
	w.end(kgo.TryAbort)
}

// record is one for partition 0; no value is a tombstone.
func record(topic, key string, value ...string) *kgo.Record {
	r := &kgo.Record{Topic: topic, Key: []byte(key)}
	if len(value) > 0 {
		r.Value = []byte(value[0])
	}
	return r
}

// client is a client as the tests write it: its type is representative, its state one field.
func client(id string, hostname string, log ...roster.Entry) *roster.Client {
	key := roster.Key{Type: roster.Representative, ID: id, Since: roster.Moment{Unix: 1795427100}}
	return &roster.Client{Key: key, State: roster.State(`{"hostname":` + roster.Quote(hostname) + `}`), Log: log}
}

func logged(unix int64, message string) roster.Entry {
	return roster.Entry{TS: roster.Moment{Unix: unix}, Message: message}
}

// present is the record of the clients topic that says a client is there.
func (w world) present(site string, c *roster.Client) *kgo.Record {
	value := fmt.Sprintf(`{"site":%q,"client":{"key":%q,"type":%q,"id":%q,"connected_since":%q},"seq":7,`+
		`"observed_at":"2026-11-23T10:00:05.310Z","state":%s}`,
		site, c.Key.In(site), c.Key.Type, c.Key.ID, c.Key.Since, c.AppendWithLog(nil))
	return record(w.topics.Clients, c.Key.In(site), value)
}

// gone is the record that says a client left.
func (w world) gone(site string, c *roster.Client) *kgo.Record {
	return record(w.topics.Clients, c.Key.In(site))
}

func (w world) standing(t *testing.T, s roster.Standing) *kgo.Record {
	t.Helper()
	value, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return record(w.topics.State, s.Site, string(value))
}

func (w world) event(site string, epoch, seq int) *kgo.Record {
	return record(w.topics.Events, site+"/representative/1@5",
		fmt.Sprintf(`{"id":"x","type":"connect","op":"c","site":%q,"epoch":%d,"seq":%d}`, site, epoch, seq))
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), inTime)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(inTime); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// never watches for a second that a condition does not come to hold.
func never(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if holds() {
			t.Fatal(what)
		}
	}
}

// mentions fails where an error does not say what it has to.
func mentions(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("error %v does not mention %q", err, word)
		}
	}
}
