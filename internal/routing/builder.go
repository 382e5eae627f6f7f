package routing

import (
	"maps"
	"slices"

	"clickledger/internal/catalog"
)

// Builder turns catalog rows into snapshots, incrementally: what the last snapshot
// holds is copied only where a row of its kind changed, so that one write in a large
// catalog costs well under a millisecond, and loading everything copies nothing. It
// is for one goroutine at a time.
type Builder struct {
	next   Snapshot
	shared map[catalog.Kind]bool // kinds whose maps and slices the last snapshot holds too
	kept   [shards]bool          // link maps that it holds too

	// Slots by id. They stay with their ids for ever, so snapshots need not know them.
	offers, publishers, workspaces, advertisers map[string]slot
	enrollments                                 map[enrolled]slot

	linkKeys map[string]string // id → key: a changed key must not leave the old one behind
}

// enrolled keys an enrollment.
type enrolled struct{ offer, publisher string }

// NewBuilder starts with the empty catalog at revision 0.
func NewBuilder() *Builder {
	return &Builder{
		next:   Snapshot{offersByID: map[string]*Offer{}, offersByKey: map[string]*Offer{}},
		shared: map[catalog.Kind]bool{},
		offers: map[string]slot{}, publishers: map[string]slot{}, workspaces: map[string]slot{}, advertisers: map[string]slot{},
		enrollments: map[enrolled]slot{},
		linkKeys:    map[string]string{},
	}
}

// Apply takes the rows that changed up to the revision, archived ones included, in any
// order. The rows belong to the snapshots from now on and must not be changed.
func (b *Builder) Apply(rows []catalog.Entity, revision int64) {
	for _, e := range rows {
		b.put(e)
	}
	b.next.Revision = revision
}

// Snapshot is the catalog as applied so far.
func (b *Builder) Snapshot() *Snapshot {
	for _, k := range catalog.Kinds {
		b.shared[k] = true
	}
	for i := range b.kept {
		b.kept[i] = true
	}
	s := b.next
	return &s
}

func (b *Builder) put(e catalog.Entity) {
	n := &b.next
	switch e := e.(type) {
	case *catalog.Workspace:
		own(b, catalog.KindWorkspace, &n.workspaces)
		set(&n.workspaces, slotOf(b.workspaces, e.ID), workspace{compileFallback(e.FallbackURL), e.IPMode, e.Salt})
	case *catalog.Advertiser:
		own(b, catalog.KindAdvertiser, &n.advertisers)
		at := slotOf(b.advertisers, e.ID)
		guarded := !e.Archived && len(e.Guards.AllowIPs) > 0
		if get(n.advertisers, at).guarded {
			n.guarded--
		}
		if guarded {
			n.guarded++
		}
		set(&n.advertisers, at, advertiser{e.Name, e.ClickParam, e.CookieDays, guarded, e.Status != catalog.StatusActive && e.Status != ""})
	case *catalog.Offer:
		b.putOffer(e)
	case *catalog.Publisher:
		own(b, catalog.KindPublisher, &n.publishers)
		set(&n.publishers, slotOf(b.publishers, e.ID), publisher{e.Name, !e.Archived && e.Status == catalog.StatusActive})
	case *catalog.Enrollment:
		if b.shared[catalog.KindEnrollment] {
			n.denied = maps.Clone(n.denied)
		}
		own(b, catalog.KindEnrollment, &n.enrollments)
		b.deny(e)
		set(&n.enrollments, slotOf(b.enrollments, enrolled{e.Offer, e.Publisher}), enrollment{e, enrollmentRefusal(e)})
	case *catalog.Link:
		b.putLink(e)
	case *catalog.Domain:
		b.putDomain(e)
	case *catalog.Creative:
		b.putCreative(e)
	}
}

// deny notes whether the publisher must not send the offer anybody. The map is the
// builder's own by now.
func (b *Builder) deny(e *catalog.Enrollment) {
	k := denied{slotOf(b.offers, e.Offer), slotOf(b.publishers, e.Publisher)}
	if e.Status != catalog.Revoked && e.Status != catalog.Rejected && e.Status != catalog.Paused {
		delete(b.next.denied, k)
		return
	}
	if b.next.denied == nil {
		b.next.denied = map[denied]bool{}
	}
	b.next.denied[k] = true
}

func (b *Builder) putOffer(e *catalog.Offer) {
	n := &b.next
	if b.shared[catalog.KindOffer] {
		n.offersByID, n.offersByKey = maps.Clone(n.offersByID), maps.Clone(n.offersByKey)
	}
	own(b, catalog.KindOffer, &n.offers)
	o := compileOffer(e)
	o.slot = slotOf(b.offers, e.ID)
	o.workspace, o.advertiser, o.elsewhere = slotOf(b.workspaces, e.Workspace), none, none
	if e.Advertiser != "" {
		o.advertiser = slotOf(b.advertisers, e.Advertiser)
	}
	if e.FallbackOffer != "" {
		o.elsewhere = slotOf(b.offers, e.FallbackOffer)
	}
	if old := n.offersByID[e.ID]; old != nil && n.offersByKey[old.Key] == old {
		delete(n.offersByKey, old.Key)
	}
	n.offersByID[e.ID] = o
	if e.Key != "" {
		n.offersByKey[e.Key] = o
	}
	set(&n.offers, slotOf(b.offers, e.ID), o)
}

func (b *Builder) putLink(e *catalog.Link) {
	r := route{row: e, offer: slotOf(b.offers, e.Offer), publisher: none, enrollment: none, workspace: slotOf(b.workspaces, e.Workspace)}
	if e.Publisher != "" {
		r.publisher = slotOf(b.publishers, e.Publisher)
		r.enrollment = slotOf(b.enrollments, enrolled{e.Offer, e.Publisher})
	}
	switch {
	case e.Archived:
		r.state = linkArchived
	case e.Status != catalog.StatusActive:
		r.state = linkPaused
	}
	old, known := b.linkKeys[e.ID]
	if known && old != e.Key && b.shard(old)[old].row != nil && b.shard(old)[old].row.ID == e.ID {
		delete(b.shard(old), old)
	}
	b.linkKeys[e.ID] = e.Key
	if e.Key != "" {
		b.shard(e.Key)[e.Key] = r
	}
}

// shard is the map of a key, to be written to.
func (b *Builder) shard(key string) map[string]route {
	i := shardOf(key)
	switch m := b.next.links[i]; {
	case m == nil:
		b.next.links[i] = map[string]route{}
	case b.kept[i]:
		b.next.links[i] = maps.Clone(m)
	}
	b.kept[i] = false
	return b.next.links[i]
}

// own makes a slice the builder's alone before it is written to.
func own[T any](b *Builder, k catalog.Kind, s *[]T) {
	if b.shared[k] {
		*s = slices.Clone(*s)
		b.shared[k] = false
	}
}

// set writes one element, making room for it.
func set[T any](s *[]T, at slot, v T) {
	for len(*s) <= int(at) {
		var zero T
		*s = append(*s, zero)
	}
	(*s)[at] = v
}

// get reads one element; the zero value for a slot whose row has not come yet.
func get[T any](s []T, at slot) T {
	if at < 0 || int(at) >= len(s) {
		var zero T
		return zero
	}
	return s[at]
}

// slotOf is the slot of an id, given at first sight.
func slotOf[K comparable](slots map[K]slot, id K) slot {
	at, ok := slots[id]
	if !ok {
		at = slot(len(slots))
		slots[id] = at
	}
	return at
}
