package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
)

var booksTests = map[string]func(t *testing.T, s *Stores){
	"a failed closure leaves nothing": testRollback,
	"a panic leaves nothing":          testPanic,
	"savepoints":                      testSavepoints,
	"savepoints survive a panic":      testSavepointPanic,
	"a write inside a write":          testNested,
	"a cancelled caller":              testCancelled,
	"writers are served in turn":      testManyWriters,
	"reads do not wait for the write": testReadsDoNotWait,
	"positions":                       testPositions,
	"outbox numbers":                  testOutbox,
	"leases":                          testLeases,
	"node leases":                     testNodeLeases,
	"keys":                            testKeys,
	"settings":                        testSettings,
	"backup":                          testBackup,
	"reopen":                          testReopen,
}

var errBoom = errors.New("boom")

func signal(n int) *inbox.Row {
	return &inbox.Row{ID: id("sig", n), Workspace: home, At: int64(n), Raw: []byte{0, 1, 0xff, byte(n)}, Verdict: event.Accepted}
}

func testRollback(t *testing.T, s *Stores) {
	err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		must(t, tx.PutSignal(ctx, signal(1)))
		_, err := tx.GetSignal(ctx, id("sig", 1)) // it reads its own writes
		must(t, err)
		return errBoom
	})
	wantErr(t, err, errBoom)
	_, err = s.Books.Signal(ctx, id("sig", 1))
	wantErr(t, err, catalog.ErrNotFound)
}

func testPanic(t *testing.T, s *Stores) {
	func() {
		defer func() { _ = recover() }()
		_ = s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
			must(t, tx.PutSignal(ctx, signal(1)))
			panic("boom")
		})
	}()
	_, err := s.Books.Signal(ctx, id("sig", 1))
	wantErr(t, err, catalog.ErrNotFound)
	s.update(t, func(tx books.Tx) error { return tx.PutSignal(ctx, signal(2)) }) // and the writer is free
}

func testSavepoints(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		must(t, tx.PutSignal(ctx, signal(1)))
		wantErr(t, tx.Savepoint(ctx, func(ctx context.Context) error {
			must(t, tx.PutSignal(ctx, signal(2)))
			must(t, tx.Savepoint(ctx, func(ctx context.Context) error { return tx.PutSignal(ctx, signal(3)) }))
			return errBoom // also undoes the inner one
		}), errBoom)
		must(t, tx.Savepoint(ctx, func(ctx context.Context) error {
			must(t, tx.PutSignal(ctx, signal(4)))
			wantErr(t, tx.Savepoint(ctx, func(ctx context.Context) error {
				must(t, tx.PutSignal(ctx, signal(5)))
				return errBoom
			}), errBoom)
			return tx.PutSignal(ctx, signal(6))
		}))
		// A statement the database refuses is one row's failure, not the batch's.
		err := tx.Savepoint(ctx, func(ctx context.Context) error {
			must(t, tx.InsertDelivery(ctx, delivery(1)))
			return tx.InsertDelivery(ctx, delivery(1))
		})
		if err == nil {
			t.Error("a repeated delivery id must be refused")
		}
		return tx.PutSignal(ctx, signal(7))
	})
	for n, want := range map[int]bool{1: true, 2: false, 3: false, 4: true, 5: false, 6: true, 7: true} {
		_, err := s.Books.Signal(ctx, id("sig", n))
		if (err == nil) != want {
			t.Errorf("signal %d: %v, want there=%v", n, err, want)
		}
	}
	equal(t, len(get[[]*inbox.Row](t)(s.Books.ListSignals(ctx, inbox.Query{Workspace: home}))), 4)
}

func testSavepointPanic(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		func() {
			defer func() { _ = recover() }()
			_ = tx.Savepoint(ctx, func(ctx context.Context) error {
				must(t, tx.PutSignal(ctx, signal(1)))
				panic("boom")
			})
		}()
		return tx.PutSignal(ctx, signal(2))
	})
	_, err := s.Books.Signal(ctx, id("sig", 1))
	wantErr(t, err, catalog.ErrNotFound)
	_, err = s.Books.Signal(ctx, id("sig", 2))
	must(t, err)
}

func testNested(t *testing.T, s *Stores) {
	err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		return s.Books.SetSetting(ctx, "a", "b")
	})
	if err == nil {
		t.Fatal("a write inside a write must be refused, not wait for itself")
	}
}

func testCancelled(t *testing.T, s *Stores) {
	cancelled, cancel := context.WithCancel(ctx)
	err := s.Books.Update(cancelled, func(ctx context.Context, tx books.Tx) error {
		must(t, tx.PutSignal(ctx, signal(1)))
		cancel()
		return nil
	})
	wantErr(t, err, context.Canceled)
	_, err = s.Books.Signal(ctx, id("sig", 1))
	wantErr(t, err, catalog.ErrNotFound)
	wantErr(t, s.Books.Update(cancelled, func(context.Context, books.Tx) error { return nil }), context.Canceled)

	// A caller that gives up while it waits for the writer leaves the queue.
	waiting, giveUp := context.WithCancel(ctx)
	s.update(t, func(tx books.Tx) error {
		got := make(chan error)
		go func() { got <- s.Books.SetSetting(waiting, "a", "b") }()
		giveUp()
		wantErr(t, <-got, context.Canceled)
		return nil
	})
	equal(t, get[string](t)(s.Books.Setting(ctx, "a")), "")
}

func testManyWriters(t *testing.T, s *Stores) {
	const writers, rounds = 20, 5
	var wg sync.WaitGroup
	for w := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range rounds { // each reads, adds one and writes
				err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
					p, err := tx.Position(ctx, "counter")
					if err != nil {
						return err
					}
					return tx.Advance(ctx, "counter", p, eventlog.Position{Stream: "s", Seq: p.Seq + 1})
				})
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		}()
	}
	wg.Wait()
	equal(t, position(t, s, "counter"), eventlog.Position{Stream: "s", Seq: writers * rounds})
}

func testReadsDoNotWait(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error { return tx.PutSignal(ctx, signal(1)) })
	s.update(t, func(tx books.Tx) error {
		must(t, tx.PutSignal(ctx, signal(2)))
		_, err := s.Books.Signal(ctx, id("sig", 1)) // would not come back if it waited
		must(t, err)
		_, err = s.Books.Signal(ctx, id("sig", 2)) // nor sees what is not committed
		wantErr(t, err, catalog.ErrNotFound)
		return nil
	})
}

func position(t *testing.T, s *Stores, consumer string) (p eventlog.Position) {
	t.Helper()
	s.update(t, func(tx books.Tx) error {
		var err error
		p, err = tx.Position(ctx, consumer)
		return err
	})
	return p
}

func advance(s *Stores, consumer string, from, to eventlog.Position) error {
	return s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error { return tx.Advance(ctx, consumer, from, to) })
}

func testPositions(t *testing.T, s *Stores) {
	zero := eventlog.Position{}
	at := func(stream string, n uint64) eventlog.Position { return eventlog.Position{Stream: stream, Seq: n} }
	equal(t, position(t, s, "a"), zero)
	wantErr(t, advance(s, "a", at("s", 1), at("s", 2)), books.ErrMoved)
	must(t, advance(s, "a", zero, at("s", 5)))
	wantErr(t, advance(s, "a", zero, at("s", 6)), books.ErrMoved)
	wantErr(t, advance(s, "a", at("s", 4), at("s", 6)), books.ErrMoved)
	wantErr(t, advance(s, "a", at("other", 5), at("s", 6)), books.ErrMoved)
	must(t, advance(s, "a", at("s", 5), at("s", 1<<62)))
	equal(t, position(t, s, "a"), at("s", 1<<62))
	equal(t, position(t, s, "b"), zero) // each consumer has its own

	// Of many that advance from the same place, one does.
	var wg sync.WaitGroup
	won := make(chan uint64, 20)
	for i := range uint64(20) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			err := advance(s, "b", zero, at("s", i+1))
			if err == nil {
				won <- i + 1
			} else if !errors.Is(err, books.ErrMoved) {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d of them advanced", len(won))
	}
	equal(t, position(t, s, "b"), at("s", <-won))
}

func testOutbox(t *testing.T, s *Stores) {
	fact := func(n int) *event.Fact {
		return &event.Fact{Kind: event.FactConversion, ID: clickID(n), At: int64(n), Revenue: int64(n), Dims: event.Dims{Workspace: home, ExternalID: "a\x00\xffb"}}
	}
	add := func(from, to int) {
		t.Helper()
		s.update(t, func(tx books.Tx) error {
			for n := from; n < to; n++ {
				must(t, tx.PutFact(ctx, fact(n)))
			}
			return nil
		})
	}
	check := func(after int64, first, last int) {
		t.Helper()
		rows := get[[]books.OutboxRow](t)(s.Books.FactsAfter(ctx, after, 1000))
		if len(rows) != last-first+1 {
			t.Fatalf("after %d: %d rows, want %d", after, len(rows), last-first+1)
		}
		for i, r := range rows {
			if r.No != int64(first+i) {
				t.Fatalf("after %d: row %d has number %d", after, i, r.No)
			}
			equal(t, get[*event.Fact](t)(event.DecodeFact(r.Fact)), fact(first+i))
		}
	}
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 10)), 0)
	add(1, 8)
	check(0, 1, 0) // not numbered yet
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 3)), 3)
	check(0, 1, 3)
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 100)), 4)
	check(0, 1, 7)
	check(5, 6, 7)
	rows := get[[]books.OutboxRow](t)(s.Books.FactsAfter(ctx, 2, 2))
	equal(t, len(rows), 2)

	must(t, s.Books.SetFactsPublished(ctx, 5))
	equal(t, get[int64](t)(s.Books.FactsPublished(ctx)), int64(5))
	check(0, 6, 7)
	must(t, s.Books.SetFactsPublished(ctx, 3)) // never lowers
	equal(t, get[int64](t)(s.Books.FactsPublished(ctx)), int64(5))
	must(t, s.Books.SetFactsPublished(ctx, 7))
	check(0, 1, 0)

	s = s.Reopen(t) // an empty outbox remembers its numbers
	equal(t, get[int64](t)(s.Books.FactsPublished(ctx)), int64(7))
	add(8, 11)
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 100)), 3)
	check(0, 8, 10)

	// What rolls back takes no number.
	err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		must(t, tx.PutFact(ctx, fact(99)))
		return errBoom
	})
	wantErr(t, err, errBoom)
	add(11, 12)
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 100)), 1)
	check(10, 11, 11)

	// Books restored from an older copy go on above what the log holds.
	must(t, s.Books.SetFactsPublished(ctx, 40))
	add(41, 43)
	equal(t, get[int](t)(s.Books.NumberFacts(ctx, 100)), 2)
	check(0, 41, 42)
}

func testLeases(t *testing.T, s *Stores) {
	lease := func(name, holder string, now int64) bool {
		t.Helper()
		return get[bool](t)(s.Books.Lease(ctx, name, holder, now, 100))
	}
	equal(t, lease("relay", "a", 1000), true)
	equal(t, lease("relay", "b", 1050), false)
	equal(t, lease("relay", "a", 1090), true) // renewed until 1190
	equal(t, lease("relay", "b", 1189), false)
	equal(t, lease("relay", "b", 1190), true)
	equal(t, lease("relay", "a", 1200), false)
	equal(t, lease("other", "a", 1200), true)
}

func testNodeLeases(t *testing.T, s *Stores) {
	lease := func(holder string, now int64) int {
		t.Helper()
		return get[int](t)(s.Books.LeaseNode(ctx, holder, now, 100))
	}
	equal(t, lease("a", 1000), 1)
	equal(t, lease("b", 1000), 2)
	equal(t, lease("c", 1000), 3)
	equal(t, lease("b", 1090), 2) // its own again
	equal(t, lease("d", 1101), 1) // a's has run out
	equal(t, lease("a", 1101), 3)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[int]bool{}
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			n, err := s.Books.LeaseNode(ctx, fmt.Sprint("p", i), 1101, 100)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || taken[n] {
				t.Errorf("node %d twice, or: %v", n, err)
			}
			taken[n] = true
		}()
	}
	wg.Wait()
}

func testKeys(t *testing.T, s *Stores) {
	equal(t, len(get[[]event.Key](t)(s.Books.Keys(ctx))), 0)
	want := []event.Key{{ID: 1, Secret: [16]byte{0, 1, 2, 0xff}}, {ID: 2, Secret: [16]byte{9}}}
	for _, k := range want {
		must(t, s.Books.AddKey(ctx, k.Secret))
	}
	equal(t, get[[]event.Key](t)(s.Books.Keys(ctx)), want)
}

func testSettings(t *testing.T, s *Stores) {
	equal(t, get[string](t)(s.Books.Setting(ctx, "a")), "")
	must(t, s.Books.SetSetting(ctx, "a", "1"))
	must(t, s.Books.SetSetting(ctx, "A", "2"))
	must(t, s.Books.SetSetting(ctx, "a", "3"))
	equal(t, get[string](t)(s.Books.Setting(ctx, "a")), "3")
	equal(t, get[string](t)(s.Books.Setting(ctx, "A")), "2")
}

func testBackup(t *testing.T, s *Stores) {
	file := filepath.Join(t.TempDir(), "copy with spaces % and ?.db")
	if s.Restored == nil {
		err := s.Books.Backup(ctx, file)
		if err == nil {
			t.Fatal("a backup must be refused with instructions")
		}
		return
	}
	must(t, s.Books.AddKey(ctx, [16]byte{1}))
	post(t, s, transaction("k1", 100))
	s.update(t, func(tx books.Tx) error {
		must(t, tx.PutSignal(ctx, signal(1)))
		return s.Books.Backup(ctx, file) // while the writer is at work
	})
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the copy, which holds keys, has mode %v", info.Mode())
	}
	if s.Books.Backup(ctx, file) == nil {
		t.Error("an existing file must not be overwritten")
	}
	c := s.Restored(t, file)
	equal(t, get[[]event.Key](t)(c.Books.Keys(ctx)), get[[]event.Key](t)(s.Books.Keys(ctx)))
	equal(t, balances(t, c, ""), balances(t, s, ""))
	_, err = c.Books.Signal(ctx, id("sig", 1)) // not committed when it was taken
	wantErr(t, err, catalog.ErrNotFound)
	post(t, c, transaction("k2", 100))
	c.update(t, func(tx books.Tx) error { return tx.PutFact(ctx, &event.Fact{Kind: event.FactConversion}) })
}

func testReopen(t *testing.T, s *Stores) {
	all := sample(home, "a", 1)
	put(t, s, all...)
	post(t, s, transaction("k1", 100))
	must(t, advance(s, "a", eventlog.Position{}, eventlog.Position{Stream: "s", Seq: 7}))
	before := balances(t, s, "")
	s = s.Reopen(t)
	for _, e := range all {
		equal(t, get[catalog.Entity](t)(s.Catalog.Get(ctx, e.Kind(), home, e.Base().ID)), e)
	}
	equal(t, balances(t, s, ""), before)
	equal(t, position(t, s, "a"), eventlog.Position{Stream: "s", Seq: 7})
	post(t, s, transaction("k2", 1))
	s.update(t, func(tx books.Tx) error {
		posted, err := tx.Post(ctx, transaction("k1", 100))
		equal(t, posted, false)
		return err
	})
}
