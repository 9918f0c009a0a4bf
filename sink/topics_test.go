package sink_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/segmentio/kafka-go"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/sink"
)

func TestMissingTopicsAreCreatedAsPlanned(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	l := sink.Layout{Kafka: kafka, Topics: access.TopicsOf(prefix), Partitions: 3}
	plan := []sink.Topic{
		{Name: prefix + ".events", Policy: "delete", Partitions: 3},
		{Name: prefix + ".clients", Policy: "compact", Partitions: 3},
		{Name: prefix + ".state", Policy: "compact", Partitions: 3},
	}
	if diff := cmp.Diff(plan, l.Plan()); diff != "" {
		t.Fatalf("plan (-want +got):\n%s", diff)
	}
	inspect(t, l, sink.TopicReport{Topic: plan[0]}, sink.TopicReport{Topic: plan[1]}, sink.TopicReport{Topic: plan[2]})
	created, err := l.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{prefix + ".events", prefix + ".clients", prefix + ".state"}, created); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	inspect(t, l, sink.TopicReport{Topic: plan[0], Exists: true}, sink.TopicReport{Topic: plan[1], Exists: true},
		sink.TopicReport{Topic: plan[2], Exists: true})
	if created, err := l.Create(t.Context()); err != nil || len(created) > 0 {
		t.Errorf("created again: %v, %v", created, err)
	}
}

func inspect(t *testing.T, l sink.Layout, want ...sink.TopicReport) {
	t.Helper()
	got, err := l.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

// TestAMissingTopicFollowsThoseThatExist: it gets their number of partitions, whatever the plan says.
func TestAMissingTopicFollowsThoseThatExist(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	topics := access.TopicsOf(prefix)
	brokertest.CreateTopic(t, kafka, topics.Clients, 4, "cleanup.policy", "compact")
	l := sink.Layout{Kafka: kafka, Topics: topics}
	if _, err := l.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := world{kafka, topics, prefix + "-" + site}.settled(t)
	publish(t, w.writer(t), batch(0, 1))
	for _, topic := range []string{topics.Events, topics.Clients, topics.State} {
		w.expectCount(t, topic, 1)
		if r := brokertest.Read(t, kafka, topic)[0]; int(r.Partition) != sink.PartitionFor(site, 4) {
			t.Errorf("%s: partition %d", topic, r.Partition)
		}
	}
}

func TestWrongTopicsAreNamed(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	topics := access.TopicsOf(prefix)
	brokertest.CreateTopic(t, kafka, topics.Events, 2, "cleanup.policy", "compact", "retention.ms", "3600000")
	brokertest.CreateTopic(t, kafka, topics.Clients, 2, "cleanup.policy", "delete", "retention.ms", "3600000")
	brokertest.CreateTopic(t, kafka, topics.State, 3, "cleanup.policy", "compact,delete")
	inspect(t, sink.Layout{Kafka: kafka, Topics: topics}, sink.TopicReport{
		Topic:  sink.Topic{Name: topics.Events, Policy: "delete", Partitions: 2},
		Exists: true, Faults: []string{`cleanup.policy is "compact", must be "delete"`},
		Doubts: []string{"retention.ms is 3600000: a consumer that is away for longer than 1h0m0s misses events"},
	}, sink.TopicReport{
		Topic:  sink.Topic{Name: topics.Clients, Policy: "compact", Partitions: 2},
		Exists: true, Faults: []string{`cleanup.policy is "delete", must be "compact"`},
	}, sink.TopicReport{
		Topic: sink.Topic{Name: topics.State, Policy: "compact", Partitions: 2}, Exists: true,
		Faults: []string{"has 3 partitions where the others have 2: all three need the same number",
			`cleanup.policy is "compact,delete", must be "compact"`},
	})
}

func TestKeepingEventsForEverIsNoDoubt(t *testing.T) {
	t.Parallel()
	kafka, prefix := brokertest.New(t)
	l := sink.Layout{Kafka: kafka, Topics: access.TopicsOf(prefix)}
	brokertest.CreateTopic(t, kafka, l.Topics.Events, 1, "retention.ms", "-1")
	reports, err := l.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := reports[0]; !r.Exists || len(r.Faults) > 0 || len(r.Doubts) > 0 {
		t.Errorf("report: %+v", r)
	}
}

// TestAWriterNeedsItsTopics: it does not claim what it cannot write.
func TestAWriterNeedsItsTopics(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name       string
		partitions map[string]int
		want       string
	}{
		{"one is missing", map[string]int{".events": 1, ".clients": 1}, ".state: "},
		{"one has more partitions", map[string]int{".events": 1, ".clients": 2, ".state": 1},
			"has 1 partitions, topic test"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			broker, prefix := brokertest.New(t)
			for name, n := range row.partitions {
				brokertest.CreateTopic(t, broker, prefix+name, n)
			}
			err := world{broker, access.TopicsOf(prefix), prefix}.unclaimed(t).Claim(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("claim: %v, want …%s…", err, row.want)
			}
			if missing := len(row.partitions) < 3; errors.Is(err, kafka.UnknownTopicOrPartition) != missing {
				t.Errorf("claim: %v", err)
			}
		})
	}
}

func TestBrokersThatAreNotThere(t *testing.T) {
	t.Parallel()
	l := sink.Layout{Topics: access.TopicsOf("rollcall"), RequestTimeout: 2e9}
	l.Kafka.Brokers = []string{"127.0.0.1:1"}
	if reports, err := l.Inspect(t.Context()); err == nil {
		t.Errorf("inspected %v", reports)
	}
	if created, err := l.Create(t.Context()); err == nil {
		t.Errorf("created %v", created)
	}
}
