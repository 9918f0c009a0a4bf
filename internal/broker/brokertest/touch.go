package brokertest

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rollcall/internal/access"
)

// DeleteTopic deletes the topic, and others whose names begin like it.
func DeleteTopic(t testing.TB, kafka access.Kafka, name string) { deleteTopics(t, kafka, name) }

// Exists says whether there is such a topic.
func Exists(t testing.TB, kafka access.Kafka, topic string) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	return metadata(ctx, t, Client(t, kafka), topic).ErrorCode == 0
}

// Members is how many members a consumer group has.
func Members(t testing.TB, kafka access.Kafka, group string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	request := kmsg.NewPtrDescribeGroupsRequest()
	request.Groups = []string{group}
	answer, err := request.RequestWith(ctx, Client(t, kafka))
	if err != nil || len(answer.Groups) != 1 {
		return 0
	}
	return len(answer.Groups[0].Members)
}

// Settle waits until no transaction is open on the topics: a broker acknowledges a commit before everybody can read what
// was committed.
func Settle(t testing.TB, kafka access.Kafka, topics ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	client := Client(t, kafka)
	for _, topic := range topics {
		for _, p := range metadata(ctx, t, client, topic).Partitions {
			for endOf(ctx, t, client, topic, p, committedOnly) < endOf(ctx, t, client, topic, p, everything) {
				if ctx.Err() != nil {
					t.Fatalf("a transaction stays open on %s/%d", topic, p.Partition)
				}
			}
		}
	}
}

// The isolation levels of a request for offsets.
const (
	everything    = 0
	committedOnly = 1
)

func endOf(ctx context.Context, t testing.TB, client *kgo.Client, topic string, of kmsg.MetadataResponseTopicPartition, isolation int8) int64 {
	t.Helper()
	const latest = -1
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = of.Partition, latest
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic, rt.Partitions = topic, []kmsg.ListOffsetsRequestTopicPartition{p}
	request := kmsg.NewPtrListOffsetsRequest()
	request.IsolationLevel, request.Topics = isolation, []kmsg.ListOffsetsRequestTopic{rt}
	answer, err := client.Broker(int(of.Leader)).Request(ctx, request)
	if err != nil {
		t.Fatalf("end of %s/%d: %v", topic, of.Partition, err)
	}
	return answer.(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].Offset
}
