package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

func TestAcceptedConversionIsPricedAndPosted(t *testing.T) {
	w := newWorld(t)
	id := w.click()
	row := w.postback("click_id=" + id.String() + "&token=tok_shop&txid=1001&amount=99.90")
	if row.Verdict != event.Accepted || row.RetryAt != 0 {
		t.Fatalf("verdict %s: %s", row.Verdict, row.Detail)
	}
	c := w.conversions()[0]
	if c.Revenue != 1000 || c.Commission != 600 || c.SaleAmount != 9990 || c.Status != conversion.Pending || c.Method != conversion.MatchClickID || c.Revision != 7 {
		t.Errorf("conversion %+v", c)
	}
	want := map[string]int64{"receivable:adv_1:USD": 1000, "revenue::USD": 1000, "commission_expense::USD": 600, "publisher_pending:pub_1:USD": 600}
	if d := cmp.Diff(want, w.balances()); d != "" {
		t.Error(d)
	}
	if f := w.facts(); f.Conversions != 1 || f.Revenue != 1000 || f.Commission != 600 {
		t.Errorf("facts %+v", f)
	}
}

// TestRefusals has a signal for every way to be refused: each has its stable code,
// names its parameter, and moves no money.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		query  string // {id} is a good click id
		want   event.Verdict
		field  string
	}{
		"no click id":            {nil, "token=tok_shop", event.MissingClick, "click_id"},
		"empty click id":         {nil, "click_id=&token=tok_shop", event.MissingClick, "click_id"},
		"foreign form":           {nil, "click_id=befwueicjfn93q4&token=tok_shop", event.UnknownClick, "click_id"},
		"forged":                 {nil, "click_id=0123456789abcdef0123456789abcdef&token=tok_shop", event.UnknownClick, "click_id"},
		"macro as click id":      {nil, "click_id={click_id}&token=tok_shop", event.MacroUnreplaced, "click_id"},
		"encoded macro":          {nil, "click_id=%7Bclick_id%7D&token=tok_shop", event.MacroUnreplaced, "click_id"},
		"pasted brackets":        {nil, `click_id=["{id}"]&token=tok_shop`, event.WrappedValue, "click_id"},
		"quoted amount":          {nil, `click_id={id}&token=tok_shop&amount="12.50"`, event.WrappedValue, "amount"},
		"bad token":              {nil, "click_id={id}&token=nope", event.BadToken, "token"},
		"no token":               {nil, "click_id={id}", event.MissingToken, "token"},
		"another's token":        {nil, "click_id={id}&token=tok_other", event.UnknownClick, "click_id"},
		"pixel key for postback": {nil, "click_id={id}&key=pixelkey", event.MissingToken, "token"},
		"other offer":            {nil, "click_id={id}&token=tok_shop&offer=off_2", event.OfferMismatch, "offer"},
		"unknown goal":           {nil, "click_id={id}&token=tok_shop&goal=nope", event.UnknownGoal, "goal"},
		"comma":                  {nil, "click_id={id}&token=tok_shop&amount=12,50", event.InvalidAmount, "amount"},
		"exponent":               {nil, "click_id={id}&token=tok_shop&payout=1e3", event.InvalidAmount, "payout"},
		"space":                  {nil, "click_id={id}&token=tok_shop&amount=1%20250", event.InvalidAmount, "amount"},
		"plus":                   {nil, "click_id={id}&token=tok_shop&amount=%2B5", event.InvalidAmount, "amount"},
		"negative":               {nil, "click_id={id}&token=tok_shop&amount=-5", event.InvalidAmount, "amount"},
		"macro as status":        {nil, "click_id={id}&token=tok_shop&status={status}", event.MacroUnreplaced, "status"},
		"three decimals":         {nil, "click_id={id}&token=tok_shop&amount=1.005", event.AmountPrecision, "amount"},
		"huge":                   {nil, "click_id={id}&token=tok_shop&amount=99999999999999999999", event.AmountRange, "amount"},
		"unknown currency":       {nil, "click_id={id}&token=tok_shop&currency=XYZ", event.UnknownCurrency, "currency"},
		"other currency":         {nil, "click_id={id}&token=tok_shop&payout=1&currency=eur", event.NoRate, "currency"},
		"unknown status":         {nil, "click_id={id}&token=tok_shop&status=1", event.UnknownStatus, "status"},
		"event time in future":   {nil, "click_id={id}&token=tok_shop&event_time=2026-11-02T12:00:00Z", event.InvalidValue, "event_time"},
		"event time garbage":     {nil, "click_id={id}&token=tok_shop&event_time=yesterday", event.InvalidValue, "event_time"},
		"order number required":  {func(w *world) { w.offer.RequireOrder = true }, "click_id={id}&token=tok_shop", event.MissingOrder, "txid"},
		"percent without amount": {func(w *world) { w.offer.PayoutKind, w.offer.PayoutPercent = catalog.PayoutPercent, "10" }, "click_id={id}&token=tok_shop", event.MissingAmount, "amount"},
		"control characters":     {nil, "click_id={id}&token=tok_shop&txid=a%0d%0ab", event.InvalidValue, "txid"},
		"64 kB value":            {nil, "click_id={id}&token=tok_shop&txid=" + strings.Repeat("x", 64<<10), event.TooLarge, ""},
		"long value":             {nil, "click_id={id}&token=tok_shop&txid=" + strings.Repeat("x", 600), event.InvalidValue, "txid"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.change != nil {
				c.change(w)
				w.reload()
			}
			row := w.postback(strings.ReplaceAll(c.query, "{id}", w.click().String()))
			if row.Verdict != c.want || row.Field != c.field {
				t.Errorf("verdict %s on %q, want %s on %q: %s", row.Verdict, row.Field, c.want, c.field, row.Detail)
			}
			if row.Detail == "" || strings.Contains(row.Detail, "tok_shop") {
				t.Errorf("detail %q", row.Detail)
			}
			if len(w.conversions()) != 0 || len(w.balances()) != 0 {
				t.Error("a refused signal moved money")
			}
		})
	}
}

func TestAbsentOptionalsAreNoComplaint(t *testing.T) {
	w := newWorld(t)
	row := w.postback("click_id=" + w.click().String() + "&token=tok_shop&amount=&payout=&currency=&txid=&status=&goal=&offer=&coupon=&geo=&commission_id=&event_time=")
	if row.Verdict != event.Accepted {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	row = w.postback("click_id=" + w.click().String() + "&token=tok_shop&coupon={coupon}&txid=2")
	if row.Verdict != event.Accepted || !strings.Contains(w.conversions()[0].Warning, "coupon") {
		t.Errorf("a note that is a macro: %s, warning %q", row.Verdict, w.conversions()[0].Warning)
	}
}

func TestBodies(t *testing.T) {
	for name, c := range map[string]struct {
		kind, body string
		want       event.Verdict
	}{
		"form":             {"application/x-www-form-urlencoded", "click_id={id}&token=tok_shop&amount=5.00", event.Accepted},
		"json":             {"application/json; charset=utf-8", `{"click_id":"{id}","token":"tok_shop","amount":5.00,"txid":null}`, event.Accepted},
		"json exponent":    {"application/json", `{"click_id":"{id}","token":"tok_shop","amount":5e2}`, event.InvalidAmount},
		"json broken":      {"application/json", `{"click_id":`, event.MalformedBody},
		"json list":        {"application/json", `[]`, event.MalformedBody},
		"json nested":      {"application/json", `{"click_id":{"a":1}}`, event.MalformedBody},
		"json twice":       {"application/json", `{"click_id":"{id}","token":"tok_shop"}{}`, event.MalformedBody},
		"unknown type":     {"image/png", "x", event.MalformedBody},
		"beacon":           {"text/plain;charset=UTF-8", "click_id={id}&token=tok_shop", event.Accepted},
		"beacon with json": {"text/plain", `{"click_id":"{id}","token":"tok_shop"}`, event.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			body := strings.ReplaceAll(c.body, "{id}", w.click().String())
			row := w.signal(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "POST", BodyType: c.kind, Body: []byte(body)})
			if row.Verdict != c.want {
				t.Errorf("%s: %s", row.Verdict, row.Detail)
			}
		})
	}
}

func TestOneConversionAcrossClicksAndMethods(t *testing.T) {
	for name, signals := range map[string][]string{
		"same postback":              {"S txid=1", "S txid=1"},
		"pixel then postback":        {"P txid=1", "S txid=1"},
		"postback then pixel":        {"S txid=1", "P txid=1"},
		"another click, same order":  {"S txid=1", "T txid=1"},
		"without an order":           {"S", "S", "P"},
		"the order comes later":      {"P", "S txid=1", "S txid=1"},
		"the order comes first":      {"S txid=1", "P", "S txid=1"},
		"the order with two methods": {"P txid=1", "P", "S", "S txid=1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			one, two := w.click(), w.click()
			for i, s := range signals {
				kind, rest, _ := strings.Cut(s, " ")
				var v event.Verdict
				switch kind {
				case "S":
					v = w.postback("token=tok_shop&click_id=" + one.String() + "&" + rest).Verdict
				case "T":
					v = w.postback("token=tok_shop&click_id=" + two.String() + "&" + rest).Verdict
				case "P":
					v = w.pixel("key=pixelkey&"+rest, attribution.Slots{}.With("pixelkey", one, w.now.Unix()+100)).Verdict
				}
				if i == 0 && v != event.Accepted || i > 0 && v != event.Duplicate && v != event.Updated {
					t.Errorf("signal %d (%s): %s", i, s, v)
				}
			}
			if n := len(w.conversions()); n != 1 {
				t.Fatalf("%d conversions, want 1", n)
			}
			if got := w.balances()["revenue::USD"]; got != 1000 {
				t.Errorf("revenue %d, want 1000", got)
			}
		})
	}
}

func TestOtherOrdersAndGoalsAreOtherConversions(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	for _, q := range []string{"txid=1", "txid=2", "txid=1&goal=lead", "txid=%C3%A9", "txid=1 "} {
		if row := w.postback("token=tok_shop&click_id=" + id + "&" + q); row.Verdict != event.Accepted {
			t.Errorf("%s: %s", q, row.Verdict)
		}
	}
	if n := len(w.conversions()); n != 5 {
		t.Errorf("%d conversions, want 5", n)
	}
}

func TestAnotherAmountIsAStatedConflict(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&amount=10.00&payout=2.00&click_id=" + id)
	for _, q := range []string{"amount=11.00", "payout=3.00", "amount=10.00&payout=2.01"} {
		row := w.postback("token=tok_shop&txid=1&click_id=" + id + "&" + q)
		if row.Verdict != event.Conflict || row.Conversion == "" {
			t.Errorf("%s: %s", q, row.Verdict)
		}
	}
	row := w.postback("token=tok_shop&txid=1&amount=10&payout=2.0&click_id=" + id)
	if row.Verdict != event.Duplicate {
		t.Errorf("the same amounts written otherwise: %s", row.Verdict)
	}
	if got := w.balances()["revenue::USD"]; got != 200 {
		t.Errorf("revenue %d, want 200", got)
	}
}

func TestRicherSourceFillsBlanks(t *testing.T) {
	w := newWorld(t)
	w.offer.PayoutKind, w.offer.Payout = catalog.PayoutPostback, 0
	w.reload()
	id := w.click()
	w.pixel("key=pixelkey&txid=1&click_id="+id.String(), nil)
	if c := w.conversions()[0]; c.Revenue != 0 || c.Warning == "" {
		t.Fatalf("a pixel without payout: revenue %d, warning %q", c.Revenue, c.Warning)
	}
	row := w.postback("token=tok_shop&txid=1&payout=7.50&amount=80.00&click_id=" + id.String())
	if row.Verdict != event.Updated {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	c := w.conversions()[0]
	if c.Revenue != 750 || c.Commission != 450 || c.SaleAmount != 8000 || c.Warning != "" {
		t.Errorf("conversion %+v", c)
	}
	if b := w.balances(); b["revenue::USD"] != 750 || b["publisher_pending:pub_1:USD"] != 450 {
		t.Errorf("balances %v", b)
	}
	if f := w.facts(); f.Conversions != 1 || f.Revenue != 750 || f.Commission != 450 || f.SaleAmount != 8000 {
		t.Errorf("facts %+v", f)
	}
}

func TestStatusesConvergeInAnyOrder(t *testing.T) {
	for _, initial := range []string{"pending", "approved"} {
		for _, refusal := range []string{"rejected", "reversed"} {
			var ends []conversion.Status
			for _, order := range [][]string{{"", refusal}, {refusal, ""}, {refusal, "", refusal}, {"", refusal, ""}} {
				w := newWorld(t)
				w.offer.InitialStatus = initial
				w.reload()
				id := w.click().String()
				for _, s := range order {
					w.postback("token=tok_shop&txid=1&amount=10.00&click_id=" + id + "&status=" + s)
				}
				ends = append(ends, w.conversions()[0].Status)
				if b := w.balances(); len(b) != 0 {
					t.Errorf("%s, %q: money is left: %v", initial, order, b)
				}
				if f := w.facts(); f.Conversions != 0 || f.Revenue != 0 || f.Commission != 0 {
					t.Errorf("%s, %q: facts are left: %+v", initial, order, f)
				}
			}
			for _, e := range ends {
				if e != ends[0] {
					t.Errorf("%s then %s: the orders end in %v", initial, refusal, ends)
				}
			}
		}
	}
}

func TestApprovalByPostback(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&click_id=" + id)
	if row := w.postback("token=tok_shop&txid=1&status=approved&click_id=" + id); row.Verdict != event.Updated {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	want := map[string]int64{"receivable:adv_1:USD": 1000, "revenue::USD": 1000, "commission_expense::USD": 600, "publisher_available:pub_1:USD": 600}
	if d := cmp.Diff(want, w.balances()); d != "" {
		t.Error(d)
	}
	if row := w.postback("token=tok_shop&txid=1&status=pending&click_id=" + id); row.Verdict != event.Duplicate {
		t.Errorf("pending after approved: %s", row.Verdict)
	}
	w.pixel("key=pixelkey&txid=1&status=reversed&click_id="+id, nil)
	if c := w.conversions()[0]; c.Status != conversion.Approved {
		t.Errorf("a page changed the status to %s", c.Status)
	}
}

func TestPixel(t *testing.T) {
	w := newWorld(t)
	w.offer.InitialStatus = "approved"
	w.reload()
	id := w.click()
	slots := attribution.Slots{}.With("pixelkey", id, w.now.Unix()+100)
	if row := w.pixel("amount=1.00", slots); row.Verdict != event.UnknownKey {
		t.Errorf("no key: %s", row.Verdict)
	}
	if row := w.pixel("key=pixelkey", nil); row.Verdict != event.MissingClick {
		t.Errorf("no cookie: %s", row.Verdict)
	}
	if row := w.pixel("key=otherkey&click_id="+id.String(), nil); row.Verdict != event.OfferMismatch {
		t.Errorf("another offer's key: %s", row.Verdict)
	}
	if row := w.pixel("key=pixelkey", slots); row.Verdict != event.Accepted {
		t.Fatalf("by cookie: %s %s", row.Verdict, row.Detail)
	}
	c := w.conversions()[0]
	if c.Status != conversion.Pending || c.Method != conversion.MatchCookie || c.Click != id {
		t.Errorf("status %s, method %s", c.Status, c.Method)
	}
}

func TestWindow(t *testing.T) {
	w := newWorld(t)
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		after time.Duration
		want  event.Verdict
	}{"at its very end": {30 * day, event.Accepted}, "a second later": {30*day + time.Second, event.OutsideWindow}} {
		id := w.click()
		w.clicks[id].At = w.now.Add(-c.after).UnixMicro()
		if row := w.postback("token=tok_shop&click_id=" + id.String()); row.Verdict != c.want {
			t.Errorf("%s: %s", name, row.Verdict)
		}
	}
	// It is the event's time that counts, and news of a known conversion is never late.
	id := w.click()
	w.clicks[id].At = w.now.Add(-31 * day).UnixMicro()
	at := w.now.Add(-2 * day)
	if row := w.postback(fmt.Sprintf("token=tok_shop&txid=9&click_id=%s&event_time=%d", id, at.Unix())); row.Verdict != event.Accepted {
		t.Errorf("an event within the window, told later: %s", row.Verdict)
	}
	if row := w.postback("token=tok_shop&txid=9&status=approved&click_id=" + id.String()); row.Verdict != event.Updated {
		t.Errorf("a status after the window: %s", row.Verdict)
	}
}

func TestPendingClickWaitsThenSucceeds(t *testing.T) {
	w := newWorld(t)
	id := w.click()
	visit := w.clicks[id]
	delete(w.clicks, id)
	sig := &event.Signal{Kind: event.SignalPostback, Query: "token=tok_shop&click_id=" + id.String()}
	row := w.signal(sig)
	if row.Verdict != event.PendingClick || row.RetryAt <= w.now.UnixMicro() {
		t.Fatalf("%s, retry at %d", row.Verdict, row.RetryAt)
	}
	w.now = w.now.Add(25 * time.Hour)
	if row := w.judgeAgain(sig); row.Verdict != event.UnknownClick || row.RetryAt != 0 {
		t.Errorf("after a day: %s", row.Verdict)
	}
	w.now = w.now.Add(-24 * time.Hour)
	second := w.click()
	late := w.clicks[second]
	delete(w.clicks, second)
	sig2 := &event.Signal{Kind: event.SignalPostback, Query: "token=tok_shop&click_id=" + second.String()}
	w.signal(sig2)
	w.clicks[second] = late
	if row := w.judgeAgain(sig2); row.Verdict != event.Accepted {
		t.Errorf("once indexed: %s", row.Verdict)
	}
	// The first one can still be replayed by hand when its click turns up.
	w.clicks[id] = visit
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		old, err := tx.GetSignal(ctx, sig.ID.String())
		if err != nil {
			return err
		}
		row, err := w.judge.Again(ctx, tx, old)
		if err == nil && row.Verdict != event.Accepted {
			t.Errorf("replayed: %s %s", row.Verdict, row.Detail)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestJudgingTheSameSignalAgainChangesNothing(t *testing.T) {
	w := newWorld(t)
	sig := &event.Signal{Kind: event.SignalPostback, Query: "token=tok_shop&txid=1&click_id=" + w.click().String()}
	first := w.signal(sig)
	before := w.balances()
	again := w.judgeAgain(sig)
	if first.Verdict != event.Accepted || again.Verdict != event.Accepted || again.Conversion != first.Conversion {
		t.Errorf("first %s, again %s", first.Verdict, again.Verdict)
	}
	if d := cmp.Diff(before, w.balances()); d != "" || len(w.conversions()) != 1 {
		t.Errorf("%d conversions\n%s", len(w.conversions()), d)
	}
}
