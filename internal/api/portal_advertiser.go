package api

import (
	"context"
	"net/http"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/portal"
)

// advertiserRoute adds an operation of the advertisers' portal.
func advertiserRoute[I, O any](s *server, r route, h func(ctx context.Context, a *portal.Advertiser, in *I) (*O, error)) {
	r.party, r.tag, r.path = account.PartyAdvertiser, "advertiser portal", "/portal/advertiser"+r.path
	add(s, r, func(ctx context.Context, in *I) (*O, error) {
		if s.Portal == nil {
			return nil, errAbsent
		}
		a, err := s.Portal.Advertiser(ctx, caller(ctx))
		if err != nil {
			return nil, err
		}
		return h(ctx, a, in)
	})
}

type advertiserStatsInput struct {
	PortalStats
	Publisher string `query:"publisher" maxLength:"64" doc:"Only of this publisher, by its id."`
}

type guidesInput struct {
	PortalOne
	Optional bool `query:"optional" doc:"With all parameters that a conversion may bring."`
}

type portalDecideInput struct {
	PortalOne
	Body body[ReasonDoc]
}

// DecideAllDoc decides several conversions at once.
type DecideAllDoc struct {
	IDs    []string `json:"ids" required:"true" nullable:"false" maxItems:"200" doc:"The conversions."`
	To     string   `json:"to" required:"true" enum:"approved,rejected,reversed" doc:"What they become."`
	Reason string   `json:"reason" required:"false" maxLength:"500" doc:"Why; publishers read it. Needed to reject and to reverse."`
}

type decideAllInput struct{ Body body[DecideAllDoc] }

type portalSignalsInput struct {
	Paging
	Offer   string `query:"offer" maxLength:"64" doc:"Only of this offer."`
	Verdict string `query:"verdict" maxLength:"40" doc:"Only with this verdict."`
}

func (s *server) registerAdvertiserPortal() {
	add(s, route{method: http.MethodGet, path: "/portal/advertiser", id: "get-advertiser-account", tag: "advertiser portal", summary: "Read whose key this is, and whether the account is open",
		party: account.PartyAdvertiser, text: "The portal of an advertiser takes the advertiser's own keys, made in its portal. Everything in it is the advertiser's own; what is not answers as what does not exist."}, s.portalAccount)
	advertiserRoute(s, route{method: http.MethodGet, path: "/offers", id: "advertiser-list-offers", summary: "List your offers"},
		func(ctx context.Context, a *portal.Advertiser, in *portalOffersInput) (*answerOf[rowsOf[portal.AdvertiserOffer]], error) {
			return allOf(a.Offers(ctx, in.Search))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/offers/{id}", id: "advertiser-get-offer", summary: "Read an offer"},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.AdvertiserOffer], error) {
			return oneOf(a.Offer(ctx, in.ID))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/offers/{id}/guides", id: "advertiser-get-guides", summary: "Read how to report conversions of an offer", text: "With your own URLs and keys, ready to paste; with your token for keys that may write."},
		func(ctx context.Context, a *portal.Advertiser, in *guidesInput) (*answerOf[rowsOf[portal.Guide]], error) {
			return allOf(a.Guides(ctx, in.ID, in.Optional))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/offers/{id}/integration", id: "advertiser-get-integration", summary: "Read how to hold the click id until the sale", text: "Each way with its steps and your own values; running samples have the same names."},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[rowsOf[portal.KeepGuide]], error) {
			return allOf(a.KeepGuides(ctx, in.ID))
		})
	s.registerAdvertiserTests()
	advertiserRoute(s, route{method: http.MethodGet, path: "/statistics", id: "advertiser-statistics", summary: "Read clicks, conversions and cost", text: "As fresh as the staff's reports. Amounts are in the offers' own currencies. Publishers are told by their ids."},
		func(ctx context.Context, a *portal.Advertiser, in *advertiserStatsInput) (*answerOf[portal.Statistics], error) {
			q, err := in.ask(a.Account().TimeZone, s.Now())
			if err != nil {
				return nil, err
			}
			q.Publisher = in.Publisher
			return oneOf(a.Statistics(ctx, q))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/funds", id: "advertiser-funds", summary: "Read what you owe and what you have paid ahead, by currency"},
		func(ctx context.Context, a *portal.Advertiser, _ *nothing) (*answerOf[rowsOf[portal.Funds]], error) {
			return allOf(a.Funds(ctx))
		})
	s.registerAdvertiserConversions()
	advertiserRoute(s, route{method: http.MethodGet, path: "/signals", id: "advertiser-list-signals", summary: "List what was reported for your offers"},
		func(ctx context.Context, a *portal.Advertiser, in *portalSignalsInput) (*pageOutput[portal.Signal], error) {
			return pageOf(a.Signals(ctx, in.Offer, in.Verdict, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/signals/{id}", id: "advertiser-get-signal", summary: "Read a signal with its request"},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.SignalStory], error) {
			return oneOf(a.Signal(ctx, in.ID))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/api_keys", id: "advertiser-list-keys", summary: "List your API keys", text: "They are made and ended in the portal, by people."},
		func(ctx context.Context, a *portal.Advertiser, _ *nothing) (*answerOf[rowsOf[portal.Key]], error) {
			return allOf(a.Keys(ctx))
		})
	advertiserRoute(s, route{method: http.MethodPost, path: "/api_keys/{id}/revoke", id: "advertiser-revoke-key", summary: "End an API key for good", text: "A key may end itself."},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.Key], error) {
			return oneOf(a.RevokeKey(ctx, in.ID))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/invitations", id: "advertiser-list-invitations", summary: "List whom you invited", text: "People invite in the portal; keys let nobody in."},
		func(ctx context.Context, a *portal.Advertiser, _ *nothing) (*answerOf[rowsOf[portal.Invitation]], error) {
			return allOf(a.Invitations(ctx))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/people", id: "advertiser-list-people", summary: "List your people"},
		func(ctx context.Context, a *portal.Advertiser, _ *nothing) (*answerOf[rowsOf[portal.Person]], error) {
			return allOf(a.People(ctx))
		})
}

type portalTestInput struct {
	PortalOne
	Body body[StartTest]
}

func (s *server) registerAdvertiserTests() {
	advertiserRoute(s, route{method: http.MethodGet, path: "/offers/{id}/test", id: "advertiser-get-test", summary: "How an offer stands with its two test conversions", text: "Shows the last test step by step, while it runs too."},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.OfferTest], error) {
			return oneOf(a.Test(ctx, in.ID))
		})
	advertiserRoute(s, route{method: http.MethodPost, path: "/offers/{id}/test", id: "advertiser-start-test", summary: "Start the two test conversions", status: http.StatusCreated, bodyOptional: true,
		text: "Makes a test link and a test click, and waits up to 24 hours for two conversions with order numbers of their own. A test that is running is ended. Tests count nowhere."},
		func(ctx context.Context, a *portal.Advertiser, in *portalTestInput) (*answerOf[portal.TestRun], error) {
			_, err := a.Offer(ctx, in.ID) // whose it is comes first
			if err != nil {
				return nil, err
			}
			var d StartTest
			err = catalog.MergeFields(&d, &StartTest{}, orEmpty(in.Body.raw))
			if err != nil {
				return nil, err
			}
			return oneOf(a.StartTest(ctx, in.ID, d.Method))
		})
	advertiserRoute(s, route{method: http.MethodPost, path: "/offers/{id}/test/cancel", id: "advertiser-cancel-test", summary: "End the running test", text: "A test that is over stays as it is."},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.TestRun], error) {
			return oneOf(a.CancelTest(ctx, in.ID))
		})
}

func (s *server) registerAdvertiserConversions() {
	advertiserRoute(s, route{method: http.MethodGet, path: "/conversions", id: "advertiser-list-conversions", summary: "List your conversions"},
		func(ctx context.Context, a *portal.Advertiser, in *portalConversionsInput) (*pageOutput[portal.AdvertiserConversion], error) {
			return pageOf(a.Conversions(ctx, in.find()))
		})
	advertiserRoute(s, route{method: http.MethodGet, path: "/conversions/{id}", id: "advertiser-get-conversion", summary: "Read a conversion with its history"},
		func(ctx context.Context, a *portal.Advertiser, in *PortalOne) (*answerOf[portal.AdvertiserConversionStory], error) {
			return oneOf(a.Conversion(ctx, in.ID))
		})
	for _, d := range []struct {
		verb, summary string
		to            conversion.Status
	}{
		{"approve", "Approve a conversion", conversion.Approved}, {"reject", "Reject a conversion", conversion.Rejected}, {"reverse", "Reverse an approved conversion", conversion.Reversed},
	} {
		advertiserRoute(s, route{method: http.MethodPost, path: "/conversions/{id}/" + d.verb, id: "advertiser-" + d.verb + "-conversion", summary: d.summary, bodyOptional: true, text: steps(d.to)},
			func(ctx context.Context, a *portal.Advertiser, in *portalDecideInput) (*answerOf[portal.AdvertiserConversion], error) {
				_, err := a.Conversion(ctx, in.ID) // whose it is comes first
				if err != nil {
					return nil, err
				}
				var why ReasonDoc
				if len(in.Body.raw) > 0 {
					err = catalog.MergeFields(&why, &ReasonDoc{}, in.Body.raw)
				}
				if err != nil {
					return nil, err
				}
				return oneOf(a.Decide(ctx, in.ID, d.to, why.Reason))
			})
	}
	advertiserRoute(s, route{method: http.MethodPost, path: "/conversions/decide", id: "advertiser-decide-conversions", summary: "Decide several conversions", text: "One by one: what one cannot become does not hold up the others."},
		func(ctx context.Context, a *portal.Advertiser, in *decideAllInput) (*answerOf[rowsOf[portal.Decision]], error) {
			var d DecideAllDoc
			err := catalog.MergeFields(&d, &DecideAllDoc{}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			return allOf(a.DecideAll(ctx, d.IDs, conversion.Status(d.To), d.Reason))
		})
}
