package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
)

// linesShown is how many lines of a repricing a page shows; totals are over all.
const linesShown = 200

// repricePage is a repricing before it is done, and after.
type repricePage struct {
	Head    head
	Problem string
	Done    string // what was posted, "" = a preview
	Ledger  string
	Action  string // of the form that selects
	Keep    []hidden
	Warned  bool
	IDs     int
	From    field
	To      field
	Figures []figure
	Rest    *link // the conversions that are too many for one repricing
	Lines   *table
	Skipped *table
	Confirm *confirmView
}

// confirmView is what is about to happen, and the button that makes it happen.
type confirmView struct {
	Action   string
	Hidden   []hidden
	Text     string   // a file that goes along
	Says     []string // what will happen
	Button   string
	Reasoned bool // asks for a reason
	Reason   string
	Example  string // of a reason
}

// reprice previews what the present terms make of an offer's conversions.
func (c *call) reprice() error {
	return c.showReprice(http.StatusOK, c.r.URL.Query(), "", "")
}

// repriceQuery reads the selection; dates are whole days of the workspace's zone.
func (c *call) repriceQuery(v url.Values) (books.RepriceQuery, string) {
	q := books.RepriceQuery{Offer: c.r.PathValue("id"), Warned: v.Get("warned") == "true"}
	if before := v.Get("before"); len(before) <= 64 {
		q.Before = before
	}
	for _, id := range v["id"] {
		if id != "" && len(id) <= 64 && len(q.IDs) < 1000 {
			q.IDs = append(q.IDs, id)
		}
	}
	for _, f := range []struct {
		name string
		days int
		into *int64
	}{{"from", 0, &q.From}, {"to", 1, &q.To}} {
		text := strings.TrimSpace(v.Get(f.name))
		if text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, text, c.loc)
		if err != nil || t.Year() < 1970 || t.Year() > 9998 {
			return q, "The date " + strconv.Quote(text) + " is not one such as 2026-01-31."
		}
		*f.into = t.AddDate(0, 0, f.days).UnixMicro()
	}
	if q.To != 0 && q.To <= q.From {
		return q, "The last day is before the first."
	}
	return q, ""
}

// selection is the query as inputs.
func selection(v url.Values) []hidden {
	var out []hidden
	for _, name := range []string{"warned", "from", "to", "before"} {
		if v.Get(name) != "" {
			out = append(out, hidden{name, v.Get(name)})
		}
	}
	for _, id := range v["id"] {
		out = append(out, hidden{"id", id})
	}
	return out
}

func (c *call) showReprice(code int, v url.Values, problem, reason string) error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	q, wrong := c.repriceQuery(v)
	p := c.newRepricePage(o, v, q)
	if wrong != "" {
		p.Problem = wrong
		return showStatus(c, http.StatusUnprocessableEntity, "reprice", "Repricing", p)
	}
	res, err := c.Decide.Reprice(c.r.Context(), c.who, c.ws.ID, q, false, "")
	if err != nil {
		return err
	}
	p.Problem = problem
	c.fillReprice(&p, res)
	if res.Next != "" {
		p.Rest = &link{Label: "Older conversions", URL: c.same("before", res.Next)}
	}
	if res.Changed > 0 {
		button := "Post the adjustments"
		if movesOf(res).money == 0 {
			button = "Take the rates"
		}
		p.Confirm = &confirmView{Action: c.plain("offers/" + o.ID + "/reprice"), Hidden: append(selection(v), hidden{"expect", res.Fingerprint()}),
			Says: []string{c.repriceConsequence(res)}, Button: button, Reasoned: true, Reason: reason, Example: "such as: the network sent no payout"}
	}
	return showStatus(c, code, "reprice", "Repricing", p)
}

func (c *call) newRepricePage(o *catalog.Offer, v url.Values, q books.RepriceQuery) repricePage {
	p := repricePage{Head: head{Crumb: &link{Label: o.Name, URL: c.at("offers/" + o.ID)}, Title: "Repricing", Note: "By the offer's present terms, at the exchange rates of each conversion's own day"},
		Action: c.plain("offers/" + o.ID + "/reprice"), Warned: q.Warned, IDs: len(q.IDs),
		From: field{ID: "from", Name: "from", Label: "From", Value: v.Get("from")}, To: field{ID: "to", Name: "to", Label: "To", Value: v.Get("to")}}
	for _, id := range q.IDs {
		p.Keep = append(p.Keep, hidden{"id", id})
	}
	return p
}

// repriceConsequence says what confirming does, before it is done.
func (c *call) repriceConsequence(res *books.RepriceResult) string {
	m := movesOf(res)
	s := plural(int64(res.Changed), "conversion is", "conversions are") + " priced anew"
	if m.money > 0 {
		s += ", and " + plural(int64(m.money), "adjustment is", "adjustments are") + " posted to the ledger:"
		for i, t := range res.Totals() {
			if i > 0 {
				s += ";"
			}
			s += " revenue " + signed(t.RevenueDifference, t.Currency) + ", commission " + signed(t.CommissionDifference, t.Currency)
		}
	}
	s += "."
	if m.first > 0 {
		s += " Reports in " + c.ws.Currency + ", which count " + strconv.Itoa(m.first) + " of them as 0 until now, get the rate of the day."
	}
	if m.rates > m.first {
		s += " " + plural(int64(m.rates-m.first), "conversion takes", "conversions take") + " another rate to " + c.ws.Currency + "."
	}
	if m.money == 0 {
		return s + " What was booked stays: nothing is posted to the ledger." + more(res)
	}
	if slices.ContainsFunc(res.Totals(), func(t books.RepriceTotal) bool { return t.CommissionDifference != 0 }) {
		s += " What publishers are owed changes with it."
	}
	return s + " The old entries stay." + more(res)
}

// more says that a repricing is not all of it.
func more(res *books.RepriceResult) string {
	if res.Next == "" {
		return ""
	}
	return " There are more than " + count(books.MaxReprice) + " conversions: these are the newest of them, and the rest is behind the link above."
}

// moves counts the lines of a repricing by what changes in them: money is posted to the
// ledger, a rate only changes what reports make of the conversion.
type moves struct {
	money int
	rates int
	first int // of the rates: there was none before
}

func movesOf(res *books.RepriceResult) moves {
	var m moves
	for _, l := range res.Lines {
		if l.Skipped != "" {
			continue
		}
		cv := l.Conversion
		if l.Revenue != cv.Revenue || l.Commission != cv.Commission {
			m.money++
		}
		if l.Report.Rate != cv.Report.Rate {
			m.rates++
			if cv.Report.Rate == "" {
				m.first++
			}
		}
	}
	return m
}

// signed writes an amount with its sign and currency.
func signed(minor int64, currency string) string {
	if minor > 0 {
		return "+" + withCurrency(minor, currency)
	}
	return withCurrency(minor, currency)
}

// fillReprice adds figures and lines.
func (c *call) fillReprice(p *repricePage, res *books.RepriceResult) {
	p.Figures = []figure{{Label: "Looked at", Value: count(int64(res.Checked))}, {Label: "Change", Value: count(int64(res.Changed))}, {Label: "Left as they are", Value: count(int64(res.Skipped())), Help: "Locked, paid and refused conversions, and those the present terms cannot price."}}
	for _, t := range res.Totals() {
		p.Figures = append(p.Figures,
			figure{Label: "Revenue", Value: amount(t.RevenueBefore, t.Currency) + " → " + amount(t.RevenueAfter, t.Currency), Unit: t.Currency, Money: true},
			figure{Label: "Commission", Value: amount(t.CommissionBefore, t.Currency) + " → " + amount(t.CommissionAfter, t.Currency), Unit: t.Currency},
			figure{Label: "Profit changes by", Value: strings.TrimSuffix(signed(t.RevenueDifference-t.CommissionDifference, t.Currency), "\u00a0"+t.Currency), Unit: t.Currency})
	}
	p.Lines = &table{Label: "Conversions that change", Columns: []column{{Label: "Happened"}, {Label: "Order"}, {Label: "State", Class: "opt"}, {Label: "Revenue", Class: "num"}, {Label: "After", Class: "num", Help: "By the offer's present terms."},
		{Label: "Commission", Class: "num opt"}, {Label: "After", Class: "num opt", Help: "By the present terms."}, {Label: "Set by", Class: "fill wide"}},
		Empty: &empty{Sentence: "Nothing changes: the present terms make the same of every conversion selected."}}
	rated := movesOf(res).rates > 0
	if rated {
		p.Lines.Columns = append(p.Lines.Columns[:5:5], append([]column{{Label: "Rate to\u00a0" + c.ws.Currency, Class: "num"}}, p.Lines.Columns[5:]...)...)
	}
	skipped := &table{Label: "Conversions that stay as they are", Columns: []column{{Label: "Happened"}, {Label: "Order"}, {Label: "Revenue", Class: "num"}, {Label: "Why", Class: "fill"}}}
	changed := 0
	for _, l := range res.Lines {
		cv := l.Conversion
		href := c.at("conversions/" + cv.ID)
		when, order := timeCell(cv.At, c.loc, c.Now()), cell{Text: orElse(cv.Order, short(cv.ID)), Href: href, Class: "lead cut", Title: cv.ID}
		if l.Skipped != "" {
			if len(skipped.Rows) < linesShown {
				skipped.Rows = append(skipped.Rows, row{Href: href, Cells: []cell{when, order, {Text: withCurrency(cv.Revenue, cv.Currency), Class: "num"}, {Text: l.Skipped, Class: "fill brk", Title: l.Skipped}}})
			}
			continue
		}
		changed++
		if len(p.Lines.Rows) < linesShown {
			cells := []cell{when, order, statusCell(string(cv.Status), false).with("opt"),
				{Text: amount(cv.Revenue, cv.Currency), Tone: "muted", Class: "num"}, changedCell(cv.Revenue, l.Revenue, cv.Currency)}
			if rated {
				cells = append(cells, rateCell(cv.Report.Rate, l.Report.Rate))
			}
			p.Lines.Rows = append(p.Lines.Rows, row{Href: href, Cells: append(cells, []cell{
				{Text: amount(cv.Commission, cv.Currency), Tone: "muted", Class: "num opt"}, changedCell(cv.Commission, l.Commission, cv.Currency).with("opt"),
				{Text: l.PayoutRule, Class: "fill wide", Title: l.PayoutRule}}...)})
		}
	}
	if changed > len(p.Lines.Rows) {
		p.Lines.Count = "The first " + count(int64(len(p.Lines.Rows))) + " of " + plural(int64(changed), "row", "rows")
	}
	if len(skipped.Rows) > 0 {
		p.Skipped = skipped
	}
}

// rateCell is a rate to the reporting currency, and the one it was before.
func rateCell(before, after string) cell {
	if before == after {
		return cell{Text: orDash(after), Tone: "muted", Class: "num"}
	}
	return cell{Text: orElse(before, "none") + " → " + orElse(after, "none"), Class: "num"}
}

// changedCell is a new amount, coloured by what it is against the old one.
func changedCell(before, after int64, currency string) cell {
	out := cell{Text: withCurrency(after, currency), Class: "num"}
	switch {
	case after > before:
		out.Tone = "good"
	case after < before:
		out.Tone = "bad"
	}
	return out
}

// repriceConfirm posts what was previewed, if it would still do the same.
func (c *call) repriceConfirm() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.write() {
		return catalog.ErrNotFound
	}
	reason := strings.TrimSpace(v.Get("reason"))
	if r := []rune(reason); len(r) > 500 {
		reason = string(r[:500])
	}
	q, wrong := c.repriceQuery(v)
	if wrong != "" {
		return c.showReprice(http.StatusUnprocessableEntity, v, "", reason)
	}
	if reason == "" {
		return c.showReprice(http.StatusUnprocessableEntity, v, "Nothing was posted: say why. The reason stays in the history of each conversion.", "")
	}
	preview, err := c.Decide.Reprice(c.r.Context(), c.who, c.ws.ID, q, false, "")
	if err != nil {
		return err
	}
	if preview.Fingerprint() != v.Get("expect") {
		return c.showReprice(http.StatusConflict, v, "Nothing was posted: conversions or terms changed since the preview. This is what it would do now.", reason)
	}
	res, err := c.Decide.Reprice(c.r.Context(), c.who, c.ws.ID, q, true, reason)
	if err != nil {
		return err
	}
	if c.Diagnosis != nil {
		c.Diagnosis.Forget(c.ws.ID, q.Offer)
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, q.Offer)
	if err != nil {
		return err
	}
	p := c.newRepricePage(o, v, q)
	p.Head.State = &state{Word: "posted", Tone: "good"}
	p.Ledger = c.at("ledger")
	p.Done = plural(int64(res.Changed), "conversion was", "conversions were") + " repriced. "
	if m := movesOf(res); m.money > 0 {
		p.Done += "The ledger has " + plural(int64(m.money), "adjustment", "adjustments") + "; each conversion's page shows what changed, with the reason."
	} else {
		p.Head.State.Word = "done"
		p.Done += "Reports in " + c.ws.Currency + " have them at the rate of their day; the ledger stays as it was."
	}
	c.fillReprice(&p, res)
	return show(c, "reprice", "Repricing", p)
}
