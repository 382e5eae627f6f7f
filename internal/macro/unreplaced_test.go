package macro

import (
	"net/url"
	"strings"
	"testing"
)

func TestUnreplaced(t *testing.T) {
	macros := []string{
		"{x}", "{clickid}", "{click_id}", "{var:name}", "{campaign.id}", "{token:hash}", "{_subid}",
		"{_date:Y-m-d H:i:s,Europe/Kyiv}", "{sample:1,2,3}", "{keyword:charset}",
		"[x]", "[ORDER_ID]", "[[subid]]", "[:x:]", "[+x+]",
		"%x%", "%click_id%", "%%CLICK_URL%%",
		"{{x}}", "{{ad.id}}", "{{ site_source_name }}",
		"${x}", "${GDPR_CONSENT_123}", "{$x}", "{%x%}", "{% x %}", "%{x}",
		"!!x!!", "!!!amount!!!", "##x##", "##SUB##", "##x(y)##", "###x###", "#x#", "#reqid#",
		"{sub1|organic}", "{sub1:hash|none at all}", "{sub1|}", "{{ad.id|x}}", "{{Click URL}}", "{{ Ad Set Name }}", "{{{x}}}",
		"#{x}", "*|EMAIL|*", "*|DATE:d/m/y|*", "%%PATTERN:key%%",
		"(x)", "(clickid)", "__AID__", "__CALLBACK_PARAM__",
	}
	for _, m := range macros {
		if !Unreplaced(m) {
			t.Errorf("%s is not seen", m)
		}
		once := url.QueryEscape(m)
		if strings.Contains(m, " ") {
			once = url.PathEscape(m)
		}
		if !Unreplaced(once) {
			t.Errorf("%s is not seen", once)
		}
		if !Unreplaced(url.PathEscape(once)) {
			t.Errorf("%s, encoded twice, is not seen", m)
		}
	}
	for _, m := range []string{"%7Bclickid%7D", "%7bclickid%7d", "%257Bclickid%257D", "%7B%7Bad.id%7D%7D"} {
		if !Unreplaced(m) {
			t.Errorf("%s is not seen", m)
		}
	}
}

func TestOrdinaryValues(t *testing.T) {
	for _, v := range []string{
		"", "x", "{}", "[]", "{{}}", "%%", "##", "####", "!!", "!!!!", "!!1!!", "!x!", "wow!!", "!!wow", "()", "{", "{x", "x}", "{x]", "%",
		"12.50", "0", "-5", "100%", "50%25", "%zz", "a%20b", "%20%",
		"(none)", "(direct)", "(unset)", "(self)", "*bold*", "**", "*|", "*||*", "*|a", "{a b}", "[a b]", "${a b}", "{|x}", "{1|x}", "{{a, b}}", "{{1 2}}",
		`{{"a": 1}}`, "#{1}", "{a|{b}}", "{550e8400e29b41d4a716446655440000|x}", "a|b", "{{550e8400 e29b}}x",
		"(none)", "(not set)", "(not provided)", "(1)", "(a b)",
		"[12]", "[1,2]", `["12.50"]`, `["refid"]`, "<TRACKER>", "[::1]",
		`{"a":1}`, `{"click_id":"x"}`, "{a}{b}", "{a}-{b}", "pre{x}", "{x}post",
		"{550e8400-e29b-41d4-a716-446655440000}", "{A50e8400-e29b-41d4-a716-446655440000}", "{deadbeef00112233}",
		"#1", "#12#", "#tag", "__init__", "__", "____", "_x_", "019a2f4c81d00010007d0c5e3f9ab214",
		"EAIaIQobChMI8d_Xy-abcd", "befwueicjfn93q4urcnq83xnfjemw8qz2jfq38jcrufn8j89xjqcmq3c3",
		"{" + strings.Repeat("a", 300) + "}", "{\x00}", "{a\r\nb}", "{\xff}",
	} {
		if Unreplaced(v) {
			t.Errorf("%q is taken for a macro", v)
		}
	}
}

func TestUnwrap(t *testing.T) {
	for _, c := range []struct {
		v, inner, wrapper string
	}{
		{`["12.50"]`, "12.50", "square brackets and double quotes"},
		{`['12.50']`, "12.50", "square brackets and single quotes"},
		{`"12.50"`, "12.50", "double quotes"},
		{`“12.50”`, "12.50", "typographic quotes"},
		{"<AMOUNT>", "AMOUNT", "angle brackets"},
		{`[""]`, "", "square brackets and double quotes"},
		{`""`, "", "double quotes"},
	} {
		inner, wrapper, ok := Unwrap(c.v)
		if inner != c.inner || wrapper != c.wrapper || !ok {
			t.Errorf("Unwrap(%s) = %q, %q, %t", c.v, inner, wrapper, ok)
		}
	}
	for _, v := range []string{"", `"`, "12.50", "[12.50]", `["a","b"]`, `"a" or "b"`, `"12.50`, `12.50"`, "<a><b>", `5"`, `["]`, "{x}"} {
		inner, wrapper, ok := Unwrap(v)
		if ok || inner != "" || wrapper != "" {
			t.Errorf("Unwrap(%s) = %q, %q, %t", v, inner, wrapper, ok)
		}
	}
}

func TestEcho(t *testing.T) {
	for _, c := range []struct{ v, want string }{
		{"12,50", `"12,50"`},
		{"a\r\nb\x00", `"a\r\nb\x00"`},
		{"\xff\u202e", `"\xff\u202e"`},
		{strings.Repeat("ü", 40), `"` + strings.Repeat("ü", 40) + `"`},
		{strings.Repeat("ü", 41), `"` + strings.Repeat("ü", 40) + `…"`},
		{strings.Repeat("a", 39) + `"b`, `"` + strings.Repeat("a", 39) + `\"…"`},
	} {
		if got := Echo(c.v); got != c.want {
			t.Errorf("Echo(%q) = %s", c.v, got)
		}
	}
}
