package sink_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
	"rollcall/schemas"
	"rollcall/schemas/schematest"
	"rollcall/sink"
)

var update = flag.Bool("update", false, "write the examples in schemas/examples anew")

const site = "support.example.com"

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func moment(text string) roster.Moment { return roster.ReadMoment("", text) }

var (
	poll = roster.Poll{
		ID: 812, RequestedAt: at("2026-11-23T10:00:05.002Z"), ReceivedAt: at("2026-11-23T10:00:05.31Z"),
		PreviousRequestedAt: at("2026-11-23T10:00:00.001Z"),
	}
	firstPoll = roster.Poll{ID: 1, RequestedAt: at("2026-11-23T08:00:00Z"), ReceivedAt: at("2026-11-23T08:00:00.25Z")}

	alice   = roster.Key{Type: roster.Representative, ID: "101", Since: moment("2026-11-23T09:45:00Z")}
	bob     = roster.Key{Type: roster.SupportCustomer, ID: "214", Since: moment("2026-11-23T10:00:03Z")}
	jumper  = roster.Key{Type: roster.PushAgent, ID: "7", Since: moment("2026-11-20T05:00:00Z")}
	undated = roster.Key{Type: "kiosk", ID: "a/1"}
)

const (
	aliceIdle = `{"account_type":"Normal","client_connections":[` +
		`{"appliance_id":"6ae0f1d2c3b4a5968778695a4b3c2d1e","connected_since":"2026-11-23T09:45:00Z","private_ip":"10.1.7.20:51432","purpose":"primary","receive_traffic_node":false}],` +
		`"hostname":"ws-7","platform":{"id":"win","name":"Windows 11"},"presentation_count":0,"private_display_name":"Alice Adams",` +
		`"public_display_name":"Alice","routing_available":true,"routing_busy":false,"routing_enabled":true,"routing_idle":true,` +
		`"showing_on_rep_list":true,"support_license":"full","support_session_count":0,"support_session_lsids":[],` +
		`"timezone_offset":3600,"user_id":"12","username":"aadams"}`
	aliceBusy = `{"account_type":"Normal","client_connections":[` +
		`{"appliance_id":"6ae0f1d2c3b4a5968778695a4b3c2d1e","connected_since":"2026-11-23T09:45:00Z","private_ip":"10.1.7.20:51432","purpose":"primary","receive_traffic_node":false}],` +
		`"hostname":"ws-7","platform":{"id":"win","name":"Windows 11"},"presentation_count":0,"private_display_name":"Alice Adams",` +
		`"public_display_name":"Alice","routing_available":false,"routing_busy":true,"routing_enabled":true,"routing_idle":false,` +
		`"showing_on_rep_list":true,"support_license":"full","support_session_count":1,"support_session_lsids":["3f1c0d5ab2e94c7d8e6f5a4b3c2d1e0f"],` +
		`"timezone_offset":3600,"user_id":"12","username":"aadams"}`
	bobThere = `{"client_connections":[],"hostname":"laptop","lsid":"3f1c0d5ab2e94c7d8e6f5a4b3c2d1e0f",` +
		`"name":"Bob <bob@example.com> \"R&D\" ` + "\u2028" + `","platform":{"id":"mac","name":"macOS 15"},"timezone_offset":-18000}`
	jumperThere = `{"extra":{"@mode":"clustered","site_tag":["north","<b>south</b>"]},"hostname":"jump-1","name":"","timezone_offset":"Unknown"}`
)

// example is a record under its name in schemas/examples.
type example struct {
	name  string
	event roster.Event
}

func about(k roster.Key, t roster.EventType, op roster.Op) roster.Event {
	return roster.Event{Type: t, Op: op, Site: site, Epoch: 1, Seq: 4711, Poll: poll, Client: &k,
		NotBefore: poll.PreviousRequestedAt, NotAfter: poll.ReceivedAt, TimeSource: roster.Bounded}
}

func ofSite(t roster.EventType, reason string, detail roster.Detail) roster.Event {
	return roster.Event{Type: t, Site: site, Epoch: 1, Seq: 4711, Poll: poll, Reason: reason, Detail: detail,
		NotBefore: poll.PreviousRequestedAt, NotAfter: poll.ReceivedAt, TimeSource: roster.Bounded}
}

// told is e at a moment that the appliance told.
func told(e roster.Event, text string) roster.Event {
	e.NotBefore, e.NotAfter, e.TimeSource = at(text), at(text), roster.FromSource
	return e
}

func with(e roster.Event, change func(*roster.Event)) roster.Event {
	change(&e)
	return e
}

func examples() []example {
	entry := &roster.Entry{TS: moment("2026-11-23T10:00:03Z"), Message: "Client connected to appliance \"a1\""}
	return []example{
		{"epoch", with(ofSite(roster.EpochEvent, roster.ReasonFirstRun, roster.Epoch{Types: []string{"all"}, Clients: 3}),
			func(e *roster.Event) {
				e.Seq, e.Poll, e.NotBefore, e.NotAfter = 1, firstPoll, firstPoll.RequestedAt, firstPoll.ReceivedAt
			})},
		{"snapshot", with(about(alice, roster.SnapshotEvent, roster.Read), func(e *roster.Event) { e.After = aliceIdle })},
		{"snapshot-undated", with(about(undated, roster.SnapshotEvent, roster.Read), func(e *roster.Event) { e.After = "{}" })},
		{"connect", told(with(about(bob, roster.ConnectEvent, roster.Create), func(e *roster.Event) { e.After = bobThere }),
			"2026-11-23T10:00:03Z")},
		{"state_change", with(about(alice, roster.StateChangeEvent, roster.Update), func(e *roster.Event) {
			e.Before, e.After = aliceIdle, aliceBusy
			e.Changed = roster.Changed(aliceIdle, aliceBusy)
		})},
		{"disconnect", with(about(jumper, roster.DisconnectEvent, roster.Delete), func(e *roster.Event) {
			e.Before, e.Reason = jumperThere, roster.ReasonAbsent
		})},
		{"disconnect-superseded", with(about(bob, roster.DisconnectEvent, roster.Delete), func(e *roster.Event) {
			e.Before, e.Reason = bobThere, roster.ReasonSuperseded
		})},
		{"event_log", told(with(about(bob, roster.LogEvent, roster.Create), func(e *roster.Event) { e.Entry = entry }),
			"2026-11-23T10:00:03Z")},
		{"event_log-undated", with(about(bob, roster.LogEvent, roster.Read), func(e *roster.Event) { e.Entry = &roster.Entry{} })},
		{"event_log_gap", with(about(jumper, roster.LogGapEvent, roster.Create), func(e *roster.Event) {
			e.Detail = roster.LogGap{LostAfter: moment("2026-11-23T09:58:00Z"), LostBefore: moment("yesterday"), Window: 20}
		})},
		{"event_log_gap-nothing_known", with(about(jumper, roster.LogGapEvent, roster.Create), func(e *roster.Event) {
			e.Detail = roster.LogGap{Window: 24}
		})},
		{"gap", ofSite(roster.GapEvent, roster.ReasonTimeout, roster.Gap{From: poll.PreviousRequestedAt, To: poll.ReceivedAt, PollsFailed: 3})},
		{"hold", ofSite(roster.HoldEvent, roster.ReasonHeld, roster.Hold{Held: 30, Clients: 40})},
		{"hold-confirmed", ofSite(roster.HoldEvent, roster.ReasonConfirmed, roster.Hold{Held: 30, Clients: 40, Polls: 3, By: "polls"})},
		{"checkpoint", ofSite(roster.CheckpointEvent, "", roster.Checkpoint{PollsTried: 61, PollsAccepted: 60, LongestBlindSeconds: 10.25,
			Clients: 1, Digest: (&roster.Roster{Clients: []*roster.Client{{Key: alice, State: aliceIdle}}}).Digest(site)})},
	}
}

// TestExamples holds what the encoder writes against the published examples, and both against the schemas.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, row := range examples() {
		t.Run(row.name, func(t *testing.T) {
			value := sink.AppendEvent(nil, &row.event)
			schematest.Event(t, value)
			golden(t, row.name, value)
		})
	}
	t.Run("clients", func(t *testing.T) {
		client := roster.Client{Key: alice, State: aliceIdle, Log: []roster.Entry{
			{TS: moment("2026-11-23T09:45:00Z"), Message: "Client connected to appliance a1"}, {Message: ""},
		}}
		m := sink.Client(site, roster.ClientRecord{Key: alice, Client: &client, Seq: 4711, ObservedAt: poll.ReceivedAt})
		schematest.Clients(t, m.Value)
		golden(t, "clients", m.Value)
	})
}

// golden compares a record with its example, which is the record indented.
func golden(t *testing.T, name string, value []byte) {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, value, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, value)
	}
	indented.WriteByte('\n')
	file := filepath.Join("..", "schemas", "examples", name+".json")
	if *update {
		if err := os.WriteFile(file, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), indented.String()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

// TestHeaders: CloudEvents 1.0 in binary mode, and a schema that exists.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, row := range examples() {
		m := sink.Event(&row.event)
		got := map[string]string{}
		for _, h := range m.Headers {
			got[h.Key] = string(h.Value)
		}
		var record struct{ ID string }
		if err := json.Unmarshal(m.Value, &record); err != nil {
			t.Fatal(err)
		}
		key := site
		want := map[string]string{
			"ce_specversion": "1.0", "ce_id": record.ID, "ce_source": "/rollcall/" + site, "ce_type": "rollcall." + string(row.event.Type) + ".v1",
			"ce_time": row.event.NotAfter.Format("2006-01-02T15:04:05.000Z"), "ce_dataschema": schemaID(t, row.event.Type),
			"content-type": "application/json",
		}
		if row.event.Client != nil {
			key = row.event.Client.In(site)
			want["ce_subject"] = key
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", row.name, diff)
		}
		if string(m.Key) != key || !m.Time.Equal(row.event.Poll.ReceivedAt) {
			t.Errorf("%s: key %s at %v, want %s at %v", row.name, m.Key, m.Time, key, row.event.Poll.ReceivedAt)
		}
	}
}

func schemaID(t *testing.T, name roster.EventType) string {
	t.Helper()
	text, err := schemas.Schema(string(name))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		ID string `json:"$id"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema.ID
}

func TestSiteNamesAreNoPartOfTheSourcesPath(t *testing.T) {
	t.Parallel()
	e := ofSite(roster.CheckpointEvent, "", roster.Checkpoint{})
	e.Site = "a/b c"
	for _, h := range sink.Event(&e).Headers {
		if h.Key == "ce_source" && string(h.Value) != "/rollcall/a%2Fb%20c" {
			t.Errorf("ce_source is %s, which is no URI reference of two parts", h.Value)
		}
	}
}

func TestAClientThatLeftIsATombstone(t *testing.T) {
	t.Parallel()
	m := sink.Client(site, roster.ClientRecord{Key: alice, Seq: 9, ObservedAt: poll.ReceivedAt})
	if m.Value != nil || string(m.Key) != "support.example.com/representative/101@1795427100" || !m.Time.Equal(poll.ReceivedAt) {
		t.Errorf("tombstone: key %s, value %q, time %v", m.Key, m.Value, m.Time)
	}
}

// TestAPartOfALargePollIsStampedWithIt: the standing still stands at the poll before, or at none.
func TestAPartOfALargePollIsStampedWithIt(t *testing.T) {
	t.Parallel()
	b := roster.Batch{Site: site, Events: []roster.Event{about(alice, roster.SnapshotEvent, roster.Read)}, Standing: roster.Standing{Site: site}}
	m, err := sink.Standing(&b)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Time.Equal(poll.ReceivedAt) {
		t.Errorf("stamped %v, want %v", m.Time, poll.ReceivedAt)
	}
}
