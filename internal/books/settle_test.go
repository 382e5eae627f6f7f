package books_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
)

// payLine moves a payout's money, as the line of a run does.
func payLine(ctx context.Context, tx books.Tx, key string, from, to ledger.AccountKind, amount int64) error {
	at := func(k ledger.AccountKind, party string) ledger.Account {
		return ledger.Account{Workspace: "ws_1", Kind: k, Party: party, Currency: "USD"}
	}
	credit := at(to, "pub_1")
	if to == ledger.Bank {
		credit = at(to, "")
	}
	_, err := tx.Post(ctx, &ledger.Transaction{Workspace: "ws_1", Key: key, Kind: "payout", CauseKind: "payout_line", Cause: key, Effective: 1, Recorded: 1,
		Entries: []ledger.Entry{{Account: at(from, "pub_1"), Amount: amount}, {Account: credit, Amount: -amount}}})
	return err
}

func (w *world) net(kind ledger.AccountKind) int64 {
	w.t.Helper()
	bs, err := w.db.Books().Balances(w.t.Context(), "ws_1", "")
	if err != nil {
		w.t.Fatal(err)
	}
	var n int64
	for _, b := range bs {
		if b.Account.Kind == kind {
			n += b.Net()
		}
	}
	return n
}

// A payout takes hundreds of conversions up with its money, or none; what failed comes back,
// what was paid stays, and nobody else decides meanwhile.
func TestSettle(t *testing.T) {
	w := newWorld(t)
	const many = 250
	w.judged(many)
	ids := make([]string, 0, many)
	for _, c := range w.all() {
		if _, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Approved, ""); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	told := 0
	w.desk.Changed = func() { told++ }
	type step func(context.Context, books.Tx, string, []string, string, string) ([]*conversion.Conversion, error)
	run := func(do step, key string, from, to ledger.AccountKind, ids []string) error {
		return w.desk.Settle(t.Context(), func(ctx context.Context, tx books.Tx) error {
			cs, err := do(ctx, tx, "ws_1", ids, "usr_fin", "payout "+key)
			if err != nil {
				return err
			}
			var sum int64
			for _, c := range cs {
				sum += c.Commission
			}
			return payLine(ctx, tx, key, from, to, sum)
		})
	}
	want := func(status conversion.Status, available, inPayment, paid int64) {
		t.Helper()
		for _, c := range w.all() {
			if c.Status != status {
				t.Fatalf("%s is %s, want %s", c.ID, c.Status, status)
			}
		}
		if a, p, b := w.net(ledger.PublisherAvailable), w.net(ledger.PublisherInPayment), -w.net(ledger.Bank); a != available || p != inPayment || b != paid {
			t.Errorf("available %d, in payment %d, paid %d; want %d, %d, %d", a, p, b, available, inPayment, paid)
		}
		w.sound(many)
	}
	const sum = many * 600
	var state *books.StateError
	if err := run(w.desk.Lock, "twice", ledger.PublisherAvailable, ledger.PublisherInPayment, append(ids[:many:many], ids[0])); !errors.As(err, &state) {
		t.Errorf("the same conversion twice in a run: %v", err)
	}
	if err := run(w.desk.Pay, "early", ledger.PublisherInPayment, ledger.Bank, ids); !errors.As(err, &state) {
		t.Errorf("paid without a run: %v", err)
	}
	if err := run(w.desk.Lock, "unknown", ledger.PublisherAvailable, ledger.PublisherInPayment, []string{ids[0], "cnv_none"}); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown conversion: %v", err)
	}
	want(conversion.Approved, sum, 0, 0)
	if told != 0 {
		t.Errorf("told %d times of nothing", told)
	}
	if err := run(w.desk.Lock, "1", ledger.PublisherAvailable, ledger.PublisherInPayment, ids); err != nil {
		t.Fatal(err)
	}
	want(conversion.Locked, 0, sum, 0)
	for _, to := range []conversion.Status{conversion.Approved, conversion.Reversed, conversion.Paid, conversion.Rejected} {
		if _, err := w.desk.Decide(t.Context(), owner, "ws_1", ids[0], to, ""); !errors.As(err, &state) {
			t.Errorf("somebody makes a locked conversion %s: %v", to, err)
		}
	}
	if err := run(w.desk.Release, "1 failed", ledger.PublisherInPayment, ledger.PublisherAvailable, ids); err != nil {
		t.Fatal(err)
	}
	want(conversion.Approved, sum, 0, 0)
	if err := run(w.desk.Lock, "2", ledger.PublisherAvailable, ledger.PublisherInPayment, ids); err != nil {
		t.Fatal(err)
	}
	if err := run(w.desk.Pay, "2 paid", ledger.PublisherInPayment, ledger.Bank, ids); err != nil {
		t.Fatal(err)
	}
	want(conversion.Paid, 0, 0, sum)
	if err := run(w.desk.Release, "late", ledger.PublisherInPayment, ledger.PublisherAvailable, ids); !errors.As(err, &state) {
		t.Errorf("released after it was paid: %v", err)
	}
	changes, err := w.db.Books().Changes(t.Context(), ids[0])
	if err != nil || len(changes) != 6 || changes[5].Actor != "usr_fin" || changes[5].Reason != "payout 2 paid" {
		t.Errorf("history of %d lines, %v", len(changes), err)
	}
}

// A payout run while the same conversions are reversed, refunded and held: each ends in one
// state, and what the run moved is what it was given, less what came back since.
func TestSettleRace(t *testing.T) {
	w := newWorld(t)
	const many = 24
	w.judged(many)
	for _, c := range w.all() {
		if _, err := w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Approved, ""); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	moved, refunded := int64(0), 0
	expected := func(err error) {
		var state *books.StateError
		var refused *conversion.Refusal
		if err != nil && !errors.As(err, &state) && !errors.As(err, &refused) && !errors.Is(err, books.ErrHeld) {
			t.Error(err)
		}
	}
	for i, c := range w.all() {
		wg.Go(func() {
			var sum int64
			err := w.desk.Settle(t.Context(), func(ctx context.Context, tx books.Tx) error {
				cs, err := w.desk.Lock(ctx, tx, "ws_1", []string{c.ID}, "usr_fin", "run")
				if err != nil {
					return err
				}
				sum = cs[0].Commission
				return payLine(ctx, tx, "line "+c.ID, ledger.PublisherAvailable, ledger.PublisherInPayment, sum)
			})
			expected(err)
			if err == nil {
				mu.Lock()
				moved += sum
				mu.Unlock()
			}
		})
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = w.desk.Decide(t.Context(), owner, "ws_1", c.ID, conversion.Reversed, "returned")
			case 1:
				_, _, _, err = w.desk.Refund(t.Context(), owner, "ws_1", c.ID, conversion.Refund{Key: "r", Whole: true, Reason: "returned"})
				if err == nil {
					mu.Lock()
					refunded++
					mu.Unlock()
				}
			default:
				_, err = w.desk.SetHold(t.Context(), owner, "ws_1", c.ID, true, "odd")
			}
			expected(err)
		})
	}
	wg.Wait()
	var worth int64
	for _, c := range w.all() {
		if c.Status == conversion.Pending || c.Hold != "" && c.Status == conversion.Locked {
			t.Errorf("%s is %s, held as %q", c.ID, c.Status, c.Hold)
		}
		if c.Status == conversion.Approved || c.Status == conversion.Locked {
			worth += c.Commission
		}
	}
	if refunded != many/3 {
		t.Errorf("%d refunds of %d were taken", refunded, many/3)
	}
	if a, p := w.net(ledger.PublisherAvailable), w.net(ledger.PublisherInPayment); p != moved || a+p != worth {
		t.Errorf("available %d, in payment %d; the lines moved %d, the conversions are worth %d", a, p, moved, worth)
	}
	broken, err := w.db.Books().Audit(t.Context())
	if err != nil || len(broken) > 0 {
		t.Error(broken, err)
	}
}
