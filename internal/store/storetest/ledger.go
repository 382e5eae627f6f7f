package storetest

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"clickledger/internal/books"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
)

var ledgerTests = map[string]func(t *testing.T, s *Stores){
	"post":                          testPost,
	"idempotency":                   testPostTwice,
	"idempotency under parallel":    testParallelPost,
	"refused":                       testPostRefused,
	"overflow":                      testOverflow,
	"immutable":                     testImmutable,
	"unbalanced cannot commit":      testUnbalanced,
	"pages":                         testTransactionPages,
	"audit":                         testAudit,
	"random postings keep the rule": testLedgerProperty,
}

func acct(kind ledger.AccountKind, party, currency string) ledger.Account {
	return ledger.Account{Workspace: home, Kind: kind, Party: party, Currency: currency}
}

// transaction is an adjustment of four entries.
func transaction(key string, amount int64) *ledger.Transaction {
	return &ledger.Transaction{
		Workspace: home, Key: key, Kind: "accrual", CauseKind: "test", Cause: "because", Effective: 1, Recorded: 2, Memo: "memo",
		Entries: []ledger.Entry{
			{Account: acct(ledger.Receivable, "adv", "EUR"), Amount: amount}, {Account: acct(ledger.Revenue, "", "EUR"), Amount: -amount},
			{Account: acct(ledger.CommissionExpense, "", "EUR"), Amount: amount}, {Account: acct(ledger.PublisherPending, "pub", "EUR"), Amount: -amount},
		},
	}
}

func post(t *testing.T, s *Stores, x *ledger.Transaction) {
	t.Helper()
	s.update(t, func(tx books.Tx) error {
		posted, err := tx.Post(ctx, x)
		must(t, err)
		equal(t, posted, true)
		return nil
	})
}

func balances(t *testing.T, s *Stores, party string) []ledger.Balance {
	t.Helper()
	return get[[]ledger.Balance](t)(s.Books.Balances(ctx, home, party))
}

func testPost(t *testing.T, s *Stores) {
	a, b := transaction("k1", 100), transaction("k2", 11)
	b.Entries = append(b.Entries, ledger.Entry{Account: acct(ledger.Receivable, "adv", "USD"), Amount: 5}, ledger.Entry{Account: acct(ledger.Revenue, "", "USD"), Amount: -2},
		ledger.Entry{Account: acct(ledger.Revenue, "", "USD"), Amount: -3})
	undo := a.Reverse("k3", "reversal", 9, "undone")
	for _, x := range []*ledger.Transaction{a, b, undo} {
		post(t, s, x)
	}
	if a.ID == "" || a.ID >= b.ID || b.ID >= undo.ID {
		t.Errorf("ids %q, %q, %q are not in the order of posting", a.ID, b.ID, undo.ID)
	}
	equal(t, get[[]*ledger.Transaction](t)(s.Books.Transactions(ctx, ledger.Query{Workspace: home})), []*ledger.Transaction{undo, b, a})
	bal := func(k ledger.AccountKind, party, currency string, debits, credits int64) ledger.Balance {
		return ledger.Balance{Account: acct(k, party, currency), Debits: debits, Credits: credits}
	}
	equal(t, balances(t, s, ""), []ledger.Balance{
		bal(ledger.CommissionExpense, "", "EUR", 111, 100), bal(ledger.PublisherPending, "pub", "EUR", 100, 111),
		bal(ledger.Receivable, "adv", "EUR", 111, 100), bal(ledger.Receivable, "adv", "USD", 5, 0),
		bal(ledger.Revenue, "", "EUR", 100, 111), bal(ledger.Revenue, "", "USD", 0, 5),
	})
	equal(t, balances(t, s, "pub"), []ledger.Balance{bal(ledger.PublisherPending, "pub", "EUR", 100, 111)})
	equal(t, len(get[[]ledger.Balance](t)(s.Books.Balances(ctx, foreign, ""))), 0)
	equal(t, len(get[[]*ledger.Transaction](t)(s.Books.Transactions(ctx, ledger.Query{Workspace: foreign}))), 0)
	s.sound(t)
}

func testPostTwice(t *testing.T, s *Stores) {
	first := transaction("k", 100)
	post(t, s, first)
	before := balances(t, s, "")
	s.update(t, func(tx books.Tx) error {
		again := transaction("k", 100)
		posted, err := tx.Post(ctx, again)
		must(t, err)
		equal(t, posted, false)
		equal(t, again.ID, first.ID)
		_, err = tx.Post(ctx, transaction("k", 101))
		wantErr(t, err, ledger.ErrConflict)
		same := transaction("other", 1)
		same.ID = first.ID
		_, err = tx.Post(ctx, same)
		wantErr(t, err, ledger.ErrConflict)
		return nil // a refused posting leaves nothing that would keep this from committing
	})
	equal(t, balances(t, s, ""), before)
	x := transaction("k", 100)
	x.Workspace = foreign
	for i := range x.Entries {
		x.Entries[i].Account.Workspace = foreign
	}
	post(t, s, x) // another workspace's keys are its own
	s.sound(t)
}

func testParallelPost(t *testing.T, s *Stores) {
	var wg sync.WaitGroup
	var posted atomic.Int64
	for range 40 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var ok bool
			err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) (err error) {
				ok, err = tx.Post(ctx, transaction("once", 7))
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if ok {
				posted.Add(1)
			}
		}()
	}
	wg.Wait()
	equal(t, posted.Load(), int64(1))
	equal(t, balances(t, s, "adv")[0].Debits, int64(7))
	s.sound(t)
}

func testPostRefused(t *testing.T, s *Stores) {
	bad := map[string]func(x *ledger.Transaction){
		"one entry":    func(x *ledger.Transaction) { x.Entries = x.Entries[:1] },
		"unbalanced":   func(x *ledger.Transaction) { x.Entries[0].Amount++ },
		"per currency": func(x *ledger.Transaction) { x.Entries[0].Account.Currency = "USD" },
		"no cause":     func(x *ledger.Transaction) { x.Cause = "" },
		"foreign":      func(x *ledger.Transaction) { x.Entries[0].Account.Workspace = foreign },
		"zero":         func(x *ledger.Transaction) { x.Entries[0].Amount, x.Entries[1].Amount = 0, 0 },
	}
	s.update(t, func(tx books.Tx) error {
		for name, spoil := range bad {
			x := transaction(name, 100)
			spoil(x)
			posted, err := tx.Post(ctx, x)
			if err == nil || posted {
				t.Errorf("%s: posted", name)
			}
		}
		return nil
	})
	equal(t, len(balances(t, s, "")), 0)
}

func testOverflow(t *testing.T, s *Stores) {
	post(t, s, transaction("most", math.MaxInt64-10))
	before := balances(t, s, "")
	s.update(t, func(tx books.Tx) error {
		_, err := tx.Post(ctx, transaction("over", 11))
		wantErr(t, err, ledger.ErrOverflow)
		_, err = tx.Post(ctx, transaction("over", -11)) // other side: there is room
		must(t, err)
		_, err = tx.Post(ctx, transaction("to the brim", 10))
		return err
	})
	equal(t, balances(t, s, "adv"), []ledger.Balance{{Account: before[2].Account, Debits: math.MaxInt64, Credits: 11}})
	s.sound(t)
}

func testImmutable(t *testing.T, s *Stores) {
	x := transaction("k", 100)
	post(t, s, x)
	before := balances(t, s, "")
	for _, statement := range []string{
		"UPDATE ledger_entries SET amount = amount * 2", "UPDATE ledger_entries SET account = account",
		"DELETE FROM ledger_entries", "DELETE FROM ledger_transactions", "DELETE FROM ledger_accounts",
		"UPDATE ledger_transactions SET memo = 'other'", "UPDATE ledger_transactions SET key = 'other'",
		"UPDATE ledger_accounts SET party = 'other'",
		// More entries for what is posted, even balanced ones.
		"INSERT INTO ledger_entries (transaction_id, no, account, currency, amount) SELECT transaction_id, no + 10, account, currency, amount FROM ledger_entries",
		// A second header.
		"INSERT INTO ledger_transactions SELECT id, workspace, 'again', hash, kind, cause_kind, cause, effective, recorded, memo FROM ledger_transactions",
	} {
		err := s.Raw(ctx, statement)
		if err == nil {
			t.Errorf("the database must refuse: %s", statement)
		}
	}
	equal(t, get[[]*ledger.Transaction](t)(s.Books.Transactions(ctx, ledger.Query{Workspace: home})), []*ledger.Transaction{x})
	equal(t, balances(t, s, ""), before)
	s.sound(t)
}

func testUnbalanced(t *testing.T, s *Stores) {
	post(t, s, transaction("k", 100)) // makes the accounts
	entry := func(n int, account string, currency string, amount int) string {
		return fmt.Sprintf("INSERT INTO ledger_entries (transaction_id, no, account, currency, amount) SELECT 'raw', %d, id, '%s', %d FROM ledger_accounts WHERE kind = '%s' AND workspace = '%s'",
			n, currency, amount, account, home)
	}
	const header = "INSERT INTO ledger_transactions (id, workspace, key, hash, kind, cause_kind, cause, effective, recorded, memo) VALUES ('raw', '" + home + "', 'raw', '', 'k', 'k', 'c', 0, 0, '')"
	for name, statements := range map[string][]string{
		"no entries":        {header},
		"one entry":         {entry(1, "receivable", "EUR", 5), header},
		"off by one":        {entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -4), header},
		"no header":         {entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -5)},
		"entries after":     {entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -5), header, entry(3, "receivable", "EUR", 5), entry(4, "revenue", "EUR", -5)},
		"wrong currency":    {entry(1, "receivable", "USD", 5), entry(2, "revenue", "USD", -5), header},
		"no cause":          {entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -5), strings.Replace(header, "'c'", "''", 1)},
		"foreign workspace": {entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -5), strings.Replace(header, "'"+home+"'", "'"+foreign+"'", 1)},
		"an entry of zero":  {entry(1, "receivable", "EUR", 0), entry(2, "revenue", "EUR", 0), header},
	} {
		if s.Raw(ctx, statements...) == nil {
			t.Errorf("%s: committed", name)
		}
	}
	s.sound(t)
	must(t, s.Raw(ctx, entry(1, "receivable", "EUR", 5), entry(2, "revenue", "EUR", -5), header)) // the statements themselves are right
	s.sound(t)
	equal(t, balances(t, s, "adv")[0].Debits, int64(105))
}

func testTransactionPages(t *testing.T, s *Stores) {
	var all []*ledger.Transaction
	s.update(t, func(tx books.Tx) error {
		for n := range 30 {
			x := transaction(fmt.Sprint("k", n), int64(n+1))
			x.Cause = fmt.Sprint("cause", n%2)
			x.Entries[3].Account.Party = fmt.Sprint("pub", n%3)
			if n%5 == 0 {
				x.Entries[3].Account.Kind = ledger.PublisherAvailable
			}
			_, err := tx.Post(ctx, x)
			must(t, err)
			all = append(all, x)
		}
		return nil
	})
	f := func(q ledger.Query, keep func(n int) bool) {
		t.Helper()
		q.Workspace, q.Limit = home, 4
		var got, want []*ledger.Transaction
		for {
			rows := get[[]*ledger.Transaction](t)(s.Books.Transactions(ctx, q))
			if len(rows) == 0 {
				break
			}
			got = append(got, rows...)
			q.Before = rows[len(rows)-1].ID
		}
		for n := len(all) - 1; n >= 0; n-- {
			if keep(n) {
				want = append(want, all[n])
			}
		}
		equal(t, got, want)
	}
	f(ledger.Query{}, func(int) bool { return true })
	f(ledger.Query{Cause: "cause1"}, func(n int) bool { return n%2 == 1 })
	f(ledger.Query{Party: "pub2"}, func(n int) bool { return n%3 == 2 })
	f(ledger.Query{Kind: ledger.PublisherAvailable}, func(n int) bool { return n%5 == 0 })
	f(ledger.Query{Kind: ledger.PublisherAvailable, Party: "pub0"}, func(n int) bool { return n%15 == 0 })
	f(ledger.Query{Kind: ledger.Receivable, Party: "pub0"}, func(int) bool { return false }) // one entry must be both
	f(ledger.Query{Cause: "cause0", Kind: ledger.PublisherPending, Party: "pub1"}, func(n int) bool { return n%2 == 0 && n%3 == 1 && n%5 != 0 })
}

func testAudit(t *testing.T, s *Stores) {
	good := transaction("good", 5)
	good.CauseKind, good.Cause = "conversion", id("cnv", 1)
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertConversion(ctx, &conversion.Conversion{ID: id("cnv", 1), Workspace: home, DedupKey: "k", Advertiser: "adv", Publisher: "pub", Currency: "EUR", Status: conversion.Pending, Revenue: 5, Commission: 5}))
		_, err := tx.Post(ctx, good)
		return err
	})
	s.sound(t)
	f := func(want string, statements ...string) {
		t.Helper()
		must(t, s.Raw(ctx, statements...))
		found := get[[]string](t)(s.Books.Audit(ctx))
		if !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("after %q the audit finds %q, want %q", statements, found, want)
		}
	}
	for column, want := range map[string]string{
		"revenue = revenue + 1":       "with revenue 6 and commission 5 (minor units of EUR); its entries say receivable 5, revenue 5, commission 5, of which pending 5 and available 0",
		"commission = commission + 1": "with revenue 5 and commission 6",
		"status = 'approved'":         id("cnv", 1) + " is approved with",
		"status = 'rejected'":         id("cnv", 1) + " is rejected with",
		"publisher = 'other'":         "of which pending 0 and available 0",
		"currency = 'USD'":            "minor units of USD",
		"advertiser = ''":             "receivable 0, revenue 5",
	} {
		name, _, _ := strings.Cut(column, " ")
		was := map[string]string{"revenue": "5", "commission": "5", "status": "'pending'", "publisher": "'pub'", "currency": "'EUR'", "advertiser": "'adv'"}[name]
		f(want, "UPDATE conversions SET "+column)
		must(t, s.Raw(ctx, "UPDATE conversions SET "+name+" = "+was))
	}
	s.sound(t)
	adjustment := func(n int, kind string, revenue int) string {
		return fmt.Sprintf("INSERT INTO conversion_adjustments (id, workspace, conversion, key, kind, asked, currency, sale, revenue, commission, actor, reason, at) VALUES (%d, '%s', '%s', 'k%d', '%s', '', 'EUR', 0, %d, 0, '', '', 0)", n, home, id("cnv", 1), n, kind, revenue)
	}
	worth := id("cnv", 1) + " of workspace " + home + " is not worth what its adjustments make of it"
	f(worth, "UPDATE conversions SET adjusted = TRUE, base_revenue = 5, base_commission = 5")
	must(t, s.Raw(ctx, adjustment(1, "refund", -7), adjustment(2, "change", 3))) // of what was before a change, nothing is left in the base
	s.sound(t)
	f(worth, "UPDATE conversions SET base_revenue = 9")
	must(t, s.Raw(ctx, adjustment(3, "refund", -4)))
	s.sound(t)
	f(worth, "DELETE FROM conversion_adjustments WHERE id = 3")
	must(t, s.Raw(ctx, "DELETE FROM conversion_adjustments", "UPDATE conversions SET adjusted = FALSE"))
	s.update(t, func(tx books.Tx) error {
		return tx.InsertChange(ctx, &conversion.Change{Conversion: id("cnv", 1), To: conversion.Pending})
	})
	s.sound(t)
	f(id("cnv", 1)+" of workspace "+home+" is pending, and its history ends otherwise", "UPDATE conversion_changes SET to_status = 'approved'")
	must(t, s.Raw(ctx, "DELETE FROM conversion_changes"))
	s.sound(t)
	f("adjustment 1 names conversion "+id("cnv", 1), "INSERT INTO conversion_adjustments (id, workspace, conversion, key, kind, asked, currency, sale, revenue, commission, actor, reason, at) VALUES (1, '"+home+"', '"+id("cnv", 1)+"', 'k', 'refund', '', 'EUR', 0, 0, 0, '', '', 0)")
	orphan := transaction("orphan", 5)
	orphan.CauseKind, orphan.Cause = "conversion", "nothing"
	post(t, s, orphan)
	f("names conversion nothing of workspace "+home, "SELECT 1")
	bonus := transaction("bonus", 5)
	bonus.CauseKind, bonus.Cause = "adjustment", "adj_none"
	post(t, s, bonus)
	f("names adjustment adj_none of workspace "+home, "SELECT 1")
	f("says debits 17", "UPDATE ledger_balances SET debits = debits + 2 WHERE account = (SELECT id FROM ledger_accounts WHERE kind = 'receivable')")
	f("all EUR debits and credits differ by 2 minor units", "SELECT 1")
	f("has no balance", "DELETE FROM ledger_balances WHERE account = (SELECT id FROM ledger_accounts WHERE kind = 'revenue')")
}

// testLedgerProperty posts at random, with keys that meet, savepoints that fail and
// whole transactions that fail, and compares with a model.
func testLedgerProperty(t *testing.T, s *Stores) {
	parties := []string{"a", "b", "c"}
	type side struct{ debits, credits int64 }
	model := map[ledger.Account]side{}
	posted := map[string]string{} // key → hash
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		draft, keys := map[ledger.Account]side{}, map[string]string{}
		one := func(ctx context.Context, tx books.Tx) error {
			x := transaction(fmt.Sprint("key", round/3, rapid.IntRange(0, 3).Draw(rt, "key")), rapid.Int64Range(1, 1000).Draw(rt, "amount"))
			x.Entries[0].Account.Party = rapid.SampledFrom(parties).Draw(rt, "advertiser")
			x.Entries[3].Account.Party = rapid.SampledFrom(parties).Draw(rt, "publisher")
			if rapid.Bool().Draw(rt, "reverse") {
				for i := range x.Entries {
					x.Entries[i].Amount = -x.Entries[i].Amount
				}
			}
			broken := rapid.IntRange(0, 9).Draw(rt, "broken") == 0
			if broken {
				x.Entries[0].Amount++
			}
			known, ok := keys[x.Key]
			if !ok {
				known, ok = posted[x.Key]
			}
			did, err := tx.Post(ctx, x)
			switch {
			case broken:
				if err == nil {
					rt.Fatal("unbalanced entries were posted")
				}
			case ok && known == x.Hash():
				if did || err != nil {
					rt.Fatalf("the same again: %v, %v", did, err)
				}
			case ok:
				if did || err == nil {
					rt.Fatal("other entries under a used key were posted")
				}
			default:
				if !did || err != nil {
					rt.Fatalf("post: %v, %v", did, err)
				}
				keys[x.Key] = x.Hash()
				for _, e := range x.Entries {
					b := draft[e.Account]
					if e.Amount > 0 {
						b.debits += e.Amount
					} else {
						b.credits -= e.Amount
					}
					draft[e.Account] = b
				}
			}
			return nil
		}
		fails := rapid.IntRange(0, 4).Draw(rt, "transaction fails") == 0
		err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
			for range rapid.IntRange(1, 4).Draw(rt, "postings") {
				if rapid.IntRange(0, 4).Draw(rt, "savepoint fails") > 0 {
					err := tx.Savepoint(ctx, func(ctx context.Context) error { return one(ctx, tx) })
					if err != nil {
						return err
					}
					continue
				}
				beforeDraft, beforeKeys := maps.Clone(draft), maps.Clone(keys)
				_ = tx.Savepoint(ctx, func(ctx context.Context) error {
					_ = one(ctx, tx)
					return errBoom
				})
				draft, keys = beforeDraft, beforeKeys
			}
			if fails {
				return errBoom
			}
			return nil
		})
		if fails {
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		for k, h := range keys {
			posted[k] = h
		}
		for a, b := range draft {
			m := model[a]
			model[a] = side{m.debits + b.debits, m.credits + b.credits}
		}
		rows, err := s.Books.Balances(context.Background(), home, "")
		if err != nil {
			rt.Fatal(err)
		}
		for _, r := range rows {
			if m := model[r.Account]; r.Debits != m.debits || r.Credits != m.credits {
				rt.Fatalf("%s: %d and %d, the model says %+v", r.Account.Code(), r.Debits, r.Credits, m)
			}
		}
		if len(rows) != len(model) {
			rt.Fatalf("%d accounts, the model has %d", len(rows), len(model))
		}
	})
	s.sound(t)
}
