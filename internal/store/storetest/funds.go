package storetest

import (
	"context"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/funds"
	"clickledger/internal/ledger"
)

var fundTests = map[string]func(*testing.T, *Stores){"payments are booked once": testPayments}

// testPayments: a payment and its transaction are there together, once per key, in pages,
// and the audit misses either without the other.
func testPayments(t *testing.T, s *Stores) {
	pay := func(n int64, ws, key, advertiser string, kind funds.Kind, amount int64) *funds.Payment {
		return &funds.Payment{ID: id("pay", int(n)), Workspace: ws, Key: key, Advertiser: advertiser, Kind: kind, Currency: "USD", Amount: amount,
			Reference: "SEPA 1", Reason: "why", Actor: "usr_1", At: 1000 + n, Recorded: 2000 + n}
	}
	record := func(p *funds.Payment) bool {
		t.Helper()
		var fresh bool
		must(t, s.Funds.Update(ctx, func(ctx context.Context, tx funds.Tx) error {
			var err error
			fresh, err = tx.InsertPayment(ctx, p)
			if err != nil || !fresh {
				return err
			}
			_, err = tx.Post(ctx, p.Posting())
			return err
		}))
		return fresh
	}
	first := pay(1, home, "k1", "adv_1", funds.Ahead, 5000)
	for i, p := range []*funds.Payment{first, pay(2, home, "k2", "adv_1", funds.Ahead, -1000), pay(3, home, "k3", "adv_1", funds.Owed, 700), pay(4, home, "k4", "adv_2", funds.Ahead, 1), pay(5, "ws_elsewhere", "k1", "adv_1", funds.Ahead, 9)} {
		if !record(p) {
			t.Errorf("payment %d was there before", i)
		}
	}
	if record(pay(6, home, "k1", "adv_1", funds.Ahead, 1)) {
		t.Error("a key was used twice")
	}
	must(t, s.Funds.Update(ctx, func(ctx context.Context, tx funds.Tx) error {
		got, err := tx.PaymentByKey(ctx, home, "k1")
		must(t, err)
		if *got != *first {
			t.Errorf("read %+v, want %+v", got, first)
		}
		_, err = tx.PaymentByKey(ctx, home, "none")
		wantErr(t, err, catalog.ErrNotFound)
		return nil
	}))
	page, err := s.Funds.Payments(ctx, home, "adv_1", "", 2)
	must(t, err)
	if len(page) != 2 || page[0].ID != id("pay", 3) || page[1].ID != id("pay", 2) {
		t.Errorf("first page %+v", page)
	}
	page, err = s.Funds.Payments(ctx, home, "adv_1", page[1].ID, 2)
	must(t, err)
	if len(page) != 1 || page[0].ID != first.ID {
		t.Errorf("second page %+v", page)
	}
	bs, err := s.Funds.Balances(ctx, home, "adv_1")
	must(t, err)
	for _, b := range bs {
		want := map[ledger.AccountKind]int64{ledger.Prepayment: 4000, ledger.Receivable: -700}[b.Account.Kind]
		if b.Net() != want {
			t.Errorf("%s is %d, want %d", b.Account.Code(), b.Net(), want)
		}
	}
	if len(bs) != 2 {
		t.Errorf("%d accounts", len(bs))
	}
	audit := func() int {
		t.Helper()
		found, err := s.Books.Audit(ctx)
		must(t, err)
		return len(found)
	}
	if n := audit(); n != 0 {
		t.Errorf("%d findings in good books", n)
	}
	must(t, s.Raw(ctx, "DELETE FROM advertiser_payments WHERE id = '"+first.ID+"'"))
	if n := audit(); n != 1 {
		t.Errorf("%d findings without a payment's row, want 1", n)
	}
	must(t, s.Funds.Update(ctx, func(ctx context.Context, tx funds.Tx) error {
		_, err := tx.InsertPayment(ctx, pay(7, home, "k7", "adv_1", funds.Ahead, 1))
		return err
	}))
	if n := audit(); n != 2 {
		t.Errorf("%d findings with a payment that was not posted, want 2", n)
	}
}
