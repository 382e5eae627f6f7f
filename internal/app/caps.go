package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"clickledger/internal/caps"
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
