package replay

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unreached is a request that got no answer from the broker it was sent to; another broker may know better.
type unreached struct{ error }

func (u unreached) Unwrap() error { return u.error }

// passing says whether an error may be gone by itself when the same is tried again.
func passing(err error) bool {
	var u unreached
	return (errors.As(err, &u) || kerr.IsRetriable(err)) && !errors.Is(err, ErrNoTopic) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// patiently tries until it works, until the error is none that passes, or until patience is at its end.
func patiently(ctx context.Context, try func() error) error {
	const first, longest = 50 * time.Millisecond, time.Second
	deadline := time.Now().Add(patience)
	for wait := first; ; wait = min(2*wait, longest) {
		err := try()
		if err == nil || !passing(err) || time.Now().After(deadline) {
			return err
		}
		if !rest(ctx, wait) {
			return ctx.Err()
		}
	}
}

// rest waits, and says whether ctx lived through it.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// describe looks a topic up, without creating it.
func describe(ctx context.Context, client *kgo.Client, topic string) (kmsg.MetadataResponseTopic, error) {
	asked := kmsg.NewMetadataRequestTopic()
	asked.Topic = kmsg.StringPtr(topic)
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = append(request.Topics, asked)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		return kmsg.MetadataResponseTopic{}, err
	}
	if len(answer.Topics) != 1 {
		return kmsg.MetadataResponseTopic{}, errors.New("the broker left the topic out of its answer")
	}
	found := answer.Topics[0]
	return found, topicless(kerr.ErrorForCode(found.ErrorCode))
}

// topicless gives ErrNoTopic for what a broker says of a topic it does not have.
func topicless(err error) error {
	if errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) {
		return ErrNoTopic
	}
	return err
}
