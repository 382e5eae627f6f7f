package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"clickledger/internal/demo"
)

// The way of the money, each step by whom it belongs to, in a browser: a visitor buys, the
// advertiser approves, finance makes, approves and settles a payout run, and the publisher
// sees that it was paid. The books agree at the end.
func TestMoneyJourney(t *testing.T) {
	f := newFair(t)
	adv, advertiser := f.join("advertiser", "Alpine Shoes", "ada@alpine.example")
	pub, publisher := f.join("publisher", "Running Blog", "pia@running.example")
	offer := f.api("POST", "/offers", map[string]any{"workspace": f.ws, "name": "Trail shoes", "advertiser": advertiser, "url": f.shop.URL + "/p/shoes?cid={click_id}", "go_live_reason": "a journey",
		"payout_kind": "percent", "payout_percent": "12", "commission_kind": "percent_sale", "commission_percent": "8"})
	token := fmt.Sprint(f.api("GET", "/advertisers/"+advertiser+"?workspace="+f.ws, nil)["token"])
	f.shop.Sell("shoes", demo.Integration{Name: "Trail shoes", Price: "89.90", Currency: "USD", Token: token, Key: fmt.Sprint(offer["key"]), Postback: true})
	f.api("POST", "/enrollments", map[string]any{"workspace": f.ws, "offer": offer["id"], "publisher": publisher})
	link := f.api("POST", "/links", map[string]any{"workspace": f.ws, "offer": offer["id"], "publisher": publisher})
	// A bonus shows that what is paid is the balance, not the conversions alone.
	f.api("POST", "/publishers/"+publisher+"/adjustments?workspace="+f.ws, map[string]any{"amount": "2.81", "currency": "USD", "reason": "For the good review", "key": "bonus-1"})
	steps(t, f.staff, "a visitor buys", chromedp.Navigate(fmt.Sprint(link["tracking_url"])), chromedp.WaitVisible(`#buy`), chromedp.Click(`#buy`), chromedp.WaitVisible(`#order`))

	f.until(adv, "/portal/conversions", `Trail shoes[\s\S]*pending[\s\S]*10\.79`)
	steps(t, adv, "approve it", chromedp.Navigate(f.url+f.attribute(adv, `tbody tr[data-href]`, "data-href")), chromedp.WaitVisible(`.decide summary`), chromedp.Click(`.decide summary`),
		chromedp.WaitVisible(`.decide details[open] form button`), chromedp.Click(`.decide details[open] form button`), sees("The conversion is now approved"))

	// Nobody can be paid who has not said how.
	runs := f.url + "/w/" + f.ws + "/payouts"
	steps(t, f.staff, "preview a run", chromedp.Navigate(runs), chromedp.WaitVisible(`#new button.primary`), chromedp.Click(`#new button.primary`), sees("The publisher has no payout method."), sees("10.00"))

	steps(t, pub, "say how to be paid", chromedp.Navigate(f.url+"/portal/payouts"), sees("nothing can be paid before there is one"),
		chromedp.SetValue(`#method-kind`, "bank"), chromedp.Evaluate[chromedp.Void](`document.querySelector("#method-kind").dispatchEvent(new Event("change", {bubbles: true}))`), chromedp.WaitVisible(`#method-iban`),
		chromedp.SendKeys(`#method-holder`, "Pia Person"), chromedp.SendKeys(`#method-iban`, "DE89 3704 0044 0532 0130 01"), chromedp.Click(`#method button.primary`), sees("Nothing was saved yet"))
	steps(t, pub, "without the slip", chromedp.SetValue(`#method-iban`, "DE89 3704 0044 0532 0130 00"), chromedp.Click(`#method button.primary`), sees("The payout method was changed"))
	if page := text(t, pub); strings.Contains(page, "0532") {
		t.Errorf("the account is shown in the clear:\n%s", page)
	}
	shot(t, pub, "portal-payout-method")

	steps(t, f.staff, "preview it again", chromedp.Navigate(runs), chromedp.WaitVisible(`#new button.primary`), chromedp.Click(`#new button.primary`), sees("Running Blog"), sees("Approve the run"))
	shot(t, f.staff, "payout-preview")
	steps(t, f.staff, "approve it", chromedp.Click(`#approve button`), sees("1 line is open of 1"))
	f.until(pub, "/portal/payouts", `in payment[\s\S]*10\.00`)
	steps(t, f.staff, "it was paid", chromedp.SendKeys(`#mark [name=reference]`, "SEPA 77"), chromedp.Click(`#mark button.primary`), sees("done"))
	shot(t, f.staff, "payout-done")

	page := f.until(pub, "/portal/payouts", `paid[\s\S]*10\.00`)
	if strings.Contains(page, "10.79") || strings.Contains(page, "Alpine Shoes") {
		t.Errorf("the publisher is told what the advertiser pays, or its name:\n%s", page)
	}
	shot(t, pub, "portal-payouts")
	f.until(pub, "/portal/conversions", `Trail shoes[\s\S]*paid`)
	balance := fmt.Sprint(f.api("GET", "/publishers/"+publisher+"/balance?workspace="+f.ws, nil))
	if !strings.Contains(balance, "available:0.00") {
		t.Errorf("the publisher's balance is %s", balance)
	}
	verified(t, f.data)
}
