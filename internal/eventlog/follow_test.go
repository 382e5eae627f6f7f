package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/eventlog"
)

// Several followers, at the end and from the beginning, see every record in order
// while the log is written and trimmed.
func TestFollowUnderLoad(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBatchBytes = 4 << 10
	l := open(t, o)
	appendMany(t, l, "early", 500, 20)
	const total = 4000
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := errors.New("done")
	var wg sync.WaitGroup
	var slowest atomic.Uint64
	for f := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			next, records := uint64(1), map[string]bool{}
			err := l.Follow(ctx, 0, func(bs []eventlog.Batch) error {
				size := 0
				for _, b := range bs {
					if b.Seq != next {
						return fmt.Errorf("sequence %d where %d is due", b.Seq, next)
					}
					next++
					for _, r := range b.Records {
						if records[string(r.Data)] {
							return fmt.Errorf("%s comes twice", r.Data)
						}
						records[string(r.Data)] = true
						size += len(r.Data)
					}
				}
				if len(bs) > 256 || size > 4<<20 {
					return fmt.Errorf("%d batches of %d bytes at once", len(bs), size)
				}
				if f == 0 {
					slowest.Store(next - 1)
				}
				if len(records) == total+500 {
					return done
				}
				return nil
			})
			if !errors.Is(err, done) {
				t.Errorf("follower %d: %v after %d records", f, err, len(records))
			}
		}()
	}
	appendMany(t, l, "load", total, 40)
	wg.Wait()
	if slowest.Load() != l.Last() {
		t.Errorf("the follower ended at %d of %d", slowest.Load(), l.Last())
	}
}

// A record reaches a follower shortly after it was acknowledged, also when the log is idle.
func TestFollowDelivers(t *testing.T) {
	l := open(t, options(t.TempDir()))
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan eventlog.Batch)
	ended := make(chan error)
	go func() {
		ended <- l.Follow(ctx, 0, func(bs []eventlog.Batch) error {
			for _, b := range bs {
				got <- b
			}
			return nil
		})
	}()
	var waits []time.Duration
	for i := range 100 {
		before := time.Now()
		seq := mustAppend(t, l, eventlog.Signal, fmt.Sprint(i))
		acked := time.Now()
		b := <-got
		waits = append(waits, time.Since(acked))
		if b.Seq != seq || string(b.Records[0].Data) != fmt.Sprint(i) || b.Time.Before(before) || b.Time.After(acked) {
			t.Fatalf("append %d of sequence %d: got %+v", i, seq, b)
		}
	}
	slices.Sort(waits)
	t.Logf("from acknowledgment to delivery: median %v, 99 %% %v", waits[50], waits[98])
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("follow: %v", err)
	}
	fails := errors.New("fails")
	err := l.Follow(t.Context(), 10, func(bs []eventlog.Batch) error {
		if bs[0].Seq != 11 {
			t.Errorf("begins at %d", bs[0].Seq)
		}
		return fails
	})
	if !errors.Is(err, fails) {
		t.Errorf("follow: %v", err)
	}
	// The time is in the message: a later reading gives the same.
	if again := follow(t, l, 99); len(again) != 1 || again[0].Time.Location() != time.UTC {
		t.Errorf("again: %+v", again)
	}
}

func TestTrimAndGap(t *testing.T) {
	o := options(t.TempDir())
	l := open(t, o)
	for i := range 50 {
		mustAppend(t, l, eventlog.Visit, fmt.Sprint(i))
	}
	never := func([]eventlog.Batch) error { return errors.New("delivered") }
	check := func(first, last uint64) {
		t.Helper()
		got, err := l.First()
		if err != nil || got != first || l.Last() != last {
			t.Errorf("first %d, %v, last %d; want %d and %d", got, err, l.Last(), first, last)
		}
		bs := follow(t, l, first-1)
		if len(bs) != int(last-first+1) || string(bs[0].Records[0].Data) != fmt.Sprint(first-1) {
			t.Errorf("from %d: %d batches", first, len(bs))
		}
		if first > 1 {
			err = l.Follow(t.Context(), first-2, never)
			if !errors.Is(err, eventlog.ErrGap) {
				t.Errorf("following from before the first: %v", err)
			}
		}
		err = l.Follow(t.Context(), last+1, never)
		if !errors.Is(err, eventlog.ErrBehind) {
			t.Errorf("following from behind the end: %v", err)
		}
	}
	trim := func(upTo uint64) {
		t.Helper()
		err := l.Trim(t.Context(), upTo)
		if err != nil {
			t.Fatal(err)
		}
	}
	check(1, 50)
	trim(0)
	check(1, 50)
	trim(20)
	check(21, 50)
	trim(7) // is trimmed already
	check(21, 50)
	closeLog(t, l)
	l = open(t, o)
	check(21, 50)
	trim(1000) // the newest stays: the sequence must not begin again
	check(50, 50)
	copied := o
	copied.Dir = t.TempDir()
	copyDir(t, o.Dir, copied.Dir)
	closeLog(t, l)
	for _, o := range []eventlog.Options{o, copied} {
		l = open(t, o)
		check(50, 50)
		if seq := mustAppend(t, l, eventlog.Visit, "50"); seq != 51 {
			t.Errorf("sequence %d after trimming all", seq)
		}
		check(50, 51)
		closeLog(t, l)
	}
	if err := l.Trim(t.Context(), 50); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("trim on a closed log: %v", err)
	}
}

// Trim goes on in steps while the log is written, and a follower that keeps up sees no gap.
func TestTrimUnderLoad(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBatchBytes = 64 << 10
	l := open(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen atomic.Uint64
	ended := make(chan error, 1)
	go func() {
		ended <- l.Follow(ctx, 0, func(bs []eventlog.Batch) error {
			if bs[0].Seq != seen.Load()+1 {
				return fmt.Errorf("sequence %d after %d", bs[0].Seq, seen.Load())
			}
			seen.Store(bs[len(bs)-1].Seq)
			return nil
		})
	}()
	written := make(chan struct{})
	go func() {
		defer close(written)
		appendMany(t, l, strings.Repeat("x", 8<<10), 1500, 16)
	}()
	for stop := false; !stop; {
		select {
		case <-written:
			stop = true
		case err := <-ended:
			t.Fatal(err)
		default:
		}
		err := l.Trim(t.Context(), seen.Load())
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the follower is at the end", func() bool { return seen.Load() == l.Last() })
	last := l.Last()
	err := l.Trim(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Bytes > 128<<10 || s.First != last {
		t.Errorf("stats %+v", s)
	}
}

func TestCheckPosition(t *testing.T) {
	o := options(t.TempDir())
	l := open(t, o)
	mustAppend(t, l, eventlog.Visit, "one")
	id := l.StreamID()
	for _, tc := range []struct {
		p    eventlog.Position
		want error
	}{
		{eventlog.Position{}, nil},
		{eventlog.Position{Stream: id}, nil},
		{eventlog.Position{Stream: id, Seq: 1}, nil},
		{eventlog.Position{Stream: id, Seq: 2}, eventlog.ErrBehind},
		{eventlog.Position{Seq: 1}, eventlog.ErrForeign},
		{eventlog.Position{Stream: "other"}, eventlog.ErrForeign},
		{eventlog.Position{Stream: "other", Seq: 9}, eventlog.ErrForeign},
	} {
		err := l.CheckPosition(tc.p)
		if !errors.Is(err, tc.want) {
			t.Errorf("%+v: %v", tc.p, err)
		}
		if err != nil && (!strings.Contains(err.Error(), o.Dir) || !strings.Contains(err.Error(), "rebuild")) {
			t.Errorf("%+v: no instructions in: %v", tc.p, err)
		}
	}
}
