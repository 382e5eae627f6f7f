package dialect_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
	"clickledger/internal/dialect/dialecttest"
	"clickledger/internal/edge"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
	"clickledger/internal/money"
	"clickledger/internal/routing"
	"clickledger/internal/store"
	"clickledger/internal/visitor"
)

// world is an edge in front of a real judge and real books. Its log judges what it is
// given at once, as the processor would a moment later.
type world struct {
	t      *testing.T
	db     *store.DB
	judge  *conversion.Judge
	minter *event.Minter
	hub    *edge.Hub
	server *httptest.Server
	clicks map[event.ClickID]*event.Visit

	mu  sync.Mutex
	seq uint64     // guarded by mu, as is the rest
	row *inbox.Row // of the last signal
	sig *event.Signal
}

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

func (w *world) Find(_ context.Context, id event.ClickID) (*event.Visit, error) {
	return w.clicks[id], nil
}

// Append judges a signal.
func (w *world) Append(ctx context.Context, class eventlog.Class, data []byte) (uint64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq++
	if class != eventlog.Signal {
		return w.seq, nil
	}
	sig, err := event.DecodeSignal(data)
	if err != nil {
		return 0, err
	}
	var row *inbox.Row
	err = w.db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
		var err error
		row, err = w.judge.Judge(ctx, tx, sig, w.seq)
		return err
	})
	if err != nil {
		w.t.Errorf("judge %s: %v", sig.Query, err)
		return w.seq, nil
	}
	w.row, w.sig = row, sig
	w.hub.Release(sig.ID, edge.Answer{Verdict: row.Verdict, Detail: row.Detail, Field: row.Field, Conversion: row.Conversion, Test: row.Test})
	return w.seq, nil
}

func (w *world) Spool(eventlog.Class, []byte) bool { return false }

func meta(id, workspace string) catalog.Meta { return catalog.Meta{ID: id, Workspace: workspace} }

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
	w := &world{t: t, db: db, hub: edge.NewHub(), clicks: map[event.ClickID]*event.Visit{}}
	w.minter, err = event.NewMinter(1, keys, noMark{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	terms := catalog.Terms{PayoutKind: catalog.PayoutPostback, Payout: 1000, CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "50"}
	rows := []catalog.Entity{
		&catalog.Workspace{Meta: meta("ws_1", "ws_1"), Currency: "USD"},
		&catalog.Advertiser{Meta: meta("adv_1", "ws_1"), Name: "Shop", Token: "tok_shop", TokenRequired: true},
		&catalog.Advertiser{Meta: meta("adv_2", "ws_1"), Name: "Open", Token: "tok_open"},
		&catalog.Advertiser{Meta: meta("adv_3", "ws_2"), Name: "Foreign", Token: "tok_foreign"},
		&catalog.Publisher{Meta: meta("pub_1", "ws_1"), Name: "Blog", Status: catalog.StatusActive},
		&catalog.Publisher{Meta: meta("pub_2", "ws_1"), Name: "Mail", Status: catalog.StatusActive},
		&catalog.Enrollment{Meta: meta("enr_1", "ws_1"), Offer: "off_1", Publisher: "pub_1", Status: catalog.Approved},
		&catalog.Coupon{Meta: meta("cpn_1", "ws_1"), Code: "SUMMER", Offer: "off_1", Advertiser: "adv_1", Publisher: "pub_1", Status: catalog.StatusActive},
	}
	for i, o := range []struct{ id, workspace, adv, key string }{{"off_1", "ws_1", "adv_1", "offerkey"}, {"off_2", "ws_1", "adv_2", "otherkey"}, {"off_3", "ws_2", "adv_3", "foreignkey"}} {
		rows = append(rows, &catalog.Offer{Meta: meta(o.id, o.workspace), Advertiser: o.adv, Key: o.key, Currency: "USD", CookieDays: 30, WindowDays: 30, InitialStatus: "pending", Status: catalog.StatusActive, Terms: terms},
			&catalog.Goal{Meta: meta(fmt.Sprintf("goal_%d", i), o.workspace), Offer: o.id, Key: "sale", Default: true})
		for _, key := range []string{"lead", "trial", "initial", "rebill", "upgrade"} {
			rows = append(rows, &catalog.Goal{Meta: meta("goal_"+key+o.id, o.workspace), Offer: o.id, Key: key})
		}
		rows = append(rows, &catalog.Goal{Meta: meta("goal_expire"+o.id, o.workspace), Offer: o.id, Key: "expire", Type: catalog.GoalEvent, EveryFire: true})
	}
	view := catalog.NewView().With(rows, 7)
	w.judge = &conversion.Judge{View: func() *catalog.View { return view }, Keys: func() *event.Keyring { return keys }, Clicks: w, Now: time.Now}
	classifier, err := visitor.New(visitor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := edge.New(edge.Options{Holder: new(routing.Holder), Overlay: new(routing.Overlay), Log: w, Minter: w.minter.New, Classifier: classifier, PublicURL: "http://trk.example",
		Hub: w.hub, VerdictWait: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	w.server = httptest.NewServer(e.Handler())
	t.Cleanup(w.server.Close)
	return w
}

// click is a click of a publisher on an offer.
func (w *world) click(offer, workspace, advertiser string, ago time.Duration) string {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	w.clicks[id] = &event.Visit{ID: id, At: time.Now().Add(-ago).UnixMicro(), Click: true,
		Dims: event.Dims{Workspace: workspace, Offer: offer, Advertiser: advertiser, Publisher: "pub_1", Link: "lnk_1", Country: "DE"}}
	return id.String()
}

// send writes a request as it is: what a client library would mend or refuse goes through.
func (w *world) send(r dialecttest.HTTP) (*http.Response, string) {
	w.t.Helper()
	c, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: trk.example\r\nConnection: close\r\n", r.Method, r.Target)
	for _, h := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	if r.Body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	// What is too large is answered before it was sent whole, and the rest may not go through.
	go func() { _, _ = io.WriteString(c, b.String()+"\r\n"+r.Body) }()
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: r.Method})
	if err != nil {
		w.t.Fatalf("%.100s: %v", r.Target, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(body)
}

// books is the conversion of the last signal in words.
func (w *world) books() string {
	w.t.Helper()
	if w.row == nil || w.row.Conversion == "" {
		return ""
	}
	all, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: w.row.Workspace, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.ID != w.row.Conversion {
			continue
		}
		text := func(minor int64) string {
			return money.Amount{Minor: minor, Currency: money.Currency(c.Currency)}.String()
		}
		s := fmt.Sprintf("goal=%s status=%s publisher=%s method=%s revenue=%s commission=%s", c.GoalKey, c.Status, c.Publisher, c.Method, text(c.Revenue), text(c.Commission))
		if c.HasSale {
			s += " sale=" + text(c.SaleAmount)
		}
		if c.Order != "" {
			s += " order=" + c.Order
		}
		return s + " click=" + c.Click.String()
	}
	return "the conversion is not in the books"
}

// earlier is a click of a case before the last one.
var earlier = regexp.MustCompile(`\b01[0-9a-f]{30}\b`)

// TestConformanceThroughTheServer sends every case to a real server and looks at its
// answer, at the inbox and at the books.
func TestConformanceThroughTheServer(t *testing.T) {
	for _, f := range files(t) {
		t.Run(f.Dialect, func(t *testing.T) {
			w := newWorld(t)
			last := ""
			for _, c := range f.Cases {
				older := w.click("off_1", "ws_1", "adv_1", 2*time.Hour)
				v := dialecttest.Values{
					"$OLDER": older, "$CLICK": w.click("off_1", "ws_1", "adv_1", time.Hour), "$LAST": last, "$OTHER": w.click("off_2", "ws_1", "adv_2", time.Minute),
					"$FOREIGN": w.click("off_3", "ws_2", "adv_3", time.Hour), "$TOKEN": "tok_shop", "$KEY": "offerkey", "$OFFER": "off_1", "$PUB": "pub_1",
				}
				id, err := event.ParseClickID(v["$CLICK"])
				if err != nil {
					t.Fatal(err)
				}
				v["$NUMBER"] = dialect.ClickNumber(id)
				w.row, w.sig = nil, nil
				r := c.HTTP(v)
				res, body := w.send(r)
				got := fmt.Sprintf("%d %s\n", res.StatusCode, res.Header.Get("Content-Type"))
				if res.StatusCode >= 500 {
					t.Errorf("%s: status %d", c.Name, res.StatusCode)
				}
				verdict := res.Header.Get("Clickledger-Verdict")
				switch {
				case w.row == nil && signal(r) != nil:
					t.Errorf("%s: nothing is in the inbox", c.Name)
				case w.row != nil:
					if s := signal(r); s == nil || s.Dialect != w.sig.Dialect && s.Dialect[:min(6, len(s.Dialect))] != "native" {
						t.Errorf("%s: logged as %q", c.Name, w.sig.Dialect)
					}
					if verdict != string(w.row.Verdict) {
						t.Errorf("%s: answered %s, and the inbox says %s", c.Name, verdict, w.row.Verdict)
					}
					v["$SIGNAL"], v["$CONVERSION"] = w.row.ID, w.row.Conversion
				}
				if strings.HasPrefix(body, "GIF89a") {
					body = "(an image)"
				}
				if strings.Contains(body, "<h1>") {
					body = "(a page)"
				}
				shown := earlier.ReplaceAllString(v.Shrink(strings.TrimSpace(got+verdict+"\n"+body)), "$$EARLIER")
				kept := earlier.ReplaceAllString(v.Shrink(w.books()), "$$EARLIER")
				if dialecttest.Updating() {
					c.Answer, c.Books = shown, kept
				}
				if d := cmp.Diff(c.Answer, shown); d != "" {
					t.Errorf("%s: answer (-want +got):\n%s", c.Name, d)
				}
				if d := cmp.Diff(c.Books, kept); d != "" {
					t.Errorf("%s: books (-want +got):\n%s", c.Name, d)
				}
				last = v["$CLICK"]
			}
			w.replayed()
			if dialecttest.Updating() {
				if err := f.Save(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// replayed judges every signal of the inbox again and expects the books to stay as they are.
func (w *world) replayed() {
	w.t.Helper()
	for _, workspace := range []string{"ws_1", "ws_2", ""} {
		before, err := w.db.Books().Balances(w.t.Context(), workspace, "")
		if err != nil {
			w.t.Fatal(err)
		}
		rows, err := w.db.Books().ListSignals(w.t.Context(), inbox.Query{Workspace: workspace, Unassigned: workspace == "", Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, row := range rows {
			err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
				again, err := w.judge.Again(ctx, tx, row)
				if err == nil && again.Verdict == event.Accepted && row.Verdict != event.Accepted {
					w.t.Errorf("the signal %s was %s and is accepted when it is judged again", row.ID, row.Verdict)
				}
				return err
			})
			if err != nil {
				w.t.Fatal(err)
			}
		}
		after, err := w.db.Books().Balances(w.t.Context(), workspace, "")
		if err != nil {
			w.t.Fatal(err)
		}
		if d := cmp.Diff(before, after); d != "" {
			w.t.Errorf("a replay changed the books of %q:\n%s", workspace, d)
		}
	}
	broken, err := w.db.Books().Audit(w.t.Context())
	if err != nil || len(broken) > 0 {
		w.t.Errorf("audit: %v %v", broken, err)
	}
}

// TestWhatTheInboxSays: of a signal in another dialect the parameters are called as their
// sender called them, and a commission that nobody may ask for is named.
func TestWhatTheInboxSays(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ target, field, says string }{
		{"/d/tune/aff_lsr?security_token=tok_shop&payout=9&transaction_id=" + w.click("off_1", "ws_1", "adv_1", time.Hour), "", "Ignored, since the offer's terms say what a publisher is paid: payout."},
		{"/d/cake/p.ashx?f=pb&token=tok_shop&p=1e3&r=" + w.click("off_1", "ws_1", "adv_1", time.Hour), "p", "The parameter p: "},
		{"/d/affise/postback?secure=tok_shop", "clickid", "The parameter clickid is missing."},
		{"/d/cake/p.ashx?o=nobody", "o", "The key of the pixel"},
	} {
		w.send(dialecttest.HTTP{Method: "GET", Target: c.target})
		if w.row.Field != c.field || !strings.Contains(w.row.Detail, c.says) {
			t.Errorf("%s: %q %s", c.target, w.row.Field, w.row.Detail)
		}
		if w.row.Workspace == "" && c.field != "o" {
			t.Errorf("%s: of no workspace", c.target)
		}
	}
}

// TestReplayReadsAnew: a signal that was refused for what the catalog lacked is judged again
// in its own dialect once that is mended, and once only.
func TestReplayReadsAnew(t *testing.T) {
	w := newWorld(t)
	w.send(dialecttest.HTTP{Method: "GET", Target: "/d/tune/aff_goal?a=lsr&goal_id=vip&adv_sub=R-1&security_token=tok_shop&transaction_id=" + w.click("off_1", "ws_1", "adv_1", time.Hour)})
	if w.row.Verdict != event.UnknownGoal {
		t.Fatalf("%s %s", w.row.Verdict, w.row.Detail)
	}
	view := w.judge.View().With([]catalog.Entity{&catalog.Goal{Meta: meta("goal_vip", "ws_1"), Offer: "off_1", Key: "vip"}}, 8)
	w.judge.View = func() *catalog.View { return view }
	for range 2 {
		err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
			row, err := w.judge.Again(ctx, tx, w.row)
			w.row = row
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: "ws_1", Limit: 10})
	if err != nil || w.row.Verdict != event.Accepted || len(all) != 1 || all[0].GoalKey != "vip" || all[0].Order != "R-1" {
		t.Errorf("%v %s %s: %+v", err, w.row.Verdict, w.row.Detail, all)
	}
}
