package catalog

import (
	"context"

	"clickledger/internal/account"
)

// RotateToken gives an advertiser a new postback token. With overlap the present one
// is accepted as well until [Service.DropOldToken]; without, it ends at once, which is
// for a token that leaked.
func (s *Service) RotateToken(ctx context.Context, p account.Principal, workspace, id string, version int64, overlap bool) (*Advertiser, error) {
	return s.changeToken(ctx, p, workspace, id, version, "rotate_token", func(a *Advertiser) {
		a.TokenOld = ""
		if overlap {
			a.TokenOld = a.Token
		}
		a.Token = newToken()
	})
}

// DropOldToken ends the overlap: only the present token is accepted.
func (s *Service) DropOldToken(ctx context.Context, p account.Principal, workspace, id string, version int64) (*Advertiser, error) {
	return s.changeToken(ctx, p, workspace, id, version, "drop_old_token", func(a *Advertiser) { a.TokenOld = "" })
}

// NewSecret gives an advertiser a new secret to sign its signals with; the one before ends
// at once. It is shown this once: no document holds it.
func (s *Service) NewSecret(ctx context.Context, p account.Principal, workspace, id string, version int64) (*Advertiser, error) {
	return s.changeToken(ctx, p, workspace, id, version, "new_signing_secret", func(a *Advertiser) { a.Guards.Secret = newSecret() })
}

func (s *Service) changeToken(ctx context.Context, p account.Principal, workspace, id string, version int64, action string, fn func(*Advertiser)) (*Advertiser, error) {
	if !p.May(workspace, true) {
		return nil, ErrNotFound
	}
	e, err := s.change(ctx, KindAdvertiser, workspace, id, version, func(e Entity) (Entity, Audit, error) {
		a := e.(*Advertiser) // the store gave a row of this kind
		fn(a)
		a.Updated = s.now().UnixMicro()
		// The trail says that it happened, never the secrets.
		return a, Audit{Workspace: workspace, At: a.Updated, Actor: p.ID, Action: action, Kind: string(KindAdvertiser), Subject: id}, nil
	})
	if err != nil {
		return nil, err
	}
	return e.(*Advertiser), nil
}
