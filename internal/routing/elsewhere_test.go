package routing

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// chain is link k to offer o0, whose fallback is o1, and so on; change sets each up.
func chain(n int, change func(i int, o *catalog.Offer)) *Snapshot {
	b := NewBuilder()
	rows := []catalog.Entity{
		&catalog.Workspace{Meta: meta("ws"), FallbackURL: "https://ws.example/"},
		&catalog.Link{Meta: meta("lnk"), Key: "k", Offer: "o0", Status: catalog.StatusActive},
	}
	for i := range n {
		o := &catalog.Offer{Meta: meta(fmt.Sprintf("o%d", i)), URL: fmt.Sprintf("https://o%d.example/", i), Status: catalog.StatusActive}
		if i+1 < n {
			o.FallbackOffer = fmt.Sprintf("o%d", i+1)
		}
		change(i, o)
		rows = append(rows, o)
	}
	b.Apply(rows, 1)
	return b.Snapshot()
}

// Who is outside of an offer's countries and devices goes to its fallback offer, then to
// its fallback URL; an unknown country or device abstains (R19).
func TestTargetingAndFallbackOffers(t *testing.T) {
	german := func(o *catalog.Offer) { o.Countries, o.FallbackURL = []string{"AT", "DE"}, "https://only.de/" }
	for name, c := range map[string]struct {
		n      int
		change func(i int, o *catalog.Offer)
		who    Visitor
		url    string
		wanted string
		reason string
	}{
		"inside":           {1, func(_ int, o *catalog.Offer) { german(o) }, Visitor{Country: "DE"}, "https://o0.example/", "", ""},
		"unknown country":  {1, func(_ int, o *catalog.Offer) { german(o) }, Visitor{}, "https://o0.example/", "", ""},
		"outside, no more": {1, func(_ int, o *catalog.Offer) { german(o) }, Visitor{Country: "US"}, "https://only.de/", "", GeoBlocked},
		"outside, fallback offer": {2, func(i int, o *catalog.Offer) {
			if i == 0 {
				german(o)
			}
		}, Visitor{Country: "US"}, "https://o1.example/", "o0", GeoBlocked},
		"device": {2, func(i int, o *catalog.Offer) {
			if i == 0 {
				o.Devices = []string{"phone"}
			}
		}, Visitor{Device: "desktop"}, "https://o1.example/", "o0", DeviceBlocked},
		"unknown device":  {1, func(_ int, o *catalog.Offer) { o.Devices = []string{"phone"} }, Visitor{}, "https://o0.example/", "", ""},
		"second of three": {3, func(i int, o *catalog.Offer) { o.Status = []string{"paused", "paused", "active"}[i] }, Visitor{}, "https://o2.example/", "o0", OfferPaused},
		"draft":           {2, func(i int, o *catalog.Offer) { o.Status = []string{"draft", "active"}[i] }, Visitor{}, "https://o1.example/", "o0", OfferDraft},
		"submitted":       {1, func(_ int, o *catalog.Offer) { o.Status = "submitted" }, Visitor{}, "https://ws.example/", "", OfferSubmitted},
		"approved":        {1, func(_ int, o *catalog.Offer) { o.Status = "approved" }, Visitor{}, "https://ws.example/", "", OfferApproved},
		"archived":        {2, func(i int, o *catalog.Offer) { o.Archived = i == 0 }, Visitor{}, "https://o1.example/", "o0", OfferArchived},
		"none takes the visitor": {3, func(i int, o *catalog.Offer) {
			o.Status = "paused"
			if i == 0 {
				o.FallbackURL = "https://first.example/"
			}
		}, Visitor{}, "https://first.example/", "", OfferPaused},
		"a circle ends": {2, func(i int, o *catalog.Offer) {
			o.Status, o.FallbackOffer = "paused", []string{"o1", "o0"}[i]
		}, Visitor{}, "https://ws.example/", "", OfferPaused},
		"a long chain ends": {9, func(i int, o *catalog.Offer) {
			if i < 8 {
				o.Status = "paused"
			}
		}, Visitor{}, "https://ws.example/", "", OfferPaused},
	} {
		t.Run(name, func(t *testing.T) {
			d := chain(c.n, c.change).Route("k", "", c.who, nil)
			got := string(d.AppendURL(nil, new(macro.Values)))
			wanted := ""
			if d.Wanted != nil {
				wanted = d.Wanted.ID
			}
			if got != c.url || wanted != c.wanted || d.Reason != c.reason {
				t.Errorf("went to %s, wanted %q, reason %q; want %s, %q, %q", got, wanted, d.Reason, c.url, c.wanted, c.reason)
			}
			if d.Wanted == nil && d.Offer.ID != "o0" {
				t.Errorf("the visit is told to be of offer %s", d.Offer.ID)
			}
		})
	}
}

// An inactive publisher's visitors are credited to nobody's fallback offer.
func TestInactivePublisherGetsNoFallbackOffer(t *testing.T) {
	f := newFixture()
	next := *f.offer
	next.ID, next.Key = "next", "nextkey"
	f.offer.FallbackOffer, f.offer.Status, f.publisher.Status = "next", catalog.StatusPaused, "banned"
	b := NewBuilder()
	b.Apply([]catalog.Entity{f.workspace, f.offer, &next, f.publisher, f.enrollment, f.link}, 1)
	d := b.Snapshot().Route("k1", "", Visitor{}, nil)
	if d.Template != nil || d.Reason != OfferPaused {
		t.Errorf("template %v, reason %q", d.Template, d.Reason)
	}
}

func TestKeywordsByWeight(t *testing.T) {
	s := chain(1, func(_ int, o *catalog.Offer) {
		o.URL = "https://o.example/p?a=1&q=old&k={keyword}#f"
		o.Keywords = []catalog.Keyword{{Param: "q", Value: "red shoes", Weight: 3}, {Param: "", Value: "x", Weight: 1}, {Param: "q", Value: "boots & socks", Weight: 1}, {Param: "q", Value: "never", Weight: 0}}
	})
	rnd := rand.New(rand.NewPCG(1, 2))
	got := map[string]int{}
	const runs = 20_000
	for range runs {
		d := s.Route("k", "", Visitor{}, nil)
		keyword, ok := d.Keywords(rnd.Uint64)
		if !ok {
			t.Fatal("no keyword was chosen")
		}
		got[keyword]++
		want := map[string]string{
			"red shoes":     "https://o.example/p?a=1&k=red%20shoes&q=red%20shoes#f",
			"boots & socks": "https://o.example/p?a=1&k=boots%20%26%20socks&q=boots%20%26%20socks#f",
		}[keyword]
		if url := string(d.AppendURL(nil, &macro.Values{macro.Keyword: keyword})); url != want {
			t.Fatalf("%q gave %s, want %s", keyword, url, want)
		}
	}
	share := float64(got["red shoes"]) / runs
	if len(got) != 2 || share < 0.73 || share > 0.77 {
		t.Errorf("3:1 gave %v", got)
	}
}
