package app

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPresetsReachEverything: through the real doors, ten clicks of one browser on a link
// are ten clicks and one unique in the report; its preset sub id is in the offer's URL, in
// the facts and in the publisher's postback, unless the visitor's URL brings its own.
func TestPresetsReachEverything(t *testing.T) {
	t.Parallel()
	told := make(chan string, 4)
	tracker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.URL.RawQuery }))
	defer tracker.Close()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.api("POST", "/postbacks", map[string]any{"workspace": m.workspace, "publisher": m.publisher, "url": tracker.URL + "/pb?a={sub1}&b={sub2}"})
	s.api("PATCH", "/offers/"+m.offer+"?workspace="+m.workspace, map[string]any{"url": "https://shop.example/?cid={click_id}&a={sub1}"})
	l := s.api("POST", "/links", map[string]any{"workspace": m.workspace, "offer": m.offer, "publisher": m.publisher, "subs": []string{"flyer", "blue"}})
	link := s.url + strings.TrimPrefix(fmt.Sprint(l["tracking_url"]), "http://track.example")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	person := &http.Client{Timeout: patience, Jar: jar, CheckRedirect: browser.CheckRedirect}
	visit := func(query string) url.Values {
		t.Helper()
		res, err := person.Get(link + query)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return to.Query()
	}
	preset := visit("")
	for range 8 {
		visit("")
	}
	own := visit("?sub1=mail")
	if preset.Get("a") != "flyer" || own.Get("a") != "mail" {
		t.Errorf("the offer got %q and %q", preset.Get("a"), own.Get("a"))
	}
	s.mustBuy(m, preset.Get("cid"), "P-1")
	s.mustBuy(m, own.Get("cid"), "P-2")
	got := map[string]bool{}
	for len(got) < 2 {
		select {
		case q := <-told:
			got[q] = true
		case <-time.After(patience):
			t.Fatalf("the publisher was told %v", got)
		}
	}
	if !got["a=flyer&b=blue"] || !got["a=mail&b=blue"] {
		t.Errorf("the publisher was told %v", got)
	}
	s.caughtUp()
	report := func(dimension string) string {
		now := time.Now().UTC()
		return fmt.Sprint(s.api("POST", "/reports?workspace="+m.workspace, map[string]any{"dimensions": []string{dimension}, "metrics": []string{"visits", "clicks", "unique_visits"},
			"from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Add(time.Hour).Format(time.RFC3339), "filters": []any{map[string]any{"dimension": "link", "op": "eq", "values": []any{l["id"]}}}})["rows"])
	}
	if r := report("link"); !strings.Contains(r, " 10 10 1]") {
		t.Errorf("by link: %s", r)
	}
	if r := report("sub1"); !strings.Contains(r, "[flyer") || !strings.Contains(r, " 9 9 1]") || !strings.Contains(r, "[mail") || !strings.Contains(r, " 1 1 0]") {
		t.Errorf("by sub1: %s", r)
	}
}
