package roster

import (
	"errors"
	"fmt"
	"time"
)

// Failure is a poll that failed. A failed poll says nothing about who is connected.
type Failure struct {
	Reason     string        // one of the reasons of a gap
	RetryAfter time.Duration // how long the site asked to be left alone; 0 where it did not say
	Fatal      bool          // the credentials are wrong: trying again is of no use until somebody changes them
	Err        error
}

func (f *Failure) Error() string { return f.Reason + ": " + f.Err.Error() }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// ErrFenced is what a publisher returns when another instance has taken over the site: stop at once.
var ErrFenced = errors.New("another instance has taken over this site")

// TooLargeError is what a publisher returns, having published nothing, when the records of a client are larger than
// the broker takes.
type TooLargeError struct {
	Key   Key
	Bytes int // of the largest record about the client
	Limit int // bytes the broker takes
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("a record about %s %s has %d bytes, the broker takes %d (topic setting max.message.bytes)",
		e.Key.Type, e.Key.ID, e.Bytes, e.Limit)
}

// ErrUnreadable is what a memory returns when what it holds about a site makes no sense: it was deleted in part,
// altered, or written by a program that is newer than this one.
var ErrUnreadable = errors.New("what is remembered of the site cannot be read")
