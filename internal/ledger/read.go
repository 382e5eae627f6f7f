package ledger

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Moment selects what was in the books at a point in time (rulebook L6).
type Moment struct {
	Before    int64 // µs, exclusive; 0 = everything
	Effective bool  // by when it happened, else by when it was posted
}

// Line is an entry with the transaction it is part of.
type Line struct {
	Transaction *Transaction // without Entries
	No          int64        // the entry's place in it, from 1
	Entry       Entry
}

// Cursor is the line's place in the books: lines sort by it, oldest first.
func (l *Line) Cursor() string { return fmt.Sprintf("%s.%03d", l.Transaction.ID, l.No) }

// LineQuery selects entries of one workspace.
type LineQuery struct {
	Workspace string
	Account   *Account // exactly this one; nil = all
	From, To  Moment   // From.Before is inclusive here: the first moment; 0 = from the beginning
	After     string   // cursor of the last line of the page before
	Newest    bool     // newest first, and After goes back in time
	Limit     int
}

// ErrCode says that a text names no account.
var ErrCode = errors.New("ledger: not an account's name")

// ParseCode reads what [Account.Code] writes. It fails with ErrCode.
func ParseCode(workspace, code string) (Account, error) {
	parts := strings.Split(code, ":")
	if len(parts) != 3 {
		return Account{}, ErrCode
	}
	a := Account{Workspace: workspace, Kind: AccountKind(parts[0]), Party: parts[1], Currency: parts[2]}
	if _, ok := AccountKinds[a.Kind]; !ok || a.Currency == "" {
		return Account{}, ErrCode
	}
	return a, nil
}

// TrialLine is a kind of account in a trial balance. One of the two is 0.
type TrialLine struct {
	Kind          AccountKind
	Debit, Credit int64 // minor units: the sum of the accounts' balances by the side they are on
}

// Trial is the trial balance of one currency: what every account is left with, by side.
type Trial struct {
	Currency        string
	Lines           []TrialLine // in the order of the chart of accounts
	Debits, Credits int64       // sums of the lines; equal, or the books are broken
}

// TrialBalance sums balances up by currency and kind. It fails with [ErrOverflow].
func TrialBalance(bs []Balance) ([]Trial, error) {
	type key struct {
		currency string
		kind     AccountKind
	}
	net := map[key]int64{}
	for _, b := range bs {
		k := key{b.Account.Currency, b.Account.Kind}
		n, ok := sum(net[k], b.Debits-b.Credits)
		if !ok {
			return nil, fmt.Errorf("%w: all %s in %s", ErrOverflow, k.kind, k.currency)
		}
		net[k] = n
	}
	by := map[string]*Trial{}
	for k, n := range net {
		t := by[k.currency]
		if t == nil {
			t = &Trial{Currency: k.currency}
			by[k.currency] = t
		}
		l := TrialLine{Kind: k.kind, Debit: max(n, 0), Credit: max(-n, 0)}
		var ok, ok2 bool
		t.Debits, ok = sum(t.Debits, l.Debit)
		t.Credits, ok2 = sum(t.Credits, l.Credit)
		if !ok || !ok2 || n == math.MinInt64 {
			return nil, fmt.Errorf("%w: the trial balance in %s", ErrOverflow, k.currency)
		}
		t.Lines = append(t.Lines, l)
	}
	out := make([]Trial, 0, len(by))
	for _, t := range by {
		slices.SortFunc(t.Lines, func(a, b TrialLine) int { return AccountKinds[a.Kind].Rank - AccountKinds[b.Kind].Rank })
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Trial) int { return strings.Compare(a.Currency, b.Currency) })
	return out, nil
}

// sum adds, and says whether it fits.
func sum(a, b int64) (int64, bool) {
	c := a + b
	return c, (b >= 0) == (c >= a)
}

// Part is a share of an account's balance: the entries of one kind of transaction.
type Part struct {
	Kind    string // of the transactions
	Entries int64
	Debits  int64 // minor units, >= 0
	Credits int64
}

// Left is what parts leave, debits minus credits.
func Left(parts []Part) int64 {
	var n int64
	for _, p := range parts {
		n += p.Debits - p.Credits
	}
	return n
}
