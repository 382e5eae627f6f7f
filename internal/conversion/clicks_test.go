package conversion_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// TestHowTheClickWasFound: what a signal says about where its click id was kept labels
// the match, and decides nothing.
func TestHowTheClickWasFound(t *testing.T) {
	for _, c := range []struct{ kind, from, want string }{
		{event.SignalPostback, "", conversion.MatchClickID},
		{event.SignalPostback, "cookie", conversion.MatchShopCookie},
		{event.SignalPostback, "form", conversion.MatchFormField},
		{event.SignalPostback, "url", conversion.MatchShopURL},
		{event.SignalPostback, "session", conversion.MatchSession},
		{event.SignalPostback, "storage", conversion.MatchClickID},
		{event.SignalPostback, "{click_from}", conversion.MatchClickID},
		{event.SignalPixel, "form", conversion.MatchFormField},
		{event.SignalScript, "url", conversion.MatchScriptURL},
		{event.SignalScript, "cookie", conversion.MatchScriptCookie},
		{event.SignalScript, "storage", conversion.MatchScriptStorage},
		{event.SignalScript, "", conversion.MatchClickID},
		{event.SignalScript, "coupon", conversion.MatchClickID},
	} {
		t.Run(c.kind+" "+c.from, func(t *testing.T) {
			w := newWorld(t)
			q := "click_id=" + w.click().String() + "&txid=1&token=tok_shop&key=pixelkey&click_from=" + c.from
			row := w.signal(&event.Signal{Kind: c.kind, HTTPMethod: "GET", Query: q})
			if row.Verdict != event.Accepted {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			if got := w.conversions()[0].Method; got != c.want {
				t.Errorf("matched by %q, want %q", got, c.want)
			}
			if conversion.MethodWords[c.want] == "" {
				t.Errorf("%s has no words", c.want)
			}
		})
	}
}

// TestWhyNoClickWasFound: a page that brings neither click id nor cookie is told why.
func TestWhyNoClickWasFound(t *testing.T) {
	w := newWorld(t)
	other := attribution.Slots{}.With("otherkey", w.click(), w.now.Add(time.Hour).Unix())
	over := attribution.Slots{}.With("pixelkey", w.click(), w.now.Add(-time.Second).Unix())
	for name, c := range map[string]struct {
		slots    attribution.Slots
		tracking string
		want     string
	}{
		"no cookie":     {nil, catalog.TrackAny, "the browser sent no tracker cookie"},
		"another offer": {other, catalog.TrackPixel, "cookie life of 28 days"},
		"ended":         {over, catalog.TrackAny, "cookie life of 28 days"},
		"by postback":   {nil, catalog.TrackPostback, "this offer sets no cookie"},
	} {
		t.Run(name, func(t *testing.T) {
			w.offer.CookieDays, w.adv.CookieDays, w.offer.Tracking = 0, 28, c.tracking
			w.reload()
			row := w.pixel("key=pixelkey&txid=1", c.slots)
			if row.Verdict != event.MissingClick || !strings.Contains(row.Detail, c.want) {
				t.Errorf("%s: %s, want missing_click with %q", row.Verdict, row.Detail, c.want)
			}
		})
	}
	if len(w.conversions()) != 0 || len(w.balances()) != 0 {
		t.Error("a conversion without a click moved money")
	}
}

// TestWindowAndLeastTime: both are measured from the click to event_time, include their
// ends, and are not for news of a conversion that is known.
func TestWindowAndLeastTime(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		window, least int64
		after         time.Duration
		want          event.Verdict
	}{
		"no window":      {0, 0, 800 * day, event.Accepted},
		"on its end":     {28, 0, 28 * day, event.Accepted},
		"past its end":   {28, 0, 28*day + time.Second, event.OutsideWindow},
		"too soon":       {28, 10, 9 * time.Second, event.TooSoon},
		"soon enough":    {28, 10, 10 * time.Second, event.Accepted},
		"at once":        {0, 0, 0, event.Accepted},
		"at once, least": {0, 1, 0, event.TooSoon},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.offer.WindowDays, w.offer.MinSeconds = c.window, c.least
			w.reload()
			id := w.click()
			clicked := time.UnixMicro(w.clicks[id].At)
			w.now = clicked.Add(900 * day) // when it was sent says nothing
			q := fmt.Sprintf("click_id=%s&token=tok_shop&txid=1&event_time=%s", id, clicked.Add(c.after).Format(time.RFC3339))
			row := w.postback(q)
			if row.Verdict != c.want || row.Detail == "" && c.want != event.Accepted {
				t.Fatalf("%s after: %s: %s, want %s", c.after, row.Verdict, row.Detail, c.want)
			}
			if c.want != event.Accepted {
				if len(w.balances()) != 0 {
					t.Error("it moved money")
				}
				return
			}
			w.offer.WindowDays, w.offer.MinSeconds = 1, 30*86400
			w.reload()
			if row := w.postback(q + "&status=approved"); row.Verdict != event.Updated {
				t.Errorf("approved much later: %s: %s", row.Verdict, row.Detail)
			}
		})
	}
}

// TestGoalsInSequence: one customer's lead of 0, trial and sale are three conversions, and
// what is only looked at is none.
func TestGoalsInSequence(t *testing.T) {
	w := newWorld(t)
	goal := func(key, kind string, change func(*catalog.Goal)) {
		g := &catalog.Goal{Meta: meta("goal_" + key), Offer: "off_1", Key: key, Name: key, Type: kind}
		if change != nil {
			change(g)
		}
		w.more = append(w.more, g)
	}
	goal("viewed", catalog.GoalEvent, nil)
	goal("added", catalog.GoalEvent, func(g *catalog.Goal) { g.EveryFire = true })
	goal("quote", catalog.GoalLead, func(g *catalog.Goal) {
		g.Terms = catalog.Terms{PayoutKind: catalog.PayoutPercent, PayoutPercent: "10", CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "5"}
	})
	goal("trial", catalog.GoalSignup, func(g *catalog.Goal) { g.RequireOrder = true })
	w.reload()
	id := w.click().String()
	for i, c := range []struct {
		query string
		want  event.Verdict
		money int64 // of the ledger's receivable, after it
	}{
		{"goal=viewed", event.EventRecorded, 0},
		{"goal=viewed", event.Duplicate, 0},
		{"goal=viewed&amount=12,50", event.InvalidAmount, 0},
		{"goal=viewed&status=reversed", event.InvalidValue, 0},
		{"goal=viewed&txid=product-7&payout=99.00&amount=500.00", event.EventRecorded, 0},
		{"goal=viewed&txid=product-7", event.Duplicate, 0},
		{"goal=added", event.EventRecorded, 0},
		{"goal=added", event.EventRecorded, 0},
		{"goal=quote&amount=0&txid=Q-1", event.Accepted, 0},
		{"goal=quote&amount=0&txid=Q-1", event.Duplicate, 0},
		{"goal=trial", event.MissingOrder, 0},
		{"goal=trial&txid=T-1", event.Accepted, 1000},
		{"goal=sale&amount=80.00", event.Accepted, 2000},
		{"goal=sale&amount=80.00", event.Duplicate, 2000}, // the confirmation page again
		{"goal=sale&amount=80.00&txid=T-1", event.Updated, 2000},
		{"goal=sale&amount=30.00&txid=S-2", event.Accepted, 3000},
	} {
		row := w.postback("click_id=" + id + "&token=tok_shop&" + c.query)
		if row.Verdict != c.want || row.Detail == "" {
			t.Errorf("%d %s: %s: %q, want %s with a sentence", i, c.query, row.Verdict, row.Detail, c.want)
		}
		if got := w.balances()["receivable:adv_1:USD"]; got != c.money {
			t.Errorf("%d %s: %d is receivable, want %d", i, c.query, got, c.money)
		}
	}
	if n := len(w.conversions()); n != 4 {
		t.Errorf("%d conversions, want quote, trial and two sales", n)
	}
	if f := w.facts(); f.Conversions != 4 || f.Revenue != 3000 || f.Events != 4 {
		t.Errorf("facts: %d conversions, %d of revenue, %d events; want 4, 3000, 4", f.Conversions, f.Revenue, f.Events)
	}
	counts, err := w.db.Books().OnsiteEvents(t.Context(), "ws_1")
	if err != nil {
		t.Fatal(err)
	}
	total := map[string]int64{}
	for _, c := range counts {
		total[c.Publisher+" "+c.Goal] = c.Events
	}
	if len(total) != 2 || total["pub_1 viewed"] != 2 || total["pub_1 added"] != 2 {
		t.Errorf("counted %v, want two of each event", total)
	}
}

// TestEventOfATest is understood, and counted nowhere.
func TestEventOfATest(t *testing.T) {
	w := newWorld(t)
	w.more = []catalog.Entity{&catalog.Goal{Meta: meta("goal_v"), Offer: "off_1", Key: "viewed", Type: catalog.GoalEvent}}
	w.reload()
	before := w.state()
	row := w.postback("click_id=" + w.testClick("lnk_test").String() + "&token=tok_shop&goal=viewed")
	if row.Verdict != event.EventRecorded || !row.Test || !strings.Contains(row.Detail, "test") {
		t.Errorf("%s, test %v: %s", row.Verdict, row.Test, row.Detail)
	}
	counts, err := w.db.Books().OnsiteEvents(t.Context(), "ws_1")
	if err != nil || len(counts) != 0 || w.state() != before {
		t.Errorf("a test's event was counted: %v, %v", counts, err)
	}
}
