package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"clickledger/internal/store"
	"clickledger/internal/store/pgtest"
	"clickledger/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func ctxOf(t testing.TB) context.Context { return t.Context() }

// stores wraps an open database for the suite. reopen opens the same data again.
func stores(t testing.TB, db *store.DB, f *storetest.Faults, driver, dsn string, reopen func(t *testing.T) *storetest.Stores) *storetest.Stores {
	t.Cleanup(func() {
		err := db.Close()
		if err != nil {
			t.Error(err)
		}
	})
	s := &storetest.Stores{
		Catalog: db.Catalog(), Books: db.Books(), Accounts: db.Accounts(), Deliveries: db.Deliveries(), Landings: db.Landings(), Tests: db.Tests(), Signups: db.Signups(), Mails: db.Mails(), Payouts: db.Payouts(), Funds: db.Funds(), Documents: db.Documents(), Purges: db.Purges(), Domains: db.Domains(), Rates: db.Rates(), Caps: db.Caps(), Faults: f,
		Raw: func(ctx context.Context, statements ...string) error { return raw(ctx, driver, dsn, statements) },
	}
	s.Reopen = func(t *testing.T) *storetest.Stores {
		err := db.Close()
		if err != nil {
			t.Fatal(err)
		}
		return reopen(t)
	}
	return s
}

// raw is an operator with a shell.
func raw(ctx context.Context, driver, dsn string, statements []string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range statements {
		_, err = tx.ExecContext(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return tx.Commit()
}

func openSQLite(t *testing.T, file string) *storetest.Stores {
	t.Helper()
	f := &storetest.Faults{}
	db, err := store.OpenSQLite(t.Context(), file, store.Options{Fault: f.Commit})
	if err != nil {
		t.Fatal(err)
	}
	s := stores(t, db, f, "sqlite", "file:"+file+"?_pragma=foreign_keys(1)", func(t *testing.T) *storetest.Stores { return openSQLite(t, file) })
	s.Restored = func(t *testing.T, file string) *storetest.Stores { return openSQLite(t, file) }
	return s
}

func openPostgres(t *testing.T, dsn string) *storetest.Stores {
	t.Helper()
	f := &storetest.Faults{}
	db, err := store.OpenPostgres(t.Context(), dsn, store.Options{Fault: f.Commit})
	if err != nil {
		t.Fatal(err)
	}
	return stores(t, db, f, "pgx", dsn, func(t *testing.T) *storetest.Stores { return openPostgres(t, dsn) })
}

func TestSQLite(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) *storetest.Stores {
		return openSQLite(t, filepath.Join(t.TempDir(), "books.db"))
	})
}

func TestPostgres(t *testing.T) {
	pgtest.DSN(t) // skips once, not in every test
	storetest.Exercise(t, func(t *testing.T) *storetest.Stores { return openPostgres(t, pgtest.DSN(t)) })
}

func openClicks(t *testing.T, open func(o store.Options) (*storetest.Clicks, error)) *storetest.Clicks {
	t.Helper()
	f := &storetest.Faults{}
	c, err := open(store.Options{Fault: f.Commit})
	if err != nil {
		t.Fatal(err)
	}
	c.Faults = f
	t.Cleanup(func() { _ = c.Index.Close() })
	c.Reopen = func(t *testing.T) *storetest.Clicks {
		err := c.Index.Close()
		if err != nil {
			t.Fatal(err)
		}
		return openClicks(t, open)
	}
	return c
}

func TestClickIndexSQLite(t *testing.T) {
	storetest.ExerciseClickIndex(t, func(t *testing.T) *storetest.Clicks {
		file := filepath.Join(t.TempDir(), "clicks.db")
		return openClicks(t, func(o store.Options) (*storetest.Clicks, error) {
			x, err := store.OpenClickIndexSQLite(ctxOf(t), file, o)
			return &storetest.Clicks{Index: x}, err
		})
	})
}

func TestClickIndexPostgres(t *testing.T) {
	pgtest.DSN(t)
	storetest.ExerciseClickIndex(t, func(t *testing.T) *storetest.Clicks {
		dsn := pgtest.DSN(t)
		return openClicks(t, func(o store.Options) (*storetest.Clicks, error) {
			x, err := store.OpenClickIndexPostgres(ctxOf(t), dsn, o)
			return &storetest.Clicks{Index: x}, err
		})
	})
}
