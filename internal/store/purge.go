package store

import (
	"context"
	"fmt"

	"clickledger/internal/purge"
	"clickledger/internal/store/q"
)

// purgeStore implements purge.Store.
type purgeStore struct{ db *DB }

// Purges is where old rows are dropped.
func (db *DB) Purges() purge.Store { return purgeStore{db} }

// purges are the statements by kind.
var purges = map[string]func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error){
	purge.Mails: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeMails(ctx, q.PurgeMailsParams{Before: before, Most: most})
	},
	purge.Tokens: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeTokens(ctx, q.PurgeTokensParams{Before: before, Most: most})
	},
	purge.Sessions: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeSessions(ctx, q.PurgeSessionsParams{Before: before, Most: most})
	},
	purge.Idempotency: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeIdempotency(ctx, q.PurgeIdempotencyParams{Before: before, Most: most})
	},
	purge.Signals: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeSignals(ctx, q.PurgeSignalsParams{Before: before, Most: most})
	},
	purge.Messages: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		return qs.PurgeMessages(ctx, q.PurgeMessagesParams{Before: before, Most: most})
	},
	purge.Deliveries: func(ctx context.Context, qs *q.Queries, before, most int64) (int64, error) {
		err := qs.PurgeTries(ctx, q.PurgeTriesParams{Before: before, Most: most})
		if err != nil {
			return 0, err
		}
		return qs.PurgeDeliveries(ctx, q.PurgeDeliveriesParams{Before: before, Most: most})
	},
}

// Purge drops old rows; see purge.Store.
func (x purgeStore) Purge(ctx context.Context, what string, before int64, limit int) (int, error) {
	drop, ok := purges[what]
	if !ok {
		return 0, fmt.Errorf("store: there is nothing to purge called %q", what)
	}
	var n int64
	err := x.db.write(ctx, "purge", func(ctx context.Context, s *session) error {
		var err error
		n, err = drop(ctx, q.New(s), before, batchSize(limit))
		if err != nil {
			return fmt.Errorf("store: purge %s: %w", what, err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
