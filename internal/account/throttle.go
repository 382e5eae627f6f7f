package account

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// ErrThrottled says that there were too many failed sign-ins for this account or from
// this address, or too many of whatever else a [Limiter] limits; nobody is locked out for
// good.
type ErrThrottled struct{ RetryAfter time.Duration }

// Error names the wait.
func (e *ErrThrottled) Error() string {
	return fmt.Sprintf("too many attempts; try again in %s", e.RetryAfter.Round(time.Second))
}

// allowance is how many failures are free, and how fast they are forgiven.
type allowance struct {
	burst int
	every time.Duration
}

// Failures of one account from one address are few for a person who mistypes; of one
// account from everywhere more, so that a stranger who guesses does not keep its owner
// out; of one address more again, since offices share one.
var (
	perPair    = allowance{5, 30 * time.Second}
	perAccount = allowance{30, 20 * time.Second}
	perAddress = allowance{30, 10 * time.Second}
)

// maxBuckets bounds the throttle's memory. When it is full those are dropped that are
// closest to being forgiven.
const maxBuckets = 50_000

// throttle counts failures. A bucket is the time at which everything is forgiven (GCRA).
type throttle struct {
	now func() time.Time

	mu     sync.Mutex
	forget map[string]time.Time // guarded by mu
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, forget: map[string]time.Time{}}
}

type bucket struct {
	key string
	allowance
}

func buckets(email, addr string) []bucket {
	addr = network(addr)
	return []bucket{{"p:" + email + "\x00" + addr, perPair}, {"u:" + email, perAccount}, {"a:" + addr, perAddress}}
}

// network is what one customer of a provider has: an IPv4 address, an IPv6 /64.
func network(addr string) string {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return p.String()
}

// take counts a failure in advance, so that parallel guesses are not free; [forgive]
// gives it back. It refuses, and counts nothing, when any bucket is full.
func (t *throttle) take(bs []bucket) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	var wait time.Duration
	for _, b := range bs {
		at := t.forget[b.key]
		if at.Before(now) {
			at = now
		}
		wait = max(wait, at.Add(b.every).Sub(now)-time.Duration(b.burst)*b.every)
	}
	if wait > 0 {
		return &ErrThrottled{wait}
	}
	for _, b := range bs {
		at := t.forget[b.key]
		if at.Before(now) {
			at = now
		}
		t.forget[b.key] = at.Add(b.every)
	}
	t.sweep(now)
	return nil
}

// forgive undoes take after a success.
func (t *throttle) forgive(bs []bucket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range bs {
		t.forget[b.key] = t.forget[b.key].Add(-b.every)
	}
}

// sweep keeps the map small. The caller holds mu.
func (t *throttle) sweep(now time.Time) {
	if len(t.forget) < maxBuckets {
		return
	}
	soon := time.Duration(0)
	for len(t.forget) >= maxBuckets*9/10 {
		for k, at := range t.forget {
			if !at.After(now.Add(soon)) {
				delete(t.forget, k)
			}
		}
		soon += 30 * time.Second
	}
}
