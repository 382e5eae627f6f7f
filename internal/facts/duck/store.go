package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// Options configure a store.
type Options struct {
	Dir           string // holds facts.duckdb and segments/
	MemoryLimitMB int    // DuckDB's memory_limit, default 192; it exceeds it by some 80 MB
	Threads       int    // default: the machine's, at most 4
	ReportSlots   int    // reports that run at once, default 2
	SealRows      int64  // a segment is cut at about so many rows, default 1,000,000
	Logger        *slog.Logger
	Now           func() time.Time // names what is moved aside, default time.Now

	checkpointWaitBytes int64 // see logBytesWait
}

// Store implements [facts.Store] on one DuckDB file. It is safe for concurrent use.
type Store struct {
	opts   Options
	path   string
	segDir string
	log    *slog.Logger
	lock   *os.File // held for the life of the store: one process per folder

	write sync.Mutex // serializes w
	w     *writer
	db    *sql.DB
	slots chan struct{}

	sealing sync.Mutex   // one seal at a time, and none during a checkpoint
	reading sync.RWMutex // held for reading by what reads outside the report slots
	sealed  atomic.Uint64
	closed  atomic.Bool
	done    chan struct{} // closed by Close

	recovery *Recovery
	// failpoint, set by tests only, runs before and after a commit.
	failpoint func(stage string) error
	freeSpace func(dir string) (uint64, error)
}

var _ facts.Store = (*Store)(nil)
var _ facts.LogSizer = (*Store)(nil)

func (o *Options) defaults() error {
	if o.Dir == "" {
		return errors.New("duck: no folder given")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("duck: folder: %w", err)
	}
	// These mean something in a DuckDB path or connection string.
	if strings.ContainsAny(dir, "?*[]%") {
		return fmt.Errorf("duck: the folder %q has one of the characters ?*[]%% in its path", dir)
	}
	o.Dir = dir
	if o.MemoryLimitMB <= 0 {
		o.MemoryLimitMB = 192
	}
	if o.Threads <= 0 {
		o.Threads = defaultThreads()
	}
	if o.ReportSlots <= 0 {
		o.ReportSlots = 2
	}
	if o.SealRows <= 0 {
		o.SealRows = 1_000_000
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.checkpointWaitBytes == 0 {
		o.checkpointWaitBytes = logBytesWait
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}

// State reads the position from the table itself.
func (s *Store) State(ctx context.Context) (facts.State, error) {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.closed.Load() {
		return facts.State{}, errClosed
	}
	return s.state(ctx)
}

func (s *Store) state(ctx context.Context) (facts.State, error) {
	var st facts.State
	var seq int64
	err := s.db.QueryRowContext(ctx, "SELECT stream, seq, fact_no, fact_rows FROM progress").
		Scan(&st.Position.Stream, &seq, &st.FactNo, &st.Rows)
	if err != nil {
		return st, s.fail("read position", err)
	}
	st.Position.Stream, st.Position.Seq = decodeText(st.Position.Stream), uint64(seq)
	st.Sealed = s.sealed.Load()
	return st, nil
}

// Add appends the rows and moves the position in one transaction.
func (s *Store) Add(ctx context.Context, from, to eventlog.Position, rows []facts.Row) error {
	if err := checkRange(from, to, rows); err != nil {
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("duck: add: %w", err)
	}
	st, err := s.state(ctx) // the write lock keeps checkpoints away
	if err != nil {
		return err
	}
	if st.Position != from {
		return fmt.Errorf("%w: it is at %s/%d, the rows start from %s/%d", facts.ErrPosition,
			st.Position.Stream, st.Position.Seq, from.Stream, from.Seq)
	}
	rows, factNo := facts.Fresh(st.FactNo, rows)
	err = s.w.transaction(func() error {
		if len(rows) > 0 {
			if err := s.w.append(rows); err != nil {
				return err
			}
		}
		if err := s.moveProgress(from, to, factNo, int64(len(rows))); err != nil {
			return err
		}
		return s.fault("before commit")
	})
	if err != nil {
		return s.fail("add", err)
	}
	return s.fault("after commit")
}

// moveProgress compares and swaps the position inside the running transaction.
func (s *Store) moveProgress(from, to eventlog.Position, factNo, added int64) error {
	n, err := s.w.exec(fmt.Sprintf(
		"UPDATE progress SET stream = %s, seq = %d, fact_no = %d, fact_rows = fact_rows + %d WHERE stream = %s AND seq = %d",
		literal(encodeText(to.Stream)), int64(to.Seq), factNo, added, literal(encodeText(from.Stream)), int64(from.Seq)))
	if err != nil {
		return fmt.Errorf("move position: %w", err)
	}
	if n != 1 {
		return facts.ErrPosition
	}
	return nil
}

func checkRange(from, to eventlog.Position, rows []facts.Row) error {
	if to.Stream == "" || to.Seq < from.Seq || to.Seq > 1<<62 || (from.Stream != "" && from.Stream != to.Stream) || (from.Stream == "" && from.Seq != 0) {
		return fmt.Errorf("%w: from %s/%d to %s/%d is no step forward", facts.ErrPosition, from.Stream, from.Seq, to.Stream, to.Seq)
	}
	last := from.Seq + 1
	for i := range rows {
		if rows[i].Seq < last || rows[i].Seq > to.Seq {
			return fmt.Errorf("%w: row %d of sequence %d is out of order or outside %d…%d", facts.ErrPosition, i, rows[i].Seq, from.Seq+1, to.Seq)
		}
		last = rows[i].Seq
	}
	return nil
}

func (s *Store) fault(stage string) error {
	if s.failpoint == nil {
		return nil
	}
	return s.failpoint(stage)
}

// fail wraps an error; one that says the file is corrupt also leaves the mark that
// makes the next Open rebuild it.
func (s *Store) fail(doing string, err error) error {
	if isCorruption(err) {
		if mark := os.WriteFile(filepath.Join(s.opts.Dir, rebuildMark), []byte(err.Error()+"\n"), 0o600); mark != nil {
			s.log.Error("facts: cannot mark the file for a rebuild", "error", mark)
		}
		return fmt.Errorf("duck: %s: %w (start again to rebuild the facts)", doing, err)
	}
	return fmt.Errorf("duck: %s: %w", doing, err)
}

// errClosed is what calls after Close fail with.
var errClosed = errors.New("duck: the store is closed")

// Close waits for what is running, then closes every connection and the file: one
// left open would keep DuckDB's instance alive under the next Open. It is safe to
// call twice.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	close(s.done)
	s.sealing.Lock()
	defer s.sealing.Unlock()
	for range cap(s.slots) {
		s.slots <- struct{}{} // for good
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	s.write.Lock()
	defer s.write.Unlock()
	err := s.db.Close()
	s.w.close()
	return errors.Join(err, s.lock.Close())
}

// openEngine opens the file, makes the tables of a new one, and locks the settings.
func (s *Store) openEngine(ctx context.Context) error {
	w, err := openWriter(s.path)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	connector, err := duckdb.NewConnector(s.path, nil)
	if err != nil {
		w.close()
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(s.opts.ReportSlots + 2) // reports, the state, a seal
	db.SetMaxIdleConns(s.opts.ReportSlots + 2)
	undo := func(err error) error {
		db.Close()
		w.close()
		return err
	}
	for _, stmt := range []string{
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		fmt.Sprintf("SET memory_limit = '%dMiB'", s.opts.MemoryLimitMB),
		fmt.Sprintf("SET threads = %d", s.opts.Threads),
		// Rows carry their sequence; keeping their order through a seal or a restore
		// would take memory for nothing.
		"SET preserve_insertion_order = false",
		"SET checkpoint_threshold = '1TB'", // the sink checkpoints; see Checkpoint
		"SET allowed_directories = [" + literal(s.opts.Dir) + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := w.exec(stmt); err != nil {
			return undo(fmt.Errorf("%s: %w", stmt, err))
		}
	}
	err = w.transaction(func() error { return createTables(ctx, db, w) })
	if err != nil {
		return undo(err)
	}
	w.prepareChunk()
	s.w, s.db = w, db
	s.slots = make(chan struct{}, s.opts.ReportSlots)
	return s.sanity(ctx)
}

func createTables(ctx context.Context, db *sql.DB, w *writer) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM duckdb_tables() WHERE table_name IN ('facts', 'progress')").Scan(&n); err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	if n == 2 {
		return nil
	}
	for _, stmt := range []string{createFacts(), createProgress, fmt.Sprintf("INSERT INTO progress VALUES (%d, '', 0, 0, 0)", schemaVersion)} {
		if _, err := w.exec(stmt); err != nil {
			return fmt.Errorf("create tables: %w", err)
		}
	}
	return nil
}

// otherSchema begins the reason for a rebuild that an upgrade is.
const otherSchema = "the facts file is of schema version"

// errDamaged says that a file opens but does not hold what it should.
var errDamaged = errors.New("the facts file is inconsistent")

func (s *Store) sanity(ctx context.Context) error {
	var version, want, have int64
	err := s.db.QueryRowContext(ctx, "SELECT version, fact_rows, (SELECT count(*) FROM facts) FROM progress").Scan(&version, &want, &have)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", errDamaged, err)
	case version != schemaVersion:
		err = fmt.Errorf(otherSchema+" %d, this program's is %d: nothing is wrong with it, but it is built anew", version, schemaVersion)
	case want != have:
		err = fmt.Errorf("%w: %d rows, the position says %d", errDamaged, have, want)
	}
	if err != nil {
		s.db.Close()
		s.w.close()
		s.db, s.w = nil, nil
	}
	return err
}
