package store

import (
	"context"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
	"clickledger/internal/store/q"
)

// deliveryStore implements outbound.Store.
type deliveryStore struct{ db *DB }

func deliveryRow(d *outbound.Delivery) q.Delivery {
	return q.Delivery{
		ID: d.ID, Workspace: d.Workspace, Publisher: d.Publisher, Conversion: d.Conversion, URL: d.URL, Method: d.Method,
		State: d.State, Tries: d.Tries, Created: d.Created, NextAt: d.NextAt, Status: d.Status, Answer: d.Answer,
		Error: d.Error, DoneAt: d.DoneAt,
	}
}

func deliveryOf(r q.Delivery) *outbound.Delivery {
	return &outbound.Delivery{
		ID: r.ID, Workspace: r.Workspace, Publisher: r.Publisher, Conversion: r.Conversion, URL: r.URL, Method: r.Method,
		State: r.State, Tries: r.Tries, Created: r.Created, NextAt: r.NextAt, Status: r.Status, Answer: r.Answer,
		Error: r.Error, DoneAt: r.DoneAt,
	}
}

// InsertDelivery adds a delivery with the change it tells.
func (t *booksTx) InsertDelivery(ctx context.Context, d *outbound.Delivery) error {
	return t.wrap("insert delivery", t.q.InsertDelivery(ctx, q.InsertDeliveryParams(deliveryRow(d))))
}

// DueDeliveries returns what is to be tried; see outbound.Store.
func (x deliveryStore) DueDeliveries(ctx context.Context, now int64, limit int) ([]*outbound.Delivery, error) {
	rows, err := q.New(x.db.engine.reads()).DueDeliveries(ctx, q.DueDeliveriesParams{Now: now, Most: batchSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: due deliveries: %w", err)
	}
	return each(rows, deliveryOf), nil
}

// SaveDelivery writes the outcome of a try; see outbound.Store.
func (x deliveryStore) SaveDelivery(ctx context.Context, d *outbound.Delivery) error {
	return x.db.write(ctx, "deliveries.save", func(ctx context.Context, s *session) error {
		n, err := q.New(s).SaveDelivery(ctx, q.SaveDeliveryParams{
			State: d.State, Tries: d.Tries, NextAt: d.NextAt, Status: d.Status, Answer: d.Answer, Error: d.Error,
			DoneAt: d.DoneAt, ID: d.ID, Workspace: d.Workspace,
		})
		if err != nil {
			return fmt.Errorf("store: save delivery: %w", err)
		}
		if n == 0 {
			return catalog.ErrNotFound
		}
		return nil
	})
}

// ListDeliveries returns a page; see outbound.Store.
func (x deliveryStore) ListDeliveries(ctx context.Context, workspace, conversion, before string, limit int) ([]*outbound.Delivery, error) {
	l := newList[q.Delivery]("deliveries").equal("workspace", workspace).given("conversion", conversion).before(before)
	text := l.query(pageSize(limit))
	rows, err := collect[q.Delivery](x.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list deliveries: %w", err)
	}
	return each(rows, deliveryOf), nil
}
