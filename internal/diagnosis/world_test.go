package diagnosis_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/inbox"
	"clickledger/internal/report"
	"clickledger/internal/routing"
	"clickledger/internal/store"
)

var (
	owner  = account.Principal{ID: "usr_1", Owner: true, Write: true}
	reader = account.Principal{ID: "key_1", Workspaces: []string{"ws_1"}}
)

// world is an offer, its advertiser and what they received: real books, real judgments,
// real facts.
type world struct {
	t      *testing.T
	db     *store.DB
	duck   *duck.Store
	minter *event.Minter
	view   *catalog.View
	judge  *conversion.Judge
	desk   *books.Desk
	svc    *diagnosis.Service
	clicks clicks
	now    time.Time
	seq    uint64
	engine report.Reporter

	offer *catalog.Offer
}

type clicks map[event.ClickID]*event.Visit

func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

const token = "tok_0123456789abcdefghjkmnpqrstvwxyz"

func meta(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: "ws_1"} }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// newWorld has one Auto offer with a good URL, and nothing received.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clicks: clicks{}, now: time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	var err error
	w.db, err = store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Now: clock})
	w.must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.duck, err = duck.Open(t.Context(), duck.Options{Dir: t.TempDir()})
	w.must(err)
	t.Cleanup(func() { _ = w.duck.Close() })
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	w.must(err)
	w.minter, err = event.NewMinter(1, keys, noMark{}, clock)
	w.must(err)
	w.offer = &catalog.Offer{Meta: meta("off_1"), Name: "Shoes", Advertiser: "adv_1", Status: catalog.StatusActive, Key: "pixelkey", Currency: "USD", CookieDays: 30, InitialStatus: "pending",
		URL: "https://shop.example/?c={click_id}", Terms: catalog.Terms{PayoutKind: catalog.PayoutPostback, Precedence: catalog.PostbackWins}}
	w.view = catalog.NewView().With([]catalog.Entity{
		&catalog.Workspace{Meta: meta("ws_1"), Currency: "USD", TimeZone: "Europe/Berlin"},
		&catalog.Advertiser{Meta: meta("adv_1"), Name: "Shop", Token: token, TokenRequired: true, ClickParam: "ref", Macros: catalog.Macros{Payout: "#price#"}},
		w.offer, &catalog.Goal{Meta: meta("goal_1"), Offer: "off_1", Key: "sale", Default: true},
		&catalog.Offer{Meta: meta("off_2"), Name: "Other", Advertiser: "adv_1", Currency: "USD", URL: "https://shop.example/?c={click_id}", Status: catalog.StatusActive},
		&catalog.Workspace{Meta: catalog.Meta{ID: "ws_2", Workspace: "ws_2"}, Currency: "USD"},
	}, 1)
	w.judge = &conversion.Judge{View: func() *catalog.View { return w.view }, Keys: func() *event.Keyring { return keys }, Clicks: w.clicks, Now: clock}
	w.desk = &books.Desk{Store: w.db.Books(), Judge: w.judge, Minter: w.minter.New, Changed: func() {}}
	w.engine = report.New(w.duck, nil)
	w.svc = diagnosis.New(diagnosis.Options{
		View: func() *catalog.View { return w.view }, Books: w.db.Books(), Clicks: w.clicks, Keys: func() *event.Keyring { return keys }, Report: w, Store: w.db.Landings(), Now: clock, AllowPrivate: true,
		Caps: caps.NewWatcher(caps.Options{View: func() *catalog.View { return w.view }, Store: w.db.Caps(), Overlay: new(routing.Overlay), Now: clock}),
	})
	return w
}

// Run is the report; a test can take it away.
func (w *world) Run(ctx context.Context, q report.Question) (*report.Table, error) {
	if w.engine == nil {
		return nil, context.DeadlineExceeded
	}
	return w.engine.Run(ctx, q)
}

// set changes the offer, as the catalog does: a new row under a new revision.
func (w *world) set(change func(o *catalog.Offer)) {
	o := *w.offer
	change(&o)
	w.offer = &o
	w.view = w.view.With([]catalog.Entity{&o}, w.view.Revision+1)
}

// click is a visit to the offer a while ago.
func (w *world) click(ago time.Duration) event.ClickID {
	w.t.Helper()
	id, err := w.minter.New()
	w.must(err)
	w.clicks[id] = &event.Visit{ID: id, At: w.now.Add(-ago).UnixMicro(), Click: true, Dims: event.Dims{Workspace: "ws_1", Offer: w.offer.ID, Advertiser: "adv_1", Country: "DE"}}
	return id
}

// visits puts n visits into the facts.
func (w *world) visits(n int, ago time.Duration, clicked bool) {
	w.t.Helper()
	rows := make([]facts.Row, n)
	for i := range n {
		id, err := w.minter.New()
		w.must(err)
		v := &event.Visit{ID: id, At: w.now.Add(-ago).UnixMicro(), Click: clicked, Dims: event.Dims{Workspace: "ws_1", Offer: w.offer.ID}}
		rows[i] = facts.Row{Fact: event.VisitFact(v)}
	}
	state, err := w.duck.State(w.t.Context())
	w.must(err)
	to := eventlog.Position{Stream: "s", Seq: state.Position.Seq + 1}
	for i := range rows {
		rows[i].Seq = to.Seq
	}
	w.must(w.duck.Add(w.t.Context(), state.Position, to, rows))
}

// signal judges a signal that arrived a while ago.
func (w *world) signal(ago time.Duration, s *event.Signal) *inbox.Row {
	w.t.Helper()
	now := w.now
	w.now = now.Add(-ago)
	defer func() { w.now = now }()
	var err error
	s.ID, err = w.minter.New()
	w.must(err)
	s.At, s.HTTPMethod = w.now.UnixMicro(), "GET"
	w.seq++
	var row *inbox.Row
	w.must(w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		row, err = w.judge.Judge(ctx, tx, s, w.seq)
		return err
	}))
	return row
}

// postback is a postback for a new click, with the token.
func (w *world) postback(rest string) *inbox.Row {
	w.t.Helper()
	return w.raw("click_id=" + w.click(time.Hour).String() + "&token=" + token + rest)
}

func (w *world) raw(query string) *inbox.Row {
	w.t.Helper()
	return w.signal(time.Minute, &event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: query})
}

// accepted fails the test unless the signal became a conversion.
func (w *world) accepted(r *inbox.Row) *inbox.Row {
	w.t.Helper()
	if r.Verdict != event.Accepted {
		w.t.Fatalf("verdict %s: %s", r.Verdict, r.Detail)
	}
	return r
}

func (w *world) diagnose() *diagnosis.Report {
	w.t.Helper()
	r, err := w.svc.Diagnose(w.t.Context(), reader, "ws_1", w.offer.ID)
	w.must(err)
	if len(r.Findings)+len(r.Passed) != len(diagnosis.Checks()) {
		w.t.Errorf("%d findings and %d passed are not %d checks", len(r.Findings), len(r.Passed), len(diagnosis.Checks()))
	}
	for _, f := range r.Findings {
		if f.Sentence == "" || f.Fix.Sentence == "" || f.Title == "" || !strings.HasSuffix(f.Sentence, ".") || !strings.HasSuffix(f.Fix.Sentence, ".") {
			w.t.Errorf("%s is not in sentences: %q, %q", f.Code, f.Sentence, f.Fix.Sentence)
		}
		if s := fmt.Sprintf("%+v", f); strings.Contains(s, token) || strings.Contains(s, "%!") {
			w.t.Errorf("%s shows a secret or a broken format: %s", f.Code, s)
		}
		if len(f.Signals) > diagnosis.MaxEvidence || len(f.Conversions) > diagnosis.MaxEvidence {
			w.t.Errorf("%s shows too much", f.Code)
		}
	}
	return r
}

// finding gives one finding by its code, nil when the check found nothing.
func (w *world) finding(code string) *diagnosis.Finding {
	w.t.Helper()
	for _, f := range w.diagnose().Findings {
		if f.Code == code {
			return &f
		}
	}
	return nil
}

// only fails the test unless exactly these checks found something.
func (w *world) only(codes ...string) {
	w.t.Helper()
	var got []string
	for _, f := range w.diagnose().Findings {
		got = append(got, f.Code)
	}
	if strings.Join(got, " ") != strings.Join(codes, " ") {
		w.t.Errorf("found %v, want %v", got, codes)
	}
}

// revenue moves the outbox into the facts, as the relay and the sink do, and asks the
// report for the offer's revenue in minor units.
func (w *world) revenue() int64 {
	w.t.Helper()
	ctx, st := w.t.Context(), w.db.Books()
	_, err := st.NumberFacts(ctx, 1000)
	w.must(err)
	state, err := w.duck.State(ctx)
	w.must(err)
	out, err := st.FactsAfter(ctx, state.FactNo, 1000)
	w.must(err)
	to := eventlog.Position{Stream: "s", Seq: state.Position.Seq + 1}
	var rows []facts.Row
	for _, o := range out {
		f, err := event.DecodeFact(o.Fact)
		w.must(err)
		f.No = o.No
		rows = append(rows, facts.Row{Seq: to.Seq, Fact: *f})
	}
	w.must(w.duck.Add(ctx, state.Position, to, rows))
	t, err := w.engine.Run(ctx, report.Question{Workspace: "ws_1", From: w.now.AddDate(0, 0, -60), To: w.now.Add(time.Hour), TimeZone: "UTC", Metrics: []string{"revenue"},
		Filters: []report.Filter{{Dimension: "offer", Op: "eq", Values: []string{w.offer.ID}}}})
	w.must(err)
	sum := int64(0)
	for _, r := range t.Rows {
		for i, c := range t.Columns {
			if c.Name == "revenue" {
				n, _ := r[i].(int64)
				sum += n
			}
		}
	}
	return sum
}
