package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// program is an offer of an advertiser with an enrolled publisher.
func (s *shelf) program(advertiser, publisher string) (offer string) {
	s.t.Helper()
	d := offerDoc()
	d.Workspace, d.Advertiser = s.ws, advertiser
	offer = s.create(d).Base().ID
	s.create(&catalog.EnrollmentDoc{Workspace: s.ws, Offer: offer, Publisher: publisher, Status: catalog.Approved})
	return offer
}

func TestCoupons(t *testing.T) {
	s := newShelf(t)
	pub := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Blog", Status: catalog.StatusActive}).Base().ID
	stranger := s.create(&catalog.PublisherDoc{Workspace: s.ws, Name: "Stranger", Status: catalog.StatusActive}).Base().ID
	shop := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Shop", Type: "merchant"}).Base().ID
	second := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Second", Type: "merchant"}).Base().ID
	shoes, boots, theirs, house := s.program(shop, pub), s.program(shop, pub), s.program(second, pub), s.program("", pub)
	doc := func(change func(d *catalog.CouponDoc)) *catalog.CouponDoc {
		d := catalog.NewDoc(catalog.KindCoupon).(*catalog.CouponDoc)
		d.Workspace, d.Offer, d.Publisher, d.Code = s.ws, shoes, pub, "x"
		change(d)
		return d
	}
	c := s.create(doc(func(d *catalog.CouponDoc) { d.Code, d.ValidFrom = "  Größe 10% ", "2026-03-01" })).(*catalog.Coupon)
	if c.Code != "Größe 10%" || c.Advertiser != shop || !strings.HasPrefix(c.ID, "cpn_") {
		t.Errorf("coupon %+v", c)
	}
	s.create(doc(func(d *catalog.CouponDoc) { d.Offer, d.Code = theirs, "GRÖSSE 10%" }))
	s.create(doc(func(d *catalog.CouponDoc) { d.Offer, d.Code = theirs, "größe 10%" }))
	s.create(doc(func(d *catalog.CouponDoc) { d.Offer, d.Code = house, "größe 10%" }))
	if _, err := s.Archive(t.Context(), owner, catalog.KindCoupon, s.ws, c.ID, 0, true); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		field, rule string
		change      func(d *catalog.CouponDoc)
	}{
		"taken, though archived":      {"code", "taken", func(d *catalog.CouponDoc) { d.Offer, d.Code = boots, "GRÖßE 10%" }},
		"no code":                     {"code", "required", func(d *catalog.CouponDoc) { d.Code = "  " }},
		"too long":                    {"code", "too_long", func(d *catalog.CouponDoc) { d.Code = strings.Repeat("x", 65) }},
		"a line break":                {"code", "characters", func(d *catalog.CouponDoc) { d.Code = "a\nb" }},
		"a macro":                     {"code", "macro_unreplaced", func(d *catalog.CouponDoc) { d.Code = "{coupon}" }},
		"in brackets":                 {"code", "macro_unreplaced", func(d *catalog.CouponDoc) { d.Code = `["SPRING"]` }},
		"not a day":                   {"valid_from", "invalid_date", func(d *catalog.CouponDoc) { d.ValidFrom = "2026-02-30" }},
		"not a day either":            {"valid_until", "invalid_date", func(d *catalog.CouponDoc) { d.ValidUntil = "1.2.2026" }},
		"ends before it begins":       {"valid_until", "out_of_range", func(d *catalog.CouponDoc) { d.ValidFrom, d.ValidUntil = "2026-03-02", "2026-03-01" }},
		"no offer":                    {"offer", "required", func(d *catalog.CouponDoc) { d.Offer = "" }},
		"no such offer":               {"offer", "unknown_reference", func(d *catalog.CouponDoc) { d.Offer = "off_x" }},
		"no publisher":                {"publisher", "required", func(d *catalog.CouponDoc) { d.Publisher = "" }},
		"a publisher without a right": {"publisher", "enrollment_missing", func(d *catalog.CouponDoc) { d.Publisher = stranger }},
		"a state it has not":          {"status", "not_one_of", func(d *catalog.CouponDoc) { d.Status = "draft" }},
	} {
		_, _, err := s.Create(t.Context(), owner, doc(test.change), catalog.Idempotency{})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != test.field || bad.Fields[0].Rule != test.rule {
			t.Errorf("%s: %v, want %s on %s", name, err, test.rule, test.field)
		}
	}
	for field, change := range map[string]func(d *catalog.CouponDoc){
		"offer": func(d *catalog.CouponDoc) { d.Offer = boots }, "publisher": func(d *catalog.CouponDoc) { d.Publisher = stranger },
	} {
		d := doc(change)
		_, err := s.Update(t.Context(), owner, s.ws, c.ID, 0, d)
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || bad.Fields[0].Field != field || bad.Fields[0].Rule != "immutable" {
			t.Errorf("another %s: %v", field, err)
		}
	}
	es, err := s.List(t.Context(), owner, catalog.Query{Kind: catalog.KindCoupon, Workspace: s.ws, Filter: map[string]string{"code": " grÖße 10%", "advertiser": shop}, Archived: "all"})
	if err != nil || len(es) != 1 || es[0].Base().ID != c.ID {
		t.Errorf("by its code: %v, %v", es, err)
	}
}

// TestViewOfCoupons: a code is found in any case, after it was changed only by the new
// one, and views of before keep theirs.
func TestViewOfCoupons(t *testing.T) {
	coupon := func(id, advertiser, code string) *catalog.Coupon {
		return &catalog.Coupon{Meta: catalog.Meta{ID: id, Workspace: "ws_1"}, Advertiser: advertiser, Code: code}
	}
	first := catalog.NewView().With([]catalog.Entity{coupon("c1", "adv_1", "Spring"), coupon("c2", "adv_2", "SPRING")}, 1)
	second := first.With([]catalog.Entity{coupon("c1", "adv_1", "Summer")}, 2)
	for name, n := range map[string]int{
		"first spring": len(first.Coupons("ws_1", " sPrInG")), "second spring": len(second.Coupons("ws_1", "SPRING")), "second summer": len(second.Coupons("ws_1", "SUMMER")),
	} {
		if want := map[string]int{"first spring": 2, "second spring": 1, "second summer": 1}[name]; n != want {
			t.Errorf("%s: %d coupons, want %d", name, n, want)
		}
	}
	if len(first.Coupons("ws_1", "summer")) != 0 || len(second.Coupons("ws_2", "spring")) != 0 {
		t.Error("a coupon that is not there")
	}
}
