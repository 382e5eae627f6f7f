package factstest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// Log is an event log in memory, as far as the sink needs one. It is safe for
// concurrent use.
type Log struct {
	stream string

	mu      sync.Mutex
	batches []eventlog.Batch // of sequences first, first+1, …
	first   uint64
	more    chan struct{} // closed and replaced when something is appended
	limit   int           // batches handed over at once
}

// NewLog makes an empty log of that stream id.
func NewLog(stream string) *Log {
	return &Log{stream: stream, first: 1, more: make(chan struct{}), limit: 100}
}

// Append adds one message and gives its sequence.
func (l *Log) Append(at time.Time, records ...eventlog.Record) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := l.first + uint64(len(l.batches))
	l.batches = append(l.batches, eventlog.Batch{Seq: seq, Time: at, Records: records})
	close(l.more)
	l.more = make(chan struct{})
	return seq
}

// AppendVisits adds one message with visits first…last of the series.
func (l *Log) AppendVisits(first, last int) uint64 {
	var records []eventlog.Record
	for n := first; n <= last; n++ {
		records = append(records, VisitRecord(n))
	}
	return l.Append(time.Now(), records...)
}

// VisitRecord is the n-th visit as the log holds it.
func VisitRecord(n int) eventlog.Record {
	return eventlog.Record{Class: eventlog.Visit, Data: Visit(n).Append(nil)}
}

// FactRecord is a fact as the log holds it.
func FactRecord(f *event.Fact) eventlog.Record {
	return eventlog.Record{Class: eventlog.Fact, Data: f.Append(nil)}
}

// SignalRecord is a signal as the log holds it.
func SignalRecord(n int) eventlog.Record {
	return eventlog.Record{Class: eventlog.Signal, Data: (&event.Signal{ID: ID(n), Kind: event.SignalPostback}).Append(nil)}
}

// TrimTo forgets every message up to the sequence.
func (l *Log) TrimTo(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.batches) > 0 && l.first <= seq {
		l.batches, l.first = l.batches[1:], l.first+1
	}
}

// Follow implements facts.Log.
func (l *Log) Follow(ctx context.Context, after uint64, fn func([]eventlog.Batch) error) error {
	for {
		l.mu.Lock()
		if after+1 < l.first {
			l.mu.Unlock()
			return fmt.Errorf("%w: the log begins at %d, asked for %d", eventlog.ErrGap, l.first, after+1)
		}
		var ready []eventlog.Batch
		if i := int(after + 1 - l.first); i < len(l.batches) {
			ready = l.batches[i:min(i+l.limit, len(l.batches))]
		}
		more := l.more
		l.mu.Unlock()
		if len(ready) > 0 {
			if err := fn(ready); err != nil {
				return err
			}
			after = ready[len(ready)-1].Seq
			continue
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// StreamID implements facts.Log.
func (l *Log) StreamID() string { return l.stream }

// Last implements facts.Log.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first + uint64(len(l.batches)) - 1
}

// CheckPosition implements facts.Log.
func (l *Log) CheckPosition(p eventlog.Position) error {
	switch {
	case p.Stream != l.stream:
		return fmt.Errorf("%w: %s", eventlog.ErrForeign, p.Stream)
	case p.Seq > l.Last():
		return fmt.Errorf("%w: position %d", eventlog.ErrBehind, p.Seq)
	}
	return nil
}
