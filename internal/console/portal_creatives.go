package console

import (
	"fmt"
	"net/http"

	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

// myCreativesPanel lists the creatives of an offer that the publisher runs.
func (c *call) myCreativesPanel(o *portal.PublisherOffer) (panel, error) {
	rows, err := c.pub.Creatives(c.r.Context(), o.ID)
	if err != nil {
		return panel{}, err
	}
	t := &table{Label: "Creatives", Columns: []column{{Label: "Creative", Class: "fill"}, {Label: "What it is"}, {Label: "Says", Class: "opt"}},
		Empty: &empty{Sentence: "This offer has no banners or texts. Your links work in any design of your own."}}
	for _, v := range rows {
		href := c.plain("creatives/" + v.ID)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{{Text: v.Name, Href: href, Class: "fill lead", Title: v.Name}, {Text: creativeWords(&v)}, textCell(orElse(v.Headline, v.Alt)).with("opt cut")}})
	}
	return panel{ID: "creatives", Title: "Creatives", Note: "Banners and texts, ready to paste with your own link.", Table: t}, nil
}

// creativeWords says what a creative is, in few words.
func creativeWords(v *portal.Creative) string {
	if v.Type == catalog.CreativeText {
		return "text"
	}
	return fmt.Sprintf("banner, %d × %d", v.Width, v.Height)
}

// myCreative is a creative's page: what it looks like, and what to paste.
func (c *call) myCreative() error {
	v, err := c.pub.Creative(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	o, err := c.pub.Offer(c.r.Context(), v.Offer)
	if err != nil {
		return err
	}
	p := panelsPage{Head: head{Crumb: &link{Label: o.Name, URL: c.plain("offers/" + o.ID)}, Title: v.Name}}
	look := panel{ID: "looks", Title: "Creative", Pairs: []pair{{Label: "What it is", Value: creativeWords(v)}}}
	if v.Type == catalog.CreativeBanner {
		look.Picture = &picture{Src: c.plain("creatives/" + v.ID + "/image"), Alt: orElse(v.Alt, v.Name), Width: v.Width, Height: v.Height}
	}
	for _, kv := range [][2]string{{"Headline", v.Headline}, {"Text", v.Body}, {"Call to action", v.CallToAction}, {"Leads to", orElse(v.URL, "the offer's own page")}} {
		if kv[1] != "" {
			look.Pairs = append(look.Pairs, pair{Label: kv[0], Value: kv[1]})
		}
	}
	paste, err := c.mySnippets(v)
	if err != nil {
		return err
	}
	p.Panels = []panel{look, paste}
	return show(c, "panels", v.Name, p)
}

// mySnippets is what to paste, with the link that was chosen, else the newest.
func (c *call) mySnippets(v *portal.Creative) (panel, error) {
	p := panel{ID: "html", Title: "To paste", Note: "Impressions and clicks count for the link you choose."}
	page, err := c.pub.Links(c.r.Context(), v.Offer, portal.Paging{Limit: 200})
	if err != nil {
		return panel{}, err
	}
	if len(page.Rows) == 0 {
		p.Table = &table{Empty: &empty{Sentence: "You have no link to this offer yet: the HTML needs one to lead to."}}
		if c.pub.Writes() {
			p.Table.Empty.Action = &link{Label: "New link", URL: c.plain("links/new", "offer", v.Offer)}
		}
		return p, nil
	}
	chosen := 0
	pick := &pickForm{Action: c.r.URL.Path, Keep: c.keep("link"), Name: "link", Label: "Link"}
	for i, l := range page.Rows {
		if l.ID == c.param("link") {
			chosen = i
		}
		pick.Choices = append(pick.Choices, choice{Value: l.ID, Label: linkTitle(&l)})
	}
	pick.Choices[chosen].Selected = true
	p.Pick = pick
	rows, err := c.pub.Snippets(c.r.Context(), v.ID, page.Rows[chosen].ID)
	if err != nil {
		return panel{}, err
	}
	for _, s := range rows {
		p.Copies = append(p.Copies, copyField{ID: "snippet-" + s.ID, Label: s.Label, Value: s.Text, Help: s.Help})
	}
	return p, nil
}

// myCreativeImage is the image of a banner.
func (c *call) myCreativeImage() error {
	media, data, err := c.pub.Image(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	c.writeImage(media, data)
	return nil
}

// writeImage answers an image that somebody uploaded: as a picture and nothing else.
func (c *call) writeImage(media string, data []byte) {
	h := c.w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=3600")
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(data) // the visitor may have left
	}
}
