// Package ledger is double entry: accounts, transactions of balanced entries,
// balances.
//
// Invariants, enforced by the database as well as here (rulebook §6):
//   - Every transaction has at least two entries, and they sum to zero per currency.
//   - Entries and transactions are never changed or deleted; a correction is another
//     transaction that names what it corrects.
//   - Every transaction names its cause; its idempotency key is unique in the
//     workspace, and the same key with other entries is a conflict.
//   - A stored balance equals the sum of its account's entries.
package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
)

// AccountKind is the part of the books an account belongs to.
type AccountKind string

// The kinds. Debit-normal kinds hold what we have or spend, the others what we
// owe or earn. What a party has on several accounts is told apart by its kind: an
// advertiser's receivable and prepayment, a publisher's pending, available and in payment.
//
// Offers without an advertiser are the house's own: what their conversions earn is owed by
// the receivable with party "", which therefore is the house account. It is no kind of its
// own, so that an offer may be given to an advertiser later and older postings, which
// cannot change, stay where the same rule had put them.
const (
	Bank               AccountKind = "bank"                 // asset
	Receivable         AccountKind = "receivable"           // asset, per advertiser; "" = the house
	Prepayment         AccountKind = "prepayment"           // liability, per advertiser
	Revenue            AccountKind = "revenue"              // income
	CommissionExpense  AccountKind = "commission_expense"   // expense
	Adjustments        AccountKind = "adjustments"          // expense
	PublisherPending   AccountKind = "publisher_pending"    // liability, per publisher
	PublisherAvailable AccountKind = "publisher_available"  // liability, per publisher
	PublisherInPayment AccountKind = "publisher_in_payment" // liability, per publisher
	Tax                AccountKind = "tax"                  // liability
	MediaExpense       AccountKind = "media_expense"        // expense
	SourcePayable      AccountKind = "source_payable"       // liability, per traffic source
	ExchangeDifference AccountKind = "exchange_difference"  // clearing, in two currencies each time
)

// AccountSpec documents a kind of account.
type AccountSpec struct {
	Rank        int    // its place in the books
	Name        string // where its party is known
	Book        string // where it is not
	DebitNormal bool   // whether a debit raises it
	Help        string // what it holds
}

// AccountKinds is the chart of accounts.
var AccountKinds = map[AccountKind]AccountSpec{
	Bank:               {5, "Bank", "Bank", true, "What came from advertisers less what was paid to publishers and sources."},
	Receivable:         {10, "Receivable", "Receivable", true, "What an advertiser owes us for conversions. Without a name: the house, whose offers have no advertiser."},
	Prepayment:         {15, "Prepayment", "Advertiser, prepaid", false, "What an advertiser has paid ahead and not used up."},
	Revenue:            {20, "Revenue", "Revenue", false, "What we earned: payouts of conversions."},
	CommissionExpense:  {30, "Commission expense", "Commission expense", true, "What conversions cost us in commissions."},
	Adjustments:        {35, "Adjustments", "Adjustments", true, "Bonuses and corrections to publishers that belong to no conversion."},
	PublisherPending:   {40, "Pending", "Publisher, pending", false, "Commission of conversions not yet approved."},
	PublisherAvailable: {50, "Available", "Publisher, available", false, "Commission of approved conversions, owed to the publisher. Below zero: what was refunded after it was paid, carried over."},
	PublisherInPayment: {60, "In payment", "Publisher, in payment", false, "What a payout run has taken up and the bank has not paid yet."},
	Tax:                {70, "Tax", "Tax", false, "Tax on documents, owed to the office."},
	MediaExpense:       {80, "Media expense", "Media expense", true, "What traffic has cost us, in daily totals."},
	SourcePayable:      {90, "Source payable", "Source payable", false, "What we owe a traffic source, in daily totals."},
	ExchangeDifference: {100, "Exchange difference", "Exchange difference", true, "The other side of every change of currency, in each of the two: what the rates of two days differ by stays here."},
}

// Account is identified by workspace, kind, party and currency.
type Account struct {
	Workspace string
	Kind      AccountKind
	Party     string // advertiser or publisher id; "" for the house
	Currency  string
}

// Code is the account's name in exports, and its key within a workspace.
func (a Account) Code() string {
	return string(a.Kind) + ":" + a.Party + ":" + a.Currency
}

// Entry is one side of a transaction.
type Entry struct {
	Account Account
	Amount  int64 // minor units; debit positive, credit negative; never 0
}

// Transaction is a balanced set of entries with one cause.
type Transaction struct {
	ID        string // set by the store when empty
	Workspace string
	Key       string // idempotency key
	Kind      string // accrual, approval, rejection, reversal, adjustment …
	CauseKind string // conversion, adjustment, payout_line …
	Cause     string // id
	Effective int64  // µs: when it happened
	Recorded  int64  // µs: when it was posted
	Memo      string
	Entries   []Entry
}

// Errors of posting.
var (
	ErrUnbalanced = errors.New("ledger: the entries do not sum to zero")
	ErrConflict   = errors.New("ledger: the key was used for other entries")
	ErrOverflow   = errors.New("ledger: amount out of range")
)

// Check refuses a transaction that breaks an invariant.
func (t *Transaction) Check() error {
	if len(t.Entries) < 2 {
		return fmt.Errorf("%w: %d entries", ErrUnbalanced, len(t.Entries))
	}
	if t.Workspace == "" || t.Key == "" || t.Cause == "" || t.CauseKind == "" || t.Kind == "" {
		return errors.New("ledger: a transaction needs workspace, key, kind and cause")
	}
	sums := map[string]int64{}
	for _, e := range t.Entries {
		if e.Amount == 0 || e.Amount == math.MinInt64 {
			return fmt.Errorf("%w: entry of %d", ErrOverflow, e.Amount)
		}
		if e.Account.Workspace != t.Workspace {
			return errors.New("ledger: an entry's account is in another workspace")
		}
		if _, ok := AccountKinds[e.Account.Kind]; !ok {
			return fmt.Errorf("ledger: unknown account kind %q", e.Account.Kind)
		}
		s := sums[e.Account.Currency]
		if (e.Amount > 0 && s > math.MaxInt64-e.Amount) || (e.Amount < 0 && s < math.MinInt64-e.Amount) {
			return ErrOverflow
		}
		sums[e.Account.Currency] = s + e.Amount
	}
	for c, s := range sums {
		if s != 0 {
			return fmt.Errorf("%w: %s is off by %d", ErrUnbalanced, c, s)
		}
	}
	return nil
}

// Hash identifies the transaction's content under its idempotency key.
func (t *Transaction) Hash() string {
	lines := make([]string, 0, len(t.Entries)+1)
	for _, e := range t.Entries {
		lines = append(lines, e.Account.Code()+"="+strconv.FormatInt(e.Amount, 10))
	}
	sort.Strings(lines)
	lines = append(lines, t.Kind, t.CauseKind, t.Cause)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// Reverse gives the transaction that undoes t, under another key.
func (t *Transaction) Reverse(key, kind string, at int64, memo string) *Transaction {
	r := &Transaction{Workspace: t.Workspace, Key: key, Kind: kind, CauseKind: t.CauseKind, Cause: t.Cause, Effective: at, Recorded: at, Memo: memo}
	for _, e := range t.Entries {
		r.Entries = append(r.Entries, Entry{Account: e.Account, Amount: -e.Amount})
	}
	return r
}

// Balance is an account with its totals.
type Balance struct {
	Account Account
	Debits  int64 // minor units, >= 0
	Credits int64 // minor units, >= 0
}

// Net is the balance on the account's normal side.
func (b Balance) Net() int64 {
	if AccountKinds[b.Account.Kind].DebitNormal {
		return b.Debits - b.Credits
	}
	return b.Credits - b.Debits
}

// Tx posts.
type Tx interface {
	// Post adds the transaction. The same key with the same [Transaction.Hash] does
	// nothing and reports posted=false; with another hash it is ErrConflict.
	Post(ctx context.Context, t *Transaction) (posted bool, err error)
}

// Query selects transactions of one workspace, newest first.
type Query struct {
	Workspace string
	Cause     string
	Party     string // of one of the entries
	Kind      AccountKind
	Before    string // last id of the page before
	Limit     int
}

// Reader reads the books.
type Reader interface {
	// Balances returns every account of the workspace with its totals; party "" = all.
	Balances(ctx context.Context, workspace, party string) ([]Balance, error)
	// BalancesAt is Balances as of a moment: accounts without an entry until then are left out.
	BalancesAt(ctx context.Context, workspace, party string, at Moment) ([]Balance, error)
	// Lines returns entries in the order of posting, or the newest first.
	Lines(ctx context.Context, q LineQuery) ([]*Line, error)
	// Parts sums the lines of a query, without its Limit, by kind of transaction: what explains a balance.
	Parts(ctx context.Context, q LineQuery) ([]Part, error)
	// Transactions returns a page with entries.
	Transactions(ctx context.Context, q Query) ([]*Transaction, error)
	// Audit recomputes everything and reports each broken invariant as a sentence:
	// unbalanced transactions, balances that differ from their entries, entries
	// without a transaction, transactions without a conversion as their cause.
	Audit(ctx context.Context) ([]string, error)
}
