// Package clickindex finds a click by its id: what attribution needs of it, in our
// own durable store and never in the facts.
//
// Invariants:
//   - The index is a projection of the log: its position is in the transaction of its
//     rows, and it can be rebuilt from the facts and the log.
//   - Absence is claimed only for signals whose own sequence the index has passed.
package clickindex

import (
	"context"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// Index is one projection. Implementations pass clickindextest.
type Index interface {
	// Position is how far the index has come; durable.
	Position(ctx context.Context) (eventlog.Position, error)
	// Add stores the visits and moves the position from from to to in one
	// transaction, durable on return (a lost tail is replayed from the log, so the
	// write need not be synced, only be atomic). A visit already there is skipped.
	Add(ctx context.Context, from, to eventlog.Position, visits []*event.Visit) error
	// Find returns the visit, nil when absent.
	Find(ctx context.Context, id event.ClickID) (*event.Visit, error)
	// Prune drops visits older than the time (µs); it may stop early.
	Prune(ctx context.Context, before int64) error
	// Reset empties the index, for a rebuild.
	Reset(ctx context.Context) error
	Close() error
}
