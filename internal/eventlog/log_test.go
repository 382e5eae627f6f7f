package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"clickledger/internal/eventlog"
)

const patience = 20 * time.Second // for what must happen, but not at once

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func options(dir string) eventlog.Options {
	return eventlog.Options{Dir: dir, Logger: quiet, Deadline: patience, MinFreeBytes: 1}
}

func open(t testing.TB, o eventlog.Options) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(context.Background()) })
	return l
}

func closeLog(t testing.TB, l *eventlog.Log) {
	t.Helper()
	err := l.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t testing.TB, l *eventlog.Log, class eventlog.Class, text string) uint64 {
	t.Helper()
	seq, err := l.Append(t.Context(), class, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// eventually polls a condition that needs a moment.
func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// follow reads what the log holds after a sequence, and checks order and gaps.
func follow(t testing.TB, l *eventlog.Log, after uint64) []eventlog.Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var all []eventlog.Batch
	done := errors.New("done")
	if after == l.Last() {
		return nil
	}
	err := l.Follow(ctx, after, func(bs []eventlog.Batch) error {
		for _, b := range bs {
			if want := after + uint64(len(all)) + 1; b.Seq != want {
				return fmt.Errorf("sequence %d where %d is due", b.Seq, want)
			}
			all = append(all, b)
		}
		if all[len(all)-1].Seq >= l.Last() {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Fatalf("follow: %v", err)
	}
	return all
}

// contents counts the records by their text.
func contents(t testing.TB, l *eventlog.Log) map[string]int {
	t.Helper()
	first, err := l.First()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, b := range follow(t, l, first-1) {
		for _, r := range b.Records {
			found[string(r.Data)]++
		}
	}
	return found
}

// appendMany appends n records from several goroutines and returns the texts.
func appendMany(t testing.TB, l *eventlog.Log, prefix string, n, workers int) []string {
	t.Helper()
	texts := make([]string, n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < n; i += workers {
				texts[i] = fmt.Sprintf("%s-%d", prefix, i)
				_, err := l.Append(context.Background(), eventlog.Visit, []byte(texts[i]))
				if err != nil {
					t.Errorf("append %s: %v", texts[i], err)
				}
			}
		}()
	}
	wg.Wait()
	return texts
}

func expectOnce(t testing.TB, found map[string]int, texts []string) {
	t.Helper()
	for _, text := range texts {
		if found[text] != 1 {
			t.Errorf("%s is in the log %d times", text, found[text])
		}
	}
}

func TestAppendAndReopen(t *testing.T) {
	for _, relaxed := range []bool{false, true} {
		t.Run(fmt.Sprintf("relaxed=%v", relaxed), func(t *testing.T) {
			o := options(t.TempDir())
			o.Relaxed = relaxed
			l := open(t, o)
			if first, err := l.First(); first != 1 || err != nil || l.Last() != 0 {
				t.Errorf("new log: first %d, %v, last %d", first, err, l.Last())
			}
			if s := l.Stats(); s.State != eventlog.StateOK || s.Relaxed != relaxed {
				t.Errorf("stats %+v", s)
			}
			id := l.StreamID()
			var texts []string
			for i := range 3 {
				texts = append(texts, fmt.Sprint("single-", i))
				if seq := mustAppend(t, l, eventlog.Signal, texts[i]); seq != uint64(i+1) || l.Last() != seq {
					t.Fatalf("sequence %d, last %d", seq, l.Last())
				}
			}
			texts = append(texts, appendMany(t, l, "many", 2000, 50)...)
			last, before := l.Last(), l.Stats()
			closeLog(t, l)
			closeLog(t, l) // again does nothing
			_, err := l.Append(t.Context(), eventlog.Visit, []byte("late"))
			if !errors.Is(err, eventlog.ErrClosed) {
				t.Errorf("append after close: %v", err)
			}
			if l.Healthy() == nil {
				t.Error("a closed log says it is healthy")
			}

			l = open(t, o)
			if l.StreamID() != id || len(id) != 32 || l.Last() != last || l.Stats().Bytes != before.Bytes {
				t.Errorf("after reopening: id %s (was %s), last %d (%d), bytes %d (%d)",
					l.StreamID(), id, l.Last(), last, l.Stats().Bytes, before.Bytes)
			}
			found := contents(t, l)
			expectOnce(t, found, texts)
			if len(found) != len(texts) {
				t.Errorf("%d texts in the log, %d appended", len(found), len(texts))
			}
		})
	}
	l := open(t, options(t.TempDir()))
	if other := open(t, options(t.TempDir())); l.StreamID() == other.StreamID() {
		t.Error("two logs have the same id")
	}
}

// Append copies: the caller may reuse the memory at once.
func TestAppendCopies(t *testing.T) {
	l := open(t, options(t.TempDir()))
	buf := []byte("original")
	_, err := l.Append(t.Context(), eventlog.Visit, buf)
	if err != nil {
		t.Fatal(err)
	}
	copy(buf, "changed!")
	if found := contents(t, l); found["original"] != 1 {
		t.Errorf("found %v", found)
	}
}

// While one write is held, everything else must gather in the next.
func TestBatching(t *testing.T) {
	o := options(t.TempDir())
	entered, release := make(chan struct{}, 200), make(chan struct{})
	o.SetPublish(func(write func() (uint64, error)) (uint64, error) {
		entered <- struct{}{}
		<-release
		return write()
	})
	l := open(t, o)
	var wg sync.WaitGroup
	seqs := make([]uint64, 101)
	start := func(i int) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			seq, err := l.Append(context.Background(), eventlog.Visit, fmt.Append(nil, i))
			if err != nil {
				t.Error(err)
			}
			seqs[i] = seq
		}()
	}
	start(0)
	<-entered
	for i := 1; i <= 100; i++ {
		start(i)
	}
	eventually(t, "100 records wait", func() bool { return l.Waiting() == 100 })
	close(release)
	wg.Wait()
	if s := l.Stats(); s.Batches != 2 || s.Records != 101 || l.Last() != 2 {
		t.Errorf("%d messages for %d records, last %d", s.Batches, s.Records, l.Last())
	}
	for i, seq := range seqs[1:] {
		if seq != 2 {
			t.Errorf("record %d has sequence %d", i+1, seq)
		}
	}
}

func TestBatchLimit(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBatchBytes = 1000
	l := open(t, o)
	appendMany(t, l, strings.Repeat("x", 200), 100, 50)
	big := strings.Repeat("b", eventlog.MaxRecordBytes)
	mustAppend(t, l, eventlog.Signal, big) // over the batch limit: alone
	_, err := l.Append(t.Context(), eventlog.Signal, make([]byte, eventlog.MaxRecordBytes+1))
	if !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("a record over the hard limit: %v", err)
	}
	_, err = l.Append(t.Context(), eventlog.Class(9), nil)
	if err == nil {
		t.Error("an unknown class was taken")
	}
	for _, b := range follow(t, l, 0) {
		size := 0
		for _, r := range b.Records {
			size += len(r.Data)
		}
		if size > o.MaxBatchBytes && len(b.Records) > 1 {
			t.Errorf("message %d has %d records of %d bytes", b.Seq, len(b.Records), size)
		}
	}
	if contents(t, l)[big] != 1 {
		t.Error("the big record is missing")
	}
}

// A closed log leaves nothing running.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l := open(t, options(t.TempDir()))
	ended := make(chan error)
	go func() { ended <- l.Follow(context.Background(), 0, func([]eventlog.Batch) error { return nil }) }()
	mustAppend(t, l, eventlog.Visit, "x")
	l.BreakStore(errInjected)
	eventually(t, "the store is reopened", func() bool { return l.Stats().Reopened == 1 })
	mustAppend(t, l, eventlog.Visit, "y")
	closeLog(t, l)
	if err := <-ended; !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("follow: %v", err)
	}
	goleak.VerifyNone(t, before)
}

func TestMain(m *testing.M) {
	if job := os.Getenv("EVENTLOG_TEST_CHILD"); job != "" {
		os.Exit(child(job))
	}
	os.Exit(m.Run())
}
