package books

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
)

// Consumer is the processor's name among the log's positions.
const Consumer = "books"

// Bounds of one transaction: so many judgments, or so long, whichever comes first.
const (
	maxJudgments = 100
	maxHold      = 20 * time.Millisecond
)

// indexWait is how long judging waits for the click index to pass a fresh signal, so
// that a postback right behind its click needs no second judgment.
const indexWait = 20 * time.Millisecond

// saveEvery is how often the position is stored while no signals come: storing it
// for each batch of visits would cost a disk sync each time.
const saveEvery = time.Second

// retryEvery is how often waiting signals are looked at while there are any.
const retryEvery = 20 * time.Millisecond

// errorRest is how long a signal rests whose judgment failed on our side.
const errorRest = time.Minute

// Log is what the processor needs of the event log.
type Log interface {
	StreamID() string
	CheckPosition(eventlog.Position) error
	Follow(ctx context.Context, after uint64, fn func([]eventlog.Batch) error) error
}

// Processor judges the log's signals into the books. It is the only consumer under
// its name; a second one stops with [ErrMoved].
type Processor struct {
	Store Store
	Log   Log
	Judge *conversion.Judge
	// IndexPassed waits until the click index has passed the sequence, or ctx ends.
	IndexPassed func(ctx context.Context, seq uint64) error
	// Release tells whoever waits for the verdict, after it is committed.
	Release func(*inbox.Row)
	// Changed is called after each commit that may have queued facts or postbacks.
	Changed func()
	Logger  *slog.Logger

	mu      sync.Mutex
	stored  eventlog.Position // durable; guarded by mu, written by Run's goroutine
	seen    uint64            // judged, perhaps not yet stored; guarded by mu
	moved   chan struct{}     // closed and replaced when seen moves; guarded by mu
	savedAt time.Time         // of stored; guarded by judgeMu
	indexOK bool              // owned by Run's goroutines through judgeMu

	judgeMu sync.Mutex // one writer: fresh signals and retries take turns
}

// Run follows the log until ctx ends.
func (p *Processor) Run(ctx context.Context) error {
	p.indexOK = true
	var pos eventlog.Position
	err := p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		var err error
		pos, err = tx.Position(ctx, Consumer)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the books' position: %w", err)
	}
	if pos.Stream == "" {
		to := eventlog.Position{Stream: p.Log.StreamID()}
		err := p.Store.Update(ctx, func(ctx context.Context, tx Tx) error { return tx.Advance(ctx, Consumer, pos, to) })
		if err != nil {
			return fmt.Errorf("begin the books' position: %w", err)
		}
		pos = to
	}
	err = p.Log.CheckPosition(pos)
	if err != nil {
		return fmt.Errorf("the books and the log do not belong together: %w", err)
	}
	p.set(pos, pos.Seq)

	work, stop := context.WithCancel(ctx)
	defer stop()
	retried := make(chan error, 1)
	go func() {
		defer stop() // without retries signals would wait for ever: the whole processor ends
		retried <- p.retry(work)
	}()
	err = p.Log.Follow(work, pos.Seq, func(bs []eventlog.Batch) error { return p.take(work, bs) })
	stop()
	rerr := <-retried
	if errors.Is(err, context.Canceled) {
		err = nil // stopped from outside, or by the retries, whose error follows
	}
	if ctx.Err() != nil && err == nil {
		return nil
	}
	return errors.Join(err, rerr)
}

// Hold runs fn while nothing is judged: what fn reads of the books stays as it is,
// but for what people decide meanwhile. fn must not wait for the processor.
func (p *Processor) Hold(fn func() error) error {
	p.judgeMu.Lock()
	defer p.judgeMu.Unlock()
	return fn()
}

// Position is how far the books have come; durable.
func (p *Processor) Position() eventlog.Position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stored
}

func (p *Processor) set(stored eventlog.Position, seen uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stored, p.seen = stored, max(seen, stored.Seq)
	if p.moved != nil {
		close(p.moved)
	}
	p.moved = make(chan struct{})
}

// WaitFor waits until the books have passed the sequence.
func (p *Processor) WaitFor(ctx context.Context, seq uint64) error {
	for {
		p.mu.Lock()
		if p.seen >= seq {
			p.mu.Unlock()
			return nil
		}
		if p.moved == nil {
			p.moved = make(chan struct{})
		}
		moved := p.moved
		p.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// fresh is a signal as the log handed it over.
type fresh struct {
	seq uint64
	sig *event.Signal
}

// take judges the signals of some batches, in transactions of bounded size. The
// position moves with the last judgment of its batch; what is judged again after a
// crash in between finds its row and stays as it is.
func (p *Processor) take(ctx context.Context, bs []eventlog.Batch) error {
	p.judgeMu.Lock()
	defer p.judgeMu.Unlock()
	var sigs []fresh
	for _, b := range bs {
		for i, r := range b.Records {
			if r.Class != eventlog.Signal {
				continue
			}
			sig, err := event.DecodeSignal(r.Data)
			if err != nil {
				// The log's checksum held, so this is a newer format or a fault of ours:
				// going on would lose the signal for good.
				return fmt.Errorf("signal %d of log message %d: %w", i, b.Seq, err)
			}
			sigs = append(sigs, fresh{b.Seq, sig})
		}
	}
	end := bs[len(bs)-1].Seq
	if len(sigs) == 0 && time.Since(p.savedAt) < saveEvery {
		p.set(p.Position(), end)
		return nil
	}
	if len(sigs) > 0 {
		p.waitIndex(ctx, sigs[len(sigs)-1].seq)
	}
	for {
		n, err := p.commit(ctx, sigs, end)
		if err != nil {
			return err
		}
		sigs = sigs[n:]
		if len(sigs) == 0 {
			return nil
		}
	}
}

// waitIndex gives the click index a moment. Once it fails the next waits are
// skipped until the index is back, so that a stalled index holds nobody up.
func (p *Processor) waitIndex(ctx context.Context, seq uint64) {
	wait := indexWait
	if !p.indexOK {
		wait = time.Microsecond
	}
	wctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	p.indexOK = p.IndexPassed(wctx, seq) == nil
}

// commit judges some of the signals in one transaction and returns how many. The
// position goes to the last sequence that is then wholly judged.
func (p *Processor) commit(ctx context.Context, sigs []fresh, end uint64) (int, error) {
	from := p.Position()
	var rows []*inbox.Row
	var to eventlog.Position
	err := p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		rows = rows[:0]
		began := time.Now()
		for _, s := range sigs {
			if len(rows) >= maxJudgments || (len(rows) > 0 && time.Since(began) > maxHold) {
				break
			}
			row, err := p.one(ctx, tx, s)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		to = eventlog.Position{Stream: from.Stream, Seq: end}
		if rest := sigs[len(rows):]; len(rest) > 0 {
			to.Seq = max(from.Seq, rest[0].seq-1)
		}
		if to == from {
			return nil
		}
		return tx.Advance(ctx, Consumer, from, to)
	})
	if err != nil {
		return 0, fmt.Errorf("commit judgments: %w", err)
	}
	p.savedAt = time.Now()
	p.set(to, to.Seq)
	for _, r := range rows {
		p.Release(r)
	}
	if len(rows) > 0 {
		p.Changed()
	}
	return len(rows), nil
}

// one judges one signal of the log.
func (p *Processor) one(ctx context.Context, tx Tx, s fresh) (*inbox.Row, error) {
	return judgeOne(ctx, tx, p.Judge, p.Logger, s.sig, s.seq)
}

// judgeOne judges one signal under a savepoint, so that one poison row costs one row.
func judgeOne(ctx context.Context, tx Tx, j *conversion.Judge, logger *slog.Logger, sig *event.Signal, seq uint64) (*inbox.Row, error) {
	var row *inbox.Row
	err := tx.Savepoint(ctx, func(ctx context.Context) (err error) {
		defer recovered(&err)
		row, err = j.Judge(ctx, tx, sig, seq)
		return err
	})
	if err == nil {
		return row, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	logger.Error("judging failed", "signal", sig.ID.String(), "seq", seq, "error", err)
	return failed(ctx, tx, j.Now().UnixMicro(), sig, seq, err)
}

// recovered turns a panic of one judgment into its error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// failed keeps a signal whose judgment failed on our side; it is tried again. When
// even that cannot be written the whole transaction fails, and is retried.
func failed(ctx context.Context, tx Tx, now int64, sig *event.Signal, seq uint64, cause error) (*inbox.Row, error) {
	row := &inbox.Row{ID: sig.ID.String(), At: sig.At, Seq: int64(seq), Kind: sig.Kind, Workspace: sig.Workspace, Raw: sig.Append(nil), JudgedAt: now, Tries: 1,
		Verdict: event.ProcessingError, Detail: event.Verdicts[event.ProcessingError].Sentence, RetryAt: now + errorRest.Microseconds()}
	err := tx.Savepoint(ctx, func(ctx context.Context) error { return tx.PutSignal(ctx, row) })
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	return row, nil
}

// retry judges waiting signals when they are due.
func (p *Processor) retry(ctx context.Context) error {
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := p.retryDue(ctx)
		if err == nil {
			err = p.save(ctx)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("judge waiting signals: %w", err)
		}
	}
}

// save stores the position that came with visits and facts only, once a second: the
// log may be trimmed up to it.
func (p *Processor) save(ctx context.Context) error {
	p.judgeMu.Lock()
	defer p.judgeMu.Unlock()
	p.mu.Lock()
	from, to := p.stored, eventlog.Position{Stream: p.stored.Stream, Seq: p.seen}
	p.mu.Unlock()
	if to == from || time.Since(p.savedAt) < saveEvery {
		return nil
	}
	err := p.Store.Update(ctx, func(ctx context.Context, tx Tx) error { return tx.Advance(ctx, Consumer, from, to) })
	if err != nil {
		return fmt.Errorf("store the books' position: %w", err)
	}
	p.savedAt = time.Now()
	p.set(to, to.Seq)
	return nil
}

func (p *Processor) retryDue(ctx context.Context) error {
	now := p.Judge.Now().UnixMicro()
	due, err := p.Store.SignalsDue(ctx, now)
	if err != nil || !due {
		return err
	}
	p.judgeMu.Lock()
	defer p.judgeMu.Unlock()
	var rows []*inbox.Row
	err = p.Store.Update(ctx, func(ctx context.Context, tx Tx) error {
		rows = rows[:0]
		waiting, err := tx.DueSignals(ctx, now, maxJudgments)
		if err != nil {
			return err
		}
		for _, w := range waiting {
			sig, err := event.DecodeSignal(w.Raw)
			if err != nil {
				// One row that cannot be read must not keep the others from their turn.
				p.Logger.Error("a stored signal cannot be read", "signal", w.ID, "error", err)
				w.RetryAt = now + errorRest.Microseconds()
				err = tx.PutSignal(ctx, w)
				if err != nil {
					return err
				}
				continue
			}
			row, err := p.one(ctx, tx, fresh{uint64(w.Seq), sig})
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		p.Release(r)
	}
	if len(rows) > 0 {
		p.Changed()
	}
	return nil
}
