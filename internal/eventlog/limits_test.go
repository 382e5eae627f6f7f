package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/eventlog"
)

func TestByteLimit(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBytes = 256 << 10
	o.MaxBatchBytes = 8 << 10
	l := open(t, o)
	data := make([]byte, 1000)
	fill := func(class eventlog.Class) int64 {
		t.Helper()
		for range 1000 {
			_, err := l.Append(t.Context(), class, data)
			if errors.Is(err, eventlog.ErrFull) {
				return l.Stats().Bytes
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Fatalf("%v: never full", class)
		return 0
	}
	ninety := o.MaxBytes * 9 / 10
	if got := fill(eventlog.Visit); got > ninety || got < ninety-2000 {
		t.Errorf("visits are refused at %d bytes of %d", got, o.MaxBytes)
	}
	if s := l.Stats(); s.State != eventlog.StateSignalsOnly || s.UnackedVisits != 1 || s.Unacked != 1 {
		t.Errorf("stats %+v", s)
	}
	if err := l.Healthy(); err != nil {
		t.Errorf("signals are taken, yet: %v", err)
	}
	mustAppend(t, l, eventlog.Fact, "a fact")
	if got := fill(eventlog.Signal); got > o.MaxBytes || got < o.MaxBytes-2000 {
		t.Errorf("signals are refused at %d bytes of %d", got, o.MaxBytes)
	}
	_, err := l.Append(t.Context(), eventlog.Fact, data)
	if !errors.Is(err, eventlog.ErrFull) {
		t.Errorf("a fact in a full log: %v", err)
	}
	last, id := l.Last(), l.StreamID()
	closeLog(t, l)
	l = open(t, o)
	if s := l.Stats(); s.State == eventlog.StateOK || l.Last() != last {
		t.Errorf("after reopening: %+v", s)
	}
	err = l.Trim(t.Context(), last/2)
	if err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.State != eventlog.StateOK || s.Bytes > o.MaxBytes*6/10 {
		t.Errorf("after trimming: %+v", s)
	}
	mustAppend(t, l, eventlog.Visit, "again")
	closeLog(t, l)

	o.MaxBytes *= 2 // another limit is no other log
	l = open(t, o)
	if s := l.Stats(); s.Limit != o.MaxBytes || l.StreamID() != id || l.Last() != last+1 {
		t.Errorf("with another limit: %+v", s)
	}
	for range 300 {
		mustAppend(t, l, eventlog.Signal, string(data))
	}
	closeLog(t, l)
	o.MaxBytes /= 2 // and a lower one removes nothing
	l = open(t, o)
	if s := l.Stats(); s.State != eventlog.StateFull || l.Last() != last+301 {
		t.Errorf("with a lower limit: %+v", s)
	}
	if err := l.Healthy(); !errors.Is(err, eventlog.ErrFull) {
		t.Errorf("a full log's health: %v", err)
	}
}

func TestLowDisk(t *testing.T) {
	o := options(t.TempDir())
	o.MinFreeBytes = 80 << 20
	var free atomic.Uint64
	free.Store(100 << 20)
	o.SetFree(func() (uint64, error) { return free.Load(), nil })
	l := open(t, o)
	appendErr := func(class eventlog.Class) error {
		_, err := l.Append(t.Context(), class, []byte("x"))
		return err
	}
	if err := appendErr(eventlog.Visit); err != nil {
		t.Fatal(err)
	}
	free.Store(50 << 20)
	eventually(t, "visits are refused", func() bool { return l.Stats().State == eventlog.StateSignalsOnly })
	if err := appendErr(eventlog.Visit); !errors.Is(err, eventlog.ErrFull) || !strings.Contains(err.Error(), "disk") {
		t.Errorf("a visit on low disk: %v", err)
	}
	if err := appendErr(eventlog.Signal); err != nil {
		t.Errorf("a signal on low disk: %v", err)
	}
	free.Store(5 << 20)
	eventually(t, "all is refused", func() bool { return l.Stats().State == eventlog.StateFull })
	if err := appendErr(eventlog.Signal); !errors.Is(err, eventlog.ErrFull) {
		t.Errorf("a signal on a full disk: %v", err)
	}
	free.Store(100 << 20)
	eventually(t, "all is taken again", func() bool { return appendErr(eventlog.Visit) == nil })
}

// gate is a fault that holds every write until it is opened.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func newGate(o *eventlog.Options) *gate {
	g := &gate{entered: make(chan struct{}, 1000), open: make(chan struct{})}
	o.SetPublish(func(write func() (uint64, error)) (uint64, error) {
		g.entered <- struct{}{}
		<-g.open
		return write()
	})
	return g
}

// Past the deadline Append returns, and the record is written all the same, once.
func TestDeadline(t *testing.T) {
	o := options(t.TempDir())
	o.Deadline = 20 * time.Millisecond
	g := newGate(&o)
	l := open(t, o)
	for i := range 3 { // the one in flight, and those that wait behind it
		began := time.Now()
		_, err := l.Append(context.Background(), eventlog.Visit, fmt.Append(nil, "slow-", i))
		if took := time.Since(began); !errors.Is(err, eventlog.ErrDeadline) || took < o.Deadline {
			t.Fatalf("append %d: %v after %v", i, err, took)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		eventually(t, "the record waits", func() bool { return l.Waiting() == 3 })
		cancel()
	}()
	_, err := l.Append(ctx, eventlog.Signal, []byte("slow-3"))
	if !errors.Is(err, eventlog.ErrDeadline) {
		t.Errorf("append with an ended context: %v", err)
	}
	_, err = l.Append(ctx, eventlog.Signal, []byte("not taken"))
	if !errors.Is(err, context.Canceled) || errors.Is(err, eventlog.ErrDeadline) {
		t.Errorf("append begun with an ended context: %v", err)
	}
	if s := l.Stats(); s.Unacked != 4 || s.UnackedVisits != 3 || l.Last() != 0 {
		t.Errorf("stats %+v", s)
	}
	close(g.open)
	eventually(t, "the records are written", func() bool { return l.Stats().Records == 4 })
	found := contents(t, l)
	expectOnce(t, found, []string{"slow-0", "slow-1", "slow-2", "slow-3"})
	if len(found) != 4 || l.Stats().Dropped != 0 {
		t.Errorf("found %v, dropped %d", found, l.Stats().Dropped)
	}
}

// A batch whose first record is late must not cut short the wait of a later record.
func TestDeadlineIsEachRecordsOwn(t *testing.T) {
	o := options(t.TempDir())
	o.Deadline = 150 * time.Millisecond
	g := newGate(&o)
	l := open(t, o)
	go l.Append(context.Background(), eventlog.Visit, []byte("in flight"))
	<-g.entered
	_, err := l.Append(context.Background(), eventlog.Visit, []byte("opens the batch"))
	if !errors.Is(err, eventlog.ErrDeadline) {
		t.Fatal(err)
	}
	late := make(chan error)
	go func() {
		_, err := l.Append(context.Background(), eventlog.Visit, []byte("joins the late batch"))
		late <- err
	}()
	eventually(t, "it has joined", func() bool { return l.Waiting() == 2 })
	close(g.open)
	if err := <-late; err != nil {
		t.Errorf("the record had time left: %v", err)
	}
}

// The memory that waits to be written is bounded, for visits first.
func TestQueueLimit(t *testing.T) {
	o := options(t.TempDir())
	o.Deadline = time.Nanosecond
	g := newGate(&o)
	l := open(t, o)
	data := make([]byte, 500<<10)
	count := func(class eventlog.Class) (n int) {
		for n < 1000 {
			_, err := l.Append(context.Background(), class, data)
			if errors.Is(err, eventlog.ErrFull) {
				return n
			}
			if !errors.Is(err, eventlog.ErrDeadline) {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	visits, signals := count(eventlog.Visit), count(eventlog.Signal)
	if visits < 40 || visits > 50 || signals < 10 || signals > 20 {
		t.Errorf("%d visits and then %d signals of 500 KiB waited", visits, signals)
	}
	close(g.open)
	eventually(t, "all is written", func() bool { return l.Stats().Records == uint64(visits+signals) })
	mustAppend2(t, l)
}

// mustAppend2 appends where the deadline is too short to be told about it.
func mustAppend2(t *testing.T, l *eventlog.Log) {
	t.Helper()
	before := l.Stats().Records
	_, err := l.Append(context.Background(), eventlog.Visit, []byte("after"))
	if err != nil && !errors.Is(err, eventlog.ErrDeadline) {
		t.Fatal(err)
	}
	eventually(t, "the record is written", func() bool { return l.Stats().Records > before })
}

func TestSpool(t *testing.T) {
	o := options(t.TempDir())
	o.SpoolBytes = 1000
	o.MinFreeBytes = 80
	var free atomic.Uint64
	free.Store(10) // visits are refused
	o.SetFree(func() (uint64, error) { return free.Load(), nil })
	l := open(t, o)
	_, err := l.Append(t.Context(), eventlog.Visit, []byte("refused"))
	if !errors.Is(err, eventlog.ErrFull) {
		t.Fatal(err)
	}
	var kept []string
	for i := range 20 {
		text := fmt.Sprintf("spooled-%02d", i)
		if l.Spool(eventlog.Visit, []byte(text)) {
			kept = append(kept, text)
		}
	}
	if s := l.Stats(); len(kept) != 20 || s.Spooled != 20 || s.SpoolRecords != 20 || s.Dropped != 0 {
		t.Fatalf("kept %d, stats %+v", len(kept), s)
	}
	if l.Spool(eventlog.Visit, []byte("one too many")) || l.Stats().Dropped != 1 {
		t.Errorf("the spool's limit does not hold: %+v", l.Stats())
	}
	free.Store(1000)
	eventually(t, "the spool is empty", func() bool { return l.Stats().SpoolRecords == 0 })
	expectOnce(t, contents(t, l), kept)
	if s := l.Stats(); s.SpoolBytes != 0 || s.Dropped != 1 {
		t.Errorf("stats %+v", s)
	}
	if !l.Spool(eventlog.Visit, []byte("at the end")) {
		t.Fatal("not spooled")
	}
	closeLog(t, l) // makes a last attempt
	if l.Spool(eventlog.Visit, []byte("too late")) {
		t.Error("a closed log spools")
	}
	l = open(t, o)
	expectOnce(t, contents(t, l), []string{"at the end"})
}

// What the spool still holds when the log cannot take it is counted at Close.
func TestSpoolIsCountedAtClose(t *testing.T) {
	o := options(t.TempDir())
	o.MinFreeBytes = 80
	o.SetFree(func() (uint64, error) { return 1, nil })
	l := open(t, o)
	for i := range 5 {
		l.Spool(eventlog.Visit, fmt.Append(nil, i))
	}
	closeLog(t, l)
	if s := l.Stats(); s.Dropped != 5 || s.Last != 0 {
		t.Errorf("stats %+v", s)
	}
}

// Close does not wait longer than it is told, and tells those it gives up.
func TestCloseGivesUp(t *testing.T) {
	o := options(t.TempDir())
	stuck := make(chan struct{})
	var once atomic.Bool
	o.SetPublish(func(func() (uint64, error)) (uint64, error) {
		if once.CompareAndSwap(false, true) {
			<-stuck
		}
		return 0, errors.New("interrupted")
	})
	l := open(t, o)
	result := make(chan error)
	go func() {
		_, err := l.Append(context.Background(), eventlog.Signal, []byte("stuck"))
		result <- err
	}()
	eventually(t, "the write is stuck", once.Load)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	go func() {
		eventually(t, "the log is closing", func() bool { return l.Healthy() != nil })
		close(stuck)
	}()
	err := l.Close(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v", err)
	}
	if err := <-result; !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("append: %v", err)
	}
}
