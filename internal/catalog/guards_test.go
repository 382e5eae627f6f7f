package catalog_test

import (
	"errors"
	"slices"
	"testing"

	"clickledger/internal/catalog"
)

// Guards are refused field by field, and kept in one way of writing.
func TestGuards(t *testing.T) {
	s := newShelf(t)
	for name, c := range map[string]struct {
		doc  catalog.AdvertiserDoc
		path string
		rule string
	}{
		"no address":         {catalog.AdvertiserDoc{AllowIPs: []string{"192.0.2.7", "shop.example"}}, "allow_ips", "not_an_address"},
		"no network":         {catalog.AdvertiserDoc{AllowIPs: []string{"192.0.2.0/33"}}, "allow_ips", "not_an_address"},
		"no parameter":       {catalog.AdvertiserDoc{RequiredParams: []string{"order number"}}, "required_params", "characters"},
		"no name":            {catalog.AdvertiserDoc{Renames: []catalog.RenameDoc{{Param: "txid", Theirs: "a b"}}}, "renames[0].theirs", "characters"},
		"a name twice":       {catalog.AdvertiserDoc{Renames: []catalog.RenameDoc{{Param: "txid", Theirs: "a"}, {Param: "coupon", Theirs: "a"}}}, "renames[1].theirs", "duplicate_row"},
		"the token":          {catalog.AdvertiserDoc{Renames: []catalog.RenameDoc{{Param: "token", Theirs: "a"}}}, "renames[0].param", "token_is_fixed"},
		"a word twice":       {catalog.AdvertiserDoc{StatusMap: []catalog.StatusWordDoc{{Theirs: "OK", Status: "approved"}, {Theirs: "ok", Status: "pending"}}}, "status_map[1].theirs", "duplicate_row"},
		"a word for nothing": {catalog.AdvertiserDoc{StatusMap: []catalog.StatusWordDoc{{Theirs: "OK"}}}, "status_map[0].status", "required"},
		"ages":               {catalog.AdvertiserDoc{MinClickSeconds: 7200, MaxClickHours: 1}, "max_click_hours", "out_of_range"},
	} {
		d := c.doc
		d.Workspace, d.Name, d.Type, d.Status = s.ws, "Shop", "merchant", "active"
		_, _, err := s.Create(t.Context(), owner, &d, catalog.Idempotency{})
		var bad *catalog.Invalid
		if !errors.As(err, &bad) || !slices.ContainsFunc(bad.Fields, func(f catalog.FieldError) bool { return f.Field == c.path && f.Rule == c.rule }) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := s.create(&catalog.AdvertiserDoc{Workspace: s.ws, Name: "Shop", Type: "merchant", AllowIPs: []string{" 192.0.2.77/24 ", "::ffff:198.51.100.1", "2001:DB8::1", "192.0.2.0/24", ""}}).(*catalog.Advertiser)
	if want := []string{"192.0.2.0/24", "198.51.100.1", "2001:db8::1"}; !slices.Equal(a.Guards.AllowIPs, want) {
		t.Errorf("kept as %v, want %v", a.Guards.AllowIPs, want)
	}
}
