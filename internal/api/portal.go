package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/portal"
	"clickledger/internal/qrcode"
)

// answerOf is an answer whose body is a view of the portals, which are allow-lists already.
type answerOf[T any] struct{ Body T }

// rowsOf is a list that is short enough for one page.
type rowsOf[T any] struct {
	Data []T `json:"data" nullable:"false" doc:"The rows."`
}

func allOf[T any](rows []T, err error) (*answerOf[rowsOf[T]], error) {
	if err != nil {
		return nil, err
	}
	return &answerOf[rowsOf[T]]{rowsOf[T]{rows}}, nil
}

func oneOf[T any](v *T, err error) (*answerOf[T], error) {
	if err != nil {
		return nil, err
	}
	return &answerOf[T]{*v}, nil
}

func pageOf[T any](p portal.Page[T], err error) (*pageOutput[T], error) {
	if err != nil {
		return nil, err
	}
	return &pageOutput[T]{page[T]{p.Rows, p.Next}}, nil
}

// PortalOne is a request for one row of a portal, whose workspace and party the key says.
type PortalOne struct {
	ID string `path:"id" maxLength:"64" doc:"Its id."`
}

// PortalStats is a request for statistics. Days are those of the program's time zone.
type PortalStats struct {
	By     string `query:"by" maxLength:"20" doc:"What to group by: day, hour, offer, goal, country, device; for publishers also link, creative and sub1 to sub20, for advertisers publisher. Absent: only the sum."`
	From   string `query:"from" maxLength:"10" example:"2026-11-01" doc:"First day, YYYY-MM-DD in the program's time zone. Default: today."`
	To     string `query:"to" maxLength:"10" example:"2026-11-30" doc:"Last day. Default: today."`
	Offer  string `query:"offer" maxLength:"64" doc:"Only of this offer."`
	Status string `query:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Only conversions in this state; clicks have none."`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"1000" doc:"Rows at most."`
}

// ask reads the days.
func (in PortalStats) ask(zone string, now time.Time) (portal.Ask, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	bad := &catalog.Invalid{}
	day := func(field, s string) time.Time {
		if s == "" {
			s = now.In(loc).Format(time.DateOnly)
		}
		t, err := time.ParseInLocation(time.DateOnly, s, loc)
		if err != nil {
			bad.Add(field, "invalid_date", s, "Must be a day such as 2026-12-31.")
		}
		return t
	}
	a := portal.Ask{By: in.By, From: day("from", in.From), Offer: in.Offer, Status: in.Status, Limit: in.Limit}
	a.To = day("to", in.To).AddDate(0, 0, 1)
	return a, bad.Err()
}

// publisherRoute adds an operation of the publishers' portal.
func publisherRoute[I, O any](s *server, r route, h func(ctx context.Context, p *portal.Publisher, in *I) (*O, error)) {
	r.party, r.tag, r.path = account.PartyPublisher, "publisher portal", "/portal/publisher"+r.path
	add(s, r, func(ctx context.Context, in *I) (*O, error) {
		if s.Portal == nil {
			return nil, errAbsent
		}
		p, err := s.Portal.Publisher(ctx, caller(ctx))
		if err != nil {
			return nil, err
		}
		return h(ctx, p, in)
	})
}

// portalAccount answers whose portal it is, whatever the account's state.
func (s *server) portalAccount(ctx context.Context, _ *nothing) (*answerOf[portal.Account], error) {
	if s.Portal == nil {
		return nil, errAbsent
	}
	a, err := s.Portal.Account(ctx, caller(ctx))
	if err == nil {
		a.Contact, err = s.Portal.Contact(ctx, caller(ctx))
	}
	return oneOf(&a, err)
}

type portalOffersInput struct {
	Search string `query:"search" maxLength:"200" doc:"Only those with this text in their name."`
}

type publisherOffersInput struct {
	Paging
	Search   string `query:"search" maxLength:"200" doc:"Only those with this text in their name."`
	Category string `query:"category" maxLength:"200" doc:"Only of this category, in any case."`
	Mine     bool   `query:"mine" doc:"Only those that you have to do with: invited, applied, approved, rejected and so on."`
}

type portalApplyInput struct {
	PortalOne
	Body body[catalog.ApplicationDoc]
}

// AcceptTermsDoc accepts terms.
type AcceptTermsDoc struct {
	Terms int64 `json:"terms" required:"true" doc:"Number of the version that is accepted: the one in force, or the announced one."`
}

type portalAcceptInput struct {
	PortalOne
	Body body[AcceptTermsDoc]
}

type portalSnippetsInput struct {
	PortalOne
	Link string `query:"link" required:"true" maxLength:"64" doc:"Id of the link of yours that it leads through."`
}

type portalLinksInput struct {
	Paging
	Offer string `query:"offer" maxLength:"64" doc:"Only links to this offer."`
}

type portalLinkInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"Any text of yours. The same request under it again gives the same answer; another one is refused with 409."`
	Body body[portal.LinkDoc]
}

type portalLinkPatch struct {
	PortalOne
	Body patch[portal.LinkDoc]
}

type portalDeepLinkInput struct {
	PortalOne
	Body body[catalog.DeepLinkDoc]
}

type portalQRInput struct {
	PortalOne
	URL string `query:"url" maxLength:"8192" doc:"A page of the offer's site: the code leads there. Without it the code is of the tracking URL."`
}

type portalConversionsInput struct {
	Paging
	Offer  string `query:"offer" maxLength:"64" doc:"Only of this offer."`
	Status string `query:"status" enum:"pending,approved,rejected,locked,paid,reversed" doc:"Only in this state."`
	TxID   string `query:"txid" maxLength:"200" doc:"Only of this order."`
}

func (in portalConversionsInput) find() portal.Find {
	return portal.Find{Offer: in.Offer, Status: in.Status, Order: in.TxID, Paging: portal.Paging{Cursor: in.Cursor, Limit: in.Limit}}
}

type publisherStatsInput struct {
	PortalStats
	Link string `query:"link" maxLength:"64" doc:"Only of this link."`
}

func (s *server) registerPublisherPortal() {
	add(s, route{method: http.MethodGet, path: "/portal/publisher", id: "get-publisher-account", tag: "publisher portal", summary: "Read whose key this is, and whether the account is open",
		party: account.PartyPublisher, text: "The portal of a publisher takes the publisher's own keys, made in its portal. Everything in it is the publisher's own; what is not answers as what does not exist."}, s.portalAccount)
	publisherRoute(s, route{method: http.MethodGet, path: "/offers", id: "publisher-list-offers", summary: "List the offers you may see", text: "Those you have to do with, and those you might apply to, newest first; offers that you were not invited to are not among them."},
		func(ctx context.Context, p *portal.Publisher, in *publisherOffersInput) (*pageOutput[portal.PublisherOffer], error) {
			return pageOf(p.Offers(ctx, portal.Browse{Mine: in.Mine, Search: in.Search, Category: in.Category, Paging: portal.Paging{Cursor: in.Cursor, Limit: in.Limit}}))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/offers/{id}", id: "publisher-get-offer", summary: "Read an offer"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.PublisherOffer], error) {
			return oneOf(p.Offer(ctx, in.ID))
		})
	s.registerPublisherAgreements()
	s.registerPublisherCreatives()
	s.registerPublisherLinks()
	s.registerPublisherPostbacks()
	publisherRoute(s, route{method: http.MethodGet, path: "/coupons", id: "publisher-list-coupons", summary: "List your coupons"},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Coupon]], error) {
			return allOf(p.Coupons(ctx))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/statistics", id: "publisher-statistics", summary: "Read clicks, conversions and payout", text: "As fresh as the staff's reports. Amounts are in the offers' own currencies."},
		func(ctx context.Context, p *portal.Publisher, in *publisherStatsInput) (*answerOf[portal.Statistics], error) {
			a, err := in.ask(p.Account().TimeZone, s.Now())
			if err != nil {
				return nil, err
			}
			a.Link = in.Link
			return oneOf(p.Statistics(ctx, a))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/conversions", id: "publisher-list-conversions", summary: "List your conversions"},
		func(ctx context.Context, p *portal.Publisher, in *portalConversionsInput) (*pageOutput[portal.PublisherConversion], error) {
			return pageOf(p.Conversions(ctx, in.find()))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/conversions/{id}", id: "publisher-get-conversion", summary: "Read a conversion with its history"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.PublisherConversionStory], error) {
			return oneOf(p.Conversion(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/balance", id: "publisher-balance", summary: "Read your balance, by currency"},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Balance]], error) {
			return allOf(p.Balances(ctx))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/movements", id: "publisher-list-movements", summary: "List what changed your balance"},
		func(ctx context.Context, p *portal.Publisher, in *Paging) (*pageOutput[portal.Movement], error) {
			return pageOf(p.Movements(ctx, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/payouts", id: "publisher-list-payouts", summary: "List what was paid to you, and what is being paid"},
		func(ctx context.Context, p *portal.Publisher, in *Paging) (*pageOutput[portal.PaidOut], error) {
			return pageOf(p.Payouts(ctx, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/payout-method", id: "publisher-get-payout-method", summary: "Read how you are paid", text: "Details are masked. It is changed in the portal, by people; keys change none."},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[portal.PayoutMethod], error) {
			return oneOf(p.PayoutMethod(ctx))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/api_keys", id: "publisher-list-keys", summary: "List your API keys", text: "They are made and ended in the portal, by people."},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Key]], error) {
			return allOf(p.Keys(ctx))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/api_keys/{id}/revoke", id: "publisher-revoke-key", summary: "End an API key for good", text: "A key may end itself."},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Key], error) {
			return oneOf(p.RevokeKey(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/invitations", id: "publisher-list-invitations", summary: "List whom you invited", text: "People invite in the portal; keys let nobody in."},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Invitation]], error) {
			return allOf(p.Invitations(ctx))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/people", id: "publisher-list-people", summary: "List your people"},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Person]], error) {
			return allOf(p.People(ctx))
		})
}

func (s *server) registerPublisherAgreements() {
	publisherRoute(s, route{method: http.MethodPost, path: "/offers/{id}/apply", id: "publisher-apply", summary: "Apply to an offer, or accept an invitation",
		text: "A public offer and an invitation are granted at once, with a link. `apply` of the offer says whether you may, and `terms` what you accept."},
		func(ctx context.Context, p *portal.Publisher, in *portalApplyInput) (*answerOf[portal.PublisherOffer], error) {
			_, err := p.Offer(ctx, in.ID) // what is there to be seen comes first
			if err != nil {
				return nil, err
			}
			var d catalog.ApplicationDoc
			err = catalog.MergeFields(&d, &catalog.ApplicationDoc{}, orEmpty(in.Body.raw))
			if err != nil {
				return nil, err
			}
			return oneOf(p.Apply(ctx, in.ID, &d, address(ctx)))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/offers/{id}/accept-terms", id: "publisher-accept-terms", summary: "Accept a version of an offer's terms", text: "It changes no money: terms apply from their date."},
		func(ctx context.Context, p *portal.Publisher, in *portalAcceptInput) (*answerOf[portal.PublisherOffer], error) {
			_, err := p.Offer(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			var d AcceptTermsDoc
			err = catalog.MergeFields(&d, &AcceptTermsDoc{}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			return oneOf(p.AcceptTerms(ctx, in.ID, d.Terms, address(ctx)))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/offers/{id}/withdraw", id: "publisher-withdraw", summary: "Take back an application, or decline an invitation"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.PublisherOffer], error) {
			return oneOf(p.Withdraw(ctx, in.ID))
		})
}

func (s *server) registerPublisherCreatives() {
	publisherRoute(s, route{method: http.MethodGet, path: "/offers/{id}/creatives", id: "publisher-list-creatives", summary: "List the creatives of an offer", text: "Of an offer that you do not run there are none."},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[rowsOf[portal.Creative]], error) {
			return allOf(p.Creatives(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/creatives/{id}", id: "publisher-get-creative", summary: "Read a creative"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Creative], error) {
			return oneOf(p.Creative(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/creatives/{id}/snippets", id: "publisher-get-creative-snippets", summary: "Read what to paste for a creative, with a link of yours"},
		func(ctx context.Context, p *portal.Publisher, in *portalSnippetsInput) (*answerOf[rowsOf[portal.Snippet]], error) {
			return allOf(p.Snippets(ctx, in.ID, in.Link))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/creatives/{id}/image", id: "publisher-get-creative-image", summary: "Read the image of a banner", media: "image/png"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*pictureOutput, error) {
			media, data, err := p.Image(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &pictureOutput{media, data}, nil
		})
}

func (s *server) registerPublisherLinks() {
	publisherRoute(s, route{method: http.MethodGet, path: "/links", id: "publisher-list-links", summary: "List your links"},
		func(ctx context.Context, p *portal.Publisher, in *portalLinksInput) (*pageOutput[portal.Link], error) {
			return pageOf(p.Links(ctx, in.Offer, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/links", id: "publisher-create-link", summary: "Make a further link", status: http.StatusCreated},
		func(ctx context.Context, p *portal.Publisher, in *portalLinkInput) (*answerOf[portal.Link], error) {
			var d portal.LinkDoc
			err := catalog.MergeFields(&d, &portal.LinkDoc{}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			return oneOf(p.CreateLink(ctx, d, in.Key))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/links/{id}", id: "publisher-get-link", summary: "Read a link"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Link], error) {
			return oneOf(p.Link(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodPatch, path: "/links/{id}", id: "publisher-update-link", summary: "Change a link's placement, source and preset sub ids"},
		func(ctx context.Context, p *portal.Publisher, in *portalLinkPatch) (*answerOf[portal.Link], error) {
			l, err := p.Link(ctx, in.ID) // whose it is comes first
			if err != nil {
				return nil, err
			}
			d := portal.LinkDoc{Offer: l.Offer.ID, Name: l.Name, Source: l.Source, Subs: l.Subs}
			err = catalog.MergeFields(&d, &portal.LinkDoc{Offer: d.Offer}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			if d.Offer != l.Offer.ID {
				bad := &catalog.Invalid{}
				bad.Add("offer", "immutable", d.Offer, "A link's offer cannot be changed; make another link.")
				return nil, bad
			}
			return oneOf(p.UpdateLink(ctx, in.ID, d))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/links/{id}/deep-link", id: "publisher-make-deep-link", summary: "Make a tracking URL that leads to one page", read: true,
		text: "Nothing is stored. A page that the offer's list of hosts does not have is refused as `deep_link_denied`."},
		func(ctx context.Context, p *portal.Publisher, in *portalDeepLinkInput) (*deepLinkOutput, error) {
			_, err := p.Link(ctx, in.ID) // whose it is comes first
			if err != nil {
				return nil, err
			}
			var d catalog.DeepLinkDoc
			err = catalog.MergeFields(&d, &catalog.DeepLinkDoc{}, in.Body.raw)
			if err != nil {
				return nil, err
			}
			tracking, lands, err := p.DeepLink(ctx, in.ID, &d)
			if err != nil {
				return nil, err
			}
			return &deepLinkOutput{DeepLink{tracking, lands}}, nil
		})
	for _, f := range []struct {
		ext, media, summary string
		draw                func(string) ([]byte, error)
	}{{"svg", "image/svg+xml", "Draw a link as a QR code", qrcode.SVG}, {"png", "image/png", "Draw a link as a QR code in pixels", qrcode.PNG}} {
		publisherRoute(s, route{method: http.MethodGet, path: "/links/{id}/qr." + f.ext, id: "publisher-get-link-qr-" + f.ext, summary: f.summary, media: f.media},
			func(ctx context.Context, p *portal.Publisher, in *portalQRInput) (*pictureOutput, error) {
				l, err := p.Link(ctx, in.ID)
				if err != nil {
					return nil, err
				}
				url := l.URL
				if in.URL != "" {
					url, _, err = p.DeepLink(ctx, in.ID, &catalog.DeepLinkDoc{URL: in.URL})
					if err != nil {
						return nil, err
					}
				}
				b, err := f.draw(url)
				if errors.Is(err, qrcode.ErrTooLong) {
					bad := &catalog.Invalid{}
					bad.Add("url", "too_long", in.URL, "The page's address is too long for a QR code: use one without long parameters.")
					return nil, bad
				}
				if err != nil {
					return nil, err
				}
				return &pictureOutput{f.media, b}, nil
			})
	}
}
