package api_test

import (
	"encoding/csv"
	"strings"
	"testing"
)

// TestLedgerIsExplained: from a publisher's total to its entries, and from an entry to the
// raw postback.
func TestLedgerIsExplained(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	w.call(w.writer, "POST", "/conversions/"+s.ids["conversions"]+"/approve", "").want(200)
	available := "publisher_available:" + s.ids["publishers"] + ":EUR"

	e := w.call(w.reader, "GET", "/ledger/explain?account="+s.ids["accounts"], "").want(200)
	for at, want := range map[string]any{"balance": "0.00", "parts.0.kind": "accrual", "parts.0.credits": "6.00", "parts.0.entries": 1.0, "parts.1.kind": "approval", "parts.1.debits": "6.00"} {
		if got := e.get(at); got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
	lines := w.call(w.reader, "GET", "/ledger/lines?account="+available, "").want(200)
	if n := len(lines.get("data").([]any)); n != 1 || lines.text("data.0.amount") != "-6.00" {
		t.Fatalf("lines %s, want the one approval", lines.body)
	}
	x := w.call(w.reader, "GET", "/ledger/transactions/"+lines.text("data.0.transaction"), "").want(200)
	for at, want := range map[string]any{
		"kind": "approval", "conversion.id": s.ids["conversions"], "conversion.signals.0.id": s.ids["signals"], "conversion.visit.id": s.click.String(), "conversion.commission": "6.00",
	} {
		if got := x.get(at); got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
	trial := w.call(w.reader, "GET", "/ledger/trial-balance", "").want(200)
	for at, want := range map[string]any{"data.0.currency": "EUR", "data.0.debits": "16.00", "data.0.credits": "16.00", "data.0.balanced": true} {
		if got := trial.get(at); got != want {
			t.Errorf("trial balance: %s is %v, want %v", at, got, want)
		}
	}
	for path, want := range map[string]int{
		"/ledger/balances?before=2020-01-01T00:00:00Z": 0, "/ledger/balances?before=2030-01-01T00:00:00Z": 5, "/ledger/trial-balance?before=2020-01-01T00:00:00Z&by=happened": 0,
		"/ledger/lines?to=2020-01-01T00:00:00Z": 0, "/ledger/lines?from=2020-01-01T00:00:00Z": 6, "/ledger/lines?newest=true&limit=4": 4, "/ledger/lines?cursor=nonsense": 0,
	} {
		if n := len(w.call(w.reader, "GET", path, "").want(200).get("data").([]any)); n != want {
			t.Errorf("%s gives %d rows, want %d", path, n, want)
		}
	}
	for path, rule := range map[string][2]string{
		"/ledger/balances?before=yesterday": {"before", "type"}, "/ledger/lines?from=1": {"from", "type"}, "/ledger/lines?to=99999-01-01T00:00:00Z": {"to", "type"},
		"/ledger/lines?account=cash:x:EUR": {"account", "unknown"}, "/ledger/explain?account=x": {"account", "unknown"}, "/ledger/export.csv?account=::": {"account", "unknown"},
	} {
		if got := w.call(w.reader, "GET", path, "").want(422).rules()[rule[0]]; got != rule[1] {
			t.Errorf("%s: %s is refused as %q, want %q", path, rule[0], got, rule[1])
		}
	}
}

func TestLedgerExport(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	w.call(w.writer, "PATCH", "/publishers/"+s.ids["publishers"], `{"name":"=HYPERLINK(1)"}`).want(200)
	a := w.call(w.reader, "GET", "/ledger/export.csv", "").want(200)
	if got := a.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, a.body)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	debits, credits := 0, 0
	for _, r := range rows[1:] {
		if r[at["debit"]] != "" {
			debits++
		}
		if r[at["credit"]] != "" {
			credits++
		}
		if r[at["account"]] == "publisher_pending" && (r[at["party_name"]] != "'=HYPERLINK(1)" || r[at["credit"]] != "6.00" || r[at["party"]] != s.ids["publishers"]) {
			t.Errorf("the publisher's line is %q", r)
		}
		if r[at["cause"]] != s.ids["conversions"] {
			t.Errorf("cause %q, want the conversion", r[at["cause"]])
		}
	}
	if debits != 2 || credits != 2 {
		t.Errorf("%d debits and %d credits, want 2 and 2", debits, credits)
	}
}
