package console

import (
	"net/http"
	"strings"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

// statuses of conversions in the order of their life.
var statuses = []conversion.Status{conversion.Pending, conversion.Approved, conversion.Rejected, conversion.Reversed, conversion.Locked, conversion.Paid}

// conversions lists conversions, newest first, by state, offer, publisher, order
// number or click id.
func (c *call) conversions() error { return c.showConversions(http.StatusOK, "", "") }

func (c *call) showConversions(status int, problem, reason string) error {
	q := conversion.Query{
		Workspace: c.ws.ID, Offer: c.param("offer"), Publisher: c.param("publisher"), Status: conversion.Status(c.param("status")),
		Held: c.param("held") == "true", Before: c.param("after"), Limit: pageSize + 1,
	}
	search := c.param("q")
	if isClickID(search) {
		q.Click = search
	} else {
		q.Order = search
	}
	rows, err := c.Books.ListConversions(c.r.Context(), q)
	if err != nil {
		return err
	}
	more := len(rows) > pageSize
	if more {
		rows = rows[:pageSize]
	}
	t := c.conversionTable(rows, "")
	if more {
		t.Next = c.same("after", rows[len(rows)-1].ID)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	switch {
	case q.Held || q.Offer != "" || q.Publisher != "" || q.Status != "" || search != "" || q.Before != "":
		t.Empty = &empty{Sentence: "No conversion matches the filter.", Action: &link{Label: "Show all", URL: c.at("conversions")}}
	default:
		t.Empty = &empty{Sentence: "A conversion is an accepted goal event: a sale, a lead, a sign-up. It comes in by postback or pixel; each offer's page has what to give the advertiser.",
			Action: &link{Label: "Offers", URL: c.at("offers")}, API: "curl '" + c.origins.Of(c.ws.ID, "") + "/postback?click_id=CLICK_ID&txid=ORDER&token=TOKEN'"}
	}
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return err
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "All publishers")
	if err != nil {
		return err
	}
	f := filters{Action: c.r.URL.Path, Keep: c.keep("q", "offer", "publisher", "after"), Fields: []field{
		{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, q.Offer)},
		{Widget: "select", Name: "publisher", Label: "Publisher", Choices: selected(pubs, q.Publisher)},
		{Widget: "text", Name: "q", Label: "Order or click id", Value: search},
	}}
	f.Chips = append(f.Chips, chip{Label: "All", URL: c.same("status", "", "held", "", "after", ""), Current: q.Status == "" && !q.Held})
	for _, s := range statuses {
		f.Chips = append(f.Chips, chip{Label: label(string(s)), URL: c.same("status", string(s), "held", "", "after", ""), Current: q.Status == s})
	}
	f.Chips = append(f.Chips, chip{Label: "Held", URL: c.same("status", "", "held", "true", "after", ""), Current: q.Held})
	h := head{Title: "Conversions", Note: "Newest first, of all time"}
	if c.write() {
		h.Actions = []action{{Label: "Upload CSV", URL: c.plain("conversions/upload")}, {Label: "Upload decisions", URL: c.plain("conversions/statuses")}, {Label: "Enter a conversion", URL: c.plain("conversions/new"), Icon: "plus"}}
	}
	p := offersPage{Head: h, Filters: f, Table: t}
	if problem != "" {
		p.Result = &bulkReport{Text: problem}
	}
	if c.write() && len(rows) > 0 {
		tickable(t, rows)
		p.Decide = &bulkDecide{Action: c.plain("conversions/decide"), Keep: []hidden{{"back", local(c.r.URL.RequestURI(), c.at("conversions"))}}, Reason: reason,
			Choices: options("approved", "Approve", "rejected", "Reject", "reversed", "Reverse", books.DoHold, "Hold", books.DoRelease, "Release")}
	}
	return showStatus(c, status, "offers", "Conversions", p)
}

func isClickID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// conversionNames resolves the offers and publishers of conversions.
func (c *call) conversionNames(rows []*conversion.Conversion) (offers, pubs map[string]string) {
	var o, p []string
	for _, r := range rows {
		o, p = append(o, r.Offer), append(p, r.Publisher)
	}
	return c.names(catalog.KindOffer, o...), c.names(catalog.KindPublisher, p...)
}

// conversionTable is a table of conversions; the column named by without is left out.
func (c *call) conversionTable(rows []*conversion.Conversion, without string) *table {
	offers, pubs := c.conversionNames(rows)
	t := &table{Label: "Conversions", Columns: []column{{Label: "Time"}, {Label: "Offer", Class: "fill"}}}
	if without != "publisher" {
		t.Columns = append(t.Columns, column{Label: "Publisher", Class: "opt"})
	}
	t.Columns = append(t.Columns, column{Label: "Goal", Class: "opt"}, column{Label: "Order", Class: "opt"}, column{Label: "Matched by", Class: "wide"},
		column{Label: "State"}, column{Label: "Sale", Class: "num wide"}, column{Label: "Revenue", Class: "num", Help: formulas["revenue"]}, column{Label: "Commission", Class: "num opt", Help: formulas["commission"]})
	for _, cv := range rows {
		href := c.at("conversions/" + cv.ID)
		cells := []cell{timeCell(cv.At, c.loc, c.Now()), {Text: nameOr(offers, cv.Offer), Href: href, Class: "fill lead", Title: nameOr(offers, cv.Offer)}}
		if without != "publisher" {
			cells = append(cells, publisherCell(pubs, cv.Publisher))
		}
		rev := cell{Text: withCurrency(cv.Revenue, cv.Currency), Class: "num"}
		if cv.Revenue == 0 {
			rev.Tone = "zero"
		}
		if cv.Warning != "" {
			rev.Tone, rev.Title = "warn", cv.Warning
		}
		comm := cell{Text: withCurrency(cv.Commission, cv.Currency), Class: "num opt"}
		if cv.Commission == 0 {
			comm.Tone = "zero"
		}
		sale := cell{Text: undefined, Tone: "zero", Class: "num wide"}
		if cv.HasSale {
			sale = cell{Text: withCurrency(cv.SaleAmount, cv.Currency), Class: "num wide"}
		}
		order := textCell(cv.Order).with("opt cut")
		order.Title = cv.Order
		state := statusCell(string(cv.Status), false)
		switch { // beyond a cap, or waiting for somebody: said where the eye looks
		case cv.Hold != "" && (cv.Status == conversion.Pending || cv.Status == conversion.Approved):
			state = cell{Word: "held", Tone: "warn", Title: label(string(cv.Status)) + ". " + heldWords(cv)}
		case cv.OverCap != "":
			state.Title = "Beyond the " + cv.OverCap + "."
		}
		cells = append(cells, textCell(cv.GoalKey).with("opt cut"), order, cell{Text: words(cv.Source) + ", " + words(cv.Method), Class: "wide", Tone: "muted"}, state, sale, rev, comm)
		t.Rows = append(t.Rows, row{Href: href, Off: cv.Status == conversion.Rejected || cv.Status == conversion.Reversed, Cells: cells})
	}
	if len(rows) > 0 {
		t.Count = plural(int64(len(rows)), "row", "rows")
	}
	return t
}

// publisherCell names who brought a conversion; without a publisher it is the house.
func publisherCell(names map[string]string, id string) cell {
	if id == "" {
		return cell{Text: "house", Tone: "muted", Class: "opt"}
	}
	return cell{Text: nameOr(names, id), Class: "opt cut", Title: nameOr(names, id)}
}

// findConversion reads one conversion. The reader lists by cursor only, newest first
// and below an id: one character more than the id itself is the cursor right above it.
func (c *call) findConversion(id string) (*conversion.Conversion, error) {
	if id == "" || len(id) > 64 {
		return nil, catalog.ErrNotFound
	}
	rows, err := c.Books.ListConversions(c.r.Context(), conversion.Query{Workspace: c.ws.ID, Before: id + "0", Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || rows[0].ID != id {
		return nil, catalog.ErrNotFound
	}
	return rows[0], nil
}

// decide moves a conversion to another state.
func (c *call) decide() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	to := conversion.Status(v.Get("to"))
	reason := strings.TrimSpace(v.Get("reason"))
	if r := []rune(reason); len(r) > 500 {
		reason = string(r[:500])
	}
	_, err = c.Decide.Decide(c.r.Context(), c.who, c.ws.ID, id, to, reason)
	if err != nil {
		return err
	}
	c.say("The conversion is now "+string(to)+". "+conversionMoved(to), nil)
	return c.redirect(c.at("conversions/" + id))
}

func conversionMoved(to conversion.Status) string {
	switch to {
	case conversion.Approved:
		return "Its commission is available to the publisher."
	case conversion.Rejected, conversion.Reversed:
		return "Its money was taken back; the ledger keeps both entries."
	}
	return ""
}
