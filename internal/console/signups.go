package console

import (
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
)

// signups is the queue of those who signed up.
func (c *call) signups() error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	state, kind := c.param("state"), c.param("kind")
	if !c.r.URL.Query().Has("state") {
		state = signup.Pending
	}
	if state == "all" {
		state = ""
	}
	rows, err := c.Signups.List(c.r.Context(), c.who, c.ws.ID, state, kind, c.param("after"), pageSize+1)
	if err != nil {
		return err
	}
	t := &table{Label: "Sign-ups", Columns: []column{{Label: "Name", Class: "fill"}, {Label: "As"}, {Label: "E-mail", Class: "opt"}, {Label: "Sent", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "Nobody waits for your decision.", Action: &link{Label: "Sign-up page", URL: c.plain("settings/signup/publisher")}}}
	switch {
	case state != signup.Pending:
		t.Empty = &empty{Sentence: "There are no such sign-ups."}
	case len(rows) == 0:
		open, err := c.Signups.List(c.r.Context(), c.who, c.ws.ID, signup.Unconfirmed, kind, "", 1)
		if err != nil {
			return err
		}
		if len(open) > 0 { // without a mail server they wait for the link to be passed on
			t.Empty = &empty{Sentence: "Nobody waits for your decision. There are some whose address is not confirmed yet.", Action: &link{Label: "Unconfirmed", URL: c.plain("signups") + "?state=" + signup.Unconfirmed}}
		}
	}
	if len(rows) > pageSize {
		rows = rows[:pageSize]
		t.Next = c.same("after", rows[pageSize-1].ID)
	}
	for _, r := range rows {
		href := c.plain("signups/" + r.ID)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{
			{Text: r.Name, Href: href, Class: "fill lead", Title: r.Name}, {Text: r.Kind}, textCell(r.Email).with("opt cut"), timeCell(r.Created, c.loc, c.Now()).with("opt"), signupState(r),
		}})
	}
	p := listPage{Head: head{Title: "Sign-ups", Actions: []action{{Label: "Invitations", URL: c.plain("invitations")}, {Label: "Sign-up page", URL: c.plain("settings/signup/publisher")}}}, Table: t}
	p.Filters = filters{Action: c.r.URL.Path, Chips: []chip{{Label: "All", URL: c.same("state", "all", "after", ""), Current: state == ""}}}
	for _, s := range signup.States {
		p.Filters.Chips = append(p.Filters.Chips, chip{Label: label(s), URL: c.same("state", s, "after", ""), Current: state == s})
	}
	return show(c, "list", "Sign-ups", p)
}

// signupState is a sign-up's state as a word; a refused one says why.
func signupState(r *signup.Signup) cell {
	tone := toneOf(r.State)
	if r.State == signup.Unconfirmed {
		tone = "off"
	}
	return cell{Word: r.State, Tone: tone, Title: signup.Sentences[r.Code]}
}

// signup is one sign-up: what was sent, what became of it, and the decision.
func (c *call) signup() error { return c.showSignup(http.StatusOK, nil, nil) }

func (c *call) showSignup(status int, posted url.Values, errs map[string]string) error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	r, err := c.Signups.Get(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	st := signupState(r)
	p := panelsPage{Head: head{Crumb: &link{Label: "Sign-ups", URL: c.plain("signups")}, Title: r.Name, State: &state{Word: st.Word, Tone: st.Tone, Help: st.Title}}}
	about := panel{Title: "Sign-up", Pairs: []pair{{Label: "As", Value: r.Kind}, {Label: "Person", Value: r.Person}, {Label: "E-mail", Value: r.Email},
		{Label: "Website", Value: orDash(r.Website)}}}
	if r.Promotion != "" {
		about.Pairs = append(about.Pairs, pair{Label: "Promotion", Value: r.Promotion})
	}
	for _, a := range r.Answers {
		about.Pairs = append(about.Pairs, pair{Label: a.Question, Value: orDash(a.Answer)})
	}
	if r.TermsVersion > 0 {
		about.Pairs = append(about.Pairs, pair{Label: "Terms", Value: "version " + itoa(int(r.TermsVersion)) + " accepted"})
	}
	about.Pairs = append(about.Pairs, pair{Label: "Sent", Value: minute(r.Created, c.loc), Title: utc(r.Created)}, pair{Label: "From", Value: orDash(r.Addr)})
	p.Panels = append(p.Panels, c.signupOutcome(r), about)
	if c.write() && (r.State == signup.Pending || r.Decided != 0) {
		f := plainForm("decide", c.plain("signups/"+r.ID+"/decide"), "Decide", []fieldSpec{
			{name: "to", label: "Decision", widget: "choice", width: "w3", choices: []choice{
				{Value: signup.Approved, Label: "Approve", Help: "It becomes active and gets a mail."}, {Value: signup.Rejected, Label: "Reject", Help: "It is told the reason."}, {Value: signup.Banned, Label: "Ban", Help: "No mail; the reason is in its portal."}}},
			{name: "reason", label: "Reason", optional: true, width: "w3", help: "Needed to reject and to ban. Whom it concerns can read it."},
		}, orValues(posted, url.Values{"to": {signup.Approved}}), errs)
		p.Panels = append(p.Panels, panel{ID: "decide", Title: "Decision", Form: &f})
	}
	mails, err := c.mailsPanel(c.ws.ID, r.ID)
	if err != nil {
		return err
	}
	if r.State == signup.Unconfirmed && c.write() {
		f := form{Action: c.plain("signups/" + r.ID + "/resend"), Submit: "Send the link again", Sections: []section{{}}}
		mails.Form = &f
	}
	p.Panels = append(p.Panels, mails)
	return showStatus(c, status, "panels", r.Name, p)
}

func orValues(v, fallback url.Values) url.Values {
	if v == nil {
		return fallback
	}
	return v
}

// signupOutcome says what became of a sign-up.
func (c *call) signupOutcome(r *signup.Signup) panel {
	p := panel{Title: "Outcome"}
	switch {
	case r.State == signup.Unconfirmed:
		p.Pairs = []pair{{Label: "State", Value: "The address is not confirmed. Nothing was made of it yet."}}
	case r.State == signup.Refused:
		p.Pairs = []pair{{Label: "State", Value: signup.Sentences[r.Code], Tone: "warn"}, {Label: "Code", Value: r.Code}}
	default:
		p.Pairs = []pair{{Label: label(r.Kind), Value: r.Name, Href: c.at(r.Kind + "s/" + r.Party)}, {Label: "Confirmed", Value: minute(r.Confirmed, c.loc), Title: utc(r.Confirmed)}}
	}
	if r.Decided != 0 {
		p.Pairs = append(p.Pairs, pair{Label: "Decided", Value: minute(r.Decided, c.loc), Title: utc(r.Decided)})
	}
	if r.Reason != "" {
		p.Pairs = append(p.Pairs, pair{Label: "Reason", Value: r.Reason})
	}
	return p
}

func (c *call) signupDecide() error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	r, err := c.Signups.Decide(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"), v.Get("to"), v.Get("reason"))
	if errs, refused := fieldErrors(err); refused {
		return c.showSignup(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say(r.Name+" was "+r.State+".", nil)
	return c.redirect(c.plain("signups"))
}

func (c *call) signupResend() error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	_, err := c.Signups.Resend(c.r.Context(), c.who, c.ws.ID, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	c.say("A new link is on its way.", nil)
	return c.redirect(c.plain("signups/" + c.r.PathValue("id")))
}

// mailsPanel lists the mails about something; links that were not sent can be copied.
func (c *call) mailsPanel(workspace, about string) (panel, error) {
	p := panel{ID: "mails", Title: "Mails"}
	if c.Mails == nil {
		return p, nil
	}
	ms, err := c.Mails.List(c.r.Context(), c.who, workspace, about, "", 20)
	if err != nil {
		return p, err
	}
	on, err := c.Mails.On(c.r.Context())
	if err != nil {
		return p, err
	}
	t := &table{Label: "Mails", Columns: []column{{Label: "Subject", Class: "fill"}, {Label: "To", Class: "opt"}, {Label: "Queued", Class: "opt"}, {Label: "State"}, {Label: "Problem", Class: "wide"}}, Empty: &empty{Sentence: "Nothing was written about it."}}
	for i, m := range ms {
		t.Rows = append(t.Rows, row{Cells: []cell{{Text: m.Subject, Class: "fill lead", Title: m.Subject}, {Text: m.To, Class: "opt cut"}, timeCell(m.Created, c.loc, c.Now()).with("opt"), mailState(m), textCell(m.Problem).with("wide cut")}})
		if m.Link != "" {
			p.Copies = append(p.Copies, copyField{ID: "link-" + itoa(i), Label: "Link for " + m.To, Value: m.Link, Help: "It was not sent yet. Pass it on by hand: whoever has it comes in by it, once."})
		}
	}
	p.Table = t
	if !on {
		p.Note = "There is no mail server: pass links on by hand."
		if c.who.Owner {
			p.More = &link{Label: "Set up mail", URL: c.plain("settings/mail")}
		}
	}
	return p, nil
}

func mailState(m *mail.Mail) cell {
	tone := map[string]string{mail.StateQueued: "warn", mail.StateSent: "good", mail.StateFailed: "bad"}[m.State]
	return cell{Word: m.State, Tone: orElse(tone, "off"), Title: m.Problem}
}

// invitations lists who was invited, and invites.
func (c *call) invitations() error { return c.showInvitations(http.StatusOK, nil, nil) }

func (c *call) showInvitations(status int, posted url.Values, errs map[string]string) error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	rows, err := c.Signups.Invitations(c.r.Context(), c.who, account.Party{Workspace: c.ws.ID}, "", signup.MaxLimit)
	if err != nil {
		return err
	}
	if c.who.Owner {
		colleagues, err := c.Signups.Invitations(c.r.Context(), c.who, account.Party{}, "", signup.MaxLimit)
		if err != nil {
			return err
		}
		rows = append(colleagues, rows...)
	}
	var pubs, advs []string
	for _, i := range rows {
		switch i.Party.Kind {
		case account.PartyPublisher:
			pubs = append(pubs, i.Party.ID)
		case account.PartyAdvertiser:
			advs = append(advs, i.Party.ID)
		}
	}
	pubNames, advNames := c.names(catalog.KindPublisher, pubs...), c.names(catalog.KindAdvertiser, advs...)
	t := &table{Label: "Invitations", Columns: []column{{Label: "E-mail", Class: "fill"}, {Label: "To"}, {Label: "Until", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "An invitation lets one person in: of a publisher, of an advertiser, or a colleague."}}
	for _, i := range rows {
		to := cell{Text: "colleague"}
		switch i.Party.Kind {
		case account.PartyPublisher:
			to = cell{Text: pubNames[i.Party.ID], Href: c.at("publishers/" + i.Party.ID), Class: "cut"}
		case account.PartyAdvertiser:
			to = cell{Text: advNames[i.Party.ID], Href: c.at("advertisers/" + i.Party.ID), Class: "cut"}
		}
		word, tone := i.State, map[string]string{signup.Open: "warn", signup.Accepted: "good", signup.Revoked: "off"}[i.State]
		if i.State == signup.Open && i.Expires <= c.Now().UnixMicro() {
			word, tone = "expired", "off"
		}
		href := c.plain("invitations/" + i.ID)
		t.Rows = append(t.Rows, row{Href: href, Cells: []cell{{Text: i.Email, Href: href, Class: "fill lead", Title: i.Name}, to, timeCell(i.Expires, c.loc, c.Now()).with("opt"), {Word: word, Tone: tone}}})
	}
	p := panelsPage{Head: head{Title: "Invitations", Crumb: &link{Label: "Sign-ups", URL: c.plain("signups")}}, Panels: []panel{{ID: "invitations", Table: t}}}
	if c.write() {
		f, err := c.inviteForm(posted, errs)
		if err != nil {
			return err
		}
		p.Panels = append(p.Panels, panel{ID: "invite", Title: "Invite", Form: f})
	}
	return showStatus(c, status, "panels", "Invitations", p)
}

// inviteTo leads to the form that invites one of a party's people.
func (c *call) inviteTo(kind, id string) []action {
	if c.Signups == nil {
		return nil
	}
	return []action{{Label: "Invite", URL: c.plain("invitations", "to", kind+":"+id) + "#invite"}}
}

// inviteForm asks whom to invite as whose.
func (c *call) inviteForm(posted url.Values, errs map[string]string) (*form, error) {
	var to []choice
	for _, k := range []struct {
		kind catalog.Kind
		word string
	}{{catalog.KindPublisher, "Publisher"}, {catalog.KindAdvertiser, "Advertiser"}} {
		rows, err := c.choicesOf(k.kind, "")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			to = append(to, choice{Value: string(k.kind) + ":" + r.Value, Label: k.word + ": " + r.Label})
		}
	}
	if c.who.Owner {
		to = append([]choice{{Value: "staff", Label: "Colleague in this workspace"}, {Value: "owner", Label: "Owner of the installation"}}, to...)
	}
	if posted == nil {
		posted = url.Values{"to": {c.param("to")}}
	}
	f := plainForm("invite", c.plain("invitations"), "Invite", []fieldSpec{
		{name: "email", label: "E-mail address", typ: "email", width: "w3", example: "pia@blog.example"},
		{name: "to", label: "As", choices: to, width: "w3"},
		{name: "name", label: "Name", optional: true, width: "w3"},
	}, posted, errs)
	return &f, nil
}

func (c *call) invite() error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := signup.InviteDoc{Email: v.Get("email"), Name: v.Get("name")}
	kind, id, _ := strings.Cut(v.Get("to"), ":")
	switch kind {
	case "staff":
		d.Workspaces = []string{c.ws.ID}
	case "owner":
		d.Owner = true
	default:
		d.Party = account.Party{Kind: kind, ID: id, Workspace: c.ws.ID}
	}
	i, err := c.Signups.Invite(c.r.Context(), c.who, d)
	if errs, refused := fieldErrors(err); refused {
		return c.showInvitations(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say(i.Email+" is invited.", nil)
	return c.redirect(c.plain("invitations/" + i.ID))
}

// invitation is one invitation, with its mails and what can be done about it.
func (c *call) invitation() error {
	i, err := c.oneInvitation()
	if err != nil {
		return err
	}
	p := panelsPage{Head: head{Crumb: &link{Label: "Invitations", URL: c.plain("invitations")}, Title: i.Email}}
	to := pair{Label: "To", Value: "clickledger, as a colleague"}
	if i.Party.Kind != "" {
		to = pair{Label: label(i.Party.Kind), Value: c.nameOf(catalog.Kind(i.Party.Kind), i.Party.ID), Href: c.at(i.Party.Kind + "s/" + i.Party.ID)}
	}
	p.Panels = []panel{{Title: "Invitation", Pairs: []pair{to, {Label: "State", Value: i.State}, {Label: "Works until", Value: minute(i.Expires, c.loc), Title: utc(i.Expires)}, {Label: "Made", Value: minute(i.Created, c.loc), Title: utc(i.Created)}}}}
	mails, err := c.mailsPanel(i.Party.Workspace, i.ID)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, mails)
	if c.write() && i.State != signup.Accepted {
		again := form{Action: c.plain("invitations/" + i.ID + "/resend"), Submit: "Send a new link", Sections: []section{{}}}
		p.Panels = append(p.Panels, panel{Title: "Send it again", Note: "The link before stops working.", Form: &again})
	}
	if c.write() && i.State == signup.Open {
		end := form{Action: c.plain("invitations/" + i.ID + "/revoke"), Submit: "Revoke", Sections: []section{{}}}
		p.Panels = append(p.Panels, panel{Title: "Take it back", Note: "Its link stops working.", Form: &end})
	}
	return show(c, "panels", i.Email, p)
}

// oneInvitation is the one of the path, of this workspace or a colleague's.
func (c *call) oneInvitation() (*signup.Invitation, error) {
	if c.Signups == nil {
		return nil, catalog.ErrNotFound
	}
	i, err := c.Signups.Invitation(c.r.Context(), c.who, c.r.PathValue("id"))
	if err == nil && i.Party.Workspace != "" && i.Party.Workspace != c.ws.ID {
		return nil, catalog.ErrNotFound
	}
	return i, err
}

func (c *call) invitationResend() error {
	i, err := c.oneInvitation()
	if err != nil {
		return err
	}
	_, err = c.Signups.ResendInvitation(c.r.Context(), c.who, i.ID)
	if err != nil {
		return err
	}
	c.say("A new link is on its way.", nil)
	return c.redirect(c.plain("invitations/" + i.ID))
}

func (c *call) invitationRevoke() error {
	i, err := c.oneInvitation()
	if err != nil {
		return err
	}
	_, err = c.Signups.RevokeInvitation(c.r.Context(), c.who, i.ID)
	if err != nil {
		return err
	}
	c.say("The invitation was revoked.", nil)
	return c.redirect(c.plain("invitations"))
}

// waiting is how many sign-ups wait, as a count beside the rail's link; "" = none.
func (c *call) waiting() string {
	if c.Signups == nil {
		return ""
	}
	n, err := c.Signups.Waiting(c.r.Context(), c.who, c.ws.ID)
	if err != nil || n == 0 {
		return ""
	}
	return itoa(int(n))
}
