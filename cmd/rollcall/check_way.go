package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// named says by which variables a peer is found and trusted, so that people are told what to change.
type named struct{ address, roots, withoutTLS string }

var (
	siteVariablesNamed  = named{address: "ROLLCALL_URL", roots: "ROLLCALL_CA_FILE"}
	kafkaVariablesNamed = named{address: "ROLLCALL_KAFKA_BROKERS", roots: "ROLLCALL_KAFKA_CA_FILE",
		withoutTLS: ", or let ROLLCALL_KAFKA_TLS be false"}
)

// advice says what to do about a connection that could not be made.
func (n named) advice(err error) string {
	var (
		name    *net.DNSError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		unknown *tls.CertificateVerificationError
		noTLS   tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "check the host in " + n.address + " and the name service of this machine"
	case errors.As(err, &host):
		return "let " + n.address + " name the host as its certificate does"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the certificate, or set the clock of this machine"
	case errors.As(err, &unknown):
		return "put the authority that issued the certificate into a file, and name it in " + n.roots
	case errors.As(err, &noTLS), hungUp(err):
		return "something else than TLS answers there: check the port in " + n.address + n.withoutTLS
	}
	return "is it up, and may this machine reach it? Check " + n.address + " and the firewalls between"
}

// hungUp says whether the other side ended the connection without a word.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// speaksTLS says whether TLS is spoken at an address, whoever it may be.
func speaksTLS(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // nothing is said there
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// checkWay says whether the site can be reached at all.
func (f *findings) checkWay(ctx context.Context, address *url.URL, w *watched) bool {
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: address}); err == nil && proxy != nil {
		through := "the proxy " + proxy.Host + " does that (HTTPS_PROXY and NO_PROXY say so)"
		f.add("dns", checkSkipped, through, "")
		f.add("tls", checkSkipped, through, "")
		return true
	}
	if !f.checkDNS(ctx, address) {
		f.skipAfter(siteSteps, "dns")
		return false
	}
	if !f.checkTLS(ctx, address, w) {
		f.skipAfter(siteSteps, "tls")
		return false
	}
	return true
}

func (f *findings) checkDNS(ctx context.Context, address *url.URL) bool {
	if net.ParseIP(address.Hostname()) != nil {
		f.add("dns", checkOK, address.Hostname()+" is an address already", "")
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, address.Hostname())
	if !f.try("dns", err, siteVariablesNamed.advice(err)) {
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
		if !f.try("tls", err, siteVariablesNamed.advice(err)) {
			return false
		}
		conn.Close()
		f.add("tls", checkOK, "plain http to this machine itself", "")
		return true
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: w.config.RootCAs, MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", hostPort(address, "443"))
	if !f.try("tls", err, siteVariablesNamed.advice(err)) {
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

func hostPort(u *url.URL, standard string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), standard)
}
