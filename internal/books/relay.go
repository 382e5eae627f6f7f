package books

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"clickledger/internal/event"
)

// relayPage is how many facts one round takes from the outbox.
const relayPage = 500

// relayRest is how long the relay rests when nobody wakes it.
const relayRest = time.Second

// relayLease is how long the relay holds its lease.
const relayLease = 15 * time.Second

// Publisher writes records to the log, in order and in as few messages as fit.
type Publisher interface {
	// AppendFacts returns when all are durable, in the order given.
	AppendFacts(ctx context.Context, records [][]byte) error
}

// Relay carries judged conversions back into the log as complete fact rows. Rows
// are numbered in the database first and published in that order, so that a crash
// in between publishes the same numbers again, and the sink skips what it has.
type Relay struct {
	Store  Store
	Log    Publisher
	Holder string // of the lease; unique to this process
	Now    func() time.Time
	Logger *slog.Logger

	nudge nudge
	mu    sync.Mutex // one round at a time
}

// NewRelay makes a relay; Run starts it.
func NewRelay(s Store, l Publisher, holder string, now func() time.Time, logger *slog.Logger) *Relay {
	return &Relay{Store: s, Log: l, Holder: holder, Now: now, Logger: logger, nudge: make(nudge, 1)}
}

// Wake tells the relay that there is something to carry.
func (r *Relay) Wake() { r.nudge.wake() }

// Run carries until ctx ends. A failed round is logged and repeated.
func (r *Relay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := r.Round(ctx)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errNotMine) {
			r.Logger.Error("relay facts", "error", err)
		}
		if n < relayPage || err != nil {
			r.nudge.wait(ctx, relayRest)
		}
	}
	return nil
}

// errNotMine says that another process has the relay's lease.
var errNotMine = errors.New("another process is the relay")

// Drain carries until the outbox is empty. While another process is the relay it
// waits for the lease: that one may be gone, and its lease ends.
func (r *Relay) Drain(ctx context.Context) error {
	for {
		n, err := r.Round(ctx)
		switch {
		case errors.Is(err, errNotMine):
			r.nudge.wait(ctx, relayRest)
			if ctx.Err() != nil {
				return ctx.Err()
			}
		case err != nil:
			return err
		case n < relayPage: // all that was there when the round began, whatever comes meanwhile
			return nil
		}
	}
}

// Release gives the lease back, so that the next process need not wait for its end.
func (r *Relay) Release(ctx context.Context) error {
	_, err := r.Store.Lease(ctx, "relay", r.Holder, r.Now().UnixMicro(), 0)
	if err != nil {
		return fmt.Errorf("give the relay's lease back: %w", err)
	}
	return nil
}

// Round carries one page and returns how many facts it published.
func (r *Relay) Round(ctx context.Context) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now().UnixMicro()
	mine, err := r.Store.Lease(ctx, "relay", r.Holder, now, relayLease.Microseconds())
	if err != nil {
		return 0, fmt.Errorf("take the relay's lease: %w", err)
	}
	if !mine {
		return 0, errNotMine
	}
	_, err = r.Store.NumberFacts(ctx, relayPage)
	if err != nil {
		return 0, fmt.Errorf("number facts: %w", err)
	}
	done, err := r.Store.FactsPublished(ctx)
	if err != nil {
		return 0, fmt.Errorf("read published number: %w", err)
	}
	rows, err := r.Store.FactsAfter(ctx, done, relayPage)
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	records := make([][]byte, len(rows))
	for i, row := range rows {
		if want := done + int64(i) + 1; row.No != want {
			return 0, fmt.Errorf("outbox row has number %d, want %d: a gap", row.No, want)
		}
		f, err := event.DecodeFact(row.Fact)
		if err != nil {
			return 0, fmt.Errorf("outbox row %d: %w", row.No, err)
		}
		f.No = row.No
		records[i] = f.Append(nil)
	}
	err = r.Log.AppendFacts(ctx, records)
	if err != nil {
		return 0, fmt.Errorf("publish facts: %w", err)
	}
	err = r.Store.SetFactsPublished(ctx, rows[len(rows)-1].No)
	if err != nil {
		return 0, fmt.Errorf("store published number: %w", err)
	}
	return len(rows), nil
}
