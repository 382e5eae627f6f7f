package eventlog

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// batch collects the records of one message while the one before is written. Its
// Appends share one channel: nothing is allocated per record.
type batch struct {
	frame   []byte
	records int
	timer   *time.Timer   // fires when the deadline of the first record has passed
	wake    chan struct{} // closed when settled, or at the deadline, whichever is first

	settled atomic.Bool // set under Log.mu, after seq and err
	seq     uint64
	err     error

	// Guarded by Log.mu.
	woken     bool
	done      chan struct{} // closed when settled; made at the deadline for those with time left
	abandoned int           // records whose Append returned ErrDeadline
}

// queue is what waits to be written, in order. Guarded by Log.mu.
type queue struct {
	batches []*batch
	bytes   int64    // of the queued frames and the one in flight, with the store's overhead
	free    [][]byte // frames' memory for reuse, at most a few
}

// Append writes a record and returns the sequence of its message once that is
// fsynced. The data is copied before Append returns: the caller may reuse it.
//
// On [ErrDeadline] (also when ctx ends while waiting; the error then wraps both) the
// record stays in flight and will still be written if the log can, so it must not be
// given to Spool. On any other error the log does not keep the record and the caller
// may Spool it; after ErrFailed it may nevertheless turn out to be stored.
func (l *Log) Append(ctx context.Context, class Class, data []byte) (seq uint64, err error) {
	err = ctx.Err()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	b, err := l.enqueue(class, data)
	if err != nil {
		l.m.unacked(class, err)
		return 0, err
	}
	var ended error
	done := ctx.Done()
	if done == nil {
		<-b.wake
	} else {
		select {
		case <-b.wake:
		case <-done:
			ended = ctx.Err()
		}
	}
	if !b.settled.Load() {
		err = l.linger(ctx, b, began, ended)
		if err != nil {
			l.m.unacked(class, err)
			return 0, err
		}
	}
	if b.err != nil {
		l.m.unacked(class, b.err)
		return 0, b.err
	}
	return b.seq, nil
}

// linger waits for a batch whose first record has reached its deadline, for as long
// as this record has not; nil means the batch is settled.
func (l *Log) linger(ctx context.Context, b *batch, began time.Time, ended error) error {
	rest := l.o.Deadline - time.Since(began)
	if ended == nil && rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-l.settlement(b):
			return nil
		case <-timer.C:
		case <-ctx.Done():
			ended = ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.settled.Load() {
		return nil
	}
	b.abandoned++
	if ended != nil {
		return fmt.Errorf("%w: %w", ErrDeadline, ended)
	}
	return ErrDeadline
}

// settlement is closed when the batch is settled, whatever its deadline.
func (l *Log) settlement(b *batch) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.done == nil {
		b.done = make(chan struct{})
		if b.settled.Load() {
			close(b.done)
		}
	}
	return b.done
}

// enqueue copies a record into the batch that leaves next.
func (l *Log) enqueue(class Class, data []byte) (*batch, error) {
	if !class.valid() {
		return nil, fmt.Errorf("eventlog: %v is none of the log's", class)
	}
	if len(data) > MaxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), MaxRecordBytes)
	}
	var header [recordHeaderMax]byte
	head := recordHeader(&header, class, data)
	size := head + len(data)

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil {
		return nil, l.refusal
	}
	b, err := l.open(class, size)
	if err != nil {
		return nil, err
	}
	b.frame = append(append(b.frame, header[:head]...), data...)
	b.records++
	return b, nil
}

// open returns a batch with room for so many more bytes, which it counts: the one
// that leaves last, or a new one behind it. The caller has mu.
func (l *Log) open(class Class, size int) (*batch, error) {
	var b *batch
	if n := len(l.q.batches); n > 0 && len(l.q.batches[n-1].frame)+size <= l.o.MaxBatchBytes {
		b = l.q.batches[n-1]
	}
	need := int64(size)
	if b == nil {
		need += int64(frameHeader + messageExtra)
	}
	err := l.room(class, need)
	if err != nil {
		return nil, err
	}
	l.q.bytes += need
	if b == nil {
		b = l.newBatch()
		l.q.batches = append(l.q.batches, b)
		select {
		case l.kick <- struct{}{}:
		default:
		}
	}
	return b, nil
}

// usualRecord is the size that counts when the question is whether there is room at all.
const usualRecord = 2 << 10

// room says whether the log takes so many more bytes. The caller has mu.
func (l *Log) room(class Class, need int64) error {
	used, limit := l.used.Load()+l.q.bytes+need, l.o.MaxBytes
	waiting, most := l.q.bytes+need, int64(maxQueueBytes)
	if class.first() {
		limit -= limit / 10
		most -= most / 4
	}
	switch {
	case used > limit:
		return fmt.Errorf("%w: %d bytes of %d are used, a %v is taken up to %d", ErrFull, used-need, l.o.MaxBytes, class, limit)
	case l.disk.reserve.Load(), class.first() && l.disk.low.Load():
		return fmt.Errorf("%w: the disk has only %d bytes free, a %v needs more", ErrFull, l.disk.free.Load(), class)
	case waiting > most:
		return fmt.Errorf("%w: %d bytes already wait to be written", ErrFull, waiting-need)
	}
	return nil
}

func (l *Log) newBatch() *batch {
	b := &batch{wake: make(chan struct{})}
	if n := len(l.q.free); n > 0 {
		b.frame, l.q.free = l.q.free[n-1], l.q.free[:n-1]
	}
	b.frame = beginFrame(b.frame)
	b.timer = time.AfterFunc(l.o.Deadline, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !b.woken {
			b.woken = true
			close(b.wake)
		}
	})
	return b
}

// settle decides a batch and wakes its Appends.
func (l *Log) settle(b *batch, seq uint64, err error) {
	l.mu.Lock()
	b.seq, b.err = seq, err
	b.settled.Store(true)
	asleep := !b.woken
	b.woken = true
	if b.done != nil {
		close(b.done)
	}
	l.q.bytes -= int64(len(b.frame) + messageExtra)
	abandoned := b.abandoned
	l.mu.Unlock()
	// Outside the lock, which those that wake want next.
	if asleep {
		b.timer.Stop()
		close(b.wake)
	}
	if err != nil {
		// Their callers were told that the log would still try.
		l.m.dropped.Add(uint64(abandoned))
	}
}

// recycle keeps a settled batch's memory for another. Nobody may use the frame then.
func (l *Log) recycle(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.q.free) < 4 && cap(b.frame) <= 2*l.o.MaxBatchBytes {
		l.q.free = append(l.q.free, b.frame)
	}
	b.frame = nil
}
