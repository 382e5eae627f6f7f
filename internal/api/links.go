package api

import (
	"context"
	"errors"
	"net/http"

	"clickledger/internal/catalog"
	"clickledger/internal/qrcode"
)

// DeepLink is a tracking URL that leads to one page.
type DeepLink struct {
	TrackingURL string `json:"tracking_url" doc:"The URL to spread."`
	LandsOn     string `json:"lands_on" doc:"The page it leads to, as visitors are sent there; the redirect adds the parameters of the offer's URL that hold tokens, such as the click id."`
}

type deepLinkInput struct {
	One
	Body body[catalog.DeepLinkDoc]
}

type deepLinkOutput struct{ Body DeepLink }

type qrInput struct {
	One
	URL string `query:"url" maxLength:"8192" doc:"A page of the offer's site: the code leads there. Without it the code is of the tracking URL."`
}

// pictureOutput is a file in the body.
type pictureOutput struct {
	Type string `header:"Content-Type" doc:"What the picture is."`
	Body []byte
}

func (s *server) registerLinks() {
	const words = " A page that the offer's list of hosts does not have is refused as `deep_link_denied`, what is no URL as `deep_link_invalid`."
	add(s, route{method: http.MethodPost, path: "/links/{id}/deep-link", id: "make-deep-link", tag: "links", summary: "Make a tracking URL that leads to one page", read: true,
		text: "Nothing is stored: the page travels in the URL and is checked again with each visit." + words}, s.deepLink)
	add(s, route{method: http.MethodGet, path: "/links/{id}/qr.svg", id: "get-link-qr-svg", tag: "links", summary: "Draw a link as a QR code", media: "image/svg+xml",
		text: "Scalable, dark on white, with the margin that readers need." + words}, s.qr(qrcode.SVG, "image/svg+xml"))
	add(s, route{method: http.MethodGet, path: "/links/{id}/qr.png", id: "get-link-qr-png", tag: "links", summary: "Draw a link as a QR code in pixels", media: "image/png",
		text: "Eight pixels a module." + words}, s.qr(qrcode.PNG, "image/png"))
}

// deepLinkOf makes the tracking URL of a link; with a page, one that leads there.
func (s *server) deepLinkOf(ctx context.Context, in One, d *catalog.DeepLinkDoc) (*DeepLink, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindLink, ws, in.ID)
	if err != nil {
		return nil, err
	}
	l := e.(*catalog.Link)
	base := s.trackingURL(l)
	if d == nil {
		return &DeepLink{TrackingURL: base}, nil
	}
	e, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindOffer, ws, l.Offer)
	if err != nil {
		return nil, err
	}
	tracking, page, err := catalog.DeepLinkURL(base, e.(*catalog.Offer).DeepLinks, d)
	if err != nil {
		return nil, err
	}
	return &DeepLink{tracking, page}, nil
}

func (s *server) trackingURL(l *catalog.Link) string { return s.origins.Link(l) }

func (s *server) deepLink(ctx context.Context, in *deepLinkInput) (*deepLinkOutput, error) {
	d, defaults := catalog.DeepLinkDoc{}, catalog.DeepLinkDoc{}
	err := catalog.MergeFields(&d, &defaults, in.Body.raw)
	var wrong *catalog.Invalid
	if err != nil && !errors.As(err, &wrong) {
		return nil, err
	}
	// Whose link it is comes first: a foreign one answers as an unknown one to any body.
	made, err := s.deepLinkOf(ctx, in.One, &d)
	if wrong != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	return &deepLinkOutput{*made}, nil
}

func (s *server) qr(draw func(string) ([]byte, error), mime string) func(context.Context, *qrInput) (*pictureOutput, error) {
	return func(ctx context.Context, in *qrInput) (*pictureOutput, error) {
		var d *catalog.DeepLinkDoc
		if in.URL != "" {
			d = &catalog.DeepLinkDoc{URL: in.URL}
		}
		made, err := s.deepLinkOf(ctx, in.One, d)
		if err != nil {
			return nil, err
		}
		b, err := draw(made.TrackingURL)
		if errors.Is(err, qrcode.ErrTooLong) {
			bad := &catalog.Invalid{}
			bad.Add("url", "too_long", in.URL, "The page's address is too long for a QR code: use one without long parameters.")
			return nil, bad
		}
		if err != nil {
			return nil, err
		}
		return &pictureOutput{mime, b}, nil
	}
}
