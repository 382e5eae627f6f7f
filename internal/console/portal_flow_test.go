package console

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// An advertiser decides about conversions: one that it rejects needs a reason, which the
// publisher reads, and the money follows at once; what cannot be decided again is told.
func TestAdvertiserDecides(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, _, sessions := w.stage()
	as := func(party string) { w.cookie = sessions[party] }
	id := ours.IDs["conversion"]
	as(account.PartyAdvertiser)
	if page := text(w.page("/portal")); !strings.Contains(page, "1 conversion waits for your decision.") {
		t.Errorf("the overview does not say what waits: %s", page)
	}
	bulk := func(to, reason string) int {
		return w.request("POST", "/portal/conversions/decide", url.Values{"id": {id}, "to": {to}, "reason": {reason}}).StatusCode
	}
	if got := bulk("rejected", ""); got != 422 {
		t.Errorf("rejected without a reason = %d, want 422", got)
	}
	as(account.PartyPublisher)
	if page := text(w.page("/portal/balance")); !strings.Contains(page, "USD 1 731.17 0.00") {
		t.Errorf("a new conversion is not pending: %s", page)
	}
	as(account.PartyAdvertiser)
	if got := bulk("rejected", "Cancelled before shipping"); got != 303 {
		t.Fatalf("rejected with a reason = %d, want 303", got)
	}
	as(account.PartyPublisher)
	for path, want := range map[string]string{"/portal/conversions": "Cancelled before shipping", "/portal/conversions/" + id: "Cancelled before shipping", "/portal/balance": "USD 0.00 0.00"} {
		if page := text(w.page(path)); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q: %s", path, want, page)
		}
	}
	as(account.PartyAdvertiser)
	if got := w.request("POST", "/portal/conversions/"+id+"/decide", url.Values{"to": {"approved"}}).StatusCode; got != 303 {
		t.Errorf("approved after all = %d, want 303", got)
	}
	if got := w.request("POST", "/portal/conversions/"+id+"/decide", url.Values{"to": {"paid"}}).StatusCode; got != 400 {
		t.Errorf("a state that is not an advertiser's to give = %d, want 400", got)
	}
	if got := w.request("POST", "/portal/conversions/"+id+"/decide", url.Values{"to": {"rejected"}, "reason": {"x"}}).StatusCode; got != 409 {
		t.Errorf("rejected when approved = %d, want 409", got)
	}
	as(account.PartyPublisher)
	if page := text(w.page("/portal")); !strings.Contains(page, "USD 0.00 1 731.17") {
		t.Errorf("what was approved is not available: %s", page)
	}
	changes, err := w.db.Books().Changes(context.Background(), id)
	w.must(err)
	if last := changes[len(changes)-1]; last.To != conversion.Approved || last.Actor != ours.IDs["advertiser_user"] {
		t.Errorf("the last change is to %s by %s, want approved by the advertiser's person", last.To, last.Actor)
	}
}

// A party whose account is not open has one page, and a paused publisher's links rest.
func TestPortalOfAClosedAccount(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, _, sessions := w.stage()
	pub := ours.Rows[catalog.KindPublisher].(*catalog.Publisher)
	set := func(status string) {
		t.Helper()
		d := catalog.DocOf(pub, "").(*catalog.PublisherDoc)
		d.Status = status
		_, err := w.cat.Update(t.Context(), w.owner, w.ws.ID, pub.ID, 0, d)
		w.must(err)
	}
	staff := w.cookie
	for status, want := range map[string]string{catalog.StatusPending: "waits for approval", catalog.StatusBanned: "closed by the program"} {
		w.cookie = staff
		set(status)
		w.cookie = sessions[account.PartyPublisher]
		if page := text(w.page("/portal")); !strings.Contains(page, want) || strings.Contains(page, "Statistics") {
			t.Errorf("%s: the page does not say %q alone: %s", status, want, page)
		}
		for _, path := range []string{"/portal/links", "/portal/links/" + ours.IDs["link"], "/portal/conversions", "/portal/keys"} {
			if res := w.request("GET", path, nil); res.StatusCode != 303 || res.Header.Get("Location") != "/portal" {
				t.Errorf("%s: %s = %d, want the page that says so", status, path, res.StatusCode)
			}
		}
		if res := w.request("POST", "/portal/links/new", url.Values{"offer": {ours.IDs["offer"]}}); res.StatusCode != 303 || res.Header.Get("Location") != "/portal" {
			t.Errorf("%s: a link was made: %d", status, res.StatusCode)
		}
	}
	set(catalog.StatusPaused)
	if page := text(w.page("/portal/links")); !strings.Contains(page, "Your account is paused") || !strings.Contains(page, "rests") {
		t.Errorf("a paused account's links do not rest: %s", page)
	}
	if res := w.request("POST", "/portal/links/new", url.Values{"offer": {ours.IDs["offer"]}}); res.StatusCode != 422 {
		t.Errorf("a paused account makes links: %d", res.StatusCode)
	}
}

// What converts now is on the publisher's pages at the next request, in state and amount.
func TestPortalIsFresh(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, _, sessions := w.stage()
	w.cookie = sessions[account.PartyPublisher]
	adv := ours.Rows[catalog.KindAdvertiser].(*catalog.Advertiser)
	for range 9 { // ten clicks of one browser
		v := *ours.Visit
		id, err := w.minter.New()
		w.must(err)
		v.ID, v.Unique = id, false
		w.visitAgain(&v)
	}
	w.postback(ours.Visit, "&txid=SECOND&amount=10.00&token="+adv.Token)
	w.publish()
	if page := text(w.page("/portal/conversions")); !strings.Contains(page, "SECOND") {
		t.Errorf("the conversion is not there: %s", page)
	}
	page := text(w.page("/portal/statistics?by=offer"))
	if !strings.Contains(page, "Offer planted ours 10 1 2 20.00 % 3 462.34") {
		t.Errorf("statistics do not say ten clicks, one unique, two conversions: %s", page)
	}
}

// visitAgain counts another click.
func (w *world) visitAgain(v *event.Visit) {
	w.clicks[v.ID] = v
	w.facts.rows = append(w.facts.rows, event.VisitFact(v))
}

// What staff holds, an advertiser may refuse and not approve; nobody outside reads why.
func TestAdvertiserMeetsAHold(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Program")
	ours, _, sessions := w.stage()
	id := ours.IDs["conversion"]
	if code, _ := w.post(w.at("conversions/"+id+"/hold"), url.Values{"held": {"true"}, "reason": {"we suspect them"}}); code != 303 {
		t.Fatalf("hold = %d", code)
	}
	for party, paths := range map[string][]string{account.PartyAdvertiser: {"/portal/conversions", "/portal/conversions/" + id}, account.PartyPublisher: {"/portal/conversions", "/portal/conversions/" + id}} {
		w.cookie = sessions[party]
		for _, path := range paths {
			if page := text(w.page(path)); strings.Contains(page, "suspect") {
				t.Errorf("%s of the %s says why it is held", path, party)
			}
		}
	}
	w.cookie = sessions[account.PartyAdvertiser]
	if page := w.page("/portal/conversions/" + id); strings.Contains(page, `value="approved"`) {
		t.Error("the page offers to approve what is held")
	}
	if got := w.request("POST", "/portal/conversions/"+id+"/decide", url.Values{"to": {"approved"}}).StatusCode; got != 409 {
		t.Errorf("approved while held = %d, want 409", got)
	}
	if got := w.request("POST", "/portal/conversions/decide", url.Values{"id": {id}, "to": {"approved"}}).StatusCode; got != 303 {
		t.Errorf("approved together while held = %d, want 303 with what could not be", got)
	}
	if got := w.again(id).Status; got != conversion.Pending {
		t.Errorf("it is %s", got)
	}
	if got := w.request("POST", "/portal/conversions/"+id+"/decide", url.Values{"to": {"rejected"}, "reason": {"Sent back"}}).StatusCode; got != 303 {
		t.Errorf("rejected while held = %d, want 303", got)
	}
}
