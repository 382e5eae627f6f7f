package eventlog

import (
	"sync/atomic"
	"time"
)

// diskWatch remembers how much disk was free last.
type diskWatch struct {
	free    atomic.Uint64
	low     atomic.Bool // under MinFreeBytes: no visits
	reserve atomic.Bool // under an eighth of it: nothing
	warned  atomic.Bool
}

// checkDisk looks at the free disk space: one system call, cheap enough to be made
// before every write.
func (l *Log) checkDisk() {
	free, err := l.o.faults.free()
	if err != nil {
		if !l.disk.warned.Swap(true) {
			l.o.Logger.Warn("eventlog: cannot see the free disk space; the low-disk limit is off", "error", err)
		}
		return
	}
	limit := uint64(l.o.MinFreeBytes)
	l.disk.free.Store(free)
	l.disk.low.Store(free < limit)
	l.disk.reserve.Store(free < limit/8)
}

// watch looks after what no write looks after: a store that broke or does not
// answer, and the disk while nothing is written.
func (l *Log) watch() {
	const interval = 100 * time.Millisecond
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-l.ctx.Done():
			return
		case now := <-tick.C:
			st := l.store()
			// Health is only asked for once a second while all writes are answered.
			if st.ctx.Err() == nil && (st.since.Load() != 0 || n%10 == 0) {
				st.probe(now)
			}
			if n%10 == 0 {
				l.checkDisk()
			}
		}
	}
}
