// Package facts is the wide append-only table that reports read: one row per event
// with counters that sum.
//
// Invariants:
//   - Rows are only added; a correction is another row with signed amounts.
//   - Rows and the position they bring the table to are one transaction, so that
//     every event is in the table exactly once.
//   - The table is rebuildable: sealed segments over contiguous sequence ranges, then
//     the log.
package facts

import (
	"context"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// State is what a facts store knows of its own progress.
type State struct {
	Position eventlog.Position
	FactNo   int64 // highest relay number taken; lower ones are skipped
	Rows     int64
	Sealed   uint64 // last sequence of the last sealed, verified segment
}

// Row is a fact with the sequence of the log message it came from.
type Row struct {
	Seq  uint64
	Fact event.Fact
}

// Segment is one sealed Parquet file: every fact of the sequences First…Last.
type Segment struct {
	Stream      string
	First, Last uint64
	FactNo      int64 // highest relay number up to Last
	Rows        int64
	File        string
}

// Result is a table of values: string, int64, float64 or nil.
type Result struct {
	Columns []string
	Rows    [][]any
}

// Store is one facts engine. Implementations pass factstest.
type Store interface {
	State(ctx context.Context) (State, error)
	// Add appends rows and moves the position from from to to, all or nothing.
	// Rows whose Fact.No is above 0 and at most the stored FactNo are skipped.
	Add(ctx context.Context, from, to eventlog.Position, rows []Row) error
	// Query runs one read-only statement over the table "facts". At most two run at
	// once; others wait.
	Query(ctx context.Context, sql string, args ...any) (Result, error)
	// Checkpoint merges the write-ahead log; the sink calls it on its schedule.
	Checkpoint(ctx context.Context) error
	// Seal writes the rows behind the last segment up to the position into a new
	// segment (write, fsync, rename, fsync of the folder) and verifies it by reading
	// it back; ok=false when there was nothing to seal.
	Seal(ctx context.Context) (seg Segment, ok bool, err error)
	// Segments lists the sealed segments in order; a gap or an overlap is an error.
	Segments(ctx context.Context) ([]Segment, error)
	// Visits calls fn for every visit row in sequence order, for rebuilding the click index.
	Visits(ctx context.Context, fn func(seq uint64, v *event.Visit) error) error
	Close() error
}
