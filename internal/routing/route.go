package routing

import (
	"errors"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// The reasons why a visitor did not go where a link points: stable codes, kept in the
// visit (R19). The last two send the visitor to the offer all the same, to its normal
// page.
const (
	LinkPaused        = "link_paused"
	LinkArchived      = "link_archived"
	OfferPaused       = "offer_paused"
	OfferDraft        = "offer_draft"
	OfferArchived     = "offer_archived"
	PublisherInactive = "publisher_inactive" // not active, archived, or gone
	EnrollmentRevoked = "enrollment_revoked"
	EnrollmentMissing = "enrollment_missing" // none, or applied for or rejected: never granted
	OfferClosed       = "offer_closed"       // by the overlay
	NoDestination     = "no_destination"     // no offer, or its URL does not compile
	DeepLinkDenied    = "deep_link_denied"   // the allow-list does not have its host
	DeepLinkInvalid   = "deep_link_invalid"  // not a URL that every parser reads alike
)

// Decision is what becomes of a visitor.
type Decision struct {
	// Link is nil when the key is unknown: nothing is to be recorded then.
	Link *Link
	// Offer is the one the link points to, also when the visitor goes elsewhere; nil
	// when there is none.
	Offer *Offer
	// Enrollment is the publisher's enrollment, nil for a link of the house.
	Enrollment *catalog.Enrollment
	// Template is the offer's URL; nil sends the visitor to Fallback.
	Template *macro.Template
	// DeepLink is the page of the offer's site asked for and allowed, "" without one.
	DeepLink string
	// ClickParam is the name under which the click id is added to the URL, "" when
	// the URL has it already or nobody wants it.
	ClickParam string
	// Fallback is where the visitor goes without a Template; nil is the 404 page.
	Fallback *macro.Template
	// Reason is "" when the visitor went where the link points.
	Reason string
}

// Route decides where a visitor goes: the link's offer when everything on the way to
// it is active, else the offer's fallback, the workspace's, the 404 page (R19).
// deepLink is the page asked for with url=, "" for none; one that is not allowed
// costs the visitor nothing but that page (R13).
func (s *Snapshot) Route(key, deepLink string, o *Overlay) Decision {
	d := Decision{Link: s.links[key]}
	if d.Link == nil {
		return d
	}
	d.Offer = s.offers[d.Link.Offer]
	if d.Offer != nil && d.Offer.Workspace != d.Link.Workspace {
		d.Offer = nil // references never cross workspaces; were one to, it would lead nowhere
	}
	if d.Link.Publisher != "" {
		d.Enrollment = s.enrollments[enrolled{d.Link.Offer, d.Link.Publisher}]
	}
	d.Reason = s.refusal(&d, o)
	if d.Reason != "" {
		d.Fallback = s.fallback(&d)
		return d
	}
	d.Template = d.Offer.Template
	if deepLink != "" {
		d.DeepLink, d.Reason = s.deepLink(d.Offer, deepLink)
	}
	d.ClickParam = s.clickParam(&d)
	return d
}

// refusal is the first thing on the way from the link to the offer that is not in
// order, "" when all is.
func (s *Snapshot) refusal(d *Decision, o *Overlay) string {
	switch {
	case d.Link.Archived:
		return LinkArchived
	case d.Link.Status != catalog.StatusActive:
		return LinkPaused
	case d.Offer == nil:
		return NoDestination
	case d.Offer.Archived:
		return OfferArchived
	case d.Offer.Status == catalog.StatusDraft:
		return OfferDraft
	case d.Offer.Status != catalog.StatusActive:
		return OfferPaused
	}
	if d.Link.Publisher != "" {
		p := s.publishers[d.Link.Publisher]
		if p == nil || p.Archived || p.Status != catalog.StatusActive {
			return PublisherInactive
		}
		switch e := d.Enrollment; {
		case e == nil || e.Archived:
			return EnrollmentMissing
		case e.Status == catalog.Revoked:
			return EnrollmentRevoked
		case e.Status != catalog.Approved:
			return EnrollmentMissing
		}
	}
	if _, closed := o.Closed(d.Offer.ID); closed {
		return OfferClosed
	}
	if d.Offer.Template == nil {
		return NoDestination
	}
	return ""
}

func (s *Snapshot) fallback(d *Decision) *macro.Template {
	if d.Offer != nil && d.Offer.fallback != nil {
		return d.Offer.fallback
	}
	if w := s.workspaces[d.Link.Workspace]; w != nil {
		return w.fallback
	}
	return nil
}

func (s *Snapshot) deepLink(o *Offer, raw string) (link, reason string) {
	link, err := macro.DeepLink(raw, o.DeepLinks)
	if err == nil {
		return link, ""
	}
	var refused *macro.Error
	if errors.As(err, &refused) && refused.Code == macro.CodeLinkDenied {
		return "", DeepLinkDenied
	}
	return "", DeepLinkInvalid
}

// clickParam says whether the click id is to be added, and under which name. A deep
// link has to bring it to an offer that wants it in its URL, wherever it stands there.
func (s *Snapshot) clickParam(d *Decision) string {
	own := d.Offer.Template.Uses(macro.ClickID)
	if d.DeepLink != "" {
		if d.Offer.carries(macro.ClickID) || !own && !d.Offer.AppendClickID {
			return ""
		}
	} else if own || !d.Offer.AppendClickID {
		return ""
	}
	a := s.advertisers[d.Offer.Advertiser]
	if a == nil || a.ClickParam == "" {
		return DefaultClickParam
	}
	return a.ClickParam
}

// DefaultClickParam is the click id's parameter for an offer whose advertiser names none.
const DefaultClickParam = "click_id"
