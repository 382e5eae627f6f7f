package portal

import (
	"time"

	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
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
	Access      string             `json:"access" enum:"public,approval,private" doc:"Who may run it: everybody who applies, who applies and is approved, or who is invited."`
	Currency    string             `json:"currency" doc:"Of its commissions, ISO 4217."`
	Commissions []Commission       `json:"commissions" nullable:"false" doc:"What its goals pay you now, the default goal first."`
	Specials    []Special          `json:"special_commissions" nullable:"false" doc:"What is paid instead under conditions, the first that fits."`
	CookieDays  int64              `json:"cookie_days" doc:"How many days a click is remembered by the cookie."`
	WindowDays  int64              `json:"window_days" doc:"How many days after its click a conversion may come; 0: any time."`
	Attribution string             `json:"attribution" enum:"last_click,first_click" doc:"Which click of a visitor earns."`
	MinSeconds  int64              `json:"min_seconds" doc:"How many seconds a conversion must come after its click."`
	Tracking    string             `json:"tracking" enum:"any,postback,pixel" doc:"How conversions are reported."`
	Rules       []string           `json:"rules" nullable:"false" doc:"Which clicks earn, in sentences."`
	Countries   []string           `json:"countries" nullable:"false" doc:"Countries it takes visitors from; empty: all."`
	Devices     []string           `json:"devices" nullable:"false" doc:"Devices it takes; empty: all."`
	Traffic     []string           `json:"traffic" nullable:"false" doc:"Kinds of traffic you may send; empty: all."`
	DeepLinks   []string           `json:"deep_links" nullable:"false" doc:"Hosts to which links may lead with url=; empty: none."`
	Questions   []Question         `json:"questions" nullable:"false" doc:"What you are asked when you apply."`
	Terms       *OfferTerms        `json:"terms" doc:"The version in force; null: there is none to accept."`
	NextTerms   *OfferTerms        `json:"next_terms" doc:"The version that is announced; null: none."`
	Enrollment  *PublisherStanding `json:"enrollment" doc:"Where you stand with it; null: you have not applied."`
	Apply       Application        `json:"apply" doc:"Whether you may apply now."`
}

// Question is asked of who applies.
type Question struct {
	Key      string   `json:"key" doc:"Names the answer."`
	Label    string   `json:"label" doc:"The question."`
	Required bool     `json:"required" doc:"Whether it must be answered."`
	Kind     string   `json:"kind" enum:"text,long,choice" doc:"One line, several lines, or one of the options."`
	Options  []string `json:"options" nullable:"false" doc:"What there is to choose from."`
}

// OfferTerms is a version of an offer's terms.
type OfferTerms struct {
	Number      int64        `json:"number" doc:"Its number: what you accept."`
	From        time.Time    `json:"from" doc:"Since when, or from when on, it is in force."`
	Text        string       `json:"text" doc:"What you accept."`
	CookieDays  int64        `json:"cookie_days" doc:"The cookie's life by it."`
	WindowDays  int64        `json:"window_days" doc:"How many days after its click a conversion may come by it; 0: any time."`
	Commissions []Commission `json:"commissions" nullable:"false" doc:"What goals pay you by it."`
}

// PublisherStanding is a publisher's right to run an offer.
type PublisherStanding struct {
	Status  string     `json:"status" enum:"invited,applied,approved,paused,rejected,revoked,withdrawn" doc:"Where it stands."`
	Reason  string     `json:"reason" doc:"Why; empty: nothing was said."`
	Applied *time.Time `json:"applied" doc:"When you applied; null: you did not."`
	Decided *time.Time `json:"decided" doc:"When it was decided; null: it was not."`
	Terms   int64      `json:"accepted_terms" doc:"Number of the version of the terms that you accepted; 0: none."`
	Answers []Answer   `json:"answers" nullable:"false" doc:"What you answered."`
}

// Answer is what was answered to a question.
type Answer struct {
	Key      string `json:"key" doc:"Names the question."`
	Question string `json:"question" doc:"As it was asked."`
	Value    string `json:"value" doc:"The answer; empty: none."`
}

// Application says whether one may apply now.
type Application struct {
	May  bool       `json:"may" doc:"You may apply, or accept the invitation."`
	Code string     `json:"code" doc:"Why not, as a stable code: offer_inactive, publisher_inactive, already_applied, already_enrolled, enrollment_paused, enrollment_revoked, reapply_later, self_referral; empty: you may."`
	Why  string     `json:"why" doc:"The same in a sentence."`
	From *time.Time `json:"from" doc:"From when on you may again, after a rejection; null: that is not why."`
}

// Commission is what conversions of one goal pay the publisher.
type Commission struct {
	Goal      string       `json:"goal" doc:"Name of the goal."`
	Key       string       `json:"key" doc:"Its key, as in statistics."`
	Kind      string       `json:"kind" enum:"none,fixed,percent_sale,fixed_percent_sale,varies" doc:"Nothing, an amount, a percentage of the sale, both, or an amount that differs from conversion to conversion."`
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
	commissionBoth    = "fixed_percent_sale"
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

// shelf is what the view of an offer is made of.
type shelf struct {
	offer      *catalog.Offer
	advertiser *catalog.Advertiser // nil: it has none. Read for what the offer leaves to it, and never shown
	goals      []*catalog.Goal     // the default one first
	terms      []*catalog.TermsVersion
	enrollment *catalog.Enrollment // the publisher's own, nil: none
	publisher  *catalog.Publisher
	rules      []*commission.Rule // that can concern the publisher, as they take precedence
}

// view is what the publisher sees of the offer. said is what the catalog tells of its
// standing and of applying.
func (s *shelf) view(said *catalog.Offered, now time.Time) PublisherOffer {
	o := *s.offer // what the terms say of cookie and window wins over the offer's own
	inForce, next := catalog.TermsAt(s.terms, now.UnixMicro()), catalog.NextTerms(s.terms, now.UnixMicro())
	if inForce != nil {
		o.CookieDays, o.WindowDays = inForce.CookieDays, inForce.WindowDays
	}
	click := catalog.ClickTermsOf(&o, s.advertiser)
	v := PublisherOffer{
		ID: o.ID, Name: o.Name, Description: o.Description, Category: o.Category, PreviewURL: o.PreviewURL, Status: publisherStatus(&o), Access: o.Visibility, Currency: o.Currency,
		Commissions: s.commissions(inForce, now.UnixMicro()), Specials: s.specials(now.UnixMicro()), CookieDays: click.CookieDays, WindowDays: click.WindowDays, Attribution: click.Attribution, MinSeconds: click.MinSeconds, Tracking: click.Tracking, Rules: click.Sentences,
		Countries: copied(o.Countries), Devices: copied(o.Devices), Traffic: copied(o.Traffic), DeepLinks: copied(o.DeepLinks), Questions: []Question{},
		Terms: s.termsView(inForce, now), NextTerms: s.termsView(next, now), Apply: Application{said.MayApply, said.Why, said.WhyText, maybeTime(said.ReapplyAt)},
	}
	for _, q := range o.Questions {
		v.Questions = append(v.Questions, Question{q.Key, q.Label, q.Required, q.Kind, copied(q.Options)})
	}
	if said.Status != "" {
		st := &PublisherStanding{said.Status, said.Reason, maybeTime(said.Applied), maybeTime(said.Decided), said.AcceptedTerms, []Answer{}}
		for _, a := range said.Answers {
			st.Answers = append(st.Answers, Answer{a.Key, a.Label, a.Value})
		}
		v.Enrollment = st
	}
	return v
}

func (s *shelf) termsView(t *catalog.TermsVersion, now time.Time) *OfferTerms {
	if t == nil {
		return nil
	}
	return &OfferTerms{t.Number, timeOf(t.From), t.Text, t.CookieDays, t.WindowDays, s.commissions(t, max(t.From, now.UnixMicro()))}
}

// commissions are what the goals pay the publisher at an instant (µs), by the version of
// the terms in force then, nil = none.
func (s *shelf) commissions(t *catalog.TermsVersion, at int64) []Commission {
	out := []Commission{}
	for _, g := range s.goals {
		if !g.Archived && !g.PaysNothing() {
			out = append(out, s.commission(g, t, at))
		}
	}
	return out
}

func copied(in []string) []string { return append([]string{}, in...) }

// commission is what a goal pays the publisher, as conversions are priced. A share of the
// payout is told as what comes of it, since the share beside the amount would tell the
// payout.
func (s *shelf) commission(g *catalog.Goal, t *catalog.TermsVersion, at int64) Commission {
	if r := s.plainly(g, at); r != nil {
		c := s.pays(&r.Pay, g)
		c.Goal, c.Key = g.Name, g.Key
		return c
	}
	paid := catalog.CommissionOf(s.offer, g, t, s.enrollment)
	c := Commission{Goal: g.Name, Key: g.Key, Kind: commissionNone, Countries: []GeoPayment{}}
	switch paid.Kind {
	case catalog.CommissionFixed:
		c.Kind, c.Amount = commissionFixed, text(paid.Minor, s.offer.Currency)
	case catalog.CommissionPercentSale:
		c.Kind, c.Percent = commissionPercent, paid.Percent
	case catalog.CommissionPercentPayout:
		if terms, known := s.payoutTerms(g); known {
			c.share(s.offer.Currency, terms, paid.Percent)
		}
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
