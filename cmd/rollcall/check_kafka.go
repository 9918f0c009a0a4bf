package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"go.uber.org/zap"

	"rollcall/internal/replay"
	"rollcall/sink"
)

const (
	kafkaWithin  = 20 * time.Second // for all that is asked of Kafka
	brokerWithin = 5 * time.Second  // for the connection to one broker
)

// kafkaSteps are the checks of Kafka, each of which needs those before it.
var kafkaSteps = []string{"brokers", "sign-in", "topics", "reading", "rights"}

// checkKafka goes the way of a transaction: the brokers, the sign-in, the topics, and what we may do with them.
func (f *findings) checkKafka(ctx context.Context, d *daemon) {
	if !f.checkBrokers(ctx, d.config) {
		f.skipAfter(kafkaSteps, "brokers")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, kafkaWithin)
	defer cancel()
	reports, err := layout(d.config).Inspect(ctx)
	if err != nil {
		detail, advice := explain(ctx, d.config, err)
		f.add("sign-in", checkFailed, detail, advice)
		f.skipAfter(kafkaSteps, "sign-in")
		return
	}
	f.add("sign-in", checkOK, signedIn(d.config), "")
	if !f.checkTopics(reports, d.config.CreateTopics) {
		f.skipAfter(kafkaSteps, "topics")
		return
	}
	f.checkReading(ctx, d.config)
	f.checkRights(ctx, d)
}

// checkBrokers connects to each broker that is configured. One is enough to begin with.
func (f *findings) checkBrokers(ctx context.Context, c Config) bool {
	reached := 0
	errs := make([]error, len(c.Kafka.Brokers))
	for i, address := range c.Kafka.Brokers {
		if errs[i] = connectTo(ctx, address, c.Kafka.TLS); errs[i] == nil {
			reached++
		}
	}
	for i, address := range c.Kafka.Brokers {
		switch {
		case errs[i] == nil:
			f.add("brokers", checkOK, address, "")
		case reached > 0:
			f.add("brokers", checkWarning, address+": "+unreached(errs[i]), "others can be reached, which is enough; "+kafkaVariablesNamed.advice(errs[i]))
		default:
			f.add("brokers", checkFailed, address+": "+unreached(errs[i]), kafkaVariablesNamed.advice(errs[i]))
		}
	}
	return reached > 0
}

func connectTo(ctx context.Context, address string, secure *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, brokerWithin)
	defer cancel()
	dial := (&net.Dialer{}).DialContext
	if secure != nil {
		dial = (&tls.Dialer{Config: secure.Clone()}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// unreached is why there is no connection, without the address, which was said.
func unreached(err error) string {
	var dial *net.OpError
	switch {
	case hungUp(err):
		return "the broker hung up"
	case errors.As(err, &dial) && dial.Op == "dial":
		return dial.Err.Error()
	}
	return err.Error()
}

func signedIn(c Config) string {
	if c.Kafka.SASL.Mechanism == "" {
		return "none is configured, and none is wanted"
	}
	return fmt.Sprintf("as %s (%s)", c.Kafka.SASL.Username, c.Kafka.SASL.Mechanism)
}

// libraryCall is what kafka-go puts before its errors.
var libraryCall = regexp.MustCompile(`kafka\.\(\*Client\)\.\w+: `)

// explain says what an error of Kafka is, and what to do about it.
func explain(ctx context.Context, c Config, err error) (detail, advice string) {
	var dial *net.OpError
	text := libraryCall.ReplaceAllString(err.Error(), "")
	switch {
	case sink.Forbids(err):
		return text, "have the user's rights widened: " + rightsNeeded(c.Prefix)
	case sink.Refuses(err):
		return text, "check ROLLCALL_KAFKA_USERNAME, ROLLCALL_KAFKA_PASSWORD and ROLLCALL_KAFKA_SASL"
	case hungUp(err) && c.Kafka.TLS == nil && speaksTLS(ctx, c.Kafka.Brokers[0]):
		return "the broker speaks TLS, and hung up", "let ROLLCALL_KAFKA_TLS be true"
	case hungUp(err) && c.Kafka.SASL.Mechanism == "":
		return "the broker hung up", "brokers do that to whoever does not sign in: set ROLLCALL_KAFKA_SASL, with user name and password"
	case hungUp(err):
		return "the broker hung up", "some brokers do that instead of saying that the password is wrong: check ROLLCALL_KAFKA_USERNAME, ROLLCALL_KAFKA_PASSWORD and ROLLCALL_KAFKA_SASL"
	case strings.Contains(text, "remote error: tls:"):
		return text, "the broker refuses our certificate, or the lack of one: check ROLLCALL_KAFKA_CERT_FILE and ROLLCALL_KAFKA_KEY_FILE"
	case errors.As(err, &dial) && dial.Op == "dial":
		return text, "the cluster names a broker that this machine cannot reach: check advertised.listeners of the brokers, and the firewalls between"
	}
	return text, "look into the log of the brokers"
}

func rightsNeeded(prefix string) string {
	return fmt.Sprintf("Read, Write, Describe and DescribeConfigs on topics that begin with %[1]s (Create too, if they are to be created),"+
		" Write and Describe on transactional ids that begin with %[1]s-, Read on the group %[1]s", prefix)
}

// checkTopics says whether the topics stand and can serve.
func (f *findings) checkTopics(reports []sink.TopicReport, create bool) bool {
	stand := true
	for _, r := range reports {
		text := r.Name + ": " + verdictOn(r)
		switch {
		case !r.Exists && create:
			f.add("topics", checkWarning, text, "it is created at the start, or now by rollcall topics --apply")
			stand = false
		case !r.Exists:
			f.add("topics", checkFailed, text, "create it with rollcall topics --apply, or let ROLLCALL_TOPIC_CREATE be true")
			stand = false
		case len(r.Faults) > 0:
			f.add("topics", checkFailed, text, "change the topic with Kafka's own tools, or let another ROLLCALL_TOPIC_PREFIX make topics of their own")
			stand = false
		case len(r.Doubts) > 0:
			f.add("topics", checkWarning, text, "Rollcall works with it; change the topic with Kafka's own tools if this is not what you want")
		default:
			f.add("topics", checkOK, text, "")
		}
	}
	return stand
}

// checkReading reads back what was published, with the library that only reads.
func (f *findings) checkReading(ctx context.Context, c Config) {
	reader, err := replay.Open(replayConfig(c, zap.NewNop()))
	if !f.try("reading", err, "") {
		return
	}
	defer reader.Close()
	sites, err := reader.Sites(ctx)
	if err != nil {
		f.add("reading", checkFailed, err.Error(), "have the user's rights widened, if it says so: "+rightsNeeded(c.Prefix))
		return
	}
	detail := "nothing was published under this prefix yet"
	if len(sites) > 0 {
		detail = "published so far: " + strings.Join(sites, ", ")
	}
	f.add("reading", checkOK, detail, "")
}

// checkRights opens a transaction over the three topics and aborts it, under an id of its own, so that no instance that
// runs is fenced.
func (f *findings) checkRights(ctx context.Context, d *daemon) {
	c := d.writerConfig(d.siteNames()[0])
	c.TransactionalID = d.config.Prefix + "-~check" // no site can be called that
	writer, err := sink.NewWriter(c)
	if !f.try("rights", err, "") {
		return
	}
	defer writer.Close()
	if err := writer.Try(ctx); err != nil {
		detail, advice := explain(ctx, d.config, err)
		f.add("rights", checkFailed, detail, advice)
		return
	}
	f.add("rights", checkOK, "a transaction over the three topics was opened, and aborted", "")
}
