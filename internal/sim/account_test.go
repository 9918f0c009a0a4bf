package sim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// valid says whether the site lets the token in.
func (c *caller) valid(token string) bool {
	c.t.Helper()
	c.token = token
	a := c.get("/api/command?action=get_api_info")
	switch {
	case a.status == http.StatusOK:
		return true
	case a.status != http.StatusUnauthorized || !strings.Contains(string(a.body), `"access_denied"`):
		c.t.Fatalf("refused with %d %q, %v", a.status, a.body, a.err)
	}
	return false
}

func TestOneTokenTooManyInvalidatesTheOldest(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{}))
	c := start(t, s)
	tokens := []string{c.token}
	for range 29 {
		tokens = append(tokens, c.signIn(DefaultClientID, DefaultClientSecret))
	}
	if !c.valid(tokens[0]) {
		t.Fatal("the first of 30 tokens is not valid")
	}
	tokens = append(tokens, c.signIn(DefaultClientID, DefaultClientSecret))
	var got []bool
	for _, token := range tokens[:3] {
		got = append(got, c.valid(token))
	}
	if diff := cmp.Diff([]bool{false, true, true}, got); diff != "" || !c.valid(tokens[30]) {
		t.Errorf("the first three of 31 tokens (-want +got):\n%s", diff)
	}
	if got := s.Traffic().Tokens; got != 31 {
		t.Errorf("counted %d tokens, want 31", got)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	at := noon()
	s := New(quiet(Config{Now: at.now, TokenLife: 10 * time.Minute}))
	c := start(t, s)
	old := c.token
	at.add(10*time.Minute - time.Second)
	if !c.valid(old) {
		t.Error("a token ended before its time")
	}
	at.add(time.Second)
	if c.valid(old) {
		t.Error("a token outlived its time")
	}
	fresh := c.signIn(DefaultClientID, DefaultClientSecret)
	s.RotateSecret("another+secret")
	if !c.valid(fresh) {
		t.Error("a new secret ended a token")
	}
	s.RevokeTokens()
	if c.valid(fresh) {
		t.Error("a revoked token is valid")
	}
	if a := c.askToken(DefaultClientID, DefaultClientSecret, "client_credentials"); a.status != http.StatusUnauthorized {
		t.Errorf("the old secret is answered with %d", a.status)
	}
	c.signIn(DefaultClientID, "another+secret")
}

func TestCredentialsAreComparedAsTheyAre(t *testing.T) {
	t.Parallel()
	const id, secret = "app 1", "a+b/c%d=e:f"
	s := New(quiet(Config{ClientID: id, ClientSecret: secret}))
	v, err := s.Start("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	c := &caller{t: t, url: v.URL, client: http.DefaultClient}
	rows := []struct {
		name, reason      string
		id, secret, grant string
		status            int
		says              string
	}{
		{"raw", "as the vendor wants it", id, secret, "client_credentials", 200, `"access_token"`},
		{"encoded", "as RFC 6749 wants it", url.QueryEscape(id), url.QueryEscape(secret), "client_credentials", 401, `"invalid_client"`},
		{"wrong secret", "not the account's", id, secret + "x", "client_credentials", 401, `"invalid_client"`},
		{"no secret", "empty is no wild card", "", "", "client_credentials", 401, `"invalid_client"`},
		{"wrong grant", "only one is offered", id, secret, "password", 400, `"unsupported_grant_type"`},
	}
	for _, row := range rows {
		a := c.askToken(row.id, row.secret, row.grant)
		if a.status != row.status || !strings.Contains(string(a.body), row.says) {
			t.Errorf("%s: %s: %d %q, want %d with %s", row.name, row.reason, a.status, a.body, row.status, row.says)
		}
	}
	if a := c.get("/oauth2/token"); a.status != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered with %d", a.status)
	}
}

func TestTheRateIsLimitedOverAllEndpoints(t *testing.T) {
	t.Parallel()
	at := noon()
	s := New(Config{Now: at.now, RatePerSecond: 3, RatePerHour: 5, TokenLife: 2 * time.Hour})
	c := start(t, s) // one request
	type seen struct {
		Status                  int
		Limit, Remaining, Retry string
	}
	ask := func() seen {
		a := c.get("/api/command?action=get_api_info")
		return seen{a.status, a.header.Get("X-RateLimit-Limit"), a.header.Get("X-RateLimit-Remaining"), a.header.Get("Retry-After")}
	}
	got := []seen{ask(), ask(), ask()}
	at.add(time.Second)
	got = append(got, ask(), ask())
	at.add(time.Hour)
	got = append(got, ask())
	want := []seen{
		{200, "5", "3", ""}, {200, "5", "2", ""},
		{429, "5", "1", "1"},    // the fourth in this second
		{200, "5", "0", ""},     // the fifth in this hour
		{429, "5", "0", "3599"}, // one too many
		{200, "5", "4", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if a := c.get("/check_health"); a.header.Get("X-RateLimit-Limit") != "" {
		t.Error("a request without account has a limit")
	}
}

func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{}))
	c := start(t, s)
	c.list(everybody)
	c.list(everybody)
	c.get("/sim")
	want := Traffic{Requests: map[string]int{"/oauth2/token": 1, "get_connected_clients": 2}, Tokens: 1, AtOnce: 1}
	if diff := cmp.Diff(want, s.Traffic()); diff != "" {
		t.Errorf("traffic (-want +got):\n%s", diff)
	}
}

func TestThePermissionIsToldAndHeld(t *testing.T) {
	t.Parallel()
	for permission, refused := range map[string]bool{ReadOnly: false, FullAccess: false, Deny: true} {
		c := start(t, New(quiet(Config{Clients: 2, Permission: permission})))
		told := ""
		for _, p := range c.list("/api/command?action=get_api_info").find("permissions").all("permission") {
			if p.attrs["name"] == "perm_command" {
				told = p.text
			}
		}
		answer := c.list(everybody).name.Local
		if told != permission || (answer == "error") != refused {
			t.Errorf("permission %q: told %q and answered with <%s>, refused: want %v", permission, told, answer, refused)
		}
	}
}
