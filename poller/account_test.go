package poller

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

// TestRawBasicHeader: id and secret go out as they are, in Base64 and in nothing else.
func TestRawBasicHeader(t *testing.T) {
	t.Parallel()
	f := &fakeSite{answer: answers(clients(""))}
	snapshot(t, f.serve(t, nil))
	want := []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(testID+":"+testSecret))}
	if diff := cmp.Diff(want, f.basic); diff != "" {
		t.Errorf("Authorization (-want +got):\n%s", diff)
	}
}

// TestOneToken: a token serves until it expires, a little less than that.
func TestOneToken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		life int
		held time.Duration // how long the first one must serve
		gone time.Duration // when the second one must have been asked for
	}{
		{"an hour", 3600, 59*time.Minute - time.Second, 59*time.Minute + time.Second},
		{"a short life", 60, 53 * time.Second, 55 * time.Second},
		{"no word of its life", 0, 48 * time.Hour, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeSite{answer: answers(clients("")), life: row.life}
				s := f.servePipes(t, nil)
				began := time.Now()
				snapshot(t, s)
				snapshot(t, s)
				time.Sleep(row.held - time.Since(began))
				snapshot(t, s)
				if f.tokens() != 1 {
					t.Fatalf("%d tokens within %s, want 1", f.tokens(), row.held)
				}
				if row.gone > 0 {
					time.Sleep(row.gone - time.Since(began))
					snapshot(t, s)
					if f.tokens() != 2 {
						t.Errorf("%d tokens after %s, want 2", f.tokens(), row.gone)
					}
				}
			})
		})
	}
}

// TestRefusedToken: a token that dies early costs one new token and one more request, and no poll.
func TestRefusedToken(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		refuse http.HandlerFunc
	}{
		{"with 401 and JSON", nil},
		{"with 200 and JSON", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"error":"access_denied","message":"no"}`)
		}},
		{"with 401 alone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }},
		{"with 403 and JSON", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":"access_denied"}`)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{}
			f.answer = func(w http.ResponseWriter, r *http.Request, nth int) {
				if row.refuse != nil && nth == 2 {
					row.refuse(w, r)
					return
				}
				answers(clients(""))(w, r, nth)
			}
			s := f.serve(t, nil)
			snapshot(t, s)
			if row.refuse == nil {
				f.revoke()
			}
			before := f.tokens()
			snapshot(t, s)
			if got := f.tokens() - before; got != 1 {
				t.Errorf("%d new tokens, want 1", got)
			}
			if got := len(f.requests()); got != 3 {
				t.Errorf("%d requests, want 3", got)
			}
		})
	}
}

// TestRefusedForGood: an account whose tokens are all refused does not use up the tokens of others.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSite{anyToken: true, life: 3600, answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"access_denied","message":"no"}`)
		}}
		s := f.servePipes(t, nil)
		_, err := s.Snapshot(t.Context())
		want := "auth: get_connected_clients: the site refuses the token: 401 Unauthorized: the site answers with the error access_denied: no" +
			" (a token that was issued just now; may the account use the command API?)"
		if diff := cmp.Diff(want, saysOf(err)); diff != "" {
			t.Errorf("error (-want +got):\n%s", diff)
		}
		if f.tokens() != 1 {
			t.Errorf("%d tokens at the first poll, want 1: a second new one would be refused as well", f.tokens())
		}
		for began := time.Now(); time.Since(began) < 50*time.Minute; time.Sleep(time.Until(s.Next())) {
			_, err = s.Snapshot(t.Context())
		}
		if f.tokens() != ownTokens {
			t.Errorf("%d tokens within their life, want %d", f.tokens(), ownTokens)
		}
		if !strings.Contains(saysOf(err), "auth: get_connected_clients: 10 tokens were asked for and are still valid") {
			t.Errorf("error %q, want one that says why no token is asked for", saysOf(err))
		}
		time.Sleep(time.Hour)
		_, _ = s.Snapshot(t.Context())
		if f.tokens() != ownTokens+1 {
			t.Errorf("%d tokens after the first have expired, want one more", f.tokens())
		}
	})
}

// TestSecretRotation: a secret is read for each token.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	f := &fakeSite{answer: answers(clients(""))}
	secret, readErr := "wrong", error(nil)
	var results []string
	s := f.serve(t, func(c *Config) {
		c.ClientSecret = func() (string, error) { return secret, readErr }
		c.OnToken = func(r string) { results = append(results, r) }
	})
	_, err := s.Snapshot(t.Context())
	var failure *roster.Failure
	if !errors.As(err, &failure) || !failure.Fatal || failure.Reason != roster.ReasonAuth {
		t.Errorf("error %v, want a fatal one of class auth", err)
	}
	secret, readErr = "", errors.New("open secret.txt: no such file")
	_, err = s.Snapshot(t.Context())
	if want := "auth: get_connected_clients: read the client secret: open secret.txt: no such file"; saysOf(err) != want {
		t.Errorf("error %q, want %q", saysOf(err), want)
	}
	secret, readErr = testSecret, nil
	snapshot(t, s)
	if diff := cmp.Diff([]string{TokenRefused, TokenOK}, results); diff != "" {
		t.Errorf("OnToken (-want +got):\n%s", diff)
	}
}

// TestTokenEndpoint: what goes wrong there, and what is said of it.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for _, row := range []struct {
		name  string
		sign  http.HandlerFunc
		want  string
		fatal bool
	}{
		{"wrong credentials", says(401, `{"error":"invalid_client","error_description":"`+testSecret+`"}`),
			"auth: get_connected_clients: sign in: the site does not know this client id and secret (invalid_client)", true},
		{"wrong credentials with 400", says(400, `{"error":"invalid_client"}`),
			"auth: get_connected_clients: sign in: the site does not know this client id and secret (invalid_client)", true},
		{"access denied", says(403, `{"error":"access_denied","message":"disabled"}`),
			"auth: get_connected_clients: sign in: 403 Forbidden: the site answers with the error access_denied: disabled", false},
		{"unauthorized without a word", says(401, ""),
			"auth: get_connected_clients: sign in: 401 Unauthorized", false},
		{"the secret echoed", says(400, `{"error":"invalid_request","message":"bad `+testSecret+`"}`),
			"auth: get_connected_clients: sign in: 400 Bad Request: the site answers with the error invalid_request: bad [secret]", false},
		{"too many requests", says(429, "slow down"),
			`rate_limit: get_connected_clients: sign in: 429 Too Many Requests: "slow down"`, false},
		{"server error", says(500, "<html><title>Oops</title>"),
			`http: get_connected_clients: sign in: 500 Internal Server Error: an HTML page with the title "Oops"`, false},
		{"a page instead", says(200, "<html>login</html>"), "malformed: get_connected_clients: sign in: the answer holds no token", false},
		{"no token in it", says(200, "{}"), "malformed: get_connected_clients: sign in: the answer holds no token", false},
		{"moved", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example.com/x?secret=1", http.StatusFound)
		}, "http: get_connected_clients: sign in: 302 Found: redirected to https://login.example.com/x, which is not followed", false},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"access_`)
		}, "http: get_connected_clients: sign in: the connection ended within the answer", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{sign: row.sign, answer: answers(clients(""))}
			_, err := f.serve(t, nil).Snapshot(t.Context())
			if diff := cmp.Diff(row.want, saysOf(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			var failure *roster.Failure
			if errors.As(err, &failure) && failure.Fatal != row.fatal {
				t.Errorf("fatal: %v, want %v", failure.Fatal, row.fatal)
			}
			if len(f.basic) != 1 || len(f.requests()) != 0 {
				t.Errorf("asked %d times for a token and %d times for clients, want 1 and 0", len(f.basic), len(f.requests()))
			}
		})
	}
}
