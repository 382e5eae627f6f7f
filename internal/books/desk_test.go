package books_test

import (
	"fmt"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"

	"github.com/govalues/decimal"
)

// One row of a file whose judgment fails on our side costs one row, as it does in the
// processor; the rest of a file of thousands is entered.
func TestEnterSurvivesAPoisonRow(t *testing.T) {
	for name, poison := range map[string]func(w *world) event.ClickID{
		"an error": func(w *world) event.ClickID {
			v := w.visit()
			v.Offer = "off_gone"
			w.clicks.put(v)
			return v.ID
		},
		"a panic": func(w *world) event.ClickID {
			id := w.click()
			w.clicks.spoil(id, true)
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("the call panicked: %v", r)
				}
			}()
			w := newWorld(t)
			entries := []conversion.Entry{{ClickID: w.click().String(), TxID: "1"}, {ClickID: poison(w).String(), TxID: "2"}, {ClickID: w.click().String(), TxID: "3"}}
			rows, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, false)
			if err != nil || len(rows) != 3 {
				t.Errorf("%d rows of 3, %v", len(rows), err)
			}
			if n := len(w.all()); n != 2 {
				t.Errorf("%d of the two good rows were entered", n)
			}
		})
	}
}

// What was committed before an upload broke off is told to who waits for it: the relay of
// the facts, the postbacks to publishers, the caps.
func TestEnterTellsWhatWasCommitted(t *testing.T) {
	w := newWorld(t)
	told := 0
	w.desk.Changed = func() { told++ }
	var entries []conversion.Entry
	for i := range 150 {
		entries = append(entries, conversion.Entry{ClickID: w.click().String(), TxID: fmt.Sprint(i)})
	}
	bad := w.visit()
	bad.Offer = "off_gone"
	w.clicks.put(bad)
	entries[149].ClickID = bad.ID.String()
	rows, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, false)
	if n := len(w.all()); n > 0 && told == 0 {
		t.Errorf("%d conversions were committed (%d rows, %v) and nobody was told", n, len(rows), err)
	}
}

// What is too many for one call is reached by going on behind it.
func TestRepriceReachesAll(t *testing.T) {
	w := newWorld(t)
	books.SetMaxReprice(t, 40)
	var entries []conversion.Entry
	for i := range 130 {
		entries = append(entries, conversion.Entry{ClickID: w.click().String(), TxID: fmt.Sprint(i), Status: []string{"approved", "rejected"}[i%2]})
	}
	if _, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, false); err != nil {
		t.Fatal(err)
	}
	offer := *w.view.Offer("off_1")
	offer.Payout = 1500
	w.view = w.view.With([]catalog.Entity{&offer}, 8)
	calls, checked, changed := 0, 0, 0
	for q := (books.RepriceQuery{Offer: "off_1"}); calls == 0 || q.Before != ""; calls++ {
		r, err := w.desk.Reprice(t.Context(), clerk, "ws_1", q, true, "terms")
		if err != nil {
			t.Fatal(err)
		}
		checked, changed, q.Before = checked+r.Checked, changed+r.Changed, r.Next
	}
	if calls != 4 || checked != 130 || changed != 65 {
		t.Errorf("%d calls, %d checked, %d changed; want 4, 130, 65", calls, checked, changed)
	}
	for _, c := range w.all() {
		if want := map[conversion.Status]int64{conversion.Approved: 1500, conversion.Rejected: 1000}[c.Status]; c.Revenue != want {
			t.Errorf("order %s is %s with revenue %d, want %d", c.Order, c.Status, c.Revenue, want)
		}
	}
}

// A sender's clock may be five minutes ahead, so a conversion may be recorded before it
// happened: choosing by time must find it all the same.
func TestRepriceFindsClocksAhead(t *testing.T) {
	w := newWorld(t)
	ahead := w.clock().Add(4 * time.Minute)
	entries := []conversion.Entry{{ClickID: w.click().String(), TxID: "ahead", EventTime: fmt.Sprint(ahead.Unix())}}
	for i := range 100 {
		entries = append(entries, conversion.Entry{ClickID: w.click().String(), TxID: fmt.Sprint(i)})
	}
	if _, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, false); err != nil {
		t.Fatal(err)
	}
	r, err := w.desk.Reprice(t.Context(), clerk, "ws_1", books.RepriceQuery{Offer: "off_1", From: w.clock().Add(time.Minute).UnixMicro()}, false, "")
	if err != nil || r.Checked != 1 {
		t.Errorf("%d chosen, want the one of %s; %v", r.Checked, ahead, err)
	}
}

// "Who confirms a preview confirms this, and nothing that came in between": a repricing that
// changes what is reported, and nothing else, is other when the rate is another.
func TestFingerprintKnowsTheRate(t *testing.T) {
	w := newWorld(t)
	w.view = w.view.With([]catalog.Entity{&catalog.Workspace{Meta: meta("ws_1"), Currency: "EUR"}}, 8)
	if _, err := w.desk.Enter(t.Context(), clerk, "ws_1", []conversion.Entry{{ClickID: w.click().String(), TxID: "1"}}, false); err != nil {
		t.Fatal(err)
	}
	prints := map[string]string{}
	for _, rate := range []string{"0.9", "0.1"} {
		table := money.NewRates([]money.RateRow{{Workspace: "ws_1", Date: "2026-01-01", From: "USD", To: "EUR", Value: decimal.MustParse(rate), Source: money.SourceManual}})
		w.judge.Rates = func() *money.Rates { return table }
		r, err := w.desk.Reprice(t.Context(), clerk, "ws_1", books.RepriceQuery{Offer: "off_1"}, false, "")
		if err != nil || r.Changed != 1 {
			t.Fatalf("%d changed, %v", r.Changed, err)
		}
		prints[r.Fingerprint()] = rate
	}
	if len(prints) != 2 {
		t.Errorf("a preview at 0.9 and one at 0.1 have the same fingerprint")
	}
}
