package routing

import (
	"slices"
	"sync"
	"sync/atomic"

	"clickledger/internal/catalog"
)

// Each stands for every publisher by itself in a [Closing] or [ClickCap].
const Each = catalog.CapEach

// Gate is what the caps of one offer mean to its visitors. It is immutable but for its
// counters.
type Gate struct {
	closed []Closing            // those of everybody and of Each
	ofOne  map[string][]Closing // by publisher: of many publishers, many may be closed
	clicks []ClickCap
}

// Closing keeps visitors out from a time until before another, in µs: the boundaries of a
// cap's period, so that the next period opens the offer by itself, on the instant.
type Closing struct {
	From, Until int64
	Publisher   string // "" = everybody, Each = every publisher, but not the house
	Why         string // stable code
}

// ClickCap admits so many clicks in each period of its counter.
type ClickCap struct {
	Counter   *ClickCounter
	Publisher string // "" = of everybody together, Each = of each publisher by itself
	Limit     int64
	Why       string // stable code
}

// NewGate makes a gate. Caps that concern fewer visitors are asked first: what one of
// them refuses then never takes a place of a wider one, not even for a moment.
func NewGate(closed []Closing, clicks []ClickCap) *Gate {
	g := &Gate{ofOne: map[string][]Closing{}, clicks: slices.Clone(clicks)}
	for _, c := range closed {
		if c.Publisher == "" || c.Publisher == Each {
			g.closed = append(g.closed, c)
		} else {
			g.ofOne[c.Publisher] = append(g.ofOne[c.Publisher], c)
		}
	}
	slices.SortStableFunc(g.clicks, func(a, b ClickCap) int { return width(a) - width(b) })
	return g
}

func width(c ClickCap) int {
	switch c.Publisher {
	case "":
		return 2
	case Each:
		return 1
	}
	return 0
}

func concerns(whom, publisher string) bool {
	return whom == "" || whom == publisher || whom == Each && publisher != ""
}

func (g *Gate) admit(publisher string, at int64, count bool) (why string, ok bool) {
	for _, closed := range [2][]Closing{g.closed, g.ofOne[publisher]} {
		for i := range closed {
			c := &closed[i]
			if c.From <= at && at < c.Until && concerns(c.Publisher, publisher) {
				return c.Why, false
			}
		}
	}
	for i := range g.clicks {
		c := &g.clicks[i]
		if !concerns(c.Publisher, publisher) || c.Counter.take(publisher, at, c.Limit, count) {
			continue
		}
		if count {
			for j := range g.clicks[:i] {
				if b := &g.clicks[j]; concerns(b.Publisher, publisher) {
					b.Counter.giveBack(publisher, at)
				}
			}
		}
		return c.Why, false
	}
	return "", true
}

func (g *Gate) counters() []*ClickCounter {
	if g == nil {
		return nil
	}
	var out []*ClickCounter
	for _, c := range g.clicks {
		if !slices.Contains(out, c.Counter) {
			out = append(out, c.Counter)
		}
	}
	return out
}

// ClickCounter counts clicks by periods: from the moment it is put into an [Overlay] by
// itself, and before that with what it is told as the base. Gates may follow each other
// with the same counter, so that a changed limit costs no count.
type ClickCounter struct {
	window func(at int64) (start, end int64)
	each   bool

	from   atomic.Int64 // µs; counts what is at this time or later; 0 until it is in an overlay
	latest atomic.Int64 // µs; of the visitors it has seen, and its beginning
	now    atomic.Pointer[clickWindow]

	mu   sync.Mutex     // held while from is set, windows are made and bases are told
	kept []*clickWindow // oldest first; now is one of them; guarded by mu
}

// clickWindow is one period. The counts are base plus what was taken.
type clickWindow struct {
	start, end int64 // µs
	all        atomic.Int64
	publishers sync.Map         // publisher → *atomic.Int64, when each counts by itself
	base       map[string]int64 // publisher or "" → part of the count; guarded by the counter's mu
	settled    bool             // the base is whole; guarded by the counter's mu
}

// NewClickCounter makes a counter over periods: window gives the one that has an instant,
// in µs; each instant must be in exactly one. each counts every publisher by itself.
func NewClickCounter(window func(at int64) (start, end int64), each bool) *ClickCounter {
	return &ClickCounter{window: window, each: each}
}

// slot is the count of a publisher in the window.
func (c *ClickCounter) slot(w *clickWindow, publisher string) *atomic.Int64 {
	if !c.each {
		return &w.all
	}
	n, ok := w.publishers.Load(publisher)
	if !ok {
		n, _ = w.publishers.LoadOrStore(publisher, new(atomic.Int64))
	}
	return n.(*atomic.Int64)
}

// take admits one click below the limit; counted only with count.
func (c *ClickCounter) take(publisher string, at, limit int64, count bool) bool {
	at = c.steady(at)
	n := c.slot(c.at(at), publisher)
	if !count || at < c.begin() {
		return n.Load() < limit // who came before the beginning is in the base
	}
	for {
		have := n.Load()
		if have >= limit {
			return false
		}
		if n.CompareAndSwap(have, have+1) {
			return true
		}
	}
}

func (c *ClickCounter) giveBack(publisher string, at int64) {
	at = c.steady(at)
	if at >= c.begin() {
		c.slot(c.at(at), publisher).Add(-1)
	}
}

// How far a clock may differ, in µs: visitors of the same moment come in any order, and a
// clock that goes back further than a day and a half was wrong before, not now.
const (
	sameMoment = 1e6
	wrongClock = 36 * 3600 * 1e6
)

// steady is the instant by which a visitor counts: for a clock that was set back the latest
// one seen, so that it neither opens a window that was full nor leaves the count.
func (c *ClickCounter) steady(at int64) int64 {
	for {
		last := c.latest.Load()
		switch back := last - at; {
		case back <= 0:
			if last == at || c.latest.CompareAndSwap(last, at) {
				return at
			}
		case back < sameMoment:
			return at
		case back <= wrongClock:
			return last
		default:
			if c.latest.CompareAndSwap(last, at) {
				c.from.Store(min(c.from.Load(), at))
				return at
			}
		}
	}
}

// begin is when it began to count; it waits while that is being set.
func (c *ClickCounter) begin() int64 {
	from := c.from.Load()
	if from == 0 {
		c.mu.Lock()
		from = c.from.Load()
		c.mu.Unlock()
	}
	return from
}

// at is the window of an instant.
func (c *ClickCounter) at(at int64) *clickWindow {
	w := c.now.Load()
	if w != nil && w.start <= at && at < w.end {
		return w
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.windowAt(at)
}

// keptWindows is how many periods a counter keeps: visitors near a boundary meet two,
// and a clock that steps back meets an older one.
const keptWindows = 3

// windowAt finds or makes the window of an instant. The caller has mu.
func (c *ClickCounter) windowAt(at int64) *clickWindow {
	for _, w := range c.kept {
		if w.start <= at && at < w.end {
			return w
		}
	}
	start, end := c.window(at)
	w := &clickWindow{start: start, end: end}
	c.kept = append(c.kept, w)
	slices.SortFunc(c.kept, func(a, b *clickWindow) int {
		if a.start < b.start {
			return -1
		}
		return 1
	})
	if len(c.kept) > keptWindows {
		oldest := 0
		if c.kept[0] == w {
			oldest = 1 // a clock far back must still find its counts
		}
		c.kept = slices.Delete(c.kept, oldest, oldest+1)
	}
	c.now.Store(c.kept[len(c.kept)-1])
	return w
}

// Begin is when it began to count by itself, in µs; 0 while it is in no overlay.
func (c *ClickCounter) Begin() int64 { return c.from.Load() }

// Count is what the window of an instant has: of everybody under "", or of each
// publisher. settled says that nothing of before the beginning is missing.
func (c *ClickCounter) Count(at int64) (counts map[string]int64, settled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.windowAt(at)
	counts = map[string]int64{}
	if c.each {
		w.publishers.Range(func(publisher, n any) bool {
			counts[publisher.(string)] = n.(*atomic.Int64).Load()
			return true
		})
	} else {
		counts[""] = w.all.Load()
	}
	return counts, c.whole(w)
}

// whole reports whether a window needs no base any more. The caller has mu.
func (c *ClickCounter) whole(w *clickWindow) bool { return w.settled || w.start >= c.from.Load() }

// Missing is the part of the window of an instant for which it still needs a base, from
// start until before end, in µs; ok=false when it needs none.
func (c *ClickCounter) Missing(at int64) (start, end int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := c.from.Load()
	if from == 0 {
		return 0, 0, false
	}
	w := c.windowAt(at)
	return w.start, min(w.end, from), !c.whole(w)
}

// SetBase tells what was clicked in the window of an instant before the counter began:
// under "", or by publisher. It takes the place of what was told before; settled says
// that it is whole.
func (c *ClickCounter) SetBase(at int64, base map[string]int64, settled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.windowAt(at)
	for publisher, n := range base {
		c.slot(w, publisher).Add(n - w.base[publisher])
	}
	for publisher, n := range w.base {
		if _, still := base[publisher]; !still {
			c.slot(w, publisher).Add(-n)
		}
	}
	w.base, w.settled = base, settled
}
