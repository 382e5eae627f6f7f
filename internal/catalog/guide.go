package catalog

import (
	"html"
	"net/url"
	"strconv"
	"strings"
)

// Guide is one way in which an advertiser can keep the click id until the sale and report
// it, filled in with the offer's own values. samples/shop has a shop for each.
type Guide struct {
	ID    string // the name of its sample
	Label string
	Fits  bool   // the offer's tracking method hands out what it needs
	Help  string // where it fits, and what it cannot do
	Steps []GuideStep
}

// GuideStep is a thing to do, with the text to copy.
type GuideStep struct {
	What string
	Text string
}

// guidePage are the texts of the pages of the samples of the same names: those that a page
// needs to keep and report a click id by itself.
var guidePage = map[string][2]string{
	"page-cookie": {`<script>
(function () {
  var id = new URLSearchParams(location.search).get('CLICK_PARAM');
  if (/^[0-9a-f]{32}$/.test(id)) {
    document.cookie = 'click_id=' + id + ';path=/;max-age=COOKIE_SECONDS;SameSite=Lax' + (location.protocol === 'https:' ? ';Secure' : '');
  }
})();
</script>
`, `<script>
(function () {
  var q = new URLSearchParams({key: 'PIXEL_KEY', txid: 'ORDER_NUMBER', amount: 'ORDER_AMOUNT', currency: 'CURRENCY', click_from: 'cookie'});
  var kept = /(?:^|; )click_id=([0-9a-f]{32})/.exec(document.cookie);
  if (kept) q.set('click_id', kept[1]);
  fetch('TRACKER/pixel?' + q, {mode: 'no-cors', credentials: 'include', keepalive: true});
})();
</script>
`},
	"javascript": {`<script>
(function () {
  var id = new URLSearchParams(location.search).get('CLICK_PARAM');
  if (/^[0-9a-f]{32}$/.test(id)) sessionStorage.setItem('click_id', id);
})();
</script>
`, `<script>
(function () {
  var q = new URLSearchParams({key: 'PIXEL_KEY', txid: 'ORDER_NUMBER', amount: 'ORDER_AMOUNT', currency: 'CURRENCY', click_from: 'session'});
  var kept = sessionStorage.getItem('click_id');
  if (kept) q.set('click_id', kept);
  fetch('TRACKER/pixel?' + q, {mode: 'no-cors', credentials: 'include', keepalive: true});
})();
</script>
`},
	"script": {`<script async src="TRACKER/tag.js" data-key="PIXEL_KEY" data-param="CLICK_PARAM" data-days="COOKIE_DAYS"></script>
`, `<script>
window.clickledger = window.clickledger || function () { (clickledger.q = clickledger.q || []).push(arguments); };
clickledger('conversion', {key: 'PIXEL_KEY', order: 'ORDER_NUMBER', amount: 'ORDER_AMOUNT', currency: 'CURRENCY'});
</script>
<script async src="TRACKER/tag.js"></script>
`},
	"pixel": {"", `<img src="TRACKER/pixel.gif?key=PIXEL_KEY&amp;txid=ORDER_NUMBER&amp;amount=ORDER_AMOUNT&amp;currency=CURRENCY" width="1" height="1" alt="">
`},
}

// Guides gives every way in which the offer's advertiser can keep the click id, the most
// reliable first, with its values filled in. What only the shop knows stands in capitals:
// CLICK_ID, ORDER_NUMBER, ORDER_AMOUNT. adv without a token gets a place for it.
func Guides(o *Offer, adv *Advertiser, publicURL string) []Guide {
	t := tracking{o: o, adv: adv, base: strings.TrimRight(publicURL, "/")}
	life := CookieLife(o, adv)
	param, seconds := t.clickParam(), strconv.FormatInt(life*86400, 10)
	fill := strings.NewReplacer("TRACKER", t.base, "PIXEL_KEY", url.QueryEscape(o.Key), "CLICK_PARAM", html.EscapeString(param), "COOKIE_SECONDS", seconds,
		"COOKIE_DAYS", strconv.FormatInt(life, 10), "CURRENCY", o.Currency)
	first := ""
	if o.Attribution == FirstClick {
		first = " The first click earns: where an id is kept already, leave it."
		fill = strings.NewReplacer("TRACKER", t.base, "PIXEL_KEY", url.QueryEscape(o.Key), "CLICK_PARAM", html.EscapeString(param), "COOKIE_SECONDS", seconds,
			`data-days="COOKIE_DAYS"`, `data-days="`+strconv.FormatInt(life, 10)+`" data-first`, "CURRENCY", o.Currency)
	}
	arrive := "When the landing page's URL brings " + param + ", "
	server := func(id, label, help, what, text, from string) Guide {
		return Guide{ID: id, Label: label, Help: help, Fits: t.passesClickID(), Steps: []GuideStep{
			{arrive + what + first, text},
			{"When the order is there, your server calls, with that id:", t.serverPostback(from)},
		}}
	}
	page := func(id, label, help, landing string) Guide {
		g := Guide{ID: id, Label: label, Help: help, Fits: t.passesClickID()}
		if landing != "" {
			g.Steps = append(g.Steps, GuideStep{landing + first, fill.Replace(guidePage[id][0])})
		}
		g.Steps = append(g.Steps, GuideStep{"On the confirmation page:", fill.Replace(guidePage[id][1])})
		return g
	}
	out := []Guide{
		server("server-cookie", "A cookie that your server sets", "The most reliable way: browsers keep what a shop's own server sets, and no page has to do anything.",
			"its answer sets a cookie on your own domain:", "Set-Cookie: click_id=CLICK_ID; Max-Age="+seconds+"; Path=/; Secure; HttpOnly; SameSite=Lax", "cookie"),
		server("session", "Your server's session", "Where the shop has sessions: the id is stored with the visitor's, and later with the order.",
			"store it with the session under a name such as:", "click_id", "session"),
		server("hidden-field", "A hidden field of the form", "Where landing page and form are one, as with leads and sign-ups. No cookie at all.",
			"write it into the form:", `<input type="hidden" name="click_id" value="CLICK_ID">`, "form"),
		server("url", "The URL, carried through", "Without any storage. Every link up to the checkout has to carry it, and one that does not loses it.",
			"add it to each link of the way to the checkout:", "/checkout?"+url.QueryEscape(param)+"=CLICK_ID", "url"),
		page("script", "Our script on your own domain", "Keeps the click id in a cookie and in the storage of your own domain, tries again, and sends each order once.",
			"On every landing page:"),
		page("page-cookie", "A cookie that the page sets", "Your own script, nothing of ours. Some browsers end such cookies after a week.", "On every landing page:"),
		page("javascript", "JavaScript, in the browser's session", "Without cookies. It lasts as long as the browser's tab.", "On every landing page:"),
		page("pixel", "The pixel, by the tracker's own cookie", "Nothing to be kept: the click set a cookie on the tracker's domain, for "+days(life)+". It is a third party's on your page, and many browsers withhold it.", ""),
	}
	out[len(out)-1].Fits = o.Tracking != TrackPostback
	return out
}

// serverPostback is what the shop's server calls.
func (t *tracking) serverPostback(from string) string {
	text := t.base + "/postback?click_id=CLICK_ID&txid=ORDER_NUMBER&amount=ORDER_AMOUNT&currency=" + t.o.Currency + "&click_from=" + from
	switch {
	case t.adv != nil && t.adv.Token == "":
		text += "&token={FILL_IN_TOKEN}"
	case t.adv != nil:
		text += "&token=" + url.QueryEscape(t.adv.Token)
	}
	return text
}
