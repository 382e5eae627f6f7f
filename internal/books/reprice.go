package books

import (
	"context"
	"fmt"
	"slices"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// RepriceQuery selects conversions of one offer.
type RepriceQuery struct {
	Offer  string
	From   int64    // µs of event time; 0 = from the first
	To     int64    // µs, exclusive; 0 = to the last
	Warned bool     // only those that were recorded with a warning
	IDs    []string // only these, when not empty
}

// RepriceLine is what the present terms make of one conversion.
type RepriceLine struct {
	Conversion *conversion.Conversion // as it was
	Revenue    int64                  // minor units, by the present terms
	Commission int64
	PayoutRule string
	CommRule   string
	Skipped    string // why it stays as it was, in a sentence; "" = it changes or is the same already
}

// MaxReprice is how many conversions one call reprices.
const MaxReprice = 10_000

// RepriceResult is a repricing, previewed or done.
type RepriceResult struct {
	Lines   []RepriceLine // of those that change or were skipped, oldest first
	Checked int
	Changed int
	More    bool // the query selects more than [MaxReprice]; call again with From
}

// Reprice computes conversions anew by the present terms, at the exchange rates of their
// own days. With apply the differences are posted as adjustments, otherwise it is a preview.
// Locked, paid and refused conversions are skipped. It fails with catalog.ErrNotFound for an
// offer the principal may not write.
func (d *Desk) Reprice(ctx context.Context, p account.Principal, workspace string, q RepriceQuery, apply bool, reason string) (*RepriceResult, error) {
	offer := d.Judge.View().Offer(q.Offer)
	if !p.May(workspace, true) || offer == nil || offer.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	res := &RepriceResult{}
	before := ""
	for {
		page, err := d.Store.ListConversions(ctx, conversion.Query{Workspace: workspace, Offer: q.Offer, Before: before, Limit: maxJudgments})
		if err != nil {
			return nil, fmt.Errorf("list conversions: %w", err)
		}
		if len(page) == 0 {
			break
		}
		last := page[len(page)-1]
		before = last.ID
		page = slices.DeleteFunc(page, func(c *conversion.Conversion) bool { return !q.selects(c) })
		if res.Checked+len(page) > MaxReprice {
			res.More = true
			break
		}
		err = d.repricePage(ctx, p, page, apply, reason, res)
		if err != nil {
			return nil, fmt.Errorf("reprice: %w", err)
		}
		if last.Recorded < q.From {
			break // nothing is recorded before it happened: the rest is older
		}
	}
	slices.Reverse(res.Lines)
	if apply && res.Changed > 0 {
		d.Changed()
	}
	return res, nil
}

func (q *RepriceQuery) selects(c *conversion.Conversion) bool {
	return c.At >= q.From && (q.To == 0 || c.At < q.To) && (!q.Warned || c.Warning != "") &&
		(len(q.IDs) == 0 || slices.Contains(q.IDs, c.ID))
}

// repricePage reprices some conversions in one transaction, each read again in it.
func (d *Desk) repricePage(ctx context.Context, p account.Principal, page []*conversion.Conversion, apply bool, reason string, res *RepriceResult) error {
	var lines []RepriceLine
	changed := 0
	err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		lines, changed = nil, 0
		for _, c := range page {
			c, err := tx.GetConversion(ctx, c.Workspace, c.ID)
			if err != nil {
				return err
			}
			was := *c
			r, err := d.Judge.Reprice(ctx, tx, c, p.ID, reason, apply)
			if err != nil {
				return err
			}
			switch {
			case r.Skipped != "":
				lines = append(lines, RepriceLine{Conversion: &was, Revenue: was.Revenue, Commission: was.Commission, PayoutRule: was.PayoutRule, CommRule: was.CommRule, Skipped: r.Skipped})
			case r.After != nil:
				changed++
				lines = append(lines, RepriceLine{Conversion: &was, Revenue: r.After.Revenue, Commission: r.After.Commission, PayoutRule: r.After.PayoutRule, CommRule: r.After.CommRule})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	res.Lines, res.Checked, res.Changed = append(res.Lines, lines...), res.Checked+len(page), res.Changed+changed
	return nil
}
