package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
	"clickledger/internal/portal"
)

// myPostbacks lists a publisher's postbacks, and how their calls went.
func (c *call) myPostbacks() error {
	rows, err := c.pub.Postbacks(c.r.Context())
	if err != nil {
		return err
	}
	offers, err := c.pub.Own(c.r.Context())
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, o := range offers {
		names[o.ID] = o.Name
	}
	t := &table{Label: "Postbacks", Columns: []column{{Label: "Postback"}, {Label: "Tells of", Class: "opt"}, {Label: "When", Class: "opt"}, {Label: "State"}, {Label: "URL", Class: "fill"}},
		Empty: &empty{Sentence: "A postback tells your tracker of your conversions, at once and again until it is taken."}}
	for _, b := range rows {
		href := c.plain("postbacks/" + b.ID)
		of := "all offers"
		if b.Offer != "" {
			of = orElse(names[b.Offer], "one offer")
		}
		if b.Goal != "" {
			of += ", " + b.Goal
		}
		when := strings.Join(b.States, ", ")
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{{Text: orElse(b.Name, "Postback"), Href: href, Class: "lead cut", Title: b.Name}, {Text: of, Class: "opt cut", Title: of}, {Text: when, Class: "opt cut", Title: when},
			statusCell(b.Status, false), {Text: outbound.MaskURL(b.URL), Class: "fill mono", Title: outbound.MaskURL(b.URL)}}})
	}
	p := panelsPage{Head: head{Title: "Postbacks"}}
	if c.pub.Writes() {
		p.Head.Actions = []action{{Label: "New postback", URL: c.plain("postbacks/new"), Icon: "plus", Kind: "primary"}}
		t.Empty.Action = &link{Label: "New postback", URL: c.plain("postbacks/new")}
	}
	log, err := c.myDeliveries("")
	if err != nil {
		return err
	}
	p.Panels = []panel{{ID: "postbacks", Table: t}, {ID: "log", Title: "Calls", Note: "Newest first.", Table: log}}
	return show(c, "panels", "Postbacks", p)
}

// myDeliveries is the log of calls, of one postback or of all.
func (c *call) myDeliveries(postback string) (*table, error) {
	page, err := c.pub.Deliveries(c.r.Context(), postback, "", portal.Paging{Cursor: c.param("after"), Limit: 50})
	if err != nil {
		return nil, err
	}
	t := &table{Label: "Calls", Columns: []column{{Label: "Time"}, {Label: "State"}, {Label: "Answer"}, {Label: "Tries", Class: "num opt"}, {Label: "Next try", Class: "opt"}, {Label: "URL", Class: "fill"}},
		Empty: &empty{Sentence: "Nothing was called yet. Each call shows here with the answer."}}
	for _, d := range page.Rows {
		href := c.plain("deliveries/" + d.ID)
		next := cell{Text: undefined, Tone: "zero", Class: "opt"}
		if d.NextAt != nil {
			next = timeCell(d.NextAt.UnixMicro(), c.loc, c.Now()).with("opt")
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{timeCell(d.Created.UnixMicro(), c.loc, c.Now()), statusCell(d.State, false), deliveryAnswer(&outbound.Delivery{Error: d.Error, Status: d.Status}),
			countCell(d.Tries).with("opt"), next, {Text: d.URL, Href: href, Class: "fill mono", Title: d.URL}}})
	}
	if page.Next != "" {
		t.Next = c.same("after", page.Next)
	}
	if c.param("after") != "" {
		t.First = c.same("after", "")
	}
	return t, nil
}

// myPostback is a postback's page: what it calls, a test, and its log.
func (c *call) myPostback() error {
	b, err := c.pub.Postback(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	h := head{Crumb: &link{Label: "Postbacks", URL: c.plain("postbacks")}, Title: orElse(b.Name, "Postback"), State: stateOf(b.Status, false)}
	if b.PausedFor != "" {
		h.Note = "Paused because its calls failed. " + b.PausedFor + " What it has to tell is held, and sent once you set it active again."
	}
	if c.pub.Writes() {
		base := c.plain("postbacks/" + b.ID)
		h.Actions = []action{{Label: "Test", URL: base + "/test", Post: true, Icon: "send"}, {Label: "Edit", URL: base + "/edit"}, {Label: "Remove", URL: base + "/remove", Post: true, Kind: "quiet"}}
	}
	log, err := c.myDeliveries(b.ID)
	if err != nil {
		return err
	}
	return show(c, "panels", h.Title, panelsPage{Head: h, Panels: []panel{
		{ID: "call", Pairs: []pair{{Label: "Called when", Value: strings.Join(b.States, ", ")}, {Label: "Goal", Value: orElse(b.Goal, "all")}, {Label: "Method", Value: b.Method}, {Label: "Id", Value: b.ID}},
			Copies: []copyField{{ID: "url", Label: "URL", Value: b.URL}}},
		{ID: "log", Title: "Calls", Note: "Newest first.", Table: log},
	}})
}

// myDelivery is one call, with the answer.
func (c *call) myDelivery() error {
	d, err := c.pub.Delivery(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	h := head{Crumb: &link{Label: "Postbacks", URL: c.plain("postbacks")}, Title: "Call of " + clock(d.Created.UnixMicro(), c.loc, c.Now()), State: stateOf(d.State, false)}
	if c.pub.Writes() && (d.State == outbound.StateDead || d.State == outbound.StateHeld) {
		h.Actions = []action{{Label: "Send again", URL: c.plain("deliveries/" + d.ID + "/resend"), Post: true, Icon: "send"}}
	}
	lines := []pair{{Label: "Called", Value: d.Method + " " + d.URL}}
	if d.Body != "" {
		lines = append(lines, pair{Label: "With", Value: d.Body})
	}
	lines = append(lines, pair{Label: "Tells", Value: orElse(d.Tells, "a test")}, pair{Label: "Tries", Value: count(d.Tries)})
	if d.Status != 0 {
		lines = append(lines, pair{Label: "Answer", Value: "HTTP " + itoa(int(d.Status)) + " " + printable(d.Answer)})
	}
	if d.Error != "" {
		lines = append(lines, pair{Label: "Went wrong", Value: d.Error, Tone: "bad"})
	}
	if d.Conversion != "" {
		lines = append(lines, pair{Label: "Conversion", Value: d.Conversion, Href: c.plain("conversions/" + d.Conversion)})
	}
	if d.Postback != "" {
		lines = append(lines, pair{Label: "Postback", Value: d.Postback, Href: c.plain("postbacks/" + d.Postback)})
	}
	return show(c, "panels", h.Title, panelsPage{Head: h, Panels: []panel{{ID: "call", Pairs: lines}}})
}

// myResend makes a call that was given up again.
func (c *call) myResend() error {
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	d, err := c.pub.Resend(c.r.Context(), c.r.PathValue("id"))
	if errors.Is(err, outbound.ErrFinal) {
		c.say("It is still tried, or was sent again already.", nil)
		return c.redirect(c.plain("deliveries/" + c.r.PathValue("id")))
	}
	if err != nil {
		return err
	}
	c.say("It is sent again.", nil)
	return c.redirect(c.plain("deliveries/" + d.ID))
}

// myPostbackTest calls a postback once, about a conversion that never was.
func (c *call) myPostbackTest() error {
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	d, err := c.pub.TestPostback(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	said := "The test was taken: HTTP " + itoa(int(d.Status)) + "."
	if d.Error != "" {
		said = "The test was not taken: " + d.Error
	}
	c.say(said, nil)
	return c.redirect(c.plain("deliveries/" + d.ID))
}

// myPostbackRemove takes a postback out of use.
func (c *call) myPostbackRemove() error {
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	err := c.pub.DropPostback(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	c.say("The postback was removed.", nil)
	return c.redirect(c.plain("postbacks"))
}

// myPostbackForm shows the form of a postback, a new one or one there is.
func (c *call) myPostbackForm() error {
	id := c.r.PathValue("id")
	d := portal.NewPostbackDoc()
	if id != "" {
		b, err := c.pub.Postback(c.r.Context(), id)
		if err != nil {
			return err
		}
		d = b.PostbackDoc
	}
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	return c.showMyPostbackForm(id, &d, nil, nil, http.StatusOK)
}

func (c *call) showMyPostbackForm(id string, d *portal.PostbackDoc, posted url.Values, errs map[string]string, status int) error {
	offers, err := c.portalOfferChoices("All offers")
	if err != nil {
		return err
	}
	own := false
	for _, o := range offers {
		own = own || o.Value == d.Offer
	}
	if !own {
		d.Offer, posted = "", withoutField(posted, "offer") // what is not theirs is not told back
	}
	sections := []sectionSpec{
		{title: "Postback", fields: []fieldSpec{
			{name: "name", optional: true, width: "w3", example: "Voluum", help: noHelp},
			{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: noHelp},
			{name: "url", label: "URL", widget: "area", rows: 3, code: true, tokens: macro.PostbackTokens, example: "https://tracker.example/pb?cid={sub1}&payout={payout}", help: "What is called, with tokens replaced. {payout} is what the conversion pays you."},
			{name: "method", choices: options("GET", "GET", "POST", "POST"), width: "w3", help: noHelp},
			{name: "body_kind", label: "Body", choices: options("", "None", "form", "Form fields", "json", "JSON"), width: "w3", when: "method=POST", help: noHelp},
			{name: "body", label: "Body template", widget: "area", rows: 4, code: true, optional: true, tokens: macro.PostbackTokens, when: "body_kind=form,json", help: "In JSON a token within quotes is a text; without, a number or null."},
		}},
		{title: "When it is called", fields: []fieldSpec{
			{name: "states", widget: "set", choices: words2(catalog.PostbackStates), help: "Accepted: once, when a conversion is recorded and not refused. The others: when a conversion comes to be that."},
			{name: "offer", choices: offers, optional: true, width: "w3", help: noHelp},
			{name: "goal", optional: true, width: "w3", code: true, example: "sale", help: "A goal's key. Empty: all goals."},
			{name: "replaces", label: "Replaces more general ones", help: "Where this one is called, your postbacks for all offers, or for all goals of the offer, are not."},
		}},
	}
	title, to := "New postback", c.plain("postbacks")
	if id != "" {
		title, to = "Edit postback", c.plain("postbacks/"+id)
	}
	p := editPage{Head: head{Title: title, Crumb: &link{Label: "Postbacks", URL: c.plain("postbacks")}}, Form: docForm(d, sections, nil, posted, errs)}
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.r.URL.Path, "Save", to
	p.Aside = []asideBox{{Title: "When it fails", Text: "It is tried again with growing pauses, for days. Then it is given up, and you can send it again. Redirects are not followed, and private addresses are not called."}}
	return showStatus(c, status, "edit", title, p)
}

// myPostbackSave makes a postback, or changes one.
func (c *call) myPostbackSave() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	d := portal.NewPostbackDoc()
	if id != "" {
		b, err := c.pub.Postback(c.r.Context(), id)
		if err != nil {
			return err
		}
		d = b.PostbackDoc
	}
	if !c.pub.Writes() {
		return catalog.ErrNotFound
	}
	errs := readDoc(&d, v)
	if len(errs) == 0 {
		b, err := c.pub.SavePostback(c.r.Context(), id, d)
		if err == nil {
			c.say("The postback was saved.", nil)
			return c.redirect(c.plain("postbacks/" + b.ID))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showMyPostbackForm(id, &d, v, errs, http.StatusUnprocessableEntity)
}
