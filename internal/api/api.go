// Package api is the REST interface under /api/v1: what the console can do, for
// programs. It is described by OpenAPI 3.1, served and committed as openapi.yaml.
//
// Invariants:
//   - The package decides nothing: it reads requests, asks the services of the domain
//     and writes answers. Who may do what is asked there.
//   - What a caller may not see answers byte for byte as what does not exist, but for
//     the request id.
//   - Every refusal is a [Problem] with a stable code, by one table.
//   - Bodies are strict: an unknown name or another type is refused, never ignored.
//   - URLs in answers come from the configured public URL, never from Host.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/document"
	"clickledger/internal/inbox"
	"clickledger/internal/mail"
	"clickledger/internal/outbound"
	"clickledger/internal/payout"
	"clickledger/internal/portal"
	"clickledger/internal/rates"
	"clickledger/internal/report"
	"clickledger/internal/signup"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Prefix is where the API is mounted.
const Prefix = "/api/v1"

// Decider is where people decide about conversions and signals.
type Decider interface {
	// Decide moves a conversion to another state: catalog.ErrNotFound, or a
	// *books.StateError where there is no such step.
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

// Options are what the API needs. Verify and Backup may be nil: then they answer
// that they are not available here.
type Options struct {
	Catalog    *catalog.Service
	Accounts   *account.Service
	Books      books.Store
	Decide     Decider
	Report     report.Reporter
	Outbound   *outbound.Service
	Rates      *rates.Service             // nil: not available here
	ClientAddr func(*http.Request) string // address of who asks; nil: of who connects
	Signups    *signup.Service            // nil, as Mails: not available here
	Mails      *mail.Service
	Diagnosis  Diagnoser         // nil: not available here
	Caps       CapReader         // nil: not available here
	Portal     *portal.Service   // nil: not available here
	Domains    DomainChecker     // nil: not available here
	Tests      Tester            // nil: not available here
	Funds      Funder            // nil: not available here
	Payouts    *payout.Service   // nil: not available here
	Documents  *document.Service // nil: not available here
	// View is the catalog in memory, by which tracking URLs are shown with tracking domains;
	// nil: they all begin with PublicURL.
	View       func() *catalog.View
	Verify     func(ctx context.Context) (any, error)
	Backup     func(ctx context.Context, w io.Writer) error
	PublicURL  string // scheme, host and port under which trackers and pixels are reached
	TagVersion string // of the tracking script, "" = unversioned
	Version    string
	Now        func() time.Time
	Logger     *slog.Logger
}

// server is the API under construction and at work; it is not changed after New.
type server struct {
	Options
	huma    huma.API
	origins catalog.Origins
}

// New makes the handler of everything under [Prefix].
func New(o Options) http.Handler {
	s, mux := build(o)
	return s.guard(mux, s.specs())
}

// build registers every operation.
func build(o Options) (*server, *http.ServeMux) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	mux := http.NewServeMux()
	s := &server{Options: o, origins: catalog.Origins{Public: o.PublicURL, View: o.View}}
	s.huma = humago.NewWithPrefix(mux, Prefix, s.config())
	s.registerCatalog()
	s.registerTracking()
	s.registerOffers()
	s.registerAgreements()
	s.registerLinks()
	s.registerDomains()
	s.registerCaps()
	s.registerAccounts()
	s.registerSignups()
	s.registerDiagnosis()
	s.registerTests()
	s.registerReprice()
	s.registerConversions()
	s.registerUpload()
	s.registerAdjustments()
	s.registerStatuses()
	s.registerSignals()
	s.registerLedger()
	s.registerLedgerReading()
	s.registerFunds()
	s.registerPayouts()
	s.registerDocuments()
	s.registerPortalDocuments()
	s.registerDeliveries()
	s.registerRates()
	s.registerReports()
	s.registerPublisherPortal()
	s.registerAdvertiserPortal()
	s.registerSystem()
	s.finishSpec()
	return s, mux
}
