package main

import (
	"bytes"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"runtime/pprof"
	"testing"
)

// The demo as a stranger sees it: who is connected, then live changes, and how to look further; it ends cleanly.
func TestDemo(t *testing.T) {
	t.Parallel()
	u := beginWith(t, demo{clients: 200, rate: 20}.run)
	for _, text := range []string{"page   http://", "tail --all", "kcat -C -b", "snapshot      representative", "connect ", "disconnect "} {
		u.shows(text)
	}
	page := regexp.MustCompile(`page +(\S+)`).FindStringSubmatch(u.out.String())[1]
	if code, body := ask(t, page+"readyz"); code != http.StatusOK {
		t.Errorf("readiness of the demo: %d %s", code, body)
	}
	if got := u.end(); got.code != exitDone || got.errors != "" {
		t.Errorf("exit code %d: %s", got.code, got.errors)
	}
}

// Ctrl-C ends everything that the demo began.
func TestDemoLeavesNothingBehind(t *testing.T) {
	before := runtime.NumGoroutine() // tests that run in parallel have not begun, or wait
	u := beginWith(t, demo{clients: 5, rate: 20}.run)
	u.shows("connect ")
	if got := u.end(); got.code != exitDone || got.errors != "" {
		t.Errorf("exit code %d: %s", got.code, got.errors)
	}
	eventually(t, func() bool { return runtime.NumGoroutine() <= before }, func() string {
		var stacks bytes.Buffer
		pprof.Lookup("goroutine").WriteTo(&stacks, 1) //nolint:errcheck // into memory
		return "goroutines are left:\n" + stacks.String()
	})
	for _, port := range regexp.MustCompile(`127\.0\.0\.1:\d+`).FindAllString(u.out.String(), -1) {
		if conn, err := net.Dial("tcp", port); err == nil {
			conn.Close()
			t.Errorf("somebody still listens on %s", port)
		}
	}
}
