package poller

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

// bigAnswer is a list of clients that is larger than any buffer on its way.
func bigAnswer() string {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, `<connected_push_agent id="%d"/>`, i)
	}
	return clients(b.String())
}

// compressed answers with gzip.
func compressed(doc string, ending func(*gzip.Writer)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(doc))
		ending(z)
	}
}

// cut answers with a part of a document and cuts the connection.
func cut(doc string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		fmt.Fprint(w, doc)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// status answers with a status, headers (name: value) and a body.
func status(code int, body string, headers ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// TestFaultyHTTP: what goes wrong around the document.
func TestFaultyHTTP(t *testing.T) {
	t.Parallel()
	large := clients(strings.Repeat(strings.Repeat(" ", 1000)+"<!---->", 4<<10))
	for _, row := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request, int)
		want   string
		retry  time.Duration
	}{
		{"cut within the answer", cut(bigAnswer()[:len(bigAnswer())/2]),
			"http: get_connected_clients: the connection ended within the answer: unexpected EOF", 0},
		{"cut behind the document", cut(bigAnswer()),
			"http: get_connected_clients: the connection ended within the answer: unexpected EOF", 0},
		{"cut before the answer", func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) },
			"http: get_connected_clients: EOF", 0},
		{"short of its length", status(200, "<connected_clients>", "Content-Length: 100"),
			"http: get_connected_clients: the connection ended within the answer: unexpected EOF", 0},
		{"too large", answers(large), "malformed: get_connected_clients: the answer has too many bytes, even as it is sent", 0},
		{"gzip bomb", compressed(large, func(z *gzip.Writer) { z.Close() }),
			"malformed: get_connected_clients: the answer has more than 1048576 bytes", 0},
		{"gzip without an end", compressed(clients(""), func(z *gzip.Writer) { _ = z.Flush() }),
			"http: get_connected_clients: the connection ended within the answer: unexpected EOF", 0},
		{"gzip of nothing for ever", emptyMembers, "malformed: get_connected_clients: the answer has too many bytes, even as it is sent", 0},
		{"no gzip", status(200, clients(""), "Content-Encoding: gzip"),
			"malformed: get_connected_clients: the compressed answer is damaged: gzip: invalid header", 0},
		{"damaged gzip", status(200, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xff\xff", "Content-Encoding: gzip"),
			"malformed: get_connected_clients: the compressed answer is damaged: flate: corrupt input before offset 1", 0},
		{"other encoding", status(200, clients(""), "Content-Encoding: br"),
			"malformed: get_connected_clients: the answer is in the content encoding br, which was not asked for", 0},
		{"redirect", status(302, "", "Location: https://login.example.com/login?next=secret"),
			"http: get_connected_clients: 302 Found: redirected to https://login.example.com/login, which is not followed", 0},
		{"redirect to nowhere", status(301, ""), "http: get_connected_clients: 301 Moved Permanently: redirected to nowhere, which is not followed", 0},
		{"forbidden", status(403, "<error>No permission</error>"),
			"auth: get_connected_clients: 403 Forbidden: the site answers with an error: No permission", 0},
		{"too many requests", status(429, "", "Retry-After: 17"), "rate_limit: get_connected_clients: 429 Too Many Requests", 17 * time.Second},
		{"too many requests, for ever", status(429, "", "Retry-After: 99999999999"), "rate_limit: get_connected_clients: 429 Too Many Requests", time.Hour},
		{"unavailable for a while", status(503, "", "Retry-After: 3"), "rate_limit: get_connected_clients: 503 Service Unavailable", 3 * time.Second},
		{"unavailable, nothing left", status(503, "", "X-RateLimit-Limit: 20", "X-RateLimit-Remaining: 0"),
			"rate_limit: get_connected_clients: 503 Service Unavailable", 0},
		{"unavailable", status(503, "<!doctype html><title>Maintenance</title>"),
			`http: get_connected_clients: 503 Service Unavailable: an HTML page with the title "Maintenance"`, 0},
		{"server error", status(500, "oh\nno"), `http: get_connected_clients: 500 Internal Server Error: "oh no"`, 0},
		{"not found", status(404, ""), "http: get_connected_clients: 404 Not Found", 0},
		{"no content", status(204, ""), "http: get_connected_clients: 204 No Content", 0},
		{"token echoed", func(w http.ResponseWriter, r *http.Request, n int) {
			answers("<error>"+r.Header.Get("Authorization")+" is bad</error>")(w, r, n)
		}, "rejected: get_connected_clients: the site answers with an error: Bearer [secret] is bad", 0},
		{"error in the document", answers("<error>no</error>"), "rejected: get_connected_clients: the site answers with an error: no", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{answer: row.answer}
			s := f.serve(t, func(c *Config) { c.MaxBytes = 1 << 20 })
			began := time.Now()
			snap, err := s.Snapshot(t.Context())
			if diff := cmp.Diff(row.want, saysOf(err)); diff != "" || snap != nil {
				t.Errorf("error (-want +got):\n%s\nsnapshot: %v", diff, snap)
			}
			var failure *roster.Failure
			if errors.As(err, &failure) && failure.RetryAfter != row.retry {
				t.Errorf("Retry-After %s, want %s", failure.RetryAfter, row.retry)
			}
			if wait := s.Next().Sub(began); wait < max(row.retry, defaultInterval) {
				t.Errorf("next poll after %s, want no sooner than after %s or 10s", wait, row.retry)
			}
			if len(f.requests()) != 1 {
				t.Errorf("%d requests, want 1", len(f.requests()))
			}
		})
	}
}

// emptyMembers is a gzip stream that never says anything.
func emptyMembers(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Encoding", "gzip")
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	z.Close()
	for {
		if _, err := w.Write(member.Bytes()); err != nil {
			return
		}
	}
}
