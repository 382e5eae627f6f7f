package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clickledger/internal/eventlog"
)

// masters are two folders as processes that were killed left them: one whose log
// begins at its beginning, one that was sealed and trimmed. They are copied, never
// opened.
type masters struct {
	plain, trimmed           string
	plainState, trimmedState []string
	market                   market
	older                    string // the trimmed one, some messages earlier
}

func newMasters(t *testing.T) *masters {
	t.Helper()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	ms := &masters{market: s.market()}
	s.traffic(ms.market, "one", 30)
	ms.plain, ms.plainState = copyFolder(t, s.data), state(t, s.app, ms.market)
	s.seal()
	s.traffic(ms.market, "two", 15)
	s.seal()
	// The books store how far they have come once a second; trimming waits for that.
	s.trimTo(s.app.log.Last())
	ms.older = copyFolder(t, s.data)
	s.traffic(ms.market, "three", 15)
	ms.trimmed, ms.trimmedState = copyFolder(t, s.data), state(t, s.app, ms.market)
	s.stop()
	return ms
}

// seal seals all there is into a segment.
func (s *server) seal() {
	s.t.Helper()
	_, ok, err := s.app.facts.Seal(s.t.Context())
	if err != nil || !ok {
		s.t.Fatalf("seal: %v, %v", ok, err)
	}
}

// trimTo trims the log up to the last sealed message, however far the stored
// positions are behind.
func (s *server) trimTo(upTo uint64) {
	s.t.Helper()
	for trimmed := uint64(0); trimmed < upTo; {
		s.mustClick(market{link: s.anyLink()}) // positions move with messages
		var err error
		trimmed, err = s.app.Trim(s.t.Context(), upTo)
		if err != nil {
			s.t.Fatal(err)
		}
	}
	first, err := s.app.log.First()
	if err != nil || first != upTo+1 {
		s.t.Fatalf("the log begins at %d, want %d, %v", first, upTo+1, err)
	}
}

func (s *server) anyLink() string {
	ws := s.api("GET", "/workspaces", nil)["data"].([]any)[0].(map[string]any)["id"]
	l := s.api("GET", fmt.Sprint("/links?limit=1&workspace=", ws), nil)["data"].([]any)[0].(map[string]any)
	return strings.TrimPrefix(fmt.Sprint(l["tracking_url"]), "http://track.example")
}

// damages are what happens to files.
var damages = map[string]func(t *testing.T, file string){
	"deleted":       remove,
	"empty":         func(t *testing.T, f string) { truncate(t, f, 0) },
	"cut in half":   func(t *testing.T, f string) { truncate(t, f, size(t, f)/2) },
	"cut by a byte": func(t *testing.T, f string) { truncate(t, f, size(t, f)-1) },
	"head flipped":  func(t *testing.T, f string) { flip(t, f, 0, 64) },
	"flipped all over": func(t *testing.T, f string) {
		for at := int64(100); at < size(t, f); at += 1000 {
			flip(t, f, at, 8)
		}
	},
	"something else": func(t *testing.T, f string) { write(t, f, []byte(strings.Repeat("this is no database. ", 1000))) },
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, file string) int64 {
	t.Helper()
	st, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

func truncate(t *testing.T, file string, n int64) {
	t.Helper()
	if err := os.Truncate(file, n); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip inverts bytes.
func flip(t *testing.T, file string, at int64, n int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := at; i < min(int64(len(b)), at+int64(n)); i++ {
		b[i] ^= 0xff
	}
	write(t, file, b)
}

// Whatever happens to what can be made anew while the server is down: the start makes
// it anew, and the totals are the same.
func TestRebuild(t *testing.T) {
	t.Parallel()
	ms := newMasters(t)
	for file, kinds := range map[string][]string{
		"clicks.db":              {"deleted", "cut in half", "flipped all over", "something else"},
		"clicks.db-wal":          {"deleted", "flipped all over"},
		"facts/facts.duckdb":     {"deleted", "empty", "cut in half", "head flipped", "flipped all over", "something else"},
		"facts/facts.duckdb.wal": {"deleted", "cut by a byte", "flipped all over"},
	} {
		for i, kind := range kinds {
			for _, trimmed := range []bool{false, true} {
				if strings.HasSuffix(file, "wal") && trimmed != (i%2 == 0) {
					continue // the logs of the databases: each kind once
				}
				t.Run(fmt.Sprintf("%s %s trimmed %v", filepath.Base(file), kind, trimmed), func(t *testing.T) {
					t.Parallel()
					from, want := ms.plain, ms.plainState
					if trimmed {
						from, want = ms.trimmed, ms.trimmedState
					}
					data := copyFolder(t, from)
					path := filepath.Join(data, file)
					if size(t, path) == 0 {
						t.Fatalf("there is no %s to damage", file)
					}
					damages[kind](t, path)
					same(t, want, inspect(t, data, ms.market))
				})
			}
		}
	}
	t.Run("all of it", func(t *testing.T) {
		t.Parallel()
		for from, want := range map[string][]string{ms.plain: ms.plainState, ms.trimmed: ms.trimmedState} {
			data := copyFolder(t, from)
			for _, pattern := range []string{"clicks.db*", "facts/facts.duckdb*"} {
				files, err := filepath.Glob(filepath.Join(data, pattern))
				if err != nil || len(files) == 0 {
					t.Fatal(files, err)
				}
				for _, f := range files {
					remove(t, f)
				}
			}
			same(t, want, inspect(t, data, ms.market))
			s := start(t, data)
			s.traffic(ms.market, "new", 6)
			wantVerified(t, s.app)
			s.stop()
		}
	})
	t.Run("all of it, untrimmed, with the segments", func(t *testing.T) {
		t.Parallel()
		data := copyFolder(t, ms.plain)
		remove(t, filepath.Join(data, "facts"))
		remove(t, filepath.Join(data, "clicks.db"))
		same(t, ms.plainState, inspect(t, data, ms.market))
	})
	t.Run("segments", func(t *testing.T) {
		t.Parallel()
		testSegments(t, ms)
	})
	t.Run("what cannot be made anew", func(t *testing.T) {
		t.Parallel()
		testRefusals(t, ms)
	})
}

func segmentsOf(t *testing.T, data string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "facts", "segments", "*.parquet"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	slices.Sort(files)
	return files
}

func testSegments(t *testing.T, ms *masters) {
	for name, do := range map[string]func(t *testing.T, segment string){
		"deleted":     remove,
		"flipped":     func(t *testing.T, f string) { flip(t, f, 500, 4) },
		"undescribed": func(t *testing.T, f string) { remove(t, f+".json") },
	} {
		// With the table gone as well, and the log trimmed, the rows are nowhere.
		data := copyFolder(t, ms.trimmed)
		do(t, segmentsOf(t, data)[0])
		remove(t, filepath.Join(data, "facts", "facts.duckdb"))
		remove(t, filepath.Join(data, "facts", "facts.duckdb.wal"))
		wantRefused(t, data, "the facts end at", "the event log begins at", "restore a backup")

		// With the table whole nothing is lost, and nothing is silently short.
		data = copyFolder(t, ms.trimmed)
		do(t, segmentsOf(t, data)[1])
		a, err := openOffline(t.Context(), settings(t, data), quiet)
		if err != nil {
			t.Fatalf("a segment is %s: %v", name, err)
		}
		err = a.offline(t.Context(), func(ctx context.Context) error {
			v, err := a.Verify(ctx)
			if err != nil {
				return err
			}
			if name == "flipped" && v.OK {
				t.Errorf("verify did not notice that a segment is %s", name)
			}
			same(t, ms.trimmedState, state(t, a, ms.market))
			return nil
		})
		if err := errors.Join(err, a.Close(context.Background())); err != nil {
			t.Errorf("a segment is %s: %v", name, err)
		}
	}
}

// testRefusals damages what must not be made anew: the start says what to do.
func testRefusals(t *testing.T, ms *masters) {
	open := func(data string) error {
		a, err := Open(t.Context(), settings(t, data), Options{Logger: quiet})
		if err == nil {
			t.Error("it was opened")
			return a.Close(context.Background())
		}
		return err
	}
	data := copyFolder(t, ms.trimmed)
	remove(t, filepath.Join(data, "log"))
	for range 2 { // the empty log that the first attempt made changes nothing
		if err := open(data); !errors.Is(err, eventlog.ErrForeign) || !strings.Contains(err.Error(), "put the folder log that belongs to these books back") ||
			!strings.Contains(err.Error(), "clickledger restore --data NEW FILE") || strings.Contains(err.Error(), "delete the consumer") {
			t.Errorf("without its log: %v", err)
		}
	}
	remove(t, filepath.Join(data, "log"))
	if err := os.CopyFS(filepath.Join(data, "log"), os.DirFS(filepath.Join(ms.trimmed, "log"))); err != nil {
		t.Fatal(err)
	}
	same(t, ms.trimmedState, inspect(t, data, ms.market)) // as the message said

	remove(t, filepath.Join(data, "log"))
	if err := os.CopyFS(filepath.Join(data, "log"), os.DirFS(filepath.Join(ms.older, "log"))); err != nil {
		t.Fatal(err)
	}
	if err := open(data); !errors.Is(err, eventlog.ErrBehind) || !strings.Contains(err.Error(), "older copy") {
		t.Errorf("with an older log: %v", err)
	}

	data = copyFolder(t, ms.plain)
	for _, f := range []string{"books.db", "books.db-wal", "books.db-shm"} {
		remove(t, filepath.Join(data, f))
	}
	for range 2 {
		if err := open(data); err == nil || !strings.Contains(err.Error(), "the books were lost") || !strings.Contains(err.Error(), "restore a backup") {
			t.Errorf("without its books: %v", err)
		}
	}

	// Projections of another installation, or ahead of the log.
	data = copyFolder(t, ms.plain)
	other := start(t, filepath.Join(t.TempDir(), "other"))
	other.traffic(other.market(), "x", 3)
	other.stop()
	remove(t, filepath.Join(data, "facts"))
	if err := os.CopyFS(filepath.Join(data, "facts"), os.DirFS(filepath.Join(other.data, "facts"))); err != nil {
		t.Fatal(err)
	}
	if err := open(data); !errors.Is(err, eventlog.ErrForeign) || !strings.Contains(err.Error(), "the facts do not belong to the event log") {
		t.Errorf("with the facts of another: %v", err)
	}
	data = copyFolder(t, ms.plain)
	for _, f := range []string{"clicks.db", "clicks.db-wal", "clicks.db-shm"} {
		remove(t, filepath.Join(data, f))
	}
	b, err := os.ReadFile(filepath.Join(other.data, "clicks.db"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(data, "clicks.db"), b)
	same(t, ms.plainState, inspect(t, data, ms.market)) // the index of another is made anew
}
