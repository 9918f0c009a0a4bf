package roster_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/roster"
)

func TestAppendWithLogAndSplitLog(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		client roster.Client
		want   string
	}{
		{"nothing known", roster.Client{State: `{}`}, `{"event_log":[]}`},
		{"no entries", roster.Client{State: `{"a":1}`}, `{"a":1,"event_log":[]}`},
		{"entries", roster.Client{State: `{"extra":{"x":"}"},"name":"}"}`, Log: []roster.Entry{
			{Message: "no time"},
			{TS: roster.Moment{Text: "soon"}, Message: "bad time"},
			{TS: roster.Moment{Unix: 1795427100}, Message: "\"a\"\n<b>"},
			{TS: roster.Moment{Unix: 1795427100}, Message: ""},
		}}, `{"extra":{"x":"}"},"name":"}","event_log":[{"message":"no time"},{"ts":"soon","message":"bad time"},` +
			`{"ts":"2026-11-23T09:45:00Z","message":"\"a\"\n<b>"},{"ts":"2026-11-23T09:45:00Z","message":""}]}`},
		{"names around event_log", roster.Client{State: `{"event":1,"event_logs":2}`},
			`{"event":1,"event_logs":2,"event_log":[]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			data := row.client.AppendWithLog(nil)
			if diff := cmp.Diff(row.want, string(data)); diff != "" {
				t.Errorf("AppendWithLog (-want +got):\n%s", diff)
			}
			if !json.Valid(data) {
				t.Errorf("%s is no JSON", data)
			}
			var got roster.Client
			var err error
			if got.State, got.Log, err = roster.SplitLog(data); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.client, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("SplitLog (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAppendWithLogAppends(t *testing.T) {
	t.Parallel()
	c := roster.Client{State: `{"a":1}`}
	if diff := cmp.Diff(`x{"a":1,"event_log":[]}`, string(c.AppendWithLog([]byte("x")))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSplitLogRefuses(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no object":       `[]`,
		"cut":             `{"a":1,"event_log":[`,
		"log is no list":  `{"event_log":{}}`,
		"entry is a text": `{"event_log":["x"]}`,
	} {
		if state, log, err := roster.SplitLog([]byte(data)); err == nil {
			t.Errorf("%s: %s gives %s and %v", name, data, state, log)
		}
	}
	state, log, err := roster.SplitLog([]byte(`{"a":1}`))
	if err != nil || state != `{"a":1}` || len(log) > 0 {
		t.Errorf("a state without event_log gives %s, %v, %v", state, log, err)
	}
}
