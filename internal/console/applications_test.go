package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// TestApplications: who applies waits with its answers, is decided with a reason, also
// several at once, and the offer's page has its versions of terms.
func TestApplications(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	has := func(path string, wants ...string) {
		t.Helper()
		page := w.page(path)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	has(w.at("applications"), "Nothing waits for a decision.")
	res := w.request("POST", w.at("offers/new"), url.Values{"name": {"Boots"}, "url": {"https://shop.example/boots"}, "status": {"active"}, "currency": {"USD"}, "payout_kind": {"fixed"}, "payout": {"5.00"},
		"questions.0.key": {"where"}, "questions.0.label": {"Where <b>?"}, "questions.0.kind": {"text"}, "questions.0.required": {"true"}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("offer: %d", res.StatusCode)
	}
	o := w.lastOffer()

	terms := w.at("terms/new")
	if res := w.request("POST", terms, url.Values{"offer": {o.ID}, "text": {"Be kind."}, "window_days": {"-1"}, "commission_kind": {"fixed"}, "commission": {"3.00"}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("terms: %d", res.StatusCode)
	}
	if code, body := w.post(terms, url.Values{"offer": {o.ID}, "text": {"Be kinder."}, "window_days": {"-1"}, "from": {"2001-01-01"}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "terms_past") {
		t.Errorf("terms of the past: %d", code)
	}
	if res := w.request("POST", terms, url.Values{"offer": {o.ID}, "text": {"Be kinder."}, "window_days": {"-1"}, "from": {"2999-01-01"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("terms to come: %d", res.StatusCode)
	}
	has(w.at("offers/"+o.ID), "Version 1", "Version 2", "announced", "terms/new?offer="+o.ID, "who applies and is approved", "Where &lt;b&gt;?")

	// A version that exists is shown, not edited.
	versions, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindTerms, Workspace: w.ws.ID, Filter: map[string]string{"offer": o.ID}})
	if err != nil || len(versions) != 2 {
		t.Fatalf("%v %v", versions, err)
	}
	first := w.at("terms/" + versions[1].Base().ID + "/edit")
	has(first, "Be kind.", "never changes", "3.00", "30 days", "any time", "Archive")
	if page := w.page(first); strings.Contains(page, "<textarea") || strings.Contains(page, ">Save<") || strings.Contains(page, `name="cookie_days" type=`) || strings.Contains(page, "<select id=") {
		t.Error("a version of the terms can be edited")
	}
	for _, p := range w.pubs[:3] {
		_, err := w.cat.Apply(t.Context(), catalog.Applicant{Workspace: w.ws.ID, Publisher: p.ID, Actor: "usr_1", Address: "203.0.113.9"}, o.ID, &catalog.ApplicationDoc{Terms: 1, Answers: []catalog.AnswerDoc{{Key: "where", Value: "<i>Blog</i>"}}})
		w.must(err)
	}
	has(w.at("applications"), "3 applications wait", "&lt;i&gt;Blog&lt;/i&gt;", "Where &lt;b&gt;?", "accepted version 1", "203.0.113.9")
	rows, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"status": catalog.Applied}})
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v %v", rows, err)
	}
	ids := []string{rows[0].Base().ID, rows[1].Base().ID, rows[2].Base().ID}
	if code, body := w.post(w.at("applications"), url.Values{"ids": {ids[0]}, "action": {"reject"}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "the publisher reads it") {
		t.Errorf("rejecting without a reason: %d", code)
	}
	if res := w.request("POST", w.at("applications"), url.Values{"ids": {ids[0], ids[1], ""}, "action": {"approve"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("approving two: %d", res.StatusCode)
	}
	if code, body := w.post(w.at("applications"), url.Values{"ids": {ids[0], ids[2]}, "action": {"reject"}, "reason": {"No blog there."}}); code != http.StatusConflict || !strings.Contains(body, ids[0]+": ") || !strings.Contains(body, "No blog there.") {
		t.Errorf("rejecting one that is approved, and one: %d", code)
	}
	has(w.at("enrollments/"+ids[0]+"/edit"), "accepted version 1", "&lt;i&gt;Blog&lt;/i&gt;")
	links, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindLink, Workspace: w.ws.ID, Filter: map[string]string{"offer": o.ID}})
	if err != nil || len(links) != 2 {
		t.Errorf("links of the approved: %v %v", links, err)
	}
}
