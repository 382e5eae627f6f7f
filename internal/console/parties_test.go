package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
)

func TestStatesGroupsAndManagers(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.populate(people)
	if res := w.request("POST", w.at("groups/new"), url.Values{"name": {"Gold <b>"}, "notes": {"The best."}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("new group: %d", res.StatusCode)
	}
	gs, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindGroup, Workspace: w.ws.ID})
	if err != nil || len(gs) != 1 {
		t.Fatalf("groups %v, %v", gs, err)
	}
	gold := gs[0].Base().ID
	if page := w.page(w.at("groups")); !strings.Contains(page, "Gold &lt;b&gt;") || !strings.Contains(page, "The best.") {
		t.Error("the list lacks the group")
	}
	staff, err := w.acc.Staff(t.Context(), w.owner, w.ws.ID)
	if err != nil || len(staff) != 1 {
		t.Fatalf("staff %v, %v", staff, err)
	}
	pub := w.pubs[0]
	res := w.request("POST", w.at("publishers/"+pub.ID+"/edit"), url.Values{"_version": {"1"}, "name": {pub.Name}, "email": {pub.Email}, "status": {"banned"},
		"reason": {"Bought clicks."}, "group": {gold}, "manager": {staff[0].ID}, "website": {"blog.example"}, "promotion": {"Reviews\nand mail"}, "postback_url": {""}, "notes": {""}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("ban: %d", res.StatusCode)
	}
	page := w.page(w.at("publishers/" + pub.ID))
	for _, want := range []string{"banned", "Bought clicks.", "Gold &lt;b&gt;", "https://blog.example", "Reviews"} {
		if !strings.Contains(page, want) {
			t.Errorf("the publisher's page lacks %q", want)
		}
	}
	for query, want := range map[string]bool{"?group=" + gold: true, "?status=banned": true, "?status=rejected": false, "?manager=" + staff[0].ID: true, "?manager=" + staff[0].ID + "&status=active": false} {
		if got := strings.Contains(w.page(w.at("publishers")+query), "publishers/"+pub.ID); got != want {
			t.Errorf("publishers%s has the banned one: %v, want %v", query, got, want)
		}
	}
}
