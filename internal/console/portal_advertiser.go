package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/portal"
)

// theirOffers lists an advertiser's offers.
func (c *call) theirOffers() error {
	search := c.param("q")
	rows, err := c.adv.Offers(c.r.Context(), search)
	if err != nil {
		return err
	}
	t := &table{Label: "Offers", Columns: []column{{Label: "Offer", Class: "fill"}, {Label: "State"}, {Label: "Cost", Class: "num", Help: "What a conversion of the default goal costs you."}, {Label: "Goals", Class: "num opt"}, {Label: "Conversions begin as", Class: "opt"}},
		Empty: &empty{Sentence: "You have no offer yet. The program makes them."}}
	if search != "" {
		t.Empty = &empty{Sentence: "No offer matches.", Action: &link{Label: "Show all", URL: c.plain("offers")}}
	}
	for _, o := range rows {
		href := c.plain("offers/" + o.ID)
		t.Rows = append(t.Rows, row{Href: href, Off: o.Status != catalog.StatusActive, Cells: []cell{
			{Text: o.Name, Href: href, Class: "fill lead", Title: o.Name}, statusCell(o.Status, false), {Text: firstCost(&o), Class: "num"}, countCell(int64(len(o.Payouts))).with("opt"), {Text: o.Begins, Class: "opt"},
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

// costWords says what conversions of a goal cost.
func costWords(p portal.Payout, currency string) string {
	switch {
	case p.Kind == catalog.PayoutPercent:
		return p.Percent + thin + "% of the sale"
	case p.Kind == catalog.PayoutPostback && p.Amount != "":
		return "as reported, else " + group(p.Amount) + "\u00a0" + currency
	case p.Kind == catalog.PayoutPostback:
		return "as reported"
	}
	return group(p.Amount) + "\u00a0" + currency
}

func firstCost(o *portal.AdvertiserOffer) string {
	if len(o.Payouts) == 0 {
		return undefined
	}
	return costWords(o.Payouts[0], o.Currency)
}

// theirOffer is an offer's page for its advertiser: what it costs, and how to report.
func (c *call) theirOffer() error {
	id := c.r.PathValue("id")
	o, err := c.adv.Offer(c.r.Context(), id)
	if err != nil {
		return err
	}
	guides, err := c.theirGuides(o.ID)
	if err != nil {
		return err
	}
	window := "any time after the click"
	if o.WindowDays > 0 {
		window = plural(o.WindowDays, "day", "days") + " after the click"
	}
	about := panel{ID: "about", Title: "About", Pairs: []pair{{Label: "Page", Value: o.URL}, {Label: "Conversions begin as", Value: o.Begins}, {Label: "Cookie life", Value: plural(o.CookieDays, "day", "days")}, {Label: "Conversions may come", Value: window},
		{Label: "Order number", Value: map[bool]string{true: "required", false: "not required"}[o.NeedsOrder]}, {Label: "Countries", Value: anyOf(o.Countries, "all")}, {Label: "Devices", Value: anyOf(o.Devices, "all")}, {Label: "Id", Value: o.ID}}}
	cost := &table{Label: "Cost", Columns: []column{{Label: "Goal", Class: "fill"}, {Label: "Key", Class: "opt"}, {Label: "Cost", Class: "num"}}, Empty: &empty{Sentence: "This offer has no goals."}}
	for _, g := range o.Payouts {
		cost.Rows = append(cost.Rows, row{Cells: []cell{{Text: g.Goal, Class: "fill lead"}, {Text: g.Key, Tone: "mono", Class: "opt"}, {Text: costWords(g, o.Currency), Class: "num"}}})
		for _, geo := range g.Countries {
			cost.Rows = append(cost.Rows, row{Cells: []cell{{Text: g.Goal + " in " + geo.Country, Class: "fill", Tone: "muted"}, {Class: "opt"}, {Text: group(geo.Amount) + "\u00a0" + o.Currency, Class: "num"}}})
		}
	}
	p := panelsPage{Head: head{Crumb: &link{Label: "Offers", URL: c.plain("offers")}, Title: o.Name, State: stateOf(o.Status, false), Actions: []action{
		{Label: "Conversions", URL: c.plain("conversions", "offer", o.ID)}, {Label: "Reports received", URL: c.plain("signals", "offer", o.ID)}}}}
	test, err := c.theirTestPanel(o.ID)
	if err != nil {
		return err
	}
	keep, err := c.theirKeepGuides(o.ID)
	if err != nil {
		return err
	}
	p.Panels = []panel{guides, keep}
	if test.Title != "" {
		p.Panels = append(p.Panels, test)
	}
	p.Panels = append(p.Panels, panel{ID: "cost", Title: "Cost", Note: "What conversions cost you.", Table: cost}, about)
	return show(c, "panels", o.Name, p)
}

// theirGuides is the chooser of ways to report conversions, as on the staff's page.
func (c *call) theirGuides(offer string) (panel, error) {
	v := &trackingView{Action: c.r.URL.Path, Keep: c.keep("method", "optional"), Optional: c.param("optional") == "true", Which: catalog.WhichMethod}
	guides, err := c.adv.Guides(c.r.Context(), offer, v.Optional)
	if err != nil {
		return panel{}, err
	}
	chosen := c.param("method")
	known := false
	for _, g := range guides {
		known = known || g.ID == chosen
		v.Methods = append(v.Methods, trackingMethod{catalog.Method{ID: g.ID, Label: g.Label, Text: g.Text, Language: g.Language, Help: g.Help, Recommended: g.Recommended, Warnings: g.Warnings}, g.ID == chosen, strings.Count(g.Text, "\n") + 1})
	}
	if !known && len(v.Methods) > 0 {
		v.Methods[0].Current = true
	}
	return panel{ID: "tracking", Title: "Integration", Note: "How you report conversions of this offer. Choose one way and paste it there.", Tracking: v}, nil
}

// theirKeepGuides are the ways to hold the click id until the sale.
func (c *call) theirKeepGuides(offer string) (panel, error) {
	rows, err := c.adv.KeepGuides(c.r.Context(), offer)
	if err != nil {
		return panel{}, err
	}
	p := panel{ID: "guides", Title: "Keep the click id", Note: "Each way to hold it until the sale, the most reliable first, with your own values."}
	for _, g := range rows {
		v := catalog.Guide{ID: g.ID, Label: g.Label, Fits: g.Fits, Help: g.Help}
		for _, s := range g.Steps {
			v.Steps = append(v.Steps, catalog.GuideStep(s))
		}
		p.Guides = append(p.Guides, v)
	}
	return p, nil
}

// bulkDecide is what is done to the ticked rows.
type bulkDecide struct {
	Action  string
	Keep    []hidden
	Reason  string
	Choices []choice
}

// theirConversions lists an advertiser's conversions.
func (c *call) theirConversions() error { return c.showTheirConversions(http.StatusOK, "", "") }

func (c *call) showTheirConversions(status int, problem, reason string) error {
	f := c.findConversions()
	page, err := c.adv.Conversions(c.r.Context(), f)
	if err != nil {
		return err
	}
	t := c.theirConversionTable(page.Rows, false)
	c.finishConversions(t, f, page.Next, "A conversion is what a visitor did that you pay for. Each shows here at once; your offers' pages say how to report them.")
	fs, err := c.conversionFilters(f)
	if err != nil {
		return err
	}
	p := offersPage{Head: head{Title: "Conversions", Note: "Newest first, of all time"}, Filters: fs, Table: t}
	if problem != "" {
		p.Result = &bulkReport{Text: problem}
	}
	if c.adv.Writes() && len(page.Rows) > 0 {
		p.Decide = &bulkDecide{Action: "/portal/conversions/decide", Keep: []hidden{{"back", local(c.r.URL.RequestURI(), "/portal/conversions")}}, Reason: reason,
			Choices: options("approved", "Approve", "rejected", "Reject", "reversed", "Reverse")}
	}
	return showStatus(c, status, "offers", "Conversions", p)
}

// theirConversionTable is a table of an advertiser's conversions; short leaves out boxes
// and what does not fit beside others.
func (c *call) theirConversionTable(rows []portal.AdvertiserConversion, short bool) *table {
	t := &table{Label: "Conversions"}
	picks := !short && c.adv.Writes()
	if picks {
		t.Columns = append(t.Columns, column{All: true, Class: "act"})
	}
	t.Columns = append(t.Columns, column{Label: "Time"}, column{Label: "Offer", Class: "fill"})
	if !short {
		t.Columns = append(t.Columns, column{Label: "Goal", Class: "opt"}, column{Label: "Order", Class: "opt"}, column{Label: "Publisher", Class: "wide"}, column{Label: "Reported by", Class: "wide"})
	}
	t.Columns = append(t.Columns, column{Label: "State"})
	if !short {
		t.Columns = append(t.Columns, column{Label: "Reason", Class: "wide"}, column{Label: "Sale", Class: "num opt"})
	}
	t.Columns = append(t.Columns, column{Label: "Cost", Class: "num", Help: "What it costs you. Rejected and reversed ones cost nothing."})
	for _, v := range rows {
		href := c.plain("conversions/" + v.ID)
		name := orElse(v.Offer.Name, "another offer")
		lost := v.Status == string(conversion.Rejected) || v.Status == string(conversion.Reversed)
		r := row{Href: href, Off: lost}
		if picks {
			pick := cell{Class: "act"}
			if len(v.May) > 0 {
				pick = cell{Pick: v.ID, Class: "act", Title: orElse(v.TxID, v.ID)}
			}
			r.Cells = append(r.Cells, pick)
		}
		r.Cells = append(r.Cells, timeCell(v.EventTime.UnixMicro(), c.loc, c.Now()), cell{Text: name, Href: href, Class: "fill lead", Title: name})
		if !short {
			order := textCell(v.TxID).with("opt cut")
			order.Title = v.TxID
			r.Cells = append(r.Cells, textCell(v.Goal).with("opt cut"), order, textCell(v.Publisher).with("wide cut"), cell{Text: words(v.Source) + ", " + words(v.Method), Class: "wide", Tone: "muted"})
		}
		state := statusCell(v.Status, false)
		state.Title = v.Reason
		r.Cells = append(r.Cells, state)
		if !short {
			reason := textCell(v.Reason).with("wide cut")
			reason.Title = v.Reason
			sale := saleCell(v.Sale)
			sale.Class = "num opt"
			r.Cells = append(r.Cells, reason, sale)
		}
		cost := cell{Text: withCurrency(v.Cost.Minor, v.Cost.Currency), Class: "num"}
		if v.Cost.Minor == 0 || lost {
			cost.Tone = "zero"
		}
		r.Cells = append(r.Cells, cost)
		t.Rows = append(t.Rows, r)
	}
	return t
}

// theirDecideAll decides the ticked conversions.
func (c *call) theirDecideAll() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.adv.Writes() {
		return catalog.ErrNotFound
	}
	to, reason := conversion.Status(v.Get("to")), v.Get("reason")
	done, err := c.adv.DecideAll(c.r.Context(), v["id"], to, reason)
	var bad *catalog.Invalid
	if errors.As(err, &bad) {
		said := sentence(bad.Fields[0].Msg)
		if bad.Fields[0].Field == "ids" {
			said = "Tick the conversions first."
		}
		return c.showTheirConversions(http.StatusUnprocessableEntity, said, reason)
	}
	if err != nil {
		return err
	}
	well := 0
	var not []string
	for _, d := range done {
		if d.Code == "" {
			well++
			continue
		}
		if !slices.Contains(not, d.Message) {
			not = append(not, d.Message)
		}
	}
	said := plural(int64(well), "conversion is", "conversions are") + " now " + string(to) + "."
	if len(not) > 0 {
		said += fmt.Sprintf(" %d could not be: %s", len(done)-well, strings.Join(not, " "))
	}
	c.say(said, nil)
	return c.redirect(local(v.Get("back"), "/portal/conversions"))
}

// theirConversion tells the story of one conversion, with what may be decided about it.
func (c *call) theirConversion() error {
	v, err := c.adv.Conversion(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := storyPage{Head: head{Crumb: &link{Label: "Conversions", URL: c.plain("conversions")}, Title: label(v.Goal) + " of " + clock(v.EventTime.UnixMicro(), c.loc, c.Now()), State: &state{Word: v.Status, Tone: toneOf(v.Status)}},
		Figures: []figure{{Label: "Cost", Value: amount(v.Cost.Minor, v.Cost.Currency), Unit: v.Cost.Currency}}}
	if v.Sale != nil {
		p.Figures = append(p.Figures, figure{Label: "Sale", Value: amount(v.Sale.Minor, v.Sale.Currency), Unit: v.Sale.Currency})
	}
	if v.Reason != "" {
		p.Verdict = &verdictLine{sentence(v.Reason), toneOf(v.Status)}
	}
	if c.adv.Writes() {
		for _, d := range []struct {
			to                        conversion.Status
			label, kind, what, reason string
		}{
			{conversion.Approved, "Approve", "primary", "You confirm it, and the publisher is paid for it.", ""},
			{conversion.Rejected, "Reject", "danger", "It costs you nothing, and the publisher is not paid for it.", "Cancelled before shipping"},
			{conversion.Reversed, "Reverse", "danger", "It was approved and turned out not to count, such as goods sent back: it is taken back, and the publisher is not paid for it.", "Returned by the customer"},
		} {
			if slices.Contains(v.May, string(d.to)) {
				p.Decisions = append(p.Decisions, decision{Label: d.label, Kind: d.kind, Action: c.plain("conversions/" + v.ID + "/decide"), Hidden: []hidden{{"to", string(d.to)}}, Consequence: d.what, Reason: d.reason, Confirm: d.label})
			}
		}
	}
	click := step{Title: "Click", at: v.ClickTime.UnixMicro()}
	if v.Method == conversion.MatchCoupon {
		click = step{Title: "Coupon " + v.Coupon, at: v.EventTime.UnixMicro(), Sentence: "The order came with a coupon code, without a click."}
	}
	if v.Method == conversion.MatchPublisher {
		click = step{Title: "Order", at: v.EventTime.UnixMicro(), Sentence: "You named the publisher, and no click."}
	}
	for _, kv := range [][2]string{{"Publisher", v.Publisher}, {"Country", v.Country}, {"Device", v.Device}} {
		if kv[1] != "" {
			click.Pairs = append(click.Pairs, pair{Label: kv[0], Value: kv[1]})
		}
	}
	p.Steps = c.inOrder(append([]step{click}, c.statusSteps(v.History)...))
	box := sideBox{"Conversion", []pair{{Label: "Offer", Value: orElse(v.Offer.Name, "another offer")}, {Label: "Goal", Value: v.Goal}, {Label: "Order", Value: orDash(v.TxID)}, {Label: "Reported by", Value: words(v.Source)}, {Label: "Matched by", Value: words(v.Method)}, {Label: "Id", Value: v.ID}}}
	if v.Coupon != "" {
		box.Pairs = append(box.Pairs, pair{Label: "Coupon", Value: v.Coupon})
	}
	if v.Offer.ID != "" {
		box.Pairs[0].Href = c.plain("offers/" + v.Offer.ID)
	}
	p.Side = []sideBox{box}
	return show(c, "story", p.Head.Title, p)
}

// theirDecide decides one conversion.
func (c *call) theirDecide() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.adv.Writes() {
		return catalog.ErrNotFound
	}
	id := c.r.PathValue("id")
	out, err := c.adv.Decide(c.r.Context(), id, conversion.Status(v.Get("to")), v.Get("reason"))
	if err != nil {
		return err
	}
	c.say("The conversion is now "+out.Status+".", nil)
	return c.redirect(c.plain("conversions/" + id))
}

// theirSignals lists what was reported for an advertiser's offers.
func (c *call) theirSignals() error {
	offer, verdict := c.param("offer"), c.param("verdict")
	page, err := c.adv.Signals(c.r.Context(), offer, verdict, portal.Paging{Cursor: c.param("after"), Limit: pageSize})
	if err != nil {
		return err
	}
	t := &table{Label: "Reports received", Columns: []column{{Label: "Time"}, {Label: "By", Class: "opt"}, {Label: "Offer", Class: "opt"}, {Label: "Order", Class: "wide"}, {Label: "Verdict"}, {Label: "What it means", Class: "fill"}},
		Empty: &empty{Sentence: "Nothing was reported yet. Each offer's page says how; what arrives shows here at once, with what became of it."}}
	for _, s := range page.Rows {
		href := c.plain("signals/" + s.ID)
		say := orElse(s.Detail, s.Sentence)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{timeCell(s.At.UnixMicro(), c.loc, c.Now()), {Text: words(s.Kind), Class: "opt"}, textCell(s.Offer.Name).with("opt cut"), textCell(s.TxID).with("wide cut"),
			{Text: words(s.Verdict), Href: href, Tone: verdictTone(event.Verdict(s.Verdict))}, {Text: say, Class: "fill", Title: say, Tone: "muted"}}})
	}
	if page.Next != "" {
		t.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	if offer != "" || verdict != "" || c.param("after") != "" {
		t.Empty = &empty{Sentence: "Nothing matches the filter.", Action: &link{Label: "Show all", URL: c.plain("signals")}}
	}
	offers, err := c.portalOfferChoices("All offers")
	if err != nil {
		return err
	}
	verdicts := []choice{{Label: "Every verdict"}}
	for _, name := range sortedKeys(event.Verdicts) {
		verdicts = append(verdicts, choice{Value: string(name), Label: words(string(name))})
	}
	fs := filters{Action: c.r.URL.Path, Keep: c.keep("offer", "verdict", "after"), Fields: []field{
		{Widget: "select", Name: "offer", Label: "Offer", Choices: selectedOnly(offers, offer)}, {Widget: "select", Name: "verdict", Label: "Verdict", Choices: selectedOnly(verdicts, verdict)}}}
	return show(c, "list", "Reports received", listPage{Head: head{Title: "Reports received", Note: "What your systems and pages sent us, newest first"}, Filters: fs, Table: t})
}

// theirSignal is one of them, with the request.
func (c *call) theirSignal() error {
	s, err := c.adv.Signal(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	p := panelsPage{Head: head{Crumb: &link{Label: "Reports received", URL: c.plain("signals")}, Title: label(s.Kind) + " of " + clock(s.At.UnixMicro(), c.loc, c.Now()), State: &state{Word: words(s.Verdict), Tone: verdictTone(event.Verdict(s.Verdict))}}}
	what := panel{ID: "verdict", Title: "What became of it", Pairs: []pair{{Label: "Verdict", Value: s.Verdict, Tone: "mono"}, {Label: "Means", Value: s.Sentence}}}
	if s.Detail != "" {
		what.Pairs = append(what.Pairs, pair{Label: "Here", Value: s.Detail})
	}
	if s.Field != "" {
		what.Pairs = append(what.Pairs, pair{Label: "Parameter", Value: s.Field, Tone: "mono"})
	}
	if s.Conversion != "" {
		what.Pairs = append(what.Pairs, pair{Label: "Conversion", Value: s.Conversion, Href: c.plain("conversions/" + s.Conversion)})
	}
	if s.NextTry != nil {
		what.Pairs = append(what.Pairs, pair{Label: "Next try", Value: clock(s.NextTry.UnixMicro(), c.loc, c.Now())})
	}
	if s.Offer.ID != "" {
		what.Pairs = append(what.Pairs, pair{Label: "Offer", Value: s.Offer.Name, Href: c.plain("offers/" + s.Offer.ID)})
	}
	what.Pairs = append(what.Pairs, pair{Label: "Arrived", Value: exact(s.At.UnixMicro(), c.loc), Title: utc(s.At.UnixMicro())})
	p.Panels = []panel{what}
	if s.Method != "" {
		t := &table{Label: "Parameters", Columns: []column{{Label: "Parameter"}, {Label: "Value", Class: "fill"}}, Empty: &empty{Sentence: "Nothing was sent with it."}}
		for _, kv := range s.Parameters {
			t.Rows = append(t.Rows, row{Cells: []cell{{Text: printable(kv.Name), Tone: "mono"}, {Text: printable(kv.Value), Class: "fill wrap"}}})
		}
		p.Panels = append(p.Panels, panel{ID: "request", Title: "What was sent", Note: s.Method + " " + s.Path, Table: t})
	}
	return show(c, "panels", p.Head.Title, p)
}
