package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/diagnosis"

	"github.com/google/go-cmp/cmp"
)

// autoShop is a shop whose offer takes the payout from the postback, with n conversions
// that brought none.
func (w *world) autoShop(n int) (s shop, token string) {
	w.t.Helper()
	s = w.shop(w.writer, w.ws)
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"payout_kind":"postback","payout":"","commission_kind":"percent_payout","commission_percent":"50"}`).want(200)
	token = w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	for i := range n {
		row := w.postback(fmt.Sprintf("click_id=%s&txid=B-%d&token=%s", w.click(w.ws, s), i, token))
		if row.Verdict != "accepted" {
			w.t.Fatalf("verdict %s: %s", row.Verdict, row.Detail)
		}
	}
	return s, token
}

// TestDiagnosisToRepricing is the whole way from "revenue is 0.00" to the ledger: the
// diagnosis says what is missing with the evidence, the terms are mended, the repricing is
// previewed, confirmed and posted, and everything agrees.
func TestDiagnosisToRepricing(t *testing.T) {
	w := newWorld(t)
	s, token := w.autoShop(3)
	offer := "/offers/" + s.ids["offers"]

	d := w.call(w.reader, "GET", offer+"/diagnosis", "").want(200)
	for at, want := range map[string]any{
		"worst": "bad", "findings.0.code": "payout_missing", "findings.0.severity": "bad", "findings.0.count": 3.0, "findings.0.fix.place": "tracking", "findings.0.fix.reprice": nil,
		"findings.0.conversions.0.txid": "B-2", "findings.0.signals.0.verdict": "accepted",
	} {
		if got := d.get(at); got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
	if q := d.text("findings.0.signals.0.query"); !strings.Contains(q, "txid=B-2") || strings.Contains(string(d.body), token) {
		t.Errorf("evidence %q, want the query without the token", q)
	}
	if n := len(d.get("passed").([]any)) + len(d.get("findings").([]any)); n != len(diagnosis.Checks()) {
		t.Errorf("%d checks are told of, want %d", n, len(diagnosis.Checks()))
	}
	marks := w.call(w.reader, "GET", "/offers/diagnosis", "").want(200)
	if marks.text("data.0.code") != "payout_missing" || marks.text("data.0.severity") != "bad" {
		t.Errorf("marks %s", marks.body)
	}

	// Nothing to reprice while the terms are as they were.
	if got := w.call(w.writer, "POST", offer+"/reprice", `{"warned":true}`).want(200); got.get("changed") != 0.0 || got.get("dry_run") != true {
		t.Errorf("preview under Auto: %s", got.body)
	}
	w.call(w.writer, "PATCH", offer, `{"payout_kind":"fixed","payout":"7.00"}`).want(200)
	d = w.call(w.reader, "GET", offer+"/diagnosis", "").want(200)
	if d.get("findings.0.fix.reprice.warned") != true {
		t.Fatalf("after the switch to manual the fix is %s", d.body)
	}
	preview := w.call(w.writer, "POST", offer+"/reprice", `{"warned":true}`).want(200)
	for at, want := range map[string]any{
		"dry_run": true, "changed": 3.0, "skipped": 0.0, "totals.0.currency": "EUR", "totals.0.revenue_before": "0.00", "totals.0.revenue_after": "21.00", "totals.0.commission_difference": "10.50",
		"lines.0.txid": "B-0", "lines.0.revenue_before": "0.00", "lines.0.revenue_after": "7.00",
	} {
		if got := preview.get(at); got != want {
			t.Errorf("preview: %s is %v, want %v", at, got, want)
		}
	}
	revenue := func() string {
		t.Helper()
		for _, row := range w.call(w.reader, "GET", "/ledger/balances", "").want(200).get("data").([]any) {
			if row := row.(map[string]any); row["account"] == "revenue" || row["kind"] == "revenue" {
				return fmt.Sprint(row["balance"])
			}
		}
		t.Fatal("no account of revenue")
		return ""
	}
	before := revenue()
	if got := w.call(w.writer, "POST", offer+"/reprice?dry_run=false", `{"warned":true}`).want(422).rules()["reason"]; got != "required" {
		t.Errorf("without a reason: %q", got)
	}
	if got := w.call(w.writer, "POST", offer+"/reprice?dry_run=false", `{"warned":true,"reason":"x","expect":"other"}`).want(412).text("code"); got != "preview_outdated" {
		t.Errorf("another preview: %q", got)
	}
	if revenue() != before {
		t.Error("a preview or a refusal moved money")
	}
	done := w.call(w.writer, "POST", offer+"/reprice?dry_run=false", `{"warned":true,"reason":"the payout was missing","expect":"`+preview.text("fingerprint")+`"}`).want(200)
	if done.get("changed") != 3.0 || done.get("dry_run") != false {
		t.Errorf("done: %s", done.body)
	}
	if again := w.call(w.writer, "POST", offer+"/reprice?dry_run=false", `{"warned":true,"reason":"again"}`).want(200); again.get("changed") != 0.0 {
		t.Errorf("repriced twice: %s", again.body)
	}
	c := w.call(w.reader, "GET", "/conversions/"+done.text("lines.0.conversion"), "").want(200)
	if c.text("revenue") != "7.00" || c.text("commission") != "3.50" || c.text("warning") != "" || c.text("transactions.0.kind") != "adjustment" {
		t.Errorf("conversion %s, want it worth 7.00 with an adjustment", c.body)
	}
	found, err := w.db.Books().Audit(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("the ledger's audit: %v, %v", found, err)
	}
	if a, b := strings.TrimPrefix(before, "-"), strings.TrimPrefix(revenue(), "-"); a != "10.00" || b != "31.00" {
		t.Errorf("revenue in the ledger went from %s to %s, want 10.00 and 31.00", a, b)
	}
	d = w.call(w.reader, "GET", offer+"/diagnosis", "").want(200)
	if d.text("worst") != "" {
		t.Errorf("afterwards: %s", d.body)
	}
	if m := w.call(w.reader, "GET", "/offers/diagnosis?ids="+s.ids["offers"], "").want(200); m.text("data.0.severity") != "" {
		t.Errorf("the mark still says %s", m.body)
	}
}

func TestRepriceInput(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/offers/" + s.ids["offers"] + "/reprice"
	for body, want := range map[string]map[string]string{
		`{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}`: {"to": "out_of_range"},
		`{"from":"1960-01-02T00:00:00Z"}`:                             {"from": "out_of_range"},
		`{"offer":"off_1"}`:                                           {"offer": "unknown_field"},
		`{"warned":"yes"}`:                                            {"warned": "type"},
		`{"reason":"` + strings.Repeat("x", 501) + `"}`:               {"reason": "too_long"},
		`{"ids":[` + strings.Repeat(`"a",`, 1000) + `"a"]}`:           {"ids": "too_many"},
	} {
		if d := cmp.Diff(want, w.call(w.writer, "POST", path, body).want(422).rules()); d != "" {
			t.Errorf("%.60s (-want +got):\n%s", body, d)
		}
	}
	w.call(w.reader, "POST", path, "").want(403)
	w.call(w.writer, "POST", path, "").want(200)
	// Only what is asked for: the shop's conversion is before the time, and another id.
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"payout":"11.00"}`).want(200)
	for body, n := range map[string]float64{
		`{}`: 1, `{"warned":true}`: 0, `{"from":"2027-01-01T00:00:00Z"}`: 0, `{"to":"2020-01-01T00:00:00Z"}`: 0, `{"ids":["cnv_x"]}`: 0, `{"ids":["` + s.ids["conversions"] + `"]}`: 1,
	} {
		if got := w.call(w.writer, "POST", path, body).want(200).get("changed"); got != n {
			t.Errorf("%s changes %v, want %v", body, got, n)
		}
	}
}

func TestLandingCheckIsGuarded(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"url":"http://127.0.0.1:1/?c={click_id}"}`).want(200)
	w.call(w.reader, "POST", "/offers/"+s.ids["offers"]+"/landing-check", "").want(403)
	l := w.call(w.writer, "POST", "/offers/"+s.ids["offers"]+"/landing-check", "").want(200)
	if l.get("status") != 0.0 || l.text("failure") == "" || l.get("current") != true {
		t.Errorf("landing %s, want a failure", l.body)
	}
	d := w.call(w.reader, "GET", "/offers/"+s.ids["offers"]+"/diagnosis", "").want(200)
	if d.text("findings.0.code") != "landing_error" || d.text("landing.failure") == "" {
		t.Errorf("diagnosis %s", d.body)
	}
	w.now = w.now.Add(time.Hour)
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"url":"http://127.0.0.1:2/?c={click_id}"}`).want(200)
	if d := w.call(w.reader, "GET", "/offers/"+s.ids["offers"]+"/diagnosis", "").want(200); d.get("landing.current") != false || d.text("worst") != "" {
		t.Errorf("after another URL: %s", d.body)
	}
}

func TestMarks(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	second := w.make(w.writer, "offers", `{"name":"No click id","url":"https://shop.example/","payout":"1.00"}`)
	all := w.call(w.reader, "GET", "/offers/diagnosis?limit=1", "").want(200)
	if all.text("data.0.offer") != second || all.text("data.0.code") != "click_id_missing" || all.text("next_cursor") != second {
		t.Errorf("first page %s", all.body)
	}
	next := w.call(w.reader, "GET", "/offers/diagnosis?limit=1&cursor="+second, "").want(200)
	if next.text("data.0.offer") != s.ids["offers"] || next.text("data.0.severity") != "" || next.get("next_cursor") != nil {
		t.Errorf("second page %s", next.body)
	}
	named := w.call(w.reader, "GET", "/offers/diagnosis?ids="+theirs.ids["offers"]+",%20"+second, "").want(200)
	if rows := named.get("data").([]any); len(rows) != 1 {
		t.Errorf("named: %s, want ours alone", named.body)
	}
	if got := w.call(w.reader, "GET", "/offers/diagnosis?ids="+strings.Repeat("off_1,", 101), "").want(422).rules()["ids"]; got != "too_many" {
		t.Errorf("101 offers: %q", got)
	}
}
