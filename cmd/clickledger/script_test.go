package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"clickledger/internal/edge"
)

// gateway stands in front of the tracker, sees what the script sends and fails as told.
type gateway struct {
	*httptest.Server
	mu     sync.Mutex
	fail   int    // so many of the next events fail; guarded by mu
	how    string // with this status, or "cut": the connection breaks off; guarded by mu
	bodies []url.Values
	kinds  []string      // content types of the bodies
	slow   time.Duration // how long the script itself takes to load; guarded by mu
}

func newGateway(t *testing.T, tracker string) *gateway {
	t.Helper()
	to, err := url.Parse(tracker)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		slow, how := g.slow, ""
		if r.URL.Path == "/event" && r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				body = []byte("error=" + err.Error())
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			form, err := url.ParseQuery(string(body))
			if err != nil {
				form = url.Values{"error": {err.Error()}}
			}
			g.bodies, g.kinds = append(g.bodies, form), append(g.kinds, r.Header.Get("Content-Type"))
			if g.fail > 0 {
				g.fail--
				how = g.how
			}
		}
		g.mu.Unlock()
		switch {
		case how == "cut":
			panic(http.ErrAbortHandler)
		case how != "":
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			status, err := strconv.Atoi(how)
			if err != nil {
				panic(err)
			}
			w.WriteHeader(status)
			return
		case r.URL.Path == "/tag.js":
			time.Sleep(slow)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// failing makes the next n events fail and forgets what was seen before.
func (g *gateway) failing(n int, how string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail, g.how, g.bodies, g.kinds = n, how, nil, nil
}

func (g *gateway) loading(slow time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.slow = slow
}

// seen are the forms that arrived, the failed ones too.
func (g *gateway) seen() []url.Values {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]url.Values(nil), g.bodies...)
}

// shopSite is an advertiser's site on an origin of its own. Every host name below
// localhost is its own machine, so it has subdomains too.
type shopSite struct {
	port  string
	mu    sync.Mutex
	pages map[string]sitePage // by path; guarded by mu
	hits  map[string]int      // guarded by mu
}

type sitePage struct{ policy, html string }

func newSite(t *testing.T) *shopSite {
	t.Helper()
	s := &shopSite{pages: map[string]sitePage{}, hits: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		page, ok := s.pages[r.URL.Path]
		s.hits[r.URL.Path]++
		s.mu.Unlock()
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if page.policy != "" {
			w.Header().Set("Content-Security-Policy", page.policy)
		}
		fmt.Fprint(w, page.html)
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.port = port
	return s
}

func (s *shopSite) at(host, path string) string { return "http://" + host + ":" + s.port + path }

// page makes a page that shows what went wrong on it.
func (s *shopSite) page(path, policy, html string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = sitePage{policy, `<!doctype html><meta charset="utf-8"><title>Shop</title><script>
for (const name of ['error', 'unhandledrejection']) addEventListener(name, e => document.documentElement.append('THROWN ' + (e.message || e.reason)))
</script><body><p id="result"></p>` + html + `</body>`}
}

func (s *shopSite) visited(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// snippet is what an advertiser pastes, with a callback that shows the result.
func snippet(tracker, parameters string) string {
	return `<script>window.clickledger=window.clickledger||function(){(clickledger.q=clickledger.q||[]).push(arguments)};` +
		`clickledger('conversion',{` + parameters + `},function(r){document.getElementById('result').append('result='+r.status+' ')});</script>` +
		tagOf(tracker, "")
}

func tagOf(tracker, attributes string) string {
	return `<script async src="` + tracker + `/tag.js?v=` + edge.TagVersion() + `"` + attributes + `></script>`
}

// stage is everything the tests of the script stand on.
type stage struct {
	t    *testing.T
	ctx  context.Context
	p    *proc
	m    market
	gate *gateway
	shop *shopSite
}

const wwwShop, payShop = "www.shop.localhost", "pay.shop.localhost"

func newStage(t *testing.T) *stage {
	s := &stage{t: t, ctx: openBrowser(t), shop: newSite(t)}
	s.p = start(t, dataDir(t), freePort(t), 0)
	s.m = s.p.market(map[string]any{"url": s.shop.at(wwwShop, "/landing?cid={click_id}")})
	s.gate = newGateway(t, s.p.url)
	return s
}

func (s *stage) sub(t *testing.T) *stage {
	c := *s
	c.t = t
	c.gate.failing(0, "")
	c.clear()
	return &c
}

// clear makes a new visitor.
func (s *stage) clear() {
	s.t.Helper()
	_, err := chromedp.CallBrowser(s.ctx, storage.ClearCookies, storage.ClearCookiesParams{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, host := range []string{wwwShop, payShop, "127.0.0.1"} {
		s.shop.page("/empty", "", "empty")
		s.open(host, "/empty", "empty")
		if _, err := chromedp.Run(s.ctx, chromedp.Evaluate[int]("localStorage.clear(), 1")); err != nil {
			s.t.Fatal(err)
		}
	}
}

// click is a new click's id, made outside of the browser.
func (s *stage) click() string {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.p.url+s.m.link, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
	res, err := noFollow().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	to, err := res.Location()
	if err != nil {
		s.t.Fatal(err)
	}
	return to.Query().Get("cid")
}

func (s *stage) open(host, path, what string) {
	s.t.Helper()
	steps(s.t, s.ctx, "open "+host+path, chromedp.Navigate(s.shop.at(host, path)), sees(what))
	s.calm()
}

// calm fails when something was thrown into the page.
func (s *stage) calm() {
	s.t.Helper()
	if body := text(s.t, s.ctx); strings.Contains(body, "THROWN") {
		s.t.Errorf("the page was disturbed: %s", body)
	}
}

// js evaluates an expression, a promise too.
func js[T any](s *stage, expression string) T {
	s.t.Helper()
	v, err := chromedp.Run(s.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for a condition that comes true soon.
func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	end := time.Now().Add(8 * time.Second)
	for !ok() {
		if time.Now().After(end) {
			s.t.Fatalf("%s does not happen; events: %v", what, s.gate.seen())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// conversions of one order.
func (s *stage) conversions(order string) []map[string]any {
	s.t.Helper()
	var out []map[string]any
	for _, c := range s.p.api("GET", "/conversions?workspace="+s.m.workspace+"&limit=100", nil)["data"].([]any) {
		if m := c.(map[string]any); m["txid"] == order {
			out = append(out, m)
		}
	}
	return out
}

// converted waits for the one conversion of an order.
func (s *stage) converted(order string) map[string]any {
	s.t.Helper()
	s.until("the conversion of "+order, func() bool { return len(s.conversions(order)) > 0 })
	c := s.conversions(order)
	if len(c) != 1 {
		s.t.Fatalf("%d conversions of %s", len(c), order)
	}
	return c[0]
}

// wants checks what the script sent, whole.
func (s *stage) wants(want ...url.Values) {
	s.t.Helper()
	got := s.gate.seen()
	a, err := json.Marshal(got)
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := json.Marshal(want)
	if err != nil {
		s.t.Fatal(err)
	}
	if string(a) != string(b) && len(got)+len(want) > 0 {
		s.t.Errorf("the script sent\n%s, want\n%s", a, b)
	}
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// TestScriptOnAnotherOrigin is the whole way of the tracking script in a real browser:
// the click's id comes to the landing page, stays on the shop's domain, and the
// thank-you page on another host of the shop reports the order, once.
func TestScriptOnAnotherOrigin(t *testing.T) {
	s := newStage(t)
	s.shop.page("/landing", "", "landing"+tagOf(s.gate.URL, ""))
	s.gate.loading(200 * time.Millisecond) // the call is long made when the script comes
	steps(t, s.ctx, "follow the link", chromedp.Navigate(s.p.url+s.m.link+"?sub1=footer"), sees("landing"),
		waitFor("window.clickledger && clickledger.on"))
	id := js[string](s, "new URL(location).searchParams.get('cid')")
	if len(id) != 32 {
		t.Fatalf("the landing page got the click id %q", id)
	}
	cookies, err := chromedp.CallBrowser(s.ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	kept := false
	for _, c := range cookies.Cookies {
		if c.Name != "clickledger_click" {
			continue
		}
		kept = true
		days := (c.Expires - float64(time.Now().Unix())) / 86400
		if c.Value != id || c.Domain != ".shop.localhost" || days < 29.9 || days > 30.1 || c.SameSite != "Lax" {
			t.Errorf("cookie %+v, %.1f days", c, days)
		}
	}
	if !kept {
		t.Fatalf("no cookie: %v", cookies.Cookies)
	}

	const parameters = `key:'KEY',amount:'49.90',currency:'USD',order:'A-1001',goal:'',coupon:'SPRING',plan:'pro & more',seats:3,trial:false`
	s.shop.page("/thanks", "", snippet(s.gate.URL, strings.Replace(parameters, "KEY", s.m.key, 1)))
	s.open(payShop, "/thanks", "result=received")
	s.wants(form("key", s.m.key, "amount", "49.90", "currency", "USD", "txid", "A-1001", "click_id", id, "click_from", "cookie", "coupon", "SPRING",
		"plan", "pro & more", "seats", "3", "trial", "false"))
	if kind := s.gate.kinds[0]; !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		t.Errorf("content type %q needs a preflight", kind)
	}
	c := s.converted("A-1001")
	for name, want := range map[string]string{"click_id": id, "sale_amount": "49.90", "currency": "USD", "coupon": "SPRING", "source": "script", "method": "script_cookie", "status": "pending",
		"params": "map[plan:pro & more seats:3 trial:false]"} {
		if fmt.Sprint(c[name]) != want {
			t.Errorf("%s is %v, want %s", name, c[name], want)
		}
	}
	sig := s.p.api("GET", "/signals/"+fmt.Sprint(c["signal"])+"?workspace="+s.m.workspace, nil)
	if body := fmt.Sprint(sig["request"].(map[string]any)["body"]); sig["kind"] != "script" || !strings.Contains(body, "plan=pro+%26+more") {
		t.Errorf("signal %v", sig)
	}

	steps(t, s.ctx, "reload", chromedp.Reload(), sees("result=duplicate"))
	s.open(wwwShop, "/landing", "landing")
	s.open(payShop, "/thanks", "result=duplicate")
	if n := len(s.gate.seen()); n != 1 {
		t.Errorf("%d events after reloads", n)
	}
	s.converted("A-1001")

	// The pixel on the same page of the shop's, whatever the script did.
	second := s.click()
	s.shop.page("/pixel", "", `<img id="px" src="`+s.gate.URL+`/pixel.gif?key=`+s.m.key+`&click_id=`+second+`&amount=12.00&txid=A-1002" width="1" height="1" alt="">`)
	steps(t, s.ctx, "pixel", chromedp.Navigate(s.shop.at(payShop, "/pixel")), waitFor("document.getElementById('px').naturalWidth === 1"))
	if c := s.converted("A-1002"); c["source"] != "pixel" || c["sale_amount"] != "12.00" {
		t.Errorf("%v", c)
	}

	for name, f := range map[string]func(*stage){
		"answers 503 first": retries("503"), "is down first": retries("cut"), "on the next page": nextPage, "beacon": beacon, "leaving at once": leaving,
		"nothing can be kept": sandboxed, "strict policy": strictPolicy, "tracker's cookie": trackerCookie, "where the id is": whereTheIDIs,
		"several offers": severalOffers, "what is sent": whatIsSent, "once": once, "prerender": prerender, "refused": refusedForGood,
		"patience": patience, "bounds and damage": bounded, "two trackers": twoTrackers,
	} {
		t.Run(name, func(t *testing.T) { f(s.sub(t)) })
	}
	verified(t, s.p.data)
}

// waitFor waits until an expression is true; a page that is being left has none.
func waitFor(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
			if err == nil && ok {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("%s: %w", expression, ctx.Err())
			}
		}
	})
}
