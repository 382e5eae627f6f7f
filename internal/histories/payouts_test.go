package histories_test

import (
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/payout"
)

func (e *env) payouts() {
	e.pays = &payout.Service{Store: e.db.Payouts(), Desk: e.desk, Now: e.clock, Publisher: func(id string) *catalog.Publisher { return e.view.Publisher(id) }}
}

func refusedPayout(err error) bool {
	var r *payout.Refusal
	return errors.As(err, &r) || errors.Is(err, payout.ErrTaken)
}

// payoutStep goes one step on with the payout runs: a method, a preview, an approval, lines
// that are paid or fail.
func (h *history) payoutStep() func() error {
	runs, err := h.pays.Runs(h.t.Context(), finance, payout.RunQuery{Workspace: h.ws, Limit: 100})
	if err != nil {
		return func() error { return err }
	}
	r, some := pick(h, runs)
	switch n := h.rnd.IntN(10); {
	case !h.methods:
		// Nobody is paid before there is a way to.
		h.say("methods")
		return func() error {
			for _, p := range h.pubs {
				_, err := h.pays.SetMethod(h.t.Context(), finance, h.ws, p, -1, payout.Details{Kind: payout.KindOther, Text: "in cash"})
				if err != nil {
					return err
				}
			}
			h.methods = true
			return nil
		}
	case n < 2 || !some:
		h.say("a payout run is drawn")
		return func() error {
			_, err := h.pays.Make(h.t.Context(), finance, h.ws, payout.Order{})
			return err
		}
	case n < 4:
		h.say("approve run %s (%s)", r.ID, r.State)
		return func() error {
			_, err := h.pays.Approve(h.t.Context(), finance, h.ws, r.ID, -1)
			return err
		}
	case n == 4 && h.rnd.IntN(3) == 0:
		h.say("refresh or discard run %s (%s)", r.ID, r.State)
		do := h.pays.Refresh
		if h.rnd.IntN(2) == 0 {
			do = h.pays.Discard
		}
		return func() error {
			_, err := do(h.t.Context(), finance, h.ws, r.ID)
			return err
		}
	}
	m := payout.Mark{To: payout.Paid, Reference: "bank"}
	if h.rnd.IntN(3) == 0 {
		m = payout.Mark{To: payout.Failed, Reason: "account closed"}
	}
	ls, err := h.pays.Lines(h.t.Context(), finance, h.ws, r.ID)
	if err != nil {
		return func() error { return err }
	}
	if l, ok := pick(h, ls); ok {
		m.Lines = []string{l.ID}
	}
	h.say("mark %v of run %s (%s) as %s", m.Lines, r.ID, r.State, m.To)
	return func() error {
		_, err := h.pays.Settle(h.t.Context(), finance, h.ws, r.ID, m)
		return err
	}
}

// taken adds what payout runs have taken up and paid, and holds their lines against the
// states of the conversions.
func (h *history) taken(cs []*conversion.Conversion, add func(kind ledger.AccountKind, party, currency string, debit int64)) error {
	ctx := h.t.Context()
	runs, err := h.pays.Runs(ctx, finance, payout.RunQuery{Workspace: h.ws, Limit: 100})
	if err != nil {
		return err
	}
	state := map[string]conversion.Status{}
	for _, r := range runs {
		ls, err := h.pays.Lines(ctx, finance, h.ws, r.ID)
		if err != nil {
			return err
		}
		for _, l := range ls {
			if l.State != payout.Approved && l.State != payout.Paid {
				continue
			}
			full, err := h.pays.Line(ctx, finance, h.ws, l.ID)
			if err != nil {
				return err
			}
			var sum int64
			for _, i := range full.Items {
				sum += i.Amount
				if i.Kind == payout.ItemConversion {
					if was := state[i.Cause]; was != "" {
						return fmt.Errorf("conversion %s is in two lines, %s and %s", i.Cause, was, l.State)
					}
					state[i.Cause] = map[payout.State]conversion.Status{payout.Approved: conversion.Locked, payout.Paid: conversion.Paid}[l.State]
				}
			}
			if sum != l.Amount || sum <= 0 {
				return fmt.Errorf("line %s of %d has items of %d", l.ID, l.Amount, sum)
			}
			h.met["line "+string(l.State)]++
			add(ledger.PublisherAvailable, l.Publisher, l.Currency, l.Amount)
			if l.State == payout.Approved {
				add(ledger.PublisherInPayment, l.Publisher, l.Currency, -l.Amount)
			} else {
				add(ledger.Bank, "", l.Currency, -l.Amount)
			}
		}
	}
	for _, c := range cs {
		settled := conversion.Status("")
		if c.Status == conversion.Locked || c.Status == conversion.Paid {
			settled = c.Status
		}
		if settled != state[c.ID] {
			return fmt.Errorf("conversion %s is %s, and the lines say %q", c.ID, c.Status, state[c.ID])
		}
	}
	return nil
}
