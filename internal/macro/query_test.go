package macro

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseQuery(t *testing.T) {
	for _, c := range []struct {
		name, raw string
		want      []Param
		cut       bool
	}{
		{"empty", "", nil, false},
		{"only separators", "&&&", nil, false},
		{"order and duplicates", "b=2&a=1&b=3", []Param{{"b", "2"}, {"a", "1"}, {"b", "3"}}, false},
		{"no value", "a&b=&=c&=", []Param{{"a", ""}, {"b", ""}, {"", "c"}, {"", ""}}, false},
		{"second equals sign is data", "a=b=c", []Param{{"a", "b=c"}}, false},
		{"plus and escapes", "a+b=%41+%2b%00%0d%0A", []Param{{"a b", "A +\x00\r\n"}}, false},
		{"bad escapes are literal", "a=%zz&b=%&c=%4&d=100%25%&%=1", []Param{{"a", "%zz"}, {"b", "%"}, {"c", "%4"}, {"d", "100%%"}, {"%", "1"}}, false},
		{"semicolon is data", "a=1;b=2&c", []Param{{"a", "1;b=2"}, {"c", ""}}, false},
		{"bars and brackets, plain", "bd[0]=AW:P|1|2&x=[y]", []Param{{"bd[0]", "AW:P|1|2"}, {"x", "[y]"}}, false},
		{"bars and brackets, encoded", "bd%5B0%5D=AW%3AP%7C1%7C2&x=%5by%5d", []Param{{"bd[0]", "AW:P|1|2"}, {"x", "[y]"}}, false},
		{"not UTF-8", "a=\xff%ff", []Param{{"a", "\xff\xff"}}, false},
		{"decoded once", "a=%2541", []Param{{"a", "%41"}}, false},
		{"whole at the limit", "a=" + strings.Repeat("x", MaxQuery-2), []Param{{"a", strings.Repeat("x", MaxQuery-2)}}, false},
		{"one over the limit", "a=" + strings.Repeat("x", MaxQuery-1), nil, true},
		{"cut at a parameter", "a=1&b=" + strings.Repeat("x", 64<<10), []Param{{"a", "1"}}, true},
		{"cut exactly", "a=" + strings.Repeat("x", MaxQuery-2) + "&b=1", []Param{{"a", strings.Repeat("x", MaxQuery-2)}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, cut := ParseQuery(nil, c.raw)
			if diff := cmp.Diff(c.want, got); diff != "" || cut != c.cut {
				t.Errorf("truncated %t, want %t\n%s", cut, c.cut, diff)
			}
		})
	}
}

func TestParseQueryCounts(t *testing.T) {
	dst := []Param{{"before", "1"}}
	got, cut := ParseQuery(dst, strings.Repeat("&a=%31", MaxParams))
	if cut || len(got) != MaxParams+1 || got[0].Name != "before" || got[MaxParams] != (Param{"a", "1"}) {
		t.Errorf("%d parameters, truncated %t", len(got), cut)
	}
	got, cut = ParseQuery(nil, strings.Repeat("a=1&", MaxParams+1))
	if !cut || len(got) != MaxParams {
		t.Errorf("%d parameters, truncated %t", len(got), cut)
	}
}

func TestGet(t *testing.T) {
	ps := []Param{{"a", ""}, {"A", "1"}, {"a", "2"}}
	if v, ok := Get(ps, "a"); v != "" || !ok {
		t.Errorf("a: %q, %t", v, ok)
	}
	if v, ok := Get(ps, "A"); v != "1" || !ok {
		t.Errorf("A: %q, %t", v, ok)
	}
	if _, ok := Get(ps, "b"); ok {
		t.Error("b is there")
	}
}

// The texts decoded into one buffer stay what they are when later ones are added.
func TestDecodedTextsAreStable(t *testing.T) {
	raw := "%61=%62&%63=%64" + strings.Repeat("&%78=%79", 150)
	ps, _ := ParseQuery(nil, raw)
	if ps[0] != (Param{"a", "b"}) || ps[1] != (Param{"c", "d"}) || ps[150] != (Param{"x", "y"}) {
		t.Errorf("%v %v %v", ps[0], ps[1], ps[150])
	}
}
