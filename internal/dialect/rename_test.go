package dialect

import (
	"testing"

	"clickledger/internal/event"
)

func TestRename(t *testing.T) {
	names := map[string]string{"order_ref": "txid", "clé": "coupon", "sid": "click_id"}
	for _, c := range []struct{ query, bodyType, body, wantQuery, wantBody string }{
		{query: "sid=c1&order_ref=a%2Bb&amount=1", wantQuery: "click_id=c1&txid=a%2Bb&amount=1"},
		{query: "txid=theirs&order_ref=ours", wantQuery: "txid=ours&txid=theirs"},
		{query: "order%5Fref=7&cl%C3%A9=X", wantQuery: "txid=7&coupon=X"},
		{query: "order_ref&x=%zz&ORDER_REF=1", wantQuery: "order_ref&x=%zz&ORDER_REF=1"},
		{bodyType: "application/x-www-form-urlencoded", body: "order_ref=7", wantBody: "txid=7"},
		{body: "order_ref=7", wantBody: "txid=7"},
		{bodyType: "application/json", body: `{"amount": 1.50, "order_ref":"7", "items":[{"sku":1}]}`, wantBody: `{"txid":"7","amount":1.50,"items":[{"sku":1}]}`},
		{bodyType: "application/json", body: `{"order_ref":"7"} x`, wantBody: `{"txid":"7"} x`},
		{bodyType: "application/json", body: `{"order_ref":`, wantBody: `{"order_ref":`},
		{bodyType: "application/json", body: `["order_ref"]`, wantBody: `["order_ref"]`},
		{bodyType: "application/xml", body: `order_ref=7`, wantBody: `order_ref=7`},
	} {
		in := &event.Signal{Query: c.query, BodyType: c.bodyType, Body: []byte(c.body)}
		got := Rename(in, names)
		if got.Query != c.wantQuery || string(got.Body) != c.wantBody {
			t.Errorf("%q, %q became %q, %q; want %q, %q", c.query, c.body, got.Query, got.Body, c.wantQuery, c.wantBody)
		}
		if in.Query != c.query || string(in.Body) != c.body {
			t.Errorf("the signal itself was changed: %+v", in)
		}
		if same := Rename(in, nil); same != in {
			t.Error("without names it is another signal")
		}
	}
}

func TestGet(t *testing.T) {
	r, refusal := Parse(&event.Signal{Query: "txid=7&shop=berlin"})
	if refusal != nil || r.Get("txid") != "7" || r.Get("shop") != "berlin" || r.Get("amount") != "" || r.Get("nothing") != "" {
		t.Errorf("%+v, %v", r, refusal)
	}
}
