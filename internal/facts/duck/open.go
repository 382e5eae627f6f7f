package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Names in the folder.
const (
	fileName    = "facts.duckdb"
	lockName    = "facts.lock"
	openingMark = "facts.opening" // how many openings in a row did not return
	rebuildMark = "facts.rebuild" // a query or an addition met corrupt bytes
)

// maxOpenings is how many openings in a row may die inside DuckDB (replaying a
// write-ahead log has been seen to abort the process) before the file is rebuilt.
const maxOpenings = 3

// Recovery says what Open had to do beyond opening.
type Recovery struct {
	Reason   string   // why the file was not used, "" = it was used
	MovedTo  []string // where the file and its log went
	Segments int      // sealed segments whose rows were restored
	Rows     int64    // rows restored from them
	Damaged  []string // segments that failed their check, moved aside; the log must supply their range
}

// Open opens the facts in the folder, which it makes if there is none. A file that
// is missing, does not open or is inconsistent is moved aside and restored from the
// sealed segments up to the last good one; the sink then reads on from the log. When
// the log no longer reaches back to the restored position, following it fails and
// says so.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if err := opts.defaults(); err != nil {
		return nil, err
	}
	s := &Store{opts: opts, path: filepath.Join(opts.Dir, fileName), segDir: filepath.Join(opts.Dir, segmentsDir),
		log: opts.Logger, freeSpace: diskFree, recovery: &Recovery{}, done: make(chan struct{})}
	if err := os.MkdirAll(s.segDir, 0o750); err != nil {
		return nil, fmt.Errorf("duck: make folder: %w", err)
	}
	if err := s.takeLock(); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		s.lock.Close()
		return nil, fmt.Errorf("duck: %w", err)
	}
	return s, nil
}

// Recovered says what Open had to do beyond opening.
func (s *Store) Recovered() Recovery { return *s.recovery }

// takeLock keeps a second process out before anything is moved aside.
func (s *Store) takeLock() error {
	f, err := os.OpenFile(filepath.Join(s.opts.Dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("duck: lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("duck: the facts in %s are in use by another process: %w", s.opts.Dir, err)
	}
	s.lock = f
	return nil
}

func (s *Store) open(ctx context.Context) error {
	reason := s.reasonToRebuild()
	if reason == "" {
		err := s.guardedOpen(ctx)
		if err != nil && !rebuildable(err) {
			return err
		}
		if err != nil {
			reason = err.Error()
		}
	}
	if reason != "" {
		if err := s.moveAside(reason); err != nil {
			return err
		}
		if err := s.guardedOpen(ctx); err != nil {
			return err
		}
	}
	if err := s.restore(ctx); err != nil {
		s.db.Close()
		s.w.close()
		return err
	}
	return nil
}

// guardedOpen counts the opening before DuckDB has the process in its hands.
func (s *Store) guardedOpen(ctx context.Context) error {
	mark := filepath.Join(s.opts.Dir, openingMark)
	if err := os.WriteFile(mark, []byte(strconv.Itoa(s.openings()+1)), 0o600); err != nil {
		return fmt.Errorf("mark the opening: %w", err)
	}
	err := s.openEngine(ctx)
	return errors.Join(err, os.Remove(mark))
}

func (s *Store) openings() int {
	b, err := os.ReadFile(filepath.Join(s.opts.Dir, openingMark))
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0
	}
	return n
}

func (s *Store) reasonToRebuild() string {
	if b, err := os.ReadFile(filepath.Join(s.opts.Dir, rebuildMark)); err == nil {
		return "marked for a rebuild: " + strings.TrimSpace(string(b))
	}
	if n := s.openings(); n >= maxOpenings {
		return fmt.Sprintf("%d openings in a row ended the process", n)
	}
	return ""
}

// rebuildable reports whether a fresh file would do better: not so when the old one
// is locked, unreadable for us, or the disk is full.
func rebuildable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	msg := err.Error()
	for _, s := range []string{"Could not set lock", "Permission denied", "No space left", "Too many open files", "different configuration", "Unrecognized configuration", "mark the opening"} {
		if strings.Contains(msg, s) {
			return false
		}
	}
	return true
}

// moveAside keeps the old file and its log under another name; nothing is deleted.
func (s *Store) moveAside(reason string) error {
	s.recovery.Reason = reason
	suffix := ".damaged-" + s.opts.Now().UTC().Format("20060102T150405.000000000Z")
	entries, err := os.ReadDir(s.opts.Dir)
	if err != nil {
		return fmt.Errorf("move the damaged file aside: %w", err)
	}
	for _, e := range entries {
		// The file, its log, and the logs a checkpoint under way keeps beside it.
		if e.IsDir() || !strings.HasPrefix(e.Name(), fileName) || strings.Contains(e.Name(), ".damaged-") {
			continue
		}
		name := filepath.Join(s.opts.Dir, e.Name())
		if err := os.Rename(name, name+suffix); err != nil {
			return fmt.Errorf("move the damaged file aside: %w", err)
		}
		s.recovery.MovedTo = append(s.recovery.MovedTo, name+suffix)
	}
	log := s.log.Error
	if strings.HasPrefix(reason, otherSchema) {
		log = s.log.Info // an upgrade, not damage
	}
	log("facts: the file was moved aside and is rebuilt", "reason", reason, "moved_to", s.recovery.MovedTo)
	for _, mark := range []string{rebuildMark, openingMark} {
		if err := os.Remove(filepath.Join(s.opts.Dir, mark)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove mark: %w", err)
		}
	}
	return syncDir(s.opts.Dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
