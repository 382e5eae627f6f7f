package console

import (
	"strings"

	"clickledger/internal/catalog"
)

// coupons lists the codes that speak for publishers.
func (c *call) coupons() error {
	offer, pub := c.param("offer"), c.param("publisher")
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "All publishers")
	if err != nil {
		return err
	}
	offerNames, pubNames := namesIn(offers), namesIn(pubs)
	edit := func(e *catalog.Coupon) string {
		if !c.write() {
			return ""
		}
		return c.plain("coupons/" + e.ID + "/edit")
	}
	return catalogPage[*catalog.Coupon]{
		kind: catalog.KindCoupon, path: "coupons", title: "Coupons", search: "Code or id",
		statuses: []string{"active", "paused"}, newLabel: "New coupon", newPath: "coupons/new",
		filter: map[string]string{"offer": offer, "publisher": pub},
		more: []field{
			{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, offer)},
			{Widget: "select", Name: "publisher", Label: "Publisher", Choices: selected(pubs, pub)},
		},
		columns: []column{{Label: "Code", Class: "fill"}, {Label: "Publisher"}, {Label: "Offer", Class: "opt"}, {Label: "State"}, {Label: "Dates", Class: "opt"}},
		cells: func(e *catalog.Coupon) []cell {
			return []cell{{Text: e.Code, Href: edit(e), Class: "fill lead", Title: e.Code},
				{Text: nameOr(pubNames, e.Publisher), Href: c.at("publishers/" + e.Publisher), Class: "cut"},
				{Text: nameOr(offerNames, e.Offer), Href: c.at("offers/" + e.Offer), Class: "opt cut"}, c.couponState(e), {Text: couponDates(e), Class: "opt"}}
		},
		href: edit,
		empty: empty{
			Sentence: "A coupon is a code that customers type in at the shop. The order is its publisher's, even without a click.",
			Action:   &link{Label: "New coupon", URL: c.plain("coupons/new")},
			API:      c.curl("coupons", `{"offer": "off_…", "publisher": "pub_…", "code": "SPRING10"}`),
		},
	}.render(c)
}

// couponState is the coupon's state, and whether its dates include today.
func (c *call) couponState(e *catalog.Coupon) cell {
	if !e.Archived && e.Status == catalog.StatusActive {
		if why, on := e.On(c.Now().In(c.loc).Format("2006-01-02")); !on {
			short, _, _ := strings.Cut(why, " on ")
			return cell{Text: map[string]string{"begins": "not begun", "ended": "ended"}[short], Tone: "muted", Title: why}
		}
	}
	return statusCell(e.Status, e.Archived)
}

func couponDates(e *catalog.Coupon) string {
	switch {
	case e.ValidFrom == "" && e.ValidUntil == "":
		return "any"
	case e.ValidUntil == "":
		return "from " + e.ValidFrom
	case e.ValidFrom == "":
		return "until " + e.ValidUntil
	}
	return e.ValidFrom + " to " + e.ValidUntil
}

// couponsPanel lists a publisher's coupons.
func (c *call) couponsPanel(publisher string) (panel, error) {
	rows, err := list[*catalog.Coupon](c, catalog.Query{Kind: catalog.KindCoupon, Filter: map[string]string{"publisher": publisher}, Limit: 100})
	if err != nil {
		return panel{}, err
	}
	var offers []string
	for _, e := range rows {
		offers = append(offers, e.Offer)
	}
	names := c.names(catalog.KindOffer, offers...)
	t := &table{Label: "Coupons", Columns: []column{{Label: "Code", Class: "fill"}, {Label: "Offer"}, {Label: "State"}, {Label: "Dates", Class: "opt"}},
		Empty: &empty{Sentence: "Orders that bring a coupon are its publisher's, even without a click."}}
	for _, e := range rows {
		t.Rows = append(t.Rows, row{Href: c.at("coupons", "q", e.ID), Off: e.Archived, Cells: []cell{
			{Text: e.Code, Href: c.at("coupons", "q", e.ID), Class: "fill lead", Title: e.Code}, {Text: names[e.Offer], Href: c.at("offers/" + e.Offer), Class: "cut", Title: names[e.Offer]},
			c.couponState(e), {Text: couponDates(e), Class: "opt"},
		}})
	}
	p := panel{ID: "coupons", Title: "Coupons", Table: t}
	if c.write() {
		p.More = &link{Label: "New coupon", URL: c.plain("coupons/new", "publisher", publisher)}
	}
	return p, nil
}

func couponSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	e, ok := d.(*catalog.CouponDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	whose := []fieldSpec{{name: "offer", widget: "fixed", text: c.nameOf(catalog.KindOffer, e.Offer), width: "w3", help: "It cannot be changed."},
		{name: "publisher", widget: "fixed", text: c.nameOf(catalog.KindPublisher, e.Publisher), width: "w3", help: "It cannot be changed."}}
	if isNew {
		offers, err := c.choicesOf(catalog.KindOffer, "Choose an offer")
		if err != nil {
			return nil, err
		}
		pubs, err := c.choicesOf(catalog.KindPublisher, "Choose a publisher")
		if err != nil {
			return nil, err
		}
		whose = []fieldSpec{{name: "offer", choices: offers, width: "w3", help: "Whose orders it is for. It cannot be changed later."},
			{name: "publisher", choices: pubs, width: "w3", help: "Who gives it to customers, and has an approved enrollment to the offer. It cannot be changed later."}}
	}
	return []sectionSpec{{title: "Coupon", fields: append(whose,
		fieldSpec{name: "code", width: "w4", code: true, example: "SPRING10", help: "As the shop knows it; the case does not matter. No two coupons of an advertiser have the same."},
		fieldSpec{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w2", help: "Orders with a paused coupon are not its publisher's."},
		fieldSpec{name: "valid_from", label: "First day", optional: true, width: "w3", example: "2026-03-01", help: "Empty: since ever. Days begin in " + c.loc.String() + "."},
		fieldSpec{name: "valid_until", label: "Last day", optional: true, width: "w3", example: "2026-03-31", help: "Empty: until further notice."},
		fieldSpec{name: "notes", optional: true, widget: "area", rows: 3, help: "For yourselves."},
	)}}, nil
}

func couponAside(bool) []asideBox {
	return []asideBox{
		{Title: "What it does", Text: "The shop sends the code in the parameter coupon of its postback, with its token and the order number. Without a click id, the order is the publisher's."},
		{Title: "With a click of another publisher", Text: "The offer says who earns, the click or the coupon. The conversion's page names who lost. What pixels and scripts say of coupons decides nothing: anybody can load them."},
	}
}
