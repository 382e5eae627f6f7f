package portal

import (
	"context"
	"errors"
	"slices"
	"strings"

	"clickledger/internal/catalog"
)

// Publisher is a publisher's portal, open for one request.
type Publisher struct {
	*door
	row *catalog.Publisher
}

// enrollments are the publisher's own, by offer. Archived ones count for nothing.
func (p *Publisher) enrollments(ctx context.Context) (map[string]*catalog.Enrollment, error) {
	rows, err := every[*catalog.Enrollment](ctx, p.door, catalog.Query{Kind: catalog.KindEnrollment, Filter: map[string]string{"publisher": p.row.ID}})
	if err != nil {
		return nil, err
	}
	out := map[string]*catalog.Enrollment{}
	for _, e := range rows {
		if out[e.Offer] == nil {
			out[e.Offer] = e
		}
	}
	return out, nil
}

// enrollment is the publisher's own in one offer, nil when there is none.
func (p *Publisher) enrollment(ctx context.Context, offer string) (*catalog.Enrollment, error) {
	rows, err := list[*catalog.Enrollment](ctx, p.door, catalog.Query{Kind: catalog.KindEnrollment, Filter: map[string]string{"publisher": p.row.ID, "offer": offer}, Limit: 1})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// shows reports whether an offer is named to the publisher where its results are: where it
// has an enrollment, and also when the offer is in use no more.
func shows(o *catalog.Offer, enr *catalog.Enrollment) bool { return o != nil && enr != nil }

// goals are the goals of offers, by offer, the default first, then by age.
func (d *door) goals(ctx context.Context, offer string) ([]*catalog.Goal, error) {
	rows, err := every[*catalog.Goal](ctx, d, catalog.Query{Kind: catalog.KindGoal, Filter: map[string]string{"offer": offer}})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, defaultFirst)
	return rows, nil
}

func defaultFirst(a, b *catalog.Goal) int {
	switch {
	case a.Default != b.Default && a.Default:
		return -1
	case a.Default != b.Default:
		return 1
	}
	return strings.Compare(a.ID, b.ID)
}

// applicant is the publisher to the catalog. from is the network address that it comes
// from, which is kept with what it accepts.
func (p *Publisher) applicant(from string) catalog.Applicant {
	return catalog.Applicant{Workspace: p.account.Workspace, Publisher: p.row.ID, Actor: p.asks.ID, Address: from}
}

// mostOffers bounds a page of offers: the catalog gives no more at once.
const mostOffers = 99

// Browse selects offers.
type Browse struct {
	Mine     bool // only those that the publisher has to do with
	Search   string
	Category string
	Paging
}

// Offers lists the offers that the publisher may see, newest first: those it has to do
// with, and those it might apply to.
func (p *Publisher) Offers(ctx context.Context, b Browse) (Page[PublisherOffer], error) {
	limit := min(b.limit(), mostOffers)
	said, err := p.s.o.Catalog.OfferedTo(ctx, p.applicant(""), catalog.Browse{Mine: b.Mine, Search: b.Search, Category: b.Category, After: b.Cursor, Limit: limit + 1})
	if err != nil {
		return Page[PublisherOffer]{}, err
	}
	out := Page[PublisherOffer]{}
	if len(said) > limit {
		said = said[:limit]
		out.Next = said[limit-1].Offer
	}
	out.Rows, err = p.offerViews(ctx, said)
	return out, err
}

// Own lists all offers that the publisher has to do with, by name.
func (p *Publisher) Own(ctx context.Context) ([]PublisherOffer, error) {
	out, b := []PublisherOffer{}, Browse{Mine: true}
	for {
		part, err := p.Offers(ctx, b)
		if err != nil {
			return nil, err
		}
		out = append(out, part.Rows...)
		if part.Next == "" {
			break
		}
		b.Cursor = part.Next
	}
	slices.SortFunc(out, func(a, b PublisherOffer) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// offerViews makes views of what the catalog offers, in its order.
func (p *Publisher) offerViews(ctx context.Context, said []*catalog.Offered) ([]PublisherOffer, error) {
	out := []PublisherOffer{}
	if len(said) == 0 {
		return out, nil
	}
	ids := make([]string, len(said))
	for i, o := range said {
		ids[i] = o.Offer
	}
	offers, err := byID[*catalog.Offer](ctx, p.door, catalog.KindOffer, slices.Clone(ids))
	if err != nil {
		return nil, err
	}
	var owners []string
	for _, o := range offers {
		owners = append(owners, o.Advertiser)
	}
	advertisers, err := byID[*catalog.Advertiser](ctx, p.door, catalog.KindAdvertiser, owners)
	if err != nil {
		return nil, err
	}
	goals, err := every[*catalog.Goal](ctx, p.door, catalog.Query{Kind: catalog.KindGoal, Offers: ids})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(goals, defaultFirst)
	terms, err := every[*catalog.TermsVersion](ctx, p.door, catalog.Query{Kind: catalog.KindTerms, Offers: ids})
	if err != nil {
		return nil, err
	}
	enrolled, err := p.enrollments(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := every[*catalog.CommissionRule](ctx, p.door, catalog.Query{Kind: catalog.KindCommissionRule})
	if err != nil {
		return nil, err
	}
	at := map[string]*shelf{}
	for id, o := range offers {
		s := &shelf{offer: o, advertiser: advertisers[o.Advertiser], enrollment: enrolled[id], publisher: p.row}
		s.rules = s.rulesOf(rules)
		at[id] = s
	}
	for _, g := range goals {
		if s := at[g.Offer]; s != nil {
			s.goals = append(s.goals, g)
		}
	}
	for _, t := range terms {
		if s := at[t.Offer]; s != nil {
			s.terms = append(s.terms, t)
		}
	}
	now := p.s.o.Now()
	for _, o := range said {
		if s := at[o.Offer]; s != nil {
			out = append(out, s.view(o, now))
		}
	}
	return out, nil
}

// Offer reads one offer that the publisher may see.
func (p *Publisher) Offer(ctx context.Context, id string) (*PublisherOffer, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	said, err := p.s.o.Catalog.OfferedOne(ctx, p.applicant(""), id)
	if errors.Is(err, catalog.ErrNotFound) {
		said, err = p.past(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return p.oneOffer(ctx, said)
}

func (p *Publisher) oneOffer(ctx context.Context, said *catalog.Offered) (*PublisherOffer, error) {
	views, err := p.offerViews(ctx, []*catalog.Offered{said})
	if err != nil {
		return nil, err
	}
	if len(views) == 0 {
		return nil, catalog.ErrNotFound
	}
	return &views[0], nil
}

// past is an offer that is in use no more, for who ran it: its results have a page to lead to.
func (p *Publisher) past(ctx context.Context, id string) (*catalog.Offered, error) {
	o, enr, err := p.offer(ctx, id)
	if err != nil {
		return nil, err
	}
	if !o.Archived || enr.Status == catalog.Withdrawn {
		return nil, catalog.ErrNotFound
	}
	return &catalog.Offered{Offer: o.ID, Status: enr.Status, Reason: enr.Reason, Applied: enr.Applied, Decided: enr.Decided, AcceptedTerms: enr.Terms, Answers: enr.Answers,
		Why: catalog.RuleOfferInactive, WhyText: "This offer is not running at the moment."}, nil
}

// Apply asks for an offer, or accepts an invitation; see [catalog.Service.Apply]. from is
// the network address of who accepts the terms.
func (p *Publisher) Apply(ctx context.Context, id string, d *catalog.ApplicationDoc, from string) (*PublisherOffer, error) {
	return p.agree(ctx, id, func() (*catalog.Offered, error) {
		return p.s.o.Catalog.Apply(ctx, p.applicant(from), id, d)
	})
}

// AcceptTerms accepts a version of the terms, the one in force or the announced one.
func (p *Publisher) AcceptTerms(ctx context.Context, id string, number int64, from string) (*PublisherOffer, error) {
	return p.agree(ctx, id, func() (*catalog.Offered, error) {
		return p.s.o.Catalog.AcceptTerms(ctx, p.applicant(from), id, number)
	})
}

// Withdraw takes back an application, or declines an invitation.
func (p *Publisher) Withdraw(ctx context.Context, id string) (*PublisherOffer, error) {
	return p.agree(ctx, id, func() (*catalog.Offered, error) {
		return p.s.o.Catalog.Withdraw(ctx, p.applicant(""), id)
	})
}

func (p *Publisher) agree(ctx context.Context, id string, do func() (*catalog.Offered, error)) (*PublisherOffer, error) {
	if id == "" || len(id) > 64 || !p.Writes() {
		return nil, catalog.ErrNotFound
	}
	said, err := do()
	if err != nil {
		return nil, err
	}
	return p.oneOffer(ctx, said)
}

// offer reads an offer that the publisher has to do with, and how.
func (p *Publisher) offer(ctx context.Context, id string) (*catalog.Offer, *catalog.Enrollment, error) {
	o, err := get[*catalog.Offer](ctx, p.door, catalog.KindOffer, id)
	if err != nil {
		return nil, nil, err
	}
	enr, err := p.enrollment(ctx, o.ID)
	if err != nil {
		return nil, nil, err
	}
	if !shows(o, enr) {
		return nil, nil, catalog.ErrNotFound
	}
	return o, enr, nil
}

// offerNames are the names of those of the offers that the publisher knows of.
func (p *Publisher) offerNames(ctx context.Context, ids []string) (map[string]string, error) {
	enrs, err := p.enrollments(ctx)
	if err != nil {
		return nil, err
	}
	offers, err := byID[*catalog.Offer](ctx, p.door, catalog.KindOffer, ids)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for id, o := range offers {
		if shows(o, enrs[id]) {
			out[id] = o.Name
		}
	}
	return out, nil
}

// Named is an object with its name.
type Named struct {
	ID   string `json:"id" doc:"Its id; empty: another offer of the program took the visitors, which is not named."`
	Name string `json:"name" doc:"Its name."`
}

// named hides what the names do not have.
func named(names map[string]string, id string) Named {
	name, ok := names[id]
	if !ok {
		return Named{}
	}
	return Named{id, name}
}

// Coupon is a coupon code that speaks for the publisher.
type Coupon struct {
	ID         string `json:"id" doc:"Its id."`
	Offer      Named  `json:"offer" doc:"The offer whose orders it is for."`
	Code       string `json:"code" doc:"What customers type in, in any case."`
	ValidFrom  string `json:"valid_from" doc:"First day it counts, YYYY-MM-DD in the program's time zone; empty: since ever."`
	ValidUntil string `json:"valid_until" doc:"Last day it counts; empty: until further notice."`
	Status     string `json:"status" enum:"active,paused" doc:"Orders with a paused coupon are not yours."`
}

// Coupons lists the publisher's coupons, newest first.
func (p *Publisher) Coupons(ctx context.Context) ([]Coupon, error) {
	rows, err := every[*catalog.Coupon](ctx, p.door, catalog.Query{Kind: catalog.KindCoupon, Filter: map[string]string{"publisher": p.row.ID}})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, c := range rows {
		ids[i] = c.Offer
	}
	names, err := p.offerNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Coupon, len(rows))
	for i, c := range rows {
		out[i] = Coupon{c.ID, named(names, c.Offer), c.Code, c.ValidFrom, c.ValidUntil, c.Status}
	}
	return out, nil
}
