package main

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// Both Kafka libraries come in through every door of the configuration, and the site is read over HTTPS under a
// certificate that only ROLLCALL_CA_FILE makes good.
func TestDoors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, mechanism string
	}{
		{"TLS alone", ""},
		{"PLAIN", access.Plain},
		{"SCRAM-SHA-256", access.SCRAMSHA256},
		{"SCRAM-SHA-512", access.SCRAMSHA512},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := broker.Config{TLS: brokertest.ServerTLS(t)}
			if row.mechanism != "" {
				c.Users = []broker.User{{Mechanism: row.mechanism, Name: "rollcall", Password: "p+s=s%w/rd"}}
			}
			b := brokertest.Start(t, c)
			w := newWorld(t, sim.Config{Seed: 5, Clients: 6}, func(c *Config) { c.Kafka = b.Kafka() })
			server, err := w.site.Start("127.0.0.1:0", true)
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			w.config.Sites[0].URL, w.config.Sites[0].RootCAs = server.URL, x509.NewCertPool()
			w.config.Sites[0].RootCAs.AppendCertsFromPEM(server.CA)
			w.lifeAndDeath()
		})
	}
}

// A client certificate is shown to brokers that ask for one.
func TestClientCertificateOpensTheDoor(t *testing.T) {
	t.Parallel()
	server := brokertest.ServerTLS(t)
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(server.Certificates[0].Certificate[len(server.Certificates[0].Certificate)-1])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	server.ClientAuth = tls.RequireAnyClientCert
	b := brokertest.Start(t, broker.Config{TLS: server})
	kafka := b.Kafka()
	kafka.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &server.Certificates[0], nil }
	w := newWorld(t, sim.Config{Seed: 5, Clients: 6}, func(c *Config) { c.Kafka = kafka })
	w.lifeAndDeath()
}

// lifeAndDeath polls a site that changes, across a restart of the program.
func (w *world) lifeAndDeath() {
	w.t.Helper()
	for range 2 {
		w.cycle(func(c *pipeline.Cycle) {
			w.step(c)
			w.site.Step(5)
			w.step(c)
		})
	}
	w.consistent()
	w.truth()
}
