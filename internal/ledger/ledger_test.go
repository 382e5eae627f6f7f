package ledger

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func account(kind AccountKind, party, currency string) Account {
	return Account{Workspace: "ws", Kind: kind, Party: party, Currency: currency}
}

func tx(es ...Entry) *Transaction {
	return &Transaction{Workspace: "ws", Key: "k", Kind: "accrual", CauseKind: "conversion", Cause: "cnv", Entries: es}
}

func TestCheck(t *testing.T) {
	owed, earned := account(Receivable, "adv", "USD"), account(Revenue, "", "USD")
	euro := account(Revenue, "", "EUR")
	foreign := owed
	foreign.Workspace = "other"
	for name, c := range map[string]struct {
		t  *Transaction
		ok bool
		is error
	}{
		"balanced":             {tx(Entry{owed, 5}, Entry{earned, -5}), true, nil},
		"one entry":            {tx(Entry{owed, 5}), false, ErrUnbalanced},
		"none":                 {tx(), false, ErrUnbalanced},
		"off by one":           {tx(Entry{owed, 5}, Entry{earned, -4}), false, ErrUnbalanced},
		"across currencies":    {tx(Entry{owed, 5}, Entry{euro, -5}), false, ErrUnbalanced},
		"an entry of zero":     {tx(Entry{owed, 0}, Entry{earned, 0}), false, ErrOverflow},
		"smallest number":      {tx(Entry{owed, math.MinInt64}, Entry{earned, 5}), false, ErrOverflow},
		"a sum that overflows": {tx(Entry{owed, math.MaxInt64}, Entry{owed, 1}, Entry{earned, -1}), false, ErrOverflow},
		"another workspace":    {tx(Entry{foreign, 5}, Entry{earned, -5}), false, nil},
		"unknown account":      {tx(Entry{account("cash", "", "USD"), 5}, Entry{earned, -5}), false, nil},
		"without a cause":      {&Transaction{Workspace: "ws", Key: "k", Kind: "accrual", Entries: []Entry{{owed, 5}, {earned, -5}}}, false, nil},
	} {
		err := c.t.Check()
		if (err == nil) != c.ok || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHashIsOfTheContentAlone(t *testing.T) {
	owed, earned := account(Receivable, "adv", "USD"), account(Revenue, "", "USD")
	a, b := tx(Entry{owed, 5}, Entry{earned, -5}), tx(Entry{earned, -5}, Entry{owed, 5})
	b.ID, b.Memo, b.Recorded = "x", "other words", 9
	if a.Hash() != b.Hash() {
		t.Error("the order of entries or the memo changed the hash")
	}
	b.Entries[0].Amount, b.Entries[1].Amount = -6, 6
	if a.Hash() == b.Hash() {
		t.Error("other amounts have the same hash")
	}
}

// TestReverse: whatever balances, its reversal balances and undoes every account.
func TestReverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(-1e12, 1e12).Filter(func(n int64) bool { return n != 0 }), 1, 6).Draw(t, "amounts")
		var sum int64
		x := tx()
		for _, n := range amounts {
			sum += n
			x.Entries = append(x.Entries, Entry{account(PublisherPending, rapid.StringMatching("p[0-3]").Draw(t, "party"), "USD"), n})
		}
		if sum == 0 {
			x.Entries = append(x.Entries, Entry{account(Revenue, "", "USD"), 1}, Entry{account(CommissionExpense, "", "USD"), -1})
		} else {
			x.Entries = append(x.Entries, Entry{account(Revenue, "", "USD"), -sum})
		}
		if err := x.Check(); err != nil {
			t.Fatal(err)
		}
		r := x.Reverse("k2", "reversal", 1, "undo")
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		left := map[string]int64{}
		for _, e := range append(x.Entries, r.Entries...) {
			left[e.Account.Code()] += e.Amount
		}
		for code, n := range left {
			if n != 0 {
				t.Fatalf("%s is left with %d", code, n)
			}
		}
	})
}

func TestNet(t *testing.T) {
	if n := (Balance{account(Receivable, "a", "USD"), 7, 3}).Net(); n != 4 {
		t.Errorf("receivable %d, want 4", n)
	}
	if n := (Balance{account(PublisherAvailable, "p", "USD"), 3, 7}).Net(); n != 4 {
		t.Errorf("publisher available %d, want 4", n)
	}
}
