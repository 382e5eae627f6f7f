package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/ledger"
	"clickledger/internal/report"
)

// advertisers lists who pays.
func (c *call) advertisers() error {
	manager := c.param("manager")
	managers, err := c.managerChoices("All managers")
	if err != nil {
		return err
	}
	return catalogPage[*catalog.Advertiser]{
		kind: catalog.KindAdvertiser, path: "advertisers", title: "Advertisers", search: "Name or id",
		newLabel: "New advertiser", newPath: "advertisers/new", stat: "advertiser",
		statuses: partyStatuses, filter: map[string]string{"manager": manager}, more: managerFilter(managers, manager),
		columns: []column{{Label: "Advertiser", Class: "fill"}, {Label: "State", Class: "opt"}, {Label: "Kind", Class: "wide"}, {Label: "Postback token", Class: "wide"}},
		cells: func(a *catalog.Advertiser) []cell {
			token := cell{Text: "required", Class: "wide"}
			if !a.TokenRequired {
				token = cell{Text: "not required", Tone: "warn", Class: "wide", Title: "Whoever knows a click id can report a conversion for it."}
			}
			return []cell{{Text: a.Name, Href: c.at("advertisers/" + a.ID), Class: "fill lead", Title: a.Name}, statusCell(a.Status, a.Archived).with("opt"), {Text: a.Type, Class: "wide"}, token}
		},
		href: func(a *catalog.Advertiser) string { return c.at("advertisers/" + a.ID) },
		empty: empty{
			Sentence: "An advertiser pays for conversions: a merchant, or an affiliate network.",
			Action:   &link{Label: "New advertiser", URL: c.plain("advertisers/new")},
			API:      c.curl("advertisers", `{"name": "Acme Shoes"}`),
		},
	}.render(c)
}

// advertiser is an advertiser's page: numbers, its token, what it owes and paid, its offers.
func (c *call) advertiser() error { return c.showAdvertiser(http.StatusOK, nil, nil) }

func (c *call) showAdvertiser(status int, posted url.Values, errs map[string]string) error {
	a, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := panelsPage{Head: c.entityHead(a, "advertisers", "Advertisers", a.Name, a.Status)}
	p.Figures, err = c.figures([]report.Filter{{Dimension: "advertiser", Op: "eq", Values: []string{a.ID}}})
	if err != nil {
		return err
	}
	bal, err := c.balancesPanel(a.ID)
	if err != nil {
		return err
	}
	offers, err := list[*catalog.Offer](c, catalog.Query{Kind: catalog.KindOffer, Filter: map[string]string{"advertiser": a.ID}})
	if err != nil {
		return err
	}
	t := &table{Label: "Offers", Columns: []column{{Label: "Offer", Class: "fill"}, {Label: "State"}, {Label: "Payout", Class: "num"}, {Label: "Commission", Class: "num"}},
		Empty: &empty{Sentence: "This advertiser has no offers yet."}}
	for _, o := range offers {
		t.Rows = append(t.Rows, row{Href: c.at("offers/" + o.ID), Cells: []cell{
			{Text: o.Name, Href: c.at("offers/" + o.ID), Class: "fill lead", Title: o.Name}, statusCell(o.Status, o.Archived),
			{Text: payoutText(o.Terms, o.Currency), Class: "num"}, {Text: commissionText(o.CommissionKind, o.Commission, o.CommissionPercent, o.Currency), Class: "num"},
		}})
	}
	terms := panel{Title: "Postbacks", Pairs: []pair{
		{Label: "Kind", Value: a.Type}, {Label: "Click id in", Value: a.ClickParam}, {Label: "Token", Value: map[bool]string{true: "required", false: "not required"}[a.TokenRequired]},
	}}
	terms.Pairs = append(terms.Pairs, c.partyPairs(a.Reason, a.Manager, a.Website)...)
	if a.ContactEmail != "" {
		terms.Pairs = append(terms.Pairs, pair{Label: "Contact", Value: a.ContactEmail})
	}
	if a.Notes != "" {
		terms.Pairs = append(terms.Pairs, pair{Label: "Notes", Value: a.Notes})
	}
	terms.Pairs = append(terms.Pairs, pair{Label: "Id", Value: a.ID})
	tok := panel{ID: "token", Copies: []copyField{c.advertiserPostback(a)}}
	if c.write() {
		tok.Copies = append(tok.Copies, copyField{ID: "token-value", Label: "Token", Value: a.Token, Help: "Authenticates its postbacks. Whoever has it can report conversions in its name."})
	}
	if c.write() && !a.Archived {
		label := "Make a signing secret"
		if a.Guards.Secret != "" {
			label = "Make a new signing secret"
		}
		p.Head.Actions = append(p.Head.Actions, action{Label: label, URL: c.plain("advertisers/" + a.ID + "/signing-secret"), Post: true, Kind: "quiet"})
	}
	money, err := c.fundsPanels(a, posted, errs)
	if err != nil {
		return err
	}
	docs, err := c.partyDocuments(a.ID)
	if err != nil {
		return err
	}
	p.Panels = append(slices.Concat([]panel{terms, tok, bal}, money, docs), panel{ID: "offers", Title: "Offers", Table: t})
	p.Notes = sortedKeys(c.remarks)
	return showStatus(c, status, "panels", a.Name, p)
}

// advertiserPostback is the postback for all offers of an advertiser, with its own macros
// and everything it can send. The token is for those who may change things.
func (c *call) advertiserPostback(a *catalog.Advertiser) copyField {
	shown := *a
	if !c.write() {
		shown.Token = ""
	}
	o := &catalog.Offer{Currency: c.ws.Currency, AppendClickID: true, Terms: catalog.Terms{PayoutKind: catalog.PayoutPostback}}
	if a.Macros == (catalog.Macros{}) { // of a shop: most know what was sold, not what they owe for it
		o.PayoutKind, o.RequireOrder = catalog.PayoutPercent, true
	}
	m := catalog.Tracking(o, &shown, c.origins.Of(a.Workspace, a.ID), "", false)[0]
	return copyField{ID: "postback", Label: "Postback URL", Value: m.Text,
		Help: strings.Join(append([]string{"For all of its offers: the click says which one it was. An offer's own page has the one that fits its terms."}, m.Warnings...), " ")}
}

// publishers lists who brings visitors.
func (c *call) publishers() error {
	group, manager := c.param("group"), c.param("manager")
	groups, err := c.choicesOf(catalog.KindGroup, "All groups")
	if err != nil {
		return err
	}
	managers, err := c.managerChoices("All managers")
	if err != nil {
		return err
	}
	names := namesIn(groups)
	more := managerFilter(managers, manager)
	if len(groups) > 1 || group != "" {
		more = append([]field{{Widget: "select", Name: "group", Label: "Group", Choices: selected(groups, group)}}, more...)
	}
	return catalogPage[*catalog.Publisher]{
		kind: catalog.KindPublisher, path: "publishers", title: "Publishers", search: "Name or id",
		statuses: partyStatuses, filter: map[string]string{"group": group, "manager": manager}, more: more,
		actions: []action{{Label: "Groups", URL: c.at("groups")}}, newLabel: "New publisher", newPath: "publishers/new", stat: "publisher",
		columns: []column{{Label: "Publisher", Class: "fill"}, {Label: "State", Class: "opt"}, {Label: "Group", Class: "wide"}},
		cells: func(p *catalog.Publisher) []cell {
			return []cell{{Text: p.Name, Href: c.at("publishers/" + p.ID), Class: "fill lead", Title: p.Name}, statusCell(p.Status, p.Archived).with("opt"), textCell(nameOr(names, p.Group)).with("wide cut")}
		},
		href: func(p *catalog.Publisher) string { return c.at("publishers/" + p.ID) },
		empty: empty{
			Sentence: "A publisher brings visitors and earns commission: an affiliate, a member, a creator.",
			Action:   &link{Label: "New publisher", URL: c.plain("publishers/new")},
			API:      c.curl("publishers", `{"name": "Anna's reviews"}`),
		},
	}.render(c)
}

// publisher is a publisher's page: balance, numbers, enrollments, links, conversions,
// postbacks sent.
func (c *call) publisher() error {
	p, err := get[*catalog.Publisher](c, catalog.KindPublisher, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := panelsPage{Head: c.entityHead(p, "publishers", "Publishers", p.Name, p.Status)}
	if c.write() {
		page.Head.Actions = append([]action{{Label: "Bonus or correction", URL: c.plain("publishers/" + p.ID + "/bonus")}}, page.Head.Actions...)
	}
	page.Figures, err = c.figures([]report.Filter{{Dimension: "publisher", Op: "eq", Values: []string{p.ID}}})
	if err != nil {
		return err
	}
	bal, err := c.balancesPanel(p.ID)
	if err != nil {
		return err
	}
	enr, err := c.enrollmentsPanel(catalog.Query{Filter: map[string]string{"publisher": p.ID}}, "", p.ID)
	if err != nil {
		return err
	}
	links, err := c.linksPanel(map[string]string{"publisher": p.ID}, "publisher", p.ID)
	if err != nil {
		return err
	}
	coupons, err := c.couponsPanel(p.ID)
	if err != nil {
		return err
	}
	postbacks, err := c.postbacksPanel(p.ID)
	if err != nil {
		return err
	}
	convs, err := c.Books.ListConversions(c.r.Context(), conversion.Query{Workspace: c.ws.ID, Publisher: p.ID, Limit: 10})
	if err != nil {
		return err
	}
	ct := c.conversionTable(convs, "publisher")
	ct.Empty = &empty{Sentence: "Nothing this publisher sent has converted yet."}
	sent, err := c.sentTo(p.ID)
	if err != nil {
		return err
	}
	about := panel{Title: "About", Pairs: []pair{{Label: "E-mail", Value: orDash(p.Email)}}}
	if p.Group != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Group", Value: c.nameOf(catalog.KindGroup, p.Group)})
	}
	about.Pairs = append(about.Pairs, c.partyPairs(p.Reason, p.Manager, p.Website)...)
	if p.Promotion != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Promotion", Value: p.Promotion})
	}
	if p.Notes != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Notes", Value: p.Notes})
	}
	about.Pairs = append(about.Pairs, pair{Label: "Id", Value: p.ID})
	paid, err := c.payoutPanels(p.ID)
	if err != nil {
		return err
	}
	docs, err := c.partyDocuments(p.ID)
	if err != nil {
		return err
	}
	page.Panels = append(slices.Concat([]panel{bal}, paid, docs), []panel{enr, links, coupons, postbacks,
		{ID: "conversions", Title: "Conversions", Table: ct, More: &link{Label: "All of them", URL: c.at("conversions", "publisher", p.ID)}},
		{ID: "outbound", Title: "Postbacks sent", Table: c.deliveryTable(sent, false, "What the publisher's postbacks have told stands here."), More: &link{Label: "All of them", URL: c.at("outbound", "publisher", p.ID)}},
		about,
	}...)
	page.Notes = sortedKeys(c.remarks)
	return show(c, "panels", p.Name, page)
}

// managerFilter is a list's filter by manager; there is none where one person does it all.
func managerFilter(managers []choice, manager string) []field {
	if len(managers) < 3 && manager == "" {
		return nil
	}
	return []field{{Widget: "select", Name: "manager", Label: "Manager", Choices: selected(managers, manager)}}
}

// partyPairs are what publishers and advertisers have in common, as far as it is set.
func (c *call) partyPairs(reason, manager, website string) []pair {
	var out []pair
	if reason != "" {
		out = append(out, pair{Label: "Reason", Value: reason})
	}
	if manager != "" {
		name := manager
		people, err := c.Accounts.Staff(c.r.Context(), c.who, c.ws.ID)
		if err == nil {
			for _, u := range people {
				if u.ID == manager {
					name = u.Principal().Name
				}
			}
		}
		out = append(out, pair{Label: "Manager", Value: name})
	}
	if website != "" {
		out = append(out, pair{Label: "Website", Value: website})
	}
	return out
}

// groups lists the groups of publishers.
func (c *call) groups() error {
	return catalogPage[*catalog.Group]{
		kind: catalog.KindGroup, path: "groups", title: "Groups", search: "Name or id", newLabel: "New group", newPath: "groups/new",
		columns: []column{{Label: "Group", Class: "fill"}, {Label: "Notes", Class: "opt"}, {Label: "Publishers"}},
		cells: func(g *catalog.Group) []cell {
			return []cell{{Text: g.Name, Href: c.plain("groups/" + g.ID + "/edit"), Class: "fill lead", Title: g.Name}, textCell(g.Notes).with("opt cut"), {Text: "Show them", Href: c.at("publishers", "group", g.ID)}}
		},
		href: func(g *catalog.Group) string { return c.plain("groups/" + g.ID + "/edit") },
		empty: empty{
			Sentence: "A group is some of your publishers: those of one tier, one country, one manager.",
			Action:   &link{Label: "New group", URL: c.plain("groups/new")},
			API:      c.curl("groups", `{"name": "Gold"}`),
		},
	}.render(c)
}

func orDash(s string) string {
	if s == "" {
		return undefined
	}
	return s
}

// balancesPanel is what the books say about one party.
func (c *call) balancesPanel(party string) (panel, error) {
	bs, err := c.Books.Balances(c.r.Context(), c.ws.ID, party)
	if err != nil {
		return panel{}, err
	}
	p := panel{ID: "balance", Title: "Balance", Note: "Of all time, in each currency.", More: &link{Label: "Ledger entries", URL: c.at("ledger", "party", party)}}
	for _, b := range bs {
		if b.Account.Party != party {
			continue
		}
		p.Figures = append(p.Figures, figure{Label: ledger.AccountKinds[b.Account.Kind].Name, Value: amount(b.Net(), b.Account.Currency), Unit: b.Account.Currency, Help: ledger.AccountKinds[b.Account.Kind].Help})
	}
	if len(p.Figures) == 0 {
		p.Notes = []string{"Nothing was booked yet."}
	}
	return p, nil
}
