package sink_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
	"rollcall/schemas/schematest"
	"rollcall/sink"
)

// The slow, obvious encoder: structs in the order of the contract and encoding/json.
type (
	slowRecord struct {
		ID         string           `json:"id"`
		Type       roster.EventType `json:"type"`
		Op         roster.Op        `json:"op,omitempty"`
		Site       string           `json:"site"`
		Epoch      int64            `json:"epoch"`
		Seq        int64            `json:"seq"`
		Poll       slowPoll         `json:"poll"`
		NotBefore  string           `json:"not_before"`
		NotAfter   string           `json:"not_after"`
		TimeSource string           `json:"time_source"`
		Client     *slowClient      `json:"client,omitempty"`
		Before     *json.RawMessage `json:"before,omitempty"`
		After      *json.RawMessage `json:"after,omitempty"`
		Changed    []string         `json:"changed,omitempty"`
		Reason     string           `json:"reason,omitempty"`
		Entry      *slowEntry       `json:"entry,omitempty"`
	}
	slowPoll struct {
		ID       int64  `json:"id"`
		Request  string `json:"requested_at"`
		Receipt  string `json:"received_at"`
		Previous string `json:"previous_requested_at,omitempty"`
	}
	slowClient struct {
		Key   string      `json:"key"`
		Type  roster.Type `json:"type"`
		ID    string      `json:"id"`
		Since string      `json:"connected_since,omitempty"`
	}
	slowEntry struct {
		TS      string `json:"ts,omitempty"`
		Message string `json:"message"`
	}
	slowGap struct {
		From        string `json:"from"`
		To          string `json:"to"`
		PollsFailed int64  `json:"polls_failed"`
	}
	slowLogGap struct {
		LostAfter  string `json:"lost_after,omitempty"`
		LostBefore string `json:"lost_before,omitempty"`
		Window     int    `json:"window"`
	}
)

func slowTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func slowState(t roster.EventType, s roster.State) *json.RawMessage {
	if !slices.Contains([]roster.EventType{"snapshot", "connect", "state_change", "disconnect"}, t) {
		return nil
	}
	raw := json.RawMessage("null")
	if s != "" {
		raw = json.RawMessage(s)
	}
	return &raw
}

// slowly encodes the record: what all have in common, then what only this type says.
func slowly(t *testing.T, e roster.Event, id string) []byte {
	t.Helper()
	r := slowRecord{
		ID: id, Type: e.Type, Op: e.Op, Site: e.Site, Epoch: e.Epoch, Seq: e.Seq,
		Poll:      slowPoll{e.Poll.ID, slowTime(e.Poll.RequestedAt), slowTime(e.Poll.ReceivedAt), slowTime(e.Poll.PreviousRequestedAt)},
		NotBefore: slowTime(e.NotBefore), NotAfter: slowTime(e.NotAfter), TimeSource: string(e.TimeSource),
		Before: slowState(e.Type, e.Before), After: slowState(e.Type, e.After), Changed: e.Changed, Reason: e.Reason,
	}
	if k := e.Client; k != nil {
		r.Client = &slowClient{k.In(e.Site), k.Type, k.ID, k.Since.String()}
	}
	if e.Entry != nil {
		r.Entry = &slowEntry{e.Entry.TS.String(), e.Entry.Message}
	}
	var detail any = e.Detail
	switch d := e.Detail.(type) {
	case nil:
		detail = struct{}{}
	case roster.Gap:
		detail = slowGap{slowTime(d.From), slowTime(d.To), d.PollsFailed}
	case roster.LogGap:
		detail = slowLogGap{d.LostAfter.String(), d.LostBefore.String(), d.Window}
	}
	head, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	if string(rest) == "{}" {
		return head
	}
	return append(append(head[:len(head)-1], ','), rest[1:]...)
}

// tokens are what a JSON text says, in its order.
func tokens(t *testing.T, text []byte) (all []json.Token) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		all = append(all, token)
	}
}

// TestEncoderSaysWhatTheSlowOneSays: over random records, which are valid by their schemas too.
func TestEncoderSaysWhatTheSlowOneSays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		e := chance{rand.New(rand.NewPCG(seed, 1))}.event()
		prefix := []byte("kept")
		got := sink.AppendEvent(prefix, &e)
		if !bytes.HasPrefix(got, prefix) {
			t.Fatalf("seed %d: what stood in the buffer is gone", seed)
		}
		got = got[len(prefix):]
		var record struct{ ID string }
		if err := json.Unmarshal(got, &record); err != nil {
			t.Fatalf("seed %d: %v in %q", seed, err, got)
		}
		want := slowly(t, e, record.ID)
		if diff := cmp.Diff(tokens(t, want), tokens(t, got)); diff != "" {
			t.Fatalf("seed %d: record (-want +got):\n%s", seed, diff)
		}
		schematest.Event(t, got)
	}
}

// chance makes records up.
type chance struct{ *rand.Rand }

func (c chance) event() roster.Event {
	e := roster.Event{
		Type: roster.EventTypes[c.IntN(len(roster.EventTypes))], Site: "s" + c.text(), Epoch: 1 + c.Int64N(9), Seq: 1 + c.Int64(),
		Poll:      roster.Poll{ID: 1 + c.Int64N(1e6), RequestedAt: c.time(), ReceivedAt: c.time()},
		NotBefore: c.time(), NotAfter: c.time(), TimeSource: roster.Bounded,
	}
	if c.IntN(2) == 0 {
		e.Poll.PreviousRequestedAt, e.TimeSource = c.time(), roster.FromSource
	}
	reasons := map[roster.EventType]string{"epoch": "state_lost", "gap": "kafka", "hold": "returned", "disconnect": "absent"}
	e.Reason = reasons[e.Type]
	e.Detail = map[roster.EventType]roster.Detail{
		roster.EpochEvent:      roster.Epoch{Types: append([]string{}, c.texts()...), Clients: c.IntN(9)},
		roster.GapEvent:        roster.Gap{From: c.time(), To: c.time(), PollsFailed: c.Int64N(9)},
		roster.HoldEvent:       roster.Hold{Held: c.IntN(9), Clients: c.IntN(9), Polls: c.IntN(9), By: []string{"", "deadline"}[c.IntN(2)]},
		roster.LogGapEvent:     roster.LogGap{LostAfter: c.moment(), LostBefore: c.moment(), Window: 1 + c.IntN(30)},
		roster.CheckpointEvent: roster.Checkpoint{PollsTried: c.Int64N(99), LongestBlindSeconds: float64(c.IntN(1e6)) / 1000, Digest: digest},
	}[e.Type]
	ops := map[roster.EventType]roster.Op{"snapshot": "r", "connect": "c", "state_change": "u", "disconnect": "d", "event_log": "r", "event_log_gap": "c"}
	if e.Op = ops[e.Type]; e.Op != "" {
		e.Client = &roster.Key{Type: roster.Type("t" + c.text()), ID: "1" + c.text(), Since: c.moment()}
	}
	c.say(&e)
	return e
}

const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// say fills in what happened to the client.
func (c chance) say(e *roster.Event) {
	switch e.Type {
	case roster.SnapshotEvent, roster.ConnectEvent:
		e.After = c.state()
	case roster.DisconnectEvent:
		e.Before = c.state()
	case roster.StateChangeEvent:
		e.Before, e.After, e.Changed = c.state(), c.state(), []string{"name" + c.text()}
	case roster.LogEvent:
		e.Entry = &roster.Entry{TS: c.moment(), Message: c.text()}
	}
}

func (c chance) state() roster.State {
	return roster.Fields{"name": roster.Quote(c.text()), "extra": `{"x":` + roster.Quote(c.text()) + `}`}.State()
}

func (c chance) texts() (all []string) {
	for range c.IntN(3) {
		all = append(all, c.text())
	}
	return all
}

// text is empty, plain, or made of what JSON and XML find hard.
func (c chance) text() string {
	hard := []string{"", "a", `"`, `\`, "\n", "\x00", "\x1f", "\x7f", "<&>", "é", "\u2028", "\U0001F600", "\xff", "\xed\xa0\x80", "/", "@", " "}
	text := ""
	for range c.IntN(5) {
		text += hard[c.IntN(len(hard))]
	}
	return text
}

func (c chance) time() time.Time {
	return time.Unix(c.Int64N(4e9), c.Int64N(1e9)).In(time.FixedZone("", c.IntN(9)*3600))
}

func (c chance) moment() roster.Moment {
	return []roster.Moment{{}, {Unix: 1 + c.Int64N(4e9)}, {Text: "at " + c.text()}}[c.IntN(3)]
}
