package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"clickledger/internal/eventlog"
)

// Facts are in the log in the order they were given, whatever else is appended.
func TestAppendFacts(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBatchBytes = 2000
	l := open(t, o)
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				_, err := l.Append(context.Background(), eventlog.Visit, make([]byte, 100))
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	var facts [][]byte
	for i := range 200 {
		facts = append(facts, fmt.Appendf(nil, "%d-%s", i, bytes.Repeat([]byte("x"), i*7%1500)))
	}
	facts = append(facts, make([]byte, 10_000)) // over the batch limit
	err := l.AppendFacts(t.Context(), facts)
	if err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-ended
	err = l.AppendFacts(t.Context(), nil)
	if err != nil {
		t.Error(err)
	}
	err = l.AppendFacts(t.Context(), [][]byte{[]byte("not taken"), make([]byte, eventlog.MaxRecordBytes+1)})
	if !errors.Is(err, eventlog.ErrTooLarge) {
		t.Errorf("a fact that is too large: %v", err)
	}
	var got [][]byte
	for _, b := range follow(t, l, 0) {
		for _, r := range b.Records {
			if r.Class == eventlog.Fact {
				got = append(got, r.Data)
			}
		}
	}
	if len(got) < len(facts) {
		t.Fatalf("%d facts of %d", len(got), len(facts))
	}
	for i := range facts {
		if !bytes.Equal(got[i], facts[i]) {
			t.Fatalf("fact %d is another one", i)
		}
	}
}

// A run that fails ends the call: nothing after it is written.
func TestAppendFactsStopsAtFailure(t *testing.T) {
	o := options(t.TempDir())
	o.MaxBatchBytes = 1000
	calls := 0
	o.SetPublish(func(write func() (uint64, error)) (uint64, error) {
		calls++
		if calls >= 3 {
			return 0, errInjected
		}
		return write()
	})
	l := open(t, o)
	var facts [][]byte
	for i := range 50 {
		facts = append(facts, fmt.Appendf(nil, "%d-%s", i, make([]byte, 100)))
	}
	err := l.AppendFacts(t.Context(), facts)
	if !errors.Is(err, eventlog.ErrFailed) {
		t.Fatalf("got %v", err)
	}
	closeLog(t, l)
	l = open(t, options(o.Dir))
	n := 0
	for _, b := range follow(t, l, 0) {
		for _, r := range b.Records {
			if !bytes.Equal(r.Data, facts[n]) {
				t.Fatalf("fact %d is another one", n)
			}
			n++
		}
	}
	if n == 0 || n == len(facts) {
		t.Errorf("%d facts of %d were written", n, len(facts))
	}
}

// An imported log is the old one to every consumer.
func TestImport(t *testing.T) {
	o := options(t.TempDir())
	l := open(t, o)
	for i := range 30 {
		mustAppend(t, l, eventlog.Signal, fmt.Sprint(i))
	}
	err := l.Trim(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	id, old := l.StreamID(), follow(t, l, 10)
	closeLog(t, l)
	source := func(bs []eventlog.Batch) func() (eventlog.Batch, error) {
		return func() (eventlog.Batch, error) {
			if len(bs) == 0 {
				return eventlog.Batch{}, io.EOF
			}
			b := bs[0]
			bs = bs[1:]
			return b, nil
		}
	}

	for _, n := range []int{20, 0} { // with messages, and trimmed to nothing
		to := options(t.TempDir())
		first, last := uint64(11), uint64(10+n)
		err = eventlog.Import(t.Context(), to, id, first, last, source(old[:n]))
		if err != nil {
			t.Fatal(err)
		}
		err = eventlog.Import(t.Context(), to, id, first, last, source(old[:n]))
		if err == nil {
			t.Error("imported over a log")
		}
		for round, limit := range []int64{0, 1 << 30, 1 << 30} {
			to.MaxBytes = limit
			l := open(t, to)
			if f, err := l.First(); l.StreamID() != id || f != first || err != nil || l.Last() != last {
				t.Fatalf("%d messages, round %d: id %s, first %d, %v, last %d", n, round, l.StreamID(), f, err, l.Last())
			}
			err = l.CheckPosition(eventlog.Position{Stream: id, Seq: last})
			if err != nil {
				t.Error(err)
			}
			for i, b := range follow(t, l, first-1)[:n] {
				if b.Seq != old[i].Seq || !b.Time.Equal(old[i].Time) || string(b.Records[0].Data) != string(old[i].Records[0].Data) {
					t.Errorf("message %d: %+v", i, b)
				}
			}
			if round > 0 {
				last++
				if seq := mustAppend(t, l, eventlog.Visit, "more"); seq != last {
					t.Errorf("sequence %d after %d", seq, last-1)
				}
			}
			closeLog(t, l)
		}
	}

	for name, messages := range map[string][]eventlog.Batch{
		"one is missing":  append(append([]eventlog.Batch(nil), old[:5]...), old[6:]...),
		"the end is cut":  old[:19],
		"begins too late": old[1:],
	} {
		err = eventlog.Import(t.Context(), options(t.TempDir()), id, 11, 30, source(messages))
		if !errors.Is(err, eventlog.ErrGap) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
