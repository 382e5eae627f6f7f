package visitor

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

func TestCacheIsBounded(t *testing.T) {
	c := newAgentCache()
	const flood = cacheSets * cacheWays * 4
	for i := range flood {
		k := agentKey{ua: fmt.Sprint(i)}
		c.put(c.hash(k), k, agent{device: k.ua})
	}
	kept := 0
	for i := range flood {
		k := agentKey{ua: fmt.Sprint(i)}
		a, ok := c.get(c.hash(k), k)
		if !ok {
			continue
		}
		kept++
		if a.device != k.ua {
			t.Fatalf("%q got the entry of %q", k.ua, a.device)
		}
	}
	if kept == 0 || kept > cacheSets*cacheWays {
		t.Errorf("%d entries kept", kept)
	}
}

// TestCacheKeepsWhatIsUsed: a flood of made-up user agents does not drive out
// a browser that keeps coming.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := newAgentCache()
	popular := agentKey{ua: "popular"}
	c.put(c.hash(popular), popular, agent{device: "phone"})
	lost := 0
	for i := range cacheSets * cacheWays * 4 {
		k := agentKey{ua: fmt.Sprint(i)}
		c.put(c.hash(k), k, agent{})
		if _, ok := c.get(c.hash(popular), popular); !ok {
			lost++
			c.put(c.hash(popular), popular, agent{device: "phone"})
		}
	}
	if lost > 0 {
		t.Errorf("lost %d times", lost)
	}
}

func TestCacheKeyHoldsEveryHint(t *testing.T) {
	c := newAgentCache()
	base := agentKey{ua: "a", brands: "b", platform: "c", model: "d", mobile: '1'}
	c.put(c.hash(base), base, agent{device: "x"})
	for _, k := range []agentKey{
		{ua: "z", brands: "b", platform: "c", model: "d", mobile: '1'},
		{ua: "a", brands: "z", platform: "c", model: "d", mobile: '1'},
		{ua: "a", brands: "b", platform: "z", model: "d", mobile: '1'},
		{ua: "a", brands: "b", platform: "c", model: "z", mobile: '1'},
		{ua: "a", brands: "b", platform: "c", mobile: '1'},
		{ua: "a", brands: "b", platform: "c", model: "d", mobile: '0'},
		{ua: "a", brands: "c", platform: "b", model: "d", mobile: '1'},
		{ua: "a", brands: "b", platform: "d", model: "c", mobile: '1'},
		{ua: "a"},
	} {
		if _, ok := c.get(c.hash(k), k); ok {
			t.Errorf("%+v answered for %+v", base, k)
		}
	}
}

// TestConcurrentClassify is for the race detector: readers, writers and
// evictions at once give every caller its own answer.
func TestConcurrentClassify(t *testing.T) {
	c := shared()
	list := humans(t)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 3 * len(list) {
				h := list[(i*7+g)%len(list)]
				got := c.Classify(http.Header{"User-Agent": {h.ua}}, netip.MustParseAddr("8.8.8.8"))
				if got.Device != h.Device || got.Browser != h.Browser || got.Country != "US" {
					t.Errorf("%q: %+v", h.ua, got)
				}
				c.Classify(http.Header{"User-Agent": {fmt.Sprint(g, i)}}, netip.Addr{})
			}
		})
	}
	wg.Wait()
}

// TestCacheDoesNotPinTheHeader: what is kept of a 64 kB user agent is its
// considered part.
func TestCacheDoesNotPinTheHeader(t *testing.T) {
	k := keyOf(http.Header{"User-Agent": {strings.Repeat("x", 64<<10)}, "Sec-Ch-Ua": {strings.Repeat("y", 64<<10)}, "Sec-Ch-Ua-Model": {strings.Repeat("z", 64<<10)}}).clone()
	if len(k.ua) != maxUA || k.brands != "" || k.model != "" {
		t.Errorf("%d, %d and %d bytes kept", len(k.ua), len(k.brands), len(k.model))
	}
}
