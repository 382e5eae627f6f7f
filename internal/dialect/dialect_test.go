package dialect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
	"clickledger/internal/macro"
)

func TestNativeTakesEveryParameter(t *testing.T) {
	query := "click_id=c&offer=o&goal=g&payout=1.5&amount=2&currency=usd&txid=t%2B1&status=approved&event_time=7&token=k&key=p&coupon=SUMMER&geo=DE&commission_id=gold&unknown=x"
	want := Request{ClickID: "c", Offer: "o", Goal: "g", Payout: "1.5", Amount: "2", Currency: "usd", TxID: "t+1", Status: "approved", EventTime: "7",
		Token: "k", Key: "p", Coupon: "SUMMER", Geo: "DE", CommissionID: "gold", Custom: []macro.Param{{Name: "unknown", Value: "x"}}}
	got, refusal := Parse(&event.Signal{Query: query})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("query (-want +got):\n%s", d)
	}
	got, refusal = Parse(&event.Signal{BodyType: "application/x-www-form-urlencoded", Body: []byte(query)})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("form (-want +got):\n%s", d)
	}
}

func TestNativeQueryBeforeBodyAndFirstThatIsNotEmpty(t *testing.T) {
	got, refusal := Parse(&event.Signal{Query: "txid=&txid=a&txid=b", BodyType: "application/json", Body: []byte(`{"txid":"c","amount":12.50}`)})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if got.TxID != "a" || got.Amount != "12.50" {
		t.Errorf("txid %q, amount %q", got.TxID, got.Amount)
	}
}

func TestNativeNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  event.Verdict
		field string
		says  string
	}{
		"macro":           {"click_id={aff_sub}", event.MacroUnreplaced, "click_id", `"{aff_sub}"`},
		"status":          {"status=%7Bstatus%7D", event.MacroUnreplaced, "status", `"{status}"`},
		"pasted brackets": {`click_id=["refid"]`, event.WrappedValue, "click_id", `"refid"`},
		"newline":         {"txid=a%0ab", event.InvalidValue, "txid", "control"},
		"NUL":             {"txid=a%00b", event.InvalidValue, "txid", "control"},
		"not UTF-8":       {"txid=a%ffb", event.InvalidValue, "txid", "UTF-8"},
		"too long":        {"txid=" + strings.Repeat("x", maxValue+1), event.InvalidValue, "txid", "longer"},
	} {
		_, refusal := Parse(&event.Signal{Query: c.query})
		if refusal == nil || refusal.Verdict != c.want || refusal.Field != c.field || !strings.Contains(refusal.Detail, c.says) {
			t.Errorf("%s: %+v", name, refusal)
		}
	}
}

// An amount or a number that nobody filled in counts as absent, and is named (P9).
func TestUnreplacedValuesAreAbsentByName(t *testing.T) {
	got, refusal := Parse(&event.Signal{Query: "click_id=c&payout={payout}&amount=%23price%23&currency=[cur]&txid={{txid}}&event_time=${t}&coupon={c}"})
	if refusal != nil {
		t.Fatal(refusal)
	}
	want := Request{ClickID: "c", Ignored: []string{"payout", "amount", "currency", "txid", "event_time", "coupon"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("request (-want +got):\n%s", d)
	}
}

func TestCustomParameters(t *testing.T) {
	query := "z=1&a=2&a=3&=x&b%20c=4&macro={m}&empty=&long=" + strings.Repeat("x", maxValue+1)
	for i := range 30 {
		query += fmt.Sprintf("&n%02d=v", i)
	}
	got, refusal := Parse(&event.Signal{Query: query})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if len(got.Custom) != maxCustom || got.Custom[0] != (macro.Param{Name: "a", Value: "2"}) || got.Custom[1].Name != "n00" {
		t.Errorf("%v", got.Custom)
	}
}

func FuzzNative(f *testing.F) {
	f.Add("click_id=a&amount=1", "", []byte(nil))
	f.Add("", "application/json", []byte(`{"amount":1e999,"txid":"a\u0000"}`))
	f.Add("a=%zz&b;c=d&=&&", "application/x-www-form-urlencoded", []byte("x=%0d%0a&y={{{click_id}}}"))
	f.Add("txid="+strings.Repeat("é", 40000), "text/plain", []byte("{"))
	f.Fuzz(func(t *testing.T, query, kind string, body []byte) {
		r, refusal := Parse(&event.Signal{Query: query, BodyType: kind, Body: body})
		if refusal != nil {
			if _, known := event.Verdicts[refusal.Verdict]; !known || refusal.Detail == "" {
				t.Fatalf("refusal %+v", refusal)
			}
		}
		for i := range native.Params {
			p := &native.Params[i]
			name, v := p.Name, *fields[p.Field].into(&r)
			if p.Field == Items {
				continue
			}
			if len(v) > maxValue || strings.ContainsAny(v, "\x00\r\n") {
				t.Fatalf("%s is %q", name, v)
			}
		}
	})
}
