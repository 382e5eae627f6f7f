package edge

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/routing"
)

func TestRedirect(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/c/k1?sub1=a%26b&external_id=E%2B1", "Referer", "https://Blog.Example:8443/post?x=1")
	if res.StatusCode != http.StatusFound {
		t.Fatalf("status %d", res.StatusCode)
	}
	visits := w.log.visits(t)
	if len(visits) != 1 {
		t.Fatalf("%d visits", len(visits))
	}
	v := visits[0]
	want := &event.Visit{
		ID: v.ID, At: w.at.UnixMicro(), Click: true, Destination: "https://shop.example/p?ref=" + v.ID.String() + "&s=a%26b&x=E%2B1",
		Referer: "https://Blog.Example:8443/post?x=1", UserAgent: chrome, Addr: "127.0.0.0", Unique: true, Revision: 1,
		Dims: event.Dims{Workspace: "ws", Link: "lnkk1", Offer: "off1", Advertiser: "adv", Publisher: "pub", Enrollment: "enr",
			Source: "house-source", Subs: [event.Subs]string{"a&b"}, ExternalID: "E+1", Device: "desktop", OS: "Windows", OSVersion: "10",
			Browser: "Chrome", BrowserVersion: "140", RefererDomain: "blog.example"},
	}
	if d := cmp.Diff(want, v); d != "" {
		t.Error(d)
	}
	wantHeaders(t, res.Header, map[string]string{
		"Location":        v.Destination,
		"Cache-Control":   "no-store, private, max-age=0",
		"X-Robots-Tag":    "noindex",
		"Referrer-Policy": "strict-origin-when-cross-origin",
		"Content-Length":  "0",
	})
	if body := readAll(t, res.Body); body != "" {
		t.Errorf("body %q", body)
	}
	if n := w.counter(t, "clickledger_edge_requests_total", "/c/{key}", "redirect"); n != 1 {
		t.Errorf("%v redirects counted", n)
	}
}

func TestTwoVisitsHaveTwoIDs(t *testing.T) {
	w := newWorld(t)
	a, b := w.get(t, "/c/k1"), w.get(t, "/c/k1")
	if a.Header.Get("Location") == b.Header.Get("Location") {
		t.Error("two clicks share an id (R2)")
	}
}

// TestMethods: what is not a visit records nothing and sets no cookie (R5, R6).
func TestMethods(t *testing.T) {
	for name, tc := range map[string]struct {
		method  string
		headers []string
		status  int
	}{
		"HEAD":              {http.MethodHead, nil, 302},
		"POST":              {http.MethodPost, nil, 405},
		"PUT":               {http.MethodPut, nil, 405},
		"DELETE":            {http.MethodDelete, nil, 405},
		"OPTIONS":           {http.MethodOptions, nil, 405},
		"invented":          {"BREW", nil, 405},
		"prefetch":          {http.MethodGet, []string{"Sec-Purpose", "prefetch"}, 503},
		"prerender":         {http.MethodGet, []string{"Sec-Purpose", "prefetch;prerender"}, 503},
		"link rel=prefetch": {http.MethodGet, []string{"Purpose", "prefetch"}, 503},
		"old Firefox":       {http.MethodGet, []string{"X-Moz", "prefetch"}, 503},
		"preview":           {http.MethodGet, []string{"X-Purpose", "preview"}, 503},
		"HEAD of prefetch":  {http.MethodHead, []string{"Sec-Purpose", "prefetch"}, 503},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			res := w.do(t, tc.method, "/c/k1?sub1=x", nil, tc.headers...)
			if res.StatusCode != tc.status {
				t.Errorf("status %d, want %d", res.StatusCode, tc.status)
			}
			if n := len(w.log.visits(t)); n != 0 {
				t.Errorf("%d visits recorded", n)
			}
			if c := res.Header.Get("Set-Cookie"); c != "" {
				t.Errorf("cookie %q", c)
			}
			if !strings.Contains(res.Header.Get("Cache-Control"), "no-store") {
				t.Error("the answer may be cached")
			}
			if tc.status == 405 && res.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: %q", res.Header.Get("Allow"))
			}
		})
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	w := newWorld(t)
	get, head := w.get(t, "/c/k1?sub1=x"), w.do(t, http.MethodHead, "/c/k1?sub1=x", nil)
	id := w.log.visits(t)[0].ID.String()
	g, h := get.Header.Clone(), head.Header.Clone()
	g.Set("Location", strings.ReplaceAll(g.Get("Location"), id, ""))
	g.Del("Set-Cookie")
	g.Del("Date")
	h.Del("Date")
	if d := cmp.Diff(g, h); d != "" {
		t.Errorf("GET and HEAD differ in more than the id: %s", d)
	}
}

// TestElsewhere: whoever cannot go where a link points goes to a fallback or the 404
// page, and the visit says why (R19).
func TestElsewhere(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/c/gone?sub1=x")
	v := w.log.visits(t)[0]
	if want := "https://other.example/?v=" + v.ID.String(); res.StatusCode != 302 || res.Header.Get("Location") != want {
		t.Errorf("fallback: %d to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
	}
	if v.Click || v.Unique || v.Reason != routing.OfferPaused || v.Offer != "off3" || v.Subs[0] != "x" {
		t.Errorf("fallback: visit %+v", v)
	}

	page := w.get(t, "/c/paused")
	body := readAll(t, page.Body)
	v = w.log.visits(t)[0]
	if page.StatusCode != 404 || !strings.Contains(body, "not available") || v.Reason != routing.LinkPaused || v.Click || v.Destination != "" {
		t.Errorf("no fallback: %d, visit %+v", page.StatusCode, v)
	}

	unknown := w.get(t, "/c/nope")
	if unknown.StatusCode != 404 || readAll(t, unknown.Body) != body || len(w.log.visits(t)) != 0 {
		t.Errorf("unknown key: %d", unknown.StatusCode)
	}
	if n := w.counter(t, "clickledger_edge_requests_total", "/c/{key}", "unknown"); n != 1 {
		t.Errorf("%v unknown keys counted", n)
	}
	for _, r := range []*http.Response{res, page, unknown} {
		if c := r.Header.Get("Set-Cookie"); c != "" {
			t.Errorf("cookie %q", c)
		}
	}

	w.overlay.Close("off1", "cap_daily")
	w.get(t, "/c/k1")
	if v := w.log.visits(t)[0]; v.Reason != "cap_daily" {
		t.Errorf("closed offer: reason %q", v.Reason)
	}
}

func TestPagesAreCleanAndComplete(t *testing.T) {
	w := newWorld(t)
	for target, status := range map[string]int{"/": 404, "/c/": 404, "/c": 404, "/favicon.ico": 404, "/c/nope": 404, "/c/k1?" + strings.Repeat("x", 8200): 414} {
		res := w.get(t, target)
		body := readAll(t, res.Body)
		if res.StatusCode != status || !strings.HasPrefix(body, "<!doctype html>") || !strings.HasSuffix(body, "</html>\n") {
			t.Errorf("%.20s: %d %.60q", target, res.StatusCode, body)
		}
		for _, bad := range []string{"http://", "https://", "<script", "clickledger"} {
			if strings.Contains(strings.ToLower(body), bad) {
				t.Errorf("%.20s: the page holds %q", target, bad)
			}
		}
		wantHeaders(t, res.Header, map[string]string{
			"Cache-Control": "no-store, private, max-age=0", "Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff"})
		if !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") {
			t.Errorf("%.20s: CSP %q", target, res.Header.Get("Content-Security-Policy"))
		}
	}
	if n := len(w.log.visits(t)); n != 0 {
		t.Errorf("%d visits", n)
	}
}

func TestRobots(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/robots.txt")
	if body := readAll(t, res.Body); res.StatusCode != 200 || body != "User-agent: *\nDisallow: /\n" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	if res := w.do(t, http.MethodPost, "/robots.txt", nil); res.StatusCode != 405 {
		t.Errorf("POST: %d", res.StatusCode)
	}
}

func TestServes(t *testing.T) {
	e := newWorld(t).edge
	for path, want := range map[string]bool{
		"/c/k1": true, "/c/": true, "/c/a/b": true, "/postback": true, "/pixel": true, "/pixel.gif": true, "/robots.txt": true, "/d/cake/p.ashx": true, "/d/": true,
		"": false, "/": false, "/c": false, "//c/k1": false, "/C/k1": false, "/%63/k1": false, "/healthz": false, "/postback/": false, "/api/v1/links": false, "/d": false, "/dx/": false,
	} {
		if e.Serves(path) != want {
			t.Errorf("Serves(%q) is %v", path, !want)
		}
	}
}

// TestKeySpellings: an escaped key and one with the slash that page software adds are
// the same key; nothing else is.
func TestKeySpellings(t *testing.T) {
	w := newWorld(t)
	for target, status := range map[string]int{
		"/c/k1": 302, "/c/k1/": 302, "/c/%6b1": 302, "/c/k%31/": 302, "/c/k1?": 302,
		"/c/K1": 404, "/c/k1//": 404, "/c//k1": 404, "//c/k1": 404, "/c/k1/x": 404, "/c/%2e%2e/k1": 404, "/c/../c/k1": 404, "/./c/k1": 404,
		"/c/k1;x=1": 404, "/c/k1%00": 404, "/c/k1%0d%0aX:1": 404, "/c/%ff": 404, "/c/k1%2f": 404, "/%63/k1": 404, "/c/%252e": 404,
	} {
		if res := w.get(t, target); res.StatusCode != status {
			t.Errorf("%s: %d, want %d", target, res.StatusCode, status)
		}
	}
}

// TestLogFailures: the visitor goes on whatever happens to the log, and it is counted (R20).
func TestLogFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		err              error
		full             bool
		spooled, dropped int
	}{
		"full":           {err: eventlog.ErrFull, spooled: 1},
		"failed":         {err: eventlog.ErrFailed, spooled: 1},
		"closed":         {err: eventlog.ErrClosed, spooled: 1},
		"no room either": {err: eventlog.ErrFull, full: true, dropped: 1},
		"deadline":       {err: eventlog.ErrDeadline}, // still in flight: never twice
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.log.fail, w.log.full = tc.err, tc.full
			res := w.get(t, "/c/k1")
			if res.StatusCode != 302 || !strings.HasPrefix(res.Header.Get("Location"), "https://shop.example/p?ref=0") {
				t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
			}
			if len(w.log.spooled) != tc.spooled {
				t.Errorf("%d spooled, want %d", len(w.log.spooled), tc.spooled)
			}
			if n := w.counter(t, "clickledger_clicks_unacked_total"); n != 1 {
				t.Errorf("%v unacknowledged", n)
			}
			if n := w.counter(t, "clickledger_clicks_dropped_total"); n != float64(tc.dropped) {
				t.Errorf("%v dropped", n)
			}
		})
	}
}

func TestNoIDToGive(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Minter = func() (event.ClickID, error) { return event.ClickID{}, errors.New("disk full") }
	})
	res := w.get(t, "/c/k1?sub1=x")
	if got := res.Header.Get("Location"); res.StatusCode != 302 || got != "https://shop.example/p?ref=&s=x&x=" {
		t.Errorf("%d to %q", res.StatusCode, got)
	}
	if w.counter(t, "clickledger_clicks_unacked_total") != 1 || len(w.log.visits(t)) != 0 || res.Header.Get("Set-Cookie") != "" {
		t.Error("a visit without an id must be counted, not logged, not remembered")
	}
}

// TestFallbackCircles: paused links that fall back on each other end at the 404 page.
func TestFallbackCircles(t *testing.T) {
	w := newWorld(t)
	paused := func(id, to string) []catalog.Entity {
		return []catalog.Entity{
			&catalog.Offer{Meta: meta("o" + id), URL: "https://shop.example/", Status: catalog.StatusPaused, Key: "k" + id, FallbackURL: "http://trk.example/c/" + to},
			&catalog.Link{Meta: meta("l" + id), Key: id, Offer: "o" + id, Status: catalog.StatusActive},
		}
	}
	w.apply(append(append(append(append(paused("a", "b"), paused("b", "a?x=1")...), paused("self", "self")...), paused("way", "k1")...), paused("lost", "nowhere")...)...)
	for key, want := range map[string]string{"a": "", "b": "", "self": "", "lost": "", "way": "http://trk.example/c/k1"} {
		res := w.get(t, "/c/"+key)
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("%s: to %q, want %q", key, got, want)
		}
	}
}

func TestDeepLink(t *testing.T) {
	w := newWorld(t)
	for link, want := range map[string]struct{ to, reason string }{
		"https://shop.example/deep?a=1#f": {"https://shop.example/deep?a=1&ref=ID&s=v&x=#f", ""},
		"https://evil.example/":           {"https://shop.example/p?ref=ID&s=v&x=", routing.DeepLinkDenied},
		"//evil.example/":                 {"https://shop.example/p?ref=ID&s=v&x=", routing.DeepLinkInvalid},
		"https://shop.example\\@evil/":    {"https://shop.example/p?ref=ID&s=v&x=", routing.DeepLinkInvalid},
		"https://shop.example/\r\nX: y":   {"https://shop.example/p?ref=ID&s=v&x=", routing.DeepLinkInvalid},
		"":                                {"https://shop.example/p?ref=ID&s=v&x=", ""},
	} {
		res := w.get(t, "/c/k1?sub1=v&url="+url.QueryEscape(link))
		v := w.log.visits(t)[0]
		if got := strings.ReplaceAll(res.Header.Get("Location"), v.ID.String(), "ID"); got != want.to || v.Reason != want.reason || !v.Click {
			t.Errorf("%q: to %q, reason %q, click %v", link, got, v.Reason, v.Click)
		}
	}
}
