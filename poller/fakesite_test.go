package poller

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeSite is a site over real HTTP whose answers a test writes. It knows the tokens that it gave and takes the last.
type fakeSite struct {
	mu       sync.Mutex
	given    int            // tokens
	seen     []http.Request // of the command API, without bodies
	basic    []string       // Authorization headers at the token endpoint
	life     int            // expires_in of tokens; 0: it does not say
	sign     http.HandlerFunc
	answer   func(w http.ResponseWriter, r *http.Request, nth int) // nth counts from 1
	anyToken bool
}

const (
	testID     = "rollcall"
	testSecret = "a+b/c%d=e:f &?ü"
)

func (f *fakeSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/oauth2/token" {
		f.serveToken(w, r)
		return
	}
	f.mu.Lock()
	f.seen = append(f.seen, *r)
	nth, last := len(f.seen), fmt.Sprintf("Bearer token-%d", f.given)
	f.mu.Unlock()
	if !f.anyToken && r.Header.Get("Authorization") != last {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"access_denied","message":"The token has expired"}`)
		return
	}
	f.answer(w, r, nth)
}

func (f *fakeSite) serveToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // the server notices a client that is gone only once the body is read
	f.mu.Lock()
	f.basic = append(f.basic, r.Header.Get("Authorization"))
	f.mu.Unlock()
	if f.sign != nil {
		f.sign(w, r)
		return
	}
	id, secret, _ := r.BasicAuth()
	if id != testID || secret != testSecret || r.PostFormValue("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client"}`)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, f.give())
}

// give makes a new token; the ones before it are no longer taken.
func (f *fakeSite) give() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.given++
	if f.life == 0 {
		return fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer"}`, f.given)
	}
	return fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer","expires_in":%d}`, f.given, f.life)
}

// revoke ends the token that was given last.
func (f *fakeSite) revoke() { f.give() }

func (f *fakeSite) tokens() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given
}

func (f *fakeSite) requests() []http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// answers gives the same answer each time.
func answers(doc string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
		fmt.Fprint(w, doc)
	}
}

func testConfig(t *testing.T, address string) Config {
	t.Helper()
	u, err := ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	return Config{URL: u, ClientID: testID, ClientSecret: func() (string, error) { return testSecret, nil }}
}

// serve runs the site on a port, and gives a poller of it.
func (f *fakeSite) serve(t *testing.T, change func(*Config)) *Site {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return newSite(t, server.URL, change)
}

func newSite(t *testing.T, address string, change func(*Config)) *Site {
	t.Helper()
	c := testConfig(t, address)
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// servePipes runs the site over pipes, so that time stands still in a synctest bubble while bytes travel.
func (f *fakeSite) servePipes(t *testing.T, change func(*Config)) *Site {
	t.Helper()
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: f}
	go func() { _ = server.Serve(pipes) }() // ended by Close
	t.Cleanup(func() { server.Close() })
	s := newSite(t, "http://127.0.0.1:1", change)
	s.client.Transport.(*http.Transport).DialContext = pipes.dial
	return s
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// snapshot asks and must get a snapshot.
func snapshot(t *testing.T, s *Site) {
	t.Helper()
	if _, err := s.Snapshot(t.Context()); err != nil {
		t.Fatalf("snapshot: %v", err)
	}
}

// query is what was asked, in the order of the names.
func query(r http.Request) string {
	q, _ := url.QueryUnescape(r.URL.Query().Encode())
	return strings.TrimSpace(r.Method + " " + r.URL.Path + " " + q)
}

// about says whether two times are no more than a few seconds apart, on a busy machine too.
func about(a, b time.Time) bool { return a.Sub(b).Abs() <= 5*time.Second }
