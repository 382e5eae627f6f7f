package routing

import (
	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// Link is a tracking link as the catalog has it. Snapshots share the row; nobody
// changes it.
type Link = catalog.Link

// Offer is an offer with its URLs compiled.
type Offer struct {
	*catalog.Offer
	// Template is the destination, nil when its URL does not compile; Err then says why.
	Template *macro.Template
	Err      error

	fallback  *macro.Template
	elsewhere slot // the fallback offer, none without one
	keywords  []keywordSet
	// The row's own, here again so that a decision need not touch the row.
	countries, devices []string
	// carry holds the parameters of the URL that have tokens: a deep link replaces the
	// page, not the tracking.
	carry      []*macro.Template
	refusal    string // the reason of its status, "" when active
	slot       slot
	workspace  slot
	advertiser slot
}

// slot is the place of a row in its slice, given when its id is first met: a decision
// then follows numbers instead of looking up one id after the other. In a large
// catalog each look-up would be several cache misses.
type slot int32

// none is the slot of what a row does not refer to.
const none slot = -1

// route is what a decision needs of a link.
type route struct {
	row        *Link
	offer      slot
	publisher  slot // none for a link of the house
	enrollment slot
	workspace  slot
	state      linkState
}

type linkState uint8

const (
	linkActive linkState = iota
	linkPaused
	linkArchived
)

// enrollment is a publisher's right with what its status means.
type enrollment struct {
	row     *catalog.Enrollment
	refusal string
}

// denied is a publisher that an offer was taken from, for good or for a time, or not given: it sends the offer no
// visitors as a fallback either.
type denied struct{ offer, publisher slot }

type publisher struct {
	name   string // internal
	active bool
}

type workspace struct {
	fallback     *macro.Template
	ipMode, salt string
}

type advertiser struct {
	name       string // internal
	clickParam string
	cookieDays int64
	guarded    bool // its signals are held against an address list
	inactive   bool // takes no visitors: pending, paused, rejected or banned
}

// shards is into how many maps the links are divided, so that a changed link copies
// one of them only.
const shards = 256

// shardOf spreads keys (FNV-1a).
func shardOf(key string) uint8 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return uint8(h ^ h>>8 ^ h>>16 ^ h>>24)
}

// Snapshot is the catalog at one revision, compiled. It is immutable.
type Snapshot struct {
	// Revision is the catalog's; every visit keeps the one that routed it.
	Revision int64

	links [shards]map[string]route // by key

	domains map[string]*Domain // the live ones, by host
	served  int                // how many of them are

	offersByID  map[string]*Offer
	offersByKey map[string]*Offer
	creatives   map[string]*catalog.Creative // by id

	// By slot. A slot whose row has not come yet is empty.
	offers      []*Offer
	publishers  []publisher
	enrollments []enrollment
	denied      map[denied]bool
	workspaces  []workspace
	advertisers []advertiser

	guarded int // advertisers whose signals are held against an address list
}

// KeepsAddr reports whether a rule needs the whole address of a server's signal.
func (s *Snapshot) KeepsAddr() bool { return s.guarded > 0 }

// Link returns the link of a key, nil when unknown.
func (s *Snapshot) Link(key string) *Link { return s.links[shardOf(key)][key].row }

// Offer returns the offer of an id, nil when unknown.
func (s *Snapshot) Offer(id string) *Offer { return s.offersByID[id] }

// OfferByKey returns the offer of a pixel's public key, nil when unknown.
func (s *Snapshot) OfferByKey(publicKey string) *Offer { return s.offersByKey[publicKey] }

// Links is how many links the snapshot has.
func (s *Snapshot) Links() int {
	n := 0
	for i := range s.links {
		n += len(s.links[i])
	}
	return n
}
