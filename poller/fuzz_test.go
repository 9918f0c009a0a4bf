package poller

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/roster"
)

// FuzzRead: what encoding/xml refuses is refused; what is accepted reads as the oracle reads it, and is published in
// one way only.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"vendor.xml", "odd.xml", "variants/*.xml"} {
		paths, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(paths) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, path := range paths {
			doc, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(doc)
		}
	}
	for _, doc := range []string{clients(""), clients(agent("")), "<connected_clients/>", "<error>no</error>",
		clients(agent("<client_connections><a><client_connection/></a>x</client_connections>")),
		clients(`<x id="1" y="2"><![CDATA[z]]>&#9;</x>`)} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { checkAgainstOracle(t, doc) })
}

func checkAgainstOracle(t *testing.T, doc []byte) {
	t.Helper()
	snap, err := Read(bytes.NewReader(doc), Terms{})
	want, refused := oracle(doc)
	if err != nil {
		if !strings.HasPrefix(saysOf(err), "malformed: ") && !strings.HasPrefix(saysOf(err), "rejected: ") {
			t.Fatalf("refused with %q", saysOf(err))
		}
		return
	}
	if refused != nil {
		t.Fatalf("accepted what the oracle refuses: %v", refused)
	}
	got := make([]oracleClient, len(snap.Roster.Clients))
	for i, c := range snap.Roster.Clients {
		got[i] = oracleClient{Key: c.Key, Log: c.Log, State: canonical(t, c.State)}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("roster (-oracle +reader):\n%s", diff)
	}
}

// canonical is the state as a value, found to be written in the one way it may be.
func canonical(t *testing.T, s roster.State) map[string]any {
	t.Helper()
	var state map[string]any
	if err := json.Unmarshal([]byte(s), &state); err != nil {
		t.Fatalf("state is no JSON: %v\n%s", err, s)
	}
	fields, err := s.Fields()
	if err != nil || fields.State() != s {
		t.Fatalf("state is not canonical: %v\n%s", err, s)
	}
	return state
}
