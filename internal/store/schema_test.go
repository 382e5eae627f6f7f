package store_test

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/store"
	"clickledger/internal/store/pgtest"
)

// TestSameMigrations: both dialects have the same migrations, by number and name.
func TestSameMigrations(t *testing.T) {
	for _, set := range []string{"migrations/%", "migrations/clicks/%"} {
		names := func(dialect string) (out []string) {
			files, err := filepath.Glob(filepath.FromSlash(strings.Replace(set, "%", dialect, 1) + "/*.sql"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				out = append(out, filepath.Base(f))
			}
			sort.Strings(out)
			return out
		}
		lite, pg := names("sqlite"), names("postgres")
		if d := cmp.Diff(lite, pg); d != "" || len(lite) == 0 {
			t.Errorf("%s (-sqlite +postgres):\n%s", set, d)
		}
		for _, n := range lite {
			if !regexp.MustCompile(`^\d{5}_[a-z_]+\.sql$`).MatchString(n) {
				t.Errorf("%s is not 0000N_name.sql", n)
			}
		}
	}
}

// columns lists table.column of an open database.
func columns(t *testing.T, driver, dsn, query string) (out []string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c string
		err = rows.Scan(&c)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(strings.Split(c, ".")[0], "_version") {
			out = append(out, c)
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	sort.Strings(out)
	return out
}

// TestSameSchema: the migrations of both dialects make the same tables with the same
// columns in the same order, none of them nullable.
func TestSameSchema(t *testing.T) {
	dsn, dir := pgtest.DSN(t), t.TempDir()
	books, clicks := filepath.Join(dir, "books.db"), filepath.Join(dir, "clicks.db")
	openSQLite(t, books)
	openPostgres(t, dsn)
	for _, open := range []func() (interface{ Close() error }, error){
		func() (interface{ Close() error }, error) {
			return store.OpenClickIndexSQLite(t.Context(), clicks, store.Options{})
		},
		func() (interface{ Close() error }, error) {
			return store.OpenClickIndexPostgres(t.Context(), dsn, store.Options{})
		},
	} {
		x, err := open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = x.Close() })
	}
	const liteQuery = `SELECT m.name || '.' || printf('%03d', c.cid) || '.' || c.name || iif(c."notnull", '', ' NULL')
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	lite := append(columns(t, "sqlite", "file:"+books, liteQuery), columns(t, "sqlite", "file:"+clicks, liteQuery)...)
	sort.Strings(lite)
	// PostgreSQL counts dropped columns in ordinal_position.
	pg := columns(t, "pgx", dsn, `SELECT table_name || '.' || lpad((row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position) - 1)::text, 3, '0') || '.' || column_name ||
		CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END FROM information_schema.columns WHERE table_schema = 'public'`)
	if d := cmp.Diff(lite, pg); d != "" {
		t.Errorf("(-sqlite +postgres):\n%s", d)
	}
	for _, c := range lite {
		if strings.HasSuffix(c, " NULL") {
			t.Errorf("%s: nothing here is NULL", c)
		}
	}
	// Every text column of PostgreSQL is compared byte by byte.
	wrong := columns(t, "pgx", dsn, `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'`)
	if len(wrong) > 0 {
		t.Errorf("without COLLATE \"C\": %v", wrong)
	}
}

// TestNewer: a database that a newer program has migrated is refused, unchanged.
func TestNewer(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "books.db")
		db, err := store.OpenSQLite(t.Context(), file, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		err = raw(t.Context(), "sqlite", "file:"+file, []string{"INSERT INTO schema_version (version_id, is_applied) VALUES (99999, 1)"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.OpenSQLite(t.Context(), file, store.Options{})
		if !errors.Is(err, store.ErrNewer) {
			t.Fatalf("error = %v", err)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := pgtest.DSN(t)
		db, err := store.OpenPostgres(t.Context(), dsn, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		err = raw(t.Context(), "pgx", dsn, []string{"INSERT INTO schema_version (version_id, is_applied) VALUES (99999, true)"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.OpenPostgres(t.Context(), dsn, store.Options{})
		if !errors.Is(err, store.ErrNewer) {
			t.Fatalf("error = %v", err)
		}
	})
}

// TestParallelMigration: processes that start together migrate one after another.
func TestParallelMigration(t *testing.T) {
	dsn := pgtest.DSN(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			db, err := store.OpenPostgres(t.Context(), dsn, store.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			_ = db.Close()
		}()
	}
	wg.Wait()
}

// TestGenerated: the generated code is what sqlc makes of the queries, and the same
// queries compile against the PostgreSQL schema.
func TestGenerated(t *testing.T) {
	if os.Getenv("CLICKLEDGER_TEST_ALL") != "1" {
		pgtest.Absent(t, "building sqlc takes minutes: only with CLICKLEDGER_TEST_ALL=1")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"diff", "-f", filepath.Join(here, "sqlc.yaml")}, {"compile", "-f", filepath.Join(here, "sqlc.postgres.yaml")},
	} {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"tool", "sqlc"}, args...)...)
		cmd.Dir = filepath.Join(here, "..", "..", "tools")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("sqlc %v: %v\n%s", args, err, out)
		}
	}
}
