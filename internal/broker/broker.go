// Package broker is a Kafka broker inside this process, for `rollcall demo` and for tests: anything that speaks Kafka
// can connect to it.
//
// It is one broker (kfake) on 127.0.0.1. It does transactions, consumer groups, compaction on demand, TLS and SASL as
// Kafka does, holds everything in memory, and forgets it when it is closed. Topics are never created by being asked
// for. It is no place for data that anybody wants to keep.
package broker

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"

	"rollcall/internal/access"
)

// Config is what the broker listens on and whom it lets in. The zero value is a free port, open to everybody on this
// machine.
type Config struct {
	Port   int         // 0: a free one
	TLS    *tls.Config // the server's certificate; nil: no TLS
	Users  []User      // who may enter, each with all rights; none: no SASL
	Logger *zap.Logger // nil: silence
}

// User is somebody who may enter by one SASL mechanism, named as in package access.
type User struct{ Mechanism, Name, Password string }

// Broker is a running broker.
type Broker struct {
	cluster *kfake.Cluster
	kafka   access.Kafka
}

// shortestSession is how short a consumer group's session may be here: tests cannot wait for Kafka's 6 s.
const shortestSession = 100 * time.Millisecond

// Start starts a broker that lives until Close.
func Start(c Config) (*Broker, error) {
	options := []kfake.Opt{kfake.Ports(c.Port), kfake.GroupMinSessionTimeout(shortestSession)}
	if c.TLS != nil {
		options = append(options, kfake.TLS(c.TLS))
	}
	if c.Logger != nil {
		options = append(options, kfake.WithLogger(logger{c.Logger.Sugar()}))
	}
	if len(c.Users) > 0 {
		options = append(options, kfake.EnableSASL())
	}
	for _, u := range c.Users {
		options = append(options, kfake.Superuser(strings.ToUpper(u.Mechanism), u.Name, u.Password))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		return c.refusal(request.(*kmsg.SASLAuthenticateRequest))
	})
	return &Broker{cluster, c.entrance(cluster.ListenAddrs())}, nil
}

// Kafka is how to reach this broker, as the first of its users, trusting its certificate.
func (b *Broker) Kafka() access.Kafka { return b.kafka }

// Compact compacts every topic with that policy now, down to the last batch of each partition.
func (b *Broker) Compact() { b.cluster.Compact() }

// Close stops the broker and forgets everything in it.
func (b *Broker) Close() { b.cluster.Close() }

func (c Config) entrance(brokers []string) access.Kafka {
	kafka := access.Kafka{Brokers: brokers}
	if c.TLS != nil {
		kafka.TLS = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		for _, certificate := range c.TLS.Certificates {
			if leaf, err := x509.ParseCertificate(certificate.Certificate[0]); err == nil {
				kafka.TLS.RootCAs.AddCert(leaf)
			}
		}
	}
	if len(c.Users) > 0 {
		u := c.Users[0]
		kafka.SASL = access.SASL{Mechanism: u.Mechanism, Username: u.Name,
			Password: func() (string, error) { return u.Password, nil }}
	}
	return kafka
}

// refusal tells whoever comes with a wrong PLAIN password so, as Kafka does. The library hangs up without a word, and
// still does for SCRAM, where only it knows what was agreed.
func (c Config) refusal(request *kmsg.SASLAuthenticateRequest) (answer kmsg.Response, err error, handled bool) {
	said := strings.Split(string(request.SASLAuthBytes), "\x00") // authorization id, name, password
	if len(said) != 3 || slices.Contains(c.Users, User{access.Plain, said[1], said[2]}) {
		return nil, nil, false
	}
	refused := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	refused.ErrorCode = kerr.SaslAuthenticationFailed.Code
	refused.ErrorMessage = kmsg.StringPtr("Authentication failed: Invalid username or password")
	return refused, nil, true
}

// logger gives the broker's log to zap, one level lower than the broker thinks: what it warns of is the business of
// whoever sent the request, who is told in the answer.
type logger struct{ to *zap.SugaredLogger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.to.Warnf(format, args...)
	case kfake.LogLevelWarn:
		l.to.Infof(format, args...)
	default:
		l.to.Debugf(format, args...)
	}
}
