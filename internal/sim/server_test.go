package sim

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
)

func startTLS(t *testing.T, s *Site) *caller {
	t.Helper()
	v, err := s.Start("127.0.0.1:0", true, "site.test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	if !strings.HasPrefix(v.URL, "https://127.0.0.1:") || !roots.AppendCertsFromPEM(v.CA) {
		t.Fatalf("URL %s, CA %q", v.URL, v.CA)
	}
	c := &caller{t: t, url: v.URL, client: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "site.test"}}}}
	c.token = c.signIn(DefaultClientID, DefaultClientSecret)
	return c
}

func TestTheSiteSpeaksTLS(t *testing.T) {
	t.Parallel()
	c := startTLS(t, New(quiet(Config{Clients: 10})))
	if n := len(c.list(everybody).nodes); n != 10 {
		t.Errorf("%d clients are listed, want 10", n)
	}
	c.client.Transport = &http.Transport{DisableKeepAlives: true}
	if a := c.get(everybody); a.err == nil {
		t.Error("somebody who does not trust the certificate got an answer")
	}
}

func TestCloseEndsWhatHangs(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{}))
	v, err := s.Start("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(strings.TrimPrefix(v.URL, "http://"), false); err == nil {
		t.Error("a port was taken twice")
	}
	s.Fail(StallMidway, 1)
	c := &caller{t: t, url: v.URL, client: http.DefaultClient}
	c.token = c.signIn(DefaultClientID, DefaultClientSecret)
	res, err := c.client.Do(c.request(http.MethodGet, everybody, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("the answer ended well")
	}
	if err := v.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}
