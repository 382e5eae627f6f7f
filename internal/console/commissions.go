package console

import (
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
)

// rulesPath is the path segment of commission rules.
const rulesPath = "commission-rules"

// commissionRules lists the workspace's rules.
func (c *call) commissionRules() error {
	offer := c.param("offer")
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return err
	}
	names := namesIn(offers)
	edit := func(e *catalog.CommissionRule) string {
		if !c.write() {
			return ""
		}
		return c.plain(rulesPath + "/" + e.ID + "/edit")
	}
	return catalogPage[*catalog.CommissionRule]{
		kind: catalog.KindCommissionRule, path: rulesPath, title: "Commission rules", search: "Name or id",
		statuses: []string{"active", "paused"}, newLabel: "New rule", newPath: rulesPath + "/new",
		filter:  map[string]string{"offer": offer},
		more:    []field{{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, offer)}},
		actions: []action{{Label: "Simulator", URL: c.plain("simulator", "offer", offer)}},
		columns: []column{{Label: "Rule", Class: "fill"}, {Label: "Offer", Class: "opt"}, {Label: "When", Class: "opt"}, {Label: "Pays", Class: "num"}, {Label: "Priority", Class: "num opt", Help: "Among rules that are as specific as each other the higher one wins."}, {Label: "State"}},
		cells: func(e *catalog.CommissionRule) []cell {
			of := cell{Text: "all offers", Tone: "muted", Class: "opt"}
			if e.Offer != "" {
				of = cell{Text: nameOr(names, e.Offer), Href: c.at("offers/" + e.Offer), Class: "opt cut"}
			}
			return []cell{{Text: e.Name, Href: edit(e), Class: "fill lead", Title: e.Name}, of, c.whenCell(e), {Text: payText(e), Class: "num"}, {Text: itoa(int(e.Priority)), Class: "num opt"}, statusCell(e.Status, e.Archived)}
		},
		href: edit,
		empty: empty{
			Sentence: "A commission rule says what orders pay by publisher, product, goal, customer, country, value or time. Without one the terms and the offer say it.",
			Action:   &link{Label: "New rule", URL: c.plain(rulesPath + "/new")},
			API:      c.curl(rulesPath, `{"name": "Books", "categories": ["books"], "commission_kind": "percent_sale", "commission_percent": "8"}`),
		},
	}.render(c)
}

// whenCell names the rule's conditions.
func (c *call) whenCell(e *catalog.CommissionRule) cell {
	rule := e.Rule()
	rule.Offer = "" // it has a column of its own
	var has []string
	for _, k := range commission.Precedence {
		if k.Given(rule) {
			has = append(has, words(strings.ReplaceAll(k.Name, ", ", " / ")))
		}
	}
	if len(has) == 0 {
		return cell{Text: "always", Tone: "muted", Class: "opt"}
	}
	return cell{Text: strings.Join(has, ", "), Class: "opt cut", Title: strings.Join(has, ", ")}
}

// payText says what a rule pays, in few words.
func payText(e *catalog.CommissionRule) string {
	text := ""
	p := &e.Pay
	if p.HasFixed() {
		text = withCurrency(p.Fixed, e.Currency)
	}
	if p.HasPercent() {
		if text != "" {
			text += " + "
		}
		of := "payout"
		if p.OfSale() {
			of = "sale"
		}
		text += p.Percent + thin + "% of " + of
	}
	if len(p.Tiers) > 0 {
		text += ", " + plural(int64(len(p.Tiers)), "tier", "tiers")
	}
	return orElse(text, "nothing")
}

// commissionRulesPanel lists the rules that are about an offer.
func (c *call) commissionRulesPanel(o *catalog.Offer) (panel, error) {
	t := &table{Label: "Commission rules", Columns: []column{{Label: "Rule", Class: "fill"}, {Label: "When", Class: "opt"}, {Label: "Pays", Class: "num"}, {Label: "State"}},
		Empty: &empty{Sentence: "Every order pays the commission of the terms, of its goal or of the offer."}}
	for _, of := range []string{o.ID, ""} {
		rows, err := list[*catalog.CommissionRule](c, catalog.Query{Kind: catalog.KindCommissionRule, Filter: map[string]string{"offer": of}, Limit: 100})
		if err != nil {
			return panel{}, err
		}
		for _, e := range rows {
			edit := ""
			if c.write() {
				edit = c.plain(rulesPath + "/" + e.ID + "/edit")
			}
			name := cell{Text: e.Name, Href: edit, Class: "fill lead", Title: e.Name}
			if of == "" {
				name.Mark = "all offers"
			}
			t.Rows = append(t.Rows, row{Href: edit, Cells: []cell{name, c.whenCell(e), {Text: payText(e), Class: "num"}, statusCell(e.Status, e.Archived)}})
		}
	}
	p := panel{ID: "rules", Title: "Commission rules", Note: "The most specific one that applies comes before the commission of terms, goal and offer.", Table: t}
	p.More = &link{Label: "Simulator", URL: c.plain("simulator", "offer", o.ID)}
	if c.write() && !o.Archived {
		p.More = &link{Label: "New rule", URL: c.plain(rulesPath+"/new", "offer", o.ID)}
	}
	return p, nil
}

// linesTable shows what item lines pay.
func linesTable(lines []conversion.CommLine, currency string) *table {
	t := &table{Label: "Item lines", Columns: []column{{Label: "Product"}, {Label: "Category"}, {Label: "Quantity", Class: "num opt"}, {Label: "Sale " + currency, Class: "num"}, {Label: "Commission", Class: "num"}, {Label: "By", Class: "fill wide"}}}
	for _, l := range lines {
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: orElse(l.Product, undefined)}, {Text: orElse(l.Category, undefined)}, {Text: count(l.Quantity), Class: "num opt"},
			amountCell(l.Sale, currency), amountCell(l.Commission, currency), {Text: l.Words, Class: "fill wide", Title: l.Words}}})
	}
	return t
}

var (
	ruleKinds = options(commission.PayFixed, "An amount", commission.PayPercentSale, "Percent of the sale", commission.PayPercentPayout, "Percent of the payout",
		commission.PayBothSale, "An amount and percent of the sale", commission.PayBothPayout, "An amount and percent of the payout", commission.PayNone, "Nothing")
	withFixed   = "commission_kind=" + strings.Join([]string{commission.PayFixed, commission.PayBothSale, commission.PayBothPayout}, ",")
	withPercent = "commission_kind=" + strings.Join([]string{commission.PayPercentSale, commission.PayPercentPayout, commission.PayBothSale, commission.PayBothPayout}, ",")
)

// boxesMost is how many choices a set of boxes has; above that ids are typed.
const boxesMost = 40

// someOf is a list of ids: boxes where they are few.
func (c *call) someOf(name, labelled string, kind catalog.Kind, help string) (fieldSpec, error) {
	all, err := c.choicesOf(kind, "")
	if err != nil {
		return fieldSpec{}, err
	}
	f := fieldSpec{name: name, label: labelled, optional: true, help: help, choices: all, widget: "set"}
	if len(all) == 0 || len(all) > boxesMost {
		f.widget, f.choices, f.rows, f.code = "area", nil, 2, true
		f.help += " Ids, one a line."
	}
	return f, nil
}

func commissionRuleSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	e, ok := d.(*catalog.CommissionRuleDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	offer := fieldSpec{name: "offer", widget: "fixed", text: "All offers", width: "w3", help: "It cannot be changed."}
	unit := orElse(e.Currency, c.ws.Currency)
	if e.Offer != "" {
		offer.text, unit = c.nameOf(catalog.KindOffer, e.Offer), c.currencyOf(&catalog.Goal{Offer: e.Offer})
	}
	currency := fieldSpec{name: "currency", optional: true, width: "w2", example: c.ws.Currency, help: "Of its amounts; with amounts it applies to offers in this currency only. Empty: the offer's, or " + c.ws.Currency + "."}
	if isNew {
		offers, err := c.choicesOf(catalog.KindOffer, "All offers")
		if err != nil {
			return nil, err
		}
		offer = fieldSpec{name: "offer", choices: offers, width: "w3", help: "It cannot be changed later."}
	}
	pubs, err := c.someOf("publishers", "Publishers", catalog.KindPublisher, "Only their orders.")
	if err != nil {
		return nil, err
	}
	groups, err := c.someOf("groups", "Groups of publishers", catalog.KindGroup, "Only orders of publishers in them.")
	if err != nil {
		return nil, err
	}
	listed := func(name, labelled, example, help string) fieldSpec {
		return fieldSpec{name: name, label: labelled, widget: "area", rows: 2, optional: true, width: "w3", example: example, help: help + " One a line, or with commas between them."}
	}
	return []sectionSpec{
		{title: "Rule", fields: []fieldSpec{
			{name: "name", width: "w3", example: "Books, first order", help: "Conversions that it prices name it."}, offer,
			{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w2", help: "A paused one applies to nothing, and can be tried in the simulator."},
			{name: "priority", width: "w2", help: "Among rules that are as specific as each other the higher one wins."}, currency,
		}},
		{title: "Pays", fields: []fieldSpec{
			{name: "commission_kind", label: "Commission", choices: ruleKinds, width: "w4", help: noHelp},
			{name: "commission", label: "Amount", unit: unit, mode: "decimal", example: "5.00", width: "w2", when: withFixed, help: "Once an order; by a rule about products or categories for each unit."},
			{name: "commission_percent", label: "Percentage", unit: "%", mode: "decimal", example: "8", width: "w2", when: withPercent, help: "0 to 1000."},
			{name: "confirm_over_100", label: "More than 100 % is meant", when: withPercent, help: "It pays more than comes in, and is refused without this."},
			{name: "recurring_months", label: "Repeat orders are paid for", unit: "months", width: "w2", help: "After the customer's first order. 0: for ever."},
		}},
		{title: "When", intro: "All that is filled in must hold. Of several rules that apply the one with the first condition of this list wins.", fields: []fieldSpec{
			pubs, groups,
			listed("products", "Products", "sku-1", "Only item lines with these ids."), listed("categories", "Categories", "books", "Only item lines of these."),
			listed("commission_ids", "Commission ids", "gold", "What the signal says in commission_id."), listed("goals", "Goals", "sale", "Keys of goals."),
			{name: "customer", choices: options("", "Any", commission.New, "First order", commission.Repeat, "Repeat order"), width: "w2", help: "By the parameter customer; orders without it are neither."},
			listed("countries", "Countries", "DE", "Codes of two letters."),
			{name: "order_min", label: "Order of at least", optional: true, unit: unit, mode: "decimal", width: "w2", help: noHelp},
			{name: "order_max", label: "Order of at most", optional: true, unit: unit, mode: "decimal", width: "w2", help: noHelp},
			{name: "from", optional: true, width: "w3", example: "2027-01-01", help: "A day, which begins in " + c.loc.String() + ", or an instant such as 2027-01-01T12:00:00Z."},
			{name: "until", optional: true, width: "w3", example: "2027-01-31", help: "The last day, or an instant, exclusive."},
		}},
		{title: "Tiers", hint: "other amounts from a volume on", more: len(e.Tiers) == 0, fields: []fieldSpec{
			{name: "tier_measure", label: "They count", choices: options("", "No tiers", commission.Conversions, "Conversions", commission.Sales, "Sale amounts"), width: "w2", help: "Of the publisher with the offer; refused ones do not count."},
			{name: "tier_period", label: "In", choices: options("", "No tiers", commission.Day, "The day", commission.Week, "The week", commission.Month, "The month", commission.All, "All time"), width: "w2", help: "Of the order, in " + c.loc.String() + "."},
			{name: "tiers", optional: true, help: "The order that reaches one is paid by it.", table: &rowsSpec{add: "Add a tier", columns: []colSpec{
				{name: "from", label: "From", mode: "decimal", example: "100", class: "num"}, {name: "commission", label: "Amount", unit: unit, mode: "decimal", class: "num"}, {name: "commission_percent", label: "Percent", mode: "decimal", example: "10", class: "num"},
			}}},
			{name: "retroactive", label: "Reaching a tier lifts earlier orders too", help: "Those of the period that this rule priced, by adjustments."},
		}},
		{fields: []fieldSpec{{name: "notes", optional: true, widget: "area", rows: 3, help: "For yourselves."}}},
	}, nil
}

func commissionRuleAside(bool) []asideBox {
	return []asideBox{
		{Title: "Whose commission counts", Text: "An enrollment's own, then the rule that wins, then the terms, the goal and the offer."},
		{Title: "Which rule wins", Text: "The most specific one: publisher before group, offer, product, category, commission id, goal, customer, country, value and time. Then the priority. Two that nothing would tell apart are refused."},
		{Title: "What stays", Text: "A rule holds for what is recorded from now on. Conversions keep what they were priced with until somebody reprices them."},
	}
}
