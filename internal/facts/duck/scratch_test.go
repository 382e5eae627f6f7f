package duck_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"clickledger/internal/eventlog"
	"clickledger/internal/facts/duck"
	"clickledger/internal/facts/factstest"
)

func rss() string {
	b, _ := os.ReadFile("/proc/self/status")
	out := ""
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "VmRSS") || strings.HasPrefix(l, "VmHWM") {
			out += l
		}
	}
	return out
}

func TestScratch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, duck.Options{Dir: dir})
	var from eventlog.Position
	var ck time.Duration
	a := time.Now()
	for first := 0; first < 1_100_000; first += 20000 {
		rows := factstest.Rows(first, first+19999)
		to := eventlog.Position{Stream: "a", Seq: from.Seq + 20000}
		if err := s.Add(t.Context(), from, to, rows); err != nil {
			t.Fatal(err)
		}
		from = to
		if s.LogBytes() > 128<<20 {
			b := time.Now()
			s.Checkpoint(t.Context())
			ck += time.Since(b)
		}
	}
	fmt.Println("add", time.Since(a), "of it checkpoints", ck, rss())
	a = time.Now()
	seg, ok, err := s.Seal(t.Context())
	fmt.Println("seal", seg, ok, err, time.Since(a), rss())
	i, _ := os.Stat(seg.File)
	fmt.Println(i.Size())
	s.Close()
	i, _ = os.Stat(dir + "/facts.duckdb")
	fmt.Println(i.Size())
	os.Remove(dir + "/facts.duckdb")
	a = time.Now()
	s = open(t, duck.Options{Dir: dir})
	fmt.Println("restore", s.Recovered(), time.Since(a), rss())
}
