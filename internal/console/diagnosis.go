package console

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
)

// Diagnosis is what the console needs of *diagnosis.Service, besides [Marks].
type Diagnosis interface {
	Diagnose(ctx context.Context, p account.Principal, workspace, offer string) (*diagnosis.Report, error)
	CheckLanding(ctx context.Context, p account.Principal, workspace, offer string) (*diagnosis.Landing, error)
	Forget(workspace, offer string)
}

// diagnosisPage is what is wrong with an offer, each finding with its evidence and fix.
type diagnosisPage struct {
	Head     head
	Summary  string
	Unknown  string
	Findings []findingView
	Landing  []pair
	Check    *action // visits the landing page
	Passed   []pair
}

type findingView struct {
	ID          string
	State       state
	Title       string
	Sentence    string
	Fix         string
	Actions     []action
	Signals     *table
	Conversions *table
}

// severities are the words and tones of findings.
var severities = map[diagnosis.Severity]state{
	diagnosis.Bad: {Word: "problem", Tone: "bad"}, diagnosis.Warn: {Word: "check", Tone: "warn"}, diagnosis.Info: {Word: "note", Tone: "info"},
}

// worst is the state of a whole diagnosis.
func worst(r *diagnosis.Report) *state {
	s, ok := severities[r.Worst()]
	if !ok {
		s = state{Word: "nothing wrong found", Tone: "good"}
	}
	return &s
}

// diagnosisPanel is the diagnosis on the offer's page, in few words. Without a diagnosis
// it is empty, which shows nothing.
func (c *call) diagnosisPanel(o *catalog.Offer) (panel, error) {
	if c.Diagnosis == nil {
		return panel{}, nil
	}
	r, err := c.Diagnosis.Diagnose(c.r.Context(), c.who, c.ws.ID, o.ID)
	if err != nil {
		return panel{}, fmt.Errorf("diagnose the offer: %w", err)
	}
	page := c.plain("offers/" + o.ID + "/diagnosis")
	p := panel{ID: "diagnosis", Title: "Diagnosis", More: &link{Label: "Evidence and fixes", URL: page}}
	if len(r.Findings) == 0 {
		p.Note = looked(r) + ", nothing wrong found."
		p.More.Label = "What was looked at"
		return p, nil
	}
	p.Table = &table{Label: "Findings", Columns: []column{{Label: "Severity", Class: "slim"}, {Label: "Finding", Class: "grow"}}}
	for _, f := range r.Findings {
		s := severities[f.Severity]
		p.Table.Rows = append(p.Table.Rows, row{Href: page + "#" + f.Code, Cells: []cell{
			{Word: s.Word, Tone: s.Tone, Class: "slim"}, {Text: f.Title, Href: page + "#" + f.Code, Class: "grow lead brk", Title: f.Sentence},
		}})
	}
	return p, nil
}

// looked says what a diagnosis looked at.
func looked(r *diagnosis.Report) string {
	return "Of the last " + strconv.Itoa(diagnosis.Days) + " days " + plural(int64(r.Signals), "signal", "signals") + " and " + plural(int64(r.Conversions), "conversion", "conversions") + " were looked at"
}

// diagnosis shows everything that was found about an offer.
func (c *call) diagnosis() error {
	if c.Diagnosis == nil {
		return catalog.ErrNotFound
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	r, err := c.Diagnosis.Diagnose(c.r.Context(), c.who, c.ws.ID, o.ID)
	if err != nil {
		return err
	}
	p := diagnosisPage{Head: head{Crumb: &link{Label: o.Name, URL: c.at("offers/" + o.ID)}, Title: "Diagnosis", State: worst(r)}, Unknown: r.Unknown, Summary: looked(r) + "."}
	for _, f := range r.Findings {
		p.Findings = append(p.Findings, c.findingView(o, f))
	}
	p.Landing = c.landingPairs(o, r.Landing)
	if c.write() {
		p.Check = &action{Label: "Visit the page", URL: c.plain("offers/" + o.ID + "/landing-check"), Post: true}
	}
	for _, k := range r.Passed {
		p.Passed = append(p.Passed, pair{Label: words(k.Code), Value: k.Means})
	}
	return show(c, "diagnosis", "Diagnosis of "+o.Name, p)
}

func (c *call) findingView(o *catalog.Offer, f diagnosis.Finding) findingView {
	v := findingView{ID: f.Code, State: severities[f.Severity], Title: f.Title, Sentence: f.Sentence, Fix: f.Fix.Sentence, Actions: c.fixActions(o, f)}
	if len(f.Signals) > 0 {
		v.Signals = c.evidenceTable(f.Signals)
	}
	if len(f.Conversions) > 0 {
		v.Conversions = c.evidenceConversions(f.Conversions)
	}
	return v
}

// fixActions are the buttons that lead to where a finding is mended; those that only
// lead to a form are left out for who may not use it.
func (c *call) fixActions(o *catalog.Offer, f diagnosis.Finding) []action {
	var out []action
	if q := f.Fix.Reprice; q != nil && c.write() {
		params := url.Values{}
		if q.Warned {
			params.Set("warned", "true")
		}
		params["id"] = q.IDs
		out = append(out, action{Label: "Preview repricing", URL: c.plain("offers/"+o.ID+"/reprice") + "?" + params.Encode(), Kind: "primary"})
	}
	edit := action{Label: "Edit the offer", URL: c.plain("offers/" + o.ID + "/edit")}
	switch f.Fix.Place {
	case diagnosis.PlaceOffer:
		if c.write() && !o.Archived {
			out = append(out, edit)
		}
	case diagnosis.PlaceTracking:
		out = append(out, action{Label: "Tracking set-up", URL: c.at("offers/"+o.ID) + "#tracking"})
		if f.Code == "payout_missing" && c.write() && !o.Archived {
			out = append(out, edit)
		}
	case diagnosis.PlaceAdvertiser:
		out = append(out, action{Label: "Advertiser", URL: c.at("advertisers/" + o.Advertiser)})
	case diagnosis.PlaceRates:
		out = append(out, action{Label: "Exchange rates", URL: c.at("rates")})
	case diagnosis.PlaceSignals:
		if len(f.Signals) > 0 {
			out = append(out, action{Label: "Inbox", URL: c.at("signals", "verdict", string(f.Signals[0].Verdict))})
		}
	case diagnosis.PlaceConversions:
		held := ""
		if f.Code == "held" {
			held = "true"
		}
		out = append(out, action{Label: "Conversions", URL: c.at("conversions", "offer", o.ID, "held", held)})
	}
	return out
}

// evidenceTable shows signals as they came.
func (c *call) evidenceTable(es []diagnosis.Evidence) *table {
	t := &table{Label: "The last such signals", Columns: []column{{Label: "Arrived"}, {Label: "Kind", Class: "opt"}, {Label: "Verdict"}, {Label: "Parameter"}, {Label: "Request, as it came", Class: "fill opt"}}}
	for _, e := range es {
		href := c.at("signals/" + e.Signal)
		param := cell{Text: e.Param, Tone: "mono", Class: "brk par", Title: e.Param}
		if e.Param == "" {
			param = cell{Text: "not sent", Tone: "muted", Class: "brk"}
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			timeCell(e.At, c.loc, c.Now()), {Text: e.Kind, Class: "opt"}, {Text: words(string(e.Verdict)), Href: href, Tone: verdictTone(e.Verdict), Class: "lead", Title: e.Detail},
			param, {Text: e.Query, Tone: "mono", Class: "fill opt", Title: e.Query},
		}})
	}
	return t
}

// evidenceConversions shows conversions with the rule that priced them.
func (c *call) evidenceConversions(cs []*conversion.Conversion) *table {
	t := &table{Label: "The last such conversions", Columns: []column{{Label: "Happened"}, {Label: "Order"}, {Label: "State", Class: "opt"}, {Label: "Revenue", Class: "num"}, {Label: "Set by", Class: "fill"}}}
	for _, cv := range cs {
		href := c.at("conversions/" + cv.ID)
		rev := cell{Text: withCurrency(cv.Revenue, cv.Currency), Class: "num"}
		if cv.Revenue == 0 {
			rev.Tone = "warn"
		}
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			timeCell(cv.At, c.loc, c.Now()), {Text: orElse(cv.Order, short(cv.ID)), Href: href, Class: "lead cut", Title: cv.ID}, statusCell(string(cv.Status), false).with("opt"),
			rev, {Text: cv.PayoutRule, Class: "fill", Title: cv.PayoutRule},
		}})
	}
	return t
}

// landingPairs tell of the last visit to the landing page.
func (c *call) landingPairs(o *catalog.Offer, l *diagnosis.Landing) []pair {
	if l == nil {
		return nil
	}
	answer := pair{Label: "Answer", Value: "HTTP " + strconv.FormatInt(l.Status, 10), Tone: "good"}
	switch {
	case l.Failure != "":
		answer.Value, answer.Tone = sentence(l.Failure), "bad"
	case l.Status >= 400:
		answer.Tone = "bad"
	}
	ps := []pair{{Label: "Visited", Value: clock(l.At, c.loc, c.Now()), Title: utc(l.At)}, answer, {Label: "Host", Value: orDash(l.Host)},
		{Label: "Took", Value: strconv.FormatInt(l.Millis, 10) + " ms"}, {Label: "Redirects", Value: strconv.FormatInt(l.Hops, 10)}}
	if l.URL != o.URL {
		ps = append(ps, pair{Label: "Note", Value: "The offer's URL has changed since.", Tone: "warn"})
	}
	return ps
}

// landingCheck visits the landing page and shows what came back.
func (c *call) landingCheck() error {
	if c.Diagnosis == nil {
		return catalog.ErrNotFound
	}
	id := c.r.PathValue("id")
	l, err := c.Diagnosis.CheckLanding(c.r.Context(), c.who, c.ws.ID, id)
	switch {
	case errors.Is(err, diagnosis.ErrBusy):
		c.say("Too many landing pages are being visited at the moment. Try again in a few seconds.", nil)
	case err != nil:
		return err
	case l.Failure != "":
		c.say("The landing page could not be reached: "+sentence(l.Failure), nil)
	default:
		c.say(l.Host+" answered "+strconv.FormatInt(l.Status, 10)+" in "+strconv.FormatInt(l.Millis, 10)+" ms.", nil)
	}
	return c.redirect(c.plain("offers/"+id+"/diagnosis") + "#landing")
}
