package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/govalues/decimal"
	"pgregory.net/rapid"

	"clickledger/internal/books"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
	"clickledger/internal/payout"
)

// testPayoutProperty: whatever is approved, reversed, corrected, run, paid and failed, in
// whatever order, what publishers have earned is what is available, in payment and paid.
func testPayoutProperty(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	rates := money.NewRates([]money.RateRow{{From: money.RateBase, To: "JPY", Date: "2026-10-30", Value: decimal.MustParse("161.37"), Source: money.SourceECB}})
	w.Rates = func() *money.Rates { return rates }
	euros := german
	euros.Currency, euros.Exchange = "EUR", true // yen into euros
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_b", -1, euros))
	earned := map[string]int64{}
	var conversions []string
	of := map[string]string{} // publisher and currency of a conversion
	var runs []string
	exchanged := false
	rapid.Check(t, func(rt *rapid.T) {
		pick := func(list []string, what string) string {
			if len(list) == 0 {
				return ""
			}
			return list[max(0, len(list)-1-rapid.IntRange(0, 9).Draw(rt, what))] // mostly young ones
		}
		who := func() (publisher, currency string) {
			return rapid.SampledFrom([]string{"pub_a", "pub_b", "pub_c"}).Draw(rt, "publisher"), rapid.SampledFrom([]string{"EUR", "JPY"}).Draw(rt, "currency")
		}
		// expected is an error that the state of things explains.
		expected := func(err error) {
			var state *books.StateError
			var refusal *payout.Refusal
			if err != nil && !errors.As(err, &state) && !errors.As(err, &refusal) {
				rt.Fatal(err)
			}
		}
		steps := []func(){
			func() { // a sale that is approved
				p, c := who()
				n := rapid.Int64Range(1, 1000).Draw(rt, "commission")
				x := w.earned(p, c, n)
				conversions, of[x] = append(conversions, x), p+" "+c
				earned[p+" "+c] += n
			},
			func() {
				x := pick(conversions, "conversion")
				if x == "" {
					return
				}
				c := w.get(x)
				if c.Status != conversion.Approved {
					return
				}
				_, err := w.desk.Decide(ctx, finance, home, x, conversion.Reversed, "")
				expected(err)
				earned[of[x]] -= c.Commission
			},
			func() {
				p, c := who()
				n := rapid.Int64Range(-300, 300).Filter(func(n int64) bool { return n != 0 }).Draw(rt, "bonus")
				w.adjust("", p, c, n)
				earned[p+" "+c] += n
			},
			func() { // a refund, also of what a run has
				x := pick(conversions, "refunded")
				if x == "" {
					return
				}
				if w.status(x) == conversion.Reversed {
					return
				}
				p, c, _ := strings.Cut(of[x], " ")
				n := min(rapid.Int64Range(1, 500).Draw(rt, "refund"), w.get(x).Commission)
				if n == 0 {
					return
				}
				w.adjust(x, p, c, -n)
				earned[of[x]] -= n
			},
			func() {
				var o payout.Order
				if rapid.IntRange(0, 4).Draw(rt, "selected") == 0 {
					o.Currencies = []string{"JPY"}
				}
				runs = append(runs, w.run(o).ID)
			},
			func() {
				if r := pick(runs, "refreshed"); r != "" {
					_, err := w.Refresh(ctx, finance, home, r)
					expected(err)
				}
			},
			func() {
				if r := pick(runs, "approved"); r != "" {
					_, err := w.Approve(ctx, second, home, r, -1)
					expected(err)
				}
			},
			func() {
				if r := pick(runs, "approved"); r != "" {
					_, err := w.Refresh(ctx, finance, home, r)
					expected(err)
					_, err = w.Approve(ctx, second, home, r, -1)
					expected(err)
				}
			},
			func() {
				if r := pick(runs, "discarded"); r != "" && rapid.IntRange(0, 3).Draw(rt, "really") == 0 {
					_, err := w.Discard(ctx, finance, home, r)
					expected(err)
				}
			},
			func() {
				r := pick(runs, "settled")
				if r == "" {
					return
				}
				lines, err := w.Lines(ctx, finance, home, r)
				if err != nil {
					rt.Fatal(err)
				}
				if len(lines) == 0 {
					return
				}
				m := payout.Mark{To: payout.Paid, Lines: []string{lines[rapid.IntRange(0, len(lines)-1).Draw(rt, "line")].ID}}
				if rapid.Bool().Draw(rt, "fails") {
					m.To, m.Reason = payout.Failed, "no"
				}
				_, err = w.Settle(ctx, finance, home, r, m)
				expected(err)
			},
		}
		for range 12 {
			w.now = w.now.Add(time.Second)
			steps[rapid.IntRange(0, len(steps)-1).Draw(rt, "step")]()
		}
		have := map[string]int64{}
		for p, n := range w.nets(ledger.PublisherAvailable) {
			have[p] += n
		}
		for _, st := range []payout.State{payout.Approved, payout.Paid} {
			taken, err := s.Payouts.ListLines(ctx, payout.LineQuery{Workspace: home, State: st, Limit: 1000})
			if err != nil {
				rt.Fatal(err)
			}
			for _, l := range taken {
				have[l.Publisher+" "+l.Currency] += l.Amount
				exchanged = exchanged || l.PayCurrency != l.Currency
			}
		}
		for p, n := range earned {
			if have[p] != n {
				rt.Fatalf("%s has earned %d, of which %d are available, in payment or paid", p, n, have[p])
			}
		}
		w.sound()
	})
	if len(runs) == 0 || fmt.Sprint(w.nets(ledger.Bank)) == "map[]" || !exchanged {
		t.Fatal("nobody was ever paid, or in another currency: the test shows nothing")
	}
}
