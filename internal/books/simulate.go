package books

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// drafted is the judge with a commission rule that is not saved in its catalog, nil = as it
// is. A draft counts as active.
func (d *Desk) drafted(view *catalog.View, draft *catalog.CommissionRule) *conversion.Judge {
	judge := *d.Judge
	if draft != nil {
		rule := *draft
		rule.Status, rule.Archived = catalog.StatusActive, false
		view = view.With([]catalog.Entity{&rule}, view.Revision)
	}
	judge.View = func() *catalog.View { return view }
	return &judge
}

// Simulate says what an order would pay, to whom and why, by the catalog as it is or with
// a draft of a commission rule in it. It fails with catalog.ErrNotFound for a workspace
// that the principal may not read, and with a [*dialect.Refusal] for an order that would
// be refused.
func (d *Desk) Simulate(ctx context.Context, p account.Principal, workspace string, draft *catalog.CommissionRule, o conversion.Simulated) (*conversion.Quote, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	judge := d.drafted(d.Judge.View(), draft)
	var q *conversion.Quote
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		q, err = judge.Simulate(ctx, tx, workspace, o)
		return err
	})
	return q, err
}

// CompareQuery selects the conversions that a draft is compared on.
type CompareQuery struct {
	Offer  string // "" = of every offer
	From   int64  // µs of event time
	To     int64  // µs, exclusive
	Before string // go on behind this conversion, the Next of the call before; "" = the newest
}

// Compared is one conversion that a draft would pay otherwise.
type Compared struct {
	Conversion    *conversion.Conversion
	Before, After *conversion.Quote
}

// CompareTotal is what a draft makes of the conversions of one currency.
type CompareTotal struct {
	Currency      string
	Conversions   int // all that were compared
	Before, After int64
	Changed       int
}

// Comparison is what a draft would have made of past conversions.
type Comparison struct {
	Checked int
	Skipped int // could not be priced, as things are or with the draft
	Totals  []CompareTotal
	Lines   []Compared // those that differ, newest first, at most [MaxCompared]
	More    int        // that differ as well and are not among Lines
	Next    string     // "" = the query is through; else call again with this as Before
}

// LastMonth is the calendar month before an instant, in a time zone; µs, to exclusive.
func LastMonth(now time.Time, zone string) (from, to int64) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC // the catalog checked the name
	}
	y, m, _ := now.In(loc).Date()
	return time.Date(y, m-1, 1, 0, 0, 0, 0, loc).UnixMicro(), time.Date(y, m, 1, 0, 0, 0, 0, loc).UnixMicro()
}

// Bounds of one comparison.
const (
	MaxCompared   = 200
	maxComparable = 5000
)

// Compare prices past conversions by the catalog as it is now, and again with a draft of a
// commission rule in it, as if it had been in force at all times. Refused conversions are
// left out, refunds are not looked at, and nothing is written.
func (d *Desk) Compare(ctx context.Context, p account.Principal, workspace string, draft *catalog.CommissionRule, q CompareQuery) (*Comparison, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	always := *draft
	always.If.From, always.If.Until = 0, 0
	view := d.Judge.View()
	now, then := d.drafted(view, nil), d.drafted(view, &always)
	res := &Comparison{}
	totals := map[string]*CompareTotal{}
	for before := q.Before; ; {
		page, err := d.Store.ListConversions(ctx, conversion.Query{Workspace: workspace, Offer: q.Offer, Before: before, Limit: maxJudgments})
		if err != nil {
			return nil, fmt.Errorf("list conversions: %w", err)
		}
		if len(page) == 0 {
			break
		}
		var found []Compared
		var skipped int
		err = d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
			found, skipped = nil, 0
			for _, c := range page {
				if c.At < q.From || c.At >= q.To || c.Publisher == "" || c.Status == conversion.Rejected || c.Status == conversion.Reversed {
					continue
				}
				was, why, err := now.Priced(ctx, tx, c)
				if err != nil {
					return err
				}
				is, whyThen, err := then.Priced(ctx, tx, c)
				if err != nil {
					return err
				}
				if why != "" || whyThen != "" {
					skipped++
					continue
				}
				found = append(found, Compared{c, was, is})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("compare: %w", err)
		}
		res.add(totals, found)
		res.Skipped += skipped
		last := page[len(page)-1]
		before = last.ID
		if last.Recorded < q.From-recordedAhead {
			break // the rest is older
		}
		if res.Checked+res.Skipped >= maxComparable {
			res.Next = last.ID
			break
		}
	}
	for _, t := range totals {
		res.Totals = append(res.Totals, *t)
	}
	slices.SortFunc(res.Totals, func(a, b CompareTotal) int { return cmp.Compare(a.Currency, b.Currency) })
	return res, nil
}

func (r *Comparison) add(totals map[string]*CompareTotal, found []Compared) {
	for _, f := range found {
		r.Checked++
		t := totals[f.Before.Currency]
		if t == nil {
			t = &CompareTotal{Currency: f.Before.Currency}
			totals[f.Before.Currency] = t
		}
		t.Conversions++
		t.Before += f.Before.Commission
		t.After += f.After.Commission
		if f.Before.Commission == f.After.Commission {
			continue
		}
		t.Changed++
		if len(r.Lines) < MaxCompared {
			r.Lines = append(r.Lines, f)
		} else {
			r.More++
		}
	}
}
