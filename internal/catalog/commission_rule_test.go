package catalog_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
)

// ruleDoc is a rule of the workspace with what change sets.
func (s *shelf) ruleDoc(change func(d *catalog.CommissionRuleDoc)) *catalog.CommissionRuleDoc {
	d := catalog.NewDoc(catalog.KindCommissionRule).(*catalog.CommissionRuleDoc)
	d.Workspace, d.Name, d.CommissionKind, d.CommissionPercent = s.ws, "Rule", commission.PayPercentSale, "8"
	change(d)
	return d
}

func TestCommissionRules(t *testing.T) {
	s := newShelf(t)
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	shop := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Shop", Type: "merchant"}).Base().ID
	offer := s.program(shop, pub)
	full := s.create(s.ruleDoc(func(d *catalog.CommissionRuleDoc) {
		d.Offer, d.Publishers, d.Products, d.Goals, d.Countries = offer, []string{pub}, []string{" b ", "a", "b"}, []string{"sale"}, []string{"de"}
		d.OrderMin, d.OrderMax, d.From, d.Until = "10", "2050", "2027-01-01", "2027-01-31"
		d.CommissionKind, d.Commission, d.CommissionPercent, d.ConfirmOver100 = commission.PayBothSale, "50", "120", true
		d.TierMeasure, d.TierPeriod, d.Retroactive = commission.Sales, commission.Month, true
		d.Tiers = []catalog.CommissionTierDoc{{From: "1000", Commission: "1", CommissionPercent: "125"}}
	})).(*catalog.CommissionRule)
	if !strings.HasPrefix(full.ID, "crl_") || strings.Join(full.If.Products, ",") != "a,b" || full.If.Countries[0] != "DE" || full.If.Max != 2050 {
		t.Errorf("rule %+v", full)
	}
	if days := time.Duration(full.If.Until-full.If.From) * time.Microsecond; days != 31*24*time.Hour {
		t.Errorf("from the first to the end of the last day are %s", days)
	}
	// What is read can be written back.
	d := catalog.DocOf(full, "").(*catalog.CommissionRuleDoc)
	again, err := s.Update(t.Context(), owner, s.ws, full.ID, 0, d)
	if err != nil {
		t.Fatal(err)
	}
	if now := again.(*catalog.CommissionRule); now.If.Until != full.If.Until || now.Pay.Tiers[0] != full.Pay.Tiers[0] || now.Version != full.Version+1 {
		t.Errorf("written back it is %+v", now)
	}

	for name, test := range map[string]struct {
		field, rule string
		change      func(d *catalog.CommissionRuleDoc)
	}{
		"no name":                 {"name", "required", func(d *catalog.CommissionRuleDoc) { d.Name = " " }},
		"no such offer":           {"offer", "unknown_reference", func(d *catalog.CommissionRuleDoc) { d.Offer = "off_x" }},
		"no such publisher":       {"publishers", "unknown_reference", func(d *catalog.CommissionRuleDoc) { d.Publishers = []string{pub, "pub_x"} }},
		"no such group":           {"groups", "unknown_reference", func(d *catalog.CommissionRuleDoc) { d.Groups = []string{"grp_x"} }},
		"no such goal":            {"goals", "unknown_reference", func(d *catalog.CommissionRuleDoc) { d.Offer, d.Goals = offer, []string{"signup"} }},
		"no such country":         {"countries", "unknown_country", func(d *catalog.CommissionRuleDoc) { d.Countries = []string{"ZQ"} }},
		"another currency":        {"currency", "not_allowed", func(d *catalog.CommissionRuleDoc) { d.Offer, d.Currency = offer, "USD" }},
		"an empty entry":          {"products", "required", func(d *catalog.CommissionRuleDoc) { d.Products = []string{""} }},
		"ends before it begins":   {"until", "out_of_range", func(d *catalog.CommissionRuleDoc) { d.From, d.Until = "2027-02-01", "2027-01-01" }},
		"no instant":              {"from", "invalid_time", func(d *catalog.CommissionRuleDoc) { d.From = "soon" }},
		"least above most":        {"order_max", "out_of_range", func(d *catalog.CommissionRuleDoc) { d.OrderMin, d.OrderMax = "2", "1" }},
		"too large for any order": {"order_min", "amount_range", func(d *catalog.CommissionRuleDoc) { d.OrderMin = "90000000000000" }},
		"too large for 64 bits": {"commission", "amount_range", func(d *catalog.CommissionRuleDoc) {
			d.CommissionKind, d.CommissionPercent, d.Commission = commission.PayFixed, "", "99999999999999999999"
		}},
		"above 100 %":         {"commission_percent", "over_100", func(d *catalog.CommissionRuleDoc) { d.CommissionPercent = "100.000001" }},
		"above 1000 %":        {"commission_percent", "out_of_range", func(d *catalog.CommissionRuleDoc) { d.CommissionPercent, d.ConfirmOver100 = "1000.1", true }},
		"no percentage":       {"commission_percent", "required", func(d *catalog.CommissionRuleDoc) { d.CommissionPercent = "" }},
		"an amount of no use": {"commission", "not_allowed", func(d *catalog.CommissionRuleDoc) { d.Commission = "1" }},
		"tiers of nothing": {"tier_measure", "required", func(d *catalog.CommissionRuleDoc) {
			d.Tiers = []catalog.CommissionTierDoc{{From: "1", CommissionPercent: "9"}}
		}},
		"a tier above 100 %": {"tiers[0].commission_percent", "over_100", func(d *catalog.CommissionRuleDoc) {
			d.TierMeasure, d.TierPeriod, d.Tiers = "conversions", "day", []catalog.CommissionTierDoc{{From: "1", CommissionPercent: "101"}}
		}},
		"tiers that do not ascend": {"tiers[1].from", "out_of_range", func(d *catalog.CommissionRuleDoc) {
			d.TierMeasure, d.TierPeriod, d.Tiers = "conversions", "day", []catalog.CommissionTierDoc{{From: "5", CommissionPercent: "9"}, {From: "5", CommissionPercent: "10"}}
		}},
		"half a conversion": {"tiers[0].from", "type", func(d *catalog.CommissionRuleDoc) {
			d.TierMeasure, d.TierPeriod, d.Tiers = "conversions", "day", []catalog.CommissionTierDoc{{From: "1.5", CommissionPercent: "9"}}
		}},
		"retroactive, without tiers": {"retroactive", "not_allowed", func(d *catalog.CommissionRuleDoc) { d.Retroactive = true }},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := s.Create(t.Context(), owner, s.ruleDoc(test.change), catalog.Idempotency{})
			var bad *catalog.Invalid
			if !errors.As(err, &bad) || bad.Fields[0].Field != test.field || bad.Fields[0].Rule != test.rule {
				t.Errorf("refused with %v, want %s: %s", err, test.field, test.rule)
			}
		})
	}
}

// TestAmbiguousRules: two rules that only their age would tell apart are never both live.
func TestAmbiguousRules(t *testing.T) {
	s := newShelf(t)
	german := func(d *catalog.CommissionRuleDoc) { d.Name, d.Countries = "German", []string{"DE", "AT"} }
	first := s.create(s.ruleDoc(german))
	ambiguous := func(err error) bool {
		var bad *catalog.Invalid
		return errors.As(err, &bad) && bad.Fields[0].Rule == "ambiguous_rule" && strings.Contains(bad.Fields[0].Msg, first.Base().ID) && strings.Contains(bad.Fields[0].Msg, "German")
	}
	overlap := s.ruleDoc(func(d *catalog.CommissionRuleDoc) { d.Name, d.Countries = "Alps", []string{"AT", "CH"} })
	if _, _, err := s.Create(t.Context(), owner, overlap, catalog.Idempotency{}); !ambiguous(err) {
		t.Fatalf("an overlapping rule: %v", err)
	}
	overlap.Priority = 1
	alps := s.create(overlap)
	overlap.Priority = 0
	if _, err := s.Update(t.Context(), owner, s.ws, alps.Base().ID, 0, overlap); !ambiguous(err) {
		t.Errorf("changed to overlap: %v", err)
	}
	overlap.Status = catalog.StatusPaused
	if _, err := s.Update(t.Context(), owner, s.ws, alps.Base().ID, 0, overlap); err != nil {
		t.Errorf("a paused one applies to nothing: %v", err)
	}
	overlap.Status = catalog.StatusActive
	if _, err := s.Update(t.Context(), owner, s.ws, alps.Base().ID, 0, overlap); !ambiguous(err) {
		t.Errorf("back in use: %v", err)
	}
	// Archived ones do not count, and come back only where there is room.
	if _, err := s.Archive(t.Context(), owner, catalog.KindCommissionRule, s.ws, first.Base().ID, 0, true); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), owner, s.ws, alps.Base().ID, 0, overlap); err != nil {
		t.Fatal(err)
	}
	_, err := s.Archive(t.Context(), owner, catalog.KindCommissionRule, s.ws, first.Base().ID, 0, false)
	var bad *catalog.Invalid
	if !errors.As(err, &bad) || bad.Fields[0].Rule != "ambiguous_rule" {
		t.Errorf("restored beside its rival: %v", err)
	}
	// A repeated request is not ambiguous with what it made itself.
	idem := catalog.Idempotency{Workspace: s.ws, Key: "k", Hash: "h"}
	again := s.ruleDoc(func(d *catalog.CommissionRuleDoc) { d.Customer = commission.New })
	one, _, err := s.Create(t.Context(), owner, again, idem)
	if err != nil {
		t.Fatal(err)
	}
	two, replayed, err := s.Create(t.Context(), owner, again, idem)
	if err != nil || !replayed || two.Base().ID != one.Base().ID {
		t.Errorf("repeated: %v, %v, %v", two, replayed, err)
	}
	idem.Key = "other"
	if _, _, err := s.Create(t.Context(), owner, again, idem); !errors.As(err, &bad) || bad.Fields[0].Rule != "ambiguous_rule" {
		t.Errorf("the same under another key: %v", err)
	}
}

// TestAmbiguousAtOnce: of rules saved at the same time one is made.
func TestAmbiguousAtOnce(t *testing.T) {
	s := newShelf(t)
	var made sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		made.Go(func() {
			_, _, errs[i] = s.Create(t.Context(), owner, s.ruleDoc(func(d *catalog.CommissionRuleDoc) { d.Countries = []string{"DE"} }), catalog.Idempotency{})
		})
	}
	made.Wait()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of the rules were made: %v", n, errs)
	}
}
