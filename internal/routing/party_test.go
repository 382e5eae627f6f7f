package routing

import (
	"testing"

	"clickledger/internal/catalog"
)

// The state of a publisher and of an advertiser decides where their visitors go: whoever is
// not active sends them, and takes them, no more; the reason stays with the visit.
func TestStatesOfParties(t *testing.T) {
	for _, status := range []string{catalog.StatusPending, catalog.StatusPaused, catalog.StatusRejected, catalog.StatusBanned} {
		for name, c := range map[string]struct {
			change func(f *fixture)
			reason string
		}{
			"publisher":  {func(f *fixture) { f.publisher.Status = status }, PublisherInactive},
			"advertiser": {func(f *fixture) { f.advertiser.Status = status }, AdvertiserInactive},
		} {
			f := newFixture()
			f.publisher.Status, f.advertiser.Status = catalog.StatusActive, catalog.StatusActive
			if d := f.snapshot().Route("k1", "", Visitor{}, nil); d.Reason != "" || d.Template == nil {
				t.Fatalf("both active: reason %q", d.Reason)
			}
			c.change(f)
			d := f.snapshot().Route("k1", "", Visitor{}, nil)
			if d.Reason != c.reason || d.Template != nil || d.Fallback == nil {
				t.Errorf("%s %s: reason %q, to the offer %v, a fallback %v; want %s and the fallback", name, status, d.Reason, d.Template != nil, d.Fallback != nil, c.reason)
			}
		}
	}
}

// An advertiser who is not active has other offers' fallbacks closed, too.
func TestNobodyIsSentToAnInactiveAdvertiserInstead(t *testing.T) {
	b := NewBuilder()
	b.Apply([]catalog.Entity{
		&catalog.Workspace{Meta: meta("ws"), FallbackURL: "https://ws.example/"},
		&catalog.Advertiser{Meta: meta("adv"), Status: catalog.StatusBanned},
		&catalog.Offer{Meta: meta("o0"), URL: "https://o0.example/", Status: catalog.StatusPaused, FallbackOffer: "o1"},
		&catalog.Offer{Meta: meta("o1"), URL: "https://o1.example/", Status: catalog.StatusActive, Advertiser: "adv"},
		&catalog.Link{Meta: meta("lnk"), Key: "k", Offer: "o0", Status: catalog.StatusActive},
	}, 1)
	d := b.Snapshot().Route("k", "", Visitor{}, nil)
	if d.Template != nil || d.Reason != OfferPaused {
		t.Errorf("reason %q, to an offer %v; want the fallback URL because the link's own offer is paused", d.Reason, d.Template != nil)
	}
}
