package caps

import (
	"context"
	"fmt"
	"slices"
	"time"

	"clickledger/internal/catalog"
)

// What a counter of clicks misses is what came before it began: before the process
// started, or before the cap was set. It is counted in the facts. Those are behind the
// log, and the log behind the visitors on their way: the count is told at once, and again
// until it is whole.

// countAgain is how often an unfinished count is made.
const countAgain = 2 * time.Second

// span is a stretch of time for which clicks are to be counted, in µs.
type span struct{ from, to int64 }

// request is one counter's part of it.
type request struct {
	offer, publisher string // publisher as in the cap
	counter          *clicksBefore
	settled          bool
}

// countBefore tells counters what they miss. The facts are asked outside of mu: they may
// take their time.
func (w *Watcher) countBefore(ctx context.Context) error {
	now := w.Now().UnixMicro()
	for s, rs := range w.missing(now) {
		var offers []string
		for _, r := range rs {
			offers = append(offers, r.offer)
		}
		slices.Sort(offers)
		got, err := w.Clicks.Count(ctx, slices.Compact(offers), s.from, s.to)
		if err != nil {
			return fmt.Errorf("count clicks in the facts: %w", err)
		}
		w.mu.Lock()
		for _, r := range rs {
			base := map[string]int64{}
			for who, n := range got {
				if who.Offer != r.offer {
					continue
				}
				switch r.publisher {
				case "":
					base[""] += n
				case catalog.CapEach:
					if who.Publisher != "" {
						base[who.Publisher] = n
					}
				case who.Publisher:
					base[""] = n
				}
			}
			if !r.settled {
				base = r.counter.above(s.from, base)
			}
			r.counter.SetBase(s.from, base, r.settled)
			r.counter.asked = time.Now()
		}
		w.mu.Unlock()
	}
	return nil
}

// missing lists what has to be counted now, by stretches that are the same for many.
func (w *Watcher) missing(now int64) map[span][]request {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[span][]request{}
	for id, x := range w.offers {
		for key, c := range x.clicks {
			from, to, ok := c.Missing(now)
			if !ok {
				continue
			}
			if !c.marked && (!w.running || time.Since(c.made) >= w.UnderWay) {
				c.mark, c.marked = w.Clicks.Mark(), true
			}
			settled := c.marked && w.Clicks.Passed(c.mark) // asked before the facts are
			if !settled && time.Since(c.asked) < countAgain {
				continue
			}
			s := span{from, to}
			out[s] = append(out[s], request{id, key.publisher, c, settled})
		}
	}
	return out
}
