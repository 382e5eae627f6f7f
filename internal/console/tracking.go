package console

import (
	"strings"

	"clickledger/internal/catalog"
)

// trackingView is the chooser of conversion methods on an offer's page. Without scripts
// it works by the radio buttons' own state, and by its form.
type trackingView struct {
	Action   string
	Keep     []hidden
	Optional bool
	Which    string
	Methods  []trackingMethod
}

type trackingMethod struct {
	catalog.Method
	Current bool
	Lines   int // of the text
}

// trackingPanel shows how conversions of the offer are reported. The advertiser's token
// is for those who may change things.
func (c *call) trackingPanel(o *catalog.Offer, adv *catalog.Advertiser) panel {
	if adv != nil && !c.write() {
		hidden := *adv
		hidden.Token = ""
		adv = &hidden
	}
	v := &trackingView{Action: c.r.URL.Path, Keep: c.keep("method", "optional"), Optional: c.param("optional") == "true", Which: catalog.WhichMethod}
	chosen := c.param("method")
	known := false
	for _, m := range catalog.Tracking(o, adv, c.origins.OfOffer(o), c.TagVersion, v.Optional) {
		known = known || m.ID == chosen
		v.Methods = append(v.Methods, trackingMethod{m, m.ID == chosen, strings.Count(m.Text, "\n") + 1})
	}
	if !known {
		v.Methods[0].Current = true
	}
	return panel{ID: "tracking", Title: "Tracking set-up", Note: "How conversions of this offer are reported. Choose one and paste it there.", Tracking: v,
		More: &link{Label: "Coming from another platform", URL: c.at("offers/" + o.ID + "/from")}}
}

// guidesPanel shows the ways in which the advertiser can keep the click id. The token is
// for those who may change things.
func (c *call) guidesPanel(o *catalog.Offer, adv *catalog.Advertiser) panel {
	if adv != nil && !c.write() {
		hidden := *adv
		hidden.Token = ""
		adv = &hidden
	}
	return panel{ID: "guides", Title: "Keep the click id", Note: "For the shop: each way to hold the click id until the sale, the most reliable first. A running sample of each is in the folder samples.",
		Guides: catalog.Guides(o, adv, c.origins.OfOffer(o))}
}
