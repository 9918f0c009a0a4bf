package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Secret gives a secret. One that stands in a file is read at each call, so that a new one is taken up; the caller
// asks when it signs in, not more often. The error never holds the secret.
type Secret func() (string, error)

// mostFile is more than any file named here needs; a wrong path must not fill the memory.
const mostFile = 1 << 20

// secret is what stands in the variable itself or in the file that the other one names. It is nil where neither is set.
func (m *Mistakes) secret(direct, file setting) Secret {
	switch {
	case direct.counts() && file.counts():
		m.add(file, "set together with %s; which of them holds?", direct.name)
		return nil
	case direct.counts():
		text := direct.text
		return func() (string, error) { return text, nil }
	case file.counts():
		return func() (string, error) { return readSecret(file) }
	}
	return nil
}

// requireSecret complains where there is no secret, or none can be read from its file now.
func (m *Mistakes) requireSecret(s Secret, direct, file setting) {
	switch {
	case s != nil:
		if _, err := s(); err != nil {
			m.add(file, "%v", errors.Unwrap(err))
		}
	case direct.counts() || file.counts(): // both, which was said
	case file.isSet && !direct.isSet:
		m.missing(file)
	default:
		m.missing(direct)
	}
}

func readSecret(file setting) (string, error) {
	content, err := readFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file.name, err)
	}
	content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
	if len(content) == 0 {
		return "", fmt.Errorf("%s: %w", file.name, errors.New("the file is empty"))
	}
	return string(content), nil
}

// readFile reads the file that a setting names. Its error says what is wrong without the name of a file that holds a
// secret: people put the secret itself there.
func readFile(s setting) ([]byte, error) {
	f, err := os.Open(s.text)
	if err != nil {
		return nil, unreadable(s, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err != nil {
		return nil, unreadable(s, err)
	}
	if len(content) > mostFile {
		return nil, errors.New("the file is larger than 1 MiB")
	}
	return content, nil
}

func unreadable(s setting, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	if s.row.Secret {
		return fmt.Errorf("the file cannot be read: %w", err)
	}
	return fmt.Errorf("the file %s cannot be read: %w", shown(s.text), err)
}

// roots are the roots of this machine and those of the file; nil, where no file is named, stands for the former.
func (m *Mistakes) roots(s setting) *x509.CertPool {
	if s.value() == "" {
		return nil
	}
	content, err := readFile(s)
	if err != nil {
		m.add(s, "%v", err)
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // this machine has none, which is why one is named
	}
	if !pool.AppendCertsFromPEM(content) {
		m.add(s, "the file %s holds no certificate in PEM form", shown(s.text))
	}
	return pool
}

// clientCertificate gives the function that TLS asks for our certificate: it reads both files at each new connection,
// so that renewed ones are taken up. It is nil where none is named.
func (m *Mistakes) clientCertificate(cert, key setting) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	switch {
	case !cert.counts() && !key.counts():
		return nil
	case !cert.counts():
		m.add(cert, "not set, but %s is", key.name)
		return nil
	case !key.counts():
		m.add(key, "not set, but %s is", cert.name)
		return nil
	}
	if _, at, err := readKeyPair(cert, key); err != nil {
		m.add(at, "%v", err)
	}
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, at, err := readKeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at.name, err)
		}
		return pair, nil
	}
}

// readKeyPair also says whose fault an error is.
func readKeyPair(cert, key setting) (pair *tls.Certificate, at setting, err error) {
	certPEM, err := readFile(cert)
	if err != nil {
		return nil, cert, err
	}
	keyPEM, err := readFile(key)
	if err != nil {
		return nil, key, err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(certPEM) {
		return nil, cert, fmt.Errorf("the file %s holds no certificate in PEM form", shown(cert.text))
	}
	both, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, key, fmt.Errorf("the key cannot be used with the certificate: %w", err)
	}
	return &both, setting{}, nil
}
