package console

import (
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

// search finds rows by name or id, conversions by order number or click id.
func (c *call) search() error {
	q := c.param("q")
	p := panelsPage{Head: head{Title: "Search"}}
	if q == "" {
		p.Panels = []panel{{Notes: []string{"Type a name, an id, an order number or a click id."}}}
		return show(c, "panels", "Search", p)
	}
	p.Head.Title, p.Head.Note = "“"+q+"”", "Names, ids, order numbers and click ids"
	for _, kind := range []catalog.Kind{catalog.KindOffer, catalog.KindPublisher, catalog.KindAdvertiser, catalog.KindLink, catalog.KindCoupon, catalog.KindDomain, catalog.KindCreative, catalog.KindCommissionRule} {
		rows, err := list[catalog.Entity](c, catalog.Query{Kind: kind, Search: q, Archived: "all", Limit: 20})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		t := &table{Label: editors[paths[kind]].plural, Columns: []column{{Label: "Name", Class: "fill"}, {Label: "Id"}}}
		for _, e := range rows {
			name := c.title(e)
			t.Rows = append(t.Rows, row{Href: c.pageOf(e), Off: e.Base().Archived, Cells: []cell{{Text: name, Href: c.pageOf(e), Class: "fill lead", Title: name}, {Text: e.Base().ID, Tone: "mono"}}})
		}
		p.Panels = append(p.Panels, panel{Title: editors[paths[kind]].plural, Table: t})
	}
	more, err := c.searchEvents(q)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, more...)
	if len(p.Panels) == 0 {
		p.Panels = []panel{{Table: &table{Empty: &empty{Sentence: "Nothing here has this in its name, id, order number or click id."}}}}
	}
	return show(c, "panels", "Search", p)
}

// searchEvents finds conversions and signals.
func (c *call) searchEvents(q string) ([]panel, error) {
	var out []panel
	cq := conversion.Query{Workspace: c.ws.ID, Order: q, Limit: 50}
	if isClickID(q) {
		cq.Order, cq.Click = "", q
	}
	var convs []*conversion.Conversion
	if cv, err := c.findConversion(q); err == nil {
		convs = append(convs, cv)
	}
	found, err := c.Books.ListConversions(c.r.Context(), cq)
	if err != nil {
		return nil, err
	}
	convs = append(convs, found...)
	if len(convs) > 0 {
		out = append(out, panel{Title: "Conversions", Table: c.conversionTable(convs, "")})
	}
	if !isClickID(q) {
		return out, nil
	}
	rows, err := c.Books.ListSignals(c.r.Context(), inbox.Query{Workspace: c.ws.ID, Click: q, Limit: 50})
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		out = append(out, panel{Title: "Signals", Table: c.signalTable(rows)})
	}
	id, err := event.ParseClickID(q)
	if err != nil {
		return out, nil
	}
	v, err := c.Clicks.Find(c.r.Context(), id)
	if err != nil {
		return nil, err
	}
	if v != nil && v.Workspace == c.ws.ID {
		out = append(out, panel{Title: "Click", Pairs: append([]pair{{Label: "Time", Value: exact(v.At, c.loc), Title: utc(v.At)}, {Label: "Destination", Value: v.Destination}}, c.visitPairs(v)...)})
	}
	return out, nil
}
