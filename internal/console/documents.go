package console

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"clickledger/internal/catalog"
	"clickledger/internal/document"
	"clickledger/internal/document/paper"
)

// documentKinds are the kinds in the order of the filter.
var documentKinds = []document.Kind{document.Invoice, document.CreditNote, document.Statement}

var errDocuments = catalog.ErrNotFound // where there are none on this server

// documents lists documents, and issues them.
func (c *call) documents() error { return c.showDocuments(http.StatusOK, nil, nil) }

func (c *call) showDocuments(status int, posted url.Values, errs map[string]string) error {
	if c.Documents == nil {
		return errDocuments
	}
	q := document.Query{Workspace: c.ws.ID, Kind: document.Kind(c.param("kind")), Party: c.param("party"), Before: c.param("after"), Limit: pageSize + 1}
	ds, err := c.Documents.List(c.r.Context(), c.who, q)
	if err != nil {
		return err
	}
	t := c.documentTable(ds, true)
	if len(ds) > pageSize {
		t.Rows = t.Rows[:pageSize]
		t.Next = c.same("after", ds[pageSize-1].ID)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	t.Empty = &empty{Sentence: "No document was issued yet: choose the last day of a period below.", API: c.curl("documents/preview", `{"kind":"invoice","through":"2026-01-31"}`)}
	if q.Kind != "" || q.Party != "" || q.Before != "" {
		t.Empty = &empty{Sentence: "There is no such document.", Action: &link{Label: "Show all", URL: c.plain("documents")}}
	}
	p := panelsPage{Head: head{Title: "Documents", Note: "Invoices, credit notes and statements, newest first; none is ever changed"}, Panels: []panel{{ID: "documents", Table: t}}}
	if q.Party != "" {
		p.Head.Note = "Of " + nameOr(c.parties([]string{q.Party}), q.Party) + ", newest first"
	}
	p.Filters = filters{Action: c.r.URL.Path, Chips: []chip{{Label: "All", URL: c.plain("documents", "party", q.Party), Current: q.Kind == ""}}}
	for _, k := range documentKinds {
		p.Filters.Chips = append(p.Filters.Chips, chip{Label: document.Kinds[k].Plural, URL: c.plain("documents", "party", q.Party, "kind", string(k)), Current: q.Kind == k})
	}
	if c.write() {
		p.Head.Actions = []action{{Label: "Names and texts", URL: c.plain("documents/texts")}}
		now := c.Now().In(c.loc)
		if posted == nil {
			posted = url.Values{"through": {now.AddDate(0, 0, -now.Day()).Format("2006-01-02")}, "party": {q.Party}}
			if q.Party != "" && partyPath(q.Party) == "publishers/" {
				posted.Set("kind", string(document.Statement))
			}
		}
		parties, err := c.choicesOf(catalog.KindAdvertiser, "All")
		if err != nil {
			return err
		}
		pubs, err := c.choicesOf(catalog.KindPublisher, "All")
		if err != nil {
			return err
		}
		parties = append(parties, pubs[1:]...)
		f := plainForm("issue", c.plain("documents/preview"), "Preview", []fieldSpec{
			{name: "kind", label: "What", width: "w2", choices: options(string(document.Invoice), "Invoices and credit notes", string(document.Statement), "Statements")},
			{name: "through", label: "Through", width: "w2", example: "2026-01-31", help: "The last day of the period. It begins where the one before ended."},
			{name: "party", label: "To", width: "w2", choices: parties, help: "Invoices are to advertisers, statements to publishers."},
		}, posted, errs)
		p.Panels = append(p.Panels, panel{ID: "issue", Title: "Issue", Note: "What would be issued is shown first.", Form: &f})
	}
	return showStatus(c, status, "panels", "Documents", p)
}

// documentTable lists documents, with whom they are to where they are to several; drafts
// have no number and lead nowhere.
func (c *call) documentTable(ds []*document.Document, parties bool) *table {
	t := &table{Label: "Documents", Columns: []column{{Label: "Number"}, {Label: "Kind", Class: "opt"}, {Label: "To", Class: "fill"}, {Label: "Period", Class: "wide"}, {Label: "Due", Class: "wide"}, {Label: "Amount", Class: "num"}}}
	var ids []string
	for _, d := range ds {
		ids = append(ids, d.Party)
	}
	names := map[string]string{}
	if parties {
		names = c.parties(ids)
	} else {
		t.Columns = slices.Delete(t.Columns, 2, 3)
		t.Columns[2].Class = "fill"
	}
	for _, d := range ds {
		name := orElse(names[d.Party], d.Body.Recipient.Name)
		r := row{Cells: []cell{{Text: "not issued", Tone: "muted"}, {Text: document.Kinds[d.Kind].Name, Class: "opt"}, {Text: name, Class: "fill", Title: name},
			{Text: d.Body.FirstDay + " to " + d.Body.LastDay, Class: "wide"}, textCell(d.Body.DueOn).with("wide"), {Text: withCurrency(d.Total, d.Currency), Class: "num"}}}
		if !parties {
			r.Cells = slices.Delete(r.Cells, 2, 3)
			r.Cells[2].Class = "fill brk"
		}
		if d.ID != "" {
			r.Href = c.plain("documents/" + d.ID)
			r.Cells[0] = cell{Text: d.Kind.Name(d.Number), Href: r.Href, Class: "lead"}
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// issueAsked reads the form.
func (c *call) issueAsked() (url.Values, document.IssueDoc, error) {
	if c.Documents == nil {
		return nil, document.IssueDoc{}, errDocuments
	}
	v, err := c.formValues()
	if err != nil {
		return nil, document.IssueDoc{}, err
	}
	return v, document.IssueDoc{Kind: v.Get("kind"), Through: v.Get("through"), Party: v.Get("party")}, nil
}

// documentsPreview shows what would be issued.
func (c *call) documentsPreview() error {
	v, d, err := c.issueAsked()
	if err != nil {
		return err
	}
	run, err := c.Documents.Preview(c.r.Context(), c.who, c.ws.ID, d)
	if errs, refused := fieldErrors(err); refused {
		return c.showDocuments(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	t := c.documentTable(run.Documents, true)
	t.Empty = &empty{Sentence: "Nobody has something in the period, so nothing would be issued.", Action: &link{Label: "Back", URL: c.plain("documents")}}
	p := panelsPage{Head: head{Crumb: &link{Label: "Documents", URL: c.plain("documents")}, Title: "Preview", Note: "Nothing is issued yet"}}
	if run.Fresh > 0 && c.write() {
		says := plural(int64(run.Fresh), "document is", "documents are") + " issued, with the next numbers. None is ever changed or deleted; what changes later is on the next ones."
		p.Panels = append(p.Panels, panel{ID: "issue", Title: "Issue", Confirm: &confirmView{Action: c.plain("documents"), Says: []string{says}, Button: "Issue " + plural(int64(run.Fresh), "document", "documents"),
			Hidden: []hidden{{"kind", d.Kind}, {"through", d.Through}, {"party", d.Party}}}})
	}
	p.Panels = append(p.Panels, panel{ID: "documents", Title: "Documents", Note: "Those with a number were issued before.", Table: t})
	for _, x := range run.Documents {
		if x.ID == "" && len(p.Panels) < 22 { // the first twenty, with their lines
			p.Panels = append(p.Panels, panel{Title: document.Kinds[x.Kind].Name + " to " + x.Body.Recipient.Name + ", " + x.Currency, Table: c.documentLines(x, nil)})
		}
	}
	return show(c, "panels", "Preview", p)
}

// documentsIssue issues what the preview has shown.
func (c *call) documentsIssue() error {
	v, d, err := c.issueAsked()
	if err != nil {
		return err
	}
	run, err := c.Documents.Issue(c.r.Context(), c.who, c.ws.ID, d)
	if errs, refused := fieldErrors(err); refused {
		return c.showDocuments(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say(plural(int64(run.Fresh), "document was", "documents were")+" issued.", nil)
	if len(run.Documents) == 1 {
		return c.redirect(c.plain("documents/" + run.Documents[0].ID))
	}
	return c.redirect(c.plain("documents"))
}

// documentLines are a document's lines, with its balances or its total.
func (c *call) documentLines(d *document.Document, href func(line int64) string) *table {
	t := &table{Label: "Lines", Columns: []column{{Label: "What"}, {Label: "Offer", Class: "fill"}, {Label: "Count", Class: "num opt"}, {Label: "Amount", Class: "num"}}}
	sum := func(label string, minor int64) row {
		return row{Cells: []cell{{Text: label, Class: "lead"}, {Class: "fill"}, {Class: "num opt"}, amountCell(minor, d.Currency).with("lead")}}
	}
	if d.Kind == document.Statement {
		t.Rows = append(t.Rows, sum("Opening balance", d.Body.Opening))
	}
	for i := range d.Body.Lines {
		l := &d.Body.Lines[i]
		what := l.Text()
		if l.InvoiceNo != 0 {
			what += " of " + document.Invoice.Name(l.InvoiceNo)
		}
		where := paper.Where(l)
		r := row{Cells: []cell{{Text: what}, {Text: where, Class: "fill", Title: where}, {Text: count(l.Count), Class: "num opt"}, amountCell(l.Amount, d.Currency)}}
		if href != nil {
			r.Href = href(l.No)
			r.Cells[0].Href = r.Href
		}
		t.Rows = append(t.Rows, r)
	}
	last := "Total"
	if d.Kind == document.Statement {
		last = "Closing balance"
	}
	t.Rows = append(t.Rows, sum(last, d.Total))
	return t
}

// document shows one, and what is behind one of its lines.
func (c *call) document() error {
	if c.Documents == nil {
		return errDocuments
	}
	line, _ := strconv.ParseInt(c.param("line"), 10, 64) // anything else is none
	d, rows, err := c.Documents.Details(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"), line, c.param("after"), pageSize+1)
	if err != nil {
		return err
	}
	p := c.documentPage(d, line, rows, c.at)
	p.Head.Crumb = &link{Label: "Documents", URL: c.plain("documents")}
	p.Panels[0].Pairs = append([]pair{{Label: "To", Value: d.Body.Recipient.Name, Href: c.at(partyPath(d.Party) + d.Party)}}, p.Panels[0].Pairs...)
	p.Panels[0].Pairs = append(p.Panels[0].Pairs, pair{Label: "Issued", Value: minute(d.Issued, c.loc) + " by " + c.actorName(d.Actor), Title: utc(d.Issued)}, pair{Label: "Id", Value: d.ID})
	return show(c, "panels", d.Kind.Name(d.Number), p)
}

// documentPage is the page of a document, for staff and for its party. conversions gives the
// address of a page; nil where the party has none.
func (c *call) documentPage(d *document.Document, line int64, rows []document.Detail, conversions func(path string, params ...string) string) panelsPage {
	self := "documents/" + d.ID
	p := panelsPage{Head: head{Title: document.Kinds[d.Kind].Name + " " + d.Kind.Name(d.Number), Note: d.Body.FirstDay + " to " + d.Body.LastDay + ", " + d.Body.TimeZone, Actions: []action{
		{Label: "Print", URL: c.plain(self + "/print")}, {Label: "Export CSV", URL: c.plain(self+"/items.csv", "line", c.param("line")), Icon: "download", Download: true},
	}}}
	total := "Total"
	if d.Kind == document.Statement {
		total = "Closing balance"
	}
	about := panel{ID: "about", Title: "Document", Pairs: []pair{{Label: total, Value: withCurrency(d.Total, d.Currency)}}}
	if d.Body.DueOn != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Due", Value: d.Body.DueOn})
	}
	if d.Kind == document.Statement {
		about.Pairs = append(about.Pairs, pair{Label: "Pending at its end", Value: withCurrency(d.Body.Pending, d.Currency)}, pair{Label: "In payment at its end", Value: withCurrency(d.Body.InPayment, d.Currency)})
	}
	lines := panel{ID: "lines", Title: "Lines", Note: "Choose a line to see what is behind it.", Table: c.documentLines(d, func(n int64) string {
		return c.plain(self, "line", strconv.FormatInt(n, 10)) + "#items"
	})}
	p.Panels = []panel{about, lines}
	if line != 0 {
		items := panel{ID: "items", Title: "Behind line " + strconv.FormatInt(line, 10), Table: c.detailTable(d, rows, conversions), More: &link{Label: "Show all lines", URL: c.plain(self)}}
		p.Panels = append(p.Panels, items)
	}
	return p
}

func (c *call) detailTable(d *document.Document, rows []document.Detail, conversions func(path string, params ...string) string) *table {
	when := "Converted"
	if d.Kind == document.Statement {
		when = "Booked"
	}
	t := &table{Label: "Items", Columns: []column{{Label: when}, {Label: "Conversion", Class: "fill"}, {Label: "Order", Class: "opt"}, {Label: "Amount", Class: "num"}},
		Empty: &empty{Sentence: "These bookings are not listed: they are the difference of what the balance was, and what the statement before said."}}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		t.Next = c.same("after", rows[pageSize-1].Cursor)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	for _, x := range rows {
		what := cell{Text: cmp.Or(x.Conversion, words(x.Kind)), Class: "fill mono cut", Title: cmp.Or(x.Conversion, x.Booking)}
		r := row{}
		if x.Conversion != "" && conversions != nil {
			r.Href = conversions("conversions/" + x.Conversion)
			what.Href = r.Href
		}
		r.Cells = []cell{timeCell(x.At, c.loc, c.Now()), what, textCell(x.Order).with("opt cut"), amountCell(x.Amount, d.Currency)}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// documentPrint shows a document as it is printed.
func (c *call) documentPrint() error {
	if c.Documents == nil {
		return errDocuments
	}
	d, err := c.Documents.Get(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.sendPaper(d)
}

func (c *call) sendPaper(d *document.Document) error {
	css, err := c.ui.assets.url("paper.css")
	if err != nil {
		return err
	}
	self := "documents/" + d.ID
	b, err := paper.Render(d, paper.Frame{CSS: css, Back: c.plain(self), Line: func(n int64) string { return c.plain(self, "line", strconv.FormatInt(n, 10)) + "#items" }})
	if err != nil {
		return err
	}
	return c.send(http.StatusOK, b)
}

// documentCSV exports what is behind a document, or behind one of its lines.
func (c *call) documentCSV() error {
	if c.Documents == nil {
		return errDocuments
	}
	line, _ := strconv.ParseInt(c.param("line"), 10, 64)
	d, write, err := c.Documents.Exporter(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"), line)
	if err != nil {
		return err
	}
	return c.sendFile(d.Kind.Name(d.Number)+".csv", write)
}

// sendFile writes a CSV; when it breaks off, so does the answer.
func (c *call) sendFile(name string, write func(ctx context.Context, w io.Writer) error) error {
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "private, no-store")
	err := write(c.r.Context(), c.w)
	if err != nil {
		c.Logger.Error("console: an export broke off", "request", c.id, "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	}
	return nil
}

// documentTexts are what documents say about the workspace, or about a party.
func (c *call) documentTexts() error { return c.showDocumentTexts(http.StatusOK, nil, nil) }

func (c *call) showDocumentTexts(status int, posted url.Values, errs map[string]string) error {
	if c.Documents == nil {
		return errDocuments
	}
	party := c.param("party")
	x, err := c.Documents.Texts(c.r.Context(), c.who, c.ws.ID, party)
	if err != nil {
		return err
	}
	d := document.TextsDoc{Name: x.Name, Address: x.Address, TaxID: x.TaxID, DueDays: x.DueDays, Payment: x.Payment, Footer: x.Footer}
	h := head{Crumb: &link{Label: "Documents", URL: c.plain("documents")}, Title: "Names and texts on documents", Note: "Documents that were issued keep theirs"}
	fields := []fieldSpec{{name: "name", optional: true}, {name: "address", widget: "area", optional: true}, {name: "tax_id", label: "Tax id", optional: true, width: "w3"}}
	var skip []string
	switch {
	case party == "":
		fields = append(fields, fieldSpec{name: "due_days", label: "Due after", unit: "days", width: "w3", help: "From the day an invoice is issued."}, fieldSpec{name: "payment", label: "How to pay", widget: "area", optional: true, help: "On invoices."}, fieldSpec{name: "footer", widget: "area", optional: true})
	default:
		name := nameOr(c.parties([]string{party}), party)
		h.Title, skip = name+" on documents", []string{"payment", "footer"}
		h.Crumb = &link{Label: name, URL: c.at(partyPath(party) + party)}
		if partyPath(party) == "publishers/" {
			skip = append(skip, "due_days")
		} else {
			fields = append(fields, fieldSpec{name: "due_days", label: "Due after", unit: "days", width: "w3", help: "0: as the workspace says."})
		}
	}
	f := docForm(&d, []sectionSpec{{fields: fields}}, skip, posted, errs)
	f.Action, f.Submit, f.Cancel = c.plain("documents/texts", "party", party), "Save", c.plain("documents")
	return showStatus(c, status, "panels", h.Title, panelsPage{Head: h, Panels: []panel{{ID: "texts", Form: &f}}})
}

// documentTextsSave writes them.
func (c *call) documentTextsSave() error {
	if c.Documents == nil {
		return errDocuments
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	var d document.TextsDoc
	errs := readDoc(&d, v)
	if len(errs) == 0 {
		_, err = c.Documents.SetTexts(c.r.Context(), c.who, c.ws.ID, c.param("party"), d)
		more, refused := fieldErrors(err)
		if err != nil && !refused {
			return err
		}
		errs = more
	}
	if len(errs) > 0 {
		return c.showDocumentTexts(http.StatusUnprocessableEntity, v, errs)
	}
	c.say("The texts were saved. The next documents have them.", nil)
	if party := c.param("party"); party != "" {
		return c.redirect(c.at(partyPath(party) + party))
	}
	return c.redirect(c.plain("documents"))
}

// partyDocuments is the panel of a party's last documents.
func (c *call) partyDocuments(party string) ([]panel, error) {
	if c.Documents == nil {
		return nil, nil
	}
	ds, err := c.Documents.List(c.r.Context(), c.who, document.Query{Workspace: c.ws.ID, Party: party, Limit: 5})
	if err != nil {
		return nil, err
	}
	t := c.documentTable(ds, false)
	t.Empty = &empty{Sentence: "Nothing was issued yet.", Action: &link{Label: "Issue", URL: c.plain("documents", "party", party) + "#issue"}}
	p := panel{ID: "documents", Title: "Documents", Table: t, More: &link{Label: "All documents", URL: c.plain("documents", "party", party)}}
	if c.write() {
		p.Pairs = []pair{{Label: "Name and address", Value: "as documents say them", Href: c.plain("documents/texts", "party", party)}}
	}
	return []panel{p}, nil
}

// billedOn names the documents that bill a conversion.
func (c *call) billedOn(conversion string) ([]sideBox, error) {
	if c.Documents == nil {
		return nil, nil
	}
	ds, err := c.Documents.List(c.r.Context(), c.who, document.Query{Workspace: c.ws.ID, Conversion: conversion, Limit: pageSize})
	if err != nil || len(ds) == 0 {
		return nil, err
	}
	var out []pair
	for _, d := range ds {
		out = append(out, pair{Label: document.Kinds[d.Kind].Name, Value: d.Kind.Name(d.Number), Href: c.plain("documents/" + d.ID)})
	}
	return []sideBox{{"Billed", out}}, nil
}
