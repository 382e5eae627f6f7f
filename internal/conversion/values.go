package conversion

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// values are the signal's parameters, parsed once. The amounts are as they were sent;
// [judgment.exchanged] gives them in the offer's currency.
type values struct {
	currency  money.Currency // the signal's, or assumed: the offer's
	payout    money.Amount
	hasPayout bool
	sale      money.Amount
	hasSale   bool
	items     []Item // sum to the sale
	order     string
	status    Status // "" = none was sent
	at        int64  // µs
}

// worth are the amounts of a signal in the offer's currency, from which it is priced.
type worth struct {
	currency  money.Currency // the offer's
	payout    money.Amount
	hasPayout bool
	sale      money.Amount
	hasSale   bool
	sent      values // what they were made of
	rate      FX     // zero when the signal spoke in the offer's currency
	note      string // what is odd about the rate, "" = nothing
}

// maxOrder bounds an order number, in bytes.
const maxOrder = 200

// maxMinor bounds one amount a signal brings, in minor units. It is far above any sale,
// and far enough below what an account of the ledger can add up that no sender can fill
// one to the brim, after which nothing could be posted to it any more.
const maxMinor = 10_000_000_000_000

// clockSkew is how far a sender's clock may differ from ours.
const clockSkew = 5 * time.Minute

func (j *judgment) values() (values, error) {
	v := values{at: j.sig.At, order: j.req.TxID}
	v.currency = money.Currency(j.offer.Currency)
	if j.req.Currency != "" {
		c, err := money.ParseCurrency(j.req.Currency)
		if err != nil {
			return v, refuse(event.UnknownCurrency, "currency", "The currency %q is not an ISO 4217 code.", clip(j.req.Currency))
		}
		v.currency = c
	}
	var err error
	v.payout, v.hasPayout, err = amount("payout", j.req.Payout, v.currency)
	if err != nil {
		return v, err
	}
	if event.FromPage(j.sig.Kind) && terms(deal{offer: j.offer, goal: j.goal}).PayoutKind != catalog.PayoutPostback {
		v.hasPayout = false // anybody can load a pixel: it does not overrule the terms
	}
	v.sale, v.hasSale, err = amount("amount", j.req.Amount, v.currency)
	if err != nil {
		return v, err
	}
	err = j.readItems(&v)
	if err != nil {
		return v, err
	}
	if len(v.order) > maxOrder {
		return v, refuse(event.InvalidValue, "txid", "The order number is longer than %d bytes.", maxOrder)
	}
	v.status, err = j.status()
	if err != nil {
		return v, err
	}
	if j.req.EventTime != "" && j.trusted {
		v.at, err = j.eventTime()
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// exchanged gives the amounts in the offer's currency, at the rate of the conversion's
// own day (P11), or at the one that was used for it before.
func (j *judgment) exchanged(v values, o *catalog.Offer, at int64, kept FX) (worth, error) {
	w := worth{currency: money.Currency(o.Currency), sent: v, hasPayout: v.hasPayout, hasSale: v.hasSale, payout: v.payout, sale: v.sale}
	if v.currency == w.currency || !v.hasPayout && !v.hasSale {
		w.payout.Currency, w.sale.Currency = w.currency, w.currency
		return w, nil
	}
	day := dayOf(at, j.zone(o.Workspace))
	rate, ok := j.rates().On(o.Workspace, v.currency, w.currency, day)
	if kept.Rate != "" {
		known, err := money.ParseDecimal(kept.Rate)
		if err != nil {
			return w, fmt.Errorf("stored exchange rate %q: %w", kept.Rate, err)
		}
		rate, ok = money.Rate{From: v.currency, To: w.currency, Rate: known, Date: kept.Date, Source: kept.Source}, true
	}
	if !ok {
		return w, refuse(event.NoRate, "currency", "The signal is in %s and the offer in %s, and no exchange rate between them is known for %s. Add one under Money, Rates, and replay the signal.", v.currency, w.currency, day)
	}
	var err error
	w.payout, err = money.Convert(v.payout, w.currency, rate.Rate)
	if err == nil {
		w.sale, err = money.Convert(v.sale, w.currency, rate.Rate)
	}
	if err != nil || w.payout.Minor > maxMinor || w.sale.Minor > maxMinor {
		return w, refuse(event.AmountRange, "amount", "An amount is out of range in %s, the offer's currency.", w.currency)
	}
	w.rate, w.note = FX{rate.Rate.String(), rate.Date, rate.Source}, stale(rate, day)
	return w, nil
}

// amount parses one amount; absent is not zero (P9).
func amount(field, s string, c money.Currency) (money.Amount, bool, error) {
	if s == "" {
		return money.Amount{Currency: c}, false, nil
	}
	a, err := money.ParseAmount(s, c, money.ParseOptions{})
	if err == nil && a.Minor > maxMinor {
		most := money.Amount{Minor: maxMinor, Currency: c}
		return a, false, refuse(event.AmountRange, field, "The parameter %s is above %s, the most a signal may bring.", field, most.Format())
	}
	if err == nil {
		return a, true, nil
	}
	var m *money.Error
	if !errors.As(err, &m) {
		return a, false, err
	}
	code := event.Verdict(m.Code)
	if _, known := event.Verdicts[code]; !known {
		code = event.InvalidAmount
	}
	return a, false, refuse(code, field, "The parameter %s: %s", field, m.Msg)
}

// statuses are the values of the parameter status. Unknown ones are refused, never
// taken for approved (P14).
var statuses = map[string]Status{
	"approved": Approved, "pending": Pending, "rejected": Rejected, "reversed": Reversed, "refunded": refundWord,
}

// refundWord says that the customer has money back: the amount that was sent, or all of it.
// It is no state of a conversion; see [Judge.Refund].
const refundWord Status = "refunded"

func (j *judgment) status() (Status, error) {
	if j.req.Status == "" {
		return "", nil
	}
	s, ok := statuses[j.req.Status]
	if !ok {
		return "", refuse(event.UnknownStatus, "status", "The status %q is not one of approved, pending, rejected, reversed, refunded, nor in the advertiser's status map.", clip(j.req.Status))
	}
	switch {
	case j.trusted:
		return s, nil
	case refused(s), s == refundWord:
		// Left out, it would turn a refusal into a sale.
		return "", refuse(event.MissingToken, "token", "The status %s needs the advertiser's token: a page, or a sender without one, reports sales and decides nothing.", s)
	}
	return "", nil
}

// sentTime reads Unix seconds, Unix milliseconds or RFC 3339, not in the future; µs.
func (j *judgment) sentTime() (int64, error) {
	s := j.req.EventTime
	var t time.Time
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil && n >= 1e12 && n < 1e14:
		t = time.UnixMilli(n)
	case err == nil && n >= 0 && n < 1e11:
		t = time.Unix(n, 0)
	default:
		t, err = time.Parse(time.RFC3339, s)
		if err != nil {
			return 0, refuse(event.InvalidValue, "event_time", "The event_time %q is neither Unix seconds, Unix milliseconds nor RFC 3339.", clip(s))
		}
	}
	if t.After(time.UnixMicro(j.sig.At).Add(clockSkew)) {
		return 0, refuse(event.InvalidValue, "event_time", "The event_time %q is in the future.", clip(s))
	}
	return t.UnixMicro(), nil
}

// eventTime is the time that was sent, not before the click.
func (j *judgment) eventTime() (int64, error) {
	t, err := j.sentTime()
	if err != nil {
		return 0, err
	}
	if t < j.visit.At-clockSkew.Microseconds() {
		return 0, refuse(event.InvalidValue, "event_time", "The event_time %q is before the click.", clip(j.req.EventTime))
	}
	return max(t, j.visit.At), nil
}

// checkNew applies the guards that hold for a new conversion or event only, not for news of
// a known one.
func (j *judgment) checkNew(v values) error {
	if v.order == "" && j.needsOrder() {
		what := "offer"
		if j.goal.RequireOrder {
			what = "goal " + j.goal.Key
		}
		return refuse(event.MissingOrder, "txid", "The %s needs an order number in the parameter txid.", what)
	}
	if j.clickless() && j.coupon != nil {
		if why := j.useless(j.coupon, v.at); why != "" {
			return refuse(event.UnknownCoupon, "coupon", "No click id came with the signal, and its coupon %q %s.", j.coupon.Code, why)
		}
	}
	if j.method == MatchCoupon || j.clickless() {
		return nil // windows begin at clicks, and none of them earns here
	}
	window := time.Duration(j.offer.WindowDays) * 24 * time.Hour
	after := time.Duration(v.at-j.visit.At) * time.Microsecond
	if window > 0 && after > window {
		return refuse(event.OutsideWindow, "", "The conversion came %s after its click; the offer's window is %d days.", after.Truncate(time.Second), j.offer.WindowDays)
	}
	err := j.clickAge(after)
	if err != nil {
		return err
	}
	if least := time.Duration(j.offer.MinSeconds) * time.Second; after < least {
		return refuse(event.TooSoon, "", "The conversion came %s after its click; the offer takes none sooner than %d seconds after it.", after.Truncate(time.Second), j.offer.MinSeconds)
	}
	return nil
}

// needsOrder reports whether the goal must come with an order number. What is viewed has
// none, so that the offer's own rule is not for events.
func (j *judgment) needsOrder() bool {
	return j.goal.RequireOrder || j.offer.RequireOrder && !j.goal.PaysNothing()
}
