package commission

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/money"
)

// Base is the commission of the terms beneath the rules, for the lines that no rule
// applies to.
type Base struct {
	Kind    string // one of the Pay constants, or "" for none
	Fixed   int64
	Percent string
	From    string // who says so, in words
}

// Part is what one rule, or the base, pays for the lines that fall under it.
type Part struct {
	Rule  *Rule // nil = the base
	Tier  int   // which tier was reached, 0 = none
	Lines []int // indexes; 0 alone for an order without lines
	Minor int64
	Words string // how it was computed
}

// Priced is what an order pays.
type Priced struct {
	Minor int64
	Parts []Part  // each rule once, in the order of its first line
	Lines []int64 // what each line pays; they sum to Minor
}

// NoSale says that a commission is a percentage of a sale amount that was not brought.
type NoSale struct{ Percent string }

// Error says so.
func (e *NoSale) Error() string {
	return "the commission is " + e.Percent + " % of a sale amount that is not known"
}

// ErrRange says that a commission does not fit.
var ErrRange = errors.New("commission: out of range")

// MaxMinor bounds the commission of one order, in minor units: far above any, and far
// below what an account can add up.
const MaxMinor = 10_000_000_000_000

// Volumes are the publisher's volumes with the offer in the order's period as the tiers of
// each rule count them, by the rule's id, without the order itself.
type Volumes map[string]int64

// Needs lists the chosen rules that have tiers: they need a volume.
func Needs(choices []Choice) []*Rule {
	var out []*Rule
	for _, c := range choices {
		if c.Rule != nil && len(c.Rule.Pay.Tiers) > 0 && !slices.Contains(out, c.Rule) {
			out = append(out, c.Rule)
		}
	}
	return out
}

// With is the volume of a rule's tiers with the order itself.
func (v Volumes) With(r *Rule, f *Facts) int64 {
	if r.Pay.Measure == Sales {
		return v[r.ID] + f.Sale
	}
	return v[r.ID] + 1
}

// At is what the rule pays at a volume, and which of its tiers that is, from 1; 0 = none yet.
func (p *Pay) At(volume int64) (Pay, int) {
	now, tier := *p, 0
	for i, t := range p.Tiers {
		if volume >= t.From {
			now.Fixed, now.Percent, tier = t.Fixed, t.Percent, i+1
		}
	}
	return now, tier
}

// Price computes what the order pays by the choices made about its lines. It fails with
// [*NoSale] and [ErrRange].
//
// A percentage is of the amounts of all lines under the rule together, so that an order
// pays the same however it is cut into lines. A fixed amount is paid once an order, but
// by a rule about products or categories for each unit.
func Price(choices []Choice, f *Facts, v Volumes, base Base) (Priced, error) {
	lines := f.lines()
	out := Priced{Lines: make([]int64, len(lines))}
	at := map[*Rule]int{}
	for i, c := range choices {
		n, known := at[c.Rule]
		if !known {
			n = len(out.Parts)
			at[c.Rule] = n
			out.Parts = append(out.Parts, Part{Rule: c.Rule})
		}
		out.Parts[n].Lines = append(out.Parts[n].Lines, i)
	}
	for i := range out.Parts {
		p := &out.Parts[i]
		err := p.price(f, lines, v, base)
		if err != nil {
			return out, err
		}
		out.Minor += p.Minor
		if p.Minor > MaxMinor || out.Minor > MaxMinor {
			return out, ErrRange
		}
		shares, err := split(p.Minor, f.Currency, len(p.Lines), func(n int) int64 { return lines[p.Lines[n]].Sale })
		if err != nil {
			return out, err
		}
		for n, line := range p.Lines {
			out.Lines[line] = shares[n]
		}
	}
	return out, nil
}

// split divides an amount by weights, equally where all of them are 0.
func split(minor int64, currency string, n int, weight func(int) int64) ([]int64, error) {
	weights, sum := make([]int64, n), int64(0)
	for i := range weights {
		weights[i] = weight(i)
		sum += weights[i]
	}
	if sum == 0 {
		for i := range weights {
			weights[i] = 1
		}
	}
	parts, err := money.Split(money.Amount{Minor: minor, Currency: money.Currency(currency)}, weights)
	if err != nil {
		return nil, err
	}
	out := make([]int64, n)
	for i, p := range parts {
		out[i] = p.Minor
	}
	return out, nil
}

// Shares divides an amount of the order among its lines, by their weights; the shares sum
// to it exactly.
func Shares(minor int64, currency string, weights []int64) ([]int64, error) {
	return split(minor, currency, len(weights), func(i int) int64 { return weights[i] })
}

// price computes one part.
func (p *Part) price(f *Facts, lines []Line, v Volumes, base Base) error {
	pay, from := Pay{Kind: base.Kind, Fixed: base.Fixed, Percent: base.Percent}, base.From
	if p.Rule != nil {
		pay, p.Tier = p.Rule.Pay.At(v.With(p.Rule, f))
		from = fmt.Sprintf("%s, version %d", p.Rule.called(), p.Rule.Version)
		if p.Tier > 0 {
			from += fmt.Sprintf(", tier %d: %s", p.Tier, p.Rule.Reached(v.With(p.Rule, f)))
		}
		if ended(&pay, f) {
			p.Words = fmt.Sprintf("no commission: the customer's first order was on %s, and repeat orders are paid for %d months (%s)", when(f.First, f.Zone), pay.Months, from)
			return nil
		}
	}
	var sale, payout, units int64
	for _, i := range p.Lines {
		sale, payout, units = sale+lines[i].Sale, payout+lines[i].Payout, units+lines[i].Quantity
	}
	if p.Rule == nil || len(p.Rule.If.Products) == 0 && len(p.Rule.If.Categories) == 0 {
		units = 1
	}
	amount := func(minor int64) money.Amount {
		return money.Amount{Minor: minor, Currency: money.Currency(f.Currency)}
	}
	switch pay.Kind {
	case "", PayNone:
		p.Words = "no commission (" + from + ")"
		return nil
	case PayFixed, PayPercentSale, PayPercentPayout, PayBothSale, PayBothPayout:
	default:
		return fmt.Errorf("commission: %s has the kind %q", from, pay.Kind)
	}
	if pay.HasFixed() {
		if units > 0 && pay.Fixed > MaxMinor/units {
			return ErrRange
		}
		p.Minor, p.Words = pay.Fixed*units, "fixed commission "+amount(pay.Fixed*units).Format()
		if units != 1 {
			p.Words += fmt.Sprintf(" = %d × %s", units, amount(pay.Fixed).Format())
		}
	}
	if pay.HasPercent() {
		of, what := payout, "payout"
		if pay.OfSale() {
			of, what = sale, "sale"
			if !f.HasSale {
				return &NoSale{pay.Percent}
			}
		}
		pct, err := money.ParseDecimal(pay.Percent)
		if err != nil {
			return fmt.Errorf("commission percent of %s: %w", from, err)
		}
		share, err := money.Percent(amount(of), pct)
		if err != nil {
			return ErrRange
		}
		if pay.HasFixed() {
			p.Words += " and "
		}
		p.Words += fmt.Sprintf("commission %s %% of %s %s", pay.Percent, what, amount(of).Format())
		if p.Minor > MaxMinor || share.Minor > MaxMinor {
			return ErrRange
		}
		p.Minor += share.Minor
	}
	p.Words += " (" + from + ")"
	return nil
}

// Reached says a volume of the rule's tiers in words.
func (r *Rule) Reached(n int64) string {
	what := fmt.Sprintf("%d conversions", n)
	if r.Pay.Measure == Sales {
		what = "sales of " + r.text(n)
	}
	if r.Pay.Period == All {
		return what + " so far"
	}
	return what + " in the " + r.Pay.Period
}

// ended reports whether the time is over for which a customer's repeat orders are paid.
func ended(p *Pay, f *Facts) bool {
	if p.Months == 0 || f.Customer != Repeat {
		return false
	}
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	return f.At >= monthsAfter(time.UnixMicro(f.First).In(zone), int(p.Months)).UnixMicro()
}

// monthsAfter is the same time of day so many months later; where that month is shorter,
// on its last day.
func monthsAfter(t time.Time, months int) time.Time {
	y, m, d := t.Date()
	first := time.Date(y, m+time.Month(months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d, last)-1)
}
