package rates_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/money"
	"clickledger/internal/rates"
	"clickledger/internal/store"
)

var (
	owner  = account.Principal{ID: "usr_owner", Owner: true, Write: true}
	writer = account.Principal{ID: "usr_writer", Write: true, Workspaces: []string{"ws_a"}}
	reader = account.Principal{ID: "key_reader", Workspaces: []string{"ws_a"}}
)

type world struct {
	t    *testing.T
	db   *store.DB
	svc  *rates.Service
	now  time.Time
	told atomic.Int32
}

func newWorld(t *testing.T, f rates.Fetch) *world {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := db.Close()
		if err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, db: db, now: time.Date(2026, 1, 16, 18, 0, 0, 0, time.UTC)}
	w.svc = rates.NewService(rates.Options{Store: db.Rates(), Now: func() time.Time { return w.now }, Fetch: f, Changed: func() { w.told.Add(1) }})
	return w
}

func (w *world) take(file string) *rates.Result {
	w.t.Helper()
	r, err := w.svc.Import(w.t.Context(), owner, strings.NewReader(file))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// rate is what the table in memory says, "" for nothing.
func (w *world) rate(ws string, from, to money.Currency, day string) string {
	r, ok := w.svc.Current().On(ws, from, to, day)
	if !ok {
		return ""
	}
	return r.Rate.String() + " " + r.Source + " " + r.Date
}

func (w *world) want(got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Fatalf("= %q, want %q", got, want)
	}
}

func (w *world) status() *rates.Status {
	w.t.Helper()
	s, err := w.svc.Status(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func counts(r *rates.Result) string {
	return fmt.Sprintf("%d %d %d", r.Added, r.Updated, r.Unchanged)
}

func TestImport(t *testing.T) {
	w := newWorld(t, rates.Fetch{})
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-16"), "")
	if s := w.status(); s.Newest != "" || s.Stale || !strings.Contains(s.Sentence, "No rates have been imported") {
		t.Fatalf("status = %+v", s)
	}
	const file = "Date,USD,JPY,HRK,\n2026-01-15,1.10,160,N/A,\n2026-01-16,1.2,161,N/A,\n"
	w.want(counts(w.take(file)), "4 0 0")
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-16"), "1.2 ecb 2026-01-16")
	told := w.told.Load()
	w.want(counts(w.take(file)), "0 0 4")
	if w.told.Load() != told {
		t.Error("an import that changes nothing swapped the table")
	}
	w.want(counts(w.take("Date,USD,JPY\n2026-01-16,1.25,161.00")), "0 1 1")
	w.want(w.rate("ws_b", "USD", "EUR", "2026-01-17"), "0.8 ecb 2026-01-16")
	rows, err := w.svc.List(t.Context(), reader, rates.Query{Workspace: "ws_a", Source: money.SourceECB, Currency: "USD", Limit: 1})
	if err != nil || len(rows) != 1 || rows[0].Previous != "1.2" || rows[0].Actor != owner.ID || rows[0].Changed != w.now.UnixMicro() {
		t.Fatalf("= %+v, %v", rows, err)
	}

	// All or nothing: the wrong line is the last.
	_, err = w.svc.Import(t.Context(), owner, strings.NewReader("Date,USD\n2026-01-14,1.9\n2026-01-13,x\n"))
	var bad *rates.FileError
	if !errors.As(err, &bad) || bad.Line != 3 {
		t.Fatalf("error = %v", err)
	}
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-14"), "")
	for _, p := range []account.Principal{writer, reader, {ID: "x", Owner: true}, {}} {
		_, err := w.svc.Import(t.Context(), p, strings.NewReader(file))
		if !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%s may import: %v", p.ID, err)
		}
	}
	if s := w.status(); s.Newest != "2026-01-16" || s.Stale || s.Imported != w.now.UnixMicro() || !strings.Contains(s.Sentence, "up to date") {
		t.Fatalf("status = %+v", s)
	}
	w.now = w.now.AddDate(0, 0, 8)
	if s := w.status(); !s.Stale || s.Age != 8 || !strings.Contains(s.Sentence, "8 days ago") || !strings.Contains(s.Sentence, "rates-url") {
		t.Fatalf("status = %+v", s)
	}
}

// TestImportIsCutIntoParts: many days, in whatever order, arrive whole.
func TestImportIsCutIntoParts(t *testing.T) {
	w := newWorld(t, rates.Fetch{})
	var b strings.Builder
	b.WriteString("Date,USD,JPY\n")
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 90 {
		fmt.Fprintf(&b, "%s,1.%03d,160\n", day.AddDate(0, 0, (i*37)%90).Format(time.DateOnly), (i*37)%90)
	}
	w.want(counts(w.take(b.String())), "180 0 0")
	for i := range 90 {
		d := day.AddDate(0, 0, i).Format(time.DateOnly)
		if got := w.rate("", "EUR", "USD", d); !strings.HasSuffix(got, d) {
			t.Fatalf("%s: %s", d, got)
		}
	}
}

// TestOtherProcess: what another process wrote is read at the next look.
func TestOtherProcess(t *testing.T) {
	w := newWorld(t, rates.Fetch{})
	other := rates.NewService(rates.Options{Store: w.db.Rates(), Now: func() time.Time { return w.now }})
	w.take("Date,USD\n2026-01-15,1.10")
	if other.Current().Newest() != "" {
		t.Fatal("it has looked already")
	}
	err := other.Refresh(t.Context())
	if err != nil || other.Current().Newest() != "2026-01-15" {
		t.Fatalf("newest %q, %v", other.Current().Newest(), err)
	}
}

func TestManual(t *testing.T) {
	w := newWorld(t, rates.Fetch{})
	w.take("Date,USD\n2026-01-15,1.10")
	set := func(p account.Principal, ws, from, to, date, until, rate string) error {
		_, err := w.svc.Set(t.Context(), p, ws, rates.ManualDoc{From: from, To: to, Date: date, Until: until, Rate: rate})
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(set(writer, "ws_a", "usd", "EUR", "2026-01-15", "", "0.5"))
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-16"), "2 manual 2026-01-15")
	w.want(w.rate("ws_b", "EUR", "USD", "2026-01-16"), "1.1 ecb 2026-01-15")
	must(set(owner, "ws_a", "USD", "EUR", "2026-01-15", "2026-01-20", "0.25"))
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-16"), "4 manual 2026-01-15")
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-21"), "1.1 ecb 2026-01-15")

	key := rates.ManualKey{From: "USD", To: "EUR", Date: "2026-01-15"}
	_, err := w.svc.End(t.Context(), writer, "ws_a", key, "2026-01-15")
	must(err)
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-16"), "1.1 ecb 2026-01-15")
	rows, err := w.svc.List(t.Context(), reader, rates.Query{Workspace: "ws_a", Source: money.SourceManual, Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Until != "2026-01-15" || rows[0].Previous != "0.5" {
		t.Fatalf("= %+v, %v", rows, err)
	}
	must(w.svc.Remove(t.Context(), writer, "ws_a", key))
	w.want(w.rate("ws_a", "EUR", "USD", "2026-01-15"), "1.1 ecb 2026-01-15")
	trail, err := w.db.Catalog().Trail(t.Context(), "ws_a", "USD/EUR 2026-01-15", 10)
	must(err)
	var did []string
	for _, a := range trail {
		did = append(did, a.Actor+" "+a.Action+" "+a.Kind)
	}
	w.want(strings.Join(did, ", "), "usr_writer remove rate, usr_writer update rate, usr_owner update rate, usr_writer create rate")
	if trail[2].Before != `{"from":"USD","to":"EUR","date":"2026-01-15","until":"","rate":"0.5"}` || !strings.Contains(trail[2].After, `"0.25"`) || trail[0].After != "" || trail[3].Before != "" {
		t.Errorf("trail = %+v", trail)
	}

	// Nobody else's.
	for _, p := range []account.Principal{reader, {ID: "x", Write: true, Workspaces: []string{"ws_b"}}, {}} {
		_, endErr := w.svc.End(t.Context(), p, "ws_a", key, "")
		for _, err := range []error{set(p, "ws_a", "USD", "EUR", "2026-01-15", "", "0.5"), endErr, w.svc.Remove(t.Context(), p, "ws_a", key)} {
			if !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("%s: error = %v", p.ID, err)
			}
		}
	}
	if err := set(owner, "", "USD", "EUR", "2026-01-15", "", "0.5"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a manual rate of the installation: %v", err)
	}
	if err := w.svc.Remove(t.Context(), writer, "ws_a", key); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	_, err = w.svc.List(t.Context(), reader, rates.Query{Workspace: "ws_b", Source: money.SourceECB, Limit: 10})
	if !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("a foreign workspace: %v", err)
	}
}

func TestManualRefuses(t *testing.T) {
	w := newWorld(t, rates.Fetch{})
	ok := rates.ManualDoc{From: "USD", To: "EUR", Date: "2026-01-15", Rate: "0.5"}
	for _, c := range []struct {
		name   string
		change func(d *rates.ManualDoc)
		want   string
	}{
		{"from", func(d *rates.ManualDoc) { d.From = "XYZ" }, "from:unknown_currency"},
		{"to", func(d *rates.ManualDoc) { d.To = "" }, "to:unknown_currency"},
		{"same", func(d *rates.ManualDoc) { d.To = "usd" }, "to:same_currency"},
		{"date", func(d *rates.ManualDoc) { d.Date = "15.01.2026" }, "date:invalid_date"},
		{"old", func(d *rates.ManualDoc) { d.Date = "1998-01-15" }, "date:out_of_range"},
		{"far", func(d *rates.ManualDoc) { d.Date = "2050-01-15" }, "date:out_of_range"},
		{"until", func(d *rates.ManualDoc) { d.Until = "x" }, "until:invalid_date"},
		{"backwards", func(d *rates.ManualDoc) { d.Until = "2026-01-14" }, "until:out_of_range"},
		{"zero", func(d *rates.ManualDoc) { d.Rate = "0" }, "rate:rate_range"},
		{"comma", func(d *rates.ManualDoc) { d.Rate = "0,5" }, "rate:invalid_decimal"},
		{"empty", func(d *rates.ManualDoc) { d.Rate = "" }, "rate:invalid_decimal"},
		{"all", func(d *rates.ManualDoc) { *d = rates.ManualDoc{} }, "from:unknown_currency to:unknown_currency rate:invalid_decimal date:invalid_date"},
	} {
		d := ok
		c.change(&d)
		_, err := w.svc.Set(t.Context(), writer, "ws_a", d)
		var bad *catalog.Invalid
		if !errors.As(err, &bad) {
			t.Errorf("%s: error = %v", c.name, err)
			continue
		}
		var got []string
		for _, f := range bad.Fields {
			got = append(got, f.Field+":"+f.Rule)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
	_, err := w.svc.End(t.Context(), writer, "ws_a", rates.ManualKey{From: "USD", To: "EUR", Date: "2026-01-15"}, "2026-01-14")
	var bad *catalog.Invalid
	if !errors.As(err, &bad) || bad.Fields[0].Field != "until" {
		t.Errorf("error = %v", err)
	}
	for _, cursor := range []string{"x", "2026-01-15", "2026-01-15.USD.XYZ", "2026-99-15.USD.EUR"} {
		_, err := w.svc.List(t.Context(), reader, rates.Query{Workspace: "ws_a", Source: money.SourceECB, Cursor: cursor})
		if !errors.As(err, &bad) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

// TestFetch runs the daily fetch against a real server: one that fails, then answers.
func TestFetch(t *testing.T) {
	var asked atomic.Int32
	var answer atomic.Value
	answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer.Load().(http.HandlerFunc)(w, r)
	}))
	defer server.Close()
	w := newWorld(t, rates.Fetch{URL: server.URL + "/eurofxref-daily.xml?key=secret"})
	try := func() *rates.Status {
		t.Helper()
		w.svc.FetchNow(t.Context())
		return w.status()
	}
	s := try()
	if s.Failure != "the answer was 503, not 200" || s.Fetched != w.now.UnixMicro() || !s.Fetching || !strings.Contains(s.Sentence, "The last fetch failed: the answer was 503") {
		t.Fatalf("status = %+v", s)
	}
	for says, h := range map[string]http.HandlerFunc{
		"another host": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example/x", http.StatusFound)
		},
		"too often":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) },
		"not a file of":     func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") },
		"is not expected":   func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html></html>") },
		"larger than 10 MB": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, strings.Repeat("x", rates.MaxFile+10)) },
		"the answer broke of": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "Date")
		},
	} {
		answer.Store(h)
		s = try()
		if !strings.Contains(s.Failure, says) || strings.Contains(s.Failure, "secret") || s.Newest != "" {
			t.Errorf("status = %+v, want %q", s, says)
		}
	}
	answer.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/moved" {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		fmt.Fprint(w, "Date, USD, \n16 January 2026, 1.0882, \n")
	}))
	s = try()
	if s.Failure != "" || s.Newest != "2026-01-16" || s.Imported == 0 {
		t.Fatalf("status = %+v", s)
	}
	server.Close()
	s = try()
	if !strings.Contains(s.Failure, "could not be reached") || strings.Contains(s.Failure, "secret") {
		t.Fatalf("status = %+v", s)
	}
	rows, err := w.svc.List(t.Context(), reader, rates.Query{Workspace: "ws_a", Source: money.SourceECB, Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Actor != "" {
		t.Errorf("= %+v, %v", rows, err)
	}
}

// TestRun: a run fetches by itself, and ends with its context.
func TestRun(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Date, USD, \n16 January 2026, 1.0882, \n")
	}))
	defer server.Close()
	w := newWorld(t, rates.Fetch{URL: server.URL})
	rates.Soon(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.svc.Run(ctx) }()
	until := time.Now().Add(10 * time.Second)
	for w.svc.Current().Newest() == "" {
		if time.Now().After(until) {
			t.Fatal("nothing was fetched")
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
