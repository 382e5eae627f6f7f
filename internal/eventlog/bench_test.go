package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/eventlog"
)

// BenchmarkAppend measures acknowledged records of 300 bytes from many callers, each
// waiting for its own, alone and with three followers as in the server.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		for _, followers := range []int{0, 3} {
			b.Run(fmt.Sprintf("callers=%d/followers=%d", callers, followers), func(b *testing.B) {
				l := open(b, options(b.TempDir()))
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				for range followers {
					go l.Follow(ctx, 0, func([]eventlog.Batch) error { return nil })
				}
				data := make([]byte, 300)
				var left atomic.Int64
				left.Store(int64(b.N))
				done := make(chan error)
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				b.ResetTimer()
				for range callers {
					go func() {
						for left.Add(-1) >= 0 {
							_, err := l.Append(ctx, eventlog.Visit, data)
							if err != nil {
								done <- err
								return
							}
						}
						done <- nil
					}()
				}
				for range callers {
					err := <-done
					if err != nil {
						b.Fatal(err)
					}
				}
				b.StopTimer()
				s := l.Stats()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
				b.ReportMetric(float64(s.Batches)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

// BenchmarkFollow measures catching up from the store, by records of 300 bytes in
// messages of about 100 and of one.
func BenchmarkFollow(b *testing.B) {
	for _, perMessage := range []int{100, 1} {
		b.Run(fmt.Sprintf("per-message=%d", perMessage), func(b *testing.B) {
			o := options(b.TempDir())
			o.Relaxed = true // only to fill it faster
			o.MaxBatchBytes = 1 + 310*perMessage
			l := open(b, o)
			data := make([]byte, 300)
			total := 400 * perMessage
			if perMessage == 1 {
				total = 20_000
			}
			done := make(chan error)
			const callers = 500
			for range callers {
				go func() {
					for range total / callers {
						_, err := l.Append(context.Background(), eventlog.Visit, data)
						if err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range callers {
				err := <-done
				if err != nil {
					b.Fatal(err)
				}
			}
			records, end := 0, errors.New("end")
			b.ReportAllocs()
			b.ResetTimer()
			for records < b.N {
				err := l.Follow(context.Background(), 0, func(bs []eventlog.Batch) error {
					for _, batch := range bs {
						records += len(batch.Records)
					}
					if bs[len(bs)-1].Seq == l.Last() {
						return end
					}
					return nil
				})
				if !errors.Is(err, end) {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkDelivery measures from the call of Append to the record being in a
// follower's hands, with nothing else going on.
func BenchmarkDelivery(b *testing.B) {
	l := open(b, options(b.TempDir()))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got := make(chan struct{}, 1)
	go l.Follow(ctx, 0, func([]eventlog.Batch) error { got <- struct{}{}; return nil })
	runtime.Gosched()
	data := make([]byte, 300)
	var after time.Duration
	b.ResetTimer()
	for range b.N {
		_, err := l.Append(ctx, eventlog.Visit, data)
		if err != nil {
			b.Fatal(err)
		}
		acked := time.Now()
		<-got
		after += time.Since(acked)
	}
	b.ReportMetric(float64(after.Microseconds())/float64(b.N), "µs-after-ack")
}
