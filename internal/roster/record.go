package roster

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The state of a client in the clients topic is its State with the event log as one further field, last.

const logField = `"event_log":`

// AppendWithLog appends the state with the event log in it.
func (c *Client) AppendWithLog(dst []byte) []byte {
	dst = append(dst, strings.TrimSuffix(string(c.State), "}")...)
	if len(c.State) > len("{}") {
		dst = append(dst, ',')
	}
	dst = append(append(dst, logField...), '[')
	for i, e := range c.Log {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.Append(dst)
	}
	return append(dst, "]}"...)
}

// Append appends the entry as {"ts","message"}; the time is left out where the site told none.
func (e Entry) Append(dst []byte) []byte {
	dst = append(dst, '{')
	if e.TS != (Moment{}) {
		dst = append(AppendQuoted(append(dst, `"ts":`...), e.TS.String()), ',')
	}
	return append(AppendQuoted(append(dst, `"message":`...), e.Message), '}')
}

// UnmarshalJSON reads what Append wrote.
func (e *Entry) UnmarshalJSON(data []byte) error {
	var raw struct{ TS, Message string }
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("log entry: %w", err)
	}
	*e = Entry{TS: ReadMoment("", raw.TS), Message: raw.Message}
	return nil
}

// SplitLog is the inverse of AppendWithLog.
func SplitLog(data []byte) (State, []Entry, error) {
	fields, err := State(data).Fields()
	if err != nil {
		return "", nil, err
	}
	var log []Entry
	if raw, ok := fields["event_log"]; ok {
		if err := json.Unmarshal([]byte(raw), &log); err != nil {
			return "", nil, err
		}
		delete(fields, "event_log")
	}
	return fields.State(), log, nil
}
