package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.uber.org/zap"

	"rollcall/internal/roster"
)

// errAllDone ends Own when every run has said that it is done.
var errAllDone = errors.New("all sites are done")

// owner keeps the runs of the sites of the partitions that are ours. The group begins and ends them, from goroutines
// of its library.
type owner struct {
	config Config
	sites  []string
	run    func(ctx context.Context, site string) error
	stop   context.CancelCauseFunc // ends Own

	all sync.WaitGroup // every run there is

	mu       sync.Mutex
	closed   bool
	tenures  map[int32]*tenure
	running  map[string]bool
	done     map[string]bool
	troubled string // what was last said to be wrong
}

// tenure is one partition being ours, from its assignment until all its runs have returned.
type tenure struct {
	end  context.CancelCauseFunc
	runs sync.WaitGroup
}

func newOwner(c Config, sites []string, run func(context.Context, string) error, stop context.CancelCauseFunc) *owner {
	return &owner{config: c, sites: sites, run: run, stop: stop,
		tenures: map[int32]*tenure{}, running: map[string]bool{}, done: map[string]bool{}}
}

// member notes that the group has taken us in, whatever it assigns to us.
func (o *owner) member() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.troubled != "" {
		o.config.Logger.Info("the consumer group is joined again")
		o.troubled = ""
	}
	o.config.Member(true)
}

// begin starts the runs of the sites of partitions, of which there are n in all.
func (o *owner) begin(ctx context.Context, n int, partitions []int32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	for _, p := range partitions {
		if o.tenures[p] != nil {
			continue
		}
		t := new(tenure)
		var ours context.Context
		ours, t.end = context.WithCancelCause(ctx)
		o.tenures[p] = t
		for _, site := range o.sites {
			if PartitionOf(site, n) == p && !o.done[site] {
				o.all.Add(1)
				t.runs.Go(func() {
					defer o.all.Done()
					o.keep(ours, site)
				})
			}
		}
	}
}

// end ends the runs of partitions and waits until all have returned. After it, somebody else may begin.
func (o *owner) end(why error, partitions []int32) {
	o.mu.Lock()
	var ending []*tenure
	for _, p := range partitions {
		if t := o.tenures[p]; t != nil {
			ending = append(ending, t)
			delete(o.tenures, p)
		}
	}
	o.mu.Unlock()
	for _, t := range ending {
		t.end(why)
	}
	for _, t := range ending {
		t.runs.Wait()
	}
}

// close ends all runs for good and waits until they have returned.
func (o *owner) close() {
	o.mu.Lock()
	o.closed = true
	all := slices.Collect(maps.Keys(o.tenures))
	o.mu.Unlock()
	o.end(context.Canceled, all)
	o.all.Wait() // also for those the group is ending at this moment
}

// keep runs a site for as long as it is ours.
func (o *owner) keep(ctx context.Context, site string) {
	for ctx.Err() == nil {
		o.note(site, true)
		err := o.run(ctx, site)
		o.note(site, false)
		switch {
		case err == nil && ctx.Err() == nil:
			o.finish(site)
			return
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, roster.ErrFenced) {
				o.config.Logger.Warn("a site did not end cleanly", zap.String("site", site), zap.Error(err))
			}
			return
		case !errors.Is(err, roster.ErrFenced):
			o.stop(fmt.Errorf("site %s: %w", site, err))
			return
		}
		// Whoever fenced us is at work. If that was a mistake, or it dies, the group knows by the end of a session.
		o.config.Logger.Warn("another instance is at work on this site, standing by", zap.String("site", site))
		rest(ctx, o.config.SessionTimeout)
	}
}

func (o *owner) finish(site string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done[site] = true
	if len(o.done) == len(o.sites) {
		o.stop(errAllDone)
	}
}

// note tells the observer which sites are being run.
func (o *owner) note(site string, running bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if running {
		o.running[site] = true
	} else {
		delete(o.running, site)
	}
	o.config.Owned(slices.Sorted(maps.Keys(o.running)))
}

// trouble logs what is wrong with the group, the first time it is.
func (o *owner) trouble(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.config.Member(false)
	if o.troubled != err.Error() {
		o.troubled = err.Error()
		o.config.Logger.Warn("the consumer group cannot be used", zap.Error(err))
	}
}
