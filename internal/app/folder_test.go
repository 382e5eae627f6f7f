package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestOpenFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "FORMAT"))
	if err != nil || string(b) != "1\n" {
		t.Errorf("FORMAT %q, %v", b, err)
	}
	st, err := os.Stat(dir)
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v: it holds keys", st.Mode(), err)
	}
	_, err = OpenFolder(dir)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened twice: %v", err)
	}
	// What a killed process left is removed, other files are not touched.
	for _, name := range []string{tempPrefix + "backup-1", "backup-of-mine.tar", "notes.txt"} {
		write(t, filepath.Join(dir, name), []byte("x"))
	}
	if err := os.MkdirAll(filepath.Join(dir, tempPrefix+"backup-2", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f, err = OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); err != nil || got != "FORMAT backup-of-mine.tar lock notes.txt" {
		t.Errorf("the folder holds %s, %v", got, err)
	}
}

func TestFolderRefusals(t *testing.T) {
	with := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			write(t, filepath.Join(dir, name), []byte(text))
		}
		return dir
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for name, c := range map[string]struct {
		dir  string
		want []string
	}{
		"newer":             {with(map[string]string{"FORMAT": "2\n"}), []string{"newer clickledger", "format 2", "knows 1"}},
		"torn":              {with(map[string]string{"FORMAT": ""}), []string{"FORMAT", "does not hold a number"}},
		"other FORMAT":      {with(map[string]string{"FORMAT": "ext4"}), []string{"FORMAT", "is", "a data folder of clickledger?"}},
		"somebody's files":  {with(map[string]string{"thesis.tex": "…"}), []string{"thesis.tex", "not a data folder", "--data"}},
		"without FORMAT":    {with(map[string]string{"books.db": "…"}), []string{"books.db", "no file FORMAT"}},
		"restore broke off": {with(map[string]string{"FORMAT": "1\n", restoring: ""}), []string{"restore", "broke off", "delete the folder"}},
		"a file":            {file, []string{file, "cannot be made"}},
		"under a file":      {filepath.Join(file, "data"), []string{"cannot be made"}},
		"in /proc":          {"/proc/clickledger", []string{"cannot be made"}},
		"/proc itself":      {"/proc", []string{"cannot be written"}},
	} {
		f, err := OpenFolder(c.dir)
		if err == nil {
			t.Errorf("%s: it was opened", name)
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: the message does not say %q: %v", name, w, err)
			}
		}
	}
	// A refused folder is not locked.
	dir := with(map[string]string{"FORMAT": "2\n"})
	for range 2 {
		if _, err := OpenFolder(dir); err == nil || errors.Is(err, ErrInUse) {
			t.Errorf("refused with %v", err)
		}
	}
	// What may be in a new folder: a first start that was killed, a mounted disk's own.
	dir = with(map[string]string{"lock": "", "FORMAT.tmp12345": "1"})
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// A folder on a file system that is mounted read-only.
func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	err = syscall.Mount(dir, dir, "", syscall.MS_BIND, "")
	if err != nil {
		absent(t, "a file system cannot be mounted here: "+err.Error())
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, dir, dir, "cannot be written", "read-only")
	wantRefused(t, filepath.Join(dir, "below"), "cannot be made", "read-only")
}

// absent skips a test for what the machine does not have, loudly; with
// CLICKLEDGER_TEST_ALL=1 it fails it.
func absent(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
		t.Fatalf("CLICKLEDGER_TEST_ALL=1, but: %s", what)
	}
	t.Skipf("SKIPPED: %s (CLICKLEDGER_TEST_ALL=1 makes this a failure)", what)
}

// Readers see the old bytes or the new ones, whatever happens meanwhile.
func TestWriteFileSync(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	old, other := bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 50_000)
	if err := WriteFileSync(name, old); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			b, err := os.ReadFile(name)
			if err != nil || (!bytes.Equal(b, old) && !bytes.Equal(b, other)) {
				t.Errorf("%d bytes, %v", len(b), err)
				return
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for i := range 40 {
		b := old
		if i%2 == 0 {
			b = other
		}
		if err := WriteFileSync(name, b); err != nil {
			t.Fatal(err)
		}
	}
	close(done)
	wg.Wait()
	st, err := os.Stat(name)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v is left, %v", entries, err)
	}
	if err := WriteFileSync(filepath.Join(dir, "missing", "file"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
	// A write that cannot end where it should leaves nothing.
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFileSync(filepath.Join(dir, "taken"), nil); err == nil {
		t.Error("a folder was replaced by a file")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestMarkFile(t *testing.T) {
	m := markFile(filepath.Join(t.TempDir(), "clickid-1.mark"))
	if ms, err := m.Load(); ms != 0 || err != nil {
		t.Errorf("before it was stored: %d, %v", ms, err)
	}
	for _, ms := range []int64{1, 1 << 47, 0} {
		if err := m.Store(ms); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Load(); got != ms || err != nil {
			t.Errorf("stored %d, loaded %d, %v", ms, got, err)
		}
	}
	// A mark that cannot be read must not be taken for none: ids would repeat.
	for _, text := range []string{"", "12x", "99999999999999999999"} {
		write(t, string(m), []byte(text))
		if ms, err := m.Load(); err == nil {
			t.Errorf("%q is read as %d", text, ms)
		}
	}
	if _, err := markFile(t.TempDir()).Load(); err == nil {
		t.Error("a folder is read as a mark")
	}
}
