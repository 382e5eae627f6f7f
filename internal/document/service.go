package document

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// Settling is how long after its end a period is issued at the earliest: what was judged
// before its end is in the books by then.
const Settling = 10 * time.Minute

// Options are what a [Service] is made of.
type Options struct {
	Store Store
	View  func() *catalog.View
	Now   func() time.Time
}

// Service issues documents and shows them.
type Service struct{ Options }

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// IssueDoc says what is to be issued.
type IssueDoc struct {
	Kind    string `json:"kind" required:"true" enum:"invoice,statement" doc:"invoice: invoices and credit notes of advertisers. statement: statements of publishers."`
	Through string `json:"through" required:"true" maxLength:"10" example:"2026-01-31" doc:"The last day of the period, in the workspace's time zone. The first is the day after the period before."`
	Party   string `json:"party" required:"false" maxLength:"64" doc:"An advertiser or a publisher. Empty: all that have something in the period."`
}

// Issued is what a run came to.
type Issued struct {
	Documents []*Document
	Fresh     int // how many of them are new; the others were there before
}

// workspace is one the principal may see, or change with write; else catalog.ErrNotFound.
func (s *Service) workspace(p account.Principal, id string, write bool) (*catalog.Workspace, error) {
	ws := s.View().Workspace(id)
	if id == "" || !p.May(id, write) || ws == nil {
		return nil, catalog.ErrNotFound
	}
	return ws, nil
}

// read checks what is asked for.
func (s *Service) read(ws *catalog.Workspace, d IssueDoc, actor string) (*period, error) {
	bad := &catalog.Invalid{}
	loc, err := time.LoadLocation(ws.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	p := &period{ws: ws, loc: loc, now: s.Now(), who: actor}
	if k := Kind(d.Kind); k != Invoice && k != Statement {
		bad.Add("kind", "not_one_of", d.Kind, "Must be invoice or statement.")
	}
	day, err := time.ParseInLocation(time.DateOnly, d.Through, loc)
	switch {
	case err != nil:
		bad.Add("through", "invalid_date", d.Through, "Must be a day such as 2026-01-31.")
	case day.Year() < 2000:
		bad.Add("through", "out_of_range", d.Through, "Must be a day from 2000-01-01 on.")
	case day.AddDate(0, 0, 1).Add(Settling).After(p.now):
		bad.Add("through", "period_open", d.Through, "The period has not ended; it can be issued 10 minutes after its last day.")
	default:
		p.to = day.AddDate(0, 0, 1).UnixMicro()
	}
	if d.Party != "" && !s.known(ws.ID, Kind(d.Kind), d.Party) {
		bad.Add("party", "not_found", d.Party, map[bool]string{true: "There is no such publisher.", false: "There is no such advertiser."}[Kind(d.Kind) == Statement])
	}
	return p, bad.Err()
}

// known reports whether the workspace has the party a run may be about.
func (s *Service) known(workspace string, run Kind, id string) bool {
	if run == Statement {
		p := s.View().Publisher(id)
		return p != nil && p.Workspace == workspace
	}
	a := s.View().Advertiser(id)
	return a != nil && a.Workspace == workspace
}

// pairs are who a run is about.
func pairs(ctx context.Context, r Reader, p *period, run Kind, party string) ([]Pair, error) {
	if run == Statement {
		return r.Publishers(ctx, p.ws.ID, party)
	}
	return r.Billable(ctx, p.ws.ID, party, p.to)
}

// Preview is what issuing would give: the documents without ids and numbers.
func (s *Service) Preview(ctx context.Context, p account.Principal, workspace string, d IssueDoc) (*Issued, error) {
	ws, err := s.workspace(p, workspace, false)
	if err != nil {
		return nil, err
	}
	per, err := s.read(ws, d, p.ID)
	if err != nil {
		return nil, err
	}
	out := &Issued{}
	err = s.Store.Read(ctx, func(ctx context.Context, r Reader) error {
		ps, err := s.open(ctx, r, per, d, out)
		if err != nil {
			return err
		}
		for _, of := range ps {
			ds, err := s.plan(ctx, r, per, Kind(d.Kind), of)
			if err != nil {
				return err
			}
			out.Documents = append(out.Documents, ds...)
			out.Fresh += len(ds)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nothing(out, d)
}

// Issue issues what [Service.Preview] shows. Each party and currency is a transaction of its
// own, so what fails on the way is done by issuing again: documents of the same period that
// are there already are given as they are.
func (s *Service) Issue(ctx context.Context, p account.Principal, workspace string, d IssueDoc) (*Issued, error) {
	ws, err := s.workspace(p, workspace, true)
	if err != nil {
		return nil, err
	}
	per, err := s.read(ws, d, p.ID)
	if err != nil {
		return nil, err
	}
	out := &Issued{}
	var ps []Pair
	err = s.Store.Read(ctx, func(ctx context.Context, r Reader) error {
		var err error
		ps, err = s.open(ctx, r, per, d, out)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, of := range ps {
		ds, fresh, err := s.issue(ctx, per, Kind(d.Kind), of)
		if err != nil {
			return nil, err
		}
		out.Documents = append(out.Documents, ds...)
		if fresh {
			out.Fresh += len(ds)
		}
	}
	return out, nothing(out, d)
}

// nothing refuses a run for one party that came to nothing.
func nothing(out *Issued, d IssueDoc) error {
	if d.Party == "" || len(out.Documents) > 0 {
		return nil
	}
	bad := &catalog.Invalid{}
	bad.Add("party", "nothing_due", d.Party, map[bool]string{true: "Nothing was booked on its available balance in the period.", false: "There is nothing to bill in the period: no conversion is worth something else than was billed of it."}[Kind(d.Kind) == Statement])
	return bad
}

// open gives who has something to be issued, adding to out what was issued for the same
// period. A single party whose period was closed by a later document is refused.
func (s *Service) open(ctx context.Context, r Reader, p *period, d IssueDoc, out *Issued) ([]Pair, error) {
	run := Kind(d.Kind)
	ps, err := pairs(ctx, r, p, run, d.Party)
	if err != nil {
		return nil, fmt.Errorf("who has something in the period: %w", err)
	}
	have, err := r.Ending(ctx, p.ws.ID, run, d.Party, "", p.to)
	if err != nil {
		return nil, fmt.Errorf("what was issued for the period: %w", err)
	}
	out.Documents = append(out.Documents, have...)
	todo := ps[:0]
	for _, of := range ps {
		last, err := r.Last(ctx, p.ws.ID, run, of.Party, of.Currency)
		if err != nil {
			return nil, fmt.Errorf("the last period of %s: %w", of.Party, err)
		}
		switch {
		case last < p.to:
			todo = append(todo, of)
		case last > p.to && d.Party != "":
			bad := &catalog.Invalid{}
			bad.Add("through", "period_closed", d.Through, fmt.Sprintf("What there is in %s reaches to %s already; choose a later day.", of.Currency, p.day(last-1)))
			return nil, bad
		}
	}
	return todo, nil
}

// issue keeps the documents of one party and currency.
func (s *Service) issue(ctx context.Context, p *period, run Kind, of Pair) (ds []*Document, fresh bool, err error) {
	err = s.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		fresh = false
		last, err := tx.Last(ctx, p.ws.ID, run, of.Party, of.Currency)
		if err != nil {
			return fmt.Errorf("the last period of %s: %w", of.Party, err)
		}
		if last >= p.to { // somebody else was faster
			ds, err = tx.Ending(ctx, p.ws.ID, run, of.Party, of.Currency, p.to)
			return err
		}
		ds, err = s.plan(ctx, tx, p, run, of)
		if err != nil {
			return err
		}
		fresh = true
		for _, d := range ds {
			d.ID = event.NewID("doc_", p.now)
			d.Number, err = tx.NextNumber(ctx, p.ws.ID, d.Kind)
			if err != nil {
				return fmt.Errorf("the next number: %w", err)
			}
			err = tx.InsertDocument(ctx, d)
			if err != nil {
				return fmt.Errorf("keep %s: %w", d.Kind.Name(d.Number), err)
			}
			err = tx.Audit(ctx, audit(p.ws.ID, p.who, d.Issued, "issue", "document", d.ID, nil, map[string]string{"number": d.Kind.Name(d.Number), "party": d.Party, "total": d.Amount(d.Total), "currency": d.Currency}))
			if err != nil {
				return fmt.Errorf("audit: %w", err)
			}
		}
		return nil
	})
	for _, d := range ds {
		d.Items = nil
	}
	return ds, fresh, err
}

// List is a page of documents, newest first.
func (s *Service) List(ctx context.Context, p account.Principal, q Query) ([]*Document, error) {
	_, err := s.workspace(p, q.Workspace, false)
	if err != nil {
		return nil, err
	}
	return s.Store.Documents(ctx, q)
}

// Get returns a document, or catalog.ErrNotFound.
func (s *Service) Get(ctx context.Context, p account.Principal, workspace, id string) (*Document, error) {
	_, err := s.workspace(p, workspace, false)
	if err != nil {
		return nil, err
	}
	return s.Store.Document(ctx, workspace, id)
}

// Details is a page of what is behind a document's line, or behind all of them.
func (s *Service) Details(ctx context.Context, p account.Principal, workspace, id string, line int64, after string, limit int) (*Document, []Detail, error) {
	d, err := s.Get(ctx, p, workspace, id)
	if err != nil {
		return nil, nil, err
	}
	rows, err := s.details(ctx, d, line, after, limit)
	return d, rows, err
}

func (s *Service) details(ctx context.Context, d *Document, line int64, after string, limit int) ([]Detail, error) {
	if line != 0 && !slices.ContainsFunc(d.Body.Lines, func(l Line) bool { return l.No == line }) {
		return nil, catalog.ErrNotFound
	}
	return s.Store.Details(ctx, DetailQuery{Document: d, Line: line, After: after, Limit: limit})
}

// TextsDoc is billing texts as people enter them.
type TextsDoc struct {
	Name    string `json:"name" required:"false" maxLength:"200" example:"Acme Affiliates Ltd" doc:"The name on documents. Empty: the name here."`
	Address string `json:"address" required:"false" maxLength:"1000" doc:"The address, one line each."`
	TaxID   string `json:"tax_id" required:"false" maxLength:"100" example:"GB 123 4567 89" doc:"The tax id."`
	DueDays int64  `json:"due_days" required:"false" minimum:"0" maximum:"365" doc:"After how many days an invoice is due. Of an advertiser: 0 = as the workspace says."`
	Payment string `json:"payment" required:"false" maxLength:"2000" doc:"How invoices are to be paid. Of the workspace only."`
	Footer  string `json:"footer" required:"false" maxLength:"2000" doc:"What stands at the end of each document. Of the workspace only."`
}

// Texts are the billing texts of a party; "" is the workspace itself.
func (s *Service) Texts(ctx context.Context, p account.Principal, workspace, party string) (*Texts, error) {
	_, err := s.textsOf(p, workspace, party, false)
	if err != nil {
		return nil, err
	}
	var out *Texts
	err = s.Store.Read(ctx, func(ctx context.Context, r Reader) error {
		var err error
		out, err = r.TextsOf(ctx, workspace, party)
		return err
	})
	return out, err
}

func (s *Service) textsOf(p account.Principal, workspace, party string, write bool) (*catalog.Workspace, error) {
	ws, err := s.workspace(p, workspace, write)
	if err == nil && party != "" && !s.known(workspace, Invoice, party) && !s.known(workspace, Statement, party) {
		err = catalog.ErrNotFound
	}
	return ws, err
}

// doc is what people enter of them.
func (t *Texts) doc() TextsDoc {
	return TextsDoc{Name: t.Name, Address: t.Address, TaxID: t.TaxID, DueDays: t.DueDays, Payment: t.Payment, Footer: t.Footer}
}

// audit is a line of the audit trail.
func audit(workspace, actor string, at int64, action, kind, subject string, before, after any) catalog.Audit {
	text := func(v any) string {
		b, err := json.Marshal(v)
		if v == nil || err != nil { // texts and numbers always marshal
			return ""
		}
		return string(b)
	}
	return catalog.Audit{Workspace: workspace, At: at, Actor: actor, Action: action, Kind: kind, Subject: subject, Before: text(before), After: text(after)}
}

// SetTexts writes them. What was issued keeps those it was issued with.
func (s *Service) SetTexts(ctx context.Context, p account.Principal, workspace, party string, d TextsDoc) (*Texts, error) {
	_, err := s.textsOf(p, workspace, party, true)
	if err != nil {
		return nil, err
	}
	bad := &catalog.Invalid{}
	text := func(field, v string, most int, multiline bool) string {
		v = strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
		switch {
		case !utf8.ValidString(v) || strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || !multiline) }):
			bad.Add(field, "characters", strings.ToValidUTF8(v, "\uFFFD"), "Must not contain control characters.")
		case utf8.RuneCountInString(v) > most:
			bad.Add(field, "too_long", v, fmt.Sprintf("Must be at most %d characters long.", most))
		}
		return v
	}
	t := &Texts{
		Workspace: workspace, Party: party, Name: text("name", d.Name, 200, false), Address: text("address", d.Address, 1000, true), TaxID: text("tax_id", d.TaxID, 100, false), DueDays: d.DueDays,
		Payment: text("payment", d.Payment, 2000, true), Footer: text("footer", d.Footer, 2000, true), Actor: p.ID, Changed: s.Now().UnixMicro(),
	}
	if d.DueDays < 0 || d.DueDays > 365 {
		bad.Add("due_days", "out_of_range", fmt.Sprint(d.DueDays), "Must be between 0 and 365.")
	}
	if party != "" && t.Payment+t.Footer != "" {
		bad.Add("payment", "not_here", "", "How to pay and the footer are the workspace's alone.")
	}
	err = bad.Err()
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		old, err := tx.TextsOf(ctx, workspace, party)
		if err != nil {
			return err
		}
		err = tx.PutTexts(ctx, t)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, audit(workspace, p.ID, t.Changed, "change", "billing_texts", cmp.Or(party, workspace), old.doc(), t.doc()))
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}
