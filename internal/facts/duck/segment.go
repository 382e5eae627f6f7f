package duck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clickledger/internal/facts"
)

const (
	segmentsDir = "segments"
	segmentExt  = ".parquet"
	sidecarExt  = ".json"
	tempPrefix  = "tmp-"

	// rowGroupRows bounds what a seal holds in memory: each thread a row group of
	// about 1 kB a row. With 40,960 a million rows did not fit into 192 MB.
	rowGroupRows = 16_384
)

// sidecar stands beside a segment's Parquet file, which exists only once its sidecar
// does. Its sums and hash are what a rebuild checks the segment against.
type sidecar struct {
	Version int    `json:"version"`
	Stream  string `json:"stream"`
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	FactNo  int64  `json:"fact_no"`
	Rows    int64  `json:"rows"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
}

func segmentName(first, last uint64, stream string) string {
	return fmt.Sprintf("%020d-%020d-%s%s", first, last, url.PathEscape(stream), segmentExt)
}

// sumsOf is what a segment and the table must agree on after a seal. The hashes are
// only ever compared within one process: DuckDB may change them between versions.
func sumsOf(source string) string {
	parts := []string{"count(*)", "coalesce(max(fact_no), 0)", "coalesce(min(seq), 0)", "coalesce(max(seq), 0)", "CAST(bit_xor(hash(seq, click_id)) AS VARCHAR)"}
	for _, c := range facts.IntColumns() {
		parts = append(parts, "CAST(sum("+c.Name+") AS VARCHAR)") // times add up beyond 64 bits
	}
	for _, c := range facts.TextColumns() {
		parts = append(parts, "CAST(bit_xor(hash(seq, "+c.Name+")) AS VARCHAR)")
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + source
}

// Seal writes the rows behind the last segment into a new one. It runs beside Add on
// a connection of its own: rows up to the position never change.
func (s *Store) Seal(ctx context.Context) (facts.Segment, bool, error) {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	if s.closed.Load() {
		return facts.Segment{}, false, errClosed
	}
	seg, ok, err := s.seal(ctx)
	if err != nil {
		return facts.Segment{}, false, s.fail("seal", err)
	}
	return seg, ok, nil
}

func (s *Store) seal(ctx context.Context) (facts.Segment, bool, error) {
	none := facts.Segment{}
	have, err := s.Segments(ctx)
	if err != nil {
		return none, false, err
	}
	st, err := s.State(ctx)
	if err != nil {
		return none, false, err
	}
	first, factNo := uint64(1), int64(0)
	if n := len(have); n > 0 {
		if have[n-1].Stream != st.Position.Stream {
			return none, false, fmt.Errorf("%w: %s is of another stream than the table", facts.ErrSegment, have[n-1].File)
		}
		first, factNo = have[n-1].Last+1, have[n-1].FactNo
	}
	if st.Position.Seq < first {
		return none, false, nil
	}
	last, err := s.cut(ctx, first, st.Position.Seq)
	if err != nil {
		return none, false, err
	}
	side := sidecar{Version: schemaVersion, Stream: st.Position.Stream, First: first, Last: last, FactNo: factNo}
	name := segmentName(first, last, side.Stream)
	if err := s.writeSegment(ctx, name, &side); err != nil {
		return none, false, err
	}
	s.sealed.Store(last)
	return side.segment(filepath.Join(s.segDir, name)), true, nil
}

// cut finds where a segment ends so that it holds about SealRows rows.
func (s *Store) cut(ctx context.Context, first, end uint64) (uint64, error) {
	res, err := s.query(ctx, "SELECT seq FROM facts WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT 1 OFFSET ?",
		[]any{int64(first), int64(end), s.opts.SealRows})
	if err != nil {
		return 0, fmt.Errorf("find the end: %w", err)
	}
	if len(res.Rows) == 0 {
		return end, nil
	}
	// Behind this sequence there are more than SealRows rows; it may itself be larger
	// than a segment, then it is one.
	return max(uint64(res.Rows[0][0].(int64))-1, first), nil
}

// writeSegment writes, verifies and publishes: temporary file, fsync, read back,
// sidecar, rename, fsync of the folder.
func (s *Store) writeSegment(ctx context.Context, name string, side *sidecar) error {
	temp := filepath.Join(s.segDir, tempPrefix+name)
	defer os.Remove(temp) // gone after the rename
	where := fmt.Sprintf("facts WHERE seq BETWEEN %d AND %d", side.First, side.Last)
	copySQL := fmt.Sprintf("COPY (SELECT * FROM %s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)", where, literal(temp), rowGroupRows)
	if _, err := s.db.ExecContext(ctx, copySQL); err != nil {
		return fmt.Errorf("write segment %s: %w", name, err)
	}
	if err := syncFile(temp); err != nil {
		return fmt.Errorf("write segment %s: %w", name, err)
	}
	want, err := s.query(ctx, sumsOf(where), nil)
	if err != nil {
		return fmt.Errorf("sum the rows of segment %s: %w", name, err)
	}
	got, err := s.query(ctx, sumsOf("read_parquet("+literal(temp)+")"), nil)
	if err != nil {
		return fmt.Errorf("read back segment %s: %w", name, err)
	}
	if fmt.Sprint(want.Rows) != fmt.Sprint(got.Rows) {
		return fmt.Errorf("%w: %s reads back differently from what was written", facts.ErrSegment, name)
	}
	side.Rows = want.Rows[0][0].(int64)
	side.FactNo = max(side.FactNo, want.Rows[0][1].(int64))
	if side.Bytes, side.SHA256, err = hashFile(temp); err != nil {
		return fmt.Errorf("hash segment %s: %w", name, err)
	}
	if err := s.writeSidecar(name, side); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(s.segDir, name)); err != nil {
		return fmt.Errorf("publish segment: %w", err)
	}
	return syncDir(s.segDir)
}

func (s *Store) writeSidecar(name string, side *sidecar) error {
	text, err := json.MarshalIndent(side, "", "  ")
	if err != nil {
		return fmt.Errorf("sidecar of %s: %w", name, err)
	}
	temp := filepath.Join(s.segDir, tempPrefix+name+sidecarExt)
	if err := os.WriteFile(temp, append(text, '\n'), 0o640); err != nil {
		return fmt.Errorf("sidecar of %s: %w", name, err)
	}
	if err := syncFile(temp); err != nil {
		return fmt.Errorf("sidecar of %s: %w", name, err)
	}
	if err := os.Rename(temp, filepath.Join(s.segDir, name+sidecarExt)); err != nil {
		return fmt.Errorf("sidecar of %s: %w", name, err)
	}
	return syncDir(s.segDir)
}

// Segments lists the sealed segments in order. Their contents are not read; see
// VerifySegments.
func (s *Store) Segments(context.Context) ([]facts.Segment, error) {
	all, err := s.sidecars()
	if err != nil {
		return nil, err
	}
	segs := make([]facts.Segment, len(all))
	for i, side := range all {
		segs[i] = side.segment(filepath.Join(s.segDir, segmentName(side.First, side.Last, side.Stream)))
		if err := contiguous(all[:i], side); err != nil {
			return nil, err
		}
	}
	return segs, nil
}

// VerifySegments reads every segment's bytes and compares them with its sidecar.
func (s *Store) VerifySegments(ctx context.Context) error {
	all, err := s.sidecars()
	if err != nil {
		return err
	}
	for i, side := range all {
		if err := errors.Join(ctx.Err(), contiguous(all[:i], side), s.check(side)); err != nil {
			return err
		}
	}
	return nil
}

func (side sidecar) segment(file string) facts.Segment {
	return facts.Segment{Stream: side.Stream, First: side.First, Last: side.Last, FactNo: side.FactNo, Rows: side.Rows, File: file}
}

// contiguous checks that side begins where the ones before it end.
func contiguous(before []sidecar, side sidecar) error {
	name := segmentName(side.First, side.Last, side.Stream)
	want, stream := uint64(1), side.Stream
	if n := len(before); n > 0 {
		want, stream = before[n-1].Last+1, before[n-1].Stream
	}
	switch {
	case side.First != want:
		return fmt.Errorf("%w: %s should begin at sequence %d", facts.ErrSegment, name, want)
	case side.Last < side.First:
		return fmt.Errorf("%w: %s ends before it begins", facts.ErrSegment, name)
	case side.Stream != stream:
		return fmt.Errorf("%w: %s is of another stream", facts.ErrSegment, name)
	}
	return nil
}

// sidecars reads the descriptions of all segments, in order of their ranges. A
// Parquet file without a readable sidecar is an error that names it; a sidecar
// without a file is what a crash between the two renames leaves, and is ignored.
func (s *Store) sidecars() ([]sidecar, error) {
	entries, err := os.ReadDir(s.segDir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var all []sidecar
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, segmentExt) || strings.HasPrefix(name, tempPrefix) {
			continue
		}
		side, err := s.readSidecar(name)
		if err != nil {
			return nil, err
		}
		all = append(all, side)
	}
	slices.SortFunc(all, func(a, b sidecar) int {
		return strings.Compare(fmt.Sprintf("%020d", a.First), fmt.Sprintf("%020d", b.First))
	})
	return all, nil
}

func (s *Store) readSidecar(name string) (sidecar, error) {
	var side sidecar
	text, err := os.ReadFile(filepath.Join(s.segDir, name+sidecarExt))
	if err != nil {
		return side, fmt.Errorf("%w: %s: its description cannot be read: %w", facts.ErrSegment, name, err)
	}
	if err := json.Unmarshal(text, &side); err != nil {
		return side, fmt.Errorf("%w: %s: its description cannot be read: %w", facts.ErrSegment, name, err)
	}
	if name != segmentName(side.First, side.Last, side.Stream) {
		return side, fmt.Errorf("%w: %s: its description is of another segment", facts.ErrSegment, name)
	}
	return side, nil
}

// check compares a segment's bytes with its sidecar.
func (s *Store) check(side sidecar) error {
	name := segmentName(side.First, side.Last, side.Stream)
	n, sum, err := hashFile(filepath.Join(s.segDir, name))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", facts.ErrSegment, name, err)
	}
	if n != side.Bytes || sum != side.SHA256 {
		return fmt.Errorf("%w: %s: its bytes are not those that were sealed", facts.ErrSegment, name)
	}
	return nil
}

func hashFile(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	return errors.Join(err, f.Close())
}
