package routing

import (
	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

func compileOffer(o *catalog.Offer) *Offer {
	c := &Offer{Offer: o, fallback: compileFallback(o.FallbackURL), refusal: offerRefusal(o), countries: o.Countries, devices: o.Devices}
	c.Template, c.Err = catalog.ParseDestination(o.URL)
	if c.Err != nil {
		c.Template = nil
		return c
	}
	c.keywords = compileKeywords(o.Keywords, c.Template)
	if len(o.DeepLinks) > 0 {
		c.carry = compileCarry(c.Template)
	}
	return c
}

// compileFallback gives nil for a URL that is absent or does not compile: the chain
// of fallbacks then goes on to its next member (R19).
func compileFallback(raw string) *macro.Template {
	if raw == "" {
		return nil
	}
	t, err := macro.ParseURL(raw)
	if err != nil {
		return nil
	}
	return t
}

// carryBase makes a URL of a carried parameter; only what follows it is used.
const carryBase = "https://carry.invalid/?"

// compileCarry takes the query parameters that have tokens out of a destination, each
// as a URL of its own. Static ones stay behind: they may select a page, and the deep
// link selects another.
func compileCarry(t *macro.Template) []*macro.Template {
	var carry []*macro.Template
	for _, piece := range t.TokenParams() {
		p, err := macro.ParseURL(carryBase + piece)
		if err == nil && usesAny(p) {
			carry = append(carry, p)
		}
	}
	return carry
}

// carries reports whether a carried parameter has the token.
func (o *Offer) carries(id macro.ID) bool {
	for _, t := range o.carry {
		if t.Uses(id) {
			return true
		}
	}
	return false
}

func usesAny(t *macro.Template) bool {
	for id := range macro.NumTokens {
		if t.Uses(id) {
			return true
		}
	}
	return false
}
