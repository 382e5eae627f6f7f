package books

import (
	"context"
	"fmt"

	"clickledger/internal/conversion"
)

// ErrHeld says that a conversion is held back: no payout run takes it up.
var ErrHeld = conversion.ErrHeld

// Settle runs fn in one transaction of the books while nothing else is decided, and tells
// who waits for what is committed. Payout runs use it with [Desk.Lock], [Desk.Release] and
// [Desk.Pay], together with the postings and rows of their lines: all or nothing. fn must be
// repeatable, see [Store].
func (d *Desk) Settle(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.Store.Update(ctx, fn)
	if err != nil {
		return err
	}
	d.Changed()
	return nil
}

// Lock takes approved conversions up for a payout, within a transaction of [Desk.Settle].
// It gives them as they are then, in the order of the ids; their commissions are what the
// line of the run has to move. actor is a user or key id, reason names the run. On an error
// the transaction must not be committed: [*StateError] for one that is not approved,
// [ErrHeld], catalog.ErrNotFound.
func (d *Desk) Lock(ctx context.Context, tx Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error) {
	return d.settle(ctx, tx, workspace, ids, conversion.Approved, conversion.Locked, actor, reason)
}

// Release gives locked conversions back, as [Desk.Lock] took them: the payment failed, or
// the line was taken out of its run.
func (d *Desk) Release(ctx context.Context, tx Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error) {
	return d.settle(ctx, tx, workspace, ids, conversion.Locked, conversion.Approved, actor, reason)
}

// Pay marks locked conversions as paid, for ever.
func (d *Desk) Pay(ctx context.Context, tx Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error) {
	return d.settle(ctx, tx, workspace, ids, conversion.Locked, conversion.Paid, actor, reason)
}

func (d *Desk) settle(ctx context.Context, tx Tx, workspace string, ids []string, from, to conversion.Status, actor, reason string) ([]*conversion.Conversion, error) {
	out := make([]*conversion.Conversion, len(ids))
	for i, id := range ids {
		c, err := tx.GetConversion(ctx, workspace, id)
		if err != nil {
			return nil, fmt.Errorf("conversion %s: %w", id, err)
		}
		if c.Status != from {
			return nil, fmt.Errorf("conversion %s: %w", id, &StateError{From: c.Status, To: to})
		}
		if c.Hold != "" && to == conversion.Locked {
			return nil, fmt.Errorf("conversion %s: %w", id, ErrHeld)
		}
		err = d.Judge.Move(ctx, tx, c, to, actor, reason)
		if err != nil {
			return nil, fmt.Errorf("conversion %s: %w", id, err)
		}
		out[i] = c
	}
	return out, nil
}
