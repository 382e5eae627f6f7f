package duck_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

// totals is every sum a report could show, and a count per text column.
func totals(t *testing.T, s facts.Store) string {
	t.Helper()
	sql := "SELECT count(*), min(seq), max(seq)"
	for _, c := range facts.IntColumns() {
		sql += ", sum(" + c.Name + ")"
	}
	for _, c := range facts.TextColumns() {
		sql += ", count(DISTINCT " + c.Name + "), max(" + c.Name + ")"
	}
	res, err := s.Query(t.Context(), sql+" FROM facts")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.Rows)
}

// fillLog makes a log of visits, signals and conversions, some of them relayed twice.
func fillLog(messages int) *factstest.Log {
	log := factstest.NewLog(stream)
	no := int64(0)
	for i := range messages {
		log.AppendVisits(i*10, i*10+9)
		switch i % 4 {
		case 1:
			no++
			log.Append(epoch(i), factstest.FactRecord(factstest.Conversion(i, no)), factstest.SignalRecord(i))
		case 2:
			log.Append(epoch(i), factstest.FactRecord(factstest.Conversion(i-1, no))) // again
		case 3:
			log.Append(epoch(i), factstest.SignalRecord(i))
		}
	}
	return log
}

// catchUp runs a sink until the store has the whole log.
func catchUp(t *testing.T, s facts.Store, log facts.Log, opts facts.SinkOptions) error {
	t.Helper()
	sink := facts.NewSink(s, log, opts)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- sink.Run(ctx) }()
	waited := make(chan error, 1)
	go func() { waited <- sink.WaitFor(ctx, log.Last()) }()
	select {
	case err := <-ended:
		return err
	case err := <-waited:
		if err != nil {
			return err
		}
	}
	cancel()
	return <-ended
}

func small() facts.SinkOptions {
	return facts.SinkOptions{CommitRows: 100, CommitEvery: time.Millisecond}
}

func reopen(t *testing.T, dir string, change func()) *duck.Store {
	t.Helper()
	change()
	return open(t, duck.Options{Dir: dir})
}

// TestRebuild loses or damages the file in every way that has been seen, and expects
// the same totals after the segments and the log have been read again.
func TestRebuild(t *testing.T) {
	overwrite := func(path string, from int64, n int) {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte(strings.Repeat("\xAA", n)), from); err != nil {
			t.Fatal(err)
		}
	}
	for name, damage := range map[string]func(path string){
		"missing":    func(path string) { os.Remove(path) },
		"empty":      func(path string) { os.WriteFile(path, nil, 0o600) },
		"not a file": func(path string) { os.WriteFile(path, []byte("this is no database at all"), 0o600) },
		"header":     func(path string) { overwrite(path, 0, 64) },
		"all headers": func(path string) {
			overwrite(path, 4096, 8192)
		},
		"cut short": func(path string) { os.Truncate(path, 12288) },
		"marked": func(path string) {
			os.WriteFile(filepath.Join(filepath.Dir(path), "facts.rebuild"), []byte("why"), 0o600)
		},
		"dies on open": func(path string) {
			os.WriteFile(filepath.Join(filepath.Dir(path), "facts.opening"), []byte("3"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := fillLog(60)
			s, err := duck.Open(t.Context(), duck.Options{Dir: dir, SealRows: 150})
			if err != nil {
				t.Fatal(err)
			}
			if err := catchUp(t, s, log, small()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, ok, err := s.Seal(t.Context()); !ok || err != nil {
					t.Fatal(ok, err)
				}
			}
			want := totals(t, s)
			st, err := s.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			s = reopen(t, dir, func() { damage(filepath.Join(dir, "facts.duckdb")) })
			rec := s.Recovered()
			if rec.Segments != 2 || rec.Rows < 250 || len(rec.Damaged) != 0 {
				t.Errorf("recovery %+v, want about 300 rows of 2 segments", rec)
			}
			if name != "missing" && (rec.Reason == "" || len(rec.MovedTo) == 0) {
				t.Errorf("nothing was moved aside: %+v", rec)
			}
			got, err := s.State(t.Context())
			if err != nil || got.Position.Seq != st.Sealed || got.Sealed != st.Sealed {
				t.Errorf("restored state %+v, %v; want the end of the last segment, %d", got, err, st.Sealed)
			}
			log.TrimTo(st.Sealed) // the log need not reach back further than the segments
			if err := catchUp(t, s, log, small()); err != nil {
				t.Fatal(err)
			}
			if got := totals(t, s); got != want {
				t.Errorf("totals after the rebuild\n%s\nwant\n%s", got, want)
			}
			if got, err := s.State(t.Context()); err != nil || got.FactNo != st.FactNo || got.Rows != st.Rows || got.Position != st.Position {
				t.Errorf("state after the rebuild %+v, %v; want %+v", got, err, st)
			}
		})
	}
}

// TestDamagedLog takes the files as a killed process leaves them and spoils the
// write-ahead log at many places: DuckDB replays what comes before, or refuses, and
// either way the rows and the position that are left agree and the rest is read again.
func TestDamagedLog(t *testing.T) {
	dir := t.TempDir()
	log := fillLog(40)
	live := open(t, duck.Options{Dir: dir})
	if err := catchUp(t, live, log, small()); err != nil {
		t.Fatal(err)
	}
	want := totals(t, live)
	image, err := os.ReadFile(filepath.Join(dir, "facts.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(filepath.Join(dir, "facts.duckdb.wal"))
	if err != nil || len(wal) < 10_000 {
		t.Fatalf("a log of %d bytes, %v", len(wal), err)
	}
	for i := range 8 {
		spoiled := append([]byte(nil), wal...)
		at := len(wal) * i / 8
		if i%2 == 0 {
			spoiled = spoiled[:at]
		} else {
			spoiled[at] ^= 0xFF
		}
		copied := t.TempDir()
		for name, data := range map[string][]byte{"facts.duckdb": image, "facts.duckdb.wal": spoiled} {
			if err := os.WriteFile(filepath.Join(copied, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, duck.Options{Dir: copied})
		if err := catchUp(t, s, log, small()); err != nil {
			t.Fatal(err)
		}
		if got := totals(t, s); got != want {
			t.Errorf("spoiled at %d: totals %s\nwant %s (%+v)", at, got, want, s.Recovered())
		}
	}
}

// TestOlderCopy puts an older copy of the file back: the segments bring it up.
func TestOlderCopy(t *testing.T) {
	dir := t.TempDir()
	log := fillLog(20)
	s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := catchUp(t, s, log, small()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "facts.duckdb")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = duck.Open(t.Context(), duck.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		log.AppendVisits(1000+i*10, 1009+i*10)
	}
	if err := catchUp(t, s, log, small()); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Seal(t.Context()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	want := totals(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, func() {
		if err := os.WriteFile(path, old, 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if got := totals(t, s); got != want || s.Recovered().Segments != 1 {
		t.Errorf("totals %s\nwant %s; %+v", got, want, s.Recovered())
	}
}

// TestDamagedSegment has three segments, the middle one damaged: it and the one
// behind it are named and set aside, and their range comes from the log, or, when
// the log has been trimmed, following it says what is missing.
func TestDamagedSegment(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"bytes":          func(path string) error { return os.WriteFile(path, []byte("PAR1 and nothing"), 0o600) },
		"missing":        os.Remove,
		"no description": func(path string) error { return os.Remove(path + ".json") },
		"bad description": func(path string) error {
			return os.WriteFile(path+".json", []byte("{"), 0o600)
		},
	} {
		for _, trimmed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, trimmed %v", name, trimmed), func(t *testing.T) {
				dir := t.TempDir()
				log := fillLog(60)
				s, err := duck.Open(t.Context(), duck.Options{Dir: dir, SealRows: 150})
				if err != nil {
					t.Fatal(err)
				}
				if err := catchUp(t, s, log, small()); err != nil {
					t.Fatal(err)
				}
				var segs []facts.Segment
				for range 3 {
					seg, ok, err := s.Seal(t.Context())
					if !ok || err != nil {
						t.Fatal(ok, err)
					}
					segs = append(segs, seg)
				}
				if err := s.VerifySegments(t.Context()); err != nil {
					t.Fatal(err)
				}
				want := totals(t, s)
				if err := damage(segs[1].File); err != nil {
					t.Fatal(err)
				}
				if err := s.VerifySegments(t.Context()); !errors.Is(err, facts.ErrSegment) {
					t.Errorf("verification found %v", err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = reopen(t, dir, func() { os.Remove(filepath.Join(dir, "facts.duckdb")) })
				rec := s.Recovered()
				if rec.Segments != 1 || len(rec.Damaged) == 0 {
					t.Fatalf("recovery %+v", rec)
				}
				if name != "missing" && rec.Damaged[0] != filepath.Base(segs[1].File) {
					t.Errorf("damaged: %v, want %s named first", rec.Damaged, segs[1].File)
				}
				if trimmed {
					log.TrimTo(segs[2].Last)
					if err := catchUp(t, s, log, small()); !errors.Is(err, eventlog.ErrGap) {
						t.Errorf("the log cannot supply the range, but: %v", err)
					}
					return
				}
				if err := catchUp(t, s, log, small()); err != nil {
					t.Fatal(err)
				}
				if got := totals(t, s); got != want {
					t.Errorf("totals %s\nwant %s", got, want)
				}
				if _, ok, err := s.Seal(t.Context()); !ok || err != nil {
					t.Errorf("the range is not sealed again: %v, %v", ok, err)
				}
			})
		}
	}
}
