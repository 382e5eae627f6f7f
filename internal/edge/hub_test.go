package edge

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
)

func TestHub(t *testing.T) {
	id := event.ClickID{1}
	accepted := Answer{Verdict: event.Accepted, Conversion: "cnv_1"}
	pending := Answer{Verdict: event.PendingClick, Detail: "waits"}
	received := Answer{Verdict: event.Received}
	for name, tc := range map[string]struct {
		release func(h *Hub)
		want    Answer
		took    time.Duration
	}{
		"nothing comes":        {func(*Hub) {}, received, 250 * time.Millisecond},
		"final before waiting": {func(h *Hub) { h.Release(id, accepted) }, accepted, 0},
		"final later": {func(h *Hub) {
			go func() { time.Sleep(100 * time.Millisecond); h.Release(id, accepted) }()
		}, accepted, 100 * time.Millisecond},
		"not final only": {func(h *Hub) { h.Release(id, pending) }, pending, 250 * time.Millisecond},
		"not final, then final": {func(h *Hub) {
			h.Release(id, pending)
			go func() { time.Sleep(100 * time.Millisecond); h.Release(id, accepted) }()
		}, accepted, 100 * time.Millisecond},
		"too late": {func(h *Hub) {
			go func() { time.Sleep(300 * time.Millisecond); h.Release(id, accepted) }()
		}, received, 250 * time.Millisecond},
		"somebody else's":    {func(h *Hub) { h.Release(event.ClickID{2}, accepted) }, received, 250 * time.Millisecond},
		"final twice":        {func(h *Hub) { h.Release(id, accepted); h.Release(id, pending) }, accepted, 0},
		"a code of no table": {func(h *Hub) { h.Release(id, Answer{Verdict: "odd"}) }, Answer{Verdict: "odd"}, 250 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHub()
				w := h.Expect(id)
				tc.release(h)
				began := time.Now()
				got := w.Wait(t.Context(), 250*time.Millisecond)
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Error(d)
				}
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
				if n := h.Waiting(); n != 0 {
					t.Errorf("%d still wait", n)
				}
				time.Sleep(time.Second) // late releases of the bubble
			})
		})
	}
}

func TestHubIsBoundedAndKeepsNothing(t *testing.T) {
	h := NewHub()
	h.limit = 2
	a, b, over := h.Expect(event.ClickID{1}), h.Expect(event.ClickID{2}), h.Expect(event.ClickID{3})
	if got := over.Wait(t.Context(), time.Hour); got.Verdict != event.Received {
		t.Errorf("beyond the bound: %q", got.Verdict)
	}
	h.Release(event.ClickID{9}, Answer{Verdict: event.Accepted}) // nobody waits
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := a.Wait(ctx, time.Hour); got.Verdict != event.Received {
		t.Errorf("the sender hung up: %q", got.Verdict)
	}
	if b.Latest(); h.Waiting() != 0 {
		t.Errorf("%d still wait", h.Waiting())
	}
}
