package facts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// RecordError is a record of the log that cannot be brought into the facts.
type RecordError struct {
	Seq   uint64
	Index int // within the message
	Class eventlog.Class
	Err   error
}

// Error names the record.
func (e *RecordError) Error() string {
	return fmt.Sprintf("facts: record %d of sequence %d (class %d): %v", e.Index, e.Seq, e.Class, e.Err)
}

// Unwrap gives the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// gathered is what one commit takes.
type gathered struct {
	rows  []Row
	after uint64    // the sequence before the first
	upTo  uint64    // 0: nothing was gathered
	first time.Time // of the oldest message
	last  time.Time // of the newest message
}

// gather is where the follower leaves rows and the run loop takes them. Two row
// buffers change hands, so that decoding goes on during a commit without garbage.
type gather struct {
	limit int
	some  chan struct{} // signals: something is there
	full  chan struct{} // signals: commit now
	room  chan struct{} // signals: the buffer was taken

	mu    sync.Mutex
	now   gathered
	spare []Row
	seq   uint64 // last gathered, or where following began
}

func (g *gather) init(limit int) {
	g.limit = limit
	g.some, g.full, g.room = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
}

func (g *gather) reset(seq uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now, g.seq = gathered{rows: g.now.rows[:0]}, seq
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // signalled already
	}
}

// put decodes one message behind what is gathered, whole or not at all. While the
// buffer is full it waits until the run loop takes it.
func (g *gather) put(ctx context.Context, b *eventlog.Batch) error {
	g.mu.Lock()
	for len(g.now.rows) >= g.limit {
		g.mu.Unlock()
		signal(g.full)
		select {
		case <-g.room:
		case <-ctx.Done():
			return ctx.Err()
		}
		g.mu.Lock()
	}
	defer g.mu.Unlock()
	if b.Seq <= g.seq {
		return fmt.Errorf("facts: the log handed over sequence %d after %d", b.Seq, g.seq)
	}
	rows, err := appendRows(g.now.rows, b)
	if err != nil {
		return err
	}
	if g.now.upTo == 0 {
		g.now.after, g.now.first = g.seq, b.Time
	}
	g.now.rows, g.now.upTo, g.now.last = rows, b.Seq, b.Time
	g.seq = b.Seq
	signal(g.some)
	if len(rows) >= g.limit {
		signal(g.full)
	}
	return nil
}

func (g *gather) take() gathered {
	g.mu.Lock()
	defer g.mu.Unlock()
	got := g.now
	if got.upTo != 0 {
		g.now, g.spare = gathered{rows: g.spare[:0]}, nil
	}
	signal(g.room)
	return got
}

func (g *gather) giveBack(rows []Row) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// Let go of the texts, and of a buffer that one burst made huge.
	clear(rows)
	if cap(rows) <= 2*g.limit {
		g.spare = rows[:0]
	}
}

func (g *gather) oldestWaiting() (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now.first, g.now.upTo != 0
}

// appendRows decodes a message's visits, impressions and facts behind rows. Signals are
// judged elsewhere and come back as facts; they have no row of their own, and neither have
// tests.
func appendRows(rows []Row, b *eventlog.Batch) ([]Row, error) {
	for i := range b.Records {
		r := &b.Records[i]
		switch r.Class {
		case eventlog.Visit:
			v, err := event.DecodeVisit(r.Data)
			if err != nil {
				return nil, &RecordError{Seq: b.Seq, Index: i, Class: r.Class, Err: err}
			}
			if v.Test {
				continue // counted nowhere
			}
			rows = append(rows, Row{Seq: b.Seq, Fact: event.VisitFact(v)})
		case eventlog.Fact:
			f, err := event.DecodeFact(r.Data)
			if err != nil {
				return nil, &RecordError{Seq: b.Seq, Index: i, Class: r.Class, Err: err}
			}
			OwnCurrency(f)
			rows = append(rows, Row{Seq: b.Seq, Fact: *f})
		case eventlog.Impression:
			counts, err := event.DecodeImpressions(r.Data)
			if err != nil {
				return nil, &RecordError{Seq: b.Seq, Index: i, Class: r.Class, Err: err}
			}
			for j := range counts {
				rows = append(rows, Row{Seq: b.Seq, Fact: event.ImpressionFact(&counts[j])})
			}
		case eventlog.Signal:
		default:
			return nil, &RecordError{Seq: b.Seq, Index: i, Class: r.Class, Err: errors.New("unknown class; a newer version wrote it")}
		}
	}
	return rows, nil
}

// follow hands the log's messages to the gather until ctx ends.
func (s *Sink) follow(ctx context.Context, after uint64) error {
	err := s.log.Follow(ctx, after, func(batches []eventlog.Batch) error {
		for i := range batches {
			if err := s.gather.put(ctx, &batches[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		return errors.New("facts: following the log ended by itself")
	}
	return err
}
