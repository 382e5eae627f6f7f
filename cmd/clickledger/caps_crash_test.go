package main

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestClickCapSurvivesKill: whoever was admitted before a SIGKILL stays counted after it.
// The log has every click that was admitted, the facts may lag behind it; a cap on clicks
// admits no more than its places all the same. Only the eight visitors in flight at the
// kill may have taken a place without an answer.
func TestClickCapSurvivesKill(t *testing.T) {
	const limit, workers = 600, 8
	for round := range 3 {
		data, addr := dataDir(t), freePort(t)
		p := start(t, data, addr, 0)
		m := p.market(map[string]any{"caps": []any{map[string]any{"event": "clicks", "period": "total", "limit": limit}}})
		var admitted atomic.Int64
		// crowd sends visitors until n have asked or the server is gone.
		crowd := func(n int64) {
			var asked atomic.Int64
			var wg sync.WaitGroup
			client := noFollow()
			defer client.CloseIdleConnections()
			for range workers {
				wg.Go(func() {
					for asked.Add(1) <= n {
						id, err := visit(context.Background(), client, p.url+m.link)
						switch {
						case err == nil && id != "":
							admitted.Add(1)
						case err != nil && !strings.HasPrefix(err.Error(), "status"):
							return // the server is gone
						}
					}
				})
			}
			wg.Wait()
		}
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			crowd(limit - 100)
		}()
		for end := time.Now().Add(20 * time.Second); admitted.Load() < int64(150+100*round); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("only %d were admitted", admitted.Load())
			}
		}
		p.kill()
		<-gone
		before := admitted.Load()
		p = start(t, data, addr, 0)
		crowd(2 * limit)
		if n := admitted.Load(); n > limit || n < limit-workers {
			t.Errorf("%d visitors were admitted before the kill and %d in all, want %d", before, n, limit)
		}
		p.stop()
	}
}
