package sink_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/sink"
)

// guarded is a broker that lets nobody in without TLS and a password.
func guarded(t *testing.T, mechanism string) world {
	t.Helper()
	b := brokertest.Start(t, broker.Config{
		TLS:   brokertest.ServerTLS(t),
		Users: []broker.User{{Mechanism: mechanism, Name: "rollcall", Password: "correct, horse=battery"}},
	})
	return world{b.Kafka(), brokertest.CreateTopics(t, b.Kafka(), "rollcall", 1), "rollcall-" + site}
}

func TestTLSAndSASL(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{access.Plain, access.SCRAMSHA256, access.SCRAMSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			w := guarded(t, mechanism)
			publish(t, w.writer(t), batch(0, 2))
			w.expectSeqs(t, through(1, 2))
		})
	}
}

// TestRefusedAtTheDoor: nothing gets in, and no error tells the password.
func TestRefusedAtTheDoor(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name   string
		change func(*access.Kafka)
	}{
		{"wrong password", func(k *access.Kafka) { k.SASL.Password = func() (string, error) { return "guess-1234", nil } }},
		{"unreadable password", func(k *access.Kafka) {
			k.SASL.Password = func() (string, error) { return "", errors.New("no such file") }
		}},
		{"password SCRAM forbids", func(k *access.Kafka) { k.SASL.Password = func() (string, error) { return "guess-1234\u0000", nil } }},
		{"another mechanism", func(k *access.Kafka) { k.SASL.Mechanism = access.SCRAMSHA512 }},
		{"no password at all", func(k *access.Kafka) { k.SASL = access.SASL{} }},
		{"unknown authority", func(k *access.Kafka) { k.TLS = &tls.Config{} }},
		{"no TLS", func(k *access.Kafka) { k.TLS = nil }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := guarded(t, access.SCRAMSHA256)
			row.change(&w.kafka)
			err := w.unclaimed(t, func(c *sink.Config) { c.RequestTimeout = 2e9 }).Claim(t.Context())
			if err == nil {
				t.Fatal("let in")
			}
			if strings.Contains(err.Error(), "guess-1234") {
				t.Errorf("the error tells the password: %v", err)
			}
			t.Log(err)
		})
	}
}

// TestARotatedPasswordIsTakenUp: it is asked at every connection.
func TestARotatedPasswordIsTakenUp(t *testing.T) {
	t.Parallel()
	w := guarded(t, access.SCRAMSHA256)
	right := w.kafka.SASL.Password
	current := func() (string, error) { return "the old one", nil }
	w.kafka.SASL.Password = func() (string, error) { return current() }
	first := w.unclaimed(t)
	if err := first.Claim(t.Context()); err == nil {
		t.Fatal("let in with the old password")
	}
	first.Close()
	current = right
	if err := first.Claim(t.Context()); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}
