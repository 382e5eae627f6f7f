package portal

import (
	"context"

	"clickledger/internal/catalog"
)

// Creative is a banner or a text that a publisher may show.
type Creative struct {
	ID           string `json:"id" doc:"Its id."`
	Offer        string `json:"offer" doc:"Id of the offer it advertises."`
	Name         string `json:"name" doc:"Its name."`
	Type         string `json:"type" enum:"banner,text" doc:"A banner is an image, a text has a headline."`
	Width        int64  `json:"width" doc:"Of a banner, in pixels."`
	Height       int64  `json:"height" doc:"Of a banner, in pixels."`
	Alt          string `json:"alt" doc:"Of a banner: what stands for the image where it is not seen."`
	Headline     string `json:"headline" doc:"Of a text."`
	Body         string `json:"body" doc:"Of a text."`
	CallToAction string `json:"call_to_action" doc:"Of a text: the words of its second link."`
	URL          string `json:"url" doc:"The page it leads to; empty: the offer's own."`
}

// Snippet is something ready to paste.
type Snippet struct {
	ID    string `json:"id" enum:"banner,counted,text,link,pixel" doc:"What it is."`
	Label string `json:"label" doc:"What people call it."`
	Text  string `json:"text" doc:"What to paste, with your own link."`
	Help  string `json:"help" doc:"Where it goes."`
}

func creativeView(c *catalog.Creative) Creative {
	return Creative{c.ID, c.Offer, c.Name, c.Type, c.ImageWidth, c.ImageHeight, c.Alt, c.Headline, c.Body, c.CallToAction, c.URL}
}

// Creatives lists the creatives that the publisher may show for an offer it runs, newest
// first; of an offer that it only sees there are none.
func (p *Publisher) Creatives(ctx context.Context, offer string) ([]Creative, error) {
	o, err := p.Offer(ctx, offer)
	if err != nil {
		return nil, err
	}
	out := []Creative{}
	if o.Enrollment == nil || o.Enrollment.Status != catalog.Approved || o.Status != catalog.StatusActive {
		return out, nil
	}
	rows, err := p.s.o.Catalog.PublisherCreatives(ctx, p.account.Workspace, p.row.ID, offer)
	for _, c := range rows {
		out = append(out, creativeView(c))
	}
	return out, err
}

// Creative reads one of them.
func (p *Publisher) Creative(ctx context.Context, id string) (*Creative, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	c, err := p.s.o.Catalog.PublisherCreative(ctx, p.account.Workspace, p.row.ID, id)
	if err != nil {
		return nil, err
	}
	v := creativeView(c)
	return &v, nil
}

// Snippets are what to paste to show a creative with one of the publisher's links.
func (p *Publisher) Snippets(ctx context.Context, creative, link string) ([]Snippet, error) {
	_, err := p.Creative(ctx, creative)
	if err != nil {
		return nil, err
	}
	l, err := p.own(ctx, link)
	if err != nil {
		return nil, err
	}
	rows, err := p.s.o.Catalog.PublisherSnippets(ctx, p.account.Workspace, p.row.ID, p.s.origins.OfLink(l), creative, link)
	if err != nil {
		return nil, err
	}
	out := make([]Snippet, len(rows))
	for i, s := range rows {
		out[i] = Snippet(s)
	}
	return out, nil
}

// Image is the picture of a banner, with its media type.
func (p *Publisher) Image(ctx context.Context, creative string) (media string, data []byte, err error) {
	_, err = p.Creative(ctx, creative)
	if err != nil {
		return "", nil, err
	}
	img, err := p.s.o.Catalog.PublisherImage(ctx, p.account.Workspace, p.row.ID, creative)
	if err != nil {
		return "", nil, err
	}
	return img.Type, img.Data, nil
}
