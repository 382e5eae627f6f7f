package store

import (
	"context"
	"fmt"

	"clickledger/internal/books"
	"clickledger/internal/funds"
	"clickledger/internal/store/q"
)

// fundStore implements funds.Store.
type fundStore struct{ booksStore }

// Funds is the storage of advertisers' payments.
func (db *DB) Funds() funds.Store { return fundStore{booksStore{db}} }

func paymentOf(r q.AdvertiserPayment) *funds.Payment {
	return &funds.Payment{
		ID: r.ID, Workspace: r.Workspace, Key: r.Key, Advertiser: r.Advertiser, Kind: funds.Kind(r.Kind), Currency: r.Currency, Amount: r.Amount,
		Reference: r.Reference, Reason: r.Reason, Actor: r.Actor, At: r.At, Recorded: r.Recorded,
	}
}

// Update runs fn in a transaction of the books; see funds.Store.
func (f fundStore) Update(ctx context.Context, fn func(ctx context.Context, tx funds.Tx) error) error {
	return f.booksStore.Update(ctx, func(ctx context.Context, tx books.Tx) error { return fn(ctx, tx.(*booksTx)) })
}

// InsertPayment adds a payment; see funds.Tx.
func (t *booksTx) InsertPayment(ctx context.Context, p *funds.Payment) (bool, error) {
	n, err := t.q.InsertPayment(ctx, q.InsertPaymentParams{
		ID: p.ID, Workspace: p.Workspace, Key: p.Key, Advertiser: p.Advertiser, Kind: string(p.Kind), Currency: p.Currency, Amount: p.Amount,
		Reference: p.Reference, Reason: p.Reason, Actor: p.Actor, At: p.At, Recorded: p.Recorded,
	})
	return n > 0, t.wrap("insert payment", err)
}

// PaymentByKey returns a payment; see funds.Tx.
func (t *booksTx) PaymentByKey(ctx context.Context, workspace, key string) (*funds.Payment, error) {
	r, err := t.q.PaymentByKey(ctx, q.PaymentByKeyParams{Workspace: workspace, Key: key})
	if err != nil {
		return nil, t.wrap("payment by key", found(err))
	}
	return paymentOf(r), nil
}

// Payments returns a page; see funds.Store.
func (f fundStore) Payments(ctx context.Context, workspace, advertiser, before string, limit int) ([]*funds.Payment, error) {
	rows, err := q.New(f.db.engine.reads()).Payments(ctx, q.PaymentsParams{Workspace: workspace, Advertiser: advertiser, Before: before, Most: pageSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: payments: %w", err)
	}
	return each(rows, paymentOf), nil
}
