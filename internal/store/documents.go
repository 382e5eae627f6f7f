package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/document"
	"clickledger/internal/store/q"
)

// documentStore implements document.Store.
type documentStore struct{ booksStore }

// Documents is the storage of documents.
func (db *DB) Documents() document.Store { return documentStore{booksStore{db}} }

// documentReader implements document.Reader on a snapshot, or within a transaction.
type documentReader struct{ q *q.Queries }

// documentTx implements document.Tx.
type documentTx struct {
	documentReader
	tx *booksTx
}

// Update runs fn in a transaction of the books; see document.Store.
func (d documentStore) Update(ctx context.Context, fn func(ctx context.Context, tx document.Tx) error) error {
	return d.booksStore.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		t := tx.(*booksTx)
		return fn(ctx, documentTx{documentReader{t.q}, t})
	})
}

// Read runs fn on one consistent state; see document.Store.
func (d documentStore) Read(ctx context.Context, fn func(ctx context.Context, r document.Reader) error) error {
	return d.db.engine.snapshot(ctx, func(s *session) error { return fn(ctx, documentReader{q.New(s)}) })
}

func documentOf(r q.Document) (*document.Document, error) {
	d := &document.Document{
		ID: r.ID, Workspace: r.Workspace, Kind: document.Kind(r.Kind), Number: r.Number, Party: r.Party, Currency: r.Currency,
		From: r.PeriodFrom, To: r.PeriodTo, Issued: r.Issued, Due: r.Due, Total: r.Total, Actor: r.Actor,
	}
	err := json.Unmarshal([]byte(r.Body), &d.Body)
	if err != nil {
		return nil, fmt.Errorf("store: body of document %s: %w", r.ID, err)
	}
	return d, nil
}

func documentsOf(rows []q.Document) ([]*document.Document, error) {
	out := make([]*document.Document, len(rows))
	for i, r := range rows {
		d, err := documentOf(r)
		if err != nil {
			return nil, err
		}
		out[i] = d
	}
	return out, nil
}

// runKinds are the kinds of documents that a run makes.
func runKinds(run document.Kind) (a, b string) {
	if run == document.Statement {
		return string(run), string(run)
	}
	return string(document.Invoice), string(document.CreditNote)
}

// Last returns the end of the newest period; see document.Reader.
func (r documentReader) Last(ctx context.Context, workspace string, run document.Kind, party, currency string) (int64, error) {
	a, b := runKinds(run)
	return r.q.LastPeriod(ctx, q.LastPeriodParams{Workspace: workspace, Kind: a, Other: b, Party: party, Currency: currency})
}

// Ending returns the documents of a period; see document.Reader.
func (r documentReader) Ending(ctx context.Context, workspace string, run document.Kind, party, currency string, to int64) ([]*document.Document, error) {
	a, b := runKinds(run)
	rows, err := r.q.DocumentsEnding(ctx, q.DocumentsEndingParams{Workspace: workspace, Kind: a, Other: b, PeriodTo: to, Party: party, Currency: currency})
	if err != nil {
		return nil, err
	}
	return documentsOf(rows)
}

// Billable returns who has deltas; see document.Reader.
func (r documentReader) Billable(ctx context.Context, workspace, advertiser string, before int64) ([]document.Pair, error) {
	rows, err := r.q.Billable(ctx, q.BillableParams{Workspace: workspace, Before: before, Advertiser: advertiser})
	return each(rows, func(x q.BillableRow) document.Pair { return document.Pair{Party: x.Advertiser, Currency: x.Currency} }), err
}

// Deltas returns what is to be billed; see document.Reader.
func (r documentReader) Deltas(ctx context.Context, workspace string, of document.Pair, before int64) ([]document.Delta, error) {
	rows, err := r.q.Deltas(ctx, q.DeltasParams{Workspace: workspace, Advertiser: of.Party, Currency: of.Currency, Before: before})
	return each(rows, func(x q.DeltasRow) document.Delta {
		return document.Delta{Conversion: x.ID, Offer: x.Offer, Goal: x.Goal, At: x.At, Worth: x.Worth, Billed: x.Billed, InvoiceNo: x.InvoiceNo}
	}), err
}

// InvoiceByNumber returns an invoice's id; see document.Reader.
func (r documentReader) InvoiceByNumber(ctx context.Context, workspace string, number int64) (string, error) {
	return r.q.InvoiceByNumber(ctx, q.InvoiceByNumberParams{Workspace: workspace, Number: number})
}

// Publishers returns the available balances; see document.Reader.
func (r documentReader) Publishers(ctx context.Context, workspace, publisher string) ([]document.Pair, error) {
	rows, err := r.q.AvailableAccounts(ctx, q.AvailableAccountsParams{Workspace: workspace, Party: publisher})
	return each(rows, func(x q.AvailableAccountsRow) document.Pair {
		return document.Pair{Party: x.Party, Currency: x.Currency}
	}), err
}

// Moves sums bookings; see document.Reader.
func (r documentReader) Moves(ctx context.Context, workspace string, of document.Pair, from, to int64) ([]document.Move, error) {
	rows, err := r.q.Moves(ctx, q.MovesParams{Workspace: workspace, Party: of.Party, Currency: of.Currency, FromAt: from, ToAt: to})
	return each(rows, func(x q.MovesRow) document.Move {
		return document.Move{Kind: x.Kind, Cause: x.CauseKind, Offer: x.Offer, Count: x.N, Amount: x.Amount}
	}), err
}

// FirstBooking returns its time; see document.Reader.
func (r documentReader) FirstBooking(ctx context.Context, workspace string, of document.Pair) (int64, error) {
	return r.q.FirstBooking(ctx, q.FirstBookingParams{Workspace: workspace, Party: of.Party, Currency: of.Currency})
}

// BalancesBefore adds entries up; see document.Reader.
func (r documentReader) BalancesBefore(ctx context.Context, workspace string, of document.Pair, before int64) (document.Balances, error) {
	rows, err := r.q.BalancesBefore(ctx, q.BalancesBeforeParams{Workspace: workspace, Party: of.Party, Currency: of.Currency, Before: before})
	var b document.Balances
	to := map[string]*int64{"publisher_pending": &b.Pending, "publisher_available": &b.Available, "publisher_in_payment": &b.InPayment}
	for _, x := range rows {
		if n := to[x.Kind]; n != nil {
			*n = x.Amount
		}
	}
	return b, err
}

// TextsOf returns billing texts; see document.Reader.
func (r documentReader) TextsOf(ctx context.Context, workspace, party string) (*document.Texts, error) {
	x, err := r.q.BillingTexts(ctx, q.BillingTextsParams{Workspace: workspace, Party: party})
	err = found(err)
	if errors.Is(err, catalog.ErrNotFound) {
		return &document.Texts{Workspace: workspace, Party: party}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: billing texts: %w", err)
	}
	t := document.Texts(x)
	return &t, nil
}

// NextNumber returns the next number; see document.Tx.
func (t documentTx) NextNumber(ctx context.Context, workspace string, kind document.Kind) (int64, error) {
	n, err := t.q.NextNumber(ctx, q.NextNumberParams{Workspace: workspace, Kind: string(kind)})
	return n, t.tx.wrap("next number", err)
}

// itemRows is how many items are inserted at once: an invoice may have a hundred thousand,
// and while they are written nothing else is.
const itemRows = 200

var insertItems = "INSERT INTO document_items (document, conversion, line, amount) VALUES " + placeholders(itemRows, 4)

// placeholders are those of rows: (?1, ?2), (?3, ?4).
func placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("?" + strconv.Itoa(i+1))
	}
	return b.String() + ")"
}

// InsertDocument adds a document behind its items; see document.Tx.
func (t documentTx) InsertDocument(ctx context.Context, d *document.Document) error {
	rest := d.Items
	for ; len(rest) >= itemRows; rest = rest[itemRows:] {
		args := make([]any, 0, 4*itemRows)
		for _, i := range rest[:itemRows] {
			args = append(args, d.ID, i.Conversion, i.Line, i.Amount)
		}
		_, err := t.tx.s.ExecContext(ctx, insertItems, args...)
		if err != nil {
			return t.tx.wrap("insert items", err)
		}
	}
	for _, i := range rest {
		err := t.q.InsertItem(ctx, q.InsertItemParams{Document: d.ID, Conversion: i.Conversion, Line: i.Line, Amount: i.Amount})
		if err != nil {
			return t.tx.wrap("insert item", err)
		}
	}
	body, err := json.Marshal(&d.Body)
	if err != nil {
		return fmt.Errorf("store: body of document %s: %w", d.ID, err)
	}
	n, err := t.q.InsertDocument(ctx, q.InsertDocumentParams{
		ID: d.ID, Workspace: d.Workspace, Kind: string(d.Kind), Number: d.Number, Party: d.Party, Currency: d.Currency, PeriodFrom: d.From, PeriodTo: d.To,
		Issued: d.Issued, Due: d.Due, Total: d.Total, Actor: d.Actor, Body: string(body),
	})
	if err == nil && n == 0 { // another process took the number since we looked: look again
		t.tx.s.fail(errAgain)
		return errAgain
	}
	return t.tx.wrap("insert document", err)
}

// Audit adds a line to the audit trail; see document.Tx.
func (t documentTx) Audit(ctx context.Context, a catalog.Audit) error {
	return t.tx.wrap("audit", insertAudit(ctx, t.q, a))
}

// PutTexts writes billing texts; see document.Tx.
func (t documentTx) PutTexts(ctx context.Context, x *document.Texts) error {
	return t.tx.wrap("billing texts", t.q.PutBillingTexts(ctx, q.PutBillingTextsParams(*x)))
}

// Documents returns a page; see document.Store.
func (d documentStore) Documents(ctx context.Context, w document.Query) ([]*document.Document, error) {
	l := newList[q.Document]("documents").equal("workspace", w.Workspace).given("kind", string(w.Kind)).given("party", w.Party).before(w.Before)
	if w.Conversion != "" {
		l.where = append(l.where, "id IN (SELECT document FROM document_items WHERE conversion = "+l.param(w.Conversion)+")")
	}
	rows, err := collect[q.Document](d.db.engine.reads().dynamic(ctx, l.query(pageSize(w.Limit)), l.args))
	if err != nil {
		return nil, fmt.Errorf("store: documents: %w", err)
	}
	return documentsOf(rows)
}

// Document returns a document; see document.Store.
func (d documentStore) Document(ctx context.Context, workspace, id string) (*document.Document, error) {
	r, err := q.New(d.db.engine.reads()).Document(ctx, q.DocumentParams{ID: id, Workspace: workspace})
	if err != nil {
		err = found(err)
		if errors.Is(err, catalog.ErrNotFound) {
			return nil, err
		}
		return nil, fmt.Errorf("store: document: %w", err)
	}
	return documentOf(r)
}

// Details returns what is behind a line; see document.Store.
func (d documentStore) Details(ctx context.Context, w document.DetailQuery) ([]document.Detail, error) {
	doc, qs := w.Document, q.New(d.db.engine.reads())
	if doc.Kind != document.Statement {
		rows, err := qs.BilledDetails(ctx, q.BilledDetailsParams{Document: doc.ID, After: w.After, Line: w.Line, Most: pageSize(w.Limit)})
		if err != nil {
			return nil, fmt.Errorf("store: items of %s: %w", doc.ID, err)
		}
		return each(rows, func(r q.BilledDetailsRow) document.Detail {
			return document.Detail{Line: r.Line, Conversion: r.Conversion, At: r.At, Order: r.OrderNo, Amount: r.Amount, Cursor: r.Conversion}
		}), nil
	}
	p := q.BookedDetailsParams{Workspace: doc.Workspace, Party: doc.Party, Currency: doc.Currency, FromAt: doc.From, ToAt: doc.To, Every: 1, Most: pageSize(w.Limit)}
	line := map[document.Line]int64{}
	for _, l := range doc.Body.Lines {
		if l.No == w.Line {
			p.Every, p.Kind, p.CauseKind, p.Offer = 0, l.Kind, l.Cause, l.Offer
		}
		line[document.Line{Kind: l.Kind, Cause: l.Cause, Offer: l.Offer}] = l.No
	}
	id, no, _ := strings.Cut(w.After, ".")
	p.After = id
	p.AfterNo, _ = strconv.ParseInt(no, 10, 64) // what is no cursor of ours has no number
	rows, err := qs.BookedDetails(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("store: bookings of %s: %w", doc.ID, err)
	}
	return each(rows, func(r q.BookedDetailsRow) document.Detail {
		x := document.Detail{
			Line: line[document.Line{Kind: r.Kind, Cause: r.CauseKind, Offer: r.Offer}], Booking: r.ID, At: r.Recorded, Kind: r.Kind, Order: r.OrderNo, Amount: r.Amount,
			Cursor: fmt.Sprintf("%s.%d", r.ID, r.No),
		}
		if r.CauseKind == "conversion" {
			x.Conversion = r.Cause
		}
		return x
	}), nil
}

// auditDocuments: numbers have no gaps, totals are those of the items, items belong to a
// conversion, and statements add up and follow one another.
func auditDocuments(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	gaps, err := qs.AuditNumbers(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range gaps {
		say("the numbers of documents of kind %s in workspace %s have a gap: there are %d, and the highest is %d", r.Kind, r.Workspace, r.N, r.Highest)
	}
	totals, err := qs.AuditDocumentTotals(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range totals {
		say("document %s (%s) says a total of %d minor units, its items sum to %d", r.ID, document.Kind(r.Kind).Name(r.Number), r.Total, r.Items)
	}
	orphans, err := qs.AuditOrphanItems(ctx, mostFindings)
	if err != nil {
		return err
	}
	for _, r := range orphans {
		say("document %s bills conversion %s, which is none of its advertiser and currency", r.Document, r.Conversion)
	}
	return auditStatements(ctx, qs, say)
}

// auditStatements adds statements up, and compares each with the one before, by their
// periods: ids follow the clock, which may have jumped.
func auditStatements(ctx context.Context, qs *q.Queries, say func(string, ...any)) error {
	type chain struct{ workspace, party, currency string }
	type end struct {
		id                        string
		from, to, opening, closes int64
	}
	chains := map[chain][]end{}
	after, found := "", 0
	tell := func(format string, args ...any) {
		if found++; found <= mostFindings {
			say(format, args...)
		}
	}
	for {
		rows, err := qs.AuditStatements(ctx, q.AuditStatementsParams{After: after, Most: longestPage})
		if err != nil {
			return err
		}
		ds, err := documentsOf(rows)
		if err != nil {
			return err
		}
		for _, d := range ds {
			after = d.ID
			sum := d.Body.Opening
			for _, l := range d.Body.Lines {
				sum += l.Amount
			}
			if sum != d.Total {
				tell("statement %s opens with %d and closes with %d minor units, its lines say %d", d.ID, d.Body.Opening, d.Total, sum)
			}
			key := chain{d.Workspace, d.Party, d.Currency}
			chains[key] = append(chains[key], end{d.ID, d.From, d.To, d.Body.Opening, d.Total})
		}
		if len(rows) < longestPage {
			break
		}
	}
	for _, ends := range chains {
		slices.SortFunc(ends, func(a, b end) int { return cmp.Compare(a.to, b.to) })
		before := end{to: ends[0].from}
		for _, e := range ends {
			if e.from != before.to || e.opening != before.closes {
				tell("statement %s does not follow the one before: it opens with %d minor units, and that one closed with %d", e.id, e.opening, before.closes)
			}
			before = e
		}
	}
	return nil
}
