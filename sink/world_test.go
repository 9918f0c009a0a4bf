package sink_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/endtxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/roster"
	"rollcall/sink"
)

// world is a broker with the three topics.
type world struct {
	kafka  access.Kafka
	topics access.Topics
	id     string // transactional id
}

func newWorld(t *testing.T, partitions int) world {
	t.Helper()
	kafka, prefix := brokertest.New(t)
	return world{kafka, brokertest.CreateTopics(t, kafka, prefix, partitions), prefix + "-" + site}.settled(t)
}

// settled waits until the new topics take records: in a real cluster not every broker has heard of them yet, and one
// that answers for them may not yet lead them. The markers of an aborted transaction are tried until they are
// written, and the second claim waits for that.
func (w world) settled(t *testing.T) world {
	t.Helper()
	if err := sink.Await(t.Context(), w.kafka, w.topics); err != nil {
		t.Fatal(err)
	}
	writer := w.unclaimed(t, func(c *sink.Config) { c.TransactionalID += "-first" })
	if err := writer.Try(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := writer.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// writer gives a writer that has claimed the site.
func (w world) writer(t *testing.T, change ...func(*sink.Config)) *sink.Writer {
	t.Helper()
	writer := w.unclaimed(t, change...)
	if err := writer.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	return writer
}

func (w world) unclaimed(t *testing.T, change ...func(*sink.Config)) *sink.Writer {
	t.Helper()
	config := sink.Config{Kafka: w.kafka, Topics: w.topics, TransactionalID: w.id, Site: site, RequestTimeout: 20 * time.Second}
	for _, f := range change {
		f(&config)
	}
	writer, err := sink.NewWriter(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(writer.Close)
	return writer
}

func publish(t *testing.T, w *sink.Writer, b roster.Batch) {
	t.Helper()
	if err := w.Publish(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// batch is a poll that showed n new clients; the sequence numbers follow from.
func batch(from int64, n int) roster.Batch {
	b := roster.Batch{Site: site, Standing: roster.Standing{Site: site, Epoch: 1, Seq: from + int64(n), Clients: n, Poll: poll}}
	for i := range int64(n) {
		key := roster.Key{Type: roster.SupportCustomer, ID: fmt.Sprint(from + i + 1), Since: bob.Since}
		e := about(key, roster.ConnectEvent, roster.Create)
		e.Seq, e.After = from+i+1, bobThere
		b.Events = append(b.Events, e)
		b.Clients = append(b.Clients, roster.ClientRecord{Key: key, Seq: e.Seq, ObservedAt: poll.ReceivedAt,
			Client: &roster.Client{Key: key, State: bobThere}})
	}
	return b
}

// seqs are the numbers of the events that were committed, in their order in the topic.
func (w world) seqs(t *testing.T) (all []int64) {
	t.Helper()
	for _, r := range brokertest.Read(t, w.kafka, w.topics.Events) {
		all = append(all, number(t, r.Value, "seq"))
	}
	return all
}

// expectSeqs waits for those numbers: a commit is acknowledged when it is certain, and visible a moment later.
func (w world) expectSeqs(t *testing.T, want []int64) {
	t.Helper()
	w.eventually(t, func() string { return cmp.Diff(want, w.seqs(t)) })
}

// expectCount waits until the topic holds so many committed records.
func (w world) expectCount(t *testing.T, topic string, want int) {
	t.Helper()
	w.eventually(t, func() string { return cmp.Diff(want, len(brokertest.Read(t, w.kafka, topic))) })
}

// eventually waits until there is no difference any more.
func (w world) eventually(t *testing.T, diff func() string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		d := diff()
		if d == "" {
			return
		}
		select {
		case <-late:
			t.Errorf("committed (-want +got):\n%s", d)
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func through(from, to int64) (all []int64) {
	for ; from <= to; from++ {
		all = append(all, from)
	}
	return all
}

// step is a request of a transaction.
type step string

const (
	stepInit    step = "init producer"
	stepAdd     step = "add partitions"
	stepEvents  step = "produce events"
	stepClients step = "produce clients"
	stepState   step = "produce state"
	stepEnd     step = "end transaction"
	stepOther   step = "other"
)

func (w world) step(request kafka.Request) step {
	switch r := request.(type) {
	case *initproducerid.Request:
		return stepInit
	case *addpartitionstotxn.Request:
		return stepAdd
	case *endtxn.Request:
		return stepEnd
	case *rawproduce.Request:
		return map[string]step{w.topics.Events: stepEvents, w.topics.Clients: stepClients, w.topics.State: stepState}[r.Topics[0].Topic]
	}
	return stepOther
}

// tap sees every request between a writer and the brokers, and decides what becomes of it.
type tap func(request kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error)

func (f tap) on(w *sink.Writer) {
	w.Between(func(next kafka.RoundTripper) kafka.RoundTripper { return &tapped{next, f} })
}

type tapped struct {
	next kafka.RoundTripper
	tap  tap
}

func (t *tapped) RoundTrip(ctx context.Context, addr net.Addr, request kafka.Request) (kafka.Response, error) {
	return t.tap(request, func() (kafka.Response, error) { return t.next.RoundTrip(ctx, addr, request) })
}

var errLost = errors.New("connection reset by peer")

// once lets f have the first request of the step; all others pass.
func (w world) once(at step, f tap) tap {
	done := false
	return func(request kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error) {
		if done || w.step(request) != at {
			return send()
		}
		done = true
		return f(request, send)
	}
}
