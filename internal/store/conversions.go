package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/store/q"
)

func conversionRow(c *conversion.Conversion) q.Conversion {
	return q.Conversion{
		ID: c.ID, Workspace: c.Workspace, DedupKey: c.DedupKey, Click: c.Click.String(), Signal: c.Signal,
		At: c.At, ClickAt: c.ClickAt, Recorded: c.Recorded, Advertiser: c.Advertiser, Offer: c.Offer, Goal: c.Goal,
		GoalKey: c.GoalKey, Publisher: c.Publisher, Link: c.Link, OrderNo: c.Order, Method: c.Method, Source: c.Source,
		Status: string(c.Status), Currency: c.Currency, Revenue: c.Revenue, Commission: c.Commission,
		SaleAmount: c.SaleAmount, HasSale: c.HasSale, Sent: c.Sent, Country: c.Country, Coupon: c.Coupon, Test: c.Test,
		PayoutRule: c.PayoutRule, CommRule: c.CommRule, Warning: c.Warning, Revision: c.Revision, Dims: bytesOf(c.Dims),
		Version: c.Version, Geo: c.Geo, Params: c.Params, Hold: c.Hold, OverCap: c.OverCap, SentBy: c.SentBy, CouponNote: c.CouponNote, Terms: c.Terms,
		Adjusted: c.Adjusted, BaseSale: c.BaseSale, BaseRevenue: c.BaseRevenue, BaseCommission: c.BaseCommission, HoldNote: c.HoldNote,
		Rule: c.Rule, RuleVersion: c.RuleVersion, CommissionID: c.CommissionID, Customer: c.Customer, Items: c.Items, CommLines: c.CommLines, RuleTier: c.Tier,
		SentCurrency: c.SentCurrency, SentSale: c.SentSale, Rate: c.Rate.Rate, RateDate: c.Rate.Date, RateSource: c.Rate.Source,
		ReportCurrency: c.ReportCurrency, ReportRate: c.Report.Rate, ReportRateDate: c.Report.Date, ReportRateSource: c.Report.Source,
	}
}

func conversionOf(r q.Conversion) *conversion.Conversion {
	// "" and nothing else is not an id: the zero id again.
	click, _ := event.ParseClickID(r.Click)
	return &conversion.Conversion{
		ID: r.ID, Workspace: r.Workspace, DedupKey: r.DedupKey, Click: click, Signal: r.Signal,
		At: r.At, ClickAt: r.ClickAt, Recorded: r.Recorded, Advertiser: r.Advertiser, Offer: r.Offer, Goal: r.Goal,
		GoalKey: r.GoalKey, Publisher: r.Publisher, Link: r.Link, Order: r.OrderNo, Method: r.Method, Source: r.Source,
		Status: conversion.Status(r.Status), Currency: r.Currency, Revenue: r.Revenue, Commission: r.Commission,
		SaleAmount: r.SaleAmount, HasSale: r.HasSale, Sent: r.Sent, Country: r.Country, Coupon: r.Coupon, Test: r.Test,
		PayoutRule: r.PayoutRule, CommRule: r.CommRule, Warning: r.Warning, Revision: r.Revision, Dims: r.Dims,
		Version: r.Version, Geo: r.Geo, Params: r.Params, Hold: r.Hold, OverCap: r.OverCap, SentBy: r.SentBy, CouponNote: r.CouponNote, Terms: r.Terms,
		Adjusted: r.Adjusted, BaseSale: r.BaseSale, BaseRevenue: r.BaseRevenue, BaseCommission: r.BaseCommission, HoldNote: r.HoldNote,
		Rule: r.Rule, RuleVersion: r.RuleVersion, CommissionID: r.CommissionID, Customer: r.Customer, Items: r.Items, CommLines: r.CommLines, Tier: r.RuleTier,
		SentCurrency: r.SentCurrency, SentSale: r.SentSale, Rate: conversion.FX{Rate: r.Rate, Date: r.RateDate, Source: r.RateSource},
		ReportCurrency: r.ReportCurrency, Report: conversion.FX{Rate: r.ReportRate, Date: r.ReportRateDate, Source: r.ReportRateSource},
	}
}

// ConversionByDedup finds a conversion by its key.
func (t *booksTx) ConversionByDedup(ctx context.Context, workspace, key string) (*conversion.Conversion, error) {
	r, err := t.q.ConversionByDedup(ctx, q.ConversionByDedupParams{Workspace: workspace, DedupKey: key})
	if err != nil {
		return nil, t.wrap("conversion by key", found(err))
	}
	return conversionOf(r), nil
}

// ConversionsByClick returns the conversions of one click.
func (t *booksTx) ConversionsByClick(ctx context.Context, workspace string, click event.ClickID) ([]*conversion.Conversion, error) {
	rows, err := t.q.ConversionsByClick(ctx, q.ConversionsByClickParams{Workspace: workspace, Click: click.String()})
	return each(rows, conversionOf), t.wrap("conversions of a click", err)
}

// GetConversion returns a conversion of the workspace.
func (t *booksTx) GetConversion(ctx context.Context, workspace, id string) (*conversion.Conversion, error) {
	r, err := t.q.GetConversion(ctx, q.GetConversionParams{Workspace: workspace, ID: id})
	if err != nil {
		return nil, t.wrap("get conversion", found(err))
	}
	return conversionOf(r), nil
}

// InsertConversion adds a conversion, as version 1.
func (t *booksTx) InsertConversion(ctx context.Context, c *conversion.Conversion) error {
	row := conversionRow(c)
	row.Version = 1
	n, err := t.q.InsertConversion(ctx, q.InsertConversionParams(row))
	if err != nil {
		return t.wrap("insert conversion", err)
	}
	if n == 0 {
		return conversion.ErrTaken
	}
	c.Version = 1
	return nil
}

// UpdateConversion writes what may change of a conversion, by its version.
func (t *booksTx) UpdateConversion(ctx context.Context, c *conversion.Conversion) error {
	stored, err := t.GetConversion(ctx, c.Workspace, c.ID)
	if err != nil {
		return err
	}
	if stored.Version != c.Version {
		return catalog.ErrVersion
	}
	if stored.DedupKey != c.DedupKey {
		// Asked beforehand: on PostgreSQL a violated key would end the transaction.
		other, err := t.ConversionByDedup(ctx, c.Workspace, c.DedupKey)
		if err == nil && other.ID != c.ID {
			return conversion.ErrTaken
		}
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
	}
	n, err := t.q.UpdateConversion(ctx, q.UpdateConversionParams{
		Status: string(c.Status), Source: c.Source, DedupKey: c.DedupKey, OrderNo: c.Order, Warning: c.Warning,
		Revenue: c.Revenue, Commission: c.Commission, SaleAmount: c.SaleAmount, HasSale: c.HasSale,
		Sent: c.Sent, PayoutRule: c.PayoutRule, CommRule: c.CommRule, Revision: c.Revision,
		Geo: c.Geo, Params: c.Params, Hold: c.Hold, OverCap: c.OverCap, SentBy: c.SentBy, Terms: c.Terms,
		Adjusted: c.Adjusted, BaseSale: c.BaseSale, BaseRevenue: c.BaseRevenue, BaseCommission: c.BaseCommission, HoldNote: c.HoldNote,
		Rule: c.Rule, RuleVersion: c.RuleVersion, CommissionID: c.CommissionID, Customer: c.Customer, Items: c.Items, CommLines: c.CommLines, RuleTier: c.Tier,
		SentCurrency: c.SentCurrency, SentSale: c.SentSale, Rate: c.Rate.Rate, RateDate: c.Rate.Date, RateSource: c.Rate.Source,
		ReportCurrency: c.ReportCurrency, ReportRate: c.Report.Rate, ReportRateDate: c.Report.Date, ReportRateSource: c.Report.Source,
		ID: c.ID, Workspace: c.Workspace, Version: c.Version,
	})
	if err != nil {
		return t.wrap("update conversion", err)
	}
	if n == 0 {
		return catalog.ErrVersion
	}
	c.Version++
	return nil
}

// Volume adds up a publisher's conversions with an offer; see conversion.Tx.
func (t *booksTx) Volume(ctx context.Context, v conversion.VolumeQuery) (conversions, sales int64, err error) {
	if v.To == 0 {
		v.To = math.MaxInt64
	}
	r, err := t.q.Volume(ctx, q.VolumeParams{Workspace: v.Workspace, Offer: v.Offer, Publisher: v.Publisher, FromAt: v.From, ToAt: v.To, Before: beforeID(v.Before), Other: v.Except})
	return r.Conversions, r.Sales, t.wrap("volume", err)
}

// Liftable lists what a retroactive tier may lift; see conversion.Tx.
func (t *booksTx) Liftable(ctx context.Context, v conversion.VolumeQuery, rule string, tier int64, limit int) ([]string, error) {
	if v.To == 0 {
		v.To = math.MaxInt64
	}
	ids, err := t.q.Liftable(ctx, q.LiftableParams{Workspace: v.Workspace, Offer: v.Offer, Publisher: v.Publisher, FromAt: v.From, ToAt: v.To,
		Other: v.Except, Tier: tier, Rule: rule, InLines: `%"rule":"` + rule + `"%`, Most: int64(limit)})
	return ids, t.wrap("orders to lift", err)
}

// FirstOrder finds a customer's first order; see conversion.Tx.
func (t *booksTx) FirstOrder(ctx context.Context, workspace, customer, goal, before string) (int64, error) {
	at, err := t.q.FirstOrder(ctx, q.FirstOrderParams{Workspace: workspace, Customer: customer, GoalKey: goal, Before: beforeID(before)})
	return at, t.wrap("first order of a customer", err)
}

// beforeID is an id above all others where none is given.
func beforeID(id string) string {
	if id == "" {
		return "\x7f"
	}
	return id
}

// InsertChange adds a line to a conversion's history.
func (t *booksTx) InsertChange(ctx context.Context, ch *conversion.Change) error {
	return t.wrap("insert change", t.q.InsertChange(ctx, q.InsertChangeParams{
		Conversion: ch.Conversion, At: ch.At, FromStatus: string(ch.From), ToStatus: string(ch.To), Actor: ch.Actor, Reason: ch.Reason,
	}))
}

// ListConversions returns a page; see conversion.Reader.
func (b booksStore) ListConversions(ctx context.Context, query conversion.Query) ([]*conversion.Conversion, error) {
	l := newList[q.Conversion]("conversions").equal("workspace", query.Workspace).given("offer", query.Offer).
		given("publisher", query.Publisher).given("advertiser", query.Advertiser).given("status", string(query.Status)).given("click", query.Click).
		given("order_no", query.Order).before(query.Before)
	if query.Held {
		l.where = append(l.where, l.column("hold")+" <> ''")
		// What a cap refused keeps its mark, and waits for nobody.
		l.where = append(l.where, l.column("status")+" IN ("+l.param(string(conversion.Pending))+", "+l.param(string(conversion.Approved))+")")
	}
	text := l.query(pageSize(query.Limit))
	rows, err := collect[q.Conversion](b.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list conversions: %w", err)
	}
	return each(rows, conversionOf), nil
}

// Changes returns a conversion's history, oldest first; see conversion.Reader.
func (b booksStore) Changes(ctx context.Context, id string) ([]*conversion.Change, error) {
	rows, err := q.New(b.db.engine.reads()).Changes(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("store: changes: %w", err)
	}
	return each(rows, func(r q.ConversionChange) *conversion.Change {
		return &conversion.Change{
			Conversion: r.Conversion, At: r.At, From: conversion.Status(r.FromStatus), To: conversion.Status(r.ToStatus),
			Actor: r.Actor, Reason: r.Reason,
		}
	}), nil
}

// InsertOnsite counts an on-site event, once.
func (t *booksTx) InsertOnsite(ctx context.Context, o *conversion.Onsite) (bool, error) {
	n, err := t.q.InsertOnsiteEvent(ctx, q.InsertOnsiteEventParams{
		Workspace: o.Workspace, DedupKey: o.DedupKey, Signal: o.Signal, At: o.At, Offer: o.Offer, Goal: o.Goal, Publisher: o.Publisher, Click: o.Click.String(),
	})
	return n > 0, t.wrap("insert event", err)
}

// OnsiteEvents counts the on-site events of a workspace; see conversion.Reader.
func (b booksStore) OnsiteEvents(ctx context.Context, workspace string) ([]conversion.OnsiteCount, error) {
	rows, err := q.New(b.db.engine.reads()).CountOnsiteEvents(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: count events: %w", err)
	}
	return each(rows, func(r q.CountOnsiteEventsRow) conversion.OnsiteCount {
		return conversion.OnsiteCount{Publisher: r.Publisher, Goal: r.Goal, Events: r.Events}
	}), nil
}
