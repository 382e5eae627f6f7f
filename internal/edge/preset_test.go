package edge

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/macro"
	"clickledger/internal/routing"
)

// TestPresetSubs: a sub id that the URL brings is the URL's; else it is the link's preset,
// in the offer's URL and in the visit alike.
func TestPresetSubs(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("漢", 200) // 600 bytes, from before there was a limit in bytes
	w.apply(&catalog.Offer{Meta: meta("off9"), Advertiser: "adv", URL: "https://shop.example/?a={sub1}&b={sub2}&t={sub20}", Status: catalog.StatusActive, Key: "k9", CookieDays: 30, DeepLinks: []string{"shop.example"}},
		&catalog.Link{Meta: meta("lnk9"), Key: "set", Offer: "off9", Status: catalog.StatusActive, Subs: []string{"news letter", "", "three", "{x"}},
		&catalog.Link{Meta: meta("lnk10"), Key: "all", Offer: "off9", Status: catalog.StatusActive, Subs: append(make([]string, 19), "twenty", "too many")},
		&catalog.Link{Meta: meta("lnk11"), Key: "long", Offer: "off9", Status: catalog.StatusActive, Subs: []string{long}})
	for target, want := range map[string]struct {
		to         string
		subs       []string
		unreplaced uint32
	}{
		"/c/set":                  {"a=news%20letter&b=&t=", []string{"news letter", "", "three", "{x"}, 0},
		"/c/set?sub1=own&sub2=b":  {"a=own&b=b&t=", []string{"own", "b", "three", "{x"}, 0},
		"/c/set?sub1=&sub1=again": {"a=again&b=&t=", []string{"again", "", "three", "{x"}, 0},
		"/c/set?sub1=":            {"a=news%20letter&b=&t=", []string{"news letter", "", "three", "{x"}, 0},
		"/c/set?sub1={sub}":       {"a=news%20letter&b=&t=", []string{"{sub}", "", "three", "{x"}, 1}, // kept as it came, and flagged (R10)
		"/c/all":                  {"a=&b=&t=twenty", append(make([]string, 19), "twenty"), 0},
		"/c/k1":                   {"", nil, 0}, // another request's presets do not stay in the pool
		"/c/long":                 {"", []string{long[:510]}, 0},
		"/c/set?url=https%3A%2F%2Fshop.example%2Fdeep": {"a=news%20letter&b=&t=", []string{"news letter", "", "three", "{x"}, 0},
	} {
		res := w.get(t, target)
		v := w.log.visits(t)[0]
		if got := res.Header.Get("Location"); !strings.Contains(got, want.to) {
			t.Errorf("%s: to %q, want %q", target, got, want.to)
		}
		var subs [event.Subs]string
		copy(subs[:], want.subs)
		if v.Subs != subs || v.Unreplaced != want.unreplaced {
			t.Errorf("%s: sub ids %q, flags %b", target, v.Subs, v.Unreplaced)
		}
	}
}

// TestTenClicks: ten clicks on a link are ten clicks, each with an id of its own; unique is
// the first of each browser (seed 5).
func TestTenClicks(t *testing.T) {
	w := newWorld(t)
	jar := map[string]string{}
	ids := map[event.ClickID]bool{}
	clicks, uniques := 0, 0
	for i := range 20 {
		browser := []string{"ann", "bob"}[i%2]
		var headers []string
		if jar[browser] != "" {
			headers = []string{"Cookie", jar[browser]}
		}
		res := w.get(t, "/c/k1", headers...)
		for _, c := range res.Cookies() {
			jar[browser] = c.Name + "=" + c.Value
		}
		v := w.log.visits(t)[0]
		ids[v.ID] = true
		if v.Click {
			clicks++
		}
		if v.Unique {
			uniques++
		}
	}
	if len(ids) != 20 || clicks != 20 || uniques != 2 {
		t.Errorf("%d ids, %d clicks, %d uniques; want 20, 20 and 2", len(ids), clicks, uniques)
	}
}

// TestEveryReason: whoever cannot go where a link points lands at the fallback, or at the
// offer's own page, and the visit keeps the reason (R19). Each case changes one thing.
func TestEveryReason(t *testing.T) {
	const fallback, page = "https://other.example/", "https://shop.example/p"
	type rows struct {
		link  *catalog.Link
		offer *catalog.Offer
		pub   *catalog.Publisher
		enr   *catalog.Enrollment
	}
	status := func(s string) func(*rows) { return func(r *rows) { r.offer.Status = s } }
	for _, c := range []struct {
		reason string
		change func(*rows)
		query  string
		to     string
	}{
		{"", func(*rows) {}, "", page},
		{routing.LinkPaused, func(r *rows) { r.link.Status = catalog.StatusPaused }, "", fallback},
		{routing.LinkArchived, func(r *rows) { r.link.Archived = true }, "", fallback},
		{routing.OfferPaused, status(catalog.StatusPaused), "", fallback},
		{routing.OfferDraft, status(catalog.StatusDraft), "", fallback},
		{routing.OfferSubmitted, status(catalog.StatusSubmitted), "", fallback},
		{routing.OfferApproved, status(catalog.StatusApproved), "", fallback},
		{routing.OfferArchived, func(r *rows) { r.offer.Archived = true }, "", fallback},
		{routing.DeviceBlocked, func(r *rows) { r.offer.Devices = []string{"phone"} }, "", fallback},
		{routing.PublisherInactive, func(r *rows) { r.pub.Status = catalog.StatusPaused }, "", fallback},
		{routing.PublisherInactive, func(r *rows) { r.pub.Status = catalog.StatusBanned }, "", fallback},
		{routing.PublisherInactive, func(r *rows) { r.pub.Archived = true }, "", fallback},
		{routing.EnrollmentPaused, func(r *rows) { r.enr.Status = catalog.Paused }, "", fallback},
		{routing.EnrollmentRevoked, func(r *rows) { r.enr.Status = catalog.Revoked }, "", fallback},
		{routing.EnrollmentMissing, func(r *rows) { r.enr.Status = catalog.Rejected }, "", fallback},
		{routing.EnrollmentMissing, func(r *rows) { r.enr.Status = catalog.Applied }, "", fallback},
		{routing.EnrollmentMissing, func(r *rows) { r.enr.Archived = true }, "", fallback},
		{routing.NoDestination, func(r *rows) { r.offer.URL = "" }, "", fallback},
		{routing.DeepLinkDenied, func(*rows) {}, "?url=https%3A%2F%2Fevil.example%2F", page},
		{routing.DeepLinkInvalid, func(*rows) {}, "?url=%2F%2Fevil.example%2F", page},
	} {
		t.Run(c.reason, func(t *testing.T) {
			w := newWorld(t)
			r := rows{
				&catalog.Link{Meta: meta("l"), Key: "key", Offer: "o", Publisher: "p", Status: catalog.StatusActive},
				&catalog.Offer{Meta: meta("o"), Advertiser: "adv", URL: page, Status: catalog.StatusActive, Key: "ko", CookieDays: 30, FallbackURL: fallback, DeepLinks: []string{"shop.example"}},
				&catalog.Publisher{Meta: meta("p"), Status: catalog.StatusActive},
				&catalog.Enrollment{Meta: meta("e"), Offer: "o", Publisher: "p", Status: catalog.Approved},
			}
			c.change(&r)
			w.apply(r.link, r.offer, r.pub, r.enr)
			res := w.get(t, "/c/key"+c.query)
			v := w.log.visits(t)[0]
			if res.StatusCode != http.StatusFound || res.Header.Get("Location") != c.to {
				t.Errorf("%d to %q, want %q", res.StatusCode, res.Header.Get("Location"), c.to)
			}
			if v.Reason != c.reason || v.Click != (c.to == page) || v.Unique != v.Click || v.Link != "l" || v.Offer != "o" || v.Publisher != "p" || v.Destination != c.to {
				t.Errorf("visit %+v", v)
			}
			if (res.Header.Get("Set-Cookie") != "") != v.Click {
				t.Error("a cookie is for who reached the offer, and for nobody else")
			}
		})
	}
}

// TestGeoBlocked is the reason that needs an address: 81.2.69.142 is in Britain.
func TestGeoBlocked(t *testing.T) {
	w := newWorld(t)
	w.apply(&catalog.Offer{Meta: meta("o"), URL: "https://shop.example/p", Status: catalog.StatusActive, Key: "ko", FallbackURL: "https://other.example/", Countries: []string{"DE"}},
		&catalog.Link{Meta: meta("l"), Key: "key", Offer: "o", Status: catalog.StatusActive})
	s := sink{h: http.Header{}}
	w.edge.Handler().ServeHTTP(&s, &http.Request{Method: http.MethodGet, RemoteAddr: "81.2.69.142:4711", Header: http.Header{"User-Agent": {chrome}}, URL: &url.URL{Path: "/c/key"}})
	if v := w.log.visits(t)[0]; s.h.Get("Location") != "https://other.example/" || v.Reason != routing.GeoBlocked || v.Country != "GB" || v.Click {
		t.Errorf("to %q, visit %+v", s.h.Get("Location"), v)
	}
}

// TestPresetsCostNothing: presets are filled in without an allocation.
func TestPresetsCostNothing(t *testing.T) {
	link := &catalog.Link{Source: "house", Subs: []string{"a", "b", "", "d"}}
	h := &hit{}
	if n := testing.AllocsPerRun(100, func() {
		h.visit, h.values = event.Visit{}, macro.Values{}
		foreign(h, link)
	}); n != 0 || h.values[macro.Sub1+3] != "d" || h.visit.Subs[1] != "b" {
		t.Errorf("%v allocations, %q", n, h.visit.Subs)
	}
}
