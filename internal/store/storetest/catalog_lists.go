package storetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clickledger/internal/catalog"
)

func testCatalogPages(t *testing.T, s *Stores) {
	var all []catalog.Entity
	for i := range 25 {
		all = append(all, &catalog.Publisher{Meta: catalog.Meta{ID: id("pub", i), Workspace: home, Archived: i%5 == 0}, Name: fmt.Sprint(i)})
	}
	must(t, s.Catalog.InsertAll(ctx, all, catalog.Audit{}))
	for archived, want := range map[string]int{"": 20, "only": 5, "all": 25} {
		var got []string
		after := ""
		for page := 0; ; page++ {
			rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindPublisher, Workspace: home, Archived: archived, After: after, Limit: 7}))
			if len(rows) == 0 {
				break
			}
			if len(rows) > 7 || page > 4 {
				t.Fatalf("page %d has %d rows", page, len(rows))
			}
			for _, r := range rows {
				got = append(got, r.Base().ID)
			}
			after = got[len(got)-1]
		}
		if len(got) != want || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
			t.Errorf("archived %q: %d rows, want %d, newest first: %v", archived, len(got), want, got)
		}
	}
	_, err := s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindPublisher, Workspace: home, Archived: "yes"})
	wantInvalid(t, err, "archived", "not_one_of")
}

func testCatalogFilters(t *testing.T, s *Stores) {
	put(t, s, sample(home, "a", 1)...)
	put(t, s, &catalog.Offer{Meta: catalog.Meta{ID: id("off", 9), Workspace: home}, Status: catalog.StatusActive})
	for i, e := range sample(home, "a", 1) {
		if o, ok := e.(*catalog.Offer); ok { // its fallback is an offer that is there
			o = get[catalog.Entity](t)(s.Catalog.Get(ctx, catalog.KindOffer, home, o.ID)).(*catalog.Offer)
			o.FallbackOffer = id("off", 9)
			must(t, s.Catalog.Update(ctx, o, catalog.Audit{}))
		}
		for _, name := range catalog.Filters[e.Kind()] {
			if name == "tag" {
				continue // see testTagFilter
			}
			v := fmt.Sprint(reflect.ValueOf(sample(home, "a", 1)[i]).Elem().FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, strings.ReplaceAll(name, "_", "")) }))
			if name == "fallback_offer" {
				v = id("off", 9)
			}
			for value, want := range map[string]int{v: 1, v + "x": 0, strings.ToLower(v) + strings.ToUpper(v): 0} {
				rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: e.Kind(), Workspace: home, Tests: true, Filter: map[string]string{name: value}}))
				if len(rows) != want {
					t.Errorf("%s with %s=%q: %d rows, want %d", e.Kind(), name, value, len(rows), want)
				}
			}
		}
		_, err := s.Catalog.List(ctx, catalog.Query{Kind: e.Kind(), Workspace: home, Filter: map[string]string{"id = '' OR 1=1 --": "x"}})
		wantInvalid(t, err, "id = '' OR 1=1 --", "not_one_of")
	}
	rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindOffer, Workspace: home, Filter: map[string]string{"status": catalog.StatusActive, "advertiser": ""}}))
	equal(t, len(rows), 1)
	for _, kind := range []catalog.Kind{catalog.KindGoal, catalog.KindEnrollment, catalog.KindLink, catalog.KindCoupon, catalog.KindTerms, catalog.KindCommissionRule} {
		equal(t, len(get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: kind, Workspace: home, Tests: true, Offers: []string{id("off", 9), id("off", 1)}}))), 1)
		equal(t, len(get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: kind, Workspace: home, Tests: true, Offers: []string{id("off", 9)}}))), 0)
	}
}

// testTagFilter: a tag finds the offers that have exactly it, whatever it is made of:
// each of these would be a part of another's JSON.
func testTagFilter(t *testing.T, s *Stores) {
	tags := []string{"a", "A", "ab", ",", `"`, `"a"`, `x","a`, `\`, `\"`, "[]", "%", "ü", "a b", "null", "1"}
	for i, tag := range tags {
		put(t, s, &catalog.Offer{Meta: catalog.Meta{ID: id("off", i), Workspace: home}, Tags: []string{tag, "all"}})
	}
	put(t, s, &catalog.Offer{Meta: catalog.Meta{ID: id("off", 90), Workspace: home}}, &catalog.Offer{Meta: catalog.Meta{ID: id("off", 91), Workspace: "ws_" + strings.Repeat("9", 16)}, Tags: tags})
	found := func(q catalog.Query) []string {
		q.Kind, q.Workspace = catalog.KindOffer, home
		var out []string
		for _, e := range get[[]catalog.Entity](t)(s.Catalog.List(ctx, q)) {
			out = append(out, e.Base().ID)
		}
		return out
	}
	for i, tag := range tags {
		equal(t, found(catalog.Query{Filter: map[string]string{"tag": tag}}), []string{id("off", i)})
	}
	equal(t, len(found(catalog.Query{Filter: map[string]string{"tag": "all"}})), len(tags))
	equal(t, found(catalog.Query{Filter: map[string]string{"tag": "all"}, After: id("off", 2)}), []string{id("off", 1), id("off", 0)})
	equal(t, found(catalog.Query{Filter: map[string]string{"tag": "al"}}), nil)
	equal(t, found(catalog.Query{Filter: map[string]string{"tag": "all", "status": "paused"}}), nil)
}

func testSearch(t *testing.T, s *Stores) {
	names := []string{"Alpha Shop", "ALPHABET", "Öl & Käse", "100% legal", "under_score", `back\slash`, "plain"}
	for i, name := range names {
		put(t, s, &catalog.Advertiser{Meta: catalog.Meta{ID: id("adv", i), Workspace: home}, Name: name})
	}
	for text, want := range map[string][]string{
		"alpha": {"ALPHABET", "Alpha Shop"}, "SHOP": {"Alpha Shop"}, "öL": {"Öl & Käse"}, "KÄSE": {"Öl & Käse"},
		"%": {"100% legal"}, "_score": {"under_score"}, "r_s": {"under_score"}, "d_r": nil, `\`: {`back\slash`}, "'": nil,
		"ADV_0000000000000006": {"plain"}, "nothing": nil, "a%a": nil, "": {"plain", `back\slash`, "under_score", "100% legal", "Öl & Käse", "ALPHABET", "Alpha Shop"},
	} {
		rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindAdvertiser, Workspace: home, Search: text}))
		var got []string
		for _, r := range rows {
			got = append(got, r.(*catalog.Advertiser).Name)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("search %q (-want +got):\n%s", text, d)
		}
	}
}

func testListWorkspaces(t *testing.T, s *Stores) {
	for i := range 5 {
		ws := id("ws", i)
		put(t, s, &catalog.Workspace{Meta: catalog.Meta{ID: ws, Workspace: ws}, Name: fmt.Sprint("w", i)})
	}
	list := func(q catalog.Query) []string {
		q.Kind = catalog.KindWorkspace
		var ids []string
		for _, e := range get[[]catalog.Entity](t)(s.Catalog.List(ctx, q)) {
			ids = append(ids, e.Base().ID)
		}
		return ids
	}
	equal(t, list(catalog.Query{}), []string{id("ws", 4), id("ws", 3), id("ws", 2), id("ws", 1), id("ws", 0)})
	equal(t, list(catalog.Query{IDs: []string{id("ws", 1), id("ws", 3), "nothing"}}), []string{id("ws", 3), id("ws", 1)})
	equal(t, list(catalog.Query{Workspace: id("ws", 1)}), []string{id("ws", 1)})
	equal(t, list(catalog.Query{Workspace: id("ws", 1), IDs: []string{id("ws", 2)}}), nil)
}
