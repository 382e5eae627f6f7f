package catalog

import (
	"maps"
	"slices"
	"strings"

	"clickledger/internal/money"
)

// entity builds the row a document describes, kind by kind. Where the document is
// wrong the row is worthless, and c.bad says so.
func (c *checker) entity(d Doc, m Meta) Entity {
	switch d := d.(type) {
	case *WorkspaceDoc:
		return c.buildWorkspace(d, m)
	case *AdvertiserDoc:
		return c.buildAdvertiser(d, m)
	case *OfferDoc:
		return c.buildOffer(d, m)
	case *GoalDoc:
		return c.buildGoal(d, m)
	case *GroupDoc:
		return c.buildGroup(d, m)
	case *PublisherDoc:
		return c.buildPublisher(d, m)
	case *EnrollmentDoc:
		return c.buildEnrollment(d, m)
	case *LinkDoc:
		return c.buildLink(d, m)
	case *CouponDoc:
		return c.buildCoupon(d, m)
	case *DomainDoc:
		return c.buildDomain(d, m)
	case *PostbackDoc:
		return c.buildPostback(d, m)
	case *CreativeDoc:
		return c.buildCreative(d, m)
	case *TermsDoc:
		return c.buildTerms(d, m)
	case *CommissionRuleDoc:
		return c.buildCommissionRule(d, m)
	}
	c.fail(ErrNotFound) // a document of another package
	return nil
}

func (c *checker) buildWorkspace(d *WorkspaceDoc, m Meta) Entity {
	e := &Workspace{Meta: m, Name: strings.TrimSpace(d.Name)}
	e.Currency = string(c.code("currency", d.Currency))
	e.TimeZone = c.timeZone("time_zone", d.TimeZone)
	e.FallbackURL = c.url("fallback_url", d.FallbackURL, nil)
	e.IPMode, e.RequireTests = d.IPMode, d.RequireTests
	if old, ok := c.old.(*Workspace); ok {
		e.Salt = old.Salt
	} else {
		e.Salt = random(plainAlphabet, 32)
	}
	return e
}

func (c *checker) buildAdvertiser(d *AdvertiserDoc, m Meta) Entity {
	e := &Advertiser{Meta: m, Name: strings.TrimSpace(d.Name), Type: d.Type, TokenRequired: d.TokenRequired, CookieDays: d.CookieDays, ValidationDays: d.ValidationDays, Notes: d.Notes, Status: d.Status, Reason: strings.TrimSpace(d.Reason), Prepaid: d.Prepaid, PrepayWarn: d.PrepayWarn}
	if e.Status == "" {
		e.Status = StatusActive
	}
	e.Website, e.ContactEmail = c.site("website", d.Website), c.email("contact_email", d.ContactEmail)
	e.Guards = c.guards(d)
	e.ClickParam = c.word("click_param", d.ClickParam)
	e.Template = c.word("template", d.Template)
	e.Macros = Macros{
		ClickID: d.ClickMacro, Payout: d.PayoutMacro, Amount: d.AmountMacro, Currency: d.CurrencyMacro,
		TxID: d.TxIDMacro, Status: d.StatusMacro, Goal: d.GoalMacro,
	}
	template, known := FindNetworkTemplate(e.Template)
	old, updating := c.old.(*Advertiser)
	was := ""
	if updating {
		was = old.Manager
	}
	e.Manager = c.staff("manager", d.Manager, was)
	if e.Template != "" && !known && !(updating && old.Template == e.Template) && !c.wrong("template") {
		c.bad.Add("template", "unknown_template", e.Template, "There is no such network template; GET /api/v1/network-templates lists them.")
	}
	if updating {
		e.Token, e.TokenOld = old.Token, old.TokenOld
	} else {
		template.fill(e)
		if known && e.Type == TypeMerchant {
			e.Type = TypeNetwork // which is what the templates are of
		}
		e.Token = newToken()
	}
	return e
}

func (c *checker) buildGoal(d *GoalDoc, m Meta) Entity {
	e := &Goal{Meta: m, Offer: d.Offer, Key: c.word("key", d.Key), Name: strings.TrimSpace(d.Name), Type: d.Type, RequireOrder: d.RequireOrder, EveryFire: d.EveryFire, Duplicates: d.Duplicates}
	old, updating := c.old.(*Goal)
	if updating {
		e.Default = old.Default
		c.immutable("offer", old.Offer, d.Offer)
		c.immutable("key", old.Key, e.Key) // orders are known by it: under another one they would be paid twice
		if (old.Type == GoalEvent) != (d.Type == GoalEvent) {
			c.immutable("type", old.Type, d.Type) // what was counted would be conversions, or the other way round
		}
	}
	if d.Type == GoalEvent && (d.PayoutKind != "" || d.CommissionKind != "") {
		c.bad.Add("payout_kind", "event_pays_nothing", d.PayoutKind, "An event pays nothing: leave payout and commission as they are, or choose another type.")
	}
	if d.Duplicates != "" && d.Type == GoalEvent {
		c.bad.Add("duplicates", "event_has_no_duplicates", d.Duplicates, "An event is no conversion; leave this as it is.")
	}
	if d.EveryFire && d.Type != GoalEvent && !c.wrong("every_fire") {
		c.bad.Add("every_fire", "every_fire_needs_event", "true", "Only of an event, which pays nothing, can every fire count.")
	}
	c.offerCurrency(d.Offer)
	e.Terms = Terms{PayoutKind: d.PayoutKind, PayoutPercent: d.PayoutPercent, Precedence: d.Precedence, CommissionKind: d.CommissionKind, CommissionPercent: d.CommissionPercent}
	e.Payout = c.payout(d.PayoutKind, d.Payout, d.PayoutPercent)
	e.GeoPayouts = c.geoPayouts(d.PayoutKind, d.GeoPayouts)
	e.Commission = c.commission(d.CommissionKind, d.Commission, d.CommissionPercent)
	c.taken("key", e.Key, KindGoal, map[string]string{"offer": e.Offer, "key": e.Key})
	return e
}

func (c *checker) buildGroup(d *GroupDoc, m Meta) Entity {
	e := &Group{Meta: m, Name: strings.TrimSpace(d.Name), Notes: d.Notes}
	c.taken("name", e.Name, KindGroup, map[string]string{"name": e.Name})
	return e
}

func (c *checker) buildPublisher(d *PublisherDoc, m Meta) Entity {
	e := &Publisher{Meta: m, Name: strings.TrimSpace(d.Name), Status: d.Status, Notes: d.Notes, Reason: strings.TrimSpace(d.Reason), Group: d.Group, Promotion: strings.TrimSpace(d.Promotion)}
	group, manager := "", ""
	if old, ok := c.old.(*Publisher); ok {
		group, manager = old.Group, old.Manager
	}
	c.ref("group", KindGroup, d.Group, group)
	e.Manager = c.staff("manager", d.Manager, manager)
	e.Website = c.site("website", d.Website)
	e.Email = c.email("email", d.Email)
	c.taken("email", e.Email, KindPublisher, map[string]string{"email": e.Email})
	return e
}

// enrollmentSteps are the ways an enrollment may go.
var enrollmentSteps = map[string][]string{
	"":        {Applied, Approved, Invited}, // creation
	Invited:   {Approved, Revoked},
	Applied:   {Approved, Rejected},
	Approved:  {Paused, Revoked},
	Paused:    {Approved, Revoked},
	Rejected:  {Approved, Invited},
	Revoked:   {Approved, Invited},
	Withdrawn: {Approved, Invited}, // only the publisher withdraws: see Service.Withdraw
}

func (c *checker) buildEnrollment(d *EnrollmentDoc, m Meta) Entity {
	e := &Enrollment{Meta: m, Offer: d.Offer, Publisher: d.Publisher, Status: d.Status, Reason: d.Reason, CommissionKind: d.CommissionKind, CommissionPercent: d.CommissionPercent}
	from, was := "", ""
	if old, ok := c.old.(*Enrollment); ok {
		from, was = old.Status, old.Publisher
		e.Agreement = old.Agreement
		c.immutable("offer", old.Offer, d.Offer)
		c.immutable("publisher", old.Publisher, d.Publisher)
	}
	c.offerCurrency(d.Offer)
	c.ref("publisher", KindPublisher, d.Publisher, was)
	if d.Status != from && !slices.Contains(enrollmentSteps[from], d.Status) && !c.wrong("status") {
		begin := "An enrollment that is " + from + " can only become "
		if from == "" {
			begin = "A new enrollment is "
		}
		c.bad.Add("status", "transition", d.Status, begin+strings.Join(enrollmentSteps[from], " or ")+".")
	}
	if from != "" && d.Status != from {
		e.Decided = m.Updated
		if e.Status == Approved || e.Status == Invited {
			if old := c.old.(*Enrollment); e.Reason == old.Reason {
				e.Reason = "" // why it was refused before says nothing of now
			}
		}
	}
	e.Commission = c.commission(d.CommissionKind, d.Commission, d.CommissionPercent)
	if c.old == nil {
		c.taken("publisher", e.Publisher, KindEnrollment, map[string]string{"offer": e.Offer, "publisher": e.Publisher})
	}
	return e
}

func (c *checker) buildLink(d *LinkDoc, m Meta) Entity {
	e := &Link{Meta: m, Offer: d.Offer, Publisher: d.Publisher, Name: strings.TrimSpace(d.Name), Status: d.Status, Source: d.Source, Subs: c.subs("subs", d.Subs)}
	if old, ok := c.old.(*Link); ok {
		e.Key, e.Test = old.Key, old.Test
		c.immutable("offer", old.Offer, d.Offer)
		c.immutable("publisher", old.Publisher, d.Publisher)
		return e // neither can have become unknown
	}
	e.Key = newLinkKey()
	offer := c.ref("offer", KindOffer, d.Offer, "")
	publisher := c.ref("publisher", KindPublisher, d.Publisher, "")
	if offer != nil && publisher != nil && !c.enrolled(d.Offer, d.Publisher) {
		c.bad.Add("publisher", "enrollment_missing", d.Publisher, "The publisher has no approved enrollment to this offer.")
	}
	return e
}

// enrolled reports whether the publisher may run the offer.
func (c *checker) enrolled(offer, publisher string) bool {
	filter := map[string]string{"offer": offer, "publisher": publisher, "status": Approved}
	es, err := c.store.List(c.ctx, Query{Kind: KindEnrollment, Workspace: c.workspace, Filter: filter, Limit: 1})
	if err != nil {
		c.fail(err)
	}
	return len(es) > 0
}

// offerCurrency resolves the offer of a goal or an enrollment, in whose currency their
// amounts are.
func (c *checker) offerCurrency(id string) {
	was := ""
	switch old := c.old.(type) {
	case *Goal:
		was = old.Offer
	case *Enrollment:
		was = old.Offer
	}
	if c.wrong("offer") && was != "" {
		id = was // a refused change: judge the amounts by the currency they are in
		if o, ok := c.get(KindOffer, c.workspace, id).(*Offer); ok {
			c.currency = money.Currency(o.Currency)
		}
		return
	}
	if o, ok := c.ref("offer", KindOffer, id, was).(*Offer); ok {
		c.currency = money.Currency(o.Currency)
	}
}

// tags are trimmed, without repetition, in order.
func (c *checker) tags(field string, in []string) []string {
	set := map[string]bool{}
	for _, t := range in {
		t = strings.TrimSpace(t)
		switch {
		case t == "":
			c.bad.Add(field, ruleRequired, t, "A tag must not be empty.")
		case len([]rune(t)) > 40:
			c.bad.Add(field, ruleTooLong, t, "A tag must be at most 40 characters long.")
		case !printable(t):
			c.bad.Add(field, ruleCharacters, t, "A tag must not contain control characters.")
		}
		set[t] = true
	}
	return slices.Sorted(maps.Keys(set))
}
