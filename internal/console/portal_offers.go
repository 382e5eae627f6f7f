package console

import (
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

// portalOffers lists the party's offers.
func (c *call) portalOffers() error {
	if c.pub == nil {
		return c.theirOffers()
	}
	return c.myOffers()
}

// portalOffer is the page of one of them.
func (c *call) portalOffer() error {
	if c.pub == nil {
		return c.theirOffer()
	}
	return c.myOffer()
}

// myOffers lists the offers a publisher knows of.
func (c *call) myOffers() error {
	search := c.param("q")
	rows, err := c.pub.Offers(c.r.Context(), search)
	if err != nil {
		return err
	}
	t := &table{Label: "Offers", Columns: []column{{Label: "Offer", Class: "fill"}, {Label: "Category", Class: "opt"}, {Label: "Payout", Class: "num"}, {Label: "Cookie", Class: "num opt", Help: "How long a click is remembered."}, {Label: "Offer is", Class: "opt"}, {Label: "You are"}},
		Empty: &empty{Sentence: "There is no offer for you yet. The program decides which offers you may run."}}
	if search != "" {
		t.Empty = &empty{Sentence: "No offer matches.", Action: &link{Label: "Show all", URL: c.plain("offers")}}
	}
	for _, o := range rows {
		href := c.plain("offers/" + o.ID)
		t.Rows = append(t.Rows, row{Href: href, Off: o.Status != catalog.StatusActive, Cells: []cell{
			{Text: o.Name, Href: href, Class: "fill lead", Title: o.Name}, textCell(o.Category).with("opt cut"), {Text: firstPayout(&o), Class: "num"},
			{Text: plural(o.CookieDays, "day", "days"), Class: "num opt"}, statusCell(o.Status, false).with("opt"), standingCell(o.Enrollment),
		}})
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "offer", "offers")
	}
	p := listPage{Head: head{Title: "Offers"}, Table: t}
	if len(rows) > 0 || search != "" {
		p.Filters = filters{Action: c.r.URL.Path, Fields: []field{{Widget: "text", Name: "q", Label: "Name", Value: search}}}
	}
	return show(c, "list", "Offers", p)
}

// standingCell is how a publisher stands with an offer.
func standingCell(e *portal.PublisherStanding) cell {
	if e == nil {
		return cell{Text: "not applied", Tone: "muted"}
	}
	out := statusCell(e.Status, false)
	out.Title = e.Reason
	return out
}

// payoutWords says what a goal pays.
func payoutWords(p portal.Commission, currency string) string {
	switch p.Kind {
	case "fixed":
		return group(p.Amount) + "\u00a0" + currency
	case "percent_sale":
		return p.Percent + thin + "% of the sale"
	case "varies":
		return "varies"
	}
	return "nothing"
}

// firstPayout is what the default goal pays.
func firstPayout(o *portal.PublisherOffer) string {
	if len(o.Commissions) == 0 {
		return undefined
	}
	return payoutWords(o.Commissions[0], o.Currency)
}

// anyOf lists what a set allows; an empty one allows all.
func anyOf(set []string, all string) string {
	if len(set) == 0 {
		return all
	}
	return strings.ReplaceAll(strings.Join(set, ", "), "_", " ")
}

// myOffer is an offer's page for a publisher: what it is, what it pays, its links.
func (c *call) myOffer() error {
	o, err := c.pub.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := panelsPage{Head: head{Crumb: &link{Label: "Offers", URL: c.plain("offers")}, Title: o.Name, State: stateOf(o.Status, false)}}
	about := panel{ID: "about"}
	if o.Enrollment != nil {
		you := pair{Label: "You are", Value: o.Enrollment.Status, Tone: toneOf(o.Enrollment.Status)}
		about.Pairs = append(about.Pairs, you)
		if o.Enrollment.Reason != "" {
			about.Pairs = append(about.Pairs, pair{Label: "Reason", Value: o.Enrollment.Reason})
		}
	}
	about.Pairs = append(about.Pairs, pair{Label: "Category", Value: orDash(o.Category)},
		pair{Label: "Cookie life", Value: plural(o.CookieDays, "day", "days"), Title: "How long after a click a conversion of the same browser is yours."},
		pair{Label: "Countries", Value: anyOf(o.Countries, "all")}, pair{Label: "Devices", Value: anyOf(o.Devices, "all")}, pair{Label: "Traffic", Value: anyOf(o.Traffic, "every kind")})
	if o.PreviewURL != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Page", Value: o.PreviewURL, Href: o.PreviewURL})
	}
	if len(o.DeepLinks) > 0 {
		about.Pairs = append(about.Pairs, pair{Label: "Deep links", Value: catalog.AllowedHosts(o.DeepLinks)})
	}
	if o.Description != "" {
		about.Notes = strings.Split(strings.TrimSpace(o.Description), "\n")
	}
	pays := &table{Label: "Payout", Columns: []column{{Label: "Goal", Class: "fill"}, {Label: "Key", Class: "opt"}, {Label: "Payout", Class: "num"}}, Empty: &empty{Sentence: "This offer has no goals."}}
	for _, g := range o.Commissions {
		pays.Rows = append(pays.Rows, row{Cells: []cell{{Text: g.Goal, Class: "fill lead"}, {Text: g.Key, Tone: "mono", Class: "opt"}, {Text: payoutWords(g, o.Currency), Class: "num"}}})
		for _, geo := range g.Countries {
			pays.Rows = append(pays.Rows, row{Cells: []cell{{Text: g.Goal + " in " + geo.Country, Class: "fill", Tone: "muted"}, {Class: "opt"}, {Text: group(geo.Amount) + "\u00a0" + o.Currency, Class: "num"}}})
		}
	}
	p.Panels = []panel{about, {ID: "payout", Title: "Payout", Note: "What conversions pay you.", Table: pays}}
	if o.Enrollment != nil && o.Enrollment.Status == catalog.Approved {
		page, err := c.pub.Links(c.r.Context(), o.ID, portal.Paging{Limit: 50})
		if err != nil {
			return err
		}
		links := panel{ID: "links", Title: "Your links", Note: "Give each placement its own.", Table: c.myLinkTable(page.Rows, nil, false)}
		links.Table.Empty = &empty{Sentence: "You have no link to this offer yet."}
		if c.pub.Writes() && o.Status == catalog.StatusActive {
			links.More = &link{Label: "New link", URL: c.plain("links/new", "offer", o.ID)}
			links.Table.Empty.Action = &link{Label: "New link", URL: c.plain("links/new", "offer", o.ID)}
		}
		p.Panels = append(p.Panels, links)
	}
	return show(c, "panels", o.Name, p)
}

// myCoupons lists a publisher's coupons.
func (c *call) myCoupons() error {
	rows, err := c.pub.Coupons(c.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: "Coupons", Columns: []column{{Label: "Code", Class: "fill"}, {Label: "Offer"}, {Label: "From", Class: "opt"}, {Label: "Until", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "You have no coupon codes. An order in which a customer types in a code of yours is yours, also without a click on your link. The program gives them out."}}
	for _, v := range rows {
		offer := cell{Text: v.Offer.Name, Class: "cut", Title: v.Offer.Name}
		if v.Offer.ID != "" {
			offer.Href = c.plain("offers/" + v.Offer.ID)
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: v.Code, Copy: v.Code, Class: "fill"}, offer, textCell(v.ValidFrom).with("opt"), textCell(v.ValidUntil).with("opt"), statusCell(v.Status, false)}})
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "coupon", "coupons")
	}
	return show(c, "list", "Coupons", listPage{Head: head{Title: "Coupons"}, Table: t})
}
