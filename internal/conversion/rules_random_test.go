package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// anyRule draws a rule of any pay, conditions and tiers.
func anyRule(t *rapid.T, id string) *catalog.CommissionRule {
	pay := commission.Pay{Kind: rapid.SampledFrom([]string{commission.PayNone, commission.PayFixed, commission.PayPercentSale, commission.PayPercentPayout, commission.PayBothSale, commission.PayBothPayout}).Draw(t, "kind")}
	amounts := func() (fixed int64, percent string) {
		if pay.HasFixed() {
			fixed = rapid.Int64Range(0, 500).Draw(t, "fixed")
		}
		if pay.HasPercent() {
			percent = rapid.SampledFrom([]string{"0", "3.333333", "10", "101"}).Draw(t, "percent")
		}
		return fixed, percent
	}
	pay.Fixed, pay.Percent = amounts()
	pay.Months = rapid.Int64Range(0, 1).Draw(t, "months")
	if rapid.Bool().Draw(t, "tiers") && pay.Kind != commission.PayNone {
		pay.Window = commission.Window{Measure: rapid.SampledFrom([]string{commission.Conversions, commission.Sales}).Draw(t, "measure"), Period: rapid.SampledFrom([]string{commission.Day, commission.Month, commission.All}).Draw(t, "period")}
		pay.Retroactive = rapid.Bool().Draw(t, "retroactive")
		from := int64(0)
		for range rapid.IntRange(1, 2).Draw(t, "how many tiers") {
			from += rapid.Int64Range(1, 3).Draw(t, "from")
			tier := commission.Tier{From: from}
			if pay.Measure == commission.Sales {
				tier.From *= 5000
			}
			tier.Fixed, tier.Percent = amounts()
			pay.Tiers = append(pay.Tiers, tier)
		}
	}
	return rule(id, pay, func(r *catalog.CommissionRule) {
		one := func(name string, of ...string) []string {
			if rapid.IntRange(0, 2).Draw(t, "has "+name) > 0 {
				return nil
			}
			return []string{rapid.SampledFrom(of).Draw(t, name)}
		}
		r.Priority = rapid.Int64Range(0, 3).Draw(t, "priority")
		r.If.Products, r.If.Categories, r.If.CommissionIDs = one("product", "p", "q"), one("category", "a", "b"), one("id", "x")
		r.If.Customer = rapid.SampledFrom([]string{"", "", commission.New, commission.Repeat}).Draw(t, "customer")
		if rapid.IntRange(0, 3).Draw(t, "has value") == 0 {
			r.If.Min = 5000
		}
	})
}

// TestRulesInAnyHistory: whatever the rules, the orders, their lines and what becomes of
// them, the lines of an order sum to what it pays and to its sale, ledger and facts have
// what the conversions have, a signal that comes again changes nothing, and repricing twice
// changes nothing the second time.
func TestRulesInAnyHistory(t *testing.T) {
	const most = 20 // each has a database of its own
	runs, failed := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > most && !failed {
			return
		}
		defer func() { failed = failed || rt.Failed() }() // then go on, so that rapid finds the smallest history
		w := newWorld(t)
		w.judge.Rates = byHand("EUR", "USD", rapid.SampledFrom([]string{"1.25", "0.333333333333", "1"}).Draw(rt, "rate"))
		redraw := func() {
			w.more = nil
			for i := range rapid.IntRange(0, 4).Draw(rt, "rules") {
				w.more = append(w.more, anyRule(rt, fmt.Sprintf("crl_%d", i)))
			}
			w.reload()
		}
		redraw()
		var sent []*event.Signal
		for n := range rapid.IntRange(3, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 6).Draw(rt, "step") {
			case 0:
				redraw()
			case 1:
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "days")) * 24 * time.Hour)
			case 2:
				for _, c := range w.conversions() {
					if c.Status == conversion.Pending && rapid.Bool().Draw(rt, "decide") {
						to := rapid.SampledFrom([]conversion.Status{conversion.Approved, conversion.Rejected}).Draw(rt, "to")
						err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error { return w.judge.Move(ctx, tx, c, to, "usr_1", "") })
						if err != nil {
							rt.Fatal(err)
						}
						break
					}
				}
			default:
				var lines []string
				for range rapid.IntRange(0, 4).Draw(rt, "lines") {
					lines = append(lines, fmt.Sprintf("%s:%s:%d.%02d:%d", rapid.SampledFrom([]string{"", "p", "q"}).Draw(rt, "product"), rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "category"),
						rapid.IntRange(0, 60).Draw(rt, "whole"), rapid.IntRange(0, 99).Draw(rt, "cents"), rapid.IntRange(1, 3).Draw(rt, "quantity")))
				}
				q := fmt.Sprintf("token=tok_shop&txid=%d&click_id=%s&currency=%s&customer=%s&commission_id=%s", n, w.click(), rapid.SampledFrom([]string{"USD", "EUR"}).Draw(rt, "currency"),
					rapid.SampledFrom([]string{"", "ann", "bob"}).Draw(rt, "customer"), rapid.SampledFrom([]string{"", "x"}).Draw(rt, "commission id"))
				if len(lines) > 0 {
					q += "&items=" + strings.Join(lines, "|")
				} else {
					q += fmt.Sprintf("&amount=%d", rapid.IntRange(0, 100).Draw(rt, "amount"))
				}
				s := &event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: q}
				if row := w.signal(s); row.Verdict != event.Accepted {
					rt.Fatalf("%s: %s: %s", q, row.Verdict, row.Detail)
				}
				sent = append(sent, s)
			}
		}
		total := func() (sum int64) {
			for _, c := range w.conversions() {
				if c.Status != conversion.Rejected {
					sum += c.Commission
				}
				if c.CommLines == "" {
					continue
				}
				var pays, sale int64
				for _, l := range c.Lines() {
					pays, sale = pays+l.Commission, sale+l.Sale
				}
				if pays != c.Commission || sale != c.SaleAmount {
					rt.Fatalf("the lines of %s sum to %d of %d sale, it pays %d of %d", c.Order, pays, sale, c.Commission, c.SaleAmount)
				}
			}
			if expense := w.balances()["commission_expense::USD"]; expense != sum || w.facts().Commission != sum {
				rt.Fatalf("conversions pay %d, the ledger has %d, the facts %d", sum, expense, w.facts().Commission)
			}
			return sum
		}
		before := total()
		for _, s := range sent {
			again := *s
			w.signal(&again)
		}
		if now := total(); now != before {
			rt.Fatalf("the same signals again change the total from %d to %d", before, now)
		}
		for _, c := range w.conversions() {
			w.reprice(c, true)
		}
		before = total()
		for _, c := range w.conversions() {
			if r := w.reprice(c, true); r.After != nil {
				rt.Fatalf("repriced again %s changes from %d to %d: %s", c.Order, c.Commission, r.After.Commission, r.After.CommRule)
			}
		}
	})
}
