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
		{"revenue", func(f *event.Fact) *int64 { return &f.Revenue }},
		{"commission", func(f *event.Fact) *int64 { return &f.Commission }},
		{"cost", func(f *event.Fact) *int64 { return &f.Cost }},
		{"sale_amount", func(f *event.Fact) *int64 { return &f.SaleAmount }},
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
		{"device", func(f *event.Fact) *string { return &f.Device }},
		{"os", func(f *event.Fact) *string { return &f.OS }},
		{"os_version", func(f *event.Fact) *string { return &f.OSVersion }},
		{"browser", func(f *event.Fact) *string { return &f.Browser }},
		{"browser_version", func(f *event.Fact) *string { return &f.BrowserVersion }},
		{"language", func(f *event.Fact) *string { return &f.Language }},
		{"referer_domain", func(f *event.Fact) *string { return &f.RefererDomain }},
		{"bot", func(f *event.Fact) *string { return &f.Bot }},
		{"suspect", func(f *event.Fact) *string { return &f.Suspect }},
		{"reason", func(f *event.Fact) *string { return &f.Reason }},
		{"goal", func(f *event.Fact) *string { return &f.Goal }},
		{"conversion", func(f *event.Fact) *string { return &f.Conversion }},
		{"status", func(f *event.Fact) *string { return &f.Status }},
		{"method", func(f *event.Fact) *string { return &f.Method }},
		{"currency", func(f *event.Fact) *string { return &f.Currency }},
	}
	for i := range event.Subs {
		cols = append(cols, TextColumn{fmt.Sprintf("sub%d", i+1), func(f *event.Fact) *string { return &f.Subs[i] }})
	}
	return cols
}
