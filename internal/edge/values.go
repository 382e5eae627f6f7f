package edge

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/dialect"
	"clickledger/internal/macro"
	"clickledger/internal/money"
	"clickledger/internal/routing"
	"clickledger/internal/visitor"
)

// values sets what the tokens stand for. The visit is complete by now.
func values(h *hit, d *routing.Decision, info *visitor.Info) {
	v, t := &h.visit, &h.values
	t[macro.OfferID], t[macro.PublisherID], t[macro.AdvertiserID], t[macro.LinkID] = v.Offer, v.Publisher, v.Advertiser, v.Link
	t[macro.CampaignID] = v.Campaign
	t[macro.Device], t[macro.Brand], t[macro.Model] = v.Device, v.Brand, v.Model
	t[macro.OS], t[macro.OSVersion] = v.OS, v.OSVersion
	t[macro.Browser], t[macro.BrowserVersion], t[macro.Language] = v.Browser, v.BrowserVersion, v.Language
	t[macro.CountryCode], t[macro.Region], t[macro.City] = v.Country, v.Region, v.City
	t[macro.ISP], t[macro.Connection] = v.ISP, v.Connection
	t[macro.UserAgent], t[macro.Referrer], t[macro.ReferrerDomain] = v.UserAgent, v.Referer, v.RefererDomain
	t[macro.PublisherName], t[macro.AdvertiserName] = d.PublisherName(), d.AdvertiserName()
	t[macro.Salt] = d.Salt()
	if d.Offer != nil {
		t[macro.OfferName], t[macro.OfferStaticURL] = d.Offer.Name, d.Offer.StaticURL
	}
	// The rest costs an allocation each: only for URLs that show it.
	for i := range costly {
		c := &costly[i]
		if d.Uses(c.id) {
			t[c.id] = c.value(h, d, info)
		}
	}
}

// costly are the tokens whose value has to be made.
var costly = []struct {
	id    macro.ID
	value func(h *hit, d *routing.Decision, info *visitor.Info) string
}{
	{macro.ClickID, func(h *hit, _ *routing.Decision, _ *visitor.Info) string { return h.visit.ID.String() }},
	{macro.ClickNumber, func(h *hit, _ *routing.Decision, _ *visitor.Info) string { return dialect.ClickNumber(h.visit.ID) }},
	{macro.VisitID, func(h *hit, _ *routing.Decision, _ *visitor.Info) string { return h.visit.ID.String() }},
	{macro.Country, func(h *hit, _ *routing.Decision, _ *visitor.Info) string { return visitor.CountryName(h.visit.Country) }},
	{macro.IP, func(h *hit, d *routing.Decision, info *visitor.Info) string {
		return address(d.IPMode(), h.visit.Addr, info)
	}},
	{macro.Cost, func(h *hit, _ *routing.Decision, _ *visitor.Info) string { return cost(h.params) }},
	{macro.OfferPayout, func(h *hit, d *routing.Decision, _ *visitor.Info) string { return payout(d.Offer, h.visit.Country) }},
	{macro.Timestamp, func(h *hit, _ *routing.Decision, _ *visitor.Info) string {
		return strconv.FormatInt(h.visit.At/1e6, 10)
	}},
	{macro.TimestampMs, func(h *hit, _ *routing.Decision, _ *visitor.Info) string {
		return strconv.FormatInt(h.visit.At/1e3, 10)
	}},
	{macro.DateTime, clock(time.RFC3339)},
	{macro.Date, clock(time.DateOnly)},
	{macro.TimeOfDay, clock(time.TimeOnly)},
	{macro.Year, clock("2006")},
	{macro.Month, clock("01")},
	{macro.Day, clock("02")},
	{macro.Hour, clock("15")},
	{macro.Weekday, clock("Monday")},
	{macro.Random, func(*hit, *routing.Decision, *visitor.Info) string {
		return strconv.FormatUint(1e9+rand.Uint64N(9e9), 10)
	}},
	{macro.RandomHex, func(*hit, *routing.Decision, *visitor.Info) string {
		var b [16]byte
		for i := range b {
			b[i] = byte(rand.Uint32())
		}
		return hex.EncodeToString(b[:])
	}},
}

// clock is the visit's time in UTC in a layout of package time.
func clock(layout string) func(*hit, *routing.Decision, *visitor.Info) string {
	return func(h *hit, _ *routing.Decision, _ *visitor.Info) string {
		return time.UnixMicro(h.visit.At).UTC().Format(layout)
	}
}

// address is what the workspace lets {ip} show (G4).
func address(mode, truncated string, info *visitor.Info) string {
	switch mode {
	case catalog.IPFull:
		if !info.Addr.IsValid() {
			return ""
		}
		return info.Addr.String()
	case catalog.IPNone:
		return ""
	}
	return truncated
}

// cost is what the link says a visit costs, if it is a plain decimal number.
func cost(params []macro.Param) string {
	s, _ := macro.Get(params, "cost")
	if s == "" {
		return ""
	}
	d, err := money.ParseDecimal(s)
	if err != nil || d.IsNeg() {
		return ""
	}
	return s
}

// payout is what the offer pays for a conversion from a country, as far as it is known
// before there is one: a fixed payout, a percentage of nothing is not.
func payout(o *routing.Offer, country string) string {
	if o == nil || o.PayoutKind != catalog.PayoutFixed {
		return ""
	}
	a := money.Amount{Minor: o.Terms.PayoutIn(country), Currency: money.Currency(o.Currency)}
	return a.String()
}
