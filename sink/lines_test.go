package sink_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
	"rollcall/schemas/schematest"
	"rollcall/sink"
)

// TestLines: a dry run prints what Kafka would have got.
func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := sink.NewLines(&out)
	if err := l.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, row := range examples() {
		if err := l.Publish(t.Context(), roster.Batch{Site: site, Events: []roster.Event{row.event}}); err != nil {
			t.Fatal(err)
		}
		want = append(want, string(sink.Event(&row.event).Value))
	}
	var got []string
	for line := range bytes.Lines(out.Bytes()) {
		schematest.Event(t, line)
		got = append(got, string(bytes.TrimSuffix(line, []byte("\n"))))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	if err := sink.NewLines(full{}).Publish(t.Context(), batch(0, 1)); err == nil {
		t.Error("nothing was written, and nothing was said")
	}
}
