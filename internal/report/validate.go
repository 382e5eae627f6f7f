package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Limits of a question.
const (
	MaxDimensions   = 8
	MaxMetrics      = 40
	MaxFilters      = 50
	MaxFilterValues = 1000 // of all filters together
	MaxValueBytes   = 2048
	MaxLimit        = 100_000
	DefaultLimit    = 1000
	MaxRangeDays    = 1100 // three years: this year beside the one before last
)

// Time bases.
const (
	BasisEvent = "event"
	BasisVisit = "visit"
)

// What amounts are told in.
const (
	// MoneyReporting is the workspace's reporting currency, at the rate of the day of
	// each conversion. Amounts of an earlier reporting currency stay in that one.
	MoneyReporting = "reporting"
	// MoneyOriginal is each conversion's own currency, its offer's.
	MoneyOriginal = "original"
)

var earliest, latest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// plan is a question that can be answered: names are resolved to entries of the
// tables here, and nothing of the question's text is left but values.
type plan struct {
	workspace string
	cal       calendar
	dims      []*Dimension
	metrics   []*Metric
	filters   []condition
	sort      []order
	limit     int
	totals    bool

	original   bool // amounts are in the conversions' own currencies
	converted  bool // there are amounts, and they are converted: what has no rate is counted
	byCurrency bool // rows are grouped by the currency of the amounts
	curDim     int  // index of that currency among dims, -1 when it is implicit or not used
}

// condition is one filter: either text values for parameters or numbers of a clock.
type condition struct {
	dim    *Dimension
	op     string
	texts  []string
	clocks []int64
}

// order sorts by a dimension, a metric or the implicit currency.
type order struct {
	dim      int // index, -1 when it is not one
	metric   *Metric
	currency bool
	desc     bool
}

func newPlan(q *Question) (*plan, error) {
	p := &plan{workspace: q.Workspace, totals: q.Totals, curDim: -1}
	if q.Workspace == "" {
		return nil, wrong("workspace", "required", "", "a report needs a workspace")
	}
	for _, step := range []func(*Question) error{p.time, p.money, p.columns, p.conditions, p.order} {
		if err := step(q); err != nil {
			return nil, err
		}
	}
	switch {
	case q.Limit == 0:
		p.limit = DefaultLimit
	case q.Limit < 0 || q.Limit > MaxLimit:
		return nil, wrong("limit", "range", fmt.Sprint(q.Limit), "the limit must be 1 to %d", MaxLimit)
	default:
		p.limit = q.Limit
	}
	return p, nil
}

func (p *plan) time(q *Question) error {
	switch {
	case q.From.IsZero():
		return wrong("from", "required", "", "a report needs a beginning")
	case q.To.IsZero():
		return wrong("to", "required", "", "a report needs an end")
	case q.From.Before(earliest) || q.From.After(latest):
		return wrong("from", "range", q.From.Format(time.RFC3339), "the beginning must be between 2000 and 2200")
	case q.To.After(latest):
		return wrong("to", "range", q.To.Format(time.RFC3339), "the end must be before 2200")
	case !q.From.Before(q.To):
		return wrong("to", "range", q.To.Format(time.RFC3339), "the end must be after the beginning")
	case q.To.Sub(q.From) > MaxRangeDays*24*time.Hour:
		return wrong("to", "too_large", q.To.Format(time.RFC3339), "a report covers at most %d days", MaxRangeDays)
	}
	name := q.TimeZone
	if name == "" {
		name = "UTC"
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return wrong("time_zone", "unknown", name, "the time zone is not an IANA name such as Europe/Berlin")
	}
	column := "event_at"
	switch q.Basis {
	case "", BasisEvent:
	case BasisVisit:
		column = "visit_at"
	default:
		return wrong("time_basis", "unknown", q.Basis, "the time basis is event or visit")
	}
	p.cal = newCalendar(column, loc, q.From, q.To)
	return nil
}

func (p *plan) money(q *Question) error {
	switch q.Money {
	case "", MoneyReporting:
	case MoneyOriginal:
		p.original = true
	default:
		return wrong("money", "unknown", q.Money, "money is reporting or original")
	}
	return nil
}

// currencyDimension is the dimension that is the currency of the amounts.
func (p *plan) currencyDimension() string {
	if p.original {
		return originalCurrency
	}
	return reportingCurrency
}

func (p *plan) columns(q *Question) error {
	if len(q.Dimensions) > MaxDimensions {
		return wrong("dimensions", "too_many", "", "at most %d dimensions", MaxDimensions)
	}
	for i, name := range q.Dimensions {
		field := fmt.Sprintf("dimensions[%d]", i)
		d := findDimension(name)
		if d == nil {
			return wrong(field, "unknown", name, "dimensions are %s", dimensionNames())
		}
		if slices.Contains(p.dims, d) {
			return wrong(field, "duplicate", name, "the dimension is there already")
		}
		p.dims = append(p.dims, d)
		if name == p.currencyDimension() {
			p.curDim, p.byCurrency = i, true
		}
	}
	if len(q.Metrics) == 0 {
		return wrong("metrics", "required", "", "a report needs a metric")
	}
	if len(q.Metrics) > MaxMetrics {
		return wrong("metrics", "too_many", "", "at most %d metrics", MaxMetrics)
	}
	for i, name := range q.Metrics {
		field := fmt.Sprintf("metrics[%d]", i)
		m := findMetric(name)
		if m == nil {
			return wrong(field, "unknown", name, "metrics are %s", metricNames())
		}
		if slices.Contains(p.metrics, m) {
			return wrong(field, "duplicate", name, "the metric is there already")
		}
		p.metrics = append(p.metrics, m)
		p.byCurrency = p.byCurrency || m.money()
		p.converted = p.converted || m.money() && !p.original
	}
	return nil
}

func (p *plan) conditions(q *Question) error {
	if len(q.Filters) > MaxFilters {
		return wrong("filters", "too_many", "", "at most %d filters", MaxFilters)
	}
	values := 0
	for i := range q.Filters {
		f := &q.Filters[i]
		field := fmt.Sprintf("filters[%d]", i)
		d := findDimension(f.Dimension)
		if d == nil {
			return wrong(field+".dimension", "unknown", f.Dimension, "dimensions are %s", dimensionNames())
		}
		if values += len(f.Values); values > MaxFilterValues {
			return wrong(field+".values", "too_many", "", "at most %d values in all filters together", MaxFilterValues)
		}
		c, err := p.condition(field, d, f)
		if err != nil {
			return err
		}
		p.filters = append(p.filters, c)
	}
	return nil
}

// Filter operators.
const (
	opEq       = "eq"
	opNe       = "ne"
	opContains = "contains"
	opPrefix   = "prefix"
	opEmpty    = "empty"
	opNotEmpty = "not_empty"
)

func (p *plan) condition(field string, d *Dimension, f *Filter) (condition, error) {
	c := condition{dim: d, op: f.Op}
	equality := f.Op == opEq || f.Op == opNe
	switch f.Op {
	case opEmpty, opNotEmpty:
		if len(f.Values) > 0 {
			return c, wrong(field+".values", "value", f.Values[0], "%s takes no values", f.Op)
		}
	case opEq, opNe, opContains, opPrefix:
		if len(f.Values) == 0 {
			return c, wrong(field+".values", "required", "", "%s needs a value", f.Op)
		}
	default:
		return c, wrong(field+".op", "op", f.Op, "operators are eq, ne, contains, prefix, empty, not_empty")
	}
	if d.clock != nil && !equality {
		return c, wrong(field+".op", "op", f.Op, "times are compared by eq and ne only")
	}
	if d.column == clickIDColumn && (f.Op == opContains || f.Op == opPrefix) {
		return c, wrong(field+".op", "op", f.Op, "click ids are compared whole")
	}
	for i, v := range f.Values {
		at := fmt.Sprintf("%s.values[%d]", field, i)
		switch {
		case len(v) > MaxValueBytes:
			return c, wrong(at, "too_large", v, "a value has at most %d bytes", MaxValueBytes)
		case strings.IndexByte(v, 0) >= 0:
			return c, wrong(at, "value", v, "a value cannot hold a zero byte")
		case v == "" && !equality:
			return c, wrong(at, "value", v, "%s needs a text to look for", f.Op)
		case d.clock != nil:
			n, ok := d.clock.parse(&p.cal, v)
			if !ok {
				return c, wrong(at, "value", v, "%s is written like %s", d.Name, d.clock.form)
			}
			c.clocks = append(c.clocks, n...)
			continue
		case d.column == clickIDColumn:
			id, ok := uuidText(v)
			if !ok {
				return c, wrong(at, "value", v, "a click id has 32 lowercase hex characters")
			}
			v = id
		}
		c.texts = append(c.texts, v)
	}
	return c, nil
}

func (p *plan) order(q *Question) error {
	if len(q.Sort) > MaxDimensions+MaxMetrics {
		return wrong("sort", "too_many", "", "at most %d sort keys", MaxDimensions+MaxMetrics)
	}
	for i, s := range q.Sort {
		o := order{dim: -1, desc: s.Desc}
		switch m := findMetric(s.By); {
		case m != nil && slices.Contains(p.metrics, m):
			o.metric = m
		case slices.Contains(q.Dimensions, s.By):
			o.dim = slices.Index(q.Dimensions, s.By)
		case p.implicitCurrency() && (s.By == p.currencyColumn() || s.By == p.currencyDimension()):
			o.currency = true
		default:
			return wrong(fmt.Sprintf("sort[%d].by", i), "unknown", s.By, "sort by a dimension or a metric of the question")
		}
		p.sort = append(p.sort, o)
	}
	if len(p.sort) == 0 {
		if len(p.dims) > 0 && p.dims[0].clock != nil {
			p.sort = append(p.sort, order{dim: 0})
		} else {
			p.sort = append(p.sort, order{dim: -1, metric: p.metrics[0], desc: true})
		}
	}
	return nil
}
