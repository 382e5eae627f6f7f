package api_test

import (
	"strings"
	"testing"
	"time"
)

// TestDocuments: a preview is what is issued; the rows behind a line sum to it; the same
// period again gives what is there; what is wrong is said by field.
func TestDocuments(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	w.call(w.writer, "POST", "/conversions/"+s.ids["conversions"]+"/approve", "").want(200)
	through := w.now.Format(time.DateOnly)
	ask := func(kind, party string) string {
		return `{"kind":"` + kind + `","through":"` + through + `","party":"` + party + `"}`
	}
	if got := w.call(w.writer, "POST", "/documents", ask("invoice", "")).want(422).rules(); got["through"] != "period_open" {
		t.Errorf("before its end: %v", got)
	}
	w.now = w.now.AddDate(0, 0, 2)
	texts := w.call(w.writer, "POST", "/billing-texts", `{"name":"Acme Ltd","address":"1 High St\nLondon","due_days":30,"payment":"IBAN"}`).want(200)
	if got := w.call(w.reader, "GET", "/billing-texts", "").want(200); string(got.body) != string(texts.body) {
		t.Errorf("texts %s, set %s", got.body, texts.body)
	}
	preview := w.call(w.reader, "POST", "/documents/preview", ask("invoice", "")).want(200)
	if preview.text("documents.0.total") != "10.00" || preview.text("documents.0.name") != "" || preview.get("fresh") != 1.0 {
		t.Errorf("preview %s", preview.body)
	}
	w.call(w.reader, "POST", "/documents", ask("invoice", "")).want(403)
	a := w.call(w.writer, "POST", "/documents", ask("invoice", s.ids["advertisers"])).want(200)
	id := a.text("documents.0.id")
	if a.text("documents.0.name") != "INV-000001" || a.text("documents.0.total") != "10.00" || a.text("documents.0.sender.name") != "Acme Ltd" || a.text("documents.0.recipient.name") != "Shop" || a.text("documents.0.lines.0.offer_name") != "Shoes" {
		t.Errorf("issued %s", a.body)
	}
	if b := w.call(w.writer, "POST", "/documents", ask("invoice", "")).want(200); b.get("fresh") != 0.0 || b.text("documents.0.id") != id {
		t.Errorf("the same period again: %s", b.body)
	}
	if b := w.call(w.reader, "GET", "/documents/"+id, "").want(200); b.text("name") != "INV-000001" {
		t.Errorf("read %s", b.body)
	}
	items := w.call(w.reader, "GET", "/documents/"+id+"/items?line=1", "").want(200)
	if items.text("data.0.conversion") != s.ids["conversions"] || items.text("data.0.order") != "A-1" || items.text("data.0.amount") != "10.00" {
		t.Errorf("items %s", items.body)
	}
	if b := w.call(w.reader, "GET", "/documents?conversion="+s.ids["conversions"], "").want(200); len(b.get("data").([]any)) != 1 || b.text("data.0.id") != id {
		t.Errorf("what bills the conversion: %s", b.body)
	}
	w.call(w.reader, "GET", "/documents/"+id+"/items?line=2", "").want(404)
	csv := w.call(w.reader, "GET", "/documents/"+id+"/items.csv", "").want(200)
	if !strings.HasPrefix(string(csv.body), "document,line,kind,") || !strings.Contains(string(csv.body), "INV-000001,1,Conversions,Shoes,") || !strings.Contains(csv.header.Get("Content-Disposition"), "INV-000001.csv") {
		t.Errorf("CSV %s", csv.body)
	}
	for party, want := range map[string]int{"": 1, s.ids["advertisers"]: 1, s.ids["publishers"]: 0} {
		if n := len(w.call(w.reader, "GET", "/documents?kind=invoice&party="+party, "").want(200).get("data").([]any)); n != want {
			t.Errorf("%d invoices of %q, want %d", n, party, want)
		}
	}
	for body, want := range map[string]string{
		`{"kind":"letter","through":"` + through + `"}`:                                     "kind not_one_of",
		`{"kind":"invoice","through":"31.01.2026"}`:                                         "through invalid_date",
		ask("invoice", s.ids["publishers"]):                                                 "party not_found",
		`{"kind":"statement","through":"2026-01-01","party":"` + s.ids["publishers"] + `"}`: "party nothing_due",
	} {
		got := w.call(w.writer, "POST", "/documents", body).want(422).rules()
		for field, rule := range got {
			if len(got) != 1 || field+" "+rule != want {
				t.Errorf("%s: %v, want %s", body, got, want)
			}
		}
	}
	if got := w.call(w.writer, "POST", "/billing-texts?party="+s.ids["publishers"], `{"payment":"x"}`).want(422).rules(); got["payment"] != "not_here" {
		t.Errorf("how to pay of a publisher: %v", got)
	}
	w.call(w.writer, "POST", "/billing-texts?party=adv_none", `{}`).want(404)
}
