package books_test

import (
	"errors"
	"fmt"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

var clerk = account.Principal{ID: "usr_9", Write: true, Workspaces: []string{"ws_1"}}

// What people enter is judged like postbacks: previewed without a trace, recorded once
// however often it is entered, and refused line by line.
func TestEnter(t *testing.T) {
	w := newWorld(t)
	var entries []conversion.Entry
	for i := range 150 { // more than one transaction
		entries = append(entries, conversion.Entry{ClickID: w.click().String(), TxID: fmt.Sprintf("e-%d", i), Status: "approved"})
	}
	entries[3].Payout = "12,50"
	entries[4].ClickID = w.mint().String()
	entries[5].Goal = "nothing"
	entries[6].TxID = "e-7" // an order that comes again, with its own click
	for who, p := range strangers() {
		if _, err := w.desk.Enter(t.Context(), p, "ws_1", entries, false); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	if _, err := w.desk.Enter(t.Context(), clerk, "ws_1", make([]conversion.Entry, books.MaxEntries+1), true); !errors.Is(err, books.ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
	special := map[int]event.Verdict{3: event.InvalidAmount, 4: event.PendingClick, 5: event.UnknownGoal, 7: event.Duplicate}
	for _, dry := range []bool{true, false, false} {
		rows, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, dry)
		if err != nil || len(rows) != len(entries) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		again := len(w.all()) > 0 && !dry && rows[0].Verdict == event.Duplicate
		for i, r := range rows {
			want, ok := special[i]
			if !ok {
				want = event.Accepted
			}
			if again && want == event.Accepted {
				want = event.Duplicate
			}
			if r.Verdict != want || r.Detail == "" {
				t.Errorf("dry %v, line %d: %s (%s), want %s", dry, i+1, r.Verdict, r.Detail, want)
			}
		}
		want := 146
		if dry {
			want = 0
		}
		if n := len(w.all()); n != want {
			t.Fatalf("dry %v: %d conversions, want %d", dry, n, want)
		}
	}
	c := w.all()[0]
	changes, err := w.db.Books().Changes(t.Context(), c.ID)
	if err != nil || c.Source != event.SignalUpload || c.Status != conversion.Approved || changes[0].Actor != "usr_9" {
		t.Errorf("%s, %s, by %+v, %v", c.Source, c.Status, changes, err)
	}
}

func (w *world) all() []*conversion.Conversion {
	w.t.Helper()
	cs, err := w.db.Books().ListConversions(w.t.Context(), conversion.Query{Workspace: "ws_1", Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return cs
}

// Repricing is previewed, done once, and the ledger follows it to the cent.
func TestRepriceAll(t *testing.T) {
	w := newWorld(t)
	var entries []conversion.Entry
	for i := range 230 {
		entries = append(entries, conversion.Entry{ClickID: w.click().String(), TxID: fmt.Sprintf("e-%d", i), Status: []string{"", "approved", "rejected"}[i%3]})
	}
	if _, err := w.desk.Enter(t.Context(), clerk, "ws_1", entries, false); err != nil {
		t.Fatal(err)
	}
	offer := *w.view.Offer("off_1")
	offer.Payout = 1500
	w.view = w.view.With([]catalog.Entity{&offer}, 8)
	q := books.RepriceQuery{Offer: "off_1"}
	for who, p := range strangers() {
		if _, err := w.desk.Reprice(t.Context(), p, "ws_1", q, true, "new terms"); !errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("somebody %s: %v", who, err)
		}
	}
	if _, err := w.desk.Reprice(t.Context(), clerk, "ws_1", books.RepriceQuery{Offer: "off_none"}, true, ""); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("an unknown offer: %v", err)
	}
	const counted = 77 + 77 // pending and approved
	for i, step := range []struct {
		apply   bool
		changed int
	}{{false, counted}, {true, counted}, {true, 0}} {
		r, err := w.desk.Reprice(t.Context(), clerk, "ws_1", q, step.apply, "new terms")
		if err != nil {
			t.Fatal(err)
		}
		if r.Checked != 230 || r.Changed != step.changed || len(r.Lines) != step.changed+76 || r.Next != "" {
			t.Errorf("step %d: %d checked, %d changed, %d lines", i, r.Checked, r.Changed, len(r.Lines))
		}
		for _, l := range r.Lines {
			if (l.Skipped != "") != (l.Conversion.Status == conversion.Rejected) || l.Skipped == "" && (l.Conversion.Revenue != 1000 || l.Revenue != 1500 || l.Commission != 900) {
				t.Fatalf("step %d: %+v of %+v", i, l, l.Conversion)
			}
		}
	}
	var revenue int64
	bs, err := w.db.Books().Balances(t.Context(), "ws_1", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bs {
		if b.Account.Code() == "revenue::USD" {
			revenue = b.Net()
		}
	}
	if revenue != counted*1500 {
		t.Errorf("the ledger has %d, want %d", revenue, counted*1500)
	}
	some, err := w.desk.Reprice(t.Context(), clerk, "ws_1", books.RepriceQuery{Offer: "off_1", IDs: []string{w.all()[0].ID}, Warned: true}, false, "")
	if err != nil || some.Checked != 0 {
		t.Errorf("%d without a warning, %v", some.Checked, err)
	}
}
