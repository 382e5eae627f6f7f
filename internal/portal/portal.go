// Package portal is what publishers and advertisers, with their own people and API keys,
// see and do.
//
// Invariants:
//   - Whose portal it is comes from the principal ([account.Principal.Party]) alone; no
//     method takes a party, and an id of somebody else's answers as an unknown one.
//   - Answers are views of their own: plain structs whose fields are an allow-list (a test
//     holds the list). Rows of the catalog and of the books never leave the room.
//   - A publisher is never told what advertisers pay, an advertiser never what publishers
//     earn; neither is told notes, tags, tokens of others, or whole addresses of visitors.
package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/money"
	"clickledger/internal/report"
	"clickledger/internal/signup"
	"clickledger/internal/wizard"
)

// Catalog is what the portals need of *catalog.Service.
type Catalog interface {
	Get(ctx context.Context, p account.Principal, kind catalog.Kind, workspace, id string) (catalog.Entity, error)
	List(ctx context.Context, p account.Principal, q catalog.Query) ([]catalog.Entity, error)
	Names(ctx context.Context, workspace, kind string, ids []string) map[string]string
	PublisherPostbacks(ctx context.Context, workspace, publisher string) ([]*catalog.Postback, error)
	PublisherPostback(ctx context.Context, workspace, publisher, id string) (*catalog.Postback, error)
	SavePublisherPostback(ctx context.Context, actor, workspace, publisher, id string, version int64, d catalog.PostbackDoc, dry bool) (*catalog.Postback, error)
	ArchivePublisherPostback(ctx context.Context, actor, workspace, publisher, id string) error

	OfferedTo(ctx context.Context, a catalog.Applicant, q catalog.Browse) ([]*catalog.Offered, error)
	OfferedOne(ctx context.Context, a catalog.Applicant, offer string) (*catalog.Offered, error)
	Apply(ctx context.Context, a catalog.Applicant, offer string, doc *catalog.ApplicationDoc) (*catalog.Offered, error)
	AcceptTerms(ctx context.Context, a catalog.Applicant, offer string, number int64) (*catalog.Offered, error)
	MakeLink(ctx context.Context, a catalog.Applicant, doc *catalog.LinkDoc, idem catalog.Idempotency) (*catalog.Link, error)
	ChangeLink(ctx context.Context, a catalog.Applicant, id string, version int64, doc *catalog.LinkDoc) (*catalog.Link, error)
	Withdraw(ctx context.Context, a catalog.Applicant, offer string) (*catalog.Offered, error)
	PublisherCreatives(ctx context.Context, workspace, publisher, offer string) ([]*catalog.Creative, error)
	PublisherCreative(ctx context.Context, workspace, publisher, creative string) (*catalog.Creative, error)
	PublisherSnippets(ctx context.Context, workspace, publisher, base, creative, link string) ([]catalog.Snippet, error)
	PublisherImage(ctx context.Context, workspace, publisher, creative string) (*catalog.Image, error)
}

// Books is what the portals read of books.Store.
type Books interface {
	inbox.Reader
	conversion.Reader
	ledger.Reader
}

// Accounts is what the portals need of *account.Service, which knows parties itself.
type Accounts interface {
	GetUser(ctx context.Context, p account.Principal, id string) (*account.User, error)
	ChangeName(ctx context.Context, p account.Principal, name string) (*account.User, error)
	PartyUsers(ctx context.Context, p account.Principal, party account.Party) ([]*account.User, error)
	DisablePartyUser(ctx context.Context, p account.Principal, party account.Party, id string, disabled bool) (*account.User, error)
	ListPartyKeys(ctx context.Context, p account.Principal, party account.Party) ([]*account.Key, error)
	CreatePartyKey(ctx context.Context, p account.Principal, party account.Party, name, scope string, expires int64) (secret string, k *account.Key, err error)
	RevokePartyKey(ctx context.Context, p account.Principal, party account.Party, id string) (*account.Key, error)
}

// Decider moves conversions.
type Decider interface {
	Decide(ctx context.Context, p account.Principal, workspace, conversion string, to conversion.Status, reason string) (*conversion.Conversion, error)
}

// Tests is what the portals need of *wizard.Service.
type Tests interface {
	StartFor(ctx context.Context, workspace, advertiser, offer, actor, method string) (*wizard.Run, error)
	StatusFor(ctx context.Context, workspace, advertiser, offer string) (*wizard.Answer, error)
	CancelFor(ctx context.Context, workspace, advertiser, offer, actor string) (*wizard.Run, error)
}

// Signups is what the portals need of *signup.Service, which knows whose people may invite.
type Signups interface {
	Invite(ctx context.Context, p account.Principal, d signup.InviteDoc) (*signup.Invitation, error)
	Invitations(ctx context.Context, p account.Principal, party account.Party, before string, limit int) ([]*signup.Invitation, error)
	RevokeInvitation(ctx context.Context, p account.Principal, id string) (*signup.Invitation, error)
	ResendInvitation(ctx context.Context, p account.Principal, id string) (*signup.Invitation, error)
	Contact(ctx context.Context, party account.Party) (name, email string, err error)
}

// Options are the parts of a [Service].
type Options struct {
	Catalog   Catalog
	Accounts  Accounts
	Outbound  Outbound
	Books     Books
	Decide    Decider
	Report    report.Reporter
	Tests     Tests     // nil: offers are not tested here
	Signups   Signups   // nil: nobody is invited here
	Payouts   Payouts   // nil: nobody is paid here
	Documents Documents // nil: nothing is issued here
	PublicURL string    // scheme, host and port under which trackers are reached
	// View is the catalog in memory, by which URLs are shown with tracking domains; nil: they
	// all begin with PublicURL.
	View       func() *catalog.View
	TagVersion string // of the tracking script, "" = unversioned
	Now        func() time.Time
}

// Service opens the portals.
type Service struct {
	o       Options
	origins catalog.Origins
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	return &Service{o, catalog.Origins{Public: o.PublicURL, View: o.View}}
}

// ErrClosed says that the account is not one that may work: see [Account].Status.
var ErrClosed = errors.New("portal: the account is not active")

// Account is whose portal it is, and whether it is open.
type Account struct {
	Kind      string   `json:"kind" enum:"publisher,advertiser" doc:"Whose portal it is."`
	ID        string   `json:"id" doc:"Id of the publisher or advertiser."`
	Name      string   `json:"name" doc:"Its name."`
	Status    string   `json:"status" enum:"active,pending,paused,rejected,banned,closed" doc:"Only active and paused accounts have more than this page; the links of a paused one rest."`
	Reason    string   `json:"reason" doc:"Why it is in this state; empty: nothing was said."`
	Program   string   `json:"program" doc:"Name of the program: of the workspace."`
	Contact   *Contact `json:"contact" doc:"Who of the program looks after you; null: nobody in particular."`
	Currency  string   `json:"currency" doc:"The program's reporting currency, ISO 4217."`
	TimeZone  string   `json:"time_zone" doc:"IANA time zone of days and hours in statistics."`
	Workspace string   `json:"-"`
}

// Contact is who looks after a party.
type Contact struct {
	Name  string `json:"name" doc:"The name."`
	Email string `json:"email" doc:"The address to write to."`
}

// Open reports whether the account has a portal beyond the page that says why not.
func (a Account) Open() bool {
	return a.Status == catalog.StatusActive || a.Status == catalog.StatusPaused
}

// statusClosed is the status of an archived account.
const statusClosed = "closed"

// door is one request's way into the workspace of a party.
type door struct {
	s       *Service
	asks    account.Principal // who asks: a person or a key of the party
	who     account.Principal // as whom the portal itself reads and writes: see inside
	account Account
}

// inside is the principal as whom the portal reads and writes the workspace on behalf of
// p: staff's rights, under p's own id, which is what the audit trail keeps. It never
// leaves this package, and every use of it is bound to the party by its caller.
func inside(p account.Principal) account.Principal {
	return account.Principal{ID: p.ID, Name: p.Name, Write: p.Write, Workspaces: []string{p.Party.Workspace}}
}

// enter finds the party of the principal, whatever its state. Who is no party of the kind
// has nothing here.
func (s *Service) enter(ctx context.Context, p account.Principal, party string) (*door, catalog.Entity, error) {
	if !p.Party.Is(party) {
		return nil, nil, catalog.ErrNotFound
	}
	d := &door{s: s, asks: p, who: inside(p)}
	id := p.Party.Workspace
	e, err := s.o.Catalog.Get(ctx, d.who, catalog.KindWorkspace, id, id)
	if err != nil {
		return nil, nil, err
	}
	ws, ok := e.(*catalog.Workspace)
	if !ok || ws.Archived {
		return nil, nil, catalog.ErrNotFound
	}
	d.account = Account{Kind: party, ID: p.Party.ID, Program: ws.Name, Currency: ws.Currency, TimeZone: ws.TimeZone, Workspace: ws.ID}
	e, err = s.o.Catalog.Get(ctx, d.who, catalog.Kind(party), id, p.Party.ID)
	if err != nil {
		return nil, nil, err
	}
	d.account.Name = catalog.NameOf(e)
	d.account.Status, d.account.Reason = standing(e)
	return d, e, nil
}

// standing is the state of a party's account, and why it is in it; of one that is open to
// everything there is nothing to explain.
func standing(e catalog.Entity) (status, reason string) {
	status = catalog.StatusActive
	switch e := e.(type) {
	case *catalog.Publisher:
		status, reason = e.Status, e.Reason
	case *catalog.Advertiser:
		status, reason = e.Status, e.Reason
	}
	switch {
	case e.Base().Archived:
		return statusClosed, ""
	case status == catalog.StatusActive:
		return status, ""
	}
	return status, reason
}

// Account tells whose portal the principal's is, also where it is not open.
func (s *Service) Account(ctx context.Context, p account.Principal) (Account, error) {
	d, _, err := s.enter(ctx, p, p.Party.Kind)
	if err != nil {
		return Account{}, err
	}
	return d.account, nil
}

// Contact is who of the program looks after the party, nil when nobody does.
func (s *Service) Contact(ctx context.Context, p account.Principal) (*Contact, error) {
	if s.o.Signups == nil || !p.Party.Is(p.Party.Kind) {
		return nil, nil
	}
	name, email, err := s.o.Signups.Contact(ctx, p.Party)
	if err != nil || email == "" {
		return nil, err
	}
	return &Contact{name, email}, nil
}

// Publisher opens the portal of the publisher whose principal p is: [ErrClosed] where its
// account does not let it work.
func (s *Service) Publisher(ctx context.Context, p account.Principal) (*Publisher, error) {
	d, e, err := s.enter(ctx, p, account.PartyPublisher)
	if err != nil {
		return nil, err
	}
	if !d.account.Open() {
		return nil, ErrClosed
	}
	row, ok := e.(*catalog.Publisher)
	if !ok {
		return nil, catalog.ErrNotFound
	}
	return &Publisher{d, row}, nil
}

// Account tells whose portal it is.
func (d *door) Account() Account { return d.account }

// get reads a row of the workspace; what is not of the type is not there.
func get[E catalog.Entity](ctx context.Context, d *door, kind catalog.Kind, id string) (E, error) {
	var none E
	if id == "" || len(id) > 64 {
		return none, catalog.ErrNotFound
	}
	e, err := d.s.o.Catalog.Get(ctx, d.who, kind, d.account.Workspace, id)
	if err != nil {
		return none, err
	}
	row, ok := e.(E)
	if !ok {
		return none, catalog.ErrNotFound
	}
	return row, nil
}

// list reads rows of the workspace.
func list[E catalog.Entity](ctx context.Context, d *door, q catalog.Query) ([]E, error) {
	q.Workspace = d.account.Workspace
	rows, err := d.s.o.Catalog.List(ctx, d.who, q)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", q.Kind, err)
	}
	out := make([]E, 0, len(rows))
	for _, r := range rows {
		if e, ok := r.(E); ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// every reads all rows of a query, page by page.
func every[E catalog.Entity](ctx context.Context, d *door, q catalog.Query) ([]E, error) {
	q.Limit = catalog.MaxLimit
	var out []E
	for {
		part, err := list[E](ctx, d, q)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
		if len(part) < catalog.MaxLimit {
			return out, nil
		}
		q.After = part[len(part)-1].Base().ID
	}
}

// byID reads the rows of the ids, archived ones included.
func byID[E catalog.Entity](ctx context.Context, d *door, kind catalog.Kind, ids []string) (map[string]E, error) {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	out := map[string]E{}
	for part := range slices.Chunk(ids, catalog.MaxLimit) {
		rows, err := list[E](ctx, d, catalog.Query{Kind: kind, IDs: part, Archived: "all", Limit: catalog.MaxLimit})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Base().ID] = r
		}
	}
	return out, nil
}

// names are the names of ids; what is not found is left out.
func (d *door) names(ctx context.Context, kind catalog.Kind, ids []string) map[string]string {
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	if len(ids) == 0 {
		return map[string]string{}
	}
	return d.s.o.Catalog.Names(ctx, d.account.Workspace, string(kind), ids)
}

// Paging is which page of a list; Cursor is [Page].Next of the one before.
type Paging struct {
	Cursor string
	Limit  int
}

// limit bounds a page.
func (p Paging) limit() int {
	if p.Limit <= 0 {
		return catalog.DefaultLimit
	}
	return min(p.Limit, 500)
}

// Page is a page of a list, newest first.
type Page[T any] struct {
	Rows []T
	Next string // cursor of the next page, "" on the last one
}

// page cuts limit+1 rows to a page.
func page[R, T any](rows []R, limit int, id func(R) string, view func(R) T) Page[T] {
	p := Page[T]{Rows: []T{}}
	if len(rows) > limit {
		rows = rows[:limit]
		p.Next = id(rows[limit-1])
	}
	for _, r := range rows {
		p.Rows = append(p.Rows, view(r))
	}
	return p
}

// text writes an amount as decimal text.
func text(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: money.Currency(currency)}.String()
}

// timeOf reads a time in µs.
func timeOf(us int64) time.Time { return time.UnixMicro(us).UTC() }
