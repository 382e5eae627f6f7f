package clickindex_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"clickledger/internal/clickindex"
)

// roundsOnly drops at most as many clicks a round as the SQL implementations do.
type roundsOnly struct {
	clickindex.Index
	old int
}

func (r *roundsOnly) Prune(context.Context, int64) error {
	r.old -= min(r.old, 100_000)
	return nil
}

// Pruning keeps up with a busy tracker: at 1,000 clicks a second a backlog does not
// grow for ever.
func TestKeepKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		index := &roundsOnly{}
		s := clickindex.NewSink(index, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		began := time.Now()
		var grown int
		go func() {
			done <- s.Keep(ctx, time.Hour, func() time.Time {
				due := int(time.Since(began).Seconds()) * 1000
				index.old += due - grown
				grown = due
				return time.Now()
			})
		}()
		<-time.After(24*time.Hour + time.Second)
		synctest.Wait()
		if index.old > 100_000 {
			t.Errorf("%d old clicks are left after a day", index.old)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
