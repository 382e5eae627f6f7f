package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// acked is what the outside was told.
type acked struct {
	mu       sync.Mutex
	clicks   []string          // click ids of received 302s
	signals  map[string]string // signal id → verdict of received 2xx
	orders   map[string]bool   // order numbers whose postback was told accepted
	orderNo  int
	rejected int // postbacks answered otherwise
}

// visitors click and buy until ctx ends; requests that fail because the server was
// killed promise nothing.
func (a *acked) load(ctx context.Context, base string, m market, seed uint64) {
	var wg sync.WaitGroup
	client := noFollow()
	for w := range 8 {
		rng := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() {
			for ctx.Err() == nil {
				click, err := visit(ctx, client, base+m.link+"?sub1=s"+fmt.Sprint(rng.IntN(9)))
				if err != nil {
					continue
				}
				a.mu.Lock()
				a.clicks = append(a.clicks, click)
				a.orderNo++
				order := fmt.Sprintf("o-%d", a.orderNo)
				old := a.clicks[rng.IntN(len(a.clicks))]
				a.mu.Unlock()
				if rng.IntN(3) == 0 {
					a.buy(ctx, client, base, m, old, order)
				}
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()
}

func visit(ctx context.Context, client *http.Client, u string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusFound {
		return "", fmt.Errorf("status %s", res.Status)
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	return to.Query().Get("cid"), nil
}

// buy sends a postback, some of them twice at the same time.
func (a *acked) buy(ctx context.Context, client *http.Client, base string, m market, click, order string) {
	var wg sync.WaitGroup
	for range 1 + len(order)%2 {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/postback?amount=20.00&click_id="+click+"&token="+m.token+"&txid="+order, nil)
			if err != nil {
				return
			}
			req.Header.Set("Accept", "application/json")
			res, err := client.Do(req)
			if err != nil {
				return
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				return
			}
			var ans struct{ Verdict, Signal string }
			if res.StatusCode/100 != 2 || json.Unmarshal(b, &ans) != nil {
				a.mu.Lock()
				a.rejected++
				a.mu.Unlock()
				return
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.signals[ans.Signal] = ans.Verdict
			if ans.Verdict == "accepted" {
				a.orders[order] = true
			}
		})
	}
	wg.Wait()
}

// check compares the promises with what the restarted server has.
func (a *acked) check(t *testing.T, p *proc, m market) {
	t.Helper()
	// verify catches the consumers up, and checks log ↔ facts ↔ books by itself.
	verified(t, p.data)
	facts := map[string]string{}
	now := time.Now()
	q := map[string]any{"from": now.Add(-100 * time.Hour), "to": now.Add(100 * time.Hour), "dimensions": []string{"click_id"}, "metrics": []string{"visits"}, "limit": 100000}
	table := p.api("POST", "/reports?workspace="+m.workspace, q)
	if table["more"] == true {
		t.Fatal("more visits than one report shows")
	}
	for _, r := range table["rows"].([]any) {
		row := r.([]any)
		facts[fmt.Sprint(row[0])] += fmt.Sprint(row[len(row)-1])
	}
	for _, c := range a.clicks {
		if facts[c] != "1" {
			t.Errorf("the acknowledged click %s is in the facts %q times", c, facts[c])
		}
	}
	seen := map[string]int{}
	cursor := ""
	for {
		page := p.api("GET", "/conversions?limit=200&workspace="+m.workspace+"&cursor="+cursor, nil)
		for _, d := range page["data"].([]any) {
			seen[fmt.Sprint(d.(map[string]any)["txid"])]++
		}
		cursor, _ = page["next_cursor"].(string)
		if cursor == "" {
			break
		}
	}
	for o := range a.orders {
		if seen[o] != 1 {
			t.Errorf("the accepted order %s is in the books %d times", o, seen[o])
		}
	}
	for o, n := range seen {
		if n != 1 {
			t.Errorf("the order %s is in the books %d times", o, n)
		}
	}
	for id, verdict := range a.signals {
		row, err := call(p.url, "GET", "/signals/"+id+"?workspace="+m.workspace, nil)
		if err != nil {
			t.Errorf("the acknowledged signal %s (%s): %v", id, verdict, err)
			continue
		}
		if got := fmt.Sprint(row["verdict"]); verdict != "received" && verdict != "pending_click" && got != verdict {
			t.Errorf("signal %s was told %s and is %s", id, verdict, got)
		}
	}
	t.Logf("%d clicks, %d signals, %d accepted orders acknowledged; %d postbacks refused while the server went down", len(a.clicks), len(a.signals), len(a.orders), a.rejected)
}

// TestKilledUnderLoad kills the server at random moments, at least thirty times,
// once with the clock an hour back, and checks every promise.
func TestKilledUnderLoad(t *testing.T) {
	data, addr := dataDir(t), freePort(t)
	p := start(t, data, addr, 0)
	m := p.market(map[string]any{"initial_status": "approved"})
	a := &acked{signals: map[string]string{}, orders: map[string]bool{}}
	rng := rand.New(rand.NewPCG(1, 2))
	kills := 30
	for i := range kills {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { a.load(ctx, p.url, m, uint64(i)); close(done) }()
		<-time.After(time.Duration(20+rng.IntN(250)) * time.Millisecond) // the random moment
		p.kill()
		cancel()
		<-done
		clock := 0
		if i >= kills/2 {
			clock = -3600 // the clock went back, and stays there
		}
		p = start(t, data, addr, clock)
	}
	if len(a.clicks) < 100 || len(a.orders) < 20 {
		t.Fatalf("only %d clicks and %d orders: the load did not get through", len(a.clicks), len(a.orders))
	}
	dup := map[string]bool{}
	for _, c := range a.clicks {
		if dup[c] {
			t.Errorf("the click id %s was issued twice", c)
		}
		dup[c] = true
	}
	a.check(t, p, m)
	p.stop()
	verified(t, data) // also on the stopped folder
	if strings.Contains(p.log.String(), "level=ERROR") {
		t.Errorf("errors in the log of the last run:\n%s", p.log)
	}
}
