package routing

import (
	"maps"

	"clickledger/internal/catalog"
)

// Builder turns catalog rows into snapshots, incrementally: a map is copied only when
// a row of its kind changed since the last snapshot, so one write in a large catalog
// costs the copy of one map of pointers, and loading everything copies nothing. It is
// for one goroutine at a time.
type Builder struct {
	next   Snapshot
	shared map[catalog.Kind]bool // kinds whose maps the last snapshot holds too

	linkKeys map[string]string // id → key: a changed key must not leave the old one behind
}

// NewBuilder starts with the empty catalog at revision 0.
func NewBuilder() *Builder {
	return &Builder{
		next: Snapshot{
			workspaces: map[string]*workspace{}, advertisers: map[string]*catalog.Advertiser{},
			offers: map[string]*Offer{}, offerKeys: map[string]*Offer{},
			publishers: map[string]*catalog.Publisher{}, enrollments: map[enrolled]*catalog.Enrollment{},
			links: map[string]*Link{},
		},
		shared:   map[catalog.Kind]bool{},
		linkKeys: map[string]string{},
	}
}

// Apply takes the rows that changed up to the revision, archived ones included. The
// rows belong to the snapshots from now on and must not be changed.
func (b *Builder) Apply(rows []catalog.Entity, revision int64) {
	for _, e := range rows {
		if b.shared[e.Kind()] {
			b.unshare(e.Kind())
		}
		b.put(e)
	}
	b.next.Revision = revision
}

// Snapshot is the catalog as applied so far.
func (b *Builder) Snapshot() *Snapshot {
	for _, k := range catalog.Kinds {
		b.shared[k] = true
	}
	s := b.next
	return &s
}

func (b *Builder) unshare(k catalog.Kind) {
	n := &b.next
	switch k {
	case catalog.KindWorkspace:
		n.workspaces = maps.Clone(n.workspaces)
	case catalog.KindAdvertiser:
		n.advertisers = maps.Clone(n.advertisers)
	case catalog.KindOffer:
		n.offers, n.offerKeys = maps.Clone(n.offers), maps.Clone(n.offerKeys)
	case catalog.KindPublisher:
		n.publishers = maps.Clone(n.publishers)
	case catalog.KindEnrollment:
		n.enrollments = maps.Clone(n.enrollments)
	case catalog.KindLink:
		n.links = maps.Clone(n.links)
	}
	b.shared[k] = false
}

func (b *Builder) put(e catalog.Entity) {
	n := &b.next
	switch e := e.(type) {
	case *catalog.Workspace:
		n.workspaces[e.ID] = &workspace{e, compileFallback(e.FallbackURL)}
	case *catalog.Advertiser:
		n.advertisers[e.ID] = e
	case *catalog.Offer:
		if old := n.offers[e.ID]; old != nil && n.offerKeys[old.Key] == old {
			delete(n.offerKeys, old.Key)
		}
		o := compileOffer(e)
		n.offers[e.ID] = o
		if e.Key != "" {
			n.offerKeys[e.Key] = o
		}
	case *catalog.Publisher:
		n.publishers[e.ID] = e
	case *catalog.Enrollment:
		n.enrollments[enrolled{e.Offer, e.Publisher}] = e
	case *catalog.Link:
		old, known := b.linkKeys[e.ID]
		if known && old != e.Key && n.links[old] != nil && n.links[old].ID == e.ID {
			delete(n.links, old)
		}
		b.linkKeys[e.ID] = e.Key
		if e.Key != "" {
			n.links[e.Key] = e
		}
	}
}
