package edge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

const (
	crHash  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	crImage = "/b/cr1/0123456789ab.png"
)

// creativeCatalog has a banner of off1 with a landing page, a text, ones that are paused
// and archived, one of another offer and one of another workspace.
func creativeCatalog() []catalog.Entity {
	creative := func(id string, change func(c *catalog.Creative)) *catalog.Creative {
		c := &catalog.Creative{Meta: meta(id), Offer: "off1", Name: id, Type: catalog.CreativeBanner, Image: crHash, ImageType: "image/png", Status: catalog.StatusActive}
		change(c)
		return c
	}
	return []catalog.Entity{
		creative("cr1", func(c *catalog.Creative) { c.URL = "https://shop.example/sale" }),
		creative("words", func(c *catalog.Creative) { c.Type, c.Image = catalog.CreativeText, "" }),
		creative("paused", func(c *catalog.Creative) { c.Status = catalog.StatusPaused }),
		creative("gone", func(c *catalog.Creative) { c.Archived = true }),
		creative("other", func(c *catalog.Creative) { c.Offer = "off2" }),
		creative("foreign", func(c *catalog.Creative) { c.Workspace = "ws2" }),
		&catalog.Link{Meta: meta("lnktest"), Key: "trial", Offer: "off1", Status: catalog.StatusActive, Test: true},
		creative("away", func(c *catalog.Creative) { c.URL = "https://elsewhere.example/" }),
	}
}

// impressions decodes what was counted since the last call.
func (w *world) impressions(t testing.TB) []event.Impression {
	t.Helper()
	w.edge.Flush(t.Context())
	var out []event.Impression
	for _, data := range w.log.take(eventlog.Impression) {
		got, err := event.DecodeImpressions(data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, got...)
	}
	return out
}

func newShow(t testing.TB, opts ...option) *world {
	w := newWorld(t, append([]option{func(o *Options) {
		o.Banners = func(_ context.Context, workspace, hash string) ([]byte, error) {
			if workspace != "ws" && workspace != "ws2" || hash != crHash {
				return nil, errors.New("no such image")
			}
			return []byte("the bytes"), nil
		}
	}}, opts...)...)
	w.apply(creativeCatalog()...)
	return w
}

// TestImpression: a shown creative is counted as what it was shown as, with everything of
// the visitor that reports group by, and with nothing that would tell visitors apart.
func TestImpression(t *testing.T) {
	w := newShow(t)
	for range 3 {
		res := w.get(t, "/i/k1/cr1.gif?sub1=top&external_id=E1", "Referer", "https://Blog.Example/post?x=1", "Sec-Fetch-Dest", "image")
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/gif" || !strings.HasPrefix(res.Header.Get("Cache-Control"), "no-store") || res.Header.Get("Set-Cookie") != "" {
			t.Fatalf("status %d, %v", res.StatusCode, res.Header)
		}
		if readAll(t, res.Body) != string(gif) {
			t.Error("not the pixel")
		}
	}
	w.get(t, "/i/k1/cr1.gif", "User-Agent", "Googlebot/2.1 (+http://www.google.com/bot.html)")
	got := w.impressions(t)
	var people, bots event.Impression
	for _, i := range got {
		if i.Bot == "" {
			people = i
		} else {
			bots = i
		}
	}
	if len(got) != 2 || people.Count != 3 || bots.Count != 1 || !strings.HasPrefix(bots.Bot, "ua_list") {
		t.Fatalf("%+v", got)
	}
	want := event.Dims{Workspace: "ws", Link: "lnkk1", Offer: "off1", Advertiser: "adv", Publisher: "pub", Enrollment: "enr", Creative: "cr1",
		Source: "house-source", Subs: [event.Subs]string{"top"}, Device: "desktop", OS: "Windows", Browser: "Chrome", RefererDomain: "blog.example"}
	if people.Dims != want || people.At != w.at.UnixMicro() || people.ID.IsZero() || people.Reason != "" {
		t.Errorf("impression %+v", people)
	}
	if n := w.counter(t, "clickledger_edge_requests_total", "counted"); n != 4 {
		t.Errorf("%v counted", n)
	}
	if len(w.impressions(t)) != 0 {
		t.Error("counted twice")
	}
}

// TestImpressionThatIsNone: whatever is asked for, a page gets an image, and only what is
// known and was looked at is counted.
func TestImpressionThatIsNone(t *testing.T) {
	w := newShow(t)
	for name, tc := range map[string]struct {
		method, path string
		headers      []string
		status       int
		counted      bool
		reason       string
	}{
		"a paused link":           {"GET", "/i/paused/cr1.gif", nil, 200, true, "link_paused"},
		"a paused creative":       {"GET", "/i/k1/paused.gif", nil, 200, true, "creative_paused"},
		"an archived creative":    {"GET", "/i/k1/gone.gif", nil, 200, true, "creative_archived"},
		"its image":               {"GET", "/i/k1/gone.png", nil, 200, true, "creative_archived"},
		"a text's image":          {"GET", "/i/k1/words.png", nil, 200, true, ""},
		"escaped":                 {"GET", "/i/%6b1/%63r1.gif", nil, 200, true, ""},
		"HEAD":                    {"HEAD", "/i/k1/cr1.gif", nil, 200, false, ""},
		"prefetch":                {"GET", "/i/k1/cr1.gif", []string{"Sec-Purpose", "prefetch"}, 200, false, ""},
		"POST":                    {"POST", "/i/k1/cr1.gif", nil, 405, false, ""},
		"unknown link":            {"GET", "/i/nobody/cr1.gif", nil, 200, false, ""},
		"a test link":             {"GET", "/i/trial/cr1.gif", nil, 200, false, ""},
		"unknown creative":        {"GET", "/i/k1/nothing.gif", nil, 200, false, ""},
		"another offer's":         {"GET", "/i/k1/other.gif", nil, 200, false, ""},
		"another workspace's":     {"GET", "/i/k1/foreign.gif", nil, 200, false, ""},
		"its image, too":          {"GET", "/i/k1/foreign.png", nil, 200, false, ""},
		"no creative":             {"GET", "/i/k1/.gif", nil, 200, false, ""},
		"nothing":                 {"GET", "/i/", nil, 200, false, ""},
		"no extension":            {"GET", "/i/k1/cr1", nil, 200, false, ""},
		"more":                    {"GET", "/i/k1/cr1.gif/x.gif", nil, 200, false, ""},
		"climbing":                {"GET", "/i/../../etc/passwd.gif", nil, 200, false, ""},
		"a broken escape":         {"GET", "/i/k1/%zz.gif", nil, 400, false, ""}, // Go's server refuses it
		"NUL":                     {"GET", "/i/k1/cr1%00.gif", nil, 200, false, ""},
		"markup":                  {"GET", "/i/k1/%3Cscript%3E.gif", nil, 200, false, ""},
		"long":                    {"GET", "/i/k1/" + strings.Repeat("x", 9000) + ".gif", nil, 200, false, ""},
		"a query beyond measure":  {"GET", "/i/k1/cr1.gif?sub1=" + strings.Repeat("x", 9000), nil, 200, false, ""},
		"a query that is no text": {"GET", "/i/k1/cr1.gif?sub1=%ff%00&&&=;", nil, 200, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := w.do(t, tc.method, tc.path, nil, tc.headers...)
			if res.StatusCode != tc.status {
				t.Errorf("status %d, want %d", res.StatusCode, tc.status)
			}
			if tc.status == 200 && (res.Header.Get("Content-Type") != "image/gif" || res.Header.Get("X-Content-Type-Options") != "nosniff") {
				t.Errorf("headers %v", res.Header)
			}
			got := w.impressions(t)
			if (len(got) == 1) != tc.counted || len(got) > 1 || len(got) == 1 && (got[0].Reason != tc.reason || got[0].Count != 1) {
				t.Errorf("counted %+v, want %v %s", got, tc.counted, tc.reason)
			}
		})
	}
	if len(w.log.take(eventlog.Visit)) != 0 {
		t.Error("an impression became a visit")
	}
}

// TestCountedImage: the image that counts itself leads to the one that browsers keep.
func TestCountedImage(t *testing.T) {
	w := newShow(t)
	res := w.get(t, "/i/k1/cr1.png")
	wantHeaders(t, res.Header, map[string]string{"Location": crImage, "Cache-Control": "no-store, private, max-age=0", "Cross-Origin-Resource-Policy": "cross-origin"})
	if got := w.impressions(t); res.StatusCode != 302 || len(got) != 1 || got[0].Creative != "cr1" {
		t.Errorf("status %d, %+v", res.StatusCode, got)
	}
}

// TestClickThroughCreative: a click says through which creative it came and lands where
// that leads; a creative that is none of the offer's changes nothing.
func TestClickThroughCreative(t *testing.T) {
	w := newShow(t)
	for query, want := range map[string]struct{ creative, page, reason string }{
		"?cr=cr1":     {"cr1", "https://shop.example/sale?", ""},
		"?cr=gone":    {"gone", "https://shop.example/p?", ""},
		"?cr=foreign": {"", "https://shop.example/p?", ""},
		"?cr=other":   {"", "https://shop.example/p?", ""},
		"?cr=%00":     {"", "https://shop.example/p?", ""},
		"?cr=":        {"", "https://shop.example/p?", ""},
		"?cr=cr1&url=https%3A%2F%2Fshop.example%2Fother": {"cr1", "https://shop.example/other?", ""},
		"?cr=away": {"away", "https://shop.example/p?", "deep_link_denied"}, // the list has changed since
	} {
		res := w.get(t, "/c/k1"+query)
		v := w.log.visits(t)
		if len(v) != 1 || v[0].Creative != want.creative || v[0].Reason != want.reason || !strings.HasPrefix(res.Header.Get("Location"), want.page) {
			t.Errorf("%s: %s, %+v", query, res.Header.Get("Location"), v)
		}
	}
}

// TestBanner: the image of a creative is served to be kept for good, as an image and
// nothing else; 404 for what never was, 410 for what was archived.
func TestBanner(t *testing.T) {
	w := newShow(t)
	res := w.get(t, crImage)
	wantHeaders(t, res.Header, map[string]string{
		"Content-Type": "image/png", "Cache-Control": "public, max-age=31536000, immutable", "Etag": `"` + crHash + `"`, "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox", "Cross-Origin-Resource-Policy": "cross-origin", "Content-Length": "9",
	})
	if body := readAll(t, res.Body); res.StatusCode != 200 || body != "the bytes" {
		t.Errorf("status %d, %q", res.StatusCode, body)
	}
	for name, tc := range map[string]struct {
		method, path string
		headers      []string
		status       int
	}{
		"HEAD":                {"HEAD", crImage, nil, 200},
		"fresh":               {"GET", crImage, []string{"If-None-Match", `W/"x", "` + crHash + `"`}, 304},
		"stale":               {"GET", crImage, []string{"If-None-Match", `"x"`}, 200},
		"POST":                {"POST", crImage, nil, 405},
		"paused":              {"GET", "/b/paused/0123456789ab.png", nil, 200},
		"another workspace's": {"GET", "/b/foreign/0123456789ab.png", nil, 200},
		"archived":            {"GET", "/b/gone/0123456789ab.png", nil, 410},
		"another hash":        {"GET", "/b/cr1/0123456789ac.png", nil, 404},
		"another type":        {"GET", "/b/cr1/0123456789ab.html", nil, 404},
		"a text":              {"GET", "/b/words/.png", nil, 404},
		"unknown":             {"GET", "/b/nothing/0123456789ab.png", nil, 404},
		"nothing":             {"GET", "/b/", nil, 404},
		"more":                {"GET", crImage + "/x", nil, 404},
		"climbing":            {"GET", "/b/../cr1/0123456789ab.png", nil, 404},
	} {
		if res := w.do(t, tc.method, tc.path, nil, tc.headers...); res.StatusCode != tc.status {
			t.Errorf("%s: status %d, want %d", name, res.StatusCode, tc.status)
		}
	}
}

// TestBannersAreRead once for all who wait, however many ask, and kept; a failure is
// answered as one that may pass, and is not kept.
func TestBannersAreReadOnce(t *testing.T) {
	var reads atomic.Int64
	var failing atomic.Bool
	w := newShow(t, func(o *Options) {
		o.Banners = func(context.Context, string, string) ([]byte, error) {
			reads.Add(1)
			if failing.Load() {
				return nil, errors.New("the disk is gone")
			}
			return []byte("x"), nil
		}
	})
	failing.Store(true)
	if res := w.get(t, crImage); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" || !strings.HasPrefix(res.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("status %d, %v", res.StatusCode, res.Header)
	}
	failing.Store(false)
	reads.Store(0)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if res := w.get(t, crImage); res.StatusCode != http.StatusOK {
				t.Errorf("status %d", res.StatusCode)
			}
		})
	}
	all.Wait()
	before := reads.Load()
	w.get(t, crImage)
	if before > 20 || reads.Load() != before {
		t.Errorf("%d reads, then %d", before, reads.Load())
	}
}

// TestBannerMemory: the images in memory are bounded, and the latest stay.
func TestBannerMemory(t *testing.T) {
	b := newBanners(func(_ context.Context, _, hash string) ([]byte, error) { return make([]byte, 1<<20), nil })
	for i := range 100 {
		c := &catalog.Creative{Meta: meta("c"), Image: string(rune('A' + i))}
		if _, err := b.get(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if b.bytes > maxBannerBytes || len(b.byKey) != maxBannerBytes>>20 || b.order.Len() != len(b.byKey) {
		t.Errorf("%d bytes of %d images", b.bytes, len(b.byKey))
	}
	if b.find("ws/"+string(rune('A'+99))) == nil || b.find("ws/A") != nil {
		t.Error("not the latest were kept")
	}
}

// TestImpressionMemory: whoever makes up sub ids fills bounded memory, what was counted is
// not lost by it, and what could not be counted shows.
func TestImpressionMemory(t *testing.T) {
	w := newShow(t)
	s := newShown(w.edge)
	s.flushes = true // nobody empties it meanwhile
	kept := 0
	for i := range maxShown + 500 {
		if s.add(shownKey{reason: string(rune(0x100 + i))}, 1, 0) {
			kept++
		}
	}
	if kept > maxShown || len(s.counts) != kept || !s.add(shownKey{reason: string(rune(0x100))}, 1, 0) {
		t.Errorf("%d kept of at most %d", len(s.counts), maxShown)
	}
	s.flush(t.Context())
	sum := int64(0)
	for _, i := range w.impressions(t) {
		sum += i.Count
	}
	if sum != int64(kept)+1 || s.bytes != 0 {
		t.Errorf("%d written of %d; %d bytes left", sum, kept+1, s.bytes)
	}
}

// TestImpressionsThatTheLogRefuses go to its spool, and are counted as lost where that is
// full too; the page gets its image all the same.
func TestImpressionsThatTheLogRefuses(t *testing.T) {
	w := newShow(t)
	w.log.fail = eventlog.ErrFull
	w.get(t, "/i/k1/cr1.gif")
	w.edge.Flush(t.Context())
	if len(w.log.spooled) != 1 || w.log.spooled[0].Class != eventlog.Impression {
		t.Errorf("spooled %v", w.log.spooled)
	}
	w.log.full = true
	for range 2 {
		if res := w.get(t, "/i/k1/cr1.gif"); res.StatusCode != 200 {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	w.edge.Flush(t.Context())
	if n := w.counter(t, "clickledger_impressions_dropped_total"); n != 2 {
		t.Errorf("%v dropped, want 2", n)
	}
}
