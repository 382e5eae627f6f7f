package duck_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

const crashRows = 500 // of each addition; its rows have consecutive sequences

// child adds rows for as long as it lives, checkpoints and seals between, and says
// each position once it is committed.
func child(dir string) {
	fail := func(err error) {
		fmt.Println("error", err)
		os.Exit(1)
	}
	s, err := duck.Open(context.Background(), duck.Options{Dir: dir, SealRows: 4000})
	if err != nil {
		fail(err)
	}
	st, err := s.State(context.Background())
	if err != nil {
		fail(err)
	}
	from := st.Position
	for i := 1; ; i++ {
		n := int(from.Seq)
		to := eventlog.Position{Stream: stream, Seq: from.Seq + crashRows}
		if err := s.Add(context.Background(), from, to, factstest.Rows(n, n+crashRows-1)); err != nil {
			fail(err)
		}
		fmt.Println(to.Seq)
		from = to
		if i%5 == 0 {
			if err := s.Checkpoint(context.Background()); err != nil {
				fail(err)
			}
		}
		if i%8 == 0 {
			if _, _, err := s.Seal(context.Background()); err != nil {
				fail(err)
			}
		}
	}
}

// TestKill ends a process that adds, checkpoints and seals by SIGKILL, at another
// point each time: what it said is there, and rows and position agree.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 6 {
		said := runAndKill(t, dir, 3+4*round)
		s, err := duck.Open(t.Context(), duck.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		st, err := s.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Query(t.Context(), "SELECT count(*), coalesce(max(seq), 0), count(DISTINCT seq), coalesce(sum(visits), 0) FROM facts")
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range res.Rows[0] {
			if v != int64(st.Position.Seq) {
				t.Errorf("round %d: value %d is %v, the position %d", round, i, v, st.Position.Seq)
			}
		}
		if st.Position.Seq < said || st.Position.Seq%crashRows != 0 {
			t.Errorf("round %d: position %d, the process said %d", round, st.Position.Seq, said)
		}
		if rec := s.Recovered(); rec.Reason != "" || len(rec.Damaged) != 0 {
			t.Errorf("round %d: a killed process left damage: %+v", round, rec)
		}
		if err := s.VerifySegments(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill lets a child commit some additions and kills it in the midst of more.
func runAndKill(t *testing.T, dir string, additions int) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "DUCK_TEST_CHILD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last uint64
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "error") {
			t.Fatal(lines.Text())
		}
		seq, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		last = seq
		if n == additions {
			if err := cmd.Process.Kill(); err != nil { // what it still says counts too
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return last
}
