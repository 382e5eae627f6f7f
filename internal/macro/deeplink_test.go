package macro

import (
	"net/url"
	"strings"
	"testing"
)

// testAllow is the allow-list of the table below.
var testAllow = []string{"good.com", "good_shop.com", "xn--mnchen-3ya.example", "xn--fa-hia.example", "127.0.0.1", "[::1]"}

// whatwgTable has what new URL(raw).host gives in Node 20 ("" where it throws, "!scheme"
// where it is no host of ours) and what DeepLink must do: return a URL, or refuse with a code.
var whatwgTable = []struct{ raw, whatwg, want string }{
	{"https://good.com/", "good.com", "https://good.com/"},
	{"HTTPS://GOOD.com/A?b#c", "good.com", "https://good.com/A?b#c"},
	{"https://good.com", "good.com", "https://good.com"},
	{"https://good.com?x=1", "good.com", "https://good.com?x=1"},
	{"https://good.com#f", "good.com", "https://good.com#f"},
	{"https://good.com./p", "good.com.", "https://good.com/p"},
	{"https://good.com:443/p", "good.com", "https://good.com/p"},
	{"https://good.com:0443/", "good.com", CodeLinkInvalid},
	{"https://good.com:/", "good.com", CodeLinkInvalid},
	{"https://good.com:8443/", "good.com:8443", CodeLinkDenied},
	{"https://good.com:80/", "good.com:80", CodeLinkDenied},
	{"https://good.com:99999/", "", CodeLinkInvalid},
	{"https://good.com:4a3/", "", CodeLinkInvalid},
	{"http://good.com/", "good.com", CodeLinkDenied},
	{"http:good.com", "good.com", CodeLinkInvalid},
	{"https:good.com", "good.com", CodeLinkInvalid},
	{"https:/good.com", "good.com", CodeLinkInvalid},
	{"https:///good.com", "good.com", CodeLinkInvalid},
	{"https:////good.com", "good.com", CodeLinkInvalid},
	{"http:///a", "a", CodeLinkInvalid},
	{"//evil.com", "", CodeLinkInvalid},
	{"///evil.com", "", CodeLinkInvalid},
	{"/\\evil.com", "", CodeLinkInvalid},
	{"\\\\evil.com", "", CodeLinkInvalid},
	{"https:\\\\evil.com", "evil.com", CodeLinkInvalid},
	{"http://a\\@b", "a", CodeLinkInvalid},
	{"https://good.com\\@evil.com", "good.com", CodeLinkInvalid},
	{"https://good.com\\.evil.com", "good.com", CodeLinkInvalid},
	{"https://evil.com\\good.com", "evil.com", CodeLinkInvalid},
	{"https://good.com@evil.com", "evil.com", CodeLinkInvalid},
	{"https://good.com:x@evil.com", "evil.com", CodeLinkInvalid},
	{"https://@good.com/", "good.com", CodeLinkInvalid},
	{"https://good.com%2eevil.com", "good.com.evil.com", CodeLinkInvalid},
	{"https://good.com%2f.evil.com", "", CodeLinkInvalid},
	{"https://good.com%00.evil.com", "", CodeLinkInvalid},
	{"https://%67ood.com/", "good.com", CodeLinkInvalid},
	{"https://good.com%40evil.com", "", CodeLinkInvalid},
	{"https://go\tod.com/", "good.com", CodeLinkInvalid},
	{"ht\ntps://good.com/", "good.com", CodeLinkInvalid},
	{"\thttps://good.com/", "good.com", CodeLinkInvalid},
	{" https://good.com/", "good.com", CodeLinkInvalid},
	{"https://good.com/ ", "good.com", CodeLinkInvalid},
	{"https://good.com/a b", "good.com", CodeLinkInvalid},
	{"https://good.com/\r\nSet-Cookie: a=b", "good.com", CodeLinkInvalid},
	{"https://good.com\x00.evil.com/", "", CodeLinkInvalid},
	{"https://good.com\u3002evil.com/", "good.com.evil.com", CodeLinkInvalid},
	{"https://good\uff0ecom/", "good.com", CodeLinkInvalid},
	{"https://good.com\uff0fevil.com", "", CodeLinkInvalid},
	{"https://\uff47ood.com/", "good.com", CodeLinkInvalid},
	{"https://\u24d6ood.com/", "good.com", CodeLinkInvalid},
	{"https://goo\u00add.com/", "good.com", CodeLinkInvalid},
	{"https://go\u200bod.com/", "good.com", CodeLinkInvalid},
	{"https://m\u00fcnchen.example/", "xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example/"},
	{"https://M\u00dcNCHEN.example/", "xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example/"},
	{"https://xn--mnchen-3ya.example/", "xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example/"},
	{"https://XN--MNCHEN-3YA.example/", "xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example/"},
	{"https://xn--a.example/", "", CodeLinkInvalid},
	{"https://xn--55555577.example/", "", CodeLinkInvalid},
	{"https://xn--/", "", CodeLinkInvalid},
	{"https://xn--\u00e4.example/", "", CodeLinkInvalid},
	{"https://\uff58n--\u00e4.example/", "", CodeLinkInvalid},
	{"https://xn--xn--pla.example/", "xn--xn--pla.example", CodeLinkDenied},
	{"https://fa\u00df.example/", "xn--fa-hia.example", "https://xn--fa-hia.example/"},
	{"https://\u0440\u0430\u0443\u0440\u0430l.example/", "xn--l-7sba6dbr.example", CodeLinkDenied},
	{"https://[::1]/", "[::1]", "https://[::1]/"},
	{"https://[0:0:0:0:0:0:0:1]/", "[::1]", "https://[::1]/"},
	{"https://[::1%25eth0]/", "", CodeLinkInvalid},
	{"https://[::ffff:127.0.0.1]/", "[::ffff:7f00:1]", CodeLinkInvalid},
	{"https://[::1", "", CodeLinkInvalid},
	{"https://[::1]evil.com/", "", CodeLinkInvalid},
	{"https://[v1.x]/", "", CodeLinkInvalid},
	{"https://127.0.0.1/", "127.0.0.1", "https://127.0.0.1/"},
	{"https://127.1/", "127.0.0.1", CodeLinkInvalid},
	{"https://0x7f.1/", "127.0.0.1", CodeLinkInvalid},
	{"https://0x7f000001/", "127.0.0.1", CodeLinkInvalid},
	{"https://2130706433/", "127.0.0.1", CodeLinkInvalid},
	{"https://0177.0.0.1/", "127.0.0.1", CodeLinkInvalid},
	{"https://127.0.0.1./", "127.0.0.1", CodeLinkInvalid},
	{"https://1.2.3.256/", "", CodeLinkInvalid},
	{"https://1.2.3.4.5/", "", CodeLinkInvalid},
	{"https://good.com.0x/", "", CodeLinkInvalid},
	{"https://good.1.com/", "good.1.com", CodeLinkDenied},
	{"https://good..com/", "good..com", CodeLinkInvalid},
	{"https://.good.com/", ".good.com", CodeLinkInvalid},
	{"https://good.com../", "good.com..", CodeLinkInvalid},
	{"https://good.com,evil.com/", "good.com,evil.com", CodeLinkInvalid},
	{"https://good.com;evil.com/", "good.com;evil.com", CodeLinkInvalid},
	{"https://good.com&evil.com/", "good.com&evil.com", CodeLinkInvalid},
	{"https://good.com|evil.com/", "", CodeLinkInvalid},
	{"https://good.com^evil.com/", "", CodeLinkInvalid},
	{"https://good_shop.com/", "good_shop.com", "https://good_shop.com/"},
	{"https://-good.com/", "-good.com", CodeLinkDenied},
	{"https://good.com<evil/", "", CodeLinkInvalid},
	{"https://*.good.com/", "*.good.com", CodeLinkInvalid},
	{"https://good.com/%zz", "good.com", CodeLinkInvalid},
	{"https://good.com/?%zz", "good.com", "https://good.com/?%zz"},
	{"https://good.com/#%zz", "good.com", CodeLinkInvalid},
	{"https://good.com/../..//evil.com", "good.com", "https://good.com/../..//evil.com"},
	{"https://good.com//evil.com", "good.com", "https://good.com//evil.com"},
	{"https://good.com/@evil.com", "good.com", "https://good.com/@evil.com"},
	{"https://good.com?@evil.com", "good.com", "https://good.com?@evil.com"},
	{"https://good.com#@evil.com", "good.com", "https://good.com#@evil.com"},
	{"https://evil.com?good.com", "evil.com", CodeLinkDenied},
	{"https://evil.com#good.com", "evil.com", CodeLinkDenied},
	{"https://evil.com/good.com", "evil.com", CodeLinkDenied},
	{"https://notgood.com/", "notgood.com", CodeLinkDenied},
	{"https://good.com.evil.com/", "good.com.evil.com", CodeLinkDenied},
	{"https://sub.good.com/", "sub.good.com", CodeLinkDenied},
	{"javascript:alert(1)", "!javascript:", CodeLinkInvalid},
	{"javascript://good.com/%0aalert(1)", "!javascript:", CodeLinkInvalid},
	{"data:text/html,x", "!data:", CodeLinkInvalid},
	{"ftp://good.com/", "!ftp:", CodeLinkInvalid},
	{"blob:https://good.com/x", "!blob:", CodeLinkInvalid},
	{"https", "", CodeLinkInvalid},
	{"https:", "", CodeLinkInvalid},
	{"https://", "", CodeLinkInvalid},
	{"https:///", "", CodeLinkInvalid},
	{"", "", CodeLinkInvalid},
	{"good.com", "", CodeLinkInvalid},
	{"?https://good.com", "", CodeLinkInvalid},
	{"https://good.com/\u00e4?q=\u00e4#\u00e4", "good.com", "https://good.com/%C3%A4?q=%C3%A4#%C3%A4"},
	{"https://good.com/\u202e", "good.com", CodeLinkInvalid},
	{"https://good.com/\u00a0", "good.com", CodeLinkInvalid},
	{"https://good.com/\xed\xa0\x80", "good.com", CodeLinkInvalid},
}

func TestDeepLinkAgainstWHATWG(t *testing.T) {
	for _, c := range whatwgTable {
		t.Run(c.raw, func(t *testing.T) {
			got, err := DeepLink(c.raw, testAllow)
			if err != nil {
				if code(err) != c.want {
					t.Fatalf("refused with %s (%v), want %s", code(err), err, c.want)
				}
				return
			}
			if got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
			// What we accept, browsers and net/url must read alike.
			u, err := url.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			if host := strings.TrimSuffix(c.whatwg, "."); u.Host != host {
				t.Errorf("host %s, a browser goes to %q", u.Host, host)
			}
		})
	}
}

func TestDeepLinkAllowList(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		allow     []string
		want      string
	}{
		{"empty list denies", "https://good.com/", nil, CodeLinkDenied},
		{"exact", "https://good.com/", []string{"bad.com", "good.com"}, "https://good.com/"},
		{"entry not normalised", "https://good.com/", []string{"GOOD.com."}, "https://good.com/"},
		{"entry in Unicode", "https://xn--mnchen-3ya.example/", []string{"MÜNCHEN.example"}, "https://xn--mnchen-3ya.example/"},
		{"exact does not cover below", "https://a.good.com/", []string{"good.com"}, CodeLinkDenied},
		{"below", "https://a.b.good.com/", []string{".good.com"}, "https://a.b.good.com/"},
		{"below covers the name itself", "https://good.com/", []string{".good.com"}, "https://good.com/"},
		{"below at a label boundary", "https://notgood.com/", []string{".good.com"}, CodeLinkDenied},
		{"below is a suffix", "https://good.com.evil.com/", []string{".good.com"}, CodeLinkDenied},
		{"http when allowed", "http://good.com/", []string{"http://good.com"}, "http://good.com/"},
		{"https when http is allowed", "https://good.com/", []string{"http://good.com"}, "https://good.com/"},
		{"http below", "http://a.good.com/", []string{"http://.good.com"}, "http://a.good.com/"},
		{"http default port", "http://good.com:80/", []string{"http://good.com"}, "http://good.com/"},
		{"port of the entry", "http://127.0.0.1:9000/x", []string{"http://127.0.0.1:9000"}, "http://127.0.0.1:9000/x"},
		{"another port", "http://127.0.0.1:9001/x", []string{"http://127.0.0.1:9000"}, CodeLinkDenied},
		{"default port of an entry with port", "http://127.0.0.1/x", []string{"http://127.0.0.1:9000"}, CodeLinkDenied},
		{"a wildcard is no entry", "https://good.com/", []string{"*", "*.com", ".", ".com", ""}, CodeLinkDenied},
		{"braces are literal", "https://good.com/?q={click_id}", []string{"good.com"}, "https://good.com/?q={click_id}"},
		{"too long", "https://good.com/" + strings.Repeat("a", MaxURL), []string{"good.com"}, CodeLinkInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := DeepLink(c.raw, c.allow)
			if err != nil {
				got = code(err)
			}
			if got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestCheckHost(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"Example.COM", "example.com"},
		{"example.com.", "example.com"},
		{".Example.com", ".example.com"},
		{"https://example.com", "example.com"},
		{"HTTP://example.com", "http://example.com"},
		{"http://.example.com:8080", "http://.example.com:8080"},
		{"example.com:443", "example.com"},
		{"http://example.com:80", "http://example.com"},
		{"MÜNCHEN.example", "xn--mnchen-3ya.example"},
		{"localhost", "localhost"},
		{"127.0.0.1", "127.0.0.1"},
		{"[0::1]:8080", "[::1]:8080"},
		{"", CodeAllowHost},
		{".", CodeAllowHost},
		{".com", CodeAllowHost},
		{".0.0.1", CodeAllowHost},
		{"*.example.com", CodeAllowHost},
		{"*", CodeAllowHost},
		{"example.com/p", CodeAllowHost},
		{"https://", CodeAllowHost},
		{"ftp://example.com", CodeAllowHost},
		{"user@example.com", CodeAllowHost},
		{"example.com:0", CodeAllowHost},
		{"example..com", CodeAllowHost},
		{"exa mple.com", CodeAllowHost},
		{"example.com\x00", CodeAllowHost},
		{"shop。example", CodeAllowHost},
		{"127.1", CodeAllowHost},
		{strings.Repeat("a", 64) + ".com", CodeAllowHost},
		{strings.Repeat("a.", 127) + "com", CodeAllowHost},
	} {
		got, err := CheckHost(c.raw)
		if err != nil {
			got = code(err)
		} else if again, err := CheckHost(got); err != nil || again != got {
			t.Errorf("CheckHost(%q) = %q, then %q, %v", c.raw, got, again, err)
		}
		if got != c.want {
			t.Errorf("CheckHost(%q) = %q (%v), want %q", c.raw, got, err, c.want)
		}
	}
}
