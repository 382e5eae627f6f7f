package report

import (
	"fmt"
	"strings"

	"clickledger/internal/event"
)

// The statement is one SELECT, so that rows and totals are of one moment:
//
//	g  the facts, grouped by the dimensions and, where money is asked, by its currency k
//	v  g with the least and the greatest currency of each group, and its sums over all
//	r  v with rows that have no currency put to the only one of their group
//
// then r sorted and cut (part 0) and the totals (part 1), which t, z and u make of g
// in the same way, as one group. Columns are d0…, cur, split (1 in a group of several
// currencies), b0… (sums), w0… (the group's sums) and, where amounts are converted, un
// (conversions without a rate, in all of g).

// uuidText writes a click id as engines read a UUID; "" is the absent one.
func uuidText(s string) (string, bool) {
	if s == "" {
		return "00000000-0000-0000-0000-000000000000", true
	}
	if _, err := event.ParseClickID(s); err != nil {
		return "", false
	}
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], true
}

func (d *Dimension) sql(c *calendar) string {
	if d.clock != nil {
		return d.clock.sql(c)
	}
	return d.column
}

// where is the filter of every statement; values are parameters.
func (p *plan) where() (string, []any) {
	col := p.cal.column
	sql := "workspace = ? AND " + col + " >= " + num(p.cal.from) + " AND " + col + " < " + num(p.cal.to)
	args := []any{p.workspace}
	for _, c := range p.filters {
		text, more := c.sql(&p.cal)
		sql += " AND " + text
		args = append(args, more...)
	}
	return sql, args
}

func (c *condition) sql(cal *calendar) (string, []any) {
	expr := c.dim.sql(cal)
	if c.dim.clock != nil {
		list := make([]string, len(c.clocks))
		for i, v := range c.clocks {
			list[i] = num(v)
		}
		not := ""
		if c.op == opNe {
			not = " NOT"
		}
		return "(" + expr + ")" + not + " IN (" + strings.Join(list, ", ") + ")", nil
	}
	mark, none := "?", "''"
	if c.dim.column == clickIDColumn {
		zero, _ := uuidText("")
		mark, none = "CAST(? AS UUID)", "CAST('"+zero+"' AS UUID)"
	}
	args := make([]any, len(c.texts))
	for i, v := range c.texts {
		args[i] = v
	}
	switch c.op {
	case opEmpty:
		return expr + " = " + none, nil
	case opNotEmpty:
		return expr + " <> " + none, nil
	case opEq:
		return expr + " IN (" + repeat(mark, ", ", len(args)) + ")", args
	case opNe:
		return expr + " NOT IN (" + repeat(mark, ", ", len(args)) + ")", args
	case opContains:
		return "(" + repeat("position(? IN "+expr+") > 0", " OR ", len(args)) + ")", args
	default: // prefix: validation let no other operator through
		return "(" + repeat("position(? IN "+expr+") = 1", " OR ", len(args)) + ")", args
	}
}

func repeat(s, sep string, n int) string {
	return strings.TrimSuffix(strings.Repeat(s+sep, n), sep)
}

// baseSQL is the sum of a base.
func (p *plan) baseSQL(b *base) string {
	what := b.what
	if b.money && !p.original {
		what = "report_" + what
	}
	return "COALESCE(SUM(" + what + "), 0)"
}

// used lists the bases the metrics need, and those needed over whole groups.
func (p *plan) used() (own, whole []int) {
	var o, w [16]bool
	for _, m := range p.metrics {
		for _, t := range m.num {
			o[t.base] = true
		}
		for _, t := range m.den {
			o[t.base] = true
			w[t.base] = w[t.base] || (m.wholeGroup() && p.byCurrency && p.curDim < 0)
		}
	}
	if p.converted {
		o[baseIndex(unconvertedBase)] = true
	}
	for i := range bases {
		if o[i] {
			own = append(own, i)
		}
		if w[i] {
			whole = append(whole, i)
		}
	}
	return own, whole
}

// query is a statement with its arguments and the layout of its result: part, the
// dimensions, currency and split where used, own sums, group sums, un where used.
type query struct {
	sql   string
	args  []any
	own   []int
	whole []int
}

// groups are the grouping columns other than an explicit currency dimension.
func (p *plan) groups() []string {
	var cols []string
	for i := range p.dims {
		if i != p.curDim {
			cols = append(cols, fmt.Sprintf("d%d", i))
		}
	}
	return cols
}

func (p *plan) query() query {
	own, whole := p.used()
	where, args := p.where()
	groups := p.groups()

	var b strings.Builder
	// g
	b.WriteString("WITH g AS ")
	if p.byCurrency {
		b.WriteString("MATERIALIZED ")
	}
	var sel []string
	for i, d := range p.dims {
		if i != p.curDim {
			sel = append(sel, fmt.Sprintf("%s AS d%d", d.sql(&p.cal), i))
		}
	}
	if p.byCurrency {
		sel = append(sel, p.currencyDimension()+" AS k")
	}
	grouping := len(sel)
	for _, i := range own {
		sel = append(sel, fmt.Sprintf("%s AS b%d", p.baseSQL(&bases[i]), i))
	}
	fmt.Fprintf(&b, "(SELECT %s FROM facts WHERE %s%s)", strings.Join(sel, ", "), where, groupBy(grouping))

	from := "g"
	if p.byCurrency {
		from = "r"
		p.joined(&b, "g", "v", "r", groups, own, whole)
	}

	rows := fmt.Sprintf("SELECT 0 AS part, %s FROM %s ORDER BY %s LIMIT %d",
		strings.Join(p.resultColumns(groups, own, whole), ", "), from, p.orderBy(whole), p.limit+1)
	q := query{args: args, own: own, whole: whole}
	if !p.totals {
		q.sql = b.String() + " " + rows
		return q
	}
	p.totalsOf(&b, own, whole)
	total := p.resultColumns(groups, own, whole)
	for i := range groups {
		total[i] = "NULL AS " + groups[i]
	}
	// The rows are sorted again, behind the totals: UNION ALL promises no order.
	q.sql = fmt.Sprintf("%s SELECT * FROM ((%s) UNION ALL (SELECT 1 AS part, %s FROM u)) AS x ORDER BY part DESC, %s",
		b.String(), rows, strings.Join(total, ", "), p.orderBy(whole))
	return q
}

// totalsOf adds u, the totals, in the layout of r without dimensions.
func (p *plan) totalsOf(b *strings.Builder, own, whole []int) {
	sums := make([]string, len(own))
	for i, v := range own {
		sums[i] = fmt.Sprintf("COALESCE(SUM(b%d), 0) AS b%d", v, v)
	}
	if !p.byCurrency {
		fmt.Fprintf(b, ", u AS (SELECT %s FROM g)", strings.Join(sums, ", "))
		return
	}
	fmt.Fprintf(b, ", t AS (SELECT k, %s FROM g GROUP BY 1)", strings.Join(sums, ", "))
	p.joined(b, "t", "z", "u", nil, own, whole)
}

// joined adds the CTE out: the rows of in, with those of no currency joined to the
// only currency of their group, so that only groups of several are split.
// Where the currency is a dimension, the whole table is one group.
func (p *plan) joined(b *strings.Builder, in, mid, out string, groups []string, own, whole []int) {
	over := "()"
	if len(groups) > 0 && p.curDim < 0 {
		over = "(PARTITION BY " + strings.Join(groups, ", ") + ")"
	}
	fmt.Fprintf(b, ", %s AS (SELECT *, MIN(NULLIF(k, '')) OVER %s AS lo, MAX(k) OVER %s AS hi", mid, over, over)
	for _, i := range whole {
		fmt.Fprintf(b, ", SUM(b%d) OVER %s AS w%d", i, over, i)
	}
	sel := append(append([]string(nil), groups...), "CASE WHEN lo < hi THEN k ELSE hi END AS cur", "CASE WHEN lo < hi THEN 1 ELSE 0 END AS split")
	grouping := len(sel)
	for _, i := range own {
		sel = append(sel, fmt.Sprintf("SUM(b%d) AS b%d", i, i))
	}
	for _, i := range whole {
		sel = append(sel, fmt.Sprintf("MAX(w%d) AS w%d", i, i))
	}
	fmt.Fprintf(b, " FROM %s), %s AS (SELECT %s FROM %s%s)", in, out, strings.Join(sel, ", "), mid, groupBy(grouping))
}

func groupBy(n int) string {
	if n == 0 {
		return ""
	}
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint(i + 1)
	}
	return " GROUP BY " + strings.Join(keys, ", ")
}

// resultColumns casts the sums, which engines widen, to what a cell holds; one that
// does not fit is an error of the engine's.
func (p *plan) resultColumns(groups []string, own, whole []int) []string {
	columns := append([]string(nil), groups...)
	if p.byCurrency {
		columns = append(columns, "cur", "split")
	}
	for _, i := range own {
		columns = append(columns, fmt.Sprintf("CAST(b%d AS BIGINT) AS b%d", i, i))
	}
	for _, i := range whole {
		columns = append(columns, fmt.Sprintf("CAST(w%d AS BIGINT) AS w%d", i, i))
	}
	if p.converted {
		columns = append(columns, fmt.Sprintf("(SELECT CAST(SUM(b%d) AS BIGINT) FROM g) AS un", baseIndex(unconvertedBase)))
	}
	return columns
}

// orderBy sorts as asked, then by every dimension, so that the order is the same
// each time. Ratios are sorted by their floating-point value, undefined ones last, and
// amounts by minor units: across currencies no order means anything.
func (p *plan) orderBy(whole []int) string {
	var keys []string
	for _, o := range p.sort {
		var expr string
		switch {
		case o.metric != nil:
			expr = p.metricSQL(o.metric, whole)
		case o.currency || o.dim == p.curDim:
			expr = "cur"
		default:
			expr = fmt.Sprintf("d%d", o.dim)
		}
		if o.desc {
			expr += " DESC"
		}
		keys = append(keys, expr+" NULLS LAST")
	}
	for i := range p.dims {
		if i != p.curDim {
			keys = append(keys, fmt.Sprintf("d%d", i))
		}
	}
	if p.byCurrency {
		keys = append(keys, "cur")
	}
	if len(keys) == 0 {
		return "1"
	}
	return strings.Join(keys, ", ")
}

func (p *plan) metricSQL(m *Metric, whole []int) string {
	expr := termsSQL(m.num, "b")
	if !m.isRatio() {
		return expr
	}
	letter := "b"
	if m.wholeGroup() && len(whole) > 0 {
		letter = "w"
	}
	ratio := "CAST(" + expr + " AS DOUBLE) / NULLIF(" + termsSQL(m.den, letter) + ", 0)"
	if p.byCurrency && m.Bound() {
		return "CASE WHEN cur = '' AND split = 1 THEN NULL ELSE " + ratio + " END"
	}
	return ratio
}

func termsSQL(terms []term, letter string) string {
	var b strings.Builder
	b.WriteString("(")
	for i, t := range terms {
		switch {
		case t.sign < 0:
			b.WriteString(" - ")
		case i > 0:
			b.WriteString(" + ")
		}
		fmt.Fprintf(&b, "%s%d", letter, t.base)
	}
	b.WriteString(")")
	return b.String()
}
