package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

// moment is a time to the minute, in the program's time zone.
func (c *call) moment(t time.Time) string { return t.In(c.loc).Format("2006-01-02 15:04") }

// applyPanels are what a publisher can do about an offer: apply, accept an invitation or
// new terms, take an application back.
func (c *call) applyPanels(o *portal.PublisherOffer, posted url.Values, errs map[string]string) []panel {
	var out []panel
	writes := c.pub.Writes()
	e := o.Enrollment
	switch {
	case o.Apply.May && writes:
		f := c.applyForm(o, posted, errs)
		p := panel{ID: "apply", Title: "Apply", Note: "The program looks at it; this page says what was decided.", Form: &f}
		switch {
		case e != nil && e.Status == catalog.Invited:
			p.Title, p.Note = "You are invited", "Accept, and you have your link at once."
		case o.Access == catalog.VisibilityPublic:
			p.Note = "This offer is open to everybody: you have your link at once."
		}
		out = append(out, p)
	case e == nil:
		out = append(out, panel{ID: "apply", Title: "Apply", Notes: []string{o.Apply.Why}})
	}
	if e != nil && e.Applied != nil {
		p := panel{ID: "application", Title: "Your application", Pairs: []pair{{Label: "Sent", Value: c.moment(*e.Applied), Title: utc(e.Applied.UnixMicro())}}}
		if e.Decided != nil {
			p.Pairs = append(p.Pairs, pair{Label: "Decided", Value: c.moment(*e.Decided), Title: utc(e.Decided.UnixMicro())})
		}
		for _, a := range e.Answers {
			p.Pairs = append(p.Pairs, pair{Label: a.Question, Value: orDash(a.Value)})
		}
		if e.Status == catalog.Applied {
			p.Note = "It waits for a decision."
		}
		out = append(out, p)
	}
	return out
}

// withdrawActions take an application back, or decline an invitation.
func (c *call) withdrawActions(o *portal.PublisherOffer) []action {
	words := map[string]string{catalog.Applied: "Withdraw the application", catalog.Invited: "Decline the invitation"}
	if o.Enrollment == nil || words[o.Enrollment.Status] == "" || !c.pub.Writes() {
		return nil
	}
	return []action{{Label: words[o.Enrollment.Status], URL: c.plain("offers/" + o.ID + "/withdraw"), Post: true}}
}

// answerName is the input of a question: what the catalog calls it in refusals.
func answerName(key string) string { return "answers." + key }

// applyForm asks an offer's questions, and for its terms.
func (c *call) applyForm(o *portal.PublisherOffer, posted url.Values, errs map[string]string) form {
	var specs []fieldSpec
	for _, q := range o.Questions {
		f := fieldSpec{name: answerName(q.Key), label: q.Label, optional: !q.Required, help: noHelp}
		switch q.Kind {
		case catalog.QuestionLong:
			f.widget, f.rows = "area", 4
		case catalog.QuestionChoice:
			f.width, f.choices = "w3", []choice{{Label: "Choose one"}}
			for _, v := range q.Options {
				f.choices = append(f.choices, choice{Value: v, Label: v})
			}
		}
		specs = append(specs, f)
	}
	if o.Terms != nil {
		specs = append(specs, fieldSpec{name: "terms", label: "I accept version " + strconv.FormatInt(o.Terms.Number, 10) + " of the terms", widget: "check", help: "They stand below."})
	}
	submit := "Apply"
	if o.Enrollment != nil && o.Enrollment.Status == catalog.Invited {
		submit = "Accept the invitation"
	}
	if why, ok := errs["offer"]; ok { // it is about the whole form
		errs[""] = why
		delete(errs, "offer")
	}
	f := plainForm("apply", c.plain("offers/"+o.ID+"/apply"), submit, specs, posted, errs)
	if o.Terms != nil {
		f.Hidden = []hidden{{"version", strconv.FormatInt(o.Terms.Number, 10)}}
	}
	return f
}

// offerTermsPanels are the terms in force and the announced ones, with what they pay, and a
// button where they are still to be accepted.
func (c *call) offerTermsPanels(o *portal.PublisherOffer) []panel {
	var out []panel
	runs := o.Enrollment != nil && (o.Enrollment.Status == catalog.Approved || o.Enrollment.Status == catalog.Applied || o.Enrollment.Status == catalog.Paused)
	add := func(t *portal.OfferTerms, next bool) {
		if t == nil {
			return
		}
		from := c.moment(t.From)
		p := panel{ID: "terms", Title: "Terms, version " + strconv.FormatInt(t.Number, 10), Note: "In force since " + from + ".", Notes: strings.Split(strings.TrimSpace(t.Text), "\n")}
		if next {
			window := "any time"
			if t.WindowDays > 0 {
				window = plural(t.WindowDays, "day", "days")
			}
			p.ID, p.Note = "next-terms", "Announced: in force from "+from+". What was earned before stays as it is."
			p.Pairs = []pair{{Label: "Cookie life", Value: plural(t.CookieDays, "day", "days")}, {Label: "Conversion window", Value: window}}
			p.Table = commissionTable(t.Commissions, o.Currency)
		}
		if runs {
			said := pair{Label: "Accepted", Value: "not yet", Tone: "warn"}
			if o.Enrollment.Terms >= t.Number {
				said = pair{Label: "Accepted", Value: "yes", Tone: "good"}
			} else if c.pub.Writes() {
				f := form{Action: c.plain("offers/" + o.ID + "/terms"), Submit: "Accept version " + strconv.FormatInt(t.Number, 10), Hidden: []hidden{{"terms", strconv.FormatInt(t.Number, 10)}}, Sections: []section{{}}}
				p.Form = &f
			}
			p.Pairs = append(p.Pairs, said)
		}
		out = append(out, p)
	}
	add(o.Terms, false)
	add(o.NextTerms, true)
	if len(o.Rules) > 0 {
		out = append(out, panel{ID: "rules", Title: "Which clicks earn", Notes: o.Rules})
	}
	return out
}

// myApply sends an application, or accepts an invitation.
func (c *call) myApply() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	o, err := c.pub.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := &catalog.ApplicationDoc{}
	if v.Get("terms") == "true" {
		d.Terms = wholeNumber(v.Get("version"))
	}
	for _, q := range o.Questions {
		d.Answers = append(d.Answers, catalog.AnswerDoc{Key: q.Key, Value: v.Get(answerName(q.Key))})
	}
	made, err := c.pub.Apply(c.r.Context(), o.ID, d, c.ClientAddr(c.r))
	if errs, refused := fieldErrors(err); refused {
		if !o.Apply.May { // there is no form to say it in
			return c.didWithOffer(o, err, "")
		}
		return c.showMyOffer(http.StatusUnprocessableEntity, o, v, errs)
	}
	if err != nil {
		return err
	}
	said := "Your application was sent."
	if made.Enrollment != nil && made.Enrollment.Status == catalog.Approved {
		said = "You run this offer now: your link is below."
	}
	c.say(said, nil)
	return c.redirect(c.plain("offers/" + o.ID))
}

// wholeNumber is 0 for what is none.
func wholeNumber(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// myAcceptTerms accepts a version of the terms.
func (c *call) myAcceptTerms() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	o, err := c.pub.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = c.pub.AcceptTerms(c.r.Context(), o.ID, wholeNumber(v.Get("terms")), c.ClientAddr(c.r))
	return c.didWithOffer(o, err, "You accepted the terms.")
}

// myWithdraw takes an application back, or declines an invitation.
func (c *call) myWithdraw() error {
	o, err := c.pub.Offer(c.r.Context(), c.r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = c.pub.Withdraw(c.r.Context(), o.ID)
	if err == nil && o.Access == catalog.VisibilityPrivate { // it is seen no more
		c.say("You declined the invitation.", nil)
		return c.redirect(c.plain("offers"))
	}
	return c.didWithOffer(o, err, "Your application was taken back.")
}

// didWithOffer answers a button on an offer's page.
func (c *call) didWithOffer(o *portal.PublisherOffer, err error, said string) error {
	if errs, refused := fieldErrors(err); refused {
		said, _ = cutCode(errs[sortedKeys(errs)[0]])
		err = nil
	}
	if err != nil {
		return err
	}
	c.say(said, nil)
	return c.redirect(c.plain("offers/" + o.ID))
}
