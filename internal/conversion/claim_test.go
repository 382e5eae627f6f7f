package conversion_test

import (
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// TestPageClaimsNeverStandInTheWay: anybody can load a pixel with a guessed order
// number, another click or another amount; the advertiser's own postback is right.
func TestPageClaimsNeverStandInTheWay(t *testing.T) {
	for name, claim := range map[string]string{
		"another click":  "txid=1001&amount=50.00&click_id={other}",
		"another amount": "txid=1001&amount=1.00&click_id={own}",
		"another payout": "txid=1001&payout=9.99&click_id={own}",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if name == "another payout" {
				w.offer.PayoutKind = catalog.PayoutPostback
				w.reload()
			}
			own, other := w.click().String(), w.click().String()
			q := claim
			for from, to := range map[string]string{"{own}": own, "{other}": other} {
				q = strings.ReplaceAll(q, from, to)
			}
			if row := w.pixel("key=pixelkey&"+q, nil); row.Verdict != event.Accepted {
				t.Fatalf("the claim: %s %s", row.Verdict, row.Detail)
			}
			row := w.postback("token=tok_shop&txid=1001&amount=50.00&payout=7.00&click_id=" + own)
			if row.Verdict != event.Accepted {
				t.Fatalf("the order: %s %s", row.Verdict, row.Detail)
			}
			cs := w.conversions()
			if len(cs) != 2 || cs[0].Click.String() != own || cs[0].Revenue != 700 || cs[1].Status != conversion.Rejected {
				t.Errorf("conversions %+v and %+v", cs[0], cs[len(cs)-1])
			}
			if b := w.balances(); b["revenue::USD"] != 700 || b["publisher_pending:pub_1:USD"] != 420 {
				t.Errorf("balances %v", b)
			}
			if f := w.facts(); f.Conversions != 1 || f.Revenue != 700 {
				t.Errorf("facts %+v", f)
			}
			again := w.postback("token=tok_shop&txid=1001&amount=50.00&payout=7.00&click_id=" + own)
			if again.Verdict != event.Duplicate {
				t.Errorf("the order again: %s", again.Verdict)
			}
			if row := w.pixel("key=pixelkey&"+q, nil); row.Verdict == event.Accepted {
				t.Errorf("the claim again was accepted")
			}
		})
	}
}

func TestAPageDoesNotOverruleFixedTerms(t *testing.T) {
	w := newWorld(t)
	w.pixel("key=pixelkey&payout=9999.00&click_id="+w.click().String(), nil)
	if c := w.conversions()[0]; c.Revenue != 1000 || c.Sent != "" {
		t.Errorf("revenue %d, sent %q", c.Revenue, c.Sent)
	}
}

func TestPixelAndPostbackConvergeOnApproved(t *testing.T) {
	for _, first := range []string{"pixel", "postback"} {
		w := newWorld(t)
		w.offer.InitialStatus = "approved"
		w.reload()
		id := w.click().String()
		steps := []func(){
			func() { w.pixel("key=pixelkey&txid=1&click_id="+id, nil) },
			func() { w.postback("token=tok_shop&txid=1&click_id=" + id) },
		}
		if first == "postback" {
			steps[0], steps[1] = steps[1], steps[0]
		}
		steps[0]()
		steps[1]()
		cs := w.conversions()
		if len(cs) != 1 || cs[0].Status != conversion.Approved || w.balances()["publisher_available:pub_1:USD"] != 600 {
			t.Errorf("%s first: %d conversions, %s, %v", first, len(cs), cs[0].Status, w.balances())
		}
	}
}
