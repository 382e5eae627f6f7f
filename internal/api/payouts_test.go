package api_test

import (
	"strings"
	"testing"
)

// TestPayouts: from a method over a preview to what is paid, as a program does it.
func TestPayouts(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	pub := "/publishers/" + s.ids["publishers"]
	if got := w.call(w.reader, "GET", pub+"/payout-method", "").want(200); got.text("kind") != "none" {
		t.Errorf("a new publisher's method is %s", got.body)
	}
	w.call(w.writer, "POST", "/conversions/"+s.ids["conversions"]+"/approve", "").want(200)
	r := w.call(w.writer, "POST", "/payout-runs", "").want(201)
	if r.text("left_out.0.reason") != "no_method" || r.text("left_out.0.amount") != "6.00" || !strings.HasSuffix(r.text("left_out.0.detail"), ".") {
		t.Errorf("without a method: %s", r.body)
	}
	w.call(w.writer, "POST", "/payout-runs/"+r.text("id")+"/approve", "").want(409)
	m := w.call(w.writer, "POST", pub+"/payout-method", `{"kind":"bank","holder":"Ann Blog","iban":"DE89 3704 0044 0532 0130 00"}`, "If-Match", `"v0"`).want(200)
	if m.text("details") != "DE** … 3000" || strings.Contains(string(m.body), "3704") || m.header.Get("ETag") != `"v1"` {
		t.Errorf("the method is %s", m.body)
	}
	w.call(w.writer, "POST", pub+"/payout-method", `{"kind":"none"}`, "If-Match", `"v0"`).want(412)
	bad := w.call(w.writer, "POST", pub+"/payout-method", `{"kind":"bank","holder":"Ann","iban":"DE88370400440532013000"}`).want(422)
	if bad.rules()["iban"] != "iban_checksum" || strings.Contains(string(bad.body), "3704") {
		t.Errorf("a wrong IBAN: %s", bad.body)
	}

	r = w.call(w.writer, "POST", "/payout-runs/"+r.text("id")+"/refresh", "").want(200)
	if r.text("totals.0.amount") != "6.00" || r.text("totals.0.state") != "draft" || len(r.get("left_out").([]any)) != 0 {
		t.Errorf("the preview is %s", r.body)
	}
	run := "/payout-runs/" + r.text("id")
	line := w.call(w.reader, "GET", run+"/lines", "").want(200).text("data.0.id")
	if got := w.call(w.reader, "GET", "/payout-lines/"+line, "").want(200); got.text("items.0.kind") != "conversion" || got.text("items.0.cause") != s.ids["conversions"] || got.text("details") != "DE** … 3000" {
		t.Errorf("the line is %s", got.body)
	}
	w.call(w.writer, "POST", run+"/approve", "", "If-Match", `"v1"`).want(412)
	w.call(w.writer, "POST", run+"/export", `{"layout":"generic"}`).want(409)
	a := w.call(w.writer, "POST", run+"/approve", "", "If-Match", r.header.Get("ETag")).want(200)
	if a.text("state") != "approved" || a.text("files.0.layout") != "generic" {
		t.Errorf("approved: %s", a.body)
	}
	if again := w.call(w.writer, "POST", run+"/approve", "", "If-Match", r.header.Get("ETag")).want(200); again.header.Get("ETag") != a.header.Get("ETag") {
		t.Errorf("approved again: %s", again.body)
	}
	if got := w.call(w.writer, "POST", "/conversions/"+s.ids["conversions"]+"/reverse", `{"reason":"late"}`).want(409).text("code"); got != "illegal_transition" {
		t.Errorf("a locked conversion is reversed: %s", got)
	}
	f := w.call(w.writer, "POST", run+"/export", `{"layout":"generic"}`).want(200)
	if !strings.HasPrefix(f.header.Get("Content-Type"), "text/csv") || !strings.Contains(string(f.body), ",DE89370400440532013000,") || !strings.Contains(f.header.Get("Content-Disposition"), ".csv") {
		t.Errorf("the file is %s %q", f.header, f.body)
	}
	w.call(w.reader, "POST", run+"/export", `{"layout":"generic"}`).want(403)
	if got := w.call(w.writer, "POST", run+"/mark", `{"state":"failed","lines":["`+line+`"]}`).want(422).rules(); got["reason"] != "required" {
		t.Errorf("failed without a reason: %v", got)
	}
	d := w.call(w.writer, "POST", run+"/mark", `{"state":"paid","reference":"stmt 7"}`).want(200)
	if d.text("state") != "done" || d.text("totals.0.state") != "paid" {
		t.Errorf("paid: %s", d.body)
	}
	if got := w.call(w.writer, "POST", run+"/mark", `{"state":"failed","reason":"no","lines":["`+line+`"]}`).want(409).text("code"); got != "payout_line_settled" {
		t.Errorf("paid and then failed: %s", got)
	}
	if got := w.call(w.reader, "GET", pub+"/payouts", "").want(200); got.text("data.0.state") != "paid" || got.text("data.0.reference") != "stmt 7" || got.get("data.1") != nil {
		t.Errorf("the publisher's payouts: %s", got.body) // drafts are none
	}
	if got := w.call(w.reader, "GET", "/conversions/"+s.ids["conversions"], "").want(200).text("status"); got != "paid" {
		t.Errorf("the conversion is %s", got)
	}
	if n := len(w.call(w.reader, "GET", "/payout-runs?state=done", "").want(200).get("data").([]any)); n != 1 {
		t.Errorf("%d runs are done", n)
	}
}

func TestPayoutSettings(t *testing.T) {
	w := newWorld(t)
	set := w.call(w.writer, "PATCH", "/payout-settings", `{"holding_days":30,"minimums":[{"currency":"EUR","amount":"50.00"},{"currency":"jpy","amount":"5000"}]}`).want(200)
	if set.text("minimums.1.currency") != "JPY" || set.text("minimums.0.amount") != "50.00" || set.get("holding_days") != 30.0 {
		t.Errorf("settings %s", set.body)
	}
	if got := w.call(w.writer, "PATCH", "/payout-settings", `{"second_person":true}`).want(403).text("code"); got != "owner_only" {
		t.Errorf("the second person is set by somebody: %s", got)
	}
	w.call(adminToken, "PATCH", "/payout-settings?workspace="+w.ws, `{"second_person":true}`, "If-Match", `"v0"`).want(412)
	got := w.call(adminToken, "PATCH", "/payout-settings?workspace="+w.ws, `{"second_person":true}`, "If-Match", set.header.Get("ETag")).want(200)
	if got.get("second_person") != true || got.get("holding_days") != 30.0 {
		t.Errorf("settings %s", got.body)
	}
	for body, field := range map[string]string{
		`{"holding_days":400}`: "holding_days", `{"method_hold_days":-1}`: "method_hold_days", `{"minimums":[{"currency":"EUR","amount":"1.005"}]}`: "minimums", `{"holding_day":1}`: "holding_day",
	} {
		if rules := w.call(w.writer, "PATCH", "/payout-settings", body).want(422).rules(); rules[field] == "" {
			t.Errorf("%s: %v", body, rules)
		}
	}
}
