package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"go.uber.org/zap"

	"rollcall/internal/access"
)

// giveUp is how long a request is sent again to a Kafka that cannot be reached.
const giveUp = 10 * time.Second

// connect gives a client that reaches Kafka as configured: every client of this package is made here.
func connect(c Config, more ...kgo.Opt) (*kgo.Client, error) {
	options := []kgo.Opt{
		kgo.ClientID("rollcall"),
		kgo.SeedBrokers(c.Kafka.Brokers...),
		kgo.MetadataMinAge(250 * time.Millisecond), // a leader that moved is found again at once
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RetryTimeoutFn(func(request int16) time.Duration {
			switch kmsg.Key(request) {
			case kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat:
				return c.SessionTimeout // as long as the group would wait for us
			}
			return giveUp
		}),
		kgo.WithLogger(toZap{c.Logger}),
	}
	if c.Kafka.TLS != nil {
		options = append(options, kgo.DialTLSConfig(c.Kafka.TLS.Clone()))
	}
	if c.Kafka.SASL.Mechanism != "" {
		mechanism, err := credentials(c.Kafka.SASL)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.SASL(mechanism))
	}
	client, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return nil, fmt.Errorf("set up the Kafka reader: %w", err)
	}
	return client, nil
}

// credentials asks for the password at every new connection, so that a rotated one is taken up.
func credentials(s access.SASL) (sasl.Mechanism, error) {
	scrammed := func(context.Context) (scram.Auth, error) {
		password, err := s.Password()
		return scram.Auth{User: s.Username, Pass: password}, err
	}
	switch s.Mechanism {
	case access.Plain:
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := s.Password()
			return plain.Auth{User: s.Username, Pass: password}, err
		}), nil
	case access.SCRAMSHA256:
		return scram.Sha256(scrammed), nil
	case access.SCRAMSHA512:
		return scram.Sha512(scrammed), nil
	}
	return nil, fmt.Errorf("unknown SASL mechanism %q", s.Mechanism)
}

// toZap gives the library's own log to ours, all of it as debug: what matters of it reaches us as an error too, and
// is said once and not at every attempt.
type toZap struct{ log *zap.Logger }

func (z toZap) Level() kgo.LogLevel {
	if z.log.Core().Enabled(zap.DebugLevel) {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelNone
}

func (z toZap) Log(_ kgo.LogLevel, message string, keysAndValues ...any) {
	z.log.Sugar().Debugw("kafka reader: "+message, keysAndValues...)
}
