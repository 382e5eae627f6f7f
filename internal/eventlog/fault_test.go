package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/eventlog"
)

var errInjected = errors.New("injected store error")

// Every failure comes as a pair: the write failed and was not stored; it failed and
// was stored. Nothing may be acknowledged that is not in the log afterwards, and the
// log itself must write nothing twice.
func TestFailurePairs(t *testing.T) {
	for _, tc := range []struct {
		name   string
		stored bool
		times  int64 // how many writes fail in a row
		heals  bool
	}{
		{"once, not stored", false, 1, true},
		{"once, stored", true, 1, true},
		{"twice, not stored", false, 2, false},
		{"twice, stored", true, 2, false}, // found after the reopening, but the next write shows that it did not help
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := options(t.TempDir())
			var calls, faults atomic.Int64
			o.SetPublish(func(write func() (uint64, error)) (uint64, error) {
				if calls.Add(1) <= 3 || faults.Add(1) > tc.times {
					return write()
				}
				if tc.stored {
					_, err := write()
					if err != nil {
						return 0, err
					}
				}
				return 0, errInjected
			})
			l := open(t, o)
			followed := make(chan error, 1)
			var mu sync.Mutex
			var seen []string
			go func() {
				followed <- l.Follow(context.Background(), 0, func(bs []eventlog.Batch) error {
					mu.Lock()
					defer mu.Unlock()
					for _, b := range bs {
						for _, r := range b.Records {
							seen = append(seen, string(r.Data))
						}
					}
					return nil
				})
			}()
			for i := range 3 {
				mustAppend(t, l, eventlog.Visit, fmt.Sprint("before-", i))
			}
			acked := []string{"before-0", "before-1", "before-2"}
			var wg sync.WaitGroup
			for i := range 40 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					text := fmt.Sprint("during-", i)
					_, err := l.Append(context.Background(), eventlog.Visit, []byte(text))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						acked = append(acked, text)
					} else if !errors.Is(err, eventlog.ErrFailed) {
						t.Errorf("%s: %v", text, err)
					}
				}()
			}
			wg.Wait()
			if tc.heals {
				eventually(t, "the log takes records again", func() bool { return l.Healthy() == nil })
				mustAppend(t, l, eventlog.Visit, "after")
				acked = append(acked, "after")
				if s := l.Stats(); s.Reopened < 1 || s.State != eventlog.StateOK || s.LastError == "" {
					t.Errorf("stats %+v", s)
				}
				eventually(t, "the follower has seen all", func() bool {
					mu.Lock()
					defer mu.Unlock()
					return len(seen) > 0 && seen[len(seen)-1] == "after"
				})
			} else {
				for i := 0; l.Healthy() == nil; i++ {
					text := fmt.Sprint("more-", i)
					_, err := l.Append(context.Background(), eventlog.Visit, []byte(text))
					if err == nil {
						acked = append(acked, text)
					}
				}
				<-l.Failed()
				_, err := l.Append(t.Context(), eventlog.Signal, nil)
				if !errors.Is(err, eventlog.ErrFailed) || l.Stats().State != eventlog.StateFailed || !errors.Is(l.Healthy(), eventlog.ErrFailed) {
					t.Errorf("a failed log: append %v, health %v, %+v", err, l.Healthy(), l.Stats())
				}
				if err := <-followed; !errors.Is(err, eventlog.ErrFailed) {
					t.Errorf("follow on a failed log: %v", err)
				}
			}
			last := l.Last()
			closeLog(t, l)
			if tc.heals {
				if err := <-followed; !errors.Is(err, eventlog.ErrClosed) {
					t.Errorf("follow on a closed log: %v", err)
				}
			}
			l = open(t, options(o.Dir))
			if l.Last() < last {
				t.Errorf("the log ends at %d, it had come to %d", l.Last(), last)
			}
			found := contents(t, l)
			expectOnce(t, found, acked)
			for text, n := range found {
				if n != 1 {
					t.Errorf("%s is in the log %d times", text, n)
				}
			}
		})
	}
}

// A store that breaks while nothing is written is reopened as well.
func TestIdleStoreBreaks(t *testing.T) {
	l := open(t, options(t.TempDir()))
	mustAppend(t, l, eventlog.Visit, "one")
	l.BreakStore(errInjected)
	eventually(t, "the store is reopened", func() bool { return l.Stats().Reopened == 1 && l.Healthy() == nil })
	mustAppend(t, l, eventlog.Visit, "two")
	expectOnce(t, contents(t, l), []string{"one", "two"})
	if got := l.Stats().LastError; got != errInjected.Error() {
		t.Errorf("last error %q", got)
	}
}

// A store that answers with a sequence that is not the next has another writer.
func TestForeignSequence(t *testing.T) {
	o := options(t.TempDir())
	o.SetPublish(func(write func() (uint64, error)) (uint64, error) {
		_, err := write() // somebody else's
		if err != nil {
			return 0, err
		}
		return write()
	})
	l := open(t, o)
	_, err := l.Append(t.Context(), eventlog.Visit, []byte("x"))
	if !errors.Is(err, eventlog.ErrFailed) {
		t.Errorf("append: %v", err)
	}
	<-l.Failed()
}
