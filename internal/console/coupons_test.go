package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// coupons makes some coupons, by the form, and an order of the first one; it gives the
// first one's id.
func (w *world) coupons(t *testing.T) string {
	t.Helper()
	for i, v := range []url.Values{
		{"code": {"ANNA10"}, "notes": {"Her newsletter."}}, {"code": {"Trail-Spring"}, "valid_from": {"2026-03-01"}, "valid_until": {"2026-05-31"}},
		{"code": {"BEE"}, "status": {"paused"}}, {"code": {"FINN-XMAS"}, "valid_from": {"2026-12-01"}},
	} {
		v.Set("publisher", w.pubs[i].ID)
		v.Set("offer", w.offs[i].ID)
		res := w.request("POST", w.at("coupons/new"), v)
		if res.StatusCode != http.StatusSeeOther {
			t.Fatalf("coupon %s: %d", v.Get("code"), res.StatusCode)
		}
	}
	w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: "token=" + w.advs[0].Token + "&coupon=anna10&txid=C-1001&geo=US"})
	w.publish()
	rows, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindCoupon, Workspace: w.ws.ID, Filter: map[string]string{"code": "anna10"}})
	if err != nil || len(rows) != 1 {
		t.Fatalf("coupons %v, %v", rows, err)
	}
	return rows[0].Base().ID
}

// newest is the last conversion.
func (w *world) newest() *conversion.Conversion {
	cs, err := w.db.Books().ListConversions(context.Background(), conversion.Query{Workspace: w.ws.ID, Limit: 1})
	w.must(err)
	return cs[0]
}

func TestCoupons(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	id := w.coupons(t)
	has := func(path string, wants ...string) {
		t.Helper()
		page := w.page(path)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	has(w.at("coupons"), "ANNA10", "Anna&#39;s shoe reviews", "ended on 2026-05-31", "begins on 2026-12-01", "Paused", "2026-03-01 to 2026-05-31", "coupons/"+id+"/edit")
	if page := w.page(w.at("coupons") + "?publisher=" + w.pubs[1].ID); strings.Contains(page, "ANNA10") || !strings.Contains(page, "Trail-Spring") {
		t.Error("the filter by publisher")
	}
	has(w.at("search")+"?q=anna10", "ANNA10", "Coupons")
	has(w.at("publishers/"+w.pubs[0].ID), "ANNA10", "coupons/new?publisher="+w.pubs[0].ID)
	has(w.at("coupons/new")+"?publisher="+w.pubs[0].ID, "Choose an offer", `value="`+w.pubs[0].ID+`" selected`)
	edit := w.at("coupons/" + id + "/edit")
	has(edit, "It cannot be changed.", w.offs[0].Name, `value="ANNA10"`)

	// The conversion says that there was no click, and whose coupon it was.
	cv := w.newest()
	page := w.page(w.at("conversions/" + cv.ID))
	for want, is := range map[string]bool{"No click came with it.": true, "whose coupon &#34;ANNA10&#34; it brought": true, "Matched by": true, "A visitor opened the link": false, ">Click<": false} {
		if strings.Contains(page, want) != is {
			t.Errorf("the conversion's page has %q: %v", want, !is)
		}
	}
	has(w.at("signals/"+cv.Signal), "No click came with it.")

	// What is wrong stands at its field.
	for name, test := range map[string]struct {
		v    url.Values
		want string
	}{
		"taken":          {url.Values{"offer": {w.offs[0].ID}, "publisher": {w.pubs[0].ID}, "code": {"Anna10"}}, "Is used by ANNA10"},
		"no right to it": {url.Values{"offer": {w.offs[6].ID}, "publisher": {w.pubs[0].ID}, "code": {"NEW"}}, "no approved enrollment"},
		"not a day":      {url.Values{"offer": {w.offs[0].ID}, "publisher": {w.pubs[0].ID}, "code": {"NEW"}, "valid_until": {"31.12."}}, "Must be a day such as"},
	} {
		code, body := w.post(w.at("coupons/new"), test.v)
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d without %q", name, code, test.want)
		}
	}
	// Another publisher is not taken over by editing; the code and the dates are.
	if res := w.request("POST", edit, url.Values{"publisher": {w.pubs[1].ID}, "code": {"ANNA15"}, "valid_until": {"2026-12-31"}, "status": {"active"}}); res.StatusCode != http.StatusSeeOther {
		t.Errorf("saved: %d", res.StatusCode)
	}
	e, err := w.cat.Get(t.Context(), w.owner, catalog.KindCoupon, w.ws.ID, id)
	if c := e.(*catalog.Coupon); err != nil || c.Code != "ANNA15" || c.ValidUntil != "2026-12-31" || c.Publisher != w.pubs[0].ID {
		t.Errorf("saved %+v, %v", c, err)
	}
	// An operator enters an order by its coupon.
	res := w.request("POST", w.at("conversions/new"), url.Values{"coupon": {"anna15"}, "txid": {"C-2"}, "do": {"record"}})
	if res.StatusCode != http.StatusSeeOther || w.newest().Order != "C-2" || w.newest().Publisher != w.pubs[0].ID {
		t.Errorf("entered: %d, %+v", res.StatusCode, w.newest())
	}
}
