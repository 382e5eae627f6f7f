package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/event"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{count(0), "0"}, {count(999), "999"}, {count(1000), "1\u202f000"}, {count(-1234567), "−1\u202f234\u202f567"},
		{amount(-123456, "USD"), "−1\u202f234.56"}, {amount(500, "JPY"), "500"}, {amount(1, "EUR"), "0.01"}, {withCurrency(100, "USD"), "1.00\u00a0USD"},
		{percentOf(1, 3), "33.33\u202f%"}, {percentOf(0, 5), "0.00\u202f%"}, {percentOf(1, 0), "–"}, {percentOf(200, 1), "20\u202f000.00\u202f%"},
		{change(110, 100), "+10.0\u202f%"}, {change(90, 100), "−10.0\u202f%"}, {change(100, 100), "±0.0\u202f%"}, {change(5, 0), ""}, {change(-50, -100), "+50.0\u202f%"},
		{gap(320_000), "+320 ms"}, {gap(12_400_000), "+12.4 s"}, {gap(192_000_000), "+3 min 12 s"}, {gap(7_500_000_000), "+2 h 5 min"}, {gap(356_400_000_000), "+4 d 3 h"}, {gap(-1_000), "−1 ms"},
		{short("0123456789abcdef"), "012345…abcdef"}, {short("short"), "short"}, {plural(1, "row", "rows"), "1 row"}, {plural(2000, "row", "rows"), "2\u202f000 rows"},
		{label("click_param"), "Click param"}, {sentence("must be shorter"), "Must be shorter."}, {sentence(""), ""}, {words("unknown_click"), "unknown click"}, {width(1, 1000), "0.60"}, {width(0, 5), "0"}, {width(5, 5), "100.00"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestSpans(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 30, 0, 30, 0, 0, berlin) // a day after the clock went forward
	for _, c := range []struct {
		query, from, to, prevFrom, prevTo string
		days                              int
		back                              string
	}{
		{"", "2026-03-24", "2026-03-31", "2026-03-17", "2026-03-24", 7, ""},
		{"range=today", "2026-03-30", "2026-03-31", "2026-03-29", "2026-03-30", 1, "range=today"},
		{"range=yesterday", "2026-03-29", "2026-03-30", "2026-03-28", "2026-03-29", 1, "range=yesterday"},
		{"range=month", "2026-03-01", "2026-03-31", "2026-02-01", "2026-03-01", 30, "range=month"},
		{"range=last_month", "2026-02-01", "2026-03-01", "2026-01-01", "2026-02-01", 28, "range=last_month"},
		{"range=custom&from=2026-03-28&to=2026-03-29", "2026-03-28", "2026-03-30", "2026-03-26", "2026-03-28", 2, "from=2026-03-28&range=custom&to=2026-03-29"},
		{"range=custom&from=2026-03-28&to=2026-03-01", "2026-03-24", "2026-03-31", "2026-03-17", "2026-03-24", 7, ""},
		{"range=custom&from=1900-01-01&to=2026-03-01", "2026-03-24", "2026-03-31", "2026-03-17", "2026-03-24", 7, ""},
		{"range=nonsense", "2026-03-24", "2026-03-31", "2026-03-17", "2026-03-24", 7, ""},
	} {
		v, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		s := parseSpan(v, berlin, now)
		for _, x := range []struct {
			got  time.Time
			want string
		}{{s.from, c.from}, {s.to, c.to}, {s.prevFrom, c.prevFrom}, {s.prevTo, c.prevTo}} {
			if x.got.Format(time.DateTime) != x.want+" 00:00:00" {
				t.Errorf("%q: %s, want %s", c.query, x.got.Format(time.DateTime), x.want)
			}
		}
		if s.days() != c.days || s.query().Encode() != c.back {
			t.Errorf("%q: %d days, %q", c.query, s.days(), s.query().Encode())
		}
	}
	today := parseSpan(url.Values{"range": {"yesterday"}}, berlin, now)
	if n := len(buckets(today)); n != 23 {
		t.Errorf("the day the clock went forward has %d hours", n)
	}
	half := parseSpan(url.Values{"range": {"today"}}, berlin, now).before(now)
	if got := half.to.Sub(half.from); got != 30*time.Minute {
		t.Errorf("half an hour of today is compared to %s", got)
	}
}

func TestLocal(t *testing.T) {
	for to, want := range map[string]string{"/w/x": "/w/x", "/w?a=//b": "/w?a=//b", "//x": "/", "/\\x": "/", "http://x": "/", "x": "/", "": "/", "/a\nb": "/", "javascript:x": "/", "/%2f/x": "/%2f/x"} {
		if got := local(to, "/"); got != want {
			t.Errorf("local(%q) = %q, want %q", to, got, want)
		}
	}
}

// TestRawRequest: what authenticates a sender is not shown, however it was sent.
func TestRawRequest(t *testing.T) {
	for _, s := range []*event.Signal{
		{HTTPMethod: "GET", Path: "/postback", Query: "a=1&token=hush&b=2"}, {HTTPMethod: "GET", Path: "/postback", Query: "TOKEN=hush"}, {HTTPMethod: "GET", Path: "/postback", Query: "t%6fken=hush"}, {HTTPMethod: "GET", Path: "/postback", Query: "x=1&+token=hush"},
		{HTTPMethod: "POST", Path: "/postback", BodyType: "application/json", Body: []byte(`{"token" : "hush", "a": 1}`)}, {HTTPMethod: "POST", Path: "/postback", BodyType: "application/json", Body: []byte(`{"\u0074oken":"hush"}`)},
		{HTTPMethod: "POST", Path: "/postback", BodyType: "application/json", Body: []byte(`{"token":"hu\"hush"}`)}, {HTTPMethod: "POST", Path: "/postback", BodyType: "application/x-www-form-urlencoded", Body: []byte("a=b&token=hush")},
		{HTTPMethod: "POST", Path: "/postback", BodyType: "application/x-www-form-urlencoded", Body: []byte("a=b&%74oken=hush")},
	} {
		if got := rawRequest(s); strings.Contains(got, "hush") {
			t.Errorf("the token shows: %s", got)
		}
	}
	got := rawRequest(&event.Signal{HTTPMethod: "GET", Path: "/p", Query: "a=\x00\x1b[31m\u202eb\xff"})
	if strings.ContainsAny(got, "\x00\x1b\u202e") || !strings.Contains(got, "␀") {
		t.Errorf("control characters are not named: %q", got)
	}
}

// TestWeight keeps the promise of the brief for every page: 100 kB of script, 40 kB of
// style, of which each page gets what all need and its own.
func TestWeight(t *testing.T) {
	a, err := loadAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	size := func(names ...string) (n int) {
		for _, name := range names {
			if as := a.byName[name]; as != nil {
				n += len(as.raw)
			}
		}
		return n
	}
	dirs, err := fs.ReadDir(files, "ui/pages")
	if err != nil {
		t.Fatal(err)
	}
	charts := size("uplot.js", "chart.js")
	for _, d := range dirs {
		script, style := size("htmx.js", "app.js", d.Name()+".js")+charts, size("app.css", "chart.css", d.Name()+".css")
		if d.Name() == "edit" { // forms have no charts
			script, style = script-charts, style-size("chart.css")
		}
		t.Logf("%s: script %d bytes, style %d bytes", d.Name(), script, style)
		if script > 100_000 || style > 40_000 {
			t.Errorf("%s: script %d bytes, style %d bytes", d.Name(), script, style)
		}
	}
	for _, dir := range []string{"htmx-4.0.1", "uplot-1.6.32", "lucide-1.62.0"} {
		if _, err := fs.Stat(files, "ui/vendor/"+dir+"/LICENSE"); err != nil {
			t.Error(err)
		}
	}
	for _, as := range a.byName {
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("GET", as.url, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		a.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", as.url, rec.Code, rec.Header())
		}
	}
	if strings.Contains(string(a.byName["app.css"].raw), "http") && !strings.Contains(string(a.byName["app.css"].raw), "http://www.w3.org/2000/svg") {
		t.Error("the style sheet loads something from elsewhere")
	}
}
