package console

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"clickledger/internal/report"
)

// statMetrics are the metrics lists and the dashboard show.
var statMetrics = []string{"visits", "clicks", "unique_visits", "conversions", "revenue", "commission"}

// money2 is what came in and what is owed for it, in one currency.
type money2 struct{ revenue, commission int64 }

// stat is one row of numbers: counts, and money by currency, never added up across.
type stat struct {
	visits, clicks, uniques, conversions int64
	money                                map[string]money2
}

func (s *stat) add(o *stat) {
	s.visits += o.visits
	s.clicks += o.clicks
	s.uniques += o.uniques
	s.conversions += o.conversions
	for cur, m := range o.money {
		s.put(cur, m.revenue, m.commission)
	}
}

func (s *stat) put(currency string, revenue, commission int64) {
	if currency == "" || (revenue == 0 && commission == 0) {
		return
	}
	if s.money == nil {
		s.money = map[string]money2{}
	}
	m := s.money[currency]
	m.revenue += revenue
	m.commission += commission
	s.money[currency] = m
}

// in gives the money in one currency.
func (s *stat) in(currency string) money2 { return s.money[currency] }

// stats asks the report for the numbers of every value of a dimension ("" = the
// whole) in the span, kept by the filters.
func (c *call) stats(dimension string, s span, filters ...report.Filter) (map[string]*stat, error) {
	return c.statsIn(c.ws.ID, dimension, s, filters...)
}

// statsIn is [call.stats] of another workspace, in this one's time zone.
func (c *call) statsIn(workspace, dimension string, s span, filters ...report.Filter) (map[string]*stat, error) {
	q := report.Question{
		Workspace: workspace, From: s.from, To: s.to, TimeZone: c.loc.String(), Basis: "event",
		Metrics: statMetrics, Filters: filters, Limit: 100_000,
	}
	if dimension != "" {
		q.Dimensions = []string{dimension}
	}
	// A page asks some of its questions twice, for figures and for bars.
	memo := fmt.Sprint(workspace, dimension, s.from, s.to, filters)
	if known, ok := c.asked[memo]; ok {
		return known, nil
	}
	t, err := c.Report.Run(c.r.Context(), q)
	if err != nil {
		return nil, fmt.Errorf("report by %s: %w", dimension, err)
	}
	for _, n := range t.Notes {
		if c.remarks == nil {
			c.remarks = map[string]bool{}
		}
		c.remarks[n.Text] = true
	}
	col := map[string]int{}
	for i, cl := range t.Columns {
		col[cl.Name] = i
	}
	out := map[string]*stat{}
	for _, r := range t.Rows { // one row per value, or, with several currencies, one each
		key := ""
		if dimension != "" {
			key = textOf(r, col, dimension)
		}
		st := out[key]
		if st == nil {
			st = &stat{}
			out[key] = st
		}
		st.visits += intOf(r, col, "visits")
		st.clicks += intOf(r, col, "clicks")
		st.uniques += intOf(r, col, "unique_visits")
		st.conversions += intOf(r, col, "conversions")
		st.put(textOf(r, col, "currency"), intOf(r, col, "revenue"), intOf(r, col, "commission"))
	}
	if c.asked == nil {
		c.asked = map[string]map[string]*stat{}
	}
	c.asked[memo] = out
	return out, nil
}

func intOf(r []any, col map[string]int, name string) int64 {
	i, ok := col[name]
	if !ok || i >= len(r) {
		return 0
	}
	n, _ := r[i].(int64)
	return n
}

func textOf(r []any, col map[string]int, name string) string {
	i, ok := col[name]
	if !ok || i >= len(r) {
		return ""
	}
	s, _ := r[i].(string)
	return s
}

// currencies lists the currencies of the stats, the workspace's first; it stands
// alone when there is no money.
func (c *call) currencies(all map[string]*stat) []string {
	set := map[string]bool{}
	for _, s := range all {
		for cur := range s.money {
			set[cur] = true
		}
	}
	if !set[c.ws.Currency] && len(set) > 0 {
		return sortedKeys(set)
	}
	delete(set, c.ws.Currency)
	return append([]string{c.ws.Currency}, sortedKeys(set)...)
}

// moneyCell writes one column of money: a number under a header with the currency
// when there is one currency, else a line for each with its own.
func moneyCell(s *stat, currencies []string, of func(money2) int64, signed bool) cell {
	write := amountCell
	if signed {
		write = signedCell
	}
	if len(currencies) == 1 {
		return write(of(s.in(currencies[0])), currencies[0])
	}
	out := cell{Class: "num"}
	for _, cur := range currencies {
		if m, ok := s.money[cur]; ok {
			one := write(of(m), cur)
			out.Lines = append(out.Lines, amountLine{one.Text, cur, one.Tone})
		}
	}
	if out.Lines == nil {
		out.Lines = []amountLine{{Text: "0", Tone: "zero"}}
	}
	return out
}

func revenueOf(m money2) int64    { return m.revenue }
func commissionOf(m money2) int64 { return m.commission }
func marginOf(m money2) int64     { return m.revenue - m.commission }

// The formulas of the metrics shown in lists, for the tooltips of their headers.
var formulas = map[string]string{
	"visits":      "Visits: entries through links. HEAD requests and prefetches are never counted.",
	"clicks":      "Clicks: arrivals at an offer. A link straight to an offer records a visit and a click at once.",
	"uniques":     "Uniques: visits that were the first to their offer for their browser, by the tracker cookie. Ten clicks of one person are ten clicks and one unique.",
	"conversions": "Conversions: accepted goal events, less rejected and reversed ones.",
	"cr":          "Conversion rate: conversions ÷ clicks.",
	"epc":         "Earnings per click: revenue ÷ clicks.",
	"revenue":     "Revenue: what advertisers pay us for conversions.",
	"commission":  "Commission: what we owe publishers for conversions.",
	"profit":      "Profit: revenue − commission.",
}

// statColumns are the columns of every list with numbers, sortable when the list is whole.
func (c *call) statColumns(currencies []string, sortable bool) []column {
	unit := ""
	if len(currencies) == 1 {
		unit = "\u00a0" + currencies[0]
	}
	cols := []column{
		{Label: "Visits", Class: "num opt", Help: formulas["visits"]},
		{Label: "Clicks", Class: "num tiny", Help: formulas["clicks"]},
		{Label: "Conv.", Class: "num", Help: formulas["conversions"]},
		{Label: "CR", Class: "num opt", Help: formulas["cr"]},
		{Label: "Revenue" + unit, Class: "num", Help: formulas["revenue"]},
		{Label: "Commission" + unit, Class: "num opt", Help: formulas["commission"]},
		{Label: "Profit" + unit, Class: "num", Help: formulas["profit"]},
	}
	if sortable {
		for i, name := range []string{"visits", "clicks", "conversions", "cr", "revenue", "commission", "profit"} {
			cols[i] = c.sortColumn(cols[i], name, true)
		}
	}
	return cols
}

// statCells are the cells under [call.statColumns].
func statCells(s *stat, currencies []string) []cell {
	if s == nil {
		s = &stat{}
	}
	cr := cell{Text: percentOf(s.conversions, s.clicks), Class: "num opt"}
	if s.clicks == 0 || s.conversions == 0 {
		cr.Tone = "zero"
	}
	return []cell{
		countCell(s.visits).with("opt"), countCell(s.clicks).with("tiny"), countCell(s.conversions), cr,
		moneyCell(s, currencies, revenueOf, false), moneyCell(s, currencies, commissionOf, false).with("opt"), moneyCell(s, currencies, marginOf, true),
	}
}

// uniqueColumn and uniqueCell are shown by lists where uniques matter, behind the clicks:
// see [withUniques].
func (c *call) uniqueColumn(sortable bool) column {
	col := column{Label: "Uniques", Class: "num opt", Help: formulas["uniques"]}
	if sortable {
		col = c.sortColumn(col, "uniques", true)
	}
	return col
}

func uniqueCell(s *stat) cell {
	if s == nil {
		s = &stat{}
	}
	return countCell(s.uniques).with("opt")
}

// withUniques puts the column or cell of uniques behind that of the clicks.
func withUniques[T any](numbers []T, uniques T) []T { return slices.Insert(numbers, 2, uniques) }

// commissionAt is the place of the commission behind [withUniques].
const commissionAt = 6

// statKey is the number a list is sorted by.
func statKey(s *stat, name, currency string) float64 {
	if s == nil {
		return 0
	}
	m := s.in(currency)
	switch name {
	case "visits":
		return float64(s.visits)
	case "clicks":
		return float64(s.clicks)
	case "uniques":
		return float64(s.uniques)
	case "conversions":
		return float64(s.conversions)
	case "cr":
		if s.clicks == 0 {
			return -1
		}
		return float64(s.conversions) / float64(s.clicks)
	case "revenue":
		return float64(m.revenue)
	case "commission":
		return float64(m.commission)
	case "profit":
		return float64(m.revenue - m.commission)
	case "epc":
		if s.clicks == 0 {
			return math.Inf(-1)
		}
		return float64(m.revenue) / float64(s.clicks)
	}
	return 0
}

// sortColumn makes a header sort the page: by the column, and the other way round
// when it is the one already.
func (c *call) sortColumn(col column, name string, descFirst bool) column {
	now := c.param("sort")
	col.Sorted = "none"
	next := name
	if descFirst {
		next = "-" + name
	}
	switch now {
	case "-" + name:
		col.Sorted, next = "descending", name
	case name:
		col.Sorted, next = "ascending", "-"+name
	}
	col.SortURL = c.same("sort", next, "after", "")
	return col
}

// sorting reads the URL's sort: the column, and whether it falls.
func (c *call) sorting() (name string, desc bool) {
	s := c.param("sort")
	return strings.TrimPrefix(s, "-"), strings.HasPrefix(s, "-")
}

func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// sortBy sorts keys by an order of the caller's.
func sortBy(keys []string, less func(a, b string) bool) {
	sort.SliceStable(keys, func(i, j int) bool { return less(keys[i], keys[j]) })
}
