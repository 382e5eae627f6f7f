package macro

import (
	"errors"
	"strings"
	"testing"
)

func code(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		return "not an *Error: " + err.Error()
	}
	return e.Code
}

func TestParseURLRefuses(t *testing.T) {
	for _, c := range []struct{ name, raw, code string }{
		{"empty", "", CodeScheme},
		{"no scheme", "shop.example/p", CodeScheme},
		{"scheme relative", "//shop.example/", CodeScheme},
		{"javascript", "javascript:alert(1)", CodeScheme},
		{"app scheme", "shop://open/1", CodeScheme},
		{"one slash", "https:/shop.example", CodeScheme},
		{"token as scheme", "{sub1}://shop.example", CodeScheme},
		{"token as URL", "{referrer}", CodeScheme},
		{"user", "https://u@shop.example/", CodeUserinfo},
		{"user and password", "https://u:p@shop.example/", CodeUserinfo},
		{"no host", "https:///p", CodeHost},
		{"only port", "https://:443/", CodeHost},
		{"empty port", "https://shop.example:/", CodeHost},
		{"port 0", "https://shop.example:0/", CodeHost},
		{"port 65536", "https://shop.example:65536/", CodeHost},
		{"escape in host", "https://shop%2eexample/", CodeHost},
		{"short IPv4", "https://127.1/", CodeHost},
		{"hex IPv4", "https://0x7f000001/", CodeHost},
		{"full-width dot", "https://shop。example/", CodeHost},
		{"zone", "https://[fe80::1%25eth0]/", CodeHost},
		{"space in host", "https://shop .example/", CodeControl},
		{"space", "https://shop.example/a b", CodeControl},
		{"no-break space", "https://shop.example/a\u00a0b", CodeControl},
		{"zero width", "https://shop.example/a\u200bb", CodeControl},
		{"CR LF", "https://shop.example/\r\nSet-Cookie: a=b", CodeControl},
		{"NUL", "https://shop.example/\x00", CodeControl},
		{"DEL", "https://shop.example/\x7f", CodeControl},
		{"backslash", `https://shop.example\@evil.example/`, CodeControl},
		{"invalid UTF-8", "https://shop.example/\xff", CodeControl},
		{"token in host", "https://{sub1}.example/", CodeTokenInHost},
		{"token as port", "https://shop.example:{sub1}/", CodeTokenInHost},
		{"brace in host", "https://shop{.example/", CodeTokenInHost},
		{"unknown token", "https://shop.example/?c={clik_id}", CodeTokenUnknown},
		{"postback token", "https://shop.example/?c={txid}", CodeTokenUnknown},
		{"commission", "https://shop.example/?c={commission}", CodeTokenUnknown},
		{"token of TCF", "https://shop.example/?c=${GDPR}", CodeTokenUnknown},
		{"unclosed", "https://shop.example/?c={click_id&x=1", CodeTokenOpen},
		{"unclosed at end", "https://shop.example/?c={click_id", CodeTokenOpen},
		{"escape before token", "https://shop.example/?c=%{sub1}", CodeEscape},
		{"half escape before token", "https://shop.example/?c=%4{sub1}", CodeEscape},
		{"percent macro", "https://shop.example/?c=%subid%", CodeEscape},
		{"percent at end", "https://shop.example/?c=100%", CodeEscape},
		{"dot before token", "https://shop.example/.{sub1}/x", CodeDotSegment},
		{"encoded dot before token", "https://shop.example/%2e{sub1}", CodeDotSegment},
		{"dot after token", "https://shop.example/{sub1}.?x", CodeDotSegment},
		{"too long", "https://shop.example/" + strings.Repeat("a", MaxURL), CodeTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseURL(c.raw)
			if got := code(err); got != c.code {
				t.Fatalf("ParseURL(%.80q): %q (%v), want %q", c.raw, got, err, c.code)
			}
			if msg := err.Error(); len(msg) > 600 || strings.ContainsAny(msg, "\r\n\x00") {
				t.Errorf("unbounded or raw message: %q", msg)
			}
		})
	}
}

func TestUnknownTokenNamesNearest(t *testing.T) {
	_, err := ParseURL("https://shop.example/?c={clik_id}")
	var e *Error
	if !errors.As(err, &e) || e.Field != "clik_id" || !strings.Contains(e.Msg, "{click_id}") {
		t.Errorf("got %+v", e)
	}
}

func TestAppend(t *testing.T) {
	var v Values
	v[ClickID] = "019a2f4c81d00010007d0c5e3f9ab214"
	v[Sub1] = "a b&c=d/e?f#g%h+i\r\nX: y\x00ü\xff"
	v[Sub2] = "{click_id}${GDPR}%7Bclick_id%7D"
	v[Sub3] = ".."
	v[Sub4] = "."
	v[Sub5] = "...x"
	const hostile = "a%20b%26c%3Dd%2Fe%3Ff%23g%25h%2Bi%0D%0AX%3A%20y%00%C3%BC%FF"
	for _, c := range []struct{ name, raw, want string }{
		{"no token", "https://shop.example/a%2Fb?x=*&y=1+2&x=%7e#/route?x=1", "https://shop.example/a%2Fb?x=*&y=1+2&x=%7e#/route?x=1"},
		{"host only", "https://shop.example", "https://shop.example"},
		{"case and port kept", "HTTPS://Shop.Example:8443/A", "HTTPS://Shop.Example:8443/A"},
		{"query value", "https://shop.example/?c={click_id}&d=1", "https://shop.example/?c=019a2f4c81d00010007d0c5e3f9ab214&d=1"},
		{"alias", "https://shop.example/?c={cf_click_id}", "https://shop.example/?c=019a2f4c81d00010007d0c5e3f9ab214"},
		{"hostile in query", "https://shop.example/?c={sub1}", "https://shop.example/?c=" + hostile},
		{"hostile in name", "https://shop.example/?{sub1}=1", "https://shop.example/?" + hostile + "=1"},
		{"hostile in path", "https://shop.example/{sub1}/x", "https://shop.example/" + hostile + "/x"},
		{"hostile in fragment", "https://shop.example/#/r?x={sub1}", "https://shop.example/#/r?x=" + hostile},
		{"one pass", "https://shop.example/?c={sub2}", "https://shop.example/?c=%7Bclick_id%7D%24%7BGDPR%7D%257Bclick_id%257D"},
		{"neighbours", "https://shop.example/?c={sub4}{sub3}-{sub5}", "https://shop.example/?c=...-...x"},
		{"empty value", "https://shop.example/?c={sub9}&d={sub9}", "https://shop.example/?c=&d="},
		{"dot segments", "https://shop.example/a/{sub3}/{sub4}/{sub5}/x{sub3}", "https://shop.example/a///...x/x.."},
		{"dots of two tokens", "https://shop.example/a/{sub4}{sub4}", "https://shop.example/a/"},
		{"dots in a query", "https://shop.example/a?{sub3}/{sub4}", "https://shop.example/a?../."},
		{"other braces", `https://shop.example/?f={"a":1}&g={}&h={&i=}`, `https://shop.example/?f={"a":1}&g={}&h={&i=}`},
		{"encoded braces", "https://shop.example/?u=%7Bclick_id%7D", "https://shop.example/?u=%7Bclick_id%7D"},
		{"not ASCII", "https://münchen.example/größe?q=ü#ü", "https://xn--mnchen-3ya.example/gr%C3%B6%C3%9Fe?q=%C3%BC#%C3%BC"},
		{"IPv6", "http://[::1]:8080/{sub4}", "http://[::1]:8080/"},
		{"double question mark", "https://shop.example/?a=1?b={click_id}", "https://shop.example/?a=1?b=019a2f4c81d00010007d0c5e3f9ab214"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tpl, err := ParseURL(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(tpl.Append(nil, &v)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := string(tpl.AppendWith([]byte("keep"), &v, nil, Keep)); got != "keep"+c.want {
				t.Errorf("AppendWith: got %s", got)
			}
			if tpl.String() != c.raw {
				t.Errorf("String: %s", tpl)
			}
		})
	}
}

func TestHostAndUses(t *testing.T) {
	tpl, err := ParseURL("https://MÜNCHEN.Example.:8443/{sub1}?c={click_id}#{sub20}")
	if err != nil {
		t.Fatal(err)
	}
	if got := tpl.Host(); got != "xn--mnchen-3ya.example" {
		t.Errorf("Host: %s", got)
	}
	for id := range NumTokens {
		want := id == Sub1 || id == ClickID || id == Sub20
		if tpl.Uses(id) != want {
			t.Errorf("Uses({%s}) = %t", Tokens[id].Name, !want)
		}
	}
	if tpl.Uses(Salt) || tpl.Uses(Salt+1) || tpl.Uses(127) || tpl.Uses(128) || tpl.Uses(255) {
		t.Error("Uses beyond the table")
	}
	for _, id := range ClickTokens.IDs() {
		tpl, err := ParseURL("https://shop.example/?x={" + Tokens[id].Name + "|d}")
		if err != nil {
			t.Fatal(err)
		}
		for other := range NumTokens + 1 {
			if tpl.Uses(other) != (other == id) {
				t.Errorf("{%s}: Uses(%d) = %t", Tokens[id].Name, other, tpl.Uses(other))
			}
		}
	}
}

func TestPostbackTemplate(t *testing.T) {
	tpl, err := ParseURLWith(PostbackTokens, "https://t.example/pb?cid={external_id}&p={payout}&cur={currency}&s={status}&tx={txid}&e={event_time}&g={goal}&a={amount}")
	if err != nil {
		t.Fatal(err)
	}
	var v Values
	v[ExternalID], v[Payout], v[Currency], v[Status], v[TxID], v[EventTime], v[Goal], v[Amount] = "x|1", "7.50", "EUR", "approved", "A 1", "1764548100", "sale", "125.00"
	want := "https://t.example/pb?cid=x%7C1&p=7.50&cur=EUR&s=approved&tx=A%201&e=1764548100&g=sale&a=125.00"
	if got := string(tpl.Append(nil, &v)); got != want {
		t.Errorf("got %s", got)
	}
	_, err = ParseURLWith(PostbackTokens, "https://t.example/pb?a={advertiser_id}")
	if code(err) != CodeTokenUnknown {
		t.Errorf("advertiser_id: %v", err)
	}
}

func TestMerge(t *testing.T) {
	one := []Param{{"c", "x y"}}
	for _, c := range []struct {
		name, raw string
		extra     []Param
		clash     Clash
		want      string
	}{
		{"no query", "https://a.example/p", one, Keep, "https://a.example/p?c=x%20y"},
		{"no path", "https://a.example", one, Keep, "https://a.example?c=x%20y"},
		{"before the fragment", "https://a.example/p?a=1#/r?c=2", one, Keep, "https://a.example/p?a=1&c=x%20y#/r?c=2"},
		{"fragment without query", "https://a.example/p#f", one, Keep, "https://a.example/p?c=x%20y#f"},
		{"empty query", "https://a.example/?", one, Keep, "https://a.example/?c=x%20y"},
		{"open query", "https://a.example/?a=1&", one, Keep, "https://a.example/?a=1&c=x%20y"},
		{"keep", "https://a.example/?c=1", one, Keep, "https://a.example/?c=1"},
		{"keep without value", "https://a.example/?c", one, Keep, "https://a.example/?c"},
		{"keep sees encoded names", "https://a.example/?%63=1", one, Keep, "https://a.example/?%63=1"},
		{"keep is case-sensitive", "https://a.example/?C=1", one, Keep, "https://a.example/?C=1&c=x%20y"},
		{"keep wants the whole name", "https://a.example/?cc=1&xc=2", one, Keep, "https://a.example/?cc=1&xc=2&c=x%20y"},
		{"keep both of ours", "https://a.example/?a=1", []Param{{"c", "1"}, {"c", "2"}}, Keep, "https://a.example/?a=1&c=1&c=2"},
		{"append", "https://a.example/?c=1", one, AppendExtra, "https://a.example/?c=1&c=x%20y"},
		{"override", "https://a.example/?a=%2F+*&c=1&&b=2&c=3&d#f", one, Override, "https://a.example/?a=%2F+*&&b=2&d&c=x%20y#f"},
		{"override the only one", "https://a.example/?c=1", one, Override, "https://a.example/?c=x%20y"},
		{"override nothing", "https://a.example/?a=1&", one, Override, "https://a.example/?a=1&c=x%20y"},
		{"override twice", "https://a.example/?c=1&d=2&e=3", []Param{{"c", "4"}, {"d", "5"}}, Override, "https://a.example/?e=3&c=4&d=5"},
		{"semicolons are data", "https://a.example/?a=1;c=2", one, Keep, "https://a.example/?a=1;c=2&c=x%20y"},
		{"name encoded", "https://a.example/", []Param{{"a&b=", "#\r\n"}}, Keep, "https://a.example/?a%26b%3D=%23%0D%0A"},
		{"nothing to add", "https://a.example/?c=1#f", nil, Override, "https://a.example/?c=1#f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tpl, err := ParseURL(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			var v Values
			if got := string(tpl.AppendWith([]byte("keep?c=1"), &v, c.extra, c.clash)); got != "keep?c=1"+c.want {
				t.Errorf("AppendWith:\ngot  %s\nwant %s", got, c.want)
			}
			if got := string(Merge([]byte("keep?c=1"), c.raw, c.extra, c.clash)); got != "keep?c=1"+c.want {
				t.Errorf("Merge:\ngot  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestMergeSeesRenderedNames(t *testing.T) {
	tpl, err := ParseURL("https://a.example/?{sub1}=1#x")
	if err != nil {
		t.Fatal(err)
	}
	var v Values
	v[Sub1] = "a b&"
	got := string(tpl.AppendWith(nil, &v, []Param{{"a b&", "2"}}, Override))
	if want := "https://a.example/?a%20b%26=2#x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
