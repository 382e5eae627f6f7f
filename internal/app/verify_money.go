package app

import (
	"context"
	"fmt"
	"sort"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/payout"
)

func (a *App) verifyLedger(ctx context.Context) ([]Finding, error) {
	f := Finding{Check: "every ledger transaction balances, and every balance is the sum of its entries"}
	broken, err := a.db.Books().Audit(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit the ledger: %w", err)
	}
	for _, b := range broken {
		f.wrong("%s", b)
	}
	spaces, err := a.workspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range spaces {
		bs, err := a.db.Books().Balances(ctx, w, "")
		if err != nil {
			return nil, fmt.Errorf("read balances: %w", err)
		}
		f.Counted += int64(len(bs))
		sums := map[string]int64{}
		for _, b := range bs {
			sums[b.Account.Currency] += b.Debits - b.Credits
		}
		for c, s := range sums {
			if s != 0 {
				f.wrong("the trial balance of %s in %s is off by %d", w, c, s)
			}
		}
	}
	paid := Finding{Check: "every payout line is what its items, its postings and its conversions say"}
	broken, err = a.db.Payouts().AuditPayouts(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit the payouts: %w", err)
	}
	for _, b := range broken {
		paid.wrong("%s", b)
	}
	for _, w := range spaces {
		n, err := a.openPayouts(ctx, w, &paid)
		if err != nil {
			return nil, err
		}
		paid.Counted += n
	}
	return []Finding{f, paid}, nil
}

// openPayouts compares what can be paid with the available balances.
func (a *App) openPayouts(ctx context.Context, w string, f *Finding) (int64, error) {
	open, err := a.db.Payouts().Open(ctx, w)
	if err != nil {
		return 0, fmt.Errorf("read what can be paid: %w", err)
	}
	bs, err := a.db.Books().Balances(ctx, w, "")
	if err != nil {
		return 0, fmt.Errorf("read balances: %w", err)
	}
	left := map[totalKey]int64{}
	for _, b := range bs {
		if b.Account.Kind == ledger.PublisherAvailable && b.Account.Party != "" {
			left[totalKey{w, b.Account.Party, b.Account.Currency}] = b.Net()
		}
	}
	for _, o := range open {
		left[totalKey{w, o.Publisher, o.Currency}] -= o.Amount
	}
	for k, n := range left {
		if n != 0 {
			f.wrong("publisher %q in %s: what can be paid is %d less than what is available", k.publisher, k.currency, n)
		}
	}
	sort.Strings(f.Wrong)
	return int64(len(open)), nil
}

// paidOut adds what payout lines have taken up and not given back, by the currency of what
// they took.
func (a *App) paidOut(ctx context.Context, w string, to func(publisher, currency string, amount int64)) error {
	for _, st := range []payout.State{payout.Approved, payout.Paid} {
		q := payout.LineQuery{Workspace: w, State: st, Limit: verifyPage}
		for {
			lines, err := a.db.Payouts().ListLines(ctx, q)
			if err != nil {
				return fmt.Errorf("list payouts: %w", err)
			}
			for _, l := range lines {
				to(l.Publisher, l.Currency, l.Amount)
			}
			if len(lines) < verifyPage {
				break
			}
			q.Before = lines[len(lines)-1].ID
		}
	}
	return nil
}

// bonuses gives what was booked to publishers that belongs to no conversion.
func (a *App) bonuses(ctx context.Context, w string, to func(publisher, currency string, amount int64)) error {
	for before := ""; ; {
		rows, err := a.db.Books().BalanceAdjustments(ctx, w, "", before, verifyPage)
		if err != nil {
			return fmt.Errorf("list bonuses: %w", err)
		}
		for _, r := range rows {
			to(r.Publisher, r.Currency, r.Amount)
		}
		if len(rows) < verifyPage {
			return nil
		}
		before = rows[len(rows)-1].ID
	}
}

func (a *App) workspaces(ctx context.Context) ([]string, error) {
	var out []string
	for after := ""; ; after = out[len(out)-1] {
		es, err := a.db.Catalog().List(ctx, catalog.Query{Kind: catalog.KindWorkspace, Archived: "all", After: after, Limit: verifyPage})
		if err != nil {
			return nil, fmt.Errorf("list workspaces: %w", err)
		}
		for _, e := range es {
			out = append(out, e.Base().ID)
		}
		if len(es) < verifyPage {
			return out, nil
		}
	}
}

// total is the money of one workspace, publisher and currency.
type total struct {
	Conversions, Revenue, Commission, Pending int64
}

type totalKey struct{ workspace, publisher, currency string }

// verifyMoney adds the conversions up and compares with ledger and facts.
func (a *App) verifyMoney(ctx context.Context) ([]Finding, error) {
	led := Finding{Check: "the conversions' money is what the ledger has"}
	fac := Finding{Check: "the conversions' money is what the facts have"}
	rep := Finding{Check: "the conversions' money at their rates is what the facts report"}
	ons := Finding{Check: "the on-site events counted in the books are in the facts"}
	spaces, err := a.workspaces(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range spaces {
		want, asReported, n, err := a.conversionTotals(ctx, w)
		if err != nil {
			return nil, err
		}
		led.Counted += n
		fac.Counted += n
		rep.Counted += n
		err = a.compareLedger(ctx, w, want, &led)
		if err != nil {
			return nil, err
		}
		err = a.compareFacts(ctx, w, want, &fac)
		if err != nil {
			return nil, err
		}
		err = a.compareReported(ctx, w, asReported, &rep)
		if err != nil {
			return nil, err
		}
		counts, err := a.db.Books().OnsiteEvents(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("count on-site events: %w", err)
		}
		err = a.compareOnsite(ctx, w, counts, &ons)
		if err != nil {
			return nil, err
		}
	}
	return []Finding{led, fac, rep, ons}, nil
}

// conversionTotals adds up, by the conversions' own currencies and by those they are
// reported in, and counts.
func (a *App) conversionTotals(ctx context.Context, w string) (map[totalKey]total, map[totalKey]reported, int64, error) {
	out, asReported := map[totalKey]total{}, map[totalKey]reported{}
	var n int64
	before := ""
	for {
		page, err := a.db.Books().ListConversions(ctx, conversion.Query{Workspace: w, Before: before, Limit: verifyPage})
		if err != nil {
			return nil, nil, 0, fmt.Errorf("list conversions: %w", err)
		}
		for _, c := range page {
			n++
			if c.Status == conversion.Rejected || c.Status == conversion.Reversed {
				continue
			}
			k := totalKey{w, c.Publisher, c.Currency}
			t := out[k]
			t.Conversions++
			t.Revenue += c.Revenue
			t.Commission += c.Commission
			if c.Status == conversion.Pending {
				t.Pending += c.Commission
			}
			out[k] = t
			k.currency = reportedIn(c)
			r := asReported[k]
			err := r.report(c)
			if err != nil {
				return nil, nil, 0, err
			}
			asReported[k] = r
		}
		if len(page) < verifyPage {
			return out, asReported, n, nil
		}
		before = page[len(page)-1].ID
	}
}

func (a *App) compareLedger(ctx context.Context, w string, want map[totalKey]total, f *Finding) error {
	bs, err := a.db.Books().Balances(ctx, w, "")
	if err != nil {
		return fmt.Errorf("read balances: %w", err)
	}
	type side struct{ revenue, expense, pending, available, bonuses int64 }
	have := map[totalKey]side{}  // by publisher
	house := map[string]side{}   // by currency
	expect := map[string]total{} // by currency
	for _, b := range bs {
		k := totalKey{w, b.Account.Party, b.Account.Currency}
		s, h := have[k], house[b.Account.Currency]
		switch b.Account.Kind {
		case ledger.Revenue:
			h.revenue += b.Net()
		case ledger.CommissionExpense:
			h.expense += b.Net()
		case ledger.Adjustments:
			h.bonuses += b.Net()
		case ledger.PublisherPending:
			s.pending += b.Net()
		case ledger.PublisherAvailable:
			s.available += b.Net()
		}
		have[k], house[b.Account.Currency] = s, h
	}
	err = a.paidOut(ctx, w, func(publisher, currency string, amount int64) {
		k := totalKey{w, publisher, currency}
		s := have[k]
		s.available += amount
		have[k] = s
	})
	if err != nil {
		return err
	}
	err = a.bonuses(ctx, w, func(publisher, currency string, amount int64) {
		k := totalKey{w, publisher, currency}
		s, h := have[k], house[currency]
		s.available -= amount
		h.bonuses -= amount
		have[k], house[currency] = s, h
	})
	if err != nil {
		return err
	}
	for k, t := range want {
		s := have[k]
		if s.pending != t.Pending || s.available != t.Commission-t.Pending {
			f.wrong("publisher %q in %s: ledger has %d pending and %d available, in payment or paid, bonuses left out; the conversions say %d and %d", k.publisher, k.currency, s.pending, s.available, t.Pending, t.Commission-t.Pending)
		}
		delete(have, k)
		e := expect[k.currency]
		e.Revenue += t.Revenue
		e.Commission += t.Commission
		expect[k.currency] = e
	}
	for k, s := range have {
		if s.pending != 0 || s.available != 0 {
			f.wrong("publisher %q in %s has %d pending and %d available in the ledger without conversions", k.publisher, k.currency, s.pending, s.available)
		}
	}
	for c, h := range house {
		if h.revenue != expect[c].Revenue || h.expense != expect[c].Commission {
			f.wrong("%s: ledger has revenue %d and commission expense %d, the conversions say %d and %d", c, h.revenue, h.expense, expect[c].Revenue, expect[c].Commission)
		}
		if h.bonuses != 0 {
			f.wrong("%s: the ledger's adjustments differ by %d from the bonuses that were booked", c, h.bonuses)
		}
		delete(expect, c)
	}
	for c, e := range expect {
		if e.Revenue != 0 || e.Commission != 0 {
			f.wrong("%s: the conversions have revenue %d and commission %d, the ledger nothing", c, e.Revenue, e.Commission)
		}
	}
	sort.Strings(f.Wrong)
	return nil
}

func (a *App) compareFacts(ctx context.Context, w string, want map[totalKey]total, f *Finding) error {
	res, err := a.facts.Query(ctx, `SELECT publisher, currency, CAST(sum(conversions) AS BIGINT), CAST(sum(revenue) AS BIGINT), CAST(sum(commission) AS BIGINT)
		FROM facts WHERE workspace = ? AND kind <> ? GROUP BY publisher, currency`, w, event.FactVisit)
	if err != nil {
		return fmt.Errorf("add up the facts: %w", err)
	}
	have := map[totalKey]total{}
	for _, r := range res.Rows {
		publisher, ok := r[0].(string)
		if !ok {
			return fmt.Errorf("the facts' publisher is a %T", r[0])
		}
		currency, ok := r[1].(string)
		if !ok {
			return fmt.Errorf("the facts' currency is a %T", r[1])
		}
		var n [3]int64
		for i := range n {
			n[i], err = integer(r[i+2])
			if err != nil {
				return err
			}
		}
		have[totalKey{w, publisher, currency}] = total{Conversions: n[0], Revenue: n[1], Commission: n[2]}
	}
	for k, t := range want {
		h := have[k]
		if h.Conversions != t.Conversions || h.Revenue != t.Revenue || h.Commission != t.Commission {
			f.wrong("publisher %q in %s: the facts have %d conversions, revenue %d, commission %d; the books %d, %d, %d", k.publisher, k.currency,
				h.Conversions, h.Revenue, h.Commission, t.Conversions, t.Revenue, t.Commission)
		}
		delete(have, k)
	}
	for k, h := range have {
		if h != (total{}) {
			f.wrong("publisher %q in %s: the facts have %d conversions that the books do not have", k.publisher, k.currency, h.Conversions)
		}
	}
	sort.Strings(f.Wrong)
	return nil
}
