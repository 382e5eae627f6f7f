package money

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/govalues/decimal"

	"clickledger/internal/macro"
)

// ParseOptions widens the grammar of [ParseAmount].
type ParseOptions struct {
	AllowNegative bool // accept a leading "-", for adjustments
}

// ParseAmount reads an amount such as 12.50, in whole units of c, by the grammar of P8: an
// optional "-" if allowed, ASCII digits, optionally "." and ASCII digits. Nothing is
// trimmed. Without a decimal point a leading zero is refused ("0.00, not 000": it may be
// cents); 0 itself is fine. Zeros beyond the currency's decimals are fine, other digits
// there are not. An empty value is refused: absent is for the caller to see (P9).
//
// It fails with an [*Error] whose sentence says what is wrong: [CodeMacro] for a macro
// nobody replaced, [CodeAmountPrecision] for too many decimals, [CodeAmountRange] for what
// does not fit int64 minor units, [CodeUnknownCurrency], and [CodeInvalidAmount] for
// everything else, values in the brackets or quotes of a pasted example included.
func ParseAmount(s string, c Currency, opt ParseOptions) (Amount, error) {
	info, ok := currencies[string(c)]
	if !ok {
		return Amount{}, unknownCurrency(string(c))
	}
	n, ok := scan(s)
	if !ok || n.negative && !opt.AllowNegative {
		return Amount{}, diagnose(s, CodeInvalidAmount, opt.AllowNegative)
	}
	exponent := int(info.exponent)
	if len(n.frac) > exponent {
		return Amount{}, refuse(CodeAmountPrecision, s, "has more decimals than "+string(c)+", which has "+strconv.Itoa(exponent)+".")
	}
	u, ok := digits(0, n.whole)
	if ok {
		u, ok = digits(u, n.frac)
	}
	for i := len(n.frac); ok && i < exponent; i++ {
		u, ok = digits(u, "0")
	}
	minor := int64(0)
	if ok {
		minor, ok = signed(n.negative, u)
	}
	if !ok {
		return Amount{}, refuse(CodeAmountRange, s, "is larger than any amount in "+string(c)+" that can be kept.")
	}
	return Amount{minor, c}, nil
}

// ParseDecimal reads a rate or a percentage by the grammar of [ParseAmount], never
// negative: at most 19 digits, zeros at the ends not counted. It fails with an [*Error] of
// [CodeInvalidDecimal] or [CodeMacro].
func ParseDecimal(s string) (decimal.Decimal, error) {
	n, ok := scan(s)
	if !ok || n.negative {
		return decimal.Decimal{}, diagnose(s, CodeInvalidDecimal, false)
	}
	if len(n.whole)+len(n.frac) > decimal.MaxPrec {
		return decimal.Decimal{}, refuse(CodeInvalidDecimal, s, "has more than 19 digits.")
	}
	text := "0" + n.whole
	if n.frac != "" {
		text += "." + n.frac
	}
	d, err := decimal.Parse(text)
	if err != nil {
		return decimal.Decimal{}, refuse(CodeInvalidDecimal, s, "is not a plain decimal number such as 12.50.")
	}
	return d, nil
}

// number is a text of the grammar, in pieces, without zeros that mean nothing.
type number struct {
	negative    bool
	whole, frac string
}

// scan reads the grammar.
func scan(s string) (number, bool) {
	var n number
	s, n.negative = strings.CutPrefix(s, "-")
	whole, frac, point := strings.Cut(s, ".")
	if !allDigits(whole) || point && !allDigits(frac) {
		return n, false
	}
	if !point && len(whole) > 1 && whole[0] == '0' {
		return n, false
	}
	n.whole, n.frac = strings.TrimLeft(whole, "0"), strings.TrimRight(frac, "0")
	return n, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// digits appends decimal digits to u; false when they do not fit.
func digits(u uint64, s string) (uint64, bool) {
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if u > (math.MaxUint64-d)/10 {
			return 0, false
		}
		u = u*10 + d
	}
	return u, true
}

func refuse(code, s, what string) error {
	v := macro.Echo(s)
	return &Error{code, bare(v), v + " " + what}
}

// bare is a quoted echo without its quotes.
func bare(echo string) string { return echo[1 : len(echo)-1] }

// diagnose says what is wrong with a value outside the grammar.
func diagnose(s, code string, negative bool) error {
	_, wrapper, wrapped := macro.Unwrap(s)
	after, minus := strings.CutPrefix(s, "-")
	_, plain := scan(s)
	switch {
	case s == "":
		return &Error{code, "", "An empty value is not a number; write one such as 12.50, or leave the parameter out."}
	case macro.Unreplaced(s):
		return refuse(CodeMacro, s, "is a macro that the sending system should have replaced by a number.")
	case wrapped:
		return refuse(code, s, "is wrapped in "+wrapper+", as in a pasted example; send the number without them.")
	case plain && !negative:
		return refuse(code, s, "is negative, which is not allowed here.")
	case minus && (after == "" || after[0] == '-'):
		return refuse(code, s, "has a minus sign but no number directly after it.")
	}
	return refuse(code, s, fault(s))
}

// fault names the first thing that the grammar does not have.
func fault(s string) string {
	switch whole, rest, point := strings.Cut(strings.TrimPrefix(s, "-"), "."); {
	case allDigits(whole) && !point:
		return "begins with a zero but has no decimal point; write 0.00 or 12.50."
	case whole == "" && allDigits(rest):
		return "lacks a digit before its decimal point; write 0.50."
	case allDigits(whole) && rest == "" && point:
		return "lacks digits after its decimal point; write 5 or 5.00."
	}
	return symptom(s)
}

// symptom looks for the mistakes that are seen in the wild.
func symptom(s string) string {
	switch low := strings.ToLower(head(s)); {
	case low == "nan" || strings.HasSuffix(low, "inf") || strings.HasSuffix(low, "infinity"):
		return "is not a number."
	case low == "null" || low == "undefined" || low == "none" || low == "nil":
		return "stands for no value; leave the parameter out instead."
	case strings.HasPrefix(low, "0x"):
		return "is hexadecimal; write decimal digits, as in 12.50."
	case exponent(low):
		return "has an exponent; write the digits out, as in 1000.00."
	}
	for _, r := range s {
		switch {
		case r == ',':
			return "has a comma; write a decimal point and no thousands separator, as in 1250.00."
		case unicode.IsSpace(r):
			return "has whitespace; write the digits alone, as in 1250.00."
		case r == '+':
			return "has a plus sign; write the digits alone, as in 12.50."
		case r == '_' || r == '\'' || r == '’':
			return "has a separator between its digits; write 1250.00."
		case r == '%':
			return "has a percent sign; write the number alone."
		case unicode.Is(unicode.Sc, r), unicode.IsLetter(r):
			return "has letters or a currency sign; write the number alone, and the currency in its own parameter."
		case r > unicode.MaxASCII && unicode.IsDigit(r):
			return "has digits that are not 0 to 9."
		case unicode.IsControl(r):
			return "has control characters."
		}
	}
	if strings.Count(s, ".") > 1 {
		return "has more than one point; write one decimal point and no thousands separator, as in 1250.00."
	}
	return "is not a plain decimal number such as 12.50."
}

// head bounds the work on long values: no mistake named by a word is long.
func head(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

// exponent reports whether s looks like 1e3 or 1.5e-3.
func exponent(s string) bool {
	mantissa, power, ok := strings.Cut(strings.TrimLeft(s, "+-"), "e")
	return ok && mantissa != "" && strings.Trim(mantissa, "0123456789.") == "" && allDigits(strings.TrimLeft(power, "+-"))
}
