package console

import (
	"net/url"
	"slices"
	"strings"

	"clickledger/internal/catalog"
	"clickledger/internal/macro"
	"clickledger/internal/outbound"
)

// postbacksPanel lists a publisher's postbacks.
func (c *call) postbacksPanel(publisher string) (panel, error) {
	rows, err := list[*catalog.Postback](c, catalog.Query{Kind: catalog.KindPostback, Filter: map[string]string{"publisher": publisher}, Limit: 100})
	if err != nil {
		return panel{}, err
	}
	var offers []string
	for _, e := range rows {
		offers = append(offers, e.Offer)
	}
	names := c.names(catalog.KindOffer, offers...)
	t := &table{Label: "Postbacks", Columns: []column{{Label: "Postback"}, {Label: "Tells of", Class: "opt"}, {Label: "When"}, {Label: "State"}, {Label: "URL", Class: "fill opt"}},
		Empty: &empty{Sentence: "A postback tells the publisher's tracker of its conversions, at once and again until it is taken."}}
	for _, e := range rows {
		href := c.at("postbacks/" + e.ID)
		t.Rows = append(t.Rows, row{Href: href, Off: e.Archived, Cells: []cell{
			{Text: e.Title(), Href: href, Class: "lead cut", Title: e.Title()}, {Text: tellsOf(e, names), Class: "opt cut"}, {Text: strings.Join(e.States, ", "), Class: "cut", Title: strings.Join(e.States, ", ")},
			statusCell(e.Status, e.Archived), {Text: outbound.MaskURL(e.URL), Class: "fill mono opt", Title: outbound.MaskURL(e.URL)},
		}})
	}
	p := panel{ID: "postbacks", Title: "Postbacks", Table: t}
	if c.write() {
		p.More = &link{Label: "New postback", URL: c.plain("postbacks/new", "publisher", publisher)}
	}
	return p, nil
}

// tellsOf says whose conversions a postback tells of.
func tellsOf(e *catalog.Postback, offers map[string]string) string {
	out := "all offers"
	if e.Offer != "" {
		out = nameOr(offers, e.Offer)
	}
	if e.Goal != "" {
		out += ", " + e.Goal
	}
	return out
}

func postbackSections(c *call, d catalog.Doc, isNew bool) ([]sectionSpec, error) {
	e, ok := d.(*catalog.PostbackDoc)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	whose := fieldSpec{name: "publisher", widget: "fixed", text: c.nameOf(catalog.KindPublisher, e.Publisher), width: "w3", help: "It cannot be changed."}
	if isNew {
		pubs, err := c.choicesOf(catalog.KindPublisher, "Choose a publisher")
		if err != nil {
			return nil, err
		}
		whose = fieldSpec{name: "publisher", choices: pubs, width: "w3", help: "Who is told. It cannot be changed later."}
	}
	offers, err := c.choicesOf(catalog.KindOffer, "All offers")
	if err != nil {
		return nil, err
	}
	return []sectionSpec{
		{title: "Postback", fields: []fieldSpec{whose,
			{name: "preset", label: "Tracker", choices: presetChoices(), width: "w3", live: true, help: "Choosing one fills in the URL below."},
			{name: "name", optional: true, width: "w3", example: "Voluum", help: "Empty: the host it calls."},
			{name: "status", choices: options("active", "Active", "paused", "Paused"), width: "w3", help: "What one misses that you pause is not made up for."},
			{name: "url", label: "URL", widget: "area", rows: 3, code: true, live: true, tokens: macro.PostbackTokens, example: "https://tracker.example/pb?cid={sub1}&payout={payout}", help: "What is called, with tokens replaced. {payout} is the publisher's commission; what the advertiser pays has no token."},
			{name: "method", choices: options("GET", "GET", "POST", "POST"), width: "w3", help: noHelp},
			{name: "body_kind", label: "Body", choices: options("", "None", "form", "Form fields", "json", "JSON"), width: "w3", when: "method=POST", help: noHelp},
			{name: "body", label: "Body template", widget: "area", rows: 4, code: true, optional: true, live: true, tokens: macro.PostbackTokens, when: "body_kind=form,json", example: `{"cid": "{sub1}", "payout": {payout}}`, help: "In JSON a token within quotes is a text; without, a number or null."},
		}},
		{title: "When it is called", fields: []fieldSpec{
			{name: "states", widget: "set", choices: words2(catalog.PostbackStates), help: "Accepted: once, when a conversion is recorded and not refused. The others: when a conversion comes to be that. One change makes one call."},
			{name: "offer", choices: offers, optional: true, width: "w3", help: noHelp},
			{name: "goal", optional: true, width: "w3", code: true, example: "sale", help: "A goal's key. Empty: all goals."},
			{name: "replaces", label: "Replaces more general ones", help: "Where this one is called, the publisher's postbacks for all offers, or for all goals of the offer, are not."},
			{name: "notes", optional: true, widget: "area", rows: 3, help: "For yourselves."},
		}},
	}, nil
}

// presetChoices are the trackers that fill the form in.
func presetChoices() []choice {
	out := []choice{{Value: "", Label: "None: fill in by hand"}}
	for _, p := range catalog.PostbackPresets() {
		out = append(out, choice{Value: p.ID, Label: p.Name, Fill: url.Values{"url": {p.URL}, "method": {p.Method}}.Encode()})
	}
	return out
}

func postbackPreview(_ *call, doc catalog.Doc) ([]previewBox, []note, error) {
	d, ok := doc.(*catalog.PostbackDoc)
	if !ok {
		return nil, nil, nil
	}
	boxes := []previewBox{sampleURL("A sample conversion calls", macro.PostbackTokens, d.URL)}
	notes := []note{urlNote("url", macro.PostbackTokens, d.URL)}
	if d.Method == "POST" && d.BodyKind != "" {
		boxes = append(boxes, sampleBody(d))
	}
	if p, ok := catalog.FindPostbackPreset(d.Preset); ok {
		notes = append(notes, note{For: "preset", Text: p.Notes})
		if p.Link != "" {
			boxes = append(boxes, previewBox{Title: "Appended to the publisher's links", URL: []urlPart{{Text: p.Link}}, Copy: p.Link, Note: "So that " + p.Name + "'s click id comes back in {sub1}."})
		}
	}
	return boxes, notes, nil
}

// sampleBody is what a sample conversion's call carries.
func sampleBody(d *catalog.PostbackDoc) previewBox {
	box := previewBox{Title: "With this body"}
	b, err := macro.ParseBody(macro.PostbackTokens, d.BodyKind, d.Body)
	if bad := macroError(err); bad != nil {
		box.Problem, box.Code = sentence(bad.Msg), bad.Code
		return box
	}
	box.URL = marked(func(v *macro.Values) string { return string(b.Append(nil, v)) }, macro.PostbackTokens.Sample())
	return box
}

func postbackAside(bool) []asideBox {
	return []asideBox{
		{Title: "What it never gets", Text: "The payout an advertiser pays is not available here: {payout} is the publisher's own commission."},
		{Title: "When it fails", Text: "It is tried again with growing pauses, for days. Then it is given up, and can be sent again from the page Outbound. Redirects are not followed, and private addresses are not called."},
	}
}

// sentTo lists a publisher's latest deliveries.
func (c *call) sentTo(publisher string) ([]*outbound.Delivery, error) {
	return c.Outbound.List(c.r.Context(), outbound.Query{Workspace: c.ws.ID, Publisher: publisher, Limit: 10})
}

// postbackLines are a postback's settings.
func (c *call) postbackLines(e *catalog.Postback) []pair {
	ps := []pair{{Label: "Publisher", Value: c.nameOf(catalog.KindPublisher, e.Publisher), Href: c.at("publishers/" + e.Publisher)},
		{Label: "Tells of", Value: tellsOf(e, c.names(catalog.KindOffer, e.Offer))}, {Label: "Called when", Value: strings.Join(e.States, ", ")}}
	if e.Replaces {
		ps = append(ps, pair{Label: "More general ones", Value: "are not called where this one is"})
	}
	if i := slices.IndexFunc(catalog.PostbackPresets(), func(p catalog.PostbackPreset) bool { return p.ID == e.Preset }); i >= 0 {
		ps = append(ps, pair{Label: "Made for", Value: catalog.PostbackPresets()[i].Name})
	}
	if e.Notes != "" {
		ps = append(ps, pair{Label: "Notes", Value: e.Notes})
	}
	return append(ps, pair{Label: "Id", Value: e.ID})
}
