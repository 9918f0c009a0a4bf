package sink

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"rollcall/internal/roster"
)

// Lines writes the records of the events topic to a stream instead, one JSON object a line. It stands in for a Writer
// in a dry run: no Kafka, no roster, no state.
type Lines struct{ w *bufio.Writer }

// NewLines writes to w.
func NewLines(w io.Writer) *Lines { return &Lines{bufio.NewWriter(w)} }

// Claim does nothing: a stream has one writer.
func (l *Lines) Claim(context.Context) error { return nil }

// Publish writes the events of the batch. What w has taken of them when it fails cannot be taken back.
func (l *Lines) Publish(_ context.Context, b roster.Batch) error {
	var line []byte
	for i := range b.Events {
		line = append(AppendEvent(line[:0], &b.Events[i]), '\n')
		if _, err := l.w.Write(line); err != nil {
			return fmt.Errorf("write records: %w", err)
		}
	}
	if err := l.w.Flush(); err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}
