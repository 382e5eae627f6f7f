package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/api"
	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/document"
	"clickledger/internal/domains"
	"clickledger/internal/domains/dnstest"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/inbox"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/portal"
	"clickledger/internal/rates"
	"clickledger/internal/report"
	"clickledger/internal/routing"
	"clickledger/internal/signup"
	"clickledger/internal/store"
	"clickledger/internal/wizard"
)

const adminToken = "the operator's own token"

// world is an installation on a real SQLite file: the API over it, two workspaces and
// keys to them.
type world struct {
	dns      *dnstest.Server
	t        *testing.T
	options  api.Options
	handler  http.Handler
	db       *store.DB
	judge    *conversion.Judge
	minter   *event.Minter
	view     *catalog.View
	clicks   clicks
	now      time.Time
	asked    report.Question // what the reporter heard last
	waited   []int64         // revisions that Changed was told
	outbound *outbound.Service

	ws, other                  string
	writer, reader, otherWrite string // bearer tokens
}

type clicks map[event.ClickID]*event.Visit

func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

// closed is an edge whose links lead nowhere: tests of offers run in package app.
type closed struct{}

func (closed) Open(context.Context, string, string) (string, event.ClickID) {
	return "", event.ClickID{}
}
func (closed) Try(context.Context, event.Signal, string) (event.ClickID, event.Verdict) {
	return event.ClickID{}, ""
}

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

// Run makes the world a reporter: the engine has its own tests, here it is enough to
// see what it is asked.
func (w *world) Run(_ context.Context, q report.Question) (*report.Table, error) {
	w.asked = q
	if len(q.Metrics) == 0 {
		return nil, &report.Error{Field: "metrics", Rule: "required", Msg: "Name at least one metric."}
	}
	return &report.Table{Columns: []report.Column{{Name: "visits", Label: "Visits", Type: "count", Formula: "visits"}}, Rows: [][]any{{int64(3)}},
		CurrencyColumn: "currency", Notes: []report.Note{{Code: report.NoteUnconverted, Count: 2, Text: "Two have no rate."}}}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, db: db, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), clicks: clicks{}, view: catalog.NewView()}
	now := func() time.Time { return w.now }
	cat := catalog.NewService(catalog.ServiceOptions{Store: db.Catalog(), Now: now, Changed: w.changed, Tested: db.Tests().PassedRun})
	accounts := account.NewService(account.ServiceOptions{Store: db.Accounts(), Now: now, AdminToken: adminToken})
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	w.minter, err = event.NewMinter(1, keys, noMark{}, now)
	if err != nil {
		t.Fatal(err)
	}
	w.judge = &conversion.Judge{View: func() *catalog.View { return w.view }, Keys: func() *event.Keyring { return keys }, Clicks: w.clicks, Now: now}
	sender := outbound.NewSender(db.Deliveries(), now, true, slog.New(slog.DiscardHandler))
	w.outbound = &outbound.Service{Store: db.Deliveries(), Sender: sender, View: func() *catalog.View { return w.view }, Now: now}
	w.options = api.Options{
		Catalog: cat, Accounts: accounts, Books: db.Books(), Outbound: w.outbound, Report: w, PublicURL: "https://track.example/", Version: "test", Now: now,
		Decide: &books.Desk{Store: db.Books(), Judge: w.judge, Minter: w.minter.New, Changed: func() {}, Logger: slog.New(slog.DiscardHandler)},
		Verify: func(context.Context) (any, error) { return map[string]any{"ok": true}, nil },
		Backup: func(_ context.Context, to io.Writer) error {
			_, err := io.WriteString(to, "all of it")
			return err
		},
	}
	w.options.Caps = caps.NewWatcher(caps.Options{View: func() *catalog.View { return w.view }, Store: db.Caps(), Overlay: new(routing.Overlay), Now: now})
	w.options.Diagnosis = diagnosis.New(diagnosis.Options{View: func() *catalog.View { return w.view }, Books: db.Books(), Clicks: w.clicks, Store: db.Landings(), Now: now})
	w.options.View = func() *catalog.View { return w.view }
	w.dns = dnstest.New(t)
	w.options.Domains = domains.New(domains.Options{Catalog: cat, View: w.options.View, Store: db.Domains(), Public: w.options.PublicURL, AllowPrivate: true, Resolver: w.dns.Resolver(), Now: now})
	w.options.Tests = wizard.New(wizard.Options{View: func() *catalog.View { return w.view }, Links: cat, Books: db.Books(), Clicks: w.clicks, Door: closed{}, Store: db.Tests(), Now: now})
	w.options.Rates = rates.NewService(rates.Options{Store: db.Rates(), Now: now})
	w.options.Funds = funds.New(funds.Options{Store: db.Funds(), View: w.options.View, Now: now})
	w.options.Payouts = &payout.Service{Store: db.Payouts(), Desk: w.options.Decide.(*books.Desk), Rates: w.options.Rates.Current, Now: now, Publisher: func(id string) *catalog.Publisher { return w.view.Publisher(id) }}
	w.options.Documents = document.New(document.Options{Store: db.Documents(), View: w.options.View, Now: now})
	w.options.Mails = mail.New(mail.Options{Store: db.Mails(), Now: now})
	w.options.Signups = signup.New(signup.Options{Store: db.Signups(), Mail: w.options.Mails, Accounts: accounts, Catalog: cat, URL: "https://console.example", Now: now})
	w.options.Portal = portal.New(portal.Options{Documents: w.options.Documents, Outbound: w.outbound, Catalog: cat, Accounts: accounts, Books: db.Books(), Decide: w.options.Decide, Report: w, Tests: w.options.Tests.(*wizard.Service), Signups: w.options.Signups, Payouts: w.options.Payouts, PublicURL: "https://track.example/", Now: now})
	w.handler = api.New(w.options)
	w.ws, w.other = w.workspace("Ours"), w.workspace("Theirs")
	w.writer, w.reader, w.otherWrite = w.key(w.ws, "write"), w.key(w.ws, "read"), w.key(w.other, "write")
	return w
}

// changed brings the view up to date, as the loader does.
func (w *world) changed(ctx context.Context, revision int64) error {
	w.waited = append(w.waited, revision)
	rows, at, err := w.db.Catalog().Changed(ctx, w.view.Revision, 1000)
	if err != nil {
		return err
	}
	w.view = w.view.With(rows, at)
	return nil
}

// answer is what came back.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// call makes a request; headers are name, value pairs.
func (w *world) call(token, method, path, body string, headers ...string) *answer {
	w.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, api.Prefix+path, in)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return &answer{w.t, method + " " + path, rec.Code, rec.Header(), rec.Body.Bytes()}
}

// want fails the test unless the status is this.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s = %d, want %d: %s", a.what, a.status, status, a.body)
	}
	return a
}

// get reads a member of the body by its path, such as "errors.0.rule"; nil when it is
// not there.
func (a *answer) get(path string) any {
	a.t.Helper()
	var v any
	dec := json.NewDecoder(bytes.NewReader(a.body))
	if err := dec.Decode(&v); err != nil {
		a.t.Fatalf("%s: body %q: %v", a.what, a.body, err)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a *answer) text(path string) string {
	a.t.Helper()
	s, ok := a.get(path).(string)
	if !ok {
		a.t.Fatalf("%s: %s is not a text in %s", a.what, path, a.body)
	}
	return s
}

// rules are the wrong fields of a refusal, as field:rule.
func (a *answer) rules() map[string]string {
	a.t.Helper()
	var p api.Problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("%s: body %q: %v", a.what, a.body, err)
	}
	out := map[string]string{}
	for _, e := range p.Errors {
		out[e.Field] = e.Rule
	}
	return out
}

func (w *world) workspace(name string) string {
	w.t.Helper()
	return w.call(adminToken, "POST", "/workspaces", `{"name":"`+name+`","currency":"EUR","time_zone":"Europe/Berlin","require_tests":false}`).want(201).text("id")
}

func (w *world) key(ws, scope string) string {
	w.t.Helper()
	return w.call(adminToken, "POST", "/api_keys", `{"workspace":"`+ws+`","name":"test","scope":"`+scope+`"}`).want(201).text("secret")
}

// make creates something and returns its id.
func (w *world) make(token, plural, body string) string {
	w.t.Helper()
	return w.call(token, "POST", "/"+plural, body).want(201).text("id")
}

// shop is one of everything in a workspace.
type shop struct {
	ids   map[string]string // by the first segment of its path
	click event.ClickID
}

// shop makes one of everything with the key of a workspace, by what its people and its
// visitors would do.
func (w *world) shop(token, ws string) shop {
	w.t.Helper()
	s := shop{ids: map[string]string{"workspaces": ws}}
	s.ids["advertisers"] = w.make(token, "advertisers", `{"name":"Shop"}`)
	s.ids["offers"] = w.make(token, "offers", `{"name":"Shoes","advertiser":"`+s.ids["advertisers"]+`","url":"https://shop.example/?c={click_id}","payout":"10.00","commission_kind":"percent_payout","commission_percent":"60"}`)
	s.ids["goals"] = w.make(token, "goals", `{"offer":"`+s.ids["offers"]+`","key":"lead","name":"Lead","payout_kind":"fixed","payout":"1.50"}`)
	s.ids["groups"] = w.make(token, "groups", `{"name":"Gold"}`)
	s.ids["publishers"] = w.make(token, "publishers", `{"name":"Blog","group":"`+s.ids["groups"]+`","email":"Blog@example.com"}`)
	s.ids["enrollments"] = w.make(token, "enrollments", `{"offer":"`+s.ids["offers"]+`","publisher":"`+s.ids["publishers"]+`"}`)
	s.ids["links"] = w.make(token, "links", `{"offer":"`+s.ids["offers"]+`","publisher":"`+s.ids["publishers"]+`","name":"Newsletter"}`)
	s.ids["coupons"] = w.make(token, "coupons", `{"offer":"`+s.ids["offers"]+`","publisher":"`+s.ids["publishers"]+`","code":"SPRING10"}`)
	s.ids["domains"] = w.make(token, "domains", `{"host":"`+strings.ReplaceAll(ws, "_", "-")+`.example.com","advertiser":"`+s.ids["advertisers"]+`"}`)
	s.ids["postbacks"] = w.make(token, "postbacks", `{"publisher":"`+s.ids["publishers"]+`","url":"https://blog.example/pb?c={commission}&key=s3cret-key"}`)
	s.ids["creatives"] = w.make(token, "creatives", `{"offer":"`+s.ids["offers"]+`","name":"Words","type":"text","headline":"Shoes"}`)
	s.ids["terms"] = w.make(token, "terms", `{"offer":"`+s.ids["offers"]+`","text":"No bidding on the shop's name."}`)
	s.ids["commission-rules"] = w.make(token, "commission-rules", `{"offer":"`+s.ids["offers"]+`","name":"Readers","publishers":["`+s.ids["publishers"]+`"],"commission_kind":"percent_payout","commission_percent":"70","status":"paused"}`)
	w.call(token, "PATCH", "/signup-settings/publisher", `{"open":true}`).want(200)
	err := w.options.Signups.Join(w.t.Context(), ws, account.PartyPublisher, signup.Form{Email: "pia@" + ws + ".example", Person: "Pia", Name: "Pia's", Promotion: "Reviews", Password: "a long password"}, "192.0.2.1")
	if err != nil {
		w.t.Fatal(err)
	}
	s.ids["signups"] = w.call(token, "GET", "/signups", "").want(200).text("data.0.id")
	s.ids["invitations"] = w.make(token, "invitations", `{"email":"max@`+ws+`.example","publisher":"`+s.ids["publishers"]+`"}`)
	s.ids["users"] = w.call(adminToken, "POST", "/users", `{"email":"`+ws+`@example.com","password":"a long password","workspaces":["`+ws+`"]}`).want(201).text("id")
	s.ids["api_keys"] = w.call(adminToken, "POST", "/api_keys", `{"workspace":"`+ws+`","name":"another"}`).want(201).text("id")

	s.click = w.click(ws, s)
	advertiser := w.call(token, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	row := w.postback("click_id=" + s.click.String() + "&txid=A-1&token=" + advertiser)
	if row.Verdict != event.Accepted {
		w.t.Fatalf("verdict %s: %s", row.Verdict, row.Detail)
	}
	s.ids["signals"], s.ids["conversions"] = row.ID, row.Conversion
	sent, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: ws})
	if err != nil || len(sent) != 1 {
		w.t.Fatalf("deliveries: %v, %v", sent, err)
	}
	s.ids["deliveries"] = sent[0].ID
	s.ids["transactions"] = w.call(token, "GET", "/ledger/transactions", "").want(200).text("data.0.id")
	s.ids["payout-runs"], s.ids["payout-lines"] = w.payout(ws, s.ids["publishers"])
	s.ids["documents"] = w.statement(ws, s.ids["publishers"])
	s.ids["accounts"] = "publisher_pending:" + s.ids["publishers"] + ":EUR"
	return s
}

// statement is a document, without anything behind its line.
func (w *world) statement(ws, publisher string) string {
	w.t.Helper()
	d := &document.Document{ID: event.NewID("doc_", w.now), Workspace: ws, Kind: document.Statement, Number: 1, Party: publisher, Currency: "EUR", From: 1, To: 2, Body: document.Body{Lines: []document.Line{{No: 1, Kind: document.LineLate}}}}
	err := w.db.Documents().Update(w.t.Context(), func(ctx context.Context, tx document.Tx) error { return tx.InsertDocument(ctx, d) })
	if err != nil {
		w.t.Fatal(err)
	}
	return d.ID
}

// payout is the preview of a run, with a line.
func (w *world) payout(ws, publisher string) (run, line string) {
	w.t.Helper()
	run, line = event.NewID("por_", w.now), event.NewID("pol_", w.now)
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		t := w.db.Payouts().Within(tx)
		return errors.Join(t.PutRun(ctx, &payout.Run{ID: run, Workspace: ws, State: payout.Draft}),
			t.InsertLine(ctx, &payout.Line{ID: line, Workspace: ws, Run: run, Publisher: publisher, Currency: "EUR", Amount: 100, PayCurrency: "EUR", PayAmount: 100, State: payout.Draft, Method: payout.KindPayPal}))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return run, line
}

func (w *world) click(ws string, s shop) event.ClickID {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	w.clicks[id] = &event.Visit{ID: id, At: w.now.Add(-time.Hour).UnixMicro(), Click: true, Dims: event.Dims{
		Workspace: ws, Offer: s.ids["offers"], Advertiser: s.ids["advertisers"], Publisher: s.ids["publishers"], Link: s.ids["links"], Country: "DE", Subs: [event.Subs]string{"banner"},
	}}
	return id
}

// postback judges a server-to-server signal.
func (w *world) postback(query string) *inbox.Row {
	w.t.Helper()
	id, err := w.minter.New()
	if err != nil {
		w.t.Fatal(err)
	}
	sig := &event.Signal{ID: id, At: w.now.UnixMicro(), Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: query}
	var row *inbox.Row
	err = w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		var err error
		row, err = w.judge.Judge(ctx, tx, sig, 1)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return row
}
