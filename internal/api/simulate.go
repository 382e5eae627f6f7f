package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"

	"github.com/danielgtaylor/huma/v2"
)

// SimulateDoc is an order to try.
type SimulateDoc struct {
	Order    OrderDoc  `json:"order" required:"true" doc:"The order, as a postback would bring it."`
	Draft    ruleDraft `json:"draft" required:"false" doc:"A commission rule as POST /commission-rules takes it, which counts as if it were saved. It is checked, and not saved."`
	Replaces string    `json:"replaces" required:"false" maxLength:"64" doc:"The rule that the draft is a change of; fields that the draft leaves out are that rule's."`
}

// OrderDoc is an order that nobody placed.
type OrderDoc struct {
	Offer        string `json:"offer" required:"true" maxLength:"64" doc:"What is bought."`
	Goal         string `json:"goal" required:"false" maxLength:"64" doc:"Key of the goal. Default: the offer's default goal."`
	Publisher    string `json:"publisher" required:"false" maxLength:"64" doc:"Whose click it is; empty: nobody's, so nobody earns."`
	Country      string `json:"country" required:"false" maxLength:"2" doc:"By which it is paid, ISO 3166-1 alpha-2; empty: not known."`
	Amount       string `json:"amount" required:"false" maxLength:"64" example:"125.00" doc:"What the customer paid, decimal text."`
	Payout       string `json:"payout" required:"false" maxLength:"64" doc:"What the signal says it pays us."`
	Currency     string `json:"currency" required:"false" maxLength:"3" doc:"Of both. Default: the offer's."`
	CommissionID string `json:"commission_id" required:"false" maxLength:"512" doc:"As in a postback."`
	Customer     string `json:"customer" required:"false" maxLength:"512" doc:"The advertiser's id of the customer: whether it ordered before is looked up in the books."`
	Items        string `json:"items" required:"false" maxLength:"8000" example:"sku1:books:40.00:2|sku2:toys:85.00" doc:"Item lines, as in a postback."`
	EventTime    string `json:"event_time" required:"false" maxLength:"64" doc:"When it happens, RFC 3339, also in the future. Default: now."`
}

// Simulation is what an order would pay, to whom and why.
type Simulation struct {
	Currency    string           `json:"currency" doc:"Of the amounts: the offer's."`
	Publisher   string           `json:"publisher" doc:"Who would earn; empty: nobody."`
	Goal        string           `json:"goal" doc:"Key of the goal."`
	EventTime   time.Time        `json:"event_time" doc:"When."`
	SaleAmount  *string          `json:"sale_amount" doc:"What the customer paid; null: the order has no amount."`
	Revenue     string           `json:"revenue" doc:"What it would pay us."`
	Commission  string           `json:"commission" doc:"What it would pay the publisher."`
	PayoutRule  string           `json:"payout_rule" doc:"Which rule sets the revenue."`
	CommRule    string           `json:"commission_rule" doc:"Which rule sets the commission, and how it is computed."`
	RuleID      string           `json:"commission_rule_id" doc:"Id of the commission rule that prices all of it; empty: none does, or several, by item line."`
	RuleVersion int64            `json:"commission_rule_version" doc:"The version of that rule."`
	Items       []ConversionItem `json:"items" nullable:"false" doc:"What each item line pays; they sum to commission. Empty: the order has none."`
	Levels      []SimulatedLevel `json:"levels" nullable:"false" doc:"Who could say what is paid, the first that does so first."`
	Rules       []SimulatedRule  `json:"rules" nullable:"false" doc:"Each live commission rule of the offer, as they take precedence, with why it did not win."`
	Warning     string           `json:"warning" doc:"What is odd; empty: nothing."`
}

// SimulatedLevel is one level of precedence.
type SimulatedLevel struct {
	Level   string `json:"level" doc:"Whose commission."`
	Decides bool   `json:"decides" doc:"Whether it pays at least a part of the order."`
	Says    string `json:"says" doc:"What it has to say."`
}

// SimulatedRule is what became of one rule.
type SimulatedRule struct {
	ID      string   `json:"id" doc:"Its id; of a draft that replaces no rule one that is not kept."`
	Name    string   `json:"name" doc:"Its name."`
	Version int64    `json:"version" doc:"Its version."`
	Wins    int      `json:"wins" doc:"How many lines of the order it pays; of an order without lines, 1."`
	Why     []string `json:"why" nullable:"false" doc:"Why it does not pay the others, a sentence each."`
}

// CompareDoc is a draft to compare.
type CompareDoc struct {
	Draft    ruleDraft  `json:"draft" required:"true" doc:"A commission rule as POST /commission-rules takes it. It is checked, and not saved."`
	Replaces string     `json:"replaces" required:"false" maxLength:"64" doc:"The rule that it is a change of; fields that the draft leaves out are that rule's."`
	Offer    string     `json:"offer" required:"false" maxLength:"64" doc:"Only conversions of this offer."`
	From     *time.Time `json:"from" required:"false" doc:"Conversions that happened then or later. Default: the beginning of last month, in the workspace's time zone."`
	To       *time.Time `json:"to" required:"false" doc:"Conversions that happened before. Default: the end of last month."`
	Before   string     `json:"before" required:"false" maxLength:"64" doc:"Go on behind this conversion: the next of the call before."`
}

// Comparison is what a draft would have made of past conversions.
type Comparison struct {
	From    time.Time         `json:"from" doc:"Of the conversions."`
	To      time.Time         `json:"to" doc:"Of the conversions, exclusive."`
	Checked int               `json:"checked" doc:"How many conversions were priced twice."`
	Skipped int               `json:"skipped" doc:"How many could not be priced."`
	Totals  []ComparisonTotal `json:"totals" nullable:"false" doc:"Of all that were checked, by currency."`
	Lines   []ComparisonLine  `json:"lines" nullable:"false" doc:"Those that the draft pays otherwise, newest first, at most 200 of them."`
	More    int               `json:"more" doc:"How many differ as well and are not among lines."`
	Next    string            `json:"next" doc:"Empty: all that were selected are here. Else call again with this as before, and add up."`
}

// ComparisonTotal is what a draft makes of one currency.
type ComparisonTotal struct {
	Currency    string `json:"currency" doc:"Of the amounts."`
	Conversions int    `json:"conversions" doc:"How many were checked."`
	Changed     int    `json:"changed" doc:"How many of them the draft pays otherwise."`
	Before      string `json:"commission_before" doc:"What publishers are paid by the rules as they are."`
	After       string `json:"commission_after" doc:"What they would be paid with the draft."`
	Difference  string `json:"commission_difference" doc:"The one less the other."`
}

// ComparisonLine is one conversion that differs.
type ComparisonLine struct {
	Conversion string    `json:"conversion" doc:"Its id."`
	EventTime  time.Time `json:"event_time" doc:"When it happened."`
	TxID       string    `json:"txid" doc:"Its order number."`
	Publisher  string    `json:"publisher" doc:"Who earns."`
	Currency   string    `json:"currency" doc:"Of the amounts."`
	Before     string    `json:"commission_before" doc:"What it pays by the rules as they are; what was booked may be older."`
	After      string    `json:"commission_after" doc:"What it would pay with the draft."`
	RuleBefore string    `json:"commission_rule_before" doc:"Why."`
	RuleAfter  string    `json:"commission_rule_after" doc:"Why."`
}

type simulateInput struct {
	Scope
	Body body[SimulateDoc]
}

type simulateOutput struct{ Body Simulation }

type compareInput struct {
	Scope
	Body body[CompareDoc]
}

type compareOutput struct{ Body Comparison }

func (s *server) registerSimulator() {
	add(s, route{method: http.MethodPost, path: "/commission-rules/simulate", id: "simulate-commission", tag: "commission-rules", summary: "Try an order", read: true,
		text: "What an order would pay, to whom and why, and why not each other rule; also with a draft of a rule. It asks the same function that prices real orders, and keeps nothing."}, s.simulate)
	add(s, route{method: http.MethodPost, path: "/commission-rules/compare", id: "compare-commission", tag: "commission-rules", summary: "Try a draft on past conversions", read: true,
		text: "Prices past conversions by the rules as they are and again with a draft among them, as if it had been in force at all times, and answers the totals and the conversions that differ. Refused ones are left out, and refunds are not looked at. It keeps nothing."}, s.compareRule)
}

// ruleDraft is a commission rule with some of its fields, decoded by the handler.
type ruleDraft []byte

// Schema describes it as a rule with every field optional.
func (ruleDraft) Schema(r huma.Registry) *huma.Schema {
	return patch[catalog.CommissionRuleDoc]{}.Schema(r)
}

// UnmarshalJSON keeps it as it came.
func (d *ruleDraft) UnmarshalJSON(raw []byte) error {
	*d = bytes.Clone(raw)
	return nil
}

// draft reads and checks a rule that is not to be saved; nil when there is none.
func (s *server) draft(ctx context.Context, ws string, raw ruleDraft, replaces string) (*catalog.CommissionRule, error) {
	if len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		if replaces != "" {
			bad := &catalog.Invalid{}
			bad.Add("draft", "required", "", "There is no draft that could replace a rule.")
			return nil, bad
		}
		return nil, nil
	}
	d := catalog.NewDoc(catalog.KindCommissionRule).(*catalog.CommissionRuleDoc)
	if replaces != "" {
		old, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindCommissionRule, ws, replaces)
		if err != nil {
			return nil, err
		}
		d = catalog.DocOf(old, "").(*catalog.CommissionRuleDoc)
	}
	err := catalog.Merge(d, raw)
	if err != nil {
		return nil, within("draft.", err)
	}
	d.Workspace = ws
	e, err := s.Catalog.Draft(ctx, caller(ctx), ws, replaces, d)
	if err != nil {
		return nil, within("draft.", err)
	}
	return e, nil
}

// within names the fields of a part of a body.
func within(prefix string, err error) error {
	var bad *catalog.Invalid
	if !errors.As(err, &bad) {
		return err
	}
	out := &catalog.Invalid{}
	for _, f := range bad.Fields {
		f.Field = prefix + f.Field
		out.Fields = append(out.Fields, f)
	}
	return out
}

func (s *server) simulate(ctx context.Context, in *simulateInput) (*simulateOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d SimulateDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	draft, err := s.draft(ctx, ws, d.Draft, d.Replaces)
	if err != nil {
		return nil, err
	}
	o := d.Order
	q, err := s.Decide.Simulate(ctx, caller(ctx), ws, draft, conversion.Simulated{
		Offer: o.Offer, Goal: o.Goal, Publisher: o.Publisher, Country: o.Country, Amount: o.Amount, Payout: o.Payout, Currency: o.Currency,
		CommissionID: o.CommissionID, Customer: o.Customer, Items: o.Items, EventTime: o.EventTime,
	})
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		bad := &catalog.Invalid{}
		bad.Add("order."+refusal.Field, string(refusal.Verdict), "", refusal.Detail)
		return nil, bad
	}
	if err != nil {
		return nil, err
	}
	return &simulateOutput{simulationView(q)}, nil
}

func simulationView(q *conversion.Quote) Simulation {
	v := Simulation{
		Currency: q.Currency, Publisher: q.Publisher, Goal: q.Goal.Key, EventTime: timeOf(q.At), Revenue: text(q.Revenue, q.Currency), Commission: text(q.Commission, q.Currency),
		PayoutRule: q.PayoutRule, CommRule: q.CommRule, RuleID: q.Rule, RuleVersion: q.Version, Items: itemViews(q.Lines, q.Currency),
		Levels: []SimulatedLevel{}, Rules: []SimulatedRule{}, Warning: q.Warning,
	}
	if q.HasSale {
		sale := text(q.Sale, q.Currency)
		v.SaleAmount = &sale
	}
	for _, l := range q.Levels {
		v.Levels = append(v.Levels, SimulatedLevel{l.Name, l.Pays, l.Words})
	}
	for _, r := range q.Rules {
		v.Rules = append(v.Rules, SimulatedRule{r.ID, r.Name, r.Version, r.Won, append([]string{}, r.Why...)})
	}
	return v
}

func (s *server) compareRule(ctx context.Context, in *compareInput) (*compareOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d CompareDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	draft, err := s.draft(ctx, ws, d.Draft, d.Replaces)
	if err != nil {
		return nil, err
	}
	if draft == nil {
		bad := &catalog.Invalid{}
		bad.Add("draft", "required", "", "Say which rule is to be compared.")
		return nil, bad
	}
	home, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindWorkspace, ws, ws)
	if err != nil {
		return nil, err
	}
	q := books.CompareQuery{Offer: d.Offer, Before: d.Before}
	q.From, q.To = books.LastMonth(s.Now(), home.(*catalog.Workspace).TimeZone)
	if d.From != nil {
		q.From = d.From.UnixMicro()
	}
	if d.To != nil {
		q.To = d.To.UnixMicro()
	}
	if q.To <= q.From {
		bad := &catalog.Invalid{}
		bad.Add("to", "out_of_range", timeOf(q.To).Format(time.RFC3339), "Must be later than from.")
		return nil, bad
	}
	res, err := s.Decide.Compare(ctx, caller(ctx), ws, draft, q)
	if err != nil {
		return nil, err
	}
	out := Comparison{From: timeOf(q.From), To: timeOf(q.To), Checked: res.Checked, Skipped: res.Skipped, More: res.More, Next: res.Next, Totals: []ComparisonTotal{}, Lines: []ComparisonLine{}}
	for _, t := range res.Totals {
		out.Totals = append(out.Totals, ComparisonTotal{t.Currency, t.Conversions, t.Changed, text(t.Before, t.Currency), text(t.After, t.Currency), text(t.After-t.Before, t.Currency)})
	}
	for _, l := range res.Lines {
		c, cur := l.Conversion, l.Before.Currency
		out.Lines = append(out.Lines, ComparisonLine{c.ID, timeOf(c.At), c.Order, c.Publisher, cur, text(l.Before.Commission, cur), text(l.After.Commission, cur), l.Before.CommRule, l.After.CommRule})
	}
	return &compareOutput{out}, nil
}
