// Package commission decides which commission rule an order falls under and what it pays.
//
// Invariants:
//   - Pure: rules and facts in, a decision with its reasons out. The judge, repricing and
//     the simulator all ask the same two functions, [Decide] and [Price].
//   - The order of precedence is total: the more specific rule wins by [Precedence], then
//     the higher priority, then the older id. Rules for which it would come to the id are
//     [Ambiguous], and are refused when they are saved.
//   - An amount is rounded once for each rule, never for each line; the lines' shares sum
//     to it exactly (rulebook P12).
package commission

import (
	"slices"
	"time"
)

// Rule is a commission rule: when its conditions all hold, it pays.
type Rule struct {
	ID       string
	Version  int64
	Name     string
	Offer    string // "" = all offers of the workspace
	Priority int64  // the higher wins among equally specific ones
	Currency string // of its amounts; where it has any, only orders in this currency fall under it
	If       Conditions
	Pay      Pay
}

// Conditions must all hold; the zero value of each is no condition.
type Conditions struct {
	Publishers    []string `json:"publishers,omitempty"`     // ids
	Groups        []string `json:"groups,omitempty"`         // ids, of publishers
	Products      []string `json:"products,omitempty"`       // ids of item lines
	Categories    []string `json:"categories,omitempty"`     // of item lines
	CommissionIDs []string `json:"commission_ids,omitempty"` // of the signal
	Goals         []string `json:"goals,omitempty"`          // keys
	Customer      string   `json:"customer,omitempty"`       // New or Repeat
	Countries     []string `json:"countries,omitempty"`      // ISO 3166-1 alpha-2
	Min           int64    `json:"min,omitempty"`            // least value of the whole order, minor units
	Max           int64    `json:"max,omitempty"`            // greatest, inclusive
	From          int64    `json:"from,omitempty"`           // µs of event time, inclusive
	Until         int64    `json:"until,omitempty"`          // µs, exclusive
}

// Values of [Conditions].Customer and [Facts].Customer.
const (
	New    = "new"    // the customer's first order
	Repeat = "repeat" // not its first
)

// Pay is what a rule pays.
type Pay struct {
	Kind    string `json:"kind"` // one of the Pay constants
	Fixed   int64  `json:"fixed,omitempty"`
	Percent string `json:"percent,omitempty"`
	// Months bounds for how long after a customer's first order its repeat orders are paid;
	// 0 = for ever.
	Months int64 `json:"months,omitempty"`

	// Tiers pay other amounts once the publisher's volume with the offer in the period
	// reaches a threshold, the order that reaches it included.
	Window
	Retroactive bool   `json:"retroactive,omitempty"` // reaching a tier lifts the period's earlier orders too
	Tiers       []Tier `json:"tiers,omitempty"`       // thresholds ascending
}

// Kinds of pay. Those of a percentage may have a fixed amount beside it.
const (
	PayNone          = "none"
	PayFixed         = "fixed"
	PayPercentSale   = "percent_sale"
	PayPercentPayout = "percent_payout"
	PayBothSale      = "fixed_percent_sale"
	PayBothPayout    = "fixed_percent_payout"
)

// OfSale reports whether the pay needs the sale amount.
func (p *Pay) OfSale() bool { return p.Kind == PayPercentSale || p.Kind == PayBothSale }

// HasPercent reports whether the pay has a percentage.
func (p *Pay) HasPercent() bool {
	return p.OfSale() || p.Kind == PayPercentPayout || p.Kind == PayBothPayout
}

// HasFixed reports whether the pay has a fixed amount.
func (p *Pay) HasFixed() bool {
	return p.Kind == PayFixed || p.Kind == PayBothSale || p.Kind == PayBothPayout
}

// Window is what a volume counts, and over which time.
type Window struct {
	Measure string `json:"measure,omitempty"` // Conversions or Sales
	Period  string `json:"period,omitempty"`  // Day, Week, Month or All
}

// Values of [Window]. Weeks begin on Monday.
const (
	Conversions = "conversions"
	Sales       = "sales" // minor units of sale amount

	Day   = "day"
	Week  = "week"
	Month = "month"
	All   = "all"
)

// Span is the period that an instant (µs) is in, from inclusive, to exclusive; all time is
// 0, 0.
func (w Window) Span(at int64, zone *time.Location) (from, to int64) {
	t := time.UnixMicro(at).In(zone)
	y, m, d := t.Date()
	var begin, end time.Time
	switch w.Period {
	case Day:
		begin, end = time.Date(y, m, d, 0, 0, 0, 0, zone), time.Date(y, m, d+1, 0, 0, 0, 0, zone)
	case Week:
		d -= (int(t.Weekday()) + 6) % 7
		begin, end = time.Date(y, m, d, 0, 0, 0, 0, zone), time.Date(y, m, d+7, 0, 0, 0, 0, zone)
	case Month:
		begin, end = time.Date(y, m, 1, 0, 0, 0, 0, zone), time.Date(y, m+1, 1, 0, 0, 0, 0, zone)
	default:
		return 0, 0
	}
	return begin.UnixMicro(), end.UnixMicro()
}

// Tier is what is paid from a threshold on.
type Tier struct {
	From    int64  `json:"from"` // conversions, or minor units of sales
	Fixed   int64  `json:"fixed,omitempty"`
	Percent string `json:"percent,omitempty"`
}

// Facts are what rules know of one order.
type Facts struct {
	Offer, Goal, Publisher, Group, Country string // Goal is a key
	Currency                               string // the offer's
	Sale, Payout                           int64  // minor units of the offer's currency
	HasSale                                bool
	CommissionID                           string
	Customer                               string // New, Repeat, "" = not known
	First                                  int64  // µs of the customer's first order, when it is a repeat
	At                                     int64  // µs
	Zone                                   *time.Location
	Lines                                  []Line // none: the order is one line
}

// Line is one item line of an order. The lines' amounts sum to the order's.
type Line struct {
	Product, Category string
	Quantity          int64
	Sale, Payout      int64 // its share of the order's
}

// lines are the order's, or the order as one line.
func (f *Facts) lines() []Line {
	if len(f.Lines) > 0 {
		return f.Lines
	}
	return []Line{{Quantity: 1, Sale: f.Sale, Payout: f.Payout}}
}

// Choice is what was decided about one line.
type Choice struct {
	Rule *Rule // nil: no rule applies, the terms beneath the rules do
}

// Decide finds for each line of the order (for an order without lines: once) the rule it
// falls under. The order of the rules has no influence.
func Decide(rules []*Rule, f *Facts) []Choice {
	lines := f.lines()
	out := make([]Choice, len(lines))
	for i := range lines {
		for _, r := range rules {
			if r.misses(f, &lines[i]) == applies && (out[i].Rule == nil || compare(r, out[i].Rule) < 0) {
				out[i].Rule = r
			}
		}
	}
	return out
}

// Why says in a sentence why a rule did not win a line that was decided.
func Why(r *Rule, f *Facts, line int, c Choice) string {
	l := &f.lines()[line]
	switch n := r.misses(f, l); {
	case n == currency:
		return "Its amounts are in " + r.Currency + ", and the offer is in " + f.Currency + "."
	case n != applies:
		return Precedence[n].says(r, f, l)
	case c.Rule == nil || c.Rule.ID == r.ID:
		return "It applies." // it is not among the rules that were asked, or has won
	}
	return beaten(r, c.Rule)
}

// Sorted gives rules as they take precedence, the first that could win first.
func Sorted(rules []*Rule) []*Rule { return slices.SortedFunc(slices.Values(rules), compare) }
