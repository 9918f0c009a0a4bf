package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
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
