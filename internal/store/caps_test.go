package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/caps"
	"clickledger/internal/conversion"
)

// TestCapsOfProcesses: processes that judge for one offer at once, one of which begins to
// keep the count meanwhile, give no place twice and lose none.
func TestCapsOfProcesses(t *testing.T) {
	dbs := processes(t, 3)
	const each, limit = 12, 20
	k := caps.Counter{Workspace: "ws", Offer: "off", States: caps.States([]string{"pending"}), End: 100}
	var wg sync.WaitGroup
	var in atomic.Int64
	for p, db := range dbs {
		wg.Go(func() {
			for n := range each {
				over := false
				err := db.Books().Update(context.Background(), func(ctx context.Context, tx books.Tx) error {
					c := &conversion.Conversion{ID: fmt.Sprint(p, "-", n), Workspace: "ws", DedupKey: fmt.Sprint(p, "-", n), Offer: "off", At: 50, Status: conversion.Pending}
					if p > 0 { // the first process does not know of the cap yet
						used, err := caps.Used(ctx, tx, k)
						if err != nil {
							return err
						}
						if used >= limit {
							c.OverCap = "over"
						}
					}
					over = c.OverCap != ""
					err := tx.InsertConversion(ctx, c)
					if err != nil {
						return err
					}
					return caps.Moved(ctx, tx, caps.Event{Workspace: "ws", Offer: "off", At: 50, OverCap: over}, "", "pending")
				})
				if err != nil {
					t.Error(err)
					return
				}
				if !over {
					in.Add(1)
				}
			}
		})
	}
	wg.Wait()
	err := dbs[0].Books().Update(t.Context(), func(ctx context.Context, tx books.Tx) error {
		kept, _, err := tx.CapCount(ctx, k)
		if err != nil {
			return err
		}
		by, err := tx.CountConversions(ctx, k)
		if kept != by[""] || kept != in.Load() {
			t.Errorf("the count is %d, counted anew %d, let in %d", kept, by[""], in.Load())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCapPlans: neither what each conversion asks nor what is counted anew reads a table
// through. The queries are those of caps.sql.
func TestCapPlans(t *testing.T) {
	db, _ := openTemp(t)
	for index, query := range map[string]string{
		"conversions_offer_at":                                 "SELECT publisher, goal_key, status, COUNT(*) FROM conversions WHERE workspace = ?1 AND offer = ?2 AND at >= ?3 AND at < ?4 AND over_cap = '' GROUP BY publisher, goal_key, status",
		"(workspace=? AND offer=? AND publisher=? AND ends>?)": "SELECT n FROM cap_counts WHERE workspace = ?1 AND offer = ?2 AND publisher IN ('', 'each', ?3) AND ends > ?4 AND starts <= ?4",
		"cap_counts_ends":                                      "SELECT n FROM cap_counts WHERE ends > ?1 AND starts <= ?1",
	} {
		args := []any{"ws", "off", 1, 2}
		if index == "cap_counts_ends" {
			args = args[2:3]
		}
		plan := explain(t, db.engine.(*liteEngine), query, args)
		if !strings.Contains(plan, index) || strings.Contains(plan, "SCAN") {
			t.Errorf("%s is not used:\n%s\n%s", index, query, plan)
		}
	}
}
