package macro

import "testing"

func benchTemplate(tb testing.TB) (*Template, *Values) {
	tpl, err := ParseURL("https://shop.example/landing/{country_code}?c={click_id}&s1={sub1}&s2={sub2}&ref={referrer}#top")
	if err != nil {
		tb.Fatal(err)
	}
	v := SampleValues()
	v[Sub1], v[CountryCode] = "banner-1", "DE"
	return tpl, v
}

// modifiedTemplate has the same tokens, each with a modifier but one.
func modifiedTemplate(tb testing.TB, hash string) (*Template, *Values) {
	tpl, err := ParseURL("https://shop.example/landing/{country_code|XX}?c={click_id}&s1={sub1" + hash + "|none}&s2={sub20|organic}&ref={referrer:raw}#top")
	if err != nil {
		tb.Fatal(err)
	}
	v := SampleValues()
	v[Sub20] = ""
	return tpl, v
}

func BenchmarkAppendModified(b *testing.B) {
	for name, hash := range map[string]string{"plain": "", "hashed": ":hash"} {
		b.Run(name, func(b *testing.B) {
			tpl, v := modifiedTemplate(b, hash)
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = tpl.Append(dst[:0], v)
			}
		})
	}
}

func BenchmarkParseURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := ParseURL("https://shop.example/landing/{country_code}?c={click_id}&s1={sub1|none}&ref={referrer:raw}#top")
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	tpl, v := benchTemplate(b)
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst = tpl.Append(dst[:0], v)
	}
}

func BenchmarkAppendWith(b *testing.B) {
	tpl, v := benchTemplate(b)
	extra := []Param{{"click_id", v[ClickID]}, {"s1", "x"}}
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst = tpl.AppendWith(dst[:0], v, extra, Override)
	}
}

const (
	plainQuery   = "sub1=banner-1&sub2=header&sub3=de&source=newsletter&ext=EAIaIQobChMI8d"
	encodedQuery = "sub1=banner%201&sub2=a+b&url=https%3A%2F%2Fshop.example%2Fp%3Fx%3D1&ext=EAIaIQobChMI8d"
)

func BenchmarkParseQuery(b *testing.B) {
	for name, raw := range map[string]string{"plain": plainQuery, "encoded": encodedQuery} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []Param
			for b.Loop() {
				dst, _ = ParseQuery(dst[:0], raw)
			}
		})
	}
}

func BenchmarkUnreplaced(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if Unreplaced("banner-1") || !Unreplaced("{sub_id}") {
			b.Fatal("wrong")
		}
	}
}

func BenchmarkDeepLink(b *testing.B) {
	allow := []string{".example.com", "shop.example"}
	b.ReportAllocs()
	for b.Loop() {
		_, err := DeepLink("https://shop.example/p/1?x=1&y=%20#top", allow)
		if err != nil {
			b.Fatal(err)
		}
	}
}

// The hot path's promises, as a test: no allocation with a reused buffer, at most one to
// decode a query.
func TestAllocations(t *testing.T) {
	tpl, v := benchTemplate(t)
	modified, mv := modifiedTemplate(t, "")
	hashed, hv := modifiedTemplate(t, ":hash")
	dst := make([]byte, 0, 1024)
	ps := make([]Param, 0, 16)
	extra := []Param{{"click_id", v[ClickID]}, {"s1", "x"}}
	for _, c := range []struct {
		name string
		most float64
		run  func()
	}{
		{"Append", 0, func() { dst = tpl.Append(dst[:0], v) }},
		{"Append with modifiers", 0, func() { dst = modified.Append(dst[:0], mv) }},
		{"Append with a hash", 8, func() { dst = hashed.Append(dst[:0], hv) }},
		{"AppendWith", 0, func() { dst = tpl.AppendWith(dst[:0], v, extra, Override) }},
		{"ParseQuery, plain", 0, func() { ps, _ = ParseQuery(ps[:0], plainQuery) }},
		{"ParseQuery, encoded", 1, func() { ps, _ = ParseQuery(ps[:0], encodedQuery) }},
		{"Unreplaced", 0, func() { Unreplaced("{click_id}") }},
	} {
		if got := testing.AllocsPerRun(100, c.run); got > c.most {
			t.Errorf("%s: %.0f allocations, at most %.0f wanted", c.name, got, c.most)
		}
	}
}
