package console

import (
	"fmt"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/inbox"
	"clickledger/internal/report"
)

// homePage is the dashboard, or, before there is anything to see, the way to the
// first tracked conversion.
type homePage struct {
	Head     head
	Poll     string
	Start    *startGuide
	Problems []link2
	Figures  []figure
	Charts   []chart
	Funnel   []bar
	Halves   []half
}

// link2 is a sentence with the link that mends it.
type link2 struct{ Text, URL, Label string }

// half is one of the tables in the dashboard's lower part.
type half struct {
	Title string
	Note  string
	More  *link
	Table *table
}

// front leads to the workspace somebody used last.
func (c *call) front() error {
	if !c.who.Staff() {
		return c.redirect("/portal")
	}
	all, err := c.workspaces()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		if c.who.Owner {
			return c.redirect("/setup/workspace")
		}
		return catalog.ErrNotFound
	}
	ws := all[0]
	last := c.cookie(workspaceCookie)
	for _, w := range all {
		if w.ID == last {
			ws = w
		}
	}
	c.enter(ws)
	return c.redirect(c.plain(""))
}

// workspaces lists what the principal may see, in the order they were made.
func (c *call) workspaces() ([]*catalog.Workspace, error) {
	rows, err := c.Catalog.List(c.r.Context(), c.who, catalog.Query{Kind: catalog.KindWorkspace, Limit: 200})
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	out := make([]*catalog.Workspace, 0, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		if ws, ok := rows[i].(*catalog.Workspace); ok && !ws.Archived {
			out = append(out, ws)
		}
	}
	return out, nil
}

// home is the dashboard.
func (c *call) home() error {
	p := homePage{Head: head{Title: "Home"}, Poll: c.at("")}
	guide, err := c.startGuide()
	if err != nil {
		return err
	}
	if guide != nil {
		p.Start = guide
		p.Head.Title = "Welcome"
		for _, note := range sortedKeys(c.remarks) {
			p.Problems = append(p.Problems, link2{note, c.plain("rates"), "Rates"})
		}
		return show(c, "home", "Home", p)
	}
	p.Head.Note = "Live, as of " + c.Now().In(c.loc).Format("15:04:05")
	p.Figures, err = c.figures(nil)
	if err != nil {
		return err
	}
	p.Charts, err = c.charts()
	if err != nil {
		return err
	}
	p.Funnel, err = c.funnel()
	if err != nil {
		return err
	}
	for _, make := range []func() (half, error){c.topPublishers, c.topOffers, c.recentConversions, c.recentRefusals} {
		h, err := make()
		if err != nil {
			return err
		}
		p.Halves = append(p.Halves, h)
	}
	return show(c, "home", "Home", p)
}

// figures is the line of numbers, each beside the period before.
func (c *call) figures(filters []report.Filter) ([]figure, error) {
	now, err := c.stats("", c.span, filters...)
	if err != nil {
		return nil, err
	}
	prev := c.span.before(c.Now())
	before, err := c.stats("", prev, filters...)
	if err != nil {
		return nil, err
	}
	a, b := now[""], before[""]
	if a == nil {
		a = &stat{}
	}
	if b == nil {
		b = &stat{}
	}
	_, compared := c.span.label()
	if prev.to.Before(c.span.prevTo) {
		compared += " up to the same moment"
	}
	d := func(x, y int64) *delta {
		s := change(x, y)
		if s == "" {
			return &delta{Value: "\u00a0"}
		}
		return &delta{Value: s, Help: "Against " + compared + ": " + count(y), Tone: tone(x - y)}
	}
	out := []figure{
		{Label: "Visits", Value: count(a.visits), Help: formulas["visits"], Delta: d(a.visits, b.visits)},
		{Label: "Clicks", Value: count(a.clicks), Help: formulas["clicks"], Delta: d(a.clicks, b.clicks)},
		{Label: "Conversions", Value: count(a.conversions), Help: formulas["conversions"], Delta: d(a.conversions, b.conversions)},
		{Label: "CR", Value: percentOf(a.conversions, a.clicks), Help: formulas["cr"], Delta: &delta{Value: "was " + percentOf(b.conversions, b.clicks)}},
	}
	if b.clicks == 0 {
		out[3].Delta.Value = "\u00a0"
	}
	for _, cur := range c.currencies(map[string]*stat{"now": a}) {
		out = append(out, moneyFigures(a.in(cur), b.in(cur), cur, compared)...)
	}
	out[4].Money = true
	if b.visits+b.clicks+b.conversions == 0 && len(b.money) == 0 { // nothing to compare to
		for i := range out {
			out[i].Delta = nil
		}
	}
	return out, nil
}

func moneyFigures(a, b money2, cur, compared string) []figure {
	d := func(x, y int64) *delta {
		s := change(x, y)
		if s == "" {
			return &delta{Value: "\u00a0"}
		}
		return &delta{Value: s, Help: "Against " + compared + ": " + withCurrency(y, cur), Tone: tone(x - y)}
	}
	profit := figure{Label: "Profit", Value: amount(marginOf(a), cur), Unit: cur, Help: formulas["profit"], Delta: d(marginOf(a), marginOf(b))}
	if marginOf(a) < 0 {
		profit.Tone = "bad"
	}
	comm := figure{Label: "Commission", Value: amount(a.commission, cur), Unit: cur, Help: formulas["commission"], Delta: d(a.commission, b.commission)}
	comm.Delta.Tone = "" // more commission is neither good nor bad
	return []figure{
		{Label: "Revenue", Value: amount(a.revenue, cur), Unit: cur, Help: formulas["revenue"], Delta: d(a.revenue, b.revenue)},
		comm, profit,
	}
}

func tone(diff int64) string {
	switch {
	case diff > 0:
		return "good"
	case diff < 0:
		return "bad"
	}
	return ""
}

// funnel is visits → clicks → conversions → approved, with the rate of each step.
func (c *call) funnel() ([]bar, error) {
	all, err := c.stats("", c.span)
	if err != nil {
		return nil, err
	}
	approved, err := c.stats("", c.span, report.Filter{Dimension: "status", Op: "eq", Values: []string{string(conversion.Approved), string(conversion.Locked), string(conversion.Paid)}})
	if err != nil {
		return nil, err
	}
	s, ok := all[""], approved[""]
	if s == nil {
		s = &stat{}
	}
	if ok == nil {
		ok = &stat{}
	}
	stages := []struct {
		label string
		n     int64
		help  string
	}{
		{"Visits", s.visits, ""}, {"Clicks", s.clicks, "clicks ÷ visits"},
		{"Conversions", s.conversions, "conversions ÷ clicks"}, {"Approved", ok.conversions, "approved ÷ conversions"},
	}
	var out []bar
	for i, st := range stages {
		b := bar{Label: st.label, Value: count(st.n), Width: width(st.n, s.visits)}
		if i > 0 {
			b.Rate = &rate{Text: percentOf(st.n, stages[i-1].n), Help: st.help}
		}
		out = append(out, b)
	}
	return out, nil
}

// width is a bar's share of the whole in percent; what is not nothing can be seen.
func width(n, whole int64) string {
	if n <= 0 || whole <= 0 {
		return "0"
	}
	w := float64(n) / float64(whole) * 100
	return fmt.Sprintf("%.2f", min(max(w, 0.6), 100))
}

// topTable is the table of the values of a dimension with the most revenue.
func (c *call) topTable(kind catalog.Kind, sentence string) (*table, error) {
	numbers, err := c.stats(string(kind), c.span)
	if err != nil {
		return nil, err
	}
	curs := c.currencies(numbers)
	ids := topKeys(numbers, curs[0], 8)
	names := c.names(kind, ids...)
	unit := ""
	if len(curs) == 1 {
		unit = "\u00a0" + curs[0]
	}
	t := &table{Label: label(string(kind)), Empty: &empty{Sentence: sentence}, Columns: []column{
		{Label: label(string(kind)), Class: "fill"}, {Label: "Clicks", Class: "num", Help: formulas["clicks"]}, {Label: "Conv.", Class: "num", Help: formulas["conversions"]},
		{Label: "CR", Class: "num opt", Help: formulas["cr"]}, {Label: "Revenue" + unit, Class: "num", Help: formulas["revenue"]}, {Label: "Profit" + unit, Class: "num opt", Help: formulas["profit"]},
	}}
	for _, id := range ids {
		s := numbers[id]
		lead := cell{Text: names[id], Href: c.at(paths[kind] + "/" + id), Class: "fill lead", Title: names[id]}
		if id == "" {
			lead = cell{Text: "house links", Class: "fill", Tone: "muted"}
		}
		cells := statCells(s, curs)
		t.Rows = append(t.Rows, row{Href: lead.Href, Cells: []cell{lead, cells[1], cells[2], cells[3], cells[4], cells[6].with("opt")}})
	}
	return t, nil
}

// topKeys are the n keys with the most revenue, then clicks.
func topKeys(numbers map[string]*stat, currency string, n int) []string {
	keys := sortedKeys(numbers)
	less := func(a, b string) bool {
		x, y := numbers[a], numbers[b]
		if p, q := x.in(currency).revenue, y.in(currency).revenue; p != q {
			return p > q
		}
		if x.conversions != y.conversions {
			return x.conversions > y.conversions
		}
		return x.clicks > y.clicks
	}
	sortBy(keys, less)
	return keys[:min(n, len(keys))]
}

func (c *call) topPublishers() (half, error) {
	t, err := c.topTable(catalog.KindPublisher, "No publisher brought visits in this time.")
	return half{Title: "Top publishers", Table: t, More: &link{Label: "All publishers", URL: c.at("publishers")}}, err
}

func (c *call) topOffers() (half, error) {
	t, err := c.topTable(catalog.KindOffer, "No offer was visited in this time.")
	return half{Title: "Top offers", Table: t, More: &link{Label: "All offers", URL: c.at("offers")}}, err
}

func (c *call) recentConversions() (half, error) {
	cs, err := c.Books.ListConversions(c.r.Context(), conversion.Query{Workspace: c.ws.ID, Limit: 8})
	if err != nil {
		return half{}, err
	}
	offers, pubs := c.conversionNames(cs)
	t := &table{Label: "Recent conversions", Columns: []column{{Label: "Time"}, {Label: "Offer", Class: "fill"}, {Label: "Publisher", Class: "opt"}, {Label: "State"}, {Label: "Revenue", Class: "num"}},
		Empty: &empty{Sentence: "Nothing converted yet. A conversion comes in by postback or pixel; each offer's page has its set-up."}}
	for _, cv := range cs {
		href := c.at("conversions/" + cv.ID)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			timeCell(cv.At, c.loc, c.Now()), {Text: offers[cv.Offer], Href: href, Class: "fill lead", Title: offers[cv.Offer]},
			publisherCell(pubs, cv.Publisher), {Word: string(cv.Status), Tone: toneOf(string(cv.Status))}, {Text: withCurrency(cv.Revenue, cv.Currency), Class: "num"},
		}})
	}
	return half{Title: "Recent conversions", Table: t, More: &link{Label: "All conversions", URL: c.at("conversions")}}, nil
}

// recentRefusals are the latest signals that did not become a conversion, with why.
func (c *call) recentRefusals() (half, error) {
	rows, err := c.Books.ListSignals(c.r.Context(), inbox.Query{Workspace: c.ws.ID, Unassigned: c.who.Owner, Test: inbox.NoTests, Limit: 200})
	if err != nil {
		return half{}, err
	}
	t := &table{Label: "Recent refused signals", Columns: []column{{Label: "Time"}, {Label: "Verdict"}, {Label: "Reason", Class: "fill"}},
		Empty: &empty{Sentence: "Nothing was refused or is waiting. Every signal that is shows here with its reason."}}
	for _, r := range rows {
		if r.Verdict.Took() || len(t.Rows) == 8 {
			continue
		}
		href := c.at("signals/" + r.ID)
		say := verdictSentence(r)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			timeCell(r.At, c.loc, c.Now()), {Text: words(string(r.Verdict)), Href: href, Tone: verdictTone(r.Verdict)}, {Text: say, Class: "fill", Title: say, Tone: "muted"},
		}})
	}
	return half{Title: "Refused or waiting", Table: t, More: &link{Label: "Inbox", URL: c.at("signals", "show", "refused")}}, nil
}

// words shows a code as words.
func words(code string) string { return strings.ReplaceAll(code, "_", " ") }

// day0 is the beginning of the local day of t.
func day0(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}
