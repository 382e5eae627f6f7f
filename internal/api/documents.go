package api

import (
	"context"
	"net/http"
	"time"

	"clickledger/internal/document"
)

// Document is an invoice, a credit note or a statement, as it was issued.
type Document struct {
	ID        string         `json:"id" doc:"Its id; empty in a preview."`
	Kind      string         `json:"kind" enum:"invoice,credit_note,statement" doc:"What it is."`
	Number    int64          `json:"number" doc:"From 1, without a gap, in its workspace and kind; 0 in a preview."`
	Name      string         `json:"name" example:"INV-000001" doc:"The number as it is shown; empty in a preview."`
	Party     string         `json:"party" doc:"The advertiser or publisher."`
	Currency  string         `json:"currency" doc:"Of all amounts."`
	From      time.Time      `json:"from" doc:"When its period begins."`
	To        time.Time      `json:"to" doc:"When its period ends; what is at this very moment belongs to the next."`
	FirstDay  string         `json:"first_day" doc:"The first day of the period, in the workspace's time zone."`
	LastDay   string         `json:"last_day" doc:"The last day."`
	Issued    time.Time      `json:"issued" doc:"When it was issued."`
	IssuedOn  string         `json:"issued_on" doc:"The same as a day."`
	DueOn     string         `json:"due_on" doc:"The day by which it is to be paid; empty: none."`
	Total     string         `json:"total" doc:"The sum of its lines: of an invoice, what is owed; of a credit note, below 0. The closing balance of a statement."`
	Opening   string         `json:"opening" doc:"Of a statement: the balance before its lines, which is the closing balance of the one before."`
	Pending   string         `json:"pending" doc:"Of a statement: what was not approved yet at its end."`
	InPayment string         `json:"in_payment" doc:"Of a statement: what was in a payout run at its end, not paid yet."`
	Sender    DocumentSide   `json:"sender" doc:"Who it is from."`
	Recipient DocumentSide   `json:"recipient" doc:"Who it is for."`
	Lines     []DocumentLine `json:"lines" nullable:"false" doc:"What it lists."`
	Payment   string         `json:"payment" doc:"How to pay."`
	Footer    string         `json:"footer" doc:"What stands at its end."`
}

// DocumentSide is who a document is from or for, as it was when it was issued.
type DocumentSide struct {
	Name    string `json:"name" doc:"Name."`
	Address string `json:"address" doc:"Address, one line each."`
	TaxID   string `json:"tax_id" doc:"Tax id."`
}

// DocumentLine is a line of a document.
type DocumentLine struct {
	No          int64  `json:"line" doc:"From 1."`
	Kind        string `json:"kind" doc:"Of invoices: conversions, earlier_conversions, correction; of credit notes: credit; of statements: the kind of booking, or late for what was booked with a time of an earlier statement."`
	Text        string `json:"text" doc:"The same in words."`
	Offer       string `json:"offer" doc:"The offer."`
	OfferName   string `json:"offer_name" doc:"Its name then."`
	Goal        string `json:"goal" doc:"The goal."`
	GoalName    string `json:"goal_name" doc:"Its name then."`
	Invoice     string `json:"invoice" doc:"The invoice that is corrected; empty: none."`
	InvoiceName string `json:"invoice_name" doc:"Its number."`
	Count       int64  `json:"count" doc:"How many conversions, or bookings."`
	Amount      string `json:"amount" doc:"What they come to."`
}

// DocumentItem is a row behind a line.
type DocumentItem struct {
	Line       int64     `json:"line" doc:"The line it is part of; 0: it was booked late, for the next statement."`
	Conversion string    `json:"conversion" doc:"The conversion; empty: it was none."`
	Order      string    `json:"order" doc:"Its order number."`
	Booking    string    `json:"booking" doc:"Of a statement: the ledger transaction."`
	Kind       string    `json:"kind" doc:"Of a statement: the kind of ledger transaction."`
	Time       time.Time `json:"time" doc:"When the conversion happened; of a statement, when it was booked."`
	Amount     string    `json:"amount" doc:"Billed, credited or booked."`
}

// DocumentRun is what issuing came to.
type DocumentRun struct {
	Documents []Document `json:"documents" nullable:"false" doc:"The documents of the period."`
	Fresh     int        `json:"fresh" doc:"How many of them are new; the others were issued before."`
}

// BillingTexts are what documents say about one side.
type BillingTexts struct {
	Party   string `json:"party" doc:"The advertiser or publisher; empty: the workspace itself."`
	Name    string `json:"name" doc:"The name on documents; empty: its name here."`
	Address string `json:"address" doc:"The address, one line each."`
	TaxID   string `json:"tax_id" doc:"The tax id."`
	DueDays int64  `json:"due_days" doc:"After how many days an invoice is due; of an advertiser, 0: as the workspace says."`
	Payment string `json:"payment" doc:"How invoices are to be paid."`
	Footer  string `json:"footer" doc:"What stands at the end of each document."`
}

func documentView(d *document.Document) Document {
	v := Document{
		ID: d.ID, Kind: string(d.Kind), Number: d.Number, Party: d.Party, Currency: d.Currency, From: timeOf(d.From), To: timeOf(d.To), FirstDay: d.Body.FirstDay, LastDay: d.Body.LastDay,
		Issued: timeOf(d.Issued), IssuedOn: d.Body.IssuedOn, DueOn: d.Body.DueOn, Total: d.Amount(d.Total), Opening: d.Amount(d.Body.Opening), Pending: d.Amount(d.Body.Pending), InPayment: d.Amount(d.Body.InPayment),
		Sender: DocumentSide(d.Body.Sender), Recipient: DocumentSide(d.Body.Recipient), Lines: []DocumentLine{}, Payment: d.Body.Payment, Footer: d.Body.Footer,
	}
	if d.Number != 0 {
		v.Name = d.Kind.Name(d.Number)
	}
	for _, l := range d.Body.Lines {
		x := DocumentLine{l.No, l.Kind, l.Text(), l.Offer, l.OfferName, l.Goal, l.GoalName, l.Invoice, "", l.Count, d.Amount(l.Amount)}
		if l.InvoiceNo != 0 {
			x.InvoiceName = document.Invoice.Name(l.InvoiceNo)
		}
		v.Lines = append(v.Lines, x)
	}
	return v
}

func itemView(d *document.Document) func(document.Detail) DocumentItem {
	return func(x document.Detail) DocumentItem {
		return DocumentItem{x.Line, x.Conversion, x.Order, x.Booking, x.Kind, timeOf(x.At), d.Amount(x.Amount)}
	}
}

type documentsInput struct {
	Scope
	Paging
	Kind  string `query:"kind" enum:"invoice,credit_note,statement" doc:"Only of this kind."`
	Party string `query:"party" maxLength:"64" doc:"Only of this advertiser or publisher."`
	Cause string `query:"conversion" maxLength:"64" doc:"Only those that bill this conversion."`
}

// LineInput selects a line of a document.
type LineInput struct {
	Line int64 `query:"line" minimum:"0" maximum:"1000000" doc:"Only what is behind this line. Default: all of them."`
}

type documentItemsInput struct {
	One
	Paging
	LineInput
}

type documentFileInput struct {
	One
	LineInput
}

type issueInput struct {
	Scope
	Body body[document.IssueDoc]
}

// TextsInput says whose texts.
type TextsInput struct {
	Scope
	Party string `query:"party" maxLength:"64" doc:"The advertiser or publisher. Default: the workspace itself."`
}

type setTextsInput struct {
	TextsInput
	Body body[document.TextsDoc]
}

type (
	documentOutput    struct{ Body Document }
	documentRunOutput struct{ Body DocumentRun }
	textsOutput       struct{ Body BillingTexts }
)

func (s *server) registerDocuments() {
	const tag = "documents"
	add(s, route{method: http.MethodGet, path: "/documents", id: "list-documents", tag: tag, summary: "List invoices, credit notes and statements, newest first"}, s.listDocuments)
	add(s, route{method: http.MethodPost, path: "/documents/preview", id: "preview-documents", tag: tag, summary: "Show what issuing would give", read: true,
		text: "The same documents as `POST /documents` gives, without ids and numbers. Nothing is kept."}, s.previewDocuments)
	add(s, route{method: http.MethodPost, path: "/documents", id: "issue-documents", tag: tag, summary: "Issue the documents of a period",
		text: "Of one party, or of all that have something in it. Periods follow one another without a gap. The same period again gives what was issued."}, s.issueDocuments)
	add(s, route{method: http.MethodGet, path: "/documents/{id}", id: "get-document", tag: tag, summary: "Read a document as it was issued"}, s.getDocument)
	add(s, route{method: http.MethodGet, path: "/documents/{id}/items", id: "list-document-items", tag: tag, summary: "List the conversions or bookings behind a document's lines"}, s.documentItems)
	add(s, route{method: http.MethodGet, path: "/documents/{id}/items.csv", id: "export-document-items", tag: tag, summary: "Export them as CSV", media: "text/csv",
		text: "Text that a spreadsheet would run begins with an apostrophe."}, s.exportDocument)
	add(s, route{method: http.MethodGet, path: "/billing-texts", id: "get-billing-texts", tag: tag, summary: "Read the name, address and texts on documents"}, s.billingTexts)
	add(s, route{method: http.MethodPost, path: "/billing-texts", id: "set-billing-texts", tag: tag, summary: "Set the name, address and texts on documents",
		text: "All of them are replaced. Documents that were issued keep theirs."}, s.setBillingTexts)
}

// documentsOf is the workspace of a request about documents.
func (s *server) documentsOf(ctx context.Context, in Scope) (string, error) {
	if s.Documents == nil {
		return "", errAbsent
	}
	return s.workspace(ctx, in)
}

func (s *server) listDocuments(ctx context.Context, in *documentsInput) (*pageOutput[Document], error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	ds, err := s.Documents.List(ctx, caller(ctx), document.Query{Workspace: ws, Kind: document.Kind(in.Kind), Party: in.Party, Conversion: in.Cause, Before: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return cut(ds, in.Limit, func(d *document.Document) string { return d.ID }, documentView), nil
}

func (s *server) previewDocuments(ctx context.Context, in *issueInput) (*documentRunOutput, error) {
	return s.documentRun(ctx, in, false)
}

func (s *server) issueDocuments(ctx context.Context, in *issueInput) (*documentRunOutput, error) {
	return s.documentRun(ctx, in, true)
}

func (s *server) documentRun(ctx context.Context, in *issueInput, issue bool) (*documentRunOutput, error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d document.IssueDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	do := s.Documents.Preview
	if issue {
		do = s.Documents.Issue
	}
	run, err := do(ctx, caller(ctx), ws, d)
	if err != nil {
		return nil, err
	}
	out := &documentRunOutput{DocumentRun{Documents: []Document{}, Fresh: run.Fresh}}
	for _, d := range run.Documents {
		out.Body.Documents = append(out.Body.Documents, documentView(d))
	}
	return out, nil
}

func (s *server) getDocument(ctx context.Context, in *One) (*documentOutput, error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	d, err := s.Documents.Get(ctx, caller(ctx), ws, in.ID)
	if err != nil {
		return nil, err
	}
	return &documentOutput{documentView(d)}, nil
}

func (s *server) documentItems(ctx context.Context, in *documentItemsInput) (*pageOutput[DocumentItem], error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	d, rows, err := s.Documents.Details(ctx, caller(ctx), ws, in.ID, in.Line, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return cut(rows, in.Limit, func(x document.Detail) string { return x.Cursor }, itemView(d)), nil
}

func (s *server) exportDocument(ctx context.Context, in *documentFileInput) (*fileOutput, error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	d, write, err := s.Documents.Exporter(ctx, caller(ctx), ws, in.ID, in.Line)
	if err != nil {
		return nil, err
	}
	return s.file("text/csv; charset=utf-8", d.Kind.Name(d.Number)+".csv", write), nil
}

func textsView(t *document.Texts) BillingTexts {
	return BillingTexts{t.Party, t.Name, t.Address, t.TaxID, t.DueDays, t.Payment, t.Footer}
}

func (s *server) billingTexts(ctx context.Context, in *TextsInput) (*textsOutput, error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	t, err := s.Documents.Texts(ctx, caller(ctx), ws, in.Party)
	if err != nil {
		return nil, err
	}
	return &textsOutput{textsView(t)}, nil
}

func (s *server) setBillingTexts(ctx context.Context, in *setTextsInput) (*textsOutput, error) {
	ws, err := s.documentsOf(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	var d document.TextsDoc
	err = decode(in.Body.raw, &d)
	if err != nil {
		return nil, err
	}
	t, err := s.Documents.SetTexts(ctx, caller(ctx), ws, in.Party, d)
	if err != nil {
		return nil, err
	}
	return &textsOutput{textsView(t)}, nil
}
