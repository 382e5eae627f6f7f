package conversion_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/attribution"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// rival adds a publisher with a better deal, and gives back a click of theirs.
func (w *world) rival() event.ClickID {
	w.t.Helper()
	w.view = w.view.With([]catalog.Entity{
		&catalog.Publisher{Meta: meta("pub_2"), Name: "Rival", Status: catalog.StatusActive},
		&catalog.Enrollment{Meta: meta("enr_2"), Offer: "off_1", Publisher: "pub_2", CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "90"},
	}, 8)
	id := w.click()
	w.clicks[id].Publisher = "pub_2"
	return id
}

// The same order may be told again with another click. What that signal fills in is
// priced by the deal of the click that earned the conversion, not of the other one.
func TestFillingInKeepsTheConversionsOwnDeal(t *testing.T) {
	for name, other := range map[string]func(w *world) event.ClickID{
		"another publisher": (*world).rival,
		"no publisher": func(w *world) event.ClickID {
			id := w.click()
			w.clicks[id].Publisher = ""
			return id
		},
		"another offer": func(w *world) event.ClickID {
			w.view = w.view.With([]catalog.Entity{
				&catalog.Goal{Meta: meta("goal_3"), Offer: "off_2", Key: "sale", Default: true},
				&catalog.Offer{Meta: meta("off_2"), Advertiser: "adv_1", Key: "otherkey", Currency: "USD",
					Terms: catalog.Terms{PayoutKind: catalog.PayoutFixed, CommissionKind: catalog.CommissionNone}},
			}, 8)
			id := w.click()
			w.clicks[id].Offer = "off_2"
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			first := w.click()
			second := other(w)
			w.postback("token=tok_shop&txid=1&click_id=" + first.String())
			row := w.postback("token=tok_shop&txid=1&payout=20.00&click_id=" + second.String())
			if row.Verdict != event.Updated {
				t.Fatalf("%s: %s", row.Verdict, row.Detail)
			}
			want := map[string]int64{"receivable:adv_1:USD": 2000, "revenue::USD": 2000, "commission_expense::USD": 1200, "publisher_pending:pub_1:USD": 1200}
			if d := cmp.Diff(want, w.balances()); d != "" {
				t.Error(d)
			}
			if f := w.facts(); f.Conversions != 1 || f.Revenue != 2000 || f.Commission != 1200 {
				t.Errorf("facts %+v", f)
			}
		})
	}
}

// Terms change between a sale and what is told about it later. A value that does not
// enter the price leaves the recorded price alone.
func TestFillingInWhatPricesNothingKeepsThePrice(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&click_id=" + id)
	w.offer.Payout = 5000
	w.reload()
	if row := w.postback("token=tok_shop&txid=1&amount=80.00&status=approved&click_id=" + id); row.Verdict != event.Updated {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	c := w.conversions()[0]
	if c.Revenue != 1000 || c.Commission != 600 || c.SaleAmount != 8000 || !c.HasSale {
		t.Errorf("revenue %d, commission %d, sale %d", c.Revenue, c.Commission, c.SaleAmount)
	}
	if b := w.balances(); b["revenue::USD"] != 1000 || b["publisher_available:pub_1:USD"] != 600 {
		t.Errorf("balances %v", b)
	}
	if f := w.facts(); f.Revenue != 1000 || f.SaleAmount != 8000 {
		t.Errorf("facts %+v", f)
	}
}

// The key of a pixel is public: what a page says cannot touch money that a server or a
// person has approved.
func TestAPageCannotRaiseWhatWasApproved(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.pixel("key=pixelkey&txid=1&click_id="+id, nil)
	w.postback("token=tok_shop&txid=1&status=approved&click_id=" + id)
	before := w.balances()
	row := w.pixel("key=pixelkey&txid=1&payout=9999.00&click_id="+id, nil)
	if row.Verdict != event.Duplicate {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	if d := cmp.Diff(before, w.balances()); d != "" {
		t.Errorf("a page moved approved money: %s", d)
	}
}

// One absurd amount must not fill the ledger's accounts to the brim: every later
// conversion of the workspace would fail.
func TestAnAbsurdAmountDoesNotBlockTheLedger(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	row := w.pixel("key=pixelkey&txid=1&payout=92233720368547758.07&click_id="+id, nil)
	if row.Verdict != event.AmountRange || row.Field != "payout" {
		t.Errorf("%s on %q: %s", row.Verdict, row.Field, row.Detail)
	}
	if row := w.postback("token=tok_shop&txid=2&click_id=" + id); row.Verdict != event.Accepted {
		t.Errorf("the next sale: %s", row.Verdict)
	}
}

// A refusal from who may not decide is no sale, and is not passed over in silence.
func TestARefusalWithoutATokenIsNoSale(t *testing.T) {
	for _, status := range []string{"rejected", "reversed"} {
		w := newWorld(t)
		w.adv.TokenRequired = false
		w.reload()
		id := w.click().String()
		for range 2 {
			if row := w.postback("txid=1&click_id=" + id + "&status=" + status); row.Verdict != event.MissingToken {
				t.Errorf("a postback without a token, %s: %s", status, row.Verdict)
			}
			if row := w.pixel("key=pixelkey&txid=1&click_id="+id+"&status="+status, nil); row.Verdict != event.MissingToken {
				t.Errorf("a page, %s: %s", status, row.Verdict)
			}
			if n := len(w.conversions()); n > 1 {
				t.Fatalf("%d conversions", n)
			}
			w.postback("token=tok_shop&txid=1&click_id=" + id) // the sale itself
		}
		if cs := w.conversions(); len(cs) != 1 || cs[0].Status != conversion.Pending {
			t.Errorf("%d conversions", len(cs))
		}
	}
}

// A refusal seldom repeats the amount. Before its sale it must hold all the same, and
// the sale's amount must be there should the refusal be taken back (P5).
func TestARefusalWithoutAmountsBeforeItsSale(t *testing.T) {
	for name, terms := range map[string]catalog.Terms{
		"percent payout": {PayoutKind: catalog.PayoutPercent, PayoutPercent: "10", CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "50"},
		"percent of the sale to the publisher": {PayoutKind: catalog.PayoutFixed, Payout: 1000,
			CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "5"},
		"payout from the postback": {PayoutKind: catalog.PayoutPostback, CommissionKind: catalog.CommissionPercentPayout, CommissionPercent: "50"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.offer.Terms = terms
			w.reload()
			id := w.click().String()
			if row := w.postback("token=tok_shop&txid=1&status=rejected&click_id=" + id); row.Verdict != event.Accepted {
				t.Fatalf("the refusal: %s: %s", row.Verdict, row.Detail)
			}
			sale := "token=tok_shop&txid=1&amount=100.00&click_id=" + id
			if terms.PayoutKind == catalog.PayoutPostback {
				sale += "&payout=10.00"
			}
			w.postback(sale)
			c := w.conversions()[0]
			if c.Status != conversion.Rejected || len(w.balances()) != 0 {
				t.Fatalf("status %s, balances %v", c.Status, w.balances())
			}
			if f := w.facts(); f != (event.Fact{}) {
				t.Errorf("facts %+v", f)
			}
			w.postback("token=tok_shop&txid=1&status=approved&click_id=" + id)
			if b := w.balances(); b["revenue::USD"] != 1000 || b["publisher_available:pub_1:USD"] != 500 {
				t.Errorf("taken back: %v", b)
			}
			if f := w.facts(); f.Conversions != 1 || f.Revenue != 1000 || f.Commission != 500 || f.SaleAmount != 10000 {
				t.Errorf("facts %+v", f)
			}
		})
	}
}

// No absence is claimed before the click index has passed the signal: after a long
// outage it has not, however old the signal is by then.
func TestNoClickIsDeniedBeforeTheIndexIsThere(t *testing.T) {
	w := newWorld(t)
	indexed := uint64(0)
	w.judge.Indexed = func(seq uint64) bool { return seq <= indexed }
	id := w.click()
	visit := w.clicks[id]
	delete(w.clicks, id)
	sig := &event.Signal{Kind: event.SignalPostback, Query: "token=tok_shop&click_id=" + id.String()}
	w.signal(sig)
	w.now = w.now.Add(48 * time.Hour)
	if row := w.judgeAgain(sig); row.Verdict != event.PendingClick || row.RetryAt == 0 {
		t.Fatalf("an index that is behind: %s", row.Verdict)
	}
	indexed = w.seq
	w.clicks[id] = visit
	if row := w.judgeAgain(sig); row.Verdict != event.Accepted {
		t.Errorf("once indexed: %s", row.Verdict)
	}
}

// Which of two orders a refusal without an order number means cannot be known.
func TestAStatusNamesItsOrder(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&click_id=" + id)
	w.postback("token=tok_shop&txid=2&click_id=" + id)
	row := w.postback("token=tok_shop&status=rejected&click_id=" + id)
	if row.Verdict != event.Conflict || row.Field != "txid" {
		t.Errorf("%s on %q: %s", row.Verdict, row.Field, row.Detail)
	}
	for _, c := range w.conversions() {
		if c.Status != conversion.Pending {
			t.Errorf("order %s is %s", c.Order, c.Status)
		}
	}
}

// A signal that is refused changes nothing, not even in part.
func TestARefusedRepetitionChangesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.click()
	w.postback("token=tok_shop&click_id=" + id.String())
	move := func(to conversion.Status) {
		t.Helper()
		err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
			c, err := tx.GetConversion(ctx, "ws_1", w.conversions()[0].ID)
			if err != nil {
				return err
			}
			return w.judge.Move(ctx, tx, c, to, "usr_1", "")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	move(conversion.Approved)
	move(conversion.Reversed)
	before := w.conversions()
	row := w.postback("token=tok_shop&txid=1&payout=5.00&status=approved&click_id=" + id.String())
	if row.Verdict != event.IllegalTransition {
		t.Fatalf("%s: %s", row.Verdict, row.Detail)
	}
	if d := cmp.Diff(before, w.conversions()); d != "" {
		t.Error(d)
	}
}

// A signal that was refused although it named a known conversion is no end: it can be
// judged again.
func TestAConflictCanBeReplayed(t *testing.T) {
	w := newWorld(t)
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&click_id=" + id)
	w.postback("token=tok_shop&txid=2&click_id=" + id)
	row := w.postback("token=tok_shop&status=rejected&click_id=" + id)
	err := w.db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		again, err := w.judge.Again(ctx, tx, row)
		if err == nil && again.Tries != row.Tries+1 {
			t.Errorf("replayed: tries %d, were %d", again.Tries, row.Tries)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is said about somebody else's visit is what is said about none.
func TestAForeignVisitAnswersAsAnUnknownOne(t *testing.T) {
	w := newWorld(t)
	id := w.click()
	w.clicks[id].Click, w.clicks[id].Reason = false, "offer_paused"
	row := w.postback("token=tok_other&click_id=" + id.String())
	if row.Verdict != event.UnknownClick || strings.Contains(row.Detail, "offer_paused") {
		t.Errorf("%s: %s", row.Verdict, row.Detail)
	}
	own := w.postback("token=tok_shop&click_id=" + id.String())
	if own.Verdict != event.UnknownClick || !strings.Contains(own.Detail, "offer_paused") {
		t.Errorf("%s: %s", own.Verdict, own.Detail)
	}
}

// Without a token nobody learns what somebody else reported.
func TestAConflictTellsAmountsOnlyToWhoMayKnow(t *testing.T) {
	w := newWorld(t)
	w.adv.TokenRequired = false
	w.reload()
	id := w.click().String()
	w.postback("token=tok_shop&txid=1&amount=77.13&payout=12.34&click_id=" + id)
	for _, q := range []string{"amount=1.00", "payout=1.00"} {
		row := w.postback("txid=1&click_id=" + id + "&" + q)
		if row.Verdict != event.Conflict || strings.Contains(row.Detail, "77.13") || strings.Contains(row.Detail, "12.34") {
			t.Errorf("%s: %s", row.Verdict, row.Detail)
		}
	}
}

// A body that cannot be read does not hide who sent it.
func TestABadBodyStillHasASender(t *testing.T) {
	w := newWorld(t)
	slots := attribution.Slots{}.With("pixelkey", w.click(), w.now.Unix()+100)
	row := w.signal(&event.Signal{Kind: event.SignalPixel, HTTPMethod: "POST", Query: "key=pixelkey", Cookie: slots.String(), BodyType: "image/png", Body: []byte("x")})
	if row.Verdict != event.MalformedBody || row.Workspace != "ws_1" {
		t.Errorf("%s in %q: %s", row.Verdict, row.Workspace, row.Detail)
	}
}

// Whatever comes, in whatever order: each order is one conversion, and the conversions'
// money is what ledger and facts have (L9).
func TestWhateverComesTheBooksAgree(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 1))
		pick := func(of ...string) string { return of[rng.IntN(len(of))] }
		w := newWorld(t)
		w.adv.TokenRequired = false
		w.offer.InitialStatus = pick("pending", "approved")
		w.reload()
		ids := []string{w.click().String(), w.rival().String(), w.click().String()}
		var story []string
		for range 60 {
			if rng.IntN(12) == 0 {
				w.offer.PayoutKind, w.offer.PayoutPercent = pick("fixed", "percent", "postback"), pick("10", "33.333")
				w.offer.CommissionKind, w.offer.CommissionPercent, w.offer.Commission = pick("none", "fixed", "percent_sale", "percent_payout"), pick("7", "66.666"), 250
				w.offer.Precedence = pick("postback_wins", "manual_wins")
				w.view = w.view.With([]catalog.Entity{w.offer}, w.view.Revision+1)
			}
			q := "click_id=" + pick(ids...) + pick("", "", "&goal=lead") + pick("", "&txid=1", "&txid=2", "&txid=3") + pick("", "", "&amount=99.99", "&amount=10.01") +
				pick("", "", "&payout=7.77", "&payout=0", "&payout=123.45") + pick("", "", "&status=approved", "&status=pending", "&status=rejected", "&status=reversed")
			switch rng.IntN(4) {
			case 0:
				row := w.pixel("key=pixelkey&"+q, nil)
				story = append(story, "pixel "+q+" "+string(row.Verdict))
			case 1:
				row := w.postback(q)
				story = append(story, "open "+q+" "+string(row.Verdict))
			default:
				row := w.postback("token=tok_shop&" + q)
				story = append(story, "server "+q+" "+string(row.Verdict))
			}
		}
		want, sum, orders := map[string]int64{}, event.Fact{}, map[string]int{}
		for _, c := range w.conversions() {
			if c.Order != "" {
				if !strings.HasPrefix(c.DedupKey, "replaced") { // a page's claim that gave way
					orders[c.GoalKey+" "+c.Order]++
				}
			}
			if c.Status == conversion.Rejected || c.Status == conversion.Reversed {
				continue
			}
			sum.Conversions++
			sum.Revenue += c.Revenue
			sum.Commission += c.Commission
			sum.SaleAmount += c.SaleAmount
			want["receivable:adv_1:USD"] += c.Revenue
			want["revenue::USD"] += c.Revenue
			want["commission_expense::USD"] += c.Commission
			kind := "publisher_pending:"
			if c.Status == conversion.Approved {
				kind = "publisher_available:"
			}
			want[kind+c.Publisher+":USD"] += c.Commission
		}
		for k, n := range orders {
			if n > 1 {
				t.Errorf("seed %d: %d conversions of order %s", seed, n, k)
			}
		}
		for k, n := range want {
			if n == 0 {
				delete(want, k)
			}
		}
		sum.ReportRevenue, sum.ReportCommission, sum.ReportSaleAmount = sum.Revenue, sum.Commission, sum.SaleAmount // in the offer's own currency
		d := cmp.Diff(want, w.balances()) + cmp.Diff(sum, w.facts())
		if d != "" {
			t.Errorf("seed %d: %s\n%s", seed, d, strings.Join(story, "\n"))
		}
	}
}
