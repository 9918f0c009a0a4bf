package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"rollcall/internal/access"
)

// Layout is how the three topics must be set up, and knows how to look at them and to create them.
type Layout struct {
	Kafka          access.Kafka
	Topics         access.Topics
	Partitions     int           // of topics to be created; 0: one
	Replication    int           // of topics to be created; 0: as the broker does by default
	RequestTimeout time.Duration // one request; 0: 10 s
}

// Topic is one topic as it must be.
type Topic struct {
	Name        string
	Policy      string // cleanup.policy
	Partitions  int
	Replication int // 0: as the broker does by default
}

// TopicReport is what was found of a topic.
type TopicReport struct {
	Topic
	Exists bool
	Faults []string // with these it cannot be used
	Doubts []string // with these it can, but somebody should know
}

// The values of cleanup.policy.
const (
	keepAll  = "delete"  // every record, for as long as retention.ms says
	keepLast = "compact" // the last record of each key
)

// shortestRetention is how long a consumer may be away at least without missing events.
const shortestRetention = 24 * time.Hour

// Plan gives the topics as they must be.
func (l Layout) Plan() []Topic {
	partitions := max(l.Partitions, 1)
	return []Topic{
		{l.Topics.Events, keepAll, partitions, l.Replication},
		{l.Topics.Clients, keepLast, partitions, l.Replication},
		{l.Topics.State, keepLast, partitions, l.Replication},
	}
}

// Inspect compares the topics with the plan, in its order. Topics that exist may have another number of partitions than
// planned, as long as all have the same; the plan of those that are missing follows them.
func (l Layout) Inspect(ctx context.Context) ([]TopicReport, error) {
	kafka, err := l.connect()
	if err != nil {
		return nil, err
	}
	defer kafka.close()
	return l.inspect(ctx, kafka)
}

func (l Layout) inspect(ctx context.Context, kafka *connection) ([]TopicReport, error) {
	all, err := describe(ctx, kafka, names(l.Topics))
	if err != nil {
		return nil, err
	}
	partitions := 0 // of the first that exists
	for _, f := range all {
		if partitions == 0 {
			partitions = f.partitions
		}
	}
	reports := make([]TopicReport, len(all))
	for i, topic := range l.Plan() {
		if partitions != 0 {
			topic.Partitions = partitions
		}
		reports[i] = all[i].report(topic)
	}
	return reports, nil
}

// Create creates the topics that are missing and says which those were. It changes none that exist.
func (l Layout) Create(ctx context.Context) (created []string, err error) {
	client, err := l.connect()
	if err != nil {
		return nil, err
	}
	defer client.close()
	reports, err := l.inspect(ctx, client)
	if err != nil {
		return nil, err
	}
	var missing []kafka.TopicConfig
	for _, r := range reports {
		if !r.Exists {
			missing = append(missing, r.config())
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: missing})
	if err != nil {
		return nil, fmt.Errorf("create topics: %w", err)
	}
	for _, topic := range missing {
		switch err := answer.Errors[topic.Topic]; {
		case err == nil:
			created = append(created, topic.Topic)
		case !errors.Is(err, kafka.TopicAlreadyExists): // another instance was faster
			return created, fmt.Errorf("create topic %s: %w", topic.Topic, err)
		}
	}
	return created, awaitTopics(ctx, client, names(l.Topics))
}

// awaitTopics waits until every broker knows the topics: a cluster says "created" before that, and whoever connects
// next may come to any of them.
func awaitTopics(ctx context.Context, client *connection, topics []string) error {
	ctx, cancel := context.WithTimeout(ctx, client.Timeout)
	defer cancel()
	cluster, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return fmt.Errorf("ask for the brokers: %w", err)
	}
	unknown := func(err error) bool {
		return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable)
	}
	for _, broker := range cluster.Brokers {
		addr := kafka.TCP(net.JoinHostPort(broker.Host, strconv.Itoa(broker.Port)))
		if err := insist(ctx, unknown, func() error { return known(ctx, client, addr, topics) }); err != nil {
			return fmt.Errorf("broker %s: %w", addr, err)
		}
	}
	return nil
}

// known is nil if the broker at addr knows the topics and who leads them.
func known(ctx context.Context, client *connection, addr net.Addr, topics []string) error {
	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Addr: addr, Topics: topics})
	if err != nil {
		return err
	}
	for _, topic := range metadata.Topics {
		err := topic.Error
		for _, p := range topic.Partitions {
			err = cmp.Or(err, p.Error)
		}
		if err != nil {
			return fmt.Errorf("topic %s: %w", topic.Name, err)
		}
	}
	return nil
}

func (l Layout) connect() (*connection, error) {
	timeout := l.RequestTimeout
	if timeout == 0 {
		timeout = defaultRequestTimeout
	}
	return connect(l.Kafka, names(l.Topics), timeout)
}

// config is the request to create the topic.
func (t Topic) config() kafka.TopicConfig {
	replication := t.Replication
	if replication == 0 {
		replication = -1
	}
	return kafka.TopicConfig{
		Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: replication,
		ConfigEntries: []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: t.Policy}},
	}
}

// report judges what was found by what must be.
func (f found) report(must Topic) TopicReport {
	r := TopicReport{Topic: must, Exists: f.partitions > 0}
	if !r.Exists {
		return r
	}
	if f.partitions != must.Partitions {
		r.Faults = append(r.Faults, fmt.Sprintf("has %d partitions where the others have %d: all three need the same number",
			f.partitions, must.Partitions))
	}
	if f.unled != nil {
		r.Doubts = append(r.Doubts, f.unled.Error())
	}
	if f.unreadable != nil {
		r.Doubts = append(r.Doubts, "its settings cannot be read: "+f.unreadable.Error())
		return r
	}
	if policy := f.settings["cleanup.policy"]; policy != must.Policy {
		r.Faults = append(r.Faults, fmt.Sprintf("cleanup.policy is %q, must be %q", policy, must.Policy))
	}
	retention, err := strconv.ParseInt(f.settings["retention.ms"], 10, 64)
	if must.Policy == keepAll && err == nil && retention >= 0 && retention < shortestRetention.Milliseconds() {
		r.Doubts = append(r.Doubts, fmt.Sprintf("retention.ms is %d: a consumer that is away for longer than %s misses events",
			retention, time.Duration(retention)*time.Millisecond))
	}
	return r
}
