package sim

import (
	"net/http"
	"strconv"
	"time"
)

// budget is what the account may ask in a second and in an hour, over all endpoints.
type budget struct{ second, hour window }

// window counts requests in spans of equal length. A limit below zero is none.
type window struct {
	length time.Duration
	limit  int
	start  time.Time
	used   int
}

// take counts one request; it gives what is left (below zero: too many) and when the next span begins.
func (w *window) take(now time.Time) (left int, next time.Duration) {
	if now.Sub(w.start) >= w.length || now.Before(w.start) {
		w.start, w.used = now, 0
	}
	w.used++
	return w.limit - w.used, w.start.Add(w.length).Sub(now)
}

// allow counts the request and tells the caller what is left, in the hour where that is limited; a request too many is
// answered with 429.
func (s *Site) allow(w http.ResponseWriter) bool {
	s.mu.Lock()
	now := s.config.Now()
	var wait time.Duration
	for _, span := range []*window{&s.budget.second, &s.budget.hour} {
		if span.limit < 0 {
			continue
		}
		left, next := span.take(now)
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(span.limit))
		w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(max(left, 0)))
		if left < 0 {
			wait = max(wait, next)
		}
	}
	s.mu.Unlock()
	if wait > 0 {
		tooMany(w, int((wait+time.Second-1)/time.Second))
		return false
	}
	return true
}

func tooMany(w http.ResponseWriter, retryAfterSeconds int) {
	w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	writeJSON(w, http.StatusTooManyRequests, map[string]any{
		"error": "rate_limit_exceeded", "message": "Too many requests."})
}
