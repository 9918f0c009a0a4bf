package poller

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read reads a document that must be accepted.
func read(t *testing.T, doc string, terms Terms) *roster.Snapshot {
	t.Helper()
	snap, err := Read(strings.NewReader(doc), terms)
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, doc)
	}
	return snap
}

// golden compares with a golden file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// pretty shows a roster as people can read it.
func pretty(t *testing.T, r *roster.Roster) string {
	t.Helper()
	var b bytes.Buffer
	for _, c := range r.Clients {
		b.WriteString(c.Key.In("support.example.com") + "\n")
		if err := json.Indent(&b, c.AppendWithLog(nil), "", "  "); err != nil {
			t.Fatalf("client %v: %v", c.Key, err)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func file(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestVendorPage reads every element of the vendor's page, for all four kinds of client.
func TestVendorPage(t *testing.T) {
	t.Parallel()
	snap := read(t, file(t, "vendor.xml"), Terms{})
	golden(t, "vendor.golden", pretty(t, snap.Roster))
	if snap.Roster.Window != 2 {
		t.Errorf("window = %d, want the length of the longest log, 2", snap.Roster.Window)
	}
	if len(snap.Unknown) > 0 {
		t.Errorf("Unknown = %q, want none", snap.Unknown)
	}
	if want := int64(len(file(t, "vendor.xml"))); snap.Bytes != want {
		t.Errorf("Bytes = %d, want %d", snap.Bytes, want)
	}
}

// TestUnknownIsKept: what the vendor's page does not know, or knows in another shape, is kept and never fails.
func TestUnknownIsKept(t *testing.T) {
	t.Parallel()
	snap := read(t, file(t, "odd.xml"), Terms{})
	golden(t, "odd.golden", pretty(t, snap.Roster))
	if diff := cmp.Diff([]string{"@total", "event@code", "kiosk", "server_time"}, snap.Unknown); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
	if snap.Roster.Window != 4 {
		t.Errorf("window = %d, want 4", snap.Roster.Window)
	}
}
