package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/portal"
	"clickledger/internal/qrcode"
)

// myLinks lists a publisher's links with their numbers.
func (c *call) myLinks() error {
	page, err := c.pub.Links(c.r.Context(), c.param("offer"), portal.Paging{Cursor: c.param("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	numbers, err := c.portalStats("link", c.span, 5000)
	if err != nil {
		return err
	}
	stats := map[string]*stat{}
	for _, r := range numbers.Rows {
		stats[r.Key] = c.portalStat(r.Numbers)
	}
	t := c.myLinkTable(page.Rows, stats, true)
	t.Empty = &empty{Sentence: "A link is your own tracking URL to an offer. Everything that comes through it is counted for you."}
	h := head{Title: "Links"}
	if c.pub.Writes() {
		h.Actions = []action{{Label: "New link", URL: c.plain("links/new", "offer", c.param("offer")), Icon: "plus", Kind: "primary"}}
		t.Empty.Action = &link{Label: "New link", URL: c.plain("links/new")}
	}
	if len(page.Rows) > 0 {
		t.Count = plural(int64(len(page.Rows)), "link", "links")
	}
	if page.Next != "" {
		t.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	return show(c, "list", "Links", listPage{Head: h, Table: t})
}

// linkState says whether a link's visitors reach the offer.
func linkState(l *portal.Link) cell {
	if l.Works {
		return cell{Word: "works", Tone: "good"}
	}
	return cell{Word: "rests", Tone: "warn", Title: l.Rests}
}

// linkTitle is a link's placement, or its key.
func linkTitle(l *portal.Link) string { return orElse(l.Name, l.Key) }

// myLinkTable is a table of links; stats, when not nil, are their numbers.
func (c *call) myLinkTable(rows []portal.Link, stats map[string]*stat, named bool) *table {
	t := &table{Label: "Links", Columns: []column{{Label: "Placement", Class: "fill"}}}
	if named {
		t.Columns = append(t.Columns, column{Label: "Offer", Class: "opt"})
	}
	t.Columns = append(t.Columns, column{Label: "State", Class: "opt"}, column{Label: "Tracking URL"})
	var curs []string
	if stats != nil {
		curs = c.currencies(stats)
		worth, help := c.worth()
		if len(curs) == 1 {
			worth += "\u00a0" + curs[0]
		}
		t.Columns = append(t.Columns, column{Label: "Clicks", Class: "num", Help: formulas["clicks"]}, column{Label: "Uniques", Class: "num opt", Help: formulas["uniques"]},
			column{Label: "Conv.", Class: "num opt", Help: formulas["conversions"]}, column{Label: worth, Class: "num opt", Help: help})
	}
	for _, l := range rows {
		href := c.plain("links/" + l.ID)
		r := row{Href: href, Off: !l.Works, Cells: []cell{{Text: linkTitle(&l), Href: href, Class: "fill lead", Title: linkTitle(&l)}}}
		if named {
			offer := textCell(l.Offer.Name).with("opt cut")
			if l.Offer.ID != "" {
				offer = cell{Text: l.Offer.Name, Href: c.plain("offers/" + l.Offer.ID), Class: "opt cut", Title: l.Offer.Name}
			}
			r.Cells = append(r.Cells, offer)
		}
		r.Cells = append(r.Cells, linkState(&l).with("opt"), cell{Text: "/c/" + l.Key, Copy: l.URL, Title: l.URL})
		if stats != nil {
			s := stats[l.ID]
			if s == nil {
				s = &stat{}
			}
			r.Cells = append(r.Cells, countCell(s.clicks), countCell(s.uniques).with("opt"), countCell(s.conversions).with("opt"), moneyCell(s, curs, c.earned, false).with("opt"))
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// myLink is a link's page: its URL and QR code, deep links, presets, numbers.
func (c *call) myLink() error {
	l, err := c.pub.Link(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	h := head{Crumb: &link{Label: "Links", URL: c.plain("links")}, Title: linkTitle(l), State: &state{Word: "works", Tone: "good"}}
	if !l.Works {
		h.State = &state{Word: "rests", Tone: "warn", Help: l.Rests}
	}
	if c.pub.Writes() {
		h.Actions = []action{{Label: "Edit", URL: c.plain("links/" + l.ID + "/edit")}}
	}
	p := panelsPage{Head: h}
	numbers, err := c.askPortal(portal.Ask{From: c.span.from, To: c.span.to, Link: l.ID, Limit: 1})
	if err != nil {
		return err
	}
	p.Figures = c.portalFigures(numbers.Totals, portal.Numbers{})
	label, _ := c.span.label()
	p.Notes = []string{label + "."}
	about := panel{ID: "about", Title: "About"}
	if l.Offer.ID != "" {
		about.Pairs = []pair{{Label: "Offer", Value: l.Offer.Name, Href: c.plain("offers/" + l.Offer.ID)}}
	}
	if l.Works {
		about.Pairs = append(about.Pairs, pair{Label: "Visitors", Value: "reach the offer, where it takes them", Tone: "good"})
	} else {
		about.Pairs = append(about.Pairs, pair{Label: "Visitors", Value: "go to a page of the program: " + l.Rests, Tone: "warn"})
	}
	if l.Source != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Source", Value: l.Source})
	}
	for i, s := range l.Subs {
		if s != "" {
			about.Pairs = append(about.Pairs, pair{Label: "Preset sub" + itoa(i+1), Value: s})
		}
	}
	about.Pairs = append(about.Pairs, pair{Label: "Made", Value: minute(l.Created.UnixMicro(), c.loc), Title: utc(l.Created.UnixMicro())}, pair{Label: "Id", Value: l.ID})
	subs, err := c.askPortal(portal.Ask{By: "sub1", From: c.span.from, To: c.span.to, Link: l.ID, Limit: maxSubRows})
	if err != nil {
		return err
	}
	by := c.portalTable("sub1", subs)
	by.Empty = &empty{Sentence: "Nobody came through this link in this time."}
	p.Panels = []panel{
		{ID: "tracking-url", Copies: []copyField{{ID: "url", Label: "Tracking URL", Value: l.URL, Open: true, Help: "Add ?sub1= to ?sub20= to tell placements apart, and source= for where you show it."}}, QR: c.myQROf(l, l.URL, "")},
		c.myDeepPanel(l), about, {ID: "subs", Title: "By sub1", Table: by, More: &link{Label: "Statistics", URL: c.at("statistics", "by", "sub1")}},
	}
	return show(c, "panels", linkTitle(l), p)
}

// myDeepPanel is the generator of deep links.
func (c *call) myDeepPanel(l *portal.Link) panel {
	p := panel{ID: "deep-link", Title: "Deep link", Note: "The same link, leading to another page of the shop."}
	if len(l.DeepLinks) == 0 {
		p.Deep = &deepView{Empty: &empty{Sentence: "This offer's links lead to its own page only."}}
		return p
	}
	host := strings.TrimPrefix(strings.TrimPrefix(l.DeepLinks[0], "http://"), ".")
	page := c.askedPage()
	p.Deep = &deepView{Action: c.r.URL.Path, Live: c.plain("links/" + l.ID + "/deep-link"), Keep: c.keep("page"), Page: page,
		Example: "https://" + host + "/sale", Hosts: catalog.AllowedHosts(l.DeepLinks), Result: c.myDeepResult(l, page)}
	return p
}

func (c *call) myDeepResult(l *portal.Link, page string) deepResult {
	if page == "" {
		return deepResult{}
	}
	tracking, lands, err := c.pub.DeepLink(c.r.Context(), l.ID, &catalog.DeepLinkDoc{URL: page})
	if err != nil {
		var bad *catalog.Invalid
		if errors.As(err, &bad) {
			return deepResult{Problem: sentence(bad.Fields[0].Msg), Code: bad.Fields[0].Rule}
		}
		return deepResult{Problem: "The link could not be made. Please try again."}
	}
	return deepResult{Made: &madeLink{Copy: copyField{ID: "deep-url", Label: "Tracking URL to this page", Value: tracking, Open: true}, Lands: lands, QR: c.myQROf(l, tracking, lands)}}
}

// myDeepLink is the result alone, for the typing script.
func (c *call) myDeepLink() error {
	l, err := c.pub.Link(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	b, err := c.ui.render("content", "deeplink", view[deepResult]{Page: c.myDeepResult(l, c.askedPage())})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, b)
}

func (c *call) myQROf(l *portal.Link, tracking, page string) *qrView {
	_, err := qrcode.SVG(tracking)
	if err != nil {
		return &qrView{Problem: "The address is too long for a QR code."}
	}
	at := func(ext string) string { return c.plain("links/"+l.ID+"/qr."+ext, "page", page) }
	name := "link-" + l.Key
	return &qrView{Src: at("svg"), Alt: "QR code of " + tracking, Downloads: []download{{"QR code, SVG", at("svg"), name + ".svg"}, {"PNG", at("png"), name + ".png"}}}
}

func (c *call) myQRSVG() error { return c.myQR(qrcode.SVG, "image/svg+xml") }
func (c *call) myQRPNG() error { return c.myQR(qrcode.PNG, "image/png") }

// myQR answers a code as a file. What cannot be drawn is no page.
func (c *call) myQR(draw func(string) ([]byte, error), mime string) error {
	l, err := c.pub.Link(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	text := l.URL
	if page := c.askedPage(); page != "" {
		text, _, err = c.pub.DeepLink(c.r.Context(), l.ID, &catalog.DeepLinkDoc{URL: page})
		if err != nil {
			return catalog.ErrNotFound
		}
	}
	return c.sendQR(text, draw, mime)
}

// myLinkForm shows the form of a further link.
func (c *call) myLinkForm() error {
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	return c.showMyLinkForm("", &portal.LinkDoc{Offer: c.param("offer")}, nil, nil, http.StatusOK)
}

// showMyLinkForm is the form of a link; id "" is a new one.
func (c *call) showMyLinkForm(id string, d *portal.LinkDoc, posted url.Values, errs map[string]string, status int) error {
	title, skip := "Edit link", []string{"offer"}
	var offers []choice
	if id == "" {
		title, skip = "New link", nil
		rows, err := c.pub.Own(c.r.Context())
		if err != nil {
			return err
		}
		offers = []choice{{Label: "Choose an offer"}}
		for _, o := range rows {
			if o.Enrollment != nil && o.Enrollment.Status == catalog.Approved && o.Status == catalog.StatusActive {
				offers = append(offers, choice{Value: o.ID, Label: o.Name})
			}
		}
	}
	if d.Offer != "" && id == "" {
		_, err := c.pub.Offer(c.r.Context(), d.Offer)
		if err != nil {
			d.Offer = "" // what it is called in the URL is not told back
			posted = withoutField(posted, "offer")
		}
	}
	sections := []sectionSpec{{title: "Link", fields: []fieldSpec{
		{name: "offer", choices: offers, help: "It cannot be changed later."},
		{name: "name", label: "Placement", optional: true, example: "Summer newsletter", help: noHelp},
		{name: "source", optional: true, width: "w3", example: "newsletter", help: "What stands as source where the URL brings none."},
		presetField,
	}}}
	p := editPage{Head: head{Title: title, Crumb: &link{Label: "Links", URL: c.plain("links")}}, Form: docForm(d, sections, skip, posted, errs)}
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.r.URL.Path, "Save", c.plain("links")
	if id == "" {
		p.Form.Submit = "Create link"
		p.Form.Hidden = []hidden{onceInput(posted)}
	}
	p.Aside = []asideBox{{Title: "Sub ids", Text: "You may add ?sub1= to ?sub20= to the link's URL, and source=. They come back in your statistics, one row for each value. A preset stands where the URL does not bring one."}}
	return showStatus(c, status, "edit", title, p)
}

func withoutField(v url.Values, name string) url.Values {
	if v == nil {
		return nil
	}
	out := url.Values{}
	for k, vs := range v {
		if k != name {
			out[k] = vs
		}
	}
	return out
}

// myLinkCreate makes a further link.
func (c *call) myLinkCreate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	d := &portal.LinkDoc{}
	errs := readDoc(d, v)
	if len(errs) == 0 {
		key := v.Get(onceField)
		if len(key) > 64 {
			key = ""
		}
		l, err := c.pub.CreateLink(c.r.Context(), *d, key)
		if err == nil {
			c.say("The link was made.", nil)
			return c.redirect(c.plain("links/" + l.ID))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showMyLinkForm("", d, v, errs, http.StatusUnprocessableEntity)
}

// myLinkEdit shows the form of a link.
func (c *call) myLinkEdit() error {
	l, err := c.pub.Link(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.showMyLinkForm(l.ID, &portal.LinkDoc{Offer: l.Offer.ID, Name: l.Name, Source: l.Source, Subs: l.Subs}, nil, nil, http.StatusOK)
}

// myLinkSave changes a link.
func (c *call) myLinkSave() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	l, err := c.pub.Link(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	d := &portal.LinkDoc{Offer: l.Offer.ID, Name: l.Name, Source: l.Source, Subs: l.Subs}
	errs := readDoc(d, withoutField(v, "offer"))
	if len(errs) == 0 {
		_, err = c.pub.UpdateLink(c.r.Context(), l.ID, *d)
		if err == nil {
			c.say("The link was saved.", nil)
			return c.redirect(c.plain("links/" + l.ID))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showMyLinkForm(l.ID, d, v, errs, http.StatusUnprocessableEntity)
}
