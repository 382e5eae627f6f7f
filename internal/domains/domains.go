// Package domains looks after tracking domains: which DNS record each needs, whether it
// leads here, and whether a certificate may be asked for.
//
// Invariants:
//   - A domain is proven only when a request to it by its name is answered by this very
//     installation, which alone knows the domain's token. Until then it serves nothing and
//     no certificate is asked for.
//   - The address that was looked up is the address that is dialed, redirects are followed
//     to the same host only, and private addresses are called only where the configuration
//     allows it.
//   - A check that fails takes no visitor anything away: what was proven once stays served.
//     After several in a row URLs are shown with the public URL again.
//   - What a check finds is kept apart from what people edit.
package domains

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
)

// Check is what the last checks of a domain found.
type Check struct {
	Workspace, Domain string

	At     int64  // µs of the last check, 0 = none yet
	Code   string // one of the codes below, "" = it is well
	Detail string // the same in a sentence
	Fails  int64  // how many in a row failed
	Next   int64  // µs when it is checked again

	CertUntil int64  // µs until which its certificate holds, 0 = none was seen
	CertError string // why the last attempt to get one failed
}

// Codes of what is wrong with a domain: a contract, as verdicts are.
const (
	NotResolvable = "not_resolvable" // the name has no address
	WrongTarget   = "wrong_target"   // it leads to other addresses, where nobody or somebody else answers
	Unreachable   = "unreachable"    // nobody answers
	PrivateAddr   = "private_address"
	SomebodyElse  = "somebody_else"  // another server answers
	NoCertificate = "no_certificate" // it leads here, but https does not work
)

// Store keeps the checks. Every method is one transaction, durable on return.
type Store interface {
	// Put keeps a check in place of the last one.
	Put(ctx context.Context, c *Check) error
	// Check returns the last one; catalog.ErrNotFound when there is none.
	Check(ctx context.Context, workspace, domain string) (*Check, error)
	// Checks returns the last one of every domain of the installation.
	Checks(ctx context.Context) ([]Check, error)
	// Claim puts the next check of a domain off until then, and reports whether it was due
	// and nobody else has claimed it.
	Claim(ctx context.Context, workspace, domain string, now, until int64) (bool, error)
}

// Certificates gets certificates; nil where a proxy in front does.
type Certificates interface {
	// Obtain gets a certificate for the host, or leaves the one there is.
	Obtain(ctx context.Context, host string) error
}

// Options are what a [Service] needs.
type Options struct {
	Catalog *catalog.Service
	View    func() *catalog.View
	Store   Store
	// Public is the public URL: domains are reached with its scheme and port.
	Public       string
	Certificates Certificates   // nil: a proxy's
	AllowPrivate bool           // domains may lead to private addresses
	Resolver     *net.Resolver  // default: the system's
	Roots        *x509.CertPool // default: the system's
	PlainPort    string         // where http is answered besides https, default 80
	Now          func() time.Time
	Logger       *slog.Logger
}

// Service checks domains. Its zero value is not usable; see [New].
type Service struct {
	Options
	origins catalog.Origins
	slots   chan struct{}
	flights singleflight.Group

	mu     sync.Mutex
	proven map[string]bool // hosts that the last check of this process found to lead here
}

// checksAtOnce bounds how many domains are being checked.
const checksAtOnce = 4

// ErrBusy says that too many domains are being checked at the moment.
var ErrBusy = errors.New("domains: too many domains are being checked")

// New makes a service.
func New(o Options) *Service {
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.PlainPort == "" {
		o.PlainPort = "80"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, origins: catalog.Origins{Public: o.Public, View: o.View}, slots: make(chan struct{}, checksAtOnce), proven: map[string]bool{}}
}

// Checks has the last checks of a workspace's domains, by domain.
func (s *Service) Checks(ctx context.Context, p account.Principal, workspace string) (map[string]Check, error) {
	if !p.May(workspace, false) {
		return nil, catalog.ErrNotFound
	}
	all, err := s.Store.Checks(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]Check{}
	for _, c := range all {
		if c.Workspace == workspace {
			out[c.Domain] = c
		}
	}
	return out, nil
}

// MayHaveCertificate says why a certificate must not be asked for under a name, "" = it may
// be: of live domains that the last checks found to lead here.
func (s *Service) MayHaveCertificate(host string) string {
	d := s.View().Domain(strings.ToLower(strings.TrimSuffix(host, ".")))
	if d == nil {
		return "it is no tracking domain"
	}
	s.mu.Lock()
	proven := s.proven[d.Host]
	s.mu.Unlock()
	if d.Verified == 0 || d.Status != catalog.StatusVerified && !proven {
		return "the domain is not verified"
	}
	return ""
}
