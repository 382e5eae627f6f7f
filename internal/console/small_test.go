package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Where mail and invitations are is found from the pages they belong to.
func TestMailAndInvitationsAreFound(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	if page := w.page(w.at("settings")); !strings.Contains(page, w.at("settings/mail")) {
		t.Error("the settings do not lead to the mail server")
	}
	for path, to := range map[string]string{"publishers/" + w.pubs[0].ID: "publisher:" + w.pubs[0].ID, "advertisers/" + w.advs[0].ID: "advertiser:" + w.advs[0].ID} {
		link := w.at("invitations") + "?to=" + url.QueryEscape(to)
		if page := w.page(w.at(path)); !strings.Contains(page, strings.ReplaceAll(link, "&", "&amp;")) {
			t.Errorf("%s does not lead to %s", path, link)
		}
		if page := w.page(link); !strings.Contains(page, `value="`+to+`" selected`) {
			t.Errorf("%s has not chosen whom to invite", link)
		}
	}
}

// A test's signals are marked in the inbox; others are not.
func TestTestSignalsAreMarked(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	mark := `<span class="st off">test</span>`
	for i, test := range []bool{false, true} {
		row := &inbox.Row{ID: strings.Repeat(string(rune('a'+i)), 32), Workspace: w.ws.ID, At: w.now.UnixMicro(), Kind: event.SignalPostback, Verdict: event.Accepted, Test: test}
		w.must(w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error { return tx.PutSignal(ctx, row) }))
		if page := w.page(w.at("signals")); strings.Contains(page, mark) != test {
			t.Errorf("test %v: the mark is there: %v", test, !test)
		}
		if page := w.page(w.at("signals/" + row.ID)); strings.Contains(page, "it counts nowhere") != test {
			t.Errorf("test %v: the page of the signal says otherwise", test)
		}
	}
}

// Several offers go live at once where somebody says why they may without a test.
func TestBulkGoLive(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	ws := catalog.DocOf(w.ws, "").(*catalog.WorkspaceDoc)
	ws.RequireTests = true
	_, err := w.cat.Update(t.Context(), w.owner, w.ws.ID, w.ws.ID, 0, ws)
	w.must(err)
	d := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	d.Workspace, d.Name, d.URL, d.Currency, d.Payout, d.Advertiser, d.Status = w.ws.ID, "Boots", "https://shop.example/?c={click_id}", "USD", "5", w.advs[0].ID, catalog.StatusDraft
	e, _, err := w.cat.Create(t.Context(), w.owner, d, catalog.Idempotency{Workspace: w.ws.ID})
	w.must(err)
	id := e.Base().ID
	status := func() string {
		e, err := w.cat.Get(t.Context(), w.owner, catalog.KindOffer, w.ws.ID, id)
		w.must(err)
		return e.(*catalog.Offer).Status
	}
	send := func(v url.Values) (int, string) {
		v["do"], v["id"] = []string{"change"}, []string{w.ws.ID + "/" + id}
		return w.post(w.at("offers/bulk"), v)
	}
	if code, page := send(url.Values{"status": {"active"}}); code != http.StatusOK || !strings.Contains(page, "untested") || !strings.Contains(page, "go_live_reason") || status() != catalog.StatusDraft {
		t.Errorf("without a reason: %d, %s", code, status())
	}
	if code, page := send(url.Values{"status": {"paused"}, "go_live_reason": {"Because."}}); code != http.StatusOK || !strings.Contains(page, "not_live") || status() != catalog.StatusDraft {
		t.Errorf("a reason where nothing goes live: %d, %s", code, status())
	}
	res := w.request("POST", w.at("offers/bulk"), url.Values{"do": {"change"}, "id": {w.ws.ID + "/" + id}, "status": {"active"}, "go_live_reason": {"Tracked for years."}})
	if res.StatusCode != http.StatusSeeOther || status() != catalog.StatusActive {
		t.Errorf("with a reason: %d, %s", res.StatusCode, status())
	}
	trail, err := w.cat.Trail(t.Context(), w.owner, w.ws.ID, id, 1)
	if err != nil || len(trail) != 1 || trail[0].Reason != "goes live: Tracked for years." {
		t.Errorf("%+v %v", trail, err)
	}
}

// A postback that was paused for failing says why, and is resumed by a button.
func TestResumePostback(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme affiliates")
	w.populate(people)
	d := catalog.NewDoc(catalog.KindPostback).(*catalog.PostbackDoc)
	d.Workspace, d.Publisher, d.URL = w.ws.ID, w.pubs[0].ID, "https://t.example/?c={sub1}"
	e, _, err := w.cat.Create(t.Context(), w.owner, d, catalog.Idempotency{Workspace: w.ws.ID})
	w.must(err)
	at := w.at("postbacks/" + e.Base().ID)
	resume := at + "/resume"
	if page := w.page(at); strings.Contains(page, resume) {
		t.Error("an active postback can be resumed")
	}
	_, _, err = w.cat.SuspendPostback(t.Context(), w.ws.ID, e.Base().ID, "It answers <410>.")
	w.must(err)
	if page := w.page(at); !strings.Contains(page, resume) || !strings.Contains(page, "It answers &lt;410&gt;.") || !strings.Contains(page, "paused") {
		t.Errorf("a paused one does not say why, or cannot be resumed: %s", text(page))
	}
	if res := w.request("POST", resume, nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("resuming answers %d", res.StatusCode)
	}
	now, err := w.cat.Get(t.Context(), w.owner, catalog.KindPostback, w.ws.ID, e.Base().ID)
	w.must(err)
	if p := now.(*catalog.Postback); p.Status != catalog.StatusActive || p.PausedFor != "" {
		t.Errorf("resumed as %+v", p)
	}
	if page := w.page(at); strings.Contains(page, resume) || strings.Contains(page, "410") {
		t.Error("the page still says that it is paused")
	}
}
