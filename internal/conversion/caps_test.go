package conversion_test

import (
	"context"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// What an offer refuses beyond its cap stays refused until somebody decides: neither the
// network's second delivery of the same postback, nor its ordinary confirmation, nor a
// replay turns it into money. (What is only held beyond the cap answers "held".)
func TestRefusedOverCapStaysRefused(t *testing.T) {
	for name, c := range map[string]struct{ first, second, initial string }{
		"the same postback delivered twice":      {"&status=approved", "&status=approved", "pending"},
		"pending, then the usual confirmation":   {"&status=pending", "&status=approved", "pending"},
		"no status, then the usual confirmation": {"", "&status=approved", "approved"},
	} {
		for _, over := range []string{catalog.OverCapRefuse, catalog.OverCapHold} {
			w := newWorld(t)
			w.offer.InitialStatus = c.initial
			w.limited(over, daily(1))
			w.buy(1, w.now, "&status=approved")
			id := w.click().String()
			q := "token=tok_shop&txid=2&click_id=" + id
			first := w.postback(q + c.first)
			row := w.postback(q + c.second)
			got := w.get(first.Conversion)
			if got.Status == conversion.Approved {
				t.Errorf("%s, %s: the conversion over the cap is %s after %s (%s)", over, name, got.Status, row.Verdict, row.Detail)
			}
			if b := w.balances(); b["publisher_available:pub_1:USD"] != 600 {
				t.Errorf("%s, %s: the publisher has %v", over, name, b)
			}
		}
	}
}

// The same by a pixel and the postback that follows it, where new conversions are approved.
func TestPixelOverCapThenPostback(t *testing.T) {
	w := newWorld(t)
	w.offer.InitialStatus = "approved"
	w.limited(catalog.OverCapRefuse, daily(1))
	w.buy(1, w.now, "")
	id := w.click().String()
	w.pixel("key=pixelkey&txid=2&click_id="+id, nil)
	row := w.postback("token=tok_shop&txid=2&click_id=" + id)
	if c := w.get(row.Conversion); c.Status == conversion.Approved {
		t.Errorf("the conversion over the cap is approved: %s %s", row.Verdict, row.Detail)
	}
}

// Replaying a signal "that made or changed a conversion is left as it is"; one that made a
// rejected conversion over the cap is replayed into an approved one.
func TestReplayOfOverCap(t *testing.T) {
	w := newWorld(t)
	w.limited(catalog.OverCapRefuse, daily(1))
	w.buy(1, w.now, "")
	c := w.buy(2, w.now, "&status=approved")
	old, err := w.db.Books().Signal(t.Context(), c.Signal)
	if err != nil || old.Verdict != event.OverCap {
		t.Fatal(old, err)
	}
	var row *inbox.Row
	err = w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) (err error) {
		row, err = w.judge.Again(ctx, tx, old)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get(c.ID); got.Status != conversion.Rejected || row.Verdict != event.OverCap {
		t.Errorf("replayed: the conversion is %s, the verdict %s (%s)", got.Status, row.Verdict, row.Detail)
	}
}

// A hold is somebody's decision. The advertiser's rejection may end it, but then its
// approval must not bring what was held into the available balance.
func TestHoldIsNotLeftByRejectAndApprove(t *testing.T) {
	w := newWorld(t)
	w.limited(catalog.OverCapHold, daily(1))
	w.buy(1, w.now, "&status=approved")
	id := w.click().String()
	q := "token=tok_shop&txid=2&click_id=" + id
	made := w.postback(q)
	if c := w.get(made.Conversion); c.Hold == "" {
		t.Fatal("not held")
	}
	if r := w.postback(q + "&status=approved"); r.Verdict != event.Held {
		t.Fatalf("%s: %s", r.Verdict, r.Detail)
	}
	w.postback(q + "&status=rejected")
	row := w.postback(q + "&status=approved")
	if c := w.get(made.Conversion); c.Status == conversion.Approved {
		t.Errorf("approved past its hold: %s %s", row.Verdict, row.Detail)
	}
}

// "A page's claim must never stand in the way of the real order": also not one that came
// while a cap was full and was therefore recorded as rejected, which nobody decided.
func TestRefusedClaimGivesWay(t *testing.T) {
	for name, more := range map[string]string{"another click": "", "another amount": "&amount=99.00"} {
		w := newWorld(t)
		w.limited(catalog.OverCapRefuse, daily(1))
		first := w.buy(1, w.now, "")
		mine := w.click().String()
		w.pixel("key=pixelkey&txid=1001&amount=1.00&click_id="+mine, nil) // a guessed order number
		w.move(first, conversion.Rejected)                                // the cap has a place again
		buyer := mine
		if name == "another click" {
			buyer = w.click().String()
		}
		row := w.postback("token=tok_shop&txid=1001&click_id=" + buyer + more)
		if row.Verdict != event.Accepted {
			t.Errorf("%s: the real order is %s: %s", name, row.Verdict, row.Detail)
		}
	}
}
