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
	r := s.links[shardOf(key)][key]
	d := Decision{Link: r.row}
	if d.Link == nil {
		return d
	}
	d.Offer = get(s.offers, r.offer)
	if d.Offer != nil && d.Offer.workspace != r.workspace {
		d.Offer = nil // references never cross workspaces; were one to, it would lead nowhere
	}
	enrolled := get(s.enrollments, r.enrollment)
	d.Enrollment = enrolled.row
	d.Reason = s.refusal(&r, d.Offer, enrolled, o)
	if d.Reason != "" {
		d.Fallback = get(s.fallbacks, r.workspace)
		if d.Offer != nil && d.Offer.fallback != nil {
			d.Fallback = d.Offer.fallback
		}
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
func (s *Snapshot) refusal(r *route, offer *Offer, e enrollment, o *Overlay) string {
	switch {
	case r.state == linkArchived:
		return LinkArchived
	case r.state == linkPaused:
		return LinkPaused
	case offer == nil:
		return NoDestination
	case offer.refusal != "":
		return offer.refusal
	case r.publisher != none && !get(s.publishers, r.publisher):
		return PublisherInactive
	case r.publisher != none && e.row == nil:
		return EnrollmentMissing
	case r.publisher != none && e.refusal != "":
		return e.refusal
	}
	if _, closed := o.Closed(offer.ID); closed {
		return OfferClosed
	}
	if offer.Template == nil {
		return NoDestination
	}
	return ""
}

// offerRefusal is the reason of an offer's status, "" when it takes visitors.
func offerRefusal(o *catalog.Offer) string {
	switch {
	case o.Archived:
		return OfferArchived
	case o.Status == catalog.StatusDraft:
		return OfferDraft
	case o.Status != catalog.StatusActive:
		return OfferPaused
	}
	return ""
}

// enrollmentRefusal is the reason of an enrollment's status, "" when it is approved.
func enrollmentRefusal(e *catalog.Enrollment) string {
	switch {
	case e.Archived:
		return EnrollmentMissing
	case e.Status == catalog.Revoked:
		return EnrollmentRevoked
	case e.Status != catalog.Approved:
		return EnrollmentMissing
	}
	return ""
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
	name := get(s.clickParams, d.Offer.advertiser)
	if name == "" {
		return DefaultClickParam
	}
	return name
}

// DefaultClickParam is the click id's parameter for an offer whose advertiser names none.
const DefaultClickParam = "click_id"
