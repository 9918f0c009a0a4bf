package broker_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
)

// transaction writes records, "key=value" or "key" for a tombstone, in one transaction and ends it as told.
func transaction(t *testing.T, kafka access.Kafka, topic, id string, end kgo.TransactionEndTry, records ...string) {
	t.Helper()
	client := brokertest.Client(t, kafka, kgo.TransactionalID(id), kgo.DefaultProduceTopic(topic))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		key, value, full := strings.Cut(r, "=")
		record := &kgo.Record{Key: []byte(key)}
		if full {
			record.Value = []byte(value)
			record.Headers = []kgo.RecordHeader{{Key: "h", Value: []byte(value)}}
		}
		if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.EndTransaction(t.Context(), end); err != nil {
		t.Fatal(err)
	}
}

func contents(records []brokertest.Record) (all []string) {
	for _, r := range records {
		if r.Value == nil {
			all = append(all, r.Key)
			continue
		}
		all = append(all, r.Key+"="+string(r.Value)+" "+r.Header("h"))
	}
	return all
}

func TestCommittedRecordsAreRead(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	topic := prefix + ".events"
	brokertest.CreateTopic(t, kafka, topic, 1)
	transaction(t, kafka, topic, prefix+"-a", kgo.TryCommit, "a=1", "b=2")
	transaction(t, kafka, topic, prefix+"-a", kgo.TryAbort, "a=aborted")
	transaction(t, kafka, topic, prefix+"-b", kgo.TryCommit, "b")

	open := brokertest.Client(t, kafka, kgo.TransactionalID(prefix+"-c"), kgo.DefaultProduceTopic(topic))
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := open.ProduceSync(t.Context(), kgo.StringRecord("still open")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	transaction(t, kafka, topic, prefix+"-a", kgo.TryCommit, "a=behind the open one")

	want := []string{"a=1 1", "b=2 2", "b"}
	got := brokertest.Read(t, kafka, topic)
	if diff := cmp.Diff(want, contents(got)); diff != "" {
		t.Errorf("committed records (-want +got):\n%s", diff)
	}
	if age := time.Since(got[0].Timestamp); age < -time.Minute || age > time.Minute {
		t.Errorf("timestamp %v is %v old", got[0].Timestamp, age)
	}
}

func TestCompactionLeavesTheLastOfEachKey(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, broker.Config{})
	brokertest.CreateTopic(t, b.Kafka(), "clients", 1, "cleanup.policy", "compact")
	transaction(t, b.Kafka(), "clients", "x", kgo.TryCommit, "a=1", "b=1", "a=2")
	transaction(t, b.Kafka(), "clients", "x", kgo.TryAbort, "b=aborted")
	transaction(t, b.Kafka(), "clients", "x", kgo.TryCommit, "c=1")
	b.Compact()
	want := []string{"b=1 1", "a=2 2", "c=1 1"}
	if diff := cmp.Diff(want, contents(brokertest.Read(t, b.Kafka(), "clients"))); diff != "" {
		t.Errorf("compacted topic (-want +got):\n%s", diff)
	}
}

func TestAClosedBrokerFreesItsPort(t *testing.T) {
	t.Parallel()
	first, err := broker.Start(broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := net.SplitHostPort(first.Kafka().Brokers[0])
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	first.Close() // twice is no harm
	again := brokertest.Start(t, broker.Config{Port: port})
	if diff := cmp.Diff(first.Kafka().Brokers, again.Kafka().Brokers); diff != "" {
		t.Errorf("brokers (-want +got):\n%s", diff)
	}
}
