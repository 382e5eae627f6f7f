package store

import (
	"context"
	"fmt"

	"clickledger/internal/diagnosis"
	"clickledger/internal/store/q"
)

// landingStore implements diagnosis.Store.
type landingStore struct{ db *DB }

// Landings is the storage of visits to landing pages.
func (db *DB) Landings() diagnosis.Store { return landingStore{db} }

// PutLanding keeps a visit in place of the last one; see diagnosis.Store.
func (x landingStore) PutLanding(ctx context.Context, l *diagnosis.Landing) error {
	return x.db.write(ctx, "diagnosis.landing", func(ctx context.Context, s *session) error {
		err := q.New(s).PutLanding(ctx, q.PutLandingParams{
			Workspace: l.Workspace, Offer: l.Offer, At: l.At, Actor: l.Actor, URL: l.URL, Host: l.Host,
			Status: l.Status, Hops: l.Hops, Millis: l.Millis, Failure: l.Failure,
		})
		if err != nil {
			return fmt.Errorf("store: put landing: %w", err)
		}
		return nil
	})
}

// Landing returns the last visit; see diagnosis.Store.
func (x landingStore) Landing(ctx context.Context, workspace, offer string) (*diagnosis.Landing, error) {
	r, err := q.New(x.db.engine.reads()).GetLanding(ctx, q.GetLandingParams{Workspace: workspace, Offer: offer})
	return one(r, err, func(r q.LandingCheck) *diagnosis.Landing {
		return &diagnosis.Landing{
			Workspace: r.Workspace, Offer: r.Offer, At: r.At, Actor: r.Actor, URL: r.URL, Host: r.Host,
			Status: r.Status, Hops: r.Hops, Millis: r.Millis, Failure: r.Failure,
		}
	}, "landing")
}
