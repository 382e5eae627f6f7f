package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/document"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
)

var documentTests = map[string]func(*testing.T, *Stores){
	"random months":          testDocumentMonths,
	"issued at once":         testDocumentRace,
	"the database's rules":   testDocumentRules,
	"the audit":              testDocumentAudit,
	"what is refused":        testDocumentRefusals,
	"texts":                  testBillingTexts,
	"a late booking":         testLateBooking,
	"corrections of a month": testDocumentCorrections,
}

// paper is a small market whose documents are issued.
type paper struct {
	*testing.T
	s     *Stores
	now   time.Time
	judge *conversion.Judge
	docs  *document.Service
	who   account.Principal
	made  []string // conversions
}

func newPaper(t *testing.T, s *Stores) *paper {
	p := &paper{T: t, s: s, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), who: account.Principal{ID: "usr_1", Owner: true, Write: true}}
	meta := func(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: home, Version: 1} }
	rows := []catalog.Entity{&catalog.Workspace{Meta: catalog.Meta{ID: home, Workspace: home}, Name: "Acme", Currency: "EUR", TimeZone: "Europe/Berlin"}}
	for i := range 2 {
		rows = append(rows,
			&catalog.Advertiser{Meta: meta(id("adv", i)), Name: fmt.Sprint("Shop ", i)}, &catalog.Publisher{Meta: meta(id("pub", i)), Name: fmt.Sprint("Blog ", i)},
			&catalog.Offer{Meta: meta(id("off", i)), Name: fmt.Sprint("Offer ", i), Advertiser: id("adv", i)},
			&catalog.Goal{Meta: meta(id("gol", i)), Name: "Sale", Offer: id("off", i)})
	}
	view := catalog.NewView().With(rows, 1)
	now := func() time.Time { return p.now }
	p.judge = &conversion.Judge{View: func() *catalog.View { return view }, Now: now}
	p.docs = document.New(document.Options{Store: s.Documents, View: func() *catalog.View { return view }, Now: now})
	return p
}

// sell records a pending conversion, worth as much to the publisher as a half of it is to us.
func (p *paper) sell(party int, currency string, revenue int64) *conversion.Conversion {
	p.Helper()
	n := len(p.made)
	c := cnv(n)
	visit := event.Visit{ID: c.Click}
	*c = conversion.Conversion{ID: c.ID, Workspace: home, DedupKey: c.DedupKey, Click: c.Click, At: p.now.UnixMicro(), ClickAt: p.now.UnixMicro(), Recorded: p.now.UnixMicro(),
		Advertiser: id("adv", party), Offer: id("off", party), Goal: id("gol", party), GoalKey: "sale", Publisher: id("pub", party), Order: fmt.Sprint("order ", n), Status: conversion.Pending,
		Currency: currency, Revenue: revenue, Commission: revenue / 2, Dims: visit.Append(nil), Version: 1}
	p.s.update(p.T, func(tx books.Tx) error {
		must(p.T, tx.InsertConversion(ctx, c))
		if revenue == 0 {
			return nil
		}
		to := func(kind ledger.AccountKind, party string, minor int64) ledger.Entry {
			return ledger.Entry{Account: ledger.Account{Workspace: home, Kind: kind, Party: party, Currency: currency}, Amount: minor}
		}
		es := []ledger.Entry{to(ledger.Receivable, c.Advertiser, revenue), to(ledger.Revenue, "", -revenue)}
		if c.Commission != 0 {
			es = append(es, to(ledger.CommissionExpense, "", c.Commission), to(ledger.PublisherPending, c.Publisher, -c.Commission))
		}
		_, err := tx.Post(ctx, &ledger.Transaction{Workspace: home, Key: "accrual:" + c.ID, Kind: "accrual", CauseKind: "conversion", Cause: c.ID, Effective: c.At, Recorded: c.Recorded, Entries: es})
		return err
	})
	p.made = append(p.made, c.ID)
	return c
}

// change does something to a conversion; what its state does not allow does nothing.
func (p *paper) change(cnv string, do func(tx books.Tx, c *conversion.Conversion) error) {
	p.Helper()
	_ = p.s.Books.Update(ctx, func(_ context.Context, tx books.Tx) error {
		c, err := tx.GetConversion(ctx, home, cnv)
		must(p.T, err)
		return do(tx, c)
	})
}

func (p *paper) move(cnv string, to conversion.Status) {
	p.Helper()
	p.change(cnv, func(tx books.Tx, c *conversion.Conversion) error { return p.judge.Move(ctx, tx, c, to, "usr", "") })
}

func (p *paper) worth(cnv string, revenue int64) {
	p.Helper()
	half := revenue / 2
	p.change(cnv, func(tx books.Tx, c *conversion.Conversion) error {
		_, _, err := p.judge.Restate(ctx, tx, c, conversion.Worth{Key: fmt.Sprint(p.now.UnixMicro(), revenue, c.Version), Revenue: &revenue, Commission: &half, Actor: "usr"})
		return err
	})
}

func (p *paper) issue(kind document.Kind, through, party string) *document.Issued {
	p.Helper()
	out, err := p.docs.Issue(ctx, p.who, home, document.IssueDoc{Kind: string(kind), Through: through, Party: party})
	must(p.T, err)
	return out
}

// all are the documents of the workspace, by kind, the oldest first.
func (p *paper) all() map[document.Kind][]*document.Document {
	p.Helper()
	out := map[document.Kind][]*document.Document{}
	for before := ""; ; {
		page, err := p.docs.List(ctx, p.who, document.Query{Workspace: home, Before: before, Limit: 7})
		must(p.T, err)
		for _, d := range page {
			before = d.ID
			out[d.Kind] = append([]*document.Document{d}, out[d.Kind]...)
		}
		if len(page) < 7 {
			return out
		}
	}
}

// behind reads everything behind a line in small pages.
func (p *paper) behind(d *document.Document, line int64) (out []document.Detail) {
	p.Helper()
	for after := ""; ; {
		_, page, err := p.docs.Details(ctx, p.who, home, d.ID, line, after, 5)
		must(p.T, err)
		out = append(out, page...)
		if len(page) < 5 {
			return out
		}
		after = page[len(page)-1].Cursor
	}
}

// check is what holds after every run.
func (p *paper) check(billedTo int64) {
	p.Helper()
	billed := map[string]int64{}
	docs := p.all()
	for kind, ds := range docs {
		for i, d := range ds {
			if d.Number != int64(i+1) {
				p.Errorf("%s number %d is the %d. one", kind, d.Number, i+1)
			}
			var total int64
			for _, l := range d.Body.Lines {
				var sum, n int64
				for _, x := range p.behind(d, l.No) {
					sum += x.Amount
					n++
					if kind != document.Statement {
						billed[x.Conversion] += x.Amount
					}
					if x.Line != l.No {
						p.Errorf("%s: a row of line %d says it is of line %d", kind.Name(d.Number), l.No, x.Line)
					}
				}
				if sum != l.Amount || n != l.Count {
					p.Errorf("%s line %d says %d of %d, behind it are %d of %d", kind.Name(d.Number), l.No, l.Amount, l.Count, sum, n)
				}
				total += l.Amount
			}
			if d.Total != d.Body.Opening+total {
				p.Errorf("%s: total %d, lines %d, opening %d", kind.Name(d.Number), d.Total, total, d.Body.Opening)
			}
			if all := p.behind(d, 0); kind != document.Statement && len(all) == 0 {
				p.Errorf("%s has no items", kind.Name(d.Number))
			}
		}
	}
	p.s.update(p.T, func(tx books.Tx) error {
		for _, x := range p.made {
			c, err := tx.GetConversion(ctx, home, x)
			must(p.T, err)
			want := int64(0)
			if c.Status == conversion.Approved {
				want = c.Revenue
			}
			if c.At < billedTo && billed[x] != want {
				p.Errorf("%s is worth %d and %d were billed", x, want, billed[x])
			}
		}
		return nil
	})
	p.s.sound(p.T)
}

// testDocumentMonths: months of sales, approvals, refunds and reversals at random, with runs
// now and then. Nothing is billed twice or left out, statements follow one another, a preview
// is what is issued, and the same period again gives what is there.
func testDocumentMonths(t *testing.T, s *Stores) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	p := newPaper(t, s)
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	for month := range 7 {
		for range 12 {
			p.now = p.now.Add(time.Duration(r.IntN(50)) * time.Hour)
			c := p.sell(r.IntN(2), []string{"EUR", "USD"}[r.IntN(2)], int64(r.IntN(1000)))
			if r.IntN(2) == 0 {
				p.move(c.ID, conversion.Approved)
			}
			old := p.made[r.IntN(len(p.made))]
			switch r.IntN(4) {
			case 0:
				p.move(old, conversion.Approved)
			case 1:
				p.move(old, conversion.Reversed)
			case 2:
				p.move(old, conversion.Rejected)
			case 3:
				p.worth(old, int64(r.IntN(1000)))
			}
		}
		first := time.Date(p.now.In(berlin).Year(), p.now.In(berlin).Month(), p.now.In(berlin).Day(), 0, 0, 0, 0, berlin)
		through := first.Format(time.DateOnly)
		p.now = first.AddDate(0, 0, 1).Add(document.Settling)
		if month%3 == 1 {
			continue // nobody issued anything
		}
		for _, run := range []document.Kind{document.Invoice, document.Statement} {
			asked := document.IssueDoc{Kind: string(run), Through: through}
			preview, err := p.docs.Preview(ctx, p.who, home, asked)
			must(t, err)
			got := p.issue(run, through, "")
			if got.Fresh != len(got.Documents) || len(got.Documents) == 0 {
				t.Errorf("%s through %s: %d new of %d", run, through, got.Fresh, len(got.Documents))
			}
			for i, d := range preview.Documents {
				d.ID, d.Number, d.Items = got.Documents[i].ID, got.Documents[i].Number, nil
			}
			equal(t, preview.Documents, got.Documents)
			again := p.issue(run, through, "")
			equal(t, again.Fresh, 0)
			equal(t, len(again.Documents), len(got.Documents))
		}
		p.check(first.AddDate(0, 0, 1).UnixMicro())
	}
	last := map[document.Pair]*document.Document{}
	for _, d := range p.all()[document.Statement] {
		of := document.Pair{Party: d.Party, Currency: d.Currency}
		if b := last[of]; b != nil && (b.To != d.From || b.Total != d.Body.Opening) {
			t.Errorf("%s does not follow %s", d.Kind.Name(d.Number), d.Kind.Name(b.Number))
		}
		last[of] = d
		bs, err := s.Books.BalancesAt(ctx, home, d.Party, ledger.Moment{Before: d.To})
		must(t, err)
		for _, b := range bs {
			if b.Account.Currency == d.Currency && b.Account.Kind == ledger.PublisherAvailable && b.Net() != d.Total {
				t.Errorf("%s closes with %d, the ledger says %d", d.Kind.Name(d.Number), d.Total, b.Net())
			}
		}
	}
}

// testDocumentRace: many issue the same at once; each document is made once, and numbers
// have no gap.
func testDocumentRace(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	for n := range 20 {
		p.move(p.sell(n%2, []string{"EUR", "USD"}[n/2%2], 100).ID, conversion.Approved)
	}
	p.now = p.now.AddDate(0, 1, 0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	for n := range 32 {
		wg.Go(func() {
			kind := []document.Kind{document.Invoice, document.Statement}[n%2]
			out, err := p.docs.Issue(ctx, p.who, home, document.IssueDoc{Kind: string(kind), Through: "2026-01-31"})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			fresh += out.Fresh
			if len(out.Documents) != 4 {
				t.Errorf("%d documents", len(out.Documents))
			}
		})
	}
	wg.Wait()
	equal(t, fresh, 8)
	p.check(p.now.UnixMicro())
}

// testDocumentRules: the database itself refuses change, gaps, sums that are wrong, and items
// for what is issued.
func testDocumentRules(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.sell(0, "EUR", 100)
	p.now = p.now.AddDate(0, 1, 0)
	doc := p.issue(document.Invoice, "2026-01-31", "").Documents[0]
	row := func(number, total, to string) string {
		return "INSERT INTO documents (id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body) VALUES ('new', '" + home + "', 'invoice', " + number + ", '" + doc.Party + "', 'EUR', 1, " + to + ", 1, 1, " + total + ", '', '{}')"
	}
	const items = "INSERT INTO document_items (document, conversion, line, amount) VALUES ('new', 'c', 1, 5)"
	later := fmt.Sprint(doc.To + 1)
	for name, statements := range map[string][]string{
		"change": {"UPDATE documents SET total = total + 1"}, "same number": {items, row("1", "5", later)}, "gap": {items, row("3", "5", later)},
		"body": {"UPDATE documents SET body = '{}'"}, "delete": {"DELETE FROM documents"}, "items": {"DELETE FROM document_items"}, "change of items": {"UPDATE document_items SET amount = 7"},
		"other total": {items, row("2", "6", later)}, "no document": {items}, "the same period": {items, row("2", "5", fmt.Sprint(doc.To))}, "a period before": {items, row("2", "5", fmt.Sprint(doc.To-1))},
		"one more item": {"INSERT INTO document_items (document, conversion, line, amount) VALUES ('" + doc.ID + "', '" + id("cnv", 1) + "', 1, 5)"},
		"below nothing": {strings.Replace(items, "5)", "-5)", 1), row("2", "-5", later)},
	} {
		if s.Raw(ctx, statements...) == nil {
			t.Errorf("%s: committed", name)
		}
	}
	got, err := p.docs.Get(ctx, p.who, home, doc.ID)
	must(t, err)
	equal(t, got, doc)
	must(t, s.Raw(ctx, items, row("2", "5", later))) // the statements themselves are right
	_, err = s.Documents.Document(ctx, foreign, doc.ID)
	wantErr(t, err, catalog.ErrNotFound)
}

// testDocumentAudit: what the rules would have refused is found, should it be there.
func testDocumentAudit(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.now = p.now.AddDate(0, 1, 0)
	p.issue(document.Invoice, "2026-01-31", "")
	p.issue(document.Statement, "2026-01-31", "")
	s.sound(t)
	for i, c := range []struct{ statement, says, undo string }{
		{"UPDATE conversions SET advertiser = 'adv_9'", "none of its advertiser", "UPDATE conversions SET advertiser = '" + id("adv", 0) + "'"},
		{"INSERT INTO documents (id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body) VALUES ('doc_z', '" + home + "', 'statement', 2, '" + id("pub", 0) + "', 'EUR', 1, 9999999999999999, 1, 0, 7, '', '{\"opening\":3}')", "its lines say 3", ""},
		{"SELECT 1", "that one closed with 50", ""},
	} {
		must(t, s.Raw(ctx, c.statement))
		found, err := s.Books.Audit(ctx)
		must(t, err)
		if !strings.Contains(strings.Join(found, "\n"), c.says) {
			t.Errorf("%d: the audit says %q", i, found)
		}
		if c.undo != "" {
			must(t, s.Raw(ctx, c.undo))
		}
	}
}

// testDocumentRefusals: each with its code.
func testDocumentRefusals(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.now = time.Date(2026, 2, 25, 12, 0, 0, 0, time.UTC)
	p.issue(document.Invoice, "2026-02-20", "")
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.now = time.Date(2026, 2, 28, 23, 9, 59, 0, time.UTC) // 9 minutes 59 seconds after the end of the month in Berlin
	for name, c := range map[string]struct {
		doc  document.IssueDoc
		want string
	}{
		"kind":            {document.IssueDoc{Kind: "credit_note", Through: "2026-01-31"}, "kind not_one_of"},
		"no day":          {document.IssueDoc{Kind: "invoice", Through: "2026-02-30"}, "through invalid_date"},
		"year":            {document.IssueDoc{Kind: "invoice", Through: "0026-02-03"}, "through out_of_range"},
		"still open":      {document.IssueDoc{Kind: "invoice", Through: "2026-02-28"}, "through period_open"},
		"a publisher":     {document.IssueDoc{Kind: "invoice", Through: "2026-01-31", Party: id("pub", 0)}, "party not_found"},
		"an advertiser":   {document.IssueDoc{Kind: "statement", Through: "2026-01-31", Party: id("adv", 0)}, "party not_found"},
		"closed":          {document.IssueDoc{Kind: "invoice", Through: "2026-02-19", Party: id("adv", 0)}, "party nothing_due"},
		"nothing to bill": {document.IssueDoc{Kind: "invoice", Through: "2026-01-31", Party: id("adv", 1)}, "party nothing_due"},
		"nothing booked":  {document.IssueDoc{Kind: "statement", Through: "2026-01-31", Party: id("pub", 1)}, "party nothing_due"},
	} {
		for _, do := range []func(context.Context, account.Principal, string, document.IssueDoc) (*document.Issued, error){p.docs.Issue, p.docs.Preview} {
			_, err := do(ctx, p.who, home, c.doc)
			inv, ok := err.(*catalog.Invalid)
			if !ok || len(inv.Fields) != 1 || inv.Fields[0].Field+" "+inv.Fields[0].Rule != c.want {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	}
	p.worth(p.made[0], 50) // so that the closed period has something again
	_, err := p.docs.Issue(ctx, p.who, home, document.IssueDoc{Kind: "invoice", Through: "2026-02-19", Party: id("adv", 0)})
	if inv, ok := err.(*catalog.Invalid); !ok || inv.Fields[0].Rule != "period_closed" {
		t.Errorf("a period before the last one: %v", err)
	}
	p.now = p.now.Add(time.Second)
	if n := p.issue(document.Invoice, "2026-02-28", "").Fresh; n != 2 {
		t.Errorf("%d documents at the end of the month, want an invoice and a credit note", n)
	}
	for _, who := range []account.Principal{{ID: "usr_2"}, {}} {
		_, err := p.docs.Issue(ctx, who, home, document.IssueDoc{Kind: "invoice", Through: "2026-02-28"})
		wantErr(t, err, catalog.ErrNotFound)
	}
}

func testBillingTexts(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	own, err := p.docs.SetTexts(ctx, p.who, home, "", document.TextsDoc{Name: "Acme Ltd", Address: "1 High St\r\nLondon", TaxID: "GB 1", DueDays: 30, Payment: "IBAN", Footer: "Thank you."})
	must(t, err)
	got, err := p.docs.Texts(ctx, p.who, home, "")
	must(t, err)
	equal(t, got, own)
	theirs, err := p.docs.SetTexts(ctx, p.who, home, id("adv", 0), document.TextsDoc{Name: "Shop GmbH", DueDays: 14})
	must(t, err)
	for party, d := range map[string]document.TextsDoc{id("adv", 0): {Payment: "x"}, id("pub", 0): {Name: "a\nb"}, id("pub", 1): {DueDays: 366}, "": {Footer: strings.Repeat("x", 2001)}} {
		_, err := p.docs.SetTexts(ctx, p.who, home, party, d)
		if inv, ok := err.(*catalog.Invalid); !ok || len(inv.Fields) != 1 {
			t.Errorf("%+v: %v", d, err)
		}
	}
	_, err = p.docs.SetTexts(ctx, p.who, home, "adv_none", document.TextsDoc{})
	wantErr(t, err, catalog.ErrNotFound)
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.now = time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)
	doc := p.issue(document.Invoice, "2026-01-31", "").Documents[0]
	_, err = p.docs.SetTexts(ctx, p.who, home, id("adv", 0), document.TextsDoc{Name: "Another"})
	must(t, err)
	kept, err := p.docs.Get(ctx, p.who, home, doc.ID)
	must(t, err)
	if b := kept.Body; b.Sender != (document.Side{Name: "Acme Ltd", Address: "1 High St\nLondon", TaxID: "GB 1"}) || b.Recipient.Name != theirs.Name || b.DueOn != "2026-02-24" || b.FirstDay != "2026-01-01" || b.LastDay != "2026-01-31" || b.Payment != "IBAN" {
		t.Errorf("body %+v", b)
	}
	if d := cmp.Diff(doc, kept); d != "" {
		t.Errorf("it is kept otherwise than it was issued:\n%s", d)
	}
}

// testLateBooking: what is booked with a time of a period that has its statement is on the
// next one.
func testLateBooking(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	p.now = p.now.AddDate(0, 1, 0)
	p.issue(document.Statement, "2026-01-31", "")
	p.now = p.now.AddDate(0, -1, 0) // the clock jumps
	p.move(p.sell(0, "EUR", 60).ID, conversion.Approved)
	p.now = p.now.AddDate(0, 2, 0)
	p.move(p.sell(0, "EUR", 10).ID, conversion.Approved)
	p.now = p.now.AddDate(0, 0, 1)
	doc := p.issue(document.Statement, "2026-03-01", "").Documents[0]
	if doc.Body.Opening != 50 || doc.Total != 85 || len(doc.Body.Lines) != 2 || doc.Body.Lines[1].Kind != document.LineLate || doc.Body.Lines[1].Amount != 30 {
		t.Errorf("the next statement: %+v", doc)
	}
	s.sound(t)
}

// testDocumentCorrections: what becomes less is on a credit note, what becomes more on the
// invoice, each naming the invoice that billed it; what was approved late says so.
func testDocumentCorrections(t *testing.T, s *Stores) {
	p := newPaper(t, s)
	for range 4 {
		p.move(p.sell(0, "EUR", 100).ID, conversion.Approved)
	}
	late := p.sell(0, "EUR", 7)
	p.now = p.now.AddDate(0, 1, 0)
	first := p.issue(document.Invoice, "2026-01-31", id("adv", 0)).Documents[0]
	p.move(p.made[0], conversion.Reversed)
	p.worth(p.made[1], 30)
	p.worth(p.made[2], 120)
	p.move(late.ID, conversion.Approved)
	p.move(p.sell(0, "EUR", 5).ID, conversion.Approved)
	p.now = p.now.AddDate(0, 1, 0)
	out := p.issue(document.Invoice, "2026-02-28", "").Documents
	if len(out) != 2 {
		t.Fatalf("%d documents", len(out))
	}
	line := func(no int64, kind string, invoice string, count, amount int64) document.Line {
		l := document.Line{No: no, Kind: kind, Offer: id("off", 0), OfferName: "Offer 0", Goal: id("gol", 0), GoalName: "Sale", Count: count, Amount: amount, Invoice: invoice}
		if invoice != "" {
			l.InvoiceNo = 1
		}
		return l
	}
	equal(t, out[0].Body.Lines, []document.Line{line(1, document.LineNew, "", 1, 5), line(2, document.LineEarlier, "", 1, 7), line(3, document.LineMore, first.ID, 1, 20)})
	equal(t, out[1].Body.Lines, []document.Line{line(1, document.LineLess, first.ID, 2, -170)})
	equal(t, []int64{out[0].Number, out[1].Number, out[0].Total, out[1].Total, out[1].Due}, []int64{2, 1, 32, -170, 0})
	p.check(p.now.UnixMicro())
}
