package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
)

var capTests = map[string]func(t *testing.T, s *Stores){
	"counts are kept":           testCapCounts,
	"kept equals counted anew":  testCapCountsTrue,
	"parallel writers":          testCapParallel,
	"each publisher":            testCapEach,
	"counts of the past go":     testCapPrune,
	"failures leave no counts":  testCapFailures,
	"savepoints undo the count": testCapSavepoint,
}

// counter counts an offer's pending and approved conversions of the days from…to, of 100 µs.
func counter(offer string, from, to int64) caps.Counter {
	return caps.Counter{Workspace: home, Offer: offer, States: caps.States([]string{"pending", "approved"}), Start: from * 100, End: to * 100}
}

func sale(n int, offer, publisher string, at int64, status conversion.Status) *conversion.Conversion {
	c := cnv(n)
	c.Offer, c.Publisher, c.GoalKey, c.At, c.Status, c.OverCap = offer, publisher, "sale", at, status, ""
	return c
}

// record inserts a conversion as judging does.
func record(tx books.Tx, c *conversion.Conversion) error {
	err := tx.InsertConversion(ctx, c)
	if err != nil {
		return err
	}
	return caps.Moved(ctx, tx, happened(c), "", string(c.Status))
}

func happened(c *conversion.Conversion) caps.Event {
	return caps.Event{Workspace: c.Workspace, Offer: c.Offer, Publisher: c.Publisher, Goal: c.GoalKey, At: c.At, OverCap: c.OverCap != ""}
}

func move(tx books.Tx, c *conversion.Conversion, to conversion.Status) error {
	from := c.Status
	c.Status = to
	err := tx.UpdateConversion(ctx, c)
	if err != nil {
		return err
	}
	return caps.Moved(ctx, tx, happened(c), string(from), string(to))
}

// used reads a count, keeping it.
func used(t *testing.T, s *Stores, k caps.Counter) (n int64) {
	t.Helper()
	s.update(t, func(tx books.Tx) (err error) { n, err = caps.Used(ctx, tx, k); return err })
	return n
}

func testCapCounts(t *testing.T, s *Stores) {
	day := counter("off", 10, 11)
	over := sale(5, "off", "", 1050, conversion.Pending)
	over.OverCap = "daily cap of 1"
	other := sale(6, "off", "", 1050, conversion.Pending)
	other.Workspace = foreign
	first := sale(1, "off", "", 1000, conversion.Pending)
	s.update(t, func(tx books.Tx) error {
		for _, c := range []*conversion.Conversion{
			first, sale(2, "off", "", 1099, conversion.Paid), // the borders of the day; paid is approved
			sale(3, "off", "", 999, conversion.Pending), sale(4, "off", "", 1100, conversion.Pending), over, other,
			sale(7, "off", "", 1050, conversion.Rejected), sale(8, "other", "", 1050, conversion.Pending),
		} {
			must(t, record(tx, c))
		}
		_, kept, err := tx.CapCount(ctx, day)
		must(t, err)
		equal(t, kept, false)
		must(t, tx.AddCapCount(ctx, day, 5)) // nothing to add to
		n, err := caps.Used(ctx, tx, day)
		must(t, err)
		equal(t, n, int64(2))
		must(t, record(tx, sale(9, "off", "", 1010, conversion.Approved)))
		n, kept, err = tx.CapCount(ctx, day)
		must(t, err)
		equal(t, kept, true)
		equal(t, n, int64(3))
		return move(tx, first, conversion.Rejected)
	})
	equal(t, get[[]caps.Kept](t)(s.Caps.Counts(ctx, home, "off", 1099)), []caps.Kept{{Counter: day, N: 2}})
	equal(t, get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", 1000)), []caps.Kept{{Counter: day, N: 2}})
	for _, at := range []int64{999, 1100} {
		equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, home, "off", at))), 0)
		equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", at))), 0)
	}
	equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, foreign, "off", 1050))), 0)
	// Yesterday has its own.
	equal(t, used(t, s, counter("off", 9, 10)), int64(1))
}

// testCapCountsTrue: whatever comes and moves, and whenever counters begin to be kept,
// each is what counting anew gives.
func testCapCountsTrue(t *testing.T, s *Stores) {
	r := rand.New(rand.NewPCG(3, 4))
	var counters []caps.Counter
	for _, publisher := range []string{"", "a", "b", catalog.CapEach} {
		for _, goal := range []string{"", "lead"} {
			for _, window := range [][2]int64{{0, 1}, {1, 2}, {0, 7}, {0, 1 << 40}} {
				for _, states := range []string{"approved", "pending"} {
					k := counter("off", window[0], window[1]).Of(publisher)
					k.Goal, k.States = goal, caps.States([]string{states})
					counters = append(counters, k)
				}
			}
		}
	}
	r.Shuffle(len(counters), func(i, j int) { counters[i], counters[j] = counters[j], counters[i] })
	statuses := []conversion.Status{conversion.Pending, conversion.Approved, conversion.Rejected, conversion.Reversed, conversion.Locked}
	var all []*conversion.Conversion
	for step := range 120 {
		s.update(t, func(tx books.Tx) error {
			switch {
			case step%4 == 0 && step/4 < len(counters):
				_, err := caps.Used(ctx, tx, counters[step/4])
				return err
			case step%3 == 0 && len(all) > 0:
				c := all[r.IntN(len(all))]
				return move(tx, c, statuses[r.IntN(len(statuses))])
			}
			c := sale(step, "off", []string{"", "a", "b", "c"}[r.IntN(4)], r.Int64N(250), statuses[r.IntN(len(statuses))])
			c.GoalKey = []string{"sale", "lead"}[r.IntN(2)]
			c.OverCap = []string{"", "", "over"}[r.IntN(3)]
			all = append(all, c)
			return record(tx, c)
		})
	}
	s.update(t, func(tx books.Tx) error {
		kept, found := map[caps.Counter]bool{}, 0
		for at := range int64(3) {
			for _, row := range get[[]caps.Kept](t)(s.Caps.Counts(ctx, home, "off", at*100)) {
				kept[row.Counter] = true
				by := get[map[string]int64](t)(tx.CountConversions(ctx, row.Counter))
				want := int64(0)
				switch row.Publisher {
				case "":
					for _, n := range by {
						want += n
					}
				case catalog.CapEach:
					for publisher := range by {
						if publisher != "" && !slices.ContainsFunc(get[[]caps.Kept](t)(s.Caps.Counts(ctx, home, "off", at*100)), func(o caps.Kept) bool { return o.Counter == row.Of(publisher) }) {
							t.Errorf("%+v: %s has no counter", row, publisher)
						}
					}
				default:
					want = by[row.Publisher]
				}
				equal(t, row.N, want)
				found++
			}
		}
		if len(kept) < 30 {
			t.Errorf("%d counters are kept", len(kept))
		}
		return nil
	})
}

// testCapParallel: of many at once exactly as many find a place as there are.
func testCapParallel(t *testing.T, s *Stores) {
	const writers, limit = 60, 17
	k := counter("off", 0, 1)
	var wg sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for n := range writers {
		wg.Go(func() {
			c := sale(n, "off", "", 50, conversion.Pending)
			err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
				c.OverCap = ""
				n, err := caps.Used(ctx, tx, k)
				if err != nil {
					return err
				}
				if n >= limit {
					c.OverCap = "over"
				}
				return record(tx, c)
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if c.OverCap == "" {
				in++
			}
		})
	}
	wg.Wait()
	equal(t, in, limit)
	equal(t, used(t, s, k), int64(limit))
}

func testCapEach(t *testing.T, s *Stores) {
	each := counter("off", 0, 1).Of(catalog.CapEach)
	s.update(t, func(tx books.Tx) error {
		must(t, record(tx, sale(1, "off", "a", 50, conversion.Pending)))
		must(t, record(tx, sale(2, "off", "", 50, conversion.Pending))) // the house is no publisher
		must(t, record(tx, sale(3, "off", "b", 50, conversion.Rejected)))
		return nil
	})
	must(t, s.Caps.Keep(ctx, []caps.Counter{each}))
	late, refused := sale(5, "off", "d", 50, conversion.Pending), sale(4, "off", "c", 50, conversion.Rejected)
	s.update(t, func(tx books.Tx) error {
		must(t, record(tx, refused))
		must(t, record(tx, late))
		must(t, record(tx, sale(6, "off", "d", 50, conversion.Pending)))
		must(t, move(tx, late, conversion.Approved))
		return move(tx, refused, conversion.Approved)
	})
	must(t, s.Caps.Keep(ctx, []caps.Counter{each})) // once more changes nothing
	got := map[string]int64{}
	for _, k := range get[[]caps.Kept](t)(s.Caps.Counts(ctx, home, "off", 50)) {
		got[k.Publisher] = k.N
	}
	equal(t, got, map[string]int64{catalog.CapEach: 0, "a": 1, "b": 0, "c": 1, "d": 2})
}

func testCapPrune(t *testing.T, s *Stores) {
	old, current := counter("off", 0, 1), counter("off", 0, 9)
	must(t, s.Caps.Keep(ctx, []caps.Counter{old, current}))
	must(t, s.Caps.Prune(ctx, 101))
	equal(t, get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", 50)), []caps.Kept{{Counter: current}})
	s.update(t, func(tx books.Tx) error { return record(tx, sale(1, "off", "", 50, conversion.Pending)) })
	equal(t, used(t, s, old), int64(1)) // late, and counted anew
}

func testCapFailures(t *testing.T, s *Stores) {
	k := counter("off", 0, 1)
	s.Faults.NotApplied()
	wantErr(t, s.Caps.Keep(ctx, []caps.Counter{k}), ErrFault)
	equal(t, s.Faults.Op(), "caps.keep")
	equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", 50))), 0)
	s.Faults.Applied()
	wantErr(t, s.Caps.Keep(ctx, []caps.Counter{k}), ErrFault)
	equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", 50))), 1)
	s.Faults.NotApplied()
	wantErr(t, s.Caps.Prune(ctx, 1000), ErrFault)
	equal(t, len(get[[]caps.Kept](t)(s.Caps.Counts(ctx, "", "", 50))), 1)
	// A conversion that was not recorded took no place.
	s.Faults.NotApplied()
	wantErr(t, s.Books.Update(ctx, func(_ context.Context, tx books.Tx) error {
		return record(tx, sale(1, "off", "", 50, conversion.Pending))
	}), ErrFault)
	equal(t, used(t, s, k), int64(0))
}

func testCapSavepoint(t *testing.T, s *Stores) {
	k := counter("off", 0, 1)
	must(t, s.Caps.Keep(ctx, []caps.Counter{k}))
	s.update(t, func(tx books.Tx) error {
		err := tx.Savepoint(ctx, func(context.Context) error {
			must(t, record(tx, sale(1, "off", "", 50, conversion.Pending)))
			return fmt.Errorf("a poison row: %w", ErrFault)
		})
		wantErr(t, err, ErrFault)
		return record(tx, sale(2, "off", "", 50, conversion.Pending))
	})
	equal(t, used(t, s, k), int64(1))
}
