package macro

import (
	"net/url"
	"strings"
	"testing"
)

// hostileSeeds are the inputs every parser here must survive (DESIGN §9).
var hostileSeeds = []string{
	"", "%", "%0d%0a", "\r\n", "\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "\u202e",
	"{click_id}", "{{click_id}}", "{sub1{sub2}}", "{", "}", "{}", "%7Bclickid%7D", "%257Bclickid%257D",
	"${GDPR}", "##x(y)##", "[+x+]", `["12.50"]`, "<AMOUNT>", strings.Repeat("{", 64), strings.Repeat("%7B", 100),
	strings.Repeat("a", 64<<10), strings.Repeat("&", 64<<10), strings.Repeat("%41=", 16<<10),
	"https://shop.example/?c={click_id}&s={sub1}#{sub2}", "https://shop.example/{sub1|a b}?x={sub2:raw|&#=}&y={sub3:hash|ü}#{sub4:raw}",
	"market://details?id={sub1|x}&r={sub2:raw}#{sub3}", "intent://a/{sub1}#Intent;end", "{sub1|", "{sub1:raw|}", "{:}", "{|}", "{sub1:|}", "javascript://x/",
	"https://shop.example/\r\nX: y", "https://{sub1}/",
	"https://a@b", "https://a\\@b", "https://[::1]:1/", "https://xn--a/", "https://ü.example/%zz", "HTTP://A.:80?#?",
	"a=1&b=2;c&a=%zz+%41", "bd[0]=AW:P|1&bd%5B1%5D=%7C",
}

func FuzzParseURL(f *testing.F) {
	for _, s := range hostileSeeds {
		f.Add(s, s)
	}
	for _, c := range whatwgTable {
		f.Add(c.raw, "v")
	}
	f.Fuzz(func(t *testing.T, raw, value string) {
		tpl, err := ParseURLSchemes(ClickTokens, raw, testSchemes)
		if err != nil {
			if c := code(err); !strings.HasPrefix(c, "url_") || len(err.Error()) > 1000 {
				t.Fatalf("%q: %v", c, err)
			}
			return
		}
		web := tpl.Scheme() == "https" || tpl.Scheme() == "http"
		if _, err := ParseURL(raw); (err == nil) != web {
			t.Fatalf("%q is for an app %t: %v", raw, !web, err)
		}
		var v Values
		for i := range v {
			v[i] = value
		}
		check := func(v *Values, extra []Param) string {
			out := string(tpl.AppendWith(nil, v, extra, Override))
			for i := range len(out) {
				if out[i] <= ' ' || out[i] >= 0x7f {
					t.Fatalf("byte %#x in %q", out[i], out)
				}
			}
			u, err := url.Parse(out)
			if err != nil {
				t.Fatalf("%q from %q: %v", out, raw, err)
			}
			if u.Scheme != tpl.Scheme() || u.User != nil {
				t.Fatalf("%q: scheme %q", out, tpl.Scheme())
			}
			host := strings.ToLower(strings.TrimSuffix(u.Host, ":"+u.Port()))
			if web {
				var why string
				host, why = normalHost(host)
				if why != "" {
					t.Fatalf("%q: host %s", out, why)
				}
			}
			if host != tpl.Host() {
				t.Fatalf("%q goes to %q, Host says %q", out, host, tpl.Host())
			}
			return out
		}
		check(new(Values), nil)
		out := check(&v, []Param{{"own", value}})
		for _, p := range tpl.TokenParams() {
			alone, err := ParseURL("https://carry.invalid/?" + p)
			if err != nil || len(alone.TokenParams()) != 1 {
				t.Fatalf("%q of %q: %v", p, raw, err)
			}
		}
		_, query, _ := strings.Cut(strings.SplitN(out, "#", 2)[0], "?")
		if len(query) > MaxQuery {
			return
		}
		ps, cut := ParseQuery(nil, query)
		if got, ok := Get(ps, "own"); !cut && (!ok || got != value) {
			t.Fatalf("merged %q, got %q from %q", value, got, out)
		}
	})
}

func FuzzDeepLink(f *testing.F) {
	for _, s := range hostileSeeds {
		f.Add(s)
	}
	for _, c := range whatwgTable {
		f.Add(c.raw)
	}
	allow := append([]string{".good.com", "http://shop.example", "http://.test.example:81"}, testAllow...)
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := DeepLink(raw, allow)
		if err != nil {
			if c := code(err); c != CodeLinkDenied && c != CodeLinkInvalid {
				t.Fatalf("%q: %v", c, err)
			}
			return
		}
		again, err := DeepLink(got, allow)
		if err != nil || again != got {
			t.Fatalf("%q is not stable: %q, %v", got, again, err)
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			t.Fatalf("%q: %v", got, err)
		}
		before, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if host, why := normalHost(before.Hostname()); !strings.Contains(u.Host, "[") && (why != "" || host != u.Hostname()) {
			t.Fatalf("%q became %q", raw, got)
		}
		ok := false
		for _, h := range []string{"good.com", "good_shop.com", "xn--mnchen-3ya.example", "xn--fa-hia.example", "127.0.0.1", "[::1]", "shop.example"} {
			ok = ok || u.Host == h
		}
		ok = ok || strings.HasSuffix(u.Host, ".good.com") || u.Host == "test.example:81" || strings.HasSuffix(u.Host, ".test.example:81")
		for i := range len(got) {
			ok = ok && got[i] > ' ' && got[i] < 0x7f && got[i] != '\\'
		}
		if !ok {
			t.Fatalf("%q is let through as %q", raw, got)
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range hostileSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		ps, cut := ParseQuery(nil, raw)
		if len(ps) > MaxParams || !cut && len(raw) > MaxQuery {
			t.Fatalf("%d parameters of %d bytes, truncated %t", len(ps), len(raw), cut)
		}
		if std, err := url.ParseQuery(raw); err == nil && !cut {
			own := url.Values{}
			for _, p := range ps {
				own.Add(p.Name, p.Value)
			}
			if own.Encode() != std.Encode() {
				t.Fatalf("%q: %v, net/url has %v", raw, own, std)
			}
		}
		if cut {
			return
		}
		again, _ := ParseQuery(nil, strings.TrimPrefix(string(Merge(nil, "?", ps, AppendExtra)), "?"))
		for i, p := range again {
			if p != ps[i] {
				t.Fatalf("%q became %q", ps[i], p)
			}
		}
	})
}

func FuzzUnreplaced(f *testing.F) {
	for _, s := range hostileSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		if Unreplaced(v) {
			if len(v) > maxMacro || strings.IndexFunc(v, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' || r == '_' || r == '%' }) < 0 {
				t.Fatalf("%q is taken for a macro", v)
			}
			if _, _, ok := Unwrap(v); ok {
				t.Fatalf("%q is a macro and wrapped", v)
			}
		}
		inner, wrapper, ok := Unwrap(v)
		if ok != (wrapper != "") || len(inner) > len(v) || !strings.Contains(v, inner) {
			t.Fatalf("Unwrap(%q) = %q, %q, %t", v, inner, wrapper, ok)
		}
		if echo := Echo(v); len(echo) > 10*echoRunes+8 || strings.ContainsAny(echo, "\r\n\x00") {
			t.Fatalf("Echo(%q) = %q", v, echo)
		}
	})
}
