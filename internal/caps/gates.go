package caps

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/routing"
)

// watched is what the watcher knows of an offer with caps. It is guarded by the watcher's mu.
type watched struct {
	offer  *catalog.Offer
	clicks map[clickKey]*clicksBefore
	// retired are counters of caps that are gone, should they come back.
	retired map[clickKey]*clicksBefore
	levels  map[levelKey]*level
	closed  []routing.Closing  // of the gate as it stands
	caps    []routing.ClickCap // of the gate as it stands
}

// clickKey is all that decides what a counter of clicks counts: caps that differ in
// their limits only share one, and a changed limit keeps it.
type clickKey struct{ period, zone, publisher string }

// clicksBefore is a counter with what is known of the time before it began.
type clicksBefore struct {
	*routing.ClickCounter
	made   time.Time        // by the real clock
	floor  map[string]int64 // what a counter of before had, until the facts have it all
	since  int64            // µs, start of the floor's window
	asked  time.Time        // when the base was last counted
	mark   uint64
	marked bool
}

// update looks at the touched offers, or at all of them. The caller has mu.
func (w *Watcher) update(ctx context.Context, touched map[string]bool, all bool) error {
	if view := w.View(); view.Revision != w.revision {
		w.follow(view)
		all = true
	}
	now := w.Now()
	var look []*watched
	for id, x := range w.offers {
		if all || touched[id] {
			look = append(look, x)
		}
	}
	if len(look) == 0 {
		return nil
	}
	counts, err := w.counts(ctx, look, now)
	if err != nil {
		return err
	}
	gates := map[string]*routing.Gate{}
	for _, x := range look {
		g, changed := x.gate(counts, now)
		if changed {
			gates[x.offer.ID] = g
		}
	}
	if len(gates) > 0 {
		w.Overlay.SetGates(gates, func() int64 { return w.Now().UnixMicro() })
	}
	for _, x := range look {
		w.judge(x, counts, now)
	}
	return nil
}

// maxAway bounds how many offers without caps are remembered.
const maxAway = 10_000

// follow takes the offers with caps out of a view of the catalog. What is known of an
// offer that stays is kept. The caller has mu.
func (w *Watcher) follow(view *catalog.View) {
	gone := maps.Clone(w.offers)
	for o := range view.Offers() {
		if len(o.Caps) == 0 || o.Archived {
			continue
		}
		delete(gone, o.ID)
		x := w.offers[o.ID]
		if x == nil {
			x = w.away[o.ID]
			if x == nil {
				x = &watched{clicks: map[clickKey]*clicksBefore{}, retired: map[clickKey]*clicksBefore{}, levels: map[levelKey]*level{}}
			}
			delete(w.away, o.ID)
			w.offers[o.ID] = x
		}
		x.offer = o
	}
	gates := map[string]*routing.Gate{}
	for id, x := range gone {
		delete(w.offers, id)
		gates[id] = nil
		maps.Copy(x.retired, x.clicks)
		x.clicks, x.closed, x.caps = map[clickKey]*clicksBefore{}, nil, nil
		if w.away == nil || len(w.away) > maxAway {
			w.away = map[string]*watched{}
		}
		w.away[id] = x
	}
	if len(gates) > 0 {
		w.Overlay.SetGates(gates, func() int64 { return w.Now().UnixMicro() })
	}
	w.revision = view.Revision
}

// fewOffers is up to how many offers are read one by one.
const fewOffers = 8

// counts reads the counts of some offers' caps on conversions, and has those kept that
// are not. With [catalog.CapEach] they have the counters of the publishers.
func (w *Watcher) counts(ctx context.Context, look []*watched, now time.Time) (*tally, error) {
	var need []Counter
	for _, x := range look {
		need = append(need, x.counters(now)...)
	}
	if len(need) == 0 {
		return newTally(), nil
	}
	for again := false; ; again = true {
		got, err := w.read(ctx, look, now)
		if err != nil {
			return nil, err
		}
		var missing []Counter
		for _, k := range need {
			if _, ok := got.n[k]; !ok {
				missing = append(missing, k)
			}
		}
		if len(missing) == 0 || again {
			return got, nil
		}
		err = w.Store.Keep(ctx, missing)
		if err != nil {
			return nil, fmt.Errorf("count conversions for caps: %w", err)
		}
	}
}

func (w *Watcher) read(ctx context.Context, look []*watched, now time.Time) (*tally, error) {
	got := newTally()
	take := func(workspace, offer string) error {
		rows, err := w.Store.Counts(ctx, workspace, offer, now.UnixMicro())
		if err != nil {
			return fmt.Errorf("read the counts of caps: %w", err)
		}
		for _, r := range rows {
			got.put(r.Counter, r.N)
		}
		return nil
	}
	if len(look) > fewOffers {
		return got, take("", "")
	}
	for _, x := range look {
		if len(x.counters(now)) == 0 {
			continue
		}
		err := take(x.offer.Workspace, x.offer.ID)
		if err != nil {
			return nil, err
		}
	}
	return got, nil
}

// counters are those of the offer's caps on conversions in their windows of now.
func (x *watched) counters(now time.Time) []Counter {
	var out []Counter
	for _, c := range x.offer.Caps {
		if c.Event == catalog.CapConversions && c.Limit > 0 {
			out = append(out, CounterOf(x.offer, c, now))
		}
	}
	return out
}

// gate makes the offer's gate; changed=false when it is the one that stands.
func (x *watched) gate(counts *tally, now time.Time) (_ *routing.Gate, changed bool) {
	var closed []routing.Closing
	var clicks []routing.ClickCap
	used := map[clickKey]*clicksBefore{}
	for _, c := range x.offer.Caps {
		switch {
		case c.Limit == 0:
			closed = append(closed, routing.Closing{From: math.MinInt64, Until: math.MaxInt64, Publisher: c.Publisher, Why: WhyZero})
		case c.Event == catalog.CapClicks:
			key := clickKey{c.Period, x.offer.CapTimeZone, c.Publisher}
			counter := used[key]
			if counter == nil {
				counter = x.clicks[key]
			}
			if counter == nil {
				counter = &clicksBefore{ClickCounter: newClickCounter(c, x.offer.CapTimeZone), made: time.Now()}
				counter.inherit(x.retired[key], c, x.offer.CapTimeZone, now)
			}
			used[key] = counter
			clicks = append(clicks, routing.ClickCap{Counter: counter.ClickCounter, Publisher: c.Publisher, Limit: c.Limit, Why: Why(c)})
		default:
			k := CounterOf(x.offer, c, now)
			for publisher, n := range usesOf(k, counts) {
				if n >= c.Limit {
					closed = append(closed, routing.Closing{From: k.Start, Until: k.End, Publisher: publisher, Why: Why(c)})
				}
			}
		}
	}
	slices.SortStableFunc(closed, func(a, b routing.Closing) int { // usesOf has no order
		if a.Publisher < b.Publisher {
			return -1
		}
		if a.Publisher > b.Publisher {
			return 1
		}
		return 0
	})
	for key, old := range x.clicks {
		if used[key] == nil {
			x.retired[key] = old
		}
	}
	x.clicks = used
	if slices.Equal(closed, x.closed) && slices.Equal(clicks, x.caps) {
		return nil, false
	}
	x.closed, x.caps = closed, clicks
	return routing.NewGate(closed, clicks), true
}

// inherit takes over what a counter of the same cap had when it was taken away: the facts
// are behind, and would admit again who was admitted a moment ago.
func (c *clicksBefore) inherit(old *clicksBefore, limit catalog.Cap, zone string, now time.Time) {
	if old == nil {
		return
	}
	start, _ := Window(limit, Zone(zone), now)
	c.since = start.UnixMicro()
	c.floor, _ = old.Count(now.UnixMicro())
	c.SetBase(now.UnixMicro(), maps.Clone(c.floor), false)
}

// above gives a base that is not below the floor of its window.
func (c *clicksBefore) above(from int64, base map[string]int64) map[string]int64 {
	if from == c.since {
		for publisher, n := range c.floor {
			base[publisher] = max(base[publisher], n)
		}
	}
	return base
}

func newClickCounter(c catalog.Cap, zone string) *routing.ClickCounter {
	z := Zone(zone)
	return routing.NewClickCounter(func(at int64) (int64, int64) {
		start, end := Window(c, z, time.UnixMicro(at))
		return start.UnixMicro(), end.UnixMicro()
	}, c.Publisher == catalog.CapEach)
}

// tally is the counts of caps on conversions.
type tally struct {
	n    map[Counter]int64
	each map[Counter]map[string]int64 // of publishers, by their counter for every publisher by itself
}

func newTally() *tally { return &tally{map[Counter]int64{}, map[Counter]map[string]int64{}} }

func (t *tally) put(k Counter, n int64) {
	t.n[k] = n
	if k.Publisher == "" || k.Publisher == catalog.CapEach {
		return
	}
	every := k.Of(catalog.CapEach)
	if t.each[every] == nil {
		t.each[every] = map[string]int64{}
	}
	t.each[every][k.Publisher] = n
}

// usesOf is what a cap on conversions has used, by whom it concerns: the cap's Publisher,
// or with [catalog.CapEach] every publisher by itself.
func usesOf(k Counter, counts *tally) map[string]int64 {
	if k.Publisher != catalog.CapEach {
		return map[string]int64{k.Publisher: counts.n[k]}
	}
	return counts.each[k]
}

// levelKey is one cap, or one publisher's part of it.
type levelKey struct {
	cap       catalog.Cap // without its limit
	publisher string
}

// level is how a cap stood when it was last looked at.
type level struct {
	start int64 // µs, of its window
	state string
	since time.Time
	told  string // the highest state that was logged in this window
}

// judge notices what came to a threshold, and says so once per window. The caller has mu.
func (w *Watcher) judge(x *watched, counts *tally, now time.Time) {
	seen := map[levelKey]bool{}
	for _, c := range x.offer.Caps {
		uses, start, _ := x.uses(c, counts, now)
		for publisher, n := range uses {
			key := levelKey{c, publisher}
			key.cap.Limit = 0
			seen[key] = true
			state := stateOf(n, c.Limit, x.offer.CapWarn)
			l := x.levels[key]
			if l == nil || l.start != start.UnixMicro() {
				l = &level{start: start.UnixMicro()}
				x.levels[key] = l
			}
			if l.state != state {
				l.state, l.since = state, now
			}
			if state == Reached && l.told != Reached || state == Warning && l.told == "" {
				l.told = state
				w.events.WithLabelValues(state).Inc()
				w.Logger.Warn("a cap of an offer is "+map[string]string{Warning: "nearly used up", Reached: "reached"}[state],
					"offer", x.offer.ID, "cap", Words(c, Zone(x.offer.CapTimeZone), now), "publisher", publisher, "used", n)
			}
		}
	}
	maps.DeleteFunc(x.levels, func(k levelKey, _ *level) bool { return !seen[k] })
}

// uses is what a cap has used in its window of now, by whom it concerns; settled=false
// when clicks of before may be missing.
func (x *watched) uses(c catalog.Cap, counts *tally, now time.Time) (uses map[string]int64, start time.Time, settled bool) {
	start, _ = Window(c, Zone(x.offer.CapTimeZone), now)
	switch {
	case c.Limit == 0:
		return map[string]int64{c.Publisher: 0}, start, true
	case c.Event != catalog.CapClicks:
		return usesOf(CounterOf(x.offer, c, now), counts), start, true
	}
	counter := x.clicks[clickKey{c.Period, x.offer.CapTimeZone, c.Publisher}]
	if counter == nil {
		return nil, start, false
	}
	n, settled := counter.Count(now.UnixMicro())
	if c.Publisher != catalog.CapEach {
		n = map[string]int64{c.Publisher: n[""]}
	}
	return n, start, settled
}
