package report

import (
	"math/bits"
	"strconv"

	"github.com/bojanz/currency"
)

// ratioText gives num × 10^shift ÷ den as decimal text with the given decimals,
// exactly, rounded half away from zero; ok=false when den is 0 or the result does
// not fit into 64 bits. shift counts the places by which the value is to be raised.
func ratioText(num, den int64, shift, decimals int) (string, bool) {
	if den == 0 {
		return "", false
	}
	negative := (num < 0) != (den < 0)
	n, d := magnitude(num), magnitude(den)
	hi, lo := uint64(0), n
	for range shift + decimals {
		over, low := bits.Mul64(lo, 10)
		top, mid := bits.Mul64(hi, 10)
		if top != 0 {
			return "", false
		}
		var carry uint64
		lo = low
		if hi, carry = bits.Add64(mid, over, 0); carry != 0 {
			return "", false
		}
	}
	for range -(shift + decimals) { // fewer decimals than the amount has places
		over, low := bits.Mul64(d, 10)
		if over != 0 {
			return "", false
		}
		d = low
	}
	if hi >= d {
		return "", false
	}
	q, rest := bits.Div64(hi, lo, d)
	if rest >= d-rest { // half or more
		if q++; q == 0 {
			return "", false
		}
	}
	return decimalText(q, negative && q != 0, decimals), true
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func decimalText(q uint64, negative bool, decimals int) string {
	buf := make([]byte, 0, 24)
	if negative {
		buf = append(buf, '-')
	}
	digits := strconv.FormatUint(q, 10)
	for range decimals + 1 - len(digits) {
		digits = "0" + digits
	}
	buf = append(buf, digits[:len(digits)-decimals]...)
	buf = append(buf, '.')
	return string(append(buf, digits[len(digits)-decimals:]...))
}

// decimalsOf is how many decimals a currency's unit has; two where there is no
// currency, since then every amount is 0.
func decimalsOf(code string) int {
	if d, ok := currency.GetDigits(code); ok {
		return int(d)
	}
	return 2
}

// Decimals of ratios.
const (
	percentDecimals = 2
	ratioDecimals   = 4
)

// value computes the metric from a row's sums. whole holds the sums of the row's
// group over all currencies. A split group leaves a ratio of an amount undefined in
// its row without a currency.
func (m *Metric) value(sums, whole []int64, code string, split bool) any {
	num := combine(m.num, sums)
	if !m.isRatio() {
		return num
	}
	if split && code == "" && m.Bound() {
		return nil
	}
	from := sums
	if m.wholeGroup() {
		from = whole
	}
	shift, decimals := 2, percentDecimals
	if m.Type == TypeRatio {
		shift, decimals = -decimalsOf(code), ratioDecimals
	}
	if s, ok := ratioText(num, combine(m.den, from), shift, decimals); ok {
		return s
	}
	return nil
}

func combine(terms []term, sums []int64) int64 {
	var v int64
	for _, t := range terms {
		v += t.sign * sums[t.base]
	}
	return v
}
