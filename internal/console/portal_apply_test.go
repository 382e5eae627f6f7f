package console

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/portal/portaltest"
	"clickledger/internal/signup"
)

// applicants is a world with a publisher's session and an offer that it may apply to, with
// a question and terms.
func applicants(t *testing.T) (w *world, ours *portaltest.Side, sessions map[string]string, offer string) {
	t.Helper()
	w = newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, _, sessions = w.stage()
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Name, d.URL, d.Payout, d.CommissionKind, d.CommissionPercent, d.WindowDays, d.Attribution, d.GoLiveReason = "Trail shoes", "https://shop.example/?c={click_id}", "10.00", catalog.CommissionPercentPayout, "60", 14, catalog.FirstClick, "a test"
	d.Questions = []catalog.QuestionDoc{{Key: "size", Label: "How many visitors?", Kind: catalog.QuestionChoice, Options: []string{"few", "many"}, Required: true}}
	o := make2[*catalog.Offer](w, d)
	make2[*catalog.TermsVersion](w, &catalog.TermsDoc{Offer: o.ID, Text: "No bidding on the name.", CookieDays: 28, WindowDays: -1, Goals: []catalog.GoalCommissionDoc{}})
	return w, ours, sessions, o.ID
}

func (w *world) says(path string, wants ...string) {
	w.t.Helper()
	page := text(w.page(path))
	for _, want := range wants {
		if !strings.Contains(page, want) {
			w.t.Errorf("%s does not say %q: %s", path, want, page)
		}
	}
}

// An application from the first look to the link: what is missing is told, a rejection with
// its reason and when one may come back, and an announced version of the terms with what it
// will pay.
func TestPublisherApplies(t *testing.T) {
	w, ours, sessions, offer := applicants(t)
	staff, at := w.cookie, "/portal/offers/"+offer
	pub := func() { w.cookie = sessions[account.PartyPublisher] }
	send := func(path string, form url.Values, want int) string {
		t.Helper()
		res := w.request("POST", at+path, form)
		page := text(body(t, res))
		if res.StatusCode != want {
			t.Fatalf("%s%s = %d, want %d: %s", at, path, res.StatusCode, want, page)
		}
		return page
	}
	applications := func() (n int) {
		es, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"offer": offer}})
		w.must(err)
		trail, err := w.db.Catalog().Trail(t.Context(), w.ws.ID, es[0].Base().ID, 100)
		w.must(err)
		for _, a := range trail {
			if a.Action == "apply" {
				n++
			}
		}
		return n
	}
	pub()
	w.says("/portal/offers", "Trail shoes", "may apply", "6.00 USD", "28 days")
	w.says(at, "No bidding on the name.", "How many visitors?", "up to 14 days after its click", "the first click of a visitor", "6.00 USD", "The cookie lives 28 days.")
	if page := text(w.page("/portal/offers?show=mine")); strings.Contains(page, "Trail shoes") {
		t.Errorf("an offer that was not applied for is among the publisher's own: %s", page)
	}
	if page := send("/apply", url.Values{"version": {"1"}, "answers.size": {"none of them"}}, 422); !strings.Contains(page, "terms_required") || !strings.Contains(page, "not_one_of") {
		t.Errorf("neither the answer nor the terms are refused: %s", page)
	}
	form := url.Values{"version": {"1"}, "terms": {"true"}, "answers.size": {"many"}}
	send("/apply", form, 303)
	w.says(at, "It waits for a decision.", "many", "Withdraw the application")
	send("/apply", form, 303)
	if n := applications(); n != 1 {
		t.Errorf("an application sent twice counts %d times", n)
	}
	send("/withdraw", nil, 303)
	send("/apply", form, 303)
	es, err := w.cat.List(t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"offer": offer}})
	w.must(err)
	e := es[0].(*catalog.Enrollment)
	if len(es) != 1 || e.AcceptedBy != ours.IDs["publisher_user"] || e.AcceptedFrom == "" || e.Terms != 1 {
		t.Errorf("what was accepted, by whom and from where, is not kept: %+v", e)
	}
	decide := func(action, why string) {
		t.Helper()
		done, err := w.cat.Decide(t.Context(), w.owner, w.ws.ID, catalog.Decision{IDs: []string{e.ID}, Action: action, Reason: why})
		w.must(err)
		w.must(done[0].Err)
	}
	decide(catalog.ActReject, "The site is empty")
	w.says("/portal/offers?show=mine", "rejected", "The site is empty. You may apply again from")
	w.says(at, "rejected", "The site is empty. You may apply again from "+w.now.AddDate(0, 0, 30).In(time.UTC).Format("2006-01-02"))
	send("/apply", form, 303)
	w.says(at, "rejected") // it came too early
	w.now = w.now.AddDate(0, 0, 31)
	secret, _, err := w.acc.SignIn(t.Context(), ours.Emails[account.PartyPublisher], portaltest.Password, "192.0.2.8")
	w.must(err)
	sessions[account.PartyPublisher] = secret
	pub()
	send("/apply", form, 303)
	decide(catalog.ActApprove, "")
	page := w.page(at)
	if n := strings.Count(page, `data-copy="https://go.acme-affiliates.com/c/`); n != 1 {
		t.Errorf("the approval made %d links, want one: %s", n, text(page))
	}

	make2[*catalog.TermsVersion](w, &catalog.TermsDoc{Offer: offer, Text: "No bidding at all.", From: w.now.AddDate(0, 0, 7).Format(time.RFC3339), CommissionKind: catalog.CommissionFixed, Commission: "4.25", CookieDays: 7, WindowDays: -1, Goals: []catalog.GoalCommissionDoc{}})
	w.says(at, "6.00 USD", "Terms, version 2", "Announced: in force from", "4.25 USD", "No bidding at all.", "Accept version 2")
	send("/terms", url.Values{"terms": {"2"}}, 303)
	if page := text(w.page(at)); strings.Contains(page, "Accept version 2") {
		t.Errorf("what was accepted is asked for again: %s", page)
	}
	w.now = w.now.AddDate(0, 0, 8)
	secret, _, err = w.acc.SignIn(t.Context(), ours.Emails[account.PartyPublisher], portaltest.Password, "192.0.2.8")
	w.must(err)
	w.cookie = secret
	w.says(at, "4.25 USD", "In force since", "The cookie lives 7 days.")
	if page := text(w.page(at)); strings.Contains(page, "6.00 USD") || strings.Contains(page, "10.00") {
		t.Errorf("the page tells the commission of before, or the payout: %s", page)
	}
	w.cookie = staff
}

// A creative is shown with HTML that leads through the publisher's own link.
func TestPublisherPastesCreatives(t *testing.T) {
	w, ours, sessions, _ := applicants(t)
	w.cookie = sessions[account.PartyPublisher]
	key := ours.Rows[catalog.KindLink].(*catalog.Link).Key
	w.says("/portal/offers/"+ours.IDs["offer"], "Creative ours", "text")
	page := w.page("/portal/creatives/" + ours.IDs["creative"])
	for _, want := range []string{"/c/" + key + "?cr=" + ours.IDs["creative"], "/i/" + key + "/" + ours.IDs["creative"] + ".gif", "Headline ours"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q: %s", want, text(page))
		}
	}
	// A banner's picture is shown there, as it was uploaded; it is no page of this origin.
	src := "/portal/creatives/" + ours.IDs["banner"] + "/image"
	if page := w.page("/portal/creatives/" + ours.IDs["banner"]); !strings.Contains(page, `src="`+src+`"`) {
		t.Errorf("the banner's page does not show it: %s", text(page))
	}
	res := w.request("GET", src, nil)
	body, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK || string(body) != portaltest.Pixel || res.Header.Get("Content-Type") != "image/png" || !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the image = %d %v %q", res.StatusCode, res.Header, body)
	}
	if res := w.request("GET", "/portal/creatives/"+ours.IDs["creative"]+"/image", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("the image of a text = %d", res.StatusCode)
	}
}

// What an account is closed or paused for stands on its page, for both parties.
func TestPortalTellsWhy(t *testing.T) {
	w, ours, sessions, _ := applicants(t)
	set := func(kind catalog.Kind, status, reason string) {
		t.Helper()
		id := ours.IDs[string(kind)]
		e, err := w.cat.Get(t.Context(), w.owner, kind, w.ws.ID, id)
		w.must(err)
		d := catalog.DocOf(e, "")
		switch d := d.(type) {
		case *catalog.PublisherDoc:
			d.Status, d.Reason = status, reason
		case *catalog.AdvertiserDoc:
			d.Status, d.Reason = status, reason
		}
		_, err = w.cat.Update(t.Context(), w.owner, w.ws.ID, id, 0, d)
		w.must(err)
	}
	for _, party := range []string{account.PartyPublisher, account.PartyAdvertiser} {
		w.cookie = sessions[party]
		for _, tc := range []struct{ status, says string }{
			{catalog.StatusPending, "waits for approval"}, {catalog.StatusRejected, "was not accepted"}, {catalog.StatusBanned, "closed by the program"}, {catalog.StatusPaused, "Your account is paused"},
		} {
			set(catalog.Kind(party), tc.status, "Because of "+tc.status)
			w.says("/portal", tc.says, "Because of "+tc.status)
			res := w.request("GET", "/portal/offers", nil)
			if open := res.StatusCode == http.StatusOK; open != (tc.status == catalog.StatusPaused) {
				t.Errorf("%s, %s: the offers answer %d", party, tc.status, res.StatusCode)
			}
		}
		set(catalog.Kind(party), catalog.StatusActive, "An old reason")
		if page := text(w.page("/portal")); strings.Contains(page, "An old reason") {
			t.Errorf("%s: what is over is told: %s", party, page)
		}
	}
}

// A colleague who is invited comes in by the link, and has the same portal; a link that was
// taken back opens nothing.
func TestPartyInvitesColleagues(t *testing.T) {
	w, ours, sessions, _ := applicants(t)
	w.cookie = sessions[account.PartyAdvertiser]
	invite := func(email string, want int) {
		t.Helper()
		if res := w.request("POST", "/portal/people/invite", url.Values{"email": {email}, "name": {"Pia"}}); res.StatusCode != want {
			t.Fatalf("%s = %d, want %d", email, res.StatusCode, want)
		}
	}
	invite("no address", 422)
	invite("pia@colleagues.example", 303)
	w.says("/portal/people", "pia@colleagues.example", "open", "Take it back")
	link := func(email string) string {
		t.Helper()
		ms, err := w.mails.List(t.Context(), w.owner, w.ws.ID, "", "", 50)
		w.must(err)
		for _, m := range ms {
			if m.To == email && m.Link != "" {
				u, err := url.Parse(m.Link)
				w.must(err)
				return u.Query().Get("token")
			}
		}
		t.Fatalf("no mail with a link for %s", email)
		return ""
	}
	mine := w.cookie
	w.cookie = ""
	if res := w.request("POST", "/invitation", url.Values{"token": {link("pia@colleagues.example")}, "name": {"Pia"}, "password": {"a password of hers"}}); res.StatusCode != 200 {
		t.Fatalf("accepted = %d", res.StatusCode)
	}
	secret, u, err := w.acc.SignIn(t.Context(), "pia@colleagues.example", "a password of hers", "192.0.2.8")
	w.must(err)
	if u.Party != ours.Party(account.PartyAdvertiser) {
		t.Errorf("the colleague belongs to %+v", u.Party)
	}
	w.cookie = secret
	w.says("/portal/offers", "Offer planted ours")
	w.cookie = mine
	w.says("/portal/people", "Pia", "accepted")
	invite("paul@colleagues.example", 303)
	token := link("paul@colleagues.example")
	id := ""
	for _, i := range w.invitations(ours.Party(account.PartyAdvertiser)) {
		if i.Email == "paul@colleagues.example" {
			id = i.ID
		}
	}
	if res := w.request("POST", "/portal/people/invitation", url.Values{"id": {id}, "do": {"revoke"}}); res.StatusCode != 303 {
		t.Fatalf("taken back = %d", res.StatusCode)
	}
	w.says("/portal/people", "revoked")
	w.cookie = ""
	if res := w.request("POST", "/invitation", url.Values{"token": {token}, "password": {"a password of his"}}); res.StatusCode == 200 {
		t.Error("a link that was taken back let somebody in")
	}
}

func (w *world) invitations(party account.Party) []*signup.Invitation {
	w.t.Helper()
	rows, err := w.signups.Invitations(w.t.Context(), w.owner, party, "", signup.MaxLimit)
	w.must(err)
	return rows
}
