package differ

import (
	"time"

	"rollcall/internal/roster"
)

// span is the interval in which something happened, and who says so.
type span struct {
	from, to time.Time
	source   roster.TimeSource
}

// sight is the interval from the request that last saw the old to the end of the answer that first saw the new. A
// clock of ours that was set back must not turn it round.
func (c Change) sight() span {
	s := span{from: c.LastSeen, to: c.After.ReceivedAt, source: roster.Bounded}
	if c.Baseline || s.from.IsZero() || s.from.After(c.After.RequestedAt) {
		s.from = c.After.RequestedAt
	}
	return s
}

// whenMissed is the interval in which a client left that is not there now: known better than from this poll where it
// was missing in an earlier one.
func (d *diff) whenMissed(k roster.Key) span {
	if m, ok := d.Missed[k]; ok {
		return span{from: m.LastSeen, to: m.FirstMissed, source: roster.Bounded}
	}
	return d.sight
}

// orAt is the moment the appliance told, or s where it told none.
func (s span) orAt(m roster.Moment) span {
	if !m.IsTime() {
		return s
	}
	return span{from: m.Time(), to: m.Time(), source: roster.FromSource}
}

// orBetween is the interval between two moments the appliance told, or s where they make none.
func (s span) orBetween(from, to roster.Moment) span {
	if !from.IsTime() || !to.IsTime() || from.Unix > to.Unix {
		return s
	}
	return span{from: from.Time(), to: to.Time(), source: roster.Bounded}
}
