package rates

import (
	"context"
	"fmt"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// Query asks for rows of the table.
type Query struct {
	Workspace string
	Source    string         // money.SourceECB or money.SourceManual
	Currency  money.Currency // imported rows: only prices in this currency; "" = all
	Cursor    string         // [Cursor] of the last row of the page before
	Limit     int            // at most 1000
}

// Cursor names a row's place in a list.
func Cursor(r *Row) string { return r.Date + "." + string(r.From) + "." + string(r.To) }

// List returns a page of rows, newest day first: imported rates, which everybody may
// read, or the manual ones of the workspace.
func (s *Service) List(ctx context.Context, p account.Principal, q Query) ([]Row, error) {
	if q.Workspace == "" || !p.May(q.Workspace, false) {
		return nil, catalog.ErrNotFound
	}
	after, err := positionOf(q.Cursor)
	if err != nil {
		return nil, err
	}
	limit := min(max(q.Limit, 1), 1000)
	workspace := ""
	switch q.Source {
	case money.SourceManual:
		workspace = q.Workspace
	case money.SourceECB:
		if q.Currency != "" && q.Currency != money.RateBase {
			return s.store.OfPair(ctx, Key{From: money.RateBase, To: q.Currency, Source: q.Source, Date: after.Date}, limit)
		}
	default:
		return nil, fmt.Errorf("list exchange rates: unknown source %q", q.Source)
	}
	return s.store.ByDay(ctx, workspace, q.Source, after, limit)
}

func positionOf(cursor string) (Position, error) {
	if cursor == "" {
		return Position{}, nil
	}
	part := strings.Split(cursor, ".")
	if len(part) == 3 {
		_, ok := money.ParseDay(part[0])
		from, errFrom := money.ParseCurrency(part[1])
		to, errTo := money.ParseCurrency(part[2])
		if ok && errFrom == nil && errTo == nil {
			return Position{part[0], from, to}, nil
		}
	}
	bad := &catalog.Invalid{}
	bad.Add("cursor", "invalid", cursor, "Must be next_cursor of the page before.")
	return Position{}, bad
}

// Status is how the imported rates stand.
type Status struct {
	Newest   string // day of the newest imported rate, "" when there is none
	Age      int    // days from it to today (UTC)
	Stale    bool   // older than money.StaleAfterDays
	Imported int64  // µs of the last import, 0 = never
	Fetched  int64  // µs of the last fetch, 0 = never
	Failure  string // why the last fetch failed, "" when it did not or nothing is fetched
	Fetching bool   // whether rates are fetched daily
	Sentence string // all of it, for people
}

// Status says how the imported rates stand.
func (s *Service) Status(ctx context.Context) (*Status, error) {
	state, err := s.store.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of exchange rates: %w", err)
	}
	st := &Status{Newest: s.Current().Newest(), Imported: state.Imported, Fetched: state.Fetched, Fetching: s.fetch.URL != ""}
	if st.Fetching {
		st.Failure = state.Failure
	}
	today := s.now().UTC().Format(time.DateOnly)
	r := money.Rate{Date: st.Newest, Source: money.SourceECB}
	st.Age, st.Stale = r.Age(today), r.Stale(today)
	st.Sentence = st.sentence()
	return st, nil
}

func (st *Status) sentence() string {
	var b strings.Builder
	switch {
	case st.Newest == "":
		b.WriteString("No rates have been imported yet, so amounts in other currencies are converted only where a rate was set by hand.")
	case st.Stale:
		fmt.Fprintf(&b, "The newest imported rate is of %s, %d days ago: conversions since then use old rates.", st.Newest, st.Age)
	default:
		fmt.Fprintf(&b, "Rates are up to date: the newest is of %s.", st.Newest)
	}
	switch {
	case st.Failure != "":
		b.WriteString(" The last fetch failed: " + st.Failure)
	case st.Stale && !st.Fetching:
		b.WriteString(" Import a newer file, or set rates-url to have them fetched daily.")
	}
	return b.String()
}
