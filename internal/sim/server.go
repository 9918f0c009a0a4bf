package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Server is a site on a port.
type Server struct {
	URL string // without a trailing slash
	CA  []byte // PEM of the certificate to trust; nil without TLS

	http *http.Server
	done chan error
}

// Start puts the site on addr (host:port; port 0 takes a free one), with TLS under a certificate of its own where asked.
// The certificate is made anew each time, for localhost, the loopback addresses, the host of addr, and the names given.
// Close ends it.
func (s *Site) Start(addr string, secure bool, names ...string) (*Server, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start the simulated site: %w", err)
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true) // the appliance speaks HTTP/1.1, and faults need a connection of their own
	v := &Server{
		URL: "http://" + listener.Addr().String(),
		http: &http.Server{Handler: s, Protocols: &protocols, ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: log.New(io.Discard, "", 0)}, // callers that break off are what this site is for
		done: make(chan error, 1),
	}
	if secure {
		host, _, _ := net.SplitHostPort(addr)
		pair, ca, err := certificate(append(names, "localhost", "127.0.0.1", "::1", host))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start the simulated site: %w", err), listener.Close())
		}
		v.URL, v.CA = "https://"+listener.Addr().String(), ca
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	}
	go func() { v.done <- v.http.Serve(listener) }() // ended and awaited by Close
	return v, nil
}

// Close ends the site's connections, those in the middle of an answer too, and frees the port.
func (v *Server) Close() error {
	err := v.http.Close()
	if served := <-v.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	v.done <- http.ErrServerClosed // so that it may be closed again
	return err
}

// certificate makes a key and a certificate that signs itself.
func certificate(names []string) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "simulated site"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if n != "" {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make a certificate: %w", err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca, nil
}
