package diagnosis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/event"
)

const day = 24 * time.Hour

// TestChecks: what each check finds and what it leaves alone. codes are all that is found
// after set; says is in the sentence of the first, fix in its fix.
func TestChecks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		set   func(w *world)
		codes string
		sev   diagnosis.Severity
		count int
		says  string
		fix   string
		param string // of the first evidence
	}{
		{name: "nothing was received", set: func(*world) {}},
		{name: "all is well", set: func(w *world) { w.accepted(w.postback("&payout=5.00&txid=1")) }},

		{"Auto and no payout", func(w *world) { w.accepted(w.postback("&txid=1")); w.accepted(w.postback("&txid=2")) },
			"payout_missing", diagnosis.Bad, 2, "2 conversions brought no value", "#price#", ""},
		{"Auto and an empty payout", func(w *world) { w.accepted(w.postback("&txid=1&payout=")) }, "payout_missing", diagnosis.Bad, 1, "1 conversion brought", "", "payout="},
		{"Auto and the value under another name", func(w *world) { w.accepted(w.postback("&txid=1&revenue=7.50")) },
			"payout_missing", diagnosis.Bad, 1, "revenue=7.50, which is not read", "", "revenue=7.50"},
		{"Auto, missing before, right now", func(w *world) { w.accepted(w.postback("&txid=1")); w.accepted(w.postback("&txid=2&payout=5.00")) },
			"payout_missing", diagnosis.Warn, 1, "Later ones did", "", ""},
		{"Auto with a default", func(w *world) {
			w.set(func(o *catalog.Offer) { o.Payout = 500 })
			w.accepted(w.postback("&txid=1"))
		}, "", "", 0, "", "", ""},
		{"Auto before, Manual now", func(w *world) {
			w.accepted(w.postback("&txid=1"))
			w.set(func(o *catalog.Offer) { o.PayoutKind, o.Payout = catalog.PayoutFixed, 500 })
		}, "payout_missing", diagnosis.Warn, 1, "terms have changed", "Reprice", ""},
		{"a payout of 0 that was sent", func(w *world) {
			w.set(func(o *catalog.Offer) { o.InitialStatus = "approved" })
			w.accepted(w.postback("&txid=1&payout=0"))
		}, "zero_revenue", diagnosis.Info, 1, "sent a payout of 0", "", ""},
		{"a manual payout of 0", func(w *world) {
			w.set(func(o *catalog.Offer) { o.PayoutKind, o.InitialStatus = catalog.PayoutFixed, "approved" })
			w.accepted(w.postback("&txid=1"))
		}, "zero_revenue", diagnosis.Warn, 1, "is 0", "Enter the amount", ""},

		{"a macro for the order", func(w *world) { w.postback("&txid={order}&payout=1.00") }, "macro_literal", diagnosis.Warn, 1, "txid={order}", "give txid the network's own macro", "txid={order}"},
		{"a macro for the payout", func(w *world) { w.postback("&txid=1&payout={payout}") }, "payout_missing macro_literal", diagnosis.Bad, 1, "came as payout={payout}", "", "payout={payout}"},
		{"a macro for the click", func(w *world) { w.raw("click_id={clickid}&token=" + token) }, "macro_literal", diagnosis.Bad, 1, "name none of the offer's clicks", "", "click_id={clickid}"},
		{"a macro for a note", func(w *world) { w.accepted(w.postback("&txid=1&payout=1.00&coupon={coupon}")) }, "macro_literal", diagnosis.Info, 1, "left out", "", "coupon={coupon}"},
		{"a macro for a payout that is fixed", func(w *world) {
			w.set(func(o *catalog.Offer) { o.PayoutKind, o.Payout = catalog.PayoutFixed, 500 })
			w.accepted(w.postback("&txid=1&payout={payout}"))
		}, "macro_literal", diagnosis.Warn, 1, "as if it had not been sent", "", "payout={payout}"},
		{"a macro in a JSON body, without a token", func(w *world) {
			w.set(func(o *catalog.Offer) { o.Advertiser = "" })
			w.signal(0, &event.Signal{Kind: event.SignalPostback, BodyType: "application/json", Body: []byte(`{"click_id":"` + w.click(time.Hour).String() + `","payout":"##PRICE##"}`)})
		}, "payout_missing macro_literal", diagnosis.Bad, 1, "payout=##PRICE##", "", "payout=##PRICE##"},

		{"a decimal comma", func(w *world) { w.postback("&txid=1&payout=12,50") }, "value_refused", diagnosis.Bad, 1, "payout (invalid amount)", "12.50", "payout=12,50"},
		{"too precise", func(w *world) { w.postback("&txid=1&payout=12.501") }, "value_refused", diagnosis.Bad, 1, "payout (amount precision)", "round", "payout=12.501"},
		{"an unknown goal", func(w *world) { w.postback("&txid=1&payout=1.00&goal=lead") }, "value_refused", diagnosis.Bad, 1, "goal (unknown goal)", "Add a goal", "goal=lead"},
		{"a wrapped value", func(w *world) { w.postback("&payout=1.00&txid=%22A-1%22") }, "value_refused", diagnosis.Bad, 1, "txid (wrapped value)", "brackets", "txid=\"A-1\""},

		{"no token", func(w *world) { w.raw("click_id=" + w.click(time.Hour).String() + "&txid=1&payout=1.00") }, "value_refused", diagnosis.Bad, 1, "token (missing token)", "with the parameter token", ""},

		{"another currency without a rate", func(w *world) { w.postback("&txid=1&payout=1.00&currency=eur") },
			"rate_missing currency_mismatch", diagnosis.Bad, 1, "EUR to USD of 20 November", "judge the refused", "currency=eur"},
		{"no rate to the reporting currency", func(w *world) {
			w.view = w.view.With([]catalog.Entity{&catalog.Workspace{Meta: meta("ws_1"), Currency: "GBP", TimeZone: "Europe/Berlin"}}, 9)
			w.accepted(w.postback("&txid=1&payout=1.00"))
		}, "rate_missing", diagnosis.Bad, 1, "USD to GBP", "reprice", ""},

		{"few unknown clicks", func(w *world) { w.raw("click_id=77&token=" + token); w.raw("click_id=78&token=" + token) }, "", "", 0, "", "", ""},
		{"unknown clicks", func(w *world) {
			for i := range 4 {
				w.raw(fmt.Sprintf("click_id=77%d&txid=1&token=%s", i, token))
			}
		}, "unknown_clicks", diagnosis.Bad, 4, "4 signals came from Shop", "32 characters", "click_id=773"},
		{"unknown clicks, some are known", func(w *world) {
			for i := range 5 {
				w.accepted(w.postback(fmt.Sprintf("&payout=1.00&txid=%d", i)))
			}
			for range 3 {
				w.raw("click_id=77&token=" + token)
			}
		}, "unknown_clicks", diagnosis.Warn, 3, "against 5", "", "click_id=77"},
		{"the click under another name", func(w *world) {
			for range 3 {
				w.raw("clickid=" + w.click(time.Hour).String() + "&token=" + token)
			}
		}, "unknown_clicks", diagnosis.Bad, 3, "clickid instead of click_id", "call the parameter click_id", "clickid="},

		{"no click id in the URL", func(w *world) { w.set(func(o *catalog.Offer) { o.URL = "https://shop.example/" }) }, "click_id_missing", diagnosis.Bad, 0, "no {click_id}", "ref={click_id}", ""},
		{"a click id that is appended", func(w *world) {
			w.set(func(o *catalog.Offer) { o.URL, o.AppendClickID = "https://shop.example/", true })
		}, "", "", 0, "", "", ""},
		{"direct and nothing to append", func(w *world) {
			w.set(func(o *catalog.Offer) { o.URL, o.Direct = "https://shop.example/", true })
		}, "", "", 0, "", "", ""},
		{"direct and appended", func(w *world) {
			w.set(func(o *catalog.Offer) { o.URL, o.Direct, o.AppendClickID = "https://shop.example/", true, true })
		}, "append_without_redirect", diagnosis.Warn, 0, "not redirected", "", ""},

		{"few clicks and nothing came", func(w *world) { w.visits(99, day, true) }, "", "", 0, "", "", ""},
		{"many clicks and nothing ever came", func(w *world) { w.visits(100, day, true) }, "no_postbacks", diagnosis.Bad, 100, "100 clicks in 30 days", "test conversion", ""},
		{"visits that were no clicks", func(w *world) { w.visits(200, day, false) }, "", "", 0, "", "", ""},
		{"it went quiet", func(w *world) {
			w.accepted(w.signal(10*day, &event.Signal{Kind: event.SignalPostback, Query: "payout=1.00&token=" + token + "&click_id=" + w.click(11*day).String()}))
			w.visits(120, 2*day, true)
		}, "no_postbacks", diagnosis.Bad, 120, "10 November", "still entered", ""},
		{"it went quiet, and few came", func(w *world) {
			w.accepted(w.signal(10*day, &event.Signal{Kind: event.SignalPostback, Query: "payout=1.00&token=" + token + "&click_id=" + w.click(11*day).String()}))
			w.visits(300, 12*day, true)
			w.visits(20, 2*day, true)
		}, "", "", 0, "", "", ""},
		{"a postback yesterday", func(w *world) {
			w.accepted(w.signal(day, &event.Signal{Kind: event.SignalPostback, Query: "payout=1.00&token=" + token + "&click_id=" + w.click(2*day).String()}))
			w.visits(500, time.Hour, true)
		}, "", "", 0, "", "", ""},

		{"paused without visitors", func(w *world) {
			w.set(func(o *catalog.Offer) { o.Status = catalog.StatusPaused })
			w.visits(5, 5*day, false)
		}, "", "", 0, "", "", ""},
		{"paused with visitors", func(w *world) {
			w.set(func(o *catalog.Offer) { o.Status = catalog.StatusPaused })
			w.visits(5, time.Hour, false)
		},
			"paused_with_clicks", diagnosis.Warn, 5, "paused, and 5 visitors came", "active", ""},

		{"a cap with room", func(w *world) {
			w.capped(2)
			w.accepted(w.postback("&txid=1&payout=1.00"))
		}, "", "", 0, "", "", ""},
		{"a cap is reached", func(w *world) {
			w.capped(1)
			w.accepted(w.postback("&txid=1&payout=1.00"))
		}, "cap_reached", diagnosis.Warn, 0, "daily cap of 1 conversion on 2026-11-20 is reached", "Raise", ""},
		{"a cap of nothing", func(w *world) { w.capped(0) }, "cap_reached", diagnosis.Warn, 0, "takes nothing", "Raise", ""},
		{"beyond a cap", func(w *world) {
			w.capped(1)
			w.accepted(w.postback("&txid=1&payout=1.00"))
			w.accepted(w.postback("&txid=2&payout=1.00"))
		}, "cap_reached", diagnosis.Warn, 1, "1 conversion was beyond a cap", "", ""},
		{"beyond a cap, and held", func(w *world) {
			w.capped(1)
			w.set(func(o *catalog.Offer) { o.OverCap = catalog.OverCapHold })
			w.accepted(w.postback("&txid=1&payout=1.00"))
			w.accepted(w.postback("&txid=2&payout=1.00"))
		}, "cap_reached held", diagnosis.Warn, 1, "1 conversion was beyond a cap", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.set(w)
			w.only(strings.Fields(tt.codes)...)
			if tt.codes == "" {
				return
			}
			f := w.finding(strings.Fields(tt.codes)[0])
			if f == nil {
				return
			}
			if f.Severity != tt.sev || f.Count != tt.count || !strings.Contains(f.Sentence, tt.says) || !strings.Contains(f.Fix.Sentence, tt.fix) {
				t.Errorf("%s, %d: %s\nfix: %s\nwant %s, %d with %q and %q", f.Severity, f.Count, f.Sentence, f.Fix.Sentence, tt.sev, tt.count, tt.says, tt.fix)
			}
			if tt.param != "" && (len(f.Signals) == 0 || !strings.HasPrefix(f.Signals[0].Param, tt.param)) {
				t.Errorf("evidence %+v, want the parameter %s", f.Signals, tt.param)
			}
		})
	}
}

// capped gives the offer a daily cap of conversions.
func (w *world) capped(limit int64) {
	w.set(func(o *catalog.Offer) {
		o.Caps, o.CapTimeZone, o.CapWarn = []catalog.Cap{{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: limit}}, "Europe/Berlin", 80
		o.CapStates, o.OverCap, o.CapsSince = []string{"pending", "approved"}, catalog.OverCapPay, w.now.Add(-48*time.Hour).UnixMicro()
	})
}

// TestRepriceIsOffered: a fix offers repricing exactly when the present terms would change
// something, with the query that selects the conversions.
func TestRepriceIsOffered(t *testing.T) {
	w := newWorld(t)
	first := w.accepted(w.postback("&txid=1"))
	w.accepted(w.postback("&txid=2&payout=3.00"))
	if f := w.finding("payout_missing"); f.Fix.Reprice != nil {
		t.Error("repricing is offered while the terms still take the value from the postback")
	}
	if f := w.finding("payout_missing"); f.Signals[0].Signal != first.ID || f.Conversions[0].ID != first.Conversion {
		t.Errorf("evidence %+v, want signal %s", f.Signals, first.ID)
	}
	if got := w.revenue(); got != 300 {
		t.Errorf("the report says %d before repricing, want 300", got)
	}
	w.set(func(o *catalog.Offer) { o.PayoutKind, o.Payout = catalog.PayoutFixed, 700 })
	fix := w.finding("payout_missing").Fix
	if fix.Reprice == nil || !fix.Reprice.Warned {
		t.Fatalf("fix %+v, want repricing of what was warned of", fix)
	}
	q := books.RepriceQuery{Offer: w.offer.ID, From: fix.Reprice.From, To: fix.Reprice.To, Warned: fix.Reprice.Warned, IDs: fix.Reprice.IDs}
	res, err := w.desk.Reprice(t.Context(), owner, "ws_1", q, true, "the payout was missing")
	w.must(err)
	if res.Changed != 1 {
		t.Errorf("%d conversions were repriced, want the one without a payout", res.Changed)
	}
	w.only()
	if got := w.revenue(); got != 1000 {
		t.Errorf("the report says %d after repricing, want 1000", got)
	}
	cs, err := w.db.Books().ListConversions(t.Context(), conversion.Query{Workspace: "ws_1", Limit: 10})
	w.must(err)
	if cs[1].Revenue != 700 || cs[0].Revenue != 300 {
		t.Errorf("revenues %d and %d, want 700 and 300", cs[1].Revenue, cs[0].Revenue)
	}
}

// TestBounded: however much came, only the last of it is looked at, and quickly.
func TestBounded(t *testing.T) {
	w := newWorld(t)
	for i := range diagnosis.MaxSignals + 60 {
		w.accepted(w.postback(fmt.Sprintf("&txid=%d", i)))
	}
	for range 60 {
		w.raw("click_id=5&token=" + token)
	}
	began := time.Now()
	r := w.diagnose()
	took := time.Since(began)
	if r.Signals > diagnosis.MaxSignals+60 || r.Conversions != diagnosis.MaxConversions {
		t.Errorf("%d signals and %d conversions were looked at", r.Signals, r.Conversions)
	}
	t.Logf("took %s", took)
	if took > time.Second {
		t.Errorf("it took %s", took)
	}
	// What is older than the window says nothing.
	w.now = w.now.Add((diagnosis.Days + 1) * day)
	if r := w.diagnose(); r.Signals != 0 || r.Conversions != 0 || len(r.Findings) != 0 {
		t.Errorf("a month later: %+v", r)
	}
}

// TestReportUnreadable: what the report cannot say is said, and the rest still found.
func TestReportUnreadable(t *testing.T) {
	w := newWorld(t)
	w.accepted(w.postback("&txid=1"))
	w.engine = nil
	r := w.diagnose()
	if r.Unknown == "" || len(r.Findings) != 1 {
		t.Errorf("report %+v, want one finding and what is unknown", r)
	}
}

// TestTenancy: offers of others, and unknown ones, are not there.
func TestTenancy(t *testing.T) {
	w := newWorld(t)
	stranger := reader
	stranger.Workspaces = []string{"ws_2"}
	for name, fn := range map[string]func() error{
		"diagnose": func() error { _, err := w.svc.Diagnose(t.Context(), stranger, "ws_1", "off_1"); return err },
		"another workspace's offer": func() error {
			_, err := w.svc.Diagnose(t.Context(), stranger, "ws_2", "off_1")
			return err
		},
		"unknown offer": func() error { _, err := w.svc.Diagnose(t.Context(), reader, "ws_1", "off_9"); return err },
		"summary": func() error {
			_, err := w.svc.Summary(t.Context(), stranger, "ws_1", []string{"off_1"})
			return err
		},
		"landing by a reader": func() error {
			_, err := w.svc.CheckLanding(t.Context(), reader, "ws_1", "off_1")
			return err
		},
	} {
		if err := fn(); !isNotFound(err) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	// The strays of another workspace's advertiser are not shown here.
	w.view = w.view.With([]catalog.Entity{&catalog.Advertiser{Meta: catalog.Meta{ID: "adv_2", Workspace: "ws_2"}, Token: "tok_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"}}, 5)
	for range 5 {
		w.raw("click_id=5&token=tok_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
	}
	w.only()
	sum, err := w.svc.Summary(t.Context(), stranger, "ws_2", []string{"off_1"})
	if err != nil || len(sum) != 0 {
		t.Errorf("summary of a foreign offer: %v, %v", sum, err)
	}
}

// TestSummary: marks agree with the diagnosis, are remembered for a minute, and are made
// anew when the catalog changes or something was mended.
func TestSummary(t *testing.T) {
	w := newWorld(t)
	get := func() diagnosis.Mark {
		t.Helper()
		m, err := w.svc.Summary(t.Context(), reader, "ws_1", []string{"off_1", "off_2", "off_9"})
		w.must(err)
		if len(m) != 2 || m["off_2"].Severity != "" {
			t.Fatalf("marks %v, want those of two offers and the second without a finding", m)
		}
		return m["off_1"]
	}
	if m := get(); m.Severity != "" || m.Findings != 0 {
		t.Errorf("mark %+v before anything came", m)
	}
	w.accepted(w.postback("&txid=1"))
	if m := get(); m.Severity != "" {
		t.Error("the mark was not remembered")
	}
	w.now = w.now.Add(61 * time.Second)
	if m := get(); m.Severity != diagnosis.Bad || m.Code != "payout_missing" || m.Findings != 1 || m.Title == "" {
		t.Errorf("mark %+v after a minute, want payout_missing", m)
	}
	w.set(func(o *catalog.Offer) { o.PayoutKind, o.Payout = catalog.PayoutFixed, 700 })
	if m := get(); m.Severity != diagnosis.Warn {
		t.Errorf("mark %+v after the offer changed, want a warning", m)
	}
	_, err := w.desk.Reprice(t.Context(), owner, "ws_1", books.RepriceQuery{Offer: "off_1", Warned: true}, true, "x")
	w.must(err)
	w.svc.Forget("ws_1", "off_1")
	if m := get(); m.Severity != "" {
		t.Errorf("mark %+v after repricing, want none", m)
	}
}
