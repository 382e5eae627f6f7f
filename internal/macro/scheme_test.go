package macro

import (
	"strings"
	"testing"
)

var testSchemes = []string{"market", "itms-apps", "intent", "MyApp", "javascript", "data", "file", "a b", "http", ""}

func TestAppSchemes(t *testing.T) {
	var v Values
	v[ClickID], v[Sub1] = "c1", "a b;S.x=y&z#\r\n"
	const enc = "a%20b%3BS.x%3Dy%26z%23%0D%0A"
	for _, c := range []struct{ raw, scheme, host, want string }{
		{"market://details?id=com.shop&referrer={sub1}", "market", "details", "market://details?id=com.shop&referrer=" + enc},
		{"itms-apps://apps.apple.com/app/id1?ct={click_id}", "itms-apps", "apps.apple.com", "itms-apps://apps.apple.com/app/id1?ct=c1"},
		{"intent://open/{sub1}?x={sub1:raw}#Intent;scheme=shop;package=com.shop;end", "intent", "open", "intent://open/" + enc + "?x=a%20b;S.x=y&z%23%0D%0A#Intent;scheme=shop;package=com.shop;end"},
		{"MYAPP://Open_1:8080/{click_id|none}", "myapp", "open_1", "MYAPP://Open_1:8080/c1"},
		{"https://shop.example/?c={click_id}", "https", "shop.example", "https://shop.example/?c=c1"},
		{"HTTP://Shop.example", "http", "shop.example", "HTTP://Shop.example"},
	} {
		tpl, err := ParseURLSchemes(ClickTokens, c.raw, testSchemes)
		if err != nil {
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		if tpl.Scheme() != c.scheme || tpl.Host() != c.host {
			t.Errorf("%s: scheme %q, host %q", c.raw, tpl.Scheme(), tpl.Host())
		}
		if got := string(tpl.Append(nil, &v)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if _, err := ParseURL(c.raw); (err == nil) != strings.HasPrefix(c.scheme, "http") {
			t.Errorf("ParseURL(%s): %v", c.raw, err)
		}
	}
}

func TestAppSchemesRefused(t *testing.T) {
	for _, c := range []struct{ raw, code string }{
		{"javascript://x/%0aalert(1)", CodeScheme},
		{"JavaScript://x/", CodeScheme},
		{"data://text/html,x", CodeScheme},
		{"file://host/etc/passwd", CodeScheme},
		{"vbscript://x/", CodeScheme},
		{"blob://x/", CodeScheme},
		{"about://blank", CodeScheme},
		{"other://x/", CodeScheme},
		{"a b://x/", CodeScheme},
		{"://x/", CodeScheme},
		{"market:details?id=1", CodeScheme},
		{"market:/details", CodeScheme},
		{"{sub1}://x/", CodeScheme},
		{"market://", CodeHost},
		{"market:///details", CodeHost},
		{"market://?id=1", CodeHost},
		{"market://:80/", CodeHost},
		{"market://a..b/", CodeHost},
		{"market://a%62/", CodeHost},
		{"market://[::1]/", CodeHost},
		{"market://ü/", CodeHost},
		{"market://details:x/", CodeHost},
		{"market://u@details/", CodeUserinfo},
		{"market://{sub1}/", CodeTokenInHost},
		{"market://det ails/", CodeControl},
		{"market://details/\r\n", CodeControl},
		{`market://details\x`, CodeControl},
		{"market://details?x=%zz", CodeEscape},
		{"market://details?x={nope}", CodeTokenUnknown},
		{"market://details/{sub1:raw}", CodeRawPosition},
		{"intent://x/#Intent;S.a={sub1:raw};end", CodeRawPosition},
		{"market://details/.{sub1}", CodeDotSegment},
	} {
		_, err := ParseURLSchemes(ClickTokens, c.raw, testSchemes)
		if got := code(err); got != c.code {
			t.Errorf("%q: %q (%v), want %q", c.raw, got, err, c.code)
		}
	}
	_, err := ParseURLSchemes(ClickTokens, "other://x/", testSchemes)
	if err == nil || !strings.Contains(err.Error(), "market://, itms-apps://, intent://, myapp://.") || strings.Contains(err.Error(), "javascript") {
		t.Errorf("%v", err)
	}
}

func TestCheckScheme(t *testing.T) {
	for raw, want := range map[string]string{"market": "market", "ITMS-Apps": "itms-apps", "a+b.c-1": "a+b.c-1", "x": "x"} {
		got, err := CheckScheme(raw)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"", "1a", "-a", "a_b", "a b", "market://", "market:", "ü", "a\n", "http", "HTTPS", "javascript", "JAVASCRIPT", "data", "vbscript", "file", "blob",
		"about", "view-source", "filesystem", strings.Repeat("a", 65),
	} {
		if got, err := CheckScheme(raw); code(err) != CodeAllowScheme || got != "" {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
}
