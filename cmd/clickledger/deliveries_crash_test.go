package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tracker is a publisher's, which holds its answers back until it is told to.
type tracker struct {
	*httptest.Server
	mu    sync.Mutex
	calls map[string][]string // conversion → ids of the deliveries that called
	hold  bool
	held  int // calls that wait for an answer that never comes
}

func newTracker(t *testing.T) *tracker {
	tr := &tracker{calls: map[string][]string{}, hold: true}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tr.mu.Lock()
		order, hold := r.URL.Query().Get("order"), tr.hold
		tr.calls[order] = append(tr.calls[order], r.Header.Get("Clickledger-Delivery"))
		if hold {
			tr.held++
		}
		tr.mu.Unlock()
		if hold {
			<-r.Context().Done() // the caller is killed
		}
	}))
	t.Cleanup(tr.Close)
	return tr
}

func (tr *tracker) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		tr.mu.Lock()
		done := ok()
		tr.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// TestDeliveriesSurviveKill kills the server while calls to a publisher are under way and
// others wait behind them, three times: after the restart each order that was told accepted
// is told to the publisher at least once, under the delivery's own id, and none is lost.
func TestDeliveriesSurviveKill(t *testing.T) {
	data, addr := dataDir(t), freePort(t)
	tr := newTracker(t)
	p := start(t, data, addr, 0, "--outbound-private")
	m := p.market(map[string]any{"initial_status": "approved"})
	pb := p.api("POST", "/postbacks", map[string]any{"workspace": m.workspace, "publisher": m.publisher, "url": tr.URL + "/?order={txid}"})
	a := &acked{signals: map[string]string{}, orders: map[string]bool{}}
	client := noFollow()
	defer client.CloseIdleConnections()
	for round := range 3 {
		for i := range 4 {
			click, err := visit(t.Context(), client, p.url+m.link)
			if err != nil {
				t.Fatal(err)
			}
			a.buy(t.Context(), client, p.url, m, click, fmt.Sprintf("o-%d-%d", round, i))
		}
		tr.until(t, "calls under way", func() bool { return tr.held >= 2 })
		p.kill()
		tr.mu.Lock()
		tr.held = 0
		tr.mu.Unlock()
		p = start(t, data, addr, 0, "--outbound-private")
	}
	if len(a.orders) != 12 {
		t.Fatalf("%d orders were accepted, want 12", len(a.orders))
	}
	tr.until(t, "a call after the last kill", func() bool { return tr.held >= 2 })
	p.kill() // under way again: these were never answered
	tr.mu.Lock()
	tr.hold = false
	tr.mu.Unlock()
	p = start(t, data, addr, 0, "--outbound-private")
	list := func() []map[string]any {
		page := p.api("GET", "/deliveries?limit=100&workspace="+m.workspace+"&postback="+fmt.Sprint(pb["id"]), nil)
		var out []map[string]any
		for _, d := range page["data"].([]any) {
			out = append(out, d.(map[string]any))
		}
		return out
	}
	for end := time.Now().Add(60 * time.Second); slices.ContainsFunc(list(), func(d map[string]any) bool { return d["state"] != "sent" }); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not all were sent: %v", list())
		}
	}
	all := list()
	if len(all) != len(a.orders) {
		t.Errorf("%d deliveries of %d orders", len(all), len(a.orders))
	}
	known := map[string]bool{}
	for _, d := range all {
		known[fmt.Sprint(d["id"])] = true
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for o := range a.orders {
		ids := tr.calls[o]
		if len(ids) == 0 {
			t.Errorf("the publisher was never told of the order %s", o)
		}
		for _, id := range ids {
			if !known[id] || id != ids[0] {
				t.Errorf("the order %s was told by the deliveries %v, want one that is in the log", o, ids)
			}
		}
	}
	p.stop()
	if strings.Contains(p.log.String(), "level=ERROR") {
		t.Errorf("errors in the log of the last run:\n%s", p.log)
	}
}
