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
		Error: d.Error, DoneAt: d.DoneAt, Postback: d.Postback, Offer: d.Offer, Tells: d.Tells, BodyKind: d.BodyKind, Body: d.Body, Macros: d.Macros,
		Resends: d.Resends, ResentAs: d.ResentAs, Actor: d.Actor, Search: searchable(d.URL+" "+d.Conversion, d.ID),
	}
}

func deliveryOf(r q.Delivery) *outbound.Delivery {
	return &outbound.Delivery{
		ID: r.ID, Workspace: r.Workspace, Publisher: r.Publisher, Conversion: r.Conversion, URL: r.URL, Method: r.Method,
		State: r.State, Tries: r.Tries, Created: r.Created, NextAt: r.NextAt, Status: r.Status, Answer: r.Answer,
		Error: r.Error, DoneAt: r.DoneAt, Postback: r.Postback, Offer: r.Offer, Tells: r.Tells, BodyKind: r.BodyKind, Body: r.Body, Macros: r.Macros,
		Resends: r.Resends, ResentAs: r.ResentAs, Actor: r.Actor,
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
func (x deliveryStore) SaveDelivery(ctx context.Context, d *outbound.Delivery, t *outbound.Try) (outbound.Failures, error) {
	var f outbound.Failures
	err := x.db.write(ctx, "deliveries.save", func(ctx context.Context, s *session) error {
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
		f, err = countTry(ctx, s, d, t)
		if err != nil {
			return err
		}
		return insertTry(ctx, s, t)
	})
	return f, err
}

// countTry keeps what a postback's calls came to since one was taken.
func countTry(ctx context.Context, s *session, d *outbound.Delivery, t *outbound.Try) (outbound.Failures, error) {
	if d.Postback == "" || t == nil {
		return outbound.Failures{}, nil
	}
	if d.State == outbound.StateSent {
		err := q.New(s).PostbackWorks(ctx, q.PostbackWorksParams{Workspace: d.Workspace, Postback: d.Postback})
		if err != nil {
			return outbound.Failures{}, fmt.Errorf("store: forget failures: %w", err)
		}
		return outbound.Failures{}, nil
	}
	dead := int64(0)
	if d.State == outbound.StateDead {
		dead = 1
	}
	row, err := q.New(s).PostbackFailed(ctx, q.PostbackFailedParams{Workspace: d.Workspace, Postback: d.Postback, Since: t.At, Dead: dead})
	if err != nil {
		return outbound.Failures{}, fmt.Errorf("store: count failures: %w", err)
	}
	return outbound.Failures{Since: row.Since, Tries: row.Tries, Dead: row.Dead}, nil
}

func insertTry(ctx context.Context, s *session, t *outbound.Try) error {
	if t == nil {
		return nil
	}
	err := q.New(s).InsertTry(ctx, q.InsertTryParams{
		Delivery: t.Delivery, N: t.N, At: t.At, Took: t.Took, Status: t.Status, Headers: t.Headers, Answer: t.Answer, Error: t.Error,
	})
	if err != nil {
		return fmt.Errorf("store: insert try: %w", err)
	}
	return nil
}

// AddDelivery adds a delivery of its own; see outbound.Store.
func (x deliveryStore) AddDelivery(ctx context.Context, d *outbound.Delivery, t *outbound.Try) error {
	return x.db.write(ctx, "deliveries.add", func(ctx context.Context, s *session) error {
		err := q.New(s).InsertDelivery(ctx, q.InsertDeliveryParams(deliveryRow(d)))
		if err != nil {
			return fmt.Errorf("store: add delivery: %w", err)
		}
		return insertTry(ctx, s, t)
	})
}

// Resend adds a delivery that repeats another; see outbound.Store.
func (x deliveryStore) Resend(ctx context.Context, d *outbound.Delivery) error {
	return x.db.write(ctx, "deliveries.resend", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		n, err := qs.MarkResent(ctx, q.MarkResentParams{ResentAs: d.ID, Workspace: d.Workspace, ID: d.Resends})
		if err != nil {
			return fmt.Errorf("store: mark resent: %w", err)
		}
		if n == 0 {
			return outbound.ErrFinal
		}
		err = qs.InsertDelivery(ctx, q.InsertDeliveryParams(deliveryRow(d)))
		if err != nil {
			return fmt.Errorf("store: resend delivery: %w", err)
		}
		return nil
	})
}

// GetDelivery returns a delivery with its tries; see outbound.Store.
func (x deliveryStore) GetDelivery(ctx context.Context, workspace, id string) (*outbound.Delivery, []*outbound.Try, error) {
	qs := q.New(x.db.engine.reads())
	row, err := qs.GetDelivery(ctx, q.GetDeliveryParams{Workspace: workspace, ID: id})
	err = found(err)
	if err != nil {
		return nil, nil, err
	}
	tries, err := qs.Tries(ctx, id)
	if err != nil {
		return nil, nil, fmt.Errorf("store: tries of %s: %w", id, err)
	}
	return deliveryOf(row), each(tries, func(t q.DeliveryTry) *outbound.Try {
		return &outbound.Try{Delivery: t.Delivery, N: t.N, At: t.At, Took: t.Took, Status: t.Status, Headers: t.Headers, Answer: t.Answer, Error: t.Error}
	}), nil
}

// deliveryList is the query of a page, before its limit.
func deliveryList(query outbound.Query) *list {
	l := newList[q.Delivery]("deliveries").equal("workspace", query.Workspace)
	return l.given("conversion", query.Conversion).given("publisher", query.Publisher).given("state", query.State).
		given("offer", query.Offer).given("postback", query.Postback).contains("search", query.Text).before(query.Before)
}

// ListDeliveries returns a page; see outbound.Store.
func (x deliveryStore) ListDeliveries(ctx context.Context, query outbound.Query) ([]*outbound.Delivery, error) {
	l := deliveryList(query)
	text := l.query(pageSize(query.Limit))
	rows, err := collect[q.Delivery](x.db.engine.reads().dynamic(ctx, text, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: list deliveries: %w", err)
	}
	return each(rows, deliveryOf), nil
}

// CountDeliveries counts; see outbound.Store.
func (x deliveryStore) CountDeliveries(ctx context.Context, workspace, publisher string) (outbound.Counts, error) {
	qs := q.New(x.db.engine.reads())
	byState := map[string]int64{}
	var err error
	if publisher == "" {
		var rows []q.CountDeliveriesRow
		rows, err = qs.CountDeliveries(ctx, workspace)
		for _, r := range rows {
			byState[r.State] = r.N
		}
	} else {
		var rows []q.CountDeliveriesOfRow
		rows, err = qs.CountDeliveriesOf(ctx, q.CountDeliveriesOfParams{Workspace: workspace, Publisher: publisher})
		for _, r := range rows {
			byState[r.State] = r.N
		}
	}
	if err != nil {
		return outbound.Counts{}, fmt.Errorf("store: count deliveries: %w", err)
	}
	return outbound.Counts{Waiting: byState[outbound.StateWaiting], Dead: byState[outbound.StateDead], Held: byState[outbound.StateHeld]}, nil
}

// HoldDeliveries holds what waits; see outbound.Store.
func (x deliveryStore) HoldDeliveries(ctx context.Context, workspace, postback string, now int64) error {
	return x.db.write(ctx, "deliveries.hold", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		err := qs.HoldDeliveries(ctx, q.HoldDeliveriesParams{Now: now, Workspace: workspace, Postback: postback})
		if err != nil {
			return fmt.Errorf("store: hold deliveries: %w", err)
		}
		err = qs.PostbackWorks(ctx, q.PostbackWorksParams{Workspace: workspace, Postback: postback})
		if err != nil {
			return fmt.Errorf("store: forget failures: %w", err)
		}
		return nil
	})
}

// HeldPostbacks lists those with held deliveries; see outbound.Store.
func (x deliveryStore) HeldPostbacks(ctx context.Context) ([]outbound.Held, error) {
	rows, err := q.New(x.db.engine.reads()).HeldPostbacks(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: held postbacks: %w", err)
	}
	return each(rows, func(r q.HeldPostbacksRow) outbound.Held { return outbound.Held(r) }), nil
}

// ReleaseDeliveries makes held ones wait again; see outbound.Store.
func (x deliveryStore) ReleaseDeliveries(ctx context.Context, h outbound.Held, now int64, limit int) (int, error) {
	var n int64
	err := x.db.write(ctx, "deliveries.release", func(ctx context.Context, s *session) error {
		var err error
		n, err = q.New(s).ReleaseDeliveries(ctx, q.ReleaseDeliveriesParams{Now: now, Workspace: h.Workspace, Publisher: h.Publisher, Postback: h.Postback, Most: batchSize(limit)})
		if err != nil {
			return fmt.Errorf("store: release deliveries: %w", err)
		}
		return nil
	})
	return int(n), err
}
