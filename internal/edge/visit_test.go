package edge

import (
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

// hostile are values that have broken redirectors: header splitting, truncation, other
// parsers' separators, nested macros, invalid UTF-8.
var hostile = []string{
	"plain", " ", "a b+c", "a&b=c", "a;b", "a#b?c/d\\e", "%", "%zz", "%41", "%2541", "100%", "\r\nSet-Cookie: x=y", "\n", "\r", "\x00", "a\x00b",
	"\xff\xfe", "\xc3", "ünïcode ☃ 日本", "{click_id}x", "x{sub1}", "${GDPR}-", "<script>alert(1)</script>", `"><img src=x>`, "../../etc/passwd",
	"..", ".", "javascript:alert(1)", "http://evil.example/", "fbclid.AbC-_~!*'()", strings.Repeat("é", 256), strings.Repeat("%", 512), "[1,2]", "=", "&", "?",
}

// received is what the shop's own server reads.
func received(t *testing.T, location, name string) []string {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatalf("the shop cannot read %q: %v", location, err)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatalf("the shop cannot read the query of %q: %v", location, err)
	}
	return q[name]
}

// TestShopReceivesExactlyWhatWasSent is R9, R14 and R16: for any sub value v the shop
// receives exactly v, nothing else changes, and there is one Location header.
func TestShopReceivesExactlyWhatWasSent(t *testing.T) {
	w := newWorld(t)
	check := func(v string) {
		res := w.get(t, "/c/k1?sub1="+url.QueryEscape(v)+"&external_id="+url.QueryEscape(v)+"&x=injected")
		visit := w.log.visits(t)[0]
		if macro.Unreplaced(v) {
			return // TestUnreplaced
		}
		location := res.Header.Values("Location")
		if res.StatusCode != http.StatusFound || len(location) != 1 || strings.ContainsAny(location[0], "\r\n\x00 ") {
			t.Fatalf("%q: %d, Location %q", v, res.StatusCode, location)
		}
		for name, want := range map[string]string{"s": v, "ref": visit.ID.String(), "x": v} {
			if got := received(t, location[0], name); !slices.Equal(got, []string{want}) {
				t.Fatalf("%q: the shop receives %s=%q, want %q", v, name, got, want)
			}
		}
		if visit.Subs[0] != v || visit.ExternalID != v || visit.Unreplaced != 0 {
			t.Fatalf("%q: stored %q and %q, flags %b", v, visit.Subs[0], visit.ExternalID, visit.Unreplaced)
		}
		for name := range res.Header {
			if !slices.Contains([]string{"Location", "Cache-Control", "X-Robots-Tag", "Referrer-Policy", "Content-Length", "Set-Cookie", "Date"}, name) {
				t.Fatalf("%q: header %s", v, name)
			}
		}
	}
	for _, v := range hostile {
		check(v)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		b := make([]byte, 1+rnd.IntN(event.MaxForeignID))
		for i := range b {
			b[i] = byte(rnd.UintN(256))
		}
		check(string(b))
	}
}

func TestUnreplaced(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/c/house?sub1={clickid}&sub2=ok&sub20=%23%23SUB%23%23&external_id=%257Bgclid%257D&keyword={{kw}}&source=[src]")
	v := w.log.visits(t)[0]
	want := uint32(1<<0 | 1<<19 | 1<<bitExternalID | 1<<bitKeyword | 1<<bitSource)
	if v.Unreplaced != want || v.Subs[0] != "{clickid}" || v.Subs[19] != "##SUB##" || v.Keyword != "{{kw}}" || v.Source != "[src]" {
		t.Errorf("flags %b, want %b; stored %+v", v.Unreplaced, want, v.Dims)
	}
	location := res.Header.Get("Location")
	for name, want := range map[string]string{"sub1": "", "sub2": "ok", "sub20": "", "ext": "", "kw": "", "source": "house-source"} {
		if got := received(t, location, name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s=%q, want %q: macros never leave the tracker", name, got, want)
		}
	}
}

func TestLongValuesAreCutAndFlagged(t *testing.T) {
	w := newWorld(t)
	w.get(t, "/c/k1?sub1="+strings.Repeat("x", 513)+"&sub2="+strings.Repeat("%C3%A9", 257)+"&sub3="+strings.Repeat("y", 512))
	v := w.log.visits(t)[0]
	if v.Subs[0] != strings.Repeat("x", 512) || v.Subs[1] != strings.Repeat("é", 256) || v.Subs[2] != strings.Repeat("y", 512) {
		t.Errorf("stored %d, %d and %d bytes", len(v.Subs[0]), len(v.Subs[1]), len(v.Subs[2]))
	}
	if v.Unreplaced != 1<<bitCut {
		t.Errorf("flags %b", v.Unreplaced)
	}
	w.get(t, "/c/k1?"+strings.Repeat("a=1&", 201)+"sub1=lost")
	if v := w.log.visits(t)[0]; v.Unreplaced != 1<<bitCut {
		t.Errorf("too many parameters: flags %b", v.Unreplaced)
	}
}

func TestRepeatedAndOddNames(t *testing.T) {
	w := newWorld(t)
	w.get(t, "/c/k1?sub1=&sub1=first&sub1=second&sub01=x&sub0=x&sub21=x&sub=x&SUB2=x&sub3x=x&sub+4=x&sub20=last&source=mine&keyword=a;b")
	v := w.log.visits(t)[0]
	want := [event.Subs]string{0: "first", 19: "last"}
	if v.Subs != want || v.Source != "mine" || v.Keyword != "a;b" {
		t.Errorf("%+v", v.Dims)
	}
}

func TestEveryToken(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/c/house?sub1=s1&sub2=..&sub20=s20&external_id=e&keyword=k", "Referer", "https://blog.example/p?q=1", "Accept-Language", "de-DE,de;q=0.9")
	v := w.log.visits(t)[0]
	location := res.Header.Get("Location")
	if !strings.HasPrefix(location, "https://shop.example//p?") || !strings.HasSuffix(location, "#f=s1") {
		t.Errorf("dots of a value in the path: %q", location)
	}
	for name, want := range map[string]string{
		"click_id": v.ID.String(), "offer": "off2", "pub": "", "adv": "adv", "link": "lnkhouse", "source": "house-source",
		"sub1": "s1", "sub2": "..", "sub20": "s20", "ext": "e", "kw": "k", "device": "desktop", "os": "Windows", "osv": "10", "br": "Chrome", "brv": "140",
		"cc": "", "country": "", "lang": "de-DE", "ref": "https://blog.example/p?q=1", "refd": "blog.example", "ua": chrome,
		"ts": "1800000000", "tsm": "1800000000000", "date": "2027-01-15", "camp": "",
	} {
		if got := received(t, location, name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	if rnd := received(t, location, "rnd"); len(rnd) != 1 || len(rnd[0]) != 10 {
		t.Errorf("random %q", rnd)
	}
}

func TestBotsAreNamedAndNotDropped(t *testing.T) {
	w := newWorld(t)
	res := w.get(t, "/c/k1", "User-Agent", "facebookexternalhit/1.1", "Sec-Fetch-Dest", "image")
	v := w.log.visits(t)[0]
	if res.StatusCode != 302 || v.Bot == "" || v.Suspect != "fetch_dest:image" {
		t.Errorf("%d, bot %q, suspect %q", res.StatusCode, v.Bot, v.Suspect)
	}
}

func TestDomainOf(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "https://Blog.Example/x": "blog.example", "http://a.example:8080": "a.example", "android-app://com.google.android.gm/": "com.google.android.gm",
		"https://u:p@h.example/": "h.example", "https://h.example\\@x/": "h.example", "https://h.example.?q": "h.example", "no scheme": "",
		"https://": "", "https:///x": "", "https://[::1]/": "", "https://h\r\n.example/": "", "https://" + strings.Repeat("a", 254): "", "https://xn--bcher-kva.example#f": "xn--bcher-kva.example",
	} {
		if got := domainOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
