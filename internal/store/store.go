package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

// Errors of opening and of capacity.
var (
	// ErrNewer: a newer version of the program has migrated this database.
	ErrNewer = errors.New("store: the database was written by a newer version of clickledger")
	// ErrDamaged: the click index cannot be read; move it aside and rebuild it.
	ErrDamaged = errors.New("store: the click index is damaged")
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("store: closed")
	// ErrNoNode: every node number is leased.
	ErrNoNode = errors.New("store: every node number is leased")
)

// Options of opening a database. The zero value is good.
type Options struct {
	// Logger hears of migrations and retries; nil is silence.
	Logger *slog.Logger
	// Now is the clock, nil for time.Now. It orders ledger transactions.
	Now func() time.Time
	// Fault is the seam of the failure tests, consulted around each commit with the
	// operation's name: when before is not nil nothing is applied and before is
	// returned; when after is not nil the write is applied and after is returned.
	Fault func(op string) (before, after error)
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// DB is an open database of the books.
type DB struct {
	engine engine
	opts   Options
	gate   chan struct{} // held by the one writer; waiting senders are served in order
	closed chan struct{}
	close  func() error
	ids    *idSource

	// accounts maps ledger.Account to its row id. It holds committed accounts only,
	// and those never change.
	accounts sync.Map
}

func newDB(e engine, o Options) *DB {
	db := &DB{engine: e, opts: o, gate: make(chan struct{}, 1), closed: make(chan struct{}), ids: &idSource{now: o.Now}}
	db.close = sync.OnceValue(func() error {
		close(db.closed)
		db.gate <- struct{}{} // and never given back
		return e.close()
	})
	return db
}

// Catalog is the catalog's storage.
func (db *DB) Catalog() catalog.Store { return catalogStore{db} }

// Books is the books' storage.
func (db *DB) Books() books.Store { return booksStore{db} }

// Accounts is the accounts' storage.
func (db *DB) Accounts() account.Store { return accountStore{db} }

// Deliveries is the sender's storage.
func (db *DB) Deliveries() outbound.Store { return deliveryStore{db} }

// Close waits for the running write and closes every connection. Writes that wait
// fail with [ErrClosed].
func (db *DB) Close() error { return db.close() }

// engine is what differs between the databases.
type engine interface {
	// begin opens a write transaction.
	begin(ctx context.Context) (*txn, error)
	// reads is the pool for single statements.
	reads() *session
	// snapshot runs fn on one consistent state.
	snapshot(ctx context.Context, fn func(s *session) error) error
	// transient says that the same transaction may succeed when it is run again.
	transient(err error) bool
	// broken says that the open transaction cannot go on after the error.
	broken(err error) bool
	// violated names the unique key that an insert or update would have broken.
	violated(err error) (uniqueKey, bool)
	// jsonElement is the condition that a JSON array of texts has an element; see list.element.
	jsonElement() string
	backup(ctx context.Context, file string) error
	close() error
}

// uniqueKey is a unique index as the engine's error names it: PostgreSQL by the
// index, SQLite by the table's columns.
type uniqueKey struct{ index, columns string }

// txn is an open write transaction.
type txn struct {
	*session
	commit   func(ctx context.Context) error
	rollback func()
}

// found turns the driver's "no rows" into the domain's error.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return catalog.ErrNotFound
	}
	return err
}
