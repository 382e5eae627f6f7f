package money

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/bojanz/currency"
	"github.com/google/go-cmp/cmp"
	"github.com/govalues/decimal"
	"pgregory.net/rapid"
)

func code(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		return "not an *Error: " + err.Error()
	}
	return e.Code
}

func TestParseCurrency(t *testing.T) {
	for _, c := range []struct {
		s    string
		want Currency
	}{{"EUR", "EUR"}, {"usd", "USD"}, {"jPy", "JPY"}, {"HRK", "HRK"}, {"ang", "ANG"}, {"BGN", "BGN"}, {"XCG", "XCG"}} {
		got, err := ParseCurrency(c.s)
		if got != c.want || err != nil {
			t.Errorf("ParseCurrency(%q) = %q, %v", c.s, got, err)
		}
	}
	for _, s := range []string{"", "EU", "EURO", " EUR", "ZZZ", "XXX", "XAU", "€", "ÉUR", "{currency}", "E\x00R", strings.Repeat("E", 64<<10)} {
		_, err := ParseCurrency(s)
		if code(err) != CodeUnknownCurrency || len(err.Error()) > 400 {
			t.Errorf("ParseCurrency(%.20q): %v", s, err)
		}
	}
}

// P10: the counts of ISO 4217, and no disagreement with the CLDR's list.
func TestCurrencyTable(t *testing.T) {
	count := map[int]int{}
	for _, c := range Currencies() {
		if !c.Withdrawn() {
			count[c.Exponent()]++
		}
		if digits, ok := currency.GetDigits(string(c)); ok && int(digits) != c.Exponent() {
			t.Errorf("%s has %d decimals, CLDR says %d", c, c.Exponent(), digits)
		}
	}
	if count[0] != 17 || count[3] != 7 || count[4] != 2 {
		t.Errorf("currencies by decimals: %v", count)
	}
	for _, code := range currency.GetCurrencyCodes() {
		if _, err := ParseCurrency(code); err != nil {
			t.Error(err)
		}
	}
	for _, code := range strings.Fields("HRK ANG BGN") {
		if !Currency(code).Withdrawn() {
			t.Errorf("%s is in use", code)
		}
	}
	if Currency("???").Exponent() != 2 || Currency("EUR").Withdrawn() {
		t.Error("defaults")
	}
}

func TestAmountString(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency Currency
		want     string
	}{
		{0, "EUR", "0.00"}, {5, "EUR", "0.05"}, {-5, "EUR", "-0.05"}, {1250, "EUR", "12.50"}, {-1250, "EUR", "-12.50"},
		{0, "JPY", "0"}, {-1250, "JPY", "-1250"}, {1, "KWD", "0.001"}, {12345, "CLF", "1.2345"},
		{math.MaxInt64, "EUR", "92233720368547758.07"}, {math.MinInt64, "EUR", "-92233720368547758.08"},
		{math.MinInt64, "JPY", "-9223372036854775808"},
	} {
		a := Amount{c.minor, c.currency}
		if a.String() != c.want || a.Format() != c.want+" "+string(c.currency) {
			t.Errorf("%d %s: %s, %s", c.minor, c.currency, a, a.Format())
		}
	}
	if got := (Amount{}).Format(); got != "0.00" {
		t.Errorf("zero value: %q", got)
	}
}

func TestParseStringRoundTrip(t *testing.T) {
	all := Currencies()
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{rapid.Int64().Draw(t, "minor"), rapid.SampledFrom(all).Draw(t, "currency")}
		got, err := ParseAmount(a.String(), a.Currency, ParseOptions{AllowNegative: true})
		if err != nil || got != a {
			t.Fatalf("%s: %v, %v", a.Format(), got, err)
		}
	})
	for _, c := range all {
		for _, minor := range []int64{0, 1, -1, 99, 100, 12345, math.MaxInt64, math.MinInt64} {
			a := Amount{minor, c}
			got, err := ParseAmount(a.String(), c, ParseOptions{AllowNegative: true})
			if err != nil || got != a {
				t.Errorf("%s: %v, %v", a.Format(), got, err)
			}
		}
	}
}

func TestArithmetic(t *testing.T) {
	eur := func(n int64) Amount { return Amount{n, "EUR"} }
	type op func(Amount, Amount) (Amount, error)
	add, sub := Amount.Add, Amount.Sub
	for _, c := range []struct {
		name string
		op   op
		a, b Amount
		want int64
		code string
	}{
		{"add", add, eur(5), eur(-7), -2, ""},
		{"add to the limit", add, eur(math.MaxInt64 - 1), eur(1), math.MaxInt64, ""},
		{"add over", add, eur(math.MaxInt64), eur(1), 0, CodeAmountRange},
		{"add under", add, eur(math.MinInt64), eur(-1), 0, CodeAmountRange},
		{"add zero at the limit", add, eur(math.MaxInt64), eur(0), math.MaxInt64, ""},
		{"add mixed", add, eur(1), Amount{1, "USD"}, 0, CodeMismatch},
		{"sub", sub, eur(5), eur(7), -2, ""},
		{"sub under", sub, eur(math.MinInt64), eur(1), 0, CodeAmountRange},
		{"sub the least", sub, eur(0), eur(math.MinInt64), 0, CodeAmountRange},
		{"sub the least from -1", sub, eur(-1), eur(math.MinInt64), math.MaxInt64, ""},
		{"sub zero", sub, eur(math.MinInt64), eur(0), math.MinInt64, ""},
		{"sub mixed", sub, eur(1), Amount{1, "USD"}, 0, CodeMismatch},
	} {
		got, err := c.op(c.a, c.b)
		if got.Minor != c.want || code(err) != c.code {
			t.Errorf("%s: %d, %v", c.name, got.Minor, err)
		}
	}
	if got, err := eur(5).Neg(); got != eur(-5) || err != nil {
		t.Errorf("Neg: %v, %v", got, err)
	}
	if _, err := eur(math.MinInt64).Neg(); code(err) != CodeAmountRange {
		t.Errorf("Neg of the least: %v", err)
	}
	if got, err := eur(5).Cmp(eur(7)); got != -1 || err != nil {
		t.Errorf("Cmp: %d, %v", got, err)
	}
	if _, err := eur(5).Cmp(Amount{5, "USD"}); code(err) != CodeMismatch {
		t.Errorf("Cmp mixed: %v", err)
	}
	if eur(-3).Sign() != -1 || eur(0).Sign() != 0 || !eur(0).IsZero() || eur(1).IsZero() {
		t.Error("Sign, IsZero")
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		sum := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := eur(a).Add(eur(b))
		if sum.IsInt64() != (err == nil) || err == nil && got.Minor != sum.Int64() {
			t.Fatalf("Add: %v, %v", got, err)
		}
		diff := new(big.Int).Sub(big.NewInt(a), big.NewInt(b))
		got, err = eur(a).Sub(eur(b))
		if diff.IsInt64() != (err == nil) || err == nil && got.Minor != diff.Int64() {
			t.Fatalf("Sub: %v, %v", got, err)
		}
	})
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		minor int64
		pct   string
		want  int64
		code  string
	}{
		{1250, "10", 125, ""},
		{1250, "0", 0, ""},
		{1250, "100", 1250, ""},
		{1250, "1000", 12500, ""},
		{125, "10", 12, ""}, // 12.5 → even
		{135, "10", 14, ""}, // 13.5 → even
		{-125, "10", -12, ""},
		{-135, "10", -14, ""},
		{126, "10", 13, ""},
		{1, "50", 0, ""},
		{3, "50", 2, ""},
		{1, "50.000001", 1, ""},
		{999, "33.333333", 333, ""},
		{math.MaxInt64, "100", math.MaxInt64, ""},
		{math.MinInt64, "100", math.MinInt64, ""},
		{math.MaxInt64, "100.000001", 0, CodeAmountRange},
		{math.MaxInt64, "1000", 0, CodeAmountRange},
		{100, "1000.000001", 0, CodePercentRange},
		{100, "0.0000001", 0, CodePercentRange},
		{100, "0.1000000", 0, ""},
	} {
		got, err := Percent(Amount{c.minor, "EUR"}, decimal.MustParse(c.pct))
		if got.Minor != c.want || code(err) != c.code {
			t.Errorf("%s %% of %d = %d, %v; want %d %s", c.pct, c.minor, got.Minor, err, c.want, c.code)
		}
	}
	_, err := Percent(Amount{100, "EUR"}, decimal.MustParse("-1"))
	if code(err) != CodePercentRange {
		t.Errorf("negative: %v", err)
	}
}

// halfEven rounds exactly, by another way than the package.
func halfEven(r *big.Rat) *big.Int {
	two := big.NewInt(2)
	num, den := r.Num(), r.Denom()
	floor := new(big.Int).Div(num, den) // Euclidean: towards -∞, den > 0
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(floor))
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		floor.Add(floor, big.NewInt(1))
	case 0:
		if new(big.Int).Mod(floor, two).Sign() != 0 {
			floor.Add(floor, big.NewInt(1))
		}
	}
	return floor
}

func rat(t *rapid.T, d decimal.Decimal) *big.Rat {
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		t.Fatal(d)
	}
	return r
}

func drawMinor(t *rapid.T) int64 {
	return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-100000, 100000)).Draw(t, "minor")
}

func TestPercentExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{drawMinor(t), "EUR"}
		scale := rapid.IntRange(0, 6).Draw(t, "scale")
		pct := decimal.MustNew(rapid.Int64Range(0, 1000*int64(pow10[scale])).Draw(t, "coef"), scale)
		exact := new(big.Rat).Mul(big.NewRat(a.Minor, 100), rat(t, pct))
		check(t, exact, func() (Amount, error) { return Percent(a, pct) })
	})
}

func TestConvertExact(t *testing.T) {
	all := Currencies()
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{drawMinor(t), rapid.SampledFrom(all).Draw(t, "from")}
		to := rapid.SampledFrom(all).Draw(t, "to")
		rate := decimal.MustNew(rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(1, 1000000)).Draw(t, "coef"), rapid.IntRange(0, 19).Draw(t, "scale"))
		exact := new(big.Rat).Mul(new(big.Rat).SetInt64(a.Minor), rat(t, rate))
		ten := func(n int) *big.Rat {
			return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil))
		}
		exact.Mul(exact, ten(to.Exponent())).Quo(exact, ten(a.Currency.Exponent()))
		check(t, exact, func() (Amount, error) { return Convert(a, to, rate) })
	})
}

func check(t *rapid.T, exact *big.Rat, run func() (Amount, error)) {
	want := halfEven(exact)
	got, err := run()
	if !want.IsInt64() {
		if code(err) != CodeAmountRange {
			t.Fatalf("%s does not fit, got %v, %v", want, got, err)
		}
		return
	}
	if err != nil || got.Minor != want.Int64() {
		t.Fatalf("got %d, %v; want %s", got.Minor, err, want)
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		from, to Currency
		rate     string
		want     int64
		code     string
	}{
		{1000, "EUR", "USD", "1.085", 1085, ""},
		{1000, "EUR", "JPY", "163.25", 1632, ""},  // 1632.5 → even
		{1000, "JPY", "EUR", "0.006125", 612, ""}, // 612.5 → even
		{1000, "EUR", "KWD", "0.333", 3330, ""},
		{1, "CLF", "JPY", "0.0000000000000000001", 0, ""},
		{math.MaxInt64, "JPY", "CLF", "1", 0, CodeAmountRange},
		{1, "EUR", "USD", "0", 0, CodeRateRange},
		{1, "EUR", "USD", "-1", 0, CodeRateRange},
		{1, "", "USD", "1", 0, CodeUnknownCurrency},
		{1, "EUR", "ZZZ", "1", 0, CodeUnknownCurrency},
	} {
		got, err := Convert(Amount{c.minor, c.from}, c.to, decimal.MustParse(c.rate))
		if got.Minor != c.want || code(err) != c.code || err == nil && got.Currency != c.to {
			t.Errorf("%d %s at %s = %s, %v", c.minor, c.from, c.rate, got.Format(), err)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name    string
		minor   int64
		weights []int64
		want    []int64
		code    string
	}{
		{"thirds", 100, []int64{1, 1, 1}, []int64{34, 33, 33}, ""},
		{"largest remainder", 100, []int64{1, 2, 4}, []int64{14, 29, 57}, ""},
		{"negative", -100, []int64{1, 1, 1}, []int64{-34, -33, -33}, ""},
		{"nothing for 0", 1, []int64{0, 1, 0}, []int64{0, 1, 0}, ""},
		{"more parts than cents", 2, []int64{1, 1, 1}, []int64{1, 1, 0}, ""},
		{"one", math.MinInt64, []int64{7}, []int64{math.MinInt64}, ""},
		{"large weights", math.MaxInt64, []int64{math.MaxInt64 - 1, 1}, []int64{math.MaxInt64 - 1, 1}, ""},
		{"none", 100, nil, nil, CodeInvalidWeights},
		{"all 0", 100, []int64{0, 0}, nil, CodeInvalidWeights},
		{"negative weight", 100, []int64{2, -1}, nil, CodeInvalidWeights},
		{"too large", 100, []int64{math.MaxInt64, 1}, nil, CodeInvalidWeights},
	} {
		parts, err := Split(Amount{c.minor, "EUR"}, c.weights)
		var got []int64
		for _, p := range parts {
			got = append(got, p.Minor)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || code(err) != c.code {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

// P12: the parts sum to the whole, each within one unit of its exact share.
func TestSplitSums(t *testing.T) {
	all := Currencies()
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{drawMinor(t), rapid.SampledFrom(all).Draw(t, "currency")}
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, math.MaxInt64/8)), 1, 8).Draw(t, "weights")
		var sum int64
		for _, w := range weights {
			sum += w
		}
		if sum == 0 {
			return
		}
		parts, err := Split(a, weights)
		if err != nil {
			t.Fatal(err)
		}
		total := Amount{0, a.Currency}
		for i, p := range parts {
			total, err = total.Add(p)
			if err != nil {
				t.Fatal(err)
			}
			share := new(big.Rat).Mul(new(big.Rat).SetInt64(a.Minor), big.NewRat(weights[i], sum))
			off := new(big.Rat).Sub(share, new(big.Rat).SetInt64(p.Minor))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("part %d is %d of an exact %s", i, p.Minor, share)
			}
		}
		if total != a {
			t.Fatalf("parts sum to %s, not %s", total.Format(), a.Format())
		}
	})
}
