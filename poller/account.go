package poller

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"rollcall/internal/roster"
)

// The results of asking for a token, as Config.OnToken is told.
const (
	TokenOK      = "ok"
	TokenRefused = "refused" // the credentials are wrong
	TokenError   = "error"   // anything else
)

// account signs in. It holds one token, and asks for another only when that expires or is refused. It is used by
// one goroutine at a time.
type account struct {
	tokenURL  string
	clientID  string
	secret    func() (string, error)
	userAgent string
	timeout   time.Duration
	transport http.RoundTripper
	onToken   func(result string)
	log       *zap.Logger

	held     *oauth2.Token
	margin   time.Duration // before the expiry of held
	expiries []time.Time   // of the tokens we asked for that are still valid, refused ones too
	lastUsed string        // the secret last sent, to keep it out of error texts
}

// mintFunc is an oauth2.TokenSource.
type mintFunc func() (*oauth2.Token, error)

func (f mintFunc) Token() (*oauth2.Token, error) { return f() }

// token gives the token in use, or a new one, and says which.
func (a *account) token(ctx context.Context) (t *oauth2.Token, fresh bool, err error) {
	mint := mintFunc(func() (*oauth2.Token, error) {
		fresh = true
		return a.mint(ctx)
	})
	t, err = oauth2.ReuseTokenSourceWithExpiry(a.held, mint, a.margin).Token()
	if err != nil {
		return nil, fresh, err
	}
	a.held = t
	return t, fresh, nil
}

// drop forgets a token that was refused.
func (a *account) drop() { a.held = nil }

// mint asks for a token. If the process ends between here and the answer, one of the account's 30 tokens is spent.
func (a *account) mint(ctx context.Context) (*oauth2.Token, error) {
	if err := a.withinBudget(); err != nil {
		return nil, err
	}
	secret, err := a.secret()
	if err != nil {
		return nil, &roster.Failure{Reason: roster.ReasonAuth, Err: fmt.Errorf("read the client secret: %w", err)}
	}
	a.lastUsed = secret
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	t, err := a.exchange(ctx, secret)
	if ctx.Err() != nil {
		err = fmt.Errorf("sign in: %w", ctx.Err()) // x/oauth2 does not always say so
	}
	if err != nil {
		err = tokenFailure(err)
		a.onToken(tokenResult(err))
		return nil, err
	}
	a.onToken(TokenOK)
	a.log.Debug("signed in", zap.Time("token_expires", t.Expiry))
	a.spend(t)
	return t, nil
}

// exchange lets x/oauth2 ask, over a transport that writes the credentials as this vendor wants them. x/oauth2 takes
// its client from the context and from nowhere else.
func (a *account) exchange(ctx context.Context, secret string) (*oauth2.Token, error) {
	config := clientcredentials.Config{ClientID: a.clientID, ClientSecret: secret, TokenURL: a.tokenURL,
		AuthStyle: oauth2.AuthStyleInHeader}
	client := &http.Client{Transport: rawBasic{account: a, secret: secret}, CheckRedirect: noRedirect}
	return config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
}

// rawBasic sends id and secret as they are. RFC 6749 has them URL-encoded first, which is what x/oauth2 does; the
// vendor compares them raw, and its secrets contain "+".
type rawBasic struct {
	account *account
	secret  string
}

func (b rawBasic) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(b.account.clientID, b.secret)
	r.Header.Set("User-Agent", b.account.userAgent)
	r.Header.Set("Accept", "application/json")
	resp, err := b.account.transport.RoundTrip(r)
	if err == nil {
		resp.Header.Set("Content-Type", "application/json") // what it is; x/oauth2 would read text/plain as a form
	}
	return resp, err
}

// withinBudget refuses a token too many, until the first of ours expires.
func (a *account) withinBudget() error {
	now := time.Now()
	a.expiries = slices.DeleteFunc(a.expiries, func(t time.Time) bool { return !t.After(now) })
	if len(a.expiries) < ownTokens {
		return nil
	}
	wait := slices.MinFunc(a.expiries, time.Time.Compare).Sub(now)
	return &roster.Failure{Reason: roster.ReasonAuth, RetryAfter: min(wait, maxRetryAfter), Err: fmt.Errorf(
		"%d tokens were asked for and are still valid, the next is asked for in %s so as not to end those of others",
		len(a.expiries), wait.Round(time.Second))}
}

func (a *account) spend(t *oauth2.Token) {
	life := tokenLife
	if !t.Expiry.IsZero() {
		life = time.Until(t.Expiry)
	}
	a.expiries = append(a.expiries, time.Now().Add(life))
	a.margin = max(min(life/10, maxTokenMargin), time.Millisecond) // 0 would stand for x/oauth2's own
}

// scrub takes out of a text what must never be in one.
func (a *account) scrub(text string) string {
	secrets := []string{a.lastUsed, base64.StdEncoding.EncodeToString([]byte(a.clientID + ":" + a.lastUsed))}
	if a.held != nil {
		secrets = append(secrets, a.held.AccessToken)
	}
	for _, s := range secrets {
		if len(s) > 3 {
			text = strings.ReplaceAll(text, s, "[secret]")
		}
	}
	return text
}

func tokenResult(err error) string {
	var f *roster.Failure
	if errors.As(err, &f) && f.Fatal {
		return TokenRefused
	}
	return TokenError
}

// tokenFailure says what went wrong at the token endpoint. What x/oauth2 says of an answer repeats its body, so that
// it is said anew. Nothing of it is an error that a new token would help against.
func tokenFailure(err error) error {
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) {
		switch text := err.Error(); {
		case strings.HasPrefix(text, "oauth2: cannot fetch token: "):
			return &roster.Failure{Reason: roster.ReasonHTTP, Err: errors.New("sign in: the connection ended within the answer")}
		case strings.HasPrefix(text, "oauth2: "):
			return &roster.Failure{Reason: roster.ReasonMalformed, Err: errors.New("sign in: the answer holds no token")}
		}
		return err
	}
	if r.ErrorCode == "invalid_client" {
		return &roster.Failure{Reason: roster.ReasonAuth, Fatal: true,
			Err: errors.New("sign in: the site does not know this client id and secret (invalid_client)")}
	}
	f := statusFailure(r.Response, r.Body)
	if code := r.Response.StatusCode; code/100 == 2 || code/100 == 4 && code != http.StatusTooManyRequests {
		f.Reason = roster.ReasonAuth
	}
	f.Err = fmt.Errorf("sign in: %v", f.Err) //nolint:errorlint // a refusal to sign in is not that of a token
	return f
}
