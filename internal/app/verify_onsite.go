package app

import (
	"context"
	"fmt"
	"sort"

	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// onsiteKey is what on-site events are counted by.
type onsiteKey struct{ publisher, goal string }

// compareOnsite compares the on-site events that the facts have with those that the books
// counted, by publisher and goal.
func (a *App) compareOnsite(ctx context.Context, w string, counts []conversion.OnsiteCount, f *Finding) error {
	res, err := a.facts.Query(ctx, `SELECT publisher, goal, CAST(sum(events) AS BIGINT) FROM facts WHERE workspace = ? AND kind = ? GROUP BY publisher, goal`, w, event.FactEvent)
	if err != nil {
		return fmt.Errorf("add up the facts' on-site events: %w", err)
	}
	have := map[onsiteKey]int64{}
	for _, row := range res.Rows {
		publisher, ok := row[0].(string)
		goal, ok2 := row[1].(string)
		if !ok || !ok2 {
			return fmt.Errorf("the facts' publisher and goal are a %T and a %T", row[0], row[1])
		}
		have[onsiteKey{publisher, goal}], err = integer(row[2])
		if err != nil {
			return err
		}
	}
	for _, c := range counts {
		f.Counted += c.Events
		k := onsiteKey{c.Publisher, c.Goal}
		if have[k] != c.Events {
			f.wrong("publisher %q has %d events %q in the facts; the books %d", c.Publisher, have[k], c.Goal, c.Events)
		}
		delete(have, k)
	}
	for k, n := range have {
		if n != 0 {
			f.wrong("publisher %q has %d events %q in the facts; the books none", k.publisher, n, k.goal)
		}
	}
	sort.Strings(f.Wrong)
	return nil
}
