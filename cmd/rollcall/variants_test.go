package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// The same roster, written in every way the vendor's page and XML allow, gives not one record after the first.
func TestOneRosterInManyNotations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../poller/testdata/variants/*.xml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d notations, want at least 30: %v", len(files), err)
	}
	documents := make(chan []byte, len(files))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		documents <- text
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"access_token":"t","token_type":"Bearer","expires_in":3600}`))
	})
	mux.HandleFunc("GET /api/command", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
		w.Write(<-documents)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	w := newWorld(t, sim.Config{}, func(c *Config) { c.Sites[0].URL = server.URL })
	w.cycle(func(c *pipeline.Cycle) {
		w.step(c)
		said := len(w.consistent())
		if said < 2 {
			t.Fatalf("%d records of the first notation", said)
		}
		for _, f := range files[1:] {
			w.step(c)
			if events := w.events(); len(events) != said {
				t.Errorf("%s: %s", filepath.Base(f), events[said].raw)
				said = len(events)
			}
		}
	})
}
