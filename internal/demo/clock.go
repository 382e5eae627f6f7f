package demo

import (
	"fmt"
	"io"
	"math"
	"strings"
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
	w     io.Writer
	total int64
	done  atomic.Int64
}

func newBar(w io.Writer, total int) *bar { return &bar{w: w, total: int64(total)} }

const barWidth = 40

// step counts one and draws when the bar moves.
func (b *bar) step() {
	n := b.done.Add(1)
	if n*100/b.total == (n-1)*100/b.total && n != b.total {
		return
	}
	full := int(n * barWidth / b.total)
	end := ""
	if n == b.total {
		end = "\n"
	}
	fmt.Fprintf(b.w, "\rvisits [%s%s] %3d%%%s", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), n*100/b.total, end)
}
