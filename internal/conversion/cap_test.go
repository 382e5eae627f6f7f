package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// limited gives the offer caps, and what becomes of a conversion beyond them.
func (w *world) limited(over string, caps ...catalog.Cap) {
	w.offer.Caps, w.offer.CapTimeZone, w.offer.CapStates, w.offer.OverCap = caps, "America/New_York", []string{"pending", "approved"}, over
	w.reload()
}

func daily(limit int64) catalog.Cap {
	return catalog.Cap{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: limit}
}

// buy reports an order of a new click that happened at a time.
func (w *world) buy(order int, at time.Time, more string) *conversion.Conversion {
	w.t.Helper()
	id := w.click()
	w.clicks[id].At = at.Add(-time.Minute).UnixMicro()
	row := w.postback(fmt.Sprintf("token=tok_shop&click_id=%s&txid=%d&event_time=%d%s", id, order, at.Unix(), more))
	if row.Conversion == "" {
		w.t.Fatalf("order %d: %s %s", order, row.Verdict, row.Detail)
	}
	return w.get(row.Conversion)
}

func (w *world) get(id string) (c *conversion.Conversion) {
	w.t.Helper()
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) (err error) {
		c, err = tx.GetConversion(ctx, "ws_1", id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) move(c *conversion.Conversion, to conversion.Status) {
	w.t.Helper()
	err := w.db.Books().Update(w.t.Context(), func(ctx context.Context, tx books.Tx) error {
		c, err := tx.GetConversion(ctx, "ws_1", c.ID)
		if err != nil {
			return err
		}
		return w.judge.Move(ctx, tx, c, to, "usr_1", "because")
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A cap of two takes two; the third is recorded as over it, and paid, held or refused.
func TestConversionsBeyondACap(t *testing.T) {
	for over, want := range map[string]struct {
		status             conversion.Status
		hold               bool
		available, pending int64
		verdict            event.Verdict
	}{
		catalog.OverCapPay:    {conversion.Approved, false, 3 * 600, 0, event.Accepted},
		catalog.OverCapHold:   {conversion.Pending, true, 2 * 600, 600, event.Accepted},
		catalog.OverCapRefuse: {conversion.Rejected, true, 2 * 600, 0, event.OverCap},
	} {
		w := newWorld(t)
		w.offer.InitialStatus = "approved"
		w.limited(over, daily(2))
		for n := range 2 {
			if c := w.buy(n, w.now, ""); c.OverCap != "" || c.Status != conversion.Approved {
				t.Fatalf("%s: order %d is %s, over %q", over, n, c.Status, c.OverCap)
			}
		}
		c := w.buy(2, w.now, "")
		if c.OverCap != "daily cap of 2 conversions on 2026-11-01" || c.Status != want.status || (c.Hold != "") != want.hold {
			t.Errorf("%s: %s, held %q, over %q", over, c.Status, c.Hold, c.OverCap)
		}
		row, err := w.db.Books().Signal(t.Context(), c.Signal)
		if err != nil || row.Verdict != want.verdict || !strings.Contains(row.Detail, c.OverCap) {
			t.Errorf("%s: verdict %s: %s, %v", over, row.Verdict, row.Detail, err)
		}
		b := w.balances()
		if b["publisher_available:pub_1:USD"] != want.available || b["publisher_pending:pub_1:USD"] != want.pending {
			t.Errorf("%s: the publisher has %v", over, b)
		}
	}
}

// The day of a conversion is the one it happened on, in the offer's zone; a rejection
// frees a place of that day, and what was over the cap takes none.
func TestCapsCountOnTheirOwnDay(t *testing.T) {
	w := newWorld(t) // 2026-11-01 12:00 UTC: in New York the clocks went back at 6:00 UTC
	w.limited(catalog.OverCapPay, daily(2))
	day := time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC) // its first instant there
	w.now = day.Add(26 * time.Hour)
	n := 0
	at := func(t time.Time, want string) *conversion.Conversion {
		w.t.Helper()
		n++
		c := w.buy(n, t, "")
		if c.OverCap != want {
			w.t.Errorf("at %s: over %q, want %q", t, c.OverCap, want)
		}
		return c
	}
	const full = "daily cap of 2 conversions on 2026-11-01"
	first := at(day, "")
	at(day.Add(-time.Second), "")
	at(day.Add(25*time.Hour-time.Second), "") // 23:59:59 of the same day of 25 hours
	over := at(day.Add(12*time.Hour), full)
	next := at(day.Add(25*time.Hour), "")
	at(day.Add(-time.Hour), "")
	at(day.Add(-2*time.Hour), "daily cap of 2 conversions on 2026-10-31")

	w.move(next, conversion.Rejected)
	at(day.Add(time.Hour), full) // another day's place
	w.move(over, conversion.Rejected)
	at(day.Add(time.Hour), full) // it had none
	w.move(first, conversion.Approved)
	at(day.Add(time.Hour), full) // approved counts as well
	w.move(first, conversion.Reversed)
	at(day.Add(time.Hour), "")
	at(day.Add(time.Hour), full)
}

func TestCapsOfGoalPublisherAndPeriod(t *testing.T) {
	w := newWorld(t)
	w.now = time.Date(2026, 12, 20, 12, 0, 0, 0, time.UTC)
	lead, each, other, weekly, total := daily(1), daily(4), daily(0), daily(3), daily(5)
	lead.Goal, each.Publisher, other.Publisher, weekly.Period, total.Period = "lead", catalog.CapEach, "pub_9", catalog.CapWeekly, catalog.CapTotal
	clicks := daily(0)
	clicks.Event = catalog.CapClicks
	w.limited(catalog.OverCapPay, lead, each, other, weekly, total, clicks)
	for n, c := range []struct {
		day  int // of the month: the 14th is a Monday
		more string
		want string
	}{
		{14, "&goal=lead", ""},
		{14, "&goal=lead", "daily cap of 1 conversion of the goal lead on 2026-12-14"},
		{14, "", ""},
		{15, "", ""},
		{20, "", "weekly cap of 3 conversions in the week of 2026-12-14"},
		{13, "", ""},
		{12, "", ""},
		{11, "", "total cap of 5 conversions"},
		{11, "&status=rejected", ""}, // refused ones are beyond nothing
	} {
		got := w.buy(n, time.Date(2026, 12, c.day, 12, 0, 0, 0, time.UTC), c.more)
		if got.OverCap != c.want {
			t.Errorf("%d: over %q, want %q", n, got.OverCap, c.want)
		}
	}
	w.limited(catalog.OverCapPay, each)
	for n := range 5 {
		if c := w.buy(100+n, w.now, ""); (c.OverCap != "") != (n == 4) {
			t.Errorf("each, %d: %q", n, c.OverCap)
		}
	}
}

// Cap 0 takes nothing, and changed settings count what is there anew.
func TestCapZeroAndChangedCaps(t *testing.T) {
	w := newWorld(t)
	w.limited(catalog.OverCapPay, daily(0))
	if c := w.buy(1, w.now, ""); c.OverCap != "daily cap of 0 conversions on 2026-11-01" {
		t.Errorf("over %q", c.OverCap)
	}
	w.limited(catalog.OverCapPay)
	w.buy(2, w.now, "")
	w.limited(catalog.OverCapPay, daily(2))
	for n, want := range []bool{false, true} {
		if c := w.buy(3+n, w.now, ""); (c.OverCap != "") != want {
			t.Errorf("%d: over %q", n, c.OverCap)
		}
	}
	w.limited(catalog.OverCapPay, daily(3))
	for n, want := range []bool{false, true} {
		if c := w.buy(5+n, w.now, ""); (c.OverCap != "") != want {
			t.Errorf("%d, raised: over %q", n, c.OverCap)
		}
	}
}

// A repeated postback takes no second place.
func TestDuplicatesTakeNoPlace(t *testing.T) {
	w := newWorld(t)
	w.limited(catalog.OverCapPay, daily(2))
	id := w.click()
	for range 3 {
		w.postback("token=tok_shop&txid=1&click_id=" + id.String())
	}
	if c := w.buy(2, w.now, ""); c.OverCap != "" {
		t.Errorf("over %q", c.OverCap)
	}
}
