package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/roster"
)

// Record is one record of the events topic, taken apart. Fields that are absent from it are zero.
type Record struct {
	Partition  int32     `json:"-"`
	Offset     int64     `json:"-"`
	Timestamp  time.Time `json:"-"`
	Key        string    `json:"-"` // as Kafka has it
	Headers    []Header  `json:"-"`
	Raw        []byte    `json:"-"` // the value as published; nil for a tombstone, which nobody ought to have written
	Unreadable error     `json:"-"` // why the value is no event; then all fields below are zero

	ID         string            `json:"id"`
	Type       roster.EventType  `json:"type"`
	Op         roster.Op         `json:"op"`
	Site       string            `json:"site"`
	Epoch      int64             `json:"epoch"`
	Seq        int64             `json:"seq"`
	Poll       roster.Poll       `json:"poll"`
	NotBefore  time.Time         `json:"not_before"`
	NotAfter   time.Time         `json:"not_after"`
	TimeSource roster.TimeSource `json:"time_source"`
	Client     *About            `json:"client"`
	Before     json.RawMessage   `json:"before"` // nil: absent; "null": there is none
	After      json.RawMessage   `json:"after"`
	Changed    []string          `json:"changed"`
	Reason     string            `json:"reason"`
	Entry      *roster.Entry     `json:"entry"`

	Detail map[string]json.RawMessage `json:"-"` // all other fields
}

// Header is one header of a record.
type Header struct{ Key, Value string }

// About is the client that a record is about.
type About struct {
	Key            string      `json:"key"`
	Type           roster.Type `json:"type"`
	ID             string      `json:"id"`
	ConnectedSince string      `json:"connected_since"`
}

func decodeRecord(from *kgo.Record) Record {
	r := Record{}
	if err := r.decode(from.Value); err != nil {
		r = Record{Unreadable: fmt.Errorf("record %d of %s/%d: %w", from.Offset, from.Topic, from.Partition, err)}
	}
	r.Partition, r.Offset, r.Timestamp = from.Partition, from.Offset, from.Timestamp
	r.Key, r.Raw = string(from.Key), bytes.Clone(from.Value)
	for _, h := range from.Headers {
		r.Headers = append(r.Headers, Header{h.Key, string(h.Value)})
	}
	return r
}

func (r *Record) decode(value []byte) error {
	if err := json.Unmarshal(value, r); err != nil {
		return err
	}
	if r.Type == "" || r.Site == "" {
		return errors.New("it has no type or no site")
	}
	if err := json.Unmarshal(value, &r.Detail); err != nil {
		return err
	}
	maps.DeleteFunc(r.Detail, func(name string, _ json.RawMessage) bool {
		return slices.Contains(commonFields, name)
	})
	return nil
}

// commonFields are those that records of any type may have.
var commonFields = []string{"id", "type", "op", "site", "epoch", "seq", "poll", "not_before", "not_after", "time_source",
	"client", "before", "after", "changed", "reason", "entry"}
