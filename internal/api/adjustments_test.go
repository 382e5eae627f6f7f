package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAdjustments: hold, release, refunds of a part, stated amounts and a bonus, each once
// per key, with what the books say after it.
func TestAdjustments(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	id := w.call(w.writer, "POST", "/conversions", `{"click_id":"`+w.click(w.ws, s).String()+`","txid":"ADJ-1","amount":"80.00","payout":"8.00"}`).want(200).text("conversion")
	at := "/conversions/" + id
	post := func(path, body string) *answer { t.Helper(); return w.call(w.writer, "POST", path, body) }
	first := w.call(w.reader, "GET", at, "").want(200)
	if first.get("approves_at") != nil || first.get("adjusted") != false || first.text("hold") != "" {
		t.Errorf("at first: %s", first.body)
	}
	w.call(w.writer, "PATCH", "/offers/"+s.ids["offers"], `{"validation_days":7}`).want(200)
	if got := w.call(w.reader, "GET", at, "").want(200).text("approves_at"); !strings.HasPrefix(got, "2026-11-08T") {
		t.Errorf("approves at %q", got)
	}
	if d := cmp.Diff(map[string]string{"reason": "required"}, post(at+"/hold", `{}`).want(422).rules()); d != "" {
		t.Errorf("hold without a reason:\n%s", d)
	}
	held := post(at+"/hold", `{"reason":"looks odd"}`).want(200)
	if held.text("hold") != "staff" || held.text("hold_note") != "looks odd" || held.get("approves_at") != nil || held.text("status") != "pending" {
		t.Errorf("held: %s", held.body)
	}
	if got := post(at+"/approve", "").want(409).text("code"); got != "held" {
		t.Errorf("approved while held: %s", got)
	}
	post(at+"/release", "").want(200)
	post(at+"/approve", "").want(200)

	if d := cmp.Diff(map[string]string{"reason": "required", "refund_id": "required"}, post(at+"/refund", `{"amount":"20.00"}`).want(422).rules()); d != "" {
		t.Errorf("refund without id and reason:\n%s", d)
	}
	part := `{"amount":"20.00","refund_id":"R-1","reason":"one of four"}`
	refunded := post(at+"/refund", part).want(200)
	if refunded.text("conversion.revenue") != "6.00" || refunded.text("adjustment.revenue") != "-2.00" || refunded.text("adjustment.sale") != "-20.00" || refunded.get("replayed") != false {
		t.Errorf("refunded: %s", refunded.body)
	}
	if again := post(at+"/refund", part).want(200); again.get("replayed") != true || again.text("conversion.revenue") != "6.00" {
		t.Errorf("again: %s", again.body)
	}
	if got := post(at+"/refund", `{"amount":"21.00","refund_id":"R-1","reason":"x"}`).want(409).text("code"); got != "conflict" {
		t.Errorf("another amount: %s", got)
	}
	if d := cmp.Diff(map[string]string{"amount": "refund_too_large"}, post(at+"/refund", `{"amount":"60.01","refund_id":"R-2","reason":"x"}`).want(422).rules()); d != "" {
		t.Errorf("too much:\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"key": "required", "revenue": "invalid_amount"}, post(at+"/amounts", `{"revenue":"1,50","reason":"x"}`).want(422).rules()); d != "" {
		t.Errorf("stated badly:\n%s", d)
	}
	if got := post(at+"/amounts", `{"key":"k1","revenue":"7.00","reason":"agreed"}`).want(200).text("adjustment.revenue"); got != "1.00" {
		t.Errorf("stated: %s", got)
	}
	if d := cmp.Diff(map[string]string{"key": "conflict"}, post(at+"/amounts", `{"key":"k1","revenue":"8.00","reason":"x"}`).want(409).rules()); d != "" {
		t.Errorf("other amounts under the key:\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"sale_amount": "amount_range"}, post(at+"/amounts", `{"key":"k2","sale_amount":"90000000000000.00","reason":"x"}`).want(400).rules()); d != "" {
		t.Errorf("too much stated:\n%s", d)
	}
	story := w.call(w.reader, "GET", at, "").want(200)
	if story.text("adjustments.0.key") != "R-1" || story.text("adjustments.1.kind") != "change" || story.get("adjusted") != true || story.text("transactions.0.kind") != "adjustment" {
		t.Errorf("story: %s", story.body)
	}
	if got := post(at+"/refund", `{"reason":"all of it"}`).want(200).text("conversion.status"); got != "reversed" {
		t.Errorf("all refunded: %s", got)
	}

	to := "/publishers/" + s.ids["publishers"] + "/adjustments"
	bonus := `{"key":"nov","amount":"50.00","currency":"usd","reason":"best of the month"}`
	made := post(to, bonus).want(201)
	if made.text("amount") != "50.00" || made.text("currency") != "USD" || made.get("replayed") != false {
		t.Errorf("bonus: %s", made.body)
	}
	if again := post(to, bonus).want(201); again.get("replayed") != true || again.text("id") != made.text("id") {
		t.Errorf("bonus again: %s", again.body)
	}
	post(to, `{"key":"nov","amount":"51.00","currency":"USD","reason":"x"}`).want(409)
	post(to, `{"key":"dec","amount":"-10.00","currency":"USD","reason":"booked too much"}`).want(201)
	if d := cmp.Diff(map[string]string{"key": "required", "amount": "required", "reason": "required", "currency": "unknown_currency"}, post(to, `{"amount":"0.00","currency":"XX"}`).want(422).rules()); d != "" && !strings.Contains(d, "currency") {
		t.Errorf("bonus of nothing:\n%s", d)
	}
	list := w.call(w.reader, "GET", "/adjustments?publisher="+s.ids["publishers"], "").want(200)
	if list.text("data.0.amount") != "-10.00" || list.text("data.1.key") != "nov" {
		t.Errorf("list: %s", list.body)
	}
	found := false
	for _, currency := range []string{"data.0", "data.1"} {
		balance := w.call(w.reader, "GET", "/publishers/"+s.ids["publishers"]+"/balance", "").want(200)
		if balance.get(currency) != nil && balance.text(currency+".currency") == "USD" {
			found = balance.text(currency+".available") == "40.00" && balance.text(currency+".in_payment") == "0.00"
		}
	}
	if !found {
		t.Error("the balance lacks the bonus")
	}
}

// TestDecideMany: all rows or none, as a file and as a list; a preview keeps nothing.
func TestDecideMany(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	theirs := w.shop(w.otherWrite, w.other)
	for _, order := range []string{"D-1", "D-2"} {
		w.call(w.writer, "POST", "/conversions", `{"click_id":"`+w.click(w.ws, s).String()+`","txid":"`+order+`","amount":"80.00","payout":"8.00"}`).want(200)
	}
	csv := []string{"Content-Type", "text/csv"}
	file := "txid;status;reason\nD-1;approved;\nD-2;rejected;returned\n"
	preview := w.call(w.writer, "POST", "/conversions/status?dry_run=true", file, csv...).want(200)
	if preview.get("done") != false || preview.get("changed") != 2.0 || preview.text("rows.1.status") != "rejected" {
		t.Errorf("preview: %s", preview.body)
	}
	wrong := w.call(w.writer, "POST", "/conversions/status", file+"D-3;approved;\n", csv...).want(200)
	if wrong.get("done") != false || wrong.get("wrong") != 1.0 || wrong.text("rows.2.code") != "unknown_conversion" || wrong.get("rows.2.row") != 4.0 {
		t.Errorf("one wrong: %s", wrong.body)
	}
	foreign := w.call(w.writer, "POST", "/conversions/status", `{"decisions":[{"conversion":"`+theirs.ids["conversions"]+`","status":"approved"}]}`).want(200)
	if foreign.get("done") != false || foreign.text("rows.0.code") != "not_found" {
		t.Errorf("a foreign conversion: %s", foreign.body)
	}
	if got := w.call(w.reader, "GET", "/conversions?status=pending&txid=D-1", "").want(200).text("data.0.txid"); got != "D-1" {
		t.Errorf("something was kept: %q", got)
	}
	if done := w.call(w.writer, "POST", "/conversions/status", file, csv...).want(200); done.get("done") != true || done.get("changed") != 2.0 {
		t.Errorf("done: %s", done.body)
	}
	again := w.call(w.writer, "POST", "/conversions/status", `{"decisions":[{"txid":"D-1","status":"approved"}]}`).want(200)
	if again.get("done") != true || again.get("same") != 1.0 {
		t.Errorf("again: %s", again.body)
	}
	w.call(w.reader, "POST", "/conversions/status", file, csv...).want(403)
	if d := cmp.Diff(map[string]string{"file": "no_status"}, w.call(w.writer, "POST", "/conversions/status", "txid\nD-1\n", csv...).want(422).rules()); d != "" {
		t.Errorf("no status:\n%s", d)
	}
}
