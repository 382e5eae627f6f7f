package eventlog

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Position is how far a consumer has come in one stream. The zero Position is that
// of a consumer that has not begun.
type Position struct {
	Stream string
	Seq    uint64
}

// CheckPosition says whether a consumer may go on from a position: ErrForeign when it
// belongs to another stream, ErrBehind when the log ends before it. Going on would
// skip or repeat records unseen, so the errors tell the operator what to do.
func (l *Log) CheckPosition(p Position) error {
	if p == (Position{}) {
		return nil
	}
	if p.Stream != l.id {
		return fmt.Errorf("%w: sequence %d of stream %q, but the log in %s is stream %q: the log or the consumer's store was replaced. Put the folder back that belongs to this consumer (from the same backup), or delete the consumer's store and rebuild it from this log",
			ErrForeign, p.Seq, p.Stream, l.o.Dir, l.id)
	}
	if last := l.Last(); p.Seq > last {
		return fmt.Errorf("%w: a consumer has come to sequence %d, but the log in %s ends at %d: the log lost its end or was restored from an older backup. Restore log and consumer from the same backup, or delete the consumer's store and rebuild it; do not go on, new records would be skipped",
			ErrBehind, p.Seq, l.o.Dir, last)
	}
	return nil
}

// First is the first sequence the log holds; the one after Last when it holds none.
func (l *Log) First() (uint64, error) {
	err := l.ended()
	if err != nil {
		return 0, err
	}
	return l.first.Load(), nil
}

// Last is the last durable sequence, 0 for a new log. It is at least what any
// finished Append returned.
func (l *Log) Last() uint64 { return l.last.Load() }

// askState lets the writer look at the store again, between two writes.
func (l *Log) askState(ctx context.Context) error {
	answer := make(chan error, 1)
	l.mu.Lock()
	l.refresh = append(l.refresh, answer)
	l.mu.Unlock()
	select {
	case l.kick <- struct{}{}:
	default:
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.written:
		err := l.ended()
		if err == nil {
			err = ErrClosed
		}
		return err
	}
}

// trimStep is how many bytes Trim removes at once: the store is locked meanwhile, so
// this bounds how long it keeps a write waiting.
const trimStep = 16 << 20

// Trim removes the messages up to a sequence. The newest message always stays, so
// that the stream cannot forget how far its sequence had come. The caller makes sure
// that every consumer is past upTo: a follower that is not gets ErrGap.
func (l *Log) Trim(ctx context.Context, upTo uint64) error {
	if last := l.Last(); upTo >= last {
		upTo = max(last, 1) - 1
	}
	for {
		err := l.ended()
		if err != nil {
			return fmt.Errorf("eventlog: trim up to %d: %w", upTo, err)
		}
		first := l.first.Load()
		if upTo < first {
			return nil
		}
		average := max(1, l.used.Load()/int64(l.Last()-first+1))
		to := min(upTo, first-1+max(1, uint64(trimStep/average)))
		err = l.store().purge(ctx, to)
		if err != nil {
			return fmt.Errorf("eventlog: trim up to %d: %w", to, err)
		}
		err = l.askState(ctx)
		if err != nil {
			return fmt.Errorf("eventlog: trim up to %d: %w", to, err)
		}
		if l.first.Load() <= to {
			return fmt.Errorf("eventlog: trim up to %d: the store still begins at %d", to, l.first.Load())
		}
	}
}

func (s *store) purge(ctx context.Context, upTo uint64) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return s.stream.Purge(ctx, jetstream.WithPurgeSequence(upTo+1))
}
