package routing

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Overlay is the small state beside the snapshot that changes faster than the
// catalog: offers that caps or prepayment guards have closed. Reading it is one
// atomic load. Its zero value has every offer open; it is safe for concurrent use.
type Overlay struct {
	mu     sync.Mutex // one writer at a time
	limits atomic.Pointer[map[string]limits]
}

// limits is what keeps visitors from one offer.
type limits struct {
	closed string // why it is closed by hand, "" = it is not
	gate   *Gate  // its caps; nil = none
}

// Close closes an offer to visitors; why is a stable code for people, such as
// prepayment_used. It holds until [Overlay.Open], across catalog revisions.
func (o *Overlay) Close(offer, why string) {
	o.change(func(m map[string]limits) { m[offer] = limits{why, m[offer].gate} })
}

// Open opens an offer again. Its caps stay.
func (o *Overlay) Open(offer string) {
	o.change(func(m map[string]limits) { m[offer] = limits{gate: m[offer].gate} })
}

// SetGates puts gates in place of the ones their offers had; nil takes an offer's away.
// Counters that are new begin to count with it, at what now gives, in µs: every visitor
// of that time or later is counted, whichever moment it meets the gate.
func (o *Overlay) SetGates(gates map[string]*Gate, now func() int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	next := o.edited(func(m map[string]limits) {
		for offer, g := range gates {
			m[offer] = limits{m[offer].closed, g}
		}
	})
	// A visitor that meets a new counter before its beginning is set waits for it: it
	// cannot know on which side it is. One that does not meet it was there before now.
	var fresh []*ClickCounter
	for _, g := range gates {
		for _, c := range g.counters() {
			if c.from.Load() == 0 && !slices.Contains(fresh, c) {
				c.mu.Lock()
				fresh = append(fresh, c)
			}
		}
	}
	o.limits.Store(next)
	at := max(now(), 1)
	for _, c := range fresh {
		c.from.Store(at)
		c.latest.Store(at)
		c.mu.Unlock()
	}
}

func (o *Overlay) change(edit func(m map[string]limits)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limits.Store(o.edited(edit))
}

// edited is a changed copy of the limits. The caller has mu.
func (o *Overlay) edited(edit func(m map[string]limits)) *map[string]limits {
	next := map[string]limits{}
	if old := o.limits.Load(); old != nil {
		next = maps.Clone(*old)
	}
	edit(next)
	maps.DeleteFunc(next, func(_ string, l limits) bool { return l.closed == "" && l.gate == nil })
	return &next
}

// of gives the limits of an offer. A nil overlay has none.
func (o *Overlay) of(offer string) limits {
	if o == nil {
		return limits{}
	}
	m := o.limits.Load()
	if m == nil {
		return limits{}
	}
	return (*m)[offer]
}

// idle reports whether nothing keeps anybody from any offer.
func (o *Overlay) idle() bool {
	if o == nil {
		return true
	}
	m := o.limits.Load()
	return m == nil || len(*m) == 0
}

// Admit reports whether an offer takes a visitor at a time, in µs; else why not, one of
// the codes its gate or [Overlay.Close] was given. publisher is "" for a link of the
// house. With count the visitor takes a place of each cap on clicks, exactly: of however
// many that come at once, no more are admitted than there are places. Without count it
// only looks. A nil overlay admits everybody.
func (o *Overlay) Admit(offer, publisher string, at int64, count bool) (why string, ok bool) {
	l := o.of(offer)
	switch {
	case l.closed != "":
		return l.closed, false
	case l.gate == nil:
		return "", true
	}
	return l.gate.admit(publisher, at, count)
}

// Gate is the gate of an offer, nil when it has none.
func (o *Overlay) Gate(offer string) *Gate { return o.of(offer).gate }

// Closed reports whether an offer was closed by [Overlay.Close], and why.
func (o *Overlay) Closed(offer string) (why string, closed bool) {
	why = o.of(offer).closed
	return why, why != ""
}
