package upload

import (
	"context"
	"fmt"

	"clickledger/internal/account"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// Desk judges conversions that people enter.
type Desk interface {
	// Enter judges them like postbacks, in order; dry keeps nothing. It fails with
	// catalog.ErrNotFound for a workspace the principal may not write.
	Enter(ctx context.Context, p account.Principal, workspace string, entries []conversion.Entry, dry bool) ([]*inbox.Row, error)
}

// Line is what became of one row.
type Line struct {
	Row
	Verdict    event.Verdict
	Detail     string // a sentence: why, or what it is worth and by which rules
	Field      string
	Conversion string // id, "" = none, and of a preview
	Signal     string // id in the inbox, "" for what never got there, and of a preview
}

// Took reports whether the verdict means that the conversion is in the books.
func (l *Line) Took() bool { return Took(l.Verdict) }

// Took reports whether a verdict means that the conversion is in the books, from now on
// or since before.
func Took(v event.Verdict) bool {
	return v == event.Accepted || v == event.Updated || v == event.Duplicate || v == event.EventRecorded
}

// Outcome is what became of a file.
type Outcome struct {
	Sheet  *Sheet
	Dry    bool // a preview: nothing was kept
	Lines  []Line
	Counts map[event.Verdict]int
}

// Judge has the rows of a sheet judged. Rows with a problem, and rows that repeat another
// one word for word, are not: they have their verdict already.
func Judge(ctx context.Context, desk Desk, p account.Principal, workspace string, s *Sheet, dry bool) (*Outcome, error) {
	out := &Outcome{Sheet: s, Dry: dry, Lines: make([]Line, len(s.Rows)), Counts: map[event.Verdict]int{}}
	var entries []conversion.Entry
	var at []int
	for i, r := range s.Rows {
		l := Line{Row: r}
		switch {
		case r.Problem != nil:
			l.Verdict, l.Field, l.Detail = r.Problem.Verdict, r.Problem.Field, r.Problem.Msg
		case r.Same > 0:
			l.Verdict, l.Detail = event.Duplicate, fmt.Sprintf("It says the same as line %d.", r.Same)
		default:
			entries, at = append(entries, r.Entry), append(at, i)
		}
		out.Lines[i] = l
	}
	// Also with nothing to judge: the desk knows who may.
	rows, err := desk.Enter(ctx, p, workspace, entries, dry)
	if err != nil {
		return nil, err
	}
	if len(rows) != len(entries) {
		return nil, fmt.Errorf("%d rows came back for %d entries", len(rows), len(entries))
	}
	for i, r := range rows {
		l := &out.Lines[at[i]]
		l.Verdict, l.Detail, l.Field = r.Verdict, r.Detail, r.Field
		if !dry {
			l.Conversion, l.Signal = r.Conversion, r.ID
		}
	}
	first := map[int]*Line{} // by line of the file
	for i := range out.Lines {
		l := &out.Lines[i]
		if of := first[l.Same]; l.Same > 0 && of != nil && !Took(of.Verdict) {
			// It is refused for the same reason, and waits for the same.
			l.Verdict, l.Field = of.Verdict, of.Field
		}
		first[l.Line] = l
		out.Counts[out.Lines[i].Verdict]++
	}
	return out, nil
}
