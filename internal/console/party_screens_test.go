package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/signup"
	"clickledger/internal/wizard"
)

// TestPartyScreens looks at the pages about parties, agreements, creatives and postbacks, as
// [TestScreens] does at the others.
func TestPartyScreens(t *testing.T) {
	needBrowser(t)
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	out := *w
	out.cookie = ""
	fresh := newWorld(t, nil)
	fresh.signIn()
	fresh.workspace("Fresh")
	p := w.joined()
	tour(t, []screen{
		{"signup-page", &out, p.signup}, {"signup-closed", &out, "/signup/" + w.ws.ID + "/advertiser"}, {"signup-confirm", &out, p.confirm}, {"invited-page", &out, p.invited}, {"forgot", &out, "/forgot"}, {"bad-link", &out, "/confirm?token=clt_0"},
		{"signups", w, w.at("signups")}, {"signup", w, w.at("signups/" + p.waiting)}, {"signups-refused", w, w.at("signups") + "?state=refused"}, {"empty-signups", fresh, fresh.at("signups")},
		{"signup-settings", w, w.at("settings/signup/publisher")}, {"mail-settings", w, w.at("settings/mail")},
		{"invitations", w, w.at("invitations")}, {"invitation", w, w.at("invitations/" + p.invitation)}, {"empty-invitations", fresh, fresh.at("invitations")},
		{"groups", w, w.at("groups")}, {"empty-groups", fresh, fresh.at("groups")}, {"publisher-edit", w, w.at("publishers/" + w.pubs[0].ID + "/edit")},
		{"applications", w, w.at("applications")}, {"application", w, w.at("enrollments/" + p.application + "/edit")}, {"empty-applications", fresh, fresh.at("applications")},
		{"terms-new", w, w.at("terms/new") + "?offer=" + p.offer.ID}, {"terms-edit", w, w.at("terms/" + p.terms + "/edit")}, {"offer-asking", w, w.at("offers/" + p.offer.ID)},
		{"creative", w, w.at("creatives/"+w.banner().ID) + "?link=" + w.linkTo(w.offs[0].ID).ID}, {"creative-new", w, w.at("creatives/new") + "?offer=" + w.offs[0].ID}, {"creative-text", w, w.at("creatives/" + p.words)}, {"creative-edit", w, w.at("creatives/" + p.words + "/edit")},
		{"postback", w, w.at("postbacks/" + w.postbackOf(0))}, {"postback-new", w, w.at("postbacks/new") + "?publisher=" + w.pubs[0].ID}, {"postback-edit", w, w.at("postbacks/" + w.postbackOf(0) + "/edit")}, {"delivery", w, w.at("outbound/" + w.delivered())}, {"empty-outbound", fresh, fresh.at("outbound")},
		{"wizard", w, w.at("offers/" + w.offs[0].ID + "/test")}, {"wizard-before", w, w.at("offers/" + w.offs[1].ID + "/test")},
		{"account", w, w.at("ledger/account") + "?code=publisher_pending:" + w.pubs[0].ID + ":USD"},
	})
}

// party is what joined made.
type party struct {
	signup, confirm, invited                       string // paths of strangers
	waiting, invitation, application, terms, words string // ids
	offer                                          *catalog.Offer
}

// joined makes what people who want to join leave behind: sign-ups, invitations,
// applications to an offer with terms; and a test that is running.
func (w *world) joined() party {
	w.t.Helper()
	send := func(path string, form url.Values) string {
		w.t.Helper()
		res := w.request("POST", path, form)
		if res.StatusCode != http.StatusSeeOther {
			w.t.Fatalf("%s: %d", path, res.StatusCode)
		}
		return res.Header.Get("Location")
	}
	p := party{signup: "/signup/" + w.ws.ID + "/publisher"}
	send(w.at("settings/signup/publisher"), url.Values{"open": {"true"}, "intro": {"Earn with the shops you like. We answer within two days."}, "questions": {""}, "questions.0.label": {"How many visitors a month do you have?"}, "questions.0.kind": {"text"}, "questions.0.required": {"yes"},
		"questions.1.label": {"Where are they?"}, "questions.1.kind": {"choice"}, "questions.1.choices": {"Europe | America | Elsewhere"}, "questions.1.required": {"no"}, "terms": {"Be honest about what you are paid for."}, "group": {""}, "manager": {""}})
	for _, person := range []string{"Pia Okafor", "Tom Lindqvist", "Wei Zhang"} {
		mail := strings.ToLower(strings.Fields(person)[0]) + "@blog.example"
		if status, page := w.stranger("POST", p.signup, url.Values{"person": {person}, "email": {mail}, "name": {strings.Fields(person)[0] + "'s blog"}, "website": {"https://blog.example"}, "promotion": {"Reviews of what I wear, and a letter on Fridays."},
			"answer0": {"12,000"}, "answer1": {"Europe"}, "password": {password}, "terms": {"true", "false"}}); status != http.StatusOK {
			w.t.Fatalf("signing up: %d %s", status, text(page))
		}
	}
	rows, err := w.signups.List(w.t.Context(), w.owner, w.ws.ID, "", "", "", 10)
	w.must(err)
	for _, r := range rows[:2] {
		p.waiting = r.ID
		p.confirm = w.linkOf(w.page(w.at("signups/" + r.ID)))
		w.stranger("POST", "/confirm", url.Values{"token": {strings.TrimPrefix(p.confirm, "/confirm?token=")}})
	}
	p.confirm = w.linkOf(w.page(w.at("signups/" + rows[2].ID)))
	w.stranger("POST", p.signup, url.Values{"person": {"Anna"}, "email": {"anna@acme-affiliates.com"}, "name": {"Anna"}, "promotion": {"Mail"}, "answer0": {"1"}, "password": {password}, "terms": {"true", "false"}})
	if refused, err := w.signups.List(w.t.Context(), w.owner, w.ws.ID, signup.Refused, "", "", 10); err != nil || len(refused) != 1 {
		w.t.Fatalf("refused %v, %v", refused, err)
	}

	one := send(w.at("invitations"), url.Values{"email": {"lena@shop.example"}, "name": {"Lena Haas"}, "to": {"advertiser:" + w.advs[0].ID}})
	p.invitation = one[strings.LastIndex(one, "/")+1:]
	p.invited = w.linkOf(w.page(one))
	send(w.at("groups/new"), url.Values{"name": {"Gold"}, "notes": {"More than 100 sales a month."}})

	send(w.at("offers/new"), url.Values{"name": {"Boots, by application"}, "url": {"https://shop.example/boots?ref={click_id}"}, "status": {"active"}, "currency": {"USD"}, "payout_kind": {"fixed"}, "payout": {"5.00"}, "visibility": {"approval"},
		"questions.0.key": {"where"}, "questions.0.label": {"Where will you show them?"}, "questions.0.kind": {"text"}, "questions.0.required": {"true"}})
	p.offer = w.lastOffer()
	for _, from := range []string{"", "2999-01-01"} {
		send(w.at("terms/new"), url.Values{"offer": {p.offer.ID}, "text": {"No bidding on our name.\n\nNo mail without consent."}, "window_days": {"-1"}, "commission_kind": {"fixed"}, "commission": {"3.00"}, "from": {from}})
	}
	for _, pub := range w.pubs[:3] {
		_, err := w.cat.Apply(w.t.Context(), catalog.Applicant{Workspace: w.ws.ID, Publisher: pub.ID, Actor: "usr_1", Address: "203.0.113.9"}, p.offer.ID, &catalog.ApplicationDoc{Terms: 1, Answers: []catalog.AnswerDoc{{Key: "where", Value: "In the letter on Fridays, and beside the reviews."}}})
		w.must(err)
	}
	waiting, err := w.cat.List(w.t.Context(), w.owner, catalog.Query{Kind: catalog.KindEnrollment, Workspace: w.ws.ID, Filter: map[string]string{"status": catalog.Applied}})
	w.must(err)
	p.application = waiting[0].Base().ID
	list, err := w.cat.List(w.t.Context(), w.owner, catalog.Query{Kind: catalog.KindTerms, Workspace: w.ws.ID})
	w.must(err)
	p.terms = list[0].Base().ID
	p.words = make2[*catalog.Creative](w, &catalog.CreativeDoc{Offer: w.offs[0].ID, Name: "Short words", Type: catalog.CreativeText, Headline: "Shoes that last", Body: "Made in Porto, repaired for free.", Status: catalog.StatusActive}).ID

	w.must(w.db.Tests().InsertRun(w.t.Context(), &wizard.Run{ID: "tsr_1", Workspace: w.ws.ID, Offer: w.offs[0].ID, Link: "lnk_1", TestURL: "https://go.acme-affiliates.com/c/testkey", Method: catalog.MethodPostback,
		State: wizard.Running, Started: w.now.UnixMicro(), Steps: []wizard.Step{
			{ID: wizard.StepClick, Title: "A test click is made", State: wizard.StepPassed, Sentence: "It was made, and the landing page received the click id in ref.", At: w.now.UnixMicro()},
			{ID: wizard.StepFirst, Title: "A first conversion arrives", State: wizard.StepWaiting, Sentence: "The amount is no number.", Fault: "invalid_amount", Fix: "Send a point as the decimal sign, as in 12.50.",
				At: w.now.UnixMicro(), Signals: []string{strings.Repeat("a", 32)}, Verdict: event.InvalidAmount,
				Parsed: []wizard.Parsed{{Name: "Sale amount", Param: "amount", Raw: "12,50", Problem: "A comma is not a decimal point."}, {Name: "Order number", Param: "txid", Raw: "A-1001", Value: "A-1001"}}},
			{ID: wizard.StepToken, Title: "A wrong token is refused", State: wizard.StepWaiting, Sentence: "Waits for the steps before."},
		}}))
	return p
}
