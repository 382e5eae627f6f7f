package books

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// ReplayQuery selects signals of one workspace to judge again.
type ReplayQuery struct {
	// Filter selects; its Workspace, Open, Before, After and Limit are set here. What is not
	// replayable ([inbox.Remedies]) is left as it is.
	Filter inbox.Query
	After  string // go on behind this signal, the Next of the call before; "" = the oldest
}

// Bounds of one call.
const (
	MaxReplay   = 200 // signals judged: a preview is one transaction
	ReplayLines = 100 // lines listed
)

var replayScan = 5000 // signals looked at; a variable for the tests

// ReplayLine is a signal that was judged again.
type ReplayLine struct {
	Before event.Verdict
	Row    *inbox.Row // as it is then
}

// ReplayCount is how many went from one verdict to another, or stayed.
type ReplayCount struct {
	Before, After event.Verdict
	Signals       int
}

// ReplayResult is a replay, previewed or done.
type ReplayResult struct {
	Checked int // judged again
	Changed int // came to another verdict
	Failed  int // could not be judged; they stay as they are
	Counts  []ReplayCount
	Lines   []ReplayLine // the first, oldest first
	Next    string       // "" = the filter is through; else call again with this as After
}

// errPreviewed undoes the transaction of a preview.
var errPreviewed = errors.New("books: a preview")

// ReplayAll judges the signals of a filter again, oldest first, as [Desk.Replay] does one:
// what made a conversion stays as it is, so that a second time changes nothing. Without apply
// it is judged the same way and undone; such a preview knows of what the signals of the same
// call do to each other, not of those of an earlier call.
func (d *Desk) ReplayAll(ctx context.Context, p account.Principal, workspace string, q ReplayQuery, apply bool) (*ReplayResult, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	ids, next, err := d.replayable(ctx, p, workspace, q)
	if err != nil {
		return nil, fmt.Errorf("list signals: %w", err)
	}
	res := &ReplayResult{Next: next}
	size := maxJudgments
	if !apply {
		size = MaxReplay
	}
	for chunk := range slices.Chunk(ids, size) {
		var lines []ReplayLine
		failed := 0
		err := d.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
			lines, failed = lines[:0], 0
			for _, id := range chunk {
				l, err := d.again(ctx, tx, p, workspace, id)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err != nil {
					d.Logger.Error("judging again failed", "signal", id, "error", err)
					failed++
					continue
				}
				lines = append(lines, l)
			}
			if !apply {
				return errPreviewed
			}
			return nil
		})
		if err != nil && !errors.Is(err, errPreviewed) {
			return nil, fmt.Errorf("replay signals: %w", err)
		}
		res.Failed += failed
		res.add(lines)
	}
	if apply && res.Checked > 0 {
		d.Changed()
	}
	return res, nil
}

// again judges one signal under a savepoint, read anew in the transaction.
func (d *Desk) again(ctx context.Context, tx Tx, p account.Principal, workspace, id string) (ReplayLine, error) {
	var l ReplayLine
	err := tx.Savepoint(ctx, func(ctx context.Context) (err error) {
		defer recovered(&err)
		old, err := tx.GetSignal(ctx, id)
		if err != nil {
			return err
		}
		if old.Workspace != workspace && !(old.Workspace == "" && p.Owner) {
			return catalog.ErrNotFound
		}
		l = ReplayLine{Before: old.Verdict, Row: old}
		if !old.Replayable() {
			return nil // judged meanwhile
		}
		l.Row, err = d.Judge.Again(ctx, tx, old)
		return err
	})
	return l, err
}

// replayable gives the next signals of the filter that can be judged again, and where to go
// on behind them.
func (d *Desk) replayable(ctx context.Context, p account.Principal, workspace string, q ReplayQuery) (ids []string, next string, err error) {
	f := q.Filter
	f.Workspace, f.Open, f.Before, f.Oldest, f.After, f.Limit = workspace, true, "", true, q.After, MaxReplay
	f.Unassigned = f.Unassigned && p.Owner
	for seen := 0; ; seen += f.Limit {
		page, err := d.Store.ListSignals(ctx, f)
		if err != nil {
			return nil, "", err
		}
		for _, r := range page {
			if len(ids) == MaxReplay {
				return ids, f.After, nil
			}
			if r.Replayable() {
				ids = append(ids, r.ID)
			}
			f.After = r.ID
		}
		if len(page) < f.Limit {
			return ids, "", nil
		}
		if seen+len(page) >= replayScan {
			return ids, f.After, nil
		}
	}
}

func (r *ReplayResult) add(lines []ReplayLine) {
	for _, l := range lines {
		r.Checked++
		if l.Row.Verdict != l.Before {
			r.Changed++
		}
		at := slices.IndexFunc(r.Counts, func(c ReplayCount) bool { return c.Before == l.Before && c.After == l.Row.Verdict })
		if at < 0 {
			at = len(r.Counts)
			r.Counts = append(r.Counts, ReplayCount{Before: l.Before, After: l.Row.Verdict})
		}
		r.Counts[at].Signals++
		if len(r.Lines) < ReplayLines {
			r.Lines = append(r.Lines, l)
		}
	}
	slices.SortFunc(r.Counts, func(a, b ReplayCount) int {
		return strings.Compare(string(a.Before)+" "+string(a.After), string(b.Before)+" "+string(b.After))
	})
}

// Merge adds the result of the call that went on behind this one.
func (r *ReplayResult) Merge(o *ReplayResult) {
	r.Checked, r.Changed, r.Failed, r.Next = r.Checked+o.Checked, r.Changed+o.Changed, r.Failed+o.Failed, o.Next
	for _, c := range o.Counts {
		at := slices.IndexFunc(r.Counts, func(x ReplayCount) bool { return x.Before == c.Before && x.After == c.After })
		if at < 0 {
			r.Counts = append(r.Counts, c)
			continue
		}
		r.Counts[at].Signals += c.Signals
	}
	r.Lines = append(r.Lines, o.Lines[:min(len(o.Lines), ReplayLines-min(len(r.Lines), ReplayLines))]...)
}
