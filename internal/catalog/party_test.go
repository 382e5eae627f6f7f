package catalog_test

import (
	"errors"
	"testing"

	"clickledger/internal/catalog"
)

func TestGroupsAndSitesOfParties(t *testing.T) {
	s := newShelf(t)
	gold := s.create(&catalog.GroupDoc{Name: "Gold"}).Base().ID
	p := s.create(&catalog.PublisherDoc{Name: "Blog", Status: "active", Group: gold, Website: " blog.example "}).(*catalog.Publisher)
	if p.Website != "https://blog.example" {
		t.Errorf("website %q, want it completed", p.Website)
	}
	s.create(&catalog.PublisherDoc{Name: "Other", Status: "active"})
	found, err := s.List(t.Context(), owner, catalog.Query{Kind: catalog.KindPublisher, Workspace: s.ws, Filter: map[string]string{"group": gold}})
	if err != nil || len(found) != 1 || found[0].Base().ID != p.ID {
		t.Errorf("publishers of the group: %v, %v; want the one in it", found, err)
	}
	for _, c := range []struct {
		doc         catalog.Doc
		field, rule string
	}{
		{&catalog.GroupDoc{Name: "Gold"}, "name", "taken"},
		{&catalog.GroupDoc{Name: " "}, "name", "required"},
		{&catalog.PublisherDoc{Name: "x", Status: "gone"}, "status", "not_one_of"},
		{&catalog.PublisherDoc{Name: "x", Status: "active", Group: "grp_none"}, "group", "unknown_reference"},
		{&catalog.PublisherDoc{Name: "x", Status: "active", Website: "javascript:alert(1)"}, "website", "invalid_url"},
		{&catalog.PublisherDoc{Name: "x", Status: "active", Website: "javascript://x/%0aalert(1)"}, "website", "invalid_url"},
		{&catalog.PublisherDoc{Name: "x", Status: "active", Website: "https://ann:pw@blog.example"}, "website", "invalid_url"},
		{&catalog.AdvertiserDoc{Name: "x", Type: "merchant", Status: "active", ContactEmail: "ann"}, "contact_email", "invalid_email"},
		{&catalog.AdvertiserDoc{Name: "x", Type: "merchant", Status: "draft"}, "status", "not_one_of"},
	} {
		_, _, err := s.Create(t.Context(), owner, c.doc, catalog.Idempotency{Workspace: s.ws})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || bad.Fields[0].Field != c.field || bad.Fields[0].Rule != c.rule {
			t.Errorf("%+v: %v, want %s of %s", c.doc, err, c.rule, c.field)
		}
	}
}
