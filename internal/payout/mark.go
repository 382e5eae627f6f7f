package payout

import (
	"context"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
)

// Mark says what became of lines.
type Mark struct {
	Lines     []string // empty = all that are open, for paid ones
	To        State    // Paid or Failed
	Reference string   // of the bank
	Reason    string   // why it failed
}

// settling is what an end of a line does: its posting and its conversions.
var settling = map[State]struct {
	kind     string
	entries  func(l *Line) []ledger.Entry
	settle   func(d Desk) func(ctx context.Context, tx books.Tx, workspace string, ids []string, actor, reason string) error
	takenYet bool
}{
	Paid: {"payment", (*Line).payment, func(d Desk) func(context.Context, books.Tx, string, []string, string, string) error {
		return func(ctx context.Context, tx books.Tx, ws string, ids []string, actor, reason string) error {
			_, err := d.Pay(ctx, tx, ws, ids, actor, reason)
			return err
		}
	}, true},
	Failed: {"payment_failed", (*Line).giveBack, func(d Desk) func(context.Context, books.Tx, string, []string, string, string) error {
		return func(ctx context.Context, tx books.Tx, ws string, ids []string, actor, reason string) error {
			_, err := d.Release(ctx, tx, ws, ids, actor, reason)
			return err
		}
	}, false},
}

// Settle marks lines of an approved run as paid or failed. Each line is a transaction of its
// own, so what was marked before an error stays; the same again changes nothing. A line that
// ended otherwise is refused ([CodeSettled]) before anything is marked.
func (s *Service) Settle(ctx context.Context, p account.Principal, workspace, id string, m Mark) (*Run, error) {
	run, err := s.checkMark(ctx, p, workspace, id, &m)
	if err != nil {
		return nil, err
	}
	for _, line := range m.Lines {
		err := s.settle(ctx, func(ctx context.Context, tx books.Tx, t Tx) error { return s.settleLine(ctx, tx, t, p, run, line, m) })
		if err != nil {
			return nil, err
		}
	}
	return s.Store.Run(ctx, workspace, id)
}

func (s *Service) checkMark(ctx context.Context, p account.Principal, workspace, id string, m *Mark) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	run, err := s.Store.Run(ctx, workspace, id)
	if err != nil {
		return nil, err
	}
	m.Reason, m.Reference = strings.TrimSpace(m.Reason), strings.TrimSpace(m.Reference)
	bad := &catalog.Invalid{}
	switch {
	case m.To != Paid && m.To != Failed:
		bad.Add("state", "not_one_of", string(m.To), "Must be paid or failed.")
	case m.To == Failed && m.Reason == "":
		bad.Add("reason", "required", "", "Say why the payment failed: the publisher can read it.")
	case m.To == Paid && m.Reason != "":
		bad.Add("reason", "not_allowed", m.Reason, "Only what failed has a reason.")
	case m.To == Failed && len(m.Lines) == 0:
		bad.Add("lines", "required", "", "Name the lines that failed.")
	}
	checkText(bad, "reason", m.Reason)
	checkText(bad, "reference", m.Reference)
	lines, err := s.Store.Lines(ctx, workspace, id)
	if err != nil {
		return nil, err
	}
	for _, want := range m.Lines {
		if !slices.ContainsFunc(lines, func(l *Line) bool { return l.ID == want }) {
			bad.Add("lines", "unknown_reference", want, "The run has no such line.")
		}
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if run.State != Approved && run.State != Done {
		return nil, refuse(CodeState, "The run is %s: only lines of an approved run are paid.", run.State)
	}
	all := len(m.Lines) == 0
	for _, l := range lines {
		switch {
		case all && l.State == Approved:
			m.Lines = append(m.Lines, l.ID)
		case slices.Contains(m.Lines, l.ID) && l.State != Approved && l.State != m.To:
			return nil, settledAlready(l)
		}
	}
	if len(m.Lines) == 0 {
		return nil, refuse(CodeNoLines, "No line of the run is open any more.")
	}
	return run, nil
}

func settledAlready(l *Line) error {
	return refuse(CodeSettled, "The line of publisher %s is %s already, and stays so; nothing was marked.", l.Publisher, l.State)
}

// settleLine marks one line.
func (s *Service) settleLine(ctx context.Context, tx books.Tx, t Tx, p account.Principal, run *Run, id string, m Mark) error {
	l, err := t.Line(ctx, run.Workspace, id)
	if err != nil || l.State == m.To {
		return err
	}
	if l.State != Approved {
		return settledAlready(l)
	}
	l.Items, err = t.Items(ctx, run.Workspace, id)
	if err != nil {
		return err
	}
	end := settling[m.To]
	why := "payout run " + run.ID
	if m.Reason != "" {
		why += " failed: " + m.Reason
	}
	err = end.settle(s.Desk)(ctx, tx, run.Workspace, l.conversions(), p.ID, why)
	if err != nil {
		return err
	}
	now := s.Now().UnixMicro()
	l.State, l.Reason, l.Reference, l.Settled, l.SettledBy = m.To, m.Reason, m.Reference, now, p.ID
	err = t.PutLine(ctx, l, end.takenYet)
	if err != nil {
		return err
	}
	err = s.post(ctx, tx, l, end.kind, end.entries(l), now)
	if err != nil {
		return err
	}
	err = t.Audit(ctx, s.audit(p.ID, run.Workspace, string(m.To), "payout_line", l.ID, m.Reason, nil, totals([]*Line{l})))
	if err != nil {
		return err
	}
	return s.end(ctx, t, run)
}

// end makes the run done when none of its lines is open.
func (s *Service) end(ctx context.Context, t Tx, of *Run) error {
	lines, err := t.Lines(ctx, of.Workspace, of.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(lines, func(l *Line) bool { return l.State == Approved }) {
		return nil
	}
	run, err := t.Run(ctx, of.Workspace, of.ID)
	if err != nil {
		return err
	}
	run.State, run.Ended = Done, s.Now().UnixMicro()
	return t.PutRun(ctx, run)
}
