package outbound_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
	"clickledger/internal/store"
)

const patience = 20 * time.Second

// call is what the publisher's tracker heard.
type call struct {
	method, uri, body, kind, test, delivery string
}

// desk is the service on a real SQLite file, with a publisher's tracker that answers as it
// is told.
type desk struct {
	*outbound.Service
	t       *testing.T
	db      *store.DB
	file    string
	tracker *httptest.Server

	mu     sync.Mutex
	now    time.Time
	view   *catalog.View
	heard  []call
	answer http.HandlerFunc
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), file: filepath.Join(t.TempDir(), "books.db"), view: catalog.NewView()}
	d.answer = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "thanks") }
	d.tracker = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			b = []byte(err.Error())
		}
		d.mu.Lock()
		d.heard = append(d.heard, call{r.Method, r.RequestURI, string(b), r.Header.Get("Content-Type"), r.Header.Get("Clickledger-Test"), r.Header.Get("Clickledger-Delivery")})
		answer := d.answer
		d.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(d.tracker.Close)
	d.open()
	return d
}

// open starts anew on the same file.
func (d *desk) open() {
	d.t.Helper()
	db, err := store.OpenSQLite(d.t.Context(), d.file, store.Options{})
	if err != nil {
		d.t.Fatal(err)
	}
	d.db = db
	d.t.Cleanup(func() { _ = db.Close() }) // closed already where it was opened anew
	view := func() *catalog.View { d.mu.Lock(); defer d.mu.Unlock(); return d.view }
	d.Service = &outbound.Service{Store: db.Deliveries(), Sender: outbound.NewSender(db.Deliveries(), d.clock, true, slog.New(slog.DiscardHandler)), View: view, Now: d.clock}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(time.Microsecond) // ids keep their order
	return d.now
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	d.now = d.now.Add(by)
	d.mu.Unlock()
	d.Sender.Wake()
}

func (d *desk) says(answer http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

func (d *desk) calls() []call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.heard)
}

// run sends until stop is called.
func (d *desk) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	sender := d.Sender
	go func() { done <- sender.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	})
	d.t.Cleanup(stop)
	return stop
}

func (d *desk) postback(id string, change func(p *catalog.Postback)) *catalog.Postback {
	p := &catalog.Postback{Meta: catalog.Meta{ID: id, Workspace: "ws"}, Publisher: "pub", States: []string{"accepted"}, Method: "GET",
		URL: d.tracker.URL + "/pb?cid={sub1}&payout={payout}&id={conversion_id}&token=s3cret-token", Status: catalog.StatusActive}
	change(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.view = d.view.With([]catalog.Entity{&catalog.Workspace{Meta: catalog.Meta{ID: "ws", Workspace: "ws"}, Currency: "CHF"}, p}, d.view.Revision+1)
	return p
}

// tell queues a call as the books do.
func (d *desk) tell(p *catalog.Postback, conversion string) string {
	d.t.Helper()
	v := &macro.Values{}
	v[macro.Sub1], v[macro.Payout], v[macro.ConversionID], v[macro.Status], v[macro.OfferID] = "a&b", "7.50", conversion, "pending", "off"
	made := outbound.Make(p, v, d.clock())
	err := d.db.Books().Update(d.t.Context(), func(ctx context.Context, tx books.Tx) error { return tx.InsertDelivery(ctx, made) })
	if err != nil {
		d.t.Fatal(err)
	}
	d.Sender.Wake()
	return made.ID
}

func (d *desk) get(id string) (*outbound.Delivery, []*outbound.Try) {
	d.t.Helper()
	x, tries, err := d.Get(d.t.Context(), "ws", "pub", id)
	if err != nil {
		d.t.Fatal(err)
	}
	return x, tries
}

func (d *desk) until(id, state string) *outbound.Delivery {
	d.t.Helper()
	limit := time.Now().Add(patience)
	for {
		x, _ := d.get(id)
		if x.State == state {
			return x
		}
		if time.Now().After(limit) {
			d.t.Fatalf("%s is %s, never %s: %s", id, x.State, state, x.Error)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// A call fails until it is given up; mended and sent again it is taken, with the values of
// its time in the postback as it is then. The log has both, without the secret.
func TestGivenUpAndSentAgain(t *testing.T) {
	d := newDesk(t)
	p := d.postback("pbk_1", func(*catalog.Postback) {})
	d.says(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "unknown s3cret-token", 403) })
	d.run()
	id := d.tell(p, "cnv_1")
	for {
		x, _ := d.get(id)
		if x.State == outbound.StateDead {
			break
		}
		if x.Tries > 0 {
			d.pass(time.Hour)
		}
		time.Sleep(2 * time.Millisecond)
	}
	dead, tries := d.get(id)
	if int(dead.Tries) != len(tries) || len(tries) < 8 || strings.Contains(fmt.Sprintf("%+v %+v", dead, *tries[0]), "s3cret") || tries[0].Answer != "unknown •••\n" || !strings.HasSuffix(dead.URL, "/pb?cid=a%26b&payout=7.50&id=cnv_1&token=•••") {
		t.Errorf("%+v with %d tries, the first %+v", dead, len(tries), *tries[0])
	}
	if c, err := d.Counts(t.Context(), "ws", "pub"); err != nil || c != (outbound.Counts{Dead: 1}) {
		t.Errorf("%+v, %v", c, err)
	}
	d.postback("pbk_1", func(p *catalog.Postback) {
		p.Method, p.URL, p.BodyKind, p.Body = "POST", d.tracker.URL+"/new", macro.BodyJSON, `{"cid": "{sub1}", "payout": {payout}, "none": {txid}}`
	})
	d.says(func(http.ResponseWriter, *http.Request) {})
	again, err := d.Resend(t.Context(), "ws", "pub", id, "usr_1")
	if err != nil {
		t.Fatal(err)
	}
	d.until(again.ID, outbound.StateSent)
	last := d.calls()[len(d.calls())-1]
	if want := (call{"POST", "/new", `{"cid": "a\u0026b", "payout": 7.50, "none": null}`, "application/json", "", again.ID}); last != want {
		t.Errorf("sent again as %+v, want %+v", last, want)
	}
	old, _ := d.get(id)
	if old.State != outbound.StateResent || old.ResentAs != again.ID || again.Resends != id || again.Actor != "usr_1" || again.Conversion != "cnv_1" {
		t.Errorf("%+v, again %+v", old, again)
	}
	for what, err := range map[string]error{
		"twice": second(d.Resend(t.Context(), "ws", "pub", id, "u")), "another workspace's": second(d.Resend(t.Context(), "ws_2", "", id, "u")),
		"another publisher's": second(d.Resend(t.Context(), "ws", "pub_2", id, "u")), "unknown": second(d.Resend(t.Context(), "ws", "", "dlv_x", "u")),
	} {
		want := catalog.ErrNotFound
		if what == "twice" {
			want = outbound.ErrFinal
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// All that was given up is sent again, of what is selected.
func TestResendDead(t *testing.T) {
	d := newDesk(t)
	p, gone := d.postback("pbk_1", func(*catalog.Postback) {}), d.postback("pbk_2", func(p *catalog.Postback) { p.Archived = true })
	stop := d.run()
	d.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) })
	var ids []string
	for i := range 5 {
		ids = append(ids, d.tell(p, fmt.Sprint("cnv_", i)))
	}
	other := d.tell(gone, "cnv_9")
	for _, id := range append(ids, other) {
		d.until(id, outbound.StateDead)
	}
	d.says(func(http.ResponseWriter, *http.Request) {})
	if n, err := d.ResendDead(t.Context(), outbound.Query{Workspace: "ws", Publisher: "pub_2"}, "usr"); n != 0 || err != nil {
		t.Errorf("another publisher: %d, %v", n, err)
	}
	if n, err := d.ResendDead(t.Context(), outbound.Query{Workspace: "ws", Publisher: "pub", Postback: "pbk_1", State: outbound.StateSent}, "usr"); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	// One whose postback is out of use is sent as it was.
	if n, err := d.ResendDead(t.Context(), outbound.Query{Workspace: "ws"}, "usr"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, id := range append(ids, other) {
		x, _ := d.get(id)
		d.until(x.ResentAs, outbound.StateSent)
	}
	stop()
	if n, err := d.ResendDead(t.Context(), outbound.Query{Workspace: "ws"}, "usr"); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
	if n := len(d.calls()); n != 12 {
		t.Errorf("%d calls", n)
	}
}

// A test is a call about nothing, and says so; it is kept, and never sent again.
func TestTest(t *testing.T) {
	d := newDesk(t)
	p := d.postback("", func(p *catalog.Postback) {
		p.Method, p.BodyKind, p.Body, p.States, p.Goal = "POST", macro.BodyForm, "status={status}&goal={goal}&cur={currency}&txid={txid}&pub={publisher_id}", []string{"reversed"}, "lead"
	})
	x, try, err := d.Test(t.Context(), p, "usr_1")
	if err != nil {
		t.Fatal(err)
	}
	want := call{"POST", "/pb?cid=test_sub1&payout=7.50&id=cnv_test&token=s3cret-token", "status=reversed&goal=lead&cur=CHF&txid=TEST-1&pub=test_publisher_id", "application/x-www-form-urlencoded", "1", x.ID}
	if got := d.calls(); len(got) != 1 || got[0] != want {
		t.Errorf("called %+v, want %+v", got, want)
	}
	if x.State != outbound.StateTest || try.Status != 200 || try.Answer != "thanks" || try.Error != "" || strings.Contains(x.URL, "s3cret") || !strings.Contains(try.Headers, "Clickledger-Test: 1") {
		t.Errorf("%+v, %+v", x, try)
	}
	kept, tries := d.get(x.ID)
	if kept.Actor != "usr_1" || kept.Conversion != "" || len(tries) != 1 || tries[0].Answer != "thanks" {
		t.Errorf("kept %+v, %v", kept, tries)
	}
	if _, err := d.Resend(t.Context(), "ws", "pub", x.ID, "u"); !errors.Is(err, outbound.ErrFinal) {
		t.Errorf("a test sent again: %v", err)
	}
	d.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	x, try, err = d.Test(t.Context(), p, "usr_1")
	if err != nil || try.Status != 500 || x.Error == "" || x.State != outbound.StateTest {
		t.Errorf("%+v, %+v, %v", x, try, err)
	}
	if due, err := d.db.Deliveries().DueDeliveries(t.Context(), 1<<62, 10); err != nil || len(due) != 0 {
		t.Errorf("a test is in the queue: %v, %v", due, err)
	}
}

// What was under way when everything ended is called again after the next start; what was
// taken is not.
func TestRestart(t *testing.T) {
	d := newDesk(t)
	p := d.postback("pbk_1", func(*catalog.Postback) {})
	stop := d.run()
	taken := d.tell(p, "cnv_1")
	d.until(taken, outbound.StateSent)
	d.says(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	hangs := d.tell(p, "cnv_2")
	limit := time.Now().Add(patience)
	for len(d.calls()) < 2 && time.Now().Before(limit) {
		time.Sleep(2 * time.Millisecond)
	}
	stop()
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
	d.says(func(http.ResponseWriter, *http.Request) {})
	d.open()
	d.run()
	x := d.until(hangs, outbound.StateSent)
	got := d.calls()
	if len(got) != 3 || got[1].delivery != hangs || got[2] != got[1] || x.Tries != 1 {
		t.Errorf("calls %+v, delivery %+v", got, x)
	}
}
