package console

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// body reads a response's page.
func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// cookieOf picks a cookie an answer sets.
func cookieOf(res *http.Response, name string) *http.Cookie {
	for _, ck := range res.Cookies() {
		if ck.Name == name {
			return ck
		}
	}
	return nil
}

func TestFirstRun(t *testing.T) {
	w := newWorld(t, nil)
	for _, p := range []string{"/", "/signin", "/w/ws_x"} {
		if got := w.request("GET", p, nil).Header.Get("Location"); got != "/setup" {
			t.Errorf("GET %s leads to %q", p, got)
		}
	}
	form := url.Values{"token": {"guess"}, "email": {"ann@example.com"}, "name": {"Ann"}, "password": {password}}
	res := w.request("POST", "/setup", form)
	if b := body(t, res); res.StatusCode != http.StatusForbidden || !strings.Contains(b, "ann@example.com") || strings.Contains(b, password) {
		t.Errorf("a wrong token: status %d, %s", res.StatusCode, text(b))
	}
	form.Set("token", "s3t-up-token")
	form.Set("password", "short")
	res = w.request("POST", "/setup", form)
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a short password: status %d", res.StatusCode)
	}
	form.Set("password", password)
	res = w.request("POST", "/setup", form)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/setup/workspace" {
		t.Fatalf("set-up: status %d: %s", res.StatusCode, text(body(t, res)))
	}
	w.cookie = cookieOf(res, sessionCookie).Value
	if got := w.request("GET", "/", nil).Header.Get("Location"); got != "/setup/workspace" {
		t.Errorf("without a workspace / leads to %q", got)
	}
	res = w.request("POST", "/setup/workspace", url.Values{"name": {"Acme"}, "currency": {"EUR"}, "time_zone": {"Nowhere/Else"}})
	if b := body(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(b, "Nowhere/Else") {
		t.Errorf("a bad zone: status %d", res.StatusCode)
	}
	res = w.request("POST", "/setup/workspace", url.Values{"name": {"Acme"}, "currency": {"EUR"}, "time_zone": {"Europe/Berlin"}})
	home := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(home, "/w/ws_") {
		t.Fatalf("workspace: status %d to %q", res.StatusCode, home)
	}
	for _, want := range []string{"Four steps", "Make an offer", "IP Geolocation by DB-IP"} {
		if !strings.Contains(w.page(home), want) {
			t.Errorf("Home does not say %q", want)
		}
	}
	// The set-up is over: nobody makes another owner, whatever they know.
	form.Set("email", "eve@example.com")
	if res = w.request("POST", "/setup", form); res.Header.Get("Location") != "/" {
		t.Errorf("a second set-up: status %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
}

// TestStartGuide walks the four steps; each is seen as done by what is really there.
func TestStartGuide(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Fresh")
	done := regexp.MustCompile(`<span class="st">done</span>`)
	steps := func() int { return len(done.FindAllString(w.page(w.at("")), -1)) }
	if n := steps(); n != 0 {
		t.Errorf("%d steps are done at the beginning", n)
	}
	adv := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Shop", Type: catalog.TypeMerchant, TokenRequired: true, ClickParam: "click_id"})
	o := w.offer(adv.ID)
	l := make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Status: catalog.StatusActive})
	if n := steps(); n != 2 || !strings.Contains(w.page(w.at("")), "https://go.acme-affiliates.com/c/"+l.Key) {
		t.Errorf("with offer and link, %d steps are done", n)
	}
	v := w.visit(l, "DE", "desktop", "")
	p := w.page(w.at(""))
	if n := steps(); n != 3 || !strings.Contains(p, "click_id="+v.ID.String()) || !strings.Contains(p, adv.Token) {
		t.Errorf("after the visit, %d steps are done: %s", n, text(p))
	}
	w.postback(v, "&txid=t1&token="+adv.Token)
	w.publish()
	if p := w.page(w.at("")); strings.Contains(p, "Four steps") || !strings.Contains(p, "Recent conversions") {
		t.Error("after the conversion, Home is not the dashboard")
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.cookie = ""
	res := w.request("GET", w.at("offers")+"?q=x", nil)
	if got := res.Header.Get("Location"); got != "/signin?next="+url.QueryEscape(w.at("offers")+"?q=x") {
		t.Errorf("a page without a session leads to %q", got)
	}
	res = w.request("POST", "/signin", url.Values{"email": {"anna@acme-affiliates.com"}, "password": {"wrong wrong wrong"}, "next": {"/w"}})
	if b := body(t, res); res.StatusCode != http.StatusUnauthorized || !strings.Contains(b, "do not match") {
		t.Errorf("a wrong password: status %d", res.StatusCode)
	}
	for next, want := range map[string]string{"/w/x?a=b": "/w/x?a=b", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example": "/", "javascript:alert(1)": "/", "": "/", "/\t/evil.example": "/"} {
		res = w.request("POST", "/signin", url.Values{"email": {" Anna@acme-affiliates.com"}, "password": {password}, "next": {next}})
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("next=%q: status %d to %q, want %q", next, res.StatusCode, got, want)
		}
	}
	ck := cookieOf(res, sessionCookie)
	if !ck.HttpOnly || ck.SameSite != http.SameSiteLaxMode || ck.Path != "/" || ck.Domain != "" || ck.Secure {
		t.Errorf("the session cookie on http is %v", ck)
	}
	w.cookie = ck.Value
	w.page(w.at("offers"))
	w.request("POST", "/signout", url.Values{})
	if res := w.request("GET", w.at("offers"), nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("after signing out: status %d", res.StatusCode)
	}
	w.srv.Secure = true
	res = w.request("POST", "/signin", url.Values{"email": {"anna@acme-affiliates.com"}, "password": {password}})
	ck = cookieOf(res, secureSessionCookie)
	if ck == nil || !ck.Secure || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("on https the cookie is %v", ck)
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	for _, p := range []string{"/signin", w.at(""), w.at("nothing"), "/assets/nothing.js", "/w"} {
		h := w.request("GET", p, nil).Header
		for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "same-origin"} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q", p, name, got)
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Error("the policy allows something unsafe")
		}
	}
	// A form of another site is refused before anything is read, whatever its cookies.
	for _, site := range []string{"cross-site", "same-site"} {
		res := w.request("POST", w.at("offers/new"), url.Values{"name": {"x"}, "url": {"https://x.example"}}, "Sec-Fetch-Site", site)
		if b := body(t, res); res.StatusCode != http.StatusForbidden || !strings.Contains(b, "cross_origin") {
			t.Errorf("a %s form: status %d", site, res.StatusCode)
		}
	}
	if res := w.request("POST", w.at("settings"), url.Values{"name": {strings.Repeat("x", maxForm)}}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a form above the limit: status %d", res.StatusCode)
	}
}

func TestEditors(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	form := url.Values{"name": {"Shoes"}, "url": {"ftp://nowhere"}, "payout_kind": {"fixed"}, "payout": {"12,50"}, "commission_kind": {"percent_payout"}, "commission_percent": {"60"},
		"cookie_days": {"many"}, "window_days": {"30"}, "append_click_id": {"true", "false"}, "require_order": {"false"}, "tags": {"a\nb"}}
	res := w.request("POST", w.at("offers/new"), form)
	b := body(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("a wrong offer: status %d", res.StatusCode)
	}
	for _, want := range []string{`value="Shoes"`, "ftp://nowhere", "12,50", `value="many"`, "This must be a whole number.", `aria-invalid="true"`, `checked`} {
		if !strings.Contains(b, want) {
			t.Errorf("the form lost or does not show %q", want)
		}
	}
	form.Set("cookie_days", "30")
	res = w.request("POST", w.at("offers/new"), form)
	if b := body(t, res); res.StatusCode != http.StatusUnprocessableEntity || strings.Count(b, `class="err"`) < 2 {
		t.Errorf("a wrong offer: status %d, %d errors", res.StatusCode, strings.Count(b, `class="err"`))
	}
	form.Set("url", "https://shop.example/?r={click_id}")
	form.Set("payout", "12.50")
	form.Set("workspace", "ws_other")
	form.Set("advertiser", make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Shop", Type: catalog.TypeMerchant, TokenRequired: true, ClickParam: "click_id"}).ID) // appending needs one
	res = w.request("POST", w.at("offers/new"), form)
	page := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("an offer: status %d: %s", res.StatusCode, text(body(t, res)))
	}
	p := w.page(page)
	for _, want := range []string{"12.50\u00a0USD", "60\u202f% of payout", "/postback?click_id=", "/pixel.gif?key=", "Sale"} {
		if !strings.Contains(p, want) {
			t.Errorf("the offer's page does not show %q", want)
		}
	}
	os, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindOffer, Workspace: w.ws.ID})
	w.must(err)
	o := os[0].(*catalog.Offer)
	if !o.AppendClickID || o.RequireOrder || len(o.Tags) != 2 || o.Payout != 1250 {
		t.Errorf("the offer is %+v", o)
	}
	edit := page + "/edit"
	first := versionOf(t, w.page(edit))
	res = w.request("POST", edit, url.Values{versionField: {first}, "name": {"Boots"}, "status": {"paused"}})
	if res.StatusCode != http.StatusSeeOther || !strings.Contains(w.page(page), "Boots") {
		t.Errorf("an edit: status %d", res.StatusCode)
	}
	res = w.request("POST", edit, url.Values{versionField: {first}, "name": {"Sandals"}})
	b = body(t, res)
	if res.StatusCode != http.StatusConflict || !strings.Contains(b, "changed_meanwhile") || !strings.Contains(b, `value="Sandals"`) || !strings.Contains(w.page(page), "Boots") {
		t.Errorf("an edit of what changed meanwhile: status %d; what was typed has to stay", res.StatusCode)
	}
	res = w.request("POST", edit, url.Values{versionField: {versionOf(t, b)}, "name": {"Sandals"}})
	if res.StatusCode != http.StatusSeeOther || !strings.Contains(w.page(page), "Sandals") {
		t.Errorf("saving it again: status %d", res.StatusCode)
	}
	res = w.request("POST", page+"/archive", url.Values{"archived": {"true"}})
	flash := cookieOf(res, flashCookie)
	if flash == nil {
		t.Fatal("archiving says nothing")
	}
	b = body(t, w.request("GET", page, nil, "Cookie", flash.Name+"="+flash.Value))
	if !strings.Contains(b, "was archived") || !strings.Contains(b, ">Undo<") || !strings.Contains(b, "archived") {
		t.Errorf("after archiving: %s", text(b))
	}
}

var versionInput = regexp.MustCompile(`name="_version" value="(\d+)"`)

func versionOf(t *testing.T, page string) string {
	t.Helper()
	m := versionInput.FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the form carries no version")
	}
	return m[1]
}

// TestLinkEnrolls makes links: an enrollment that is missing is made, one that is
// applied for is approved, one that was revoked is respected.
func TestLinkEnrolls(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	o := w.offer("")
	for status, want := range map[string]int{"": 303, catalog.Applied: 303, catalog.Approved: 303, catalog.Revoked: 422} {
		p := make2[*catalog.Publisher](w, &catalog.PublisherDoc{Name: "P " + status, Status: catalog.StatusActive})
		if status != "" {
			st := status
			if status == catalog.Revoked {
				st = catalog.Approved
			}
			e := make2[*catalog.Enrollment](w, &catalog.EnrollmentDoc{Offer: o.ID, Publisher: p.ID, Status: st})
			if status == catalog.Revoked {
				_, err := w.cat.Update(t.Context(), w.owner, w.ws.ID, e.ID, 0, &catalog.EnrollmentDoc{Offer: o.ID, Publisher: p.ID, Status: catalog.Revoked, Reason: "fraud"})
				w.must(err)
			}
		}
		res := w.request("POST", w.at("links/new"), url.Values{"offer": {o.ID}, "publisher": {p.ID}, "name": {"spring"}})
		if res.StatusCode != want {
			t.Errorf("%q: status %d: %s", status, res.StatusCode, text(body(t, res)))
			continue
		}
		es, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"publisher": p.ID}})
		w.must(err)
		if want == 303 && (len(es) != 1 || es[0].(*catalog.Enrollment).Status != catalog.Approved) {
			t.Errorf("%q: the enrollments are %v", status, es)
		}
		if want == 422 && es[0].(*catalog.Enrollment).Status != catalog.Revoked {
			t.Error("a revoked publisher was let in by the way")
		}
	}
	// A form sent twice, as by a double click, makes one link.
	form := url.Values{"offer": {o.ID}, "name": {"twice"}, onceField: {"f00d"}}
	a, b := w.request("POST", w.at("links/new"), form), w.request("POST", w.at("links/new"), form)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != b.Header.Get("Location") {
		t.Errorf("a form sent twice leads to %q and %q", a.Header.Get("Location"), b.Header.Get("Location"))
	}
	form.Set("name", "else")
	if res := w.request("POST", w.at("links/new"), form); res.StatusCode != http.StatusConflict {
		t.Errorf("the same form with something else: status %d", res.StatusCode)
	}
	// Each made one, the approval of who had applied no other.
	if p := w.page(w.at("links")); strings.Count(p, `data-copy="https://go.acme-affiliates.com/c/`) != 4 {
		t.Errorf("the list has not a copy button for each link: %d", strings.Count(p, `data-copy="https://go.acme-affiliates.com/c/`))
	}
}

func TestDecide(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	cs, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: w.ws.ID, Status: conversion.Pending, Limit: 5})
	w.must(err)
	id := cs[0].ID
	story := w.page(w.at("conversions/" + id))
	for _, want := range []string{"Approve this conversion", "Reject this conversion", "Postback to the publisher", "Ledger: accrual", "Payout rule", "Commission rule", "Raw request", cs[0].Click.String()} {
		if !strings.Contains(story, want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if strings.Contains(story, w.view.Advertiser(cs[0].Advertiser).Token) {
		t.Error("the story shows the advertiser's token")
	}
	act := func(to, reason string) *http.Response {
		return w.request("POST", w.at("conversions/"+id+"/decide"), url.Values{"to": {to}, "reason": {reason}})
	}
	if res := act("approved", "checked"); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("approve: status %d", res.StatusCode)
	}
	if res := act("reversed", "returned"); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("reverse: status %d", res.StatusCode)
	}
	if res := act("approved", "again"); res.StatusCode != http.StatusConflict {
		t.Errorf("approve what is reversed: status %d", res.StatusCode)
	}
	if res := act("nonsense", ""); res.StatusCode != http.StatusConflict {
		t.Errorf("an unknown state: status %d", res.StatusCode)
	}
	story = w.page(w.at("conversions/" + id))
	for _, want := range []string{"Ledger: approval", "Ledger: reversal", "checked", "returned", "by you"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if p := w.page(w.at("ledger")); !strings.Contains(p, "Sum, balanced") {
		t.Error("the trial balance does not say that its sides are equal")
	}
}

// TestReplay mends what a signal was refused for and judges it again.
func TestReplay(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	o := w.offer("")
	l := make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Status: catalog.StatusActive})
	v := w.visit(l, "DE", "desktop", "")
	id := w.postback(v, "&txid=9&goal=lead")
	p := w.page(w.at("signals/" + id))
	if !strings.Contains(p, "Judge again") || !strings.Contains(p, string(event.UnknownGoal)) {
		t.Fatalf("the signal's page: %s", text(p))
	}
	make2[*catalog.Goal](w, &catalog.GoalDoc{Offer: o.ID, Key: "lead", Name: "Lead", Type: catalog.GoalLead, Precedence: catalog.PostbackWins})
	res := w.request("POST", w.at("signals/"+id+"/replay"), url.Values{})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("replay: status %d: %s", res.StatusCode, text(body(t, res)))
	}
	r, err := w.db.Books().Signal(t.Context(), id)
	w.must(err)
	if r.Verdict != event.Accepted || r.Conversion == "" {
		t.Errorf("after the replay the signal is %s", r.Verdict)
	}
	if p := w.page(w.at("signals/" + id)); strings.Contains(p, "Judge again") {
		t.Error("what made a conversion can be judged again")
	}
}

func TestKeysAndUsers(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	b := body(t, w.request("POST", w.at("settings/keys"), url.Values{"name": {"Nightly"}, "scope": {account.ScopeWrite}, "days": {"30"}}))
	secret := regexp.MustCompile(`value="(clk_[^"]+)"`).FindStringSubmatch(b)
	if secret == nil {
		t.Fatal("the new key is not shown")
	}
	if p := w.page(w.at("settings")); strings.Contains(p, secret[1]) || !strings.Contains(p, "Nightly") {
		t.Error("the key is shown a second time, or not listed")
	}
	if _, err := w.acc.ByKey(t.Context(), secret[1]); err != nil {
		t.Error(err)
	}
	ks, err := w.acc.ListKeys(t.Context(), w.owner, w.ws.ID)
	w.must(err)
	w.request("POST", w.at("settings/keys/revoke"), url.Values{"id": {ks[0].ID}})
	if _, err := w.acc.ByKey(t.Context(), secret[1]); err == nil {
		t.Error("a revoked key is still good")
	}
	res := w.request("POST", w.at("settings/users"), url.Values{"email": {"m@example.com"}, "password": {"x"}, "role": {"member"}})
	if b := body(t, res); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(b, `value="m@example.com"`) {
		t.Errorf("a short password: status %d", res.StatusCode)
	}
	res = w.request("POST", w.at("settings/users"), url.Values{"email": {"m@example.com"}, "password": {password}, "role": {"member"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("a user: status %d", res.StatusCode)
	}
}

// TestReportCSV exports hostile sub ids: no cell begins as a formula (S8), and every
// row is there.
func TestReportCSV(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(hostileCast)
	res := w.request("GET", w.at("reports/export.csv")+"?d=offer&d=sub1&m=visits&m=revenue&m=margin&m=epc&range=30d", nil)
	if ct := res.Header.Get("Content-Type"); ct != "text/csv; charset=utf-8" {
		t.Errorf("the type is %q", ct)
	}
	rows, err := csv.NewReader(res.Body).ReadAll()
	w.must(err)
	if len(rows) < 10 {
		t.Fatalf("only %d rows", len(rows))
	}
	number := regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	for _, r := range rows[1:] {
		for _, c := range r {
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t") && !number.MatchString(c) {
				t.Errorf("a cell begins as a formula: %q", c)
			}
		}
	}
	res = w.request("GET", w.at("reports/export.csv")+"?d=nothing", nil)
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != w.at("reports")+"?d=nothing" {
		t.Errorf("a question that cannot be answered: status %d to %q", res.StatusCode, got)
	}
	res = w.request("GET", w.at("reports")+"?d=nothing", nil)
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a question that cannot be answered: status %d", res.StatusCode)
	}
}

// TestUnassignedSignals: what belongs to nobody is the owners' to see.
func TestUnassignedSignals(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	id := w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: "click_id=x&token=guessed-secret"})
	rows, err := w.db.Books().ListSignals(context.Background(), inbox.Query{Workspace: w.ws.ID, Unassigned: true, Limit: 5})
	w.must(err)
	if len(rows) != 1 || rows[0].Workspace != "" {
		t.Fatalf("the signals are %v", rows)
	}
	if p := w.page(w.at("signals/" + id)); strings.Contains(p, "guessed-secret") || !strings.Contains(p, "token=[hidden]") {
		t.Error("the raw view shows the token")
	}
}

// TestReplayOfAFilter previews what a mended goal makes of the refused, and confirms it once.
func TestReplayOfAFilter(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	o := w.offer("")
	l := make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Status: catalog.StatusActive})
	ids := []string{w.postback(w.visit(l, "DE", "desktop", ""), "&txid=late-1&goal=lead"), w.postback(w.visit(l, "DE", "desktop", ""), "&txid=late-2&goal=lead")}
	w.postback(w.visit(l, "DE", "desktop", ""), "&txid=good-1")
	filter := "?verdict=unknown_goal&offer=" + o.ID + "&advertiser=" + o.Advertiser + "&text=LATE-"
	p := w.page(w.at("signals") + filter)
	if !strings.Contains(p, "Replay these") || !strings.Contains(p, "late-1") || strings.Contains(p, "good-1") {
		t.Fatalf("the filtered inbox: %s", text(p))
	}
	if p := w.page(w.at("signals") + "?text=good-1"); strings.Contains(p, "Replay these") || !strings.Contains(p, "good-1") {
		t.Errorf("what was taken: %s", text(p))
	}
	if p := w.page(w.at("signals/" + ids[0])); !strings.Contains(p, "Add a goal with this key") || !strings.Contains(p, "/offers/"+o.ID) {
		t.Errorf("the signal's page does not say what to mend: %s", text(p))
	}
	if p := w.page(w.at("signals/replay") + filter); !strings.Contains(p, "unknown goal") || strings.Contains(p, "Judge 2 signals again") {
		t.Errorf("a preview that changes nothing: %s", text(p))
	}
	make2[*catalog.Goal](w, &catalog.GoalDoc{Offer: o.ID, Key: "lead", Name: "Lead", Type: catalog.GoalLead, Precedence: catalog.PostbackWins})
	if p := w.page(w.at("signals/replay") + filter); !strings.Contains(p, "Judge 2 signals again") || !strings.Contains(p, `name="text" value="LATE-"`) {
		t.Fatalf("the preview: %s", text(p))
	}
	for _, id := range ids {
		if r, err := w.db.Books().Signal(t.Context(), id); err != nil || r.Verdict != event.UnknownGoal {
			t.Errorf("after the preview %s is %s, %v", id, r.Verdict, err)
		}
	}
	form := url.Values{"verdict": {"unknown_goal"}, "offer": {o.ID}, "advertiser": {o.Advertiser}, "text": {"LATE-"}}
	for i, want := range []string{"2 signals were judged again", "0 signals were judged again"} {
		res := w.request("POST", w.at("signals/replay"), form)
		if p := body(t, res); res.StatusCode != http.StatusOK || !strings.Contains(p, want) {
			t.Errorf("replay %d: status %d: %s", i, res.StatusCode, text(p))
		}
	}
	for _, id := range ids {
		if r, err := w.db.Books().Signal(t.Context(), id); err != nil || r.Verdict != event.Accepted {
			t.Errorf("after the replay %s is %s, %v", id, r.Verdict, err)
		}
	}
}

// TestSigningSecret makes a secret, which is shown once, and keeps the guards of the form.
func TestSigningSecret(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	a := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Shop", Type: catalog.TypeMerchant, TokenRequired: true, ClickParam: "click_id", Status: catalog.StatusActive})
	path := w.at("advertisers/" + a.ID)
	if p := w.page(path + "/edit"); !strings.Contains(p, "Addresses of its servers") || !strings.Contains(p, `name="allow_ips"`) {
		t.Errorf("the form has no guards: %s", text(p))
	}
	res := w.request("POST", path+"/signing-secret", url.Values{})
	p := body(t, res)
	at := strings.Index(p, "whsec_")
	if res.StatusCode != http.StatusOK || at < 0 {
		t.Fatalf("status %d: %s", res.StatusCode, text(p))
	}
	if got := w.page(path); strings.Contains(got, p[at:at+30]) || !strings.Contains(got, "Make a new signing secret") {
		t.Error("the advertiser's page shows the secret, or offers no new one")
	}
}
