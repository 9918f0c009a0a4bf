package sink

import (
	"cmp"
	"fmt"

	"github.com/segmentio/kafka-go"

	"rollcall/internal/access"
	"rollcall/internal/roster"
)

// parcel is one produce request: one encoded batch for one topic.
type parcel struct {
	topic   string
	records int
	encoded []byte
}

const (
	batchHeader  = 61      // bytes of a version 2 batch before its records
	parcelTarget = 1 << 20 // bytes: large enough to compress well, small enough for any broker's patience
)

// packer puts the records of one topic into parcels, none larger than the broker takes. It judges by the size before
// compression, as Java's producer does: the broker may be set up to store them uncompressed, and what it takes should
// not hang on how well a text compresses.
type packer struct {
	topic    string
	limit    int // max.message.bytes of the topic
	codec    kafka.Compression
	producer producer
	sequence int32

	open    []kafka.Message
	bytes   int // of the open ones, with the header of their batch
	parcels []parcel
}

// takes says whether the broker takes the record at all.
func (p *packer) takes(m kafka.Message) bool { return alone(m) <= p.limit }

// add packs a record that the broker takes.
func (p *packer) add(m kafka.Message) error {
	size := recordBytes(m)
	if len(p.open) > 0 && p.bytes+size > min(p.limit, parcelTarget) {
		if err := p.close(); err != nil {
			return err
		}
	}
	p.open = append(p.open, m)
	p.bytes = cmp.Or(p.bytes, batchHeader) + size
	return nil
}

// close ends the open parcel, if there is one.
func (p *packer) close() error {
	if len(p.open) == 0 {
		return nil
	}
	encoded, err := encodeBatch(p.open, p.codec, p.producer, p.sequence)
	if err == nil && len(encoded)-sizeBytes > p.limit { // what does not compress grows a little
		encoded, err = encodeBatch(p.open, 0, p.producer, p.sequence)
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", p.topic, err)
	}
	p.parcels = append(p.parcels, parcel{p.topic, len(p.open), encoded})
	p.sequence = advance(p.sequence, len(p.open))
	clear(p.open) // the texts may be large: do not hold them until the slice is used again
	p.open, p.bytes = p.open[:0], 0
	return nil
}

// alone is the size of a batch with nothing else in it.
func alone(m kafka.Message) int { return batchHeader + recordBytes(m) }

// recordBytes is how many bytes the record takes in a batch at most: its texts, and its numbers at their longest.
func recordBytes(m kafka.Message) int {
	const number, numbers = 5, 6 // length, key, value and header count, offset; the timestamp is 5 more bytes at most
	n := 1 + numbers*number + 5 + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += 2*number + len(h.Key) + len(h.Value)
	}
	return n
}

// pack encodes the whole batch, so that nothing is sent of one that cannot be sent. It holds the batch once more,
// compressed; who publishes bounds it by bounding the batch. The error is a *roster.TooLargeError when the records of
// a client are too large; the largest of the first such client is named.
func (s *session) pack(b *roster.Batch, topics access.Topics, codec kafka.Compression) ([]parcel, error) {
	events, clients, state := s.packer(topics.Events, codec), s.packer(topics.Clients, codec), s.packer(topics.State, codec)
	var large *roster.TooLargeError
	put := func(p *packer, m kafka.Message, about *roster.Key) error {
		switch {
		case p.takes(m):
			return p.add(m)
		case about == nil:
			return fmt.Errorf("topic %s: a record about the site has %d bytes, the broker takes %d", p.topic, alone(m), p.limit)
		case large == nil, large.Key == *about && large.Bytes < alone(m):
			large = &roster.TooLargeError{Key: *about, Bytes: alone(m), Limit: p.limit}
		}
		return nil
	}
	for i := range b.Events {
		if err := put(events, Event(&b.Events[i]), b.Events[i].Client); err != nil {
			return nil, err
		}
	}
	for i := range b.Clients {
		if err := put(clients, Client(b.Site, b.Clients[i]), &b.Clients[i].Key); err != nil {
			return nil, err
		}
	}
	standing, err := Standing(b)
	if err == nil {
		err = put(state, standing, nil)
	}
	if err != nil {
		return nil, err
	}
	if large != nil {
		return nil, large
	}
	return sealed(events, clients, state)
}

// packer starts a topic's parcels where its sequence stands.
func (s *session) packer(topic string, codec kafka.Compression) *packer {
	return &packer{topic: topic, limit: s.limits[topic], codec: codec, producer: s.producer, sequence: s.sequences[topic]}
}

func sealed(packers ...*packer) (all []parcel, err error) {
	for _, p := range packers {
		if err := p.close(); err != nil {
			return nil, err
		}
		all = append(all, p.parcels...)
	}
	return all, nil
}
