package conversion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// Levels lists whose commission counts: the first that says something. An order with item
// lines goes through those beneath the enrollment line by line.
var Levels = []struct{ Name, Words string }{
	{"Enrollment", "the commission of this publisher's enrollment to the offer"},
	{"Commission rule", "the rule that wins, see below"},
	{"Terms, goal", "the goal's row in the version of the offer's terms that is in force"},
	{"Terms", "the commission of that version"},
	{"Goal", "the goal's own commission"},
	{"Offer", "the offer's commission"},
}

// order is what commission rules ask about beside the deal.
type order struct {
	id           string // of the conversion, "" = it is new: what was recorded before it counts
	commissionID string
	customer     string // as it is kept
}

// reckoning is how a commission came about, for those who ask why.
type reckoning struct {
	base    catalog.Commission
	own     bool // the enrollment's own commission: no rule is asked
	rules   []*commission.Rule
	facts   *commission.Facts
	choices []commission.Choice
	volumes commission.Volumes
	priced  commission.Priced
}

// commission computes what the publisher is paid.
func (j *judgment) commission(ctx context.Context, p *price, d deal, v worth) error {
	if d.publisher == "" {
		p.commRule = "no publisher: no commission"
		return nil
	}
	inForce := catalog.TermsAt(j.view.Terms(d.offer.ID), d.at)
	if inForce != nil {
		p.terms = inForce.Number
	}
	enr := j.view.Enrollment(d.offer.ID, d.publisher)
	r := &reckoning{base: catalog.CommissionOf(d.offer, d.goal, inForce, enr), own: enr != nil && enr.CommissionKind != ""}
	p.how = r
	if !r.own {
		r.rules = j.view.CommissionRules(d.offer.Workspace, d.offer.ID)
	}
	err := j.facts(ctx, r, p, d, v)
	if err != nil {
		return err
	}
	r.choices = commission.Decide(r.rules, r.facts)
	r.volumes, err = j.volumes(ctx, commission.Needs(r.choices), d, r.facts)
	if err != nil {
		return err
	}
	r.priced, err = commission.Price(r.choices, r.facts, r.volumes, commission.Base{Kind: r.base.Kind, Fixed: r.base.Minor, Percent: r.base.Percent, From: r.base.From})
	var none *commission.NoSale
	var bad *money.Error
	switch {
	case errors.As(err, &none):
		return refuse(event.MissingAmount, "amount", "The commission is %s %% of the sale amount, and the signal brought none in the parameter amount.", none.Percent)
	case errors.Is(err, commission.ErrRange), errors.As(err, &bad) && bad.Code == money.CodeAmountRange:
		return refuse(event.AmountRange, "amount", "The commission of this amount is out of range.")
	case err != nil:
		return fmt.Errorf("commission of offer %s: %w", d.offer.ID, err)
	}
	p.commission.Minor = r.priced.Minor
	return p.explain(r, v.sent.items)
}

// facts are what rules know of the order.
func (j *judgment) facts(ctx context.Context, r *reckoning, p *price, d deal, v worth) error {
	f := &commission.Facts{
		Offer: d.offer.ID, Goal: d.goal.Key, Publisher: d.publisher, Country: d.country, Currency: string(v.currency),
		Sale: v.sale.Minor, HasSale: v.hasSale, Payout: p.revenue.Minor, CommissionID: d.order.commissionID, At: d.at, Zone: j.zone(d.offer.Workspace),
	}
	if pub := j.view.Publisher(d.publisher); pub != nil {
		f.Group = pub.Group
	}
	r.facts = f
	if d.order.customer != "" && asksCustomer(r.rules) {
		first, err := j.tx.FirstOrder(ctx, d.offer.Workspace, d.order.customer, d.goal.Key, d.order.id)
		if err != nil {
			return fmt.Errorf("first order of the customer: %w", err)
		}
		f.Customer, f.First = commission.New, d.at
		if first != 0 {
			f.Customer, f.First = commission.Repeat, first
		}
	}
	items := v.sent.items
	if len(items) == 0 {
		return nil
	}
	weights := make([]int64, len(items))
	for i, it := range items {
		weights[i] = it.Amount.Minor
	}
	sales, err := commission.Shares(f.Sale, f.Currency, weights)
	if err != nil {
		return fmt.Errorf("split the sale: %w", err)
	}
	payouts, err := commission.Shares(f.Payout, f.Currency, weights)
	if err != nil {
		return fmt.Errorf("split the payout: %w", err)
	}
	f.Lines = make([]commission.Line, len(items))
	for i, it := range items {
		f.Lines[i] = commission.Line{Product: it.Product, Category: it.Category, Quantity: it.Quantity, Sale: sales[i], Payout: payouts[i]}
	}
	return nil
}

// asksCustomer reports whether any rule needs to know the customer's first order.
func asksCustomer(rules []*commission.Rule) bool {
	for _, r := range rules {
		if r.If.Customer != "" || r.Pay.Months > 0 {
			return true
		}
	}
	return false
}

// volumes looks up what the tiers of the chosen rules count.
func (j *judgment) volumes(ctx context.Context, needs []*commission.Rule, d deal, f *commission.Facts) (commission.Volumes, error) {
	out := commission.Volumes{}
	for _, r := range needs {
		q := VolumeQuery{Workspace: d.offer.Workspace, Offer: d.offer.ID, Publisher: d.publisher, Before: d.order.id}
		if r.Pay.Retroactive { // what came later has lifted it
			q.Before, q.Except = "", d.order.id
		}
		q.From, q.To = r.Pay.Span(f.At, f.Zone)
		n, sales, err := j.tx.Volume(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("volume of the publisher: %w", err)
		}
		out[r.ID] = n
		if r.Pay.Measure == commission.Sales {
			out[r.ID] = sales
		}
	}
	return out, nil
}

// explain writes the rules of a commission: in words, and by id where one priced all of it.
func (p *price) explain(r *reckoning, items []Item) error {
	parts := r.priced.Parts
	first := true
	for _, part := range parts { // the lowest one: what could still be lifted
		if part.Rule != nil && part.Rule.Pay.Retroactive && (first || int64(part.Tier) < p.tier) {
			p.tier, first = int64(part.Tier), false
		}
	}
	if len(parts) == 1 {
		p.commRule = parts[0].Words
		if rule := parts[0].Rule; rule != nil {
			p.rule, p.ruleVersion = rule.ID, rule.Version
		}
	} else {
		words := make([]string, len(parts))
		for i, part := range parts {
			lines := "1 line"
			if len(part.Lines) != 1 {
				lines = fmt.Sprintf("%d lines", len(part.Lines))
			}
			words[i] = lines + ": " + part.Words
		}
		p.commRule = strings.Join(words, "; ")
	}
	if len(items) == 0 {
		return nil
	}
	lines := make([]CommLine, len(items))
	for _, part := range parts {
		for _, i := range part.Lines {
			l := &r.facts.Lines[i]
			lines[i] = CommLine{Product: l.Product, Category: l.Category, Quantity: l.Quantity, Sale: l.Sale, Commission: r.priced.Lines[i], Words: part.Words}
			if part.Rule != nil {
				lines[i].Rule, lines[i].RuleVersion = part.Rule.ID, part.Rule.Version
			}
		}
	}
	b, err := json.Marshal(lines)
	p.lines = string(b)
	return err
}
