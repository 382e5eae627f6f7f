package eventlog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/eventlog"
)

// child is this test binary started again, to be killed: it appends for ever and
// prints each record after it was acknowledged.
func child(job string) int {
	round := os.Getenv("EVENTLOG_TEST_ROUND")
	o := options(os.Getenv("EVENTLOG_TEST_DIR"))
	if job == "limited" {
		err := limitFileSize(1 << 20)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 3
		}
	}
	l, err := eventlog.Open(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	var mu sync.Mutex
	pad := strings.Repeat(".", 200)
	for w := range 32 {
		go func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%s-%d-%d%s", round, w, i, pad)
				_, err := l.Append(context.Background(), eventlog.Visit, []byte(text))
				if err != nil {
					return
				}
				mu.Lock()
				fmt.Println(text)
				mu.Unlock()
			}
		}()
	}
	<-l.Failed()
	_, err = l.Append(context.Background(), eventlog.Signal, []byte("after the failure"))
	if !errors.Is(err, eventlog.ErrFailed) || l.Healthy() == nil || l.Stats().State != eventlog.StateFailed || l.Stats().LastError == "" {
		fmt.Fprintln(os.Stderr, "a failed log does not say so:", err)
		return 4
	}
	mu.Lock() // no line is cut
	defer mu.Unlock()
	return 7
}

func startChild(t *testing.T, job, dir, round string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EVENTLOG_TEST_CHILD="+job, "EVENTLOG_TEST_DIR="+dir, "EVENTLOG_TEST_ROUND="+round)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// Acknowledged records survive SIGKILL at any moment, round after round, in order
// and each once.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var acked []string
	id, last := "", uint64(0)
	for round := range 6 {
		cmd, lines := startChild(t, "load", dir, fmt.Sprint(round))
		stop := len(acked) + 100 + rand.IntN(4000)
		for lines.Scan() {
			acked = append(acked, lines.Text())
			if len(acked) == stop {
				err := cmd.Process.Kill()
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		cmd.Wait()
		if len(acked) < stop {
			t.Fatalf("the child ended by itself: %v", cmd.ProcessState)
		}
		l := open(t, options(dir))
		if id == "" {
			id = l.StreamID()
		}
		if l.StreamID() != id || l.Last() < last {
			t.Fatalf("round %d: stream %s (was %s), last %d (was %d)", round, l.StreamID(), id, l.Last(), last)
		}
		last = l.Last()
		found := contents(t, l)
		expectOnce(t, found, acked)
		mustAppend(t, l, eventlog.Signal, fmt.Sprint("between-", round))
		closeLog(t, l)
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Logf("%d acknowledged records, last sequence %d", len(acked), last)
}

// A real write error of the operating system: the log must fail, say so, and have
// acknowledged nothing that is not there.
func TestRealWriteError(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := startChild(t, "limited", dir, "limited")
	var acked []string
	for lines.Scan() {
		acked = append(acked, lines.Text())
	}
	err := cmd.Wait()
	if cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("the child did not fail as it should: %v", err)
	}
	if len(acked) < 1000 {
		t.Errorf("only %d records before the limit", len(acked))
	}
	l := open(t, options(dir))
	expectOnce(t, contents(t, l), acked)
	mustAppend(t, l, eventlog.Signal, "more")
}

// A copy of the directory, taken while the log is written, holds everything that was
// acknowledged before the copying began.
func TestCopyUnderLoad(t *testing.T) {
	o := options(t.TempDir())
	l := open(t, o)
	var mu sync.Mutex
	var acked []string
	var stop atomic.Bool
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; !stop.Load(); i++ {
				text := fmt.Sprintf("%d-%d%s", w, i, strings.Repeat(".", 300))
				_, err := l.Append(context.Background(), eventlog.Visit, []byte(text))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, text)
				mu.Unlock()
			}
		}()
	}
	for round := range 3 {
		eventually(t, "some load", func() bool { mu.Lock(); defer mu.Unlock(); return len(acked) >= (round+1)*2000 })
		mu.Lock()
		before := append([]string(nil), acked...)
		last := l.Last()
		mu.Unlock()
		copied := o
		copied.Dir = t.TempDir()
		copyDir(t, o.Dir, copied.Dir)
		c := open(t, copied)
		if c.Last() < last || c.StreamID() != l.StreamID() {
			t.Errorf("the copy ends at %d, the log had acknowledged %d", c.Last(), last)
		}
		expectOnce(t, contents(t, c), before)
		closeLog(t, c)
	}
	stop.Store(true)
	wg.Wait()
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		in, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) { // a temporary file
			return nil
		}
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(target)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		return errors.Join(err, out.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
}
