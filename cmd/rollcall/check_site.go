package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"rollcall/internal/roster"
)

const (
	dialWithin    = 10 * time.Second
	skewTolerated = 5 * time.Second     // beyond it, times of the site and ours do not fit together
	expirySoon    = 14 * 24 * time.Hour // for a certificate
	hourlyBudget  = 15000               // requests of an API account, as the vendor documents them
)

// checkSite goes the way of a poll, step by step, and stops where it ends.
func (f *findings) checkSite(ctx context.Context, w *watched) {
	rest := []string{"dns", "tls", "token", "clock", "poll", "failover", "budget"}
	address, err := url.Parse(w.config.URL)
	if !f.try("url", err, "") {
		f.skip(rest...)
		return
	}
	if !f.checkDNS(ctx, address) {
		f.skip(rest[1:]...)
		return
	}
	if !f.checkTLS(ctx, address, w) {
		f.skip(rest[2:]...)
		return
	}
	if !f.checkPermission(ctx, w) {
		f.skip(rest[3:]...)
		return
	}
	f.checkPoll(ctx, w)
	f.checkFailover(ctx, w)
	f.checkBudget(w)
}

func (f *findings) checkDNS(ctx context.Context, address *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, address.Hostname())
	if !f.try("dns", err, "check the host in ROLLCALL_URL and the name service of this machine") {
		return false
	}
	f.add("dns", checkOK, address.Hostname()+" is "+strings.Join(found, ", "), "")
	return true
}

func (f *findings) checkTLS(ctx context.Context, address *url.URL, w *watched) bool {
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	if address.Scheme == "http" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostPort(address, "80"))
		if !f.try("tls", err, "is the site up, and may this machine reach it?") {
			return false
		}
		conn.Close()
		f.add("tls", checkOK, "plain http to this machine itself", "")
		return true
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: w.config.RootCAs, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", hostPort(address, "443"))
	if !f.try("tls", err, adviceForTLS(err)) {
		return false
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState() //nolint:forcetypeassert // tls.Dialer documents the type
	expires := state.PeerCertificates[0].NotAfter
	detail := fmt.Sprintf("%s, certificate until %s", tls.VersionName(state.Version), expires.UTC().Format(time.DateOnly))
	if time.Until(expires) < expirySoon {
		f.add("tls", checkWarning, detail, "renew the certificate of the site")
		return true
	}
	f.add("tls", checkOK, detail, "")
	return true
}

func adviceForTLS(err error) string {
	var (
		host    x509.HostnameError
		unknown *tls.CertificateVerificationError
		noTLS   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &host):
		return "let ROLLCALL_URL name the site as its certificate does"
	case errors.As(err, &unknown):
		return "put the certificate authority of the site into a file and name it in ROLLCALL_CA_FILE"
	case errors.As(err, &noTLS):
		return "there is something else than HTTPS: check the port in ROLLCALL_URL"
	}
	return "is the site up, and may this machine reach it?"
}

func hostPort(u *url.URL, standard string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), standard)
}

func (f *findings) checkPermission(ctx context.Context, w *watched) bool {
	info, err := w.source.Permission(ctx)
	if err != nil {
		f.add("token", checkFailed, err.Error(), adviceFor(err))
		return false
	}
	switch info.Command {
	case "deny":
		f.add("token", checkFailed, "the account may not use the command API", "give the API account read-only access to the command API")
		return false
	case "full_access":
		f.add("token", checkWarning, "the account has full access to the command API", "read-only access is enough")
	default:
		f.add("token", checkOK, "the account has "+info.Command+" access to the command API", "")
	}
	if skew := info.Skew.Abs(); skew > skewTolerated {
		f.add("clock", checkWarning, fmt.Sprintf("the clocks of the site and of this machine differ by %v", info.Skew),
			"records hold times of both: synchronise them (NTP)")
	} else if !info.ServerTime.IsZero() {
		f.add("clock", checkOK, fmt.Sprintf("the clocks of the site and of this machine agree to %v", skewTolerated), "")
	}
	return true
}

// adviceFor says what to do about a failed request.
func adviceFor(err error) string {
	var failure *roster.Failure
	if !errors.As(err, &failure) {
		return ""
	}
	switch failure.Reason {
	case roster.ReasonAuth:
		return "check ROLLCALL_CLIENT_ID and ROLLCALL_CLIENT_SECRET, and that the API account is enabled on the site"
	case roster.ReasonTimeout:
		return "is the site up, and may this machine reach it? A slow site needs a longer ROLLCALL_TIMEOUT"
	case roster.ReasonRateLimit:
		return "other programs use the same API account: give Rollcall an account of its own"
	case roster.ReasonRejected:
		return "the site understood the request and refused it: check the permissions of the API account"
	}
	return "is ROLLCALL_URL the address of a BeyondTrust Remote Support site, with nothing in between?"
}

func (f *findings) checkPoll(ctx context.Context, w *watched) {
	began := time.Now()
	snap, err := w.source.Snapshot(ctx)
	if err != nil {
		f.add("poll", checkFailed, err.Error(), adviceFor(err))
		return
	}
	took := time.Since(began)
	detail := fmt.Sprintf("%s in %d bytes and %v", clientCounts(snap.Roster), snap.Bytes, took.Round(time.Millisecond))
	if took.Seconds() > w.config.MaxDuty*w.config.Interval.Seconds() {
		f.add("poll", checkWarning, detail, "at this speed ROLLCALL_MAX_DUTY makes polls rarer than ROLLCALL_INTERVAL")
		return
	}
	f.add("poll", checkOK, detail, "")
}

func clientCounts(r *roster.Roster) string {
	counts := map[roster.Type]int{}
	for _, c := range r.Clients {
		counts[c.Key.Type]++
	}
	var parts []string
	for t, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, t))
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

func (f *findings) checkFailover(ctx context.Context, w *watched) {
	health, err := w.source.Health(ctx)
	switch {
	case err != nil:
		f.add("failover", checkWarning, err.Error(), "the role in a failover pair is not known")
	case health.FailoverRole == "backup":
		f.add("failover", checkFailed, "this is the backup of a failover pair, which serves nobody",
			"let ROLLCALL_URL name the address that follows the primary role")
	case !health.Healthy:
		f.add("failover", checkWarning, "the site says that it is not healthy: "+health.Message, "")
	default:
		f.add("failover", checkOK, strings.TrimSpace("role "+health.FailoverRole+", version "+health.Version), "")
	}
}

// checkBudget holds the polls of an hour against the budget of the account.
func (f *findings) checkBudget(w *watched) {
	hourly := int(time.Hour / w.config.Interval)
	detail := fmt.Sprintf("%d polls an hour of %d requests allowed to the account", hourly, hourlyBudget)
	if limit := w.source.RateLimit(); limit.Known {
		detail += fmt.Sprintf("; %d of %d left now", limit.Remaining, limit.Limit)
	}
	if hourly > hourlyBudget/2 {
		f.add("budget", checkWarning, detail, "a longer ROLLCALL_INTERVAL leaves room for others that use the account")
		return
	}
	f.add("budget", checkOK, detail, "")
}
