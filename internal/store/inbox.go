package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/store/q"
)

func signalRow(r *inbox.Row) q.Signal {
	return q.Signal{
		ID: r.ID, Workspace: r.Workspace, At: r.At, Seq: r.Seq, Kind: r.Kind, Raw: bytesOf(r.Raw), Verdict: string(r.Verdict),
		Detail: r.Detail, Field: r.Field, Click: r.Click, Offer: r.Offer, OrderNo: r.Order, Conversion: r.Conversion,
		Tries: r.Tries, RetryAt: r.RetryAt, JudgedAt: r.JudgedAt, Test: r.Test,
		Advertiser: r.Advertiser, Goal: r.Goal, Search: r.Search,
	}
}

func signalOf(r q.Signal) *inbox.Row {
	return &inbox.Row{
		ID: r.ID, Workspace: r.Workspace, At: r.At, Seq: r.Seq, Kind: r.Kind, Raw: r.Raw, Verdict: event.Verdict(r.Verdict),
		Detail: r.Detail, Field: r.Field, Click: r.Click, Offer: r.Offer, Order: r.OrderNo, Conversion: r.Conversion,
		Tries: r.Tries, RetryAt: r.RetryAt, JudgedAt: r.JudgedAt, Test: r.Test,
		Advertiser: r.Advertiser, Goal: r.Goal, Search: r.Search,
	}
}

// bytesOf stores absent bytes as empty ones: no column is NULL.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// each turns rows into what the domain calls them.
func each[R, D any](rows []R, of func(R) D) []D {
	out := make([]D, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// PutSignal inserts or replaces a signal's row.
func (t *booksTx) PutSignal(ctx context.Context, r *inbox.Row) error {
	return t.wrap("put signal", t.q.PutSignal(ctx, q.PutSignalParams(signalRow(r))))
}

// GetSignal returns a signal's row.
func (t *booksTx) GetSignal(ctx context.Context, id string) (*inbox.Row, error) {
	r, err := t.q.GetSignal(ctx, id)
	if err != nil {
		return nil, t.wrap("get signal", found(err))
	}
	return signalOf(r), nil
}

// RememberMessage remembers a signed message; see inbox.Tx.
func (t *booksTx) RememberMessage(ctx context.Context, advertiser, message, signal string, at int64) (string, error) {
	err := t.q.RememberMessage(ctx, q.RememberMessageParams{Advertiser: advertiser, ID: message, Signal: signal, At: at})
	if err != nil {
		return "", t.wrap("remember message", err)
	}
	known, err := t.q.MessageSignal(ctx, q.MessageSignalParams{Advertiser: advertiser, ID: message})
	return known, t.wrap("remembered message", err)
}

// TakeMessage lets another signal stand for a message; see inbox.Tx.
func (t *booksTx) TakeMessage(ctx context.Context, advertiser, message, signal string, at int64) error {
	return t.wrap("take message", t.q.TakeMessage(ctx, q.TakeMessageParams{Signal: signal, At: at, Advertiser: advertiser, ID: message}))
}

// DueSignals returns the rows whose next try has come.
func (t *booksTx) DueSignals(ctx context.Context, now int64, limit int) ([]*inbox.Row, error) {
	rows, err := t.q.DueSignals(ctx, q.DueSignalsParams{Now: now, Most: batchSize(limit)})
	return each(rows, signalOf), t.wrap("due signals", err)
}

// Signal returns a signal's row without taking the writer; see inbox.Reader.
func (b booksStore) Signal(ctx context.Context, id string) (*inbox.Row, error) {
	r, err := q.New(b.db.engine.reads()).GetSignal(ctx, id)
	return one(r, err, signalOf, "signal")
}

// SignalsDue reports whether a signal waits to be judged; see books.Store.
func (b booksStore) SignalsDue(ctx context.Context, now int64) (bool, error) {
	due, err := q.New(b.db.engine.reads()).SignalsDue(ctx, now)
	if err != nil {
		return false, fmt.Errorf("store: due signals: %w", err)
	}
	return due, nil
}

// sent narrows a list to when signals came, and to those that were not taken, and orders it.
func sent(l *list, query inbox.Query) {
	l.oldest = query.Oldest
	if query.After != "" {
		l.where = append(l.where, l.column("id")+" > "+l.param(query.After))
	}
	if query.Open {
		l.where = append(l.where, openSignals)
	}
	if query.From > 0 {
		l.where = append(l.where, l.column("at")+" >= "+l.param(query.From))
		// Ids begin with their millisecond, which is never behind the clock: what is older ends the search.
		l.where = append(l.where, l.column("id")+" >= "+l.param(fmt.Sprintf("%012x", query.From/1000)))
	}
	if query.To > 0 {
		l.where = append(l.where, l.column("at")+" < "+l.param(query.To))
	}
}

// openSignals is the condition of the index signals_open, word for word, and says what
// event.Verdict.Took does.
const openSignals = "verdict NOT IN ('accepted', 'updated', 'duplicate', 'event_recorded')"

// ListSignals returns a page of the inbox; see inbox.Reader.
func (b booksStore) ListSignals(ctx context.Context, query inbox.Query) ([]*inbox.Row, error) {
	limit := pageSize(query.Limit)
	workspaces := []string{query.Workspace}
	if query.Unassigned && query.Workspace != "" {
		workspaces = append(workspaces, "")
	}
	if query.Workspace == "" && !query.Unassigned {
		return nil, nil // nobody asks for these without saying so
	}
	var all []q.Signal
	// A page of each and a merge: one query over both would sort the whole inbox.
	err := b.db.engine.snapshot(ctx, func(s *session) error {
		for _, w := range workspaces {
			l := newList[q.Signal]("signals").equal("workspace", w).given("verdict", string(query.Verdict)).
				given("conversion", query.Conversion).given("click", query.Click).given("offer", query.Offer).
				given("advertiser", query.Advertiser).given("goal", query.Goal).contains("search", query.Text).before(query.Before)
			sent(l, query)
			if query.Test != inbox.AnyTest {
				l.equal("test", query.Test == inbox.OnlyTests)
			}
			if query.NoOffer {
				l.equal("offer", "")
			}
			text := l.query(limit)
			rows, err := collect[q.Signal](s.dynamic(ctx, text, l.args))
			if err != nil {
				return fmt.Errorf("store: list signals: %w", err)
			}
			all = append(all, rows...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(x, y q.Signal) int { return cmp.Compare(y.ID, x.ID) })
	if query.Oldest {
		slices.Reverse(all)
	}
	if int64(len(all)) > limit {
		all = all[:limit]
	}
	return each(all, signalOf), nil
}

// CountSignals counts a workspace's signals by verdict; see inbox.Reader.
func (b booksStore) CountSignals(ctx context.Context, workspace string) (map[event.Verdict]int64, error) {
	rows, err := q.New(b.db.engine.reads()).CountSignals(ctx, workspace)
	if err != nil {
		return nil, fmt.Errorf("store: count signals: %w", err)
	}
	out := make(map[event.Verdict]int64, len(rows))
	for _, r := range rows {
		out[event.Verdict(r.Verdict)] = r.N
	}
	return out, nil
}
