package caps

import (
	"context"
	"fmt"

	"clickledger/internal/catalog"
)

// Tx is what keeping counts needs of an open transaction of the books.
type Tx interface {
	// CapCount returns the count of a counter that is kept; kept=false when it is not.
	CapCount(ctx context.Context, k Counter) (n int64, kept bool, err error)
	// CapCountsFor lists the kept counters of an offer that a conversion at the time (µs)
	// may change: those of everybody, of the publisher, and of [catalog.CapEach].
	CapCountsFor(ctx context.Context, workspace, offer, publisher string, at int64) ([]Kept, error)
	// PutCapCount keeps a counter from now on, with this count.
	PutCapCount(ctx context.Context, k Counter, n int64) error
	// AddCapCount changes the count of a counter that is kept.
	AddCapCount(ctx context.Context, k Counter, delta int64) error
	// CountConversions counts anew, by publisher, whatever k.Publisher is. It has every
	// publisher with a conversion of the goal in the window, also where none counts.
	CountConversions(ctx context.Context, k Counter) (map[string]int64, error)
}

// Store is where counts are read and kept outside of judging.
type Store interface {
	// Counts lists the kept counters whose window has the instant (µs): of one offer, or
	// of all for offer "". It does not wait for the writer of the books.
	Counts(ctx context.Context, workspace, offer string, at int64) ([]Kept, error)
	// Keep makes counters be kept from now on, as [Used] does.
	Keep(ctx context.Context, ks []Counter) error
	// Prune forgets counters whose windows ended before the instant (µs). One that is
	// asked for again is counted anew.
	Prune(ctx context.Context, before int64) error
}

// Used is a counter's count, kept from now on: counted when it was not kept before. For
// [catalog.CapEach] the counters of all publishers are kept, and the count is 0.
func Used(ctx context.Context, tx Tx, k Counter) (int64, error) {
	n, kept, err := tx.CapCount(ctx, k)
	if err != nil {
		return 0, fmt.Errorf("read a cap's count: %w", err)
	}
	if kept {
		return n, nil
	}
	by, err := tx.CountConversions(ctx, k)
	if err != nil {
		return 0, fmt.Errorf("count for a cap: %w", err)
	}
	switch k.Publisher {
	case "":
		for _, m := range by {
			n += m
		}
	case catalog.CapEach:
		for publisher, m := range by {
			if publisher == "" {
				continue // the house is no publisher
			}
			err := tx.PutCapCount(ctx, k.Of(publisher), m)
			if err != nil {
				return 0, fmt.Errorf("keep a cap's count: %w", err)
			}
		}
	default:
		n = by[k.Publisher]
	}
	err = tx.PutCapCount(ctx, k, n)
	if err != nil {
		return 0, fmt.Errorf("keep a cap's count: %w", err)
	}
	return n, nil
}

// Event is a conversion as counters see it.
type Event struct {
	Workspace, Offer string
	Publisher        string // "" = the house
	Goal             string // key
	At               int64  // event time, µs
	OverCap          bool   // it was over a cap: it takes no place, whatever its status
}

// Moved brings the kept counters up to date with a conversion that came ("" to its first
// status) or changed its status. It belongs into the transaction of the change. Counters
// are found by the conversion, not by the caps the offer has: a cap that was taken away
// and comes back, or one set by another process a moment ago, finds its count right.
func Moved(ctx context.Context, tx Tx, e Event, from, to string) error {
	if e.OverCap {
		return nil
	}
	rows, err := tx.CapCountsFor(ctx, e.Workspace, e.Offer, e.Publisher, e.At)
	if err != nil {
		return fmt.Errorf("read the caps' counts: %w", err)
	}
	kept := map[Counter]bool{}
	for _, r := range rows {
		kept[r.Counter] = true
	}
	for _, r := range rows {
		k := r.Counter
		if k.Goal != "" && k.Goal != e.Goal {
			continue
		}
		if k.Publisher == catalog.CapEach {
			if own := k.Of(e.Publisher); e.Publisher != "" && !kept[own] {
				// Its first conversion in the window.
				n := int64(0)
				if k.Takes(to) {
					n = 1
				}
				err := tx.PutCapCount(ctx, own, n)
				if err != nil {
					return fmt.Errorf("keep a cap's count: %w", err)
				}
			}
			continue
		}
		delta := int64(0)
		if k.Takes(from) {
			delta--
		}
		if k.Takes(to) {
			delta++
		}
		if delta == 0 {
			continue
		}
		err := tx.AddCapCount(ctx, k, delta)
		if err != nil {
			return fmt.Errorf("change a cap's count: %w", err)
		}
	}
	return nil
}
