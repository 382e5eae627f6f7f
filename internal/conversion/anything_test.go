package conversion_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// each does something with every conversion in a transaction of its own; what the rules
// refuse leaves nothing.
func (w *world) each(do func(ctx context.Context, tx books.Tx, c *conversion.Conversion) error) {
	w.t.Helper()
	for _, c := range w.conversions() {
		err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
			c, err := tx.GetConversion(ctx, "ws_1", c.ID)
			if err != nil {
				return err
			}
			return do(ctx, tx, c)
		})
		var refused *conversion.Refusal
		var state *conversion.StateError
		if err != nil && !errors.As(err, &refused) && !errors.As(err, &state) {
			w.t.Fatal(err)
		}
	}
}

// Whatever comes in whatever order, while terms, rates and currencies change, with
// refunds, holds, stated amounts and payout runs between: the facts,
// own and reported, and the ledger are what the conversions say, to the cent.
func TestFactsAndLedgerFollowTheConversions(t *testing.T) {
	made := 0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := newWorld(t)
		pick := func(s ...string) string { return s[r.IntN(len(s))] }
		rates := func() {
			rows := []money.RateRow{}
			for _, c := range []money.Currency{"USD", "JPY", "KWD"} {
				if r.IntN(4) > 0 {
					rows = append(rows, money.RateRow{Date: "2026-10-30", From: money.RateBase, To: c, Value: decimal.MustParse(fmt.Sprint(1+r.IntN(300)) + "." + fmt.Sprint(1+r.IntN(9))), Source: money.SourceECB})
				}
			}
			table := money.NewRates(rows)
			w.judge.Rates = func() *money.Rates { return table }
		}
		terms := func() {
			w.offer.Terms = catalog.Terms{PayoutKind: pick("fixed", "percent", "postback"), Payout: r.Int64N(900), PayoutPercent: "12.5", Precedence: pick("postback_wins", "manual_wins"),
				CommissionKind: pick("none", "fixed", "percent_payout", "percent_sale"), Commission: r.Int64N(500), CommissionPercent: "33.3"}
			w.offer.InitialStatus, w.offer.GeoSource = pick("pending", "approved"), pick("click", "postback")
			if w.offer.PayoutKind == "fixed" {
				w.offer.GeoPayouts = []catalog.GeoPayout{{Country: "GB", Payout: 777}}
			}
			w.offer.OverCap, w.offer.CapStates, w.offer.CapTimeZone = pick("pay", "hold", "refuse"), []string{"pending", "approved"}, "UTC"
			w.offer.Caps = []catalog.Cap{daily(1 + r.Int64N(4))}
			w.currency = pick("USD", "EUR", "JPY", "")
			w.reload()
		}
		rates()
		terms()
		ids := []string{w.click().String(), w.click().String()}
		for range 60 {
			q := "click_id=" + ids[r.IntN(2)] + pick("", "&txid=1", "&txid=2", "&txid=3") + pick("", "", "&payout=3.00", "&payout=7") + pick("", "", "&amount=80", "&amount=99") +
				pick("", "", "&currency=EUR", "&currency=JPY", "&currency=USD") + pick("", "&geo=GB")
			switch r.IntN(14) {
			case 0:
				rates()
			case 1:
				terms()
			case 2, 3:
				w.pixel("key=pixelkey&"+q, attribution.Slots(nil))
			case 4, 5, 6:
				w.postback("token=tok_shop&" + q + pick("", "", "&status=approved", "&status=rejected", "&status=pending"))
			case 7:
				for _, c := range w.conversions() {
					w.reprice(c, true)
				}
			case 8:
				for _, c := range w.conversions() {
					to := conversion.Status(pick("approved", "rejected", "reversed"))
					if conversion.Allowed(c.Status, to) && r.IntN(3) == 0 {
						w.move(c, to)
					}
				}
			case 9, 10:
				w.postback("token=tok_shop&" + q + "&status=refunded&refund_id=" + pick("a", "b", "c", "d") + pick("", "&amount=1", "&amount=33.33", "&amount=46.67"))
			case 11: // a payout run, which nobody asks for leave
				for _, c := range w.conversions() {
					if to := conversion.Status(pick("locked", "approved", "paid")); conversion.Allowed(c.Status, to) && !conversion.Decidable(c.Status, to) {
						w.move(c, to)
					}
				}
			case 12:
				w.each(func(ctx context.Context, tx books.Tx, c *conversion.Conversion) error {
					return w.judge.SetHold(ctx, tx, c, r.IntN(2) == 0, "usr_1", "because")
				})
			case 13:
				commission := r.Int64N(900)
				w.each(func(ctx context.Context, tx books.Tx, c *conversion.Conversion) error {
					if r.IntN(3) > 0 {
						return nil
					}
					_, _, err := w.judge.Restate(ctx, tx, c, conversion.Worth{Key: pick("x", "y"), Commission: &commission, Reason: "because", Actor: "usr_1"})
					return err
				})
			}
		}
		kept, err := w.db.Caps().Counts(t.Context(), "ws_1", "off_1", w.now.UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			n := int64(0)
			for _, c := range w.conversions() {
				if c.OverCap == "" && c.At >= k.Start && c.At < k.End && k.Takes(string(c.Status)) {
					n++
				}
			}
			if n != k.N {
				t.Errorf("seed %d: the count of %+v is %d, anew %d", seed, k.Counter, k.N, n)
			}
		}
		made += len(w.conversions())
		b := w.balances()
		type sum struct{ n, rev, com, sale, un int64 }
		want, have := map[string]sum{}, map[string]sum{}
		var rev, com, avail int64
		for _, c := range w.conversions() {
			if c.Status == conversion.Rejected || c.Status == conversion.Reversed {
				continue
			}
			rev, com = rev+c.Revenue, com+c.Commission
			if c.Status != conversion.Pending { // no line of a run moved anything here
				avail += c.Commission
			}
			s := want[c.ReportCurrency]
			s.n++
			conv := func(minor int64) int64 {
				if c.Report.Rate == "" {
					return 0
				}
				a, err := money.Convert(money.Amount{Minor: minor, Currency: "USD"}, money.Currency(c.ReportCurrency), decimal.MustParse(c.Report.Rate))
				if err != nil {
					t.Fatal(err)
				}
				return a.Minor
			}
			s.rev, s.com, s.sale = s.rev+conv(c.Revenue), s.com+conv(c.Commission), s.sale+conv(c.SaleAmount)
			if c.Report.Rate == "" && (c.Revenue != 0 || c.Commission != 0 || c.SaleAmount != 0) {
				s.un++
			}
			want[c.ReportCurrency] = s
		}
		if _, err := w.db.Books().NumberFacts(t.Context(), 10000); err != nil {
			t.Fatal(err)
		}
		rows, err := w.db.Books().FactsAfter(t.Context(), 0, 10000)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			f, err := event.DecodeFact(row.Fact)
			if err != nil {
				t.Fatal(err)
			}
			s := have[f.ReportCurrency]
			s.n, s.rev, s.com, s.sale, s.un = s.n+f.Conversions, s.rev+f.ReportRevenue, s.com+f.ReportCommission, s.sale+f.ReportSaleAmount, s.un+f.Unconverted
			have[f.ReportCurrency] = s
		}
		for k := range have {
			if have[k] != want[k] {
				t.Errorf("seed %d: %s: facts %+v, conversions %+v", seed, k, have[k], want[k])
			}
		}
		if b["revenue::USD"] != rev || b["publisher_available:pub_1:USD"] != avail || b["commission_expense::USD"] != com {
			t.Errorf("seed %d: ledger %v, want revenue %d, commission %d, available %d", seed, b, rev, com, avail)
		}
	}
	if made == 0 {
		t.Error("nothing was made")
	}
}
