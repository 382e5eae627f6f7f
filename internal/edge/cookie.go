package edge

import (
	"net/http"
	"strconv"
	"strings"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/routing"
)

// jar reads and writes the tracker's cookie: host-only, one slot an offer, at most
// 4096 bytes (C1, C2). The shop's own pages never see it; only pixels bring it back.
type jar struct {
	name  string
	attrs string
}

// maxCookie bounds name and value together; browsers drop longer ones (C2).
const maxCookie = 4096

func newJar(publicURL string) jar {
	if strings.HasPrefix(strings.ToLower(publicURL), "https://") {
		return jar{attribution.SecureCookieName, "; Path=/; Secure; HttpOnly; SameSite=None"}
	}
	return jar{attribution.CookieName, "; Path=/; HttpOnly; SameSite=Lax"}
}

// value is the raw value of the tracker's cookie, "" without one. It reads the header
// itself: the standard library would allocate every cookie of the host.
func (j jar) value(h http.Header) string {
	for _, line := range h["Cookie"] {
		for len(line) > 0 {
			var part string
			part, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(strings.TrimLeft(part, " \t"), "=")
			if ok && name == j.name {
				return cut(strings.TrimRight(value, " \t"), maxCookie)
			}
		}
	}
	return ""
}

// set is the Set-Cookie header that remembers the click as the offer's, "" when nothing
// is to be remembered: the offer cannot be, or its first click is and still lives.
//
// An offer that is tracked by postbacks hands out the click id in the URL and no cookie
// that names a click: its slot says only that the browser was here, for unique visits.
func (j jar) set(slots attribution.Slots, d *routing.Decision, id event.ClickID, now int64) string {
	o := d.Offer
	if !slotKey(o.Key) {
		return ""
	}
	_, known := slots.Find(o.Key)
	if known && o.Attribution == catalog.FirstClick {
		return ""
	}
	if o.Tracking == catalog.TrackPostback {
		id = event.ClickID{}
	}
	days := min(d.CookieDays(), attribution.MaxCookieDays)
	slots = slots.With(o.Key, id, now+days*86400)
	value := slots.String()
	if len(j.name)+1+len(value) > maxCookie {
		return "" // attribution bounds the slots far below
	}
	b := make([]byte, 0, len(j.name)+len(value)+len(j.attrs)+32)
	b = append(b, j.name...)
	b = append(b, '=')
	b = append(b, value...)
	b = append(b, "; Max-Age="...)
	b = strconv.AppendInt(b, slots.MaxAge(now), 10)
	b = append(b, j.attrs...)
	return string(b)
}

// slotKey reports whether a public key can stand in a slot: anything else would be
// dropped when the cookie is read back, or break it.
func slotKey(key string) bool {
	if key == "" || len(key) > 40 {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
