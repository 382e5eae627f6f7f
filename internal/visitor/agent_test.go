package visitor

import (
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shared is one Classifier for all tests: building it costs more than most of
// them.
var shared = sync.OnceValue(func() *Classifier {
	c, err := New(Options{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("::ffff:192.168.7.0/120"),
		netip.MustParsePrefix("fd00::/8"),
	}})
	if err != nil {
		panic(err)
	}
	return c
})

// lines reads a file of testdata without its comments.
func lines(t testing.TB, name string) []string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range strings.Split(string(raw), "\n") {
		if l != "" && l[0] != '#' {
			out = append(out, l)
		}
	}
	return out
}

// human is one line of humans.tsv.
type human struct {
	Device, OS, OSVersion, Browser, BrowserVersion, Brand, Model, ua string
}

func humans(t testing.TB) []human {
	t.Helper()
	var out []human
	for _, l := range lines(t, "humans.tsv") {
		c := strings.Split(l, "\t")
		if len(c) != 8 {
			t.Fatalf("humans.tsv: %d columns: %q", len(c), l)
		}
		out = append(out, human{c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]})
	}
	return out
}

// TestHumans is the device, system, browser and maker table, one line per kind of
// device people use.
func TestHumans(t *testing.T) {
	for _, h := range humans(t) {
		info := shared().Classify(http.Header{"User-Agent": {h.ua}}, netip.Addr{})
		got := human{info.Device, info.OS, info.OSVersion, info.Browser, info.BrowserVersion, info.Brand, info.Model, h.ua}
		if diff := cmp.Diff(h, got, cmp.AllowUnexported(human{})); diff != "" {
			t.Errorf("%s:\n%s", h.ua, diff)
		}
	}
}

func TestClientHints(t *testing.T) {
	const (
		windowsChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
		androidTablet = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
		instagram     = "Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A.230901.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/122.0.6261.119 Mobile Safari/537.36 Instagram 320.0.0.42.101 Android (33/13; Google/google; Pixel 7)"
		braveBrands   = `"Brave";v="125", "Chromium";v="125", "Not.A/Brand";v="24"`
	)
	tests := []struct {
		name                         string
		ua, brands, mobile, platform string
		want                         Info
	}{
		{"none", windowsChrome, "", "", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"brands win", windowsChrome, braveBrands, "?0", `"Windows"`, Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Brave", BrowserVersion: "125"}},
		{"the rarer brand wins", windowsChrome, `"Google Chrome";v="125", "Microsoft Edge";v="124.0.1.2"`, "", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Edge", BrowserVersion: "124"}},
		{"brands that name nothing", windowsChrome, `"Chromium";v="125", "Not;A=Brand";v="8"`, "", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"brands cut off", windowsChrome, `"Brave";v="125", "Chromium";v="12`, "", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"brands too long", windowsChrome, braveBrands + strings.Repeat(" ", maxBrands), "", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"app over brands", instagram, `"Android WebView";v="122", "Google Chrome";v="122"`, "?1", `"Android"`, Info{Device: "phone", Brand: "Google", Model: "Pixel 7", OS: "Android", OSVersion: "13", Browser: "Instagram", BrowserVersion: "320"}},
		{"mobile wins", windowsChrome, "", "?1", "", Info{Device: "phone", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"platform wins, version unknown", windowsChrome, "", "", `"macOS"`, Info{Device: "desktop", Brand: "Apple", Model: "Mac", OS: "macOS", Browser: "Chrome", BrowserVersion: "126"}},
		{"tablet", androidTablet, "", "?0", `"Android"`, Info{Device: "tablet", OS: "Android", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"tablet in desktop mode", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", "", "?0", `"Android"`, Info{Device: "tablet", OS: "Android", Browser: "Chrome", BrowserVersion: "126"}},
		{"television stays one", "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/76.0.3809.146 TV Safari/537.36", "", "?0", `"Linux"`, Info{Device: "tv", Brand: "Samsung", OS: "Tizen", OSVersion: "6", Browser: "Samsung Browser", BrowserVersion: "4"}},
		{"malformed mobile", windowsChrome, "", "1", "", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"malformed platform", windowsChrome, "", "", "macOS", Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"unknown platform", windowsChrome, "", "", `"Unknown"`, Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126"}},
		{"headless by its hints", windowsChrome, `"HeadlessChrome";v="126", "Chromium";v="126"`, "?0", `"Windows"`, Info{Device: "desktop", OS: "Windows", OSVersion: "10", Browser: "Chrome", BrowserVersion: "126", Bot: BotHeadless}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("User-Agent", tt.ua)
			for k, v := range map[string]string{"Sec-CH-UA": tt.brands, "Sec-CH-UA-Mobile": tt.mobile, "Sec-CH-UA-Platform": tt.platform} {
				if v != "" {
					h.Set(k, v)
				}
			}
			// Twice: the second answer comes from the cache and must be the same.
			for range 2 {
				got := shared().Classify(h, netip.Addr{})
				if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("%s", diff)
				}
			}
		})
	}
}

func TestParseBrands(t *testing.T) {
	tests := []struct {
		in   string
		want brandList
		ok   bool
	}{
		{`"Google Chrome";v="126.0.1"`, brandList{browser: "Chrome", version: "126"}, true},
		{`"Google Chrome"`, brandList{browser: "Chrome"}, true},
		{`"a\"b\\c";v="1","Opera";v="9.5"`, brandList{browser: "Opera", version: "9.5"}, true},
		{`"Opera";v=9`, brandList{}, false},
		{`"Opera";v="9",`, brandList{}, false},
		{`"Opera" "Brave"`, brandList{}, false},
		{`Opera`, brandList{}, false},
		{`"Opera`, brandList{}, false},
		{"\"Op\x00era\"", brandList{}, false},
		{`"a\b"`, brandList{}, false},
		{`"\`, brandList{}, false},
		{`  `, brandList{}, false},
	}
	for _, tt := range tests {
		got, ok := parseBrands(tt.in)
		if got != tt.want || ok != tt.ok {
			t.Errorf("parseBrands(%q) = %+v, %v, want %+v, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestShortVersion(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "118": "118", "118.0.0.0": "118", "10_15_7": "10.15", "17.5": "17.5", "6.10": "6.10",
		".5": "", "5.": "5", "1.x": "1", "x": "", "123456": "", "1.123456": "1", "1.00": "1",
	} {
		if got := shortVersion(in); got != want {
			t.Errorf("shortVersion(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"*":                              "",
		"de":                             "de",
		"en-US,en;q=0.9":                 "en-US",
		"en-us":                          "en-US",
		"DE-de;q=1":                      "de-DE",
		"  fr-CH , fr":                   "fr-CH",
		"zh-hant-tw":                     "zh-Hant-TW",
		"es-419,es":                      "es-419",
		"sl-rozaj-biske-1994":            "sl-rozaj-biske",
		"de-DE-u-co-phonebk":             "de-DE-u-co",
		"e":                              "",
		"en--US":                         "",
		"-en":                            "",
		"en-":                            "",
		"12-de":                          "",
		"en_US":                          "",
		"en\x00US":                       "",
		"{{{click_id}}}":                 "",
		"abcdefghijklmnopqrstuvwxyz":     "",
		strings.Repeat("a", 64<<10):      "",
		strings.Repeat(" ", 100) + "de":  "",
		"\xff\xfe":                       "",
		"en-\r\nSet-Cookie: a=b":         "",
		"abcdefgh-abcdefgh-abcdefgh":     "abcdefgh",
		"abcdefgh-abcdefg-abcdefgh":      "abcdefgh-abcdefg",
		"abcdefghi":                      "",
		"x-default":                      "",
		"de-abcdefghi":                   "",
		"sr-latn-rs, sr;q=0.9, en;q=0.8": "sr-Latn-RS",
	} {
		got := language(in)
		if got != want {
			t.Errorf("language(%.40q) = %q, want %q", in, got, want)
		}
	}
}
