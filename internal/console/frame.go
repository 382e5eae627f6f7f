package console

import (
	"net/http"
	"net/url"
	"sort"
	"strings"

	"clickledger/internal/catalog"
)

// frame is what surrounds every page.
type frame struct {
	Title    string
	Version  string
	Theme    string // "", light, dark
	Narrow   bool
	Wide     bool // bare pages
	Charts   bool
	Here     string // this page's address, to come back to
	Flash    *flash
	Warnings []string
	Health   []pair

	HomeURL       string
	Nav           []navGroup
	WorkspaceName string
	Workspaces    []link
	NewWorkspace  string
	Span          *spanMenu // nil where the page is not about a time
	Zone          string
	SearchURL     string
	Query         string
	UserName      string
	UserEmail     string

	ThemeName, ThemeIcon, NextTheme, NextThemeName string
}

type navGroup struct {
	Title string
	Items []link
}

type spanMenu struct {
	Label    string
	Compared string
	Choices  []link
	Action   string
	Keep     []hidden
	From, To string
}

// railGroup is a group of pages of a rail.
type railGroup struct {
	title string
	items []railItem
}

type railItem struct{ path, label, icon string }

// rail lists the pages of the left rail: the group's title, then the pages.
var rail = []railGroup{
	{"", []railItem{{"", "Home", "house"}}},
	{"Traffic", []railItem{{"links", "Links", "link"}}},
	{"Offers", []railItem{{"offers", "Offers", "tag"}, {"advertisers", "Advertisers", "building-2"}}},
	{"Partners", []railItem{{"publishers", "Publishers", "users"}, {"signups", "Sign-ups", "user-plus"}, {"applications", "Applications", "circle-check"}, {"coupons", "Coupons", "ticket-percent"}}},
	{"Signals", []railItem{{"conversions", "Conversions", "circle-check"}, {"signals", "Inbox", "inbox"}, {"outbound", "Outbound", "send"}}},
	{"Money", []railItem{{"payouts", "Payouts", "banknote"}, {"documents", "Documents", "file-text"}, {"ledger", "Ledger", "landmark"}, {"commission-rules", "Commission rules", "percent"}, {"rates", "Rates", "arrow-left-right"}}},
	{"Reports", []railItem{{"reports", "Explorer", "chart-no-axes-column"}}},
	{"Settings", []railItem{{"domains", "Domains", "globe"}, {"settings", "Settings", "settings"}}},
}

// themes go round: as the system, light, dark.
var themes = []struct{ value, name, icon string }{
	{"", "system", "sun-moon"}, {"light", "light", "sun"}, {"dark", "dark", "moon"},
}

// bareFrame is the frame without a workspace.
func (c *call) bareFrame(title string) frame {
	f := frame{Title: title, Version: c.Version, Here: local(c.r.URL.RequestURI(), "/"), Flash: c.takeFlash()}
	if ck, err := c.r.Cookie(themeCookie); err == nil && (ck.Value == "light" || ck.Value == "dark") {
		f.Theme = ck.Value
	}
	for i, t := range themes {
		if t.value == f.Theme {
			next := themes[(i+1)%len(themes)]
			f.ThemeName, f.ThemeIcon, f.NextTheme, f.NextThemeName = t.name, t.icon, next.value, next.name
		}
	}
	if ck, err := c.r.Cookie(railCookie); err == nil {
		f.Narrow = ck.Value == "narrow"
	}
	return f
}

func (c *call) frame(title string) frame {
	if c.party != nil {
		return c.portalFrame(title)
	}
	f := c.bareFrame(title)
	f.HomeURL, f.WorkspaceName, f.SearchURL = c.at(""), c.ws.Name, c.plain("search")
	f.Query = ""
	if c.r.URL.Path == c.plain("search") {
		f.Query = c.param("q")
	}
	if c.user != nil {
		f.UserName, f.UserEmail = c.user.Name, c.user.Email
		if f.UserName == "" {
			f.UserName = f.UserEmail
		}
	}
	for _, g := range rail {
		group := navGroup{Title: g.title}
		if len(g.items) == 1 && g.title == g.items[0].label {
			group.Title = "" // a group of one needs no title of the same name
		}
		for _, it := range g.items {
			l := link{Label: it.label, Icon: it.icon, URL: c.at(it.path), Current: section0(c.r.URL.Path) == it.path}
			if it.path == "signups" {
				l.Count = c.waiting()
			}
			group.Items = append(group.Items, l)
		}
		f.Nav = append(f.Nav, group)
	}
	all, err := c.workspaces()
	if err != nil {
		all = []*catalog.Workspace{c.ws}
	}
	for _, ws := range all {
		f.Workspaces = append(f.Workspaces, link{Label: ws.Name, URL: "/w/" + url.PathEscape(ws.ID), Current: ws.ID == c.ws.ID})
	}
	if c.who.Owner {
		f.NewWorkspace = c.plain("settings/new-workspace")
	}
	f.Zone = c.loc.String()
	if c.spanned() {
		f.Span = c.spanMenu()
	}
	f.Health, f.Warnings = c.health()
	return f
}

// section0 is the first part of a path within its workspace: what the rail marks.
func section0(path string) string {
	part := 0
	start := 0
	for i := 0; i <= len(path); i++ {
		if i == len(path) || path[i] == '/' {
			if part == 3 { // "", w, id, section
				return path[start:i]
			}
			part++
			start = i + 1
		}
	}
	return ""
}

// spanned reports whether the page is about a time: dashboard, reports, and the
// catalog's lists and pages, which show numbers. Others would only pretend.
func (c *call) spanned() bool {
	if c.r.Method != http.MethodGet || strings.HasSuffix(c.r.URL.Path, "/new") || strings.HasSuffix(c.r.URL.Path, "/edit") ||
		strings.HasSuffix(c.r.URL.Path, "/diagnosis") || strings.HasSuffix(c.r.URL.Path, "/reprice") {
		return false
	}
	switch section0(c.r.URL.Path) {
	case "", "offers", "advertisers", "publishers", "links", "reports":
		return true
	}
	return false
}

func (c *call) spanMenu() *spanMenu {
	label, compared := c.span.label()
	m := &spanMenu{Label: label, Compared: compared, Action: c.r.URL.Path,
		From: c.span.from.Format("2006-01-02"), To: c.span.last().Format("2006-01-02")}
	for _, n := range spanNames {
		name := n.name
		if name == defaultSpan {
			name = ""
		}
		m.Choices = append(m.Choices, link{Label: n.label, URL: c.same("range", name, "from", "", "to", "", "after", ""), Current: n.name == c.span.name})
	}
	q := c.r.URL.Query()
	names := make([]string, 0, len(q))
	for name := range q {
		if name != "range" && name != "from" && name != "to" && name != "after" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		for _, v := range q[name] {
			m.Keep = append(m.Keep, hidden{name, v})
		}
	}
	return m
}

// health is the state of the machinery for the footer; what is wrong becomes a
// warning on every page.
func (c *call) health() (lines []pair, warnings []string) {
	if c.Status == nil {
		return nil, nil
	}
	for _, s := range c.Status(c.r.Context()) {
		p := pair{Label: s.Name, Value: s.Value}
		if s.Warning != "" {
			p.Tone = "warn"
			warnings = append(warnings, s.Warning)
		}
		lines = append(lines, p)
	}
	return lines, warnings
}
