package facts

import (
	"fmt"

	"clickledger/internal/event"
)

// TextColumn is a text column of the table and the field of a fact it holds. Absent
// is the empty text, never NULL.
type TextColumn struct {
	Name string
	Of   func(*event.Fact) *string
}

// IntColumn is a number column of the table and the field of a fact it holds.
type IntColumn struct {
	Name string
	Of   func(*event.Fact) *int64
}

// Every engine's table has the columns seq (the log sequence), click_id (16 bytes,
// shown as 32 hex), those of [IntColumns] and those of [TextColumns], by these names.

// IntColumns lists the number columns: times are µs since the Unix epoch, UTC, and
// amounts are in minor units.
func IntColumns() []IntColumn {
	return []IntColumn{
		{"fact_no", func(f *event.Fact) *int64 { return &f.No }},
		{"event_at", func(f *event.Fact) *int64 { return &f.At }},
		{"visit_at", func(f *event.Fact) *int64 { return &f.Visit }},
		{"impressions", func(f *event.Fact) *int64 { return &f.Impressions }},
		{"visits", func(f *event.Fact) *int64 { return &f.Visits }},
		{"uniques", func(f *event.Fact) *int64 { return &f.Uniques }},
		{"clicks", func(f *event.Fact) *int64 { return &f.Clicks }},
		{"conversions", func(f *event.Fact) *int64 { return &f.Conversions }},
		{"events", func(f *event.Fact) *int64 { return &f.Events }},
		{"revenue", func(f *event.Fact) *int64 { return &f.Revenue }},
		{"commission", func(f *event.Fact) *int64 { return &f.Commission }},
		{"cost", func(f *event.Fact) *int64 { return &f.Cost }},
		{"sale_amount", func(f *event.Fact) *int64 { return &f.SaleAmount }},
		{"report_revenue", func(f *event.Fact) *int64 { return &f.ReportRevenue }},
		{"report_commission", func(f *event.Fact) *int64 { return &f.ReportCommission }},
		{"report_cost", func(f *event.Fact) *int64 { return &f.ReportCost }},
		{"report_sale_amount", func(f *event.Fact) *int64 { return &f.ReportSaleAmount }},
		{"unconverted", func(f *event.Fact) *int64 { return &f.Unconverted }},
	}
}

// TextColumns lists the text columns.
func TextColumns() []TextColumn {
	cols := []TextColumn{
		{"workspace", func(f *event.Fact) *string { return &f.Workspace }},
		{"kind", func(f *event.Fact) *string { return &f.Kind }},
		{"campaign", func(f *event.Fact) *string { return &f.Campaign }},
		{"link", func(f *event.Fact) *string { return &f.Link }},
		{"offer", func(f *event.Fact) *string { return &f.Offer }},
		{"advertiser", func(f *event.Fact) *string { return &f.Advertiser }},
		{"publisher", func(f *event.Fact) *string { return &f.Publisher }},
		{"enrollment", func(f *event.Fact) *string { return &f.Enrollment }},
		{"source", func(f *event.Fact) *string { return &f.Source }},
		{"external_id", func(f *event.Fact) *string { return &f.ExternalID }},
		{"keyword", func(f *event.Fact) *string { return &f.Keyword }},
		{"country", func(f *event.Fact) *string { return &f.Country }},
		{"region", func(f *event.Fact) *string { return &f.Region }},
		{"city", func(f *event.Fact) *string { return &f.City }},
		{"isp", func(f *event.Fact) *string { return &f.ISP }},
		{"connection", func(f *event.Fact) *string { return &f.Connection }},
		{"device", func(f *event.Fact) *string { return &f.Device }},
		{"brand", func(f *event.Fact) *string { return &f.Brand }},
		{"model", func(f *event.Fact) *string { return &f.Model }},
		{"os", func(f *event.Fact) *string { return &f.OS }},
		{"os_version", func(f *event.Fact) *string { return &f.OSVersion }},
		{"browser", func(f *event.Fact) *string { return &f.Browser }},
		{"browser_version", func(f *event.Fact) *string { return &f.BrowserVersion }},
		{"language", func(f *event.Fact) *string { return &f.Language }},
		{"referer_domain", func(f *event.Fact) *string { return &f.RefererDomain }},
		{"bot", func(f *event.Fact) *string { return &f.Bot }},
		{"suspect", func(f *event.Fact) *string { return &f.Suspect }},
		{"wanted_offer", func(f *event.Fact) *string { return &f.Wanted }},
		{"creative", func(f *event.Fact) *string { return &f.Creative }},
		{"reason", func(f *event.Fact) *string { return &f.Reason }},
		{"goal", func(f *event.Fact) *string { return &f.Goal }},
		{"conversion", func(f *event.Fact) *string { return &f.Conversion }},
		{"status", func(f *event.Fact) *string { return &f.Status }},
		{"method", func(f *event.Fact) *string { return &f.Method }},
		{"currency", func(f *event.Fact) *string { return &f.Currency }},
		{"report_currency", func(f *event.Fact) *string { return &f.ReportCurrency }},
	}
	for i := range event.Subs {
		cols = append(cols, TextColumn{fmt.Sprintf("sub%d", i+1), func(f *event.Fact) *string { return &f.Subs[i] }})
	}
	return cols
}
