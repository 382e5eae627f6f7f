package routing

import (
	"maps"

	"clickledger/internal/catalog"
)

// Reasons of an impression: what would have become of a click (R19).
const (
	CreativePaused   = "creative_paused"
	CreativeArchived = "creative_archived"
)

// Show is what a creative is shown as: by whose link, for what.
type Show struct {
	Link       *Link
	Offer      *Offer
	Enrollment *catalog.Enrollment // nil for a link of the house
	Creative   *catalog.Creative
	// Reason is "" where link and creative are in use. Where they are not, what is shown is
	// counted all the same: the page that shows it does not know.
	Reason string
}

// Show finds the link of a key and one of its offer's creatives; ok is false when there is
// no such link, no such creative, or it belongs to something else.
func (s *Snapshot) Show(key, creative string) (show Show, ok bool) {
	r := s.links[shardOf(key)][key]
	if r.row == nil || r.row.Test { // what a test shows counts nowhere
		return Show{}, false
	}
	c := s.Creative(r.row, creative)
	offer := s.offer(r.offer, r.workspace)
	if c == nil || offer == nil {
		return Show{}, false
	}
	show = Show{Link: r.row, Offer: offer, Enrollment: get(s.enrollments, r.enrollment).row, Creative: c}
	switch {
	case r.state == linkArchived:
		show.Reason = LinkArchived
	case r.state == linkPaused:
		show.Reason = LinkPaused
	case c.Archived:
		show.Reason = CreativeArchived
	case c.Status != catalog.StatusActive:
		show.Reason = CreativePaused
	}
	return show, true
}

// Creative returns a creative of the link's offer by its id, archived or not; nil when the
// offer has none of it.
func (s *Snapshot) Creative(l *Link, id string) *catalog.Creative {
	c := s.creatives[id]
	if c == nil || c.Offer != l.Offer || c.Workspace != l.Workspace {
		return nil
	}
	return c
}

// Banner returns the creative of an id, whosever it is; nil when unknown.
func (s *Snapshot) Banner(id string) *catalog.Creative { return s.creatives[id] }

func (b *Builder) putCreative(e *catalog.Creative) {
	n := &b.next
	if b.shared[catalog.KindCreative] {
		n.creatives = maps.Clone(n.creatives)
		b.shared[catalog.KindCreative] = false
	}
	if n.creatives == nil {
		n.creatives = map[string]*catalog.Creative{}
	}
	n.creatives[e.ID] = e
}
