package edge

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"unicode/utf8"

	"clickledger/internal/event"
	"clickledger/internal/macro"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// Bits of [event.Visit.Unreplaced] above the twenty sub ids.
const (
	bitExternalID = 20
	bitKeyword    = 21
	bitSource     = 22
	// bitCut says that a value was longer than its limit and is stored cut.
	bitCut = 31
)

// fill completes the visit and the values its URL is rendered with.
func (e *Edge) fill(h *hit, r *http.Request, d *routing.Decision, info *visitor.Info) {
	v := &h.visit
	v.Click, v.Reason, v.Test = d.Template != nil, d.Reason, d.Link.Test
	v.Workspace, v.Link, v.Offer, v.Publisher = d.Link.Workspace, d.Link.ID, d.Link.Offer, d.Link.Publisher
	if d.Offer != nil {
		v.Offer, v.Advertiser = d.Offer.ID, d.Offer.Advertiser
	}
	if d.Wanted != nil {
		v.Wanted = d.Wanted.ID
	}
	if d.Enrollment != nil {
		v.Enrollment = d.Enrollment.ID
	}
	foreign(h, d.Link)
	if keyword, ok := d.Keywords(rand.Uint64); ok {
		// The offer's own choice is what it is paid by; the link's keyword gives way to it.
		v.Keyword, h.values[macro.Keyword] = keyword, keyword
		v.Unreplaced &^= 1 << bitKeyword
	}

	v.Country, v.Region, v.City, v.ISP, v.Connection = info.Country, info.Region, info.City, info.ISP, info.Connection
	v.Device, v.Brand, v.Model, v.Language = info.Device, info.Brand, info.Model, info.Language
	v.OS, v.OSVersion, v.Browser, v.BrowserVersion = info.OS, info.OSVersion, info.Browser, info.BrowserVersion
	v.Bot, v.Suspect = info.Bot, info.Suspect
	v.Addr = visitor.TruncateAddr(info.Addr) // G4: after the country was looked up, before anything is durable
	v.UserAgent = cut(first(r.Header, "User-Agent"), event.MaxUserAgent)
	v.Referer = cut(first(r.Header, "Referer"), event.MaxURL)
	v.RefererDomain = domainOf(v.Referer)
	if h.cut {
		v.Unreplaced |= 1 << bitCut
	}
	values(h, d, info)
}

// foreign takes the ids of others out of the query: opaque, byte for byte (R16). Of a
// repeated parameter the first value that is not empty counts. A macro that nobody
// replaced is stored and flagged, and rendered as if it were absent (R10). What the query
// does not bring is the link's own: its source, and its preset sub ids.
func foreign(h *hit, link *routing.Link) {
	v := &h.visit
	for i := range h.params {
		p := &h.params[i]
		if p.Value == "" {
			continue
		}
		var to *string
		var id macro.ID
		var bit int
		switch p.Name {
		case "source":
			to, id, bit = &v.Source, macro.Source, bitSource
		case "external_id":
			to, id, bit = &v.ExternalID, macro.ExternalID, bitExternalID
		case "keyword":
			to, id, bit = &v.Keyword, macro.Keyword, bitKeyword
		default:
			n := subIndex(p.Name)
			if n < 0 {
				continue
			}
			to, id, bit = &v.Subs[n], macro.Sub1+macro.ID(n), n
		}
		if *to != "" {
			continue
		}
		*to = cut(p.Value, event.MaxForeignID)
		h.cut = h.cut || len(*to) < len(p.Value)
		if macro.Unreplaced(p.Value) {
			v.Unreplaced |= 1 << bit
			continue
		}
		h.values[id] = *to
	}
	if h.values[macro.Source] == "" {
		h.values[macro.Source] = link.Source
		if v.Source == "" {
			v.Source = link.Source
		}
	}
	for n, preset := range link.Subs {
		id := macro.Sub1 + macro.ID(n)
		if n >= event.Subs || preset == "" || h.values[id] != "" {
			continue
		}
		h.values[id] = cut(preset, event.MaxForeignID)
		if v.Subs[n] == "" {
			v.Subs[n] = h.values[id]
		}
	}
}

// subIndex is n-1 for the parameter subn, n from 1 to 20; -1 for another name.
func subIndex(name string) int {
	digits, ok := strings.CutPrefix(name, "sub")
	if !ok || len(digits) == 0 || len(digits) > 2 {
		return -1
	}
	n := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return -1
		}
		n = n*10 + int(digits[i]-'0')
	}
	if digits[0] == '0' || n > event.Subs {
		return -1
	}
	return n - 1
}

// cut shortens s to at most n bytes, at the end of a character where there is one.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := range utf8.UTFMax {
		if utf8.RuneStart(s[n-back]) {
			return s[:n-back]
		}
	}
	return s[:n]
}

// maxDomain is the longest host name, in bytes.
const maxDomain = 253

// domainOf is the host of a Referer in lower case, without port; "" when it has none
// or one that is no host name.
func domainOf(referer string) string {
	_, rest, ok := strings.Cut(referer, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if i := strings.IndexByte(rest, ':'); i >= 0 {
		rest = rest[:i]
	}
	rest = strings.TrimSuffix(rest, ".")
	if len(rest) > maxDomain {
		return ""
	}
	for i := range len(rest) {
		c := rest[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '-' && c != '_' {
			return ""
		}
	}
	return strings.ToLower(rest)
}
