package replay_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

func TestEntrances(t *testing.T) {
	t.Parallel()
	secret := func(mechanism string) []broker.User {
		return []broker.User{{Mechanism: mechanism, Name: "rollcall", Password: "p+/=%, \u00e9"}}
	}
	for name, c := range map[string]broker.Config{
		"TLS":                        {TLS: brokertest.ServerTLS(t)},
		"PLAIN":                      {Users: secret(access.Plain)},
		"SCRAM-SHA-256 without TLS":  {Users: secret(access.SCRAMSHA256)},
		"SCRAM-SHA-512 and TLS":      {Users: secret(access.SCRAMSHA512), TLS: brokertest.ServerTLS(t)},
		"PLAIN and TLS, as hosted":   {Users: secret(access.Plain), TLS: brokertest.ServerTLS(t)},
		"neither, as in development": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := brokertest.Start(t, c)
			w := world{b.Kafka(), "p", brokertest.CreateTopics(t, b.Kafka(), "p", 1)}
			w.writer(t, "emea").commit(w.standing(t, roster.Standing{Site: "emea", Seq: 4}))
			got, err := w.reader(t).Standing(bounded(t), "emea")
			if err != nil || got == nil || got.Seq != 4 {
				t.Errorf("standing: %+v, %v", got, err)
			}
			if read := len(brokertest.Read(t, w.kafka, w.topics.State)); read != 1 {
				t.Errorf("%d records, want 1", read)
			}
			s := newShifts(t)
			own(t, w.config(), []string{"emea"}, s.work("it"))
			eventually(t, "it works", func() bool { return len(s.of("it")) == 1 })
		})
	}
}

func TestClosedEntrances(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, broker.Config{TLS: brokertest.ServerTLS(t),
		Users: []broker.User{{Mechanism: access.Plain, Name: "rollcall", Password: "right"}}})
	brokertest.CreateTopics(t, b.Kafka(), "p", 1)
	gone := errors.New("the password file is gone")
	for _, row := range []struct {
		name, says string
		is         error
		change     func(*access.Kafka)
	}{
		{"a wrong password", "SASL_AUTHENTICATION_FAILED", nil, func(k *access.Kafka) {
			k.SASL.Password = func() (string, error) { return "wrong", nil }
		}},
		{"a password that cannot be read", "", gone, func(k *access.Kafka) {
			k.SASL.Password = func() (string, error) { return "", gone }
		}},
		{"an unknown certificate", "certificate", nil, func(k *access.Kafka) {
			k.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			kafka := b.Kafka()
			row.change(&kafka)
			r := open(t, replay.Config{Kafka: kafka, Topics: access.TopicsOf("p")})
			_, err := r.Standing(bounded(t), "emea")
			mentions(t, err, row.says)
			if row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("error %v, want %v", err, row.is)
			}
		})
	}
}

func TestUnknownMechanismIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := replay.Open(replay.Config{Kafka: access.Kafka{SASL: access.SASL{Mechanism: "gssapi"}}})
	mentions(t, err, "gssapi")
}
