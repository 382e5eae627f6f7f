package storetest

import (
	"context"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/inbox"
	"clickledger/internal/wizard"
)

var testTests = map[string]func(t *testing.T, s *Stores){
	"test conversions":  testTestConversions,
	"signals of tests":  testTestSignals,
	"links of tests":    testTestLinks,
	"taken and changed": testTestTaken,
	"runs":              testTestRuns,
}

// Every field survives, and no other conversion, of this run or of real traffic, is met.
func testTestConversions(t *testing.T, s *Stores) {
	c, real1 := cnv(1), cnv(2)
	real1.DedupKey, real1.Click = c.DedupKey, c.Click
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertTest(ctx, "run_a", c))
		must(t, tx.InsertConversion(ctx, real1)) // the same key
		equal(t, get[*conversion.Conversion](t)(tx.GetTest(ctx, home, c.ID)), c)
		equal(t, get[*conversion.Conversion](t)(tx.TestByDedup(ctx, home, "run_a", c.DedupKey)), c)
		equal(t, get[[]*conversion.Conversion](t)(tx.TestsByClick(ctx, home, c.Click)), []*conversion.Conversion{c})
		equal(t, get[[]*conversion.Conversion](t)(tx.ConversionsByClick(ctx, home, c.Click)), []*conversion.Conversion{real1})
		for _, err := range []error{
			fail(tx.TestByDedup(ctx, home, "run_b", c.DedupKey)), fail(tx.TestByDedup(ctx, foreign, "run_a", c.DedupKey)),
			fail(tx.GetTest(ctx, foreign, c.ID)), fail(tx.GetTest(ctx, home, real1.ID)), fail(tx.GetConversion(ctx, home, c.ID)),
		} {
			wantErr(t, err, catalog.ErrNotFound)
		}
		return nil
	})
	equal(t, get[[]*conversion.Conversion](t)(s.Books.TestConversions(ctx, home, "run_a", 10)), []*conversion.Conversion{c})
	equal(t, len(get[[]*conversion.Conversion](t)(s.Books.TestConversions(ctx, foreign, "run_a", 10))), 0)
	equal(t, get[[]*conversion.Conversion](t)(s.Books.ListConversions(ctx, conversion.Query{Workspace: home})), []*conversion.Conversion{real1})
}

func fail[T any](_ T, err error) error { return err }

func testTestTaken(t *testing.T, s *Stores) {
	one, two, elsewhere := cnv(1), cnv(2), cnv(3)
	elsewhere.DedupKey = one.DedupKey
	s.update(t, func(tx books.Tx) error {
		must(t, tx.InsertTest(ctx, "run_a", one))
		must(t, tx.InsertTest(ctx, "run_a", two))
		must(t, tx.InsertTest(ctx, "run_b", elsewhere))
		again := cnv(4)
		again.DedupKey = one.DedupKey
		wantErr(t, tx.InsertTest(ctx, "run_a", again), conversion.ErrTaken)
		two.DedupKey = one.DedupKey
		wantErr(t, tx.UpdateTest(ctx, "run_a", two), conversion.ErrTaken)
		stale := *one
		one.Status, one.Order, one.DedupKey = conversion.Approved, "A-9", "order key"
		must(t, tx.UpdateTest(ctx, "run_a", one))
		equal(t, one.Version, int64(2))
		wantErr(t, tx.UpdateTest(ctx, "run_a", &stale), catalog.ErrVersion)
		equal(t, get[*conversion.Conversion](t)(tx.TestByDedup(ctx, home, "run_a", "order key")), one)
		return nil
	})
	err := s.Books.Update(ctx, func(ctx context.Context, tx books.Tx) error {
		must(t, tx.InsertTest(ctx, "run_c", cnv(5)))
		return errBoom
	})
	wantErr(t, err, errBoom)
	equal(t, len(get[[]*conversion.Conversion](t)(s.Books.TestConversions(ctx, home, "run_c", 10))), 0)
}

func testTestSignals(t *testing.T, s *Stores) {
	plain, test := signal(1), signal(2)
	test.Test = true
	s.update(t, func(tx books.Tx) error {
		must(t, tx.PutSignal(ctx, plain))
		return tx.PutSignal(ctx, test)
	})
	for want, q := range map[int]inbox.Test{2: inbox.AnyTest, -1: inbox.OnlyTests, -2: inbox.NoTests} {
		rows := get[[]*inbox.Row](t)(s.Books.ListSignals(ctx, inbox.Query{Workspace: home, Test: q}))
		switch want {
		case 2:
			equal(t, rows, []*inbox.Row{test, plain})
		case -1:
			equal(t, rows, []*inbox.Row{test})
		case -2:
			equal(t, rows, []*inbox.Row{plain})
		}
	}
}

func testTestLinks(t *testing.T, s *Stores) {
	put(t, s, &catalog.Offer{Meta: catalog.Meta{ID: id("off", 1), Workspace: home}})
	plain := &catalog.Link{Meta: testMeta(1), Key: "plainkey", Offer: id("off", 1), Status: catalog.StatusActive}
	test := &catalog.Link{Meta: testMeta(2), Key: "testkey", Offer: id("off", 1), Status: catalog.StatusActive, Test: true}
	put(t, s, plain, test)
	q := catalog.Query{Kind: catalog.KindLink, Workspace: home, Archived: "all", Limit: 10}
	equal(t, len(get[[]catalog.Entity](t)(s.Catalog.List(ctx, q))), 1)
	q.Tests = true
	equal(t, len(get[[]catalog.Entity](t)(s.Catalog.List(ctx, q))), 2)
	equal(t, get[catalog.Entity](t)(s.Catalog.Get(ctx, catalog.KindLink, home, test.ID)).(*catalog.Link).Test, true)
}

func testMeta(n int) catalog.Meta {
	return catalog.Meta{ID: id("lnk", n), Workspace: home, Created: int64(n), Updated: int64(n)}
}

func testRun(n int, offer string) *wizard.Run {
	return &wizard.Run{
		ID: id("tsr", n), Workspace: home, Offer: offer, Link: id("lnk", n), State: wizard.Running, Fingerprint: "print", Method: catalog.MethodPixel, Started: int64(n),
		Steps: []wizard.Step{{ID: wizard.StepFirst, State: wizard.StepWaiting, Signals: []string{"s"}, Parsed: []wizard.Parsed{{Name: "ä", Raw: "'1,5'"}}}},
	}
}

// Runs are told apart by workspace, offer, state and what they tested.
func testTestRuns(t *testing.T, s *Stores) {
	one, two, other := testRun(1, "off_a"), testRun(2, "off_a"), testRun(3, "off_b")
	for _, r := range []*wizard.Run{one, two, other} {
		must(t, s.Tests.InsertRun(ctx, r))
		equal(t, r.Version, int64(1))
	}
	equal(t, get[[]*wizard.Run](t)(s.Tests.Runs(ctx, home, "off_a", 10)), []*wizard.Run{two, one})
	equal(t, get[[]*wizard.Run](t)(s.Tests.Runs(ctx, home, "off_a", 1)), []*wizard.Run{two})
	equal(t, len(get[[]*wizard.Run](t)(s.Tests.Runs(ctx, foreign, "off_a", 10))), 0)
	equal(t, get[[]*wizard.Run](t)(s.Tests.Running(ctx, 10)), []*wizard.Run{one, two, other})
	wantErr(t, fail(s.Tests.PassedRun(ctx, home, "off_a", "print")), catalog.ErrNotFound)

	stale := *one
	one.State, one.Result = wizard.Passed, "done"
	must(t, s.Tests.UpdateRun(ctx, one))
	equal(t, one.Version, int64(2))
	wantErr(t, s.Tests.UpdateRun(ctx, &stale), catalog.ErrVersion)
	equal(t, get[[]*wizard.Run](t)(s.Tests.Running(ctx, 10)), []*wizard.Run{two, other})
	equal(t, get[string](t)(s.Tests.PassedRun(ctx, home, "off_a", "print")), one.ID)
	for _, err := range []error{
		fail(s.Tests.PassedRun(ctx, home, "off_a", "other")), fail(s.Tests.PassedRun(ctx, home, "off_b", "print")), fail(s.Tests.PassedRun(ctx, foreign, "off_a", "print")),
	} {
		wantErr(t, err, catalog.ErrNotFound)
	}
	s = s.Reopen(t)
	equal(t, get[[]*wizard.Run](t)(s.Tests.Runs(ctx, home, "off_a", 10)), []*wizard.Run{two, one})
	s.Faults.NotApplied()
	two.State = wizard.Ended
	wantErr(t, s.Tests.UpdateRun(ctx, two), ErrFault)
	equal(t, two.Version, int64(1))
	equal(t, len(get[[]*wizard.Run](t)(s.Tests.Running(ctx, 10))), 2)
}
