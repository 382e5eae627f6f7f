package conversion

import (
	"context"
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// price is what a conversion is worth, with the rules that say so.
type price struct {
	revenue, commission  money.Amount
	payoutRule, commRule string
	warning              string
	terms                int64  // number of the version in force, 0 = none
	rule                 string // id of the commission rule that priced all of it, "" = none did
	ruleVersion          int64
	tier                 int64      // of retroactive rules
	lines                string     // JSON of [CommLine]s, "" = the order is one line
	how                  *reckoning // of the commission, nil = there is no publisher
}

// deal names whose terms price a conversion. Those of a known conversion are its own,
// whichever click the signal about it names.
type deal struct {
	offer     *catalog.Offer
	goal      *catalog.Goal
	publisher string
	country   string // whose geo payout counts, "" = unknown
	order     order
	at        int64 // µs: the terms in force then are the conversion's; see [instant]
}

// instant is when a conversion happened as far as terms go: at its event time, however
// late it comes; at the latest when it was recorded, since a sender's clock may be ahead
// of ours, and terms that are announced meanwhile are not the past's.
func instant(at, recorded int64) int64 { return min(at, recorded) }

// country is whose geo payout counts: the click's, or by the offer's setting the one the
// signal names.
func country(o *catalog.Offer, click, geo string) string {
	geo = strings.ToUpper(geo)
	if o.GeoSource == catalog.GeoPostback && catalog.KnownCountry(geo) {
		return geo
	}
	return click
}

// priced computes payout and commission: the payout from the goal's terms or the offer's,
// the commission as rules.go says: the most specific one that says
// something wins, and of the versions of the offer's terms the one in force at the deal's
// instant. Versions added later do not change it, so repricing may happen at any time.
func (j *judgment) priced(ctx context.Context, d deal, v worth) (price, error) {
	p := price{revenue: money.Amount{Currency: v.currency}, commission: money.Amount{Currency: v.currency}}
	err := payout(&p, d, v)
	if err != nil {
		return p, err
	}
	err = j.commission(ctx, &p, d, v)
	return p, err
}

// terms are the deal's payout terms: the goal's when it has its own, else the offer's.
func terms(d deal) catalog.Terms {
	if d.goal.PayoutKind != "" {
		return d.goal.Terms
	}
	return d.offer.Terms
}

func payout(p *price, d deal, v worth) error {
	t, from := terms(d), "offer"
	if d.goal.PayoutKind != "" {
		from = "goal " + d.goal.Key
	}
	sentWins := t.Precedence != catalog.ManualWins
	if v.hasPayout && (t.PayoutKind == catalog.PayoutPostback || sentWins) {
		p.revenue = v.payout
		p.payoutRule = fmt.Sprintf("payout %s taken from the signal%s (%s: %s)", v.payout.Format(), v.at(v.sent.payout), from, t.PayoutKind)
		return nil
	}
	switch t.PayoutKind {
	case catalog.PayoutFixed:
		p.revenue = money.Amount{Minor: t.PayoutIn(d.country), Currency: v.currency}
		where := ""
		if t.HasGeo(d.country) {
			where = " of country " + d.country
		} else if len(t.GeoPayouts) > 0 {
			where = ", the default of countries without their own"
		}
		p.payoutRule = fmt.Sprintf("fixed payout %s%s (%s)", p.revenue.Format(), where, from)
	case catalog.PayoutPercent:
		if !v.hasSale {
			return refuse(event.MissingAmount, "amount", "The payout is %s %% of the sale amount, and the signal brought none in the parameter amount.", t.PayoutPercent)
		}
		pct, err := money.ParseDecimal(t.PayoutPercent)
		if err != nil {
			return fmt.Errorf("payout percent of %s: %w", from, err)
		}
		p.revenue, err = money.Percent(v.sale, pct)
		if err != nil {
			return refuse(event.AmountRange, "amount", "The payout of this sale amount is out of range.")
		}
		p.payoutRule = fmt.Sprintf("payout %s %% of %s%s (%s)", t.PayoutPercent, v.sale.Format(), v.at(v.sent.sale), from)
	case catalog.PayoutPostback:
		if t.Payout > 0 {
			p.revenue = money.Amount{Minor: t.Payout, Currency: v.currency}
			p.payoutRule = fmt.Sprintf("default payout %s, since the signal brought none (%s)", p.revenue.Format(), from)
			return nil
		}
		p.payoutRule = fmt.Sprintf("payout from the signal, which brought none (%s)", from)
		p.warning = "The payout is taken from the signal, but the signal brought no payout: revenue is 0.00. Add the payout parameter to the postback URL, or give the offer a default."
	default:
		return fmt.Errorf("offer %s has payout kind %q", d.offer.ID, t.PayoutKind)
	}
	return nil
}

// at says of what an amount in the offer's currency was made, "" when nothing was
// converted.
func (v *worth) at(sent money.Amount) string {
	if v.rate.Rate == "" {
		return ""
	}
	return fmt.Sprintf(" = %s at %s (%s, %s)", sent.Format(), v.rate.Rate, v.rate.Source, v.rate.Date)
}
