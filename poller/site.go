package poller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"rollcall/internal/roster"
)

// Site is one site that is polled. Its methods may be called from any goroutine; requests wait for each other.
type Site struct {
	config  Config
	types   []roster.Type // empty: all
	client  *http.Client
	account *account

	turn chan struct{} // holds one value while a request is in flight

	mu   sync.Mutex // guards what follows
	pace pace
	left RateLimit
}

// New makes a site and asks it nothing yet. The error has all mistakes of the configuration.
func New(c Config) (*Site, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.fillIn()
	types, _ := ParseTypes(c.Types) // checked
	transport := c.transport()
	return &Site{
		config: c,
		types:  types,
		turn:   make(chan struct{}, 1),
		client: &http.Client{Transport: transport, CheckRedirect: noRedirect},
		pace:   pace{interval: c.Interval, maxDuty: c.MaxDuty},
		account: &account{
			tokenURL: c.URL.JoinPath("/oauth2/token").String(), clientID: c.ClientID, secret: c.ClientSecret,
			userAgent: c.UserAgent, timeout: c.Timeout, transport: transport, onToken: c.OnToken, log: c.Logger,
		},
	}, nil
}

// Snapshot asks for everybody who is connected, of the types configured. Every error is a *roster.Failure, unless ctx
// ended. The times of the snapshot are whole milliseconds, outwards: nothing in it lies outside of them.
func (s *Site) Snapshot(ctx context.Context) (*roster.Snapshot, error) {
	var snap *roster.Snapshot
	terms := Terms{MaxBytes: s.config.MaxBytes, Types: s.types, Redact: s.config.Redact}
	span, err := s.ask(ctx, s.question("get_connected_clients", url.Values{"include_connections": {"1"}}), s.config.MaxBytes,
		func(body io.Reader) (err error) {
			snap, err = Read(body, terms)
			return err
		})
	s.mu.Lock()
	s.pace.polled(span.poll(err, s.left), rand.Float64())
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	snap.RequestedAt = span.requested.UTC().Truncate(time.Millisecond)
	snap.ReceivedAt = span.received.UTC().Add(time.Millisecond - time.Nanosecond).Truncate(time.Millisecond)
	return snap, nil
}

// Next is when the site may be polled again, going by how the last requests went; the zero time before the first.
func (s *Site) Next() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pace.next
}

// RateLimit is what the site last said of the account's budget of requests.
func (s *Site) RateLimit() RateLimit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// question is the query of a command for the configured types.
func (s *Site) question(action string, more url.Values) url.Values {
	names := make([]string, len(s.types))
	for i, t := range s.types {
		names[i] = string(t)
	}
	if len(names) == 0 {
		names = []string{allTypes}
	}
	q := url.Values{"action": {action}, "type": {strings.Join(names, ",")}}
	for name, values := range more {
		q[name] = values
	}
	return q
}

// aside asks something other than who is connected.
func (s *Site) aside(ctx context.Context, q url.Values, root ...string) (n *node, sp span, err error) {
	sp, err = s.ask(ctx, q, maxSmall, func(body io.Reader) (err error) {
		n, err = readSmall(body, root...)
		return err
	})
	s.mu.Lock()
	s.pace.aside(sp.poll(err, s.left))
	s.mu.Unlock()
	return n, sp, err
}

// span is the time that a question took.
type span struct {
	began     time.Time // before signing in
	requested time.Time // before the last request of the question
	received  time.Time // after the last byte
	reached   bool      // the site was there to be asked
}

func (sp span) poll(err error, left RateLimit) poll {
	p := poll{start: sp.began, end: sp.received, failed: err != nil, left: left}
	if sp.reached {
		p.busy = sp.received.Sub(sp.began)
	}
	var f *roster.Failure
	if errors.As(err, &f) {
		p.retryAfter = f.RetryAfter
	}
	return p
}

// ask puts a question, with a new token once if the one in use is refused.
func (s *Site) ask(ctx context.Context, q url.Values, max int64, read func(io.Reader) error) (sp span, err error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return span{began: time.Now(), received: time.Now()}, ctx.Err()
	}
	sp.began = time.Now()
	token, fresh, err := s.account.token(ctx)
	if err == nil {
		err = s.try(ctx, &sp, token, q, max, read)
	}
	if refusesToken(err) && !fresh {
		s.account.drop()
		if token, _, err = s.account.token(ctx); err == nil {
			err = s.try(ctx, &sp, token, q, max, read)
		}
	}
	sp.received = time.Now()
	var dial *net.OpError
	sp.reached = !(errors.As(err, &dial) && dial.Op == "dial")
	if err == nil {
		return sp, nil
	}
	return sp, s.failure(ctx, q.Get("action"), err)
}

// try makes one request within the time-out.
func (s *Site) try(ctx context.Context, sp *span, token *oauth2.Token, q url.Values, max int64,
	read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err := s.request(ctx, sp, token, q, max, read)
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*roster.Failure)) {
		return ctx.Err() // the body may have failed in any way when its time was over
	}
	return err
}

// request makes one request, and reads its answer to the end.
func (s *Site) request(ctx context.Context, sp *span, token *oauth2.Token, q url.Values, max int64,
	read func(io.Reader) error) error {
	u := s.config.URL.JoinPath("/api/command")
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	token.SetAuthHeader(req)
	req.Header.Set("Accept", "text/xml, application/xml")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", s.config.UserAgent)
	sp.requested = time.Now()
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	s.noteRateLimit(resp.Header)
	body, err := content(resp, max)
	if resp.StatusCode != http.StatusOK {
		f := statusFailure(resp, firstBytes(body, err))
		if resp.StatusCode == http.StatusUnauthorized {
			f.Err = fmt.Errorf("%w: %w", errTokenRefused, f.Err)
		}
		return f
	}
	if err != nil {
		return err
	}
	return read(body)
}

// firstBytes is as much of the body of an error as can be had.
func firstBytes(body io.Reader, err error) []byte {
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(body, maxSmall))
	return text
}

func (s *Site) noteRateLimit(h http.Header) {
	left, said := readRateLimit(h)
	if !said {
		return
	}
	s.mu.Lock()
	s.left = left
	s.mu.Unlock()
}

// failure is what the world is told of an error: its class, what was asked, and no secret.
func (s *Site) failure(ctx context.Context, action string, err error) error {
	refused := refusesToken(err)
	err = classify(ctx, err, s.config.Timeout)
	var f *roster.Failure
	if !errors.As(err, &f) {
		return err
	}
	f = within(action, f)
	if refused {
		f.Reason = roster.ReasonAuth
		f.Err = fmt.Errorf("%w (a token that was issued just now; may the account use the command API?)", f.Err)
	}
	if text := f.Err.Error(); s.account.scrub(text) != text {
		f.Err = errors.New(s.account.scrub(text))
	}
	return f
}
