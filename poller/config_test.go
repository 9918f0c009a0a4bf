package poller

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	const ends = "the URL must end after the host: want https://support.example.com"
	const inTheClear = "the URL must begin with https:// (http:// only to loopback): the secret would travel in the clear"
	for _, row := range []struct{ name, url, want string }{
		{"https", "https://support.example.com", "https://support.example.com"},
		{"a port, a slash, blanks", " https://support.example.com:8443/ ", "https://support.example.com:8443"},
		{"http to loopback", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"http to loopback of IPv6", "http://[::1]:8080", "http://[::1]:8080"},
		{"http to localhost", "http://localhost:8080", "http://localhost:8080"},
		{"http elsewhere", "http://support.example.com", inTheClear},
		{"http to what only looks like loopback", "http://127.0.0.1.example.com", inTheClear},
		{"another scheme", "ftp://support.example.com", inTheClear},
		{"a host alone", "support.example.com", "no host in the URL: want https://support.example.com"},
		{"empty", "", "no host in the URL: want https://support.example.com"},
		{"no URL", "https://user:pass%zz@x", "not a URL: want https://support.example.com"},
		{"a path", "https://support.example.com/api/command", ends},
		{"a query", "https://support.example.com?x=1", ends},
		{"credentials", "https://user:pass@support.example.com", ends},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if u, err := ParseURL(row.url); err != nil {
				got = err.Error()
			} else {
				got = u.String()
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewRefuses: all mistakes at once.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	_, err := New(Config{ClientID: "a:b", Interval: -1, MaxDuty: 2, Types: []string{"all", "reps"}})
	want := `no host in the URL: want https://support.example.com
a client id and a client secret are needed
a client id cannot contain a colon
interval, time-out and size must not be negative
the duty must be above 0 and at most 1
client type "reps": want all, or any of [representative support_customer presentation_attendee push_agent]`
	if err == nil {
		t.Fatal("accepted")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
