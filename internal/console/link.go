package console

import (
	"strings"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/report"
	"clickledger/internal/routing"
)

// link is a link's page: its URL, where its visitors go, numbers, deep links, sub ids.
func (c *call) link() error {
	l, o, err := c.linkAndOffer()
	if err != nil {
		return err
	}
	mine := report.Filter{Dimension: "link", Op: "eq", Values: []string{l.ID}}
	p := panelsPage{Head: c.entityHead(l, "links", "Links", c.title(l), l.Status)}
	p.Figures, err = c.figures([]report.Filter{mine})
	if err != nil {
		return err
	}
	p.Figures, err = c.figureUniques(p.Figures, mine)
	if err != nil {
		return err
	}
	about, err := c.linkAbout(l, o)
	if err != nil {
		return err
	}
	deep, err := c.deepLinkPanel(l, o)
	if err != nil {
		return err
	}
	tracking := c.trackingURL(l)
	p.Panels = []panel{{ID: "tracking-url", Copies: []copyField{{ID: "url", Label: "Tracking URL", Value: tracking, Open: true, Help: "For the publisher to spread. sub1 to sub20, source and external_id may be added to it."}}, QR: c.qrOf(l, tracking, "")},
		about, deep}
	numbers, err := c.linkNumbers(l, mine)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, numbers...)
	p.Notes = sortedKeys(c.remarks)
	return show(c, "panels", c.title(l), p)
}

// figureUniques puts the uniques behind the clicks, in a line of figures.
func (c *call) figureUniques(in []figure, filters ...report.Filter) ([]figure, error) {
	now, err := c.stats("", c.span, filters...)
	if err != nil {
		return nil, err
	}
	s := now[""]
	if s == nil {
		s = &stat{}
	}
	u := figure{Label: "Uniques", Value: count(s.uniques), Help: formulas["uniques"]}
	if in[0].Delta != nil {
		u.Delta = &delta{Value: percentOf(s.uniques, s.visits) + " of visits"}
	}
	return withUniques(in, u), nil
}

// linkAbout are a link's settings, and what keeps its visitors from the offer.
func (c *call) linkAbout(l *catalog.Link, o *catalog.Offer) (panel, error) {
	p := panel{ID: "about", Title: "About", Pairs: []pair{
		{Label: "Placement", Value: orDash(l.Name)}, {Label: "Offer", Value: o.Name, Href: c.at("offers/" + o.ID)},
	}}
	who := pair{Label: "Publisher", Value: "nobody: a link of the house"}
	if l.Publisher != "" {
		who = pair{Label: "Publisher", Value: c.nameOf(catalog.KindPublisher, l.Publisher), Href: c.at("publishers/" + l.Publisher)}
	}
	goes, err := c.goes(l, o)
	if err != nil {
		return panel{}, err
	}
	p.Pairs = append(append(p.Pairs, who), goes...)
	if l.Source != "" {
		p.Pairs = append(p.Pairs, pair{Label: "Source", Value: l.Source})
	}
	for i, s := range l.Subs {
		if s != "" {
			p.Pairs = append(p.Pairs, pair{Label: "Preset sub" + itoa(i+1), Value: s})
		}
	}
	p.Pairs = append(p.Pairs, pair{Label: "Made", Value: minute(l.Created, c.loc), Title: utc(l.Created)}, pair{Label: "Id", Value: l.ID})
	return p, nil
}

// refusals say why a link's visitors do not reach the offer.
var refusals = map[string]string{
	routing.LinkPaused: "this link is paused", routing.LinkArchived: "this link is archived",
	routing.OfferPaused: "the offer is paused", routing.OfferDraft: "the offer is a draft", routing.OfferSubmitted: "the offer waits for approval",
	routing.OfferApproved: "the offer is not active yet", routing.OfferArchived: "the offer is archived",
	routing.AdvertiserInactive: "the advertiser is not active", routing.PublisherInactive: "the publisher is not active", routing.EnrollmentPaused: "the publisher's enrollment is paused", routing.EnrollmentRevoked: "the publisher's enrollment was revoked",
	routing.EnrollmentMissing: "the publisher has no approved enrollment", routing.NoDestination: "the offer's URL leads nowhere",
	routing.GeoBlocked: "the offer does not take the country", routing.DeviceBlocked: "the offer does not take the device",
	routing.DeepLinkDenied:  "the page asked for is on a host that the offer does not allow: the visitor reached the offer's own page",
	routing.DeepLinkInvalid: "the page asked for is no URL: the visitor reached the offer's own page",
}

// goes tells where the link's visitors go now, by the rules that route them. Countries,
// devices and caps, which differ from visitor to visitor, are said by the way.
func (c *call) goes(l *catalog.Link, o *catalog.Offer) ([]pair, error) {
	rows := []catalog.Entity{c.ws, l}
	if l.Publisher != "" {
		pub, err := get[*catalog.Publisher](c, catalog.KindPublisher, l.Publisher)
		if err != nil {
			return nil, err
		}
		rows = append(rows, pub)
	}
	if o.Advertiser != "" {
		adv, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return nil, err
		}
		rows = append(rows, adv)
	}
	offers := map[string]*catalog.Offer{}
	for next := o; next != nil && offers[next.ID] == nil; {
		offers[next.ID] = next
		enr, err := c.enrollmentOf(next.ID, l.Publisher)
		if err != nil {
			return nil, err
		}
		rows = append(append(rows, next), enr...)
		if next.FallbackOffer == "" {
			break
		}
		next, err = get[*catalog.Offer](c, catalog.KindOffer, next.FallbackOffer)
		if err != nil {
			return nil, err
		}
	}
	b := routing.NewBuilder()
	b.Apply(rows, 1)
	d := b.Snapshot().Route(l.Key, "", routing.Visitor{At: c.Now().UnixMicro()}, nil)
	why := refusals[d.Reason]
	switch {
	case d.Reason == "":
		out := []pair{{Label: "Visitors", Value: "reach the offer", Tone: "good"}}
		if some := c.exceptions(o); some != "" {
			out[0] = pair{Label: "Visitors", Value: "reach the offer, but for " + some, Tone: "warn"}
		}
		return out, nil
	case d.Wanted != nil:
		return []pair{{Label: "Visitors", Value: "go to another offer: " + why, Tone: "warn", Title: d.Reason}, {Label: "That is", Value: d.Offer.Name, Href: c.at("offers/" + d.Offer.ID)}}, nil
	case d.Fallback != nil:
		return []pair{{Label: "Visitors", Value: "go to the fallback: " + why, Tone: "warn", Title: d.Reason}, {Label: "Fallback", Value: d.Fallback.String()}}, nil
	}
	return []pair{{Label: "Visitors", Value: "get the 404 page: " + why + ". A fallback URL of the offer or of the workspace would take them.", Tone: "bad", Title: d.Reason}}, nil
}

// enrollmentOf is a publisher's enrollment in an offer, if there is one.
func (c *call) enrollmentOf(offer, publisher string) ([]catalog.Entity, error) {
	if publisher == "" {
		return nil, nil
	}
	return list[catalog.Entity](c, catalog.Query{Kind: catalog.KindEnrollment, Archived: "all", Filter: map[string]string{"offer": offer, "publisher": publisher}})
}

// exceptions names the visitors that an active offer does not take.
func (c *call) exceptions(o *catalog.Offer) string {
	var some []string
	if len(o.Countries) > 0 {
		some = append(some, "other countries than "+strings.Join(o.Countries, ", "))
	}
	if len(o.Devices) > 0 {
		some = append(some, "other devices than "+strings.Join(o.Devices, ", "))
	}
	for _, s := range c.capsOf(o) {
		if s.State == caps.Reached || s.State == caps.Zero {
			some = append(some, "those beyond a cap that is reached")
			break
		}
	}
	return strings.Join(some, " and ")
}

// maxSubRows is how many sub ids a link's page shows.
const maxSubRows = 20

// linkNumbers are a link's numbers by sub id, and the visits that did not reach the offer.
func (c *call) linkNumbers(l *catalog.Link, mine report.Filter) ([]panel, error) {
	subs, err := c.stats("sub1", c.span, mine)
	if err != nil {
		return nil, err
	}
	curs := c.currencies(subs)
	t := &table{Label: "Sub ids", Columns: append([]column{{Label: "sub1", Class: "fill"}}, withUniques(c.statColumns(curs, false), c.uniqueColumn(false))...),
		Empty: &empty{Sentence: "Nobody came through this link in this time."}}
	keys := sortedKeys(subs)
	sortBy(keys, func(a, b string) bool { return subs[a].visits > subs[b].visits })
	for _, k := range keys[:min(len(keys), maxSubRows)] {
		name := cell{Text: k, Class: "fill lead", Title: k}
		if k == "" {
			name = cell{Text: "none", Tone: "muted", Class: "fill lead"}
		}
		t.Rows = append(t.Rows, row{Cells: append([]cell{name}, withUniques(statCells(subs[k], curs), uniqueCell(subs[k]))...)})
	}
	out := []panel{{ID: "subs", Title: "By sub1", Note: "In the chosen time.", Table: t, More: &link{Label: "In the report", URL: c.at("reports", "d", "sub1", "fd", "link", "fv", l.ID)}}}

	reasons, err := c.stats("reason", c.span, mine)
	if err != nil {
		return nil, err
	}
	lost := &table{Label: "Visits that went elsewhere", Columns: []column{{Label: "Reason"}, {Label: "Meaning", Class: "fill opt"}, {Label: "Visits", Class: "num"}}}
	for _, r := range sortedKeys(reasons) {
		if r == "" || reasons[r].visits == 0 {
			continue
		}
		means := sentence(refusals[r])
		if strings.HasPrefix(r, "cap_") {
			means = "A cap of the offer was reached."
		}
		lost.Rows = append(lost.Rows, row{Cells: []cell{{Text: r, Tone: "mono", Class: "brk"}, {Text: means, Class: "fill opt", Title: means}, countCell(reasons[r].visits)}})
	}
	if len(lost.Rows) > 0 {
		out = append(out, panel{ID: "elsewhere", Title: "Visits that did not go where they should", Table: lost})
	}
	return out, nil
}
