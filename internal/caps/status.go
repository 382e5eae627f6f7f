package caps

import (
	"context"
	"slices"
	"strings"
	"time"

	"clickledger/internal/catalog"
)

// States of a cap, in rising order but for Zero.
const (
	Open    = "open"
	Warning = "warning" // at or above the offer's warning threshold
	Reached = "reached" // no more is taken in this window
	Zero    = "zero"    // paused: the limit is 0
)

// Status is how one cap of an offer stands in the window of now.
type Status struct {
	Cap   catalog.Cap
	State string // Open, Warning, Reached or Zero
	// Why is the reason code visitors are turned away with once it is reached.
	Why string
	// Used is how much of Cap.Limit is used. With [catalog.CapEach] it is the highest of
	// the publishers.
	Used    int64
	Percent int64 // of the limit, rounded down; above 100 when a limit was lowered; 100 for limit 0
	Warn    int64 // percent at which it warns
	// Start and End are the window in the offer's zone; both zero for a total.
	Start, End time.Time
	Zone       string // IANA
	// Since is when it came to this state, as far as this process knows; zero when open.
	Since time.Time
	// Publishers are the uses of a CapEach cap, the highest first, at most
	// [MaxPublishers] of them.
	Publishers []Use
	// Provisional says that clicks from before the start of the process may still be
	// missing: the facts have not caught up with the log yet.
	Provisional bool
}

// Use is what one publisher used of a cap of each publisher.
type Use struct {
	Publisher string
	Used      int64
	Percent   int64
	State     string
}

// MaxPublishers is how many publishers a [Status] lists.
const MaxPublishers = 100

// percent is used of limit, rounded down.
func percent(used, limit int64) int64 {
	if limit <= 0 {
		return 100
	}
	return used * 100 / limit // limits are at most 10⁹
}

// stateOf is the state of a cap that is used so far.
func stateOf(used, limit, warn int64) string {
	switch {
	case limit == 0:
		return Zero
	case used >= limit:
		return Reached
	case percent(used, limit) >= warn:
		return Warning
	}
	return Open
}

// Status is how the caps of an offer stand, in their order. It fails with
// catalog.ErrNotFound for an offer of another workspace or none. Archived offers are not
// watched and have none.
func (w *Watcher) Status(ctx context.Context, workspace, offer string) ([]Status, error) {
	o := w.View().Offer(offer)
	if o == nil || o.Workspace != workspace {
		return nil, catalog.ErrNotFound
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.update(ctx, map[string]bool{offer: true}, false)
	if err != nil {
		return nil, err
	}
	x := w.offers[offer]
	if x == nil {
		return nil, nil
	}
	now := w.Now()
	counts, err := w.counts(ctx, []*watched{x}, now)
	if err != nil {
		return nil, err
	}
	w.judge(x, counts, now)
	var out []Status
	for _, c := range x.offer.Caps {
		out = append(out, x.status(c, counts, now))
	}
	return out, nil
}

func (x *watched) status(c catalog.Cap, counts *tally, now time.Time) Status {
	uses, _, settled := x.uses(c, counts, now)
	s := Status{Cap: c, Why: Why(c), Warn: x.offer.CapWarn, Zone: x.offer.CapTimeZone, Provisional: !settled}
	if c.Period != catalog.CapTotal {
		s.Start, s.End = Window(c, Zone(s.Zone), now)
	}
	first := ""
	for publisher, n := range uses {
		if n > s.Used || n == s.Used && (first == "" || publisher < first) {
			s.Used, first = n, publisher
		}
		if c.Publisher == catalog.CapEach && publisher != catalog.CapEach {
			s.Publishers = append(s.Publishers, Use{publisher, n, percent(n, c.Limit), stateOf(n, c.Limit, s.Warn)})
		}
	}
	slices.SortFunc(s.Publishers, func(a, b Use) int {
		if a.Used != b.Used {
			return int(b.Used - a.Used)
		}
		return strings.Compare(a.Publisher, b.Publisher)
	})
	s.Publishers = s.Publishers[:min(len(s.Publishers), MaxPublishers)]
	s.Percent, s.State = percent(s.Used, c.Limit), stateOf(s.Used, c.Limit, s.Warn)
	key := levelKey{c, first}
	key.cap.Limit = 0
	switch l := x.levels[key]; {
	case s.State == Zero:
		s.Since = time.UnixMicro(x.offer.CapsSince)
	case l != nil && s.State != Open:
		s.Since = l.since
	}
	return s
}
