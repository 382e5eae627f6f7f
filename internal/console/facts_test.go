package console

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/facts"
	"clickledger/internal/report"
)

// factTable answers report questions over facts in memory, as far as pages ask them:
// it stands in for the engine so that page tests need no DuckDB.
type factTable struct {
	rows []event.Fact
	no   int64
	err  error
	// names resolves ids, as the engine does.
	names func(workspace, kind string, ids []string) map[string]string
}

// byCurrency are the sums of a group.
type byCurrency map[string]map[string]int64

// join puts what has no currency to the only currency there is, as the engine does,
// and gives the sums of the whole group.
func (g byCurrency) join() map[string]int64 {
	whole := map[string]int64{}
	for _, s := range g {
		for k, v := range s {
			whole[k] += v
		}
	}
	if len(g) == 2 && g[""] != nil {
		delete(g, "")
		for cur := range g {
			g[cur] = whole
		}
	}
	return whole
}

func (f *factTable) Run(_ context.Context, q report.Question) (*report.Table, error) {
	if f.err != nil {
		return nil, f.err
	}
	loc, err := time.LoadLocation(q.TimeZone)
	if err != nil {
		return nil, &report.Error{Field: "time_zone", Rule: "unknown", Msg: "the time zone is not an IANA name such as Europe/Berlin"}
	}
	known := map[string]report.Dimension{}
	for _, d := range report.Dimensions() {
		known[d.Name] = d
	}
	t := &report.Table{Rows: [][]any{}, Took: 1830}
	for _, d := range q.Dimensions {
		kd, ok := known[d]
		if !ok {
			return nil, &report.Error{Field: "dimensions", Rule: "unknown", Value: d, Msg: "there is no such dimension"}
		}
		t.Columns = append(t.Columns, report.Column{Name: d, Label: kd.Label, Type: kd.Type})
		if kd.Named {
			t.Columns = append(t.Columns, report.Column{Name: d + "_name", Label: kd.Label + " name", Type: "text"})
		}
	}
	t.CurrencyColumn = "currency"
	if q.Money != report.MoneyOriginal && (slices.Contains(q.Dimensions, "currency") || slices.Contains(q.Dimensions, "report_currency")) {
		t.CurrencyColumn = "report_currency"
	}
	implicit := !slices.Contains(q.Dimensions, t.CurrencyColumn)
	if implicit {
		t.Columns = append(t.Columns, report.Column{Name: t.CurrencyColumn, Label: "Currency", Type: "text"})
	}
	ms := map[string]report.Metric{}
	for _, m := range report.Metrics() {
		ms[m.Name] = m
	}
	for _, m := range q.Metrics {
		t.Columns = append(t.Columns, report.Column{Name: m, Label: ms[m].Label, Type: ms[m].Type, Formula: ms[m].Formula})
	}
	groups := map[string]byCurrency{}
	keys := map[string][]string{}
	total := byCurrency{}
	unconverted := int64(0)
	for i := range f.rows {
		r := f.amounts(i, q.Money)
		at := time.UnixMicro(r.At)
		if r.Workspace != q.Workspace || at.Before(q.From) || !at.Before(q.To) || !f.passes(r, q.Filters, loc) {
			continue
		}
		unconverted += r.Unconverted
		var key []string
		for _, d := range q.Dimensions {
			key = append(key, f.value(r, d, loc))
		}
		k := strings.Join(key, "\x1f")
		if groups[k] == nil {
			groups[k], keys[k] = byCurrency{}, key
		}
		for _, g := range []byCurrency{groups[k], total} {
			if g[r.Currency] == nil {
				g[r.Currency] = map[string]int64{}
			}
			for _, c := range facts.IntColumns() {
				g[r.Currency][c.Name] += *c.Of(r)
			}
		}
	}
	line := func(key []string, cur string, sums, whole map[string]int64) []any {
		var row []any
		for i, d := range q.Dimensions {
			row = append(row, key[i])
			if known[d].Named {
				row = append(row, "")
			}
		}
		if implicit {
			row = append(row, cur)
		}
		for _, m := range q.Metrics {
			row = append(row, metric(m, sums, whole))
		}
		return row
	}
	lines := func(key []string, g byCurrency) (rows [][]any) {
		whole := g.join()
		for _, cur := range sortedKeys(g) {
			rows = append(rows, line(key, cur, g[cur], whole))
		}
		return rows
	}
	for _, k := range sortedKeys(groups) {
		t.Rows = append(t.Rows, lines(keys[k], groups[k])...)
	}
	for i, c := range t.Columns {
		if f.names != nil && known[c.Name].Named {
			for _, r := range t.Rows {
				id, _ := r[i].(string)
				r[i+1] = f.names(q.Workspace, c.Name, []string{id})[id]
			}
		}
	}
	if q.Totals {
		t.Totals = lines(make([]string, len(q.Dimensions)), total)
	}
	if unconverted != 0 && q.Money != report.MoneyOriginal {
		t.Notes = append(t.Notes, report.Note{Code: report.NoteUnconverted, Count: unconverted, Text: fmt.Sprintf("%d conversions have no exchange rate and count as 0.00 here.", unconverted)})
	}
	if len(q.Sort) > 0 {
		at := slices.IndexFunc(t.Columns, func(c report.Column) bool { return c.Name == q.Sort[0].By })
		slices.SortStableFunc(t.Rows, func(a, b []any) int {
			d := strings.Compare(fmt.Sprintf("%020v", a[at]), fmt.Sprintf("%020v", b[at]))
			if q.Sort[0].Desc {
				return -d
			}
			return d
		})
	}
	if q.Limit > 0 && len(t.Rows) > q.Limit {
		t.Rows, t.More = t.Rows[:q.Limit], true
	}
	return t, nil
}

// amounts gives a fact with the currency and the amounts that a question is about in
// place of its own. The dimension of its own currency is lost by that; no page test
// groups by it.
func (f *factTable) amounts(i int, money string) *event.Fact {
	r := f.rows[i]
	facts.OwnCurrency(&r)
	if money != report.MoneyOriginal {
		r.Currency, r.Revenue, r.Commission, r.Cost, r.SaleAmount = r.ReportCurrency, r.ReportRevenue, r.ReportCommission, r.ReportCost, r.ReportSaleAmount
	}
	return &r
}

func (f *factTable) value(r *event.Fact, d string, loc *time.Location) string {
	at := time.UnixMicro(r.At).In(loc)
	switch d {
	case "date":
		return at.Format(time.DateOnly)
	case "hour":
		return at.Truncate(time.Hour).Format(time.RFC3339)
	case "click_id":
		return r.ID.String()
	}
	for _, c := range facts.TextColumns() {
		if c.Name == d {
			return *c.Of(r)
		}
	}
	return ""
}

func (f *factTable) passes(r *event.Fact, fs []report.Filter, loc *time.Location) bool {
	for _, fl := range fs {
		v := f.value(r, fl.Dimension, loc)
		ok := slices.Contains(fl.Values, v)
		if fl.Op == "contains" {
			ok = strings.Contains(v, fl.Values[0])
		}
		if !ok {
			return false
		}
	}
	return true
}

func metric(m string, s, whole map[string]int64) any {
	ratio := func(a, b int64, scale int64, digits int) any {
		if b == 0 {
			return nil
		}
		return big.NewRat(a*scale, b).FloatString(digits)
	}
	switch m {
	case "cr":
		return ratio(s["conversions"], whole["clicks"], 100, 2)
	case "epc":
		if whole["clicks"] == 0 {
			return nil
		}
		return big.NewRat(s["revenue"], whole["clicks"]*100).FloatString(4)
	case "unique_visits":
		return s["uniques"]
	case "margin":
		return s["revenue"] - s["commission"]
	case "profit":
		return s["revenue"] - s["commission"] - s["cost"]
	}
	return s[m]
}
