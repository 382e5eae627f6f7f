// Package domains looks after tracking domains: which DNS record each needs, whether it
// leads here, with which origin tracking URLs begin.
//
// Invariants:
//   - A domain is verified only when its name leads to the addresses of the public URL, and
//     a request to it by that name is answered by this very installation, which alone knows
//     the domain's token.
//   - The address that was checked is the address that is dialed, redirects are followed to
//     the same host only, and private addresses are called only where the configuration
//     allows it.
//   - A check that fails takes no visitor anything away: what was verified once stays
//     served. It only makes URLs be shown with the public URL again.
//   - What a check finds is kept apart from what people edit.
package domains

import (
	"context"
)

// Check is what the last checks of a domain found.
type Check struct {
	Workspace, Domain string

	At     int64  // µs of the last check, 0 = none yet
	Code   string // one of the codes below, "" = it is well
	Detail string // the same in a sentence
	Fails  int64  // how many in a row failed
	Next   int64  // µs when it is checked again

	CertUntil int64  // µs until which its certificate holds, 0 = there is none
	CertError string // why the last attempt to get one failed
}

// Codes of what is wrong with a domain: a contract, as verdicts are.
const (
	NotResolvable = "not_resolvable" // the name has no address
	WrongTarget   = "wrong_target"   // it leads to other addresses
	TargetUnknown = "target_unknown" // the public URL's own host has no address
	Unreachable   = "unreachable"    // nobody answers
	PrivateAddr   = "private_address"
	SomebodyElse  = "somebody_else" // another server answers
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
