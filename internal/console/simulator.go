package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/dialect"
)

// orderDoc is an order to try.
type orderDoc struct {
	Offer        string `json:"offer" doc:"What is bought."`
	Goal         string `json:"goal" doc:"Key of the goal. Empty: the offer's default goal."`
	Publisher    string `json:"publisher" doc:"Whose click it is."`
	Country      string `json:"country" doc:"By which it is paid. Empty: not known."`
	Amount       string `json:"amount" doc:"What the customer paid."`
	Payout       string `json:"payout" doc:"What the signal says it pays you."`
	Currency     string `json:"currency" doc:"Of both. Empty: the offer's."`
	Items        string `json:"items" doc:"One a line: category:amount, product:category:amount or product:category:amount:quantity."`
	CommissionID string `json:"commission_id" doc:"As in a postback."`
	Customer     string `json:"customer" doc:"The advertiser's id: whether it ordered before is looked up."`
	EventTime    string `json:"event_time" doc:"Empty: now. It may be in the future."`
	Rule         string `json:"rule" doc:"Counts as if it were active."`
}

// compareDoc selects what a paused rule is compared on.
type compareDoc struct {
	Rule string `json:"rule" doc:"Counts as if it had been active at all times."`
	From string `json:"from" doc:"First day."`
	To   string `json:"to" doc:"Last day."`
}

// simulator says what an order would pay. Parameters fill the form in, and with do it is
// worked out, so that a result can be linked to.
func (c *call) simulator() error {
	v := c.r.URL.Query()
	if v.Get("do") != "" {
		return c.workOut(v)
	}
	d := &orderDoc{}
	readDoc(d, v)
	return c.showSimulator(http.StatusOK, d, &compareDoc{Rule: d.Rule}, nil, nil, nil)
}

func (c *call) simulate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	return c.workOut(v)
}

// workOut answers what was asked; nothing is kept.
func (c *call) workOut(v url.Values) error {
	d, cmp := &orderDoc{}, &compareDoc{}
	if v.Get("do") == "compare" {
		readDoc(cmp, v)
		return c.compareDraft(d, cmp, v)
	}
	readDoc(d, v)
	cmp.Rule = d.Rule
	draft, err := c.draftRule(d.Rule)
	if err != nil {
		return err
	}
	at := d.EventTime
	if t, terr := time.ParseInLocation("2006-01-02 15:04", at, c.loc); terr == nil {
		at = t.Format(time.RFC3339)
	} else if t, terr := time.ParseInLocation(time.DateOnly, at, c.loc); terr == nil {
		at = t.Format(time.RFC3339)
	}
	q, err := c.Decide.Simulate(c.r.Context(), c.who, c.ws.ID, draft, conversion.Simulated{
		Offer: d.Offer, Goal: d.Goal, Publisher: d.Publisher, Country: strings.ToUpper(d.Country), Amount: d.Amount, Payout: d.Payout, Currency: d.Currency,
		CommissionID: d.CommissionID, Customer: d.Customer, Items: strings.Join(lines(d.Items), "|"), EventTime: at,
	})
	var refusal *dialect.Refusal
	if errors.As(err, &refusal) {
		return c.showSimulator(http.StatusUnprocessableEntity, d, cmp, v, map[string]string{refusal.Field: withCode(refusal.Detail, string(refusal.Verdict))}, nil)
	}
	if err != nil {
		return err
	}
	return c.showSimulator(http.StatusOK, d, cmp, v, nil, c.quotePanels(q))
}

// draftRule is the paused rule to try, nil for none.
func (c *call) draftRule(id string) (*catalog.CommissionRule, error) {
	if id == "" {
		return nil, nil
	}
	return get[*catalog.CommissionRule](c, catalog.KindCommissionRule, id)
}

// quotePanels show what an order would pay, and why not otherwise.
func (c *call) quotePanels(q *conversion.Quote) []panel {
	who := "nobody: a link of the house"
	if q.Publisher != "" {
		who = c.nameOf(catalog.KindPublisher, q.Publisher)
	}
	pays := panel{ID: "pays", Title: "What it would pay", Figures: []figure{{Label: "Commission", Value: amount(q.Commission, q.Currency), Unit: q.Currency}, {Label: "Revenue", Value: amount(q.Revenue, q.Currency), Unit: q.Currency}},
		Pairs: []pair{{Label: "To", Value: who}, {Label: "Commission", Value: q.CommRule}, {Label: "Payout", Value: q.PayoutRule}, {Label: "At", Value: minute(q.At, c.loc)}}}
	if q.Warning != "" {
		pays.Notes = []string{q.Warning}
	}
	out := []panel{pays}
	if len(q.Lines) > 0 {
		out = append(out, panel{ID: "lines", Title: "Item lines", Table: linesTable(q.Lines, q.Currency)})
	}
	if q.Publisher == "" {
		return out
	}
	levels := &table{Label: "Whose commission counts", Columns: []column{{Label: "Level", Class: "fill"}, {Label: "Here", Class: "wrap"}}}
	for _, l := range q.Levels {
		levels.Rows = append(levels.Rows, row{Off: !l.Pays, Cells: []cell{{Text: l.Name, Class: "fill"}, {Text: l.Words, Class: "wrap"}}})
	}
	rules := &table{Label: "Rules", Columns: []column{{Label: "Rule"}, {Label: "Here"}, {Label: "Why", Class: "fill wrap"}}, Empty: &empty{Sentence: "No active rule is about this offer."}}
	for _, r := range q.Rules {
		here := cell{Text: "does not win", Tone: "muted"}
		if r.Won > 0 {
			here = cell{Word: "wins", Tone: "good"}
			if len(q.Lines) > 0 {
				here.Word = "wins " + plural(int64(r.Won), "line", "lines")
			}
		}
		rules.Rows = append(rules.Rows, row{Cells: []cell{{Text: r.Name, Class: "lead brk"}, here, {Text: strings.Join(r.Why, " "), Class: "fill wrap"}}})
	}
	return append(out, panel{ID: "levels", Title: "Whose commission counts", Note: "The first that says something.", Table: levels},
		panel{ID: "rules", Title: "Rules", Note: "As they take precedence.", Table: rules})
}

// compareDraft compares a paused rule on past conversions.
func (c *call) compareDraft(d *orderDoc, cmp *compareDoc, v url.Values) error {
	d.Rule = cmp.Rule
	draft, err := c.draftRule(cmp.Rule)
	if err != nil {
		return err
	}
	errs := map[string]string{}
	if draft == nil {
		errs["rule"] = withCode("Choose a paused rule to compare.", "required")
	}
	q := books.CompareQuery{Before: v.Get("before")}
	q.From, q.To = books.LastMonth(c.Now(), c.loc.String())
	for _, f := range []struct {
		name, text string
		days       int
		into       *int64
	}{{"from", cmp.From, 0, &q.From}, {"to", cmp.To, 1, &q.To}} {
		if f.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, f.text, c.loc)
		if err != nil || t.Year() < 1970 || t.Year() > 9998 {
			errs[f.name] = withCode("Must be a day such as 2026-01-31.", "invalid_date")
			continue
		}
		*f.into = t.AddDate(0, 0, f.days).UnixMicro()
	}
	if q.To <= q.From && len(errs) == 0 {
		errs["to"] = withCode("The last day is before the first.", "out_of_range")
	}
	if len(errs) > 0 {
		return c.showSimulator(http.StatusUnprocessableEntity, d, cmp, v, errs, nil)
	}
	res, err := c.Decide.Compare(c.r.Context(), c.who, c.ws.ID, draft, q)
	if err != nil {
		return err
	}
	return c.showSimulator(http.StatusOK, d, cmp, v, nil, c.comparisonPanels(draft, q, res))
}

// comparisonPanels show what a draft would have made of past conversions.
func (c *call) comparisonPanels(draft *catalog.CommissionRule, q books.CompareQuery, res *books.Comparison) []panel {
	sum := panel{ID: "compared", Title: draft.Name + ", as if it had been active", Note: minute(q.From, c.loc) + " to " + minute(q.To, c.loc),
		Figures: []figure{{Label: "Looked at", Value: count(int64(res.Checked))}, {Label: "Cannot be priced", Value: count(int64(res.Skipped))}}}
	for _, t := range res.Totals {
		sum.Figures = append(sum.Figures, figure{Label: "Pay otherwise", Value: count(int64(t.Changed)), Money: true},
			figure{Label: "Commission", Value: amount(t.Before, t.Currency) + " → " + amount(t.After, t.Currency), Unit: t.Currency},
			figure{Label: "Difference", Value: strings.TrimSuffix(signed(t.After-t.Before, t.Currency), "\u00a0"+t.Currency), Unit: t.Currency})
	}
	t := &table{Label: "Conversions that differ", Columns: []column{{Label: "Happened"}, {Label: "Order"}, {Label: "Publisher", Class: "opt"}, {Label: "Commission", Class: "num", Help: "By the rules as they are now."}, {Label: "With the rule", Class: "num"}, {Label: "Set by", Class: "fill wide"}},
		Empty: &empty{Sentence: "No conversion of this time would pay otherwise."}}
	for _, l := range res.Lines {
		cv := l.Conversion
		t.Rows = append(t.Rows, row{Href: c.at("conversions/" + cv.ID), Cells: []cell{{Text: minute(cv.At, c.loc), Href: c.at("conversions/" + cv.ID), Class: "lead"}, {Text: orElse(cv.Order, undefined)}, {Text: c.nameOf(catalog.KindPublisher, cv.Publisher), Class: "opt cut"},
			{Text: withCurrency(l.Before.Commission, l.Before.Currency), Class: "num"}, {Text: withCurrency(l.After.Commission, l.After.Currency), Class: "num"}, {Text: l.After.CommRule, Class: "fill wide", Title: l.After.CommRule}}})
	}
	lines := panel{ID: "differ", Title: "Conversions that differ", Table: t}
	if res.More > 0 {
		lines.Notes = append(lines.Notes, count(int64(res.More))+" more differ; the totals have them.")
	}
	if res.Next != "" {
		lines.Notes = append(lines.Notes, "There are more conversions than one comparison looks at: these are the newest. Choose fewer days for the others.")
	}
	return []panel{sum, lines}
}

// showSimulator renders the two forms, with what was worked out above them.
func (c *call) showSimulator(code int, d *orderDoc, cmp *compareDoc, posted url.Values, errs map[string]string, results []panel) error {
	offers, err := c.choicesOf(catalog.KindOffer, "Choose an offer")
	if err != nil {
		return err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "Nobody")
	if err != nil {
		return err
	}
	paused, err := list[*catalog.CommissionRule](c, catalog.Query{Kind: catalog.KindCommissionRule, Filter: map[string]string{"status": catalog.StatusPaused}, Limit: 500})
	if err != nil {
		return err
	}
	drafts := []choice{{Value: "", Label: "None"}}
	for _, r := range paused {
		drafts = append(drafts, choice{Value: r.ID, Label: r.Name})
	}
	comparing := posted.Get("do") == "compare"
	part := func(doc any, sections []sectionSpec, mine bool, submit, do, problem string) *form {
		in, e := posted, errs
		if !mine {
			in, e = nil, nil
		}
		f := docForm(doc, sections, nil, in, e)
		f.Action, f.Submit, f.Hidden = c.plain("simulator"), submit, []hidden{{"do", do}}
		if f.Problem != "" {
			f.Problem = problem
		}
		return &f
	}
	p := panelsPage{Head: head{Crumb: &link{Label: "Commission rules", URL: c.at(rulesPath)}, Title: "Simulator", Note: "What an order would pay, to whom and why. Nothing is kept."}, Panels: results}
	p.Panels = append(p.Panels, panel{ID: "order", Title: "An order", Form: part(d, orderSections(d, offers, pubs, drafts), !comparing, "Work it out", "order", "The order could not be priced.")})
	if len(paused) > 0 {
		p.Panels = append(p.Panels, panel{ID: "compare", Title: "A paused rule on past conversions", Form: part(cmp, []sectionSpec{{fields: []fieldSpec{
			{name: "rule", label: "Rule", choices: drafts, width: "w2"}, {name: "from", optional: true, width: "w2", example: "2026-10-01", help: "Empty: the first day of last month."}, {name: "to", optional: true, width: "w2", example: "2026-10-31", help: "Empty: the last day of last month."},
		}}}, comparing, "Compare", "compare", "Nothing was compared.")})
	} else if c.write() {
		p.Panels = append(p.Panels, panel{ID: "compare", Title: "A rule on past conversions", Notes: []string{"Save a rule as paused to see what it would have paid."}, More: &link{Label: "New rule", URL: c.plain(rulesPath+"/new", "status", "paused")}})
	}
	return showStatus(c, code, "panels", "Simulator", p)
}

func orderSections(d *orderDoc, offers, pubs, drafts []choice) []sectionSpec {
	bare := *d // what is filled in is shown
	bare.Offer, bare.Publisher, bare.Amount, bare.Country, bare.Goal = "", "", "", "", ""
	return []sectionSpec{
		{fields: []fieldSpec{{name: "offer", choices: offers, width: "w3"}, {name: "publisher", choices: pubs, width: "w3"}, {name: "amount", label: "Sale amount", optional: true, width: "w2", mode: "decimal", example: "125.00"},
			{name: "country", optional: true, width: "w2", example: "DE"}, {name: "goal", optional: true, width: "w2", example: "sale"}}},
		{title: "More", hint: "item lines, customer, time, a paused rule", more: bare == (orderDoc{}), fields: []fieldSpec{
			{name: "items", label: "Item lines", widget: "area", rows: 3, optional: true, code: true, example: "sku-1:books:40.00:2"},
			{name: "commission_id", label: "Commission id", optional: true, width: "w3"}, {name: "customer", optional: true, width: "w3"},
			{name: "payout", optional: true, width: "w2", mode: "decimal"}, {name: "currency", optional: true, width: "w2", example: "USD"}, {name: "event_time", label: "Happens", optional: true, width: "w3", example: "2027-01-31 14:05"},
			{name: "rule", label: "Paused rule", choices: drafts, width: "w3"},
		}},
	}
}
