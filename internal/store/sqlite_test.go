package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
)

func openTemp(t *testing.T) (*DB, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a folder with % and ?", "books.db")
	err := os.Mkdir(filepath.Dir(file), 0o755)
	if err != nil {
		t.Fatal(err)
	}
	db, err := OpenSQLite(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, file
}

// TestFullDisk: when SQLite rolls back by itself, a closure that takes the error for
// one row's failure must not go on outside any transaction.
func TestFullDisk(t *testing.T) {
	db, _ := openTemp(t)
	e := db.engine.(*liteEngine)
	var pages int
	err := e.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages)
	if err != nil {
		t.Fatal(err)
	}
	var limit int
	err = e.conn.QueryRowContext(t.Context(), "PRAGMA max_page_count = "+itoa(pages+20)).Scan(&limit)
	if err != nil {
		t.Fatal(err)
	}
	swallowed := 0
	err = db.Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		for n := range 50 {
			r := &inbox.Row{ID: itoa(n), Workspace: "ws", Raw: make([]byte, 10_000), Verdict: event.Accepted}
			err := tx.Savepoint(ctx, func(ctx context.Context) error { return tx.PutSignal(ctx, r) })
			if err != nil {
				swallowed++
			}
		}
		return nil
	})
	if err == nil || swallowed == 0 || !strings.Contains(err.Error(), "full") {
		t.Fatalf("error = %v after %d failures", err, swallowed)
	}
	rows, err := db.Books().ListSignals(t.Context(), inbox.Query{Workspace: "ws"})
	if err != nil || len(rows) != 0 {
		t.Fatalf("%d rows, %v: a part was committed", len(rows), err)
	}
	err = db.Books().SetSetting(t.Context(), "a", "b") // small writes go on
	if err != nil {
		t.Fatal(err)
	}
}

// TestOtherProcess: a writer of another process is waited for.
func TestOtherProcess(t *testing.T) {
	db, file := openTemp(t)
	other, err := sql.Open("sqlite", liteDSN(file, "FULL", false))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- db.Books().SetSetting(context.Background(), "a", "b") }()
	_, err = db.Books().Setting(t.Context(), "a") // a read does not wait
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.ExecContext(t.Context(), "COMMIT")
	if err != nil {
		t.Fatal(err)
	}
	err = <-done
	if err != nil {
		t.Fatal(err)
	}
}

func TestClosed(t *testing.T) {
	db, _ := openTemp(t)
	for range 2 {
		err := db.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	err := db.Books().SetSetting(context.Background(), "a", "b")
	if !errors.Is(err, ErrClosed) {
		t.Fatalf("error = %v", err)
	}
}

func TestFileMode(t *testing.T) {
	db, file := openTemp(t)
	err := db.Books().SetSetting(t.Context(), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{file, file + "-wal", file + "-shm"} {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode())
		}
	}
}

func TestNotADatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "books.db")
	err := os.WriteFile(file, []byte(strings.Repeat("not a database. ", 1000)), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenSQLite(t.Context(), file, Options{})
	if err == nil {
		t.Fatal("opened")
	}
}

// TestDamagedIndex: a click index that cannot be read says so, and can be rebuilt.
func TestDamagedIndex(t *testing.T) {
	healthy := func(t *testing.T) string {
		file := filepath.Join(t.TempDir(), "clicks.db")
		x, err := OpenClickIndexSQLite(t.Context(), file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var vs []*event.Visit
		for n := range 3000 {
			v := &event.Visit{At: int64(n), Reason: "reason"}
			v.ID[0], v.ID[1], v.ID[2] = 1, byte(n>>8), byte(n)
			vs = append(vs, v)
		}
		err = x.Add(t.Context(), eventlog.Position{}, eventlog.Position{Stream: "s", Seq: 1}, vs)
		if err != nil {
			t.Fatal(err)
		}
		err = x.Close() // also folds the write-ahead log into the file
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	for name, spoil := range map[string]func(data []byte) []byte{
		"garbage":          func([]byte) []byte { return []byte(strings.Repeat("not a database. ", 1000)) },
		"truncated":        func(d []byte) []byte { return d[:len(d)/3*2] },
		"zeroed in middle": func(d []byte) []byte { clear(d[len(d)/2 : len(d)/2+8192]); return d },
		"zeroed header":    func(d []byte) []byte { clear(d[:100]); return d },
		"zeroed schema":    func(d []byte) []byte { clear(d[100:4096]); return d },
	} {
		t.Run(name, func(t *testing.T) {
			file := healthy(t)
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			err = os.WriteFile(file, spoil(data), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			x, err := OpenClickIndexSQLite(t.Context(), file, Options{})
			if err == nil {
				_ = x.Close()
			}
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error = %v, want ErrDamaged", err)
			}
			err = SetAside(file, ".damaged")
			if err != nil {
				t.Fatal(err)
			}
			x, err = OpenClickIndexSQLite(t.Context(), file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			_ = x.Close()
		})
	}
	file := healthy(t)
	x, err := OpenClickIndexSQLite(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_ = x.Close()
}

func TestIDs(t *testing.T) {
	now := time.UnixMilli(1_772_323_200_000)
	s := &idSource{now: func() time.Time { return now }}
	last := ""
	for n := range 1000 {
		switch n {
		case 300:
			now = now.Add(time.Second)
		case 600:
			now = now.Add(-time.Hour) // a clock set back
		case 700:
			s.tail = 1<<32 - 2 // a full counter
		}
		id := s.next("ltx_")
		if id <= last || len(id) != len("ltx_")+16 {
			t.Fatalf("id %d is %q after %q", n, id, last)
		}
		last = id
	}
}

func TestUnknownKind(t *testing.T) {
	db, _ := openTemp(t)
	_, err := db.Catalog().Get(t.Context(), catalog.Kind("nothing"), "ws", "id")
	if err == nil || errors.Is(err, catalog.ErrNotFound) {
		t.Fatalf("error = %v", err)
	}
}
