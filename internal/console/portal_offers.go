package console

import (
	"net/http"
	"net/url"
	"slices"
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

// myOffers lists the offers a publisher may see.
func (c *call) myOffers() error {
	search, mine := c.param("q"), c.param("show") == "mine"
	page, err := c.pub.Offers(c.r.Context(), portal.Browse{Mine: mine, Search: search, Paging: portal.Paging{Cursor: c.param("after"), Limit: pageSize}})
	if err != nil {
		return err
	}
	t := &table{Label: "Offers", Columns: []column{{Label: "Offer", Class: "fill"}, {Label: "Category", Class: "opt"}, {Label: "Payout", Class: "num"}, {Label: "Cookie", Class: "num opt", Help: "How long a click is remembered."}, {Label: "Offer is", Class: "opt"}, {Label: "You are"}},
		Empty: &empty{Sentence: "There is no offer for you yet. As soon as the program opens one to you, it is here, and you can apply to it."}}
	switch {
	case search != "" || c.param("after") != "":
		t.Empty = &empty{Sentence: "No offer matches.", Action: &link{Label: "Show all", URL: c.plain("offers")}}
	case mine:
		t.Empty = &empty{Sentence: "You have not applied to an offer yet.", Action: &link{Label: "See all offers", URL: c.plain("offers")}}
	}
	explained := slices.ContainsFunc(page.Rows, func(o portal.PublisherOffer) bool { return c.standingWhy(&o) != "" })
	if explained {
		t.Columns = append(t.Columns, column{Label: "Why", Class: "wide"})
	}
	for _, o := range page.Rows {
		href := c.plain("offers/" + o.ID)
		r := row{Href: href, Off: o.Status != catalog.StatusActive, Cells: []cell{
			{Text: o.Name, Href: href, Class: "fill lead", Title: o.Name}, textCell(o.Category).with("opt cut"), {Text: firstPayout(&o), Class: "num"},
			{Text: plural(o.CookieDays, "day", "days"), Class: "num opt"}, statusCell(o.Status, false).with("opt"), standingCell(&o),
		}}
		if explained {
			why := c.standingWhy(&o)
			r.Cells = append(r.Cells, cell{Text: why, Title: why, Class: "wide cut", Tone: "muted"})
		}
		t.Rows = append(t.Rows, r)
	}
	if len(page.Rows) > 0 {
		t.Count = plural(int64(len(page.Rows)), "offer", "offers")
	}
	if page.Next != "" {
		t.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	p := listPage{Head: head{Title: "Offers", Note: "Those you run, and those you can apply to"}, Table: t}
	p.Filters = filters{Action: c.r.URL.Path, Keep: c.keep("q", "after"), Fields: []field{{Widget: "text", Name: "q", Label: "Name", Value: search}},
		Chips: []chip{{Label: "All", URL: c.same("show", "", "after", ""), Current: !mine}, {Label: "Yours", URL: c.same("show", "mine", "after", ""), Current: mine}}}
	return show(c, "list", "Offers", p)
}

// standingCell is how a publisher stands with an offer.
func standingCell(o *portal.PublisherOffer) cell {
	e := o.Enrollment
	switch {
	case e == nil && o.Apply.May:
		return cell{Text: "may apply", Tone: "muted"}
	case e == nil:
		return cell{Text: "not applied", Tone: "muted", Title: o.Apply.Why}
	}
	out := statusCell(e.Status, false)
	out.Title = e.Reason
	if e.Status == catalog.Invited {
		out.Tone = "info"
	}
	return out
}

// standingWhy says why a publisher stands so, and what comes next.
func (c *call) standingWhy(o *portal.PublisherOffer) string {
	why := ""
	if o.Enrollment != nil {
		why = o.Enrollment.Reason
	}
	if o.Apply.From != nil {
		again := "You may apply again from " + c.moment(*o.Apply.From) + "."
		if why == "" {
			return again
		}
		return sentence(why) + " " + again
	}
	return why
}

// payoutWords says what a goal pays.
func payoutWords(p portal.Commission, currency string) string {
	switch p.Kind {
	case "fixed":
		return group(p.Amount) + "\u00a0" + currency
	case "percent_sale":
		return p.Percent + thin + "% of the sale"
	case "fixed_percent_sale":
		return group(p.Amount) + "\u00a0" + currency + " and " + p.Percent + thin + "% of the sale"
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

// myOffer is an offer's page for a publisher: what it is, what it pays, what to accept and
// to answer, its creatives and links.
func (c *call) myOffer() error {
	o, err := c.pub.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.showMyOffer(http.StatusOK, o, nil, nil)
}

// showMyOffer shows it; posted and errs are of the application.
func (c *call) showMyOffer(status int, o *portal.PublisherOffer, posted url.Values, errs map[string]string) error {
	p := panelsPage{Head: head{Crumb: &link{Label: "Offers", URL: c.plain("offers")}, Title: o.Name, State: stateOf(o.Status, false), Actions: c.withdrawActions(o)}}
	about := panel{ID: "about"}
	if o.Enrollment != nil {
		about.Pairs = append(about.Pairs, pair{Label: "You are", Value: o.Enrollment.Status, Tone: toneOf(o.Enrollment.Status)})
	}
	if why := c.standingWhy(o); why != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Reason", Value: why})
	}
	window := "any time after its click"
	if o.WindowDays > 0 {
		window = "up to " + plural(o.WindowDays, "day", "days") + " after its click"
	}
	about.Pairs = append(about.Pairs, pair{Label: "Category", Value: orDash(o.Category)},
		pair{Label: "Cookie life", Value: plural(o.CookieDays, "day", "days"), Title: "How long after a click a conversion of the same browser is yours."},
		pair{Label: "A conversion counts", Value: window},
		pair{Label: "Who earns", Value: map[string]string{catalog.FirstClick: "the first click of a visitor", catalog.LastClick: "the last click of a visitor"}[o.Attribution]},
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
	p.Panels = []panel{about}
	p.Panels = append(p.Panels, c.applyPanels(o, posted, errs)...)
	p.Panels = append(p.Panels, panel{ID: "payout", Title: "Payout", Note: "What conversions pay you.", Table: commissionTable(o.Commissions, o.Currency)})
	if len(o.Specials) > 0 {
		p.Panels = append(p.Panels, c.specialsPanel(o))
	}
	p.Panels = append(p.Panels, c.offerTermsPanels(o)...)
	if o.Enrollment != nil && o.Enrollment.Status == catalog.Approved {
		links, err := c.offerLinksPanel(o)
		if err != nil {
			return err
		}
		creatives, err := c.myCreativesPanel(o)
		if err != nil {
			return err
		}
		p.Panels = slices.Insert(p.Panels, 1, links, creatives)
	}
	return showStatus(c, status, "panels", o.Name, p)
}

// commissionTable is what goals pay.
func commissionTable(rows []portal.Commission, currency string) *table {
	t := &table{Label: "Payout", Columns: []column{{Label: "Goal", Class: "fill"}, {Label: "Key", Class: "opt"}, {Label: "Payout", Class: "num"}}, Empty: &empty{Sentence: "This offer has no goals."}}
	for _, g := range rows {
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: g.Goal, Class: "fill lead"}, {Text: g.Key, Tone: "mono", Class: "opt"}, {Text: payoutWords(g, currency), Class: "num"}}})
		for _, geo := range g.Countries {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: g.Goal + " in " + geo.Country, Class: "fill", Tone: "muted"}, {Class: "opt"}, {Text: group(geo.Amount) + "\u00a0" + currency, Class: "num"}}})
		}
	}
	return t
}

// specialsPanel lists what is paid instead under conditions.
func (c *call) specialsPanel(o *portal.PublisherOffer) panel {
	t := &table{Label: "Payout under conditions", Columns: []column{{Label: "When", Class: "fill"}, {Label: "Goals", Class: "opt"}, {Label: "Payout", Class: "num"}}}
	for _, s := range o.Specials {
		when := slices.Clone(s.When)
		if s.From != nil {
			when = append(when, "from "+c.moment(*s.From))
		}
		if s.Until != nil {
			when = append(when, "until "+c.moment(*s.Until))
		}
		if s.Months > 0 {
			when = append(when, "for "+plural(s.Months, "month", "months")+" after a customer's first order")
		}
		said := orElse(strings.Join(when, ", "), "always")
		goals := orElse(strings.Join(s.Goals, ", "), "all")
		t.Rows = append(t.Rows, row{Joined: len(s.Tiers) > 0, Cells: []cell{{Text: said, Class: "fill wrap"}, {Text: goals, Class: "opt cut", Title: goals},
			{Text: payoutWords(portal.Commission{Kind: s.Kind, Amount: s.Amount, Percent: s.Percent}, o.Currency), Class: "num"}}})
		for i, tier := range s.Tiers {
			from := "from " + tier.From + " conversions"
			if s.TierMeasure == "sales" {
				from = "from sales of " + group(tier.From) + "\u00a0" + o.Currency
			}
			if s.TierPeriod != "all" {
				from += " in a " + s.TierPeriod
			}
			if s.Retroactive {
				from += ", for the earlier ones as well"
			}
			t.Rows = append(t.Rows, row{Joined: i < len(s.Tiers)-1, Cells: []cell{{Text: from, Class: "fill indent wrap", Tone: "muted"}, {Class: "opt"},
				{Text: payoutWords(portal.Commission{Kind: s.Kind, Amount: tier.Amount, Percent: tier.Percent}, o.Currency), Class: "num"}}})
		}
	}
	return panel{ID: "specials", Title: "Payout under conditions", Note: "Instead of the above, the first that fits.", Table: t}
}

// offerLinksPanel lists the publisher's links to an offer.
func (c *call) offerLinksPanel(o *portal.PublisherOffer) (panel, error) {
	page, err := c.pub.Links(c.r.Context(), o.ID, portal.Paging{Limit: 50})
	if err != nil {
		return panel{}, err
	}
	out := panel{ID: "links", Title: "Your links", Note: "Give each placement its own.", Table: c.myLinkTable(page.Rows, nil, false)}
	out.Table.Empty = &empty{Sentence: "You have no link to this offer yet."}
	if c.pub.Writes() && o.Status == catalog.StatusActive {
		out.More = &link{Label: "New link", URL: c.plain("links/new", "offer", o.ID)}
		out.Table.Empty.Action = out.More
	}
	return out, nil
}

// myCoupons lists a publisher's coupons.
func (c *call) myCoupons() error {
	rows, err := c.pub.Coupons(c.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: "Coupons", Columns: []column{{Label: "Code", Class: "fill"}, {Label: "Offer"}, {Label: "From", Class: "opt"}, {Label: "Until", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "You have no coupon codes. An order in which a customer types in a code of yours is yours, also without a click on your link. The program gives them out.", Action: &link{Label: "Offers", URL: c.plain("offers")}}}
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
