package eventlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// write is the writer: it alone publishes, moves last, and replaces the store.
func (l *Log) write() {
	defer close(l.written)
	reopened := false // since the last acknowledged write
	for {
		b, more := l.next()
		if !more {
			return
		}
		if b == nil { // the store broke while nothing was written
			cause := context.Cause(l.store().ctx)
			if reopened {
				l.giveUp(nil, fmt.Errorf("again after the store was reopened: %w", cause))
				return
			}
			reopened = true
			err := l.reopen(cause)
			if err != nil {
				l.giveUp(nil, err)
				return
			}
			continue
		}
		sealFrame(b.frame, time.Now(), b.records)
		for {
			seq, err := l.publish(b)
			if err == nil {
				reopened = false
				l.acknowledge(b, seq)
				break
			}
			if errors.Is(err, errFullStore) {
				l.refuse(b, err)
				break
			}
			if reopened {
				l.giveUp(b, fmt.Errorf("again after the store was reopened: %w", err))
				return
			}
			reopened = true
			err = l.reopen(err)
			if err != nil {
				l.giveUp(b, err)
				return
			}
			seq, err = l.recovered(b)
			if err != nil {
				l.giveUp(b, err)
				return
			}
			if seq != 0 {
				l.acknowledge(b, seq)
				break
			}
		}
	}
}

// next waits for a batch. It returns nil for a broken store, and false when the log
// is closing and all is written.
func (l *Log) next() (b *batch, more bool) {
	for {
		// Those that the last acknowledgment woke are about to append again. Letting
		// them run first makes full messages instead of a message of one and a message
		// of the rest: as long as the batch grows, and a few times at most.
		for n, last := 0, -1; n < 4; n++ {
			now := l.waiting()
			if now == last || now == 0 {
				break
			}
			last = now
			runtime.Gosched()
		}
		l.refreshState()
		st := l.store()
		l.mu.Lock()
		if len(l.q.batches) > 0 {
			b = l.q.batches[0]
			l.q.batches[0] = nil
			l.q.batches = l.q.batches[1:]
			if len(l.q.batches) == 0 {
				l.q.batches = nil
			}
		}
		l.mu.Unlock()
		if b != nil {
			return b, true
		}
		select {
		case <-l.kick:
		case <-st.ctx.Done():
			if l.closed() {
				return nil, false
			}
			return nil, true
		case <-l.closing:
			// Nothing is appended any more, so an empty queue stays empty.
			if l.waiting() == 0 {
				l.refreshState()
				return nil, false
			}
		}
	}
}

// waiting is the number of records in the batch that leaves next.
func (l *Log) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.q.batches) == 0 {
		return 0
	}
	return l.q.batches[0].records
}

func (l *Log) closed() bool {
	select {
	case <-l.closing:
		return true
	default:
		return false
	}
}

// publish writes a batch. Apart from errFullStore, an error leaves open whether the
// message is stored.
func (l *Log) publish(b *batch) (uint64, error) {
	l.checkDisk()
	st := l.store()
	began := time.Now()
	var seq uint64
	var err error
	if fault := l.o.faults.publish; fault != nil {
		seq, err = fault(func() (uint64, error) { return st.publish(b.frame) })
	} else {
		seq, err = st.publish(b.frame)
	}
	l.m.latency.Observe(time.Since(began).Seconds())
	if err != nil {
		return 0, err
	}
	if want := l.last.Load() + 1; seq != want {
		return 0, fmt.Errorf("the store gave sequence %d where %d was due: somebody else writes it", seq, want)
	}
	return seq, nil
}

// acknowledge lets a batch's Appends return, then hands the message to the followers.
func (l *Log) acknowledge(b *batch, seq uint64) {
	l.last.Store(seq)
	l.m.batches.Add(1)
	l.m.records.Add(uint64(b.records))
	l.used.Add(int64(len(b.frame) + messageExtra))
	l.settle(b, seq, nil)
	l.tail.push(seq, b.frame)
	l.recycle(b)
}

// refuse fails a batch that the store had no room for.
func (l *Log) refuse(b *batch, err error) {
	l.settle(b, 0, fmt.Errorf("%w: %w", ErrFull, err))
	l.recycle(b)
}

// reopen restarts the store. Meanwhile Append refuses, while those that wait keep
// waiting: they are acknowledged only by a write to the new store.
func (l *Log) reopen(cause error) error {
	if l.closed() {
		return ErrClosed
	}
	l.o.Logger.Error("eventlog: store error; reopening the store", "error", cause)
	l.mu.Lock()
	l.lastError = cause.Error()
	l.refusal = fmt.Errorf("%w: reopening after: %w", ErrFailed, cause)
	l.mu.Unlock()
	old := l.store()
	old.fail(cause)
	err := stopWithin(old, storeTimeout)
	if err != nil {
		return fmt.Errorf("%w (it was stopped because of: %w)", err, cause)
	}
	ctx, cancel := context.WithTimeout(l.ctx, 2*time.Minute)
	defer cancel()
	st, err := openStore(ctx, &l.o)
	if err != nil {
		return fmt.Errorf("reopen after %w: %w", cause, err)
	}
	last := l.last.Load()
	switch {
	case st.id != l.id:
		err = fmt.Errorf("the store is another one after reopening it (%s instead of %s)", st.id, l.id)
	case st.state.LastSeq < last:
		err = fmt.Errorf("acknowledged messages are missing after reopening the store: it ends at %d instead of %d", st.state.LastSeq, last)
	case st.state.LastSeq > last+1:
		err = fmt.Errorf("the store holds messages that were never written here: it ends at %d instead of %d", st.state.LastSeq, last)
	}
	if err != nil {
		st.close()
		return err
	}
	l.adopt(st)
	l.mu.Lock()
	l.refusal = nil
	if l.closed() {
		l.refusal = ErrClosed
	}
	l.mu.Unlock()
	l.tail.broadcast()
	l.m.reopened.Add(1)
	l.o.Logger.Info("eventlog: the store is open again", "last", last)
	return nil
}

func stopWithin(st *store, limit time.Duration) error {
	stopped := make(chan struct{})
	go func() { st.close(); close(stopped) }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-stopped:
		return nil
	case <-timer.C:
		return fmt.Errorf("the store does not stop within %v", limit)
	}
}

// recovered looks in a reopened store for the message whose write failed. Opening
// has put on disk whatever the store shows, so a message that is there counts as
// written; 0 means it is not.
func (l *Log) recovered(b *batch) (uint64, error) {
	st := l.store()
	seq := l.last.Load() + 1
	if st.state.LastSeq < seq {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(l.ctx, storeTimeout)
	defer cancel()
	found, err := st.read(ctx, seq, 1, 1)
	if err != nil {
		return 0, fmt.Errorf("read back message %d: %w", seq, err)
	}
	if !bytes.Equal(found[0].frame, b.frame) {
		return 0, fmt.Errorf("message %d in the store is not the one that was written", seq)
	}
	// acknowledge adds its size again.
	l.used.Add(-int64(len(b.frame) + messageExtra))
	return seq, nil
}

// giveUp fails everything that waits and, unless the log is closing, the log itself.
func (l *Log) giveUp(b *batch, cause error) {
	closing := l.closed()
	l.mu.Lock()
	if closing {
		l.refusal = fmt.Errorf("%w before the record was written: %w", ErrClosed, cause)
	} else {
		l.refusal = fmt.Errorf("%w: %w", ErrFailed, cause)
		l.lastError = cause.Error()
	}
	refusal := l.refusal
	rest := l.q.batches
	l.q.batches = nil
	l.mu.Unlock()
	if b != nil {
		l.settle(b, 0, refusal)
	}
	for _, b := range rest {
		l.settle(b, 0, refusal)
	}
	if !closing {
		l.o.Logger.Error("eventlog: the log has failed and acknowledges nothing any more; the process must end", "error", cause)
		close(l.failed)
	}
	l.tail.broadcast()
}

// refreshState looks at what the store holds, for Trims that wait for it.
func (l *Log) refreshState() {
	l.mu.Lock()
	waiting := l.refresh
	l.refresh = nil
	l.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, storeTimeout)
	defer cancel()
	info, err := l.store().stream.Info(ctx)
	if err == nil {
		l.setState(info.State)
	}
	for _, w := range waiting {
		w <- err
	}
}
