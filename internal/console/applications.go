package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clickledger/internal/catalog"
)

// decisionDoc is the form that decides applications.
type decisionDoc struct {
	IDs    []string `json:"ids"`
	Action string   `json:"action"`
	Reason string   `json:"reason"`
}

// mostApplications is how many of those waiting are shown at once.
const mostApplications = 100

// applications lists who waits for a decision, with what they answered, and below it what
// was decided before.
func (c *call) applications() error {
	return c.showApplications(nil, nil, nil, http.StatusOK)
}

// applicationsDecide decides those that are ticked.
func (c *call) applicationsDecide() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := &decisionDoc{}
	readDoc(d, v)
	done, err := c.Catalog.Decide(c.r.Context(), c.who, c.ws.ID, catalog.Decision{IDs: d.IDs, Action: d.Action, Reason: d.Reason})
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showApplications(v, errs, nil, http.StatusUnprocessableEntity)
	}
	decided, notes := 0, []string{}
	for _, r := range done {
		if r.Err == nil {
			decided++
			continue
		}
		_, why := catalog.Refusal(r.Err)
		notes = append(notes, r.ID+": "+why)
	}
	if len(notes) > 0 {
		return c.showApplications(v, nil, notes, http.StatusConflict)
	}
	did := map[string]string{catalog.ActApprove: "approved", catalog.ActReject: "rejected"}[d.Action]
	c.say(plural(int64(decided), "application was ", "applications were ")+did+".", nil)
	return c.redirect(c.at("applications"))
}

func (c *call) showApplications(posted url.Values, errs map[string]string, notes []string, status int) error {
	waiting, err := list[*catalog.Enrollment](c, catalog.Query{Kind: catalog.KindEnrollment, Filter: map[string]string{"status": catalog.Applied}, Limit: mostApplications})
	if err != nil {
		return err
	}
	before, err := list[*catalog.Enrollment](c, catalog.Query{Kind: catalog.KindEnrollment, Limit: catalogWhole})
	if err != nil {
		return err
	}
	var offers, pubs []string
	for _, e := range append(before, waiting...) {
		offers, pubs = append(offers, e.Offer), append(pubs, e.Publisher)
	}
	offerNames, pubNames := c.names(catalog.KindOffer, offers...), c.names(catalog.KindPublisher, pubs...)
	p := panelsPage{Head: head{Title: "Applications", Note: "Publishers who want to run an offer."}}
	if len(notes) > 0 {
		p.Panels = append(p.Panels, panel{Title: "Not decided", Notes: notes})
	}
	if len(waiting) > 0 && c.write() {
		var who []choice
		for _, e := range waiting {
			who = append(who, choice{Value: e.ID, Label: pubNames[e.Publisher], Help: offerNames[e.Offer]})
		}
		f := docForm(&decisionDoc{Action: catalog.ActApprove}, []sectionSpec{{fields: []fieldSpec{
			{name: "ids", label: "Applications", widget: "set", choices: who, help: noHelp},
			{name: "action", label: "Decision", choices: options(catalog.ActApprove, "Approve", catalog.ActReject, "Reject"), width: "w2", help: "Who is approved gets a link at once."},
			{name: "reason", width: "w4", optional: true, help: "The publisher reads it. Needed to reject."},
		}}}, nil, posted, errs)
		f.Action, f.Submit = c.plain("applications"), "Decide"
		p.Panels = append(p.Panels, panel{ID: "decide", Title: plural(int64(len(waiting)), "application waits", "applications wait"), Form: &f})
	}
	for _, e := range waiting {
		p.Panels = append(p.Panels, panel{ID: e.ID, Title: pubNames[e.Publisher] + " · " + offerNames[e.Offer], Pairs: append([]pair{
			{Label: "Publisher", Value: pubNames[e.Publisher], Href: c.at("publishers/" + e.Publisher)},
			{Label: "Offer", Value: offerNames[e.Offer], Href: c.at("offers/" + e.Offer)},
		}, c.agreementPairs(e)...)})
	}
	p.Panels = append(p.Panels, c.decidedPanel(before, offerNames, pubNames, len(waiting) > 0))
	return showStatus(c, status, "panels", "Applications", p)
}

// agreementPairs are what a publisher said and accepted.
func (c *call) agreementPairs(e *catalog.Enrollment) []pair {
	var out []pair
	if e.Applied > 0 {
		out = append(out, pair{Label: "Applied", Value: minute(e.Applied, c.loc), Title: utc(e.Applied)})
	}
	for _, a := range e.Answers {
		out = append(out, pair{Label: a.Label, Value: orDash(a.Value)})
	}
	if e.Terms > 0 {
		out = append(out, pair{Label: "Terms", Value: "accepted version " + strconv.FormatInt(e.Terms, 10) + ", " + minute(e.Accepted, c.loc) + ", from " + orDash(e.AcceptedFrom), Title: e.AcceptedBy})
	}
	return out
}

// decidedPanel lists enrollments that publishers applied for and that do not wait.
func (c *call) decidedPanel(rows []*catalog.Enrollment, offerNames, pubNames map[string]string, waiting bool) panel {
	sentence := "Nothing waits for a decision. Who applies to an offer stands here with its answers; what an offer asks is set in its form, under Applications."
	if waiting {
		sentence = "Nothing was decided yet."
	}
	t := &table{Label: "Decided", Columns: []column{{Label: "Publisher", Class: "fill"}, {Label: "Offer"}, {Label: "State"}, {Label: "Decided", Class: "opt"}, {Label: "Reason", Class: "opt"}}, Empty: &empty{Sentence: sentence}}
	for _, e := range rows {
		if e.Status == catalog.Applied || e.Applied == 0 && e.Status != catalog.Invited {
			continue
		}
		edit := ""
		if c.write() {
			edit = c.plain("enrollments/" + e.ID + "/edit")
		}
		when := cell{Class: "opt"}
		if e.Decided > 0 {
			when.Text, when.Title = minute(e.Decided, c.loc), utc(e.Decided)
		}
		t.Rows = append(t.Rows, row{Href: edit, Off: e.Archived, Cells: []cell{
			{Text: pubNames[e.Publisher], Href: c.at("publishers/" + e.Publisher), Class: "fill lead", Title: pubNames[e.Publisher]},
			{Text: offerNames[e.Offer], Href: c.at("offers/" + e.Offer), Class: "cut", Title: offerNames[e.Offer]},
			statusCell(e.Status, e.Archived), when, textCell(e.Reason).with("opt cut"),
		}})
	}
	return panel{ID: "decided", Title: "Decided and invited", Table: t}
}

// termsPanel lists the versions of an offer's terms, newest first.
func (c *call) termsPanel(o *catalog.Offer) (panel, error) {
	rows, err := list[*catalog.TermsVersion](c, catalog.Query{Kind: catalog.KindTerms, Filter: map[string]string{"offer": o.ID}, Archived: "all"})
	if err != nil {
		return panel{}, err
	}
	now := c.Now().UnixMicro()
	inForce := catalog.TermsAt(rows, now)
	t := &table{Label: "Terms", Columns: []column{{Label: "Version", Class: "fill"}, {Label: "From"}, {Label: "Commission", Class: "num"}, {Label: "Cookie, days", Class: "num opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "Without terms, publishers accept nothing and the commission is the goal's or the offer's. A version of terms applies to conversions from its date on, and never to those before."}}
	for _, v := range rows {
		state := cell{Text: "past", Tone: "muted"}
		switch {
		case v.Archived:
			state.Text = "withdrawn"
		case v == inForce:
			state = cell{Word: "active", Tone: toneOf("active")}
		case v.From > now:
			state = cell{Word: "announced", Tone: toneOf("pending")}
		}
		edit := c.plain("terms/" + v.ID + "/edit")
		if !c.write() {
			edit = ""
		}
		t.Rows = append(t.Rows, row{Href: edit, Off: v.Archived, Cells: []cell{
			{Text: catalog.NameOf(v), Href: edit, Class: "fill lead", Title: firstLine(v.Text)}, {Text: minute(v.From, c.loc), Title: utc(v.From)},
			{Text: commissionText(v.CommissionKind, v.Commission, v.CommissionPercent, o.Currency), Class: "num"}, {Text: strconv.FormatInt(v.CookieDays, 10), Class: "num opt"}, state,
		}})
	}
	p := panel{ID: "terms", Title: "Terms for publishers", Note: "A conversion is priced by the version in force when it happened.", Table: t}
	if c.write() && !o.Archived {
		p.More = &link{Label: "New version", URL: c.plain("terms/new", "offer", o.ID)}
	}
	return p, nil
}

// termsStart fills a new version with what the offer has now.
func (c *call) termsStart(d catalog.Doc) error {
	t, ok := d.(*catalog.TermsDoc)
	if !ok || t.Offer == "" {
		return nil
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, t.Offer)
	if err != nil {
		return err
	}
	var adv *catalog.Advertiser
	if o.Advertiser != "" {
		adv, err = get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return err
		}
	}
	t.CookieDays, t.WindowDays = catalog.CookieLife(o, adv), o.WindowDays
	return nil
}

// termsSections are the form of a version; one that exists can only be read, or withdrawn.
func termsSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	t, ok := d.(*catalog.TermsDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, t.Offer)
	if err != nil {
		return nil, err
	}
	goals, err := list[*catalog.Goal](c, catalog.Query{Kind: catalog.KindGoal, Filter: map[string]string{"offer": o.ID}, Limit: 100})
	if err != nil {
		return nil, err
	}
	keys := []choice{{Value: "", Label: "Choose a goal"}}
	for _, g := range goals {
		keys = append(keys, choice{Value: g.Key, Label: g.Name})
	}
	_, commission := termFields(o.Currency, "As the goal or the offer says")
	window := fieldSpec{name: "window_days", label: "Conversion window", unit: "days", width: "w2", help: "As publishers are told. 0: any time."}
	if !isNew && t.WindowDays <= 0 {
		window.widget, window.text = "fixed", "any time"
	}
	intro := "Publishers read and accept it. It never changes once it is saved: a change is another version, from a date on."
	if !isNew {
		intro = "A version never changes, since publishers accepted it as it is. One that has not begun can be withdrawn with Archive."
	}
	return []sectionSpec{
		{title: "Terms", intro: intro, fields: []fieldSpec{
			{name: "text", widget: "area", rows: 10, example: "No bidding on the shop's name.", help: noHelp},
			{name: "from", label: "In force from", optional: true, width: "w3", example: "2027-01-01", help: "A day, which begins in the workspace's time zone, or an instant such as 2027-01-01T12:00:00Z. Empty: at once."},
			{name: "cookie_days", label: "Cookie life", unit: "days", width: "w2", help: "As publishers are told."},
			window,
		}},
		{title: "Commission", fields: append(commission, fieldSpec{name: "goals", label: "Other commissions by goal", optional: true, help: "They win over the commission above. An enrollment's own wins over both.", table: &rowsSpec{add: "Add a goal", columns: []colSpec{
			{name: "goal", label: "Goal", choices: keys},
			{name: "commission_kind", label: "Commission", choices: commissionKinds},
			{name: "commission", label: "Amount", unit: o.Currency, mode: "decimal", example: "5.00", class: "num"},
			{name: "commission_percent", label: "Percent", mode: "decimal", example: "8", class: "num"},
		}}})},
	}, nil
}

// accessPairs say who may run the offer.
func accessPairs(o *catalog.Offer) []pair {
	out := []pair{{Label: "Publishers", Value: accessWords[o.Visibility]}}
	var asked []string
	for _, q := range o.Questions {
		asked = append(asked, q.Label)
	}
	if len(asked) > 0 {
		out = append(out, pair{Label: "They are asked", Value: strings.Join(asked, " · ")})
	}
	return out
}

var accessWords = map[string]string{catalog.VisibilityPublic: "everybody who applies, at once", catalog.VisibilityApproval: "who applies and is approved", catalog.VisibilityPrivate: "who is invited"}
