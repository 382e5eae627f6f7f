package histories_test

import (
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// How many histories run: a few always, 10,000 when everything is required.
func howMany(few int) int {
	if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
		return 10_000
	}
	return few
}

const (
	perDatabase = 500 // histories share a database, so that opening one costs little
	length      = 24  // steps of a history
	everyStep   = 10  // of so many histories one is checked after every step
)

// TestHistories: whatever happens, in whatever order, with whatever crashes, all invariants
// hold. A failure prints its seed; CLICKLEDGER_HISTORY=seed runs that one alone, checked
// after every step.
func TestHistories(t *testing.T) {
	if s := os.Getenv("CLICKLEDGER_HISTORY"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if err := begin(open(t, false), seed, true).run(length); err != nil {
			t.Fatal(err)
		}
		return
	}
	many := howMany(400)
	var seed atomic.Uint64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !t.Failed() {
				first := seed.Add(perDatabase) - perDatabase
				if first >= uint64(many) {
					return
				}
				t.Run(strconv.FormatUint(first, 10), func(t *testing.T) { several(t, open(t, false), first, min(first+perDatabase, uint64(many))) })
			}
		})
	}
	wg.Wait()
}

// TestHistoriesOnPostgres runs some of them there.
func TestHistoriesOnPostgres(t *testing.T) {
	several(t, open(t, true), 0, uint64(howMany(400)/100+40))
}

// several runs the histories of some seeds in one database, and audits it at the end.
func several(t *testing.T, e *env, from, to uint64) {
	t.Helper()
	for seed := from; seed < to; seed++ {
		if err := begin(e, seed, seed%everyStep == 0).run(length); err != nil {
			t.Fatalf("%v\nCLICKLEDGER_HISTORY=%d go test ./internal/histories -run TestHistories", err, seed)
		}
	}
	for _, what := range []string{"pending", "approved", "rejected", "reversed", "held", "adjusted", "locked", "paid", "line approved", "line paid", "crash, applied: true", "crash, applied: false"} {
		if e.met[what] == 0 {
			t.Errorf("no history of the seeds %d to %d came to %s: %v", from, to, what, e.met)
		}
	}
	t.Log(e.met)
	found, err := e.db.Books().Audit(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("the audit of seeds %d to %d found %v, %v", from, to, found, err)
	}
}
