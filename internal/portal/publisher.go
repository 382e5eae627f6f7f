package portal

import (
	"context"
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

// shows reports whether the publisher knows of the offer: where it has an enrollment.
func shows(o *catalog.Offer, enr *catalog.Enrollment) bool { return o != nil && enr != nil }

// goals are the goals of offers, by offer, the default first, then by age.
func (d *door) goals(ctx context.Context, offer string) ([]*catalog.Goal, error) {
	rows, err := every[*catalog.Goal](ctx, d, catalog.Query{Kind: catalog.KindGoal, Filter: map[string]string{"offer": offer}})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b *catalog.Goal) int {
		switch {
		case a.Default != b.Default && a.Default:
			return -1
		case a.Default != b.Default:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	return rows, nil
}

// Offers lists the offers that the publisher knows of, by name. search keeps those with the
// text in their name.
func (p *Publisher) Offers(ctx context.Context, search string) ([]PublisherOffer, error) {
	enrs, err := p.enrollments(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(enrs))
	for id := range enrs {
		ids = append(ids, id)
	}
	offers, err := byID[*catalog.Offer](ctx, p.door, catalog.KindOffer, ids)
	if err != nil {
		return nil, err
	}
	out := []PublisherOffer{}
	for _, o := range offers {
		if !shows(o, enrs[o.ID]) || !strings.Contains(strings.ToLower(o.Name), strings.ToLower(strings.TrimSpace(search))) {
			continue
		}
		goals, err := p.goals(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		adv, err := p.advertiser(ctx, o)
		if err != nil {
			return nil, err
		}
		out = append(out, publisherOffer(o, adv, goals, enrs[o.ID]))
	}
	slices.SortFunc(out, func(a, b PublisherOffer) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

// advertiser is the offer's, nil where it has none. It is read for the terms that the offer
// leaves to it, and never shown.
func (p *Publisher) advertiser(ctx context.Context, o *catalog.Offer) (*catalog.Advertiser, error) {
	if o.Advertiser == "" {
		return nil, nil
	}
	found, err := byID[*catalog.Advertiser](ctx, p.door, catalog.KindAdvertiser, []string{o.Advertiser})
	return found[o.Advertiser], err
}

// Offer reads one offer that the publisher knows of.
func (p *Publisher) Offer(ctx context.Context, id string) (*PublisherOffer, error) {
	o, enr, err := p.offer(ctx, id)
	if err != nil {
		return nil, err
	}
	goals, err := p.goals(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	adv, err := p.advertiser(ctx, o)
	if err != nil {
		return nil, err
	}
	v := publisherOffer(o, adv, goals, enr)
	return &v, nil
}

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
