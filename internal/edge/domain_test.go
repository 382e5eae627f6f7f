package edge

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// domainCatalog has a tracking domain of the workspace, one of an advertiser, one of another
// workspace, and one that was never verified.
func domainCatalog() []catalog.Entity {
	domain := func(ws, host, advertiser string, verified int64) *catalog.Domain {
		return &catalog.Domain{Meta: catalog.Meta{ID: "dom" + host, Workspace: ws}, Host: host, Advertiser: advertiser, Token: "secret of " + host, Verified: verified}
	}
	shop := domain("ws", "go.shop.example", "adv", 1)
	shop.RootURL, shop.UnknownURL = "https://www.shop.example/", "https://www.shop.example/lost?a=1"
	return []catalog.Entity{
		&catalog.Workspace{Meta: catalog.Meta{ID: "ws2", Workspace: "ws2"}}, &catalog.Advertiser{Meta: meta("adv2")},
		domain("ws", "go.brand.example", "", 1), shop, domain("ws", "go.other.example", "adv2", 1),
		domain("ws2", "go.foreign.example", "", 1), domain("ws", "new.brand.example", "", 0),
		domain("ws", "xn--bcher-kva.example", "", 1),
	}
}

func (w *world) under(host, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://x"+path, nil)
	r.Host = host
	r.Header.Set("User-Agent", chrome)
	rec := httptest.NewRecorder()
	w.edge.Handler().ServeHTTP(rec, r)
	return rec
}

func TestHostDecidesFirst(t *testing.T) {
	w := newWorld(t)
	w.apply(domainCatalog()...)
	const offer, lost, root = "https://shop.example/p?", "https://www.shop.example/lost?a=1", "https://www.shop.example/"
	for _, c := range []struct {
		host, method, path string
		status             int
		leads              string // what Location begins with, "" = there is none
	}{
		{"trk.example", "GET", "/c/k1", 302, offer},
		{"go.brand.example", "GET", "/c/k1", 302, offer},
		{"go.shop.example", "GET", "/c/k1", 302, offer},
		// A key is unknown on the domain of another workspace or advertiser.
		{"go.foreign.example", "GET", "/c/k1", 404, ""},
		{"go.other.example", "GET", "/c/k1", 404, ""},
		// How a name is written does not matter.
		{"GO.Brand.EXAMPLE", "GET", "/c/k1", 302, offer},
		{"go.brand.example:8443", "GET", "/c/k1", 302, offer},
		{"go.brand.example.", "GET", "/c/k1", 302, offer},
		{"go.brand.example.:443", "GET", "/c/k1", 302, offer},
		{"XN--bcher-KVA.example", "GET", "/c/k1", 302, offer},
		// Everything that is not known there, and the bare domain.
		{"go.brand.example", "GET", "/", 404, ""},
		{"go.brand.example", "GET", "/signin", 404, ""},
		{"go.brand.example", "GET", "/healthz", 404, ""},
		{"go.shop.example", "GET", "/", 302, root},
		{"go.shop.example", "HEAD", "/", 302, root},
		{"go.shop.example", "POST", "/", 404, ""},
		{"go.shop.example", "GET", "/signin", 302, lost},
		{"go.shop.example", "GET", "/c/unknown", 302, lost},
		{"go.shop.example", "GET", "//evil.example/", 302, lost},
		{"go.shop.example", "POST", "/api/v1/offers", 404, ""},
		{"go.shop.example", "GET", "/tag.js", 200, ""},
		{"go.shop.example", "GET", "/robots.txt", 200, ""},
		// Not verified, or nobody's.
		{"new.brand.example", "GET", "/c/k1", 421, ""},
		{"new.brand.example", "GET", "/", 421, ""},
		{"evil.example", "GET", "/c/k1", 421, ""},
		{"evil.example", "GET", "/tag.js", 421, ""},
		{"trk.example.evil.example", "GET", "/c/k1", 421, ""},
		{"sub.go.brand.example", "GET", "/c/k1", 421, ""},
		{"go.brand.example@evil.example", "GET", "/c/k1", 421, ""},
		{"go.brand.example, evil.example", "GET", "/c/k1", 421, ""},
		{"go.brand.example:port", "GET", "/c/k1", 421, ""},
		{"go.brand.example..", "GET", "/c/k1", 421, ""},
		{"b\u00fccher.example", "GET", "/c/k1", 421, ""},
		{"127.0.0.999", "GET", "/c/k1", 421, ""},
		{strings.Repeat("a", 64), "GET", "/c/k1", 421, ""},
		{strings.Repeat("a.", 5000), "GET", "/c/k1", 421, ""},
		{"go.brand.example:" + strings.Repeat("1", 300), "GET", "/c/k1", 421, ""},
		// Addresses and names without a dot are how proxies and probes come.
		{"", "GET", "/c/k1", 302, offer},
		{"127.0.0.1:8080", "GET", "/c/k1", 302, offer},
		{"[::1]:8080", "GET", "/c/k1", 302, offer},
		{"[2001:db8::1]", "GET", "/c/k1", 302, offer},
		{"clickledger:8080", "GET", "/c/k1", 302, offer},
		{"LOCALHOST", "GET", "/c/k1", 302, offer},
	} {
		rec := w.under(c.host, c.method, c.path)
		to := rec.Header().Get("Location")
		if rec.Code != c.status || !strings.HasPrefix(to, c.leads) || (to == "") != (c.leads == "") {
			t.Errorf("%.60q %s %s: %d %q, want %d %q", c.host, c.method, c.path, rec.Code, to, c.status, c.leads)
		}
		if c.status == 421 && (!strings.Contains(rec.Body.String(), "unknown_host") || rec.Header().Get("Set-Cookie") != "") {
			t.Errorf("%.60q: %s", c.host, rec.Body)
		}
	}
	// The public host alone knows every link, and without a name or a domain nobody is refused.
	plain := newWorld(t, func(o *Options) { o.PublicURL = "http://127.0.0.1:8080" })
	if rec := plain.under("whatever.example", "GET", "/c/k1"); rec.Code != 302 {
		t.Errorf("an installation without a name answers %d", rec.Code)
	}
	plain.apply(domainCatalog()...)
	if rec := plain.under("whatever.example", "GET", "/c/k1"); rec.Code != 421 {
		t.Errorf("an installation with domains answers %d", rec.Code)
	}
}

// TestOwnHostsAreNoDomains: a domain that somebody managed to make of a host of the
// installation takes nothing over.
func TestOwnHostsAreNoDomains(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.OwnHosts = []string{"console.example"} })
	w.apply(domainCatalog()...)
	for _, host := range []string{"console.example", "trk.example"} {
		d := &catalog.Domain{Meta: meta("dom" + host), Host: host, Verified: 1, RootURL: "https://evil.example/", UnknownURL: "https://evil.example/"}
		w.apply(d)
		for _, name := range []string{host, strings.ToUpper(host), host + ":80", host + "."} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = name
			if w.edge.Elsewhere(httptest.NewRecorder(), r) {
				t.Errorf("%s was taken over", name)
			}
		}
	}
}

// TestDomainsGoAndCome: what is archived is unknown at once, and a host moves with its
// domain.
func TestDomainsGoAndCome(t *testing.T) {
	w := newWorld(t)
	w.apply(domainCatalog()...)
	gone := *domainCatalog()[2].(*catalog.Domain)
	gone.Archived = true
	w.apply(&gone)
	if rec := w.under("go.brand.example", "GET", "/c/k1"); rec.Code != 421 {
		t.Errorf("an archived domain answers %d", rec.Code)
	}
	next := &catalog.Domain{Meta: catalog.Meta{ID: "dom-next", Workspace: "ws2"}, Host: "go.brand.example", Verified: 1}
	w.apply(next)
	if rec := w.under("go.brand.example", "GET", "/c/k1"); rec.Code != 404 {
		t.Errorf("on its new workspace's domain the link answers %d", rec.Code)
	}
	w.apply(&gone) // the old row again takes nothing from the new one
	if rec := w.under("go.brand.example", "GET", "/c/k1"); rec.Code != 404 {
		t.Errorf("after the old row came again: %d", rec.Code)
	}
}

func TestProof(t *testing.T) {
	w := newWorld(t)
	w.apply(domainCatalog()...)
	nonce := strings.Repeat("0a", 16)
	path, want := catalog.DomainProof("secret of new.brand.example", nonce)
	for _, c := range []struct {
		host, method, path string
		status             int
	}{
		{"new.brand.example", "GET", path, 200},
		{"New.Brand.Example:80", "GET", path, 200},
		{"new.brand.example", "POST", path, 404},
		{"new.brand.example", "GET", path + "0", 404},
		{"new.brand.example", "GET", catalog.DomainCheckPath + strings.Repeat("Z", 32), 404},
		{"new.brand.example", "GET", catalog.DomainCheckPath, 404},
		{"trk.example", "GET", path, 404},
		{"evil.example", "GET", path, 421},
	} {
		rec := w.under(c.host, c.method, c.path)
		if rec.Code != c.status || (rec.Body.String() == want) != (c.status == 200) {
			t.Errorf("%s %s %s: %d %.80s", c.host, c.method, c.path, rec.Code, rec.Body)
		}
	}
	if rec := w.under("go.brand.example", "GET", path); rec.Code != 200 || rec.Body.String() == want {
		t.Errorf("another domain proves the same: %d %s", rec.Code, rec.Body)
	}
}

// TestHostsOnTheWire: what net/http lets through, and what an HTTP/1.0 client leaves out.
func TestHostsOnTheWire(t *testing.T) {
	w := newWorld(t)
	w.apply(domainCatalog()...)
	for request, want := range map[string]int{
		"GET /c/k1 HTTP/1.0\r\n\r\n":                                                             302,
		"GET /c/k1 HTTP/1.1\r\nHost: go.brand.example\r\n\r\n":                                   302,
		"GET http://go.brand.example/c/k1 HTTP/1.1\r\nHost: evil.example\r\n\r\n":                302, // the target counts (RFC 9112, 3.2.2)
		"GET http://evil.example/c/k1 HTTP/1.1\r\nHost: go.brand.example\r\n\r\n":                421,
		"GET /c/k1 HTTP/1.1\r\nHost: evil.example\r\n\r\n":                                       421,
		"GET /c/k1 HTTP/1.1\r\n\r\n":                                                             400,
		"GET /c/k1 HTTP/1.1\r\nHost: go.brand.example\r\nHost: trk.example\r\n\r\n":              400,
		"GET /c/k1 HTTP/1.1\r\nHost: go.brand.example/x\r\n\r\n":                                 421,
		"GET /c/k1 HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: go.brand.example\r\n\r\n": 421,
	} {
		c, err := net.Dial("tcp", w.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprint(c, request); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%q: %v", request, err)
		}
		if res.StatusCode != want && !(want == 421 && res.StatusCode == 400) {
			t.Errorf("%q: %d, want %d", request, res.StatusCode, want)
		}
		res.Body.Close()
		c.Close()
	}
}

// TestSignalsKeepTheirDomain: which domain a signal came by is kept with it.
func TestSignalsKeepTheirDomain(t *testing.T) {
	w := newWorld(t)
	w.apply(domainCatalog()...)
	w.under("GO.brand.example:80", "GET", "/postback?click_id=x")
	w.under("trk.example", "GET", "/postback?click_id=x")
	got := w.log.signals(t)
	if len(got) != 2 || got[0].Host != "go.brand.example" || got[1].Host != "trk.example" {
		t.Errorf("signals %+v", got)
	}
}

// TestDialectsAtTheRoot: on a domain with dialects their own paths are signals, told apart
// by what comes; elsewhere they are unknown, and /d/ answers on every host.
func TestDialectsAtTheRoot(t *testing.T) {
	w := newWorld(t)
	shop := &catalog.Domain{Meta: catalog.Meta{ID: "domd", Workspace: "ws"}, Host: "go.d.example", Token: "t", Verified: 1, RootURL: "https://www.shop.example/",
		Dialects: []string{"tune", "cake", "everflow", "affise"}}
	unproven := *shop
	unproven.ID, unproven.Host, unproven.Verified = "dome", "new.d.example", 0
	w.apply(append(domainCatalog(), shop, &unproven)...)
	for _, c := range []struct {
		host, method, path string
		status             int
		dialect            string // of the signal, "-" = there is none
	}{
		{"go.d.example", "GET", "/aff_lsr?transaction_id=x", 200, "tune/aff_lsr"},
		{"go.d.example", "POST", "/aff_lsr?transaction_id=x", 200, "tune/aff_lsr"},
		{"go.d.example", "GET", "/p.ashx?f=pb&r=x", 200, "cake/pb"},
		{"go.d.example", "GET", "/p.ashx?f=img", 200, "cake/img"},
		{"go.d.example", "GET", "/?nid=1&transaction_id=x", 202, "everflow/s2s"},
		{"go.d.example", "GET", "/", 302, "-"},
		{"go.d.example", "GET", "/?a=1&c=2", 302, "-"},
		{"go.d.example", "GET", "/postback?clickid=x&secure=y", 200, "affise/postback"},
		{"go.d.example", "GET", "/postback?click_id=x&token=y", 202, ""},
		{"go.d.example", "GET", "/cf/cv?click_id=x", 404, "-"},
		{"go.d.example", "GET", "/d/clickflare/cf/cv?click_id=x", 202, "clickflare/cv"},
		{"go.d.example", "HEAD", "/aff_lsr?transaction_id=x", 200, "-"},
		{"go.d.example", "PUT", "/aff_lsr?transaction_id=x", 405, "-"},
		{"new.d.example", "GET", "/aff_lsr?transaction_id=x", 421, "-"},
		{"go.brand.example", "GET", "/aff_lsr?transaction_id=x", 404, "-"},
		{"trk.example", "GET", "/aff_lsr?transaction_id=x", 404, "-"},
		{"trk.example", "GET", "/d/tune/aff_lsr?transaction_id=x", 200, "tune/aff_lsr"},
		{"go.foreign.example", "GET", "/d/tune/aff_lsr?transaction_id=x", 200, "tune/aff_lsr"},
		{"trk.example", "GET", "/d/", 404, "-"},
		{"trk.example", "GET", "/d/nobody/x", 404, "-"},
		{"trk.example", "OPTIONS", "/d/everflow/sdk/conversion", 204, "-"},
		{"trk.example", "OPTIONS", "/d/tune/aff_lsr", 405, "-"},
	} {
		before := len(w.log.signals(t))
		rec := w.under(c.host, c.method, c.path)
		if rec.Code != c.status {
			t.Errorf("%s %s%s: %d, want %d", c.method, c.host, c.path, rec.Code, c.status)
		}
		got, all := "-", w.log.signals(t)
		if len(all) > before {
			got = all[len(all)-1].Dialect
		}
		if got != c.dialect {
			t.Errorf("%s %s%s: dialect %q, want %q", c.method, c.host, c.path, got, c.dialect)
		}
	}
}

// TestDialectPages: what a page loads is answered at once, can be read by other origins
// without cookies, and the SDK's answer with them, by the origin that asked.
func TestDialectPages(t *testing.T) {
	w := newWorld(t, https, waitLong) // a minute: were one to wait, the test would hang
	for path, kind := range map[string]string{
		"/d/cake/p.ashx?o=1&f=img": "image/gif", "/d/cake/p.ashx?o=1": "text/html; charset=utf-8", "/d/cake/p.ashx?o=1&f=js": "text/javascript; charset=utf-8",
	} {
		res := w.get(t, path, "Cookie", "__Host-cltid=puboff1_x_y")
		s := w.log.signals(t)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != kind || s[len(s)-1].Cookie != "puboff1_x_y" || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}
	res := w.get(t, "/d/everflow/sdk/conversion?transaction_id=x", "Origin", "https://shop.example")
	wantHeaders(t, res.Header, map[string]string{"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Credentials": "true", "Content-Type": "application/json", "Vary": "Origin"})
	if body := readAll(t, res.Body); !strings.Contains(body, `"html_pixel":""`) || res.StatusCode != 200 {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if res := w.get(t, "/d/everflow/sdk/conversion?transaction_id=x", "Origin", "https://x\"y"); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a hostile origin is repeated")
	}
}
