package conversion_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/govalues/decimal"

	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

func byHand(from, to money.Currency, value string) func() *money.Rates {
	r := money.NewRates([]money.RateRow{{Workspace: "ws_1", Date: "2026-01-01", From: from, To: to, Value: decimal.MustParse(value), Source: money.SourceManual}})
	return func() *money.Rates { return r }
}

// The bound of one amount holds in the currency that is booked. "No sender can fill an
// account to the brim, after which nothing could be posted to it any more": a page of
// anybody's, in a currency of large units, can, and every later conversion of the
// advertiser fails with an error of ours for ever.
func TestNobodyFillsAnAccount(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = byHand("GBP", "IDR", "21500")
	w.offer.Currency = "IDR"
	w.offer.Terms = catalog.Terms{PayoutKind: "postback", CommissionKind: "percent_payout", CommissionPercent: "60"}
	w.reload()
	mine := w.click().String()
	judge := func(s *event.Signal) error {
		id, err := w.minter.New()
		if err != nil {
			t.Fatal(err)
		}
		s.ID, s.At = id, w.now.UnixMicro()
		return w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
			_, err := w.judge.Judge(ctx, tx, s, 1)
			return err
		})
	}
	for n := range 60 {
		q := fmt.Sprintf("key=pixelkey&txid=x%d&currency=GBP&payout=99999999999.99&click_id=%s", n, mine)
		err := judge(&event.Signal{Kind: event.SignalPixel, HTTPMethod: "GET", Path: "/pixel.gif", Query: q, Cookie: attribution.Slots(nil).String()})
		if err != nil {
			t.Errorf("pixel %d: %v", n+1, err)
			break
		}
	}
	err := judge(&event.Signal{Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback",
		Query: "token=tok_shop&txid=real&currency=GBP&payout=99999999999.99&click_id=" + w.click().String()})
	if err != nil {
		t.Errorf("a postback after them: %v", err)
	}
}

// Filling in one amount leaves the others as they were booked, also when the rate of the
// day was corrected meanwhile: sale, payout of it and the kept rate stay in step.
func TestFillAfterTheRateChanged(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = byHand("EUR", "USD", "1.25")
	w.offer.Terms = catalog.Terms{PayoutKind: "percent", PayoutPercent: "10", Precedence: "manual_wins"}
	w.reload()
	q := "token=tok_shop&txid=1&currency=EUR&click_id=" + w.click().String()
	w.postback(q + "&amount=80.00")
	w.judge.Rates = byHand("EUR", "USD", "1.30")
	row := w.postback(q + "&payout=3.00") // kept, but does not enter the price
	c := w.conversions()[0]
	if c.Revenue*10 != c.SaleAmount || c.Rate.Rate == "1.3" && c.Revenue == 1000 {
		t.Errorf("%s: the sale is %d at the rate %s, the payout of 10 %% %d (%s)", row.Detail, c.SaleAmount, c.Rate.Rate, c.Revenue, c.PayoutRule)
	}
}

// The kept rate "made SaleAmount and a sent payout of them".
func TestRateThatWasKept(t *testing.T) {
	w := newWorld(t)
	w.judge.Rates = byHand("EUR", "USD", "1.25")
	w.offer.Terms = catalog.Terms{PayoutKind: "postback"}
	w.reload()
	q := "token=tok_shop&txid=1&currency=EUR&click_id=" + w.click().String()
	w.postback(q + "&payout=10.00")
	w.judge.Rates = byHand("EUR", "USD", "1.30")
	w.postback(q + "&amount=80.00") // enters no price
	c := w.conversions()[0]
	rate := decimal.MustParse(c.Rate.Rate)
	got, err := money.Convert(money.Amount{Minor: 1000, Currency: "EUR"}, "USD", rate)
	if err != nil || got.Minor != c.Revenue {
		t.Errorf("sent 10.00 EUR at the kept rate %s is %d, booked is %d (%s)", c.Rate.Rate, got.Minor, c.Revenue, c.PayoutRule)
	}
}

// Repricing keeps what recording had to say, such as macros that nobody replaced: the
// diagnosis and the choice of warned conversions live on it.
func TestRepriceKeepsTheMacroWarning(t *testing.T) {
	w := newWorld(t)
	w.offer.Terms = catalog.Terms{PayoutKind: "postback", Payout: 400}
	w.reload()
	w.postback("token=tok_shop&payout={payout}&click_id=" + w.click().String())
	w.offer.Terms.Payout = 500
	w.reload()
	w.reprice(w.conversions()[0], true)
	if c := w.conversions()[0]; c.Revenue != 500 || !strings.Contains(c.Warning, "unreplaced macros: payout") {
		t.Errorf("revenue %d, warning %q", c.Revenue, c.Warning)
	}
}

// What looks like a secret is kept in no readable note: custom parameters are shown to
// whoever may read conversions, and a token with a capital is a token.
func TestTokenInCapitalsIsNotKept(t *testing.T) {
	w := newWorld(t)
	w.adv.TokenRequired = false
	w.reload()
	w.postback("Token=tok_shop&click_id=" + w.click().String())
	if c := w.conversions()[0]; strings.Contains(c.Params, "tok_shop") {
		t.Errorf("params %s", c.Params)
	}
}
