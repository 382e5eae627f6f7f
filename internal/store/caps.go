package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
	"clickledger/internal/store/q"
)

// capStore implements caps.Store.
type capStore struct{ db *DB }

// Caps is the storage of what caps count.
func (db *DB) Caps() caps.Store { return capStore{db} }

func keptOf(r q.CapCount) caps.Kept {
	return caps.Kept{N: r.N, Counter: caps.Counter{
		Workspace: r.Workspace, Offer: r.Offer, Publisher: r.Publisher, Goal: r.Goal, States: r.States, Start: r.Starts, End: r.Ends,
	}}
}

// CapCount returns a kept count; see caps.Tx.
func (t *booksTx) CapCount(ctx context.Context, k caps.Counter) (n int64, kept bool, err error) {
	n, err = t.q.CapCount(ctx, q.CapCountParams{
		Workspace: k.Workspace, Offer: k.Offer, Publisher: k.Publisher, Ends: k.End, Starts: k.Start, Goal: k.Goal, States: k.States,
	})
	if errors.Is(found(err), catalog.ErrNotFound) {
		return 0, false, nil
	}
	return n, err == nil, t.wrap("count of a cap", err)
}

// PutCapCount keeps a count; see caps.Tx.
func (t *booksTx) PutCapCount(ctx context.Context, k caps.Counter, n int64) error {
	return t.wrap("keep the count of a cap", t.q.PutCapCount(ctx, q.PutCapCountParams{
		Workspace: k.Workspace, Offer: k.Offer, Publisher: k.Publisher, Goal: k.Goal, States: k.States, Starts: k.Start, Ends: k.End, N: n,
	}))
}

// AddCapCount changes a kept count; see caps.Tx.
func (t *booksTx) AddCapCount(ctx context.Context, k caps.Counter, delta int64) error {
	return t.wrap("change the count of a cap", t.q.AddCapCount(ctx, q.AddCapCountParams{
		Delta: delta, Workspace: k.Workspace, Offer: k.Offer, Publisher: k.Publisher, Ends: k.End, Starts: k.Start, Goal: k.Goal, States: k.States,
	}))
}

// CapCountsFor lists what a conversion may change; see caps.Tx.
func (t *booksTx) CapCountsFor(ctx context.Context, workspace, offer, publisher string, at int64) ([]caps.Kept, error) {
	rows, err := t.q.CapCountsFor(ctx, q.CapCountsForParams{Workspace: workspace, Offer: offer, Publisher: publisher, At: at})
	return each(rows, keptOf), t.wrap("counts of caps", err)
}

// CountConversions counts anew; see caps.Tx.
func (t *booksTx) CountConversions(ctx context.Context, k caps.Counter) (map[string]int64, error) {
	rows, err := t.q.CountForCaps(ctx, q.CountForCapsParams{Workspace: k.Workspace, Offer: k.Offer, Starts: k.Start, Ends: k.End})
	if err != nil {
		return nil, t.wrap("count conversions", err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		if k.Goal != "" && k.Goal != r.GoalKey {
			continue
		}
		n := r.N
		if !k.Takes(r.Status) {
			n = 0
		}
		out[r.Publisher] += n
	}
	return out, nil
}

// Counts lists kept counts; see caps.Store.
func (x capStore) Counts(ctx context.Context, workspace, offer string, at int64) ([]caps.Kept, error) {
	qs := q.New(x.db.engine.reads())
	var rows []q.CapCount
	var err error
	if offer == "" {
		rows, err = qs.CapCountsNow(ctx, at)
	} else {
		rows, err = qs.CapCountsOfOffer(ctx, q.CapCountsOfOfferParams{Workspace: workspace, Offer: offer, At: at})
	}
	if err != nil {
		return nil, fmt.Errorf("store: counts of caps: %w", err)
	}
	return each(rows, keptOf), nil
}

// Keep makes counts be kept; see caps.Store.
func (x capStore) Keep(ctx context.Context, ks []caps.Counter) error {
	return x.db.write(ctx, "caps.keep", func(ctx context.Context, s *session) error {
		tx := &booksTx{db: x.db, s: s, q: q.New(s), opened: map[ledger.Account]int64{}}
		for _, k := range ks {
			_, err := caps.Used(ctx, tx, k)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Prune drops counts of the past; see caps.Store.
func (x capStore) Prune(ctx context.Context, before int64) error {
	return x.db.write(ctx, "caps.prune", func(ctx context.Context, s *session) error {
		_, err := q.New(s).PruneCapCounts(ctx, before)
		if err != nil {
			return fmt.Errorf("store: prune counts of caps: %w", err)
		}
		return nil
	})
}
