// Package catalog holds what is tracked: workspaces, advertisers, offers, goals,
// groups, publishers, enrollments, links, coupons, tracking domains, postbacks, creatives,
// terms and commission rules, with their validation.
//
// Invariants:
//   - Every entity belongs to one workspace for ever; references never cross workspaces.
//   - Every write gives the entity a new version (its ETag) and the whole catalog a
//     new revision; nothing is deleted, only archived.
//   - The package owns the storage interface; implementations are in store.
package catalog

import (
	"errors"
	"slices"

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
	KindGroup      Kind = "group" // of publishers
	KindPublisher  Kind = "publisher"
	KindEnrollment Kind = "enrollment"
	KindLink       Kind = "link"
	KindCoupon     Kind = "coupon"
	KindDomain     Kind = "domain"
	KindPostback   Kind = "postback"
	KindCreative   Kind = "creative"
	KindTerms      Kind = "terms"

	KindCommissionRule Kind = "commission-rule"
)

// Kinds lists every kind, references backwards.
var Kinds = []Kind{KindWorkspace, KindAdvertiser, KindOffer, KindGoal, KindGroup, KindPublisher, KindEnrollment, KindLink, KindCoupon, KindDomain, KindPostback, KindCreative, KindTerms, KindCommissionRule}

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
	IPMode      string // what {ip} shows: IPTruncated, IPFull or IPNone (G4)
	Salt        string // key of {token:hash}, random, never shown
	// RequireTests asks for a passed test, or a reason, before a merchant's offer goes live.
	RequireTests bool
}

// Values of Workspace.IPMode.
const (
	IPTruncated = "truncated" // /24 or /48, as everywhere else
	IPFull      = "full"
	IPNone      = "none"
)

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
	CookieDays    int64  // cookie life of its offers that set none, 1…400; 0 = [DefaultCookieDays]
	// ValidationDays is after how many days what is pending is approved by itself, on its
	// offers that set none; 0 = never.
	ValidationDays int64
	// Template is the network template it was made from, "" = none; it has no effect of
	// its own: Macros were copied and may have been edited since.
	Template string
	Macros   Macros
	Notes    string
	// Status: StatusActive, StatusPending, StatusPaused, StatusRejected, StatusBanned. The
	// offers of one who is not active take no visitors; what was recorded stays as it is.
	Status       string
	Reason       string // why it was rejected, banned or paused, for itself to read
	Manager      string // user of staff who looks after it, "" = nobody
	Website      string
	ContactEmail string // for us to write to; not what its people sign in with
	Prepaid      bool   // it pays ahead: its offers take visitors while there is money left
	Guards       Guards
	PrepayWarn   int64 // warn at this much, in whole units of the currency of each of its balances, >= 0
}

// Macros are how a network writes the values of its postbacks, such as {payout} or
// #price#: what stands in the URL it is given. "" = it has none.
type Macros struct {
	ClickID, Payout, Amount, Currency, TxID, Status, Goal string
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
	// GeoPayouts are the payouts of countries; with PayoutFixed only, where Payout is the
	// default row.
	GeoPayouts []GeoPayout

	CommissionKind    string // CommissionNone, CommissionFixed, CommissionPercentSale, CommissionPercentPayout; "": inherit
	Commission        int64  // minor units
	CommissionPercent string // decimal
}

// GeoPayout is the payout of conversions from one country.
type GeoPayout struct {
	Country string `json:"country"` // ISO 3166-1 alpha-2
	Payout  int64  `json:"payout"`  // minor units
}

// HasGeo reports whether a country has a payout of its own.
func (t *Terms) HasGeo(country string) bool {
	return slices.ContainsFunc(t.GeoPayouts, func(g GeoPayout) bool { return g.Country == country })
}

// PayoutIn is the fixed payout of conversions from a country: its own row, else the
// default.
func (t *Terms) PayoutIn(country string) int64 {
	for i := range t.GeoPayouts {
		if t.GeoPayouts[i].Country == country {
			return t.GeoPayouts[i].Payout
		}
	}
	return t.Payout
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
	Status     string // StatusDraft, StatusSubmitted, StatusApproved, StatusActive, StatusPaused
	// Key is the public key of the offer's pixels: it names the offer and
	// authorises nothing else.
	Key      string
	Currency string
	Terms
	AppendClickID bool   // append the click id under the advertiser's ClickParam
	Direct        bool   // direct tracking may be used: the page brings the script, no redirect
	StaticURL     string // what {offer_static_url} stands for
	CookieDays    int64  // cookie life, 1…400; 0 = the advertiser's, see [CookieLife]
	WindowDays    int64  // conversion window in days of 24 h, 0 = unlimited
	MinSeconds    int64  // from its click, a conversion that comes sooner is refused
	Attribution   string // LastClick or FirstClick
	Tracking      string // TrackAny, TrackPostback or TrackPixel: what a click hands out
	InitialStatus string // conversion.Pending or conversion.Approved
	// ValidationDays is after how many days what is pending is approved by itself; 0 = the
	// advertiser's, -1 = never, see [Validation].
	ValidationDays int64
	RequireOrder   bool     // an order number is required
	DeepLinks      []string // allow-list of hosts for url=; empty = deny
	// FallbackOffer, an id, and else FallbackURL are where visitors go whom the offer does
	// not take: paused, capped, outside of its countries or devices. "" = the workspace's.
	FallbackOffer string
	FallbackURL   string
	Countries     []string  // ISO 3166-1 alpha-2; empty = all. An unknown country is not refused
	Devices       []string  // device classes of visitor; empty = all
	GeoSource     string    // GeoClick or GeoPostback: whose country geo payouts go by
	Keywords      []Keyword // chosen by weight at the click
	Caps          []Cap
	CapTimeZone   string   // IANA; days, weeks and months of caps begin in it
	CapStates     []string // conversion.Pending and the like: which states count
	CapWarn       int64    // percent of a cap at which to warn, 1…100
	OverCap       string   // OverCapPay, OverCapHold, OverCapRefuse
	CapsSince     int64    // µs; when the cap settings were last changed
	Description   string   // for publishers to choose by, like the next three
	Category      string
	PreviewURL    string
	Traffic       []string // allowed kinds of traffic, from TrafficKinds; empty = all
	Tags          []string
	Notes         string
	// CouponPrecedence says whose publisher earns when a trusted signal brings a click and
	// a coupon of another publisher: ClickWins (default) or CouponWins (A4).
	CouponPrecedence string
	// LiveSince is when it first became active, µs, 0 = never; LiveReason says why it might:
	// the test it had passed, or what somebody gave for a reason.
	LiveSince  int64
	LiveReason string
	// Visibility is who may run the offer, one of the Visibility constants. It concerns
	// what publishers may do themselves; staff enroll anybody by hand.
	Visibility  string
	Questions   []Question // asked of who applies
	ReapplyDays int64      // days after a rejection before which nobody applies again
}

// Values of Offer.Attribution: which of a browser's clicks the cookies remember.
const (
	LastClick  = "last_click"
	FirstClick = "first_click"
)

// Values of Offer.Tracking.
const (
	TrackAny      = "any"      // the tracker's cookie, and the click id where the URL or AppendClickID has it
	TrackPostback = "postback" // the click id in the URL in any case; no cookie names the click
	TrackPixel    = "pixel"    // the tracker's cookie; the click id is not appended
)

// Values of Offer.CouponPrecedence.
const (
	ClickWins  = "click_wins"
	CouponWins = "coupon_wins"
)

// Values of Offer.GeoSource.
const (
	GeoClick    = "click"
	GeoPostback = "postback" // its parameter geo, else the click's country
)

// Values of Offer.OverCap: what becomes of a conversion beyond a cap (P16).
const (
	OverCapPay    = "pay"
	OverCapHold   = "hold"
	OverCapRefuse = "refuse"
)

// Keyword is one variation. Those with the same Param are a set, from which each click
// takes one; the set of the first row is {keyword}.
type Keyword struct {
	Param  string `json:"param"` // query parameter to append it under, "" = none
	Value  string `json:"value"`
	Weight int64  `json:"weight"` // relative, 0 = never
}

// Cap limits what an offer takes in a period.
type Cap struct {
	Event     string `json:"event"`     // CapConversions or CapClicks
	Period    string `json:"period"`    // CapDaily, CapWeekly, CapMonthly, CapTotal
	Limit     int64  `json:"limit"`     // 0 = paused
	Goal      string `json:"goal"`      // key; conversions of this goal only, "" = of all
	Publisher string `json:"publisher"` // id; "" = of everybody together, CapEach = of each publisher by itself
}

// Values of [Cap]. Weeks begin on Monday.
const (
	CapConversions = "conversions"
	CapClicks      = "clicks"

	CapDaily   = "daily"
	CapWeekly  = "weekly"
	CapMonthly = "monthly"
	CapTotal   = "total"

	CapEach = "each"
)

// TrafficKinds are the kinds of traffic an offer may allow.
var TrafficKinds = []string{"content", "cashback", "comparison", "coupon", "display", "email", "incentive", "influencer", "loyalty", "mobile_app", "native", "pop", "push", "search", "search_brand", "sms", "social", "video"}

// Statuses of offers, links, publishers and advertisers.
const (
	StatusActive  = "active"
	StatusPaused  = "paused"
	StatusDraft   = "draft"
	StatusPending = "pending"
	StatusBanned  = "banned"

	StatusRejected = "rejected" // of publishers and advertisers: did not get in

	StatusSubmitted = "submitted" // of offers: waiting for our approval
	StatusApproved  = "approved"  // of offers: approved, not yet taking visitors
)

// Goal is a conversion event of an offer. Every offer has its default goal.
type Goal struct {
	Meta
	Offer   string
	Key     string // what a signal's goal parameter says, unique in the offer
	Name    string
	Default bool // judged when a signal names no goal
	// Type is one of GoalTypes. Those of GoalEvent pay nothing and make no conversions: they
	// are counted for the funnel.
	Type         string
	RequireOrder bool // an order number is required, also where the offer requires none
	EveryFire    bool // of a GoalEvent: each fire counts, not one a click
	// Duplicates is what a server's signal about a conversion that is known does: one of the
	// policies below.
	Duplicates string
	Terms      // kinds "" inherit the offer's
}

// Values of Goal.Duplicates. News of the state and what was missing are taken in any case.
const (
	DuplicatesIgnore = ""       // it is answered as a duplicate; other amounts are a conflict
	DuplicatesReject = "reject" // it is refused
	DuplicatesUpdate = "update" // other amounts replace those recorded, as an adjustment
	DuplicatesAdd    = "add"    // it is a conversion of its own
)

// Types of goals. What a type pays is in its terms; the type says what it is, and GoalEvent
// that it pays nothing.
const (
	GoalSale     = "sale"
	GoalLead     = "lead"
	GoalSignup   = "signup"
	GoalDownload = "download"
	GoalForm     = "form"
	GoalInstall  = "install"
	GoalCustom   = "custom"
	GoalEvent    = "event" // on-site: viewed, added to cart
)

// GoalTypes lists the types of goals.
var GoalTypes = []string{GoalSale, GoalLead, GoalSignup, GoalDownload, GoalForm, GoalInstall, GoalCustom, GoalEvent}

// PaysNothing reports whether the goal is an on-site event.
func (g *Goal) PaysNothing() bool { return g.Type == GoalEvent }

// Group is some of the workspace's publishers: those of one tier, one country, one manager.
type Group struct {
	Meta
	Name  string // unique in the workspace
	Notes string
}

// Publisher brings visitors and earns commission.
type Publisher struct {
	Meta
	Name  string
	Email string
	// Status: the links of one who is not StatusActive send their visitors to the fallback.
	// What was recorded for it stays as it is.
	Status    string // StatusActive, StatusPending, StatusPaused, StatusRejected, StatusBanned
	Reason    string // why it was rejected, banned or paused, for itself to read
	Group     string // id, "" = none
	Manager   string // user of staff who looks after it, "" = nobody
	Website   string
	Promotion string // how it brings visitors, in its own words
	Notes     string
}

// Enrollment is a publisher's right to run an offer, with its own terms.
type Enrollment struct {
	Meta
	Offer     string
	Publisher string
	Status    string // Invited, Applied, Approved, Paused, Rejected, Revoked, Withdrawn
	Reason    string
	// CommissionKind "" inherits that of the terms, the goal's, then the offer's commission.
	CommissionKind    string
	Commission        int64
	CommissionPercent string
	Agreement
}

// Statuses of an enrollment.
const (
	Invited   = "invited" // by staff; the publisher has yet to accept
	Applied   = "applied"
	Approved  = "approved"
	Paused    = "paused" // by staff, for a time
	Rejected  = "rejected"
	Revoked   = "revoked"
	Withdrawn = "withdrawn" // by the publisher, before it was decided
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
	// Subs are preset sub ids, sub1 first, "" = none: for a sub id that the URL does not
	// bring itself. At most event.Subs, each of at most MaxSub characters and 512 bytes.
	Subs []string
	// Test makes it a test link: its visits count nowhere, and it leads to the offer
	// whatever the offer's state, countries and caps. It is the house's own, and no list
	// has it unless asked for.
	Test bool
}

// Kind and Base make the entities an [Entity].
func (*Workspace) Kind() Kind  { return KindWorkspace }
func (*Advertiser) Kind() Kind { return KindAdvertiser }
func (*Offer) Kind() Kind      { return KindOffer }
func (*Goal) Kind() Kind       { return KindGoal }
func (*Group) Kind() Kind      { return KindGroup }
func (*Publisher) Kind() Kind  { return KindPublisher }
func (*Enrollment) Kind() Kind { return KindEnrollment }
func (*Link) Kind() Kind       { return KindLink }
func (*Coupon) Kind() Kind     { return KindCoupon }
func (*Domain) Kind() Kind     { return KindDomain }
func (*Postback) Kind() Kind   { return KindPostback }
func (*Creative) Kind() Kind   { return KindCreative }

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
