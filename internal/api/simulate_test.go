package api_test

import (
	"strings"
	"testing"

	"clickledger/internal/event"
)

// TestSimulate: an order that nobody placed is priced as a real one is, by the rules as
// they are and with a draft among them.
func TestSimulate(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	offer, pub := s.ids["offers"], s.ids["publishers"]
	general := w.make(w.writer, "commission-rules", `{"name":"All","commission_kind":"percent_sale","commission_percent":"5"}`)
	books := w.make(w.writer, "commission-rules", `{"name":"Books","offer":"`+offer+`","categories":["books"],"commission_kind":"percent_sale","commission_percent":"10"}`)
	order := `"offer":"` + offer + `","publisher":"` + pub + `","amount":"100","items":"books:40|toys:60"`
	sim := w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{`+order+`}}`).want(200)
	if sim.text("commission") != "7.00" || sim.text("revenue") != "10.00" || sim.text("publisher") != pub || sim.text("items.0.commission_rule_id") != books || sim.text("items.1.commission_rule_id") != general {
		t.Errorf("simulated: %s", sim.body)
	}
	if sim.text("rules.0.id") != books || sim.get("rules.0.wins") != 1.0 || !strings.Contains(string(sim.body), "It is for category books, and the order's is toys.") ||
		!strings.Contains(string(sim.body), "the rule Books is more specific: it names the offer.") {
		t.Errorf("the reasons: %s", sim.body)
	}
	// The same order, really placed.
	token := w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	row := w.postback("token=" + token + "&txid=S-1&amount=100&items=books:40|toys:60&click_id=" + w.click(w.ws, s).String())
	if row.Verdict != event.Accepted {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	cv := w.call(w.reader, "GET", "/conversions/"+row.Conversion, "").want(200)
	if cv.text("commission") != sim.text("commission") || cv.text("commission_rule") != sim.text("commission_rule") || cv.text("items.0.commission") != "4.00" {
		t.Errorf("recorded otherwise than simulated:\n%s\n%s", cv.body, sim.body)
	}
	// A draft counts as if it were saved, and is not.
	draft := `{"name":"Reader","publishers":["` + pub + `"],"commission_kind":"fixed","commission":"2.50"}`
	with := w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{`+order+`},"draft":`+draft+`}`).want(200)
	if with.text("commission") != "2.50" {
		t.Errorf("with the draft: %s", with.body)
	}
	changed := w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{`+order+`},"draft":{"commission_percent":"20"},"replaces":"`+books+`"}`).want(200)
	if changed.text("commission") != "11.00" {
		t.Errorf("with the change: %s", changed.body)
	}
	if a := w.call(w.reader, "GET", "/commission-rules", "").want(200); strings.Contains(string(a.body), "Reader\"") || strings.Contains(string(a.body), `"20"`) {
		t.Errorf("the draft was saved: %s", a.body)
	}
	for body, want := range map[string]string{
		`{"order":{"offer":"off_0"}}`:                                             `"order.offer"`,
		`{"order":{` + order + `,"goal":"x"}}`:                                    "unknown_goal",
		`{"order":{` + order + `,"publisher":"pub_0"}}`:                           "duplicate_field",
		`{"order":{"offer":"` + offer + `","publisher":"pub_0"}}`:                 `"order.publisher"`,
		`{"order":{"offer":"` + offer + `","amount":"1","items":"a:2"}}`:          "items_mismatch",
		`{"order":{` + order + `},"draft":{"name":"x"}}`:                          "draft.commission_percent",
		`{"order":{` + order + `},"draft":{"nme":"x"}}`:                           "draft.nme",
		`{"order":{` + order + `},"draft":{"commission_kind":"none"}}`:            "draft.name",
		`{"order":{` + order + `},"replaces":"` + books + `"}`:                    `"draft"`,
		`{"order":{` + order + `},"draft":{"name":"x","commission_kind":"none"}}`: "ambiguous_rule",
	} {
		if a := w.call(w.reader, "POST", "/commission-rules/simulate", body); a.status != 422 && a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %s", body, a.status, a.body, want)
		}
	}
	// What another workspace has does not exist here.
	theirs := w.shop(w.otherWrite, w.other)
	a := w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{"offer":"`+theirs.ids["offers"]+`"}}`)
	b := w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{"offer":"`+theirs.ids["offers"][:17]+`000"}}`)
	if a.status != 422 || a.status != b.status {
		t.Errorf("a foreign offer answers %d, an unknown one %d", a.status, b.status)
	}
	w.call(w.reader, "POST", "/commission-rules/simulate", `{"order":{`+order+`},"draft":{"name":"x"},"replaces":"`+theirs.ids["commission-rules"]+`"}`).want(404)
}

// TestCompareRule: a draft on past conversions, as if it had been in force at all times.
func TestCompareRule(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	token := w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	for _, q := range []string{"txid=1&amount=10", "txid=2&amount=20&commission_id=gold", "txid=3&amount=30&commission_id=gold", "txid=4&amount=40&commission_id=gold&status=rejected"} {
		if row := w.postback("token=" + token + "&" + q + "&click_id=" + w.click(w.ws, s).String()); row.Verdict != event.Accepted {
			t.Fatalf("%s: %s", q, row.Detail)
		}
	}
	draft := `{"name":"Gold","commission_ids":["gold"],"from":"2030-01-01","commission_kind":"percent_sale","commission_percent":"50"}`
	a := w.call(w.reader, "POST", "/commission-rules/compare", `{"draft":`+draft+`,"from":"2026-10-01T00:00:00Z","to":"2026-12-01T00:00:00Z"}`).want(200)
	// One more is of the shop itself.
	if a.get("checked") != 4.0 || a.text("totals.0.commission_before") != "24.00" || a.text("totals.0.commission_after") != "37.00" || a.text("totals.0.commission_difference") != "13.00" || a.get("totals.0.changed") != 2.0 {
		t.Errorf("compared: %s", a.body)
	}
	if a.text("lines.0.txid") != "3" || a.text("lines.0.commission_after") != "15.00" || a.text("lines.1.commission_before") != "6.00" || !strings.Contains(a.text("lines.0.commission_rule_after"), "the rule Gold") {
		t.Errorf("lines: %s", a.body)
	}
	// Last month, when nothing is said: there was nothing yet.
	if a := w.call(w.reader, "POST", "/commission-rules/compare", `{"draft":`+draft+`}`).want(200); a.get("checked") != 0.0 || a.text("from") != "2026-09-30T22:00:00Z" {
		t.Errorf("last month: %s", a.body)
	}
	w.call(w.reader, "POST", "/commission-rules/compare", `{}`).want(422)
	w.call(w.reader, "POST", "/commission-rules/compare", `{"draft":`+draft+`,"from":"2026-12-01T00:00:00Z","to":"2026-12-01T00:00:00Z"}`).want(422)
}
