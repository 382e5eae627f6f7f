package catalog

import (
	"context"
	"fmt"

	"clickledger/internal/event"
)

// MakeTestLink makes a test link of an offer: a link of the house whose visits count
// nowhere. It asks nobody for a right: the caller has authorized actor for the workspace.
func (s *Service) MakeTestLink(ctx context.Context, workspace, offer, actor, name string) (*Link, error) {
	for try := 1; ; try++ {
		now := s.now()
		l := &Link{
			Meta: Meta{ID: event.NewID(idPrefix[KindLink], now), Workspace: workspace, Created: now.UnixMicro(), Updated: now.UnixMicro(), Version: 1},
			Key:  newLinkKey(), Offer: offer, Name: name, Status: StatusActive, Test: true,
		}
		_, err := s.store.Insert(ctx, l, Idempotency{}, Audit{Workspace: workspace, At: l.Created, Actor: actor, Action: "create", Kind: string(KindLink), Subject: l.ID, After: docJSON(l, "")})
		if err == nil {
			s.changed(ctx, l.Revision)
			return l, nil
		}
		if !drawnTwice(l, err) || try == insertTries {
			return nil, fmt.Errorf("make a test link: %w", err)
		}
	}
}

// EndTestLink archives a test link: who opens it from then on gets nowhere. Signals about
// its clicks stay tests for ever.
func (s *Service) EndTestLink(ctx context.Context, workspace, id, actor string) error {
	_, err := s.change(ctx, KindLink, workspace, id, 0, func(e Entity) (Entity, Audit, error) {
		l, ok := e.(*Link)
		if !ok || !l.Test {
			return nil, Audit{}, ErrNotFound
		}
		if l.Archived {
			return l, Audit{}, nil
		}
		l.Archived, l.Updated = true, s.now().UnixMicro()
		return l, Audit{Workspace: workspace, At: l.Updated, Actor: actor, Action: "archive", Kind: string(KindLink), Subject: id}, nil
	})
	return err
}
