package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/money"
)

// What publishers do for themselves: see offers, apply, accept, have links made. These
// methods ask for no [account.Principal]: whoever calls them has established who the
// [Applicant] is. They show what a publisher may see and nothing else, and a private
// offer answers exactly as an unknown one.

// Applicant is a publisher who acts for itself.
type Applicant struct {
	Workspace string
	Publisher string
	Actor     string // id of the user or key, for the audit trail
	Address   string // the network address it comes from, kept with what it accepts
}

// Browse selects offers for a publisher.
type Browse struct {
	Mine     bool // only those it has something to do with: invited, applied, approved, …
	Search   string
	Category string // exactly, in any case
	After    string // Offered.Offer of the last one of the page before
	Limit    int    // default 50, at most 100
}

const maxBrowse = 100

// Offered is what a publisher may see of an offer. Nothing in it is ours alone: no payout,
// no destination, no advertiser.
type Offered struct {
	Offer, Name, Description, Category, PreviewURL, Currency string

	Countries, Devices, Traffic []string // what it takes; empty: all
	AllowedHosts                []string // where deep links may lead
	CookieDays, WindowDays      int64    // of the terms in force, else the offer's; window 0 = unlimited
	Visibility                  string
	Active                      bool // it takes visitors
	Questions                   []Question
	Commissions                 []Pays
	Terms, NextTerms            *OfferedTerms // in force, and announced; nil = none

	Status           string // of the publisher's enrollment, "" = none
	Reason           string // why it was rejected, paused or revoked
	Applied, Decided int64  // µs
	AcceptedTerms    int64  // number, 0 = none
	Answers          []Answer

	MayApply     bool
	Why, WhyText string // code and sentence when it may not
	ReapplyAt    int64  // µs, with Why [RuleReapplyLater]
	Link         *Link  // its first link, once approved and while the offer is active
}

// OfferedTerms is a version of the terms as publishers read it.
type OfferedTerms struct {
	Number, From           int64 // From in µs
	Text                   string
	CookieDays, WindowDays int64
}

// Pays is what a conversion of one goal pays the publisher.
type Pays struct {
	Goal, Name string
	// Kind is CommissionNone, CommissionFixed, CommissionPercentSale or PaysShare: a share
	// of what the advertiser pays, whose percentage would tell what that is.
	Kind    string
	Amount  string // decimal text, when fixed
	Percent string // with CommissionPercentSale
}

// PaysShare is a [Pays].Kind of its own.
const PaysShare = "share"

// Why a publisher cannot apply: stable codes.
const (
	RuleOfferInactive     = "offer_inactive"
	RulePublisherInactive = "publisher_inactive"
	RuleAlreadyApplied    = "already_applied"
	RuleAlreadyEnrolled   = "already_enrolled"
	RuleEnrollmentPaused  = "enrollment_paused"
	RuleEnrollmentRevoked = "enrollment_revoked"
	RuleReapplyLater      = "reapply_later"
	RuleSelfReferral      = "self_referral"
	RuleTermsRequired     = "terms_required"
	RuleTermsChanged      = "terms_changed"
)

// dossier is what one publisher and one offer have to do with each other.
type dossier struct {
	offer      *Offer
	publisher  *Publisher
	people     []string    // addresses of the publisher's own people
	advertiser *Advertiser // nil: the offer has none
	enrollment *Enrollment // nil: none
	goals      []*Goal
	terms      []*TermsVersion
	link       *Link // the first live one, nil: none
}

// OfferedTo gives a page of the offers the publisher may see, newest first.
func (s *Service) OfferedTo(ctx context.Context, a Applicant, q Browse) ([]*Offered, error) {
	p, err := s.applicant(ctx, a)
	if err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, maxBrowse)
	enrolled, err := s.enrollmentsOf(ctx, a)
	if err != nil {
		return nil, err
	}
	var mine []string
	for id := range enrolled {
		mine = append(mine, id)
	}
	if q.Mine && len(mine) == 0 {
		return nil, nil // an empty list of ids would mean all
	}
	slices.Sort(mine)
	slices.Reverse(mine)
	out := []*dossier{}
	next := s.pages(ctx, Query{Kind: KindOffer, Workspace: a.Workspace, Search: q.Search, After: q.After, Limit: maxBrowse})
	if q.Mine {
		next = s.chunks(ctx, a.Workspace, mine, q.After, q.Search)
	}
	for len(out) < q.Limit {
		es, err := next()
		if err != nil {
			return nil, err
		}
		if len(es) == 0 {
			break
		}
		for _, e := range es {
			o := e.(*Offer)
			d := &dossier{offer: o, publisher: p, enrollment: enrolled[o.ID]}
			if len(out) < q.Limit && d.visible() && (q.Category == "" || strings.EqualFold(q.Category, o.Category)) {
				out = append(out, d)
			}
		}
	}
	err = s.complete(ctx, a, out)
	if err != nil {
		return nil, err
	}
	now := s.now().UnixMicro()
	offered := make([]*Offered, len(out))
	for i, d := range out {
		offered[i] = d.offered(now)
	}
	return offered, nil
}

// OfferedOne gives one of them; [ErrNotFound] for what the publisher may not see.
func (s *Service) OfferedOne(ctx context.Context, a Applicant, offer string) (*Offered, error) {
	d, err := s.dossier(ctx, a, offer)
	if err != nil {
		return nil, err
	}
	return d.offered(s.now().UnixMicro()), nil
}

// applicant is the publisher of an [Applicant].
func (s *Service) applicant(ctx context.Context, a Applicant) (*Publisher, error) {
	e, err := s.store.Get(ctx, KindPublisher, a.Workspace, a.Publisher)
	if err != nil {
		return nil, err
	}
	return e.(*Publisher), nil
}

// dossier reads what the publisher and the offer have to do with each other.
func (s *Service) dossier(ctx context.Context, a Applicant, offer string) (*dossier, error) {
	p, err := s.applicant(ctx, a)
	if err != nil {
		return nil, err
	}
	e, err := s.store.Get(ctx, KindOffer, a.Workspace, offer)
	if err != nil {
		return nil, err
	}
	d := &dossier{offer: e.(*Offer), publisher: p}
	d.enrollment, err = s.enrollmentOf(ctx, a.Workspace, offer, a.Publisher)
	if err != nil {
		return nil, err
	}
	if !d.visible() {
		return nil, ErrNotFound
	}
	return d, s.complete(ctx, a, []*dossier{d})
}

// enrollmentOf finds the enrollment of a publisher to an offer, archived or not; nil when
// there is none.
func (s *Service) enrollmentOf(ctx context.Context, workspace, offer, publisher string) (*Enrollment, error) {
	es, err := s.store.List(ctx, Query{Kind: KindEnrollment, Workspace: workspace, Filter: map[string]string{"offer": offer, "publisher": publisher}, Archived: "all", Limit: 1})
	if err != nil || len(es) == 0 {
		return nil, err
	}
	return es[0].(*Enrollment), nil
}

// enrollmentsOf are the publisher's enrollments by offer, archived ones included.
func (s *Service) enrollmentsOf(ctx context.Context, a Applicant) (map[string]*Enrollment, error) {
	es, err := s.all(ctx, Query{Kind: KindEnrollment, Workspace: a.Workspace, Filter: map[string]string{"publisher": a.Publisher}, Archived: "all"})
	if err != nil {
		return nil, err
	}
	out := map[string]*Enrollment{}
	for _, e := range entitiesOf[*Enrollment](es) {
		out[e.Offer] = e
	}
	return out, nil
}

// pages gives one page of a list after the other; none at the end.
func (s *Service) pages(ctx context.Context, q Query) func() ([]Entity, error) {
	done := false
	return func() ([]Entity, error) {
		if done {
			return nil, nil
		}
		es, err := s.store.List(ctx, q)
		if len(es) > 0 {
			q.After = es[len(es)-1].Base().ID
		}
		done = len(es) < q.Limit
		return es, err
	}
}

// chunks is [Service.pages] for the offers of the ids, newest first.
func (s *Service) chunks(ctx context.Context, workspace string, ids []string, after, search string) func() ([]Entity, error) {
	if after != "" {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id >= after })
	}
	return func() ([]Entity, error) {
		for len(ids) > 0 {
			part := ids[:min(len(ids), maxBrowse)]
			ids = ids[len(part):]
			es, err := s.store.List(ctx, Query{Kind: KindOffer, Workspace: workspace, IDs: part, Search: search, Limit: maxBrowse})
			if err != nil || len(es) > 0 {
				return es, err
			}
		}
		return nil, nil
	}
}

// all reads every page of a list.
func (s *Service) all(ctx context.Context, q Query) ([]Entity, error) {
	q.Limit = MaxLimit
	next := s.pages(ctx, q)
	var out []Entity
	for {
		es, err := next()
		if err != nil || len(es) == 0 {
			return out, err
		}
		out = append(out, es...)
	}
}

// complete adds goals, terms, advertisers and the publisher's links, at once for all.
func (s *Service) complete(ctx context.Context, a Applicant, ds []*dossier) error {
	if len(ds) == 0 {
		return nil
	}
	people, err := s.addresses(ctx, a)
	if err != nil {
		return err
	}
	at := map[string]*dossier{}
	offers, advertisers := []string{}, map[string]bool{}
	for _, d := range ds {
		d.people, at[d.offer.ID] = people, d
		offers = append(offers, d.offer.ID)
		if d.offer.Advertiser != "" {
			advertisers[d.offer.Advertiser] = true
		}
	}
	for _, q := range []Query{
		{Kind: KindGoal, Offers: offers},
		{Kind: KindTerms, Offers: offers, Archived: "all"},
		{Kind: KindLink, Offers: offers, Filter: map[string]string{"publisher": a.Publisher}},
	} {
		q.Workspace = a.Workspace
		es, err := s.all(ctx, q)
		if err != nil {
			return fmt.Errorf("look up %ss of offers: %w", q.Kind, err)
		}
		for _, e := range es {
			switch e := e.(type) {
			case *Goal:
				at[e.Offer].goals = append(at[e.Offer].goals, e)
			case *TermsVersion:
				at[e.Offer].terms = append(at[e.Offer].terms, e)
			case *Link:
				at[e.Offer].link = e // the oldest comes last
			}
		}
	}
	for id := range advertisers {
		e, err := s.store.Get(ctx, KindAdvertiser, a.Workspace, id)
		if err != nil {
			return fmt.Errorf("look up advertiser %s: %w", id, err)
		}
		for _, d := range ds {
			if d.offer.Advertiser == id {
				d.advertiser = e.(*Advertiser)
			}
		}
	}
	return nil
}

// status is the enrollment's; one that staff archived is gone for the publisher, unless it
// says that the publisher may not come back.
func (d *dossier) status() string {
	switch e := d.enrollment; {
	case e == nil:
		return ""
	case !e.Archived:
		return e.Status
	case e.Status == Approved || e.Status == Paused:
		return Revoked // it was taken away
	case e.Status == Rejected || e.Status == Revoked:
		return e.Status
	}
	return ""
}

// visible reports whether the publisher may know of the offer: it has to do with it, or
// might apply.
func (d *dossier) visible() bool {
	if d.offer.Archived {
		return false
	}
	return d.status() != "" && d.status() != Withdrawn || d.offer.Status == StatusActive && d.offer.Visibility != VisibilityPrivate
}

// offered is what the publisher may see.
func (d *dossier) offered(now int64) *Offered {
	o := d.offer
	out := &Offered{
		Offer: o.ID, Name: o.Name, Description: o.Description, Category: o.Category, PreviewURL: o.PreviewURL, Currency: o.Currency,
		Countries: list(o.Countries), Devices: list(o.Devices), Traffic: list(o.Traffic), AllowedHosts: list(o.DeepLinks),
		CookieDays: CookieLife(o, d.advertiser), WindowDays: o.WindowDays, Visibility: o.Visibility, Active: o.Status == StatusActive, Questions: slices.Clone(o.Questions),
		Status: d.status(),
	}
	inForce := TermsAt(d.terms, now)
	out.Terms, out.NextTerms = offeredTerms(inForce), offeredTerms(NextTerms(d.terms, now))
	if inForce != nil {
		out.CookieDays, out.WindowDays = inForce.CookieDays, inForce.WindowDays
	}
	for _, g := range d.goals {
		out.Commissions = append(out.Commissions, d.pays(g, inForce))
	}
	slices.SortFunc(out.Commissions, func(a, b Pays) int { return strings.Compare(a.Goal, b.Goal) })
	if e := d.enrollment; e != nil && out.Status != "" {
		out.Reason, out.Applied, out.Decided, out.AcceptedTerms, out.Answers = e.Reason, e.Applied, e.Decided, e.Terms, slices.Clone(e.Answers)
	}
	out.Why, out.WhyText, out.ReapplyAt = d.refusal(now)
	out.MayApply = out.Why == ""
	if out.Status == Approved && out.Active {
		out.Link = d.link
	}
	return out
}

func offeredTerms(t *TermsVersion) *OfferedTerms {
	if t == nil {
		return nil
	}
	return &OfferedTerms{t.Number, t.From, t.Text, t.CookieDays, t.WindowDays}
}

// pays is what the publisher is told of its commission. A share of a fixed payout is told
// as its amount, like any other fixed one; of other payouts only that it is a share.
func (d *dossier) pays(g *Goal, t *TermsVersion) Pays {
	var e *Enrollment
	if d.status() != "" {
		e = d.enrollment
	}
	c := CommissionOf(d.offer, g, t, e)
	out := Pays{Goal: g.Key, Name: g.Name, Kind: c.Kind}
	currency := money.Currency(d.offer.Currency)
	switch c.Kind {
	case "":
		out.Kind = CommissionNone
	case CommissionFixed:
		out.Amount = money.Amount{Minor: c.Minor, Currency: currency}.String()
	case CommissionPercentSale:
		out.Percent = c.Percent
	case CommissionPercentPayout:
		out.Kind = PaysShare
		terms := g.Terms
		if terms.PayoutKind == "" {
			terms = d.offer.Terms
		}
		pct, err := money.ParseDecimal(c.Percent)
		if terms.PayoutKind != PayoutFixed || terms.Precedence != ManualWins || len(terms.GeoPayouts) > 0 || err != nil {
			break // it depends
		}
		amount, err := money.Percent(money.Amount{Minor: terms.Payout, Currency: currency}, pct)
		if err == nil {
			out.Kind, out.Amount = CommissionFixed, amount.String()
		}
	}
	return out
}

// refusal is why the publisher cannot apply, "" when it can.
func (d *dossier) refusal(now int64) (code, sentence string, reapply int64) {
	if d.offer.Status != StatusActive {
		return RuleOfferInactive, "This offer is not running at the moment.", 0
	}
	if d.publisher.Archived || d.publisher.Status != StatusActive {
		return RulePublisherInactive, "Your account is not active, so you cannot apply.", 0
	}
	switch d.status() {
	case Applied:
		return RuleAlreadyApplied, "You have applied, and it is not decided yet.", 0
	case Approved:
		return RuleAlreadyEnrolled, "You run this offer already.", 0
	case Paused:
		return RuleEnrollmentPaused, "Your access to this offer is paused.", 0
	case Revoked:
		return RuleEnrollmentRevoked, "Your access to this offer was revoked; ask your manager about it.", 0
	case Rejected:
		again := d.enrollment.Decided + d.offer.ReapplyDays*24*time.Hour.Microseconds()
		if now < again {
			return RuleReapplyLater, "Your application was rejected; you may apply again from " + time.UnixMicro(again).UTC().Format("2006-01-02 15:04") + " UTC.", again
		}
	}
	if d.selfReferral() {
		return RuleSelfReferral, "You belong to this offer's advertiser, so you cannot earn commissions from it.", 0
	}
	return "", "", 0
}
