package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/ledger"
)

func init() {
	ledgerTests["read as of a moment"] = testMoments
	ledgerTests["lines"] = testLines
}

// history posts random transactions whose effective times are not in the order of posting.
func history(t *testing.T, s *Stores, n int) []*ledger.Transaction {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 11))
	var all []*ledger.Transaction
	s.update(t, func(tx books.Tx) error {
		for i := range n {
			x := transaction(fmt.Sprint("k", i), 1+r.Int64N(500))
			x.Kind = []string{"accrual", "approval", "reversal"}[r.IntN(3)]
			x.Recorded, x.Effective = int64(1000+i), 500+r.Int64N(600)
			x.Entries[3].Account.Party = fmt.Sprint("pub", r.IntN(3))
			if r.IntN(3) == 0 {
				for j := range x.Entries {
					x.Entries[j].Amount = -x.Entries[j].Amount
					x.Entries[j].Account.Currency = "JPY"
				}
			}
			_, err := tx.Post(ctx, x)
			must(t, err)
			all = append(all, x)
		}
		return nil
	})
	return all
}

// testMoments: balances at any past moment are the sum of the entries until then, by either time (L6).
func testMoments(t *testing.T, s *Stores) {
	all := history(t, s, 60)
	for _, m := range []ledger.Moment{{}, {Before: 1}, {Before: 1000}, {Before: 1001}, {Before: 1031}, {Before: 5000}, {Before: 700, Effective: true}, {Before: 1100, Effective: true}, {Before: 1, Effective: true}} {
		for _, party := range []string{"", "pub1", "adv", "nobody"} {
			sums := map[ledger.Account]*ledger.Balance{}
			for _, x := range all {
				at := x.Recorded
				if m.Effective {
					at = x.Effective
				}
				if m.Before != 0 && at >= m.Before {
					continue
				}
				for _, e := range x.Entries {
					if party != "" && e.Account.Party != party {
						continue
					}
					b := sums[e.Account]
					if b == nil {
						b = &ledger.Balance{Account: e.Account}
						sums[e.Account] = b
					}
					b.Debits, b.Credits = b.Debits+max(e.Amount, 0), b.Credits+max(-e.Amount, 0)
				}
			}
			got := get[[]ledger.Balance](t)(s.Books.BalancesAt(ctx, home, party, m))
			if len(got) != len(sums) {
				t.Errorf("%+v %q: %d accounts, want %d", m, party, len(got), len(sums))
			}
			for _, b := range got {
				if want := sums[b.Account]; want == nil || *want != b {
					t.Errorf("%+v %q: %+v, want %+v", m, party, b, want)
				}
				parts := get[[]ledger.Part](t)(s.Books.Parts(ctx, ledger.LineQuery{Workspace: home, Account: &b.Account, To: m}))
				equal(t, ledger.Left(parts), b.Debits-b.Credits)
			}
			trials, err := ledger.TrialBalance(got)
			must(t, err)
			for _, tr := range trials {
				if party == "" && tr.Debits != tr.Credits {
					t.Errorf("%+v: the trial balance in %s is off: %d, %d", m, tr.Currency, tr.Debits, tr.Credits)
				}
			}
		}
		equal(t, len(get[[]ledger.Balance](t)(s.Books.BalancesAt(ctx, foreign, "", m))), 0)
	}
}

// testLines: pages in either direction join to exactly the entries asked for.
func testLines(t *testing.T, s *Stores) {
	all := history(t, s, 25)
	account := acct(ledger.PublisherPending, "pub1", "EUR")
	f := func(q ledger.LineQuery, keep func(x *ledger.Transaction, e ledger.Entry) bool) {
		t.Helper()
		q.Workspace, q.Limit = home, 7
		whole := q
		var got, want []ledger.Line
		for {
			rows := get[[]*ledger.Line](t)(s.Books.Lines(ctx, q))
			if len(rows) == 0 {
				break
			}
			for _, l := range rows {
				got = append(got, *l)
			}
			q.After = rows[len(rows)-1].Cursor()
			if q.Newest { // what lies behind is what the parts behind the cursor sum to
				var left int64
				rest := q
				rest.Limit = 1000
				for _, l := range get[[]*ledger.Line](t)(s.Books.Lines(ctx, rest)) {
					left += l.Entry.Amount
				}
				equal(t, ledger.Left(get[[]ledger.Part](t)(s.Books.Parts(ctx, rest))), left)
			}
		}
		for _, x := range all {
			for n, e := range x.Entries {
				if keep(x, e) {
					head := *x
					head.Entries = nil
					want = append(want, ledger.Line{Transaction: &head, No: int64(n + 1), Entry: e})
				}
			}
		}
		slices.SortStableFunc(want, func(a, b ledger.Line) int {
			return cmp.Or(cmp.Compare(a.Transaction.ID, b.Transaction.ID), cmp.Compare(a.No, b.No))
		})
		if whole.Newest {
			slices.Reverse(want)
		}
		equal(t, got, want)
	}
	f(ledger.LineQuery{}, func(*ledger.Transaction, ledger.Entry) bool { return true })
	f(ledger.LineQuery{Newest: true}, func(*ledger.Transaction, ledger.Entry) bool { return true })
	f(ledger.LineQuery{Newest: true, Account: &account}, func(_ *ledger.Transaction, e ledger.Entry) bool { return e.Account == account })
	f(ledger.LineQuery{From: ledger.Moment{Before: 1005}, To: ledger.Moment{Before: 1011}}, func(x *ledger.Transaction, _ ledger.Entry) bool { return x.Recorded >= 1005 && x.Recorded < 1011 })
	f(ledger.LineQuery{To: ledger.Moment{Before: 800, Effective: true}, Account: &account}, func(x *ledger.Transaction, e ledger.Entry) bool {
		return x.Effective < 800 && e.Account == account
	})
	f(ledger.LineQuery{After: "nonsense"}, func(*ledger.Transaction, ledger.Entry) bool { return false })
}
