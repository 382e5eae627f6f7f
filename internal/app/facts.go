package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// liveFacts is a facts store whose engine can be closed and opened again while it is
// in use. DuckDB refuses everything after a fatal error, such as a checkpoint that ran
// out of disk, until every connection is closed; the server must not end for that.
type liveFacts struct {
	open   func(ctx context.Context) (facts.Store, error)
	logger *slog.Logger
	broken chan struct{} // holds one message after a fatal error

	mu  sync.RWMutex
	now facts.Store // nil between a close and an open that failed; guarded by mu
}

// errFactsShut says that the facts are closed for the moment.
var errFactsShut = errors.New("the facts are closed after an error of their engine, and are opened again as soon as that works")

// openLiveFacts opens the store.
func openLiveFacts(ctx context.Context, logger *slog.Logger, open func(ctx context.Context) (facts.Store, error)) (*liveFacts, error) {
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	return &liveFacts{open: open, logger: logger, broken: make(chan struct{}, 1), now: s}, nil
}

// use runs fn on the open store, and notices when its engine has given up.
func (l *liveFacts) use(fn func(s facts.Store) error) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.now == nil {
		return errFactsShut
	}
	err := fn(l.now)
	if err != nil && (strings.Contains(err.Error(), "FATAL Error") || strings.Contains(err.Error(), "has been invalidated")) {
		select {
		case l.broken <- struct{}{}:
		default:
		}
	}
	return err
}

// mend opens the store again unless it works. Nobody may be using it for long: it
// waits for them.
func (l *liveFacts) mend(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.broken:
	default:
	}
	if l.now != nil {
		_, err := l.now.State(ctx)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		l.logger.Warn("the facts' engine gave up and is opened again", "error", err)
		err = l.now.Close()
		if err != nil {
			l.logger.Warn("close the facts", "error", err)
		}
		l.now = nil
	}
	s, err := l.open(ctx)
	if err != nil {
		return fmt.Errorf("open the facts again: %w", err)
	}
	l.now = s
	l.logger.Info("the facts are open again")
	return nil
}

// keep runs the sink on a store that works, until ctx ends, the sink fails, or the
// engine gives up.
func (l *liveFacts) keep(ctx context.Context, sink func(ctx context.Context) error) error {
	err := l.mend(ctx)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sink(run) }()
	select {
	case err := <-done:
		return err
	case <-l.broken:
		cancel()
		return errors.Join(errFactsShut, <-done)
	}
}

// State implements facts.Store.
func (l *liveFacts) State(ctx context.Context) (st facts.State, err error) {
	err = l.use(func(s facts.Store) error { st, err = s.State(ctx); return err })
	return st, err
}

// Add implements facts.Store.
func (l *liveFacts) Add(ctx context.Context, from, to eventlog.Position, rows []facts.Row) error {
	return l.use(func(s facts.Store) error { return s.Add(ctx, from, to, rows) })
}

// Query implements facts.Store.
func (l *liveFacts) Query(ctx context.Context, sql string, args ...any) (r facts.Result, err error) {
	err = l.use(func(s facts.Store) error { r, err = s.Query(ctx, sql, args...); return err })
	return r, err
}

// Checkpoint implements facts.Store.
func (l *liveFacts) Checkpoint(ctx context.Context) error {
	return l.use(func(s facts.Store) error { return s.Checkpoint(ctx) })
}

// Seal implements facts.Store.
func (l *liveFacts) Seal(ctx context.Context) (seg facts.Segment, ok bool, err error) {
	err = l.use(func(s facts.Store) error { seg, ok, err = s.Seal(ctx); return err })
	return seg, ok, err
}

// Segments implements facts.Store.
func (l *liveFacts) Segments(ctx context.Context) (segs []facts.Segment, err error) {
	err = l.use(func(s facts.Store) error { segs, err = s.Segments(ctx); return err })
	return segs, err
}

// Visits implements facts.Store.
func (l *liveFacts) Visits(ctx context.Context, fn func(seq uint64, v *event.Visit) error) error {
	return l.use(func(s facts.Store) error { return s.Visits(ctx, fn) })
}

// VerifySegments reads the segments' bytes, where the store can.
func (l *liveFacts) VerifySegments(ctx context.Context) error {
	return l.use(func(s facts.Store) error {
		v, ok := s.(interface{ VerifySegments(context.Context) error })
		if !ok {
			return nil
		}
		return v.VerifySegments(ctx)
	})
}

// LogBytes implements facts.LogSizer.
func (l *liveFacts) LogBytes() (n int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s, ok := l.now.(facts.LogSizer); ok {
		n = s.LogBytes()
	}
	return n
}

// Close implements facts.Store.
func (l *liveFacts) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil {
		return nil
	}
	err := l.now.Close()
	l.now = nil
	return err
}

var (
	_ facts.Store    = (*liveFacts)(nil)
	_ facts.LogSizer = (*liveFacts)(nil)
)
