package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
	"clickledger/internal/outbound"
)

// Conversion is an accepted goal event in answers.
type Conversion struct {
	ID             string            `json:"id" doc:"Its id."`
	Version        int64             `json:"version" doc:"Counts its changes."`
	Status         string            `json:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Where it stands."`
	Offer          string            `json:"offer" doc:"What converted."`
	Goal           string            `json:"goal" doc:"Id of the goal."`
	GoalKey        string            `json:"goal_key" doc:"The goal's key."`
	Advertiser     string            `json:"advertiser" doc:"Who pays; empty: nobody in particular."`
	Publisher      string            `json:"publisher" doc:"Who earns the commission; empty: a link of the house."`
	Link           string            `json:"link" doc:"The link of the click."`
	ClickID        string            `json:"click_id" doc:"The click it was matched to; where a coupon came without a click, the signal that brought it."`
	TxID           string            `json:"txid" doc:"The advertiser's order number; empty: none was sent."`
	Currency       string            `json:"currency" doc:"Of the amounts."`
	Revenue        string            `json:"revenue" example:"12.50" doc:"What it pays us."`
	Commission     string            `json:"commission" example:"5.00" doc:"What it pays the publisher."`
	SaleAmount     *string           `json:"sale_amount" example:"125.00" doc:"What the customer paid; null: it was not sent, which is not 0."`
	PayoutSent     *string           `json:"payout_sent" example:"12.50" doc:"The payout as the signal sent it, in currency_sent; null: it sent none."`
	CurrencySent   string            `json:"currency_sent" doc:"What the signal's amounts were in."`
	Rate           *Exchange         `json:"rate" doc:"The exchange rate that made the amounts out of the sent ones; null: they were in the conversion's currency."`
	Reported       *Reported         `json:"reported" doc:"The amounts in the workspace's reporting currency; null: no rate was known for its day."`
	PayoutRule     string            `json:"payout_rule" doc:"Which rule set the revenue."`
	CommissionRule string            `json:"commission_rule" doc:"Which rule set the commission."`
	RuleID         string            `json:"commission_rule_id" doc:"Id of the commission rule that priced it; empty: none did, or several, by item line."`
	RuleVersion    int64             `json:"commission_rule_version" doc:"The version of that rule."`
	CommissionID   string            `json:"commission_id" doc:"What the signal sent as commission_id."`
	Items          []ConversionItem  `json:"items" nullable:"false" doc:"The order's item lines with what each of them pays; they sum to what the conversion was worth before refunds. Empty: none were sent."`
	Terms          int64             `json:"terms" doc:"Number of the version of the offer's terms in force at its event time, which it was priced by; 0: there was none."`
	Warning        string            `json:"warning" doc:"What is odd about it; empty: nothing."`
	EventTime      time.Time         `json:"event_time" doc:"When it happened."`
	ClickTime      time.Time         `json:"click_time" doc:"When the click happened."`
	Recorded       time.Time         `json:"recorded" doc:"When it was recorded."`
	Method         string            `json:"method" doc:"How it was matched: click_id (it was sent), shop_cookie, form_field, shop_url or session (the shop kept it and said where, in click_from), script_url, script_cookie or script_storage (the tracking script kept it), cookie (the tracker's own), or coupon."`
	Source         string            `json:"source" doc:"What reported it: postback, pixel, script or upload."`
	Signal         string            `json:"signal" doc:"Id of the signal that made it."`
	Country        string            `json:"country" doc:"Country of the click, ISO 3166-1 alpha-2."`
	Geo            string            `json:"geo" doc:"The country that the signal named."`
	Coupon         string            `json:"coupon" doc:"The coupon that was sent."`
	CouponNote     string            `json:"coupon_note" doc:"What the coupon decided, and who lost by it, or why it decided nothing; empty: none was sent."`
	Params         map[string]string `json:"params" doc:"Custom parameters that were sent."`
	Hold           string            `json:"hold" doc:"Who holds it back from approval and payment: staff, or over_cap; empty: nobody."`
	HoldNote       string            `json:"hold_note" doc:"Why staff holds it."`
	ApprovesAt     *time.Time        `json:"approves_at" doc:"When it is approved by itself, unless somebody decides or holds it before; null: never."`
	Adjusted       bool              `json:"adjusted" doc:"Whether refunds or stated amounts have changed what it is worth since it was recorded."`
	OverCap        string            `json:"over_cap" doc:"The cap it is beyond; empty: none."`
	Test           bool              `json:"test" doc:"Whether it is only a test."`
	Revision       int64             `json:"catalog_revision" doc:"The catalog it was judged by."`
}

// Exchange is an exchange rate as it was used.
type Exchange struct {
	Rate   string `json:"rate" example:"1.0843" doc:"Price of one unit."`
	Date   string `json:"date" example:"2026-11-20" doc:"Day of the rate."`
	Source string `json:"source" example:"ecb" doc:"Where it came from: ecb, manual, or same for a currency in itself."`
}

// Reported is a conversion's money in the reporting currency.
type Reported struct {
	Currency   string   `json:"currency" doc:"The reporting currency."`
	Revenue    string   `json:"revenue" doc:"What it pays us."`
	Commission string   `json:"commission" doc:"What it pays the publisher."`
	Rate       Exchange `json:"rate" doc:"The rate of the conversion's day."`
}

// Explained is a conversion with everything that led to it and followed from it.
type Explained struct {
	Conversion
	Visit        *Visit        `json:"visit" doc:"The click it was matched to."`
	Signals      []Signal      `json:"signals" nullable:"false" doc:"The signals about it, newest first."`
	Changes      []Change      `json:"changes" nullable:"false" doc:"Its history."`
	Adjustments  []Adjustment  `json:"adjustments" nullable:"false" doc:"Refunds and stated amounts, oldest first."`
	Transactions []Transaction `json:"transactions" nullable:"false" doc:"What was posted to the ledger, newest first."`
	Deliveries   []Delivery    `json:"deliveries" nullable:"false" doc:"The postbacks to the publisher, newest first."`
}

// Visit is the click of a conversion.
type Visit struct {
	ID          string            `json:"id" doc:"The click id."`
	At          time.Time         `json:"at" doc:"When it happened."`
	Link        string            `json:"link" doc:"The link."`
	Offer       string            `json:"offer" doc:"The offer."`
	Publisher   string            `json:"publisher" doc:"The publisher."`
	Source      string            `json:"source" doc:"The source label."`
	Subs        map[string]string `json:"subs" doc:"sub1 to sub20, as far as they were given."`
	ExternalID  string            `json:"external_id" doc:"The source's own click id."`
	Country     string            `json:"country" doc:"ISO 3166-1 alpha-2."`
	Device      string            `json:"device" doc:"Device class."`
	OS          string            `json:"os" doc:"Operating system."`
	Browser     string            `json:"browser" doc:"Browser."`
	Language    string            `json:"language" doc:"Language."`
	Referer     string            `json:"referer_domain" doc:"Where it came from."`
	Destination string            `json:"destination" doc:"Where it was sent."`
	Bot         string            `json:"bot" doc:"Why it looks like a bot; empty: it does not."`
	Suspect     string            `json:"suspect" doc:"What is suspicious about it; empty: nothing."`
}

// Change is one step of a conversion's life.
type Change struct {
	At     time.Time `json:"at" doc:"When."`
	From   string    `json:"from" doc:"The status before; empty: it was made."`
	To     string    `json:"to" doc:"The status after."`
	Actor  string    `json:"actor" doc:"Id of the user, API key or signal."`
	Reason string    `json:"reason" doc:"Why."`
}

// ConversionItem is one item line.
type ConversionItem struct {
	Product     string `json:"product" doc:"As sent."`
	Category    string `json:"category" doc:"As sent."`
	Quantity    int64  `json:"quantity" doc:"How many."`
	Amount      string `json:"amount" doc:"Its share of the sale."`
	Commission  string `json:"commission" doc:"Its share of the commission."`
	RuleID      string `json:"commission_rule_id" doc:"The commission rule that priced it; empty: none applied, and the terms beneath them did."`
	RuleVersion int64  `json:"commission_rule_version" doc:"The version of that rule."`
	Rule        string `json:"commission_rule" doc:"How it was computed, together with the lines of the same rule."`
}

func itemViews(lines []conversion.CommLine, currency string) []ConversionItem {
	out := []ConversionItem{}
	for _, l := range lines {
		out = append(out, ConversionItem{l.Product, l.Category, l.Quantity, text(l.Sale, currency), text(l.Commission, currency), l.Rule, l.RuleVersion, l.Words})
	}
	return out
}

func text(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.String()
}

// conversionView is a conversion with when it is approved by itself, by the catalog as it is.
func (s *server) conversionView(c *conversion.Conversion) Conversion {
	v := conversionView(c)
	if s.View == nil {
		return v
	}
	if at := conversion.Validated(s.View(), c); at != 0 {
		t := timeOf(at)
		v.ApprovesAt = &t
	}
	return v
}

func conversionView(c *conversion.Conversion) Conversion {
	v := Conversion{
		ID: c.ID, Version: c.Version, Status: string(c.Status), Offer: c.Offer, Goal: c.Goal, GoalKey: c.GoalKey, Advertiser: c.Advertiser,
		Publisher: c.Publisher, Link: c.Link, ClickID: c.Click.String(), TxID: c.Order, Currency: c.Currency,
		Revenue: text(c.Revenue, c.Currency), Commission: text(c.Commission, c.Currency), PayoutRule: c.PayoutRule, CommissionRule: c.CommRule, Terms: c.Terms,
		Warning: c.Warning, EventTime: timeOf(c.At), ClickTime: timeOf(c.ClickAt), Recorded: timeOf(c.Recorded), Method: c.Method, Source: c.Source,
		Signal: c.Signal, Country: c.Country, Coupon: c.Coupon, CouponNote: c.CouponNote, Test: c.Test, Revision: c.Revision,
	}
	if c.HasSale {
		sale := text(c.SaleAmount, c.Currency)
		v.SaleAmount = &sale
	}
	if c.Sent != "" {
		v.PayoutSent = &c.Sent
	}
	v.CurrencySent, v.Geo, v.Hold, v.OverCap = c.Currency, c.Geo, c.Hold, c.OverCap
	if c.SentCurrency != "" {
		v.CurrencySent, v.Rate = c.SentCurrency, &Exchange{c.Rate.Rate, c.Rate.Date, c.Rate.Source}
	}
	if revenue, commission, ok := c.Reported(); ok {
		v.Reported = &Reported{Currency: c.ReportCurrency, Revenue: text(revenue, c.ReportCurrency), Commission: text(commission, c.ReportCurrency),
			Rate: Exchange{c.Report.Rate, c.Report.Date, c.Report.Source}}
	}
	v.Params, v.HoldNote, v.Adjusted = c.Custom(), c.HoldNote, c.Adjusted
	v.RuleID, v.RuleVersion, v.CommissionID, v.Items = c.Rule, c.RuleVersion, c.CommissionID, itemViews(c.Lines(), c.Currency)
	return v
}

func visitView(v *event.Visit) *Visit {
	out := &Visit{
		ID: v.ID.String(), At: timeOf(v.At), Link: v.Link, Offer: v.Offer, Publisher: v.Publisher, Source: v.Source, Subs: map[string]string{},
		ExternalID: v.ExternalID, Country: v.Country, Device: v.Device, OS: v.OS, Browser: v.Browser, Language: v.Language,
		Referer: v.RefererDomain, Destination: v.Destination, Bot: v.Bot, Suspect: v.Suspect,
	}
	for i, sub := range v.Subs {
		if sub != "" {
			out.Subs[fmt.Sprintf("sub%d", i+1)] = sub
		}
	}
	return out
}

type conversionListInput struct {
	Scope
	Paging
	Offer     string `query:"offer" maxLength:"64" doc:"Only of this offer."`
	Publisher string `query:"publisher" maxLength:"64" doc:"Only of this publisher."`
	Status    string `query:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Only in this state."`
	ClickID   string `query:"click_id" maxLength:"64" doc:"Only of this click."`
	TxID      string `query:"txid" maxLength:"200" doc:"Only of this order."`
	Held      bool   `query:"held" doc:"Only those that are held until somebody decides."`
}

// ReasonDoc says why something was decided.
type ReasonDoc struct {
	Reason string `json:"reason" required:"false" maxLength:"500" doc:"Why; it stays in the conversion's history. Needed to reject and to reverse."`
}

type decideInput struct {
	One
	Body body[ReasonDoc]
}

type conversionOutput struct{ Body Conversion }

type explainedOutput struct{ Body Explained }

func (s *server) registerConversions() {
	add(s, route{method: http.MethodGet, path: "/conversions", id: "list-conversions", tag: "conversions", summary: "List conversions"}, s.listConversions)
	add(s, route{method: http.MethodGet, path: "/conversions/{id}", id: "get-conversion", tag: "conversions", summary: "Read a conversion with its explanation",
		text: "With the signals about it, the click it was matched to, its history, what was posted to the ledger, and the postbacks to the publisher."}, s.getConversion)
	for _, d := range []struct {
		verb, summary string
		to            conversion.Status
	}{
		{"approve", "Approve a conversion", conversion.Approved},
		{"reject", "Reject a conversion", conversion.Rejected},
		{"reverse", "Reverse a conversion", conversion.Reversed},
	} {
		add(s, route{method: http.MethodPost, path: "/conversions/{id}/" + d.verb, id: d.verb + "-conversion", tag: "conversions", summary: d.summary, bodyOptional: true, text: steps(d.to)}, s.decide(d.to))
	}
}

// steps documents a transition from the table that is also the code.
func steps(to conversion.Status) string {
	out := ""
	for _, from := range []conversion.Status{conversion.Pending, conversion.Approved, conversion.Rejected} {
		if what, ok := conversion.Transitions[from][to]; ok && conversion.Decidable(from, to) {
			out += fmt.Sprintf("From %s: %s ", from, what)
		}
	}
	return out + "A conversion that is " + string(to) + " already stays as it is; from any other state it is refused with illegal_transition."
}

func conversionID(c *conversion.Conversion) string { return c.ID }

func (s *server) listConversions(ctx context.Context, in *conversionListInput) (*pageOutput[Conversion], error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	cs, err := s.Books.ListConversions(ctx, conversion.Query{
		Workspace: ws, Offer: in.Offer, Publisher: in.Publisher, Status: conversion.Status(in.Status), Click: in.ClickID, Order: in.TxID, Held: in.Held, Before: in.Cursor, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	return cut(cs, in.Limit, conversionID, s.conversionView), nil
}

func (s *server) conversion(ctx context.Context, ws, id string) (*conversion.Conversion, error) {
	return only(id, func(before string) ([]*conversion.Conversion, error) {
		return s.Books.ListConversions(ctx, conversion.Query{Workspace: ws, Before: before, Limit: 1})
	}, conversionID)
}

// maxStory bounds each part of a conversion's explanation.
const maxStory = 200

func (s *server) getConversion(ctx context.Context, in *One) (*explainedOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	c, err := s.conversion(ctx, ws, in.ID)
	if err != nil {
		return nil, err
	}
	visit, err := event.DecodeVisit(c.Dims)
	if err != nil {
		return nil, fmt.Errorf("click of %s: %w", c.ID, err)
	}
	signals, err := s.Books.ListSignals(ctx, inbox.Query{Workspace: ws, Conversion: c.ID, Limit: maxStory})
	if err != nil {
		return nil, fmt.Errorf("signals of %s: %w", c.ID, err)
	}
	changes, err := s.Books.Changes(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", c.ID, err)
	}
	adjustments, err := s.Books.Adjustments(ctx, ws, c.ID)
	if err != nil {
		return nil, fmt.Errorf("adjustments of %s: %w", c.ID, err)
	}
	posted, err := s.Books.Transactions(ctx, ledger.Query{Workspace: ws, Cause: c.ID, Limit: maxStory})
	if err != nil {
		return nil, fmt.Errorf("transactions of %s: %w", c.ID, err)
	}
	sent, err := s.Outbound.List(ctx, outbound.Query{Workspace: ws, Conversion: c.ID, Limit: maxStory})
	if err != nil {
		return nil, fmt.Errorf("deliveries of %s: %w", c.ID, err)
	}
	out := &explainedOutput{Explained{Conversion: s.conversionView(c), Visit: visitView(visit), Signals: []Signal{}, Changes: []Change{}, Adjustments: []Adjustment{}, Transactions: []Transaction{}, Deliveries: []Delivery{}}}
	for _, r := range signals {
		out.Body.Signals = append(out.Body.Signals, signalView(r))
	}
	for _, ch := range changes {
		out.Body.Changes = append(out.Body.Changes, Change{timeOf(ch.At), string(ch.From), string(ch.To), ch.Actor, ch.Reason})
	}
	for _, a := range adjustments {
		out.Body.Adjustments = append(out.Body.Adjustments, adjustmentView(a))
	}
	for _, t := range posted {
		out.Body.Transactions = append(out.Body.Transactions, transactionView(t))
	}
	for _, d := range sent {
		out.Body.Deliveries = append(out.Body.Deliveries, deliveryView(d))
	}
	return out, nil
}

// decide moves a conversion. Asking for the state it is in is not an error: a caller
// that lost the answer asks again.
func (s *server) decide(to conversion.Status) func(context.Context, *decideInput) (*conversionOutput, error) {
	return func(ctx context.Context, in *decideInput) (*conversionOutput, error) {
		ws, err := s.workspace(ctx, in.Scope)
		if err != nil {
			return nil, err
		}
		c, err := s.conversion(ctx, ws, in.ID)
		if err != nil {
			return nil, err
		}
		var d ReasonDoc
		err = mergeThen(&d, &ReasonDoc{}, orEmpty(in.Body.raw), func() error {
			bad := &catalog.Invalid{}
			switch {
			case len([]rune(d.Reason)) > 500:
				bad.Add("reason", "too_long", d.Reason, "Must be at most 500 characters long.")
			case d.Reason == "" && to != conversion.Approved:
				bad.Add("reason", "required", "", "Say why: the publisher will ask.")
			}
			return bad.Err()
		})
		if err != nil {
			return nil, err
		}
		c, err = s.Decide.Decide(ctx, caller(ctx), ws, in.ID, to, d.Reason)
		var state *books.StateError
		if errors.As(err, &state) && state.From == to {
			c, err = s.conversion(ctx, ws, in.ID)
		}
		if err != nil {
			return nil, err
		}
		return &conversionOutput{s.conversionView(c)}, nil
	}
}

// orEmpty lets an absent body stand for an empty object.
func orEmpty(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}
