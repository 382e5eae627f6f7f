package eventlog

import (
	"context"
	"fmt"
	"time"
)

// AppendFacts writes facts in the order given and returns when all are fsynced. They
// leave in messages that hold a run of them whole, one after the other: a run that
// fails ends the call, so that no later fact is ever in the log before an earlier
// one. After an error the caller appends the same facts again from where it knows
// them to be; readers skip what comes twice.
func (l *Log) AppendFacts(ctx context.Context, records [][]byte) error {
	for len(records) > 0 {
		n, size := 0, 0
		for n < len(records) {
			s := recordSize(len(records[n]))
			if n > 0 && size+s > l.o.MaxBatchBytes/2 {
				break
			}
			size += s
			n++
		}
		err := l.appendRun(ctx, records[:n], size)
		if err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// appendRun puts the records into one batch and waits for it.
func (l *Log) appendRun(ctx context.Context, run [][]byte, size int) error {
	began := time.Now()
	b, err := l.enqueueRun(run, size)
	if err != nil {
		l.m.unacked(Fact, err)
		return err
	}
	var ended error
	select {
	case <-b.wake:
	case <-ctx.Done():
		ended = ctx.Err()
	}
	if !b.settled.Load() {
		err := l.linger(ctx, b, began, ended)
		if err != nil {
			l.m.unacked(Fact, err)
			return err
		}
	}
	if b.err != nil {
		l.m.unacked(Fact, b.err)
	}
	return b.err
}

func (l *Log) enqueueRun(run [][]byte, size int) (*batch, error) {
	for _, data := range run {
		if len(data) > MaxRecordBytes {
			return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(data), MaxRecordBytes)
		}
	}
	var header [recordHeaderMax]byte
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil {
		return nil, l.refusal
	}
	b, err := l.open(Fact, size)
	if err != nil {
		return nil, err
	}
	for _, data := range run {
		head := recordHeader(&header, Fact, data)
		b.frame = append(append(b.frame, header[:head]...), data...)
		b.records++
	}
	return b, nil
}
