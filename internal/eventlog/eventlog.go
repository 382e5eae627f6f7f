package eventlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// Class says what a record is, as far as the log must know: what it may refuse.
type Class uint8

// The classes of records.
const (
	// Visit is refused from 90 % of the limit and on low disk.
	Visit Class = 1
	// Signal is taken until the real limit.
	Signal Class = 2
	// Fact is taken until the real limit.
	Fact Class = 3
	// Impression is refused where a Visit is.
	Impression Class = 4

	classes = 5 // array size for counters by class
)

func (c Class) valid() bool { return c >= Visit && c <= Impression }

// first reports whether records of the class are the first to be refused when room gets
// scarce.
func (c Class) first() bool { return c == Visit || c == Impression }

// String names the class.
func (c Class) String() string {
	switch c {
	case Visit:
		return "visit"
	case Signal:
		return "signal"
	case Fact:
		return "fact"
	case Impression:
		return "impression"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Record is one entry of the log, opaque to it.
type Record struct {
	Class Class
	Data  []byte
}

// Batch is one message of the log: all its records share a sequence. Consumers
// share its memory: it may be kept, and must not be changed.
type Batch struct {
	Seq     uint64
	Time    time.Time // when the message was closed, by the writer's clock; the same on every reading
	Records []Record
}

// Limits.
const (
	// MaxRecordBytes is the largest record; a record over Options.MaxBatchBytes
	// travels alone.
	MaxRecordBytes = 1 << 20
	// maxQueueBytes bounds the records waiting while a write is in flight. Visits
	// are refused at three quarters of it.
	maxQueueBytes = 32 << 20
	// storeTimeout is how long a write may take before the store counts as broken, and
	// how long stopping a broken store may take.
	storeTimeout = 30 * time.Second
	// probeAfter is how long a write may take before the store is asked for its health.
	probeAfter = 300 * time.Millisecond
)

// What Append and the other calls fail with.
var (
	// ErrFull: the record was refused by a limit (bytes, disk, or memory waiting to
	// be written) and is not kept.
	ErrFull = errors.New("eventlog: full")
	// ErrDeadline: the write takes longer than the deadline. The record is kept in
	// flight and will still be written if the log can; it must not be spooled.
	ErrDeadline = errors.New("eventlog: deadline passed, the record is still in flight")
	// ErrFailed: a store error; the log is restarting its store or has failed for
	// good. The record is not kept and not acknowledged, though it may turn out to
	// be stored.
	ErrFailed = errors.New("eventlog: store failed")
	// ErrTooLarge: the record is over MaxRecordBytes.
	ErrTooLarge = errors.New("eventlog: record too large")
	// ErrClosed: Close was called. The record is not kept.
	ErrClosed = errors.New("eventlog: closed")
	// ErrGap: the log no longer holds the sequence asked for.
	ErrGap = errors.New("eventlog: gap")
	// ErrForeign: the position belongs to another log.
	ErrForeign = errors.New("eventlog: foreign position")
	// ErrBehind: the log ends before the position.
	ErrBehind = errors.New("eventlog: log is behind")
)

// Options configure a log.
type Options struct {
	// Dir holds the store; made if missing. The caller makes sure that only one
	// process uses it.
	Dir string
	// Relaxed acknowledges before fsync: a killed process loses nothing, a power
	// loss up to two minutes.
	Relaxed bool
	// MaxBytes is the log's limit; default 10 GiB. It may change between runs.
	MaxBytes int64
	// MinFreeBytes is the free disk space below which visits are refused; default
	// 256 MiB. Below an eighth of it everything is: a disk that is really full
	// would be a store error.
	MinFreeBytes int64
	// Deadline bounds the wait in Append; default 500 ms.
	Deadline time.Duration
	// SpoolBytes bounds the memory spool; default 16 MiB.
	SpoolBytes int
	// MaxBatchBytes bounds a message of several records; default 512 KiB, at most
	// MaxRecordBytes.
	MaxBatchBytes int
	// Logger defaults to slog.Default.
	Logger *slog.Logger
	// Registerer takes the metrics; may be nil.
	Registerer prometheus.Registerer

	origin origin // of a log that is being imported
	faults faults // for tests
}

// faults lets a test decide what happens instead of a write, and how much disk is free.
type faults struct {
	publish func(write func() (uint64, error)) (uint64, error)
	free    func() (uint64, error)
}

func (o *Options) setDefaults() error {
	if o.Dir == "" {
		return errors.New("eventlog: no directory given")
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 10 << 30
	}
	if o.MinFreeBytes == 0 {
		o.MinFreeBytes = 256 << 20
	}
	if o.Deadline == 0 {
		o.Deadline = 500 * time.Millisecond
	}
	if o.SpoolBytes == 0 {
		o.SpoolBytes = 16 << 20
	}
	if o.MaxBatchBytes == 0 {
		o.MaxBatchBytes = 512 << 10
	}
	if o.MaxBatchBytes < frameHeader+recordHeaderMax || o.MaxBatchBytes > MaxRecordBytes {
		return fmt.Errorf("eventlog: batch limit of %d bytes is not within %d and %d", o.MaxBatchBytes, frameHeader+recordHeaderMax, MaxRecordBytes)
	}
	if o.MaxBytes < 64<<10 || o.MinFreeBytes < 0 || o.Deadline < 0 || o.SpoolBytes < 0 {
		return fmt.Errorf("eventlog: limit out of range: %d bytes of log (at least 64 KiB), %d bytes free, deadline %v, %d bytes of spool",
			o.MaxBytes, o.MinFreeBytes, o.Deadline, o.SpoolBytes)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.faults.free == nil {
		dir := o.Dir
		o.faults.free = func() (uint64, error) { return diskFree(dir) }
	}
	return nil
}

// Log is an open log. Its methods may be called from many goroutines.
type Log struct {
	o  Options
	id string // the stream's id
	m  *metrics

	last  atomic.Uint64 // last durable sequence; written by the writer
	first atomic.Uint64 // first sequence held, last+1 if none; written by the writer
	used  atomic.Int64  // bytes in the store; written by the writer
	disk  diskWatch

	mu        sync.Mutex // guards what follows and the batches' settlement
	q         queue
	refusal   error        // why Append must refuse all: nil, ErrFailed or ErrClosed, with its cause
	lastError string       // the last store error
	refresh   []chan error // Trims waiting for the writer to look at the store again

	storeMu sync.Mutex // guards st
	st      *store     // replaced by the writer when it reopens

	tail  tail
	spool spool

	kick    chan struct{}      // wakes the writer; capacity 1
	closing chan struct{}      // closed by Close
	written chan struct{}      // closed when the writer has ended
	failed  chan struct{}      // closed when the log is failed for good
	ctx     context.Context    // ends when Close is done waiting
	cancel  context.CancelFunc // of ctx
	done    sync.WaitGroup     // the background goroutines

	closeOnce sync.Once
	closeErr  error // written within closeOnce
}

// Open starts the log in its directory, creates the stream if the directory is new,
// and refuses a store that does not keep the package's contract.
func Open(ctx context.Context, o Options) (*Log, error) {
	err := o.setDefaults()
	if err != nil {
		return nil, err
	}
	st, err := openStore(ctx, &o)
	if err != nil {
		return nil, err
	}
	l := &Log{
		o: o, id: st.id, st: st,
		kick: make(chan struct{}, 1), closing: make(chan struct{}),
		written: make(chan struct{}), failed: make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.spool.init(o.SpoolBytes)
	l.adopt(st)
	l.last.Store(st.state.LastSeq)
	l.tail.reset(st.state.LastSeq)
	l.m = newMetrics(l)
	err = l.m.register(o.Registerer)
	if err != nil {
		l.cancel()
		st.close()
		return nil, fmt.Errorf("eventlog: register metrics: %w", err)
	}
	l.checkDisk()
	l.done.Add(3)
	go func() { defer l.done.Done(); l.write() }()
	go func() { defer l.done.Done(); l.watch() }()
	go func() { defer l.done.Done(); l.retrySpool() }()
	return l, nil
}

// adopt takes a freshly opened store and what it says about itself.
func (l *Log) adopt(st *store) {
	l.storeMu.Lock()
	l.st = st
	l.storeMu.Unlock()
	l.setState(st.state)
}

// setState records what the store holds. Only the writer calls it once the log is open.
func (l *Log) setState(st jetstream.StreamState) {
	l.used.Store(int64(st.Bytes))
	first := max(st.FirstSeq, 1)
	if st.Msgs == 0 {
		first = st.LastSeq + 1
	}
	l.first.Store(first)
}

func (l *Log) store() *store {
	l.storeMu.Lock()
	defer l.storeMu.Unlock()
	return l.st
}

// StreamID is the random id the stream got when it was created. A store that was
// deleted or replaced has another one.
func (l *Log) StreamID() string { return l.id }

// Failed is closed when a store error made the log unusable and restarting the
// store did not help. The process must end: only a new one may acknowledge again.
func (l *Log) Failed() <-chan struct{} { return l.failed }

// Healthy returns nil when the log can acknowledge at least signals. That visits
// are refused is a state, not ill health: the visitors are still redirected.
func (l *Log) Healthy() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil {
		return l.refusal
	}
	return l.room(Signal, usualRecord)
}

// Close stops taking records, writes those in flight and, if the log can, those in
// the spool, and stops the server. When ctx ends first, what is not written is
// given up: its Appends fail, spooled records are counted as dropped.
func (l *Log) Close(ctx context.Context) error {
	l.closeOnce.Do(func() { l.closeErr = l.close(ctx) })
	return l.closeErr
}

func (l *Log) close(ctx context.Context) error {
	flushed := make(chan struct{})
	go func() { l.flushSpool(); close(flushed) }()
	select {
	case <-flushed:
	case <-ctx.Done():
	}
	l.mu.Lock()
	if l.refusal == nil {
		l.refusal = ErrClosed
	}
	close(l.closing) // within the lock: a reopening that ends now must see it
	l.mu.Unlock()
	var err error
	select {
	case <-l.written:
	case <-ctx.Done():
		err = fmt.Errorf("eventlog: closed before all was written: %w", ctx.Err())
		l.cancel()
		l.interrupt()
	}
	l.cancel()
	l.tail.broadcast()
	l.done.Wait()
	<-flushed
	l.spool.dropAll(l.m)
	l.m.unregister(l.o.Registerer)
	return errors.Join(err, stopWithin(l.store(), storeTimeout))
}

// interrupt makes the writer give up, also if it is just changing the store.
func (l *Log) interrupt() {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		l.store().fail(ErrClosed)
		select {
		case <-l.written:
			return
		case <-again.C:
		}
	}
}
