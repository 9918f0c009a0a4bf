package sink

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/segmentio/kafka-go"

	"rollcall/internal/roster"
)

// Event is the record of the events topic that says e. Its headers are those of CloudEvents 1.0 in binary mode; its
// timestamp is when the answer was received that showed it.
func Event(e *roster.Event) kafka.Message {
	value := AppendEvent(nil, e)
	m := kafka.Message{Key: []byte(e.Site), Value: value, Time: e.Poll.ReceivedAt}
	idAt := len(`{"id":"`)
	m.Headers = []kafka.Header{
		{Key: "ce_specversion", Value: []byte("1.0")},
		{Key: "ce_id", Value: value[idAt : idAt+len(noID)]},
		{Key: "ce_source", Value: []byte("/rollcall/" + url.PathEscape(e.Site))},
		{Key: "ce_type", Value: []byte("rollcall." + string(e.Type) + ".v1")},
		{Key: "ce_time", Value: e.NotAfter.UTC().AppendFormat(nil, instant)},
		{Key: "ce_dataschema", Value: []byte("urn:rollcall:schema:" + string(e.Type) + ":v1")},
		{Key: "content-type", Value: []byte("application/json")},
	}
	if e.Client != nil {
		m.Key = []byte(e.Client.In(e.Site))
		m.Headers = append(m.Headers, kafka.Header{Key: "ce_subject", Value: m.Key})
	}
	return m
}

// Client is the record of the clients topic: what is known of the client now, or a tombstone once it has left.
func Client(site string, c roster.ClientRecord) kafka.Message {
	m := kafka.Message{Key: []byte(c.Key.In(site)), Time: c.ObservedAt}
	if c.Client == nil {
		return m
	}
	v := append(make([]byte, 0, 512+len(c.Client.State)), '{')
	v = appendText(v, "site", site)
	v = appendClient(v, site, c.Key)
	v = appendInt(v, "seq", c.Seq)
	v = appendTime(v, "observed_at", c.ObservedAt)
	v = c.Client.AppendWithLog(appendName(v, "state"))
	m.Value = append(v, '}')
	return m
}

// Standing is the record of the state topic. It is internal: only this program reads it.
func Standing(b *roster.Batch) (kafka.Message, error) {
	value, err := json.Marshal(b.Standing)
	if err != nil {
		return kafka.Message{}, fmt.Errorf("encode the state of %s: %w", b.Site, err)
	}
	m := kafka.Message{Key: []byte(b.Site), Value: value, Time: b.Standing.Poll.ReceivedAt}
	if n := len(b.Events); n > 0 { // parts of a large poll stand at the poll before
		m.Time = b.Events[n-1].Poll.ReceivedAt
	}
	return m, nil
}
