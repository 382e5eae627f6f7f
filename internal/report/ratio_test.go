package report

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestRatioText compares with exact rational arithmetic.
func TestRatioText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []int64{0, 1, -1, 2, 3, 5, 7, 999, 1000, -1005, 1 << 40, math.MaxInt64, math.MinInt64 + 1}
	for range 200 {
		values = append(values, rnd.Int64N(1<<rnd.IntN(62)+1)-rnd.Int64N(1<<rnd.IntN(62)+1))
	}
	for _, n := range values {
		for _, d := range values {
			for _, c := range [][2]int{{2, 2}, {-2, 4}, {0, 4}, {-3, 4}, {-4, 2}} {
				got, ok := ratioText(n, d, c[0], c[1])
				if d == 0 {
					if ok {
						t.Fatalf("%d ÷ 0 = %s", n, got)
					}
					continue
				}
				exact := new(big.Rat).SetFrac(big.NewInt(n), big.NewInt(d))
				p := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(c[0], -c[0]))), nil))
				if c[0] < 0 {
					exact.Quo(exact, p)
				} else {
					exact.Mul(exact, p)
				}
				want := exact.FloatString(c[1]) // rounds half away from zero
				if f, _ := new(big.Rat).SetString(want); f.Sign() == 0 && want[0] == '-' {
					want = want[1:]
				}
				if ok && got != want {
					t.Fatalf("%d ÷ %d × 10^%d = %s, want %s", n, d, c[0], got, want)
				}
				if limit := new(big.Rat).SetInt64(1 << 40); !ok && exact.Abs(exact).Cmp(limit) < 0 && max(n, -n, d, -d) < 1<<56 {
					t.Fatalf("%d ÷ %d × 10^%d was not computed", n, d, c[0])
				}
			}
		}
	}
}

// TestTables: every formula names bases there are, names are unique and documented.
func TestTables(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range Metrics() {
		if seen[m.Name] || m.Label == "" || m.Formula == "" || len(m.num) == 0 {
			t.Errorf("metric %+v", m)
		}
		seen[m.Name] = true
		if m.isRatio() != (m.Type == TypePercent || m.Type == TypeRatio) {
			t.Errorf("metric %s is of type %s", m.Name, m.Type)
		}
	}
	for _, d := range Dimensions() {
		if seen[d.Name] || d.Label == "" || (d.column == "") != (d.clock != nil) {
			t.Errorf("dimension %+v", d)
		}
		seen[d.Name] = true
	}
	if len(bases) > 16 {
		t.Error("the engine keeps at most 16 sums")
	}
}
