package store

import (
	"context"
	"fmt"

	"clickledger/internal/conversion"
	"clickledger/internal/store/q"
)

func adjustmentOf(r q.ConversionAdjustment) *conversion.Adjustment {
	return &conversion.Adjustment{
		ID: r.ID, Workspace: r.Workspace, Conversion: r.Conversion, Key: r.Key, Kind: r.Kind, Asked: r.Asked, Currency: r.Currency,
		Sale: r.Sale, Revenue: r.Revenue, Commission: r.Commission, Actor: r.Actor, Reason: r.Reason, At: r.At,
	}
}

// InsertAdjustment adds an adjustment; see conversion.Tx.
func (t *booksTx) InsertAdjustment(ctx context.Context, a *conversion.Adjustment) (bool, error) {
	n, err := t.q.InsertAdjustment(ctx, q.InsertAdjustmentParams{
		Workspace: a.Workspace, Conversion: a.Conversion, Key: a.Key, Kind: a.Kind, Asked: a.Asked, Currency: a.Currency,
		Sale: a.Sale, Revenue: a.Revenue, Commission: a.Commission, Actor: a.Actor, Reason: a.Reason, At: a.At,
	})
	return n > 0, t.wrap("insert adjustment", err)
}

// AdjustmentsOf returns a conversion's adjustments; see conversion.Tx.
func (t *booksTx) AdjustmentsOf(ctx context.Context, workspace, id string) ([]*conversion.Adjustment, error) {
	rows, err := t.q.Adjustments(ctx, q.AdjustmentsParams{Workspace: workspace, Conversion: id})
	return each(rows, adjustmentOf), t.wrap("adjustments", err)
}

// Adjustments returns a conversion's adjustments; see conversion.Reader.
func (b booksStore) Adjustments(ctx context.Context, workspace, id string) ([]*conversion.Adjustment, error) {
	rows, err := q.New(b.db.engine.reads()).Adjustments(ctx, q.AdjustmentsParams{Workspace: workspace, Conversion: id})
	if err != nil {
		return nil, fmt.Errorf("store: adjustments: %w", err)
	}
	return each(rows, adjustmentOf), nil
}

// Waiting returns pending conversions that nobody holds; see conversion.Reader.
func (b booksStore) Waiting(ctx context.Context, offer string, before int64, after string, limit int) ([]string, error) {
	ids, err := q.New(b.db.engine.reads()).WaitingConversions(ctx, q.WaitingConversionsParams{Offer: offer, Before: before, After: after, Most: pageSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: waiting conversions: %w", err)
	}
	return ids, nil
}

func balanceAdjustmentOf(r q.BalanceAdjustment) *conversion.BalanceAdjustment {
	return &conversion.BalanceAdjustment{ID: r.ID, Workspace: r.Workspace, Key: r.Key, Publisher: r.Publisher, Currency: r.Currency, Amount: r.Amount, Actor: r.Actor, Reason: r.Reason, At: r.At}
}

// InsertBalanceAdjustment adds one and gives it its id; see books.Tx.
func (t *booksTx) InsertBalanceAdjustment(ctx context.Context, a *conversion.BalanceAdjustment) (bool, error) {
	if a.ID == "" {
		a.ID = t.db.ids.next("adj_")
	}
	n, err := t.q.InsertBalanceAdjustment(ctx, q.InsertBalanceAdjustmentParams{
		ID: a.ID, Workspace: a.Workspace, Key: a.Key, Publisher: a.Publisher, Currency: a.Currency, Amount: a.Amount, Actor: a.Actor, Reason: a.Reason, At: a.At,
	})
	return n > 0, t.wrap("insert balance adjustment", err)
}

// BalanceAdjustmentByKey returns it; see books.Tx.
func (t *booksTx) BalanceAdjustmentByKey(ctx context.Context, workspace, key string) (*conversion.BalanceAdjustment, error) {
	r, err := t.q.BalanceAdjustmentByKey(ctx, q.BalanceAdjustmentByKeyParams{Workspace: workspace, Key: key})
	if err != nil {
		return nil, t.wrap("balance adjustment by key", found(err))
	}
	return balanceAdjustmentOf(r), nil
}

// BalanceAdjustments returns a page; see books.Store.
func (b booksStore) BalanceAdjustments(ctx context.Context, workspace, publisher, before string, limit int) ([]*conversion.BalanceAdjustment, error) {
	rows, err := q.New(b.db.engine.reads()).BalanceAdjustments(ctx, q.BalanceAdjustmentsParams{Workspace: workspace, Publisher: publisher, Before: before, Most: pageSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: balance adjustments: %w", err)
	}
	return each(rows, balanceAdjustmentOf), nil
}
