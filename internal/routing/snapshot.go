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

	fallback *macro.Template
	// carry holds the parameters of the URL that have tokens: a deep link replaces the
	// page, not the tracking.
	carry []*macro.Template
}

// workspace is a workspace with its fallback compiled.
type workspace struct {
	*catalog.Workspace
	fallback *macro.Template
}

// enrolled keys an enrollment.
type enrolled struct{ offer, publisher string }

// Snapshot is the catalog at one revision, compiled. It is immutable.
type Snapshot struct {
	// Revision is the catalog's; every visit keeps the one that routed it.
	Revision int64

	workspaces  map[string]*workspace
	advertisers map[string]*catalog.Advertiser
	offers      map[string]*Offer
	offerKeys   map[string]*Offer
	publishers  map[string]*catalog.Publisher
	enrollments map[enrolled]*catalog.Enrollment
	links       map[string]*Link // by key
}

// Link returns the link of a key, nil when unknown.
func (s *Snapshot) Link(key string) *Link { return s.links[key] }

// Offer returns the offer of an id, nil when unknown.
func (s *Snapshot) Offer(id string) *Offer { return s.offers[id] }

// OfferByKey returns the offer of a pixel's public key, nil when unknown.
func (s *Snapshot) OfferByKey(publicKey string) *Offer { return s.offerKeys[publicKey] }

// Links is how many links the snapshot has.
func (s *Snapshot) Links() int { return len(s.links) }
