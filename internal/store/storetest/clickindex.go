package storetest

import (
	"fmt"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/clickindex"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// Clicks is one open click index, as the suite uses it.
type Clicks struct {
	Index  clickindex.Index
	Faults *Faults
	// Reopen closes the index and opens it again.
	Reopen func(t *testing.T) *Clicks
}

// ExerciseClickIndex runs the conformance suite of click indexes. open gives a fresh,
// empty index, and closes it when the test ends.
func ExerciseClickIndex(t *testing.T, open func(t *testing.T) *Clicks) {
	for name, test := range map[string]func(t *testing.T, c *Clicks){
		"add and find": testAddFind, "position": testClickPosition, "prune": testPrune, "reset": testReset, "failure pairs": testClickFailures,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func visit(n int) *event.Visit {
	v := &event.Visit{ID: clickID(n), At: int64(n) * 1000, Click: n%2 == 0, Reason: "reason", Revision: int64(n), Unreplaced: 3}
	v.Workspace, v.ExternalID, v.Subs[19] = home, "opaque \x00\xff", fmt.Sprint(n)
	return v
}

func visits(from, to int) (vs []*event.Visit) {
	for n := from; n < to; n++ {
		vs = append(vs, visit(n))
	}
	return vs
}

func at(n uint64) eventlog.Position { return eventlog.Position{Stream: "s", Seq: n} }

// there asserts which of the visits 0…to-1 the index has.
func (c *Clicks) there(t *testing.T, to int, want func(n int) bool) {
	t.Helper()
	for n := range to {
		got := get[*event.Visit](t)(c.Index.Find(ctx, clickID(n)))
		switch {
		case want(n):
			equal(t, got, visit(n))
		case got != nil:
			t.Fatalf("visit %d is there", n)
		}
	}
}

func testAddFind(t *testing.T, c *Clicks) {
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), eventlog.Position{})
	c.there(t, 10, func(int) bool { return false })
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(1), visits(0, 250)))
	c.there(t, 300, func(n int) bool { return n < 250 })

	other := visit(3) // already there: the first one stays
	other.Reason = "another"
	must(t, c.Index.Add(ctx, at(1), at(2), append(visits(240, 260), other, visit(260), visit(260))))
	c.there(t, 300, func(n int) bool { return n <= 260 })
	must(t, c.Index.Add(ctx, at(2), at(3), nil))
	c = c.Reopen(t)
	c.there(t, 300, func(n int) bool { return n <= 260 })
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), at(3))
}

func testClickPosition(t *testing.T, c *Clicks) {
	wantErr(t, c.Index.Add(ctx, at(1), at(2), visits(0, 5)), books.ErrMoved)
	c.there(t, 5, func(int) bool { return false })
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(5), visits(0, 5)))
	wantErr(t, c.Index.Add(ctx, eventlog.Position{}, at(6), visits(5, 6)), books.ErrMoved)
	wantErr(t, c.Index.Add(ctx, eventlog.Position{Stream: "other", Seq: 5}, at(6), visits(5, 6)), books.ErrMoved)
	c.there(t, 6, func(n int) bool { return n < 5 })
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), at(5))
}

func testPrune(t *testing.T, c *Clicks) {
	must(t, c.Index.Prune(ctx, 1<<60))
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(1), visits(0, 5000)))
	must(t, c.Index.Prune(ctx, 0))
	c.there(t, 20, func(int) bool { return true })
	must(t, c.Index.Prune(ctx, 4990*1000))
	for n := 4970; n < 5000; n++ {
		got := get[*event.Visit](t)(c.Index.Find(ctx, clickID(n)))
		if (got != nil) != (n >= 4990) {
			t.Fatalf("visit %d: %v", n, got)
		}
	}
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), at(1))
}

func testReset(t *testing.T, c *Clicks) {
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(1), visits(0, 50)))
	must(t, c.Index.Reset(ctx))
	c.there(t, 50, func(int) bool { return false })
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), eventlog.Position{})
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(1), visits(0, 5)))
	c.there(t, 50, func(n int) bool { return n < 5 })
}

func testClickFailures(t *testing.T, c *Clicks) {
	must(t, c.Index.Add(ctx, eventlog.Position{}, at(1), visits(0, 5)))
	c.Faults.NotApplied()
	wantErr(t, c.Index.Add(ctx, at(1), at(2), visits(5, 10)), ErrFault)
	c.there(t, 10, func(n int) bool { return n < 5 })
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), at(1))
	c.Faults.Applied()
	wantErr(t, c.Index.Add(ctx, at(1), at(2), visits(5, 10)), ErrFault)
	c = c.Reopen(t)
	c.there(t, 10, func(int) bool { return true })
	equal(t, get[eventlog.Position](t)(c.Index.Position(ctx)), at(2))

	c.Faults.NotApplied()
	wantErr(t, c.Index.Prune(ctx, 5000), ErrFault)
	c.there(t, 10, func(int) bool { return true })
	c.Faults.Applied()
	wantErr(t, c.Index.Prune(ctx, 5000), ErrFault)
	c.there(t, 10, func(n int) bool { return n >= 5 })
	c.Faults.NotApplied()
	wantErr(t, c.Index.Reset(ctx), ErrFault)
	c.there(t, 10, func(n int) bool { return n >= 5 })
	c.Faults.Applied()
	wantErr(t, c.Index.Reset(ctx), ErrFault)
	c.there(t, 10, func(int) bool { return false })
}
