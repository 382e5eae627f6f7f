// Package catalog holds what is tracked: workspaces, advertisers, offers, goals,
// publishers, enrollments and links, with their validation.
//
// Invariants:
//   - Every entity belongs to one workspace for ever; references never cross workspaces.
//   - Every write gives the entity a new version (its ETag) and the whole catalog a
//     new revision; nothing is deleted, only archived.
//   - The package owns the storage interface; implementations are in store.
package catalog

import (
	"errors"

	"clickledger/internal/account"
)

// Kind names a sort of entity; its plural is the REST resource.
type Kind string

// The kinds, in an order in which references point backwards.
const (
	KindWorkspace  Kind = "workspace"
	KindAdvertiser Kind = "advertiser"
	KindOffer      Kind = "offer"
	KindGoal       Kind = "goal"
	KindPublisher  Kind = "publisher"
	KindEnrollment Kind = "enrollment"
	KindLink       Kind = "link"
)

// Kinds lists every kind, references backwards.
var Kinds = []Kind{KindWorkspace, KindAdvertiser, KindOffer, KindGoal, KindPublisher, KindEnrollment, KindLink}

// Meta is what every entity carries.
type Meta struct {
	ID        string // prefix_ and 16 base32 characters, time-ordered
	Workspace string // for a workspace, its own id
	Created   int64  // µs
	Updated   int64  // µs
	Version   int64  // 1 at creation, +1 a write: the ETag
	Revision  int64  // catalog revision of the last write
	Archived  bool
}

// Entity is a row of the catalog.
type Entity interface {
	Kind() Kind
	// Base is the row's Meta, to read and to set.
	Base() *Meta
}

// Workspace is the tenant boundary.
type Workspace struct {
	Meta
	Name        string
	Currency    string // reporting currency, ISO 4217
	TimeZone    string // IANA
	FallbackURL string // where visitors of paused links go; "" = the 404 page
}

// Advertiser is who pays per conversion: a merchant, or an affiliate network.
type Advertiser struct {
	Meta
	Name string
	Type string // TypeMerchant or TypeNetwork
	// Token authenticates its server-to-server postbacks (P17): unguessable,
	// rotatable: TokenOld is accepted as well until it is cleared.
	Token         string
	TokenOld      string
	TokenRequired bool
	ClickParam    string // name under which it wants the click id in offer URLs
	Notes         string
}

// Advertiser types.
const (
	TypeMerchant = "merchant"
	TypeNetwork  = "network"
)

// Terms say what a conversion pays us and what we pay the publisher.
type Terms struct {
	PayoutKind    string // PayoutFixed, PayoutPercent, PayoutPostback; "" on a goal: the offer's
	Payout        int64  // minor units of the offer's currency; the fallback of PayoutPostback when > 0
	PayoutPercent string // decimal, of the sale amount
	Precedence    string // PostbackWins (default) or ManualWins (P9)

	CommissionKind    string // CommissionNone, CommissionFixed, CommissionPercentSale, CommissionPercentPayout; "": inherit
	Commission        int64  // minor units
	CommissionPercent string // decimal
}

// Values of [Terms].
const (
	PayoutFixed    = "fixed"
	PayoutPercent  = "percent"
	PayoutPostback = "postback"

	PostbackWins = "postback_wins"
	ManualWins   = "manual_wins"

	CommissionNone          = "none"
	CommissionFixed         = "fixed"
	CommissionPercentSale   = "percent_sale"
	CommissionPercentPayout = "percent_payout"
)

// Offer is a destination that pays.
type Offer struct {
	Meta
	Name       string
	Advertiser string // id, "" = none
	URL        string // macro template
	Status     string // StatusActive, StatusPaused, StatusDraft
	// Key is the public key of the offer's pixels: it names the offer and
	// authorises nothing else.
	Key      string
	Currency string
	Terms
	AppendClickID bool     // append the click id under the advertiser's ClickParam
	CookieDays    int64    // life of the tracker cookie's slot, 1…400
	WindowDays    int64    // conversion window in days of 24 h, 0 = unlimited
	InitialStatus string   // conversion.Pending or conversion.Approved
	RequireOrder  bool     // an order number is required
	DeepLinks     []string // allow-list of hosts for url=; empty = deny
	FallbackURL   string   // when paused or archived; "" = the workspace's
	Tags          []string
	Notes         string
}

// Statuses of offers, links and publishers.
const (
	StatusActive  = "active"
	StatusPaused  = "paused"
	StatusDraft   = "draft"
	StatusPending = "pending"
	StatusBanned  = "banned"
)

// Goal is a conversion event of an offer. Every offer has its default goal.
type Goal struct {
	Meta
	Offer   string
	Key     string // what a signal's goal parameter says, unique in the offer
	Name    string
	Default bool // judged when a signal names no goal
	Terms        // kinds "" inherit the offer's
}

// Publisher brings visitors and earns commission.
type Publisher struct {
	Meta
	Name        string
	Email       string
	Status      string // StatusActive, StatusPending, StatusPaused, StatusBanned
	PostbackURL string // macro template called on accepted conversions, "" = none
	Notes       string
}

// Enrollment is a publisher's right to run an offer, with its own terms.
type Enrollment struct {
	Meta
	Offer     string
	Publisher string
	Status    string // Applied, Approved, Rejected, Revoked
	Reason    string
	// CommissionKind "" inherits the goal's, then the offer's commission.
	CommissionKind    string
	Commission        int64
	CommissionPercent string
}

// Statuses of an enrollment.
const (
	Applied  = "applied"
	Approved = "approved"
	Rejected = "rejected"
	Revoked  = "revoked"
)

// Link is a tracking URL: an offer and, unless it is the house's own, a publisher.
type Link struct {
	Meta
	Key       string // the path segment of /c/{key}, unique in the installation
	Offer     string
	Publisher string // "" = house link
	Name      string // placement
	Status    string // StatusActive, StatusPaused
	Source    string // default of {source}
}

// Kind and Base make the entities an [Entity].
func (*Workspace) Kind() Kind  { return KindWorkspace }
func (*Advertiser) Kind() Kind { return KindAdvertiser }
func (*Offer) Kind() Kind      { return KindOffer }
func (*Goal) Kind() Kind       { return KindGoal }
func (*Publisher) Kind() Kind  { return KindPublisher }
func (*Enrollment) Kind() Kind { return KindEnrollment }
func (*Link) Kind() Kind       { return KindLink }

// Base gives the row's Meta.
func (m *Meta) Base() *Meta { return m }

// Errors of the catalog. [*Invalid] carries the fields of a refused write.
var (
	// ErrNotFound: no such row in this workspace; also for a row of another one.
	ErrNotFound = account.ErrNotFound
	// ErrVersion: the row was changed since the caller read it (If-Match).
	ErrVersion = account.ErrVersion
	// ErrIdempotency: the idempotency key was used with another request.
	ErrIdempotency = errors.New("idempotency key was used with another request")
)

// FieldError is one refused field, and Invalid a refused write with all of them.
type (
	FieldError = account.FieldError
	Invalid    = account.Invalid
)
