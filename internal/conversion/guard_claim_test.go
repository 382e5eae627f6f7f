package conversion_test

import (
	"fmt"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// A signal that is refused changes nothing: not even a page's claim that it would replace.
func TestRefusedSignalReplacesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  event.Verdict
		terms catalog.Terms
	}{
		"no rate":      {"txid=1&payout=5.00&currency=CHF", event.NoRate, catalog.Terms{PayoutKind: "postback", CommissionKind: "percent_payout", CommissionPercent: "60"}},
		"no amount":    {"txid=1", event.MissingAmount, catalog.Terms{PayoutKind: "percent", PayoutPercent: "10"}},
		"out of range": {"txid=1&amount=100000000000.00&currency=GBP", event.AmountRange, catalog.Terms{PayoutKind: "percent", PayoutPercent: "10"}},
	} {
		w := newWorld(t)
		w.judge.Rates = func() *money.Rates {
			return money.NewRates([]money.RateRow{{Workspace: "ws_1", Date: "2026-01-01", From: "GBP", To: "USD", Value: decimal.MustParse("1000000000"), Source: money.SourceManual}})
		}
		w.offer.Terms = c.terms
		w.reload()
		mine := w.click().String()
		claim := w.pixel("key=pixelkey&txid=1&payout=5.00&amount=50.00&click_id="+mine, nil)
		if claim.Verdict != event.Accepted {
			t.Fatal(name, claim.Detail)
		}
		before := w.balances()
		buyer := mine
		if name == "no amount" {
			buyer = w.click().String() // another click: the claim would give way
		}
		row := w.postback("token=tok_shop&click_id=" + buyer + "&" + c.query)
		if row.Verdict != c.want {
			t.Fatalf("%s: %s %s", name, row.Verdict, row.Detail)
		}
		if got := w.get(claim.Conversion); got.Status != conversion.Pending {
			t.Errorf("%s: the claim is %s although the signal was refused", name, got.Status)
		}
		if after := w.balances(); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%s: a refused signal moved money: %v, before %v", name, after, before)
		}
	}
}

// A claim that gave way is out of the way for good: the next order of the click is a new
// conversion, not news of the rejected claim.
func TestReplacedClaimIsForgotten(t *testing.T) {
	for name, next := range map[string]string{"fixed terms": "txid=B", "with an amount": "txid=B&amount=70.00"} {
		w := newWorld(t)
		id := w.click().String()
		w.pixel("key=pixelkey&amount=1.00&click_id="+id, nil) // knew no order number
		if r := w.postback("token=tok_shop&click_id=" + id + "&txid=A&amount=80.00"); r.Verdict != event.Accepted {
			t.Fatal(r.Detail)
		}
		row := w.postback("token=tok_shop&click_id=" + id + "&" + next)
		if row.Verdict != event.Accepted {
			t.Errorf("%s: the second order of the click is %s: %s", name, row.Verdict, row.Detail)
		}
		if f := w.facts(); f.Conversions != 2 {
			t.Errorf("%s: %d conversions count, want 2", name, f.Conversions)
		}
	}
}

// And a confirmation of the real one is not taken for one of the claim.
func TestReplacedClaimIsNotPaid(t *testing.T) {
	w := newWorld(t)
	w.offer.InitialStatus = "approved"
	w.reload()
	id := w.click().String()
	w.pixel("key=pixelkey&amount=1.00&click_id="+id, nil)
	w.postback("token=tok_shop&amount=80.00&click_id=" + id) // overrules the claim
	w.postback("token=tok_shop&click_id=" + id)              // again, without the amount
	if b := w.balances(); b["publisher_available:pub_1:USD"] != 600 {
		t.Errorf("one sale paid: %v", b)
	}
	if f := w.facts(); f.Conversions != 1 || f.Revenue != 1000 {
		t.Errorf("one sale counts %d with revenue %d", f.Conversions, f.Revenue)
	}
}

// Where the postback's country sets the payout, a page's does not: anybody can load a pixel
// and would choose the dearest country.
func TestPageChoosesNoCountry(t *testing.T) {
	geo := catalog.Terms{PayoutKind: "fixed", Payout: 100, GeoPayouts: []catalog.GeoPayout{{Country: "US", Payout: 9000}, {Country: "GB", Payout: 200}}, CommissionKind: "percent_payout", CommissionPercent: "60"}
	for name, c := range map[string]struct {
		pixel, postback string
		want            int64
	}{
		"a page alone": {"&geo=US", "", 100},
		"a page, then a postback without country": {"&geo=US", "&status=approved", 100},
		"a page, then the postback's own country": {"&geo=US", "&geo=GB&status=approved", 200},
		"a page without, then the postback's own": {"", "&geo=GB&status=approved", 200},
		"only the postback, to compare (passes)":  {"-", "&geo=GB&status=approved", 200},
	} {
		w := newWorld(t)
		w.offer.Terms, w.offer.GeoSource = geo, catalog.GeoPostback
		w.reload()
		id := w.click().String()
		if c.pixel != "-" {
			w.pixel("key=pixelkey&txid=1&click_id="+id+c.pixel, nil)
		}
		if c.postback != "" {
			w.postback("token=tok_shop&txid=1&click_id=" + id + c.postback)
		}
		if got := w.conversions()[0]; got.Revenue != c.want {
			t.Errorf("%s: revenue %d, want %d (%s; %s)", name, got.Revenue, c.want, got.Status, got.PayoutRule)
		}
	}
}

// Repricing believes a page no more than recording did: under fixed terms its payout does
// not count, also when the terms were others when it was recorded.
func TestRepriceBelievesNoPage(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "postback"}
	w.reload()
	w.pixel("key=pixelkey&txid=1&payout=9999.00&click_id="+w.click().String(), nil)
	w.offer.Terms = catalog.Terms{PayoutKind: "fixed", Payout: 500}
	w.reload()
	w.pixel("key=pixelkey&txid=2&payout=9999.00&click_id="+w.click().String(), nil)
	for _, c := range w.conversions() {
		w.reprice(c, true)
	}
	for _, c := range w.conversions() {
		if c.Revenue != 500 {
			t.Errorf("order %s: revenue %d after repricing, want 500 (%s)", c.Order, c.Revenue, c.PayoutRule)
		}
	}
}
