package histories_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/money"
)

// drawn is how much time passes between two steps: mostly little, at times weeks, and now
// and then the clock is set back.
func drawn(r *rand.Rand) time.Duration {
	switch r.IntN(12) {
	case 0:
		return time.Duration(r.IntN(20)) * 24 * time.Hour
	case 1:
		return -time.Duration(r.IntN(180)) * time.Minute
	}
	return time.Duration(r.IntN(7200)) * time.Second
}

// ops are what can happen, by how often. Each draws what it does and gives it: done twice,
// it is the same request again.
var ops = []struct {
	weight int
	draw   func(h *history) func() error
}{
	{30, (*history).sale}, {6, (*history).redelivery}, {8, (*history).news}, {14, (*history).decision}, {12, (*history).refund}, {5, (*history).restatement},
	{5, (*history).hold}, {4, (*history).bonus}, {4, (*history).payment}, {4, (*history).repricing}, {4, (*history).newTerms}, {2, (*history).newRates}, {4, (*history).timer},
	{26, (*history).payoutStep},
}

func (h *history) draw() func() error {
	all := 0
	for _, o := range ops {
		all += o.weight
	}
	n := h.rnd.IntN(all)
	for _, o := range ops {
		if n < o.weight {
			return o.draw(h)
		}
		n -= o.weight
	}
	panic("unreachable")
}

func pick[T any](h *history, xs []T) (T, bool) {
	if len(xs) == 0 {
		var none T
		return none, false
	}
	return xs[h.rnd.IntN(len(xs))], true
}

func nothing() error { return nil }

// send judges a signal that is kept for later repetitions.
func (h *history) send(kind string, q url.Values) func() error {
	id, err := h.minter.New()
	if err != nil {
		return func() error { return err }
	}
	s := &event.Signal{ID: id, At: h.now.UnixMicro(), Kind: kind, HTTPMethod: "GET", Path: "/postback", Query: q.Encode()}
	h.say("%s %s", kind, s.Query)
	h.signals = append(h.signals, s)
	return func() error { return h.judged(s) }
}

func (h *history) token(o order) string { return h.view.Advertiser(h.offers[o.offer].Advertiser).Token }

// sale is a click and the first word about its order, from the shop or from its page.
func (h *history) sale() func() error {
	id, err := h.minter.New()
	if err != nil {
		return func() error { return err }
	}
	o := order{click: id, offer: h.rnd.IntN(len(h.offers)), number: fmt.Sprintf("A-%d", 1+h.rnd.IntN(40)), amount: fmt.Sprint(1 + h.rnd.IntN(9000))}
	of := h.offers[o.offer]
	if of.Currency != "JPY" {
		o.amount += fmt.Sprintf(".%02d", h.rnd.IntN(100))
	}
	if h.rnd.IntN(5) == 0 {
		o.currency, o.amount = "EUR", fmt.Sprintf("%d.%02d", h.rnd.IntN(300), h.rnd.IntN(100))
	}
	if h.rnd.IntN(6) == 0 {
		o.number = ""
	}
	pub := h.pubs[h.rnd.IntN(len(h.pubs))]
	h.clicks[id] = &event.Visit{ID: id, At: h.now.Add(-time.Minute).UnixMicro(), Click: true,
		Dims: event.Dims{Workspace: h.ws, Offer: of.ID, Advertiser: of.Advertiser, Publisher: pub, Link: "lnk_1", Country: "DE"}}
	h.orders = append(h.orders, o)
	q := h.query(o)
	if h.rnd.IntN(6) == 0 {
		q.Del("token")
		q.Set("key", of.Key)
		return h.send(event.SignalPixel, q)
	}
	if h.rnd.IntN(8) == 0 {
		q.Set("status", []string{"approved", "rejected", "pending"}[h.rnd.IntN(3)])
	}
	return h.send(event.SignalPostback, q)
}

func (h *history) query(o order) url.Values {
	q := url.Values{"click_id": {o.click.String()}, "amount": {o.amount}, "token": {h.token(o)}}
	if o.number != "" {
		q.Set("txid", o.number)
	}
	if o.currency != "" {
		q.Set("currency", o.currency)
	}
	if h.offers[o.offer].PayoutKind == catalog.PayoutPostback {
		q.Set("payout", o.amount)
	}
	return q
}

// redelivery is a message that comes a second time, as the log may after a crash.
func (h *history) redelivery() func() error {
	s, ok := pick(h, h.signals)
	if !ok {
		return nothing
	}
	h.say("again: %s %s", s.Kind, s.Query)
	return func() error { return h.judged(s) }
}

// news is another word about an order: a status, a refund, the same, or something else.
func (h *history) news() func() error {
	o, ok := pick(h, h.orders)
	if !ok {
		return nothing
	}
	q := h.query(o)
	switch h.rnd.IntN(5) {
	case 0:
		q.Set("amount", "77.77")
	case 1, 2:
		q.Set("status", []string{"approved", "rejected", "reversed"}[h.rnd.IntN(3)])
	case 3:
		q.Set("status", "refunded")
		q.Set("refund_id", fmt.Sprintf("R%d", h.rnd.IntN(3)))
		q.Set("amount", fmt.Sprint(h.rnd.IntN(4000)))
		q.Del("payout")
	}
	return h.send(event.SignalPostback, q)
}

// one is a conversion, as it is now.
func (h *history) one() *conversion.Conversion {
	cs, err := h.conversions()
	if err != nil {
		h.t.Error(err)
	}
	c, _ := pick(h, cs)
	return c
}

// decision is somebody who approves, rejects, or tries what cannot be.
func (h *history) decision() func() error {
	c := h.one()
	if c == nil {
		return nothing
	}
	to := []conversion.Status{conversion.Approved, conversion.Approved, conversion.Approved, conversion.Rejected, conversion.Reversed, conversion.Paid}[h.rnd.IntN(6)]
	h.say("decide %s: %s to %s", c.ID, c.Status, to)
	return func() error {
		_, err := h.desk.Decide(h.t.Context(), finance, h.ws, c.ID, to, "history")
		return err
	}
}

// refund takes a part back, all of it, more than there is, or the same again.
func (h *history) refund() func() error {
	c := h.one()
	if c == nil {
		return nothing
	}
	r := conversion.Refund{Key: fmt.Sprintf("R%d", h.rnd.IntN(4)), Amount: money.Amount{Minor: h.rnd.Int64N(c.SaleAmount + 2), Currency: money.Currency(c.Currency)}, Reason: "history"}
	if h.rnd.IntN(4) == 0 {
		r.Key, r.Whole = conversion.RefundWhole, true
	}
	h.say("refund %s of %s (%s, sale %d): %d, whole %v", r.Key, c.ID, c.Status, c.SaleAmount, r.Amount.Minor, r.Whole)
	return func() error {
		_, _, _, err := h.desk.Refund(h.t.Context(), finance, h.ws, c.ID, r)
		return err
	}
}

// restatement is somebody who says what a conversion is worth.
func (h *history) restatement() func() error {
	c := h.one()
	if c == nil {
		return nothing
	}
	n, m := h.rnd.Int64N(100_000), h.rnd.Int64N(50_000)
	w := conversion.Worth{Key: h.key(), Revenue: &n, Commission: &m, Reason: "history"}
	h.say("restate %s (%s): revenue %d, commission %d", c.ID, c.Status, n, m)
	return func() error {
		_, _, _, err := h.desk.Restate(h.t.Context(), finance, h.ws, c.ID, w)
		return err
	}
}

// hold holds a conversion back, or lets it go.
func (h *history) hold() func() error {
	c := h.one()
	if c == nil {
		return nothing
	}
	held := h.rnd.IntN(2) == 0
	h.say("hold %s (%s): %v", c.ID, c.Status, held)
	return func() error {
		_, err := h.desk.SetHold(h.t.Context(), finance, h.ws, c.ID, held, "history")
		return err
	}
}

var currencies = []string{"USD", "JPY", "KWD"}

// bonus is money for a publisher that belongs to no conversion, or against it.
func (h *history) bonus() func() error {
	b := conversion.BalanceAdjustment{Key: h.key(), Publisher: h.pubs[h.rnd.IntN(len(h.pubs))], Currency: currencies[h.rnd.IntN(3)], Amount: h.rnd.Int64N(4000) - 1000, Reason: "history"}
	h.say("bonus %+v", b)
	return func() error {
		got, _, err := h.desk.AdjustBalance(h.t.Context(), finance, h.ws, b)
		if err != nil {
			return err
		}
		h.bonuses[account2{got.Publisher, got.Currency}] += got.Amount
		return nil
	}
}

// payment is money from an advertiser.
func (h *history) payment() func() error {
	adv, key := h.advs[h.rnd.IntN(2)], h.key()
	kind := []funds.Kind{funds.Ahead, funds.Owed}[h.rnd.IntN(2)]
	d := funds.PaymentDoc{Kind: string(kind), Amount: fmt.Sprint(h.rnd.IntN(500) - 100), Currency: currencies[h.rnd.IntN(3)], Reference: "bank", Reason: "history"}
	h.say("payment %s %+v", adv, d)
	return func() error {
		p, err := h.funds.Record(h.t.Context(), finance, h.ws, adv, key, d)
		if err != nil {
			return err
		}
		into := h.ahead
		if p.Kind == funds.Owed {
			into = h.receipt
		}
		into[account2{p.Advertiser, p.Currency}] += p.Amount
		return nil
	}
}

// repricing computes an offer's conversions anew.
func (h *history) repricing() func() error {
	o := h.offers[h.rnd.IntN(len(h.offers))]
	h.say("reprice %s", o.ID)
	return func() error {
		_, err := h.desk.Reprice(h.t.Context(), finance, h.ws, books.RepriceQuery{Offer: o.ID}, true, "history")
		return err
	}
}

// newTerms changes what an offer, or the rule, pays from now on.
func (h *history) newTerms() func() error {
	if h.rnd.IntN(2) == 0 {
		r := *h.rule
		r.Version++
		r.Pay.Percent = []string{"5", "55.5", "99.99"}[h.rnd.IntN(3)]
		if h.rnd.IntN(4) == 0 {
			r.Status = catalog.StatusPaused
		} else {
			r.Status = catalog.StatusActive
		}
		h.rule = &r
		h.say("rule: %s %% %s", r.Pay.Percent, r.Status)
		h.put(&r)
		return nothing
	}
	i := h.rnd.IntN(len(h.offers))
	o := *h.offers[i]
	o.Version++
	o.CommissionKind, o.CommissionPercent = catalog.CommissionPercentPayout, []string{"1", "12.345", "80"}[h.rnd.IntN(3)]
	if o.PayoutKind == catalog.PayoutFixed {
		o.Payout = 1 + h.rnd.Int64N(9000)
	}
	h.offers[i] = &o
	h.say("terms of %s: %s %%, payout %d", o.ID, o.CommissionPercent, o.Payout)
	h.put(&o)
	return nothing
}

// newRates changes the exchange rates.
func (h *history) newRates() func() error {
	eur := fmt.Sprintf("0.%d", 1+h.rnd.IntN(98))
	h.say("a dollar is %s euros", eur)
	h.rates = rates(eur, "151.11")
	return nothing
}

// timer is the clock that approves what has waited long enough.
func (h *history) timer() func() error {
	h.say("timer")
	return func() error {
		_, err := h.desk.ApproveDue(h.t.Context(), h.now.UnixMicro())
		return err
	}
}
