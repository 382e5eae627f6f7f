package console

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
)

// deliveryQuery are the filters in the address.
func (c *call) deliveryQuery() outbound.Query {
	return outbound.Query{Workspace: c.ws.ID, Publisher: c.param("publisher"), Offer: c.param("offer"), Postback: c.param("postback"), State: c.param("state"),
		Text: strings.TrimSpace(c.param("q"))}
}

// outbound lists the calls to publishers.
func (c *call) outbound() error {
	q := c.deliveryQuery()
	q.Before, q.Limit = c.param("after"), pageSize+1
	ds, err := c.Outbound.List(c.r.Context(), q)
	if err != nil {
		return err
	}
	counts, err := c.Outbound.Counts(c.r.Context(), c.ws.ID, q.Publisher)
	if err != nil {
		return err
	}
	more := len(ds) > pageSize
	if more {
		ds = ds[:pageSize]
	}
	t := c.deliveryTable(ds, true, "A postback tells a publisher's tracker of its conversions. Make one on the publisher's page.")
	if len(ds) > 0 {
		t.Count = plural(int64(len(ds)), "row", "rows")
	}
	if more {
		t.Next = c.same("after", ds[len(ds)-1].ID)
	}
	if q.Before != "" {
		t.First = c.same("after", "")
	}
	filtered := q.Publisher != "" || q.Offer != "" || q.Postback != "" || q.State != "" || q.Text != "" || q.Before != ""
	if filtered {
		t.Empty = &empty{Sentence: "No call matches the filter.", Action: &link{Label: "Show all", URL: c.at("outbound")}}
	}
	page := listPage{Head: head{Title: "Outbound", Note: "Calls to publishers, newest first"}, Table: t}
	if len(ds) > 0 || filtered {
		page.Filters, err = c.deliveryFilters(q, counts)
		if err != nil {
			return err
		}
	}
	if c.write() && q.State == outbound.StateDead && len(ds) > 0 {
		a := action{Label: "Send all of these again", URL: c.plain("outbound/resend-dead"), Post: true, Kind: "primary"}
		for _, name := range []string{"publisher", "offer", "postback", "q"} {
			a.Fields = append(a.Fields, hidden{name, c.param(name)})
		}
		page.Head.Actions = []action{a}
	}
	return show(c, "list", "Outbound", page)
}

// deliveryStates are the words of the filter.
var deliveryStates = map[string]string{outbound.StateWaiting: "Waiting", outbound.StateSent: "Sent", outbound.StateDead: "Given up", outbound.StateHeld: "Held", outbound.StateResent: "Sent again", outbound.StateTest: "Tests"}

func (c *call) deliveryFilters(q outbound.Query, counts outbound.Counts) (filters, error) {
	f := filters{Action: c.r.URL.Path, Keep: c.keep("publisher", "offer", "q", "after"), Chips: []chip{{Label: "All", URL: c.same("state", "", "after", ""), Current: q.State == ""}}}
	numbers := map[string]int64{outbound.StateWaiting: counts.Waiting, outbound.StateDead: counts.Dead, outbound.StateHeld: counts.Held}
	for _, s := range outbound.States {
		ch := chip{Label: deliveryStates[s], URL: c.same("state", s, "after", ""), Current: q.State == s}
		if n, ok := numbers[s]; ok {
			ch.Count = count(n)
		}
		f.Chips = append(f.Chips, ch)
	}
	pubs, err := c.choicesOf(catalog.KindPublisher, "All publishers")
	if err != nil {
		return f, err
	}
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return f, err
	}
	f.Fields = []field{
		{Widget: "select", Name: "publisher", Label: "Publisher", Choices: selected(pubs, q.Publisher)},
		{Widget: "select", Name: "offer", Label: "Offer", Choices: selected(offers, q.Offer)},
		{Widget: "text", Name: "q", Label: "URL, conversion or id", Value: q.Text},
	}
	return f, nil
}

// deliveryTable is a table of deliveries; named adds whose they are.
func (c *call) deliveryTable(ds []*outbound.Delivery, named bool, sentence string) *table {
	var pubs []string
	for _, d := range ds {
		pubs = append(pubs, d.Publisher)
	}
	names := c.names(catalog.KindPublisher, pubs...)
	t := &table{Label: "Calls", Empty: &empty{Sentence: sentence}, Columns: []column{
		{Label: "Time"}, {Label: "State"}, {Label: "Tells", Class: "opt"}, {Label: "Answer"}, {Label: "Tries", Class: "num"}, {Label: "Next try", Class: "opt"}, {Label: "URL", Class: "fill"},
	}}
	if named {
		t.Columns = slices.Insert(t.Columns, 1, column{Label: "Publisher", Class: "opt"})
	}
	for _, d := range ds {
		href := c.at("outbound/" + d.ID)
		next := timeCell(d.NextAt, c.loc, c.Now()).with("opt")
		if d.NextAt == 0 {
			next = cell{Text: undefined, Tone: "zero", Class: "opt"}
		}
		cells := []cell{timeCell(d.Created, c.loc, c.Now()), statusCell(d.State, false), textCell(d.Tells).with("opt"), deliveryAnswer(d), countCell(d.Tries), next, {Text: d.URL, Href: href, Class: "fill mono", Title: d.URL}}
		if named {
			cells = slices.Insert(cells, 1, cell{Text: nameOr(names, d.Publisher), Class: "opt cut"})
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: cells})
	}
	return t
}

// deliveryAnswer says in few words what came back.
func deliveryAnswer(d *outbound.Delivery) cell {
	switch {
	case d.Error != "":
		return cell{Text: d.Error, Tone: "bad", Title: d.Error, Class: "cut"}
	case d.Status == 0:
		return cell{Text: undefined, Tone: "zero"}
	}
	t := ""
	if d.Status < 200 || d.Status > 299 {
		t = "bad"
	}
	return cell{Text: "HTTP " + itoa(int(d.Status)), Tone: t}
}

// delivery tells one call's story: what was to be told, each try with its answer, and what
// became of it.
func (c *call) delivery() error {
	d, tries, err := c.Outbound.Get(c.r.Context(), c.ws.ID, "", c.r.PathValue("id"))
	if err != nil {
		return err
	}
	title := "Call of " + clock(d.Created, c.loc, c.Now())
	if d.State == outbound.StateTest {
		title = "Test of " + clock(d.Created, c.loc, c.Now())
	}
	p := storyPage{Head: head{Crumb: &link{Label: "Outbound", URL: c.at("outbound")}, Title: title, State: &state{Word: d.State, Tone: toneOf(d.State)}}, Verdict: c.deliveryVerdict(d)}
	if c.write() && d.ResentAs == "" && (d.State == outbound.StateDead || d.State == outbound.StateSent || d.State == outbound.StateHeld) {
		p.Decisions = []decision{{Label: "Send again", Action: c.plain("outbound/" + d.ID + "/resend"), Confirm: "Send again",
			Consequence: "The same values are sent again at once, by the postback as it is now, and tried for as long as a new call would be."}}
	}
	made := step{Title: "Made", at: d.Created, Folds: []fold{{"Request", strings.TrimSpace(d.Method + " " + d.URL + "\n\n" + d.Body)}, {"Values", valueLines(d)}}}
	if d.Actor != "" {
		made.Pairs = []pair{{Label: "By", Value: d.Actor}}
	}
	steps := []step{made}
	for _, t := range tries {
		steps = append(steps, tryStep(t))
	}
	p.Steps = c.inOrder(steps)
	p.Side = []sideBox{{"Call", c.deliverySide(d)}}
	return show(c, "story", title, p)
}

// deliveryVerdict says what became of a call.
func (c *call) deliveryVerdict(d *outbound.Delivery) *verdictLine {
	failed := orElse(d.Error, "HTTP "+itoa(int(d.Status)))
	switch d.State {
	case outbound.StateSent:
		return &verdictLine{"The publisher's server took it and answered HTTP " + itoa(int(d.Status)) + ".", ""}
	case outbound.StateDead:
		return &verdictLine{"It was given up: " + failed + ".", "bad"}
	case outbound.StateHeld:
		return &verdictLine{"It is held: its postback is paused because its calls failed. Once that is active again, it is sent.", "warn"}
	case outbound.StateResent:
		return &verdictLine{"It was given up: " + failed + ". It was sent again as another call.", ""}
	case outbound.StateTest:
		if d.Error != "" {
			return &verdictLine{"The test failed: " + d.Error + ".", "bad"}
		}
		return &verdictLine{"The test was taken: HTTP " + itoa(int(d.Status)) + ". Nothing was told: its ids are made up.", ""}
	}
	said := "It is tried again " + clock(d.NextAt, c.loc, c.Now()) + "."
	if d.Error != "" {
		said += " The last error: " + d.Error + "."
	}
	return &verdictLine{said, ""}
}

// valueLines are the values a call was made with, a line each.
func valueLines(d *outbound.Delivery) string {
	named := d.Values()
	if named == nil {
		return "They were not kept yet when this call was made."
	}
	var out []string
	for _, id := range macro.PostbackTokens.IDs() {
		if v := named[macro.Tokens[id].Name]; v != "" {
			out = append(out, "{"+macro.Tokens[id].Name+"} "+v)
		}
	}
	return strings.Join(out, "\n")
}

func tryStep(t *outbound.Try) step {
	s := step{Tone: "good", Title: "Try " + itoa(int(t.N)), at: t.At, Sentence: "The server answered HTTP " + itoa(int(t.Status)) + "."}
	if t.Error != "" {
		s.Tone, s.Sentence = "bad", sentence(t.Error)
	}
	s.Pairs = []pair{{Label: "Took", Value: strconv.FormatInt(t.Took/1000, 10) + " ms"}}
	if t.Headers != "" {
		s.Folds = append(s.Folds, fold{"Headers sent", t.Headers})
	}
	if t.Answer != "" {
		s.Folds = append(s.Folds, fold{"Answer", t.Answer})
	}
	return s
}

func (c *call) deliverySide(d *outbound.Delivery) []pair {
	ps := []pair{{Label: "Publisher", Value: c.nameOf(catalog.KindPublisher, d.Publisher), Href: c.at("publishers/" + d.Publisher)}}
	if d.Postback != "" {
		ps = append(ps, pair{Label: "Postback", Value: "its settings", Href: c.at("postbacks/" + d.Postback)})
	}
	if d.Conversion != "" {
		ps = append(ps, pair{Label: "Conversion", Value: d.Conversion, Href: c.at("conversions/" + d.Conversion)}, pair{Label: "Told state", Value: orDash(d.Tells)})
	}
	if d.Resends != "" {
		ps = append(ps, pair{Label: "Repeats", Value: d.Resends, Href: c.at("outbound/" + d.Resends)})
	}
	if d.ResentAs != "" {
		ps = append(ps, pair{Label: "Repeated by", Value: d.ResentAs, Href: c.at("outbound/" + d.ResentAs)})
	}
	return append(ps, pair{Label: "Tries", Value: itoa(int(d.Tries))}, pair{Label: "Id", Value: d.ID})
}

// deliveryResend sends one call again.
func (c *call) deliveryResend() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	id := c.r.PathValue("id")
	d, err := c.Outbound.Resend(c.r.Context(), c.ws.ID, "", id, c.who.ID)
	if errors.Is(err, outbound.ErrFinal) {
		c.say("It is still tried, or was sent again already.", nil)
		return c.redirect(c.at("outbound/" + id))
	}
	if err != nil {
		return err
	}
	c.say("It is sent again, as this call.", nil)
	return c.redirect(c.at("outbound/" + d.ID))
}

// deliveriesResend sends all dead calls of a filter again.
func (c *call) deliveriesResend() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	n, err := c.Outbound.ResendDead(c.r.Context(), outbound.Query{Workspace: c.ws.ID, Publisher: v.Get("publisher"), Offer: v.Get("offer"), Postback: v.Get("postback"), Text: v.Get("q")}, c.who.ID)
	if err != nil {
		return err
	}
	c.say(plural(int64(n), "call is", "calls are")+" sent again.", nil)
	return c.redirect(c.at("outbound"))
}

// postback is a postback's page: its settings, a test, and what it told.
func (c *call) postback() error {
	e, err := get[*catalog.Postback](c, catalog.KindPostback, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := panelsPage{Head: c.entityHead(e, "postbacks", "Publishers", e.Title(), e.Status)}
	page.Head.Crumb = &link{Label: c.nameOf(catalog.KindPublisher, e.Publisher), URL: c.at("publishers/"+e.Publisher) + "#postbacks"}
	if c.write() && !e.Archived {
		page.Head.Actions = append(page.Head.Actions, action{Label: "Send a test", URL: c.plain("postbacks/" + e.ID + "/test"), Icon: "send", Post: true, Kind: "primary"})
		if e.Suspended() {
			page.Head.Actions = append(page.Head.Actions, action{Label: "Resume", URL: c.plain("postbacks/" + e.ID + "/resume"), Post: true})
		}
	}
	ds, err := c.Outbound.List(c.r.Context(), outbound.Query{Workspace: c.ws.ID, Postback: e.ID, Limit: 20})
	if err != nil {
		return err
	}
	called := panel{ID: "called", Title: "What it calls", Note: e.Method, Copies: []copyField{{ID: "url", Label: "URL", Value: e.URL, Open: true}}}
	if !c.write() {
		called.Copies[0].Value = outbound.MaskURL(e.URL)
	}
	if e.BodyKind != "" {
		called.Copies = append(called.Copies, copyField{ID: "body", Label: "Body", Value: c.bodyShown(e), Open: true})
	}
	if e.Suspended() {
		page.Head.Note = "Paused because its calls failed. " + e.PausedFor + " What it has to tell is held, and sent once it is resumed."
	}
	page.Panels = []panel{called, {ID: "about", Title: "About", Pairs: c.postbackLines(e)},
		{ID: "calls", Title: "Calls", Table: c.deliveryTable(ds, false, "It has called nobody yet. Send a test to see what the tracker answers."), More: &link{Label: "All of them", URL: c.at("outbound", "postback", e.ID)}}}
	return show(c, "panels", e.Title(), page)
}

// bodyShown is a postback's body, without its secrets for who may only read.
func (c *call) bodyShown(e *catalog.Postback) string {
	if c.write() {
		return e.Body
	}
	return outbound.MaskBody(e.BodyKind, e.Body)
}

// postbackResume makes a postback active again that was paused for failing.
func (c *call) postbackResume() error {
	e, err := get[*catalog.Postback](c, catalog.KindPostback, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	if e.Suspended() {
		d, ok := catalog.DocOf(e, "").(*catalog.PostbackDoc)
		if !ok {
			return catalog.ErrNotFound
		}
		d.Status = catalog.StatusActive
		_, err = c.Catalog.Update(c.r.Context(), c.who, c.ws.ID, e.ID, e.Version, d)
		if err != nil {
			return err
		}
	}
	return c.redirect(c.at("postbacks/" + e.ID))
}

// postbackTest calls a postback once about nothing and shows what came back.
func (c *call) postbackTest() error {
	if !c.write() {
		return catalog.ErrNotFound
	}
	e, err := get[*catalog.Postback](c, catalog.KindPostback, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	d, _, err := c.Outbound.Test(c.r.Context(), e, c.who.ID)
	if err != nil {
		return err
	}
	return c.redirect(c.at("outbound/" + d.ID))
}
