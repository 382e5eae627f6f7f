package diagnosis_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/diagnosis"
)

func isNotFound(err error) bool { return errors.Is(err, catalog.ErrNotFound) }

func TestLanding(t *testing.T) {
	w := newWorld(t)
	visits := 0
	var asked *http.Request
	page := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		visits++
		asked = r
		switch {
		case strings.HasPrefix(r.URL.Path, "/hops"):
			n := len(r.URL.Path) - len("/hops")
			if n == 0 {
				break
			}
			http.Redirect(rw, r, "/hops"+strings.Repeat("x", n-1), http.StatusFound)
		case r.URL.Path == "/to-file":
			http.Redirect(rw, r, "file:///etc/passwd", http.StatusFound)
		case r.URL.Path == "/gone":
			rw.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/guarded":
			rw.WriteHeader(http.StatusForbidden)
		case r.URL.Path == "/endless":
			for i := 0; i < 1<<20; i++ {
				if _, err := fmt.Fprintf(rw, "%s\n", strings.Repeat("x", 1000)); err != nil {
					return
				}
			}
		}
	}))
	defer page.Close()
	check := func(path string) *diagnosis.Landing {
		t.Helper()
		w.now = w.now.Add(time.Minute)
		w.set(func(o *catalog.Offer) { o.URL = page.URL + path })
		l, err := w.svc.CheckLanding(t.Context(), owner, "ws_1", "off_1")
		w.must(err)
		return l
	}
	l := check("/ok?c={click_id}&s={sub1}")
	if l.Status != 200 || l.Failure != "" || l.Host == "" || l.Actor != owner.ID {
		t.Errorf("visit %+v, want 200", l)
	}
	if asked.URL.Query().Get("c") != "" || asked.URL.Query().Get("s") == "" || asked.UserAgent() != diagnosis.UserAgent || asked.Header.Get("Cookie")+asked.Referer() != "" {
		t.Errorf("asked %s as %s, want sample values and no click id", asked.URL, asked.UserAgent())
	}
	w.only()
	before := visits
	if _, err := w.svc.CheckLanding(t.Context(), owner, "ws_1", "off_1"); err != nil || visits != before {
		t.Errorf("asked again at once: %d more visits, %v", visits-before, err)
	}
	if l := check("/hopsxxxxx?c={click_id}"); l.Status != 200 || l.Hops != 5 {
		t.Errorf("five redirects: %+v", l)
	}
	if l := check("/hopsxxxxxx?c={click_id}"); l.Status != 0 || !strings.Contains(l.Failure, "more than 5") {
		t.Errorf("six redirects: %+v", l)
	}
	if l := check("/to-file?c={click_id}"); !strings.Contains(l.Failure, "scheme file") {
		t.Errorf("a redirect to a file: %+v", l)
	}
	if l := check("/endless?c={click_id}"); l.Status != 200 {
		t.Errorf("an endless page: %+v", l)
	}
	check("/gone?c={click_id}")
	if f := w.finding("landing_error"); f == nil || f.Severity != diagnosis.Bad || !strings.Contains(f.Sentence, "404") {
		t.Errorf("a page that is gone: %+v", f)
	}
	check("/guarded?c={click_id}")
	if f := w.finding("landing_error"); f == nil || f.Severity != diagnosis.Warn {
		t.Errorf("a page that refuses us: %+v", f)
	}
	w.set(func(o *catalog.Offer) { o.URL = page.URL + "/ok?c={click_id}" })
	w.only() // the answer was another URL's
	page.Close()
	check("/ok?c={click_id}")
	if f := w.finding("landing_error"); f == nil || f.Severity != diagnosis.Bad || strings.Contains(f.Sentence, "http://") {
		t.Errorf("nobody there: %+v", f)
	}
	if l := check(""); l.Failure == "" {
		t.Errorf("nobody there: %+v", l)
	}
}

// TestLandingGuard: addresses and ports that are nobody's landing page are not visited.
func TestLandingGuard(t *testing.T) {
	w := newWorld(t)
	visited := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited = true }))
	defer inside.Close()
	o := w.svc.Options
	o.AllowPrivate = false
	guarded := diagnosis.New(o)
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "http://"), ":")
	for _, u := range []string{
		"http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
		inside.URL, "http://example.com:22/", "http://example.com:" + port + "/", "tg://resolve?domain=x",
	} {
		w.now = w.now.Add(time.Minute)
		w.set(func(o *catalog.Offer) { o.URL = u })
		l, err := guarded.CheckLanding(t.Context(), owner, "ws_1", "off_1")
		w.must(err)
		if l.Status != 0 || l.Failure == "" {
			t.Errorf("%s was visited: %+v", u, l)
		}
	}
	if visited {
		t.Error("the server's own network was visited")
	}
}
