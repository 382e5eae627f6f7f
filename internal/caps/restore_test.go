package caps_test

import (
	"testing"

	"clickledger/internal/catalog"
)

// An offer that is archived and restored goes on with what this very process counted,
// though the facts lag behind.
func TestArchivedAndRestored(t *testing.T) {
	w := newWorld(t)
	o := w.offer("UTC", visits(10, catalog.CapDaily, ""))
	if in := w.visit("", 20); in != 10 {
		t.Fatalf("%d got in", in)
	}
	gone := *o
	gone.Archived = true
	w.save(&gone)
	back := *o
	w.save(&back)
	if in := w.visit("", 20); in != 0 {
		t.Errorf("%d more got in after the offer was archived and restored: the facts know %d of 10 clicks, the process all of them", in, w.clicks.known)
	}
}

// The same for a cap that is taken away and comes back, as by two saves of a form.
func TestCapEditedAndBack(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", visits(10, catalog.CapDaily, ""))
	if in := w.visit("", 20); in != 10 {
		t.Fatalf("%d got in", in)
	}
	w.offer("UTC", visits(70, catalog.CapWeekly, ""))
	w.offer("UTC", visits(10, catalog.CapDaily, ""))
	if in := w.visit("", 20); in != 0 {
		t.Errorf("%d more got in after the cap was edited to weekly and back", in)
	}
}
