package api

import (
	"context"
	"net/http"

	"clickledger/internal/catalog"
)

// NetworkTemplate is a template in answers.
type NetworkTemplate struct {
	ID            string `json:"id" example:"flexoffers" doc:"What an advertiser's template says."`
	Name          string `json:"name" doc:"What the network is called."`
	Platform      string `json:"platform" doc:"The software it runs on, often many networks'; empty where that is open."`
	ClickParam    string `json:"click_param" example:"fobs" doc:"The parameter of its offer URLs that takes our click id."`
	ClickMacro    string `json:"click_macro" example:"#fobs#" doc:"What it writes in its postback URL for that. Here and below, empty: it has none, or none was found."`
	PayoutMacro   string `json:"payout_macro" doc:"What it writes for the payout."`
	AmountMacro   string `json:"amount_macro" doc:"What it writes for the sale amount."`
	CurrencyMacro string `json:"currency_macro" doc:"What it writes for the currency."`
	TxIDMacro     string `json:"txid_macro" doc:"What it writes for its transaction or order number."`
	StatusMacro   string `json:"status_macro" doc:"What it writes for the state of the conversion."`
	GoalMacro     string `json:"goal_macro" doc:"What it writes for the goal or event."`
	Notes         string `json:"notes" doc:"What to know when setting it up."`
	Source        string `json:"source" doc:"Where the facts are from."`
}

type templatesOutput struct {
	Body struct {
		Data []NetworkTemplate `json:"data" nullable:"false" doc:"The templates: platforms, then networks."`
	}
}

// TrackingMethod is one of the ways in which conversions of an offer are reported.
type TrackingMethod struct {
	ID          string   `json:"id" enum:"postback,pixel,pixel_url,script" doc:"Which one."`
	Label       string   `json:"label" doc:"What people call it."`
	Text        string   `json:"text" doc:"What to copy. Macros of the network stand in it literally; every {FILL_IN_…} is to be replaced, as the warnings say."`
	Language    string   `json:"language" enum:"url,html" doc:"What the text is."`
	Help        string   `json:"help" doc:"Where it goes, and what it cannot do."`
	Recommended bool     `json:"recommended" doc:"Whether it is the one to use where there is a choice."`
	Warnings    []string `json:"warnings" nullable:"false" doc:"What is still to be done, and what does not fit this offer."`
}

type trackingInput struct {
	One
	Optional bool `query:"optional" doc:"Also the parameters that the offer's terms can do without."`
}

type trackingOutput struct {
	Body struct {
		Data  []TrackingMethod `json:"data" nullable:"false" doc:"The methods, the recommended one first."`
		Which string           `json:"which" doc:"Which method to use, in words."`
	}
}

// ClickGuide is one way in which the advertiser can keep the click id until the sale and
// report it.
type ClickGuide struct {
	ID    string           `json:"id" enum:"server-cookie,session,hidden-field,url,script,page-cookie,javascript,pixel" doc:"Which one; the folder samples has a running shop of the same name."`
	Label string           `json:"label" doc:"What people call it."`
	Help  string           `json:"help" doc:"Where it fits, and what it cannot do."`
	Fits  bool             `json:"fits" doc:"Whether the offer's tracking method hands out what it needs."`
	Steps []ClickGuideStep `json:"steps" nullable:"false" doc:"What to do, in this order."`
}

// ClickGuideStep is a thing to do.
type ClickGuideStep struct {
	What string `json:"what" doc:"What to do."`
	Text string `json:"text" doc:"What to copy. What only the shop knows stands in capitals: CLICK_ID, ORDER_NUMBER, ORDER_AMOUNT."`
}

type clickGuidesOutput struct {
	Body struct {
		Data []ClickGuide `json:"data" nullable:"false" doc:"The ways, the most reliable first."`
	}
}

func (s *server) registerTracking() {
	add(s, route{method: http.MethodGet, path: "/network-templates", id: "list-network-templates", tag: "advertisers", summary: "List network templates", unscoped: true,
		text: "What is known of affiliate networks and of the platforms they run on. An advertiser made with `template` gets the click parameter and the macros that it does not say itself."}, s.networkTemplates)
	add(s, route{method: http.MethodGet, path: "/offers/{id}/tracking", id: "get-offer-tracking", tag: "offers", summary: "Read how an offer's conversions are reported",
		text: "The four conversion methods with the exact text to copy, filled in for this offer, its advertiser's macros and this domain. The postback has the advertiser's token for keys that may write."}, s.offerTracking)
	add(s, route{method: http.MethodGet, path: "/offers/{id}/guides", id: "get-offer-guides", tag: "offers", summary: "Read how an offer's advertiser can keep the click id",
		text: "Every way to hold the click id from the landing page to the sale, with the exact text to copy, filled in for this offer: parameter, cookie life, key and domain. The postbacks have the advertiser's token for keys that may write."}, s.offerGuides)
}

func (s *server) offerGuides(ctx context.Context, in *One) (*clickGuidesOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return nil, err
	}
	x, err := s.extras(ctx, ws, []catalog.Entity{e})
	if err != nil {
		return nil, err
	}
	o, ok := e.(*catalog.Offer)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	out := &clickGuidesOutput{}
	for _, g := range catalog.Guides(o, advertiserShown(o, x), s.origins.OfOffer(o)) {
		one := ClickGuide{ID: g.ID, Label: g.Label, Help: g.Help, Fits: g.Fits, Steps: []ClickGuideStep{}}
		for _, st := range g.Steps {
			one.Steps = append(one.Steps, ClickGuideStep(st))
		}
		out.Body.Data = append(out.Body.Data, one)
	}
	return out, nil
}

// advertiserShown is the offer's advertiser, with its token only for who may write.
func advertiserShown(o *catalog.Offer, x *extras) *catalog.Advertiser {
	adv := x.advertisers[o.Advertiser]
	if adv == nil || x.p.Write {
		return adv
	}
	hidden := *adv
	hidden.Token = ""
	return &hidden
}

func (s *server) networkTemplates(context.Context, *nothing) (*templatesOutput, error) {
	out := &templatesOutput{}
	for _, t := range catalog.NetworkTemplates() {
		m := t.Macros
		out.Body.Data = append(out.Body.Data, NetworkTemplate{t.ID, t.Name, t.Platform, t.ClickParam, m.ClickID, m.Payout, m.Amount, m.Currency, m.TxID, m.Status, m.Goal, t.Notes, t.Source})
	}
	return out, nil
}

func (s *server) offerTracking(ctx context.Context, in *trackingInput) (*trackingOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, in.ID)
	if err != nil {
		return nil, err
	}
	x, err := s.extras(ctx, ws, []catalog.Entity{e})
	if err != nil {
		return nil, err
	}
	out := &trackingOutput{}
	out.Body.Which = catalog.WhichMethod
	for _, m := range s.tracking(e.(*catalog.Offer), x, in.Optional) {
		if m.Warnings == nil {
			m.Warnings = []string{}
		}
		out.Body.Data = append(out.Body.Data, TrackingMethod(m))
	}
	return out, nil
}

// tracking gives the conversion methods of an offer, with its advertiser's token only for
// who may write.
func (s *server) tracking(o *catalog.Offer, x *extras, optional bool) []catalog.Method {
	return catalog.Tracking(o, advertiserShown(o, x), s.origins.OfOffer(o), s.TagVersion, optional)
}
