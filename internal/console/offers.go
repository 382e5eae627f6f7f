package console

import (
	"net/url"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/report"
)

// offers lists the offers with their numbers.
func (c *call) offers() error {
	advs := map[string]string{}
	adv := c.param("advertiser")
	choices, err := c.choicesOf(catalog.KindAdvertiser, "All advertisers")
	if err != nil {
		return err
	}
	for _, ch := range choices {
		advs[ch.Value] = ch.Label
	}
	return catalogPage[*catalog.Offer]{
		kind: catalog.KindOffer, path: "offers", title: "Offers", search: "Name or id",
		statuses: []string{"active", "paused", "draft"}, newLabel: "New offer", newPath: "offers/new", stat: "offer",
		filter:  map[string]string{"advertiser": adv},
		more:    []field{{Widget: "select", Name: "advertiser", Label: "Advertiser", Choices: selected(choices, adv)}},
		columns: []column{{Label: "Offer", Class: "fill"}, {Label: "Advertiser", Class: "wide"}, {Label: "State", Class: "opt"}, {Label: "Payout", Class: "num wide"}, {Label: "Commission", Class: "num wide"}},
		cells: func(o *catalog.Offer) []cell {
			who := advs[o.Advertiser]
			if o.Advertiser == "" {
				who = ""
			}
			return []cell{
				{Text: o.Name, Href: c.at("offers/" + o.ID), Class: "fill lead", Title: o.Name},
				textCell(who).with("wide cut"), statusCell(o.Status, o.Archived).with("opt"),
				{Text: payoutText(o.Terms, o.Currency), Class: "num wide"}, {Text: commissionText(o.CommissionKind, o.Commission, o.CommissionPercent, o.Currency), Class: "num wide"},
			}
		},
		href: func(o *catalog.Offer) string { return c.at("offers/" + o.ID) },
		empty: empty{
			Sentence: "An offer is a destination that pays: a URL, how its conversions are tracked, and what they pay.",
			Action:   &link{Label: "New offer", URL: c.plain("offers/new")},
			API:      c.curl("offers", `{"name": "Spring shoes", "url": "https://shop.example/?ref={click_id}", "payout": "12.50"}`),
		},
	}.render(c)
}

// payoutText says what an offer pays, in few words.
func payoutText(t catalog.Terms, currency string) string {
	switch t.PayoutKind {
	case catalog.PayoutFixed:
		return withCurrency(t.Payout, currency)
	case catalog.PayoutPercent:
		return t.PayoutPercent + thin + "% of sale"
	case catalog.PayoutPostback:
		return "from postback, " + currency
	}
	return "as the offer"
}

func commissionText(kind string, minor int64, percent, currency string) string {
	switch kind {
	case catalog.CommissionNone:
		return "none"
	case catalog.CommissionFixed:
		return withCurrency(minor, currency)
	case catalog.CommissionPercentSale:
		return percent + thin + "% of sale"
	case catalog.CommissionPercentPayout:
		return percent + thin + "% of payout"
	}
	return "as the offer"
}

// curl is the API call that does what a button does.
func (c *call) curl(resource, body string) string {
	return "curl -X POST " + c.PublicURL + "/api/v1/" + resource + " \\\n  -H 'Authorization: Bearer YOUR_KEY' -H 'Content-Type: application/json' \\\n  -d '" + body + "'"
}

// trackingURL is a link's address.
func (s *server) trackingURL(l *catalog.Link) string {
	return s.PublicURL + "/c/" + url.PathEscape(l.Key)
}

// offer is an offer's page: numbers, tracking set-up, goals, enrollments, links.
func (c *call) offer() error {
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	var adv *catalog.Advertiser
	if o.Advertiser != "" {
		adv, err = get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return err
		}
	}
	p := panelsPage{Head: c.entityHead(o, "offers", "Offers", o.Name, o.Status)}
	p.Figures, err = c.figures([]report.Filter{{Dimension: "offer", Op: "eq", Values: []string{o.ID}}})
	if err != nil {
		return err
	}
	goals, err := c.goalsPanel(o)
	if err != nil {
		return err
	}
	enr, err := c.enrollmentsPanel(catalog.Query{Filter: map[string]string{"offer": o.ID}}, o.ID, "")
	if err != nil {
		return err
	}
	links, err := c.linksPanel(map[string]string{"offer": o.ID}, "offer", o.ID)
	if err != nil {
		return err
	}
	p.Panels = []panel{c.offerTerms(o, adv), {ID: "tracking", Title: "Tracking set-up", Note: "Give the advertiser one of these. A postback is the most reliable.", Copies: c.trackingFields(o, adv)}, goals, enr, links}
	return show(c, "panels", o.Name, p)
}

// entityHead is the head of a row's page, with the actions every row has.
func (c *call) entityHead(e catalog.Entity, path, plural, name, status string) head {
	m := e.Base()
	h := head{Crumb: &link{Label: plural, URL: c.at(path)}, Title: name, State: stateOf(status, m.Archived)}
	if !c.write() {
		return h
	}
	if m.Archived {
		h.Actions = []action{{Label: "Restore", URL: c.plain(path + "/" + m.ID + "/archive"), Post: true, Fields: []hidden{{"archived", "false"}, {versionField, itoa(int(m.Version))}}}}
		return h
	}
	h.Actions = []action{{Label: "Edit", URL: c.plain(path + "/" + m.ID + "/edit")}}
	switch e := e.(type) {
	case *catalog.Offer:
		h.Actions = append(h.Actions, action{Label: "New link", URL: c.plain("links/new", "offer", e.ID), Icon: "plus", Kind: "primary"})
	case *catalog.Publisher:
		h.Actions = append(h.Actions, action{Label: "New link", URL: c.plain("links/new", "publisher", e.ID), Icon: "plus", Kind: "primary"})
	case *catalog.Advertiser:
		h.Actions = append(h.Actions, action{Label: "New offer", URL: c.plain("offers/new", "advertiser", e.ID), Icon: "plus", Kind: "primary"})
	}
	return h
}

func (c *call) offerTerms(o *catalog.Offer, adv *catalog.Advertiser) panel {
	p := panel{Title: "Terms", Pairs: []pair{
		{Label: "Destination", Value: o.URL},
		{Label: "Payout", Value: payoutText(o.Terms, o.Currency)},
		{Label: "Commission", Value: commissionText(o.CommissionKind, o.Commission, o.CommissionPercent, o.Currency)},
		{Label: "New conversions", Value: o.InitialStatus},
		{Label: "Window", Value: windowText(o.WindowDays)},
		{Label: "Cookie", Value: plural(o.CookieDays, "day", "days")},
	}}
	if adv != nil {
		p.Pairs = append([]pair{{Label: "Advertiser", Value: adv.Name, Href: c.at("advertisers/" + adv.ID)}}, p.Pairs...)
	}
	if len(o.DeepLinks) > 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Deep links to", Value: strings.Join(o.DeepLinks, ", ")})
	}
	if len(o.Tags) > 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Tags", Value: strings.Join(o.Tags, ", ")})
	}
	if o.Notes != "" {
		p.Pairs = append(p.Pairs, pair{Label: "Notes", Value: o.Notes})
	}
	p.Pairs = append(p.Pairs, pair{Label: "Id", Value: o.ID})
	return p
}

func windowText(days int64) string {
	if days == 0 {
		return "any time after the click"
	}
	return plural(days, "day", "days") + " after the click"
}

// trackingFields are what an advertiser is given: the postback to call from its
// server, and the pixel for its thank-you page. The capitals are what it fills in.
func (c *call) trackingFields(o *catalog.Offer, adv *catalog.Advertiser) []copyField {
	postback := c.PublicURL + "/postback?click_id={click_id}"
	param := "click_id"
	if adv != nil {
		if adv.ClickParam != "" {
			param = adv.ClickParam
		}
	}
	amountParam := ""
	if o.PayoutKind == catalog.PayoutPostback {
		amountParam += "&payout={payout}"
	}
	if o.PayoutKind == catalog.PayoutPercent || o.CommissionKind == catalog.CommissionPercentSale {
		amountParam += "&amount={sale_amount}"
	}
	postback += amountParam + "&txid={order_number}"
	if adv != nil {
		postback += "&token=" + url.QueryEscape(adv.Token)
	}
	pixel := c.PublicURL + "/pixel.gif?key=" + url.QueryEscape(o.Key) + amountParam + "&txid={order_number}"
	return []copyField{
		{ID: "postback", Label: "Postback URL", Value: postback, Help: "Called by the advertiser's server for each conversion. {click_id} is what arrived in the parameter " + param + " of the destination URL; every {…} must be replaced by a value."},
		{ID: "pixel-img", Label: "Pixel image", Value: `<img src="` + pixel + `" width="1" height="1" alt="">`, Help: "For the advertiser's thank-you page. It finds the click by the tracker's cookie, which browsers increasingly withhold on other sites; add &click_id= where the page knows it."},
		{ID: "pixel-url", Label: "Pixel URL", Value: pixel, Help: "The same for tag managers. The key is public and authorises nothing else; conversions from pixels are always pending."},
	}
}

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
		t.Rows = append(t.Rows, row{Href: c.at("links", "q", l.ID), Off: l.Archived, Cells: []cell{
			{Text: name, Href: c.at("links", "q", l.ID), Class: "fill lead", Title: name}, who, statusCell(l.Status, l.Archived), {Text: u, Copy: u},
		}})
	}
	p := panel{ID: "links", Title: "Links", Table: t}
	if c.write() {
		p.More = &link{Label: "New link", URL: c.plain("links/new", by, id)}
	}
	return p, nil
}
