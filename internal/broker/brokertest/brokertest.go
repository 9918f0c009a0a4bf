// Package brokertest gives tests a Kafka broker to talk to, and an independent look at what was written there.
//
// The broker is kfake inside the test's own process, or, when ROLLCALL_TEST_KAFKA names one (host:port), a real Kafka,
// so that one suite runs against both. Every test gets names of its own. What a test reads here is decoded by code
// that shares nothing with package replay and asks the broker for nothing but raw batches: it sees every transaction,
// open, aborted or committed, and judges by the markers in the log alone.
package brokertest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"rollcall/internal/access"
	"rollcall/internal/broker"
)

// deadline bounds every request of this package.
const deadline = 30 * time.Second

// Real says whether tests talk to a real Kafka.
func Real() bool { return os.Getenv("ROLLCALL_TEST_KAFKA") != "" }

// New gives a broker and a topic prefix that nobody else uses. Both are gone when the test is over; on a real Kafka,
// the topics with that prefix are deleted.
func New(t testing.TB) (kafka access.Kafka, prefix string) {
	t.Helper()
	prefix = "test-" + unique()
	if Real() {
		kafka.Brokers = strings.Split(os.Getenv("ROLLCALL_TEST_KAFKA"), ",")
		t.Cleanup(func() { deleteTopics(t, kafka, prefix) })
		return kafka, prefix
	}
	return Start(t, broker.Config{}).Kafka(), prefix
}

// Start starts a kfake broker for the test alone, for what a test must set up or touch itself.
func Start(t testing.TB, c broker.Config) *broker.Broker {
	t.Helper()
	b, err := broker.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// CreateTopic creates a topic with as many copies as the broker likes. Settings are pairs: name, value, name, value.
func CreateTopic(t testing.TB, kafka access.Kafka, name string, partitions int, settings ...string) {
	t.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, int32(partitions), -1
	for i := 0; i+1 < len(settings); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = settings[i], &settings[i+1]
		topic.Configs = append(topic.Configs, c)
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis = int32(deadline.Milliseconds())
	request.Topics = append(request.Topics, topic)
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	client := Client(t, kafka)
	answer, err := request.RequestWith(ctx, client)
	if err == nil {
		err = kerr.ErrorForCode(answer.Topics[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	for describe(ctx, t, client, name) < partitions { // a real cluster says "created" before every broker knows
		pause(ctx, t, "topic "+name)
	}
}

// CreateTopics creates the three topics of the prefix with the policies they have in earnest, and gives their names.
func CreateTopics(t testing.TB, kafka access.Kafka, prefix string, partitions int) access.Topics {
	t.Helper()
	topics := access.TopicsOf(prefix)
	CreateTopic(t, kafka, topics.Events, partitions, "cleanup.policy", "delete")
	CreateTopic(t, kafka, topics.Clients, partitions, "cleanup.policy", "compact")
	CreateTopic(t, kafka, topics.State, partitions, "cleanup.policy", "compact")
	return topics
}

// Client is a bare franz-go client, closed when the test is over.
func Client(t testing.TB, kafka access.Kafka, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	options := []kgo.Opt{kgo.SeedBrokers(kafka.Brokers...), kgo.MetadataMinAge(50 * time.Millisecond)}
	if kafka.TLS != nil {
		options = append(options, kgo.DialTLSConfig(kafka.TLS.Clone()))
	}
	if kafka.SASL.Mechanism != "" {
		options = append(options, kgo.SASL(mechanism(t, kafka.SASL)))
	}
	client, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func mechanism(t testing.TB, s access.SASL) sasl.Mechanism {
	t.Helper()
	password, err := s.Password()
	if err != nil {
		t.Fatal(err)
	}
	switch s.Mechanism {
	case access.SCRAMSHA256:
		return scram.Auth{User: s.Username, Pass: password}.AsSha256Mechanism()
	case access.SCRAMSHA512:
		return scram.Auth{User: s.Username, Pass: password}.AsSha512Mechanism()
	}
	return plain.Auth{User: s.Username, Pass: password}.AsMechanism()
}

// describe gives how many partitions of the topic have a leader that this client has heard of.
func describe(ctx context.Context, t testing.TB, client *kgo.Client, topic string) (led int) {
	t.Helper()
	for _, p := range metadata(ctx, t, client, topic).Partitions {
		if p.ErrorCode == 0 && p.Leader >= 0 {
			led++
		}
	}
	return led
}

func metadata(ctx context.Context, t testing.TB, client *kgo.Client, topic string) kmsg.MetadataResponseTopic {
	t.Helper()
	request := kmsg.NewPtrMetadataRequest()
	rt := kmsg.NewMetadataRequestTopic()
	rt.Topic = kmsg.StringPtr(topic)
	request.Topics = append(request.Topics, rt)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		t.Fatalf("look up topic %s: %v", topic, err)
	}
	return answer.Topics[0]
}

func deleteTopics(t testing.TB, kafka access.Kafka, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	client := Client(t, kafka)
	all, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
	if err != nil {
		t.Logf("delete topics: %v", err)
		return
	}
	request := kmsg.NewPtrDeleteTopicsRequest()
	for _, topic := range all.Topics {
		if topic.Topic != nil && strings.HasPrefix(*topic.Topic, prefix) {
			rt := kmsg.NewDeleteTopicsRequestTopic()
			rt.Topic = topic.Topic
			request.Topics = append(request.Topics, rt)
			request.TopicNames = append(request.TopicNames, *topic.Topic)
		}
	}
	if _, err := request.RequestWith(ctx, client); err != nil {
		t.Logf("delete topics: %v", err)
	}
}

// pause waits a moment before a condition is looked at again, and fails the test when it is too late.
func pause(ctx context.Context, t testing.TB, what string) {
	t.Helper()
	select {
	case <-ctx.Done():
		t.Fatalf("%s: not in time", what)
	case <-time.After(20 * time.Millisecond):
	}
}

func unique() string {
	b := make([]byte, 6)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
