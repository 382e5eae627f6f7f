package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

// call is one request with what is known about it: who asks, in which workspace,
// about which time.
type call struct {
	*server
	w    http.ResponseWriter
	r    *http.Request
	who  account.Principal
	user *account.User
	ws   *catalog.Workspace
	loc  *time.Location
	span span
	// party is whose portal this is, nil outside of the portals; pub is it, opened, when it
	// is a publisher's.
	party *portal.Account
	pub   *portal.Publisher
	adv   *portal.Advertiser // the same, when it is an advertiser's
	kind  string             // path segment of the kind, on forms of the catalog
	// asked and offerCurrency remember answers within this request.
	asked         map[string]map[string]*stat
	remarks       map[string]bool // what reports say about the numbers on this page
	offerCurrency map[string]string
	id            string // request id, in error pages and logs
}

// at gives the address of a page of the workspace, with parameters as name, value, …
// The time span goes along, so that it stays while one walks around.
func (c *call) at(path string, params ...string) string {
	return c.address(path, true, params...)
}

// plain gives the address without the time span: what forms post to, and what is
// handed to others.
func (c *call) plain(path string, params ...string) string {
	return c.address(path, false, params...)
}

func (c *call) address(path string, spanned bool, params ...string) string {
	q := url.Values{}
	if spanned {
		q = c.span.query()
	}
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
	u := "/w/" + url.PathEscape(c.ws.ID)
	if c.party != nil {
		u = "/portal"
	}
	if path != "" {
		u += "/" + path
	}
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	return u
}

// same gives the address of this page with some parameters changed; "" removes one.
func (c *call) same(params ...string) string {
	q := c.r.URL.Query()
	for i := 0; i+1 < len(params); i += 2 {
		if params[i+1] == "" {
			q.Del(params[i])
		} else {
			q.Set(params[i], params[i+1])
		}
	}
	if len(q) == 0 {
		return c.r.URL.Path
	}
	return c.r.URL.Path + "?" + q.Encode()
}

// param is a parameter of the URL, bounded: nothing a page filters by is longer.
func (c *call) param(name string) string {
	v := strings.TrimSpace(c.r.URL.Query().Get(name))
	if len(v) > 200 {
		v = strings.ToValidUTF8(v[:200], "")
	}
	return v
}

// nowhere answers addresses that are no page.
func (c *call) nowhere() error { return catalog.ErrNotFound }

// redirect sends the browser on after a POST.
func (c *call) redirect(to string) error {
	http.Redirect(c.w, c.r, to, http.StatusSeeOther)
	return nil
}

// local returns the address if it is a path of this host, else the fallback: nobody
// is sent elsewhere by a crafted parameter.
func local(to, fallback string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil ||
		!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return fallback
	}
	return to
}

// write reports whether who asks may change things here; pages hide what would be refused.
func (c *call) write() bool { return c.who.May(c.ws.ID, true) }

// show renders a page inside the app's frame.
func show[T any](c *call, page, title string, data T) error {
	return showStatus(c, http.StatusOK, page, title, data)
}

func showStatus[T any](c *call, status int, page, title string, data T) error {
	f := c.frame(title)
	f.Charts = page == "home"
	b, err := c.ui.render("app", page, view[T]{Frame: f, Page: data})
	if err != nil {
		return err
	}
	return c.send(status, b)
}

// showBare renders a page without the frame: before somebody is signed in.
func showBare[T any](c *call, status int, page, title string, wide bool, data T) error {
	f := c.bareFrame(title)
	f.Wide = wide
	b, err := c.ui.render("bare", page, view[T]{Frame: f, Page: data})
	if err != nil {
		return err
	}
	return c.send(status, b)
}

func (c *call) send(status int, b []byte) error {
	h := c.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(b) // the visitor may have left
	}
	return nil
}
