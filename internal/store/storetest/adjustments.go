package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

var adjustmentTests = map[string]func(t *testing.T, s *Stores){
	"of a conversion":  testAdjustments,
	"of a balance":     testBalanceAdjustments,
	"waiting":          testWaiting,
	"two refunds race": testRefundRace,
}

func testAdjustments(t *testing.T, s *Stores) {
	a := &conversion.Adjustment{Workspace: home, Conversion: id("cnv", 1), Key: "r1", Kind: conversion.AdjustRefund, Asked: "1.00 EUR", Currency: "EUR",
		Sale: -100, Revenue: -10, Commission: -6, Actor: "usr", Reason: "why\n", At: 9}
	b := *a
	b.Key, b.Sale = "r2", 5
	insert := func(tx books.Tx, a conversion.Adjustment, want bool) {
		t.Helper()
		equal(t, get[bool](t)(tx.InsertAdjustment(ctx, &a)), want)
	}
	s.update(t, func(tx books.Tx) error {
		insert(tx, *a, true)
		insert(tx, *a, false)
		insert(tx, b, true)
		elsewhere := *a
		elsewhere.Workspace = foreign
		insert(tx, elsewhere, true)
		equal(t, len(get[[]*conversion.Adjustment](t)(tx.AdjustmentsOf(ctx, home, a.Conversion))), 2)
		return nil
	})
	got := get[[]*conversion.Adjustment](t)(s.Books.Adjustments(ctx, home, a.Conversion))
	if len(got) != 2 || got[0].ID >= got[1].ID {
		t.Fatalf("got %v", got)
	}
	a.ID, b.ID = got[0].ID, got[1].ID
	equal(t, got, []*conversion.Adjustment{a, &b})
	equal(t, len(get[[]*conversion.Adjustment](t)(s.Books.Adjustments(ctx, home, "other"))), 0)
}

func testBalanceAdjustments(t *testing.T, s *Stores) {
	make := func(key, publisher string) *conversion.BalanceAdjustment {
		return &conversion.BalanceAdjustment{Workspace: home, Key: key, Publisher: publisher, Currency: "EUR", Amount: -7, Actor: "usr", Reason: "why", At: 9}
	}
	a, b := make("a", "p1"), make("b", "p2")
	s.update(t, func(tx books.Tx) error {
		equal(t, get[bool](t)(tx.InsertBalanceAdjustment(ctx, a)), true)
		equal(t, get[bool](t)(tx.InsertBalanceAdjustment(ctx, b)), true)
		equal(t, get[bool](t)(tx.InsertBalanceAdjustment(ctx, make("a", "p3"))), false)
		equal(t, get[*conversion.BalanceAdjustment](t)(tx.BalanceAdjustmentByKey(ctx, home, "a")), a)
		_, err := tx.BalanceAdjustmentByKey(ctx, foreign, "a")
		wantErr(t, err, catalog.ErrNotFound)
		return nil
	})
	page := func(publisher, before string) []*conversion.BalanceAdjustment {
		t.Helper()
		return get[[]*conversion.BalanceAdjustment](t)(s.Books.BalanceAdjustments(ctx, home, publisher, before, 10))
	}
	equal(t, page("", ""), []*conversion.BalanceAdjustment{b, a})
	equal(t, page("p1", ""), []*conversion.BalanceAdjustment{a})
	equal(t, page("", b.ID), []*conversion.BalanceAdjustment{a})
}

func testWaiting(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		for n := 1; n <= 6; n++ {
			c := cnv(n)
			c.Offer, c.Status, c.Hold, c.At, c.Recorded = "off", conversion.Pending, "", 100, 100
			switch n {
			case 2:
				c.Hold = conversion.HoldStaff
			case 3:
				c.Status = conversion.Approved
			case 4:
				c.Recorded = 200 // its event time is long ago, and it was recorded just now
			case 5:
				c.At = 200 // a sender's clock is ahead
			}
			must(t, tx.InsertConversion(ctx, c))
		}
		return nil
	})
	waiting := func(before int64, after string) []string {
		t.Helper()
		return get[[]string](t)(s.Books.Waiting(ctx, "off", before, after, 10))
	}
	equal(t, waiting(200, ""), []string{id("cnv", 1), id("cnv", 6)})
	equal(t, waiting(201, id("cnv", 1)), []string{id("cnv", 4), id("cnv", 5), id("cnv", 6)})
	equal(t, len(waiting(100, "")), 0)
	equal(t, len(get[[]string](t)(s.Books.Waiting(ctx, "other", 900, "", 10))), 0)
}

// testRefundRace: of refunds that together are more than the sale, as many are taken as it
// has room for, each once, whoever comes first.
func testRefundRace(t *testing.T, s *Stores) {
	c := cnv(1)
	visit := event.Visit{ID: c.Click}
	c.Dims, c.Adjusted, c.HasSale, c.SentSale, c.SentCurrency, c.Currency, c.Status, c.Hold = visit.Append(nil), false, true, "", "", "EUR", conversion.Approved, ""
	c.SaleAmount, c.Revenue, c.Commission = 1000, 100, 60
	c.BaseSale, c.BaseRevenue, c.BaseCommission = 0, 0, 0
	s.update(t, func(tx books.Tx) error { return tx.InsertConversion(ctx, c) })
	view := catalog.NewView()
	judge := &conversion.Judge{View: func() *catalog.View { return view }, Now: func() time.Time { return time.UnixMicro(1) }}
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken, again, refused := 0, 0, 0
	for n := range 16 {
		wg.Go(func() {
			var fresh bool
			err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
				c, err := tx.GetConversion(ctx, home, c.ID)
				if err != nil {
					return err
				}
				_, fresh, err = judge.Refund(ctx, tx, c, conversion.Refund{Key: id("r", n/2), Amount: money.Amount{Minor: 300, Currency: "EUR"}, Actor: "usr"})
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			var r *dialect.Refusal
			switch {
			case errors.As(err, &r) && r.Verdict == event.RefundTooLarge:
				refused++
			case err != nil:
				t.Error(err)
			case fresh:
				taken++
			default:
				again++
			}
		})
	}
	wg.Wait()
	s.update(t, func(tx books.Tx) error {
		c := get[*conversion.Conversion](t)(tx.GetConversion(ctx, home, c.ID))
		if taken != 3 || again != 3 || refused != 10 || c.SaleAmount != 100 || c.Revenue != 10 || c.Commission != 6 {
			t.Errorf("%d taken, %d again, %d refused; left %d, %d, %d", taken, again, refused, c.SaleAmount, c.Revenue, c.Commission)
		}
		return nil
	})
	var revenue int64
	for _, b := range balances(t, s, "") {
		if b.Account.Kind == "revenue" {
			revenue = b.Net()
		}
	}
	equal(t, revenue, int64(-90)) // the accrual was never posted here
}
