package eventlog

import "fmt"

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
