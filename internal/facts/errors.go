package facts

import "errors"

// ErrPosition says that an addition does not start where the table ends: somebody
// else moved the position, or the caller's idea of it is old. Read the state again.
var ErrPosition = errors.New("facts: the table is not at the position the rows start from")

// ErrSegment says that a sealed segment is missing, overlapping or damaged; the
// error's text names it.
var ErrSegment = errors.New("facts: bad segment")

// LogSizer is what a [Store] with a write-ahead log may also be; the [Sink] then
// checkpoints by size as well as by time.
type LogSizer interface {
	// LogBytes is the size of the write-ahead log.
	LogBytes() int64
}
