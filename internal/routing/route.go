package routing

import (
	"errors"
	"slices"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// The reasons why a visitor did not go where a link points: stable codes, kept in the
// visit (R19). The last two send the visitor to the offer all the same, to its normal
// page.
const (
	LinkPaused         = "link_paused"
	LinkArchived       = "link_archived"
	OfferPaused        = "offer_paused"
	OfferDraft         = "offer_draft"
	OfferSubmitted     = "offer_submitted"
	OfferApproved      = "offer_approved" // approved, but not made active yet
	OfferArchived      = "offer_archived"
	GeoBlocked         = "geo_blocked"         // a country the offer does not take
	DeviceBlocked      = "device_blocked"      // a device it does not take
	AdvertiserInactive = "advertiser_inactive" // the offer's advertiser is not active
	PublisherInactive  = "publisher_inactive"  // not active, archived, or gone
	EnrollmentRevoked  = "enrollment_revoked"
	EnrollmentPaused   = "enrollment_paused"
	EnrollmentMissing  = "enrollment_missing" // none, or applied for, invited to, rejected: never granted
	NoDestination      = "no_destination"     // no offer, or its URL does not compile
	DeepLinkDenied     = "deep_link_denied"   // the allow-list does not have its host
	DeepLinkInvalid    = "deep_link_invalid"  // not a URL that every parser reads alike
)

// Decision is what becomes of a visitor.
type Decision struct {
	// Link is nil when the key is unknown: nothing is to be recorded then.
	Link *Link
	// Offer is the one the visitor goes to, and the one the link points to when he goes to
	// none; nil when there is none.
	Offer *Offer
	// Wanted is the offer the link points to when the visitor goes to another one, nil
	// otherwise.
	Wanted *Offer
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

	extra     []macro.Param // chosen keywords that are appended
	workspace *workspace
	names     *Snapshot // for the names behind ids
	publisher slot
}

// Visitor is what a decision depends on besides the link. The zero Visitor has no known
// country or device, and unknown is never refused.
type Visitor struct {
	At      int64  // µs
	Country string // ISO 3166-1 alpha-2
	Device  string
	Count   bool // the visitor counts towards caps: false for who only looks
}

// maxElsewhere bounds a chain of fallback offers (R19); the catalog refuses longer ones.
const maxElsewhere = 5

// Route decides where a visitor goes: the link's offer when everything on the way to
// it is in order, else the offer's fallback offer, its fallback URL, the workspace's, the
// 404 page (R19). deepLink is the page asked for with url=, "" for none; one that is not
// allowed costs the visitor nothing but that page (R13).
func (s *Snapshot) Route(key, deepLink string, v Visitor, o *Overlay) Decision {
	r := s.links[shardOf(key)][key]
	d := Decision{Link: r.row}
	if d.Link == nil {
		return d
	}
	d.names, d.publisher, d.workspace = s, r.publisher, s.workspace(r.workspace)
	d.Offer = s.offer(r.offer, r.workspace)
	enrolled := get(s.enrollments, r.enrollment)
	d.Enrollment = enrolled.row
	d.Reason = s.refusal(&r, d.Offer, enrolled)
	switch {
	case d.Reason != "":
	case d.Link.Test:
		s.test(&d)
	default:
		s.choose(&d, &r, v, o)
	}
	if d.Template == nil {
		d.Fallback = d.workspace.fallback
		if d.Offer != nil && d.Offer.fallback != nil {
			d.Fallback = d.Offer.fallback
		}
		return d
	}
	if deepLink != "" && d.Wanted == nil {
		link, reason := s.deepLink(d.Offer, deepLink)
		d.DeepLink, d.Reason = link, reason
	}
	d.ClickParam = s.clickParam(&d)
	return d
}

// offer is the offer of a slot. References never cross workspaces; were one to, it would
// lead nowhere.
func (s *Snapshot) offer(at, home slot) *Offer {
	o := get(s.offers, at)
	if o == nil || o.workspace != home {
		return nil
	}
	return o
}

var noWorkspace workspace

func (s *Snapshot) workspace(at slot) *workspace {
	if at < 0 || int(at) >= len(s.workspaces) {
		return &noWorkspace
	}
	return &s.workspaces[at]
}

// refusal is what keeps a link from leading to any offer, "" when nothing does. The
// offer's own state is not among it: its fallback offer may take the visitor.
func (s *Snapshot) refusal(r *route, offer *Offer, e enrollment) string {
	switch {
	case r.state == linkArchived:
		return LinkArchived
	case r.state == linkPaused:
		return LinkPaused
	case offer == nil:
		return NoDestination
	case r.publisher == none:
		return ""
	}
	why := e.refusal
	switch {
	case !get(s.publishers, r.publisher).active:
		why = PublisherInactive
	case e.row == nil:
		why = EnrollmentMissing
	}
	if why != "" && offer.refusal != "" {
		return offer.refusal
	}
	return why
}

// test leads a tester to the link's own offer: before it takes visitors, from any country
// and device, and past its caps, none of which is used up.
func (s *Snapshot) test(d *Decision) {
	switch {
	case d.Offer.refusal == OfferArchived:
		d.Reason = OfferArchived
	case d.Offer.Template == nil:
		d.Reason = NoDestination
	default:
		d.Template = d.Offer.Template
	}
}

// choose finds the offer that takes the visitor: the link's, or the first one behind it
// in the chain of fallbacks that does.
func (s *Snapshot) choose(d *Decision, r *route, v Visitor, o *Overlay) {
	wanted := d.Offer
	offer := wanted
	for hop := 0; offer != nil && hop <= maxElsewhere; hop++ {
		reason := s.offerRefuses(offer, v)
		if hop > 0 && s.denied[denied{offer.slot, r.publisher}] {
			reason = EnrollmentRevoked // of this publisher the offer wants nobody, by whichever way
		}
		if reason == "" && !o.idle() {
			// Asked last, and of nobody the offer does not take: it counts.
			reason, _ = o.Admit(offer.ID, d.Link.Publisher, v.At, v.Count)
		}
		if reason == "" {
			d.Offer, d.Template = offer, offer.Template
			if offer != wanted {
				d.Wanted, d.Enrollment = wanted, nil
			}
			return
		}
		if hop == 0 {
			d.Reason = reason
		}
		offer = s.offer(offer.elsewhere, r.workspace)
	}
}

// offerRefuses is why an offer, or the advertiser it is of, does not take a visitor, ""
// when they do.
func (s *Snapshot) offerRefuses(o *Offer, v Visitor) string {
	reason := o.refuses(v)
	if reason == "" && get(s.advertisers, o.advertiser).inactive {
		return AdvertiserInactive
	}
	return reason
}

// refuses is why the offer does not take a visitor, "" when it does. An unknown country
// or device is not refused: it abstains.
func (of *Offer) refuses(v Visitor) string {
	switch {
	case of.refusal != "":
		return of.refusal
	case of.Template == nil:
		return NoDestination
	case len(of.countries) > 0 && v.Country != "" && !slices.Contains(of.countries, v.Country):
		return GeoBlocked
	case len(of.devices) > 0 && v.Device != "" && !slices.Contains(of.devices, v.Device):
		return DeviceBlocked
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
	case o.Status == catalog.StatusSubmitted:
		return OfferSubmitted
	case o.Status == catalog.StatusApproved:
		return OfferApproved
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
	case e.Status == catalog.Paused:
		return EnrollmentPaused
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
	own := d.Offer.Template.UsesClick()
	if d.DeepLink != "" {
		if d.Offer.carries(macro.ClickID) || !own && !d.Offer.Appends() {
			return ""
		}
	} else if own || !d.Offer.Appends() {
		return ""
	}
	name := get(s.advertisers, d.Offer.advertiser).clickParam
	if name == "" {
		return DefaultClickParam
	}
	return name
}

// DefaultClickParam is the click id's parameter for an offer whose advertiser names none.
const DefaultClickParam = "click_id"

// CookieDays is the cookie life of the decision's offer; see [catalog.CookieLife].
func (d *Decision) CookieDays() int64 {
	if d.Offer.CookieDays > 0 {
		return d.Offer.CookieDays
	}
	if own := get(d.names.advertisers, d.Offer.advertiser).cookieDays; own > 0 {
		return own
	}
	return catalog.DefaultCookieDays
}

// AdvertiserName is the internal name of the offer's advertiser, "" when there is none.
func (d *Decision) AdvertiserName() string {
	if d.Offer == nil {
		return ""
	}
	return get(d.names.advertisers, d.Offer.advertiser).name
}

// PublisherName is the internal name of the link's publisher, "" for a link of the house.
func (d *Decision) PublisherName() string { return get(d.names.publishers, d.publisher).name }

// IPMode is what the workspace lets {ip} show, one of catalog's IP constants.
func (d *Decision) IPMode() string { return d.workspace.ipMode }

// Salt is the workspace's key of {token:hash}.
func (d *Decision) Salt() string { return d.workspace.salt }
