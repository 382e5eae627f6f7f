package console

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// Cookies of the console. The session's has the prefix __Host- on https, which ties
// it to this very host (S3).
const (
	secureSessionCookie = "__Host-clsession"
	sessionCookie       = "clsession"
	themeCookie         = "cltheme"
	railCookie          = "clrail"
	flashCookie         = "clflash"
	workspaceCookie     = "clworkspace"
)

// sessionLife is how long a browser keeps the cookie; the session itself ends as
// account says.
const sessionLife = 30 * 24 * time.Hour

// need is what a route asks of who comes.
type need int

const (
	needNothing    need = iota
	needUser            // signed in
	needStaff           // and one of the installation's own people
	needWorkspace       // and may read the workspace of the path
	needParty           // one of a publisher's or an advertiser's people, whose account is open
	needPublisher       // of a publisher's
	needAdvertiser      // of an advertiser's
)

// admit finds out who asks and in which workspace.
func (c *call) admit(n need) error {
	if n == needNothing {
		return nil
	}
	secret := c.cookie(c.sessionName())
	if secret == "" {
		return c.notSignedIn()
	}
	p, u, err := c.Accounts.Session(c.r.Context(), secret)
	if err != nil {
		if errors.Is(err, catalog.ErrNotFound) || errors.Is(err, account.ErrDenied) || errors.Is(err, account.ErrCredentials) {
			return c.notSignedIn()
		}
		return err
	}
	c.who, c.user = p, u
	switch {
	case n >= needParty:
		return c.enterPortal(n)
	case n == needStaff && !p.Staff():
		return catalog.ErrNotFound
	case n < needWorkspace:
		return nil
	}
	id := c.r.PathValue("ws")
	e, err := c.Catalog.Get(c.r.Context(), c.who, catalog.KindWorkspace, id, id)
	if err != nil {
		return err
	}
	ws, ok := e.(*catalog.Workspace)
	if !ok {
		return catalog.ErrNotFound
	}
	c.enter(ws)
	return nil
}

// enter sets the workspace and what follows from it: zone and time span.
func (c *call) enter(ws *catalog.Workspace) {
	c.ws = ws
	loc, err := time.LoadLocation(ws.TimeZone)
	if err != nil {
		loc = time.UTC
	}
	c.loc = loc
	c.span = parseSpan(c.r.URL.Query(), loc, c.Now())
	if c.cookie(workspaceCookie) != ws.ID && c.r.Method == http.MethodGet {
		c.setCookie(workspaceCookie, ws.ID, 365*24*time.Hour)
	}
}

func (c *call) notSignedIn() error {
	first, err := c.Accounts.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if first {
		return errSetup
	}
	return errSignIn
}

func (s *server) sessionName() string {
	if s.Secure {
		return secureSessionCookie
	}
	return sessionCookie
}

func (c *call) cookie(name string) string {
	ck, err := c.r.Cookie(name)
	if err != nil {
		return ""
	}
	return ck.Value
}

// setCookie sets a cookie of ours; life 0 or less removes it.
func (c *call) setCookie(name, value string, life time.Duration) {
	ck := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)}
	if life <= 0 {
		ck.MaxAge = -1
	}
	http.SetCookie(c.w, ck)
}

// formValues reads a posted form.
func (c *call) formValues() (url.Values, error) {
	err := c.r.ParseForm()
	if err != nil {
		return nil, errForm
	}
	return c.r.PostForm, nil
}

// signInPage is the sign-in form.
type signInPage struct {
	Email   string
	Next    string
	Problem string
	Forgot  string // where a new password is got
}

func (c *call) signInForm() error {
	first, err := c.Accounts.FirstRun(c.r.Context())
	if err != nil {
		return err
	}
	if first {
		return errSetup
	}
	return showBare(c, http.StatusOK, "signin", "Sign in", false, signInPage{Next: local(c.param("next"), ""), Forgot: c.forgotURL()})
}

func (c *call) signIn() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	page := signInPage{Email: strings.TrimSpace(v.Get("email")), Next: local(v.Get("next"), ""), Forgot: c.forgotURL()}
	secret, u, err := c.Accounts.SignIn(c.r.Context(), page.Email, v.Get("password"), c.ClientAddr(c.r))
	var throttled *account.ErrThrottled
	switch {
	case errors.Is(err, account.ErrCredentials):
		page.Problem = "E-mail address and password do not match."
		return showBare(c, http.StatusUnauthorized, "signin", "Sign in", false, page)
	case errors.As(err, &throttled):
		page.Problem = "There were too many attempts. Wait a minute and try again."
		return showBare(c, http.StatusTooManyRequests, "signin", "Sign in", false, page)
	case err != nil:
		return err
	}
	c.setCookie(c.sessionName(), secret, sessionLife)
	if u.Party.Kind != "" && !strings.HasPrefix(page.Next, "/portal") {
		page.Next = "/portal" // the console's pages are not theirs
	}
	return c.redirect(local(page.Next, "/"))
}

// forgotURL is where a new password is got, "" when nobody sends links here.
func (c *call) forgotURL() string {
	if c.Signups == nil {
		return ""
	}
	return "/forgot"
}

func (c *call) signOut() error {
	secret := c.cookie(c.sessionName())
	c.setCookie(c.sessionName(), "", 0)
	if secret != "" {
		err := c.Accounts.SignOut(c.r.Context(), secret)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return err
		}
	}
	return c.redirect("/signin")
}

// tokenMatches compares the set-up token in constant time; an unset one never matches.
func (s *server) tokenMatches(got string) bool {
	return s.SetupToken != "" && subtle.ConstantTimeCompare([]byte(strings.TrimSpace(got)), []byte(s.SetupToken)) == 1
}

// prefs keeps how the console looks in cookies, so that pages come out right at once.
func (c *call) prefs() error {
	v, err := c.formValues()
	if err != nil {
		return err
	}
	const year = 365 * 24 * time.Hour
	if v.Has("theme") {
		switch t := v.Get("theme"); t {
		case "light", "dark":
			c.setCookie(themeCookie, t, year)
		default:
			c.setCookie(themeCookie, "", 0)
		}
	}
	if v.Has("rail") {
		if v.Get("rail") == "narrow" {
			c.setCookie(railCookie, "narrow", year)
		} else {
			c.setCookie(railCookie, "", 0)
		}
	}
	return c.redirect(local(v.Get("back"), "/"))
}

// flash is a message for the next page, with what undoes the deed.
type flash struct {
	Text string `json:"t"`
	Undo *undo  `json:"u,omitempty"`
}

type undo struct {
	Action string   `json:"a"`
	Fields []hidden `json:"f,omitempty"`
}

// say leaves a message for the next page.
func (c *call) say(text string, u *undo) {
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	b, err := json.Marshal(flash{text, u})
	if err == nil && len(b) < 2500 {
		c.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(b), time.Minute)
	}
}

// takeFlash reads the message once. It comes from a cookie, so it is text to be
// escaped, and its action must be a path here.
func (c *call) takeFlash() *flash {
	v := c.cookie(flashCookie)
	if v == "" || c.r.Header.Get("HX-Request") != "" || c.r.Method != http.MethodGet {
		return nil
	}
	c.setCookie(flashCookie, "", 0)
	b, err := base64.RawURLEncoding.DecodeString(v)
	if err != nil {
		return nil
	}
	var f flash
	err = json.Unmarshal(b, &f)
	if err != nil || f.Text == "" {
		return nil
	}
	if f.Undo != nil && local(f.Undo.Action, "") == "" {
		f.Undo = nil
	}
	return &f
}

func queryEscape(s string) string { return url.QueryEscape(s) }
