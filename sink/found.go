package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"

	"rollcall/internal/access"
)

// found is a topic as the cluster describes it.
type found struct {
	name       string
	partitions int   // 0: the topic does not exist
	unled      error // why a partition cannot be written to now
	settings   map[string]string
	unreadable error // why the settings are not known
}

// maxMessageBytes is the largest batch the topic takes: Kafka's default where we may not know.
func (f found) maxMessageBytes() int {
	if n, err := strconv.Atoi(f.settings["max.message.bytes"]); err == nil && n > 0 {
		return n
	}
	return 1048588
}

// describe looks at the topics, in the order of their names given.
func describe(ctx context.Context, client *connection, topics []string) ([]found, error) {
	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("ask for the topics: the broker hung up (TLS, SASL or the credentials are not what it wants): %w", err)
	case err != nil:
		return nil, fmt.Errorf("ask for the topics: %w", err)
	}
	all := make([]found, len(topics))
	var existing []kafka.DescribeConfigRequestResource
	for i, topic := range metadata.Topics {
		all[i].name = topic.Name
		switch {
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition):
			continue
		case topic.Error != nil:
			return nil, fmt.Errorf("topic %s: %w", topic.Name, topic.Error)
		}
		all[i].partitions = len(topic.Partitions)
		for _, p := range topic.Partitions {
			if p.Error != nil {
				all[i].unled = fmt.Errorf("partition %d: %w", p.ID, p.Error)
			}
		}
		existing = append(existing, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: topic.Name,
			ConfigNames: []string{"cleanup.policy", "max.message.bytes", "retention.ms"},
		})
	}
	if len(existing) > 0 {
		describeSettings(ctx, client, existing, all)
	}
	return all, nil
}

// describeSettings fills in what the cluster tells of the settings. Not to be told is no error: it is a right of its
// own, and one can do without.
func describeSettings(ctx context.Context, client *connection, ask []kafka.DescribeConfigRequestResource, all []found) {
	answer, err := client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: ask})
	if err != nil {
		for i := range all {
			all[i].unreadable = err
		}
		return
	}
	for _, resource := range answer.Resources {
		i := slices.IndexFunc(all, func(f found) bool { return f.name == resource.ResourceName })
		if i < 0 {
			continue
		}
		all[i].unreadable, all[i].settings = resource.Error, map[string]string{}
		for _, entry := range resource.ConfigEntries {
			all[i].settings[entry.ConfigName] = strings.TrimSpace(entry.ConfigValue)
		}
	}
}

// names lists the topics in the order in which a transaction writes them.
func names(t access.Topics) []string { return []string{t.Events, t.Clients, t.State} }
