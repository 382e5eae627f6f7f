package console

import (
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestPayoutInABrowser: in Chromium, a publisher says how it is paid, finance previews,
// approves and pays a run, and the publisher sees it paid.
func TestPayoutInABrowser(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	w.available()
	publisher := w.partyUser(w.pubs[0].ID)
	b := openBrowser(t)
	srv := httptest.NewServer(w.handler)
	defer srv.Close()
	as := func(cookie string) {
		t.Helper()
		err := chromedp.Do(b.ctx, command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 1300, Height: 900, DeviceScaleFactor: 1}),
			command(network.ClearBrowserCookies, cdp.Empty{}), command(network.SetCookie, network.SetCookieParams{Name: sessionCookie, Value: cookie, URL: srv.URL}))
		w.must(err)
	}
	said := `document.body?.textContent`
	press := func(button string) {
		t.Helper()
		b.eval(`[...document.querySelectorAll("button")].find((e) => e.textContent.trim() === "` + button + `").click()`)
	}

	as(publisher)
	b.open(srv.URL + "/portal/payouts")
	pick := func(kind string) string {
		t.Helper()
		b.eval(`(() => { const k = document.querySelector("[name=kind]"); k.value = "` + kind + `"; k.dispatchEvent(new Event("change", {bubbles: true})); k.dispatchEvent(new Event("input", {bubbles: true})) })()`)
		return b.eval(`[...document.querySelectorAll("#method-holder, #method-iban, #method-bic, #method-email, #method-text")].filter((e) => e.checkVisibility()).map((e) => e.name).join()`)
	}
	for kind, fields := range map[string]string{"paypal": "email", "other": "text", "none": "", "wise": "holder,email"} {
		if got := pick(kind); got != fields {
			t.Errorf("%s shows %s, want %s", kind, got, fields)
		}
	}
	if got := pick("bank"); got != "holder,iban,bic" {
		t.Errorf("bank shows %s", got)
	}
	b.eval(`(document.querySelector("[name=holder]").value = "Anna Miller", document.querySelector("[name=iban]").value = "DE89 3704 0044 0532 0130 01")`)
	press("Save")
	b.until(said, "The check digits do not fit")
	b.eval(`document.querySelector("[name=iban]").value = "DE89 3704 0044 0532 0130 00"`)
	press("Save")
	b.until(said, "DE** … 3000")

	as(w.cookie)
	b.open(srv.URL + w.at("payouts"))
	b.eval(`document.querySelector("[name=note]").value = "November"`)
	press("Preview")
	b.until(said, "Approval locks the conversions")
	press("Approve the run")
	b.until(said, "1 line is open of 1")
	press("Mark")
	b.until(said, "done")

	as(publisher)
	b.open(srv.URL + "/portal/payouts")
	b.until(`document.querySelector("#payouts tbody")?.textContent`, "paid")
	if wrong := b.eval(`(window.wrong || []).join()`); wrong != "" {
		t.Errorf("the browser complains: %s", wrong)
	}
}
