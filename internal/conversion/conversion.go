// Package conversion judges signals: guards, match, de-duplicate, price, state
// machine.
//
// Invariants:
//   - A conversion is unique by (workspace, advertiser, goal, order number) across
//     clicks and methods; without an order number by (click, goal).
//   - Every judgment stores what it used: catalog revision, rule, sent values.
//   - A state changes only along [Transitions], and every change posts its money in
//     the same transaction.
package conversion

import (
	"context"

	"clickledger/internal/caps"
	"clickledger/internal/event"
)

// Status of a conversion.
type Status string

// The statuses (DESIGN §2).
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Rejected Status = "rejected"
	Locked   Status = "locked"
	Paid     Status = "paid"
	Reversed Status = "reversed"
)

// Conversion is an accepted goal event.
type Conversion struct {
	ID         string
	Workspace  string
	DedupKey   string // unique in the workspace, see [OrderKey] and [ClickKey]
	Click      event.ClickID
	Signal     string // id of the signal that made it
	At         int64  // event time, µs
	ClickAt    int64  // µs
	Recorded   int64  // µs
	Advertiser string
	Offer      string
	Goal       string // id
	GoalKey    string
	Publisher  string
	Link       string
	Order      string // order number as sent
	Method     string // how the click was matched
	Source     string // kind of the signal that vouches for it, one of event's Signal constants: that of its maker, until a server speaks about what a page had begun
	Status     Status
	Currency   string
	Revenue    int64  // minor units
	Commission int64  // minor units
	SaleAmount int64  // minor units
	HasSale    bool   // a sale amount was sent
	Sent       string // the payout as sent, "" = absent
	Country    string // of the click
	Geo        string // of the signal's parameter geo, "" = absent
	Coupon     string // as sent, "" = none
	CouponNote string // what the coupon decided, or why it decided nothing, in a sentence
	Test       bool
	PayoutRule string // which rule set the revenue, in words
	CommRule   string // which rule set the commission, in words
	Rule       string // id of the commission rule that priced it, "" = none did, or several: see CommLines
	// RuleVersion is the version of Rule by which it was priced.
	RuleVersion int64
	Tier        int64  // the lowest tier of retroactive rules that it was priced or lifted by, 0 = none
	Terms       int64  // number of the version of the offer's terms it was priced by, 0 = there was none
	Warning     string // e.g. payout is postback but none was sent: revenue 0

	// The signal's own currency with its amounts as sent, where it was another one (P11):
	// Sent and SentSale are in it, and Rate made SaleAmount and a sent payout of them.
	SentCurrency string
	SentSale     string
	SentBy       string // kind of the signal that brought Sent: a page's is believed less
	Rate         FX
	// Report is the rate to the workspace's reporting currency on the conversion's day.
	ReportCurrency string
	Report         FX

	// What commission rules ask for, as the signal brought it.
	CommissionID string
	Customer     string // hashed: the same customer of the same advertiser has the same, "" = not known
	Items        string // item lines: see [ParseItems], "" = none
	CommLines    string // what each line pays and why, JSON of [CommLine]s, "" = the order is one line

	Params   string // the signal's custom parameters, a JSON object of texts; "" = none
	Hold     string // why it waits for somebody's decision: HoldStaff or HoldCap, "" = it does not
	HoldNote string // of HoldStaff: why, in the words of who holds it
	OverCap  string // the cap it is beyond, in words, "" = none
	Revision int64  // catalog revision of the judgment
	Dims     []byte // the encoded event.Visit it was matched to
	Version  int64

	// Adjusted says that its amounts were changed after it was recorded; the Base amounts are
	// what refunds take their share of: those before the first one, or as they were changed.
	Adjusted                              bool
	BaseSale, BaseRevenue, BaseCommission int64
}

// Why a conversion is held: nothing but somebody's decision approves it, and none of the two
// is paid.
const (
	HoldStaff = "staff"    // somebody holds it
	HoldCap   = "over_cap" // it is beyond a cap of its offer, which holds such
)

// FX is an exchange rate as it was used. The zero FX is none.
type FX struct {
	Rate   string // decimal: units of the other currency for one unit
	Date   string // YYYY-MM-DD of the rate
	Source string // see money.Rate
}

// Change is one transition of a conversion.
type Change struct {
	Conversion string
	At         int64 // µs
	From, To   Status
	Actor      string // user, key or signal id
	Reason     string
}

// Query selects conversions of one workspace, newest first.
type Query struct {
	Workspace  string
	Offer      string
	Publisher  string
	Advertiser string
	Status     Status
	Click      string // hex
	Order      string
	Held       bool   // only those that wait for a decision
	Before     string // last id of the page before
	Limit      int
}

// VolumeQuery selects conversions that count towards a tier.
type VolumeQuery struct {
	Workspace, Offer, Publisher string
	From, To                    int64  // µs of event time, To exclusive; 0 = no bound
	Before                      string // those recorded before this conversion, "" = all
	Except                      string // not this one
}

// Tx is what judging and deciding write.
type Tx interface {
	// ConversionByDedup returns the conversion with the key, or catalog.ErrNotFound.
	ConversionByDedup(ctx context.Context, workspace, key string) (*Conversion, error)
	// ConversionsByClick returns the conversions of one click.
	ConversionsByClick(ctx context.Context, workspace string, click event.ClickID) ([]*Conversion, error)
	// GetConversion returns it, or catalog.ErrNotFound; also for another workspace.
	GetConversion(ctx context.Context, workspace, id string) (*Conversion, error)
	// InsertConversion adds it; a taken DedupKey is ErrTaken.
	InsertConversion(ctx context.Context, c *Conversion) error
	// UpdateConversion writes what may change (status, source, dedup key, order, amounts with
	// their base, rules and revision, rates, hold, cap, warning) if the stored version is c.Version, and raises it;
	// catalog.ErrVersion otherwise.
	UpdateConversion(ctx context.Context, c *Conversion) error
	// InsertOnsite adds an on-site event, unless one with its DedupKey was counted before.
	InsertOnsite(ctx context.Context, o *Onsite) (fresh bool, err error)
	// InsertChange adds a line to the conversion's history.
	InsertChange(ctx context.Context, ch *Change) error
	// InsertAdjustment adds one; false when the conversion has one with its key.
	InsertAdjustment(ctx context.Context, a *Adjustment) (fresh bool, err error)
	// AdjustmentsOf returns a conversion's, oldest first.
	AdjustmentsOf(ctx context.Context, workspace, conversion string) ([]*Adjustment, error)

	// Volume counts the publisher's conversions with an offer, and adds up their sale
	// amounts, refused ones left out.
	Volume(ctx context.Context, q VolumeQuery) (conversions, sales int64, err error)
	// Liftable lists conversions that a rule priced, alone or a line of, below a tier, oldest
	// first: pending and approved ones without adjustments.
	Liftable(ctx context.Context, q VolumeQuery, rule string, tier int64, limit int) ([]string, error)
	// FirstOrder is the event time (µs) of the customer's first conversion of a goal, of those
	// recorded before one ("" = all), refused ones left out; 0 = there is none.
	FirstOrder(ctx context.Context, workspace, customer, goal, before string) (int64, error)

	caps.Tx
	TestTx
}

// Reader is what the console and the API read.
type Reader interface {
	ListConversions(ctx context.Context, q Query) ([]*Conversion, error)
	Changes(ctx context.Context, conversion string) ([]*Change, error)
	// Adjustments returns a conversion's, oldest first.
	Adjustments(ctx context.Context, workspace, conversion string) ([]*Adjustment, error)
	// Waiting returns ids of pending conversions of an offer that nobody holds and that
	// happened and were recorded before a moment (µs), in their order, behind an id.
	Waiting(ctx context.Context, offer string, before int64, after string, limit int) ([]string, error)
	// OnsiteEvents counts the on-site events of a workspace.
	OnsiteEvents(ctx context.Context, workspace string) ([]OnsiteCount, error)
}
