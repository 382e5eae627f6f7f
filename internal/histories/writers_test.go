package histories_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"clickledger/internal/books"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/money"
)

// writers write at once; they share conversions and order numbers.
const writers = 32

// TestWritersAtOnce: 32 writers over four desks, as of four processes, report the same
// orders, decide about the same conversions and refund them under the same ids. None of it
// is lost or there twice, on either engine.
func TestWritersAtOnce(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) { atOnce(t, open(t, engine == "PostgreSQL")) })
	}
}

func atOnce(t *testing.T, e *env) {
	h := begin(e, 1, false)
	const orders = 24
	for range orders {
		_ = h.sale() // drawn, and not sent yet: each writer sends its own
	}
	for i := range h.orders {
		h.orders[i].number, h.orders[i].amount, h.orders[i].currency = fmt.Sprintf("W-%d", i), "5000", ""
	}
	desks := make([]*books.Desk, 4)
	for i := range desks {
		desks[i] = &books.Desk{Store: e.db.Books(), Judge: e.judge, Minter: e.minter.New, Changed: func() {}, Logger: quiet}
	}
	queries := make([]string, orders)
	for i, o := range h.orders {
		queries[i] = h.query(o).Encode()
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	fail := func(what string, err error) {
		if !expected(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for w := range writers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 3))
			desk := desks[w%len(desks)]
			for _, i := range rnd.Perm(orders) {
				id, err := e.minter.New()
				if err != nil {
					t.Error(err)
					return
				}
				fail("postback", h.judged(&event.Signal{ID: id, At: h.now.UnixMicro(), Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: queries[i]}))
			}
			cs, err := h.conversions()
			if err != nil {
				t.Error(err)
				return
			}
			for n, i := range rnd.Perm(len(cs)) {
				c := cs[i]
				switch n % 4 {
				case 0:
					_, err := desk.Decide(t.Context(), finance, h.ws, c.ID, conversion.Approved, "at once")
					fail("decide", err)
				case 1:
					_, _, _, err := desk.Refund(t.Context(), finance, h.ws, c.ID, conversion.Refund{Key: fmt.Sprintf("R%d", n%3), Amount: money.Amount{Minor: c.SaleAmount/2 + 1, Currency: money.Currency(c.Currency)}, Reason: "at once"})
					fail("refund", err)
				case 2:
					_, err := desk.SetHold(t.Context(), finance, h.ws, c.ID, rnd.IntN(2) == 0, "at once")
					fail("hold", err)
				default:
					// Everybody books the same eight bonuses.
					b := conversion.BalanceAdjustment{Key: fmt.Sprintf("bonus %d", n%8), Publisher: h.pubs[n%len(h.pubs)], Currency: "USD", Amount: 100, Reason: "at once"}
					got, fresh, err := desk.AdjustBalance(t.Context(), finance, h.ws, b)
					fail("bonus", err)
					if fresh {
						mu.Lock()
						h.bonuses[account2{got.Publisher, got.Currency}] += got.Amount
						mu.Unlock()
					}
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	cs, err := h.conversions()
	if err != nil {
		t.Fatal(err)
	}
	if len(cs) != orders {
		t.Errorf("%d conversions of %d orders", len(cs), orders)
	}
	if err := h.check(); err != nil {
		t.Error(err)
	}
	found, err := e.db.Books().Audit(t.Context())
	if err != nil || len(found) > 0 {
		t.Errorf("the audit found %v, %v", found, err)
	}
}
