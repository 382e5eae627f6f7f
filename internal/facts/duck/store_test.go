package duck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("DUCK_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func epoch(i int) time.Time {
	return time.UnixMicro(factstest.Epoch).Add(time.Duration(i) * time.Second)
}

// TestOutsideIsClosed asks for files outside the store's folder, settings and
// extensions: all refused.
func TestOutsideIsClosed(t *testing.T) {
	s := open(t, duck.Options{})
	outside := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(outside+".csv", []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"SELECT * FROM read_csv('" + outside + ".csv')",
		"SELECT * FROM '" + outside + ".csv'",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM glob('/etc/*')",
		"SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
		"COPY (SELECT 1) TO '" + outside + ".parquet' (FORMAT parquet)",
		"ATTACH '" + outside + ".duckdb'",
		"SET memory_limit = '10GB'",
		"SET enable_external_access = true",
		"PRAGMA enable_external_access = true",
		"INSTALL httpfs",
		"LOAD httpfs",
		"SELECT 1; DROP TABLE facts",
		"EXPORT DATABASE '" + outside + "'",
	} {
		if res, err := s.Query(t.Context(), sql); err == nil {
			t.Errorf("%s was run: %v", sql, res.Rows)
		}
	}
	if left, err := filepath.Glob(outside + "*"); err != nil || len(left) != 1 {
		t.Errorf("files outside: %v, %v", left, err)
	}
}

func TestOneProcessPerFolder(t *testing.T) {
	dir := t.TempDir()
	open(t, duck.Options{Dir: dir})
	_, err := duck.Open(t.Context(), duck.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second opening: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.damaged*")); err != nil || len(left) != 0 {
		t.Errorf("a folder in use was taken for damaged: %v", left)
	}
}

func TestFolderNames(t *testing.T) {
	open(t, duck.Options{Dir: filepath.Join(t.TempDir(), "it's a ‘folder’ & more")})
	for _, bad := range []string{"a?b", "a*b", "[a]", "50%"} {
		if s, err := duck.Open(t.Context(), duck.Options{Dir: filepath.Join(t.TempDir(), bad)}); err == nil {
			s.Close()
			t.Errorf("the folder name %q was taken", bad)
		}
	}
}

// TestLeftovers: what a seal leaves that died at any point does not disturb.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	to := eventlog.Position{Stream: stream, Seq: 10}
	if err := s.Add(t.Context(), eventlog.Position{}, to, factstest.Rows(0, 9)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, dir, func() {
		for _, name := range []string{"tmp-x.parquet", "tmp-x.parquet.json", "00000000000000000001-00000000000000000009-" + stream + ".parquet.json"} {
			if err := os.WriteFile(filepath.Join(dir, "segments", name), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if seg, ok, err := s.Seal(t.Context()); !ok || err != nil || seg.First != 1 || seg.Last != 10 {
		t.Errorf("%+v, %v, %v", seg, ok, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "segments", "tmp-*")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
