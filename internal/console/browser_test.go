package console

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"clickledger/internal/macro"
)

// TestScripts drives what the scripts add, in Chromium: filters without a reload,
// live parts, the panel beside a form, rows by keyboard, the copy button.
func TestScripts(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	b := openBrowser(t)
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(b.ctx, steps...); err != nil {
			t.Fatal(err)
		}
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
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatalf("%s is %q, want %q", js, got, want)
	}
	do(command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1300, Height: 900, DeviceScaleFactor: 1}),
		command(network.ClearBrowserCookies, cdp.Empty{}), command(network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: w.cookie, URL: srv.URL}))

	do(chromedp.Navigate(srv.URL + w.at("conversions")))
	eval(`(window.stays = 1, document.querySelector("select[name=offer]").value = "` + w.offs[2].ID + `", document.querySelector("select[name=offer]").dispatchEvent(new Event("change", {bubbles: true})))`)
	until(`location.search`, "offer="+w.offs[2].ID)
	until(`[...document.querySelectorAll("#list tbody td:nth-child(3)")].every((e) => e.textContent === "Northwind tents")`, "true")
	if eval(`window.stays`) != "1" {
		t.Error("the filter reloaded the page")
	}
	eval(`(document.body.focus(), document.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true})))`)
	until(`document.querySelectorAll("tr.cur").length`, "1")
	eval(`document.dispatchEvent(new KeyboardEvent("keydown", {key: "?", bubbles: true}))`)
	until(`document.querySelector("#keys").open`, "true")

	do(chromedp.Navigate(srv.URL + w.at("") + "?range=today"))
	until(`document.querySelectorAll(".u-over").length`, "2")
	before := eval(`document.querySelector(".figs dd").textContent`)
	w.visit(w.lnks[0], "DE", "mobile", "story")
	until(`document.querySelector(".figs dd").textContent !== "`+before+`"`, "true")
	until(`document.querySelectorAll(".u-over").length`, "2")

	do(chromedp.Navigate(srv.URL + w.at("offers/new")))
	until(`document.querySelector("#preview").textContent`, "shows here as you type")
	eval(`(document.querySelector("[name=url]").focus(), document.execCommand("insertText", false, "https://shop.example/?r="), [...document.querySelectorAll(".tokens button")].find((b) => b.textContent === "{click_id}").click())`)
	until(`document.querySelector("#preview .url")?.textContent`, "https://shop.example/?r="+macro.Tokens[macro.ClickID].Sample)
	until(`document.querySelector("form.form").classList.contains("changed")`, "true")
	eval(`(document.querySelector("[name=url]").value = "https://shop.example/?r={clik_id}", document.querySelector("[name=url]").dispatchEvent(new Event("input", {bubbles: true})))`)
	until(`document.querySelector("#preview .err")?.textContent`, "click_id")
	eval(`document.querySelector("[name=payout_kind][value=percent]").click()`)
	until(`document.querySelector("[name=payout]").closest(".f").hidden`, "true")
	eval(`document.querySelector("form.form").classList.remove("changed")`)

	do(chromedp.Navigate(srv.URL + w.at("links")))
	do(chromedp.Click("[data-copy]"))
	until(`document.querySelector("[data-copy]").getAttribute("aria-label")`, "Copied")
	if got := eval(`wrong.join("; ")`); got != "" {
		t.Errorf("the browser complains: %s", got)
	}
}
