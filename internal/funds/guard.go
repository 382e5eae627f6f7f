package funds

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/catalog"
	"clickledger/internal/routing"
)

// WhyUsedUp is the code visitors' decisions carry when the guard has closed an offer.
const WhyUsedUp = "prepayment_used"

// GuardOptions are what a [Guard] is made of.
type GuardOptions struct {
	View    func() *catalog.View
	Books   reader // reads accounts
	Overlay *routing.Overlay
	// Every is how often it looks unasked: what other processes post is seen then. Default 500 ms.
	Every      time.Duration
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: the metric is kept and not exported
}

// Guard closes the offers of advertisers who pay ahead and have nothing left, and opens them
// again. It looks after every [Guard.Wake], and by itself every so often.
type Guard struct {
	GuardOptions
	events *prometheus.CounterVec
	nudge  chan struct{}

	mu       sync.Mutex
	closed   map[string]bool // offers it has closed; guarded by mu
	states   map[purse]State // as last seen; guarded by mu
	revision int64           // of the view that prepaid is made from; guarded by mu
	prepaid  []guarded       // guarded by mu
	reported time.Time       // when Run last logged a failure
}

type purse struct{ advertiser, currency string }

// guarded is an advertiser who pays ahead, with its offers.
type guarded struct {
	advertiser *catalog.Advertiser
	offers     []*catalog.Offer
}

// NewGuard makes a guard; it does nothing until it is asked or runs.
func NewGuard(o GuardOptions) *Guard {
	if o.Every <= 0 {
		o.Every = 500 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	g := &Guard{GuardOptions: o, nudge: make(chan struct{}, 1), closed: map[string]bool{}, states: map[purse]State{}, revision: -1}
	g.events = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "clickledger_prepayment_events_total",
		Help: "Advertisers who pay ahead that came to their warning, or used their money up.",
	}, []string{"state"})
	for _, s := range []State{Low, UsedUp} {
		g.events.WithLabelValues(string(s))
	}
	if o.Registerer != nil {
		o.Registerer.MustRegister(g.events)
	}
	return g
}

// Wake says that money was posted or the catalog changed. It never waits.
func (g *Guard) Wake() {
	select {
	case g.nudge <- struct{}{}:
	default: // it is awake already
	}
}

// Run guards until ctx ends. What cannot be read leaves everything as it stands, and is
// tried again.
func (g *Guard) Run(ctx context.Context) error {
	pause := g.Every
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-g.nudge:
			timer.Stop()
		}
		began := time.Now()
		err := g.Refresh(ctx)
		// What costs much is done less often.
		pause = max(g.Every, 10*time.Since(began))
		if err != nil && ctx.Err() == nil && time.Since(g.reported) > failureEvery {
			g.reported = time.Now()
			g.Logger.Error("look at the money of advertisers who pay ahead", "error", err)
		}
	}
}

// failureEvery is how often a failure that lasts is logged.
const failureEvery = 10 * time.Second

// Refresh looks at everything now: before the first visitor is let in, and whenever [Guard.Run]
// is woken.
func (g *Guard) Refresh(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v := g.View(); v.Revision != g.revision {
		g.follow(v)
	}
	shut := map[string]bool{}
	var errs []error
	for _, x := range g.prepaid {
		fs, err := of(ctx, g.Books, x.advertiser)
		if err != nil {
			errs = append(errs, err)
			for _, o := range x.offers { // as they stand
				shut[o.ID] = g.closed[o.ID]
			}
			continue
		}
		for _, o := range x.offers {
			f := in(fs, o.Currency)
			f.State = stateOf(f, x.advertiser)
			g.notice(x.advertiser, f)
			shut[o.ID] = f.State == UsedUp
		}
	}
	for id := range g.closed {
		if !shut[id] {
			g.Overlay.Open(id)
			delete(g.closed, id)
		}
	}
	for id, used := range shut {
		if used && !g.closed[id] {
			g.Overlay.Close(id, WhyUsedUp)
			g.closed[id] = true
		}
	}
	return errors.Join(errs...)
}

// in is what there is in a currency; nothing where there was never a payment.
func in(fs []Funds, currency string) Funds {
	for _, f := range fs {
		if f.Currency == currency {
			return f
		}
	}
	return Funds{Currency: currency}
}

// follow takes the advertisers who pay ahead out of the view. The caller has mu.
func (g *Guard) follow(v *catalog.View) {
	at := map[string]int{}
	g.prepaid = nil
	for o := range v.Offers() {
		a := v.Advertiser(o.Advertiser)
		if a == nil || !a.Prepaid || o.Archived {
			continue
		}
		i, known := at[a.ID]
		if !known {
			i = len(g.prepaid)
			at[a.ID] = i
			g.prepaid = append(g.prepaid, guarded{advertiser: a})
		}
		g.prepaid[i].offers = append(g.prepaid[i].offers, o)
	}
	g.revision = v.Revision
}

// notice tells, once, what has come to its warning or to its end. The caller has mu.
func (g *Guard) notice(a *catalog.Advertiser, f Funds) {
	key := purse{a.ID, f.Currency}
	was, known := g.states[key]
	g.states[key] = f.State
	if f.State == Enough || known && was == f.State {
		return
	}
	g.events.WithLabelValues(string(f.State)).Inc()
	g.Logger.Warn("an advertiser's prepayment is "+map[State]string{Low: "nearly used up", UsedUp: "used up; its offers are closed"}[f.State],
		"advertiser", a.ID, "currency", f.Currency, "left", f.Left())
}
