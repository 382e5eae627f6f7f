package api_test

import (
	"bytes"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/qrcode"

	"github.com/google/go-cmp/cmp"
)

func TestLinkPresets(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	link := "/links/" + s.ids["links"]
	if got := w.call(w.reader, "GET", link, "").want(200).get("subs"); !cmp.Equal(got, []any{}) {
		t.Errorf("without presets: %v, want an empty list", got)
	}
	if got := w.call(w.writer, "PATCH", link, `{"subs":["spring mail","","banner",""]}`).want(200).get("subs"); !cmp.Equal(got, []any{"spring mail", "", "banner"}) {
		t.Errorf("presets %v", got)
	}
	if got := w.call(w.writer, "PATCH", link, `{"name":"Other"}`).want(200).get("subs"); !cmp.Equal(got, []any{"spring mail", "", "banner"}) {
		t.Errorf("presets after another change: %v", got)
	}
	for body, rule := range map[string]string{
		`{"subs":["` + strings.Repeat("a", 201) + `"]}`: "too_long", `{"subs":["a\u0000"]}`: "characters", `{"subs":["{sub}"]}`: "unreplaced_macro",
		`{"subs":[` + strings.Repeat(`"",`, 20) + `""]}`: "too_many", `{"subs":"a"}`: "type", `{"subs":[null]}`: "type",
	} {
		if got := w.call(w.writer, "PATCH", link, body).want(422).rules(); got["subs"] != rule {
			t.Errorf("%.40s: %v, want %s", body, got, rule)
		}
	}
	if got := w.call(w.writer, "PATCH", link, `{"subs":null}`).want(200).get("subs"); !cmp.Equal(got, []any{}) {
		t.Errorf("null: %v, want an empty list", got)
	}
}

func TestDeepLinks(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	link := "/links/" + s.ids["links"]
	base := w.call(w.reader, "GET", link, "").want(200).text("tracking_url")
	denied := w.call(w.reader, "POST", link+"/deep-link", `{"url":"https://shop.example/sale"}`).want(422)
	if got := denied.rules(); got["url"] != "deep_link_denied" || !strings.Contains(denied.text("errors.0.message"), "The offer allows no hosts") {
		t.Errorf("an offer without a list: %s", denied.body)
	}
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"deep_links":["shop.example",".sale.example"]}`).want(200)
	made := w.call(w.reader, "POST", link+"/deep-link", `{"url":"https://Shop.example/sale?a=1","subs":["x"]}`).want(200)
	if made.text("tracking_url") != base+"?sub1=x&url=https%3A%2F%2Fshop.example%2Fsale%3Fa%3D1" || made.text("lands_on") != "https://shop.example/sale?a=1" {
		t.Errorf("made %s", made.body)
	}
	for body, want := range map[string]map[string]string{
		`{"url":"https://evil.example/"}`:                {"url": "deep_link_denied"},
		`{"url":"shop.example"}`:                         {"url": "deep_link_invalid"},
		`{"url":"https://shop.example/","subs":["{a}"]}`: {"subs": "unreplaced_macro"},
		`{}`: {"url": "required"},
		`{"url":7,"page":"https://shop.example/"}`:                           {"url": "type", "page": "unknown_field"},
		`{"url":"https://shop.example/` + strings.Repeat("%26", 3000) + `"}`: {"url": "deep_link_invalid"},
	} {
		a := w.call(w.reader, "POST", link+"/deep-link", body).want(422)
		if got := a.rules(); !cmp.Equal(got, want) {
			t.Errorf("%.60s: %v, want %v", body, got, want)
		}
	}
	if a := w.call(w.reader, "POST", link+"/deep-link", `{"url":"https://evil.example/"}`); !strings.Contains(a.text("errors.0.message"), "Allowed: shop.example, sale.example and all hosts below it.") {
		t.Errorf("denied without the hosts that are allowed: %s", a.body)
	}
	w.call(w.reader, "POST", link+"/deep-link", `[]`).want(400)
}

func TestQRCodes(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"deep_links":["shop.example"]}`).want(200)
	link := "/links/" + s.ids["links"]
	base := w.call(w.reader, "GET", link, "").text("tracking_url")
	deep := url.QueryEscape("https://shop.example/sale")
	for query, text := range map[string]string{"": base, "?url=" + deep: base + "?url=" + deep} {
		want, err := qrcode.SVG(text)
		if err != nil {
			t.Fatal(err)
		}
		svg := w.call(w.reader, "GET", link+"/qr.svg"+query, "").want(200)
		if !bytes.Equal(svg.body, want) || svg.header.Get("Content-Type") != "image/svg+xml" || svg.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %.80s as %s", query, svg.body, svg.header.Get("Content-Type"))
		}
		pic := w.call(w.reader, "GET", link+"/qr.png"+query, "").want(200)
		if _, err := png.Decode(bytes.NewReader(pic.body)); err != nil || pic.header.Get("Content-Type") != "image/png" {
			t.Errorf("%q: %v as %s", query, err, pic.header.Get("Content-Type"))
		}
	}
	for query, rule := range map[string]string{
		"?url=https%3A%2F%2Fevil.example%2F": "deep_link_denied", "?url=x": "deep_link_invalid", "?url=" + url.QueryEscape("https://shop.example/"+strings.Repeat("a", 3000)): "too_long",
	} {
		if got := w.call(w.reader, "GET", link+"/qr.svg"+query, "").want(422).rules(); got["url"] != rule {
			t.Errorf("%.60s: %v, want %s", query, got, rule)
		}
	}
}
