// Package attribution says which click earns a conversion, and why.
//
// Invariants:
//   - Pure and deterministic: the same touches and the same setting give the same
//     answer, in whatever order they came.
//   - Nothing is guessed: an order number, a click id or a cookie names the click, or
//     there is no match.
package attribution

import (
	"strconv"
	"strings"

	"clickledger/internal/event"
)

// Names of the tracker's cookie. The prefix __Host- needs https (C2); plain http,
// which only local use has, falls back to a name without it.
const (
	SecureCookieName = "__Host-cltid"
	CookieName       = "cltid"
)

// MaxSlots bounds the cookie: one slot an offer, the slots that end first go when
// there are more. 24 slots of at most 90 bytes stay far below 4096 (C2).
const MaxSlots = 24

// maxOfferKey bounds an offer's public key within a slot, in bytes.
const maxOfferKey = 40

// MaxCookieDays is the longest life browsers grant (C2).
const MaxCookieDays = 400

// Slot remembers the click to one offer that earns: its last, or its first.
type Slot struct {
	Offer   string        // the offer's public key
	Click   event.ClickID // zero: only that the browser was there
	Expires int64         // Unix seconds
}

// Slots is the tracker cookie's content, the oldest first.
type Slots []Slot

// ParseCookie reads a cookie's value. It never fails: what is malformed, expired or
// beyond the bounds is left out. now is in Unix seconds.
func ParseCookie(value string, now int64) Slots {
	var s Slots
	for len(value) > 0 && len(s) < MaxSlots {
		var part string
		part, value, _ = strings.Cut(value, ".")
		offer, rest, ok := strings.Cut(part, "_")
		if !ok || offer == "" || len(offer) > maxOfferKey || !plain(offer) {
			continue
		}
		click, exp, ok := strings.Cut(rest, "_")
		if !ok {
			continue
		}
		var id event.ClickID
		if click != "" {
			var err error
			id, err = event.ParseClickID(click)
			if err != nil {
				continue
			}
		}
		at, err := strconv.ParseInt(exp, 36, 64)
		if err != nil || at <= now || at > now+MaxCookieDays*86400 {
			continue
		}
		s = s.With(offer, id, at)
	}
	return s
}

// plain reports whether a key has only the letters and digits a slot may carry.
func plain(key string) bool {
	for i := 0; i < len(key); i++ {
		c := key[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// Find returns the click remembered for the offer.
func (s Slots) Find(offerKey string) (event.ClickID, bool) {
	for i := range s {
		if s[i].Offer == offerKey {
			return s[i].Click, !s[i].Click.IsZero()
		}
	}
	return event.ClickID{}, false
}

// Seen reports whether the browser was at the offer before, even if no click of it is
// remembered.
func (s Slots) Seen(offerKey string) bool {
	for i := range s {
		if s[i].Offer == offerKey {
			return true
		}
	}
	return false
}

// With returns the slots with the offer's set to the click.
// It shares nothing with s.
func (s Slots) With(offerKey string, id event.ClickID, expires int64) Slots {
	out := make(Slots, 0, len(s)+1)
	first := -1 // the slot that ends first
	for _, slot := range s {
		if slot.Offer == offerKey {
			continue
		}
		if first < 0 || slot.Expires < out[first].Expires {
			first = len(out)
		}
		out = append(out, slot)
	}
	if len(out) >= MaxSlots {
		out = append(out[:first], out[first+1:]...)
	}
	return append(out, Slot{Offer: offerKey, Click: id, Expires: expires})
}

// String is the cookie's value: only letters, digits, "_" and ".".
func (s Slots) String() string {
	var b strings.Builder
	for i, slot := range s {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(slot.Offer)
		b.WriteByte('_')
		b.WriteString(slot.Click.String())
		b.WriteByte('_')
		b.WriteString(strconv.FormatInt(slot.Expires, 36))
	}
	return b.String()
}

// MaxAge is the cookie's life in seconds: until its last slot ends. now is in Unix
// seconds.
func (s Slots) MaxAge(now int64) int64 {
	var last int64
	for _, slot := range s {
		last = max(last, slot.Expires)
	}
	return max(0, last-now)
}
