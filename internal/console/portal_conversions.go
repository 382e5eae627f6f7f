package console

import (
	"clickledger/internal/conversion"
	"clickledger/internal/portal"
)

// portalConversions lists the party's conversions.
func (c *call) portalConversions() error {
	if c.pub == nil {
		return c.theirConversions()
	}
	return c.myConversions()
}

// portalConversion is the page of one of them.
func (c *call) portalConversion() error {
	if c.pub == nil {
		return c.theirConversion()
	}
	return c.myConversion()
}

// findConversions reads the filters of the page.
func (c *call) findConversions() portal.Find {
	return portal.Find{Offer: c.param("offer"), Status: c.param("status"), Order: c.param("q"), Paging: portal.Paging{Cursor: c.param("after"), Limit: pageSize}}
}

// conversionFilters are the chips and inputs above a portal's conversions.
func (c *call) conversionFilters(f portal.Find) (filters, error) {
	offers, err := c.portalOfferChoices("All offers")
	if err != nil {
		return filters{}, err
	}
	out := filters{Action: c.r.URL.Path, Keep: c.keep("q", "offer", "after"), Fields: []field{
		{Widget: "select", Name: "offer", Label: "Offer", Choices: selectedOnly(offers, f.Offer)}, {Widget: "text", Name: "q", Label: "Order number", Value: f.Order}}}
	out.Chips = []chip{{Label: "All", URL: c.same("status", "", "after", ""), Current: f.Status == ""}}
	for _, s := range statuses {
		out.Chips = append(out.Chips, chip{Label: label(string(s)), URL: c.same("status", string(s), "after", ""), Current: f.Status == string(s)})
	}
	return out, nil
}

// finishConversions adds paging and what stands in an empty table.
func (c *call) finishConversions(t *table, f portal.Find, next, nothing string) {
	if next != "" {
		t.Next = c.same("after", next)
	}
	if f.Cursor != "" {
		t.First = c.same("after", "")
	}
	if len(t.Rows) > 0 {
		t.Count = plural(int64(len(t.Rows)), "row", "rows")
	}
	t.Empty = &empty{Sentence: nothing}
	if f.Offer != "" || f.Status != "" || f.Order != "" || f.Cursor != "" {
		t.Empty = &empty{Sentence: "No conversion matches the filter.", Action: &link{Label: "Show all", URL: c.plain("conversions")}}
	}
}

// myConversions lists a publisher's conversions.
func (c *call) myConversions() error {
	f := c.findConversions()
	page, err := c.pub.Conversions(c.r.Context(), f)
	if err != nil {
		return err
	}
	t := c.myConversionTable(page.Rows, false)
	c.finishConversions(t, f, page.Next, "A conversion is what a visitor of yours did that pays: a sale, a lead, a sign-up. It shows here at once, with its state.")
	fs, err := c.conversionFilters(f)
	if err != nil {
		return err
	}
	return show(c, "list", "Conversions", listPage{Head: head{Title: "Conversions", Note: "Newest first, of all time"}, Filters: fs, Table: t})
}

// myConversionTable is a table of a publisher's conversions; short leaves out what does not
// fit beside others.
func (c *call) myConversionTable(rows []portal.PublisherConversion, short bool) *table {
	t := &table{Label: "Conversions", Columns: []column{{Label: "Time"}, {Label: "Offer", Class: "fill"}}}
	if !short {
		t.Columns = append(t.Columns, column{Label: "Goal", Class: "opt"}, column{Label: "Link", Class: "wide"}, column{Label: "sub1", Class: "wide"}, column{Label: "Order", Class: "wide"})
	}
	t.Columns = append(t.Columns, column{Label: "State"})
	if !short {
		t.Columns = append(t.Columns, column{Label: "Reason", Class: "opt"}, column{Label: "Sale", Class: "num wide"})
	}
	t.Columns = append(t.Columns, column{Label: "Payout", Class: "num", Help: "What it pays you. Of rejected and reversed ones nothing is paid."})
	for _, v := range rows {
		href := c.plain("conversions/" + v.ID)
		name := orElse(v.Offer.Name, "another offer")
		lost := v.Status == string(conversion.Rejected) || v.Status == string(conversion.Reversed)
		r := row{Href: href, Off: lost, Cells: []cell{timeCell(v.EventTime.UnixMicro(), c.loc, c.Now()), {Text: name, Href: href, Class: "fill lead", Title: name}}}
		if !short {
			r.Cells = append(r.Cells, textCell(v.Goal).with("opt cut"), textCell(v.Link.Name).with("wide cut"), textCell(v.Subs["sub1"]).with("wide cut"), textCell(v.TxID).with("wide cut"))
		}
		state := statusCell(v.Status, false)
		state.Title = v.Reason
		r.Cells = append(r.Cells, state)
		if !short {
			reason := textCell(v.Reason).with("opt cut")
			reason.Title = v.Reason
			r.Cells = append(r.Cells, reason, saleCell(v.Sale))
		}
		pay := cell{Text: withCurrency(v.Payout.Minor, v.Payout.Currency), Class: "num"}
		if v.Payout.Minor == 0 || lost {
			pay.Tone = "zero"
		}
		r.Cells = append(r.Cells, pay)
		t.Rows = append(t.Rows, r)
	}
	return t
}

func saleCell(m *portal.Money) cell {
	if m == nil {
		return cell{Text: undefined, Tone: "zero", Class: "num wide"}
	}
	return cell{Text: withCurrency(m.Minor, m.Currency), Class: "num wide"}
}

// myConversion tells the story of one conversion of a publisher's.
func (c *call) myConversion() error {
	v, err := c.pub.Conversion(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := storyPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.plain("conversions")}, Title: label(v.Goal) + " of " + clock(v.EventTime.UnixMicro(), c.loc, c.Now()), State: &state{Word: v.Status, Tone: toneOf(v.Status)}},
		Figures: []figure{{Label: "Payout", Value: amount(v.Payout.Minor, v.Payout.Currency), Unit: v.Payout.Currency}}}
	if v.Sale != nil {
		p.Figures = append(p.Figures, figure{Label: "Sale", Value: amount(v.Sale.Minor, v.Sale.Currency), Unit: v.Sale.Currency})
	}
	if v.Reason != "" {
		p.Verdict = &verdictLine{sentence(v.Reason), toneOf(v.Status)}
	}
	steps := c.statusSteps(v.History)
	click := step{Title: "Click", at: v.ClickTime.UnixMicro()}
	if v.Method == conversion.MatchCoupon {
		click = step{Title: "Coupon " + v.Coupon, at: v.EventTime.UnixMicro(), Sentence: "The order came with a coupon code of yours."}
	}
	if v.Method == conversion.MatchPublisher {
		click = step{Title: "Order", at: v.EventTime.UnixMicro(), Sentence: "The advertiser said that the order is yours; no click came with it."}
	}
	for _, kv := range [][2]string{{"Link", v.Link.Name}, {"Country", v.Country}, {"Device", v.Device}, {"Source", v.Source}, {"Your click id", v.External}} {
		if kv[1] != "" {
			click.Pairs = append(click.Pairs, pair{Label: kv[0], Value: kv[1]})
		}
	}
	for i := range 20 {
		name := "sub" + itoa(i+1)
		if v.Subs[name] != "" {
			click.Pairs = append(click.Pairs, pair{Label: name, Value: v.Subs[name]})
		}
	}
	p.Steps = c.inOrder(append([]step{click}, steps...))
	box := sideBox{"Conversion", []pair{{Label: "Offer", Value: orElse(v.Offer.Name, "another offer")}, {Label: "Goal", Value: v.Goal}, {Label: "Order", Value: orDash(v.TxID)}, {Label: "Matched by", Value: words(v.Method)}, {Label: "Id", Value: v.ID}}}
	if v.Offer.ID != "" {
		box.Pairs[0].Href = c.plain("offers/" + v.Offer.ID)
	}
	p.Side = []sideBox{box}
	return show(c, "story", p.Head.Title, p)
}

// statusSteps are the states of a conversion as steps of its story.
func (c *call) statusSteps(history []portal.StatusStep) []step {
	var out []step
	for i, h := range history {
		s := step{Tone: toneOf(h.Status), Title: label(h.Status), at: h.At.UnixMicro()}
		if i == 0 {
			s.Title = "Recorded as " + h.Status
		}
		if h.Reason != "" {
			s.Sentence = sentence(h.Reason)
		}
		out = append(out, s)
	}
	return out
}
