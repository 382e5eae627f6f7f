package outbound

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"clickledger/internal/catalog"
)

// Schedule is when a delivery is tried again after its first, second … failure (O1), the
// last of it again and again. It is dead once the next try would come later than
// [Sender].MaxAge after it was made.
var Schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxAge is the default of the setting.
const MaxAge = 96 * time.Hour

// Bounds of the sender.
const (
	workers  = 32
	perHost  = 2 // calls to one host at a time, so that a slow one delays no other (O3)
	maxTests = 4 // at a time
	page     = 64
	maxPage  = 16 << 10
	rest     = time.Second
	maxRest  = time.Minute // between tries to store an outcome
)

// Sender makes the calls. It is the only one of its installation.
type Sender struct {
	Store Store
	Now   func() time.Time
	// AllowPrivate lets calls go to loopback and private networks: for the demo and
	// for a receiver in the operator's own network.
	AllowPrivate bool
	// MaxAge is how long after it was made a delivery is still tried. Its first try comes
	// in any case.
	MaxAge time.Duration
	// PauseAfter is for how long no call of a postback must be taken, and PauseDead how many
	// of its deliveries must be given up in a row, before it is paused (O2); 0 = never.
	PauseAfter time.Duration
	PauseDead  int64
	// Pause pauses a postback that is active, and says whether it was; View is the catalog.
	// Without them no postback is paused by itself.
	Pause  func(ctx context.Context, workspace, postback, why string) (done bool, err error)
	View   func() *catalog.View
	Logger *slog.Logger

	wake    chan struct{}
	tests   chan struct{} // full while as many tests run as may
	client  *http.Client
	timeout time.Duration // of one try
	// For tests: how names are resolved, nil = as the system does, and which addresses are
	// called.
	resolver *net.Resolver
	public   func(netip.Addr) bool

	mu   sync.Mutex
	busy map[string]int  // calls under way by host; guarded by mu
	ids  map[string]bool // deliveries under way; guarded by mu
	done map[string]bool // those that ended since the store was asked what is due; guarded by mu
}

// NewSender makes a sender; Run starts it.
func NewSender(store Store, now func() time.Time, allowPrivate bool, logger *slog.Logger) *Sender {
	s := &Sender{Store: store, Now: now, AllowPrivate: allowPrivate, MaxAge: MaxAge, PauseAfter: PauseAfter, PauseDead: PauseDead, Logger: logger,
		wake: make(chan struct{}, 1), busy: map[string]int{}, ids: map[string]bool{}, done: map[string]bool{}, timeout: tryTimeout, public: Public, tests: make(chan struct{}, maxTests)}
	s.client = s.newClient()
	return s
}

// Wake tells the sender that there is something to send.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends, then waits for the calls under way.
func (s *Sender) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	var looked look
	slots := make(chan struct{}, workers)
	limit := page
	for ctx.Err() == nil {
		s.release(ctx, &looked)
		s.mu.Lock()
		clear(s.done)
		s.mu.Unlock()
		due, err := s.Store.DueDeliveries(ctx, s.Now().UnixMicro(), limit)
		if err != nil && ctx.Err() == nil {
			s.Logger.Error("read due postbacks", "error", err)
		}
		claimed, holding := 0, map[string]bool{}
		for _, d := range due {
			if s.held(ctx, d, holding) || !s.claim(d) {
				continue
			}
			claimed++
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				s.letGo(d)
				return nil
			}
			wg.Go(func() {
				defer func() { <-slots; s.letGo(d); s.Wake() }()
				s.try(ctx, d)
			})
		}
		switch {
		case len(due) < limit:
			limit = page
		case claimed == 0 && limit < maxPage:
			// All of the page waits for busy hosts: those behind it must not.
			limit *= 4
			continue
		}
		t := time.NewTimer(rest)
		select {
		case <-s.wake:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
	return nil
}

// claim takes a delivery unless it is under way or its host is busy, or what was read of it
// is of before its last try.
func (s *Sender) claim(d *Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := host(d.URL)
	if s.ids[d.ID] || s.done[d.ID] || s.busy[h] >= perHost {
		return false
	}
	s.ids[d.ID] = true
	s.busy[h]++
	return true
}

func (s *Sender) letGo(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, d.ID)
	s.done[d.ID] = true
	h := host(d.URL)
	s.busy[h]--
	if s.busy[h] <= 0 {
		delete(s.busy, h)
	}
}

func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return strings.ToLower(rest[strings.LastIndexByte(rest, '@')+1:])
}

// try makes one call and stores its outcome. When ctx ends the call is left to the
// next start: at least once.
func (s *Sender) try(ctx context.Context, d *Delivery) {
	t, wait := s.call(ctx, d)
	if ctx.Err() != nil {
		return
	}
	now := s.Now()
	d.Tries = t.N
	d.Status, d.Answer, d.Error, d.NextAt = t.Status, t.Answer, t.Error, 0
	next, again := s.next(d, now, wait)
	switch {
	case t.Error == "":
		d.State, d.DoneAt = StateSent, now.UnixMicro()
	case !again || t.Status == http.StatusGone:
		d.State, d.DoneAt = StateDead, now.UnixMicro()
	default:
		d.NextAt = next.UnixMicro()
	}
	f, saved := s.save(ctx, d, t)
	if !saved || t.Error == "" || d.Postback == "" || s.Pause == nil {
		return
	}
	if why := s.exhausted(d, t, f, now); why != "" {
		s.suspend(context.WithoutCancel(ctx), d, why)
	}
}

// next is when to try again after the failure d.Tries; wait is what the receiver asked
// for. It asks in vain for more than the delivery's age allows.
func (s *Sender) next(d *Delivery, now time.Time, wait time.Duration) (time.Time, bool) {
	last := time.UnixMicro(d.Created).Add(s.MaxAge)
	pause := Schedule[min(int(d.Tries), len(Schedule))-1]
	pause += time.Duration(rand.Int64N(int64(pause)/5 + 1)) // jitter of up to a fifth
	pause = max(pause, min(wait, last.Sub(now)))
	at := now.Add(pause)
	return at, !at.After(last)
}

// once calls a delivery that is in nobody's queue, for somebody who waits for the outcome.
func (s *Sender) once(ctx context.Context, d *Delivery) (*Try, error) {
	select {
	case s.tests <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-s.tests }()
	t, _ := s.call(ctx, d)
	return t, nil
}

// save stores an outcome, again and again while that fails: letting go of the
// delivery would call the receiver once more each time.
func (s *Sender) save(ctx context.Context, d *Delivery, try *Try) (f Failures, saved bool) {
	for wait := rest; ; wait = min(2*wait, maxRest) {
		f, err := s.Store.SaveDelivery(context.WithoutCancel(ctx), d, try)
		if err == nil {
			return f, true
		}
		s.Logger.Error("store postback outcome", "delivery", d.ID, "error", err)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return f, false
		}
	}
}
