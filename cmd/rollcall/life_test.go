package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// script is the life of a small site, step by step; each step is one accepted poll, unless it says otherwise.
type script struct {
	*world
	now     time.Time // by the site's clock
	cycle   *pipeline.Cycle
	said    int // records printed so far
	printed strings.Builder
	names   map[string]string // of times by our clock
}

func TestScriptedLifeOfASmallSite(t *testing.T) {
	t.Parallel()
	s := &script{now: time.Date(2025, 3, 1, 9, 45, 0, 0, time.UTC), names: map[string]string{}}
	s.world = newWorld(t, sim.Config{Seed: 7, Clients: 4, Cluster: true, Now: func() time.Time { return s.now }},
		func(c *Config) { c.Sites[0].Hold.Min = 4 })
	s.world.cycle(func(c *pipeline.Cycle) { s.cycle = c; s.everyDay(); s.trouble() })
	s.config.Sites[0].Redact += ",private_ip=mask"
	s.world.cycle(func(c *pipeline.Cycle) { s.cycle = c; s.poll("private_ip is redacted from now on: another scope") })
	s.config.Sites[0].Checkpoint = time.Nanosecond
	s.world.cycle(func(c *pipeline.Cycle) { s.cycle = c; s.poll("a checkpoint is due") })
	checkGolden(t, "testdata/life.golden", s.printed.String())
}

func (s *script) everyDay() {
	s.poll("first run")
	s.poll("nothing happened")
	ana := s.must(s.site.Connect(sim.SupportCustomer, "Ana\u202e <b>"))
	rep := s.must(s.site.Connect(sim.Representative, "Zoë"))
	s.poll("a customer and a representative come")
	s.site.Serve(ana, rep)
	s.poll("the representative takes the session")
	s.site.Change(ana, "hostname", "")
	s.site.Remove(ana, "timezone_offset")
	s.site.Change(ana, "mood", "curious")
	s.poll("a field becomes empty, one goes, an unknown one comes")
	s.log(ana, 3)
	s.poll("three entries of the log")
	s.log(ana, 25)
	s.poll("25 entries at once: the window shows 20")
	s.site.Disconnect(ana)
	s.poll("the customer leaves, the session ends")
}

func (s *script) trouble() {
	s.site.Fail(sim.Truncated, 1)
	s.site.Fail(sim.ErrorRoot, 1)
	s.step(s.cycle)
	s.step(s.cycle)
	s.poll("a truncated answer, then an error instead of one")
	s.site.Restart()
	s.poll("the appliance restarts: the ids come back for others")
	s.site.Fail(sim.EmptyList, 2)
	s.poll("an empty list, which is a lie")
	s.poll("once more; the summary tells the truth, so that this does not confirm")
	s.poll("everybody is back")
	s.site.Fail(sim.BackupRole, 100)
	for i := range 3 {
		s.poll(fmt.Sprintf("nobody, and the summary says so too (%d)", i+1))
	}
	s.poll("the third poll that confirms")
	s.site.Heal()
	s.poll("everybody is back after all")
}

// poll turns the cycle once and prints what was published, under a heading.
func (s *script) poll(heading string) {
	s.t.Helper()
	s.now = s.now.Add(10 * time.Second)
	s.nextMillisecond()
	s.step(s.cycle)
	events := s.consistent()
	fmt.Fprintf(&s.printed, "## %s\n", heading)
	for _, e := range events[s.said:] {
		s.printed.Write(s.normal(e.raw))
	}
	s.said = len(events)
}

// nextMillisecond waits until no two times of polls can be the same.
func (s *script) nextMillisecond() {
	for began := time.Now(); time.Since(began) < 2*time.Millisecond; {
		<-time.After(time.Millisecond)
	}
}

func (s *script) log(id string, entries int) {
	for i := range entries {
		s.now = s.now.Add(time.Second)
		s.site.Log(id, fmt.Sprintf("entry %d of %d", i+1, entries))
	}
}

func (s *script) must(id string, err error) string {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

var (
	recordID  = regexp.MustCompile(`"id":"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)
	blindTime = regexp.MustCompile(`"longest_blind_seconds":[0-9.]+`)
)

// normal is a record without what differs from run to run: the times of polls by our clock stand as which poll they are
// of, and ids, which depend on them, as nothing. What the site tells stays.
func (s *script) normal(raw []byte) []byte {
	s.t.Helper()
	var r struct {
		Poll struct {
			ID        int64
			Requested string `json:"requested_at"`
			Received  string `json:"received_at"`
			Previous  string `json:"previous_requested_at"`
		}
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		s.t.Fatal(err)
	}
	s.names[r.Poll.Requested] = fmt.Sprintf("poll %d requested", r.Poll.ID)
	s.names[r.Poll.Received] = fmt.Sprintf("poll %d received", r.Poll.ID)
	if r.Poll.Previous != "" {
		s.names[r.Poll.Previous] = fmt.Sprintf("poll %d requested", r.Poll.ID-1)
	}
	for at, name := range s.names {
		raw = bytes.ReplaceAll(raw, []byte(`"`+at+`"`), []byte(`"`+name+`"`))
	}
	raw = recordID.ReplaceAll(raw, []byte(`"id":"…"`))
	raw = blindTime.ReplaceAll(raw, []byte(`"longest_blind_seconds":"…"`))
	return append(raw, '\n')
}
