package storetest

import (
	"fmt"
	"slices"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/inbox"
)

var inboxTests = map[string]func(t *testing.T, s *Stores){
	"put and replace": testSignals,
	"due":             testDueSignals,
	"pages":           testSignalPages,
	"count":           testCountSignals,
}

func testSignals(t *testing.T, s *Stores) {
	r := &inbox.Row{
		ID: id("sig", 1), Workspace: "", At: 1, Seq: 2, Kind: event.SignalPostback, Raw: []byte("a\x00\xff"), Verdict: event.PendingClick,
		Detail: "detail", Field: "field", Click: "click", Offer: "offer", Order: "order", Conversion: "conversion",
		Tries: 3, RetryAt: 4, JudgedAt: 5,
	}
	s.update(t, func(tx books.Tx) error {
		_, err := tx.GetSignal(ctx, r.ID)
		wantErr(t, err, catalog.ErrNotFound)
		must(t, tx.PutSignal(ctx, r))
		equal(t, get[*inbox.Row](t)(tx.GetSignal(ctx, r.ID)), r)
		return nil
	})
	equal(t, get[*inbox.Row](t)(s.Books.Signal(ctx, r.ID)), r)
	r2 := &inbox.Row{
		ID: r.ID, Workspace: home, At: 11, Seq: 12, Kind: event.SignalPixel, Verdict: event.Accepted,
		Detail: "2", Field: "3", Click: "4", Offer: "5", Order: "6", Conversion: "7", Tries: 13, JudgedAt: 15,
	}
	s.update(t, func(tx books.Tx) error { return tx.PutSignal(ctx, r2) })
	equal(t, get[*inbox.Row](t)(s.Books.Signal(ctx, r.ID)), r2)
	equal(t, get[[]*inbox.Row](t)(s.Books.ListSignals(ctx, inbox.Query{Workspace: home})), []*inbox.Row{r2})
	_, err := s.Books.Signal(ctx, "nothing")
	wantErr(t, err, catalog.ErrNotFound)
}

func testDueSignals(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		for n, retry := range []int64{0, 50, 20, 30, 90, -5} {
			r := signal(n)
			r.RetryAt = retry
			must(t, tx.PutSignal(ctx, r))
		}
		due := func(now int64, limit int) (ids []string) {
			for _, r := range get[[]*inbox.Row](t)(tx.DueSignals(ctx, now, limit)) {
				ids = append(ids, r.ID)
			}
			return ids
		}
		equal(t, due(19, 10), nil)
		equal(t, due(50, 10), []string{id("sig", 2), id("sig", 3), id("sig", 1)})
		equal(t, due(50, 2), []string{id("sig", 2), id("sig", 3)})
		return nil
	})
	equal(t, get[bool](t)(s.Books.SignalsDue(ctx, 19)), false)
	equal(t, get[bool](t)(s.Books.SignalsDue(ctx, 20)), true)
}

func testSignalPages(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		for n := range 60 {
			r := signal(n)
			r.Workspace = []string{home, foreign, ""}[n%3]
			r.Verdict = []event.Verdict{event.Accepted, event.Duplicate}[n%2]
			r.Click, r.Conversion = id("clk", n%4), id("cnv", n%5)
			r.At, r.Advertiser, r.Goal, r.Search = int64(n), id("adv", n%2), id("goal", n%4), fmt.Sprintf("order %d_ 50%% tür", n)
			if n%7 > 0 {
				r.Offer = id("off", n%7)
			} else {
				r.Offer = ""
			}
			must(t, tx.PutSignal(ctx, r))
		}
		return nil
	})
	list := func(q inbox.Query) (ids []string) {
		t.Helper()
		for page := 0; ; page++ {
			rows := get[[]*inbox.Row](t)(s.Books.ListSignals(ctx, q))
			if len(rows) == 0 {
				return ids
			}
			if len(rows) > q.Limit || page > 60 {
				t.Fatalf("page %d has %d rows", page, len(rows))
			}
			for _, r := range rows {
				ids = append(ids, r.ID)
			}
			q.Before = rows[len(rows)-1].ID
			if q.Oldest {
				q.Before, q.After = "", rows[len(rows)-1].ID
			}
		}
	}
	want := func(keep func(n int) bool) (ids []string) {
		for n := 59; n >= 0; n-- {
			if keep(n) {
				ids = append(ids, id("sig", n))
			}
		}
		return ids
	}
	equal(t, list(inbox.Query{Workspace: home, Limit: 7}), want(func(n int) bool { return n%3 == 0 }))
	equal(t, list(inbox.Query{Workspace: home, Unassigned: true, Limit: 7}), want(func(n int) bool { return n%3 != 1 }))
	equal(t, list(inbox.Query{Unassigned: true, Limit: 7}), want(func(n int) bool { return n%3 == 2 }))
	equal(t, list(inbox.Query{Limit: 7}), nil)
	equal(t, list(inbox.Query{Workspace: home, Verdict: event.Duplicate, Limit: 3}), want(func(n int) bool { return n%3 == 0 && n%2 == 1 }))
	equal(t, list(inbox.Query{Workspace: home, Click: id("clk", 3), Limit: 3}), want(func(n int) bool { return n%3 == 0 && n%4 == 3 }))
	equal(t, list(inbox.Query{Workspace: home, Conversion: id("cnv", 2), Limit: 3}), want(func(n int) bool { return n%3 == 0 && n%5 == 2 }))
	equal(t, list(inbox.Query{Workspace: home, Offer: id("off", 2), Limit: 3}), want(func(n int) bool { return n%3 == 0 && n%7 == 2 }))
	equal(t, list(inbox.Query{Workspace: home, NoOffer: true, Limit: 2}), want(func(n int) bool { return n%3 == 0 && n%7 == 0 }))
	equal(t, list(inbox.Query{Unassigned: true, NoOffer: true, Limit: 2}), want(func(n int) bool { return n%3 == 2 && n%7 == 0 }))
	equal(t, list(inbox.Query{Workspace: home, Advertiser: id("adv", 1), Limit: 7}), want(func(n int) bool { return n%3 == 0 && n%2 == 1 }))
	equal(t, list(inbox.Query{Workspace: home, Goal: id("goal", 1), Limit: 7}), want(func(n int) bool { return n%3 == 0 && n%4 == 1 }))
	equal(t, list(inbox.Query{Workspace: home, Text: "ORDER 1", Limit: 7}), want(func(n int) bool { return n%3 == 0 && (n == 1 || n/10 == 1) }))
	equal(t, list(inbox.Query{Workspace: home, Text: "3_ 50% TÜR", Limit: 7}), want(func(n int) bool { return n%3 == 0 && n%10 == 3 }))
	equal(t, list(inbox.Query{Workspace: home, Text: "%%", Limit: 7}), nil)
	equal(t, list(inbox.Query{Workspace: home, From: 10, To: 20, Limit: 7}), want(func(n int) bool { return n%3 == 0 && n >= 10 && n < 20 }))
	// The refused ones, the oldest first.
	s.update(t, func(tx books.Tx) error {
		for n := range 10 {
			r := signal(70 + n)
			r.Workspace, r.Verdict = []string{home, ""}[n%2], event.UnknownGoal
			must(t, tx.PutSignal(ctx, r))
		}
		return nil
	})
	open := inbox.Query{Workspace: home, Unassigned: true, Open: true, Oldest: true, Limit: 4}
	equal(t, list(open)[:4], []string{id("sig", 70), id("sig", 71), id("sig", 72), id("sig", 73)})
	equal(t, len(list(open)), 10)
	open.After = id("sig", 77)
	equal(t, list(open)[:2], []string{id("sig", 78), id("sig", 79)})
	equal(t, list(inbox.Query{Workspace: home, Open: true, Limit: 7}), []string{id("sig", 78), id("sig", 76), id("sig", 74), id("sig", 72), id("sig", 70)})
	equal(t, list(inbox.Query{Workspace: home, Unassigned: true, Verdict: event.Accepted, Click: id("clk", 0), Limit: 3}),
		want(func(n int) bool { return n%3 != 1 && n%4 == 0 }))
}

func testCountSignals(t *testing.T, s *Stores) {
	s.update(t, func(tx books.Tx) error {
		for n := range 10 {
			r := signal(n)
			r.Verdict = []event.Verdict{event.Accepted, event.Duplicate, event.Accepted}[n%3]
			if n == 9 {
				r.Workspace = foreign
			}
			must(t, tx.PutSignal(ctx, r))
		}
		r := signal(0)
		r.Verdict = event.UnknownClick // judged again: counted once
		return tx.PutSignal(ctx, r)
	})
	equal(t, get[map[event.Verdict]int64](t)(s.Books.CountSignals(ctx, home)),
		map[event.Verdict]int64{event.Accepted: 5, event.Duplicate: 3, event.UnknownClick: 1})
	equal(t, get[map[event.Verdict]int64](t)(s.Books.CountSignals(ctx, "")), map[event.Verdict]int64{})
}

var textTests = map[string]func(t *testing.T, s *Stores){
	"bytes are compared, not letters": testCollation,
	"NUL and invalid UTF-8":           testUnstorable,
}

func testCollation(t *testing.T, s *Stores) {
	// In byte order; a dictionary would mix the cases and put é beside e.
	keys := []string{"A", "B", "Z", "_", "a", "b", "e\u0301", "z", "\u00c9", "\u00e9", "\U0001F600"}
	offer := &catalog.Offer{Meta: catalog.Meta{ID: "off", Workspace: home}}
	put(t, s, offer)
	for _, k := range keys {
		put(t, s, &catalog.Link{Meta: catalog.Meta{ID: k, Workspace: home}, Offer: "off", Key: k})
		s.update(t, func(tx books.Tx) error {
			return tx.InsertConversion(ctx, &conversion.Conversion{ID: k, Workspace: home, DedupKey: k, Order: k})
		})
	}
	for i, k := range keys {
		rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindLink, Workspace: home, After: k}))
		var got []string
		for _, r := range rows {
			got = append(got, r.Base().ID)
		}
		want := slices.Clone(keys[:i])
		slices.Reverse(want)
		equal(t, got, want)
		rows = get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindLink, Workspace: home, Filter: map[string]string{"key": k}}))
		equal(t, len(rows), 1)
		found := get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{Workspace: home, Order: k}))
		equal(t, len(found), 1)
		equal(t, found[0].ID, k)
	}
}

func testUnstorable(t *testing.T, s *Stores) {
	const sent, kept = "a\x00b\xff\xfec", "a\uFFFDb\uFFFDc"
	e := &catalog.Offer{Meta: catalog.Meta{ID: "off", Workspace: home}, Name: sent, Key: sent, Notes: "fine", Tags: []string{sent}}
	put(t, s, e)
	got := get[catalog.Entity](t)(s.Catalog.Get(ctx, catalog.KindOffer, home, "off")).(*catalog.Offer)
	equal(t, []string{got.Name, got.Key, got.Notes, got.Tags[0]}, []string{kept, kept, "fine", kept})
	rows := get[[]catalog.Entity](t)(s.Catalog.List(ctx, catalog.Query{Kind: catalog.KindOffer, Workspace: home, Search: sent}))
	equal(t, len(rows), 1)

	r := signal(1)
	r.Detail, r.Order, r.Raw = sent, sent, []byte(sent)
	c := &conversion.Conversion{ID: "cnv", Workspace: home, DedupKey: "o\x1f" + sent, Order: sent, Dims: []byte(sent)}
	s.update(t, func(tx books.Tx) error {
		must(t, tx.PutSignal(ctx, r))
		must(t, tx.InsertConversion(ctx, c))
		wantErr(t, tx.InsertConversion(ctx, &conversion.Conversion{ID: "cnv2", Workspace: home, DedupKey: c.DedupKey}), conversion.ErrTaken)
		found := get[*conversion.Conversion](t)(tx.ConversionByDedup(ctx, home, c.DedupKey)) // as it was sent
		equal(t, found.Order, kept)
		equal(t, found.Dims, []byte(sent)) // bytes stay bytes
		return nil
	})
	row := get[*inbox.Row](t)(s.Books.Signal(ctx, r.ID))
	equal(t, row.Detail, kept)
	equal(t, row.Raw, []byte(sent))
}
