package main

import (
	"context"
	"strings"
	"time"

	"rollcall/sink"
)

const kafkaWithin = 20 * time.Second // for each check of Kafka

// checkKafka looks at the brokers, the topics and the right to write.
func (f *findings) checkKafka(ctx context.Context, d *daemon) {
	ctx, cancel := context.WithTimeout(ctx, kafkaWithin)
	defer cancel()
	reports, err := layout(d.config).Inspect(ctx)
	if !f.try("brokers", err, "check ROLLCALL_KAFKA_BROKERS, ROLLCALL_KAFKA_TLS and ROLLCALL_KAFKA_SASL, and that the brokers are up") {
		f.skip("topics", "rights")
		return
	}
	f.add("brokers", checkOK, strings.Join(d.config.Kafka.Brokers, ", "), "")
	if !f.checkTopics(reports, d.config.CreateTopics) {
		f.skip("rights")
		return
	}
	f.checkRights(ctx, d)
}

// checkTopics says whether the topics stand and can serve.
func (f *findings) checkTopics(reports []sink.TopicReport, create bool) bool {
	stand := true
	for _, r := range reports {
		text := r.Name + ": " + verdictOn(r)
		switch {
		case !r.Exists && create:
			f.add("topics", checkWarning, text, "it is created at the start, or by rollcall topics --apply")
			stand = false
		case !r.Exists:
			f.add("topics", checkFailed, text, "create it with rollcall topics --apply, or let ROLLCALL_TOPIC_CREATE be true")
			stand = false
		case len(r.Faults) > 0:
			f.add("topics", checkFailed, text, "change the setting, or choose another ROLLCALL_TOPIC_PREFIX")
			stand = false
		case len(r.Doubts) > 0:
			f.add("topics", checkWarning, text, "")
		default:
			f.add("topics", checkOK, text, "")
		}
	}
	return stand
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
	advice := "grant Write and Describe on transactional ids and topics beginning with " + d.config.Prefix +
		", Read on the topics and on the group " + d.config.Prefix
	if f.try("rights", writer.Try(ctx), advice) {
		f.add("rights", checkOK, "a transaction over the three topics was opened, and aborted", "")
	}
}
