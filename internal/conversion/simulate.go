package conversion

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
)

// Simulated is an order that nobody placed, as a postback would bring it.
type Simulated struct {
	Offer, Goal, Publisher, Country                string // Goal "" = the default one
	Amount, Payout, Currency                       string
	CommissionID, Customer, Items, EventTime, TxID string
}

// Quote is what an order is worth, and why.
type Quote struct {
	Offer      *catalog.Offer
	Goal       *catalog.Goal
	Publisher  string
	At         int64 // µs
	Currency   string
	Sale       int64 // minor units
	HasSale    bool
	Revenue    int64
	Commission int64
	PayoutRule string
	CommRule   string
	Rule       string // id of the commission rule that prices all of it, "" = none does
	Version    int64
	Terms      int64
	Warning    string
	Lines      []CommLine // of item lines, nil = the order is one line
	Levels     []Level    // who could say what is paid, the first first
	Rules      []RuleSays // each live rule of the offer, as they take precedence
}

// Level is one of [Levels], with what it says about this order.
type Level struct {
	Name  string
	Words string
	Pays  bool // it decides at least a part of the order
}

// RuleSays is what became of one commission rule.
type RuleSays struct {
	ID, Name string
	Version  int64
	Won      int      // how many lines of the order it pays; of an order without lines, 1
	Why      []string // why not the others, a sentence each
}

// endOfTime is later than every event time that is not refused as such; µs.
const endOfTime = 253_370_764_800_000_000

// Simulate says what an order would be worth if it were recorded now, by the same
// functions that price those that are. It fails with a [*dialect.Refusal] where a postback
// would be refused; it writes nothing.
func (j *Judge) Simulate(ctx context.Context, tx Writer, workspace string, o Simulated) (*Quote, error) {
	view := j.View()
	run := &judgment{Judge: j, tx: tx, view: view, trusted: true, sig: &event.Signal{Kind: event.SignalUpload, At: j.Now().UnixMicro()}}
	run.offer = view.Offer(o.Offer)
	if run.offer == nil || run.offer.Workspace != workspace {
		return nil, refuse(event.OfferMismatch, "offer", "There is no offer %q.", clip(o.Offer))
	}
	run.goal = view.Goal(o.Offer, o.Goal)
	if run.goal == nil || run.goal.PaysNothing() {
		return nil, refuse(event.UnknownGoal, "goal", "The offer has no goal %q that pays.", clip(o.Goal))
	}
	if p := view.Publisher(o.Publisher); o.Publisher != "" && (p == nil || p.Workspace != workspace) {
		return nil, refuse(event.InvalidValue, "publisher", "There is no publisher %q.", clip(o.Publisher))
	}
	if o.Country != "" && !catalog.KnownCountry(o.Country) {
		return nil, refuse(event.InvalidValue, "country", "The country %q is none of ISO 3166-1.", clip(o.Country))
	}
	run.req = dialect.Request{Amount: o.Amount, Payout: o.Payout, Currency: o.Currency, CommissionID: o.CommissionID, Customer: o.Customer, Items: o.Items, EventTime: o.EventTime, TxID: o.TxID}
	if o.EventTime != "" {
		run.sig.At = endOfTime // a rule of next month is tried today
	}
	run.visit = &event.Visit{} // event times before its click are refused: it is at the beginning of time
	v, err := run.values()
	if err != nil {
		return nil, err
	}
	w, err := run.exchanged(v, run.offer, v.at, FX{})
	if err != nil {
		return nil, err
	}
	d := deal{
		offer: run.offer, goal: run.goal, publisher: o.Publisher, country: o.Country,
		order: order{commissionID: o.CommissionID, customer: run.customer()}, at: v.at,
	}
	p, err := run.priced(ctx, d, w)
	if err != nil {
		return nil, err
	}
	return run.quote(d, w, p)
}

func (j *judgment) quote(d deal, w worth, p price) (*Quote, error) {
	q := &Quote{
		Offer: d.offer, Goal: d.goal, Publisher: d.publisher, At: d.at, Currency: string(w.currency), Sale: w.sale.Minor, HasSale: w.hasSale,
		Revenue: p.revenue.Minor, Commission: p.commission.Minor, PayoutRule: p.payoutRule, CommRule: p.commRule,
		Rule: p.rule, Version: p.ruleVersion, Terms: p.terms, Warning: p.warning,
	}
	q.Lines = (&Conversion{CommLines: p.lines}).Lines()
	if p.how == nil {
		return q, nil // nobody earns
	}
	q.Levels = p.how.levels(d, catalog.TermsAt(j.view.Terms(d.offer.ID), d.at))
	rules := j.view.CommissionRules(d.offer.Workspace, d.offer.ID)
	for _, r := range commission.Sorted(rules) {
		q.Rules = append(q.Rules, p.how.says(r))
	}
	return q, nil
}

// says is what became of a rule, over all lines of the order.
func (h *reckoning) says(r *commission.Rule) RuleSays {
	s := RuleSays{ID: r.ID, Name: r.Name, Version: r.Version}
	if h.own {
		s.Why = []string{"The enrollment has a commission of its own, which comes before all rules."}
		return s
	}
	seen := map[string]bool{}
	for i, c := range h.choices {
		if c.Rule != nil && c.Rule.ID == r.ID {
			s.Won++
			continue
		}
		if why := commission.Why(r, h.facts, i, c); !seen[why] {
			seen[why] = true
			s.Why = append(s.Why, why)
		}
	}
	return s
}

// levels says what each of [Levels] has to say.
func (h *reckoning) levels(d deal, t *catalog.TermsVersion) []Level {
	ruled, beneath := 0, 0
	for _, c := range h.choices {
		if c.Rule != nil {
			ruled++
		} else {
			beneath++
		}
	}
	pays := []bool{h.own, ruled > 0}
	says := []bool{h.own, len(h.rules) > 0}
	goalRow := false
	if t != nil {
		for _, row := range t.Goals {
			goalRow = goalRow || row.Goal == d.goal.Key
		}
	}
	says = append(says, goalRow, t != nil && t.CommissionKind != "", d.goal.CommissionKind != "", true)
	first := false
	for _, has := range says[2:] {
		pays = append(pays, has && !first && beneath > 0 && !h.own)
		first = first || has
	}
	out := make([]Level, len(Levels))
	for i, l := range Levels {
		words := "says nothing"
		switch {
		case pays[i]:
			words = "decides"
			if i == 1 && beneath > 0 {
				words = fmt.Sprintf("decides %d of %d lines", ruled, ruled+beneath)
			}
		case i == 1 && says[i]:
			words = "none of its rules applies"
		case says[i]:
			words = "comes after what decides"
		}
		out[i] = Level{Name: l.Name, Words: words, Pays: pays[i]}
	}
	return out
}

// Priced is what the catalog makes of a recorded conversion; nothing is written. Skipped
// says why it cannot be priced, "" when it can.
func (j *Judge) Priced(ctx context.Context, tx Writer, c *Conversion) (q *Quote, skipped string, err error) {
	run := &judgment{Judge: j, tx: tx, view: j.View()}
	own, err := run.dealOf(c)
	if err != nil {
		return nil, "", err
	}
	sent, err := c.sent()
	if err != nil {
		return nil, "", err
	}
	if event.FromPage(c.sentBy()) && terms(own).PayoutKind != catalog.PayoutPostback {
		sent.hasPayout = false
	}
	w, p, err := run.anew(ctx, own, sent, c)
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		return nil, refusal.Detail, nil
	}
	if err != nil {
		return nil, "", err
	}
	return &Quote{Currency: string(w.currency), Revenue: p.revenue.Minor, Commission: p.commission.Minor, PayoutRule: p.payoutRule, CommRule: p.commRule, Rule: p.rule, Version: p.ruleVersion}, "", nil
}
