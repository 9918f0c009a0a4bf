package pipeline

import (
	"context"
	"time"

	"rollcall/internal/roster"
)

// Source is the site. Calls never overlap.
type Source interface {
	// Snapshot asks for the full list. Every error is a *roster.Failure, unless ctx ended.
	Snapshot(ctx context.Context) (*roster.Snapshot, error)
	// Count is the cheap second opinion: how many clients of the types asked for the site says are connected.
	Count(ctx context.Context) (int, error)
	// Next is when the site may be asked again, going by how the last request went.
	Next() time.Time
}

// Publisher writes batches, each whole or not at all.
type Publisher interface {
	// Claim fences whoever wrote for this site before and ends what they left open. It comes before the first
	// Publish, and again after a Publish that failed.
	Claim(ctx context.Context) error
	// Publish writes the batch in one transaction. After nil it is committed. After a *roster.TooLargeError nothing
	// was written and nothing is unknown. After any other error nobody knows, until Claim has been called and the
	// standing read again; roster.ErrFenced says that another instance is at work.
	Publish(ctx context.Context, b roster.Batch) error
}

// Memory reads back what was published, read-committed and to its end.
type Memory interface {
	// Standing is where the site stands: nil where nothing was ever written, roster.ErrUnreadable where it makes no sense.
	Standing(ctx context.Context, site string) (*roster.Standing, error)
	// Roster is the roster last published; empty where there is none.
	Roster(ctx context.Context, site string) (*roster.Roster, error)
	// LastEvent is the numbering of the last record in the events topic: zeros where there is none.
	LastEvent(ctx context.Context, site string) (epoch, seq int64, err error)
}

// Report is what happened in one turn of the cycle, for whoever shows it to people. It holds no personal data.
type Report struct {
	Site     string
	Phase    Phase
	Failure  *roster.Failure  // the poll that failed, if one did
	Err      error            // why the memory could not be loaded or the batch not published, if so
	Snapshot *roster.Snapshot // the accepted poll, if one was
	PollTook time.Duration    // from the request to the end of the answer, also of a failed one
	Standing roster.Standing  // as last published
	Accepted roster.Poll      // last accepted poll, published or with nothing to publish
	Events   []roster.Event   // published in this turn
	Clients  map[roster.Type]int
	Publish  time.Duration // what the transaction took; 0 where there was none
	Held     int           // disconnects held back
	Oversize int           // clients set aside because their records are too large
	Headroom float64       // of the tightest event log: 1 nothing new, 0 the window has moved past its overlap
	Blind    time.Duration // of the gap that ended in this turn
}

// Phase is what a site is doing.
type Phase string

// The phases of a site.
const (
	Loading Phase = "loading" // claims the site and reads the roster back
	Polling Phase = "polling" // polls and publishes
	Blind   Phase = "blind"   // the last poll failed
	Stopped Phase = "stopped" // not ours, or no longer
)
