package routing

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Overlay is the small state beside the snapshot that changes faster than the
// catalog: offers that caps or prepayment guards have closed. Reading it is one
// atomic load. Its zero value has every offer open; it is safe for concurrent use.
type Overlay struct {
	mu     sync.Mutex // one writer at a time
	closed atomic.Pointer[map[string]string]
}

// Close closes an offer to visitors; why is a stable code for people, such as
// cap_daily. It holds until [Overlay.Open], across catalog revisions.
func (o *Overlay) Close(offer, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := map[string]string{}
	if old := o.closed.Load(); old != nil {
		next = maps.Clone(*old)
	}
	next[offer] = why
	o.closed.Store(&next)
}

// Open opens an offer again.
func (o *Overlay) Open(offer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	old := o.closed.Load()
	if old == nil {
		return
	}
	next := maps.Clone(*old)
	delete(next, offer)
	o.closed.Store(&next)
}

// Closed reports whether an offer is closed, and why. A nil overlay closes nothing.
func (o *Overlay) Closed(offer string) (why string, closed bool) {
	if o == nil {
		return "", false
	}
	m := o.closed.Load()
	if m == nil {
		return "", false
	}
	why, closed = (*m)[offer]
	return why, closed
}
