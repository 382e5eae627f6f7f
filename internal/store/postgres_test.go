package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/ledger"
	"clickledger/internal/store/pgtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

var someFact = event.Fact{Kind: event.FactConversion}

// processes opens one PostgreSQL database several times, as several processes would.
func processes(t *testing.T, n int) []*DB {
	t.Helper()
	dsn := pgtest.DSN(t)
	var dbs []*DB
	for range n {
		db, err := OpenPostgres(t.Context(), dsn, Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		dbs = append(dbs, db)
	}
	return dbs
}

func adjustment(key string, amount int64) *ledger.Transaction {
	a := ledger.Account{Workspace: "ws", Kind: ledger.Receivable, Party: "adv", Currency: "EUR"}
	b := ledger.Account{Workspace: "ws", Kind: ledger.Revenue, Currency: "EUR"}
	return &ledger.Transaction{
		Workspace: "ws", Key: key, Kind: "accrual", CauseKind: "test", Cause: "c",
		Entries: []ledger.Entry{{Account: a, Amount: amount}, {Account: b, Amount: -amount}},
	}
}

// TestProcesses: processes that write the same rows of one PostgreSQL database lose
// nothing and repeat nothing: each closure is run again until it met no other.
func TestProcesses(t *testing.T) {
	dbs := processes(t, 3)
	const rounds = 15
	var wg sync.WaitGroup
	var taken, posted, runs atomic.Int64
	for p, db := range dbs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := range rounds {
				var first bool
				err := db.Books().Update(context.Background(), func(ctx context.Context, tx books.Tx) error {
					runs.Add(1)
					err := tx.Savepoint(ctx, func(ctx context.Context) error {
						return tx.InsertConversion(ctx, &conversion.Conversion{ID: fmt.Sprint(p, "-", n), Workspace: "ws", DedupKey: itoa(n)})
					})
					if err != nil && !errors.Is(err, conversion.ErrTaken) {
						return nil // a careless closure: the conflict must not be lost with the error
					}
					first = err == nil
					_, err = tx.Post(ctx, adjustment("shared"+itoa(n), 1))
					if err != nil {
						return err
					}
					_, err = tx.Post(ctx, adjustment(fmt.Sprint("own", p, "-", n), 1))
					if err != nil {
						return err
					}
					from, err := tx.Position(ctx, "counter")
					if err != nil {
						return err
					}
					return tx.Advance(ctx, "counter", from, eventlog.Position{Stream: "s", Seq: from.Seq + 1})
				})
				if err != nil {
					t.Error(err)
					return
				}
				posted.Add(1)
				if first {
					taken.Add(1)
				}
			}
		}()
	}
	wg.Wait()
	t.Logf("%d transactions took %d runs", posted.Load(), runs.Load())
	if taken.Load() != rounds {
		t.Errorf("%d conversions were inserted, want %d", taken.Load(), rounds)
	}
	bal, err := dbs[0].Books().Balances(t.Context(), "ws", "adv")
	if err != nil || len(bal) != 1 || bal[0].Debits != rounds*int64(len(dbs)+1) {
		t.Errorf("balance = %+v, %v; want %d", bal, err, rounds*(len(dbs)+1))
	}
	found, err := dbs[0].Books().Audit(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("audit: %v, %v", found, err)
	}
	err = dbs[1].Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		p, err := tx.Position(ctx, "counter")
		if p.Seq != uint64(rounds*len(dbs)) {
			t.Errorf("the counter is at %d, want %d", p.Seq, rounds*len(dbs))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRelaysOfTwoProcesses: numbers stay gapless when two relays number at once.
func TestRelaysOfTwoProcesses(t *testing.T) {
	dbs := processes(t, 2)
	const facts = 100
	err := dbs[0].Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		for range facts {
			err := tx.PutFact(ctx, &someFact)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var total atomic.Int64
	for _, db := range dbs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				n, err := db.Books().NumberFacts(context.Background(), 7)
				if err != nil {
					t.Error(err)
					return
				}
				if n == 0 {
					return
				}
				total.Add(int64(n))
			}
		}()
	}
	wg.Wait()
	rows, err := dbs[1].Books().FactsAfter(t.Context(), 0, 1000)
	if err != nil || total.Load() != facts || len(rows) != facts {
		t.Fatalf("%d numbered, %d rows, %v", total.Load(), len(rows), err)
	}
	for i, r := range rows {
		if r.No != int64(i+1) {
			t.Fatalf("row %d has number %d", i, r.No)
		}
	}
}

// TestConflictIsNotLost: a closure that swallows a serialization failure is run
// again all the same.
func TestConflictIsNotLost(t *testing.T) {
	dbs := processes(t, 2)
	runs := 0
	err := dbs[0].Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		runs++
		_, err := tx.Position(ctx, "c")
		if err != nil {
			return err
		}
		if runs == 1 {
			err = dbs[1].Books().Update(context.Background(), func(ctx context.Context, tx books.Tx) error {
				return tx.Advance(ctx, "c", eventlog.Position{}, eventlog.Position{Stream: "s", Seq: 1})
			})
			if err != nil {
				return err
			}
		}
		_ = tx.Savepoint(ctx, func(ctx context.Context) error {
			from, err := tx.Position(ctx, "c")
			if err != nil {
				return err
			}
			return tx.Advance(ctx, "c", from, eventlog.Position{Stream: "s", Seq: from.Seq + 10})
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = dbs[0].Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		p, err := tx.Position(ctx, "c")
		if p.Seq != 11 || runs < 2 {
			t.Errorf("position %d after %d runs", p.Seq, runs)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTruncate: not even TRUNCATE empties the ledger.
func TestTruncate(t *testing.T) {
	db := processes(t, 1)[0]
	err := db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		_, err := tx.Post(ctx, adjustment("k", 5))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"ledger_entries", "ledger_entries, ledger_transactions", "ledger_accounts CASCADE"} {
		_, err = db.engine.(*pgEngine).writeDB.ExecContext(t.Context(), "TRUNCATE "+table)
		if err == nil {
			t.Errorf("TRUNCATE %s went through", table)
		}
	}
}
