package duck_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

var _ facts.Log = (*eventlog.Log)(nil)

// TestRealLog runs the sink between the real log and the real store, while reports
// are asked, and starts it again in between.
func TestRealLog(t *testing.T) {
	log, err := eventlog.Open(t.Context(), eventlog.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := log.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	visits := 0
	for range 3 {
		s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		sink := facts.NewSink(s, log, facts.SinkOptions{CommitRows: 100, CommitEvery: time.Millisecond, CheckpointEvery: 20 * time.Millisecond})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- sink.Run(ctx) }()
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 100 {
					v := factstest.Visit(visits + w*100 + i)
					seq, err := log.Append(t.Context(), eventlog.Visit, v.Append(nil))
					if err != nil {
						t.Error(err)
						return
					}
					if i%25 != 24 {
						continue
					}
					if err := sink.WaitFor(t.Context(), seq); err != nil {
						t.Error(err)
						return
					}
					res, err := s.Query(t.Context(), "SELECT count(*) FROM facts WHERE seq = ? AND external_id = ?", int64(seq), v.ExternalID)
					if err != nil || res.Rows[0][0] != int64(1) {
						t.Errorf("visit of sequence %d: %v, %v", seq, res.Rows, err)
					}
				}
			})
		}
		wg.Wait()
		visits += 400
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		seen := make(map[event.ClickID]bool)
		if err := s.Visits(t.Context(), func(_ uint64, v *event.Visit) error { seen[v.ID] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if st, err := s.State(t.Context()); err != nil || st.Rows != int64(visits) || len(seen) != visits || st.Position.Stream != log.StreamID() {
			t.Errorf("%+v, %v, %d different visits; want %d", st, err, len(seen), visits)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.State(t.Context()); err == nil {
			t.Error("a closed store answered")
		}
	}
}

// TestCloseUnderLoad closes while everything runs; the file opens again at once.
func TestCloseUnderLoad(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		st, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		started := make(chan struct{}, 10)
		loop := func(fn func() error) {
			wg.Go(func() {
				for first := true; ; first = false {
					if err := fn(); err != nil {
						return // closed
					}
					if first {
						started <- struct{}{}
					}
				}
			})
		}
		from := st.Position
		loop(func() error {
			n := int(from.Seq)
			to := eventlog.Position{Stream: stream, Seq: from.Seq + 100}
			err := s.Add(t.Context(), from, to, factstest.Rows(n, n+99))
			from = to
			return err
		})
		for range 3 {
			loop(func() error {
				_, err := s.Query(t.Context(), "SELECT country, sum(visits) FROM facts GROUP BY 1")
				return err
			})
		}
		loop(func() error { _, _, err := s.Seal(t.Context()); return err })
		loop(func() error { return s.Checkpoint(t.Context()) })
		for range 6 {
			<-started
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
}
