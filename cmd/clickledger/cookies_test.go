package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"clickledger/samples/shop"
)

// The tracker and the shop on two registrable domains, as in the world: ports, or names
// below localhost, would be one site.
const trackHost, shopHost = "track.clicks.example", "www.shoes.example"

// web is a tracker and the sample shops, over https or http.
type web struct {
	t      *testing.T
	p      *proc
	scheme string
	public string // the tracker's origin
	cert   tls.Certificate
	flags  []chromedp.ExecAllocatorOption
	shops  map[string]market // by way
	addr   string            // the tracker's listener
}

// newWeb starts a tracker.
func newWeb(t *testing.T, scheme string) *web {
	t.Helper()
	w := &web{t: t, scheme: scheme, addr: freePort(t), shops: map[string]market{}}
	w.flags = []chromedp.ExecAllocatorOption{chromedp.Flag("host-resolver-rules", "MAP *.example 127.0.0.1")}
	if scheme == "https" {
		w.certificate()
	}
	to, err := url.Parse("http://" + w.addr)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	w.public = scheme + "://" + trackHost + ":" + w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/forget" { // the visitor clears this site's cookies
			for _, c := range r.Cookies() {
				http.SetCookie(rw, &http.Cookie{Name: c.Name, Path: "/", MaxAge: -1, Secure: scheme == "https"})
			}
			fmt.Fprint(rw, "forgotten")
			return
		}
		proxy.ServeHTTP(rw, r)
	}))
	w.p = start(t, dataDir(t), w.addr, 0, "--public-url", w.public)
	return w
}

// restart moves the server's clock.
func (w *web) restart(clock time.Duration) {
	w.t.Helper()
	data := w.p.data
	w.p.stop()
	w.p = start(w.t, data, w.addr, int(clock/time.Second), "--public-url", w.public)
}

// certificate makes a certificate for both hosts, which the browser is told to take.
func (w *web) certificate() {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clickledger test"}, DNSNames: []string{trackHost, shopHost},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256(spki)
	w.flags = append(w.flags, chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(sum[:])))
}

// serve serves over the web's scheme and returns the port.
func (w *web) serve(h http.Handler) string {
	w.t.Helper()
	s := httptest.NewUnstartedServer(h)
	if w.scheme == "https" {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{w.cert}}
		s.StartTLS()
	} else {
		s.Start()
	}
	w.t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return port
}

// open opens the sample shop of a way, with an offer of its own.
func (w *web) open(way string) market {
	w.t.Helper()
	if m, ok := w.shops[way]; ok {
		return m
	}
	var h http.Handler
	port := w.serve(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { h.ServeHTTP(rw, r) }))
	offer := map[string]any{"url": w.scheme + "://" + shopHost + ":" + port + "/?refid={click_id}", "tracking": "postback", "cookie_days": 28}
	if way == "pixel" {
		offer["url"], offer["tracking"] = w.scheme+"://"+shopHost+":"+port+"/", "pixel"
	}
	m := w.p.market(offer)
	c := shop.Config{Tracker: w.public, Token: m.token, Key: m.key, Param: "refid", Currency: "USD", Days: 28}
	if slices.Contains([]string{"server-cookie", "hidden-field", "url", "session"}, way) {
		c.Tracker = w.p.url // the shop's server calls it, and knows nothing of the browser's names
	}
	var err error
	h, err = shop.New(way, c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.shops[way] = m
	return m
}

// browser is a new visitor. blocked keeps third-party cookies from it; what a browser does
// of itself differs by its maker.
func (w *web) browser(t *testing.T, blocked bool) context.Context {
	t.Helper()
	prefs := `{"profile":{"cookie_controls_mode":0,"block_third_party_cookies":false}}`
	if blocked {
		prefs = `{"profile":{"cookie_controls_mode":1,"block_third_party_cookies":true}}`
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	return openBrowser(t, append(slices.Clone(w.flags), chromedp.UserDataDir(dir))...)
}

// buy follows the way's link, buys, and returns the new conversion's match method, or the
// sentence of the signal that made none.
func (w *web) buy(t *testing.T, ctx context.Context, way string, forget bool) string {
	t.Helper()
	m := w.open(way)
	before := w.signals(m)
	steps(t, ctx, way+": follow the link", chromedp.Navigate(w.public+m.link), sees("Shoes"))
	if way == "script" {
		steps(t, ctx, "the script is there", waitFor("window.clickledger && clickledger.on"))
	}
	if forget {
		landing := here(t, ctx)
		steps(t, ctx, way+": forget the tracker's cookies", chromedp.Navigate(w.public+"/forget"), sees("forgotten"), chromedp.Navigate(landing), sees("Shoes"))
	}
	return w.pay(t, ctx, way, before)
}

// here is where the browser is.
func here(t *testing.T, ctx context.Context) string {
	t.Helper()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// pay goes on from the landing page.
func (w *web) pay(t *testing.T, ctx context.Context, way string, before int) string {
	t.Helper()
	m := w.shops[way]
	if way == "url" {
		steps(t, ctx, "to the cart", chromedp.Click("a[href]"), sees("Cart"))
	}
	steps(t, ctx, way+": buy", chromedp.Click("form button"), sees("Thank you"))
	end := time.Now().Add(time.Minute)
	for w.signals(m) == before {
		if time.Now().After(end) {
			t.Fatalf("%s: nothing arrived at the tracker", way)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for time.Now().Before(end) {
		s := w.p.api("GET", "/signals?limit=1&workspace="+m.workspace, nil)["data"].([]any)[0].(map[string]any)
		switch s["verdict"] {
		case "accepted":
			c := w.p.api("GET", "/conversions/"+fmt.Sprint(s["conversion"])+"?workspace="+m.workspace, nil)
			return fmt.Sprint(c["method"])
		case "pending_click", "received":
			time.Sleep(50 * time.Millisecond)
		default:
			return fmt.Sprint(s["verdict"], ": ", s["detail"])
		}
	}
	t.Fatalf("%s: no verdict", way)
	return ""
}

func (w *web) signals(m market) int {
	return len(w.p.api("GET", "/signals?limit=100&workspace="+m.workspace, nil)["data"].([]any))
}

// TestEveryWayToHoldTheClick: with the tracker's own cookie gone, each sample shop's
// conversion is matched by the way that it holds the click id; where that cookie was all
// there is, the verdict says so. Money and reports agree.
func TestEveryWayToHoldTheClick(t *testing.T) {
	methods := map[string]string{"server-cookie": "shop_cookie", "session": "session", "hidden-field": "form_field", "url": "shop_url",
		"script": "script_cookie", "page-cookie": "shop_cookie", "javascript": "session", "pixel": ""}
	w := newWeb(t, "https")
	const gone = "missing_click: The page brought no click_id, and the browser sent no tracker cookie: "

	t.Run("the tracker's cookie is there", func(t *testing.T) {
		ctx := w.browser(t, false)
		if got := w.buy(t, ctx, "pixel", false); got != "cookie" {
			t.Errorf("pixel: %s", got)
		}
		res, err := chromedp.CallBrowser(ctx, storage.GetCookies, storage.GetCookiesParams{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, c := range res.Cookies {
			if c.Name != "__Host-cltid" {
				continue
			}
			found = true
			days := (c.Expires - float64(time.Now().Unix())) / 86400
			if c.Domain != trackHost || !c.Secure || !c.HTTPOnly || c.SameSite != "None" || days < 27.9 || days > 28.01 {
				t.Errorf("the tracker's cookie is %+v, for %.2f days", c, days)
			}
		}
		if !found {
			t.Error("the tracker set no cookie")
		}
	})
	t.Run("cleared", func(t *testing.T) {
		ctx := w.browser(t, false)
		for _, way := range shop.Ways() {
			got := w.buy(t, ctx, way, true)
			if want := methods[way]; way == "pixel" && !strings.HasPrefix(got, gone) || way != "pixel" && got != want {
				t.Errorf("%s: %q, want %q", way, got, want)
			}
		}
	})
	t.Run("third-party cookies blocked", func(t *testing.T) {
		ctx := w.browser(t, true)
		if got := w.buy(t, ctx, "pixel", false); !strings.HasPrefix(got, gone) {
			t.Errorf("pixel: %q, want %s", got, gone)
		}
		for _, way := range []string{"script", "page-cookie", "server-cookie"} {
			if got := w.buy(t, ctx, way, false); got != methods[way] {
				t.Errorf("%s: %q, want %q", way, got, methods[way])
			}
		}
	})
	for way, m := range w.shops {
		if methods[way] == "" {
			continue
		}
		end := time.Now().Add(time.Minute)
		for {
			rows := w.p.api("POST", "/reports?workspace="+m.workspace, map[string]any{"from": time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339), "to": time.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "dimensions": []string{"method"}, "metrics": []string{"conversions"}})
			if strings.Contains(fmt.Sprint(rows), methods[way]) {
				break
			}
			if time.Now().After(end) {
				t.Errorf("%s: the report by method has no %s: %v", way, methods[way], rows)
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	w.p.stop()
	verified(t, w.p.data)
}

// TestHTTPHasNoThirdPartyCookie: without https the tracker's cookie is Lax and stays on
// the tracker's site; what the shop's own domain keeps works all the same.
func TestHTTPHasNoThirdPartyCookie(t *testing.T) {
	w := newWeb(t, "http")
	ctx := w.browser(t, false)
	if got := w.buy(t, ctx, "pixel", false); !strings.HasPrefix(got, "missing_click: ") {
		t.Errorf("pixel: %q", got)
	}
	if got := w.buy(t, ctx, "script", false); got != "script_cookie" {
		t.Errorf("script: %q", got)
	}
	if got := w.buy(t, ctx, "page-cookie", false); got != "shop_cookie" {
		t.Errorf("page-cookie: %q", got)
	}
}

// TestCookieLifeOf28Days moves the server's clock: within the 28th day the click is known,
// after it the cookie says nothing, although the browser still sends it.
func TestCookieLifeOf28Days(t *testing.T) {
	w := newWeb(t, "https")
	ctx := w.browser(t, false)
	m := w.open("pixel")
	steps(t, ctx, "follow the link", chromedp.Navigate(w.public+m.link), sees("Shoes"))
	landing := here(t, ctx)
	w.restart(28*24*time.Hour - time.Hour)
	if got := w.pay(t, ctx, "pixel", w.signals(m)); got != "cookie" {
		t.Errorf("an hour before its end: %q", got)
	}
	w.restart(28*24*time.Hour + time.Hour)
	before := w.signals(m)
	steps(t, ctx, "back to the shop", chromedp.Navigate(landing), sees("Shoes"))
	if got := w.pay(t, ctx, "pixel", before); !strings.HasPrefix(got, "missing_click: ") || !strings.Contains(got, "cookie life of 28 days") {
		t.Errorf("an hour after its end: %q", got)
	}
}
