package console

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/qrcode"
	"clickledger/internal/routing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/google/go-cmp/cmp"
)

// house is a paused link of the house, with presets, to an offer without an allow-list.
func (w *world) house() *catalog.Link {
	o := w.offer(w.advs[0].ID)
	return make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Name: "Our own newsletter", Status: catalog.StatusPaused, Source: "house", Subs: []string{"summer mail", "", "footer"}})
}

func (w *world) linkRow(id string) *catalog.Link {
	w.t.Helper()
	e, err := w.cat.Get(context.Background(), w.owner, catalog.KindLink, w.ws.ID, id)
	w.must(err)
	return e.(*catalog.Link)
}

// TestLinkPresetsInForms: presets are typed one an input, by their places; a form loses
// none, and refuses what the catalog refuses, at the field.
func TestLinkPresetsInForms(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	o := w.offer("")
	res := w.request("POST", w.at("links/new"), url.Values{"offer": {o.ID}, "name": {"spring"}, "subs": {"", " a, b c ", "", "four", ""}})
	to := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(to, w.at("links/lnk_")) {
		t.Fatalf("status %d to %q, want the link's page", res.StatusCode, to)
	}
	id := strings.TrimPrefix(to, w.at("links/"))
	id, _, _ = strings.Cut(id, "?")
	if l := w.linkRow(id); !cmp.Equal(l.Subs, []string{"", "a, b c", "", "four"}) {
		t.Errorf("presets %q", l.Subs)
	}
	many := &catalog.LinkDoc{Offer: o.ID, Status: catalog.StatusActive, Subs: []string{"1", "2", "3", "4", "5", "6", "7"}}
	l := make2[*catalog.Link](w, many)
	page := w.page(w.at("links/" + l.ID + "/edit"))
	if n := strings.Count(page, `name="subs"`); n != 7 {
		t.Errorf("%d inputs for seven presets", n)
	}
	posted := url.Values{"name": {"x"}, "status": {"active"}, "subs": many.Subs}
	if res := w.request("POST", w.at("links/"+l.ID+"/edit"), posted); res.StatusCode != 303 {
		t.Errorf("status %d", res.StatusCode)
	}
	if l := w.linkRow(l.ID); !cmp.Equal(l.Subs, many.Subs) || l.Name != "x" {
		t.Errorf("saved %q as %q", l.Name, l.Subs)
	}
	posted.Set("subs", "{sub}")
	res = w.request("POST", w.at("links/"+l.ID+"/edit"), posted)
	if b := body(t, res); res.StatusCode != 422 || !strings.Contains(b, "unreplaced_macro") || !strings.Contains(b, `value="{sub}"`) {
		t.Errorf("a macro: status %d", res.StatusCode)
	}
	posted["subs"] = []string{"", "", "", "", ""}
	w.request("POST", w.at("links/"+l.ID+"/edit"), posted)
	if l := w.linkRow(l.ID); l.Subs != nil {
		t.Errorf("emptied: %q", l.Subs)
	}
}

// TestLinkPage: a link's page says what the link is, makes deep links without a script,
// and draws codes of both.
func TestLinkPage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	l := w.lnks[0]
	at := w.at("links/" + l.ID)
	base := "https://go.acme-affiliates.com/c/" + l.Key
	page := w.page(at)
	for _, want := range []string{`data-copy="` + base + `"`, "Uniques", "reach the offer", w.pubs[0].Name, "qr.svg", "Allowed: shop.example.", "By sub1", "newsletter-44"} {
		if !strings.Contains(strings.ReplaceAll(page, "&#39;", "'"), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	target := "https://shop.example/sale?page=2"
	deep := base + "?url=" + url.QueryEscape(target)
	for _, p := range []string{w.page(at + "?page=" + url.QueryEscape(target)), w.page(at + "/deep-link?page=" + url.QueryEscape(target))} {
		if !strings.Contains(p, `data-copy="`+deep+`"`) || !strings.Contains(p, "Lands on <code>"+target) || !strings.Contains(p, "qr.svg?page=https%3A%2F%2Fshop.example") {
			t.Error("no deep link on the page")
		}
	}
	for page, code := range map[string]string{"https://evil.example/": "deep_link_denied", "shop.example": "deep_link_invalid"} {
		if p := w.page(at + "?page=" + url.QueryEscape(page)); !strings.Contains(p, code) || strings.Contains(p, "Lands on") {
			t.Errorf("%s: no %s", page, code)
		}
	}
	for query, text := range map[string]string{"": base, "?page=" + url.QueryEscape(target): deep} {
		want, err := qrcode.SVG(text)
		w.must(err)
		res := w.request("GET", at+"/qr.svg"+query, nil)
		if got := body(t, res); got != string(want) || res.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%q: another code, as %s", query, res.Header.Get("Content-Type"))
		}
		if res := w.request("GET", at+"/qr.png"+query, nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%q: PNG %d", query, res.StatusCode)
		}
	}
	if res := w.request("GET", at+"/qr.svg?page=https%3A%2F%2Fevil.example", nil); res.StatusCode != 404 {
		t.Errorf("a code that leads elsewhere: status %d", res.StatusCode)
	}
	house := w.page(w.at("links/" + w.house().ID))
	for _, want := range []string{"The offer allows no other pages", "Edit the offer", "Preset sub1", "summer mail", "Preset sub3", "this link is paused"} {
		if !strings.Contains(house, want) {
			t.Errorf("the house's link: no %q", want)
		}
	}
	if !strings.Contains(w.page(w.at("links")), `data-href="`+at) {
		t.Error("the list does not open the link")
	}
}

// TestLinkGoes: the page says of each state what the edge would do with a visitor.
func TestLinkGoes(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	l := w.lnks[0]
	says := func(want ...string) {
		t.Helper()
		p := w.page(w.at("links/" + l.ID))
		for _, s := range want {
			if !strings.Contains(strings.ReplaceAll(p, "&#39;", "'"), s) {
				t.Errorf("the page lacks %q", s)
			}
		}
	}
	change := func(kind catalog.Kind, id string, do func(catalog.Doc)) {
		t.Helper()
		e, err := w.cat.Get(context.Background(), w.owner, kind, w.ws.ID, id)
		w.must(err)
		docs, err := w.cat.Docs(context.Background(), []catalog.Entity{e})
		w.must(err)
		do(docs[0])
		_, err = w.cat.Update(context.Background(), w.owner, w.ws.ID, id, 0, docs[0])
		w.must(err)
	}
	offer := func(do func(*catalog.OfferDoc)) {
		change(catalog.KindOffer, l.Offer, func(d catalog.Doc) { do(d.(*catalog.OfferDoc)) })
	}
	offer(func(d *catalog.OfferDoc) { d.Countries = []string{"DE"} })
	says("reach the offer, but for other countries than DE")
	offer(func(d *catalog.OfferDoc) { d.Status = catalog.StatusPaused })
	says("get the 404 page: the offer is paused")
	offer(func(d *catalog.OfferDoc) { d.FallbackURL = "https://other.example/x" })
	says("go to the fallback: the offer is paused", "https://other.example/x")
	offer(func(d *catalog.OfferDoc) { d.FallbackOffer = w.offs[1].ID })
	says("go to another offer: the offer is paused", w.offs[1].Name)
	// Of a publisher that the other offer was taken from it gets nobody, either.
	e := make2[*catalog.Enrollment](w, &catalog.EnrollmentDoc{Offer: w.offs[1].ID, Publisher: l.Publisher, Status: catalog.Approved})
	change(catalog.KindEnrollment, e.ID, func(d catalog.Doc) { d.(*catalog.EnrollmentDoc).Status = catalog.Revoked })
	says("go to the fallback: the offer is paused")
	offer(func(d *catalog.OfferDoc) { d.Status = catalog.StatusActive })
	change(catalog.KindPublisher, l.Publisher, func(d catalog.Doc) { d.(*catalog.PublisherDoc).Status = catalog.StatusBanned })
	says("go to the fallback: the publisher is not active")
}

// TestUniquesBesideClicks: ten clicks of two browsers are ten clicks and two uniques, in
// the list, on the page and in the report (seed 5).
func TestUniquesBesideClicks(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	o := w.offer("")
	l := make2[*catalog.Link](w, &catalog.LinkDoc{Offer: o.ID, Name: "ten", Status: catalog.StatusActive})
	w.now = w.now.Add(-time.Hour)
	for i := range 10 {
		v := w.visit(l, "DE", "phone", "x")
		v.Unique = i < 2
		w.facts.rows[len(w.facts.rows)-1] = event.VisitFact(v)
	}
	lost := *w.visit(l, "DE", "phone", "x")
	lost.Click, lost.Unique, lost.Reason = false, false, routing.LinkPaused
	w.facts.rows[len(w.facts.rows)-1] = event.VisitFact(&lost)
	w.now = w.now.Add(time.Hour)
	list := text(w.page(w.at("links")))
	if !strings.Contains(list, "Visits Clicks Uniques") || !strings.Contains(list, " 11 10 2 0 ") {
		t.Errorf("the list says %s", list)
	}
	page := text(w.page(w.at("links/" + l.ID)))
	if !strings.Contains(page, "Visits 11 Clicks 10 Uniques 2") || !strings.Contains(page, "link_paused This link is paused. 1") {
		t.Errorf("the page says %s", page)
	}
	if p := text(w.page(w.at("reports") + "?d=link")); !strings.Contains(p, "ten – 11 10 2 ") {
		t.Errorf("the report says %s", p)
	}
}

// TestDeepLinkWhileTyping: the result follows the typing, in Chromium.
func TestDeepLinkWhileTyping(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	b := openBrowser(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	srv, l := server.URL, w.lnks[0]
	if err := chromedp.Do(b.ctx, command(network.ClearBrowserCookies, cdp.Empty{}), command(network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: w.cookie, URL: srv}), chromedp.Navigate(srv+w.at("links/"+l.ID))); err != nil {
		t.Fatal(err)
	}
	eval := func(js string) string {
		t.Helper()
		s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+js+")"))
		if err != nil {
			t.Fatalf("%s: %v", js, err)
		}
		return s
	}
	until := func(js, want string) {
		t.Helper()
		got := ""
		for range 100 {
			if got = eval(js); strings.Contains(got, want) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("%s is %q, want %q", js, got, want)
	}
	eval(`(window.stays = 1, document.querySelector("[name=page]").focus(), document.execCommand("insertText", false, "https://shop.example/sale"))`)
	until(`document.querySelector("#deep-result .copy input")?.value`, "/c/"+l.Key+"?url=https%3A%2F%2Fshop.example%2Fsale")
	until(`document.querySelector("#deep-result img")?.naturalWidth > 0`, "true")
	eval(`document.execCommand("insertText", false, " bad")`)
	until(`document.querySelector("#deep-result .err")?.textContent`, "deep_link_invalid")
	if eval(`window.stays`) != "1" || eval(`document.activeElement.name`) != "page" || eval(`wrong.join("; ")`) != "" {
		t.Errorf("the page was left, or complains: %s", eval(`wrong.join("; ")`))
	}
}
