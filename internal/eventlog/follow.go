package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
)

// What Follow hands over at once, at most (a single larger message goes alone).
const (
	followMessages = 256
	followBytes    = 4 << 20
)

// Follow delivers the batches after a sequence to fn, in order and without gaps, as
// many at once as are ready (up to 256 batches or 4 MiB), until ctx ends or fn fails,
// and returns ctx' or fn's error. Only durable messages are delivered. Batches are
// shared between followers: fn may keep them and must not change them.
//
// It returns ErrGap when the log no longer holds what comes next, ErrBehind when the
// log ends before after, a [CorruptError] for what does not decode, ErrFailed when the
// log has failed for good, and ErrClosed. It survives a reopening of the store.
func (l *Log) Follow(ctx context.Context, after uint64, fn func([]Batch) error) error {
	leave := l.tail.follow()
	defer leave()
	if last := l.Last(); after > last {
		return fmt.Errorf("%w: it ends at %d, the follower begins after %d", ErrBehind, last, after)
	}
	var batches []Batch
	for {
		err := ctx.Err()
		if err != nil {
			return err
		}
		ready, last, changed := l.tail.after(after, followMessages, followBytes)
		if len(ready) == 0 {
			if last <= after {
				err = l.ended()
				if err != nil {
					return err
				}
				select {
				case <-changed:
				case <-ctx.Done():
				}
				continue
			}
			ready, err = l.readStore(ctx, after+1, last)
			if err != nil {
				return err
			}
		}
		batches = make([]Batch, 0, len(ready))
		for _, m := range ready {
			b, err := m.decode()
			if err != nil {
				return err
			}
			batches = append(batches, b)
		}
		err = fn(batches)
		if err != nil {
			return err
		}
		after = batches[len(batches)-1].Seq
	}
}

// ended says why nothing will come any more; nil while something may.
func (l *Log) ended() error {
	select {
	case <-l.failed:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.refusal
	case <-l.ctx.Done():
		return ErrClosed
	default:
		return nil
	}
}

// readStore reads from the store, waiting while it is reopened.
func (l *Log) readStore(ctx context.Context, from, last uint64) ([]*message, error) {
	count := followMessages
	if n := last - from + 1; n < uint64(count) {
		count = int(n)
	}
	for attempt := 0; ; attempt++ {
		_, _, changed := l.tail.after(last, 0, 0)
		if first := l.first.Load(); from < first {
			return nil, fmt.Errorf("%w: message %d was trimmed, the log begins at %d; rebuild this consumer from its own backup or segments up to there", ErrGap, from, first)
		}
		st := l.store()
		found, err := st.read(ctx, from, count, followBytes)
		if err == nil {
			return found, nil
		}
		if ended := l.ended(); ended != nil {
			return nil, ended
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if st.ctx.Err() != nil {
			// The writer is reopening it; Close and a failure wake us as well.
			if l.store() == st {
				select {
				case <-changed:
				case <-ctx.Done():
				}
			}
			attempt = 0
			continue
		}
		// A trim or a reopening may have come in between, and is known a moment later.
		if attempt == 3 {
			return nil, err
		}
		err = l.askState(ctx)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// read fetches messages from a sequence on; at least one or an error.
func (s *store) read(ctx context.Context, from uint64, count, maxBytes int) ([]*message, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	inbox := nats.NewInbox()
	sub, err := s.in.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("eventlog: read from message %d: %w", from, err)
	}
	defer sub.Unsubscribe()
	request, err := json.Marshal(struct {
		Seq      uint64 `json:"seq"`
		Batch    int    `json:"batch"`
		MaxBytes int    `json:"max_bytes"`
	}{from, count, maxBytes})
	if err != nil {
		return nil, fmt.Errorf("eventlog: read from message %d: %w", from, err)
	}
	err = s.in.PublishRequest("$JS.API.DIRECT.GET."+streamName, inbox, request)
	if err != nil {
		return nil, fmt.Errorf("eventlog: read from message %d: %w", from, err)
	}
	var found []*message
	for {
		msg, err := sub.NextMsgWithContext(ctx)
		if err != nil {
			return nil, fmt.Errorf("eventlog: read from message %d: %w", from, err)
		}
		switch status := msg.Header.Get("Status"); status {
		case "":
		case "204": // end of the batch
			if len(found) == 0 {
				return nil, &CorruptError{Seq: from, Offset: -1, Reason: "is missing in the store"}
			}
			return found, nil
		case "404":
			return nil, &CorruptError{Seq: from, Offset: -1, Reason: "is missing or unreadable in the store"}
		default:
			return nil, fmt.Errorf("eventlog: read from message %d: the store answers %s %s", from, status, msg.Header.Get("Description"))
		}
		seq, err := strconv.ParseUint(msg.Header.Get("Nats-Sequence"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("eventlog: read from message %d: no sequence in the answer: %w", from, err)
		}
		if want := from + uint64(len(found)); seq != want {
			return nil, &CorruptError{Seq: want, Offset: -1, Reason: fmt.Sprintf("is missing in the store, %d follows", seq)}
		}
		found = append(found, &message{seq: seq, frame: msg.Data})
	}
}
