package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts"
)

// restore brings a table that ends before the last sealed segment up to it: a fresh
// one from nothing, one put back from an old copy from where it ends. Segments are
// only read then; a table that is ahead of them needs none.
func (s *Store) restore(ctx context.Context) error {
	s.dropTemps()
	st, err := s.State(ctx)
	if err != nil {
		return err
	}
	good, bad := s.listForRestore()
	if len(good) > 0 && st.Position.Stream != "" && st.Position.Stream != good[0].Stream {
		return fmt.Errorf("the segments in %s are of stream %s, the table is of stream %s: they belong to different installations", s.segDir, good[0].Stream, st.Position.Stream)
	}
	for i, side := range good {
		if side.Last <= st.Position.Seq {
			continue
		}
		if err := s.check(side); err != nil {
			bad, good = append([]error{err}, bad...), good[:i]
			break
		}
		if err := s.restoreSegment(ctx, st.Position, side); err != nil {
			return err
		}
		if st, err = s.State(ctx); err != nil {
			return err
		}
		s.recovery.Segments++
	}
	if len(bad) > 0 {
		if err := s.dismiss(good, bad); err != nil {
			return err
		}
	}
	if n := len(good); n > 0 {
		s.sealed.Store(good[n-1].Last)
	}
	s.recovery.Rows = 0
	if s.recovery.Segments > 0 {
		s.recovery.Rows = st.Rows
		s.log.Warn("facts: rows restored from segments", "segments", s.recovery.Segments, "position", st.Position.Seq, "rows", st.Rows)
	}
	return nil
}

// listForRestore gives the segments up to the first one that is missing or cannot be
// described, and what is wrong with the rest.
func (s *Store) listForRestore() (good []sidecar, bad []error) {
	entries, err := os.ReadDir(s.segDir)
	if err != nil {
		return nil, []error{err}
	}
	for _, e := range entries { // in order of names, which begin with the range
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, segmentExt) || strings.HasPrefix(name, tempPrefix) {
			continue
		}
		side, err := s.readSidecar(name)
		if err == nil && len(bad) == 0 {
			err = contiguous(good, side)
		}
		if err != nil {
			bad = append(bad, err)
			continue
		}
		if len(bad) == 0 {
			good = append(good, side)
		}
	}
	return good, bad
}

func (s *Store) restoreSegment(ctx context.Context, from eventlog.Position, side sidecar) error {
	name := segmentName(side.First, side.Last, side.Stream)
	source := fmt.Sprintf("%s FROM read_parquet(%s) WHERE seq > %d", side.columns(), literal(filepath.Join(s.segDir, name)), from.Seq)
	s.write.Lock()
	defer s.write.Unlock()
	err := s.w.transaction(func() error {
		n, err := s.w.exec("INSERT INTO facts BY NAME SELECT " + source)
		if err != nil {
			return err
		}
		if from.Seq < side.First && n != side.Rows {
			return fmt.Errorf("%w: it holds %d rows, its description says %d", facts.ErrSegment, n, side.Rows)
		}
		return s.moveProgress(from, eventlog.Position{Stream: side.Stream, Seq: side.Last}, side.FactNo, n)
	})
	if err != nil {
		return fmt.Errorf("restore segment %s: %w", name, err)
	}
	// Without a checkpoint per segment the write-ahead log would hold all of them.
	if _, err := s.w.exec("CHECKPOINT"); err != nil {
		return fmt.Errorf("restore segment %s: checkpoint: %w", name, err)
	}
	return ctx.Err()
}

// columns are those of a segment as they go into the table. Columns that it does not
// have get their defaults.
func (side sidecar) columns() string {
	if side.Version > versionOriginal {
		return "*"
	}
	// facts.OwnCurrency does the same to what comes from the log.
	return "*, currency AS report_currency, revenue AS report_revenue, commission AS report_commission, cost AS report_cost, sale_amount AS report_sale_amount"
}

// dismiss moves every segment behind the good ones aside, named in the log and in
// Recovered: their range is sealed again once the log has supplied it.
func (s *Store) dismiss(good []sidecar, bad []error) error {
	keep := make(map[string]bool)
	for _, side := range good {
		keep[segmentName(side.First, side.Last, side.Stream)] = true
	}
	entries, err := os.ReadDir(s.segDir)
	if err != nil {
		return fmt.Errorf("list segments: %w", err)
	}
	suffix := ".damaged-" + s.opts.Now().UTC().Format("20060102T150405.000000000Z")
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, segmentExt) || keep[name] {
			continue
		}
		path := filepath.Join(s.segDir, name)
		if err := os.Rename(path, path+suffix); err != nil {
			return fmt.Errorf("move segment aside: %w", err)
		}
		if err := os.Rename(path+sidecarExt, path+sidecarExt+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("move segment aside: %w", err)
		}
		s.recovery.Damaged = append(s.recovery.Damaged, name)
	}
	slices.Sort(s.recovery.Damaged)
	s.log.Error("facts: segments failed their check and were moved aside; the log must supply their range",
		"segments", s.recovery.Damaged, "reason", errors.Join(bad...))
	return syncDir(s.segDir)
}

// dropTemps removes what a seal that was interrupted left unpublished.
func (s *Store) dropTemps() {
	left, err := filepath.Glob(filepath.Join(s.segDir, tempPrefix+"*"))
	if err != nil {
		return // the pattern is ours and well formed
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			s.log.Warn("facts: a temporary file stays", "file", name, "error", err)
		}
	}
}
