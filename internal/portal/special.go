package portal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/money"
)

// Special is what conversions pay the publisher under conditions: a commission rule as far
// as it can concern it. Neither its name nor whom else it is about is told.
type Special struct {
	Goals       []string   `json:"goals" nullable:"false" doc:"Keys of the goals it is for; empty: all."`
	When        []string   `json:"when" nullable:"false" doc:"What must hold, each in words."`
	From        *time.Time `json:"from" doc:"From when on; null: already."`
	Until       *time.Time `json:"until" doc:"Until when; null: until further notice."`
	Kind        string     `json:"kind" enum:"none,fixed,percent_sale,fixed_percent_sale,varies" doc:"As of a commission."`
	Amount      string     `json:"amount" doc:"The amount when fixed; else empty."`
	Percent     string     `json:"percent" doc:"The percentage of the sale; else empty."`
	Months      int64      `json:"months" doc:"For how many months after a customer's first order its repeat orders are paid; 0: for ever."`
	TierMeasure string     `json:"tier_measure" enum:",conversions,sales" doc:"What the tiers count, of yours with the offer."`
	TierPeriod  string     `json:"tier_period" enum:",day,week,month,all" doc:"Over which period."`
	Retroactive bool       `json:"retroactive" doc:"Reaching a tier lifts the period's earlier orders as well."`
	Tiers       []TierPay  `json:"tiers" nullable:"false" doc:"Other amounts from a volume on, ascending."`
}

// TierPay is what is paid from a volume on.
type TierPay struct {
	From    string `json:"from" doc:"The volume: a number of conversions, or an amount of sales."`
	Amount  string `json:"amount" doc:"The amount; empty: none."`
	Percent string `json:"percent" doc:"The percentage; empty: none."`
}

// shownLabels is how many products or categories are told in words.
const shownLabels = 5

// some lists labels, the first few of many.
func some(labels []string) string {
	if len(labels) <= shownLabels {
		return strings.Join(labels, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(labels[:shownLabels], ", "), len(labels)-shownLabels)
}

// rulesOf are the commission rules that can concern the publisher with the offer, as they
// take precedence.
func (s *shelf) rulesOf(all []*catalog.CommissionRule) []*commission.Rule {
	var out []*commission.Rule
	for _, r := range all {
		c := r.If
		mine := (len(c.Publishers) == 0 || slices.Contains(c.Publishers, s.publisher.ID)) && (len(c.Groups) == 0 || slices.Contains(c.Groups, s.publisher.Group))
		if mine && r.Live() && (r.Offer == "" || r.Offer == s.offer.ID) {
			out = append(out, r.Rule())
		}
	}
	return commission.Sorted(out)
}

// plainly is the rule by which a goal's conversions are paid at an instant where nothing
// else is known of them, nil: none.
func (s *shelf) plainly(g *catalog.Goal, at int64) *commission.Rule {
	if s.enrollment != nil && s.enrollment.CommissionKind != "" {
		return nil // its own commission wins over every rule
	}
	return commission.Decide(s.rules, &commission.Facts{Offer: s.offer.ID, Goal: g.Key, Publisher: s.publisher.ID, Group: s.publisher.Group, Currency: s.offer.Currency, At: at})[0].Rule
}

// conditional reports whether a rule pays otherwise than always the same.
func conditional(r *commission.Rule, now int64) bool {
	c := r.If
	return len(c.Products)+len(c.Categories)+len(c.CommissionIDs)+len(c.Countries) > 0 || c.Customer != "" || c.Min > 0 || c.Max > 0 || c.From > now || r.Pay.Months > 0 || len(r.Pay.Tiers) > 0
}

// specials are the rules whose pay depends on the order.
func (s *shelf) specials(now int64) []Special {
	out := []Special{}
	if s.enrollment != nil && s.enrollment.CommissionKind != "" {
		return out
	}
	for _, r := range s.rules {
		c := r.If
		amounts := r.Pay.HasFixed() || c.Min > 0 || c.Max > 0 || r.Pay.Measure == commission.Sales
		if !conditional(r, now) || c.Until > 0 && c.Until <= now || amounts && r.Currency != s.offer.Currency {
			continue
		}
		v := Special{Goals: copied(c.Goals), When: []string{}, Until: maybeTime(c.Until), Months: r.Pay.Months, TierMeasure: r.Pay.Measure, TierPeriod: r.Pay.Period, Retroactive: r.Pay.Retroactive, Tiers: []TierPay{}}
		if c.From > now {
			v.From = maybeTime(c.From)
		}
		say := func(holds bool, format string, args ...any) {
			if holds {
				v.When = append(v.When, fmt.Sprintf(format, args...))
			}
		}
		say(len(c.Products) > 0, "Products %s", some(c.Products))
		say(len(c.Categories) > 0, "Category %s", some(c.Categories))
		say(len(c.CommissionIDs) > 0, "Marked %s by the advertiser", some(c.CommissionIDs))
		say(c.Customer == commission.New, "A customer's first order")
		say(c.Customer == commission.Repeat, "A customer's later orders")
		say(len(c.Countries) > 0, "From %s", some(c.Countries))
		say(c.Min > 0, "Orders of at least %s %s", text(c.Min, r.Currency), r.Currency)
		say(c.Max > 0, "Orders of at most %s %s", text(c.Max, r.Currency), r.Currency)
		paid := s.pays(&r.Pay, nil)
		v.Kind, v.Amount, v.Percent = paid.Kind, paid.Amount, paid.Percent
		for _, t := range r.Pay.Tiers {
			tier := r.Pay
			tier.Fixed, tier.Percent = t.Fixed, t.Percent
			got := s.pays(&tier, nil)
			from := fmt.Sprint(t.From)
			if r.Pay.Measure == commission.Sales {
				from = text(t.From, r.Currency)
			}
			v.Tiers = append(v.Tiers, TierPay{from, got.Amount, got.Percent})
		}
		out = append(out, v)
	}
	return out
}

// pays is what a rule's pay comes to; g is the goal, nil: any.
func (s *shelf) pays(p *commission.Pay, g *catalog.Goal) Commission {
	c := Commission{Kind: commissionNone, Countries: []GeoPayment{}}
	if p.HasFixed() {
		c.Kind, c.Amount = commissionFixed, money.Amount{Minor: p.Fixed, Currency: money.Currency(s.offer.Currency)}.String()
	}
	switch p.Kind {
	case commission.PayPercentSale:
		c.Kind, c.Percent = commissionPercent, p.Percent
	case commission.PayBothSale:
		c.Kind, c.Percent = commissionBoth, p.Percent
	case commission.PayBothPayout:
		c.Kind, c.Amount = commissionVaries, ""
	case commission.PayPercentPayout:
		c.Kind = commissionVaries
		if terms, known := s.payoutTerms(g); known {
			c.share(s.offer.Currency, terms, p.Percent)
		}
	}
	return c
}

// payoutTerms are what a goal's conversions pay us; without a goal only where all of the
// offer's pay the same.
func (s *shelf) payoutTerms(g *catalog.Goal) (*catalog.Terms, bool) {
	if g != nil && g.PayoutKind != "" {
		return &g.Terms, true
	}
	if g == nil && slices.ContainsFunc(s.goals, func(g *catalog.Goal) bool { return g.PayoutKind != "" }) {
		return nil, false
	}
	return &s.offer.Terms, true
}
