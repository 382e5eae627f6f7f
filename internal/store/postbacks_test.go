package store

import (
	"database/sql"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"clickledger/internal/catalog"
)

// A publisher's one URL of before is its first postback after the upgrade, and the running
// server hears of it as of any new row.
func TestPostbackURLsBecomePostbacks(t *testing.T) {
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "books.db")
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrationFiles, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithTableName("schema_version"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(ctx, 14); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`INSERT INTO publishers (id, workspace, created, updated, version, revision, archived, search, name, email, status, postback_url, notes) VALUES
			('pub_1', 'ws_1', 1, 5, 1, 3, FALSE, '', 'Blog', '', 'active', 'https://T.example/?c={commission}', ''),
			('pub_2', 'ws_1', 1, 6, 1, 4, FALSE, '', 'None', '', 'active', '', '')`,
		`UPDATE catalog_revision SET revision = 7`,
		`INSERT INTO deliveries (id, workspace, publisher, conversion, url, method, state, tries, created, next_at, status, answer, error, done_at) VALUES
			('dlv_1', 'ws_1', 'pub_1', 'cnv_1', 'https://T.example/?c=1.00', 'GET', 'waiting', 0, 1, 1, 0, '', '', 0)`,
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	now, err := OpenSQLite(ctx, file, Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	rows, at, err := now.Catalog().Changed(ctx, 7, 100)
	if err != nil || at != 8 || len(rows) != 1 {
		t.Fatalf("%d rows at %d, %v", len(rows), at, err)
	}
	want := &catalog.Postback{Meta: catalog.Meta{ID: "pbk_1", Workspace: "ws_1", Created: 5, Updated: 5, Version: 1, Revision: 8}, Publisher: "pub_1",
		States: []string{"accepted"}, Method: "GET", URL: "https://T.example/?c={commission}", Status: catalog.StatusActive}
	if d := cmp.Diff(catalog.Entity(want), rows[0]); d != "" {
		t.Error(d)
	}
	due, err := now.Deliveries().DueDeliveries(ctx, 10, 10)
	if err != nil || len(due) != 1 || due[0].URL != "https://T.example/?c=1.00" || due[0].Values() != nil {
		t.Errorf("%+v, %v", due, err)
	}
}
