package books

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// StateError says that a conversion's state does not allow the one asked for.
type StateError = conversion.StateError

// Desk is where people decide about conversions and signals.
type Desk struct {
	Store   Store
	Judge   *conversion.Judge
	Minter  func() (event.ClickID, error) // ids of entered signals
	Changed func()
	Logger  *slog.Logger

	mu sync.Mutex // held while something is decided
}

// Hold runs fn while nothing is decided.
func (d *Desk) Hold(fn func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fn()
}

// Decide moves a conversion to another state, with who and why in its history. It
// fails with catalog.ErrNotFound for a conversion the principal may not change, and
// with [*StateError] where people have no such step ([conversion.Decidable]), and with
// [ErrHeld] for the approval of one that somebody holds.
func (d *Desk) Decide(ctx context.Context, p account.Principal, workspace, id string, to conversion.Status, reason string) (*conversion.Conversion, error) {
	return d.with(ctx, p, workspace, id, func(ctx context.Context, tx Tx, c *conversion.Conversion) error {
		if !conversion.Decidable(c.Status, to) {
			return &StateError{From: c.Status, To: to}
		}
		if c.Hold == conversion.HoldStaff && to == conversion.Approved {
			return ErrHeld
		}
		c.Hold, c.HoldNote = "", "" // somebody has decided
		return d.Judge.Move(ctx, tx, c, to, p.ID, reason)
	})
}

// Replay judges a signal again, after what it was refused for was mended. A signal
// that already made or changed a conversion stays as it is.
func (d *Desk) Replay(ctx context.Context, p account.Principal, workspace, id string) (*inbox.Row, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var row *inbox.Row
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		old, err := tx.GetSignal(ctx, id)
		if err != nil {
			return err
		}
		if old.Workspace != workspace && !(old.Workspace == "" && p.Owner) {
			return catalog.ErrNotFound
		}
		row, err = d.Judge.Again(ctx, tx, old)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("replay signal: %w", err)
	}
	d.Changed()
	return row, nil
}

// nudge is a channel that remembers one wake-up.
type nudge chan struct{}

func (n nudge) wake() {
	select {
	case n <- struct{}{}:
	default:
	}
}

// wait returns after a wake-up, after d, or when ctx ends.
func (n nudge) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-n:
	case <-t.C:
	case <-ctx.Done():
	}
}
