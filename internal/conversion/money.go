package conversion

import (
	"context"
	"fmt"
	"strconv"

	"clickledger/internal/event"
	"clickledger/internal/ledger"
)

// account names one of the conversion's accounts.
func (c *Conversion) account(kind ledger.AccountKind, party string) ledger.Account {
	return ledger.Account{Workspace: c.Workspace, Kind: kind, Party: party, Currency: c.Currency}
}

// pair moves an amount from one account to another; nothing for 0.
func pair(debit, credit ledger.Account, minor int64) []ledger.Entry {
	if minor == 0 {
		return nil
	}
	return []ledger.Entry{{Account: debit, Amount: minor}, {Account: credit, Amount: -minor}}
}

// accrual books what a conversion earns and costs: the advertiser owes us the
// payout, we owe the publisher the commission, still pending. An offer without an
// advertiser is owed by the house account (party "").
func accrual(c *Conversion) []ledger.Entry {
	return owed(c, c.Revenue, c.Commission)
}

func owed(c *Conversion, revenue, commission int64) []ledger.Entry {
	return append(
		pair(c.account(ledger.Receivable, c.Advertiser), c.account(ledger.Revenue, ""), revenue),
		pair(c.account(ledger.CommissionExpense, ""), c.account(ledger.PublisherPending, c.Publisher), commission)...)
}

// approval makes the commission available.
func approval(c *Conversion) []ledger.Entry {
	return pair(c.account(ledger.PublisherPending, c.Publisher), c.account(ledger.PublisherAvailable, c.Publisher), c.Commission)
}

// difference books what a conversion is worth more (or less) than before.
func difference(old, c *Conversion) []ledger.Entry {
	es := owed(c, c.Revenue-old.Revenue, c.Commission-old.Commission)
	if c.Status != Pending { // also when a payout run has it: what it paid too much is carried over
		es = append(es, pair(c.account(ledger.PublisherPending, c.Publisher), c.account(ledger.PublisherAvailable, c.Publisher), c.Commission-old.Commission)...)
	}
	return es
}

func negated(es []ledger.Entry) []ledger.Entry {
	out := make([]ledger.Entry, len(es))
	for i, e := range es {
		out[i] = ledger.Entry{Account: e.Account, Amount: -e.Amount}
	}
	return out
}

// post adds one ledger transaction caused by the conversion; none when nothing moves.
// The version in the key makes each step of the conversion's life a posting of its
// own, and its repetition none.
func post(ctx context.Context, tx ledger.Tx, c *Conversion, kind string, entries []ledger.Entry, now int64) error {
	if len(entries) == 0 {
		return nil
	}
	_, err := tx.Post(ctx, &ledger.Transaction{
		Workspace: c.Workspace, Key: kind + ":" + c.ID + ":" + strconv.FormatInt(c.Version, 10), Kind: kind,
		CauseKind: "conversion", Cause: c.ID, Effective: c.At, Recorded: now,
		Memo: kind + " of conversion " + c.ID, Entries: entries,
	})
	if err != nil {
		return fmt.Errorf("post %s: %w", kind, err)
	}
	return nil
}

// fact is the row the conversion adds to the facts, times sign. Refused conversions
// carry no money and do not count.
func (c *Conversion) fact(visit *event.Visit, kind string, status Status, sign int64) *event.Fact {
	f := &event.Fact{
		Kind: kind, At: c.At, Visit: c.ClickAt, ID: c.Click, Dims: visit.Dims, Reason: visit.Reason,
		Goal: c.GoalKey, Conversion: c.ID, Status: string(status), Method: c.Method, Currency: c.Currency, ReportCurrency: c.ReportCurrency,
	}
	if c.OverCap != "" {
		f.Reason = string(event.OverCap)
	}
	if !counts(status) {
		return f
	}
	f.Conversions, f.Revenue, f.Commission, f.SaleAmount = sign, sign*c.Revenue, sign*c.Commission, sign*c.SaleAmount
	if c.ReportCurrency == "" {
		return f // recorded before there were reporting amounts: the facts take its own
	}
	known := true
	for _, a := range []struct {
		from int64
		to   *int64
	}{{c.Revenue, &f.ReportRevenue}, {c.Commission, &f.ReportCommission}, {c.SaleAmount, &f.ReportSaleAmount}} {
		minor, ok := c.reported(a.from)
		*a.to = sign * minor
		known = known && ok
	}
	if !known {
		f.ReportRevenue, f.ReportCommission, f.ReportSaleAmount, f.Unconverted = 0, 0, 0, sign
	}
	return f
}

// StateError says that the state machine does not have a transition.
type StateError struct{ From, To Status }

// Error names both states.
func (e *StateError) Error() string {
	return fmt.Sprintf("a conversion that is %s cannot become %s", e.From, e.To)
}

// Move changes the conversion's status along [Transitions], posts what follows and tells
// the publisher. actor is a user, key or signal id. It fails with [*StateError] where the
// table has no such transition.
func (j *Judge) Move(ctx context.Context, tx Writer, c *Conversion, to Status, actor, reason string) error {
	now := j.Now()
	from, µs := c.Status, now.UnixMicro()
	if !Allowed(from, to) {
		return &StateError{from, to}
	}
	c.Status = to
	if refused(to) && c.Hold == HoldStaff {
		c.Hold, c.HoldNote = "", "" // there is nothing left to hold
	}
	err := tx.UpdateConversion(ctx, c)
	if err != nil {
		return fmt.Errorf("update conversion: %w", err)
	}
	err = tx.InsertChange(ctx, &Change{Conversion: c.ID, At: µs, From: from, To: to, Actor: actor, Reason: reason})
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	for _, p := range postings(c, from, to) {
		err := post(ctx, tx, c, p.kind, p.entries, µs)
		if err != nil {
			return err
		}
	}
	err = countCaps(ctx, tx, c, from, to)
	if err != nil {
		return fmt.Errorf("count towards caps: %w", err)
	}
	visit, err := event.DecodeVisit(c.Dims)
	if err != nil {
		return fmt.Errorf("click of %s: %w", c.ID, err)
	}
	if counts(from) {
		err := tx.PutFact(ctx, c.fact(visit, event.FactAdjustment, from, -1))
		if err != nil {
			return fmt.Errorf("queue fact: %w", err)
		}
	}
	err = tx.PutFact(ctx, c.fact(visit, event.FactAdjustment, to, +1))
	if err != nil {
		return fmt.Errorf("queue fact: %w", err)
	}
	if from == Locked && to == Approved {
		return nil // the publisher was told of the approval before
	}
	return tell(ctx, tx, j.View(), c, visit, false, now)
}

type posting struct {
	kind    string
	entries []ledger.Entry
}

// postings is the money of each transition. Those of a payout run have none of their own:
// the line of the run moves what it pays, in one transaction of the ledger.
func postings(c *Conversion, from, to Status) []posting {
	switch {
	case from == Pending && to == Approved:
		return []posting{{"approval", approval(c)}}
	case from == Pending && to == Rejected:
		return []posting{{"rejection", negated(accrual(c))}}
	case from == Approved && to == Reversed:
		return []posting{{"reversal", append(negated(approval(c)), negated(accrual(c))...)}}
	case from == Rejected && to == Approved:
		return []posting{{"accrual", accrual(c)}, {"approval", approval(c)}}
	}
	return nil
}
