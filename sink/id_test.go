package sink_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/roster"
	"rollcall/sink"
)

func idOf(t *testing.T, e roster.Event) string {
	t.Helper()
	var record struct{ ID string }
	if err := json.Unmarshal(sink.AppendEvent(nil, &e), &record); err != nil {
		t.Fatal(err)
	}
	return record.ID
}

// TestIDsFollowTheirDescription makes each id again from the published text alone, as the schemas describe it.
func TestIDsFollowTheirDescription(t *testing.T) {
	t.Parallel()
	for _, row := range examples() {
		text := sink.AppendEvent(nil, &row.event)
		var r struct {
			ID, Site, Type string
			Epoch, Seq     json.Number
			TimeSource     string `json:"time_source"`
			Client         json.RawMessage
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		var client struct{ Key string }
		_, payload, _ := bytes.Cut(text, []byte(`"time_source":"`+r.TimeSource+`",`))
		if r.Client != nil {
			_, payload, _ = bytes.Cut(text, []byte(`"client":`+string(r.Client)+`,`))
			if err := json.Unmarshal(r.Client, &client); err != nil {
				t.Fatal(err)
			}
		}
		said := ""
		for _, part := range []string{r.Site, r.Epoch.String(), r.Seq.String(), r.Type, client.Key, strings.TrimSuffix(string(payload), "}")} {
			said += fmt.Sprintf("%d:%s,", len(part), part)
		}
		sum := sha256.Sum256([]byte(said))
		want := []byte(hex.EncodeToString(sum[:16]))
		want[12] = '8'                 // version
		want[16] = "89ab"[sum[8]>>4&3] // variant
		got := strings.ReplaceAll(r.ID, "-", "")
		if got != string(want) {
			t.Errorf("%s: id %s, from its text %s", row.name, got, want)
		}
	}
}

// TestIDsTellRecordsApart: the same record has the same id, and each thing that makes it another makes the id another.
func TestIDsTellRecordsApart(t *testing.T) {
	t.Parallel()
	base := with(about(bob, roster.DisconnectEvent, roster.Delete), func(e *roster.Event) { e.Before, e.Reason = bobThere, roster.ReasonAbsent })
	want := idOf(t, base)
	same := []struct {
		name, reason string
		change       func(*roster.Event)
	}{
		{"nothing", "ids are made of the content", func(*roster.Event) {}},
		{"poll", "which poll showed it is no part of the id", func(e *roster.Event) { e.Poll.ID++ }},
	}
	for _, row := range same {
		if got := idOf(t, with(base, row.change)); got != want {
			t.Errorf("%s: id %s became %s: %s", row.name, want, got, row.reason)
		}
	}
	other := []struct {
		name   string
		change func(*roster.Event)
	}{
		{"site", func(e *roster.Event) { e.Site = "other.example.com" }},
		{"epoch", func(e *roster.Event) { e.Epoch++ }},
		{"seq", func(e *roster.Event) { e.Seq++ }},
		{"epoch and seq that read the same", func(e *roster.Event) { e.Epoch, e.Seq = 14, 711 }},
		{"type", func(e *roster.Event) { e.Type = roster.SnapshotEvent }},
		{"client", func(e *roster.Event) { e.Client = &roster.Key{Type: bob.Type, ID: "215", Since: bob.Since} }},
		{"before", func(e *roster.Event) { e.Before = "{}" }},
		{"after", func(e *roster.Event) { e.After = "{}" }},
		{"reason", func(e *roster.Event) { e.Reason = roster.ReasonSuperseded }},
		{"entry", func(e *roster.Event) { e.Entry = &roster.Entry{} }},
		{"detail", func(e *roster.Event) { e.Detail = roster.Hold{} }},
	}
	seen := map[string]string{want: "nothing"}
	for _, row := range other {
		id := idOf(t, with(base, row.change))
		if twin, ok := seen[id]; ok {
			t.Errorf("another %s has the id of another %s", row.name, twin)
		}
		seen[id] = row.name
	}
}
