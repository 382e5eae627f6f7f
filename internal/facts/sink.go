package facts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/eventlog"
)

// Log is what the sink needs of the event log.
type Log interface {
	// Follow hands over what is ready behind a sequence, in order, until ctx ends or
	// fn fails. Records may be reused once fn has returned.
	Follow(ctx context.Context, after uint64, fn func([]eventlog.Batch) error) error
	StreamID() string
	// CheckPosition refuses a position of another stream or beyond the log's end.
	CheckPosition(eventlog.Position) error
	Last() uint64
}

// SinkOptions configure a sink. The zero value is the default.
type SinkOptions struct {
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics

	CommitEvery     time.Duration // rows are gathered for so long at most, default 250 ms
	CommitRows      int           // or until there are so many, default 20,000
	CheckpointEvery time.Duration // default 8 s
	CheckpointBytes int64         // or when the write-ahead log has so many, default 32 MB
	SealEvery       time.Duration // default 1 h
	SealRows        int64         // or when so many rows are unsealed, default 1,000,000
	Retries         int           // of an addition that was not applied, default 5
	RetryAfter      time.Duration // the first wait, doubled each time, default 100 ms
}

func (o *SinkOptions) defaults() {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	set(&o.CommitEvery, 250*time.Millisecond)
	set(&o.CommitRows, 20_000)
	set(&o.CheckpointEvery, 8*time.Second)
	set(&o.CheckpointBytes, 32<<20)
	set(&o.SealEvery, time.Hour)
	set(&o.SealRows, 1_000_000)
	set(&o.Retries, 5)
	set(&o.RetryAfter, 100*time.Millisecond)
}

func set[T int | int64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Sink brings the log into a facts store, every event exactly once: it reads on from
// the position stored with the rows, and after a failed addition it asks the store
// where it stands before it does anything else.
type Sink struct {
	store   Store
	log     Log
	opts    SinkOptions
	metrics *metrics

	gather gather

	mu      sync.Mutex
	pos     eventlog.Position // committed
	at      time.Time         // of the last committed message
	adding  time.Time         // of the oldest message being committed, zero between commits
	changed chan struct{}     // closed and replaced when pos moves

	unsealed int64 // rows since the last seal; the run loop's own
	dirty    bool  // rows since the last checkpoint; the run loop's own
}

// NewSink makes a sink; it does nothing until it runs. One store has one sink.
func NewSink(store Store, log Log, opts SinkOptions) *Sink {
	opts.defaults()
	s := &Sink{store: store, log: log, opts: opts, changed: make(chan struct{})}
	s.gather.init(opts.CommitRows)
	s.metrics = newMetrics(opts.Registerer, s)
	return s
}

// Position is the last committed position; zero before Run has read it.
func (s *Sink) Position() eventlog.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pos
}

// WaitFor returns once the rows of every sequence up to seq are committed, or with
// ctx's error.
func (s *Sink) WaitFor(ctx context.Context, seq uint64) error {
	for {
		s.mu.Lock()
		pos, changed := s.pos, s.changed
		s.mu.Unlock()
		if pos.Seq >= seq && (pos.Stream != "" || seq == 0) { // an empty log has nothing to wait for
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("facts: wait for sequence %d, at %d: %w", seq, pos.Seq, ctx.Err())
		}
	}
}

func (s *Sink) moved(pos eventlog.Position, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pos, s.at, s.adding = pos, at, time.Time{}
	close(s.changed)
	s.changed = make(chan struct{})
}

// Run follows the log until ctx ends, then returns nil after a last commit. A record
// that cannot be read stops it with a [*RecordError]: leaving it out would lose it
// in silence. A position the log cannot serve stops it with the log's error.
func (s *Sink) Run(ctx context.Context) error {
	from, err := s.start(ctx)
	if err != nil {
		return err
	}
	// The follower ends with ctx, or when this function does for another reason.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	seal := make(chan struct{}, 1)
	var beside sync.WaitGroup
	beside.Go(func() { ended <- s.follow(ctx, from) })
	beside.Go(func() { s.sealAll(ctx, seal) })

	err = s.loop(ctx, ended, seal)
	cancel()
	beside.Wait()
	if errors.Is(err, errStopped) {
		s.opts.Logger.Warn("facts: stopped before the last rows were added", "error", err)
		return nil
	}
	return err
}

// start reads where the store stands and checks it against the log.
func (s *Sink) start(ctx context.Context) (uint64, error) {
	st, err := s.store.State(ctx)
	if err != nil {
		return 0, fmt.Errorf("facts: read the position: %w", err)
	}
	if st.Position != (eventlog.Position{}) {
		if err := s.log.CheckPosition(st.Position); err != nil {
			return 0, fmt.Errorf("facts: position %s/%d: %w", st.Position.Stream, st.Position.Seq, err)
		}
	}
	s.unsealed = st.Rows
	segs, err := s.store.Segments(ctx)
	if err != nil {
		// Reports and the log are whole without segments; trimming the log is not.
		s.opts.Logger.Error("facts: the sealed segments cannot be listed", "error", err)
	}
	for _, seg := range segs {
		s.unsealed -= seg.Rows
	}
	s.gather.reset(st.Position.Seq)
	s.moved(st.Position, time.Time{})
	return st.Position.Seq, nil
}

// loop commits, and checkpoints between commits.
func (s *Sink) loop(ctx context.Context, ended <-chan error, seal chan<- struct{}) error {
	due := time.NewTimer(s.opts.CommitEvery)
	due.Stop()
	checkpoint := time.NewTicker(s.opts.CheckpointEvery)
	defer checkpoint.Stop()
	waiting := false
	for {
		select {
		case <-s.gather.some: // something lies ready: gather a little longer
			if !waiting {
				waiting = true
				due.Reset(s.opts.CommitEvery)
			}
			continue
		case <-s.gather.full:
		case <-due.C:
		case <-checkpoint.C:
			s.checkpoint(ctx)
			continue
		case err := <-ended:
			// The last commit also serves the error case: what came before the
			// record that cannot be read is whole.
			return errors.Join(err, s.commit(ctx))
		}
		waiting = false
		due.Stop()
		if err := s.commit(ctx); err != nil {
			return err
		}
		if s.unsealed >= s.opts.SealRows {
			s.unsealed = 0
			select {
			case seal <- struct{}{}:
			default: // one is asked for already
			}
		}
		if l, ok := s.store.(LogSizer); ok && l.LogBytes() >= s.opts.CheckpointBytes {
			s.checkpoint(ctx)
			checkpoint.Reset(s.opts.CheckpointEvery)
		}
	}
}

// commit adds what is gathered. An addition under way is not broken off when ctx
// ends, but one that fails then is not repeated either, nor is it an error: its rows
// are in the log and the next run adds them. After any error nothing more may be
// committed: what was taken here would be left out.
func (s *Sink) commit(ctx context.Context) error {
	g := s.gather.take()
	if g.upTo == 0 {
		return nil
	}
	defer s.gather.giveBack(g.rows)
	from := s.Position()
	if g.after != from.Seq {
		return fmt.Errorf("facts: rows gathered behind sequence %d cannot follow %d", g.after, from.Seq)
	}
	to := eventlog.Position{Stream: s.log.StreamID(), Seq: g.upTo}
	s.mu.Lock()
	s.adding = g.first
	s.mu.Unlock()
	began := time.Now()
	if err := s.add(ctx, from, to, g.rows); err != nil {
		s.metrics.failures.Inc()
		return fmt.Errorf("facts: commit sequences %d…%d: %w", from.Seq+1, to.Seq, err)
	}
	s.metrics.commitSeconds.Observe(time.Since(began).Seconds())
	s.metrics.rows.Add(float64(len(g.rows)))
	s.unsealed += int64(len(g.rows))
	s.dirty = true
	s.moved(to, g.last)
	return nil
}

// errStopped marks an addition that failed while the sink was being stopped.
var errStopped = errors.New("the sink was stopped")

// add calls the store until the rows are in it exactly once. An error tells nothing
// about whether they are; the position stored with them does.
func (s *Sink) add(ctx context.Context, from, to eventlog.Position, rows []Row) error {
	wait := s.opts.RetryAfter
	for try := 0; ; try++ {
		err := s.store.Add(context.WithoutCancel(ctx), from, to, rows)
		if err == nil {
			return nil
		}
		st, stateErr := s.store.State(context.WithoutCancel(ctx))
		switch {
		case stateErr == nil && st.Position == to:
			s.opts.Logger.Warn("facts: an addition was applied although it reported a failure", "sequence", to.Seq, "error", err)
			return nil
		case stateErr == nil && st.Position != from:
			return fmt.Errorf("%w: it is at %s/%d: %w", ErrPosition, st.Position.Stream, st.Position.Seq, err)
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %w", errStopped, err)
		case try >= s.opts.Retries:
			return errors.Join(err, stateErr)
		}
		s.metrics.retries.Inc()
		s.opts.Logger.Warn("facts: an addition failed and is repeated", "sequence", to.Seq, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		wait *= 2
	}
}

// checkpoint merges the write-ahead log if anything was added. A failure is not the
// end: the rows are safe in the log until a later one succeeds.
func (s *Sink) checkpoint(ctx context.Context) {
	if !s.dirty {
		return
	}
	began := time.Now()
	if err := s.store.Checkpoint(ctx); err != nil {
		if ctx.Err() == nil {
			s.metrics.failures.Inc()
			s.opts.Logger.Error("facts: checkpoint failed", "error", err)
		}
		return
	}
	s.dirty = false
	s.metrics.checkpointSeconds.Observe(time.Since(began).Seconds())
}

// sealAll seals on the schedule and when asked, beside the commits.
func (s *Sink) sealAll(ctx context.Context, asked <-chan struct{}) {
	every := time.NewTicker(s.opts.SealEvery)
	defer every.Stop()
	for {
		whole := true
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-asked:
			whole = false // one segment's worth is there; the rest waits for its time
		}
		for end := s.Position().Seq; ; {
			seg, ok, err := s.store.Seal(ctx)
			if err != nil && ctx.Err() == nil {
				s.metrics.failures.Inc()
				s.opts.Logger.Error("facts: seal failed", "error", err)
			}
			if ok {
				s.opts.Logger.Info("facts: segment sealed", "first", seg.First, "last", seg.Last, "rows", seg.Rows)
			}
			if err != nil || !ok || !whole || seg.Last >= end {
				break
			}
		}
	}
}
