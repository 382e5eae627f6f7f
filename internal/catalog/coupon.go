package catalog

import (
	"strings"
	"time"

	"clickledger/internal/macro"
)

// Coupon is a code that customers type in at the advertiser's checkout, and that speaks
// for the publisher who gave it to them (rulebook A4).
type Coupon struct {
	Meta
	Offer     string
	Publisher string
	// Advertiser is the offer's, "" when it has none. Codes are unique within it, archived
	// ones included: a postback names its advertiser, by its token, and the code.
	Advertiser string
	Code       string // as it was typed; compared by [FoldCode]
	ValidFrom  string // YYYY-MM-DD in the workspace's time zone, "" = open
	ValidUntil string // the last day, inclusive; "" = open
	Status     string // StatusActive, StatusPaused
	Notes      string
}

// maxCode bounds a coupon's code, in characters.
const maxCode = 64

// FoldCode is the form in which coupon codes are compared: without the spaces around it,
// in any case.
func FoldCode(code string) string {
	return strings.ToLower(strings.ToUpper(strings.TrimSpace(code)))
}

// On reports whether the coupon's dates include the day (YYYY-MM-DD in the workspace's
// zone); why says in words what is wrong when they do not.
func (c *Coupon) On(day string) (why string, ok bool) {
	switch {
	case c.ValidFrom != "" && day < c.ValidFrom:
		return "begins on " + c.ValidFrom, false
	case c.ValidUntil != "" && day > c.ValidUntil:
		return "ended on " + c.ValidUntil, false
	}
	return "", true
}

func (c *checker) buildCoupon(d *CouponDoc, m Meta) Entity {
	e := &Coupon{Meta: m, Offer: d.Offer, Publisher: d.Publisher, Code: c.couponCode(d.Code), Status: d.Status, Notes: d.Notes}
	e.ValidFrom, e.ValidUntil = c.day("valid_from", d.ValidFrom), c.day("valid_until", d.ValidUntil)
	if e.ValidFrom > e.ValidUntil && e.ValidUntil != "" && !c.wrong("valid_from") && !c.wrong("valid_until") {
		c.bad.Add("valid_until", ruleOutOfRange, d.ValidUntil, "It ends before it begins.")
	}
	if old, ok := c.old.(*Coupon); ok {
		e.Advertiser = old.Advertiser
		c.immutable("offer", old.Offer, d.Offer)
		c.immutable("publisher", old.Publisher, d.Publisher)
	} else {
		offer, found := c.ref("offer", KindOffer, d.Offer, "").(*Offer)
		publisher := c.ref("publisher", KindPublisher, d.Publisher, "")
		if found {
			e.Advertiser = offer.Advertiser
		}
		if found && publisher != nil && !c.enrolled(d.Offer, d.Publisher) {
			c.bad.Add("publisher", "enrollment_missing", d.Publisher, "The publisher has no approved enrollment to this offer.")
		}
		if !found {
			return e // whose code it would be is not known
		}
	}
	c.taken("code", e.Code, KindCoupon, map[string]string{"advertiser": e.Advertiser, "code": e.Code})
	return e
}

// couponCode checks a code. What a postback would leave out as a macro nobody replaced
// could never be matched.
func (c *checker) couponCode(code string) string {
	code = strings.TrimSpace(code)
	if c.wrong("code") {
		return code
	}
	_, _, wrapped := macro.Unwrap(code)
	switch {
	case code == "":
		c.bad.Add("code", ruleRequired, code, "A coupon needs its code.")
	case !printable(code):
		c.bad.Add("code", ruleCharacters, code, "Must not contain control characters.")
	case macro.Unreplaced(code) || wrapped:
		c.bad.Add("code", "macro_unreplaced", code, "Looks like a macro, or a value in brackets, and such values are left out of postbacks.")
	}
	return code
}

// day checks a calendar day; "" is none.
func (c *checker) day(field, s string) string {
	s = strings.TrimSpace(s)
	if s == "" || c.wrong(field) {
		return s
	}
	_, err := time.Parse(time.DateOnly, s)
	if err != nil {
		c.bad.Add(field, "invalid_date", s, "Must be a day such as 2026-12-31.")
	}
	return s
}
