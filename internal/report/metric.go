package report

import "strings"

// base is a sum over the facts; metrics are made of sums only, so that they add up
// over any grouping.
type base struct {
	name  string
	what  string // what is summed
	money bool   // an amount in minor units of the row's currency; what is then a column, and report_… beside it
	bound bool   // stands in rows that have a currency: amounts and conversions
}

var bases = []base{
	{"impressions", "impressions", false, false},
	{"visits", "visits", false, false},
	{"uniques", "uniques", false, false},
	{"bot_visits", "CASE WHEN bot <> '' THEN visits ELSE 0 END", false, false},
	{"clicks", "clicks", false, false},
	{"conversions", "conversions", false, true},
	{"events", "events", false, false},
	{"revenue", "revenue", true, true},
	{"commission", "commission", true, true},
	{"cost", "cost", true, true},
	{"sale_amount", "sale_amount", true, true},
	{unconvertedBase, "unconverted", false, true},
}

const unconvertedBase = "unconverted"

func baseIndex(name string) int {
	for i := range bases {
		if bases[i].name == name {
			return i
		}
	}
	panic("report: no base " + name) // the tables of this file are wrong; every test meets it
}

// Column types of metrics.
const (
	TypeText    = "text"
	TypeTime    = "time"
	TypeCount   = "count"
	TypeMoney   = "money"   // minor units
	TypePercent = "percent" // decimal text, two decimals
	TypeRatio   = "ratio"   // amount per unit: decimal text in the currency's unit, four decimals
)

// Metric documents one metric; the table is the engine, the API's reference and the
// console's captions at once.
type Metric struct {
	Name    string
	Label   string
	Type    string
	Formula string

	num, den []term
}

// term is a signed base.
type term struct {
	base int
	sign int64
}

// sum reads "revenue - cost" into terms.
func sum(expr string) []term {
	if expr == "" {
		return nil
	}
	var out []term
	sign := int64(1)
	for _, w := range strings.Fields(expr) {
		switch w {
		case "+":
			sign = 1
		case "-":
			sign = -1
		default:
			out = append(out, term{baseIndex(w), sign})
		}
	}
	return out
}

var metrics = func() []Metric {
	m := func(name, label, typ, formula, num, den string) Metric {
		return Metric{Name: name, Label: label, Type: typ, Formula: formula, num: sum(num), den: sum(den)}
	}
	return []Metric{
		m("impressions", "Impressions", TypeCount, "sum of impressions", "impressions", ""),
		m("visits", "Visits", TypeCount, "entries through a link or the direct script, bots included", "visits", ""),
		m("unique_visits", "Unique visits", TypeCount, "visits that were the first to their offer for their browser, by the tracker cookie", "uniques", ""),
		m("bot_visits", "Bot visits", TypeCount, "visits with a bot reason", "bot_visits", ""),
		m("human_visits", "Human visits", TypeCount, "visits − bot visits", "visits - bot_visits", ""),
		m("clicks", "Clicks", TypeCount, "arrivals at an offer", "clicks", ""),
		m("conversions", "Conversions", TypeCount, "accepted goal events, less the rejected and reversed", "conversions", ""),
		m("events", "On-site events", TypeCount, "events that pay nothing, such as viewed or added to cart", "events", ""),
		m("revenue", "Revenue", TypeMoney, "what advertisers pay us", "revenue", ""),
		m("commission", "Commission", TypeMoney, "what we owe publishers", "commission", ""),
		m("cost", "Cost", TypeMoney, "what we pay traffic sources", "cost", ""),
		m("sale_amount", "Sale amount", TypeMoney, "what customers paid", "sale_amount", ""),
		m("profit", "Profit", TypeMoney, "revenue − commission − cost", "revenue - commission - cost", ""),
		m("margin", "Margin", TypeMoney, "revenue − commission", "revenue - commission", ""),
		m("unconverted", "Without a rate", TypeCount, "conversions without an exchange rate to the reporting currency, whose amounts count as 0 in it", unconvertedBase, ""),
		m("click_rate", "Click rate", TypePercent, "clicks ÷ impressions; undefined without impressions", "clicks", "impressions"),
		m("ictr", "ICTR", TypePercent, "visits ÷ impressions", "visits", "impressions"),
		m("uvr", "Unique rate", TypePercent, "unique visits ÷ visits", "uniques", "visits"),
		m("bot_rate", "Bot rate", TypePercent, "bot visits ÷ visits", "bot_visits", "visits"),
		m("ctr", "CTR", TypePercent, "clicks ÷ visits", "clicks", "visits"),
		m("cr", "CR", TypePercent, "conversions ÷ clicks", "conversions", "clicks"),
		m("cv", "CV", TypePercent, "conversions ÷ visits", "conversions", "visits"),
		m("epc", "EPC", TypeRatio, "revenue ÷ clicks", "revenue", "clicks"),
		m("epv", "EPV", TypeRatio, "revenue ÷ visits", "revenue", "visits"),
		m("epm", "Commission per click", TypeRatio, "commission ÷ clicks", "commission", "clicks"),
		m("ap", "Average payout", TypeRatio, "revenue ÷ conversions", "revenue", "conversions"),
		m("ac", "Average commission", TypeRatio, "commission ÷ conversions", "commission", "conversions"),
		m("aov", "AOV", TypeRatio, "sale amount ÷ conversions", "sale_amount", "conversions"),
		m("cpv", "CPV", TypeRatio, "cost ÷ visits", "cost", "visits"),
		m("cpc", "CPC", TypeRatio, "cost ÷ clicks", "cost", "clicks"),
		m("cpa", "CPA", TypeRatio, "cost ÷ conversions", "cost", "conversions"),
		m("ppv", "Profit per visit", TypeRatio, "(revenue − commission − cost) ÷ visits", "revenue - commission - cost", "visits"),
		m("roi", "ROI", TypePercent, "(revenue − commission − cost) ÷ cost", "revenue - commission - cost", "cost"),
		m("roas", "ROAS", TypePercent, "revenue ÷ cost", "revenue", "cost"),
		m("margin_rate", "Margin rate", TypePercent, "(revenue − commission) ÷ revenue", "revenue - commission", "revenue"),
		m("commission_rate", "Commission rate", TypePercent, "commission ÷ revenue", "commission", "revenue"),
	}
}()

// Metrics lists every metric with its formula.
func Metrics() []Metric { return append([]Metric(nil), metrics...) }

func findMetric(name string) *Metric {
	for i := range metrics {
		if metrics[i].Name == name {
			return &metrics[i]
		}
	}
	return nil
}

func metricNames() string {
	names := make([]string, len(metrics))
	for i := range metrics {
		names[i] = metrics[i].Name
	}
	return strings.Join(names, ", ")
}

func (m *Metric) isRatio() bool { return m.den != nil }

// money reports whether the metric cannot be told without a currency.
func (m *Metric) money() bool {
	for _, t := range append(append([]term(nil), m.num...), m.den...) {
		if bases[t.base].money {
			return true
		}
	}
	return false
}

// Bound reports whether, in a group split by currency, the metric is told in the rows
// with a currency; the others are told in the row without one.
func (m *Metric) Bound() bool { return bases[m.num[0].base].bound }

// wholeGroup reports whether, in a group split by currency, the denominator counts
// the whole of it: visits and clicks have no currency of their own.
func (m *Metric) wholeGroup() bool {
	return m.isRatio() && m.Bound() && !bases[m.den[0].base].bound
}
