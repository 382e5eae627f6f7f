package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// mountDisk is a small disk of its own, in memory.
func mountDisk(t *testing.T, megabytes int) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes))
	if err != nil {
		what := "a disk to fill cannot be mounted here: " + err.Error()
		if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
			t.Fatalf("CLICKLEDGER_TEST_ALL=1, but: %s", what)
		}
		t.Skipf("SKIPPED: %s (CLICKLEDGER_TEST_ALL=1 makes this a failure)", what)
	}
	t.Cleanup(func() {
		// The servers on it are killed by then; MNT_DETACH lets go of it in any case.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves so many bytes free on the disk, with files it returns.
func fill(t *testing.T, disk string, leave int64) string {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(disk, &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(disk, "ballast")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := int64(st.Bavail)*st.Bsize - leave
	for n > 0 {
		err := syscall.Fallocate(int(f.Fd()), 0, 0, n)
		if err == nil {
			return f.Name()
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		n -= 64 << 10 // the server wrote meanwhile
	}
	return f.Name()
}

// metric reads one value from /metrics, labels summed.
func (p *proc) metric(name string) float64 {
	p.t.Helper()
	res, err := http.Get(p.url + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var sum float64
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' '):]), 64)
			if err != nil {
				p.t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// becomes waits for a state of /readyz.
func (p *proc) becomes(state string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(30 * time.Second)
	for {
		status, r := p.ready()
		if r["log"] == state {
			if want := map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK}[state == "full"]; status != want {
				p.t.Errorf("readyz answers %d when the log is %s", status, state)
			}
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("the log does not become %s: %v\n%s", state, r, p.log)
		}
		<-tick.C
	}
}

// ended says that the server is no more.
func (p *proc) ended() bool {
	select {
	case err := <-p.done:
		p.done <- err
		return true
	default:
		return false
	}
}

// A disk that fills up under load: visitors are redirected all the same, senders of
// signals hear the truth, and nothing that was acknowledged is lost, neither when
// there is room again nor after a kill.
func TestFullDisk(t *testing.T) {
	disk := mountDisk(t, 448)
	data, addr := filepath.Join(disk, "data"), freePort(t)
	p := start(t, data, addr, 0)
	m := p.market(map[string]any{"initial_status": "approved"})
	a := &acked{signals: map[string]string{}, orders: map[string]bool{}}
	client := noFollow()

	// healthy is load of which everything is acknowledged.
	healthy := func(seed uint64) {
		t.Helper()
		p.becomes("ok")
		before := p.metric("clickledger_clicks_unacked_total")
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		n := len(a.clicks)
		a.load(ctx, p.url, m, seed)
		if got := p.metric("clickledger_clicks_unacked_total"); got != before {
			t.Errorf("%v clicks of a healthy server are not acknowledged", got-before)
		}
		if len(a.clicks)-n < 20 {
			t.Fatalf("only %d clicks", len(a.clicks)-n)
		}
	}
	// starved is load on a disk without room: every visitor is redirected, every signal
	// gets a verdict or 503. It reports how many signals were taken and refused.
	starved := func(prefix string) (taken, refused int) {
		t.Helper()
		old := a.clicks
		var mu sync.Mutex
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 20 {
					if _, err := visit(t.Context(), client, p.url+m.link); err != nil {
						t.Errorf("a visitor was not redirected: %v", err)
					}
					order := fmt.Sprintf("%s-%d-%d", prefix, w, i)
					status, ans := postback(t, client, p.url, m, old[(w*20+i)%len(old)], order)
					mu.Lock()
					switch {
					case status/100 == 2:
						taken++
						a.signals[ans.Signal] = ans.Verdict
						if ans.Verdict == "accepted" {
							a.orders[order] = true
						}
					case status == http.StatusServiceUnavailable && (ans.Verdict == "log_unavailable" || ans.Verdict == "processing_error"):
						refused++
					default:
						t.Errorf("a signal was answered %d %+v", status, ans)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return taken, refused
	}
	free := func(ballast ...string) {
		t.Helper()
		for _, b := range ballast {
			if err := os.Remove(b); err != nil {
				t.Fatal(err)
			}
		}
	}

	healthy(1)
	low := fill(t, disk, 128<<20)
	p.becomes("signals_only")
	before := p.metric("clickledger_clicks_unacked_total")
	if taken, refused := starved("low"); taken == 0 || refused > 0 {
		t.Errorf("on a low disk %d signals were taken and %d refused", taken, refused)
	}
	if n := p.metric("clickledger_clicks_unacked_total") - before; n != 80 {
		t.Errorf("%v of 80 visits are counted as unacknowledged", n)
	}

	reserve := fill(t, disk, 8<<20)
	p.becomes("full")
	if taken, refused := starved("reserve"); taken > 0 || refused == 0 {
		t.Errorf("on the disk's reserve %d signals were taken and %d refused", taken, refused)
	}
	rest := fill(t, disk, 0)
	if taken, _ := starved("nothing"); taken > 0 {
		t.Errorf("on a full disk %d signals were taken", taken)
	}

	free(low, reserve, rest)
	healthy(2)
	a.check(t, p, m)

	// Filled in the middle of everything, and freed again; then filled and killed there.
	for _, kill := range []bool{false, true} {
		signals := &acked{signals: a.signals, orders: a.orders, orderNo: a.orderNo}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { signals.load(ctx, p.url, m, 3); close(done) }()
		low, rest := fill(t, disk, 1<<20), fill(t, disk, 0)
		while := time.NewTimer(500 * time.Millisecond)
		<-while.C
		if kill {
			p.kill()
		}
		cancel()
		<-done
		a.orderNo = signals.orderNo
		if !kill && p.ended() {
			// A write that met the full disk before the log's reserve did, twice: the log
			// ends the process and does not guess (DESIGN §5).
			if !strings.Contains(p.log.String(), "the event log failed and could not be reopened") {
				t.Fatalf("the server ended:\n%s", p.log)
			}
			kill = true
		}
		if kill {
			if status, out := runs(t, "serve", "--data", data, "--listen", addr); status == 0 || !strings.Contains(out, "no space left") {
				t.Errorf("a start on a full disk (%d) does not say what is wrong:\n%s", status, out)
			}
		}
		free(low, rest)
		if kill {
			p = start(t, data, addr, 0)
		}
		healthy(4)
		a.check(t, p, m)
	}
	p.stop()
	verified(t, data)
}
