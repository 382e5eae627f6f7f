package app

import (
	"encoding/json"
	"net/url"
	"testing"
)

// TestCouponsOverHTTP: orders by coupons go through the real door into books and facts,
// agree with each other there, also after a restart, and show in reports by their method.
func TestCouponsOverHTTP(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	m := s.market()
	s.patchOffer(m, map[string]any{"coupon_precedence": "coupon_wins"})
	anna := s.api("POST", "/publishers", map[string]any{"workspace": m.workspace, "name": "Anna"})["id"]
	s.api("POST", "/enrollments", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": anna, "commission_kind": "percent_payout", "commission_percent": "70"})
	s.api("POST", "/coupons", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": anna, "code": "ANNA10"})
	say := func(want string, kv ...string) {
		t.Helper()
		q := url.Values{"token": {m.token}}
		for i := 0; i < len(kv); i += 2 {
			q.Set(kv[i], kv[i+1])
		}
		res, err := browser.Get(s.url + "/postback?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out struct{ Verdict, Detail string }
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Verdict != want && out.Verdict != "received" {
			t.Errorf("%v: %s %s, %v; want %s", kv, out.Verdict, out.Detail, err, want)
		}
	}
	s.traffic(m, "click", 4)
	say("accepted", "coupon", "anna10", "txid", "A-1")
	say("accepted", "coupon", "anna10", "txid", "A-2")
	say("updated", "coupon", "anna10", "txid", "A-2", "status", "approved")
	say("accepted", "coupon", "anna10", "txid", "A-3", "click_id", s.mustClick(m))
	say("updated", "coupon", "anna10", "txid", "A-3", "status", "rejected")
	say("unknown_coupon", "coupon", "nobody", "txid", "A-4")
	s.caughtUp()
	wantVerified(t, s.app)
	res, err := s.app.facts.Query(t.Context(), `SELECT method, publisher, CAST(sum(conversions) AS BIGINT), CAST(sum(commission) AS BIGINT), CAST(sum(visits) AS BIGINT) FROM facts
		WHERE kind <> 'visit' GROUP BY method, publisher ORDER BY method`)
	if err != nil || len(res.Rows) != 2 {
		t.Fatalf("facts %v, %v", res.Rows, err)
	}
	b, err := json.Marshal(res.Rows)
	if want := `[["click_id","` + m.publisher + `",2,1200,0],["coupon","` + anna.(string) + `",2,1400,0]]`; err != nil || string(b) != want {
		t.Errorf("facts %s, want %s", b, want)
	}
	before := state(t, s.app, m)
	s.stop()
	same(t, before, inspect(t, data, m))
}
