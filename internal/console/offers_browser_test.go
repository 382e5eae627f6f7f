package console

import (
	"net/http/httptest"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"clickledger/internal/catalog"
)

// TestOffersInABrowser drives the offers in Chromium: each conversion method's button
// puts exactly its text on the clipboard; the list sorts, and changes several.
func TestOffersInABrowser(t *testing.T) {
	needBrowser(t)
	w := many(t, 6)
	w.enrich()
	b := openBrowser(t)
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	steps := []chromedp.Action[chromedp.Void]{
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1300, Height: 900, DeviceScaleFactor: 1}),
		command(network.ClearBrowserCookies, cdp.Empty{}), command(network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: w.cookie, URL: srv.URL}),
	}
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		steps = append(steps, command(cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{Permission: &cdpbrowser.PermissionDescriptor{Name: name}, Setting: cdpbrowser.PermissionSettingGranted, Origin: srv.URL}))
	}
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}

	o := w.offs[len(w.offs)-1]
	adv, err := get2[*catalog.Advertiser](w, catalog.KindAdvertiser, o.Advertiser)
	w.must(err)
	for _, optional := range []bool{false, true} {
		u := srv.URL + w.at("offers/"+o.ID)
		if optional {
			// The switch is a parameter of the URL, and takes effect without a reload.
			b.eval(`(window.stays = 1, document.querySelector("[name=optional]").click())`)
			b.until(`location.search`, "optional=true")
			b.until(`document.querySelector(".p-postback code").textContent`, "&currency=USD")
			if b.eval(`window.stays`) != "1" {
				t.Error("the switch reloaded the page")
			}
		} else {
			b.open(u)
		}
		for _, m := range catalog.Tracking(o, adv, w.srv.PublicURL, "", optional) {
			b.eval(`document.querySelector('[for="m-` + m.ID + `"]').click()`)
			if got := b.eval(`[...document.querySelectorAll(".pane")].filter((e) => e.checkVisibility()).map((e) => e.className).join()`); got != "pane p-"+m.ID {
				t.Errorf("%s shows %s", m.ID, got)
			}
			if err := chromedp.Do(b.ctx, chromedp.Click(".p-"+m.ID+" [data-copy]")); err != nil {
				t.Fatal(err)
			}
			b.until(`document.querySelector(".p-`+m.ID+` [data-copy]").getAttribute("aria-label")`, "Copied")
			got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`navigator.clipboard.readText()`, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			if got != m.Text {
				t.Errorf("%s copies\n%q, want\n%q", m.ID, got, m.Text)
			}
		}
	}

	names := `[...document.querySelectorAll("#list tbody td.lead")].map((e) => e.textContent).join()`
	b.open(srv.URL + w.at("offers"))
	b.eval(`document.querySelector('th a[href*="sort=-visits"]').click()`)
	b.until(`document.querySelector("th[aria-sort=descending]")?.textContent`, "Visits")
	if got := b.eval(names); got != "Offer 001,Offer 002,Offer 003,Offer 004,Through a network,Offer 005,Offer 000" && !strings.HasPrefix(got, "Offer 001,Offer 002,Offer 003,Offer 004,") {
		t.Errorf("by visits: %s", got)
	}
	visible := `document.querySelector(".bulk").checkVisibility()`
	if b.eval(visible) != "false" {
		t.Error("the bar is there before anything is ticked")
	}
	b.eval(`[...document.querySelectorAll("tbody [name=id]")].slice(0, 2).forEach((e) => e.click())`)
	b.until(`document.querySelector(".picked").textContent`, "2 selected")
	if b.eval(visible) != "true" || b.eval(`document.querySelector("[data-all]").indeterminate`) != "true" {
		t.Error("two are ticked, and the bar is not there")
	}
	b.eval(`(document.querySelector(".bulk [name=status]").value = "paused", document.querySelector(".bulk [name=add_tags]").value = "spring", document.querySelector('.bulk [value="change"]').click())`)
	b.until(`document.body?.textContent`, "2 offers were changed.")
	for i, want := range map[int]string{1: "paused", 2: "paused", 3: "active"} {
		if got := w.view.Offer(w.offs[i].ID).Status; got != want {
			t.Errorf("offer %d is %s, want %s", i, got, want)
		}
	}
	if got := b.eval(`location.search`); got != "?sort=-visits" {
		t.Errorf("back at %s", got)
	}
	b.eval(`(document.querySelector("select[name=tag]").value = "spring", document.querySelector("select[name=tag]").dispatchEvent(new Event("change", {bubbles: true})))`)
	b.until(names, "Offer 001,Offer 002")
	b.until(`document.querySelectorAll("#list tbody tr").length`, "2")
	b.eval(`(document.querySelector("[data-all]").click(), document.querySelector('.bulk [value="archive"]').click())`)
	b.until(`document.body?.textContent`, "2 offers were archived.")
	b.eval(`document.querySelector(".notice[role=status] button").click()`)
	b.until(`document.body?.textContent`, "2 offers were restored.")
	if w.view.Offer(w.offs[1].ID).Archived {
		t.Error("Undo did not restore it")
	}
	if got := b.eval(`wrong.join("; ")`); got != "" {
		t.Errorf("the browser complains: %s", got)
	}
}

// get2 reads a row of the world's workspace.
func get2[E catalog.Entity](w *world, kind catalog.Kind, id string) (E, error) {
	e, err := w.cat.Get(w.t.Context(), w.owner, kind, w.ws.ID, id)
	if err != nil {
		var none E
		return none, err
	}
	return e.(E), nil
}
