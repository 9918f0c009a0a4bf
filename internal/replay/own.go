package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"
)

// The causes (context.Cause) with which Own ends the context of a run.
var (
	ErrRevoked = errors.New("the site goes to another member of the group")
	ErrLost    = errors.New("the group could not be reached for so long that the site may have gone to another member")
)

// leaveWithin is how long saying good-bye to the group may take. Without it the others wait for the session to end.
const leaveWithin = 5 * time.Second

// Own joins the consumer group and calls run, in a goroutine of its own, for each of the sites that this member owns:
// those whose partition of the state topic it is assigned. A site that goes to another member has its context ended,
// with ErrRevoked or ErrLost for a cause, and Own keeps the partition until run has returned, so that two members
// never run a site at once as long as both can reach the group. Members that stay keep their sites when others come
// and go.
//
// A run that returns roster.ErrFenced makes Own a standby for that site: it is run again, if it is still ours, after
// one session time-out. A run that returns nil is done and not run again; Own returns nil when all sites are done. A
// run that returns any other error ends Own with it. When ctx ends, Own waits for all runs, leaves the group, so that
// others take over at once, and returns nil.
//
// While the group cannot be reached or refuses us, Own keeps trying and logs it once.
func Own(ctx context.Context, c Config, sites []string, run func(ctx context.Context, site string) error) error {
	c = c.filled()
	runs, end := context.WithCancelCause(ctx)
	defer end(nil)
	o := newOwner(c, sites, run, end)
	client, err := o.join(runs)
	if err != nil {
		return err
	}
	defer client.Close()
	o.watch(runs, client)

	o.close()
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	if err := client.LeaveGroupContext(bye); err != nil {
		c.Logger.Info("the group was left without a word, others wait for the session to end", zap.Error(err))
	}
	cause := context.Cause(runs)
	if ctx.Err() != nil || errors.Is(cause, errAllDone) {
		return nil
	}
	return cause
}

// join makes this process a member of the group. It is a member and nothing more: it consumes no data, which it could
// not stop the library from holding, and commits no offsets.
func (o *owner) join(runs context.Context) (*kgo.Client, error) {
	state := o.config.Topics.State
	client, err := connect(o.config,
		kgo.ConsumerGroup(o.config.Group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(o.config.SessionTimeout),
		kgo.RebalanceTimeout(o.config.SessionTimeout),     // whoever died in a rebalance holds it up no longer than in peace
		kgo.HeartbeatInterval(o.config.SessionTimeout/10), // how soon a rebalance is noticed; a tenth is little traffic
		kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, client *kgo.Client, assigned map[string][]int32) {
			o.member()
			if len(assigned[state]) == 0 {
				return
			}
			if n, ok := o.count(runs, client); ok {
				o.begin(runs, n, assigned[state])
			}
		}),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, revoked map[string][]int32) {
			o.end(ErrRevoked, revoked[state])
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
			o.config.Member(false)
			o.end(ErrLost, lost[state])
		}),
	)
	if err != nil {
		return nil, err
	}
	if _, ok := o.count(runs, client); ok { // the library would not say why it cannot even begin
		client.PauseFetchTopics(state) // before the topic is consumed, so that nothing is ever fetched
		client.AddConsumeTopics(state)
	}
	return client, nil
}

// count asks how many partitions the sites are spread over, for as long as it takes.
func (o *owner) count(ctx context.Context, client *kgo.Client) (n int, ok bool) {
	for ctx.Err() == nil {
		n, err := partitions(ctx, client, o.config.Topics.State)
		if err == nil {
			return n, true
		}
		o.trouble(err)
		rest(ctx, time.Second)
	}
	return 0, false
}

// watch waits until the runs have to end. The library reports what is wrong with the group by way of records.
func (o *owner) watch(ctx context.Context, client *kgo.Client) {
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return
		}
		fetches.EachError(func(_ string, _ int32, err error) { o.trouble(fmt.Errorf("consumer group: %w", err)) })
		if !rest(ctx, 250*time.Millisecond) { // whatever it is, it is no reason to hurry
			return
		}
	}
}
