package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// Advertiser is an advertiser's portal, open for one request.
type Advertiser struct {
	*door
	row *catalog.Advertiser
}

// Advertiser opens the portal of the advertiser whose principal p is: [ErrClosed] where its
// account does not let it work.
func (s *Service) Advertiser(ctx context.Context, p account.Principal) (*Advertiser, error) {
	d, e, err := s.enter(ctx, p, account.PartyAdvertiser)
	if err != nil {
		return nil, err
	}
	if !d.account.Open() {
		return nil, ErrClosed
	}
	row, ok := e.(*catalog.Advertiser)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	return &Advertiser{d, row}, nil
}

// AdvertiserOffer is an offer as the advertiser who pays for it sees it.
type AdvertiserOffer struct {
	ID          string   `json:"id" doc:"Its id."`
	Name        string   `json:"name" doc:"Its name."`
	Description string   `json:"description" doc:"What publishers read about it."`
	Category    string   `json:"category" doc:"For publishers to choose by."`
	URL         string   `json:"url" doc:"Where visitors go; words in braces are replaced at the click."`
	PreviewURL  string   `json:"preview_url" doc:"The page publishers are shown."`
	Status      string   `json:"status" enum:"draft,submitted,approved,active,paused,archived" doc:"Only an active offer takes visitors."`
	Currency    string   `json:"currency" doc:"Of its payouts, ISO 4217."`
	Payouts     []Payout `json:"payouts" nullable:"false" doc:"What conversions of its goals cost you, the default goal first."`
	CookieDays  int64    `json:"cookie_days" doc:"How many days a click is remembered by the cookie."`
	WindowDays  int64    `json:"window_days" doc:"How many days after its click a conversion may come; 0: any time."`
	NeedsOrder  bool     `json:"require_order" doc:"Whether a conversion needs an order number."`
	Begins      string   `json:"initial_status" enum:"pending,approved" doc:"State of a new conversion from a postback."`
	Countries   []string `json:"countries" nullable:"false" doc:"Countries it takes visitors from; empty: all."`
	Devices     []string `json:"devices" nullable:"false" doc:"Devices it takes; empty: all."`
	DeepLinks   []string `json:"deep_links" nullable:"false" doc:"Hosts to which links may lead."`
}

// Payout is what conversions of one goal cost the advertiser.
type Payout struct {
	Goal      string       `json:"goal" doc:"Name of the goal."`
	Key       string       `json:"key" doc:"Its key: what a signal says in goal."`
	Kind      string       `json:"kind" enum:"fixed,percent,postback" doc:"An amount, a percentage of the sale, or what the postback says."`
	Amount    string       `json:"amount" example:"12.50" doc:"The amount when fixed; when the postback says it, what counts if it says nothing."`
	Percent   string       `json:"percent" example:"8.5" doc:"The percentage of the sale; else empty."`
	Countries []GeoPayment `json:"countries" nullable:"false" doc:"Amounts of single countries, where they differ."`
}

// Guide is one way to report conversions of an offer, with the text to paste.
type Guide struct {
	ID          string   `json:"id" enum:"postback,pixel,pixel_url,script" doc:"Which way it is."`
	Label       string   `json:"label" doc:"What people call it."`
	Text        string   `json:"text" doc:"What to paste, with your own URL and keys."`
	Language    string   `json:"language" enum:"url,html" doc:"What the text is."`
	Help        string   `json:"help" doc:"Where it goes, and what it cannot do."`
	Recommended bool     `json:"recommended" doc:"Whether it is the best where it is possible."`
	Warnings    []string `json:"warnings" nullable:"false" doc:"What is still to be done."`
}

func payoutOf(o *catalog.Offer, g *catalog.Goal) Payout {
	t := o.Terms
	if g.PayoutKind != "" {
		t = g.Terms
	}
	p := Payout{Goal: g.Name, Key: g.Key, Kind: t.PayoutKind, Countries: []GeoPayment{}}
	switch {
	case t.PayoutKind == catalog.PayoutPercent:
		p.Percent = t.PayoutPercent
	case t.PayoutKind == catalog.PayoutFixed || t.Payout > 0:
		p.Amount = text(t.Payout, o.Currency)
	}
	for _, geo := range t.GeoPayouts {
		p.Countries = append(p.Countries, GeoPayment{geo.Country, text(geo.Payout, o.Currency)})
	}
	return p
}

func (a *Advertiser) view(ctx context.Context, o *catalog.Offer) (AdvertiserOffer, error) {
	v := AdvertiserOffer{ID: o.ID, Name: o.Name, Description: o.Description, Category: o.Category, URL: o.URL, PreviewURL: o.PreviewURL, Status: o.Status, Currency: o.Currency, Payouts: []Payout{},
		CookieDays: catalog.CookieLife(o, a.row), WindowDays: o.WindowDays, NeedsOrder: o.RequireOrder, Begins: o.InitialStatus, Countries: copied(o.Countries), Devices: copied(o.Devices), DeepLinks: copied(o.DeepLinks)}
	if o.Archived {
		v.Status = "archived"
	}
	goals, err := a.goals(ctx, o.ID)
	if err != nil {
		return v, err
	}
	for _, g := range goals {
		v.Payouts = append(v.Payouts, payoutOf(o, g))
	}
	return v, nil
}

// own reads the advertiser's offers, archived ones too: by name.
func (a *Advertiser) own(ctx context.Context) ([]*catalog.Offer, error) {
	rows, err := every[*catalog.Offer](ctx, a.door, catalog.Query{Kind: catalog.KindOffer, Archived: "all", Filter: map[string]string{"advertiser": a.row.ID}})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(x, y *catalog.Offer) int {
		if c := strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return rows, nil
}

func (a *Advertiser) offer(ctx context.Context, id string) (*catalog.Offer, error) {
	o, err := get[*catalog.Offer](ctx, a.door, catalog.KindOffer, id)
	if err != nil {
		return nil, err
	}
	if o.Advertiser != a.row.ID {
		return nil, catalog.ErrNotFound
	}
	return o, nil
}

// Offers lists the advertiser's offers by name, without the archived ones. search keeps
// those with the text in their name.
func (a *Advertiser) Offers(ctx context.Context, search string) ([]AdvertiserOffer, error) {
	rows, err := a.own(ctx)
	if err != nil {
		return nil, err
	}
	out := []AdvertiserOffer{}
	for _, o := range rows {
		if o.Archived || !strings.Contains(strings.ToLower(o.Name), strings.ToLower(strings.TrimSpace(search))) {
			continue
		}
		v, err := a.view(ctx, o)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Offer reads one of the advertiser's offers.
func (a *Advertiser) Offer(ctx context.Context, id string) (*AdvertiserOffer, error) {
	o, err := a.offer(ctx, id)
	if err != nil {
		return nil, err
	}
	v, err := a.view(ctx, o)
	return &v, err
}

// Guides are the ways to report conversions of an offer. The token is told to those who may
// change things.
func (a *Advertiser) Guides(ctx context.Context, offer string, optional bool) ([]Guide, error) {
	o, err := a.offer(ctx, offer)
	if err != nil {
		return nil, err
	}
	out := []Guide{}
	for _, m := range catalog.Tracking(o, a.told(), a.s.origins.OfOffer(o), a.s.o.TagVersion, optional) {
		out = append(out, Guide{m.ID, m.Label, m.Text, m.Language, m.Help, m.Recommended, append([]string{}, m.Warnings...)})
	}
	return out, nil
}

// KeepGuide is one way to hold the click id until the sale and report it, with the text to
// paste at each step.
type KeepGuide struct {
	ID    string     `json:"id" doc:"Which way it is; a running sample has the same name."`
	Label string     `json:"label" doc:"What people call it."`
	Fits  bool       `json:"fits" doc:"Whether the offer's tracking method hands out what it needs."`
	Help  string     `json:"help" doc:"Where it fits, and what it cannot do."`
	Steps []KeepStep `json:"steps" nullable:"false" doc:"What to do, in order."`
}

// KeepStep is a thing to do.
type KeepStep struct {
	What string `json:"what" doc:"What to do."`
	Text string `json:"text" doc:"What to paste, with your own URL and keys."`
}

// KeepGuides are the ways to hold the click id, the most reliable first, with the offer's
// own values. The token is told to those who may change things.
func (a *Advertiser) KeepGuides(ctx context.Context, offer string) ([]KeepGuide, error) {
	o, err := a.offer(ctx, offer)
	if err != nil {
		return nil, err
	}
	out := []KeepGuide{}
	for _, g := range catalog.Guides(o, a.told(), a.s.origins.OfOffer(o)) {
		v := KeepGuide{g.ID, g.Label, g.Fits, g.Help, []KeepStep{}}
		for _, s := range g.Steps {
			v.Steps = append(v.Steps, KeepStep(s))
		}
		out = append(out, v)
	}
	return out, nil
}

// told is the advertiser as guides may show it to who asks.
func (a *Advertiser) told() *catalog.Advertiser {
	adv := *a.row
	if !a.Writes() {
		adv.Token = ""
	}
	return &adv
}

func (a *Advertiser) offerNames(ctx context.Context) (map[string]string, error) {
	rows, err := a.own(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, o := range rows {
		out[o.ID] = o.Name
	}
	return out, nil
}

// Statistics answers the advertiser's numbers; the amounts are its cost. Publishers are
// told by their ids alone.
func (a *Advertiser) Statistics(ctx context.Context, q Ask) (*Statistics, error) {
	q.Link = ""
	s, err := a.statistics(ctx, account.PartyAdvertiser, "revenue", q)
	if err != nil || q.By != "offer" {
		return s, err
	}
	names, err := a.offerNames(ctx)
	if err != nil {
		return nil, err
	}
	s.rename(names)
	return s, nil
}

// AdvertiserConversion is a conversion as the advertiser who pays for it sees it.
type AdvertiserConversion struct {
	ID        string    `json:"id" doc:"Its id."`
	Status    string    `json:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Where it stands."`
	Reason    string    `json:"reason" doc:"Why it was rejected or reversed; empty: it was not, or nothing was said."`
	Offer     Named     `json:"offer" doc:"What converted."`
	Goal      string    `json:"goal" doc:"Key of the goal."`
	Publisher string    `json:"publisher" doc:"Id of the publisher who brought it; empty: nobody."`
	TxID      string    `json:"txid" doc:"Your order number; empty: none was sent."`
	Cost      Money     `json:"cost" doc:"What it costs you. Rejected and reversed ones cost nothing."`
	Sale      *Money    `json:"sale" doc:"What the customer paid; null: it was not sent."`
	EventTime time.Time `json:"event_time" doc:"When it happened."`
	ClickTime time.Time `json:"click_time" doc:"When the click happened."`
	Recorded  time.Time `json:"recorded" doc:"When it was recorded."`
	Method    string    `json:"method" doc:"How it was matched: by click_id, by cookie or by coupon."`
	Source    string    `json:"source" doc:"What reported it: postback, pixel, script or upload."`
	Coupon    string    `json:"coupon" doc:"The coupon that was sent."`
	Country   string    `json:"country" doc:"Country of the click, ISO 3166-1 alpha-2."`
	Device    string    `json:"device" doc:"Device class of the click."`
	May       []string  `json:"may" nullable:"false" doc:"What it may be made now: approved, rejected, reversed."`
}

// AdvertiserConversionStory is a conversion with its history.
type AdvertiserConversionStory struct {
	AdvertiserConversion
	History []StatusStep `json:"history" nullable:"false" doc:"Its states, the first first."`
}

// decisions are what an advertiser may make of a conversion, as far as
// [conversion.Transitions] has the step.
var decisions = []conversion.Status{conversion.Approved, conversion.Rejected, conversion.Reversed}

func may(c *conversion.Conversion) []string {
	out := []string{}
	for _, to := range decisions {
		if conversion.Decidable(c.Status, to) && !(to == conversion.Approved && c.Hold == conversion.HoldStaff) {
			out = append(out, string(to))
		}
	}
	return out
}

func (a *Advertiser) views(ctx context.Context, rows []*conversion.Conversion) ([]AdvertiserConversion, error) {
	names, err := a.offerNames(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]AdvertiserConversion, len(rows))
	for i, c := range rows {
		v := AdvertiserConversion{ID: c.ID, Status: string(c.Status), Offer: named(names, c.Offer), Goal: c.GoalKey, Publisher: c.Publisher, TxID: c.Order,
			Cost: moneyOf(c.Revenue, c.Currency), EventTime: timeOf(c.At), ClickTime: timeOf(c.ClickAt), Recorded: timeOf(c.Recorded), Method: c.Method, Source: c.Source, Coupon: c.Coupon, Country: c.Country, May: may(c)}
		v.Reason, err = a.reason(ctx, c)
		if err != nil {
			return nil, err
		}
		if c.HasSale {
			m := moneyOf(c.SaleAmount, c.Currency)
			v.Sale = &m
		}
		if visit, err := event.DecodeVisit(c.Dims); err == nil {
			v.Device = visit.Device
		}
		out[i] = v
	}
	return out, nil
}

// Conversions lists the advertiser's conversions, newest first, without tests.
func (a *Advertiser) Conversions(ctx context.Context, f Find) (Page[AdvertiserConversion], error) {
	rows, err := a.s.o.Books.ListConversions(ctx, conversion.Query{Workspace: a.account.Workspace, Advertiser: a.row.ID, Offer: f.Offer,
		Status: conversion.Status(f.Status), Order: f.Order, Before: f.Cursor, Limit: f.limit() + 1})
	if err != nil {
		return Page[AdvertiserConversion]{}, fmt.Errorf("list conversions: %w", err)
	}
	cut := page(rows, f.limit(), func(c *conversion.Conversion) string { return c.ID }, func(c *conversion.Conversion) *conversion.Conversion { return c })
	views, err := a.views(ctx, slices.DeleteFunc(cut.Rows, func(c *conversion.Conversion) bool { return c.Test }))
	return Page[AdvertiserConversion]{views, cut.Next}, err
}

// Conversion reads one of the advertiser's conversions.
func (a *Advertiser) Conversion(ctx context.Context, id string) (*AdvertiserConversionStory, error) {
	c, err := a.find(ctx, conversion.Query{Advertiser: a.row.ID}, id)
	if err != nil {
		return nil, err
	}
	views, err := a.views(ctx, []*conversion.Conversion{c})
	if err != nil {
		return nil, err
	}
	steps, err := a.steps(ctx, id)
	if err != nil {
		return nil, err
	}
	return &AdvertiserConversionStory{views[0], steps}, nil
}

// maxReason bounds why something was decided, in characters.
const maxReason = 500

// checkDecision refuses a decision that is none, or lacks its reason.
func checkDecision(to conversion.Status, reason string) error {
	bad := &catalog.Invalid{}
	if !slices.Contains(decisions, to) {
		bad.Add("to", "not_one_of", string(to), "Must be one of approved, rejected, reversed.")
	}
	if to != conversion.Approved && reason == "" {
		bad.Add("reason", "required", "", "Say why: the publisher reads it.")
	}
	if len([]rune(reason)) > maxReason {
		bad.Add("reason", "too_long", reason, fmt.Sprintf("Must be at most %d characters long.", maxReason))
	}
	return bad.Err()
}

// Decide approves, rejects or reverses one of the advertiser's conversions, by the rules
// that hold for staff: [*conversion.StateError] where there is no such step. One that is in
// the state already stays as it is.
func (a *Advertiser) Decide(ctx context.Context, id string, to conversion.Status, reason string) (*AdvertiserConversion, error) {
	c, err := a.find(ctx, conversion.Query{Advertiser: a.row.ID}, id)
	if err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	err = checkDecision(to, reason)
	if err != nil {
		return nil, err
	}
	if c.Status != to {
		c, err = a.s.o.Decide.Decide(ctx, a.who, a.account.Workspace, id, to, reason)
		if err != nil {
			return nil, err
		}
	}
	views, err := a.views(ctx, []*conversion.Conversion{c})
	if err != nil {
		return nil, err
	}
	return &views[0], nil
}

// MaxDecisions bounds how many conversions are decided at once.
const MaxDecisions = 200

// Decision is what became of one of several conversions.
type Decision struct {
	ID      string `json:"id" doc:"The conversion."`
	Status  string `json:"status" doc:"Its state now; empty: it was not found."`
	Code    string `json:"code" doc:"Why nothing was changed: not_found, illegal_transition or held; empty: it is in the state."`
	Message string `json:"message" doc:"The same in a sentence."`
}

// DecideAll decides conversions one by one: what one cannot become does not hold up the
// others.
func (a *Advertiser) DecideAll(ctx context.Context, ids []string, to conversion.Status, reason string) ([]Decision, error) {
	bad := &catalog.Invalid{}
	switch {
	case len(ids) == 0:
		bad.Add("ids", "required", "", "Name at least one conversion.")
	case len(ids) > MaxDecisions:
		bad.Add("ids", "too_many", fmt.Sprint(len(ids)), fmt.Sprintf("At most %d conversions can be decided at once.", MaxDecisions))
	}
	err := bad.Err()
	if err == nil {
		err = checkDecision(to, strings.TrimSpace(reason))
	}
	if err != nil {
		return nil, err
	}
	out := []Decision{}
	for _, id := range ids {
		v, err := a.Decide(ctx, id, to, reason)
		var state *conversion.StateError
		switch {
		case err == nil:
			out = append(out, Decision{ID: id, Status: v.Status})
		case errors.Is(err, catalog.ErrNotFound):
			out = append(out, Decision{ID: id, Code: "not_found", Message: "There is nothing here under this id."})
		case errors.As(err, &state):
			out = append(out, Decision{id, string(state.From), "illegal_transition", fmt.Sprintf("A conversion that is %s cannot become %s.", state.From, state.To)})
		case errors.Is(err, conversion.ErrHeld):
			out = append(out, Decision{id, string(conversion.Pending), "held", "The conversion is held for a check and cannot be approved yet."})
		default:
			return out, err
		}
	}
	return out, nil
}

// Waiting counts the conversions that wait for a decision, up to a bound.
func (a *Advertiser) Waiting(ctx context.Context, most int) (int, error) {
	rows, err := a.s.o.Books.ListConversions(ctx, conversion.Query{Workspace: a.account.Workspace, Advertiser: a.row.ID, Status: conversion.Pending, Limit: most})
	if err != nil {
		return 0, fmt.Errorf("count conversions: %w", err)
	}
	return len(slices.DeleteFunc(rows, func(c *conversion.Conversion) bool { return c.Test })), nil
}
