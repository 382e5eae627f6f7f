// Package purge drops what is old and of no use any more: mails, tokens, sessions,
// idempotency keys, deliveries of postbacks, and signals where a setting says so.
//
// Invariants:
//   - What may be dropped stands in one table, [Rules]. Nothing else is ever deleted by
//     age: conversions and the signals about them, the ledger, facts and the audit trail are kept for good.
//   - Work that is not done is not old: what waits to be sent stays, however long it waits.
//   - It is done in small transactions, so that nothing has to wait for it.
package purge

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// What is purged: names of the rules and of what the store drops.
const (
	Mails       = "mails"
	Tokens      = "tokens"
	Sessions    = "sessions"
	Idempotency = "idempotency keys"
	Deliveries  = "deliveries"
	Signals     = "signals"
	Messages    = "message ids"
)

// Rule says when one kind of rows is old.
type Rule struct {
	What string
	Age  string        // counted from when
	Keep time.Duration // the default, 0 = for ever; settings may say otherwise
}

// Rules are all there is to purge.
var Rules = []Rule{
	{Mails, "when they were written; what waits to be sent stays", 90 * day},
	{Tokens, "when they expire, used or not", 30 * day},
	{Sessions, "when they end for good", 30 * day},
	{Idempotency, "when they were used first", 30 * day},
	{Deliveries, "when they were taken, given up or held, with their tries; what is still tried stays", 90 * day},
	{Signals, "when they arrived; what waits, and what is about a conversion, stays", 0},
	{Messages, "when they were taken", 30 * day},
}

const day = 24 * time.Hour

// Store drops rows.
type Store interface {
	// Purge drops at most limit rows of one of the kinds above that were old before a time
	// (µs), the oldest first, in one transaction, and returns how many.
	Purge(ctx context.Context, what string, before int64, limit int) (int, error)
}

// chunk is how many rows are dropped in one transaction, every how often it is looked for more.
const (
	chunk = 500
	every = day
)

// Purger purges.
type Purger struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
	// Keep says how long each kind is kept; a kind that is not in it is kept for the rule's
	// default, one with 0 for ever.
	Keep map[string]time.Duration
}

// Run purges now and every day until ctx ends.
func (p *Purger) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		p.All(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// All purges once, by every rule, and returns how many rows went. What one rule meets
// keeps no other from its work.
func (p *Purger) All(ctx context.Context) map[string]int {
	gone := map[string]int{}
	for _, r := range Rules {
		keep, set := p.Keep[r.What]
		if !set {
			keep = r.Keep
		}
		if keep <= 0 {
			continue
		}
		n, err := p.one(ctx, r.What, p.Now().Add(-keep).UnixMicro())
		if ctx.Err() != nil {
			return gone
		}
		gone[r.What] = n
		switch {
		case err != nil:
			p.Logger.Error("what is old could not be dropped; tried again tomorrow", "what", r.What, "dropped", n, "error", err)
		case n > 0:
			p.Logger.Info("dropped what is old", "what", r.What, "rows", n, "older than", keep)
		}
	}
	return gone
}

func (p *Purger) one(ctx context.Context, what string, before int64) (int, error) {
	total := 0
	for {
		n, err := p.Store.Purge(ctx, what, before, chunk)
		total += n
		if err != nil {
			return total, fmt.Errorf("purge %s: %w", what, err)
		}
		if n == 0 || ctx.Err() != nil {
			return total, nil
		}
	}
}
