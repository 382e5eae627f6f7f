package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"clickledger/internal/demo"
)

// fair is an installation with a workspace whose sign-up pages are open, a shop, and staff
// signed in to a browser.
type fair struct {
	*proc
	t     *testing.T
	staff context.Context
	ws    string
	shop  *demo.Shop
}

const fairPassword = "correct horse battery"

func newFair(t *testing.T) *fair {
	t.Helper()
	f := &fair{t: t, staff: openBrowser(t), proc: start(t, dataDir(t), freePort(t), 0, "--outbound-private")}
	setup := regexp.MustCompile(`http://\S+/setup\?token=\S+`).FindString(f.log.String())
	steps(t, f.staff, "first run", chromedp.Navigate(setup),
		chromedp.SendKeys(`input[name=email]`, "owner@example.com"), chromedp.SendKeys(`input[name=name]`, "Olga Owner"),
		chromedp.SendKeys(`input[name=password]`, fairPassword), chromedp.Click(`form button.primary`), chromedp.WaitVisible(`input[name=currency]`),
		chromedp.SendKeys(`input[name=name]`, "My network"), chromedp.Click(`form button.primary`), sees("Four steps to a tracked conversion"))
	f.ws = regexp.MustCompile(`/w/(ws_[a-z0-9]+)`).FindStringSubmatch(f.where(f.staff))[1]
	for _, kind := range []string{"publisher", "advertiser"} {
		f.api("PATCH", "/signup-settings/"+kind+"?workspace="+f.ws, map[string]any{"open": true})
	}
	shop, err := demo.OpenShop(f.url, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shop.Close() })
	f.shop = shop
	return f
}

func (f *fair) where(ctx context.Context) string {
	f.t.Helper()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		f.t.Fatal(err)
	}
	return at
}

// attribute is what an element of the page has, once it is there.
func (f *fair) attribute(ctx context.Context, selector, name string) string {
	f.t.Helper()
	steps(f.t, ctx, "find "+selector, chromedp.WaitReady(selector))
	v, err := chromedp.Run(ctx, chromedp.AttributeValue(selector, name))
	if err != nil || v.Value == "" {
		f.t.Fatalf("%s has no %s: %v", selector, name, err)
	}
	return v.Value
}

// tick sets a box or a radio button, which may be hidden behind its label.
func tick(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).checked = true`, selector))
}

// until opens a page again and again until its text matches: reports are a moment behind.
func (f *fair) until(ctx context.Context, path, pattern string) string {
	f.t.Helper()
	re := regexp.MustCompile(pattern)
	end := time.Now().Add(60 * time.Second)
	every := time.NewTicker(250 * time.Millisecond)
	defer every.Stop()
	for {
		steps(f.t, ctx, "open "+path, chromedp.Navigate(f.url+path), chromedp.WaitReady("main"))
		page := text(f.t, ctx)
		if re.MatchString(page) {
			return page
		}
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come to say %s:\n%s", path, pattern, page)
		}
		<-every.C
	}
}

// join signs somebody up on the public page, confirms the address by the link that staff
// sees, sees the sign-up wait, and has staff approve it. It gives the browser, signed in,
// and the id of the publisher or advertiser.
func (f *fair) join(kind, name, email string) (me context.Context, party string) {
	t := f.t
	t.Helper()
	me = openBrowser(t)
	fill := []chromedp.Action[chromedp.Void]{chromedp.Navigate(f.url + "/signup/" + f.ws + "/" + kind), chromedp.WaitVisible(`input[name=person]`),
		chromedp.SendKeys(`input[name=person]`, "Pia Person"), chromedp.SendKeys(`input[name=email]`, email), chromedp.SendKeys(`input[name=name]`, name), chromedp.SendKeys(`input[name=password]`, fairPassword)}
	if kind == "publisher" {
		fill = append(fill, chromedp.SendKeys(`textarea[name=promotion]`, "Reviews of shoes"))
	}
	steps(t, me, "sign up", append(fill, chromedp.Click(`form button.primary`), sees("Look into your mail"))...)

	steps(t, f.staff, "see who signed up", chromedp.Navigate(f.url+"/w/"+f.ws+"/signups?state=unconfirmed"), sees(name))
	row := f.attribute(f.staff, `tbody tr[data-href]`, "data-href")
	steps(t, f.staff, "open the sign-up", chromedp.Navigate(f.url+row), sees("There is no mail server"))
	steps(t, me, "confirm", chromedp.Navigate(f.attribute(f.staff, `[data-copy*="/confirm?token="]`, "data-copy")), chromedp.WaitVisible(`form button.primary`), chromedp.Click(`form button.primary`), sees("Your address is confirmed"))
	steps(t, me, "sign in", chromedp.Navigate(f.url+"/signin"), chromedp.SendKeys(`#email`, email), chromedp.SendKeys(`#password`, fairPassword), chromedp.Click(`form button.primary`), sees("waits for approval"))

	steps(t, f.staff, "approve", chromedp.Navigate(f.url+row), sees("Decision"), tick(`#decide input[value=approved]`), chromedp.Click(`#decide button.primary`), sees("approved"))
	steps(t, me, "come in", chromedp.Navigate(f.url+"/portal"), sees("Overview"))
	for _, s := range f.api("GET", "/signups?workspace="+f.ws, nil)["data"].([]any) {
		if row := s.(map[string]any); row["email"] == email {
			return me, fmt.Sprint(row["party"])
		}
	}
	t.Fatalf("%s is not among the sign-ups", email)
	return nil, ""
}

// A publisher signs up, is approved, applies to an offer with a question and terms, is
// approved, brings a visitor who buys, and sees click, conversion and earnings.
func TestPublisherJourney(t *testing.T) {
	f := newFair(t)
	pub, party := f.join("publisher", "Running Blog", "pia@running.example")
	adv := f.api("POST", "/advertisers", map[string]any{"workspace": f.ws, "name": "Alpine Shoes"})
	offer := f.api("POST", "/offers", map[string]any{"workspace": f.ws, "name": "Trail shoes", "advertiser": adv["id"], "url": f.shop.URL + "/p/shoes?cid={click_id}", "go_live_reason": "a journey",
		"payout_kind": "percent", "payout_percent": "12", "commission_kind": "percent_sale", "commission_percent": "8",
		"questions": []any{map[string]any{"key": "where", "label": "Where will you show it?", "required": true, "kind": "text"}}})
	id := fmt.Sprint(offer["id"])
	f.api("POST", "/terms", map[string]any{"workspace": f.ws, "offer": id, "text": "No bidding on the shop's name."})
	f.shop.Sell("shoes", demo.Integration{Name: "Trail shoes", Price: "89.90", Currency: "USD", Token: fmt.Sprint(adv["token"]), Key: fmt.Sprint(offer["key"]), Postback: true})

	steps(t, pub, "find the offer", chromedp.Navigate(f.url+"/portal/offers"), sees("Trail shoes"), sees("may apply"))
	steps(t, pub, "read it", chromedp.Navigate(f.url+f.attribute(pub, `tbody tr[data-href]`, "data-href")), sees("Where will you show it?"), sees("No bidding on the shop's name."), sees("30 days"))
	steps(t, pub, "forget the terms", chromedp.SendKeys(`[name="answers.where"]`, "On my blog"), chromedp.Click(`#apply button.primary`), sees("terms_required"))
	shot(t, pub, "portal-apply")
	steps(t, pub, "apply", tick(`#apply input[type=checkbox][name=terms]`), chromedp.Click(`#apply button.primary`), sees("It waits for a decision."))

	steps(t, f.staff, "decide", chromedp.Navigate(f.url+"/w/"+f.ws+"/applications"), sees("On my blog"), sees("accepted version 1"), tick(`#decide input[name=ids]`), chromedp.Click(`#decide button.primary`), sees("1 application was approved"))

	steps(t, pub, "see the approval", chromedp.Navigate(f.url+"/portal/offers/"+id), sees("approved"), sees("Your links"))
	link := f.attribute(pub, `[data-copy*="/c/"]`, "data-copy")
	links := f.api("GET", "/links?workspace="+f.ws+"&publisher="+party, nil)["data"].([]any)
	if len(links) != 1 {
		t.Errorf("the approval made %d links, want one", len(links))
	}
	shot(t, pub, "portal-offer")

	steps(t, pub, "a visitor follows the link and buys", chromedp.Navigate(link+"?sub1=footer"), chromedp.WaitVisible(`#buy`), chromedp.Click(`#buy`), chromedp.WaitVisible(`#order`))

	f.until(pub, "/portal/statistics?by=offer", `Trail shoes\s+1\s+1\s+1\s`)
	f.until(pub, "/portal/statistics?by=sub1", `footer\s+1\s+1\s+1\s`)
	f.until(pub, "/portal/statistics?by=link", `\n\S+\s+1\s+1\s+1\s`)
	for path, wants := range map[string][]string{
		"/portal/conversions": {"Trail shoes", "footer", "pending", "7.19"},
		"/portal/balance":     {"7.19", "0.00"},
		"/portal":             {"7.19"},
	} {
		steps(t, pub, "see "+path, chromedp.Navigate(f.url+path), sees(wants[0]))
		page := text(t, pub)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not show %q:\n%s", path, want, page)
			}
		}
		if strings.Contains(page, "10.79") || strings.Contains(page, "Alpine Shoes") {
			t.Errorf("%s tells what the advertiser pays, or its name:\n%s", path, page)
		}
		shot(t, pub, "portal"+strings.ReplaceAll(path, "/", "-"))
	}
	verified(t, f.data)
}

// An advertiser signs up, is approved, gets an offer, reads how to integrate, tests it with
// the wizard, has it live, receives a conversion and approves it, and sees what it costs.
func TestAdvertiserJourney(t *testing.T) {
	f := newFair(t)
	me, party := f.join("advertiser", "Alpine Shoes", "ada@alpine.example")
	offer := f.api("POST", "/offers", map[string]any{"workspace": f.ws, "name": "Trail shoes", "advertiser": party, "url": f.shop.URL + "/p/shoes?cid={click_id}",
		"payout_kind": "percent", "payout_percent": "12", "commission_kind": "percent_sale", "commission_percent": "8", "visibility": "public"})
	id, key := fmt.Sprint(offer["id"]), fmt.Sprint(offer["key"])
	token := fmt.Sprint(f.api("GET", "/advertisers/"+party+"?workspace="+f.ws, nil)["token"])
	f.shop.Sell("shoes", demo.Integration{Name: "Trail shoes", Price: "89.90", Currency: "USD", Token: token, Key: key, Postback: true})

	steps(t, me, "find the offer", chromedp.Navigate(f.url+"/portal/offers"), sees("Trail shoes"), chromedp.Navigate(f.url+"/portal/offers/"+id), sees("Integration"))
	guides, err := chromedp.Run(me, chromedp.Evaluate[string](`[...document.querySelectorAll("pre")].map(e => e.textContent).join("\n")`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{key, token, f.url} {
		if !strings.Contains(guides, want) {
			t.Errorf("the guides do not have %q:\n%s", want, guides)
		}
	}
	shot(t, me, "portal-their-offer")

	steps(t, me, "begin the test", chromedp.Navigate(f.url+"/portal/offers/"+id+"/test"), sees("needs a passed test"), chromedp.Click(`#begin button.primary`), sees("Test link"))
	test := f.attribute(me, `[data-copy*="/c/"]`, "data-copy")
	for _, order := range []string{"first", "second"} {
		steps(t, f.staff, order+" test order", chromedp.Navigate(test), chromedp.WaitVisible(`#buy`), chromedp.Click(`#buy`), chromedp.WaitVisible(`#order`))
	}
	page := f.until(me, "/portal/offers/"+id+"/test", `Both conversions arrived and were understood|failed`)
	if !strings.Contains(page, "Both conversions arrived and were understood") {
		t.Fatalf("the test failed:\n%s", page)
	}
	shot(t, me, "portal-test")
	f.until(me, "/portal/conversions", `A conversion is what a visitor did that you pay for`) // tests are not among them

	f.api("PATCH", "/offers/"+id+"?workspace="+f.ws, map[string]any{"status": "active"})
	pub := f.api("POST", "/publishers", map[string]any{"workspace": f.ws, "name": "Running Blog"})
	f.api("POST", "/enrollments", map[string]any{"workspace": f.ws, "offer": id, "publisher": pub["id"]})
	link := f.api("POST", "/links", map[string]any{"workspace": f.ws, "offer": id, "publisher": pub["id"]})
	// In a browser that did not test: what tested has been at the offer before.
	steps(t, me, "a visitor buys", chromedp.Navigate(fmt.Sprint(link["tracking_url"])), chromedp.WaitVisible(`#buy`), chromedp.Click(`#buy`), chromedp.WaitVisible(`#order`))

	f.until(me, "/portal", `1 conversion waits for your decision`)
	f.until(me, "/portal/conversions", `Trail shoes[\s\S]*pending[\s\S]*10\.79`)
	steps(t, me, "approve it", chromedp.Navigate(f.url+f.attribute(me, `tbody tr[data-href]`, "data-href")), chromedp.WaitVisible(`.decide summary`), chromedp.Click(`.decide summary`),
		chromedp.WaitVisible(`.decide details[open] form button`), chromedp.Click(`.decide details[open] form button`), sees("The conversion is now approved"))
	shot(t, me, "portal-decided")
	page = f.until(me, "/portal/statistics?by=offer", `Trail shoes\s+1\s+1\s+1\s[\s\S]*10\.79`)
	if strings.Contains(page, "7.19") || strings.Contains(page, "Running Blog") {
		t.Errorf("the advertiser is told what the publisher earns, or its name:\n%s", page)
	}
	balance := fmt.Sprint(f.api("GET", "/publishers/"+fmt.Sprint(pub["id"])+"/balance?workspace="+f.ws, nil))
	if !strings.Contains(balance, "7.19") {
		t.Errorf("the publisher's balance is %s", balance)
	}
	verified(t, f.data)
}
