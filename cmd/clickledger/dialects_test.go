package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// tags are the tags of other platforms for a confirmation page, by order number. TRACKER and
// KEY are filled in. The last one is what Everflow's SDK asks for.
var tags = map[string]string{
	"cake-img":    `<img src="TRACKER/d/cake/p.ashx?o=KEY&f=img&ect=10.00&t=cake-img" width="1" height="1">`,
	"cake-js":     `<script src="TRACKER/d/cake/p.ashx?o=KEY&f=js&ect=10.00&t=cake-js"></script>`,
	"cake-iframe": `<iframe src="TRACKER/d/cake/p.ashx?o=KEY&ect=10.00&t=cake-iframe" width="1" height="1" frameborder="0"></iframe>`,
	"tune-iframe": `<iframe src="TRACKER/d/tune/aff_l?offer_id=KEY&amount=10.00&adv_sub=tune-iframe" scrolling="no" frameborder="0" width="1" height="1"></iframe>`,
	"tune-img":    `<img src="TRACKER/d/tune/aff_l?format=img&offer_id=KEY&amount=10.00&adv_sub=tune-img" width="1" height="1">`,
	"everflow": `<script>fetch('TRACKER/d/everflow/sdk/conversion?oid=KEY&transaction_id=&event_id=0&amount=10.00&order_id=everflow', {credentials: 'include'})
.then(function (r) { return r.json(); }).then(function (d) { document.getElementById('told').textContent = 'told ' + d.conversion_id; });</script>`,
}

// TestDialectTagsInABrowser: a confirmation page with the images, scripts and iframes of
// other platforms, on the shop's own domain, in a browser that came through a link: each is
// a conversion that the tracker's cookie matches, and the SDK can read its answer.
func TestDialectTagsInABrowser(t *testing.T) {
	w := newWeb(t, "https")
	m := w.open("pixel")
	page := `<!doctype html><title>Thank you</title><p>Thank you</p><p id="told"></p>`
	for _, tag := range tags {
		page += tag
	}
	page = strings.NewReplacer("TRACKER", w.public, "KEY", m.key).Replace(page)
	port := w.serve(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(rw, page)
	}))
	ctx := w.browser(t, false)
	steps(t, ctx, "follow the link", chromedp.Navigate(w.public+m.link), sees("Shoes"))
	steps(t, ctx, "the confirmation page", chromedp.Navigate("https://"+shopHost+":"+port+"/"), sees("Thank you"), waitFor("/^told [0-9a-f]{32}$/.test(document.getElementById('told').textContent)"))
	got := map[string]string{}
	for end := time.Now().Add(time.Minute); len(got) < len(tags) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		for _, x := range w.p.api("GET", "/conversions?limit=100&workspace="+m.workspace, nil)["data"].([]any) {
			c := x.(map[string]any)
			got[fmt.Sprint(c["txid"])] = fmt.Sprint(c["method"])
		}
	}
	for order := range tags {
		if got[order] != "cookie" {
			t.Errorf("%s was matched by %q", order, got[order])
		}
	}
	if t.Failed() {
		for _, x := range w.p.api("GET", "/signals?limit=100&workspace="+m.workspace, nil)["data"].([]any) {
			t.Log(x)
		}
	}
	w.p.stop()
	verified(t, w.p.data)
}
