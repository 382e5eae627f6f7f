package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clickledger/internal/caps"
	"clickledger/internal/catalog"
)

// pastClicks counts clicks in the facts, for caps.
type pastClicks struct{ a *App }

// clickBatch is how many offers one query asks for.
const clickBatch = 500

// Count implements caps.Clicks. Bots use up no cap at the edge, so they do not here.
func (p pastClicks) Count(ctx context.Context, offers []string, from, to int64) (map[caps.Clicker]int64, error) {
	out := map[caps.Clicker]int64{}
	for batch := range slices.Chunk(offers, clickBatch) {
		args := []any{from, to}
		for _, o := range batch {
			args = append(args, o)
		}
		r, err := p.a.facts.Query(ctx, "SELECT offer, publisher, CAST(SUM(clicks) AS BIGINT) AS n FROM facts"+
			" WHERE event_at >= ? AND event_at < ? AND clicks > 0 AND bot = ''"+
			" AND offer IN (?"+strings.Repeat(", ?", len(batch)-1)+") GROUP BY offer, publisher", args...)
		if err != nil {
			return nil, err
		}
		for _, row := range r.Rows {
			offer, _ := row[0].(string) // absent is the empty text
			publisher, _ := row[1].(string)
			n, ok := row[2].(int64)
			if !ok {
				return nil, fmt.Errorf("a sum of clicks is a %T", row[2])
			}
			out[caps.Clicker{Offer: offer, Publisher: publisher}] = n
		}
	}
	return out, nil
}

// Mark implements caps.Clicks.
func (p pastClicks) Mark() uint64 { return p.a.log.Last() }

// Passed implements caps.Clicks.
func (p pastClicks) Passed(mark uint64) bool { return p.a.factsSink.Position().Seq >= mark }

// settleWait bounds how long a start waits for the clicks of the run before.
const settleWait = 30 * time.Second

// settleClicks holds the first visitor back until the facts have every click of the run
// before, which matters after a crash: caps on clicks would admit again what they had
// admitted. Without such caps nobody waits.
func (a *App) settleClicks(ctx context.Context) {
	capped := false
	for o := range a.loader.View().Offers() {
		capped = capped || slices.ContainsFunc(o.Caps, func(c catalog.Cap) bool { return c.Event == catalog.CapClicks })
	}
	if !capped {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	mark := a.log.Last()
	for a.factsSink.Position().Seq < mark {
		select {
		case <-ctx.Done():
			a.Logger.Warn("the facts lag behind the log: caps on clicks may admit too many until they have caught up", "position", a.factsSink.Position().Seq, "log", mark)
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
	err := a.caps.Refresh(ctx)
	if err != nil {
		a.Logger.Error("the caps of offers are not known yet; they are looked at again at once", "error", err)
	}
}
