package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
)

const (
	fetchBytes = 4 << 20                // asked for at once; a larger batch comes whole
	fetchWait  = 250 * time.Millisecond // how long the broker holds a request that it has nothing for
	patience   = 30 * time.Second       // how long what ought to pass by itself may last
)

// log is one partition of a topic. It is read by plain fetch requests and not by a consumer: a consumer tells of
// records, and where the end of a log holds none (a transaction's marker, an aborted batch, a compacted gap) it never
// says that the end was reached.
type log struct {
	client    *kgo.Client
	to        *zap.Logger
	topic     string
	partition int32
	id        [16]byte // of the topic
	leader    int32
}

// bounds gives the first offset of the log and the one after its last record. What is committed now is below the
// latter, though not all below it need be.
func (l *log) bounds(ctx context.Context) (start, end int64, err error) {
	const earliest, latest = -2, -1
	if start, err = l.offset(ctx, earliest); err == nil {
		end, err = l.offset(ctx, latest)
	}
	return start, end, err
}

func (l *log) offset(ctx context.Context, when int64) (offset int64, err error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Partition, p.Timestamp = l.partition, when
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic, topic.Partitions = l.topic, []kmsg.ListOffsetsRequestTopicPartition{p}
	request := kmsg.NewPtrListOffsetsRequest()
	request.Topics = append(request.Topics, topic)
	err = patiently(ctx, func() error {
		answer, err := request.RequestWith(ctx, l.client)
		if err != nil {
			return err
		}
		if len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
			return errors.New("the broker left the partition out of its answer")
		}
		offset = answer.Topics[0].Partitions[0].Offset
		return kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
	})
	if err != nil {
		return 0, fmt.Errorf("bounds of %s/%d: %w", l.topic, l.partition, topicless(err))
	}
	return offset, nil
}

// whole scans the log from its beginning to what is its end now.
func (l *log) whole(ctx context.Context, each func(*kgo.Record) error) error {
	start, end, err := l.bounds(ctx)
	if err != nil {
		return err
	}
	return l.scan(ctx, start, end, each)
}

// scan calls each for every committed record with from <= offset < to, in order, and returns when all of them are
// decided: it waits for transactions that are open. The record and its bytes are only valid during the call.
func (l *log) scan(ctx context.Context, from, to int64, each func(*kgo.Record) error) error {
	waiting := false
	for from < to {
		answer, err := l.fetch(ctx, from)
		if err != nil {
			return fmt.Errorf("read %s/%d: %w", l.topic, l.partition, err)
		}
		got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
			Topic: l.topic, Partition: l.partition, Offset: from, IsolationLevel: kgo.ReadCommitted(),
		}, answer, decompressor, nil)
		if got.Err != nil {
			return fmt.Errorf("read %s/%d at %d: %w", l.topic, l.partition, from, got.Err)
		}
		for _, r := range got.Records {
			if r.Offset >= to {
				return nil
			}
			if err := each(r); err != nil {
				return err
			}
		}
		if next > from {
			from = next
			continue
		}
		switch {
		case len(answer.RecordBatches) > 0:
			return fmt.Errorf("read %s/%d at %d: the broker sent nothing that can be read", l.topic, l.partition, from)
		case answer.LastStableOffset >= to:
			return nil // nothing is left before the end: it was compacted away
		case !waiting:
			waiting = true
			l.to.Info("an open transaction has to end before the topic can be read on",
				zap.String("topic", l.topic), zap.Int32("partition", l.partition), zap.Int64("offset", from))
		}
	}
	return nil
}

var decompressor = kgo.DefaultDecompressor()

// fetch asks the partition's leader once, and again, of the leader that is then, where that may help.
func (l *log) fetch(ctx context.Context, from int64) (p *kmsg.FetchResponseTopicPartition, err error) {
	err = patiently(ctx, func() error {
		var asked error
		if p, asked = l.ask(ctx, from); asked == nil || !passing(asked) {
			return asked
		}
		if err := l.locate(ctx); err != nil {
			return err
		}
		return asked
	})
	return p, err
}

func (l *log) ask(ctx context.Context, from int64) (*kmsg.FetchResponseTopicPartition, error) {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = l.partition, from, fetchBytes
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID, topic.Partitions = l.topic, l.id, []kmsg.FetchRequestTopicPartition{p}
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = int32(fetchWait.Milliseconds()), 1, fetchBytes
	request.IsolationLevel = 1 // read-committed
	request.Topics = append(request.Topics, topic)
	got, err := l.client.Broker(int(l.leader)).Request(ctx, request)
	if err != nil {
		return nil, unreached{err}
	}
	answer := got.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return nil, err
	}
	if len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return nil, unreached{errors.New("the broker left the partition out of its answer")} // it does so to slow us down
	}
	found := &answer.Topics[0].Partitions[0]
	return found, kerr.ErrorForCode(found.ErrorCode)
}

// locate finds the topic's id and the partition's leader.
func (l *log) locate(ctx context.Context) error {
	err := patiently(ctx, func() error {
		found, err := describe(ctx, l.client, l.topic)
		if err != nil {
			return err
		}
		l.id = found.TopicID
		for _, p := range found.Partitions {
			if p.Partition == l.partition {
				l.leader = p.Leader
				return kerr.ErrorForCode(p.ErrorCode)
			}
		}
		return kerr.UnknownTopicOrPartition
	})
	if err != nil {
		return fmt.Errorf("look up %s/%d: %w", l.topic, l.partition, topicless(err))
	}
	return nil
}
