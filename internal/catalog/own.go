package catalog

import (
	"context"
	"slices"

	"clickledger/internal/account"
)

// A publisher's own postbacks, for its portal. These functions ask nobody who they are: the
// caller has made sure that actor may speak for the publisher. What belongs to another is
// [ErrNotFound], and an offer that the publisher has nothing to do with is unknown to it.

// PublisherPostbacks lists a publisher's postbacks that are not archived, oldest first.
func (s *Service) PublisherPostbacks(ctx context.Context, workspace, publisher string) ([]*Postback, error) {
	es, err := s.store.List(ctx, Query{Kind: KindPostback, Workspace: workspace, Filter: map[string]string{"publisher": publisher}, Limit: maxPostbacks})
	if err != nil {
		return nil, err
	}
	var out []*Postback
	for _, e := range es {
		if p, ok := e.(*Postback); ok {
			out = append(out, p)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// PublisherPostback returns one of the publisher's postbacks.
func (s *Service) PublisherPostback(ctx context.Context, workspace, publisher, id string) (*Postback, error) {
	e, err := s.store.Get(ctx, KindPostback, workspace, id)
	if err != nil {
		return nil, err
	}
	p, ok := e.(*Postback)
	if !ok || p.Publisher != publisher {
		return nil, ErrNotFound
	}
	return p, nil
}

// SavePublisherPostback makes a postback of the publisher's (id ""), or writes d over one at
// its version (0 = the current); dry only checks. Whatever d says, it is the publisher's, and
// staff's notes stay as they are. actor is the user or key, for the trail.
func (s *Service) SavePublisherPostback(ctx context.Context, actor, workspace, publisher, id string, version int64, d PostbackDoc, dry bool) (*Postback, error) {
	d.Workspace, d.Publisher, d.Notes = workspace, publisher, ""
	was := ""
	if id != "" {
		old, err := s.PublisherPostback(ctx, workspace, publisher, id)
		if err != nil {
			return nil, err
		}
		d.Notes, was = old.Notes, old.Offer
	}
	if d.Offer != "" && d.Offer != was {
		es, err := s.store.List(ctx, Query{Kind: KindEnrollment, Workspace: workspace, Filter: map[string]string{"publisher": publisher, "offer": d.Offer}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(es) == 0 {
			bad := &Invalid{}
			bad.Add("offer", ruleReference, d.Offer, "There is no such offer.")
			return nil, bad
		}
	}
	p := s.standIn(actor, workspace)
	var e Entity
	var err error
	switch {
	case dry:
		e, err = s.Preview(ctx, p, workspace, id, version, &d)
	case id == "":
		e, _, err = s.Create(ctx, p, &d, Idempotency{})
	default:
		e, err = s.Update(ctx, p, workspace, id, version, &d)
	}
	made, _ := e.(*Postback)
	return made, err
}

// ArchivePublisherPostback takes one of the publisher's postbacks out of use for good.
func (s *Service) ArchivePublisherPostback(ctx context.Context, actor, workspace, publisher, id string) error {
	_, err := s.PublisherPostback(ctx, workspace, publisher, id)
	if err != nil {
		return err
	}
	_, err = s.Archive(ctx, s.standIn(actor, workspace), KindPostback, workspace, id, 0, true)
	return err
}

// standIn is who a publisher's own writes are made as, once they are allowed.
func (s *Service) standIn(actor, workspace string) account.Principal {
	return account.Principal{ID: actor, Write: true, Workspaces: []string{workspace}}
}
