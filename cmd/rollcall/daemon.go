package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rollcall/internal/access"
	"rollcall/internal/admin"
	"rollcall/internal/pipeline"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
	"rollcall/sink"
)

// daemon is the program as it runs in earnest, and in the demo.
type daemon struct {
	config Config
	log    *zap.Logger
	board  *admin.Board
	sites  map[string]*watched
}

func newDaemon(c Config, log *zap.Logger) (*daemon, error) {
	d := &daemon{config: c, log: log, sites: map[string]*watched{}}
	shown := make([]admin.Site, len(c.Sites))
	for i, s := range c.Sites {
		shown[i] = admin.Site{Name: s.Name, Interval: s.Interval}
	}
	d.board = admin.New(admin.Config{Version: versionNumber(), Sites: shown})
	for _, s := range c.Sites {
		w, err := watch(s, d.board, log)
		if err != nil {
			return nil, usage(err)
		}
		d.sites[s.Name] = w
	}
	return d, nil
}

// run serves the admin address and takes part in the work until ctx ends.
func (d *daemon) run(ctx context.Context, admin net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.board.Serve(ctx, admin) })
	group.Go(func() error {
		if err := d.topics(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		return d.own(ctx)
	})
	return group.Wait()
}

// own runs the cycle of each site that the group gives to this instance.
func (d *daemon) own(ctx context.Context) error {
	c := d.replayConfig()
	c.Member, c.Owned = d.board.Member, d.board.Owned
	return replay.Own(ctx, c, d.siteNames(), d.runSite)
}

// runSite runs the site's cycle for as long as the site is ours.
func (d *daemon) runSite(ctx context.Context, site string) error {
	return d.withCycle(site, func(c *pipeline.Cycle) error {
		err := refusedIfFatal(c.Run(ctx))
		if cause := context.Cause(ctx); errors.Is(cause, replay.ErrLost) {
			c.Blinded(roster.ReasonKafka, cause)
		}
		return err
	})
}

// once publishes one accepted poll of each site. It does not wait for ownership: an instance that runs is fenced, and
// takes the site up again.
func (d *daemon) once(ctx context.Context) error {
	if err := d.topics(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	d.board.Owned(d.siteNames())
	var errs []error
	for _, site := range d.siteNames() {
		err := d.withCycle(site, func(c *pipeline.Cycle) error { return refusedIfFatal(c.Once(ctx)) })
		if err != nil {
			errs = append(errs, fmt.Errorf("site %s: %w", site, err))
		}
	}
	return errors.Join(errs...)
}

// withCycle runs f with the cycle of a site, and with a way of its own to Kafka. The cycle remains when the site is ours
// no longer: if nobody else has written when it comes back, it goes on from what it knows.
func (d *daemon) withCycle(site string, f func(*pipeline.Cycle) error) error {
	w := d.sites[site]
	writer, err := sink.NewWriter(d.writerConfig(site))
	if err != nil {
		return err
	}
	defer writer.Close()
	reader, err := replay.Open(d.replayConfig())
	if err != nil {
		return err
	}
	defer reader.Close()
	if w.cycle == nil {
		w.cycle = w.newCycle(d.observe(w), d.log)
	}
	w.cycle.Publisher, w.cycle.Memory = &publisher{writer, d, w.cycle}, reader
	return f(w.cycle)
}

// publisher sees to the topics before the site is claimed: somebody may have deleted them while we ran, and then what is
// in memory is not what they hold.
type publisher struct {
	*sink.Writer
	daemon *daemon
	cycle  *pipeline.Cycle
}

// Claim creates what is missing, if it may, and fences older writers.
func (p *publisher) Claim(ctx context.Context) error {
	created, err := ensureTopics(ctx, p.daemon.config, p.daemon.log)
	if err != nil {
		return err
	}
	if created {
		p.cycle.Forget()
	}
	return p.Writer.Claim(ctx)
}

// observe shows each report of a site on the board, with what the site says of the rate limit.
func (d *daemon) observe(w *watched) func(pipeline.Report) {
	return func(r pipeline.Report) {
		d.board.Observe(r)
		if limit := w.source.RateLimit(); limit.Known {
			d.board.RateLimit(w.config.Name, limit.Remaining)
		}
	}
}

func (d *daemon) writerConfig(site string) sink.Config {
	return sink.Config{
		Kafka: d.config.Kafka, Topics: access.TopicsOf(d.config.Prefix), TransactionalID: d.config.Prefix + "-" + site,
		Site: site, Compression: d.config.Compression, Logger: d.log.With(zap.String("site", site)),
	}
}

func (d *daemon) replayConfig() replay.Config { return replayConfig(d.config, d.log) }

func replayConfig(c Config, log *zap.Logger) replay.Config {
	return replay.Config{
		Kafka: c.Kafka, Topics: access.TopicsOf(c.Prefix), Group: c.Prefix, SessionTimeout: c.SessionTimeout, Logger: log,
	}
}

func (d *daemon) siteNames() []string {
	names := make([]string, len(d.config.Sites))
	for i, s := range d.config.Sites {
		names[i] = s.Name
	}
	return names
}

// topicsRetry is how long to wait for a Kafka that cannot be reached at the start.
const topicsRetry = 5 * time.Second

// topics sees to it that the topics stand, for as long as it takes. Topics that cannot serve are refused, and so are we
// where Kafka does not want us.
func (d *daemon) topics(ctx context.Context) error {
	told := false
	for {
		_, err := ensureTopics(ctx, d.config, d.log)
		var refusal *exitError
		if err == nil || ctx.Err() != nil || errors.As(err, &refusal) {
			return err
		}
		if sink.Refuses(err) {
			return refusedByKafka(err)
		}
		if !told {
			d.log.Error("Kafka cannot be reached, trying again", zap.Error(err))
			told = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(topicsRetry):
		}
	}
}

// refusedIfFatal gives wrong credentials the exit code of an environment that refuses.
func refusedIfFatal(err error) error {
	var f *roster.Failure
	if errors.As(err, &f) && f.Fatal {
		return refused(err)
	}
	return err
}
