package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"rollcall/internal/roster"
)

// initProducer gets a producer epoch that is higher than any before.
func (w *Writer) initProducer(ctx context.Context) (producer, error) {
	var p producer
	err := insist(ctx, coordinatorBusy, func() error {
		answer, err := w.kafka.InitProducerID(ctx, &kafka.InitProducerIDRequest{
			TransactionalID:      w.TransactionalID,
			TransactionTimeoutMs: int(w.TransactionTimeout.Milliseconds()),
			ProducerID:           -1, // whoever we were before: raise the epoch, and abort what is open
			ProducerEpoch:        -1,
		})
		if err != nil {
			return err
		}
		p = producer{int64(answer.Producer.ProducerID), int16(answer.Producer.ProducerEpoch)}
		return answer.Error
	})
	return p, err
}

// transact sends the parcels in one transaction and commits it. It has three quarters of the time after which the
// broker would abort: to be told by the broker then looks like being fenced.
func (w *Writer) transact(ctx context.Context, s *session, parcels []parcel) error {
	ctx, cancel := context.WithTimeout(ctx, w.TransactionTimeout*3/4)
	defer cancel()
	var topics []string
	for i, p := range parcels {
		if i == 0 || parcels[i-1].topic != p.topic {
			topics = append(topics, p.topic)
		}
	}
	if err := w.begin(ctx, s, topics); err != nil {
		return err
	}
	for _, p := range parcels {
		// If we die here, the transaction stays open until the next claim, or its time-out, aborts it.
		if err := w.produce(ctx, s, p); err != nil {
			return err
		}
	}
	// If we die here, it is as before; once the request is sent, the transaction may be committed or not.
	return w.end(ctx, s, true)
}

// begin opens a transaction over the site's partition of the topics. The commit before is acknowledged as soon as it
// is certain, while its markers are still being written; until they are, the broker asks to try again.
func (w *Writer) begin(ctx context.Context, s *session, topics []string) error {
	partitions := map[string][]kafka.AddPartitionToTxn{}
	for _, topic := range topics {
		partitions[topic] = []kafka.AddPartitionToTxn{{Partition: s.partition}}
	}
	err := insist(ctx, commitUnderWay, func() error {
		answer, err := w.kafka.AddPartitionsToTxn(ctx, &kafka.AddPartitionsToTxnRequest{
			TransactionalID: w.TransactionalID,
			ProducerID:      int(s.producer.id),
			ProducerEpoch:   int(s.producer.epoch),
			Topics:          partitions,
		})
		if err != nil {
			return err
		}
		return refusal(answer, topics)
	})
	return transactionError("begin transaction", err)
}

// operationNotAttempted has another name in kafka-go: error 55 is OPERATION_NOT_ATTEMPTED in Kafka's protocol.
const operationNotAttempted = kafka.BrokerAuthorizationFailed

// refusal is why a partition was not added. Where one is refused the others are not attempted, which says nothing.
func refusal(answer *kafka.AddPartitionsToTxnResponse, topics []string) error {
	var unattempted error
	for _, topic := range topics {
		if len(answer.Topics[topic]) == 0 {
			return fmt.Errorf("topic %s: the broker did not answer for it", topic)
		}
		err := answer.Topics[topic][0].Error
		switch {
		case errors.Is(err, operationNotAttempted):
			unattempted = err
		case err != nil:
			return fmt.Errorf("topic %s: %w", topic, err)
		}
	}
	return unattempted
}

func (w *Writer) produce(ctx context.Context, s *session, p parcel) error {
	answer, err := w.kafka.RawProduce(ctx, &kafka.RawProduceRequest{
		Topic:           p.topic,
		Partition:       s.partition,
		RequiredAcks:    kafka.RequireAll,
		TransactionalID: w.TransactionalID,
		RawRecords:      protocol.RawRecordSet{Reader: bytes.NewReader(p.encoded)},
	})
	if err == nil {
		err = answer.Error
	}
	return transactionError("write to topic "+p.topic, err)
}

func (w *Writer) end(ctx context.Context, s *session, commit bool) error {
	answer, err := w.kafka.EndTxn(ctx, &kafka.EndTxnRequest{
		TransactionalID: w.TransactionalID,
		ProducerID:      int(s.producer.id),
		ProducerEpoch:   int(s.producer.epoch),
		Committed:       commit,
	})
	if err == nil {
		err = answer.Error
	}
	return transactionError("end transaction", err)
}

// transactionError names the step that failed, and says so when it failed because another instance took over: our
// epoch is no longer the highest, or a transaction that we hold open was ended by somebody else.
func transactionError(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kafka.InvalidProducerEpoch), errors.Is(err, kafka.ProducerFenced), errors.Is(err, kafka.InvalidTransactionState):
		return fmt.Errorf("%s: %w: %w", step, roster.ErrFenced, err)
	}
	return fmt.Errorf("%s: %w", step, err)
}

func commitUnderWay(err error) bool { return errors.Is(err, kafka.ConcurrentTransactions) }

// coordinatorBusy is true while the coordinator ends an earlier transaction, still loads, or has just moved.
func coordinatorBusy(err error) bool {
	return commitUnderWay(err) || errors.Is(err, kafka.GroupLoadInProgress) ||
		errors.Is(err, kafka.GroupCoordinatorNotAvailable) || errors.Is(err, kafka.NotCoordinatorForGroup)
}

// insist tries until the answer is not one of those that only ask for patience, or ctx ends.
func insist(ctx context.Context, patience func(error) bool, try func() error) error {
	const shortest, longest = 10 * time.Millisecond, time.Second
	for wait := shortest; ; wait = min(2*wait, longest) {
		err := try()
		if err == nil || !patience(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}
