package console

import (
	"fmt"
	"math"

	"clickledger/internal/funds"
	"clickledger/internal/money"
	"clickledger/internal/portal"
)

// portalFront is the overview.
func (c *call) portalFront() error {
	p := homePage{Head: head{Title: "Overview", Note: "Live, as of " + c.Now().In(c.loc).Format("15:04:05")}, Poll: c.at("")}
	now, err := c.portalStats("", c.span, 1)
	if err != nil {
		return err
	}
	before, err := c.portalStats("", c.span.before(c.Now()), 1)
	if err != nil {
		return err
	}
	p.Figures = c.portalFigures(now.Totals, before.Totals)
	if c.adv != nil {
		p.Problems, err = c.toDecide()
		if err != nil {
			return err
		}
	}
	p.Charts, err = c.portalCharts()
	if err != nil {
		return err
	}
	halves := []func() (half, error){c.portalTimes, c.portalTop, c.portalRecent}
	if c.adv != nil {
		halves = append(halves, c.fundsHalf)
	}
	if c.pub != nil {
		halves = []func() (half, error){c.portalTimes, c.balanceHalf, c.portalTop, c.portalRecent}
	}
	for _, make := range halves {
		h, err := make()
		if err != nil {
			return err
		}
		p.Halves = append(p.Halves, h)
	}
	return show(c, "home", "Overview", p)
}

// toDecide says how many conversions wait for the advertiser's decision.
func (c *call) toDecide() ([]link2, error) {
	n, err := c.adv.Waiting(c.r.Context(), pageSize)
	if err != nil || n == 0 {
		return nil, err
	}
	said := plural(int64(n), "conversion waits", "conversions wait")
	if n == pageSize {
		said = count(pageSize) + " and more conversions wait"
	}
	return []link2{{said + " for your decision.", c.plain("conversions", "status", "pending"), "Decide"}}, nil
}

// portalFigures is the line of numbers, each beside the period before.
func (c *call) portalFigures(now, before portal.Numbers) []figure {
	_, compared := c.span.label()
	d := func(x, y int64) *delta {
		s := change(x, y)
		if s == "" {
			return &delta{Value: "\u00a0"}
		}
		return &delta{Value: s, Help: "Against " + compared + ": " + count(y), Tone: tone(x - y)}
	}
	out := []figure{
		{Label: "Clicks", Value: count(now.Clicks), Help: formulas["clicks"], Delta: d(now.Clicks, before.Clicks)},
		{Label: "Uniques", Value: count(now.Uniques), Help: formulas["uniques"], Delta: d(now.Uniques, before.Uniques)},
		{Label: "Conversions", Value: count(now.Conversions), Help: formulas["conversions"], Delta: d(now.Conversions, before.Conversions)},
		{Label: "CR", Value: percentOf(now.Conversions, now.Clicks), Help: formulas["cr"], Delta: &delta{Value: "\u00a0"}},
	}
	a, b := c.portalStat(now), c.portalStat(before)
	label, help := c.worth()
	for _, cur := range c.currencies(map[string]*stat{"": a}) {
		x, y := c.earned(a.in(cur)), c.earned(b.in(cur))
		out = append(out, figure{Label: label, Value: amount(x, cur), Unit: cur, Help: help, Delta: d(x, y)})
	}
	if before.Clicks+before.Conversions == 0 {
		for i := range out {
			out[i].Delta = nil
		}
	}
	return out
}

// portalCharts are traffic and money over the span.
func (c *call) portalCharts() ([]chart, error) {
	by := "day"
	if c.span.hourly() {
		by = "hour"
	}
	prev := c.span
	prev.from, prev.to = c.span.prevFrom, c.span.prevTo
	series := func(s span) (map[string]*stat, error) {
		all, err := c.portalStats(by, s, maxSpanDays*25)
		if err != nil {
			return nil, err
		}
		out := map[string]*stat{}
		for _, r := range all.Rows {
			out[r.Key] = c.portalStat(r.Numbers)
		}
		return out, nil
	}
	now, err := series(c.span)
	if err != nil {
		return nil, err
	}
	before, err := series(prev)
	if err != nil {
		return nil, err
	}
	cur := c.currencies(now)[0]
	digits := money.Currency(cur).Exponent()
	scale := math.Pow10(-digits)
	traffic, err := c.plot("Clicks", "", 0, prev, now, before, []lineSpec{
		{"Clicks", "c1", func(s *stat) float64 { return float64(s.clicks) }}, {"Uniques", "c2", func(s *stat) float64 { return float64(s.uniques) }}})
	if err != nil {
		return nil, err
	}
	label, _ := c.worth()
	cash, err := c.plot(label+", "+cur, cur, digits, prev, now, before, []lineSpec{
		{label, "c3", func(s *stat) float64 { return float64(c.earned(s.in(cur))) * scale }}})
	if err != nil {
		return nil, err
	}
	return []chart{traffic, cash}, nil
}

// portalTimes are today, yesterday and this month in a table.
func (c *call) portalTimes() (half, error) {
	label, help := c.worth()
	t := &table{Label: "Today, yesterday, this month", Columns: []column{{Label: "", Class: "fill"}, {Label: "Clicks", Class: "num", Help: formulas["clicks"]}, {Label: "Uniques", Class: "num opt", Help: formulas["uniques"]},
		{Label: "Pending", Class: "num opt", Help: "Conversions that wait for approval."}, {Label: "Approved", Class: "num", Help: "Approved conversions, locked and paid ones included."}, {Label: label, Class: "num", Help: help}}}
	for _, name := range []string{"today", "yesterday", "month"} {
		s := parseSpan(map[string][]string{"range": {name}}, c.loc, c.Now())
		all, err := c.portalStats("", s, 1)
		if err != nil {
			return half{}, err
		}
		waits, err := c.askPortal(portal.Ask{From: s.from, To: s.to, Status: "pending", Limit: 1})
		if err != nil {
			return half{}, err
		}
		text, _ := s.label()
		n := all.Totals
		t.Rows = append(t.Rows, row{Href: c.plain("statistics", "range", name), Cells: []cell{
			{Text: text, Href: c.plain("statistics", "range", name), Class: "fill lead"}, countCell(n.Clicks), countCell(n.Uniques).with("opt"),
			countCell(waits.Totals.Conversions).with("opt"), countCell(n.Conversions - waits.Totals.Conversions), {Text: moneyText(n.Amounts, c.ws.Currency), Class: "num"},
		}})
	}
	return half{Title: "Today and this month", More: &link{Label: "Statistics", URL: c.at("statistics")}, Table: t}, nil
}

// portalTop are the offers with the most clicks.
func (c *call) portalTop() (half, error) {
	all, err := c.portalStats("offer", c.span, 8)
	if err != nil {
		return half{}, err
	}
	t := c.portalTable("offer", all)
	t.Totals, t.Count, t.Next = nil, "", ""
	t.Empty = &empty{Sentence: "No clicks in this time.", Action: &link{Label: "Offers", URL: c.plain("offers")}}
	return half{Title: "Top offers", Table: t, More: &link{Label: "All offers", URL: c.at("statistics", "by", "offer")}}, nil
}

// balanceHalf is the balance, for the overview.
func (c *call) balanceHalf() (half, error) {
	t, err := c.myBalances()
	return half{Title: "Balance", Table: t, More: &link{Label: "What changed it", URL: c.plain("balance")}}, err
}

// fundsHalf is what the advertiser owes, and of one who pays ahead what is left.
func (c *call) fundsHalf() (half, error) {
	fs, err := c.adv.Funds(c.r.Context())
	if err != nil {
		return half{}, err
	}
	t := &table{Label: "What you owe", Columns: []column{{Label: "Currency", Class: "fill"}, {Label: "Owed", Class: "num", Help: "For conversions, pending ones included."}}, Empty: &empty{Sentence: "Nothing is owed, and nothing was paid ahead."}}
	ahead := len(fs) > 0 && fs[0].State != "" // it pays ahead, in every currency
	if ahead {
		t.Columns = append(t.Columns, column{Label: "Paid ahead", Class: "num"}, column{Label: "Left", Class: "num"}, column{Label: "State"})
	}
	for _, f := range fs {
		cur := f.Owed.Currency
		r := row{Cells: []cell{{Text: cur, Class: "fill lead"}, amountCell(f.Owed.Minor, cur)}}
		if ahead {
			r.Cells = append(r.Cells, amountCell(f.Paid.Minor, cur), amountCell(f.Left.Minor, cur), fundWords[funds.State(f.State)])
		}
		t.Rows = append(t.Rows, r)
	}
	return half{Title: "Payments", Table: t}, nil
}

func (c *call) myBalances() (*table, error) {
	rows, err := c.pub.Balances(c.r.Context())
	if err != nil {
		return nil, err
	}
	t := &table{Label: "Balance", Columns: []column{{Label: "Currency", Class: "fill"}, {Label: "Pending", Class: "num", Help: "Payout of conversions that are not approved yet."}, {Label: "Available", Class: "num", Help: "Payout of approved conversions: owed to you."}, {Label: "In payment", Class: "num", Help: "What a payout has taken up and has not reached you yet."}},
		Empty: &empty{Sentence: "Nothing earned yet. The payout of each conversion is pending first, and available once the conversion is approved."}}
	for _, b := range rows {
		cur := b.Pending.Currency
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: cur, Class: "fill lead"}, amountCell(b.Pending.Minor, cur), amountCell(b.Available.Minor, cur), amountCell(b.InPayment.Minor, cur)}})
	}
	return t, nil
}

// myBalance is the balance with what changed it.
func (c *call) myBalance() error {
	p := panelsPage{Head: head{Title: "Balance"}}
	t, err := c.myBalances()
	if err != nil {
		return err
	}
	page, err := c.pub.Movements(c.r.Context(), portal.Paging{Cursor: c.param("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	m := &table{Label: "Movements", Columns: []column{{Label: "Time"}, {Label: "What", Class: "fill"}, {Label: "Pending", Class: "num"}, {Label: "Available", Class: "num"}, {Label: "In payment", Class: "num opt"}},
		Empty: &empty{Sentence: "Nothing has moved yet."}}
	for _, v := range page.Rows {
		r := row{Cells: []cell{timeCell(v.At.UnixMicro(), c.loc, c.Now()), {Text: label(v.Kind), Class: "fill lead"}, movedCell(v.Pending), movedCell(v.Available), movedCell(v.InPayment).with("opt")}}
		if v.Conversion != "" {
			r.Href = c.plain("conversions/" + v.Conversion)
			r.Cells[1].Href = r.Href
		}
		m.Rows = append(m.Rows, r)
	}
	if page.Next != "" {
		m.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		m.First = c.same("after", "")
	}
	p.Panels = []panel{{ID: "balance", Table: t}, {ID: "movements", Title: "Movements", Note: "Newest first.", Table: m}}
	return show(c, "panels", "Balance", p)
}

// movedCell is a signed amount with its currency.
func movedCell(m portal.Money) cell {
	out := signedCell(m.Minor, m.Currency)
	out.Text += "\u00a0" + m.Currency // also a zero's, so that decimal points stand in line
	return out
}

// portalRecent are the latest conversions.
func (c *call) portalRecent() (half, error) {
	h := half{Title: "Recent conversions", More: &link{Label: "All conversions", URL: c.plain("conversions")}}
	if c.pub == nil {
		page, err := c.adv.Conversions(c.r.Context(), portal.Find{Paging: portal.Paging{Limit: 8}})
		if err != nil {
			return h, fmt.Errorf("recent conversions: %w", err)
		}
		h.Table = c.theirConversionTable(page.Rows, true)
		h.Table.Empty = &empty{Sentence: "Nothing converted yet. Your offers' pages say how to report conversions; each shows here at once."}
		return h, nil
	}
	page, err := c.pub.Conversions(c.r.Context(), portal.Find{Paging: portal.Paging{Limit: 8}})
	if err != nil {
		return h, fmt.Errorf("recent conversions: %w", err)
	}
	h.Table = c.myConversionTable(page.Rows, true)
	h.Table.Empty = &empty{Sentence: "Nothing converted yet. What does shows here at once, with its state."}
	return h, nil
}
