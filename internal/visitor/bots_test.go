package visitor

import (
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestBotRecall holds V3's bar on the published instances. The misses are the
// people's browsers that overrides.tsv takes out of the list, nothing else.
func TestBotRecall(t *testing.T) {
	instances := lines(t, "crawler-instances.txt")
	if len(instances) < 2000 {
		t.Fatalf("%d instances: not the whole list", len(instances))
	}
	var missed []string
	for _, ua := range instances {
		if shared().bots.reason(ua) == "" {
			missed = append(missed, ua)
		}
	}
	recall := 1 - float64(len(missed))/float64(len(instances))
	t.Logf("recall %.2f %% of %d", recall*100, len(instances))
	if recall < 0.99 {
		t.Errorf("recall %.2f %%, want >= 99 %%:\n%s", recall*100, strings.Join(missed, "\n"))
	}
}

// TestNoHumanIsABot holds V3's other bar, on a list small enough that 1 % of
// it is none.
func TestNoHumanIsABot(t *testing.T) {
	list := humans(t)
	if len(list) < 60 {
		t.Fatalf("only %d user agents of people", len(list))
	}
	for _, h := range list {
		if got := shared().bots.reason(h.ua); got != "" {
			t.Errorf("%s: %s", got, h.ua)
		}
	}
}

func TestBotReasons(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	tests := []struct{ ua, want string }{
		{"", BotEmptyUA},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "ua_list:googlebot"},
		{"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "ua_list:bingbot"},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "ua_list:gptbot"},
		{chrome + " PTST/240101", "ua_list:ptst"},
		{strings.Replace(chrome, "Chrome", "HeadlessChrome", 1), "ua_list:headlesschrome"},

		// R8: link previews.
		{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", BotLinkPreview},
		{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", BotLinkPreview},
		{"WhatsApp/2.23.20.0", BotLinkPreview},
		{"Twitterbot/1.0", BotLinkPreview},
		{"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", BotLinkPreview},
		{"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", BotLinkPreview},
		{"TelegramBot (like TwitterBot)", BotLinkPreview},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0", BotLinkPreview},
		{"Mozilla/4.0 (compatible; ms-office; MSOffice 16)", BotLinkPreview},

		// Programs.
		{"curl/8.5.0", BotHTTPLibrary},
		{"Wget/1.21.4", BotHTTPLibrary},
		{"python-requests/2.31.0", BotHTTPLibrary},
		{"Go-http-client/2.0", BotHTTPLibrary},
		{"okhttp/4.12.0", BotHTTPLibrary},
		{"Java/17.0.2", BotHTTPLibrary},
		{"Dart/3.2 (dart:io)", BotHTTPLibrary},
		{"GuzzleHttp/7", BotHTTPLibrary},
		{"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041.3803", BotHTTPLibrary},

		// Shapes that no browser has.
		{"Mozilla/5.0", "ua_list:product-only"},
		{"Mozilla/5.0 (compatible)", "ua_list:product-comment"},
		{"something", "ua_list:product-only"},
		{"<script>alert(1)</script>", "ua_list:shape"},
		{"{{{click_id}}}", ""},
		{strings.Repeat("x", 60) + "{", "ua_list:long-without-space"},

		// Case: names of the crawler list as written, isbot's in any case.
		{"x (y) GOOGLEBOT/ z", "ua_list:google"},
		{"Mozilla/5.0 (x) yeti snowboard", ""},

		// Guards of isbot's look-arounds.
		{"Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile", ""},
		{"Mozilla/5.0 (x) Scanner", "ua_list:scan"},
		{"Mozilla/5.0 (x) CamScanner", ""},
		{"Mozilla/5.0 (Linux; Android 13; Google Pixel 7) Mobile", ""},
		{"Mozilla/5.0 (Linux; Android 13; Pixel 7; Google/google; x) Mobile", ""},
		{"Mozilla/5.0 (x) Google-Something", "ua_list:google"},
		{"Mozilla/5.0 (x) my_bot_two", "ua_list:bot"},
		{"Mozilla/5.0 (x) botany", ""},
	}
	for _, tt := range tests {
		if got := shared().bots.reason(tt.ua); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.ua, got, tt.want)
		}
	}
}

// TestReasonsAreBounded keeps reasons usable as a report dimension.
func TestReasonsAreBounded(t *testing.T) {
	for _, r := range shared().bots.rules {
		if len(r.reason) > 48 || strings.ContainsFunc(r.reason, func(c rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_:", c)
		}) {
			t.Errorf("reason %q", r.reason)
		}
	}
}

func TestLoadBotsRefuses(t *testing.T) {
	good := "# version\tv\n" + strings.Repeat("own\tlist\tx\t\t\"x\"\n", minBotRules)
	if _, err := loadBots(good); err != nil {
		t.Fatalf("a complete list: %v", err)
	}
	for name, tsv := range map[string]string{
		"nothing (V9)":     "",
		"an emptied list":  "# version\tv\nown\tlist\tx\t\t\"x\"\n",
		"no version":       strings.TrimPrefix(good, "# version\tv\n"),
		"too few columns":  good + "own\tlist\tx\t\n",
		"unquoted literal": good + "own\tlist\tx\t\tx\n",
		"unknown class":    good + "own\twhat\tx\t\t\"x\"\n",
		"unknown flag":     good + "own\tlist\tx\tq\t\"x\"\n",
		"unknown guard":    good + "own\tlist\tx\t\t\"x\"\tmaybe:\"y\"\n",
		"bad guard":        good + "own\tlist\tx\t\t\"x\"\tthen\n",
		"bad pattern":      good + "own\tlist\tx\t\t\"x\"\tre:\"(?!a)\"\n",
		"matches all":      good + "own\tlist\tx\t\t\"\"\n",
	} {
		if _, err := loadBots(tsv); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestLongUserAgents holds V3's bound: any 64 kB user agent classifies in
// under 1 ms. The best of some runs counts, so that a busy machine cannot fail
// it; what is measured for real is BenchmarkClassifyHostile. The race detector
// makes the code itself slower, which says nothing about the bound.
func TestLongUserAgents(t *testing.T) {
	for name, ua := range hostileUAs() {
		best := time.Hour
		for range 20 {
			k := keyOf(http.Header{"User-Agent": {ua}})
			start := time.Now()
			shared().classifyAgent(k)
			best = min(best, time.Since(start))
		}
		if best > time.Millisecond*raceSlowdown {
			t.Errorf("%s: %v", name, best)
		}
	}
}

// hostileUAs are the 64 kB values that make the rules work hardest.
func hostileUAs() map[string]string {
	fill := func(s string) string { return strings.Repeat(s, 64<<10/len(s)) }
	return map[string]string{
		"one letter":         fill("a"),
		"at signs":           fill("@"),
		"almost an address":  fill("@a-"),
		"semicolons":         fill("; a;"),
		"products":           fill("a/1.0 "),
		"digits":             fill("1"),
		"almost a bot":       fill(" cubot"),
		"guarded":            fill("google/google"),
		"then":               fill("Spider"),
		"mozilla":            "Mozilla/5.0 (compatible;" + fill("a1.0/1.0"),
		"windows":            fill("Windows NT "),
		"spaces":             fill(" "),
		"not ASCII":          fill("\xff\xfe"),
		"NUL":                fill("\x00"),
		"words in the front": "Mozilla/5.0 " + fill("a."),
	}
}

// TestAutomatonFindsWhatContainsFinds compares the matcher with the plain way,
// over few letters so that literals overlap and nest.
func TestAutomatonFindsWhatContainsFinds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abAB \x00\xff"[r.IntN(7)]
		}
		return string(b)
	}
	for range 500 {
		literals := make([]string, 1+r.IntN(8))
		for i := range literals {
			literals[i] = word(r.IntN(5))
		}
		a, err := newAutomaton(literals)
		if err != nil {
			t.Fatal(err)
		}
		text := word(r.IntN(60))
		var got, want [][2]int
		a.scan(text, func(l, end int) { got = append(got, [2]int{l, end}) })
		for l, lit := range literals {
			for end := len(lit); lit != "" && end <= len(text); end++ {
				if equalFold(text[end-len(lit):end], lit) {
					want = append(want, [2]int{l, end})
				}
			}
		}
		order := func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }
		slices.SortFunc(got, order)
		slices.SortFunc(want, order)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("literals %q in %q:\n%s", literals, text, diff)
		}
	}
}

func TestClassifyNamesTheBot(t *testing.T) {
	got := shared().Classify(http.Header{}, netip.Addr{})
	if diff := cmp.Diff(Info{Bot: BotEmptyUA}, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}
