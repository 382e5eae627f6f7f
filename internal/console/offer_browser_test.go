package console

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"clickledger/internal/catalog"
)

// eval gives the value of an expression in the page as text.
func (b *browser) eval(js string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+js+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", js, err)
	}
	return s
}

// until waits for an expression to contain a text.
func (b *browser) until(js, want string) {
	b.t.Helper()
	got := ""
	for range 100 {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+js+")"))
		if err == nil { // a page that is being left has no answer yet
			got = v
		}
		if err == nil && strings.Contains(got, want) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("%s is %q, want %q", js, got, want)
}

func (b *browser) open(u string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(u)); err != nil {
		b.t.Fatal(err)
	}
}

// TestOfferFormScript drives the offer form in Chromium: rows, tokens at the caret, the
// panel beside it, what shows and hides, and the way to a saved offer and back.
func TestOfferFormScript(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	adv := make2[*catalog.Advertiser](w, &catalog.AdvertiserDoc{Name: "Net", Type: catalog.TypeNetwork, TokenRequired: true, ClickParam: "aff_sub"})
	b := openBrowser(t)
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	if err := chromedp.Do(b.ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1300, Height: 900, DeviceScaleFactor: 1}),
		command(network.ClearBrowserCookies, cdp.Empty{}), command(network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: w.cookie, URL: srv.URL})); err != nil {
		t.Fatal(err)
	}
	b.open(srv.URL + w.at("offers/new"))
	b.eval(`window.$ = (s) => document.querySelector(s), window.is = (s) => { const e = $(s); return !!e && e.checkVisibility(); },
		window.set = (n, v) => { const e = $("[name='" + n + "']"); e.value = v; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); }`)
	want := func(js, want string) {
		t.Helper()
		if got := b.eval(js); got != want {
			t.Errorf("%s is %q, want %q", js, got, want)
		}
	}
	// The switch is there only with an advertiser, and names its parameter.
	want(`is("[name=append_click_id]")`, "false")
	b.eval(`set("advertiser", "` + adv.ID + `")`)
	want(`is("[name=append_click_id]")`, "true")
	b.until(`$("[data-live=append_click_id]").textContent`, "Would append aff_sub")
	b.eval(`set("name", "Trail shoes"), set("url", "https://shop.example/?a=&b=2"), $("[name=append_click_id]").click()`)
	b.until(`$("#preview .url")?.textContent`, "https://shop.example/?a=&b=2&aff_sub=019c")
	// A token goes in at the caret, from the chips and from the list that is searched.
	b.eval(`$("[name=url]").setSelectionRange(24, 24), [...document.querySelectorAll(".quick button")].find((e) => e.textContent === "{sub1}").click()`)
	want(`$("[name=url]").value`, "https://shop.example/?a={sub1}&b=2")
	want(`$("[name=url]").selectionStart`, "30")
	b.eval(`$(".tok summary").click(), $(".tok input").value = "affiliate_network_name", $(".tok input").dispatchEvent(new Event("input", {bubbles: true}))`)
	want(`[...document.querySelectorAll(".tok .row")].filter((e) => e.checkVisibility()).map((e) => e.querySelector("button").textContent).join()`, "{advertiser_name}")
	b.eval(`$("[name=url]").setSelectionRange(30, 30), $(".tok input").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))`)
	want(`$("[name=url]").value`, "https://shop.example/?a={sub1}{advertiser_name}&b=2")
	b.until(`$("[data-live=url]").textContent`, "{advertiser_name} shows an internal name")
	// An unknown token is flagged while typing, with the nearest one to take.
	b.eval(`set("url", "https://shop.example/?c={clik_id|x}")`)
	b.until(`$("[data-live=url] .fix")?.textContent`, "Use {click_id}")
	b.eval(`$("[data-live=url] .fix").click()`)
	want(`$("[name=url]").value`, "https://shop.example/?c={click_id|x}")
	b.until(`$("[data-live=append_click_id]").textContent`, "has {click_id} already")
	// Countries only with Manual; what was typed stays in sight.
	want(`is("#f-geo-payouts table")`, "true")
	b.eval(`$("[name=payout_kind][value=postback]").click()`)
	want(`is("#f-geo-payouts table") + " " + is("#f-geo-payouts .help")`, "false true")
	b.eval(`$("[name=payout_kind][value=fixed]").click(), set("payout", "12.50")`)
	want(`$("[data-mirror=payout]").textContent`, "12.50")
	b.eval(`$("#f-geo-payouts [data-add]").click()`)
	want(`document.activeElement.name.endsWith(".country")`, "true")
	b.eval(`document.activeElement.value = "DE"`)
	b.eval(`document.querySelector("#f-geo-payouts tbody tr:last-child td.num input").value = "9.00", $("#f-geo-payouts tbody tr:last-child td.num input").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))`)
	want(`document.querySelectorAll("#f-geo-payouts tbody tr").length`, "3")
	b.until(`$("#preview").textContent`, "· from Germany")
	b.eval(`$("[name=payout_kind][value=postback]").click()`)
	want(`is("#f-geo-payouts table")`, "true")
	b.eval(`document.querySelectorAll("#f-geo-payouts [data-remove]")[1].click()`)
	want(`document.querySelectorAll("#f-geo-payouts tbody tr").length + document.activeElement.ariaLabel`, "2Remove this row")
	b.eval(`$("[name=payout_kind][value=fixed]").click()`)
	// Folded sections open by their anchor; keywords come in by the dozen.
	b.eval(`$(".anchors a[href='#keywords']").click()`)
	b.until(`is("[name=keywords_paste]") || ($(".bulk").open = true)`, "true")
	b.eval(`$("[name=keywords_paste]").value = "trail shoes|3\nroad shoes", $("[name=keywords_paste_param]").value = "q", $("[data-paste]").click()`)
	want(`[...document.querySelectorAll("#f-keywords tbody input")].map((e) => e.value).join()`, "trail shoes,3,q,road shoes,,q")
	want(`$("[name=keywords_paste]").value`, "")
	b.until(`$("#preview .url")?.textContent`, "q=trail%20shoes")
	want(`$("form.form").classList.contains("changed")`, "true")
	b.eval(`$("form.form .btn.primary").click()`)
	b.until(`location.pathname`, "/offers/off")
	o := w.lastOffer()
	if len(o.GeoPayouts) != 1 || o.GeoPayouts[0].Payout != 900 || len(o.Keywords) != 2 || o.URL != "https://shop.example/?c={click_id|x}" || !o.AppendClickID || o.Advertiser != adv.ID {
		t.Errorf("saved %+v", o)
	}
	// A refusal leads to the cell, in a section that is open.
	v := typed(w, "caps.0.limit", "-5")
	b.open(srv.URL + w.at("offers/"+o.ID+"/edit"))
	b.eval(`window.$ = (s) => document.querySelector(s), $("#caps details").open = true, $("#f-caps [data-add]").click(), document.activeElement.value = "` + url.QueryEscape(v.Get("caps.0.limit")) + `", $("form.form .btn.primary").click()`)
	b.until(`document.querySelector(".errs a")?.textContent`, "Caps, row 1, at most")
	if got := b.eval(`(($) => String($("#caps details").open) + " " + $("#f-caps-0-limit").value + " " + $("#f-caps td code").textContent)((s) => document.querySelector(s))`); got != "true -5 out_of_range" {
		t.Errorf("after a refusal: %s", got)
	}
	// A template fills in what is blank.
	b.eval(`document.querySelector("form.form").classList.remove("changed")`)
	b.open(srv.URL + w.at("advertisers/new"))
	b.eval(`(($) => { $("[name=payout_macro]").value = "%mine%"; const s = $("[name=template]"); s.value = "cake"; s.dispatchEvent(new Event("change", {bubbles: true})); })((s) => document.querySelector(s))`)
	if got := b.eval(`["click_param", "click_macro", "payout_macro", "txid_macro"].map((n) => document.querySelector("[name=" + n + "]").value).join(" ")`); got != "s2 #s2# %mine% #leadid#" {
		t.Errorf("the template filled in %s", got)
	}
	b.until(`document.querySelector("#preview .take code").textContent`, "click_id=#s2#&payout=%mine%")
	b.eval(`document.querySelector("form.form").classList.remove("changed")`)
	if got := b.eval(`wrong.join("; ")`); got != "" {
		t.Errorf("the browser complains: %s", got)
	}
}
