package console

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// stringValue is the value of a form field that is no document's.
var stringValue = reflect.ValueOf("")

// setupPage is a step of the first run.
type setupPage struct {
	Stages []stage
	Title  string
	Note   string
	Form   form
}

type stage struct {
	Label   string
	Current bool
	Tone    string
}

// stages are the steps of the first run; the last two are on Home, checked live.
func stages(now int) []stage {
	out := []stage{{Label: "Account"}, {Label: "Workspace"}, {Label: "Offer and link"}, {Label: "Test conversion"}}
	for i := range out {
		out[i].Current = i == now
		if i < now {
			out[i].Tone = "done"
		}
	}
	return out
}

// setupForm asks for the owner's account. Whoever reaches it needs the token that was
// printed at start-up, so that nobody else can take the installation.
func (c *call) setupForm() error {
	first, err := c.Accounts.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if !first {
		return c.redirect("/")
	}
	return c.showSetup(http.StatusOK, url.Values{"token": {c.param("token")}}, nil)
}

func (c *call) showSetup(status int, posted url.Values, errs map[string]string) error {
	p := setupPage{Stages: stages(0), Title: "Set up clickledger", Note: "First, the account that owns this installation.", Form: plainForm("setup", "/setup", "Create account", []fieldSpec{
		{name: "token", label: "Set-up token", code: true, help: "It was printed when the server started."},
		{name: "email", label: "E-mail address", typ: "email", example: "you@example.com"},
		{name: "name", label: "Name", optional: true},
		{name: "password", label: "Password", typ: "password", help: "At least 10 characters."},
	}, withoutPassword(posted), errs)}
	for i := range p.Form.Sections[0].Fields {
		f := &p.Form.Sections[0].Fields[i]
		switch f.Name {
		case "email":
			f.Auto = "username"
		case "password":
			f.Auto = "new-password"
		}
	}
	return showBare(c, status, "setup", "Set up", true, p)
}

// setup makes the owner and signs them in.
func (c *call) setup() error {
	first, err := c.Accounts.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if !first {
		return c.redirect("/")
	}
	v, err := c.formValues()
	if err != nil {
		return err
	}
	if !c.tokenMatches(v.Get("token")) {
		return c.showSetup(http.StatusForbidden, v, map[string]string{"token": "This is not the token the server printed. It changes with every start."})
	}
	_, err = c.Accounts.CreateOwner(c.r.Context(), v.Get("email"), v.Get("name"), v.Get("password"))
	if errors.Is(err, account.ErrNotFirst) {
		return c.redirect("/") // somebody else with the token was quicker
	}
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showSetup(http.StatusUnprocessableEntity, v, errs)
	}
	secret, _, err := c.Accounts.SignIn(c.r.Context(), v.Get("email"), v.Get("password"), c.ClientAddr(c.r))
	if err != nil {
		return err
	}
	c.setCookie(c.sessionName(), secret, sessionLife)
	return c.redirect("/setup/workspace")
}

// setupWorkspaceForm asks for the first workspace.
func (c *call) setupWorkspaceForm() error {
	all, err := c.workspaces()
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return c.redirect("/")
	}
	return c.showSetupWorkspace(http.StatusOK, catalog.NewDoc(catalog.KindWorkspace), nil, nil)
}

func (c *call) showSetupWorkspace(status int, d catalog.Doc, posted url.Values, errs map[string]string) error {
	p := setupPage{Stages: stages(1), Title: "Your first workspace", Note: "It holds offers, publishers and books of its own.", Form: docForm(d, workspaceSections(), []string{"fallback_url"}, posted, errs)}
	p.Form.Action, p.Form.Submit = "/setup/workspace", "Create workspace"
	return showBare(c, status, "setup", "Set up", true, p)
}

// setupWorkspace makes the first workspace and goes on to Home, where the rest is
// checked live.
func (c *call) setupWorkspace() error { return c.createWorkspace(c.showSetupWorkspace) }
