package caps

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/catalog"
	"clickledger/internal/routing"
)

// Clicks is where the clicks are counted that came before a counter of the edge began.
type Clicks interface {
	// Count sums the clicks that use up caps, at from ≤ time < to (µs), by offer and
	// publisher ("" = the house).
	Count(ctx context.Context, offers []string, from, to int64) (map[Clicker]int64, error)
	// Mark stands for every click that was acknowledged until now, and Passed says whether
	// Count knows all of those.
	Mark() uint64
	Passed(mark uint64) bool
}

// Clicker is an offer and who sent its visitors.
type Clicker struct{ Offer, Publisher string }

// Options are what a [Watcher] is made of.
type Options struct {
	View    func() *catalog.View
	Store   Store
	Clicks  Clicks
	Overlay *routing.Overlay
	Now     func() time.Time // the clock of the edge and of judging; default time.Now
	// Every is how often everything is looked at unasked: what other processes judge is
	// seen then. Default 500 ms.
	Every time.Duration
	// UnderWay is how long after a visitor was let in its click may still come into the
	// log. Default 1 s, twice what the log waits by default.
	UnderWay   time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: metrics are kept and not exported
}

// Watcher keeps the gates of the edge in step with the counts: on [Watcher.Touch] and
// [Watcher.Wake], and by itself every so often. A period that ends needs no watcher: its
// gate knows the instant.
type Watcher struct {
	Options
	events *prometheus.CounterVec
	nudge  chan struct{} // holds one wake-up

	asked   sync.Mutex
	touched map[string]bool // offers to look at; guarded by asked
	all     bool            // look at every offer; guarded by asked

	mu       sync.Mutex // one look at a time
	revision int64      // of the view that offers is made from; guarded by mu
	offers   map[string]*watched
	away     map[string]*watched // offers that had caps, or are archived, should they come back
	running  bool                // visitors may be under way; guarded by mu
	pruned   time.Time           // guarded by mu
	reported time.Time           // when a failure was last logged; guarded by mu
}

// NewWatcher makes a watcher; it does nothing until it is asked or runs.
func NewWatcher(o Options) *Watcher {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Every <= 0 {
		o.Every = 500 * time.Millisecond
	}
	if o.UnderWay <= 0 {
		o.UnderWay = time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{Options: o, nudge: make(chan struct{}, 1), touched: map[string]bool{}, offers: map[string]*watched{}, revision: -1}
	w.events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "clickledger_cap_events_total",
		Help: "Caps of offers that came to their warning threshold or were reached, once per period.",
	}, []string{"state"})
	for _, s := range []string{Warning, Reached} {
		w.events.WithLabelValues(s)
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(w.events)
	}
	return w
}

// Touch says that conversions of these offers were recorded or moved, and committed.
func (w *Watcher) Touch(offers ...string) {
	w.asked.Lock()
	for _, o := range offers {
		if o != "" {
			w.touched[o] = true
		}
	}
	w.asked.Unlock()
	w.wake()
}

// Wake says that something changed, in the books or in the catalog.
func (w *Watcher) Wake() {
	w.askAll()
	w.wake()
}

func (w *Watcher) askAll() {
	w.asked.Lock()
	defer w.asked.Unlock()
	w.all = true
}

func (w *Watcher) wake() {
	select {
	case w.nudge <- struct{}{}:
	default: // it is awake already
	}
}

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	w.mu.Lock()
	w.running = true
	w.mu.Unlock()
	pause := w.Every
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			w.askAll()
		case <-w.nudge:
			timer.Stop()
		}
		began := time.Now()
		w.complain(ctx, "look at the caps", w.look(ctx))
		// What costs much is done less often; a commit or catalog write still wakes it.
		pause = max(w.Every, 10*time.Since(began))
		w.complain(ctx, "count the clicks of before", w.countBefore(ctx))
		w.complain(ctx, "forget old counts of caps", w.prune(ctx))
	}
}

// failureEvery is how often a failure that lasts is logged.
const failureEvery = 10 * time.Second

// complain logs a failure. The next look comes soon, and gates stay as they are.
func (w *Watcher) complain(ctx context.Context, what string, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	quiet := time.Since(w.reported) < failureEvery
	if !quiet {
		w.reported = time.Now()
	}
	w.mu.Unlock()
	if !quiet {
		w.Logger.Error(what, "error", err)
	}
}

// Refresh brings every gate up to date now, also the clicks of before as far as they are
// known: before the first visitor is let in.
func (w *Watcher) Refresh(ctx context.Context) error {
	w.askAll()
	err := w.look(ctx)
	if err != nil {
		return err
	}
	return w.countBefore(ctx)
}

// look brings the gates up to date of which something was said.
func (w *Watcher) look(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked.Lock()
	touched, all := w.touched, w.all
	w.touched, w.all = map[string]bool{}, false
	w.asked.Unlock()

	err := w.update(ctx, touched, all)
	if err != nil {
		w.askAll() // nothing that was said is forgotten
	}
	return err
}

// pruneEvery and keepCounts: counts of long ago are only asked for again by conversions
// that come very late, and are counted anew then.
const (
	pruneEvery = time.Hour
	keepCounts = 90 * 24 * time.Hour
)

func (w *Watcher) prune(ctx context.Context) error {
	w.mu.Lock()
	due := time.Since(w.pruned) >= pruneEvery
	if due {
		w.pruned = time.Now()
	}
	w.mu.Unlock()
	if !due {
		return nil
	}
	return w.Store.Prune(ctx, w.Now().Add(-keepCounts).UnixMicro())
}
