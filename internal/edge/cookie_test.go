package edge

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
)

func TestCookieAttributes(t *testing.T) {
	for name, tc := range map[string]struct {
		opts  []option
		name  string
		attrs string
	}{
		"plain http": {nil, "cltid", "; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax"},
		"https":      {[]option{https}, "__Host-cltid", "; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=None"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.opts...)
			res := w.get(t, "/c/k1")
			set := res.Header.Values("Set-Cookie")
			id := w.log.visits(t)[0].ID
			value := attribution.Slots{}.With("puboff1", id, w.at.Unix()+30*86400).String()
			if len(set) != 1 || set[0] != tc.name+"="+value+tc.attrs {
				t.Errorf("Set-Cookie %q", set)
			}
		})
	}
}

func TestUniqueIsFirstForTheOffer(t *testing.T) {
	w := newWorld(t)
	jar := ""
	visit := func(target string) *event.Visit {
		t.Helper()
		res := w.get(t, target, "Cookie", "other=1; cltid2=x;"+jar+"; last=2")
		jar, _, _ = strings.Cut(res.Header.Get("Set-Cookie"), ";")
		return w.log.visits(t)[0]
	}
	first, again, other, back := visit("/c/k1"), visit("/c/k1"), visit("/c/house"), visit("/c/k1")
	if !first.Unique || again.Unique || !other.Unique || back.Unique {
		t.Errorf("unique: %v %v %v %v", first.Unique, again.Unique, other.Unique, back.Unique)
	}
	slots := attribution.ParseCookie(strings.TrimPrefix(jar, "cltid="), w.at.Unix())
	if id, _ := slots.Find("puboff1"); id != back.ID || len(slots) != 2 {
		t.Errorf("slots %v: the last click wins, the other offer stays", slots)
	}
	w.at = w.at.Add(31 * 24 * time.Hour)
	if v := visit("/c/k1"); !v.Unique {
		t.Error("an expired slot still counts")
	}
}

func TestCookieStaysWithinBounds(t *testing.T) {
	w := newWorld(t, https)
	var rows []catalog.Entity
	for i := range 60 {
		id := fmt.Sprint(i)
		rows = append(rows,
			&catalog.Offer{Meta: meta("o" + id), URL: "https://shop.example/", Status: catalog.StatusActive, Key: fmt.Sprintf("%040d", i), CookieDays: 999},
			&catalog.Link{Meta: meta("l" + id), Key: "many" + id, Offer: "o" + id, Status: catalog.StatusActive})
	}
	w.apply(rows...)
	cookie := ""
	for i := range 60 {
		res := w.get(t, fmt.Sprintf("/c/many%d", i), "Cookie", cookie)
		set := res.Header.Get("Set-Cookie")
		cookie, _, _ = strings.Cut(set, ";")
		if len(cookie) > 4096 || cookie == "" || !strings.Contains(set, "; Max-Age=34560000;") {
			t.Fatalf("offer %d: %d bytes, %q", i, len(cookie), set)
		}
	}
}

func TestHostileCookies(t *testing.T) {
	w := newWorld(t)
	for _, c := range []string{"cltid=", "cltid", "=x", ";;;", "cltid=" + strings.Repeat("x", 10_000), "cltid=a_b_c.d", "cltid=\"x\"", "cltid=puboff1_zz_zz", strings.Repeat("a=b; ", 500)} {
		res := w.get(t, "/c/k1", "Cookie", c)
		if res.StatusCode != http.StatusFound || !w.log.visits(t)[0].Unique {
			t.Errorf("%.30q: %d", c, res.StatusCode)
		}
	}
}

func TestOfferThatCannotBeRemembered(t *testing.T) {
	w := newWorld(t)
	for i, o := range []catalog.Offer{{Key: ""}, {Key: "a_b", CookieDays: 30}, {Key: "a;b", CookieDays: 30}, {Key: strings.Repeat("k", 41), CookieDays: 30}} {
		o.Meta, o.URL, o.Status = meta("odd"), "https://shop.example/", catalog.StatusActive
		w.apply(&o, &catalog.Link{Meta: meta("odd"), Key: "odd", Offer: "odd", Status: catalog.StatusActive})
		res := w.get(t, "/c/odd")
		if res.StatusCode != http.StatusFound || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%d: %d, cookie %q", i, res.StatusCode, res.Header.Get("Set-Cookie"))
		}
	}
}

// TestWhatAClickHandsOut: by the offer's tracking method a cookie, the click id in the
// URL, or both; for as long as offer or advertiser say; of the last click or the first.
func TestWhatAClickHandsOut(t *testing.T) {
	for name, tc := range map[string]struct {
		change        func(*catalog.Offer)
		days          int64
		names         bool // the cookie names a click
		first         bool // and it stays the first
		appended      bool
		advertiserSet int64
	}{
		"any":               {func(o *catalog.Offer) {}, 30, true, false, false, 0},
		"of the advertiser": {func(o *catalog.Offer) {}, 28, true, false, false, 28},
		"the offer's own":   {func(o *catalog.Offer) { o.CookieDays = 7 }, 7, true, false, false, 28},
		"any, appended":     {func(o *catalog.Offer) { o.AppendClickID = true }, 30, true, false, true, 0},
		"pixel":             {func(o *catalog.Offer) { o.Tracking, o.AppendClickID = catalog.TrackPixel, true }, 30, true, false, false, 0},
		"postback":          {func(o *catalog.Offer) { o.Tracking = catalog.TrackPostback }, 30, false, false, true, 0},
		"first click":       {func(o *catalog.Offer) { o.Attribution = catalog.FirstClick }, 30, true, true, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := &catalog.Offer{Meta: meta("h"), Advertiser: "shop", URL: "https://shop.example/", Status: catalog.StatusActive, Key: "handed"}
			tc.change(o)
			w.apply(o, &catalog.Advertiser{Meta: meta("shop"), ClickParam: "refid", CookieDays: tc.advertiserSet}, &catalog.Link{Meta: meta("h"), Key: "hand", Offer: "h", Status: catalog.StatusActive})
			jar := ""
			click := func() (*event.Visit, string, string) {
				res := w.get(t, "/c/hand", "Cookie", jar)
				set := res.Header.Get("Set-Cookie")
				if set != "" {
					jar, _, _ = strings.Cut(set, ";")
				}
				return w.log.visits(t)[0], set, res.Header.Get("Location")
			}
			one, set, to := click()
			if want := fmt.Sprintf("; Max-Age=%d;", tc.days*86400); !strings.Contains(set, want) {
				t.Errorf("Set-Cookie %q, want %s", set, want)
			}
			if got := strings.Contains(to, "refid="+one.ID.String()); got != tc.appended {
				t.Errorf("led to %s, appended %v", to, tc.appended)
			}
			if got := strings.Contains(set, one.ID.String()); got != tc.names {
				t.Errorf("Set-Cookie %q names the click: %v, want %v", set, got, tc.names)
			}
			two, _, _ := click()
			if !one.Unique || two.Unique {
				t.Errorf("unique: %v, then %v", one.Unique, two.Unique)
			}
			earns, ok := attribution.ParseCookie(strings.TrimPrefix(jar, "cltid="), w.at.Unix()).Find("handed")
			want := two.ID
			if tc.first {
				want = one.ID
			}
			if ok != tc.names || ok && earns != want {
				t.Errorf("the cookie has %v (%v), want %v", earns, ok, want)
			}
			w.at = w.at.Add(time.Duration(tc.days)*24*time.Hour + time.Second)
			three, set, _ := click()
			if !three.Unique || tc.names && !strings.Contains(set, three.ID.String()) {
				t.Errorf("after its life the cookie still counts: unique %v, %q", three.Unique, set)
			}
		})
	}
}
