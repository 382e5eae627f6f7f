package rates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// refreshEvery is how often a process looks whether another one changed the rates.
const refreshEvery = time.Minute

// Options are what a [Service] needs.
type Options struct {
	Store  Store
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil is silence
	// Fetch is how rates are fetched; without a URL they are not.
	Fetch Fetch
	// Changed is called after the table in memory was swapped; nil is nobody.
	Changed func()
}

// Service is the rates as people and programs use them.
type Service struct {
	store   Store
	now     func() time.Time
	log     *slog.Logger
	fetch   Fetch
	changed func()

	table atomic.Pointer[money.Rates]

	mu               sync.Mutex // guards the table's replacement
	revision, manual int64      // of what is in the table; guarded by mu

	importing sync.Mutex // one import at a time
}

// NewService makes a service. Its table is empty until [Service.Refresh] or
// [Service.Run].
func NewService(o Options) *Service {
	s := &Service{store: o.Store, now: o.Now, log: o.Logger, fetch: o.Fetch, changed: o.Changed, revision: -1, manual: -1}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.changed == nil {
		s.changed = func() {}
	}
	s.table.Store(money.NewRates(nil))
	return s
}

// Current is the table in memory: of all workspaces, never nil, at most a minute behind
// what other processes wrote and never behind this one. It costs nothing to ask.
func (s *Service) Current() *money.Rates { return s.table.Load() }

// Refresh reads the table again if somebody changed it; after a manual change, which
// people wait for, only the manual rates.
func (s *Service) Refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := s.store.State(ctx)
	if err != nil {
		return fmt.Errorf("read the state of exchange rates: %w", err)
	}
	if state.Revision == s.revision && state.Manual == s.manual {
		return nil
	}
	var table *money.Rates
	if state.Revision == s.revision {
		rows, err := load(ctx, s.store, behindImported)
		if err != nil {
			return err
		}
		table = s.Current().WithManual(rows)
	} else {
		rows, err := load(ctx, s.store, Key{})
		if err != nil {
			return err
		}
		table = money.NewRates(rows)
	}
	// What was written while it was read has a later revision, and is read next time.
	s.table.Store(table)
	s.revision, s.manual = state.Revision, state.Manual
	s.changed()
	return nil
}

// fresh is [Service.Refresh] after a write, which is durable by then: that it cannot be
// read is not the writer's error, and is tried again within a minute.
func (s *Service) fresh(ctx context.Context) {
	err := s.Refresh(ctx)
	if err != nil {
		s.log.Error("exchange rates cannot be read", "error", err)
	}
}

// Run keeps the table fresh and fetches rates, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if s.fetch.URL != "" {
		wg.Go(func() { s.fetchDaily(ctx) })
	}
	t := time.NewTicker(refreshEvery)
	defer t.Stop()
	for {
		err := s.Refresh(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("exchange rates cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Result says what an import did.
type Result struct {
	File
	Added     int // rates that were not known
	Updated   int // rates that had another value before
	Unchanged int // rates that were known as they are
}

// Import takes a file of the European Central Bank ([Parse]). Only owners may: the rates
// are everybody's. A [*FileError] is the file's fault; [ErrBusy] while another import
// runs.
func (s *Service) Import(ctx context.Context, p account.Principal, r io.Reader) (*Result, error) {
	if !p.Owner || !p.Write {
		return nil, catalog.ErrNotFound
	}
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the file of rates: %w", err)
	}
	return s.take(ctx, data, p.ID)
}

// daysAtOnce is how many days are written in one transaction: about 800 rates, which is
// a few tens of milliseconds for whoever waits to write.
const daysAtOnce = 20

// take parses and stores a file.
func (s *Service) take(ctx context.Context, data []byte, actor string) (*Result, error) {
	if !s.importing.TryLock() {
		return nil, ErrBusy
	}
	defer s.importing.Unlock()
	f, err := Parse(data, s.now())
	if err != nil {
		return nil, err
	}
	at := s.now().UnixMicro()
	res := &Result{File: *f}
	for _, part := range parts(f.Rows) {
		added, updated, err := s.store.SaveImported(ctx, part, actor, at)
		if err != nil {
			return nil, fmt.Errorf("store exchange rates: %w", err)
		}
		res.Added += added
		res.Updated += updated
	}
	res.Unchanged = len(f.Rows) - res.Added - res.Updated
	res.Rows = nil
	err = s.store.NoteImport(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("note the import: %w", err)
	}
	s.fresh(ctx)
	s.log.Info("exchange rates imported", "format", f.Format, "first", f.First, "last", f.Last, "added", res.Added, "updated", res.Updated)
	return res, nil
}

// parts cuts rows into transactions, the newest days first. For any day a lookup takes
// the newest rate that is not after it; so with the newest written first each lookup
// gives what it gave before the import or what it will give after it, never a third.
func parts(rows []money.RateRow) [][]money.RateRow {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b money.RateRow) int { return -compareText(a.Date, b.Date) })
	var out [][]money.RateRow
	begin, days := 0, 0
	for i := range rows {
		if i > 0 && rows[i].Date == rows[i-1].Date {
			continue
		}
		if days == daysAtOnce {
			out = append(out, rows[begin:i])
			begin, days = i, 0
		}
		days++
	}
	if begin < len(rows) {
		out = append(out, rows[begin:])
	}
	return out
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Lookup is the rate that holds in a workspace on a day.
func (s *Service) Lookup(p account.Principal, workspace string, from, to money.Currency, day string) (money.Rate, error) {
	if !p.May(workspace, false) {
		return money.Rate{}, catalog.ErrNotFound
	}
	rate, ok := s.Current().On(workspace, from, to, day)
	if !ok {
		return money.Rate{}, ErrNoRate
	}
	return rate, nil
}

// ErrNoRate: no rate is known for the pair and the day.
var ErrNoRate = errors.New("rates: no rate is known for the day")
