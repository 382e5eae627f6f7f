package app

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// backup takes one of a running server, as an operator does.
func (s *server) backup(name string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), name)
	size, err := BackupFolder(s.t.Context(), settings(s.t, s.data), quiet, file)
	if err != nil {
		s.t.Fatal(err)
	}
	st, err := os.Stat(file)
	if err != nil || st.Size() != size || st.Mode().Perm() != 0o600 {
		s.t.Errorf("%d bytes, mode %v, told %d, %v", st.Size(), st.Mode(), size, err)
	}
	return file
}

func restored(t *testing.T, file string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "restored")
	if err := Restore(t.Context(), data, file); err != nil {
		t.Fatal(err)
	}
	return data
}

// The drill: a backup of a quiet moment, more life, disaster, restore.
func TestRestoreDrill(t *testing.T) {
	for _, trimmed := range []bool{false, true} {
		t.Run(fmt.Sprint("trimmed ", trimmed), func(t *testing.T) {
			t.Parallel()
			s := start(t, filepath.Join(t.TempDir(), "data"))
			m := s.market()
			old := s.traffic(m, "before", 20)
			if trimmed {
				s.seal()
				s.traffic(m, "middle", 6)
				s.seal()
				s.trimTo(s.app.log.Last())
				s.traffic(m, "tail", 6)
			}
			want := state(t, s.app, m)
			file := s.backup("a.tar")
			later := s.traffic(m, "after", 10)
			s.stop()

			data := restored(t, file)
			same(t, want, inspect(t, data, m))
			r := start(t, data)
			same(t, want, state(t, r.app, m))
			// Clicks of before the backup are still ours and can convert; those after it
			// carry a good key, too, and wait for an index that never comes.
			r.mustBuy(m, old[1], "late-order")
			if v, _, err := r.buy(m, later[0], "lost-click"); err != nil || v != string(event.PendingClick) {
				t.Errorf("a click that is lost: %s, %v", v, err)
			}
			if v, _, err := r.buy(m, old[0], "before-0"); err != nil || v != string(event.Duplicate) {
				t.Errorf("an order of before: %s, %v", v, err)
			}
			issued := map[string]bool{}
			for _, id := range append(slices.Clone(old), later...) {
				issued[id] = true
			}
			for _, id := range r.traffic(m, "new", 10) {
				if issued[id] {
					t.Errorf("the click id %s was issued again", id)
				}
			}
			wantVerified(t, r.app)
			// And it can be backed up and restored again.
			want = state(t, r.app, m)
			same(t, want, inspect(t, restored(t, r.backup("b.tar")), m))
		})
	}
}

// A clock that is behind the backup's marks does not make ids repeat.
func TestRestoredMark(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.mustClick(m)
	mark, err := markFile(s.app.folder.file("clickid-1.mark")).Load()
	if err != nil || mark == 0 {
		t.Fatal(mark, err)
	}
	data := restored(t, s.backup("a.tar"))
	a, err := Open(t.Context(), settings(t, data), Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(context.Background())
	id, err := a.minter.New()
	if err != nil || id.Time().UnixMilli() <= mark || !s.app.minter.Keys().Verify(id) {
		t.Errorf("id %s of %d after the mark %d, %v", id, id.Time().UnixMilli(), mark, err)
	}
}

// Facts that are in the log when the books are copied are in the backup, however far
// the books' stored position is behind.
func TestBackupKeepsPublishedFacts(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	for i := range 2 {
		s.mustBuy(m, s.mustClick(m), fmt.Sprint("o-", i))
		s.caughtUp() // the facts are in the log, the position is stored once a second
		want := state(t, s.app, m)
		same(t, want, inspect(t, restored(t, s.backup("a.tar")), m))
	}
}

// Backups while everything moves: each is one moment that verifies, and knows nothing
// that did not happen.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "first", 30)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				id, err := s.click(m.link)
				if err == nil && i%2 == 0 {
					_, _, err = s.buy(m, id, fmt.Sprintf("o-%d-%d", w, i))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var files []string
	for i := range 3 {
		if i == 1 {
			s.seal()
		}
		files = append(files, s.backup(fmt.Sprint(i)))
	}
	close(done)
	wg.Wait()
	s.caughtUp()
	real := map[string]bool{}
	for _, line := range state(t, s.app, m) {
		real[line] = true
	}
	had := 0
	for _, f := range files {
		n := 0
		for _, line := range inspect(t, restored(t, f), m) {
			if strings.HasPrefix(line, "conversion ") {
				n++
				if !real[line] {
					t.Errorf("the backup has what never was: %s", line)
				}
			}
		}
		if n < max(had, 10) {
			t.Errorf("a later backup has %d conversions, the one before %d", n, had)
		}
		had = n
	}
}

// A backup that is not whole, or not one, is refused before anything is made.
func TestDamagedBackupIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 12)
	s.seal()
	s.traffic(m, "b", 6)
	good, err := os.ReadFile(s.backup("a.tar"))
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	names := []string{}
	for r := tar.NewReader(bytes.NewReader(good)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimRight(h.Name, "0123456789"))
	}
	if got := strings.Join(names, " "); !strings.HasPrefix(got, "manifest.json books.db clickid-1.mark segments/") || !strings.HasSuffix(got, ".parquet.json "+names[4]+" log/ sha") {
		t.Errorf("the backup holds %s", got)
	}
	if names[3] != names[4]+".json" {
		t.Errorf("the segment %s comes behind %s", names[4], names[3])
	}
	damaged := map[string][]byte{"empty": nil, "text": []byte(strings.Repeat("not a backup ", 1000)), "twice": append(slices.Clone(good), good...)}
	for _, cut := range []int{1, 511, 512, 1024, 2048, 4096, len(good) / 2, len(good) - 1000} {
		damaged[fmt.Sprint("without the last ", cut)] = good[:len(good)-cut]
	}
	for i := range 40 {
		b := slices.Clone(good)
		at := (len(b) - sumTail) * i / 40
		b[at] ^= 1 << (i % 8)
		damaged[fmt.Sprint("flipped at ", at)] = b
	}
	b := slices.Clone(good)
	b[len(b)-sumTail+512] ^= 1
	damaged["flipped in the sum"] = b
	for name, b := range damaged {
		dir := t.TempDir()
		file, data := filepath.Join(dir, "a.tar"), filepath.Join(dir, "data")
		write(t, file, b)
		err := Restore(t.Context(), data, file)
		if !errors.Is(err, errBackup) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a folder was made: %v", name, err)
		}
	}
}

// tarOf is a backup with these entries and a good sum.
func tarOf(t *testing.T, entries ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "made.tar")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	err = summed(f, func(w *tar.Writer) error {
		for i := 0; i < len(entries); i += 2 {
			if err := addBytes(w, entries[i], []byte(entries[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return file
}

// What is whole but cannot be: nothing is written outside the folder, and nothing is
// left.
func TestStrangeBackups(t *testing.T) {
	const m = `{"format": 1, "version": "x", "stream": "s", "first": 1, "last": 2}`
	two := string(appendBatch(appendBatch(nil, batch(1)), batch(2)))
	for name, c := range map[string]struct {
		entries []string
		want    string // in the message
	}{
		"no manifest":          {[]string{"books.db", ""}, "not a backup"},
		"bad manifest":         {[]string{manifestName, "{"}, "manifest"},
		"newer":                {[]string{manifestName, `{"format": 99, "version": "7.0"}`}, "newer clickledger (7.0)"},
		"a path upwards":       {[]string{manifestName, m, "segments/../../../../evil", "x"}, "damaged"},
		"an absolute path":     {[]string{manifestName, m, "/etc/evil", "x"}, "damaged"},
		"a mark upwards":       {[]string{manifestName, m, "clickid-/../../evil.mark", "x"}, "damaged"},
		"an unknown file":      {[]string{manifestName, m, "FORMAT", "9"}, "damaged"},
		"a file twice":         {[]string{manifestName, m, "books.db", "", "books.db", ""}, "exists"},
		"no log":               {[]string{manifestName, m, "books.db", ""}, "end at 0, want 2"},
		"a short log":          {[]string{manifestName, m, "log/1", string(appendBatch(nil, batch(1)))}, "end at 1, want 2"},
		"a log with a gap":     {[]string{manifestName, m, "log/1", string(appendBatch(appendBatch(nil, batch(1)), batch(3)))}, "gap"},
		"a log that is none":   {[]string{manifestName, m, "log/1", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}, "damaged"},
		"a record too long":    {[]string{manifestName, m, "log/1", two[:len(two)-1]}, "damaged"},
		"a class too many":     {[]string{manifestName, m, "log/1", string(appendBatch(nil, eventlog.Batch{Seq: 1, Records: []eventlog.Record{{Class: 9}}}))}, "class 9"},
		"files behind the log": {[]string{manifestName, m, "log/1", string(appendBatch(nil, batch(1))), "books.db", "x"}, "damaged"},
	} {
		file := tarOf(t, c.entries...)
		data := filepath.Join(t.TempDir(), "a", "b", "c", "data")
		err := Restore(t.Context(), data, file)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		entries, err := os.ReadDir(data)
		if err != nil || len(entries) > 0 {
			t.Errorf("%s: %v is left, %v", name, entries, err)
		}
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := Restore(t.Context(), data, tarOf(t, manifestName, m, "log/1", two)); err != nil {
		t.Errorf("the smallest that is whole: %v", err)
	}
}

func batch(seq uint64) eventlog.Batch {
	return eventlog.Batch{Seq: seq, Records: []eventlog.Record{{Class: eventlog.Signal, Data: []byte("x")}}}
}

// Where a restore goes, and what is left of one that is stopped.
func TestRestoreRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 6)
	file := s.backup("a.tar")
	if err := Restore(t.Context(), s.data, file); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("into a running server's folder: %v", err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x"), nil)
	if err := Restore(t.Context(), dir, file); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("into a folder with something in it: %v", err)
	}
	if err := Restore(t.Context(), filepath.Join(dir, "x", "y"), file); err == nil {
		t.Error("below a file")
	}
	if err := Restore(t.Context(), filepath.Join(dir, "y"), filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("from a file that is not there: %v", err)
	}
	if err := Restore(t.Context(), filepath.Join(dir, "y"), dir); err == nil {
		t.Error("from a folder")
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Restore(stopped, filepath.Join(dir, "y"), file); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	empty := t.TempDir() // one that exists is fine
	if err := Restore(t.Context(), empty, file); err != nil {
		t.Error(err)
	}
	same(t, state(t, s.app, m), inspect(t, empty, m))
}

// A backup that does not come about leaves no file, and none is overwritten.
func TestFailedBackups(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 6)
	dir := t.TempDir()
	nothing := func(what string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 0 {
			t.Errorf("%s: %v is left, %v", what, entries, err)
		}
		left, err := filepath.Glob(filepath.Join(s.data, tempPrefix+"*"))
		if err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left in the data folder, %v", what, left, err)
		}
	}
	file := filepath.Join(dir, "a.tar")
	cfg := settings(t, s.data)

	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := BackupFolder(stopped, cfg, quiet, file); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	nothing("stopped")
	if _, err := BackupFolder(t.Context(), settings(t, t.TempDir()), quiet, file); err == nil || !strings.Contains(err.Error(), "not a data folder") {
		t.Errorf("of nothing: %v", err)
	}
	nothing("of nothing")
	run := filepath.Join(s.data, runFile)
	real, err := os.ReadFile(run)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"answered 401": strings.Replace(string(real), s.app.localToken, "guessed", 1),
		"read running": "{",
		"ask the":      `{"url": "http://127.0.0.1:1", "token": "x"}`,
	} {
		write(t, run, []byte(text))
		if _, err := BackupFolder(t.Context(), cfg, quiet, file); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
		nothing(what)
	}
	remove(t, run)
	if _, err := BackupFolder(t.Context(), cfg, quiet, file); err == nil || !strings.Contains(err.Error(), "its server cannot be found") {
		t.Errorf("without a run file: %v", err)
	}
	nothing("without a run file")
	write(t, run, real)

	write(t, file, []byte("precious"))
	if _, err := BackupFolder(t.Context(), cfg, quiet, file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over a file: %v", err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	remove(t, file)
	if _, err := BackupFolder(t.Context(), cfg, quiet, filepath.Join(dir, "missing", "a.tar")); err == nil {
		t.Error("into a folder that is not there")
	}
	if err := s.app.Backup(t.Context(), broken{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("into a closed pipe: %v", err)
	}
	nothing("into a closed pipe")
	if _, err := BackupFolder(t.Context(), cfg, quiet, file); err != nil { // and after all that
		t.Error(err)
	}
	// Of a stopped folder, too.
	s.caughtUp()
	want := state(t, s.app, m)
	s.stop()
	if _, err := BackupFolder(t.Context(), cfg, quiet, filepath.Join(dir, "stopped.tar")); err != nil {
		t.Error(err)
	}
	for _, f := range []string{"a.tar", "stopped.tar"} {
		same(t, want, inspect(t, restored(t, filepath.Join(dir, f)), m))
	}
}

// The log of a backup ends behind the last fact that the copied books count as
// published, and before any later one.
func TestCut(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 12)
	facts := map[int64]uint64{} // number → sequence
	last := s.app.log.Last()
	err := s.app.log.Follow(t.Context(), 0, func(bs []eventlog.Batch) error {
		for _, b := range bs {
			for _, r := range b.Records {
				if r.Class == eventlog.Fact {
					f, err := event.DecodeFact(r.Data)
					if err != nil {
						return err
					}
					facts[f.No] = b.Seq
				}
			}
			if b.Seq >= last {
				return errEnd
			}
		}
		return nil
	})
	if !errors.Is(err, errEnd) || len(facts) != 4 {
		t.Fatalf("%d facts, %v", len(facts), err)
	}
	for published := range int64(5) {
		for _, at := range []uint64{0, facts[1], facts[4], last} {
			want := at
			for no, seq := range facts {
				if no <= published {
					want = max(want, seq)
				}
			}
			if got, err := s.app.cut(t.Context(), at, published); got != want || err != nil {
				t.Errorf("from %d with %d published: %d, want %d, %v", at, published, got, want, err)
			}
		}
	}
}
