package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/signup"
)

// TestPortalScreens opens the main pages of the portals in Chromium, as [TestScreens] does
// those of staff.
func TestPortalScreens(t *testing.T) {
	needBrowser(t)
	dir, widths, themes := os.Getenv("CONSOLE_SCREENS"), []int64{1440, 390}, []string{"light", "dark"}
	if dir == "" {
		dir, widths, themes = t.TempDir(), []int64{390}, []string{"light"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
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
	w.cookie = sessions[account.PartyPublisher]
	toApply, invited := w.dressed()
	pub, adv := account.PartyPublisher, account.PartyAdvertiser
	conv := func(of func(*conversion.Conversion) bool) string {
		for _, cv := range w.all() {
			if of(cv) {
				return cv.ID
			}
		}
		t.Fatal("no such conversion")
		return ""
	}
	mine := conv(func(cv *conversion.Conversion) bool { return cv.Publisher == w.pubs[0].ID })
	theirs := conv(func(cv *conversion.Conversion) bool { return cv.Advertiser == w.advs[0].ID })
	for _, s := range []struct{ name, party, path string }{
		{"overview", pub, "/portal"}, {"offers", pub, "/portal/offers"}, {"offers-mine", pub, "/portal/offers?show=mine"}, {"offer", pub, "/portal/offers/" + w.lnks[0].Offer}, {"offer-apply", pub, "/portal/offers/" + toApply}, {"offer-invited", pub, "/portal/offers/" + invited},
		{"creative", pub, "/portal/creatives/" + w.creativeOf(w.lnks[0].Offer)}, {"links", pub, "/portal/links"}, {"link-new", pub, "/portal/links/new"}, {"link", pub, "/portal/links/" + w.lnks[0].ID}, {"link-edit", pub, "/portal/links/" + w.lnks[0].ID + "/edit"},
		{"coupons", pub, "/portal/coupons"}, {"statistics", pub, "/portal/statistics?range=30d"}, {"statistics-creative", pub, "/portal/statistics?by=creative"}, {"conversions", pub, "/portal/conversions"}, {"conversion", pub, "/portal/conversions/" + mine}, {"balance", pub, "/portal/balance"},
		{"postbacks", pub, "/portal/postbacks"}, {"postback-new", pub, "/portal/postbacks/new"}, {"keys", pub, "/portal/keys"}, {"people", pub, "/portal/people"}, {"profile", pub, "/portal/profile"},
		{"their-overview", adv, "/portal"}, {"their-offers", adv, "/portal/offers"}, {"their-offer", adv, "/portal/offers/" + w.offs[0].ID}, {"their-test", adv, "/portal/offers/" + w.offs[0].ID + "/test"}, {"their-conversions", adv, "/portal/conversions"}, {"their-conversion", adv, "/portal/conversions/" + theirs},
		{"their-statistics", adv, "/portal/statistics?by=offer"}, {"their-signals", adv, "/portal/signals"}, {"their-keys", adv, "/portal/keys"}, {"their-people", adv, "/portal/people"}, {"their-profile", adv, "/portal/profile"},
	} {
		if want := os.Getenv("CONSOLE_PAGES"); want != "" && !strings.Contains(s.name, want) {
			continue
		}
		w.cookie = sessions[s.party]
		for _, width := range widths {
			for _, theme := range themes {
				b.shoot(w, s.path, width, theme, filepath.Join(dir, "portal-"+s.name+"-"+itoa(int(width))+"-"+theme+".png"))
			}
		}
	}
}

// dressed adds what portals show and the cast has not: creatives, an offer to apply to with
// questions and terms, one the publisher is invited to, and an invitation.
func (w *world) dressed() (toApply, invited string) {
	w.t.Helper()
	make2[*catalog.Creative](w, &catalog.CreativeDoc{Offer: w.lnks[0].Offer, Name: "Spring sale in words", Type: catalog.CreativeText, Headline: "Shoes that climb", Body: "Light and dry.", CallToAction: "Shop now", Status: catalog.StatusActive})
	make2[*catalog.CommissionRule](w, &catalog.CommissionRuleDoc{Name: "Volume", Offer: w.lnks[0].Offer, Status: catalog.StatusActive, CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "6", Categories: []string{"Hiking boots"}, Countries: []string{"DE", "AT"},
		TierMeasure: "sales", TierPeriod: "month", Tiers: []catalog.CommissionTierDoc{{From: "1000", CommissionPercent: "7"}, {From: "5000", CommissionPercent: "8.5"}}})
	asks := []catalog.QuestionDoc{{Key: "where", Label: "Where will you show it?", Required: true, Kind: catalog.QuestionLong, Options: []string{}}, {Key: "size", Label: "How many visitors do you have a month?", Kind: catalog.QuestionChoice, Options: []string{"up to 10 000", "more"}}}
	for _, o := range w.offs {
		es, err := w.cat.List(w.t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"offer": o.ID, "publisher": w.pubs[0].ID}, Limit: 1})
		w.must(err)
		if len(es) > 0 || o.Status != catalog.StatusActive || invited != "" {
			continue
		}
		d := catalog.DocOf(o, "").(*catalog.OfferDoc)
		d.Questions, d.Description = asks, "Shoes for mountains.\nOur buyers come back twice a year."
		_, err = w.cat.Update(w.t.Context(), w.owner, w.ws.ID, o.ID, 0, d)
		w.must(err)
		make2[*catalog.TermsVersion](w, &catalog.TermsDoc{Offer: o.ID, Text: "No bidding on the shop's name.\nNo coupons that you were not given.", Goals: []catalog.GoalCommissionDoc{}, WindowDays: -1})
		make2[*catalog.TermsVersion](w, &catalog.TermsDoc{Offer: o.ID, From: w.now.AddDate(0, 1, 0).Format(time.DateOnly), Text: "No bidding on the shop's name or its misspellings.", CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "7", Goals: []catalog.GoalCommissionDoc{}, WindowDays: -1})
		if toApply == "" {
			toApply = o.ID
		} else {
			invited = o.ID
			_, err := w.cat.Invite(w.t.Context(), w.owner, w.ws.ID, o.ID, []string{w.pubs[0].ID})
			w.must(err)
		}
	}
	_, err := w.signups.Invite(w.t.Context(), w.owner, signup.InviteDoc{Email: "pia@blog.example", Name: "Pia", Party: account.Party{Kind: account.PartyPublisher, ID: w.pubs[0].ID, Workspace: w.ws.ID}})
	w.must(err)
	return toApply, invited
}

// creativeOf is a creative of the offer.
func (w *world) creativeOf(offer string) string {
	es, err := w.cat.List(w.t.Context(), w.owner, catalog.Query{Kind: catalog.KindCreative, Workspace: w.ws.ID, Filter: map[string]string{"offer": offer}, Limit: 1})
	w.must(err)
	return es[0].Base().ID
}

// all are the conversions of the workspace, newest first.
func (w *world) all() []*conversion.Conversion {
	rows, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: w.ws.ID, Limit: 500})
	w.must(err)
	return rows
}
