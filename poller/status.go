package poller

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"rollcall/internal/roster"
)

var errTokenRefused = errors.New("the site refuses the token")

// refusesToken says whether a new token may help.
func refusesToken(err error) bool {
	var e *apiError
	return errors.Is(err, errTokenRefused) || errors.As(err, &e) && e.refusesToken()
}

// statusFailure says what an answer that is not 200 means.
func statusFailure(resp *http.Response, body []byte) *roster.Failure {
	f := &roster.Failure{Reason: roster.ReasonHTTP, RetryAfter: retryAfter(resp.Header, time.Now())}
	status := fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	left, limited := readRateLimit(resp.Header)
	switch code := resp.StatusCode; {
	case code/100 == 3:
		f.Err = fmt.Errorf("%s: redirected to %s, which is not followed", status, target(resp))
		return f
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		f.Reason = roster.ReasonAuth
	case code == http.StatusTooManyRequests,
		code == http.StatusServiceUnavailable && (f.RetryAfter > 0 || limited && left.Remaining == 0):
		f.Reason = roster.ReasonRateLimit
	}
	f.Err = errors.New(status)
	if detail := errorDetail(body); detail != nil {
		f.Err = fmt.Errorf("%s: %w", status, detail)
	}
	return f
}

// errorDetail is what the body of an error says; nil where it says nothing.
func errorDetail(body []byte) error {
	if e := parseAPIError(body); e != nil {
		return e
	}
	text := bytes.TrimSpace(body)
	if len(text) == 0 {
		return nil
	}
	if htmlStart.Match(text) {
		return fmt.Errorf("an HTML page%s", pageTitle(text))
	}
	var f *roster.Failure
	if _, err := readSmall(bytes.NewReader(text), "error"); errors.As(err, &f) && f.Reason == roster.ReasonRejected {
		return f.Err
	}
	return fmt.Errorf("%q", printable(string(text), maxQuote))
}

// target is where a redirect leads, without what may be secret in a URL.
func target(resp *http.Response) string {
	u, err := resp.Location()
	if err != nil {
		return "nowhere"
	}
	return printable((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), maxErrorText)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// content is the body of an answer, decompressed. No more than max bytes are taken from the wire either: a stream
// of empty gzip members has no end and no content.
func content(resp *http.Response, max int64) (io.Reader, error) {
	wire := &capped{r: resp.Body, left: max}
	switch encoding := resp.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return wire, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(wire)
		if err != nil {
			return nil, err
		}
		return z, nil
	default:
		return nil, malformed("the answer is in the content encoding %s, which was not asked for", printable(encoding, maxQuote))
	}
}

// capped is a reader that fails once more than left bytes have been read.
type capped struct {
	r    io.Reader
	left int64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, malformed("the answer has too many bytes, even as it is sent")
	}
	return n, err
}

// classify makes a failure of any error but the end of ctx. It is the reason that a record will name.
func classify(ctx context.Context, err error, timeout time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var f *roster.Failure
	if errors.As(err, &f) {
		return f
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // without the URL
	}
	var slow net.Error
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return &roster.Failure{Reason: roster.ReasonTimeout, Err: fmt.Errorf("no complete answer in time (at most %s): %w", timeout, err)}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return malformed("the compressed answer is damaged: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &roster.Failure{Reason: roster.ReasonHTTP, Err: fmt.Errorf("the connection ended within the answer: %w", err)}
	}
	return &roster.Failure{Reason: roster.ReasonHTTP, Err: err}
}

// within says what was being done when a failure occurred.
func within(doing string, f *roster.Failure) *roster.Failure {
	said := *f
	said.Err = fmt.Errorf("%s: %w", doing, f.Err)
	return &said
}
