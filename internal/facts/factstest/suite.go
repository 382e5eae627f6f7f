package factstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// Stream is the stream id the suite uses.
const Stream = "factstest-stream"

// Opener opens the store that lives in a folder; opened again after Close it finds
// what it held.
type Opener func(t *testing.T, dir string) facts.Store

// Run is the conformance suite. SQL false leaves out what needs Query.
func Run(t *testing.T, open Opener, sql bool) {
	s := suite{open: open, sql: sql}
	t.Run("empty", s.empty)
	t.Run("position", s.position)
	t.Run("fact numbers", s.factNumbers)
	t.Run("visits", s.visits)
	t.Run("segments", s.segments)
	if sql {
		t.Run("values", s.values)
		t.Run("query", s.query)
		t.Run("reopen", s.reopen)
		t.Run("concurrency", s.concurrency)
	}
}

type suite struct {
	open Opener
	sql  bool
}

func (s suite) store(t *testing.T) facts.Store {
	t.Helper()
	st := s.open(t, t.TempDir())
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

func at(seq uint64) eventlog.Position {
	if seq == 0 {
		return eventlog.Position{}
	}
	return eventlog.Position{Stream: Stream, Seq: seq}
}

func add(t *testing.T, st facts.Store, from, to uint64, rows ...facts.Row) {
	t.Helper()
	if err := st.Add(t.Context(), at(from), at(to), rows); err != nil {
		t.Fatalf("add %d…%d: %v", from+1, to, err)
	}
}

func state(t *testing.T, st facts.Store) facts.State {
	t.Helper()
	got, err := st.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s suite) empty(t *testing.T) {
	st := s.store(t)
	if got := state(t, st); got != (facts.State{}) {
		t.Errorf("state of an empty store: %+v", got)
	}
	if _, ok, err := st.Seal(t.Context()); ok || err != nil {
		t.Errorf("seal of an empty store: %v, %v", ok, err)
	}
	if segs, err := st.Segments(t.Context()); len(segs) != 0 || err != nil {
		t.Errorf("segments of an empty store: %v, %v", segs, err)
	}
	if err := st.Checkpoint(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s suite) position(t *testing.T) {
	st := s.store(t)
	add(t, st, 0, 10, Rows(0, 9)...)
	add(t, st, 10, 15) // only signals: the position moves without rows
	want := facts.State{Position: at(15), Rows: 10}
	if got := state(t, st); got != want {
		t.Fatalf("state %+v, want %+v", got, want)
	}
	for _, from := range []eventlog.Position{{}, at(10), at(14), at(16), {Stream: "other", Seq: 15}} {
		err := st.Add(t.Context(), from, eventlog.Position{Stream: Stream, Seq: 20}, Rows(15, 19))
		if !errors.Is(err, facts.ErrPosition) {
			t.Errorf("addition from %v: %v, want ErrPosition", from, err)
		}
	}
	if got := state(t, st); got != want {
		t.Errorf("refused additions changed the state to %+v", got)
	}
}

func (s suite) factNumbers(t *testing.T) {
	st := s.store(t)
	row := func(seq uint64, no int64) facts.Row { return facts.Row{Seq: seq, Fact: *Conversion(int(no), no)} }
	add(t, st, 0, 2, row(1, 1), row(1, 2), row(2, 2), row(2, 3)) // 2 published twice within one addition
	add(t, st, 2, 4, row(3, 2), row(3, 3), row(4, 4), Rows(3, 3)[0])
	got := state(t, st)
	if got.FactNo != 4 || got.Rows != 5 {
		t.Errorf("number %d and %d rows, want 4 and 5", got.FactNo, got.Rows)
	}
}

func (s suite) visits(t *testing.T) {
	st := s.store(t)
	rows := Rows(0, 29)
	hostile := Hostile()
	for i := range rows {
		rows[i].Fact.ExternalID = hostile[i%len(hostile)]
		rows[i].Fact.Subs[19] = hostile[(i+1)%len(hostile)]
	}
	conv := facts.Row{Seq: 30, Fact: *Conversion(3, 1)}
	add(t, st, 0, 20, rows[:20]...)
	add(t, st, 20, 30, append(slices.Clone(rows[20:]), conv)...)
	n := 0
	err := st.Visits(t.Context(), func(seq uint64, v *event.Visit) error {
		f := event.VisitFact(v)
		if seq != rows[n].Seq {
			return fmt.Errorf("visit %d: sequence %d, want %d", n, seq, rows[n].Seq)
		}
		if diff := cmp.Diff(rows[n].Fact, f); diff != "" {
			return fmt.Errorf("visit %d: %s", n, diff)
		}
		n++
		return nil
	})
	if err != nil || n != 30 {
		t.Errorf("%d visits, %v; want 30", n, err)
	}
	stop := errors.New("stop")
	if err := st.Visits(t.Context(), func(uint64, *event.Visit) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error came back as %v", err)
	}
}

// Hostile lists texts that break what handles them carelessly.
func Hostile() []string {
	return []string{"", "'", `"`, `\`, "''; DROP TABLE facts; --", "{click_id}", "%7Bx%7D", "\x00", "a\x00b", "line\r\nbreak",
		"twelve bytes", "thirteen byte", "日本語のキーワードです", "\xff\xfe not utf-8 \x80", "\U0010FF80\U0010FFFF", "\U0010FEFF", "NULL", strings.Repeat("x", 512), "\xF4\x8F\xBE"}
}

func (s suite) segments(t *testing.T) {
	st := s.store(t)
	seal := func(first, last uint64, rows, no int64) {
		t.Helper()
		seg, ok, err := st.Seal(t.Context())
		if err != nil || !ok {
			t.Fatalf("seal: %v, %v", ok, err)
		}
		if seg.First != first || seg.Last != last || seg.Rows != rows || seg.FactNo != no || seg.Stream != Stream {
			t.Errorf("segment %+v, want %d…%d with %d rows, number %d", seg, first, last, rows, no)
		}
	}
	add(t, st, 0, 10, Rows(0, 9)...)
	seal(1, 10, 10, 0)
	if _, ok, err := st.Seal(t.Context()); ok || err != nil {
		t.Errorf("a second seal of nothing: %v, %v", ok, err)
	}
	add(t, st, 10, 12) // a range without rows is sealed too: ranges stay contiguous
	seal(11, 12, 0, 0)
	add(t, st, 12, 13, facts.Row{Seq: 13, Fact: *Conversion(1, 7)})
	add(t, st, 13, 14)
	seal(13, 14, 1, 7)
	segs, err := st.Segments(t.Context())
	if err != nil || len(segs) != 3 {
		t.Fatalf("%d segments, %v", len(segs), err)
	}
	if got := state(t, st).Sealed; got != 14 {
		t.Errorf("sealed up to %d, want 14", got)
	}
}

func (s suite) values(t *testing.T) {
	st := s.store(t)
	f := event.Fact{No: 9, Kind: event.FactAdjustment, At: 1, Visit: 2, ID: ID(77)}
	for i, c := range facts.IntColumns() {
		if *c.Of(&f) == 0 {
			*c.Of(&f) = -int64(i) * 1_000_000_007
		}
	}
	for i, c := range facts.TextColumns() {
		if *c.Of(&f) == "" {
			*c.Of(&f) = fmt.Sprintf("%s %d %s", c.Name, i, strings.Repeat("é", i))
		}
	}
	add(t, st, 0, 1, facts.Row{Seq: 1, Fact: f}, facts.Row{Seq: 1, Fact: event.Fact{Kind: event.FactVisit}})
	for _, c := range facts.IntColumns() {
		s.cells(t, st, "SELECT "+c.Name+" FROM facts ORDER BY kind", *c.Of(&f), int64(0))
	}
	for _, c := range facts.TextColumns() {
		if c.Name != "kind" {
			s.cells(t, st, "SELECT "+c.Name+" FROM facts ORDER BY kind", *c.Of(&f), "")
		}
	}
	s.cells(t, st, "SELECT click_id FROM facts ORDER BY kind", f.ID.String(), "")
	s.cells(t, st, "SELECT seq FROM facts WHERE kind = ?", []any{event.FactVisit}, int64(1))
}

// cells compares the first column of an answer; the first of want may be arguments.
func (s suite) cells(t *testing.T, st facts.Store, sql string, want ...any) {
	t.Helper()
	var args []any
	if a, ok := want[0].([]any); ok {
		args, want = a, want[1:]
	}
	res, err := st.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var got []any
	for _, r := range res.Rows {
		got = append(got, r[0])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", sql, diff)
	}
}

func (s suite) query(t *testing.T) {
	st := s.store(t)
	rows := Rows(0, 99)
	hostile := Hostile()
	for i := range rows {
		rows[i].Fact.Keyword = hostile[i%len(hostile)]
	}
	add(t, st, 0, 100, rows...)
	for i, h := range hostile {
		if strings.IndexByte(h, 0) >= 0 {
			continue // an argument cannot hold a zero byte; reports refuse it
		}
		want := int64(0)
		for n := range rows {
			if n%len(hostile) == i {
				want++
			}
		}
		s.cells(t, st, "SELECT count(*) FROM facts WHERE keyword = ?", []any{h}, want)
	}
	s.cells(t, st, "SELECT sum(visits) FROM facts", int64(100))
	for _, sql := range []string{"DROP TABLE facts", "INSERT INTO facts SELECT * FROM facts", "DELETE FROM facts", "nonsense", "", "SELECT 1 FROM nowhere"} {
		if _, err := st.Query(t.Context(), sql); err == nil {
			t.Errorf("%q was run", sql)
		}
	}
	s.cells(t, st, "SELECT count(*) FROM facts", int64(100))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := st.Query(ctx, "SELECT 1"); err == nil {
		t.Error("a query ran under a context that had ended")
	}
}

func (s suite) reopen(t *testing.T) {
	dir := t.TempDir()
	st := s.open(t, dir)
	add(t, st, 0, 10, Rows(0, 9)...)
	if _, ok, err := st.Seal(t.Context()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	add(t, st, 10, 20, Rows(10, 19)...)
	want := state(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = s.open(t, dir)
	defer st.Close()
	if got := state(t, st); got != want {
		t.Errorf("state after a reopen %+v, want %+v", got, want)
	}
	s.cells(t, st, "SELECT count(*) FROM facts", int64(20))
	add(t, st, 20, 30, Rows(20, 29)...)
	s.cells(t, st, "SELECT max(seq) FROM facts", int64(30))
}

// concurrency asks while rows are added, checkpointed and sealed: an answer shows
// whole additions only.
func (s suite) concurrency(t *testing.T) {
	st := s.store(t)
	const adds, size = 40, 250
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			last := int64(0)
			for {
				res, err := st.Query(t.Context(), "SELECT count(*), coalesce(max(seq), 0), sum(visits) FROM facts")
				if err != nil {
					t.Error(err)
					return
				}
				n, seq := res.Rows[0][0].(int64), res.Rows[0][1].(int64)
				if n%size != 0 || n != seq || n < last {
					t.Errorf("%d rows up to sequence %d after %d", n, seq, last)
				}
				last = n
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	wg.Go(func() {
		for {
			if _, _, err := st.Seal(t.Context()); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for i := range adds {
		add(t, st, uint64(i*size), uint64((i+1)*size), Rows(i*size, (i+1)*size-1)...)
		if i%10 == 9 {
			if err := st.Checkpoint(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	wg.Wait()
	s.cells(t, st, "SELECT count(*) FROM facts", int64(adds*size))
	if _, err := st.Segments(t.Context()); err != nil {
		t.Error(err)
	}
}
