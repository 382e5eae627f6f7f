package catalog_test

import (
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

// TestSelfReferral: who is the advertiser may not earn from its offer; who only has a mail
// address or a page at the same provider may.
func TestSelfReferral(t *testing.T) {
	const self = "offer:self_referral"
	for name, c := range map[string]struct {
		email, website string   // of the publisher
		people         []string // who sign in for it
		shop           catalog.AdvertiserDoc
		offer, want    string
	}{
		"strangers":              {"ann@blog.example", "https://blog.example", []string{"bob@blog.example"}, catalog.AdvertiserDoc{ContactEmail: "boss@shop.example", Website: "https://shop.example"}, "", ""},
		"its address":            {"boss@shop.example", "", nil, catalog.AdvertiserDoc{}, "", self},
		"its subdomain":          {"boss@mail.SHOP.example", "", nil, catalog.AdvertiserDoc{}, "", self},
		"its site":               {"ann@blog.example", "https://www.shop.example/about", nil, catalog.AdvertiserDoc{}, "", self},
		"above its site":         {"ann@blog.example", "https://shop.example", nil, catalog.AdvertiserDoc{}, "https://uk.shop.example/", self},
		"beside its site":        {"ann@blog.example", "https://notshop.example", nil, catalog.AdvertiserDoc{}, "", ""},
		"the advertiser's site":  {"ann@blog.example", "https://brand.example", nil, catalog.AdvertiserDoc{Website: "https://www.brand.example"}, "", self},
		"the contact's host":     {"ann@blog.example", "https://brand.example", nil, catalog.AdvertiserDoc{ContactEmail: "boss@brand.example"}, "", self},
		"the contact":            {"Boss@gmail.com", "", nil, catalog.AdvertiserDoc{ContactEmail: "boss@GMAIL.com"}, "", self},
		"the contact signs in":   {"ann@blog.example", "", []string{"ann@blog.example", "boss@gmail.com"}, catalog.AdvertiserDoc{ContactEmail: "boss@gmail.com"}, "", self},
		"one of the shop's":      {"ann@blog.example", "", []string{"bob@shop.example"}, catalog.AdvertiserDoc{}, "", self},
		"no addresses":           {"", "", nil, catalog.AdvertiserDoc{}, "", ""},
		"the same free mail":     {"ann@gmail.com", "", []string{"bob@yahoo.co.uk"}, catalog.AdvertiserDoc{ContactEmail: "boss@gmail.com", Website: "https://yahoo.co.uk"}, "", ""},
		"the same platform":      {"ann@blog.example", "https://www.facebook.com/ann", nil, catalog.AdvertiserDoc{Website: "https://facebook.com/shop"}, "", ""},
		"the same host of shops": {"ann@blog.example", "https://ann.myshopify.com", nil, catalog.AdvertiserDoc{Website: "https://myshopify.com"}, "https://shop.myshopify.com/?c={click_id}", ""},
		"its own one there":      {"ann@blog.example", "https://shop.myshopify.com", nil, catalog.AdvertiserDoc{}, "https://shop.myshopify.com/?c={click_id}", self},
		"the same address":       {"ann@blog.example", "http://192.0.2.1/ann", nil, catalog.AdvertiserDoc{}, "http://192.0.2.1/shop?c={click_id}", ""},
		"a network's host":       {"ann@track.example", "https://track.example", nil, catalog.AdvertiserDoc{Type: "network", Website: "https://track.example"}, "https://track.example/?c={click_id}", ""},
		"a network's contact":    {"boss@net.example", "", nil, catalog.AdvertiserDoc{Type: "network", ContactEmail: "boss@net.example"}, "", self},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, catalog.VisibilityApproval)
			shop := c.shop
			shop.Workspace, shop.Name, shop.Status = s.ws, "Brand", catalog.StatusActive
			if shop.Type == "" {
				shop.Type = catalog.TypeMerchant
			}
			o := *s.offer
			o.Advertiser = s.create(&shop).Base().ID
			if c.offer != "" {
				o.URL = c.offer
			}
			s.id = s.create(&o).Base().ID
			s.pub.Email, s.pub.Website = c.email, c.website
			s.mustUpdate(s.who.Publisher, s.pub)
			s.people = c.people
			if _, why := s.apply(good()); why != c.want {
				t.Errorf("%q, want %q", why, c.want)
			}
			if c.want == "" {
				return
			}
			// Kept once, for staff to see, without a link; who mends its addresses need not wait.
			if _, why := s.apply(good()); why != self {
				t.Errorf("again: %q", why)
			}
			if e := s.enrollment(); e.Status != catalog.Rejected || !strings.Contains(e.Reason, "belong to this offer's advertiser") || e.Version != 1 || e.Applied == 0 || e.Decided != 0 || len(s.links()) != 0 {
				t.Errorf("kept as %+v", e)
			}
			s.pub.Email, s.pub.Website, s.people = "ann@other.example", "", nil
			s.mustUpdate(s.who.Publisher, s.pub)
			if o, why := s.apply(good()); why != "" || o.Status != catalog.Applied || o.Reason != "" {
				t.Errorf("mended: %q %+v", why, o)
			}
		})
	}
}
