package edge

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

func openLog(t *testing.T, dir string) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), eventlog.Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestWhatWasAnsweredIsInTheLog drives the edge with the real log in many goroutines,
// closes it, and finds every 302 and every 2xx in it again, exactly once (DESIGN §5).
func TestWhatWasAnsweredIsInTheLog(t *testing.T) {
	dir := t.TempDir()
	log := openLog(t, dir)
	w := newWorld(t, func(o *Options) { o.Log = log })

	var mu sync.Mutex
	answered := map[string]string{} // id → what its record must hold
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 40 {
				mark := fmt.Sprintf("%d-%d", g, i)
				visit := w.get(t, "/c/k1?sub1="+mark)
				to, err := url.Parse(visit.Header.Get("Location"))
				if err != nil || visit.StatusCode != http.StatusFound {
					t.Errorf("visit %s: %d, %v", mark, visit.StatusCode, err)
					return
				}
				signal := w.get(t, "/postback?txid="+mark)
				if signal.StatusCode != http.StatusAccepted {
					t.Errorf("signal %s: %d", mark, signal.StatusCode)
					return
				}
				mu.Lock()
				answered[to.Query().Get("ref")] = "visit " + mark
				answered[signal.Header.Get("Clickledger-Signal")] = "signal " + mark
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if n := w.counter(t, "clickledger_clicks_unacked_total"); n != 0 {
		t.Errorf("%v visits unacknowledged in a healthy run", n)
	}
	if err := log.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	log = openLog(t, dir)
	logged := map[string]string{}
	ctx, done := context.WithCancel(t.Context())
	defer done()
	last := log.Last()
	err := log.Follow(ctx, 0, func(batches []eventlog.Batch) error {
		for _, b := range batches {
			for _, r := range b.Records {
				id, holds := decode(t, r)
				if logged[id] != "" {
					t.Errorf("%s is in the log twice", id)
				}
				logged[id] = holds
			}
			if b.Seq >= last {
				done()
			}
		}
		return nil
	})
	if ctx.Err() == nil {
		t.Fatal(err)
	}
	if len(answered) != 8*40*2 {
		t.Errorf("%d answers with distinct ids, want %d", len(answered), 8*40*2)
	}
	for id, want := range answered {
		if logged[id] != want {
			t.Errorf("%s was answered as %q and is logged as %q", id, want, logged[id])
		}
	}
	if len(logged) != len(answered) {
		t.Errorf("%d records of %d answers", len(logged), len(answered))
	}
	if err := log.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	// A closed log takes nothing: visitors leave all the same, signals are refused.
	w.edge.log = log
	if res := w.get(t, "/c/k1"); res.StatusCode != http.StatusFound || w.counter(t, "clickledger_clicks_unacked_total") != 1 {
		t.Errorf("visit without a log: %d", res.StatusCode)
	}
	if res := w.get(t, "/postback?txid=x"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("signal without a log: %d", res.StatusCode)
	}
}

func decode(t *testing.T, r eventlog.Record) (id, holds string) {
	t.Helper()
	switch r.Class {
	case eventlog.Visit:
		v, err := event.DecodeVisit(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		return v.ID.String(), "visit " + v.Subs[0]
	case eventlog.Signal:
		s, err := event.DecodeSignal(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		return s.ID.String(), "signal " + strings.TrimPrefix(s.Query, "txid=")
	}
	t.Fatalf("a record of %v", r.Class)
	return "", ""
}
