package console

import (
	"html"
	"io"
	"strings"
	"testing"
)

// TestReportMoney: a report is in the workspace's currency unless its URL asks for the
// original ones, keeps what was chosen, and says how many conversions have no rate.
func TestReportMoney(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Reporting")
	w.populate(people)
	w.facts.rows = w.facts.rows[:0]
	code := w.ws.Currency
	add := func(currency string, visits, conversions, revenue, reported, unconverted int64) {
		f := fact(w.ws.ID, w.pubs[0].ID, w.now.UnixMicro())
		f.Currency, f.Visits, f.Clicks, f.Conversions, f.Revenue = currency, visits, visits, conversions, revenue
		if currency != "" {
			f.ReportCurrency, f.ReportRevenue, f.Unconverted = code, reported, unconverted
		}
		w.facts.rows = append(w.facts.rows, f)
	}
	add("", 10, 0, 0, 0, 0)
	add("JPY", 0, 1, 10000, 6200, 0)
	add("KWD", 0, 1, 12345, 3642, 0)
	add("XOF", 0, 2, 90000, 0, 2)
	name := w.pubs[0].Name
	const ask = "?d=publisher&m=visits&m=conversions&m=revenue"
	note := "2 conversions have no exchange rate and count as 0.00 here."
	for query, want := range map[string][]string{
		"":                 {"Revenue " + code, name + " 10 4 98.42", note},
		"&money=reporting": {name + " 10 4 98.42", note},
		"&money=original":  {name + " JPY 1 10 000", name + " KWD 1 12.345", name + " XOF 2 90 000", name + " – 10"},
	} {
		source := w.page(w.at("reports") + ask + query)
		page := strings.NewReplacer("\u00a0", " ", thin, " ").Replace(html.UnescapeString(text(source)))
		for _, s := range want {
			if !strings.Contains(page, s) {
				t.Errorf("%q: the report has no %q: %s", query, s, page)
			}
		}
		original := query == "&money=original"
		if strings.Contains(page, note) == original {
			t.Errorf("%q: the note on conversions without a rate", query)
		}
		if strings.Contains(source, `<option value="original" selected>`) != original || !strings.Contains(source, "in "+code+"</option>") {
			t.Errorf("%q: the choice of amounts is not kept", query)
		}
	}
	for query, want := range map[string]string{"": "," + code + ",4,98.42", "&money=original": ",KWD,1,12.345"} {
		res := w.request("GET", w.at("reports/export.csv")+"?d=publisher&m=conversions&m=revenue"+query, nil)
		csv, err := io.ReadAll(res.Body)
		if err != nil || !strings.Contains(string(csv), want) {
			t.Errorf("%q: the export has no %q: %s, %v", query, want, csv, err)
		}
	}
}
