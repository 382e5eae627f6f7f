package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Connections of one process: the writer's, and concurrent reads.
const pgReaders = 8

// replanAfter is how long the writer's connection keeps its plans. Plans made while a
// table was small read it through or take the wrong index, and are kept until the
// table is next analyzed: minutes, in which a new installation would crawl.
const replanAfter = time.Second

// pgEngine is PostgreSQL through database/sql, so that it runs the same queries.
// Write transactions are serializable: what a closure read is still true when it
// commits, also against other processes. Within a process DB.gate keeps one writer,
// so that only other processes are met with retries.
type pgEngine struct {
	writeDB *sql.DB // one connection
	readDB  *sql.DB
	pool    *session
	rewrite func(string) string
	planned time.Time // when the writer last forgot its plans; owned by the holder of DB.gate
}

// OpenPostgres connects to the database of the DSN and migrates it.
func OpenPostgres(ctx context.Context, dsn string, o Options) (*DB, error) {
	o = o.withDefaults()
	e, err := openPG(ctx, dsn, "postgres", "schema_version", o)
	if err != nil {
		return nil, err
	}
	return newDB(e, o), nil
}

func openPG(ctx context.Context, dsn, set, table string, o Options) (*pgEngine, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("store: PostgreSQL address: %w", err)
	}
	e := &pgEngine{writeDB: stdlib.OpenDB(*config), readDB: stdlib.OpenDB(*config), rewrite: rewriter()}
	e.writeDB.SetMaxOpenConns(1)
	e.readDB.SetMaxOpenConns(pgReaders)
	e.readDB.SetMaxIdleConns(pgReaders)
	e.readDB.SetConnMaxLifetime(10 * time.Minute) // and with it, its plans'
	e.pool = &session{on: e.readDB, rewrite: e.rewrite}
	err = assertPG(ctx, e.readDB)
	if err == nil {
		err = migrate(ctx, goose.DialectPostgres, e.readDB, set, table, o.Logger)
	}
	if err != nil {
		_ = e.close()
		return nil, err
	}
	return e, nil
}

// assertPG refuses settings that do not keep what the design promises.
func assertPG(ctx context.Context, db *sql.DB) error {
	var commit, encoding string
	err := db.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commit)
	if err != nil {
		return fmt.Errorf("store: connect to PostgreSQL: %w", err)
	}
	err = db.QueryRowContext(ctx, "SHOW server_encoding").Scan(&encoding)
	if err != nil {
		return fmt.Errorf("store: connect to PostgreSQL: %w", err)
	}
	if commit == "off" {
		return errors.New("store: PostgreSQL's synchronous_commit is off: a commit would not be durable")
	}
	if encoding != "UTF8" {
		return fmt.Errorf("store: the PostgreSQL database's encoding is %s, not UTF8", encoding)
	}
	return nil
}

func (e *pgEngine) begin(ctx context.Context) (*txn, error) {
	tx, err := e.writeDB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return nil, err
	}
	if now := time.Now(); now.Sub(e.planned) > replanAfter {
		e.planned = now
		_, err = tx.ExecContext(ctx, "DISCARD PLANS")
		if err != nil {
			_ = tx.Rollback()
			return nil, err
		}
	}
	return &txn{
		session:  &session{on: tx, rewrite: e.rewrite, broken: e.broken},
		commit:   func(context.Context) error { return tx.Commit() },
		rollback: func() { _ = tx.Rollback() }, // it fails only on a connection that is gone
	}, nil
}

func (e *pgEngine) reads() *session { return e.pool }

func (e *pgEngine) snapshot(ctx context.Context, fn func(s *session) error) error {
	tx, err := e.readDB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("store: begin reading: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(&session{on: tx, rewrite: e.rewrite})
}

func (e *pgEngine) transient(err error) bool {
	var pg *pgconn.PgError
	// serialization_failure, deadlock_detected
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// broken says that going back to a savepoint does not help: conflicts, resources,
// operators, internal errors, and everything that is not the server's answer.
func (e *pgEngine) broken(err error) bool {
	if errors.Is(err, sql.ErrNoRows) {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return true
	}
	switch pg.Code[:2] {
	case "40", "53", "57", "58", "XX":
		return true
	}
	return false
}

func (e *pgEngine) violated(err error) (uniqueKey, bool) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" {
		return uniqueKey{}, false
	}
	return uniqueKey{index: pg.ConstraintName}, true
}

func (e *pgEngine) jsonElement() string { return "%s::jsonb @> jsonb_build_array(%s::text)" }

func (e *pgEngine) backup(context.Context, string) error {
	return errors.New("store: PostgreSQL is backed up by its own tools: use pg_dump or a base backup")
}

func (e *pgEngine) close() error { return errors.Join(e.writeDB.Close(), e.readDB.Close()) }
