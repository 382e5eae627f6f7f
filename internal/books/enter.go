package books

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/inbox"
)

// MaxEntries is how many conversions one call may enter.
const MaxEntries = 10_000

// ErrTooMany says that a call brings more than it may.
var ErrTooMany = errors.New("books: too many conversions in one call")

// errDry undoes what a preview wrote.
var errDry = errors.New("books: a preview is not kept")

// Enter judges conversions entered by hand or by a file, each like a postback and with
// the same idempotency: an entry that is known already is a duplicate. The rows come in
// the order of the entries, with verdict, field and detail; on an error, those that were
// committed before it. dry judges without keeping
// anything, so that entries see those just before them at most. It fails with catalog.ErrNotFound for a workspace the principal may not write, and
// with [ErrTooMany] above [MaxEntries].
func (d *Desk) Enter(ctx context.Context, p account.Principal, workspace string, entries []conversion.Entry, dry bool) ([]*inbox.Row, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	if len(entries) > MaxEntries {
		return nil, ErrTooMany
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var rows []*inbox.Row
	defer func() {
		if !dry && len(rows) > 0 { // also when it broke off: what is committed has to be told
			d.Changed()
		}
	}()
	for len(entries) > 0 {
		n := min(maxJudgments, len(entries)) // the writer is not held for long
		part, err := d.enter(ctx, p, workspace, entries[:n], dry)
		if err != nil {
			return rows, fmt.Errorf("enter conversions: %w", err)
		}
		rows, entries = append(rows, part...), entries[n:]
	}
	return rows, nil
}

// enter judges some entries in one transaction.
func (d *Desk) enter(ctx context.Context, p account.Principal, workspace string, entries []conversion.Entry, dry bool) ([]*inbox.Row, error) {
	var rows []*inbox.Row
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		rows = rows[:0]
		for i := range entries {
			id, err := d.Minter()
			if err != nil {
				return fmt.Errorf("issue an id: %w", err)
			}
			sig := entries[i].Signal(id, d.Judge.Now().UnixMicro(), workspace, p.ID)
			row, err := judgeOne(ctx, tx, d.Judge, d.Logger, sig, 0)
			if err != nil {
				return fmt.Errorf("entry %d: %w", i+1, err)
			}
			rows = append(rows, row)
		}
		if dry {
			return errDry
		}
		return nil
	})
	if dry && errors.Is(err, errDry) {
		err = nil
	}
	return rows, err
}
