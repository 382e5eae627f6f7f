package conversion_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// percentShop makes the offer one of 10 % payout and 60 % of that as commission.
func (w *world) percentShop() {
	w.offer.Terms = catalog.Terms{PayoutKind: catalog.PayoutPercent, PayoutPercent: "10", CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "60"}
	w.reload()
}

func (w *world) adjustments(c *conversion.Conversion) []*conversion.Adjustment {
	w.t.Helper()
	as, err := w.db.Books().Adjustments(w.t.Context(), "ws_1", c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return as
}

// on does something with the only conversion in a transaction of its own.
func (w *world) on(do func(ctx context.Context, tx books.Tx, c *conversion.Conversion) error) error {
	w.t.Helper()
	id := w.conversions()[0].ID
	return w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		c, err := tx.GetConversion(ctx, "ws_1", id)
		if err != nil {
			return err
		}
		return do(ctx, tx, c)
	})
}

// A part is refunded once per id; more than is left, and another amount under the same id,
// are refused; the last part takes exactly what remains and ends the conversion.
func TestPartialRefunds(t *testing.T) {
	w := newWorld(t)
	w.percentShop()
	base := "token=tok_shop&txid=o1&click_id=" + w.click().String()
	w.postback(base + "&amount=99.99&status=approved") // revenue 10.00, commission 6.00
	for _, step := range []struct {
		query                         string
		verdict                       event.Verdict
		sale, revenue, commission     int64
		status                        conversion.Status
		availableAndExpense, earnings int64
	}{
		{"&status=refunded&amount=33.33&refund_id=r1", event.Updated, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=33.33&refund_id=r1", event.Duplicate, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=33.34&refund_id=r1", event.Conflict, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=33.33", event.MissingRefund, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=0&refund_id=r2", event.InvalidAmount, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=66.67&refund_id=r2", event.RefundTooLarge, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=1&currency=EUR&refund_id=r2", event.UnknownCurrency, 6666, 667, 400, conversion.Approved, 400, 667},
		{"&status=refunded&amount=33.33&refund_id=r2", event.Updated, 3333, 333, 200, conversion.Approved, 200, 333},
		{"&amount=99.99", event.Duplicate, 3333, 333, 200, conversion.Approved, 200, 333}, // the sale once more, as it was sent
		{"&amount=33.33", event.Conflict, 3333, 333, 200, conversion.Approved, 200, 333},
		{"&status=refunded&amount=33.33&refund_id=r3", event.Updated, 0, 0, 0, conversion.Reversed, 0, 0},
		{"&status=refunded&amount=33.33&refund_id=r3", event.Duplicate, 0, 0, 0, conversion.Reversed, 0, 0},
		{"&status=refunded&amount=0.01&refund_id=r4", event.IllegalTransition, 0, 0, 0, conversion.Reversed, 0, 0},
	} {
		row := w.postback(base + step.query)
		c := w.conversions()[0]
		if row.Verdict != step.verdict || c.SaleAmount != step.sale || c.Revenue != step.revenue || c.Commission != step.commission || c.Status != step.status {
			t.Errorf("%s: %s (%s); sale %d, revenue %d, commission %d, %s", step.query, row.Verdict, row.Detail, c.SaleAmount, c.Revenue, c.Commission, c.Status)
		}
		b := w.balances()
		if b["publisher_available:pub_1:USD"] != step.availableAndExpense || b["commission_expense::USD"] != step.availableAndExpense || b["revenue::USD"] != step.earnings {
			t.Errorf("%s: books %v", step.query, b)
		}
	}
	c := w.conversions()[0]
	var sum conversion.Adjustment
	for _, a := range w.adjustments(c) {
		sum.Sale, sum.Revenue, sum.Commission = sum.Sale+a.Sale, sum.Revenue+a.Revenue, sum.Commission+a.Commission
	}
	if n := len(w.adjustments(c)); n != 3 || sum.Sale != -9999 || sum.Revenue != -1000 || sum.Commission != -600 {
		t.Errorf("%d adjustments that sum to %+v", n, sum)
	}
	if f := w.facts(); f.Conversions != 0 || f.Revenue != 0 || f.Commission != 0 || f.SaleAmount != 0 {
		t.Errorf("facts %+v", f)
	}
}

// The whole is refunded without an amount, also where no sale amount was sent; who has no
// token refunds nothing; a refund that comes before its sale waits for it.
func TestWholeRefund(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   conversion.Status
	}{"pending": {"", conversion.Rejected}, "approved": {"&status=approved", conversion.Reversed}} {
		w := newWorld(t) // 10.00 a sale, 6.00 of it for the publisher
		click := "txid=o1&click_id=" + w.click().String()
		early := &event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: "token=tok_shop&status=refunded&" + click}
		if row := w.signal(early); row.Verdict != event.PendingSale || row.RetryAt == 0 {
			t.Fatalf("%s: before its sale: %+v", name, row)
		}
		w.postback("token=tok_shop&" + click + c.status)
		if row := w.postback("status=refunded&" + click); row.Verdict != event.MissingToken {
			t.Errorf("%s: without a token: %s", name, row.Verdict)
		}
		if row := w.postback("token=tok_shop&status=refunded&amount=5&refund_id=1&" + click); row.Verdict != event.MissingAmount {
			t.Errorf("%s: a part of nothing known: %s", name, row.Verdict)
		}
		if row := w.judgeAgain(early); row.Verdict != event.Updated {
			t.Errorf("%s: after its sale: %s, %s", name, row.Verdict, row.Detail)
		}
		if row := w.postback("token=tok_shop&status=refunded&" + click); row.Verdict != event.Duplicate {
			t.Errorf("%s: once more: %s, %s", name, row.Verdict, row.Detail)
		}
		if got := w.conversions()[0].Status; got != c.want || len(w.balances()) != 0 {
			t.Errorf("%s: %s with books %v", name, got, w.balances())
		}
	}
}

// A refund after a payout run has the conversion is taken off what is available, and the
// state stays.
func TestRefundAfterPayment(t *testing.T) {
	for _, status := range []conversion.Status{conversion.Locked, conversion.Paid} {
		w := newWorld(t)
		w.percentShop()
		base := "token=tok_shop&txid=o1&click_id=" + w.click().String()
		w.postback(base + "&amount=100&status=approved")
		c := w.conversions()[0]
		w.move(c, conversion.Locked)
		if status == conversion.Paid {
			w.move(c, conversion.Paid)
		}
		w.postback(base + "&status=refunded&amount=50&refund_id=r1")
		if b := w.balances(); b["publisher_available:pub_1:USD"] != 300 {
			t.Errorf("%s: available %v", status, b)
		}
		w.postback(base + "&status=refunded&amount=50&refund_id=r2")
		c = w.conversions()[0]
		if c.Status != status || c.Commission != 0 || len(w.balances()) != 0 {
			t.Errorf("%s: then %s, commission %d, books %v", status, c.Status, c.Commission, w.balances())
		}
	}
}

// Refunds in the currency of the signal sum to the sale exactly, at whatever rate.
func TestRefundsInAnotherCurrency(t *testing.T) {
	w := newWorld(t)
	w.percentShop()
	table := money.NewRates([]money.RateRow{{Workspace: "ws_1", Date: "2026-01-01", From: "EUR", To: "USD", Value: decimal.MustParse("1.0837"), Source: money.SourceManual}})
	w.judge.Rates = func() *money.Rates { return table }
	base := "token=tok_shop&currency=EUR&txid=o1&click_id=" + w.click().String()
	w.postback(base + "&amount=100&status=approved")
	for i, amount := range []string{"33.33", "33.33", "33.33", "0.01"} {
		row := w.postback(fmt.Sprintf("%s&status=refunded&amount=%s&refund_id=%d", base, amount, i))
		if row.Verdict != event.Updated {
			t.Fatalf("refund %d: %s, %s", i, row.Verdict, row.Detail)
		}
	}
	if c := w.conversions()[0]; c.SaleAmount != 0 || c.Status != conversion.Reversed || len(w.balances()) != 0 {
		t.Errorf("left: %d, %s, %v", c.SaleAmount, c.Status, w.balances())
	}
}

// Somebody states what it is worth: the difference is booked once, refunds go on from there,
// and no terms undo it.
func TestRestate(t *testing.T) {
	w := newWorld(t)
	w.percentShop()
	base := "token=tok_shop&txid=o1&click_id=" + w.click().String()
	w.postback(base + "&amount=100&status=approved")
	n := func(v int64) *int64 { return &v }
	restate := func(key string, x conversion.Worth) (fresh bool, err error) {
		x.Key, x.Actor, x.Reason = key, "usr_1", "agreed by phone"
		err = w.on(func(ctx context.Context, tx books.Tx, c *conversion.Conversion) error {
			var err error
			_, fresh, err = w.judge.Restate(ctx, tx, c, x)
			return err
		})
		return fresh, err
	}
	refusedAs := func(err error) event.Verdict {
		var r *dialect.Refusal
		if errors.As(err, &r) {
			return r.Verdict
		}
		return event.Verdict(fmt.Sprint(err))
	}
	if fresh, err := restate("a", conversion.Worth{Commission: n(900)}); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if fresh, err := restate("a", conversion.Worth{Commission: n(900)}); err != nil || fresh {
		t.Errorf("the same again: %v, %v", fresh, err)
	}
	if _, err := restate("a", conversion.Worth{Commission: n(901)}); refusedAs(err) != event.Conflict {
		t.Errorf("another amount under the key: %v", err)
	}
	if _, err := restate("b", conversion.Worth{Commission: n(900)}); refusedAs(err) != event.InvalidValue {
		t.Errorf("nothing new: %v", err)
	}
	if _, err := restate("b", conversion.Worth{Revenue: n(-1)}); refusedAs(err) != event.AmountRange {
		t.Errorf("below 0: %v", err)
	}
	if r := w.reprice(w.conversions()[0], true); r.Skipped == "" {
		t.Error("it was repriced")
	}
	w.postback(base + "&status=refunded&amount=50&refund_id=r1")
	if c := w.conversions()[0]; c.Commission != 450 || c.Revenue != 500 || w.balances()["publisher_available:pub_1:USD"] != 450 {
		t.Errorf("commission %d, revenue %d, books %v", c.Commission, c.Revenue, w.balances())
	}
}

// Whatever parts are refunded in whatever order, between approvals, repetitions and payout
// runs: the conversion, the ledger and the facts agree after every step, the same parts in
// another order leave the same, and all parts leave nothing.
func TestRefundsInAnyOrder(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 23))
		sale := 1 + r.Int64N(100_000)
		var parts []int64
		for left := sale; left > 0; {
			p := 1 + r.Int64N(left)
			parts, left = append(parts, p), left-p
		}
		half := len(parts) / 2
		var middle [2][2]int64
		for run := range 2 {
			w := newWorld(t)
			w.percentShop()
			base := "token=tok_shop&txid=o1&click_id=" + w.click().String()
			w.postback(base + "&amount=" + money.Amount{Minor: sale, Currency: "USD"}.String())
			order := r.Perm(half)
			for _, i := range r.Perm(len(parts) - half) {
				order = append(order, half+i)
			}
			for n, i := range order {
				if c := w.conversions()[0]; r.IntN(3) == 0 && conversion.Allowed(c.Status, conversion.Approved) {
					w.move(c, conversion.Approved)
				} else if r.IntN(4) == 0 && conversion.Allowed(c.Status, conversion.Locked) {
					w.move(c, conversion.Locked)
				}
				query := fmt.Sprintf("%s&status=refunded&amount=%s&refund_id=part%d", base, money.Amount{Minor: parts[i], Currency: "USD"}.String(), i)
				for range 1 + r.IntN(2) { // some come twice
					if row := w.postback(query); row.Verdict != event.Updated && row.Verdict != event.Duplicate {
						t.Fatalf("seed %d: %s: %s", seed, row.Verdict, row.Detail)
					}
				}
				c, b, f := w.conversions()[0], w.balances(), w.facts()
				if b["revenue::USD"] != c.Revenue || b["commission_expense::USD"] != c.Commission || f.Revenue != c.Revenue || f.Commission != c.Commission || f.SaleAmount != c.SaleAmount {
					t.Fatalf("seed %d, after %d refunds: %+v; books %v, facts %+v", seed, n+1, c, b, f)
				}
				if n+1 == half {
					middle[run] = [2]int64{c.Revenue, c.Commission}
				}
			}
			if c := w.conversions()[0]; c.SaleAmount != 0 || c.Revenue != 0 || c.Commission != 0 || c.Status == conversion.Pending || c.Status == conversion.Approved {
				t.Errorf("seed %d: all refunded, and left %d, %d, %d, %s", seed, c.SaleAmount, c.Revenue, c.Commission, c.Status)
			}
		}
		if middle[0] != middle[1] {
			t.Errorf("seed %d: the same parts in another order leave %v and %v", seed, middle[0], middle[1])
		}
	}
}
