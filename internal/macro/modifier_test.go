package macro

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hashOf says independently what {…:hash} gives.
func hashOf(salt, v string) string {
	h := hmac.New(sha256.New, []byte(salt))
	h.Write([]byte(v))
	return hex.EncodeToString(h.Sum(nil))[:32]
}

func TestModifiers(t *testing.T) {
	var v Values
	v[Salt] = "salt of the workspace"
	v[Sub1] = "a b&c=d#e%2fä'\"<>\\\r\n%zz%"
	v[Sub2] = ""
	v[Sub3] = "x"
	v[Referrer] = "https://b.example/p;v=1/?q=a+b&r=1,2#top"
	v[Sub4] = ".."
	for _, c := range []struct{ name, raw, want string }{
		{"default, unused", "?s={sub3|organic}", "?s=x"},
		{"default", "?s={sub2|organic}", "?s=organic"},
		{"default of an alias", "?s={var2|organic}", "?s=organic"},
		{"empty default", "?s={sub2|}&t={sub3|}", "?s=&t=x"},
		{"default is encoded", "?s={sub2|a b&c=%20/ü|x:y}&t=1", "?s=a%20b%26c%3D%2520%2F%C3%BC%7Cx%3Ay&t=1"},
		{"default with a hash sign", "?s={sub2|a#b?c}#f", "?s=a%23b%3Fc#f"},
		{"default in the path", "/{sub2|a/b}/{sub3|z}", "/a%2Fb/x"},
		{"default in the fragment", "#/r?x={sub2|a b}", "#/r?x=a%20b"},
		{"default of dots", "/a/{sub2|..}/b", "/a//b"},
		{"default that looks like a macro", "?s={sub2|[x] $x ##x##}", "?s=%5Bx%5D%20%24x%20%23%23x%23%23"},
		{"raw", "?{sub1:raw}", "?a%20b&c=d%23e%2f%C3%A4%27%22%3C%3E%5C%0D%0A%25zz%25"},
		{"raw address", "?u={referrer:raw}&z=1", "?u=https://b.example/p;v=1/?q=a+b&r=1,2%23top&z=1"},
		{"raw in the fragment", "#{referrer:raw}", "#https://b.example/p;v=1/?q=a+b&r=1,2%23top"},
		{"raw with a default", "?{sub2:raw|a=1&b=%41&c= }", "?a=1&b=%41&c=%20"},
		{"hash", "?h={sub3:hash}", "?h=" + hashOf("salt of the workspace", "x")},
		{"hash in the path", "/{sub3:hash}/", "/" + hashOf("salt of the workspace", "x") + "/"},
		{"hash of nothing", "?h={sub2:hash}&i={sub2:hash|none at all}", "?h=&i=none%20at%20all"},
		{"hash and default", "?h={sub3:hash|none}", "?h=" + hashOf("salt of the workspace", "x")},
		{"three in a row", "?{sub3}{sub3|y}{sub2|z}", "?xxz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tpl, err := ParseURL("https://shop.example" + c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(tpl.Append(nil, &v)); got != "https://shop.example"+c.want {
				t.Errorf("got  %s\nwant %s", got, "https://shop.example"+c.want)
			}
		})
	}
}

func TestModifiersRefused(t *testing.T) {
	for _, c := range []struct{ name, raw, code string }{
		{"unknown", "?s={sub1:upper}", CodeTokenModifier},
		{"empty", "?s={sub1:}", CodeTokenModifier},
		{"two", "?s={sub1:hash:raw}", CodeTokenModifier},
		{"case matters", "?s={sub1:HASH}", CodeTokenModifier},
		{"unknown with a default", "?s={sub1:upper|x}", CodeTokenModifier},
		{"raw in the path", "/{sub1:raw}", CodeRawPosition},
		{"raw in the path with a default", "/a/{sub1:raw|x}?a", CodeRawPosition},
		{"raw in the host", "x{sub1:raw}/", CodeTokenInHost},
		{"default in the host", "{sub1|x}/", CodeTokenInHost},
		{"unknown name with a default", "?s={subb1|x}", CodeTokenUnknown},
		{"unknown name with a modifier", "?s={subb1:hash}", CodeTokenUnknown},
		{"Voluum's variables by name", "?s={var:name}", CodeTokenUnknown},
		{"unclosed default", "?s={sub1|x", CodeTokenOpen},
		{"unclosed modifier", "?s={sub1:hash&x=1", CodeTokenOpen},
		{"brace in a default", "?s={sub1|{sub2}}", CodeTokenOpen},
		{"long default", "?s={sub1|" + strings.Repeat("a", MaxDefault+1) + "}", CodeTokenDefault},
		{"control character in a default", "?s={sub1|a\tb}", CodeControl},
		{"CR LF in a default", "?s={sub1|a\r\nb}", CodeControl},
		{"no-break space in a default", "?s={sub1|a\u00a0b}", CodeControl},
		{"not UTF-8 in a default", "?s={sub1|\xff}", CodeControl},
		{"space beside a default", "?s={sub1|x} ", CodeControl},
		{"space in literal braces", "?s={x y|z z}", CodeControl},
		{"space in an unclosed default", "?s={zzzzzzzz|a b", CodeControl},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseURL("https://shop.example" + c.raw)
			if got := code(err); got != c.code {
				t.Fatalf("%q (%v), want %q", got, err, c.code)
			}
		})
	}
	_, err := ParseURL("https://shop.example/?s={sub1:upper}")
	var e *Error
	if !errors.As(err, &e) || e.Field != "sub1:upper" {
		t.Fatalf("%+v", e)
	}
	for _, name := range []string{":raw", ":hash", "|default"} {
		if !strings.Contains(e.Msg, name) {
			t.Errorf("%q does not name %s", e.Msg, name)
		}
	}
	_, err = ParseURL("https://shop.example/?s={subb1|x}")
	if !errors.As(err, &e) || e.Field != "subb1" || !strings.Contains(e.Msg, "Did you mean {sub1}?") {
		t.Errorf("%+v", e)
	}
	_, err = ParseURL("https://shop.example/?s={sub1|" + strings.Repeat("a", MaxDefault) + "}")
	if err != nil {
		t.Errorf("a default of the greatest length: %v", err)
	}
}

// A hash without a secret would tell the value to who guesses it.
func TestHashNeedsASalt(t *testing.T) {
	tpl, err := ParseURL("https://shop.example/?h={sub1:hash}&i={sub1:hash|none}")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tpl.Append(nil, &Values{Sub1: "x"})); got != "https://shop.example/?h=&i=none" {
		t.Errorf("without a salt: %s", got)
	}
	one := string(tpl.Append(nil, &Values{Sub1: "x", Salt: "1"}))
	two := string(tpl.Append(nil, &Values{Sub1: "x", Salt: "2"}))
	if one == two || !strings.Contains(one, hashOf("1", "x")) {
		t.Errorf("%s and %s", one, two)
	}
	if !tpl.Uses(Salt) || !tpl.Uses(Sub1) || tpl.Uses(Sub2) {
		t.Error("Uses does not tell the token and the salt")
	}
}

func TestTokenParams(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want []string
	}{
		{"https://a.example/{sub1}", nil},
		{"https://a.example/{sub1}?a=1&b=2#{sub2}", nil},
		{"https://a.example/?a=1&b={sub1}&c={sub2|x&y=#?z}&d&{sub3}=e#f={sub4}&g={sub5}", []string{"b={sub1}", "c={sub2|x&y=#?z}", "{sub3}=e"}},
		{"https://a.example?{sub1:raw}", []string{"{sub1:raw}"}},
		{"https://a.example/?&&b={sub1:hash|a}&&", []string{"b={sub1:hash|a}"}},
		{"https://a.example/?a={}&b={x y", nil},
		{"https://a.example/?a?b={sub1}", []string{"a?b={sub1}"}},
	} {
		tpl, err := ParseURL(c.raw)
		if err != nil {
			if strings.Contains(c.raw, "{x y") {
				continue
			}
			t.Errorf("%s: %v", c.raw, err)
			continue
		}
		got := tpl.TokenParams()
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.raw, diff)
		}
		for _, p := range got {
			again, err := ParseURL("https://carry.invalid/?" + p)
			if err != nil {
				t.Errorf("%s does not parse alone: %v", p, err)
			} else if diff := cmp.Diff([]string{p}, again.TokenParams()); diff != "" {
				t.Errorf("%s", diff)
			}
		}
	}
}
