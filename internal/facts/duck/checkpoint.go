package duck

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// logBytesWait is the write-ahead log's size from which a checkpoint waits for the
// reports and the seal that are in its way; below, it is left to the next time.
const logBytesWait = 64 << 20

// Checkpoint merges the write-ahead log into the file. DuckDB refuses to while the
// table is read, so it is left out, with a logged reason, while there are reports or
// a seal, until the log is large: then new reports wait until it is done.
//
// It is also left out when the disk has less than twice the log's size free: a
// checkpoint that runs out of space has corrupted files (rulebook §10), a growing
// log has not.
func (s *Store) Checkpoint(ctx context.Context) error {
	wal := s.LogBytes()
	free, err := s.freeSpace(s.opts.Dir)
	if err != nil {
		return fmt.Errorf("duck: checkpoint: free space: %w", err)
	}
	if free < 2*uint64(wal) {
		s.log.Warn("facts: checkpoint left out: the disk has less than twice the write-ahead log's size free",
			"free_bytes", free, "wal_bytes", wal)
		return nil
	}
	wait := wal >= s.opts.checkpointWaitBytes
	if wait {
		s.sealing.Lock()
	} else if !s.sealing.TryLock() {
		s.log.Info("facts: checkpoint left out: a segment is being sealed", "wal_bytes", wal)
		return nil
	}
	defer s.sealing.Unlock()
	if wait {
		// Not under the write lock: additions go on while reports finish.
		for range cap(s.slots) {
			select {
			case s.slots <- struct{}{}:
				defer func() { <-s.slots }()
			case <-s.done:
				return errClosed
			case <-ctx.Done():
				return fmt.Errorf("duck: checkpoint: wait for reports: %w", ctx.Err())
			}
		}
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	s.write.Lock()
	defer s.write.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("duck: checkpoint: %w", err)
	}
	_, err = s.w.exec("CHECKPOINT")
	switch {
	case err == nil:
		return nil
	case !wait && strings.Contains(err.Error(), "Cannot CHECKPOINT"):
		s.log.Info("facts: checkpoint left out: reports are running", "wal_bytes", wal)
		return nil
	}
	return s.fail("checkpoint", err)
}

// LogBytes is the size of the write-ahead log.
func (s *Store) LogBytes() int64 {
	info, err := os.Stat(s.path + ".wal")
	if err != nil {
		return 0 // no log: nothing to merge
	}
	return info.Size()
}

func diskFree(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil
}

func defaultThreads() int { return min(runtime.GOMAXPROCS(0), 4) }

// isCorruption reports whether an error says that the file's bytes are wrong, as
// opposed to a full disk, a held lock or a bad statement.
func isCorruption(err error) bool {
	msg := err.Error()
	for _, s := range []string{"Corrupt", "corrupt", "checksum", "Serialization Error", "not a valid DuckDB", "INTERNAL Error", "Failure while replaying WAL"} {
		if strings.Contains(msg, s) {
			return true
		}
	}
	return false
}
