package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"clickledger/internal/books"
	"clickledger/internal/clickindex"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/store/q"
)

// clickIndex implements clickindex.Index. It has a DB of its own, so that its writes
// never wait for the books.
type clickIndex struct {
	db  *DB
	add func(ctx context.Context, s *session, visits []*event.Visit) error
}

// quickCheckBelow bounds the files that are read through when they are opened.
const quickCheckBelow = 64 << 20

// OpenClickIndexSQLite opens, or makes, the click index in a file of its own. A file
// that cannot be read is [ErrDamaged]: move it aside and rebuild the index.
//
// The file is not synced at each commit: after a loss of power its newest rows may
// be gone, together with the position behind them, and are replayed from the log.
func OpenClickIndexSQLite(ctx context.Context, file string, o Options) (clickindex.Index, error) {
	o = o.withDefaults()
	e, err := openLite(ctx, file, "NORMAL", "clicks/sqlite", "clicks_version", o)
	if err != nil {
		return nil, damaged(err)
	}
	x := &clickIndex{db: newDB(e, o), add: addLoop}
	err = x.check(ctx, e)
	if err != nil {
		_ = e.close()
		return nil, damaged(err)
	}
	return x, nil
}

// OpenClickIndexPostgres opens the click index in the books' database.
func OpenClickIndexPostgres(ctx context.Context, dsn string, o Options) (clickindex.Index, error) {
	o = o.withDefaults()
	e, err := openPG(ctx, dsn, "clicks/postgres", "clicks_version", o)
	if err != nil {
		return nil, err
	}
	return &clickIndex{db: newDB(e, o), add: addBlocks}, nil
}

// check reads enough of the file to notice most damage: all of a small one, both
// ends of a large one.
func (x *clickIndex) check(ctx context.Context, e *liteEngine) error {
	_, err := x.Position(ctx)
	if err != nil {
		return err
	}
	for _, query := range []string{
		"SELECT COUNT(*) FROM (SELECT id, at, visit FROM clicks ORDER BY id LIMIT 1)",
		"SELECT COUNT(*) FROM (SELECT id, at, visit FROM clicks ORDER BY id DESC LIMIT 1)",
	} {
		var n int64
		err = e.readDB.QueryRowContext(ctx, query).Scan(&n)
		if err != nil {
			return fmt.Errorf("store: click index: %w", err)
		}
	}
	info, err := os.Stat(e.file)
	if err != nil {
		return fmt.Errorf("store: click index: %w", err)
	}
	if info.Size() >= quickCheckBelow {
		return nil
	}
	var verdict string
	err = e.readDB.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict)
	if err != nil {
		return fmt.Errorf("store: click index: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}

// damaged marks errors that say that the file's content is wrong.
func damaged(err error) error {
	if err == nil || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) {
		return err
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR:
			// SQLITE_ERROR: a table or column that the migrations made is missing.
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return err
}

// Position is how far the index has come; see clickindex.Index.
func (x *clickIndex) Position(ctx context.Context) (eventlog.Position, error) {
	row, err := q.New(x.db.engine.reads()).ClickPosition(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return eventlog.Position{}, fmt.Errorf("%w: it has no position", ErrDamaged)
	}
	if err != nil {
		return eventlog.Position{}, damaged(fmt.Errorf("store: click index position: %w", err))
	}
	return eventlog.Position{Stream: row.Stream, Seq: uint64(row.Seq)}, nil
}

// Add stores visits and moves the position; see clickindex.Index. A position that is
// not from is books.ErrMoved.
func (x *clickIndex) Add(ctx context.Context, from, to eventlog.Position, visits []*event.Visit) error {
	return damaged(x.db.write(ctx, "clickindex.add", func(ctx context.Context, s *session) error {
		n, err := q.New(s).MoveClicks(ctx, q.MoveClicksParams{
			FromStream: from.Stream, FromSeq: int64(from.Seq), Stream: to.Stream, Seq: int64(to.Seq),
		})
		if err != nil {
			return fmt.Errorf("store: click index position: %w", err)
		}
		if n == 0 {
			return fmt.Errorf("%w: the click index is not at %s/%d", books.ErrMoved, from.Stream, from.Seq)
		}
		err = x.add(ctx, s, visits)
		if err != nil {
			return fmt.Errorf("store: add clicks: %w", err)
		}
		return nil
	}))
}

// addLoop inserts one by one: cheapest where a statement is a function call.
func addLoop(ctx context.Context, s *session, visits []*event.Visit) error {
	qs := q.New(s)
	var buf []byte
	for _, v := range visits {
		buf = v.Append(buf[:0])
		err := qs.AddClick(ctx, q.AddClickParams{ID: v.ID[:], At: v.At, Visit: buf})
		if err != nil {
			return err
		}
	}
	return nil
}

// addBlock is how many rows go into one statement of addBlocks.
const addBlock = 100

// addBlocks inserts many rows a statement, where each one is a round trip.
func addBlocks(ctx context.Context, s *session, visits []*event.Visit) error {
	for len(visits) > 0 {
		n := min(len(visits), addBlock)
		var l list
		rows := make([]string, n)
		for i, v := range visits[:n] {
			rows[i] = "(" + l.param(v.ID[:]) + ", " + l.param(v.At) + ", " + l.param(v.Append(nil)) + ")"
		}
		_, err := s.ExecContext(ctx, "INSERT INTO clicks (id, at, visit) VALUES "+strings.Join(rows, ", ")+" ON CONFLICT (id) DO NOTHING", l.args...)
		if err != nil {
			return err
		}
		visits = visits[n:]
	}
	return nil
}

// Find returns a visit; see clickindex.Index.
func (x *clickIndex) Find(ctx context.Context, id event.ClickID) (*event.Visit, error) {
	err := ctx.Err()
	if err != nil {
		return nil, err
	}
	// A point read is over before anybody could wait for its end.
	data, err := q.New(x.db.engine.reads()).FindClick(context.WithoutCancel(ctx), id[:])
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, damaged(fmt.Errorf("store: find click: %w", err))
	}
	v, err := event.DecodeVisit(data)
	if err != nil {
		return nil, fmt.Errorf("%w: click %s: %w", ErrDamaged, id, err)
	}
	return v, nil
}

// Bounds of one Prune: rows looked at in a transaction, and transactions.
const (
	pruneChunk  = 2000
	pruneChunks = 50
)

// Prune drops old visits from the front of the index; see clickindex.Index. Other
// writes get their turn between the chunks.
func (x *clickIndex) Prune(ctx context.Context, before int64) error {
	for range pruneChunks {
		dropped, last := 0, false
		err := x.db.write(ctx, "clickindex.prune", func(ctx context.Context, s *session) error {
			qs := q.New(s)
			rows, err := qs.OldestClicks(ctx, pruneChunk)
			if err != nil {
				return err
			}
			dropped, last = 0, len(rows) < pruneChunk
			for _, r := range rows {
				if r.At >= before {
					continue
				}
				err = qs.DropClick(ctx, r.ID)
				if err != nil {
					return err
				}
				dropped++
			}
			return nil
		})
		if err != nil {
			return damaged(fmt.Errorf("store: prune clicks: %w", err))
		}
		if dropped == 0 || last { // ids are in the order of time: the rest is younger
			return nil
		}
	}
	return nil
}

// Reset empties the index; see clickindex.Index.
func (x *clickIndex) Reset(ctx context.Context) error {
	return damaged(x.db.write(ctx, "clickindex.reset", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		err := qs.DropClicks(ctx)
		if err != nil {
			return fmt.Errorf("store: reset clicks: %w", err)
		}
		return qs.ResetClickPosition(ctx)
	}))
}

// Close closes the index.
func (x *clickIndex) Close() error { return x.db.Close() }

// SetAside renames a damaged click index, with the files SQLite keeps beside it, so
// that a new one can be made in its place.
func SetAside(file, suffix string) error {
	// The database goes last: should this stop half way, the rest is found damaged again.
	for _, part := range []string{"-shm", "-wal", ""} {
		err := os.Rename(file+part, file+suffix+part)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("store: set aside the click index: %w", err)
		}
	}
	return syncDir(filepath.Dir(file))
}
