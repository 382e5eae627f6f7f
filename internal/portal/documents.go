package portal

import (
	"context"
	"fmt"
	"io"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/document"
)

// Documents is what the portals need of *document.Service, which knows whose they are itself.
type Documents interface {
	OwnList(ctx context.Context, p account.Principal, before string, limit int) ([]*document.Document, error)
	Own(ctx context.Context, p account.Principal, id string) (*document.Document, error)
	OwnDetails(ctx context.Context, p account.Principal, id string, line int64, after string, limit int) (*document.Document, []document.Detail, error)
	OwnExporter(ctx context.Context, p account.Principal, id string, line int64) (*document.Document, func(ctx context.Context, w io.Writer) error, error)
}

// Document is what was issued to the party: a statement, an invoice or a credit note.
type Document struct {
	ID        string         `json:"id" doc:"Its id."`
	Kind      string         `json:"kind" enum:"invoice,credit_note,statement" doc:"What it is."`
	Number    string         `json:"number" example:"INV-000001" doc:"Its number."`
	FirstDay  string         `json:"first_day" doc:"The first day of its period, in the program's time zone."`
	LastDay   string         `json:"last_day" doc:"The last day."`
	IssuedOn  string         `json:"issued_on" doc:"The day it was issued."`
	DueOn     string         `json:"due_on" doc:"The day by which it is to be paid; empty: none."`
	Total     Money          `json:"total" doc:"The sum of its lines, below 0 for a credit note; of a statement, its closing balance."`
	Opening   string         `json:"opening" doc:"Of a statement: the balance before its lines."`
	Pending   string         `json:"pending" doc:"Of a statement: what was not approved yet at its end."`
	InPayment string         `json:"in_payment" doc:"Of a statement: what was in a payment at its end."`
	Sender    DocumentSide   `json:"sender" doc:"Who it is from."`
	Recipient DocumentSide   `json:"recipient" doc:"Who it is for: you."`
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
	Line    int64  `json:"line" doc:"From 1."`
	Text    string `json:"text" doc:"What it is about."`
	Offer   Named  `json:"offer" doc:"The offer, by its name then; empty: it is about none."`
	Goal    string `json:"goal" doc:"The goal's name; empty: all."`
	Invoice string `json:"invoice" doc:"The number of the invoice that is corrected; empty: none."`
	Count   int64  `json:"count" doc:"How many conversions, or bookings."`
	Amount  string `json:"amount" doc:"What they come to."`
}

// DocumentItem is a row behind a line.
type DocumentItem struct {
	Line       int64     `json:"line" doc:"The line it is part of."`
	Conversion string    `json:"conversion" doc:"The conversion; empty: it was none."`
	TxID       string    `json:"txid" doc:"Its order number."`
	At         time.Time `json:"at" doc:"When it happened; of a statement, when it was booked."`
	Amount     string    `json:"amount" doc:"What it comes to."`
}

func documentView(d *document.Document) Document {
	v := Document{ID: d.ID, Kind: string(d.Kind), Number: d.Kind.Name(d.Number), FirstDay: d.Body.FirstDay, LastDay: d.Body.LastDay, IssuedOn: d.Body.IssuedOn, DueOn: d.Body.DueOn,
		Total: moneyOf(d.Total, d.Currency), Opening: d.Amount(d.Body.Opening), Pending: d.Amount(d.Body.Pending), InPayment: d.Amount(d.Body.InPayment), Sender: DocumentSide(d.Body.Sender), Recipient: DocumentSide(d.Body.Recipient),
		Lines: []DocumentLine{}, Payment: d.Body.Payment, Footer: d.Body.Footer}
	for i := range d.Body.Lines {
		l := &d.Body.Lines[i]
		x := DocumentLine{Line: l.No, Text: l.Text(), Offer: Named{l.Offer, l.OfferName}, Goal: l.GoalName, Count: l.Count, Amount: d.Amount(l.Amount)}
		if l.InvoiceNo != 0 {
			x.Invoice = document.Invoice.Name(l.InvoiceNo)
		}
		v.Lines = append(v.Lines, x)
	}
	return v
}

func (d *door) documents() (Documents, error) {
	if d.s.o.Documents == nil {
		return nil, catalog.ErrNotFound
	}
	return d.s.o.Documents, nil
}

// Documents are those of the party, newest first.
func (d *door) Documents(ctx context.Context, at Paging) (Page[Document], error) {
	rows, err := d.Papers(ctx, at.Cursor, at.limit()+1)
	if err != nil {
		return Page[Document]{}, err
	}
	return page(rows, at.limit(), func(x *document.Document) string { return x.ID }, documentView), nil
}

// Document is one of them, or catalog.ErrNotFound.
func (d *door) Document(ctx context.Context, id string) (*Document, error) {
	x, _, err := d.Paper(ctx, id, 0, "", 1)
	if err != nil {
		return nil, err
	}
	v := documentView(x)
	return &v, nil
}

// DocumentItems lists what is behind a line of a document, or behind all of them with line 0.
func (d *door) DocumentItems(ctx context.Context, id string, line int64, at Paging) (Page[DocumentItem], error) {
	x, rows, err := d.Paper(ctx, id, line, at.Cursor, at.limit()+1)
	if err != nil {
		return Page[DocumentItem]{}, err
	}
	return page(rows, at.limit(), func(r document.Detail) string { return r.Cursor }, func(r document.Detail) DocumentItem {
		return DocumentItem{Line: r.Line, Conversion: r.Conversion, TxID: r.Order, At: timeOf(r.At), Amount: x.Amount(r.Amount)}
	}), nil
}

// Papers are the party's documents as they were issued; they are written for it, so it may
// see all of them.
func (d *door) Papers(ctx context.Context, before string, limit int) ([]*document.Document, error) {
	all, err := d.documents()
	if err != nil {
		return nil, err
	}
	rows, err := all.OwnList(ctx, d.asks, before, limit)
	if err != nil {
		return nil, fmt.Errorf("documents: %w", err)
	}
	return rows, nil
}

// Paper is one of them with a page of what is behind a line.
func (d *door) Paper(ctx context.Context, id string, line int64, after string, limit int) (*document.Document, []document.Detail, error) {
	all, err := d.documents()
	if err != nil {
		return nil, nil, err
	}
	return all.OwnDetails(ctx, d.asks, id, line, after, limit)
}

// PaperFile finds one and gives what writes the rows behind a line as CSV.
func (d *door) PaperFile(ctx context.Context, id string, line int64) (*document.Document, func(ctx context.Context, w io.Writer) error, error) {
	all, err := d.documents()
	if err != nil {
		return nil, nil, err
	}
	return all.OwnExporter(ctx, d.asks, id, line)
}
