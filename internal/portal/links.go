package portal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/catalog"
)

// Link is a publisher's tracking URL.
type Link struct {
	ID      string    `json:"id" doc:"Its id."`
	Offer   Named     `json:"offer" doc:"The offer it leads to."`
	Name    string    `json:"name" doc:"The placement; empty: it has no name."`
	URL     string    `json:"tracking_url" doc:"The URL to spread. sub1 to sub20 and source can be added to its query."`
	Source  string    `json:"source" doc:"What {source} stands for when the URL brings none."`
	Subs    []string  `json:"subs" nullable:"false" doc:"Preset sub ids, the first is sub1; an empty text is none."`
	Works   bool      `json:"works" doc:"Whether its visitors reach the offer."`
	Rests   string    `json:"rests" doc:"Why they do not, in a sentence; they are sent to a page of the program instead. Empty: they do."`
	Created time.Time `json:"created" doc:"When it was made."`

	Key       string   `json:"-"`
	DeepLinks []string `json:"-"` // the offer's hosts
}

// LinkDoc is what a publisher sets on a link.
type LinkDoc struct {
	Offer  string   `json:"offer" required:"true" maxLength:"64" doc:"The offer it leads to; you need an approved enrollment."`
	Name   string   `json:"name" required:"false" maxLength:"200" example:"Summer newsletter" doc:"The placement."`
	Source string   `json:"source" required:"false" maxLength:"200" doc:"What {source} stands for when the URL brings none."`
	Subs   []string `json:"subs" required:"false" nullable:"false" maxItems:"20" doc:"Preset sub ids, the first is sub1: what a sub id is where the URL does not bring it. An empty text is none."`
}

// rests says why a link's visitors do not reach the offer, "" when they do. Countries,
// devices and caps, which differ from visitor to visitor, are the offer's page's.
func (p *Publisher) rests(l *catalog.Link, o *catalog.Offer, enr *catalog.Enrollment) string {
	switch {
	case p.row.Status != catalog.StatusActive:
		return "Your account is " + p.row.Status + "."
	case l.Archived || l.Status != catalog.StatusActive:
		return "This link is paused."
	case enr == nil || enr.Status != catalog.Approved:
		return "You may not run the offer now."
	case publisherStatus(o) != catalog.StatusActive:
		return "The offer takes no visitors now."
	}
	return ""
}

func (p *Publisher) link(l *catalog.Link, o *catalog.Offer, enr *catalog.Enrollment) Link {
	v := Link{ID: l.ID, Name: l.Name, URL: p.s.trackingURL(l), Source: l.Source, Subs: copied(l.Subs), Rests: p.rests(l, o, enr), Created: timeOf(l.Created), Key: l.Key}
	v.Works = v.Rests == ""
	if shows(o, enr) {
		v.Offer, v.DeepLinks = Named{o.ID, o.Name}, copied(o.DeepLinks)
	}
	return v
}

func (s *Service) trackingURL(l *catalog.Link) string { return s.origins.Link(l) }

// Links lists the publisher's links, newest first; offer "" = to all offers.
func (p *Publisher) Links(ctx context.Context, offer string, at Paging) (Page[Link], error) {
	filter := map[string]string{"publisher": p.row.ID}
	if offer != "" {
		filter["offer"] = offer
	}
	rows, err := list[*catalog.Link](ctx, p.door, catalog.Query{Kind: catalog.KindLink, Filter: filter, After: at.Cursor, Limit: at.limit() + 1})
	if err != nil {
		return Page[Link]{}, err
	}
	enrs, err := p.enrollments(ctx)
	if err != nil {
		return Page[Link]{}, err
	}
	ids := make([]string, len(rows))
	for i, l := range rows {
		ids[i] = l.Offer
	}
	offers, err := byID[*catalog.Offer](ctx, p.door, catalog.KindOffer, ids)
	if err != nil {
		return Page[Link]{}, err
	}
	return page(rows, at.limit(), func(l *catalog.Link) string { return l.ID }, func(l *catalog.Link) Link {
		return p.link(l, offers[l.Offer], enrs[l.Offer])
	}), nil
}

// own reads a link of the publisher's.
func (p *Publisher) own(ctx context.Context, id string) (*catalog.Link, error) {
	l, err := get[*catalog.Link](ctx, p.door, catalog.KindLink, id)
	if err != nil {
		return nil, err
	}
	if l.Publisher != p.row.ID || l.Archived {
		return nil, catalog.ErrNotFound
	}
	return l, nil
}

// Link reads one of the publisher's links.
func (p *Publisher) Link(ctx context.Context, id string) (*Link, error) {
	l, err := p.own(ctx, id)
	if err != nil {
		return nil, err
	}
	return p.whole(ctx, l)
}

func (p *Publisher) whole(ctx context.Context, l *catalog.Link) (*Link, error) {
	o, err := get[*catalog.Offer](ctx, p.door, catalog.KindOffer, l.Offer)
	if err != nil {
		return nil, err
	}
	enr, err := p.enrollment(ctx, l.Offer)
	if err != nil {
		return nil, err
	}
	v := p.link(l, o, enr)
	return &v, nil
}

// CreateLink makes a further link to an offer that the publisher may run. The same under a
// repeated key ("" = none) gives what was made first.
func (p *Publisher) CreateLink(ctx context.Context, d LinkDoc, key string) (*Link, error) {
	if !p.Writes() || len(d.Offer) > 64 {
		return nil, catalog.ErrNotFound
	}
	if d.Offer == "" {
		bad := &catalog.Invalid{}
		bad.Add("offer", "required", "", "Choose an offer.")
		return nil, bad
	}
	full := catalog.NewDoc(catalog.KindLink).(*catalog.LinkDoc)
	full.Workspace, full.Publisher = p.account.Workspace, p.row.ID
	full.Offer, full.Name, full.Source, full.Subs = d.Offer, d.Name, d.Source, append(full.Subs, d.Subs...)
	idem := catalog.Idempotency{}
	if key != "" { // others may use the same
		idem.Key = p.row.ID + " " + key
		idem.Hash = fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "portal link\n%q", full)))
	}
	l, err := p.s.o.Catalog.MakeLink(ctx, p.applicant(""), full, idem)
	if err != nil {
		return nil, refused(err, "offer", "name", "source", "subs")
	}
	if l.Publisher != p.row.ID {
		return nil, catalog.ErrNotFound
	}
	return p.whole(ctx, l)
}

// UpdateLink changes the placement, the source and the preset sub ids of a link.
func (p *Publisher) UpdateLink(ctx context.Context, id string, d LinkDoc) (*Link, error) {
	l, err := p.own(ctx, id)
	if err == nil && !p.Writes() {
		err = catalog.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	full, ok := catalog.DocOf(l, "").(*catalog.LinkDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	full.Name, full.Source, full.Subs = d.Name, d.Source, append([]string{}, d.Subs...)
	l, err = p.s.o.Catalog.ChangeLink(ctx, p.applicant(""), l.ID, 0, full)
	if err != nil {
		return nil, refused(err, "name", "source", "subs")
	}
	return p.whole(ctx, l)
}

// refused keeps of a refusal what is about the party's own fields: others it has not typed
// and does not know of.
func refused(err error, own ...string) error {
	var bad *catalog.Invalid
	if !errors.As(err, &bad) {
		return err
	}
	out := &catalog.Invalid{}
	for _, f := range bad.Fields {
		if slices.Contains(own, f.Field) {
			out.Fields = append(out.Fields, f)
		}
	}
	if len(out.Fields) == 0 {
		out.Add("offer", "refused", "", "The program does not allow this.")
	}
	return out
}

// DeepLink makes a tracking URL of a link that leads to one page of the offer's site.
func (p *Publisher) DeepLink(ctx context.Context, id string, d *catalog.DeepLinkDoc) (tracking, lands string, err error) {
	l, err := p.Link(ctx, id)
	if err != nil {
		return "", "", err
	}
	return catalog.DeepLinkURL(l.URL, l.DeepLinks, d)
}
