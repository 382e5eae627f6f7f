package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/document"
)

// billers are services over databases of one market: conversions of some advertisers, all
// approved, each worth 100.
func billers(tb testing.TB, conversions, advertisers int, dbs ...*DB) []*document.Service {
	tb.Helper()
	rows := []catalog.Entity{&catalog.Workspace{Meta: catalog.Meta{ID: "ws", Workspace: "ws"}, TimeZone: "UTC"}}
	for i := range advertisers {
		rows = append(rows, &catalog.Advertiser{Meta: catalog.Meta{ID: fmt.Sprint("adv", i), Workspace: "ws"}})
	}
	view := catalog.NewView().With(rows, 1)
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for n := 0; n < conversions; n += 1000 {
		err := dbs[0].Books().Update(tb.Context(), func(ctx context.Context, tx books.Tx) error {
			for i := n; i < min(n+1000, conversions); i++ {
				err := tx.InsertConversion(ctx, &conversion.Conversion{ID: fmt.Sprintf("cnv%07d", i), Workspace: "ws", DedupKey: itoa(i), At: at.UnixMicro(), Advertiser: fmt.Sprint("adv", i%advertisers), Offer: fmt.Sprint("off", i%20), Goal: "gol",
					Status: conversion.Approved, Currency: "EUR", Revenue: 100, Version: 1})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	var out []*document.Service
	for _, db := range dbs {
		out = append(out, document.New(document.Options{Store: db.Documents(), View: func() *catalog.View { return view }, Now: func() time.Time { return at.AddDate(0, 1, 0) }}))
	}
	return out
}

var biller = account.Principal{ID: "usr", Owner: true, Write: true}

// TestTwoProcessesIssueAtOnce: two processes issue the same period; each document is made by
// one of them, numbers have no gap, and nothing is billed twice.
func TestTwoProcessesIssueAtOnce(t *testing.T) {
	dbs := processes(t, 2)
	const advertisers, rounds = 12, 3
	services := billers(t, 240, advertisers, dbs...)
	var wg sync.WaitGroup
	fresh := make([]int, len(services)*rounds)
	for i := range fresh {
		wg.Go(func() {
			run, err := services[i%len(services)].Issue(context.Background(), biller, "ws", document.IssueDoc{Kind: "invoice", Through: "2026-01-31"})
			if err != nil {
				t.Error(err)
				return
			}
			fresh[i] = run.Fresh
			if len(run.Documents) != advertisers {
				t.Errorf("%d documents, want %d", len(run.Documents), advertisers)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range fresh {
		sum += n
	}
	ds, err := dbs[0].Documents().Documents(t.Context(), document.Query{Workspace: "ws", Limit: 1000})
	if err != nil || sum != advertisers || len(ds) != advertisers {
		t.Errorf("%d new, %d kept, %v; want %d", sum, len(ds), err, advertisers)
	}
	numbers, billed := map[int64]bool{}, map[string]bool{}
	for _, d := range ds {
		numbers[d.Number] = true
		rows, err := dbs[1].Documents().Details(t.Context(), document.DetailQuery{Document: d, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if billed[r.Conversion] {
				t.Errorf("%s was billed twice", r.Conversion)
			}
			billed[r.Conversion] = true
		}
	}
	if len(billed) != 240 {
		t.Errorf("%d conversions were billed, want 240", len(billed))
	}
	for n := range int64(advertisers) {
		if !numbers[n+1] {
			t.Errorf("the number %d is missing", n+1)
		}
	}
}

// BenchmarkIssue is the invoice of 50,000 conversions: preview, issue, and the run after it
// that finds nothing.
func BenchmarkIssue(b *testing.B) {
	db, err := OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "books.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := billers(b, 50_000, 1, db)[0]
	for b.Loop() {
		for _, through := range []string{"2026-01-31", "2026-02-01"} {
			began := time.Now()
			_, err := s.Preview(b.Context(), biller, "ws", document.IssueDoc{Kind: "invoice", Through: through})
			if err != nil {
				b.Fatal(err)
			}
			preview := time.Since(began)
			run, err := s.Issue(b.Context(), biller, "ws", document.IssueDoc{Kind: "invoice", Through: through})
			if err != nil {
				b.Fatal(err)
			}
			b.Logf("through %s: %d documents, preview %v, issue %v", through, run.Fresh, preview, time.Since(began)-preview)
		}
	}
}
