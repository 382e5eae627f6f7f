package commission_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	. "clickledger/internal/commission"
)

// given has each condition of [Precedence], in its order, as a rule that has only it and
// as the facts that fulfil it.
var given = []struct {
	name string
	set  func(r *Rule)
	meet func(f *Facts)
}{
	{"publishers", func(r *Rule) { r.If.Publishers = []string{"pub_1"} }, func(f *Facts) { f.Publisher = "pub_1" }},
	{"groups", func(r *Rule) { r.If.Groups = []string{"grp_1"} }, func(f *Facts) { f.Group = "grp_1" }},
	{"offer", func(r *Rule) { r.Offer = "off_1" }, func(f *Facts) { f.Offer = "off_1" }},
	{"products", func(r *Rule) { r.If.Products = []string{"sku"} }, func(f *Facts) { f.Lines[0].Product = "sku" }},
	{"categories", func(r *Rule) { r.If.Categories = []string{"books"} }, func(f *Facts) { f.Lines[0].Category = "books" }},
	{"commission_ids", func(r *Rule) { r.If.CommissionIDs = []string{"gold"} }, func(f *Facts) { f.CommissionID = "gold" }},
	{"goals", func(r *Rule) { r.If.Goals = []string{"sale"} }, func(f *Facts) { f.Goal = "sale" }},
	{"customer", func(r *Rule) { r.If.Customer = New }, func(f *Facts) { f.Customer = New }},
	{"countries", func(r *Rule) { r.If.Countries = []string{"DE"} }, func(f *Facts) { f.Country = "DE" }},
	{"order_min, order_max", func(r *Rule) { r.If.Min, r.If.Max = 100, 200 }, func(f *Facts) { f.Sale, f.HasSale, f.Lines[0].Sale = 150, true, 150 }},
	{"from, until", func(r *Rule) { r.If.From, r.If.Until = 10, 20 }, func(f *Facts) { f.At = 15 }},
}

func bare() *Facts {
	return &Facts{Currency: "USD", Zone: time.UTC, At: 1, Lines: []Line{{Quantity: 1}}}
}

func rule(id string, set ...func(r *Rule)) *Rule {
	r := &Rule{ID: id, Name: id, Currency: "USD", Pay: Pay{Kind: PayNone}}
	for _, s := range set {
		s(r)
	}
	return r
}

// TestEachConditionAloneDecides: without the fact a rule does not apply and says why; with
// it, it does; and a rule with it beats all rules whose conditions come later.
func TestEachConditionAloneDecides(t *testing.T) {
	if len(given) != len(Precedence) {
		t.Fatalf("the test knows %d conditions, there are %d", len(given), len(Precedence))
	}
	for i, g := range given {
		if Precedence[i].Name != g.name {
			t.Fatalf("condition %d is %s, the test has %s", i, Precedence[i].Name, g.name)
		}
		f := bare()
		r := rule("crl_z", g.set)
		if c := Decide([]*Rule{r}, f); c[0].Rule != nil {
			t.Errorf("%s: applies to an order that does not have it", g.name)
		} else if why := Why(r, f, 0, c[0]); !strings.HasPrefix(why, "It ") || !strings.HasSuffix(why, ".") {
			t.Errorf("%s: why: %q", g.name, why)
		}
		var later []func(r *Rule)
		g.meet(f)
		for _, l := range given[i+1:] {
			later = append(later, l.set)
			l.meet(f)
		}
		weak := rule("crl_a", later...)
		weak.Priority = 1000
		c := Decide([]*Rule{weak, r}, f)
		if c[0].Rule != r {
			t.Errorf("%s: lost against a rule with only later conditions", g.name)
		}
		if why := Why(weak, f, 0, c[0]); !strings.Contains(why, "more specific: it names "+Precedence[i].Words) {
			t.Errorf("%s: why the other lost: %q", g.name, why)
		}
	}
}

// someRule draws a rule from few values, so that rules meet.
func someRule(id string) *rapid.Generator[*Rule] {
	return rapid.Custom(func(t *rapid.T) *Rule {
		list := func(name string, of ...string) []string {
			if !rapid.Bool().Draw(t, "has "+name) {
				return nil
			}
			return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, len(of), rapid.ID).Draw(t, name)
		}
		span := func(name string) (from, to int64) {
			from = rapid.Int64Range(0, 3).Draw(t, name)
			if rapid.Bool().Draw(t, "bounded "+name) {
				to = from + rapid.Int64Range(1, 3).Draw(t, name+" length")
			}
			return from, to
		}
		r := &Rule{ID: id, Name: id, Currency: rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency"), Priority: rapid.Int64Range(0, 1).Draw(t, "priority")}
		r.Offer = rapid.SampledFrom([]string{"", "off_1", "off_2"}).Draw(t, "offer")
		r.If.Publishers, r.If.Groups = list("publishers", "pub_1", "pub_2"), list("groups", "grp_1", "grp_2")
		r.If.Products, r.If.Categories = list("products", "p", "q"), list("categories", "a", "b")
		r.If.CommissionIDs, r.If.Goals, r.If.Countries = list("ids", "x", "y"), list("goals", "sale", "lead"), list("countries", "DE", "FR")
		r.If.Customer = rapid.SampledFrom([]string{"", New, Repeat}).Draw(t, "customer")
		r.If.Min, r.If.Max = span("value")
		r.If.From, r.If.Until = span("time")
		r.Pay = Pay{Kind: rapid.SampledFrom([]string{PayNone, PayFixed, PayPercentSale, PayPercentPayout, PayBothSale, PayBothPayout}).Draw(t, "kind"), Percent: rapid.SampledFrom([]string{"0", "7.5", "33.333333", "120"}).Draw(t, "percent"), Fixed: rapid.Int64Range(0, 999).Draw(t, "fixed")}
		return r
	})
}

func someFacts() *rapid.Generator[*Facts] {
	return rapid.Custom(func(t *rapid.T) *Facts {
		f := &Facts{
			Offer: rapid.SampledFrom([]string{"off_1", "off_2"}).Draw(t, "offer"), Goal: rapid.SampledFrom([]string{"sale", "lead"}).Draw(t, "goal"),
			Publisher: rapid.SampledFrom([]string{"pub_1", "pub_2"}).Draw(t, "publisher"), Group: rapid.SampledFrom([]string{"", "grp_1", "grp_2"}).Draw(t, "group"),
			Country: rapid.SampledFrom([]string{"", "DE", "FR"}).Draw(t, "country"), Currency: rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency"),
			CommissionID: rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "id"), Customer: rapid.SampledFrom([]string{"", New, Repeat}).Draw(t, "customer"),
			Payout: rapid.Int64Range(0, 1000).Draw(t, "payout"), HasSale: true, At: rapid.Int64Range(1, 6).Draw(t, "at"), Zone: time.UTC,
		}
		var weights []int64
		for range rapid.IntRange(0, 4).Draw(t, "lines") {
			sale := rapid.Int64Range(0, 300).Draw(t, "sale")
			f.Sale += sale
			weights = append(weights, sale)
			f.Lines = append(f.Lines, Line{Product: rapid.SampledFrom([]string{"", "p", "q"}).Draw(t, "product"), Category: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "category"), Quantity: rapid.Int64Range(1, 3).Draw(t, "quantity"), Sale: sale})
		}
		if len(weights) == 0 {
			f.Sale = rapid.Int64Range(0, 6).Draw(t, "sale")
			return f
		}
		shares, err := Shares(f.Payout, f.Currency, weights)
		if err != nil {
			t.Fatal(err)
		}
		for i := range shares {
			f.Lines[i].Payout = shares[i]
		}
		return f
	})
}

func someRules(t *rapid.T) []*Rule {
	var out []*Rule
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		out = append(out, someRule("crl_"+string(rune('a'+i))).Draw(t, "rule"))
	}
	return out
}

// TestPrecedenceIsTotal: whatever the rules and in whichever order they come, the same one
// wins, and every other one says why it did not.
func TestPrecedenceIsTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, f := someRules(t), someFacts().Draw(t, "facts")
		c := Decide(rules, f)
		again := Decide(rapid.Permutation(rules).Draw(t, "order"), f)
		if !slices.Equal(c, again) {
			t.Fatalf("another order of the rules decides otherwise: %v, %v", c, again)
		}
		for line := range c {
			for _, r := range rules {
				if r == c[line].Rule {
					continue
				}
				why := Why(r, f, line, c[line])
				if why == "" || why == "It applies." {
					t.Fatalf("line %d: %s did not win and says %q", line, r.ID, why)
				}
				if w := c[line].Rule; w != nil && strings.HasPrefix(why, "It applies") && w.Specificity() < r.Specificity() {
					t.Fatalf("line %d: %s is more specific than the winner", line, r.ID)
				}
			}
		}
	})
}

// TestAmbiguousIsExact: two rules are ambiguous just when there is an order that both
// apply to and that only their age decides.
func TestAmbiguousIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := someRule("crl_a").Draw(t, "a"), someRule("crl_b").Draw(t, "b")
		b.If.Customer = a.If.Customer
		f := someFacts().Draw(t, "facts")
		aged := false
		for _, c := range Decide([]*Rule{a, b}, f) {
			if c.Rule == a {
				aged = aged || strings.Contains(Why(b, f, lineOf(f, a), c), "is older")
			}
		}
		if aged && !Ambiguous(a, b) {
			t.Fatal("their age decides an order, and they are not called ambiguous")
		}
		if Ambiguous(a, b) != Ambiguous(b, a) {
			t.Fatal("ambiguous one way only")
		}
		if Ambiguous(a, b) && !apply(witness(a, b), a, b) {
			t.Fatalf("called ambiguous, but no order falls under both:\n%+v\n%+v", a, b)
		}
	})
}

// lineOf is the first line that the rule applies to.
func lineOf(f *Facts, r *Rule) int {
	return slices.IndexFunc(Decide([]*Rule{r}, f), func(c Choice) bool { return c.Rule != nil })
}

func apply(f *Facts, rules ...*Rule) bool {
	for _, r := range rules {
		if Decide([]*Rule{r}, f)[0].Rule == nil {
			return false
		}
	}
	return true
}

// witness is an order that falls under both rules, if there is one.
func witness(a, b *Rule) *Facts {
	both := func(x, y []string, none string) string {
		for _, s := range x {
			if slices.Contains(y, s) {
				return s
			}
		}
		return none
	}
	currency := a.Currency
	if !a.HasAmounts() {
		currency = b.Currency
	}
	f := &Facts{
		Offer: a.Offer, Publisher: both(a.If.Publishers, b.If.Publishers, ""), Group: both(a.If.Groups, b.If.Groups, ""), CommissionID: both(a.If.CommissionIDs, b.If.CommissionIDs, ""),
		Goal: both(a.If.Goals, b.If.Goals, ""), Country: both(a.If.Countries, b.If.Countries, ""), Customer: a.If.Customer, Currency: currency,
		Sale: max(a.If.Min, b.If.Min), HasSale: true, At: max(a.If.From, b.If.From), Zone: time.UTC,
	}
	f.Lines = []Line{{Product: both(a.If.Products, b.If.Products, ""), Category: both(a.If.Categories, b.If.Categories, ""), Quantity: 1, Sale: f.Sale}}
	return f
}

// TestPriceSumsExactly: what the lines pay sums to what the order pays, none of them is
// negative, and each line is in one part.
func TestPriceSumsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, f := someRules(t), someFacts().Draw(t, "facts")
		base := Base{PayBothPayout, rapid.Int64Range(0, 99).Draw(t, "base fixed"), "12.345678", "offer"}
		choices := Decide(rules, f)
		p, err := Price(choices, f, Volumes{}, base)
		if err != nil {
			t.Fatal(err)
		}
		var lines, parts int64
		for _, n := range p.Lines {
			if n < 0 {
				t.Fatalf("a line pays %d", n)
			}
			lines += n
		}
		seen := make([]int, len(choices))
		for _, part := range p.Parts {
			parts += part.Minor
			for _, i := range part.Lines {
				seen[i]++
			}
		}
		if lines != p.Minor || parts != p.Minor {
			t.Fatalf("lines sum to %d, parts to %d, the order pays %d", lines, parts, p.Minor)
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("line %d is in %d parts", i, n)
			}
		}
	})
}

// TestCutIntoLinesPaysTheSame: a rule that is not about lines pays an order the same,
// however it is cut.
func TestCutIntoLinesPaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := someFacts().Draw(t, "facts")
		whole := *f
		whole.Lines = nil
		base := Base{rapid.SampledFrom([]string{PayFixed, PayPercentSale, PayPercentPayout, PayBothSale}).Draw(t, "kind"), 77, "33.333333", "offer"}
		a, err := Price(Decide(nil, f), f, Volumes{}, base)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Price(Decide(nil, &whole), &whole, Volumes{}, base)
		if err != nil {
			t.Fatal(err)
		}
		if a.Minor != b.Minor {
			t.Fatalf("cut into %d lines it pays %d, whole %d", len(f.Lines), a.Minor, b.Minor)
		}
	})
}

func TestPrice(t *testing.T) {
	day := func(s string) int64 {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d.UnixMicro()
	}
	tiers := Pay{Kind: PayFixed, Fixed: 100, Window: Window{Conversions, Month}, Tiers: []Tier{{From: 3, Fixed: 200}, {From: 5, Fixed: 500}}}
	sales := Pay{Kind: PayPercentSale, Percent: "5", Window: Window{Sales, All}, Tiers: []Tier{{From: 10000, Percent: "8"}}}
	yearly := Pay{Kind: PayFixed, Fixed: 100, Months: 12}
	for _, c := range []struct {
		name  string
		pay   Pay
		set   func(r *Rule, f *Facts)
		v     Volumes
		minor int64
		words string
	}{
		{"none", Pay{Kind: PayNone}, nil, nil, 0, "no commission (the rule R, version 3)"},
		{"fixed", Pay{Kind: PayFixed, Fixed: 250}, nil, nil, 250, "fixed commission 2.50 USD (the rule R, version 3)"},
		{"both", Pay{Kind: PayBothSale, Fixed: 250, Percent: "7.5"}, nil, nil, 250 + 750, "fixed commission 2.50 USD and commission 7.5 % of sale 100.00 USD (the rule R, version 3)"},
		{"percent of payout", Pay{Kind: PayPercentPayout, Percent: "150"}, nil, nil, 3000, "commission 150 % of payout 20.00 USD (the rule R, version 3)"},
		{"below the first tier", tiers, nil, Volumes{"crl_1": 1}, 100, "fixed commission 1.00 USD (the rule R, version 3)"},
		{"the order that reaches a tier", tiers, nil, Volumes{"crl_1": 2}, 200, "fixed commission 2.00 USD (the rule R, version 3, tier 1: 3 conversions in the month)"},
		{"the last tier", tiers, nil, Volumes{"crl_1": 9}, 500, "fixed commission 5.00 USD (the rule R, version 3, tier 2: 10 conversions in the month)"},
		{"sales, not reached", sales, func(_ *Rule, f *Facts) { f.Sale = 9999 }, Volumes{}, 500, "commission 5 % of sale 99.99 USD (the rule R, version 3)"},
		{"sales, reached by the order itself", sales, nil, Volumes{}, 800, "commission 8 % of sale 100.00 USD (the rule R, version 3, tier 1: sales of 100.00 USD so far)"},
		{"first order", yearly, func(_ *Rule, f *Facts) { f.Customer, f.First, f.At = New, day("2026-01-31"), day("2026-01-31") }, nil, 100, "fixed commission 1.00 USD (the rule R, version 3)"},
		{"within the months", yearly, func(_ *Rule, f *Facts) { f.Customer, f.First, f.At = Repeat, day("2026-01-31"), day("2027-01-31")-1 }, nil, 100, "fixed commission 1.00 USD (the rule R, version 3)"},
		{"after the months", yearly, func(_ *Rule, f *Facts) { f.Customer, f.First, f.At = Repeat, day("2026-01-31"), day("2027-01-31") }, nil, 0, "no commission: the customer's first order was on 2026-01-31 00:00 UTC, and repeat orders are paid for 12 months (the rule R, version 3)"},
		{"to the last day of a shorter month", Pay{Kind: PayFixed, Fixed: 1, Months: 1}, func(_ *Rule, f *Facts) { f.Customer, f.First, f.At = Repeat, day("2026-01-31"), day("2026-02-28") }, nil, 0, "no commission: the customer's first order"},
		{"a unit price", Pay{Kind: PayFixed, Fixed: 30}, func(r *Rule, f *Facts) {
			r.If.Products = []string{"sku"}
			f.Lines = []Line{{Product: "sku", Quantity: 4, Sale: 10000, Payout: 2000}}
		}, nil, 120, "fixed commission 1.20 USD = 4 × 0.30 USD (the rule R, version 3)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Rule{ID: "crl_1", Version: 3, Name: "R", Currency: "USD", Pay: c.pay}
			f := &Facts{Currency: "USD", Sale: 10000, HasSale: true, Payout: 2000, Zone: time.UTC, At: 1}
			if c.set != nil {
				c.set(r, f)
			}
			p, err := Price(Decide([]*Rule{r}, f), f, c.v, Base{})
			if err != nil || p.Minor != c.minor || !strings.HasPrefix(p.Parts[0].Words, c.words) {
				t.Errorf("%d, %q, %v; want %d, %q", p.Minor, p.Parts[0].Words, err, c.minor, c.words)
			}
		})
	}
}

func TestPriceRefuses(t *testing.T) {
	f := &Facts{Currency: "USD", Zone: time.UTC, At: 1}
	price := func(p Pay, f *Facts) error {
		_, err := Price(Decide([]*Rule{{ID: "crl_1", Currency: "USD", Pay: p}}, f), f, Volumes{}, Base{})
		return err
	}
	var none *NoSale
	if err := price(Pay{Kind: PayPercentSale, Percent: "5"}, f); !errors.As(err, &none) {
		t.Errorf("a percentage of no sale: %v", err)
	}
	big := &Facts{Currency: "USD", Zone: time.UTC, Sale: MaxMinor, HasSale: true}
	if err := price(Pay{Kind: PayBothSale, Fixed: MaxMinor, Percent: "1000"}, big); !errors.Is(err, ErrRange) {
		t.Errorf("too much: %v", err)
	}
	many := &Facts{Currency: "USD", Zone: time.UTC, Lines: []Line{{Product: "p", Quantity: 1_000_000}}}
	r := &Rule{ID: "crl_1", Currency: "USD", If: Conditions{Products: []string{"p"}}, Pay: Pay{Kind: PayFixed, Fixed: MaxMinor}}
	if _, err := Price(Decide([]*Rule{r}, many), many, Volumes{}, Base{}); !errors.Is(err, ErrRange) {
		t.Errorf("units that overflow: %v", err)
	}
	if err := price(Pay{Kind: "rumour"}, f); err == nil {
		t.Error("an unknown kind is priced")
	}
}

// TestSpan: periods are those of the zone, also on days that are not 24 hours long.
func TestSpan(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 25, 12, 0, 0, 0, berlin) // a Sunday of 25 hours
	for period, want := range map[string][2]string{
		Day: {"2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"}, Week: {"2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
		Month: {"2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"},
	} {
		from, to := Window{Conversions, period}.Span(at.UnixMicro(), berlin)
		got := [2]string{time.UnixMicro(from).In(berlin).Format(time.RFC3339), time.UnixMicro(to).In(berlin).Format(time.RFC3339)}
		if got != want {
			t.Errorf("%s: %v, want %v", period, got, want)
		}
	}
	if from, to := (Window{Conversions, All}).Span(at.UnixMicro(), berlin); from != 0 || to != 0 {
		t.Errorf("all time: %d to %d", from, to)
	}
}
