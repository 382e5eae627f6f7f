package console

import (
	"errors"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/portal"
	"clickledger/internal/wizard"
)

// theirTestPanel is how an offer stands with its tests, on its page.
func (c *call) theirTestPanel(offer string) (panel, error) {
	a, err := c.adv.Test(c.r.Context(), offer)
	if errors.Is(err, catalog.ErrNotFound) {
		return panel{}, nil // archived, or made this moment
	}
	if err != nil {
		return panel{}, err
	}
	p := panel{ID: "test", Title: "Test conversions", Note: "Try your integration with two conversions that count nowhere.", More: &link{Label: "Test", URL: c.plain("offers/" + offer + "/test")}}
	switch {
	case a.Run != nil && a.Run.State == string(wizard.Running):
		p.Note = "A test is running."
	case a.Passed:
		p.Note = "Passed, as the offer is now."
	case a.Needed:
		p.Note = "Needed before the offer goes live: two test conversions, which count nowhere."
	}
	return p, nil
}

// theirTest shows the last test of an offer, step by step.
func (c *call) theirTest() error {
	o, err := c.adv.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	a, err := c.adv.Test(c.r.Context(), o.ID)
	if err != nil {
		return err
	}
	p := testPage{Head: head{Crumb: &link{Label: o.Name, URL: c.plain("offers/" + o.ID)}, Title: "Test conversions"}, Note: "What a test does counts nowhere: it costs you nothing and is in no report."}
	switch {
	case a.Needed && !a.Passed:
		p.Note = "The offer needs a passed test before it goes live. " + p.Note
	case a.Needed:
		p.Note = "The test is passed: the program may make the offer active."
	}
	at := c.plain("offers/" + o.ID + "/test")
	running := a.Run != nil && a.Run.State == string(wizard.Running)
	if a.Run != nil {
		err = c.showTheirRun(&p, a.Run)
		if err != nil {
			return err
		}
	}
	switch {
	case !c.adv.Writes() || o.Status == "archived":
	case running:
		p.Poll = at
		p.Start = []action{{Label: "End the test", URL: at + "/cancel", Post: true}}
	default:
		for i, m := range wizard.Methods {
			b := action{Label: "Test by " + methodNames[m], URL: at, Post: true, Fields: []hidden{{"method", m}}}
			if i == 0 {
				b.Kind = "primary"
			}
			p.Start = append(p.Start, b)
		}
	}
	return show(c, "wizard", "Test conversions of "+o.Name, p)
}

// showTheirRun fills a page with a run.
func (c *call) showTheirRun(p *testPage, r *portal.TestRun) error {
	s := runStates[wizard.State(r.State)]
	p.Head.State, p.Head.Note = &s, "by "+methodNames[r.Method]+", begun "+clock(r.Started.UnixMicro(), c.loc, c.Now())
	if r.Result != "" {
		p.Result, p.Tone = sentence(r.Result), s.Tone
	}
	if r.State == string(wizard.Running) {
		p.Links = append(p.Links, copyField{ID: "test-link", Label: "Test link", Value: r.TestURL, Open: true, Help: "Open it, and order or convert as a customer would: twice, each with its own order number."})
		guides, err := c.adv.Guides(c.r.Context(), r.Offer, true)
		if err != nil {
			return err
		}
		for _, g := range guides {
			if g.ID == r.Method {
				p.Links = append(p.Links, copyField{ID: "test-method", Label: g.Label, Value: g.Text, Help: g.Help})
			}
		}
	}
	for _, st := range r.Steps {
		w := wizard.Step{Title: st.Title, State: wizard.StepState(st.State), Sentence: st.Sentence, Fault: st.Fault, Fix: st.Fix, Verdict: event.Verdict(st.Verdict)}
		if st.At != nil {
			w.At = st.At.UnixMicro()
		}
		for _, v := range st.Parsed {
			w.Parsed = append(w.Parsed, wizard.Parsed(v))
		}
		p.Steps = append(p.Steps, c.runStep(w))
	}
	return nil
}

// theirTestStart begins a test.
func (c *call) theirTestStart() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	id := c.r.PathValue("id")
	_, err = c.adv.StartTest(c.r.Context(), id, v.Get("method"))
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

// theirTestCancel ends the running test.
func (c *call) theirTestCancel() error {
	id := c.r.PathValue("id")
	_, err := c.adv.CancelTest(c.r.Context(), id)
	if err != nil {
		return err
	}
	return c.redirect(c.plain("offers/" + id + "/test"))
}
