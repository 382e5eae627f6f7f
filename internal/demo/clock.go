package demo

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// span is the time the demo's visits are spread over.
const span = 7 * 24 * time.Hour

// clock is the demo's time: it runs through the last week while the visits come,
// slower by day than by night, then goes on as real time.
type clock struct {
	start  time.Time
	visits int
	at     atomic.Int64 // µs; 0 = real time
}

func newClock(visits int) *clock {
	c := &clock{start: time.Now().Add(-span), visits: visits}
	c.at.Store(c.start.UnixMicro())
	return c
}

// Now is the demo's time.
func (c *clock) Now() time.Time {
	at := c.at.Load()
	if at == 0 {
		return time.Now()
	}
	return time.UnixMicro(at)
}

// visit moves to the time of the n-th visit. It never goes back.
func (c *clock) visit(n int) {
	f := float64(n) / float64(c.visits)
	days := span.Hours() / 24
	f += 0.6 / (2 * math.Pi * days) * math.Sin(2*math.Pi*days*f) // busier in half of each day
	to := c.start.Add(time.Duration(f * float64(span))).UnixMicro()
	for {
		at := c.at.Load()
		if to <= at || c.at.CompareAndSwap(at, to) {
			return
		}
	}
}

// real lets real time go on.
func (c *clock) real() { c.at.Store(0) }

// bar is a progress bar on a terminal, and a line a tenth elsewhere.
type bar struct {
	total int64
	done  atomic.Int64

	mu       sync.Mutex
	w        io.Writer
	terminal bool
	drawn    int64 // percent; guarded by mu
}

func newBar(w io.Writer, total int) *bar {
	b := &bar{w: w, total: int64(total)}
	f, ok := w.(*os.File)
	if ok {
		st, err := f.Stat()
		b.terminal = err == nil && st.Mode()&os.ModeCharDevice != 0
	}
	return b
}

const barWidth = 40

// step counts one and draws when the bar moves.
func (b *bar) step() {
	percent := b.done.Add(1) * 100 / b.total
	b.mu.Lock()
	defer b.mu.Unlock()
	if percent <= b.drawn || (!b.terminal && percent/10 == b.drawn/10) {
		return
	}
	b.drawn = percent
	full := int(percent * barWidth / 100)
	begin, end := "\r", ""
	if !b.terminal {
		begin = ""
	}
	if percent == 100 || !b.terminal {
		end = "\n"
	}
	fmt.Fprintf(b.w, "%svisits [%s%s] %3d%%%s", begin, strings.Repeat("█", full), strings.Repeat("·", barWidth-full), percent, end)
}
