package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/portal"
)

// Portal opens the portals of publishers and advertisers; *portal.Service is it. Pages of
// the portals read through it alone: what it does not tell is not on them.
type Portal interface {
	Account(ctx context.Context, p account.Principal) (portal.Account, error)
	Publisher(ctx context.Context, p account.Principal) (*portal.Publisher, error)
	Advertiser(ctx context.Context, p account.Principal) (*portal.Advertiser, error)
	Contact(ctx context.Context, p account.Principal) (*portal.Contact, error)
}

// portalRoutes are the pages of the portals. Those of one party are no pages for the other,
// and none is one for staff.
var portalRoutes = []route{
	{"/portal/", needParty, (*call).nowhere},
	{"GET /portal", needParty, (*call).portalFront},

	{"GET /portal/offers", needParty, (*call).portalOffers},
	{"GET /portal/offers/{id}", needParty, (*call).portalOffer},
	{"POST /portal/offers/{id}/apply", needPublisher, (*call).myApply},
	{"POST /portal/offers/{id}/terms", needPublisher, (*call).myAcceptTerms},
	{"POST /portal/offers/{id}/withdraw", needPublisher, (*call).myWithdraw},
	{"GET /portal/creatives/{id}", needPublisher, (*call).myCreative},
	{"GET /portal/creatives/{id}/image", needPublisher, (*call).myCreativeImage},
	{"GET /portal/offers/{id}/test", needAdvertiser, (*call).theirTest},
	{"POST /portal/offers/{id}/test", needAdvertiser, (*call).theirTestStart},
	{"POST /portal/offers/{id}/test/cancel", needAdvertiser, (*call).theirTestCancel},
	{"GET /portal/links", needPublisher, (*call).myLinks},
	{"GET /portal/links/new", needPublisher, (*call).myLinkForm},
	{"POST /portal/links/new", needPublisher, (*call).myLinkCreate},
	{"GET /portal/links/{id}", needPublisher, (*call).myLink},
	{"GET /portal/links/{id}/edit", needPublisher, (*call).myLinkEdit},
	{"POST /portal/links/{id}/edit", needPublisher, (*call).myLinkSave},
	{"GET /portal/links/{id}/deep-link", needPublisher, (*call).myDeepLink},
	{"GET /portal/links/{id}/qr.svg", needPublisher, (*call).myQRSVG},
	{"GET /portal/links/{id}/qr.png", needPublisher, (*call).myQRPNG},
	{"GET /portal/coupons", needPublisher, (*call).myCoupons},
	{"GET /portal/balance", needPublisher, (*call).myBalance},
	{"GET /portal/payouts", needPublisher, (*call).myPayouts},
	{"POST /portal/payouts", needPublisher, (*call).myMethodSave},
	{"GET /portal/documents", needParty, (*call).portalDocuments},
	{"GET /portal/documents/{id}", needParty, (*call).portalDocument},
	{"GET /portal/documents/{id}/print", needParty, (*call).portalDocumentPrint},
	{"GET /portal/documents/{id}/items.csv", needParty, (*call).portalDocumentCSV},

	{"GET /portal/postbacks", needPublisher, (*call).myPostbacks},
	{"GET /portal/postbacks/new", needPublisher, (*call).myPostbackForm},
	{"POST /portal/postbacks/new", needPublisher, (*call).myPostbackSave},
	{"GET /portal/postbacks/{id}", needPublisher, (*call).myPostback},
	{"GET /portal/postbacks/{id}/edit", needPublisher, (*call).myPostbackForm},
	{"POST /portal/postbacks/{id}/edit", needPublisher, (*call).myPostbackSave},
	{"POST /portal/postbacks/{id}/test", needPublisher, (*call).myPostbackTest},
	{"POST /portal/postbacks/{id}/remove", needPublisher, (*call).myPostbackRemove},
	{"GET /portal/deliveries/{id}", needPublisher, (*call).myDelivery},
	{"POST /portal/deliveries/{id}/resend", needPublisher, (*call).myResend},

	{"GET /portal/statistics", needParty, (*call).portalStatistics},
	{"GET /portal/conversions", needParty, (*call).portalConversions},
	{"GET /portal/conversions/{id}", needParty, (*call).portalConversion},

	{"POST /portal/conversions/{id}/decide", needAdvertiser, (*call).theirDecide},
	{"POST /portal/conversions/decide", needAdvertiser, (*call).theirDecideAll},
	{"GET /portal/signals", needAdvertiser, (*call).theirSignals},
	{"GET /portal/signals/{id}", needAdvertiser, (*call).theirSignal},

	{"GET /portal/keys", needParty, (*call).portalKeys},
	{"POST /portal/keys", needParty, (*call).portalKeyCreate},
	{"POST /portal/keys/revoke", needParty, (*call).portalKeyRevoke},
	{"GET /portal/people", needParty, (*call).portalPeople},
	{"POST /portal/people", needParty, (*call).portalPersonDisable},
	{"POST /portal/people/invite", needParty, (*call).portalInvite},
	{"POST /portal/people/invitation", needParty, (*call).portalInvitation},
	{"GET /portal/profile", needParty, (*call).portalProfile},
	{"POST /portal/profile", needParty, (*call).portalProfileSave},
	{"POST /portal/profile/password", needParty, (*call).portalPassword},
}

// portalRails are the rails of the portals, by party.
var portalRails = map[string][]railGroup{
	account.PartyPublisher: {
		{"", []railItem{{"", "Overview", "house"}}},
		{"Promote", []railItem{{"offers", "Offers", "tag"}, {"links", "Links", "link"}, {"coupons", "Coupons", "ticket-percent"}}},
		{"Results", []railItem{{"statistics", "Statistics", "chart-no-axes-column"}, {"conversions", "Conversions", "circle-check"}, {"balance", "Balance", "landmark"}, {"payouts", "Payouts", "banknote"}, {"documents", "Statements", "file-text"}, {"postbacks", "Postbacks", "send"}}},
		{"Account", []railItem{{"keys", "API keys", "keyboard"}, {"people", "People", "users"}, {"profile", "Profile", "circle-user"}}},
	},
	account.PartyAdvertiser: {
		{"", []railItem{{"", "Overview", "house"}}},
		{"Program", []railItem{{"offers", "Offers", "tag"}, {"conversions", "Conversions", "circle-check"}, {"statistics", "Statistics", "chart-no-axes-column"}, {"signals", "Reports received", "inbox"}, {"documents", "Invoices", "file-text"}}},
		{"Account", []railItem{{"keys", "API keys", "keyboard"}, {"people", "People", "users"}, {"profile", "Profile", "circle-user"}}},
	},
}

// errNotOpen sends who has a closed account to the page that says so.
var errNotOpen = errors.New("console: the account is not open")

// enterPortal opens the portal of who asks. The page gets a workspace without an id: no
// service of the staff's could find anything in it.
func (c *call) enterPortal(n need) error {
	if c.Portal == nil || c.who.Party.Kind == "" {
		return catalog.ErrNotFound
	}
	a, err := c.Portal.Account(c.r.Context(), c.who)
	if err != nil {
		return err
	}
	c.party = &a
	c.ws = &catalog.Workspace{Name: a.Program, Currency: a.Currency, TimeZone: a.TimeZone}
	c.loc, err = time.LoadLocation(a.TimeZone)
	if err != nil {
		c.loc = time.UTC
	}
	c.span = parseSpan(c.r.URL.Query(), c.loc, c.Now())
	if n == needPublisher && a.Kind != account.PartyPublisher || n == needAdvertiser && a.Kind != account.PartyAdvertiser {
		return catalog.ErrNotFound
	}
	if !a.Open() {
		return errNotOpen
	}
	if a.Kind == account.PartyPublisher {
		c.pub, err = c.Portal.Publisher(c.r.Context(), c.who)
		return err
	}
	c.adv, err = c.Portal.Advertiser(c.r.Context(), c.who)
	return err
}

// notOpen answers for an account that is not open: one page, and every other leads to it.
func (c *call) notOpen() error {
	if c.r.URL.Path != "/portal" {
		return c.redirect("/portal")
	}
	p := panelsPage{Head: head{Title: c.party.Name, State: &state{Word: c.party.Status, Tone: toneOf(c.party.Status)}}}
	box := panel{ID: "closed", Notes: []string{standings[c.party.Status]}}
	if c.party.Reason != "" {
		box.Pairs = []pair{{Label: "Reason", Value: c.party.Reason}}
	}
	p.Panels = []panel{box}
	return show(c, "panels", "Account", p)
}

// standings say what the state of an account means for its people.
var standings = map[string]string{
	catalog.StatusPending:  "Your account waits for approval. You will see your portal here as soon as somebody has looked at it.",
	catalog.StatusRejected: "Your sign-up was not accepted.",
	catalog.StatusBanned:   "Your account was closed by the program.",
	"closed":               "Your account is closed.",
}

// pausedNotices are said on every page of a paused account.
var pausedNotices = map[string]string{
	account.PartyPublisher:  "Your account is paused: your links send their visitors to a page of the program, and nothing new is paid. What you earned stays.",
	account.PartyAdvertiser: "Your account is paused: your offers take no visitors. What was recorded stays.",
}

// portalFrame is the frame around a page of a portal: its own rail, the party's name, and
// nothing about the machinery.
func (c *call) portalFrame(title string) frame {
	f := c.bareFrame(title)
	f.HomeURL, f.WorkspaceName, f.Zone = "/portal", c.party.Name, c.loc.String()
	if c.user != nil {
		f.UserName, f.UserEmail = orElse(c.user.Name, c.user.Email), c.user.Email
	}
	if !c.party.Open() {
		return f
	}
	at := portalSection(c.r.URL.Path)
	for _, g := range portalRails[c.party.Kind] {
		group := navGroup{Title: g.title}
		for _, it := range g.items {
			group.Items = append(group.Items, link{Label: it.label, Icon: it.icon, URL: c.at(it.path), Current: at == it.path})
		}
		f.Nav = append(f.Nav, group)
	}
	if c.r.Method == http.MethodGet && (at == "" || at == "statistics") {
		f.Span = c.spanMenu()
	}
	if c.party.Status == catalog.StatusPaused {
		said := pausedNotices[c.party.Kind]
		if c.party.Reason != "" {
			said += " Reason: " + sentence(c.party.Reason)
		}
		f.Warnings = []string{said}
	}
	return f
}

// portalSection is the first part of a path within the portal.
func portalSection(path string) string {
	rest := strings.TrimPrefix(strings.TrimPrefix(path, "/portal"), "/")
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// portalStat turns numbers of a portal into those that tables and charts are made of:
// what a publisher earns is a commission, what an advertiser pays is revenue.
func (c *call) portalStat(n portal.Numbers) *stat {
	s := &stat{clicks: n.Clicks, visits: n.Clicks, uniques: n.Uniques, conversions: n.Conversions}
	for _, m := range n.Amounts {
		if c.pub != nil {
			s.put(m.Currency, 0, m.Minor)
		} else {
			s.put(m.Currency, m.Minor, 0)
		}
	}
	return s
}

// earned is the amount of a portal's numbers; see [call.portalStat].
func (c *call) earned(m money2) int64 {
	if c.pub != nil {
		return m.commission
	}
	return m.revenue
}

// worth names what that is.
func (c *call) worth() (label, help string) {
	if c.pub != nil {
		return "Payout", "Payout: what conversions pay you, pending ones included, less what was rejected or reversed."
	}
	return "Cost", "Cost: what conversions cost you, pending ones included, less what was rejected or reversed."
}

// portalStats asks the portal for numbers in a span.
func (c *call) portalStats(by string, s span, limit int) (*portal.Statistics, error) {
	return c.askPortal(portal.Ask{By: by, From: s.from, To: s.to, Limit: limit})
}

func (c *call) askPortal(a portal.Ask) (*portal.Statistics, error) {
	if c.pub != nil {
		return c.pub.Statistics(c.r.Context(), a)
	}
	return c.adv.Statistics(c.r.Context(), a)
}

// moneyText writes amounts of several currencies in a line.
func moneyText(all []portal.Money, zero string) string {
	if len(all) == 0 {
		return amount(0, zero) + "\u00a0" + zero
	}
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = withCurrency(m.Minor, m.Currency)
	}
	return strings.Join(out, " + ")
}
