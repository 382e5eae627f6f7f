package console

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/mail"
	"clickledger/internal/signup"
)

// questionRow is a question as it is typed: its choices behind |.
type questionRow struct {
	Label    string `json:"label"`
	Kind     string `json:"kind"`
	Choices  string `json:"choices"`
	Required string `json:"required"`
}

// signupForm is the form of a sign-up page.
type signupForm struct {
	Open      bool          `json:"open"`
	Intro     string        `json:"intro"`
	Questions []questionRow `json:"questions"`
	Terms     string        `json:"terms"`
	Group     string        `json:"group"`
	Manager   string        `json:"manager"`
}

func signupFormOf(d signup.PageDoc) *signupForm {
	f := &signupForm{Open: d.Open, Intro: d.Intro, Terms: d.Terms, Group: d.Group, Manager: d.Manager}
	for _, q := range d.Questions {
		required := "no"
		if q.Required {
			required = "yes"
		}
		f.Questions = append(f.Questions, questionRow{q.Label, q.Kind, strings.Join(q.Choices, " | "), required})
	}
	return f
}

func (f *signupForm) doc() signup.PageDoc {
	d := signup.PageDoc{Open: f.Open, Intro: f.Intro, Terms: f.Terms, Group: f.Group, Manager: f.Manager}
	for _, q := range f.Questions {
		var choices []string
		for ch := range strings.SplitSeq(q.Choices, "|") {
			if ch = strings.TrimSpace(ch); ch != "" {
				choices = append(choices, ch)
			}
		}
		d.Questions = append(d.Questions, signup.AskDoc{Label: q.Label, Kind: q.Kind, Choices: choices, Required: q.Required == "yes"})
	}
	return d
}

// signupSettings shows the settings of the sign-up page of publishers or advertisers.
func (c *call) signupSettings() error { return c.showSignupSettings(http.StatusOK, nil, nil) }

func (c *call) showSignupSettings(status int, posted url.Values, errs map[string]string) error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	kind := c.r.PathValue("kind")
	if !c.write() {
		return catalog.ErrNotFound
	}
	set, err := c.Signups.Settings(c.r.Context(), c.who, c.ws.ID, kind)
	if err != nil {
		return err
	}
	managers, err := c.managerChoices("Nobody")
	if err != nil {
		return err
	}
	own := []fieldSpec{{name: "manager", choices: managers, optional: true, width: "w3", help: "Who looks after those who sign up."}}
	skip := []string{"group"}
	if kind == account.PartyPublisher {
		groups, err := c.choicesOf(catalog.KindGroup, "None")
		if err != nil {
			return err
		}
		own, skip = append(own, fieldSpec{name: "group", choices: groups, optional: true, width: "w3", help: "Of publishers who sign up."}), nil
	}
	f := docForm(signupFormOf(set.Doc()), []sectionSpec{
		{title: "Page", fields: append([]fieldSpec{
			{name: "open", label: "Anybody can sign up", help: "Each sign-up waits for your decision."},
			{name: "intro", widget: "area", rows: 2, optional: true, help: "What stands above the form."},
		}, own...)},
		{title: "Questions", fields: []fieldSpec{{name: "questions", optional: true, help: "Name, address, website and how they bring visitors are asked anyway.", table: &rowsSpec{add: "Add a question", columns: []colSpec{
			{name: "label", label: "Question", example: "How many visitors a month?", class: "grow"},
			{name: "kind", label: "Answer", choices: options(signup.QuestionText, "a line", signup.QuestionArea, "several lines", signup.QuestionChoice, "one of")},
			{name: "choices", label: "Choices", example: "EU | US", class: "big"},
			{name: "required", label: "Needed", choices: options("no", "no", "yes", "yes")},
		}}}}},
		{title: "Terms", fields: []fieldSpec{{name: "terms", widget: "area", rows: 6, optional: true, help: "Must be accepted when there are any. Each sign-up keeps which version it accepted."}}},
	}, skip, posted, errs)
	f.Action, f.Submit = c.plain("settings/signup/"+kind), "Save"
	version := strconv.FormatInt(set.Version, 10)
	if posted.Has(versionField) {
		version = posted.Get(versionField)
	}
	f.Hidden = []hidden{{versionField, version}}
	other := map[string]string{account.PartyPublisher: account.PartyAdvertiser, account.PartyAdvertiser: account.PartyPublisher}[kind]
	p := editPage{Head: head{Crumb: &link{Label: "Sign-ups", URL: c.plain("signups")}, Title: "Sign-up of " + kind + "s", Actions: []action{{Label: "Of " + other + "s", URL: c.plain("settings/signup/" + other)}}}}
	state := &state{Word: "closed", Tone: "off"}
	if set.Open {
		state.Word, state.Tone = "open", "good"
	}
	p.Head.State = state
	p.Form = f
	p.Copies = []copyField{{ID: "url", Label: "Sign-up page", Value: c.Signups.PageURL(c.ws.ID, kind), Open: set.Open, Help: "Link to it from your own site."}}
	return showStatus(c, status, "edit", p.Head.Title, p)
}

func (c *call) signupSettingsSave() error {
	if c.Signups == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	kind := c.r.PathValue("kind")
	f := &signupForm{}
	errs := readDoc(f, v)
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = 0
	}
	if len(errs) == 0 {
		_, err = c.Signups.Set(c.r.Context(), c.who, c.ws.ID, kind, version, f.doc())
		if err == nil {
			c.say("The sign-up page was saved.", nil)
			return c.redirect(c.plain("settings/signup/" + kind))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showSignupSettings(http.StatusUnprocessableEntity, v, errs)
}

// mailSettings shows how mails are sent, and the installation's own mails, for owners.
func (c *call) mailSettings() error { return c.showMailSettings(http.StatusOK, nil, nil, "") }

func (c *call) showMailSettings(status int, posted url.Values, errs map[string]string, said string) error {
	if c.Mails == nil {
		return catalog.ErrNotFound
	}
	set, err := c.Mails.Settings(c.r.Context(), c.who)
	if err != nil {
		return err
	}
	d := set.Doc()
	if posted == nil {
		posted = url.Values{"host": {d.Host}, "security": {d.Security}, "user": {d.User}, "from": {d.From}}
		if d.Port != 0 {
			posted.Set("port", strconv.FormatInt(d.Port, 10))
		}
	}
	keep := "Empty keeps the present one."
	if set.Password == "" {
		keep = ""
	}
	f := plainForm("mail", c.plain("settings/mail"), "Save", []fieldSpec{
		{name: "host", label: "Server", optional: true, width: "w3", code: true, example: "smtp.example.com", help: "Empty: mails are not sent, and their links are shown to you."},
		{name: "security", label: "Encryption", width: "w3", choices: options(mail.SecuritySTARTTLS, "STARTTLS", mail.SecurityTLS, "TLS", mail.SecurityNone, "None: same machine only")},
		{name: "port", optional: true, width: "w3", mode: "numeric", example: "the usual one"},
		{name: "from", label: "From", width: "w3", optional: true, example: "Acme partners <partners@acme.example>"},
		{name: "user", label: "User name", optional: true, width: "w3"},
		{name: "password", typ: "password", optional: true, width: "w3", help: keep},
	}, withoutPassword(posted), errs)
	p := panelsPage{Head: head{Crumb: &link{Label: "Settings", URL: c.plain("settings")}, Title: "Mail"}}
	p.Panels = []panel{{ID: "server", Title: "Mail server", Note: "Of the whole installation.", Form: &f}}
	if set.On() {
		t := plainForm("test", c.plain("settings/mail/test"), "Send a test mail", []fieldSpec{{name: "to", label: "To", typ: "email"}}, url.Values{"to": {orElse(posted.Get("to"), c.user.Email)}}, errs)
		test := panel{ID: "test", Title: "Test", Form: &t}
		if said != "" {
			test.Notes = []string{said}
		}
		p.Panels = append(p.Panels, test)
	}
	mails, err := c.mailsPanel("", "")
	if err != nil {
		return err
	}
	mails.More = nil // it leads here
	mails.Title, mails.Note = "Mails to colleagues", ""
	told, err := c.mailsPanel(c.ws.ID, "")
	if err != nil {
		return err
	}
	told.ID, told.More, told.Copies, told.Title = "told", nil, nil, "Mails of this workspace"
	told.Note = "To publishers, advertisers and who looks after them. Links that were not sent are on the pages of sign-ups and invitations."
	p.Panels = append(p.Panels, mails, told)
	return showStatus(c, status, "panels", "Mail", p)
}

func (c *call) mailSettingsSave() error {
	if c.Mails == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := mail.ServerDoc{Host: v.Get("host"), Security: v.Get("security"), User: v.Get("user"), Password: v.Get("password"), From: v.Get("from")}
	if text := strings.TrimSpace(v.Get("port")); text != "" {
		d.Port, err = strconv.ParseInt(text, 10, 64)
		if err != nil {
			return c.showMailSettings(http.StatusUnprocessableEntity, v, map[string]string{"port": withCode("This must be a whole number.", "type")}, "")
		}
	}
	_, err = c.Mails.Set(c.r.Context(), c.who, 0, d)
	if errs, refused := fieldErrors(err); refused {
		return c.showMailSettings(http.StatusUnprocessableEntity, v, errs, "")
	}
	if err != nil {
		return err
	}
	c.say("The mail server was saved.", nil)
	return c.redirect(c.plain("settings/mail"))
}

// mailTest sends a test mail and shows what the server said.
func (c *call) mailTest() error {
	if c.Mails == nil {
		return catalog.ErrNotFound
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	set, err := c.Mails.Settings(c.r.Context(), c.who)
	if err != nil {
		return err
	}
	err = c.Mails.Test(c.r.Context(), c.who, set.Doc(), strings.TrimSpace(v.Get("to")))
	var said *mail.Refused
	errs, refused := fieldErrors(err)
	switch {
	case refused:
		return c.showMailSettings(http.StatusUnprocessableEntity, nil, errs, "")
	case errors.As(err, &said):
		return c.showMailSettings(http.StatusOK, nil, nil, "It was not sent. "+said.Error())
	case err != nil:
		return err
	}
	return c.showMailSettings(http.StatusOK, nil, nil, "The server took the mail.")
}
