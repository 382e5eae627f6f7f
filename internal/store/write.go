package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Limits of retrying a transaction: about three seconds in all.
const (
	maxAttempts = 20
	firstPause  = 2 * time.Millisecond
	longestWait = 250 * time.Millisecond
)

// errNested says that a closure called a write method of the store it writes to. It
// would wait for itself.
var errNested = errors.New("store: a write inside a write of the same store")

// errAgain marks a conflict with another process that only a new run can see.
var errAgain = errors.New("store: met a concurrent write")

// writing is the context key under which a closure's context carries its store.
type writing struct{}

// write runs fn in one transaction and returns when it is durable. Conflicts are
// retried with the whole of fn; op names the operation to the fault seam.
func (db *DB) write(ctx context.Context, op string, fn func(ctx context.Context, s *session) error) error {
	if ctx.Value(writing{}) == any(db) {
		return fmt.Errorf("%s: %w", op, errNested)
	}
	select {
	case db.gate <- struct{}{}:
	case <-db.closed:
		return fmt.Errorf("store: %s: %w", op, ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("store: %s: waiting for the writer: %w", op, ctx.Err())
	}
	defer func() { <-db.gate }()

	inside := context.WithValue(ctx, writing{}, db)
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := db.attempt(inside, op, fn)
		if err == nil || attempt == maxAttempts || !(errors.Is(err, errAgain) || db.engine.transient(err)) {
			return err
		}
		db.opts.Logger.Debug("store: transaction is run again", "op", op, "attempt", attempt, "err", err)
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("store: %s: %w", op, ctx.Err())
		}
		pause = min(2*pause, longestWait)
	}
}

// attempt is one run of a transaction.
func (db *DB) attempt(ctx context.Context, op string, fn func(ctx context.Context, s *session) error) error {
	t, err := db.engine.begin(ctx)
	if err != nil {
		return fmt.Errorf("store: %s: begin: %w", op, err)
	}
	open := true
	defer func() { // also when fn panics
		if open {
			t.rollback()
		}
	}()
	err = fn(ctx, t.session)
	if t.session.failed != nil {
		// The closure may have taken this for an error of one row. It is not.
		return fmt.Errorf("store: %s: %w", op, t.session.failed)
	}
	if err != nil {
		return err
	}
	err = ctx.Err()
	if err != nil {
		return fmt.Errorf("store: %s: %w", op, err)
	}
	var before, after error
	if db.opts.Fault != nil {
		before, after = db.opts.Fault(op)
	}
	if before != nil {
		return before
	}
	err = t.commit(ctx)
	if err != nil {
		return fmt.Errorf("store: %s: commit: %w", op, err)
	}
	open = false
	return after
}
