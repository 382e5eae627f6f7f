package commission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/money"
)

// Condition is one kind of condition.
type Condition struct {
	Name  string // as the API names it
	Words string // what it is about
	given func(r *Rule) bool
	holds func(r *Rule, f *Facts, l *Line) bool
	says  func(r *Rule, f *Facts, l *Line) string // why it does not hold
	// meets reports whether one order can fulfil the condition of both, which both have.
	meets func(a, b *Rule) bool
}

// Given reports whether a rule has a condition of this kind.
func (c *Condition) Given(r *Rule) bool { return c.given(r) }

// Precedence lists the kinds of conditions, the most specific first. Of two rules the one
// is more specific that has the first condition of this list which only one of them has.
var Precedence = []Condition{
	oneOf("publishers", "the publisher", "publisher", func(r *Rule) []string { return r.If.Publishers }, func(f *Facts, _ *Line) string { return f.Publisher }),
	oneOf("groups", "the publisher's group", "publisher's group", func(r *Rule) []string { return r.If.Groups }, func(f *Facts, _ *Line) string { return f.Group }),
	oneOf("offer", "the offer", "offer", func(r *Rule) []string {
		if r.Offer == "" {
			return nil
		}
		return []string{r.Offer}
	}, func(f *Facts, _ *Line) string { return f.Offer }),
	oneOf("products", "the product of an item line", "product", func(r *Rule) []string { return r.If.Products }, func(_ *Facts, l *Line) string { return l.Product }),
	oneOf("categories", "the category of an item line", "category", func(r *Rule) []string { return r.If.Categories }, func(_ *Facts, l *Line) string { return l.Category }),
	oneOf("commission_ids", "the signal's commission_id", "commission_id", func(r *Rule) []string { return r.If.CommissionIDs }, func(f *Facts, _ *Line) string { return f.CommissionID }),
	oneOf("goals", "the goal", "goal", func(r *Rule) []string { return r.If.Goals }, func(f *Facts, _ *Line) string { return f.Goal }),
	oneOf("customer", "first order or repeat of the customer", "customer", func(r *Rule) []string {
		if r.If.Customer == "" {
			return nil
		}
		return []string{r.If.Customer}
	}, func(f *Facts, _ *Line) string { return f.Customer }),
	oneOf("countries", "the country", "country", func(r *Rule) []string { return r.If.Countries }, func(f *Facts, _ *Line) string { return f.Country }),
	{
		"order_min, order_max", "the value of the whole order",
		func(r *Rule) bool { return r.If.Min > 0 || r.If.Max > 0 },
		func(r *Rule, f *Facts, _ *Line) bool {
			return f.HasSale && f.Sale >= r.If.Min && (r.If.Max == 0 || f.Sale <= r.If.Max)
		},
		func(r *Rule, f *Facts, _ *Line) string {
			switch {
			case !f.HasSale:
				return "It is for orders of some value, and this one came without an amount."
			case f.Sale < r.If.Min:
				return "It is for orders of at least " + r.text(r.If.Min) + "."
			}
			return "It is for orders of at most " + r.text(r.If.Max) + "."
		},
		func(a, b *Rule) bool { return meet(a.If.Min, a.If.Max, b.If.Min, b.If.Max) },
	},
	{
		"from, until", "the time of the order",
		func(r *Rule) bool { return r.If.From > 0 || r.If.Until > 0 },
		func(r *Rule, f *Facts, _ *Line) bool {
			return f.At >= r.If.From && (r.If.Until == 0 || f.At < r.If.Until)
		},
		func(r *Rule, f *Facts, _ *Line) string {
			if f.At < r.If.From {
				return "It begins on " + when(r.If.From, f.Zone) + ", after the order."
			}
			return "It ended on " + when(r.If.Until, f.Zone) + ", before the order."
		},
		// Until is exclusive: the last instant is the one before.
		func(a, b *Rule) bool { return meet(a.If.From, a.If.Until-1, b.If.From, b.If.Until-1) },
	},
}

// meet reports whether two ranges with inclusive bounds have something in common; an upper
// bound of 0 or less is none.
func meet(aMin, aMax, bMin, bMax int64) bool {
	return (aMax <= 0 || bMin <= aMax) && (bMax <= 0 || aMin <= bMax)
}

func when(µs int64, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return time.UnixMicro(µs).In(zone).Format("2006-01-02 15:04 MST")
}

// oneOf is a condition that a fact is in a list.
func oneOf(name, words, noun string, list func(r *Rule) []string, fact func(f *Facts, l *Line) string) Condition {
	return Condition{
		name, words,
		func(r *Rule) bool { return len(list(r)) > 0 },
		func(r *Rule, f *Facts, l *Line) bool {
			has := fact(f, l)
			return has != "" && slices.Contains(list(r), has)
		},
		func(r *Rule, f *Facts, l *Line) string {
			has, wants := fact(f, l), list(r)
			if has == "" {
				return fmt.Sprintf("It is for %s %s, and the order's is not known.", noun, some(wants))
			}
			return fmt.Sprintf("It is for %s %s, and the order's is %s.", noun, some(wants), has)
		},
		func(a, b *Rule) bool {
			return slices.ContainsFunc(list(a), func(s string) bool { return slices.Contains(list(b), s) })
		},
	}
}

// some names the first few of a list.
func some(list []string) string {
	const most = 5
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
}

// Specificity ranks a rule by the conditions it has: the first of [Precedence] weighs more
// than all that follow.
func (r *Rule) Specificity() uint {
	var n uint
	for _, c := range Precedence {
		n <<= 1
		if c.given(r) {
			n |= 1
		}
	}
	return n
}

// compare puts the rule that wins first.
func compare(a, b *Rule) int {
	return cmp.Or(cmp.Compare(b.Specificity(), a.Specificity()), cmp.Compare(b.Priority, a.Priority), strings.Compare(a.ID, b.ID))
}

// What misses gives beside an index of [Precedence].
const (
	applies  = -1
	currency = -2 // the rule's amounts are in another one
)

// misses is the first condition of the rule that does not hold for a line.
func (r *Rule) misses(f *Facts, l *Line) int {
	for i := range Precedence {
		if c := &Precedence[i]; c.given(r) && !c.holds(r, f, l) {
			return i
		}
	}
	if r.HasAmounts() && r.Currency != f.Currency {
		return currency
	}
	return applies
}

// HasAmounts reports whether the rule has amounts of money, which are in its currency.
func (r *Rule) HasAmounts() bool {
	return r.If.Min > 0 || r.If.Max > 0 || r.Pay.HasFixed() || len(r.Pay.Tiers) > 0 && r.Pay.Measure == Sales
}

// beaten says why a rule that applies as well did not win.
func beaten(r, winner *Rule) string {
	a, b := r.Specificity(), winner.Specificity()
	for i, c := range Precedence {
		bit := uint(1) << (len(Precedence) - 1 - i)
		if a&bit != b&bit {
			return fmt.Sprintf("It applies too, but %s is more specific: it names %s.", winner.called(), c.Words)
		}
	}
	if r.Priority != winner.Priority {
		return fmt.Sprintf("It applies too and is as specific, but %s has the higher priority: %d, this one %d.", winner.called(), winner.Priority, r.Priority)
	}
	return "It applies too, as specific and with the same priority; " + winner.called() + " is older."
}

// called names the rule as people know it.
func (r *Rule) called() string {
	if r.Name == "" {
		return "the rule " + r.ID
	}
	return "the rule " + r.Name
}

// Ambiguous reports whether an order could fall under both rules with nothing but their
// age to say which of them wins.
func Ambiguous(a, b *Rule) bool {
	if a.ID == b.ID || a.Priority != b.Priority || a.Specificity() != b.Specificity() {
		return false
	}
	if a.HasAmounts() && b.HasAmounts() && a.Currency != b.Currency {
		return false
	}
	for _, c := range Precedence {
		if c.given(a) && !c.meets(a, b) {
			return false
		}
	}
	return true
}

// text is an amount of the rule.
func (r *Rule) text(minor int64) string {
	return money.Amount{Minor: minor, Currency: money.Currency(r.Currency)}.Format()
}
