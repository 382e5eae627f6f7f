package clickindex

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// Log is what the sink needs of the event log.
type Log interface {
	StreamID() string
	CheckPosition(eventlog.Position) error
	Follow(ctx context.Context, after uint64, fn func([]eventlog.Batch) error) error
}

// Sink brings the log's visits into the index.
type Sink struct {
	index Index
	log   Log

	mu    sync.Mutex
	pos   eventlog.Position // guarded by mu
	moved chan struct{}     // closed and replaced when pos moves; guarded by mu
}

// NewSink makes a sink; Run starts it.
func NewSink(index Index, log Log) *Sink {
	return &Sink{index: index, log: log, moved: make(chan struct{})}
}

// Begin reads where the index stands and checks that it belongs to the log. It
// returns eventlog's errors when it does not: then the index must be rebuilt.
func (s *Sink) Begin(ctx context.Context) error {
	pos, err := s.index.Position(ctx)
	if err != nil {
		return fmt.Errorf("read the click index' position: %w", err)
	}
	if pos.Stream == "" {
		to := eventlog.Position{Stream: s.log.StreamID()}
		err := s.index.Add(ctx, pos, to, nil)
		if err != nil {
			return fmt.Errorf("begin the click index' position: %w", err)
		}
		pos = to
	}
	err = s.log.CheckPosition(pos)
	if err != nil {
		return fmt.Errorf("the click index and the log do not belong together: %w", err)
	}
	s.set(pos)
	return nil
}

// Run follows the log until ctx ends. It reads on from where the index stands, so
// that it may be run again after an error, whether its last write was applied or not.
func (s *Sink) Run(ctx context.Context) error {
	err := s.Begin(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	err = s.log.Follow(ctx, s.Position().Seq, func(bs []eventlog.Batch) error {
		var visits []*event.Visit
		for _, b := range bs {
			for i, r := range b.Records {
				if r.Class != eventlog.Visit {
					continue
				}
				v, err := event.DecodeVisit(r.Data)
				if err != nil {
					return fmt.Errorf("visit %d of log message %d: %w", i, b.Seq, err)
				}
				visits = append(visits, v)
			}
		}
		from := s.Position()
		to := eventlog.Position{Stream: from.Stream, Seq: bs[len(bs)-1].Seq}
		// A write that began is finished also while stopping: it is short.
		err := s.index.Add(context.WithoutCancel(ctx), from, to, visits)
		if err != nil {
			return fmt.Errorf("index visits: %w", err)
		}
		s.set(to)
		return nil
	})
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

func (s *Sink) set(pos eventlog.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos = pos
	close(s.moved)
	s.moved = make(chan struct{})
}

// Position is how far the index has come.
func (s *Sink) Position() eventlog.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos
}

// WaitFor waits until the index has passed the sequence, or ctx ends.
func (s *Sink) WaitFor(ctx context.Context, seq uint64) error {
	for {
		s.mu.Lock()
		at, moved := s.pos.Seq, s.moved
		s.mu.Unlock()
		if at >= seq {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pruneEvery is how often old clicks are pruned. One round drops a bounded number, so
// that it holds nobody up: rounds must come often enough to keep up with new clicks.
const pruneEvery = 10 * time.Second

// Keep prunes clicks older than the window until ctx ends.
func (s *Sink) Keep(ctx context.Context, window time.Duration, now func() time.Time) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		err := s.index.Prune(ctx, now().Add(-window).UnixMicro())
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("prune the click index: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
