// Package document is what parties get in writing: statements of publishers, invoices and
// credit notes of advertisers.
//
// Invariants, those on numbers, sums and change kept by the database as well:
//   - Numbers of a workspace and kind are 1, 2, 3 … without a gap: each is given in the
//     transaction that keeps its document.
//   - A document is never changed or deleted. Its body has names, addresses and lines as
//     they were when it was issued.
//   - What was billed of a conversion is the sum of its items. After a run it is what the
//     conversion is worth: nothing is billed twice, nothing is left out.
//   - The total of an invoice or a credit note is the sum of its items. An invoice has only
//     positive ones, a credit note only negative ones.
//   - Periods of a party and currency follow one another without gap or overlap; opening
//     balance and lines of a statement sum to its closing balance, which is the opening
//     balance of the next.
package document

import (
	"context"
	"errors"
	"fmt"
	"math"

	"clickledger/internal/catalog"
	"clickledger/internal/money"
)

// Kind of a document.
type Kind string

// The kinds.
const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note"
	Statement  Kind = "statement"
)

// KindSpec documents a kind.
type KindSpec struct {
	Name   string // in headings
	Plural string
	Prefix string // of its numbers, as they are shown
	Run    Kind   // what is issued to get it: an invoice run makes credit notes, too
	Help   string
}

// Kinds are all there are.
var Kinds = map[Kind]KindSpec{
	Invoice:    {"Invoice", "Invoices", "INV-", Invoice, "What an advertiser owes for conversions that were approved and not billed before."},
	CreditNote: {"Credit note", "Credit notes", "CRN-", Invoice, "What is taken back of invoices: reversed conversions, refunds, lower amounts."},
	Statement:  {"Statement", "Statements", "STM-", Statement, "What happened on a publisher's available balance."},
}

// Name shows a number: INV-000001.
func (k Kind) Name(number int64) string { return fmt.Sprintf("%s%06d", Kinds[k].Prefix, number) }

// Document is one of them. A draft has no ID and no Number.
type Document struct {
	ID        string
	Workspace string
	Kind      Kind
	Number    int64
	Party     string // advertiser or publisher
	Currency  string
	From, To  int64 // µs, To exclusive: whole days of the workspace's time zone
	Issued    int64 // µs
	Due       int64 // µs: the end of the day by which it is to be paid; 0 = none
	// Total is in minor units: what is owed, below 0 for a credit note; a statement's closing
	// balance.
	Total int64
	Actor string // user or key that issued it
	Body  Body
	Items []Item // what it bills, of drafts only: see Store.Details
}

// Body is what a document says, frozen when it was issued. Amounts are minor units.
type Body struct {
	Sender    Side   `json:"sender"`
	Recipient Side   `json:"recipient"`
	FirstDay  string `json:"first_day"`
	LastDay   string `json:"last_day"`
	IssuedOn  string `json:"issued_on"`
	DueOn     string `json:"due_on,omitempty"`
	TimeZone  string `json:"time_zone"`
	Opening   int64  `json:"opening,omitempty"`    // of a statement
	Pending   int64  `json:"pending,omitempty"`    // of a statement: not approved yet at its end
	InPayment int64  `json:"in_payment,omitempty"` // of a statement: taken up by a payout run, not paid yet at its end
	Lines     []Line `json:"lines"`
	Payment   string `json:"payment,omitempty"` // how to pay
	Footer    string `json:"footer,omitempty"`
}

// Side is who a document is from, or for.
type Side struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
	TaxID   string `json:"tax_id,omitempty"`
}

// Line is a line of a document: what falls together by kind, offer and goal.
type Line struct {
	No        int64  `json:"no"` // from 1
	Kind      string `json:"kind"`
	Cause     string `json:"cause,omitempty"` // of a statement's: what caused its transactions
	Offer     string `json:"offer,omitempty"`
	OfferName string `json:"offer_name,omitempty"`
	Goal      string `json:"goal,omitempty"`
	GoalName  string `json:"goal_name,omitempty"`
	Invoice   string `json:"invoice,omitempty"`    // id of the invoice that is corrected
	InvoiceNo int64  `json:"invoice_no,omitempty"` // its number
	Count     int64  `json:"count"`                // conversions or bookings
	Amount    int64  `json:"amount"`
}

// Kinds of lines. A statement's are the kinds of ledger transactions, and LineLate.
const (
	LineNew     = "conversions"         // of the period
	LineEarlier = "earlier_conversions" // of before the period, approved since the last run
	LineMore    = "correction"          // a conversion of an earlier invoice is worth more
	LineLess    = "credit"              // it is worth less, or nothing any more
	LineLate    = "late"                // booked with a time within an earlier statement's period, after that was issued
)

// lineWords say what a line is about. Of a statement's, the key is cause and kind.
var lineWords = map[string]string{
	LineNew: "Conversions", LineEarlier: "Conversions from before the period", LineMore: "Correction", LineLess: "Correction", LineLate: "Booked late, for earlier periods",
	"conversion approval": "Approved conversions", "conversion reversal": "Reversed conversions", "conversion adjustment": "Changed amounts",
	"adjustment bonus": "Bonuses and corrections", "payout_line payout": "Payments", "payout_line payment_failed": "Payments that failed", "payout_line": "Payments",
}

// Text says what a line is about, without offer and goal.
func (l *Line) Text() string {
	if l.Cause == "" {
		return lineWords[l.Kind]
	}
	for _, key := range []string{l.Cause + " " + l.Kind, l.Cause} {
		if w, ok := lineWords[key]; ok {
			return w
		}
	}
	return l.Kind
}

// Item is what a line bills of a conversion.
type Item struct {
	Line       int64
	Conversion string
	Amount     int64 // minor units, never 0
}

// Detail is one row behind a line: an item of an invoice or credit note, or a booking of a
// statement.
type Detail struct {
	Line       int64
	Conversion string // "" = it was no conversion
	Booking    string // of a statement: the ledger transaction
	At         int64  // µs: of the conversion; of a statement, when it was booked
	Kind       string // of a statement: the kind of transaction
	Order      string
	Amount     int64
	Cursor     string // its place: rows sort by it
}

// Texts are what documents say about one side, and what we ask of the other. Those of the
// party "" are the workspace's own.
type Texts struct {
	Workspace string
	Party     string
	Name      string // "" = its name here
	Address   string
	TaxID     string
	DueDays   int64  // after how many days an invoice is due; of a party: 0 = as the workspace says
	Payment   string // how to pay; of the workspace
	Footer    string // of the workspace
	Actor     string
	Changed   int64 // µs
}

// Delta is a conversion that is worth something else than what was billed of it.
type Delta struct {
	Conversion  string
	Offer, Goal string
	At          int64 // µs
	Worth       int64 // what is due for it now
	Billed      int64
	InvoiceNo   int64 // the invoice that billed it first; 0 = none did
}

// Move is what the bookings of one kind and offer did to a balance.
type Move struct {
	Kind, Cause, Offer string
	Count              int64
	Amount             int64 // in favour of the party
}

// Pair is a party with a currency.
type Pair struct{ Party, Currency string }

// Balances are a publisher's accounts at a moment.
type Balances struct{ Pending, Available, InPayment int64 }

// Query selects documents of one workspace, newest first.
type Query struct {
	Workspace string
	Kind      Kind   // "" = all
	Party     string // "" = all
	// Conversion keeps those that bill it; "" = all.
	Conversion string
	Before     string // last id of the page before
	Limit      int
}

// DetailQuery selects what is behind a document's line.
type DetailQuery struct {
	Document *Document
	Line     int64 // 0 = all
	After    string
	Limit    int
}

// Reader reads, in one consistent state, what documents are made of.
type Reader interface {
	// Last is when the newest period of a run's kind ends, and To 0 when there is none.
	Last(ctx context.Context, workspace string, run Kind, party, currency string) (to int64, err error)
	// Ending returns the documents of a run's kind whose period ends at a moment.
	Ending(ctx context.Context, workspace string, run Kind, party, currency string, to int64) ([]*Document, error)
	// Billable are the advertisers and currencies with deltas; advertiser "" = all of them.
	Billable(ctx context.Context, workspace, advertiser string, before int64) ([]Pair, error)
	// Deltas are of conversions that happened before a moment, in the order of their ids.
	Deltas(ctx context.Context, workspace string, of Pair, before int64) ([]Delta, error)
	// InvoiceByNumber gives the id of an invoice.
	InvoiceByNumber(ctx context.Context, workspace string, number int64) (id string, err error)
	// Publishers are those with an available balance, or one that was ever booked.
	Publishers(ctx context.Context, workspace, publisher string) ([]Pair, error)
	// Moves sums what was booked on the available balance in a period.
	Moves(ctx context.Context, workspace string, of Pair, from, to int64) ([]Move, error)
	// FirstBooking is when the available balance was first booked, µs.
	FirstBooking(ctx context.Context, workspace string, of Pair) (int64, error)
	// BalancesBefore are a publisher's by what was booked before a moment.
	BalancesBefore(ctx context.Context, workspace string, of Pair, before int64) (Balances, error)
	// TextsOf returns them; all empty when none were written.
	TextsOf(ctx context.Context, workspace, party string) (*Texts, error)
}

// Tx keeps a document.
type Tx interface {
	Reader
	// NextNumber is the next of a workspace and kind.
	NextNumber(ctx context.Context, workspace string, kind Kind) (int64, error)
	// InsertDocument adds it with its items.
	InsertDocument(ctx context.Context, d *Document) error
	// PutTexts writes them.
	PutTexts(ctx context.Context, t *Texts) error
	// Audit adds a line to the audit trail.
	Audit(ctx context.Context, a catalog.Audit) error
}

// Store keeps documents.
type Store interface {
	// Update runs fn in one transaction; fn must be repeatable.
	Update(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error
	// Read runs fn on one consistent state.
	Read(ctx context.Context, fn func(ctx context.Context, r Reader) error) error
	// Documents returns a page.
	Documents(ctx context.Context, q Query) ([]*Document, error)
	// Document returns it, or catalog.ErrNotFound; also for another workspace.
	Document(ctx context.Context, workspace, id string) (*Document, error)
	// Details returns a page of what is behind a line.
	Details(ctx context.Context, q DetailQuery) ([]Detail, error)
}

// ErrRange says that amounts sum to more than can be kept.
var ErrRange = errors.New("document: the amounts sum to more than can be kept")

// add adds minor units.
func add(a, b int64) (int64, error) {
	c := a + b
	if (b >= 0) != (c >= a) || c == math.MinInt64 {
		return 0, ErrRange
	}
	return c, nil
}

// Amount shows minor units of the document's currency.
func (d *Document) Amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: money.Currency(d.Currency)}.String()
}
