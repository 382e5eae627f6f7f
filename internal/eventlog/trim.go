package eventlog

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

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
