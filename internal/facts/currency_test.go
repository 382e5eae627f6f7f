package facts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
	"clickledger/internal/facts"
)

// TestOwnCurrency: only a fact with money and no reporting currency is completed, and
// what it was told about rates does not matter then.
func TestOwnCurrency(t *testing.T) {
	old := event.Fact{Currency: "JPY", Conversions: 1, Revenue: 5, Commission: 4, Cost: 3, SaleAmount: 2}
	reported := old
	reported.ReportCurrency, reported.ReportRevenue, reported.ReportCommission, reported.ReportCost, reported.ReportSaleAmount = "JPY", 5, 4, 3, 2
	changed := old // by a program that knows reporting currencies, of a conversion that has none
	changed.Unconverted = 1
	converted := old
	converted.ReportCurrency, converted.ReportRevenue = "EUR", 1
	without := old
	without.ReportCurrency, without.Unconverted = "EUR", 1
	for _, c := range []struct{ in, want event.Fact }{
		{event.Fact{Visits: 1}, event.Fact{Visits: 1}},
		{old, reported}, {changed, reported}, {reported, reported}, {converted, converted}, {without, without},
	} {
		got := c.in
		facts.OwnCurrency(&got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v: %s", c.in, diff)
		}
	}
}
