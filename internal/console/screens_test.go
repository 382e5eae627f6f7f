package console

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/conversion"
	"clickledger/internal/inbox"
)

// longCast has names nobody should choose and somebody will.
var longCast = cast{
	advs:   []string{"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG", strings.Repeat("Wide", 20), "C", "D"},
	offers: []string{strings.Repeat("An offer with a name that does not know when to stop, ", 3), strings.Repeat("x", 190), "C", "D", "E", "F", "G"},
	pubs:   []string{strings.Repeat("Publisher-without-any-space-in-the-name-", 4), "Ü ß 漢字 العربية עברית", "C", "D", "E", "F", "G", "H"},
	subs:   []string{strings.Repeat("sub", 60), "story"},
}

// TestScreens opens every page in Chromium: none may be wider than its window and no
// table wider than its place, none may break the content security policy or throw.
// See [tour].
func TestScreens(t *testing.T) {
	needBrowser(t)
	full := newWorld(t, nil)
	full.signIn()
	full.workspace("Acme affiliates")
	full.populate(people)
	long := newWorld(t, nil)
	long.signIn()
	long.workspace(strings.Repeat("Long workspace name ", 8))
	long.populate(longCast)
	two := newWorld(t, nil)
	two.signIn()
	two.workspace("Two currencies")
	mixed := people
	mixed.second = "EUR"
	two.populate(mixed)
	rich := newWorld(t, nil)
	rich.signIn()
	rich.workspace("Rich")
	rich.populate(people)
	rich.enrich()
	couponed := newWorld(t, nil)
	couponed.signIn()
	couponed.workspace("Coupons")
	couponed.populate(people)
	hosted := newWorld(t, nil)
	hosted.signIn()
	hosted.workspace("Domains")
	hosted.populate(people)
	well, lost := hosted.domains(t)
	draft := hosted.ruled(t)
	tried := hosted.at("simulator") + "?do=order&offer=" + hosted.offs[0].ID + "&publisher=" + hosted.pubs[0].ID + "&amount=100&items=" + url.QueryEscape("b1:books:40.00:2\ntoys:60")
	adjusted := newWorld(t, nil)
	adjusted.signIn()
	adjusted.workspace("Adjusted")
	adjusted.populate(people)
	odd := adjusted.waiting()[0]
	adjusted.adjusted(odd)
	bare := newWorld(t, nil)
	fresh := newWorld(t, nil)
	fresh.signIn()
	fresh.workspace("Fresh")
	first := full.first()
	tour(t, []screen{
		{"home", full, full.at("")}, {"home-today", full, full.at("") + "?range=today"}, {"offers", full, full.at("offers") + "?sort=-revenue"}, {"offers-picked", full, full.at("offers") + "#pick"}, {"offer", full, full.at("offers/" + full.offs[0].ID)}, {"offer-track", rich, rich.at("offers/"+rich.offs[7].ID) + "?optional=true"}, {"offer-terms", rich, rich.at("offers/" + rich.offs[0].ID)}, {"offers-rich", rich, rich.at("offers")},
		{"offer-new", full, full.at("offers/new")}, {"offer-edit", full, full.at("offers/" + full.offs[0].ID + "/edit")}, {"offer-filled", full, full.at("offers/new") + filledOffer(full)}, {"offer-tokens", full, full.at("offers/new") + filledOffer(full) + "#.tok"}, {"offer-caps", full, full.at("offers/new") + filledOffer(full) + "##caps > details"}, {"offer-keywords", full, full.at("offers/new") + filledOffer(full) + "##keywords > details"},
		{"offer-targeting", full, full.at("offers/new") + filledOffer(full) + "##targeting > details"}, {"offer-goal", full, full.at("goals/new") + "?offer=" + full.offs[0].ID}, {"offer-from", full, full.at("offers/"+full.offs[0].ID+"/from") + "##g-tune"}, {"offer-adv", full, full.at("advertisers/new") + "?template=cake"}, {"adv-guards", full, full.at("advertisers/new") + "##guards > details"},
		{"advertisers", full, full.at("advertisers")}, {"advertiser", full, full.at("advertisers/" + full.advs[0].ID)},
		{"publishers", full, full.at("publishers")}, {"publisher", full, full.at("publishers/" + full.pubs[0].ID)}, {"links", full, full.at("links")}, {"link-new", full, full.at("links/new")}, {"link-edit", full, full.at("links/" + full.lnks[0].ID + "/edit")}, {"link", full, full.at("links/" + full.lnks[0].ID)}, {"link-deep", full, full.at("links/"+full.lnks[0].ID) + "?page=https%3A%2F%2Fshop.example%2Fsale%3Fpage%3D2"}, {"link-denied", full, full.at("links/"+full.lnks[0].ID) + "?page=https%3A%2F%2Fevil.example%2F"}, {"link-house", full, full.at("links/" + full.house().ID)}, {"coupons", couponed, couponed.at("coupons")}, {"coupon-new", couponed, couponed.at("coupons/new")}, {"coupon-edit", couponed, couponed.at("coupons/" + couponed.coupons(t) + "/edit")}, {"coupon-conversion", couponed, couponed.at("conversions/" + couponed.newest().ID)}, {"coupon-publisher", couponed, couponed.at("publishers/"+couponed.pubs[0].ID) + "#coupons"}, {"empty-coupons", fresh, fresh.at("coupons")},
		{"conversions", full, full.at("conversions")}, {"conversion", full, full.at("conversions/" + first.ID)}, {"conversions-picked", full, full.at("conversions") + "#pick"},
		{"adjusted", adjusted, adjusted.at("conversions/" + odd.ID)}, {"adjusted-hold", adjusted, adjusted.at("conversions/"+odd.ID) + "#.decide .menu:last-child"}, {"refund", adjusted, adjusted.at("conversions/" + odd.ID + "/refund")}, {"amounts", adjusted, adjusted.at("conversions/" + odd.ID + "/amounts")},
		{"bonus", adjusted, adjusted.at("publishers/" + adjusted.pubs[0].ID + "/bonus")}, {"statuses", adjusted, adjusted.at("conversions/statuses")}, {"adjusted-ledger", adjusted, adjusted.at("ledger")}, {"signals", full, full.at("signals")},
		{"signal", full, full.at("signals/" + full.refused())}, {"outbound", full, full.at("outbound")},
		{"diagnosis", full, full.at("offers/" + full.offs[5].ID + "/diagnosis")}, {"diagnosis-first", full, full.at("offers/" + full.offs[0].ID + "/diagnosis")}, {"diagnosis-well", full, full.at("offers/" + full.offs[6].ID + "/diagnosis")},
		{"reprice", full, full.at("offers/" + full.offs[2].ID + "/reprice")}, {"reprice-none", full, full.at("offers/" + full.offs[0].ID + "/reprice")}, {"upload", full, full.at("conversions/upload")}, {"enter", full, full.at("conversions/new")}, {"ledger", full, full.at("ledger")},
		{"rates", full, full.at("rates")}, {"rates-all", full, full.at("rates") + "?show=all"}, {"two-rates", two, two.at("rates")}, {"empty-rates", fresh, fresh.at("rates")},
		{"report", full, full.at("reports") + "?d=publisher&d=country&d=&range=30d"}, {"settings", full, full.at("settings")}, {"search", full, full.at("search") + "?q=acme"}, {"notfound", full, full.at("nothing")},
		{"long-home", long, long.at("")}, {"long-offers", long, long.at("offers")}, {"long-offer", long, long.at("offers/" + long.offs[0].ID)}, {"long-link", long, long.at("links/"+long.lnks[0].ID) + "?page=https%3A%2F%2Fshop.example%2F" + strings.Repeat("sale", 100)}, {"long-publisher", long, long.at("publishers/" + long.pubs[0].ID)},
		{"long-conversions", long, long.at("conversions")}, {"long-conversion", long, long.at("conversions/" + long.first().ID)}, {"long-ledger", long, long.at("ledger")}, {"long-report", long, long.at("reports") + "?d=offer&d=publisher&d=sub1"},
		{"two-home", two, two.at("")}, {"two-offers", two, two.at("offers")}, {"two-publishers", two, two.at("publishers")}, {"two-links", two, two.at("links")}, {"two-link", two, two.at("links/" + two.lnks[0].ID)}, {"two-publisher", two, two.at("publishers/" + two.pubs[0].ID)},
		{"two-conversions", two, two.at("conversions")}, {"two-ledger", two, two.at("ledger")}, {"two-report", two, two.at("reports") + "?d=publisher&d=country"},
		{"empty-home", fresh, fresh.at("")}, {"empty-offers", fresh, fresh.at("offers")}, {"empty-signals", fresh, fresh.at("signals")}, {"empty-ledger", fresh, fresh.at("ledger")}, {"empty-report", fresh, fresh.at("reports")},
		{"rules", hosted, hosted.at("commission-rules")}, {"rule-new", hosted, hosted.at("commission-rules/new") + "?offer=" + hosted.offs[0].ID}, {"rule-edit", hosted, hosted.at("commission-rules/" + draft + "/edit")}, {"rule-tried", hosted, tried}, {"rule-compared", hosted, hosted.at("simulator") + "?do=compare&from=2026-01-01&rule=" + draft}, {"empty-rules", fresh, fresh.at("commission-rules")}, {"empty-rule-tried", fresh, fresh.at("simulator")},
		{"setup", bare, "/setup?token=s3t-up-token"}, {"signin", fresh, "/signin"},
		{"domains", hosted, hosted.at("domains")}, {"domain", hosted, hosted.at("domains/" + well)}, {"domain-lost", hosted, hosted.at("domains/" + lost)}, {"domain-remove", hosted, hosted.at("domains/" + well + "/remove")}, {"domain-new", hosted, hosted.at("domains/new")}, {"empty-domains", fresh, fresh.at("domains")},
		{"open-range", full, full.at("") + "#.range"}, {"open-workspace", full, full.at("offers") + "#.ws"}, {"open-decide", full, full.at("conversions/"+first.ID) + "#.decide .menu"}, {"open-metrics", full, full.at("reports") + "#.metrics"}, {"open-drawer", full, full.at("offers") + "#drawer"},
	})
}

func (w *world) first() *conversion.Conversion {
	cs, err := w.db.Books().ListConversions(context.Background(), conversion.Query{Workspace: w.ws.ID, Limit: 60})
	w.must(err)
	return cs[len(cs)-1]
}

func (w *world) refused() string {
	rows, err := w.db.Books().ListSignals(context.Background(), inbox.Query{Workspace: w.ws.ID, Limit: 100})
	w.must(err)
	for _, r := range rows {
		if !r.Verdict.Took() && r.Click != "" {
			return r.ID
		}
	}
	w.t.Fatal("nothing was refused")
	return ""
}
