package conversion_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/store"
)

// world is one workspace with an offer, its books on a real SQLite file, and a few
// clicks.
type world struct {
	t      *testing.T
	db     *store.DB
	judge  *conversion.Judge
	minter *event.Minter
	now    time.Time
	clicks clicks
	seq    uint64

	adv   *catalog.Advertiser
	offer *catalog.Offer
	goal  *catalog.Goal
	pub   *catalog.Publisher
	view  *catalog.View

	currency string // the workspace's
	zone     string // the workspace's
	more     []catalog.Entity
}

// clicks is the index: a map is all that judging needs of it.
type clicks map[event.ClickID]*event.Visit

func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: db, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), clicks: clicks{}}
	w.minter, err = event.NewMinter(1, keys, noMark{}, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	w.adv = &catalog.Advertiser{Meta: meta("adv_1"), Name: "Shop", Token: "tok_shop", TokenRequired: true}
	w.offer = &catalog.Offer{Meta: meta("off_1"), Advertiser: "adv_1", Key: "pixelkey", Currency: "USD", CookieDays: 30, WindowDays: 30, InitialStatus: "pending",
		Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 1000, CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "60"}}
	w.goal = &catalog.Goal{Meta: meta("goal_1"), Offer: "off_1", Key: "sale", Default: true}
	w.pub = &catalog.Publisher{Meta: meta("pub_1"), Name: "Blog", Status: catalog.StatusActive}
	w.reload()
	w.judge = &conversion.Judge{View: func() *catalog.View { return w.view }, Keys: func() *event.Keyring { return keys }, Clicks: w.clicks, Now: func() time.Time { return w.now }}
	return w
}

func meta(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: "ws_1"} }

// reload makes the view of the entities as they are now.
func (w *world) reload() {
	other := &catalog.Advertiser{Meta: catalog.Meta{ID: "adv_2", Workspace: "ws_2"}, Token: "tok_other"}
	w.view = catalog.NewView().With([]catalog.Entity{
		&catalog.Workspace{Meta: catalog.Meta{ID: "ws_1", Workspace: "ws_1"}, Currency: w.currency, TimeZone: w.zone}, w.adv, other, w.offer, w.goal,
		&catalog.Goal{Meta: meta("goal_2"), Offer: "off_1", Key: "lead", Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 50, CommissionKind: catalog.CommissionNone}},
		&catalog.Offer{Meta: meta("off_2"), Advertiser: "adv_1", Key: "otherkey", Currency: "USD", Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed}}, w.pub,
	}, 7).With(w.more, 7)
}

// click is a click of the publisher's, an hour ago.
func (w *world) click() event.ClickID {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	w.clicks[id] = &event.Visit{ID: id, At: w.now.Add(-time.Hour).UnixMicro(), Click: true,
		Dims: event.Dims{Workspace: "ws_1", Offer: "off_1", Advertiser: "adv_1", Publisher: "pub_1", Link: "lnk_1", Country: "DE"}}
	return id
}

// postback judges a server-to-server signal with the query.
func (w *world) postback(query string) *inbox.Row {
	w.t.Helper()
	return w.signal(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: query})
}

// pixel judges a pixel with the query and the tracker cookie's slots.
func (w *world) pixel(query string, slots attribution.Slots) *inbox.Row {
	w.t.Helper()
	return w.signal(&event.Signal{Kind: event.SignalPixel, HTTPMethod: "GET", Path: "/pixel.gif", Query: query, Cookie: slots.String()})
}

func (w *world) signal(s *event.Signal) *inbox.Row {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	s.ID, s.At = id, w.now.UnixMicro()
	w.seq++
	return w.judgeAgain(s)
}

func (w *world) judgeAgain(s *event.Signal) *inbox.Row {
	w.t.Helper()
	var row *inbox.Row
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		var err error
		row, err = w.judge.Judge(ctx, tx, s, w.seq)
		return err
	})
	if err != nil {
		w.t.Fatalf("judge %s: %v", s.Query, err)
	}
	return row
}

// conversions returns what the books have, newest first.
func (w *world) conversions() []*conversion.Conversion {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return cs
}

// balances returns the ledger's balances by account code, and fails the test when
// any invariant is broken.
func (w *world) balances() map[string]int64 {
	w.t.Helper()
	bs, err := w.db.Books().Balances(w.t.Context(), "ws_1", "")
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int64{}
	var sum int64
	for _, b := range bs {
		if b.Net() != 0 {
			out[b.Account.Code()] = b.Net()
		}
		sum += b.Debits - b.Credits
	}
	if sum != 0 {
		w.t.Errorf("the trial balance is off by %d", sum)
	}
	broken, err := w.db.Books().Audit(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range broken {
		w.t.Errorf("ledger: %s", b)
	}
	return out
}

// facts adds up the counters of everything queued for the facts.
func (w *world) facts() event.Fact {
	w.t.Helper()
	if _, err := w.db.Books().NumberFacts(w.t.Context(), 1000); err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.db.Books().FactsAfter(w.t.Context(), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	var sum event.Fact
	for _, r := range rows {
		f, err := event.DecodeFact(r.Fact)
		if err != nil {
			w.t.Fatal(err)
		}
		sum.Conversions += f.Conversions
		sum.Events += f.Events
		sum.Revenue += f.Revenue
		sum.Commission += f.Commission
		sum.SaleAmount += f.SaleAmount
		sum.ReportRevenue += f.ReportRevenue
		sum.ReportCommission += f.ReportCommission
		sum.ReportSaleAmount += f.ReportSaleAmount
		sum.Unconverted += f.Unconverted
	}
	return sum
}

// reprice computes a conversion anew, by the view as it is.
func (w *world) reprice(c *conversion.Conversion, apply bool) *conversion.Repriced {
	w.t.Helper()
	var r *conversion.Repriced
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		var err error
		r, err = w.judge.Reprice(ctx, tx, c, "usr_1", "terms", apply)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
