package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
)

// PublisherConversion is a conversion as the publisher who earns by it sees it.
type PublisherConversion struct {
	ID        string            `json:"id" doc:"Its id."`
	Status    string            `json:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Where it stands."`
	Reason    string            `json:"reason" doc:"Why it was rejected or reversed; empty: it was not, or nothing was said."`
	Offer     Named             `json:"offer" doc:"What converted."`
	Goal      string            `json:"goal" doc:"Key of the goal."`
	Link      Named             `json:"link" doc:"The link of the click; empty: a coupon came without one."`
	TxID      string            `json:"txid" doc:"The advertiser's order number; empty: none was sent."`
	Payout    Money             `json:"payout" doc:"What it pays you. Of what was rejected or reversed nothing is paid."`
	Sale      *Money            `json:"sale" doc:"What the customer paid; null: it was not sent."`
	EventTime time.Time         `json:"event_time" doc:"When it happened."`
	ClickTime time.Time         `json:"click_time" doc:"When the click happened."`
	Recorded  time.Time         `json:"recorded" doc:"When it was recorded."`
	Method    string            `json:"method" doc:"How it was matched: by click_id, by cookie or by coupon."`
	Coupon    string            `json:"coupon" doc:"The coupon of yours that it was matched by."`
	Country   string            `json:"country" doc:"Country of the click, ISO 3166-1 alpha-2."`
	Device    string            `json:"device" doc:"Device class of the click."`
	Subs      map[string]string `json:"subs" doc:"sub1 to sub20, as far as they were given."`
	Source    string            `json:"source" doc:"The source label of the click."`
	External  string            `json:"external_id" doc:"Your own id of the click, where the link brought one."`
}

// StatusStep is one step of a conversion's life.
type StatusStep struct {
	At     time.Time `json:"at" doc:"When."`
	Status string    `json:"status" doc:"The status since then."`
	Reason string    `json:"reason" doc:"Why it was rejected or reversed; empty otherwise."`
}

// PublisherConversionStory is a conversion with its history.
type PublisherConversionStory struct {
	PublisherConversion
	History []StatusStep `json:"history" nullable:"false" doc:"Its states, the first first."`
}

// Find is what conversions are looked for by.
type Find struct {
	Offer  string
	Status string
	Order  string
	Paging
}

// refusedStatus are the states whose reason is told.
func refusedStatus(s conversion.Status) bool {
	return s == conversion.Rejected || s == conversion.Reversed
}

// steps are a conversion's states; who decided is not told, and why only where it lost by it.
func (d *door) steps(ctx context.Context, id string) ([]StatusStep, error) {
	changes, err := d.s.o.Books.Changes(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	out := []StatusStep{}
	for _, ch := range changes {
		if ch.From == ch.To {
			continue // priced anew
		}
		s := StatusStep{At: timeOf(ch.At), Status: string(ch.To)}
		if refusedStatus(ch.To) && ch.From != "" {
			s.Reason = ch.Reason
		}
		out = append(out, s)
	}
	return out, nil
}

// reason is why a conversion is in its state, "" where that is not told.
func (d *door) reason(ctx context.Context, c *conversion.Conversion) (string, error) {
	if !refusedStatus(c.Status) {
		return "", nil
	}
	if c.Hold != "" && c.OverCap != "" {
		return "Beyond what the offer takes.", nil
	}
	steps, err := d.steps(ctx, c.ID)
	if err != nil || len(steps) == 0 {
		return "", err
	}
	return steps[len(steps)-1].Reason, nil
}

func (p *Publisher) views(ctx context.Context, rows []*conversion.Conversion) ([]PublisherConversion, error) {
	var offers, links []string
	for _, c := range rows {
		offers, links = append(offers, c.Offer), append(links, c.Link)
	}
	offerNames, err := p.offerNames(ctx, offers)
	if err != nil {
		return nil, err
	}
	linkNames := p.names(ctx, catalog.KindLink, links)
	out := make([]PublisherConversion, len(rows))
	for i, c := range rows {
		v := PublisherConversion{ID: c.ID, Status: string(c.Status), Offer: named(offerNames, c.Offer), Goal: c.GoalKey, Link: named(linkNames, c.Link), TxID: c.Order,
			Payout: moneyOf(c.Commission, c.Currency), EventTime: timeOf(c.At), ClickTime: timeOf(c.ClickAt), Recorded: timeOf(c.Recorded), Method: c.Method, Country: c.Country, Subs: map[string]string{}}
		v.Reason, err = p.reason(ctx, c)
		if err != nil {
			return nil, err
		}
		if c.HasSale {
			m := moneyOf(c.SaleAmount, c.Currency)
			v.Sale = &m
		}
		if c.Method == conversion.MatchCoupon {
			v.Coupon = c.Coupon       // of anybody else's the publisher learns nothing
			v.ClickTime = v.EventTime // nor of a click, which was another publisher's if there was one
		}
		if visit, err := event.DecodeVisit(c.Dims); err == nil {
			v.Device, v.Source, v.External = visit.Device, visit.Source, visit.ExternalID
			for n, sub := range visit.Subs {
				if sub != "" {
					v.Subs[fmt.Sprintf("sub%d", n+1)] = sub
				}
			}
		}
		out[i] = v
	}
	return out, nil
}

// Conversions lists the publisher's conversions, newest first, without tests.
func (p *Publisher) Conversions(ctx context.Context, f Find) (Page[PublisherConversion], error) {
	rows, err := p.s.o.Books.ListConversions(ctx, conversion.Query{Workspace: p.account.Workspace, Publisher: p.row.ID, Offer: f.Offer,
		Status: conversion.Status(f.Status), Order: f.Order, Before: f.Cursor, Limit: f.limit() + 1})
	if err != nil {
		return Page[PublisherConversion]{}, fmt.Errorf("list conversions: %w", err)
	}
	cut := page(rows, f.limit(), func(c *conversion.Conversion) string { return c.ID }, func(c *conversion.Conversion) *conversion.Conversion { return c })
	views, err := p.views(ctx, slices.DeleteFunc(cut.Rows, func(c *conversion.Conversion) bool { return c.Test }))
	return Page[PublisherConversion]{views, cut.Next}, err
}

// Conversion reads one of the publisher's conversions.
func (p *Publisher) Conversion(ctx context.Context, id string) (*PublisherConversionStory, error) {
	c, err := p.find(ctx, conversion.Query{Publisher: p.row.ID}, id)
	if err != nil {
		return nil, err
	}
	views, err := p.views(ctx, []*conversion.Conversion{c})
	if err != nil {
		return nil, err
	}
	steps, err := p.steps(ctx, id)
	if err != nil {
		return nil, err
	}
	return &PublisherConversionStory{views[0], steps}, nil
}

// find reads the conversion with the id among those of a query, which binds it to the
// party: lists are in id order, newest first, and nothing lies between an id and that id
// with a character more.
func (d *door) find(ctx context.Context, q conversion.Query, id string) (*conversion.Conversion, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	q.Workspace, q.Before, q.Limit = d.account.Workspace, id+"0", 1
	rows, err := d.s.o.Books.ListConversions(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("find conversion: %w", err)
	}
	if len(rows) == 0 || rows[0].ID != id || rows[0].Test {
		return nil, catalog.ErrNotFound
	}
	return rows[0], nil
}

// Balance is what a publisher has in one currency.
type Balance struct {
	Pending   Money `json:"pending" doc:"Of conversions that are not approved yet."`
	Available Money `json:"available" doc:"Of approved conversions: owed to you."`
	InPayment Money `json:"in_payment" doc:"What a payout has taken up and has not reached you yet."`
}

// Balances are the publisher's balances, by currency.
func (p *Publisher) Balances(ctx context.Context) ([]Balance, error) {
	all, err := p.s.o.Books.Balances(ctx, p.account.Workspace, p.row.ID)
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	pending, available, paying := map[string]int64{}, map[string]int64{}, map[string]int64{}
	var currencies []string
	for _, b := range all {
		if b.Account.Party != p.row.ID {
			continue
		}
		switch b.Account.Kind {
		case ledger.PublisherPending:
			pending[b.Account.Currency] += b.Net()
		case ledger.PublisherAvailable:
			available[b.Account.Currency] += b.Net()
		case ledger.PublisherInPayment:
			paying[b.Account.Currency] += b.Net()
		default:
			continue
		}
		currencies = append(currencies, b.Account.Currency)
	}
	slices.Sort(currencies)
	out := []Balance{}
	for _, c := range slices.Compact(currencies) {
		out = append(out, Balance{moneyOf(pending[c], c), moneyOf(available[c], c), moneyOf(paying[c], c)})
	}
	return out, nil
}

// Movement is a change of the publisher's balance.
type Movement struct {
	ID         string    `json:"id" doc:"Its id."`
	At         time.Time `json:"at" doc:"When it was posted."`
	Kind       string    `json:"kind" doc:"What it is: accrual, approval, rejection, reversal, adjustment."`
	Conversion string    `json:"conversion" doc:"The conversion that caused it; empty: something else did."`
	Pending    Money     `json:"pending" doc:"What it adds to the pending balance."`
	Available  Money     `json:"available" doc:"What it adds to the available balance."`
	InPayment  Money     `json:"in_payment" doc:"What it adds to what is being paid."`
}

// Movements lists what changed the publisher's balance, newest first.
func (p *Publisher) Movements(ctx context.Context, at Paging) (Page[Movement], error) {
	rows, err := p.s.o.Books.Transactions(ctx, ledger.Query{Workspace: p.account.Workspace, Party: p.row.ID, Before: at.Cursor, Limit: at.limit() + 1})
	if err != nil {
		return Page[Movement]{}, fmt.Errorf("movements: %w", err)
	}
	return page(rows, at.limit(), func(t *ledger.Transaction) string { return t.ID }, func(t *ledger.Transaction) Movement {
		m := Movement{ID: t.ID, At: timeOf(t.Recorded), Kind: t.Kind}
		if t.CauseKind == "conversion" {
			m.Conversion = t.Cause
		}
		currency, pending, available, paying := "", int64(0), int64(0), int64(0)
		for _, e := range t.Entries {
			if e.Account.Party != p.row.ID {
				continue
			}
			currency = e.Account.Currency
			switch e.Account.Kind {
			case ledger.PublisherPending:
				pending -= e.Amount // a credit is what we owe more
			case ledger.PublisherAvailable:
				available -= e.Amount
			case ledger.PublisherInPayment:
				paying -= e.Amount
			}
		}
		m.Pending, m.Available, m.InPayment = moneyOf(pending, currency), moneyOf(available, currency), moneyOf(paying, currency)
		return m
	}), nil
}
