// Package access is how Kafka is reached and entered, and what the topics are called: the one description that both
// Kafka libraries are set up from. It imports only the standard library and opens nothing itself.
package access

import "crypto/tls"

// Kafka says where the brokers are and how to be let in.
type Kafka struct {
	Brokers []string    // host:port
	TLS     *tls.Config // nil: no TLS
	SASL    SASL        // zero: none
}

// The SASL mechanisms, as ROLLCALL_KAFKA_SASL names them.
const (
	Plain       = "plain"
	SCRAMSHA256 = "scram-sha-256"
	SCRAMSHA512 = "scram-sha-512"
)

// SASL says who we are to the brokers.
type SASL struct {
	Mechanism string // Plain, SCRAMSHA256, SCRAMSHA512; empty: no SASL
	Username  string
	Password  func() (string, error) // asked at every new connection, so that a rotated secret is taken up
}

// Topics are the names of the three topics.
type Topics struct{ Events, Clients, State string }

// TopicsOf gives the topics of a prefix.
func TopicsOf(prefix string) Topics {
	return Topics{Events: prefix + ".events", Clients: prefix + ".clients", State: prefix + ".state"}
}
