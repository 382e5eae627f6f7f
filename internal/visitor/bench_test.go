package visitor

import (
	"net/http"
	"net/netip"
	"testing"
)

func BenchmarkClassifyHit(b *testing.B) {
	c := shared()
	h := http.Header{
		"User-Agent":         {humanUA},
		"Accept-Language":    {"de-DE,de;q=0.9,en;q=0.8"},
		"Sec-Ch-Ua":          {`"Google Chrome";v="126", "Chromium";v="126", "Not.A/Brand";v="24"`},
		"Sec-Ch-Ua-Mobile":   {"?1"},
		"Sec-Ch-Ua-Platform": {`"Android"`},
		"Sec-Fetch-Dest":     {"document"},
		"Sec-Fetch-Mode":     {"navigate"},
	}
	addr := netip.MustParseAddr("193.99.144.80")
	b.ReportAllocs()
	for b.Loop() {
		c.Classify(h, addr)
	}
}

func BenchmarkClassifyHitParallel(b *testing.B) {
	c := shared()
	h := http.Header{"User-Agent": {humanUA}, "Accept-Language": {"de"}}
	addr := netip.MustParseAddr("193.99.144.80")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Classify(h, addr)
		}
	})
}

// BenchmarkClassifyMiss is the whole work for browsers never seen before,
// keeping the result in the cache included.
func BenchmarkClassifyMiss(b *testing.B) {
	c := shared()
	list := humans(b)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		k := agentKey{ua: list[i%len(list)].ua}.clone()
		c.cache.put(c.cache.hash(k), k, c.classifyAgent(k))
		i++
	}
}

// BenchmarkClassifyHostile is the miss path on 64 kB user agents (V3: < 1 ms).
func BenchmarkClassifyHostile(b *testing.B) {
	c := shared()
	for name, ua := range hostileUAs() {
		b.Run(name, func(b *testing.B) {
			h := http.Header{"User-Agent": {ua}}
			b.ReportAllocs()
			for b.Loop() {
				c.classifyAgent(keyOf(h))
			}
		})
	}
}

func BenchmarkBotReason(b *testing.B) {
	c := shared()
	b.ReportAllocs()
	for b.Loop() {
		c.bots.reason(humanUA)
	}
}

func BenchmarkCountry(b *testing.B) {
	c := shared()
	addrs := []netip.Addr{
		netip.MustParseAddr("193.99.144.80"), netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2a02:2e0:3fe::1"),
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		c.Country(addrs[i%len(addrs)])
		i++
	}
}

func BenchmarkClientAddr(b *testing.B) {
	c := shared()
	h := http.Header{"X-Forwarded-For": {"198.51.100.1, 203.0.113.9, 10.2.3.4"}}
	b.ReportAllocs()
	for b.Loop() {
		c.ClientAddr("10.0.0.1:4711", h)
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
	}
}
