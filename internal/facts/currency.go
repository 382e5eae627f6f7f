package facts

import "clickledger/internal/event"

// OwnCurrency gives a fact with money but without a reporting currency its own: it was
// recorded before workspaces reported in one, when every amount was reported as it was.
// No rate of its day was kept, and counting it as nothing would take revenue away that
// reports had shown. Facts of one conversion, before and after, still cancel out.
func OwnCurrency(f *event.Fact) {
	if f.ReportCurrency != "" || f.Currency == "" {
		return
	}
	f.ReportCurrency, f.Unconverted = f.Currency, 0
	f.ReportRevenue, f.ReportCommission, f.ReportCost, f.ReportSaleAmount = f.Revenue, f.Commission, f.Cost, f.SaleAmount
}
