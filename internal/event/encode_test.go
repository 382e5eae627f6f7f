package event

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// fill gives every field of a struct a value of its own, so that a field the
// encoding forgets shows as a difference.
func fill(v reflect.Value, n *int64) {
	for i := range v.NumField() {
		f := v.Field(i)
		*n++
		switch f.Kind() {
		case reflect.String:
			f.SetString(string(rune('a'+*n%26)) + "\x00\r\n\xff" + string(rune('0'+*n%10)))
		case reflect.Int64:
			f.SetInt(-*n * 1_000_003)
		case reflect.Uint32:
			f.SetUint(uint64(*n))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			if f.Type() == reflect.TypeFor[[]Header]() {
				f.Set(reflect.ValueOf([]Header{{"A", "b\x00\xff"}, {"B", ""}}))
				continue
			}
			f.SetBytes([]byte{byte(*n), 0, 0xff})
		case reflect.Array:
			if f.Type() == reflect.TypeFor[ClickID]() {
				f.Set(reflect.ValueOf(ClickID{15: byte(*n)}))
				continue
			}
			for j := range f.Len() {
				f.Index(j).SetString(string(rune('A'+j)) + "\xfe")
			}
		case reflect.Struct:
			fill(f, n)
		}
	}
}

func TestRoundTripKeepsEveryField(t *testing.T) {
	var n int64
	var v Visit
	fill(reflect.ValueOf(&v).Elem(), &n)
	gotV, err := DecodeVisit(v.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&v, gotV); d != "" {
		t.Errorf("visit (-want +got):\n%s", d)
	}
	var s Signal
	fill(reflect.ValueOf(&s).Elem(), &n)
	gotS, err := DecodeSignal(s.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&s, gotS); d != "" {
		t.Errorf("signal (-want +got):\n%s", d)
	}
	first, second := Impression{}, Impression{}
	fill(reflect.ValueOf(&first).Elem(), &n)
	fill(reflect.ValueOf(&second).Elem(), &n)
	first.Count, second.Count = 1, 1<<40
	gotI, err := DecodeImpressions(second.Append(first.Append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Impression{first, second}, gotI); d != "" {
		t.Errorf("impressions (-want +got):\n%s", d)
	}
	var f Fact
	fill(reflect.ValueOf(&f).Elem(), &n)
	gotF, err := DecodeFact(f.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&f, gotF); d != "" {
		t.Errorf("fact (-want +got):\n%s", d)
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	v := Visit{ID: ClickID{1}, At: 7}
	b := protowire.AppendTag(v.Append(nil), 9999, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, 42)
	got, err := DecodeVisit(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&v, got); d != "" {
		t.Error(d)
	}
}

// TestFieldNumbers pins the numbers on disk: a constant inserted in the middle
// would silently renumber what old logs hold.
func TestFieldNumbers(t *testing.T) {
	for name, c := range map[string][2]int{
		"workspace": {fWorkspace, 1}, "suspect": {fSuspect, 20}, "creative": {fCreative, 28}, "impression": {fImpression, 90}, "sub1": {fSub1, 40},
		"id": {fID, 101}, "revision": {fRevision, 110}, "no": {fNo, 119},
		"sale amount": {fSaleAmount, 134}, "unique": {fUnique, 136}, "test": {fTest, 144}, "header": {fHeader, 147},
	} {
		if c[0] != c[1] {
			t.Errorf("field %s has number %d, want %d", name, c[0], c[1])
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add((&Visit{ID: ClickID{1}, Dims: Dims{Offer: "{{{click_id}}}"}}).Append(nil))
	f.Add((&Signal{ID: ClickID{1}, Query: "a=\r\n\x00"}).Append(nil))
	f.Add((&Fact{Kind: FactVisit, No: 1}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := DecodeVisit(b); err == nil {
			if _, err := DecodeVisit(v.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		if s, err := DecodeSignal(b); err == nil {
			if _, err := DecodeSignal(s.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		if x, err := DecodeFact(b); err == nil {
			if _, err := DecodeFact(x.Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkVisitEncode(b *testing.B) {
	v := sampleVisit()
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = v.Append(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkVisitDecode(b *testing.B) {
	buf := sampleVisit().Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeVisit(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func sampleVisit() *Visit {
	v := &Visit{ID: ClickID{1}, At: 1_800_000_000_000_000, Click: true, Destination: "https://shop.example/landing?ref=0123456789abcdef0123456789abcdef", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", Addr: "198.51.100.0", Referer: "https://blog.example/best-shoes", Revision: 77}
	v.Dims = Dims{Workspace: "ws_01j0000000000000", Link: "lnk_01j0000000000000", Offer: "off_01j0000000000000", Advertiser: "adv_01j0000000000000", Publisher: "pub_01j0000000000000", Enrollment: "enr_01j0000000000000", Country: "DE", Device: "desktop", OS: "Linux", Browser: "Chrome", BrowserVersion: "140.0", Language: "de-DE", RefererDomain: "blog.example"}
	v.Subs[0], v.Subs[1] = "newsletter", "2026-11"
	return v
}

// TestBadImpressions: a count without an id, without a number or with a negative one is
// refused, since it would change totals that nobody could check.
func TestBadImpressions(t *testing.T) {
	for name, data := range map[string][]byte{
		"no id":     (&Impression{Count: 1}).Append(nil),
		"no count":  (&Impression{ID: ClickID{1}}).Append(nil),
		"negative":  (&Impression{ID: ClickID{1}, Count: -1}).Append(nil),
		"cut short": (&Impression{ID: ClickID{1}, Count: 1}).Append(nil)[:9],
	} {
		if got, err := DecodeImpressions(data); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
