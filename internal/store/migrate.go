package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrationFiles embed.FS

// migrationLock is the advisory lock under which processes migrate one PostgreSQL
// database after each other.
const migrationLock = 0x636c6b6c // "clkl"

// migrate brings the database to this program's schema; set is a folder of
// migrations and table remembers what has been applied of it.
func migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, set, table string, log *slog.Logger) error {
	files, err := fs.Sub(migrationFiles, "migrations/"+set)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithTableName(table)}
	if dialect == goose.DialectPostgres {
		// One try a second for five minutes: another process may be migrating.
		l, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, 300))
		if err != nil {
			return fmt.Errorf("store: migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(l))
	}
	p, err := goose.NewProvider(dialect, db, files, opts...)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: read the schema's version: %w", err)
	}
	if current > target {
		return fmt.Errorf("%w: its schema is %d, this program knows %d", ErrNewer, current, target)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for _, r := range done {
		log.Info("store: migrated", "set", set, "version", r.Source.Version, "took", r.Duration)
	}
	return nil
}
