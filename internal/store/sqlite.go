package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// minSQLite is the first release without the WAL-reset corruption.
const minSQLite = "3.51.3"

// readers is how many reads run at once.
const readers = 4

// liteEngine is SQLite: one writer connection with its prepared statements, and a
// read pool that sees the last commit and never waits (WAL).
type liteEngine struct {
	file    string
	writeDB *sql.DB
	conn    *sql.Conn // the writer's; used by the holder of DB.gate
	stmts   *statements
	readDB  *sql.DB
	pool    *session
}

// OpenSQLite opens, or makes, the database file and migrates it.
func OpenSQLite(ctx context.Context, file string, o Options) (*DB, error) {
	o = o.withDefaults()
	e, err := openLite(ctx, file, "FULL", "sqlite", "schema_version", o)
	if err != nil {
		return nil, err
	}
	return newDB(e, o), nil
}

// openLite opens a file with the given synchronous mode and set of migrations.
func openLite(ctx context.Context, file, synchronous, set, table string, o Options) (_ *liteEngine, err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	// SQLite would make the file readable by everybody, and it holds keys. The files
	// beside it take over its mode.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	err = f.Close()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	e := &liteEngine{file: file, stmts: &statements{}}
	defer func() {
		if err != nil {
			_ = e.close()
		}
	}()
	e.writeDB, err = sql.Open("sqlite", liteDSN(file, synchronous, false))
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	e.writeDB.SetMaxOpenConns(1)
	err = migrate(ctx, goose.DialectSQLite3, e.writeDB, set, table, o.Logger)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	e.conn, err = e.writeDB.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	err = e.assert(ctx, synchronous)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", file, err)
	}
	err = syncDir(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	e.readDB, err = sql.Open("sqlite", liteDSN(file, synchronous, true))
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", file, err)
	}
	e.readDB.SetMaxOpenConns(readers)
	e.readDB.SetMaxIdleConns(readers)
	e.pool = &session{on: e.readDB, stmts: &statements{}}
	return e, nil
}

func liteDSN(file, synchronous string, readOnly bool) string {
	v := url.Values{}
	for _, p := range []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(1)",
		"fullfsync(1)", "checkpoint_fullfsync(1)", // macOS: fsync alone does not reach the disk
		"temp_store(MEMORY)",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
	} {
		v.Add("_pragma", p)
	}
	if readOnly {
		v.Add("_pragma", "query_only(1)") // and the default cache of 2 MB each
	} else {
		v.Add("_pragma", "cache_size(-8000)") // kB
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: v.Encode()}
	return u.String()
}

// assert refuses a library or a setting that does not keep what the design promises.
func (e *liteEngine) assert(ctx context.Context, synchronous string) error {
	var version, mode string
	var sync, keys int
	for _, x := range []struct {
		query string
		dest  any
	}{
		{"SELECT sqlite_version()", &version}, {"PRAGMA journal_mode", &mode},
		{"PRAGMA synchronous", &sync}, {"PRAGMA foreign_keys", &keys},
	} {
		err := e.conn.QueryRowContext(ctx, x.query).Scan(x.dest)
		if err != nil {
			return fmt.Errorf("%s: %w", x.query, err)
		}
	}
	want := map[string]int{"NORMAL": 1, "FULL": 2}[synchronous]
	switch {
	case !versionAtLeast(version, minSQLite):
		return fmt.Errorf("SQLite %s is older than %s", version, minSQLite)
	case mode != "wal":
		return fmt.Errorf("journal_mode is %s, not wal: is the file on a network disk?", mode)
	case sync != want:
		return fmt.Errorf("synchronous is %d, not %d", sync, want)
	case keys != 1:
		return errors.New("foreign_keys is off")
	}
	return nil
}

func versionAtLeast(have, want string) bool {
	h, w := strings.Split(have, "."), strings.Split(want, ".")
	for i := range w {
		n := 0
		if i < len(h) {
			n, _ = strconv.Atoi(h[i])
		}
		m, _ := strconv.Atoi(w[i])
		if n != m {
			return n > m
		}
	}
	return true
}

// syncDir makes a new file's name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer d.Close()
	err = d.Sync()
	if err != nil {
		return fmt.Errorf("store: sync %s: %w", dir, err)
	}
	return nil
}

func (e *liteEngine) begin(context.Context) (*txn, error) {
	s := &session{on: e.conn, stmts: e.stmts, detached: true, broken: e.broken}
	_, err := s.ExecContext(context.Background(), "BEGIN IMMEDIATE")
	if err != nil {
		return nil, err
	}
	rollback := func() {
		s.failed = nil
		// It fails when SQLite has rolled back by itself, which is as good.
		_, _ = s.ExecContext(context.Background(), "ROLLBACK")
	}
	commit := func(context.Context) error {
		_, err := s.ExecContext(context.Background(), "COMMIT")
		return err
	}
	return &txn{session: s, commit: commit, rollback: rollback}, nil
}

func (e *liteEngine) reads() *session { return e.pool }

func (e *liteEngine) snapshot(ctx context.Context, fn func(s *session) error) error {
	tx, err := e.readDB.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin reading: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(&session{on: tx})
}

func liteCode(err error) (int, bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, false
	}
	return e.Code() & 0xff, true
}

func (e *liteEngine) transient(err error) bool {
	code, ok := liteCode(err)
	return ok && (code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED)
}

// broken lists the errors after which SQLite may have rolled back by itself: the
// next statement would run outside any transaction.
func (e *liteEngine) broken(err error) bool {
	code, ok := liteCode(err)
	if !ok {
		return false
	}
	switch code {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

func (e *liteEngine) violated(err error) (uniqueKey, bool) {
	code, ok := liteCode(err)
	if !ok || code != sqlite3.SQLITE_CONSTRAINT {
		return uniqueKey{}, false
	}
	// "constraint failed: UNIQUE constraint failed: links.key (2067)"
	_, rest, ok := strings.Cut(err.Error(), "UNIQUE constraint failed: ")
	if !ok {
		return uniqueKey{}, false
	}
	if i := strings.LastIndex(rest, " ("); i >= 0 {
		rest = rest[:i]
	}
	return uniqueKey{columns: rest}, true
}

// backup copies the database as of now into a new file, without stopping the writer.
func (e *liteEngine) jsonElement() string {
	return "EXISTS (SELECT 1 FROM json_each(%s) AS element WHERE element.value = %s)"
}

func (e *liteEngine) backup(ctx context.Context, file string) error {
	_, err := os.Stat(file)
	if err == nil {
		return fmt.Errorf("store: backup: %s exists", file)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("store: backup: %w", err)
	}
	// The copy holds the keys: nobody else may read it, from its first byte.
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer f.Close()
	db, err := sql.Open("sqlite", liteDSN(e.file, "FULL", false))
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "VACUUM INTO ?1", file)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		_ = os.Remove(file)
		return fmt.Errorf("store: backup to %s: %w", file, err)
	}
	return syncDir(filepath.Dir(file))
}

func (e *liteEngine) close() error {
	var errs []error
	e.stmts.close()
	if e.pool != nil {
		e.pool.stmts.close()
	}
	if e.readDB != nil {
		errs = append(errs, e.readDB.Close())
	}
	if e.conn != nil {
		errs = append(errs, e.conn.Close())
	}
	if e.writeDB != nil {
		errs = append(errs, e.writeDB.Close())
	}
	return errors.Join(errs...)
}
