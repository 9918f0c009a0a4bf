package poller

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is what the site last said about the requests that the account may make: X-RateLimit-Limit and
// X-RateLimit-Remaining. Old versions do not say.
type RateLimit struct {
	Limit, Remaining int
	Known            bool
}

func readRateLimit(h http.Header) (RateLimit, bool) {
	limit, errL := strconv.Atoi(strings.TrimSpace(h.Get("X-RateLimit-Limit")))
	left, errR := strconv.Atoi(strings.TrimSpace(h.Get("X-RateLimit-Remaining")))
	return RateLimit{Limit: limit, Remaining: left, Known: true}, errL == nil && errR == nil && limit >= 0 && left >= 0
}

// retryAfter reads the header of that name, seconds or a date (RFC 9110, section 10.2.3); 0 where it says nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if t, err := http.ParseTime(s); err == nil {
		wait = t.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
