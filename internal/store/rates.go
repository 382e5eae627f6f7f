package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/rates"
	"clickledger/internal/store/q"
)

// rateStore implements rates.Store.
type rateStore struct{ db *DB }

// Rates is the storage of exchange rates.
func (db *DB) Rates() rates.Store { return rateStore{db} }

// mostRatesAtOnce bounds what one import transaction compares with.
const mostRatesAtOnce = 100_000

func rateRow(r *rates.Row) q.Rate {
	return q.Rate{
		Workspace: r.Workspace, FromCurrency: string(r.From), ToCurrency: string(r.To), Day: r.Date, Source: r.Source,
		Value: r.Value.String(), Until: r.Until, Previous: r.Previous, Actor: r.Actor, Changed: r.Changed,
	}
}

func rateOf(r q.Rate) (rates.Row, error) {
	v, err := rateValue(r.Workspace, r.FromCurrency, r.ToCurrency, r.Day, r.Source, r.Value, r.Until)
	return rates.Row{RateRow: v, Previous: r.Previous, Actor: r.Actor, Changed: r.Changed}, err
}

func rateValue(workspace, from, to, day, source, value, until string) (money.RateRow, error) {
	v, err := decimal.Parse(value)
	if err != nil {
		return money.RateRow{}, fmt.Errorf("store: rate %s/%s of %s is %q: %w", from, to, day, value, err)
	}
	return money.RateRow{Workspace: workspace, From: money.Currency(from), To: money.Currency(to), Date: day, Source: source, Value: v, Until: until}, nil
}

func ratesOf(rows []q.Rate) ([]rates.Row, error) {
	out := make([]rates.Row, len(rows))
	for i, r := range rows {
		var err error
		out[i], err = rateOf(r)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func rateKey(k rates.Key) q.GetRateParams {
	return q.GetRateParams{Workspace: k.Workspace, FromCurrency: string(k.From), ToCurrency: string(k.To), Day: k.Date, Source: k.Source}
}

// State returns the state; see rates.Store.
func (x rateStore) State(ctx context.Context) (rates.State, error) {
	r, err := q.New(x.db.engine.reads()).RateState(ctx)
	if err != nil {
		return rates.State{}, fmt.Errorf("store: state of rates: %w", err)
	}
	return rates.State{Revision: r.Revision, Manual: r.Manual, Imported: r.Imported, Fetched: r.Fetched, Failure: r.Failure}, nil
}

// SaveImported writes what is new or another value; see rates.Store.
func (x rateStore) SaveImported(ctx context.Context, rows []money.RateRow, actor string, at int64) (added, updated int, err error) {
	if len(rows) == 0 {
		return 0, 0, nil
	}
	err = x.write(ctx, "rates.import", func(ctx context.Context, qs *q.Queries) error {
		added, updated = 0, 0
		known, err := knownRates(ctx, qs, rows)
		if err != nil {
			return err
		}
		for i := range rows {
			r := rates.Row{RateRow: rows[i], Actor: actor, Changed: at}
			r.Value = r.Value.Trim(0)
			old, ok := known[r.Key()]
			switch {
			case ok && old == r.Value.String():
				continue
			case ok:
				updated++
				r.Previous = old
			default:
				added++
			}
			known[r.Key()] = r.Value.String()
			err := qs.PutRate(ctx, q.PutRateParams(rateRow(&r)))
			if err != nil {
				return err
			}
		}
		if added+updated > 0 {
			_, err = qs.BumpRates(ctx)
		}
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return added, updated, nil
}

// knownRates reads the values of the days and the source of rows, which are the
// installation's.
func knownRates(ctx context.Context, qs *q.Queries, rows []money.RateRow) (map[rates.Key]string, error) {
	p := q.RatesBetweenParams{Source: rows[0].Source, FirstDay: rows[0].Date, LastDay: rows[0].Date, Most: mostRatesAtOnce}
	for _, r := range rows {
		if r.Workspace != "" || r.Source != p.Source {
			return nil, fmt.Errorf("rate %s/%s of %s: imported rows are the installation's and of one source", r.From, r.To, r.Date)
		}
		p.FirstDay, p.LastDay = min(p.FirstDay, r.Date), max(p.LastDay, r.Date)
	}
	have, err := qs.RatesBetween(ctx, p)
	if err != nil {
		return nil, err
	}
	known := make(map[rates.Key]string, len(have))
	for _, h := range have {
		known[rates.Key{From: money.Currency(h.FromCurrency), To: money.Currency(h.ToCurrency), Date: h.Day, Source: h.Source}] = h.Value
	}
	return known, nil
}

// write runs a change of rates.
func (x rateStore) write(ctx context.Context, op string, fn func(ctx context.Context, qs *q.Queries) error) error {
	err := x.db.write(ctx, op, func(ctx context.Context, s *session) error { return fn(ctx, q.New(s)) })
	if err != nil {
		return fmt.Errorf("store: %s: %w", op, err)
	}
	return nil
}

// NoteImport remembers an import; see rates.Store.
func (x rateStore) NoteImport(ctx context.Context, at int64) error {
	return x.write(ctx, "rates.note_import", func(ctx context.Context, qs *q.Queries) error {
		return qs.SetRatesImported(ctx, at)
	})
}

// NoteFetch remembers a fetch; see rates.Store.
func (x rateStore) NoteFetch(ctx context.Context, at int64, failure string) error {
	return x.write(ctx, "rates.note_fetch", func(ctx context.Context, qs *q.Queries) error {
		return qs.SetRatesFetched(ctx, q.SetRatesFetchedParams{Fetched: at, Failure: failure})
	})
}

// manualRate reads a manual row behind the next revision: on PostgreSQL the lock of that
// row puts the writers of several processes in a line.
func manualRate(ctx context.Context, qs *q.Queries, k rates.Key) (*rates.Row, error) {
	_, err := qs.BumpManualRates(ctx)
	if err != nil {
		return nil, err
	}
	old, err := qs.GetRate(ctx, rateKey(k))
	err = found(err)
	if err != nil {
		return nil, err
	}
	r, err := rateOf(old)
	return &r, err
}

// PutManual writes a manual row; see rates.Store.
func (x rateStore) PutManual(ctx context.Context, r *rates.Row, most int, audit func(before *rates.Row) catalog.Audit) (before *rates.Row, err error) {
	err = x.write(ctx, "rates.put", func(ctx context.Context, qs *q.Queries) error {
		before, err = manualRate(ctx, qs, r.Key())
		row := *r
		switch {
		case errors.Is(err, catalog.ErrNotFound):
			before = nil
			n, err := qs.CountRates(ctx, q.CountRatesParams{Workspace: r.Workspace, Source: r.Source})
			if err != nil {
				return err
			}
			if n >= int64(most) {
				return rates.ErrTooMany
			}
		case err != nil:
			return err
		case before.Value.Cmp(r.Value) != 0:
			row.Previous = before.Value.String()
		default:
			row.Previous = before.Previous
		}
		err = qs.PutRate(ctx, q.PutRateParams(rateRow(&row)))
		if err != nil {
			return err
		}
		return insertAudit(ctx, qs, audit(before))
	})
	if err != nil {
		return nil, err
	}
	return before, nil
}

// ChangeManual changes or removes a manual row; see rates.Store.
func (x rateStore) ChangeManual(ctx context.Context, k rates.Key, change func(before rates.Row) (*rates.Row, catalog.Audit, error)) error {
	return x.write(ctx, "rates.change", func(ctx context.Context, qs *q.Queries) error {
		before, err := manualRate(ctx, qs, k)
		if err != nil {
			return err
		}
		after, audit, err := change(*before)
		if err != nil {
			return err
		}
		if after == nil {
			_, err = qs.DropRate(ctx, q.DropRateParams(rateKey(k)))
		} else {
			err = qs.PutRate(ctx, q.PutRateParams(rateRow(after)))
		}
		if err != nil {
			return err
		}
		return insertAudit(ctx, qs, audit)
	})
}

// Load returns rows in the order of keys; see rates.Store.
func (x rateStore) Load(ctx context.Context, after rates.Key, limit int) ([]money.RateRow, error) {
	k := rateKey(after)
	rows, err := q.New(x.db.engine.reads()).RatesInOrder(ctx, q.RatesInOrderParams{
		Workspace: k.Workspace, FromCurrency: k.FromCurrency, ToCurrency: k.ToCurrency, Day: k.Day, Source: k.Source, Most: batchSize(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("store: load rates: %w", err)
	}
	out := make([]money.RateRow, len(rows))
	for i, r := range rows {
		out[i], err = rateValue(r.Workspace, r.FromCurrency, r.ToCurrency, r.Day, r.Source, r.Value, r.Until)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lastDay is behind every day.
const lastDay = "9999-12-31"

// ByDay returns a page; see rates.Store.
func (x rateStore) ByDay(ctx context.Context, workspace, source string, after rates.Position, limit int) ([]rates.Row, error) {
	if after.Date == "" {
		after.Date = lastDay
	}
	rows, err := q.New(x.db.engine.reads()).RatesByDay(ctx, q.RatesByDayParams{
		Workspace: workspace, Source: source, Day: after.Date, FromCurrency: string(after.From), ToCurrency: string(after.To), Most: pageSize(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("store: rates by day: %w", err)
	}
	return ratesOf(rows)
}

// OfPair returns the rows of one pair; see rates.Store.
func (x rateStore) OfPair(ctx context.Context, k rates.Key, limit int) ([]rates.Row, error) {
	if k.Date == "" {
		k.Date = lastDay
	}
	rows, err := q.New(x.db.engine.reads()).RatesOfPair(ctx, q.RatesOfPairParams{
		Workspace: k.Workspace, FromCurrency: string(k.From), ToCurrency: string(k.To), Source: k.Source, BeforeDay: k.Date, Most: pageSize(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("store: rates of %s/%s: %w", k.From, k.To, err)
	}
	return ratesOf(rows)
}
