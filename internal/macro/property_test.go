package macro

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// hostile draws any bytes, with a leaning to those that mean something.
var hostile = rapid.OneOf(
	rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")) }),
	rapid.StringOfN(rapid.SampledFrom([]rune("{}[]%&=?#+/\\.:@\r\n\x00 ;|ü")), 0, 20, -1),
	rapid.SampledFrom([]string{"{click_id}", "${GDPR}", "%7Bclick_id%7D", "a\r\nSet-Cookie: x=y", ".", "..", "\xff\xfe"}),
)

// R9: decoding any position gives the value's bytes back, and nothing else changes.
func TestDecodeRenderedValue(t *testing.T) {
	tpl, err := ParseURL("https://shop.example/p-{sub1}/x?a=1&v={sub2}&n{sub3}=2&z=%2F+*#/r?f={sub4}")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var v Values
		for id := Sub1; id <= Sub4; id++ {
			v[id] = hostile.Draw(t, "value")
		}
		out := string(tpl.Append(nil, &v))
		for i := range len(out) {
			if out[i] <= ' ' || out[i] >= 0x7f {
				t.Fatalf("byte %#x in %q", out[i], out)
			}
		}
		u, err := url.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "shop.example" || u.User != nil {
			t.Fatalf("host of %s: %s", out, u.Host)
		}
		if want := "/p-" + v[Sub1] + "/x"; u.Path != want {
			t.Fatalf("path %q, want %q", u.Path, want)
		}
		if strings.Count(u.EscapedPath(), "/") != 2 {
			t.Fatalf("segments of %s", u.EscapedPath())
		}
		if want := "/r?f=" + v[Sub4]; u.Fragment != want {
			t.Fatalf("fragment %q, want %q", u.Fragment, want)
		}
		std, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(url.Values{"a": {"1"}, "v": {v[Sub2]}, "n" + v[Sub3]: {"2"}, "z": {"/ *"}}, std); diff != "" {
			t.Fatal(diff)
		}
		own, cut := ParseQuery(nil, u.RawQuery)
		if diff := cmp.Diff([]Param{{"a", "1"}, {"v", v[Sub2]}, {"n" + v[Sub3], "2"}, {"z", "/ *"}}, own); diff != "" || cut {
			t.Fatal(diff, cut)
		}
		if !strings.Contains(out, "&z=%2F+*#") {
			t.Fatalf("the destination's own bytes changed: %s", out)
		}
	})
}

// R9 with modifiers: a value or the default that stands for it is decoded exactly, a hash
// is 32 digits, and the parameters around are what they were.
func TestDecodeModifiedValue(t *testing.T) {
	defaults := rapid.StringOfN(rapid.SampledFrom([]rune("ab %&=?#+/.:@;|ü[]$'\"<>~")), 0, 30, -1)
	rapid.Check(t, func(t *rapid.T) {
		def := defaults.Draw(t, "default")
		tpl, err := ParseURL("https://shop.example/p-{sub1|" + def + "}/x?a=1&v={sub2|" + def + "}&h={sub3:hash|" + def + "}&z=%2F+*#/r?f={sub4|" + def + "}")
		if err != nil {
			t.Fatal(err)
		}
		v := Values{Salt: "s"}
		for id := Sub1; id <= Sub4; id++ {
			v[id] = hostile.Draw(t, "value")
		}
		or := func(id ID) string {
			if v[id] == "" {
				return def
			}
			return v[id]
		}
		hash := def
		if v[Sub3] != "" {
			hash = hashOf("s", v[Sub3])
		}
		out := string(tpl.Append(nil, &v))
		if again := string(tpl.Append(nil, &v)); again != out {
			t.Fatalf("%s, then %s", out, again)
		}
		u, err := url.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if want := "/p-" + or(Sub1) + "/x"; u.Path != want || strings.Count(u.EscapedPath(), "/") != 2 {
			t.Fatalf("path %q, want %q", u.Path, want)
		}
		if want := "/r?f=" + or(Sub4); u.Fragment != want {
			t.Fatalf("fragment %q, want %q", u.Fragment, want)
		}
		ps, cut := ParseQuery(nil, u.RawQuery)
		if diff := cmp.Diff([]Param{{"a", "1"}, {"v", or(Sub2)}, {"h", hash}, {"z", "/ *"}}, ps); diff != "" || cut {
			t.Fatal(diff, cut)
		}
		if v[Sub3] != "" && len(v[Sub3]) >= 8 && strings.Contains(hash, v[Sub3]) {
			t.Fatalf("hash %s tells %q", hash, v[Sub3])
		}
	})
}

// A raw value may bring parameters, but nothing that ends the header, the query or an
// attribute, and it leaves what stands in front alone. Who reads it decoded gets its bytes
// back, but for escapes and plus signs it brought itself.
func TestRawValue(t *testing.T) {
	tpl, err := ParseURL("https://shop.example/x?a=1&{sub1:raw}&z=2#f{sub2:raw}")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := Values{Sub1: hostile.Draw(t, "query"), Sub2: hostile.Draw(t, "fragment")}
		out := string(tpl.Append(nil, &v))
		for i := range len(out) {
			if out[i] <= ' ' || out[i] >= 0x7f || strings.IndexByte("\"'<>\\`{}^|", out[i]) >= 0 {
				t.Fatalf("byte %#x in %q", out[i], out)
			}
		}
		u, err := url.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "shop.example" || u.User != nil || u.Path != "/x" || strings.Count(out, "#") != 1 {
			t.Fatalf("%s", out)
		}
		if !strings.HasPrefix(u.RawQuery, "a=1&") || !strings.HasSuffix(u.RawQuery, "&z=2") {
			t.Fatalf("query %s", u.RawQuery)
		}
		shown := strings.TrimSuffix(strings.TrimPrefix(u.RawQuery, "a=1&"), "&z=2")
		if got, want := unescape(shown), unescape(v[Sub1]); got != want {
			t.Fatalf("%q became %q", v[Sub1], shown)
		}
		if twice := string(appendRaw(nil, shown)); twice != shown {
			t.Fatalf("%q is not stable: %q", shown, twice)
		}
	})
}

// R11: under every rule the merged parameters are there, and the destination's others are
// untouched and in order.
func TestMergedQuery(t *testing.T) {
	params := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Param {
		return Param{rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "c"}), hostile).Draw(t, "name"), hostile.Draw(t, "value")}
	}), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		own, extra := params.Draw(t, "own"), params.Draw(t, "extra")
		clash := rapid.SampledFrom([]Clash{Keep, Override, AppendExtra}).Draw(t, "clash")
		raw := string(Merge(nil, "https://a.example/", own, AppendExtra)) + "#f"
		merged := string(Merge(nil, raw, extra, clash))
		u, err := url.Parse(merged)
		if err != nil || u.Host != "a.example" || u.Fragment != "f" {
			t.Fatalf("%s: %v", merged, err)
		}
		var want []Param
		for _, p := range own {
			if _, hit := Get(extra, p.Name); clash != Override || !hit {
				want = append(want, p)
			}
		}
		for _, p := range extra {
			if _, hit := Get(own, p.Name); clash != Keep || !hit {
				want = append(want, p)
			}
		}
		got, _ := ParseQuery(nil, u.RawQuery)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", merged, diff)
		}
	})
}

// A browser resolves "." and ".." even when encoded: no value may produce them.
func TestNoDotSegments(t *testing.T) {
	tpl, err := ParseURL("https://a.example/x/{sub1}{sub2}/y/{sub3}")
	if err != nil {
		t.Fatal(err)
	}
	dots := rapid.StringOfN(rapid.SampledFrom([]rune(".%2eE/")), 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		var v Values
		v[Sub1], v[Sub2], v[Sub3] = dots.Draw(t, "1"), dots.Draw(t, "2"), dots.Draw(t, "3")
		out := string(tpl.Append(nil, &v))
		u, err := url.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, seg := range strings.Split(u.EscapedPath(), "/") {
			switch strings.ReplaceAll(strings.ToLower(seg), "%2e", ".") {
			case ".", "..":
				t.Fatalf("%s", out)
			}
		}
	})
}

// Whatever net/url can encode, ParseQuery reads the same.
func TestParseQueryAgreesWithNetURL(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOfN(hostile, hostile, 0, 8).Draw(t, "values")
		q := url.Values{}
		for k, v := range m {
			q.Set(k, v)
		}
		got, cut := ParseQuery(nil, q.Encode())
		if cut || len(got) != len(m) {
			t.Fatalf("%d of %d, %t", len(got), len(m), cut)
		}
		for _, p := range got {
			if m[p.Name] != p.Value {
				t.Fatalf("%q = %q, want %q", p.Name, p.Value, m[p.Name])
			}
		}
	})
}
