package catalog_test

import (
	"errors"
	"testing"

	"clickledger/internal/catalog"
)

func TestAnAdvertiserMadeFromATemplate(t *testing.T) {
	s := newShelf(t)
	doc := func() *catalog.AdvertiserDoc {
		d := catalog.NewDoc(catalog.KindAdvertiser).(*catalog.AdvertiserDoc)
		d.Name, d.Type, d.Template = "Flex", catalog.TypeNetwork, "flexoffers"
		return d
	}
	want, _ := catalog.FindNetworkTemplate("flexoffers")
	a := s.create(doc()).(*catalog.Advertiser)
	if a.ClickParam != want.ClickParam || a.Macros != want.Macros || a.Template != "flexoffers" {
		t.Errorf("made as %+v", a)
	}

	d := doc()
	d.ClickParam, d.PayoutMacro = "fobs2", "#other#"
	b := s.create(d).(*catalog.Advertiser)
	if b.ClickParam != "fobs2" || b.Macros.Payout != "#other#" || b.Macros.ClickID != want.Macros.ClickID {
		t.Errorf("what was given is kept: %+v", b)
	}

	// Later the template has no effect: what was emptied stays empty.
	d = catalog.DocOf(a, "").(*catalog.AdvertiserDoc)
	d.PayoutMacro = ""
	e, err := s.Update(t.Context(), owner, s.ws, a.ID, 0, d)
	if err != nil || e.(*catalog.Advertiser).Macros.Payout != "" {
		t.Errorf("%+v, %v", e, err)
	}

	d = doc()
	d.Template = "flexofers"
	_, _, err = s.Create(t.Context(), owner, d, catalog.Idempotency{Workspace: s.ws})
	var bad *catalog.Invalid
	if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != "template" || bad.Fields[0].Rule != "unknown_template" {
		t.Errorf("an unknown template: %v", err)
	}
	d = catalog.DocOf(a, "").(*catalog.AdvertiserDoc)
	d.Template = "nobody"
	_, err = s.Update(t.Context(), owner, s.ws, a.ID, 0, d)
	if !errors.As(err, &bad) {
		t.Errorf("an unknown template at a change: %v", err)
	}
}
