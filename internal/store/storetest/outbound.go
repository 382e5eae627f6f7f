package storetest

import (
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

var deliveryTests = map[string]func(t *testing.T, s *Stores){
	"due, save and list":   testDeliveries,
	"filters":              testDeliveryFilters,
	"tries":                testTries,
	"resend":               testResend,
	"counts":               testCountDeliveries,
	"holding":              testHolding,
	"failures in a row":    testFailures,
	"a test is a delivery": testAddDelivery,
}

func delivery(n int) *outbound.Delivery {
	return &outbound.Delivery{
		ID: id("dlv", n), Workspace: home, Publisher: "pub", Postback: "pbk", Conversion: id("cnv", n%2), Offer: "off", Tells: "approved", URL: "https://a.example/?x=%41", Method: "POST",
		BodyKind: "form", Body: "a=b", Macros: `{"sub1":"x"}`, State: outbound.StateWaiting, Created: int64(n), NextAt: int64(100 - n), Tries: 1, Status: 2, Answer: "answer", Error: "error", DoneAt: 3,
		Actor: "usr",
	}
}

func insertDeliveries(t *testing.T, s *Stores, ds ...*outbound.Delivery) {
	t.Helper()
	s.update(t, func(tx books.Tx) error {
		for _, d := range ds {
			must(t, tx.InsertDelivery(ctx, d))
		}
		return nil
	})
}

// saved asserts that the outcome of a try is written.
func saved(t *testing.T) func(outbound.Failures, error) {
	return func(_ outbound.Failures, err error) { t.Helper(); must(t, err) }
}

func errOf(_ outbound.Failures, err error) error { return err }

func deliveryIDs(ds []*outbound.Delivery) (ids []string) {
	for _, d := range ds {
		ids = append(ids, d.ID)
	}
	return ids
}

func testDeliveries(t *testing.T, s *Stores) {
	for n := range 10 {
		d := delivery(n)
		if n == 9 {
			d.Workspace = foreign
		}
		insertDeliveries(t, s, d)
	}
	due := func(now int64, limit int) []string {
		return deliveryIDs(get[[]*outbound.Delivery](t)(s.Deliveries.DueDeliveries(ctx, now, limit)))
	}
	equal(t, due(93, 10), []string{id("dlv", 9), id("dlv", 8), id("dlv", 7)})
	equal(t, due(100, 2), []string{id("dlv", 9), id("dlv", 8)})

	d := delivery(8)
	d.State, d.Tries, d.NextAt, d.Status, d.Answer, d.Error, d.DoneAt = outbound.StateSent, 5, 0, 200, "ok", "", 77
	saved(t)(s.Deliveries.SaveDelivery(ctx, d, nil))
	equal(t, due(93, 10), []string{id("dlv", 9), id("dlv", 7)})
	all := get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: home}))
	equal(t, len(all), 9)
	equal(t, all[0], d)
	equal(t, all[1], delivery(7))
	stolen := *delivery(9)
	wantErr(t, errOf(s.Deliveries.SaveDelivery(ctx, &stolen, &outbound.Try{Delivery: stolen.ID, N: 1})), catalog.ErrNotFound) // it is the other workspace's
	wantErr(t, errOf(s.Deliveries.SaveDelivery(ctx, &outbound.Delivery{ID: "nothing", Workspace: home}, nil)), catalog.ErrNotFound)

	page := get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: home, Conversion: id("cnv", 1), Before: id("dlv", 7), Limit: 2}))
	equal(t, page, []*outbound.Delivery{delivery(5), delivery(3)})
	equal(t, get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: home, Conversion: "nothing"})), nil)
}

func testDeliveryFilters(t *testing.T, s *Stores) {
	a, b, c := delivery(1), delivery(2), delivery(3)
	a.Publisher, b.Offer, c.Postback, c.State = "pub_2", "off_2", "pbk_2", outbound.StateDead
	b.URL = "https://Tracker.example/"
	insertDeliveries(t, s, a, b, c)
	for _, tc := range []struct {
		q    outbound.Query
		want []string
	}{
		{outbound.Query{}, []string{c.ID, b.ID, a.ID}},
		{outbound.Query{Publisher: "pub_2"}, []string{a.ID}},
		{outbound.Query{Offer: "off_2"}, []string{b.ID}},
		{outbound.Query{Postback: "pbk_2"}, []string{c.ID}},
		{outbound.Query{State: outbound.StateDead}, []string{c.ID}},
		{outbound.Query{Text: "TRACKER.example"}, []string{b.ID}},
		{outbound.Query{Text: a.ID}, []string{a.ID}},
		{outbound.Query{Text: "100%"}, nil},
		{outbound.Query{Publisher: "pub", State: outbound.StateWaiting, Before: c.ID}, []string{b.ID}},
	} {
		tc.q.Workspace = home
		equal(t, deliveryIDs(get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, tc.q))), tc.want)
	}
	equal(t, get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: foreign})), nil)
}

func testTries(t *testing.T, s *Stores) {
	d := delivery(1)
	insertDeliveries(t, s, d)
	first := &outbound.Try{Delivery: d.ID, N: 1, At: 5, Took: 6, Status: 503, Headers: "A: b\nC: d", Answer: "no", Error: "answered 503"}
	second := &outbound.Try{Delivery: d.ID, N: 2, At: 50, Took: 7, Status: 200, Answer: "ok"}
	saved(t)(s.Deliveries.SaveDelivery(ctx, d, first))
	d.Tries, d.State = 2, outbound.StateSent
	saved(t)(s.Deliveries.SaveDelivery(ctx, d, second))
	got, tries, err := s.Deliveries.GetDelivery(ctx, home, d.ID)
	must(t, err)
	equal(t, got, d)
	equal(t, tries, []*outbound.Try{first, second})
	_, _, err = s.Deliveries.GetDelivery(ctx, foreign, d.ID)
	wantErr(t, err, catalog.ErrNotFound)
	_, _, err = s.Deliveries.GetDelivery(ctx, home, "nothing")
	wantErr(t, err, catalog.ErrNotFound)

	// The outcome and its try are kept together or not at all.
	d.State = outbound.StateDead
	if errOf(s.Deliveries.SaveDelivery(ctx, d, second)) == nil {
		t.Fatal("a try is kept twice")
	}
	got, _, err = s.Deliveries.GetDelivery(ctx, home, d.ID)
	must(t, err)
	equal(t, got.State, outbound.StateSent)
}

func testAddDelivery(t *testing.T, s *Stores) {
	d := delivery(1)
	d.State, d.Conversion, d.NextAt = outbound.StateTest, "", 0
	try := &outbound.Try{Delivery: d.ID, N: 1, At: 1, Status: 204}
	must(t, s.Deliveries.AddDelivery(ctx, d, try))
	got, tries, err := s.Deliveries.GetDelivery(ctx, home, d.ID)
	must(t, err)
	equal(t, got, d)
	equal(t, tries, []*outbound.Try{try})
	equal(t, get[[]*outbound.Delivery](t)(s.Deliveries.DueDeliveries(ctx, 1000, 10)), nil)
}

func testResend(t *testing.T, s *Stores) {
	dead, sent, waiting, theirs := delivery(1), delivery(2), delivery(3), delivery(4)
	dead.State, sent.State, theirs.State, theirs.Workspace = outbound.StateDead, outbound.StateSent, outbound.StateDead, foreign
	insertDeliveries(t, s, dead, sent, waiting, theirs)
	again := func(old *outbound.Delivery, n int) *outbound.Delivery {
		d := delivery(n)
		d.Resends = old.ID
		return d
	}
	must(t, s.Deliveries.Resend(ctx, again(dead, 11)))
	must(t, s.Deliveries.Resend(ctx, again(sent, 12)))
	for n, old := range []*outbound.Delivery{dead, sent, waiting, theirs, {ID: "nothing"}} {
		wantErr(t, s.Deliveries.Resend(ctx, again(old, 20+n)), outbound.ErrFinal)
	}
	dead.State, dead.ResentAs, sent.ResentAs = outbound.StateResent, id("dlv", 11), id("dlv", 12)
	all := get[[]*outbound.Delivery](t)(s.Deliveries.ListDeliveries(ctx, outbound.Query{Workspace: home}))
	equal(t, all, []*outbound.Delivery{again(sent, 12), again(dead, 11), waiting, sent, dead})
}

func testCountDeliveries(t *testing.T, s *Stores) {
	for n, state := range []string{outbound.StateWaiting, outbound.StateWaiting, outbound.StateDead, outbound.StateSent, outbound.StateResent, outbound.StateTest} {
		d := delivery(n)
		d.State = state
		if n == 1 {
			d.Publisher = "pub_2"
		}
		insertDeliveries(t, s, d)
	}
	count := get[outbound.Counts](t)
	equal(t, count(s.Deliveries.CountDeliveries(ctx, home, "")), outbound.Counts{Waiting: 2, Dead: 1})
	equal(t, count(s.Deliveries.CountDeliveries(ctx, home, "pub")), outbound.Counts{Waiting: 1, Dead: 1})
	equal(t, count(s.Deliveries.CountDeliveries(ctx, foreign, "")), outbound.Counts{})
}

// testHolding: what waits for a postback is held with it, other postbacks' and workspaces'
// is not, and released in order.
func testHolding(t *testing.T, s *Stores) {
	for n := range 7 {
		d := delivery(n)
		switch n {
		case 4:
			d.State = outbound.StateSent
		case 5:
			d.Postback = "pbk_other"
		case 6:
			d.Workspace = foreign
		}
		insertDeliveries(t, s, d)
	}
	states := func() (out []string) {
		for n := range 7 {
			ws := home
			if n == 6 {
				ws = foreign
			}
			d, _, err := s.Deliveries.GetDelivery(ctx, ws, id("dlv", n))
			must(t, err)
			out = append(out, d.State)
		}
		return out
	}
	const w, h, sent = outbound.StateWaiting, outbound.StateHeld, outbound.StateSent
	must(t, s.Deliveries.HoldDeliveries(ctx, home, "pbk", 500))
	equal(t, states(), []string{h, h, h, h, sent, w, w})
	equal(t, get[[]outbound.Held](t)(s.Deliveries.HeldPostbacks(ctx)), []outbound.Held{{Workspace: home, Publisher: "pub", Postback: "pbk"}})
	equal(t, get[outbound.Counts](t)(s.Deliveries.CountDeliveries(ctx, home, "")), outbound.Counts{Waiting: 1, Held: 4})
	equal(t, deliveryIDs(get[[]*outbound.Delivery](t)(s.Deliveries.DueDeliveries(ctx, 1000, 10))), []string{id("dlv", 6), id("dlv", 5)})
	// One of them can be sent again by hand, once.
	again := delivery(8)
	again.Resends = id("dlv", 3)
	must(t, s.Deliveries.Resend(ctx, again))
	equal(t, states()[3], outbound.StateResent)
	of := outbound.Held{Workspace: home, Publisher: "pub", Postback: "pbk"}
	n := get[int](t)
	equal(t, n(s.Deliveries.ReleaseDeliveries(ctx, of, 600, 2)), 2)
	equal(t, states(), []string{w, w, h, outbound.StateResent, sent, w, w})
	equal(t, n(s.Deliveries.ReleaseDeliveries(ctx, of, 600, 2)), 1)
	equal(t, n(s.Deliveries.ReleaseDeliveries(ctx, of, 600, 2)), 0)
	d, _, err := s.Deliveries.GetDelivery(ctx, home, id("dlv", 0))
	must(t, err)
	if d.NextAt != 600 || d.DoneAt != 0 {
		t.Errorf("released as %+v", d)
	}
	equal(t, len(get[[]outbound.Held](t)(s.Deliveries.HeldPostbacks(ctx))), 0)
}

// testFailures: what a postback's calls came to is counted until one is taken or it is held.
func testFailures(t *testing.T, s *Stores) {
	n := int64(0)
	try := func(ws, postback, state string) outbound.Failures {
		t.Helper()
		n++
		d := delivery(int(n))
		d.Workspace, d.Postback = ws, postback
		insertDeliveries(t, s, d)
		d.State = state
		return get[outbound.Failures](t)(s.Deliveries.SaveDelivery(ctx, d, &outbound.Try{Delivery: d.ID, N: 1, At: 1000 + n}))
	}
	equal(t, try(home, "a", outbound.StateSent), outbound.Failures{})
	equal(t, try(home, "a", outbound.StateWaiting), outbound.Failures{Since: 1002, Tries: 1})
	equal(t, try(home, "a", outbound.StateDead), outbound.Failures{Since: 1002, Tries: 2, Dead: 1})
	equal(t, try(home, "b", outbound.StateDead), outbound.Failures{Since: 1004, Tries: 1, Dead: 1})
	equal(t, try(foreign, "a", outbound.StateWaiting), outbound.Failures{Since: 1005, Tries: 1})
	equal(t, try(home, "", outbound.StateDead), outbound.Failures{})
	equal(t, try(home, "a", outbound.StateSent), outbound.Failures{})
	equal(t, try(home, "a", outbound.StateWaiting), outbound.Failures{Since: 1008, Tries: 1})
	must(t, s.Deliveries.HoldDeliveries(ctx, home, "b", 1))
	equal(t, try(home, "b", outbound.StateWaiting), outbound.Failures{Since: 1009, Tries: 1})
}
