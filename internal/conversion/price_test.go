package conversion_test

import (
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// TestPrices covers {fixed, percent, postback} × {payout sent or not} × precedence,
// and every kind of commission.
func TestPrices(t *testing.T) {
	for name, c := range map[string]struct {
		offer      catalog.Terms
		goal       catalog.Terms
		enrollment *catalog.Enrollment
		query      string
		revenue    int64
		commission int64
		warning    bool
	}{
		"fixed":                          {offer: catalog.Terms{PayoutKind: "fixed", Payout: 500}, revenue: 500},
		"fixed, payout sent":             {offer: catalog.Terms{PayoutKind: "fixed", Payout: 500}, query: "payout=7.25", revenue: 725},
		"fixed, zero sent":               {offer: catalog.Terms{PayoutKind: "fixed", Payout: 500}, query: "payout=0", revenue: 0},
		"fixed, manual wins":             {offer: catalog.Terms{PayoutKind: "fixed", Payout: 500, Precedence: "manual_wins"}, query: "payout=7.25", revenue: 500},
		"percent":                        {offer: catalog.Terms{PayoutKind: "percent", PayoutPercent: "12.5"}, query: "amount=99.99", revenue: 1250},
		"percent rounds half to even":    {offer: catalog.Terms{PayoutKind: "percent", PayoutPercent: "50"}, query: "amount=0.05", revenue: 2},
		"percent, payout sent":           {offer: catalog.Terms{PayoutKind: "percent", PayoutPercent: "10"}, query: "amount=10.00&payout=3.00", revenue: 300},
		"percent, manual wins":           {offer: catalog.Terms{PayoutKind: "percent", PayoutPercent: "10", Precedence: "manual_wins"}, query: "amount=10.00&payout=3.00", revenue: 100},
		"postback":                       {offer: catalog.Terms{PayoutKind: "postback"}, query: "payout=3.10", revenue: 310},
		"postback, manual wins":          {offer: catalog.Terms{PayoutKind: "postback", Precedence: "manual_wins"}, query: "payout=3.10", revenue: 310},
		"postback without value":         {offer: catalog.Terms{PayoutKind: "postback"}, warning: true},
		"postback, explicit zero":        {offer: catalog.Terms{PayoutKind: "postback", Payout: 400}, query: "payout=0.00", revenue: 0},
		"postback, default":              {offer: catalog.Terms{PayoutKind: "postback", Payout: 400}, revenue: 400},
		"lead with amount 0":             {offer: catalog.Terms{PayoutKind: "fixed", Payout: 250, CommissionKind: "fixed", Commission: 100}, query: "amount=0", revenue: 250, commission: 100},
		"commission fixed":               {offer: catalog.Terms{PayoutKind: "fixed", Payout: 500, CommissionKind: "fixed", Commission: 300}, revenue: 500, commission: 300},
		"commission of payout":           {offer: catalog.Terms{PayoutKind: "fixed", Payout: 333, CommissionKind: "percent_payout", CommissionPercent: "50"}, revenue: 333, commission: 166},
		"commission of sale":             {offer: catalog.Terms{PayoutKind: "fixed", Payout: 333, CommissionKind: "percent_sale", CommissionPercent: "8"}, query: "amount=50.00", revenue: 333, commission: 400},
		"goal overrides payout":          {offer: catalog.Terms{PayoutKind: "fixed", Payout: 1}, goal: catalog.Terms{PayoutKind: "fixed", Payout: 2}, revenue: 2},
		"goal overrides commission only": {offer: catalog.Terms{PayoutKind: "fixed", Payout: 1, CommissionKind: "fixed", Commission: 1}, goal: catalog.Terms{CommissionKind: "fixed", Commission: 9}, revenue: 1, commission: 9},
		"enrollment overrides all": {offer: catalog.Terms{PayoutKind: "fixed", Payout: 1000, CommissionKind: "fixed", Commission: 1}, goal: catalog.Terms{CommissionKind: "fixed", Commission: 9},
			enrollment: &catalog.Enrollment{CommissionKind: "percent_payout", CommissionPercent: "70"}, revenue: 1000, commission: 700},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.offer.Terms, w.goal.Terms = c.offer, c.goal
			w.reload()
			if e := c.enrollment; e != nil {
				e.Meta, e.Offer, e.Publisher, e.Status = meta("enr_1"), "off_1", "pub_1", catalog.Approved
				w.view = w.view.With([]catalog.Entity{e}, 8)
			}
			row := w.postback("token=tok_shop&click_id=" + w.click().String() + "&" + c.query)
			if row.Verdict != event.Accepted {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			got := w.conversions()[0]
			if got.Revenue != c.revenue || got.Commission != c.commission {
				t.Errorf("revenue %d and commission %d, want %d and %d (%s; %s)", got.Revenue, got.Commission, c.revenue, c.commission, got.PayoutRule, got.CommRule)
			}
			if got.PayoutRule == "" || got.CommRule == "" || (got.Warning != "") != c.warning {
				t.Errorf("rules %q, %q; warning %q", got.PayoutRule, got.CommRule, got.Warning)
			}
			w.balances()
		})
	}
}
