package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// ruled makes two live rules and a paused one, by the form; it gives the paused one's id.
func (w *world) ruled(t *testing.T) string {
	t.Helper()
	for _, v := range []url.Values{
		{"name": {"Everything"}, "commission_kind": {"percent_sale"}, "commission_percent": {"5"}},
		{"name": {"Books and garden tools"}, "offer": {w.offs[0].ID}, "categories": {"books, garden tools"}, "commission_kind": {"fixed_percent_sale"}, "commission": {"0.50"}, "commission_percent": {"10"}},
		{"name": {"Anna, from 100 orders on"}, "status": {"paused"}, "publishers": {w.pubs[0].ID}, "commission_kind": {"percent_payout"}, "commission_percent": {"90"}, "tier_measure": {"conversions"}, "tier_period": {"month"}, "tiers.0.from": {"100"}, "tiers.0.commission_percent": {"95"}},
	} {
		if res := w.request("POST", w.at("commission-rules/new"), v); res.StatusCode != http.StatusSeeOther {
			t.Fatalf("rule %s: %d", v.Get("name"), res.StatusCode)
		}
	}
	rows, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindCommissionRule, Workspace: w.ws.ID, Filter: map[string]string{"status": "paused"}})
	if err != nil || len(rows) != 1 {
		t.Fatalf("rules %v, %v", rows, err)
	}
	return rows[0].Base().ID
}

func TestCommissionRules(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	paused := w.ruled(t)
	has := func(page, what string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q", what, want)
			}
		}
	}
	page := w.page(w.at("commission-rules"))
	has(page, "the list", "Books and garden tools", "categories", "Everything", "always", "commission-rules/"+paused+"/edit", "1 tier", "simulator")
	has(w.page(w.at("offers/"+w.offs[0].ID)), "the offer's page", "Commission rules", "Books and garden tools", "Everything", "all offers")
	edit := w.at("commission-rules/" + paused + "/edit")
	has(w.page(edit), "the form", `value="`+w.pubs[0].ID+`" checked`, `value="100"`, `value="95"`)

	// What is wrong stands at its field.
	for name, test := range map[string]struct {
		v    url.Values
		want string
	}{
		"ambiguous":   {url.Values{"name": {"Again"}, "commission_kind": {"percent_sale"}, "commission_percent": {"6"}}, "ambiguous_rule"},
		"over 100":    {url.Values{"name": {"Much"}, "priority": {"1"}, "commission_kind": {"percent_sale"}, "commission_percent": {"101"}}, "over_100"},
		"no amount":   {url.Values{"name": {"None"}, "priority": {"1"}, "commission_kind": {"fixed"}, "commission_percent": {""}}, "This kind of commission needs it"},
		"half a tier": {url.Values{"name": {"Half"}, "priority": {"1"}, "commission_kind": {"percent_sale"}, "commission_percent": {"1"}, "tier_measure": {"conversions"}, "tier_period": {"day"}, "tiers.0.from": {"1.5"}, "tiers.0.commission_percent": {"2"}}, "whole number of conversions"},
	} {
		if code, body := w.post(w.at("commission-rules/new"), test.v); code != http.StatusUnprocessableEntity || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d without %q", name, code, test.want)
		}
	}

	// The simulator says what would be paid and why not otherwise, and so does the order.
	order := url.Values{"offer": {w.offs[0].ID}, "publisher": {w.pubs[0].ID}, "amount": {"100"}, "items": {"b1:books:40.00:2\ntoys:60"}, "do": {"order"}}
	code, body := w.post(w.at("simulator"), order)
	has(body, "the simulator", "the rule Books and garden tools, version 1", "It is for category books, garden tools, and the order&#39;s is toys.", "decides", "wins 1 line", "b1")
	if code != http.StatusOK {
		t.Errorf("simulated: %d", code)
	}
	order.Set("rule", paused)
	if _, body := w.post(w.at("simulator"), order); !strings.Contains(body, "the rule Anna, from 100 orders on, version 1") {
		t.Error("the paused rule does not count in the simulator")
	}
	order.Set("items", "toys:61")
	if code, body := w.post(w.at("simulator"), order); code != http.StatusUnprocessableEntity || !strings.Contains(body, "items_mismatch") {
		t.Errorf("lines that do not sum: %d", code)
	}
	v := w.visit(w.lnks[0], "US", "desktop", "")
	w.signal(&event.Signal{Kind: event.SignalPostback, Path: "/postback", Query: "token=" + w.advs[0].Token + "&click_id=" + v.ID.String() + "&txid=R-1&amount=100&items=b1:books:40.00:2%7Ctoys:60"})
	w.publish()
	cv := w.newest()
	if cv.Order != "R-1" {
		t.Fatalf("the order was not recorded: %+v", cv)
	}
	has(w.page(w.at("conversions/"+cv.ID)), "the conversion's page", "Line 1", "b1, books: 2 ×", "the rule Books and garden tools, version 1", "the rule Everything, version 1")

	// A paused rule on past conversions.
	code, body = w.post(w.at("simulator"), url.Values{"do": {"compare"}, "rule": {paused}, "from": {"2026-01-01"}, "to": {"2026-12-31"}})
	if code != http.StatusOK {
		t.Errorf("compared: %d", code)
	}
	has(body, "the comparison", "as if it had been active", "Conversions that differ", "conversions/"+cv.ID)
	if code, body := w.post(w.at("simulator"), url.Values{"do": {"compare"}, "rule": {""}, "from": {"x"}}); code != http.StatusUnprocessableEntity || !strings.Contains(body, "Choose a paused rule") || !strings.Contains(body, "invalid_date") {
		t.Errorf("nothing to compare: %d", code)
	}
}
