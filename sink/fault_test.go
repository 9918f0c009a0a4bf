package sink_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/addpartitionstotxn"
	"github.com/segmentio/kafka-go/protocol/initproducerid"
	"github.com/segmentio/kafka-go/protocol/produce"

	"rollcall/internal/roster"
	"rollcall/sink"
)

// TestAFailedStepPublishesNothingOrAll: each request of the transaction fails, once without having been applied and
// once having been. Only a commit that was applied is visible; whatever it was, the next claim goes on from there.
func TestAFailedStepPublishesNothingOrAll(t *testing.T) {
	t.Parallel()
	for _, at := range []step{stepAdd, stepEvents, stepClients, stepState, stepEnd} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, applied %v", at, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, 1)
				writer := w.writer(t)
				publish(t, writer, batch(0, 2))
				w.once(at, func(_ kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error) {
					if applied {
						if _, err := send(); err != nil {
							t.Error(err)
						}
					}
					return nil, errLost
				}).on(writer)

				err := writer.Publish(t.Context(), batch(2, 3))
				if !errors.Is(err, errLost) || errors.Is(err, roster.ErrFenced) {
					t.Fatalf("publish: %v, want %v", err, errLost)
				}
				if err := writer.Publish(t.Context(), batch(2, 3)); err == nil || errors.Is(err, errLost) {
					t.Fatalf("publish with an unknown end: %v", err)
				}
				if err := writer.Claim(t.Context()); err != nil {
					t.Fatal(err)
				}
				want, transactions := through(1, 2), 1
				if at == stepEnd && applied {
					want, transactions = through(1, 5), 2
				}
				w.expectSeqs(t, want)
				last := want[len(want)-1]
				publish(t, writer, batch(last, 1))
				w.expectSeqs(t, append(want, last+1))
				w.expectCount(t, w.topics.Clients, int(last)+1)
				w.expectCount(t, w.topics.State, transactions+1)
			})
		}
	}
}

// TestAZombieIsFenced: another writer claims the site before, or in the midst of, a transaction of ours.
func TestAZombieIsFenced(t *testing.T) {
	t.Parallel()
	for _, at := range []step{stepAdd, stepEvents, stepClients, stepState, stepEnd} {
		t.Run("before "+string(at), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			zombie, heir := w.writer(t), w.unclaimed(t)
			publish(t, zombie, batch(0, 1))
			w.once(at, func(_ kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error) {
				if err := heir.Claim(t.Context()); err != nil {
					t.Error(err)
				}
				return send()
			}).on(zombie)
			if err := zombie.Publish(t.Context(), batch(1, 5)); !errors.Is(err, roster.ErrFenced) {
				t.Fatalf("zombie: %v, want %v", err, roster.ErrFenced)
			}
			publish(t, heir, batch(1, 2))
			w.expectSeqs(t, through(1, 3))
		})
	}
}

// TestClaimIsPatientWithTheCoordinator, and with nobody else.
func TestClaimIsPatientWithTheCoordinator(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name    string
		answer  kafka.Error
		patient bool
	}{
		{"the transaction before is being ended", kafka.ConcurrentTransactions, true},
		{"the coordinator still loads", kafka.GroupLoadInProgress, true},
		{"there is no coordinator yet", kafka.GroupCoordinatorNotAvailable, true},
		{"the coordinator moved", kafka.NotCoordinatorForGroup, true},
		{"not allowed", kafka.TransactionalIDAuthorizationFailed, false},
		{"time-out longer than the broker allows", kafka.InvalidTransactionTimeout, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			writer := w.unclaimed(t)
			w.once(stepInit, func(kafka.Request, func() (kafka.Response, error)) (kafka.Response, error) {
				return &initproducerid.Response{ErrorCode: int16(row.answer)}, nil
			}).on(writer)
			err := writer.Claim(t.Context())
			if row.patient && err != nil || !row.patient && !errors.Is(err, row.answer) {
				t.Fatalf("claim: %v", err)
			}
			if row.patient {
				publish(t, writer, batch(0, 1))
			}
		})
	}
}

// TestPublishIsPatientWithTheCommitBefore, and gives up at any other refusal: the coordinator's too.
func TestPublishIsPatientWithTheCommitBefore(t *testing.T) {
	t.Parallel()
	rows := []struct {
		answer kafka.Error
		want   error
	}{
		{kafka.ConcurrentTransactions, nil},
		{kafka.NotCoordinatorForGroup, kafka.NotCoordinatorForGroup},
		{kafka.TopicAuthorizationFailed, kafka.TopicAuthorizationFailed},
		{kafka.ProducerFenced, roster.ErrFenced},
	}
	for _, row := range rows {
		t.Run(row.answer.Title(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			writer := w.writer(t)
			w.once(stepAdd, func(request kafka.Request, _ func() (kafka.Response, error)) (kafka.Response, error) {
				return w.refuse(request.(*addpartitionstotxn.Request), row.answer), nil
			}).on(writer)
			if err := writer.Publish(t.Context(), batch(0, 1)); !errors.Is(err, row.want) {
				t.Errorf("publish: %v, want %v", err, row.want)
			}
		})
	}
}

// TestARefusedRecordIsAnError: a broker that answers is not a broker that agrees.
func TestARefusedRecordIsAnError(t *testing.T) {
	t.Parallel()
	rows := []struct {
		answer kafka.Error
		fenced bool
	}{
		{kafka.NotLeaderForPartition, false},
		{kafka.NotEnoughReplicasAfterAppend, false},
		{kafka.OutOfOrderSequenceNumber, false},
		{kafka.InvalidProducerEpoch, true},
	}
	for _, row := range rows {
		t.Run(row.answer.Title(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			writer := w.writer(t)
			w.once(stepClients, func(kafka.Request, func() (kafka.Response, error)) (kafka.Response, error) {
				partition := produce.ResponsePartition{ErrorCode: int16(row.answer)}
				topic := produce.ResponseTopic{Topic: w.topics.Clients, Partitions: []produce.ResponsePartition{partition}}
				return &produce.Response{Topics: []produce.ResponseTopic{topic}}, nil
			}).on(writer)
			err := writer.Publish(t.Context(), batch(0, 1))
			if !errors.Is(err, row.answer) || errors.Is(err, roster.ErrFenced) != row.fenced {
				t.Errorf("publish: %v", err)
			}
			if err := writer.Claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.seqs(t); len(got) > 0 {
				t.Errorf("published %v", got)
			}
		})
	}
}

// TestPatienceEndsWithItsContext, and says what it waited for.
func TestPatienceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tries := 0
		err := sink.Insist(ctx, func() error { tries++; return kafka.ConcurrentTransactions })
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, kafka.ConcurrentTransactions) {
			t.Errorf("gave up with %v", err)
		}
		if tries < 30 || tries > 120 {
			t.Errorf("%d tries in a minute", tries)
		}
	})
}

// refuse answers as Kafka does when it refuses one topic: the others are not attempted.
func (w world) refuse(request *addpartitionstotxn.Request, why kafka.Error) *addpartitionstotxn.Response {
	const notAttempted = 55
	answer := &addpartitionstotxn.Response{}
	for _, topic := range request.Topics {
		partition := addpartitionstotxn.ResponsePartition{PartitionIndex: topic.Partitions[0], ErrorCode: notAttempted}
		if topic.Name == w.topics.Clients {
			partition.ErrorCode = int16(why)
		}
		answer.Results = append(answer.Results, addpartitionstotxn.ResponseResult{
			Name: topic.Name, Results: []addpartitionstotxn.ResponsePartition{partition},
		})
	}
	return answer
}
