package books_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/factstest"
)

// reported runs a facts sink over the log and gives the rows it ends up with.
func (w *world) reported() []facts.Row {
	w.t.Helper()
	m := new(factstest.Memory)
	s := facts.NewSink(m, w.log, facts.SinkOptions{CommitEvery: time.Millisecond})
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	wait, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if err := s.WaitFor(wait, w.log.Last()); err != nil {
		w.t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
	return m.Rows()
}

// wantFacts checks that the facts hold n conversions, each once and in order.
func (w *world) wantFacts(n int) {
	w.t.Helper()
	rows := w.reported()
	seen := map[string]bool{}
	for i, r := range rows {
		if r.Fact.No != int64(i+1) {
			w.t.Errorf("row %d has the number %d", i+1, r.Fact.No)
		}
		if seen[r.Fact.Conversion] {
			w.t.Errorf("conversion %s is in the facts twice", r.Fact.Conversion)
		}
		seen[r.Fact.Conversion] = true
	}
	if len(rows) != n {
		w.t.Errorf("%d facts, want %d", len(rows), n)
	}
}

func (w *world) relay(to books.Publisher) *books.Relay {
	return books.NewRelay(w.db.Books(), to, "embedded", w.clock, quiet)
}

// judged has n conversions in the books.
func (w *world) judged(n int) {
	w.t.Helper()
	for i := range n {
		w.order(i)
	}
	p := w.processor()
	stop := w.run(p)
	w.waitFor(p)
	if errs := stop(); errs != nil {
		w.t.Fatal(errs)
	}
}

// Every write of a round fails, or reports failure: the facts have each row once.
func TestRelayFailurePairs(t *testing.T) {
	for _, op := range []string{"books.lease", "books.number_facts", "books.set_facts_published"} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s applied %v", op, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.judged(30)
				w.faults.arm(op, 1, applied)
				r := w.relay(w.log)
				if _, err := r.Round(t.Context()); !errors.Is(err, errFault) {
					t.Fatalf("the round: %v", err)
				}
				again := w.relay(w.log) // a new process
				if err := again.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.wantFacts(30)
			})
		}
	}
}

// halfway publishes some of the records and then fails, as a log that broke would.
type halfway struct {
	log  *eventlog.Log
	left int
}

func (h *halfway) AppendFacts(ctx context.Context, records [][]byte) error {
	if h.left == 0 {
		return h.log.AppendFacts(ctx, records)
	}
	h.left--
	err := h.log.AppendFacts(ctx, records[:len(records)/2])
	if err != nil {
		return err
	}
	return eventlog.ErrFailed
}

// A publication that broke off is repeated from its beginning, and counts once.
func TestRelayPublishesAgain(t *testing.T) {
	w := newWorld(t)
	w.judged(40)
	r := w.relay(&halfway{w.log, 3})
	for range 3 {
		if _, err := r.Round(t.Context()); !errors.Is(err, eventlog.ErrFailed) {
			t.Fatalf("the round: %v", err)
		}
	}
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantFacts(40)
}

// Rounds that are asked for from everywhere, while conversions come in.
func TestRelayRoundsTogether(t *testing.T) {
	w := newWorld(t)
	p := w.processor()
	stop := w.run(p)
	r := w.relay(w.log)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for i := range 60 {
		w.order(i)
		wg.Go(func() {
			if err := r.Drain(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	w.waitFor(p)
	if err := r.Drain(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
	if errs := stop(); errs != nil {
		t.Error(errs)
	}
	w.wantFacts(60)
}

// Only one of two relays carries; the other takes over when the lease has ended.
func TestRelayLease(t *testing.T) {
	w := newWorld(t)
	w.judged(3)
	first := w.relay(w.log)
	if n, err := first.Round(t.Context()); n != 3 || err != nil {
		t.Fatalf("%d facts, %v", n, err)
	}
	other := books.NewRelay(w.db.Books(), w.log, "another", w.clock, quiet)
	if _, err := other.Round(t.Context()); err == nil {
		t.Error("two relays carry at once")
	}
	w.pass(time.Minute)
	if err := other.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := first.Round(t.Context()); err == nil {
		t.Error("a relay that lost its lease goes on")
	}
	w.wantFacts(3)
}

// An outbox row that does not decode is said, with its number, and not skipped.
func TestRelayRefusesDamage(t *testing.T) {
	w := newWorld(t)
	w.judged(1)
	r := w.relay(refusing{})
	if _, err := r.Round(t.Context()); !errors.Is(err, errFault) {
		t.Errorf("a log that refuses: %v", err)
	}
	done, err := w.db.Books().FactsPublished(t.Context())
	if err != nil || done != 0 {
		t.Errorf("published %d, %v", done, err)
	}
	rows, err := w.db.Books().FactsAfter(t.Context(), 0, 10)
	if err != nil || len(rows) != 1 {
		t.Fatalf("outbox %v, %v", rows, err)
	}
	f, err := event.DecodeFact(rows[0].Fact)
	if err != nil || f.Conversions != 1 {
		t.Errorf("the row in the outbox: %+v, %v", f, err)
	}
}

type refusing struct{}

func (refusing) AppendFacts(context.Context, [][]byte) error { return errFault }
