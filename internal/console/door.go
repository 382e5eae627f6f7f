package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"clickledger/internal/account"
	"clickledger/internal/signup"
)

// The public pages by which people come in: sign-up, and what links in mails open. A GET
// opens nothing: mail filters follow links. Nothing here says who has an account.

// trapField is an input that people do not see.
const trapField = "company_fax"

// doorPage is a page before somebody is signed in: a text, a form, a way on.
type doorPage struct {
	Title string
	Note  string
	Terms string
	Form  *form
	Links []link
}

var toSignIn = []link{{Label: "Sign in", URL: "/signin"}}

func (c *call) showDoor(status int, p doorPage) error {
	c.w.Header().Set("Referrer-Policy", "no-referrer") // the address may hold a token
	return showBare(c, status, "door", p.Title, p.Form != nil && len(p.Form.Sections[0].Fields) > 4, p)
}

// refusedDoor answers what a visitor without an account may meet; ok=false for another
// error.
func (c *call) refusedDoor(err error) (bool, error) {
	var wait *account.ErrThrottled
	switch {
	case errors.Is(err, signup.ErrToken):
		return true, c.showDoor(http.StatusGone, doorPage{Title: "This link does not open anything", Note: "It was used, has expired, or was replaced by a newer one. Ask for a new one.", Links: append(toSignIn, link{Label: "Forgot your password", URL: "/forgot"})})
	case errors.Is(err, signup.ErrTaken):
		return true, c.showDoor(http.StatusConflict, doorPage{Title: "You have an account already", Note: "This address got an account by another way. Sign in with it.", Links: toSignIn})
	case errors.Is(err, signup.ErrClosed):
		return true, c.showDoor(http.StatusNotFound, doorPage{Title: "Sign-up is closed", Note: "Nobody can sign up here now. If you have an account, sign in.", Links: toSignIn})
	case errors.As(err, &wait):
		c.w.Header().Set("Retry-After", itoa(int(wait.RetryAfter.Seconds())+1))
		return true, c.showDoor(http.StatusTooManyRequests, doorPage{Title: "Too many attempts", Note: "There were too many from your address. Wait a minute and try again."})
	}
	return false, nil
}

// door runs what a public page does and answers what it refuses.
func door(do func(c *call) error) func(*call) error {
	return func(c *call) error {
		if c.Signups == nil {
			return c.nowhere()
		}
		err := do(c)
		if err == nil {
			return nil
		}
		if done, err := c.refusedDoor(err); done {
			return err
		}
		return err
	}
}

// joinForm and join are the sign-up pages.
func (c *call) joinForm() error { return c.showJoin(http.StatusOK, nil, nil) }

func (c *call) showJoin(status int, posted url.Values, errs map[string]string) error {
	kind := c.r.PathValue("kind")
	name, set, err := c.Signups.Page(c.r.Context(), c.r.PathValue("ws"), kind)
	if err != nil {
		return err
	}
	p := doorPage{Title: "Sign up with " + name, Note: orElse(set.Intro, map[string]string{
		account.PartyPublisher: "As a publisher, who brings visitors and earns commission.", account.PartyAdvertiser: "As an advertiser, who brings offers and pays for conversions."}[kind]), Terms: set.Terms,
		Links: []link{{Label: "I have an account", URL: "/signin"}}}
	f := plainForm("join", c.r.URL.Path, "Sign up", joinFields(kind, set), withoutPassword(posted), errs)
	f.Trap = trapField
	p.Form = &f
	return c.showDoor(status, p)
}

// joinFields are the fields of a sign-up, with the workspace's own questions.
func joinFields(kind string, set *signup.Settings) []fieldSpec {
	out := []fieldSpec{
		{name: "person", label: "Your name", width: "w3"},
		{name: "email", label: "E-mail address", typ: "email", width: "w3", help: "A link to confirm it is sent there."},
		{name: "name", label: map[string]string{account.PartyPublisher: "Name of your site or channel", account.PartyAdvertiser: "Company"}[kind], width: "w3"},
		{name: "website", label: "Website", width: "w3", optional: true, example: "https://"},
	}
	if kind == account.PartyPublisher {
		out = append(out, fieldSpec{name: "promotion", label: "How do you bring visitors?", widget: "area", rows: 3})
	}
	for i, q := range set.Questions {
		f := fieldSpec{name: "answer" + itoa(i), label: q.Label, optional: !q.Required}
		switch q.Kind {
		case signup.QuestionArea:
			f.widget, f.rows = "area", 3
		case signup.QuestionChoice:
			f.choices = []choice{{Label: "Choose one"}}
			for _, ch := range q.Choices {
				f.choices = append(f.choices, choice{Value: ch, Label: ch})
			}
		}
		out = append(out, f)
	}
	out = append(out, fieldSpec{name: "password", label: "Password", typ: "password", help: "At least 10 characters."})
	if set.Terms != "" {
		out = append(out, fieldSpec{name: "terms", label: "I accept the terms", widget: "check", help: noHelp})
	}
	return out
}

func (c *call) join() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	ws, kind := c.r.PathValue("ws"), c.r.PathValue("kind")
	_, set, err := c.Signups.Page(c.r.Context(), ws, kind)
	if err != nil {
		return err
	}
	f := signup.Form{Email: v.Get("email"), Person: v.Get("person"), Name: v.Get("name"), Website: v.Get("website"), Promotion: v.Get("promotion"),
		Password: v.Get("password"), Terms: v.Get("terms") == "true", Trap: v.Get(trapField)}
	for i := range set.Questions {
		f.Answers = append(f.Answers, v.Get("answer"+itoa(i)))
	}
	err = c.Signups.Join(c.r.Context(), ws, kind, f, c.ClientAddr(c.r))
	if errs, refused := fieldErrors(err); refused {
		return c.showJoin(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	return c.showDoor(http.StatusOK, doorPage{Title: "Look into your mail", Note: "A mail is on its way to " + strings.TrimSpace(f.Email) + ". Open the link in it to go on. If none comes within a few minutes, look where unwanted mail goes."})
}

// confirmForm and confirm are behind the link of a sign-up.
func (c *call) confirmForm() error {
	token := c.r.URL.Query().Get("token")
	row, err := c.Signups.Confirming(c.r.Context(), token, c.ClientAddr(c.r))
	if err != nil {
		return err
	}
	f := form{Action: "/confirm", Submit: "Confirm", Hidden: []hidden{{"token", token}}, Sections: []section{{}}}
	return c.showDoor(http.StatusOK, doorPage{Title: "Confirm your address", Note: "You signed up with " + row.Email + ".", Form: &f})
}

func (c *call) confirm() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	_, err = c.Signups.Confirm(c.r.Context(), v.Get("token"), c.ClientAddr(c.r))
	if err != nil {
		return err
	}
	return c.showDoor(http.StatusOK, doorPage{Title: "Your address is confirmed", Note: "Your sign-up waits for approval now; a mail tells you what was decided. You can sign in meanwhile and see where it stands.", Links: toSignIn})
}

// invitedForm and invited are behind the link of an invitation.
func (c *call) invitedForm() error {
	return c.showInvited(http.StatusOK, c.r.URL.Query().Get("token"), nil, nil)
}

func (c *call) showInvited(status int, token string, posted url.Values, errs map[string]string) error {
	i, to, err := c.Signups.Invited(c.r.Context(), token, c.ClientAddr(c.r))
	if err != nil {
		return err
	}
	if posted == nil {
		posted = url.Values{"name": {i.Name}}
	}
	f := plainForm("invited", "/invitation", "Come in", []fieldSpec{
		{name: "name", label: "Your name", optional: true},
		{name: "password", label: "Password", typ: "password", help: "At least 10 characters."},
	}, withoutPassword(posted), errs)
	f.Hidden = []hidden{{"token", token}}
	return c.showDoor(status, doorPage{Title: "You are invited to " + to, Note: "Your account is " + i.Email + ". Choose a password for it.", Form: &f})
}

func (c *call) invited() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	_, err = c.Signups.Accept(c.r.Context(), v.Get("token"), v.Get("name"), v.Get("password"), c.ClientAddr(c.r))
	if errs, refused := fieldErrors(err); refused {
		return c.showInvited(http.StatusUnprocessableEntity, v.Get("token"), v, errs)
	}
	if err != nil {
		return err
	}
	return c.showDoor(http.StatusOK, doorPage{Title: "You have an account now", Note: "Sign in with your address and the password you chose.", Links: toSignIn})
}

// forgotForm and forgot ask for a link to another password.
func (c *call) forgotForm() error { return c.showForgot(http.StatusOK, nil, nil) }

func (c *call) showForgot(status int, posted url.Values, errs map[string]string) error {
	f := plainForm("forgot", "/forgot", "Send the link", []fieldSpec{{name: "email", label: "E-mail address", typ: "email"}}, posted, errs)
	f.Problem = ""
	return c.showDoor(status, doorPage{Title: "Forgot your password", Note: "A link to choose another one is sent to your address.", Form: &f, Links: toSignIn})
}

func (c *call) forgot() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	err = c.Signups.Forgot(c.r.Context(), v.Get("email"), c.ClientAddr(c.r))
	if errs, refused := fieldErrors(err); refused {
		return c.showForgot(http.StatusUnprocessableEntity, v, errs)
	}
	if err != nil {
		return err
	}
	return c.showDoor(http.StatusOK, doorPage{Title: "Look into your mail", Note: "If " + strings.TrimSpace(v.Get("email")) + " has an account here, a link is on its way. It works once, for an hour.", Links: toSignIn})
}

// resetForm and reset are behind that link.
func (c *call) resetForm() error {
	return c.showReset(http.StatusOK, c.r.URL.Query().Get("token"), nil)
}

func (c *call) showReset(status int, token string, errs map[string]string) error {
	err := c.Signups.Resetting(c.r.Context(), token, c.ClientAddr(c.r))
	if err != nil {
		return err
	}
	f := plainForm("reset", "/reset", "Set password", []fieldSpec{{name: "password", label: "New password", typ: "password", help: "At least 10 characters. You are signed out everywhere."}}, nil, errs)
	f.Hidden = []hidden{{"token", token}}
	return c.showDoor(status, doorPage{Title: "Choose another password", Form: &f})
}

func (c *call) reset() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	err = c.Signups.Reset(c.r.Context(), v.Get("token"), v.Get("password"), c.ClientAddr(c.r))
	if errs, refused := fieldErrors(err); refused {
		return c.showReset(http.StatusUnprocessableEntity, v.Get("token"), errs)
	}
	if err != nil {
		return err
	}
	return c.showDoor(http.StatusOK, doorPage{Title: "Your password was changed", Note: "Sign in with the new one.", Links: toSignIn})
}
