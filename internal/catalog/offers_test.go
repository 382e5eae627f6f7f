package catalog_test

import (
	"errors"
	"testing"

	"clickledger/internal/catalog"
)

// A keyword parameter that is the click id's is refused: it would take its place in the URL
// (see routing), and no postback could name the click any more.
func TestKeywordParamIsNotTheClickIDs(t *testing.T) {
	s := newShelf(t)
	net := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Net", Type: "network", ClickParam: "aff_sub"}).Base().ID
	for name, change := range map[string]func(d *catalog.OfferDoc){
		"of the URL": func(d *catalog.OfferDoc) {
			d.URL = "https://shop.example/?c={click_id}&x=1"
			d.Keywords = []catalog.KeywordDoc{{Param: "c", Value: "shoes", Weight: 1}}
		},
		"that is added": func(d *catalog.OfferDoc) {
			d.URL = "https://shop.example/"
			d.Advertiser, d.AppendClickID = net, true
			d.Keywords = []catalog.KeywordDoc{{Param: "aff_sub", Value: "shoes", Weight: 1}}
		},
		"another token's": func(d *catalog.OfferDoc) {
			d.URL = "https://shop.example/?c={click_id}&pid={publisher_id}"
			d.Keywords = []catalog.KeywordDoc{{Param: "pid", Value: "shoes", Weight: 1}}
		},
	} {
		d := offerDoc()
		d.Workspace = s.ws
		change(d)
		_, _, err := s.Create(t.Context(), owner, d, catalog.Idempotency{Workspace: s.ws})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) {
			t.Errorf("%s: taken (%v)", name, err)
		}
	}
}

// The chain of fallback offers is bounded from its beginning, whichever offer of it is
// saved last: routing follows no longer one, and visitors behind the fifth are lost.
func TestChainOfFallbacksIsBoundedFromItsBeginning(t *testing.T) {
	s := newShelf(t)
	var ids []string
	for range 8 {
		d := offerDoc()
		d.Workspace = s.ws
		ids = append(ids, s.create(d).Base().ID)
	}
	refused := false
	for i := range len(ids) - 1 {
		_, err := s.BulkOffers(t.Context(), owner, s.ws, ids[i:i+1], catalog.BulkChange{FallbackOffer: &ids[i+1]}, false)
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.Get(t.Context(), owner, catalog.KindOffer, s.ws, ids[i])
		if err != nil {
			t.Fatal(err)
		}
		refused = refused || e.(*catalog.Offer).FallbackOffer == ""
	}
	if !refused {
		t.Errorf("a chain of %d offers was taken", len(ids))
	}
}
