package clickindex_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/clickindex"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/store"
)

const patience = 20 * time.Second

var (
	quiet    = slog.New(slog.DiscardHandler)
	errFault = errors.New("injected fault")
)

// faults fails the n-th addition, before or after it is applied.
type faults struct {
	mu      sync.Mutex
	left    int
	applied bool
}

func (f *faults) commit(op string) (before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != "clickindex.add" || f.left == 0 {
		return nil, nil
	}
	f.left--
	if f.left > 0 {
		return nil, nil
	}
	if f.applied {
		return nil, errFault
	}
	return errFault, nil
}

type world struct {
	t     *testing.T
	index clickindex.Index
	log   *eventlog.Log
	next  byte
	ids   []event.ClickID
}

func newWorld(t *testing.T, f *faults) *world {
	t.Helper()
	index, err := store.OpenClickIndexSQLite(t.Context(), filepath.Join(t.TempDir(), "clicks.db"), store.Options{Logger: quiet, Fault: f.commit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, index: index, log: openLog(t, t.TempDir())}
}

func openLog(t *testing.T, dir string) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), eventlog.Options{Dir: dir, Logger: quiet, Relaxed: true, Deadline: patience, MinFreeBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

// visit appends one visit, and beside it what is none.
func (w *world) visit() event.ClickID {
	w.t.Helper()
	w.next++
	id := event.ClickID{1, 2, 3, 4, 5, w.next}
	v := &event.Visit{ID: id, At: int64(w.next), Dims: event.Dims{Workspace: "ws_1"}}
	for _, r := range []eventlog.Record{{Class: eventlog.Visit, Data: v.Append(nil)}, {Class: eventlog.Signal, Data: []byte("not looked at")}} {
		if _, err := w.log.Append(w.t.Context(), r.Class, r.Data); err != nil {
			w.t.Fatal(err)
		}
	}
	w.ids = append(w.ids, id)
	return id
}

// run runs the sink again after each error, as the app does.
func run(t *testing.T, s *clickindex.Sink) (stop func() []error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan []error, 1)
	go func() {
		var errs []error
		for ctx.Err() == nil && len(errs) < 5 {
			if err := s.Run(ctx); err != nil {
				errs = append(errs, err)
			}
		}
		done <- errs
	}()
	stop = sync.OnceValue(func() []error { cancel(); return <-done })
	t.Cleanup(func() { stop() })
	return stop
}

func (w *world) waitFor(s *clickindex.Sink) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := s.WaitFor(ctx, w.log.Last()); err != nil {
		w.t.Fatalf("the index stands at %d of %d: %v", s.Position().Seq, w.log.Last(), err)
	}
}

func (w *world) whole() {
	w.t.Helper()
	for _, id := range w.ids {
		v, err := w.index.Find(w.t.Context(), id)
		if err != nil || v == nil || v.ID != id {
			w.t.Errorf("click %s: %v, %v", id, v, err)
		}
	}
	pos, err := w.index.Position(w.t.Context())
	if want := (eventlog.Position{Stream: w.log.StreamID(), Seq: w.log.Last()}); err != nil || pos != want {
		w.t.Errorf("the index stands at %v, want %v, %v", pos, want, err)
	}
}

// An addition that failed, or was applied and reported as failed: the sink goes on
// from where the index stands.
func TestFailurePairs(t *testing.T) {
	for nth := 1; nth <= 3; nth++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("addition %d applied %v", nth, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, &faults{left: nth, applied: applied})
				s := clickindex.NewSink(w.index, w.log)
				stop := run(t, s)
				for range 10 {
					w.visit()
					w.waitFor(s)
				}
				if errs := stop(); len(errs) != 1 || !errors.Is(errs[0], errFault) {
					t.Fatalf("errors %v", errs)
				}
				w.whole()
			})
		}
	}
}

// A new sink goes on behind the stored position, and one that is caught up says so.
func TestGoesOn(t *testing.T) {
	w := newWorld(t, &faults{})
	for range 3 {
		w.visit()
	}
	s := clickindex.NewSink(w.index, w.log)
	stop := run(t, s)
	w.waitFor(s)
	if errs := stop(); errs != nil {
		t.Fatal(errs)
	}
	for range 3 {
		w.visit()
	}
	again := clickindex.NewSink(w.index, w.log)
	if err := again.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again.Position() != s.Position() {
		t.Errorf("begins at %v, the other ended at %v", again.Position(), s.Position())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := again.WaitFor(ctx, w.log.Last()); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for what does not come: %v", err)
	}
	run(t, again)
	w.waitFor(again)
	w.whole()
}

// An index of another log, ahead of its log, or moved by somebody else, is not written to.
func TestRefuses(t *testing.T) {
	w := newWorld(t, &faults{})
	w.visit()
	s := clickindex.NewSink(w.index, w.log)
	stop := run(t, s)
	w.waitFor(s)
	stop()
	foreign := clickindex.NewSink(w.index, openLog(t, t.TempDir()))
	if err := foreign.Run(t.Context()); !errors.Is(err, eventlog.ErrForeign) {
		t.Errorf("another log: %v", err)
	}
	at := s.Position()
	ahead := eventlog.Position{Stream: at.Stream, Seq: at.Seq + 10}
	if err := w.index.Add(t.Context(), at, ahead, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); !errors.Is(err, eventlog.ErrBehind) {
		t.Errorf("a log that ends before: %v", err)
	}
	// Somebody moves the position while the sink runs.
	if err := w.index.Add(t.Context(), ahead, at, nil); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(t.Context()) }()
	w.visit()
	w.waitFor(s)
	at = s.Position()
	if err := w.index.Add(t.Context(), at, eventlog.Position{Stream: at.Stream, Seq: at.Seq + 1}, nil); err != nil {
		t.Fatal(err)
	}
	w.visit()
	if err := <-done; !errors.Is(err, books.ErrMoved) {
		t.Errorf("two sinks on one index: %v", err)
	}
}

// A visit that does not decode stops the sink: leaving it out would lose it.
func TestUnreadableVisit(t *testing.T) {
	w := newWorld(t, &faults{})
	if _, err := w.log.Append(t.Context(), eventlog.Visit, []byte("?")); err != nil {
		t.Fatal(err)
	}
	s := clickindex.NewSink(w.index, w.log)
	if err := s.Run(t.Context()); err == nil {
		t.Error("the sink went on")
	}
	if s.Position().Seq != 0 {
		t.Errorf("position %v", s.Position())
	}
}

// Old clicks are pruned, those within the window are kept.
func TestKeep(t *testing.T) {
	w := newWorld(t, &faults{})
	for range 10 {
		w.visit() // at 1…10 µs
	}
	s := clickindex.NewSink(w.index, w.log)
	run(t, s)
	w.waitFor(s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Keep(ctx, 100*time.Microsecond, func() time.Time { return time.UnixMicro(106) }) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for pruned := false; !pruned; {
		v, err := w.index.Find(t.Context(), w.ids[4])
		pruned = err == nil && v == nil
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatal("never pruned")
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for i, id := range w.ids {
		v, err := w.index.Find(t.Context(), id)
		if err != nil || (v != nil) != (i+1 >= 6) {
			t.Errorf("click of %d µs: %v, %v", i+1, v, err)
		}
	}
}
