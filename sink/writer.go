package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"rollcall/internal/access"
	"rollcall/internal/roster"
)

// Config says what a Writer writes where.
type Config struct {
	Kafka              access.Kafka
	Topics             access.Topics
	TransactionalID    string        // one per site: who claims it fences whoever held it
	Site               string        // decides the partition
	Compression        string        // none, gzip, snappy, lz4 or zstd; empty: none
	RequestTimeout     time.Duration // one request; 0: 10 s
	TransactionTimeout time.Duration // after which the broker gives an open transaction up; 0: 60 s
	Logger             *zap.Logger   // nil: silence
}

// Writer writes the batches of one site. It is for one goroutine.
type Writer struct {
	Config
	codec kafka.Compression
	kafka *connection
	// session is nil until Claim, and whenever the end of a transaction is unknown.
	session *session
}

// session is what a claim gained: the right to write, and where to.
type session struct {
	producer  producer
	partition int
	limits    map[string]int   // max.message.bytes, by topic
	sequences map[string]int32 // of the next record, by topic
}

var codecs = map[string]kafka.Compression{
	"": 0, "none": 0, "gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
}

// NewWriter checks the configuration. Nothing is dialled before Claim.
func NewWriter(c Config) (*Writer, error) {
	w := &Writer{Config: c}
	if c.TransactionalID == "" || c.Site == "" {
		return nil, errors.New("a writer needs a transactional id and a site")
	}
	codec, known := codecs[c.Compression]
	if !known {
		return nil, fmt.Errorf("unknown compression %q", c.Compression)
	}
	w.codec = codec
	if w.RequestTimeout == 0 {
		w.RequestTimeout = defaultRequestTimeout
	}
	if w.TransactionTimeout == 0 {
		w.TransactionTimeout = time.Minute
	}
	if w.Logger == nil {
		w.Logger = zap.NewNop()
	}
	var err error
	w.kafka, err = connect(c.Kafka, names(c.Topics), w.RequestTimeout)
	return w, err
}

// Close ends the connections. It ends no transaction: a claim of ours might fence whoever has the site by now.
func (w *Writer) Close() { w.kafka.close() }

// Claim makes this writer the only one of its transactional id: the broker refuses whatever older ones still send, and
// ends the transaction they left open. When it returns, every earlier transaction is committed or aborted for good.
// If we die here, older writers are fenced or they are not, and nothing else has happened.
func (w *Writer) Claim(ctx context.Context) error {
	w.session = nil
	ctx, cancel := context.WithTimeout(ctx, w.TransactionTimeout)
	defer cancel()
	found, err := describe(ctx, w.kafka, names(w.Topics))
	if err != nil {
		return err
	}
	partitions, err := partitionsOf(found)
	if err != nil {
		return err
	}
	s := &session{partition: partitionFor(w.Site, partitions), limits: map[string]int{}, sequences: map[string]int32{}}
	for _, topic := range found {
		s.limits[topic.name] = topic.maxMessageBytes()
	}
	if s.producer, err = w.initProducer(ctx); err != nil {
		return fmt.Errorf("claim %s: %w", w.TransactionalID, err)
	}
	w.Logger.Debug("site claimed", zap.String("site", w.Site), zap.Int("partition", s.partition),
		zap.Int64("producer_id", s.producer.id), zap.Int16("producer_epoch", s.producer.epoch))
	w.session = s
	return nil
}

// partitionFor is where Java's producer puts a record whose key is the site.
func partitionFor(site string, partitions int) int {
	all := make([]int, partitions)
	for i := range all {
		all[i] = i
	}
	return kafka.Murmur2Balancer{}.Balance(kafka.Message{Key: []byte(site)}, all...)
}

// partitionsOf is how many partitions each of the topics has.
func partitionsOf(topics []found) (int, error) {
	n := topics[0].partitions
	for _, topic := range topics {
		switch {
		case topic.partitions == 0:
			return 0, fmt.Errorf("topic %s: %w", topic.name, kafka.UnknownTopicOrPartition)
		case topic.partitions != n:
			return 0, fmt.Errorf("topic %s has %d partitions, topic %s has %d: all three need the same number",
				topics[0].name, n, topic.name, topic.partitions)
		}
	}
	return n, nil
}

// Publish writes the batch in one transaction. After nil it is committed, and after a *roster.TooLargeError nothing was
// sent. After any other error the end of the transaction is unknown, and Publish refuses to work until the next
// Claim; roster.ErrFenced in it says that another instance has claimed the site.
func (w *Writer) Publish(ctx context.Context, b roster.Batch) error {
	if b.Site != w.Site {
		return fmt.Errorf("a batch of %s given to the writer of %s", b.Site, w.Site)
	}
	s := w.session
	if s == nil {
		return fmt.Errorf("publish to %s: not claimed", w.Site)
	}
	parcels, err := s.pack(&b, w.Topics, w.codec)
	if err != nil {
		return err
	}
	w.session = nil // until the commit is acknowledged
	if err := w.transact(ctx, s, parcels); err != nil {
		return err
	}
	for _, p := range parcels {
		s.sequences[p.topic] = advance(s.sequences[p.topic], p.records)
	}
	w.session = s
	return nil
}

// Try opens a transaction over the three topics and aborts it without having written a record: it needs all the rights
// that Publish needs. It claims the transactional id, so it must not be given that of a running instance.
func (w *Writer) Try(ctx context.Context) error {
	if err := w.Claim(ctx); err != nil {
		return err
	}
	s := w.session
	w.session = nil
	if err := w.begin(ctx, s, names(w.Topics)); err != nil {
		return err
	}
	return w.end(ctx, s, false)
}
