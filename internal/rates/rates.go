// Package rates keeps the exchange rates of an installation: the reference rates that
// the European Central Bank publishes, imported from its files or fetched once a day, and
// rates that people set by hand in their workspace.
//
// Invariants:
//   - Lookups never wait: [Service.Current] is a table in memory ([money.Rates]), swapped
//     as a whole when rates change.
//   - A file is taken as a whole or refused with the line that is wrong. Taking the same
//     file again changes nothing; another value for a known day corrects it, and the value
//     before is kept beside it.
//   - The newest days of a file are written first and in small transactions. So judging
//     never waits long, and a crash in between leaves each day either as it was or as the
//     file says: the same import again completes it.
//   - Imported rates are the installation's: owners import them, everybody reads them.
//     Manual rates belong to one workspace, and each change is in its audit trail.
//   - Nothing is fetched unless the operator names a URL.
package rates

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// ErrBusy: another import is under way in this process.
var ErrBusy = errors.New("rates: an import is under way")

// MaxFile bounds a file of rates in bytes, as it comes and unpacked. The whole history
// as XML is about 8 MB.
const MaxFile = 10 << 20

// Key names a row.
type Key struct {
	Workspace string // "" is the whole installation
	From, To  money.Currency
	Date      string // YYYY-MM-DD
	Source    string // money.SourceECB or money.SourceManual
}

// Row is a stored rate.
type Row struct {
	money.RateRow
	Previous string // the value before its last correction, "" when never corrected
	Actor    string // user or API key that wrote it, "" = the daily fetch
	Changed  int64  // µs
}

// Key is what names the row.
func (r *Row) Key() Key { return Key{r.Workspace, r.From, r.To, r.Date, r.Source} }

// State is what is known of the table as a whole.
type State struct {
	Revision int64  // rises with every change of an imported rate
	Manual   int64  // rises with every change of a manual rate
	Imported int64  // µs of the last import that went through, 0 = never
	Fetched  int64  // µs of the last fetch, 0 = never
	Failure  string // why the last fetch failed, "" = it did not
}

// Store keeps rates. Every write is one transaction, durable on return, and raises the
// revision in [State] of what it changes.
type Store interface {
	// State returns the state.
	State(ctx context.Context) (State, error)
	// SaveImported writes rows of the installation, all with one source, and says how many
	// are new and how many were another value before. Rows that are there already are left
	// alone.
	SaveImported(ctx context.Context, rows []money.RateRow, actor string, at int64) (added, updated int, err error)
	// NoteImport remembers when an import went through.
	NoteImport(ctx context.Context, at int64) error
	// NoteFetch remembers a fetch, and why it failed ("" = it did not).
	NoteFetch(ctx context.Context, at int64, failure string) error
	// PutManual writes a manual row with its audit line, and returns the row it replaces,
	// nil when there was none. The line is made by audit, which is told of that row. A
	// workspace that holds most rows already is refused with [ErrTooMany].
	PutManual(ctx context.Context, r *Row, most int, audit func(before *Row) catalog.Audit) (before *Row, err error)
	// ChangeManual writes what change makes of a manual row, or removes the row when that is
	// nil, with its audit line; catalog.ErrNotFound when there is no such row. An error of
	// change is returned and nothing is written.
	ChangeManual(ctx context.Context, k Key, change func(before Row) (*Row, catalog.Audit, error)) error
	// Load returns at most limit rows behind the key in the order of keys, without what
	// only people look at (Previous, Actor, Changed).
	Load(ctx context.Context, after Key, limit int) ([]money.RateRow, error)
	// ByDay returns at most limit rows of one workspace ("" = the installation) and source
	// behind the position, newest day first, then by currencies.
	ByDay(ctx context.Context, workspace, source string, after Position, limit int) ([]Row, error)
	// OfPair returns at most limit rows of one pair before the day ("" = from the newest),
	// newest first.
	OfPair(ctx context.Context, k Key, limit int) ([]Row, error)
}

// ErrTooMany: a workspace holds as many manual rates as it may.
var ErrTooMany = errors.New("rates: too many manual rates")

// Position is a place in the order of [Store.ByDay]; the zero value is its beginning.
type Position struct {
	Date     string
	From, To money.Currency
}

// loadPage is how many rows are read at once into the table in memory, and mostRows how
// many there may be: four times what the bank has published since 1999.
const (
	loadPage = 20_000
	mostRows = 1_200_000
)

// behindImported is behind every row of the installation, and before those of any
// workspace.
var behindImported = Key{From: "~"}

// load reads the table from behind a key to its end.
func load(ctx context.Context, s Store, after Key) ([]money.RateRow, error) {
	var all []money.RateRow
	for {
		page, err := s.Load(ctx, after, loadPage)
		if err != nil {
			return nil, fmt.Errorf("load exchange rates: %w", err)
		}
		all = append(all, page...)
		if len(page) < loadPage {
			return all, nil
		}
		if len(all) > mostRows {
			return nil, fmt.Errorf("load exchange rates: more than %d", mostRows)
		}
		last := page[len(page)-1]
		after = Key{last.Workspace, last.From, last.To, last.Date, last.Source}
	}
}
