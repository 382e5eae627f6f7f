package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
)

var failureTests = map[string]func(t *testing.T, s *Stores){
	"pairs": testFailurePairs,
}

// pair is one write method. Later ones find what earlier ones wrote.
type pair struct {
	name string
	do   func(s *Stores) error
}

// testFailurePairs runs every write method twice: once its commit fails, and nothing
// may be there; once its commit succeeds but is reported as failed, and all of it
// must be there. The state is then read again through a new connection.
func testFailurePairs(t *testing.T, s *Stores) {
	whole := t // what is reopened outlives its pair
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) {
			before := state(t, s)
			s.Faults.NotApplied()
			wantErr(t, p.do(s), ErrFault)
			if s.Faults.Op() == "" {
				t.Fatal("the write did not pass the seam")
			}
			equal(t, state(t, s), before)
			s.Faults.Applied()
			wantErr(t, p.do(s), ErrFault)
			after := state(t, s)
			if fmt.Sprint(after) == fmt.Sprint(before) {
				t.Fatal("applied, but the state did not change")
			}
			s.sound(t)
			s = s.Reopen(whole)
			equal(t, state(t, s), after)
		})
	}
}

func pairs() []pair {
	w := &catalog.Workspace{Meta: catalog.Meta{ID: home, Workspace: home}, Name: "w"}
	changed := &catalog.Workspace{Meta: catalog.Meta{ID: home, Workspace: home, Version: 1}, Name: "changed"}
	write := func(fn func(ctx context.Context, tx books.Tx) error) func(s *Stores) error {
		return func(s *Stores) error { return s.Books.Update(ctx, fn) }
	}
	return []pair{
		{"catalog insert", func(s *Stores) error {
			_, err := s.Catalog.Insert(ctx, w, catalog.Idempotency{Workspace: home, Key: "k", Hash: "h"}, catalog.Audit{Workspace: home, Subject: home})
			if err != nil && w.Version != 0 {
				return errors.New("a row that was reported as failed has a version")
			}
			return err
		}},
		{"catalog update", func(s *Stores) error {
			err := s.Catalog.Update(ctx, changed, catalog.Audit{Workspace: home, Subject: home})
			if err != nil && changed.Version != 1 {
				return errors.New("a row that was reported as failed has a new version")
			}
			return err
		}},
		{"catalog insert all", func(s *Stores) error {
			return s.Catalog.InsertAll(ctx, sample(foreign, "x", 1), catalog.Audit{Workspace: foreign})
		}},
		{"judgment", write(func(ctx context.Context, tx books.Tx) error {
			c := cnv(1)
			c.Status, c.Revenue, c.Commission, c.Adjusted = conversion.Pending, 0, 0, false // as its entries, which are on accounts of others
			x := transaction("accrual", 100)
			x.CauseKind, x.Cause = "conversion", c.ID
			_, err := tx.Post(ctx, x)
			return errors.Join(err, tx.PutSignal(ctx, signal(1)), tx.InsertConversion(ctx, c), tx.InsertDelivery(ctx, delivery(1)),
				tx.InsertChange(ctx, &conversion.Change{Conversion: c.ID, To: conversion.Pending}), tx.PutFact(ctx, &event.Fact{Kind: event.FactConversion}),
				tx.Advance(ctx, "judge", eventlog.Position{}, eventlog.Position{Stream: "s", Seq: 1}))
		})},
		{"transition", write(func(ctx context.Context, tx books.Tx) error {
			c, err := tx.GetConversion(ctx, home, id("cnv", 1))
			if err != nil {
				return err
			}
			c.Status = conversion.Approved
			return errors.Join(tx.UpdateConversion(ctx, c), tx.InsertChange(ctx, &conversion.Change{Conversion: c.ID, At: 1, From: conversion.Pending, To: conversion.Approved}))
		})},
		{"number facts", func(s *Stores) error {
			_, err := s.Books.NumberFacts(ctx, 10)
			return err
		}},
		{"publish facts", func(s *Stores) error { return s.Books.SetFactsPublished(ctx, 1) }},
		{"lease", func(s *Stores) error {
			_, err := s.Books.Lease(ctx, "relay", "a", 1, 10)
			return err
		}},
		{"lease node", func(s *Stores) error {
			_, err := s.Books.LeaseNode(ctx, "a", 1, 10)
			return err
		}},
		{"add key", func(s *Stores) error { return s.Books.AddKey(ctx, [16]byte{1}) }},
		{"set setting", func(s *Stores) error { return s.Books.SetSetting(ctx, "a", "1") }},
		{"save delivery", func(s *Stores) error {
			return errOf(s.Deliveries.SaveDelivery(ctx, &outbound.Delivery{ID: id("dlv", 1), Workspace: home, State: outbound.StateDead}, &outbound.Try{Delivery: id("dlv", 1), N: 1}))
		}},
		{"put landing", func(s *Stores) error { return s.Landings.PutLanding(ctx, landing(1)) }},
		{"put domain check", func(s *Stores) error { return s.Domains.Put(ctx, domainCheck(1)) }},
		{"claim domain check", func(s *Stores) error {
			_, err := s.Domains.Claim(ctx, home, id("dom", 1), 3000, 4000)
			return err
		}},
		{"insert user", func(s *Stores) error { return s.Accounts.InsertUser(ctx, user(1)) }},
		{"update user", func(s *Stores) error {
			u := user(1)
			u.Version, u.Name = 1, "new"
			return s.Accounts.UpdateUser(ctx, u)
		}},
		{"put image", func(s *Stores) error {
			return s.Catalog.PutImage(ctx, &catalog.Image{Workspace: home, Hash: "h", Data: []byte{1}}, 0)
		}},
		{"insert session", func(s *Stores) error { return s.Accounts.InsertSession(ctx, &account.Session{Hash: "a", User: "u"}) }},
		{"touch session", func(s *Stores) error { return s.Accounts.TouchSession(ctx, "a", 9) }},
		{"delete sessions", func(s *Stores) error { return s.Accounts.DeleteSessions(ctx, "u", "") }},
		{"insert API key", func(s *Stores) error { return s.Accounts.InsertKey(ctx, apiKey(1)) }},
		{"update API key", func(s *Stores) error {
			k := apiKey(1)
			k.Version, k.Name = 1, "new"
			return s.Accounts.UpdateKey(ctx, k)
		}},
		{"touch API key", func(s *Stores) error { return s.Accounts.TouchKey(ctx, id("key", 1), 99) }},
	}
}

// state reads all that the pairs may change.
func state(t *testing.T, s *Stores) []string {
	t.Helper()
	var out []string
	add := func(what string, v any, err error) {
		t.Helper()
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			t.Fatalf("%s: %v", what, err)
		}
		out = append(out, fmt.Sprintf("%s: %+v", what, v))
	}
	rows, revision, err := s.Catalog.Changed(ctx, 0, 100)
	add("revision", revision, err)
	for _, r := range rows {
		add("row", r, nil)
	}
	trail, err := s.Catalog.Trail(ctx, home, "", 100)
	add("trail", trail, err)
	replay := &catalog.Workspace{Meta: catalog.Meta{ID: "other", Workspace: "other"}, Name: "other"}
	s.Faults.NotApplied() // so that looking whether the key is used does not use it
	replayed, err := s.Catalog.Insert(ctx, replay, catalog.Idempotency{Workspace: home, Key: "k", Hash: "h"}, catalog.Audit{})
	if err != nil && !errors.Is(err, ErrFault) {
		t.Fatal(err)
	}
	s.Faults.arm(nil, nil)
	add("idempotency", replayed, nil)

	signals, err := s.Books.ListSignals(ctx, inbox.Query{Workspace: home})
	for _, r := range signals {
		add("signal", *r, nil)
	}
	add("signals", len(signals), err)
	conversions, err := s.Books.ListConversions(ctx, conversion.Query{Workspace: home})
	for _, c := range conversions {
		add("conversion", *c, nil)
	}
	add("conversions", len(conversions), err)
	changes, err := s.Books.Changes(ctx, id("cnv", 1))
	add("changes", len(changes), err)
	bal, err := s.Books.Balances(ctx, home, "")
	add("balances", bal, err)
	transactions, err := s.Books.Transactions(ctx, ledger.Query{Workspace: home})
	add("transactions", len(transactions), err)
	facts, err := s.Books.FactsAfter(ctx, 0, 100)
	add("facts", facts, err)
	published, err := s.Books.FactsPublished(ctx)
	add("published", published, err)
	add("position", position(t, s, "judge"), nil)
	deliveries, err := s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: home})
	for _, d := range deliveries {
		add("delivery", *d, nil)
	}
	add("deliveries", len(deliveries), err)
	visited, err := s.Landings.Landing(ctx, home, id("off", 1))
	if visited != nil {
		add("landing", *visited, err)
	}
	checks, err := s.Domains.Checks(ctx)
	add("domain checks", checks, err)
	img, err := s.Catalog.Image(ctx, home, "h")
	if img != nil {
		add("image", *img, err)
	}
	keys, err := s.Books.Keys(ctx)
	add("keys", keys, err)
	setting, err := s.Books.Setting(ctx, "a")
	add("setting", setting, err)

	// No method reads a lease, so a second row of its key is tried and not kept.
	for _, insert := range []string{
		"INSERT INTO leases (name, holder, until) VALUES ('relay', 'x', 0)", "INSERT INTO node_leases (node, holder, until) VALUES (1, 'x', 0)",
	} {
		err = s.Raw(ctx, insert, "this is not a statement")
		add(insert, strings.Contains(strings.ToLower(err.Error()), "unique"), nil)
	}

	users, err := s.Accounts.ListUsers(ctx)
	for _, u := range users {
		add("user", *u, nil)
	}
	add("users", len(users), err)
	session, err := s.Accounts.GetSession(ctx, "a")
	if session != nil {
		add("session", *session, err)
	}
	apiKeys, err := s.Accounts.ListKeys(ctx, home, account.Party{})
	for _, k := range apiKeys {
		add("API key", *k, nil)
	}
	add("API keys", len(apiKeys), err)
	return out
}
