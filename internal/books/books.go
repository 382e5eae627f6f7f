// Package books is the transaction over inbox, conversion, ledger, outbox and
// position: what was decided about what the world sent.
//
// Invariants:
//   - A signal's judgment, its money, its outgoing messages and the log position are
//     one transaction: all or nothing.
//   - Fact rows leave through the outbox, numbered without gaps by one relay.
package books

import (
	"context"
	"errors"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
)

// ErrMoved says that a position was not where the caller thought: another process
// advanced it. The caller must stop.
var ErrMoved = errors.New("books: the log position was advanced by somebody else")

// OutboxRow is a fact waiting to be published to the log.
type OutboxRow struct {
	ID   int64
	No   int64 // gapless, 0 until the relay numbers it
	Fact []byte
}

// Tx is one open write transaction of the books.
type Tx interface {
	inbox.Tx
	conversion.Tx
	ledger.Tx
	outbound.Tx

	// Savepoint runs fn; when it fails, its writes are undone and the transaction
	// goes on. The error is returned.
	Savepoint(ctx context.Context, fn func(ctx context.Context) error) error
	// Position returns a consumer's position, zero if it has none yet.
	Position(ctx context.Context, consumer string) (eventlog.Position, error)
	// Advance moves a consumer's position by compare-and-swap; ErrMoved when from is not stored.
	Advance(ctx context.Context, consumer string, from, to eventlog.Position) error
	// PutFact adds a row to the outbox.
	PutFact(ctx context.Context, f *event.Fact) error

	// InsertBalanceAdjustment adds one, with an id when it has none; false when the
	// workspace has one with its key.
	InsertBalanceAdjustment(ctx context.Context, a *conversion.BalanceAdjustment) (fresh bool, err error)
	// BalanceAdjustmentByKey returns it, or catalog.ErrNotFound.
	BalanceAdjustmentByKey(ctx context.Context, workspace, key string) (*conversion.BalanceAdjustment, error)
}

// Store opens transactions.
//
// Update retries the whole closure on a serialization failure or a busy database,
// so fn must be repeatable: it must not keep state of a failed run. It is durable on
// return. On SQLite there is one writer.
type Store interface {
	Update(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error

	// NumberFacts gives up to limit unnumbered outbox rows the next numbers, in the
	// order in which they were added, and returns how many it numbered.
	NumberFacts(ctx context.Context, limit int) (int, error)
	// FactsAfter returns numbered rows with No > no in order.
	FactsAfter(ctx context.Context, no int64, limit int) ([]OutboxRow, error)
	// FactsPublished is the highest number known to be in the log; SetFactsPublished
	// raises it and drops rows numbered at most no.
	FactsPublished(ctx context.Context) (int64, error)
	SetFactsPublished(ctx context.Context, no int64) error

	// Lease takes or renews a named lease for holder until now+ttl (µs); false when
	// another holder has it.
	Lease(ctx context.Context, name, holder string, now, ttl int64) (bool, error)
	// LeaseNode takes the lowest free node number 1…event.MaxNode for holder.
	LeaseNode(ctx context.Context, holder string, now, ttl int64) (int, error)

	// Keys returns the click id keys; AddKey adds one, as the newest.
	Keys(ctx context.Context) ([]event.Key, error)
	AddKey(ctx context.Context, secret [16]byte) error

	// Setting and SetSetting keep small installation-wide values; "" when unset.
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error

	// Backup writes a consistent copy of the whole database, keys included, to a new
	// file (SQLite only; on PostgreSQL it fails and names pg_dump).
	Backup(ctx context.Context, file string) error

	// SignalsDue reports, without taking the writer, whether a signal waits with
	// 0 < RetryAt <= now.
	SignalsDue(ctx context.Context, now int64) (bool, error)

	// BalanceAdjustments returns a page, the newest first; publisher "" = all of them, before
	// is the last id of the page before.
	BalanceAdjustments(ctx context.Context, workspace, publisher, before string, limit int) ([]*conversion.BalanceAdjustment, error)

	inbox.Reader
	conversion.Reader
	conversion.TestReader
	ledger.Reader
}
