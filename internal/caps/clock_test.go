package caps_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// A clock that is set back (NTP after a bad start, a resumed machine) must not switch
// caps on clicks off: the counter began at 12:00, and the visitors of "11:50" come after
// it all the same.
func TestClockSetBackKeepsClickCaps(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", visits(10, catalog.CapDaily, ""))
	if s := w.status()[0]; s.Provisional {
		t.Fatal("the count is not whole")
	}
	w.now = w.now.Add(-10 * time.Minute)
	w.refresh()
	if in := w.visit("", 100); in != 10 {
		t.Errorf("%d visitors got in after the clock was set back ten minutes, the cap is 10", in)
	}
}

// The same across midnight: the whole day that the clock shows is before the beginning.
func TestClockSetBackADay(t *testing.T) {
	w := newWorld(t)
	w.offer("UTC", visits(10, catalog.CapDaily, ""))
	w.now = w.now.AddDate(0, 0, -1)
	w.refresh()
	in := w.visit("", 50)
	w.clicks.known = len(w.clicks.clicks)
	w.refresh()
	in += w.visit("", 50)
	if in != 10 {
		t.Errorf("%d visitors got in, the cap is 10", in)
	}
}

// What a look at all offers costs grows with the offers, not with their square: while
// it lasts no gate closes.
func TestLookAtManyPublishers(t *testing.T) {
	took := func(offers, publishers int) time.Duration {
		w := newWorld(t)
		var es []catalog.Entity
		for i := range offers {
			id := fmt.Sprintf("off_%d", i)
			es = append(es, &catalog.Offer{Meta: catalog.Meta{ID: id, Workspace: ws}, Caps: []catalog.Cap{{Event: catalog.CapConversions, Period: catalog.CapDaily, Limit: 100, Publisher: catalog.CapEach}},
				CapTimeZone: "UTC", CapStates: []string{"pending"}, CapWarn: 80})
		}
		w.view = w.view.With(es, w.view.Revision+1)
		w.refresh()
		err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
			for i := range offers {
				for p := range publishers {
					err := caps.Moved(ctx, tx, caps.Event{Workspace: ws, Offer: fmt.Sprintf("off_%d", i), Publisher: fmt.Sprintf("pub_%d", p), Goal: "sale", At: w.now.UnixMicro()}, "", string(conversion.Pending))
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		w.refresh()
		return time.Since(began)
	}
	small, large := took(100, 50), took(800, 50)
	t.Logf("one look: %v at 100 offers with 50 publishers each, %v at 800", small, large)
	if large > 20*small {
		t.Errorf("eight times the offers take %.0f times as long (%v): until the look ends no gate closes", float64(large)/float64(small), large)
	}
}
