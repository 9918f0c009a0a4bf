package admin_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/internal/admin"
	"rollcall/internal/roster"
)

func TestOnlyReading(t *testing.T) {
	b := newBoard()
	for _, row := range []struct {
		name, reason, method, path string
		code                       int
	}{
		{"health", "the process is alive", "GET", "/healthz", 200},
		{"health, head", "some probes ask so", "HEAD", "/healthz", 200},
		{"page", "for people", "GET", "/", 200},
		{"metrics", "for Prometheus", "GET", "/metrics", 200},
		{"status", "for programs", "GET", "/status", 200},
		{"post", "nothing can be changed", "POST", "/", 405},
		{"delete", "nothing can be changed", "DELETE", "/status", 405},
		{"no such page", "the page is at / alone", "GET", "/index.html", 404},
		{"path tricks", "there is nothing to reach", "GET", "/../etc/passwd", 404},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := ask(b, row.method, row.path)
			if row.path == "/../etc/passwd" && r.StatusCode == http.StatusTemporaryRedirect {
				r = ask(b, row.method, r.Header.Get("Location"))
			}
			if r.StatusCode != row.code {
				t.Errorf("%s: code %d, want %d", row.reason, r.StatusCode, row.code)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if policy := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
				t.Errorf("content policy %q", policy)
			}
		})
	}
}

// TestPage: the page is well-formed, says how each site stands, asks for nothing from elsewhere, and keeps to its own
// content policy.
func TestPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hostile = `<img src=x onerror=alert(1)>"'&` // no legal name; the page does not rely on that
		b := admin.New(admin.Config{Version: hostile, Sites: []admin.Site{{Name: emea, Interval: time.Second}, {Name: hostile}}})
		b.Owned([]string{emea, hostile})
		report := acceptedNow(emea)
		report.Held, report.Oversize = 5, 1
		b.Observe(blind(emea, roster.ReasonMalformed))
		b.Observe(report)
		b.Observe(kafkaError(emea, errors.New("text that nobody should see")))
		time.Sleep(3 * time.Second)
		r := ask(b, "GET", "/")
		page := body(t, r)
		for _, want := range []string{"<h2>emea</h2>", "10: 7 other, 1 push_agent, 2 representative", "record 42, epoch 1", "3s ago, number 7",
			"5 disconnects", "1 clients, larger", "malformed, 3s ago, over", "refused, 3s ago, going on since 3s ago",
			`<meta http-equiv="refresh" content="5"/>`, "color-scheme: light dark", "&lt;img src=x onerror=alert(1)&gt;"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not hold %q:\n%s", want, page)
			}
		}
		for _, never := range []string{"<img", "nobody should see", "<script", "http://", "https://", "url(", "style="} {
			if strings.Contains(page, never) {
				t.Errorf("the page holds %q", never)
			}
		}
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
		sum := sha256.Sum256([]byte(style[1]))
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
			t.Errorf("the content policy %q forbids the style of the page", policy)
		}
		wellFormed(t, page)
	})
}

func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
	}
}

func TestServe(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- newBoard().Serve(ctx, ln) }()
	r, err := http.Get("http://" + ln.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if got := body(t, r); got != "alive\n" {
		t.Errorf("answer %q", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("end of serving: %v", err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the address still answers")
	}
}

func TestServeOnClosedListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := newBoard().Serve(t.Context(), ln); err == nil {
		t.Error("no error, though nobody can be served")
	}
}
