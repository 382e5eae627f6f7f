package conversion_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"clickledger/internal/attribution"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
)

// Whatever comes in whatever order, while coupons, rights and the offer's setting change:
// facts and ledger say of every publisher what its conversions say, nobody's conversion
// becomes another's, an order is one, and no page ever matched by a coupon.
func TestCouponsFactsAndLedgerFollow(t *testing.T) {
	matched := 0
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 4))
		c := newCouponWorld(t, catalog.ClickWins)
		pick := func(s ...string) string { return s[r.IntN(len(s))] }
		mine, theirs := c.click(), c.click()
		c.clicks[theirs].Publisher = "pub_2"
		owner := map[string]string{}
		for range 60 {
			kv := []string{"txid", pick("1", "2", "3", "4", ""), "coupon", pick("", "SPRING 10%", "summer", "NOBODY"), "amount", pick("", "", "", "80", "99"), "click_id", pick("", "", mine.String(), theirs.String())}
			switch r.IntN(8) {
			case 0:
				c.offer.CouponPrecedence = pick(catalog.ClickWins, catalog.CouponWins)
				c.coupon.Status, c.enr2.Status = pick("active", "active", "paused"), pick(catalog.Approved, catalog.Approved, catalog.Revoked)
				c.offer.InitialStatus = pick("pending", "approved")
			case 1, 2:
				c.pixel(q(append(kv, "key", "pixelkey")...), attribution.Slots(nil))
			case 3, 4, 5:
				c.postback(q(append(kv, "token", "tok_shop", "status", pick("", "", "", "approved", "rejected"))...))
			case 6:
				c.upload(conversion.Entry{TxID: kv[1], Coupon: kv[3], Amount: kv[5], ClickID: kv[7], Offer: "off_1"})
			case 7:
				for _, cv := range c.conversions() {
					if to := conversion.Status(pick("approved", "rejected", "reversed")); conversion.Allowed(cv.Status, to) && r.IntN(3) == 0 {
						c.move(cv, to)
					}
				}
			}
			for _, cv := range c.conversions() {
				if was, known := owner[cv.ID]; known && was != cv.Publisher {
					t.Errorf("seed %d: %s went from %s to %s", seed, cv.ID, was, cv.Publisher)
				}
				owner[cv.ID] = cv.Publisher
			}
		}
		type sum struct{ n, commission int64 }
		want, have, orders := map[string]sum{}, map[string]sum{}, map[string]int{}
		for _, cv := range c.conversions() {
			if cv.Order != "" && !strings.HasPrefix(cv.DedupKey, "replaced") {
				orders[cv.Order]++
			}
			if cv.Method == conversion.MatchCoupon {
				matched++
				if event.FromPage(cv.Source) || cv.CouponNote == "" || cv.Link != "" || cv.Click == (event.ClickID{}) {
					t.Errorf("seed %d: by a coupon: %+v", seed, cv)
				}
			}
			if cv.Status == conversion.Rejected || cv.Status == conversion.Reversed {
				continue
			}
			s := want[cv.Publisher+cv.Method]
			want[cv.Publisher+cv.Method] = sum{s.n + 1, s.commission + cv.Commission}
			s = want[cv.Publisher]
			want[cv.Publisher] = sum{0, s.commission + cv.Commission}
		}
		for order, n := range orders {
			if n != 1 {
				t.Errorf("seed %d: order %s is %d conversions", seed, order, n)
			}
		}
		if _, err := c.db.Books().NumberFacts(t.Context(), 10000); err != nil {
			t.Fatal(err)
		}
		rows, err := c.db.Books().FactsAfter(t.Context(), 0, 10000)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			f, err := event.DecodeFact(row.Fact)
			if err != nil {
				t.Fatal(err)
			}
			s := have[f.Publisher+f.Method]
			have[f.Publisher+f.Method] = sum{s.n + f.Conversions, s.commission + f.Commission}
		}
		for k := range have {
			if have[k] != want[k] {
				t.Errorf("seed %d: %s: facts %+v, conversions %+v", seed, k, have[k], want[k])
			}
		}
		b := c.balances()
		for _, p := range []string{"pub_1", "pub_2"} {
			if got := b["publisher_pending:"+p+":USD"] + b["publisher_available:"+p+":USD"]; got != want[p].commission {
				t.Errorf("seed %d: the ledger owes %s %d, its conversions say %d", seed, p, got, want[p].commission)
			}
		}
	}
	if matched == 0 {
		t.Error("nothing was matched by a coupon")
	}
}
