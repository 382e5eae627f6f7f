package conversion

import (
	"context"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
)

// overCap is the cap, in words, that a conversion about to be recorded is beyond; "" when
// every cap of its offer has a place for it. A limit of n takes n conversions. The
// period is that of the conversion's own time: who comes late counts on the day it
// belongs to (rulebook P15, P16). A refused conversion is beyond no cap, unless refused
// ones are among those that count.
func (j *judgment) overCap(ctx context.Context, c *Conversion) (string, error) {
	at := time.UnixMicro(c.At)
	for _, limit := range j.offer.Caps {
		if limit.Event != catalog.CapConversions || !caps.Applies(limit, c.Publisher) || limit.Goal != "" && limit.Goal != c.GoalKey {
			continue
		}
		k := caps.CounterOf(j.offer, limit, at)
		if !counts(c.Status) && !k.Takes(string(c.Status)) {
			continue
		}
		used, err := caps.Used(ctx, j.tx, k)
		if err == nil && k.Publisher == catalog.CapEach {
			used, err = caps.Used(ctx, j.tx, k.Of(c.Publisher))
		}
		if err != nil {
			return "", err
		}
		if used >= limit.Limit {
			return caps.Words(limit, caps.Zone(j.offer.CapTimeZone), at), nil
		}
	}
	return "", nil
}

// countCaps counts a conversion that was recorded (from "") or moved to another state,
// in its own period: a rejection frees a place of the conversion's day and of no other.
func countCaps(ctx context.Context, tx Tx, c *Conversion, from, to Status) error {
	return caps.Moved(ctx, tx, caps.Event{
		Workspace: c.Workspace, Offer: c.Offer, Publisher: c.Publisher, Goal: c.GoalKey, At: c.At, OverCap: c.OverCap != "",
	}, string(from), string(to))
}
