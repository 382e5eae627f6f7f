package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/purge"
	"clickledger/internal/signup"
)

var purgeTests = map[string]func(t *testing.T, s *Stores){
	"what is old goes, in chunks": testPurge, "deliveries go with their tries": testPurgeDeliveries, "nothing else goes": testPurgeNothingElse, "signals about conversions stay": testPurgeSignals,
}

// old rows of every kind: add makes one whose age counts from at (done: it may go), there
// says whether it is still there.
var old = map[string]struct {
	add   func(t *testing.T, s *Stores, n int, at int64, done bool)
	there func(s *Stores, n int) bool
}{
	purge.Mails: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		m := &mail.Mail{ID: id("mail", n), Workspace: home, Created: at, Purpose: "invite", To: "a@b.example", State: mail.StateSent}
		if !done {
			m.State = mail.StateQueued
		}
		must(t, s.Mails.InsertMail(ctx, m))
	}, func(s *Stores, n int) bool { _, err := s.Mails.GetMail(ctx, id("mail", n)); return err == nil }},
	purge.Tokens: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		k := &signup.Token{Hash: id("hash", n), Purpose: "invite", Subject: "inv", Expires: at, Used: int64(n % 2)}
		if !done {
			k.Expires = 1 << 60
		}
		must(t, s.Signups.InsertToken(ctx, k))
	}, func(s *Stores, n int) bool { _, err := s.Signups.GetToken(ctx, id("hash", n)); return err == nil }},
	purge.Sessions: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		x := &account.Session{Hash: id("hash", n), User: "usr", Expires: at}
		if !done {
			x.Expires = 1 << 60
		}
		must(t, s.Accounts.InsertSession(ctx, x))
	}, func(s *Stores, n int) bool { _, err := s.Accounts.GetSession(ctx, id("hash", n)); return err == nil }},
	purge.Idempotency: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		if !done {
			at = 1 << 60
		}
		_, err := s.Catalog.Insert(ctx, workspaceOf(n, at), catalog.Idempotency{Workspace: home, Key: id("key", n), Hash: "h"}, catalog.Audit{})
		must(t, err)
	}, func(s *Stores, n int) bool {
		s.Faults.NotApplied() // so that looking whether the key is used does not use it
		replayed, _ := s.Catalog.Insert(ctx, workspaceOf(90, 0), catalog.Idempotency{Workspace: home, Key: id("key", n), Hash: "h"}, catalog.Audit{})
		s.Faults.arm(nil, nil)
		return replayed
	}},
	purge.Signals: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		r := signal(n)
		r.At, r.Verdict = at, event.UnknownGoal
		if !done {
			r.RetryAt = 1
		}
		s.update(t, func(tx books.Tx) error { return tx.PutSignal(ctx, r) })
	}, func(s *Stores, n int) bool { _, err := s.Books.Signal(ctx, id("sig", n)); return err == nil }},
	purge.Messages: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		if !done {
			at = 1 << 60
		}
		s.update(t, func(tx books.Tx) error {
			known, err := tx.RememberMessage(ctx, id("adv", n%2), id("msg", n), "first", at)
			equal(t, known, "first")
			return err
		})
	}, func(s *Stores, n int) bool {
		known := ""
		_ = s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
			var err error
			known, err = tx.RememberMessage(ctx, id("adv", n%2), id("msg", n), "second", 1)
			return errors.Join(err, errBoom) // it was only asked
		})
		return known == "first"
	}},
	purge.Deliveries: {func(t *testing.T, s *Stores, n int, at int64, done bool) {
		d := delivery(n)
		d.State, d.DoneAt = []string{outbound.StateSent, outbound.StateDead, outbound.StateHeld, outbound.StateResent, outbound.StateTest}[n%5], at
		if !done {
			d.State, d.DoneAt = outbound.StateWaiting, 0
		}
		insertDeliveries(t, s, d)
	}, func(s *Stores, n int) bool {
		_, _, err := s.Deliveries.GetDelivery(ctx, home, id("dlv", n))
		return err == nil
	}},
}

func workspaceOf(n int, created int64) *catalog.Workspace {
	ws := id("ws", n)
	return &catalog.Workspace{Meta: catalog.Meta{ID: ws, Workspace: ws, Created: created}, Name: ws}
}

func testPurge(t *testing.T, s *Stores) {
	for _, r := range purge.Rules {
		kind, ok := old[r.What]
		if !ok {
			t.Errorf("nothing tries what is purged as %q", r.What)
			continue
		}
		for n := range 6 {
			kind.add(t, s, n, int64(n+1), n != 1) // 0…5 are from 1…6; 1 is not done
		}
		drop := func(before int64, limit int) int {
			t.Helper()
			return get[int](t)(s.Purges.Purge(ctx, r.What, before, limit))
		}
		equal(t, drop(1, 10), 0)
		equal(t, drop(5, 2), 2) // 0 and 2
		equal(t, drop(5, 2), 1) // 3
		equal(t, drop(5, 2), 0)
		var left []int
		for n := range 6 {
			if kind.there(s, n) {
				left = append(left, n)
			}
		}
		if !slices.Equal(left, []int{1, 4, 5}) {
			t.Errorf("of the %s there are %v, want 1 (not done), 4 and 5 (not old)", r.What, left)
		}
		s.Faults.NotApplied()
		n, err := s.Purges.Purge(ctx, r.What, 1<<59, 10)
		wantErr(t, err, ErrFault)
		equal(t, n, 0)
		equal(t, drop(1<<59, 10), 2)
	}
	_, err := s.Purges.Purge(ctx, "conversions", 1<<60, 10)
	if err == nil {
		t.Error("what is in no rule was purged")
	}
}

// testPurgeSignals: a conversion's signals explain it for as long as it is there.
func testPurgeSignals(t *testing.T, s *Stores) {
	r := signal(1)
	r.Conversion = id("cnv", 1)
	s.update(t, func(tx books.Tx) error { return tx.PutSignal(ctx, r) })
	equal(t, get[int](t)(s.Purges.Purge(ctx, purge.Signals, 1<<60, 10)), 0)
	get[*inbox.Row](t)(s.Books.Signal(ctx, r.ID))
	// A message is taken by the first, until another is put in its place.
	s.update(t, func(tx books.Tx) error {
		equal(t, get[string](t)(tx.RememberMessage(ctx, "adv", "m", "a", 1)), "a")
		equal(t, get[string](t)(tx.RememberMessage(ctx, "adv", "m", "b", 2)), "a")
		equal(t, get[string](t)(tx.RememberMessage(ctx, "other", "m", "b", 2)), "b")
		must(t, tx.TakeMessage(ctx, "adv", "m", "c", 3))
		equal(t, get[string](t)(tx.RememberMessage(ctx, "adv", "m", "d", 4)), "c")
		return nil
	})
}

func testPurgeDeliveries(t *testing.T, s *Stores) {
	for n := range 2 {
		d := delivery(n)
		insertDeliveries(t, s, d)
		d.State, d.DoneAt = outbound.StateSent, int64(n)
		saved(t)(s.Deliveries.SaveDelivery(ctx, d, &outbound.Try{Delivery: d.ID, N: 1}))
	}
	equal(t, get[int](t)(s.Purges.Purge(ctx, purge.Deliveries, 1, 10)), 1)
	_, tries, err := s.Deliveries.GetDelivery(ctx, home, id("dlv", 1))
	must(t, err)
	equal(t, len(tries), 1)
	// Its tries went with it: its id could come back.
	d := delivery(0)
	must(t, s.Deliveries.AddDelivery(ctx, d, &outbound.Try{Delivery: d.ID, N: 1}))
}

// testPurgeNothingElse: with everything there is purged at once, books, catalog, audit
// trail and accounts are what they were.
func testPurgeNothingElse(t *testing.T, s *Stores) {
	for _, p := range pairs() {
		if p.name == "delete sessions" {
			continue
		}
		must(t, p.do(s))
	}
	without := func() []string {
		return slices.DeleteFunc(state(t, s), func(line string) bool {
			for _, gone := range []string{"idempotency:", "signal:", "signals:", "delivery:", "deliveries:", "session:"} {
				if strings.HasPrefix(line, gone) {
					return true
				}
			}
			return false
		})
	}
	before := without()
	for _, r := range purge.Rules {
		for get[int](t)(s.Purges.Purge(ctx, r.What, 1<<60, 100)) > 0 {
		}
	}
	equal(t, without(), before)
}
