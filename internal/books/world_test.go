package books_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
	"clickledger/internal/store"
)

// patience is how long what must happen may take.
const patience = 20 * time.Second

var quiet = slog.New(slog.DiscardHandler)

var errFault = errors.New("injected fault")

// faults arms the store's seam: the n-th commit of an operation fails, before or
// after it is applied.
type faults struct {
	mu      sync.Mutex
	op      string
	left    int
	applied bool
	hit     bool
}

func (f *faults) arm(op string, nth int, applied bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.op, f.left, f.applied, f.hit = op, nth, applied, false
}

func (f *faults) was() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit
}

func (f *faults) commit(op string) (before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != f.op || f.left == 0 {
		return nil, nil
	}
	f.left--
	if f.left > 0 {
		return nil, nil
	}
	f.hit = true
	if f.applied {
		return nil, errFault
	}
	return errFault, nil
}

// clicks is a click index whose rows a test adds and spoils.
type clicks struct {
	mu    sync.Mutex
	rows  map[event.ClickID]*event.Visit
	panic map[event.ClickID]bool
}

func (c *clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.panic[id] {
		panic("no good click " + id.String())
	}
	return c.rows[id], nil
}

func (c *clicks) put(v *event.Visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows[v.ID] = v
}

func (c *clicks) spoil(id event.ClickID, bad bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.panic[id] = bad
}

// world is a workspace with an offer, books in a real SQLite file that can fail, a
// real event log, and a processor between them.
type world struct {
	t      *testing.T
	db     *store.DB
	faults *faults
	log    *eventlog.Log
	minter *event.Minter
	clicks *clicks
	view   *catalog.View
	judge  *conversion.Judge
	desk   *books.Desk

	mu       sync.Mutex
	now      time.Time
	released map[string]event.Verdict
}

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

func meta(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: "ws_1"} }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, faults: &faults{}, clicks: &clicks{rows: map[event.ClickID]*event.Visit{}, panic: map[event.ClickID]bool{}},
		now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), released: map[string]event.Verdict{}}
	var err error
	w.db, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Logger: quiet, Fault: w.faults.commit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.log, err = eventlog.Open(t.Context(), eventlog.Options{Dir: t.TempDir(), Logger: quiet, Relaxed: true, Deadline: patience, MinFreeBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.log.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	w.minter, err = event.NewMinter(1, keys, noMark{}, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	w.view = catalog.NewView().With([]catalog.Entity{
		&catalog.Workspace{Meta: meta("ws_1")},
		&catalog.Advertiser{Meta: meta("adv_1"), Name: "Shop", Token: "tok_shop", TokenRequired: true},
		&catalog.Offer{Meta: meta("off_1"), Advertiser: "adv_1", Key: "pixelkey", Currency: "USD", CookieDays: 30, WindowDays: 30, InitialStatus: "pending",
			Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 1000, CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "60"}},
		&catalog.Goal{Meta: meta("goal_1"), Offer: "off_1", Key: "sale", Default: true},
		&catalog.Publisher{Meta: meta("pub_1"), Name: "Blog", Status: catalog.StatusActive},
		&catalog.Postback{Meta: meta("pbk_1"), Publisher: "pub_1", States: []string{catalog.OnAccepted}, Method: "GET", URL: "http://pub.example/pb?id={click_id}", Status: catalog.StatusActive},
	}, 7)
	w.judge = &conversion.Judge{View: func() *catalog.View { return w.view }, Keys: func() *event.Keyring { return keys }, Clicks: w.clicks, Now: w.clock}
	w.desk = &books.Desk{Store: w.db.Books(), Judge: w.judge, Minter: w.minter.New, Changed: func() {}, Logger: quiet}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) mint() event.ClickID {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// visit is a click of the publisher's that nobody has indexed yet.
func (w *world) visit() *event.Visit {
	id := w.mint()
	return &event.Visit{ID: id, At: w.clock().UnixMicro(), Click: true,
		Dims: event.Dims{Workspace: "ws_1", Offer: "off_1", Advertiser: "adv_1", Publisher: "pub_1", Link: "lnk_1"}}
}

func (w *world) click() event.ClickID {
	v := w.visit()
	w.clicks.put(v)
	return v.ID
}

// postback puts a signal in the log and returns its id.
func (w *world) postback(query string) string {
	w.t.Helper()
	s := &event.Signal{ID: w.mint(), At: w.clock().UnixMicro(), Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: query}
	if _, err := w.log.Append(w.t.Context(), eventlog.Signal, s.Append(nil)); err != nil {
		w.t.Fatal(err)
	}
	return s.ID.String()
}

// order is a postback that is accepted.
func (w *world) order(n int) string {
	w.t.Helper()
	return w.postback(fmt.Sprintf("click_id=%s&token=tok_shop&txid=o-%d", w.click(), n))
}

func (w *world) processor() *books.Processor {
	return &books.Processor{Store: w.db.Books(), Log: w.log, Judge: w.judge, Changed: func() {}, Logger: quiet,
		IndexPassed: func(context.Context, uint64) error { return nil },
		Release: func(r *inbox.Row) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.released[r.ID] = r.Verdict
		}}
}

// run runs the processor, again after each error as the app does, until the test
// ends or the returned function is called, which gives the errors.
func (w *world) run(p *books.Processor) (stop func() []error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan []error, 1)
	go func() {
		var errs []error
		for ctx.Err() == nil {
			if err := p.Run(ctx); err != nil {
				errs = append(errs, err)
			}
		}
		done <- errs
	}()
	var once sync.Once
	var errs []error
	stop = func() []error {
		once.Do(func() { cancel(); errs = <-done })
		return errs
	}
	w.t.Cleanup(func() { stop() })
	return stop
}

func (w *world) waitFor(p *books.Processor) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := p.WaitFor(ctx, w.log.Last()); err != nil {
		w.t.Fatalf("the books stand at %d of %d: %v", p.Position().Seq, w.log.Last(), err)
	}
}

// eventually polls a condition that needs a moment.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func (w *world) signal(id string) *inbox.Row {
	w.t.Helper()
	r, err := w.db.Books().Signal(w.t.Context(), id)
	if errors.Is(err, catalog.ErrNotFound) {
		return &inbox.Row{}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// conversions counts them by order number.
func (w *world) conversions() map[string]int {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int{}
	for _, c := range cs {
		out[c.Order]++
	}
	return out
}

// sound checks that n conversions of 10.00 are in the books, each once, with their
// money and one outgoing postback.
func (w *world) sound(n int) {
	w.t.Helper()
	have := w.conversions()
	if len(have) != n {
		w.t.Errorf("%d conversions, want %d", len(have), n)
	}
	for order, times := range have {
		if times != 1 {
			w.t.Errorf("order %s is there %d times", order, times)
		}
	}
	broken, err := w.db.Books().Audit(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range broken {
		w.t.Error(b)
	}
	bs, err := w.db.Books().Balances(w.t.Context(), "ws_1", "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range bs {
		if b.Account.Kind == ledger.Revenue && b.Net() != int64(n)*1000 {
			w.t.Errorf("revenue %d for %d conversions", b.Net(), n)
		}
	}
	ds, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	if len(ds) != n {
		w.t.Errorf("%d outgoing postbacks for %d conversions", len(ds), n)
	}
	for _, d := range ds {
		if d.State != outbound.StateWaiting {
			w.t.Errorf("postback %s is %s", d.ID, d.State)
		}
	}
}

var owner = account.Principal{ID: "usr_owner", Owner: true, Write: true}
