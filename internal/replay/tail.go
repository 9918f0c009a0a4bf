package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// From is where following the events begins: at the first one there is (the zero value), after the last one, or with
// the first that was observed at a time or after it.
type From struct {
	End  bool
	Time time.Time
}

func (f From) offset() kgo.Offset {
	switch {
	case f.End:
		return kgo.NewOffset().AtEnd()
	case !f.Time.IsZero():
		return kgo.NewOffset().AfterMilli(f.Time.UnixMilli())
	}
	return kgo.NewOffset().AtStart()
}

// Tail calls each for every committed event, and for those to come as they are committed, until ctx ends (then it
// returns nil) or each returns an error (then it returns that). Records of one site come in their order; those of
// sites in different partitions come in any. What is no event that can be read comes too, see Record.Unreadable.
func (r *Reader) Tail(ctx context.Context, from From, each func(Record) error) error {
	topic := r.config.Topics.Events
	if _, err := partitions(ctx, r.client, topic); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	client, err := connect(r.config,
		kgo.ConsumeTopics(topic),
		kgo.ConsumeStartOffset(from.offset()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), // never skip
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := r.fatal(ctx, fetches); err != nil {
			return fmt.Errorf("follow topic %s: %w", topic, err)
		}
		for records := fetches.RecordIter(); !records.Done(); {
			if err := each(decodeRecord(records.Next())); err != nil {
				return err
			}
		}
	}
}

// fatal gives the error that following cannot go on after. Others pass, at their own pace.
func (r *Reader) fatal(ctx context.Context, fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		var lost *kgo.ErrDataLoss
		var refused *kerr.Error
		switch {
		case errors.As(e.Err, &lost):
			r.config.Logger.Warn("events were lost by the broker, going on with what is left", zap.Error(e.Err))
		case errors.As(e.Err, &refused) && !refused.Retriable, errors.Is(topicless(e.Err), ErrNoTopic):
			return topicless(e.Err)
		default:
			r.config.Logger.Info("events cannot be read right now", zap.Error(e.Err))
			rest(ctx, 250*time.Millisecond)
		}
	}
	return nil
}
