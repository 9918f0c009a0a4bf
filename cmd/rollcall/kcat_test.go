package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/broker/brokertest"
	"rollcall/internal/sim"
)

// A consumer that shares no code with us, librdkafka's kcat, reads what was published: the same records, in the same
// order, with their keys and headers.
func TestKcatReadsWhatWasPublished(t *testing.T) {
	t.Parallel()
	kcat, err := exec.LookPath("kcat")
	if err != nil {
		t.Skip("kcat is not installed (Debian's package kcat)")
	}
	w := newWorld(t, sim.Config{Seed: 17, Clients: 8, Cluster: true})
	w.lifeAndDeath()
	for _, topic := range []string{w.topics().Events, w.topics().Clients} {
		output, err := exec.Command(kcat, "-C", "-b", strings.Join(w.config.Kafka.Brokers, ","), "-t", topic, "-o", "beginning",
			"-e", "-q", "-J", "-X", "isolation.level=read_committed").Output()
		if err != nil {
			t.Fatalf("kcat: %v", err)
		}
		var want, got []string
		for _, r := range brokertest.Read(t, w.config.Kafka, topic) {
			want = append(want, r.Key+" "+r.Header("ce_type")+" "+string(r.Value))
		}
		for line := range strings.Lines(string(output)) {
			got = append(got, kcatRecord(t, line))
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s as kcat reads it (-want +got):\n%s", topic, diff)
		}
	}
}

// kcatRecord is a line of kcat -J: key, the header ce_type, and payload.
func kcatRecord(t *testing.T, line string) string {
	t.Helper()
	var r struct {
		Key     string
		Payload string
		Headers []string // names and values in turn
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("kcat printed %q: %v", line, err)
	}
	eventType := ""
	for i := 0; i+1 < len(r.Headers); i += 2 {
		if r.Headers[i] == "ce_type" {
			eventType = r.Headers[i+1]
		}
	}
	return r.Key + " " + eventType + " " + r.Payload
}
