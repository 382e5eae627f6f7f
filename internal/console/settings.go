package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// settingsState is what a settings form was posted with and refused for.
type settingsState struct {
	workspace, users, keys url.Values
	errs                   map[string]string
	secret                 *copyField
}

// settings shows the workspace, the users, the API keys, and what this is.
func (c *call) settings() error {
	return c.showSettings(http.StatusOK, settingsState{})
}

func (c *call) showSettings(status int, st settingsState) error {
	p := panelsPage{Head: head{Title: "Settings"}, Secret: st.secret}
	if c.Mails != nil && c.who.Owner {
		p.Head.Actions = append(p.Head.Actions, action{Label: "Mail", URL: c.plain("settings/mail")})
	}
	if c.Signups != nil && c.write() {
		p.Head.Actions = append(p.Head.Actions, action{Label: "Sign-up pages", URL: c.plain("settings/signup/publisher")})
	}
	ws, err := c.workspacePanel(st)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, ws)
	keys, err := c.keysPanels(st)
	if err != nil {
		return err
	}
	p.Panels = append(p.Panels, keys...)
	if c.who.Owner {
		users, err := c.usersPanels(st)
		if err != nil {
			return err
		}
		p.Panels = append(p.Panels, users...)
	}
	p.Panels = append(p.Panels, panel{ID: "about", Title: "About", Pairs: []pair{
		{Label: "Version", Value: orElse(c.Version, "development")},
		{Label: "Tracking", Value: c.origins.Of(c.ws.ID, "")},
		{Label: "API", Value: c.PublicURL + "/api/v1/openapi.json", Href: "/api/v1/openapi.json"},
		{Label: "Country data", Value: "IP Geolocation by DB-IP", Href: "https://db-ip.com"},
		{Label: "Licence", Value: "Apache-2.0; htmx (0BSD), uPlot (MIT) and Lucide icons (ISC) are included"},
	}})
	return showStatus(c, status, "panels", "Settings", p)
}

func (c *call) workspacePanel(st settingsState) (panel, error) {
	p := panel{ID: "workspace", Title: "Workspace", Note: "The tenant boundary: everything here belongs to it for ever."}
	if !c.write() {
		p.Pairs = []pair{{Label: "Name", Value: c.ws.Name}, {Label: "Currency", Value: c.ws.Currency}, {Label: "Time zone", Value: c.ws.TimeZone}}
		return p, nil
	}
	errs := st.errs
	if st.workspace == nil {
		errs = nil
	}
	f := docForm(catalog.DocOf(c.ws, ""), workspaceSections(), nil, st.workspace, errs)
	f.Action, f.Submit = c.plain("settings"), "Save"
	version := strconv.FormatInt(c.ws.Version, 10)
	if st.workspace.Has(versionField) {
		version = st.workspace.Get(versionField)
	}
	f.Hidden = []hidden{{versionField, version}}
	p.Form = &f
	return p, nil
}

// settingsSave writes the workspace.
func (c *call) settingsSave() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := catalog.DocOf(c.ws, "")
	errs := readDoc(d, v)
	version, err := strconv.ParseInt(v.Get(versionField), 10, 64)
	if err != nil {
		version = c.ws.Version
	}
	if len(errs) == 0 {
		_, err = c.Catalog.Update(c.r.Context(), c.who, c.ws.ID, c.ws.ID, version, d)
		if err == nil {
			c.say("The workspace was saved.", nil)
			return c.redirect(c.at("settings"))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return c.showSettings(http.StatusUnprocessableEntity, settingsState{workspace: v, errs: errs})
}

// keysPanels are the API keys and the form of a new one.
func (c *call) keysPanels(st settingsState) ([]panel, error) {
	keys, err := c.Accounts.ListKeys(c.r.Context(), c.who, c.ws.ID)
	if err != nil {
		return nil, err
	}
	t := &table{Label: "API keys", Columns: []column{{Label: "Name", Class: "fill"}, {Label: "Begins with"}, {Label: "May"}, {Label: "Made", Class: "opt"}, {Label: "Last used", Class: "opt"}, {Label: "Ends", Class: "opt"}, {Label: "State"}},
		Empty: &empty{Sentence: "An API key lets a program read or write in this workspace."}}
	live := []choice{}
	for _, k := range keys {
		ends := timeCell(k.Expires, c.loc, c.Now()).with("opt")
		if k.Expires == 0 {
			ends = cell{Text: "never", Tone: "muted", Class: "opt"}
		}
		used := timeCell(k.Used, c.loc, c.Now()).with("opt")
		if k.Used == 0 {
			used = cell{Text: "never", Tone: "muted", Class: "opt"}
		}
		state := cell{Word: "active", Tone: "good"}
		switch {
		case k.Revoked:
			state = cell{Word: "revoked", Tone: "bad"}
		case k.Expires != 0 && k.Expires <= c.Now().UnixMicro():
			state = cell{Word: "expired", Tone: "off"}
		default:
			live = append(live, choice{Value: k.ID, Label: k.Name + " (" + k.Prefix + "…)"})
		}
		t.Rows = append(t.Rows, row{Off: k.Revoked, Cells: []cell{
			{Text: k.Name, Class: "fill lead", Title: k.Name}, {Text: k.Prefix + "…", Tone: "mono"}, {Text: k.Scope}, timeCell(k.Created, c.loc, c.Now()).with("opt"), used, ends, state,
		}})
	}
	out := []panel{{ID: "keys", Title: "API keys", Note: "A key is shown once, when it is made.", Table: t}}
	if !c.write() {
		return out, nil
	}
	errs := st.errs
	if st.keys == nil {
		errs = nil
	}
	f := plainForm("key", c.plain("settings/keys"), "Create key", []fieldSpec{
		{name: "name", label: "Name", example: "Nightly import", width: "w2"},
		{name: "scope", label: "May", choices: options(account.ScopeRead, "Read", account.ScopeWrite, "Read and write"), width: "w2"},
		{name: "days", label: "Ends after", unit: "days", mode: "numeric", optional: true, example: "90", width: "w2"},
	}, st.keys, errs)
	out = append(out, panel{Title: "New key", Form: &f})
	if len(live) > 0 {
		rf := plainForm("revoke", c.plain("settings/keys/revoke"), "Revoke key", []fieldSpec{{name: "id", label: "Key", choices: live, width: "w3", help: "Programs that use it are refused from then on. It cannot be undone."}}, nil, nil)
		out = append(out, panel{Title: "Revoke a key", Form: &rf})
	}
	return out, nil
}

// plainForm is a form of fields that are not a catalog document's.
func plainForm(prefix, action, submit string, specs []fieldSpec, posted url.Values, errs map[string]string) form {
	f := form{Action: action, Submit: submit}
	var s section
	for _, spec := range specs {
		fl := docField(spec, stringValue, "", posted, errs)
		fl.ID = prefix + "-" + fl.Name // several forms are on one page
		s.Fields = append(s.Fields, fl)
	}
	f.Sections = []section{s}
	f.Errors = summary(f.Sections, errs)
	if len(f.Errors) > 0 {
		f.Problem = "Nothing was saved yet."
	}
	return f
}

// keyCreate makes a key and shows its secret on the page itself, this once: nothing
// keeps it, not even a cookie.
func (c *call) keyCreate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	expires := int64(0)
	if d := strings.TrimSpace(v.Get("days")); d != "" {
		n, err := strconv.ParseInt(d, 10, 64)
		if err != nil || n < 1 || n > 3650 {
			return c.showSettings(http.StatusUnprocessableEntity, settingsState{keys: v, errs: map[string]string{"days": "This must be a number of days from 1 to 3650."}})
		}
		expires = c.Now().Add(time.Duration(n) * 24 * time.Hour).UnixMicro()
	}
	secret, k, err := c.Accounts.CreateKey(c.r.Context(), c.who, c.ws.ID, v.Get("name"), v.Get("scope"), expires)
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showSettings(http.StatusUnprocessableEntity, settingsState{keys: v, errs: errs})
	}
	return c.showSettings(http.StatusOK, settingsState{secret: &copyField{ID: "secret", Label: "New key: " + k.Name, Value: secret, Help: "Copy it now: it is not shown again."}})
}

// keyRevoke ends a key; the key is a field of the form.
func (c *call) keyRevoke() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	_, err = c.Accounts.RevokeKey(c.r.Context(), c.who, c.ws.ID, v.Get("id"))
	if err != nil {
		return err
	}
	c.say("The key was revoked.", nil)
	return c.redirect(c.at("settings") + "#keys")
}

// usersPanels are the users of the installation, for owners.
func (c *call) usersPanels(st settingsState) ([]panel, error) {
	users, err := c.Accounts.ListUsers(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	all, err := c.workspaces()
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, w := range all {
		names[w.ID] = w.Name
	}
	t := &table{Label: "Users", Columns: []column{{Label: "Name", Class: "fill"}, {Label: "E-mail"}, {Label: "Role"}, {Label: "Workspaces", Class: "opt"}, {Label: "State"}}}
	for _, u := range users {
		role, where := "member", []string{}
		for _, id := range u.Workspaces {
			where = append(where, nameOr(names, id))
		}
		if u.Owner {
			role, where = "owner", []string{"all"}
		}
		state := cell{Word: "active", Tone: "good"}
		if u.Disabled {
			state = cell{Word: "disabled", Tone: "off"}
		}
		t.Rows = append(t.Rows, row{Off: u.Disabled, Cells: []cell{
			{Text: orElse(u.Name, u.Email), Class: "fill lead"}, {Text: u.Email, Class: "cut"}, {Text: role}, textCell(strings.Join(where, ", ")).with("opt cut"), state,
		}})
	}
	errs := st.errs
	if st.users == nil {
		errs = nil
	}
	f := plainForm("user", c.plain("settings/users"), "Create user", []fieldSpec{
		{name: "email", label: "E-mail address", typ: "email", width: "w3", example: "anna@example.com"},
		{name: "name", label: "Name", width: "w3", optional: true},
		{name: "password", label: "First password", typ: "password", width: "w3", help: "At least 10 characters."},
		{name: "role", label: "Role", choices: options("member", "Member of this workspace", "owner", "Owner of the installation"), width: "w3"},
	}, withoutPassword(st.users), errs)
	return []panel{{ID: "users", Title: "Users", Note: "Of the whole installation.", Table: t}, {Title: "New user", Form: &f}}, nil
}

// withoutPassword drops what must not come back in a page.
func withoutPassword(v url.Values) url.Values {
	if v == nil {
		return nil
	}
	out := url.Values{}
	for k, vs := range v {
		if k != "password" && k != "again" {
			out[k] = vs
		}
	}
	return out
}

// userCreate adds a user.
func (c *call) userCreate() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := account.UserDoc{Email: v.Get("email"), Name: v.Get("name"), Password: v.Get("password"), Owner: v.Get("role") == "owner"}
	if !d.Owner {
		d.Workspaces = []string{c.ws.ID}
	}
	_, err = c.Accounts.CreateUser(c.r.Context(), c.who, d)
	if err != nil {
		errs, refused := fieldErrors(err)
		if !refused {
			return err
		}
		return c.showSettings(http.StatusUnprocessableEntity, settingsState{users: v, errs: errs})
	}
	c.say("The user was created.", nil)
	return c.redirect(c.at("settings") + "#users")
}

// newWorkspaceForm and newWorkspace make another workspace; only owners may.
func (c *call) newWorkspaceForm() error {
	if !c.who.Owner {
		return catalog.ErrNotFound
	}
	return c.showNewWorkspace(http.StatusOK, catalog.NewDoc(catalog.KindWorkspace), nil, nil)
}

func (c *call) showNewWorkspace(status int, d catalog.Doc, posted url.Values, errs map[string]string) error {
	p := editPage{Head: head{Title: "New workspace", Crumb: &link{Label: "Settings", URL: c.at("settings")}}, Form: docForm(d, workspaceSections(), nil, posted, errs)}
	p.Form.Action, p.Form.Submit, p.Form.Cancel = c.plain("settings/new-workspace"), "Create workspace", c.at("settings")
	return showStatus(c, status, "edit", "New workspace", p)
}

func (c *call) newWorkspace() error { return c.createWorkspace(c.showNewWorkspace) }

// createWorkspace makes the workspace that was posted and goes to its Home; again is the
// page to show with what was wrong.
func (c *call) createWorkspace(again func(status int, d catalog.Doc, posted url.Values, errs map[string]string) error) error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	d := catalog.NewDoc(catalog.KindWorkspace)
	errs := readDoc(d, v)
	if len(errs) == 0 {
		e, _, err := c.Catalog.Create(c.r.Context(), c.who, d, catalog.Idempotency{})
		if err == nil {
			return c.redirect("/w/" + url.PathEscape(e.Base().ID))
		}
		var refused bool
		errs, refused = fieldErrors(err)
		if !refused {
			return err
		}
	}
	return again(http.StatusUnprocessableEntity, d, v, errs)
}
