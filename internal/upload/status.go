package upload

import (
	"context"
	"fmt"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// StatusRow is one decision of a file about a conversion that is recorded.
type StatusRow struct {
	Line       int
	Conversion string // id; else the click id or the order number, each with the goal's key
	ClickID    string
	TxID       string
	Goal       string
	Offer      string
	Step       books.Step // without its conversion
	Problem    *Problem   // nil = it can be tried
}

// StatusSheet is a file of decisions that was read.
type StatusSheet struct {
	Columns []string // the field of each column, "" = not read
	Ignored []string // names of columns that are not read
	Rows    []StatusRow
}

// CodeNoStatus says that a file names no column of states.
const CodeNoStatus = "no_status"

// statusFields are the columns of a file of decisions.
var statusFields = []struct {
	name    string
	aliases []string
	of      func(*StatusRow) *string
}{
	{"click_id", []string{"clickid", "cid", "subid", "click"}, func(r *StatusRow) *string { return &r.ClickID }},
	{"txid", []string{"transactionid", "transaction", "order", "orderid", "ordernumber", "orderno"}, func(r *StatusRow) *string { return &r.TxID }},
	{"conversion", []string{"conversionid", "id"}, func(r *StatusRow) *string { return &r.Conversion }},
	{"goal", []string{"conversiontype", "eventtype", "et"}, func(r *StatusRow) *string { return &r.Goal }},
	{"offer", []string{"offerid"}, func(r *StatusRow) *string { return &r.Offer }},
	{"status", []string{"state", "decision"}, func(r *StatusRow) *string { return &r.Step.Do }},
	{"reason", []string{"comment", "note"}, func(r *StatusRow) *string { return &r.Step.Reason }},
	{"amount", []string{"sale", "saleamount", "orderamount", "ordervalue"}, func(r *StatusRow) *string { return &r.Step.Amount }},
	{"currency", []string{"currencycode"}, func(r *StatusRow) *string { return &r.Step.Currency }},
	{"refund_id", []string{"refundid", "refund"}, func(r *StatusRow) *string { return &r.Step.RefundID }},
}

// StatusColumns are the names of the columns, for help texts: name and other spellings.
func StatusColumns() [][]string {
	out := make([][]string, len(statusFields))
	for i, f := range statusFields {
		out[i] = append([]string{f.name}, f.aliases...)
	}
	return out
}

// StatusExample is a file to begin from.
func StatusExample() []byte {
	return []byte("txid,goal,status,reason,amount,refund_id\r\n" +
		"A-1001,sale,approved,,,\r\n" +
		"A-1002,sale,rejected,cancelled by the customer,,\r\n" +
		"A-1003,sale,refunded,one of two returned,20.00,R-17\r\n")
}

// folded is a column's name as it is compared: lower case, letters and digits only.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// statusField finds the field a column's name means, -1 for none.
func statusField(name string) int {
	key := folded(name)
	for i, f := range statusFields {
		if key == folded(f.name) {
			return i
		}
		for _, a := range f.aliases {
			if key == a {
				return i
			}
		}
	}
	return -1
}

// ReadStatuses reads a file of decisions; its first line names the columns. The error is a
// [*FileError].
func ReadStatuses(data []byte) (*StatusSheet, error) {
	s := &StatusSheet{}
	var columns []int
	_, err := split(data, func(line int, cells []string) error {
		if columns == nil {
			var err error
			columns, err = s.header(line, cells)
			return err
		}
		if len(s.Rows) == books.MaxSteps {
			return &FileError{CodeTooMany, line, fmt.Sprintf("The file has more than %d rows; split it.", books.MaxSteps)}
		}
		s.Rows = append(s.Rows, statusRow(line, cells, columns))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(s.Rows) == 0 {
		return nil, &FileError{CodeEmpty, 0, "The file has no rows."}
	}
	return s, nil
}

// Statuses makes a sheet of decisions that came one by one and not as a file; the first is
// line 1. It fails with [*FileError] for none and for more than [books.MaxSteps].
func Statuses(rows []StatusRow) (*StatusSheet, error) {
	switch {
	case len(rows) == 0:
		return nil, &FileError{CodeEmpty, 0, "There are no decisions in it."}
	case len(rows) > books.MaxSteps:
		return nil, &FileError{CodeTooMany, 0, fmt.Sprintf("There are more than %d decisions in it; split it.", books.MaxSteps)}
	}
	s := &StatusSheet{}
	columns := make([]int, len(statusFields))
	for i, f := range statusFields {
		s.Columns, columns[i] = append(s.Columns, f.name), i
	}
	for i := range rows {
		cells := make([]string, len(statusFields))
		for j, f := range statusFields {
			cells[j] = *f.of(&rows[i])
		}
		s.Rows = append(s.Rows, statusRow(i+1, cells, columns))
	}
	return s, nil
}

func (s *StatusSheet) header(line int, cells []string) ([]int, error) {
	columns, at := make([]int, len(cells)), map[int]int{}
	s.Columns = make([]string, len(cells))
	for i, c := range cells {
		columns[i] = statusField(c)
		if columns[i] < 0 {
			if strings.TrimSpace(c) != "" {
				s.Ignored = append(s.Ignored, bounded(c))
			}
			continue
		}
		if first, twice := at[columns[i]]; twice {
			return nil, &FileError{CodeTwice, line, fmt.Sprintf("The columns %d and %d, %q and %q, mean the same; keep one of them.", first+1, i+1, bounded(cells[first]), bounded(c))}
		}
		at[columns[i]], s.Columns[i] = i, statusFields[columns[i]].name
	}
	has := func(name string) bool { _, ok := at[statusField(name)]; return ok }
	switch {
	case !has("status"):
		return nil, &FileError{CodeNoStatus, line, "The first line must name the columns, and one of them must be status."}
	case !has("click_id") && !has("txid") && !has("conversion"):
		return nil, &FileError{CodeNoClickID, line, "No column says which conversion is meant: name one click_id, txid or conversion."}
	}
	return columns, nil
}

// statusRow reads the cells of one row; the first thing wrong with them is its problem.
func statusRow(line int, cells []string, columns []int) StatusRow {
	r := StatusRow{Line: line}
	for i, raw := range cells {
		c := strings.TrimSpace(raw)
		if i >= len(columns) {
			if c != "" && r.Problem == nil {
				r.Problem = &Problem{"", event.MalformedBody, fmt.Sprintf("The row has %d cells and the file %d columns. An unquoted comma in a text splits it into two cells.", len(cells), len(columns))}
			}
			continue
		}
		if columns[i] < 0 || c == "" {
			continue
		}
		f := statusFields[columns[i]]
		if len(c) > MaxCell {
			c = strings.ToValidUTF8(c[:MaxCell], "")
			if r.Problem == nil {
				r.Problem = &Problem{f.name, event.InvalidValue, fmt.Sprintf("The cell is longer than %d bytes.", MaxCell)}
			}
		}
		p := cell(f.name, c)
		if p != nil && r.Problem == nil {
			r.Problem = p
		}
		*f.of(&r) = c
	}
	r.Step.Do = strings.ToLower(r.Step.Do)
	refusal := r.Step.Do == string(conversion.Rejected) || r.Step.Do == string(conversion.Reversed)
	switch {
	case r.Problem != nil:
	case r.Step.Do == "":
		r.Problem = &Problem{"status", event.UnknownStatus, "It has no status."}
	case r.ClickID == "" && r.TxID == "" && r.Conversion == "":
		r.Problem = &Problem{"click_id", event.MissingClick, "It has no click id, order number or conversion id."}
	case refusal && r.Step.Reason == "":
		r.Problem = &Problem{"reason", event.InvalidValue, "Say why: the publisher will ask."}
	case len([]rune(r.Step.Reason)) > 500:
		r.Problem = &Problem{"reason", event.InvalidValue, "The reason is longer than 500 characters."}
	}
	return r
}

// StatusDesk decides about conversions together.
type StatusDesk interface {
	DecideAll(ctx context.Context, p account.Principal, workspace string, steps []books.Step, dry bool) ([]books.StepResult, bool, error)
}

// StatusLine is what became of one row, or would.
type StatusLine struct {
	StatusRow
	books.StepResult
}

// StatusOutcome is what became of a file of decisions: all of it, or nothing.
type StatusOutcome struct {
	Sheet   *StatusSheet
	Done    bool
	Lines   []StatusLine
	Changed int // rows that changed something, or would
	Same    int // rows that say what is so already
	Wrong   int // rows that cannot be done: one of them is enough to do nothing
}

// Decide has the rows of a sheet decided, all or none. It fails with catalog.ErrNotFound for
// a workspace the principal may not write.
func Decide(ctx context.Context, reader conversion.Reader, desk StatusDesk, p account.Principal, workspace string, s *StatusSheet, dry bool) (*StatusOutcome, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	out := &StatusOutcome{Sheet: s, Lines: make([]StatusLine, len(s.Rows))}
	var steps []books.Step
	var at []int
	for i, r := range s.Rows {
		l := &out.Lines[i]
		l.StatusRow = r
		if r.Problem == nil {
			var err error
			r.Step.Conversion, l.Problem, err = find(ctx, reader, workspace, &r)
			if err != nil {
				return nil, fmt.Errorf("find the conversion of line %d: %w", r.Line, err)
			}
		}
		if l.Problem != nil {
			l.Code, l.Field, l.Detail = string(l.Problem.Verdict), l.Problem.Field, l.Problem.Msg
			out.Wrong++
			continue
		}
		steps, at = append(steps, r.Step), append(at, i)
	}
	results, done, err := desk.DecideAll(ctx, p, workspace, steps, dry || out.Wrong > 0)
	if err != nil {
		return nil, err
	}
	out.Done = done
	for i, r := range results {
		l := &out.Lines[at[i]]
		l.StepResult = r
		switch {
		case r.Code != "":
			out.Wrong++
		case r.Changed:
			out.Changed++
			l.Detail = "It is " + string(r.Conversion.Status) + " then."
			if r.Conversion.Hold == conversion.HoldStaff {
				l.Detail = "It is held then, and stays " + string(r.Conversion.Status) + "."
			}
		default:
			out.Same++
			l.Detail = "So it is already."
		}
	}
	return out, nil
}

// find looks up the conversion that a row means: the one of its id, or the only one of its
// click or order number, goal and offer.
func find(ctx context.Context, reader conversion.Reader, workspace string, r *StatusRow) (string, *Problem, error) {
	if r.Conversion != "" {
		return r.Conversion, nil, nil // whether there is one is asked when it is decided
	}
	rows, err := reader.ListConversions(ctx, conversion.Query{Workspace: workspace, Click: strings.ToLower(r.ClickID), Order: r.TxID, Offer: r.Offer, Limit: 50})
	if err != nil {
		return "", nil, err
	}
	var found []*conversion.Conversion
	for _, c := range rows {
		if !c.GaveWay() && !c.Test && (r.Goal == "" || c.GoalKey == r.Goal) {
			found = append(found, c)
		}
	}
	field := "txid"
	if r.ClickID != "" {
		field = "click_id"
	}
	switch len(found) {
	case 0:
		return "", &Problem{field, event.UnknownConversion, "No conversion is recorded for it."}, nil
	case 1:
		return found[0].ID, nil, nil
	}
	return "", &Problem{field, event.Conflict, fmt.Sprintf("It means %d conversions: name the goal, the offer, the click id and the order number, or the conversion's id.", len(found))}, nil
}
