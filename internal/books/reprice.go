package books

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/money"
)

// RepriceQuery selects conversions of one offer.
type RepriceQuery struct {
	Offer  string
	From   int64    // µs of event time; 0 = from the first
	To     int64    // µs, exclusive; 0 = to the last
	Warned bool     // only those that were recorded with a warning
	IDs    []string // only these, when not empty
	Expect string   // with apply: the fingerprint of the preview that is confirmed, "" = none was made
	Before string   // go on behind this conversion, the Next of the call before; "" = the newest
}

// RepriceLine is what the present terms make of one conversion.
type RepriceLine struct {
	Conversion *conversion.Conversion // as it was
	Revenue    int64                  // minor units, by the present terms
	Commission int64
	PayoutRule string
	CommRule   string
	Report     conversion.FX // rate to the reporting currency
	Skipped    string        // why it stays as it was, in a sentence; "" = it changes or is the same already
}

// MaxReprice is how many conversions one call reprices.
const MaxReprice = 10_000

var maxReprice = MaxReprice // a variable for the tests

// RepriceResult is a repricing, previewed or done.
type RepriceResult struct {
	Lines   []RepriceLine // of those that change or were skipped, oldest first
	Checked int
	Changed int
	seen    string // the last one looked at
	Next    string // "" = the query is through; else it selects more than [MaxReprice]: call again with this as Before
}

// Reprice computes conversions anew by the present terms, at the exchange rates of their
// own days. With apply the differences are posted as adjustments, otherwise it is a preview.
// Locked, paid and refused conversions are skipped. It fails with catalog.ErrNotFound for an
// offer the principal may not write, and with [ErrPreview] when it would do something else
// than the preview that it is expected to be.
func (d *Desk) Reprice(ctx context.Context, p account.Principal, workspace string, q RepriceQuery, apply bool, reason string) (*RepriceResult, error) {
	offer := d.Judge.View().Offer(q.Offer)
	if !p.May(workspace, true) || offer == nil || offer.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// One catalog and one table of rates throughout: what is posted is what was looked at.
	view, rates := d.Judge.View(), ratesOf(d.Judge)
	judge := *d.Judge
	judge.View, judge.Rates = func() *catalog.View { return view }, func() *money.Rates { return rates }
	if apply && q.Expect != "" {
		preview, err := d.reprice(ctx, &judge, p, workspace, q, false, "")
		if err != nil {
			return nil, err
		}
		if preview.Fingerprint() != q.Expect {
			return nil, ErrPreview
		}
	}
	res, err := d.reprice(ctx, &judge, p, workspace, q, apply, reason)
	if err != nil {
		return nil, err
	}
	if apply && res.Changed > 0 {
		d.Changed()
	}
	return res, nil
}

// ratesOf is the table of rates the judge has now.
func ratesOf(j *conversion.Judge) *money.Rates {
	if j.Rates == nil {
		return nil
	}
	return j.Rates()
}

// ErrPreview says that a repricing would do something else than its preview.
var ErrPreview = errors.New("books: the repricing is not the one that was previewed")

// reprice goes through the pages of the query.
func (d *Desk) reprice(ctx context.Context, judge *conversion.Judge, p account.Principal, workspace string, q RepriceQuery, apply bool, reason string) (*RepriceResult, error) {
	res := &RepriceResult{seen: q.Before}
	pages := d.pages(workspace, q)
	for res.Next == "" {
		ids, err := pages(ctx)
		if err != nil {
			return nil, fmt.Errorf("list conversions: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		err = d.repricePage(ctx, judge, p, workspace, ids, q, apply, reason, res)
		if err != nil {
			return nil, fmt.Errorf("reprice: %w", err)
		}
	}
	slices.SortStableFunc(res.Lines, func(a, b RepriceLine) int { return strings.Compare(a.Conversion.ID, b.Conversion.ID) })
	return res, nil
}

// pages gives the ids of what the query may select, some at a time, none at the end.
func (d *Desk) pages(workspace string, q RepriceQuery) func(ctx context.Context) ([]string, error) {
	if len(q.IDs) > 0 {
		rest := slices.Compact(slices.Sorted(slices.Values(q.IDs))) // each once
		return func(context.Context) ([]string, error) {
			ids := rest[:min(maxJudgments, len(rest))]
			rest = rest[len(ids):]
			return ids, nil
		}
	}
	before, done := q.Before, false
	return func(ctx context.Context) ([]string, error) {
		if done {
			return nil, nil
		}
		page, err := d.Store.ListConversions(ctx, conversion.Query{Workspace: workspace, Offer: q.Offer, Before: before, Limit: maxJudgments})
		if err != nil || len(page) == 0 {
			return nil, err
		}
		last := page[len(page)-1]
		before, done = last.ID, last.Recorded < q.From-recordedAhead // the rest is older
		ids := make([]string, len(page))
		for i, c := range page {
			ids[i] = c.ID
		}
		return ids, nil
	}
}

// recordedAhead is how long before its event time a conversion may be recorded, in µs: a
// sender's clock may be ahead of ours by five minutes.
const recordedAhead = 10 * 60 * 1e6

func (q *RepriceQuery) selects(c *conversion.Conversion) bool {
	return c.Offer == q.Offer && c.At >= q.From && (q.To == 0 || c.At < q.To) && (!q.Warned || c.Warning != "")
}

// repricePage reprices some conversions in one transaction, each read again in it.
func (d *Desk) repricePage(ctx context.Context, judge *conversion.Judge, p account.Principal, workspace string, ids []string, q RepriceQuery, apply bool, reason string, res *RepriceResult) error {
	var lines []RepriceLine
	checked, changed, next := 0, 0, ""
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		lines, checked, changed, next = nil, 0, 0, ""
		for i, id := range ids {
			c, err := tx.GetConversion(ctx, workspace, id)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				return err
			}
			if err != nil || !q.selects(c) {
				continue
			}
			if res.Checked+checked == maxReprice {
				next = res.seen
				if i > 0 {
					next = ids[i-1]
				}
				break
			}
			checked++
			was := *c
			r, err := judge.Reprice(ctx, tx, c, p.ID, reason, apply)
			if err != nil {
				return err
			}
			switch {
			case r.Skipped != "":
				lines = append(lines, RepriceLine{Conversion: &was, Revenue: was.Revenue, Commission: was.Commission, PayoutRule: was.PayoutRule, CommRule: was.CommRule, Skipped: r.Skipped})
			case r.After != nil:
				changed++
				lines = append(lines, RepriceLine{Conversion: &was, Revenue: r.After.Revenue, Commission: r.After.Commission, PayoutRule: r.After.PayoutRule, CommRule: r.After.CommRule, Report: r.After.Report})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	res.Lines, res.Checked, res.Changed, res.Next = append(res.Lines, lines...), res.Checked+checked, res.Changed+changed, next
	res.seen = ids[len(ids)-1]
	return nil
}
