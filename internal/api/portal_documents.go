package api

import (
	"context"
	"io"
	"net/http"

	"clickledger/internal/document"
	"clickledger/internal/portal"
)

// papers is what both portals say about documents.
type papers interface {
	Documents(ctx context.Context, at portal.Paging) (portal.Page[portal.Document], error)
	Document(ctx context.Context, id string) (*portal.Document, error)
	DocumentItems(ctx context.Context, id string, line int64, at portal.Paging) (portal.Page[portal.DocumentItem], error)
	PaperFile(ctx context.Context, id string, line int64) (*document.Document, func(ctx context.Context, w io.Writer) error, error)
}

type portalItemsInput struct {
	PortalOne
	Paging
	LineInput
}

type portalItemsFileInput struct {
	PortalOne
	LineInput
}

// paperRoutes registers the documents of a portal, by the function that registers a route there.
func paperRoutes[P papers](s *server, party string, words string,
	list func(s *server, r route, h func(ctx context.Context, p P, in *Paging) (*pageOutput[portal.Document], error)),
	one func(s *server, r route, h func(ctx context.Context, p P, in *PortalOne) (*answerOf[portal.Document], error)),
	items func(s *server, r route, h func(ctx context.Context, p P, in *portalItemsInput) (*pageOutput[portal.DocumentItem], error)),
	file func(s *server, r route, h func(ctx context.Context, p P, in *portalItemsFileInput) (*fileOutput, error))) {
	list(s, route{method: http.MethodGet, path: "/documents", id: party + "-list-documents", summary: "List your " + words + ", newest first"},
		func(ctx context.Context, p P, in *Paging) (*pageOutput[portal.Document], error) {
			return pageOf(p.Documents(ctx, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	one(s, route{method: http.MethodGet, path: "/documents/{id}", id: party + "-get-document", summary: "Read one of them as it was issued"},
		func(ctx context.Context, p P, in *PortalOne) (*answerOf[portal.Document], error) {
			return oneOf(p.Document(ctx, in.ID))
		})
	items(s, route{method: http.MethodGet, path: "/documents/{id}/items", id: party + "-list-document-items", summary: "List the conversions or bookings behind its lines"},
		func(ctx context.Context, p P, in *portalItemsInput) (*pageOutput[portal.DocumentItem], error) {
			return pageOf(p.DocumentItems(ctx, in.ID, in.Line, portal.Paging{Cursor: in.Cursor, Limit: in.Limit}))
		})
	file(s, route{method: http.MethodGet, path: "/documents/{id}/items.csv", id: party + "-export-document-items", summary: "Export them as CSV", media: "text/csv"},
		func(ctx context.Context, p P, in *portalItemsFileInput) (*fileOutput, error) {
			d, write, err := p.PaperFile(ctx, in.ID, in.Line)
			if err != nil {
				return nil, err
			}
			return s.file("text/csv; charset=utf-8", d.Kind.Name(d.Number)+".csv", write), nil
		})
}

func (s *server) registerPortalDocuments() {
	paperRoutes(s, "publisher", "statements", publisherRoute[Paging, pageOutput[portal.Document]], publisherRoute[PortalOne, answerOf[portal.Document]], publisherRoute[portalItemsInput, pageOutput[portal.DocumentItem]], publisherRoute[portalItemsFileInput, fileOutput])
	paperRoutes(s, "advertiser", "invoices and credit notes", advertiserRoute[Paging, pageOutput[portal.Document]], advertiserRoute[PortalOne, answerOf[portal.Document]], advertiserRoute[portalItemsInput, pageOutput[portal.DocumentItem]], advertiserRoute[portalItemsFileInput, fileOutput])
}
