package money

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/govalues/decimal"
)

func fixing(day string, to Currency, value string) RateRow {
	return RateRow{Date: day, From: RateBase, To: to, Value: decimal.MustParse(value), Source: SourceECB}
}

func byHand(ws, from, until string, a, b Currency, value string) RateRow {
	return RateRow{Workspace: ws, Date: from, Until: until, From: a, To: b, Value: decimal.MustParse(value), Source: SourceManual}
}

var someRates = []RateRow{
	fixing("2026-01-02", "USD", "1.1000"), fixing("2026-01-02", "JPY", "160.5"), fixing("2026-01-02", "IDR", "18234.55"),
	fixing("2026-01-05", "USD", "1.2"), fixing("2026-01-05", "IDR", "18000"),
	fixing("2026-01-09", "USD", "1.25"), fixing("2022-12-30", "HRK", "7.5345"),
	byHand("a", "2026-01-04", "2026-01-06", "USD", "EUR", "0.9"),
	byHand("a", "2026-01-06", "", "EUR", "USD", "1.3"),
	byHand("a", "2026-01-08", "2026-01-08", "USD", "EUR", "0.5"),
	byHand("a", "2026-01-20", "", "USD", "EUR", "0.25"), byHand("a", "2026-01-20", "", "EUR", "USD", "9"),
	byHand("a", "2026-01-01", "", "USD", "VND", "25000"),
}

func TestRatesOn(t *testing.T) {
	r := NewRates(someRates)
	for _, c := range []struct {
		ws           string
		from, to     Currency
		day, want    string
		date, source string
	}{
		{"b", "EUR", "EUR", "2026-01-03", "1", "2026-01-03", "same"},
		{"b", "VND", "VND", "1980-01-03", "1", "1980-01-03", "same"},
		{"b", "XYZ", "XYZ", "2026-01-03", "", "", ""},
		{"b", "EUR", "USD", "2026-01-02", "1.1", "2026-01-02", "ecb"},
		{"b", "EUR", "USD", "2026-01-04", "1.1", "2026-01-02", "ecb"}, // a Sunday
		{"b", "EUR", "USD", "2026-01-05", "1.2", "2026-01-05", "ecb"},
		{"b", "EUR", "USD", "2027-01-05", "1.25", "2026-01-09", "ecb"},
		{"b", "EUR", "USD", "2026-01-01", "", "", ""}, // before the first
		{"b", "EUR", "USD", "2026-02-30", "", "", ""},
		{"b", "EUR", "USD", "", "", "", ""},
		{"b", "USD", "EUR", "2026-01-05", "0.833333333333", "2026-01-05", "ecb"},
		{"b", "USD", "EUR", "2026-01-09", "0.8", "2026-01-09", "ecb"},
		{"b", "USD", "JPY", "2026-01-02", "145.909090909", "2026-01-02", "ecb"},
		{"b", "USD", "JPY", "2026-01-09", "128.4", "2026-01-02", "ecb"}, // the older of the two
		{"b", "JPY", "USD", "2026-01-09", "0.00778816199377", "2026-01-02", "ecb"},
		{"b", "IDR", "USD", "2026-01-05", "0.0000666666666667", "2026-01-05", "ecb"},
		{"b", "IDR", "USD", "2026-01-02", "0.0000603250422961", "2026-01-02", "ecb"},
		{"b", "HRK", "USD", "2026-01-02", "0.145995089256", "2022-12-30", "ecb"},
		{"b", "HRK", "USD", "2025-01-02", "", "", ""}, // no USD yet
		{"b", "USD", "VND", "2026-01-05", "", "", ""},
		{"a", "USD", "EUR", "2026-01-02", "0.909090909091", "2026-01-02", "ecb"},
		{"a", "USD", "EUR", "2026-01-05", "0.9", "2026-01-04", "manual"},
		{"a", "EUR", "USD", "2026-01-05", "1.11111111111", "2026-01-04", "manual"}, // its inverse
		{"a", "EUR", "USD", "2026-01-06", "1.3", "2026-01-06", "manual"},           // the newer of two that hold
		{"a", "USD", "EUR", "2026-01-07", "0.769230769231", "2026-01-06", "manual"},
		{"a", "USD", "EUR", "2026-01-08", "0.5", "2026-01-08", "manual"},
		{"a", "USD", "EUR", "2026-01-09", "0.769230769231", "2026-01-06", "manual"},
		{"a", "USD", "EUR", "2026-01-20", "0.25", "2026-01-20", "manual"}, // the pair before its inverse
		{"a", "EUR", "USD", "2026-01-20", "9", "2026-01-20", "manual"},
		{"a", "VND", "USD", "2026-01-20", "0.00004", "2026-01-01", "manual"},
		{"a", "EUR", "VND", "2026-01-20", "", "", ""}, // manual rates are not crossed
		{"a", "EUR", "JPY", "2026-01-20", "160.5", "2026-01-02", "ecb"},
	} {
		got, ok := r.On(c.ws, c.from, c.to, c.day)
		if !ok {
			if c.want != "" {
				t.Errorf("%s %s/%s on %s: none, want %s", c.ws, c.from, c.to, c.day, c.want)
			}
			continue
		}
		if got.Rate.String() != c.want || got.Date != c.date || got.Source != c.source || got.From != c.from || got.To != c.to {
			t.Errorf("%s %s/%s on %s = %+v, want %s of %s from %s", c.ws, c.from, c.to, c.day, got, c.want, c.date, c.source)
		}
	}
}

func TestRatesLeaveOutWhatIsNone(t *testing.T) {
	rows := []RateRow{
		fixing("2026-01-05", "USD", "1.1"), fixing("2026-01-05", "USD", "1.2"), // the later row counts
		fixing("2026-13-05", "USD", "5"), fixing("2026-01-06", "XYZ", "5"), fixing("2026-01-06", "EUR", "5"),
		fixing("2026-01-06", "USD", "0"), fixing("2026-01-06", "USD", "-1"), fixing("2026-01-06", "USD", "1.234567890123"),
		{Date: "2026-01-06", From: "GBP", To: "USD", Value: decimal.MustParse("3"), Source: SourceECB},
		{Workspace: "a", Date: "2026-01-06", From: "EUR", To: "USD", Value: decimal.MustParse("3"), Source: SourceECB},
		byHand("a", "2026-01-06", "2026-01-05", "EUR", "USD", "3"), byHand("a", "2026-01-06", "x", "EUR", "USD", "3"),
	}
	r := NewRates(rows)
	got, ok := r.On("a", "EUR", "USD", "2026-01-10")
	if !ok || got.Rate.String() != "1.2" || got.Date != "2026-01-05" || r.Newest() != "2026-01-05" || len(r.Published()) != 1 {
		t.Errorf("= %+v %v, newest %s, %v", got, ok, r.Newest(), r.Published())
	}
	other := r.WithManual([]RateRow{byHand("a", "2026-01-01", "", "USD", "EUR", "0.5"), fixing("2026-01-09", "USD", "7")})
	if got, ok = other.On("a", "EUR", "USD", "2026-01-10"); !ok || got.Rate.String() != "2" {
		t.Errorf("with a manual rate = %+v %v", got, ok)
	}
	if got, ok = other.On("b", "EUR", "USD", "2026-01-10"); !ok || got.Rate.String() != "1.2" {
		t.Errorf("with a manual rate elsewhere = %+v %v", got, ok)
	}
	if got, ok = r.On("a", "EUR", "USD", "2026-01-10"); !ok || got.Rate.String() != "1.2" {
		t.Errorf("the table itself has changed: %+v %v", got, ok)
	}
	var none *Rates
	if _, ok := none.On("a", "EUR", "USD", "2026-01-10"); ok || none.Newest() != "" || none.Published() != nil {
		t.Error("a nil table knows rates")
	}
	if x, ok := none.On("a", "USD", "USD", "2026-01-10"); !ok || x.Rate != decimal.One {
		t.Error("a nil table does not know a currency in itself")
	}
}

// TestQuotient holds the rule of computed rates against exact arithmetic.
func TestQuotient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() decimal.Decimal {
		for {
			n := rng.Int64N(1_000_000_000_000) >> rng.IntN(40)
			d, err := decimal.New(n, rng.IntN(decimal.MaxScale+1))
			if err == nil && CheckRate(d) == nil {
				return d.Trim(0)
			}
		}
	}
	given, refused := 0, 0
	for range 60_000 {
		a, b := random(), random()
		if rng.IntN(10) == 0 {
			a = decimal.One
		}
		got, ok := quotient(a, b)
		exact := new(big.Rat).Quo(ratOf(a), ratOf(b))
		inside := exact.Cmp(ratOf(leastRate)) >= 0 && exact.Cmp(ratOf(greatestRate)) <= 0
		if ok != inside {
			// Rounding decides at the very bounds alone.
			if f, _ := exact.Float64(); f > 1.0001e-9 && f < 0.9999e9 {
				t.Fatalf("%s/%s: ok %v", a, b, ok)
			}
			continue
		}
		if !ok {
			refused++
			continue
		}
		given++
		want := roundRat(exact)
		if ratOf(got).Cmp(want) != 0 {
			t.Fatalf("%s/%s = %s, want %s", a, b, got, want.FloatString(25))
		}
		if got.Scale() > 0 && got.Coef()%10 == 0 || significant(got.Coef()) > RateDigits {
			t.Fatalf("%s/%s = %s is not in its shortest form", a, b, got)
		}
		if CheckRate(got) != nil {
			t.Fatalf("%s/%s = %s is no rate", a, b, got)
		}
		_, err := Convert(Amount{123456, "USD"}, "EUR", got)
		if err != nil {
			t.Fatalf("%s/%s = %s: %v", a, b, got, err)
		}
	}
	if given < 1000 || refused < 1000 {
		t.Errorf("%d given, %d refused: the test sees too little", given, refused)
	}
}

func ratOf(d decimal.Decimal) *big.Rat {
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		panic(d.String())
	}
	return r
}

// roundRat rounds half to even to 12 significant digits, at most 19 decimals.
func roundRat(x *big.Rat) *big.Rat {
	places, ten := 0, big.NewRat(10, 1)
	for v := new(big.Rat).Set(x); v.Cmp(big.NewRat(1, 1)) < 0; v.Mul(v, ten) {
		places++
	}
	for v := new(big.Rat).Set(x); v.Cmp(ten) >= 0; v.Quo(v, ten) {
		places--
	}
	places = min(places+RateDigits-1, decimal.MaxScale)
	unit := new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil), big.NewInt(1))
	scaled := new(big.Rat).Mul(x, unit)
	q, r := new(big.Int).QuoRem(scaled.Num(), scaled.Denom(), new(big.Int))
	twice := new(big.Int).Lsh(r, 1)
	if c := twice.Cmp(scaled.Denom()); c > 0 || c == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(1))
	}
	return new(big.Rat).Quo(new(big.Rat).SetInt(q), unit)
}

func TestQuotientRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		// 1/8192 = 0.0001220703125: ten digits, exact
		{"1", "8192", "0.0001220703125"},
		// …5 in the thirteenth digit: 100000000001/2 and 100000000003/2 in units of 10^-11
		{"0.100000000001", "0.2", "0.500000000005"},
		{"1.00000000001", "8", "0.125000000001"}, // …00125 → 001
		{"1.00000000005", "4", "0.250000000012"}, // …0125 → 012, even
		{"1.00000000007", "2", "0.500000000035"},
		{"9.99999999999", "0.000000001", ""}, // above 10^9
		{"1", "1000000000", "0.000000001"},
		{"1.0000000001", "1000000000", "0.0000000010000000001"},  // 19 decimals: the last digit that fits
		{"1.00000000015", "1000000000", "0.0000000010000000002"}, // …15 → 2, even, at 19 decimals
		{"0.99999", "1000000000", ""},                            // below 10^-9
	} {
		got, ok := quotient(decimal.MustParse(c.a), decimal.MustParse(c.b))
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("%s/%s = %s %v, want %q", c.a, c.b, got, ok, c.want)
		}
	}
}

func TestRateAge(t *testing.T) {
	for _, c := range []struct {
		date, day, source string
		age               int
		stale             bool
	}{
		{"2026-01-02", "2026-01-02", SourceECB, 0, false},
		{"2026-01-02", "2026-01-09", SourceECB, 7, false},
		{"2026-01-02", "2026-01-10", SourceECB, 8, true},
		{"2025-12-31", "2026-01-01", SourceECB, 1, false},
		{"2026-03-28", "2026-03-30", SourceECB, 2, false}, // over a change of clocks
		{"2024-02-28", "2024-03-01", SourceECB, 2, false},
		{"2026-01-02", "2026-01-01", SourceECB, 0, false},
		{"2020-01-02", "2026-01-02", SourceManual, 2192, false},
		{"", "2026-01-02", SourceECB, 0, false},
	} {
		r := Rate{Date: c.date, Source: c.source}
		if got := r.Age(c.day); got != c.age || r.Stale(c.day) != c.stale {
			t.Errorf("%s on %s: %d %v, want %d %v", c.date, c.day, got, r.Stale(c.day), c.age, c.stale)
		}
	}
}

func TestRatesConvert(t *testing.T) {
	r := NewRates(someRates)
	got, rate, err := r.Convert("b", Amount{1000, "USD"}, "JPY", "2026-01-02")
	if err != nil || got != (Amount{1459, "JPY"}) || rate.Rate.String() != "145.909090909" {
		t.Errorf("= %v %+v %v", got, rate, err)
	}
	_, _, err = r.Convert("b", Amount{1000, "USD"}, "VND", "2026-01-02")
	if code(err) != CodeRateMissing || !strings.Contains(err.Error(), "USD to VND for 2026-01-02") {
		t.Errorf("error = %v", err)
	}
	_, _, err = r.Convert("b", Amount{1 << 62, "USD"}, "IDR", "2026-01-02")
	if code(err) != CodeAmountRange {
		t.Errorf("error = %v", err)
	}
}

func TestParseRate(t *testing.T) {
	for s, want := range map[string]string{
		"1": "", "1.0842": "", "0.000000001": "", "1000000000": "", "1000000000.00": "", "123456789.012": "",
		"0": CodeRateRange, "0.0": CodeRateRange, "0.0000000009": CodeRateRange, "1000000000.1": CodeRateRange, "1.234567890123": CodeRateRange,
		"-1": CodeInvalidDecimal, "1,5": CodeInvalidDecimal, "": CodeInvalidDecimal, "1e3": CodeInvalidDecimal, "{rate}": CodeMacro, "١": CodeInvalidDecimal,
	} {
		d, err := ParseRate(s)
		if code(err) != want || err == nil && !d.IsPos() {
			t.Errorf("%q = %s, %v, want %q", s, d, err, want)
		}
	}
}

func TestParseDay(t *testing.T) {
	for s, want := range map[string]bool{
		"2026-01-31": true, "2024-02-29": true, "1999-01-04": true,
		"2026-02-29": false, "2026-00-01": false, "2026-1-01": false, "2026-01-00": false, "0999-01-01": false, "": false,
		"2026-01-31 ": false, "２026-01-1": false, "2026/01/31": false, "+026-01-01": false, "2026-01-3x": false,
	} {
		if _, ok := ParseDay(s); ok != want {
			t.Errorf("%q: %v", s, ok)
		}
	}
}

// history is about what the bank has published since 1999.
func history() []RateRow {
	var rows []RateRow
	list := strings.Fields(twoDecimals)[:42]
	for i := range 7000 {
		d := fmt.Sprintf("%04d-%02d-%02d", 1999+i/336, i/28%12+1, i%28+1)
		for _, c := range list {
			if c != "EUR" {
				rows = append(rows, fixing(d, Currency(c), "1.2345"))
			}
		}
	}
	return rows
}

func TestLookupsAllocateNothing(t *testing.T) {
	r := NewRates(append(history(), someRates...))
	n := testing.AllocsPerRun(100, func() {
		a, okA := r.On("a", "AUD", "CAD", "2012-05-05")
		_, okB := r.On("a", "USD", "EUR", "2026-01-07")
		_, okC := r.On("b", "USD", "EUR", "1998-01-07")
		if !okA || !okB || okC || a.Age("2012-05-09") != 4 {
			t.Fatal("lookups failed")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRatesOn(b *testing.B) {
	r := NewRates(append(history(), someRates...))
	for b.Loop() {
		r.On("a", "AUD", "CAD", "2012-05-05")
	}
}

func FuzzRatesOn(f *testing.F) {
	r := NewRates(someRates)
	f.Add("USD", "EUR", "2026-01-05")
	f.Fuzz(func(t *testing.T, from, to, day string) {
		x, ok := r.On("a", Currency(from), Currency(to), day)
		if ok && (!x.Rate.IsPos() || x.Date > day) {
			t.Errorf("= %+v", x)
		}
	})
}
