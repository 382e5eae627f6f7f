package api

import (
	"context"
	"net/http"

	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

type portalPostbackInput struct{ Body body[portal.PostbackDoc] }

type portalPostbackPatch struct {
	PortalOne
	Body patch[portal.PostbackDoc]
}

type portalDeliveriesInput struct {
	Paging
	Postback string `query:"postback" maxLength:"64" doc:"Only of this postback."`
	State    string `query:"state" enum:"waiting,sent,dead,held,resent,test" doc:"Only in this state."`
}

func (s *server) registerPublisherPostbacks() {
	publisherRoute(s, route{method: http.MethodGet, path: "/postbacks", id: "publisher-list-postbacks", summary: "List your postbacks"},
		func(ctx context.Context, p *portal.Publisher, _ *nothing) (*answerOf[rowsOf[portal.Postback]], error) {
			return allOf(p.Postbacks(ctx))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/postbacks", id: "publisher-create-postback", summary: "Make a postback", status: http.StatusCreated},
		func(ctx context.Context, p *portal.Publisher, in *portalPostbackInput) (*answerOf[portal.Postback], error) {
			d, defaults := portal.NewPostbackDoc(), portal.NewPostbackDoc()
			err := catalog.MergeFields(&d, &defaults, in.Body.raw)
			if err != nil {
				return nil, err
			}
			return oneOf(p.SavePostback(ctx, "", d))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/postbacks/{id}", id: "publisher-get-postback", summary: "Read a postback"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Postback], error) {
			return oneOf(p.Postback(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodPatch, path: "/postbacks/{id}", id: "publisher-update-postback", summary: "Change a postback"},
		func(ctx context.Context, p *portal.Publisher, in *portalPostbackPatch) (*answerOf[portal.Postback], error) {
			b, err := p.Postback(ctx, in.ID) // whose it is comes first
			if err != nil {
				return nil, err
			}
			d, defaults := b.PostbackDoc, portal.NewPostbackDoc()
			err = catalog.MergeFields(&d, &defaults, in.Body.raw)
			if err != nil {
				return nil, err
			}
			return oneOf(p.SavePostback(ctx, in.ID, d))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/postbacks/{id}/withdraw", id: "publisher-remove-postback", summary: "Take a postback out of use", bodyOptional: true},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Postback], error) {
			b, err := p.Postback(ctx, in.ID)
			if err == nil {
				err = p.DropPostback(ctx, in.ID)
			}
			return oneOf(b, err)
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/postbacks/{id}/test", id: "publisher-test-postback", summary: "Call a postback once, about a conversion that never was", bodyOptional: true},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Delivery], error) {
			return oneOf(p.TestPostback(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/deliveries", id: "publisher-list-deliveries", summary: "List the calls of your postbacks"},
		func(ctx context.Context, p *portal.Publisher, in *portalDeliveriesInput) (*pageOutput[portal.Delivery], error) {
			return pageOf(p.Deliveries(ctx, in.Postback, in.State, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	publisherRoute(s, route{method: http.MethodGet, path: "/deliveries/{id}", id: "publisher-get-delivery", summary: "Read a call of a postback"},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Delivery], error) {
			return oneOf(p.Delivery(ctx, in.ID))
		})
	publisherRoute(s, route{method: http.MethodPost, path: "/deliveries/{id}/resend", id: "publisher-resend-delivery", summary: "Send again what was given up", bodyOptional: true},
		func(ctx context.Context, p *portal.Publisher, in *PortalOne) (*answerOf[portal.Delivery], error) {
			return oneOf(p.Resend(ctx, in.ID))
		})
}
