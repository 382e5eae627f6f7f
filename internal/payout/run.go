package payout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
)

// Order asks for a run.
type Order struct {
	Publishers []string // only these, empty = all
	Currencies []string // only these, empty = all
	Note       string
}

// maxSelected bounds how many publishers or currencies a run names.
const maxSelected = 1000

// Make makes a draft: a preview of who gets what. Nothing is taken up yet.
func (s *Service) Make(ctx context.Context, p account.Principal, workspace string, o Order) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	bad := &catalog.Invalid{}
	o.Note = strings.TrimSpace(o.Note)
	checkText(bad, "note", o.Note)
	if len(o.Publishers) > maxSelected {
		bad.Add("publishers", "too_many", "", fmt.Sprintf("There may be at most %d.", maxSelected))
	}
	for _, id := range o.Publishers {
		if x := s.Publisher(id); x == nil || x.Workspace != workspace {
			bad.Add("publishers", "unknown_reference", id, "There is no such publisher.")
		}
	}
	for i, c := range o.Currencies {
		parsed, err := money.ParseCurrency(c)
		if err != nil {
			bad.Add("currencies", "unknown_currency", c, "Must be ISO 4217 codes such as EUR.")
			continue
		}
		o.Currencies[i] = string(parsed)
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	now := s.Now().UnixMicro()
	id := s.newID("por_")
	var run *Run
	err := s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		run = &Run{ID: id, Workspace: workspace, State: Draft, Note: o.Note, Publishers: o.Publishers, Currencies: o.Currencies, Cutoff: now, Made: now, MadeBy: p.ID}
		lines, err := s.draw(ctx, t, run, now)
		if err != nil {
			return err
		}
		err = t.PutRun(ctx, run)
		if err != nil {
			return err
		}
		return s.write(ctx, t, p, run, lines, "create")
	})
	return run, err
}

// Refresh draws a draft anew, as of now.
func (s *Service) Refresh(ctx context.Context, p account.Principal, workspace, id string) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	var run *Run
	err := s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		var err error
		run, err = s.draft(ctx, t, workspace, id, -1)
		if err != nil {
			return err
		}
		now := s.Now().UnixMicro()
		run.Cutoff = now
		lines, err := s.draw(ctx, t, run, now)
		if err != nil {
			return err
		}
		err = t.DropLines(ctx, workspace, id)
		if err != nil {
			return err
		}
		err = t.PutRun(ctx, run)
		if err != nil {
			return err
		}
		return s.write(ctx, t, p, run, lines, "refresh")
	})
	return run, err
}

// Discard ends a draft.
func (s *Service) Discard(ctx context.Context, p account.Principal, workspace, id string) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	var run *Run
	err := s.settle(ctx, func(ctx context.Context, _ books.Tx, t Tx) error {
		var err error
		run, err = t.Run(ctx, workspace, id)
		if err != nil || run.State == Discarded {
			return err
		}
		run, err = s.draft(ctx, t, workspace, id, -1)
		if err != nil {
			return err
		}
		lines, err := t.Lines(ctx, workspace, id)
		if err != nil {
			return err
		}
		run.State, run.Ended = Discarded, s.Now().UnixMicro()
		for _, l := range lines {
			l.State = Discarded
			err := t.PutLine(ctx, l, false)
			if err != nil {
				return err
			}
		}
		err = t.PutRun(ctx, run)
		if err != nil {
			return err
		}
		return t.Audit(ctx, s.audit(p.ID, workspace, "discard", "payout_run", id, "", nil, nil))
	})
	return run, err
}

// draft reads a run that must be a draft, of the version that was looked at (-1 = any).
func (s *Service) draft(ctx context.Context, t Tx, workspace, id string, version int64) (*Run, error) {
	run, err := t.Run(ctx, workspace, id)
	if err != nil {
		return nil, err
	}
	if run.State != Draft {
		return nil, refuse(CodeState, "The run is %s: it is no draft any more.", run.State)
	}
	if version >= 0 && run.Version != version {
		return nil, catalog.ErrVersion
	}
	return run, nil
}

// draw plans a run in an open transaction and notes what is left out of it.
func (s *Service) draw(ctx context.Context, t Tx, run *Run, now int64) ([]*Line, error) {
	p := &planning{run: run, now: now, rate: s.rate(run), methods: map[string]*Method{}, banned: map[string]bool{}}
	var err error
	p.settings, err = t.Settings(ctx, run.Workspace)
	if err != nil {
		return nil, err
	}
	methods, err := t.Methods(ctx, run.Workspace)
	if err != nil {
		return nil, err
	}
	for _, m := range methods {
		p.methods[m.Publisher] = m
	}
	p.open, err = t.Open(ctx, run.Workspace)
	if err != nil {
		return nil, err
	}
	for _, o := range p.open {
		x := s.Publisher(o.Publisher)
		p.banned[o.Publisher] = x != nil && x.Status == catalog.StatusBanned
	}
	lines, left, err := p.plan()
	if err != nil {
		return nil, err
	}
	run.Left = left
	return lines, nil
}

// rate finds the exchange rates of a run: those of the day (UTC) of its cut-off.
func (s *Service) rate(run *Run) func(from, to string) (money.Rate, bool) {
	return func(from, to string) (money.Rate, bool) {
		if s.Rates == nil {
			return money.Rate{}, false
		}
		return s.Rates().On(run.Workspace, money.Currency(from), money.Currency(to), time.UnixMicro(run.Cutoff).UTC().Format(time.DateOnly))
	}
}

// write adds the lines of a preview.
func (s *Service) write(ctx context.Context, t Tx, p account.Principal, run *Run, lines []*Line, action string) error {
	for _, l := range lines {
		l.ID, l.Workspace, l.Run, l.State = s.newID("pol_"), run.Workspace, run.ID, Draft
		l.Sealed = nil // taken at the approval
		err := t.InsertLine(ctx, l)
		if err != nil {
			return err
		}
	}
	return t.Audit(ctx, s.audit(p.ID, run.Workspace, action, "payout_run", run.ID, run.Note, nil, totals(lines)))
}

// totals are the amounts of lines by currency, with their number.
func totals(lines []*Line) map[string]any {
	sums := map[string]int64{}
	for _, l := range lines {
		sums[l.Currency] += l.Amount // for reading; what is posted is checked
	}
	out := map[string]any{"lines": len(lines)}
	for c, n := range sums {
		out[c] = money.Amount{Minor: n, Currency: money.Currency(c)}.String()
	}
	return out
}

// Approve takes the lines of a draft up: their conversions are locked and their money is in
// payment, in one transaction. The run is planned again in it; if a line would be another
// one, nothing is approved and the refusal ([CodeChanged]) names it. What came since the
// preview waits for the next run. version is the one that was looked at, -1 = any. Who
// approved a run gets it again when they repeat it.
func (s *Service) Approve(ctx context.Context, p account.Principal, workspace, id string, version int64) (*Run, error) {
	if !p.May(workspace, true) {
		return nil, catalog.ErrNotFound
	}
	var run *Run
	err := s.settle(ctx, func(ctx context.Context, tx books.Tx, t Tx) error {
		var err error
		run, err = t.Run(ctx, workspace, id)
		if err != nil || run.ApprovedBy == p.ID && run.State != Draft && run.State != Discarded {
			return err
		}
		run, err = s.draft(ctx, t, workspace, id, version)
		if err != nil {
			return err
		}
		err = s.mayApprove(ctx, t, p, run)
		if err != nil {
			return err
		}
		preview, err := s.withItems(ctx, t, run)
		if err != nil {
			return err
		}
		if len(preview) == 0 {
			return refuse(CodeEmpty, "Nobody gets anything by this run; it says why.")
		}
		planned, err := s.draw(ctx, t, run, s.Now().UnixMicro())
		if err != nil {
			return err
		}
		changes, later := compare(preview, planned, run.Left)
		if len(changes) > 0 {
			s.name(changes)
			return changed(changes)
		}
		for _, l := range later {
			run.Left = append(run.Left, Left{Publisher: l.Publisher, Currency: l.Currency, Reason: CameLater, Amount: l.Amount, Causes: int64(len(l.Items))})
		}
		return s.take(ctx, tx, t, p, run, preview)
	})
	return run, err
}

// mayApprove asks for the second person.
func (s *Service) mayApprove(ctx context.Context, t Tx, p account.Principal, run *Run) error {
	set, err := t.Settings(ctx, run.Workspace)
	if err != nil || !set.SecondPerson {
		return err
	}
	if !person(p) {
		return refuse(CodePerson, "A second person must approve payout runs: an API key is none.")
	}
	if run.MadeBy == p.ID {
		return refuse(CodeSecondPerson, "You made this run: somebody else must approve it.")
	}
	return nil
}

// name puts the publishers' names where their ids are.
func (s *Service) name(cs []Change) {
	for i, c := range cs {
		if x := s.Publisher(c.Publisher); x != nil {
			cs[i].Publisher = x.Name
		}
		if text := Reasons[c.Why]; text != "" {
			cs[i].Why = strings.ToLower(text[:1]) + strings.TrimSuffix(text[1:], ".")
		}
	}
}

// withItems are the lines of a run with their items.
func (s *Service) withItems(ctx context.Context, t Reader, run *Run) ([]*Line, error) {
	lines, err := t.Lines(ctx, run.Workspace, run.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		l.Items, err = t.Items(ctx, run.Workspace, l.ID)
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// conversions are those that a line locks.
func (l *Line) conversions() []string {
	var ids []string
	for _, i := range l.Items {
		if i.Kind == ItemConversion {
			ids = append(ids, i.Cause)
		}
	}
	slices.Sort(ids)
	return ids
}

// take locks and posts.
func (s *Service) take(ctx context.Context, tx books.Tx, t Tx, p account.Principal, run *Run, lines []*Line) error {
	now := s.Now().UnixMicro()
	for _, l := range lines {
		_, err := s.Desk.Lock(ctx, tx, run.Workspace, l.conversions(), p.ID, "payout run "+run.ID)
		if err != nil {
			return err
		}
		m, err := t.Method(ctx, run.Workspace, l.Publisher)
		if err != nil {
			return err
		}
		l.State, l.Sealed = Approved, m.Sealed
		err = t.PutLine(ctx, l, true)
		if err != nil {
			return err
		}
		err = s.post(ctx, tx, l, "payout", l.upTake(), now)
		if err != nil {
			return err
		}
	}
	run.State, run.Approved, run.ApprovedBy = Approved, now, p.ID
	err := t.PutRun(ctx, run)
	if err != nil {
		return err
	}
	return t.Audit(ctx, s.audit(p.ID, run.Workspace, "approve", "payout_run", run.ID, "", nil, totals(lines)))
}

// account is one of the line's; the bank's has no party.
func (l *Line) account(k ledger.AccountKind, currency string) ledger.Account {
	a := ledger.Account{Workspace: l.Workspace, Kind: k, Currency: currency}
	if k == ledger.PublisherAvailable || k == ledger.PublisherInPayment {
		a.Party = l.Publisher
	}
	return a
}

// upTake moves a line from available to in payment, through the exchange difference where it
// is paid in another currency.
func (l *Line) upTake() []ledger.Entry {
	from := ledger.Entry{Account: l.account(ledger.PublisherAvailable, l.Currency), Amount: l.Amount}
	to := ledger.Entry{Account: l.account(ledger.PublisherInPayment, l.PayCurrency), Amount: -l.PayAmount}
	if l.PayCurrency == l.Currency {
		return []ledger.Entry{from, to}
	}
	return []ledger.Entry{from, {Account: l.account(ledger.ExchangeDifference, l.Currency), Amount: -l.Amount},
		{Account: l.account(ledger.ExchangeDifference, l.PayCurrency), Amount: l.PayAmount}, to}
}

// payment moves a line from in payment out of the bank.
func (l *Line) payment() []ledger.Entry {
	return []ledger.Entry{{Account: l.account(ledger.PublisherInPayment, l.PayCurrency), Amount: l.PayAmount}, {Account: l.account(ledger.Bank, l.PayCurrency), Amount: -l.PayAmount}}
}

// giveBack undoes upTake, at the rate it was taken up with.
func (l *Line) giveBack() []ledger.Entry {
	es := l.upTake()
	for i := range es {
		es[i].Amount = -es[i].Amount
	}
	return es
}

// post moves a line's amount, once: the key is the line's with the kind of the posting.
func (s *Service) post(ctx context.Context, tx ledger.Tx, l *Line, kind string, entries []ledger.Entry, now int64) error {
	memo := kind + " of run " + l.Run
	if l.Rate != "" {
		memo += ", " + l.Currency + " to " + l.PayCurrency + " at " + l.Rate + " (" + l.RateSource + ", " + l.RateDate + ")"
	}
	_, err := tx.Post(ctx, &ledger.Transaction{
		Workspace: l.Workspace, Key: kind + ":" + l.ID, Kind: kind, CauseKind: "payout_line", Cause: l.ID, Effective: now, Recorded: now,
		Memo: memo, Entries: entries,
	})
	if err != nil {
		return fmt.Errorf("post %s of line %s: %w", kind, l.ID, err)
	}
	return nil
}
