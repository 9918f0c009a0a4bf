// Package replay reads the topics: what was published of a site, who owns it, and what happens to it now.
//
// Guarantees. Everything is read read-committed. Standing, Roster and LastEvent see all that was committed before they
// were called, of this site or by anybody: where another site's transaction is still open in the same partition they
// wait for its end, because what lies behind it would else be missed. They read one partition each, once, from records
// as they come, and hold nothing but what they return. Own gives each site to one member of the group at a time, as far
// as a group can: who was cut off may believe for a while that a site is still its own, and is then fenced by Kafka when
// it publishes. Tail follows the events in order, site by site.
//
// It writes nothing: no record, no offset, no topic. Nothing here spins: what cannot be reached is asked again at
// growing intervals, or the error is returned.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"rollcall/internal/access"
)

// ErrNoTopic is returned where a topic does not exist. That is not the same as an empty one: whoever finds no topic
// has not learned that nothing was ever published.
var ErrNoTopic = errors.New("the topic does not exist")

// Config says what is read and how it is reached.
type Config struct {
	Kafka          access.Kafka
	Topics         access.Topics
	Group          string               // the consumer group that decides ownership; only Own needs it
	SessionTimeout time.Duration        // after so long without a sign of life a member's sites go to others; 0: 10 s
	Member         func(bool)           // told whether Own is a member of the group, or lost touch with it; may be nil
	Owned          func(sites []string) // told, one call at a time, which sites Own is running; may be nil
	Logger         *zap.Logger          // nil: silence
}

const defaultSession = 10 * time.Second

func (c Config) filled() Config {
	if c.SessionTimeout == 0 {
		c.SessionTimeout = defaultSession
	}
	if c.Member == nil {
		c.Member = func(bool) {}
	}
	if c.Owned == nil {
		c.Owned = func([]string) {}
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return c
}

// Reader reads back what was published. It is safe for concurrent use.
type Reader struct {
	config Config
	client *kgo.Client
}

// Open prepares reading. It connects to nothing yet: wrong addresses and credentials show at the first read.
func Open(c Config) (*Reader, error) {
	c = c.filled()
	client, err := connect(c)
	if err != nil {
		return nil, err
	}
	return &Reader{c, client}, nil
}

// Close ends all reading.
func (r *Reader) Close() { r.client.Close() }

// PartitionOf is the partition of a topic that holds a site's records: murmur2 of its name, as a Java producer with
// that key would choose.
func PartitionOf(site string, partitions int) int32 {
	byKey := kgo.StickyKeyPartitioner(nil).ForTopic("")
	return int32(byKey.Partition(&kgo.Record{Key: []byte(site)}, partitions))
}

// logOf finds the site's partition of a topic.
func (r *Reader) logOf(ctx context.Context, topic, site string) (*log, error) {
	n, err := partitions(ctx, r.client, topic)
	if err != nil {
		return nil, err
	}
	l := &log{client: r.client, to: r.config.Logger, topic: topic, partition: PartitionOf(site, n)}
	return l, l.locate(ctx)
}

// partitions is how many partitions a topic has.
func partitions(ctx context.Context, client *kgo.Client, topic string) (n int, err error) {
	err = patiently(ctx, func() error {
		found, err := describe(ctx, client, topic)
		n = len(found.Partitions)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	return n, nil
}
