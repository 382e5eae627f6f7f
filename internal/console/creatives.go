package console

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"

	"clickledger/internal/catalog"
	"clickledger/internal/report"
)

// picture is an image of ours to look at.
type picture struct {
	Src, Alt      string
	Width, Height int64
}

// creativeStat is a row of the numbers of creatives.
type creativeStat struct{ impressions, clicks, conversions int64 }

// creativeStats asks the report for the numbers of creatives by a dimension.
func (c *call) creativeStats(dimension string, filters ...report.Filter) (map[string]creativeStat, error) {
	t, err := c.Report.Run(c.r.Context(), report.Question{
		Workspace: c.ws.ID, From: c.span.from, To: c.span.to, TimeZone: c.loc.String(), Basis: "event",
		Dimensions: []string{dimension}, Metrics: []string{"impressions", "clicks", "conversions"}, Filters: filters, Limit: 10_000,
	})
	if err != nil {
		return nil, fmt.Errorf("report by %s: %w", dimension, err)
	}
	col := map[string]int{}
	for i, cl := range t.Columns {
		col[cl.Name] = i
	}
	out := map[string]creativeStat{}
	for _, r := range t.Rows {
		s := out[textOf(r, col, dimension)]
		s.impressions += intOf(r, col, "impressions")
		s.clicks += intOf(r, col, "clicks")
		s.conversions += intOf(r, col, "conversions")
		out[textOf(r, col, dimension)] = s
	}
	return out, nil
}

func creativeColumns() []column {
	return []column{{Label: "Impressions", Class: "num", Help: formulas["impressions"]}, {Label: "Clicks", Class: "num", Help: formulas["clicks"]},
		{Label: "Click rate", Class: "num", Help: formulas["click_rate"]}, {Label: "Conversions", Class: "num opt", Help: formulas["conversions"]}}
}

func (s creativeStat) cells() []cell {
	rate := cell{Text: percentOf(s.clicks, s.impressions), Class: "num"}
	if s.impressions == 0 {
		rate.Tone = "zero"
	}
	return []cell{countCell(s.impressions), countCell(s.clicks), rate, countCell(s.conversions).with("num opt")}
}

// creativeKind says what a creative is, in few words.
func creativeKind(e *catalog.Creative) string {
	if e.Type == catalog.CreativeText {
		return "text"
	}
	return fmt.Sprintf("banner, %d × %d", e.ImageWidth, e.ImageHeight)
}

// creativesPanel lists an offer's creatives with their numbers.
func (c *call) creativesPanel(o *catalog.Offer) (panel, error) {
	rows, err := list[*catalog.Creative](c, catalog.Query{Kind: catalog.KindCreative, Filter: map[string]string{"offer": o.ID}, Limit: 100})
	if err != nil {
		return panel{}, err
	}
	t := &table{Label: "Creatives", Columns: append([]column{{Label: "Creative", Class: "fill"}, {Label: "What it is", Class: "opt"}, {Label: "State"}}, creativeColumns()...),
		Empty: &empty{Sentence: "A creative is what publishers show for the offer: a banner or a text, ready to paste with their own link.",
			API: c.curl("creatives", `{"offer": "`+o.ID+`", "name": "Spring sale", "type": "text", "headline": "Shoes, 20 % off"}`)}}
	p := panel{ID: "creatives", Title: "Creatives", Table: t}
	if c.write() && !o.Archived {
		p.More = &link{Label: "New creative", URL: c.plain("creatives/new", "offer", o.ID)}
		t.Empty.Action = p.More
	}
	if len(rows) == 0 {
		return p, nil
	}
	stats, err := c.creativeStats("creative", report.Filter{Dimension: "offer", Op: "eq", Values: []string{o.ID}})
	if err != nil {
		return panel{}, err
	}
	p.Note = "In the chosen time."
	for _, e := range rows {
		href := c.at("creatives/" + e.ID)
		t.Rows = append(t.Rows, row{Href: href, Off: e.Archived, Cells: append([]cell{{Text: e.Name, Href: href, Class: "fill lead", Title: e.Name},
			{Text: creativeKind(e), Class: "opt"}, statusCell(e.Status, e.Archived)}, stats[e.ID].cells()...)})
	}
	return p, nil
}

// creative is a creative's page: what it looks like, what to paste, and its numbers.
func (c *call) creative() error {
	e, err := get[*catalog.Creative](c, catalog.KindCreative, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := panelsPage{Head: c.entityHead(e, "offers/"+e.Offer, c.nameOf(catalog.KindOffer, e.Offer), e.Name, e.Status)}
	look := panel{ID: "looks", Title: "Creative", Pairs: []pair{{Label: "What it is", Value: creativeKind(e)}}}
	add := func(label, value string) {
		if value != "" {
			look.Pairs = append(look.Pairs, pair{Label: label, Value: value})
		}
	}
	if e.Image != "" {
		look.Picture = c.pictureOf(e)
		add("File", fmt.Sprintf("%s, %.1f kB", e.ImageType, float64(e.ImageSize)/1000))
	}
	add("Instead of the image", e.Alt)
	add("Headline", e.Headline)
	add("Text", e.Body)
	add("Call to action", e.CallToAction)
	add("Leads to", orElse(e.URL, "the offer's own page"))
	add("Notes", e.Notes)
	add("Id", e.ID)
	paste, err := c.snippetsPanel(e)
	if err != nil {
		return err
	}
	links, err := c.creativeLinks(e)
	if err != nil {
		return err
	}
	p.Panels = []panel{look, paste, links}
	return show(c, "panels", e.Name, p)
}

func (c *call) pictureOf(e *catalog.Creative) *picture {
	return &picture{Src: c.plain("creatives/" + e.ID + "/image"), Alt: orElse(e.Alt, e.Name), Width: e.ImageWidth, Height: e.ImageHeight}
}

// snippetsPanel gives the HTML with one of the offer's links: the one asked for, else the
// newest. The others are in a menu.
func (c *call) snippetsPanel(e *catalog.Creative) (panel, error) {
	p := panel{ID: "html", Title: "To paste", Note: "Each link has its own: impressions and clicks count for its publisher."}
	links, err := list[*catalog.Link](c, catalog.Query{Kind: catalog.KindLink, Filter: map[string]string{"offer": e.Offer}, Limit: 200})
	if err != nil {
		return panel{}, err
	}
	if len(links) == 0 {
		p.Table = &table{Empty: &empty{Sentence: "The offer has no link yet: the HTML needs one to lead to.", API: c.curl("links", `{"offer": "`+e.Offer+`"}`)}}
		if c.write() {
			p.Table.Empty.Action = &link{Label: "New link", URL: c.plain("links/new", "offer", e.Offer)}
		}
		return p, nil
	}
	var pubs []string
	for _, l := range links {
		pubs = append(pubs, l.Publisher)
	}
	names := c.names(catalog.KindPublisher, pubs...)
	chosen := links[0]
	for _, l := range links {
		if l.ID == c.param("link") {
			chosen = l
		}
	}
	pick := &pickForm{Action: c.r.URL.Path, Keep: c.keep("link"), Name: "link", Label: "Link"}
	for _, l := range links {
		who := orElse(names[l.Publisher], "house")
		pick.Choices = append(pick.Choices, choice{Value: l.ID, Label: who + " · " + c.title(l), Selected: l == chosen})
	}
	p.Pick = pick
	for _, s := range catalog.Snippets(c.origins.OfLink(chosen), chosen, e) {
		p.Copies = append(p.Copies, copyField{ID: "snippet-" + s.ID, Label: s.Label, Value: s.Text, Help: s.Help})
	}
	return p, nil
}

// pickForm chooses what a panel shows: a menu, and a button for where no script runs.
type pickForm struct {
	Action, Name, Label string
	Keep                []hidden
	Choices             []choice
}

// creativeLinks are the numbers by link.
func (c *call) creativeLinks(e *catalog.Creative) (panel, error) {
	stats, err := c.creativeStats("link", report.Filter{Dimension: "creative", Op: "eq", Values: []string{e.ID}})
	if err != nil {
		return panel{}, err
	}
	t := &table{Label: "Numbers by link", Columns: append([]column{{Label: "Link", Class: "fill"}}, creativeColumns()...),
		Empty: &empty{Sentence: "Nobody has seen it in this time. Impressions show here a few seconds after the pixel was loaded."}}
	ids := sortedKeys(stats)
	sortBy(ids, func(a, b string) bool { return stats[a].impressions > stats[b].impressions })
	names := c.names(catalog.KindLink, ids...)
	for _, id := range ids {
		t.Rows = append(t.Rows, row{Href: c.at("links/" + id), Cells: append([]cell{{Text: orElse(names[id], id), Href: c.at("links/" + id), Class: "fill lead"}}, stats[id].cells()...)})
	}
	return panel{ID: "links", Title: "Numbers by link", Note: "In the chosen time.", Table: t,
		More: &link{Label: "In the report", URL: c.at("reports", "d", "link", "fd", "creative", "fv", e.ID)}}, nil
}

// creativeImage is the image of a banner, archived or not: the tracking host serves those
// in use alone, and pages show no images from elsewhere.
func (c *call) creativeImage() error {
	e, err := get[*catalog.Creative](c, catalog.KindCreative, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.sendImage(e.Image)
}

// uploadedImage is an image whose creative is not made yet.
func (c *call) uploadedImage() error { return c.sendImage(c.r.PathValue("hash")) }

func (c *call) sendImage(hash string) error {
	img, err := c.Catalog.Image(c.r.Context(), c.who, c.ws.ID, hash)
	if err != nil {
		return err
	}
	c.writeImage(img.Type, img.Data)
	return nil
}

// creativeForm shows the form of a new creative.
func (c *call) creativeForm() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	d := catalog.NewDoc(catalog.KindCreative).(*catalog.CreativeDoc)
	d.Offer = c.param("offer")
	return c.showCreativeForm(d, nil, nil, http.StatusOK)
}

func (c *call) showCreativeForm(d *catalog.CreativeDoc, posted url.Values, errs map[string]string, status int) error {
	offers, err := c.choicesOf(catalog.KindOffer, "Choose an offer")
	if err != nil {
		return err
	}
	file := fieldSpec{name: "image", label: "Image", typ: "file", when: "type=banner", help: "PNG, JPEG, GIF or WebP, at most 200 kB. It cannot be changed later: another picture is another creative."}
	if d.Image != "" {
		file.label, file.help = "Another image", "The one below is kept unless you choose another."
	}
	p := editPage{Head: head{Title: "New creative", Crumb: &link{Label: "Offers", URL: c.at("offers")}}}
	p.Form = docForm(d, []sectionSpec{
		{title: "Creative", fields: []fieldSpec{
			{name: "offer", choices: offers, width: "w3", help: "It cannot be changed later."},
			{name: "type", choices: options("banner", "Banner", "text", "Text"), width: "w3", help: "It cannot be changed later."},
			{name: "name", example: "Spring sale, 300 × 250", help: "Publishers see it, too."}, file,
			{name: "alt", label: "Instead of the image", optional: true, when: "type=banner", help: "For whoever does not see it. Empty: the name."},
			{name: "headline", when: "type=text", example: "Shoes, 20 % off", help: noHelp},
			{name: "body", label: "Text", optional: true, when: "type=text", help: noHelp},
			{name: "call_to_action", optional: true, when: "type=text", width: "w3", example: "Shop now", help: "The words of a second link."},
		}}, creativeMore,
	}, []string{"workspace"}, posted, errs)
	p.Form.Files = true
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.plain("creatives/new"), "Create creative", c.at("offers")
	p.Form.Hidden = []hidden{onceInput(posted)}
	if d.Offer != "" {
		p.Head.Crumb = &link{Label: c.nameOf(catalog.KindOffer, d.Offer), URL: c.at("offers/" + url.PathEscape(d.Offer))}
		p.Form.Cancel = p.Head.Crumb.URL
	}
	if d.Image != "" {
		p.Form.Hidden = append(p.Form.Hidden, hidden{"uploaded", d.Image})
		if img, err := c.Catalog.Image(c.r.Context(), c.who, c.ws.ID, d.Image); err == nil {
			p.Form.Picture = &picture{Src: c.plain("images/" + img.Hash), Alt: "The uploaded image", Width: img.Width, Height: img.Height}
		}
	}
	p.Aside = []asideBox{
		{Title: "What publishers get", Text: "HTML with their own link, ready to paste: each impression and click counts for them and for the creative."},
		{Title: "Impressions", Text: "A pixel counts them. They are never clicks, set no cookie, and earn nothing. Bots are marked as with clicks."},
	}
	return showStatus(c, status, "edit", "New creative", p)
}

// creativeMore are the fields that can be changed later.
var creativeMore = sectionSpec{title: "Where it leads", fields: []fieldSpec{
	{name: "url", label: "Landing page", optional: true, code: true, example: "https://shop.example/spring", help: "On one of the offer's deep-link hosts. Empty: the offer's own page."},
	{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: "A paused one is offered to nobody; where it is shown already it goes on."},
	{name: "notes", optional: true, widget: "area", rows: 3, help: "For yourselves."},
}}

// creativeSections are those of a creative that is there.
func creativeSections(_ *call, d catalog.Doc, _ bool) ([]sectionSpec, error) {
	e, ok := d.(*catalog.CreativeDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	fields := []fieldSpec{{name: "name", help: "Publishers see it, too."}}
	if e.Type == catalog.CreativeBanner {
		fields = append(fields, fieldSpec{name: "alt", label: "Instead of the image", optional: true, help: "For whoever does not see it. Empty: the name."})
	} else {
		fields = append(fields, fieldSpec{name: "headline", help: noHelp}, fieldSpec{name: "body", label: "Text", optional: true, help: noHelp},
			fieldSpec{name: "call_to_action", optional: true, width: "w3", help: "The words of a second link."})
	}
	return []sectionSpec{{title: "Creative", fields: fields}, creativeMore}, nil
}

// creativeCreate uploads the image, where one was sent, and makes the creative. An image
// that was taken is kept while the rest of the form is mended.
func (c *call) creativeCreate() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	v, data, err := c.creativeParts()
	if err != nil {
		return err
	}
	d := catalog.NewDoc(catalog.KindCreative).(*catalog.CreativeDoc)
	v.Del("image")
	errs := readDoc(d, v)
	d.Workspace, d.Image = c.ws.ID, v.Get("uploaded")
	unread := map[string]string{}
	if d.Type != catalog.CreativeBanner {
		d.Image, d.Alt = "", ""
	} else {
		d.Headline, d.Body, d.CallToAction = "", "", ""
		if len(data) > 0 {
			img, err := c.Catalog.Upload(c.r.Context(), c.who, c.ws.ID, data)
			if err == nil {
				d.Image = img.Hash
			} else {
				refused, ok := fieldErrors(err)
				if !ok {
					return err
				}
				d.Image, unread = "", refused
			}
		}
	}
	if len(errs) == 0 && len(unread) == 0 {
		e, _, err := c.Catalog.Create(c.r.Context(), c.who, d, c.once(v))
		if err == nil {
			c.say("The creative was created.", c.archiveUndo("creatives", e))
			return c.redirect(c.pageOf(e))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	} else if _, err := c.Catalog.Preview(c.r.Context(), c.who, c.ws.ID, "", 0, d); err != nil {
		more, ok := fieldErrors(err)
		if !ok {
			return err
		}
		maps.Copy(errs, more)
	}
	maps.Copy(errs, unread)
	v.Set("image", "") // what stands in a file's field is never shown
	return c.showCreativeForm(d, v, errs, http.StatusUnprocessableEntity)
}

// creativeParts reads the form and its file, of which one byte more than is taken, so that
// a longer one is known.
func (c *call) creativeParts() (url.Values, []byte, error) {
	parts, err := c.r.MultipartReader()
	if err != nil {
		v, err := c.formValues() // a form without a file may be sent plainly
		return v, nil, err
	}
	v := url.Values{}
	var data []byte
	for {
		part, err := parts.NextPart()
		var large *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return v, data, nil
		case errors.As(err, &large): // the file alone can be so long: it is refused as too large
			return v, make([]byte, catalog.MaxImageBytes+1), nil
		case err != nil:
			return nil, nil, errForm
		}
		b, err := io.ReadAll(io.LimitReader(part, catalog.MaxImageBytes+1))
		if err != nil {
			return nil, nil, errForm
		}
		if part.FormName() == "image" {
			data = b
			continue
		}
		v.Add(part.FormName(), string(b))
	}
}
