package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"clickledger/internal/catalog"
	"clickledger/internal/store/q"
)

// catalogStore implements catalog.Store.
//
// Every write begins by taking the next revisions from the one row that holds the
// counter. On PostgreSQL the row's lock puts catalog writes in a line, so revisions
// become visible in their order and Changed never passes one that is still open.
type catalogStore struct{ db *DB }

// errReplay ends a transaction that turned out to have nothing to write.
var errReplay = errors.New("store: replayed")

// Insert adds a row; see catalog.Store.
func (c catalogStore) Insert(ctx context.Context, e catalog.Entity, idem catalog.Idempotency, a catalog.Audit) (bool, error) {
	ks, err := kindOf(e.Kind())
	if err != nil {
		return false, err
	}
	before := *e.Base()
	var made catalog.Entity
	err = c.db.write(ctx, "catalog.insert", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		revision, err := qs.BumpRevision(ctx, 1)
		if err != nil {
			return fmt.Errorf("store: next revision: %w", err)
		}
		if idem.Key != "" {
			made, err = replayed(ctx, qs, ks, e.Kind(), idem)
			if err != nil {
				return err
			}
			if made != nil {
				return errReplay
			}
		}
		err = c.add(ctx, qs, ks, e, revision)
		if err != nil {
			return err
		}
		if idem.Key != "" {
			err = qs.InsertIdempotency(ctx, q.InsertIdempotencyParams{
				Workspace: idem.Workspace, Key: idem.Key, Hash: idem.Hash,
				Kind: string(e.Kind()), Owner: e.Base().Workspace, Subject: e.Base().ID, Created: e.Base().Created,
			})
			if err != nil {
				return fmt.Errorf("store: idempotency key: %w", err)
			}
		}
		return insertAudit(ctx, qs, a)
	})
	if errors.Is(err, errReplay) {
		return true, ks.load(e, made)
	}
	if err != nil {
		*e.Base() = before
	}
	return false, err
}

// Made finds the row first made under a key; see catalog.Store.
func (c catalogStore) Made(ctx context.Context, kind catalog.Kind, idem catalog.Idempotency) (catalog.Entity, error) {
	ks, err := kindOf(kind)
	if err != nil {
		return nil, err
	}
	made, err := replayed(ctx, q.New(c.db.engine.reads()), ks, kind, idem)
	if err == nil && made == nil {
		err = catalog.ErrNotFound
	}
	return made, err
}

// replayed finds the row first made under the key, nil if the key is new.
func replayed(ctx context.Context, qs *q.Queries, ks kindStore, kind catalog.Kind, idem catalog.Idempotency) (catalog.Entity, error) {
	row, err := qs.GetIdempotency(ctx, q.GetIdempotencyParams{Workspace: idem.Workspace, Key: idem.Key})
	err = found(err)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: idempotency key: %w", err)
	case row.Hash != cleanText(idem.Hash) || row.Kind != string(kind):
		return nil, catalog.ErrIdempotency
	}
	made, err := ks.get(ctx, qs, row.Owner, row.Subject)
	if err != nil {
		return nil, fmt.Errorf("store: row of an idempotency key: %w", err)
	}
	return made, nil
}

// InsertAll adds rows; see catalog.Store. Each row has a revision of its own, so that
// a page of Changed may end between any two of them.
func (c catalogStore) InsertAll(ctx context.Context, es []catalog.Entity, a catalog.Audit) error {
	if len(es) == 0 {
		return nil
	}
	before := make([]catalog.Meta, len(es))
	for i, e := range es {
		before[i] = *e.Base()
	}
	err := c.db.write(ctx, "catalog.insert_all", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		last, err := qs.BumpRevision(ctx, int64(len(es)))
		if err != nil {
			return fmt.Errorf("store: next revision: %w", err)
		}
		for i, e := range es {
			ks, err := kindOf(e.Kind())
			if err != nil {
				return err
			}
			err = c.add(ctx, qs, ks, e, last-int64(len(es)-1-i))
			if err != nil {
				return err
			}
		}
		return insertAudit(ctx, qs, a)
	})
	if err != nil {
		for i, e := range es {
			*e.Base() = before[i]
		}
	}
	return err
}

func (c catalogStore) add(ctx context.Context, qs *q.Queries, ks kindStore, e catalog.Entity, revision int64) error {
	err := checkReferences(ctx, qs, e)
	if err != nil {
		return err
	}
	e.Base().Version, e.Base().Revision = 1, revision
	err = ks.insert(ctx, qs, e)
	if err != nil {
		return c.refused(e, err)
	}
	return nil
}

// Update writes a row; see catalog.Store.
func (c catalogStore) Update(ctx context.Context, e catalog.Entity, a catalog.Audit) error {
	if e.Base().Version == 0 {
		return catalog.ErrVersion // it was never read
	}
	return c.Put(ctx, []catalog.Entity{e}, []catalog.Audit{a})
}

// Put writes rows; see catalog.Store.
func (c catalogStore) Put(ctx context.Context, es []catalog.Entity, as []catalog.Audit) error {
	if len(es) == 0 {
		return nil
	}
	before, after := make([]catalog.Meta, len(es)), make([]catalog.Meta, len(es))
	for i, e := range es {
		before[i] = *e.Base()
	}
	err := c.db.write(ctx, "catalog.put", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		last, err := qs.BumpRevision(ctx, int64(len(es)))
		if err != nil {
			return fmt.Errorf("store: next revision: %w", err)
		}
		for i, e := range es {
			*e.Base() = before[i] // a retry starts over
			err := c.putOne(ctx, qs, e, last-int64(len(es)-1-i))
			after[i] = *e.Base()
			if err != nil {
				return err
			}
		}
		for _, a := range as {
			err := insertAudit(ctx, qs, a)
			if err != nil {
				return err
			}
		}
		return nil
	})
	for i, e := range es {
		*e.Base() = after[i]
		if err != nil {
			*e.Base() = before[i]
		}
	}
	return err
}

// putOne adds or writes one row under a revision, and sets what it is then.
func (c catalogStore) putOne(ctx context.Context, qs *q.Queries, e catalog.Entity, revision int64) error {
	ks, err := kindOf(e.Kind())
	if err != nil {
		return err
	}
	m := e.Base()
	if m.Version == 0 {
		return c.add(ctx, qs, ks, e, revision)
	}
	stored, err := ks.get(ctx, qs, m.Workspace, m.ID)
	if err != nil {
		return err
	}
	if stored.Base().Version != m.Version {
		return catalog.ErrVersion
	}
	err = checkReferences(ctx, qs, e)
	if err != nil {
		return err
	}
	m.Revision = revision
	written, err := ks.update(ctx, qs, e)
	if err != nil {
		return c.refused(e, err)
	}
	if !written {
		return catalog.ErrVersion
	}
	m.Version++
	return nil
}

// Get returns a row; see catalog.Store.
func (c catalogStore) Get(ctx context.Context, kind catalog.Kind, workspace, id string) (catalog.Entity, error) {
	ks, err := kindOf(kind)
	if err != nil {
		return nil, err
	}
	return ks.get(ctx, q.New(c.db.engine.reads()), workspace, id)
}

// List returns a page; see catalog.Store.
func (c catalogStore) List(ctx context.Context, query catalog.Query) ([]catalog.Entity, error) {
	ks, err := kindOf(query.Kind)
	if err != nil {
		return nil, err
	}
	l := ks.newList()
	switch {
	case query.Workspace != "":
		l.equal("workspace", query.Workspace)
	case query.Kind != catalog.KindWorkspace:
		return nil, fmt.Errorf("store: a list of %ss needs a workspace", query.Kind)
	}
	if len(query.IDs) > 0 {
		l.oneOf("id", query.IDs)
	}
	if len(query.Offers) > 0 {
		l.oneOf("offer", query.Offers)
	}
	names := make([]string, 0, len(query.Filter))
	for name := range query.Filter {
		names = append(names, name)
	}
	sort.Strings(names) // one text for the same filters
	for _, name := range names {
		if !slices.Contains(catalog.Filters[query.Kind], name) {
			return nil, &catalog.Invalid{Fields: []catalog.FieldError{{
				Field: shown(name), Rule: "not_one_of", Msg: fmt.Sprintf("%ss cannot be filtered by this field", query.Kind),
			}}}
		}
		if name == "tag" {
			l.element("tags", query.Filter[name], c.db.engine.jsonElement())
			continue
		}
		if name == "fallback_offer" {
			l.given(name, query.Filter[name]) // its index leaves out offers without one
			continue
		}
		if name == "group" { // no column may be called so
			l.equal("group_id", query.Filter[name])
			continue
		}
		if name == "code" {
			l.equal("code_key", catalog.FoldCode(query.Filter[name]))
			continue
		}
		if name == "default" {
			l.equal("by_default", query.Filter[name] == "true")
			continue
		}
		l.equal(name, query.Filter[name])
	}
	if query.Kind == catalog.KindLink && !query.Tests {
		l.equal("test", false)
	}
	l.contains("search", query.Search)
	switch query.Archived {
	case "":
		l.equal("archived", false)
	case "only":
		l.equal("archived", true)
	case "all":
	default:
		return nil, &catalog.Invalid{Fields: []catalog.FieldError{{
			Field: "archived", Rule: "not_one_of", Value: shown(query.Archived), Msg: `must be "", "only" or "all"`,
		}}}
	}
	l.before(query.After)
	rows, err := ks.page(ctx, c.db.engine.reads(), l, pageSize(query.Limit))
	if err != nil {
		return nil, fmt.Errorf("store: list %ss: %w", query.Kind, err)
	}
	return rows, nil
}

// Changed returns what was written after since; see catalog.Store.
func (c catalogStore) Changed(ctx context.Context, since int64, limit int) ([]catalog.Entity, int64, error) {
	var all []catalog.Entity
	var revision int64
	err := c.db.engine.snapshot(ctx, func(s *session) error {
		qs := q.New(s)
		var err error
		revision, err = qs.Revision(ctx)
		if err != nil {
			return fmt.Errorf("store: revision: %w", err)
		}
		if revision <= since {
			return nil
		}
		for _, kind := range catalog.Kinds {
			rows, err := kinds[kind].changed(ctx, qs, since, batchSize(limit))
			if err != nil {
				return fmt.Errorf("store: changed %ss: %w", kind, err)
			}
			all = append(all, rows...)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	slices.SortFunc(all, func(a, b catalog.Entity) int { return int(a.Base().Revision - b.Base().Revision) })
	if n := int(batchSize(limit)); len(all) > n {
		all = all[:n]
	}
	return all, revision, nil
}

// Revision is the current revision; see catalog.Store.
func (c catalogStore) Revision(ctx context.Context) (int64, error) {
	n, err := q.New(c.db.engine.reads()).Revision(ctx)
	if err != nil {
		return 0, fmt.Errorf("store: revision: %w", err)
	}
	return n, nil
}

func insertAudit(ctx context.Context, qs *q.Queries, a catalog.Audit) error {
	err := qs.InsertAudit(ctx, q.InsertAuditParams{
		Workspace: a.Workspace, At: a.At, Actor: a.Actor, Action: a.Action, Kind: a.Kind, Subject: a.Subject,
		Reason: a.Reason, BeforeJSON: a.Before, AfterJSON: a.After,
	})
	if err != nil {
		return fmt.Errorf("store: audit line: %w", err)
	}
	return nil
}

// Trail returns audit lines; see catalog.Store.
func (c catalogStore) Trail(ctx context.Context, workspace, subject string, limit int) ([]catalog.Audit, error) {
	l := newList[q.Audit]("audit").equal("workspace", workspace).given("subject", subject)
	query := l.query(pageSize(limit))
	rows, err := collect[q.Audit](c.db.engine.reads().dynamic(ctx, query, l.args))
	if err != nil {
		return nil, fmt.Errorf("store: audit trail: %w", err)
	}
	out := make([]catalog.Audit, len(rows))
	for i, r := range rows {
		out[i] = catalog.Audit{
			Workspace: r.Workspace, At: r.At, Actor: r.Actor, Action: r.Action, Kind: r.Kind, Subject: r.Subject,
			Reason: r.Reason, Before: r.BeforeJSON, After: r.AfterJSON,
		}
	}
	return out, nil
}
