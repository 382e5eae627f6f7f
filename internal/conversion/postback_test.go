package conversion_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
)

// A macro that the traffic source forgot to replace is kept with the click and told to
// nobody: the publisher gets the others, and an empty value for it.
func TestUnreplacedMacrosAreNotPassedOn(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{tells("pub_1", "https://pub.example/pb?a={sub1}&b={sub2}&x={external_id}&k={keyword}&s={source}", catalog.OnAccepted)}
	w.reload()
	id := w.click()
	v := w.clicks[id]
	v.Subs[0], v.Subs[1], v.ExternalID, v.Keyword, v.Source = "{sub}", "kept", "{gclid}", "shoes", "##SRC##"
	v.Unreplaced = 1<<0 | 1<<20 | 1<<22
	w.postback("token=tok_shop&click_id=" + id.String())
	told := w.told()
	if len(told) != 1 {
		t.Fatalf("told %q", told)
	}
	if got := told[0]; !strings.HasSuffix(got, "/pb?a=&b=kept&x=&k=shoes&s=") {
		t.Errorf("told %s", got)
	}
}

// tells is a publisher's postback.
func tells(publisher, url string, states ...string) *catalog.Postback {
	return &catalog.Postback{Meta: meta("pbk_" + publisher), Publisher: publisher, States: states, Method: "GET", URL: url, Status: catalog.StatusActive}
}

// told lists what the publisher is told, the oldest first.
func (w *world) told() (urls []string) {
	w.t.Helper()
	ds, err := w.db.Deliveries().ListDeliveries(w.t.Context(), outbound.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range slices.Backward(ds) {
		urls = append(urls, d.URL)
	}
	return urls
}

// Each postback is called once for each state that it asks for, at the first and at every
// later change, whoever makes it.
func TestToldOfStates(t *testing.T) {
	w := newWorld(t)
	all := tells("pub_1", "https://all.example/?s={status}", "accepted", "pending", "approved", "rejected", "reversed")
	once := tells("pub_1", "https://once.example/?s={status}", "accepted")
	bad := tells("pub_1", "https://bad.example/?s={status}&p={payout}", "rejected", "reversed")
	paused := tells("pub_1", "https://paused.example/", "accepted")
	gone := tells("pub_1", "https://gone.example/", "accepted")
	other := tells("pub_1", "https://other.example/", "accepted")
	lead := tells("pub_1", "https://lead.example/", "accepted")
	paused.Status, gone.Archived, other.Offer, lead.Goal = catalog.StatusPaused, true, "off_2", "lead"
	for i, p := range []*catalog.Postback{all, once, bad, paused, gone, other, lead} {
		p.ID = fmt.Sprint("pbk_", i)
		w.more = append(w.more, p)
	}
	w.reload()
	q := "token=tok_shop&click_id=" + w.click().String() + "&txid=1"
	step := func(query string, want ...string) {
		t.Helper()
		before := len(w.told())
		w.now = w.now.Add(time.Second)
		w.postback(query)
		if got := w.told()[before:]; !slices.Equal(got, want) {
			t.Errorf("%s told %q, want %q", query, got, want)
		}
	}
	step(q, "https://all.example/?s=pending", "https://once.example/?s=pending")
	step(q)
	step(q+"&status=approved", "https://all.example/?s=approved")
	step(q + "&status=approved")
	step(q+"&status=reversed", "https://all.example/?s=reversed", "https://bad.example/?s=reversed&p=6.00")
	// What is refused from the start was never accepted.
	q = "token=tok_shop&click_id=" + w.click().String() + "&txid=2&status=rejected"
	step(q, "https://all.example/?s=rejected", "https://bad.example/?s=rejected&p=6.00")
	// By somebody's decision.
	q = "token=tok_shop&click_id=" + w.click().String() + "&txid=3"
	row := w.postback(q)
	before := len(w.told())
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		c, err := tx.GetConversion(ctx, "ws_1", row.Conversion)
		if err != nil {
			return err
		}
		return w.judge.Move(ctx, tx, c, conversion.Rejected, "usr_1", "")
	})
	if got := w.told()[before:]; err != nil || !slices.Equal(got, []string{"https://all.example/?s=rejected", "https://bad.example/?s=rejected&p=6.00"}) {
		t.Errorf("a decision told %q, %v", got, err)
	}
}

// No macro that there is says what the advertiser pays, and what it pays is in no part of
// a delivery.
func TestRevenueIsToldToNobody(t *testing.T) {
	w := newWorld(t)
	w.offer.Payout, w.offer.CommissionPercent = 123457, "10"
	p := tells("pub_1", "https://pub.example/?", "accepted", "approved", "reversed")
	p.Method, p.BodyKind = "POST", macro.BodyJSON
	var body []string
	for _, id := range macro.PostbackTokens.IDs() {
		for _, name := range append([]string{macro.Tokens[id].Name}, macro.Tokens[id].Aliases...) {
			p.URL += "&" + name + "={" + name + "}"
			body = append(body, `"`+name+`":{`+name+`}`)
		}
	}
	p.Body = "{" + strings.Join(body, ",") + "}"
	w.more = []catalog.Entity{p}
	w.reload()
	q := "token=tok_shop&amount=99.00&click_id=" + w.click().String() + "&txid=1"
	w.postback(q)
	w.postback(q + "&status=approved")
	w.postback(q + "&status=reversed")
	ds, err := w.db.Deliveries().ListDeliveries(t.Context(), outbound.Query{Workspace: "ws_1"})
	if err != nil || len(ds) != 3 {
		t.Fatalf("%d deliveries, %v", len(ds), err)
	}
	for _, d := range ds {
		all := fmt.Sprintf("%+v", *d)
		if strings.Contains(all, "1234.57") || strings.Contains(all, "123457") {
			t.Errorf("the revenue is in %s", all)
		}
		if !strings.Contains(d.URL, "&payout=123.46&") || !strings.Contains(d.Body, `"payout":123.46`) {
			t.Errorf("the commission is not told: %s %s", d.URL, d.Body)
		}
	}
}

// A template that does not render costs neither the conversion nor the other postbacks.
func TestBrokenTemplate(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{tells("pub_1", "https://pub.example/?{nothing}", "accepted")}
	w.reload()
	row := w.postback("token=tok_shop&txid=1&click_id=" + w.click().String())
	ds, err := w.db.Deliveries().ListDeliveries(t.Context(), outbound.Query{Workspace: "ws_1"})
	if row.Conversion == "" || err != nil || len(ds) != 1 || ds[0].State != outbound.StateDead || !strings.Contains(ds[0].Error, "{nothing}") {
		t.Errorf("%+v, %v", ds, err)
	}
}
