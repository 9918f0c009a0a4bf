package poller

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"rollcall/internal/roster"
)

// Config says which site is polled, and how. Zero values stand for what the comments say.
type Config struct {
	URL          *url.URL               // of the site, as ParseURL gives it
	ClientID     string                 // of the API account
	ClientSecret func() (string, error) // read for each token, so that a rotated one is taken up
	Types        []string               // client types to ask for, as the vendor names them; none or "all": all
	Interval     time.Duration          // from poll start to poll start; 10 s
	MaxDuty      float64                // share of the time the site may be kept answering, above 0 up to 1; 0.25
	Timeout      time.Duration          // of one request, up to the last byte of its answer; 60 s
	MaxBytes     int64                  // of an answer, uncompressed; DefaultMaxBytes
	RootCAs      *x509.CertPool         // that the site's certificate is checked against; those of the system
	Redact       Redaction              // what must not leave the process; nothing
	UserAgent    string                 // "rollcall"
	Logger       *zap.Logger            // none
	OnToken      func(result string)    // told after each request for a token: TokenOK, TokenRefused, TokenError; nobody
}

const allTypes = "all"

// ParseURL reads the address of a site: https, or http to this very machine, and nothing but a host behind it.
func ParseURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, errors.New("not a URL: want https://support.example.com") // the parser's error repeats what may be secret
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func checkURL(u *url.URL) error {
	switch {
	case u == nil || u.Hostname() == "":
		return errors.New("no host in the URL: want https://support.example.com")
	case u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())):
		return errors.New("the URL must begin with https:// (http:// only to loopback): the secret would travel in the clear")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return errors.New("the URL must end after the host: want https://support.example.com")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// ParseTypes reads the client types to ask for; none stands for all.
func ParseTypes(names []string) ([]roster.Type, error) {
	var types []roster.Type
	all := false
	for _, name := range names {
		t := roster.Type(strings.TrimSpace(name))
		switch {
		case t == allTypes:
			all = true
		case !slices.Contains(roster.Types, t):
			return nil, fmt.Errorf("client type %q: want all, or any of %v", name, roster.Types)
		case !slices.Contains(types, t):
			types = append(types, t)
		}
	}
	if all {
		return nil, nil
	}
	return types, nil
}

// check says all that is wrong.
func (c *Config) check() error {
	var errs []error
	errs = append(errs, checkURL(c.URL))
	if c.ClientID == "" || c.ClientSecret == nil {
		errs = append(errs, errors.New("a client id and a client secret are needed"))
	}
	if strings.Contains(c.ClientID, ":") {
		errs = append(errs, errors.New("a client id cannot contain a colon"))
	}
	if c.Interval < 0 || c.Timeout < 0 || c.MaxBytes < 0 {
		errs = append(errs, errors.New("interval, time-out and size must not be negative"))
	}
	if c.MaxDuty < 0 || c.MaxDuty > 1 {
		errs = append(errs, errors.New("the duty must be above 0 and at most 1"))
	}
	_, err := ParseTypes(c.Types)
	return errors.Join(append(errs, err)...)
}

func (c *Config) fillIn() {
	c.Interval = cmp.Or(c.Interval, defaultInterval)
	c.MaxDuty = cmp.Or(c.MaxDuty, defaultMaxDuty)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.MaxBytes = cmp.Or(c.MaxBytes, DefaultMaxBytes)
	c.UserAgent = cmp.Or(c.UserAgent, "rollcall")
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.OnToken == nil {
		c.OnToken = func(string) {}
	}
}

// transport opens a connection for each request, as the vendor wants it, and compresses nothing by itself.
func (c *Config) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: min(dialTimeout, c.Timeout)}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.RootCAs},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}
