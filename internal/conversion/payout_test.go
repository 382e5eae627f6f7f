package conversion_test

import (
	"strings"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// rates of the world's day and the Friday before: one euro in dollars, yen and dinars.
func testRates() *money.Rates {
	row := func(day string, to money.Currency, value string) money.RateRow {
		return money.RateRow{Date: day, From: money.RateBase, To: to, Value: decimal.MustParse(value), Source: money.SourceECB}
	}
	return money.NewRates([]money.RateRow{
		row("2026-10-30", "USD", "1.25"), row("2026-10-30", "JPY", "160"), row("2026-10-30", "KWD", "0.4"),
		row("2026-10-28", "USD", "2"),
	})
}

// TestPayoutMatrix is {auto, manual} × {value present, absent, zero, negative, malformed,
// macro} × precedence × geo × foreign currency (issue 3, rulebook P8, P9, seed 2).
func TestPayoutMatrix(t *testing.T) {
	auto := catalog.Terms{PayoutKind: "postback"}
	autoDefault := catalog.Terms{PayoutKind: "postback", Payout: 400}
	manual := catalog.Terms{PayoutKind: "fixed", Payout: 500}
	wins := catalog.Terms{PayoutKind: "fixed", Payout: 500, Precedence: "manual_wins"}
	geo := catalog.Terms{PayoutKind: "fixed", Payout: 500, GeoPayouts: []catalog.GeoPayout{{Country: "DE", Payout: 800}, {Country: "GB", Payout: 200}}}
	geoWins := geo
	geoWins.Precedence = "manual_wins"
	geoFrance := catalog.Terms{PayoutKind: "fixed", Payout: 300, GeoPayouts: []catalog.GeoPayout{{Country: "FR", Payout: 900}}}

	for name, c := range map[string]struct {
		offer, goal catalog.Terms
		geoSource   string
		country     string // of the click; default DE
		query       string
		verdict     event.Verdict // default accepted
		revenue     int64
		says        string // in the rule
		warns       string // in the warning, "" = none
	}{
		"auto, present":                 {offer: auto, query: "payout=3.10", revenue: 310, says: "taken from the signal"},
		"auto, absent":                  {offer: auto, says: "brought none", warns: "revenue is 0.00"},
		"auto, empty":                   {offer: auto, query: "payout=", warns: "revenue is 0.00"},
		"auto, zero":                    {offer: auto, query: "payout=0", says: "taken from the signal"},
		"auto, negative":                {offer: auto, query: "payout=-3", verdict: event.InvalidAmount},
		"auto, malformed":               {offer: auto, query: "payout=3,10", verdict: event.InvalidAmount},
		"auto, too precise":             {offer: auto, query: "payout=3.105", verdict: event.AmountPrecision},
		"auto, macro":                   {offer: auto, query: "payout={payout}", warns: "Ignored as unreplaced macros: payout"},
		"auto, encoded macro":           {offer: auto, query: "payout=%23price%23", warns: "revenue is 0.00"},
		"auto with default, absent":     {offer: autoDefault, revenue: 400, says: "default payout"},
		"auto with default, zero":       {offer: autoDefault, query: "payout=0.00"},
		"auto with default, macro":      {offer: autoDefault, query: "payout={payout}", revenue: 400, warns: "unreplaced macros"},
		"manual, present":               {offer: manual, query: "payout=3.10", revenue: 310, says: "taken from the signal"},
		"manual, absent":                {offer: manual, revenue: 500, says: "fixed payout 5.00 USD"},
		"manual, zero":                  {offer: manual, query: "payout=0"},
		"manual, negative":              {offer: manual, query: "payout=-0.01", verdict: event.InvalidAmount},
		"manual, malformed":             {offer: manual, query: "payout=1e3", verdict: event.InvalidAmount},
		"manual, macro":                 {offer: manual, query: "payout=%7Bpayout%7D", revenue: 500, warns: "unreplaced macros"},
		"manual wins, present":          {offer: wins, query: "payout=3.10", revenue: 500},
		"manual wins, zero":             {offer: wins, query: "payout=0", revenue: 500},
		"manual wins, malformed":        {offer: wins, query: "payout=abc", verdict: event.InvalidAmount},
		"geo":                           {offer: geo, revenue: 800, says: "of country DE"},
		"geo, another country":          {offer: geo, country: "GB", revenue: 200},
		"geo, the default row":          {offer: geo, country: "FR", revenue: 500, says: "the default"},
		"geo, unknown country":          {offer: geo, country: "-", revenue: 500},
		"geo, postback wins":            {offer: geo, query: "payout=1.00", revenue: 100},
		"geo, manual wins":              {offer: geoWins, query: "payout=1.00", revenue: 800},
		"geo of the postback, not set":  {offer: geo, query: "geo=GB", revenue: 800},
		"geo of the postback":           {offer: geo, geoSource: "postback", query: "geo=gb", revenue: 200, says: "GB"},
		"geo of the postback, absent":   {offer: geo, geoSource: "postback", revenue: 800},
		"geo of the postback, nonsense": {offer: geo, geoSource: "postback", query: "geo=QQ", revenue: 800},
		"goal and country":              {offer: geo, goal: geoFrance, country: "FR", revenue: 900, says: "goal sale"},
		"goal before country":           {offer: geo, goal: geoFrance, revenue: 300, says: "goal sale"},
		"country before default":        {offer: geo, revenue: 800, says: "offer"},
		"euros":                         {offer: auto, query: "payout=10.00&currency=eur", revenue: 1250, says: "= 10.00 EUR at 1.25 (ecb, 2026-10-30)"},
		"yen":                           {offer: auto, query: "payout=1000&currency=JPY", revenue: 781, says: "JPY"}, // 1000 / 160 × 1.25 = 7.8125
		"dinars":                        {offer: auto, query: "payout=1.005&currency=KWD", revenue: 314, says: "KWD"},
		"yen with decimals":             {offer: auto, query: "payout=10.5&currency=JPY", verdict: event.AmountPrecision},
		"no rate":                       {offer: auto, query: "payout=10&currency=CHF", verdict: event.NoRate},
		"no rate, nothing to convert":   {offer: manual, query: "currency=CHF", revenue: 500},
		"no such currency":              {offer: auto, query: "payout=10&currency=XYZ", verdict: event.UnknownCurrency},
		"manual wins, other currency":   {offer: wins, query: "payout=10&currency=EUR", revenue: 500},
		"percent in euros":              {offer: catalog.Terms{PayoutKind: "percent", PayoutPercent: "10"}, query: "amount=80&currency=EUR", revenue: 1000, says: "= 80.00 EUR at 1.25"},
		"currency is a macro":           {offer: auto, query: "payout=3.10&currency={currency}", revenue: 310, warns: "unreplaced macros: currency"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.judge.Rates = testRates
			w.offer.Terms, w.goal.Terms, w.offer.GeoSource = c.offer, c.goal, c.geoSource
			w.reload()
			id := w.click()
			switch c.country {
			case "":
			case "-":
				w.clicks[id].Country = ""
			default:
				w.clicks[id].Country = c.country
			}
			row := w.postback("token=tok_shop&click_id=" + id.String() + "&" + c.query)
			want := c.verdict
			if want == "" {
				want = event.Accepted
			}
			if row.Verdict != want {
				t.Fatalf("%s: %s, want %s", row.Verdict, row.Detail, want)
			}
			w.balances()
			if want != event.Accepted {
				if n := len(w.conversions()); n != 0 {
					t.Errorf("%d conversions", n)
				}
				return
			}
			got := w.conversions()[0]
			if got.Revenue != c.revenue || got.Currency != "USD" {
				t.Errorf("revenue %d %s, want %d USD (%s)", got.Revenue, got.Currency, c.revenue, got.PayoutRule)
			}
			if !strings.Contains(got.PayoutRule, c.says) {
				t.Errorf("rule %q does not say %q", got.PayoutRule, c.says)
			}
			if (got.Warning != "") != (c.warns != "") || !strings.Contains(got.Warning, c.warns) {
				t.Errorf("warning %q, want %q", got.Warning, c.warns)
			}
		})
	}
}

// The original amount and currency, the rate and its date stay on the conversion, and so
// does the rate to the reporting currency (P11).
func TestRatesAreKept(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = testRates
	w.currency = "JPY"
	w.offer.Terms = catalog.Terms{PayoutKind: "postback", CommissionKind: "percent_payout", CommissionPercent: "50"}
	w.reload()
	row := w.postback("token=tok_shop&click_id=" + w.click().String() + "&payout=10.00&amount=99.99&currency=EUR&txid=1")
	if row.Verdict != event.Accepted {
		t.Fatal(row.Detail)
	}
	c := w.conversions()[0]
	if c.Sent != "10.00" || c.SentCurrency != "EUR" || c.SentSale != "99.99" || c.Rate.Rate != "1.25" || c.Rate.Date != "2026-10-30" || c.Rate.Source != "ecb" {
		t.Errorf("sent %s %s, sale %s, rate %+v", c.Sent, c.SentCurrency, c.SentSale, c.Rate)
	}
	if c.Revenue != 1250 || c.SaleAmount != 12499 || c.Commission != 625 {
		t.Errorf("revenue %d, sale %d, commission %d", c.Revenue, c.SaleAmount, c.Commission)
	}
	if c.ReportCurrency != "JPY" || c.Report.Rate != "128" || c.Report.Date != "2026-10-30" {
		t.Errorf("reported in %s at %+v", c.ReportCurrency, c.Report)
	}
	f := w.facts()
	if f.ReportRevenue != 1600 || f.ReportCommission != 800 || f.ReportSaleAmount != 15999 || f.Unconverted != 0 {
		t.Errorf("facts %+v", f)
	}

	// The same again, also on another day with another rate, is a duplicate, other amounts a conflict.
	id := c.Click.String()
	w.now = w.now.AddDate(0, 0, -4)
	for query, want := range map[string]event.Verdict{
		"payout=10.00&amount=99.99&currency=EUR": event.Duplicate,
		"payout=10.00&currency=USD":              event.Conflict,
		"payout=10.01&currency=EUR":              event.Conflict,
		"":                                       event.Duplicate,
	} {
		row := w.postback("token=tok_shop&click_id=" + id + "&txid=1&" + query)
		if row.Verdict != want {
			t.Errorf("%q: %s (%s), want %s", query, row.Verdict, row.Detail, want)
		}
	}
}

// A conversion without a rate to the reporting currency is recorded, says so, and counts
// there once it is repriced.
func TestReportingRateComesLater(t *testing.T) {
	w := newWorld(t)
	w.currency = "CHF"
	known := testRates()
	w.judge.Rates = func() *money.Rates { return known }
	w.reload()
	w.postback("token=tok_shop&click_id=" + w.click().String())
	c := w.conversions()[0]
	if c.Revenue != 1000 || c.Report.Rate != "" || !strings.Contains(c.Warning, "No exchange rate from USD to CHF") {
		t.Errorf("revenue %d, rate %+v, warning %q", c.Revenue, c.Report, c.Warning)
	}
	if f := w.facts(); f.Unconverted != 1 || f.ReportRevenue != 0 || f.Revenue != 1000 {
		t.Errorf("facts %+v", f)
	}
	known = money.NewRates([]money.RateRow{{Workspace: "ws_1", Date: "2026-01-01", From: "USD", To: "CHF", Value: decimal.MustParse("0.9"), Source: money.SourceManual}})
	if r := w.reprice(c, true); r.After == nil {
		t.Fatalf("nothing to reprice: %q", r.Skipped)
	}
	c = w.conversions()[0]
	if c.Report.Rate != "0.9" || c.Warning != "" || c.Revenue != 1000 {
		t.Errorf("rate %+v, warning %q", c.Report, c.Warning)
	}
	if f := w.facts(); f.Unconverted != 0 || f.ReportRevenue != 900 || f.Revenue != 1000 || f.Conversions != 1 {
		t.Errorf("facts %+v", f)
	}
	w.balances()
}

// A rate of long ago is used, and the conversion says how old it is.
func TestStaleRate(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = testRates
	w.offer.Terms = catalog.Terms{PayoutKind: "postback"}
	w.reload()
	w.now = w.now.AddDate(0, 0, 20)
	w.postback("token=tok_shop&click_id=" + w.click().String() + "&payout=1&currency=EUR")
	if c := w.conversions()[0]; c.Revenue != 125 || !strings.Contains(c.Warning, "of 2026-10-30, 22 days before") {
		t.Errorf("revenue %d, warning %q", c.Revenue, c.Warning)
	}
}

// Auto without a value, then Manual, then repricing: the FAQ's case.
func TestReprice(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "postback", CommissionKind: "percent_payout", CommissionPercent: "60"}
	w.reload()
	w.postback("token=tok_shop&click_id=" + w.click().String() + "&txid=1")
	w.postback("token=tok_shop&click_id=" + w.click().String() + "&txid=2&payout=3.00&status=approved")
	w.postback("token=tok_shop&click_id=" + w.click().String() + "&txid=3&status=rejected")
	if got := w.facts(); got.Revenue != 300 {
		t.Fatalf("revenue %d before", got.Revenue)
	}
	w.offer.Terms.PayoutKind, w.offer.Terms.Payout = "fixed", 500
	w.reload()
	want := map[string]int64{"1": 500, "2": 300, "3": 0}
	for _, c := range w.conversions() {
		preview := w.reprice(c, false)
		if c.Order == "3" != (preview.Skipped != "") {
			t.Errorf("order %s: skipped %q", c.Order, preview.Skipped)
		}
		if (preview.After != nil) != (c.Order == "1") {
			t.Errorf("order %s: %+v", c.Order, preview.After)
		}
		w.reprice(c, true)
	}
	for _, c := range w.conversions() {
		if c.Revenue != want[c.Order] || c.Commission != want[c.Order]*6/10 {
			t.Errorf("order %s: revenue %d, commission %d", c.Order, c.Revenue, c.Commission)
		}
		if again := w.reprice(c, true); again.After != nil {
			t.Errorf("order %s: repricing twice changes it twice", c.Order)
		}
	}
	if got := w.facts(); got.Revenue != 800 || got.Commission != 480 || got.Conversions != 2 {
		t.Errorf("facts %+v", got)
	}
	if got := w.balances()["revenue::USD"]; got != -800 && got != 800 {
		t.Errorf("the ledger's revenue is %d: %v", got, w.balances())
	}
}

// What a script or a file brings: its custom parameters are kept, an operator's entry needs
// no token and may carry a status, and a page may not.
func TestScriptAndUpload(t *testing.T) {
	w := newWorld(t)
	id := w.click()
	row := w.signal(&event.Signal{Kind: event.SignalScript, HTTPMethod: "POST", Path: "/event", Body: []byte("key=pixelkey&click_id=" + id.String() + "&amount=10&plan=gold&seats=3")})
	if row.Verdict != event.Accepted {
		t.Fatal(row.Detail)
	}
	c := w.conversions()[0]
	if c.Source != event.SignalScript || c.Params != `{"plan":"gold","seats":"3"}` || c.Status != "pending" {
		t.Errorf("%s %s %s", c.Source, c.Params, c.Status)
	}
	row = w.signal(&event.Signal{Kind: event.SignalUpload, Workspace: "ws_1", Actor: "usr_1", Query: "click_id=" + w.click().String() + "&status=approved&txid=9"})
	if row.Verdict != event.Accepted || w.conversions()[0].Status != "approved" {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	for _, ws := range []string{"ws_2", ""} {
		row = w.signal(&event.Signal{Kind: event.SignalUpload, Workspace: ws, Query: "click_id=" + w.click().String()})
		if ws != "" && row.Verdict != event.UnknownClick {
			t.Errorf("an upload of workspace %q: %s", ws, row.Verdict)
		}
	}
}
