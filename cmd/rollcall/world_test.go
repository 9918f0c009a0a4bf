package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
	"rollcall/schemas/schematest"
)

// world is a site, a Kafka, and the program between them.
type world struct {
	t      *testing.T
	site   *sim.Site
	config Config
	log    *zap.Logger
}

const worldSite = "support.example.com"

// newWorld gives the site a port and the program a broker of its own.
func newWorld(t *testing.T, c sim.Config, change ...func(*Config)) *world {
	t.Helper()
	c.RatePerSecond, c.RatePerHour = -1, -1 // the tests are faster than any account may be
	site := sim.New(c)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	kafka, prefix := brokertest.New(t)
	w := &world{t: t, site: site, log: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)), config: Config{
		Sites: []SiteConfig{{
			Name: worldSite, URL: server.URL, ClientID: sim.DefaultClientID,
			ClientSecret: func() (string, error) { return sim.DefaultClientSecret, nil },
			Types:        []string{"all"}, Interval: 10 * time.Millisecond, MaxDuty: 1, Timeout: 5 * time.Second,
			MaxBytes: 1 << 30, Hold: HoldConfig{Percent: 50, Min: 10, Polls: 3, Max: 5 * time.Minute},
			Redact: "start_session_url=drop", Checkpoint: time.Hour,
		}},
		Kafka: kafka, Compression: "lz4", Prefix: prefix, Partitions: 3, CreateTopics: true,
		SessionTimeout: 10 * time.Second, AdminAddr: "127.0.0.1:0", LogLevel: "error", LogFormat: "json",
	}}
	for _, f := range change {
		f(&w.config)
	}
	return w
}

// daemon is the program as this world configures it.
func (w *world) daemon() *daemon {
	w.t.Helper()
	d, err := newDaemon(w.config, w.log)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// cycle runs f with the cycle of the site, as a start of the program would make it.
func (w *world) cycle(f func(*pipeline.Cycle)) {
	w.t.Helper()
	d := w.daemon()
	if _, err := ensureTopics(w.t.Context(), w.config, w.log); err != nil {
		w.t.Fatal(err)
	}
	err := d.withCycle(worldSite, func(c *pipeline.Cycle) error {
		c.Interval = time.Minute // a slow machine is no gap in a test that steps by itself
		f(c)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// step turns the cycle once, and waits until what it published can be read.
func (w *world) step(c *pipeline.Cycle) {
	w.t.Helper()
	if err := c.Step(w.t.Context()); err != nil {
		w.t.Fatalf("step: %v", err)
	}
	brokertest.Settle(w.t, w.config.Kafka, w.topics().Events, w.topics().Clients)
}

func (w *world) topics() access.Topics { return access.TopicsOf(w.config.Prefix) }

// event is a published record, as a consumer in any language would take it apart.
type event struct {
	ID     string
	Type   string
	Op     string
	Site   string
	Epoch  int64
	Seq    int64
	Poll   struct{ ID int64 }
	Client struct {
		Key, Type, ID  string
		ConnectedSince string `json:"connected_since"`
	}
	Before, After json.RawMessage
	Reason        string
	Entry         json.RawMessage
	Digest        string
	raw           []byte
}

// events are the committed records of the events topic, each valid by its schema.
func (w *world) events() []event {
	w.t.Helper()
	var out []event
	for _, r := range brokertest.Read(w.t, w.config.Kafka, w.topics().Events) {
		schematest.Event(w.t, r.Value)
		var e event
		if err := json.Unmarshal(r.Value, &e); err != nil {
			w.t.Fatalf("record %d: %v", r.Offset, err)
		}
		e.raw = r.Value
		out = append(out, e)
	}
	return out
}

// rosterRecord is a record of the clients topic.
type rosterRecord struct {
	Seq   int64
	State map[string]json.RawMessage
}

// roster is the compacted clients topic, by client key.
func (w *world) roster() map[string]rosterRecord {
	w.t.Helper()
	roster := map[string]rosterRecord{}
	for _, r := range brokertest.Read(w.t, w.config.Kafka, w.topics().Clients) {
		schematest.Clients(w.t, r.Value)
		delete(roster, r.Key)
		if r.Value == nil {
			continue
		}
		var v rosterRecord
		if err := json.Unmarshal(r.Value, &v); err != nil {
			w.t.Fatalf("record %d of the roster: %v", r.Offset, err)
		}
		roster[r.Key] = v
	}
	return roster
}

// folded is what the events come to: the state and the entries of the log of everybody who is connected.
type folded struct {
	state string
	log   []string
}

// fold applies the events of each site in order, and says where they contradict one another.
func (w *world) fold(events []event) map[string]folded {
	w.t.Helper()
	now := map[string]folded{}
	seq := map[string]int64{}
	ids := map[string]int64{}
	stale := map[string]bool{} // clients of an earlier epoch, until a snapshot shows them again
	for _, e := range events {
		if e.Seq != seq[e.Site]+1 {
			w.t.Fatalf("site %s: seq %d follows on %d", e.Site, e.Seq, seq[e.Site])
		}
		seq[e.Site] = e.Seq
		if before, twice := ids[e.ID]; twice {
			w.t.Fatalf("seq %d and %d have the same id %s", before, e.Seq, e.ID)
		}
		ids[e.ID] = e.Seq
		if e.Type == "epoch" {
			for k := range now {
				stale[k] = true
			}
			continue
		}
		if e.Client.Key == "" {
			continue
		}
		c, known := now[e.Client.Key]
		known = known && !stale[e.Client.Key]
		if len(e.Before) > 0 && string(e.Before) != "null" && c.state != string(e.Before) {
			w.t.Errorf("seq %d: before is %s, last after was %s", e.Seq, e.Before, c.state)
		}
		switch e.Type {
		case "snapshot", "connect":
			if known {
				w.t.Errorf("seq %d: %s of %s, who is connected", e.Seq, e.Type, e.Client.Key)
			}
			delete(stale, e.Client.Key)
			c.state = string(e.After)
		case "state_change":
			c.state = string(e.After)
		case "event_log":
			c.log = append(slices.Clone(c.log), string(e.Entry))
		}
		if e.Type == "disconnect" {
			delete(now, e.Client.Key)
			continue
		}
		now[e.Client.Key] = c
	}
	for k := range stale {
		delete(now, k)
	}
	return now
}

// consistent says whether what was published holds together: seq without a hole, ids that occur once, each before the
// last after, and the roster topic equal to the fold of the events.
func (w *world) consistent() []event {
	w.t.Helper()
	events := w.events()
	fold := w.fold(events)
	roster := w.roster()
	want, got := map[string]folded{}, map[string]folded{}
	for k, r := range roster {
		var log []json.RawMessage
		if err := json.Unmarshal(r.State["event_log"], &log); err != nil {
			w.t.Fatalf("event_log of %s: %v", k, err)
		}
		delete(r.State, "event_log")
		state, err := json.Marshal(r.State) // sorted and compact, as the published form is
		if err != nil {
			w.t.Fatal(err)
		}
		f := folded{state: string(state)}
		for _, entry := range log {
			f.log = append(f.log, string(entry))
		}
		got[k] = f
	}
	for k, f := range fold {
		shown := len(got[k].log) // the roster holds the last of the entries, at least a full window of them
		if shown < min(len(f.log), sim.Window) {
			w.t.Errorf("%s: the roster holds %d of %d entries", k, shown, len(f.log))
		}
		if n := len(f.log) - shown; n >= 0 && shown > 0 {
			f.log = f.log[n:]
		}
		f.state = compacted(w.t, f.state)
		want[k] = f
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(folded{})); diff != "" {
		w.t.Errorf("the roster topic is not the fold of the events (-fold +topic):\n%s", diff)
	}
	return events
}

// compacted writes a JSON object as encoding/json would, so that both sides of a comparison went the same way.
func compacted(t *testing.T, s string) string {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		t.Fatalf("state %q: %v", s, err)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// truth says that the roster topic holds exactly who is connected to the site.
func (w *world) truth() {
	w.t.Helper()
	if diff := cmp.Diff(w.siteKeys(), w.rosterKeys()); diff != "" {
		w.t.Errorf("the roster topic is not the site's (-site +topic):\n%s", diff)
	}
}

// types are the records in short, from the n-th on.
func types(events []event, n int) []string {
	var out []string
	for _, e := range events[min(n, len(events)):] {
		s := e.Type
		if e.Reason != "" {
			s += " " + e.Reason
		}
		out = append(out, s)
	}
	return out
}

// siteKeys are the client keys of everybody who is connected to the site.
func (w *world) siteKeys() []string {
	var keys []string
	for _, c := range w.site.Clients() {
		keys = append(keys, fmt.Sprintf("%s/%s/%s@%d", worldSite, c.Type, c.ID, c.ConnectedSince))
	}
	slices.Sort(keys)
	return keys
}

// rosterKeys are the client keys of the roster topic.
func (w *world) rosterKeys() []string {
	var keys []string
	for k := range w.roster() {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
