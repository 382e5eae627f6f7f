package visitor

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostileValues seed the fuzzers: what arrives at public endpoints.
func hostileValues() []string {
	values := []string{
		"", " ", "\r\nSet-Cookie: a=b", "a\x00b", "\xff\xfe\xfd", "{{{click_id}}}", "%7Bclickid%7D", "##SUB##",
		"Mozilla/5.0 (", "/1.0;", "@a.", "; a;", "((((", "))))", "\u202e\u2063", "chrome/", "android ", "[FBAN/",
		`"Brave";v="`, `"\`, "prefetch;", "::ffff:1.2.3.4", "[::1]:x", "1.2.3.4,", strings.Repeat("1.2.3.4,", 100),
		humanUA, "Mozilla/5.0 (Linux; Android 13; ", "(Android;;;;; Build/", "(Android; " + strings.Repeat("m", 200) + ")", "(Android; a(b(c)", `"SM-X700"`, `"a<b"`, `"K"`,
		"Instagram 1 Android (1/1;;;;;)",
	}
	for _, ua := range hostileUAs() {
		values = append(values, ua)
	}
	return values
}

// FuzzClassify: no header value panics, and every answer is small, printable
// and independent of the cache.
func FuzzClassify(f *testing.F) {
	for _, v := range hostileValues() {
		f.Add(v, "", "?0", `"Windows"`, "de", "image")
		f.Add(humanUA, v, v, v, v, v)
	}
	c := shared()
	f.Fuzz(func(t *testing.T, ua, brands, mobile, platform, lang, dest string) {
		h := http.Header{
			"User-Agent":         {ua},
			"Sec-Ch-Ua":          {brands},
			"Sec-Ch-Ua-Mobile":   {mobile},
			"Sec-Ch-Ua-Platform": {platform},
			"Sec-Ch-Ua-Model":    {dest},
			"Accept-Language":    {lang},
			"Sec-Fetch-Dest":     {dest},
			"Sec-Purpose":        {dest},
		}
		first := c.Classify(h, netip.Addr{})
		if again := c.Classify(h, netip.Addr{}); first != again {
			t.Errorf("%+v, then from the cache %+v", first, again)
		}
		if ua == "" && first.Bot != BotEmptyUA || ua != "" && first.Bot == BotEmptyUA {
			t.Errorf("user agent %q: bot %q", ua, first.Bot)
		}
		classes := []string{"", DeviceDesktop, DevicePhone, DeviceTablet, DeviceTV, DeviceConsole, DeviceOther}
		if !slices.Contains(classes, first.Device) {
			t.Errorf("device %q", first.Device)
		}
		for _, s := range []string{first.OS, first.OSVersion, first.Browser, first.BrowserVersion, first.Language, first.Bot, first.Suspect} {
			if len(s) > 48 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("answer %q", s)
			}
		}
		for _, s := range []string{first.Brand, first.Model} {
			if len(s) > maxModel || strings.Trim(s, " ") != s || strings.ContainsFunc(s, func(r rune) bool {
				return r < ' ' || r > '~' || strings.ContainsRune("\"<>{}[]\\;:/%#?=*|^`$!@~", r)
			}) {
				t.Errorf("brand or model %q", s)
			}
		}
		if len(first.Language) > maxLanguage {
			t.Errorf("language %q", first.Language)
		}
		Prefetch(h)
	})
}

// FuzzClientAddr: an untrusted peer is always the answer, and whatever a
// client puts in front of what our proxy appends changes nothing (P19).
func FuzzClientAddr(f *testing.F) {
	for _, v := range hostileValues() {
		f.Add("203.0.113.9:1", v)
		f.Add("10.0.0.1:1", v)
		f.Add(v, "203.0.113.9")
	}
	f.Add("10.0.0.1:1", "1.1.1.1, 10.0.0.2")
	c := shared()
	f.Fuzz(func(t *testing.T, remote, xff string) {
		h := http.Header{"X-Forwarded-For": {xff}}
		got := c.ClientAddr(remote, h)
		peer := c.ClientAddr(remote, nil)
		if got.Is4In6() || got.Zone() != "" {
			t.Errorf("address %v is not in its plain form", got)
		}
		if !c.trusted(peer) && got != peer {
			t.Errorf("peer %v is not trusted, but %q made it %v", peer, xff, got)
		}
		if c.trusted(peer) && !got.IsValid() {
			t.Errorf("peer %v, %q: no address", peer, xff)
		}
		// The proxy appends the real address behind what the client sent.
		appended := http.Header{"X-Forwarded-For": {xff + ", 198.51.100.77"}}
		if got := c.ClientAddr("10.0.0.1:1", appended); got.String() != "198.51.100.77" {
			t.Errorf("%q spoofs %v", xff, got)
		}
	})
}
