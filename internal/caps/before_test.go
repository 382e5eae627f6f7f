package caps_test

import (
	"slices"
	"testing"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
)

// visit lets visitors in and puts them in the log.
func (w *world) visit(publisher string, n int) (in int) {
	for range n {
		if _, ok := w.overlay.Admit("off_1", publisher, w.now.UnixMicro(), true); ok {
			in++
			w.clicks.clicks = append(w.clicks.clicks, click{caps.Clicker{Offer: "off_1", Publisher: publisher}, w.now.UnixMicro()})
		}
	}
	w.now = w.now.Add(time.Millisecond)
	return in
}

// Clicks from before the process, or before the cap, count: at once as far as the facts
// know them, and wholly when they have caught up.
func TestClicksOfBefore(t *testing.T) {
	w := newWorld(t)
	w.visit("pub_1", 3)
	w.now = w.now.AddDate(0, 0, 1)
	w.visit("pub_1", 4)
	w.visit("", 2)
	w.clicks.known = 7 // the facts miss two
	all := []catalog.Cap{visits(10, catalog.CapDaily, ""), visits(20, catalog.CapTotal, ""), visits(6, catalog.CapMonthly, "pub_2"), visits(9, catalog.CapWeekly, catalog.CapEach)}
	w.offer("UTC", all...)
	used := func() (out []int64) {
		for _, s := range w.status() {
			out = append(out, s.Used)
		}
		return out
	}
	if got := used(); !slices.Equal(got, []int64{4, 7, 0, 7}) || !w.status()[0].Provisional {
		t.Errorf("used %v", got)
	}
	w.visit("pub_2", 1)
	w.clicks.known = len(w.clicks.clicks)
	w.refresh()
	if got := used(); !slices.Equal(got, []int64{7, 10, 1, 7}) || w.status()[0].Provisional {
		t.Errorf("used %v", got)
	}
	asked := w.clicks.asked
	w.refresh()
	if w.clicks.asked != asked {
		t.Error("what is whole is counted again")
	}
	// The same limits, raised: nothing is counted again, and the new one holds.
	all[0].Limit = 12
	w.offer("UTC", all...)
	if got := used(); !slices.Equal(got, []int64{7, 10, 1, 7}) || w.clicks.asked != asked {
		t.Errorf("used %v", got)
	}
	if got := w.visit("pub_2", 100); got != 5 {
		t.Errorf("%d of pub_2 got in, want 5: the day has 12", got)
	}
	w.wantWhy("pub_2", "cap_clicks_monthly")
	w.wantWhy("pub_1", "cap_clicks_daily")

	// Another process goes on from there.
	w.clicks.known = len(w.clicks.clicks)
	w.start()
	if got := used(); !slices.Equal(got, []int64{12, 15, 6, 7}) {
		t.Errorf("after a restart: used %v", got)
	}
	if got := w.visit("pub_1", 5); got != 0 {
		t.Errorf("%d got in after a restart", got)
	}
	w.now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) // a new week, and nobody looked
	if got := w.visit("pub_1", 50); got != 5 {
		t.Errorf("%d got in the next day, want 5: the total is 20", got)
	}
	if got := used(); !slices.Equal(got, []int64{5, 20, 6, 5}) {
		t.Errorf("the next day: used %v", got)
	}
}
