package api_test

import (
	"strings"
	"testing"

	"clickledger/internal/event"
)

// TestCoupons: a coupon is made, found in any case, and explained on the conversion it
// decided.
func TestCoupons(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	if d := w.call(w.reader, "GET", "/coupons?code=spring10", "").want(200); !strings.Contains(string(d.body), s.ids["coupons"]) || !strings.Contains(string(d.body), s.ids["advertisers"]) {
		t.Errorf("by its code: %s", d.body)
	}
	ids := `"offer":"` + s.ids["offers"] + `","publisher":"` + s.ids["publishers"] + `"`
	for body, want := range map[string]string{
		`{` + ids + `,"code":"SPRING10 "}`:                                "taken",
		`{` + ids + `,"code":""}`:                                         "required",
		`{` + ids + `,"code":"X","valid_until":"tomorrow"}`:               "invalid_date",
		`{"publisher":"` + s.ids["publishers"] + `","code":"X"}`:          "required",
		`{"offer":"off_0","publisher":"pub_0","code":"X"}`:                "unknown_reference",
		`{` + ids + `,"code":"` + strings.Repeat("x", 65) + `"}`:          "too_long",
		`{` + ids + `,"code":"X","status":"draft"}`:                       "not_one_of",
		`{` + ids + `,"code":"X","advertiser":"` + s.ids["offers"] + `"}`: "unknown_field",
	} {
		if a := w.call(w.writer, "POST", "/coupons", body); a.status != 422 && a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
	token := w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	row := w.postback("coupon=spring10&txid=C-1&token=" + token)
	if row.Verdict != event.Accepted {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	c := w.call(w.reader, "GET", "/conversions/"+row.Conversion, "").want(200)
	if c.text("method") != "coupon" || c.text("publisher") != s.ids["publishers"] || c.text("click_id") != row.ID || !strings.Contains(c.text("coupon_note"), "No click came with it.") {
		t.Errorf("explained as %s", c.body)
	}
	// Entered through the API, by the coupon alone.
	a := w.call(w.writer, "POST", "/conversions", `{"coupon":"SPRING10","txid":"C-2"}`).want(200)
	if a.text("verdict") != "accepted" {
		t.Errorf("entered: %s", a.body)
	}
}
