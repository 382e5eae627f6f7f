package portal

import (
	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// PublisherOffer is an offer as publishers see it.
type PublisherOffer struct {
	ID          string             `json:"id" doc:"Its id."`
	Name        string             `json:"name" doc:"Its name."`
	Description string             `json:"description" doc:"What the program says about it."`
	Category    string             `json:"category" doc:"To choose by."`
	PreviewURL  string             `json:"preview_url" doc:"The page to look at, without tracking; empty: none was named."`
	Status      string             `json:"status" enum:"active,paused" doc:"Whether it takes visitors."`
	Currency    string             `json:"currency" doc:"Of its commissions, ISO 4217."`
	Commissions []Commission       `json:"commissions" nullable:"false" doc:"What its goals pay you, the default goal first."`
	CookieDays  int64              `json:"cookie_days" doc:"How many days a click is remembered by the cookie."`
	Countries   []string           `json:"countries" nullable:"false" doc:"Countries it takes visitors from; empty: all."`
	Devices     []string           `json:"devices" nullable:"false" doc:"Devices it takes; empty: all."`
	Traffic     []string           `json:"traffic" nullable:"false" doc:"Kinds of traffic you may send; empty: all."`
	DeepLinks   []string           `json:"deep_links" nullable:"false" doc:"Hosts to which links may lead with url=; empty: none."`
	Enrollment  *PublisherStanding `json:"enrollment" doc:"Where you stand with it; null: you have not applied."`
}

// PublisherStanding is a publisher's right to run an offer.
type PublisherStanding struct {
	Status string `json:"status" enum:"applied,approved,rejected,revoked" doc:"Where it stands."`
	Reason string `json:"reason" doc:"Why; empty: nothing was said."`
}

// Commission is what conversions of one goal pay the publisher.
type Commission struct {
	Goal      string       `json:"goal" doc:"Name of the goal."`
	Key       string       `json:"key" doc:"Its key, as in statistics."`
	Kind      string       `json:"kind" enum:"none,fixed,percent_sale,varies" doc:"Nothing, an amount, a percentage of the sale, or an amount that the advertiser sends with each conversion."`
	Amount    string       `json:"amount" example:"5.00" doc:"The amount when fixed; else empty."`
	Percent   string       `json:"percent" example:"4.8" doc:"The percentage of the sale; else empty."`
	Countries []GeoPayment `json:"countries" nullable:"false" doc:"Amounts of single countries, where they differ."`
}

// GeoPayment is a commission in one country.
type GeoPayment struct {
	Country string `json:"country" doc:"ISO 3166-1 alpha-2."`
	Amount  string `json:"amount" doc:"The commission."`
}

// Kinds of a [Commission].
const (
	commissionNone    = "none"
	commissionFixed   = "fixed"
	commissionPercent = "percent_sale"
	commissionVaries  = "varies"
)

// publisherStatus is an offer's status as publishers are told it: what is not active does
// not take visitors, and why is not theirs to know.
func publisherStatus(o *catalog.Offer) string {
	if o.Archived || o.Status != catalog.StatusActive {
		return catalog.StatusPaused
	}
	return catalog.StatusActive
}

// publisherOffer is the view of an offer. adv is its advertiser and enr the publisher's own
// enrollment, nil = none.
func publisherOffer(o *catalog.Offer, adv *catalog.Advertiser, goals []*catalog.Goal, enr *catalog.Enrollment) PublisherOffer {
	v := PublisherOffer{
		ID: o.ID, Name: o.Name, Description: o.Description, Category: o.Category, PreviewURL: o.PreviewURL, Status: publisherStatus(o), Currency: o.Currency,
		Commissions: []Commission{}, CookieDays: catalog.CookieLife(o, adv), Countries: copied(o.Countries), Devices: copied(o.Devices), Traffic: copied(o.Traffic), DeepLinks: copied(o.DeepLinks),
	}
	for _, g := range goals {
		if !g.Archived && !g.PaysNothing() {
			v.Commissions = append(v.Commissions, commissionOf(o, g, enr))
		}
	}
	if enr != nil {
		v.Enrollment = &PublisherStanding{enr.Status, enr.Reason}
	}
	return v
}

func copied(in []string) []string { return append([]string{}, in...) }

// commissionOf is what a goal pays the publisher, by the order in which conversions are
// priced: the enrollment's terms, else the goal's, else the offer's. A share of the payout
// is told as what comes of it, since the share beside the amount would tell the payout.
func commissionOf(o *catalog.Offer, g *catalog.Goal, enr *catalog.Enrollment) Commission {
	kind, minor, percent := o.CommissionKind, o.Commission, o.CommissionPercent
	if g.CommissionKind != "" {
		kind, minor, percent = g.CommissionKind, g.Commission, g.CommissionPercent
	}
	if enr != nil && enr.CommissionKind != "" {
		kind, minor, percent = enr.CommissionKind, enr.Commission, enr.CommissionPercent
	}
	c := Commission{Goal: g.Name, Key: g.Key, Kind: commissionNone, Countries: []GeoPayment{}}
	switch kind {
	case catalog.CommissionFixed:
		c.Kind, c.Amount = commissionFixed, text(minor, o.Currency)
	case catalog.CommissionPercentSale:
		c.Kind, c.Percent = commissionPercent, percent
	case catalog.CommissionPercentPayout:
		terms := o.Terms
		if g.PayoutKind != "" {
			terms = g.Terms
		}
		c.share(o.Currency, &terms, percent)
	}
	return c
}

// share fills in a commission that is a percentage of the payout.
func (c *Commission) share(currency string, t *catalog.Terms, percent string) {
	c.Kind = commissionVaries
	pct, err := money.ParseDecimal(percent)
	if err != nil || t.Precedence != catalog.ManualWins && t.PayoutKind == catalog.PayoutPostback {
		return
	}
	of := func(minor int64) (string, bool) {
		a, err := money.Percent(money.Amount{Minor: minor, Currency: money.Currency(currency)}, pct)
		return a.String(), err == nil
	}
	switch t.PayoutKind {
	case catalog.PayoutFixed:
		amount, ok := of(t.Payout)
		if !ok {
			return
		}
		c.Kind, c.Amount = commissionFixed, amount
		for _, g := range t.GeoPayouts {
			if amount, ok := of(g.Payout); ok {
				c.Countries = append(c.Countries, GeoPayment{g.Country, amount})
			}
		}
	case catalog.PayoutPercent:
		whole, err := money.ParseDecimal(t.PayoutPercent)
		if err != nil {
			return
		}
		both, err := whole.Mul(pct)
		if err != nil {
			return
		}
		both, err = both.Quo(decimal.Hundred)
		if err != nil {
			return
		}
		c.Kind, c.Percent = commissionPercent, both.Trim(0).String()
	}
}
