package histories_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/money"
	"clickledger/internal/payout"
	"clickledger/internal/store"
	"clickledger/internal/store/pgtest"
)

var quiet = slog.New(slog.DiscardHandler)

// errCrash is what a process that died at a commit would have returned.
var errCrash = errors.New("crash at a commit")

// env is what many histories share: a database, each history in a workspace of its own.
type env struct {
	t      *testing.T
	db     *store.DB
	desk   *books.Desk
	judge  *conversion.Judge
	funds  *funds.Service
	pays   *payout.Service
	minter *event.Minter

	// Of the history that runs now. The 32 writers share one.
	view   *catalog.View
	rates  *money.Rates
	clicks clicks
	now    time.Time

	crash struct {
		sync.Mutex
		before, after error // of the next commit
		hit           bool
	}
	no int64 // the last fact that was read

	met map[string]int // what histories came to, so that none is about nothing
}

// clicks is the index: a map is all that judging needs of it.
type clicks map[event.ClickID]*event.Visit

// Find looks into the map.
func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

// finance is who decides; they may everything.
var finance = account.Principal{ID: "usr_finance", Owner: true, Write: true}

// begun is when every history begins.
var begun = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, postgres bool) *env {
	t.Helper()
	e := &env{t: t, now: begun, clicks: clicks{}, view: catalog.NewView(), met: map[string]int{}}
	o := store.Options{Logger: quiet, Now: e.clock, Fault: e.commit}
	var err error
	if postgres {
		e.db, err = store.OpenPostgres(t.Context(), pgtest.DSN(t), o)
	} else {
		e.db, err = store.OpenSQLite(t.Context(), filepath.Join(memory(t), "books.db"), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.db.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	e.minter, err = event.NewMinter(1, keys, noMark{}, e.clock)
	if err != nil {
		t.Fatal(err)
	}
	look := func() *catalog.View { return e.view }
	e.judge = &conversion.Judge{View: look, Keys: func() *event.Keyring { return keys }, Clicks: found{e}, Rates: func() *money.Rates { return e.rates }, Now: e.clock}
	e.desk = &books.Desk{Store: e.db.Books(), Judge: e.judge, Minter: e.minter.New, Changed: func() {}, Logger: quiet}
	e.funds = funds.New(funds.Options{Store: e.db.Funds(), View: look, Now: e.clock})
	e.payouts()
	return e
}

// found is the click index of the history that runs now.
type found struct{ *env }

// Find looks into it.
func (f found) Find(ctx context.Context, id event.ClickID) (*event.Visit, error) {
	return f.clicks.Find(ctx, id)
}

func (e *env) clock() time.Time { return e.now }

// memory is a folder without a disk where the machine has one: no history tests the disk.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "clickledger-histories-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// commit is the store's seam.
func (e *env) commit(string) (before, after error) {
	e.crash.Lock()
	defer e.crash.Unlock()
	before, after = e.crash.before, e.crash.after
	e.crash.hit = e.crash.hit || before != nil || after != nil
	e.crash.before, e.crash.after = nil, nil
	return before, after
}

// arm lets the next commit crash: applied says on which side of it.
func (e *env) arm(applied bool) {
	e.crash.Lock()
	defer e.crash.Unlock()
	e.crash.hit = false
	if applied {
		e.crash.after = errCrash
	} else {
		e.crash.before = errCrash
	}
}

// disarm reports whether the crash happened.
func (e *env) disarm() bool {
	e.crash.Lock()
	defer e.crash.Unlock()
	e.crash.before, e.crash.after = nil, nil
	return e.crash.hit
}

// expected reports whether an error is a refusal, which a history may well meet.
func expected(err error) bool {
	var (
		state   *conversion.StateError
		refused *conversion.Refusal
		invalid *catalog.Invalid
	)
	return err == nil || errors.As(err, &state) || errors.As(err, &refused) || errors.As(err, &invalid) ||
		errors.Is(err, catalog.ErrNotFound) || errors.Is(err, catalog.ErrVersion) || errors.Is(err, books.ErrHeld) || errors.Is(err, funds.ErrConflict) || refusedPayout(err)
}
