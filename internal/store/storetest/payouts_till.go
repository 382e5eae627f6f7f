package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/payout"
)

var (
	finance = account.Principal{ID: "usr_fin", Write: true, Workspaces: []string{home}}
	second  = account.Principal{ID: "usr_two", Write: true, Workspaces: []string{home}}
	boss    = account.Principal{ID: "usr_own", Owner: true, Write: true}
	program = account.Principal{ID: "key_fin", Write: true, Workspaces: []string{home}}
	outside = account.Principal{ID: "usr_out", Write: true, Workspaces: []string{foreign}}
)

// german is a bank account that is well-formed.
var german = payout.Details{Kind: payout.KindBank, Holder: "Ann Blog", IBAN: "DE89370400440532013000", BIC: "COBADEFFXXX"}

// till is a workspace with conversions that can be paid.
type till struct {
	*payout.Service
	t    *testing.T
	s    *Stores
	desk *books.Desk
	pubs map[string]*catalog.Publisher
	now  time.Time
	n    int
}

func newTill(t *testing.T, s *Stores) *till {
	w := &till{t: t, s: s, pubs: map[string]*catalog.Publisher{}, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	view := catalog.NewView()
	clock := func() time.Time { return w.now }
	w.desk = &books.Desk{Store: s.Books, Judge: &conversion.Judge{View: func() *catalog.View { return view }, Now: clock}, Changed: func() {}}
	w.Service = &payout.Service{Store: s.Payouts, Desk: w.desk, Now: clock, Publisher: func(id string) *catalog.Publisher { return w.pubs[id] }}
	for _, id := range []string{"pub_a", "pub_b", "pub_c"} {
		w.pubs[id] = &catalog.Publisher{Meta: catalog.Meta{ID: id, Workspace: home}, Name: "Blog " + id, Status: catalog.StatusActive}
		view = view.With([]catalog.Entity{w.pubs[id]}, 1)
	}
	return w
}

// pay gives publishers a bank account.
func (w *till) pay(publishers ...string) {
	w.t.Helper()
	for _, p := range publishers {
		get[*payout.Method](w.t)(w.SetMethod(ctx, finance, home, p, -1, german))
	}
}

// sale is a conversion of a publisher's, pending.
func (w *till) sale(publisher, currency string, commission int64) string {
	w.t.Helper()
	w.n++
	visit := &event.Visit{ID: clickID(w.n), At: w.now.UnixMicro(), Click: true, Dims: event.Dims{Workspace: home, Publisher: publisher}}
	c := &conversion.Conversion{ID: id("cnv", w.n), Workspace: home, DedupKey: fmt.Sprint("k", w.n), Click: visit.ID, At: w.now.UnixMicro(), Publisher: publisher, Currency: currency,
		Status: conversion.Pending, Commission: commission, Dims: visit.Append(nil)}
	w.s.update(w.t, func(tx books.Tx) error {
		must(w.t, tx.InsertConversion(ctx, c))
		_, err := tx.Post(ctx, w.move("accrual", "conversion", c.ID, publisher, currency, ledger.CommissionExpense, ledger.PublisherPending, commission))
		return err
	})
	return c.ID
}

// move is a transaction between two accounts, of which the publisher's have its name.
func (w *till) move(kind, causeKind, cause, publisher, currency string, from, to ledger.AccountKind, amount int64) *ledger.Transaction {
	w.n++
	of := func(k ledger.AccountKind) ledger.Account {
		if strings.HasPrefix(string(k), "publisher") {
			return acct(k, publisher, currency)
		}
		return acct(k, "", currency)
	}
	return &ledger.Transaction{Workspace: home, Key: fmt.Sprint("till", w.n), Kind: kind, CauseKind: causeKind, Cause: cause, Effective: w.now.UnixMicro(), Recorded: w.now.UnixMicro(),
		Entries: []ledger.Entry{{Account: of(from), Amount: amount}, {Account: of(to), Amount: -amount}}}
}

// earned is a conversion that was approved now.
func (w *till) earned(publisher, currency string, commission int64) string {
	w.t.Helper()
	c := w.sale(publisher, currency, commission)
	w.decide(c, conversion.Approved)
	return c
}

func (w *till) decide(id string, to conversion.Status) {
	w.t.Helper()
	get[*conversion.Conversion](w.t)(w.desk.Decide(ctx, finance, home, id, to, "because"))
}

// adjust books a bonus (or with minus a correction) that belongs to no conversion, or, with
// one, a change of what it is worth.
func (w *till) adjust(conversionID, publisher, currency string, amount int64) {
	w.t.Helper()
	w.n++
	key := fmt.Sprint("adjust", w.n)
	if conversionID == "" {
		_, _, err := w.desk.AdjustBalance(ctx, finance, home, conversion.BalanceAdjustment{Key: key, Publisher: publisher, Currency: currency, Amount: amount, Reason: "because"})
		must(w.t, err)
		return
	}
	worth := w.get(conversionID).Commission + amount
	_, _, _, err := w.desk.Restate(ctx, finance, home, conversionID, conversion.Worth{Key: key, Commission: &worth, Reason: "because"})
	must(w.t, err)
}

func (w *till) hold(id string, held bool) {
	w.t.Helper()
	get[*conversion.Conversion](w.t)(w.desk.SetHold(ctx, finance, home, id, held, "because"))
}

func (w *till) run(o payout.Order) *payout.Run {
	w.t.Helper()
	r := get[*payout.Run](w.t)(w.Make(ctx, finance, home, o))
	w.whole(r)
	return r
}

func (w *till) approve(r *payout.Run) *payout.Run {
	w.t.Helper()
	r = get[*payout.Run](w.t)(w.Approve(ctx, second, home, r.ID, r.Version))
	w.sound()
	return r
}

func (w *till) lines(r *payout.Run) []*payout.Line {
	w.t.Helper()
	return get[[]*payout.Line](w.t)(w.Lines(ctx, finance, home, r.ID))
}

// amounts are those of a run's lines, with their states.
func (w *till) amounts(r *payout.Run) (out []string) {
	w.t.Helper()
	for _, l := range w.lines(r) {
		out = append(out, fmt.Sprint(l.Publisher, " ", l.Amount, " ", l.Currency, " ", l.State))
	}
	return out
}

func left(r *payout.Run) (out []string) {
	for _, l := range r.Left {
		out = append(out, fmt.Sprint(l.Publisher, " ", l.Amount, " ", l.Currency, " ", l.Reason, " ", l.Causes))
	}
	return out
}

// nets are the balances of a kind, by publisher and currency.
func (w *till) nets(kind ledger.AccountKind) map[string]int64 {
	w.t.Helper()
	out := map[string]int64{}
	for _, b := range balances(w.t, w.s, "") {
		if b.Account.Kind == kind && b.Net() != 0 {
			out[b.Account.Party+" "+b.Account.Currency] = b.Net()
		}
	}
	return out
}

// whole asserts that the lines of a draft and what it leaves out are the available
// balances, and that each line's items sum to it.
func (w *till) whole(r *payout.Run) {
	w.t.Helper()
	have := map[string]int64{}
	for _, l := range w.lines(r) {
		have[l.Publisher+" "+l.Currency] += l.Amount
		var sum int64
		for _, i := range get[*payout.Line](w.t)(w.Line(ctx, finance, home, l.ID)).Items {
			sum += i.Amount
		}
		equal(w.t, sum, l.Amount)
	}
	for _, l := range r.Left {
		have[l.Publisher+" "+l.Currency] += l.Amount
	}
	for k, n := range have {
		if n == 0 {
			delete(have, k)
		}
	}
	equal(w.t, have, w.nets(ledger.PublisherAvailable))
}

// sound asserts that ledger and payouts fit together, and that what is open is the
// available balance.
func (w *till) sound() {
	w.t.Helper()
	w.s.sound(w.t)
	if found := get[[]string](w.t)(w.s.Payouts.AuditPayouts(ctx)); len(found) > 0 {
		w.t.Fatalf("payouts are broken:\n%s", strings.Join(found, "\n"))
	}
	open := map[string]int64{}
	for _, o := range get[[]payout.Open](w.t)(w.s.Payouts.Open(ctx, home)) {
		open[o.Publisher+" "+o.Currency] += o.Amount
	}
	for k, n := range open {
		if n == 0 {
			delete(open, k)
		}
	}
	equal(w.t, open, w.nets(ledger.PublisherAvailable))
}

func (w *till) get(id string) (c *conversion.Conversion) {
	w.t.Helper()
	w.s.update(w.t, func(tx books.Tx) error {
		c = get[*conversion.Conversion](w.t)(tx.GetConversion(ctx, home, id))
		return nil
	})
	return c
}

func (w *till) status(id string) conversion.Status {
	w.t.Helper()
	return w.get(id).Status
}

func wantCode(t *testing.T, err error, code string) *payout.Refusal {
	t.Helper()
	var r *payout.Refusal
	if !errors.As(err, &r) || r.Code != code || !strings.HasSuffix(r.Msg, ".") {
		t.Fatalf("error = %v, want a refusal %s in a sentence", err, code)
	}
	return r
}
