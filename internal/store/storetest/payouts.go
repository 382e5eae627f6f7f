package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/payout"
)

var payoutTests = map[string]func(t *testing.T, s *Stores){
	"a run from preview to paid":        testPayoutRun,
	"what is left out":                  testPayoutLeft,
	"a failed line is in the next run":  testPayoutFailed,
	"negative balances carry over":      testPayoutNegative,
	"approved twice pays once":          testPayoutTwice,
	"a reversal races an approval":      testPayoutRace,
	"changes since the preview":         testPayoutChanged,
	"second person":                     testPayoutSecondPerson,
	"methods are sealed":                testPayoutSealed,
	"settings":                          testPayoutSettings,
	"paid in another currency":          testPayoutExchange,
	"refused":                           testPayoutRefused,
	"a conversion is in one line":       testPayoutTaken,
	"workspaces are apart":              testPayoutTenancy,
	"writes fail as a whole":            testPayoutFaults,
	"the audit finds what does not fit": testPayoutAudit,
	"random histories keep the sum":     testPayoutProperty,
}

func testPayoutRun(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a", "pub_b")
	a1, a2, b1 := w.earned("pub_a", "EUR", 1000), w.earned("pub_a", "USD", 700), w.earned("pub_b", "EUR", 250)
	w.adjust("", "pub_a", "EUR", 50)
	w.sale("pub_a", "EUR", 99) // pending
	r := w.run(payout.Order{Note: "November"})
	equal(t, w.amounts(r), []string{"pub_a 1050 EUR draft", "pub_a 700 USD draft", "pub_b 250 EUR draft"})
	equal(t, w.status(a1), conversion.Approved) // a preview takes nothing up
	r = w.approve(r)
	for _, c := range []string{a1, a2, b1} {
		equal(t, w.status(c), conversion.Locked)
	}
	equal(t, w.nets(ledger.PublisherAvailable), nil)
	equal(t, w.nets(ledger.PublisherInPayment), map[string]int64{"pub_a EUR": 1050, "pub_a USD": 700, "pub_b EUR": 250})
	var csv bytes.Buffer
	must(t, w.Export(ctx, finance, home, r.ID, "sepa", "", &csv))
	if text := csv.String(); strings.Count(text, "\r\n") != 3 || !strings.Contains(text, "Ann Blog,DE89370400440532013000,COBADEFFXXX,10.50,EUR,") {
		t.Fatalf("the file is %q", text)
	}
	lines := w.lines(r)
	r = get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{Lines: []string{lines[0].ID}, To: payout.Paid, Reference: "stmt 7"}))
	equal(t, r.State, payout.Approved)
	csv.Reset()
	must(t, w.Export(ctx, finance, home, r.ID, "sepa", "", &csv)) // without what is paid
	equal(t, strings.Count(csv.String(), "\r\n"), 2)
	r = get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
	equal(t, r.State, payout.Done)
	equal(t, w.amounts(r), []string{"pub_a 1050 EUR paid", "pub_a 700 USD paid", "pub_b 250 EUR paid"})
	equal(t, w.status(a1), conversion.Paid)
	equal(t, w.nets(ledger.PublisherInPayment), nil)
	equal(t, w.nets(ledger.Bank), map[string]int64{" EUR": -1300, " USD": -700})
	w.sound()
	equal(t, left(w.run(payout.Order{})), nil)
	equal(t, len(get[[]*payout.Run](t)(w.Runs(ctx, finance, payout.RunQuery{Workspace: home}))), 2)
	equal(t, len(get[[]*payout.Line](t)(w.Payouts(ctx, finance, payout.LineQuery{Workspace: home, Publisher: "pub_a"}))), 2)
	own := get[[]*payout.Line](t)(w.OwnLines(ctx, account.Principal{ID: "usr_p", Party: account.Party{Kind: account.PartyPublisher, ID: "pub_b", Workspace: home}}, "", 0))
	if len(own) != 1 || own[0].Amount != 250 {
		t.Fatalf("the publisher sees %+v", own)
	}
	w.s = w.s.Reopen(t)
	equal(t, w.amountsOf(w.s.Payouts, r), []string{"pub_a 1050 EUR paid", "pub_a 700 USD paid", "pub_b 250 EUR paid"})
}

func (w *till) amountsOf(p payout.Store, r *payout.Run) (out []string) {
	for _, l := range get[[]*payout.Line](w.t)(p.Lines(ctx, home, r.ID)) {
		out = append(out, fmt.Sprint(l.Publisher, " ", l.Amount, " ", l.Currency, " ", l.State))
	}
	return out
}

func testPayoutLeft(t *testing.T, s *Stores) {
	w := newTill(t, s)
	set := get[*payout.Settings](t)(w.SaveSettings(ctx, finance, &payout.Settings{Workspace: home, HoldingDays: 10, MethodDays: 2, Minimums: map[string]int64{"EUR": 500}}, 0))
	w.pay("pub_a", "pub_b")
	early := w.earned("pub_a", "EUR", 900)
	w.now = w.now.Add(9 * 24 * time.Hour)
	w.earned("pub_a", "EUR", 300)
	w.earned("pub_b", "EUR", 400)
	w.earned("pub_c", "USD", 100)
	equal(t, left(w.run(payout.Order{})), []string{"pub_a 1200 EUR not_due 2", "pub_b 400 EUR not_due 1", "pub_c 100 USD not_due 1"})
	w.now = w.now.Add(24 * time.Hour)
	r := w.run(payout.Order{})
	equal(t, w.amounts(r), []string{"pub_a 900 EUR draft"})
	w.now = w.now.Add(10 * 24 * time.Hour)
	equal(t, left(w.run(payout.Order{})), []string{"pub_b 400 EUR below_minimum 1", "pub_c 100 USD no_method 1"})
	equal(t, left(w.run(payout.Order{Currencies: []string{"usd"}})), []string{"pub_a 1200 EUR not_selected 2", "pub_b 400 EUR not_selected 1", "pub_c 100 USD no_method 1"})
	equal(t, w.amounts(w.run(payout.Order{Publishers: []string{"pub_a"}})), []string{"pub_a 1200 EUR draft"})

	dollars := german
	dollars.Currency = "USD"
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_a", -1, dollars))
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_c", -1, dollars))
	equal(t, left(w.run(payout.Order{})), []string{"pub_a 1200 EUR method_currency 2", "pub_b 400 EUR below_minimum 1", "pub_c 100 USD method_changed 1"})
	get[*payout.Method](t)(w.SetMethod(ctx, finance, home, "pub_a", -1, german))
	w.now = w.now.Add(2 * 24 * time.Hour)
	w.pubs["pub_c"].Status = catalog.StatusBanned
	equal(t, left(w.run(payout.Order{})), []string{"pub_b 400 EUR below_minimum 1", "pub_c 100 USD publisher_banned 1"})
	w.hold(early, true)
	r = w.run(payout.Order{})
	equal(t, left(r), []string{"pub_a 900 EUR held 1", "pub_a 300 EUR below_minimum 1", "pub_b 400 EUR below_minimum 1", "pub_c 100 USD publisher_banned 1"})
	w.hold(early, false) // which does not begin the holding period anew
	set.Minimums = nil
	get[*payout.Settings](t)(w.SaveSettings(ctx, finance, set, set.Version))
	equal(t, w.amounts(w.approve(w.run(payout.Order{}))), []string{"pub_a 1200 EUR approved", "pub_b 400 EUR approved"})
	for reason := range payout.Reasons {
		if !strings.HasSuffix(payout.Reasons[reason], ".") {
			t.Errorf("%s has no sentence", reason)
		}
	}
}

func testPayoutFailed(t *testing.T, s *Stores) {
	w := newTill(t, s)
	get[*payout.Settings](t)(w.SaveSettings(ctx, finance, &payout.Settings{Workspace: home, HoldingDays: 5}, 0))
	w.pay("pub_a", "pub_b")
	c := w.earned("pub_a", "EUR", 1000)
	w.adjust("", "pub_a", "EUR", -100)
	w.earned("pub_b", "EUR", 300)
	w.now = w.now.Add(5 * 24 * time.Hour)
	r := w.approve(w.run(payout.Order{}))
	lines := w.lines(r)
	fail := payout.Mark{Lines: []string{lines[0].ID}, To: payout.Failed, Reason: "account closed"}
	r = get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, fail))
	equal(t, w.status(c), conversion.Approved)
	equal(t, w.nets(ledger.PublisherAvailable), map[string]int64{"pub_a EUR": 900})
	equal(t, w.nets(ledger.PublisherInPayment), map[string]int64{"pub_b EUR": 300})
	w.sound()
	version := r.Version
	r = get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, fail)) // the same again
	equal(t, r.Version, version)
	_, err := w.Settle(ctx, finance, home, r.ID, payout.Mark{Lines: []string{lines[1].ID, lines[0].ID}, To: payout.Paid})
	wantCode(t, err, payout.CodeSettled)
	equal(t, w.amounts(r)[1], "pub_b 300 EUR approved") // nothing was marked
	r = get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
	equal(t, r.State, payout.Done)
	equal(t, w.amounts(r), []string{"pub_a 900 EUR failed", "pub_b 300 EUR paid"})
	// The holding period is not counted anew.
	next := w.approve(w.run(payout.Order{}))
	equal(t, w.amounts(next), []string{"pub_a 900 EUR approved"})
	get[*payout.Run](t)(w.Settle(ctx, finance, home, next.ID, payout.Mark{To: payout.Paid}))
	equal(t, w.status(c), conversion.Paid)
	equal(t, w.nets(ledger.Bank), map[string]int64{" EUR": -1200})
	w.sound()
}

func testPayoutNegative(t *testing.T, s *Stores) {
	w := newTill(t, s)
	w.pay("pub_a")
	c := w.earned("pub_a", "EUR", 1000)
	r := w.approve(w.run(payout.Order{}))
	w.adjust(c, "pub_a", "EUR", -400) // refunded while it is being paid
	get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
	w.adjust(c, "pub_a", "EUR", -600) // and the rest afterwards
	w.sound()
	r = w.run(payout.Order{})
	equal(t, w.amounts(r), nil)
	equal(t, left(r), []string{"pub_a -1000 EUR negative_balance 1"})
	_, err := w.Approve(ctx, finance, home, r.ID, -1)
	wantCode(t, err, payout.CodeEmpty)
	w.earned("pub_a", "EUR", 1000)
	equal(t, left(w.run(payout.Order{})), []string{"pub_a 0 EUR nothing_due 2"})
	w.earned("pub_a", "EUR", 30)
	r = w.approve(w.run(payout.Order{}))
	equal(t, w.amounts(r), []string{"pub_a 30 EUR approved"})
	line := get[*payout.Line](t)(w.Line(ctx, finance, home, w.lines(r)[0].ID))
	kinds := ""
	for _, i := range line.Items {
		kinds += i.Kind + " "
	}
	equal(t, kinds, "conversion conversion correction ")
	get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{Lines: []string{line.ID}, To: payout.Failed, Reason: "no"}))
	r = w.approve(w.run(payout.Order{}))
	equal(t, w.amounts(r), []string{"pub_a 30 EUR approved"})
	get[*payout.Run](t)(w.Settle(ctx, finance, home, r.ID, payout.Mark{To: payout.Paid}))
	equal(t, w.nets(ledger.PublisherAvailable), nil)
	equal(t, w.nets(ledger.Bank), map[string]int64{" EUR": -1030})
	w.sound()
}
