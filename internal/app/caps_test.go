package app

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"
)

// person is a browser: automatic clients use up no cap.
const person = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// crowd is n visitors of a link at once. It counts where they are sent, by host.
func (s *server) crowd(path string, n int) map[string]int {
	s.t.Helper()
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: n}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	went := map[string]int{}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
			if err != nil {
				s.t.Error(err)
				return
			}
			req.Header.Set("User-Agent", person)
			<-start
			res, err := client.Do(req)
			if err != nil {
				s.t.Error(err)
				return
			}
			res.Body.Close()
			to, err := url.Parse(res.Header.Get("Location"))
			if err != nil {
				s.t.Error(err)
				return
			}
			mu.Lock()
			went[to.Host]++
			mu.Unlock()
		})
	}
	close(start)
	wg.Wait()
	return went
}

func (s *server) patchOffer(m market, body map[string]any) {
	s.t.Helper()
	s.api("PATCH", "/offers/"+m.offer+"?workspace="+m.workspace, body)
}

// capUse asks the API how the n-th cap stands.
func (s *server) capUse(m market, n int) map[string]any {
	s.t.Helper()
	rows, _ := s.api("GET", "/offers/"+m.offer+"/caps?workspace="+m.workspace, nil)["data"].([]any)
	if len(rows) <= n {
		s.t.Fatalf("%d caps", len(rows))
	}
	row, _ := rows[n].(map[string]any)
	return row
}

// Of 200 visitors at once through the real door exactly as many reach the offer as its
// cap has places, also when the process ended in between, by order: the worst
// overshoot of a cap on clicks is none.
func TestClickCapOverHTTP(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	m := s.market()
	s.crowd(m.link, 20) // before there is a cap
	s.patchOffer(m, map[string]any{"fallback_url": "https://elsewhere.example/", "caps": []any{
		map[string]any{"event": "clicks", "period": "total", "limit": 190}, map[string]any{"event": "clicks", "period": "monthly", "limit": 1000}}})
	s.caughtUp()
	eventually(t, func() bool { u := s.capUse(m, 0); return u["used"] == 20.0 && u["provisional"] == false })
	if went := s.crowd(m.link, 100); went["shop.example"] != 100 {
		t.Fatalf("%v", went)
	}
	s.caughtUp()
	s.stop()

	s = start(t, data)
	if u := s.capUse(m, 0); u["used"] != 120.0 {
		t.Errorf("after a restart: %v", u)
	}
	if went := s.crowd(m.link, 200); went["shop.example"] != 70 || went["elsewhere.example"] != 130 {
		t.Errorf("%v, want 70 more", went)
	}
	if u := s.capUse(m, 0); u["used"] != 190.0 || u["state"] != "reached" || u["reason"] != "cap_clicks_total" {
		t.Errorf("%v", u)
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for began := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatal("it did not come to that")
		}
	}
}

// When conversions reach a cap the offer closes within a second of the postback's answer;
// a rejection opens it again. Clicks from before may still convert, and are over the cap.
func TestConversionCapClosesTheOffer(t *testing.T) {
	s := start(t, t.TempDir())
	m := s.market()
	s.patchOffer(m, map[string]any{"fallback_url": "https://elsewhere.example/", "caps": []any{map[string]any{"event": "conversions", "period": "daily", "limit": 3}}})
	var clicks []string
	for range 5 {
		clicks = append(clicks, s.mustClick(m))
	}
	for n, c := range clicks[:3] {
		s.mustBuy(m, c, fmt.Sprint(n))
	}
	began := time.Now()
	for s.crowd(m.link, 1)["elsewhere.example"] == 0 {
		if time.Since(began) > time.Second {
			t.Fatal("the offer takes visitors a second after its cap was reached")
		}
	}
	t.Logf("closed within %s of the answer to the last postback", time.Since(began))
	if went := s.crowd(m.link, 50); went["elsewhere.example"] != 50 {
		t.Errorf("%v", went)
	}
	s.mustBuy(m, clicks[3], "3") // it was on its way
	list, _ := s.api("GET", "/conversions?workspace="+m.workspace, nil)["data"].([]any)
	if len(list) != 4 {
		t.Fatalf("%d conversions", len(list))
	}
	if u := s.capUse(m, 0); u["used"] != 3.0 || u["state"] != "reached" || u["since"] == nil {
		t.Errorf("%v", u)
	}
	oldest, _ := list[3].(map[string]any)
	s.api("POST", fmt.Sprintf("/conversions/%v/reject?workspace=%s", oldest["id"], m.workspace), map[string]any{"reason": "returned"})
	eventually(t, func() bool { return s.crowd(m.link, 1)["shop.example"] == 1 })
}
