package sink

import (
	"context"

	"github.com/segmentio/kafka-go"

	"rollcall/internal/access"
)

// Await is awaitTopics.
func Await(ctx context.Context, k access.Kafka, t access.Topics) error {
	client, err := connect(k, names(t), defaultRequestTimeout)
	if err != nil {
		return err
	}
	defer client.close()
	return awaitTopics(ctx, client, names(t))
}

// Between puts something between the writer and the brokers.
func (w *Writer) Between(wrap func(next kafka.RoundTripper) kafka.RoundTripper) {
	w.kafka.Transport = wrap(w.kafka.Transport)
}

// Advance is advance.
var Advance = advance

// Alone is alone.
var Alone = alone

// PartitionFor is partitionFor.
var PartitionFor = partitionFor

// Insist is insist with the patience of Claim.
func Insist(ctx context.Context, try func() error) error { return insist(ctx, coordinatorBusy, try) }
