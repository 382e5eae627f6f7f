package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

var conversionTests = map[string]func(t *testing.T, s *Stores){
	"every field survives":         testConversionFields,
	"dedup":                        testDedup,
	"dedup under parallel writers": testParallelDedup,
	"update":                       testUpdateConversion,
	"workspaces are apart":         testConversionTenancy,
	"pages":                        testConversionPages,
	"changes":                      testChanges,
	"conversions of a click":       testByClick,
	"what commission rules count":  testCounted,
}

// cnv makes the n-th conversion with every field set.
func cnv(n int) *conversion.Conversion {
	c := &conversion.Conversion{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		switch f, name := v.Field(i), v.Type().Field(i).Name; f.Kind() {
		case reflect.String:
			f.SetString(name + "-" + id("x", n))
		case reflect.Int64:
			f.SetInt(int64(n*1000 + i))
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Slice:
			f.SetBytes([]byte{0, 0xff, byte(n)})
		}
	}
	c.ID, c.Workspace, c.Click, c.Version = id("cnv", n), home, clickID(n), 1
	return c
}

func testConversionFields(t *testing.T, s *Stores) {
	c := cnv(1)
	bare := &conversion.Conversion{ID: id("cnv", 2), Workspace: home, DedupKey: "k"}
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertConversion(ctx, c))
		must(t, tx.InsertConversion(ctx, bare))
		equal(t, get[*conversion.Conversion](t)(tx.GetConversion(ctx, home, c.ID)), c)
		equal(t, get[*conversion.Conversion](t)(tx.GetConversion(ctx, home, bare.ID)), bare)
		equal(t, get[*conversion.Conversion](t)(tx.ConversionByDedup(ctx, home, c.DedupKey)), c)
		return nil
	})
	equal(t, bare.Version, int64(1))
	equal(t, get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{Workspace: home})), []*conversion.Conversion{bare, c})
}

func testDedup(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertConversion(ctx, cnv(1)))
		again := cnv(2)
		again.DedupKey = cnv(1).DedupKey
		wantErr(t, tx.InsertConversion(ctx, again), conversion.ErrTaken)
		again.Workspace = foreign
		must(t, tx.InsertConversion(ctx, again)) // and the transaction goes on
		_, err := tx.ConversionByDedup(ctx, home, "nothing")
		wantErr(t, err, catalog.ErrNotFound)
		return nil
	})
}

func testParallelDedup(t *testing.T, s *Stores) {
	const writers = 100
	var wg sync.WaitGroup
	var won atomic.Int64
	for n := range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
				c := cnv(n)
				c.DedupKey = "the same order"
				err := tx.InsertConversion(ctx, c)
				if err != nil {
					return err
				}
				_, err = tx.Post(ctx, transaction("accrual", 100))
				return err
			})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, conversion.ErrTaken):
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	equal(t, won.Load(), int64(1))
	equal(t, len(get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{Workspace: home}))), 1)
	equal(t, balances(t, s, "adv")[0].Debits, int64(100))
}

func testUpdateConversion(t *testing.T, s *Stores) {
	c, other := cnv(1), cnv(2)
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertConversion(ctx, c))
		return tx.InsertConversion(ctx, other)
	})
	var want conversion.Conversion
	s.update(t, func(tx books.Tx) error {
		c := get[*conversion.Conversion](t)(tx.GetConversion(ctx, home, c.ID))
		stale := *c
		c.Status, c.DedupKey, c.Order, c.Warning = conversion.Approved, "new", "new order", "new warning"
		c.Revenue, c.Commission, c.SaleAmount, c.HasSale, c.Sent = 11, 12, 13, false, "new sent"
		c.PayoutRule, c.CommRule, c.Revision = "new rule", "new commission rule", 14
		changed := *c
		c.Offer, c.Click, c.At, c.Currency, c.Dims, c.Signal = "not", clickID(99), 1, "not", nil, "not" // are not among what may change
		must(t, tx.UpdateConversion(ctx, c))
		equal(t, c.Version, int64(2))
		want = changed
		want.Version = 2
		wantErr(t, tx.UpdateConversion(ctx, &stale), catalog.ErrVersion)
		taken := *c
		taken.DedupKey = other.DedupKey
		wantErr(t, tx.UpdateConversion(ctx, &taken), conversion.ErrTaken)
		absent := cnv(9)
		wantErr(t, tx.UpdateConversion(ctx, absent), catalog.ErrNotFound)
		return nil
	})
	s.update(t, func(tx books.Tx) error {
		equal(t, get[*conversion.Conversion](t)(tx.GetConversion(ctx, home, c.ID)), &want)
		again := cnv(3)
		again.DedupKey = cnv(1).DedupKey // given up above, free again
		return tx.InsertConversion(ctx, again)
	})
}

func testConversionTenancy(t *testing.T, s *Stores) {
	c := cnv(1)
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertConversion(ctx, c))
		_, err := tx.GetConversion(ctx, foreign, c.ID)
		wantErr(t, err, catalog.ErrNotFound)
		_, err = tx.ConversionByDedup(ctx, foreign, c.DedupKey)
		wantErr(t, err, catalog.ErrNotFound)
		equal(t, len(get[[]*conversion.Conversion](t)(tx.ConversionsByClick(ctx, foreign, c.Click))), 0)
		stolen := *c
		stolen.Workspace = foreign
		wantErr(t, tx.UpdateConversion(ctx, &stolen), catalog.ErrNotFound)
		return nil
	})
	equal(t, len(get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{Workspace: foreign}))), 0)
	equal(t, len(get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{}))), 0)
}

func testConversionPages(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		for n := range 40 {
			c := cnv(n)
			c.Offer, c.Publisher, c.Order = id("off", n%2), id("pub", n%3), id("ord", n%4)
			c.Status = []conversion.Status{conversion.Pending, conversion.Approved}[n%5%2]
			c.Click = clickID(n % 6)
			must(t, tx.InsertConversion(ctx, c))
		}
		return nil
	})
	f := func(q conversion.Query, keep func(n int) bool) {
		t.Helper()
		q.Workspace, q.Limit = home, 6
		var got, want []string
		for {
			rows := get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, q))
			if len(rows) == 0 {
				break
			}
			for _, r := range rows {
				got = append(got, r.ID)
			}
			q.Before = got[len(got)-1]
		}
		for n := 39; n >= 0; n-- {
			if keep(n) {
				want = append(want, id("cnv", n))
			}
		}
		equal(t, got, want)
	}
	f(conversion.Query{}, func(int) bool { return true })
	f(conversion.Query{Offer: id("off", 1)}, func(n int) bool { return n%2 == 1 })
	f(conversion.Query{Publisher: id("pub", 1)}, func(n int) bool { return n%3 == 1 })
	f(conversion.Query{Status: conversion.Approved}, func(n int) bool { return n%5%2 == 1 })
	f(conversion.Query{Order: id("ord", 3)}, func(n int) bool { return n%4 == 3 })
	f(conversion.Query{Click: clickID(5).String()}, func(n int) bool { return n%6 == 5 })
	f(conversion.Query{Offer: id("off", 1), Publisher: id("pub", 1), Status: conversion.Pending}, func(n int) bool { return n%6 == 1 && n%5%2 == 0 })
}

func testChanges(t *testing.T, s *Stores) {
	ch := func(of string, n int64, from, to conversion.Status) *conversion.Change {
		return &conversion.Change{Conversion: of, At: n, From: from, To: to, Actor: "actor", Reason: "reason"}
	}
	want := []*conversion.Change{ch("a", 3, "", conversion.Pending), ch("a", 2, conversion.Pending, conversion.Approved), ch("a", 3, conversion.Approved, conversion.Reversed)}
	for _, c := range append(slices.Clone(want), ch("b", 1, "", conversion.Pending)) {
		s.update(t, func(tx books.Tx) error { return tx.InsertChange(ctx, c) })
	}
	equal(t, get[[]*conversion.Change](t)(s.Books.Changes(ctx, "a")), want) // as they came
	equal(t, get[[]*conversion.Change](t)(s.Books.Changes(ctx, "c")), nil)
}

func testByClick(t *testing.T, s *Stores) {
	a, b, other := cnv(1), cnv(2), cnv(3)
	b.Click = a.Click
	s.update(t, func(tx books.Tx) error {
		for _, c := range []*conversion.Conversion{other, b, a} {
			must(t, tx.InsertConversion(ctx, c))
		}
		equal(t, get[[]*conversion.Conversion](t)(tx.ConversionsByClick(ctx, home, a.Click)), []*conversion.Conversion{a, b})
		equal(t, get[[]*conversion.Conversion](t)(tx.ConversionsByClick(ctx, home, event.ClickID{1})), nil)
		return nil
	})
}

// testCounted: volumes, first orders and what a tier may lift leave out what is refused,
// later, or somebody else's.
func testCounted(t *testing.T, s *Stores) {
	var all []*conversion.Conversion
	for n, change := range []func(c *conversion.Conversion){
		func(c *conversion.Conversion) { c.At = 100 },
		func(c *conversion.Conversion) { c.At, c.Status = 200, conversion.Approved },
		func(c *conversion.Conversion) { c.At, c.Status = 50, conversion.Rejected },
		func(c *conversion.Conversion) { c.At, c.Status = 60, conversion.Locked },
		func(c *conversion.Conversion) { c.At, c.Publisher, c.Customer = 40, "pub_2", "cust_2" },
		func(c *conversion.Conversion) { c.At, c.Offer, c.GoalKey = 30, "off_2", "lead" },
		func(c *conversion.Conversion) { c.At, c.Workspace = 20, foreign },
		func(c *conversion.Conversion) { c.At, c.Adjusted, c.Customer = 300, true, "" },
		func(c *conversion.Conversion) {
			c.At, c.Rule, c.CommLines = 150, "", `[{"quantity":1,"sale":1,"commission":1,"rule":"crl_1","rule_version":2,"words":"x"}]`
		},
		func(c *conversion.Conversion) { c.At, c.Tier = 160, 2 },
	} {
		c := &conversion.Conversion{ID: id("cnv", n+1), Workspace: home, DedupKey: id("key", n+1), Offer: "off_1", Publisher: "pub_1", GoalKey: "sale", Customer: "cust_1", SaleAmount: 10, Status: conversion.Pending, Rule: "crl_1"}
		change(c)
		all = append(all, c)
	}
	s.update(t, func(tx books.Tx) error {
		for _, c := range all {
			must(t, tx.InsertConversion(ctx, c))
		}
		volume := func(q conversion.VolumeQuery) [2]int64 {
			q.Workspace, q.Offer, q.Publisher = home, "off_1", "pub_1"
			n, sales, err := tx.Volume(ctx, q)
			must(t, err)
			return [2]int64{n, sales}
		}
		equal(t, volume(conversion.VolumeQuery{}), [2]int64{6, 60})
		equal(t, volume(conversion.VolumeQuery{From: 100, To: 200}), [2]int64{3, 30})
		equal(t, volume(conversion.VolumeQuery{Before: id("cnv", 4)}), [2]int64{2, 20})
		equal(t, volume(conversion.VolumeQuery{Except: id("cnv", 1)}), [2]int64{5, 50})
		first := func(customer, goal, before string) int64 {
			return get[int64](t)(tx.FirstOrder(ctx, home, customer, goal, before))
		}
		equal(t, first("cust_1", "sale", ""), int64(60))
		equal(t, first("cust_1", "sale", id("cnv", 4)), int64(100))
		equal(t, first("cust_1", "sale", id("cnv", 1)), int64(0))
		equal(t, first("cust_1", "lead", ""), int64(30))
		equal(t, first("", "sale", ""), int64(0))
		liftable := func(q conversion.VolumeQuery, tier int64, limit int) []string {
			q.Workspace, q.Offer, q.Publisher = home, "off_1", "pub_1"
			return get[[]string](t)(tx.Liftable(ctx, q, "crl_1", tier, limit))
		}
		equal(t, liftable(conversion.VolumeQuery{}, 2, 10), []string{id("cnv", 1), id("cnv", 2), id("cnv", 9)})
		equal(t, liftable(conversion.VolumeQuery{Except: id("cnv", 2), From: 100, To: 151}, 1, 10), []string{id("cnv", 1), id("cnv", 9)})
		equal(t, liftable(conversion.VolumeQuery{}, 3, 2), []string{id("cnv", 1), id("cnv", 2)})
		equal(t, len(liftable(conversion.VolumeQuery{}, 3, 10)), 4)
		return nil
	})
}
