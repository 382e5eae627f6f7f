package diagnosis_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/catalog"
)

// "An offer's page is visited at most every ten seconds", also by those who ask at the
// same time.
func TestLandingAskedAtOnce(t *testing.T) {
	w := newWorld(t)
	var visits atomic.Int64
	page := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		visits.Add(1)
		time.Sleep(50 * time.Millisecond)
	}))
	defer page.Close()
	w.now = w.now.Add(time.Minute)
	w.set(func(o *catalog.Offer) { o.URL = page.URL + "/?c={click_id}" })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _, _ = w.svc.CheckLanding(t.Context(), owner, "ws_1", "off_1") })
	}
	wg.Wait()
	if n := visits.Load(); n != 1 {
		t.Errorf("%d visits within ten seconds, want 1", n)
	}
}

// A clock that is put back does not freeze the check until it has caught up.
func TestLandingAfterAClockPutBack(t *testing.T) {
	w := newWorld(t)
	visits := 0
	page := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits++ }))
	defer page.Close()
	w.set(func(o *catalog.Offer) { o.URL = page.URL + "/?c={click_id}" })
	for range 2 {
		if _, err := w.svc.CheckLanding(t.Context(), owner, "ws_1", "off_1"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(-time.Hour)
	}
	if visits != 2 {
		t.Errorf("%d visits, want 2: the clock was put back an hour", visits)
	}
}
