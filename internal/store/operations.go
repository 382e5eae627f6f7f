package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/store/q"
)

// NumberFacts numbers waiting outbox rows; see books.Store.
func (b booksStore) NumberFacts(ctx context.Context, limit int) (int, error) {
	n := 0
	err := b.db.write(ctx, "books.number_facts", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		ids, err := qs.WaitingFacts(ctx, batchSize(limit))
		n = len(ids)
		if err != nil || n == 0 {
			return err
		}
		state, err := qs.OutboxState(ctx)
		if err != nil {
			return err
		}
		// Above everything the log may hold already, also when the books were
		// restored from an older copy.
		no := max(state.Numbered, state.Published)
		for _, id := range ids {
			no++
			err = qs.NumberFact(ctx, q.NumberFactParams{ID: id, No: no})
			if err != nil {
				return err
			}
		}
		return qs.SetNumbered(ctx, no)
	})
	if err != nil {
		return 0, fmt.Errorf("store: number facts: %w", err)
	}
	return n, nil
}

// FactsAfter returns numbered rows; see books.Store.
func (b booksStore) FactsAfter(ctx context.Context, no int64, limit int) ([]books.OutboxRow, error) {
	rows, err := q.New(b.db.engine.reads()).FactsAfter(ctx, q.FactsAfterParams{After: no, Most: batchSize(limit)})
	if err != nil {
		return nil, fmt.Errorf("store: facts after %d: %w", no, err)
	}
	return each(rows, func(r q.Outbox) books.OutboxRow { return books.OutboxRow{ID: r.ID, No: r.No, Fact: r.Fact} }), nil
}

// FactsPublished is the highest number in the log; see books.Store.
func (b booksStore) FactsPublished(ctx context.Context) (int64, error) {
	state, err := q.New(b.db.engine.reads()).OutboxState(ctx)
	if err != nil {
		return 0, fmt.Errorf("store: outbox state: %w", err)
	}
	return state.Published, nil
}

// SetFactsPublished raises it; see books.Store.
func (b booksStore) SetFactsPublished(ctx context.Context, no int64) error {
	return b.simple(ctx, "books.set_facts_published", func(ctx context.Context, qs *q.Queries) error {
		err := qs.SetPublished(ctx, no)
		if err != nil {
			return err
		}
		return qs.DropFacts(ctx, no)
	})
}

// simple is a write of one or two statements.
func (b booksStore) simple(ctx context.Context, op string, fn func(ctx context.Context, qs *q.Queries) error) error {
	err := b.db.write(ctx, op, func(ctx context.Context, s *session) error { return fn(ctx, q.New(s)) })
	if err != nil {
		return fmt.Errorf("store: %s: %w", op, err)
	}
	return nil
}

// Lease takes or renews a lease; see books.Store.
func (b booksStore) Lease(ctx context.Context, name, holder string, now, ttl int64) (bool, error) {
	var n int64
	err := b.simple(ctx, "books.lease", func(ctx context.Context, qs *q.Queries) error {
		var err error
		n, err = qs.RenewLease(ctx, q.RenewLeaseParams{Name: name, Holder: holder, Now: now, Until: now + ttl})
		if err == nil && n == 0 {
			n, err = qs.FirstLease(ctx, q.FirstLeaseParams{Name: name, Holder: holder, Until: now + ttl})
		}
		return err
	})
	return err == nil && n > 0, err
}

// LeaseNode takes the lowest free node number, or renews the holder's own; see
// books.Store.
func (b booksStore) LeaseNode(ctx context.Context, holder string, now, ttl int64) (int, error) {
	node := 0
	err := b.simple(ctx, "books.lease_node", func(ctx context.Context, qs *q.Queries) error {
		leases, err := qs.NodeLeases(ctx)
		if err != nil {
			return err
		}
		node = freeNode(leases, holder, now)
		if node == 0 {
			return ErrNoNode
		}
		return qs.PutNodeLease(ctx, q.PutNodeLeaseParams{Node: int64(node), Holder: holder, Until: now + ttl})
	})
	if err != nil {
		return 0, err
	}
	return node, nil
}

// freeNode picks the holder's own number, else the lowest without a lease in force;
// 0 when there is none. leases are in order of their numbers.
func freeNode(leases []q.NodeLease, holder string, now int64) int {
	held := map[int64]bool{}
	for _, l := range leases {
		if l.Holder == holder {
			return int(l.Node)
		}
		held[l.Node] = l.Until > now
	}
	for n := int64(1); n <= event.MaxNode; n++ {
		if !held[n] {
			return int(n)
		}
	}
	return 0
}

// Keys returns the click id keys, oldest first; see books.Store.
func (b booksStore) Keys(ctx context.Context) ([]event.Key, error) {
	rows, err := q.New(b.db.engine.reads()).ClickKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: click id keys: %w", err)
	}
	keys := make([]event.Key, len(rows))
	for i, r := range rows {
		if len(r.Secret) != len(keys[i].Secret) {
			return nil, fmt.Errorf("store: click id key %d has %d bytes", r.ID, len(r.Secret))
		}
		keys[i].ID = r.ID
		copy(keys[i].Secret[:], r.Secret)
	}
	return keys, nil
}

// AddKey adds the newest key; see books.Store.
func (b booksStore) AddKey(ctx context.Context, secret [16]byte) error {
	return b.simple(ctx, "books.add_key", func(ctx context.Context, qs *q.Queries) error {
		return qs.AddClickKey(ctx, secret[:])
	})
}

// Setting reads a setting; see books.Store.
func (b booksStore) Setting(ctx context.Context, name string) (string, error) {
	v, err := q.New(b.db.engine.reads()).Setting(ctx, name)
	err = found(err)
	if errors.Is(err, catalog.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("store: setting %s: %w", name, err)
	}
	return v, nil
}

// SetSetting writes a setting; see books.Store.
func (b booksStore) SetSetting(ctx context.Context, name, value string) error {
	return b.simple(ctx, "books.set_setting", func(ctx context.Context, qs *q.Queries) error {
		return qs.SetSetting(ctx, q.SetSettingParams{Name: name, Value: value})
	})
}
