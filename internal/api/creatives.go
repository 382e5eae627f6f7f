package api

import (
	"context"
	"net/http"

	"clickledger/internal/catalog"

	"github.com/danielgtaylor/huma/v2"
)

// imagesPath is the operation whose body is an image.
const imagesPath = "/images"

// Image is an uploaded image in answers.
type Image struct {
	Hash   string `json:"hash" doc:"SHA-256 of its bytes in hex: what a banner's image is set to."`
	Type   string `json:"type" enum:"image/png,image/jpeg,image/gif,image/webp" doc:"What it is, by its content."`
	Width  int64  `json:"width" doc:"Pixels."`
	Height int64  `json:"height" doc:"Pixels."`
	Size   int64  `json:"size" doc:"Bytes."`
}

// Snippet is ready-made HTML in answers.
type Snippet struct {
	ID    string `json:"id" enum:"banner,counted,text,link,pixel" doc:"What it is; more may come."`
	Label string `json:"label" doc:"Its name for people."`
	Text  string `json:"text" doc:"What to paste, escaped already."`
	Help  string `json:"help" doc:"Where it goes."`
}

type imageInput struct {
	Scope
	RawBody []byte
}

type imageOutput struct {
	Status int
	Body   Image
}

type snippetsInput struct {
	One
	Link string `query:"link" maxLength:"64" doc:"The link it is shown with: one of the creative's offer. Needed."`
}

type snippetsOutput struct {
	Body struct {
		Data []Snippet `json:"data" nullable:"false" doc:"What there is for this creative."`
	}
}

func (s *server) registerCreatives() {
	resource[catalog.CreativeDoc, Creative]{s, catalog.KindCreative, "creatives", s.creativeView, "A creative is what publishers show for an offer: a banner, whose image is uploaded first, or a text. Its numbers are the report by the dimension creative."}.register()
	upload := route{method: http.MethodPost, path: imagesPath, id: "upload-image", tag: "creatives", summary: "Upload an image", status: http.StatusCreated, maxBody: catalog.MaxImageBytes + 1,
		text: "The body is the file: a PNG, JPEG, GIF or WebP of at most 200 kB, 4096 pixels a side and 2.5 million in all. What it is says its content; SVG is refused, since it can run scripts. The same image again is the same hash. One that no creative has is dropped after a day."}
	add(s, upload, s.uploadImage)
	file := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	content := map[string]*huma.MediaType{}
	for _, media := range catalog.ImageTypes() {
		content[media] = file
	}
	s.operation(upload).RequestBody = &huma.RequestBody{Required: true, Content: content}
	add(s, route{method: http.MethodGet, path: "/creatives/{id}/snippets", id: "get-creative-snippets", tag: "creatives", summary: "Get a creative's HTML for a link",
		text: "Ready to paste into a page: each impression and each click counts for the creative and for the link's publisher."}, s.snippets)
}

func (s *server) creativeView(e catalog.Entity, _ *extras) Creative {
	c := e.(*catalog.Creative)
	v := Creative{Meta: metaOf(e), CreativeDoc: *catalog.DocOf(e, "").(*catalog.CreativeDoc), ImageType: c.ImageType, ImageWidth: c.ImageWidth, ImageHeight: c.ImageHeight, ImageSize: c.ImageSize}
	if c.Image != "" && c.ID != "" {
		v.ImageURL = s.origins.Of(c.Workspace, "") + c.ImagePath()
	}
	return v
}

func (s *server) uploadImage(ctx context.Context, in *imageInput) (*imageOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	img, err := s.Catalog.Upload(ctx, caller(ctx), ws, in.RawBody)
	if err != nil {
		return nil, err
	}
	return &imageOutput{http.StatusCreated, Image{img.Hash, img.Type, img.Width, img.Height, img.Size}}, nil
}

func (s *server) snippets(ctx context.Context, in *snippetsInput) (*snippetsOutput, error) {
	ws, err := s.workspace(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	e, err := s.Catalog.Get(ctx, caller(ctx), catalog.KindCreative, ws, in.ID)
	if err != nil {
		return nil, err
	}
	c := e.(*catalog.Creative)
	bad := &catalog.Invalid{}
	e, err = s.Catalog.Get(ctx, caller(ctx), catalog.KindLink, ws, in.Link)
	l, _ := e.(*catalog.Link)
	if err != nil || l.Offer != c.Offer {
		bad.Add("link", "unknown_reference", in.Link, "There is no such link to the creative's offer in this workspace.")
		return nil, bad
	}
	out := &snippetsOutput{}
	for _, x := range catalog.Snippets(s.origins.OfLink(l), l, c) {
		out.Body.Data = append(out.Body.Data, Snippet(x))
	}
	return out, nil
}
