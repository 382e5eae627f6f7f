package api_test

import "testing"

// TestPayments: a payment is booked once per key; what is wrong with it is said by field.
func TestPayments(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	at := "/advertisers/" + s.ids["advertisers"]
	good := `{"amount":"500.00","currency":"USD","reference":"SEPA 1","date":"2026-01-31"}`
	a := w.call(w.writer, "POST", at+"/payments", good, "Idempotency-Key", "k1").want(201)
	if a.text("amount") != "500.00" || a.text("kind") != "ahead" || a.text("date") != "2026-01-30T23:00:00Z" {
		t.Errorf("recorded %s", a.body)
	}
	if b := w.call(w.writer, "POST", at+"/payments", good, "Idempotency-Key", "k1").want(201); b.text("id") != a.text("id") {
		t.Errorf("recorded again: %s", b.body)
	}
	if c := w.call(w.writer, "POST", at+"/payments", `{"amount":"1.00","currency":"USD","reference":"SEPA 1"}`, "Idempotency-Key", "k1").want(409); c.text("code") != "idempotency_conflict" {
		t.Errorf("another payment with the key: %s", c.body)
	}
	for body, want := range map[string]string{
		`{"amount":"5,00","currency":"USD","reference":"x"}`:                     "amount invalid_amount",
		`{"amount":"0.00","currency":"USD","reference":"x"}`:                     "amount out_of_range",
		`{"amount":"1.005","currency":"USD","reference":"x"}`:                    "amount amount_precision",
		`{"amount":"92233720368547758.08","currency":"USD","reference":"x"}`:     "amount amount_range",
		`{"amount":"1.00","currency":"XXQ","reference":"x"}`:                     "currency unknown_currency",
		`{"amount":"1.00","currency":"USD","reference":" "}`:                     "reference required",
		`{"amount":"-1.00","currency":"USD","reference":"x"}`:                    "reason required",
		`{"amount":"1.00","currency":"USD","reference":"x","date":"31.01.2026"}`: "date invalid_date",
		`{"amount":"1.00","currency":"USD","reference":"x","date":"2999-01-01"}`: "date out_of_range",
		`{"amount":"1.00","currency":"USD","reference":"x","kind":"gift"}`:       "kind not_one_of",
	} {
		got := w.call(w.writer, "POST", at+"/payments", body).want(422).rules()
		for field, rule := range got {
			if field+" "+rule != want {
				t.Errorf("%s: %s %s, want %s", body, field, rule, want)
			}
		}
		if len(got) != 1 {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	w.call(w.reader, "POST", at+"/payments", good).want(403)
	if n := len(w.call(w.reader, "GET", at+"/payments", "").want(200).get("data").([]any)); n != 1 {
		t.Errorf("%d payments, want 1", n)
	}
	rows := w.call(w.reader, "GET", at+"/funds", "").want(200).get("data").([]any)
	var usd map[string]any
	for _, r := range rows {
		if m := r.(map[string]any); m["currency"] == "USD" {
			usd = m
		}
	}
	if usd["paid"] != "500.00" {
		t.Errorf("funds %v", rows)
	}
}
