// Package funds is what advertisers have paid and what they owe: their payments, and the
// guard that closes the offers of those who pay ahead when their money is used up.
//
// Invariants:
//   - A payment is one row and one ledger transaction, made together; the same key again
//     with the same content does nothing, with another one it is refused.
//   - What is left is prepayment less receivable, by advertiser and currency. Nothing is
//     moved from one to the other per conversion, so the guard and the books cannot differ.
//   - The guard closes offers to visitors; it never decides about money. What was clicked
//     before may still convert, is owed and is credited to the publisher.
package funds

import (
	"context"
	"errors"
	"math"

	"clickledger/internal/ledger"
)

// Payment is money that came from an advertiser, or went back to it.
type Payment struct {
	ID         string
	Workspace  string
	Key        string // idempotency key, unique in the workspace
	Advertiser string
	Kind       Kind
	Currency   string
	Amount     int64  // minor units; negative: paid back
	Reference  string // of the bank, or the number of an invoice
	Reason     string
	Actor      string // user or key id
	At         int64  // µs, when it happened
	Recorded   int64  // µs
}

// Kind is what a payment is for.
type Kind string

// The kinds.
const (
	Ahead Kind = "ahead" // for conversions to come: the prepayment account
	Owed  Kind = "owed"  // for what was billed: the receivable
)

// Kinds says which account a payment is booked against.
var Kinds = map[Kind]ledger.AccountKind{Ahead: ledger.Prepayment, Owed: ledger.Receivable}

// ErrConflict says that the key was used for another payment.
var ErrConflict = errors.New("funds: the key was used for another payment")

// Same reports whether two payments say the same, apart from who and when.
func (p *Payment) Same(o *Payment) bool {
	return p.Workspace == o.Workspace && p.Advertiser == o.Advertiser && p.Kind == o.Kind && p.Currency == o.Currency && p.Amount == o.Amount && p.Reference == o.Reference && p.Reason == o.Reason
}

// Posting is the payment's ledger transaction: bank against prepayment or receivable.
func (p *Payment) Posting() *ledger.Transaction {
	account := func(kind ledger.AccountKind, party string) ledger.Account {
		return ledger.Account{Workspace: p.Workspace, Kind: kind, Party: party, Currency: p.Currency}
	}
	return &ledger.Transaction{
		Workspace: p.Workspace, Key: "payment:" + p.ID, Kind: "payment", CauseKind: "payment", Cause: p.ID, Effective: p.At, Recorded: p.Recorded,
		Memo: "payment " + p.Reference, Entries: []ledger.Entry{
			{Account: account(ledger.Bank, ""), Amount: p.Amount},
			{Account: account(Kinds[p.Kind], p.Advertiser), Amount: -p.Amount},
		},
	}
}

// Funds is what an advertiser has in one currency.
type Funds struct {
	Currency string
	Paid     int64 // minor units: paid ahead, and not billed yet
	Owed     int64 // minor units: the receivable; pending conversions are in it
	State    State
}

// Left is what there is for conversions to come, in minor units; negative when more is owed
// than was paid.
func (f Funds) Left() int64 {
	switch left := f.Paid - f.Owed; {
	case f.Owed < 0 && left < f.Paid:
		return math.MaxInt64
	case f.Owed > 0 && left > f.Paid:
		return math.MinInt64
	default:
		return left
	}
}

// State is how an advertiser's money stands.
type State string

// The states.
const (
	Enough State = "enough"
	Low    State = "low"     // at or below the advertiser's warning
	UsedUp State = "used_up" // nothing is left: offers in this currency are closed
)

// Tx writes a payment within a transaction of the books.
type Tx interface {
	// InsertPayment adds one; false when the workspace has one with its key.
	InsertPayment(ctx context.Context, p *Payment) (fresh bool, err error)
	// PaymentByKey returns it, or catalog.ErrNotFound.
	PaymentByKey(ctx context.Context, workspace, key string) (*Payment, error)
	ledger.Tx
}

// Store keeps payments.
type Store interface {
	// Update runs fn in one transaction; fn must be repeatable.
	Update(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error
	// Payments returns a page, the newest first; advertiser "" = all of them, before is the
	// last id of the page before.
	Payments(ctx context.Context, workspace, advertiser, before string, limit int) ([]*Payment, error)
	// Balances returns the accounts of a party.
	Balances(ctx context.Context, workspace, party string) ([]ledger.Balance, error)
}
