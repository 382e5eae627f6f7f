package wizard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/money"
)

// sample is a signal that arrived during a run.
type sample struct {
	row  *inbox.Row
	sig  *event.Signal
	req  dialect.Request
	mine bool // its click came through the run's link; else only its sender is known
	conv *conversion.Conversion
}

// maxSignals bounds what one look reads.
const maxSignals = 200

// samples are the signals of a run, oldest first: those whose click is the run's, and
// those of the advertiser that no click could be found for.
func (s *Service) samples(ctx context.Context, r *Run, o *catalog.Offer, adv *catalog.Advertiser) ([]*sample, error) {
	var rows []*inbox.Row
	for _, q := range []inbox.Query{
		{Workspace: r.Workspace, Offer: r.Offer, Limit: maxSignals}, {Workspace: r.Workspace, NoOffer: true, Limit: maxSignals}, {Unassigned: true, NoOffer: true, Limit: maxSignals},
	} {
		part, err := s.Books.ListSignals(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("read signals: %w", err)
		}
		for _, row := range part {
			if row.At >= r.Started {
				rows = append(rows, row)
			}
		}
	}
	slices.SortFunc(rows, func(a, b *inbox.Row) int { return strings.Compare(a.ID, b.ID) })
	var out []*sample
	for _, row := range rows {
		x, err := s.sample(ctx, r, o, adv, row)
		if err != nil {
			return nil, err
		}
		if x != nil {
			out = append(out, x)
		}
	}
	convs, err := s.Books.TestConversions(ctx, r.Workspace, r.Link, maxSignals)
	if err != nil {
		return nil, fmt.Errorf("read test conversions: %w", err)
	}
	for _, c := range convs {
		for _, x := range out {
			if x.mine && x.row.Conversion == c.ID {
				x.conv = c
			}
		}
	}
	return out, nil
}

// sample is one signal, nil when it has nothing to do with the run.
func (s *Service) sample(ctx context.Context, r *Run, o *catalog.Offer, adv *catalog.Advertiser, row *inbox.Row) (*sample, error) {
	sig, err := event.DecodeSignal(row.Raw)
	if err != nil || sig.Test {
		return nil, nil // one of ours, or what nobody can read
	}
	x := &sample{row: row, sig: sig}
	x.req, _ = dialect.Parse(sig)
	id, err := event.ParseClickID(row.Click)
	if err == nil && s.Keys().Verify(id) {
		v, err := s.Clicks.Find(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("look up a click: %w", err)
		}
		if v != nil {
			x.mine = v.Test && v.Link == r.Link
			if !x.mine {
				return nil, nil
			}
			return x, nil
		}
	}
	if row.Conversion != "" || row.Verdict == event.PendingClick {
		return nil, nil
	}
	ours := adv != nil && x.req.Token != "" && (x.req.Token == adv.Token || x.req.Token == adv.TokenOld)
	if event.FromPage(row.Kind) {
		ours = x.req.Key == o.Key || sig.Dialect != "" && (x.req.Offer == o.ID || x.req.Offer == o.Key)
	}
	if !ours {
		return nil, nil
	}
	return x, nil
}

// values says what arrived with a conversion and what was understood.
func (x *sample) values(o *catalog.Offer) []Parsed {
	c := x.conv
	ignored := func(name string) string {
		if slices.Contains(x.req.Ignored, name) {
			return "It arrived as a macro that nobody had replaced, so it counts as not sent."
		}
		return ""
	}
	order := Parsed{Name: "Order number", Param: "txid", Raw: x.req.TxID, Value: c.Order, Problem: ignored("txid")}
	amount := Parsed{Name: "Sale amount", Param: "amount", Raw: x.req.Amount, Problem: ignored("amount")}
	if c.HasSale {
		amount.Value = text(c.SaleAmount, c.Currency)
	}
	payout := Parsed{Name: "Payout", Param: "payout", Raw: x.req.Payout, Value: text(c.Revenue, c.Currency), Problem: ignored("payout")}
	if payout.Problem == "" && c.Warning != "" && c.Revenue == 0 {
		payout.Problem = c.Warning
	}
	currency := Parsed{Name: "Currency", Param: "currency", Raw: x.req.Currency, Value: c.Currency, Problem: ignored("currency")}
	if c.SentCurrency != "" {
		currency.Value = c.SentCurrency + ", exchanged to " + c.Currency + " at " + c.Rate.Rate
	} else if x.req.Currency == "" {
		currency.Value = c.Currency + ", the offer's"
	}
	out := []Parsed{order, amount, payout, currency, {Name: "Goal", Param: "goal", Raw: x.req.Goal, Value: c.GoalKey}, {Name: "State", Param: "status", Raw: x.req.Status, Value: string(c.Status)}}
	if x.req.ClickID == "" {
		return append([]Parsed{{Name: "Click id", Param: "click_id", Value: x.row.Click + ", by the tracker's cookie"}}, out...)
	}
	return append([]Parsed{{Name: "Click id", Param: "click_id", Raw: x.req.ClickID, Value: x.row.Click}}, out...)
}

// refused says what arrived with a signal of which nothing came.
func (x *sample) refused() []Parsed {
	var out []Parsed
	for _, p := range []Parsed{
		{Name: "Click id", Param: "click_id", Raw: x.req.ClickID}, {Name: "Order number", Param: "txid", Raw: x.req.TxID}, {Name: "Sale amount", Param: "amount", Raw: x.req.Amount},
		{Name: "Payout", Param: "payout", Raw: x.req.Payout}, {Name: "Currency", Param: "currency", Raw: x.req.Currency}, {Name: "Goal", Param: "goal", Raw: x.req.Goal}, {Name: "State", Param: "status", Raw: x.req.Status},
	} {
		if p.Param == x.row.Field {
			p.Problem = x.row.Detail
		}
		if p.Raw != "" || p.Problem != "" {
			out = append(out, p)
		}
	}
	return out
}

// text writes an amount with its currency.
func text(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.Format()
}

// problem is the first thing that is wrong with the values, "" for none.
func problem(ps []Parsed) string {
	for _, p := range ps {
		if p.Problem != "" {
			return p.Name + ": " + p.Problem
		}
	}
	return ""
}
