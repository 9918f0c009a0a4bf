package pipeline

import (
	"context"

	"rollcall/internal/roster"
)

// NoMemory remembers nothing: each start is a first run. It is for a dry run, which touches no Kafka and no state.
type NoMemory struct{}

// Standing is none.
func (NoMemory) Standing(context.Context, string) (*roster.Standing, error) { return nil, nil }

// Roster is empty.
func (NoMemory) Roster(context.Context, string) (*roster.Roster, error) { return &roster.Roster{}, nil }

// LastEvent is none.
func (NoMemory) LastEvent(context.Context, string) (epoch, seq int64, err error) { return 0, 0, nil }
