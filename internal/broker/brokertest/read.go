package brokertest

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rollcall/internal/access"
)

// Record is one committed record.
type Record struct {
	Partition int32
	Offset    int64
	Timestamp time.Time
	Key       string
	Value     []byte // nil: a tombstone
	Headers   []Header
}

// Header is one header of a record.
type Header struct{ Key, Value string }

// Header gives the value of the first header with that name, or nothing.
func (r Record) Header(name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return ""
}

// Read gives every committed record of the topic, partition by partition, in order. It reads up to the last record
// written before it was called, or up to the first that belongs to a transaction still open, as a read-committed
// consumer would. On a topic that does not exist the test fails.
func Read(t testing.TB, kafka access.Kafka, topic string) []Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	client := Client(t, kafka)
	about := metadata(ctx, t, client, topic)
	if err := kerr.ErrorForCode(about.ErrorCode); err != nil {
		t.Fatalf("read topic %s: %v", topic, err)
	}
	slices.SortFunc(about.Partitions, func(a, b kmsg.MetadataResponseTopicPartition) int {
		return int(a.Partition - b.Partition)
	})
	var records []Record
	for _, p := range about.Partitions {
		l := log{t: t, client: client, topic: topic, id: about.TopicID, partition: p.Partition, leader: p.Leader}
		records = append(records, committed(t, p.Partition, l.batches(ctx))...)
	}
	return records
}

// log is one partition, read in raw batches.
type log struct {
	t         testing.TB
	client    *kgo.Client
	topic     string
	id        [16]byte
	partition int32
	leader    int32
}

// batches gives all there is, whatever became of it: transactions that are open or were aborted, and their markers.
func (l log) batches(ctx context.Context) []kmsg.RecordBatch {
	l.t.Helper()
	from, end := l.bounds(ctx)
	var all []kmsg.RecordBatch
	for from < end {
		fresh := split(l.t, l.fetch(ctx, from))
		if len(fresh) == 0 { // the rest was compacted away
			return all
		}
		all = append(all, fresh...)
		last := fresh[len(fresh)-1]
		from = last.FirstOffset + int64(last.LastOffsetDelta) + 1
	}
	return all
}

// bounds gives the first offset there is and the one after the last.
func (l log) bounds(ctx context.Context) (start, end int64) {
	l.t.Helper()
	const earliest, latest = -2, -1
	at := func(when int64) int64 {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = l.partition, when
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic, topic.Partitions = l.topic, append(topic.Partitions, p)
		request := kmsg.NewPtrListOffsetsRequest()
		request.Topics = append(request.Topics, topic)
		answer, err := request.RequestWith(ctx, l.client)
		if err == nil {
			err = kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
		}
		if err != nil {
			l.t.Fatalf("bounds of %s/%d: %v", l.topic, l.partition, err)
		}
		return answer.Topics[0].Partitions[0].Offset
	}
	return at(earliest), at(latest)
}

func (l log) fetch(ctx context.Context, from int64) []byte {
	l.t.Helper()
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = l.partition, from, 8<<20
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic, topic.TopicID = l.topic, l.id
	topic.Partitions = append(topic.Partitions, p)
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = 200, 1, 8<<20
	request.Topics = append(request.Topics, topic)
	for {
		answer, err := l.client.Broker(int(l.leader)).RetriableRequest(ctx, request)
		if err != nil {
			l.t.Fatalf("fetch %s/%d from %d: %v", l.topic, l.partition, from, err)
		}
		topics := answer.(*kmsg.FetchResponse).Topics
		if len(topics) == 1 && len(topics[0].Partitions) == 1 && topics[0].Partitions[0].ErrorCode == 0 {
			return topics[0].Partitions[0].RecordBatches
		}
		pause(ctx, l.t, "fetch "+l.topic)
	}
}

// split cuts what a broker sent into batches; the last one may be cut short and is left out then.
func split(t testing.TB, raw []byte) (batches []kmsg.RecordBatch) {
	const sizeEnds = 12 // first offset (8 bytes) and length (4 bytes) stand before what the length counts
	for len(raw) >= sizeEnds {
		size := sizeEnds + int(binary.BigEndian.Uint32(raw[8:]))
		if size > len(raw) {
			return batches
		}
		var b kmsg.RecordBatch
		if err := b.ReadFrom(raw[:size]); err != nil {
			t.Fatalf("record batch: %v", err)
		}
		batches, raw = append(batches, b), raw[size:]
	}
	return batches
}

// The attributes of a batch.
const (
	codecBits     = 0b111
	transactional = 1 << 4
	control       = 1 << 5
)

// committed keeps what was committed, by the rule a log alone is enough for: a marker settles all that its producer
// wrote since the one before, and from the first batch that nothing settles nobody may read on.
func committed(t testing.TB, partition int32, batches []kmsg.RecordBatch) (records []Record) {
	const undecided, yes, no = 0, 1, 2
	verdict := make([]int, len(batches))
	open := map[int64][]int{}
	for i, b := range batches {
		switch {
		case b.Attributes&control != 0:
			outcome := no
			if marker := recordsOf(t, b); len(marker) > 0 && binary.BigEndian.Uint16(marker[0].Key[2:]) == 1 {
				outcome = yes
			}
			for _, j := range open[b.ProducerID] {
				verdict[j] = outcome
			}
			delete(open, b.ProducerID)
			verdict[i] = no
		case b.Attributes&transactional != 0:
			open[b.ProducerID] = append(open[b.ProducerID], i)
		default:
			verdict[i] = yes
		}
	}
	for i, b := range batches {
		if verdict[i] == undecided {
			return records
		}
		if verdict[i] == yes {
			records = append(records, ours(partition, b, recordsOf(t, b))...)
		}
	}
	return records
}

func recordsOf(t testing.TB, b kmsg.RecordBatch) []kmsg.Record {
	raw := b.Records
	if codec := kgo.CompressionCodecType(b.Attributes & codecBits); codec != 0 {
		var err error
		if raw, err = kgo.DefaultDecompressor().Decompress(raw, codec); err != nil {
			t.Fatalf("record batch at %d: %v", b.FirstOffset, err)
		}
	}
	records := make([]kmsg.Record, b.NumRecords)
	for i := range records {
		length, prefix := binary.Varint(raw)
		size := prefix + int(length)
		if prefix <= 0 || size > len(raw) {
			t.Fatalf("record batch at %d: record %d is cut short", b.FirstOffset, i)
		}
		if err := records[i].ReadFrom(raw[:size]); err != nil {
			t.Fatalf("record batch at %d: record %d: %v", b.FirstOffset, i, err)
		}
		raw = raw[size:]
	}
	return records
}

func ours(partition int32, b kmsg.RecordBatch, raw []kmsg.Record) []Record {
	records := make([]Record, len(raw))
	for i, r := range raw {
		records[i] = Record{
			Partition: partition,
			Offset:    b.FirstOffset + int64(r.OffsetDelta),
			Timestamp: time.UnixMilli(b.FirstTimestamp + r.TimestampDelta64).UTC(),
			Key:       string(r.Key),
			Value:     slices.Clone(r.Value),
		}
		for _, h := range r.Headers {
			records[i].Headers = append(records[i].Headers, Header{h.Key, string(h.Value)})
		}
	}
	return records
}
