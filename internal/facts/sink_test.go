package facts_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/factstest"
)

func TestMemoryConformance(t *testing.T) {
	factstest.Run(t, func(*testing.T, string) facts.Store { return new(factstest.Memory) }, false)
}

// running is a sink that runs until its test stops it.
type running struct {
	*facts.Sink
	stop func() error
}

func run(t *testing.T, store facts.Store, log facts.Log, opts facts.SinkOptions) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := facts.NewSink(store, log, opts)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return running{s, func() error { cancel(); return <-ended }}
}

// exactlyOnce checks that the store holds every visit and fact of the log once.
func exactlyOnce(t *testing.T, m *factstest.Memory, visits int, facts int64) {
	t.Helper()
	seen := make(map[event.ClickID]bool)
	next := int64(1)
	for _, r := range m.Rows() {
		if r.Fact.Kind == event.FactVisit {
			if seen[r.Fact.ID] {
				t.Fatalf("visit %s is there twice", r.Fact.ID)
			}
			seen[r.Fact.ID] = true
			continue
		}
		if r.Fact.No != next {
			t.Fatalf("fact number %d, want %d", r.Fact.No, next)
		}
		next++
	}
	if len(seen) != visits || next-1 != facts {
		t.Fatalf("%d visits and %d facts, want %d and %d", len(seen), next-1, visits, facts)
	}
}

func TestSinkFreshness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		s := run(t, m, log, facts.SinkOptions{})
		for i := range 50 {
			began := time.Now()
			seq := log.AppendVisits(i, i)
			if i%5 == 0 {
				seq = log.Append(time.Now(), factstest.SignalRecord(i)) // no row, but the position moves
			}
			if err := s.WaitFor(t.Context(), seq); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 300*time.Millisecond {
				t.Fatalf("message %d took %v", seq, took)
			}
			time.Sleep(time.Duration(rand.IntN(700)) * time.Millisecond) // the bubble's clock
		}
		if s.Lag() != 0 {
			t.Errorf("lag %v with everything committed", s.Lag())
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		exactlyOnce(t, m, 50, 0)
		if m.Checkpoints == 0 {
			t.Error("no checkpoint")
		}
	})
}

func TestSinkCommitsByRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		largest := 0
		rows := 0
		m.After = func(eventlog.Position) error {
			largest, rows = max(largest, len(m.RowsLocked())-rows), len(m.RowsLocked())
			return nil
		}
		for i := range 1000 {
			log.AppendVisits(i*10, i*10+9)
		}
		s := run(t, m, log, facts.SinkOptions{CommitRows: 500})
		began := time.Now()
		if err := s.WaitFor(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("catching up waited for %v", took)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		exactlyOnce(t, m, 10_000, 0)
		if largest > 510 {
			t.Errorf("%d rows at once, want about 500", largest)
		}
	})
}

// TestSinkFaultPairs makes additions fail at random, undone or done, and stops and
// starts the sink; every event is there once.
func TestSinkFaultPairs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(1, 2))
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		boom := errors.New("boom")
		faults, dice := 0, rand.New(rand.NewPCG(3, 4)) // the sink's, under the store's lock
		fail := func(eventlog.Position) error {
			if dice.IntN(3) == 0 {
				faults++
				return boom
			}
			return nil
		}
		m.Before, m.After = fail, fail
		visits, no := 0, int64(0)
		for range 30 {
			s := run(t, m, log, facts.SinkOptions{CommitRows: 40, Retries: 20})
			for range rnd.IntN(20) {
				log.AppendVisits(visits, visits+9)
				visits += 10
				switch rnd.IntN(3) {
				case 0:
					no++
					log.Append(time.Now(), factstest.FactRecord(factstest.Conversion(int(no), no)))
				case 1:
					if no > 0 { // the relay repeats itself
						log.Append(time.Now(), factstest.FactRecord(factstest.Conversion(int(no), no)))
					}
				}
			}
			if rnd.IntN(2) == 0 {
				if err := s.WaitFor(t.Context(), log.Last()); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
		}
		s := run(t, m, log, facts.SinkOptions{Retries: 20})
		if err := s.WaitFor(t.Context(), log.Last()); err != nil {
			t.Fatal(err)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		exactlyOnce(t, m, visits, no)
		if faults < 20 {
			t.Errorf("only %d faults", faults)
		}
	})
}

func TestSinkGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		boom := errors.New("boom")
		tries := 0
		m.Before = func(eventlog.Position) error { tries++; return boom }
		log.AppendVisits(0, 9)
		err := facts.NewSink(m, log, facts.SinkOptions{Retries: 3}).Run(t.Context())
		if !errors.Is(err, boom) || !strings.Contains(err.Error(), "1…1") || tries != 4 {
			t.Errorf("%v after %d tries", err, tries)
		}
	})
}

// TestSinkSomebodyElse: when the position is moved by another, the sink stops
// instead of adding rows twice.
func TestSinkSomebodyElse(t *testing.T) {
	log, m := factstest.NewLog("a"), new(factstest.Memory)
	for i := range 3 {
		log.AppendVisits(i, i)
	}
	s := facts.NewSink(m, log, facts.SinkOptions{CommitEvery: time.Millisecond})
	if err := m.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "a", Seq: 1}, nil); err != nil {
		t.Fatal(err)
	}
	m.Before = func(eventlog.Position) error {
		m.Before = nil
		m.MoveLocked(eventlog.Position{Stream: "a", Seq: 2})
		return nil
	}
	if err := s.Run(t.Context()); !errors.Is(err, facts.ErrPosition) {
		t.Error(err)
	}
}

func TestSinkUnreadableRecord(t *testing.T) {
	visit := factstest.VisitRecord(3)
	for name, bad := range map[string]eventlog.Record{
		"visit":   {Class: eventlog.Visit, Data: []byte{0xFF}},
		"no id":   {Class: eventlog.Visit},
		"fact":    {Class: eventlog.Fact, Data: visit.Data[:len(visit.Data)-3]},
		"unknown": {Class: 9},
	} {
		t.Run(name, func(t *testing.T) {
			log, m := factstest.NewLog("a"), new(factstest.Memory)
			log.AppendVisits(0, 0)
			log.AppendVisits(1, 2)
			log.Append(time.Now(), visit, bad, factstest.VisitRecord(4))
			log.AppendVisits(5, 5)
			err := facts.NewSink(m, log, facts.SinkOptions{}).Run(t.Context())
			var re *facts.RecordError
			if !errors.As(err, &re) || re.Seq != 3 || re.Index != 1 || re.Class != bad.Class {
				t.Fatalf("%v (%+v)", err, re)
			}
			exactlyOnce(t, m, 3, 0) // what came before is in, nothing of the message itself
			if st, _ := m.State(t.Context()); st.Position.Seq != 2 {
				t.Errorf("position %d, want 2", st.Position.Seq)
			}
		})
	}
}

func TestSinkRefusesForeignPositions(t *testing.T) {
	for _, c := range []struct {
		pos  eventlog.Position
		want error
	}{
		{eventlog.Position{Stream: "b", Seq: 1}, eventlog.ErrForeign},
		{eventlog.Position{Stream: "a", Seq: 99}, eventlog.ErrBehind},
		{eventlog.Position{Stream: "a", Seq: 1}, eventlog.ErrGap},
	} {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		for i := range 5 {
			log.AppendVisits(i, i)
		}
		log.TrimTo(3)
		if err := m.Add(t.Context(), eventlog.Position{}, c.pos, nil); err != nil {
			t.Fatal(err)
		}
		if err := facts.NewSink(m, log, facts.SinkOptions{}).Run(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("position %v: %v, want %v", c.pos, err, c.want)
		}
	}
}

func TestSinkSealsAndCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		s := run(t, m, log, facts.SinkOptions{SealRows: 100})
		seq := log.AppendVisits(0, 9)
		if err := s.WaitFor(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Second) // the bubble's clock
		synctest.Wait()
		if m.Checkpoints != 1 {
			t.Errorf("%d checkpoints after 9 s, want 1", m.Checkpoints)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if segs, _ := m.Segments(t.Context()); len(segs) != 1 || segs[0].Last != seq {
			t.Errorf("segments after an hour: %v", segs)
		}
		if m.Checkpoints != 1 {
			t.Errorf("%d checkpoints with nothing added", m.Checkpoints)
		}
		if err := s.WaitFor(t.Context(), log.AppendVisits(10, 200)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if segs, _ := m.Segments(t.Context()); len(segs) != 2 {
			t.Errorf("segments after 191 rows more: %v", segs)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSinkMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, m := factstest.NewLog("a"), new(factstest.Memory)
		reg := prometheus.NewPedanticRegistry()
		hold := true
		m.Before = func(eventlog.Position) error {
			if hold {
				return errors.New("held")
			}
			return nil
		}
		s := run(t, m, log, facts.SinkOptions{Registerer: reg, Retries: 100})
		seq := log.AppendVisits(0, 9)
		time.Sleep(2 * time.Second) // the bubble's clock
		synctest.Wait()
		got := gathered(t, reg)
		if !strings.Contains(got, "clickledger_facts_lag_seconds 2\n") || !strings.Contains(got, "clickledger_facts_lag_messages 1\n") {
			t.Errorf("while additions fail:\n%s", got)
		}
		m.Lock(func() { hold = false })
		if err := s.WaitFor(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		got = gathered(t, reg)
		for _, want := range []string{"lag_seconds 0\n", "rows_total 10\n", "position 1\n"} {
			if !strings.Contains(got, "clickledger_facts_"+want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func gathered(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		for _, m := range f.Metric {
			v := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			fmt.Fprintf(&b, "%s %g\n", f.GetName(), v)
		}
	}
	return b.String()
}

func TestFresh(t *testing.T) {
	row := func(no int64) facts.Row { return facts.Row{Fact: event.Fact{No: no}} }
	for _, c := range []struct {
		stored int64
		in     []int64
		want   []int64
		no     int64
	}{
		{0, nil, nil, 0},
		{5, []int64{0, 0}, []int64{0, 0}, 5},
		{5, []int64{4, 5, 6, 0, 7}, []int64{6, 0, 7}, 7},
		{0, []int64{1, 2, 2, 1, 3, 3}, []int64{1, 2, 3}, 3},
	} {
		var in []facts.Row
		for _, n := range c.in {
			in = append(in, row(n))
		}
		kept, no := facts.Fresh(c.stored, in)
		var got []int64
		for _, r := range kept {
			got = append(got, r.Fact.No)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) || no != c.no {
			t.Errorf("%d, %v: %v and %d, want %v and %d", c.stored, c.in, got, no, c.want, c.no)
		}
		for i, n := range c.in {
			if in[i].Fact.No != n {
				t.Error("the caller's rows were changed")
			}
		}
	}
}
