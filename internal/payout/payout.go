// Package payout pays publishers: methods, runs, lines.
//
// Invariants:
//   - What can be paid is derived from the ledger alone: every cause of entries on a
//     publisher's available account (a conversion, an adjustment) is open with the sum of
//     these entries less what lines that are not failed have taken up of it. So the open
//     amounts of a publisher and currency sum to the balance of that account, and so do the
//     lines of a preview with everything it left out.
//   - A line's items sum to its amount, and its amount is what its postings move: available
//     to in payment when the run is approved, in payment to bank when it is paid, back to
//     available when it failed. Each is one transaction with the states of the conversions.
//   - A conversion is in one line at most that is not failed; the database has a key on it.
//   - Details of methods are sealed (AES-GCM, bound to workspace and publisher) and leave
//     only by an export. Everything else has them masked.
package payout

import (
	"context"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// State of a run or of one of its lines.
type State string

// The states of a run: a draft is a preview, an approved one has its money in payment, a
// done one has no open line left. Those of a line: as its run, then paid or failed.
const (
	Draft     State = "draft"
	Approved  State = "approved"
	Done      State = "done"
	Discarded State = "discarded"
	Paid      State = "paid"
	Failed    State = "failed"
)

// Kinds of items.
const (
	ItemConversion = "conversion" // an approved conversion, which the line locks
	ItemCorrection = "correction" // what changed of a conversion that was paid before
	ItemAdjustment = "adjustment" // a bonus or a correction of its own
)

// Reasons why something is left out of a run: a contract, added to and never renamed.
const (
	NotDue         = "not_due"
	Held           = "held"
	Negative       = "negative_balance"
	NothingDue     = "nothing_due"
	BelowMinimum   = "below_minimum"
	NoMethod       = "no_method"
	MethodChanged  = "method_changed"
	MethodCurrency = "method_currency"
	Banned         = "publisher_banned"
	NoRate         = "no_rate"
	NotSelected    = "not_selected"
	CameLater      = "came_later"
)

// Reasons are their sentences.
var Reasons = map[string]string{
	NotDue:         "Approved, but the holding period is not over.",
	Held:           "Somebody holds these conversions back.",
	Negative:       "Corrections after earlier payments are more than what is due; the balance is carried over.",
	NothingDue:     "Corrections use up exactly what is due.",
	BelowMinimum:   "Less than the minimum payment.",
	NoMethod:       "The publisher has no payout method.",
	MethodChanged:  "The payout method was changed only a short time ago.",
	MethodCurrency: "The payout method takes another currency.",
	NoRate:         "There is no exchange rate to the currency the payout method takes.",
	Banned:         "The publisher is banned.",
	NotSelected:    "The run is for other publishers or currencies.",
	CameLater:      "Came after the preview; the next run has it.",
}

// Settings of a workspace. The zero ones hold: no holding period, no minimum, one person is
// enough.
type Settings struct {
	Workspace    string
	HoldingDays  int64            // a commission is payable so long after its approval
	MethodDays   int64            // nothing is paid so long after a change of the method
	SecondPerson bool             // who made a run may not approve it
	Minimums     map[string]int64 // minor units by currency; absent = none
	Updated      int64            // µs
	Version      int64
}

// Method is how a publisher is paid.
type Method struct {
	Workspace string
	Publisher string
	Kind      string // one of Kinds
	Currency  string // the only one it takes, "" = any
	Exchanges bool   // what is in other currencies is exchanged into it
	Sealed    []byte // the Details
	Masked    string // what may be shown of them
	Changed   int64  // µs: of the details
	ChangedBy string // user or key id
	Version   int64
}

// Run is a payout run.
type Run struct {
	ID         string
	Workspace  string
	State      State
	Note       string
	Publishers []string // only these, empty = all
	Currencies []string // only these, empty = all
	Cutoff     int64    // µs: the holding period is counted up to here
	Made       int64    // µs
	MadeBy     string
	Approved   int64 // µs
	ApprovedBy string
	Ended      int64 // µs: done or discarded
	Exported   int64 // µs: last
	ExportedBy string
	Left       []Left // as of the preview, then of the approval
	Version    int64
}

// Line is what one publisher gets in one currency.
type Line struct {
	ID        string
	Workspace string
	Run       string
	Publisher string
	Currency  string
	Amount    int64 // minor units, above 0
	// What is paid: the same, or what it is exchanged into at Rate, the price of one unit of
	// Currency; "" = it is not exchanged.
	PayCurrency string
	PayAmount   int64
	Rate        string // decimal
	RateDate    string // YYYY-MM-DD
	RateSource  string
	State       State // Draft, Approved, Paid, Failed, Discarded
	Method      string
	Masked      string
	MethodNo    int64  // version of the method
	Sealed      []byte // its details as of the approval
	Reference   string // of the bank, when it was paid
	Reason      string // why it failed
	Settled     int64  // µs
	SettledBy   string
	Version     int64
	Items       []Item // where they were asked for
}

// Item is one part of a line.
type Item struct {
	Kind      string // ItemConversion …
	CauseKind string // of the ledger's transactions
	Cause     string // id
	Amount    int64
}

// Left is what a run leaves out of a publisher's balance, with one reason.
type Left struct {
	Publisher string `json:"publisher"`
	Currency  string `json:"currency"`
	Reason    string `json:"reason"`
	Amount    int64  `json:"amount"`
	Causes    int64  `json:"causes"` // conversions and adjustments
}

// Open is what one cause still has on a publisher's available account.
type Open struct {
	Publisher string
	Currency  string
	CauseKind string
	Cause     string
	Amount    int64 // never 0
	// Of a conversion: its state, whether it is held, and since when it is approved (µs).
	Status   conversion.Status
	Held     bool
	Approved int64
}

// RunQuery selects runs of a workspace, newest first.
type RunQuery struct {
	Workspace string
	State     State
	Before    string
	Limit     int
}

// LineQuery selects lines of a workspace, newest first.
type LineQuery struct {
	Workspace string
	Run       string
	Publisher string
	State     State
	Given     bool // only of runs that were approved
	Before    string
	Limit     int
}

// Key seals details. ID is from 1 to 255; the newest key is the one with the highest.
type Key struct {
	ID     int64
	Secret [32]byte
}

// Reader reads one workspace. Absent rows are catalog.ErrNotFound, also foreign ones.
type Reader interface {
	// Settings gives zero ones where there are none.
	Settings(ctx context.Context, workspace string) (*Settings, error)
	Method(ctx context.Context, workspace, publisher string) (*Method, error)
	Methods(ctx context.Context, workspace string) ([]*Method, error)
	Run(ctx context.Context, workspace, id string) (*Run, error)
	Line(ctx context.Context, workspace, id string) (*Line, error)
	// Lines returns all lines of a run in the order of their ids, without items.
	Lines(ctx context.Context, workspace, run string) ([]*Line, error)
	// Items returns those of a line, conversions first, by their ids.
	Items(ctx context.Context, workspace, line string) ([]Item, error)
	// Open returns what is open in a workspace, by publisher, currency, kind of cause and id.
	Open(ctx context.Context, workspace string) ([]Open, error)
}

// Tx is the payouts' part of a transaction of the books.
type Tx interface {
	Reader
	// PutSettings, PutMethod and PutRun write by version, and insert what has version 0.
	PutSettings(ctx context.Context, s *Settings) error
	PutMethod(ctx context.Context, m *Method) error
	PutRun(ctx context.Context, r *Run) error
	// InsertLine adds a line with its items; they are not taken up yet.
	InsertLine(ctx context.Context, l *Line) error
	// PutLine writes what may change of a line, by version. taken says whether its items
	// are taken up; a conversion that another line has is ErrTaken.
	PutLine(ctx context.Context, l *Line, taken bool) error
	// DropLines deletes the lines of a draft.
	DropLines(ctx context.Context, workspace, run string) error
	Audit(ctx context.Context, a catalog.Audit) error
}

// Store keeps payouts beside the books.
type Store interface {
	Reader
	// Within gives the payouts' part of an open transaction.
	Within(tx books.Tx) Tx
	Runs(ctx context.Context, q RunQuery) ([]*Run, error)
	// ListLines returns a page without items.
	ListLines(ctx context.Context, q LineQuery) ([]*Line, error)
	// Keys returns the keys of the installation; FirstKey stores one if there is none.
	Keys(ctx context.Context) ([]Key, error)
	FirstKey(ctx context.Context, k Key) error
	// AuditPayouts compares lines, items, postings and conversions, and reports each
	// difference as a sentence.
	AuditPayouts(ctx context.Context) ([]string, error)
}

// Desk moves conversions in the transaction of a payout; see [books.Desk].
type Desk interface {
	Settle(ctx context.Context, fn func(ctx context.Context, tx books.Tx) error) error
	Lock(ctx context.Context, tx books.Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error)
	Release(ctx context.Context, tx books.Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error)
	Pay(ctx context.Context, tx books.Tx, workspace string, ids []string, actor, reason string) ([]*conversion.Conversion, error)
}
