package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// filledOffer is the query that fills in a new offer's form.
func filledOffer(w *world) string {
	v := url.Values{
		"name": {"Trail shoes, spring"}, "advertiser": {w.advs[3].ID}, "append_click_id": {"true"}, "url": {"https://shop.example/trail?pub={publisher_id}&s={sub1|direct}&o={offer_name}"},
		"currency": {"EUR"}, "payout": {"12.50"}, "commission_kind": {"percent_payout"}, "commission_percent": {"60"}, "countries": {"DE AT CH FR IT ES PL"}, "devices": {"phone\ntablet"},
		"geo_payouts.0.country": {"US"}, "geo_payouts.0.payout": {"15.00"}, "geo_payouts.1.country": {"DE"}, "geo_payouts.1.payout": {"9.00"},
		"caps.0.limit": {"100"}, "caps.0.event": {"conversions"}, "caps.0.period": {"daily"}, "caps.1.limit": {"2500"}, "caps.1.event": {"clicks"}, "caps.1.period": {"total"}, "caps.1.publisher": {"each"},
		"keywords.0.value": {"trail running shoes"}, "keywords.0.weight": {"3"}, "keywords.0.param": {"q"}, "keywords.1.value": {"mountain shoes"}, "keywords.1.weight": {"1"}, "keywords.1.param": {"q"},
	}
	return "?" + v.Encode()
}

// typed is a valid offer form, with everything that is posted besides.
func typed(w *world, more ...string) url.Values {
	v := url.Values{"name": {"Shoes"}, "url": {"https://shop.example/?c={click_id}"}, "status": {"active"}, "currency": {"USD"}, "payout_kind": {"fixed"}, "payout": {"5.00"}, "caps": {""}, "keywords": {""}, "geo_payouts": {""}, "questions": {""}}
	for i := 0; i+1 < len(more); i += 2 {
		v[more[i]] = append(v[more[i]], more[i+1])
	}
	return v
}

func (w *world) lastOffer() *catalog.Offer {
	w.t.Helper()
	rows, err := w.cat.List(context.Background(), w.owner, catalog.Query{Kind: catalog.KindOffer, Workspace: w.ws.ID, Limit: 1})
	w.must(err)
	return rows[0].(*catalog.Offer)
}

// TestOfferRows posts tables: blank rows do not count, whatever their numbers.
func TestOfferRows(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Rows")
	res := w.request("POST", w.at("offers/new"), typed(w,
		"caps.7.limit", "100", "caps.7.event", "clicks", "caps.7.period", "weekly", "caps.3.limit", "5", "caps.3.event", "conversions", "caps.3.period", "total", "caps.3.publisher", "each",
		"caps.5.limit", " ", "caps.5.event", "conversions", "caps.5.period", "daily", "caps.x.limit", "9", "caps.-1.limit", "9",
		"geo_payouts.0.country", " us ", "geo_payouts.0.payout", "8.00", "geo_payouts.1.country", "", "geo_payouts.1.payout", "",
		"keywords.0.value", "shoes", "keywords.0.weight", "", "keywords.0.param", "q", "keywords_paste", "running shoes|3\r\ntrail shoes\t2\n\nplain\n", "keywords_paste_param", "q",
		"questions.1.key", "channel", "questions.1.label", "Where?", "questions.1.kind", "choice", "questions.1.options", "Blog | Mail |", "questions.1.required", "true", "questions.2.kind", "text", "questions.2.required", "false",
		"tags", "spring sale, email", "devices", "phone", "devices", "tablet", "devices", "", "cap_states", "approved", "cap_states", ""))
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d: %s", res.StatusCode, text(body(t, res)))
	}
	o := w.lastOffer()
	for _, c := range []struct{ got, want string }{
		{fmt.Sprint(o.Caps), "[{conversions total 5  each} {clicks weekly 100  }]"},
		{fmt.Sprint(o.GeoPayouts), "[{US 800}]"},
		{fmt.Sprint(o.Keywords), "[{q shoes 1} {q running shoes 3} {q trail shoes 2} {q plain 1}]"},
		{fmt.Sprint(o.Questions), "[{channel Where? true choice [Blog Mail]}]"},
		{fmt.Sprint(o.Tags), "[email spring sale]"}, {fmt.Sprint(o.Devices), "[phone tablet]"}, {fmt.Sprint(o.CapStates), "[approved]"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	// The same form again, with tables emptied: nothing of them stays.
	page := w.page(w.at("offers/" + o.ID + "/edit"))
	if !strings.Contains(page, `name="caps.1.limit" value="100"`) || !strings.Contains(page, `name="keywords.3.value" value="plain"`) || !strings.Contains(page, `name="questions.0.options" value="Blog | Mail"`) {
		t.Error("stored rows are not in the form")
	}
	res = w.request("POST", w.at("offers/"+o.ID+"/edit"), typed(w, "advertiser", ""))
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d: %s", res.StatusCode, text(body(t, res)))
	}
	if o = w.lastOffer(); len(o.Caps)+len(o.GeoPayouts)+len(o.Keywords)+len(o.Questions) != 0 {
		t.Errorf("emptied tables left %v %v %v %v", o.Caps, o.GeoPayouts, o.Keywords, o.Questions)
	}
}

// TestOfferRefusals: every refused cell has its sentence and its code beside it and a
// line in the summary that leads there, and nothing that was typed is lost.
func TestOfferRefusals(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Refused")
	for _, c := range []struct {
		name   string
		posted []string
		code   string
		anchor string // of the field, "" = any
		keep   []string
	}{
		{"country", []string{"geo_payouts.4.country", "XX", "geo_payouts.4.payout", "1.00"}, "unknown_country", "f-geo-payouts-0-country", []string{`value="XX"`, `value="1.00"`}},
		{"geo amount", []string{"geo_payouts.0.country", "DE", "geo_payouts.0.payout", "1.005"}, "amount_precision", "f-geo-payouts-0-payout", []string{`value="1.005"`}},
		{"geo under auto", []string{"payout_kind", "", "geo_payouts.0.country", "DE", "geo_payouts.0.payout", "1.00"}, "", "", []string{`value="DE"`}},
		{"limit", []string{"caps.0.limit", "many", "caps.0.event", "clicks", "caps.0.period", "daily"}, "type", "f-caps-0-limit", []string{`value="many"`, `<option value="clicks" selected>`}},
		{"no limit", []string{"caps.0.limit", "", "caps.0.publisher", "each"}, "required", "f-caps-0-limit", []string{`<option value="each" selected>`}},
		{"weight", []string{"keywords_paste", "a|b|x"}, "type", "f-keywords-0-weight", []string{`value="a|b"`, `value="x"`}},
		{"zero weight", []string{"keywords.0.value", "a", "keywords.0.weight", "0"}, "zero_weight", "f-keywords-0-weight", nil},
		{"url", []string{"url", ""}, "", "", nil},
		{"token", []string{"static_url", "https://shop.example/{sub1}"}, "url_token_unknown", "f-static-url", []string{`https://shop.example/{sub1}`}},
		{"append", []string{"append_click_id", "true"}, "append_needs_advertiser", "f-append-click-id", []string{"checked"}},
		{"device", []string{"devices", "toaster"}, "not_one_of", "f-devices", []string{`value="toaster" checked`}},
	} {
		v := typed(w, "notes", "kept <notes>", "tags", "a tag", "caps.9.limit", "77", "caps.9.event", "conversions", "caps.9.period", "monthly")
		for i := 0; i+1 < len(c.posted); i += 2 {
			v[c.posted[i]] = []string{c.posted[i+1]}
		}
		if c.name == "geo under auto" {
			v.Set("payout_kind", "postback")
			c.code, c.anchor = "geo_needs_fixed", "f-geo-payouts"
		}
		if c.name == "url" {
			v.Set("url", "")
			c.code, c.anchor = "required", "f-url"
		}
		res := w.request("POST", w.at("offers/new"), v)
		page := body(t, res)
		if res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", c.name, res.StatusCode)
			continue
		}
		for _, want := range append(c.keep, `<a href="#`+c.anchor+`">`, `id="`+c.anchor+`"`, "<code>"+c.code+"</code>", `value="77"`, "kept &lt;notes&gt;", `value="a tag"`) {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %s\n%s", c.name, want, text(page)[:300])
			}
		}
		if strings.Count(page, "<code>"+c.code+"</code>") != 2 {
			t.Errorf("%s: the code is there %d times, want at the field and in the summary", c.name, strings.Count(page, "<code>"+c.code+"</code>"))
		}
		checkMarkup(t, c.name, []byte(page))
	}
}

// TestEverythingWrong: one answer names all that is wrong, also beside numbers that are
// none.
func TestEverythingWrong(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Wrong")
	v := typed(w, "cookie_days", "x", "caps.0.limit", "many", "caps.1.limit", "", "caps.1.publisher", "each", "geo_payouts.0.country", "XX", "geo_payouts.0.payout", "-1")
	v.Set("url", "https://shop.example/?c={clik_id}")
	res := w.request("POST", w.at("offers/new"), v)
	page := body(t, res)
	for _, want := range []string{"#f-url", "#f-cookie-days", "#f-caps-0-limit", "#f-caps-1-limit", "#f-geo-payouts-0-country", "#f-geo-payouts-0-payout"} {
		if !strings.Contains(page, `<a href="`+want+`">`) {
			t.Errorf("status %d; %s is not in the summary", res.StatusCode, want)
		}
	}
	if n := strings.Count(page, "This must be a whole number."); n != 4 {
		t.Errorf("%d sentences about numbers, want two fields' twice", n)
	}
}

// TestTooManyRows: hostile and absurd tables are bounded and refused.
func TestTooManyRows(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Bounds")
	paste := strings.Repeat("word\n", maxRows+1)
	res := w.request("POST", w.at("offers/new"), typed(w, "keywords_paste", paste))
	page := body(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "too_many") || strings.Count(page, "\nword") < maxRows {
		t.Errorf("status %d; the pasted lines are lost", res.StatusCode)
	}
	v := typed(w)
	for i := range 30 {
		v.Set("caps."+itoa(i*1000)+".limit", itoa(i))
	}
	v.Set("caps.99999999999999999999.limit", "1")
	res = w.request("POST", w.at("offers/new"), v)
	page = body(t, res)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, "<code>too_many</code>") || !strings.Contains(page, `name="caps.29.limit" value="29"`) {
		t.Errorf("thirty caps: status %d", res.StatusCode)
	}
}

// TestOfferPreview: the panel renders as the edge would, without saving, by script and
// without.
func TestOfferPreview(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Preview")
	adv := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Net & Co", Type: catalog.TypeNetwork, TokenRequired: true, ClickParam: "aff_sub", ClickMacro: "#sub#", PayoutMacro: "#price#"})
	v := typed(w, "advertiser", adv.ID, "append_click_id", "true", "static_url", "https://static.example/x", "keywords.0.value", "trail shoes", "keywords.0.param", "q",
		"geo_payouts.0.country", "DE", "geo_payouts.0.payout", "9.00")
	v.Set("url", "https://shop.example/?s={offer_static_url}&n={offer_name}&k={keyword}")
	v.Set("currency", "EUR")
	check := func(page string, wants ...string) {
		t.Helper()
		plain := strings.NewReplacer("<b>", "", "</b>", "").Replace(page)
		for _, want := range wants {
			if !strings.Contains(plain, want) {
				t.Errorf("the preview lacks %s", want)
			}
		}
	}
	all := []string{"?s=https%3A%2F%2Fstatic.example%2Fx&amp;n=Shoes&amp;k=trail%20shoes&amp;q=trail%20shoes&amp;aff_sub=019caeddfa8300001d0c5e3f9ab21477",
		"/postback?click_id=#sub#", "token=" + adv.Token, "· from Germany", "9.00\u00a0EUR", "shows an internal name", "Appends aff_sub=…, the parameter of Net &amp; Co.", "converted with the rate of its day"}
	page := body(t, w.request("POST", w.at("offers/preview"), v))
	check(page, all...)
	v.Set("_preview", "1")
	res := w.request("POST", w.at("offers/new"), v)
	page = body(t, res)
	if res.StatusCode != http.StatusOK || !strings.Contains(page, `value="trail shoes"`) {
		t.Errorf("without a script: status %d", res.StatusCode)
	}
	check(page, all...)
	if rows, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindOffer, Workspace: w.ws.ID, Limit: 5}); err != nil || len(rows) != 0 {
		t.Errorf("a preview saved something: %v %v", rows, err)
	}
	v.Set("url", "https://shop.example/?c={click_id}")
	check(body(t, w.request("POST", w.at("offers/preview"), v)), "The URL has {click_id} already, so nothing is appended.", "?c=019caeddfa8300001d0c5e3f9ab21477&amp;q=trail%20shoes</p>")
	v.Set("url", "https://shop.example/?c={clik_id}")
	check(body(t, w.request("POST", w.at("offers/preview"), v)), `data-bad="{clik_id"`, `data-good="{click_id"`, "url_token_unknown")
	v.Set("payout_kind", "postback")
	v.Set("payout", "")
	check(body(t, w.request("POST", w.at("offers/preview"), v)), "what the postback says", "Without a payout in it")
}
