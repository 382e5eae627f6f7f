package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Schedule is when a delivery is tried again after its first, second … failure
// (O1); after the last it is dead.
var Schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Bounds of one try.
const (
	tryTimeout = 20 * time.Second
	maxAnswer  = 4 << 10 // of the answer's body that is kept, bytes
	workers    = 32
	perHost    = 2 // calls to one host at a time, so that a slow one delays no other (O3)
	page       = 64
	maxPage    = 16 << 10
	rest       = time.Second
	maxRest    = time.Minute // between tries to store an outcome
)

// Sender makes the calls. It is the only one of its installation.
type Sender struct {
	Store Store
	Now   func() time.Time
	// AllowPrivate lets calls go to loopback and private networks: for the demo and
	// for a receiver in the operator's own network.
	AllowPrivate bool
	Logger       *slog.Logger

	wake    chan struct{}
	client  *http.Client
	timeout time.Duration // of one try

	mu   sync.Mutex
	busy map[string]int  // calls under way by host; guarded by mu
	ids  map[string]bool // deliveries under way; guarded by mu
}

// NewSender makes a sender; Run starts it.
func NewSender(store Store, now func() time.Time, allowPrivate bool, logger *slog.Logger) *Sender {
	s := &Sender{Store: store, Now: now, AllowPrivate: allowPrivate, Logger: logger,
		wake: make(chan struct{}, 1), busy: map[string]int{}, ids: map[string]bool{}, timeout: tryTimeout}
	s.client = &http.Client{
		// A redirect is an answer, and a failure: it is not followed (O1, O4).
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second, Control: s.control}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConnsPerHost:    perHost,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			Proxy:                  nil, // a proxy would dial for us, unchecked
		},
	}
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
	slots := make(chan struct{}, workers)
	limit := page
	for ctx.Err() == nil {
		due, err := s.Store.DueDeliveries(ctx, s.Now().UnixMicro(), limit)
		if err != nil && ctx.Err() == nil {
			s.Logger.Error("read due postbacks", "error", err)
		}
		claimed := 0
		for _, d := range due {
			if !s.claim(d) {
				continue
			}
			claimed++
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				s.release(d)
				return nil
			}
			wg.Go(func() {
				defer func() { <-slots; s.release(d); s.Wake() }()
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

// claim takes a delivery unless it is under way or its host is busy.
func (s *Sender) claim(d *Delivery) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := host(d.URL)
	if s.ids[d.ID] || s.busy[h] >= perHost {
		return false
	}
	s.ids[d.ID] = true
	s.busy[h]++
	return true
}

func (s *Sender) release(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ids, d.ID)
	h := host(d.URL)
	s.busy[h]--
	if s.busy[h] <= 0 {
		delete(s.busy, h)
	}
}

func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	h, _, _ := strings.Cut(rest, "/")
	return h
}

// try makes one call and stores its outcome. When ctx ends the call is left to the
// next start: at least once.
func (s *Sender) try(ctx context.Context, d *Delivery) {
	answer, status, wait, err := s.call(ctx, d)
	if ctx.Err() != nil {
		return
	}
	now := s.Now()
	d.Tries++
	d.Status, d.Answer, d.Error, d.NextAt = int64(status), answer, "", 0
	switch {
	case err == nil:
		d.State, d.DoneAt = StateSent, now.UnixMicro()
	case int(d.Tries) > len(Schedule) || status == http.StatusGone:
		d.State, d.Error, d.DoneAt = StateDead, err.Error(), now.UnixMicro()
	default:
		d.Error = err.Error()
		next := Schedule[d.Tries-1]
		next += time.Duration(rand.Int64N(int64(next)/5 + 1)) // jitter of up to a fifth
		d.NextAt = now.Add(max(next, wait)).UnixMicro()
	}
	s.save(ctx, d)
}

// save stores an outcome, again and again while that fails: letting go of the
// delivery would call the receiver once more each time.
func (s *Sender) save(ctx context.Context, d *Delivery) {
	for wait := rest; ; wait = min(2*wait, maxRest) {
		err := s.Store.SaveDelivery(context.WithoutCancel(ctx), d)
		if err == nil {
			return
		}
		s.Logger.Error("store postback outcome", "delivery", d.ID, "error", err)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// call makes the request and reports what came back; wait is the receiver's
// Retry-After.
func (s *Sender) call(ctx context.Context, d *Delivery) (answer string, status int, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %s", s.timeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, d.Method, d.URL, nil)
	if err != nil {
		return "", 0, 0, fmt.Errorf("the URL cannot be called: %w", plainError(err))
	}
	req.Header.Set("User-Agent", "clickledger")
	req.Header.Set("Clickledger-Delivery", d.ID)
	res, err := s.client.Do(req)
	if err != nil {
		return "", 0, 0, plainError(err)
	}
	defer res.Body.Close()
	body, readErr := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	answer = strings.ToValidUTF8(strings.ReplaceAll(string(body), "\x00", "�"), "�")
	if readErr != nil {
		return answer, res.StatusCode, 0, fmt.Errorf("reading the answer: %w", plainError(readErr))
	}
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return answer, res.StatusCode, 0, nil
	}
	seconds, convErr := strconv.Atoi(res.Header.Get("Retry-After"))
	if convErr == nil && seconds > 0 {
		wait = min(time.Duration(seconds)*time.Second, 24*time.Hour)
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return answer, res.StatusCode, wait, errors.New("the receiver answered with a redirect, which is not followed")
	}
	return answer, res.StatusCode, wait, fmt.Errorf("the receiver answered %d", res.StatusCode)
}

// plainError drops the URL from a client's error: it may hold secrets (O5).
func plainError(err error) error {
	var op *net.OpError
	var private *PrivateAddrError
	switch {
	case errors.As(err, &private):
		return private
	case errors.As(err, &op):
		return op
	}
	if u := errors.Unwrap(err); u != nil {
		return u
	}
	return err
}

// PrivateAddrError says that a postback's host is an address we do not call.
type PrivateAddrError struct{ Addr string }

// Error names the address.
func (e *PrivateAddrError) Error() string {
	return "the host's address " + e.Addr + " is not a public one, and is not called"
}

// control checks the very address that is about to be dialed (O4): a name that
// resolves to something else by then changes nothing.
func (s *Sender) control(_, address string, _ syscall.RawConn) error {
	if s.AllowPrivate {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !Public(ap.Addr()) {
		return &PrivateAddrError{ap.Addr().String()}
	}
	return nil
}

// special lists the ranges that are not public but that netip's predicates do not
// know: shared, benchmark, documentation and reserved space, and the ways to embed
// an IPv4 address in an IPv6 one.
var special = func() []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fec0::/10",
	} {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}()

// unicast6 is all of IPv6 that is routed as global unicast so far: what is outside,
// such as ::7f00:1, may mean an IPv4 address.
var unicast6 = netip.MustParsePrefix("2000::/3")

// Public reports whether an address is one of the public Internet.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !unicast6.Contains(a) {
		return false
	}
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
