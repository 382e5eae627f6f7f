package duck

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts/factstest"
)

func openWhite(t *testing.T, opts Options) *Store {
	t.Helper()
	opts.Dir = t.TempDir()
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestCommitFaults: an addition that fails before its commit leaves nothing and can
// be repeated; one that reports a failure after it is there, and repeating is refused.
func TestCommitFaults(t *testing.T) {
	s := openWhite(t, Options{})
	boom := errors.New("boom")
	to := eventlog.Position{Stream: "a", Seq: 5000}
	rows := factstest.Rows(0, 4999)
	rows[7].Fact.ExternalID = "\xff"
	stage := "before commit"
	s.failpoint = func(at string) error {
		if at == stage {
			return boom
		}
		return nil
	}
	count := func() int64 {
		res, err := s.Query(t.Context(), "SELECT count(*) FROM facts")
		if err != nil {
			t.Fatal(err)
		}
		return res.Rows[0][0].(int64)
	}
	for range 3 {
		if err := s.Add(t.Context(), eventlog.Position{}, to, rows); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if st, err := s.State(t.Context()); err != nil || st.Position.Seq != 0 || st.Rows != 0 || count() != 0 {
			t.Fatalf("%+v, %v, %d rows after an addition that was not committed", st, err, count())
		}
	}
	stage = "after commit"
	if err := s.Add(t.Context(), eventlog.Position{}, to, rows); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if st, err := s.State(t.Context()); err != nil || st.Position != to || st.Rows != 5000 || count() != 5000 {
		t.Fatalf("%+v, %v, %d rows after a commit that reported a failure", st, err, count())
	}
	if rows[7].Fact.ExternalID != "\xff" {
		t.Error("the caller's rows were changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.failpoint = nil
	if err := s.Add(ctx, to, eventlog.Position{Stream: "a", Seq: 5001}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an addition under an ended context: %v", err)
	}
}

func TestCheckpointNeedsSpace(t *testing.T) {
	var log strings.Builder
	s := openWhite(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1000}, factstest.Rows(0, 999)); err != nil {
		t.Fatal(err)
	}
	before := s.LogBytes()
	s.freeSpace = func(string) (uint64, error) { return uint64(2*before - 1), nil }
	if err := s.Checkpoint(t.Context()); err != nil || s.LogBytes() != before || !strings.Contains(log.String(), "left out") {
		t.Errorf("without space: %v, log %d → %d bytes; said %q", err, before, s.LogBytes(), log.String())
	}
	s.freeSpace = func(string) (uint64, error) { return uint64(2 * before), nil }
	if err := s.Checkpoint(t.Context()); err != nil || s.LogBytes() >= before {
		t.Errorf("with space: %v, log %d → %d bytes", err, before, s.LogBytes())
	}
}

// TestCheckpointUnderReports: a small log lets reports be; a large one waits for them
// and gets its turn, however many come.
func TestCheckpointUnderReports(t *testing.T) {
	s := openWhite(t, Options{checkpointWaitBytes: 1})
	if err := s.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 20000}, factstest.Rows(0, 19999)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	for range 3 {
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil {
				if _, err := s.Query(ctx, sumsOf("facts")); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	for range 5 {
		if err := s.Checkpoint(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.LogBytes(); n != 0 {
		t.Errorf("%d bytes of log after checkpoints", n)
	}
	cancel()
	for range 3 {
		<-done
	}
	if seg, ok, err := s.Seal(t.Context()); !ok || err != nil || seg.Rows != 20000 {
		t.Errorf("%+v, %v, %v", seg, ok, err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range factstest.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		stored := encodeText(s)
		if got := decodeText(stored); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if strings.ToValidUTF8(stored, "") != stored {
			t.Fatalf("%q is stored as invalid UTF-8", s)
		}
	})
}
