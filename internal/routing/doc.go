// Package routing is the compiled, immutable picture of the catalog from which the
// edge serves: link → offer → rendered URL, with the reason when a visitor is sent
// elsewhere.
//
// Invariants:
//   - A [Snapshot] never changes once it is made: readers need no lock, and a request
//     that loaded one is answered from one revision throughout.
//   - URLs are compiled when the catalog changes, never on a request. A URL that does
//     not compile gives a reason, never a panic and never a guess.
//   - What changes faster than the catalog, such as caps, is in the [Overlay] beside
//     the snapshot and is consulted on every decision.
//   - The package is on the redirect path: no input or output, no SQL, no templates.
package routing

import "sync/atomic"

// Holder gives the current snapshot to every request. Its zero value holds none.
type Holder struct{ p atomic.Pointer[Snapshot] }

// empty is what a holder gives before the first Store: a catalog without links.
var empty = NewBuilder().Snapshot()

// Load returns the current snapshot, never nil.
func (h *Holder) Load() *Snapshot {
	s := h.p.Load()
	if s == nil {
		return empty
	}
	return s
}

// Store makes s the snapshot of all requests that begin from now on.
func (h *Holder) Store(s *Snapshot) { h.p.Store(s) }
