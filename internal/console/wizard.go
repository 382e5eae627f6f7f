package console

import (
	"context"
	"errors"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/wizard"
)

// Tests is what the console needs of *wizard.Service.
type Tests interface {
	Start(ctx context.Context, p account.Principal, workspace, offer, method string) (*wizard.Run, error)
	Status(ctx context.Context, p account.Principal, workspace, offer string) (*wizard.Answer, error)
	List(ctx context.Context, p account.Principal, workspace, offer string) ([]*wizard.Run, error)
	Cancel(ctx context.Context, p account.Principal, workspace, offer string) (*wizard.Run, error)
}

// testPage shows the two test conversions of an offer, step by step.
type testPage struct {
	Head    head
	Note    string
	Poll    string // where the page asks for itself while a test runs, "" = nothing changes
	Result  string
	Tone    string
	Links   []copyField
	Steps   []step
	Start   []action
	Earlier *table
}

// runStates are the words and tones of runs.
var runStates = map[wizard.State]state{
	wizard.Running: {Word: "running", Tone: "info"}, wizard.Passed: {Word: "passed", Tone: "good"},
	wizard.Failed: {Word: "failed", Tone: "bad"}, wizard.Ended: {Word: "ended", Tone: "off"},
}

// stepTones are those of a timeline.
var stepTones = map[wizard.StepState]string{wizard.StepWaiting: "wait", wizard.StepPassed: "good", wizard.StepFailed: "bad", wizard.StepNone: ""}

// methodNames are the ways that can be tested, in words.
var methodNames = map[string]string{catalog.MethodPostback: "postback", catalog.MethodPixel: "pixel", catalog.MethodScript: "script"}

// testPanel is how the offer stands with its tests, on the offer's page.
func (c *call) testPanel(o *catalog.Offer) (panel, error) {
	if c.Tests == nil || o.Archived {
		return panel{}, nil
	}
	a, err := c.Tests.Status(c.r.Context(), c.who, c.ws.ID, o.ID)
	if errors.Is(err, catalog.ErrNotFound) {
		return panel{}, nil // an offer that was made this moment
	}
	if err != nil {
		return panel{}, err
	}
	p := panel{ID: "test", Title: "Test conversions", More: &link{Label: "Test", URL: c.plain("offers/" + o.ID + "/test")}}
	switch {
	case a.Run != nil && a.Run.State == wizard.Running:
		p.Note = "A test is running."
	case a.Passed:
		p.Note = "Passed, as the offer is now."
	case a.Needed:
		p.Note = "Needed before the offer goes live: two test conversions, which count nowhere."
	case o.LiveReason != "":
		p.Note = "Live without a passed test: " + sentence(o.LiveReason)
	default:
		p.Note = "Try the integration with two conversions that count nowhere."
	}
	return p, nil
}

// test shows the last test of an offer.
func (c *call) test() error {
	if c.Tests == nil {
		return catalog.ErrNotFound
	}
	o, err := get[*catalog.Offer](c, catalog.KindOffer, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	a, err := c.Tests.Status(c.r.Context(), c.who, c.ws.ID, o.ID)
	if err != nil {
		return err
	}
	runs, err := c.Tests.List(c.r.Context(), c.who, c.ws.ID, o.ID)
	if err != nil {
		return err
	}
	p := testPage{Head: head{Crumb: &link{Label: o.Name, URL: c.at("offers/" + o.ID)}, Title: "Test conversions"}}
	switch {
	case a.Needed && !a.Passed:
		p.Note = "The offer needs a passed test, or a reason, before it becomes active. What a test does counts nowhere: not in money, reports, caps or postbacks."
	case a.Needed:
		p.Note = "The test is passed: the offer may become active. After a change of its URL, currency or payout it has to be tested again."
	default:
		p.Note = "What a test does counts nowhere: not in money, reports, caps or postbacks."
	}
	if a.Run != nil {
		c.showRun(&p, o, a.Run)
	}
	if c.write() && !o.Archived {
		p.Start = c.testActions(o, a.Run)
	}
	if len(runs) > 1 {
		p.Earlier = c.runTable(runs[1:])
	}
	return show(c, "wizard", "Test conversions of "+o.Name, p)
}

// testActions are the buttons that begin and end a test.
func (c *call) testActions(o *catalog.Offer, r *wizard.Run) []action {
	if r != nil && r.State == wizard.Running {
		return []action{{Label: "End the test", URL: c.plain("offers/" + o.ID + "/test/cancel"), Post: true}}
	}
	var out []action
	for i, m := range wizard.Methods {
		a := action{Label: "Test by " + methodNames[m], URL: c.plain("offers/" + o.ID + "/test"), Post: true, Fields: []hidden{{"method", m}}}
		if first := o.Tracking == catalog.TrackPixel; first && m == catalog.MethodPixel || !first && i == 0 {
			a.Kind = "primary"
		}
		out = append(out, a)
	}
	return out
}

// showRun fills a page with a run.
func (c *call) showRun(p *testPage, o *catalog.Offer, r *wizard.Run) {
	s := runStates[r.State]
	p.Head.State, p.Head.Note = &s, "by "+methodNames[r.Method]+", begun "+clock(r.Started, c.loc, c.Now())
	if r.Result != "" {
		p.Result, p.Tone = sentence(r.Result), s.Tone
	}
	if r.State == wizard.Running {
		p.Poll = c.plain("offers/" + o.ID + "/test")
		p.Links = append(p.Links, copyField{ID: "test-link", Label: "Test link", Value: r.TestURL, Open: true, Help: "Open it, and order or convert as a customer would: twice, each with its own order number."})
		p.Links = append(p.Links, c.testMethod(o, r)...)
	}
	for _, st := range r.Steps {
		p.Steps = append(p.Steps, c.runStep(st))
	}
}

// testMethod is the text to report conversions with, by the method of the run.
func (c *call) testMethod(o *catalog.Offer, r *wizard.Run) []copyField {
	var adv *catalog.Advertiser
	if o.Advertiser != "" {
		found, err := get[*catalog.Advertiser](c, catalog.KindAdvertiser, o.Advertiser)
		if err != nil {
			return nil // the page is of use without it
		}
		copied := *found
		adv = &copied
		if !c.write() {
			adv.Token = ""
		}
	}
	for _, m := range catalog.Tracking(o, adv, c.origins.OfOffer(o), c.TagVersion, true) {
		if m.ID == r.Method {
			return []copyField{{ID: "test-method", Label: m.Label, Value: m.Text, Help: m.Help}}
		}
	}
	return nil
}

// runStep is a step of a run in the timeline.
func (c *call) runStep(st wizard.Step) step {
	out := step{Tone: stepTones[st.State], Title: st.Title, Sentence: st.Sentence, Fix: st.Fix}
	if st.State == wizard.StepWaiting && st.Fault != "" {
		out.Tone = "warn"
	}
	if st.State != wizard.StepWaiting || st.Fault != "" {
		out.Time, out.UTC = clock(st.At, c.loc, c.Now()), utc(st.At)
	}
	if st.State == wizard.StepNone {
		out.Gap = "not applicable"
	}
	if st.Fault != "" {
		out.Gap = st.Fault
	}
	for _, id := range st.Signals {
		out.Pairs = append(out.Pairs, pair{Label: "Signal", Value: short(id), Href: c.at("signals/" + id), Title: id})
	}
	if st.Verdict != "" && event.Verdicts[st.Verdict].Sentence != "" {
		out.Pairs = append(out.Pairs, pair{Label: "Verdict", Value: words(string(st.Verdict)), Tone: verdictTone(st.Verdict), Title: event.Verdicts[st.Verdict].Sentence})
	}
	if len(st.Parsed) > 0 {
		out.Table = parsedTable(st.Parsed)
	}
	return out
}

// parsedTable shows what arrived against what was understood.
func parsedTable(ps []wizard.Parsed) *table {
	t := &table{Label: "What arrived and what was understood", Columns: []column{{Label: "Value"}, {Label: "Arrived as"}, {Label: "Understood as", Class: "fill"}}}
	for _, p := range ps {
		raw := cell{Text: p.Param + "=" + p.Raw, Tone: "mono", Class: "brk", Title: p.Raw}
		if p.Raw == "" {
			raw = cell{Text: "not sent", Tone: "muted", Class: "brk"}
		}
		value := cell{Text: p.Value, Class: "fill brk", Title: p.Value}
		switch {
		case p.Problem != "":
			value = cell{Text: p.Problem, Tone: "bad", Class: "fill brk", Title: p.Problem}
		case p.Value == "":
			value = cell{Text: undefined, Tone: "zero", Class: "fill"}
		}
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: p.Name}, raw, value}})
	}
	return t
}

// runTable lists earlier runs.
func (c *call) runTable(runs []*wizard.Run) *table {
	t := &table{Label: "Earlier tests", Columns: []column{{Label: "Begun"}, {Label: "State"}, {Label: "By", Class: "opt"}, {Label: "Result", Class: "fill"}}}
	for _, r := range runs {
		s := runStates[r.State]
		t.Rows = append(t.Rows, row{Cells: []cell{timeCell(r.Started, c.loc, c.Now()), {Word: s.Word, Tone: s.Tone}, {Text: methodNames[r.Method], Class: "opt"}, {Text: r.Result, Class: "fill", Title: r.Result}}})
	}
	return t
}

// testStart begins a test.
func (c *call) testStart() error {
	if c.Tests == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	_, err = c.Tests.Start(c.r.Context(), c.who, c.ws.ID, id, v.Get("method"))
	var bad *catalog.Invalid
	if errors.As(err, &bad) {
		c.say(bad.Fields[0].Msg, nil)
		err = nil
	}
	if err != nil {
		return err
	}
	return c.redirect(c.plain("offers/" + id + "/test"))
}

// testCancel ends the running test.
func (c *call) testCancel() error {
	if c.Tests == nil {
		return catalog.ErrNotFound
	}
	id := c.r.PathValue("id")
	_, err := c.Tests.Cancel(c.r.Context(), c.who, c.ws.ID, id)
	if err != nil {
		return err
	}
	return c.redirect(c.plain("offers/" + id + "/test"))
}
