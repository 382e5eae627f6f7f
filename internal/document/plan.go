package document

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"clickledger/internal/catalog"
)

// period is what a run is about, with what its documents say of it.
type period struct {
	ws  *catalog.Workspace
	loc *time.Location
	to  int64 // µs
	now time.Time
	who string
}

// begin is the start of the day of a moment.
func (p *period) begin(µs int64) int64 {
	t := time.UnixMicro(µs).In(p.loc)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, p.loc).UnixMicro()
}

func (p *period) day(µs int64) string { return time.UnixMicro(µs).In(p.loc).Format(time.DateOnly) }

// draft is an empty document of the period.
func (p *period) draft(kind Kind, of Pair, from int64) *Document {
	return &Document{
		Workspace: p.ws.ID, Kind: kind, Party: of.Party, Currency: of.Currency, From: from, To: p.to, Issued: p.now.UnixMicro(), Actor: p.who,
		Body: Body{FirstDay: p.day(from), LastDay: p.day(p.to - 1), IssuedOn: p.day(p.now.UnixMicro()), TimeZone: p.loc.String()},
	}
}

// dress writes who it is from and for, and what is asked of the recipient.
func (s *Service) dress(ctx context.Context, r Reader, p *period, d *Document) error {
	own, err := r.TextsOf(ctx, p.ws.ID, "")
	if err != nil {
		return fmt.Errorf("our own texts: %w", err)
	}
	theirs, err := r.TextsOf(ctx, p.ws.ID, d.Party)
	if err != nil {
		return fmt.Errorf("the texts of %s: %w", d.Party, err)
	}
	side := func(t *Texts, name string) Side {
		return Side{Name: cmp.Or(t.Name, name), Address: t.Address, TaxID: t.TaxID}
	}
	d.Body.Sender, d.Body.Recipient, d.Body.Footer = side(own, p.ws.Name), side(theirs, s.partyName(d.Party)), own.Footer
	if d.Kind == Invoice {
		days := cmp.Or(theirs.DueDays, own.DueDays)
		due := time.UnixMicro(p.begin(d.Issued)).In(p.loc).AddDate(0, 0, int(days))
		d.Body.DueOn, d.Due = due.Format(time.DateOnly), due.AddDate(0, 0, 1).UnixMicro()
		d.Body.Payment = own.Payment
	}
	return nil
}

func (s *Service) partyName(id string) string {
	if a := s.View().Advertiser(id); a != nil {
		return a.Name
	}
	if p := s.View().Publisher(id); p != nil {
		return p.Name
	}
	return id
}

// plan makes the documents of a party and currency; none when there is nothing to say.
func (s *Service) plan(ctx context.Context, r Reader, p *period, run Kind, of Pair) ([]*Document, error) {
	from, err := r.Last(ctx, p.ws.ID, run, of.Party, of.Currency)
	if err != nil {
		return nil, fmt.Errorf("the last period of %s: %w", of.Party, err)
	}
	var out []*Document
	if run == Statement {
		out, err = s.statement(ctx, r, p, of, from)
	} else {
		out, err = s.bill(ctx, r, p, of, from)
	}
	if err != nil {
		return nil, fmt.Errorf("%s in %s: %w", of.Party, of.Currency, err)
	}
	for _, d := range out {
		err := s.dress(ctx, r, p, d)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bill makes the invoice and the credit note of an advertiser: what is worth more than was
// billed is on the first, what is worth less on the second.
func (s *Service) bill(ctx context.Context, r Reader, p *period, of Pair, from int64) ([]*Document, error) {
	ds, err := r.Deltas(ctx, p.ws.ID, of, p.to)
	if err != nil || len(ds) == 0 {
		return nil, err
	}
	if from == 0 {
		from = slices.MinFunc(ds, func(a, b Delta) int { return cmp.Compare(a.At, b.At) }).At
		from = p.begin(from)
	}
	var out []*Document
	for _, kind := range []Kind{Invoice, CreditNote} {
		d := p.draft(kind, of, from)
		mine := slices.DeleteFunc(slices.Clone(ds), func(x Delta) bool { return (x.Worth > x.Billed) != (kind == Invoice) })
		err := s.itemize(ctx, r, d, mine)
		if err != nil {
			return nil, err
		}
		if len(d.Items) > 0 {
			out = append(out, d)
		}
	}
	return out, nil
}

// itemize groups deltas into lines.
func (s *Service) itemize(ctx context.Context, r Reader, d *Document, ds []Delta) error {
	type group struct {
		rank, invoice          int64
		offer, goal, kind, ref string
	}
	of := func(x Delta) group {
		g := group{offer: s.offerName(x.Offer) + "\x00" + x.Offer, goal: s.goalName(x.Offer, x.Goal) + "\x00" + x.Goal, kind: LineNew}
		switch {
		case x.InvoiceNo != 0 && x.Worth < x.Billed:
			g.rank, g.kind, g.invoice = 2, LineLess, x.InvoiceNo
		case x.InvoiceNo != 0:
			g.rank, g.kind, g.invoice = 2, LineMore, x.InvoiceNo
		case x.At < d.From:
			g.rank, g.kind = 1, LineEarlier
		}
		return g
	}
	lines := map[group]*Line{}
	for _, x := range ds {
		g := of(x)
		l := lines[g]
		if l == nil {
			l = &Line{Kind: g.kind, Offer: x.Offer, OfferName: s.offerName(x.Offer), Goal: x.Goal, GoalName: s.goalName(x.Offer, x.Goal), InvoiceNo: g.invoice}
			lines[g] = l
		}
		var err error
		l.Count++
		l.Amount, err = add(l.Amount, x.Worth-x.Billed)
		if err != nil {
			return err
		}
	}
	for i, g := range slices.SortedFunc(maps.Keys(lines), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.invoice, b.invoice), cmp.Compare(a.offer, b.offer), cmp.Compare(a.goal, b.goal))
	}) {
		l := lines[g]
		l.No = int64(i + 1)
		if l.InvoiceNo != 0 {
			id, err := r.InvoiceByNumber(ctx, d.Workspace, l.InvoiceNo)
			if err != nil {
				return fmt.Errorf("invoice %d: %w", l.InvoiceNo, err)
			}
			l.Invoice = id
		}
		var err error
		d.Total, err = add(d.Total, l.Amount)
		if err != nil {
			return err
		}
		d.Body.Lines = append(d.Body.Lines, *l)
	}
	for _, x := range ds {
		d.Items = append(d.Items, Item{Line: lines[of(x)].No, Conversion: x.Conversion, Amount: x.Worth - x.Billed})
	}
	return nil
}

func (s *Service) offerName(id string) string {
	if o := s.View().Offer(id); o != nil {
		return o.Name
	}
	return id
}

func (s *Service) goalName(offer, id string) string {
	if g := s.View().GoalByID(offer, id); g != nil {
		return g.Name
	}
	return id
}

// statement makes a publisher's.
func (s *Service) statement(ctx context.Context, r Reader, p *period, of Pair, from int64) ([]*Document, error) {
	opening := int64(0)
	if from != 0 {
		before, err := r.Ending(ctx, p.ws.ID, Statement, of.Party, of.Currency, from)
		if err != nil {
			return nil, fmt.Errorf("the statement before: %w", err)
		}
		for _, b := range before {
			opening = b.Total
		}
	} else {
		first, err := r.FirstBooking(ctx, p.ws.ID, of)
		if err != nil {
			return nil, fmt.Errorf("the first booking: %w", err)
		}
		if first == 0 || first >= p.to {
			return nil, nil
		}
		from = p.begin(first)
	}
	end, err := r.BalancesBefore(ctx, p.ws.ID, of, p.to)
	if err != nil {
		return nil, fmt.Errorf("balances: %w", err)
	}
	moves, err := r.Moves(ctx, p.ws.ID, of, from, p.to)
	if err != nil {
		return nil, fmt.Errorf("bookings: %w", err)
	}
	d := p.draft(Statement, of, from)
	d.Body.Opening, d.Body.Pending, d.Body.InPayment = opening, end.Pending, end.InPayment
	d.Total = opening
	for _, m := range moves {
		d.Body.Lines = append(d.Body.Lines, Line{Kind: m.Kind, Cause: m.Cause, Offer: m.Offer, OfferName: s.offerName(m.Offer), Count: m.Count, Amount: m.Amount})
		d.Total, err = add(d.Total, m.Amount)
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(d.Body.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(rankOf(a.Cause), rankOf(b.Cause)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.OfferName, b.OfferName), cmp.Compare(a.Offer, b.Offer))
	})
	// A booking whose clock said a time of a period that has its statement is not lost: it
	// is on this one.
	if late := end.Available - d.Total; late != 0 {
		d.Body.Lines = append(d.Body.Lines, Line{Kind: LineLate, Count: 1, Amount: late})
		d.Total = end.Available
	}
	if len(d.Body.Lines) == 0 {
		return nil, nil
	}
	for i := range d.Body.Lines {
		d.Body.Lines[i].No = int64(i + 1)
	}
	return []*Document{d}, nil
}

// rankOf orders a statement's lines: what was earned, what was given, what was paid.
func rankOf(cause string) int {
	return cmp.Or(map[string]int{"conversion": 1, "adjustment": 2, "payout_line": 4}[cause], 3)
}
