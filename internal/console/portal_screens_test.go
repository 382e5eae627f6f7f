package console

import (
	"os"
	"path/filepath"
	"testing"

	"clickledger/internal/account"
)

// TestPortalScreens opens the main pages of the portals in Chromium, as [TestScreens] does
// those of staff.
func TestPortalScreens(t *testing.T) {
	dir, widths := os.Getenv("CONSOLE_SCREENS"), []int64{1440, 390}
	if dir == "" {
		if _, err := os.Stat(chromium); err != nil {
			if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
				t.Fatalf("CLICKLEDGER_TEST_ALL=1, but: %v", err)
			}
			t.Skipf("SKIPPED, NOT TESTED: the portals in a browser: %v", err)
		}
		if testing.Short() && os.Getenv("CLICKLEDGER_TEST_ALL") != "1" {
			t.Skip("SKIPPED, NOT TESTED: the portals in a browser: -short")
		}
		dir, widths = t.TempDir(), []int64{390}
	}
	b := openBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	sessions := map[string]string{}
	for kind, id := range map[string]string{account.PartyPublisher: w.pubs[0].ID, account.PartyAdvertiser: w.advs[0].ID} {
		u := &account.User{ID: "usr_" + kind, Email: kind + "@example.com", Name: "Mia Torres", PasswordHash: account.HashPassword(password), Workspaces: []string{w.ws.ID},
			Party: account.Party{Kind: kind, ID: id, Workspace: w.ws.ID}, Created: 1, Version: 1}
		w.must(w.db.Accounts().InsertUser(t.Context(), u))
		secret, _, err := w.acc.SignIn(t.Context(), u.Email, password, "192.0.2.9")
		w.must(err)
		sessions[kind] = secret
	}
	for _, s := range []struct{ name, party, path string }{
		{"overview", account.PartyPublisher, "/portal"}, {"offers", account.PartyPublisher, "/portal/offers"}, {"offer", account.PartyPublisher, "/portal/offers/" + w.lnks[0].Offer},
		{"links", account.PartyPublisher, "/portal/links"}, {"link", account.PartyPublisher, "/portal/links/" + w.lnks[0].ID}, {"statistics", account.PartyPublisher, "/portal/statistics?range=30d"},
		{"their-overview", account.PartyAdvertiser, "/portal"}, {"their-conversions", account.PartyAdvertiser, "/portal/conversions"}, {"their-offer", account.PartyAdvertiser, "/portal/offers/" + w.offs[0].ID},
	} {
		w.cookie = sessions[s.party]
		for _, width := range widths {
			b.shoot(w, s.path, width, "light", filepath.Join(dir, "portal-"+s.name+"-"+itoa(int(width))+".png"))
		}
	}
}
