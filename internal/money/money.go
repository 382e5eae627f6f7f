// Package money holds amounts, currencies and rates.
//
// Invariants:
//   - The package is pure: no input or output, no clock.
//   - An amount is an int64 of minor units with an ISO 4217 currency (rulebook L5, P10).
//     Overflow and mixed currencies are errors, never a wrapped or wrong number. There is
//     no float anywhere.
//   - Amounts come in by one strict grammar ([ParseAmount], P8): what is not plainly a
//     number is refused with the reason and never read as 0.
//   - There is one rounding rule, and it is here: a computed amount is the exact result,
//     rounded once, half to even, to the minor unit of its currency (P12). Of two equally
//     near amounts the even one is taken: 0.125 EUR is 0.12 EUR, 0.135 EUR is 0.14 EUR, and
//     the same below zero. [Percent] and [Convert] round so; [Split] does not round, it
//     hands out what is left by largest remainder.
package money

import (
	"cmp"
	"math"
	"strconv"
)

// The codes of [Error]: a contract with integrators, added to and never renamed.
const (
	CodeInvalidAmount   = "invalid_amount"    // not a plain decimal number
	CodeAmountPrecision = "amount_precision"  // more decimals than the currency has
	CodeAmountRange     = "amount_range"      // does not fit, or a result does not fit
	CodeMacro           = "macro_unreplaced"  // a macro the sender should have replaced
	CodeUnknownCurrency = "unknown_currency"  // not an ISO 4217 code
	CodeMismatch        = "currency_mismatch" // two currencies in one operation
	CodeInvalidDecimal  = "invalid_decimal"   // a rate or percent that is not a plain decimal number
	CodePercentRange    = "percent_range"     // outside 0 … 1000, or more than 6 decimals
	CodeRateRange       = "rate_range"        // a rate that is not above 0
	CodeInvalidWeights  = "invalid_weights"   // weights a total cannot be split by
)

// Error says why a value or an operation was refused. It is the only error type of this
// package.
type Error struct {
	Code  string // stable, one of the Code constants
	Value string // the refused value, at most 40 characters, control characters escaped; "" for operations
	Msg   string // a sentence for people
}

// Error gives the sentence.
func (e *Error) Error() string { return e.Msg }

// Amount is a sum of money. The zero value is no amount of no currency.
type Amount struct {
	Minor    int64 // in minor units, such as cents; negative for what is owed or taken back
	Currency Currency
}

// Add gives a + b; [CodeMismatch] or [CodeAmountRange] (L5).
func (a Amount) Add(b Amount) (Amount, error) {
	err := same(a, b)
	if err != nil {
		return Amount{}, err
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) {
		return Amount{}, outOfRange("sum", a.Currency)
	}
	return Amount{sum, a.Currency}, nil
}

// Sub gives a - b; [CodeMismatch] or [CodeAmountRange] (L5).
func (a Amount) Sub(b Amount) (Amount, error) {
	err := same(a, b)
	if err != nil {
		return Amount{}, err
	}
	diff := a.Minor - b.Minor
	if (diff < a.Minor) != (b.Minor > 0) {
		return Amount{}, outOfRange("difference", a.Currency)
	}
	return Amount{diff, a.Currency}, nil
}

// Neg gives -a; [CodeAmountRange] for the one amount that has no opposite (L5).
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, outOfRange("opposite", a.Currency)
	}
	return Amount{-a.Minor, a.Currency}, nil
}

// Cmp gives -1, 0 or +1 as a is less than, equal to or greater than b; [CodeMismatch].
func (a Amount) Cmp(b Amount) (int, error) {
	err := same(a, b)
	if err != nil {
		return 0, err
	}
	return cmp.Compare(a.Minor, b.Minor), nil
}

// Sign is -1, 0 or +1.
func (a Amount) Sign() int { return cmp.Compare(a.Minor, 0) }

// IsZero reports whether the amount is 0, of whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// String writes the amount with all decimals of its currency and without its code, as
// [ParseAmount] reads it: "12.50", "-0.05", "1250" for a currency without decimals.
func (a Amount) String() string {
	digits := a.Currency.Exponent()
	u := magnitude(a.Minor)
	if digits == 0 {
		s := strconv.FormatUint(u, 10)
		if a.Minor < 0 {
			s = "-" + s
		}
		return s
	}
	var buf [24]byte
	i := len(buf)
	for n := 0; u > 0 || n <= digits; n++ {
		if n == digits {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	if a.Minor < 0 {
		i--
		buf[i] = '-'
	}
	return string(buf[i:])
}

// Format is [Amount.String] with the currency's code: "12.50 EUR".
func (a Amount) Format() string {
	if a.Currency == "" {
		return a.String()
	}
	return a.String() + " " + string(a.Currency)
}

func same(a, b Amount) error {
	if a.Currency == b.Currency {
		return nil
	}
	return &Error{CodeMismatch, "", "An amount in " + string(a.Currency) + " and one in " + string(b.Currency) + " cannot be taken together."}
}

func outOfRange(what string, c Currency) error {
	return &Error{CodeAmountRange, "", "The " + what + " is beyond the largest amount in " + string(c) + " that can be kept."}
}

// magnitude is |n|, which for the least int64 is no int64.
func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// signed is the inverse of magnitude; false if u is too large.
func signed(negative bool, u uint64) (int64, bool) {
	if negative {
		return int64(-u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}
