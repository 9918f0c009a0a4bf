package sim

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A sign is how a fault shows on the wire; it says what is missing, or nothing.
type sign func(answer) string

func statusIs(code int, header ...string) sign {
	return func(a answer) string {
		for i := 0; i+1 < len(header); i += 2 {
			if got := a.header.Get(header[i]); got != header[i+1] {
				return fmt.Sprintf("%s is %q, want %q", header[i], got, header[i+1])
			}
		}
		if a.err != nil || a.status != code {
			return fmt.Sprintf("status %d (%v), want %d", a.status, a.err, code)
		}
		return ""
	}
}

// complete is an answer that is well as far as HTTP can tell, with something in it.
func complete(contains string) sign {
	return func(a answer) string {
		if a.err != nil || a.status != http.StatusOK {
			return fmt.Sprintf("status %d (%v), want a complete 200", a.status, a.err)
		}
		if !bytes.Contains(a.body, []byte(contains)) {
			return fmt.Sprintf("no %.60q in %.200q", contains, a.body)
		}
		return ""
	}
}

// malformed is a complete answer that a strict reader refuses, with these words in its complaint.
func malformed(contains, complaint string) sign {
	return func(a answer) string {
		if missing := complete(contains)(a); missing != "" {
			return missing
		}
		if _, err := parse(a.body); err == nil || !strings.Contains(err.Error(), complaint) {
			return fmt.Sprintf("the reader says %v, want %q", err, complaint)
		}
		return ""
	}
}

// wellFormed is a complete answer that is XML, but not the list; holds looks at the root.
func wellFormed(holds func(*node) bool) sign {
	return func(a answer) string {
		root, err := parse(a.body)
		if a.err != nil || a.status != http.StatusOK || err != nil {
			return fmt.Sprintf("status %d (%v), reader says %v", a.status, a.err, err)
		}
		if !holds(root) {
			return fmt.Sprintf("the document is %.300q", a.body)
		}
		return ""
	}
}

// breaks is an answer that HTTP can tell is not complete.
func breaks(how error, begun bool) sign {
	return func(a answer) string {
		if !errors.Is(a.err, how) {
			return fmt.Sprintf("the wire says %v, want %v", a.err, how)
		}
		if begun != bytes.Contains(a.body, []byte("<connected_clients")) {
			return fmt.Sprintf("begun %t is wrong for %.200q", begun, a.body)
		}
		return ""
	}
}

func badGzip(want error) sign {
	return func(a answer) string {
		if a.err != nil || a.header.Get("Content-Encoding") != "gzip" {
			return fmt.Sprintf("Content-Encoding %q (%v)", a.header.Get("Content-Encoding"), a.err)
		}
		z, err := gzip.NewReader(bytes.NewReader(a.body))
		if err == nil {
			_, err = io.ReadAll(z)
		}
		if !errors.Is(err, want) {
			return fmt.Sprintf("the decompressor says %v, want %v", err, want)
		}
		return ""
	}
}

func ids(want ...string) func(*node) bool {
	return func(root *node) bool {
		got := root.ids()
		return slices.IndexFunc(want, func(id string) bool {
			return slices.Index(got, id) < 0
		}) < 0 && root.name.Local == "connected_clients"
	}
}

var signs = map[Fault]sign{
	Stall:           breaks(context.DeadlineExceeded, false),
	StallMidway:     breaks(context.DeadlineExceeded, true),
	Reset:           breaks(syscall.ECONNRESET, false),
	ResetMidway:     breaks(syscall.ECONNRESET, true),
	CutChunk:        breaks(io.ErrUnexpectedEOF, true),
	Endless:         breaks(errTooLong, true),
	Truncated:       malformed("<connected_clients", "unexpected EOF"),
	Unclosed:        malformed("<connected_clients", "unexpected EOF"),
	EmptyBody:       func(a answer) string { return statusAndBody(a, http.StatusOK, "") },
	Status500:       statusIs(500),
	Status502:       statusIs(502),
	Status503:       statusIs(503, "Retry-After", "1"),
	Status503Date:   statusIs(503, "Retry-After", "Mon, 23 Nov 2026 12:00:01 GMT"),
	Status429:       statusIs(429, "Retry-After", "1"),
	Status404:       statusIs(404),
	Redirect:        statusIs(302, "Location", "/login"),
	LoginPage:       complete("<!DOCTYPE html>"),
	MaintenancePage: wellFormed(func(n *node) bool { return n.name.Local == "html" }),
	JSONError:       complete(`"error":"server_error"`),
	ErrorRoot:       wellFormed(func(n *node) bool { return n.name.Local == "error" && n.text != "" }),
	ErrorChild:      wellFormed(func(n *node) bool { return n.name.Local == "connected_clients" && n.find("error").text != "" }),
	AccessDenied:    func(a answer) string { return statusAndBody(a, http.StatusUnauthorized, "access_denied") },

	WrongRoot:          wellFormed(func(n *node) bool { return n.name.Local == "connected_client_list" }),
	UnclosedTag:        malformed("Stray", "closed by"),
	UnknownEntity:      malformed("&nbsp;", "entity"),
	ControlCharacter:   malformed("Str\x01ay", "illegal character"),
	ControlReference:   malformed("&#1;", "illegal character"),
	DuplicateAttribute: malformed(`id="7" id="8"`, "twice"),
	DTD:                malformed("<!DOCTYPE connected_clients SYSTEM", "directive"),
	EntityBomb:         malformed("<!ENTITY e9 \"&e8;&e8;", "directive"),
	ExternalEntity:     malformed("SYSTEM \"file:///", "directive"),
	DeepNesting:        complete(strings.Repeat("<d>", 100_000) + strings.Repeat("</d>", 100_000)),
	HugeAttribute:      complete(` note="` + strings.Repeat("a", 16<<20) + `"`),
	NoID: wellFormed(func(n *node) bool {
		return slices.ContainsFunc(n.nodes, func(c *node) bool { _, has := c.attrs["id"]; return !has })
	}),
	BlankID: wellFormed(ids(" ")),
	DoubledClient: wellFormed(func(n *node) bool {
		all := n.ids()
		i, found := slices.BinarySearch(all, strayID)
		return found && i+1 < len(all) && all[i+1] == strayID
	}),
	WrongCharset:  malformed(`encoding="UTF-16"`, "UTF-16"),
	InvalidUTF8:   malformed("Ren\xe9e", "UTF-8"),
	Garbage:       malformed("Warning", "outside of the root"),
	SecondRoot:    malformed("<connected_clients/>", "second root"),
	TruncatedGzip: badGzip(io.ErrUnexpectedEOF),
	FalseGzip:     badGzip(gzip.ErrHeader),

	TokenDown:     statusIs(503, "Retry-After", "1"),
	InvalidClient: func(a answer) string { return statusAndBody(a, http.StatusUnauthorized, "invalid_client") },
	NoToken:       complete(`"error"`),

	EmptyList:  wellFormed(func(n *node) bool { return n.name.Local == "connected_clients" && len(n.nodes) == 0 }),
	HalfList:   wellFormed(func(n *node) bool { return n.name.Local == "connected_clients" && len(n.nodes) < 20 }),
	BackupRole: wellFormed(func(n *node) bool { return n.name.Local == "connected_clients" && len(n.nodes) == 0 }),
	Unhealthy:  statusIs(500),
}

func statusAndBody(a answer, code int, contains string) string {
	if a.err != nil || a.status != code || !bytes.Contains(a.body, []byte(contains)) || contains == "" && len(a.body) > 0 {
		return fmt.Sprintf("%d %q (%v), want %d with %q", a.status, a.body, a.err, code, contains)
	}
	return ""
}

var errTooLong = errors.New("longer than anybody reads")

// meet sends the request that the fault is for.
func (c *caller) meet(f Fault) answer {
	switch {
	case f.At()&AtToken != 0:
		return c.askToken(DefaultClientID, DefaultClientSecret, "client_credentials")
	case f == Unhealthy:
		return c.get("/check_health")
	case f == Endless:
		return c.readSome(64 << 20)
	}
	return c.get(everybody)
}

func (c *caller) readSome(limit int64) answer {
	res, err := c.client.Do(c.request(http.MethodGet, everybody, nil))
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err == nil && int64(len(body)) == limit {
		err = errTooLong
	}
	return answer{res.StatusCode, res.Header, res.ContentLength, body, err}
}

func TestEachFaultShowsOnTheWire(t *testing.T) {
	t.Parallel()
	if len(Faults()) < 25 {
		t.Errorf("only %d faults", len(Faults()))
	}
	for _, f := range Faults() {
		for _, clients := range []int{0, 20} {
			t.Run(fmt.Sprintf("%v of %d", f, clients), func(t *testing.T) {
				t.Parallel()
				shows, ok := signs[f]
				if !ok {
					t.Fatal("nobody knows how it shows")
				}
				s := New(quiet(Config{Seed: 1, Clients: clients, Now: noon().now}))
				c := start(t, s)
				if missing := shows(c.meet(f)); missing == "" && clients > 0 {
					t.Error("it shows before it was asked for: the sign proves nothing")
				}
				*c = *start(t, s)
				s.Fail(f, 1)
				patience := c.client.Timeout
				if f == Stall || f == StallMidway {
					c.client.Timeout = 2 * time.Second // for half of an answer on a busy machine
				}
				if missing := shows(c.meet(f)); missing != "" {
					t.Errorf("%s: %s", f.Says(), missing)
				}
				c.client.Timeout = patience
				if n := len(c.list(everybody).nodes); n != clients || s.Failing() != 0 {
					t.Errorf("afterwards %d clients are listed, want %d; %d faults wait", n, clients, s.Failing())
				}
			})
		}
	}
}

func TestFaultsBreakTLSToo(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{Reset, ResetMidway, CutChunk} {
		s := New(quiet(Config{Clients: 20}))
		c := startTLS(t, s)
		s.Fail(f, 1)
		if missing := signs[f](c.get(everybody)); missing != "" {
			t.Errorf("%v: %s", f, missing)
		}
	}
}

func TestFaultsWaitInLine(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Clients: 4}))
	c := start(t, s)
	s.Fail(Status500, 2)
	s.Fail(Truncated, 1)
	s.Fail(Status404, -1)
	s.Fail(Unhealthy, 1) // for others
	s.Fail(Status502, 0) // never
	var got []int
	for range 5 {
		got = append(got, c.get(everybody).status)
	}
	if want := []int{500, 500, 200, 404, 404}; !slices.Equal(want, got) {
		t.Errorf("answers %v, want %v", got, want)
	}
	s.Heal()
	if n := len(c.list(everybody).nodes); n != 4 || s.Failing() != 0 {
		t.Errorf("healed, but %d clients are listed and %d faults wait", n, s.Failing())
	}
}

func TestASpoiledDocumentIsForThoseWhoAreLetIn(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Clients: 4}))
	c := start(t, s)
	s.Fail(Truncated, 1)
	s.RevokeTokens()
	if a := c.get(everybody); a.status != http.StatusUnauthorized || s.Failing() != 1 {
		t.Errorf("without a token: %d, and %d faults wait", a.status, s.Failing())
	}
}

func TestHealEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, f := range []Fault{Stall, StallMidway, Endless} {
		s := New(quiet(Config{Clients: 4}))
		c := start(t, s)
		s.Fail(f, -1)
		broken := make(chan error, 1)
		go func() { // ends with the answer
			res, err := c.client.Do(c.request(http.MethodGet, everybody, nil))
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			broken <- err
		}()
		deadline := time.Now().Add(10 * time.Second)
		for s.Traffic().Requests["get_connected_clients"] == 0 && time.Now().Before(deadline) {
			<-time.After(time.Millisecond)
		}
		healed := time.Now()
		s.Heal()
		var timeout net.Error
		if err := <-broken; err == nil || errors.As(err, &timeout) && timeout.Timeout() {
			t.Errorf("%v: the answer ended with %v", f, err)
		}
		if d := time.Since(healed); d > 10*time.Second {
			t.Errorf("%v: it took %v", f, d)
		}
	}
}

func TestTheSecondOpinionKnowsLiesApart(t *testing.T) {
	t.Parallel()
	rows := []struct {
		fault  Fault
		reason string
		count  string
		role   string
	}{
		{EmptyList, "the summary tells the truth", "20", "primary"},
		{HalfList, "the summary tells the truth", "20", "primary"},
		{BackupRole, "the backup knows nobody", "0", "backup"},
	}
	for _, row := range rows {
		s := New(quiet(Config{Clients: 100}))
		c := start(t, s)
		s.Fail(row.fault, -1)
		count := c.list("/api/command?action=get_connected_client_list&summary_only=1&type=push_agent").find("connected_client_summary", "appliance_summary", "count").text
		role := c.list("/api/command?action=check_health").find("failover_role").text
		if count != row.count || role != row.role || row.fault.Fails() {
			t.Errorf("%v: %s Jumpoints, role %s, want %s and %s: %s", row.fault, count, role, row.count, row.role, row.reason)
		}
	}
}

func TestFaultsHaveNames(t *testing.T) {
	t.Parallel()
	for _, f := range Faults() {
		if got, err := ParseFault(f.String()); err != nil || got != f || f.Says() == "" || f.At() == 0 {
			t.Errorf("fault %d: name %q is parsed as %v, %v; says %q", int(f), f, got, err, f.Says())
		}
	}
	if f, err := ParseFault("gremlins"); err == nil {
		t.Errorf("gremlins are %v", f)
	}
}
