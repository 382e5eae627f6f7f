package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/portal"
	"clickledger/internal/signup"
)

// portalDoor is what both portals have: keys and people.
type portalDoor interface {
	Writes() bool
	Keys(ctx context.Context) ([]portal.Key, error)
	CreateKey(ctx context.Context, name, scope string, expires int64) (secret string, k portal.Key, err error)
	RevokeKey(ctx context.Context, id string) (*portal.Key, error)
	People(ctx context.Context) ([]portal.Person, error)
	DisablePerson(ctx context.Context, id string, disabled bool) error
	Rename(ctx context.Context, name string) error
	MayInvite() bool
	Invitations(ctx context.Context) ([]portal.Invitation, error)
	Invite(ctx context.Context, email, name string) (*portal.Invitation, error)
	RevokeInvitation(ctx context.Context, id string) (*portal.Invitation, error)
	ResendInvitation(ctx context.Context, id string) (*portal.Invitation, error)
}

// door is the portal of who asks, whichever it is.
func (c *call) door() portalDoor {
	if c.pub != nil {
		return c.pub
	}
	return c.adv
}

// portalKeys lists the party's API keys.
func (c *call) portalKeys() error { return c.showPortalKeys(http.StatusOK, nil, nil, nil) }

func (c *call) showPortalKeys(status int, secret *copyField, posted url.Values, errs map[string]string) error {
	keys, err := c.door().Keys(c.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: "API keys", Columns: []column{{Label: "Name", Class: "fill"}, {Label: "Begins with"}, {Label: "May"}, {Label: "Made", Class: "opt"}, {Label: "Last used", Class: "opt"}, {Label: "Ends", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "An API key lets a program of yours do what this portal does."}}
	live := []choice{}
	now := c.Now()
	when := func(at *time.Time) cell {
		if at == nil {
			return cell{Text: "never", Tone: "muted", Class: "opt"}
		}
		return timeCell(at.UnixMicro(), c.loc, now).with("opt")
	}
	for _, k := range keys {
		state := cell{Word: "active", Tone: "good"}
		switch {
		case k.Revoked:
			state = cell{Word: "revoked", Tone: "bad"}
		case k.Expires != nil && !k.Expires.After(now):
			state = cell{Word: "expired", Tone: "off"}
		default:
			live = append(live, choice{Value: k.ID, Label: k.Name + " (" + k.Prefix + "…)"})
		}
		t.Rows = append(t.Rows, row{Off: k.Revoked, Cells: []cell{{Text: k.Name, Class: "fill lead", Title: k.Name}, {Text: k.Prefix + "…", Tone: "mono"}, {Text: k.Scope},
			timeCell(k.Created.UnixMicro(), c.loc, now).with("opt"), when(k.Used), when(k.Expires), state}})
	}
	p := panelsPage{Head: head{Title: "API keys"}, Secret: secret}
	api := c.PublicURL + "/api/v1/portal/" + c.party.Kind
	p.Panels = []panel{{ID: "keys", Note: "A key is shown once, when it is made.", Copies: []copyField{{ID: "curl", Label: "Try a key", Value: "curl -H 'Authorization: Bearer YOUR_KEY' " + api}}, Table: t}}
	if c.door().Writes() {
		f := plainForm("key", "/portal/keys", "Create key", []fieldSpec{
			{name: "name", label: "Name", example: "Nightly import", width: "w2"},
			{name: "scope", label: "May", choices: options(account.ScopeRead, "Read", account.ScopeWrite, "Read and write"), width: "w2"},
			{name: "days", label: "Ends after", unit: "days", mode: "numeric", optional: true, example: "90", width: "w2"},
		}, posted, errs)
		p.Panels = append(p.Panels, panel{Title: "New key", Form: &f})
		if len(live) > 0 {
			rf := plainForm("revoke", "/portal/keys/revoke", "Revoke key", []fieldSpec{{name: "id", label: "Key", choices: live, width: "w3", help: "Programs that use it are refused from then on. It cannot be undone."}}, nil, nil)
			p.Panels = append(p.Panels, panel{Title: "Revoke a key", Form: &rf})
		}
	}
	return showStatus(c, status, "panels", "API keys", p)
}

// portalKeyCreate makes a key and shows its secret on the page itself, this once.
func (c *call) portalKeyCreate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	expires := int64(0)
	if d := strings.TrimSpace(v.Get("days")); d != "" {
		n, err := strconv.ParseInt(d, 10, 64)
		if err != nil || n < 1 || n > 3650 {
			return c.showPortalKeys(http.StatusUnprocessableEntity, nil, v, map[string]string{"days": withCode("This must be a number of days from 1 to 3650.", "range")})
		}
		expires = c.Now().Add(time.Duration(n) * 24 * time.Hour).UnixMicro()
	}
	secret, k, err := c.door().CreateKey(c.r.Context(), v.Get("name"), v.Get("scope"), expires)
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showPortalKeys(http.StatusUnprocessableEntity, nil, v, errs)
	}
	return c.showPortalKeys(http.StatusOK, &copyField{ID: "secret", Label: "New key: " + k.Name, Value: secret, Help: "Copy it now: it is not shown again."}, nil, nil)
}

// portalKeyRevoke ends a key; the key is a field of the form.
func (c *call) portalKeyRevoke() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	_, err = c.door().RevokeKey(c.r.Context(), v.Get("id"))
	if err != nil {
		return err
	}
	c.say("The key was revoked.", nil)
	return c.redirect("/portal/keys")
}

// portalPeople lists the party's people, and whom they invited.
func (c *call) portalPeople() error { return c.showPortalPeople(http.StatusOK, nil, nil) }

func (c *call) showPortalPeople(status int, posted url.Values, errs map[string]string) error {
	people, err := c.door().People(c.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: "People", Columns: []column{{Label: "Name", Class: "fill"}, {Label: "E-mail"}, {Label: "Since", Class: "opt"}, {Label: "State"}}}
	var in, out []choice
	for _, u := range people {
		state := cell{Word: "active", Tone: "good"}
		name := orElse(u.Name, u.Email)
		switch {
		case u.Disabled:
			state = cell{Word: "disabled", Tone: "off"}
			out = append(out, choice{Value: u.ID, Label: name})
		case !u.Self:
			in = append(in, choice{Value: u.ID, Label: name})
		}
		lead := cell{Text: name, Class: "fill lead", Title: name}
		if u.Self {
			lead.Text += " (you)"
		}
		t.Rows = append(t.Rows, row{Off: u.Disabled, Cells: []cell{lead, {Text: u.Email, Class: "cut", Title: u.Email}, timeCell(u.Created.UnixMicro(), c.loc, c.Now()).with("opt"), state}})
	}
	p := panelsPage{Head: head{Title: "People"}, Panels: []panel{{ID: "people", Note: "Who signs in to this portal.", Table: t}}}
	invited, err := c.invitationPanels(posted, errs)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, invited...)
	add := func(prefix, title, submit, help, disabled string, who []choice) {
		if len(who) == 0 || !c.door().Writes() {
			return
		}
		f := plainForm(prefix, "/portal/people", submit, []fieldSpec{{name: "id", label: "Person", choices: who, width: "w3", help: help}}, nil, nil)
		f.Hidden = []hidden{{"disabled", disabled}}
		p.Panels = append(p.Panels, panel{Title: title, Form: &f})
	}
	add("out", "Keep somebody out", "Disable", "They are signed out and cannot sign in again.", "true", in)
	add("in", "Let somebody in again", "Enable", noHelp, "false", out)
	return showStatus(c, status, "panels", "People", p)
}

// invitationPanels are whom the party's people invited, and a form to invite.
func (c *call) invitationPanels(posted url.Values, errs map[string]string) ([]panel, error) {
	rows, err := c.door().Invitations(c.r.Context())
	if err != nil {
		return nil, err
	}
	var out []panel
	var open []choice
	t := &table{Label: "Invitations", Columns: []column{{Label: "E-mail", Class: "fill"}, {Label: "Name", Class: "opt"}, {Label: "Works until", Class: "opt"}, {Label: "State"}}}
	for _, i := range rows {
		tone := map[string]string{signup.Open: "warn", signup.Accepted: "good"}[i.State]
		t.Rows = append(t.Rows, row{Off: i.State == signup.Revoked, Cells: []cell{{Text: i.Email, Class: "fill lead", Title: i.Email}, textCell(i.Name).with("opt cut"), timeCell(i.Expires.UnixMicro(), c.loc, c.Now()).with("opt"), {Word: i.State, Tone: orElse(tone, "off")}}})
		if i.State != signup.Accepted {
			open = append(open, choice{Value: i.ID, Label: i.Email})
		}
	}
	if len(rows) > 0 {
		out = append(out, panel{ID: "invitations", Title: "Invitations", Table: t})
	}
	if !c.door().MayInvite() {
		return out, nil
	}
	f := plainForm("invite", "/portal/people/invite", "Invite", []fieldSpec{
		{name: "email", label: "E-mail address", typ: "email", width: "w3", example: "pia@blog.example", help: "A mail with a link is sent there. Who comes by it sees and does what you can."},
		{name: "name", label: "Name", optional: true, width: "w3"},
	}, posted, errs)
	out = append(out, panel{ID: "invite", Title: "Invite a colleague", Form: &f})
	if len(open) > 0 {
		again := plainForm("again", "/portal/people/invitation", "Change", []fieldSpec{
			{name: "id", label: "Invitation", choices: open, width: "w3"},
			{name: "do", label: "What", choices: options("resend", "Send a new link", "revoke", "Take it back"), width: "w2", help: "The link before stops working either way."},
		}, nil, nil)
		out = append(out, panel{ID: "again", Title: "Change an invitation", Form: &again})
	}
	return out, nil
}

// portalInvite invites a colleague.
func (c *call) portalInvite() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	i, err := c.door().Invite(c.r.Context(), v.Get("email"), v.Get("name"))
	if errs, refused := fieldErrors(err); refused {
		return c.showPortalPeople(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	c.say(i.Email+" is invited.", nil)
	return c.redirect("/portal/people")
}

// portalInvitation sends an invitation again, or takes it back.
func (c *call) portalInvitation() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	do, said := c.door().ResendInvitation, "A new link is on its way."
	if v.Get("do") == "revoke" {
		do, said = c.door().RevokeInvitation, "The invitation was taken back."
	}
	_, err = do(c.r.Context(), v.Get("id"))
	if errs, refused := fieldErrors(err); refused {
		return c.showPortalPeople(http.StatusUnprocessableEntity, nil, errs)
	}
	if err != nil {
		return err
	}
	c.say(said, nil)
	return c.redirect("/portal/people")
}

// portalPersonDisable keeps a colleague out, or lets them in again.
func (c *call) portalPersonDisable() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	err = c.door().DisablePerson(c.r.Context(), v.Get("id"), v.Get("disabled") == "true")
	if err != nil {
		return err
	}
	c.say("Done.", nil)
	return c.redirect("/portal/people")
}

// portalProfile is one's own name and password.
func (c *call) portalProfile() error { return c.showPortalProfile(http.StatusOK, nil, nil, nil) }

func (c *call) showPortalProfile(status int, name, pass url.Values, errs map[string]string) error {
	nameErrs, passErrs := errs, errs
	if name == nil {
		nameErrs = nil
		name = url.Values{"name": {c.user.Name}}
	}
	if pass == nil {
		passErrs = nil
	}
	nf := plainForm("me", "/portal/profile", "Save", []fieldSpec{{name: "name", label: "Your name", width: "w3", help: noHelp}}, name, nameErrs)
	pf := plainForm("pw", "/portal/profile/password", "Change password", []fieldSpec{
		{name: "present", label: "Present password", typ: "password", width: "w3", help: noHelp},
		{name: "password", label: "New password", typ: "password", width: "w3", help: "At least 10 characters. Everybody else who is signed in as you is signed out."},
	}, nil, passErrs)
	contact, err := c.Portal.Contact(c.r.Context(), c.who)
	if err != nil {
		return err
	}
	pairs := []pair{{Label: label(c.party.Kind), Value: c.party.Name}, {Label: "Program", Value: c.party.Program}, {Label: "State", Value: c.party.Status, Tone: toneOf(c.party.Status)}, {Label: "Id", Value: c.party.ID}, {Label: "E-mail", Value: c.user.Email}}
	if contact != nil {
		pairs = append(pairs, pair{Label: "Looks after you", Value: contact.Name + ", " + contact.Email, Href: "mailto:" + contact.Email})
	}
	return showStatus(c, status, "panels", "Profile", panelsPage{Head: head{Title: "Profile"}, Panels: []panel{
		{ID: "account", Title: "Account", Pairs: pairs},
		{ID: "you", Title: "You", Form: &nf}, {ID: "password", Title: "Password", Form: &pf},
	}})
}

// portalProfileSave sets one's own name.
func (c *call) portalProfileSave() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	err = c.door().Rename(c.r.Context(), v.Get("name"))
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showPortalProfile(http.StatusUnprocessableEntity, v, nil, errs)
	}
	c.say("Your name was saved.", nil)
	return c.redirect("/portal/profile")
}

// portalPassword changes one's own password; the session goes on under a new secret.
func (c *call) portalPassword() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	secret, err := c.Accounts.ChangePassword(c.r.Context(), c.who, v.Get("present"), v.Get("password"), c.ClientAddr(c.r))
	var wait *account.ErrThrottled
	switch {
	case errors.Is(err, account.ErrCredentials):
		return c.showPortalProfile(http.StatusUnprocessableEntity, nil, url.Values{}, map[string]string{"present": withCode("This is not your present password.", "credentials")})
	case errors.As(err, &wait):
		return c.showPortalProfile(http.StatusTooManyRequests, nil, url.Values{}, map[string]string{"present": withCode("There were too many attempts. Wait a minute and try again.", "throttled")})
	case err != nil:
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showPortalProfile(http.StatusUnprocessableEntity, nil, url.Values{}, errs)
	}
	c.setCookie(c.sessionName(), secret, sessionLife)
	c.say("Your password was changed.", nil)
	return c.redirect("/portal/profile")
}
