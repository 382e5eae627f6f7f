package conversion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// rule is a live commission rule of the workspace.
func rule(id string, pay commission.Pay, change func(r *catalog.CommissionRule)) *catalog.CommissionRule {
	m := meta(id)
	m.Version = 2
	r := &catalog.CommissionRule{Meta: m, Name: id, Status: catalog.StatusActive, Currency: "USD", Pay: pay}
	if change != nil {
		change(r)
	}
	return r
}

func fixed(minor int64) commission.Pay {
	return commission.Pay{Kind: commission.PayFixed, Fixed: minor}
}

func percent(p string) commission.Pay {
	return commission.Pay{Kind: commission.PayPercentSale, Percent: p}
}

// order judges a postback about a new click and gives what was recorded.
func (w *world) order(query string) (commissionMinor int64, rule, words string) {
	w.t.Helper()
	row := w.postback("token=tok_shop&click_id=" + w.click().String() + "&" + query)
	if row.Verdict != event.Accepted {
		w.t.Fatalf("%s: %s: %s", query, row.Verdict, row.Detail)
	}
	c := w.conversions()[0]
	return c.Commission, c.Rule, c.CommRule
}

// TestRulesBetweenEnrollmentAndTerms: rules stand above the terms and beneath an
// enrollment's own commission; what does not apply leaves the terms as they are.
func TestRulesBetweenEnrollmentAndTerms(t *testing.T) {
	w := newWorld(t)
	terms := version(1, w.now.Add(-time.Minute), "fixed", 3)
	enr := &catalog.Enrollment{Meta: meta("enr_1"), Offer: "off_1", Publisher: "pub_1", Status: catalog.Approved, CommissionKind: "fixed", Commission: 5}
	general := rule("crl_1", fixed(7), nil)
	french := rule("crl_2", fixed(8), func(r *catalog.CommissionRule) { r.If.Countries = []string{"FR"} })
	elsewhere := rule("crl_3", fixed(9), func(r *catalog.CommissionRule) { r.Offer = "off_2" })
	paused := rule("crl_4", fixed(10), func(r *catalog.CommissionRule) { r.Offer, r.Status = "off_1", catalog.StatusPaused })
	group := rule("crl_5", fixed(11), func(r *catalog.CommissionRule) { r.If.Groups = []string{"grp_1"} })
	member := *w.pub
	member.Group = "grp_1"
	for i, c := range []struct {
		more  []catalog.Entity
		minor int64
		rule  string
	}{
		{[]catalog.Entity{terms, french, elsewhere, paused, group}, 3, ""},
		{[]catalog.Entity{terms, french, general, group}, 7, "crl_1"},
		{[]catalog.Entity{terms, general, group, &member}, 11, "crl_5"},
		{[]catalog.Entity{terms, general, enr}, 5, ""},
	} {
		w.more = c.more
		w.reload()
		minor, rule, words := w.order(fmt.Sprintf("txid=%d", i))
		if minor != c.minor || rule != c.rule {
			t.Errorf("%d: %d by %q (%s), want %d by %q", i, minor, rule, words, c.minor, c.rule)
		}
		if c.rule != "" && (w.conversions()[0].RuleVersion != 2 || !strings.Contains(words, "the rule "+c.rule+", version 2")) {
			t.Errorf("%d: version %d, %s", i, w.conversions()[0].RuleVersion, words)
		}
	}
	w.balances()
}

// TestRuleChangesDoNotRewrite: what was priced keeps its price until somebody reprices it,
// and then the rules of its own time count.
func TestRuleChangesDoNotRewrite(t *testing.T) {
	w := newWorld(t)
	r := rule("crl_1", fixed(7), nil)
	w.more = []catalog.Entity{r}
	w.reload()
	w.order("txid=1")
	later := *r
	later.Version, later.Pay = 3, fixed(70)
	future := rule("crl_2", fixed(99), func(r *catalog.CommissionRule) {
		r.Offer, r.If.From = "off_1", w.now.Add(time.Hour).UnixMicro()
	})
	w.more = []catalog.Entity{&later, future}
	w.reload()
	if row := w.postback("token=tok_shop&txid=1&click_id=" + w.conversions()[0].Click.String()); row.Verdict != event.Duplicate {
		t.Errorf("the same again: %s, %s", row.Verdict, row.Detail)
	}
	if c := w.conversions()[0]; c.Commission != 7 || c.RuleVersion != 2 {
		t.Errorf("a changed rule rewrote it: %d by version %d", c.Commission, c.RuleVersion)
	}
	w.now = w.now.Add(2 * time.Hour)
	w.reprice(w.conversions()[0], true)
	if c := w.conversions()[0]; c.Commission != 70 || c.Rule != "crl_1" || c.RuleVersion != 3 {
		t.Errorf("repriced it is %d by %s version %d", c.Commission, c.Rule, c.RuleVersion)
	}
	if b := w.balances(); w.facts().Commission != 70 || len(b) == 0 {
		t.Errorf("facts %+v, balances %v", w.facts(), b)
	}
}

// TestItemLines: each line is paid by its own rule, and the lines sum to what is paid.
func TestItemLines(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{
		rule("crl_books", percent("10"), func(r *catalog.CommissionRule) { r.If.Categories = []string{"books"} }),
		rule("crl_sku", fixed(25), func(r *catalog.CommissionRule) { r.If.Products = []string{"sku1"} }),
	}
	w.reload()
	minor, id, words := w.order("txid=1&amount=100.00&items=a:books:33.33|b:books:16.67|sku1:toys:40:4|:toys:10")
	// books: 10 % of 50.00; sku1: 4 × 0.25; the rest: 60 % of its share of the payout of 10.00.
	if minor != 500+100+60 || id != "" {
		t.Errorf("%d by %q: %s", minor, id, words)
	}
	c := w.conversions()[0]
	lines := c.Lines()
	var sum, sale int64
	for _, l := range lines {
		sum, sale = sum+l.Commission, sale+l.Sale
	}
	if len(lines) != 4 || sum != c.Commission || sale != c.SaleAmount || lines[0].Rule != "crl_books" || lines[2].Rule != "crl_sku" || lines[3].Rule != "" || lines[0].Commission != 333 || lines[1].Commission != 167 {
		t.Errorf("lines %+v", lines)
	}
	if r := w.reprice(c, true); r.After != nil || r.Skipped != "" {
		t.Errorf("repriced by the same rules it changes: %+v", r)
	}
	// Without an amount the lines are it.
	w.order("txid=2&items=books:20|toys:30")
	if c := w.conversions()[0]; c.SaleAmount != 5000 || !c.HasSale || c.Items != ":books:20.00:1|:toys:30.00:1" {
		t.Errorf("sale %d, items %q", c.SaleAmount, c.Items)
	}
	for query, want := range map[string]event.Verdict{
		"amount=50&items=books:20|toys:31":      event.ItemsMismatch,
		"items=books":                           event.InvalidValue,
		"items=a:b:1:0":                         event.InvalidValue,
		"items=a:b:1:1:1":                       event.InvalidValue,
		"items=a:b:":                            event.InvalidAmount,
		"items=a:b:1.234":                       event.AmountPrecision,
		"items=a:b:-1":                          event.InvalidAmount,
		"items=a:b:90000000000|c:d:90000000000": event.AmountRange,
	} {
		row := w.postback("token=tok_shop&txid=x&click_id=" + w.click().String() + "&" + query)
		if row.Verdict != want || row.Field != "items" {
			t.Errorf("%s: %s (%s), want %s: %s", query, row.Verdict, row.Field, want, row.Detail)
		}
	}
	if row := w.postback("token=tok_shop&txid=2&click_id=" + c.Click.String() + "&items=books:30|toys:20"); row.Verdict != event.Conflict {
		t.Errorf("other lines of the same order: %s", row.Verdict)
	}
	w.balances()
}

// TestItemsAsJSON: a list of objects is the same as the text.
func TestItemsAsJSON(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{rule("crl_1", percent("10"), func(r *catalog.CommissionRule) { r.If.Products = []string{"17"} })}
	w.reload()
	row := w.signal(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "POST", Path: "/postback", BodyType: "application/json",
		Body: []byte(`{"token":"tok_shop","txid":"1","click_id":"` + w.click().String() + `","items":[{"product":17,"category":"a","amount":10.50,"quantity":2},{"category":"b","amount":"1"}]}`)})
	if row.Verdict != event.Accepted {
		t.Fatal(row.Detail)
	}
	if c := w.conversions()[0]; c.Items != "17:a:10.50:2|:b:1.00:1" || c.SaleAmount != 1150 {
		t.Errorf("items %q, sale %d", c.Items, c.SaleAmount)
	}
}

// TestCommissionIDAndCustomer: what the signal names selects the rule, and a customer's
// first order is known from the books; a page is not believed in either.
func TestCommissionIDAndCustomer(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{
		rule("crl_gold", fixed(1), func(r *catalog.CommissionRule) { r.If.CommissionIDs = []string{"gold"} }),
		rule("crl_new", fixed(2), func(r *catalog.CommissionRule) { r.If.Customer = commission.New }),
		rule("crl_old", commission.Pay{Kind: commission.PayFixed, Fixed: 3, Months: 2}, func(r *catalog.CommissionRule) { r.If.Customer = commission.Repeat }),
	}
	w.reload()
	for i, c := range []struct {
		query string
		minor int64
		rule  string
	}{
		{"commission_id=gold&customer=ann", 1, "crl_gold"},
		{"commission_id=silver", 600, ""},
		{"customer=bob", 2, "crl_new"},
		{"customer=bob", 3, "crl_old"},
		{"customer=ann", 3, "crl_old"},
		{"customer=carl&goal=lead", 2, "crl_new"},
	} {
		minor, rule, words := w.order(fmt.Sprintf("txid=%d&%s", i, c.query))
		if minor != c.minor || rule != c.rule {
			t.Errorf("%s: %d by %q (%s), want %d by %q", c.query, minor, rule, words, c.minor, c.rule)
		}
	}
	if c := w.conversions()[0]; c.Customer == "" || strings.Contains(c.Customer, "carl") {
		t.Errorf("the customer is kept as %q", c.Customer)
	}
	w.now = w.now.AddDate(0, 2, 0)
	if minor, rule, words := w.order("txid=9&customer=bob"); minor != 0 || rule != "crl_old" || !strings.HasPrefix(words, "no commission: the customer's first order was on 2026-11-01 12:00 UTC") {
		t.Errorf("after the months: %d by %q (%s)", minor, rule, words)
	}
	// What the first signal did not know a later one fills in.
	click := w.click()
	w.pixel("key=pixelkey&txid=p&commission_id=gold&customer=zoe&click_id="+click.String(), nil)
	if c := w.conversions()[0]; c.Commission != 600 || c.CommissionID != "" || c.Customer != "" {
		t.Errorf("a page was believed: %+v", c)
	}
	if row := w.postback("token=tok_shop&txid=p&commission_id=gold&customer=zoe&click_id=" + click.String()); row.Verdict != event.Updated {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	if c := w.conversions()[0]; c.Commission != 1 || c.CommissionID != "gold" || c.Customer == "" {
		t.Errorf("filled in: %+v", c)
	}
	w.balances()
}

// TestTiers: the publisher's orders of the month count, refused ones do not.
func TestTiers(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{rule("crl_1", commission.Pay{Kind: commission.PayFixed, Fixed: 1, Window: commission.Window{Measure: commission.Conversions, Period: commission.Month}, Tiers: []commission.Tier{{From: 3, Fixed: 5}}}, nil)}
	w.reload()
	for i, c := range []struct {
		query string
		minor int64
	}{{"", 1}, {"&status=rejected", 1}, {"", 1}, {"", 5}, {"", 5}} {
		if minor, _, words := w.order(fmt.Sprintf("txid=%d%s", i, c.query)); minor != c.minor {
			t.Errorf("order %d: %d (%s), want %d", i, minor, words, c.minor)
		}
	}
	w.now = time.Date(2026, 12, 1, 0, 30, 0, 0, time.UTC)
	if minor, _, words := w.order("txid=next"); minor != 1 {
		t.Errorf("the next month begins with %d (%s)", minor, words)
	}
	// Repricing counts what was recorded before each.
	for _, c := range w.conversions() {
		if r := w.reprice(c, true); r.After != nil {
			t.Errorf("%s: repriced by the same rules it changes from %d to %d", c.Order, c.Commission, r.After.Commission)
		}
	}
}

// TestRetroactiveTiers: the order that reaches a tier lifts the period's earlier ones by
// adjustments; nothing else of them changes, and nothing twice.
func TestRetroactiveTiers(t *testing.T) {
	w := newWorld(t)
	pay := commission.Pay{Kind: commission.PayPercentSale, Percent: "5", Retroactive: true, Window: commission.Window{Measure: commission.Conversions, Period: commission.Month},
		Tiers: []commission.Tier{{From: 3, Percent: "10"}, {From: 6, Percent: "20"}}}
	books := rule("crl_books", pay, func(r *catalog.CommissionRule) { r.If.Categories = []string{"books"} })
	w.more = []catalog.Entity{books}
	w.reload()
	w.now = time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC)
	w.order("txid=october&items=books:100")
	w.now = time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)
	w.order("txid=a&items=books:100")
	w.order("txid=b&items=books:10|toys:90")
	w.order("txid=refused&items=books:100&status=rejected") // would be the third, were it approved
	paid := func(want map[string]int64) {
		t.Helper()
		var sum int64
		for _, c := range w.conversions() {
			if n, ok := want[c.Order]; ok && c.Commission != n {
				t.Errorf("order %s pays %d (%s), want %d", c.Order, c.Commission, c.CommRule, n)
			}
			lines := int64(0)
			for _, l := range c.Lines() {
				lines += l.Commission
			}
			if lines != c.Commission {
				t.Errorf("the lines of %s sum to %d, it pays %d", c.Order, lines, c.Commission)
			}
			if c.Status == conversion.Pending {
				sum += c.Commission
			}
		}
		if b := w.balances(); b["commission_expense::USD"] != sum || b["publisher_pending:pub_1:USD"] != sum {
			t.Errorf("pending orders pay %d, balances %v", sum, b)
		}
		if f := w.facts(); f.Commission != sum {
			t.Errorf("pending orders pay %d, the facts have %d", sum, f.Commission)
		}
	}
	// toys are 60 % of their share of the payout of 10.00: of 90 % of it.
	paid(map[string]int64{"october": 500, "a": 500, "b": 50 + 540, "refused": 1000})
	w.order("txid=c&items=books:200") // the third
	paid(map[string]int64{"october": 500, "a": 1000, "b": 100 + 540, "refused": 1000, "c": 2000})
	a := w.conversions()[len(w.conversions())-2]
	if a.Order != "a" || !strings.Contains(a.CommRule, "lifted to tier 1: 3 conversions in the month") {
		t.Errorf("order a says %q", a.CommRule)
	}
	history, err := w.db.Books().Changes(t.Context(), a.ID)
	if err != nil || len(history) != 2 || !strings.Contains(history[1].Reason, "was reached by conversion "+w.conversions()[0].ID) {
		t.Errorf("history %+v, %v", history, err)
	}
	// The rule changes; what is lifted to the next tier is, and no other rule comes in.
	general := rule("crl_anna", fixed(1), func(r *catalog.CommissionRule) {
		r.If.Publishers, r.If.CommissionIDs = []string{"pub_1"}, []string{"x"}
	})
	w.more = []catalog.Entity{books, general}
	w.reload()
	w.order("txid=d&items=books:1")
	w.order("txid=e&items=books:1")
	paid(map[string]int64{"a": 1000, "c": 2000, "d": 10, "e": 10})
	w.order("txid=f&items=books:1")
	paid(map[string]int64{"october": 500, "a": 2000, "b": 200 + 540, "c": 4000, "d": 20, "f": 20, "refused": 1000})
	// Repricing by the same rules leaves it all as it is.
	for _, c := range w.conversions() {
		if r := w.reprice(c, true); r.After != nil {
			t.Errorf("%s: repriced it changes from %d to %d", c.Order, c.Commission, r.After.Commission)
		}
	}
}

// TestRetroactiveTierOfAWholeOrder: also without lines, and no order is lifted twice or
// lowered.
func TestRetroactiveTierOfAWholeOrder(t *testing.T) {
	w := newWorld(t)
	pay := commission.Pay{Kind: commission.PayPercentPayout, Percent: "50", Retroactive: true, Window: commission.Window{Measure: commission.Sales, Period: commission.All},
		Tiers: []commission.Tier{{From: 10000, Percent: "70"}, {From: 20000, Percent: "60"}}}
	w.more = []catalog.Entity{rule("crl_1", pay, nil)}
	w.reload()
	for i, want := range []map[string]int64{{"0": 500}, {"0": 700, "1": 700}, {"0": 700, "1": 700, "2": 700}, {"0": 700, "1": 700, "2": 700, "3": 600}, {"4": 600, "0": 700}} {
		w.order(fmt.Sprintf("txid=%d&amount=60", i))
		for _, c := range w.conversions() {
			if n, ok := want[c.Order]; ok && c.Commission != n {
				t.Errorf("after order %d: %s pays %d (%s), want %d", i, c.Order, c.Commission, c.CommRule, n)
			}
		}
		w.balances()
	}
	if f := w.facts(); f.Commission != 3*700+2*600 || f.Conversions != 5 {
		t.Errorf("facts %+v", f)
	}
}
