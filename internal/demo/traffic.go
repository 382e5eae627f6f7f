package demo

import (
	"math/rand/v2"
	"net/http"
	"strconv"
)

// browser is one kind of visitor, with its share of the traffic.
type browser struct {
	weight   int
	agent    string
	platform string // Sec-CH-UA-Platform, "" = sends no client hints
	mobile   bool
}

// browsers are ordinary ones, and two robots that the tracker should flag.
var browsers = []browser{
	{26, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", `"Windows"`, false},
	{20, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36", `"Android"`, true},
	{22, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "", true},
	{8, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", "", false},
	{7, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", `"macOS"`, false},
	{5, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", "", false},
	{4, "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", "", false},
	{3, "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "", false},
	{2, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 389.0.0.30.85", "", true},
	{2, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "", false},
	{1, "python-requests/2.32.3", "", false},
}

// place is a country with a network whose addresses the country data knows.
type place struct {
	weight   int
	net      string // first two octets
	language string
}

var places = []place{
	{30, "73.158", "en-US,en;q=0.9"}, {16, "81.130", "en-GB,en;q=0.9"}, {18, "91.10", "de-DE,de;q=0.9,en;q=0.6"},
	{9, "90.50", "fr-FR,fr;q=0.9"}, {7, "79.20", "it-IT,it;q=0.9"}, {6, "83.40", "es-ES,es;q=0.9"},
	{5, "84.80", "nl-NL,nl;q=0.9"}, {4, "189.40", "pt-BR,pt;q=0.9"}, {3, "126.20", "ja-JP,ja;q=0.9"}, {2, "1.128", "en-AU,en;q=0.9"},
}

var referers = []string{"https://shoes.blog.example/best-running-shoes", "https://news.example/deals", "https://social.example/", "https://search.example/", ""}

var placements = []string{"header", "sidebar", "review", "newsletter", "video"}

func pick[T any](rng *rand.Rand, list []T, weight func(T) int) T {
	sum := 0
	for _, x := range list {
		sum += weight(x)
	}
	n := rng.IntN(sum)
	for _, x := range list {
		n -= weight(x)
		if n < 0 {
			return x
		}
	}
	return list[0]
}

// visitor fills in the headers of one visitor.
func visitor(rng *rand.Rand, h http.Header) {
	b := pick(rng, browsers, func(b browser) int { return b.weight })
	p := pick(rng, places, func(p place) int { return p.weight })
	h.Set("User-Agent", b.agent)
	h.Set("Accept-Language", p.language)
	h.Set("X-Forwarded-For", p.net+"."+strconv.Itoa(rng.IntN(254)+1)+"."+strconv.Itoa(rng.IntN(254)+1))
	if b.platform != "" {
		h.Set("Sec-CH-UA-Platform", b.platform)
		h.Set("Sec-CH-UA-Mobile", map[bool]string{true: "?1", false: "?0"}[b.mobile])
	}
	h.Set("Sec-Fetch-Mode", "navigate")
	h.Set("Sec-Fetch-Dest", "document")
	if ref := referers[rng.IntN(len(referers))]; ref != "" {
		h.Set("Referer", ref)
	}
}
