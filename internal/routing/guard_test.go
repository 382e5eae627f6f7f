package routing

import (
	"strings"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
)

// A chosen keyword never takes the place of the click id: under its parameter's name the
// advertiser reads the click id, and every conversion of the offer would be lost.
func TestKeywordNeverReplacesTheClickID(t *testing.T) {
	const id = "019a2f4c81d00010007d0c5e3f9ab214"
	for name, c := range map[string]struct {
		url    string
		append bool
		param  string
		want   string
	}{
		"the URL's own parameter":     {"https://shop.example/p?ref={click_id}", false, "ref", "ref=" + id},
		"the appended parameter":      {"https://shop.example/p", true, "cid", "cid=" + id},
		"own, deep link":              {"https://shop.example/p?ref={click_id}", false, "ref", "ref=" + id},
		"another parameter, (passes)": {"https://shop.example/p?ref={click_id}", false, "q", "ref=" + id},
	} {
		f := newFixture()
		f.offer.URL, f.offer.AppendClickID = c.url, c.append
		f.offer.Keywords = []catalog.Keyword{{Param: c.param, Value: "shoes", Weight: 1}}
		deep := ""
		if strings.HasSuffix(name, "deep link") {
			deep = "https://shop.example/shoes"
		}
		d := f.snapshot().Route("house", deep, Visitor{}, nil)
		d.Keywords(func() uint64 { return 0 })
		var v macro.Values
		v[macro.ClickID] = id
		got := string(d.AppendURL(nil, &v))
		first := strings.Index(got, "="+id)
		if first < 0 || !strings.Contains(got, c.want) || strings.Index(got, c.param+"=shoes") >= 0 && c.param != "q" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// A publisher whose enrollment to an offer was revoked or rejected sends it no visitors, by
// whichever way: also not as the fallback of another one (its clicks would earn there).
func TestFallbackOfferAsksTheEnrollment(t *testing.T) {
	for _, status := range []string{catalog.Revoked, catalog.Rejected, catalog.Paused} {
		f := newFixture()
		f.offer.Status, f.offer.FallbackOffer = catalog.StatusPaused, "next"
		b := NewBuilder()
		b.Apply([]catalog.Entity{
			f.workspace, f.advertiser, f.offer, f.publisher, f.enrollment, f.link, f.house,
			&catalog.Offer{Meta: meta("next"), URL: "https://next.example/", Status: catalog.StatusActive},
			&catalog.Enrollment{Meta: meta("enr2"), Offer: "next", Publisher: "pub", Status: status},
		}, 7)
		d := b.Snapshot().Route("k1", "", Visitor{}, nil)
		if d.Template != nil && d.Link.Publisher == "pub" {
			t.Errorf("%s: the publisher's visitor went to %s as enrollment %s", status, d.Offer.ID, d.Enrollment.ID)
		}
	}
}
