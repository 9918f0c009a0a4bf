package sink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"rollcall/internal/access"
)

// connection is kafka-go's protocol client with a transport of its own: nobody else's requests wait in front of ours,
// and Close ends its connections and its goroutine.
type connection struct {
	*kafka.Client
	transport *kafka.Transport
}

// metadataMaxAge is how long a moved leader may go unnoticed. It is also how long kafka-go waits for the answer, the
// connection with its TLS and SASL included: half a second would shut out brokers that are far away.
const metadataMaxAge = 2 * time.Second

const defaultRequestTimeout = 10 * time.Second

// connect prepares a connection that asks for nothing but these topics; nothing is dialled yet. requestTimeout bounds
// every request.
func connect(k access.Kafka, topics []string, requestTimeout time.Duration) (*connection, error) {
	if len(k.Brokers) == 0 {
		return nil, errors.New("no brokers")
	}
	transport := &kafka.Transport{
		ClientID:       "rollcall",
		MetadataTTL:    metadataMaxAge,
		MetadataTopics: topics,
		TLS:            k.TLS,
		DialTimeout:    requestTimeout,
	}
	switch k.SASL.Mechanism {
	case "":
	case access.Plain, access.SCRAMSHA256, access.SCRAMSHA512:
		transport.SASL = login{k.SASL}
	default:
		return nil, fmt.Errorf("unknown SASL mechanism %q", k.SASL.Mechanism)
	}
	client := &kafka.Client{Addr: kafka.TCP(k.Brokers...), Timeout: requestTimeout, Transport: transport}
	return &connection{client, transport}, nil
}

// Refuses says whether Kafka knows us and does not want us: trying again is of no use until somebody changes that.
func Refuses(err error) bool {
	return errors.Is(err, kafka.SASLAuthenticationFailed) || errors.Is(err, kafka.UnsupportedSASLMechanism) || Forbids(err)
}

// Forbids says whether Kafka let us in and does not let us do what we want.
func Forbids(err error) bool {
	return errors.Is(err, kafka.TopicAuthorizationFailed) || errors.Is(err, kafka.ClusterAuthorizationFailed) ||
		errors.Is(err, kafka.TransactionalIDAuthorizationFailed)
}

func (c *connection) close() { c.transport.CloseIdleConnections() }

// login says who we are, asking for the password anew at every connection.
type login struct{ as access.SASL }

// Name is the mechanism's name in the protocol.
func (l login) Name() string {
	switch l.as.Mechanism {
	case access.SCRAMSHA256:
		return scram.SHA256.Name()
	case access.SCRAMSHA512:
		return scram.SHA512.Name()
	}
	return plain.Mechanism{}.Name()
}

// Start begins one conversation.
func (l login) Start(ctx context.Context) (sasl.StateMachine, []byte, error) {
	password, err := l.as.Password()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka password: %w", err)
	}
	algorithm := scram.SHA256
	switch l.as.Mechanism {
	case access.Plain:
		return plain.Mechanism{Username: l.as.Username, Password: password}.Start(ctx)
	case access.SCRAMSHA512:
		algorithm = scram.SHA512
	}
	mechanism, err := scram.Mechanism(algorithm, l.as.Username, password)
	if err != nil {
		return nil, nil, errors.New("the kafka user name or password has characters that SCRAM forbids")
	}
	return mechanism.Start(ctx)
}
