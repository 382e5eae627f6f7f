package conversion

import (
	"fmt"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

// Coupons (rulebook A4). A coupon speaks for its publisher only where the advertiser
// itself names it, by its token, or an operator does: anybody can load a pixel.
//
//   - Without a click id, the conversion is the coupon's publisher's. It needs an order
//     number, and the signal's own id stands for the click: it is unique and ours, and is
//     in no index, so no postback can name it.
//   - With a click of another publisher, the offer says who wins; the loser is named.
//   - Known orders stay with whom they were recorded for.

// publisherOf names a publisher for a sentence.
func (j *judgment) publisherOf(id string) string {
	if id == "" {
		return "nobody, a link of the house"
	}
	if p := j.view.Publisher(id); p != nil && p.Name != "" {
		return p.Name + " (" + id + ")"
	}
	return id
}

// named is the coupon that the signal names, nil when there is none: of the advertiser
// whose token it brings, or of the advertiser of the offer that is meant.
func (j *judgment) named(advertiser string) *catalog.Coupon {
	for _, c := range j.view.Coupons(j.row.Workspace, j.req.Coupon) {
		if c.Advertiser == advertiser {
			return c
		}
	}
	return nil
}

// matchCoupon makes the click that a coupon without one stands for.
func (j *judgment) matchCoupon() error {
	c, err := j.alone()
	if err != nil {
		return err
	}
	offer := j.view.Offer(c.Offer)
	if offer == nil {
		return fmt.Errorf("the offer %s of coupon %s is not in the catalog", c.Offer, c.ID)
	}
	j.row.Offer = c.Offer
	if j.req.Offer != "" && j.req.Offer != c.Offer {
		return refuse(event.OfferMismatch, "offer", "The coupon %q belongs to another offer than %q.", c.Code, clip(j.req.Offer))
	}
	if j.req.TxID == "" {
		return refuse(event.MissingOrder, "txid", "No click id came with the coupon %q, and a conversion that is matched by its coupon needs its order number in the parameter txid.", c.Code)
	}
	at := j.sig.At
	if j.req.EventTime != "" {
		at, err = j.sentTime()
		if err != nil {
			return err
		}
	}
	j.coupon, j.method = c, MatchCoupon
	j.visit = &event.Visit{ID: j.sig.ID, At: at, Click: true, Revision: j.view.Revision}
	j.visit.Dims = event.Dims{Workspace: c.Workspace, Offer: c.Offer, Advertiser: offer.Advertiser}
	if geo := strings.ToUpper(j.geo()); catalog.KnownCountry(geo) {
		j.visit.Country = geo
	}
	j.credit(c)
	j.couponNote = fmt.Sprintf("No click came with it. It is the order of %s, whose coupon %q it brought.", j.publisherOf(c.Publisher), c.Code)
	return nil
}

// alone finds the coupon of a signal without a click.
func (j *judgment) alone() (*catalog.Coupon, error) {
	unknown := refuse(event.UnknownCoupon, "coupon", "No click id came with the signal, and no publisher has the coupon %q.", clip(j.req.Coupon))
	if j.sig.Kind != event.SignalUpload {
		c := j.named(j.view.AdvertiserByToken(j.req.Token).ID)
		if c == nil {
			return nil, unknown
		}
		return c, nil
	}
	all := j.view.Coupons(j.row.Workspace, j.req.Coupon)
	if j.req.Offer != "" {
		offer := j.view.Offer(j.req.Offer)
		if offer == nil || offer.Workspace != j.row.Workspace {
			return nil, refuse(event.OfferMismatch, "offer", "There is no offer %q.", clip(j.req.Offer))
		}
		c := j.named(offer.Advertiser)
		if c == nil {
			return nil, unknown
		}
		return c, nil
	}
	switch len(all) {
	case 0:
		return nil, unknown
	case 1:
		return all[0], nil
	}
	return nil, refuse(event.UnknownCoupon, "offer", "Several advertisers have a coupon %q: say which offer it is, in the parameter offer.", clip(j.req.Coupon))
}

// weigh decides between the click and the coupon that came with it.
func (j *judgment) weigh(v values) {
	if j.req.Coupon == "" || j.coupon != nil {
		return
	}
	if !j.trusted {
		j.couponNote = "Its coupon decides nothing: whoever sent it brought no token."
		return
	}
	c := j.named(j.offer.Advertiser)
	switch {
	case c == nil:
		j.couponNote = fmt.Sprintf("No publisher has the coupon %q: the click decides.", clip(j.req.Coupon))
		return
	case c.Offer != j.offer.ID:
		j.couponNote = fmt.Sprintf("The coupon %q belongs to another offer: the click decides.", c.Code)
		return
	}
	if why := j.useless(c, v.at); why != "" {
		j.couponNote = fmt.Sprintf("The coupon %q %s: the click decides.", c.Code, why)
		return
	}
	if c.Publisher == j.visit.Publisher {
		j.couponNote = fmt.Sprintf("The coupon %q is of the click's own publisher.", c.Code)
		return
	}
	both := fmt.Sprintf("The coupon %q is of %s, the click of %s", c.Code, j.publisherOf(c.Publisher), j.publisherOf(j.visit.Publisher))
	if j.offer.CouponPrecedence != catalog.CouponWins {
		j.couponNote = both + ": on this offer the click wins, and the coupon earns nothing."
		return
	}
	j.couponNote = both + ": on this offer the coupon wins, and the click earns nothing."
	j.coupon, j.method = c, MatchCoupon
	visit := *j.visit
	// What the link of the other publisher carried is theirs: the winner is told none of it.
	visit.Campaign, visit.Link, visit.Source, visit.ExternalID, visit.Keyword = "", "", "", "", ""
	visit.Subs, visit.Referer, visit.RefererDomain, visit.Destination = [event.Subs]string{}, "", "", ""
	j.visit = &visit
	j.credit(c)
}

// credit makes the coupon's publisher the one who earns.
func (j *judgment) credit(c *catalog.Coupon) {
	j.visit.Publisher, j.visit.Enrollment = c.Publisher, ""
	if e := j.view.Enrollment(c.Offer, c.Publisher); e != nil {
		j.visit.Enrollment = e.ID
	}
}

// useless says in words why the coupon speaks for nobody at the time, "" = it does. What
// holds for clicks on links holds here: offer, publisher and enrollment must be active.
func (j *judgment) useless(c *catalog.Coupon, at int64) string {
	offer, publisher, enrollment := j.view.Offer(c.Offer), j.view.Publisher(c.Publisher), j.view.Enrollment(c.Offer, c.Publisher)
	why, on := c.On(dayOf(at, j.zone(c.Workspace)))
	switch {
	case c.Archived:
		return "was taken out of use"
	case c.Status != catalog.StatusActive:
		return "is " + c.Status
	case !on:
		return why
	case offer == nil || offer.Archived || offer.Status != catalog.StatusActive:
		return "is for an offer that is not active"
	case publisher == nil || publisher.Archived || publisher.Status != catalog.StatusActive:
		return "is of a publisher who is not active"
	case enrollment == nil || enrollment.Archived || enrollment.Status != catalog.Approved:
		return "is of a publisher without an approved enrollment to the offer"
	}
	return ""
}

// clickless reports whether nothing but the coupon names the publisher.
func (j *judgment) clickless() bool { return j.visit.ID == j.sig.ID }

// disputed refuses to take a signal for news of a conversion that another publisher has,
// where a coupon names one of the two; "" or what to say beside it when it is taken. What
// was recorded first stays: it is re-attributed by nobody but an operator.
func (j *judgment) disputed(c *Conversion, v values) (string, error) {
	if j.method != MatchCoupon && c.Method != MatchCoupon || c.Publisher == j.visit.Publisher {
		return "", nil
	}
	stays := "It stays with the publisher it was recorded for."
	right := j.offer.CouponPrecedence == catalog.CouponWins // whether what is recorded is what the offer wants
	if j.method == MatchCoupon {
		right = !right && c.Method != MatchCoupon && !event.FromPage(c.Source)
	}
	switch {
	case !j.trusted:
		return "", nil // it decides nothing anyway, and is told nothing about others
	case right, c.Click == j.visit.ID, refused(v.status): // what is refused is the order, whoever earned it
		return stays, nil
	}
	return "", refuse(event.Conflict, "coupon", "The same %s was recorded before for %s (matched by %s), and now comes for %s (by %s); nothing was changed.",
		sameWhat(c), j.publisherOf(c.Publisher), c.Method, j.publisherOf(j.visit.Publisher), j.method)
}
