package ledger

import (
	"math"
	"strings"
	"testing"

	"github.com/govalues/decimal"
	"pgregory.net/rapid"

	"clickledger/internal/money"
)

func rateOf(from, to money.Currency, rate string) money.Rate {
	return money.Rate{From: from, To: to, Rate: decimal.MustParse(rate), Date: "2026-11-20", Source: money.SourceECB}
}

func TestConvert(t *testing.T) {
	for name, c := range map[string]struct {
		minor    int64
		rate     money.Rate
		to       int64
		memo     string
		entries  int
		mistaken bool
	}{
		"cents to yen":            {12345, rateOf("USD", "JPY", "151.235"), 18670, "123.45 USD = 18670 JPY at 151.235 (ecb, 2026-11-20)", 4, false},
		"yen to thousandths":      {1000, rateOf("JPY", "KWD", "0.00203"), 2030, "1000 JPY = 2.030 KWD", 4, false},
		"thousandths to cents":    {1, rateOf("KWD", "USD", "3.2605"), 0, "0.001 KWD = 0.00 USD", 2, false},
		"half to even":            {1, rateOf("USD", "EUR", "0.5"), 0, "", 2, false},
		"half to even, the other": {3, rateOf("USD", "EUR", "0.5"), 2, "", 4, false},
		"a debt":                  {-12345, rateOf("USD", "JPY", "151.235"), -18670, "-123.45 USD = -18670 JPY", 4, false},
		"nothing":                 {0, rateOf("USD", "JPY", "151"), 0, "", 0, true},
		"another currency's rate": {5, rateOf("EUR", "JPY", "151"), 0, "", 0, true},
		"the same currency":       {5, rateOf("USD", "USD", "1"), 0, "", 0, true},
		"too large":               {math.MaxInt64, rateOf("USD", "JPY", "151"), 0, "", 0, true},
	} {
		from := c.rate.From
		if name == "another currency's rate" {
			from = "USD"
		}
		x, es, err := Convert(account(PublisherAvailable, "pub", string(from)), c.minor, c.rate)
		if (err != nil) != c.mistaken {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if x.To.Minor != c.to || len(es) != c.entries || !strings.HasPrefix(x.Memo(), c.memo) {
			t.Errorf("%s: %+v, %d entries, %q", name, x, len(es), x.Memo())
		}
		if err := tx(es...).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConvertBalances: whatever is converted between whichever currencies, each balances,
// and the account has in the one what it has lost in the other.
func TestConvertBalances(t *testing.T) {
	currencies := []money.Currency{"USD", "EUR", "JPY", "KWD", "CLF"}
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.SampledFrom(currencies).Draw(t, "from"), rapid.SampledFrom(currencies).Draw(t, "to")
		minor := rapid.Int64Range(-1e12, 1e12).Filter(func(n int64) bool { return n != 0 }).Draw(t, "minor")
		if from == to {
			return
		}
		rate := money.Rate{From: from, To: to, Rate: decimal.MustNew(rapid.Int64Range(1, 9_999_999).Draw(t, "rate"), 4), Date: "2026-11-20", Source: money.SourceManual}
		x, es, err := Convert(account(PublisherAvailable, "pub", string(from)), minor, rate)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx(es...).Check(); err != nil {
			t.Fatal(err)
		}
		left := map[string]int64{}
		for _, e := range es {
			left[e.Account.Code()] += e.Amount
		}
		if left["publisher_available:pub:"+string(from)] != minor || left["publisher_available:pub:"+string(to)] != -x.To.Minor ||
			left["exchange_difference::"+string(from)] != -minor || left["exchange_difference::"+string(to)] != x.To.Minor {
			t.Fatalf("%v", left)
		}
	})
}
