package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clickledger/internal/macro"
)

// Creative is what publishers show for an offer: a banner or a text. Its type and its
// image never change, so that its impressions and clicks are of one thing.
type Creative struct {
	Meta
	Offer string
	Name  string
	Type  string // CreativeBanner, CreativeText
	// Image is the hash of a banner's image; the rest repeats what is known of it, so that
	// nobody has to read its bytes.
	Image       string
	ImageType   string // media type
	ImageWidth  int64  // pixels
	ImageHeight int64
	ImageSize   int64 // bytes
	Alt         string

	Headline, Body, CallToAction string // of a text

	URL    string // landing page, on a host of the offer's DeepLinks; "" = the offer's own
	Status string // StatusActive, StatusPaused
	Notes  string
}

// Values of Creative.Type.
const (
	CreativeBanner = "banner"
	CreativeText   = "text"
)

// Usable reports whether publishers may take the creative: it is neither paused nor
// archived.
func (c *Creative) Usable() bool { return !c.Archived && c.Status == StatusActive }

func (c *checker) buildCreative(d *CreativeDoc, m Meta) Entity {
	e := &Creative{
		Meta: m, Offer: d.Offer, Name: strings.TrimSpace(d.Name), Type: d.Type, Image: strings.ToLower(strings.TrimSpace(d.Image)), Alt: strings.TrimSpace(d.Alt),
		Headline: strings.TrimSpace(d.Headline), Body: strings.TrimSpace(d.Body), CallToAction: strings.TrimSpace(d.CallToAction), Status: d.Status, Notes: d.Notes,
	}
	was := ""
	if old, ok := c.old.(*Creative); ok {
		was = old.Offer
		c.immutable("offer", old.Offer, e.Offer)
		c.immutable("type", old.Type, e.Type)
		c.immutable("image", old.Image, e.Image)
		e.ImageType, e.ImageWidth, e.ImageHeight, e.ImageSize = old.ImageType, old.ImageWidth, old.ImageHeight, old.ImageSize
	}
	offer, _ := c.ref("offer", KindOffer, d.Offer, was).(*Offer)
	switch {
	case c.wrong("type"):
	case e.Type == CreativeBanner:
		c.banner(e)
	default:
		c.none("image", e.Image, "A text has no image.")
		c.none("alt", e.Alt, "A text has no image to describe.")
		if e.Headline == "" && !c.wrong("headline") {
			c.bad.Add("headline", ruleRequired, "", "A text needs its headline.")
		}
	}
	e.URL = c.landing("url", strings.TrimSpace(d.URL), offer)
	return e
}

// none refuses a value where there is nothing to say.
func (c *checker) none(field, value, why string) {
	if value != "" && !c.wrong(field) {
		c.bad.Add(field, ruleNotAllowed, value, why)
	}
}

// banner checks a banner, and takes over what is known of its image.
func (c *checker) banner(e *Creative) {
	const why = "A banner is an image alone; make a text for words."
	c.none("headline", e.Headline, why)
	c.none("body", e.Body, why)
	c.none("call_to_action", e.CallToAction, why)
	if c.old != nil || c.wrong("image") {
		return
	}
	if e.Image == "" {
		c.bad.Add("image", ruleRequired, "", "A banner needs its image: upload it first.")
		return
	}
	img, err := c.store.Image(c.ctx, c.workspace, e.Image)
	switch {
	case errors.Is(err, ErrNotFound):
		c.bad.Add("image", ruleReference, e.Image, "No image with this hash was uploaded to this workspace in the last day.")
	case err != nil:
		c.fail(fmt.Errorf("look up image: %w", err))
	default:
		e.ImageType, e.ImageWidth, e.ImageHeight, e.ImageSize = img.Type, img.Width, img.Height, img.Size
	}
}

// landing checks a landing page against the offer's list, and gives it in the form in
// which visitors are sent there. offer is nil where it was refused already.
func (c *checker) landing(field, raw string, offer *Offer) string {
	if raw == "" || offer == nil || c.wrong(field) {
		return raw
	}
	if old, ok := c.old.(*Creative); ok && old.URL == raw {
		return raw // the list may have changed since: the edge asks it for each visitor
	}
	page, err := macro.DeepLink(raw, offer.DeepLinks)
	var refused *macro.Error
	switch {
	case errors.As(err, &refused) && refused.Code == macro.CodeLinkDenied:
		c.bad.Add(field, refused.Code, raw, refused.Msg+" "+AllowedHosts(offer.DeepLinks))
	case errors.As(err, &refused):
		c.bad.Add(field, refused.Code, raw, refused.Msg)
	case err != nil:
		c.fail(fmt.Errorf("check landing page: %w", err))
	default:
		return page
	}
	return raw
}

// What a publisher may see of creatives: those in use of an offer it may run. These
// authorize by the publisher alone, for its portal, which knows whose request it is; to
// everything else they answer [ErrNotFound].

// PublisherCreatives lists the creatives a publisher may take for an offer, newest first.
func (s *Service) PublisherCreatives(ctx context.Context, workspace, publisher, offer string) ([]*Creative, error) {
	err := s.mayRun(ctx, workspace, publisher, offer)
	if err != nil {
		return nil, err
	}
	es, err := s.store.List(ctx, Query{Kind: KindCreative, Workspace: workspace, Filter: map[string]string{"offer": offer, "status": StatusActive}, Limit: MaxLimit})
	if err != nil {
		return nil, fmt.Errorf("list creatives: %w", err)
	}
	out := make([]*Creative, len(es))
	for i, e := range es {
		out[i] = e.(*Creative)
	}
	return out, nil
}

// PublisherCreative is one of them.
func (s *Service) PublisherCreative(ctx context.Context, workspace, publisher, creative string) (*Creative, error) {
	e, err := s.store.Get(ctx, KindCreative, workspace, creative)
	if err != nil {
		return nil, err
	}
	c := e.(*Creative)
	if !c.Usable() {
		return nil, ErrNotFound
	}
	return c, s.mayRun(ctx, workspace, publisher, c.Offer)
}

// PublisherSnippets gives the HTML of a creative with one of the publisher's own links.
func (s *Service) PublisherSnippets(ctx context.Context, workspace, publisher, base, creative, link string) ([]Snippet, error) {
	c, err := s.PublisherCreative(ctx, workspace, publisher, creative)
	if err != nil {
		return nil, err
	}
	e, err := s.store.Get(ctx, KindLink, workspace, link)
	if err != nil {
		return nil, err
	}
	l := e.(*Link)
	if l.Publisher != publisher || l.Offer != c.Offer || l.Archived {
		return nil, ErrNotFound
	}
	return Snippets(base, l, c), nil
}

// PublisherImage is the image of a banner that the publisher may take.
func (s *Service) PublisherImage(ctx context.Context, workspace, publisher, creative string) (*Image, error) {
	c, err := s.PublisherCreative(ctx, workspace, publisher, creative)
	if err != nil {
		return nil, err
	}
	if c.Image == "" {
		return nil, ErrNotFound
	}
	return s.store.Image(ctx, workspace, c.Image)
}

// mayRun is [ErrNotFound] unless the publisher has an approved enrollment to the offer.
func (s *Service) mayRun(ctx context.Context, workspace, publisher, offer string) error {
	if publisher == "" {
		return ErrNotFound // an empty filter would ask for anybody's
	}
	o, err := s.store.Get(ctx, KindOffer, workspace, offer)
	if err != nil {
		return err
	}
	es, err := s.store.List(ctx, Query{Kind: KindEnrollment, Workspace: workspace, Filter: map[string]string{"offer": offer, "publisher": publisher, "status": Approved}, Limit: 1})
	if err != nil {
		return fmt.Errorf("look up enrollment: %w", err)
	}
	if len(es) == 0 || o.Base().Archived {
		return ErrNotFound
	}
	return nil
}
