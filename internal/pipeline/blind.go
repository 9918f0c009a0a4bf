package pipeline

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"rollcall/internal/roster"
)

// blindness is what is known of the polls that failed, or did not happen, since the last accepted one.
type blindness struct {
	reason string    // of the first failure; empty: none failed
	last   error     // the last failure
	failed int64     // polls that failed, or whose records Kafka did not take
	due    time.Time // when the poll after the last accepted one was planned; zero: none was ever accepted
}

// fail notes a failure. The first cause is the one that is told.
func (b *blindness) fail(reason string, err error) {
	if b.reason == "" {
		b.reason = reason
	}
	b.last = err
}

// gap says why sight was lost before the poll requested at t, if it was: polls failed, or nobody polled although a poll
// was due and more than late has passed since.
func (b *blindness) gap(t time.Time, late time.Duration) (reason string, lost bool) {
	switch {
	case b.due.IsZero():
		return "", false
	case b.reason != "":
		return b.reason, true
	case t.Sub(b.due) > late:
		return roster.ReasonDown, true
	}
	return "", false
}

// pollFailed takes a poll that failed: it publishes nothing, now or ever, but for the gap when sight returns.
func (c *Cycle) pollFailed(err error, took time.Duration) error {
	var f *roster.Failure
	if !errors.As(err, &f) {
		f = &roster.Failure{Reason: roster.ReasonHTTP, Err: err}
	}
	if c.blind.reason == "" {
		c.Log.Warn("site lost from sight", zap.String("reason", f.Reason), zap.Error(f.Err))
	} else {
		c.Log.Debug("poll failed", zap.String("reason", f.Reason), zap.Error(f.Err))
	}
	c.blind.fail(f.Reason, f)
	c.blind.failed++
	c.Observe(Report{Site: c.Site, Phase: Blind, Failure: f, PollTook: took, Standing: c.standing, Accepted: c.accepted})
	if f.Fatal && !c.everSaw {
		return f
	}
	return nil
}

// kafkaFailed takes an error of Kafka: what was in memory is no longer to be trusted, the next step loads.
func (c *Cycle) kafkaFailed(ctx context.Context, doing string, err error) error {
	c.loaded = false
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, roster.ErrFenced) {
		c.Log.Warn("fenced: another instance has taken over this site")
		return err
	}
	if c.blind.reason == "" {
		c.Log.Error("Kafka does not take or give the records of this site", zap.String("doing", doing), zap.Error(err))
	} else {
		c.Log.Debug("Kafka still refuses", zap.String("doing", doing), zap.Error(err))
	}
	c.blind.fail(roster.ReasonKafka, err)
	c.Observe(Report{Site: c.Site, Phase: Loading, Err: err, Standing: c.standing, Accepted: c.accepted})
	return err
}
