package conversion_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// guarded gives the advertiser its guards.
func (w *world) guarded(g catalog.Guards) {
	w.adv.Guards = g
	w.reload()
}

// Each guard refuses with its own verdict and moves no money; what keeps to it is accepted.
func TestGuards(t *testing.T) {
	list := catalog.Guards{AllowIPs: []string{"192.0.2.7", "198.51.100.0/24", "2001:db8::/32"}}
	words := catalog.Guards{Words: []catalog.StatusWord{{Theirs: "1", Status: "approved"}, {Theirs: "No", Status: "rejected"}, {Theirs: "2", Goal: "lead"}, {Theirs: "3", Status: "pending", Goal: "lead"}, {Theirs: "reg", Goal: "lead"}}}
	names := catalog.Guards{Renames: []catalog.Rename{{Param: "txid", Theirs: "order_ref"}, {Param: "click_id", Theirs: "sid"}, {Param: "status", Theirs: "st"}}, Words: words.Words}
	for name, c := range map[string]struct {
		guards catalog.Guards
		query  string // CLICK stands for the click id
		addr   string
		want   event.Verdict
		field  string
		says   string
		status conversion.Status
		goal   string
		order  string
	}{
		"none":                       {query: "click_id=CLICK&token=tok_shop", want: event.Accepted, status: "pending", goal: "sale"},
		"an address of the list":     {guards: list, query: "click_id=CLICK&token=tok_shop", addr: "192.0.2.7", want: event.Accepted, status: "pending", goal: "sale"},
		"a mapped address":           {guards: list, query: "click_id=CLICK&token=tok_shop", addr: "::ffff:192.0.2.7", want: event.Accepted, status: "pending", goal: "sale"},
		"of a network":               {guards: list, query: "click_id=CLICK&token=tok_shop", addr: "198.51.100.255", want: event.Accepted, status: "pending", goal: "sale"},
		"of an IPv6 network":         {guards: list, query: "click_id=CLICK&token=tok_shop", addr: "2001:db8:7::1", want: event.Accepted, status: "pending", goal: "sale"},
		"the address beside it":      {guards: list, query: "click_id=CLICK&token=tok_shop", addr: "192.0.2.8", want: event.AddressNotAllowed, says: "192.0.2.8"},
		"an unknown address":         {guards: list, query: "click_id=CLICK&token=tok_shop", want: event.AddressNotAllowed, says: "(unknown)"},
		"required and there":         {guards: catalog.Guards{Required: []string{"txid", "shop"}}, query: "click_id=CLICK&token=tok_shop&txid=7&shop=a", want: event.Accepted, status: "pending", goal: "sale", order: "7"},
		"required and empty":         {guards: catalog.Guards{Required: []string{"txid", "shop"}}, query: "click_id=CLICK&token=tok_shop&txid=7&shop=", want: event.MissingParameter, field: "shop"},
		"required, a macro":          {guards: catalog.Guards{Required: []string{"amount"}}, query: "click_id=CLICK&token=tok_shop&amount={amount}", want: event.MissingParameter, field: "amount"},
		"a word":                     {guards: words, query: "click_id=CLICK&token=tok_shop&status=1", want: event.Accepted, status: "approved", goal: "sale"},
		"a word in another case":     {guards: words, query: "click_id=CLICK&token=tok_shop&status=NO", want: event.Accepted, status: "rejected", goal: "sale"},
		"a word for a goal":          {guards: words, query: "click_id=CLICK&token=tok_shop&status=2", want: event.Accepted, status: "pending", goal: "lead"},
		"a word for both":            {guards: words, query: "click_id=CLICK&token=tok_shop&status=3", want: event.Accepted, status: "pending", goal: "lead"},
		"a goal of theirs":           {guards: words, query: "click_id=CLICK&token=tok_shop&goal=REG", want: event.Accepted, status: "pending", goal: "lead"},
		"ours beside the map":        {guards: words, query: "click_id=CLICK&token=tok_shop&status=approved", want: event.Accepted, status: "approved", goal: "sale"},
		"a word nobody mapped":       {guards: words, query: "click_id=CLICK&token=tok_shop&status=9", want: event.UnknownStatus, field: "status", says: "status map"},
		"a word without the map":     {query: "click_id=CLICK&token=tok_shop&status=1", want: event.UnknownStatus, field: "status"},
		"renamed":                    {guards: names, query: "sid=CLICK&token=tok_shop&order_ref=A-1&st=1", want: event.Accepted, status: "approved", goal: "sale", order: "A-1"},
		"both names":                 {guards: names, query: "sid=CLICK&token=tok_shop&txid=theirs&order_ref=ours", want: event.Accepted, status: "pending", goal: "sale", order: "ours"},
		"renamed, not replaced":      {guards: names, query: "sid={sid}&token=tok_shop", want: event.MacroUnreplaced, field: "click_id"},
		"our own name still":         {guards: names, query: "click_id=CLICK&token=tok_shop&txid=8", want: event.Accepted, status: "pending", goal: "sale", order: "8"},
		"an hour is too young":       {guards: catalog.Guards{MinSeconds: 3601}, query: "click_id=CLICK&token=tok_shop", want: event.ClickTooYoung},
		"an hour is old enough":      {guards: catalog.Guards{MinSeconds: 3600}, query: "click_id=CLICK&token=tok_shop", want: event.Accepted, status: "pending", goal: "sale"},
		"an hour is not too old":     {guards: catalog.Guards{MaxHours: 1}, query: "click_id=CLICK&token=tok_shop", want: event.Accepted, status: "pending", goal: "sale"},
		"the guards of nobody asked": {guards: list, query: "click_id=CLICK&token=tok_guess", want: event.BadToken},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.guarded(c.guards)
			click := w.click()
			row := w.signal(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: strings.ReplaceAll(c.query, "CLICK", click.String()), Addr: c.addr})
			if row.Verdict != c.want || c.want != event.Accepted && row.Field != c.field && c.field != "" || !strings.Contains(row.Detail, c.says) {
				t.Fatalf("%s, %q: %s", row.Verdict, row.Field, row.Detail)
			}
			cs := w.conversions()
			if c.want != event.Accepted {
				if len(cs) != 0 || len(w.balances()) != 0 {
					t.Errorf("it was refused, and made %d conversions and %v", len(cs), w.balances())
				}
				return
			}
			if len(cs) != 1 || cs[0].Status != c.status || cs[0].GoalKey != c.goal || cs[0].Order != c.order {
				t.Errorf("%+v", cs[0])
			}
		})
	}
}

// An old click converts no more, to the second.
func TestClickAge(t *testing.T) {
	w := newWorld(t)
	w.guarded(catalog.Guards{MaxHours: 2})
	click := w.click()
	w.now = w.now.Add(time.Hour + time.Second)
	if row := w.postback("click_id=" + click.String() + "&token=tok_shop"); row.Verdict != event.ClickTooOld {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	w.now = w.now.Add(-time.Second)
	if row := w.postback("click_id=" + click.String() + "&token=tok_shop"); row.Verdict != event.Accepted {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
}

// A page has neither an address of the list nor may it be asked for one; who is known by the
// click alone is read under its own names, too.
func TestGuardsOfPagesAndClicks(t *testing.T) {
	w := newWorld(t)
	w.guarded(catalog.Guards{AllowIPs: []string{"192.0.2.7"}, Renames: []catalog.Rename{{Param: "txid", Theirs: "order_ref"}}, Words: []catalog.StatusWord{{Theirs: "reg", Goal: "lead"}}})
	if row := w.pixel("key=pixelkey&click_id="+w.click().String()+"&order_ref=7&goal=reg", attribution.Slots{}); row.Verdict != event.Accepted || row.Order != "7" || row.Goal != "lead" {
		t.Errorf("a pixel: %s %q: %s", row.Verdict, row.Order, row.Detail)
	}
	w.adv.TokenRequired, w.adv.Guards.AllowIPs = false, nil
	w.reload()
	if row := w.postback("click_id=" + w.click().String() + "&order_ref=8"); row.Verdict != event.Accepted || row.Order != "8" {
		t.Errorf("without a token: %s %q: %s", row.Verdict, row.Order, row.Detail)
	}
}

// Later signals change amounts and state only where they may.
func TestLateUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		guards catalog.Guards
		query  string
		want   event.Verdict
	}{
		"amounts":            {catalog.Guards{}, "amount=50", event.Updated},
		"state":              {catalog.Guards{}, "status=approved", event.Updated},
		"frozen amounts":     {catalog.Guards{FreezeAmounts: true}, "amount=50", event.UpdateRefused},
		"state, not amounts": {catalog.Guards{FreezeAmounts: true}, "status=approved", event.Updated},
		"frozen state":       {catalog.Guards{FreezeStatus: true}, "status=approved", event.UpdateRefused},
		"amounts, not state": {catalog.Guards{FreezeStatus: true}, "amount=50", event.Updated},
		"nothing new":        {catalog.Guards{FreezeAmounts: true, FreezeStatus: true}, "", event.Duplicate},
	} {
		w := newWorld(t)
		w.guarded(c.guards)
		base := "click_id=" + w.click().String() + "&token=tok_shop&txid=1&"
		w.postback(base)
		before := w.balances()
		row := w.postback(base + c.query)
		if row.Verdict != c.want {
			t.Errorf("%s: %s: %s", name, row.Verdict, row.Detail)
		}
		if c.want == event.UpdateRefused && (!maps.Equal(before, w.balances()) || w.conversions()[0].Version != 1) {
			t.Errorf("%s: it was refused and changed something", name)
		}
	}
}

// What a signal about a known conversion does is the goal's policy.
func TestDuplicates(t *testing.T) {
	for name, c := range map[string]struct {
		policy, query string
		want          event.Verdict
		conversions   int
		revenue       int64
	}{
		"ignored":                {"", "amount=10.00&payout=2.00", event.Duplicate, 1, -200},
		"ignored, other amounts": {"", "amount=10.00&payout=3.00", event.Conflict, 1, -200},
		"refused":                {catalog.DuplicatesReject, "amount=10.00&payout=2.00", event.DuplicateRefused, 1, -200},
		"refused, with news":     {catalog.DuplicatesReject, "amount=10.00&payout=2.00&status=approved", event.Updated, 1, -200},
		"updated":                {catalog.DuplicatesUpdate, "amount=12.00&payout=3.00", event.Updated, 1, -300},
		"updated downwards":      {catalog.DuplicatesUpdate, "amount=5.00&payout=1.00", event.Updated, 1, -100},
		"nothing to update":      {catalog.DuplicatesUpdate, "amount=10.00&payout=2.00", event.Duplicate, 1, -200},
		"in another currency":    {catalog.DuplicatesUpdate, "payout=3.00&currency=EUR", event.Conflict, 1, -200},
		"added":                  {catalog.DuplicatesAdd, "amount=10.00&payout=3.00", event.Accepted, 2, -500},
		"added, but a refusal":   {catalog.DuplicatesAdd, "status=rejected", event.Updated, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.offer.PayoutKind, w.goal.Duplicates = catalog.PayoutPostback, c.policy
			w.reload()
			base := "click_id=" + w.click().String() + "&token=tok_shop&txid=1&"
			if row := w.postback(base + "amount=10.00&payout=2.00"); row.Verdict != event.Accepted {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			row := w.postback(base + c.query)
			if row.Verdict != c.want || len(w.conversions()) != c.conversions {
				t.Errorf("%s, %d conversions: %s", row.Verdict, len(w.conversions()), row.Detail)
			}
			var revenue int64
			for code, net := range w.balances() {
				if strings.HasPrefix(code, "revenue") {
					revenue -= net
				}
			}
			if revenue != c.revenue && -revenue != c.revenue {
				t.Errorf("revenue %d, want %d: %v", revenue, c.revenue, w.balances())
			}
			// A page neither updates nor adds.
			click, _, _ := strings.Cut(base, "&")
			before := w.balances()
			w.pixel("key=pixelkey&"+click+"&txid=1&amount=99.00&payout=99.00", attribution.Slots{})
			if len(w.conversions()) != c.conversions || !maps.Equal(before, w.balances()) {
				t.Errorf("a pixel changed the books: %v, before %v", w.balances(), before)
			}
		})
	}
}
