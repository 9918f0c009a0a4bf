package poller

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRetryAfter: seconds or a date, as far as a site can be believed.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name, value string
		want        time.Duration
	}{
		{"nothing", "", 0},
		{"seconds", " 17 ", 17 * time.Second},
		{"none", "0", 0},
		{"less than none", "-5", 0},
		{"a date", "Mon, 23 Nov 2026 10:01:30 GMT", 90 * time.Second},
		{"a date of the old kind", "Monday, 23-Nov-26 10:01:30 GMT", 90 * time.Second},
		{"a date that is over", "Mon, 23 Nov 2026 09:00:00 GMT", 0},
		{"a date far away", "Mon, 23 Nov 2099 10:00:00 GMT", maxRetryAfter},
		{"seconds without an end", "9223372036854775807", maxRetryAfter},
		{"no number and no date", "soon", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := retryAfter(http.Header{"Retry-After": {row.value}}, now); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// TestReadRateLimit: both headers, or nothing was said.
func TestReadRateLimit(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, limit, left string
		want              RateLimit
		said              bool
	}{
		{"both", "20", " 19 ", RateLimit{Limit: 20, Remaining: 19, Known: true}, true},
		{"neither, as old versions do", "", "", RateLimit{}, false},
		{"one", "20", "", RateLimit{}, false},
		{"no numbers", "many", "some", RateLimit{}, false},
		{"less than none", "20", "-1", RateLimit{}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, said := readRateLimit(http.Header{"X-Ratelimit-Limit": {row.limit}, "X-Ratelimit-Remaining": {row.left}})
			if said != row.said {
				t.Fatalf("said: %v, want %v", said, row.said)
			}
			if diff := cmp.Diff(row.want, got); said && diff != "" {
				t.Errorf("rate limit (-want +got):\n%s", diff)
			}
		})
	}
}
