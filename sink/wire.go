package sink

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// kafka-go encodes record batches, but leaves out of their header what makes them part of a transaction: its own
// writer knows no transactions, and nothing of its API sets these three fields. They stand at fixed places of the
// version 2 batch (the format is part of Kafka's protocol and cannot change: a new one would be version 3), before
// anything of variable length. So they are set here, and the checksum is made again. A mistake cannot pass
// unnoticed: the broker refuses a batch whose checksum, producer or sequence is wrong.
const (
	sizeBytes = 4 // kafka-go writes the size of the record set first; the offsets of the format count from behind it

	crcAt          = sizeBytes + 17 // CRC-32C over everything from crcFrom on
	crcFrom        = sizeBytes + 21
	producerIDAt   = sizeBytes + 43
	epochAt        = sizeBytes + 51
	baseSequenceAt = sizeBytes + 53
	headerEnd      = sizeBytes + 61
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// producer is who writes, as the transaction coordinator knows it.
type producer struct {
	id    int64
	epoch int16
}

// encodeBatch writes the messages as one transactional record set of a single batch.
func encodeBatch(messages []kafka.Message, codec kafka.Compression, p producer, sequence int32) ([]byte, error) {
	records := make([]protocol.Record, len(messages))
	for i, m := range messages {
		records[i] = protocol.Record{
			Time: m.Time, Key: protocol.NewBytes(m.Key), Value: protocol.NewBytes(m.Value), Headers: m.Headers,
		}
	}
	set := protocol.RecordSet{
		Version:    2,
		Attributes: protocol.Transactional | protocol.Attributes(codec),
		Records:    protocol.NewRecordReader(records...),
	}
	var buffer bytes.Buffer
	if _, err := set.WriteTo(&buffer); err != nil {
		return nil, fmt.Errorf("encode %d records: %w", len(messages), err)
	}
	encoded := buffer.Bytes()
	if len(encoded) < headerEnd {
		return nil, fmt.Errorf("encode %d records: %d bytes are no batch", len(messages), len(encoded))
	}
	sign(encoded, p, sequence)
	return encoded, nil
}

// sign sets who writes the batch and the sequence number of its first record.
func sign(encoded []byte, p producer, sequence int32) {
	binary.BigEndian.PutUint64(encoded[producerIDAt:], uint64(p.id))
	binary.BigEndian.PutUint16(encoded[epochAt:], uint16(p.epoch))
	binary.BigEndian.PutUint32(encoded[baseSequenceAt:], uint32(sequence))
	binary.BigEndian.PutUint32(encoded[crcAt:], crc32.Checksum(encoded[crcFrom:], castagnoli))
}

// advance gives the sequence number after n records: it counts from 0 to the largest int32 and starts again.
func advance(sequence int32, n int) int32 {
	return int32((int64(sequence) + int64(n)) & 0x7fffffff)
}
