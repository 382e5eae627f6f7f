package console

import (
	"math/big"
	"slices"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/portal"
)

// statLabels name what statistics go by.
var statLabels = map[string]string{
	"day": "Day", "hour": "Hour", "offer": "Offer", "link": "Link", "creative": "Creative", "goal": "Goal", "country": "Country", "device": "Device", account.PartyPublisher: "Publisher",
}

// shownSubs is how many sub ids are among the chips of statistics.
const shownSubs = 5

// portalStatistics is the table of numbers, by one of the party's dimensions.
func (c *call) portalStatistics() error {
	by := orElse(c.param("by"), "day")
	chips := []string{"day", "offer", "goal", "country", "device"}
	if c.pub != nil {
		chips = []string{"day", "offer", "link", "creative", "sub1", "sub2", "sub3", "sub4", "sub5", "goal", "country", "device"}
	} else {
		chips = append(chips, account.PartyPublisher)
	}
	known := false
	for _, name := range portal.By(c.party.Kind) {
		known = known || name == by
	}
	if !known {
		by = "day"
	}
	ask := portal.Ask{By: by, From: c.span.from, To: c.span.to, Offer: c.param("offer"), Limit: 1000}
	all, err := c.askPortal(ask)
	if err != nil {
		return err
	}
	t := c.portalTable(by, all)
	t.Empty = &empty{Sentence: "Nothing was counted in this time. Clicks are here a second after they happen."}
	f := filters{Action: c.r.URL.Path}
	for _, name := range chips {
		f.Chips = append(f.Chips, chip{Label: statLabel(name), URL: c.same("by", name), Current: name == by})
	}
	offers, err := c.portalOfferChoices("All offers")
	if err != nil {
		return err
	}
	f.Keep = c.keep("offer")
	f.Fields = []field{{Widget: "select", Name: "offer", Label: "Offer", Choices: selectedOnly(offers, ask.Offer)}}
	return show(c, "list", "Statistics", listPage{Head: head{Title: "Statistics", Note: "Ten clicks of one person are ten clicks and one unique."}, Filters: f, Table: t})
}

func statLabel(by string) string {
	if l := statLabels[by]; l != "" {
		return l
	}
	return by
}

// selectedOnly marks the chosen option; one that is not among them is not told back.
func selectedOnly(choices []choice, value string) []choice {
	for i := range choices {
		choices[i].Selected = choices[i].Value == value
	}
	return choices
}

// portalOfferChoices are the party's offers for a select.
func (c *call) portalOfferChoices(all string) ([]choice, error) {
	out := []choice{{Label: all}}
	if c.pub == nil {
		rows, err := c.adv.Offers(c.r.Context(), "")
		for _, o := range rows {
			out = append(out, choice{Value: o.ID, Label: o.Name})
		}
		return out, err
	}
	rows, err := c.pub.Own(c.r.Context())
	if err != nil {
		return nil, err
	}
	for _, o := range rows {
		out = append(out, choice{Value: o.ID, Label: o.Name})
	}
	return out, nil
}

// portalTable shows statistics as a table, with totals.
func (c *call) portalTable(by string, all *portal.Statistics) *table {
	stats := map[string]*stat{"": c.portalStat(all.Totals)}
	curs := c.currencies(stats)
	worth, help := c.worth()
	unit := ""
	if len(curs) == 1 {
		unit = "\u00a0" + curs[0]
	}
	t := &table{Label: "Statistics", Columns: []column{{Label: statLabel(by), Class: "fill"}, {Label: "Clicks", Class: "num", Help: formulas["clicks"]}, {Label: "Uniques", Class: "num opt", Help: formulas["uniques"]},
		{Label: "Conv.", Class: "num", Help: formulas["conversions"]}, {Label: "CR", Class: "num opt", Help: formulas["cr"]}, {Label: worth + unit, Class: "num", Help: help}, {Label: "Per click", Class: "num wide", Help: worth + " ÷ clicks."}}}
	if by == "creative" {
		t.Columns = slices.Insert(t.Columns, 1, column{Label: "Shown", Class: "num", Help: formulas["impressions"]})
	}
	cells := func(lead cell, n portal.Numbers) []cell {
		s := c.portalStat(n)
		cr := cell{Text: percentOf(n.Conversions, n.Clicks), Class: "num opt"}
		if n.Conversions == 0 {
			cr.Tone = "zero"
		}
		per := cell{Text: undefined, Tone: "zero", Class: "num wide"}
		if n.Clicks > 0 && len(curs) == 1 {
			per = cell{Text: perClick(c.earned(s.in(curs[0])), n.Clicks, curs[0]), Class: "num wide"}
		}
		out := []cell{lead, countCell(n.Clicks), countCell(n.Uniques).with("opt"), countCell(n.Conversions), cr, moneyCell(s, curs, c.earned, false), per}
		if by == "creative" {
			out = slices.Insert(out, 1, countCell(n.Impressions))
		}
		return out
	}
	if len(all.Rows) > 1 {
		t.Totals = []row{{Cells: cells(cell{Text: "Total", Class: "fill lead"}, all.Totals)}}
	}
	rows := all.Rows
	if by == "day" { // the newest day first, as everywhere
		rows = make([]portal.Row, 0, len(all.Rows))
		for i := len(all.Rows) - 1; i >= 0; i-- {
			rows = append(rows, all.Rows[i])
		}
	}
	for _, r := range rows {
		lead, href := c.statLead(by, r)
		t.Rows = append(t.Rows, row{Href: href, Cells: cells(lead, r.Numbers)})
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "row", "rows")
		if all.More {
			t.Count = "The first " + t.Count
		}
	}
	return t
}

// statLead is the first cell of a row, and where the row leads.
func (c *call) statLead(by string, r portal.Row) (lead cell, href string) {
	name := orElse(r.Name, r.Key)
	switch {
	case r.Key == "" && (by == "offer" || by == "link"):
		return cell{Text: "others", Tone: "muted", Class: "fill", Title: "What is not yours to know by name, such as the offer that took the visitors of a full one."}, ""
	case r.Key == "":
		return cell{Text: "none", Tone: "muted", Class: "fill"}, ""
	case by == "offer":
		href = c.plain("offers/" + r.Key)
	case by == "link":
		href = c.at("links/" + r.Key)
	case by == "creative":
		href = c.plain("creatives/" + r.Key)
	case by == "day":
		href = c.plain("statistics", "by", "offer", "range", "custom", "from", r.Key, "to", r.Key)
	case by == "device":
		name = strings.ReplaceAll(name, "_", " ")
	}
	return cell{Text: name, Href: href, Class: "fill lead", Title: name}, href
}

// perClick is an amount for each click, with four decimals.
func perClick(minor, clicks int64, currency string) string {
	r, ok := new(big.Rat).SetString(plainAmount(minor, currency))
	if !ok {
		return undefined
	}
	return group(r.Quo(r, new(big.Rat).SetInt64(clicks)).FloatString(4))
}
