package edge

import (
	"context"
	"sync"
	"time"

	"clickledger/internal/event"
)

// Answer is what judging tells the sender of a signal.
type Answer struct {
	Verdict    event.Verdict
	Detail     string // a sentence about this very signal, "" = the verdict's own says it all
	Field      string // the parameter it is about
	Conversion string // id, when there is one
	Test       bool   // it was about a test: nothing counts
}

// maxWaiting bounds the signals whose senders wait at once. Beyond it a signal is
// answered received at once; its verdict shows in the inbox.
const maxWaiting = 1 << 16

// Hub brings verdicts from the judge to the requests that wait for them. Releasing a
// signal that nobody waits for costs and keeps nothing. It is safe for concurrent use.
type Hub struct {
	mu      sync.Mutex
	waiting map[event.ClickID]*Waiter // guarded by mu
	limit   int
}

// NewHub makes a hub.
func NewHub() *Hub { return &Hub{waiting: map[event.ClickID]*Waiter{}, limit: maxWaiting} }

// Waiter waits for one signal's verdict. Exactly one of its methods is called, once.
type Waiter struct {
	hub    *Hub
	id     event.ClickID
	answer Answer        // the latest; guarded by hub.mu
	final  chan struct{} // closed when answer is final
}

// Expect announces that somebody will wait for the signal's verdict. It is called
// before the signal is logged, so that no verdict can come too early.
func (h *Hub) Expect(id event.ClickID) *Waiter {
	w := &Waiter{hub: h, id: id, answer: Answer{Verdict: event.Received}, final: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.waiting) >= h.limit {
		close(w.final) // full: received is the answer
		return w
	}
	h.waiting[id] = w
	return w
}

// Release tells the waiter, if there is one, what became of its signal. A verdict that
// is not final is kept as the answer for the case that none better comes in time.
func (h *Hub) Release(id event.ClickID, a Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.waiting[id]
	if w == nil {
		return
	}
	w.answer = a
	if event.Verdicts[a.Verdict].Final {
		delete(h.waiting, id)
		close(w.final)
	}
}

// Waiting is how many signals are waited for.
func (h *Hub) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// Wait returns the final answer, or the latest one when d has passed or ctx ends.
func (w *Waiter) Wait(ctx context.Context, d time.Duration) Answer {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-w.final:
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return w.Latest()
}

// Latest ends the waiting at once and returns the latest answer.
func (w *Waiter) Latest() Answer {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if w.hub.waiting[w.id] == w {
		delete(w.hub.waiting, w.id)
	}
	return w.answer
}
