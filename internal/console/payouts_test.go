package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/conversion"
	"clickledger/internal/payout"
)

// available approves what is pending, so that there is something to pay.
func (w *world) available() {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: w.ws.ID, Status: conversion.Pending, Limit: 1000})
	w.must(err)
	for _, c := range cs {
		_, err := w.desk.Decide(w.t.Context(), w.owner, w.ws.ID, c.ID, conversion.Approved, "")
		if err != nil && c.Hold == "" {
			w.t.Fatal(err)
		}
	}
}

// to posts a form and follows where it leads.
func (w *world) to(path string, form url.Values) (at, page string) {
	w.t.Helper()
	res := w.request("POST", path, form)
	if res.StatusCode != http.StatusSeeOther {
		b, _ := io.ReadAll(res.Body)
		w.t.Fatalf("POST %s: %d %s", path, res.StatusCode, text(string(b)))
	}
	at, _, _ = strings.Cut(res.Header.Get("Location"), "#")
	return at, w.page(at)
}

func bank() url.Values {
	return url.Values{"kind": {"bank"}, "holder": {"Ann <Blog>"}, "iban": {"DE89 3704 0044 0532 0130 00"}, "email": {"left@over.example"}}
}

// draftPayout is the preview of a run, with a line.
func (w *world) draftPayout() (run, line string) {
	w.t.Helper()
	run, line = "por_draft", "pol_draft"
	w.must(w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		t := w.db.Payouts().Within(tx)
		return errors.Join(t.PutRun(ctx, &payout.Run{ID: run, Workspace: w.ws.ID, State: payout.Draft}),
			t.InsertLine(ctx, &payout.Line{ID: line, Workspace: w.ws.ID, Run: run, Publisher: w.pubs[0].ID, Currency: "EUR", Amount: 100, PayCurrency: "EUR", PayAmount: 100, State: payout.Draft, Method: payout.KindPayPal}))
	}))
	return run, line
}

// TestPayoutRun: as finance does it, from a method over the preview to what is paid and what
// failed.
func TestPayoutRun(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	w.available()
	pub := w.at("publishers/" + w.pubs[0].ID)
	if page := w.page(pub); !strings.Contains(page, "None: no run pays this publisher.") {
		t.Errorf("a publisher without a method: %s", text(page))
	}
	wrong := bank()
	wrong.Set("iban", "DE88370400440532013000")
	if code, page := w.post(pub+"/payout-method", wrong); code != http.StatusUnprocessableEntity || !strings.Contains(page, `href="#method-iban"`) || !strings.Contains(page, "iban_checksum") {
		t.Errorf("a wrong IBAN: %d %s", code, text(page))
	}
	if _, page := w.to(pub+"/payout-method", bank()); !strings.Contains(page, "DE** … 3000") || strings.Contains(page, "3704") {
		t.Errorf("the method is not there, or not masked: %s", text(page))
	}
	w.to(w.at("publishers/"+w.pubs[1].ID)+"/payout-method", bank())

	run, page := w.to(w.at("payouts"), url.Values{"note": {"November <1>"}})
	for _, want := range []string{"November &lt;1&gt;", "The publisher has no payout method.", "Approve the run", w.pubs[1].Name} {
		if !strings.Contains(page, want) {
			t.Errorf("the preview lacks %q: %s", want, text(page))
		}
	}
	if code, page := w.post(run+"/approve", url.Values{"_version": {"7"}}); code != http.StatusConflict || !strings.Contains(page, "since you looked at it") {
		t.Errorf("another version: %d %s", code, text(page))
	}
	_, err := w.desk.Decide(t.Context(), w.owner, w.ws.ID, w.paidOf(w.pubs[1].ID), conversion.Reversed, "")
	w.must(err)
	if code, page := w.post(run+"/approve", url.Values{"_version": {"1"}}); code != http.StatusConflict || !strings.Contains(page, "The books have changed since the preview: "+w.pubs[1].Name) {
		t.Errorf("after a reversal: %d %s", code, text(page))
	}
	w.to(run+"/refresh", url.Values{})
	if _, page = w.to(run+"/approve", url.Values{"_version": {"2"}}); !strings.Contains(page, "in payment") || !strings.Contains(page, "SEPA") && !strings.Contains(page, "Generic CSV") {
		t.Errorf("approved: %s", text(page))
	}
	file := "generic " + w.offs[0].Currency
	res := w.request("POST", run+"/export", url.Values{"file": {file}})
	b, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK || !strings.Contains(string(b), "DE89370400440532013000") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("the file: %d %s", res.StatusCode, b)
	}
	if code, page := w.post(run+"/export", url.Values{"file": {"paypal EUR"}}); code != http.StatusConflict || !strings.Contains(page, "No open line") {
		t.Errorf("a file without lines: %d %s", code, text(page))
	}
	r, err := w.srv.Payouts.Lines(t.Context(), w.owner, w.ws.ID, run[strings.LastIndex(run, "/")+1:])
	w.must(err)
	if code, page := w.post(run+"/mark", url.Values{"state": {"failed"}, "lines": {r[0].ID}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, "Say why the payment failed") {
		t.Errorf("failed without a reason: %d %s", code, text(page))
	}
	w.to(run+"/mark", url.Values{"state": {"failed"}, "lines": {r[0].ID}, "reason": {"account closed"}})
	_, page = w.to(run+"/mark", url.Values{"state": {"paid"}, "reference": {"stmt 7"}})
	for _, want := range []string{"account closed", "stmt 7", "done"} {
		if !strings.Contains(page, want) {
			t.Errorf("the run lacks %q: %s", want, text(page))
		}
	}
	if page := w.page(w.at("payout-lines/" + r[len(r)-1].ID)); !strings.Contains(page, "Conversion") || !strings.Contains(page, "DE** … 3000") {
		t.Errorf("the line: %s", text(page))
	}
	if page := w.page(w.at("payouts")); !strings.Contains(page, "November &lt;1&gt;") {
		t.Errorf("the list: %s", text(page))
	}
	if page := w.page(w.at("ledger")); !strings.Contains(page, "payout-lines/"+r[0].ID) {
		t.Error("the ledger does not lead to the line")
	}
}

// paidOf is an approved conversion of a publisher's with a commission.
func (w *world) paidOf(publisher string) string {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: w.ws.ID, Publisher: publisher, Status: conversion.Approved, Limit: 1000})
	w.must(err)
	for _, c := range cs {
		if c.Commission > 0 {
			return c.ID
		}
	}
	w.t.Fatal("the publisher has earned nothing")
	return ""
}

func TestPayoutSettingsPage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	_, page := w.to(w.at("payouts/settings"), url.Values{"_version": {"0"}, "holding_days": {"30"}, "method_hold_days": {"3"}, "second_person": {"true"}, "minimums.0.currency": {"EUR"}, "minimums.0.amount": {"50.00"}})
	if !strings.Contains(page, `value="30"`) || !strings.Contains(page, `value="50.00"`) {
		t.Errorf("the settings: %s", text(page))
	}
	if code, page := w.post(w.at("payouts/settings"), url.Values{"_version": {"1"}, "holding_days": {"400"}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, "366") {
		t.Errorf("too long: %d %s", code, text(page))
	}
	run, page := w.to(w.at("payouts"), url.Values{})
	if strings.Contains(page, "Approve the run") {
		t.Error("an empty run can be approved")
	}
	if _, page := w.to(run+"/discard", url.Values{}); !strings.Contains(page, "discarded") {
		t.Errorf("discarded: %s", text(page))
	}
}

// TestPayoutExchangePage: a method that takes another currency, at the published rate and at one set by hand.
func TestPayoutExchangePage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	w.available()
	form := bank()
	form.Set("exchange", "true")
	at := w.at("publishers/"+w.pubs[0].ID) + "/payout-method"
	if code, page := w.post(at, form); code != http.StatusUnprocessableEntity || !strings.Contains(page, "needs_currency") {
		t.Errorf("exchanged into nothing: %d %s", code, text(page))
	}
	form.Set("currency", "EUR")
	if _, page := w.to(at, form); !strings.Contains(page, "EUR, other currencies are exchanged") {
		t.Errorf("the method: %s", text(page))
	}
	if page := w.page(at); !strings.Contains(page, "checked") {
		t.Error("the form forgets that it exchanges")
	}
	run, page := w.to(w.at("payouts"), url.Values{})
	if !strings.Contains(page, " of 2026-11-") {
		t.Errorf("by the published rate: %s", text(page))
	}
	w.to(w.at("rates"), url.Values{"from": {"USD"}, "to": {"EUR"}, "rate": {"0.5"}, "date": {"2026-01-01"}})
	if code, page := w.post(run+"/approve", url.Values{"_version": {"1"}}); code != http.StatusConflict || !strings.Contains(page, "another exchange rate") {
		t.Errorf("after another rate: %d %s", code, text(page))
	}
	if _, page = w.to(run+"/refresh", url.Values{}); !strings.Contains(page, "1 USD at 0.5 of 2026-01-01") {
		t.Errorf("with a rate: %s", text(page))
	}
	if _, page = w.to(run+"/approve", url.Values{"_version": {"2"}}); !strings.Contains(page, "SEPA credit transfer CSV: 1 line") {
		t.Errorf("approved: %s", text(page))
	}
}

// partyUser signs one of a publisher's people in.
func (w *world) partyUser(publisher string) (cookie string) {
	w.t.Helper()
	u := &account.User{ID: "usr_pia", Email: "pia@blog.example", Name: "Pia", PasswordHash: account.HashPassword(password), Workspaces: []string{w.ws.ID},
		Party: account.Party{Kind: account.PartyPublisher, ID: publisher, Workspace: w.ws.ID}, Created: 1, Version: 1}
	w.must(w.db.Accounts().InsertUser(w.t.Context(), u))
	cookie, _, err := w.acc.SignIn(w.t.Context(), u.Email, password, "192.0.2.7")
	w.must(err)
	return cookie
}

// TestMyPayouts: a publisher's people see its own payouts with their states, and change how
// it is paid; a draft is nobody's payout.
func TestMyPayouts(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	w.available()
	staff := w.cookie
	mine := w.partyUser(w.pubs[0].ID)
	w.cookie = mine
	if page := w.page("/portal/payouts"); !strings.Contains(page, "None: nothing can be paid") || !strings.Contains(page, "Nothing was paid yet") {
		t.Errorf("before anything: %s", text(page))
	}
	wrong := bank()
	wrong.Set("iban", "DE8937040044053201300")
	if code, page := w.post("/portal/payouts", wrong); code != http.StatusUnprocessableEntity || !strings.Contains(page, "iban_length") {
		t.Errorf("a short IBAN: %d %s", code, text(page))
	}
	if _, page := w.to("/portal/payouts", bank()); !strings.Contains(page, "DE** … 3000") || strings.Contains(page, "3704 0044 0532") && !strings.Contains(page, `placeholder="DE89 3704 0044 0532 0130 00"`) || strings.Contains(page, "DE89370400440532013000") {
		t.Errorf("the method: %s", text(page))
	}
	w.cookie = staff
	w.to(w.at("publishers/"+w.pubs[1].ID)+"/payout-method", bank())
	run, _ := w.to(w.at("payouts"), url.Values{})
	w.cookie = mine
	if page := w.page("/portal/payouts"); !strings.Contains(page, "Nothing was paid yet") {
		t.Errorf("a draft is shown: %s", text(page))
	}
	w.cookie = staff
	w.to(run+"/approve", url.Values{"_version": {"1"}})
	lines, err := w.srv.Payouts.Lines(t.Context(), w.owner, w.ws.ID, run[strings.LastIndex(run, "/")+1:])
	w.must(err)
	other := lines[0]
	if other.Publisher == w.pubs[0].ID {
		other = lines[1]
	}
	w.cookie = mine
	if page := w.page("/portal/payouts"); !strings.Contains(page, "in payment") || strings.Contains(page, other.ID) {
		t.Errorf("approved: %s", text(page))
	}
	if code := w.request("GET", w.at("payout-lines/"+lines[0].ID), nil).StatusCode; code != http.StatusNotFound {
		t.Errorf("staff's page of a line: %d", code)
	}
	w.cookie = staff
	w.to(run+"/mark", url.Values{"state": {"paid"}, "reference": {"stmt 7"}})
	w.cookie = mine
	if page := w.page("/portal/payouts"); !strings.Contains(page, "stmt 7") || !strings.Contains(page, ">paid<") {
		t.Errorf("paid: %s", text(page))
	}
}

// TestPayoutScreens looks at the pages of payouts in a browser; see [tour].
func TestPayoutScreens(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	w.available()
	fresh := newWorld(t, nil)
	fresh.signIn()
	fresh.workspace("Fresh")
	for _, p := range w.pubs[:3] {
		w.to(w.at("publishers/"+p.ID)+"/payout-method", bank())
	}
	done, _ := w.to(w.at("payouts"), url.Values{"note": {"October"}})
	w.to(done+"/approve", url.Values{"_version": {"1"}})
	lines, err := w.srv.Payouts.Lines(t.Context(), w.owner, w.ws.ID, done[strings.LastIndex(done, "/")+1:])
	w.must(err)
	w.to(done+"/mark", url.Values{"state": {"failed"}, "lines": {lines[0].ID}, "reason": {"The bank says that the account was closed in spring"}})
	draft, _ := w.to(w.at("payouts"), url.Values{"note": {"November"}})
	as := *w
	as.cookie = w.partyUser(w.pubs[0].ID)
	tour(t, []screen{
		{"payouts", w, w.at("payouts")}, {"payout-draft", w, draft}, {"payout-open", w, done}, {"payout-line", w, w.at("payout-lines/" + lines[1].ID)}, {"payout-settings", w, w.at("payouts/settings")},
		{"payout-portal", &as, "/portal/payouts"}, {"payout-method", w, w.at("publishers/"+w.pubs[0].ID) + "/payout-method"}, {"payout-publisher", w, w.at("publishers/" + w.pubs[1].ID)}, {"empty-payouts", fresh, fresh.at("payouts")},
	})
}
