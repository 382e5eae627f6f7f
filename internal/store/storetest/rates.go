package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/rates"
)

var rateTests = map[string]func(t *testing.T, s *Stores){
	"imports":         testRateImports,
	"parallel import": testRateParallel,
	"manual":          testRateManual,
	"order":           testRateOrder,
	"failures":        testRateFailures,
	"state":           testRateState,
}

func fixing(day string, to money.Currency, value string) money.RateRow {
	return money.RateRow{Date: day, From: money.RateBase, To: to, Value: decimal.MustParse(value), Source: money.SourceECB}
}

func manual(ws, day, until string, from, to money.Currency, value string) *rates.Row {
	return &rates.Row{RateRow: money.RateRow{Workspace: ws, Date: day, Until: until, From: from, To: to, Value: decimal.MustParse(value), Source: money.SourceManual}, Actor: "usr", Changed: 7}
}

// said writes rows down: decimals do not compare by reflection.
func said(rows []rates.Row) string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s|%s|%s..%s|%s/%s|%s|%s|%s|%d", r.Workspace, r.Source, r.Date, r.Until, r.From, r.To, r.Value, r.Previous, r.Actor, r.Changed))
	}
	return strings.Join(out, "\n")
}

// everything reads all rates through Load, in pages of two.
func everything(t *testing.T, s *Stores) string {
	t.Helper()
	var out []rates.Row
	var after rates.Key
	for {
		page := get[[]money.RateRow](t)(s.Rates.Load(ctx, after, 2))
		for _, r := range page {
			out = append(out, rates.Row{RateRow: r})
		}
		if len(page) < 2 {
			return said(out)
		}
		after = out[len(out)-1].Key()
	}
}

func revision(t *testing.T, s *Stores) int64 {
	t.Helper()
	return get[rates.State](t)(s.Rates.State(ctx)).Revision
}

func manualRevision(t *testing.T, s *Stores) int64 {
	t.Helper()
	return get[rates.State](t)(s.Rates.State(ctx)).Manual
}

func testRateImports(t *testing.T, s *Stores) {
	save := func(actor string, at int64, rows ...money.RateRow) (int, int) {
		t.Helper()
		added, updated, err := s.Rates.SaveImported(ctx, rows, actor, at)
		must(t, err)
		return added, updated
	}
	want := func(added, updated, wantAdded, wantUpdated int) {
		t.Helper()
		if added != wantAdded || updated != wantUpdated {
			t.Fatalf("added %d, updated %d, want %d and %d", added, updated, wantAdded, wantUpdated)
		}
	}
	a, u := save("usr", 1)
	want(a, u, 0, 0)
	first := []money.RateRow{fixing("2026-01-02", "USD", "1.10"), fixing("2026-01-02", "JPY", "160"), fixing("2026-01-05", "USD", "1.2")}
	before := revision(t, s)
	a, u = save("usr", 1, first...)
	want(a, u, 3, 0)
	if revision(t, s) <= before {
		t.Fatal("the revision did not rise")
	}
	before = revision(t, s)
	a, u = save("other", 2, first...)
	want(a, u, 0, 0)
	equal(t, revision(t, s), before)
	a, u = save("other", 3, fixing("2026-01-02", "USD", "1.1"), fixing("2026-01-05", "USD", "1.25"), fixing("2026-01-06", "USD", "1.3"))
	want(a, u, 1, 1)
	equal(t, said(get[[]rates.Row](t)(s.Rates.OfPair(ctx, rates.Key{From: "EUR", To: "USD", Source: money.SourceECB}, 10))), strings.Join([]string{
		"|ecb|2026-01-06..|EUR/USD|1.3||other|3",
		"|ecb|2026-01-05..|EUR/USD|1.25|1.2|other|3",
		"|ecb|2026-01-02..|EUR/USD|1.1||usr|1",
	}, "\n"))
	equal(t, said(get[[]rates.Row](t)(s.Rates.OfPair(ctx, rates.Key{From: "EUR", To: "USD", Source: money.SourceECB, Date: "2026-01-06"}, 1))), "|ecb|2026-01-05..|EUR/USD|1.25|1.2|other|3")
	// One day twice in one call: the later counts, once.
	a, u = save("x", 4, fixing("2026-01-07", "USD", "1.4"), fixing("2026-01-07", "USD", "1.5"))
	want(a, u, 1, 1)

	foreign := fixing("2026-01-07", "USD", "1.4")
	foreign.Workspace = home
	_, _, err := s.Rates.SaveImported(ctx, []money.RateRow{fixing("2026-01-08", "USD", "1"), foreign}, "x", 1)
	if err == nil {
		t.Fatal("an imported row of a workspace was taken")
	}
	s = s.Reopen(t)
	equal(t, everything(t, s), strings.Join([]string{
		"|ecb|2026-01-02..|EUR/JPY|160|||0", "|ecb|2026-01-02..|EUR/USD|1.1|||0", "|ecb|2026-01-05..|EUR/USD|1.25|||0",
		"|ecb|2026-01-06..|EUR/USD|1.3|||0", "|ecb|2026-01-07..|EUR/USD|1.5|||0",
	}, "\n"))
}

// testRateParallel: writers that bring the same rows agree on what was new.
func testRateParallel(t *testing.T, s *Stores) {
	var rows []money.RateRow
	for i := range 20 {
		rows = append(rows, fixing(fmt.Sprintf("2026-01-%02d", i+1), "USD", "1.1"))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 4 {
		wg.Go(func() {
			added, _, err := s.Rates.SaveImported(ctx, rows, "x", 1)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += added
		})
	}
	wg.Wait()
	equal(t, total, len(rows))
}

func testRateManual(t *testing.T, s *Stores) {
	line := func(action string) func(*rates.Row) catalog.Audit {
		return func(before *rates.Row) catalog.Audit {
			if before != nil {
				action += " over " + before.Value.String()
			}
			return catalog.Audit{Workspace: home, Action: action, Subject: "rate"}
		}
	}
	put := func(r *rates.Row, action string) *rates.Row {
		t.Helper()
		return get[*rates.Row](t)(s.Rates.PutManual(ctx, r, 3, line(action)))
	}
	if put(manual(home, "2026-01-02", "", "USD", "EUR", "0.90"), "create") != nil {
		t.Fatal("there was none before")
	}
	before := manualRevision(t, s)
	old := put(manual(home, "2026-01-02", "2026-02-01", "USD", "EUR", "0.95"), "update")
	if old == nil || old.Value.String() != "0.9" && old.Value.String() != "0.90" || manualRevision(t, s) <= before {
		t.Fatalf("before = %+v", old)
	}
	put(manual(home, "2026-01-02", "", "EUR", "USD", "1.1"), "inverse") // another pair
	put(manual(foreign, "2026-01-02", "", "USD", "EUR", "0.8"), "foreign")
	put(manual(home, "2026-01-03", "", "USD", "EUR", "0.7"), "third")
	_, err := s.Rates.PutManual(ctx, manual(home, "2026-01-04", "", "USD", "EUR", "0.7"), 3, line("x"))
	wantErr(t, err, rates.ErrTooMany)
	put(manual(home, "2026-01-03", "", "USD", "EUR", "0.71"), "full, but known")

	list := func(ws string) string {
		return said(get[[]rates.Row](t)(s.Rates.ByDay(ctx, ws, money.SourceManual, rates.Position{}, 100)))
	}
	equal(t, list(foreign), foreign+"|manual|2026-01-02..|USD/EUR|0.8||usr|7")
	key := rates.Key{Workspace: home, From: "USD", To: "EUR", Date: "2026-01-02", Source: money.SourceManual}
	must(t, s.Rates.ChangeManual(ctx, key, func(r rates.Row) (*rates.Row, catalog.Audit, error) {
		equal(t, r.Previous, "0.90")
		r.Until, r.Actor, r.Changed = "2026-01-15", "who", 9
		return &r, catalog.Audit{Workspace: home, Action: "end", Subject: "rate"}, nil
	}))
	boom := errors.New("boom")
	wantErr(t, s.Rates.ChangeManual(ctx, key, func(r rates.Row) (*rates.Row, catalog.Audit, error) { return nil, catalog.Audit{}, boom }), boom)
	key.Date = "2026-01-03"
	must(t, s.Rates.ChangeManual(ctx, key, func(r rates.Row) (*rates.Row, catalog.Audit, error) {
		return nil, catalog.Audit{Workspace: home, Action: "remove", Subject: "rate"}, nil
	}))
	never := func(rates.Row) (*rates.Row, catalog.Audit, error) {
		t.Error("asked about a row that is not there")
		return nil, catalog.Audit{}, nil
	}
	before = manualRevision(t, s)
	wantErr(t, s.Rates.ChangeManual(ctx, key, never), catalog.ErrNotFound)
	key.Workspace, key.From = foreign, "GBP"
	wantErr(t, s.Rates.ChangeManual(ctx, key, never), catalog.ErrNotFound)
	equal(t, manualRevision(t, s), before)
	equal(t, list(home), strings.Join([]string{
		home + "|manual|2026-01-02..|EUR/USD|1.1||usr|7",
		home + "|manual|2026-01-02..2026-01-15|USD/EUR|0.95|0.90|who|9",
	}, "\n"))

	var actions []string
	for _, a := range get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "rate", 100)) {
		actions = append(actions, a.Action)
	}
	equal(t, strings.Join(actions, ", "), "remove, end, full, but known over 0.7, third, foreign, inverse, update over 0.90, create")
}

func testRateOrder(t *testing.T, s *Stores) {
	var rows []money.RateRow
	for _, day := range []string{"2026-01-02", "2026-01-05", "2026-01-03"} {
		for _, c := range []money.Currency{"USD", "AUD", "JPY"} {
			rows = append(rows, fixing(day, c, "1.5"))
		}
	}
	_, _, err := s.Rates.SaveImported(ctx, rows, "x", 1)
	must(t, err)
	_, err = s.Rates.PutManual(ctx, manual(home, "2026-01-04", "", "USD", "EUR", "2"), 10, func(*rates.Row) catalog.Audit { return catalog.Audit{Workspace: home} })
	must(t, err)
	var got []string
	var at rates.Position
	for {
		page := get[[]rates.Row](t)(s.Rates.ByDay(ctx, "", money.SourceECB, at, 2))
		for _, r := range page {
			got = append(got, r.Date[8:]+string(r.To))
			at = rates.Position{Date: r.Date, From: r.From, To: r.To}
		}
		if len(page) < 2 {
			break
		}
	}
	equal(t, strings.Join(got, " "), "05AUD 05JPY 05USD 03AUD 03JPY 03USD 02AUD 02JPY 02USD")
	equal(t, len(get[[]rates.Row](t)(s.Rates.ByDay(ctx, foreign, money.SourceManual, rates.Position{}, 5))), 0)
	equal(t, strings.Count(everything(t, s), "\n"), 9)
}

func testRateState(t *testing.T, s *Stores) {
	equal(t, get[rates.State](t)(s.Rates.State(ctx)), rates.State{})
	must(t, s.Rates.NoteImport(ctx, 5))
	must(t, s.Rates.NoteFetch(ctx, 6, "no way out"))
	equal(t, get[rates.State](t)(s.Rates.State(ctx)), rates.State{Imported: 5, Fetched: 6, Failure: "no way out"})
	must(t, s.Rates.NoteFetch(ctx, 7, ""))
	s = s.Reopen(t)
	equal(t, get[rates.State](t)(s.Rates.State(ctx)), rates.State{Imported: 5, Fetched: 7})
}

// testRateFailures runs every write in both failure pairs.
func testRateFailures(t *testing.T, s *Stores) {
	whole := t
	audit := func(*rates.Row) catalog.Audit { return catalog.Audit{Workspace: home, Subject: "rate"} }
	key := manual(home, "2026-01-02", "", "USD", "EUR", "0.9").Key()
	see := func(t *testing.T) string {
		t.Helper()
		return fmt.Sprint(everything(t, s), get[rates.State](t)(s.Rates.State(ctx)), len(get[[]catalog.Audit](t)(s.Catalog.Trail(ctx, home, "rate", 10))))
	}
	for _, p := range []pair{
		{"import", func(s *Stores) error {
			added, updated, err := s.Rates.SaveImported(ctx, []money.RateRow{fixing("2026-01-02", "USD", "1.1"), fixing("2026-01-02", "JPY", "160")}, "x", 1)
			if err != nil && added+updated > 0 {
				return errors.New("rows of a failed import are counted")
			}
			return err
		}},
		{"note import", func(s *Stores) error { return s.Rates.NoteImport(ctx, 5) }},
		{"note fetch", func(s *Stores) error { return s.Rates.NoteFetch(ctx, 5, "x") }},
		{"put", func(s *Stores) error {
			_, err := s.Rates.PutManual(ctx, manual(home, "2026-01-02", "", "USD", "EUR", "0.9"), 3, audit)
			return err
		}},
		{"change", func(s *Stores) error {
			return s.Rates.ChangeManual(ctx, key, func(r rates.Row) (*rates.Row, catalog.Audit, error) {
				r.Until = "2026-03-01"
				return &r, audit(nil), nil
			})
		}},
		{"remove", func(s *Stores) error {
			return s.Rates.ChangeManual(ctx, key, func(r rates.Row) (*rates.Row, catalog.Audit, error) { return nil, audit(nil), nil })
		}},
	} {
		t.Run(p.name, func(t *testing.T) {
			before := see(t)
			s.Faults.NotApplied()
			wantErr(t, p.do(s), ErrFault)
			equal(t, see(t), before)
			s.Faults.Applied()
			wantErr(t, p.do(s), ErrFault)
			after := see(t)
			if after == before {
				t.Fatal("applied, but nothing changed")
			}
			s = s.Reopen(whole)
			equal(t, see(t), after)
		})
	}
}
