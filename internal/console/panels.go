package console

import (
	"clickledger/internal/catalog"
)

func (c *call) goalsPanel(o *catalog.Offer) (panel, error) {
	rows, err := list[*catalog.Goal](c, catalog.Query{Kind: catalog.KindGoal, Filter: map[string]string{"offer": o.ID}})
	if err != nil {
		return panel{}, err
	}
	t := &table{Label: "Goals", Columns: []column{{Label: "Goal", Class: "fill"}, {Label: "Key"}, {Label: "Payout", Class: "num"}, {Label: "Commission", Class: "num"}, {Label: "", Class: "num"}},
		Empty: &empty{Sentence: "A goal is an event the offer pays for."}}
	for i := len(rows) - 1; i >= 0; i-- {
		g := rows[i]
		what := ""
		if g.Default {
			what = "default"
		}
		t.Rows = append(t.Rows, row{Href: c.plain("goals/" + g.ID + "/edit"), Cells: []cell{
			{Text: g.Name, Href: c.plain("goals/" + g.ID + "/edit"), Class: "fill lead", Title: g.Name}, {Text: g.Key, Tone: "mono", Class: "cut", Title: g.Key},
			{Text: payoutText(g.Terms, o.Currency), Class: "num"}, {Text: commissionText(g.CommissionKind, g.Commission, g.CommissionPercent, o.Currency), Class: "num"},
			{Text: what, Tone: "muted", Class: "num"},
		}})
	}
	p := panel{ID: "goals", Title: "Goals", Note: "Signals that name no goal count for the default one.", Table: t}
	if c.write() && !o.Archived {
		p.More = &link{Label: "New goal", URL: c.plain("goals/new", "offer", o.ID)}
	}
	return p, nil
}

// enrollmentsPanel lists enrollments; the column of the side that is given is left out.
func (c *call) enrollmentsPanel(q catalog.Query, offer, publisher string) (panel, error) {
	q.Kind = catalog.KindEnrollment
	rows, err := list[*catalog.Enrollment](c, q)
	if err != nil {
		return panel{}, err
	}
	var offers, pubs []string
	for _, e := range rows {
		offers, pubs = append(offers, e.Offer), append(pubs, e.Publisher)
	}
	offerNames, pubNames := c.names(catalog.KindOffer, offers...), c.names(catalog.KindPublisher, pubs...)
	t := &table{Label: "Enrollments", Columns: []column{{Label: "Publisher", Class: "fill"}, {Label: "State"}, {Label: "Commission", Class: "num"}, {Label: "Reason", Class: "opt"}},
		Empty: &empty{Sentence: "An enrollment is a publisher's right to run an offer, with its own terms."}}
	if publisher != "" {
		t.Columns[0].Label = "Offer"
	}
	for _, e := range rows {
		name, href := pubNames[e.Publisher], c.at("publishers/"+e.Publisher)
		if publisher != "" {
			name, href = offerNames[e.Offer], c.at("offers/"+e.Offer)
		}
		edit := ""
		if c.write() {
			edit = c.plain("enrollments/" + e.ID + "/edit")
		}
		t.Rows = append(t.Rows, row{Href: edit, Off: e.Archived, Cells: []cell{
			{Text: name, Href: href, Class: "fill lead", Title: name}, statusCell(e.Status, e.Archived),
			{Text: commissionText(e.CommissionKind, e.Commission, e.CommissionPercent, c.currencyOf(e)), Class: "num"}, textCell(e.Reason).with("opt cut"),
		}})
	}
	p := panel{ID: "enrollments", Title: "Enrollments", Table: t}
	if c.write() {
		p.More = &link{Label: "New enrollment", URL: c.plain("enrollments/new", "offer", offer, "publisher", publisher)}
	}
	return p, nil
}

// linksPanel lists links with copy buttons; by is the side that is given.
func (c *call) linksPanel(filter map[string]string, by, id string) (panel, error) {
	rows, err := list[*catalog.Link](c, catalog.Query{Kind: catalog.KindLink, Filter: filter, Limit: 100})
	if err != nil {
		return panel{}, err
	}
	var other []string
	kind := catalog.KindPublisher
	if by == "publisher" {
		kind = catalog.KindOffer
	}
	of := func(l *catalog.Link) string {
		if by == "publisher" {
			return l.Offer
		}
		return l.Publisher
	}
	for _, l := range rows {
		other = append(other, of(l))
	}
	names := c.names(kind, other...)
	t := &table{Label: "Links", Columns: []column{{Label: "Placement", Class: "fill"}, {Label: label(string(kind))}, {Label: "State"}, {Label: "Tracking URL"}},
		Empty: &empty{Sentence: "A link is a tracking URL: an offer, and the publisher who spreads it."}}
	for _, l := range rows {
		name := l.Name
		if name == "" {
			name = l.Key
		}
		who := cell{Text: "house", Tone: "muted"}
		if o := of(l); o != "" {
			who = cell{Text: names[o], Href: c.at(paths[kind] + "/" + o), Class: "cut", Title: names[o]}
		}
		u := c.trackingURL(l)
		t.Rows = append(t.Rows, row{Href: c.at("links/" + l.ID), Off: l.Archived, Cells: []cell{
			{Text: name, Href: c.at("links/" + l.ID), Class: "fill lead", Title: name}, who, statusCell(l.Status, l.Archived), {Text: u, Copy: u},
		}})
	}
	p := panel{ID: "links", Title: "Links", Table: t}
	if c.write() {
		p.More = &link{Label: "New link", URL: c.plain("links/new", by, id)}
	}
	return p, nil
}
