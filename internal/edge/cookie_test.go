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
	for i, o := range []catalog.Offer{{Key: ""}, {Key: "a_b", CookieDays: 30}, {Key: "a;b", CookieDays: 30}, {Key: strings.Repeat("k", 41), CookieDays: 30}, {Key: "ok"}} {
		o.Meta, o.URL, o.Status = meta("odd"), "https://shop.example/", catalog.StatusActive
		w.apply(&o, &catalog.Link{Meta: meta("odd"), Key: "odd", Offer: "odd", Status: catalog.StatusActive})
		res := w.get(t, "/c/odd")
		if res.StatusCode != http.StatusFound || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%d: %d, cookie %q", i, res.StatusCode, res.Header.Get("Set-Cookie"))
		}
	}
}
