package money

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/govalues/decimal"
)

// Limits of a percentage.
const (
	maxPercent      = 1000
	percentDecimals = 6
)

var percentLimit = decimal.MustNew(maxPercent, 0)

// Percent gives pct percent of a, rounded by the rule of the package (P12): exact, once,
// half to even. pct is 0 … 1000 with up to 6 decimals, else [CodePercentRange];
// [CodeAmountRange] when the result does not fit.
func Percent(a Amount, pct decimal.Decimal) (Amount, error) {
	if pct.IsNeg() || pct.Cmp(percentLimit) > 0 || pct.MinScale() > percentDecimals {
		return Amount{}, &Error{CodePercentRange, pct.String(), "The percentage " + pct.String() + " is not from 0 to 1000 with at most 6 decimals."}
	}
	u, ok := scale(magnitude(a.Minor), pct.Coef(), pct.Scale()+2)
	if ok {
		a.Minor, ok = signed(a.Minor < 0, u)
	}
	if !ok {
		return Amount{}, outOfRange("result of "+pct.String()+" %", a.Currency)
	}
	return a, nil
}

// Convert gives a in another currency at a rate, which is the price of one whole unit of
// a's currency in whole units of the other. It rounds by the rule of the package (P12).
// The rate must be above 0, else [CodeRateRange]; both currencies known, else
// [CodeUnknownCurrency]; [CodeAmountRange] when the result does not fit. Keep the original
// amount, the rate, its source and its date beside the result (P11).
func Convert(a Amount, to Currency, rate decimal.Decimal) (Amount, error) {
	for _, c := range []Currency{a.Currency, to} {
		if _, ok := currencies[string(c)]; !ok {
			return Amount{}, unknownCurrency(string(c))
		}
	}
	if !rate.IsPos() {
		return Amount{}, &Error{CodeRateRange, rate.String(), "The exchange rate " + rate.String() + " is not above 0."}
	}
	u, ok := scale(magnitude(a.Minor), rate.Coef(), rate.Scale()+a.Currency.Exponent()-to.Exponent())
	minor := int64(0)
	if ok {
		minor, ok = signed(a.Minor < 0, u)
	}
	if !ok {
		return Amount{}, outOfRange("result of the conversion at "+rate.String(), to)
	}
	return Amount{minor, to}, nil
}

// Share gives part/whole of a, rounded by the rule of the package (P12): exact, once, half to
// even. part is 0 … whole and whole above 0, so that the result always fits.
func Share(a Amount, part, whole int64) Amount {
	if part < 0 || whole <= 0 || part > whole {
		panic("money: a share is from nothing to the whole")
	}
	n := new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(part))
	w := big.NewInt(whole)
	negative := n.Sign() < 0
	q, r := new(big.Int).QuoRem(n.Abs(n), w, new(big.Int))
	switch r.Lsh(r, 1).Cmp(w) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		q.Add(q, big.NewInt(int64(q.Bit(0))))
	}
	if negative {
		q.Neg(q)
	}
	return Amount{q.Int64(), a.Currency}
}

// Split divides a by weights so that the parts sum to a exactly (P12): each part is its
// share rounded towards zero, and the units left go one by one to the largest remainders,
// the earlier part first when they are equal. Weights are 0 or more, with a sum from 1 to
// 2^63-1, else [CodeInvalidWeights].
func Split(a Amount, weights []int64) ([]Amount, error) {
	var sum uint64
	for i, w := range weights {
		if w < 0 {
			return nil, &Error{CodeInvalidWeights, strconv.FormatInt(w, 10), "Weight " + strconv.Itoa(i+1) + " is negative."}
		}
		sum += uint64(w)
		if sum > math.MaxInt64 {
			return nil, &Error{CodeInvalidWeights, "", "The weights sum to more than 2^63-1."}
		}
	}
	if sum == 0 {
		return nil, &Error{CodeInvalidWeights, "", "A total cannot be split by weights that sum to 0."}
	}
	total := magnitude(a.Minor)
	left := total
	parts := make([]uint64, len(weights))
	rest := make([]uint64, len(weights)) // remainders
	for i, w := range weights {
		hi, lo := bits.Mul64(total, uint64(w))
		parts[i], rest[i] = bits.Div64(hi, lo, sum) // hi < sum, since total·w < 2^64·sum
		left -= parts[i]
	}
	for ; left > 0; left-- { // fewer rounds than parts
		best := 0
		for i := range rest {
			if rest[i] > rest[best] {
				best = i
			}
		}
		parts[best]++
		rest[best] = 0
	}
	out := make([]Amount, len(parts))
	for i, u := range parts {
		minor, ok := signed(a.Minor < 0, u)
		if !ok {
			return nil, outOfRange("part", a.Currency)
		}
		out[i] = Amount{minor, a.Currency}
	}
	return out, nil
}

var pow10 = func() (t [20]uint64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1] * 10
	}
	return t
}()

// scale gives u·coef·10^-power, exact and then rounded half to even; false when it does
// not fit. power is from -4 to 23: a decimal has a scale of 0 to 19.
func scale(u, coef uint64, power int) (uint64, bool) {
	hi, lo := bits.Mul64(u, coef)
	if power < 0 {
		if hi != 0 {
			return 0, false
		}
		hi, lo = bits.Mul64(lo, pow10[-power])
		return lo, hi == 0
	}
	more := false // something non-zero was cut off below the remainder
	if last := len(pow10) - 1; power > last {
		d := pow10[power-last]
		qhi := hi / d
		qlo, r := bits.Div64(hi%d, lo, d)
		hi, lo, more, power = qhi, qlo, r != 0, last
	}
	d := pow10[power]
	if hi >= d {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, d)
	up := r > d-r || r == d-r && (more || q&1 == 1)
	if !up {
		return q, true
	}
	return q + 1, q != math.MaxUint64
}
