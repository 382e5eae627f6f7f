package console

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
)

// file sends a form with a file's text, as a browser does.
func (w *world) file(path, text, do string) (int, string) {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	w.must(m.WriteField("text", text))
	w.must(m.WriteField("do", do))
	w.must(m.Close())
	r := httptest.NewRequest("POST", "http://console.test"+path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: w.srv.sessionName(), Value: w.cookie})
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Result().Body)
	w.must(err)
	return rec.Code, string(body)
}

// waiting are conversions that are pending, the newest first.
func (w *world) waiting() []*conversion.Conversion {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(context.Background(), conversion.Query{Workspace: w.ws.ID, Status: conversion.Pending, Limit: 50})
	w.must(err)
	return cs
}

func (w *world) again(id string) *conversion.Conversion {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(context.Background(), conversion.Query{Workspace: w.ws.ID, Before: id + "0", Limit: 1})
	w.must(err)
	return cs[0]
}

// adjusted gives a conversion a hold, stated amounts and a refund, and its publisher a bonus.
func (w *world) adjusted(cv *conversion.Conversion) {
	w.t.Helper()
	at := w.at("conversions/" + cv.ID)
	for path, form := range map[string]url.Values{
		at + "/amounts": {"sale": {"80.00"}, "revenue": {"8.00"}, "commission": {"4.00"}, "reason": {"agreed by mail"}},
		at + "/hold":    {"held": {"true"}, "reason": {"three orders from one address"}},
		w.at("publishers/" + w.pubs[0].ID + "/bonus"): {"amount": {"50.00"}, "currency": {"usd"}, "reason": {"best of the month"}},
	} {
		if code, _ := w.post(path, form); code != http.StatusSeeOther {
			w.t.Fatalf("%s: %d", path, code)
		}
	}
	if code, _ := w.post(at+"/refund", url.Values{"amount": {"20.00"}, "refund_id": {"R-1"}, "reason": {"one of four"}}); code != http.StatusSeeOther {
		w.t.Fatalf("refund: %d", code)
	}
}

// TestConversionForms: hold and release, a refund, stated amounts and a bonus by their
// forms; what is wrong stands beside its field, and the same form twice counts once.
func TestConversionForms(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Ours")
	w.populate(people)
	cv := w.waiting()[0]
	at := w.at("conversions/" + cv.ID)
	if code, _ := w.post(at+"/hold", url.Values{"held": {"true"}, "reason": {"looks odd"}}); code != http.StatusSeeOther {
		t.Fatalf("hold: %d", code)
	}
	page := w.page(at)
	for _, want := range []string{"Held, until somebody releases it: Looks odd.", "Release this conversion", "neither approved nor paid"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of a held conversion lacks %q", want)
		}
	}
	if strings.Contains(page, "Approve this conversion") {
		t.Error("a held conversion offers to approve it")
	}
	if code, body := w.post(at+"/decide", url.Values{"to": {"approved"}}); code != http.StatusConflict || !strings.Contains(body, "held") {
		t.Errorf("approved while held: %d", code)
	}
	if !strings.Contains(w.page(w.at("conversions")+"?held=true"), cv.ID) {
		t.Error("the list of held ones lacks it")
	}
	w.post(at+"/hold", url.Values{"held": {"false"}})
	if got := w.again(cv.ID); got.Hold != "" {
		t.Errorf("released, and held as %q", got.Hold)
	}

	w.page(at + "/amounts")
	if code, body := w.post(at+"/amounts", url.Values{"revenue": {"1,50"}, "reason": {""}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") || !strings.Contains(body, "invalid_amount") {
		t.Errorf("amounts with mistakes: %d", code)
	}
	sent := url.Values{"sale": {"80.00"}, "revenue": {"8.00"}, "commission": {"4.00"}, "reason": {"agreed by mail"}, onceField: {"one form"}}
	for range 2 {
		if code, body := w.post(at+"/amounts", sent); code != http.StatusSeeOther {
			t.Fatalf("amounts: %d %s", code, text(body))
		}
	}
	if got := w.again(cv.ID); got.SaleAmount != 8000 || got.Revenue != 800 || got.Commission != 400 {
		t.Errorf("stated, and worth %d, %d, %d", got.SaleAmount, got.Revenue, got.Commission)
	}
	w.page(at + "/refund")
	for want, form := range map[string]url.Values{
		"refund_too_large": {"amount": {"80.01"}, "refund_id": {"R-1"}, "reason": {"x"}},
		"needs its id":     {"amount": {"20.00"}, "reason": {"x"}},
		"Say why":          {"amount": {"20.00"}, "refund_id": {"R-1"}},
	} {
		if code, body := w.post(at+"/refund", form); code != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
			t.Errorf("refund that %s: %d %s", want, code, text(body))
		}
	}
	for range 2 {
		if code, _ := w.post(at+"/refund", url.Values{"amount": {"20.00"}, "refund_id": {"R-1"}, "reason": {"one of four"}}); code != http.StatusSeeOther {
			t.Fatalf("refund: %d", code)
		}
	}
	if got := w.again(cv.ID); got.SaleAmount != 6000 || got.Revenue != 600 || got.Commission != 300 {
		t.Errorf("refunded, and worth %d, %d, %d", got.SaleAmount, got.Revenue, got.Commission)
	}
	story := w.page(at)
	for _, want := range []string{"Refunded", "Amounts stated", "one of four", "agreed by mail", "20.00 USD"} {
		if !strings.Contains(story, want) {
			t.Errorf("the story lacks %q", want)
		}
	}

	pub := w.at("publishers/" + w.pubs[0].ID)
	if !strings.Contains(w.page(pub), "/bonus") {
		t.Error("the publisher's page leads to no bonus")
	}
	w.page(pub + "/bonus")
	if code, body := w.post(pub+"/bonus", url.Values{"amount": {"0"}, "currency": {"XXQ"}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "unknown_currency") {
		t.Errorf("a bonus with mistakes: %d", code)
	}
	for range 2 {
		if code, body := w.post(pub+"/bonus", url.Values{"amount": {"50.00"}, "currency": {"usd"}, "reason": {"best of the month"}, onceField: {"bonus form"}}); code != http.StatusSeeOther {
			t.Fatalf("bonus: %d %s", code, text(body))
		}
	}
	bs, err := w.db.Books().Balances(context.Background(), w.ws.ID, "")
	w.must(err)
	for _, b := range bs {
		if b.Account.Kind == ledger.Adjustments && b.Net() != 5000 {
			t.Errorf("adjustments %d", b.Net())
		}
	}
	if !strings.Contains(w.page(w.at("ledger")), "Adjustments") {
		t.Error("the trial balance lacks the adjustments")
	}
}

// TestDecideTicked: the ticked ones are decided together, all or none.
func TestDecideTicked(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Ours")
	w.populate(people)
	cs := w.waiting()
	if len(cs) < 2 {
		t.Fatal("too few wait")
	}
	path := w.at("conversions/decide")
	ids := url.Values{"id": {cs[0].ID, cs[1].ID}}
	send := func(to, reason string, ids ...string) (int, string) {
		t.Helper()
		return w.post(path, url.Values{"id": ids, "to": {to}, "reason": {reason}})
	}
	if !strings.Contains(w.page(w.at("conversions")), `value="`+cs[0].ID+`" form="bulk"`) {
		t.Error("the list has no boxes")
	}
	if code, body := send("approved", ""); code != http.StatusUnprocessableEntity || !strings.Contains(body, "Tick the conversions first") {
		t.Errorf("nothing ticked: %d", code)
	}
	if code, body := send("rejected", "", ids["id"]...); code != http.StatusUnprocessableEntity || !strings.Contains(body, "Say why") {
		t.Errorf("no reason: %d", code)
	}
	if code, body := send("approved", "", cs[0].ID, "cnv_nothing"); code != http.StatusConflict || !strings.Contains(body, "Nothing was changed") {
		t.Errorf("one unknown: %d", code)
	}
	if got := w.again(cs[0].ID).Status; got != conversion.Pending {
		t.Errorf("all or none, and it is %s", got)
	}
	if code, _ := send("approved", "", ids["id"]...); code != http.StatusSeeOther {
		t.Errorf("approve: %d", code)
	}
	if a, b := w.again(cs[0].ID).Status, w.again(cs[1].ID).Status; a != conversion.Approved || b != conversion.Approved {
		t.Errorf("approved, and %s and %s", a, b)
	}
}

// TestStatusUpload: a file of decisions is shown first and carried out when it is confirmed.
func TestStatusUpload(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Ours")
	w.populate(people)
	cs := w.waiting()
	path := w.at("conversions/statuses")
	w.page(path)
	good := "conversion,status,reason\n" + cs[0].ID + ",approved,\n" + cs[1].ID + ",rejected,returned\n"
	if code, body := w.file(path, good+"cnv_nothing,approved,\n", ""); code != 200 || !strings.Contains(body, "1 row is wrong") || strings.Contains(body, "Carry out") {
		t.Errorf("a wrong row: %d", code)
	}
	if code, body := w.file(path, "conversion,status\nx,=1+1\n", ""); code != 200 || !strings.Contains(body, "formula") {
		t.Errorf("a formula: %d", code)
	}
	if code, body := w.file(path, "conversion\nx\n", ""); code != 422 || !strings.Contains(body, "must be status") {
		t.Errorf("no status: %d", code)
	}
	if code, body := w.file(path, good, ""); code != 200 || !strings.Contains(body, "Carry out 2 decisions") {
		t.Errorf("the preview: %d %s", code, text(body))
	}
	if got := w.again(cs[0].ID).Status; got != conversion.Pending {
		t.Errorf("a preview left it %s", got)
	}
	if code, body := w.file(path, good, "record"); code != 200 || !strings.Contains(body, "2 conversions were changed") {
		t.Errorf("for good: %d %s", code, text(body))
	}
	if a, b := w.again(cs[0].ID).Status, w.again(cs[1].ID).Status; a != conversion.Approved || b != conversion.Rejected {
		t.Errorf("then %s and %s", a, b)
	}
	if res := w.request("GET", w.at("conversions/statuses.csv"), nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("the example: %d", res.StatusCode)
	}
}
