package conversion_test

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// A confirmation that brings nothing to the price is not refused for a price: a country
// that does not matter must not cost the status beside it, although the terms changed.
func TestCountryCostsNoStatus(t *testing.T) {
	for name, source := range map[string]string{"the click's country": catalog.GeoClick, "the postback's": catalog.GeoPostback} {
		w := newWorld(t)
		w.offer.GeoSource = source
		w.reload()
		q := "token=tok_shop&txid=1&click_id=" + w.click().String()
		w.postback(q)
		w.offer.Terms = catalog.Terms{PayoutKind: "percent", PayoutPercent: "10", CommissionKind: "percent_payout", CommissionPercent: "60"}
		w.reload()
		row := w.postback(q + "&status=approved&geo=GB")
		if c := w.conversions()[0]; c.Status != conversion.Approved {
			t.Errorf("%s: %s: %s", name, row.Verdict, row.Detail)
		}
	}
}

// A claim that gave way waits for nobody, and nobody can approve it into a second payment.
func TestReplacedClaimIsNotHeld(t *testing.T) {
	for _, over := range []string{catalog.OverCapHold, catalog.OverCapRefuse} {
		w := newWorld(t)
		w.limited(over, daily(1))
		w.buy(1, w.now, "")
		claim := w.pixel("key=pixelkey&txid=2&amount=1.00&click_id="+w.click().String(), nil)
		w.postback("token=tok_shop&txid=2&amount=80.00&click_id=" + w.click().String())
		c := w.get(claim.Conversion)
		if c.Status != conversion.Rejected {
			t.Fatalf("%s: the claim is %s", over, c.Status)
		}
		if c.Hold != "" {
			t.Errorf("%s: a claim that was replaced is still held (%s)", over, c.Hold)
		}
	}
}

// Once a server has spoken about a conversion that a page began, it is the server's: a page
// adds no sale to it, and a second word of the server is a stated conflict, as it would have
// been without the page (P2, P7).
func TestServersWordIsTheServers(t *testing.T) {
	for name, c := range map[string]struct {
		page    bool // the page came first
		then    string
		pixel   bool
		verdict event.Verdict
	}{
		"a page adds a sale":                     {true, "&amount=90000.00", true, event.Duplicate},
		"another payout of the server":           {true, "&payout=7.00", false, event.Conflict},
		"the same, without the page (passes)":    {false, "&payout=7.00", false, event.Conflict},
		"a page adds, without the page (passes)": {false, "&amount=90000.00", true, event.Duplicate},
	} {
		w := newWorld(t)
		w.offer.Terms = catalog.Terms{PayoutKind: "postback", CommissionKind: "none"}
		w.reload()
		id := w.click().String()
		q := "&txid=1&click_id=" + id
		if c.page {
			w.pixel("key=pixelkey"+q, nil)
		}
		w.postback("token=tok_shop&payout=5.00" + q)
		row := w.postback
		if c.pixel {
			row = nil
		}
		var verdict event.Verdict
		if row == nil {
			verdict = w.pixel("key=pixelkey"+q+c.then, nil).Verdict
		} else {
			verdict = row("token=tok_shop" + q + c.then).Verdict
		}
		var counted []string
		for _, x := range w.conversions() {
			counted = append(counted, fmt.Sprint(x.Status, " ", x.Revenue, " sale ", x.SaleAmount))
		}
		if verdict != c.verdict {
			t.Errorf("%s: %s, want %s: %v", name, verdict, c.verdict, counted)
		}
	}
}

// Filling in keeps what recording had to say for ever, as repricing does.
func TestFillKeepsTheMacroWarning(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "postback", Payout: 400}
	w.reload()
	q := "token=tok_shop&txid=1&click_id=" + w.click().String()
	w.postback(q + "&payout={payout}")
	w.postback(q + "&payout=5.00")
	if c := w.conversions()[0]; c.Revenue != 500 || !strings.Contains(c.Warning, "unreplaced macros: payout") {
		t.Errorf("revenue %d, warning %q", c.Revenue, c.Warning)
	}
}

// The sum of what a page of anybody's reports fits the reports too, which add up 64 bits:
// reports and verify of the workspace fail for good when it does not.
func TestNobodyOverflowsTheReports(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = byHand("USD", "IDR", "16000")
	w.currency = "IDR"
	w.offer.Terms = catalog.Terms{PayoutKind: "postback"}
	w.reload()
	id := w.click().String()
	for n := range 80 {
		w.pixel(fmt.Sprintf("key=pixelkey&txid=x%d&payout=99999999999.99&click_id=%s", n, id), nil)
	}
	if _, err := w.db.Books().NumberFacts(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	rows, err := w.db.Books().FactsAfter(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	sum := new(big.Int)
	for _, r := range rows {
		f, err := event.DecodeFact(r.Fact)
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(sum, big.NewInt(f.ReportRevenue))
	}
	if !sum.IsInt64() {
		t.Errorf("%d facts of one visitor report %s", len(rows), sum)
	}
}

// What a page had sent before conversions kept who sent it (migration 00006) is believed no
// more than what it sends now.
func TestOldPagePayoutIsBelievedNoMore(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "postback"}
	w.reload()
	w.pixel("key=pixelkey&txid=1&payout=9999.00&click_id="+w.click().String(), nil)
	c := w.conversions()[0]
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		c.SentBy = "" // as the migration leaves it
		return tx.UpdateConversion(ctx, c)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.offer.Terms = catalog.Terms{PayoutKind: "fixed", Payout: 500}
	w.reload()
	w.reprice(w.conversions()[0], true)
	if c := w.conversions()[0]; c.Revenue != 500 {
		t.Errorf("revenue %d after repricing, want 500 (%s)", c.Revenue, c.PayoutRule)
	}
}

// A postback without a status approves what a page began only while nobody has decided: it
// undoes no person's rejection, and is an ordinary duplicate afterwards.
func TestPlainPostbackUndoesNoDecision(t *testing.T) {
	for name, c := range map[string]struct {
		first  bool // a postback approves it before
		decide conversion.Status
	}{
		"rejected by a person": {false, conversion.Rejected},
		"reversed by a person": {true, conversion.Reversed},
		"locked for a payout":  {true, conversion.Locked},
	} {
		w := newWorld(t)
		w.offer.InitialStatus = "approved"
		w.reload()
		q := "txid=1&click_id=" + w.click().String()
		made := w.pixel("key=pixelkey&"+q, nil)
		if c.first {
			w.postback("token=tok_shop&" + q)
		}
		w.move(w.get(made.Conversion), c.decide)
		row := w.postback("token=tok_shop&" + q)
		if got := w.get(made.Conversion); got.Status != c.decide || row.Verdict != event.Duplicate {
			t.Errorf("%s: %s after %s (%s)", name, got.Status, row.Verdict, row.Detail)
		}
	}
}
