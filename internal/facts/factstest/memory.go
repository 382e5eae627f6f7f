package factstest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// Memory is a facts store in memory for tests of what stands around a store. It
// answers no SQL. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	state facts.State
	rows  []facts.Row
	segs  []facts.Segment

	// Before and After, when set, run at the two ends of an addition; an error from
	// Before leaves it undone, one from After is reported although it is done.
	Before, After func(to eventlog.Position) error
	// Checkpoints counts the checkpoints.
	Checkpoints int
}

var _ facts.Store = (*Memory)(nil)

// State implements facts.Store.
func (m *Memory) State(context.Context) (facts.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, nil
}

// Add implements facts.Store.
func (m *Memory) Add(_ context.Context, from, to eventlog.Position, rows []facts.Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.Before != nil {
		if err := m.Before(to); err != nil {
			return err
		}
	}
	if m.state.Position != from {
		return fmt.Errorf("%w: at %v", facts.ErrPosition, m.state.Position)
	}
	fresh, no := facts.Fresh(m.state.FactNo, rows)
	m.rows = append(m.rows, fresh...)
	m.state = facts.State{Position: to, FactNo: no, Rows: m.state.Rows + int64(len(fresh)), Sealed: m.state.Sealed}
	if m.After != nil {
		return m.After(to)
	}
	return nil
}

// Rows gives a copy of the rows.
func (m *Memory) Rows() []facts.Row {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]facts.Row(nil), m.rows...)
}

// RowsLocked gives the rows themselves; for Before and After, which run under the
// store's lock.
func (m *Memory) RowsLocked() []facts.Row { return m.rows }

// MoveLocked moves the position behind the caller's back; for Before and After.
func (m *Memory) MoveLocked(to eventlog.Position) { m.state.Position = to }

// Lock runs fn under the store's lock.
func (m *Memory) Lock(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
}

// Query implements facts.Store by refusing.
func (m *Memory) Query(context.Context, string, ...any) (facts.Result, error) {
	return facts.Result{}, errors.New("factstest: the store in memory answers no SQL")
}

// Checkpoint implements facts.Store.
func (m *Memory) Checkpoint(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Checkpoints++
	return nil
}

// Seal implements facts.Store.
func (m *Memory) Seal(context.Context) (facts.Segment, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state.Position.Seq <= m.state.Sealed {
		return facts.Segment{}, false, nil
	}
	seg := facts.Segment{Stream: m.state.Position.Stream, First: m.state.Sealed + 1, Last: m.state.Position.Seq, FactNo: m.state.FactNo}
	for _, r := range m.rows {
		if r.Seq >= seg.First {
			seg.Rows++
		}
	}
	m.state.Sealed = seg.Last
	m.segs = append(m.segs, seg)
	return seg, true, nil
}

// Segments implements facts.Store.
func (m *Memory) Segments(context.Context) ([]facts.Segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]facts.Segment(nil), m.segs...), nil
}

// Visits implements facts.Store.
func (m *Memory) Visits(_ context.Context, fn func(uint64, *event.Visit) error) error {
	for _, r := range m.Rows() {
		f := r.Fact
		if f.Kind != event.FactVisit {
			continue
		}
		v := &event.Visit{ID: f.ID, At: f.At, Click: f.Clicks > 0, Unique: f.Uniques > 0, Dims: f.Dims, Reason: f.Reason}
		if err := fn(r.Seq, v); err != nil {
			return err
		}
	}
	return nil
}

// Close implements facts.Store.
func (m *Memory) Close() error { return nil }
