package portal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// stall is an offer with two goals, 8 % of the sale, and a publisher of a group.
func stall() *shelf {
	return &shelf{
		offer: &catalog.Offer{Meta: catalog.Meta{ID: "off_1"}, Currency: "USD", Status: catalog.StatusActive, CookieDays: 30, Attribution: catalog.LastClick,
			Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, Payout: 2000, Precedence: catalog.ManualWins, CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "8"}},
		goals:     []*catalog.Goal{{Key: "sale", Name: "Sale", Default: true}, {Key: "lead", Name: "Lead", Terms: catalog.Terms{CommissionKind: catalog.CommissionFixed, Commission: 150}}},
		publisher: &catalog.Publisher{Meta: catalog.Meta{ID: "pub_1"}, Group: "grp_1", Status: catalog.StatusActive},
	}
}

func rule(id string, c commission.Conditions, p commission.Pay) *catalog.CommissionRule {
	return &catalog.CommissionRule{Meta: catalog.Meta{ID: id}, Name: "secret name", Offer: "off_1", Status: catalog.StatusActive, Currency: "USD", If: c, Pay: p}
}

// What a publisher is shown is what its conversions are priced by.
func TestShownCommission(t *testing.T) {
	eight := Commission{Kind: commissionPercent, Percent: "8"}
	lead := Commission{Kind: commissionFixed, Amount: "1.50"}
	twelve := Commission{Kind: commissionPercent, Percent: "12"}
	for name, tc := range map[string]struct {
		set        func(s *shelf)
		rules      []*catalog.CommissionRule
		sale, lead Commission
	}{
		"the offer's and a goal's own": {sale: eight, lead: lead},
		"terms in force": {set: func(s *shelf) {
			s.terms = []*catalog.TermsVersion{{Number: 1, From: noon.UnixMicro(), CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "12", Goals: []catalog.GoalCommission{{Goal: "lead", Kind: catalog.CommissionNone}}}}
		}, sale: twelve, lead: Commission{Kind: commissionNone}},
		"announced terms change nothing yet": {set: func(s *shelf) {
			s.terms = []*catalog.TermsVersion{{Number: 1, From: noon.UnixMicro() + 1, CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "12"}}
		}, sale: eight, lead: lead},
		"the enrollment's own": {set: func(s *shelf) {
			s.enrollment = &catalog.Enrollment{Status: catalog.Approved, CommissionKind: catalog.CommissionFixed, Commission: 777}
		}, rules: []*catalog.CommissionRule{rule("r", commission.Conditions{}, commission.Pay{Kind: commission.PayPercentSale, Percent: "12"})},
			sale: Commission{Kind: commissionFixed, Amount: "7.77"}, lead: Commission{Kind: commissionFixed, Amount: "7.77"}},
		"a rule about the publisher": {rules: []*catalog.CommissionRule{rule("r", commission.Conditions{Publishers: []string{"pub_1"}}, commission.Pay{Kind: commission.PayPercentSale, Percent: "12"})}, sale: twelve, lead: twelve},
		"a rule about its group and one goal": {rules: []*catalog.CommissionRule{rule("r", commission.Conditions{Groups: []string{"grp_1"}, Goals: []string{"sale"}}, commission.Pay{Kind: commission.PayBothSale, Fixed: 100, Percent: "3"})},
			sale: Commission{Kind: commissionBoth, Amount: "1.00", Percent: "3"}, lead: lead},
		"a share of the payout is told as what comes of it": {rules: []*catalog.CommissionRule{rule("r", commission.Conditions{}, commission.Pay{Kind: commission.PayPercentPayout, Percent: "60"})},
			sale: Commission{Kind: commissionFixed, Amount: "12.00"}, lead: Commission{Kind: commissionFixed, Amount: "12.00"}},
		"rules about others, of other offers, paused, over, in another currency": {rules: []*catalog.CommissionRule{
			rule("a", commission.Conditions{Publishers: []string{"pub_2"}}, commission.Pay{Kind: commission.PayPercentSale, Percent: "12"}),
			rule("b", commission.Conditions{Groups: []string{"grp_2"}}, commission.Pay{Kind: commission.PayPercentSale, Percent: "12"}),
			{Meta: catalog.Meta{ID: "c"}, Offer: "off_2", Status: catalog.StatusActive, Pay: commission.Pay{Kind: commission.PayNone}},
			{Meta: catalog.Meta{ID: "d"}, Offer: "off_1", Status: catalog.StatusPaused, Pay: commission.Pay{Kind: commission.PayNone}},
			rule("e", commission.Conditions{Until: noon.UnixMicro()}, commission.Pay{Kind: commission.PayNone}),
			{Meta: catalog.Meta{ID: "f"}, Status: catalog.StatusActive, Currency: "EUR", Pay: commission.Pay{Kind: commission.PayFixed, Fixed: 900}},
		}, sale: eight, lead: lead},
	} {
		t.Run(name, func(t *testing.T) {
			s := stall()
			if tc.set != nil {
				tc.set(s)
			}
			s.rules = s.rulesOf(tc.rules)
			v := s.view(&catalog.Offered{}, noon)
			for i, want := range []Commission{tc.sale, tc.lead} {
				want.Goal, want.Key, want.Countries = s.goals[i].Name, s.goals[i].Key, []GeoPayment{}
				if d := cmp.Diff(want, v.Commissions[i]); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
			}
			if len(v.Specials) != 0 {
				t.Errorf("what holds always, or never, stands among the conditions: %+v", v.Specials)
			}
		})
	}
}

// Rules whose pay depends on the order stand with their conditions, and nothing else of them.
func TestShownConditions(t *testing.T) {
	s := stall()
	next := noon.AddDate(0, 0, 7)
	s.rules = s.rulesOf([]*catalog.CommissionRule{
		rule("books", commission.Conditions{Categories: []string{"books"}, Publishers: []string{"pub_1", "pub_2"}}, commission.Pay{Kind: commission.PayPercentSale, Percent: "4"}),
		rule("many", commission.Conditions{Products: []string{"a", "b", "c", "d", "e", "f"}, Customer: commission.New, Min: 5000, Countries: []string{"DE"}}, commission.Pay{Kind: commission.PayFixed, Fixed: 500}),
		rule("soon", commission.Conditions{From: next.UnixMicro(), Goals: []string{"sale"}}, commission.Pay{Kind: commission.PayPercentSale, Percent: "9"}),
		rule("tiers", commission.Conditions{}, commission.Pay{Kind: commission.PayPercentSale, Percent: "8", Window: commission.Window{Measure: commission.Sales, Period: commission.Month}, Retroactive: true, Tiers: []commission.Tier{{From: 100000, Percent: "10"}}}),
	})
	want := []Special{
		{Goals: []string{}, When: []string{"Category books"}, Kind: commissionPercent, Percent: "4", Tiers: []TierPay{}},
		{Goals: []string{}, When: []string{"Products a, b, c, d, e and 1 more", "A customer's first order", "From DE", "Orders of at least 50.00 USD"}, Kind: commissionFixed, Amount: "5.00", Tiers: []TierPay{}},
		{Goals: []string{"sale"}, When: []string{}, From: &next, Kind: commissionPercent, Percent: "9", Tiers: []TierPay{}},
		{Goals: []string{}, When: []string{}, Kind: commissionPercent, Percent: "8", TierMeasure: "sales", TierPeriod: "month", Retroactive: true, Tiers: []TierPay{{From: "1000.00", Percent: "10"}}},
	}
	if d := cmp.Diff(want, s.view(&catalog.Offered{}, noon).Specials); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
