package poller

import "time"

// pace decides when the site may be asked again. It is pure: it is told the times, and the luck.
type pace struct {
	interval time.Duration // from poll start to poll start
	maxDuty  float64       // share of the time that the site may be kept answering

	failures int       // polls that failed since the last that did not
	duty     time.Time // before which the site has answered for more than its share
	next     time.Time // zero: nothing was asked yet
}

// poll is how one poll went.
type poll struct {
	start, end time.Time
	busy       time.Duration // that the site was kept answering
	failed     bool
	retryAfter time.Duration // that the site asked to be left alone, from the end
	left       RateLimit
}

const (
	jitterShare = 0.05                   // of the interval, so that pollers do not march in step
	maxJitter   = 500 * time.Millisecond // more would be seen in the data
	lowShare    = 0.1                    // of the rate limit; with less left, the interval is stretched
	maxStretch  = 8                      // times the interval
)

// polled takes a poll; luck is between 0 and 1.
func (p *pace) polled(o poll, luck float64) {
	p.duty = o.start.Add(p.share(o.busy))
	if o.failed {
		p.failures++
		p.next = o.end.Add(p.backoff(luck))
	} else {
		p.failures = 0
		jitter := min(time.Duration(jitterShare*float64(p.interval)), maxJitter)
		p.next = o.start.Add(p.stretched(o.left) + time.Duration(luck*float64(jitter)))
	}
	p.notBefore(p.duty)
	p.notBefore(o.end.Add(o.retryAfter))
}

// aside takes a question other than a poll: it is no reason to poll later, but that the site must not work too much.
func (p *pace) aside(o poll) {
	if p.duty.Before(o.start) {
		p.duty = o.start
	}
	p.duty = p.duty.Add(p.share(o.busy))
	p.notBefore(p.duty)
	p.notBefore(o.end.Add(o.retryAfter))
}

func (p *pace) notBefore(t time.Time) {
	if p.next.Before(t) {
		p.next = t
	}
}

// share is the time in which being busy for so long is no more than the share that is allowed.
func (p *pace) share(busy time.Duration) time.Duration {
	return time.Duration(float64(busy) / p.maxDuty)
}

// backoff is the wait after the failures so far: the interval first, then twice as long each time up to a minute,
// less up to a quarter by luck, but never less than the interval.
func (p *pace) backoff(luck float64) time.Duration {
	longest := max(p.interval, maxBackoff)
	wait := p.interval
	for i := 1; i < p.failures && wait < longest; i++ {
		wait *= 2
	}
	wait = min(wait, longest)
	return max(p.interval, wait-time.Duration(luck*float64(wait)/4))
}

// stretched is the interval where little is left of the rate limit, which the account shares with others.
func (p *pace) stretched(left RateLimit) time.Duration {
	if !left.Known || left.Limit <= 0 {
		return p.interval
	}
	stretch := float64(maxStretch)
	if share := float64(left.Remaining) / float64(left.Limit); share > 0 {
		stretch = min(lowShare/share, maxStretch)
	}
	if stretch <= 1 {
		return p.interval
	}
	return min(time.Duration(stretch*float64(p.interval)), max(p.interval, maxBackoff))
}
