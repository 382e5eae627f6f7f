package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/ledger"
	"clickledger/internal/store/q"
)

// booksStore implements books.Store.
type booksStore struct{ db *DB }

// booksTx implements books.Tx on one open transaction.
type booksTx struct {
	db    *DB
	s     *session
	q     *q.Queries
	depth int // of open savepoints
	// opened are the accounts this transaction has looked up or made. They become
	// known to everybody when it commits; a savepoint that fails forgets them, since
	// it may have taken the rows with it.
	opened map[ledger.Account]int64
}

// Update runs fn in one transaction; see books.Store.
func (b booksStore) Update(ctx context.Context, fn func(ctx context.Context, tx books.Tx) error) error {
	var tx *booksTx
	err := b.db.write(ctx, "books.update", func(ctx context.Context, s *session) error {
		tx = &booksTx{db: b.db, s: s, q: q.New(s), opened: map[ledger.Account]int64{}}
		return fn(ctx, tx)
	})
	if err != nil {
		return err
	}
	for account, id := range tx.opened {
		b.db.accounts.Store(account, id)
	}
	return nil
}

// Savepoint runs fn in a part of the transaction that can be undone alone.
func (t *booksTx) Savepoint(ctx context.Context, fn func(ctx context.Context) error) error {
	t.depth++
	name := fmt.Sprintf("s%d", t.depth)
	open := false
	undo := func() error {
		clear(t.opened)
		_, err := t.s.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name)
		if err != nil {
			return err
		}
		_, err = t.s.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
		return err
	}
	defer func() {
		t.depth--
		if open { // fn panics: whoever recovers must not find its writes
			_ = undo()
		}
	}()
	_, err := t.s.ExecContext(ctx, "SAVEPOINT "+name)
	if err != nil {
		return fmt.Errorf("store: savepoint: %w", err)
	}
	open = true
	err = fn(ctx)
	open = false
	if err != nil {
		undone := undo()
		if undone != nil {
			// The transaction cannot be trusted any more: it must not commit.
			t.s.fail(undone)
			return fmt.Errorf("store: undo savepoint: %w (after: %w)", undone, err)
		}
		return err
	}
	_, err = t.s.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	if err != nil {
		t.s.fail(err)
		return fmt.Errorf("store: release savepoint: %w", err)
	}
	return nil
}

// wrap names what failed, and notices errors that end the transaction but reached
// the adapter past the session, while rows were read.
func (t *booksTx) wrap(what string, err error) error {
	if err == nil || errors.Is(err, catalog.ErrNotFound) {
		return err
	}
	if t.s.failed != nil {
		err = t.s.failed
	}
	_ = t.s.note(err)
	return fmt.Errorf("store: %s: %w", what, err)
}

// Position returns a consumer's position.
func (t *booksTx) Position(ctx context.Context, consumer string) (eventlog.Position, error) {
	row, err := t.q.Position(ctx, consumer)
	if errors.Is(found(err), catalog.ErrNotFound) {
		return eventlog.Position{}, nil
	}
	return eventlog.Position{Stream: row.Stream, Seq: uint64(row.Seq)}, t.wrap("position of "+consumer, err)
}

// Advance moves a consumer's position by compare-and-swap.
func (t *booksTx) Advance(ctx context.Context, consumer string, from, to eventlog.Position) error {
	n, err := t.q.MovePosition(ctx, q.MovePositionParams{
		Consumer: consumer, FromStream: from.Stream, FromSeq: int64(from.Seq), Stream: to.Stream, Seq: int64(to.Seq),
	})
	if err == nil && n == 0 && from == (eventlog.Position{}) {
		n, err = t.q.FirstPosition(ctx, q.FirstPositionParams{Consumer: consumer, Stream: to.Stream, Seq: int64(to.Seq)})
	}
	if err != nil {
		return t.wrap("advance "+consumer, err)
	}
	if n == 0 {
		return fmt.Errorf("%w: %s is not at %s/%d", books.ErrMoved, consumer, from.Stream, from.Seq)
	}
	return nil
}

// PutFact adds a row to the outbox.
func (t *booksTx) PutFact(ctx context.Context, f *event.Fact) error {
	return t.wrap("add to the outbox", t.q.InsertFact(ctx, f.Append(nil)))
}

// Backup copies the database; see books.Store.
func (b booksStore) Backup(ctx context.Context, file string) error {
	return b.db.engine.backup(ctx, file)
}

var (
	_ books.Store = booksStore{}
	_ books.Tx    = (*booksTx)(nil)
)
