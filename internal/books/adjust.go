package books

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
)

// with does something with one conversion in one transaction, while nothing else is decided.
func (d *Desk) with(ctx context.Context, p account.Principal, workspace, id string, do func(ctx context.Context, tx Tx, c *conversion.Conversion) error) (*conversion.Conversion, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var c *conversion.Conversion
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		c, err = tx.GetConversion(ctx, workspace, id)
		if err != nil {
			return err
		}
		return do(ctx, tx, c)
	})
	if err != nil {
		return nil, err
	}
	d.Changed()
	return c, nil
}

// SetHold holds a conversion back from approval and payment, or releases it; see
// [conversion.Judge.SetHold].
func (d *Desk) SetHold(ctx context.Context, p account.Principal, workspace, id string, held bool, reason string) (*conversion.Conversion, error) {
	return d.with(ctx, p, workspace, id, func(ctx context.Context, tx Tx, c *conversion.Conversion) error {
		return d.Judge.SetHold(ctx, tx, c, held, p.ID, reason)
	})
}

// Refund takes a refund off a conversion; see [conversion.Judge.Refund]. The actor is the
// principal.
func (d *Desk) Refund(ctx context.Context, p account.Principal, workspace, id string, r conversion.Refund) (c *conversion.Conversion, a *conversion.Adjustment, fresh bool, err error) {
	r.Actor = p.ID
	c, err = d.with(ctx, p, workspace, id, func(ctx context.Context, tx Tx, c *conversion.Conversion) error {
		var err error
		a, fresh, err = d.Judge.Refund(ctx, tx, c, r)
		return err
	})
	return c, a, fresh, err
}

// Restate changes what a conversion is worth; see [conversion.Judge.Restate]. The actor is
// the principal.
func (d *Desk) Restate(ctx context.Context, p account.Principal, workspace, id string, w conversion.Worth) (c *conversion.Conversion, a *conversion.Adjustment, fresh bool, err error) {
	w.Actor = p.ID
	c, err = d.with(ctx, p, workspace, id, func(ctx context.Context, tx Tx, c *conversion.Conversion) error {
		var err error
		a, fresh, err = d.Judge.Restate(ctx, tx, c, w)
		return err
	})
	return c, a, fresh, err
}

// AdjustBalance books a bonus to a publisher, or a correction, that belongs to no
// conversion: what is available changes at once. The same key again does nothing and gives
// what was booked; with anything else it is a [*conversion.Refusal] of the verdict Conflict.
// It fails with catalog.ErrNotFound for a publisher of another workspace, and with
// [*catalog.Invalid].
func (d *Desk) AdjustBalance(ctx context.Context, p account.Principal, workspace string, b conversion.BalanceAdjustment) (booked *conversion.BalanceAdjustment, fresh bool, err error) {
	publisher := d.Judge.View().Publisher(b.Publisher)
	if !p.May(workspace, true) || publisher == nil || publisher.Workspace != workspace {
		return nil, false, catalog.ErrNotFound
	}
	b.ID, b.Workspace, b.Actor, b.At = "", workspace, p.ID, d.Judge.Now().UnixMicro()
	err = b.Check()
	if err != nil {
		return nil, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		fresh = false
		old, err := tx.BalanceAdjustmentByKey(ctx, workspace, b.Key)
		if err == nil {
			booked = old
			if old.Publisher != b.Publisher || old.Currency != b.Currency || old.Amount != b.Amount {
				return &conversion.Refusal{Verdict: event.Conflict, Field: "key", Detail: fmt.Sprintf("The key %q was used before for %s to publisher %s; nothing was changed.",
					b.Key, money.Amount{Minor: old.Amount, Currency: money.Currency(old.Currency)}.Format(), old.Publisher)}
			}
			return nil
		}
		if !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
		one := b // a retried transaction begins anew
		fresh, err = tx.InsertBalanceAdjustment(ctx, &one)
		if err != nil {
			return err
		}
		booked = &one
		at := func(kind ledger.AccountKind, party string) ledger.Account {
			return ledger.Account{Workspace: workspace, Kind: kind, Party: party, Currency: one.Currency}
		}
		_, err = tx.Post(ctx, &ledger.Transaction{
			Workspace: workspace, Key: "adjustment:" + one.ID, Kind: "bonus", CauseKind: "adjustment", Cause: one.ID, Effective: one.At, Recorded: one.At, Memo: one.Reason,
			Entries: []ledger.Entry{{Account: at(ledger.Adjustments, ""), Amount: one.Amount}, {Account: at(ledger.PublisherAvailable, one.Publisher), Amount: -one.Amount}},
		})
		return err
	})
	if err != nil {
		return nil, false, err
	}
	return booked, fresh, nil
}

// Timer is the actor of what happens by itself.
const Timer = "timer"

// ApproveDue approves what has been pending for the validation period of its offer and
// nobody holds, and returns how many. now is in µs.
func (d *Desk) ApproveDue(ctx context.Context, now int64) (int, error) {
	view, total := d.Judge.View(), 0
	for o := range view.Offers() {
		before, days := conversion.Overdue(view, o, now)
		if days == 0 {
			continue
		}
		for after := ""; ; {
			ids, err := d.Store.Waiting(ctx, o.ID, before, after, maxJudgments)
			if err != nil {
				return total, err
			}
			if len(ids) == 0 {
				break
			}
			n, err := d.approve(ctx, o, ids, before, days)
			total += n
			if err != nil {
				return total, fmt.Errorf("approve after the validation period: %w", err)
			}
			after = ids[len(ids)-1]
		}
	}
	return total, nil
}

// approve approves some conversions in one transaction, each read again in it.
func (d *Desk) approve(ctx context.Context, o *catalog.Offer, ids []string, before, days int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		n = 0
		for _, id := range ids {
			c, err := tx.GetConversion(ctx, o.Workspace, id)
			if errors.Is(err, catalog.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if c.Status != conversion.Pending || c.Hold != "" || max(c.At, c.Recorded) >= before {
				continue // somebody was faster
			}
			err = d.Judge.Move(ctx, tx, c, conversion.Approved, Timer, fmt.Sprintf("the validation period of %d days is over", days))
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err == nil && n > 0 {
		d.Changed()
	}
	return n, err
}
