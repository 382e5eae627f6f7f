package edge

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

const shopOrigin = "https://shop.example"

func TestTagIsServed(t *testing.T) {
	if len(tag) > 6656 || !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(TagVersion()) {
		t.Fatalf("%d bytes, version %q", len(tag), TagVersion())
	}
	w := newWorld(t, https)
	etag := `"` + tagHash[:32] + `"`
	const short, long = "public, max-age=300", "public, max-age=31536000, immutable"
	for _, tc := range []struct {
		method, target, match string
		status                int
		cache                 string
	}{
		{"GET", "/tag.js", "", 200, short},
		{"GET", "/tag.js?v=" + TagVersion(), "", 200, long},
		{"GET", "/tag.js?v=" + tagHash[:8], "", 200, long},
		{"GET", "/tag.js?v=" + tagHash, "", 200, long},
		{"GET", "/tag.js?v=" + tagHash[:7], "", 200, short}, // too little of it
		{"GET", "/tag.js?v=" + tagHash + "0", "", 200, short},
		{"GET", "/tag.js?v=000000000000", "", 200, short}, // an older build's
		{"GET", "/tag.js?v=", "", 200, short},
		{"GET", "/tag.js?a=1&v=%zz", "", 200, short},
		{"HEAD", "/tag.js?v=" + TagVersion(), "", 200, long},
		{"GET", "/tag.js", etag, 304, short},
		{"GET", "/tag.js", `"x", W/` + etag, 304, short},
		{"HEAD", "/tag.js?v=" + TagVersion(), etag, 304, long},
		{"GET", "/tag.js", `"old"`, 200, short},
	} {
		var headers []string
		if tc.match != "" {
			headers = []string{"If-None-Match", tc.match}
		}
		res := w.do(t, tc.method, tc.target, nil, headers...)
		body := readAll(t, res.Body)
		want := string(tag)
		if tc.method == "HEAD" || tc.status == 304 {
			want = ""
		}
		if res.StatusCode != tc.status || body != want {
			t.Errorf("%s %s: %d, %d bytes", tc.method, tc.target, res.StatusCode, len(body))
		}
		wantHeaders(t, res.Header, map[string]string{"Cache-Control": tc.cache, "Etag": etag, "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"})
		if tc.status == 200 {
			wantHeaders(t, res.Header, map[string]string{"Content-Type": "text/javascript; charset=utf-8"})
		}
		if res.Header.Get("Set-Cookie") != "" || res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", tc.target, res.Header)
		}
	}
	for _, method := range []string{"POST", "PUT", "OPTIONS", "DELETE"} {
		if res := w.do(t, method, "/tag.js", nil); res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
	}
	for _, path := range []string{"/tag.js/", "/Tag.js", "/tag%2ejs", "/event/", "/events"} {
		if res := w.get(t, path); res.StatusCode != 404 || w.edge.Serves(path) {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if !w.edge.Serves("/tag.js") || !w.edge.Serves("/event") {
		t.Error("an installation that shares its host does not serve the script")
	}
	if n := len(w.log.signals(t)); n != 0 {
		t.Errorf("%d signals", n)
	}
}

// TestTagKeepsToItself: no third party, nothing that a strict policy of the shop's page
// would forbid.
func TestTagKeepsToItself(t *testing.T) {
	for _, bad := range []string{"eval(", "Function(", "innerHTML", "document.write", "createElement", "import(", "http://", "https://", "setTimeout('", "var "} {
		if strings.Contains(string(tag), bad) {
			t.Errorf("the script holds %q", bad)
		}
	}
}

type scriptAnswer struct{ Status, ID string }

func scriptSays(t *testing.T, res *http.Response) scriptAnswer {
	t.Helper()
	var a scriptAnswer
	if err := json.Unmarshal([]byte(readAll(t, res.Body)), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestScriptIsLoggedAndAnswered(t *testing.T) {
	w := newWorld(t, https, waitLong) // a minute: were it to wait, the test would hang
	const form = "key=puboff1&amount=49.90&plan=pro+1"
	res := w.do(t, http.MethodPost, "/event", strings.NewReader(form), "Content-Type", "application/x-www-form-urlencoded;charset=UTF-8",
		"Origin", shopOrigin, "Referer", shopOrigin+"/", "Cookie", "__Host-cltid=puboff1_x_y")
	s := w.log.signals(t)
	if len(s) != 1 {
		t.Fatalf("%d signals", len(s))
	}
	want := &event.Signal{ID: s[0].ID, At: w.at.UnixMicro(), Kind: event.SignalScript, HTTPMethod: "POST", Host: "trk.example", Path: "/event",
		BodyType: "application/x-www-form-urlencoded;charset=UTF-8", Body: []byte(form), Cookie: "puboff1_x_y", Addr: "127.0.0.0", UserAgent: chrome, Referer: shopOrigin + "/"}
	if d := cmp.Diff(want, s[0]); d != "" {
		t.Error(d)
	}
	if a := scriptSays(t, res); res.StatusCode != 200 || a != (scriptAnswer{"received", s[0].ID.String()}) {
		t.Errorf("%d %+v", res.StatusCode, a)
	}
	wantHeaders(t, res.Header, map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store, private, max-age=0", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": shopOrigin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
		"Clickledger-Verdict": "received", "Clickledger-Signal": s[0].ID.String()})
	if n := w.hub.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
	if n := w.counter(t, "clickledger_edge_requests_total", "/event", "received"); n != 1 {
		t.Errorf("counted %v", n)
	}
}

// TestScriptVerdicts: whatever was logged is 200, so that the script does not repeat it.
func TestScriptVerdicts(t *testing.T) {
	for v := range event.Verdicts {
		w := newWorld(t)
		w.judged(Answer{Verdict: v, Detail: "secret <detail>"})
		res := w.do(t, http.MethodPost, "/event", strings.NewReader("key=x"), "Origin", shopOrigin)
		if a := scriptSays(t, res); res.StatusCode != 200 || a.Status != string(v) || a.ID == "" {
			t.Errorf("%s: %d %+v", v, res.StatusCode, a)
		}
	}
}

func TestScriptLimits(t *testing.T) {
	w := newWorld(t)
	for size, want := range map[int]string{event.MaxBody - 1: "received", event.MaxBody: "too_large", 1 << 20: "too_large"} {
		res := w.do(t, http.MethodPost, "/event", strings.NewReader(strings.Repeat("b", size)), "Origin", shopOrigin)
		if a := scriptSays(t, res); res.StatusCode != 200 || a.Status != want || a.ID == "" {
			t.Errorf("%d: %d %+v", size, res.StatusCode, a)
		}
		if s := w.log.signals(t); len(s) != 1 || len(s[0].Body) != min(size, event.MaxBody) {
			t.Errorf("%d: the log must keep what was sent, cut right behind the limit", size)
		}
	}
}

// TestScriptThatCannotBeLogged: 503 without an id is what makes the script send again,
// and it must be readable for that.
func TestScriptThatCannotBeLogged(t *testing.T) {
	for _, fail := range []error{eventlog.ErrFull, eventlog.ErrFailed, eventlog.ErrDeadline, errors.New("odd")} {
		w := newWorld(t)
		w.log.fail = fail
		res := w.do(t, http.MethodPost, "/event", strings.NewReader("key=x"), "Origin", shopOrigin)
		if a := scriptSays(t, res); res.StatusCode != 503 || a != (scriptAnswer{Status: "log_unavailable"}) {
			t.Errorf("%v: %d %+v", fail, res.StatusCode, a)
		}
		wantHeaders(t, res.Header, map[string]string{"Access-Control-Allow-Origin": shopOrigin, "Retry-After": "1"})
		if len(w.log.spooled) != 0 || w.hub.Waiting() != 0 {
			t.Errorf("%v: %d spooled, %d wait", fail, len(w.log.spooled), w.hub.Waiting())
		}
	}
	w := newWorld(t, func(o *Options) {
		o.Minter = func() (event.ClickID, error) { return event.ClickID{}, errors.New("disk full") }
	})
	if res := w.do(t, http.MethodPost, "/event", nil); res.StatusCode != 503 {
		t.Errorf("without an id: %d", res.StatusCode)
	}
	r, err := http.NewRequest(http.MethodPost, "http://trk.example/event", brokenBody{})
	if err != nil {
		t.Fatal(err)
	}
	w = newWorld(t)
	s := sink{h: http.Header{}}
	w.edge.Handler().ServeHTTP(&s, r)
	if s.status != 400 || s.h.Get("Clickledger-Verdict") != "malformed_body" || len(w.log.signals(t)) != 0 {
		t.Errorf("a body that breaks off: %d %v", s.status, s.h)
	}
}

func TestScriptMethods(t *testing.T) {
	w := newWorld(t)
	for method, status := range map[string]int{"OPTIONS": 204, "GET": 405, "HEAD": 405, "PUT": 405, "DELETE": 405, "PATCH": 405} {
		res := w.do(t, method, "/event?key=puboff1", nil, "Origin", shopOrigin, "Access-Control-Request-Method", "POST")
		if res.StatusCode != status || (status == 405) != (res.Header.Get("Allow") == "OPTIONS, POST") {
			t.Errorf("%s: %d, Allow %q", method, res.StatusCode, res.Header.Get("Allow"))
		}
		if status == 204 {
			wantHeaders(t, res.Header, map[string]string{"Access-Control-Allow-Origin": shopOrigin, "Access-Control-Allow-Credentials": "true",
				"Access-Control-Allow-Methods": "POST", "Access-Control-Allow-Headers": "Content-Type", "Vary": "Origin"})
		}
	}
	if n := len(w.log.signals(t)); n != 0 {
		t.Errorf("%d signals recorded", n)
	}
}

// TestScriptOrigins: an origin is repeated only if it can be one, and only by /event are
// credentials allowed.
func TestScriptOrigins(t *testing.T) {
	w := newWorld(t)
	for origin, want := range map[string]bool{
		"https://shop.example": true, "http://127.0.0.1:8081": true, "http://[::1]:8081": true, "null": true, "chrome-extension://abc": true, "https://xn--shp-tna.example": true,
		"": false, "https://a.example https://b.example": false, "https://a.example, https://b.example": false, "https://sh\u00f6p.example": false,
		"https://shop.example/\x01": false, "<script>": false, "*": false, "https://" + strings.Repeat("a", 300): false,
	} {
		s := &sink{h: http.Header{}}
		r := raw(http.MethodPost, "/event", "", "Origin", origin, []byte("key=x"))
		r.Host = "trk.example"
		w.edge.Handler().ServeHTTP(s, r)
		harmless(t, s)
		got := s.h.Get("Access-Control-Allow-Origin")
		if s.status != 200 || s.h.Get("Vary") != "Origin" || (got == origin && got != "") != want || (s.h.Get("Access-Control-Allow-Credentials") != "") != want {
			t.Errorf("%q: %d %v", origin, s.status, s.h)
		}
	}
	for _, path := range []string{"/pixel", "/pixel.gif", "/postback", "/tag.js", "/c/k1", "/robots.txt"} {
		if res := w.get(t, path, "Origin", shopOrigin); res.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s allows credentials", path)
		}
	}
}

func FuzzScript(f *testing.F) {
	w := newWorld(f)
	handler := w.edge.Handler()
	seeds(f, func(v string) {
		f.Add("POST", "/event", "click_id="+v, "Origin", v, []byte(v))
		f.Add("GET", "/tag.js", "v="+v, "If-None-Match", v, []byte(nil))
	})
	f.Add("GET", "/tag.js", "v="+TagVersion(), "Range", "bytes=0-1,5-9,-3", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, query, name, value string, body []byte) {
		if path != "/tag.js" {
			path = "/event"
		}
		s := &sink{h: http.Header{}}
		handler.ServeHTTP(s, raw(method, path, query, name, value, body))
		harmless(t, s)
		signals := w.log.signals(t)
		if logged := s.status == 200 && path == "/event"; logged != (len(signals) == 1) {
			t.Fatalf("%d signals, status %d", len(signals), s.status)
		}
	})
}
