package console

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/report"
)

// reportPage is the explorer: a question in the URL, a table below.
type reportPage struct {
	Head        head
	Action      string
	Keep        []hidden
	Dimensions  []dimensionPick
	FilterBy    []choice
	FilterOps   []choice
	FilterValue string
	Bases       []choice
	Moneys      []choice
	Zone        string
	Zones       []string
	Metrics     []metricPick
	MetricCount string
	Problem     string
	Notes       []string
	Table       *table
}

type dimensionPick struct{ Choices []choice }

type metricPick struct {
	Name, Label, Help string
	Checked           bool
}

// Limits of the explorer's page; exports have the report's own.
const (
	reportRows  = 1000
	reportDims  = 4
	exportLimit = report.MaxLimit
)

// defaultMetrics and defaultDimension are what a fresh report asks.
var defaultMetrics = []string{"visits", "clicks", "unique_visits", "conversions", "cr", "revenue", "commission", "profit", "epc"}

const defaultDimension = "offer"

// zones are suggestions; every IANA name can be typed.
var zones = []string{"UTC", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney"}

// question reads the question from the URL.
func (c *call) question() report.Question {
	v := c.r.URL.Query()
	q := report.Question{
		Workspace: c.ws.ID, TimeZone: orElse(c.param("tz"), c.loc.String()), Basis: orElse(c.param("basis"), report.BasisEvent),
		Money: orElse(c.param("money"), report.MoneyReporting),
		Limit: reportRows, Totals: true,
	}
	seen := map[string]bool{"": true}
	for _, d := range v["d"] {
		if !seen[d] && len(q.Dimensions) < report.MaxDimensions {
			seen[d] = true
			q.Dimensions = append(q.Dimensions, d)
		}
	}
	if !v.Has("d") {
		q.Dimensions = []string{defaultDimension}
	}
	for _, m := range v["m"] {
		if !seen["m "+m] && len(q.Metrics) < report.MaxMetrics {
			seen["m "+m] = true
			q.Metrics = append(q.Metrics, m)
		}
	}
	if len(q.Metrics) == 0 {
		q.Metrics = defaultMetrics
	}
	if fd, fo := c.param("fd"), orElse(c.param("fo"), "eq"); fd != "" {
		f := report.Filter{Dimension: fd, Op: fo}
		if fo != "empty" && fo != "not_empty" {
			f.Values = []string{v.Get("fv")}
		}
		q.Filters = []report.Filter{f}
	}
	if by, desc := c.sorting(); by != "" {
		q.Sort = []report.Sort{{By: by, Desc: desc}}
	}
	// The span is of the zone the report asks for.
	loc, err := time.LoadLocation(q.TimeZone)
	if err != nil {
		loc = c.loc
	}
	s := parseSpan(v, loc, c.Now())
	q.From, q.To = s.from, s.to
	return q
}

// reports is the explorer.
func (c *call) reports() error {
	q := c.question()
	p := reportPage{Head: head{Title: "Report"}, Action: c.r.URL.Path, Zone: q.TimeZone, Zones: zones, FilterValue: c.r.URL.Query().Get("fv")}
	for k, vs := range c.span.query() {
		p.Keep = append(p.Keep, hidden{k, vs[0]})
	}
	if s := c.param("sort"); s != "" {
		p.Keep = append(p.Keep, hidden{"sort", s})
	}
	c.reportInputs(&p, q)
	t, err := c.Report.Run(c.r.Context(), q)
	var wrong *report.Error
	switch {
	case errors.As(err, &wrong):
		p.Problem = sentence(wrong.Msg)
		p.Table = &table{Empty: &empty{Sentence: "The question could not be answered; nothing is shown rather than something else."}}
		return showStatus(c, 422, "report", "Report", p)
	case err != nil:
		return err
	}
	p.Head.Note = plural(int64(len(t.Rows)), "row", "rows") + " in " + strings.TrimPrefix(gap(t.Took), "+")
	if t.More {
		p.Head.Note = "The first " + count(int64(len(t.Rows))) + " rows; the export has all of them"
	}
	p.Head.Actions = []action{{Label: "Export CSV", URL: c.exportURL(), Icon: "download", Download: true}}
	for _, n := range t.Notes {
		p.Notes = append(p.Notes, n.Text)
	}
	p.Table = c.reportTable(t, q)
	return show(c, "report", "Report", p)
}

func (c *call) exportURL() string {
	u := c.plain("reports/export.csv")
	if q := c.r.URL.RawQuery; q != "" {
		if v, err := url.ParseQuery(q); err == nil {
			u += "?" + v.Encode()
		}
	}
	return u
}

// reportInputs fills the question's form from the tables of dimensions and metrics.
func (c *call) reportInputs(p *reportPage, q report.Question) {
	dims := []choice{{Value: "", Label: "–"}}
	for _, d := range report.Dimensions() {
		dims = append(dims, choice{Value: d.Name, Label: d.Label})
	}
	for i := range max(reportDims, len(q.Dimensions)) {
		picked := ""
		if i < len(q.Dimensions) {
			picked = q.Dimensions[i]
		}
		if i > len(q.Dimensions) {
			break // one free place is enough; there is another after the next run
		}
		p.Dimensions = append(p.Dimensions, dimensionPick{selected(dims, picked)})
	}
	on := map[string]bool{}
	for _, m := range q.Metrics {
		on[m] = true
	}
	for _, m := range report.Metrics() {
		p.Metrics = append(p.Metrics, metricPick{m.Name, m.Label, m.Label + ": " + m.Formula, on[m.Name]})
	}
	p.MetricCount = itoa(len(q.Metrics))
	fd, fo := "", "eq"
	if len(q.Filters) > 0 {
		fd, fo = q.Filters[0].Dimension, q.Filters[0].Op
	}
	p.FilterBy = selected(append([]choice{{Value: "", Label: "None"}}, dims[1:]...), fd)
	p.FilterOps = selected(options("eq", "is", "ne", "is not", "contains", "contains", "prefix", "begins with", "empty", "is empty", "not_empty", "is not empty"), fo)
	p.Moneys = selected(options(report.MoneyReporting, "in "+c.ws.Currency, report.MoneyOriginal, "original"), q.Money)
	p.Bases = selected(options("event", "the event", "visit", "the visit"), q.Basis)
}

// reportTable shows the answer: ids with a name beside them become the name.
func (c *call) reportTable(t *report.Table, q report.Question) *table {
	out := &table{Label: "Report", Tall: true, Empty: &empty{Sentence: "Nothing happened in this time that matches. Choose another time or filter."}}
	cols := t.Columns
	hide := map[int]bool{}
	nameOf := map[int]int{} // column of ids → column of names
	for i, cl := range cols {
		if i > 0 && cl.Name == cols[i-1].Name+"_name" {
			hide[i] = true
			nameOf[i-1] = i
		}
	}
	currencyAt := -1
	for i, cl := range cols {
		if cl.Name == t.CurrencyColumn {
			currencyAt = i
		}
	}
	dims := map[string]bool{}
	for _, d := range q.Dimensions {
		dims[d] = true
	}
	implicit := currencyAt >= 0 && !dims[t.CurrencyColumn]
	only := oneCurrency(t, currencyAt)
	if only != "" && implicit {
		hide[currencyAt] = true // it stands in the headers
	}
	for i, cl := range cols {
		if hide[i] {
			continue
		}
		h := column{Label: cl.Label, Help: cl.Formula}
		if cl.Type != "text" && cl.Type != "time" {
			h.Class = "num"
		}
		if (cl.Type == "money" || cl.Type == "ratio" && moneyRatio(cl.Formula)) && only != "" {
			h.Label += "\u00a0" + only
		}
		if cl.Formula != "" {
			h.Help = cl.Label + ": " + cl.Formula
		}
		out.Columns = append(out.Columns, c.sortColumn(h, cl.Name, h.Class == "num"))
	}
	bound := map[string]bool{}
	for _, m := range report.Metrics() {
		bound[m.Name] = m.Bound()
	}
	// line writes a row; in one of several of a group stands only what is the row's own.
	line := func(r []any, total, split bool) row {
		var rw row
		cur := ""
		if currencyAt >= 0 && currencyAt < len(r) {
			cur, _ = r[currencyAt].(string)
		}
		first := true
		for i, cl := range cols {
			if hide[i] || i >= len(r) {
				continue
			}
			cell := c.reportCell(cl, r, i, nameOf, orElse(cur, only))
			if split && cl.Formula != "" && bound[cl.Name] == (cur == "") {
				cell.Text = ""
			}
			if first {
				first = false
				cell.Class = strings.TrimSpace(cell.Class + " lead")
				if total {
					cell.Text, cell.Tone, cell.Href = "Total", "", ""
				}
			} else if total && dims[cl.Name] && cl.Name != t.CurrencyColumn {
				cell.Text, cell.Tone, cell.Href = "", "", ""
			}
			rw.Cells = append(rw.Cells, cell)
		}
		return rw
	}
	for _, r := range t.Totals {
		out.Totals = append(out.Totals, line(r, len(q.Dimensions) > 0, implicit && len(t.Totals) > 1))
	}
	if len(q.Dimensions) == 0 {
		out.Totals = nil // the one row is the total
	}
	group := func(r []any) string { return fmt.Sprintf("%q", r[:max(currencyAt, 0)]) } // the currency stands behind the dimensions
	rows := map[string]int{}
	for _, r := range t.Rows {
		rows[group(r)]++
	}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, line(r, false, implicit && rows[group(r)] > 1))
	}
	return out
}

// moneyRatio reports whether a ratio is an amount per something.
func moneyRatio(formula string) bool {
	for _, w := range []string{"revenue", "commission", "cost", "sale amount"} {
		if strings.Contains(formula, w) {
			return true
		}
	}
	return false
}

// oneCurrency is the only currency of the table, "" when there are several or none.
func oneCurrency(t *report.Table, at int) string {
	if at < 0 {
		return ""
	}
	one := ""
	for _, r := range append(append([][]any(nil), t.Rows...), t.Totals...) {
		cur, _ := r[at].(string)
		if cur == "" {
			continue
		}
		if one != "" && one != cur {
			return ""
		}
		one = cur
	}
	return one
}

// reportCell shows one value by its column's type.
func (c *call) reportCell(cl report.Column, r []any, i int, nameOf map[int]int, currency string) cell {
	switch v := r[i].(type) {
	case nil:
		return cell{Text: undefined, Class: "num", Tone: "zero"}
	case int64:
		if cl.Type == "money" {
			if currency == "" {
				if v == 0 {
					return cell{Text: "0", Class: "num", Tone: "zero"}
				}
				currency = c.ws.Currency
			}
			if cl.Name == "profit" || cl.Name == "margin" {
				return signedCell(v, currency)
			}
			return amountCell(v, currency)
		}
		return countCell(v)
	case string:
		if cl.Type == "percent" || cl.Type == "ratio" {
			out := cell{Text: group(v), Class: "num"}
			if cl.Type == "percent" {
				out.Text += thin + "%"
			}
			if strings.Trim(v, "0.-") == "" {
				out.Tone = "zero"
			}
			return out
		}
		if n, ok := nameOf[i]; ok && n < len(r) {
			name, _ := r[n].(string)
			if v == "" {
				return cell{Text: "none", Tone: "muted"}
			}
			return cell{Text: orElse(name, v), Title: v, Href: c.dimensionURL(cl.Name, v), Class: "cut"}
		}
		if v == "" {
			return cell{Text: undefined, Tone: "zero"}
		}
		if cl.Name == "hour" {
			if t, err := time.Parse(time.RFC3339, v); err == nil {
				return cell{Text: t.Format("2006-01-02 15:00"), Title: v, Class: "nowrap"}
			}
		}
		return cell{Text: v, Title: v, Class: "cut"}
	}
	return cell{Text: undefined, Class: "num", Tone: "zero"}
}

// dimensionURL is the page of the row an id names.
func (c *call) dimensionURL(dimension, id string) string {
	for _, d := range report.Dimensions() {
		if d.Name == dimension {
			dimension = d.Kind()
			break
		}
	}
	switch k := catalog.Kind(dimension); k {
	case catalog.KindOffer, catalog.KindAdvertiser, catalog.KindPublisher, catalog.KindLink:
		return c.at(paths[k] + "/" + id)
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
