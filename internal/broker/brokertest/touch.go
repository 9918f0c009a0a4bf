package brokertest

import (
	"context"
	"testing"

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
