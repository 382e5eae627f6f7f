package macro

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a body looks like once its tokens are replaced.
func TestBody(t *testing.T) {
	v := &Values{ClickID: "c", Sub1: `a"b\c&d=é/` + "\n", Payout: "7.50", Currency: "EUR", Salt: "s"}
	for _, c := range []struct{ kind, body, want string }{
		{BodyForm, "cid={sub1}&payout={payout}&none={sub2}", "cid=a%22b%5Cc%26d%3D%C3%A9%2F%0A&payout=7.50&none="},
		{BodyForm, "", ""},
		{BodyForm, "a=b%20c&{sub2|k}={sub2|two words}", "a=b%20c&k=two%20words"},
		{BodyForm, "é={click_id}", "%C3%A9=c"},
		{BodyJSON, `{"cid":"{sub1}","payout":{payout},"none":{sub2},"cur":{currency}}`, `{"cid":"a\"b\\c\u0026d=é/\n","payout":7.50,"none":null,"cur":"EUR"}`},
		{BodyJSON, `{"a":["{click_id}-{payout}", {sub2|0}], "b": "\\{click_id}\u00e9{click_id}"}`, `{"a":["c-7.50", 0], "b": "\\c\u00e9c"}`},
		{BodyJSON, "{\n  \"n\": {}\n}", "{\n  \"n\": {}\n}"},
		{BodyJSON, `{click_id}`, `"c"`},
	} {
		b, err := ParseBody(PostbackTokens, c.kind, c.body)
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if got := string(b.Append(nil, v)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestBodyRefused(t *testing.T) {
	for _, c := range []struct{ kind, body, code, says string }{
		{BodyForm, "a={payuot}", CodeTokenUnknown, "Did you mean {payout}?"},
		{BodyForm, "a={revenue}", CodeTokenUnknown, "{revenue}"},
		{BodyForm, "a={payout:raw}", CodeRawPosition, "raw"},
		{BodyForm, "a=b c", CodeControl, "%20"},
		{BodyForm, "a=%4", CodeEscape, "%25"},
		{BodyForm, "a={payout", CodeTokenOpen, "closing"},
		{BodyForm, strings.Repeat("a", MaxURL+1), CodeTooLong, "8192"},
		{BodyJSON, `{"a":{payuot}}`, CodeTokenUnknown, "Did you mean {payout}?"},
		{BodyJSON, `{"a":"{sub1:raw}"}`, CodeRawPosition, "raw"},
		{BodyJSON, `{"a":{sub1}{sub2}}`, CodeBodyJSON, "valid JSON"},
		{BodyJSON, `{{sub1}:1}`, CodeBodyJSON, "valid JSON"},
		{BodyJSON, `{"a":"\{sub1}"}`, CodeBodyJSON, "escape"},
		{BodyJSON, `{"a":"\u00{sub1}41"}`, CodeBodyJSON, "escape"},
		{BodyJSON, `{"a":"\u0{sub1}"}`, CodeBodyJSON, "escape"},
		{BodyJSON, `a={sub1}`, CodeBodyJSON, "valid JSON"},
		{BodyJSON, ``, CodeBodyJSON, "valid JSON"},
	} {
		_, err := ParseBody(PostbackTokens, c.kind, c.body)
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != c.code || !strings.Contains(bad.Msg, c.says) {
			t.Errorf("%s %s: %v, want %s", c.kind, c.body, err, c.code)
		}
	}
}

// Whatever a value holds, a JSON body stays JSON with the value in it, and a form has the
// fields it was written with.
func FuzzBodyValues(f *testing.F) {
	for _, s := range []string{"", "1", "1e5", "-0", "01", "null", `"`, `\`, `\u`, "a&b=c", "\x00", "\xff", "{payout}", "</script>"} {
		f.Add(s)
	}
	inJSON, err := ParseBody(PostbackTokens, BodyJSON, `{"in":"x{sub1}y","bare":{sub1},"list":[{sub1|7},"{sub1}"]}`)
	if err != nil {
		f.Fatal(err)
	}
	form, err := ParseBody(PostbackTokens, BodyForm, "a=x{sub1}y&b={payout}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, val string) {
		v := &Values{Sub1: val, Payout: "7.50"}
		var got struct {
			In   string
			Bare any
			List []any
		}
		if err := json.Unmarshal(inJSON.Append(nil, v), &got); err != nil || got.In != "x"+strings.ToValidUTF8(val, "\uFFFD")+"y" && val == strings.ToValidUTF8(val, "") {
			t.Errorf("%q: %v: %+v", val, err, got)
		}
		q, err := url.ParseQuery(string(form.Append(nil, v)))
		if diff := cmp.Diff(url.Values{"a": {"x" + val + "y"}, "b": {"7.50"}}, q); diff != "" || err != nil {
			t.Errorf("%q: %v %s", val, err, diff)
		}
	})
}

// Values that are kept by their names come back; what a publisher is not told is not kept.
func TestNamedValues(t *testing.T) {
	v := SampleValues()
	named := PostbackTokens.Named(v)
	back := PostbackTokens.FromNamed(named)
	for id := range NumTokens {
		want := ""
		if _, ok := PostbackTokens.Lookup(Tokens[id].Name); ok && Tokens[id].Name != "payout" {
			want = v[id]
		}
		if id == Payout {
			want = "7.50"
		}
		if id != OfferPayout && back[id] != want {
			t.Errorf("{%s} is %q, want %q", Tokens[id].Name, back[id], want)
		}
	}
	if back[OfferPayout] != "" || back[Cost] != "" || back[Salt] != "" {
		t.Error("it keeps what a publisher is not told")
	}
	if got := PostbackTokens.FromNamed(map[string]string{"cost": "1", "nothing": "2"}); *got != (Values{}) {
		t.Errorf("%v", got)
	}
}
