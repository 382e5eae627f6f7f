package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/document"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/portal"
	"clickledger/internal/rates"
	"clickledger/internal/signup"
	"clickledger/internal/store"
	"clickledger/internal/wizard"
)

// world is a console over a real SQLite store and the real services; only the report
// is a stand-in, over facts in memory.
type world struct {
	t         *testing.T
	db        *store.DB
	cat       *catalog.Service
	acc       *account.Service
	mails     *mail.Service
	signups   *signup.Service
	judge     *conversion.Judge
	desk      *books.Desk
	rates     *rates.Service
	diagnosis *diagnosis.Service
	outbound  *outbound.Service
	minter    *event.Minter
	now       time.Time
	clicks    clicks
	facts     *factTable
	view      *catalog.View
	seq       uint64
	owner     account.Principal
	handler   http.Handler
	srv       *server
	cookie    string

	ws   *catalog.Workspace
	advs []*catalog.Advertiser
	offs []*catalog.Offer
	pubs []*catalog.Publisher
	lnks []*catalog.Link
}

type clicks map[event.ClickID]*event.Visit

func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

// noDoor is a tracking host that leads nowhere.
type noDoor struct{}

func (noDoor) Open(context.Context, string, string) (string, event.ClickID) {
	return "", event.ClickID{}
}

func (noDoor) Try(context.Context, event.Signal, string) (event.ClickID, event.Verdict) {
	return event.ClickID{}, ""
}

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

const password = "correct horse battery"

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// newWorld has no users, no workspace, nothing.
func newWorld(t *testing.T, mark func(string) string) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 20, 15, 22, 41, 0, time.UTC), clicks: clicks{}, facts: &factTable{}, view: catalog.NewView()}
	clock := func() time.Time { return w.now }
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Now: clock})
	w.must(err)
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{7}}})
	w.must(err)
	w.minter, err = event.NewMinter(3, keys, noMark{}, clock)
	w.must(err)
	w.cat = catalog.NewService(catalog.ServiceOptions{Store: db.Catalog(), Now: clock, Changed: func(context.Context, int64) error { w.reload(); return nil }})
	w.facts.names = func(ws, kind string, ids []string) map[string]string {
		return w.cat.Names(context.Background(), ws, kind, ids)
	}
	w.acc = account.NewService(account.ServiceOptions{Store: db.Accounts(), Now: clock})
	w.judge = &conversion.Judge{View: func() *catalog.View { return w.view }, Keys: func() *event.Keyring { return keys }, Clicks: w.clicks, Now: clock}
	w.desk = &books.Desk{Store: db.Books(), Judge: w.judge, Minter: w.minter.New, Changed: w.publish}
	w.rates = rates.NewService(rates.Options{Store: db.Rates(), Now: clock})
	w.mails = mail.New(mail.Options{Store: db.Mails(), Now: clock})
	w.signups = signup.New(signup.Options{Store: db.Signups(), Mail: w.mails, Accounts: w.acc, Catalog: w.cat, URL: "https://console.example", Now: clock})
	w.diagnosis = diagnosis.New(diagnosis.Options{View: func() *catalog.View { return w.view }, Books: db.Books(), Clicks: w.clicks, Report: w.facts, Store: db.Landings(), Now: clock, AllowPrivate: true})
	w.outbound = &outbound.Service{Store: db.Deliveries(), Sender: outbound.NewSender(db.Deliveries(), clock, true, slog.New(slog.DiscardHandler)), View: func() *catalog.View { return w.view }, Now: clock}
	tests := wizard.New(wizard.Options{View: func() *catalog.View { return w.view }, Links: w.cat, Books: db.Books(), Clicks: w.clicks, Door: noDoor{}, Store: db.Tests(), Now: clock})
	payouts := &payout.Service{Store: db.Payouts(), Desk: w.desk, Rates: w.rates.Current, Now: clock, Publisher: func(id string) *catalog.Publisher { return w.view.Publisher(id) }}
	documents := document.New(document.Options{Store: db.Documents(), View: func() *catalog.View { return w.view }, Now: clock})
	w.srv, err = newServer(Options{
		Catalog: w.cat, Accounts: w.acc, Books: db.Books(), Clicks: w.clicks, Decide: w.desk, Report: w.facts, Outbound: w.outbound, Rates: w.rates, Signups: w.signups, Mails: w.mails, Marks: w.diagnosis, Diagnosis: w.diagnosis,
		Tests:     tests,
		Documents: documents,
		Payouts:   payouts,
		Funds:     funds.New(funds.Options{Store: db.Funds(), View: func() *catalog.View { return w.view }, Now: clock}),
		Portal:    portal.New(portal.Options{Outbound: w.outbound, Catalog: w.cat, Accounts: w.acc, Books: db.Books(), Decide: w.desk, Report: w.facts, Tests: tests, Signups: w.signups, Payouts: payouts, Documents: documents, PublicURL: "https://go.acme-affiliates.com", Now: clock}),
		PublicURL: "https://go.acme-affiliates.com", Secure: false, SetupToken: "s3t-up-token", Version: "0.1.0", Now: clock,
		Status: func(context.Context) []StatusLine {
			return []StatusLine{{Name: "Log", Value: "0.4 ms a write"}, {Name: "Reports", Value: "0.6 s behind"}}
		},
	}, files, mark)
	w.must(err)
	w.handler = w.srv.handler()
	return w
}

func (w *world) reload() {
	rows, rev, err := w.db.Catalog().Changed(context.Background(), w.view.Revision, 100_000)
	w.must(err)
	w.view = w.view.With(rows, rev)
}

// publish moves the outbox into the facts, as the relay and the sink do.
func (w *world) publish() {
	ctx := context.Background()
	st := w.db.Books()
	_, err := st.NumberFacts(ctx, 100_000)
	w.must(err)
	rows, err := st.FactsAfter(ctx, w.facts.no, 100_000)
	w.must(err)
	for _, r := range rows {
		f, err := event.DecodeFact(r.Fact)
		w.must(err)
		w.facts.rows = append(w.facts.rows, *f)
		w.facts.no = r.No
	}
}

// signIn makes the owner and a session.
func (w *world) signIn() {
	ctx := context.Background()
	u, err := w.acc.CreateOwner(ctx, "anna@acme-affiliates.com", "Anna Berg", password)
	w.must(err)
	w.owner = u.Principal()
	w.cookie, _, err = w.acc.SignIn(ctx, "anna@acme-affiliates.com", password, "192.0.2.7")
	w.must(err)
}

func make2[E catalog.Entity](w *world, d catalog.Doc) E {
	w.t.Helper()
	ws := ""
	if w.ws != nil {
		ws = w.ws.ID
	}
	e, _, err := w.cat.Create(context.Background(), w.owner, d, catalog.Idempotency{Workspace: ws})
	w.must(err)
	return e.(E)
}

// offer makes a simple offer: 5.00 a conversion.
func (w *world) offer(advertiser string) *catalog.Offer {
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Name, d.URL, d.Payout, d.Advertiser = "Offer", "https://shop.example/?c={click_id}", "5.00", advertiser
	return make2[*catalog.Offer](w, d)
}

func (w *world) workspace(name string) {
	w.ws = make2[*catalog.Workspace](w, &catalog.WorkspaceDoc{Name: name, Currency: "USD", TimeZone: "Europe/Berlin", IPMode: catalog.IPTruncated})
}

// names of a scenario; long ones and hostile ones replace them.
type cast struct {
	advs, offers, pubs, subs []string
	second                   string // the currency of every second offer, "" = USD as the others
}

var people = cast{
	advs:   []string{"Acme Shoes", "Northwind Outdoor", "Lumen Energy", "PayBridge Network"},
	offers: []string{"Acme Shoes, spring sale US", "Acme Shoes DE", "Northwind tents", "Northwind gift cards", "Lumen switch, lead", "PayBridge card, US", "PayBridge business account"},
	pubs:   []string{"Anna's shoe reviews", "Trailhead Journal", "CouponBee", "Frugal Finn", "GearLab Daily", "Mia Torres", "Energy compare", "DealHunter Berlin"},
	subs:   []string{"newsletter-44", "top-banner", "story", "article-1182", ""},
}

// populate makes a catalog, three weeks of traffic and what came of it.
func (w *world) populate(c cast) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i, n := range c.advs {
		typ := catalog.TypeMerchant
		if i == 3 {
			typ = catalog.TypeNetwork
		}
		w.advs = append(w.advs, make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: n, Type: typ, TokenRequired: i != 2, ClickParam: "click_id"}))
	}
	for i, n := range c.offers {
		d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
		d.Name, d.Advertiser, d.URL, d.Currency = n, w.advs[min(i/2, len(w.advs)-1)].ID, "https://shop.example/landing?ref={click_id}&pub={publisher_id}", "USD"
		d.Payout, d.CommissionKind, d.CommissionPercent = fmt.Sprintf("%d.50", 8+3*i), catalog.CommissionPercentPayout, "60"
		d.DeepLinks, d.Tags = []string{"shop.example"}, []string{"q4"}
		if c.second != "" && i%2 == 1 {
			d.Currency = c.second
		}
		switch i {
		case 2, 3:
			d.PayoutKind, d.Payout, d.PayoutPercent, d.CommissionKind, d.CommissionPercent = catalog.PayoutPercent, "", "9", catalog.CommissionPercentSale, "5.5"
		case 5:
			d.PayoutKind, d.Payout = catalog.PayoutPostback, ""
		case 6:
			d.Status = catalog.StatusPaused
		}
		w.offs = append(w.offs, make2[*catalog.Offer](w, d))
	}
	make2[*catalog.Goal](w, &catalog.GoalDoc{Offer: w.offs[0].ID, Key: "signup", Name: "Newsletter sign-up", Type: catalog.GoalSignup, PayoutKind: catalog.PayoutFixed, Payout: "1.20", Precedence: catalog.PostbackWins})
	for i, n := range c.pubs {
		d := &catalog.PublisherDoc{Name: n, Email: fmt.Sprintf("p%d@example.com", i), Status: catalog.StatusActive}
		if i == len(c.pubs)-1 {
			d.Status = catalog.StatusPending
		}
		w.pubs = append(w.pubs, make2[*catalog.Publisher](w, d))
		if i != 3 {
			make2[*catalog.Postback](w, &catalog.PostbackDoc{Publisher: w.pubs[i].ID, Status: catalog.StatusActive, Method: "GET", States: []string{catalog.OnAccepted}, URL: "https://tracker.example/pb?cid={sub1}&payout={commission}&st={status}"})
		}
	}
	for i, p := range w.pubs {
		for j := range 2 {
			o := w.offs[(i+j*2)%(len(w.offs)-1)]
			d := &catalog.EnrollmentDoc{Offer: o.ID, Publisher: p.ID, Status: catalog.Approved}
			if i == 1 {
				d.CommissionKind, d.CommissionPercent = catalog.CommissionPercentPayout, "70"
			}
			make2[*catalog.Enrollment](w, d)
			w.lnks = append(w.lnks, make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Publisher: p.ID, Name: strings.TrimSpace(c.subs[(i+j)%len(c.subs)]), Status: catalog.StatusActive}))
		}
	}
	w.traffic(rnd, c)
	w.decisions()
	w.trouble()
	w.deliver()
	w.publish()
	w.exchange()
}

// traffic is three weeks of visits, more by day, and their conversions.
func (w *world) traffic(rnd *rand.Rand, c cast) {
	end := w.now
	countries := []string{"US", "US", "US", "DE", "GB", "FR", "PL", ""}
	devices := []string{"mobile", "mobile", "desktop", "tablet"}
	order := 48200
	for t := end.AddDate(0, 0, -20); t.Before(end); t = t.Add(time.Hour) {
		n := 9 + rnd.IntN(14)
		if h := t.Hour(); h < 6 {
			n /= 3
		} else if h > 16 && h < 22 {
			n = n * 3 / 2
		}
		n += int(t.Sub(end.AddDate(0, 0, -20)).Hours()) / 60
		for range n {
			w.now = t.Add(time.Duration(rnd.IntN(3600)) * time.Second)
			if w.now.After(end) {
				continue
			}
			l := w.lnks[min(int(rnd.ExpFloat64()*3), len(w.lnks)-1)]
			v := w.visit(l, countries[rnd.IntN(len(countries))], devices[rnd.IntN(len(devices))], c.subs[rnd.IntN(len(c.subs))])
			if rnd.IntN(55) == 0 && w.now.Add(20*time.Minute).Before(end) {
				w.now = w.now.Add(time.Duration(20+rnd.IntN(1100)) * time.Second)
				order++
				o := w.view.Offer(v.Offer)
				w.postback(v, fmt.Sprintf("&txid=A-%d&amount=%d.%02d&payout=%d.00&token=%s", order, 40+rnd.IntN(180), rnd.IntN(100), 10+rnd.IntN(20), w.view.Advertiser(o.Advertiser).Token))
			}
		}
	}
	w.now = end
}

// visit records a visit with its click.
func (w *world) visit(l *catalog.Link, country, device, sub string) *event.Visit {
	id, err := w.minter.New()
	w.must(err)
	o := w.view.Offer(l.Offer)
	v := &event.Visit{ID: id, At: w.now.UnixMicro(), Click: true, Unique: len(w.facts.rows)%4 != 0, Destination: strings.Replace(strings.Replace(o.URL, "{click_id}", id.String(), 1), "{publisher_id}", l.Publisher, 1),
		Referer: "https://blog.example/reviews/shoes", UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15", Addr: "203.0.113.0", Revision: w.view.Revision}
	v.Dims = event.Dims{Workspace: w.ws.ID, Link: l.ID, Offer: o.ID, Advertiser: o.Advertiser, Publisher: l.Publisher, Source: "blog", Country: country, Device: device, OS: "iOS", OSVersion: "18.1", Browser: "Safari", BrowserVersion: "18", Language: "en-US", RefererDomain: "blog.example"}
	v.Subs[0] = sub
	w.clicks[id] = v
	w.facts.rows = append(w.facts.rows, event.VisitFact(v))
	return v
}

// signal judges a signal.
func (w *world) signal(s *event.Signal) string {
	id, err := w.minter.New()
	w.must(err)
	s.ID, s.At = id, w.now.UnixMicro()
	if s.HTTPMethod == "" {
		s.HTTPMethod, s.Host, s.Addr, s.UserAgent = "GET", "go.acme-affiliates.com", "198.51.100.24", "okhttp/4.12"
	}
	w.seq++
	w.must(w.db.Books().Update(context.Background(), func(ctx context.Context, tx books.Tx) error {
		_, err := w.judge.Judge(ctx, tx, s, w.seq)
		return err
	}))
	return id.String()
}

func (w *world) postback(v *event.Visit, rest string) string {
	return w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: "click_id=" + v.ID.String() + rest})
}

// decisions approves the older conversions and takes some back.
func (w *world) decisions() {
	ctx := context.Background()
	cs, err := w.db.Books().ListConversions(ctx, conversion.Query{Workspace: w.ws.ID, Limit: 1000})
	w.must(err)
	for i, cv := range cs {
		if cv.Status != conversion.Pending || i < 12 {
			continue
		}
		to, why := conversion.Approved, ""
		if i%9 == 4 {
			to, why = conversion.Rejected, "Cancelled before shipping."
		}
		_, err := w.desk.Decide(ctx, w.owner, w.ws.ID, cv.ID, to, why)
		w.must(err)
		if i%17 == 3 && to == conversion.Approved {
			_, err := w.desk.Decide(ctx, w.owner, w.ws.ID, cv.ID, conversion.Reversed, "Returned by the customer.")
			w.must(err)
		}
	}
}

// trouble sends what is refused, each for another reason.
func (w *world) trouble() {
	v := w.visit(w.lnks[0], "US", "desktop", "story")
	v2 := w.visit(w.lnks[4], "DE", "mobile", "story")
	tok := "&token=" + w.advs[0].Token
	sigs := []string{
		"&txid=A-90001&payout={payout}" + tok, "&txid=A-90001&payout=12,50" + tok, "&txid=A-90001&payout=1e3" + tok, "&txid=A-90002&token=wrong",
		"&txid=A-90003&goal=upsell" + tok, "&txid=A-90005&currency=EUR" + tok, `&txid=%5B%22A-90006%22%5D` + tok,
	}
	for _, s := range sigs {
		w.now = w.now.Add(7 * time.Second)
		w.postback(v, s)
	}
	w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: "click_id=0123456789abcdef0123456789abcdef&txid=77" + tok})
	w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", HTTPMethod: "POST", Host: "go.acme-affiliates.com", BodyType: "application/json", Body: []byte(`{"click_id":"` + v.ID.String() + `","txid":"A-90007","payout":"21.00","token":"` + w.advs[0].Token + `"}`)})
	w.signal(&event.Signal{Kind: event.SignalPixel, Path: "/pixel.gif", Query: "key=" + w.offs[0].Key + "&txid=A-90008"})
	w.signal(&event.Signal{Kind: event.SignalPixel, Path: "/pixel.gif", Query: "key=" + w.view.Offer(v2.Offer).Key + "&click_id=" + v2.ID.String() + "&txid=A-90009&amount=88.00"})
	w.postback(v, "&txid=A-90007&payout=21.00"+tok)
	w.postback(v, "&txid=A-90007&payout=23.00"+tok)
	w.now = w.now.Add(30 * time.Second)
}

// deliver answers the waiting postbacks: most well, some not.
func (w *world) deliver() {
	ctx := context.Background()
	ds, err := w.db.Deliveries().DueDeliveries(ctx, w.now.UnixMicro(), 10_000)
	w.must(err)
	for i, d := range ds {
		d.Tries++
		d.State, d.Status, d.Answer, d.NextAt, d.DoneAt = outbound.StateSent, 200, "OK", 0, d.Created+312_000
		switch i % 23 {
		case 5:
			d.State, d.Status, d.Answer, d.Tries, d.NextAt, d.DoneAt = outbound.StateWaiting, 503, "Service Unavailable", 3, w.now.Add(25*time.Minute).UnixMicro(), 0
		case 11:
			d.State, d.Status, d.Error, d.Answer, d.Tries = outbound.StateDead, 0, "connection refused", "", 10
		}
		_, err := w.db.Deliveries().SaveDelivery(ctx, d, nil)
		w.must(err)
	}
}

// postbackOf is a publisher's postback.
func (w *world) postbackOf(i int) string { return w.view.Postbacks(w.pubs[i].ID)[0].ID }

// delivered is the id of a call that was given up.
func (w *world) delivered() string {
	ds, err := w.db.Deliveries().ListDeliveries(context.Background(), outbound.Query{Workspace: w.ws.ID, State: outbound.StateDead, Limit: 1})
	w.must(err)
	if len(ds) == 0 {
		w.t.Fatal("no call was given up")
	}
	return ds[0].ID
}

// get and post drive the console as a browser without scripts.
func (w *world) request(method, path string, form url.Values, headers ...string) *http.Response {
	w.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://console.test"+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if w.cookie != "" {
		r.AddCookie(&http.Cookie{Name: w.srv.sessionName(), Value: w.cookie})
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

func (w *world) page(path string) string {
	w.t.Helper()
	res := w.request("GET", path, nil)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s: status %d: %s", path, res.StatusCode, text(string(b)))
	}
	return string(b)
}

// at is a page of the world's workspace.
func (w *world) at(path string) string {
	if path == "" {
		return "/w/" + w.ws.ID
	}
	return "/w/" + w.ws.ID + "/" + path
}

// text is a page's main text, for messages and for finding words.
func text(page string) string {
	_, rest, ok := strings.Cut(page, "<main")
	if !ok {
		rest = page
	}
	var b strings.Builder
	in := true
	for _, r := range rest {
		switch {
		case r == '<':
			in = true
			b.WriteByte(' ')
		case r == '>':
			in = false
		case !in:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// fact is a fact with nothing counted.
func fact(workspace, publisher string, at int64) event.Fact {
	return event.Fact{At: at, Visit: at, Dims: event.Dims{Workspace: workspace, Publisher: publisher}}
}
