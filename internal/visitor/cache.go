package visitor

import (
	"hash/maphash"
	"sync/atomic"
)

// The cache holds at most cacheSets×cacheWays agents; with keys of at most
// maxUA+maxBrands bytes that is 12 MB when flooded with the longest user
// agents possible, and 2 to 3 MB with real ones.
const (
	cacheSets = 2048
	cacheWays = 4
)

// agentCache remembers what follows from a user agent and its hints. It is
// split into sets of a few slots each; a slot is one atomic pointer to an
// immutable entry, so readers and writers never wait for each other. A flood
// of made-up user agents can only cost misses, not memory.
type agentCache struct {
	seed maphash.Seed
	sets [cacheSets]cacheSet
}

type cacheSet struct {
	slots [cacheWays]atomic.Pointer[cacheEntry]
	turn  atomic.Uint32 // where the search for a victim starts
}

type cacheEntry struct {
	key   agentKey
	agent agent
	used  atomic.Bool // since a victim was last looked for in this set
}

func newAgentCache() *agentCache {
	return &agentCache{seed: maphash.MakeSeed()}
}

// hash is seeded, so nobody outside can aim at one set.
func (c *agentCache) hash(k agentKey) uint64 {
	h := maphash.String(c.seed, k.ua)
	if k.brands != "" {
		h = h*31 ^ maphash.String(c.seed, k.brands)
	}
	if k.platform != "" {
		h = h*31 ^ maphash.String(c.seed, k.platform)
	}
	if k.model != "" {
		h = h*31 ^ maphash.String(c.seed, k.model)
	}
	return h*31 + uint64(k.mobile)
}

func (c *agentCache) get(hash uint64, k agentKey) (agent, bool) {
	set := &c.sets[hash%cacheSets]
	for i := range set.slots {
		e := set.slots[i].Load()
		if e != nil && e.key == k {
			if !e.used.Load() { // reading is cheap, writing shares the cache line
				e.used.Store(true)
			}
			return e.agent, true
		}
	}
	return agent{}, false
}

// put stores an entry over an empty slot or one not used lately (second
// chance). Two writers may race for a slot; one entry is then simply not kept.
func (c *agentCache) put(hash uint64, k agentKey, a agent) {
	set := &c.sets[hash%cacheSets]
	e := &cacheEntry{key: k, agent: a}
	for i := range set.slots {
		if set.slots[i].CompareAndSwap(nil, e) {
			return
		}
	}
	for range cacheWays {
		slot := &set.slots[set.turn.Add(1)%cacheWays]
		old := slot.Load()
		if !old.used.Swap(false) {
			slot.Store(e)
			return
		}
	}
	set.slots[set.turn.Add(1)%cacheWays].Store(e)
}
