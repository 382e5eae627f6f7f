package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/clickindex"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/inbox"
	"clickledger/internal/ledger"
	"clickledger/internal/store"
	"clickledger/internal/store/pgtest"
)

// benchVisit is as large as real ones are: about 400 bytes.
func benchVisit(n int) *event.Visit {
	v := &event.Visit{At: 1_772_323_200_000_000 + int64(n), Click: true, Unique: true, Revision: 17, Addr: "203.0.113.0"}
	binary.BigEndian.PutUint64(v.ID[:], 1<<60+uint64(n)<<16)
	binary.BigEndian.PutUint64(v.ID[8:], uint64(n)*0x9E3779B97F4A7C15)
	v.Workspace, v.Link, v.Offer, v.Publisher = "wsp_0123456789abcdef", "lnk_0123456789abcdef", "off_0123456789abcdef", "pub_0123456789abcdef"
	v.Advertiser, v.Subs[0], v.Subs[1], v.ExternalID = "adv_0123456789abcdef", "newsletter-42", "2026-03", "ext-0123456789abcdef"
	v.Country, v.Device, v.OS, v.OSVersion, v.Browser, v.BrowserVersion, v.Language = "DE", "mobile", "Android", "16", "Chrome", "131.0", "de-DE"
	v.UserAgent = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	v.Destination = "https://shop.example/products/42?clickid=0123456789abcdef0123456789abcdef&utm_source=clickledger"
	return v
}

// judge writes what one accepted signal writes.
func judge(ctx context.Context, tx books.Tx, n int, raw []byte) error {
	const ws = "wsp_0123456789abcdef"
	v := benchVisit(n)
	sid, cid, click := fmt.Sprintf("%032x", n), fmt.Sprintf("cnv_%016d", n), v.ID.String()
	c := &conversion.Conversion{
		ID: cid, Workspace: ws, DedupKey: "o\x1fadv_0123456789abcdef\x1fsale\x1forder-" + sid, Click: v.ID, Signal: sid, At: v.At, ClickAt: v.At,
		Recorded: v.At, Advertiser: v.Advertiser, Offer: v.Offer, Goal: "gol_0123456789abcdef", GoalKey: "sale", Publisher: fmt.Sprintf("pub_%016d", n%500),
		Link: v.Link, Order: "order-" + sid, Method: "click_id", Source: event.SignalPostback, Status: conversion.Pending, Currency: "EUR",
		Revenue: 1000, Commission: 700, SaleAmount: 9999, HasSale: true, Country: "DE", PayoutRule: "the offer's fixed payout", CommRule: "70 % of the payout",
		Revision: 17, Dims: raw,
	}
	_, err := tx.ConversionByDedup(ctx, ws, c.DedupKey) // the judge asks first
	if err == nil {
		return fmt.Errorf("conversion %d is there", n)
	}
	err = tx.InsertConversion(ctx, c)
	if err != nil {
		return err
	}
	acct := func(k ledger.AccountKind, party string) ledger.Account {
		return ledger.Account{Workspace: ws, Kind: k, Party: party, Currency: "EUR"}
	}
	_, err = tx.Post(ctx, &ledger.Transaction{
		Workspace: ws, Key: "accrual:" + cid, Kind: "accrual", CauseKind: "conversion", Cause: cid, Effective: v.At, Recorded: v.At,
		Entries: []ledger.Entry{
			{Account: acct(ledger.Receivable, v.Advertiser), Amount: 1000}, {Account: acct(ledger.Revenue, ""), Amount: -1000},
			{Account: acct(ledger.CommissionExpense, ""), Amount: 700}, {Account: acct(ledger.PublisherPending, c.Publisher), Amount: -700},
		},
	})
	if err != nil {
		return err
	}
	err = tx.InsertChange(ctx, &conversion.Change{Conversion: cid, At: v.At, To: conversion.Pending, Actor: sid})
	if err != nil {
		return err
	}
	err = tx.PutFact(ctx, &event.Fact{Kind: event.FactConversion, At: v.At, Visit: v.At, ID: v.ID, Dims: v.Dims, Goal: "sale", Conversion: cid, Revenue: 1000, Commission: 700})
	if err != nil {
		return err
	}
	return tx.PutSignal(ctx, &inbox.Row{
		ID: sid, Workspace: ws, At: v.At, Seq: int64(n), Kind: event.SignalPostback, Raw: raw, Verdict: event.Accepted, Click: click, Offer: v.Offer,
		Order: c.Order, Conversion: cid, Tries: 1, JudgedAt: v.At,
	})
}

func benchJudgments(b *testing.B, db *store.DB) {
	b.Cleanup(func() { _ = db.Close() })
	s, raw := db.Books(), benchVisit(1).Append(nil)
	const batch = 100
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		err := s.Update(b.Context(), func(ctx context.Context, tx books.Tx) error {
			for n := done; n < min(done+batch, b.N); n++ {
				err := tx.Savepoint(ctx, func(ctx context.Context) error { return judge(ctx, tx, n, raw) })
				if err != nil {
					return err
				}
			}
			from, err := tx.Position(ctx, "judge")
			if err != nil {
				return err
			}
			return tx.Advance(ctx, "judge", from, eventlog.Position{Stream: "s", Seq: from.Seq + batch})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "judgments/s")
	found, err := s.Audit(b.Context())
	if err != nil || len(found) > 0 {
		b.Fatal(err, found)
	}
}

func BenchmarkJudgmentsSQLite(b *testing.B) {
	db, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "books.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchJudgments(b, db)
}

func BenchmarkJudgmentsPostgres(b *testing.B) {
	db, err := store.OpenPostgres(b.Context(), pgtest.DSN(b), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchJudgments(b, db)
}

// BenchmarkStatementsSQLite is one simple statement inside a transaction.
func BenchmarkStatementsSQLite(b *testing.B) {
	db, err := store.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "books.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	b.ReportAllocs()
	err = db.Books().Update(b.Context(), func(ctx context.Context, tx books.Tx) error {
		b.ResetTimer()
		for n := range b.N {
			err := tx.InsertChange(ctx, &conversion.Change{Conversion: "cnv_0123456789abcdef", At: int64(n), To: conversion.Pending, Actor: "judge"})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "statements/s")
}

func benchClickAdd(b *testing.B, x clickindex.Index) {
	b.Cleanup(func() { _ = x.Close() })
	const batch = 200
	b.ReportAllocs()
	b.ResetTimer()
	pos := eventlog.Position{}
	for done := 0; done < b.N; done += batch {
		vs := make([]*event.Visit, 0, batch)
		for n := done; n < min(done+batch, b.N); n++ {
			vs = append(vs, benchVisit(n))
		}
		to := eventlog.Position{Stream: "s", Seq: pos.Seq + 1}
		err := x.Add(b.Context(), pos, to, vs)
		if err != nil {
			b.Fatal(err)
		}
		pos = to
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "visits/s")
}

func BenchmarkClickIndexAddSQLite(b *testing.B) {
	x, err := store.OpenClickIndexSQLite(b.Context(), filepath.Join(b.TempDir(), "clicks.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchClickAdd(b, x)
}

func BenchmarkClickIndexAddPostgres(b *testing.B) {
	x, err := store.OpenClickIndexPostgres(b.Context(), pgtest.DSN(b), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	benchClickAdd(b, x)
}

func BenchmarkClickIndexFindSQLite(b *testing.B) {
	x, err := store.OpenClickIndexSQLite(b.Context(), filepath.Join(b.TempDir(), "clicks.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = x.Close() })
	const visits = 100_000
	pos := eventlog.Position{}
	for done := 0; done < visits; done += 1000 {
		var vs []*event.Visit
		for n := done; n < done+1000; n++ {
			vs = append(vs, benchVisit(n))
		}
		to := eventlog.Position{Stream: "s", Seq: pos.Seq + 1}
		err := x.Add(b.Context(), pos, to, vs)
		if err != nil {
			b.Fatal(err)
		}
		pos = to
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		v, err := x.Find(b.Context(), benchVisit(n*7919%visits).ID)
		if err != nil || v == nil {
			b.Fatal(v, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "finds/s")
}
