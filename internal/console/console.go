package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/diagnosis"
	"clickledger/internal/document"
	"clickledger/internal/event"
	"clickledger/internal/funds"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/report"
	"clickledger/internal/signup"
)

// Catalog is what the console needs of *catalog.Service.
type Catalog interface {
	Create(ctx context.Context, p account.Principal, d catalog.Doc, idem catalog.Idempotency) (catalog.Entity, bool, error)
	Update(ctx context.Context, p account.Principal, workspace, id string, version int64, d catalog.Doc) (catalog.Entity, error)
	Archive(ctx context.Context, p account.Principal, kind catalog.Kind, workspace, id string, version int64, archived bool) (catalog.Entity, error)
	Get(ctx context.Context, p account.Principal, kind catalog.Kind, workspace, id string) (catalog.Entity, error)
	List(ctx context.Context, p account.Principal, q catalog.Query) ([]catalog.Entity, error)
	Names(ctx context.Context, workspace, kind string, ids []string) map[string]string
	Preview(ctx context.Context, p account.Principal, workspace, id string, version int64, d catalog.Doc) (catalog.Entity, error)
	Upload(ctx context.Context, p account.Principal, workspace string, data []byte) (*catalog.Image, error)
	Image(ctx context.Context, p account.Principal, workspace, hash string) (*catalog.Image, error)
	PartyNames(ctx context.Context, workspace string, ids []string) map[string]string
	CloneOffer(ctx context.Context, p account.Principal, workspace, id string, idem catalog.Idempotency) (o *catalog.Offer, replayed bool, err error)
	BulkOffers(ctx context.Context, p account.Principal, workspace string, ids []string, ch catalog.BulkChange, dryRun bool) ([]catalog.BulkResult, error)
	NewSecret(ctx context.Context, p account.Principal, workspace, id string, version int64) (*catalog.Advertiser, error)
	Decide(ctx context.Context, p account.Principal, workspace string, d catalog.Decision) ([]catalog.Decided, error)
	ApproveBare(ctx context.Context, p account.Principal, workspace, id string, version int64) (*catalog.Enrollment, error)
}

// Caps tells how the caps of an offer stand.
type Caps interface {
	Status(ctx context.Context, workspace, offer string) ([]caps.Status, error)
}

// Marks tells of which offers something is wrong, by their ids.
type Marks interface {
	Summary(ctx context.Context, p account.Principal, workspace string, offers []string) (map[string]diagnosis.Mark, error)
}

// Accounts is what the console needs of *account.Service.
type Accounts interface {
	FirstRun(ctx context.Context) (bool, error)
	CreateOwner(ctx context.Context, email, name, password string) (*account.User, error)
	SignIn(ctx context.Context, email, password, addr string) (secret string, u *account.User, err error)
	Session(ctx context.Context, secret string) (account.Principal, *account.User, error)
	SignOut(ctx context.Context, secret string) error
	Staff(ctx context.Context, p account.Principal, workspace string) ([]*account.User, error)
	ListUsers(ctx context.Context, p account.Principal) ([]*account.User, error)
	CreateUser(ctx context.Context, p account.Principal, d account.UserDoc) (*account.User, error)
	CreateKey(ctx context.Context, p account.Principal, workspace, name, scope string, expires int64) (secret string, k *account.Key, err error)
	ListKeys(ctx context.Context, p account.Principal, workspace string) ([]*account.Key, error)
	RevokeKey(ctx context.Context, p account.Principal, workspace, id string) (*account.Key, error)
	ChangePassword(ctx context.Context, p account.Principal, present, password, addr string) (secret string, err error)
}

// Books is what the console reads of books.Store.
type Books interface {
	inbox.Reader
	conversion.Reader
	ledger.Reader
}

// Outbound is what was told to publishers; see outbound.Service.
type Outbound interface {
	List(ctx context.Context, q outbound.Query) ([]*outbound.Delivery, error)
	Get(ctx context.Context, workspace, publisher, id string) (*outbound.Delivery, []*outbound.Try, error)
	Counts(ctx context.Context, workspace, publisher string) (outbound.Counts, error)
	Resend(ctx context.Context, workspace, publisher, id, actor string) (*outbound.Delivery, error)
	ResendDead(ctx context.Context, q outbound.Query, actor string) (int, error)
	Test(ctx context.Context, p *catalog.Postback, actor string) (*outbound.Delivery, *outbound.Try, error)
}

// Clicks finds a click by its id, nil when it is not known.
type Clicks interface {
	Find(ctx context.Context, id event.ClickID) (*event.Visit, error)
}

// Decider changes what was decided.
type Decider interface {
	// Decide moves a conversion along conversion.Transitions, as far as people may.
	Decide(ctx context.Context, p account.Principal, workspace, conversion string, to conversion.Status, reason string) (*conversion.Conversion, error)
	// Replay judges a signal again.
	Replay(ctx context.Context, p account.Principal, workspace, signal string) (*inbox.Row, error)
	// ReplayAll judges the signals of a filter again; without apply it only previews.
	ReplayAll(ctx context.Context, p account.Principal, workspace string, q books.ReplayQuery, apply bool) (*books.ReplayResult, error)
	// Reprice prices conversions of an offer anew; without apply it only previews.
	Reprice(ctx context.Context, p account.Principal, workspace string, q books.RepriceQuery, apply bool, reason string) (*books.RepriceResult, error)
	// SetHold holds a conversion back from approval and payment, or releases it.
	SetHold(ctx context.Context, p account.Principal, workspace, conversion string, held bool, reason string) (*conversion.Conversion, error)
	// Refund takes a refund off a conversion, once per key.
	Refund(ctx context.Context, p account.Principal, workspace, conversion string, r conversion.Refund) (*conversion.Conversion, *conversion.Adjustment, bool, error)
	// Restate changes what a conversion is worth, once per key.
	Restate(ctx context.Context, p account.Principal, workspace, conversion string, w conversion.Worth) (*conversion.Conversion, *conversion.Adjustment, bool, error)
	// AdjustBalance books a bonus to a publisher or a correction, once per key.
	AdjustBalance(ctx context.Context, p account.Principal, workspace string, b conversion.BalanceAdjustment) (*conversion.BalanceAdjustment, bool, error)
	// DecideAll makes several decisions, all or none.
	DecideAll(ctx context.Context, p account.Principal, workspace string, steps []books.Step, dry bool) ([]books.StepResult, bool, error)
	// Enter judges conversions entered by hand or by a file; dry keeps nothing.
	Enter(ctx context.Context, p account.Principal, workspace string, entries []conversion.Entry, dry bool) ([]*inbox.Row, error)
	// Simulate says what an order would pay, also with a draft of a commission rule.
	Simulate(ctx context.Context, p account.Principal, workspace string, draft *catalog.CommissionRule, o conversion.Simulated) (*conversion.Quote, error)
	// Compare prices past conversions with and without a draft of a commission rule.
	Compare(ctx context.Context, p account.Principal, workspace string, draft *catalog.CommissionRule, q books.CompareQuery) (*books.Comparison, error)
}

// StatusLine is one line about the machinery: shown in the footer, and its Warning,
// if any, on top of every page.
type StatusLine struct {
	Name    string // "Log", "Facts"
	Value   string // "1 204 visits/s", "0.4 s behind"
	Warning string // a sentence, "" = all is well
}

// Options are the console's parts and settings.
type Options struct {
	Catalog  Catalog
	Accounts Accounts
	Books    Books
	Clicks   Clicks
	Decide   Decider
	Report   report.Reporter
	Outbound Outbound
	Rates    Rates

	// Signups and Mails may be nil: then nobody signs up and no mail is sent.
	Signups *signup.Service
	Mails   *mail.Service

	// Caps may be nil: then caps are shown without how much of them is used. Marks may be
	// nil, too: then no offer is marked.
	Caps  Caps
	Marks Marks
	// Diagnosis may be nil, too: then there is no page of it.
	Diagnosis Diagnosis
	Tests     Tests             // nil: not available here
	Funds     *funds.Service    // nil: not available here
	Payouts   *payout.Service   // nil: not available here
	Documents *document.Service // nil: not available here

	// Portal may be nil, too: then publishers and advertisers have no pages.
	Portal Portal

	// TagVersion is that of the tracking script, "" = unversioned.
	TagVersion string
	// Domains may be nil: then there is no page of them. View is the catalog in memory, by
	// which tracking URLs are shown with tracking domains; nil: they all begin with PublicURL.
	Domains Domains
	View    func() *catalog.View

	// PublicURL is the base of tracking URLs, such as https://go.example.com.
	PublicURL string
	// Secure says that the console is reached by https: its cookies are Secure and
	// HSTS is sent.
	Secure bool
	// SetupToken guards the first-run page; it is printed at start-up.
	SetupToken string
	Version    string
	Now        func() time.Time
	Logger     *slog.Logger
	// ClientAddr tells the address of who asks, behind trusted proxies; nil takes the
	// connection's.
	ClientAddr func(*http.Request) string
	// Status reports the state of the machinery; nil shows none.
	Status func(ctx context.Context) []StatusLine
}

// server is the console.
type server struct {
	Options
	origins  catalog.Origins
	ui       *ui
	lastWord []byte // the error page for when rendering fails, rendered ahead
}

// New makes the console's handler, to be mounted at the root of its host. It answers
// the paths /, /signin, /signout, /setup, /prefs, /assets/…, /w/… and /portal….
func New(o Options) (http.Handler, error) {
	s, err := newServer(o, files, nil)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

func newServer(o Options, fsys fs.FS, mark func(string) string) (*server, error) {
	if o.Catalog == nil || o.Accounts == nil || o.Books == nil || o.Decide == nil || o.Report == nil || o.Outbound == nil || o.Clicks == nil || o.Rates == nil {
		return nil, errors.New("console: a service is missing")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ClientAddr == nil {
		o.ClientAddr = func(r *http.Request) string {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				return r.RemoteAddr
			}
			return host
		}
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	s := &server{Options: o, origins: catalog.Origins{Public: o.PublicURL, View: o.View}}
	var err error
	s.ui, err = newUI(fsys, mark)
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	s.lastWord, err = s.ui.render("bare", "error", view[errorPage]{
		Frame: frame{Title: "Error", Version: o.Version},
		Page:  errorPage{Title: "Something went wrong here", Sentence: "The page could not be made. Nothing was changed; please try again.", Home: "/"},
	})
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return s, nil
}
