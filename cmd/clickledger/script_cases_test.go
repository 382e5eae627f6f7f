package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// The cases of TestScriptOnAnotherOrigin. Each has a new visitor.

// order are the parameters of an order with a click of its own.
func (s *stage) order(number string) (parameters string) {
	return fmt.Sprintf(`key:%q,click_id:%q,amount:'20.00',order:%q`, s.m.key, s.click(), number)
}

// retries: two failures and then an answer are one conversion.
func retries(how string) func(*stage) {
	return func(s *stage) {
		order := "R-" + how
		s.gate.failing(2, how)
		s.shop.page("/retry", "", snippet(s.gate.URL, s.order(order)))
		s.open(payShop, "/retry", "result=received")
		if n := len(s.gate.seen()); n != 3 {
			s.t.Errorf("%d events, want two failures and a success", n)
		}
		s.converted(order)
		if left := js[string](s, "localStorage.clickledger_queue"); left != "[]" {
			s.t.Errorf("still queued: %s", left)
		}
	}
}

// failed waits until the page knows that its try failed: the next one is near then, while
// before the entry was set aside for half a minute. A page that is left earlier sends no beacon.
func (s *stage) failed() {
	s.until("its failure", func() bool {
		return js[bool](s, "JSON.parse(localStorage.clickledger_queue).some(e => e.t < Date.now() + 2e3)")
	})
}

// nextPage: what could not be sent is sent by the next page of the shop that has the tag.
func nextPage(s *stage) {
	s.gate.failing(1000, "503")
	s.shop.page("/thanks2", "", snippet(s.gate.URL, s.order("N-1")))
	steps(s.t, s.ctx, "order", chromedp.Navigate(s.shop.at(wwwShop, "/thanks2")))
	s.until("the first try", func() bool { return len(s.gate.seen()) > 0 })
	s.failed()
	s.open(wwwShop, "/empty", "empty") // no tag here; the beacon fails too
	s.until("the beacon", func() bool { return len(s.gate.seen()) > 1 })
	if c := s.conversions("N-1"); len(c) != 0 {
		s.t.Fatal("the gateway let an event through")
	}
	s.gate.failing(0, "")
	s.open(wwwShop, "/landing", "landing")
	s.converted("N-1")
	s.until("the end of the queue", func() bool { return js[string](s, "localStorage.clickledger_queue") == "[]" })
	s.open(wwwShop, "/thanks2", "result=duplicate")
	if n := len(s.gate.seen()); n != 1 {
		s.t.Errorf("%d events after the tracker was back", n)
	}
}

// beacon: a page that is left while it waits for its next try sends what waits.
func beacon(s *stage) {
	s.gate.failing(1, "503")
	s.shop.page("/thanks3", "", snippet(s.gate.URL, s.order("B-1")))
	steps(s.t, s.ctx, "order", chromedp.Navigate(s.shop.at(payShop, "/thanks3")))
	s.until("the first try", func() bool { return len(s.gate.seen()) == 1 })
	s.failed()
	s.open(payShop, "/empty", "empty")
	s.converted("B-1")
	s.open(payShop, "/thanks3", "result=duplicate") // sends it again, since nobody told that the beacon arrived
	s.until("the end of the queue", func() bool { return js[string](s, "localStorage.clickledger_queue") == "[]" })
	s.converted("B-1")
}

// leaving: a page that is left in the same moment.
func leaving(s *stage) {
	s.shop.page("/thanks4", "", tagOf(s.gate.URL, "")+`<script>addEventListener('load', () => {
		for (const order of ['L-1', 'L-2', 'L-3']) clickledger('conversion', {`+fmt.Sprintf(`key:%q,click_id:%q`, s.m.key, s.click())+`, order});
		location.href = '/empty' })</script>`)
	steps(s.t, s.ctx, "order", chromedp.Navigate(s.shop.at(payShop, "/thanks4")), sees("empty"))
	for _, order := range []string{"L-1", "L-2", "L-3"} {
		s.converted(order)
	}
}

// sandboxed: the page may keep nothing and has no origin. A reload then sends again,
// and the tracker knows the order.
func sandboxed(s *stage) {
	s.shop.page("/sandbox", "sandbox allow-scripts", `<script>
		try { localStorage; document.body.append('storage!') } catch (e) { document.body.append('blocked') }
		try { document.cookie; document.body.append('cookies!') } catch (e) { document.body.append('blocked') }</script>`+
		snippet(s.gate.URL, s.order("S-1"))+`<script>clickledger('conversion',{order:'S-1',key:`+fmt.Sprintf("%q", s.m.key)+`},function(r){document.body.append('again='+r.status)})</script>`)
	s.open(payShop, "/sandbox?click_id="+s.click(), "result=received")
	if body := text(s.t, s.ctx); !strings.Contains(body, "blockedblocked") || !strings.Contains(body, "again=duplicate") {
		s.t.Errorf("the page: %s", body)
	}
	steps(s.t, s.ctx, "reload", chromedp.Reload(), sees("result=received"))
	s.converted("S-1")
	if n := len(s.gate.seen()); n != 2 {
		s.t.Errorf("%d events", n)
	}
}

// strictPolicy: without any script of the page's own, from attributes of the tag.
func strictPolicy(s *stage) {
	policy := "default-src 'none'; script-src " + s.gate.URL + "; connect-src " + s.gate.URL
	click := s.click()
	s.shop.page("/auto", policy, "auto"+tagOf(s.gate.URL, fmt.Sprintf(` data-auto="conversion" data-key=%q data-amount="7.50" data-order="P-1" data-click_id=%q data-other="x"`, s.m.key, click)))
	s.open(payShop, "/auto", "auto")
	c := s.converted("P-1")
	if c["sale_amount"] != "7.50" || c["click_id"] != click {
		s.t.Errorf("%v", c)
	}
	s.wants(form("key", s.m.key, "amount", "7.50", "txid", "P-1", "click_id", click))
}

// trackerCookie: nothing on the shop's site names the click, but the browser brings the
// tracker's own cookie where it may.
func trackerCookie(s *stage) {
	steps(s.t, s.ctx, "follow the link", chromedp.Navigate(s.p.url+s.m.link), sees("landing"))
	s.shop.page("/thanks5", "", snippet(s.gate.URL, fmt.Sprintf(`key:%q,order:'T-1'`, s.m.key)))
	// Another host than the landing page's, but the same site as the tracker's: over http its cookie is Lax.
	s.open("127.0.0.1", "/thanks5", "result=received")
	s.wants(form("key", s.m.key, "txid", "T-1"))
	if c := s.converted("T-1"); c["method"] != "cookie" {
		s.t.Errorf("%v", c)
	}
}

// whereTheIDIs: only an id of ours is taken, from the URL first.
func whereTheIDIs(s *stage) {
	const a, b = "0123456789abcdef0123456789abcdef", "ffffffffffffffff0000000000000000"
	s.shop.page("/where", "", "where"+tagOf(s.gate.URL, ` data-param="my-id" data-days="1000"`))
	for _, tc := range []struct{ query, want string }{
		{"?x=1", ""}, {"?click_id={click_id}", ""}, {"?click_id=%7Bclick_id%7D", ""}, {"?click_id=" + strings.ToUpper(a), ""},
		{"?click_id=" + a[1:], ""}, {"?click_id=" + a + "0", ""}, {"?xclick_id=" + a, ""}, {"?clickid=", ""},
		{"?click_id=" + a, a}, {"?x=1", a}, {"?cf_click_id={x}&clickid=" + b + "&y=1", b}, {"?", b}, {"?cid=" + a + "#top", a}, {"?refid=" + b, b},
		{"#/thanks?click_id=" + a, a}, {"?click_id=" + a + "&my-id=" + b, b}, {"?click_id=bad", b},
	} {
		s.open(wwwShop, "/where"+tc.query+"#", "where")
		steps(s.t, s.ctx, "load", waitFor("window.clickledger && clickledger.on"))
		if got := js[string](s, "clickledger('click_id')"); got != tc.want {
			s.t.Errorf("%s: %q, want %q", tc.query, got, tc.want)
		}
	}
	if got := js[string](s, "document.cookie='clickledger_click=;max-age=0;domain=shop.localhost';document.cookie+clickledger('click_id')"); !strings.HasPrefix(got, "[object") {
		s.t.Errorf("cookies left: %s", got)
	}
	s.open(wwwShop, "/where", "where")
	steps(s.t, s.ctx, "load", waitFor("window.clickledger && clickledger.on"))
	if got := js[string](s, "clickledger('click_id')"); got != b {
		s.t.Errorf("without the cookie: %q", got)
	}
	if days := js[float64](s, "(JSON.parse(localStorage.clickledger_click)[1] - Date.now()) / 864e5"); days < 399 || days > 400 {
		s.t.Errorf("kept for %v days", days)
	}
	if got := js[string](s, "localStorage.clickledger_click='[\""+a+"\",1]';clickledger('click_id')"); got != "" {
		s.t.Errorf("an ended click: %q", got)
	}
	if got := js[string](s, "localStorage.clickledger_click='{\"x\":';clickledger('click_id', r => document.body.append('called'))"); got == a {
		s.t.Errorf("a damaged store: %q", got)
	}
	steps(s.t, s.ctx, "callback", sees("called"))
	s.calm()
}

// severalOffers: a shop with two offers keeps a click for each.
func severalOffers(s *stage) {
	const a, b = "0123456789abcdef0123456789abcdef", "ffffffffffffffff0000000000000000"
	s.shop.page("/offer1", "", "offer"+tagOf(s.gate.URL, ` data-key="one"`))
	s.shop.page("/offer2", "", "offer"+tagOf(s.gate.URL, ` data-key="two"`))
	s.shop.page("/offers", "", snippet(s.gate.URL, `key:'one',order:'O-1'`)+`<script>clickledger('conversion',{key:'two',order:'O-1'});clickledger('conversion',{key:'three',order:'O-1'})</script>`)
	for path, id := range map[string]string{"/offer1": a, "/offer2": b} {
		s.open(wwwShop, path+"?click_id="+id, "offer")
		steps(s.t, s.ctx, "load", waitFor("window.clickledger && clickledger.on"))
	}
	last := js[string](s, "clickledger('click_id')")
	s.open(payShop, "/offers", "result=received")
	s.until("three events", func() bool { return len(s.gate.seen()) == 3 })
	s.wants(form("key", "one", "txid", "O-1", "click_id", a, "click_from", "cookie"), form("key", "two", "txid", "O-1", "click_id", b, "click_from", "cookie"),
		form("key", "three", "txid", "O-1", "click_id", last, "click_from", "cookie"))
}

// whatIsSent: bounded, and nothing that must not be on a page.
func whatIsSent(s *stage) {
	click := s.click()
	many, want := "", form("key", s.m.key, "click_id", click, "txid", "W-1", "amount", "0.3", "payout", "19.99", "sum", "1.5", "umlaut", "äö+&=%")
	for i := range 30 {
		many += fmt.Sprintf(",p%02d:%d", i, i)
		if i < 18 { // twenty with sum and umlaut
			want.Set(fmt.Sprintf("p%02d", i), fmt.Sprint(i))
		}
	}
	s.shop.page("/sent", "", snippet(s.gate.URL, fmt.Sprintf(`key:%q,click_id:%q,order:'W-1',amount:0.1+0.2,payout:19.990000000000002,goal:'',status:null,currency:undefined,`+
		`token:'tok_secret',Upper:'x','a b':'x',list:[1],object:{},call(){},long:'ä'.repeat(257),sum:1.5,empty:'',umlaut:'äö+&=%%'%s`, s.m.key, click, many)))
	s.open(payShop, "/sent", "result=received")
	s.wants(want)

	// A form of more than 8 kB could not be read: what fits is sent.
	s.gate.failing(0, "")
	s.shop.page("/sent", "", snippet(s.gate.URL, fmt.Sprintf(`key:%q,click_id:%q,order:'W-2',...Object.fromEntries([...Array(20).keys()].map(i=>['q'+i,'ä'.repeat(256)]))`, s.m.key, click)))
	s.open(payShop, "/sent", "result=received")
	sent := s.gate.seen()[0]
	if n := len(sent.Encode()); n > 8100 || sent.Get("q0") != strings.Repeat("ä", 256) || sent.Get("q19") != "" {
		s.t.Errorf("%d bytes", n)
	}
	s.converted("W-2")

	// Misuse sends nothing and throws nothing.
	s.gate.failing(0, "")
	got := js[string](s, `(async () => { const out = []; for (const a of [[], ['conversion'], ['conversion', null], ['conversion', {amount: 1}], ['conversion', 'x'], ['nonsense', 1], [{}]])
		out.push((await clickledger(...a)).status); out.push(await clickledger('debug')); return out.join(' ') })()`)
	if got != "error missing_key missing_key missing_key missing_key error error true" || len(s.gate.seen()) != 0 {
		s.t.Errorf("%s; sent %v", got, s.gate.seen())
	}
	s.calm()
}

// once: for the same order, click and goal, also with a second tag on the page.
func once(s *stage) {
	click := s.click()
	s.shop.page("/once", "", snippet(s.gate.URL, fmt.Sprintf(`key:%q,click_id:%q`, s.m.key, click))+tagOf(s.gate.URL, "")+
		tagOf(s.gate.URL, fmt.Sprintf(` data-auto="conversion" data-key=%q data-click_id=%q`, s.m.key, click)))
	s.open(payShop, "/once", "result=")
	steps(s.t, s.ctx, "settle", waitFor("clickledger.on"))
	got := js[string](s, fmt.Sprintf(`(async () => { const out = [], k = %q, c = %q;
		for (const o of [{}, {goal: ''}, {goal: 'lead'}, {goal: 'lead'}, {order: 'U-1'}, {order: 'U-1', amount: 3}, {txid: 'U-1'}, {order: 'U-2'}]) out.push((await clickledger('conversion', {key: k, click_id: c, ...o})).status);
		for (let i = 0; i < 2; i++) out.push((await clickledger('conversion', {key: 'other', click_id: 'none'})).status);
		return out.join(' ') })()`, s.m.key, click))
	if want := "duplicate duplicate received duplicate received duplicate duplicate received received duplicate"; got != want {
		s.t.Errorf("%s, want %s", got, want)
	}
	if n := len(s.gate.seen()); n != 5 {
		s.t.Errorf("%d events: %v", n, s.gate.seen())
	}
	if lists := js[string](s, `(async () => { for (let i = 0; i < 60; i++) await clickledger('conversion', {key: 'k', order: i + 'x'.repeat(400)});
		const l = JSON.parse(localStorage.clickledger_sent); return l.length + ' ' + Math.max(...l.map(x => x.length)) })()`); lists != "50 300" {
		s.t.Errorf("remembered %s", lists)
	}
}

// prerender: a page that nobody has seen has no visitor and no order. Chromium does not
// prerender in a tab that DevTools is attached to, so this happens in another one.
func prerender(s *stage) {
	s.shop.page("/hidden", "", snippet(s.gate.URL, s.order("H-1")+`,hidden:document.prerendering`))
	s.shop.page("/before", "", `<script type="speculationrules">{"prerender":[{"urls":["/hidden"],"eagerness":"immediate"}]}</script>
		<script>addEventListener('storage', () => { location.href = '/hidden' })</script>`)
	s.open(payShop, "/empty", "empty")
	js[int](s, "open('/before', '_blank', 'noopener'), 1")
	s.until("the prerendering", func() bool { return s.shop.visited("/hidden") > 0 })
	time.Sleep(500 * time.Millisecond) // the script runs long before that
	if sent := s.gate.seen(); len(sent) != 0 {
		s.t.Fatalf("a page nobody saw sent %v", sent)
	}
	js[int](s, "localStorage.setItem('go', 1), 1")
	s.converted("H-1")
	if sent := s.gate.seen(); len(sent) != 1 || sent[0].Get("hidden") != "true" || s.shop.visited("/hidden") != 1 {
		s.t.Errorf("the page was not prerendered: sent %v, loaded %d times", sent, s.shop.visited("/hidden"))
	}
}

// patience: eight tries a page load, each wait within its bounds, then the next load
// goes on. The page's clock moves only by its timers, which fire at once.
func patience(s *stage) {
	s.gate.failing(1000, "503")
	s.shop.page("/patience", "", `<script>(() => { let clock = Date.now(); const later = setTimeout; window.waits = [];
		Date.now = () => clock;
		window.setTimeout = (f, ms) => { waits.push(ms); return later(() => { clock += ms; f() }, 0) } })()</script>`+snippet(s.gate.URL, s.order("Z-1")))
	s.open(payShop, "/patience", "result=unsent")
	waits := js[[]float64](s, "waits")
	if n := len(s.gate.seen()); n != 8 || len(waits) != 7 {
		s.t.Fatalf("%d tries with waits of %v", n, waits)
	}
	for i, wait := range waits {
		longest := min(1000*math.Pow(2, float64(i)), 60_000)
		if wait < longest/2 || wait > longest {
			s.t.Errorf("wait %d of %v ms is not between %v and %v", i+1, wait, longest/2, longest)
		}
	}
	s.gate.failing(0, "")
	s.open(payShop, "/patience", "result=duplicate")
	s.converted("Z-1")
}

// bounded: the queue in the browser's storage is bounded in number and age, and damage
// to it does no harm.
func bounded(s *stage) {
	s.gate.failing(1000, "503")
	s.shop.page("/bounded", "", tagOf(s.gate.URL, "")+`<div id="clickledger">bounded</div>`) // the name stands for the element
	s.open(payShop, "/bounded", "bounded")
	steps(s.t, s.ctx, "load", waitFor("clickledger.on"))
	orders := js[string](s, `(() => { for (let i = 0; i < 25; i++) clickledger('conversion', {key: 'k', order: 'n' + i});
		return JSON.parse(localStorage.clickledger_queue).map(e => new URLSearchParams(e.b).get('txid')).join(' ') })()`)
	if !strings.HasPrefix(orders, "n5 n6 ") || !strings.HasSuffix(orders, " n24") {
		s.t.Errorf("the queue holds %s", orders)
	}
	s.open(payShop, "/empty", "empty")
	keys := func() (keys []string) {
		for _, sent := range s.gate.seen() {
			if k := sent.Get("key"); k != "k" { // beacons of the page before may be late
				keys = append(keys, k)
			}
		}
		return keys
	}
	for queue, want := range map[string]string{
		"[null, 1, 'x', {}, {b: 'key=old', i: now - 864e5 - 1, t: 0}, {b: 'key=young', i: now - 864e5 + 6e4, t: 0}]": "young",
		"[{b: 'key=others', i: now, t: now + 2e4}, {b: 'key=due', i: now + .5, t: now - 1}]":                         "due",   // another tab is at the first
		"[{b: 'key=ahead', i: now, t: now + 864e5}]":                                                                 "ahead", // the clock was set back
	} {
		js[int](s, "(now => localStorage.setItem('clickledger_queue', JSON.stringify("+queue+")))(Date.now()), 1")
		s.gate.failing(0, "")
		s.open(payShop, "/bounded", "bounded")
		s.until(want, func() bool { return len(keys()) > 0 })
		time.Sleep(50 * time.Millisecond) // for one too many
		if got := keys(); len(got) != 1 || got[0] != want {
			s.t.Errorf("%s: sent %v", want, got)
		}
		s.open(payShop, "/empty", "empty")
	}
	s.open(payShop, "/bounded", "bounded")
	steps(s.t, s.ctx, "load", waitFor("clickledger.on"))
	for _, damage := range []string{"{", "5", "null", "[{\"b\":{}}]"} {
		s.gate.failing(0, "")
		if got := js[string](s, fmt.Sprintf(`(async () => { for (const k of ['_queue', '_sent', '_click']) localStorage['clickledger' + k] = %q;
			return (await clickledger('conversion', {key: 'k', order: %q})).status })()`, damage, "after "+damage)); got != "received" {
			s.t.Errorf("%s: %s", damage, got)
		}
	}
	s.calm()
}

// refusedForGood: a 4xx is not repeated, a 429 is.
func refusedForGood(s *stage) {
	for how, tries := range map[string]int{"403": 1, "413": 1, "429": 2, "408": 2, "500": 2} {
		s.gate.failing(1, how)
		s.shop.page("/refused", "", snippet(s.gate.URL, `key:'nobody',order:'X-`+how+`'`))
		s.open(payShop, "/refused", "result=")
		if n := len(s.gate.seen()); n != tries {
			s.t.Errorf("%s: %d tries", how, n)
		}
		if left := js[string](s, "localStorage.clickledger_queue"); left != "[]" {
			s.t.Errorf("%s: still queued: %s", how, left)
		}
	}
	s.gate.failing(0, "")
	s.shop.page("/refused", "", snippet(s.gate.URL, `key:'nobody',order:'X-1'`))
	s.open(payShop, "/refused", "result=") // the verdict unknown_key is 200: it is logged
	s.wants(form("key", "nobody", "txid", "X-1"))
}

// twoTrackers: a shop that works with two installations gives one another name.
func twoTrackers(s *stage) {
	const a, b = "0123456789abcdef0123456789abcdef", "ffffffffffffffff0000000000000000"
	s.shop.page("/two", "", "two"+tagOf(s.gate.URL, "")+tagOf(s.gate.URL, ` data-name="acme" data-param="acme_id"`))
	s.open(wwwShop, "/two?click_id="+a+"&acme_id="+b, "two")
	steps(s.t, s.ctx, "load", waitFor("window.clickledger && clickledger.on && window.acme && acme.on"))
	s.open(wwwShop, "/two", "two")
	steps(s.t, s.ctx, "load", waitFor("window.clickledger && clickledger.on && window.acme && acme.on"))
	if got := js[string](s, "(async () => await clickledger('click_id') + ' ' + await acme('click_id'))()"); got != a+" "+b {
		s.t.Errorf("%s", got)
	}
}
