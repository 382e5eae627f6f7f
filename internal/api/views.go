package api

import (
	"context"
	"slices"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/domains"
	"clickledger/internal/outbound"
)

// Meta is what every row of the catalog carries.
type Meta struct {
	ID       string    `json:"id" example:"off_01kb3x9w2m7q4d5e" doc:"Its id, for ever; ids are in order of creation."`
	Version  int64     `json:"version" doc:"Counts its changes; the ETag in another form."`
	Archived bool      `json:"archived" doc:"Whether it is out of use."`
	Created  time.Time `json:"created" doc:"When it was made."`
	Updated  time.Time `json:"updated" doc:"When it was last changed."`
}

func metaOf(e catalog.Entity) Meta {
	m := e.Base()
	return Meta{m.ID, m.Version, m.Archived, timeOf(m.Created), timeOf(m.Updated)}
}

// timeOf reads a time in µs.
func timeOf(us int64) time.Time { return time.UnixMicro(us).UTC() }

// maybeTime reads a time in µs that may be absent.
func maybeTime(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := timeOf(us)
	return &t
}

// Workspace, Advertiser, Offer, Goal, Group, Publisher, Enrollment, Link, Coupon, Domain,
// Postback, Creative and Terms are the rows of the catalog in answers: the document that
// was set, and what the server added.
type (
	// Workspace is a tenant.
	Workspace struct {
		Meta
		catalog.WorkspaceDoc
	}
	// Advertiser is who pays.
	Advertiser struct {
		Meta
		catalog.AdvertiserDoc
		Token    string `json:"token,omitempty" doc:"Authenticates its postbacks. Shown to keys that may write."`
		TokenOld string `json:"token_old,omitempty" doc:"The token before, accepted as well until it is dropped."`
		Secret   string `json:"signing_secret,omitempty" doc:"Signs its signals as standard-webhooks says. Shown once, when it is made."`
		Signs    bool   `json:"has_signing_secret" doc:"Whether there is a signing secret."`
	}
	// Offer is a destination that pays.
	Offer struct {
		Meta
		catalog.OfferDoc
		Key         string `json:"key" doc:"Public key of its pixels; it authorises nothing else."`
		PostbackURL string `json:"postback_url" doc:"What the advertiser's server calls; the words in braces stand for its own macros. With the advertiser's token for keys that may write."`
		PixelURL    string `json:"pixel_url" doc:"What a thank-you page loads; the words in braces stand for the shop's values."`
		PixelTag    string `json:"pixel_tag" doc:"The same as HTML to paste."`

		ClickTerms catalog.ClickTerms `json:"click_terms" doc:"Which clicks earn, as it holds: with what the advertiser says where the offer says nothing."`
	}
	// Goal is a conversion event of an offer.
	Goal struct {
		Meta
		catalog.GoalDoc
		Default  bool   `json:"default" doc:"Whether signals that name no goal are judged by it."`
		Currency string `json:"currency" doc:"Of its amounts: the offer's."`
	}
	// Group is some of the publishers.
	Group struct {
		Meta
		catalog.GroupDoc
	}
	// Publisher brings visitors.
	Publisher struct {
		Meta
		catalog.PublisherDoc
	}
	// Enrollment is a publisher's right to run an offer.
	Enrollment struct {
		Meta
		catalog.EnrollmentDoc
		Currency     string              `json:"currency" doc:"Of its amounts: the offer's."`
		Terms        int64               `json:"terms" doc:"Number of the version of the terms that the publisher accepted; 0: none. Conversions are priced by the version in force at their event time."`
		Answers      []ApplicationAnswer `json:"answers" doc:"What the publisher answered when it last applied."`
		Applied      *time.Time          `json:"applied" doc:"When it last applied; null: it was enrolled by hand."`
		Decided      *time.Time          `json:"decided" doc:"When this was last decided; null: it was not."`
		Accepted     *time.Time          `json:"accepted" doc:"When the terms were accepted; null: they were not."`
		AcceptedBy   string              `json:"accepted_by" doc:"The user or key that accepted them."`
		AcceptedFrom string              `json:"accepted_from" doc:"The network address they were accepted from."`
	}
	// ApplicationAnswer is what a publisher said, with the question as it was asked.
	ApplicationAnswer struct {
		Key   string `json:"key" doc:"The question's key."`
		Label string `json:"label" doc:"The question as it was asked."`
		Value string `json:"value" doc:"What was answered; empty: nothing."`
	}
	// Link is a tracking URL.
	Link struct {
		Meta
		catalog.LinkDoc
		Key         string `json:"key" doc:"The path of its URL."`
		TrackingURL string `json:"tracking_url" doc:"The URL to spread. sub1 to sub20 and source can be added to its query."`
	}
	// Domain is a tracking domain.
	Domain struct {
		Meta
		catalog.DomainDoc
		Status     string     `json:"status" enum:"unverified,verified,failing" doc:"What the last checks found: unverified: it never led here; verified; failing: it did, but several checks in a row failed."`
		Verified   *time.Time `json:"verified" doc:"When it was first found to lead here; from then on it is served. null: not yet."`
		Origin     string     `json:"origin" example:"https://go.example.com" doc:"What tracking URLs on it begin with."`
		Links      int        `json:"links" doc:"How many live links answer on it."`
		Checked    *time.Time `json:"checked" doc:"When it was last checked; null: not yet."`
		Problem    string     `json:"problem" enum:",not_resolvable,wrong_target,unreachable,private_address,somebody_else,no_certificate" doc:"Code of what the last check found wrong; empty: nothing."`
		Detail     string     `json:"detail" doc:"The same in a sentence."`
		NextCheck  *time.Time `json:"next_check" doc:"When it is checked again by itself; null: soon."`
		CertUntil  *time.Time `json:"certificate_until" doc:"When the certificate that the last check met ends; null: it met none."`
		CertReason string     `json:"certificate_problem" doc:"Why the last attempt to get a certificate failed; empty: none did."`
	}
	// Coupon speaks for a publisher.
	Coupon struct {
		Meta
		catalog.CouponDoc
		Advertiser string `json:"advertiser" doc:"Whose code it is: the offer's advertiser; empty: it has none."`
	}
	// Postback tells a publisher.
	Postback struct {
		Meta
		catalog.PostbackDoc
		PausedFor string `json:"paused_for" doc:"Why it was paused by itself, for failing; empty: it was not. What it has to tell is held, and sent once its status is active again."`
	}
	// Creative is shown by publishers.
	Creative struct {
		Meta
		catalog.CreativeDoc
		ImageType   string `json:"image_type" doc:"Media type of a banner's image."`
		ImageWidth  int64  `json:"image_width" doc:"Pixels."`
		ImageHeight int64  `json:"image_height" doc:"Pixels."`
		ImageSize   int64  `json:"image_size" doc:"Bytes."`
		ImageURL    string `json:"image_url" doc:"Where a banner's image is served: 404 before it is made, 410 once it is archived. Empty: a text."`
	}
	// Terms are a version of what an offer promises.
	Terms struct {
		Meta
		catalog.TermsDoc
		Number   int64  `json:"number" doc:"Counts the versions of the offer, withdrawn ones included."`
		Currency string `json:"currency" doc:"Of its amounts: the offer's."`
	}
	// CommissionRule says what orders pay their publisher.
	CommissionRule struct {
		Meta
		catalog.CommissionRuleDoc
	}
)

// extras is what the views of a page need beside the rows themselves.
type extras struct {
	p           account.Principal
	advertisers map[string]*catalog.Advertiser
	offers      map[string]*catalog.Offer
	checks      map[string]domains.Check // of domains
}

// extras looks up what the rows refer to, at once for all.
func (s *server) extras(ctx context.Context, workspace string, es []catalog.Entity) (*extras, error) {
	x := &extras{p: caller(ctx), advertisers: map[string]*catalog.Advertiser{}, offers: map[string]*catalog.Offer{}}
	var advertisers, offers []string
	for _, e := range es {
		switch e := e.(type) {
		case *catalog.Offer:
			advertisers = append(advertisers, e.Advertiser)
		case *catalog.Goal:
			offers = append(offers, e.Offer)
		case *catalog.Enrollment:
			offers = append(offers, e.Offer)
		case *catalog.TermsVersion:
			offers = append(offers, e.Offer)
		}
	}
	find := func(kind catalog.Kind, ids []string, keep func(catalog.Entity)) error {
		slices.Sort(ids)
		ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
		if len(ids) == 0 {
			return nil // an empty list of ids would mean all
		}
		found, err := s.Catalog.List(ctx, x.p, catalog.Query{Kind: kind, Workspace: workspace, IDs: ids, Archived: "all", Limit: catalog.MaxLimit})
		for _, e := range found {
			keep(e)
		}
		return err
	}
	if len(es) > 0 && es[0].Kind() == catalog.KindDomain && s.Domains != nil {
		var err error
		x.checks, err = s.Domains.Checks(ctx, x.p, workspace)
		if err != nil {
			return nil, err
		}
	}
	err := find(catalog.KindAdvertiser, advertisers, func(e catalog.Entity) { x.advertisers[e.Base().ID] = e.(*catalog.Advertiser) })
	if err != nil {
		return nil, err
	}
	err = find(catalog.KindOffer, offers, func(e catalog.Entity) { x.offers[e.Base().ID] = e.(*catalog.Offer) })
	return x, err
}

func (x *extras) currency(offer string) string {
	if o := x.offers[offer]; o != nil {
		return o.Currency
	}
	return ""
}

func (s *server) workspaceView(e catalog.Entity, _ *extras) Workspace {
	return Workspace{metaOf(e), *catalog.DocOf(e, "").(*catalog.WorkspaceDoc)}
}

func (s *server) advertiserView(e catalog.Entity, x *extras) Advertiser {
	a := e.(*catalog.Advertiser)
	v := Advertiser{Meta: metaOf(e), AdvertiserDoc: *catalog.DocOf(e, "").(*catalog.AdvertiserDoc)}
	v.Signs = a.Guards.Secret != ""
	if x.p.Write {
		v.Token, v.TokenOld = a.Token, a.TokenOld
	}
	return v
}

func (s *server) offerView(e catalog.Entity, x *extras) Offer {
	o := e.(*catalog.Offer)
	v := Offer{Meta: metaOf(e), OfferDoc: *catalog.DocOf(e, "").(*catalog.OfferDoc), Key: o.Key, ClickTerms: catalog.ClickTermsOf(o, x.advertisers[o.Advertiser])}
	if o.Key == "" {
		return v // a dry run: there is nothing to call yet
	}
	for _, m := range s.tracking(o, x, true) {
		switch m.ID {
		case catalog.MethodPostback:
			v.PostbackURL = m.Text
		case catalog.MethodPixelURL:
			v.PixelURL = m.Text
		case catalog.MethodPixel:
			v.PixelTag = m.Text
		}
	}
	return v
}

func (s *server) goalView(e catalog.Entity, x *extras) Goal {
	g := e.(*catalog.Goal)
	c := x.currency(g.Offer)
	return Goal{metaOf(e), *catalog.DocOf(e, c).(*catalog.GoalDoc), g.Default, c}
}

func (s *server) groupView(e catalog.Entity, _ *extras) Group {
	return Group{metaOf(e), *catalog.DocOf(e, "").(*catalog.GroupDoc)}
}

func (s *server) publisherView(e catalog.Entity, _ *extras) Publisher {
	return Publisher{metaOf(e), *catalog.DocOf(e, "").(*catalog.PublisherDoc)}
}

func (s *server) enrollmentView(e catalog.Entity, x *extras) Enrollment {
	r := e.(*catalog.Enrollment)
	c := x.currency(r.Offer)
	v := Enrollment{Meta: metaOf(e), EnrollmentDoc: *catalog.DocOf(e, c).(*catalog.EnrollmentDoc), Currency: c}
	v.Terms, v.Applied, v.Decided = r.Terms, maybeTime(r.Applied), maybeTime(r.Decided)
	v.Accepted, v.AcceptedBy, v.AcceptedFrom = maybeTime(r.Accepted), r.AcceptedBy, r.AcceptedFrom
	v.Answers = make([]ApplicationAnswer, len(r.Answers))
	for i, a := range r.Answers {
		v.Answers[i] = ApplicationAnswer(a)
	}
	return v
}

func (s *server) linkView(e catalog.Entity, _ *extras) Link {
	l := e.(*catalog.Link)
	v := Link{Meta: metaOf(e), LinkDoc: *catalog.DocOf(e, "").(*catalog.LinkDoc), Key: l.Key}
	if l.Key != "" {
		v.TrackingURL = s.trackingURL(l)
	}
	return v
}

func (s *server) couponView(e catalog.Entity, _ *extras) Coupon {
	return Coupon{metaOf(e), *catalog.DocOf(e, "").(*catalog.CouponDoc), e.(*catalog.Coupon).Advertiser}
}

func (s *server) domainView(e catalog.Entity, x *extras) Domain {
	d, c := e.(*catalog.Domain), x.checks[e.Base().ID]
	v := Domain{Meta: metaOf(e), DomainDoc: *catalog.DocOf(e, "").(*catalog.DomainDoc), Status: d.Status, Verified: maybeTime(d.Verified), Origin: s.origins.On(d.Host),
		Checked: maybeTime(c.At), Problem: c.Code, Detail: c.Detail, NextCheck: maybeTime(c.Next), CertUntil: maybeTime(c.CertUntil), CertReason: c.CertError}
	if s.View != nil {
		v.Links = s.View().LinksOn(d)
	}
	return v
}

func (s *server) postbackView(e catalog.Entity, x *extras) Postback {
	d := *catalog.DocOf(e, "").(*catalog.PostbackDoc)
	if !x.p.Write { // the publisher's secrets are for who may set them
		d.URL, d.Body = outbound.MaskURL(d.URL), outbound.MaskBody(d.BodyKind, d.Body)
	}
	return Postback{metaOf(e), d, e.(*catalog.Postback).PausedFor}
}

func (s *server) commissionRuleView(e catalog.Entity, _ *extras) CommissionRule {
	return CommissionRule{metaOf(e), *catalog.DocOf(e, "").(*catalog.CommissionRuleDoc)}
}

func (s *server) termsView(e catalog.Entity, x *extras) Terms {
	t := e.(*catalog.TermsVersion)
	c := x.currency(t.Offer)
	return Terms{metaOf(e), *catalog.DocOf(e, c).(*catalog.TermsDoc), t.Number, c}
}
