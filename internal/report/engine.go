package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/facts"
)

// Facts is what a report needs of a facts store.
type Facts interface {
	Query(ctx context.Context, sql string, args ...any) (facts.Result, error)
}

// NameResolver gives the names of the ids of one kind ([Dimension.Kind]); an id it
// does not know may be missing.
type NameResolver func(ctx context.Context, workspace, kind string, ids []string) map[string]string

// Engine answers questions from a facts store. It is safe for concurrent use.
type Engine struct {
	facts Facts
	names NameResolver
}

var _ Reporter = (*Engine)(nil)

// New makes an engine. With a resolver, every dimension of ids has a column of names
// beside it, "<dimension>_name"; names may be nil.
func New(store Facts, names NameResolver) *Engine { return &Engine{facts: store, names: names} }

// maxSum keeps sums of sums within 64 bits.
const maxSum = int64(1) << 61

// Run answers a question. A question that cannot be answered is a [*Error]; any
// other error is the store's.
//
// Money. Amounts are in the reporting currency or in the conversions' own currencies,
// as the question says. A table with an amount has a column "currency" of the currencies
// of its amounts ("report_currency" where the conversions' own currency is one of its
// dimensions), and amounts of several are never added. A group (the values of the dimensions; the totals are one group)
// in which only one currency occurs is one row with that currency, its visits and
// clicks beside its conversions and amounts; a group without money is one row with
// currency "". Only a group of several currencies is split: into a row per currency
// with its amounts and conversions, and a row with currency "" with its visits and
// clicks; no column counts anything twice. There, a ratio of an amount or of
// conversions to visits or clicks divides by the whole group's, since a visit has no
// currency, and is undefined in the row "".
//
// A table that asks for the currency of its amounts as a dimension is split, or not, as
// a whole: with several currencies every row is of its own currency, visits and clicks
// are in the rows "", and ratios are of each row alone.
//
// In the reporting currency a conversion without a rate stands in the row of that
// currency with amounts of 0, and a note counts these over the whole answer. Amounts of
// an earlier reporting currency stay in that one; so do those of conversions that were
// recorded before there were reporting currencies, each in its own (see
// [facts.OwnCurrency]).
func (e *Engine) Run(ctx context.Context, q Question) (*Table, error) {
	began := time.Now()
	p, err := newPlan(&q)
	if err != nil {
		return nil, err
	}
	stmt := p.query()
	res, err := e.facts.Query(ctx, stmt.sql, stmt.args...)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	t := &Table{Columns: p.tableColumns(e.names != nil), Rows: [][]any{}}
	for _, raw := range res.Rows {
		row, total, err := p.row(&stmt, raw, e.names != nil)
		if err != nil {
			return nil, err
		}
		if total {
			t.Totals = append(t.Totals, row)
		} else {
			t.Rows = append(t.Rows, row)
		}
	}
	if len(t.Rows) > p.limit {
		t.Rows, t.More = t.Rows[:p.limit], true
	}
	// With nothing to group and nothing found, a sum is still a row of zeros.
	if len(p.dims) == 0 && len(t.Rows) == 0 {
		t.Rows = append(t.Rows, p.zeroRow(e.names != nil))
	}
	if p.totals && len(t.Totals) == 0 {
		t.Totals = append(t.Totals, p.zeroRow(e.names != nil))
	}
	if p.byCurrency {
		t.CurrencyColumn = p.currencyColumn()
	}
	if p.converted {
		t.Notes = p.notes(res.Rows)
	}
	if e.names != nil {
		e.fillNames(ctx, p, t)
	}
	t.Took = time.Since(began).Microseconds()
	return t, nil
}

func (p *plan) implicitCurrency() bool { return p.byCurrency && p.curDim < 0 }

// currencyColumn is the name of the column with the currency of the amounts, whether it
// was asked for as a dimension or not.
func (p *plan) currencyColumn() string {
	if p.curDim >= 0 {
		return p.currencyDimension()
	}
	if slices.ContainsFunc(p.dims, func(d *Dimension) bool { return d.Name == originalCurrency }) {
		return reportingCurrency
	}
	return originalCurrency
}

func (p *plan) tableColumns(names bool) []Column {
	var cols []Column
	for _, d := range p.dims {
		cols = append(cols, Column{Name: d.Name, Label: d.Label, Type: d.Type})
		if names && d.Named {
			cols = append(cols, Column{Name: d.Name + "_name", Label: d.Label + " name", Type: TypeText})
		}
	}
	if p.implicitCurrency() {
		d := findDimension(p.currencyColumn())
		cols = append(cols, Column{Name: d.Name, Label: d.Label, Type: d.Type})
	}
	for _, m := range p.metrics {
		cols = append(cols, Column{Name: m.Name, Label: m.Label, Type: m.Type, Formula: m.Formula})
	}
	return cols
}

// row turns a row of the result (see query) into one of the table.
func (p *plan) row(stmt *query, raw []any, names bool) (row []any, total bool, err error) {
	total = raw[0] == int64(1)
	raw = raw[1:]
	groups := len(p.dims)
	if p.curDim >= 0 {
		groups--
	}
	dims, rest := raw[:groups], raw[groups:]
	code, split := "", false
	if p.byCurrency {
		code, split = text(rest[0]), number(rest[1]) == 1
		rest = rest[2:]
	}
	var sums, whole [16]int64
	for i, b := range stmt.own {
		sums[b] = number(rest[i])
		if sums[b] > maxSum || sums[b] < -maxSum {
			return nil, false, wrong("metrics", "too_large", bases[b].name, "the sum does not fit; ask for a shorter range")
		}
	}
	whole = sums
	for i, b := range stmt.whole {
		whole[b] = number(rest[len(stmt.own)+i])
	}

	row = make([]any, 0, 2*len(p.dims)+1+len(p.metrics))
	for i, d := range p.dims {
		switch {
		case i == p.curDim:
			row = append(row, code)
			continue
		case total:
			row = append(row, "")
		case d.clock != nil:
			row = append(row, d.clock.text(&p.cal, number(dims[0])))
		default:
			row = append(row, text(dims[0]))
		}
		dims = dims[1:]
		if names && d.Named {
			row = append(row, "")
		}
	}
	if p.implicitCurrency() {
		row = append(row, code)
	}
	for _, m := range p.metrics {
		row = append(row, m.value(sums[:], whole[:], code, split))
	}
	return row, total, nil
}

func (p *plan) zeroRow(names bool) []any {
	var row []any
	for _, c := range p.tableColumns(names) {
		switch c.Type {
		case TypeText, TypeTime:
			row = append(row, "")
		case TypePercent, TypeRatio:
			row = append(row, nil)
		default:
			row = append(row, int64(0))
		}
	}
	return row
}

func text(v any) string { s, _ := v.(string); return s }

func number(v any) int64 { n, _ := v.(int64); return n }

// fillNames asks for the names of each dimension's ids at once.
func (e *Engine) fillNames(ctx context.Context, p *plan, t *Table) {
	for c := range t.Columns {
		d := findDimension(t.Columns[c].Name)
		if d == nil || !d.Named {
			continue
		}
		seen := make(map[string]bool)
		var ids []string
		for _, row := range t.Rows {
			if id := text(row[c]); id != "" && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		if len(ids) == 0 {
			continue
		}
		found := e.names(ctx, p.workspace, d.Kind(), ids)
		for _, row := range t.Rows {
			row[c+1] = found[text(row[c])]
		}
	}
}
